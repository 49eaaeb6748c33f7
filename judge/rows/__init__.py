"""Rows of any table that a user may bring: JSON Lines, JSON, CSV, TSV, Parquet; plain, gzipped, piped.

A row is a dict and the place where it stands. Rows are streamed, so that a million lines never sit in memory;
only a .json document is read at once, up to `JSON_LIMIT`.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from judge.errors import InputError
from judge.files.unpacking import errors_of_files, opened
from judge.rows.delimited import DelimitedReader
from judge.rows.json_rows import JSON_LIMIT, JsonReader, parsed
from judge.rows.memory import RowSource, is_file, kind_of, name_of, plain, rows_of
from judge.rows.parquet import parquet_rows
from judge.rows.text_lines import OnBad, Refuse, Row, refusing

__all__ = [
    "FORMATS",
    "JSON_LIMIT",
    "OnBad",
    "Row",
    "RowSource",
    "delimiter_of",
    "is_file",
    "kind_of",
    "name_of",
    "parsed",
    "plain",
    "read_document",
    "read_rows",
    "rows_of",
]

FORMATS = ("jsonl", "json", "csv", "tsv", "parquet")

_BY_SUFFIX = {f".{name}": name for name in FORMATS} | {".ndjson": "jsonl"}


def read_rows(
    path: RowSource, *, format: str | None = None, on_bad: OnBad | None = None
) -> Iterator[tuple[str, Row]]:
    r"""Stream the rows of a table, each with the place where it stands.

    Parameters
    ----------
    path : str, Path, DataFrame or list of dict
        A .jsonl, .ndjson, .json, .csv, .tsv or .parquet file, gzipped or not; ``-`` reads standard input. A
        table in memory is passed on row by row.
    format : {'jsonl', 'json', 'csv', 'tsv', 'parquet'} or None
        What the file holds. None goes by its name; one object a line in a .json file, and one document in a
        pipe, are recognised.
    on_bad : callable or None
        Gets the `InputError` of each row that cannot be read, and reading goes on with the next one.

    Yields
    ------
    tuple of str and dict
        ``"file:line"`` and the row. Entries of a .json document and rows of a .parquet file are counted
        instead: ``"file: entry 3"``. Cells of a CSV are text.

    Raises
    ------
    InputError
        The file cannot be read at all (missing, broken gzip, an open quote in a CSV), or a row cannot and
        there is no `on_bad`.

    Notes
    -----
    Of several columns of a CSV without a name, none may hold a value, and they are no columns. Half of a
    surrogate pair (an emoji cut in two, ``"\ud83d"``) is no character and could not be written down again; it
    becomes U+FFFD.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> file = pathlib.Path(tempfile.mkdtemp(), "scores.csv")
    >>> _ = file.write_text("id,score\nq1,4\n")
    >>> [row for where, row in read_rows(file)]
    [{'id': 'q1', 'score': '4'}]
    """
    if not is_file(path):
        yield from rows_of(path)
        return
    is_pipe = str(path) == "-"
    name = "standard input" if is_pipe else str(path)
    kind = format or (None if is_pipe else _format_by_name(name))
    if kind not in (None, *FORMATS):
        raise InputError(f"format {kind!r} is not known; allowed: {', '.join(FORMATS)}")
    with errors_of_files(name), opened(None if is_pipe else Path(path), name) as file:
        yield from _rows(file, name, refusing(on_bad), kind, guess=format is None)


def _rows(
    file: IO[bytes], name: str, refuse: Refuse, kind: str | None, *, guess: bool
) -> Iterator[tuple[str, Row]]:
    if kind == "parquet":
        return parquet_rows(file, name)
    if kind in ("csv", "tsv"):
        return DelimitedReader(file, name, refuse, "\t" if kind == "tsv" else None).rows()
    reader = JsonReader(file, name, refuse)
    if guess and kind != "jsonl":
        return reader.lines_or_document(is_pipe=kind is None)
    return reader.lines() if kind == "jsonl" else reader.entries()


def read_document(path: Path) -> Any:
    """Read a file that is one JSON value, plain or gzipped.

    Raises
    ------
    InputError
        It cannot be read, is too large or is not JSON.
    """
    with errors_of_files(str(path)), opened(path, str(path)) as file:
        return JsonReader(file, str(path), refusing(None)).document()


def delimiter_of(path: RowSource) -> str | None:
    """Return what separates the cells of a CSV or TSV file; None for other formats, a pipe and a table."""
    name = str(path) if is_file(path) else "-"
    if name == "-" or (kind := _format_by_name(name)) not in ("csv", "tsv"):
        return None
    with errors_of_files(name), opened(Path(path), name) as file:
        return DelimitedReader(file, name, refusing(None), "\t" if kind == "tsv" else None).delimiter


def _format_by_name(name: str) -> str:
    suffix = Path(name.lower().removesuffix(".gz")).suffix
    if suffix not in _BY_SUFFIX:
        raise InputError(
            f"{name}: the name ends in {suffix or 'nothing that tells the format'!r}; allowed: "
            f"{', '.join(_BY_SUFFIX)}, each also with .gz. Rename the file, or name its format"
        )
    return _BY_SUFFIX[suffix]
