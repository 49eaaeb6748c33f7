"""Rows of a sheet of an Excel workbook, read row by row with openpyxl."""

import contextlib
import datetime
import io
import re
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from itertools import zip_longest
from typing import IO, Any
from xml.etree.ElementTree import ParseError

from judge.errors import InputError, MissingExtraError
from judge.files.unpacking import check_expansion
from judge.rows.encoding import note
from judge.rows.text_lines import INVISIBLE, Refuse, Row

_DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, EOFError, ParseError),
    *(KeyError, ValueError, TypeError, AttributeError, IndexError, NotImplementedError),
)
"""What openpyxl raises where a file is no workbook, or a damaged one."""
_MERGED = re.compile(rb'<(?:\w+:)?mergeCell\b[^>]*?\bref="([A-Z]+)(\d+):([A-Z]+)(\d+)"')
_FORMULA = re.compile(rb"<(?:\w+:)?f[\s/>]")
_CHUNK, _LONGEST_TAG = 2**20, 512
_EXACT_INTEGERS = 2**53


def xlsx_rows(file: IO[bytes], name: str, sheet: str | None, refuse: Refuse) -> Iterator[tuple[str, Row]]:
    """Rows of one sheet, below its first row with text; they are counted as in the sheet.

    Parameters
    ----------
    file : binary file
        The workbook.
    name : str
        Name of the file in errors.
    sheet : str or None
        Name of the sheet; None is the only one that holds text.
    refuse : callable
        Refuses a row with an error value, or with a formula whose result is not stored.

    Raises
    ------
    InputError
        It is no workbook, several sheets hold text, or cells are merged over several columns.
    MissingExtraError
        openpyxl is not installed.
    """
    with _workbook(file, name) as book:
        with _quietly():
            rows = book.sheet(sheet, refuse).rows()
        while True:
            with _quietly():
                found = next(rows, None)
            if found is None:
                return
            yield found


def sheet_names(file: IO[bytes], name: str) -> list[str]:
    """Titles of the visible sheets that hold text.

    Raises
    ------
    InputError
        It is no workbook.
    MissingExtraError
        openpyxl is not installed.
    """
    with _workbook(file, name) as book:
        return [sheet.title for sheet in book.filled() if sheet.sheet_state == "visible"]


@contextlib.contextmanager
def _workbook(file: IO[bytes], name: str) -> Iterator["_Workbook"]:
    """Open a workbook; what openpyxl raises while it is read becomes an `InputError`."""
    try:
        import openpyxl  # noqa: F401 - _Workbook needs it
    except ImportError:
        raise MissingExtraError("openpyxl", "xlsx", f"reading {name}") from None
    try:
        with _quietly():
            book = _Workbook(file if file.seekable() else io.BytesIO(file.read()), name)
        yield book
    except _DAMAGE as error:
        raise InputError(
            f"{name}: not a readable .xlsx workbook ({error}). Save it as .xlsx again, without a password"
        ) from None


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Drop the warnings of openpyxl about what is not read anyway: drop-down lists and styles."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="openpyxl")
        yield


class _Workbook:
    """A workbook that is open for reading."""

    def __init__(self, file: IO[bytes], name: str) -> None:
        self.file = file
        self.name = name
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
        check_expansion(name, sum(m.compress_size for m in members), sum(m.file_size for m in members))
        self.values = self.opened(data_only=True)

    def opened(self, *, data_only: bool) -> Any:
        import openpyxl

        self.file.seek(0)
        return openpyxl.load_workbook(self.file, read_only=True, data_only=data_only)

    def filled(self) -> list[Any]:
        """Return the sheets that hold text."""
        return [sheet for sheet in self.values.worksheets if _has_text(sheet)]

    def sheet(self, title: str | None, refuse: Refuse) -> "_Sheet":
        """Return the sheet with this title or, without one, the only visible one that holds text."""
        if title is None:
            filled = self.filled()
            visible = [sheet for sheet in filled if sheet.sheet_state == "visible"]
            if len(visible) > 1:
                raise InputError(
                    f"{self.name}: several sheets hold rows: {', '.join(sheet.title for sheet in visible)}. "
                    f"Name the one to read: {self.name}#{visible[0].title}"
                )
            if hidden := [sheet.title for sheet in filled if sheet not in visible]:
                note(f"{self.name}: hidden sheets are not read: {', '.join(hidden)}")
            found = next(iter(visible or self.values.worksheets), None)
        else:
            found = next((sheet for sheet in self.values.worksheets if sheet.title == title), None)
        if found is None:
            names = ", ".join(sheet.title for sheet in self.values.worksheets) or "none"
            raise InputError(f"{self.name}: there is no sheet {title!r}; its sheets are: {names}")
        return _Sheet(self, found, refuse)


def _has_text(sheet: Any) -> bool:
    sheet.reset_dimensions()  # some programs write a size that is too small
    return any(value not in (None, "") for row in sheet.iter_rows(values_only=True) for value in row)


