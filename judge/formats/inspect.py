"""Inspect: evaluation logs, as .eval archives or JSON. Answers in, and the scores of each scorer as a rater.

Every epoch is another answer to the same question, hence an item of its own; `pair_id` ties them together.
Grades C, P, I and N (correct, partial, incorrect, no answer) become 1, 0.5, 0 and 0, as Inspect counts them.
Source: inspect.aisi.org.uk/eval-logs.html, and logs written with version 0.3.285.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from judge.errors import InputError
from judge.formats.cells import number_or_none
from judge.formats.document import Document, ImportedFile, Object, gold_letter, objects, present
from judge.records import Item, Score

_GRADES = {"C": 1.0, "P": 0.5, "I": 0.0, "N": 0.0}
_CORRECT = 1.0


def recognises(document: Document) -> bool:
    """Whether the document is a log of Inspect."""
    return document.has("eval", "version") and isinstance(document.content["eval"], dict)


def read(documents: Sequence[Document]) -> ImportedFile:
    """Read answers and scores of one or more logs."""
    items: list[Item] = []
    scores: list[Score] = []
    problems: dict[str, list[str]] = {}
    for document in documents:
        if not recognises(document):
            raise InputError(f"{document.path}: is no log of Inspect: it lacks version and eval")
        model = document.content["eval"].get("model")
        samples = list(objects(document.content.get("samples") or [], f"{document.path}: samples"))
        repeated = any(sample.get("epoch", 1) != 1 for _, sample in samples)
        for where, sample in samples:
            item_id = _item_id(sample, where, repeated=repeated)
            answer = _completion(sample)
            if answer is None:
                problems.setdefault("no answer (the sample ended with an error)", []).append(item_id)
                continue
            items.append(_item(item_id, sample, answer, model))
            scores.extend(_scores(item_id, sample))
    rule = {score.dimension: _CORRECT for score in scores}
    return ImportedFile("inspect", items, scores, problems, pass_rule=rule)


def _item_id(sample: Object, where: str, *, repeated: bool) -> str:
    if sample.get("id") is None:
        raise InputError(f"{where}: field 'id' is missing; every sample of a log has one")
    return f"{sample['id']}/{sample.get('epoch', 1)}" if repeated else str(sample["id"])


def _completion(sample: Object) -> str | None:
    output = sample.get("output")
    choices = output.get("choices") if isinstance(output, dict) else None
    completion = output.get("completion") if isinstance(output, dict) else None
    return completion if choices and isinstance(completion, str) else None


def _item(item_id: str, sample: Object, answer: str, model: Any) -> Item:
    listed = sample.get("choices")
    choices = tuple(map(str, listed)) if isinstance(listed, list) else ()
    target = sample.get("target")
    targets = target if isinstance(target, list) else [target]
    metadata = sample.get("metadata")
    return Item(
        id=item_id,
        question=_input_text(sample.get("input")),
        answer=answer,
        reference=" / ".join(map(str, targets)) if target not in (None, "", []) else None,
        choices=choices,
        gold=gold_letter(targets[0], choices) if len(targets) == 1 else None,
        system=model if isinstance(model, str) else None,
        metadata={
            **(metadata if isinstance(metadata, dict) else {}),
            **present(sample, ("epoch",)),
            "pair_id": str(sample["id"]),
        },
    )


def _input_text(asked: Any) -> str:
    """Question as text: the input itself, or the last message of the user in it."""
    if isinstance(asked, str):
        return asked
    messages = [m for m in asked if isinstance(m, dict)] if isinstance(asked, list) else []
    from_user = [message.get("content") for message in messages if message.get("role") == "user"]
    content = from_user[-1] if from_user else ""
    if isinstance(content, list):
        content = "\n".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return str(content).strip()


def _scores(item_id: str, sample: Object) -> Iterator[Score]:
    given = sample.get("scores")
    for scorer, score in given.items() if isinstance(given, dict) else ():
        if not isinstance(score, dict):
            continue
        value = score.get("value")
        parts = (
            {f"{scorer}.{name}": v for name, v in value.items()}
            if isinstance(value, dict)
            else {scorer: value}
        )
        for dimension, raw in parts.items():
            yield _score(item_id, dimension, raw, score, scorer)


def _score(item_id: str, dimension: str, raw: Any, score: Object, scorer: str) -> Score:
    value = _GRADES.get(raw, number_or_none(raw)) if isinstance(raw, str) else number_or_none(raw)
    said = score.get("explanation")
    why = said if isinstance(said, str) else None
    if value is None:
        why = " ".join(filter(None, (f"found {raw!r:.40}, no grade", str(score.get("reason") or ""), why)))
    return Score(
        item_id=item_id,
        rater=_grader(score) or scorer,
        rater_kind="judge",
        dimension=dimension,
        value=value,
        status="ok" if value is not None else "unparsed",
        reason=why,
    )


def _grader(score: Object) -> str | None:
    """Model that graded, where a model did."""
    metadata = score.get("metadata")
    grading = metadata.get("grading") if isinstance(metadata, dict) else None
    models = [m.get("model") for m in grading if isinstance(m, dict)] if isinstance(grading, list) else []
    return next((model for model in reversed(models) if isinstance(model, str)), None)
