"""Scores of one run as columns, with one row per item: the input of pass rates, slices and audits."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from judge.analysis.criterion_scores import CriterionScores, Objects
from judge.analysis.item_columns import ItemColumns
from judge.analysis.item_fields import ITEM_ID, CodedLabels, Labels, item_field
from judge.analysis.ratings import no_verdict_policy, pass_or_fail
from judge.analysis.ratings_matrix import check_first, number_of
from judge.analysis.status_column import CODES, NOT_APPLICABLE, UNSCORED, StatusColumn
from judge.analysis.stored_run import UNREAD, FoundScores, ScoreColumns, StoredItems, read_scores
from judge.errors import InputError
from judge.records import OVERALL, Item, Score
from judge.rubric import CRITERIA, NoVerdict, Rubric
from judge.scoring.run import Run
from judge.stats.engine.scale import Bools, Floats, Ints
from judge.stats.engine.weights import cluster_codes

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
    items : sequence of Item
        The rows; those of a run are read from its folder when they are needed.
    columns : ItemColumns
        Ids, fields and questions of the rows.
    values : mapping
        Scored dimension -> scores, shape (n_items,), NaN where missing. A criterion that is met is 1, one
        that is not 0 (for expected scores it is the probability); a label of a category is its position.
    statuses : mapping
        Scored dimension -> status of each score, or 'unscored'.
    reasons : mapping
        Scored dimension -> reason for the score or for its absence; None if not given, and `UNREAD` if it is
        left in the run. See `reason`.
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
    items: Sequence[Item]
    columns: ItemColumns
    values: Mapping[str, Floats]
    statuses: Mapping[str, StatusColumn]
    reasons: Mapping[str, Objects]
    flags: Mapping[str, Objects]
    criteria: CriterionScores
    rater: str = ""
    n_samples: int = 1
    no_verdict: NoVerdict = "bounds"

    @classmethod
    def of_run(cls, run: Run, no_verdict: NoVerdict | None = None) -> "ScoreTable":
        """Read the items and scores of a run folder; texts are left there until they are shown."""
        return cls.counted(run, no_verdict)[0]

    @classmethod
    def counted(
        cls, run: Run, no_verdict: NoVerdict | None = None
    ) -> "tuple[ScoreTable, FoundScores | None]":
        """Read a run folder; return also what was counted on the way, where it was read as a whole."""
        rubric = run.rubric
        policy = no_verdict_policy(no_verdict, rubric)
        if rubric.criteria is None and rubric.is_uniform:
            columns = ItemColumns.of(run.items(), rubric)
            found = read_scores(run, columns.ids.tolist())
            if found is not None:
                items = StoredItems(run.path, columns.ids)
                bare = cls._of_columns(run.name, rubric, items, columns, found.columns)
                return replace(bare, rater=found.rater, no_verdict=policy), found
        return cls.build(run.name, rubric, run.items(), run.scores(), no_verdict), None

    @classmethod
    def build(
        cls,
        name: str,
        rubric: Rubric,
        items: Iterable[Item],
        scores: Iterable[Score],
        no_verdict: NoVerdict | None = None,
    ) -> "ScoreTable":
        """Arrange scores by item.

        Raises
        ------
        InputError
            There are no items, a score has an unknown item, criterion or label, an item was scored twice, or
            there are several raters, or `no_verdict` is unknown.
        """
        policy = no_verdict_policy(no_verdict, rubric)
        rows = tuple(items)
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
        return replace(table, rater=next(iter(raters), ""), n_samples=last_sample + 1, no_verdict=policy)

    @classmethod
    def empty(cls, name: str, rubric: Rubric, items: tuple[Item, ...]) -> "ScoreTable":
        """Create a table of unscored items."""
        unscored = ScoreColumns.unscored(rubric, len(items))
        return cls._of_columns(name, rubric, items, ItemColumns.of(items, rubric), unscored)

    @classmethod
    def _of_columns(
        cls, name: str, rubric: Rubric, items: Sequence[Item], columns: ItemColumns, scores: ScoreColumns
    ) -> "ScoreTable":
        if not len(items):
            raise InputError(f"{name}: no items in this run, so there is nothing to report")
        return cls(
            name,
            rubric,
            items,
            columns,
            scores.values,
            scores.statuses,
            scores.reasons,
            scores.flags,
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
        return ~self.statuses[dimension].equal(NOT_APPLICABLE)

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
        found = np.ones(len(self))
        marks = [pass_or_fail(self.values[name], least) for name, least in self.rubric.pass_rule.items()]
        for column in marks:
            found[np.isnan(column)] = np.nan
        for column in marks:
            found[column == 0] = 0.0
        found[~self.applies] = np.nan
        return found

    def verdict(self, row: int) -> bool | None:
        """Whether the answer of a row passes; None without a verdict."""
        return None if np.isnan(self.verdicts[row]) else bool(self.verdicts[row])

    @cached_property
    def passed(self) -> Floats:
        """Verdicts as they are counted: with `no_verdict` 'fail', a missing one is a fail."""
        return self._counted(self.verdicts, self.applies)

    def _counted(self, marks: Floats, applies: Bools) -> Floats:
        return np.where(np.isnan(marks) & applies, 0.0, marks) if self.no_verdict == "fail" else marks

    @cached_property
    def outcomes(self) -> StatusColumn:
        """Status of the verdict: ``ok``, or the status of the first missing score that decides."""
        codes = np.full(len(self), CODES["ok"], dtype=np.int8)
        for name in reversed(self.rubric.pass_rule):
            open_here = np.isnan(self.verdicts) & ~self.statuses[name].equal("ok")
            codes[open_here] = self.statuses[name].codes[open_here]
        codes[~self.applies] = CODES[NOT_APPLICABLE]
        return StatusColumn(codes)

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
        name = self.name if name is None else name
        if np.array_equal(index, np.arange(len(self))):
            return replace(self, name=name)  # shares the columns, which may be large
        return replace(
            self,
            name=name,
            items=_taken(self.items, index),
            columns=self.columns.take(index),
            values={d: column[index] for d, column in self.values.items()},
            statuses={d: column.take(index) for d, column in self.statuses.items()},
            reasons={d: column[index] for d, column in self.reasons.items()},
            flags={d: column[index] for d, column in self.flags.items()},
            criteria=self.criteria.take(index, len(self)),
        )

    @property
    def fields(self) -> list[str]:
        """Names of the fields that `field` knows."""
        return self.columns.known_fields(self.items)

    def field(self, name: str) -> Labels:
        """One field of every item as text, ``(none)`` where it is missing; ``id`` is the id of the item.

        Raises
        ------
        InputError
            No item has this field.
        """
        if name == ITEM_ID:
            return self.columns.ids.astype(str)
        column = self.columns.fields.get(name)
        if column is None or column.values is None or not column.given.any():
            return item_field(self.items, name, where=f"{self.name}: ")
        return column.labels()

    def coded(self, name: str) -> CodedLabels:
        """The labels of `field` as numbers, which take less memory."""
        column = self.columns.fields.get(name)
        if name == ITEM_ID or column is None or column.values is None or not column.given.any():
            return CodedLabels.of(self.field(name).tolist())
        return column.coded()

    def labels(self, name: str) -> set[str]:
        """Different labels of a field."""
        column = self.columns.fields.get(name)
        if column is None or column.values is None:
            return set(self.field(name).tolist())
        return column.distinct_labels()

    def texts(self, name: str) -> list[str | None]:
        """Value of a field of each item as text, or its id; None where it is missing."""
        if name == ITEM_ID:
            return list(self.columns.ids.tolist())
        column = self.columns.fields.get(name)
        if column is not None and column.values is not None:
            return column.texts()
        values = (item.field(name) for item in (self.items if column else ()))
        return [None if value is None else str(value) for value in values] or [None] * len(self)

    def given(self, name: str) -> Bools:
        """Which items have a value of a field."""
        column = self.columns.fields.get(name)
        return np.zeros(len(self), bool) if column is None else column.given

    def reason(self, dimension: str, row: int) -> str | None:
        """Reason for a score or for its absence, which is read from the run if it is left there."""
        reason = self.reasons[dimension][row]
        if reason is UNREAD and isinstance(self.items, StoredItems):
            return self.items.reason(row, dimension)
        return None if reason is None else str(reason)

    def cluster_field(self, field: str | None) -> str | None:
        """Name of the field that defines clusters; None if items are independent.

        `field` if given, else `pair_id` if items have it, else `question` if several items share one (but not
        all, because a single cluster has no variance). The field `id` makes every item independent.
        """
        if field is None and self.given(PAIR_ID)[self.is_judged].any():
            return PAIR_ID
        if field is None:
            return QUESTION if 1 < self.n_questions < self.is_judged.sum() else None
        return None if field == ITEM_ID else field

    @cached_property
    def questions(self) -> Labels:
        """Key of the question of each item: its text, images and reference."""
        return self.columns.questions.astype(str)

    @property
    def n_questions(self) -> int:
        """Number of different questions, of the items that are judged."""
        return len(set(self.columns.questions[self.is_judged].tolist()))

    def groups(self, field: str) -> Labels:
        """Cluster of each item by the value of a field; an item without a value is a cluster of its own."""
        if field == QUESTION:
            return self.questions
        labels = self.field(field)
        alone = np.zeros(len(self), bool) if field == ITEM_ID else ~self.given(field)
        return np.where(alone, np.char.add("item ", self.field(ITEM_ID)), np.char.add("group ", labels))

    def clusters(self, field: str | None) -> Ints | None:
        """Cluster of each item, numbered in the order of their names; None if every item is its own cluster.

        Without a `field`, clusters are the items that share a `pair_id` (one question under several
        conditions), or else the answers to one question (of several systems, for example).
        """
        name = self.cluster_field(field)
        if name is not None and name not in self._clusters:
            self._clusters[name] = self._clusters_by(name)
        return self._clusters.get(name)

    @cached_property
    def _clusters(self) -> dict[str | None, Ints | None]:
        """Clusters that were found, by field."""
        return {}

    def _clusters_by(self, name: str) -> Ints | None:
        column = self.columns.fields.get(name)
        if name == QUESTION:
            numbers = np.unique(self.columns.questions, return_inverse=True)[1]
        elif column is None or column.values is None:
            numbers = np.unique(self.groups(name), return_inverse=True)[1]
        else:
            numbers = cluster_codes(column.groups(self.columns.ids), len(self))
        return None if len(np.unique(numbers[self.is_judged])) == self.is_judged.sum() else numbers


def _taken(items: Sequence[Item], index: Ints) -> Sequence[Item]:
    return items.take(index) if isinstance(items, StoredItems) else tuple(items[i] for i in index)
