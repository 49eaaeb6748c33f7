"""Rows of any table that a user may bring: JSON Lines, JSON, CSV, TSV, Parquet; plain, gzipped, piped.

A row is a dict and the place where it stands. Rows are streamed, so that a million lines never sit in memory;
only a .json document is read at once, up to `JSON_LIMIT`.
"""

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import IO, Any

from judge.errors import InputError, MissingExtraError
from judge.files.unpacking import check_expansion, errors_of_files, opened
from judge.tables import RowSource, is_file, kind_of, plain, rows_of

Row = dict[str, Any]
OnBad = Callable[[InputError], None]
"""Is told of every row that cannot be read; where there is none, the first such row raises."""

FORMATS = ("jsonl", "json", "csv", "tsv", "parquet")
JSON_LIMIT = 512 * 2**20
"""Bytes of the longest .json document; it takes several times as much memory once it is read."""

LINE_LIMIT = 128 * 2**20
"""Bytes of the longest line, and characters of the longest cell of a CSV."""

_BY_SUFFIX = {f".{name}": name for name in FORMATS} | {".ndjson": "jsonl"}
_UTF8_BOM = b"\xef\xbb\xbf"
_UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")
_MOST_BLANK = 1_000_000
_PARQUET_BATCH = 1000
_MOST_DIGITS = 308
_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?', re.I)


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
        yield from _Reader(name, on_bad).rows(file, kind, guess=format is None)


def read_document(path: Path) -> Any:
    """Read a file that is one JSON value, plain or gzipped.

    Raises
    ------
    InputError
        It cannot be read, is too large or is not JSON.
    """
    with errors_of_files(str(path)), opened(path, str(path)) as file:
        return _Reader(str(path), None).document(file, b"")


def delimiter_of(path: RowSource) -> str | None:
    """Return what separates the cells of a CSV or TSV file; None for other formats, a pipe and a table."""
    name = str(path) if is_file(path) else "-"
    if name == "-" or (kind := _format_by_name(name)) not in ("csv", "tsv"):
        return None
    with errors_of_files(name), opened(Path(path), name) as file:
        reader = _Reader(name, None)
        return _head_of_csv(reader.text_lines(file), "\t" if kind == "tsv" else None)[1]


def _format_by_name(name: str) -> str:
    suffix = Path(name.lower().removesuffix(".gz")).suffix
    if suffix not in _BY_SUFFIX:
        raise InputError(
            f"{name}: the name ends in {suffix or 'nothing that tells the format'!r}; allowed: "
            f"{', '.join(_BY_SUFFIX)}, each also with .gz. Rename the file, or name its format"
        )
    return _BY_SUFFIX[suffix]


