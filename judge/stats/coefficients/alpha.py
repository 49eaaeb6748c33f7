"""Krippendorff's alpha at four levels of measurement."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias, Unpack, get_args

import numpy as np
from numpy.typing import ArrayLike

from judge.stats.engine.added_items import (
    MOST_ITEMS,
    are_spread_over,
    cells_of_added_items,
    pairs_of_ratings,
    with_rows,
)
from judge.stats.engine.estimate import Estimate
from judge.stats.engine.resampling import Sampling, Statistic, estimate, quotient
from judge.stats.engine.scale import Floats, Level, Scale
from judge.stats.engine.statistic import Function, WithAdded, bilinear
from judge.stats.engine.table import RatingTable, ScaleLike, read_table

_LARGEST = 2**27  # elements of the table of coincidences: 1 GB

Sums: TypeAlias = tuple[Floats, Callable[[Floats], Floats]]


def krippendorff_alpha(
    *ratings: ArrayLike, level: Level | None = None, scale: ScaleLike = None, **sampling: Unpack[Sampling]
) -> Estimate:
    """Krippendorff's alpha: agreement of any number of raters, corrected for chance.

    alpha = 1 - D_o / D_e, the observed over the expected disagreement of pairs of ratings. The disagreement
    of two values c and k is 0 or 1 (nominal), the square of the number of ratings between them, the ends
    counted half (ordinal), (c - k)^2 (interval), or ((c - k) / (c + k))^2 (ratio).

    Use it when the number of raters differs from item to item or ratings are missing. Do not use it to find
    out who is right (`leave_one_out`, `alt_test`), nor how well raters order the items (`kendall_tau_b`), nor
    alone where nearly all ratings are the same.

    Parameters
    ----------
    *ratings : array_like
        One array of shape (n_items, n_raters), or one list per rater. None or NaN is missing. Items with
        fewer than two ratings are dropped.
    level : {'nominal', 'ordinal', 'interval', 'ratio'}, optional
        Level of measurement; 1-5 rating scales are 'ordinal'. Default: that of `scale`, if it is a
        `Scale`; one of the two must be given.
    scale : Scale or sequence, optional
        Allowed values; needed for labels unless nominal. Unused values do not change alpha.
    **sampling
        `clusters`, `confidence_level`, `method`, `n_resamples`, `rng`: see `Sampling`.

    Returns
    -------
    Estimate
        At most 1; 0 is chance, negative is systematic disagreement. NaN with `no_variation` if all
        ratings that can be compared are the same, `no_ratings`, `too_few_raters`, `no_pairable_items`,
        `too_few_items` (< 2 items with two ratings).

    References
    ----------
    .. [1] K. Krippendorff, "Computing Krippendorff's Alpha-Reliability", 2011,
       repository.upenn.edu/asc_papers/43.
    .. [2] A. F. Hayes, K. Krippendorff, 2007, doi:10.1080/19312450709336664.

    Examples
    --------
    Two raters, five items on a 1-5 scale; the second rater skipped the third item.

    >>> alpha = krippendorff_alpha([4, 2, 5, 1, 3], [4, 3, None, 1, 3], level="ordinal")
    >>> round(alpha.value, 3), alpha.n_items, alpha.n_dropped
    (0.91, 4, 1)
    """
    return estimate(alpha_statistic(*ratings, level=level, scale=scale), **sampling)


def alpha_statistic(*ratings: ArrayLike, level: Level | None = None, scale: ScaleLike = None) -> Statistic:
    """Return `krippendorff_alpha` as a statistic for the resampling engine."""
    level = _level_of_measurement(level, scale)
    table = read_table(ratings, scale)
    if level != "nominal":
        table.require_order(f"level={level!r}")
    paired = table.per_item >= 2
    # Items that cannot be compared still belong to the frame of the resampling, as rows of zeros.
    pairable = RatingTable(np.where(paired[:, None], table.values, np.nan), table.points)
    n_items, per_item = int(paired.sum()), pairable.n_ratings / max(paired.sum(), 1)
    sums, function, added = _with_added_items(pairable, _SUMS[level], per_item)
    return Statistic(
        sums,
        function,
        "coefficient",
        n_items=n_items,
        n_ratings=pairable.n_ratings,
        n_dropped=table.n_ratings - pairable.n_ratings,
        reason=table.problem(),
        minimum=-1.0,
        added=added,
    )


def _with_added_items(
    table: RatingTable, build: Callable[[RatingTable], Sums], per_item: float
) -> tuple[Floats, Function, WithAdded | None]:
    """Return sums, function, and the function with added items, rated as often as the others on average."""
    points, (n_items, n_raters) = table.points, table.values.shape
    if not are_spread_over(points.size) or n_raters < 2 or n_items > MOST_ITEMS:
        return *build(table), None
    pairs = pairs_of_ratings(points, n_raters)
    sums, function = build(RatingTable(np.vstack([table.values, pairs]), points))
    rows = per_item / 2 * cells_of_added_items(points.size) @ sums[n_items:]
    return sums[:n_items], function, with_rows(function, rows)


def _level_of_measurement(level: Level | None, scale: ScaleLike) -> Level:
    found = scale.level if level is None and isinstance(scale, Scale) else level
    if found is None or found not in get_args(Level):
        raise ValueError(f"level must be one of {', '.join(get_args(Level))}; got {found!r}.")
    return found


def _linear_sums(table: RatingTable, distances: Floats) -> Sums:
    """Return sums for distances that do not depend on the data: (own disagreement, r_1 .. r_K)."""
    disagreement = bilinear(table.counts, distances, table.counts) / _others(table)

    def alpha(totals: Floats) -> Floats:
        margins = totals[:, 1:]
        expected = bilinear(margins, distances, margins)
        return 1 - quotient((margins.sum(axis=1) - 1) * totals[:, 0], expected)

    return np.column_stack([disagreement, table.counts]), alpha


def _nominal_sums(table: RatingTable) -> Sums:
    return _linear_sums(table, table.distances(None))


def _ratio_sums(table: RatingTable) -> Sums:
    points = table.points
    if (points < 0).any():
        raise ValueError(f"a ratio scale starts at 0, got {points.min():g}; use level='interval'.")
    distances = quotient(points[:, None] - points, points[:, None] + points)
    return _linear_sums(table, np.nan_to_num(distances) ** 2)


def _interval_sums(table: RatingTable) -> Sums:
    """Return moments (disagreement, m, sum x, sum x^2): any number of distinct values."""
    lowest = np.min(table.values, where=table.present, initial=np.inf)
    highest = np.max(table.values, where=table.present, initial=-np.inf)
    unit = highest - lowest if highest > lowest else 1.0
    # One unit for all data, so that a zero spread is recognised whatever the units of the ratings.
    x = np.where(table.present, (table.values - (lowest if np.isfinite(lowest) else 0.0)) / unit, 0.0)
    m, total, squares = table.per_item, x.sum(axis=1), (x**2).sum(axis=1)
    centred = x - (total / np.maximum(m, 1))[:, None]
    disagreement = 2 * m * np.sum(centred**2, axis=1, where=table.present) / _others(table)

    def alpha(totals: Floats) -> Floats:
        observed, n, s, s2 = totals.T
        return 1 - quotient((n - 1) * observed, 2 * (n * s2 - s**2), tiny=1e-9)

    return np.column_stack([disagreement, m, total, squares]), alpha


def _ordinal_sums(table: RatingTable) -> Sums:
    """Return (r_1 .. r_K, coincidences of the pairs of categories that occur together)."""
    counts = table.counts
    met = np.triu(counts.T @ counts, k=1) > 0
    low, high = np.nonzero(met)
    if len(counts) * (len(low) + counts.shape[1]) > _LARGEST:
        raise ValueError(
            f"ordinal alpha of {len(counts)} items with {counts.shape[1]} distinct values needs too much "
            "memory; round the ratings, or use level='interval'."
        )
    coincidences = counts[:, low] * counts[:, high] / _others(table)[:, None]
    n_categories = counts.shape[1]

    def alpha(totals: Floats) -> Floats:
        margins, together = totals[:, :n_categories], totals[:, n_categories:]
        n = margins.sum(axis=1)
        middle = np.cumsum(margins, axis=1) - margins / 2 - n[:, None] / 2
        observed = 2 * (together * (middle[:, low] - middle[:, high]) ** 2).sum(axis=1)
        expected = 2 * n * (margins * middle**2).sum(axis=1)
        return 1 - quotient((n - 1) * observed, expected)

    return np.hstack([counts, coincidences]), alpha


def _others(table: RatingTable) -> Floats:
    """Return m - 1 for each item, 1 where it has no pair."""
    return np.maximum(table.per_item - 1, 1).astype(float)


_SUMS: dict[str, Callable[[RatingTable], Sums]] = {
    "nominal": _nominal_sums,
    "ordinal": _ordinal_sums,
    "interval": _interval_sums,
    "ratio": _ratio_sums,
}


def check_alpha(*ratings: ArrayLike, level: Level | None = None, scale: ScaleLike = None) -> bool | None:
    """Return whether the package `krippendorff`, an independent implementation, gives the same alpha.

    None if it is not installed, or alpha is undefined. Parameters as in `krippendorff_alpha`.

    Examples
    --------
    >>> check_alpha([4, 2, 5, 1, 3], [4, 3, None, 1, 3], level="ordinal") in (True, None)
    True
    """
    try:
        import krippendorff
    except ImportError:
        return None
    level = _level_of_measurement(level, scale)
    ours = alpha_statistic(*ratings, level=level, scale=scale).value()
    if np.isnan(ours):
        return None
    table = read_table(ratings, scale)
    theirs = krippendorff.alpha(
        value_counts=table.counts, value_domain=table.points, level_of_measurement=level
    )
    return bool(np.isclose(ours, theirs, rtol=0, atol=1e-9))
