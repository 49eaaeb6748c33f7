"""Rows of any table that a user may bring: JSON Lines, JSON, CSV, TSV, Parquet; plain, gzipped, piped.

A row is a dict and the place where it stands. Rows are streamed, so that a million lines never sit in memory;
only a .json document is read at once, up to `JSON_LIMIT`.
"""

import contextlib
import csv
import gzip
import io
import json
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import IO, Any, cast

from judge.errors import InputError, MissingExtraError

Row = dict[str, Any]
OnBad = Callable[[InputError], None]
"""Is told of every row that cannot be read; where there is none, the first such row raises."""

FORMATS = ("jsonl", "json", "csv", "tsv", "parquet")
JSON_LIMIT = 512 * 2**20
"""Bytes of the longest .json document; it takes several times as much memory once it is read."""

_BY_SUFFIX = {f".{name}": name for name in FORMATS} | {".ndjson": "jsonl"}
_GZIP_MAGIC = b"\x1f\x8b"
_UTF8_BOM = b"\xef\xbb\xbf"
_UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")
_CELL_LIMIT = 2**30
_PARQUET_BATCH = 1000


def read_rows(
    path: str | Path, *, format: str | None = None, on_bad: OnBad | None = None
) -> Iterator[tuple[str, Row]]:
    r"""Stream the rows of a table, each with the place where it stands.

    Parameters
    ----------
    path : str or Path
        A .jsonl, .ndjson, .json, .csv, .tsv or .parquet file, gzipped or not; ``-`` reads standard input.
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
    Half of a surrogate pair (an emoji cut in two, ``"\ud83d"``) is no character and could not be written
    down again; it becomes U+FFFD.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> file = pathlib.Path(tempfile.mkdtemp(), "scores.csv")
    >>> _ = file.write_text("id,score\nq1,4\n")
    >>> [row for where, row in read_rows(file)]
    [{'id': 'q1', 'score': '4'}]
    """
    is_pipe = str(path) == "-"
    name = "standard input" if is_pipe else str(path)
    kind = format or (None if is_pipe else _format_by_name(name))
    if kind not in (None, *FORMATS):
        raise InputError(f"format {kind!r} is not known; allowed: {', '.join(FORMATS)}")
    try:
        with _opened(None if is_pipe else Path(path)) as file:
            yield from _Reader(name, on_bad).rows(file, kind, guess=format is None)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(
            f"{name}: the gzip data is damaged or cut off ({error}). Make the file again"
        ) from None
    except OSError as error:
        raise InputError(f"{name}: cannot be read: {error.strerror or error}") from None


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
        yield f"row {number}", _plain({str(k): v for k, v in row.items()}) if is_row else row


def _format_by_name(name: str) -> str:
    suffix = Path(name.lower().removesuffix(".gz")).suffix
    if suffix not in _BY_SUFFIX:
        raise InputError(
            f"{name}: the name ends in {suffix or 'nothing that tells the format'!r}; allowed: "
            f"{', '.join(_BY_SUFFIX)}, each also with .gz. Rename the file, or name its format"
        )
    return _BY_SUFFIX[suffix]


