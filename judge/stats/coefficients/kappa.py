"""Kappas with separate margins for each rater (Cohen, Light, Conger), and Scott's pi."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from typing import Unpack

import numpy as np
from numpy.typing import ArrayLike

from judge.stats.engine import degrees_of_freedom, limits
from judge.stats.engine.added_items import (
    are_spread_over,
    cells_of_added_items,
    in_share,
    with_rows,
)
from judge.stats.engine.cells import Cells
from judge.stats.engine.contingency import ratings_or_table
from judge.stats.engine.estimate import TOO_FEW_RATERS, UNDEFINED_PAIRS, Estimate
from judge.stats.engine.resampling import Sampling, Statistic, average, estimate, quotient
from judge.stats.engine.scale import Floats, Ints
from judge.stats.engine.statistic import WithAdded, bilinear, undefined_statistic
from judge.stats.engine.table import RatingTable, ScaleLike, Weights, read_table
from judge.stats.engine.table_draws import drawn_intervals

_MOST_DRAWN = 10  # categories; tables of more have too many cells to draw


def cohen_kappa(
    *ratings: ArrayLike,
    table: ArrayLike | None = None,
    weights: Weights = None,
    scale: ScaleLike = None,
    **sampling: Unpack[Sampling],
) -> Estimate:
    """Cohen's kappa of two raters; for more, Light's mean over pairs of raters.

    kappa = 1 - sum_kl d_kl p_kl / sum_kl d_kl p_k. p_.l, with p_kl the share of items that the first rater
    put into category k and the second into l, p_k. and p_.l the raters' margins, and d_kl the disagreement
    between two categories. Quadratic weights give Lin's concordance coefficient with 1/n moments.

    Do not use it alone where most ratings fall into one category: kappa is then low although raw agreement is
    high. Show both, or `gwet_ac1`. Do not use it for a continuous scale (`icc`, `concordance`).

    Parameters
    ----------
    *ratings : array_like
        ``human, judge``: one list per rater; or one array of shape (n_items, n_raters), which is never read
        as a contingency table. None or NaN is missing; each pair of raters uses the items that both have
        rated.
    table : array_like of int, shape (K, K), optional
        Contingency table instead of `ratings`: items by the human's value (rows) and the judge's (columns),
        in the order of `scale`, by default 0 .. K-1. Items then count as independent.
    weights : {None, 'linear', 'quadratic'} or array_like, shape (K, K)
        Disagreement: any difference counts 1, or the distance between the values, or its square, or your
        own table (rows: first rater). Distances of numbers are those of the values; of labels, of their
        positions on `scale`.
    scale : Scale or sequence, optional
        Allowed values; needed for weighted labels and your own weights. Unused values do not change kappa.
    **sampling
        `clusters`, `confidence_level`, `method`, `n_resamples`, `rng`: see `Sampling`.
        By default the interval of two raters' kappa comes from draws of the table of all items, to which two
        items are added (one spread over the cells of agreement, one over all); it is then also defined for
        perfect agreement. For more raters the same two items are added to the table of each pair, and the
        interval is that of a jackknife with them, for up to 500 items ('adjusted'). With more items, a
        sampling design, and from eleven categories on, it is that of the jackknife alone.
        ``method='analytic'`` uses the large-sample standard error of [3]_ (two raters).

    Returns
    -------
    Estimate
        At most 1; 0 is chance, also when one rater is constant. NaN with `no_variation` if both raters
        give one and the same value throughout, `no_complete_pairs`, `too_few_items` (< 2). Light's mean
        leaves out undefined pairs and lists them in the notes (raters counted from 0).

    References
    ----------
    .. [1] J. Cohen, 1960, doi:10.1177/001316446002000104; weighted: 1968, doi:10.1037/h0026256.
    .. [2] R. J. Light, "Measures of response agreement for qualitative data", 1971.
    .. [3] J. L. Fleiss, J. Cohen, B. S. Everitt, 1969, doi:10.1037/h0028106.

    Examples
    --------
    >>> human, judge = [1, 2, 3, 4, 5, 5, 3, 2], [1, 2, 3, 3, 5, 4, 3, 3]
    >>> round(cohen_kappa(human, judge).value, 3)
    0.52
    >>> round(cohen_kappa(human, judge, weights="quadratic").value, 3)
    0.88
    >>> round(cohen_kappa(table=[[20, 5], [10, 15]]).value, 3)
    0.4
    """
    ratings, scale = ratings_or_table(ratings, table, scale, sampling.get("clusters"))
    statistic = cohen_statistic(*ratings, weights=weights, scale=scale)
    found = estimate(statistic, **sampling)
    read = read_table(ratings, scale)
    drawable = read.values.shape[1] == 2 and len(read.points) <= _MOST_DRAWN
    if sampling.get("method", "auto") != "auto" or sampling.get("design") is not None or not drawable:
        return found
    distances, counts = read.distances(weights), _with_two_items(read)
    functions = {"": lambda tables: _kappa_of_tables(tables, distances)}
    return drawn_intervals({"": found}, {"": statistic}, functions, counts, sampling)[""]


def _with_two_items(table: RatingTable) -> Floats:
    """Return the counts of all cells, with one item spread over those of agreement and one over all."""
    k = len(table.points)
    complete = table.codes[table.complete]
    counts = np.bincount(complete[:, 0] * k + complete[:, 1], minlength=k * k)
    result: Floats = counts + (np.eye(k) / k + 1 / k**2).ravel()
    return result


def _kappa_of_tables(tables: Floats, distances: Floats) -> Floats:
    """Return kappa of tables in rows, shape (R, K * K)."""
    square = tables.reshape(len(tables), *distances.shape)
    chance = bilinear(square.sum(axis=2), distances, square.sum(axis=1))
    return 1 - quotient(tables.sum(axis=1) * (tables @ distances.ravel()), chance)


def cohen_statistic(*ratings: ArrayLike, weights: Weights = None, scale: ScaleLike = None) -> Statistic:
    """Return `cohen_kappa` as a statistic for the resampling engine."""
    table = read_table(ratings, scale)
    n_raters = table.values.shape[1]
    if n_raters < 2:
        return undefined_statistic(len(table.values), table.problem() or TOO_FEW_RATERS)
    if n_raters == 2:
        return _cohen_pair(table, weights)
    pairs = {pair: _cohen_pair(table.pair(*pair), weights) for pair in combinations(range(n_raters), 2)}
    undefined = [pair for pair, statistic in pairs.items() if math.isnan(statistic.value())]
    if len(undefined) == len(pairs):
        return pairs[undefined[0]]
    usable = table.per_item >= 2
    n_usable = int(usable.sum())
    defined = [in_share(statistic, n_usable) for pair, statistic in pairs.items() if pair not in undefined]
    listed = ", ".join(f"{first}-{second}" for first, second in undefined)
    return replace(
        average(*defined),
        n_items=n_usable,
        n_ratings=int(table.per_item[usable].sum()),
        n_dropped=int(table.per_item[~usable].sum()),
        notes=(f"{UNDEFINED_PAIRS}: {listed}",) if undefined else (),
    )


def smallest_kappa(weights: Weights) -> float:
    """Return the smallest possible 1 - observed / expected disagreement; a table of weights has none."""
    return -1.0 if weights is None or isinstance(weights, str) else -math.inf


def _cohen_pair(table: RatingTable, weights: Weights) -> Statistic:
    cells = Cells.build(table.values[:, 0], table.values[:, 1])
    rows, columns = (np.searchsorted(table.points, p) for p in (cells.row_points, cells.column_points))
    distances = table.distances(weights)[np.ix_(rows, columns)]
    of_cell = distances[cells.row, cells.column]

    def kappa(totals: Floats) -> Floats:
        counts = totals[:, 1:]
        chance = bilinear(cells.row_sums(counts), distances, cells.column_sums(counts))
        return 1 - quotient(counts.sum(axis=1) * (counts @ of_cell), chance)

    place = rows[cells.row] * len(table.points) + columns[cells.column]
    problem = table.problem(complete=True)
    counts = np.bincount(cells.of_item, minlength=len(cells.row) + 1)[None, 1:].astype(float)
    return Statistic(
        cells.of_item,
        kappa,
        "coefficient",
        n_items=cells.n_pairs,
        n_ratings=2 * cells.n_pairs,
        n_dropped=table.n_ratings - 2 * cells.n_pairs,
        reason=problem,
        minimum=smallest_kappa(weights),
        added=_kappa_with_added(table, place, weights) if are_spread_over(len(table.points)) else None,
        analytic=None
        if problem
        else lambda confidence_level: _cohen_analytic(cells, counts, distances, confidence_level),
    )


def _kappa_with_added(table: RatingTable, place: Ints, weights: Weights) -> WithAdded:
    """Return kappa with added items, of totals of occupied cells; `place` is their place among all cells."""
    distances, kinds = table.distances(weights), cells_of_added_items(len(table.points))

    def kappa(totals: Floats, masses: Floats) -> Floats:
        tables = np.tile(masses @ kinds, (len(totals), 1))
        tables[:, place] += totals[:, 1:]
        return _kappa_of_tables(tables, distances)

    return kappa


def _cohen_analytic(
    cells: Cells, counts: Floats, distances: Floats, confidence_level: float
) -> tuple[float, float, float]:
    """Return limits and the large-sample standard error (not the one under no agreement).

    The limits are Student's on the scale artanh(kappa), as those of the jackknife: normal limits of kappa
    itself covered as little as .60 where a category is rare.
    """
    n = counts.sum()
    share = counts[0] / n
    rows, columns = cells.row_sums(counts)[0] / n, cells.column_sums(counts)[0] / n
    observed, chance = share @ distances[cells.row, cells.column], rows @ distances @ columns
    kappa = 1 - observed / chance
    # How the chance disagreement moves with one more item in this cell.
    margin = (distances @ columns)[cells.row] + (rows @ distances)[cells.column]
    influence = distances[cells.row, cells.column] - margin * (1 - kappa)
    variance = (share @ influence**2 - (share @ influence) ** 2) / (n * chance**2)
    se = math.sqrt(max(variance, 0.0))
    if not se > 0 or abs(kappa) >= 1:
        return math.nan, math.nan, se
    df = degrees_of_freedom.from_kurtosis(influence, counts[0])
    return *limits.fisher_limits(float(kappa), se, confidence_level, df), se


def scott_pi(
    *ratings: ArrayLike,
    table: ArrayLike | None = None,
    weights: Weights = None,
    scale: ScaleLike = None,
    **sampling: Unpack[Sampling],
) -> Estimate:
    """Scott's pi of two raters: chance from the margins of both raters pooled.

    pi = 1 - sum_kl d_kl p_kl / sum_kl d_kl m_k m_l, with m_k the share of category k among all ratings.

    Do not use it if the two raters use the categories differently and that should not count as chance
    (`cohen_kappa`).

    Parameters and return as in `cohen_kappa`, for two raters; there is no analytic interval.

    References
    ----------
    .. [1] W. A. Scott, "Reliability of content analysis: the case of nominal scale coding", 1955.

    Examples
    --------
    >>> round(scott_pi([1, 2, 3, 4, 5, 5, 3, 2], [1, 2, 3, 3, 5, 4, 3, 3]).value, 3)
    0.505
    """
    ratings, scale = ratings_or_table(ratings, table, scale, sampling.get("clusters"))
    return estimate(scott_statistic(*ratings, weights=weights, scale=scale), **sampling)


def scott_statistic(*ratings: ArrayLike, weights: Weights = None, scale: ScaleLike = None) -> Statistic:
    """Return `scott_pi` as a statistic for the resampling engine."""
    table = read_table(ratings, scale)
    if table.values.shape[1] > 2:
        raise ValueError(f"scott_pi is for two raters, got {table.values.shape[1]}; use fleiss_kappa.")
    return _complete_items(table, weights, _chance_pooled)


def conger_kappa(
    *ratings: ArrayLike, weights: Weights = None, scale: ScaleLike = None, **sampling: Unpack[Sampling]
) -> Estimate:
    """Conger's kappa of several raters: chance is averaged over pairs of raters with their own margins.

    1 - D_o / D_e, with D_o the mean disagreement over pairs of raters and D_e the same mean of the
    disagreement expected from the two raters' margins. With two raters it is Cohen's kappa.

    Do not use it with missing ratings: items that not every rater has rated are dropped (`fleiss_kappa`,
    `krippendorff_alpha`). Parameters and return as in `cohen_kappa`; there is no analytic interval.

    References
    ----------
    .. [1] A. J. Conger, "Integration and generalization of kappas for multiple raters", 1980.

    Examples
    --------
    >>> round(conger_kappa([[1, 1, 2], [2, 2, 2], [3, 3, 1], [1, 1, 1], [2, 3, 3]]).value, 3)
    0.4
    """
    return estimate(conger_statistic(*ratings, weights=weights, scale=scale), **sampling)


def conger_statistic(*ratings: ArrayLike, weights: Weights = None, scale: ScaleLike = None) -> Statistic:
    """Return `conger_kappa` as a statistic for the resampling engine."""
    return _complete_items(read_table(ratings, scale), weights, _chance_between_raters)


def _chance_between_raters(shares: Floats, distances: Floats) -> Floats:
    """Return expected disagreement (R,) of two different raters, from margins (R, raters, K)."""
    n_raters = shares.shape[1]
    together = shares.sum(axis=1)
    all_pairs = bilinear(together, distances, together)
    with_itself = bilinear(shares, distances, shares).sum(axis=1)
    result: Floats = (all_pairs - with_itself) / (n_raters * (n_raters - 1))
    return result


def _chance_pooled(shares: Floats, distances: Floats) -> Floats:
    pooled = shares.mean(axis=1)
    return bilinear(pooled, distances, pooled)


def _complete_items(
    table: RatingTable, weights: Weights, chance: Callable[[Floats, Floats], Floats]
) -> Statistic:
    """Return 1 - observed / expected disagreement on the items that every rater has rated."""
    problem = table.problem(complete=True)
    if problem:
        return undefined_statistic(len(table.values), problem)
    distances = table.distances(weights)
    n_raters, n_categories = table.values.shape[1], len(table.points)
    codes, complete = table.codes, table.complete[:, None]
    margins = np.eye(n_categories)[codes].reshape(len(codes), -1) * complete
    observed = np.mean(
        [distances[codes[:, a], codes[:, b]] for a, b in combinations(range(n_raters), 2)], axis=0
    )

    def kappa(totals: Floats) -> Floats:
        n = totals[:, :1]
        shares = quotient(totals[:, 2:], n).reshape(len(totals), n_raters, n_categories)
        return 1 - quotient(quotient(totals[:, 1], n[:, 0]), chance(shares, distances))

    added = None
    if are_spread_over(n_categories):
        kinds = cells_of_added_items(n_categories)
        of_first = kinds.reshape(4, n_categories, -1).sum(axis=2)
        of_cells = kinds @ np.column_stack([np.ones(distances.size), distances.ravel()])
        rows = np.hstack([of_cells, np.tile(of_first, n_raters)])
        added = with_rows(kappa, rows)

    n_items = int(table.complete.sum())
    return Statistic(
        np.hstack([complete, observed[:, None] * complete, margins]).astype(float),
        kappa,
        "coefficient",
        n_items=n_items,
        n_ratings=n_items * n_raters,
        n_dropped=table.n_ratings - n_items * n_raters,
        minimum=smallest_kappa(weights),
        added=added,
    )
