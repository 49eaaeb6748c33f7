"""Biases of a judge beside those of humans: answer length, halo, and which answers it leaves unscored."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from judge.analysis.agreement.align import AlignedRatings
from judge.analysis.ratings import PASSES, Ratings
from judge.records import OVERALL
from judge.stats.engine.estimate import Estimate
from judge.stats.engine.scale import Floats
from judge.stats.judge_human.halo import halo
from judge.stats.judge_human.residuals import non_answers
from judge.stats.judge_human.verbosity import verbosity

LEAST_ITEMS = 20

Unit = Literal["correlation", "points", "number", "share"]


@dataclass(frozen=True)
class BiasCheck:
    """One property of the judge and of the humans, and the difference.

    Attributes
    ----------
    name, title : str
        Short name and description.
    dimension : str
        Dimension; empty if it concerns all dimensions together.
    unit : str
        Unit of the numbers.
    judge, human : Estimate or None
        The property of each; None if only the difference is defined.
    difference : Estimate
        Judge minus humans.
    """

    name: str
    title: str
    dimension: str
    unit: Unit
    judge: Estimate | None
    human: Estimate | None
    difference: Estimate

    @property
    def stands_out(self) -> bool:
        """Whether the interval of the difference excludes 0."""
        return self.difference.low > 0 or self.difference.high < 0


def check_bias(aligned: AlignedRatings, judge: str) -> tuple[BiasCheck, ...]:
    """Length bias, halo and selective missing scores of one judge; dimensions need 20 rated items."""
    return tuple(_checks(aligned, judge))


def _checks(aligned: AlignedRatings, judge: str) -> Iterator[BiasCheck]:
    numeric = {
        name: ratings
        for name, ratings in aligned.ratings.items()
        if not ratings.nominal and ratings.has_means and ratings.rated.sum() >= LEAST_ITEMS
    }
    if not aligned.slots and len(aligned.humans) > 1:
        lengths = np.array([len(item.answer.split()) for item in aligned.items], dtype=float)
        if len(np.unique(lengths)) > 2:
            for ratings in numeric.values():
                yield from _length(ratings, judge, lengths)
        aspects = [ratings for name, ratings in numeric.items() if name not in (OVERALL, PASSES)]
        if len(aspects) > 2:
            yield _halo(aspects, judge)
    for ratings in numeric.values():
        yield from _missing(ratings, judge)


def _length(ratings: Ratings, judge: str, lengths: Floats) -> Iterator[BiasCheck]:
    rated = ratings.take(ratings.rated)
    found = verbosity(
        rated.human_values, rated.column(judge), lengths[ratings.rated], clusters=rated.clusters
    )
    if found.per_doubling.defined:
        title = "change of the judge's score, relative to the human scores, when an answer is twice as long"
        yield BiasCheck("length", title, rated.dimension, "points", None, None, found.per_doubling)


def _halo(aspects: list[Ratings], judge: str) -> BiasCheck:
    any_rated = np.any([ratings.rated for ratings in aspects], axis=0)
    rated = [ratings.take(any_rated) for ratings in aspects]
    scores = np.stack([ratings.column(judge) for ratings in rated], axis=1)
    humans = np.stack([ratings.human_values for ratings in rated], axis=1)
    found = halo(humans, scores, clusters=rated[0].clusters).correlation
    title = "mean correlation between dimensions"
    return BiasCheck("halo", title, "", "correlation", found.judge, found.human, found.difference)


def _missing(ratings: Ratings, judge: str) -> Iterator[BiasCheck]:
    rated = ratings.take(ratings.rated)
    scores = rated.column(judge)
    if 0 < np.isnan(scores).sum() < len(scores):
        gap = non_answers(rated.human_values, scores, clusters=rated.clusters).human_gap
        title = "mean human score of the items that the judge left without a score, minus that of the others"
        yield BiasCheck("missing", title, rated.dimension, "points", None, None, gap)
