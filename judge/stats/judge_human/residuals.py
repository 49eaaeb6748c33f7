"""Residuals of the judge from people's consensus: self-preference, drift over time, missing judgments."""

from __future__ import annotations

import math
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Unpack

import numpy as np
from numpy.typing import ArrayLike

from judge.stats.engine.degrees_of_freedom import of_two_groups
from judge.stats.engine.estimate import NO_COMPLETE_PAIRS, NO_OBSERVATIONS, NO_VARIATION, Estimate, Reason
from judge.stats.engine.resampling import Sampling
from judge.stats.engine.scale import Floats, as_floats
from judge.stats.engine.statistic import Statistic, average, difference, quotient
from judge.stats.engine.table import ScaleLike
from judge.stats.judge_human.consensus import consensus, humans_and_judge
from judge.stats.judge_human.contrast import evaluate

__all__ = ["Drift", "NonAnswers", "SelfPreference", "drift", "non_answers", "self_preference"]


@dataclass(frozen=True, slots=True)
class SelfPreference:
    """Extra points for answers of the judge's own family.

    Attributes
    ----------
    judge : Estimate
        Mean of judge minus consensus on its own family's answers, minus that on all others.
    other_judges : Estimate
        The same contrast for judges of other families, averaged; undefined without any.
    difference : Estimate
        Judge minus other judges: an answer that all judges overrate is no self-preference.
    """

    judge: Estimate
    other_judges: Estimate
    difference: Estimate


def self_preference(
    humans: ArrayLike,
    judge: ArrayLike,
    own_family: ArrayLike,
    *,
    other_judges: ArrayLike | None = None,
    scale: ScaleLike = None,
    **sampling: Unpack[Sampling],
) -> SelfPreference:
    """Self-preference of a judge, from residuals to people's consensus and never from raw scores.

    Parameters
    ----------
    humans : array_like, shape (n_items, n_humans)
        People's ratings; their mean is the consensus.
    judge : array_like, shape (n_items,)
        The judge's ratings, NaN where missing.
    own_family : array_like of bool, shape (n_items,)
        Whether the answer comes from a system of the judge's own family.
    other_judges : array_like, shape (n_items, n_judges), optional
        Ratings of the same answers by judges of other families.
    scale : Scale or sequence, optional
        The declared scale.
    **sampling
        See `Sampling`; the default method is the jackknife.

    Returns
    -------
    SelfPreference
        `no_observations` if there are no answers of the own family, or none of another.

    References
    ----------
    .. [1] A. Panickssery et al., "LLM Evaluators Recognize and Favor Their Own Generations", 2024,
       arXiv 2404.13076.

    Examples
    --------
    >>> own = [True, True, False, False]
    >>> found = self_preference([[4], [3], [3], [2]], [5, 4, 3, 2], own, other_judges=[[4], [4], [3], [3]])
    >>> found.judge.value, found.other_judges.value, found.difference.value
    (1.0, 0.0, 1.0)
    """
    of_humans, of_judge = humans_and_judge(humans, judge, scale)
    own = np.asarray(own_family, bool)
    if own.shape != of_judge.shape:
        raise ValueError(f"own_family must hold one mark per item, shape {of_judge.shape}; got {own.shape}.")
    reference = consensus(of_humans)
    first = _own_minus_other(of_judge - reference, own, sampling)
    if other_judges is None:
        undefined = Estimate.undefined("not_applicable")
        return SelfPreference(evaluate({"": first}, sampling)[""], undefined, undefined)
    others = humans_and_judge(other_judges, of_judge, scale)[0]
    parts = [_own_minus_other(column - reference, own, sampling) for column in others.T]
    second = average(*parts)
    found = evaluate({"judge": first, "others": second, "gap": difference(first, second)}, sampling)
    return SelfPreference(found["judge"], found["others"], found["gap"])


