"""Exports of rating platforms -> plain tables of ratings; other tables pass unchanged."""

from collections.abc import Callable, Iterator, Mapping
from itertools import chain, islice
from pathlib import Path
from typing import Any

from judge.errors import InputError
from judge.files.unpacking import open_file
from judge.formats import argilla, crowd, label_studio_rows, potato, surveys, wide_exports
from judge.formats.anchored import OnAnchored, independent_rows
from judge.rows import Row, RowSource, is_file, is_saved_dataset, kind_of, read_rows

_LONGEST_LINE = 2**20
_PLATFORMS = (potato, argilla, label_studio_rows, crowd, surveys, wide_exports)


def plain_rows(
    path: RowSource,
    note: Callable[[str], None],
    *,
    encoding: str | None = None,
    mapping: Mapping[str, str] | None = None,
    has_id: bool = False,
    on_anchored: OnAnchored | None = None,
) -> Iterator[tuple[str, Row]]:
    """Rows of a table of ratings; an export of a platform is turned into a long or wide table.

    Parameters
    ----------
    path : str, Path, DataFrame or list of dict
        A table, or a folder of Potato with one folder for each annotator.
    note : callable
        Called with a sentence about what was left out.
    encoding : str or None
        Encoding of a text file; None recognises it.
    mapping : mapping of str to str or None
        Meaning -> column, for columns with other names; a platform keeps these columns.
    has_id : bool
        Whether the id of an item is made of columns that an option names.
    on_anchored : callable or None
        Called with each anchored rating, whose rows are left out.

    Raises
    ------
    InputError
        The table cannot be read, or is an export without ratings.
    """
    if is_file(path) and potato.is_output(Path(path)):
        return potato.rows_of_output(Path(path), note)
    if is_file(path) and Path(path).is_dir() and not is_saved_dataset(Path(path)):
        raise InputError(
            f"{path}: this folder holds no ratings; allowed: a file, a folder of Potato with one folder "
            "for each annotator, or a folder that save_to_disk of the library `datasets` wrote"
        )
    rows = _rows_of_file(path, encoding) if is_file(path) else _objects(read_rows(path))
    rows = independent_rows(rows, mapping or {}, on_anchored or ignore)
    first = list(islice(rows, 2))
    rows = chain(first, rows)
    heads = [row for _, row in first]
    platform = next((one for one in _PLATFORMS if heads and one.recognises(heads)), None)
    if platform is None and first and not has_id and "item_id" not in (mapping or {}):
        surveys.refuse_items_in_columns(first[0][1], first[0][0])
    return rows if platform is None else platform.plain_rows(rows, note, mapping or {})


def ignore(_: object) -> None:
    """Take a note or an anchored rating that was given before, or that no caller wants."""


def _rows_of_file(path: RowSource, encoding: str | None) -> Iterator[tuple[str, Row]]:
    try:
        yield from read_rows(path, encoding=encoding)
    except InputError:
        surveys.refuse_unnamed_columns(_first_line(Path(path)), str(path))
        raise


def _first_line(path: Path) -> str:
    """First line of a CSV file; empty for any other source, and for a file that cannot be read."""
    try:
        with open_file(path) as file:
            line = file.readline(_LONGEST_LINE)
    except OSError:
        return ""
    return line.decode("utf-8", errors="replace")


def _objects(rows: Iterator[tuple[str, Any]]) -> Iterator[tuple[str, Row]]:
    """Refuse rows of a table in memory that are no dicts."""
    for where, row in rows:
        if not isinstance(row, dict):
            raise InputError(f"{where}: found {kind_of(row)}; each row must be a dict")
        yield where, row
