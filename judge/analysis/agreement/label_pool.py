"""A judge's values of all answers with people's values of some, and the figures corrected by these.

The estimator follows from the kind of value and the design, not from the result: pass marks and other values
of 0 and 1 are corrected by predictive values, scores by prediction-powered inference (PPI++). Under label
shift, which the user declares, it is Rogan and Gladen's estimator for values of 0 and 1, and none for others.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, TypedDict

import numpy as np
from numpy.typing import NDArray

from judge.analysis.agreement.label_shift import label_shift_rate
from judge.analysis.group_difference import within
from judge.analysis.ratings import PASSES, Ratings
from judge.rubric import NoVerdict
from judge.stats.engine.estimate import SHARE, Estimate, Range
from judge.stats.engine.sampling_design import SamplingDesign
from judge.stats.engine.scale import Bools, Floats
from judge.stats.judge_human.consensus import consensus
from judge.stats.pass_fail.error_rates import drawn_human_pass_rate
from judge.stats.pass_fail.ppi import ppi_difference, ppi_mean
from judge.stats.pass_fail.predictive_values import (
    CorrectedMean,
    predictive_values,
    predictive_values_difference,
)
from judge.stats.pass_fail.rogan_gladen import rogan_gladen

Quantity = Literal["pass_rate", "mean"]
Clusters = NDArray[np.str_]


class Sampled(TypedDict):
    """How the rated answers were drawn."""

    design: SamplingDesign | None
    clusters: Clusters | None


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
    drawn : SamplingDesign or None
        How the rated answers were drawn; strata may be known for the rated answers alone.
    verdicts : tuple of ndarray
        Verdicts of the judge within which the answers may have been drawn.
    clusters : ndarray of str or None, shape (n_rows,)
        Cluster of each row.
    ends : tuple of float
        Lowest and highest value; no interval reaches beyond them.
    unrated : ndarray of bool or None, shape (n_rows,)
        Under label shift, rows without any rating, to which the figures refer; else None.
    """

    quantity: Quantity
    is_binary: bool
    human: Floats
    judge: Floats
    drawn: SamplingDesign | None = None
    verdicts: tuple[Floats, ...] = ()
    clusters: Clusters | None = None
    ends: Range = SHARE
    unrated: Bools | None = None

    @property
    def reach(self) -> float:
        """Largest possible difference of two means."""
        return self.ends[1] - self.ends[0]

    @property
    def scored(self) -> Bools:
        """Rows that the figures are about: those with a value of the judge."""
        known = ~np.isnan(self.judge)
        return known if self.unrated is None else known & self.unrated

    @property
    def labelled(self) -> Bools:
        """Rows with both values."""
        return ~np.isnan(self.judge) & ~np.isnan(self.human)

    def take(self, mask: Bools) -> LabelPool:
        """Keep some rows."""
        return replace(
            self,
            human=self.human[mask],
            judge=self.judge[mask],
            drawn=None if self.drawn is None else self.drawn.take(mask),
            verdicts=tuple(marks[mask] for marks in self.verdicts),
            clusters=None if self.clusters is None else self.clusters[mask],
            unrated=None if self.unrated is None else self.unrated[mask],
        )

    @property
    def design(self) -> SamplingDesign | None:
        """Design with strata that are known for every answer: those of the draw, else the judge's verdicts.

        Predictive values need no design where items were drawn at random within the verdict itself, unless
        the figure is about exactly these answers.
        """
        return self._design(explicit=False)

    def _design(self, *, explicit: bool) -> SamplingDesign | None:
        if self.drawn is None:
            return None
        p = np.where(self.scored, np.asarray(self.drawn.probabilities), np.nan)
        for place, marks in enumerate(self.verdicts):
            if np.isnan(marks[self.scored]).any() or not _constant_within(marks, p):
                continue
            is_own = self.quantity == "pass_rate" and place == 0
            if is_own and self.drawn.target == "answers like these" and not explicit:
                return None
            return replace(
                self.drawn, probabilities=p, strata=marks, population_sizes=None, name="stratified"
            )
        strata = None if self.drawn.strata is None else np.asarray(self.drawn.strata, dtype=object)
        if strata is not None and all(label is not None for label in strata[self.scored]):
            return replace(self.drawn, probabilities=p)
        return replace(self.drawn, probabilities=p, strata=None, population_sizes=None)

    def corrected(self, seed: int) -> CorrectedMean:
        """Estimate the pass rate or mean that people would give to all rows."""
        design, clusters = self.design, self.shared_clusters
        if self.unrated is not None:
            return label_shift_rate(self.human, self.judge, self.unrated, clusters)
        if not self.is_binary:
            of_scores = ppi_mean(self.human, self.judge, design=design, clusters=clusters)
            return replace(
                of_scores,
                estimate=within(of_scores.estimate, *self.ends),
                humans_only=within(of_scores.humans_only, *self.ends),
                uncorrected=within(of_scores.uncorrected, *self.ends),
            )
        found = predictive_values(self.human, self.judge, design=design, clusters=clusters, rng=seed)
        if self.drawn is None:
            return found
        # One quantity, one interval: it is also among the rates of verdicts.
        alone = drawn_human_pass_rate(self.human, self.judge, self.drawn, {"clusters": clusters, "rng": seed})
        return replace(found, humans_only=alone)

    def other_estimators(self, found: CorrectedMean, seed: int) -> dict[str, Estimate]:
        """Estimates by the methods that the kind of value and the design did not choose; `found` did.

        Rogan and Gladen's estimator is for error rates measured elsewhere, and wider here; plain PPI trusts
        the judge fully, and may be wider than people alone; without clipping, the weight of the judge may
        leave [0, 1]. See `judge.stats.rogan_gladen` and `judge.stats.ppi_mean`.
        """
        if self.unrated is not None:
            usual = replace(self, unrated=None)
            of_all = usual.corrected(seed)
            others = usual.other_estimators(of_all, seed) | {"predictive_values": of_all.estimate}
            return {name: one for name, one in others.items() if name != "rogan_gladen"}
        design, clusters = self._design(explicit=True), self.shared_clusters
        options: Sampled = {"design": design, "clusters": clusters}
        plain = ppi_mean(self.human, self.judge, judge_weight=1.0, **options).estimate
        unclipped = ppi_mean(self.human, self.judge, clip=False, **options).estimate
        others = {
            "humans_only": found.humans_only,
            "judge_alone": found.uncorrected,
            "ppi": within(plain, *self.ends),
            "ppi_unclipped": within(unclipped, *self.ends),
        }
        if not self.is_binary:
            return others
        others["rogan_gladen"] = self._rogan_gladen(design, clusters, seed)
        if design is None and clusters is None:
            others["delta"] = predictive_values(self.human, self.judge, method="delta").estimate
        return others

    def _rogan_gladen(self, design: SamplingDesign | None, clusters: Clusters | None, seed: int) -> Estimate:
        labelled = self.labelled
        human, judge = self.human[labelled], self.judge[labelled]
        if design is not None:
            return rogan_gladen(human, judge, self.judge, design=design.take(labelled), rng=seed).estimate
        of_labels = None if clusters is None else clusters[labelled]
        return rogan_gladen(human, judge, self.judge, clusters=of_labels, pool_clusters=clusters).estimate

    @property
    def shared_clusters(self) -> Clusters | None:
        """Cluster of each row; None where each answer has one of its own, so that answers are independent."""
        if self.clusters is None:
            return None
        of_scored = self.clusters[self.scored | self.labelled]
        return self.clusters if len(np.unique(of_scored)) < len(of_scored) else None

    def difference(self, first: Bools, second: Bools, shared: Clusters | None) -> Estimate:
        """Estimate the difference of two groups of rows, each corrected by its own labels.

        Rows with equal labels in `shared` are not independent: what is hard in both groups cancels.
        """
        rows = first | second
        sides = [self._side(mask, rows) for mask in (first, second)]
        designs = [side.design for side in sides]
        if (designs[0] is None) != (designs[1] is None):
            designs = [side._design(explicit=True) for side in sides]
        of = predictive_values_difference if self.is_binary else ppi_difference
        found = of(
            sides[0].human,
            sides[0].judge,
            sides[1].human,
            sides[1].judge,
            design_a=designs[0],
            design_b=designs[1],
            clusters=None if shared is None else shared[rows],
        )
        return within(found, -self.reach, self.reach)

    def _side(self, mask: Bools, rows: Bools) -> LabelPool:
        """One group, on the rows of both."""
        side = self.take(rows)
        inside = mask[rows]
        human, judge = (np.where(inside, values, np.nan) for values in (side.human, side.judge))
        return replace(side, human=human, judge=judge)


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
    return _pool("pass_rate", human, marks, ratings, marks, verdicts, is_binary=True)


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
    if ratings.label_shift and not is_binary:
        return None
    human = consensus(ratings.human_values, "majority" if is_binary else "mean")
    pool = _pool("mean", human, scores, ratings, ratings.passed(scores), verdicts, is_binary=is_binary)
    return replace(pool, ends=(float(ratings.scale.points[0]), float(ratings.scale.points[-1])))


def _has_other_mix(ratings: Ratings) -> bool:
    """Whether estimates are for a given mix, which the answers of the run do not have."""
    return ratings.design is not None and ratings.design.target == "given mix"


def _pool(
    quantity: Quantity,
    human: Floats,
    judge: Floats,
    ratings: Ratings,
    *verdicts: Floats | None,
    is_binary: bool,
) -> LabelPool:
    # Items without a score of the judge are not among those that the figure is about.
    human = np.where(np.isnan(judge), np.nan, human)
    return LabelPool(
        quantity=quantity,
        is_binary=is_binary,
        human=human,
        judge=judge,
        drawn=ratings.design,
        verdicts=tuple(marks for marks in verdicts if marks is not None),
        clusters=ratings.clusters,
        unrated=~ratings.rated if ratings.label_shift else None,
    )


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
