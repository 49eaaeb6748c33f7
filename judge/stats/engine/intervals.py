"""Which interval a statistic gets: analytic, resampled, or from the standard error of a sampling design."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np

from judge.stats.engine import limits
from judge.stats.engine.design_variance import WeightedValue
from judge.stats.engine.estimate import (
    FEW_CLUSTERS,
    INTERVAL_TOO_WIDE,
    NO_VARIATION,
    UNDEFINED_RESAMPLES,
    Reason,
)
from judge.stats.engine.sampling_design import SamplingDesign
from judge.stats.engine.scale import Floats
from judge.stats.engine.statistic import Statistic

Method = Literal["auto", "jackknife", "bca", "percentile", "wilson", "analytic"]


@dataclass(frozen=True)
class ResampledValues:
    """Values of one statistic on the data and on its resamples.

    Attributes
    ----------
    value : float
        On the data.
    jackknife : ndarray, shape (u,)
        Leave-one-cluster-out values, one per group of identical clusters (often u is just their number).
    counts : ndarray, shape (u,)
        Number of clusters in each group; ``counts.sum()`` is the number of clusters.
    draws : ndarray, shape (n_resamples,)
        Bootstrap values, NaN where undefined; empty where the method needs none.
    weighted : WeightedValue or None
        With a sampling design: the weighted value and its standard error. There are no other values then.
    """

    value: float
    jackknife: Floats
    counts: Floats
    draws: Floats
    weighted: WeightedValue | None = None

    @cached_property
    def se(self) -> float:
        """Jackknife standard error, that of the sampling design if there is one."""
        if self.weighted is not None:
            return self.weighted.se
        defined = np.isfinite(self.jackknife)
        if self.counts[defined].sum() < 2:
            return math.nan
        return limits.jackknife_se(self.jackknife[defined], self.counts[defined])


@dataclass
class Interval:
    """Limits, the standard error and method behind them, and why there are none."""

    low: float = math.nan
    high: float = math.nan
    se: float = math.nan
    method: str = ""
    reason: Reason | None = None
    notes: tuple[str, ...] = field(default=())

    @property
    def defined(self) -> bool:
        """Whether there are limits."""
        return not math.isnan(self.low)


def analytic_interval(statistic: Statistic, confidence_level: float) -> Interval:
    """Return the closed-form interval of a statistic that has one."""
    if statistic.analytic is None:
        raise ValueError("method 'analytic' is not available for this statistic; use 'auto'.")
    low, high, se = statistic.analytic(confidence_level)
    return Interval(low, high, se, "analytic", None if math.isfinite(low) else NO_VARIATION)


def resampled_interval(
    sample: ResampledValues,
    statistic: Statistic,
    method: Method,
    confidence_level: float,
    used: int,
    clustered: bool,
) -> Interval:
    """Return the interval from resampled values; `used` clusters can contribute."""
    undefined, notes = _undefined_share(sample)
    interval = Interval(se=sample.se, method=method, notes=notes)
    if method == "wilson":
        interval.low, interval.high = _wilson_interval(sample, confidence_level, used, clustered)
    elif undefined > 0.2 or not sample.se > 0 or used < 2:
        interval.reason = NO_VARIATION
    elif method == "jackknife":
        below_one = statistic.kind == "coefficient" and sample.value < 1
        t_limits = limits.coefficient_limits if below_one else limits.symmetric_limits
        interval.low, interval.high = t_limits(sample.value, sample.se, confidence_level, used - 1)
    else:
        interval.low, interval.high = _bootstrap_limits(sample, method, confidence_level)
    if statistic.possible == (-math.inf, 1.0) and interval.low < 2 * min(sample.value, -1.0) - 1:
        # A statistic without a minimum cannot be truncated; a limit this low shows that the method failed.
        return Interval(se=sample.se, reason=INTERVAL_TOO_WIDE, notes=notes)
    return interval


def design_interval(
    sample: ResampledValues,
    statistic: Statistic,
    method: Method,
    confidence_level: float,
    used: int,
    design: SamplingDesign,
) -> Interval:
    """Return t limits with the standard error of the design; for shares Wilson's with an effective n."""
    se, share = sample.se, sample.value
    notes = (FEW_CLUSTERS,) if used < 10 else ()
    interval = Interval(se=se, method=method, notes=notes)
    # Wilson's interval allows for the skewness of shares itself.
    own = sample.weighted.df(skewed=method == "jackknife") if sample.weighted else math.nan
    df = min(own, used - 1) if own > 0 else used - 1.0
    if design.census:
        interval.low = interval.high = share
    elif math.isnan(se) or used < 2 or (method == "jackknife" and not se > 0):
        interval.reason = NO_VARIATION
    elif method == "wilson":
        spread = share * (1 - share)
        most = design.n_effective * used / design.n_sampled  # where all agree, or all differ
        effective = spread / se**2 if se > 0 and spread > 0 else most
        quantile = limits.t_quantile((1 + confidence_level) / 2, df)
        interval.low, interval.high = limits.wilson_limits(share, effective, quantile)
    else:
        below_one = statistic.kind == "coefficient" and share < 1
        t_limits = limits.coefficient_limits if below_one else limits.symmetric_limits
        interval.low, interval.high = t_limits(share, se, confidence_level, df)
    return interval


def _undefined_share(sample: ResampledValues) -> tuple[float, tuple[str, ...]]:
    """Return the share of resamples on which the statistic was undefined, and the note about it."""
    if len(sample.draws):
        share = float(np.mean(~np.isfinite(sample.draws)))
    else:
        share = float(np.average(~np.isfinite(sample.jackknife), weights=sample.counts))
    return share, (f"{UNDEFINED_RESAMPLES}: {share:.1%}",) if share > 0.05 else ()


def _wilson_interval(
    sample: ResampledValues, confidence_level: float, used: int, clustered: bool
) -> limits.Limits:
    share, n = sample.value, float(sample.counts.sum())
    binomial, effective = share * (1 - share), float(used)
    if sample.se > 0 and binomial > 0 and used > 1:
        # The factors make it exactly the number of items when these are independent zeros and ones.
        effective = binomial / (sample.se**2 * n / (n - 1) * ((used - 1) / used) ** 2)
    p = (1 + confidence_level) / 2
    # The spread of independent zeros and ones follows from their share; any other had to be estimated.
    estimated = used > 1 and (clustered or abs(effective - used) > 1e-9 * used)
    quantile = limits.t_quantile(p, used - 1) if estimated else limits.normal_quantile(p)
    return limits.wilson_limits(share, effective, quantile)


def _bootstrap_limits(sample: ResampledValues, method: Method, confidence_level: float) -> limits.Limits:
    draws = sample.draws[np.isfinite(sample.draws)]
    if method == "percentile":
        return limits.percentile_limits(draws, confidence_level)
    defined = np.isfinite(sample.jackknife)
    return limits.bca_limits(
        sample.value, draws, sample.jackknife[defined], sample.counts[defined], confidence_level
    )
