"""Ranked probability score of the judge's distribution against each single person."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Unpack

import numpy as np
from numpy.typing import ArrayLike

from judge.stats.engine.estimate import NOT_NEGATIVE, Estimate
from judge.stats.engine.resampling import Sampling
from judge.stats.engine.scale import Floats, as_floats
from judge.stats.engine.statistic import quotient
from judge.stats.pass_fail.proportion import mean

__all__ = ["RankedProbability", "ranked_probability_score"]

FEWEST_PEOPLE = 3


@dataclass(frozen=True, slots=True)
class RankedProbability:
    """How well distributions predict what a single person says, in points; 0 is perfect.

    Attributes
    ----------
    judge : Estimate
        Score of the judge's distribution.
    people : Estimate
        Fair score of the distribution of the other people: what a judge attains that knows how people differ.
    one_person : Estimate
        Score of one other person as a prediction: what a single score attains that is as good as a person's.
    difference : Estimate
        Judge minus people; below 0 the judge predicts a person better than the other people do.
    """

    judge: Estimate
    people: Estimate
    one_person: Estimate
    difference: Estimate


def ranked_probability_score(
    humans: ArrayLike, judge: ArrayLike, *, points: ArrayLike | None = None, **sampling: Unpack[Sampling]
) -> RankedProbability:
    """Ranked probability score of the judge against each person, beside that of the other people.

    Use it where people disagree for good reasons, so that no single score is right. It rewards a judge whose
    distribution is that of people, and it is in points: for a single score it is the distance from a person.
    It is not a measure of agreement corrected for chance (`krippendorff_alpha`).

    The score of a distribution F against a rating y is E|X - y| - E|X - X'| / 2 with X and X' independent
    from F; on the points of a scale it is the sum of the squared differences of the two cumulative
    distributions, weighted by the distance of neighbouring points. Of m repeated judgments or people it is
    the fair score, in which the mean of |X - X'| is over pairs of different members: it is unbiased for the
    score of the distribution that they are drawn from, whatever m is.

    Parameters
    ----------
    humans : array_like, shape (n_items, n_humans)
        Ratings of people; NaN marks a missing one. Items with fewer than three are left out.
    judge : array_like, shape (n_items,) or (n_items, n_samples) or (n_items, n_points)
        One score per item, repeated scores of each item, or, with `points`, a probability of each point. NaN
        marks a missing one. Where scores are repeated, items with a single one are left out. Probabilities of
        an item are divided by their sum; an item of which all are missing is left out.
    points : array_like, shape (n_points,), optional
        Points of the scale that the probabilities are about.
    **sampling
        See `Sampling`: ``clusters``, ``confidence_level``. The default method is 'jackknife'.

    Returns
    -------
    RankedProbability
        Means over items, each item being the mean over its people. Without any item that has three people and
        the judge, all are NaN, `no_ratings`.

    Raises
    ------
    ValueError
        If `humans` is not two-dimensional, the number of rows or of points differs, or a probability is
        below 0.

    References
    ----------
    .. [1] T. Gneiting, A. E. Raftery, "Strictly proper scoring rules, prediction, and estimation", 2007,
       doi:10.1198/016214506000001437.
    .. [2] C. A. T. Ferro, "Fair scores for ensemble forecasts", 2014, doi:10.1002/qj.2270.

    Examples
    --------
    Three people, and a judge that gives one score, or the distribution of people.

    >>> humans = [[2, 3, 4], [1, 1, 1], [5, 4, 4]]
    >>> found = ranked_probability_score(humans, [3, 1, 4])
    >>> round(found.judge.value, 3), round(found.people.value, 3), round(found.one_person.value, 3)
    (0.333, 0.333, 0.667)
    >>> shares = [[0, 1, 1, 1, 0], [1, 0, 0, 0, 0], [0, 0, 0, 2, 1]]
    >>> round(ranked_probability_score(humans, shares, points=[1, 2, 3, 4, 5]).judge.value, 3)
    0.222
    """
    ratings = as_floats(humans)
    if ratings.ndim != 2:
        raise ValueError(f"humans must have shape (n_items, n_humans), got {ratings.shape}")
    members = as_floats(judge)
    members = members[:, None] if members.ndim == 1 else members
    if len(members) != len(ratings):
        raise ValueError(
            f"judge must have one row per item, got {len(members)} rows for {len(ratings)} items"
        )
    scores = _fair_score(members, ratings) if points is None else _exact_score(members, points, ratings)
    spread = _mean_distance(ratings)
    used = ~np.isnan(scores) & ((~np.isnan(ratings)).sum(axis=1) >= FEWEST_PEOPLE)
    of_judge, of_people = (np.where(used, values, np.nan) for values in (scores, spread / 2))
    options: Sampling = {"method": "jackknife", **sampling}
    return RankedProbability(
        judge=_not_negative(mean(of_judge, **options)),
        # Averaged over the person held out, the fair score of the others is half the mean distance of a pair.
        people=_not_negative(mean(of_people, **options)),
        one_person=_not_negative(mean(2 * of_people, **options)),
        difference=mean(of_judge - of_people, **options),
    )


def _not_negative(estimate: Estimate) -> Estimate:
    """Cut the interval at 0, the lowest score; a fair score, too, is never below it."""
    return replace(estimate, possible=NOT_NEGATIVE)


def _fair_score(members: Floats, ratings: Floats) -> Floats:
    """Return the mean over people of the fair score of repeated scores; of a single score, its distance."""
    present = ~np.isnan(members)
    n = present.sum(axis=1)
    distance = _distance(np.where(present, members, 0.0), present / np.maximum(n, 1)[:, None], ratings)
    if members.shape[1] == 1:
        return np.where(n == 1, distance, np.nan)
    return np.where(n > 1, distance - _mean_distance(members) / 2, np.nan)


def _exact_score(probabilities: Floats, points: ArrayLike, ratings: Floats) -> Floats:
    """Return the mean over people of the score of a distribution on the points of a scale."""
    places = as_floats(points)
    if places.ndim != 1 or probabilities.shape[1] != len(places):
        raise ValueError(
            f"judge must have one probability for each of the {places.size} points, got shape "
            f"{probabilities.shape}"
        )
    if (probabilities < 0).any():
        raise ValueError("judge must hold probabilities, but some are below 0")
    known = np.nan_to_num(probabilities)
    total = known.sum(axis=1, keepdims=True)
    shares = np.divide(known, total, out=np.zeros_like(known), where=total > 0)
    at = np.broadcast_to(places, shares.shape)
    spread = np.einsum("ik,kl,il->i", shares, abs(places[:, None] - places), shares)
    return np.where(total[:, 0] > 0, _distance(at, shares, ratings) - spread / 2, np.nan)


def _distance(members: Floats, weights: Floats, ratings: Floats) -> Floats:
    """Return the mean over people of the weighted mean distance between the members and the person."""
    total = np.zeros_like(ratings)
    for member, weight in zip(members.T, weights.T, strict=True):
        total += weight[:, None] * abs(ratings - member[:, None])
    present = ~np.isnan(ratings)
    return np.asarray(np.where(present, total, 0.0).sum(axis=1) / np.maximum(present.sum(axis=1), 1))


def _mean_distance(values: Floats) -> Floats:
    """Return the mean distance between two different values of each row; NaN where there are fewer."""
    n = (~np.isnan(values)).sum(axis=1)
    ordered = np.nan_to_num(np.sort(values, axis=1))  # missing values are last, and count as 0
    ranks = 2 * np.arange(values.shape[1]) - n[:, None] + 1
    pairs = n * (n - 1) / 2
    totals: Floats = (ordered * ranks).sum(axis=1)
    return quotient(totals, pairs)
