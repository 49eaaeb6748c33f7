"""Tables of the page: which columns are shown, and how a table keeps within its width.

The width of a table is estimated from its texts, so that the page needs no script to lay it out: an interval
stands beside its value or below it, and on a phone a table that is too wide becomes a list of its rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from judge.reporting.document import Cell, CellKind, Table
from judge.reporting.figures.svg import text_width
from judge.reporting.render.numbers import ABSENT, cell_text, interval_text, method_text, number_text
from judge.reporting.render.shown_table import columns_of, has_values, keep, noted, shown_table
from judge.reporting.render.text import clean
from judge.reporting.wording import display_name
from judge.stats.engine.estimate import Estimate

MOST_ROWS, MOST_DETAIL_ROWS, MOST_CRITERIA = 210, 40, 2_000
MOST_COLUMNS = 7
"""A table with more columns omits those marked as detail."""
CARD, HALF_CARD, PHONE, BESIDE_CHART = 985.0, 455.0, 330.0, 565.0
"""Room for a table in pixels: across the page, in one of two columns, on a phone, beside a chart."""
_FONT, _SMALL_FONT = 14.0, 13.0
_PADDING, _LEAST, _LEAST_TEXT, _WIDEST_TEXT = 19.2, 56.0, 112.0, 260.0
_TEXT_BESIDE_CHART = 150.0
"""Widest text beside a chart, where the two lines of each row leave room for it to wrap."""
_BOLD = 1.12
"""Width of bold headings relative to normal text."""


@dataclass(frozen=True)
class PageTable:
    """A table as the page shows it.

    Attributes
    ----------
    whole : Table
        The table with all columns and rows.
    most_rows : int
        Number of rows that the page shows.
    """

    whole: Table
    most_rows: int

    @classmethod
    def of(cls, table: Table) -> PageTable:
        """Limit the rows; those of the list of all criteria are there to be looked up."""
        if table.key.endswith("criteria_all"):
            return cls(table, MOST_CRITERIA)
        return cls(table, MOST_DETAIL_ROWS if table.detail else MOST_ROWS)

    @cached_property
    def table(self) -> Table:
        """The columns that are shown, with a note on the others."""
        return _without_details(shown_table(_without_repeated(self.whole)))

    @property
    def has_values(self) -> bool:
        """Whether there is more to show than labels and notes."""
        return has_values(self.whole, self.table)

    def layout(self, *, wide: bool) -> str:
        """Classes: `below` puts intervals below values, `records` makes a list of rows on a phone."""
        below = not self.fits(CARD if wide or not self.narrow else HALF_CARD)
        records = self.width(below=True) > PHONE
        return " ".join(name for name, holds in (("below", below), ("records", records)) if holds)

    @property
    def narrow(self) -> bool:
        """Whether it fits into one of two columns of the page, with its intervals below the values."""
        return self.width(below=True) <= HALF_CARD

    @property
    def beside(self) -> bool:
        """Whether it fits beside its chart."""
        return self.width(below=True, widest_text=_TEXT_BESIDE_CHART) <= BESIDE_CHART

    def fits(self, room: float) -> bool:
        """Whether it fits into a width with its intervals beside the values."""
        return self.width(below=False) <= room

    def width(self, *, below: bool, widest_text: float = _WIDEST_TEXT) -> float:
        """Estimated width in pixels; generous, since the fonts of readers differ."""
        return sum(self._column_width(place, below, widest_text) for place in range(len(self.table.columns)))

    def _column_width(self, place: int, below: bool, widest_text: float) -> float:
        column = self.table.columns[place]
        cells = [row[place] for row in self.table.rows[: self.most_rows]]
        words = clean(column.title).replace("-", "- ").split() or [""]
        heading = max(text_width(word, _FONT) * _BOLD for word in words)
        content = max((_cell_width(cell, column.kind, below) for cell in cells), default=0.0)
        if column.kind == "text":
            return max(max(heading, min(content, widest_text)) + _PADDING, _LEAST_TEXT)
        return max(max(heading, content) + _PADDING, _LEAST)


def _cell_width(cell: Cell, kind: CellKind, below: bool) -> float:
    value = text_width(value_text(cell, kind), _FONT)
    interval = text_width(range_text(cell, kind), _SMALL_FONT)
    return max(value, interval) if below else value + (interval + 4 if interval else 0)


def value_text(cell: Cell, kind: CellKind) -> str:
    """Value of a cell without its interval, or its text."""
    if isinstance(cell, Estimate):
        return number_text(cell.value, kind) if cell.defined else ABSENT
    return clean(cell_text(cell, kind))


def range_text(cell: Cell, kind: CellKind) -> str:
    """Interval of a cell, or why it has no value."""
    if not isinstance(cell, Estimate):
        return ""
    if cell.defined:
        return interval_text(cell, kind)
    return clean(cell_text(cell, kind)).removeprefix(ABSENT).strip()


def origin(table: Table) -> str:
    """Interval methods of a table, for its note.

    >>> from judge.reporting.document import Column
    >>> rate = Estimate(0.5, 0.4, 0.6, method="wilson")
    >>> origin(Table("t", "T", (Column("rate", "pass rate", "share"),), ((rate,),)))
    'Intervals: 95 % Wilson (pass rate).'
    """
    columns: dict[str, dict[str, None]] = {}
    for row in table.rows:
        for cell, column in zip(row, table.columns, strict=True):
            if isinstance(cell, Estimate) and cell.method:
                columns.setdefault(method_text(cell), {})[clean(column.title)] = None
    by_method = "; ".join(f"{method} ({', '.join(titles)})" for method, titles in columns.items())
    return f"Intervals: {by_method}." if by_method else ""


def _without_repeated(table: Table) -> Table:
    """Omit texts for machines: columns marked as detail that repeat the label of their row, or one text."""
    named = [
        place for place, column in enumerate(table.columns) if column.kind == "text" and not column.detail
    ]
    labels = [", ".join(display_name(str(row[place])) for place in named) for row in table.rows]
    return keep(
        table,
        [
            not (place and column.kind == "text" and column.detail)
            or not (_is_one_text(cells) or all(map(_is_named, cells, labels)))
            for place, (column, cells) in enumerate(columns_of(table))
        ],
    )


def _is_one_text(cells: list[Cell]) -> bool:
    return len(set(map(str, cells))) == 1


def _is_named(cell: Cell, label: str) -> bool:
    return display_name(str(cell)) in label


def _without_details(table: Table) -> Table:
    """Omit the detail columns of a wide table, and say which."""
    kept = [not column.detail for column in table.columns]
    if len(table.columns) <= MOST_COLUMNS or all(kept):
        return table
    left_out = ", ".join(column.title for column in table.columns if column.detail)
    return noted(keep(table, kept), f"Further columns in --csv and --json: {left_out}.")
