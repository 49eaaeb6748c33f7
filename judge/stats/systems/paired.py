"""Differences between two judges or two systems on the same items, with intervals."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, Unpack

import numpy as np
from numpy.typing import ArrayLike

from judge.stats.engine import limits
from judge.stats.engine.checks import between
from judge.stats.engine.columns import as_column, as_groups, as_marks, check_lengths
from judge.stats.engine.estimate import CORRELATION, NO_COMPLETE_PAIRS, Estimate
from judge.stats.engine.resampling import Sampling, Statistic, estimate, quotient
from judge.stats.engine.scale import Floats
from judge.stats.systems.significance import Significance, complete_pairs, t_test

__all__ = ["PairedDifference", "paired_difference", "paired_proportions"]


@dataclass(frozen=True, slots=True)
class PairedDifference:
    """A difference a - b of means on the same items; see `paired_difference`.

    Attributes
    ----------
    difference : Estimate
        Mean of a minus mean of b, with its interval.
    test : Significance
        Whether it differs from 0.
    n_higher, n_lower, n_equal : int
        Items on which a is above, below, and equal to b.
    """

    difference: Estimate
    test: Significance
    n_higher: int
    n_lower: int
    n_equal: int


def paired_proportions(
    a: ArrayLike,
    b: ArrayLike,
    *,
    method: Literal["newcombe", "tango"] = "newcombe",
    confidence_level: float = 0.95,
) -> Estimate:
    """Difference a - b of two pass rates on the same independent items.

    'newcombe' combines the two Wilson intervals, allowing for the correlation (square-and-add, method 10
    of Newcombe); 'tango' inverts the score test. Both are reliable with few items and with rates near 0 or
    1. For clusters of items use `paired_difference`.

    Parameters
    ----------
    a, b : array_like, shape (n_items,)
        Pass marks; NaN or None where missing.
    method : {'newcombe', 'tango'}
        Kind of interval.
    confidence_level : float
        Confidence level.

    Returns
    -------
    Estimate
        Between -1 and 1; NaN, `no_complete_pairs`, without any pair.

    Raises
    ------
    ValueError
        If lengths differ, a mark is neither pass, fail nor missing, or the method is unknown.

    References
    ----------
    .. [1] R. G. Newcombe, "Improved confidence intervals for the difference between binomial proportions
       based on paired data", Statistics in Medicine 17, 1998.
    .. [2] T. Tango, "Equivalence test and confidence interval for the difference in proportions for the
       paired-sample design", Statistics in Medicine 17, 1998.

    Examples
    --------
    >>> before, after = [1] * 2 + [0] * 19, [1, 0] + [1] * 7 + [0] * 12
    >>> print(paired_proportions(before, after))
    -0.286 [-0.507, -0.026]
    >>> print(paired_proportions(before, after, method="tango"))
    -0.286 [-0.517, -0.026]
    """
    if method not in ("newcombe", "tango"):
        raise ValueError(f"method must be newcombe or tango; got {method!r}.")
    between("confidence_level", confidence_level, 0, 1)
    marks_a, marks_b = as_marks(a, "a"), as_marks(b, "b")
    x, y = complete_pairs(marks_a, marks_b)
    n_dropped = int(np.sum(~np.isnan(marks_a)) + np.sum(~np.isnan(marks_b))) - 2 * x.size
    if not x.size:
        return Estimate.undefined(NO_COMPLETE_PAIRS, confidence_level=confidence_level, n_dropped=n_dropped)
    interval = _newcombe if method == "newcombe" else _tango
    low, high = interval(x, y, limits.normal_quantile((1 + confidence_level) / 2))
    return Estimate(
        float(x.mean() - y.mean()),
        low,
        high,
        confidence_level,
        method,
        n_items=x.size,
        n_ratings=2 * x.size,
        n_clusters=x.size,
        n_dropped=n_dropped,
        possible=CORRELATION,
    )


def _newcombe(x: Floats, y: Floats, z: float) -> limits.Limits:
    n = x.size
    both, only_a, only_b = np.sum(x * y), np.sum(x * (1 - y)), np.sum((1 - x) * y)
    neither = n - both - only_a - only_b
    p, q = float(x.mean()), float(y.mean())
    (low_p, high_p), (low_q, high_q) = limits.wilson_limits(p, n, z), limits.wilson_limits(q, n, z)
    margins = (both + only_a) * (only_b + neither) * (both + only_b) * (only_a + neither)
    covariance = both * neither - only_a * only_b
    # A continuity correction keeps a positive correlation from being overrated.
    corrected = max(covariance - n / 2, 0.0) if covariance > 0 else covariance
    phi = float(corrected / math.sqrt(margins)) if margins > 0 else 0.0
    below = (p - low_p) ** 2 - 2 * phi * (p - low_p) * (high_q - q) + (high_q - q) ** 2
    above = (high_p - p) ** 2 - 2 * phi * (high_p - p) * (q - low_q) + (q - low_q) ** 2
    return p - q - math.sqrt(max(below, 0.0)), p - q + math.sqrt(max(above, 0.0))


def _tango(x: Floats, y: Floats, z: float) -> limits.Limits:
    from scipy.optimize import brentq

    n, only_a, only_b = x.size, float(np.sum(x > y)), float(np.sum(y > x))
    difference = (only_a - only_b) / n

    def score(delta: float) -> float:
        a, b = 2 * n, -only_a - only_b + (2 * n - only_a + only_b) * delta
        c = -only_b * delta * (1 - delta)
        q = (math.sqrt(max(b**2 - 4 * a * c, 0.0)) - b) / (2 * a)
        variance = n * (2 * q + delta * (1 - delta))
        return (only_a - only_b - n * delta) / math.sqrt(max(variance, 1e-300))

    edge = 1 - 1e-10
    low = brentq(lambda d: score(d) - z, -edge, difference) if difference > -edge else -1.0
    high = brentq(lambda d: score(d) + z, difference, edge) if difference < edge else 1.0
    return float(low), float(high)


def paired_difference(a: ArrayLike, b: ArrayLike, **sampling: Unpack[Sampling]) -> PairedDifference:
    """Difference a - b of mean scores or pass rates on the same items, clusters allowed.

    The interval comes from the resampling engine. The test is a t test on cluster differences: the
    difference over its jackknife standard error. The degrees of freedom are Satterthwaite's [2]_, fewer than
    clusters (that have a pair) - 1 if their sizes differ; with independent items it is the paired t test.

    Do not use it for systems that answered different items; without clusters and with pass marks
    `paired_proportions` is better for few items.

    Parameters
    ----------
    a, b : array_like of float, shape (n_items,)
        Scores or pass marks; NaN or None where missing. Items with both count.
    **sampling
        See `Sampling`.

    Returns
    -------
    PairedDifference
        NaN, `no_complete_pairs`, without any pair. If all differences are equal there is neither an
        interval nor a p-value, `no_variation`.

    Raises
    ------
    ValueError
        If lengths differ.

    References
    ----------
    .. [1] E. Miller, "Adding Error Bars to Evals: A Statistical Approach to Language Model Evaluations",
       2024, arXiv 2411.00640 (clustered standard errors).
    .. [2] R. M. Bell, D. F. McCaffrey, "Bias reduction in standard errors for linear regression with
       multi-stage samples", Survey Methodology 28, 2002.

    Examples
    --------
    >>> change = paired_difference([4, 5, 3, 4, 5], [3, 5, 2, 2, 4], method="jackknife")
    >>> print(change.difference)
    1.000 [0.122, 1.878]
    >>> change.n_higher, change.n_equal, round(change.test.p_value, 3)
    (4, 1, 0.034)
    """
    scores_a, scores_b = as_column(a, "a"), as_column(b, "b")
    check_lengths(a=scores_a, b=scores_b, clusters=as_groups(sampling.get("clusters")))
    changes = scores_a - scores_b
    found = estimate(_mean_change(scores_a, scores_b), **sampling)
    return PairedDifference(
        found,
        t_test(found),
        int(np.sum(changes > 0)),
        int(np.sum(changes < 0)),
        int(np.sum(changes == 0)),
    )


def _mean_change(a: Floats, b: Floats) -> Statistic:
    both = ~np.isnan(a - b)
    n = int(both.sum())
    largest = 1.0 if np.isin(np.stack([a, b])[:, both], (0.0, 1.0)).all() else math.inf  # pass marks
    return Statistic(
        np.column_stack([np.where(both, a - b, 0.0), both]),
        lambda totals: quotient(totals[:, 0], totals[:, 1]),
        n_items=n,
        n_ratings=2 * n,
        n_dropped=int(np.sum(~np.isnan(a)) + np.sum(~np.isnan(b))) - 2 * n,
        undefined=NO_COMPLETE_PAIRS,
        minimum=-largest,
        maximum=largest,
    )
