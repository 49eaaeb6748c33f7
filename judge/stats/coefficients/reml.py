"""Intraclass correlations when ratings are missing, by restricted maximum likelihood.

The model is rating = mean + item + rater + error, all random. The covariance of all ratings never has to
be written down: items are eliminated in closed form, which leaves one small system over raters whose
coefficients are sums over items. The likelihood is therefore a function of item sums, like every other
statistic here, and costs the same for a hundred items as for a million.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from typing import Literal, Unpack, get_args

import numpy as np
from numpy.typing import ArrayLike

from judge.stats.coefficients.icc_limits import MeanSquares
from judge.stats.engine.estimate import NO_VARIATION, Estimate
from judge.stats.engine.resampling import Sampling, Statistic, estimate
from judge.stats.engine.scale import Floats
from judge.stats.engine.statistic import undefined_statistic
from judge.stats.engine.table import ScaleLike, read_table

RemlForm = Literal["ICC(2,1)", "ICC(3,1)", "ICC(2,k)", "ICC(3,k)"]
_START = np.log([0.05, 0.02, 0.03])  # item, rater, error, in squared units of the range of the ratings
_NONE = 1e-6  # a component that is less of the total variance than this is none


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

    v_item / (v_item + v_rater + v_error), without v_rater in form 3, from variance components fitted by
    restricted maximum likelihood to rating = mean + item + rater + error.

    Do not use it for complete ratings: `icc` is faster, gives the same with positive variance components, and
    may be negative. Here a component that would be negative is 0, so the result never is.

    Parameters
    ----------
    *ratings : array_like
        One array of shape (n_items, n_raters), or one list per rater. None or NaN is missing.
    form : {'ICC(2,1)', 'ICC(3,1)', 'ICC(2,k)', 'ICC(3,k)'}
        2: severity counts as disagreement; 3: it does not. 'k': of the mean of all raters.
    scale : Scale or sequence, optional
        Allowed values; a rating off the scale is an error.
    **sampling
        See `Sampling`. 'auto' is 'analytic' here, with clusters the jackknife: every resample is a new fit
        (about 4 ms), so use 'bca' with a small `n_resamples` only. 'analytic' are the F intervals of [2]_ for
        normal ratings and independent items, with the harmonic means of the ratings of an item and of a
        rater as effective sizes [3]_, and with the residual degrees of freedom of all ratings. Raters are
        then random: the interval is about raters like these.

    Returns
    -------
    Estimate
        In 0..1. NaN with `no_variation`, `no_ratings`, `too_few_raters`, `no_pairable_items`,
        `too_few_items` (< 2 items with two ratings).

    References
    ----------
    .. [1] H. D. Patterson, R. Thompson, "Recovery of inter-block information when block sizes are
       unequal", 1971.
    .. [2] K. O. McGraw, S. P. Wong, 1996, doi:10.1037/1082-989X.1.1.30.
    .. [3] R. K. Burdick, F. A. Graybill, *Confidence Intervals on Variance Components*, 1992.

    Examples
    --------
    >>> scores = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, None, 6], [10, 5, 6, 9], [6, 2, 4, None]]
    >>> round(icc_reml(scores).value, 3)
    0.301
    """
    if sampling.get("method", "auto") == "auto":
        independent = sampling.get("clusters") is None and sampling.get("design") is None
        sampling["method"] = "analytic" if independent else "jackknife"
    statistic = _statistic(ratings, form, scale, is_resampled=sampling["method"] != "analytic")
    return estimate(statistic, **sampling)


def icc_reml_statistic(
    *ratings: ArrayLike, form: RemlForm = "ICC(2,1)", scale: ScaleLike = None
) -> Statistic:
    """Return `icc_reml` as a statistic for the resampling engine."""
    return _statistic(ratings, form, scale, is_resampled=True)


