"""Linear correlation of two raters: Pearson's and Lin's concordance."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Literal, Unpack

import numpy as np
from numpy.typing import ArrayLike

from judge.stats.engine import limits
from judge.stats.engine.added_items import are_spread_over, cells_of_added_items
from judge.stats.engine.estimate import NO_COMPLETE_PAIRS, NO_RATINGS, TOO_FEW_ITEMS, Estimate, Reason
from judge.stats.engine.resampling import Sampling, Statistic, estimate, quotient
from judge.stats.engine.scale import Floats
from judge.stats.engine.statistic import Analytic, WithAdded, undefined_statistic
from judge.stats.engine.table import RatingTable, read_table

_ZERO = 1e-12  # a variance in units of the range: rounding, not variation


def pearson(human: ArrayLike, judge: ArrayLike, **sampling: Unpack[Sampling]) -> Estimate:
    """Pearson's correlation: how close two raters' scores are to a straight line.

    r = cov(x, y) / (sd(x) sd(y)), on the items with both scores.

    Do not use it as evidence of agreement: a judge that is always one point too high has r = 1. Show it
    beside a measure of agreement (`concordance`, `mean_absolute_error`). For the order of items alone, or
    with outliers, use `spearman` or `kendall_tau_b`.

    Parameters
    ----------
    human, judge : array_like, shape (n_items,)
        Scores; None or NaN is missing. Items with both are used.
    **sampling
        `clusters`, `confidence_level`, `method`, `n_resamples`, `rng`: see `Sampling`.
        ``method='analytic'`` is Fisher's z.

    Returns
    -------
    Estimate
        In -1..1. NaN with `no_variation` if a rater is constant, `no_ratings`, `no_complete_pairs`,
        `too_few_items` (< 2).

    References
    ----------
    .. [1] R. A. Fisher, "On the 'probable error' of a coefficient of correlation deduced from a small
       sample", Metron 1, 1921 (the z transformation of the analytic interval).

    Examples
    --------
    >>> round(pearson([1, 2, 3, 4, 5], [2, 1, 4, 3, 5]).value, 3)
    0.8
    """
    return estimate(pearson_statistic(human, judge), **sampling)


def pearson_statistic(human: ArrayLike, judge: ArrayLike) -> Statistic:
    """Return `pearson` as a statistic for the resampling engine."""
    # Each rater on its own scale: 1-5 against a length in characters loses no digits.
    return _moment_statistic(read_table((human, judge)), _pearson, _fisher_limits, axis=0)


def concordance(human: ArrayLike, judge: ArrayLike, **sampling: Unpack[Sampling]) -> Estimate:
    """Lin's concordance correlation: agreement of two raters on a numeric scale.

    2 cov(x, y) / (var(x) + var(y) + (mean(x) - mean(y))^2), moments with 1/n: Pearson's correlation, lowered
    by differences in mean and spread. It equals Cohen's kappa with quadratic weights; report one of them.

    Do not compare it between sets of items that differ in spread: the same errors give a lower value where
    the items are more alike. Show `bias` and `mean_absolute_error` as well.

    Parameters as in `pearson`; ``method='analytic'`` is Lin's variance on the scale of Fisher's z.

    Returns
    -------
    Estimate
        In -1..1; 0 if one rater is constant. NaN with `no_variation` if both give one and the same
        score, otherwise as in `pearson`.

    References
    ----------
    .. [1] L. I. Lin, 1989, doi:10.2307/2532051.

    Examples
    --------
    >>> round(concordance([1, 2, 3, 4, 5], [2, 3, 4, 5, 6]).value, 3)
    0.8
    """
    return estimate(concordance_statistic(human, judge), **sampling)


def concordance_statistic(human: ArrayLike, judge: ArrayLike, *, scale: Floats | None = None) -> Statistic:
    """Return `concordance` as a statistic for the resampling engine.

    Of scores on the points of a `scale` it is quadratic kappa, and its interval is that of kappa.
    """
    # One origin and unit for both raters: their differences in level and spread must survive.
    return _moment_statistic(read_table((human, judge)), _concordance, _lin_limits, axis=None, scale=scale)


def pair_problem(table: RatingTable) -> Reason | None:
    """Return why two raters cannot be correlated, or None."""
    n_pairs = int(table.complete.sum())
    if n_pairs >= 2:
        return None
    if not table.present.any():
        return NO_RATINGS
    return TOO_FEW_ITEMS if n_pairs else NO_COMPLETE_PAIRS


def pair_sizes(table: RatingTable) -> tuple[int, int, int]:
    """Return items, ratings used and ratings dropped of two raters."""
    n_pairs = int(table.complete.sum())
    return n_pairs, 2 * n_pairs, table.n_ratings - 2 * n_pairs


def _moment_statistic(
    table: RatingTable,
    function: Callable[[Floats], Floats],
    interval: Callable[[Floats, float], Analytic],
    axis: Literal[0] | None,
    scale: Floats | None = None,
) -> Statistic:
    """Return a function of the means, variances and covariance of two raters.

    Scores are centred and divided by their range, each rater's own (`axis` 0) or that of both (None).
    """
    table.require_order("a correlation")
    problem = pair_problem(table)
    if problem:
        return undefined_statistic(len(table.values), problem)
    values = np.where(table.complete[:, None], table.values, 0.0)
    used = values[table.complete]
    unit = np.ptp(used, axis=axis)
    centre, unit = used.mean(axis=axis), np.where(unit > 0, unit, 1.0)
    x, y = (table.complete[:, None] * (values - centre) / unit).T
    sums = _moments(table.complete, x, y)
    added = None
    if scale is not None and are_spread_over(len(scale)):
        points = (np.asarray(scale, dtype=float) - centre) / unit
        added = _with_added_items(function, points)
    analytic = interval(sums.sum(axis=0), float(table.complete.sum()))
    sizes = pair_sizes(table)
    return Statistic(sums, function, "coefficient", *sizes, minimum=-1.0, analytic=analytic, added=added)


def _moments(one: ArrayLike, x: Floats, y: Floats) -> Floats:
    sums = np.empty((len(x), 6))
    for column, values in enumerate((one, x, y, x * x, y * y, x * y)):
        sums[:, column] = values
    return sums


def _with_added_items(function: Callable[[Floats], Floats], points: Floats) -> WithAdded:
    """Return the function with added items, whose moments are computed where they are asked for."""

    @cache
    def rows() -> Floats:
        x, y = np.stack(np.meshgrid(points, points)).reshape(2, -1)
        return cells_of_added_items(points.size) @ _moments(1.0, x, y)

    return lambda totals, masses: function(totals + masses @ rows())


def _central_moments(totals: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Return difference of means, both variances and the covariance, moments with 1/n."""
    n = totals[:, :1]
    mx, my, xx, yy, xy = quotient(totals[:, 1:], n).T
    return mx - my, xx - mx**2, yy - my**2, xy - mx * my


