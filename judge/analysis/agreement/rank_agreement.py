"""Scores as ranks: whether judge and people order the items alike, whatever their level and spread."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from judge.analysis.agreement.align import AlignedRatings
from judge.analysis.ratings import PASSES, Ratings
from judge.stats.coefficients.auc import auc
from judge.stats.coefficients.rank_correlation import kendall_tau_b, kendall_w, kendall_w_statistic, spearman
from judge.stats.engine.estimate import NO_WEIGHTED_FORM, NOT_APPLICABLE, Estimate
from judge.stats.engine.scale import Floats
from judge.stats.judge_human.attenuation import Attenuation, attenuation

_MOST_LEFT_OUT = 2_000
"""Items that are left out one by one for the interval of Kendall's W."""
_MOST_VALUES = 500
"""Distinct means of people up to which tau-b is computed; its time grows with the square."""


@dataclass(frozen=True, kw_only=True)
class RankAgreement:
    """Agreement of one judge with people on the order of the items of one dimension.

    Attributes
    ----------
    judge, dimension : str
        Which scores.
    spearman, tau_b : Estimate
        Rank correlations of the judge's scores and the mean of people.
    w : Estimate
        Kendall's W: agreement of people among themselves on the order.
    auc : Estimate
        How well the judge's scores separate what people pass from what they fail.
    attenuation : Attenuation or None
        Correlation with the mean of people and its limits; None with a single person.
    """

    judge: str
    dimension: str
    spearman: Estimate
    tau_b: Estimate
    w: Estimate
    auc: Estimate
    attenuation: Attenuation | None


def rank_agreements(aligned: AlignedRatings) -> tuple[RankAgreement, ...]:
    """Compare the order of the items by each judge and by people on each ordered dimension."""
    found = []
    for ratings in aligned.ratings.values():
        judges = [judge for judge in aligned.judges if ratings.has_scores(judge)]
        if judges and not ratings.nominal and ratings.dimension != PASSES and ratings.criteria is None:
            rated = ratings.take(ratings.rated)
            w = _concordance(rated)
            found += [_ranks(rated, judge, w) for judge in judges]
    return tuple(found)


def _auc(rated: Ratings, scores: Floats) -> Estimate:
    marks = rated.human_passed()
    if marks is None:
        return Estimate.undefined(NOT_APPLICABLE)
    if rated.design is not None:
        return Estimate.undefined(NO_WEIGHTED_FORM)
    return auc(marks, scores, clusters=rated.clusters)


def _concordance(rated: Ratings) -> Estimate:
    """Kendall's W of people; with many items without an interval, which would take seconds."""
    people = rated.human_values
    if people.shape[1] < 2 or rated.slots:
        return Estimate.undefined(NOT_APPLICABLE)
    if len(people) <= _MOST_LEFT_OUT or rated.design is not None:
        return kendall_w(people, **rated.sampling, method="jackknife")
    statistic = kendall_w_statistic(people)
    return Estimate(statistic.value(), n_items=statistic.n_items or 0, n_ratings=statistic.n_ratings)


def _ranks(rated: Ratings, judge: str, w: Estimate) -> RankAgreement:
    scores, people = rated.column(judge), rated.human_values
    mean = np.nanmean(people, axis=1)
    many = len(np.unique(mean)) > _MOST_VALUES
    persons = people.shape[1] > 1 and not rated.slots
    none = Estimate.undefined(NOT_APPLICABLE)
    return RankAgreement(
        judge=judge,
        dimension=rated.dimension,
        spearman=spearman(mean, scores, **rated.sampling, method="jackknife"),
        tau_b=none if many else kendall_tau_b(mean, scores, **rated.sampling, method="jackknife"),
        w=w,
        auc=_auc(rated, scores),
        attenuation=attenuation(people, scores, **rated.sampling) if persons else None,
    )