def _own_minus_other(residual: Floats, own: np.ndarray, sampling: Sampling) -> Statistic:
    known = ~np.isnan(residual)
    value = np.where(known, residual, 0.0)
    sums = np.column_stack([value * own, known & own, value * ~own, known & ~own]).astype(float)
    n = int(known.sum())
    return Statistic(
        sums,
        lambda t: quotient(t[:, 0], t[:, 1]) - quotient(t[:, 2], t[:, 3]),
        n_items=n,
        n_ratings=n,
        undefined=NO_OBSERVATIONS,
        most_df=of_two_groups(known & own, known & ~own, sampling.get("clusters")),
    )


@dataclass(frozen=True, slots=True)
class Drift:
    """Change of the judge against people's consensus over time.

    Attributes
    ----------
    slope : Estimate
        Change of judge minus consensus per unit of time.
    cusum : float
        Largest excursion of the cumulated centred residuals, over sd sqrt(n): 1.36 is the 5 % point.
    cusum_p : float
        Its p-value (Kolmogorov distribution, items taken as independent); finds a jump that a slope misses.
    change_at : float
        Time of the largest excursion, where a jump most likely lies.
    """

    slope: Estimate
    cusum: float
    cusum_p: float
    change_at: float


def drift(
    humans: ArrayLike,
    judge: ArrayLike,
    time: ArrayLike,
    *,
    scale: ScaleLike = None,
    **sampling: Unpack[Sampling],
) -> Drift:
    """Drift of a judge on a fixed set of items with human scores.

    Do not use it on different items over time: their difficulty may change as well.

    Parameters
    ----------
    humans : array_like, shape (n_items, n_humans)
        People's ratings; their mean is the consensus.
    judge : array_like, shape (n_items,)
        The judge's ratings in the course of time, NaN where missing.
    time : array_like of float, shape (n_items,)
        Date or order of the judgment in any unit. Split the series where the model's fingerprint changes.
    scale : Scale or sequence, optional
        The declared scale.
    **sampling
        See `Sampling`; the default method is the jackknife.

    Returns
    -------
    Drift
        NaN with `no_variation` if all judgments have one time.

    References
    ----------
    .. [1] E. S. Page, "Continuous inspection schemes", Biometrika 41, 1954 (CUSUM).

    Examples
    --------
    >>> human = np.tile([1, 2, 3, 4], 25)
    >>> judge = human + (np.arange(100) >= 50)
    >>> found = drift(human[:, None], judge, np.arange(100))
    >>> round(found.slope.value, 3), round(found.cusum, 1), found.change_at
    (0.015, 5.0, 49.0)
    """
    of_humans, of_judge = humans_and_judge(humans, judge, scale)
    when = as_floats(time)
    if when.shape != of_judge.shape:
        raise ValueError(f"time must hold one number per item, shape {of_judge.shape}; got {when.shape}.")
    residual = of_judge - consensus(of_humans)
    known = ~np.isnan(residual) & ~np.isnan(when)
    n = int(known.sum())
    t = np.where(known, when - (when[known].mean() if n else 0.0), 0.0)
    spread = float(np.abs(t).max(initial=0.0)) or 1.0  # the slope's scale must not decide what counts as 0
    x, y = t / spread, np.where(known, residual, 0.0)
    reason: Reason | None = None if n else NO_COMPLETE_PAIRS
    statistic = Statistic(
        np.column_stack([known, x, y, x * x, x * y]).astype(float),
        lambda s: _slope(s) / spread,
        n_items=n,
        n_ratings=n,
        reason=reason,
        undefined=NO_VARIATION,
    )
    slope = evaluate({"": statistic}, sampling)[""]
    return Drift(slope, *_cusum(residual[known], when[known]))


def _slope(s: Floats) -> Floats:
    n, x, y, xx, xy = s.T
    return quotient(quotient(xy, n) - quotient(x * y, n**2), quotient(xx, n) - quotient(x**2, n**2))


