"""Raw agreement, without correction for chance."""

from __future__ import annotations

from itertools import combinations
from typing import Unpack

import numpy as np
from numpy.typing import ArrayLike

from judge.stats.engine.estimate import Estimate
from judge.stats.engine.resampling import Sampling, Statistic, estimate, quotient
from judge.stats.engine.scale import Floats
from judge.stats.engine.table import RatingTable, ScaleLike, read_table

# Scores such as 3.7 and 4.2 differ by 0.5 + 4e-16 in floating point.
ROUNDING = 1e-9


def percent_agreement(
    *ratings: ArrayLike, tolerance: float = 0.0, scale: ScaleLike = None, **sampling: Unpack[Sampling]
) -> Estimate:
    """Share of pairs of raters that agree, averaged over items.

    The mean over items of the share of rater pairs with abs(x - y) <= tolerance. Every item with two or more
    ratings counts equally, whatever its number of raters.

    Do not use it alone: it is high by chance when most ratings fall into one category. Show it beside a
    chance-corrected coefficient.

    Parameters
    ----------
    *ratings : array_like
        One array of shape (n_items, n_raters), or one list per rater. None or NaN is missing.
    tolerance : float
        Largest difference that still counts as agreement, in units of the scale.
    scale : Scale or sequence, optional
        Allowed values; needed for labels with a tolerance. A rating off the scale is an error.
    **sampling
        `clusters`, `confidence_level`, `method`, `n_resamples`, `rng`: see `Sampling`.

    Returns
    -------
    Estimate
        A share in 0..1 with Wilson's interval. NaN with `no_ratings`, `too_few_raters` or
        `no_pairable_items`.

    Examples
    --------
    >>> print(percent_agreement([1, 2, 3, 3], [1, 2, 3, 4]))
    0.750 [0.301, 0.954]
    >>> percent_agreement([1, 2, 3, 3], [1, 2, 3, 4], tolerance=1).value
    1.0
    """
    return estimate(agreement_statistic(*ratings, tolerance=tolerance, scale=scale), **sampling)


def agreement_statistic(*ratings: ArrayLike, tolerance: float = 0.0, scale: ScaleLike = None) -> Statistic:
    """Return `percent_agreement` as a statistic for the resampling engine."""
    table = _checked_table(ratings, tolerance, scale)
    usable = table.per_item >= 2
    return Statistic(
        np.column_stack([agreeing_share(table, tolerance), usable]).astype(float),
        _ratio,
        "share",
        n_items=int(usable.sum()),
        n_ratings=int(table.per_item[usable].sum()),
        n_dropped=int(table.per_item[~usable].sum()),
        reason=table.problem(needed=1),
    )


def unanimous(
    *ratings: ArrayLike, tolerance: float = 0.0, scale: ScaleLike = None, **sampling: Unpack[Sampling]
) -> Estimate:
    """Share of items on which all raters agree, of the items that every rater has rated.

    Do not compare it between different numbers of raters: it falls as raters are added. Parameters and
    return as in `percent_agreement`; NaN with `no_complete_pairs` if no item is complete.

    Examples
    --------
    >>> unanimous([[1, 1, 1], [1, 1, 2], [3, 3, 3], [4, 4, None]]).value
    0.6666666666666666
    """
    return estimate(unanimous_statistic(*ratings, tolerance=tolerance, scale=scale), **sampling)


def unanimous_statistic(*ratings: ArrayLike, tolerance: float = 0.0, scale: ScaleLike = None) -> Statistic:
    """Return `unanimous` as a statistic for the resampling engine."""
    table = _checked_table(ratings, tolerance, scale)
    spread = np.zeros(len(table.values))
    spread[table.complete] = np.ptp(table.values[table.complete], axis=1) if table.complete.any() else 0.0
    agree = table.complete & (spread <= tolerance + ROUNDING)
    used = int(table.per_item[table.complete].sum())
    return Statistic(
        np.column_stack([agree, table.complete]).astype(float),
        _ratio,
        "share",
        n_items=int(table.complete.sum()),
        n_ratings=used,
        n_dropped=table.n_ratings - used,
        reason=table.problem(needed=1, complete=True),
    )


def agreeing_share(table: RatingTable, tolerance: float) -> Floats:
    """Return, for each item, the share of its rater pairs within `tolerance`; 0 without a pair."""
    agreeing = np.zeros(len(table.values))
    # Sorted, missing ratings come last: an item that 5 of 100 raters rated has 10 pairs, not 4,950.
    values = np.sort(table.values, axis=1)[:, : int(table.per_item.max(initial=0))]
    for first, second in combinations(values.T, 2):
        agreeing += abs(first - second) <= tolerance + ROUNDING  # False where either is missing
    pairs = table.per_item * (table.per_item - 1) / 2
    return agreeing / np.maximum(pairs, 1)


def _checked_table(ratings: tuple[ArrayLike, ...], tolerance: float, scale: ScaleLike) -> RatingTable:
    if not tolerance >= 0:
        raise ValueError(f"tolerance must not be negative, got {tolerance}.")
    table = read_table(ratings, scale)
    if tolerance > 0:
        table.require_order(f"tolerance={tolerance:g}")
    return table


def _ratio(totals: Floats) -> Floats:
    return quotient(totals[:, 0], totals[:, 1])