class _Sheet:
    """A sheet of a workbook."""

    def __init__(self, book: _Workbook, sheet: Any, refuse: Refuse) -> None:
        self._book = book
        self._sheet = sheet
        self._refuse = refuse
        self._where = book.name if book.name.endswith(f"#{sheet.title}") else f"{book.name}#{sheet.title}"
        self._merged: dict[int, list[tuple[int, int, int]]] = {}
        """First row -> first column, last column and last row of the cells that are merged there."""
        self._has_formulas = False
        self._scan()

    def _scan(self) -> None:
        """Find merged cells and formulas, of which openpyxl says nothing when it reads row by row."""
        from openpyxl.utils import column_index_from_string as index

        with zipfile.ZipFile(self._book.file) as archive, archive.open(self._sheet._worksheet_path) as xml:
            rest = b""
            while chunk := xml.read(_CHUNK):
                data = rest + chunk
                self._has_formulas = self._has_formulas or _FORMULA.search(data) is not None
                for left, top, right, bottom in _MERGED.findall(data):
                    found = (index(left.decode()), index(right.decode()), int(bottom))
                    if found not in self._merged.setdefault(int(top), []):
                        self._merged[int(top)].append(found)
                rest = data[-_LONGEST_TAG:]

    def rows(self) -> Iterator[tuple[str, Row]]:
        """Rows below the header, each with the place where it stands; empty ones are left out."""
        header: list[str] = []
        carried: dict[int, tuple[int, Any]] = {}
        for number, cells, formulas in self._cells():
            where = f"{self._where}: row {number}"
            try:
                values = [_value(cell) for cell in cells]
                _check_formulas(cells, formulas)
            except ValueError as problem:
                if not header:
                    raise InputError(f"{where}: {problem}") from None
                self._refuse(where, str(problem))
                continue
            self._fill_merged(number, values, carried, is_header=not header)
            if not any(value != "" and str(value).strip() for value in values):
                continue
            if header:
                yield where, self._row(values, header, number)
            else:
                header = self._header(values, number)

    def _cells(self) -> Iterator[tuple[int, tuple[Any, ...], tuple[Any, ...]]]:
        """Number of each row, its cells with their values and, if the sheet has any, with their formulas."""
        rows = self._sheet.iter_rows()
        formulas: Iterator[tuple[Any, ...]] = iter(())
        if self._has_formulas:
            sheet = self._book.opened(data_only=False)[self._sheet.title]
            sheet.reset_dimensions()
            formulas = sheet.iter_rows()
        for number, (cells, with_formulas) in enumerate(zip_longest(rows, formulas, fillvalue=()), 1):
            yield number, cells, with_formulas

    def _fill_merged(
        self, number: int, values: list[Any], carried: dict[int, tuple[int, Any]], *, is_header: bool
    ) -> None:
        """Repeat the value of cells that are merged downwards; refuse other merged cells with a value."""
        for column, (last, value) in list(carried.items()):
            if number > last:
                del carried[column]
                continue
            values.extend([""] * (column - len(values)))
            values[column - 1] = value
        for column, last_column, last in self._merged.get(number, ()):
            if column > len(values) or values[column - 1] == "":
                continue
            if column != last_column or is_header:
                raise InputError(
                    f"{self._where}: the cells {_address(column, number)}:{_address(last_column, last)} are "
                    "merged; unmerge them and fill each one. The first row with text names the columns; "
                    "delete a title above it"
                )
            carried[column] = (last, values[column - 1])

    def _header(self, values: list[Any], number: int) -> list[str]:
        names = [str(value).strip(INVISIBLE) for value in values]
        while not names[-1]:
            names.pop()
        for name in names:
            if name and names.count(name) > 1:
                first, second = [_address(n, number) for n, other in enumerate(names, 1) if other == name][:2]
                raise InputError(
                    f"{self._where}: two columns are named {name!r} ({first}, {second}); each column needs a "
                    "name of its own"
                )
        return names

    def _row(self, values: list[Any], header: list[str], number: int) -> Row:
        """Return the row; a single column without a name may hold values, as the index that pandas writes."""
        takes_nameless = header.count("") == 1
        values.extend([""] * (len(header) - len(values)))
        row: Row = {}
        for n, value in enumerate(values):
            name = header[n] if n < len(header) else None
            if name or (name == "" and takes_nameless):
                row[name] = value
            elif value != "" and str(value).strip():
                raise InputError(
                    f"{self._where}: cell {_address(n + 1, number)} holds {str(value)[:40]!r}, and its "
                    "column has no name; the first row with text must name all columns. If it is a title, "
                    "delete it"
                )
        return row


def _address(column: int, row: int) -> str:
    from openpyxl.utils import get_column_letter

    return f"{get_column_letter(column)}{row}"


def _value(cell: Any) -> Any:
    """Value of a cell as JSON can hold it; an empty one is ``""``, as in a CSV."""
    value = cell.value
    if value is None:
        return ""
    if cell.data_type == "e":
        if value == "#N/A":
            return ""
        raise ValueError(f"cell {cell.coordinate} holds the error {value}; correct it, or empty the cell")
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT_INTEGERS:
        return int(value)
    if isinstance(value, datetime.datetime) and value.time() == datetime.time():
        return str(value.date())
    return value if isinstance(value, str | bool | int | float) else str(value)


def _check_formulas(cells: tuple[Any, ...], formulas: tuple[Any, ...]) -> None:
    for cell, formula in zip(cells, formulas, strict=False):
        if cell.value is None and formula.value is not None:
            raise ValueError(
                f"cell {cell.coordinate} holds a formula whose result is not stored; open the file in Excel "
                "or LibreOffice, and save it"
            )
