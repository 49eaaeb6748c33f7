"""Why answers fail: the binding dimension of each, what fails together, and the worst answers.

What counts as binding is fixed here. An answer fails because conditions of the pass rule are not met. A
condition on a dimension points at that dimension; a condition on the overall score points at every dimension,
held against its own bar or, where the rule gives it none, against the bar of the overall score. Among the
dimensions pointed at, the one that lies farthest below its bar, in points of the scale, is *binding*. Where
several lie equally far below, each gets an equal part of the answer. Where none lies below its bar (a judged
overall score can fail an answer whose dimensions are all good enough), the failure is *unexplained*.
"""

import itertools
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from judge.analysis.group_difference import Bools, Groups, within
from judge.analysis.pass_rate import mean_score
from judge.analysis.score_table import ScoreTable
from judge.records import OVERALL, Item
from judge.rubric import Rubric
from judge.stats.engine.estimate import Estimate
from judge.stats.engine.scale import Floats


@dataclass(frozen=True)
class DimensionFailures:
    """The part of one dimension in the failures.

    Attributes
    ----------
    dimension : str
        Its name.
    binding : Estimate
        Share of failing answers in which it is the binding dimension; ties count in equal parts.
    n_below : int
        Failing answers in which it lies below its bar.
    n_alone : int
        Failing answers in which it alone lies below its bar.
    n_rescued : int or None
        Failing answers that would pass if only this dimension had the top score; None where the overall
        score is the judge's own, so that nobody knows.
    """

    dimension: str
    binding: Estimate
    n_below: int
    n_alone: int
    n_rescued: int | None


@dataclass(frozen=True)
class PairFailures:
    """Two dimensions that lie below their bars in the same answers.

    Attributes
    ----------
    first, second : str
        The dimensions.
    n_both, n_only_first, n_only_second : int
        Failing answers in which both, or only one of the two, lie below their bars.
    """

    first: str
    second: str
    n_both: int
    n_only_first: int
    n_only_second: int


@dataclass(frozen=True)
class FailureProfile:
    """What makes answers fail.

    Attributes
    ----------
    n_fail : int
        Failing answers.
    dimensions : tuple of DimensionFailures
        In the order of the rubric.
    n_tied : int
        Failing answers with several binding dimensions.
    n_unexplained : int
        Failing answers in which no dimension lies below its bar.
    patterns : dict
        Dimensions below their bars together -> failing answers with exactly these; most frequent first.
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
        """The dimension that is binding most often; None where nothing fails or nothing explains it."""
        bound = [d for d in self.dimensions if d.binding.value > 0]
        return max(bound, key=lambda d: d.binding.value, default=None)


@dataclass(frozen=True)
class JudgedItem:
    """One answer with all that the judge said.

    Attributes
    ----------
    item : Item
        Question, answer, reference.
    passed : bool or None
        None where a missing score leaves it open.
    scores : dict
        Dimension -> score, None where missing.
    reasons : dict
        Dimension -> what the judge said for it.
    binding : tuple of str
        The dimensions that are binding, if it fails.
    """

    item: Item
    passed: bool | None
    scores: dict[str, float | None]
    reasons: dict[str, str]
    binding: tuple[str, ...] = ()


class Failures:
    """Shortfalls of the failing answers of a table: what every profile is computed from."""

    def __init__(self, table: ScoreTable, clusters: Groups = None) -> None:
        self.table = table
        self.clusters = clusters
        self.dimensions = tuple(table.rubric.dimensions)
        self.failing: Bools = table.passed == 0

    @cached_property
    def shortfalls(self) -> Floats:
        """Points below the bar, shape (n_items, n_dimensions); 0 for what did not make the answer fail."""
        table, rule = self.table, self.table.rubric.pass_rule
        overall_fails = (
            table.values[OVERALL] < rule[OVERALL] if OVERALL in rule else np.zeros(len(table), bool)
        )
        columns = []
        for name in self.dimensions:
            scores, bar = table.values[name], table.pass_mark(name)
            blamed = overall_fails | (scores < rule[name] if name in rule else False)
            gap = np.zeros(len(table)) if bar is None else np.nan_to_num(bar - scores, nan=0.0).clip(min=0)
            columns.append(np.where(blamed & self.failing, gap, 0.0))
        return np.column_stack(columns)

    @cached_property
    def binding(self) -> Floats:
        """Part of each dimension in each failure, shape (n_items, n_dimensions); rows add up to 1 or 0."""
        most = self.shortfalls.max(axis=1, keepdims=True)
        at_most = (self.shortfalls == most) & (most > 0)
        return np.asarray(at_most / np.maximum(at_most.sum(axis=1, keepdims=True), 1))

    @cached_property
    def rescued(self) -> Bools | None:
        """Whether the top score on one dimension alone would turn the failure into a pass."""
        rubric = self.table.rubric
        if OVERALL in rubric.pass_rule and rubric.overall.how == "judged":
            return None
        values = np.column_stack([self.table.values[name] for name in self.table.values])
        patterns, inverse = np.unique(values, axis=0, return_inverse=True)
        would = np.array([_rescues(rubric, tuple(self.table.values), pattern) for pattern in patterns])
        return np.asarray(would[inverse.ravel()] & self.failing[:, None])

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
        counts = Counter(tuple(itertools.compress(self.dimensions, row)) for row in below.tolist())
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
        table = self.table
        total = np.nansum(np.column_stack([table.values[name] for name in self.dimensions]), axis=1)
        overall = np.nan_to_num(table.values.get(OVERALL, total), nan=np.inf)
        order = np.lexsort((np.arange(len(table)), total, overall))
        return [self.judged(int(row)) for row in order[self.failing[order]][:n]]

    def judged(self, row: int) -> JudgedItem:
        """One row with all that the judge said."""
        binding = itertools.compress(self.dimensions, self.binding[row] > 0)
        return judged_item(self.table, row, tuple(binding))


def judged_item(table: ScoreTable, row: int, binding: tuple[str, ...] = ()) -> JudgedItem:
    """One row of a table with all that the judge said."""
    scores = {name: float(values[row]) for name, values in table.values.items()}
    verdict = table.passed[row]
    return JudgedItem(
        table.items[row],
        None if np.isnan(verdict) else bool(verdict),
        {name: None if np.isnan(score) else score for name, score in scores.items()},
        {name: reasons[row] for name, reasons in table.reasons.items() if reasons[row]},
        binding,
    )


def _rescues(rubric: Rubric, names: tuple[str, ...], pattern: Floats) -> list[bool]:
    """Whether the top score on each dimension alone makes these scores pass."""
    scores = {name: float(v) for name, v in zip(names, pattern, strict=True) if not np.isnan(v)}
    return [bool(_passes(rubric, {**scores, name: float(rubric.scale.max)})) for name in rubric.dimensions]


def _passes(rubric: Rubric, scores: Mapping[str, float]) -> bool | None:
    dimensions = {name: score for name, score in scores.items() if name != OVERALL}
    overall = rubric.overall_score(dimensions)
    return rubric.passes(dimensions if overall is None else {**dimensions, OVERALL: overall})
