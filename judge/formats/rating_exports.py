"""Exports of rating platforms -> plain tables of ratings; other tables pass unchanged."""

from collections.abc import Callable, Iterator
from itertools import chain, islice
from pathlib import Path

from judge.formats import argilla, crowd, label_studio_rows, potato, surveys
from judge.rows import Row, read_rows
from judge.tables import RowSource, is_file

_PLATFORMS = (potato, argilla, label_studio_rows, crowd, surveys)


def plain_rows(path: RowSource, note: Callable[[str], None]) -> Iterator[tuple[str, Row]]:
    """Rows of a table of ratings; an export of a platform is turned into a long or wide table.

    Parameters
    ----------
    path : str, Path, DataFrame or list of dict
        A table, or a folder of Potato with one folder for each annotator.
    note : callable
        Called with a sentence about what was left out.

    Raises
    ------
    InputError
        The table cannot be read, or is an export that holds no ratings.
    """
    if is_file(path) and Path(path).is_dir():
        return potato.rows_of_folder(Path(path))
    rows = read_rows(path)
    first = list(islice(rows, 2))
    rows = chain(first, rows)
    heads = [row for _, row in first if isinstance(row, dict)]
    platform = next((one for one in _PLATFORMS if heads and one.recognises(heads)), None)
    return rows if platform is None else platform.plain_rows(rows, note)
