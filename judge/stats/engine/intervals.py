"""Which interval a statistic gets: analytic, resampled, or from the standard error of a sampling design."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np

from judge.stats.engine import degrees_of_freedom, limits
from judge.stats.engine.design_variance import WeightedValue
from judge.stats.engine.estimate import (
    FEW_CLUSTERS,
    INTERVAL_TOO_WIDE,
    NO_VARIATION,
    TOO_FEW_CLUSTERS,
    UNDEFINED_RESAMPLES,
    Reason,
)
from judge.stats.engine.sampling_design import SamplingDesign
from judge.stats.engine.scale import Floats
from judge.stats.engine.statistic import Statistic

_UNSEEN = 0.25  # of a cluster; up to twice as much with unequal clusters: shares then cover .92 or more

Method = Literal["auto", "jackknife", "adjusted", "bca", "percentile", "wilson", "analytic"]


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
    sizes : ndarray or None, shape (u,)
        With clusters: the items in a cluster of each group.
    centre : float or None
        The value with added items, where the jackknife has them (see `judge.stats.engine.added_items`).
    """

    value: float
    jackknife: Floats
    counts: Floats
    draws: Floats
    weighted: WeightedValue | None = None
    sizes: Floats | None = None
    centre: float | None = None

    @cached_property
    def se(self) -> float:
        """Jackknife standard error, that of the sampling design if there is one."""
        if self.weighted is not None:
            return self.weighted.se
        defined = np.isfinite(self.jackknife)
        if self.counts[defined].sum() < 2:
            return math.nan
        return limits.jackknife_se(self.jackknife[defined], self.counts[defined])

    @property
    def items_per_cluster(self) -> float:
        """With clusters: the size of the cluster of an item, averaged over items."""
        sizes = np.asarray(self.sizes)
        return float(self.counts @ sizes**2 / (self.counts @ sizes))

    def df(self, used: int) -> float:
        """Return the degrees of freedom of `se`, where `used` clusters can contribute."""
        found = math.inf
        if self.centre is None:
            defined = np.isfinite(self.jackknife)
            found = degrees_of_freedom.from_kurtosis(self.jackknife[defined], self.counts[defined])
        if self.sizes is not None:
            found = min(found, degrees_of_freedom.from_sizes(self.sizes, self.counts))
        return min(found, used - 1.0)


@dataclass
class Interval:
    """Limits, the standard error and method behind them, and why there are none."""

    low: float = math.nan
    high: float = math.nan
    se: float = math.nan
    method: str = ""
    reason: Reason | None = None
    notes: tuple[str, ...] = field(default=())
    df: float = math.nan

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
) -> Interval:
    """Return the interval from resampled values; `used` clusters can contribute."""
    undefined, notes = _undefined_share(sample)
    interval = Interval(se=sample.se, method=method, notes=notes)
    if not statistic.most_df > 0:
        interval = Interval(reason=TOO_FEW_CLUSTERS)
    elif method == "wilson" and used < 2:
        interval = Interval(*limits.clopper_pearson_limits(sample.value, 1, confidence_level), sample.se)
        interval.method = "clopper-pearson"
    elif method == "wilson":
        interval.low, interval.high = _wilson_interval(sample, confidence_level, used)
    elif undefined > 0.2 or not sample.se > 0 or used < 2:
        interval.reason = NO_VARIATION
    elif method == "adjusted" and sample.centre is not None:
        interval.df, centre = sample.df(used), sample.centre
        low, high = _scale(statistic, centre)(centre, sample.se, confidence_level, interval.df)
        low, high = min(low, sample.value), max(high, sample.value)
        if statistic.kind == "plain":  # a difference: symmetric, so that it reads as value and margin
            margin = max(sample.value - low, high - sample.value)
            low, high = sample.value - margin, sample.value + margin
        interval.low, interval.high = low, high
    elif method == "jackknife":
        # Of a mean of independent items it is Student's interval.
        estimated = statistic.kind == "coefficient" or sample.sizes is not None
        df = min(sample.df(used) if estimated else used - 1.0, statistic.most_df)
        interval.df = df if estimated or df < used - 1.0 else math.nan
        interval.low, interval.high = _scale(statistic, sample.value)(
            sample.value, sample.se, confidence_level, df
        )
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
    df = min(own if own > 0 else math.inf, used - 1.0, statistic.most_df)
    if design.census:
        interval.low = interval.high = share
    elif method == "wilson" and used == 1:
        interval.low, interval.high = limits.clopper_pearson_limits(share, 1, confidence_level)
        interval.method = "clopper-pearson"
    elif not statistic.most_df > 0:
        interval = Interval(reason=TOO_FEW_CLUSTERS)
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


