"""The raters themselves: severity of each, variance components, and the reliability of their mean."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from judge.analysis.agreement.align import AlignedRatings
from judge.analysis.ratings import Ratings
from judge.stats.coefficients.icc import icc
from judge.stats.coefficients.reml import VarianceComponents, icc_reml, variance_components
from judge.stats.engine.estimate import Estimate
from judge.stats.judge_human.severity import severity

N_RATERS = (1, 2, 3, 5, 10)
"""Numbers of raters whose mean the decision study is about."""
_MOST_RATINGS, _MOST_RATERS = 5_000, 25
"""Up to which clusters get an interval of the intraclass correlation: from a fit without each, each of which
solves equations of all raters."""


@dataclass(frozen=True, kw_only=True)
class RaterStudy:
    """Severity and reliability of the people who rated one dimension.

    Attributes
    ----------
    dimension : str
        The dimension.
    humans : tuple of str
        Names of the raters.
    severities : tuple of Estimate
        Effect of each in points: above 0 is lenient. Effects of people add up to 0.
    components : VarianceComponents
        Variances of items, raters and what is left, by restricted maximum likelihood.
    icc : Estimate
        ICC(2,1), the reliability of one rater if differences in severity count as error.
    n_items, n_ratings : int
        Items with a rating, and ratings.
    """

    dimension: str
    humans: tuple[str, ...]
    severities: tuple[Estimate, ...]
    components: VarianceComponents
    icc: Estimate
    n_items: int
    n_ratings: int

    @property
    def shares(self) -> tuple[float, float, float]:
        """Shares of items, raters and the rest in the variance of a single rating; NaN without variance."""
        parts = (self.components.item, self.components.rater, self.components.error)
        total = sum(parts)
        return tuple(p / total if total > 0 else math.nan for p in parts)  # type: ignore[return-value]

    def reliability(self, n_raters: int) -> float:
        """Reliability of the mean of `n_raters`, ICC(2,k): the decision study."""
        return self.components.icc("ICC(2,k)", n_raters)


def rater_studies(aligned: AlignedRatings) -> tuple[RaterStudy, ...]:
    """Study the raters of each dimension with means, where two or more persons rated it."""
    if aligned.slots or aligned.is_weighted:
        return ()
    return tuple(
        _study(ratings.take(ratings.rated))
        for ratings in aligned.ratings.values()
        if ratings.has_means and ratings.criteria is None and len(ratings.humans) > 1
    )


def _study(rated: Ratings) -> RaterStudy:
    values = rated.human_values
    n_ratings = int((~np.isnan(values)).sum())
    return RaterStudy(
        dimension=rated.dimension,
        humans=rated.humans,
        severities=_severities(rated),
        components=variance_components(values),
        icc=_icc(rated, n_ratings),
        n_items=len(values),
        n_ratings=n_ratings,
    )


def _severities(rated: Ratings) -> tuple[Estimate, ...]:
    """Effect of each rater, with the last one in the place of the judge: all effects add up to 0."""
    values = rated.human_values
    found = severity(values[:, :-1], values[:, -1], clusters=rated.clusters)
    return (*found.humans, found.judge)


def _icc(rated: Ratings, n_ratings: int) -> Estimate:
    values = rated.human_values
    if not np.isnan(values).any():
        return icc(values, clusters=rated.clusters, method="jackknife")
    if rated.clusters is None or (n_ratings <= _MOST_RATINGS and values.shape[1] <= _MOST_RATERS):
        return icc_reml(values, clusters=rated.clusters)
    components = variance_components(values)
    return Estimate(components.icc("ICC(2,1)", 1), n_items=len(values), n_ratings=n_ratings)
