"""Intervals for any statistic, by resampling clusters of items, without a loop over replicates.

Every statistic here is a *function of sums over items*. Write down, for each item, the few numbers whose
totals determine the statistic; the engine forms totals for the data (all weights 1), for every
leave-one-cluster-out sample, and for thousands of bootstrap samples as one product ``W @ sums``, and your
function turns a table of totals (one row per sample) into one value per row.

A new statistic is a `Statistic`. The ratio of two means, for instance::

    def ratio(totals):                        # (R, 2) totals -> (R,) values
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(totals[:, 1] > 0, totals[:, 0] / totals[:, 1], np.nan)

    cost = Statistic(np.column_stack([price, tokens]), ratio, undefined="zero_denominator")
    estimate(cost, clusters=conversation)     # -> Estimate

* NaN means undefined: give NaN for such rows, never raise. `undefined` names the reason.
* `sums` may also be a one-dimensional array of integer codes 0..K-1, one per item, in place of a one-hot
  table. The function then receives counts (R, K). Use it where K is large.
* An item that contributes nothing has a row of zeros. Do not leave it out: the frame of the resampling is
  all items and clusters. In code form every item needs a code; keep one for "contributes nothing".
* `kind` decides the interval scale: 'coefficient' (maximum 1: kappa, alpha, r), 'share' (in 0..1, gets
  Wilson's interval), 'plain' (everything else, differences too).
* `minimum` and `maximum` say what values are possible; no interval reaches beyond them.
* Centre large numbers before you square them.

Several statistics of the same items go through `resample` together and share one set of weights: their
difference is then a paired difference. A difference is itself a statistic::

    resample({"a": a, "b": b, "a - b": difference(a, b)})

and for two confidence levels, or the jackknife values themselves, keep the replicates::

    replicates = replicate({"gain": difference(a, b)}, clusters=source)
    replicates.estimate("gain", confidence_level=0.90)
    replicates.samples["gain"].jackknife      # see `ResampledValues`
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypedDict, Unpack, get_args

import numpy as np
from numpy.typing import ArrayLike

from judge.stats.engine import limits
from judge.stats.engine.checks import between
from judge.stats.engine.estimate import (
    FEW_CLUSTERS,
    INTERVAL_TOO_WIDE,
    NO_VARIATION,
    TOO_FEW_CLUSTERS,
    UNDEFINED_RESAMPLES,
    Estimate,
    Reason,
)
from judge.stats.engine.evaluation import evaluate_chunks, without_each_unit
from judge.stats.engine.scale import Floats
from judge.stats.engine.statistic import Statistic, average, combine, difference, quotient
from judge.stats.engine.weights import RNG, Frame, seed_of

__all__ = [
    "Estimate",
    "Replicates",
    "ResampledValues",
    "Sampling",
    "Statistic",
    "average",
    "combine",
    "difference",
    "estimate",
    "quotient",
    "replicate",
    "resample",
]

Method = Literal["auto", "jackknife", "bca", "percentile", "wilson", "analytic"]


class ResampleOptions(TypedDict, total=False):
    """Options of `replicate`; see `Sampling`."""

    clusters: ArrayLike | None
    method: Method
    n_resamples: int
    rng: RNG


class Sampling(ResampleOptions, total=False):
    """Options that every statistic passes on to the engine (all optional).

    Attributes
    ----------
    clusters : array_like, shape (n_items,)
        Group of each item (image, source, conversation); items of a group are resampled together.
        Default: every item is its own.
    confidence_level : float
        Confidence level, default 0.95.
    method : {'auto', 'jackknife', 'bca', 'percentile', 'wilson', 'analytic'}
        'auto' (default): Wilson for shares, else jackknife t below 50 clusters and BCa from 50 on
        (clusters that can contribute: where 200 items have 30 usable ones, 30 count).
        'wilson' is for shares, 'analytic' for statistics with a published standard error or closed-form
        interval, without clusters.
    n_resamples : int
        Bootstrap resamples, default 10,000.
    rng : int, numpy.random.Generator or None
        Seed or generator. None draws a seed, which the estimate reports.
    """

    confidence_level: float


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
    """

    value: float
    jackknife: Floats
    counts: Floats
    draws: Floats

    @property
    def se(self) -> float:
        """Jackknife standard error."""
        defined = np.isfinite(self.jackknife)
        if self.counts[defined].sum() < 2:
            return math.nan
        return limits.jackknife_se(self.jackknife[defined], self.counts[defined])