def _statistic(
    ratings: tuple[ArrayLike, ...], form: RemlForm, scale: ScaleLike, *, is_resampled: bool
) -> Statistic:
    """Return the statistic; one that is not resampled has no sums, a square of raters for each item."""
    if form not in get_args(RemlForm):
        raise ValueError(f"form must be one of {', '.join(get_args(RemlForm))}; got {form!r}.")
    table = read_table(ratings, scale)
    table.require_order("an intraclass correlation")
    problem = table.problem()
    if problem:
        return undefined_statistic(len(table.values), problem)
    unit = _unit(table.values)
    everything, layout = _total_sums(table.values / unit)
    n_items, n_raters = table.values.shape
    fitted, near = _fit(everything, layout, _START)

    def analytic(confidence_level: float) -> tuple[float, float, float]:
        squares = _mean_squares(fitted, table.values).with_noise(_smallest_step(table.values / unit))
        low, high = squares.limits(form, confidence_level)
        return low, max(high, fitted.icc(form, n_raters)), math.nan

    def coefficient(totals: Floats) -> Floats:
        return np.array([_fit(row, layout, near)[0].icc(form, n_raters) for row in totals])

    def of_everything(totals: Floats) -> Floats:
        return np.repeat(coefficient(everything[None, :]), len(totals))

    rated = table.per_item > 0
    return Statistic(
        _item_sums(table.values / unit) if is_resampled else np.empty((n_items, 0)),
        coefficient if is_resampled else of_everything,
        "coefficient",
        n_items=int(rated.sum()),
        n_ratings=table.n_ratings,
        undefined=NO_VARIATION,
        minimum=0.0,
        analytic=analytic,
        weighted=False,
    )


def _mean_squares(fitted: VarianceComponents, values: Floats) -> MeanSquares:
    """Return the mean squares that the components imply for balanced ratings of the same effective sizes."""
    present = ~np.isnan(values)
    of_item, of_rater = (counts[counts > 0] for counts in (present.sum(axis=1), present.sum(axis=0)))
    k, n = (counts.size / float(np.sum(1 / counts)) for counts in (of_item, of_rater))
    items, raters = fitted.error + k * fitted.item, fitted.error + n * fitted.rater
    df = of_item.size - 1, of_rater.size - 1
    of_noise = max(int(present.sum()) - of_item.size - of_rater.size + 1, 1)
    return MeanSquares(items, raters, fitted.error, n, k, (*df, of_noise))


def _smallest_step(values: Floats) -> float:
    return float(np.diff(np.unique(values[~np.isnan(values)])).min(initial=1.0))


def variance_components(*ratings: ArrayLike, scale: ScaleLike = None) -> VarianceComponents:
    """Return the variances of items, raters and error by restricted maximum likelihood.

    The model is rating = mean + item + rater + error; ratings may be missing. Do not use it to compare
    raters one by one (`severity`).

    Parameters
    ----------
    *ratings : array_like
        One array of shape (n_items, n_raters), or one list per rater. None or NaN is missing.
    scale : Scale or sequence, optional
        Allowed values; a rating off the scale is an error.

    Returns
    -------
    VarianceComponents
        In squared units of the ratings; NaN where `icc_reml` is undefined.

    References
    ----------
    .. [1] H. D. Patterson, R. Thompson, "Recovery of inter-block information when block sizes are
       unequal", 1971.

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
    fitted, _ = _fit(*_total_sums(table.values / unit), _START)
    return VarianceComponents(fitted.item * unit**2, fitted.rater * unit**2, fitted.error * unit**2)


def _unit(values: Floats) -> float:
    return float(np.nanmax(values) - np.nanmin(values)) or 1.0


@dataclass(frozen=True)
class _Layout:
    """Where the sums of items with m ratings lie in a row of totals."""

    sizes: Floats  # the distinct numbers of ratings m of an item
    n_raters: int


def _item_sums(values: Floats) -> Floats:
    """Return per item, in the block of its m: present raters' products u u', u s, s^2, y, y^2.

    u says which raters have rated (0/1), s is the sum of the item's ratings y.
    """
    u, y, m, s = _parts(values)
    blocks = [u[:, :, None] * u[:, None, :], (u * s[:, None])[:, :, None], (s**2)[:, None, None]]
    own = np.hstack([block.reshape(len(u), -1) for block in blocks])
    by_size = np.hstack([own * (m == size)[:, None] for size in _sizes(m)])
    return np.hstack([by_size, y, (y**2).sum(axis=1, keepdims=True)])


def _total_sums(values: Floats) -> tuple[Floats, _Layout]:
    """Return the totals of `_item_sums` over all items."""
    u, y, m, s = _parts(values)
    totals = []
    for size in _sizes(m):
        of, sums = u[m == size], s[m == size]
        totals += [(of.T @ of).ravel(), sums @ of, [sums @ sums]]
    everything = np.concatenate([*totals, y.sum(axis=0), [(y**2).sum()]])
    return everything, _Layout(_sizes(m), values.shape[1])


def _parts(values: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Return which raters have rated each item, their ratings, and the number and the sum of those."""
    present = ~np.isnan(values)
    u, y = present.astype(float), np.where(present, values - np.nanmean(values), 0.0)
    return u, y, u.sum(axis=1), y.sum(axis=1)


