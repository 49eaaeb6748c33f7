"""Tables in memory (a list of dicts, a DataFrame) as rows, and their values as plain JSON values."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from judge.errors import InputError

RowSource: TypeAlias = Any
"""A file (``-`` is standard input), a DataFrame, or a list of dicts."""


def rows_of(table: Any) -> Iterator[tuple[str, Any]]:
    """Rows of a table in memory, each with the place where it stands.

    Parameters
    ----------
    table : iterable of mapping, or pandas.DataFrame
        Missing values of a DataFrame become None. What is no mapping is passed on as it is.

    Raises
    ------
    InputError
        It has no rows at all: a number, a single dict, a text.

    Examples
    --------
    >>> list(rows_of([{"id": "q1", "score": 4}]))
    [('row 1', {'id': 'q1', 'score': 4})]
    """
    if hasattr(table, "columns") and hasattr(table, "notna"):
        names = [str(name) for name in table.columns]
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise InputError(
                f"two columns of the DataFrame are named {twice!r}; each needs a name of its own"
            )
        table = table.astype(object).where(table.notna(), None).to_dict("records")
    if isinstance(table, str | bytes | Mapping) or not isinstance(table, Iterable):
        raise InputError(
            f"found {kind_of(table)}; allowed: a file, a DataFrame, or a list of items or of dicts "
            'such as {"id": …, "question": …, "answer": …}'
        )
    for number, row in enumerate(table, 1):
        is_row = isinstance(row, Mapping)
        yield f"row {number}", plain({str(k): v for k, v in row.items()}) if is_row else row


def is_file(source: Any) -> bool:
    """Whether a source of rows is the name of a file (``-`` is standard input), and not a table in memory."""
    return isinstance(source, str | Path)


def name_of(source: Any) -> str:
    """Name of a source of rows for an error: the file, or that it was given in memory."""
    return str(source) if is_file(source) else "the table"


def plain(value: Any) -> Any:
    """Only values that can be written down as JSON in UTF-8: dates and the like become text."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        return {plain(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if hasattr(value, "tolist"):  # of numpy
        return plain(value.tolist())
    if type(value).__name__ in ("NAType", "NaTType"):  # of pandas: missing
        return None
    return value if value is None or isinstance(value, bool | int | float) else str(value)


_KINDS = {dict: "an object", list: "a list", str: "a text", bool: "true or false", type(None): "null"}


def kind_of(value: Any) -> str:
    """What a value is, in words for an error."""
    return _KINDS.get(type(value)) or ("a number" if isinstance(value, int | float) else repr(value)[:60])
