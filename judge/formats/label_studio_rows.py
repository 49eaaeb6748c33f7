"""Label Studio JSON-MIN and CSV exports -> rows: one row for each annotation, one column for each control.

A control with one choice holds its text; other controls hold a list such as ``[{"rating": 4}]``, which a CSV
keeps as text. The column ``id`` is the number of the task. Source: labelstud.io/guide/export.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from judge.rows import Row, parsed

_COLUMNS = {"id", "annotator", "annotation_id", "lead_time"}
_OWN = {"annotation_id", "lead_time", "created_at", "updated_at", "agreement", "predictions"}
_ITEM_ID = ("item_id", "question_id")


def recognises(rows: Sequence[Row]) -> bool:
    """Whether rows are annotations of Label Studio."""
    return rows[0].keys() >= _COLUMNS


def plain_rows(rows: Iterator[tuple[str, Row]], _note: Callable[[str], None]) -> Iterator[tuple[str, Row]]:
    """Rows with one value in each column of a control; the item is named by its own id, if it has one."""
    for where, row in rows:
        named = next((row[name] for name in _ITEM_ID if row.get(name) not in (None, "")), row.get("id"))
        kept = {name: _value(cell) for name, cell in row.items() if name not in (*_OWN, *_ITEM_ID, "id")}
        yield where, {"item_id": named, **kept}


def _value(cell: Any) -> Any:
    """Value of a control: ``4`` out of ``[{"rating": 4}]``."""
    if isinstance(cell, str) and cell.startswith("[{") and cell.endswith("}]"):
        try:
            cell = parsed(cell.encode())
        except ValueError:
            return cell
    if isinstance(cell, list) and len(cell) == 1 and isinstance(cell[0], dict):
        found = [cell[0][name] for name in ("rating", "number", "choices") if name in cell[0]]
        value = found[0] if len(found) == 1 else cell
        return value[0] if isinstance(value, list) and len(value) == 1 else value
    return cell
