"""Interval limits from a point estimate, its jackknife values and its bootstrap draws.

Which one to use was settled by simulation (benchmarks/coverage_shares.md, coverage_intervals.md): the
jackknife with Student's t, its degrees of freedom from `degrees_of_freedom`, on the scale artanh(theta) for
coefficients between -1 and 1 and log(1 - theta) for those without a minimum. BCa covered less, most of all
where a category is rare, and the basic bootstrap least; that one is not offered.
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TypeAlias

import numpy as np

from judge.stats.engine.scale import Floats

Limits: TypeAlias = tuple[float, float]


def normal_quantile(p: float) -> float:
    """Return the standard normal quantile."""
    return NormalDist().inv_cdf(p)


def t_quantile(p: float, df: float) -> float:
    """Return the quantile of Student's t distribution."""
    from scipy.special import stdtrit

    return float(stdtrit(df, p))


def t_cdf(t: float, df: float) -> float:
    """Return the distribution function of Student's t: the p-value of a one-sided test that rejects below."""
    from scipy.special import stdtr

    return float(stdtr(df, t))


def symmetric_limits(value: float, se: float, confidence_level: float, df: float = math.inf) -> Limits:
    """Return value -/+ quantile * se, Student's t with `df` degrees of freedom (infinite: normal)."""
    p = (1 + confidence_level) / 2
    margin = se * (normal_quantile(p) if math.isinf(df) else t_quantile(p, df))
    return value - margin, value + margin


def coefficient_limits(value: float, se: float, confidence_level: float, df: float) -> Limits:
    """Return t limits computed on the scale log(1 - value), which keep below the maximum 1."""
    distance = 1 - value
    factor = math.exp(min(t_quantile((1 + confidence_level) / 2, df) * se / distance, 700.0))
    return 1 - distance * factor, 1 - distance / factor


def fisher_limits(value: float, se: float, confidence_level: float, df: float) -> Limits:
    """Return t limits computed on the scale artanh(value), which keep between -1 and 1.

    References
    ----------
    .. [1] R. A. Fisher, "On the 'probable error' of a coefficient of correlation deduced from a small
       sample", Metron 1, 1921.
    """
    margin = t_quantile((1 + confidence_level) / 2, df) * se / (1 - value**2)
    centre = math.atanh(value)
    return math.tanh(centre - margin), math.tanh(centre + margin)


def clopper_pearson_limits(passes: float, n: float, confidence_level: float) -> Limits:
    """Return the exact interval for a share of independent items."""
    from scipy.special import betaincinv

    tail = (1 - confidence_level) / 2
    low = float(betaincinv(passes, n - passes + 1, tail)) if passes > 0 else 0.0
    high = float(betaincinv(passes + 1, n - passes, 1 - tail)) if passes < n else 1.0
    return low, high


def wilson_limits(share: float, n: float, quantile: float) -> Limits:
    """Return the score interval of a share of `n` (possibly an effective, fractional number).

    References
    ----------
    .. [1] E. B. Wilson, "Probable inference, the law of succession, and statistical inference", 1927.

    Examples
    --------
    >>> [round(limit, 4) for limit in wilson_limits(0.8, 50, normal_quantile(0.975))]
    [0.6696, 0.8876]
    """
    shrink = quantile**2 / n
    centre = (share + shrink / 2) / (1 + shrink)
    margin = quantile * math.sqrt(max(share * (1 - share), 0.0) / n + shrink / (4 * n)) / (1 + shrink)
    return max(0.0, centre - margin), min(1.0, centre + margin)


def percentile_limits(draws: Floats, confidence_level: float) -> Limits:
    """Return the central quantiles of the draws."""
    low, high = np.quantile(draws, [(1 - confidence_level) / 2, (1 + confidence_level) / 2])
    return float(low), float(high)


def bca_limits(
    value: float, draws: Floats, jackknife: Floats, counts: Floats, confidence_level: float
) -> Limits:
    """Return the bias-corrected and accelerated bootstrap interval.

    Parameters
    ----------
    value : float
        The point estimate.
    draws, jackknife : ndarray
        Bootstrap replicates, and leave-one-cluster-out values.
    counts : ndarray
        How many clusters share each jackknife value.
    confidence_level : float
        Confidence level.

    References
    ----------
    .. [1] B. Efron, "Better bootstrap confidence intervals", 1987, doi:10.1080/01621459.1987.10478410.
    """
    # Half of the ties must count, or discrete statistics get a biased correction; summation order makes
    # ties unequal in the last digits.
    tolerance = 1e-12 * max(1.0, abs(value))
    below = float(np.mean(draws < value - tolerance) + np.mean(abs(draws - value) <= tolerance) / 2)
    edge = 0.5 / len(draws)
    z0 = normal_quantile(min(max(below, edge), 1 - edge))
    deviations = np.average(jackknife, weights=counts) - jackknife
    spread = float(counts @ deviations**2)
    acceleration = float(counts @ deviations**3) / (6 * spread**1.5) if spread > 0 else 0.0
    shares = []
    for p in ((1 - confidence_level) / 2, (1 + confidence_level) / 2):
        z = z0 + normal_quantile(p)
        shares.append(NormalDist().cdf(z0 + z / max(1 - acceleration * z, 1e-9)))
    low, high = np.quantile(draws, shares)
    return float(low), float(high)


def jackknife_se(values: Floats, counts: Floats) -> float:
    """Return the delete-one-cluster standard error; `counts` says how many clusters share each value."""
    n = float(counts.sum())
    deviations = values - np.average(values, weights=counts)
    se = math.sqrt((n - 1) / n * float(counts @ deviations**2))
    return 0.0 if se <= 1e-12 * max(1.0, float(abs(values).max())) else se
