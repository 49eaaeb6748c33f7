"""Statistics evaluated on the totals of resamples, and with each unit left out in turn."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from judge.stats.engine.scale import Floats
from judge.stats.engine.statistic import Function, Statistic
from judge.stats.engine.weights import Frame


def without_each_unit(
    frame: Frame, statistics: Mapping[str, Statistic], indices: Mapping[str, int]
) -> dict[str, Floats]:
    """Evaluate statistics without each unit in turn; those that share their sums share the totals."""
    by_table: dict[int, list[str]] = {}
    for name in statistics:
        by_table.setdefault(id(frame.tables[indices[name]]), []).append(name)
    found: dict[str, Floats] = {}
    for names in by_table.values():
        chunks = ([totals] * len(names) for (totals,) in frame.jackknife(indices[names[0]]))
        found |= zip(names, evaluate_chunks(chunks, [statistics[n].function for n in names]), strict=True)
    return found


def evaluate_chunks(chunks: Iterable[list[Floats]], functions: Sequence[Function]) -> list[Floats]:
    """Apply each function to its totals, chunk by chunk."""
    parts: list[list[Floats]] = [[f(t) for f, t in zip(functions, totals, strict=True)] for totals in chunks]
    return [np.concatenate([row[i] for row in parts] or [np.empty(0)]) for i in range(len(functions))]
