"""Chance-corrected agreement of any number of raters with pooled margins: Fleiss, Gwet, Brennan-Prediger.

They differ only in what they call chance, so they share one construction. Raters may differ from item to
item; items with a single rating count towards the margins (Gwet's extension to missing ratings).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias, Unpack

import numpy as np
from numpy.typing import ArrayLike

from judge.stats.coefficients.kappa import smallest_kappa
from judge.stats.engine import limits
from judge.stats.engine.added_items import (
    are_spread_over,
    cells_of_added_items,
    pairs_of_ratings,
    with_rows,
)
from judge.stats.engine.contingency import ratings_or_counts
from judge.stats.engine.estimate import SINGLE_CATEGORY_OBSERVED, SINGLE_CATEGORY_SCALE, Estimate
from judge.stats.engine.resampling import Sampling, Statistic, estimate, quotient
from judge.stats.engine.scale import Bools, Floats
from judge.stats.engine.statistic import bilinear, undefined_statistic
from judge.stats.engine.table import RatingTable, ScaleLike, Weights, read_table


def fleiss_kappa(
    *ratings: ArrayLike,
    counts: ArrayLike | None = None,
    weights: Weights = None,
    scale: ScaleLike = None,
    **sampling: Unpack[Sampling],
) -> Estimate:
    """Fleiss' kappa: agreement of raters who need not be the same people from item to item.

    kappa = (P_a - P_e) / (1 - P_e), with P_a the mean agreement of the pairs of ratings of an item and
    P_e = sum_kl w_kl pi_k pi_l, pi_k the share of category k among all ratings and w_kl the agreement of two
    categories. It equals Fleiss (1971) when every item has the same number of ratings.

    Do not use it if the same people rate every item: their own margins are known, see `conger_kappa`. Like
    every kappa it is low where one category dominates; show `gwet_ac1` as well.

    Parameters
    ----------
    *ratings : array_like
        One array of shape (n_items, n_raters), or one list per rater. None or NaN is missing.
    counts : array_like of int, shape (n_items, K), optional
        Instead of `ratings`, as in Fleiss (1971): how many raters put each item into each category, in the
        order of `scale`, by default 0 .. K-1.
    weights : {None, 'linear', 'quadratic'}
        Credit for near misses, by distance of values (numbers) or positions (labels).
    scale : Scale or sequence, optional
        Allowed values; needed for weighted labels. Unused values do not change this kappa.
    **sampling
        `clusters`, `confidence_level`, `method`, `n_resamples`, `rng`: see `Sampling`.
        ``method='analytic'`` uses Gwet's linearised standard error with Student's t.

    Returns
    -------
    Estimate
        At most 1; 0 is chance. NaN with `no_variation` if all ratings are in one category, `no_ratings`,
        `too_few_raters`, `no_pairable_items`, `too_few_items` (< 2 items with two ratings).

    References
    ----------
    .. [1] J. L. Fleiss, 1971, doi:10.1037/h0031619.
    .. [2] K. L. Gwet, Handbook of Inter-Rater Reliability, 4th ed., 2014.

    Examples
    --------
    >>> round(fleiss_kappa([[1, 1, 2], [2, 2, 2], [3, 3, 1], [1, 1, None], [2, 3, 3]]).value, 3)
    0.392
    """
    ratings, scale = ratings_or_counts(ratings, counts, scale)
    return estimate(fleiss_statistic(*ratings, weights=weights, scale=scale), **sampling)


def fleiss_statistic(*ratings: ArrayLike, weights: Weights = None, scale: ScaleLike = None) -> Statistic:
    """Return `fleiss_kappa` as a statistic for the resampling engine."""
    table = read_table(ratings, scale)
    agreement = table.agreement_weights(weights)

    def by_item(shares: Floats, pooled: Floats) -> Floats:
        result: Floats = np.matmul(shares, agreement @ pooled)
        return result

    # Disagreement is at most twice what is expected from the ratings of the items with a pair of them.
    paired = quotient((table.per_item >= 2).sum(), table.present.any(axis=1).sum())
    minimum = float(1 - quotient(1 - smallest_kappa(weights), paired**2))
    chance = _Chance(lambda pi: bilinear(pi, agreement, pi), by_item)
    found = _corrected(table, agreement, chance, minimum)
    if not are_spread_over(len(table.points)):
        return found
    pairs = _columns(RatingTable(pairs_of_ratings(table.points, 2), table.points), agreement)
    rows = cells_of_added_items(len(table.points)) @ pairs
    return replace(found, added=with_rows(found.function, rows))


def gwet_ac1(*ratings: ArrayLike, scale: ScaleLike, **sampling: Unpack[Sampling]) -> Estimate:
    """Gwet's AC1: agreement beyond chance that stays stable when one category dominates.

    (P_a - P_e) / (1 - P_e), with P_a as in `fleiss_kappa` and P_e = sum_k pi_k (1 - pi_k) / (q - 1) for q
    declared categories: chance agreement shrinks as ratings concentrate in one category.

    Do not use it in place of kappa only because it is higher: its model of chance is another assumption, not
    a correction of kappa. Show both.

    Parameters
    ----------
    *ratings : array_like
        One array of shape (n_items, n_raters), or one list per rater. None or NaN is missing.
    scale : Scale or sequence
        All allowed values. Their number enters the formula, so it is declared, not inferred.
    **sampling
        `clusters`, `confidence_level`, `method`, `n_resamples`, `rng`: see `Sampling`.
        ``method='analytic'`` uses Gwet's linearised standard error with Student's t.

    Returns
    -------
    Estimate
        At most 1; 1 with note `single_category_observed` if all ratings are in one category of several.
        NaN with `single_category_scale` if the scale has one value, otherwise as in `fleiss_kappa`.

    References
    ----------
    .. [1] K. L. Gwet, 2008, doi:10.1348/000711006X126600.

    Examples
    --------
    >>> human, judge = [1, 1, 1, 1, 1, 1, 1, 0], [1, 1, 1, 1, 1, 1, 0, 1]
    >>> round(gwet_ac1(human, judge, scale=[0, 1]).value, 3)
    0.68
    """
    return estimate(ac_statistic(*ratings, scale=scale), **sampling)


def gwet_ac2(
    *ratings: ArrayLike, scale: ScaleLike, weights: Weights = "quadratic", **sampling: Unpack[Sampling]
) -> Estimate:
    """Gwet's AC2: AC1 with credit for near misses, for ordered categories.

    As `gwet_ac1` with P_e = sum(W) / (q (q - 1)) * sum_k pi_k (1 - pi_k), W the agreement of two categories.
    `weights` are 'linear' or 'quadratic' (default). Gwet's "ordinal" weights, the default of other programs,
    are different weights and give another number.

    Do not use it for categories without an order (`gwet_ac1`). Other parameters and return as in `gwet_ac1`.

    References
    ----------
    .. [1] K. L. Gwet, Handbook of Inter-Rater Reliability, 4th ed., 2014.

    Examples
    --------
    >>> round(gwet_ac2([1, 2, 3, 4, 5, 5, 3, 2], [1, 2, 3, 3, 5, 4, 3, 3], scale=[1, 2, 3, 4, 5]).value, 3)
    0.919
    """
    return estimate(ac_statistic(*ratings, scale=scale, weights=weights), **sampling)


def ac_statistic(*ratings: ArrayLike, scale: ScaleLike, weights: Weights = None) -> Statistic:
    """Return `gwet_ac1`, or with weights `gwet_ac2`, as a statistic for the resampling engine."""
    table = _declared_table(ratings, scale, "Gwet's AC")
    q = len(table.points)
    if q < 2:
        return undefined_statistic(len(table.values), SINGLE_CATEGORY_SCALE)
    agreement = table.agreement_weights(weights)
    factor = agreement.sum() / (q * (q - 1))

    def by_item(shares: Floats, pooled: Floats) -> Floats:
        result: Floats = np.multiply(factor, shares @ (1 - pooled))
        return result

    chance = _Chance(lambda pi: factor * (pi * (1 - pi)).sum(axis=1), by_item)
    return _corrected(table, agreement, chance, _without_agreement(agreement))


def brennan_prediger(
    *ratings: ArrayLike, scale: ScaleLike, weights: Weights = None, **sampling: Unpack[Sampling]
) -> Estimate:
    """Brennan and Prediger's coefficient: chance is guessing with all categories equally likely.

    (P_a - P_e) / (1 - P_e), with P_a as in `fleiss_kappa` and P_e = 1/q for q declared categories, the mean
    of the agreement weights. It is raw agreement, rescaled so that guessing gives 0.

    Do not use it where some categories are hardly ever right: raters who know that would agree by chance more
    often than 1/q. Parameters and return as in `gwet_ac1`, with `weights` as in `fleiss_kappa`.

    References
    ----------
    .. [1] R. L. Brennan, D. J. Prediger, "Coefficient kappa: some uses, misuses, and alternatives", 1981.

    Examples
    --------
    >>> brennan_prediger([1, 1, 1, 1], [1, 1, 1, 0], scale=[0, 1]).value
    0.5
    """
    return estimate(brennan_prediger_statistic(*ratings, scale=scale, weights=weights), **sampling)


def brennan_prediger_statistic(*ratings: ArrayLike, scale: ScaleLike, weights: Weights = None) -> Statistic:
    """Return `brennan_prediger` as a statistic for the resampling engine."""
    table = _declared_table(ratings, scale, "Brennan-Prediger")
    if len(table.points) < 2:
        return undefined_statistic(len(table.values), SINGLE_CATEGORY_SCALE)
    agreement = table.agreement_weights(weights)
    uniform = float(agreement.mean())
    chance = _Chance(lambda pi: np.full(len(pi), uniform), lambda shares, _: np.full(len(shares), uniform))
    return _corrected(table, agreement, chance, _without_agreement(agreement))


Pooled: TypeAlias = Callable[[Floats], Floats]
ByItem: TypeAlias = Callable[[Floats, Floats], Floats]


@dataclass(frozen=True)
class _Chance:
    """Chance agreement: of pooled shares (R, K) -> (R,), and each item's part (n, K), (K,) -> (n,)."""

    of_pooled: Pooled
    of_items: ByItem


