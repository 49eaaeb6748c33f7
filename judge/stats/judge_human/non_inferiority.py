"""Non-inferiority of judge-human to human-human agreement, with a margin fixed in advance."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np

from judge.stats.engine.checks import above, between
from judge.stats.engine.estimate import TOO_FEW_RATERS, Estimate, Reason
from judge.stats.engine.limits import symmetric_limits, t_cdf
from judge.stats.judge_human.ceiling import Ceiling

__all__ = ["NonInferiority", "NonInferiorityVerdict", "non_inferiority", "with_random_raters"]

NonInferiorityVerdict = Literal["better", "non-inferior", "inconclusive", "worse"]
FEW_RATERS = "few_raters"
RatersAre = Literal["fixed", "random"]
_Test: TypeAlias = tuple[float, float, RatersAre]  # margin, alpha, raters


@dataclass(frozen=True, slots=True)
class NonInferiority:
    """Verdict on judge against human agreement.

    Attributes
    ----------
    verdict : {'better', 'non-inferior', 'inconclusive', 'worse'} or None
        None if the difference is undefined. "Not significantly different" is never a verdict.
    equivalent : bool or None
        Whether the interval lies within -margin..margin (two one-sided tests).
    difference : Estimate
        Judge minus human with the interval of the tests, at level 1 - 2 alpha.
    wide : Estimate
        The same with the interval at level 1 - alpha, on which 'better' rests.
    p_value : float
        One-sided, of "the judge is worse by the margin or more", from Student's t.
    margin, alpha : float
        Set in advance.
    raters : {'fixed', 'random'}
        Whether the claim is about these raters or about the population that they were sampled from.
    reason : str or None
        Why there is no verdict, or no interval.
    """

    verdict: NonInferiorityVerdict | None
    equivalent: bool | None
    difference: Estimate
    wide: Estimate
    p_value: float
    margin: float
    alpha: float
    raters: RatersAre
    reason: Reason | None = None


def non_inferiority(
    ceiling: Ceiling, margin: float, *, raters: RatersAre = "fixed", alpha: float = 0.05
) -> NonInferiority:
    """Decide whether the judge agrees with people as well as they agree with each other, up to a margin.

    With Delta = judge minus human level: 'better' if the two-sided 1 - alpha interval lies above 0;
    'non-inferior' if the one-sided 1 - alpha lower limit (two-sided 1 - 2 alpha) lies above -margin;
    'worse' if the upper limit of the same interval lies below -margin; otherwise 'inconclusive'.

    Parameters
    ----------
    ceiling : Ceiling
        From `leave_one_out`, `pairwise_ceiling` or `swap`.
    margin : float
        Largest acceptable loss of agreement, above 0 and fixed in advance, in units of the statistic; 0.05
        of percent agreement or kappa, or a tenth of people's mean absolute error, are usual.
    raters : {'fixed', 'random'}
        Whether raters are fixed (the claim is about these people) or random (about the population that they
        were sampled from), see `with_random_raters`. With fewer than five people use 'fixed' only.
    alpha : float in (0, 0.5)
        Error rate of each one-sided test.

    Returns
    -------
    NonInferiority

    Examples
    --------
    >>> from judge.stats.coefficients.percent_agreement import agreement_statistic
    >>> from judge.stats.judge_human.ceiling import pairwise_ceiling
    >>> rng = np.random.default_rng(0)
    >>> truth = rng.integers(1, 6, 300)
    >>> humans = np.where(rng.random((300, 3)) < 0.3, 3, truth[:, None])
    >>> result = non_inferiority(pairwise_ceiling(humans, truth, agreement_statistic), margin=0.05)
    >>> result.verdict, round(result.difference.value, 2)
    ('better', 0.1)
    """
    above("margin", margin, 0)
    between("alpha", alpha, 0, 0.5)
    narrow, wide = (
        _difference(ceiling, raters, confidence_level) for confidence_level in (1 - 2 * alpha, 1 - alpha)
    )
    df = math.nan
    if narrow.defined and not math.isnan(narrow.low):
        df = narrow.degrees_of_freedom if raters == "fixed" else _rater_df(ceiling)
    return _decided(narrow, wide, df, (margin, alpha, raters))


def margin_test(
    difference_at: Callable[[float], Estimate], margin: float, *, alpha: float = 0.05
) -> NonInferiority:
    """Decide as `non_inferiority` about any difference of two agreements with fixed raters.

    Parameters
    ----------
    difference_at : callable
        Confidence level -> difference with its interval.
    margin, alpha : float
        As in `non_inferiority`.
    """
    narrow, wide = difference_at(1 - 2 * alpha), difference_at(1 - alpha)
    return _decided(narrow, wide, narrow.degrees_of_freedom, (margin, alpha, "fixed"))


def _decided(narrow: Estimate, wide: Estimate, df: float, test: _Test) -> NonInferiority:
    margin, *_ = test
    if not narrow.defined or math.isnan(narrow.low):
        verdict: NonInferiorityVerdict | None = "inconclusive" if narrow.defined else None
        return NonInferiority(verdict, None, narrow, wide, math.nan, *test, narrow.reason)
    equivalent = -margin < narrow.low and narrow.high < margin
    p_value = t_cdf(-(narrow.value + margin) / narrow.se, df)
    return NonInferiority(_verdict(narrow, wide, margin), equivalent, narrow, wide, p_value, *test)


def _verdict(narrow: Estimate, wide: Estimate, margin: float) -> NonInferiorityVerdict:
    if wide.low > 0:
        return "better"
    if narrow.low > -margin:
        return "non-inferior"
    return "worse" if narrow.high < -margin else "inconclusive"


def _difference(ceiling: Ceiling, raters: str, confidence_level: float) -> Estimate:
    if raters == "fixed":
        return ceiling.difference_at(confidence_level)
    if raters == "random":
        return with_random_raters(ceiling, confidence_level=confidence_level)
    raise ValueError(f"raters must be 'fixed' or 'random', got {raters!r}.")


def with_random_raters(ceiling: Ceiling, *, confidence_level: float = 0.95) -> Estimate:
    """Difference to the ceiling with raters as a random factor: an interval for the population of raters.

    se^2 = se_items^2 + var_h(Delta_h)/k, Delta_h the difference for person h of k; Student's t with k - 1
    degrees of freedom if the second part is the larger, else with C - 1 (C clusters that can contribute).

    Parameters
    ----------
    ceiling : Ceiling
        From `leave_one_out`, `pairwise_ceiling` or `swap`.
    confidence_level : float in (0, 1)
        Level of the interval.

    Returns
    -------
    Estimate
        The note ``few_raters`` says that fewer than five people cannot speak for people like them.

    Examples
    --------
    >>> from judge.stats.coefficients.percent_agreement import agreement_statistic
    >>> from judge.stats.judge_human.ceiling import leave_one_out
    >>> humans = np.random.default_rng(0).integers(1, 4, (60, 3))
    >>> ceiling = leave_one_out(humans, humans[:, 0], agreement_statistic, reference="majority_low")
    >>> fixed, random = ceiling.difference, with_random_raters(ceiling)
    >>> fixed.value == random.value, fixed.se < random.se, random.notes
    (True, True, ('few_raters',))
    """
    between("confidence_level", confidence_level, 0, 1)
    items = ceiling.difference_at(confidence_level)
    k = len(ceiling.per_human)
    if not items.defined:
        return items
    if k < 2 or math.isnan(items.se):
        reason = items.reason or TOO_FEW_RATERS
        return replace(items, low=math.nan, high=math.nan, se=math.nan, method="", reason=reason)
    se = math.hypot(items.se, math.sqrt(_rater_variance(ceiling)))
    if se == 0:
        return items
    low, high = symmetric_limits(items.value, se, confidence_level, _rater_df(ceiling))
    notes = (*items.notes, FEW_RATERS) if k < 5 else items.notes
    return replace(
        items,
        low=low,
        high=high,
        se=se,
        method="items+raters",
        reason=None,
        notes=notes,
        n_resamples=0,
        seed=None,
    )


def _rater_variance(ceiling: Ceiling) -> float:
    deltas = [row.difference.value for row in ceiling.per_human]
    return float(np.var(deltas, ddof=1)) / len(deltas)


def _rater_df(ceiling: Ceiling) -> float:
    raters_dominate = _rater_variance(ceiling) > ceiling.difference.se**2
    return len(ceiling.per_human) - 1 if raters_dominate else ceiling.difference.degrees_of_freedom
