"""Paired comparison of two runs over the same items: two systems, two conditions, or two judges."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from judge.analysis.comparable import refuse_other_scales
from judge.analysis.failures import JudgedItem, judged_item
from judge.analysis.group_difference import Groups, within
from judge.analysis.matched_items import keys_of, match_items
from judge.analysis.measures import (
    is_category,
    mean_score,
    measure,
)
from judge.analysis.pass_rate import pass_rate
from judge.analysis.score_table import ScoreTable
from judge.analysis.slices import SMALL, members
from judge.errors import InputError
from judge.rubric import BINARY, CRITERIA, RubricScale
from judge.stats.engine.estimate import Estimate
from judge.stats.engine.scale import Floats, Ints
from judge.stats.systems.multiplicity import holm
from judge.stats.systems.paired import paired_difference, paired_proportions
from judge.stats.systems.significance import mcnemar


@dataclass(frozen=True)
class Change:
    """Change of one measure, on the items that have a value in both runs.

    Attributes
    ----------
    name : str
        ``pass``, a dimension, or a slice.
    a, b : Estimate
        The measure in each run, on the items with both values.
    difference : Estimate
        b minus a, paired.
    p, p_adjusted : float
        p-value of the null hypothesis of no difference, and the same adjusted within its table (Holm).
    n_up, n_down : int
        Items with a higher value in b, and with a lower one.
    """

    name: str
    a: Estimate
    b: Estimate
    difference: Estimate
    p: float
    p_adjusted: float
    n_up: int
    n_down: int

    @property
    def small(self) -> bool:
        """Whether it rests on fewer than 20 pairs."""
        return self.difference.n_items < SMALL


@dataclass(frozen=True)
class Flip:
    """An item that passes in one run and fails in the other, in a row of two tables.

    Its texts, `a` and `b`, are read when they are shown.
    """

    key: str
    tables: tuple[ScoreTable, ScoreTable]
    row: int

    @cached_property
    def a(self) -> JudgedItem:
        """The answer in a."""
        return judged_item(self.tables[0], self.row)

    @cached_property
    def b(self) -> JudgedItem:
        """The answer in b."""
        return judged_item(self.tables[1], self.row)

    @property
    def passed(self) -> tuple[bool | None, bool | None]:
        """Whether it passes in a and in b; None if that depends on a missing score."""
        first, second = (table.verdict(self.row) for table in self.tables)
        return first, second

    @property
    def gained(self) -> bool:
        """Whether it passes in b."""
        return self.passed[1] is True


@dataclass(frozen=True)
class RunComparison:
    """Comparison of two runs on their common items.

    Attributes
    ----------
    a, b : ScoreTable
        The matched items: row i of one belongs to row i of the other.
    matched_by : str
        ``id``, ``pair_id``, or ``pair_id and system``; likewise with ``condition`` and ``shots``.
    only_a, only_b : tuple of str
        Ids of unmatched items, which are left out.
    passing : Change
        Pass rate.
    n_missing : int
        Pairs in which a verdict is missing in either run.
    least, most : float
        Smallest and largest difference of the pass rates that the missing verdicts leave open.
    dimensions : tuple of Change
        Mean scores.
    met : tuple of Change
        Shares of the answers that meet a criterion; ``criteria`` for those that the items bring along.
    labels : tuple of Change
        Shares of the answers with each label of a category.
    slices : dict
        Field -> pass rate of each slice.
    flips : tuple of Flip
        Items whose verdict changed, in the order of a.
    """

    a: ScoreTable
    b: ScoreTable
    matched_by: str
    only_a: tuple[str, ...]
    only_b: tuple[str, ...]
    passing: Change
    n_missing: int
    least: float
    most: float
    dimensions: tuple[Change, ...]
    met: tuple[Change, ...]
    labels: tuple[Change, ...]
    slices: dict[str, tuple[Change, ...]]
    flips: tuple[Flip, ...]

    @property
    def same_answers(self) -> int:
        """Number of pairs with the same answer; if all are the same, two judges are compared."""
        return int((self.a.columns.texts[:, 1] == self.b.columns.texts[:, 1]).sum())

    @property
    def same_questions(self) -> int:
        """Number of pairs with the same question."""
        return int((self.a.columns.texts[:, 0] == self.b.columns.texts[:, 0]).sum())


def compare(
    a: ScoreTable, b: ScoreTable, *, by: Sequence[str] = (), cluster: str | None = None
) -> RunComparison:
    """Compare two runs on the items that both hold.

    Items are matched by `id`, or by `pair_id` where that matches more of them, within each system, condition
    and number of shots that both runs have. Pass rates of independent pairs are tested by McNemar's mid-p
    test with Newcombe's interval; clustered pairs and mean scores by the paired jackknife over clusters.

    Parameters
    ----------
    a, b : ScoreTable
        The runs. Every difference is b minus a.
    by : sequence of str
        Fields of a's items to slice by.
    cluster : str, optional
        Field whose equal values make a cluster of items.

    Raises
    ------
    InputError
        No item matches, a key names several items of one run, no dimension is common, or the scales differ.
    """
    refuse_other_scales([a, b])
    rows_a, rows_b, matched_by = match_items(a, b)
    left, right = a.take(rows_a), b.take(rows_b)
    clusters = left.clusters(cluster)
    common = [name for name in left.values if name in right.values]
    if not common and not (len(left.criteria) and len(right.criteria)):
        raise InputError(
            f"{a.name} and {b.name} have no dimension in common ({', '.join(a.values)} against "
            f"{', '.join(b.values)}); score both with one rubric"
        )
    applies = left.applies & right.applies
    return RunComparison(
        left,
        right,
        matched_by,
        _ids_without(a, rows_a),
        _ids_without(b, rows_b),
        pass_change("pass", left.passed, right.passed, clusters),
        int((np.isnan(left.verdicts + right.verdicts) & applies).sum()),
        *_bounds(left.verdicts[applies], right.verdicts[applies]),
        tuple(_holm([_mean_change(left, right, name, clusters) for name in common if _has_mean(left, name)])),
        tuple(_holm([*_met_changes(left, right, common, clusters)])),
        tuple(_holm([*_label_changes(left, right, common, clusters)])),
        {field: tuple(_slice_changes(left, right, field, clusters)) for field in by},
        tuple(_flips(left, right, matched_by)),
    )


def split(table: ScoreTable, between: str) -> tuple[ScoreTable, ScoreTable]:
    """Split one run in two by a field with two values, or by two of its values: ``field=first,second``.

    Raises
    ------
    InputError
        The field does not have two values, or lacks a named one.
    """
    field, _, wanted = between.partition("=")
    found = dict(members(table, field))
    names = wanted.split(",") if wanted else list(found)
    if len(names) != 2 or any(name not in found for name in names):
        raise InputError(
            f"{table.name}: --between {between} must name two groups; {field!r} has the values "
            f"{', '.join(found)}. Choose two of them: --between {field}=first,second"
        )
    first, second = (table.take(found[name], name) for name in names)
    return first, second


def _ids_without(table: ScoreTable, rows: Ints) -> tuple[str, ...]:
    return tuple(np.delete(table.columns.ids, rows).tolist())


def pass_change(name: str, a: Floats, b: Floats, clusters: Groups = None) -> Change:
    """Change of the pass rate from a to b, on the rows with both verdicts.

    Examples
    --------
    >>> change = pass_change("pass", np.array([1.0, 1.0, 0.0, 0.0]), np.array([1.0, 1.0, 1.0, np.nan]))
    >>> round(change.difference.value, 3), change.n_up
    (0.333, 1)
    """
    both = ~np.isnan(a + b)
    groups = None if clusters is None else clusters[both]
    if groups is None or len(np.unique(groups)) == len(groups):
        difference, p = paired_proportions(b, a), mcnemar(b, a).p_value
    else:
        paired = paired_difference(b, a, clusters=clusters, method="jackknife")
        difference, p = paired.difference, paired.test.p_value
    return Change(
        name,
        pass_rate(a[both], groups).estimate,
        pass_rate(b[both], groups).estimate,
        difference,
        p,
        p,
        int((b > a).sum()),
        int((b < a).sum()),
    )


def _bounds(a: Floats, b: Floats) -> tuple[float, float]:
    """Smallest and largest difference b - a of the pass rates that the missing verdicts leave open."""
    if not len(a):
        return np.nan, np.nan
    low_a, high_a, low_b, high_b = (np.nan_to_num(x, nan=v).mean() for x in (a, b) for v in (0.0, 1.0))
    return float(low_b - high_a), float(high_b - low_a)


def _has_mean(table: ScoreTable, name: str) -> bool:
    return not is_category(table, name) and measure(table, name).kind == "score"


def _met_changes(a: ScoreTable, b: ScoreTable, names: Sequence[str], clusters: Groups) -> Iterator[Change]:
    for name in names:
        if not is_category(a, name) and not _has_mean(a, name):
            yield _share_change(name, *_concerned(a, b, name, clusters), a.rubric.scale_of(name))
    at = {pair: place for pair, place in b.criteria.places().items() if not b.criteria.is_penalty[place]}
    both = [
        (place, at[pair])
        for pair, place in a.criteria.places().items()
        if pair in at and not a.criteria.is_penalty[place]
    ]
    if both:
        first, second = (np.array(places) for places in zip(*both, strict=True))
        rows = a.criteria.rows[first]
        groups = rows.astype(str) if clusters is None else clusters[rows]
        marks = a.criteria.values[first], b.criteria.values[second]
        yield _share_change(CRITERIA, *marks, groups, BINARY)


def _label_changes(a: ScoreTable, b: ScoreTable, names: Sequence[str], clusters: Groups) -> Iterator[Change]:
    for name in names:
        labels = a.rubric.dimensions[name].labels if is_category(a, name) else ()
        for code, label in enumerate(labels):
            first, second = (np.where(np.isnan(v), v, v == code) for v in (a.values[name], b.values[name]))
            yield pass_change(f"{name}: {label}", first, second, clusters)


def _share_change(name: str, a: Floats, b: Floats, clusters: Groups, scale: RubricScale) -> Change:
    """Change of a share; a mean of probabilities or of points is compared like a mean score."""
    marks = np.concatenate([a, b])
    if scale == BINARY and np.isin(marks[~np.isnan(marks)], (0.0, 1.0)).all():
        return pass_change(name, a, b, clusters)
    return _change(name, a, b, clusters, scale)


def _mean_change(a: ScoreTable, b: ScoreTable, name: str, clusters: Groups) -> Change:
    return _change(name, *_concerned(a, b, name, clusters), a.rubric.scale_of(name))


def _concerned(a: ScoreTable, b: ScoreTable, name: str, clusters: Groups) -> tuple[Floats, Floats, Groups]:
    """Values of the pairs that a dimension concerns in both runs, and their clusters."""
    kept = a.applies_to(name) & b.applies_to(name)
    return a.values[name][kept], b.values[name][kept], None if clusters is None else clusters[kept]


def _change(name: str, a: Floats, b: Floats, clusters: Groups, scale: RubricScale) -> Change:
    paired = paired_difference(b, a, clusters=clusters, method="jackknife")
    both = ~np.isnan(a + b)
    groups = None if clusters is None else clusters[both]
    p, width = paired.test.p_value, scale.max - scale.min
    return Change(
        name,
        mean_score(a[both], groups, scale),
        mean_score(b[both], groups, scale),
        within(paired.difference, -width, width),
        p,
        p,
        paired.n_higher,
        paired.n_lower,
    )


def _slice_changes(a: ScoreTable, b: ScoreTable, field: str, clusters: Groups) -> list[Change]:
    return _holm(
        [
            pass_change(label, a.passed[rows], b.passed[rows], None if clusters is None else clusters[rows])
            for label, rows in members(a, field)
        ]
    )


def _holm(changes: Sequence[Change]) -> list[Change]:
    adjusted = holm([change.p for change in changes])
    return [replace(change, p_adjusted=float(p)) for change, p in zip(changes, adjusted, strict=True)]


def _flips(a: ScoreTable, b: ScoreTable, matched_by: str) -> list[Flip]:
    rows = np.flatnonzero(abs(b.passed - a.passed) == 1)
    keys = keys_of(a, matched_by)
    return [Flip(str(keys[row]), (a, b), row) for row in rows.tolist()]
