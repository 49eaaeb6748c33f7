"""What the page, Markdown and LaTeX leave out of a table: columns without a value, hints for the terminal."""

import math
import re
from collections.abc import Sequence
from dataclasses import replace

from judge.reporting.document import Cell, Column, Table
from judge.stats.engine.estimate import Estimate

_TERMINAL_HINT = re.compile(r" ?Intervals: --sections [\w,]+\.")
"""The terminal shows some tables without intervals; all other renderings have them."""


def shown_table(table: Table) -> Table:
    """Omit columns without a value in any row, with a note on which and why, and hints for the terminal.

    >>> undefined = Estimate.undefined("not_applicable")
    >>> columns = (Column("label", ""), Column("n", "n", "count"), Column("bias", "bias", "change"))
    >>> shown = shown_table(Table("t", "T", columns, (("tone", 3, undefined), ("fault", 4, None))))
    >>> [column.key for column in shown.columns], shown.notes
    (['label', 'n'], ('Without a value in every row: bias (not applicable).',))
    """
    notes = tuple(filter(None, (_TERMINAL_HINT.sub("", note) for note in table.notes)))
    return _without_empty(replace(table, notes=notes))


def _without_empty(table: Table) -> Table:
    columns = columns_of(table)
    empty = [bool(place) and all(map(is_absent, cells)) for place, (_, cells) in enumerate(columns)]
    named = [
        _named(column, cells)
        for (column, cells), is_empty in zip(columns, empty, strict=True)
        if is_empty and not column.detail
    ]
    kept = keep(table, [not is_empty for is_empty in empty])
    return noted(kept, f"Without a value in every row: {', '.join(named)}." if named else "")


def has_values(whole: Table, shown: Table) -> bool:
    """Whether more is left of the `whole` table than the labels of its rows."""
    return len(shown.columns) > 1 or sum(not column.detail for column in whole.columns) <= 1


def is_absent(cell: Cell) -> bool:
    """Whether a cell has no value: nothing, NaN or an undefined estimate."""
    if isinstance(cell, Estimate):
        return not cell.defined
    return cell in (None, "") or (isinstance(cell, float) and math.isnan(cell))


def _named(column: Column, cells: Sequence[Cell]) -> str:
    """Title of an empty column, and why its estimates are undefined."""
    reasons = [cell.reason.replace("_", " ") for cell in cells if isinstance(cell, Estimate) and cell.reason]
    why = "; ".join(dict.fromkeys(reasons))
    return f"{column.title} ({why})" if why else column.title


def columns_of(table: Table) -> list[tuple[Column, list[Cell]]]:
    """Each column with its cells."""
    return [(column, [row[place] for row in table.rows]) for place, column in enumerate(table.columns)]


def keep(table: Table, kept: Sequence[bool]) -> Table:
    """Keep the columns whose place is marked."""
    places = [place for place, keeps in enumerate(kept) if keeps]
    return replace(
        table,
        columns=tuple(table.columns[place] for place in places),
        rows=tuple(tuple(row[place] for place in places) for row in table.rows),
    )


def noted(table: Table, note: str) -> Table:
    """Append a note, unless it is empty."""
    return replace(table, notes=(*table.notes, note)) if note else table
