"""Prediction-powered inference: the mean human score of a pool from some labels and all judge scores."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from judge.stats.engine import limits
from judge.stats.engine.columns import as_column, as_groups, check_lengths
from judge.stats.engine.estimate import (
    ANY_VALUE,
    NO_OBSERVATIONS,
    NO_VARIATION,
    SHARE,
    TOO_FEW_CLUSTERS,
    TOO_FEW_ITEMS,
    Estimate,
)
from judge.stats.engine.resampling import Statistic, quotient, replicate
from judge.stats.engine.scale import Floats, Ints
from judge.stats.engine.weights import cluster_codes
from judge.stats.pass_fail.predictive_values import CorrectedMean
from judge.stats.pass_fail.proportion import mean

__all__ = ["PredictionPoweredMean", "ppi_mean"]

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
    n_effective : float
        Labels that people alone would need for the same standard error.
    """

    judge_weight: float
    n_effective: float


def ppi_mean(
    human: ArrayLike,
    judge: ArrayLike,
    *,
    judge_weight: float | None = None,
    clip: bool = True,
    strata: ArrayLike | None = None,
    clusters: ArrayLike | None = None,
    confidence_level: float = 0.95,
) -> PredictionPoweredMean:
    """Mean of human scores over the whole pool, when a random part of it was labelled (PPI++).

    mean = lambda mean(U) + mean(Y - lambda F): Y human and F judge scores of labelled answers, U judge
    scores of unlabelled ones. lambda = cov(Y, F) / ((1 + n/N) var(F and U)) minimises the standard error;
    variances have n - 1 in the denominator, and the interval is Student's.

    Do not use it with labels from other answers, or chosen because of their human score; nor with fewer
    than about 30 labels, where the interval is too narrow.

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
        in sorted order (note ``merged_strata``).
    clusters : array_like, shape (n_items,), optional
        Group of each answer: the standard error is a jackknife over groups, of the same per-answer mean.
    confidence_level : float
        Confidence level.

    Returns
    -------
    PredictionPoweredMean
        In the unit of `human`. NaN, `too_few_items`, with fewer than two labels. Below 30 labels
        the note ``few_labels``: the interval is then approximate.

    Raises
    ------
    ValueError
        If lengths differ or `judge_weight` is not finite.

    References
    ----------
    .. [1] A. N. Angelopoulos et al., "Prediction-powered inference", Science, 2023,
       doi:10.1126/science.adi6000.
    .. [2] A. N. Angelopoulos, J. C. Duchi, T. Zrnic, "PPI++: Efficient Prediction-Powered Inference",
       arXiv:2311.01453.
    .. [3] A. Fisch et al., "Stratified Prediction-Powered Inference for Hybrid Language Model
       Evaluation", arXiv:2406.04291.

    Examples
    --------
    >>> human = [4, 2, 5, 3, 4, 1] + [None] * 6
    >>> judge = [4, 3, 5, 3, 5, 2] + [3, 4, 5, 4, 2, 1]
    >>> rate = ppi_mean(human, judge)
    >>> print(rate.estimate)
    2.924 [1.681, 4.168]
    >>> print(rate.humans_only)
    3.167 [1.622, 4.711]
    """
    y, f, groups = as_column(human, "human"), as_column(judge, "judge"), as_groups(clusters)
    strata_labels = np.zeros(y.size) if strata is None else np.asarray(strata)
    check_lengths(human=y, judge=f, clusters=groups, strata=strata_labels)
    if judge_weight is not None and not math.isfinite(judge_weight):
        raise ValueError(f"judge_weight must be finite, got {judge_weight}.")
    humans_only = mean(y, clusters=groups, confidence_level=confidence_level, method="jackknife")
    uncorrected = mean(f, clusters=groups, confidence_level=confidence_level, method="jackknife")
    n_labels = int(np.sum(~np.isnan(y) & ~np.isnan(f)))
    found = Estimate(
        math.nan,
        confidence_level=confidence_level,
        n_items=uncorrected.n_items,
        n_ratings=n_labels,
        n_clusters=uncorrected.n_clusters,
        n_dropped=int(np.sum(~np.isnan(y))) - n_labels,
        possible=SHARE if np.isin(y[~np.isnan(y)], (0.0, 1.0)).all() else ANY_VALUE,  # pass marks
    )
    if n_labels < 2:
        undefined = replace(found, reason=TOO_FEW_ITEMS if n_labels else NO_OBSERVATIONS)
        return PredictionPoweredMean(undefined, humans_only, uncorrected, math.nan, math.nan)
    codes, merged = _strata_codes(strata_labels, ~np.isnan(y) & ~np.isnan(f))
    parts = [_stratum(y[codes == s], f[codes == s], judge_weight, clip) for s in range(codes.max() + 1)]
    combined = _combine(found, parts) if groups is None else _clustered(found, y, f, codes, parts, groups)
    lam = sum(part.judge_weight * part.n_pool for part in parts) / sum(part.n_pool for part in parts)
    notes = [FEW_LABELS] * (n_labels < 30) + [INVERTED_JUDGE] * (lam < 0) + [COMPRESSED_JUDGE] * (lam > 1)
    noted = combined.with_notes(*notes, *[MERGED_STRATA] * merged)
    spread = y[~np.isnan(y) & ~np.isnan(f)].var(ddof=1)
    n_effective = spread / noted.se**2 if noted.se > 0 else math.nan
    return PredictionPoweredMean(noted, humans_only, uncorrected, lam, float(n_effective))


