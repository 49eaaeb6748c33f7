"""The pass rate of a pool from the judge's verdicts and human labels of a random part.

Which estimator depends on how the labelled answers were chosen.

=====================================================  =============================================
labelled answers                                       use
=====================================================  =============================================
a random part of the pool, or random within the        `predictive_values`
judge's passes and fails (label more of the rarer)
a random part of the pool, numeric scores              `ppi_mean`
from elsewhere: same TPR and TNR, other pass rate,     `rogan_gladen`
or chosen by the person's verdict
from elsewhere, TPR and TNR may differ, too            none: report the judge's rate and say why
=====================================================  =============================================

Rogan-Gladen on a random part of the pool discards information: with a true rate of .7, TPR .9,
TNR .8, 100 labels and 1,000 answers its interval is wider (.22) than without any judge (.18), while
`predictive_values` reaches .13. Every result therefore includes the humans-only interval.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from judge.stats.engine import limits
from judge.stats.engine.checks import at_least, between
from judge.stats.engine.columns import as_groups, as_marks, check_lengths
from judge.stats.engine.estimate import (
    CORRELATION,
    NO_OBSERVATIONS,
    NO_RATINGS,
    SHARE,
    TOO_FEW_CLUSTERS,
    Estimate,
)
from judge.stats.engine.resampling import Statistic, difference, quotient, replicate
from judge.stats.engine.sampling_design import SamplingDesign
from judge.stats.engine.scale import Floats, Ints
from judge.stats.engine.weights import RNG, cluster_codes, seed_of
from judge.stats.pass_fail.designed_rate import DesignedRate, designed_difference
from judge.stats.pass_fail.proportion import proportion

__all__ = ["CorrectedMean", "predictive_values", "predictive_values_difference"]

RateMethod = Literal["auto", "draws", "delta", "jackknife"]
_METHODS = ("auto", "draws", "delta", "jackknife")
VERDICT_WITHOUT_LABELS = "verdict_without_labels"


@dataclass(frozen=True, slots=True)
class CorrectedMean:
    """A mean or pass rate corrected by human labels, beside the uncorrected and the human-only one.

    Attributes
    ----------
    estimate : Estimate
        Corrected: what people would give to the whole pool.
    humans_only : Estimate
        From the labelled answers alone, without the judge.
    uncorrected : Estimate
        From the judge alone, on the whole pool.
    effective_labels : float
        Labels of a simple random sample that people alone would need for the standard error of `estimate`;
        with clusters and no design, of a sample with the same clusters. More than the labels themselves is
        what the judge and the design are worth; NaN if not applicable.
    """

    estimate: Estimate
    humans_only: Estimate
    uncorrected: Estimate
    effective_labels: float = field(default=math.nan, kw_only=True)


def predictive_values(
    human: ArrayLike,
    judge: ArrayLike,
    *,
    design: SamplingDesign | None = None,
    clusters: ArrayLike | None = None,
    confidence_level: float = 0.95,
    method: RateMethod = "auto",
    n_draws: int = 10_000,
    rng: RNG = None,
) -> CorrectedMean:
    """Pass rate that people would give to the whole pool, when a random part of it was labelled.

    rate = p PPV + (1 - p) FOR, with p the judge's pass rate on the whole pool, PPV the share of human
    passes among labelled judge-passes, and FOR that among labelled judge-fails. The labelled answers must
    be a random part of the pool, or random within the judge's passes and within its fails.

    Do not use it with labels from other answers: PPV and FOR change with the share of passes, see
    `rogan_gladen`.

    Parameters
    ----------
    human : array_like, shape (n_items,)
        Pass marks of people, NaN or None where an answer was not labelled.
    judge : array_like, shape (n_items,)
        Pass marks of the judge on the same answers, the whole pool; NaN or None where it gave none.
    design : SamplingDesign, optional
        How the labelled answers were drawn, where not at random within the judge's verdicts: probabilities of
        the labelled answers and, if it has strata, the stratum of every answer of the pool. PPV and FOR are
        then those of each stratum. Intervals are draws, widened by the effect of `clusters`.
    clusters : array_like, shape (n_items,), optional
        Group of each answer (image, source, conversation).
    confidence_level : float
        Confidence level.
    method : {'auto', 'draws', 'delta', 'jackknife'}
        'draws': quantiles of draws of p, PPV and FOR from Beta(passes + 1/2, fails + 1/2). 'delta': closed
        form with one pass and one fail added per verdict, deterministic, a little wide. 'jackknife': over
        clusters on the logit scale, with t on the number of labelled clusters and never narrower than
        the closed form for independent answers. 'auto' is 'jackknife' with clusters, else 'draws'.
    n_draws : int
        Number of draws.
    rng : int, numpy.random.Generator or None
        Seed or generator of the draws.

    Returns
    -------
    CorrectedMean
        `n_items` is the pool, `n_ratings` the labels. If the judge gave a verdict of which no answer was
        labelled, the value is NaN, `no_observations`; there still is an interval, with a note.

    Raises
    ------
    ValueError
        If lengths differ, a mark is neither pass, fail nor missing, an option is unknown, 'draws' or 'delta'
        is combined with clusters, 'delta' or 'jackknife' with a design, or an answer has no stratum.

    References
    ----------
    .. [1] A. Tenenbein, "A double sampling scheme for estimating from binomial data with
       misclassifications", Journal of the American Statistical Association 65, 1970.

    Examples
    --------
    Six of ten answers were labelled; the judge passes seven.

    >>> human = [1, 1, 1, 0, None, None, None, 0, 1, None]
    >>> judge = [1, 1, 1, 1, 1, 1, 1, 0, 0, 0]
    >>> rate = predictive_values(human, judge, rng=0)
    >>> round(rate.estimate.value, 3), rate.uncorrected.value
    (0.675, 0.7)
    >>> print(rate.humans_only)
    0.667 [0.300, 0.903]
    """
    if method not in _METHODS:
        raise ValueError(f"method must be one of {', '.join(_METHODS)}; got {method!r}.")
    if design is not None and method in ("delta", "jackknife"):
        raise ValueError(f"method {method!r} does not know sampling designs; use 'auto'.")
    if clusters is not None and method in ("draws", "delta"):
        raise ValueError(f"method {method!r} is for independent answers; with clusters use 'auto'.")
    at_least("n_draws", n_draws, 1)
    h, j, groups = as_marks(human, "human"), as_marks(judge, "judge"), as_groups(clusters)
    check_lengths(human=h, judge=j, clusters=groups)
    humans_only = proportion(h, clusters=groups, confidence_level=confidence_level)
    uncorrected = proportion(j, clusters=groups, confidence_level=confidence_level)
    sums = _verdict_sums(h, j)
    totals = sums.sum(axis=0)
    n_labels = int(totals[:4].sum())
    if design is not None:
        humans_only = proportion(h, clusters=groups, confidence_level=confidence_level, design=design)
        uncorrected = of_pool(uncorrected, design)
    corrected = Estimate(
        float(_rate(totals)),
        confidence_level=confidence_level,
        n_items=uncorrected.n_items,
        n_ratings=n_labels,
        n_clusters=uncorrected.n_clusters,
        n_dropped=int(np.sum(~np.isnan(h))) - n_labels,
        possible=SHARE,
    )
    if not corrected.defined:
        corrected = replace(corrected, reason=NO_OBSERVATIONS if uncorrected.defined else NO_RATINGS)
    if design is not None and n_labels:
        codes = None if groups is None else cluster_codes(groups, h.size)
        corrected = DesignedRate.of(h, j, design).estimate(corrected, codes, n_draws, rng)
    elif n_labels:
        corrected = _around_value(_with_interval(corrected, sums, clusters, method, n_draws, rng))
    finite = design is not None and design.target == "these answers"
    variance = corrected.value * (1 - corrected.value)
    if groups is not None and design is None:
        variance = variance_per_label(humans_only)
    worth = labels_worth(corrected, variance, finite)
    return CorrectedMean(corrected, humans_only, uncorrected, effective_labels=worth)


def predictive_values_difference(
    human_a: ArrayLike,
    judge_a: ArrayLike,
    human_b: ArrayLike,
    judge_b: ArrayLike,
    *,
    design_a: SamplingDesign | None = None,
    design_b: SamplingDesign | None = None,
    clusters: ArrayLike | None = None,
    confidence_level: float = 0.95,
) -> Estimate:
    """Difference a - b of the corrected pass rates of two systems that answered the same items.

    Each system has its own PPV and FOR: a judge may err more often on one system than on the other. The
    interval is a jackknife over items or clusters, so that what both systems find hard cancels.

    Do not use it if only one of the systems has labels.

    Parameters
    ----------
    human_a, judge_a, human_b, judge_b : array_like, shape (n_items,)
        Pass marks of the answers of system a and of system b, in the same order of items; NaN or None where
        missing. See `predictive_values` for how labels must have been chosen. Items that only one system
        has answered count for that one.
    design_a, design_b : SamplingDesign, optional
        How the labelled answers of each system were drawn; both or neither.
    clusters : array_like, shape (n_items,), optional
        Group of each item.
    confidence_level : float
        Confidence level.

    Returns
    -------
    Estimate
        Between -1 and 1. NaN, `no_observations`, if a verdict of one system has no labelled answer.

    Raises
    ------
    ValueError
        If lengths differ, a mark is neither pass, fail nor missing, or only one design is given.

    Examples
    --------
    >>> human_a, judge_a = [1, 1, 0, None, None, 1], [1, 1, 0, 1, 0, 1]
    >>> human_b, judge_b = [0, 1, 0, None, 1, None], [1, 1, 0, 0, 1, 0]
    >>> round(predictive_values_difference(human_a, judge_a, human_b, judge_b).value, 3)
    0.333
    """
    between("confidence_level", confidence_level, 0, 1)
    if (design_a is None) != (design_b is None):
        raise ValueError("give the designs of both systems, design_a and design_b, or neither.")
    sums = [_sums_of(human_a, judge_a, "a"), _sums_of(human_b, judge_b, "b")]
    if design_a is not None and design_b is not None:
        check_lengths(system_a=sums[0], system_b=sums[1], clusters=as_groups(clusters))
        a = DesignedRate.of(as_marks(human_a, "human_a"), as_marks(judge_a, "judge_a"), design_a)
        b = DesignedRate.of(as_marks(human_b, "human_b"), as_marks(judge_b, "judge_b"), design_b)
        return designed_difference(a, b, as_groups(clusters), confidence_level)
    check_lengths(system_a=sums[0], system_b=sums[1], clusters=as_groups(clusters))
    value = float(_rate(sums[0].sum(axis=0)) - _rate(sums[1].sum(axis=0)))
    labels = [int(s[:, :4].sum()) for s in sums]
    found = Estimate(
        value,
        confidence_level=confidence_level,
        n_items=len(sums[0]),
        n_ratings=sum(labels),
        possible=CORRELATION,
    )
    if math.isnan(value):
        return replace(found, reason=NO_OBSERVATIONS)
    both = difference(*(Statistic(s, lambda totals: _rate(totals, 0.5)) for s in sums))
    replicates = replicate({"a - b": both}, clusters=clusters, method="jackknife")
    sample = replicates.samples["a - b"]
    labelled = [_labelled_clusters(s, cluster_codes(clusters, len(s))) for s in sums]
    if min(labelled) < 2:
        return replace(found, reason=TOO_FEW_CLUSTERS)
    df = min(labelled) - 1.0
    low, high = limits.symmetric_limits(sample.value, sample.se, confidence_level, df)
    corrected = replace(
        found,
        low=low,
        high=high,
        se=sample.se,
        method="jackknife",
        n_clusters=replicates.n_clusters,
        df=df,
    )
    return _around_value(corrected)


def labels_worth(corrected: Estimate, variance: float, finite: bool) -> float:
    """Return the size of a simple random sample with this standard error, of scores with this variance."""
    if not (corrected.se > 0 and variance > 0):
        return math.nan
    return 1 / (corrected.se**2 / variance + (1 / corrected.n_items if finite else 0.0))


def variance_per_label(humans_only: Estimate) -> float:
    """Return the variance of a mean of clustered labels times their number, as if they were independent."""
    return humans_only.se**2 * humans_only.n_items


def of_pool(uncorrected: Estimate, design: SamplingDesign) -> Estimate:
    """Return the judge's own figure, which is known without error if the target is exactly these answers."""
    if design.target != "these answers" or not uncorrected.defined:
        return uncorrected
    value = uncorrected.value
    return replace(uncorrected, low=value, high=value, se=0.0, method="census", reason=None)


