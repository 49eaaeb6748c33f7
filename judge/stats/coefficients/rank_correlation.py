"""Rank correlation: Spearman's and Kendall's of two raters, and Kendall's W of several."""

from __future__ import annotations

from collections.abc import Callable
from typing import Unpack

import numpy as np
from numpy.typing import ArrayLike

from judge.stats.coefficients.correlation import pair_problem, pair_sizes
from judge.stats.engine.cells import Cells
from judge.stats.engine.estimate import Estimate
from judge.stats.engine.resampling import Sampling, Statistic, estimate, quotient
from judge.stats.engine.scale import Floats
from judge.stats.engine.statistic import bilinear, undefined_statistic
from judge.stats.engine.table import RatingTable, ScaleLike, read_table
from judge.stats.engine.weights import totals_of

_LARGEST = 2**27  # elements of the table of pairs of cells: 1 GB


def spearman(human: ArrayLike, judge: ArrayLike, **sampling: Unpack[Sampling]) -> Estimate:
    """Spearman's rank correlation: Pearson's correlation of the ranks.

    Equal scores share their mean rank. It measures whether two raters order the items alike.

    Do not use it as evidence of agreement: it ignores severity and the use of the scale. On scales of few
    points most items tie; use `kendall_tau_b`, whose ties are easier to interpret.

    Parameters and return as in `judge.stats.pearson`, without an analytic interval.

    References
    ----------
    .. [1] C. Spearman, "The proof and measurement of association between two things", American Journal of
       Psychology 15, 1904.

    Examples
    --------
    >>> round(spearman([1, 2, 3, 4, 5], [2, 1, 4, 3, 50]).value, 3)
    0.8
    """
    return estimate(spearman_statistic(human, judge), **sampling)


def spearman_statistic(human: ArrayLike, judge: ArrayLike) -> Statistic:
    """Return `spearman` as a statistic for the resampling engine."""

    def of_cells(cells: Cells) -> Callable[[Floats], Floats]:
        def rho(counts: Floats) -> Floats:
            rows, columns = cells.row_sums(counts), cells.column_sums(counts)
            row_ranks, column_ranks = _centred_ranks(rows), _centred_ranks(columns)
            together = (counts * row_ranks[:, cells.row] * column_ranks[:, cells.column]).sum(axis=1)
            spread = (rows * row_ranks**2).sum(axis=1) * (columns * column_ranks**2).sum(axis=1)
            return quotient(together, np.sqrt(spread))

        return rho

    return _cell_statistic(read_table((human, judge)), of_cells)


def kendall_tau_b(human: ArrayLike, judge: ArrayLike, **sampling: Unpack[Sampling]) -> Estimate:
    """Kendall's tau-b: concordant minus discordant pairs of items, corrected for ties on either side.

    (P - Q) / sqrt((n0 - n1)(n0 - n2)), with P concordant and Q discordant of the n0 pairs of items, n1 tied
    by one rater and n2 by the other.

    Do not use it as evidence of agreement: it only compares the order of items. If the two scales differ in
    their number of points it cannot reach 1; use `kendall_tau_c`.

    Parameters and return as in `judge.stats.pearson`, without an analytic interval. The computing time grows
    with the square of the number of distinct score pairs: negligible for rating scales, minutes for 10,000
    continuous scores; from 11,586 distinct pairs on it is refused.

    References
    ----------
    .. [1] M. G. Kendall, "The treatment of ties in ranking problems", Biometrika 33, 1945.

    Examples
    --------
    >>> round(kendall_tau_b([1, 2, 2, 3], [1, 3, 2, 3]).value, 3)
    0.8
    """
    return estimate(kendall_tau_b_statistic(human, judge), **sampling)


def kendall_tau_b_statistic(human: ArrayLike, judge: ArrayLike) -> Statistic:
    """Return `kendall_tau_b` as a statistic for the resampling engine."""

    def of_cells(cells: Cells) -> Callable[[Floats], Floats]:
        concordance_of = _concordance_of_cells(cells)

        def tau(counts: Floats) -> Floats:
            n2 = counts.sum(axis=1) ** 2
            untied_rows = n2 - (cells.row_sums(counts) ** 2).sum(axis=1)
            untied_columns = n2 - (cells.column_sums(counts) ** 2).sum(axis=1)
            return quotient(concordance_of(counts), np.sqrt(untied_rows * untied_columns))

        return tau

    return _cell_statistic(read_table((human, judge)), of_cells)


def kendall_tau_c(human: ArrayLike, judge: ArrayLike, **sampling: Unpack[Sampling]) -> Estimate:
    """Stuart's tau-c: Kendall's rank correlation for scales of unequal length.

    2 m (P - Q) / (n^2 (m - 1)), with P concordant and Q discordant pairs of items and m the smaller number of
    distinct values. m is that of the data and is kept over resamples.

    Do not use it where both raters have the same scale (`kendall_tau_b`), nor as evidence of agreement.

    Parameters and return as in `kendall_tau_b`.

    References
    ----------
    .. [1] A. Stuart, "The estimation and comparison of strengths of association in contingency tables",
       Biometrika 40, 1953.

    Examples
    --------
    >>> kendall_tau_c([1, 2, 3, 4], [1, 1, 2, 2]).value
    1.0
    """
    return estimate(kendall_tau_c_statistic(human, judge), **sampling)