def _declared_table(ratings: tuple[ArrayLike, ...], scale: ScaleLike, name: str) -> RatingTable:
    if scale is None:
        raise ValueError(
            f"{name} depends on the number of categories: pass scale=[...] with all allowed values."
        )
    return read_table(ratings, scale)


def _without_agreement(agreement: Floats) -> float:
    """Return the smallest possible coefficient: none observed, and by chance as much as by guessing."""
    by_guessing = float(agreement.mean())
    return -by_guessing / (1 - by_guessing)


def _corrected(table: RatingTable, agreement: Floats, chance: _Chance, minimum: float) -> Statistic:
    """Return (observed - chance) / (1 - chance) as a statistic."""
    problem = table.problem()
    columns = _columns(table, agreement)
    agreeing, paired, rated, shares = columns[:, 0], table.per_item >= 2, table.per_item >= 1, columns[:, 3:]

    def coefficient(totals: Floats) -> Floats:
        observed = quotient(totals[:, 0], totals[:, 1])
        expected = chance.of_pooled(quotient(totals[:, 3:], totals[:, 2:3]))
        return quotient(observed - expected, 1 - expected)

    def analytic(confidence_level: float) -> tuple[float, float, float]:
        return _linearised(agreeing, shares, paired, rated, chance, confidence_level)

    one_category = len(table.points) > 1 and table.counts.any(axis=0).sum() == 1
    return Statistic(
        columns,
        coefficient,
        "coefficient",
        n_items=int(paired.sum()),
        n_ratings=table.n_ratings,
        reason=problem,
        notes=(SINGLE_CATEGORY_OBSERVED,) if one_category else (),
        minimum=minimum,
        analytic=None if problem else analytic,
    )