@dataclass(frozen=True)
class Replicates:
    """Resampled values of several statistics on one set of weights; see `replicate`."""

    statistics: Mapping[str, Statistic]
    samples: Mapping[str, ResampledValues]
    methods: Mapping[str, Method]
    n_clusters: int
    clustered: bool
    seed: int | None = None

    def estimate(self, name: str, confidence_level: float = 0.95) -> Estimate:
        """Return one statistic with its interval at `confidence_level`."""
        statistic, sample = self.statistics[name], self.samples[name]
        between("confidence_level", confidence_level, 0, 1)
        interval = self._interval(name, confidence_level)
        undefined = statistic.reason or statistic.undefined
        return Estimate(
            sample.value,
            interval.low,
            interval.high,
            confidence_level,
            interval.method if interval.defined else "",
            interval.se,
            statistic.n_usable,
            statistic.n_ratings,
            self.n_clusters,
            statistic.n_dropped,
            undefined if math.isnan(sample.value) else interval.reason,
            (*statistic.notes, *interval.notes),
            len(sample.draws),
            self.seed if len(sample.draws) else None,
            statistic.possible,
        )

    def _interval(self, name: str, confidence_level: float) -> _Interval:
        statistic, sample, method = self.statistics[name], self.samples[name], self.methods[name]
        if math.isnan(sample.value):
            return _Interval()
        if method == "analytic":
            return _analytic_interval(statistic, confidence_level)
        if self.n_clusters < 2:
            return _Interval(reason=TOO_FEW_CLUSTERS)
        used = _n_used(statistic, self.n_clusters)
        interval = _resampled_interval(sample, statistic, method, confidence_level, used, self.clustered)
        if used < 10:
            interval.notes = (FEW_CLUSTERS, *interval.notes)
        return interval


@dataclass
class _Interval:
    low: float = math.nan
    high: float = math.nan
    se: float = math.nan
    method: str = ""
    reason: Reason | None = None
    notes: tuple[str, ...] = field(default=())

    @property
    def defined(self) -> bool:
        return not math.isnan(self.low)


def _analytic_interval(statistic: Statistic, confidence_level: float) -> _Interval:
    if statistic.analytic is None:
        raise ValueError("method 'analytic' is not available for this statistic; use 'auto'.")
    low, high, se = statistic.analytic(confidence_level)
    return _Interval(low, high, se, "analytic", None if math.isfinite(low) else NO_VARIATION)


def _n_used(statistic: Statistic, n_clusters: int) -> int:
    """Return how many clusters can contribute at most: no more than there are usable items."""
    return min(n_clusters, statistic.n_usable)


def _resampled_interval(
    sample: ResampledValues,
    statistic: Statistic,
    method: Method,
    confidence_level: float,
    used: int,
    clustered: bool,
) -> _Interval:
    undefined, notes = _undefined_share(sample)
    interval = _Interval(se=sample.se, method=method, notes=notes)
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
        return _Interval(se=sample.se, reason=INTERVAL_TOO_WIDE, notes=notes)
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


