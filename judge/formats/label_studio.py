"""Label Studio: ratings out of exported tasks with their annotations; predictions are a judge's.

Each control of the labelling page (``from_name``) is a dimension. An annotator's second annotation of a task
is a repeated rating. Source: labelstud.io/guide/task_format.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from judge.errors import InputError
from judge.formats.anchored import ANCHORED, KIND
from judge.formats.document import Document, Object, objects
from judge.formats.rating_cell import CellConverter, RatingCell
from judge.records import OVERALL, RaterKind, Score

_ITEM_ID = ("id", "item_id", "question_id")
_NO_SCORE = ("textarea",)
STUDY_DOMAIN = "@study.invalid"
"""Domain of the raters of a study in Label Studio, which identifies them by e-mail address; .invalid is
reserved for such uses (RFC 2606)."""


def recognises(document: Document) -> bool:
    """Whether the document is a list of Label Studio's tasks."""
    return document.is_list_with("data", "annotations") or document.is_list_with("data", "completions")


def cells(document: Document, converter: CellConverter, id_column: str | None = None) -> Iterator[RatingCell]:
    """Yield one rating for each control of each annotation; a skipped task gives a skipped rating.

    The item is named by `id_column` in the data of the task or, without it, by an id there or of the task.

    Raises
    ------
    InputError
        A task has no id, or an annotation has no annotator.
    """
    for where, task in objects(document.content, str(document.path)):
        _check_independent(task, where)
        item_id = _item_id(task, where, id_column)
        seen: Counter[str] = Counter()
        for kind in ("annotations", "completions"):
            for place, rater, entry in counted(task.get(kind), f"{where}: {kind}"):
                yield from _of_entry(item_id, rater, "human", entry, place, converter, seen)
        for place, entry in objects(task.get("predictions") or [], f"{where}: predictions"):
            rater = str(entry.get("model_version") or "prediction")
            yield from _of_entry(item_id, rater, "judge", entry, place, converter, seen)


def _check_independent(task: Object, where: str) -> None:
    """Refuse a task whose annotators saw the verdict of a judge first."""
    data = task.get("data")
    if isinstance(data, dict) and data.get(KIND) == ANCHORED:
        raise InputError(
            f"{where}: annotations are marked as anchored (people saw the judge's verdict first), which "
            "Label Studio has no columns for; leave these tasks out, or give the export of the study as a "
            "table"
        )


def counted(annotations: Any, where: str) -> Iterator[tuple[str, str, Object]]:
    """Yield the annotations of a task that count, each with its place and its annotator.

    A skip does not count beside an annotation of the same annotator, who came back to the task. In the export
    of a study both count: the second one is a planned repeat.

    Raises
    ------
    InputError
        There is no list of objects, or an annotation has no annotator.
    """
    found = [
        (place, annotator(entry.get("completed_by"), "completed_by", place), entry)
        for place, entry in objects(annotations or [], where)
    ]
    rated = {rater for _, rater, entry in found if not entry.get("was_cancelled")}
    for place, rater, entry in found:
        is_of_study = STUDY_DOMAIN in str(entry.get("completed_by"))
        if is_of_study or rater not in rated or not entry.get("was_cancelled"):
            yield place, rater, entry


def _item_id(task: Object, where: str, column: str | None) -> str:
    found = task.get("data")
    data = found if isinstance(found, dict) else {}
    if column is not None:
        item_id = data.get(column, task.get(column))
        if item_id in (None, ""):
            raise InputError(
                f"{where}: no {column!r} in the data of the task, for --column item_id; found: "
                f"{', '.join(data)}"
            )
        return str(item_id)
    named = [data[name] for name in _ITEM_ID if data.get(name) is not None]
    item_id = named[0] if named else task.get("id")
    if item_id in (None, ""):
        raise InputError(
            f"{where}: the task has no id; allowed: a field id of the task, or one of {', '.join(_ITEM_ID)} "
            "in its data"
        )
    return str(item_id)


def annotator(by: Any, field: str, where: str) -> str:
    """Name of an annotator, given as a number, an e-mail address, or an object with one of them.

    Raises
    ------
    InputError
        There is no name.
    """
    named = (by.get("email") or by.get("id")) if isinstance(by, dict) else by
    if named in (None, ""):
        raise InputError(
            f"{where}: no annotator; {field} is {by!r:.60}; allowed: a number, an e-mail address, or an "
            "object with email or id. Without it, two annotators look like one who rated twice"
        )
    return str(named).removesuffix(STUDY_DOMAIN)


def _of_entry(
    item_id: str,
    rater: str,
    kind: RaterKind,
    entry: Object,
    where: str,
    converter: CellConverter,
    seen: Counter[str],
) -> Iterator[RatingCell]:
    who = {"item_id": item_id, "rater": rater, "rater_kind": kind, "sample": seen[rater]}
    seen[rater] += 1
    if entry.get("was_cancelled"):
        reason = "the annotator skipped the task"
        score = Score.model_validate({**who, "dimension": OVERALL, "status": "skipped", "reason": reason})
        yield RatingCell(score, where, is_skipped=True)
        return
    for place, result in objects(entry.get("result") or [], f"{where}: result"):
        name = str(result.get("from_name") or "")
        if name and result.get("type") not in _NO_SCORE:
            yield _cell({**who, "dimension": name}, result, place, converter)


def _cell(who: Object, result: Object, where: str, converter: CellConverter) -> RatingCell:
    holder = result.get("value")
    raw = holder.get(str(result.get("type")), holder.get("selected")) if isinstance(holder, dict) else holder
    raw = holder if raw is None else raw
    if isinstance(raw, list) and len(raw) == 1:
        raw = raw[0]
    if isinstance(raw, dict | list):
        return converter.cell(where, who, None, reason=f"found {raw!r:.60}, not one value")
    return converter.cell(where, who, raw)