def _scale(statistic: Statistic, value: float) -> Callable[[float, float, float, float], limits.Limits]:
    """Return the limits on the scale on which the statistic has about a t distribution."""
    if statistic.kind != "coefficient" or value >= 1:
        return limits.symmetric_limits
    return limits.fisher_limits if value > -1 <= statistic.possible[0] else limits.coefficient_limits


def _wilson_interval(sample: ResampledValues, confidence_level: float, used: int) -> limits.Limits:
    share, n = sample.value, float(sample.counts.sum())
    p = (1 + confidence_level) / 2
    if sample.sizes is not None:
        quantile = limits.t_quantile(p, sample.df(used))
        return limits.wilson_limits(share, _independent_items(sample), quantile)
    binomial, effective = share * (1 - share), float(used)
    if sample.se > 0 and binomial > 0:
        # The factors make it exactly the number of items when these are independent zeros and ones.
        effective = binomial / (sample.se**2 * n / (n - 1) * ((used - 1) / used) ** 2)
    # The spread of independent zeros and ones follows from their share; any other had to be estimated.
    estimated = abs(effective - used) > 1e-9 * used
    quantile = limits.t_quantile(p, used - 1) if estimated else limits.normal_quantile(p)
    return limits.wilson_limits(share, effective, quantile)


def _independent_items(sample: ResampledValues) -> float:
    """Return the number of independent items that tell as much about a share as the clusters do.

    The variance estimator is CR2. If it rests on few clusters it is too small where these happen to agree: at
    most as many items count as if part of a cluster of passes and one of fails had been seen, too: a quarter,
    and up to a half where the cluster of an item is four times as large as the mean one. Where all items are
    alike, each cluster counts as one (Kish's number, if sizes differ).
    """
    sizes, counts, share = np.asarray(sample.sizes), sample.counts, sample.value
    total = float(counts @ sizes)
    others = np.maximum(1 - sizes / total, 1e-12)
    moves = np.nan_to_num(others * (share - sample.jackknife))
    variance = float(counts @ (moves**2 / others))
    if not share * (1 - share) > 0 or math.sqrt(variance) <= 1e-12:
        return total / sample.items_per_cluster
    unequal = sample.items_per_cluster * float(counts[sizes > 0].sum()) / total
    unseen = _UNSEEN * min(max(unequal / 2, 1.0), 2.0) * sample.items_per_cluster
    with_unseen = total + 2 * unseen
    shrunk = (share * total + unseen) / with_unseen
    sums = total * moves + sizes * (share - shrunk)
    spread = float(counts @ (sums**2 / others)) + unseen**2 * (shrunk**2 + (1 - shrunk) ** 2)
    return min(share * (1 - share) / variance, total * with_unseen * shrunk * (1 - shrunk) / spread)


def _bootstrap_limits(sample: ResampledValues, method: Method, confidence_level: float) -> limits.Limits:
    draws = sample.draws[np.isfinite(sample.draws)]
    if method == "percentile":
        return limits.percentile_limits(draws, confidence_level)
    defined = np.isfinite(sample.jackknife)
    return limits.bca_limits(
        sample.value, draws, sample.jackknife[defined], sample.counts[defined], confidence_level
    )
