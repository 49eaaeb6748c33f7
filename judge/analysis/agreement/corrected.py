"""Figures of all answers, of each system and of each slice, corrected by people's ratings of some answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from dataclasses import field as dataclass_field
from itertools import combinations

import numpy as np

from judge.analysis.agreement.align import AlignedRatings
from judge.analysis.agreement.label_pool import LabelPool, Quantity, score_pool, verdict_pool
from judge.analysis.group_difference import group_difference, rate_difference, within
from judge.analysis.ratings import PASSES, Ratings
from judge.analysis.slices import members
from judge.records import OVERALL
from judge.rubric import NoVerdict
from judge.stats.engine.estimate import Estimate
from judge.stats.engine.scale import Bools, Floats
from judge.stats.pass_fail.predictive_values import CorrectedMean
from judge.stats.systems.multiplicity import holm
from judge.stats.systems.significance import t_test

SYSTEM = "system"
MOST_GROUPS = 12
"""With more groups their differences are not listed by `agree`: they would be too many to read."""


@dataclass(frozen=True, kw_only=True)
class CorrectedFigure:
    """A pass rate or mean score of a group of answers: by the judge, by people, and corrected.

    Attributes
    ----------
    dimension, judge : str
        Which scores.
    field, group : str
        Field of the items and its value; both empty for all answers.
    quantity : {'pass_rate', 'mean'}
        What is estimated.
    n_answers, n_labels : int
        Answers with a value of the judge, and those of them with one of people.
    mean : CorrectedMean
        The three estimates.
    pool : LabelPool
        The scores and ratings that they are made of.
    seed : int
        Random seed of the draws.
    """

    dimension: str
    judge: str
    field: str
    group: str
    quantity: Quantity
    n_answers: int
    n_labels: int
    mean: CorrectedMean
    pool: LabelPool = dataclass_field(repr=False, compare=False)
    seed: int = 0

    def other_estimators(self) -> dict[str, Estimate]:
        """Estimates by the methods that the design did not choose, by name."""
        return self.pool.other_estimators(self.mean, self.seed)


@dataclass(frozen=True, kw_only=True)
class CorrectedDifference:
    """Difference of two groups of answers, first minus second.

    Attributes
    ----------
    dimension, judge, field, first, second : str
        Which scores, and which groups.
    quantity : {'pass_rate', 'mean'}
        What is compared.
    by_judge : Estimate
        By the scores of the judge alone.
    difference : Estimate
        Each group corrected by its own labels.
    p, p_adjusted : float
        p-value of no difference, and the same adjusted for all pairs of this field, dimension and judge
        (Holm).
    """

    dimension: str
    judge: str
    field: str
    first: str
    second: str
    quantity: Quantity
    by_judge: Estimate
    difference: Estimate
    p: float
    p_adjusted: float = np.nan


@dataclass(frozen=True)
class Corrections:
    """Corrected figures of all answers and of groups of them.

    Attributes
    ----------
    figures : tuple of CorrectedFigure
        All answers first, then by field and group.
    differences : tuple of CorrectedDifference
        Between the groups of each field.
    """

    figures: tuple[CorrectedFigure, ...] = ()
    differences: tuple[CorrectedDifference, ...] = ()

    @property
    def label_shift(self) -> bool:
        """Whether the figures are those of unrated answers under label shift."""
        return any(one.pool.unrated is not None for one in self.figures)

    @property
    def fields(self) -> tuple[str, ...]:
        """Fields of the groups."""
        return tuple(dict.fromkeys(one.field for one in self.figures if one.field))

    @property
    def ruling(self) -> str:
        """Dimension whose pass rate is that by the pass rule."""
        return PASSES if any(one.dimension == PASSES for one in self.figures) else OVERALL

    def of(self, quantity: Quantity, field: str = "") -> tuple[CorrectedFigure, ...]:
        """Figures of one quantity; of the groups of `field`, or of all answers."""
        return tuple(one for one in self.figures if (one.quantity, one.field) == (quantity, field))

    def differences_of(self, quantity: Quantity, field: str) -> tuple[CorrectedDifference, ...]:
        """Differences of one quantity between the groups of a field."""
        return tuple(one for one in self.differences if (one.quantity, one.field) == (quantity, field))


def corrections(
    aligned: AlignedRatings,
    fields: Sequence[str] = (),
    *,
    pair: tuple[str, str] | None = None,
    no_verdict: NoVerdict = "bounds",
    seed: int = 0,
    most_groups: int | None = None,
    also_complete: bool = False,
) -> Corrections:
    """Correct the judges' figures of all answers, of each system and of each slice by people's ratings.

    Parameters
    ----------
    aligned : AlignedRatings
        From `align_inputs`.
    fields : sequence of str
        Fields to group items by; see `group_fields`.
    pair : (str, str), optional
        Two values of the fields; only these are compared, the second minus the first.
    no_verdict : {'fail', 'drop', 'bounds'}
        As in `Criteria`.
    seed : int
        Random seed of the draws.
    most_groups : int, optional
        Fields with more groups have no differences; default: `MOST_GROUPS`.
    also_complete : bool
        Whether there are figures of groups where people rated all answers that a judge scored, so that
        nothing is left to correct.

    Raises
    ------
    InputError
        No item has one of the fields, or it has too many values.
    """
    groups = {field: members(aligned, field) for field in fields}
    if pair is not None:
        groups = {field: [(name, dict(of)[name]) for name in reversed(pair)] for field, of in groups.items()}
    figures: list[CorrectedFigure] = []
    differences: list[CorrectedDifference] = []
    for ratings in aligned.ratings.values():
        for judge in aligned.judges:
            verdicts = _verdicts_by_rule(aligned, ratings, judge)
            for pool in (
                verdict_pool(ratings, judge, no_verdict, verdicts),
                score_pool(ratings, judge, verdicts),
            ):
                if pool is None or not pool.labelled.any():
                    continue
                part = _PoolOfJudge(ratings, judge, pool, seed)
                figures.append(part.figure())
                if (pool.labelled == pool.scored).all() and not also_complete:
                    continue
                for field, of_field in groups.items():
                    figures += part.figures(field, of_field)
                    if len(of_field) <= (most_groups or MOST_GROUPS):
                        differences += part.differences(field, of_field)
    return Corrections(tuple(figures), tuple(differences))


def group_fields(aligned: AlignedRatings, by: Sequence[str]) -> list[str]:
    """Fields to slice by, and ``system`` where the items name two systems or more."""
    has_systems = len({item.system for item in aligned.items if item.system}) > 1
    return list(dict.fromkeys([*by, *([SYSTEM] if has_systems else [])]))


def _verdicts_by_rule(aligned: AlignedRatings, ratings: Ratings, judge: str) -> Floats | None:
    """Verdicts of a judge by the pass rule on the rows of `ratings`."""
    by_rule = aligned.ratings.get(PASSES)
    if by_rule is None or by_rule.criteria is not None:
        return None
    marks = by_rule.passed(by_rule.column(judge))
    return marks if marks is None or ratings.item_rows is None else marks[ratings.item_rows]


@dataclass(frozen=True)
class _PoolOfJudge:
    """One quantity of one judge on one dimension."""

    ratings: Ratings
    judge: str
    pool: LabelPool
    seed: int

    def figure(self, field: str = "", group: str = "", mask: Bools | None = None) -> CorrectedFigure:
        """Correct the figure of a group of items; of all items without a mask."""
        pool = self.pool if mask is None else self.pool.take(self.ratings.rows_of(mask))
        return CorrectedFigure(
            dimension=self.ratings.dimension,
            judge=self.judge,
            field=field,
            group=group,
            quantity=self.pool.quantity,
            n_answers=int(pool.scored.sum()),
            n_labels=int(pool.labelled.sum()),
            mean=pool.corrected(self.seed),
            pool=pool,
            seed=self.seed,
        )

    def figures(self, field: str, groups: list[tuple[str, Bools]]) -> list[CorrectedFigure]:
        """Correct the figure of each group that the judge scored."""
        return [one for group, mask in groups if (one := self.figure(field, group, mask)).n_answers]

    def differences(self, field: str, groups: list[tuple[str, Bools]]) -> list[CorrectedDifference]:
        """Compare the groups of a field in pairs; there is no paired form under label shift."""
        if self.pool.unrated is not None:
            return []
        masks = [(group, self.ratings.rows_of(mask) & self.pool.scored) for group, mask in groups]
        pairs = combinations([(group, mask) for group, mask in masks if mask.any()], 2)
        found = [self._difference(field, first, second) for first, second in pairs]
        if not found:
            return []
        adjusted = holm([one.p for one in found])
        return [replace(one, p_adjusted=float(p)) for one, p in zip(found, adjusted, strict=True)]

    def _difference(
        self, field: str, first: tuple[str, Bools], second: tuple[str, Bools]
    ) -> CorrectedDifference:
        reach = self.pool.reach
        difference = self.pool.difference(first[1], second[1], self.pool.clusters)
        compare = rate_difference if self.pool.is_binary else group_difference
        by_judge = compare(self.pool.judge, first[1], second[1], self.pool.clusters)
        return CorrectedDifference(
            dimension=self.ratings.dimension,
            judge=self.judge,
            field=field,
            first=first[0],
            second=second[0],
            quantity=self.pool.quantity,
            by_judge=within(by_judge.difference, -reach, reach),
            difference=difference,
            p=t_test(difference).p_value,
        )
