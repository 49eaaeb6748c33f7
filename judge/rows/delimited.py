"""Rows of text files with separated cells: CSV, TSV, and tables with pipes as in Markdown."""

import csv
import re
from collections.abc import Iterator
from itertools import chain
from typing import IO, Protocol

from judge.errors import InputError
from judge.rows import text_lines
from judge.rows.table_file import TableFile
from judge.rows.text_lines import INVISIBLE, LINE_LIMIT, UTF8_BOM, Refuse, Row, byte_lines, decoded

_DELIMITERS = "\t|;,"
"""In the order in which they are taken where rows fit several: a comma may be that of decimals."""
_FIRST_LINES, _LONG_LINE = 20, 2**20
"""Lines from which one of several delimiters is found; a long line is the last of them."""
_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?', re.I)
_RULE = re.compile(r"\|?(\s*:?-+:?\s*\|)*\s*:?-+:?\s*\|?")


class DelimitedReader:
    """Reads one text file with separated cells.

    Parameters
    ----------
    file : binary file
        The content, unpacked and in UTF-8.
    table : TableFile
        Its name is for errors. Cells of a .tsv are separated by tabs; those of other files by what splits the
        header into most cells and the first rows into as many, or by what Excel names in a line before it,
        ``sep=;``.
    refuse : callable
        Refuses a row that cannot be read.

    Raises
    ------
    InputError
        The first line of a file whose name does not tell the format holds nothing that separates cells.
    """

    def __init__(self, file: IO[bytes], table: TableFile, refuse: Refuse) -> None:
        # A process-wide setting of Python's csv module, and the only way to read a cell of over 128 KiB.
        csv.field_size_limit(max(csv.field_size_limit(), LINE_LIMIT))
        self.name = table.name
        self.refuse = refuse
        self._line, self._first_row = 0, ""
        self._lines = self._text_lines(file)
        self._head = self._next_text()
        if named := _SEPARATOR_LINE.fullmatch(self._head.rstrip("\r\n")):
            self._head, self.delimiter = self._next_text(), named[1]
            self._head_line = self._line
        else:
            self._head_line = self._line
            self.delimiter = "\t" if table.kind == "tsv" else self._recognised()
        if table.kind in ("text", None) and self._head and self._n_cells(self.delimiter) == 1:
            raise InputError(
                f"{self.name}:{self._line}: this is no table: the first line has no tab, comma, semicolon or "
                "pipe that separates cells. Write a header such as id,question,answer and one row a line, "
                "delete a title above it, or name the format: --format csv"
            )

    def _next_text(self) -> str:
        for number, line in enumerate(self._lines, start=1):
            if line.strip():
                return line
            if number > text_lines.MOST_BLANK:
                raise InputError(
                    f"{self.name}: found more than {text_lines.MOST_BLANK:,} blank lines in a row"
                )
        return ""

    def _n_cells(self, delimiter: str) -> int:
        """Number of cells of the header; 1 where quotes show that they are not separated by this."""
        head = [self._head, '"'] if self._head.count('"') % 2 else [self._head]  # a name of several lines
        try:
            return len(next(csv.reader(head, delimiter=delimiter, strict=True), ()))
        except csv.Error:
            return 1

    def _recognised(self) -> str:
        """Delimiter of the header; of several, the one that splits most of the first rows likewise."""
        n_cells = {delimiter: self._n_cells(delimiter) for delimiter in _DELIMITERS}
        possible = [delimiter for delimiter, n in n_cells.items() if n > 1]
        if len(possible) < 2:
            return possible[0] if possible else ","
        first: list[str] = []
        for line in self._lines:
            first.append(line)
            if len(first) == _FIRST_LINES or len(line) > _LONG_LINE:
                break
        self._lines = chain(first, self._lines)
        return max(possible, key=lambda d: (_n_alike([self._head, *first], d, n_cells[d]), n_cells[d]))

    def rows(self) -> Iterator[tuple[str, Row]]:
        """Rows, each with the line where it begins; rows in which all cells are empty are left out."""
        skipped = self._head_line - 1 if self._head else 0
        lines = chain([self._head], self._lines)
        reader = self._reader(lines)
        try:
            header = self._header(next(reader, []))
            start, width = reader.line_num, len(header)
            self._first_row = f"{self.name}:{skipped + start + 1}"
            nameless = [n for n, name in enumerate(header) if n and not name]
            nameless = nameless if header.count("") > 1 else []
            for cells in reader:
                where, start = f"{self.name}:{skipped + start + 1}", reader.line_num
                if len(cells) == width and not nameless and any(map(str.strip, cells)):
                    yield where, dict(zip(header, cells, strict=True))
                elif any(map(str.strip, cells)) and (row := self._odd_row(cells, header, nameless, where)):
                    yield where, row
        except csv.Error as error:
            raise InputError(
                f"{self.name}:{skipped + reader.line_num}: not valid CSV: {_explained(error)}"
            ) from None

    def _reader(self, lines: Iterator[str]) -> "_Cells":
        if self.delimiter == "|" and self._head.lstrip().startswith("|"):
            return _PipeTable(lines)
        return csv.reader(lines, delimiter=self.delimiter, strict=True)

    def _odd_row(self, cells: list[str], header: list[str], nameless: list[int], where: str) -> Row | None:
        """Row with more or fewer cells than the header, or with columns without a name: they may be empty."""
        if len(cells) < len(header) or any(map(str.strip, cells[len(header) :])):
            self.refuse(
                where,
                f"found {len(cells)} cells; the header has {len(header)}. "
                f"A cell that holds {_NAMES.get(self.delimiter, self.delimiter)}, a quote or a line break "
                f'stands in "quotes"{self._title(len(cells), len(header), where)}',
            )
            return None
        for n in nameless:
            if cells[n].strip():
                raise InputError(
                    f"{self.name}:{self._head_line}: two columns have no name, and column {n + 1} of "
                    f"them holds {cells[n][:40]!r}; each column needs a name of its own. If that line is a "
                    "title above the header, delete it"
                )
        return {name: cell for name, cell in zip(header, cells, strict=False) if name or not nameless}

    def _title(self, n_cells: int, n_names: int, where: str) -> str:
        """Advice for a table whose first line may be no header; empty where it looks like one."""
        if n_cells <= n_names or (n_names > 1 and where != self._first_row):
            return ""
        return (
            f". The header is the first line with text, line {self._head_line}; if that is a title or a "
            "comment, delete it"
        )

    def _text_lines(self, file: IO[bytes]) -> Iterator[str]:
        """Decode the lines of a file one by one."""
        for line in byte_lines(file, self.name):
            self._line += 1
            try:
                yield decoded(line.removeprefix(UTF8_BOM) if self._line == 1 else line)
            except ValueError as error:
                raise InputError(f"{self.name}:{self._line}: {error}") from None

    def _header(self, names: list[str]) -> list[str]:
        names = [name.strip(INVISIBLE) for name in names]
        for name in names:
            if name and names.count(name) > 1:
                raise InputError(
                    f"{self.name}:{self._head_line}: two columns are named {name!r}; each column "
                    "needs a name of its own"
                )
        return names


