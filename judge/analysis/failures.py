"""Why answers fail: the binding dimension of each failing answer, and dimensions that fail together.

An answer fails because conditions of the pass rule are not met. An unmet condition on a dimension
implicates that dimension; an unmet condition on the overall score implicates every dimension. The
*shortfall* of an implicated dimension is its distance below its pass mark (that of the overall score if it
has none of its own), in points of the scale; where dimensions have different scales, as a share of the range
of each. The dimension with the largest shortfall is *binding*; ties
share the answer equally. If no dimension has a shortfall (a judged overall score can fail an answer whose
dimensions all pass), the failure is *unexplained*.
"""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from judge.analysis.group_difference import Bools, Groups, within
from judge.analysis.measures import mean_score
from judge.analysis.ratings import pass_or_fail
from judge.analysis.score_table import ScoreTable
from judge.analysis.status_column import NOT_APPLICABLE
from judge.records import OVERALL, Item
from judge.rubric import CRITERIA, ItemRubrics, Rubric
from judge.stats.engine.estimate import Estimate
from judge.stats.engine.scale import Floats, Ints


@dataclass(frozen=True)
class DimensionFailures:
    """Failures that one dimension contributes to.

    Attributes
    ----------
    dimension : str
        Name of the dimension.
    binding : Estimate
        Share of failing answers in which it is the binding dimension; ties are shared equally.
    n_below : int
        Failing answers in which it is below its pass mark.
    n_alone : int
        Failing answers in which it alone is below its pass mark.
    n_rescued : int or None
        Failing answers that would pass if only this dimension had the top score; None if the judge gives the
        overall score itself, so that this is unknown.
    """

    dimension: str
    binding: Estimate
    n_below: int
    n_alone: int
    n_rescued: int | None


@dataclass(frozen=True)
class PairFailures:
    """Two dimensions that are below their pass marks in the same answers.

    Attributes
    ----------
    first, second : str
        The dimensions.
    n_both, n_only_first, n_only_second : int
        Failing answers in which both, or only one of the two, are below their pass marks.
    """

    first: str
    second: str
    n_both: int
    n_only_first: int
    n_only_second: int


@dataclass(frozen=True)
class FailureProfile:
    """Why answers fail.

    Attributes
    ----------
    n_fail : int
        Failing answers.
    dimensions : tuple of DimensionFailures
        In the order of the rubric.
    n_tied : int
        Failing answers with several binding dimensions.
    n_unexplained : int
        Failing answers in which no dimension is below its pass mark.
    patterns : dict
        Dimensions below their pass marks -> failing answers with exactly these; most frequent first.
    pairs : tuple of PairFailures
        Every two dimensions.
    """

    n_fail: int
    dimensions: tuple[DimensionFailures, ...]
    n_tied: int
    n_unexplained: int
    patterns: dict[tuple[str, ...], int]
    pairs: tuple[PairFailures, ...]

    @property
    def worst(self) -> DimensionFailures | None:
        """The dimension that is binding most often; None if no failure is explained."""
        bound = [d for d in self.dimensions if d.binding.value > 0]
        return max(bound, key=lambda d: d.binding.value, default=None)


@dataclass(frozen=True)
class JudgedItem:
    """One answer with its scores and the judge's reasons.

    Attributes
    ----------
    item : Item
        Question, answer, reference.
    passed : bool or None
        None if it depends on a missing score.
    scores : dict
        Dimension -> score, or the label of a category; None if missing. What does not apply is left out.
    reasons : dict
        Dimension -> reason that the judge gave; criterion that is not met -> the reason.
    binding : tuple of str
        Binding dimensions, if it fails.
    """

    item: Item
    passed: bool | None
    scores: dict[str, float | str | None]
    reasons: dict[str, str]
    binding: tuple[str, ...] = ()