def _pearson(totals: Floats) -> Floats:
    _, vx, vy, cov = _central_moments(totals)
    defined = (vx > _ZERO) & (vy > _ZERO)
    r = quotient(cov, np.sqrt(np.where(defined, vx * vy, 0.0)))
    return np.clip(r, -1.0, 1.0)


def _concordance(totals: Floats) -> Floats:
    shift, vx, vy, cov = _central_moments(totals)
    return quotient(2 * cov, vx + vy + shift**2, _ZERO)


def _fisher_limits(totals: Floats, n: float) -> Analytic:
    def analytic(confidence_level: float) -> tuple[float, float, float]:
        r = float(_pearson(totals[None, :])[0])
        if not abs(r) < 1 or n <= 3:
            return math.nan, math.nan, math.nan
        low, high = limits.symmetric_limits(math.atanh(r), 1 / math.sqrt(n - 3), confidence_level)
        return math.tanh(low), math.tanh(high), math.nan

    return analytic


def _lin_limits(totals: Floats, n: float) -> Analytic:
    def analytic(confidence_level: float) -> tuple[float, float, float]:
        shift, vx, vy, _ = (float(moment[0]) for moment in _central_moments(totals[None, :]))
        r, c = float(_pearson(totals[None, :])[0]), float(_concordance(totals[None, :])[0])
        if math.isnan(r) or r == 0 or not abs(c) < 1 or n <= 2:
            return math.nan, math.nan, math.nan
        u2 = shift**2 / math.sqrt(vx * vy)
        variance = (
            (1 - r**2) * c**2 * (1 - c**2) / r**2 + 2 * c**3 * (1 - c) * u2 / r - c**4 * u2**2 / (2 * r**2)
        )
        se = math.sqrt(variance / (n - 2))
        low, high = limits.symmetric_limits(math.atanh(c), se / (1 - c**2), confidence_level)
        return math.tanh(low), math.tanh(high), se

    return analytic
