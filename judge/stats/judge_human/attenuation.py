"""Correlation of the judge with people, corrected for the unreliability of people's ratings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal, Unpack

import numpy as np
from numpy.typing import ArrayLike

from judge.stats.coefficients.correlation import pearson_statistic
from judge.stats.coefficients.icc import icc_statistic
from judge.stats.engine.estimate import CORRELATION, NO_ITEM_VARIANCE, SHARE, TOO_FEW_RATERS, Estimate, Range
from judge.stats.engine.resampling import Sampling
from judge.stats.engine.scale import Floats, as_floats
from judge.stats.engine.statistic import Statistic, combine, quotient
from judge.stats.engine.table import ScaleLike
from judge.stats.judge_human.consensus import humans_and_judge
from judge.stats.judge_human.contrast import evaluate

__all__ = ["Attenuation", "attenuation"]


@dataclass(frozen=True, slots=True)
class Attenuation:
    """Correlation of the judge with the mean of people, and its limits.

    Attributes
    ----------
    correlation : Estimate
        Pearson correlation with the mean of all k people, r.
    reliability : Estimate
        Of that mean: ICC(3,k), or ICC(2,k) if severity counts as error.
    max_correlation : Estimate
        sqrt(reliability): the highest correlation that anything can have with that mean.
    disattenuated : Estimate
        r / sqrt(reliability), not cut at 1 (its interval is); undefined if the reliability is not above 0.
    doubly_disattenuated : Estimate or None
        That divided by sqrt of the judge's own test-retest reliability as well: what remains is disagreement,
        not noise. None without samples of the judge.
    """

    correlation: Estimate
    reliability: Estimate
    max_correlation: Estimate
    disattenuated: Estimate
    doubly_disattenuated: Estimate | None


def attenuation(
    humans: ArrayLike,
    judge: ArrayLike,
    *,
    error: Literal["relative", "absolute"] = "relative",
    judge_samples: ArrayLike | None = None,
    scale: ScaleLike = None,
    **sampling: Unpack[Sampling],
) -> Attenuation:
    """Correct the correlation of judge and people for the unreliability of people.

    Uses the items that the judge and all k people rated, so that the mean has one reliability.

    Do not use the disattenuated correlation to compare judges on different items, nor as evidence of
    agreement: like every correlation it ignores severity.

    Parameters
    ----------
    humans : array_like, shape (n_items, n_humans)
        People's ratings, at least two people.
    judge : array_like, shape (n_items,)
        The judge's ratings, NaN where missing.
    error : {'relative', 'absolute'}
        Whether differences in severity between people count as error: no (ICC(3,k)) or yes (ICC(2,k)).
    judge_samples : array_like, shape (n_items, n_samples), optional
        Repeated ratings by the judge, for its own reliability, ICC(1,1).
    scale : Scale or sequence, optional
        The declared scale.
    **sampling
        See `Sampling`; the default method is the jackknife.

    Returns
    -------
    Attenuation

    References
    ----------
    .. [1] C. Spearman, "The proof and measurement of association between two things", American Journal of
       Psychology 15, 1904.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> truth = rng.normal(size=1000)
    >>> humans = truth[:, None] + rng.normal(size=(1000, 3))
    >>> found = attenuation(humans, truth)
    >>> f"{found.correlation:.2f} of at most {found.max_correlation:.2f}: {found.disattenuated:.2f}"
    '0.86 of at most 0.86: 1.00'
    """
    if error not in ("relative", "absolute"):
        raise ValueError(f"error must be 'relative' or 'absolute', got {error!r}.")
    of_humans, of_judge = humans_and_judge(humans, judge, scale)
    if of_humans.shape[1] < 2:
        undefined = Estimate.undefined(TOO_FEW_RATERS)
        return Attenuation(undefined, undefined, undefined, undefined, None)
    incomplete = np.isnan(of_judge) | np.isnan(of_humans).any(axis=1)
    of_judge = np.where(incomplete, np.nan, of_judge)
    people = np.where(incomplete[:, None], np.nan, of_humans)
    r = pearson_statistic(of_judge, people.mean(axis=1))
    rel = icc_statistic(people, form="ICC(3,k)" if error == "relative" else "ICC(2,k)")
    statistics = {
        "correlation": r,
        "reliability": rel,
        "max_correlation": _combined(_root, rel, possible=SHARE),
        "disattenuated": _combined(lambda a, b: quotient(a, _root(b)), r, rel),
    }
    if judge_samples is not None:
        own = icc_statistic(_samples(judge_samples, len(of_judge)), form="ICC(1,1)")
        statistics["doubly_disattenuated"] = _combined(
            lambda a, b, c: quotient(a, _root(b) * _root(c)), r, rel, own
        )
    found = evaluate(statistics, sampling)
    return Attenuation(
        found["correlation"],
        found["reliability"],
        found["max_correlation"],
        found["disattenuated"],
        found.get("doubly_disattenuated"),
    )


def _samples(samples: ArrayLike, n_items: int) -> Floats:
    table = as_floats(samples)
    if table.ndim != 2 or len(table) != n_items:
        raise ValueError(f"judge_samples must have shape ({n_items}, n_samples), got {table.shape}.")
    return table


def _combined(function: Callable[..., Floats], *parts: Statistic, possible: Range = CORRELATION) -> Statistic:
    combined = combine(function, *parts, possible=possible)
    if any(np.isnan(part.value()) for part in parts):
        return combined
    return replace(combined, undefined=NO_ITEM_VARIANCE)  # a reliability at or below 0


def _root(reliability: Floats) -> Floats:
    """Return the square root, NaN where the reliability is not above 0."""
    return np.sqrt(np.where(reliability > 0, reliability, np.nan))