class _Reader:
    """Reads one file; it knows the file's name, and what is to become of a bad row."""

    def __init__(self, name: str, on_bad: OnBad | None) -> None:
        self.name = name
        self.on_bad = on_bad

    def rows(self, file: IO[bytes], kind: str | None, *, guess: bool) -> Iterator[tuple[str, Row]]:
        if kind == "parquet":
            return self._parquet(file)
        if kind in ("csv", "tsv"):
            return self._csv(file, "\t" if kind == "tsv" else None)
        if guess and kind != "jsonl":
            return self._lines_or_document(file, is_pipe=kind is None)
        return self._json_lines(self._lines(file)) if kind == "jsonl" else self._entries(file, b"")

    def _bad(self, where: str, problem: str) -> None:
        error = InputError(f"{where}: {problem}")
        if self.on_bad is None:
            raise error
        self.on_bad(error)

    # -- JSON

    def _lines_or_document(self, file: IO[bytes], *, is_pipe: bool) -> Iterator[tuple[str, Row]]:
        """Tell one object a line from one document: a .json file may hold either, and so may a pipe."""
        head = self._through_next_text(file)
        first = head[-1].removeprefix(_UTF8_BOM).strip() if head else b""
        if _is_object(first):
            more = [] if is_pipe else self._through_next_text(file)
            has_lines = is_pipe or any(line.strip() for line in more)
            head += more
        else:
            has_lines = is_pipe and first != b"{" and not first.startswith(b"[")
        if not has_lines:
            return self._entries(file, b"".join(head))
        return self._json_lines(chain(head, self._lines(file)))

    def _through_next_text(self, file: IO[bytes]) -> list[bytes]:
        """Lines up to and with the next one that is not blank."""
        lines: list[bytes] = []
        while line := file.readline(JSON_LIMIT + 1):
            lines.append(line)
            if line.removeprefix(_UTF8_BOM).strip():
                break
            if len(lines) > _MOST_BLANK:
                raise InputError(f"{self.name}: found more than {_MOST_BLANK:,} blank lines in a row")
        return lines

    def _lines(self, file: IO[bytes]) -> Iterator[bytes]:
        while line := file.readline(LINE_LIMIT + 1):
            if len(line) > LINE_LIMIT:
                raise InputError(f"{self.name}: found a line of more than {LINE_LIMIT >> 20} MiB")
            yield line

    def _json_lines(self, lines: Iterable[bytes]) -> Iterator[tuple[str, Row]]:
        for number, line in enumerate(lines, 1):
            text = line.removeprefix(_UTF8_BOM) if number == 1 else line
            if not text.strip():
                continue
            try:
                row = parsed(text)
            except ValueError as error:
                cut = "" if line.endswith(b"\n") else " (this is the last line: is the file cut off?)"
                self._bad(f"{self.name}:{number}", f"{error}{cut}")
                continue
            if isinstance(row, dict):
                yield f"{self.name}:{number}", row
            else:
                self._bad(
                    f"{self.name}:{number}",
                    f"found {kind_of(row)}; each line must be one JSON object such as "
                    '{"id": …, "question": …, "answer": …}. A list belongs in a .json file',
                )

    def document(self, file: IO[bytes], head: bytes) -> Any:
        """Read the rest of a file as one JSON value; an empty one holds an empty list."""
        data = head + file.read(JSON_LIMIT + 1 - len(head))
        if len(data) > JSON_LIMIT:
            raise InputError(
                f"{self.name}: a .json document may have {JSON_LIMIT >> 20} MiB, since it is read at once; "
                "write one object a line (.jsonl), which has no limit"
            )
        try:
            return parsed(data.removeprefix(_UTF8_BOM)) if data.strip() else []
        except ValueError as error:
            raise InputError(f"{self.name}: {error}") from None

    def _entries(self, file: IO[bytes], head: bytes) -> Iterator[tuple[str, Row]]:
        for number, row in enumerate(self._list_in(self.document(file, head)), 1):
            where = f"{self.name}: entry {number}"
            if isinstance(row, dict):
                yield where, row
            else:
                self._bad(where, f"found {kind_of(row)}; each entry must be an object")

    def _list_in(self, document: Any) -> list[Any]:
        if isinstance(document, list):
            return document
        inner = document.items() if isinstance(document, dict) else ()
        lists = {name: value for name, value in inner if isinstance(value, list)}
        if len(lists) != 1:
            found = f"an object with {len(lists)} lists" if isinstance(document, dict) else kind_of(document)
            names = f" ({', '.join(lists)})" if lists else ""
            raise InputError(
                f"{self.name}: found {found}{names}; allowed: a list of objects, or an object that holds "
                "one such list. Write one object a line (.jsonl)"
            )
        return next(iter(lists.values()))

    # -- CSV

    def _csv(self, file: IO[bytes], delimiter: str | None) -> Iterator[tuple[str, Row]]:
        # A process-wide setting of Python's csv module, and the only way to read a cell of over 128 KiB.
        csv.field_size_limit(max(csv.field_size_limit(), LINE_LIMIT))
        lines = self.text_lines(file)
        head, delimiter = _head_of_csv(lines, delimiter)
        reader = csv.reader(chain([head], lines), delimiter=delimiter, strict=True)
        skipped = self._line - 1 if head else 0
        try:
            header = self._header(next(reader, []))
            start, width = reader.line_num, len(header)
            nameless = [n for n, name in enumerate(header) if n and not name]
            nameless = nameless if header.count("") > 1 else []
            for cells in reader:
                where, start = f"{self.name}:{skipped + start + 1}", reader.line_num
                if len(cells) == width and not nameless:
                    yield where, dict(zip(header, cells, strict=True))
                elif any(map(str.strip, cells)) and (row := self._odd_row(cells, header, nameless, where)):
                    yield where, row
        except csv.Error as error:
            raise InputError(
                f"{self.name}:{skipped + reader.line_num}: not valid CSV: {error}. A cell that holds a quote "
                'stands in quotes, with its quotes doubled: "say ""hello"""'
            ) from None

    def _odd_row(self, cells: list[str], header: list[str], nameless: list[int], where: str) -> Row | None:
        """Row with more or fewer cells than the header, or with columns without a name: they may be empty."""
        if len(cells) < len(header) or any(map(str.strip, cells[len(header) :])):
            self._bad(
                where,
                f"found {len(cells)} cells; the header has {len(header)}. "
                'A cell with a comma, quote or line break stands in "quotes"',
            )
            return None
        for n in nameless:
            if cells[n].strip():
                raise InputError(
                    f"{self.name}:1: two columns have no name, and column {n + 1} of them holds "
                    f"{cells[n][:40]!r}; each column needs a name of its own"
                )
        return {name: cell for name, cell in zip(header, cells, strict=False) if name or not nameless}

    _line = 0

    def text_lines(self, file: IO[bytes]) -> Iterator[str]:
        """Decode the lines of a file one by one."""
        for line in self._lines(file):
            self._line += 1
            try:
                yield _decoded(line.removeprefix(_UTF8_BOM) if self._line == 1 else line)
            except ValueError as error:
                raise InputError(f"{self.name}:{self._line}: {error}") from None

    def _header(self, names: list[str]) -> list[str]:
        names = [name.strip() for name in names]
        for name in names:
            if name and names.count(name) > 1:
                raise InputError(
                    f"{self.name}:1: two columns are named {name!r}; each column needs a name of its own"
                )
        return names

    # -- Parquet

    def _parquet(self, file: IO[bytes]) -> Iterator[tuple[str, Row]]:
        try:
            import pyarrow as pa
            import pyarrow.parquet as pq
        except ImportError:
            raise MissingExtraError("pyarrow", "parquet", f"reading {self.name}") from None
        try:
            source = file if file.seekable() else pa.BufferReader(file.read())
            table, size = pq.ParquetFile(source), source.seek(0, io.SEEK_END)
            groups = (table.metadata.row_group(n) for n in range(table.metadata.num_row_groups))
            check_expansion(self.name, size, sum(group.total_byte_size for group in groups))
            number = 0
            for batch in table.iter_batches(batch_size=_PARQUET_BATCH):
                for row in batch.to_pylist():
                    number += 1
                    yield f"{self.name}: row {number}", plain(row)
        except pa.ArrowException as error:
            raise InputError(f"{self.name}: not a readable Parquet file: {error}") from None


