"""Potato: annotations out of its output folder, and out of its exports.

The output folder has one folder for each annotator, with ``user_state.json`` (version 2) or
``annotated_instances.jsonl`` (version 1). A record holds the id of an instance and scheme -> label -> value;
exported tables have a column ``SCHEME:::LABEL`` (version 1) or ``SCHEME.LABEL`` (version 2) for each label.
Each scheme is a dimension. A Likert scheme has labels ``scale_1``, ``scale_2``, …; other schemes have labels
of their own. The annotator is the field ``user_id`` or the name of the folder. Source: Potato's
documentation, "Annotation Schemes", "Data Format" and "Export Formats".
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from judge.errors import InputError
from judge.rows import Row, read_document, read_rows

_FILE, _STATE = "annotated_instances.jsonl", "user_state.json"
_OF_STATE = "instance_id_to_label_to_value"
_LABELS = ("label_annotations", "labels")
_ABOUT = {"user", "user_id", "instance_id", "displayed_text", "annotator_origin"}
_COLUMN = re.compile(r"(.+?)(?::::|\.)(.+)")
_SEVERAL = "several labels: "
_LIKERT = re.compile(r"scale_(\d+)")
_ENTERED = {"slider", "number", "text_box", "scale_"}
"""Labels of schemes in which the annotator enters a value."""


def recognises(rows: Sequence[Row]) -> bool:
    """Whether rows are records of Potato, or a table that it exported."""
    return _labels_in(rows[0]) is not None or bool(_schemes_of_table(rows[0]))


def plain_rows(
    rows: Iterator[tuple[str, Row]], note: Callable[[str], None], mapping: Mapping[str, str]
) -> Iterator[tuple[str, Row]]:
    """One row for each annotated instance, with a column for each scheme."""
    return _noted(_rows(rows, mapping), note)


def _noted(rows: Iterator[tuple[str, Row]], note: Callable[[str], None]) -> Iterator[tuple[str, Row]]:
    """Name the schemes in which several labels were chosen."""
    found: Counter[str] = Counter()
    for where, row in rows:
        found.update(name for name, value in row.items() if str(value).startswith(_SEVERAL))
        yield where, row
    for name, n in found.items():
        note(f"Scheme {name!r} has several labels in {n:,} of the instances, which is no rating.")


def _rows(rows: Iterator[tuple[str, Row]], mapping: Mapping[str, str]) -> Iterator[tuple[str, Row]]:
    for where, row in rows:
        schemes = _labels_in(row)
        kept = {name: row.get(name) for name in mapping.values() if name in row}
        if schemes is None and (columns := _schemes_of_table(row)):
            schemes = _labels_of_table(row, columns)
            kept = {name: cell for name, cell in row.items() if not _COLUMN.fullmatch(name)}
        if schemes is None:
            raise InputError(f"{where}: no object label_annotations; found: {', '.join(row)}")
        item_id = row.get("instance_id", row.get("id"))
        yield where, kept | {"item_id": item_id, "rater": _rater(where, row)} | _values(schemes)


def is_output(path: Path) -> bool:
    """Whether a path is a folder ``annotation_output``, with one folder for each annotator, or a state."""
    if path.is_dir():
        return any(any(path.glob(f"*/{name}")) for name in (_FILE, _STATE))
    return path.name == _STATE


def rows_of_output(path: Path, note: Callable[[str], None]) -> Iterator[tuple[str, Row]]:
    """Rows of all annotators in a folder ``annotation_output``, or of one state.

    Where an annotator has files of both versions, that of version 2 counts.

    Raises
    ------
    InputError
        A file cannot be read.
    """
    return _noted(_of_folder(path) if path.is_dir() else _of_state(path), note)


def _of_folder(folder: Path) -> Iterator[tuple[str, Row]]:
    for own in sorted(path for path in folder.iterdir() if path.is_dir()):
        if (own / _STATE).is_file():
            yield from _of_state(own / _STATE)
        elif (own / _FILE).is_file():
            yield from _rows(read_rows(own / _FILE), {})


def _of_state(file: Path) -> Iterator[tuple[str, Row]]:
    """Rows of one annotator, whose labels are objects, or pairs of a label and its value."""
    state = read_document(file)
    found = state.get(_OF_STATE) if isinstance(state, dict) else state
    if not isinstance(found, dict):
        raise InputError(f"{file}: {_OF_STATE}: allowed is an object, found {found!r:.60}")
    rater = state.get("user_id") or file.absolute().parent.name
    for item_id, labels in found.items():
        place = f"{file}: instance {item_id!r}"
        schemes = labels if isinstance(labels, dict) else _schemes_of_pairs(labels, place)
        yield place, {"item_id": item_id, "rater": rater, **_values(schemes)}


def _schemes_of_pairs(pairs: Any, where: str) -> dict[str, dict[str, Any]]:
    schemes: dict[str, dict[str, Any]] = defaultdict(dict)
    try:
        for label, value in pairs:
            schemes[str(label["schema"])][str(label["name"])] = value
    except (TypeError, ValueError, KeyError):
        raise InputError(
            f'{where}: allowed is a list of pairs [{{"schema": …, "name": …}}, value]; found {pairs!r:.60}'
        ) from None
    return schemes


def _labels_in(row: Row) -> dict[str, Any] | None:
    """Scheme -> labels in a record; `labels` alone may be a field of another tool."""
    found = row.get(_LABELS[0])
    if found is None and {"instance_id", "user_id", "spans"} <= row.keys():
        found = row.get(_LABELS[1])
    return found if isinstance(found, dict) else None


def _schemes_of_table(row: Row) -> list[str]:
    """Columns of labels in a table that Potato exported; none in any other table."""
    columns = [name for name in row if name not in _ABOUT and _COLUMN.fullmatch(name)]
    is_first = {"user", "instance_id", "displayed_text"} <= row.keys() and all(":::" in c for c in columns)
    is_second = list(row)[:2] == ["instance_id", "user_id"] and len(columns) == len(row.keys() - _ABOUT)
    return columns if is_first or is_second else []


def _labels_of_table(row: Row, columns: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Labels by scheme; a label whose cell is empty was not chosen."""
    schemes: dict[str, dict[str, Any]] = {}
    for column in columns:
        if match := _COLUMN.fullmatch(column):
            labels = schemes.setdefault(match[1], {})
            if row[column] not in (None, ""):
                labels[match[2]] = row[column]
    return schemes


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


def _values(schemes: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _value(labels) for name, labels in schemes.items()}


def _value(labels: Any) -> Any:
    """Value of one scheme: the chosen label, the point of a Likert scale, or what was entered."""
    if not isinstance(labels, dict):
        return labels
    chosen = {name: value for name, value in labels.items() if _is_chosen(name, value, len(labels) == 1)}
    if len(chosen) > 1:
        return f"{_SEVERAL}{', '.join(chosen)}"  # no rating; it is refused where the scheme is wanted
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