@contextlib.contextmanager
def _opened(path: Path | None) -> Iterator[IO[bytes]]:
    """Unpacked bytes; gzip is known by its first bytes, so that it need not be in the name."""
    with contextlib.ExitStack() as stack:
        file = sys.stdin.buffer if path is None else stack.enter_context(path.open("rb"))
        file = file if hasattr(file, "peek") else io.BufferedReader(cast(io.RawIOBase, file))
        if cast(io.BufferedReader, file).peek(2)[:2] == _GZIP_MAGIC:
            yield cast(IO[bytes], stack.enter_context(gzip.open(file)))
        else:
            yield file


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
        return self._json_lines(file) if kind == "jsonl" else self._document(file, b"")

    def _bad(self, where: str, problem: str) -> None:
        error = InputError(f"{where}: {problem}")
        if self.on_bad is None:
            raise error
        self.on_bad(error)

    # -- JSON

    def _lines_or_document(self, file: IO[bytes], *, is_pipe: bool) -> Iterator[tuple[str, Row]]:
        """Tell one object a line from one document: a .json file may hold either, and so may a pipe."""
        head = _through_next_text(file)
        first = head[-1].removeprefix(_UTF8_BOM).strip() if head else b""
        if _is_object(first):
            more = [] if is_pipe else _through_next_text(file)
            has_lines = is_pipe or any(line.strip() for line in more)
            head += more
        else:
            has_lines = is_pipe and first != b"{" and not first.startswith(b"[")
        return self._json_lines(chain(head, file)) if has_lines else self._document(file, b"".join(head))

    def _json_lines(self, lines: Iterable[bytes]) -> Iterator[tuple[str, Row]]:
        for number, line in enumerate(lines, 1):
            text = line.removeprefix(_UTF8_BOM) if number == 1 else line
            if not text.strip():
                continue
            try:
                row = _parsed(text)
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

    def _document(self, file: IO[bytes], head: bytes) -> Iterator[tuple[str, Row]]:
        data = head + file.read(JSON_LIMIT + 1 - len(head))
        if len(data) > JSON_LIMIT:
            raise InputError(
                f"{self.name}: a .json document may have {JSON_LIMIT >> 20} MiB, since it is read at once; "
                "write one object a line (.jsonl), which has no limit"
            )
        try:
            document = _parsed(data.removeprefix(_UTF8_BOM)) if data.strip() else []
        except ValueError as error:
            raise InputError(f"{self.name}: {error}") from None
        for number, row in enumerate(self._list_in(document), 1):
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
        csv.field_size_limit(max(csv.field_size_limit(), _CELL_LIMIT))
        lines = self._text_lines(file)
        head = next((line for line in lines if line.strip()), "")
        delimiter = delimiter or max(",;\t", key=head.count)
        reader = csv.reader(chain([head], lines), delimiter=delimiter, strict=True)
        skipped = self._line - 1 if head else 0
        try:
            header = self._header(next(reader, []))
            start = reader.line_num
            for cells in reader:
                where, start = f"{self.name}:{skipped + start + 1}", reader.line_num
                if len(cells) == len(header):
                    yield where, dict(zip(header, cells, strict=True))
                elif cells:
                    self._bad(
                        where,
                        f"found {len(cells)} cells; the header has {len(header)}. "
                        'A cell with a comma, quote or line break stands in "quotes"',
                    )
        except csv.Error as error:
            raise InputError(
                f"{self.name}:{skipped + reader.line_num}: not valid CSV: {error}. A cell that holds a quote "
                'stands in quotes, with its quotes doubled: "say ""hello"""'
            ) from None

    _line = 0

    def _text_lines(self, file: IO[bytes]) -> Iterator[str]:
        for self._line, line in enumerate(file, 1):
            try:
                yield _decoded(line.removeprefix(_UTF8_BOM) if self._line == 1 else line)
            except ValueError as error:
                raise InputError(f"{self.name}:{self._line}: {error}") from None

    def _header(self, names: list[str]) -> list[str]:
        names = [name.strip() for name in names]
        for name in names:
            if names.count(name) > 1:
                found = f"two columns are named {name!r}" if name else "two columns have no name"
                raise InputError(f"{self.name}:1: {found}; each column needs a name of its own")
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
            number = 0
            for batch in pq.ParquetFile(source).iter_batches(batch_size=_PARQUET_BATCH):
                for row in batch.to_pylist():
                    number += 1
                    yield f"{self.name}: row {number}", _plain(row)
        except pa.ArrowException as error:
            raise InputError(f"{self.name}: not a readable Parquet file: {error}") from None


def _through_next_text(file: IO[bytes]) -> list[bytes]:
    """Lines up to and with the next one that is not blank."""
    lines = []
    while line := file.readline(JSON_LIMIT + 1):
        lines.append(line)
        if line.removeprefix(_UTF8_BOM).strip():
            break
    return lines


def _is_object(line: bytes) -> bool:
    try:
        return line.startswith(b"{") and isinstance(_parsed(line), dict)
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


def _parsed(line: bytes) -> Any:
    text = _decoded(line)
    try:
        value = json.loads(text, object_pairs_hook=_unique)
        return _plain(value) if "\\ud" in text or "\\uD" in text else value
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, " if error.lineno > 1 else ""
        raise ValueError(f"not valid JSON: {error.msg} at {place}character {error.colno}") from None
    except RecursionError:
        raise ValueError("not readable JSON: it is nested too deeply") from None


def _unique(pairs: list[tuple[str, Any]]) -> Row:
    row = dict(pairs)
    if len(row) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the field {twice!r} stands twice in one object; keep one of them")
    return row


def _plain(value: Any) -> Any:
    """Only values that can be written down as JSON in UTF-8: dates and the like become text."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        return {_plain(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if hasattr(value, "tolist"):  # of numpy
        return _plain(value.tolist())
    if type(value).__name__ in ("NAType", "NaTType"):  # of pandas: missing
        return None
    return value if value is None or isinstance(value, bool | int | float) else str(value)


_KINDS = {dict: "an object", list: "a list", str: "a text", bool: "true or false", type(None): "null"}


def kind_of(value: Any) -> str:
    """What a value is, in words for an error."""
    return _KINDS.get(type(value)) or ("a number" if isinstance(value, int | float) else repr(value)[:60])
