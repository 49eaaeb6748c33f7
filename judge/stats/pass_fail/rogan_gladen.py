"""The pass rate of a pool from error rates of the judge measured on other answers."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from judge.stats.engine import limits
from judge.stats.engine.checks import at_least
from judge.stats.engine.columns import as_marks, check_lengths
from judge.stats.engine.estimate import (
    JUDGE_NOT_INFORMATIVE,
    NO_OBSERVATIONS,
    NOT_APPLICABLE,
    SHARE,
    TOO_FEW_CLUSTERS,
    UNKNOWN_PROBABILITY,
    Estimate,
)
from judge.stats.engine.resampling import Statistic, quotient, replicate
from judge.stats.engine.sampling_design import SamplingDesign
from judge.stats.engine.scale import Floats
from judge.stats.engine.weights import RNG, cluster_codes, seed_of
from judge.stats.pass_fail.predictive_values import CorrectedMean
from judge.stats.pass_fail.proportion import proportion
from judge.stats.pass_fail.verdict_draws import VerdictSample

__all__ = ["rogan_gladen"]

OUTSIDE = "calibration_and_test_disagree"


def rogan_gladen(
    human: ArrayLike,
    judge: ArrayLike,
    judge_pool: ArrayLike,
    *,
    design: SamplingDesign | None = None,
    clusters: ArrayLike | None = None,
    pool_clusters: ArrayLike | None = None,
    confidence_level: float = 0.95,
    n_draws: int = 10_000,
    rng: RNG = None,
) -> CorrectedMean:
    """Pass rate of a pool from the judge's TPR and TNR on a calibration set drawn from elsewhere.

    rate = (p + TNR - 1) / (TPR + TNR - 1), p the judge's pass rate on the pool; interval of Lang and
    Reiczigel. Use it where TPR and TNR carry over to the pool but the true pass rate does not. If the
    calibration set is a random part of the pool use `predictive_values`, which is much narrower.

    Do not use it if TPR and TNR may differ between the calibration set and the pool, as for another model
    or another kind of question.

    Parameters
    ----------
    human, judge : array_like, shape (n_calibration,)
        Pass marks of people and of the judge on the calibration set, NaN or None where missing.
    judge_pool : array_like, shape (n_pool,)
        The judge's pass marks on the answers in question, NaN or None where it gave none.
    design : SamplingDesign, optional
        How the calibration set was drawn, for instance within the judge's verdicts: TPR and TNR are then
        weighted, and the interval is that of draws of the calibration table and of the pass rate of the pool.
    clusters, pool_clusters : array_like, optional
        Group of each answer of the calibration set, and of the pool. If either is given the standard
        error is a jackknife over the clusters of both sets, never below the one for independent answers.
    confidence_level : float
        Confidence level.
    n_draws, rng
        Number of draws and their seed or generator, with a design.

    Returns
    -------
    CorrectedMean
        The value is not cut to [0, 1], its interval is. The note ``calibration_and_test_disagree`` says
        that the value lies outside by more than its standard error. NaN, `judge_not_informative`, if
        TPR + TNR <= 1. `humans_only` does not apply: people saw none of these answers.

    Raises
    ------
    ValueError
        If lengths differ, a mark is neither pass, fail nor missing, or a design is combined with clusters.

    References
    ----------
    .. [1] W. J. Rogan, B. Gladen, "Estimating Prevalence from the Results of a Screening Test", American
       Journal of Epidemiology, 1978, doi:10.1093/oxfordjournals.aje.a112510.
    .. [2] Z. Lang, J. Reiczigel, "Confidence limits for prevalence of disease adjusted for estimated
       sensitivity and specificity", 2014, doi:10.1016/j.prevetmed.2013.09.015.

    Examples
    --------
    >>> human = [1] * 50 + [0] * 50
    >>> judge = [1] * 45 + [0] * 5 + [1] * 10 + [0] * 40
    >>> rate = rogan_gladen(human, judge, [1] * 690 + [0] * 310)
    >>> print(rate.estimate)
    0.700 [0.602, 0.825]
    """
    h, j, pool = as_marks(human, "human"), as_marks(judge, "judge"), as_marks(judge_pool, "judge_pool")
    check_lengths(human=h, judge=j)
    at_least("n_draws", n_draws, 1)
    calibration = _calibration_sums(h, j)
    if design is not None:
        check_lengths(human=h, design=np.asarray(design.probabilities))
        if clusters is not None or pool_clusters is not None:
            raise ValueError("rogan_gladen takes either a design or clusters, not both.")
        calibration = calibration * design.weights[:, None]
    pool_sums = np.nan_to_num(np.stack([pool, np.where(np.isnan(pool), np.nan, 1.0)], axis=1))
    uncorrected = proportion(pool, clusters=pool_clusters, confidence_level=confidence_level)
    totals, pool_totals = calibration.sum(axis=0), pool_sums.sum(axis=0)
    both = ~np.isnan(h) & ~np.isnan(j)
    n_pairs = int(both.sum())
    found = Estimate(
        float(_rate(totals, pool_totals)),
        confidence_level=confidence_level,
        n_items=uncorrected.n_items,
        n_ratings=n_pairs,
        n_clusters=uncorrected.n_clusters,
        n_dropped=int(np.sum(~np.isnan(h))) - n_pairs,
        possible=SHARE,
    )
    if design is not None and (both & ~design.sampled).any():
        corrected = replace(found, value=math.nan, reason=UNKNOWN_PROBABILITY)
    elif not found.defined or totals[0] / totals[1] + totals[2] / totals[3] <= 1:
        observed = totals[1] and totals[3] and pool_totals[1]
        corrected = replace(
            found, value=math.nan, reason=JUDGE_NOT_INFORMATIVE if observed else NO_OBSERVATIONS
        )
    elif design is not None:
        corrected = _drawn(found, np.where(both, h, np.nan), j, pool_totals, design, n_draws, rng)
    else:
        corrected = _with_interval(found, calibration, pool_sums, clusters, pool_clusters)
    return CorrectedMean(
        corrected, Estimate.undefined(NOT_APPLICABLE, confidence_level=confidence_level), uncorrected
    )


def _calibration_sums(human: Floats, judge: Floats) -> Floats:
    """Return per item: true pass, human pass, true fail, human fail; zeros where a mark is missing."""
    both = ~np.isnan(human) & ~np.isnan(judge)
    columns = [human * judge, human, (1 - human) * (1 - judge), 1 - human]
    return np.where(both[:, None], np.stack(columns, axis=1), 0.0)


def _rate(calibration: Floats, pool: Floats) -> Floats:
    tp, positives, tn, negatives = np.moveaxis(calibration, -1, 0)
    tpr, tnr = quotient(tp, positives), quotient(tn, negatives)
    p = quotient(pool[..., 0], pool[..., 1])
    return quotient(p + tnr - 1, tpr + tnr - 1)


def _with_interval(
    found: Estimate,
    calibration: Floats,
    pool: Floats,
    clusters: ArrayLike | None,
    pool_clusters: ArrayLike | None,
) -> Estimate:
    z = limits.normal_quantile((1 + found.confidence_level) / 2)
    centre, se = _lang_reiczigel(calibration.sum(axis=0), pool.sum(axis=0), z)
    if not math.isfinite(centre):
        return replace(found, reason=JUDGE_NOT_INFORMATIVE)
    method = "lang-reiczigel"
    if clusters is not None or pool_clusters is not None:
        spread, df = _clustered_se(calibration, pool, clusters, pool_clusters)
        if df < 1:
            return replace(found, reason=TOO_FEW_CLUSTERS)
        se, z, method = max(se, spread), limits.t_quantile((1 + found.confidence_level) / 2, df), "jackknife"
    low, high = (min(max(limit, 0.0), 1.0) for limit in (centre - z * se, centre + z * se))
    if not -se <= found.value <= 1 + se:
        found = found.with_notes(OUTSIDE)
    return replace(found, low=low, high=high, se=se, method=method)


def _drawn(
    found: Estimate,
    human: Floats,
    judge: Floats,
    pool: Floats,
    design: SamplingDesign,
    n_draws: int,
    rng: RNG,
) -> Estimate:
    """Return quantiles of draws of the calibration table and of the judge's pass rate on the pool."""
    h, j = human, judge
    cells = np.nan_to_num(np.stack([h * j, (1 - h) * j, h * (1 - j), (1 - h) * (1 - j)], axis=1))
    seed, generator = seed_of(rng)
    tp, fp, fn, tn = VerdictSample.of(cells, design).draw(n_draws, generator).T
    tpr, tnr = quotient(tp, tp + fn), quotient(tn, tn + fp)
    p = generator.beta(pool[0] + 0.5, pool[1] - pool[0] + 0.5, n_draws)
    rates = np.clip(quotient(p + tnr - 1, tpr + tnr - 1), 0.0, 1.0)
    # A judge that is not informative leaves every rate possible.
    uninformative = ~(tpr + tnr > 1)
    rates[uninformative] = generator.integers(0, 2, int(uninformative.sum()))
    low, high = limits.percentile_limits(rates, found.confidence_level)
    if not 0 <= found.value <= 1:
        found = found.with_notes(OUTSIDE)
    return replace(
        found.with_notes(*design.notes),
        low=min(low, found.value),
        high=max(high, found.value),
        se=float(rates.std(ddof=1)) if n_draws > 1 else math.nan,
        method="beta-draws",
        n_resamples=n_draws,
        seed=seed,
    )


