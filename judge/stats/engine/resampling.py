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
from dataclasses import dataclass, replace
from typing import TypedDict, Unpack, get_args

import numpy as np
from numpy.typing import ArrayLike

from judge.stats.engine.added_items import adjusted, is_adjusted, values_without_added
from judge.stats.engine.checks import between
from judge.stats.engine.design_variance import contributing, undefined_value, weighted_value
from judge.stats.engine.estimate import (
    FEW_CLUSTERS,
    NO_WEIGHTED_FORM,
    TOO_FEW_CLUSTERS,
    UNKNOWN_PROBABILITY,
    Estimate,
    Reason,
)
from judge.stats.engine.evaluation import evaluate_chunks, without_each_unit
from judge.stats.engine.intervals import (
    Interval,
    Method,
    ResampledValues,
    analytic_interval,
    design_interval,
    resampled_interval,
)
from judge.stats.engine.sampling_design import SamplingDesign
from judge.stats.engine.scale import Floats
from judge.stats.engine.statistic import Statistic, average, combine, difference, quotient
from judge.stats.engine.weights import RNG, Frame, cluster_codes, seed_of

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


class ResampleOptions(TypedDict, total=False):
    """Options of `replicate`; see `Sampling`."""

    clusters: ArrayLike | None
    method: Method
    n_resamples: int
    rng: RNG
    design: SamplingDesign | None


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
        'auto' (default): Wilson for shares, with clusters for the number of independent items that they are
        worth; else the jackknife with Student's t (coefficients on the scale artanh or log(1 - x)), its
        degrees of freedom from the sizes of the clusters and from how few of them carry the standard error;
        'adjusted', a jackknife with two items added, for kappas of at most 500 items and 10 categories. None
        is random. 'bca' and 'percentile' are bootstrap intervals. 'wilson' is for shares, 'analytic'
        for statistics with a published standard error or closed-form interval, without clusters.
    n_resamples : int
        Bootstrap resamples, default 10,000.
    rng : int, numpy.random.Generator or None
        Seed or generator. None draws a seed, which the estimate reports.
    design : SamplingDesign or None
        How the items were drawn for rating: every item is weighted by 1 / probability. Intervals are then
        Wilson's with the effective sample size for shares, else those of a jackknife within strata.
    """

    confidence_level: float


@dataclass(frozen=True)
class Replicates:
    """Resampled values of several statistics on one set of weights; see `replicate`."""

    statistics: Mapping[str, Statistic]
    samples: Mapping[str, ResampledValues]
    methods: Mapping[str, Method]
    n_clusters: int
    seed: int | None = None
    design: SamplingDesign | None = None

    def estimate(self, name: str, confidence_level: float = 0.95) -> Estimate:
        """Return one statistic with its interval at `confidence_level`."""
        between("confidence_level", confidence_level, 0, 1)
        return self.with_interval(name, self._interval(name, confidence_level), confidence_level)

    def with_interval(self, name: str, interval: Interval, confidence_level: float) -> Estimate:
        """Return one statistic with an interval that was made elsewhere."""
        statistic, sample = self.statistics[name], self.samples[name]
        undefined = statistic.reason or self._without_weights(statistic) or statistic.undefined
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
            (*statistic.notes, *interval.notes, *(self.design.notes if self.design else ())),
            len(sample.draws),
            self.seed if len(sample.draws) else None,
            statistic.possible,
            sample.weighted.df() if sample.weighted else interval.df,
        )

    def _without_weights(self, statistic: Statistic) -> Reason | None:
        """Return why a design leaves the statistic undefined, or None."""
        return None if self.design is None else _unweightable(statistic, self.design)

    def _interval(self, name: str, confidence_level: float) -> Interval:
        statistic, sample, method = self.statistics[name], self.samples[name], self.methods[name]
        if math.isnan(sample.value):
            return Interval()
        if method == "analytic":
            return analytic_interval(statistic, confidence_level)
        of_one_item = method == "wilson" and statistic.n_usable == 1
        if self.n_clusters < 2 and not of_one_item:
            return Interval(reason=TOO_FEW_CLUSTERS)
        used = _n_used(statistic, self.n_clusters)
        if self.design is not None:
            return design_interval(sample, statistic, method, confidence_level, used, self.design)
        interval = resampled_interval(sample, statistic, method, confidence_level, used)
        if used < 10:
            interval.notes = (FEW_CLUSTERS, *interval.notes)
        return interval


def _n_used(statistic: Statistic, n_clusters: int) -> int:
    """Return how many clusters can contribute at most: no more than there are usable items."""
    return min(n_clusters, statistic.n_usable)


def _unweightable(statistic: Statistic, design: SamplingDesign) -> Reason | None:
    if not statistic.weighted:
        return NO_WEIGHTED_FORM
    return UNKNOWN_PROBABILITY if (contributing(statistic) & ~design.sampled).any() else None


def replicate(
    statistics: Mapping[str, Statistic],
    *,
    clusters: ArrayLike | None = None,
    method: Method = "auto",
    n_resamples: int = 10_000,
    rng: RNG = None,
    design: SamplingDesign | None = None,
) -> Replicates:
    """Evaluate statistics of the same items on the data, the jackknife and the bootstrap samples.

    All statistics see the same resamples. Parameters are those of `Sampling`.

    Raises
    ------
    ValueError
        If the statistics have different numbers of items, `clusters` has another length or missing
        values, the method is unknown, 'analytic' is combined with clusters, or a bootstrap method with a
        sampling design.

    Examples
    --------
    >>> hits = Statistic(np.array([[1.0], [0.0], [1.0], [1.0]]), lambda totals: totals[:, 0])
    >>> replicate({"hits": hits}, method="jackknife").samples["hits"].jackknife
    array([2., 3., 2., 2.])
    """
    _check_options(statistics, clusters, method, n_resamples)
    n_items = len(next(iter(statistics.values())).sums)
    if design is not None:
        return _weighted_replicates(statistics, clusters, method, design)
    tables, sizes = zip(*((s.sums, s.sizes) for s in statistics.values()), strict=True)
    frame = Frame.build(tables, clusters, n_items, sizes)
    seed, generator = seed_of(rng)
    values = {name: s.value() for name, s in statistics.items()}
    methods = {name: _method(s, method) for name, s in statistics.items()}
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
    of_units = {
        n: adjusted(s) if methods[n] == "adjusted" else s for n, s in statistics.items() if n not in skipped
    }
    left_out = without_each_unit(frame, of_units, indices)
    nothing = np.empty(0)
    samples = {
        name: ResampledValues(
            values[name],
            left_out.get(name, nothing),
            nothing if name in skipped else frame.counts,
            draws[name],
            sizes=None if name in skipped or frame.sizes is None else frame.sizes[indices[name]],
        )
        for name in statistics
    }
    for name, one in of_units.items():
        if methods[name] == "adjusted":
            samples[name] = _with_added_items(samples[name], statistics[name], one.value())
    return Replicates(statistics, samples, methods, frame.n_clusters, seed)


def _with_added_items(sample: ResampledValues, statistic: Statistic, centre: float) -> ResampledValues:
    without = values_without_added(statistic)
    return replace(
        sample,
        jackknife=np.append(sample.jackknife, without),
        counts=np.append(sample.counts, np.ones(len(without))),
        sizes=None if sample.sizes is None else np.append(sample.sizes, np.zeros(len(without))),
        centre=centre,
    )


def _weighted_replicates(
    statistics: Mapping[str, Statistic], clusters: ArrayLike | None, method: Method, design: SamplingDesign
) -> Replicates:
    n_items = len(next(iter(statistics.values())).sums)
    if len(design) != n_items:
        raise ValueError(f"design must describe every item: {n_items} items, {len(design)} probabilities.")
    if method not in ("auto", "jackknife", "wilson"):
        raise ValueError(f"method {method!r} does not know sampling designs; use 'auto' or 'jackknife'.")
    codes = cluster_codes(clusters, n_items)[design.sampled]
    n_clusters = int(np.unique(codes).size)
    methods: dict[str, Method] = {}
    samples = {}
    for name, statistic in statistics.items():
        methods[name] = _method(replace(statistic, added=None), method)
        unknown = statistic.reason or _unweightable(statistic, design)
        found = undefined_value(design) if unknown else weighted_value(statistic, design, clusters)
        empty = np.empty(0)
        samples[name] = ResampledValues(found.value, empty, empty, empty, found)
    return Replicates(statistics, samples, methods, n_clusters, design=design)


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


def _method(statistic: Statistic, method: Method) -> Method:
    if method != "auto":
        return method
    if statistic.kind == "share":
        return "wilson"
    return "adjusted" if is_adjusted(statistic) else "jackknife"


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
