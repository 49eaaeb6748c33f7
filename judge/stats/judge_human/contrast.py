"""A property of the judge, the same property of people, and the difference with its interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from judge.stats.engine.estimate import ANY_VALUE, NO_COMPLETE_PAIRS, TOO_FEW_ITEMS, Estimate, Range
from judge.stats.engine.intervals import Method
from judge.stats.engine.resampling import Sampling, resample
from judge.stats.engine.scale import Floats
from judge.stats.engine.statistic import Function, Statistic, average, difference, quotient

__all__ = ["Contrast"]


@dataclass(frozen=True, slots=True)
class Contrast:
    """A property of the judge beside the same property of people.

    Attributes
    ----------
    judge : Estimate
        Of the judge.
    human : Estimate
        Mean over single people.
    difference : Estimate
        Judge minus human, paired. A property that people share is no bias of the judge.
    """

    judge: Estimate
    human: Estimate
    difference: Estimate


Triple = tuple[Statistic, Statistic, Statistic]


def contrasts(parts: Mapping[str, Triple], sampling: Sampling) -> dict[str, Contrast]:
    """Estimate (judge, human, difference) of each part on one set of weights."""
    statistics = {f"{name} {i}": s for name, triple in parts.items() for i, s in enumerate(triple)}
    found = evaluate(statistics, sampling)
    return {n: Contrast(found[f"{n} 0"], found[f"{n} 1"], found[f"{n} 2"]) for n in parts}


def contrast_of_means(of_judge: Sequence[Statistic], of_humans: Sequence[Statistic]) -> Triple:
    """Return the mean over statistics of the judge, the mean over those of people, and their difference.

    People or references without a defined value are left out of their mean.
    """
    judge, human = _mean_of_defined(of_judge), _mean_of_defined(of_humans)
    return judge, human, difference(judge, human)


def evaluate(statistics: Mapping[str, Statistic], sampling: Sampling) -> dict[str, Estimate]:
    """Return the estimates, by default with Wilson's interval for shares and the jackknife for the rest.

    Both are deterministic and cheap for wide sums; a method that the caller chose holds for all.
    """
    if sampling.get("method", "auto") != "auto":
        return resample(statistics, **sampling)
    options = sampling.copy()
    found: dict[str, Estimate] = {}
    methods: tuple[Method, Method] = ("wilson", "jackknife")
    for method in methods:
        options["method"] = method
        chosen = {n: s for n, s in statistics.items() if (s.kind == "share") == (method == "wilson")}
        found |= resample(chosen, **options) if chosen else {}
    return found


def _mean_of_defined(statistics: Sequence[Statistic]) -> Statistic:
    if len(statistics) == 1:
        return statistics[0]
    defined = [s for s in statistics if not np.isnan(s.value())]
    return average(*(defined or statistics))


class PooledMoments:
    """Covariance matrices averaged over groups of columns, as sums over items.

    Each group holds the same p columns (the judge, a person, the others' consensus, say) for another person
    held out; its matrix uses the items with all its columns. Statistics of one instance share one table.
    """

    def __init__(self, groups: Sequence[Sequence[Floats]]) -> None:
        self.p = len(groups[0])
        tables = [_moment_sums(group) for group in groups]
        self.tables = [table for table in tables if table[:, 0].sum() >= 2] or tables[:1]
        self.sums = np.hstack(self.tables)
        self._last: tuple[Floats, Floats] | None = None

    def statistic(self, function: Function, possible: Range = ANY_VALUE) -> Statistic:
        """Return ``function`` of the mean matrix: (R, p, p), with 1/n moments, to values (R,)."""
        n = int(np.any([table[:, 0] > 0 for table in self.tables], axis=0).sum())
        return Statistic(
            self.sums,
            lambda totals: function(self._mean(totals)),
            n_items=n,
            n_ratings=int(sum(table[:, 0].sum() for table in self.tables)) * 2,
            reason=TOO_FEW_ITEMS if 0 < n < 2 else NO_COMPLETE_PAIRS if n == 0 else None,
            minimum=possible[0],
            maximum=possible[1],
        )

    def contrast(self, of_judge: Function, of_human: Function, possible: Range = ANY_VALUE) -> Triple:
        """Return a property of the judge, the same of people, and their difference."""
        width = possible[1] - possible[0]
        both = self.statistic(lambda c: of_judge(c) - of_human(c), (-width, width))
        return self.statistic(of_judge, possible), self.statistic(of_human, possible), both

    def _mean(self, totals: Floats) -> Floats:
        """Return the mean matrix of each row of totals; all statistics of the instance use the last one."""
        if self._last is None or self._last[0] is not totals:
            parts = np.split(totals, len(self.tables), axis=1)
            self._last = totals, np.asarray(np.mean([_covariances(part, self.p) for part in parts], axis=0))
        return self._last[1]


def positive(variance: Floats) -> Floats:
    """Return a variance that people have in common, NaN where it is not above 0: then there is none."""
    return np.where(variance > 1e-12, variance, np.nan)


def _moment_sums(columns: Sequence[Floats]) -> Floats:
    """Return per item 1, the p columns and their p(p + 1)/2 products; zeros where one is missing."""
    x: Floats = np.stack(columns, axis=1)
    used = np.asarray(~np.isnan(x).any(axis=1))
    centred = np.where(used[:, None], x - (x[used].mean(axis=0) if used.any() else 0.0), 0.0)
    rows, others = np.triu_indices(x.shape[1])
    return np.column_stack([used.astype(float), centred, centred[:, rows] * centred[:, others]])


def _covariances(totals: Floats, p: int) -> Floats:
    n = totals[:, :1]
    means = quotient(totals[:, 1 : p + 1], n)
    rows, others = np.triu_indices(p)
    covariance = np.empty((len(totals), p, p))
    covariance[:, rows, others] = quotient(totals[:, p + 1 :], n) - means[:, rows] * means[:, others]
    covariance[:, others, rows] = covariance[:, rows, others]
    return covariance
