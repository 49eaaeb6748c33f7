"""promptfoo: results.json. Each test x prompt x provider is an item; each assertion is scored by a rater.

A grader that could not be reached or understood, which promptfoo counts as 0, is a missing score here.
Source: promptfoo.dev/docs/configuration/outputs, and results written with version 0.123.1 (format version 3).
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from judge.formats.cells import number_or_none
from judge.formats.document import Document, ImportedFile, Object, objects, present
from judge.records import Item, Score

PASS = "pass"
_QUESTION = ("question", "query", "input", "prompt", "message", "user_question")
_REFERENCE = ("reference", "expected", "reference_answer", "ground_truth", "target")
_MODEL_GRADED = (
    "llm-rubric", "g-eval", "factuality", "model-graded", "answer-relevance", "context-", "conversation-",
    "select-best", "agent-rubric", "search-rubric", "trajectory",
)  # fmt: skip


def recognises(document: Document) -> bool:
    """Whether the document is a results.json (or .jsonl) of promptfoo."""
    rows = _rows(document)
    return (
        bool(rows)
        and isinstance(rows[0], dict)
        and all(n in rows[0] for n in ("testIdx", "promptIdx", "gradingResult"))
    )


def read(documents: Sequence[Document]) -> ImportedFile:
    """Read answers, assertions and verdicts."""
    items: list[Item] = []
    scores: list[Score] = []
    problems: dict[str, list[str]] = {}
    for document in documents:
        for where, row in objects(_rows(document), f"{document.path}: results"):
            item_id = _item_id(row)
            response = row.get("response")
            output = response.get("output") if isinstance(response, dict) else None
            if output is None:
                problems.setdefault("no answer (the provider failed)", []).append(item_id)
                continue
            items.append(_item(item_id, row, output))
            scores.extend(_scores(item_id, row, where))
    return ImportedFile("promptfoo", items, scores, problems, pass_rule={PASS: 1.0})


def _rows(document: Document) -> list[Any]:
    content = document.content
    if isinstance(content, dict):
        inner = content.get("results")
        content = inner.get("results") if isinstance(inner, dict) else inner
    return content if isinstance(content, list) else []


def _item_id(row: Object) -> str:
    """Test, prompt and provider: promptfoo's own ids are drawn anew in every run."""
    label = _provider(row)
    return f"test-{row.get('testIdx')}/prompt-{row.get('promptIdx')}" + (f"/{label}" if label else "")


def _provider(row: Object) -> str | None:
    provider = row.get("provider")
    label = (provider.get("label") or provider.get("id")) if isinstance(provider, dict) else provider
    return str(label) if label else None


def _item(item_id: str, row: Object, output: Any) -> Item:
    variables = row.get("vars")
    variables = variables if isinstance(variables, dict) else {}
    prompt = row.get("prompt")
    raw = prompt.get("raw", "") if isinstance(prompt, dict) else str(prompt or "")
    case = row.get("testCase")
    metadata = case.get("metadata") if isinstance(case, dict) else None
    return Item(
        id=item_id,
        question=next((str(variables[name]) for name in _QUESTION if variables.get(name)), str(raw)),
        answer=output if isinstance(output, str) else json.dumps(output, ensure_ascii=False),
        reference=next((str(variables[name]) for name in _REFERENCE if variables.get(name)), None),
        system=_provider(row),
        metadata={
            **{name: value for name, value in variables.items() if name not in (*_QUESTION, *_REFERENCE)},
            **(metadata if isinstance(metadata, dict) else {}),
            **present(case if isinstance(case, dict) else {}, ("description",)),
            "prompt": prompt.get("label", raw) if isinstance(prompt, dict) else raw,
            "pair_id": f"test-{row.get('testIdx')}",
        },
    )


def _scores(item_id: str, row: Object, where: str) -> Iterator[Score]:
    graded = row.get("gradingResult")
    graded = graded if isinstance(graded, dict) else {}
    found = objects(graded.get("componentResults") or [], f"{where}: componentResults")
    components = [component for _, component in found]
    any_missing = False
    names: dict[str, int] = {}
    for component in components:
        assertion = component.get("assertion")
        assertion = assertion if isinstance(assertion, dict) else {}
        kind = str(assertion.get("type") or "assertion")
        name = str(assertion.get("metric") or kind)
        names[name] = names.get(name, 0) + 1
        dimension = name if names[name] == 1 else f"{name} {names[name]}"
        failed = _is_grader_error(component, kind)
        any_missing |= failed
        yield _score(
            item_id,
            _rater(assertion, kind),
            dimension,
            component.get("score"),
            component.get("reason"),
            failed,
        )
    yield _score(
        item_id, "promptfoo", PASS, row.get("success"), graded.get("reason"), any_missing or not graded
    )


def _score(item_id: str, rater: str, dimension: str, raw: Any, why: Any, failed: bool) -> Score:
    value = None if failed else number_or_none(raw)
    return Score(
        item_id=item_id,
        rater=rater,
        rater_kind="judge",
        dimension=dimension,
        value=value,
        status="ok" if value is not None else "failed" if failed else "unparsed",
        reason=why
        if isinstance(why, str)
        else None
        if value is not None
        else f"found {raw!r:.40}, no number",
    )


def _is_grader_error(component: Object, kind: str) -> bool:
    metadata = component.get("metadata")
    flagged = isinstance(metadata, dict) and metadata.get("graderError") is True
    silent = kind.startswith(_MODEL_GRADED) and str(component.get("reason", "")).startswith(
        ("Could not extract JSON", "API error", "No output")
    )
    return flagged or silent


def _rater(assertion: Object, kind: str) -> str:
    """Grader's model where a model graded and is named, else the kind of assertion."""
    provider = assertion.get("provider")
    if isinstance(provider, dict):
        provider = provider.get("id")
    return provider if isinstance(provider, str) and kind.startswith(_MODEL_GRADED) else kind
