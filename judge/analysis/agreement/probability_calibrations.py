"""Whether the judge's probabilities of a pass are those with which people pass an answer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from judge.analysis.agreement.align import AlignedRatings
from judge.analysis.agreement.label_probabilities import on_points
from judge.analysis.ratings import Ratings
from judge.pass_mark import reaches
from judge.stats.engine.scale import Floats
from judge.stats.engine.statistic import quotient
from judge.stats.judge_human.probability_calibration import ProbabilityCalibration, probability_calibration


@dataclass(frozen=True, kw_only=True)
class JudgeProbabilities:
    """Calibration of the probabilities of one judge on one dimension."""

    judge: str
    dimension: str
    calibration: ProbabilityCalibration


def probability_calibrations(aligned: AlignedRatings) -> tuple[JudgeProbabilities, ...]:
    """Compare probabilities with verdicts of people on each dimension that has both."""
    found = []
    for ratings in aligned.ratings.values():
        rated = ratings.take(ratings.rated)
        humans = rated.passed(rated.human_values)
        for judge in aligned.judges:
            probability = _of_pass(aligned, rated, judge)
            if humans is not None and probability is not None and ratings.has_scores(judge):
                calibration = probability_calibration(humans, probability, **rated.sampling)
                found.append(
                    JudgeProbabilities(judge=judge, dimension=ratings.dimension, calibration=calibration)
                )
    return tuple(found)


def _of_pass(aligned: AlignedRatings, rated: Ratings, judge: str) -> Floats | None:
    """Probability of a score that passes, among the scores of the scale; None without probabilities."""
    known = aligned.label_probabilities.get(judge, {})
    probabilities = on_points(known, rated.dimension, rated.items, rated.scale)
    if probabilities is None or rated.pass_mark is None:
        return None
    total = np.nansum(probabilities, axis=1)
    passing = np.nansum(probabilities[:, reaches(rated.scale.points, rated.pass_mark)], axis=1)
    return quotient(passing, total)
