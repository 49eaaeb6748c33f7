"""Human ceiling and judge level where ratings are slots ("rating 1 of this item"), not persons.

Slots of different items belong to different people, so only statistics that do not depend on the order of an
item's ratings mean anything: agreement of two ratings drawn from the same item, and of the judge with a
rating drawn from the item, both with pooled margins of people.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Literal, TypeAlias, Unpack, get_args

import numpy as np
from numpy.typing import ArrayLike

from judge.stats.coefficients.percent_agreement import ROUNDING, agreeing_share
from judge.stats.engine.estimate import (
    CORRELATION,
    NO_PAIRABLE_ITEMS,
    NOT_POSITIVE,
    TOO_FEW_ITEMS,
    Estimate,
    Range,
)
from judge.stats.engine.intervals import Method
from judge.stats.engine.resampling import Sampling, replicate
from judge.stats.engine.scale import Floats
from judge.stats.engine.statistic import (
    Statistic,
    StatisticKind,
    difference,
    quotient,
    undefined_statistic,
)
from judge.stats.engine.table import RatingTable, ScaleLike
from judge.stats.judge_human.ceiling import NOT_ABOVE_CHANCE, Ceiling, is_above_chance
from judge.stats.judge_human.consensus import humans_and_judge
from judge.stats.judge_human.shared_basis import method_for

__all__ = ["Measure", "exchangeable_ceiling"]

Measure = Literal["agreement", "kappa", "kappa_quadratic", "negated_mae"]
Pair: TypeAlias = tuple[Statistic, Statistic]


def exchangeable_ceiling(
    humans: ArrayLike,
    judge: ArrayLike,
    measure: Measure = "agreement",
    *,
    tolerance: float = 0.0,
    scale: ScaleLike = None,
    **sampling: Unpack[Sampling],
) -> Ceiling:
    """Human ceiling when raters are exchangeable: columns are rating slots and not persons.

    On the items with the judge and at least two ratings: people's level is that of a random pair of ratings
    of the item, the judge's that of the judge and a random rating. Chance is what pooled margins give: those
    of people twice (Fleiss), or those of people and of the judge. Items count equally.

    Do not use it if columns are persons: `pairwise_ceiling` then accounts for the margins of each.

    Parameters
    ----------
    humans : array_like of float, shape (n_items, n_slots)
        People's ratings in any order within an item, NaN where missing.
    judge : array_like of float, shape (n_items,)
        The judge's ratings, NaN where missing.
    measure : {'agreement', 'kappa', 'kappa_quadratic', 'negated_mae'}
        Share of pairs within `tolerance`; kappa without weights or with squared distances; minus the mean
        absolute difference.
    tolerance : float
        Largest difference that still counts as agreement.
    scale : Scale or sequence, optional
        The declared scale; labels need it.
    **sampling
        See `Sampling`; the default method is the jackknife.

    Returns
    -------
    Ceiling
        Without rows per person. Reordering the ratings of any item changes nothing. NaN with
        `no_pairable_items`, or with `too_few_items` for a kappa of one item.

    References
    ----------
    .. [1] J. L. Fleiss, 1971, doi:10.1037/h0031619.

    Examples
    --------
    >>> humans = [[1, 2, 1], [3, 3, 4], [5, 4, 5], [2, 2, 1], [4, 5, 4], [3, 2, 3]]
    >>> ceiling = exchangeable_ceiling(humans, [1, 3, 5, 2, 5, 3], "kappa_quadratic")
    >>> round(ceiling.human.value, 2), round(ceiling.judge.value, 2)
    (0.81, 0.9)
    """
    if measure not in get_args(Measure):
        raise ValueError(f"measure must be one of {', '.join(get_args(Measure))}; got {measure!r}.")
    of_humans, of_judge = humans_and_judge(humans, judge, scale)
    usable = ~np.isnan(of_judge) & ((~np.isnan(of_humans)).sum(axis=1) >= 2)
    if usable.sum() < (2 if measure.startswith("kappa") else 1):
        undefined = Estimate.undefined(TOO_FEW_ITEMS if usable.any() else NO_PAIRABLE_ITEMS)
        return Ceiling(undefined, undefined, undefined)
    j = np.where(usable, of_judge, np.nan)
    x = np.where(usable[:, None], of_humans, np.nan)
    person, model = _MEASURES[measure](j, x, tolerance)
    method: Method = sampling.get("method", "jackknife")
    replicates = replicate(
        {"human": person, "judge": model, "difference": difference(model, person)},
        clusters=sampling.get("clusters"),
        method=method,
        n_resamples=sampling.get("n_resamples", 10_000),
        rng=sampling.get("rng"),
        design=sampling.get("design"),
    )
    methods = {n: method_for(s.kind, replicates.methods[n]) for n, s in replicates.statistics.items()}
    replicates, confidence_level = (
        replace(replicates, methods=methods),
        sampling.get("confidence_level", 0.95),
    )
    human, machine, gap = (
        replicates.estimate(name, confidence_level) for name in ("human", "judge", "difference")
    )
    if measure.startswith("kappa") and not is_above_chance(human):
        human, machine, gap = (found.with_notes(NOT_ABOVE_CHANCE) for found in (human, machine, gap))
    return Ceiling(human, machine, gap, replicates=replicates)


def slot_statistic(humans: Floats, judge: Floats, measure: Measure, tolerance: float = 0.0) -> Statistic:
    """Return the agreement of the judge and a random rating of the item, on the items with both.

    >>> slot_statistic(np.array([[1.0, 2], [3, 3]]), np.array([1.0, 3]), "agreement").value()
    0.75
    """
    usable = ~np.isnan(judge) & ~np.isnan(humans).all(axis=1)
    if usable.sum() < (2 if measure.startswith("kappa") else 1):
        return undefined_statistic(len(judge), TOO_FEW_ITEMS if usable.any() else NO_PAIRABLE_ITEMS)
    j = np.where(usable, judge, np.nan)
    return _MEASURES[measure](j, np.where(usable[:, None], humans, np.nan), tolerance)[1]


def _statistic(
    columns: Floats,
    j: Floats,
    x: Floats,
    function: Callable[[Floats], Floats],
    kind: StatisticKind = "coefficient",
    possible: Range = CORRELATION,
) -> Statistic:
    used = ~np.isnan(j)
    sums = np.column_stack([used, np.where(used[:, None], columns, 0.0)]).astype(float)
    n_items, n_ratings = int(used.sum()), int(used.sum() + (~np.isnan(x)).sum())
    return Statistic(sums, function, kind, n_items, n_ratings, minimum=possible[0], maximum=possible[1])


def _mean(totals: Floats) -> Floats:
    return quotient(totals[:, 1], totals[:, 0])


def _n_pairs(x: Floats) -> Floats:
    m = (~np.isnan(x)).sum(axis=1)
    pairs: Floats = np.maximum(m * (m - 1), 1).astype(float)
    return pairs


def _agreement(j: Floats, x: Floats, tolerance: float) -> Pair:
    among = agreeing_share(RatingTable(x, np.empty(0)), tolerance)
    m = np.maximum((~np.isnan(x)).sum(axis=1), 1)
    with_judge = (np.abs(x - j[:, None]) <= tolerance + ROUNDING).sum(axis=1) / m
    people = _statistic(among[:, None], j, x, _mean, "share")
    return people, _statistic(with_judge[:, None], j, x, _mean, "share")


def _negated_mae(j: Floats, x: Floats, tolerance: float) -> Pair:  # noqa: ARG001 - one signature for all
    among = np.zeros(len(j))
    for column in x.T:
        among += np.nansum(np.abs(x - column[:, None]), axis=1)
    m = np.maximum((~np.isnan(x)).sum(axis=1), 1)
    to_judge = np.nansum(np.abs(x - j[:, None]), axis=1) / m
    people = _statistic(-(among / _n_pairs(x))[:, None], j, x, _mean, "plain", NOT_POSITIVE)
    return people, _statistic(-to_judge[:, None], j, x, _mean, "plain", NOT_POSITIVE)


def _kappa_quadratic(j: Floats, x: Floats, tolerance: float) -> Pair:  # noqa: ARG001 - one signature
    shift, unit = float(np.nanmean(x)), float(np.nanmax(x) - np.nanmin(x)) or 1.0
    j, x = (j - shift) / unit, (x - shift) / unit
    m = np.maximum((~np.isnan(x)).sum(axis=1), 1)
    total, squares = np.nansum(x, axis=1), np.nansum(x**2, axis=1)
    columns = np.column_stack(
        [total / m, squares / m, (total**2 - squares) / _n_pairs(x), j, j**2, j * total / m]
    )

    def people(totals: Floats) -> Floats:
        mean, square, product = quotient(totals[:, 1:4], totals[:, :1]).T
        return quotient(product - mean**2, square - mean**2)

    def model(totals: Floats) -> Floats:
        mean, square, _, judge, judge_square, product = quotient(totals[:, 1:], totals[:, :1]).T
        return 1 - quotient(judge_square - 2 * product + square, judge_square + square - 2 * judge * mean)

    return _statistic(columns, j, x, people), _statistic(columns, j, x, model)


def _kappa(j: Floats, x: Floats, tolerance: float) -> Pair:  # noqa: ARG001 - one signature for all
    points = np.unique(np.concatenate([x[~np.isnan(x)], j[~np.isnan(j)]]))
    counts = np.stack([(x == point).sum(axis=1) for point in points], axis=1).astype(float)
    shares = counts / np.maximum(counts.sum(axis=1), 1)[:, None]
    chosen = (j[:, None] == points).astype(float)
    among = (counts * (counts - 1)).sum(axis=1) / _n_pairs(x)
    k = len(points)

    def people(totals: Floats) -> Floats:
        agreeing, margins = quotient(totals[:, 1], totals[:, 0]), quotient(totals[:, 2:], totals[:, :1])
        return 1 - quotient(1 - agreeing, 1 - (margins**2).sum(axis=1))

    def model(totals: Floats) -> Floats:
        agreeing, margins = quotient(totals[:, 1], totals[:, 0]), quotient(totals[:, 2:], totals[:, :1])
        return 1 - quotient(1 - agreeing, 1 - (margins[:, :k] * margins[:, k:]).sum(axis=1))

    with_judge = (shares * chosen).sum(axis=1)
    return (
        _statistic(np.column_stack([among, shares]), j, x, people),
        _statistic(np.column_stack([with_judge, shares, chosen]), j, x, model),
    )


_MEASURES: dict[str, Callable[[Floats, Floats, float], Pair]] = {
    "agreement": _agreement,
    "kappa": _kappa,
    "kappa_quadratic": _kappa_quadratic,
    "negated_mae": _negated_mae,
}
