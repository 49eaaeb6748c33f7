"""Potato: annotations out of ``annotated_instances.jsonl``, one file for each annotator.

A line holds the id of an instance and ``label_annotations``: scheme -> label -> value. Each scheme is a
dimension. A Likert scheme has labels ``scale_1``, ``scale_2``, …; other schemes have labels of their own. The
annotator is the field ``user_id`` or the name of the folder of the file (``annotation_output/NAME``). Source:
Potato's documentation, "Annotation Schemes" and "Data Format".
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from judge.errors import InputError
from judge.rows import Row, read_rows

_FILE = "annotated_instances.jsonl"
_LIKERT = re.compile(r"scale_(\d+)")
_ENTERED = {"slider", "number", "text_box", "scale_"}
"""Labels of schemes in which the annotator enters a value."""


def recognises(rows: Sequence[Row]) -> bool:
    """Whether rows are lines of Potato."""
    return isinstance(rows[0].get("label_annotations"), dict)


def plain_rows(
    rows: Iterator[tuple[str, Row]], _note: Callable[[str], None], _mapping: Mapping[str, str]
) -> Iterator[tuple[str, Row]]:
    """One row for each annotated instance, with a column for each scheme."""
    return (_row(where, row) for where, row in rows)


def is_folder(path: Path) -> bool:
    """Whether a path is a folder ``annotation_output``, with one folder for each annotator."""
    return path.is_dir() and any(path.glob(f"*/{_FILE}"))


def rows_of_folder(folder: Path) -> Iterator[tuple[str, Row]]:
    """Rows of all annotators in a folder ``annotation_output``."""
    files = sorted(folder.glob(f"*/{_FILE}"))
    return (_row(where, row) for file in files for where, row in read_rows(file))


def _row(where: str, row: Row) -> tuple[str, Row]:
    schemes = row.get("label_annotations")
    if not isinstance(schemes, dict):
        raise InputError(f"{where}: no object label_annotations; found: {', '.join(row)}")
    item_id = row.get("instance_id", row.get("id"))
    values = {name: _value(labels, f"{where}: {name}") for name, labels in schemes.items()}
    return where, {"item_id": item_id, "rater": _rater(where, row), **values}


def _rater(where: str, row: Row) -> str:
    if named := row.get("user_id") or row.get("user"):
        return str(named)
    file = Path(where.rpartition(":")[0])
    if not file.name.startswith(Path(_FILE).stem) or not file.parent.name:
        raise InputError(
            f"{where}: no annotator; allowed: a field user_id, or a file FOLDER/{_FILE}, whose folder is "
            "named like the annotator"
        )
    return file.parent.name


def _value(labels: Any, where: str) -> Any:
    """Value of one scheme: the chosen label, the point of a Likert scale, or what was entered."""
    if not isinstance(labels, dict):
        return labels
    chosen = {name: value for name, value in labels.items() if _is_chosen(name, value, len(labels) == 1)}
    if len(chosen) > 1:
        raise InputError(
            f"{where}: several labels are chosen ({', '.join(chosen)}); a rating is one label. Leave out "
            "such schemes, or name those that are to be read: --dimension"
        )
    if not chosen:
        return None
    ((label, value),) = chosen.items()
    if point := _LIKERT.fullmatch(label):
        return point[1]
    return value if label in _ENTERED else label


def _is_chosen(label: str, value: Any, is_only_label: bool) -> bool:
    """Whether a label is chosen; 0 is a value that was entered, or the lowest point of a scale from 0."""
    if value in (None, "", "false") or value is False:
        return False
    return value not in ("0", 0) or label in _ENTERED or (label == "scale_0" and is_only_label)
