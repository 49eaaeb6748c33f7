"""Rows of any table that a user may bring: text, Parquet and xlsx files, saved datasets, tables in memory.

A row is a dict and the place where it stands. Rows are streamed, so that a million lines never sit in memory;
only a .json document is read at once, up to `JSON_LIMIT`.
"""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, cast

from judge.errors import InputError
from judge.files.unpacking import errors_of_files, opened
from judge.rows.arrow import dataset_rows, is_saved_dataset, parquet_rows
from judge.rows.delimited import DelimitedReader
from judge.rows.encoding import as_utf8, checked_encoding
from judge.rows.json_rows import JSON_LIMIT, JsonReader, parsed
from judge.rows.memory import RowSource, is_file, kind_of, name_of, plain, rows_of
from judge.rows.table_file import FORMATS, TableFile, path_and_sheet, table_file
from judge.rows.text_lines import UTF8_BOM, OnBad, Refuse, Row, refusing
from judge.rows.xlsx import sheet_names, xlsx_rows

__all__ = [
    "FORMATS",
    "JSON_LIMIT",
    "OnBad",
    "Row",
    "RowSource",
    "delimiter_of",
    "encoding_of",
    "is_file",
    "is_saved_dataset",
    "kind_of",
    "name_of",
    "parsed",
    "path_and_sheet",
    "plain",
    "read_document",
    "read_rows",
    "rows_of",
    "sheets_of",
]

_BINARY = ("parquet", "xlsx", "dataset")


def read_rows(
    source: RowSource,
    *,
    format: str | None = None,
    encoding: str | None = None,
    on_bad: OnBad | None = None,
) -> Iterator[tuple[str, Row]]:
    r"""Stream the rows of a table, each with the place where it stands.

    Parameters
    ----------
    source : str, Path, DataFrame, datasets.Dataset or list of dict
        A .jsonl, .ndjson, .json, .csv, .psv, .tsv, .tab, .txt, .parquet or .xlsx file, gzipped or not; ``-``
        reads standard input. ``answers.xlsx#Round 2`` is one sheet of several. A folder is a dataset that
        ``save_to_disk`` of the library `datasets` wrote. A table in memory is passed on row by row.
    format : {'jsonl', 'json', 'csv', 'tsv', 'parquet', 'xlsx'} or None
        Format of the file. None goes by its name; one object a line in a .json file, one document in a pipe,
        and what separates the cells of a .csv, a .txt or a pipe (comma, semicolon, tab or |) are recognised.
    encoding : str or None
        Encoding of a text file. None recognises UTF-8, UTF-16 and, where it is beyond doubt, Windows-1252. An
        encoding other than UTF-8 that was recognised is logged as a warning.
    on_bad : callable or None
        Receives the `InputError` of each row that cannot be read, and reading goes on with the next one.

    Yields
    ------
    tuple of str and dict
        ``"file:line"`` and the row. Entries of a .json document and rows of a binary file are counted
        instead: ``"file: entry 3"``. Cells of a text file are text. An empty cell of a spreadsheet is ``""``,
        as in a CSV, and rows in which all cells are empty are left out of both.

    Raises
    ------
    InputError
        The file cannot be read at all (missing, broken gzip, an open quote in a CSV), or a row cannot and
        there is no `on_bad`.
    MissingExtraError
        The package that reads the format is not installed.

    Notes
    -----
    Of several columns without a name, none may hold a value, and they are no columns. Half of a surrogate
    pair (an emoji cut in two, ``"\ud83d"``) is no character and could not be written down again; it becomes
    U+FFFD.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> file = pathlib.Path(tempfile.mkdtemp(), "scores.csv")
    >>> _ = file.write_text("id,score\nq1,4\n")
    >>> [row for where, row in read_rows(file)]
    [{'id': 'q1', 'score': '4'}]
    """
    if not is_file(source):
        yield from rows_of(source)
        return
    table, refuse = table_file(source, format), refusing(on_bad)
    known = checked_encoding(encoding)
    if known and table.kind in _BINARY:
        raise InputError(f"{table.name}: an encoding is for text files; leave out {encoding!r}")
    if table.kind == "dataset":
        yield from dataset_rows(cast(Path, table.path), table.name, refuse)
        return
    with errors_of_files(table.name), opened(table.path, table.name) as file:
        if table.kind == "parquet":
            yield from parquet_rows(file, table.name, refuse)
        elif table.kind == "xlsx":
            yield from xlsx_rows(file, table.name, table.sheet, refuse)
        else:
            yield from _text_rows(as_utf8(file, table.name, known), table, refuse, guess=format is None)


def _text_rows(
    file: IO[bytes], table: TableFile, refuse: Refuse, *, guess: bool
) -> Iterator[tuple[str, Row]]:
    kind = table.kind
    if kind in ("csv", "tsv") or (kind in ("text", None) and not _is_json(file)):
        return DelimitedReader(file, table, refuse).rows()
    reader = JsonReader(file, table.name, refuse)
    if guess and kind != "jsonl":
        return reader.lines_or_document(is_pipe=kind in (None, "text"))
    return reader.lines() if kind == "jsonl" else reader.entries()


def _is_json(file: IO[bytes]) -> bool:
    return cast(io.BufferedReader, file).peek(4096).removeprefix(UTF8_BOM).lstrip()[:1] in (b"{", b"[")


def read_document(path: Path, *, encoding: str | None = None) -> Any:
    """Read a file that is one JSON value, plain or gzipped.

    Raises
    ------
    InputError
        It cannot be read, is too large or is not JSON.
    """
    name = str(path)
    with errors_of_files(name), opened(path, name) as file:
        return JsonReader(as_utf8(file, name, checked_encoding(encoding)), name, refusing(None)).document()


def sheets_of(path: str) -> list[str]:
    """Name each table of a file as `read_rows` takes it: the visible sheets of a workbook that hold text.

    A file with one table, and a sheet that is already named, is returned as it is.

    Raises
    ------
    InputError
        The file cannot be read, or its format is not known.
    MissingExtraError
        The package that reads workbooks is not installed.

    Examples
    --------
    >>> sheets_of("answers.csv")
    ['answers.csv']
    """
    table = table_file(path, None)
    if table.kind != "xlsx" or table.sheet is not None:
        return [path]
    with errors_of_files(table.name), opened(table.path, table.name) as file:
        names = sheet_names(file, table.name)
    return [f"{path}#{name}" for name in names] if len(names) > 1 else [path]


def encoding_of(source: RowSource, encoding: str | None) -> str | None:
    """Return the encoding for a second table of a command, which may be no text file; None for such a one."""
    if encoding is None or not is_file(source):
        return None
    return None if table_file(source, None).kind in _BINARY else encoding


def delimiter_of(source: RowSource, *, format: str | None = None, encoding: str | None = None) -> str | None:
    """Return what separates the cells of a text file; None for other formats, pipes and tables in memory."""
    if not is_file(source) or str(source) == "-":
        return None
    table = table_file(source, format)
    if table.kind not in ("csv", "tsv", "text"):
        return None
    with errors_of_files(table.name), opened(table.path, table.name) as packed:
        file = as_utf8(packed, table.name, checked_encoding(encoding))
        if table.kind == "text" and _is_json(file):
            return None
        return DelimitedReader(file, table, refusing(None)).delimiter