def _sums_of(human: ArrayLike, judge: ArrayLike, system: str) -> Floats:
    h, j = as_marks(human, f"human_{system}"), as_marks(judge, f"judge_{system}")
    check_lengths(**{f"human_{system}": h, f"judge_{system}": j})
    return _verdict_sums(h, j)


def _verdict_sums(human: Floats, judge: Floats) -> Floats:
    """Return per item: labelled TP, FP, FN, TN; judge passes; 1 if there is a verdict."""
    h, j = human, judge
    columns = [h * j, (1 - h) * j, h * (1 - j), (1 - h) * (1 - j), j, np.where(np.isnan(j), np.nan, 1.0)]
    sums: Floats = np.nan_to_num(np.stack(columns, axis=1))
    return sums


def _rate(totals: Floats, added: float = 0.0) -> Floats:
    """Return p PPV + (1 - p) FOR from totals (..., 6), `added` passes and fails added to each verdict."""
    tp, fp, fn, tn, passes, n = np.moveaxis(totals, -1, 0)
    p = quotient(passes, n)
    ppv = quotient(tp + added, tp + fp + 2 * added)
    omission = quotient(fn + added, fn + tn + 2 * added)
    # A verdict that the judge never gave needs no labels.
    passed: Floats = np.where(p == 0, 0.0, p * ppv)
    failed: Floats = np.where(p == 1, 0.0, (1 - p) * omission)
    return passed + failed


