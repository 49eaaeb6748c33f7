"""Human disagreement as signal: how well the judge's distribution predicts what a single person says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from judge.analysis.agreement.align import AlignedRatings
from judge.analysis.agreement.label_probabilities import on_points
from judge.analysis.ratings import PASSES, Ratings
from judge.stats.engine.scale import Floats
from judge.stats.judge_human.ranked_probability import RankedProbability, ranked_probability_score

FEWEST_PEOPLE = 3
Source = Literal["probabilities", "repeats", "single score"]


@dataclass(frozen=True, kw_only=True)
class PredictionScore:
    """Ranked probability score of one judge against each person on one dimension.

    Attributes
    ----------
    judge, dimension : str
        Which scores.
    source : {'probabilities', 'repeats', 'single score'}
        What the judge's distribution is made of: probabilities of the points of the scale, repeated
        judgments, or one score, which is certain.
    scores : RankedProbability
        Of the judge, of the other people, and of one other person.
    """

    judge: str
    dimension: str
    source: Source
    scores: RankedProbability


def prediction_scores(aligned: AlignedRatings) -> tuple[PredictionScore, ...]:
    """Score the distribution of each judge on each ordered dimension where three people rated an item."""
    return tuple(
        _score(aligned, ratings.take(ratings.rated), judge)
        for ratings in aligned.ratings.values()
        if _has_three_people(ratings)
        for judge in aligned.judges
        if ratings.has_scores(judge)
    )


def _has_three_people(ratings: Ratings) -> bool:
    if ratings.nominal or ratings.dimension == PASSES or ratings.criteria is not None:
        return False
    return bool(((~np.isnan(ratings.human_values)).sum(axis=1) >= FEWEST_PEOPLE).any())


def _score(aligned: AlignedRatings, rated: Ratings, judge: str) -> PredictionScore:
    source, distribution = _distribution(aligned, rated, judge)
    points = rated.scale.points if source == "probabilities" else None
    scores = ranked_probability_score(rated.human_values, distribution, points=points, **rated.sampling)
    return PredictionScore(judge=judge, dimension=rated.dimension, source=source, scores=scores)


def _distribution(aligned: AlignedRatings, rated: Ratings, judge: str) -> tuple[Source, Floats]:
    known = aligned.label_probabilities.get(judge, {})
    probabilities = on_points(known, rated.dimension, rated.items, rated.scale)
    if probabilities is not None:
        return "probabilities", probabilities
    samples = rated.samples[:, rated.raters.index(judge)]
    if ((~np.isnan(samples)).sum(axis=1) > 1).any():
        return "repeats", samples
    return "single score", rated.column(judge)
