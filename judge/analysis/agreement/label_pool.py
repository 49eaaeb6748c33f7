"""A judge's values of all answers with people's values of some, and the figures corrected by these.

The estimator follows from the kind of value and the design, not from the result: pass marks and other values
of 0 and 1 are corrected by predictive values, scores by prediction-powered inference (PPI++).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from judge.analysis.group_difference import within
from judge.analysis.ratings import PASSES, NoVerdict, Ratings
from judge.stats.engine.estimate import SHARE, Estimate, Range
from judge.stats.engine.sampling_design import SamplingDesign
from judge.stats.engine.scale import Bools, Floats
from judge.stats.judge_human.consensus import consensus
from judge.stats.pass_fail.ppi import ppi_difference, ppi_mean
from judge.stats.pass_fail.predictive_values import (
    CorrectedMean,
    predictive_values,
    predictive_values_difference,
)
from judge.stats.pass_fail.proportion import mean

Quantity = Literal["pass_rate", "mean"]
Clusters = NDArray[np.str_]


@dataclass(frozen=True, kw_only=True)
class LabelPool:
    """One judge's scores of all answers on one dimension, with people's ratings of some.

    Attributes
    ----------
    quantity : {'pass_rate', 'mean'}
        What the mean of the values is.
    is_binary : bool
        Whether all values are 0 and 1.
    human, judge : ndarray, shape (n_rows,)
        Majority verdict or mean rating of people, NaN without a rating; value of the judge, NaN where it
        gave none.
    design : SamplingDesign or None
        How the rated answers were drawn, with strata that are known for all answers, or none.
    drawn : SamplingDesign or None
        The same with the strata of the rated answers, for the figure of people alone.
    clusters : ndarray of str or None, shape (n_rows,)
        Cluster of each row.
    ends : tuple of float
        Lowest and highest value; no interval reaches beyond them.
    """

    quantity: Quantity
    is_binary: bool
    human: Floats
    judge: Floats
    design: SamplingDesign | None = None
    drawn: SamplingDesign | None = None
    clusters: Clusters | None = None
    ends: Range = SHARE

    @property
    def reach(self) -> float:
        """Largest possible difference of two means."""
        return self.ends[1] - self.ends[0]

    @property
    def scored(self) -> Bools:
        """Rows that the figures are about: those with a value of the judge."""
        return ~np.isnan(self.judge)

    @property
    def labelled(self) -> Bools:
        """Rows with both values."""
        return self.scored & ~np.isnan(self.human)

    def take(self, mask: Bools) -> LabelPool:
        """Keep some rows."""
        return replace(
            self,
            human=self.human[mask],
            judge=self.judge[mask],
            design=None if self.design is None else self.design.take(mask),
            drawn=None if self.drawn is None else self.drawn.take(mask),
            clusters=None if self.clusters is None else self.clusters[mask],
        )

    def corrected(self, seed: int) -> CorrectedMean:
        """Estimate the pass rate or mean that people would give to all rows."""
        if not self.is_binary:
            of_scores = ppi_mean(self.human, self.judge, design=self.design, clusters=self.clusters)
            return replace(
                of_scores,
                estimate=within(of_scores.estimate, *self.ends),
                humans_only=within(of_scores.humans_only, *self.ends),
                uncorrected=within(of_scores.uncorrected, *self.ends),
            )
        found = predictive_values(
            self.human, self.judge, design=self.design, clusters=self.clusters, rng=seed
        )
        if self.design is not None or self.drawn is None:
            return found
        return replace(found, humans_only=mean(self.human, clusters=self.clusters, design=self.drawn))

    def difference(self, first: Bools, second: Bools, shared: Clusters | None) -> Estimate:
        """Estimate the difference of two groups of rows, each corrected by its own labels.

        Rows with equal labels in `shared` are not independent: what is hard in both groups cancels.
        """
        rows = first | second
        kept = self.take(rows)
        sides = [kept._only(mask[rows]) for mask in (first, second)]
        (human_a, judge_a, design_a), (human_b, judge_b, design_b) = sides
        of = predictive_values_difference if self.is_binary else ppi_difference
        found = of(
            human_a,
            judge_a,
            human_b,
            judge_b,
            design_a=design_a,
            design_b=design_b,
            clusters=None if shared is None else shared[rows],
        )
        return within(found, -self.reach, self.reach)

    def _only(self, mask: Bools) -> tuple[Floats, Floats, SamplingDesign | None]:
        human, judge = (np.where(mask, values, np.nan) for values in (self.human, self.judge))
        if self.design is None:
            return human, judge, None
        probabilities = np.where(mask, np.asarray(self.design.probabilities), np.nan)
        return human, judge, replace(self.design, probabilities=probabilities)


def verdict_pool(
    ratings: Ratings, judge: str, no_verdict: NoVerdict, verdicts: Floats | None = None
) -> LabelPool | None:
    """Pass marks of one judge and of people; None without a pass mark, or without any score of the judge.

    Parameters
    ----------
    ratings : Ratings
        All items, rated by humans or not.
    judge : str
        One of its judges.
    no_verdict : {'fail', 'drop', 'bounds'}
        With 'fail', answers without a verdict of the judge count as fails; else they are left out.
    verdicts : ndarray, optional
        The judge's verdicts by the pass rule, by which items may have been drawn.
    """
    human, marks = ratings.human_passed(), ratings.passed(ratings.column(judge))
    if human is None or marks is None or np.isnan(marks).all() or _has_other_mix(ratings):
        return None
    if no_verdict == "fail":
        marks = np.where(ratings.without_verdict(judge), 0.0, marks)
    return _pool("pass_rate", human, marks, ratings, [marks, verdicts], is_binary=True)


def score_pool(ratings: Ratings, judge: str, verdicts: Floats | None = None) -> LabelPool | None:
    """Scores of one judge and of people; None where values have no mean, or where it is the pass rate."""
    scores = ratings.column(judge)
    if not ratings.has_means or ratings.dimension == PASSES or np.isnan(scores).all():
        return None
    if _has_other_mix(ratings):
        return None
    of_two = list(ratings.scale.points) == [0, 1] and not ratings.is_share
    if of_two and ratings.pass_mark is not None:
        return None
    # The mean of a panel of judges lies between the two.
    is_binary = of_two and bool(np.isin(scores[~np.isnan(scores)], (0, 1)).all())
    human = consensus(ratings.human_values, "majority" if is_binary else "mean")
    pool = _pool("mean", human, scores, ratings, [ratings.passed(scores), verdicts], is_binary=is_binary)
    return replace(pool, ends=(float(ratings.scale.points[0]), float(ratings.scale.points[-1])))


def _has_other_mix(ratings: Ratings) -> bool:
    """Whether estimates are for a given mix, which the answers of the run do not have."""
    return ratings.design is not None and ratings.design.target == "given mix"


def _pool(
    quantity: Quantity,
    human: Floats,
    judge: Floats,
    ratings: Ratings,
    verdicts: Sequence[Floats | None],
    *,
    is_binary: bool,
) -> LabelPool:
    # Items without a score of the judge are not among those that the figure is about.
    human = np.where(np.isnan(judge), np.nan, human)
    return LabelPool(
        quantity=quantity,
        is_binary=is_binary,
        human=human,
        judge=judge,
        design=_design_of_pool(ratings.design, judge, verdicts, quantity),
        drawn=ratings.design,
        clusters=ratings.clusters,
    )


def _design_of_pool(
    drawn: SamplingDesign | None, judge: Floats, verdicts: Sequence[Floats | None], quantity: Quantity
) -> SamplingDesign | None:
    """Design with strata that are known for every answer: those of the draw, else the judge's verdicts.

    Predictive values need no design where items were drawn at random within the verdict itself, unless the
    figure is about exactly these answers.
    """
    if drawn is None:
        return None
    scored = ~np.isnan(judge)
    p = np.where(scored, np.asarray(drawn.probabilities), np.nan)
    for place, marks in enumerate(verdicts):
        if marks is None or np.isnan(marks[scored]).any() or not _constant_within(marks, p):
            continue
        if quantity == "pass_rate" and place == 0 and drawn.target == "answers like these":
            return None
        return replace(drawn, probabilities=p, strata=marks, population_sizes=None, name="stratified")
    strata = None if drawn.strata is None else np.asarray(drawn.strata, dtype=object)
    if strata is not None and all(label is not None for label in strata[scored]):
        return replace(drawn, probabilities=p)
    return replace(drawn, probabilities=p, strata=None, population_sizes=None)


def _constant_within(marks: Floats, probabilities: Floats) -> bool:
    """Whether the items of each verdict were drawn with one probability."""
    known = ~np.isnan(probabilities)
    drawn = [probabilities[known & (marks == verdict)] for verdict in (0, 1)]
    return all(np.ptp(of) < 1e-9 for of in drawn if len(of))


def corrected_pass_rate(
    ratings: Ratings, judge: str, no_verdict: NoVerdict, seed: int
) -> CorrectedMean | None:
    """Pass rate of all answers as people would give it; None without verdicts."""
    pool = verdict_pool(ratings, judge, no_verdict)
    return None if pool is None else pool.corrected(seed)
