"""Halo effect: whether one overall impression drives all dimensions, more than in people's ratings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Unpack

import numpy as np
from numpy.typing import ArrayLike

from judge.stats.engine.estimate import CORRELATION, Estimate, Range
from judge.stats.engine.resampling import Sampling
from judge.stats.engine.scale import Floats, as_floats
from judge.stats.engine.statistic import Function, quotient
from judge.stats.judge_human.all_pairs import GroupRows, are_many
from judge.stats.judge_human.consensus import consensus
from judge.stats.judge_human.contrast import Contrast, PooledMoments, Triple, contrasts, positive
from judge.stats.judge_human.means_of_many import of_mean_covariances

__all__ = ["Halo", "halo"]


@dataclass(frozen=True, slots=True)
class Halo:
    """Association between dimensions within a rater.

    Attributes
    ----------
    correlation : Contrast
        Mean correlation between dimensions. It also rises when a rater is less noisy.
    partial : Contrast
        The same at equal mean score of the rater; undefined for two dimensions (it would be -1).
    errors : Contrast
        Mean correlation between the *errors* of a rater on different dimensions, what people have in common
        taken out: halo proper, untouched by severity, compression and noise. Needs two people.
    dimensions : Contrast
        Effective number of dimensions, (sum lambda)^2 / sum lambda^2 of the correlation matrix.
    """

    correlation: Contrast
    partial: Contrast
    errors: Contrast
    dimensions: Contrast


def halo(humans: ArrayLike, judge: ArrayLike, **sampling: Unpack[Sampling]) -> Halo:
    """Halo of the judge beside that of single people on the same items.

    With T the covariance of dimensions d, e between different people (what they have in common), a person's
    error covariance is cov(x_d, x_e) - T_de. A judge follows dimension d with slope
    b_d = cov(j_d, people_d) / T_dd, which leaves cov(j_d, j_e) - b_d b_e T_de.

    Do not read a high `correlation` as halo: dimensions may be related in the answers themselves.
    `errors` removes what people have in common.

    Parameters
    ----------
    humans : array_like of float, shape (n_items, n_dimensions, n_humans)
        People's ratings, NaN where missing.
    judge : array_like of float, shape (n_items, n_dimensions)
        The judge's ratings, NaN where missing.
    **sampling
        See `Sampling`; the default method is the jackknife.

    Returns
    -------
    Halo

    References
    ----------
    .. [1] E. L. Thorndike, "A constant error in psychological ratings", Journal of Applied Psychology 4,
       1920.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> truth = rng.normal(size=(400, 4))
    >>> humans = truth[:, :, None] + rng.normal(size=(400, 4, 3))
    >>> halo_judge = truth + rng.normal(size=(400, 1)) + 0.5 * rng.normal(size=(400, 4))
    >>> found = halo(humans, halo_judge).errors
    >>> round(found.judge.value, 1), round(abs(found.human.value), 1)
    (0.8, 0.0)
    """
    x, people = _checked(humans, judge)
    d = x.shape[1]
    groups = [_columns(x, people, h) for h in range(people.shape[2])]
    plain, with_others = PooledMoments([group[: 2 * d] for group in groups]), PooledMoments(groups)
    parts = {
        "correlation": _within(plain, d, _mean_correlation),
        "partial": _within(plain, d, _mean_partial),
        "dimensions": _within(plain, d, _effective_dimensions, (1.0, float(d))),
        "errors": with_others.contrast(
            lambda c: _mean_correlation(_judge_errors(c, d)),
            lambda c: _mean_correlation(_human_errors(c, d)),
            CORRELATION,
        ),
    }
    found = contrasts(parts, sampling)
    return Halo(found["correlation"], found["partial"], found["errors"], found["dimensions"])


def dimension_correlation(humans: ArrayLike, judge: ArrayLike, **sampling: Unpack[Sampling]) -> Contrast:
    """Return the `correlation` of `halo` alone, without the work for its other parts."""
    x, people = _checked(humans, judge)
    found = _of_many(x, people, sampling) if are_many(people.shape[2], sampling) else None
    if found is not None:
        return found
    plain = PooledMoments([[*x.T, *people[:, :, h].T] for h in range(people.shape[2])])
    return contrasts({"": _within(plain, x.shape[1], _mean_correlation)}, sampling)[""]


def _of_many(judge: Floats, people: Floats, sampling: Sampling) -> Contrast | None:
    """Return the correlation from the items of each person alone; None if nobody shares two with a judge."""
    d = judge.shape[1]
    missing = np.isnan(people).any(axis=1) | np.asarray(np.isnan(judge).any(axis=1))[:, None]
    item, person = np.nonzero(~missing)
    columns = np.hstack([judge[item], people[item, :, person]])
    rows = GroupRows.of(item, person, columns, len(judge), sampling.get("clusters"))

    def estimate(function: Function, possible: Range = CORRELATION) -> Estimate | None:
        return of_mean_covariances(rows, range(2 * d), function, sampling, possible=possible)

    of_judge = estimate(lambda c: _mean_correlation(c[:, :d, :d]))
    of_human = estimate(lambda c: _mean_correlation(c[:, d:, d:]))
    gap = estimate(lambda c: _mean_correlation(c[:, :d, :d]) - _mean_correlation(c[:, d:, d:]), (-2.0, 2.0))
    return Contrast(of_judge, of_human, gap) if of_judge and of_human and gap else None


def _checked(humans: ArrayLike, judge: ArrayLike) -> tuple[Floats, Floats]:
    """Return the judge's ratings and people's; two dimensions and a person are needed."""
    x, people = as_floats(judge), as_floats(humans)
    if x.ndim != 2 or people.ndim != 3 or x.shape != people.shape[:2]:
        raise ValueError(
            f"humans must have shape (n_items, n_dimensions, n_humans) and judge (n_items, n_dimensions), "
            f"got {people.shape} and {x.shape}."
        )
    if x.shape[1] < 2 or people.shape[2] < 1:
        raise ValueError(f"halo needs two dimensions and a person, got {x.shape[1]} and {people.shape[2]}.")
    return x, people


def _within(
    moments: PooledMoments, d: int, function: Callable[[Floats], Floats], possible: Range = CORRELATION
) -> Triple:
    """Return a property of the judge's d dimensions, the same of a person's, and their difference."""
    return moments.contrast(lambda c: function(c[:, :d, :d]), lambda c: function(c[:, d:, d:]), possible)


def _columns(judge: Floats, people: Floats, h: int) -> list[Floats]:
    """Return the judge's dimensions, those of person h, and those of the other people's mean."""
    others = np.delete(people, h, axis=2)
    rest = [consensus(others[:, dimension]) for dimension in range(judge.shape[1])]
    return [*judge.T, *people[:, :, h].T, *rest]


def _common(cov: Floats, d: int) -> Floats:
    """Return the covariance of dimensions between different people, made symmetric."""
    between = cov[:, d : 2 * d, 2 * d :]
    return np.asarray((between + between.transpose(0, 2, 1)) / 2)


def _human_errors(cov: Floats, d: int) -> Floats:
    return np.asarray(cov[:, d : 2 * d, d : 2 * d] - _common(cov, d))


def _judge_errors(cov: Floats, d: int) -> Floats:
    common = _common(cov, d)
    follows = np.diagonal(cov[:, :d, 2 * d :], axis1=1, axis2=2)
    slope = quotient(follows, positive(np.diagonal(common, axis1=1, axis2=2)))
    return np.asarray(cov[:, :d, :d] - slope[:, :, None] * slope[:, None, :] * common)


def _correlations(cov: Floats) -> Floats:
    variances = np.diagonal(cov, axis1=1, axis2=2)
    sd = np.sqrt(np.where(variances > 1e-12, variances, np.nan))
    return np.asarray(cov / (sd[:, :, None] * sd[:, None, :]))


def _mean_correlation(cov: Floats) -> Floats:
    d = cov.shape[1]
    return np.asarray((_correlations(cov).sum(axis=(1, 2)) - d) / (d * (d - 1)))


def _mean_partial(cov: Floats) -> Floats:
    """Return the mean correlation of dimensions after regression on their mean."""
    if cov.shape[1] < 3:
        return np.full(len(cov), np.nan)
    with_mean = cov.mean(axis=2)
    explained = with_mean[:, :, None] * with_mean[:, None, :]
    variance = with_mean.mean(axis=1)[:, None, None]
    return _mean_correlation(cov - quotient(explained, variance))


def _effective_dimensions(cov: Floats) -> Floats:
    correlations = _correlations(cov)
    # The eigenvalues of a correlation matrix add up to d, their squares to the sum of its squared entries.
    return quotient(cov.shape[1] ** 2, (correlations**2).sum(axis=(1, 2)))
