"""Intraclass correlations when ratings are missing, by restricted maximum likelihood.

The model is rating = mean + item + rater + error, all random. The covariance of all ratings never has to
be written down: items are eliminated in closed form, which leaves one small system over raters whose
coefficients are sums over items. The likelihood is therefore a function of item sums, like every other
statistic here, and costs the same for a hundred items as for a million.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, Unpack, get_args

import numpy as np
from numpy.typing import ArrayLike

from judge.stats.estimate import NO_VARIATION, Estimate
from judge.stats.resampling import Sampling, Statistic, estimate
from judge.stats.scale import Floats
from judge.stats.statistic import undefined_statistic
from judge.stats.table import ScaleLike, read_table

RemlForm = Literal["ICC(2,1)", "ICC(3,1)", "ICC(2,k)", "ICC(3,k)"]
_LOWEST, _HIGHEST = -18.0, 18.0  # of the log variance ratios: a component of 1e-8 of the error is none


@dataclass(frozen=True)
class VarianceComponents:
    """Variances of items, raters and error, in squared units of the ratings."""

    item: float
    rater: float
    error: float

    def icc(self, form: RemlForm, n_raters: int) -> float:
        """Return the intraclass correlation of one rater, or of the mean of `n_raters`; NaN for 0/0."""
        noise = self.error if form[4] == "3" else self.error + self.rater
        total = self.item + (noise / n_raters if form.endswith("k)") else noise)
        return self.item / total if total > 0 else math.nan


def icc_reml(
    *ratings: ArrayLike, form: RemlForm = "ICC(2,1)", scale: ScaleLike = None, **sampling: Unpack[Sampling]
) -> Estimate:
    """Intraclass correlation with missing ratings: no item is dropped.

    On complete ratings with positive variance components it equals `icc`. A component that would be
    negative is 0 here, so the result is never negative.

    Parameters
    ----------
    *ratings : array_like
        One array of shape (n_items, n_raters), or one list per rater. None or NaN is missing.
    form : {'ICC(2,1)', 'ICC(3,1)', 'ICC(2,k)', 'ICC(3,k)'}
        2: severity counts as disagreement; 3: it does not. 'k': of the mean of all raters.
    scale : Scale or sequence, optional
        Allowed values; a rating off the scale is an error.
    **sampling
        See `judge.stats.resampling.Sampling`. 'auto' is the jackknife here: every resample is a new
        fit (about 3 ms), so ask for 'bca' with a small `n_resamples` only.

    Returns
    -------
    Estimate
        In 0..1. NaN with `no_variation`, `no_ratings`, `too_few_raters`, `no_pairable_items`,
        `too_few_items` (< 2 items with two ratings).

    References
    ----------
    .. [1] H. D. Patterson, R. Thompson, "Recovery of inter-block information when block sizes are
       unequal", 1971.

    Examples
    --------
    >>> scores = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, None, 6], [10, 5, 6, 9], [6, 2, 4, None]]
    >>> round(icc_reml(scores).value, 3)
    0.301
    """
    if sampling.get("method", "auto") == "auto":
        sampling["method"] = "jackknife"
    return estimate(icc_reml_statistic(*ratings, form=form, scale=scale), **sampling)


def icc_reml_statistic(
    *ratings: ArrayLike, form: RemlForm = "ICC(2,1)", scale: ScaleLike = None
) -> Statistic:
    """Return `icc_reml` as a statistic for the resampling engine."""
    if form not in get_args(RemlForm):
        raise ValueError(f"form must be one of {', '.join(get_args(RemlForm))}; got {form!r}.")
    table = read_table(ratings, scale)
    table.require_order("an intraclass correlation")
    problem = table.problem()
    if problem:
        return undefined_statistic(len(table.values), problem)
    unit = _unit(table.values)
    sums, layout = _item_sums(table.values / unit)
    n_raters = table.values.shape[1]

    def coefficient(totals: Floats) -> Floats:
        return np.array([_fit(row, layout).icc(form, n_raters) for row in totals])

    rated = table.per_item > 0
    return Statistic(
        sums,
        coefficient,
        "coefficient",
        n_items=int(rated.sum()),
        n_ratings=table.n_ratings,
        undefined=NO_VARIATION,
    )


def variance_components(*ratings: ArrayLike, scale: ScaleLike = None) -> VarianceComponents:
    """Return the variances of items, raters and error by restricted maximum likelihood.

    Examples
    --------
    >>> components = variance_components([[1, 2], [3, 4], [5, 7], [2, None]])
    >>> components.item > components.rater > components.error
    True
    """
    table = read_table(ratings, scale)
    problem = table.problem()
    if problem:
        return VarianceComponents(math.nan, math.nan, math.nan)
    unit = _unit(table.values)
    sums, layout = _item_sums(table.values / unit)
    fitted = _fit(sums.sum(axis=0), layout)
    return VarianceComponents(fitted.item * unit**2, fitted.rater * unit**2, fitted.error * unit**2)


def _unit(values: Floats) -> float:
    return float(np.nanmax(values) - np.nanmin(values)) or 1.0


@dataclass(frozen=True)
class _Layout:
    """Where the sums of items with m ratings lie in a row of totals."""

    sizes: Floats  # the distinct numbers of ratings m of an item
    n_raters: int


def _item_sums(values: Floats) -> tuple[Floats, _Layout]:
    """Return per item, in the block of its m: present raters' products u u', u s, s^2, y, y^2.

    u says which raters have rated (0/1), s is the sum of the item's ratings y.
    """
    present = ~np.isnan(values)
    u, y = present.astype(float), np.where(present, values - np.nanmean(values), 0.0)
    m, s = u.sum(axis=1), y.sum(axis=1)
    blocks = [u[:, :, None] * u[:, None, :], (u * s[:, None])[:, :, None], (s**2)[:, None, None]]
    own = np.hstack([block.reshape(len(u), -1) for block in blocks])
    sizes = np.unique(m[m > 0])
    by_size = np.hstack([own * (m == size)[:, None] for size in sizes])
    return np.hstack([by_size, y, (y**2).sum(axis=1, keepdims=True)]), _Layout(sizes, values.shape[1])


class _Criterion:
    """-2 x restricted log likelihood, as a function of the log ratios item/error and rater/error."""

    def __init__(self, totals: Floats, layout: _Layout) -> None:
        k = layout.n_raters
        blocks = totals[: -k - 1].reshape(len(layout.sizes), k * k + k + 1)
        self.sizes = layout.sizes
        self.together = blocks[:, : k * k].reshape(-1, k, k)
        self.with_sums = blocks[:, k * k : -1]
        self.squared_sums = blocks[:, -1]
        self.y, self.yy = totals[-k - 1 : -1], totals[-1]
        self.per_rater = np.diagonal(self.together, axis1=1, axis2=2).sum(axis=0)
        self.n_items = np.trace(self.together, axis1=1, axis2=2) / self.sizes
        self.n = float(self.per_rater.sum())

    def __call__(self, log_ratios: Floats) -> float:
        error, log_determinants = self._pieces(log_ratios)
        return (self.n - 1) * math.log(max(error, 1e-300)) + log_determinants

    def error(self, log_ratios: Floats) -> float:
        """Return the error variance that is best for these ratios."""
        return self._pieces(log_ratios)[0]

    def _pieces(self, log_ratios: Floats) -> tuple[float, float]:
        item, rater = np.exp(np.clip(log_ratios, _LOWEST, _HIGHEST))
        shrink = item / (1 + self.sizes * item)
        # A = I + item Z Z' is inverted item by item; C, c and the scalars are products with its inverse.
        with_raters = np.diag(self.per_rater) - np.tensordot(shrink, self.together, axes=1)
        raters_y = self.y - shrink @ self.with_sums
        raters_one = with_raters.sum(axis=1)
        one_one, one_y = raters_one.sum(), raters_y.sum()
        y_y = self.yy - shrink @ self.squared_sums
        system = np.eye(len(raters_y)) + rater * with_raters
        solved = np.linalg.solve(system, rater * np.column_stack([raters_one, raters_y]))
        one_one -= raters_one @ solved[:, 0]
        one_y -= raters_one @ solved[:, 1]
        y_y -= raters_y @ solved[:, 1]
        log_det = (
            self.n_items @ np.log1p(self.sizes * item) + np.linalg.slogdet(system)[1] + math.log(one_one)
        )
        residual = max(float(y_y - one_y**2 / one_one), 0.0)
        return residual / (self.n - 1), float(log_det)


def _fit(totals: Floats, layout: _Layout) -> VarianceComponents:
    """Return the variance components that maximise the restricted likelihood; NaN without variation."""
    criterion = _Criterion(totals, layout)
    if criterion.n < 3 or criterion.yy - criterion.y.sum() ** 2 / criterion.n <= 1e-12:
        return VarianceComponents(math.nan, math.nan, math.nan)
    best = _minimise(criterion)
    item, rater = (0.0 if log <= _LOWEST + 1 else math.exp(log) for log in best)
    if max(best) >= _HIGHEST - 1:  # no error at all: only the proportion of item to rater is left
        return VarianceComponents(item / math.exp(_HIGHEST), rater / math.exp(_HIGHEST), 0.0)
    error = criterion.error(best)
    return VarianceComponents(item * error, rater * error, error)


def _minimise(criterion: _Criterion) -> Floats:
    from scipy.optimize import minimize

    bounds = [(_LOWEST, _HIGHEST)] * 2
    near = minimize(criterion, np.array([0.0, -2.0]), method="L-BFGS-B", bounds=bounds)
    # Numerical gradients stop at about 1e-5; the simplex takes it from there.
    exact = minimize(
        criterion, near.x, method="Nelder-Mead", bounds=bounds, options={"xatol": 1e-7, "fatol": 1e-10}
    )
    return np.asarray(exact.x, dtype=float)