class Failures:
    """Shortfalls of the failing answers of a table, from which profiles are computed."""

    def __init__(self, table: ScoreTable, clusters: Groups = None) -> None:
        self.table = table
        self.clusters = clusters
        names, self._is_uniform = tuple(table.rubric.dimensions), table.rubric.is_uniform
        self.dimensions = (
            names if self._is_uniform else tuple(n for n in names if table.pass_mark(n) is not None)
        )
        self.failing: Bools = table.verdicts == 0

    @cached_property
    def shortfalls(self) -> Floats:
        """Points below the pass mark, shape (n_items, n_dimensions); 0 if not implicated."""
        table, rule = self.table, self.table.rubric.pass_rule
        overall_fails = self._below(OVERALL, rule.get(OVERALL))
        columns = []
        for name in self.dimensions:
            pass_mark = table.pass_mark(name)
            implicated = self.failing & (overall_fails | self._below(name, rule.get(name)))
            short = implicated & self._below(name, pass_mark)
            scale = table.rubric.scale_of(name)
            unit = 1 if self._is_uniform else scale.max - scale.min
            columns.append(np.where(short, ((pass_mark or 0.0) - table.values[name]) / unit, 0.0))
        return _stacked(columns, len(table))

    def _below(self, name: str, pass_mark: float | None) -> Bools:
        """Rows whose score on `name` is below a pass mark; none without a pass mark."""
        if pass_mark is None:
            return np.zeros(len(self.table), bool)
        return np.asarray(pass_or_fail(self.table.values[name], pass_mark) == 0)

    @cached_property
    def binding(self) -> Floats:
        """Part of each dimension in each failure, shape (n_items, n_dimensions); rows sum to 1 or 0."""
        most = self.shortfalls.max(axis=1, keepdims=True, initial=0.0)
        at_most = (self.shortfalls == most) & (most > 0)
        return np.asarray(at_most / np.maximum(at_most.sum(axis=1, keepdims=True), 1))

    @cached_property
    def rescued(self) -> Bools | None:
        """Whether the top score on one dimension alone would make the answer pass; None if unknown."""
        rubric = self.table.rubric
        if OVERALL in rubric.pass_rule and OVERALL in rubric.judged:
            return None
        if not self._is_uniform:
            return self._rescued_by_item()
        rows = np.flatnonzero(self.failing)
        values = np.column_stack([self.table.values[name][rows] for name in self.table.values])
        rescued = np.zeros((len(self.table), len(self.dimensions)), bool)
        if len(rows):
            first, inverse = _distinct(values)
            patterns = values[first]
            rescues = [_rescues(rubric, tuple(self.table.values), pattern) for pattern in patterns]
            rescued[rows] = np.array(rescues)[inverse]
        return rescued

    def _rescued_by_item(self) -> Bools:
        """Like `rescued`, where the overall score depends on what applies to the item."""
        table, rubrics = self.table, ItemRubrics(self.table.rubric)
        rescued = np.zeros((len(table), len(self.dimensions)), bool)
        for row in np.flatnonzero(self.failing).tolist() if self.dimensions else ():
            own, criteria = rubrics.of(table.items[row]), table.criteria.of_item(row)
            known = zip(criteria.ids, criteria.values.tolist(), strict=True)
            met = {key: value for key, value in known if not np.isnan(value)}
            for place, name in enumerate(self.dimensions):
                if name in own.rubric.dimensions:
                    best = {**_numbers(table, row, own.rubric.dimensions), name: _best(own.rubric, name)}
                    overall = own.overall_score(best, met)
                    scores = best if overall is None else {**best, OVERALL: overall}
                    rescued[row, place] = bool(table.rubric.passes(scores))
        return rescued

    def profile(self, rows: Bools | None = None) -> FailureProfile:
        """Profile of all failures, or of those among some rows."""
        chosen = self.failing if rows is None else self.failing & rows
        below, binding = self.shortfalls[chosen] > 0, self.binding[chosen]
        groups = None if self.clusters is None else self.clusters[chosen]
        rescued = None if self.rescued is None else self.rescued[chosen].sum(axis=0)
        return FailureProfile(
            int(chosen.sum()),
            tuple(
                DimensionFailures(
                    name,
                    within(mean_score(binding[:, d], groups), 0, 1),
                    int(below[:, d].sum()),
                    int((below[:, d] & (below.sum(axis=1) == 1)).sum()),
                    None if rescued is None else int(rescued[d]),
                )
                for d, name in enumerate(self.dimensions)
            ),
            int(((binding > 0).sum(axis=1) > 1).sum()),
            int((~below.any(axis=1)).sum()),
            self._patterns(below),
            self._pairs(below),
        )

    def _patterns(self, below: Bools) -> dict[tuple[str, ...], int]:
        _, first, n = np.unique(
            below @ (1 << np.arange(below.shape[1])), return_index=True, return_counts=True
        )
        counts = {
            tuple(itertools.compress(self.dimensions, row)): count
            for row, count in zip(below[first].tolist(), n.tolist(), strict=True)
        }
        return dict(sorted(counts.items(), key=lambda pattern: (-pattern[1], pattern[0])))

    def _pairs(self, below: Bools) -> tuple[PairFailures, ...]:
        return tuple(
            PairFailures(
                self.dimensions[a],
                self.dimensions[b],
                int((below[:, a] & below[:, b]).sum()),
                int((below[:, a] & ~below[:, b]).sum()),
                int((below[:, b] & ~below[:, a]).sum()),
            )
            for a, b in itertools.combinations(range(len(self.dimensions)), 2)
        )

    def worst_items(self, n: int) -> list[JudgedItem]:
        """Failing answers with the lowest overall score first, then the lowest sum; ties in input order."""
        return [self.judged(row) for row in self.worst_rows[:n]]

    @cached_property
    def worst_rows(self) -> list[int]:
        """Rows of the failing answers in the order of `worst_items`."""
        table = self.table
        total = np.nansum(_stacked([table.values[name] for name in self.dimensions], len(table)), axis=1)
        overall = np.nan_to_num(table.values.get(OVERALL, total), nan=np.inf)
        rows = np.flatnonzero(self.failing)
        order: list[int] = rows[np.lexsort((total[rows], overall[rows]))].tolist()  # a stable sort
        return order

    def judged(self, row: int) -> JudgedItem:
        """One row with its scores, reasons and binding dimensions."""
        return judged_item(self.table, row, self.binding_in(row))

    def binding_in(self, row: int) -> tuple[str, ...]:
        """Binding dimensions of one row."""
        return tuple(itertools.compress(self.dimensions, self.binding[row] > 0))


