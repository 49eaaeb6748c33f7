"""Significance groups of systems, and agreement on the confidence in each pair of systems."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from judge.stats.engine import limits
from judge.stats.engine.checks import at_least, between
from judge.stats.engine.columns import as_table, as_tables
from judge.stats.engine.estimate import (
    NO_PAIRABLE_ITEMS,
    NO_VARIATION,
    SHARE,
    TOO_FEW_CLUSTERS,
    Estimate,
)
from judge.stats.engine.frames import Tabular
from judge.stats.engine.resampling import quotient
from judge.stats.engine.scale import Floats, Ints
from judge.stats.engine.weights import RNG, cluster_codes, seed_of
from judge.stats.systems.multiplicity import holm
from judge.stats.systems.ranking import refuse_empty_systems
from judge.stats.systems.significance import flipped_sums

__all__ = ["PairComparison", "SystemGroups", "significance_groups", "soft_pairwise_accuracy"]


@dataclass(frozen=True, slots=True)
class PairComparison:
    """Two systems by column, the difference of their means on items that both have, and its p-values."""

    first: int
    second: int
    difference: float
    p_value: float
    p_adjusted: float
    n_items: int


@dataclass(frozen=True, slots=True)
class SystemGroups(Tabular):
    """Groups of systems without significant differences; see `significance_groups`.

    Attributes
    ----------
    order : tuple of int
        Columns, best mean first.
    groups : tuple of tuple of int
        Runs of that order within which no pair differs significantly; a system can be in several.
    comparisons : tuple of PairComparison
        Every pair.
    n_permutations, seed : int, int or None
        Permutations drawn, and the seed that repeats them.
    """

    order: tuple[int, ...]
    groups: tuple[tuple[int, ...], ...]
    comparisons: tuple[PairComparison, ...]
    n_permutations: int
    seed: int | None

    def _rows(self) -> Iterable[Any]:
        return self.comparisons


def significance_groups(
    scores: ArrayLike,
    *,
    clusters: ArrayLike | None = None,
    confidence_level: float = 0.95,
    n_permutations: int = 10_000,
    rng: RNG = None,
) -> SystemGroups:
    """Groups of systems whose means do not differ significantly, every pair tested on shared items.

    Paired permutation tests (the scores of two systems are swapped within clusters), two-sided, with
    Holm's correction over all pairs.

    Do not read a shared group as equality: the systems in it were not shown to differ.

    Parameters
    ----------
    scores : array_like of float, shape (n_items, n_systems)
        NaN or None where missing.
    clusters : array_like, shape (n_items,), optional
        Group of each item.
    confidence_level : float
        1 - confidence_level is the chance of any false difference among the pairs.
    n_permutations : int
        Random swaps. The smallest p-value is 1 / (n_permutations + 1), so many pairs need many.
    rng : int, numpy.random.Generator or None
        Seed or generator.

    Returns
    -------
    SystemGroups
        A pair without shared items has NaN p-values and counts as not distinguished.

    Raises
    ------
    ValueError
        If `scores` is not two-dimensional, a system has no score, or `n_permutations` is too small for any
        pair to become significant.

    References
    ----------
    .. [1] S. Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of
       Statistics 6, 1979.

    Examples
    --------
    >>> scores = [[5, 2, 2], [4, 1, 2], [5, 3, 2], [4, 2, 2], [5, 1, 1], [5, 2, 3], [4, 1, 1], [4, 2, 3]]
    >>> result = significance_groups(scores, rng=0)
    >>> result.order, result.groups
    ((0, 2, 1), ((0,), (2, 1)))
    """
    table = as_table(scores, "scores")
    refuse_empty_systems(table)
    between("confidence_level", confidence_level, 0, 1)
    first, second = np.triu_indices(table.shape[1], 1)
    needed = math.ceil(first.size / (1 - confidence_level))
    if n_permutations < needed:
        raise ValueError(
            f"n_permutations must be at least {needed:,}, or none of {first.size:,} pairs can be "
            f"significant after Holm's correction; got {n_permutations:,}."
        )
    changes = table[:, first] - table[:, second]
    codes = cluster_codes(clusters, len(table))
    sums = _cluster_sums(changes, codes)
    seed, generator = seed_of(rng)
    n_pairs = np.sum(~np.isnan(changes), axis=0)
    p_values = np.where(n_pairs > 0, _two_sided_p(sums, n_permutations, generator), np.nan)
    differences = quotient(sums.sum(axis=0), n_pairs)
    adjusted = holm(p_values)
    columns = (first, second, differences, p_values, adjusted, n_pairs)
    comparisons = tuple(PairComparison(*row) for row in zip(*(c.tolist() for c in columns), strict=True))
    order = np.argsort(-np.nanmean(table, axis=0), kind="stable")
    alike = np.ones((table.shape[1], table.shape[1]), dtype=bool)
    alike[first, second] = alike[second, first] = ~(adjusted <= 1 - confidence_level)
    return SystemGroups(tuple(order.tolist()), _runs(order, alike), comparisons, n_permutations, seed)


def soft_pairwise_accuracy(
    human: ArrayLike,
    judge: ArrayLike,
    *,
    clusters: ArrayLike | None = None,
    confidence_level: float = 0.95,
    n_permutations: int = 1000,
    rng: RNG = None,
) -> Estimate:
    """How well the judge reproduces people's confidence that one system is better than another.

    1 - mean over pairs of systems of abs(p_human - p_judge), p the one-sided p-value of a paired permutation
    test, with the same swaps for all pairs and both sides. Swaps that tie with the observed difference
    count half, so that the order of the systems does not matter even with few grades. Unlike a rank
    correlation it does not penalise a judge for the order of systems that people do not distinguish; prefer
    it below 15 systems.

    Parameters
    ----------
    human, judge : array_like of float, shape (n_items, n_systems)
        NaN or None where missing.
    clusters : array_like, shape (n_items,), optional
        Group of each item.
    confidence_level : float
        Confidence level.
    n_permutations : int
        Random swaps.
    rng : int, numpy.random.Generator or None
        Seed or generator.

    Returns
    -------
    Estimate
        Between 0 and 1. The interval, a jackknife over clusters with normal p-values, says what as many other
        items would have shown. NaN, `no_pairable_items`, if no two systems share an item.

    Raises
    ------
    ValueError
        If the tables differ in shape.

    References
    ----------
    .. [1] B. Thompson, N. Mathur, D. Deutsch, H. Khayrallah, "Improving Statistical Significance in
       Human Evaluation of Automatic Metrics via Soft Pairwise Accuracy", WMT 2024, arXiv:2409.09598.

    Examples
    --------
    >>> human = [[3, 4, 1], [2, 4, 2], [3, 5, 1], [2, 3, 2], [4, 4, 3]]
    >>> judge = [[3, 3, 2], [3, 4, 2], [4, 4, 1], [3, 3, 2], [4, 5, 3]]
    >>> soft_pairwise_accuracy(human, judge, rng=0).value > 0.9
    True
    """
    h, j = as_tables(human, judge)
    between("confidence_level", confidence_level, 0, 1)
    at_least("n_permutations", n_permutations, 1)
    first, second = np.triu_indices(h.shape[1], 1)
    changes = [table[:, first] - table[:, second] for table in (h, j)]
    paired = ~np.isnan(changes[0] + changes[1])
    testable = paired.any(axis=0)
    codes = cluster_codes(clusters, len(h))
    seed, generator = seed_of(rng)
    found = Estimate(
        math.nan,
        confidence_level=confidence_level,
        n_items=int(paired.any(axis=1).sum()),
        n_ratings=int(np.sum(~np.isnan(h)) + np.sum(~np.isnan(j))),
        n_clusters=np.unique(codes).size,
        n_resamples=n_permutations,
        seed=seed,
        possible=SHARE,
    )
    if not testable.any():
        return replace(found, reason=NO_PAIRABLE_ITEMS)
    sums = np.hstack([_cluster_sums(np.where(paired, c, np.nan)[:, testable], codes) for c in changes])
    p_human, p_judge = np.split(_one_sided_mid_p(sums, n_permutations, generator), 2)
    found = replace(found, value=float(1 - np.mean(abs(p_human - p_judge))))
    return _soft_interval(found, sums)


def _cluster_sums(changes: Floats, codes: Ints) -> Floats:
    """Return differences summed within clusters, missing ones as 0, shape (C, pairs)."""
    n_clusters = int(codes.max(initial=-1)) + 1
    columns = [np.bincount(codes, column, n_clusters) for column in np.nan_to_num(changes).T]
    return np.stack(columns, axis=1) if columns else np.zeros((n_clusters, 0))


def _two_sided_p(sums: Floats, n_permutations: int, rng: np.random.Generator) -> Floats:
    observed = abs(sums.sum(axis=0)) - _rounding(sums)
    n_as_far = np.zeros(observed.size)
    for totals in flipped_sums(sums, n_permutations, rng):
        n_as_far += (abs(totals) >= observed).sum(axis=0)
    p_values: Floats = (n_as_far + 1) / (n_permutations + 1)
    return p_values


def _one_sided_mid_p(sums: Floats, n_permutations: int, rng: np.random.Generator) -> Floats:
    """Count swaps that tie with the observed sum half: p of a pair and of its reverse then add up to 1."""
    observed, rounding = sums.sum(axis=0), _rounding(sums)
    n_above = np.zeros(observed.size)
    for totals in flipped_sums(sums, n_permutations, rng):
        n_above += (totals > observed + rounding).sum(axis=0) / 2
        n_above += (totals >= observed - rounding).sum(axis=0) / 2
    p_values: Floats = (n_above + 0.5) / (n_permutations + 1)
    return p_values


def _rounding(sums: Floats) -> Floats:
    """Return the size of rounding errors, which must not decide whether a swap ties with the data."""
    bound: Floats = 1e-9 * abs(sums).sum(axis=0)
    return bound


def _soft_interval(found: Estimate, sums: Floats) -> Estimate:
    if len(sums) < 2:
        return replace(found, reason=TOO_FEW_CLUSTERS)
    from scipy.special import ndtr

    # A sum with random signs has mean 0 and variance sum of squares, each without the left-out cluster.
    spread = np.sqrt(np.maximum((sums**2).sum(axis=0) - sums**2, 0.0))
    lead = quotient(sums.sum(axis=0) - sums, spread)
    p_human, p_judge = np.split(np.where(np.isnan(lead), 0.5, ndtr(-np.nan_to_num(lead))), 2, axis=1)
    jackknife = 1 - abs(p_human - p_judge).mean(axis=1)
    se = limits.jackknife_se(jackknife, np.ones(len(sums)))
    if se == 0 or found.value >= 1:
        return replace(found, se=se, reason=NO_VARIATION)
    low, high = limits.coefficient_limits(found.value, se, found.confidence_level, len(sums) - 1)
    return replace(found, low=low, high=high, se=se, method="jackknife")


def _runs(order: Ints, alike: NDArray[np.bool_]) -> tuple[tuple[int, ...], ...]:
    """Return the longest runs of `order` within which all pairs are alike, each not part of another."""
    runs: list[tuple[int, ...]] = []
    last_end = 0
    for start in range(order.size):
        end = start + 1
        while end < order.size and alike[order[end], order[start:end]].all():
            end += 1
        if end > last_end:
            runs.append(tuple(order[start:end].tolist()))
            last_end = end
    return tuple(runs)