def _head_of_csv(lines: Iterator[str], delimiter: str | None) -> tuple[str, str]:
    """First line that is not blank, and what separates cells; Excel says it in a line before, ``sep=;``."""
    head = next((line for line in lines if line.strip()), "")
    if said := _SEPARATOR_LINE.fullmatch(head.rstrip("\r\n")):
        return next((line for line in lines if line.strip()), ""), said[1]
    return head, delimiter or max(",;\t", key=head.count)


def _is_object(line: bytes) -> bool:
    try:
        return line.startswith(b"{") and isinstance(parsed(line), dict)
    except ValueError:
        return False


def _decoded(line: bytes) -> str:
    if b"\0" in line:
        is_utf16 = line.startswith(_UTF16_BOMS) or line.count(b"\0") * 3 > len(line)
        hint = "the file looks like UTF-16: save it as UTF-8" if is_utf16 else "remove it"
        raise ValueError(f"found a NUL byte at byte {line.index(0) + 1}; {hint}")
    try:
        return line.decode()
    except UnicodeDecodeError as error:
        found = " ".join(f"{byte:02x}" for byte in line[error.start : error.end])
        raise ValueError(
            f"found {found} at byte {error.start + 1} of the line, which is not UTF-8; save the file as UTF-8"
        ) from None


def parsed(line: bytes) -> Any:
    """Read JSON in UTF-8; what is wrong with it is said in a ValueError."""
    text = _decoded(line)
    try:
        value = _DECODER.decode(text)
        return plain(value) if "\\ud" in text or "\\uD" in text else value
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, " if error.lineno > 1 else ""
        raise ValueError(f"not valid JSON: {error.msg} at {place}character {error.colno}") from None
    except RecursionError:
        raise ValueError("not readable JSON: it is nested too deeply") from None


def _integer(digits: str) -> int:
    if len(digits) > _MOST_DIGITS:
        raise ValueError(
            f"Exceeds the limit of {_MOST_DIGITS} digits for a whole number (found {len(digits):,}); "
            "write it as a text"
        )
    return int(digits)


def _unique(pairs: list[tuple[str, Any]]) -> Row:
    row = dict(pairs)
    if len(row) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the field {twice!r} stands twice in one object; keep one of them")
    return row


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_int=_integer)