def judged_item(table: ScoreTable, row: int, binding: tuple[str, ...] = ()) -> JudgedItem:
    """One row of a table with its scores and reasons."""
    scores = shown_scores(table, row)
    reasons = {name: reason for name in scores if (reason := table.reason(name, row))}
    criteria = table.criteria.of_item(row)
    if len(criteria):
        met = criteria.values >= 0.5  # expected scores are probabilities
        scores[CRITERIA] = _met_words(met, criteria.is_penalty)
        failed = np.where(criteria.is_penalty, met, criteria.values < 0.5)
        for place in np.flatnonzero(failed).tolist():
            what = "penalty" if criteria.is_penalty[place] else "not met"
            text = criteria.criteria[place].description.rstrip(".")
            reasons[f"{what}: {text}"] = criteria.reasons[place] or ""
    return JudgedItem(_without_criteria(table, row), table.verdict(row), scores, reasons, binding)


def shown_scores(table: ScoreTable, row: int) -> dict[str, float | str | None]:
    """Scores of one row on the dimensions that apply to it, as they are shown."""
    applying = [name for name in table.values if table.statuses[name][row] != NOT_APPLICABLE]
    return {name: _shown(table, name, float(table.values[name][row])) for name in applying}


def _met_words(met: Bools, is_penalty: Bools) -> str:
    """How many criteria of an item are met, and how many of its penalties apply."""
    parts = (
        f"{int((met & kind).sum()):,} of {int(kind.sum()):,} {what}"
        for kind, what in ((~is_penalty, "met"), (is_penalty, "penalties apply"))
        if kind.any()
    )
    return ", ".join(parts)


def _without_criteria(table: ScoreTable, row: int) -> Item:
    """An item without the field of its criteria, which are shown with their scores."""
    item, criteria = table.items[row], table.rubric.criteria
    if criteria is None:
        return item
    kept = {name: value for name, value in item.metadata.items() if name != criteria.field}
    return item.model_copy(update={"metadata": kept})


def _shown(table: ScoreTable, name: str, value: float) -> float | str | None:
    """A value as it is shown: the label of a category, yes or no of a criterion, else the score."""
    if np.isnan(value):
        return None
    dimension = table.rubric.dimensions.get(name)
    return value if dimension is None or dimension.type == "score" else dimension.label_of(value)


def _stacked(columns: Sequence[Floats], n_rows: int) -> Floats:
    """Arrays as columns, of which there may be none."""
    return np.column_stack(columns) if columns else np.zeros((n_rows, 0))


def _distinct(values: Floats) -> tuple[Ints, Ints]:
    """First row of each kind of rows, and the kind of each row; faster than `numpy.unique` of rows."""
    kinds = np.zeros(len(values), dtype=np.int64)
    for column in values.T:
        labels, codes = np.unique(column, return_inverse=True)
        kinds = np.unique(kinds * len(labels) + codes, return_inverse=True)[1]
    _, first, inverse = np.unique(kinds, return_index=True, return_inverse=True)
    return first, inverse


def _numbers(table: ScoreTable, row: int, names: Iterable[str]) -> dict[str, float]:
    """Scores of one row that are not missing."""
    return {name: float(table.values[name][row]) for name in names if not np.isnan(table.values[name][row])}


def _best(rubric: Rubric, name: str) -> float:
    """The score that is best for an answer: that of a penalty is 0."""
    scale, is_penalty = rubric.scale_of(name), (rubric.dimensions[name].points or 0) < 0
    return float(scale.min if is_penalty else scale.max)


def _rescues(rubric: Rubric, names: tuple[str, ...], pattern: Floats) -> list[bool]:
    """Whether the top score on each dimension alone makes these scores pass."""
    scores = {name: float(v) for name, v in zip(names, pattern, strict=True) if not np.isnan(v)}
    return [bool(_passes(rubric, {**scores, name: float(rubric.scale.max)})) for name in rubric.dimensions]


def _passes(rubric: Rubric, scores: Mapping[str, float]) -> bool | None:
    dimensions = {name: score for name, score in scores.items() if name != OVERALL}
    overall = rubric.overall_score(dimensions)
    return rubric.passes(dimensions if overall is None else {**dimensions, OVERALL: overall})