def _delta_se(totals: Floats) -> float:
    """Return the closed-form standard error for independent answers, one pass and fail added per verdict."""
    tp, fp, fn, tn, passes, n = totals
    p, n_pass, n_fail = passes / n, tp + fp + 2, fn + tn + 2
    ppv, omission = (tp + 1) / n_pass, (fn + 1) / n_fail
    variance = (
        (ppv - omission) ** 2 * p * (1 - p) / n
        + p**2 * ppv * (1 - ppv) / n_pass
        + (1 - p) ** 2 * omission * (1 - omission) / n_fail
    )
    return math.sqrt(variance)


def _with_interval(
    found: Estimate, sums: Floats, clusters: ArrayLike | None, method: RateMethod, n_draws: int, rng: RNG
) -> Estimate:
    totals = sums.sum(axis=0)
    tp, fp, fn, tn, passes, n = totals
    if (passes and not tp + fp) or (n - passes and not fn + tn):
        found = found.with_notes(VERDICT_WITHOUT_LABELS)
    if method == "jackknife" or (method == "auto" and clusters is not None):
        return _clustered(found, sums, clusters)
    found = replace(found, se=_delta_se(totals))
    if method == "delta":
        low, high = limits.symmetric_limits(float(_rate(totals, 1.0)), found.se, found.confidence_level)
        return replace(found, low=low, high=high, method="delta")
    seed, generator = seed_of(rng)
    low, high = limits.percentile_limits(_draw(totals, n_draws, generator), found.confidence_level)
    return replace(found, low=low, high=high, method="beta-draws", n_resamples=n_draws, seed=seed)


