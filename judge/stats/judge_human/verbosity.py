"""Length bias: effect of an answer's length on the judge at equal human scores."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Unpack

import numpy as np
from numpy.typing import ArrayLike

from judge.stats.engine.estimate import CORRELATION, TOO_FEW_RATERS, Estimate
from judge.stats.engine.resampling import Sampling
from judge.stats.engine.scale import Floats, as_floats
from judge.stats.engine.statistic import quotient
from judge.stats.engine.table import ScaleLike
from judge.stats.judge_human.all_pairs import are_many, person_rows
from judge.stats.judge_human.consensus import consensus, humans_and_judge
from judge.stats.judge_human.contrast import Contrast, PooledMoments, contrasts, evaluate, positive
from judge.stats.judge_human.means_of_many import of_mean_covariances

__all__ = ["Verbosity", "verbosity"]


@dataclass(frozen=True, slots=True)
class Verbosity:
    """Effect of length at equal human score.

    Attributes
    ----------
    partial : Contrast
        Correlation with log length given the consensus of other people, for the judge and for the person
        held out. Noise of that consensus inflates both when longer answers are better.
    per_doubling : Estimate
        Scale points that the judge adds when length doubles, beyond what people in common add: free of
        people's noise, 0 for people themselves. The number to act on.
    """

    partial: Contrast
    per_doubling: Estimate


def verbosity(
    humans: ArrayLike,
    judge: ArrayLike,
    length: ArrayLike,
    *,
    scale: ScaleLike = None,
    **sampling: Unpack[Sampling],
) -> Verbosity:
    """Length bias of the judge at equal human score.

    With l = log2 length and c_h the mean of people other than h, the partial correlation is
    (r_jl - r_jc r_lc) / sqrt((1 - r_jc^2)(1 - r_lc^2)), for judge and person h on the same items. The
    effect per doubling is (s_jl T - s_jc s_cl) / (T s_ll - s_cl^2) with T = mean_h cov(x_h, c_h), the
    variance of what people have in common, in place of the variance of a noisy consensus.

    Parameters
    ----------
    humans : array_like, shape (n_items, n_humans)
        People's ratings, at least two people.
    judge : array_like, shape (n_items,)
        The judge's ratings, NaN where missing.
    length : array_like of float, shape (n_items,)
        Length of the answer in any unit (characters, tokens); an empty answer (0) is left out.
    scale : Scale or sequence, optional
        The declared scale.
    **sampling
        See `Sampling`; the default method is the jackknife.

    Returns
    -------
    Verbosity
        `too_few_raters` with one person; `no_variation` if all answers have one length.

    References
    ----------
    .. [1] Y. Dubois et al., "Length-Controlled AlpacaEval", 2024, arXiv 2404.04475.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> quality, length = rng.normal(size=500), np.exp2(rng.normal(8, 1, 500))
    >>> humans = quality[:, None] + rng.normal(size=(500, 3))
    >>> found = verbosity(humans, quality + 0.5 * np.log2(length), length)
    >>> round(found.per_doubling.value, 1)
    0.5
    """
    moments = _moments(humans, judge, length, scale)
    if moments is None:
        undefined = Estimate.undefined(TOO_FEW_RATERS)
        return Verbosity(Contrast(undefined, undefined, undefined), undefined)
    partial = moments.contrast(lambda cov: _partial(cov, 0), lambda cov: _partial(cov, 1), CORRELATION)
    found = contrasts({"partial": partial}, sampling)["partial"]
    return Verbosity(found, evaluate({"": moments.statistic(_per_doubling)}, sampling)[""])


def length_effect(
    humans: ArrayLike, judge: ArrayLike, length: ArrayLike, **sampling: Unpack[Sampling]
) -> Estimate:
    """Return `per_doubling` of `verbosity` alone, without the work for the partial correlations."""
    of_humans, of_judge = humans_and_judge(humans, judge)
    if are_many(of_humans.shape[1], sampling):
        found = _effect_of_many(of_humans, of_judge, _log2(length, len(of_judge)), sampling)
        if found is not None:
            return found
    moments = _moments(of_humans, of_judge, length, None)
    if moments is None:
        return Estimate.undefined(TOO_FEW_RATERS)
    return evaluate({"": moments.statistic(_per_doubling)}, sampling)[""]


def _effect_of_many(humans: Floats, judge: Floats, log_length: Floats, sampling: Sampling) -> Estimate | None:
    """Return the effect from the items of each person alone; None if nobody shares two with others."""
    has_length = np.where(np.isnan(log_length), np.nan, judge)
    rows = person_rows(humans, has_length, "mean", sampling.get("clusters"))
    rows = replace(rows, columns=np.column_stack([rows.columns, log_length[rows.item]]))
    return of_mean_covariances(rows, (2, 1, 0, 3), _per_doubling, sampling)


def _moments(
    humans: ArrayLike, judge: ArrayLike, length: ArrayLike, scale: ScaleLike
) -> PooledMoments | None:
    """Return moments of judge, person, consensus of others and log length; None with one person."""
    of_humans, of_judge = humans_and_judge(humans, judge, scale)
    log_length = _log2(length, len(of_judge))
    if of_humans.shape[1] < 2:
        return None
    return PooledMoments(
        [
            [of_judge, person, consensus(np.delete(of_humans, h, axis=1)), log_length]
            for h, person in enumerate(of_humans.T)
        ]
    )


def _log2(length: ArrayLike, n_items: int) -> Floats:
    values = as_floats(length)
    if values.shape != (n_items,):
        raise ValueError(f"length must hold one number per item, shape ({n_items},); got {values.shape}.")
    if (values < 0).any():
        raise ValueError(f"length must not be negative, got {np.nanmin(values):g}.")
    return np.log2(np.where(values > 0, values, np.nan))


def _partial(cov: Floats, rater: int) -> Floats:
    """Return the correlation of a rater (column) and length, given the consensus of others."""
    others, length = 2, 3
    remaining = cov[:, rater, length] - quotient(
        cov[:, rater, others] * cov[:, others, length], cov[:, others, others]
    )
    of_rater = cov[:, rater, rater] - quotient(cov[:, rater, others] ** 2, cov[:, others, others])
    of_length = cov[:, length, length] - quotient(cov[:, others, length] ** 2, cov[:, others, others])
    return quotient(remaining, np.sqrt(np.maximum(of_rater * of_length, 0.0)))


def _per_doubling(cov: Floats) -> Floats:
    judge, person, others, length = range(4)
    common = positive(cov[:, person, others])
    gap = cov[:, judge, length] * common - cov[:, judge, others] * cov[:, others, length]
    return quotient(gap, common * cov[:, length, length] - cov[:, others, length] ** 2)
