"""Label Studio JSON-MIN and CSV exports -> rows: one row for each annotation, one column for each control.

A control with one choice holds its text; other controls hold a list such as ``[{"rating": 4}]``, which a CSV
keeps as text. The column ``id`` is the number of the task. An annotator's second annotation of a task is a
repeated rating. Source: labelstud.io/guide/export.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from judge.formats.label_studio import annotator
from judge.items.fields import from_cell
from judge.rows import Row

_COLUMNS = {"id", "annotator", "annotation_id", "lead_time"}
_OWN = {"annotation_id", "lead_time", "created_at", "updated_at", "agreement", "predictions"}
_ITEM_ID = ("item_id", "question_id")


def recognises(rows: Sequence[Row]) -> bool:
    """Whether rows are annotations of Label Studio."""
    return rows[0].keys() >= _COLUMNS


def plain_rows(
    rows: Iterator[tuple[str, Row]], _note: Callable[[str], None], mapping: Mapping[str, str]
) -> Iterator[tuple[str, Row]]:
    """Rows with one value in each column of a control; the item is named by its own id, if it has one."""
    dropped = {*_OWN, *_ITEM_ID, "id", "annotator"} - set(mapping.values())
    seen: Counter[tuple[str, str]] = Counter()
    for where, row in rows:
        named = next((row[name] for name in _ITEM_ID if row.get(name) not in (None, "")), row.get("id"))
        item_id = row.get(mapping["item_id"]) if "item_id" in mapping else named
        rater = row.get(mapping["rater"]) if "rater" in mapping else _annotator(row, where)
        who = (str(item_id), str(rater))
        kept = {name: _value(cell) for name, cell in row.items() if name not in dropped}
        yield where, {"item_id": item_id, "annotator": rater, "sample": seen[who], **kept}
        seen[who] += 1


def _annotator(row: Row, where: str) -> str:
    """Annotator: a number, an e-mail address, or an object, which a CSV keeps as text."""
    return annotator(from_cell(row.get("annotator")), "annotator", where)


def _value(cell: Any) -> Any:
    """Value of a control: ``4`` out of ``[{"rating": 4}]``."""
    found = from_cell(cell)
    if isinstance(found, list) and len(found) == 1 and isinstance(found[0], dict):
        values = [found[0][name] for name in ("rating", "number", "choices") if name in found[0]]
        value = values[0] if len(values) == 1 else found
        return value[0] if isinstance(value, list) and len(value) == 1 else value
    return cell
