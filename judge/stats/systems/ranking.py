"""Ranking of systems by mean score: means, rank intervals, and agreement of two rankings.

Tables have one row per item and one column per system, so that systems are compared on the same items.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, Unpack

import numpy as np
from numpy.typing import ArrayLike

from judge.stats.engine.checks import at_least, between
from judge.stats.engine.columns import as_table, as_tables
from judge.stats.engine.estimate import NOT_APPLICABLE, TOO_FEW_CLUSTERS, Estimate
from judge.stats.engine.frames import Tabular
from judge.stats.engine.resampling import Sampling, Statistic, quotient, resample
from judge.stats.engine.sampling_design import refuse_design
from judge.stats.engine.scale import Floats, Ints
from judge.stats.engine.weights import Frame, cluster_codes, seed_of
from judge.stats.pass_fail.proportion import mean
from judge.stats.systems.rank_sets import rank_limits, significant_leads

__all__ = ["RankingAgreement", "rank_intervals", "ranking_agreement", "system_means"]

FEW_SYSTEMS = "few_systems"


@dataclass(frozen=True, slots=True)
class RankingAgreement(Tabular):
    """How two rankings of the same systems agree; see `ranking_agreement`.

    Attributes
    ----------
    human_means, judge_means : tuple of Estimate
        Mean score of each system, by column.
    kendall_tau, spearman, pearson : Estimate
        Correlations of the two vectors of means; Kendall's tau-b. Spearman's has no interval.
    pairwise_accuracy : Estimate
        Share of pairs of systems that both order alike.
    same_order, opposite_order : int
        Pairs of systems that both people and the judge tell apart, with simultaneous tests, and order alike
        or the other way round; the order of the other pairs is open.
    """

    human_means: tuple[Estimate, ...]
    judge_means: tuple[Estimate, ...]
    kendall_tau: Estimate
    spearman: Estimate
    pearson: Estimate
    pairwise_accuracy: Estimate
    same_order: int
    opposite_order: int

    def _rows(self) -> Iterable[Any]:
        return (
            {"system": i, "human": h, "judge": j}
            for i, (h, j) in enumerate(zip(self.human_means, self.judge_means, strict=True))
        )


def system_means(scores: ArrayLike, **sampling: Unpack[Sampling]) -> tuple[Estimate, ...]:
    """Mean score of each system.

    Parameters
    ----------
    scores : array_like of float, shape (n_items, n_systems)
        NaN or None where a system has no score for an item.
    **sampling
        See `Sampling`. The default method is 'jackknife', that is Student's t.

    Returns
    -------
    tuple of Estimate
        One per column; NaN, `no_ratings`, for a system without scores.

    Raises
    ------
    ValueError
        If `scores` is not two-dimensional.

    Examples
    --------
    >>> for system in system_means([[4, 2], [5, 3], [3, 3], [4, None]]):
    ...     print(system)
    4.000 [2.701, 5.299]
    2.667 [1.232, 4.101]
    """
    return tuple(mean(column, **sampling) for column in as_table(scores, "scores").T)


def ranking_agreement(human: ArrayLike, judge: ArrayLike, **sampling: Unpack[Sampling]) -> RankingAgreement:
    """Agreement of two rankings of systems by their mean scores over items.

    Intervals say what means over all items like these would show for these systems, nothing about other
    systems. Those of tau and of the pairwise accuracy are bounds: pairs that people and the judge tell apart
    with simultaneous tests keep their order [1]_, and every other pair may have either. Resampling does not
    cover: the noise of the means hides agreement of close systems, and resamples have it twice. With fewer
    than five systems no agreement is computed.

    Parameters
    ----------
    human, judge : array_like of float, shape (n_items, n_systems)
        NaN or None where missing.
    **sampling
        See `Sampling`.

    Returns
    -------
    RankingAgreement
        Agreement is NaN, `not_applicable` with note ``few_systems``, below five systems, and `no_variation`
        if all means of one side are equal.

    Raises
    ------
    ValueError
        If the tables differ in shape.

    References
    ----------
    .. [1] M. Mogstad, J. P. Romano, A. M. Shaikh, D. Wilhelm, "Inference for Ranks with Applications to
       Mobility across Neighbourhoods and Academic Achievement across Countries", Review of Economic Studies
       91, 2024, doi:10.1093/restud/rdad006.

    Examples
    --------
    >>> human = [[1, 2, 3, 4, 5], [2, 2, 3, 5, 4], [1, 3, 3, 4, 4]]
    >>> judge = [[2, 2, 3, 4, 4], [3, 2, 3, 4, 5], [1, 3, 4, 4, 4]]
    >>> agreement = ranking_agreement(human, judge, method="jackknife")
    >>> round(agreement.kendall_tau.value, 3), round(agreement.pairwise_accuracy.value, 3)
    (0.949, 0.9)
    """
    h, j = as_tables(human, judge)
    n_systems = h.shape[1]
    sums = np.hstack([np.nan_to_num(h), ~np.isnan(h), np.nan_to_num(j), ~np.isnan(j)])
    n_used = int(np.sum((~np.isnan(h)).any(axis=1) | (~np.isnan(j)).any(axis=1)))
    template = Statistic(
        sums,
        lambda totals: totals[:, 0],
        "coefficient",
        n_items=n_used,
        n_ratings=int(np.sum(~np.isnan(h)) + np.sum(~np.isnan(j))),
        reason=NOT_APPLICABLE if n_systems < 5 else None,
        notes=(FEW_SYSTEMS,) if n_systems < 5 else (),
    )
    statistics = {
        name: replace(template, function=_of_means(function), minimum=0.0 if function is _pairwise else -1.0)
        for name, function in _AGREEMENTS.items()
    }
    found = resample(statistics, **sampling)
    found["spearman"] = replace(found["spearman"], low=math.nan, high=math.nan, se=math.nan, method="")
    counts = _told_apart(h, j, sampling) if found["kendall_tau"].defined else (0, 0)
    for name, per_pair in (("kendall_tau", 2.0), ("pairwise_accuracy", 1.0)):
        found[name] = _bounded(found[name], counts, n_systems, per_pair)
    return RankingAgreement(
        system_means(h, **sampling), system_means(j, **sampling), **found,
        same_order=counts[0], opposite_order=counts[1],
    )  # fmt: skip


def _told_apart(human: Floats, judge: Floats, sampling: Sampling) -> tuple[int, int]:
    """Return pairs that both tell apart: in the same order, and in the opposite one."""
    # Half of the error is spent on each side, so that all leads of both are right together.
    level = 1 - (1 - sampling.get("confidence_level", 0.95)) / 2
    generator = seed_of(sampling.get("rng"))[1]
    clusters, n_draws = sampling.get("clusters"), sampling.get("n_resamples", 10_000)
    of_people, of_judge = (
        significant_leads(table, clusters, level, n_draws, generator) for table in (human, judge)
    )
    return int((of_people & of_judge).sum()), int((of_people & of_judge.T).sum())


def _bounded(found: Estimate, counts: tuple[int, int], n_systems: int, per_pair: float) -> Estimate:
    """Return limits that hold whatever the order of the pairs is that are not told apart."""
    if not found.defined or found.n_clusters < 2:
        return replace(found, low=math.nan, high=math.nan, se=math.nan, method="")
    n_pairs = n_systems * (n_systems - 1) / 2
    same, opposite = (count / n_pairs for count in counts)
    low, high = (1 - per_pair * (1 - same), 1 - per_pair * opposite)
    low, high = min(low, found.value), max(high, found.value)
    return replace(found, low=low, high=high, se=math.nan, method="simultaneous")


def rank_intervals(scores: ArrayLike, **sampling: Unpack[Sampling]) -> tuple[Estimate, ...]:
    """Rank of each system by its mean score, with a confidence set for the ranks of all systems together.

    Rank 1 is the highest mean; equal means share the better rank, as in a league table. The sets are
    simultaneous: with probability `confidence_level` each contains the rank of its system, and every rank
    that systems with equal true means share. They come from all pairwise differences at once [1]_.

    Do not read them as the uncertainty of one system chosen in advance, which is smaller.

    Parameters
    ----------
    scores : array_like of float, shape (n_items, n_systems)
        NaN or None where missing; a system must have at least one score.
    **sampling
        `clusters`, `confidence_level`, `n_resamples` and `rng` of `Sampling`: draws of the multivariate t
        distribution that decides which differences are significant.

    Returns
    -------
    tuple of Estimate
        One per column. The limits are the best and the worst rank.

    Raises
    ------
    ValueError
        If `scores` is not two-dimensional or a system has no score.

    References
    ----------
    .. [1] M. Mogstad, J. P. Romano, A. M. Shaikh, D. Wilhelm, "Inference for Ranks with Applications to
       Mobility across Neighbourhoods and Academic Achievement across Countries", Review of Economic Studies
       91, 2024, doi:10.1093/restud/rdad006.

    Examples
    --------
    >>> for rank in rank_intervals([[5, 2, 3], [4, 1, 2], [5, 3, 2], [4, 2, 2]], rng=0):
    ...     print(rank)
    1.000 [1.000, 1.000]
    3.000 [2.000, 3.000]
    2.000 [2.000, 3.000]
    """
    refuse_design("rank_intervals", sampling)
    table = as_table(scores, "scores")
    refuse_empty_systems(table)
    confidence_level, n_resamples = (
        sampling.get("confidence_level", 0.95),
        sampling.get("n_resamples", 10_000),
    )
    between("confidence_level", confidence_level, 0, 1)
    at_least("n_resamples", n_resamples, 1)
    seed, generator = seed_of(sampling.get("rng"))
    clusters = sampling.get("clusters")
    n_clusters = int(np.unique(cluster_codes(clusters, len(table))).size)
    ranks = competition_ranks(np.nanmean(table, axis=0, keepdims=True))[0]
    found = [
        Estimate(
            float(rank),
            confidence_level=confidence_level,
            n_items=int(np.sum(~np.isnan(column))),
            n_ratings=int(np.sum(~np.isnan(column))),
            n_clusters=n_clusters,
        )
        for rank, column in zip(ranks, table.T, strict=True)
    ]
    if n_clusters < 2:
        return tuple(replace(e, reason=TOO_FEW_CLUSTERS) for e in found)
    limits = rank_limits(table, clusters, confidence_level, n_resamples, generator)
    return tuple(
        replace(
            e, low=float(low), high=float(high), method="simultaneous", n_resamples=n_resamples, seed=seed
        )
        for e, low, high in zip(found, *limits, strict=True)
    )


def competition_ranks(means: Floats) -> Ints:
    """Return ranks within each row, 1 for the highest; equal means share the better rank.

    >>> competition_ranks(np.array([[0.5, 0.7, 0.5]])).tolist()
    [[2, 1, 2]]
    """
    higher = [(means > means[:, system, None] + 1e-12).sum(axis=1) for system in range(means.shape[1])]
    ranks: Ints = 1 + np.stack(higher, axis=1).astype(np.int64)
    return ranks


@dataclass(frozen=True, slots=True)
class ResampledRanks:
    """Ranks of systems on the data and on bootstrap resamples.

    Attributes
    ----------
    ranks : ndarray of int, shape (n_systems,)
        Ranks on the data.
    draws : ndarray of int, shape (n_resamples, n_systems)
        Ranks on the resamples in which every system has a score; empty with a single cluster.
    n_clusters : int
        Number of clusters that were resampled.
    """

    ranks: Ints
    draws: Ints
    n_clusters: int


def resample_ranks(
    table: Floats, clusters: ArrayLike | None, n_resamples: int, generator: np.random.Generator
) -> ResampledRanks:
    """Rank systems by their means on the data and on bootstrap resamples of items or clusters.

    >>> scores = np.array([[5.0, 2, 3], [4, 1, 2], [5, 3, 2], [4, 2, 2]])
    >>> resample_ranks(scores, None, 100, np.random.default_rng(0)).ranks.tolist()
    [1, 3, 2]
    """
    sums = np.hstack([np.nan_to_num(table), ~np.isnan(table)])
    frame = Frame.build([sums], clusters, len(table))
    ranks = competition_ranks(_means(sums.sum(axis=0, keepdims=True)))[0]
    if frame.n_clusters < 2:
        return ResampledRanks(ranks, np.empty((0, ranks.size), dtype=np.int64), frame.n_clusters)
    means = np.concatenate([_means(totals) for (totals,) in frame.bootstrap(n_resamples, generator, [0])])
    draws = competition_ranks(means[np.isfinite(means).all(axis=1)])
    return ResampledRanks(ranks, draws, frame.n_clusters)


def refuse_empty_systems(table: Floats) -> None:
    """Refuse a column that holds no score."""
    empty = np.flatnonzero(np.isnan(table).all(axis=0))
    if empty.size:
        raise ValueError(f"every system needs a score; columns without any: {empty.tolist()}.")


def _means(totals: Floats) -> Floats:
    """Return means (R, S) from sums and counts side by side (R, 2S)."""
    sums, counts = np.split(totals, 2, axis=1)
    return quotient(sums, counts)


def _of_means(function: Callable[[Floats, Floats], Floats]) -> Callable[[Floats], Floats]:
    def of_totals(totals: Floats) -> Floats:
        human, judge = np.split(totals, 2, axis=1)
        return function(_means(human), _means(judge))

    return of_totals


def _signs(means: Floats, system: int) -> Floats:
    """Return the sign of each system's lead over one; what summation leaves of a tie is a tie."""
    lead = means - means[:, system, None]
    signs: Floats = np.where(abs(lead) <= 1e-12 * (1 + abs(means)), 0.0, np.sign(lead))
    return signs


