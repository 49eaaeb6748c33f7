"""Tables in memory (a list of dicts, a DataFrame) as rows, and their values as plain JSON values."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import Path, PurePath
from typing import Any, TypeAlias
from uuid import UUID

from judge.errors import InputError

RowSource: TypeAlias = Any
"""A file (``-`` is standard input), a DataFrame, a `datasets.Dataset`, or a list of dicts."""

_TEXT_VALUES = (date, time, timedelta, Decimal, UUID, PurePath, Enum)
"""Values that are written as text; a datetime is a date."""


def rows_of(table: Any) -> Iterator[tuple[str, Any]]:
    """Rows of a table in memory, each with the place where it stands.

    Parameters
    ----------
    table : iterable of mapping, or DataFrame of pandas or polars
        Missing values of a DataFrame become None, and a named index becomes columns. What is no mapping is
        passed on as it is.

    Raises
    ------
    InputError
        It has no rows at all (a number, a single dict, a text), or a row holds what is neither text, number,
        date, list nor dict.

    Examples
    --------
    >>> list(rows_of([{"id": "q1", "score": 4}]))
    [('row 1', {'id': 'q1', 'score': 4})]
    """
    for number, row in enumerate(_iterable(table), 1):
        where = f"row {number}"
        try:
            yield where, plain_row({str(k): v for k, v in row.items()}) if isinstance(row, Mapping) else row
        except ValueError as problem:
            raise InputError(f"{where}: {problem}") from None


def _iterable(table: Any) -> Iterable[Any]:
    if hasattr(table, "iter_rows") and hasattr(table, "columns"):  # of polars
        return table.iter_rows(named=True)  # type: ignore[no-any-return]
    if hasattr(table, "columns") and hasattr(table, "notna"):
        return _records(table)
    if isinstance(table, Mapping) and table and all(hasattr(split, "features") for split in table.values()):
        raise InputError(
            f"found a dataset with the splits {', '.join(map(str, table))}; pass one of them, such as "
            f"dataset[{next(iter(table))!r}]"
        )
    if isinstance(table, str | bytes | Mapping) or not isinstance(table, Iterable):
        raise InputError(
            f"found {kind_of(table)}; allowed: a file, a DataFrame, or a list of items or of dicts "
            'such as {"id": …, "question": …, "answer": …}'
        )
    return table


def _records(frame: Any) -> Iterable[Any]:
    """Rows of a DataFrame of pandas."""
    index = [name for name in frame.index.names if name is not None]
    names = [*map(str, index), *map(str, frame.columns)]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise InputError(f"two columns of the DataFrame are named {twice!r}; each needs a name of its own")
    frame = frame.reset_index(level=index) if index else frame
    return frame.astype(object).where(frame.notna(), None).to_dict("records")  # type: ignore[no-any-return]


def is_file(source: Any) -> bool:
    """Whether a source of rows is the name of a file (``-`` is standard input), and not a table in memory."""
    return isinstance(source, str | Path)


def name_of(source: Any) -> str:
    """Name of a source of rows for an error: the file, or that it was given in memory."""
    return str(source) if is_file(source) else "the table"


def plain_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """Values of a row as JSON values; see `plain`. The ValueError names the field."""
    found = {}
    for name, value in row.items():
        try:
            found[plain(name)] = plain(value)
        except ValueError as problem:
            raise ValueError(f"field {name!r}: {problem}") from None
    return found


def plain(value: Any) -> Any:
    """Value as JSON in UTF-8 can hold it: dates and the like become text.

    Raises
    ------
    ValueError
        It is binary data, or an object such as an image.
    """
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        return {plain(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    if hasattr(value, "tolist"):  # of numpy
        return plain(value.tolist())
    if type(value).__name__ in ("NAType", "NaTType"):  # of pandas: missing
        return None
    if isinstance(value, bytes):
        return _text_in(value)
    if isinstance(value, _TEXT_VALUES):
        return str(value)
    raise ValueError(
        f"found an object of type {type(value).__name__}; allowed: text, numbers, dates, lists and dicts. "
        "For an image, name its file"
    )


def _text_in(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise ValueError(
            f"found {len(value):,} bytes that are no text. Write images to files and name these, or leave "
            "the column out"
        ) from None


_KINDS = {dict: "an object", list: "a list", str: "a text", bool: "true or false", type(None): "null"}


def kind_of(value: Any) -> str:
    """What a value is, in words for an error."""
    return _KINDS.get(type(value)) or ("a number" if isinstance(value, int | float) else repr(value)[:60])