def replicate(
    statistics: Mapping[str, Statistic],
    *,
    clusters: ArrayLike | None = None,
    method: Method = "auto",
    n_resamples: int = 10_000,
    rng: RNG = None,
) -> Replicates:
    """Evaluate statistics of the same items on the data, the jackknife and the bootstrap samples.

    All statistics see the same resamples. Parameters are those of `Sampling`.

    Raises
    ------
    ValueError
        If the statistics have different numbers of items, `clusters` has another length or missing
        values, the method is unknown, or 'analytic' is combined with clusters.

    Examples
    --------
    >>> hits = Statistic(np.array([[1.0], [0.0], [1.0], [1.0]]), lambda totals: totals[:, 0])
    >>> replicate({"hits": hits}, method="jackknife").samples["hits"].jackknife
    array([2., 3., 2., 2.])
    """
    _check_options(statistics, clusters, method, n_resamples)
    n_items = len(next(iter(statistics.values())).sums)
    frame = Frame.build([s.sums for s in statistics.values()], clusters, n_items)
    seed, generator = seed_of(rng)
    values = {name: s.value() for name, s in statistics.items()}
    methods = {name: _method(s, method, _n_used(s, frame.n_clusters)) for name, s in statistics.items()}
    resampled = [n for n in statistics if methods[n] in ("bca", "percentile") and math.isfinite(values[n])]
    indices = {name: i for i, name in enumerate(statistics)}
    draws: dict[str, Floats] = {name: np.empty(0) for name in statistics}
    if resampled and frame.n_clusters > 1:
        drawn = evaluate_chunks(
            frame.bootstrap(n_resamples, generator, [indices[n] for n in resampled]),
            [statistics[n].function for n in resampled],
        )
        draws |= dict(zip(resampled, drawn, strict=True))
    skipped = {n for n in statistics if math.isnan(values[n]) or methods[n] == "analytic"}
    left_out = without_each_unit(frame, {n: s for n, s in statistics.items() if n not in skipped}, indices)
    nothing = np.empty(0)
    samples = {
        name: ResampledValues(
            values[name],
            left_out.get(name, nothing),
            nothing if name in skipped else frame.counts,
            draws[name],
        )
        for name in statistics
    }
    return Replicates(statistics, samples, methods, frame.n_clusters, frame.n_clusters < n_items, seed)


def _check_options(
    statistics: Mapping[str, Statistic], clusters: ArrayLike | None, method: Method, n_resamples: int
) -> None:
    if method not in get_args(Method):
        raise ValueError(f"method must be one of {', '.join(get_args(Method))}; got {method!r}.")
    if method == "analytic" and clusters is not None:
        raise ValueError("method 'analytic' is for independent items; with clusters use 'auto'.")
    if n_resamples < 100:
        raise ValueError(f"n_resamples must be at least 100, got {n_resamples}.")
    if len({len(s.sums) for s in statistics.values()}) != 1:
        raise ValueError("statistics that are resampled together must be of the same items.")
    for name, statistic in statistics.items():
        if method == "wilson" and statistic.kind != "share":
            raise ValueError(f"method 'wilson' is for shares; {name!r} is of kind {statistic.kind!r}.")


def _method(statistic: Statistic, method: Method, n_used: int) -> Method:
    if method != "auto":
        return method
    if statistic.kind == "share":
        return "wilson"
    return "jackknife" if n_used < 50 else "bca"


def resample(
    statistics: Mapping[str, Statistic],
    *,
    confidence_level: float = 0.95,
    **sampling: Unpack[ResampleOptions],
) -> dict[str, Estimate]:
    """Return statistics of the same items with intervals from one set of weights.

    Parameters
    ----------
    statistics : mapping of str to Statistic
        Names are yours; differences of statistics are paired.
    confidence_level : float
        Confidence level.
    **sampling
        `clusters`, `method`, `n_resamples`, `rng`: see `Sampling`.

    Examples
    --------
    >>> right = np.array([[1.0, 1.0], [0.0, 1.0], [1.0, 1.0], [1.0, 1.0], [0.0, 1.0]])
    >>> share = Statistic(right, lambda totals: totals[:, 0] / totals[:, 1], "share")
    >>> print(resample({"share": share})["share"])
    0.600 [0.231, 0.882]
    """
    replicates = replicate(statistics, **sampling)
    return {name: replicates.estimate(name, confidence_level) for name in statistics}


def estimate(statistic: Statistic, **sampling: Unpack[Sampling]) -> Estimate:
    """Return one statistic with its interval; the options are those of `Sampling`.

    Examples
    --------
    >>> price, tokens = [2.0, 3.0, 4.0, 6.0], [1.0, 2.0, 2.0, 3.0]
    >>> cost = Statistic(np.column_stack([price, tokens]), lambda totals: totals[:, 0] / totals[:, 1])
    >>> print(estimate(cost, method="jackknife"))
    1.875 [1.454, 2.296]
    """
    return resample({"": statistic}, **sampling)[""]
