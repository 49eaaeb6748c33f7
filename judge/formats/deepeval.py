"""deepeval: test runs. Each test case is an item; each metric is a dimension scored by its evaluation model.

Source: files written with version 4.3.1 (DEEPEVAL_RESULTS_FOLDER, and ``.latest_test_run.json``).
"""

from collections.abc import Iterator, Sequence
from typing import Any

from judge.errors import InputError
from judge.formats.cells import number_or_none
from judge.formats.document import Document, ImportedFile, Object, objects, present
from judge.records import Item, Score

PASS = "pass"


def recognises(document: Document) -> bool:
    """Whether the document is a test run of deepeval."""
    return _run(document) is not None


def read(documents: Sequence[Document]) -> ImportedFile:
    """Read test cases, metrics and verdicts."""
    items: list[Item] = []
    scores: list[Score] = []
    problems: dict[str, list[str]] = {}
    for document in documents:
        run = _run(document)
        if run is None:
            raise InputError(f"{document.path}: is no test run of deepeval: it has no list testCases")
        talks = objects(run.get("conversationalTestCases") or [], f"{document.path}: conversationalTestCases")
        for place, talk in talks:
            name = str(talk.get("name") or place.rpartition(" ")[2])
            problems.setdefault("conversation of several turns; only single answers are read", []).append(
                name
            )
        for where, case in objects(run["testCases"], f"{document.path}: testCases"):
            item_id = str(case.get("name") or where.rpartition(" ")[2])
            if not isinstance(case.get("actualOutput"), str):
                problems.setdefault("no answer (no actualOutput)", []).append(item_id)
                continue
            items.append(_item(item_id, case))
            scores.extend(_scores(item_id, case, where))
    return ImportedFile("deepeval", items, scores, problems, pass_rule={PASS: 1.0})


def _run(document: Document) -> Object | None:
    content = document.content
    if isinstance(content, dict) and isinstance(content.get("testRunData"), dict):
        content = content["testRunData"]
    is_run = isinstance(content, dict) and isinstance(content.get("testCases"), list)
    return content if is_run else None


def _item(item_id: str, case: Object) -> Item:
    more = case.get("additionalMetadata") or case.get("metadata")
    expected = case.get("expectedOutput")
    return Item(
        id=item_id,
        question=str(case.get("input") or ""),
        answer=case["actualOutput"],
        reference=expected if isinstance(expected, str) else None,
        metadata={
            **(more if isinstance(more, dict) else {}),
            **present(case, ("context", "retrievalContext", "tags")),
        },
    )


def _scores(item_id: str, case: Object, where: str) -> Iterator[Score]:
    metrics = [metric for _, metric in objects(case.get("metricsData") or [], f"{where}: metricsData")]
    names: dict[str, int] = {}
    for metric in metrics:
        name = str(metric.get("name") or "metric")
        names[name] = names.get(name, 0) + 1
        dimension = name if names[name] == 1 else f"{name} {names[name]}"
        rater = str(metric.get("evaluationModel") or name)
        yield _score(
            item_id, rater, dimension, metric.get("score"), metric.get("reason"), metric.get("error")
        )
    errors = [metric["error"] for metric in metrics if metric.get("error")]
    verdict = case.get("success") if metrics else None
    yield _score(item_id, "deepeval", PASS, verdict, None, errors[0] if errors else None)


def _score(item_id: str, rater: str, dimension: str, raw: Any, why: Any, error: Any) -> Score:
    value = None if error else number_or_none(raw)
    status = "ok" if value is not None else "failed" if error else "skipped"
    reason = error or (why if value is not None else f"found {raw!r:.40}, no number")
    return Score.model_validate(
        {"item_id": item_id, "rater": rater, "rater_kind": "judge", "dimension": dimension,
         "value": value, "status": status, "reason": str(reason) if reason else None}
    )  # fmt: skip