def _columns(table: RatingTable, agreement: Floats) -> Floats:
    """Return agreement of the ratings of each item, whether it has two and one, and shares of categories."""
    m = table.per_item
    shares = table.counts / np.maximum(m, 1)[:, None]
    return np.column_stack([_agreement_by_item(table, agreement), m >= 2, m >= 1, shares]).astype(float)


def _agreement_by_item(table: RatingTable, agreement: Floats) -> Floats:
    """Return the mean agreement of the pairs of ratings of each item; 0 without a pair."""
    m, counts = table.per_item, table.counts
    result: Floats = (bilinear(counts, agreement, counts) - m) / np.maximum(m * (m - 1), 1)
    return result


def _linearised(
    agreeing: Floats, shares: Floats, paired: Bools, rated: Bools, chance: _Chance, confidence_level: float
) -> tuple[float, float, float]:
    """Return Gwet's interval: the variance of each item's linear contribution, Student's t."""
    agreeing, shares, paired = agreeing[rated], shares[rated], paired[rated]
    n, pooled = len(agreeing), shares.mean(axis=0)
    expected = float(chance.of_pooled(pooled[None, :])[0])
    contribution = n / paired.sum() * (agreeing - expected * paired) / (1 - expected)
    value = float(contribution.mean())
    drift = chance.of_items(shares, pooled) - expected
    influence = contribution - 2 * (1 - value) * drift / (1 - expected)
    se = float(np.sqrt(((influence - value) ** 2).sum() / (n * (n - 1))))
    return *limits.symmetric_limits(value, se, confidence_level, n - 1), se
