"""Differences between two raters' scores: mean absolute error, root mean square error and bias."""

from __future__ import annotations

from collections.abc import Callable
from typing import Unpack

import numpy as np
from numpy.typing import ArrayLike

from judge.stats.engine.estimate import NO_COMPLETE_PAIRS, NO_RATINGS, Estimate, Reason
from judge.stats.engine.resampling import Sampling, Statistic, estimate, quotient
from judge.stats.engine.scale import Floats
from judge.stats.engine.table import read_table


def mean_absolute_error(human: ArrayLike, judge: ArrayLike, **sampling: Unpack[Sampling]) -> Estimate:
    """Mean absolute difference of two raters' scores, in units of the scale.

    mean(|judge - human|).

    Do not compare it between scales of different length, nor with 0: compare it with the distance between
    people (`leave_one_out`). A judge that always gives the median score can have a small distance; show a
    correlation as well.

    Parameters
    ----------
    human, judge : array_like, shape (n_items,)
        Scores; None or NaN is missing. Items with both are used.
    **sampling
        `clusters`, `confidence_level`, `method`, `n_resamples`, `rng`: see `Sampling`.

    Returns
    -------
    Estimate
        0 or more. NaN with `no_ratings` or `no_complete_pairs`.

    Examples
    --------
    >>> mean_absolute_error([3, 5, 5], [4, 5, 3]).value
    1.0
    """
    return estimate(mean_absolute_error_statistic(human, judge), **sampling)


def mean_absolute_error_statistic(human: ArrayLike, judge: ArrayLike) -> Statistic:
    """Return `mean_absolute_error` as a statistic for the resampling engine."""
    return _mean_difference(human, judge, np.abs, lambda mean: mean, minimum=0.0)


def root_mean_square_error(human: ArrayLike, judge: ArrayLike, **sampling: Unpack[Sampling]) -> Estimate:
    """Root of the mean squared difference of two raters' scores, in units of the scale.

    sqrt(mean((judge - human)^2)). Large differences weigh more than in `mean_absolute_error`. Do not use it
    where single gross errors should not decide. Parameters and return as in `mean_absolute_error`.

    Examples
    --------
    >>> root_mean_square_error([3, 5], [5, 3]).value
    2.0
    """
    return estimate(root_mean_square_error_statistic(human, judge), **sampling)


def root_mean_square_error_statistic(human: ArrayLike, judge: ArrayLike) -> Statistic:
    """Return `root_mean_square_error` as a statistic for the resampling engine."""
    return _mean_difference(human, judge, np.square, np.sqrt, minimum=0.0)


def bias(human: ArrayLike, judge: ArrayLike, **sampling: Unpack[Sampling]) -> Estimate:
    """Mean of judge minus human: positive if the judge is lenient.

    mean(judge - human). Do not use it alone: errors in both directions cancel. If raters rated different
    items use `severity`. Parameters and return as in `mean_absolute_error`; any sign.

    Examples
    --------
    >>> bias([3, 5, 1], [4, 5, 3]).value
    1.0
    """
    return estimate(bias_statistic(human, judge), **sampling)


def bias_statistic(human: ArrayLike, judge: ArrayLike) -> Statistic:
    """Return `bias` as a statistic for the resampling engine."""
    return _mean_difference(human, judge, lambda d: d, lambda mean: mean)


def _mean_difference(
    human: ArrayLike,
    judge: ArrayLike,
    loss: Callable[[Floats], Floats],
    of_mean: Callable[[Floats], Floats],
    minimum: float = -np.inf,
) -> Statistic:
    """Return of_mean(mean of loss(judge - human)) over items with both scores."""
    table = read_table((human, judge))
    table.require_order("a difference of scores")
    both = table.complete
    difference = np.where(both, np.nan_to_num(table.values[:, 1]) - np.nan_to_num(table.values[:, 0]), 0.0)
    n_pairs = int(both.sum())
    missing: Reason = NO_COMPLETE_PAIRS if table.present.any() else NO_RATINGS
    return Statistic(
        np.column_stack([loss(difference), both]).astype(float),
        lambda totals: of_mean(quotient(totals[:, 0], totals[:, 1])),
        n_items=n_pairs,
        n_ratings=2 * n_pairs,
        n_dropped=table.n_ratings - 2 * n_pairs,
        reason=None if n_pairs else missing,
        minimum=minimum,
    )