@dataclass(frozen=True, slots=True)
class _Stratum:
    value: float
    variance: float
    judge_weight: float
    n_labels: int
    n_pool: int


def _strata_codes(strata: NDArray[Any], labelled: NDArray[np.bool_]) -> tuple[Ints, bool]:
    """Return a code per item, with at least two labels in each, and whether strata were merged for it."""
    original: Ints = np.unique(strata, return_inverse=True)[1].astype(np.int64)
    n_labels = np.bincount(original, weights=labelled)
    merged, code, gathered = np.zeros(n_labels.size, dtype=np.int64), 0, 0.0
    for stratum, n in enumerate(n_labels):
        merged[stratum] = code
        gathered += n
        if gathered >= 2 and n_labels[stratum + 1 :].sum() >= 2:
            code, gathered = code + 1, 0.0
    return merged[original], code + 1 < n_labels.size


def _stratum(human: Floats, judge: Floats, fixed_weight: float | None, clip: bool) -> _Stratum:
    labelled, unlabelled = ~np.isnan(human) & ~np.isnan(judge), np.isnan(human) & ~np.isnan(judge)
    y, f, u = human[labelled], judge[labelled], judge[unlabelled]
    if not u.size:  # nothing that the judge could add
        return _Stratum(float(y.mean()), float(y.var(ddof=1) / y.size), 0.0, y.size, y.size)
    weight = _tuned_weight(y, f, u, clip) if fixed_weight is None else fixed_weight
    residual = y - weight * f
    # One unlabelled answer has no variance of its own.
    of_judge = (u if u.size > 1 else np.concatenate([f, u])).var(ddof=1) / u.size
    variance = weight**2 * of_judge + residual.var(ddof=1) / y.size
    value = weight * u.mean() + residual.mean()
    return _Stratum(float(value), float(variance), float(weight), y.size, y.size + u.size)


def _tuned_weight(y: Floats, f: Floats, u: Floats, clip: bool) -> float:
    spread = np.concatenate([f, u]).var(ddof=1)
    if spread == 0:
        return 0.0
    weight = float(np.cov(y, f)[0, 1] / ((1 + y.size / u.size) * spread))
    return min(max(weight, 0.0), 1.0) if clip else weight


def _combine(found: Estimate, parts: list[_Stratum]) -> Estimate:
    """Return the mean over independent answers, strata weighted by their share of the pool."""
    n_pool = sum(part.n_pool for part in parts)
    shares = np.array([part.n_pool / n_pool for part in parts])
    values = np.array([part.value for part in parts])
    within = shares**2 * np.array([part.variance for part in parts])
    value = float(shares @ values)
    # The pool is a sample, too: so are the shares of the strata in it.
    variance = float(within.sum() + shares @ (values - value) ** 2 / n_pool)
    if within.sum() <= 0:  # identical labels in each stratum say nothing about their spread
        return replace(found, value=value, se=math.sqrt(variance), reason=NO_VARIATION)
    # Satterthwaite's degrees of freedom; n - 1 with one stratum.
    df = variance**2 / sum(w**2 / (part.n_labels - 1) for w, part in zip(within, parts, strict=True))
    low, high = limits.symmetric_limits(value, math.sqrt(variance), found.confidence_level, float(df))
    return replace(found, value=value, low=low, high=high, se=math.sqrt(variance), method="t")


def _clustered(
    found: Estimate, human: Floats, judge: Floats, codes: Ints, parts: list[_Stratum], clusters: NDArray[Any]
) -> Estimate:
    """Return the same mean with the standard error of a jackknife over clusters, lambda held fixed."""
    present, n_strata = ~np.isnan(judge), len(parts)
    labelled = present & ~np.isnan(human)
    weights = np.array([part.judge_weight for part in parts])
    residual = np.where(labelled, human - weights[codes] * judge, 0.0)
    unlabelled = present & ~labelled
    one_hot = np.eye(n_strata)[codes]
    columns = [residual, labelled, np.where(unlabelled, judge, 0.0), unlabelled]
    sums = np.hstack([one_hot * column[:, None] for column in columns])

    def pool_mean(totals: Floats) -> Floats:
        residuals, n, u, n_u = np.split(totals, 4, axis=1)
        by_judge = np.where(weights == 0, 0.0, weights * quotient(u, n_u))
        shares = (n + n_u) / (n + n_u).sum(axis=1, keepdims=True)
        return np.asarray((shares * (quotient(residuals, n) + by_judge)).sum(axis=1))

    replicates = replicate({"mean": Statistic(sums, pool_mean)}, clusters=clusters, method="jackknife")
    sample = replicates.samples["mean"]
    n_labelled = np.unique(cluster_codes(clusters, human.size)[labelled]).size
    found = replace(found, value=sample.value, se=sample.se)
    if n_labelled < 2 or not sample.se > 0:
        return replace(found, reason=TOO_FEW_CLUSTERS if n_labelled < 2 else NO_VARIATION)
    low, high = limits.symmetric_limits(sample.value, sample.se, found.confidence_level, n_labelled - 1)
    return replace(found, low=low, high=high, method="jackknife")