def _pair_counts(human: Floats, judge: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Return over ordered pairs of systems: concordance, untied by people, untied by the judge, same sign."""
    totals = np.zeros((4, len(human)))
    for system in range(human.shape[1]):
        h, j = _signs(human, system), _signs(judge, system)
        totals += [(h * j).sum(axis=1), (h * h).sum(axis=1), (j * j).sum(axis=1), (h == j).sum(axis=1)]
    totals[3] -= human.shape[1]  # every system ties with itself
    return totals[0], totals[1], totals[2], totals[3]


def _kendall(human: Floats, judge: Floats) -> Floats:
    concordance, untied_human, untied_judge, _ = _pair_counts(human, judge)
    return quotient(concordance, np.sqrt(untied_human * untied_judge))


def _pairwise(human: Floats, judge: Floats) -> Floats:
    n_systems = human.shape[1]
    same = _pair_counts(human, judge)[3] / (n_systems * (n_systems - 1))
    defined: Floats = np.where(np.isnan(human + judge).any(axis=1), np.nan, same)
    return defined


def _ranks(means: Floats) -> Floats:
    """Return ranks, ascending; equal means share their mean rank."""
    n_above_minus_below = [_signs(means, s).sum(axis=1) for s in range(means.shape[1])]
    ranks: Floats = (means.shape[1] + 1 - np.stack(n_above_minus_below, axis=1)) / 2
    return ranks


def _spearman(human: Floats, judge: Floats) -> Floats:
    return _pearson(_ranks(human), _ranks(judge))


def _pearson(human: Floats, judge: Floats) -> Floats:
    x, y = (v - v.mean(axis=1, keepdims=True) for v in (human, judge))
    return quotient((x * y).sum(axis=1), np.sqrt((x * x).sum(axis=1) * (y * y).sum(axis=1)))


_AGREEMENTS: dict[str, Callable[[Floats, Floats], Floats]] = {
    "kendall_tau": _kendall,
    "spearman": _spearman,
    "pearson": _pearson,
    "pairwise_accuracy": _pairwise,
}