def _lang_reiczigel(calibration: Floats, pool: Floats, z: float) -> tuple[float, float]:
    """Return the centre of the interval and its standard error; NaN if the judge is not informative."""
    n = pool[1] + z**2
    p = (pool[0] + z**2 / 2) / n
    n_pass, n_fail = calibration[1] + 2, calibration[3] + 2
    tpr, tnr = (calibration[0] + 1) / n_pass, (calibration[2] + 1) / n_fail
    informative = tpr + tnr - 1
    if informative <= 0:
        return math.nan, math.nan
    # Cut here, the interval of a rate outside [0, 1] keeps a length; cut only at the end it could vanish.
    rate = min(max((p + tnr - 1) / informative, 0.0), 1.0)
    of_passes, of_fails = tpr * (1 - tpr) / n_pass, tnr * (1 - tnr) / n_fail
    shift = 2 * z**2 * (rate * of_passes - (1 - rate) * of_fails)
    variance = p * (1 - p) / n + rate**2 * of_passes + (1 - rate) ** 2 * of_fails
    return float(rate + shift), math.sqrt(variance) / float(informative)


def _clustered_se(
    calibration: Floats, pool: Floats, clusters: ArrayLike | None, pool_clusters: ArrayLike | None
) -> tuple[float, int]:
    """Return the jackknife standard error of both sets together, and the smaller degrees of freedom."""
    fixed_pool, fixed_calibration = pool.sum(axis=0), calibration.sum(axis=0)
    parts = [
        (calibration, clusters, lambda totals: _rate(totals, fixed_pool)),
        (pool, pool_clusters, lambda totals: _rate(fixed_calibration, totals)),
    ]
    variance, df = 0.0, math.inf
    for sums, groups, function in parts:
        statistic = Statistic(sums, function)
        sample = replicate({"rate": statistic}, clusters=groups, method="jackknife").samples["rate"]
        used = np.unique(cluster_codes(groups, len(sums))[sums.any(axis=1)]).size
        variance, df = variance + sample.se**2, min(df, used - 1)
    return math.sqrt(variance), int(df)
