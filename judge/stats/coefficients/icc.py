"""Intraclass correlations of complete ratings, in the six forms of Shrout and Fleiss."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal, Unpack, get_args

import numpy as np
from numpy.typing import ArrayLike

from judge.stats.coefficients.icc_limits import MeanSquares
from judge.stats.engine.estimate import NO_ITEM_VARIANCE, NO_VARIATION, Estimate
from judge.stats.engine.limits import Limits
from judge.stats.engine.resampling import Sampling, Statistic, estimate, quotient
from judge.stats.engine.scale import Floats
from judge.stats.engine.statistic import undefined_statistic
from judge.stats.engine.table import RatingTable, ScaleLike, read_table

Form = Literal["ICC(1,1)", "ICC(2,1)", "ICC(3,1)", "ICC(1,k)", "ICC(2,k)", "ICC(3,k)"]


def icc(
    *ratings: ArrayLike, form: Form = "ICC(2,1)", scale: ScaleLike = None, **sampling: Unpack[Sampling]
) -> Estimate:
    """Intraclass correlation from the analysis of variance of complete ratings.

    The share of the variance of ratings that is due to items: v_item / (v_item + v_rater + v_error), without
    v_rater in form 3. Form 1: each item has its own raters, or columns are slots and not people. Form 2: the
    same raters, seen as a sample of raters; differences in severity count as disagreement. Form 3: severity
    is removed (consistency). 'k' is the reliability of the mean of all raters.

    Do not use it with missing ratings (`icc_reml` keeps them), for categories (`fleiss_kappa`), or to compare
    sets of items that differ in spread. Do not report a 'k' form as the agreement of single raters.

    Parameters
    ----------
    *ratings : array_like
        One array of shape (n_items, n_raters), or one list per rater. Items with a missing rating are
        dropped.
    form : {'ICC(1,1)', 'ICC(2,1)', 'ICC(3,1)', 'ICC(1,k)', 'ICC(2,k)', 'ICC(3,k)'}
        Which correlation; default 'ICC(2,1)'.
    scale : Scale or sequence, optional
        Allowed values; a rating off the scale is an error.
    **sampling
        `clusters`, `confidence_level`, `method`, `n_resamples`, `rng`: see `Sampling`.
        ``method='analytic'`` uses the F intervals of [2]_ (normal ratings, independent items). So does every
        other method where resamples do not vary, as with perfect agreement; without any noise, the limits
        allow for half a rating that differs by the smallest step.

    Returns
    -------
    Estimate
        At most 1, may be negative. NaN with `no_item_variance` (mean-of-raters forms, if the variance of
        item means is not above 0), `no_variation`, `no_complete_pairs`, `too_few_items` (< 2).

    References
    ----------
    .. [1] P. E. Shrout, J. L. Fleiss, 1979, doi:10.1037/0033-2909.86.2.420.
    .. [2] K. O. McGraw, S. P. Wong, 1996, doi:10.1037/1082-989X.1.1.30.

    Examples
    --------
    >>> scores = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
    >>> print(icc(scores, form="ICC(3,1)", method="analytic"))
    0.715 [0.342, 0.946]
    """
    statistic = icc_statistic(*ratings, form=form, scale=scale)
    found = estimate(statistic, **sampling)
    if not found.defined or found.reason != NO_VARIATION or sampling.get("design") is not None:
        return found
    n = min(found.n_clusters, found.n_items)
    low, high = _limits(form, np.asarray(statistic.sums, dtype=float), n, found.confidence_level)
    if math.isnan(low):
        return found
    return replace(found, low=low, high=high, method="analytic", reason=None)


def icc_statistic(*ratings: ArrayLike, form: Form = "ICC(2,1)", scale: ScaleLike = None) -> Statistic:
    """Return `icc` as a statistic for the resampling engine."""
    if form not in get_args(Form):
        raise ValueError(f"form must be one of {', '.join(get_args(Form))}; got {form!r}.")
    table = read_table(ratings, scale)
    table.require_order("an intraclass correlation")
    problem = table.problem(complete=True)
    if problem:
        return undefined_statistic(len(table.values), problem)
    n_items, n_raters = int(table.complete.sum()), table.values.shape[1]
    x = _rescaled(table)
    sums = np.column_stack([table.complete, x, x.sum(axis=1) ** 2 / n_raters, (x**2).sum(axis=1)])

    def coefficient(totals: Floats) -> Floats:
        return _COEFFICIENT[form](_mean_squares(totals))

    def analytic(confidence_level: float) -> tuple[float, float, float]:
        return (*_limits(form, sums, n_items, confidence_level), math.nan)

    return Statistic(
        sums,
        coefficient,
        "coefficient",
        n_items=n_items,
        n_ratings=n_items * n_raters,
        n_dropped=table.n_ratings - n_items * n_raters,
        # A mean of raters is undefined only if it does not differ between items.
        undefined=NO_ITEM_VARIANCE if form.endswith("k)") else NO_VARIATION,
        minimum=_smallest(form, n_items, n_raters),
        analytic=analytic,
    )


def _smallest(form: Form, n: int, k: int) -> float:
    """Return the smallest possible value: that of items with one mean. A mean of raters has none."""
    if form.endswith("k)"):
        return -math.inf
    of_raters = k / n if form == "ICC(2,1)" else 0.0
    return -1 / (k - 1 - of_raters) if k - 1 > of_raters else -math.inf


def _rescaled(table: RatingTable) -> Floats:
    """Return complete ratings in units of their range, 0 elsewhere, so that zero variance is recognised."""
    complete = table.values[table.complete]
    x = np.zeros_like(table.values)
    x[table.complete] = (complete - complete.mean()) / (np.ptp(complete) or 1.0)
    return x


_ZERO = 1e-12


@dataclass(frozen=True)
class _MeanSquares:
    """Mean squares of each sample (R,): items, raters, residual, and within items; and the sizes."""

    items: Floats
    raters: Floats
    residual: Floats
    within: Floats
    n: Floats
    k: int


def _mean_squares(totals: Floats) -> _MeanSquares:
    n, columns = totals[:, 0], totals[:, 1:-2]
    k = columns.shape[1]
    correction = quotient(columns.sum(axis=1) ** 2, n * k)
    items = totals[:, -2] - correction
    raters = quotient((columns**2).sum(axis=1), n) - correction
    within = totals[:, -1] - totals[:, -2]
    return _MeanSquares(
        quotient(items, n - 1),
        raters / (k - 1),
        quotient(np.maximum(within - raters, 0.0), (n - 1) * (k - 1)),
        quotient(within, n * (k - 1)),
        n,
        k,
    )


def _one_way(s: _MeanSquares) -> Floats:
    return quotient(s.items - s.within, s.items + (s.k - 1) * s.within, _ZERO)


def _two_way(s: _MeanSquares) -> Floats:
    severity = quotient(s.raters - s.residual, s.n)
    return quotient(s.items - s.residual, s.items + (s.k - 1) * s.residual + s.k * severity, _ZERO)


def _consistency(s: _MeanSquares) -> Floats:
    return quotient(s.items - s.residual, s.items + (s.k - 1) * s.residual, _ZERO)


def _where_items_differ(s: _MeanSquares, values: Floats) -> Floats:
    return np.where(s.items > _ZERO, values, np.nan)


def _two_way_mean(s: _MeanSquares) -> Floats:
    # Chance can make this estimate of the variance of means negative: then there is no reliability.
    variance = s.items + quotient(s.raters - s.residual, s.n)
    above_zero = np.where(variance > _ZERO, variance, np.nan)
    return _where_items_differ(s, (s.items - s.residual) / above_zero)


_COEFFICIENT: dict[str, Callable[[_MeanSquares], Floats]] = {
    "ICC(1,1)": _one_way,
    "ICC(2,1)": _two_way,
    "ICC(3,1)": _consistency,
    "ICC(1,k)": lambda s: _where_items_differ(s, quotient(s.items - s.within, s.items, _ZERO)),
    "ICC(2,k)": _two_way_mean,
    "ICC(3,k)": lambda s: _where_items_differ(s, quotient(s.items - s.residual, s.items, _ZERO)),
}


def _limits(form: Form, sums: Floats, n: int, confidence_level: float) -> Limits:
    """Return F limits from sums of `n` independent items, or clusters of them."""
    totals = sums.sum(axis=0)[None, :]
    found = _mean_squares(totals)
    k, one_way = found.k, form[4] == "1"
    items, raters, noise = (
        float(squares[0])
        for squares in (found.items, found.raters, found.within if one_way else found.residual)
    )
    df = (n - 1, k - 1, n * (k - 1) if one_way else (n - 1) * (k - 1))
    values = np.unique(sums[sums[:, 0] > 0, 1:-2])
    squares = MeanSquares(items, raters, noise, n, k, df).with_noise(float(np.diff(values).min(initial=1.0)))
    low, high = squares.limits(form, confidence_level)
    return low, max(high, float(_COEFFICIENT[form](found)[0]))
