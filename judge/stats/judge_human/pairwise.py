"""Agreement of judge and people on the order of pairs of answers, ties included."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias, Unpack, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from judge.stats.engine import limits
from judge.stats.engine.checks import at_least, between
from judge.stats.engine.columns import as_tables
from judge.stats.engine.estimate import NO_PAIRABLE_ITEMS, SHARE, TOO_FEW_CLUSTERS, Estimate
from judge.stats.engine.resampling import Sampling, Statistic, estimate, quotient
from judge.stats.engine.sampling_design import refuse_design
from judge.stats.engine.scale import Floats, Ints
from judge.stats.engine.weights import cluster_codes, seed_of

__all__ = ["TieCalibration", "pairwise_accuracy", "tie_calibration"]

Grouping = Literal["item", "system", "none"]
Group: TypeAlias = tuple[Floats, Floats, Ints]  # human, judge and cluster of each answer of a group
_MAX_PAIRS = 20_000_000


@dataclass(frozen=True, slots=True)
class TieCalibration:
    """The difference below which a judge's two scores should count as a tie; see `tie_calibration`.

    Attributes
    ----------
    epsilon : float
        The tie limit chosen on all items.
    uncalibrated : Estimate
        Pairwise accuracy with ties only where scores are equal.
    cross_validated : Estimate
        Accuracy of either half of the items with the tie limit chosen on the other half: what to report.
    in_sample : float
        Accuracy with `epsilon` on the items it was chosen on: optimistic.
    half_epsilons : tuple of float
        The tie limits chosen on the two halves; their difference shows how stable the choice is.
    """

    epsilon: float
    uncalibrated: Estimate
    cross_validated: Estimate
    in_sample: float
    half_epsilons: tuple[float, float]


def pairwise_accuracy(
    human: ArrayLike,
    judge: ArrayLike,
    *,
    grouping: Grouping = "item",
    epsilon: float = 0.0,
    **sampling: Unpack[Sampling],
) -> Estimate:
    """Share of pairs of answers that the judge orders as people do, ties included.

    A pair is right if people see a tie and so does the judge, or both prefer the same answer. Numbers
    with different groupings are different quantities: state the grouping.

    Parameters
    ----------
    human, judge : array_like of float, shape (n_items, n_systems)
        One row per item, one column per system that answered it; NaN or None where missing.
    grouping : {'item', 'system', 'none'}
        Which answers form pairs: systems on the same item, items of the same system, or all answers. The
        accuracy is the mean over groups.
    epsilon : float
        The judge sees a tie where its two scores differ by at most this; see `tie_calibration`.
    **sampling
        See `Sampling`; ``clusters`` groups items. The interval is Wilson's, for the effective number of
        items of a jackknife over clusters.

    Returns
    -------
    Estimate
        Between 0 and 1. NaN, `no_pairable_items`, if no two answers can be paired.

    Raises
    ------
    ValueError
        If the tables differ in shape, the grouping is unknown or `epsilon` is negative.

    References
    ----------
    .. [1] D. Deutsch, G. Foster, M. Freitag, "Ties Matter: Meta-Evaluating Modern Metrics with Pairwise
       Accuracy and Tie Calibration", EMNLP 2023, arXiv:2305.14324.

    Examples
    --------
    >>> human = [[3, 3, 1], [4, 2, 2], [5, 4, 1]]
    >>> judge = [[3, 2, 1], [4, 3, 3], [4, 5, 2]]
    >>> print(pairwise_accuracy(human, judge))
    0.778 [0.335, 0.961]
    """
    h, j = as_tables(human, judge)
    _check_options(grouping, epsilon)
    between("confidence_level", sampling.get("confidence_level", 0.95), 0, 1)
    if grouping == "item":
        return estimate(_item_statistic(h, j, np.full(len(h), epsilon)), **sampling)
    refuse_design("pairwise_accuracy with grouping='system' or 'none'", sampling)
    codes = cluster_codes(sampling.get("clusters"), len(h))
    return _jackknifed(h, j, grouping, epsilon, codes, sampling.get("confidence_level", 0.95))


def tie_calibration(
    human: ArrayLike,
    judge: ArrayLike,
    *,
    grouping: Grouping = "item",
    **sampling: Unpack[Sampling],
) -> TieCalibration:
    """Choose below which difference two scores of the judge count as a tie, and report it cross-validated.

    A judge with fine-grained scores rarely gives ties, people with five grades often do; without a tie limit
    all those pairs count as errors. Every observed difference is tried as a limit, and the smallest with the
    highest pairwise accuracy is taken, in O(P log P) for P pairs.

    Parameters
    ----------
    human, judge : array_like of float, shape (n_items, n_systems)
        One row per item, one column per system; NaN or None where missing.
    grouping : {'item', 'system', 'none'}
        See `pairwise_accuracy`.
    **sampling
        See `Sampling`; ``rng`` also draws the halves, ``clusters`` stay together.

    Returns
    -------
    TieCalibration
        Differences are rounded to 9 decimals, so that 0.3 - 0.2 and 0.2 - 0.1 are one limit.

    Raises
    ------
    ValueError
        If the tables differ in shape, the grouping is unknown, or there are more than 20 million pairs.

    References
    ----------
    .. [1] D. Deutsch, G. Foster, M. Freitag, "Ties Matter: Meta-Evaluating Modern Metrics with Pairwise
       Accuracy and Tie Calibration", EMNLP 2023, arXiv:2305.14324.

    Examples
    --------
    >>> human = [[3, 3, 1], [4, 2, 2], [5, 5, 1], [2, 2, 4]]
    >>> judge = [[3.1, 3.0, 1], [4, 2.8, 2.7], [4.9, 5, 2], [2.2, 2.1, 5]]
    >>> ties = tie_calibration(human, judge, rng=0)
    >>> round(ties.uncalibrated.value, 3), ties.epsilon, ties.in_sample
    (0.667, 0.1, 1.0)
    """
    refuse_design("tie_calibration", sampling)
    h, j = as_tables(human, judge)
    _check_options(grouping, 0.0)
    codes = cluster_codes(sampling.get("clusters"), len(h))
    epsilon, in_sample = _best_epsilon(h, j, grouping)
    seed, generator = seed_of(sampling.get("rng"))
    options: Sampling = {**sampling, "rng": generator if seed is None else seed}
    n_clusters = int(codes.max(initial=-1)) + 1
    second = (generator.permutation(n_clusters) < n_clusters // 2)[codes]
    halves = [np.flatnonzero(~second), np.flatnonzero(second)]
    chosen = [_best_epsilon(h[rows], j[rows], grouping)[0] for rows in halves]
    if grouping == "item":
        # Each row is assessed with the limit of the other half.
        other = np.where(second, chosen[0], chosen[1])
        cross_validated = estimate(_item_statistic(h, j, other), **options)
    else:
        confidence_level = options.get("confidence_level", 0.95)
        parts = [
            _jackknifed(h[rows], j[rows], grouping, other, codes[rows], confidence_level)
            for rows, other in zip(halves, reversed(chosen), strict=True)
        ]
        cross_validated = _mean_of_halves(*parts)
    uncalibrated = pairwise_accuracy(h, j, grouping=grouping, **options)
    return TieCalibration(epsilon, uncalibrated, cross_validated, in_sample, (chosen[0], chosen[1]))


def _check_options(grouping: str, epsilon: float) -> None:
    if grouping not in get_args(Grouping):
        raise ValueError(f"grouping must be one of {', '.join(get_args(Grouping))}; got {grouping!r}.")
    at_least("epsilon", epsilon, 0)


def _right(human_gap: Floats, judge_gap: Floats, epsilon: Floats | float) -> NDArray[np.bool_]:
    """Return whether the judge's order of each pair is people's; NaN gaps are wrong."""
    tied = np.round(abs(judge_gap), 9) <= epsilon
    right: NDArray[np.bool_] = np.where(tied, human_gap == 0, human_gap * judge_gap > 0)
    return right


def _item_statistic(human: Floats, judge: Floats, epsilon: Floats) -> Statistic:
    """Return the mean over items of the share of right pairs of systems; `epsilon` is per item."""
    hits, pairs = np.zeros(len(human)), np.zeros(len(human))
    for s in range(human.shape[1]):
        human_gap, judge_gap = human[:, s + 1 :] - human[:, s, None], judge[:, s + 1 :] - judge[:, s, None]
        defined = ~np.isnan(human_gap + judge_gap)
        hits += (_right(human_gap, judge_gap, epsilon[:, None]) & defined).sum(axis=1)
        pairs += defined.sum(axis=1)
    return Statistic(
        np.column_stack([np.nan_to_num(quotient(hits, pairs)), pairs > 0]),
        lambda totals: quotient(totals[:, 0], totals[:, 1]),
        "share",
        n_items=int(np.sum(pairs > 0)),
        n_ratings=2 * int(np.sum(~np.isnan(human + judge))),
        undefined=NO_PAIRABLE_ITEMS,
    )


def _groups(human: Floats, judge: Floats, grouping: Grouping, codes: Ints) -> Iterator[Group]:
    """Yield the answers of each group that have both scores; groups of one answer are left out."""
    present = ~np.isnan(human + judge)
    items, systems = np.nonzero(present)
    label = {"item": items, "system": systems, "none": np.zeros_like(items)}[grouping]
    order = np.argsort(label, kind="stable")
    columns = (human[present][order], judge[present][order], codes[items][order])
    starts = np.flatnonzero(np.diff(label[order])) + 1
    for h, j, c in zip(*(np.split(column, starts) for column in columns), strict=True):
        if h.size > 1:
            yield h, j, c


def _jackknifed(
    human: Floats, judge: Floats, grouping: Grouping, epsilon: float, codes: Ints, confidence_level: float
) -> Estimate:
    """Return the mean accuracy over groups; leaving a cluster out takes away all pairs that it is part of."""
    labels, codes = np.unique(codes, return_inverse=True)
    n_clusters = labels.size
    groups = list(_groups(human, judge, grouping, codes))
    if not groups:
        return Estimate.undefined(NO_PAIRABLE_ITEMS, confidence_level=confidence_level)
    samples = np.array([_leave_one_out(group, epsilon, n_clusters) for group in groups])
    defined = ~np.isnan(samples)
    means = quotient(np.nansum(samples, axis=0), defined.sum(axis=0))
    value, jackknife = float(means[0]), means[1:][~np.isnan(means[1:])]
    found = Estimate(
        value,
        confidence_level=confidence_level,
        n_items=len(human),
        n_ratings=2 * sum(h.size for h, _, _ in groups),
        n_clusters=n_clusters,
        possible=SHARE,
    )
    if jackknife.size < 2:
        return replace(found, reason=TOO_FEW_CLUSTERS)
    return _with_wilson(found, limits.jackknife_se(jackknife, np.ones(jackknife.size)))


def _leave_one_out(group: Group, epsilon: float, n_clusters: int) -> Floats:
    """Return the accuracy of one group: on all its answers, then without each cluster in turn."""
    human, judge, codes = group
    n = human.size
    right, right_within = np.empty(n), np.empty(n)
    for i in range(n):
        is_right = _right(human - human[i], judge - judge[i], epsilon)
        is_right[i] = False
        right[i], right_within[i] = is_right.sum(), is_right[codes == codes[i]].sum()
    # Pairs within a cluster are counted from both ends.
    lost = np.bincount(codes, right - right_within / 2, n_clusters)
    answers = np.bincount(codes, minlength=n_clusters)
    pairs_lost = answers * (n - 1) - answers * (answers - 1) / 2
    total, pairs = right.sum() / 2, n * (n - 1) / 2
    return np.concatenate([[total / pairs], quotient(total - lost, pairs - pairs_lost)])


def _with_wilson(found: Estimate, se: float) -> Estimate:
    variance, n = found.value * (1 - found.value), found.n_clusters
    effective = variance / se**2 if se > 0 and variance > 0 else n
    quantile = limits.t_quantile((1 + found.confidence_level) / 2, n - 1)
    low, high = limits.wilson_limits(found.value, effective, quantile)
    return replace(found, low=low, high=high, se=se, method="wilson")


def _mean_of_halves(first: Estimate, second: Estimate) -> Estimate:
    found = replace(
        first,
        value=(first.value + second.value) / 2,
        n_items=first.n_items + second.n_items,
        n_ratings=first.n_ratings + second.n_ratings,
        n_clusters=first.n_clusters,
        reason=first.reason or second.reason,
    )
    if math.isnan(found.value) or found.reason:
        return replace(found, low=math.nan, high=math.nan, se=math.nan, method="")
    return _with_wilson(found, math.hypot(first.se, second.se) / 2)


def _best_epsilon(human: Floats, judge: Floats, grouping: Grouping) -> tuple[float, float]:
    """Return the smallest tie limit with the highest accuracy, and that accuracy; NaN without pairs."""
    human_gaps, judge_gaps, weights = _all_pairs(human, judge, grouping)
    if not weights.size:
        return math.nan, math.nan
    distance = np.round(abs(judge_gaps), 9)
    ordered = human_gaps * judge_gaps > 0
    tied = human_gaps == 0
    order = np.argsort(distance, kind="stable")
    # Moving the limit past a pair turns its order into a tie, right exactly if people see one.
    gains = weights[order] * (tied[order].astype(float) - ordered[order])
    accuracy = weights @ ordered + np.concatenate([[0.0], np.cumsum(gains)])
    epsilons, n_below = np.unique(distance[order], return_index=True)
    n_tied = np.append(n_below[1:], distance.size)  # pairs at or below each limit
    if epsilons[0] > 0:
        epsilons, n_tied = np.append(0.0, epsilons), np.append(0, n_tied)
    at_limit = accuracy[n_tied]
    best = int(np.flatnonzero(at_limit >= at_limit.max() - 1e-12)[0])
    return float(epsilons[best]), float(at_limit[best])


def _all_pairs(human: Floats, judge: Floats, grouping: Grouping) -> tuple[Floats, Floats, Floats]:
    """Return gaps of people and judge for every pair, and its weight in the mean over groups."""
    groups = [group[:2] for group in _groups(human, judge, grouping, np.arange(len(human)))]
    sizes = np.array([h.size * (h.size - 1) // 2 for h, _ in groups])
    if sizes.sum() > _MAX_PAIRS:
        raise ValueError(
            f"tie calibration would compare {sizes.sum():,} pairs, at most {_MAX_PAIRS:,} fit into memory; "
            "use grouping='item', or a random part of the items."
        )
    gaps = [np.empty((2, 0))]
    for h, j in groups:
        first, second = np.triu_indices(h.size, 1)
        gaps.append(np.stack([h[first] - h[second], j[first] - j[second]]))
    human_gaps, judge_gaps = np.concatenate(gaps, axis=1)
    weights = np.repeat(1 / (sizes * max(1, len(groups))), sizes) if groups else np.empty(0)
    return human_gaps, judge_gaps, weights