def kendall_tau_c_statistic(human: ArrayLike, judge: ArrayLike) -> Statistic:
    """Return `kendall_tau_c` as a statistic for the resampling engine."""

    def of_cells(cells: Cells) -> Callable[[Floats], Floats]:
        concordance_of = _concordance_of_cells(cells)
        m = min(len(cells.row_points), len(cells.column_points))

        def tau(counts: Floats) -> Floats:
            n2 = counts.sum(axis=1) ** 2
            return quotient(m * concordance_of(counts), n2 * (m - 1))

        return tau

    return _cell_statistic(read_table((human, judge)), of_cells)


def kendall_w(*ratings: ArrayLike, scale: ScaleLike = None, **sampling: Unpack[Sampling]) -> Estimate:
    """Kendall's coefficient of concordance W: agreement of several raters on the order of items.

    The variance of the rank sums divided by the largest possible one, corrected for ties.

    Do not use it as evidence of agreement in level (`icc` form 2, `krippendorff_alpha`), nor compare it
    between numbers of raters: by chance it is 1/n_raters.

    Parameters
    ----------
    *ratings : array_like
        One array of shape (n_items, n_raters), or one list per rater. Items with a missing rating are
        dropped.
    scale : Scale or sequence, optional
        Allowed values; needed for labels.
    **sampling
        `clusters`, `confidence_level`, `method`, `n_resamples`, `rng`: see `Sampling`.

    Returns
    -------
    Estimate
        In 0..1, and 1/n_raters by chance. NaN with `no_variation` if every rater is constant,
        `no_complete_pairs`, `too_few_items`.

    References
    ----------
    .. [1] M. G. Kendall, B. Babington Smith, "The problem of m rankings", 1939.

    Examples
    --------
    >>> round(kendall_w([[1, 2, 1], [2, 1, 2], [3, 3, 3]]).value, 3)
    0.778
    """
    return estimate(kendall_w_statistic(*ratings, scale=scale), **sampling)


def kendall_w_statistic(*ratings: ArrayLike, scale: ScaleLike = None) -> Statistic:
    """Return `kendall_w` as a statistic for the resampling engine."""
    table = read_table(ratings, scale)
    table.require_order("Kendall's W")
    problem = table.problem(complete=True)
    if problem:
        return undefined_statistic(len(table.values), problem)
    n_items, n_raters = int(table.complete.sum()), table.values.shape[1]
    patterns, pattern = np.unique(table.codes[table.complete], axis=0, return_inverse=True)
    of_item = np.zeros(len(table.values), dtype=np.int64)
    of_item[table.complete] = pattern.ravel() + 1

    def w(totals: Floats) -> Floats:
        counts = totals[:, 1:]
        rank_sums = np.zeros_like(counts)
        spread_within = np.zeros(len(counts))
        for rater in range(n_raters):
            margins = totals_of(counts, patterns[:, rater])
            ranks = _centred_ranks(margins)
            rank_sums += ranks[:, patterns[:, rater]]
            spread_within += (margins * ranks**2).sum(axis=1)
        return quotient((counts * rank_sums**2).sum(axis=1), n_raters * spread_within)

    return Statistic(
        of_item,
        w,
        "coefficient",
        n_items=n_items,
        n_ratings=n_items * n_raters,
        n_dropped=table.n_ratings - n_items * n_raters,
        minimum=0.0,
    )


def _cell_statistic(table: RatingTable, of_cells: Callable[[Cells], Callable[[Floats], Floats]]) -> Statistic:
    """Return a rank correlation as a function of the counts of the occupied cells."""
    table.require_order("a rank correlation")
    problem = pair_problem(table)
    if problem:
        return undefined_statistic(len(table.values), problem)
    cells = Cells.build(table.values[:, 0], table.values[:, 1])
    function = of_cells(cells)
    sizes = pair_sizes(table)
    return Statistic(
        cells.of_item, lambda totals: function(totals[:, 1:]), "coefficient", *sizes, minimum=-1.0
    )


def _centred_ranks(margins: Floats) -> Floats:
    """Return mean ranks of ascending categories minus the overall mean rank, from counts (R, K)."""
    ranks: Floats = np.cumsum(margins, axis=1) - margins / 2 - margins.sum(axis=1, keepdims=True) / 2
    return ranks


def _concordance_of_cells(cells: Cells) -> Callable[[Floats], Floats]:
    """Return counts (R, D) -> ordered concordant minus discordant pairs of items."""
    if len(cells.row) ** 2 > _LARGEST:
        raise ValueError(
            f"Kendall's tau of {len(cells.row)} distinct pairs of scores needs too much memory; round the "
            "scores, or use spearman."
        )
    rows, columns = cells.row.astype(float), cells.column.astype(float)
    signs = np.sign(np.subtract.outer(rows, rows))
    signs *= np.sign(np.subtract.outer(columns, columns))

    def concordance_of(counts: Floats) -> Floats:
        return bilinear(counts, signs, counts)

    return concordance_of
