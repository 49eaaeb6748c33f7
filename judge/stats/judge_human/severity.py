"""Severity or leniency of the judge, on average and by category."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Unpack

import numpy as np
from numpy.typing import ArrayLike

from judge.stats.engine.estimate import (
    DESIGN_DISCONNECTED,
    FEW_CLUSTERS,
    NO_COMPLETE_PAIRS,
    NO_VARIATION,
    TOO_FEW_CLUSTERS,
    TOO_FEW_RATERS,
    Estimate,
    Reason,
)
from judge.stats.engine.intervals import Method
from judge.stats.engine.resampling import Replicates, ResampledValues, Sampling, Statistic
from judge.stats.engine.scale import Floats
from judge.stats.engine.table import ScaleLike, read_table
from judge.stats.engine.weights import cluster_codes
from judge.stats.judge_human.all_pairs import are_many
from judge.stats.judge_human.consensus import humans_and_judge
from judge.stats.judge_human.contrast import evaluate
from judge.stats.judge_human.rater_effects import REGULAR, rater_effects

__all__ = ["MarginalHomogeneity", "Severity", "marginal_homogeneity", "severity"]


@dataclass(frozen=True, slots=True)
class Severity:
    """Severity of the judge and of each person.

    Attributes
    ----------
    bias : Estimate
        The judge's effect minus the mean effect of people, in scale units; above 0 the judge is lenient.
    judge : Estimate
        The judge's effect; all effects together add up to 0.
    humans : tuple of Estimate
        Each person's effect.
    """

    bias: Estimate
    judge: Estimate
    humans: tuple[Estimate, ...]


def severity(
    humans: ArrayLike, judge: ArrayLike, *, scale: ScaleLike = None, **sampling: Unpack[Sampling]
) -> Severity:
    """Severity of the judge against people, also when each item was rated by some raters only.

    Least squares of rating = item + rater, rater effects adding up to 0, so that a person who happened to
    rate the better answers does not look lenient. With complete ratings `bias` is the plain mean of judge
    minus people's mean.

    Do not use it for raters who share no items, directly or through others: their severity cannot be
    compared (`design_disconnected`).

    Parameters
    ----------
    humans : array_like, shape (n_items, n_humans)
        People's ratings, NaN where missing.
    judge : array_like, shape (n_items,)
        The judge's ratings, NaN where missing.
    scale : Scale or sequence, optional
        The declared scale.
    **sampling
        See `Sampling`; the default method is the jackknife.

    Returns
    -------
    Severity
        Undefined as `design_disconnected` if raters fall into groups that share no item.

    References
    ----------
    .. [1] J. M. Linacre, "Many-Facet Rasch Measurement", 1989 (severity of raters).

    Examples
    --------
    >>> result = severity([[3, 3], [3, 2], [4, 4], [1, None]], [4, 3, 5, 2])
    >>> round(result.bias.value, 2)
    0.9
    """
    found = _estimates(humans, judge, scale, sampling)
    people = tuple(found[str(r)] for r in range(1, len(found) - 1))
    return Severity(found["bias"], found["0"], people)


def judge_bias(
    humans: ArrayLike, judge: ArrayLike, *, scale: ScaleLike = None, **sampling: Unpack[Sampling]
) -> Estimate:
    """Return the `bias` of `severity` alone: the effect of each of many raters takes longer.

    >>> round(judge_bias([[3, 3], [3, 2], [4, 4], [1, None]], [4, 3, 5, 2]).value, 2)
    0.9
    """
    return _estimates(humans, judge, scale, sampling, of_raters=False)["bias"]


def _estimates(
    humans: ArrayLike, judge: ArrayLike, scale: ScaleLike, sampling: Sampling, of_raters: bool = True
) -> dict[str, Estimate]:
    """Return the bias, and the effects of the judge (0) and of each person."""
    of_humans, of_judge = humans_and_judge(humans, judge, scale)
    table = np.column_stack([of_judge, of_humans])
    n_raters = table.shape[1]
    contrast = np.full(n_raters, -1.0 / max(n_raters - 1, 1))
    contrast[0] = 1.0
    wanted = {"bias": contrast}
    if of_raters:
        wanted |= {str(r): of_rater for r, of_rater in enumerate(np.eye(n_raters))}
    many = are_many(n_raters, sampling)
    sums = np.empty((len(table), 0)) if many else _normal_equations(table)
    n_of_item = (~np.isnan(table)).sum(axis=1)
    paired = n_of_item >= 2
    n_items, n_ratings = int(paired.sum()), int(n_of_item[paired].sum())
    n_dropped = int(n_of_item.sum()) - n_ratings
    reason: Reason | None = TOO_FEW_RATERS if n_raters < 2 else None if paired.any() else NO_COMPLETE_PAIRS
    effects = _Effects(n_raters)
    statistics = {
        name: Statistic(
            sums,
            partial(effects.combined, combination=combination),
            n_items=n_items,
            n_ratings=n_ratings,
            n_dropped=n_dropped,
            reason=reason,
            undefined=DESIGN_DISCONNECTED,
        )
        for name, combination in wanted.items()
    }
    return _of_many(table, statistics, wanted, sampling) if many else evaluate(statistics, sampling)


def _of_many(
    table: Floats, statistics: Mapping[str, Statistic], wanted: Mapping[str, Floats], sampling: Sampling
) -> dict[str, Estimate]:
    """Return the same with the equations of each cluster on its own raters alone."""
    effects = rater_effects(table, sampling.get("clusters"))
    counts = np.ones(len(effects.without))
    sizes = effects.sizes if len(counts) < len(table) else None
    samples = {
        name: ResampledValues(
            float(effects.effects @ of), effects.without @ of, counts, np.empty(0), sizes=sizes
        )
        for name, of in wanted.items()
    }
    methods: dict[str, Method] = dict.fromkeys(statistics, "jackknife")
    replicates = Replicates(statistics, samples, methods, len(counts))
    level = sampling.get("confidence_level", 0.95)
    return {name: replicates.estimate(name, level) for name in statistics}


def _normal_equations(table: Floats) -> Floats:
    """Return per item the terms of A e = b for rater effects e, items eliminated: A flattened, then b."""
    rated = (~np.isnan(table)).astype(float)
    m = np.maximum(rated.sum(axis=1), 1)[:, None]
    mean = np.nansum(table, axis=1)[:, None] / m
    n_items, n_raters = table.shape
    a = rated[:, :, None] * np.eye(n_raters) - rated[:, :, None] * rated[:, None, :] / m[:, :, None]
    b = np.where(rated > 0, table - mean, 0.0)
    return np.column_stack([a.reshape(n_items, n_raters**2), b])


class _Effects:
    """Effects of all raters; the statistics of one set of ratings share the last ones."""

    def __init__(self, n_raters: int) -> None:
        self.n_raters = n_raters
        self._last: tuple[Floats, Floats] | None = None

    def combined(self, totals: Floats, combination: Floats) -> Floats:
        """Return a combination of the effects; NaN where raters fall into groups that share no item."""
        if self._last is None or self._last[0] is not totals:
            self._last = totals, self._solved(totals)
        return np.asarray(self._last[1] @ combination)

    def _solved(self, totals: Floats) -> Floats:
        n = self.n_raters
        a = totals[:, : n**2].reshape(len(totals), n, n)
        # Each A has the constant vector in its null space; adding it makes A regular if raters are connected.
        smallest = np.linalg.eigvalsh(a + 1.0 / n)[:, 0]
        regular = smallest > REGULAR
        effects = np.full((len(totals), n), math.nan)
        right = totals[regular, n**2 :, None]
        effects[regular] = np.linalg.solve(a[regular] + 1.0 / n, right)[:, :, 0]
        return effects


@dataclass(frozen=True, slots=True)
class MarginalHomogeneity:
    """Test of marginal homogeneity: whether judge and human use the categories equally often.

    Attributes
    ----------
    stuart_maxwell, bhapkar : float
        Chi-squared statistics; Bhapkar's is the more powerful, W = S / (1 - S/n).
    df : int
        Rank of the covariance of the margin differences: one less than the categories that are mixed up.
    stuart_maxwell_p, bhapkar_p : float
        Their p-values.
    shares : tuple of float
        Judge's share minus human's share of each category.
    n_items, n_clusters : int
        Items with both ratings, and their clusters.
    reason : str or None
        Why the test is undefined.
    notes : tuple of str
    """

    stuart_maxwell: float
    bhapkar: float
    df: int
    stuart_maxwell_p: float
    bhapkar_p: float
    shares: tuple[float, ...]
    n_items: int
    n_clusters: int
    reason: Reason | None = None
    notes: tuple[str, ...] = ()


def marginal_homogeneity(
    human: ArrayLike, judge: ArrayLike, *, scale: ScaleLike = None, clusters: ArrayLike | None = None
) -> MarginalHomogeneity:
    """Stuart-Maxwell and Bhapkar test of marginal homogeneity, also for clustered items.

    With d the vector of margin differences (judge count minus human count per category) and
    V = sum over clusters of d_c d_c', S = d' V^- d; for single items V is Stuart's covariance. Bhapkar uses
    V - d d'/C. All categories are kept; the generalized inverse handles those without any disagreement.

    Do not use it as a test of agreement: margins may be equal although the raters disagree on every item.

    Parameters
    ----------
    human, judge : array_like, shape (n_items,)
        Ratings by a person or a majority, and by the judge; missing ones are left out.
    scale : Scale or sequence, optional
        The declared scale.
    clusters : array_like, shape (n_items,), optional
        Group of each item.

    Returns
    -------
    MarginalHomogeneity
        `no_variation` if judge and human agree on every item.

    References
    ----------
    .. [1] A. Stuart, Biometrika 42, 1955; A. E. Maxwell, British Journal of Psychiatry 116, 1970.
    .. [2] V. P. Bhapkar, Journal of the American Statistical Association 61, 1966.

    Examples
    --------
    >>> result = marginal_homogeneity([1, 1, 2, 2, 3, 2, 1, 3], [1, 2, 2, 3, 3, 3, 2, 3])
    >>> round(result.stuart_maxwell, 2), result.df
    (4.0, 2)
    """
    table = read_table((human, judge), scale)
    both = table.complete
    pairs = table.values[both]
    difference = (pairs[:, 1:] == table.points).astype(float) - (pairs[:, :1] == table.points)
    codes = np.unique(cluster_codes(clusters, len(both))[both], return_inverse=True)[1]
    n_clusters = len(np.unique(codes))
    by_cluster = np.zeros((n_clusters, len(table.points)))
    np.add.at(by_cluster, codes, difference)
    total = by_cluster.sum(axis=0)
    scatter = by_cluster.T @ by_cluster
    rank = int(np.linalg.matrix_rank(scatter, hermitian=True)) if n_clusters else 0
    shares = tuple((total / max(len(pairs), 1)).tolist())
    reason = _margin_problem(len(pairs), n_clusters, rank)
    if reason is not None:
        undefined = (math.nan, math.nan, rank, math.nan, math.nan)
        return MarginalHomogeneity(*undefined, shares, len(pairs), n_clusters, reason)
    # Beyond C the quadratic form cannot go; there Bhapkar's has no bound.
    s = min(float(total @ np.linalg.pinv(scatter, hermitian=True) @ total), float(n_clusters))
    w = s / (1 - s / n_clusters) if s < n_clusters * (1 - 1e-12) else math.inf
    p_values = _chi2_tail(s, rank), _chi2_tail(w, rank)
    notes = (FEW_CLUSTERS,) if n_clusters < 10 else ()
    return MarginalHomogeneity(s, w, rank, *p_values, shares, len(pairs), n_clusters, None, notes)


def _margin_problem(n_pairs: int, n_clusters: int, rank: int) -> Reason | None:
    if n_pairs == 0:
        return NO_COMPLETE_PAIRS
    if n_clusters < 2:
        return TOO_FEW_CLUSTERS
    return NO_VARIATION if rank == 0 else None


def _chi2_tail(statistic: float, df: int) -> float:
    from scipy.special import chdtrc

    return float(chdtrc(df, statistic))
