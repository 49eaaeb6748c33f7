"""Rows of CSV and TSV files."""

import csv
import re
from collections.abc import Iterator
from itertools import chain
from typing import IO

from judge.errors import InputError
from judge.rows.text_lines import LINE_LIMIT, UTF8_BOM, Refuse, Row, byte_lines, decoded

_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?', re.I)


def head_of_csv(lines: Iterator[str], delimiter: str | None) -> tuple[str, str]:
    """First line that is not blank, and the delimiter; Excel may name it in a line before, ``sep=;``."""
    head = next((line for line in lines if line.strip()), "")
    if named := _SEPARATOR_LINE.fullmatch(head.rstrip("\r\n")):
        return next((line for line in lines if line.strip()), ""), named[1]
    return head, delimiter or max(",;\t", key=head.count)


class DelimitedReader:
    """Reads one CSV or TSV file.

    Parameters
    ----------
    file : binary file
        The content, unpacked and in UTF-8.
    name : str
        Name of the file in errors.
    refuse : callable
        Refuses a row that cannot be read.
    delimiter : str or None
        Separates the cells; None finds it in the header.
    """

    def __init__(self, file: IO[bytes], name: str, refuse: Refuse, delimiter: str | None) -> None:
        self.name = name
        self.refuse = refuse
        self._line = 0
        self._lines = self._text_lines(file)
        self._head, self.delimiter = head_of_csv(self._lines, delimiter)

    def rows(self) -> Iterator[tuple[str, Row]]:
        """Rows, each with the line where it begins."""
        # A process-wide setting of Python's csv module, and the only way to read a cell of over 128 KiB.
        csv.field_size_limit(max(csv.field_size_limit(), LINE_LIMIT))
        skipped = self._line - 1 if self._head else 0
        reader = csv.reader(chain([self._head], self._lines), delimiter=self.delimiter, strict=True)
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
            self.refuse(
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

    def _text_lines(self, file: IO[bytes]) -> Iterator[str]:
        """Decode the lines of a file one by one."""
        for line in byte_lines(file, self.name):
            self._line += 1
            try:
                yield decoded(line.removeprefix(UTF8_BOM) if self._line == 1 else line)
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