def _around_value(found: Estimate) -> Estimate:
    """Return limits that hold the value: draws, and rates with labels added, never reach 0 or 1."""
    low, high = np.fmin(found.low, found.value), np.fmax(found.high, found.value)
    return replace(found, low=float(low), high=float(high)) if math.isfinite(found.low) else found


def _draw(totals: Floats, n_draws: int, rng: np.random.Generator) -> Floats:
    tp, fp, fn, tn, passes, n = totals
    p = rng.beta(passes + 0.5, n - passes + 0.5, n_draws)
    ppv = rng.beta(tp + 0.5, fp + 0.5, n_draws)
    omission = rng.beta(fn + 0.5, tn + 0.5, n_draws)
    return p * ppv + (1 - p) * omission


def _clustered(found: Estimate, sums: Floats, clusters: ArrayLike | None) -> Estimate:
    """Return the jackknife interval on the logit scale.

    Half a pass and half a fail per verdict keep every leave-one-out rate defined; where the labels happen
    to hold no error at all the jackknife sees no variation, so the closed form is its floor. Simulated
    coverage: see benchmarks/coverage_corrected.md.
    """
    statistic = Statistic(sums, lambda totals: _rate(totals, 0.5))
    sample = replicate({"rate": statistic}, clusters=clusters, method="jackknife").samples["rate"]
    n_labelled = _labelled_clusters(sums, cluster_codes(clusters, len(sums)))
    if n_labelled < 2:
        return replace(found, reason=found.reason or TOO_FEW_CLUSTERS)
    se = max(sample.se, _delta_se(sums.sum(axis=0)))
    centre = math.log(sample.value / (1 - sample.value))
    margin = (
        limits.t_quantile((1 + found.confidence_level) / 2, n_labelled - 1)
        * se
        / (sample.value * (1 - sample.value))
    )
    low, high = (1 / (1 + math.exp(-x)) for x in (centre - margin, centre + margin))
    return replace(found, low=low, high=high, se=se, method="jackknife")


def _labelled_clusters(sums: Floats, codes: Ints) -> int:
    return np.unique(codes[sums[:, :4].any(axis=1)]).size
