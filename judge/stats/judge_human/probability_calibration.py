"""Calibration of the judge's probability that an answer passes, against the verdicts of people."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Unpack

import numpy as np
from numpy.typing import ArrayLike

from judge.stats.coefficients.auc import auc
from judge.stats.engine.estimate import SHARE, Estimate
from judge.stats.engine.resampling import Sampling
from judge.stats.engine.scale import Floats, as_floats
from judge.stats.pass_fail.proportion import mean

__all__ = ["ProbabilityCalibration", "probability_calibration"]


@dataclass(frozen=True, slots=True)
class ProbabilityCalibration:
    """How far the judge's probabilities of a pass are those with which a person passes the answer.

    Attributes
    ----------
    brier : Estimate
        Brier score of the judge: mean squared distance of the probability from a person's verdict (1 pass,
        0 fail); 0 is perfect.
    base_rate : Estimate
        Brier score of the share of answers that people pass, the same for every answer.
    difference : Estimate
        Judge minus base rate, paired; below 0 the probabilities say something about single answers.
    miscalibration, discrimination, uncertainty : float
        Parts of the Brier score, which is miscalibration - discrimination + uncertainty. Miscalibration is
        what a monotone recalibration would gain, discrimination what it then gains over the share that
        passes. Both are of these answers and, with few of them, too large.
    confidence : Estimate
        Area under the ROC curve of the distance of the probability from 1/2, for the judge's verdict being
        that of most people. At 0.5 the judge errs as often where it is sure, and to send only unsure answers
        to people gains nothing.
    """

    brier: Estimate
    base_rate: Estimate
    difference: Estimate
    miscalibration: float
    discrimination: float
    uncertainty: float
    confidence: Estimate


def probability_calibration(
    humans: ArrayLike, judge: ArrayLike, **sampling: Unpack[Sampling]
) -> ProbabilityCalibration:
    """Compare the judge's probability of a pass with the verdicts of people.

    Do not use it for a judge that gives single scores (`pass_fail`), and not to choose a threshold
    (`threshold_sweep`).

    Parameters
    ----------
    humans : array_like, shape (n_items,) or (n_items, n_humans)
        Verdicts of people: 1 pass, 0 fail, NaN missing.
    judge : array_like, shape (n_items,)
        Probability of a pass by the judge, NaN where missing.
    **sampling
        See `Sampling`: ``clusters``, ``design``, ``confidence_level``. The default method is 'jackknife'.

    Returns
    -------
    ProbabilityCalibration
        Means over items, each item being the mean over its people. Without an item that has both, all are
        NaN.

    Raises
    ------
    ValueError
        If the numbers of rows differ, a verdict is neither 1, 0 nor missing, or a probability is not in 0..1.

    References
    ----------
    .. [1] T. Dimitriadis, T. Gneiting, A. I. Jordan, "Stable reliability diagrams for probabilistic
       classifiers", 2021, doi:10.1073/pnas.2016191118.
    .. [2] G. W. Brier, "Verification of forecasts expressed in terms of probability", 1950,
       doi:10.1175/1520-0493(1950)078<0001:VOFEIT>2.0.CO;2.

    Examples
    --------
    >>> found = probability_calibration([1, 1, 0, 1, 0, 0], [0.9, 0.8, 0.6, 0.7, 0.2, 0.4])
    >>> round(found.brier.value, 3), round(found.miscalibration, 3), round(found.discrimination, 3)
    (0.117, 0.117, 0.25)
    """
    verdicts, p = _checked(humans, judge)
    present = ~np.isnan(verdicts)
    n_people = present.sum(axis=1)
    used = ~np.isnan(p) & (n_people > 0)
    share = np.where(used, np.nansum(verdicts, axis=1) / np.maximum(n_people, 1), np.nan)
    spread = share * (1 - share)
    options: Sampling = {"method": "jackknife", **sampling}
    design = options.get("design")
    weights = np.ones(len(p)) if design is None else design.weights
    base_rate = float(np.average(share[used], weights=weights[used])) if used.any() else math.nan
    of_judge, of_base_rate = (p - share) ** 2 + spread, (base_rate - share) ** 2 + spread
    parts = _decomposed(p[used], share[used], weights[used])
    return ProbabilityCalibration(
        replace(mean(of_judge, **options), possible=SHARE),
        replace(mean(of_base_rate, **options), possible=SHARE),
        mean(of_judge - of_base_rate, **options),
        *parts,
        _confidence(share, p, options),
    )


def _checked(humans: ArrayLike, judge: ArrayLike) -> tuple[Floats, Floats]:
    verdicts, p = as_floats(humans), as_floats(judge)
    verdicts = verdicts[:, None] if verdicts.ndim == 1 else verdicts
    if p.ndim != 1 or len(p) != len(verdicts):
        raise ValueError(f"judge must have shape ({len(verdicts)},) like humans, got {p.shape}")
    if not (np.isnan(verdicts) | np.isin(verdicts, (0.0, 1.0))).all():
        raise ValueError("humans must be 1 (pass), 0 (fail) or missing")
    if ((p < 0) | (p > 1)).any():
        raise ValueError("judge must hold probabilities between 0 and 1")
    return verdicts, p


def _decomposed(p: Floats, share: Floats, weights: Floats) -> tuple[float, float, float]:
    """Return miscalibration, discrimination and uncertainty by isotonic regression of verdicts on `p`."""
    if not len(p):
        return math.nan, math.nan, math.nan
    from scipy.optimize import isotonic_regression

    points, of_item = np.unique(p, return_inverse=True)
    total = np.bincount(of_item, weights)
    means = np.bincount(of_item, weights * share) / total
    recalibrated = isotonic_regression(means, weights=total).x[of_item]
    base_rate = np.average(share, weights=weights)

    def score(forecast: Floats | float) -> float:
        return float(np.average((forecast - share) ** 2 + share * (1 - share), weights=weights))

    uncertainty = score(base_rate)
    return score(points[of_item]) - score(recalibrated), uncertainty - score(recalibrated), uncertainty


def _confidence(share: Floats, p: Floats, options: Sampling) -> Estimate:
    is_decided = (p != 0.5) & (share != 0.5) & ~np.isnan(share)
    return auc(
        np.where(is_decided, (p > 0.5) == (share > 0.5), np.nan),
        abs(p - 0.5),
        design=options.get("design"),
        clusters=options.get("clusters"),
        confidence_level=options.get("confidence_level", 0.95),
    )
