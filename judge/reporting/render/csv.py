"""The tables of a Report as CSV: one file for each table, full precision, several columns for an estimate."""

import csv
import io
import math
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from judge.files.writing import harmless, make_folder, write_file
from judge.reporting.document import Cell, ReportContent, Table
from judge.reporting.render.text import clean
from judge.stats.engine.estimate import Estimate

_NO_NAME = re.compile(r"[^A-Za-z0-9_.=*@-]+")
_PARTS = ("", "_low", "_high", "_reason")


def write_csv(report: ReportContent, folder: str | Path) -> list[Path]:
    """Write every table of a report into a folder, which is created if it does not exist.

    Returns
    -------
    list of Path
        The files: ``slices-condition.csv`` ...

    Raises
    ------
    InputError
        The folder cannot be created, or a file cannot be written.
    """
    folder = make_folder(folder)
    files = {folder / name: to_csv(table) for name, table in file_names(report).items()}
    for path, text in files.items():
        write_file(path, text)
    return list(files)


def file_names(report: ReportContent) -> dict[str, Table]:
    """File name -> table; names are unique and valid on every system."""
    return {name: report.tables[key] for name, key in safe_names(report.tables, ".csv").items()}


def safe_names(keys: Iterable[str], ending: str) -> dict[str, str]:
    """File name -> key; names are unique and valid on every system."""
    named: dict[str, str] = {}
    for key in keys:
        stem = _NO_NAME.sub("-", key).replace("*", "-x-").strip("-.") or "table"
        tries = (f"{stem}{f'-{i + 1}' if i else ''}{ending}" for i in range(len(named) + 1))
        named[next(name for name in tries if name not in named)] = key
    return named


def to_csv(table: Table) -> str:
    """One table: a header of keys, then its rows.

    An estimate takes four columns: value, ``_low``, ``_high`` and ``_reason`` (why it, or its interval, is
    undefined). Text that a spreadsheet would read as a formula is prefixed with an apostrophe.

    Examples
    --------
    >>> from judge.reporting.document import Column
    >>> columns = (Column("slice", "kind"), Column("rate", "rate", "share"))
    >>> print(to_csv(Table("t", "T", columns, (("a", Estimate(0.5, 0.4, 0.6)),))))
    slice,rate,rate_low,rate_high,rate_reason
    a,0.5,0.4,0.6,
    <BLANKLINE>
    """
    spread = [any(isinstance(row[i], Estimate) for row in table.rows) for i in range(len(table.columns))]
    header = [
        f"{column.key}{part}"
        for column, wide in zip(table.columns, spread, strict=True)
        for part in (_PARTS if wide else _PARTS[:1])
    ]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([_text(name) for name in header] + (["small"] if table.small else []))
    for r, row in enumerate(table.rows):
        cells = [value for cell, wide in zip(row, spread, strict=True) for value in _cells(cell, wide)]
        writer.writerow(cells + ([str(r in table.small).lower()] if table.small else []))
    return out.getvalue()


def _cells(cell: Cell, wide: bool) -> Iterator[str]:
    if isinstance(cell, Estimate):
        yield from (*map(_number, (cell.value, cell.low, cell.high)), cell.reason or "")
        return
    yield _text(cell) if isinstance(cell, str) else "" if cell is None else _number(cell)
    if wide:
        yield from ("", "", "")


def _number(value: float) -> str:
    return "" if math.isnan(value) else repr(value)


def _text(text: str) -> str:
    return str(harmless(clean(text)))
