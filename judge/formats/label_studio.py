"""Label Studio: ratings out of exported tasks with their annotations; predictions are a judge's.

Each control of the labelling page (``from_name``) is a dimension. Source: labelstud.io/guide/task_format.
"""

from collections.abc import Iterator

from judge.formats.cells import CellReader
from judge.formats.document import Document, Object, objects
from judge.records import RaterKind, Score

_ITEM_ID = ("id", "item_id", "question_id")
_NO_SCORE = ("textarea",)
_STUDY = "@study.invalid"
"""Domain under which the human study of this project exports its raters to Label Studio."""


def recognises(document: Document) -> bool:
    """Whether the document is a list of Label Studio's tasks."""
    return document.is_list_with("data", "annotations") or document.is_list_with("data", "completions")


def scores(document: Document, cells: CellReader) -> Iterator[Score]:
    """Yield one score for each control of each annotation; a skipped task gives a skipped score."""
    for where, task in objects(document.content, str(document.path)):
        item_id = _item_id(task)
        for kind in ("annotations", "completions"):
            for place, entry in objects(task.get(kind) or [], f"{where}: {kind}"):
                yield from _of_entry(item_id, _annotator(entry), "human", entry, place, cells)
        for place, entry in objects(task.get("predictions") or [], f"{where}: predictions"):
            yield from _of_entry(
                item_id, str(entry.get("model_version") or "prediction"), "judge", entry, place, cells
            )


def _item_id(task: Object) -> str:
    data = task.get("data")
    named = [data[name] for name in _ITEM_ID if data.get(name) is not None] if isinstance(data, dict) else []
    return str(named[0] if named else task.get("id", ""))


def _annotator(entry: Object) -> str:
    by = entry.get("completed_by")
    if isinstance(by, dict):
        by = by.get("email") or by.get("id")
    return str(by).removesuffix(_STUDY) if by is not None else "annotator"


def _of_entry(
    item_id: str, rater: str, kind: RaterKind, entry: Object, where: str, cells: CellReader
) -> Iterator[Score]:
    if entry.get("was_cancelled"):
        yield Score(
            item_id=item_id,
            rater=rater,
            rater_kind=kind,
            dimension="overall",
            status="skipped",
            reason="the annotator skipped the task",
        )
        return
    for _, result in objects(entry.get("result") or [], f"{where}: result"):
        if (name := result.get("from_name")) and result.get("type") not in _NO_SCORE:
            yield _score(item_id, rater, kind, str(name), result, cells)


def _score(
    item_id: str, rater: str, kind: RaterKind, dimension: str, result: Object, cells: CellReader
) -> Score:
    holder = result.get("value")
    raw = holder.get(str(result.get("type"))) if isinstance(holder, dict) else None
    if isinstance(raw, list) and len(raw) == 1:
        raw = raw[0]
    value = None if isinstance(raw, dict | list) else cells.value(raw)
    return Score(
        item_id=item_id,
        rater=rater,
        rater_kind=kind,
        dimension=dimension,
        value=value,
        status="ok" if value is not None else "skipped",
        reason=None if value is not None else f"found {raw!r:.60}, not one value",
    )
