"""Scores of one run as columns, with one row per item: the input of pass rates, slices and audits."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import get_args

import numpy as np
from numpy.typing import ArrayLike

from judge.analysis.criterion_scores import CriterionScores, Objects
from judge.analysis.item_fields import ITEM_ID, Labels, item_field, known_fields
from judge.analysis.ratings import NoVerdict, check_first, number_of, pass_or_fail
from judge.errors import InputError
from judge.records import OVERALL, STATUSES, Item, Score, content_hash
from judge.rubric import CRITERIA, Rubric
from judge.scoring.run import Run
from judge.stats.engine.scale import Bools, Floats

NOT_APPLICABLE = "not_applicable"
"""Status of what does not concern an item; it is in no denominator."""
UNSCORED = "unscored"
"""Status of an item without a score row, which was not scored yet."""
OUTCOMES = (*STATUSES, UNSCORED)
PAIR_ID = "pair_id"
QUESTION = "question"


@dataclass(frozen=True)
class ScoreTable:
    """One judge's scores of all items of a run (the first of repeated judgments).

    Attributes
    ----------
    name : str
        Name of the run, or of the slice.
    rubric : Rubric
        Rubric, with the pass rule.
    items : tuple of Item
        The rows.
    values : mapping
        Scored dimension -> scores, shape (n_items,), NaN where missing. A criterion that is met is 1, one
        that is not 0 (for expected scores it is the probability); a label of a category is its position.
    statuses : mapping
        Scored dimension -> status of each score, or 'unscored'.
    reasons : mapping
        Scored dimension -> reason for the score or for its absence; None if not given.
    flags : mapping
        Flag of the rubric -> value of each item, None if missing.
    rater : str
        Name of the judge.
    n_samples : int
        Number of repeated judgments in the run; the table holds sample 0.
    criteria : CriterionScores
        Criteria that the items bring along, with their scores.
    no_verdict : {'bounds', 'drop', 'fail'}
        How answers without a verdict are counted; see `NoVerdict`.
    """

    name: str
    rubric: Rubric
    items: tuple[Item, ...]
    values: Mapping[str, Floats]
    statuses: Mapping[str, Objects]
    reasons: Mapping[str, Objects]
    flags: Mapping[str, Objects]
    criteria: CriterionScores
    rater: str = ""
    n_samples: int = 1
    no_verdict: NoVerdict = "bounds"

    @classmethod
    def of_run(cls, run: Run, no_verdict: NoVerdict = "bounds") -> "ScoreTable":
        """Read the items and scores of a run folder."""
        return cls.build(run.name, run.rubric, run.items(), run.scores(), no_verdict)

    @classmethod
    def build(
        cls,
        name: str,
        rubric: Rubric,
        items: Iterable[Item],
        scores: Iterable[Score],
        no_verdict: NoVerdict = "bounds",
    ) -> "ScoreTable":
        """Arrange scores by item.

        Raises
        ------
        InputError
            There are no items, a score has an unknown item, criterion or label, an item was scored twice, or
            there are several raters, or `no_verdict` is unknown.
        """
        if no_verdict not in get_args(NoVerdict):
            allowed = ", ".join(get_args(NoVerdict))
            raise InputError(f"no_verdict is {no_verdict!r}; allowed: {allowed}")
        rows = tuple(items)
        if not rows:
            raise InputError(f"{name}: no items in this run, so there is nothing to report")
        table = cls.empty(name, rubric, rows)
        place = {item.id: i for i, item in enumerate(rows)}
        criterion_at = table.criteria.places()
        seen: dict[tuple[str, str | None], set[tuple[str, str, int]]] = {}
        raters: dict[str, None] = {}
        last_sample = 0
        for score in scores:
            check_first(score, seen.setdefault((score.dimension, score.criterion), set()))
            raters[score.rater] = None
            last_sample = max(last_sample, score.sample)
            if score.item_id not in place:
                raise InputError(f"{name}: a score names item {score.item_id!r}, which is not in the run")
            if score.sample == 0 and score.dimension == CRITERIA and rubric.criteria:
                key = place[score.item_id], score.criterion or ""
                table.criteria.enter(criterion_at.get(key), score)
            elif score.sample == 0:
                table._enter(place[score.item_id], score)
        if len(raters) > 1:
            raise InputError(
                f"{name}: scores of {len(raters)} raters ({', '.join(raters)}); a run is one judge. "
                "For several raters use: judge agree"
            )
        return replace(table, rater=next(iter(raters), ""), n_samples=last_sample + 1, no_verdict=no_verdict)

    @classmethod
    def empty(cls, name: str, rubric: Rubric, items: tuple[Item, ...]) -> "ScoreTable":
        """Create a table of unscored items."""
        n = len(items)
        return cls(
            name,
            rubric,
            items,
            values={d: np.full(n, np.nan) for d in rubric.scored},
            statuses={d: np.full(n, UNSCORED, dtype=object) for d in rubric.scored},
            reasons={d: np.full(n, None, dtype=object) for d in rubric.scored},
            flags={f: np.full(n, None, dtype=object) for f in rubric.flags},
            criteria=CriterionScores.unscored(rubric, items, UNSCORED),
        )

    def _enter(self, row: int, score: Score) -> None:
        name = score.dimension
        if name in self.flags:
            self.flags[name][row] = score.value
        elif name in self.values:
            self.values[name][row] = self._number(score)
            self.statuses[name][row] = score.status
            self.reasons[name][row] = score.reason

    def _number(self, score: Score) -> float:
        """Value of a score; that of a category is the position of its label."""
        dimension = self.rubric.dimensions.get(score.dimension)
        if dimension is None or dimension.type != "category" or score.value is None:
            return number_of(score)
        labels = list(dimension.labels)
        if score.value not in labels:
            raise InputError(
                f"{self.name}: item {score.item_id!r}: {score.dimension} is {score.value!r}; allowed: "
                f"{', '.join(labels)}"
            )
        return float(labels.index(score.value))

    def __len__(self) -> int:
        return len(self.items)

    def applies_to(self, dimension: str) -> Bools:
        """Whether a dimension concerns each item; shape (n_items,)."""
        return np.asarray(self.statuses[dimension] != NOT_APPLICABLE)

    @cached_property
    def applies(self) -> Bools:
        """Whether the pass rule concerns each item; shape (n_items,)."""
        applies: Bools = np.logical_and.reduce([self.applies_to(name) for name in self.rubric.pass_rule])
        return applies

    @cached_property
    def is_judged(self) -> Bools:
        """Whether anything that is scored concerns each item; shape (n_items,)."""
        judged: Bools = np.logical_or.reduce([self.applies_to(name) for name in self.rubric.scored])
        judged[self.criteria.rows[self.criteria.statuses != NOT_APPLICABLE]] = True
        return judged

    def applying(self) -> "ScoreTable":
        """Keep the items that the pass rule concerns."""
        return self if self.applies.all() else self.take(self.applies)

    @cached_property
    def verdicts(self) -> Floats:
        """Verdict by the pass rule: 1 pass, 0 fail, NaN if a missing score decides; shape (n_items,)."""
        scored = [(name, self.values[name]) for name in self.rubric.pass_rule]
        verdicts = (
            self.rubric.passes({name: float(v[i]) for name, v in scored if not np.isnan(v[i])})
            for i in range(len(self))
        )
        found = np.array([np.nan if verdict is None else float(verdict) for verdict in verdicts])
        found[~self.applies] = np.nan
        return found

    @cached_property
    def passed(self) -> Floats:
        """Verdicts as they are counted: with `no_verdict` 'fail', a missing one is a fail."""
        return self._counted(self.verdicts, self.applies)

    def _counted(self, marks: Floats, applies: Bools) -> Floats:
        return np.where(np.isnan(marks) & applies, 0.0, marks) if self.no_verdict == "fail" else marks

    @cached_property
    def outcomes(self) -> Labels:
        """``pass``, ``fail``, or the status of the first missing score that decides; shape (n_items,)."""
        outcome = np.where(self.verdicts == 1, "pass", "fail").astype("U14")
        for name in reversed(self.rubric.pass_rule):
            open_here = np.isnan(self.verdicts) & (self.statuses[name] != "ok")
            outcome[open_here] = self.statuses[name][open_here]
        outcome[~self.applies] = NOT_APPLICABLE
        return outcome

    def pass_mark(self, dimension: str) -> float | None:
        """Lowest passing score of a dimension: its own in the pass rule, else that of the overall score.

        The mark of the overall score is one for scores on the same scale only.
        """
        rule, rubric = self.rubric.pass_rule, self.rubric
        if dimension in rule:
            return rule[dimension]
        is_score = dimension == OVERALL or rubric.dimensions[dimension].type == "score"
        return (
            rule.get(OVERALL) if is_score and rubric.scale_of(dimension) == rubric.scale_of(OVERALL) else None
        )

    def passed_on(self, dimension: str) -> Floats | None:
        """Pass marks on one dimension: 1 pass, 0 fail, NaN missing; None if it has no pass mark."""
        pass_mark = self.pass_mark(dimension)
        if pass_mark is None:
            return None
        return self._counted(pass_or_fail(self.values[dimension], pass_mark), self.applies_to(dimension))

    def take(self, rows: ArrayLike, name: str | None = None) -> "ScoreTable":
        """Keep some rows: a mask, or row numbers in the wanted order."""
        index = np.arange(len(self))[np.asarray(rows)]
        return replace(
            self,
            name=self.name if name is None else name,
            items=tuple(self.items[i] for i in index),
            values={d: column[index] for d, column in self.values.items()},
            statuses={d: column[index] for d, column in self.statuses.items()},
            reasons={d: column[index] for d, column in self.reasons.items()},
            flags={d: column[index] for d, column in self.flags.items()},
            criteria=self.criteria.take(index, len(self)),
        )

    @property
    def fields(self) -> list[str]:
        """Names of the fields that `field` knows."""
        return known_fields(self.items)

    def field(self, name: str) -> Labels:
        """One field of every item as text, ``(none)`` where it is missing; ``id`` is the id of the item.

        Raises
        ------
        InputError
            No item has this field.
        """
        return item_field(self.items, name, where=f"{self.name}: ")

    def cluster_field(self, field: str | None) -> str | None:
        """Name of the field that defines clusters; None if items are independent.

        `field` if given, else `pair_id` if items have it, else `question` if several items share one (but not
        all, because a single cluster has no variance). The field `id` makes every item independent.
        """
        if field is None and any(item.field(PAIR_ID) is not None for item in self._judged_items):
            return PAIR_ID
        if field is None:
            return QUESTION if 1 < self.n_questions < len(self._judged_items) else None
        return None if field == ITEM_ID else field

    @cached_property
    def questions(self) -> Labels:
        """Key of the question of each item: its text, images and reference."""
        return np.array([question_key(item) for item in self.items])

    @property
    def n_questions(self) -> int:
        """Number of different questions, of the items that are judged."""
        return len(set(self.questions[self.is_judged].tolist()))

    @property
    def _judged_items(self) -> list[Item]:
        return [item for item, judged in zip(self.items, self.is_judged, strict=True) if judged]

    def groups(self, field: str) -> Labels:
        """Cluster of each item by the value of a field; an item without a value is a cluster of its own."""
        if field == QUESTION:
            return self.questions
        labels = self.field(field)
        alone = np.array([field != ITEM_ID and item.field(field) is None for item in self.items])
        return np.where(alone, np.char.add("item ", self.field(ITEM_ID)), np.char.add("group ", labels))

    def clusters(self, field: str | None) -> Labels | None:
        """Cluster of each item; None if every item is its own cluster.

        Without a `field`, clusters are the items that share a `pair_id` (one question under several
        conditions), or else the answers to one question (of several systems, for example).
        """
        name = self.cluster_field(field)
        groups = None if name is None else self.groups(name)
        if groups is None or len(np.unique(groups[self.is_judged])) == self.is_judged.sum():
            return None
        return groups


def question_key(item: Item) -> str:
    """Key of a question: equal for answers to the same text, with the same images and reference.

    >>> a, b = (Item(id=i, question="How far?", answer=answer) for i, answer in (("a", "1 m"), ("b", "2 m")))
    >>> question_key(a) == question_key(b)
    True
    """
    images = [image.sha256 or (image.path, image.url) for image in item.images]
    return content_hash([item.question, images, item.reference])[:20]
