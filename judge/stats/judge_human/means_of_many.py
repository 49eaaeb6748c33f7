"""Properties of scores averaged over many people, each on the items of that person alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import combinations_with_replacement

import numpy as np

from judge.stats.engine.estimate import (
    ANY_VALUE,
    NO_COMPLETE_PAIRS,
    NO_ITEM_VARIANCE,
    NO_VARIATION,
    NOT_NEGATIVE,
    Estimate,
    Range,
    Reason,
)
from judge.stats.engine.intervals import Method, ResampledValues
from judge.stats.engine.resampling import Replicates, Sampling
from judge.stats.engine.scale import Bools, Floats
from judge.stats.engine.statistic import Function, Statistic, average, combine, difference, quotient
from judge.stats.judge_human.all_pairs import GroupLevel, GroupRows, mean_level, person_rows
from judge.stats.judge_human.contrast import Contrast, positive

__all__: list[str] = []

_HUMAN, _JUDGE = 0, 1
Builder = Callable[[Floats], Statistic]


class MeansOfMany:
    """Means over people of a property of their scores, and of the judge's scores of the same items.

    Parameters
    ----------
    humans, judge : ndarray, shapes (n_items, n_humans) and (n_items,)
        Ratings, NaN where missing.
    sampling : Sampling
        Clusters, level and method: 'auto' or 'jackknife', without a sampling design.
    """

    def __init__(self, humans: Floats, judge: Floats, sampling: Sampling) -> None:
        self.humans, self.judge, self.sampling = humans, judge, sampling
        self.shared = ~np.isnan(humans) & ~np.isnan(judge)[:, None]
        item, person = np.nonzero(self.shared)
        columns = np.stack([humans[item, person], judge[item]], axis=1)
        self.rows = GroupRows.of(item, person, columns, len(humans), sampling.get("clusters"))

    def contrast(self, builder: Builder) -> Contrast:
        """Return the means over the people with a defined value, and their difference."""
        levels = [self._level(builder, side) for side in (_JUDGE, _HUMAN)]
        chosen = [~np.isnan(level.values) for level in levels]
        judge, human = (
            average(builder(self._column(self._first(of), side)))
            for of, side in zip(chosen, (_JUDGE, _HUMAN), strict=True)
        )
        of_judge, of_human = (_mean(self.rows, *of) for of in zip(levels, chosen, strict=True))
        gap = replace(
            of_judge, value=of_judge.value - of_human.value, jackknife=of_judge.jackknife - of_human.jackknife
        )
        return Contrast(
            self._estimate(judge, of_judge),
            self._estimate(human, of_human),
            self._estimate(difference(judge, human), gap),
        )

    def ratio(self, builder: Builder) -> Estimate:
        """Return the judge's mean over people's; undefined where one of them has no value."""
        levels = [self._level(builder, side) for side in (_JUDGE, _HUMAN)]
        first = [builder(self._column(0, side)) for side in (_JUDGE, _HUMAN)]
        statistic = combine(quotient, *first, possible=NOT_NEGATIVE)
        if len(self.rows.labels) < self.humans.shape[1] or any(np.isnan(of.values).any() for of in levels):
            return self._estimate(replace(statistic, undefined=NO_COMPLETE_PAIRS), _nothing())
        everyone = np.ones(len(self.rows.labels), dtype=bool)
        over, under = (_mean(self.rows, level, everyone) for level in levels)
        value, without = quotient(over.value, under.value), quotient(over.jackknife, under.jackknife)
        return self._estimate(statistic, replace(over, value=float(value), jackknife=without))

    def slope(self) -> Estimate | None:
        """Return the covariance of judge and the other people, over that of a person and the others.

        None if every person shares fewer than two items with judge and others.
        """
        rows = person_rows(self.humans, self.judge, "mean", self.sampling.get("clusters"))
        return of_mean_covariances(
            rows,
            (2, 1, 0),
            lambda cov: quotient(cov[:, 0, 2], positive(cov[:, 1, 2])),
            self.sampling,
            undefined=NO_ITEM_VARIANCE,
        )

    def _level(self, builder: Builder, side: int) -> GroupLevel:
        return GroupLevel.of(lambda x, _: builder(x), self.rows, side, side)

    def _first(self, chosen: Bools) -> int:
        return int(self.rows.labels[chosen][0]) if chosen.any() else 0

    def _column(self, person: int, side: int) -> Floats:
        column = self.judge if side == _JUDGE else self.humans[:, person]
        return np.where(self.shared[:, person], column, np.nan)

    def _estimate(self, statistic: Statistic, values: ResampledValues) -> Estimate:
        by_wilson = statistic.kind == "share" and self.sampling.get("method", "auto") == "auto"
        method: Method = "wilson" if by_wilson else "jackknife"
        replicates = Replicates({"": statistic}, {"": values}, {"": method}, self.rows.n_clusters)
        return replicates.estimate("", self.sampling.get("confidence_level", 0.95))


def of_mean_covariances(
    rows: GroupRows,
    columns: Sequence[int],
    function: Function,
    sampling: Sampling,
    undefined: Reason = NO_VARIATION,
    possible: Range = ANY_VALUE,
) -> Estimate | None:
    """Return a function of the covariances of columns within each group, averaged over groups.

    It is that of `PooledMoments`: matrices (R, p, p), with 1/n moments, to values (R,). None if no group has
    two rows.
    """
    chosen = rows.sizes >= 2
    if not chosen.any():
        return None
    p = len(columns)
    matrix, without = np.empty((1, p, p)), np.empty((rows.n_clusters, p, p))
    for i, j in combinations_with_replacement(range(p), 2):
        found = _mean(rows, GroupLevel.of(_covariance, rows, columns[i], columns[j]), chosen)
        matrix[:, i, j] = matrix[:, j, i] = found.value
        without[:, i, j] = without[:, j, i] = found.jackknife
    values = replace(found, value=float(function(matrix)[0]), jackknife=function(without))
    statistic = Statistic(
        rows.item,
        function,
        n_items=int(rows.items_with(chosen).sum()),
        n_ratings=2 * int(rows.sizes[chosen].sum()),
        undefined=undefined,
        minimum=possible[0],
        maximum=possible[1],
    )
    replicates = Replicates({"": statistic}, {"": values}, {"": "jackknife"}, rows.n_clusters)
    return replicates.estimate("", sampling.get("confidence_level", 0.95))


def _nothing() -> ResampledValues:
    return ResampledValues(float("nan"), np.empty(0), np.empty(0), np.empty(0))


def _mean(rows: GroupRows, level: GroupLevel, chosen: Bools) -> ResampledValues:
    if not chosen.any():
        return _nothing()
    found = mean_level(rows, [level], [chosen])
    return found if found.sizes is None else replace(found, sizes=rows.items_with(chosen))


def _covariance(x: Floats, y: Floats) -> Statistic:
    x, y = x - x.mean(), y - y.mean()

    def covariance(totals: Floats) -> Floats:
        mean_x, mean_y, product = quotient(totals[:, 1:], totals[:, :1]).T
        return np.asarray(product - mean_x * mean_y)

    return Statistic(np.column_stack([np.ones(len(x)), x, y, x * y]), covariance)