def _n_alike(lines: list[str], delimiter: str, n_cells: int) -> int:
    """Number of the first rows that a delimiter splits into so many cells."""
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    found = 0
    try:
        for cells in reader:
            found += len(cells) == n_cells
    except csv.Error:  # the last of these lines may end within quotes
        pass
    return found


_NAMES = {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "a pipe"}


def _explained(error: csv.Error) -> str:
    if "new-line character" in str(error):
        return (
            "found a carriage return without a line feed, as old Mac programs end their lines; save the file "
            'as "CSV UTF-8"'
        )
    return f'{error}. A cell that holds a quote stands in quotes, with its quotes doubled: "say ""hello"""'


class _Cells(Protocol):
    """Iterates over the cells of rows, as `csv.reader` does."""

    @property
    def line_num(self) -> int: ...
    def __next__(self) -> list[str]: ...
    def __iter__(self) -> Iterator[list[str]]: ...


class _PipeTable:
    r"""Cells of a table with a pipe at both ends of each line, as in Markdown; ``\|`` is a pipe in a cell."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self.line_num = 0

    def __iter__(self) -> Iterator[list[str]]:
        return self

    def __next__(self) -> list[str]:
        line = next(self._lines).strip()
        self.line_num += 1
        if self.line_num == 2 and _RULE.fullmatch(line):
            return []
        cells = re.split(r"(?<!\\)\|", line.removeprefix("|"))
        if len(cells) > 1 and not cells[-1].strip():
            cells.pop()
        return [cell.strip().replace("\\|", "|") for cell in cells]
