"""Prediction-powered inference: the mean human score of a pool from some labels and all judge scores."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from judge.stats.engine.checks import between
from judge.stats.engine.columns import as_column, as_groups, check_lengths
from judge.stats.engine.estimate import ANY_VALUE, SHARE, Estimate
from judge.stats.engine.resampling import Sampling
from judge.stats.engine.sampling_design import SamplingDesign
from judge.stats.engine.weights import cluster_codes
from judge.stats.pass_fail.predictive_values import (
    CorrectedMean,
    labels_worth,
    of_pool,
    variance_per_label,
)
from judge.stats.pass_fail.proportion import mean
from judge.stats.pass_fail.two_phase import TwoPhaseMean, difference_of_means, read_pool

__all__ = ["PredictionPoweredMean", "ppi_difference", "ppi_mean"]

FEW_LABELS = "few_labels"
INVERTED_JUDGE = "inverted_judge"
COMPRESSED_JUDGE = "compressed_judge"
MERGED_STRATA = "merged_strata"


@dataclass(frozen=True, slots=True)
class PredictionPoweredMean(CorrectedMean):
    """A corrected mean, with how much the judge contributed; see `ppi_mean`.

    Attributes
    ----------
    judge_weight : float
        The weight lambda of the judge: 0 humans only, 1 plain prediction-powered inference. With strata the
        mean over strata, weighted by their share of the pool.
    """

    judge_weight: float


def ppi_mean(
    human: ArrayLike,
    judge: ArrayLike,
    *,
    judge_weight: float | None = None,
    clip: bool = True,
    strata: ArrayLike | None = None,
    design: SamplingDesign | None = None,
    clusters: ArrayLike | None = None,
    confidence_level: float = 0.95,
) -> PredictionPoweredMean:
    """Mean of human scores over the whole pool, when a random part of it was labelled (PPI++).

    mean = lambda mean(U) + mean(Y - lambda F): Y human and F judge scores of labelled answers, U judge
    scores of unlabelled ones. lambda = cov(Y, F) / ((1 + n/N) var(F and U)) minimises the standard error. The
    interval is Student's with n - 1 degrees of freedom; one less for a tuned lambda, except for pass marks,
    whose interval is that of the labels with one pass and one fail added [4]_, around their mean.

    Do not use it with labels from other answers, or chosen because of their human score.

    Parameters
    ----------
    human : array_like of float, shape (n_items,)
        Human scores or pass marks, NaN or None where an answer was not labelled.
    judge : array_like of float, shape (n_items,)
        The judge's scores on the same answers, the whole pool; any scale; NaN or None where it gave none.
    judge_weight : float, optional
        Fixed lambda: 1 is plain PPI, 0 humans only. None tunes it.
    clip : bool
        Keep a tuned lambda within [0, 1]. Without it a judge that uses too little of the scale gets more
        than 1 (note ``compressed_judge``), an inverted one less than 0 (``inverted_judge``).
    strata : array_like, shape (n_items,), optional
        Stratum of each answer (slice, bin of judge scores), within which labels are random. Means are
        combined by share of the pool. A stratum with fewer than two labels is merged with its neighbour
        in sorted order (note ``merged_strata``). A stratum has a judge weight of its own from 30 labels on,
        the others have one that is best for all strata together.
    design : SamplingDesign, optional
        How the labelled answers were drawn, instead of `strata`: probabilities of the labelled answers and,
        if it has strata, the stratum of every answer of the pool.
    clusters : array_like, shape (n_items,), optional
        Group of each answer: the standard error is that of sums over groups, of the same per-answer mean.
    confidence_level : float
        Confidence level.

    Returns
    -------
    PredictionPoweredMean
        In the unit of `human`. NaN, `too_few_items`, with fewer than two labels. Below 30 labels
        the note ``few_labels``: the interval is then approximate. Labels that are all alike get no interval
        (`no_variation`), unless they are pass marks. In one of several strata they get the variance of half a
        label that differs from them.

    Raises
    ------
    ValueError
        If lengths differ, `judge_weight` is not finite, both `strata` and `design` are given, or an answer of
        the pool has no stratum.

    References
    ----------
    .. [1] A. N. Angelopoulos et al., "Prediction-powered inference", Science, 2023,
       doi:10.1126/science.adi6000.
    .. [2] A. N. Angelopoulos, J. C. Duchi, T. Zrnic, "PPI++: Efficient Prediction-Powered Inference",
       arXiv:2311.01453.
    .. [3] A. Fisch et al., "Stratified Prediction-Powered Inference for Hybrid Language Model
       Evaluation", arXiv:2406.04291.
    .. [4] A. Agresti, B. A. Coull, "Approximate is Better than 'Exact' for Interval Estimation of Binomial
       Proportions", The American Statistician 52, 1998, doi:10.1080/00031305.1998.10480550.

    Examples
    --------
    >>> human = [4, 2, 5, 3, 4, 1] + [None] * 6
    >>> judge = [4, 3, 5, 3, 5, 2] + [3, 4, 5, 4, 2, 1]
    >>> rate = ppi_mean(human, judge)
    >>> print(rate.estimate)
    2.924 [1.478, 4.371]
    >>> print(rate.humans_only)
    3.167 [1.622, 4.711]
    """
    y, f, groups = as_column(human, "human"), as_column(judge, "judge"), as_groups(clusters)
    check_lengths(human=y, judge=f, clusters=groups)
    if judge_weight is not None and not math.isfinite(judge_weight):
        raise ValueError(f"judge_weight must be finite, got {judge_weight}.")
    pool = read_pool(y, f, strata, design)
    options: Sampling = {"clusters": groups, "confidence_level": confidence_level, "method": "jackknife"}
    uncorrected = mean(f, **options)
    if design is not None:
        uncorrected = of_pool(uncorrected, design)
    options["design"] = pool.people_alone() if design is None and strata is not None else design
    humans_only = mean(np.where(pool.in_pool, y, np.nan) if strata is not None else y, **options)
    n_labels = int(pool.labelled.sum())
    found = Estimate(
        math.nan,
        confidence_level=confidence_level,
        n_items=uncorrected.n_items,
        n_ratings=n_labels,
        n_clusters=uncorrected.n_clusters,
        n_dropped=int(np.sum(~np.isnan(y))) - n_labels,
        notes=() if design is None else design.notes,
        possible=SHARE if pool.marks else ANY_VALUE,
    )
    if pool.problem:
        undefined = replace(found, reason=pool.problem)
        return PredictionPoweredMean(undefined, humans_only, uncorrected, math.nan)
    weights = pool.judge_weights(judge_weight, clip)
    codes = None if groups is None else cluster_codes(groups, y.size)
    corrected = TwoPhaseMean.of(pool, weights, tuned=judge_weight is None).estimate(found, codes)
    sizes = np.bincount(pool.strata[pool.in_pool], minlength=weights.size)
    lam = float(weights @ sizes / sizes.sum())
    notes = [FEW_LABELS] * (n_labels < 30) + [INVERTED_JUDGE] * (lam < 0) + [COMPRESSED_JUDGE] * (lam > 1)
    noted = corrected.with_notes(*notes, *[MERGED_STRATA] * pool.merged)
    is_clustered = groups is not None and options["design"] is None
    variance = variance_per_label(humans_only) if is_clustered else pool.variance
    worth = labels_worth(noted, variance, pool.finite)
    return PredictionPoweredMean(noted, humans_only, uncorrected, lam, effective_labels=worth)


def ppi_difference(
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
    """Difference a - b of the corrected mean scores of two systems, or of two conditions.

    Each mean is that of `ppi_mean`, with its own judge weight: a judge may err more often on one system than
    on the other. The standard error subtracts the influences of answers to one item, so that what both
    systems find hard cancels; items of one system only count for that one.

    Do not use it if only one of the systems has labels.

    Parameters
    ----------
    human_a, judge_a, human_b, judge_b : array_like of float, shape (n_items,)
        Scores of the answers of system a and of system b, in the same order of items; NaN or None where
        missing.
    design_a, design_b : SamplingDesign, optional
        How the labelled answers of each system were drawn; see `ppi_mean`. Both or neither.
    clusters : array_like, shape (n_items,), optional
        Group of each item.
    confidence_level : float
        Confidence level.

    Returns
    -------
    Estimate
        In the unit of the scores. NaN with the reason of the system that is undefined.

    Raises
    ------
    ValueError
        If lengths differ, or the designs have different targets.

    References
    ----------
    .. [1] A. N. Angelopoulos, J. C. Duchi, T. Zrnic, "PPI++: Efficient Prediction-Powered Inference",
       arXiv:2311.01453.

    Examples
    --------
    >>> human_a, judge_a = [4, 5, 3, None, None, 4], [4, 5, 4, 3, 5, 4]
    >>> human_b, judge_b = [3, 4, None, None, 2, 4], [3, 5, 3, 3, 3, 4]
    >>> print(ppi_difference(human_a, judge_a, human_b, judge_b))
    0.969 [-0.913, 2.850]
    """
    between("confidence_level", confidence_level, 0, 1)
    a = as_column(human_a, "human_a"), as_column(judge_a, "judge_a")
    b = as_column(human_b, "human_b"), as_column(judge_b, "judge_b")
    groups = as_groups(clusters)
    check_lengths(human_a=a[0], judge_a=a[1], human_b=b[0], judge_b=b[1], clusters=groups)
    pools = [read_pool(*a, None, design_a), read_pool(*b, None, design_b)]
    weights = [pool.judge_weights(None, True) for pool in pools]
    return difference_of_means(pools, weights, groups, confidence_level)
