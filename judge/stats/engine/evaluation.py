"""Statistics evaluated on the totals of resamples, and with each unit left out in turn."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from judge.stats.engine.scale import Floats, Ints
from judge.stats.engine.statistic import Function, Statistic
from judge.stats.engine.weights import Frame, SumTable, rows_alike

_NARROW = 8
"""Rows with no more columns are evaluated faster than those that are alike are found."""
_SPARSE = 4
"""Tables of which less than a quarter is not 0 are looked at for rows of zeros."""


def without_each_unit(
    frame: Frame, statistics: Mapping[str, Statistic], indices: Mapping[str, int]
) -> dict[str, Floats]:
    """Evaluate statistics without each unit in turn; those that share their sums share the totals."""
    by_table: dict[int, list[str]] = {}
    for name in statistics:
        by_table.setdefault(id(frame.tables[indices[name]]), []).append(name)
    found: dict[str, Floats] = {}
    for names in by_table.values():
        index = indices[names[0]]
        units, place = _different_units(frame.tables[index])
        chunks = ([totals] * len(names) for (totals,) in frame.jackknife(index, units))
        values = evaluate_chunks(chunks, [statistics[n].function for n in names])
        found |= zip(names, values if place is None else [one[place] for one in values], strict=True)
    return found


def _different_units(table: SumTable) -> tuple[Ints | None, Ints | None]:
    """Return units with all rows that occur, and which of them each unit is like; None for all units.

    Units of one code are alike, and so are those that add nothing, as items do that two raters do not share.
    Whole tables of few different rows, such as the counts of five ratings, are searched for them.
    """
    if table.ndim == 1:
        _, units, place = np.unique(table, return_index=True, return_inverse=True)
        return units, place
    if _SPARSE * np.count_nonzero(table) > table.size:
        return rows_alike(table) if table.shape[1] > _NARROW else (None, None)
    adds = table.any(axis=1)
    if adds.all():
        return None, None
    return np.append(np.argmin(adds), np.flatnonzero(adds)), np.where(adds, np.cumsum(adds), 0)


def evaluate_chunks(chunks: Iterable[list[Floats]], functions: Sequence[Function]) -> list[Floats]:
    """Apply each function to its totals, chunk by chunk."""
    parts: list[list[Floats]] = [[f(t) for f, t in zip(functions, totals, strict=True)] for totals in chunks]
    return [np.concatenate([row[i] for row in parts] or [np.empty(0)]) for i in range(len(functions))]