def _cusum(residual: Floats, when: Floats) -> tuple[float, float, float]:
    from scipy.special import kolmogorov

    if len(residual) < 2 or residual.std() <= 1e-12 or np.ptp(when) == 0:
        return math.nan, math.nan, math.nan
    order = np.argsort(when, kind="stable")
    path = np.abs((residual[order] - residual.mean()).cumsum())
    # Judgments of one time have no order among themselves: look at the path only between times.
    path[:-1][np.diff(when[order]) == 0] = 0.0
    peak = int(path.argmax())
    size = float(path[peak] / (residual.std(ddof=1) * math.sqrt(len(residual))))
    return size, float(kolmogorov(size)), float(when[order][peak])


@dataclass(frozen=True, slots=True)
class NonAnswers:
    """Where the judge gives no score.

    Attributes
    ----------
    rate : Estimate
        Share of items without a score (refused, unparsed, truncated, failed).
    by_group : tuple of (group, Estimate)
        The share in each group, in the order of first appearance.
    human_gap : Estimate
        Mean human score of items without minus items with a judge's score: not 0 means that what is missing
        is not missing at random, and statistics of the rest are about other items.
    """

    rate: Estimate
    by_group: tuple[tuple[Hashable, Estimate], ...]
    human_gap: Estimate


def non_answers(
    humans: ArrayLike,
    judge: ArrayLike,
    *,
    groups: ArrayLike | None = None,
    scale: ScaleLike = None,
    **sampling: Unpack[Sampling],
) -> NonAnswers:
    """Rate of missing judgments, by group, and against the human score.

    Do not treat missing judgments as random without looking at `human_gap`.

    Parameters
    ----------
    humans : array_like, shape (n_items, n_humans)
        People's ratings.
    judge : array_like, shape (n_items,)
        The judge's ratings, NaN where there is none.
    groups : array_like, shape (n_items,), optional
        System, slice, or whatever else the rate may depend on.
    scale : Scale or sequence, optional
        The declared scale.
    **sampling
        `clusters`, `confidence_level`, `method`, `n_resamples`, `rng`, see `Sampling`.

    Returns
    -------
    NonAnswers
        `human_gap` is `no_observations` if no item, or every item, lacks a judge's score.

    Examples
    --------
    >>> found = non_answers([[4], [1], [5], [2]], [4, None, 5, None], groups=["a", "a", "b", "b"])
    >>> found.rate.value, [(group, rate.value) for group, rate in found.by_group], found.human_gap.value
    (0.5, [('a', 0.5), ('b', 0.5)], -3.0)
    """
    of_humans, of_judge = humans_and_judge(humans, judge, scale)
    missing = np.isnan(of_judge)
    everywhere = np.ones(len(missing), bool)
    statistics = {
        "rate": _rate(missing, everywhere),
        "gap": _own_minus_other(consensus(of_humans), missing, sampling),
    }
    names: dict[str, Hashable] = {}
    if groups is not None:
        labels = np.asarray(groups, dtype=object)
        if labels.shape != missing.shape:
            raise ValueError(
                f"groups must hold one label per item, shape {missing.shape}; got {labels.shape}."
            )
        names = {f"group {i}": label for i, label in enumerate(dict.fromkeys(labels.tolist()))}
        statistics |= {key: _rate(missing, labels == label) for key, label in names.items()}
    found = evaluate(statistics, sampling)
    by_group = tuple((label, found[key]) for key, label in names.items())
    return NonAnswers(found["rate"], by_group, found["gap"])


def _rate(missing: np.ndarray, inside: np.ndarray) -> Statistic:
    n = int(inside.sum())
    sums = np.column_stack([missing & inside, inside]).astype(float)
    return Statistic(
        sums,
        lambda totals: quotient(totals[:, 0], totals[:, 1]),
        "share",
        n_items=n,
        n_ratings=int((inside & ~missing).sum()),
        undefined=NO_OBSERVATIONS,
    )
