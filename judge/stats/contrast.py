"""Judge minus human: the form in which every oddity of a judge is reported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from judge.stats.estimate import NO_COMPLETE_PAIRS, TOO_FEW_ITEMS, Estimate
from judge.stats.resampling import Method, Sampling, resample
from judge.stats.scale import Floats
from judge.stats.statistic import Function, Statistic, StatisticKind, combine, difference, quotient

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
        Judge minus human, paired: the finding. A property that people share is no fault of the judge.
    """

    judge: Estimate
    human: Estimate
    difference: Estimate


def contrasts(
    parts: Mapping[str, tuple[Sequence[Statistic], Sequence[Statistic]]], sampling: Sampling
) -> dict[str, Contrast]:
    """Compare means over statistics of the judge with means over those of people, on one set of weights.

    People or references without a defined value are left out of their mean. The jackknife is the default.
    """
    statistics: dict[str, Statistic] = {}
    for name, (of_judge, of_humans) in parts.items():
        judge, human = _mean_of_defined(of_judge), _mean_of_defined(of_humans)
        minus = difference(judge, human)
        statistics |= {f"{name} judge": judge, f"{name} human": human, f"{name} difference": minus}
    found = evaluate(statistics, sampling)
    return {n: Contrast(found[f"{n} judge"], found[f"{n} human"], found[f"{n} difference"]) for n in parts}


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
    return combine(lambda *values: np.mean(values, axis=0), *(defined or statistics), kind=statistics[0].kind)


def pooled_moments(
    groups: Sequence[Sequence[Floats]], function: Function, kind: StatisticKind = "plain"
) -> Statistic:
    """Return a statistic of a covariance matrix that is averaged over groups of columns.

    Each group holds the same p columns (the judge, a person, the others' consensus, say) for another person
    held out. The matrix of a group uses the items with all its columns; `function` maps matrices (R, p, p),
    with 1/n moments, to values (R,).
    """
    p = len(groups[0])
    tables = [_moment_sums(group) for group in groups]
    defined = [table for table in tables if table[:, 0].sum() >= 2] or tables[:1]

    def pooled(totals: Floats) -> Floats:
        parts = np.split(totals, len(defined), axis=1)
        return function(np.mean([_covariances(part, p) for part in parts], axis=0))

    used = np.any([table[:, 0] > 0 for table in defined], axis=0)
    n = int(used.sum())
    return Statistic(
        np.hstack(defined),
        pooled,
        kind,
        n_items=n,
        n_ratings=int(sum(table[:, 0].sum() for table in defined)) * 2,
        reason=TOO_FEW_ITEMS if 0 < n < 2 else NO_COMPLETE_PAIRS if n == 0 else None,
    )


def _moment_sums(columns: Sequence[Floats]) -> Floats:
    """Return per item 1, the p columns and their p^2 products; zeros where one is missing."""
    x: Floats = np.stack(columns, axis=1)
    used = np.asarray(~np.isnan(x).any(axis=1))
    centred = np.where(used[:, None], x - (x[used].mean(axis=0) if used.any() else 0.0), 0.0)
    products = (centred[:, :, None] * centred[:, None, :]).reshape(len(x), x.shape[1] ** 2)
    return np.column_stack([used.astype(float), centred, products])


def _covariances(totals: Floats, p: int) -> Floats:
    n = totals[:, :1]
    means = quotient(totals[:, 1 : p + 1], n)
    second = quotient(totals[:, p + 1 :], n).reshape(len(totals), p, p)
    return np.asarray(second - means[:, :, None] * means[:, None, :])