def _sizes(m: Floats) -> Floats:
    return np.unique(m[m > 0])


class _Criterion:
    """-2 x restricted log likelihood of the logarithms of the three variances."""

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

    def __call__(self, log_variances: Floats) -> float:
        item, rater, error = (math.exp(log) for log in log_variances)
        residual, log_determinants = self._pieces(item / error, rater / error)
        return (self.n - 1) * math.log(error) + log_determinants + residual / error

    def _pieces(self, item: float, rater: float) -> tuple[float, float]:
        """Return the weighted residual sum of squares and log determinants, in units of the error."""
        shrink = item / (1 + self.sizes * item)
        # I + item Z Z' is inverted item by item; what follows are products with its inverse.
        with_raters = np.diag(self.per_rater) - np.tensordot(shrink, self.together, axes=1)
        raters_y = self.y - shrink @ self.with_sums
        raters_one = with_raters.sum(axis=1)
        system = np.eye(len(raters_y)) + rater * with_raters
        by_one, by_y = np.linalg.solve(system, rater * np.column_stack([raters_one, raters_y])).T
        one_one = raters_one.sum() - raters_one @ by_one
        one_y = raters_y.sum() - raters_one @ by_y
        y_y = self.yy - shrink @ self.squared_sums - raters_y @ by_y
        log_determinants = self.n_items @ np.log1p(self.sizes * item) + np.linalg.slogdet(system)[1]
        return float(y_y - one_y**2 / one_one), float(log_determinants) + math.log(one_one)


def _fit(totals: Floats, layout: _Layout, start: Floats) -> tuple[VarianceComponents, Floats]:
    """Return the variance components that maximise the restricted likelihood, and their logarithms."""
    criterion = _Criterion(totals, layout)
    n = max(criterion.n, 1)  # a sample may hold no item at all
    total = (criterion.yy - criterion.y.sum() ** 2 / n) / max(n - 1, 1)
    if total <= 1e-12:
        return VarianceComponents(math.nan, math.nan, math.nan), start
    least = math.log(_NONE * total)
    found = _minimise(criterion, start, least, math.log(100 * total))
    for i in range(3):
        # The likelihood is flat towards 0 on a logarithmic scale: the search stops before it gets there.
        without = np.where(np.arange(3) == i, least, found)
        found = without if criterion(without) <= criterion(found) else found
    variances = [math.exp(log) if log > least + 0.7 else 0.0 for log in found]
    return VarianceComponents(*variances), found


def _minimise(function: Callable[[Floats], float], start: Floats, low: float, high: float) -> Floats:
    """Return the minimum inside the box low..high, by Newton steps that are halved until they descend.

    Three variables need no library; scipy's general method took ten times as long on a busy machine.
    """
    x = np.clip(start, low, high)
    value = function(x)
    for _ in range(100):
        gradient, curvature = _derivatives(function, x, value)
        free = ~((x <= low) & (gradient > 0) | (x >= high) & (gradient < 0))
        sizes, directions = np.linalg.eigh(curvature[np.ix_(free, free)])
        step = np.zeros_like(x)
        step[free] = -directions @ ((directions.T @ gradient[free]) / np.maximum(abs(sizes), 1e-2))
        step *= min(1.0, 2.0 / max(float(abs(step).max()), 1e-300))
        moved, value = _downhill(function, x, value, step, low, high)
        if abs(moved - x).max() < 1e-7:
            return moved
        x = moved
    return x


def _downhill(
    function: Callable[[Floats], float], x: Floats, value: float, step: Floats, low: float, high: float
) -> tuple[Floats, float]:
    """Return the first of the step, its half, its quarter ... that lowers the function, or no step."""
    for halvings in range(30):
        moved = np.clip(x + step / 2**halvings, low, high)
        reached = function(moved)
        if reached < value:
            return moved, reached
    return x, value


def _derivatives(function: Callable[[Floats], float], x: Floats, value: float) -> tuple[Floats, Floats]:
    """Return gradient and matrix of second derivatives by central differences."""
    h, axes = 1e-4, np.eye(len(x)) * 1e-4
    up, down = (np.array([function(x + sign * axis) for axis in axes]) for sign in (1, -1))
    curvature = np.diag((up - 2 * value + down) / h**2)
    for i, j in combinations(range(len(x)), 2):
        both = function(x + axes[i] + axes[j]) + function(x - axes[i] - axes[j])
        mixed = (both - up[i] - down[i] - up[j] - down[j] + 2 * value) / (2 * h**2)
        curvature[i, j] = curvature[j, i] = mixed
    return (up - down) / (2 * h), curvature
