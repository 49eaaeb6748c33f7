"""Pass rates and mean scores by slice: by the values of a field, or of several crossed fields."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from judge.analysis.group_difference import Bools, GroupDifference, Groups, group_difference, within
from judge.analysis.item_fields import CodedLabels, Labels, natural_rank
from judge.analysis.measures import Measure, MeasureKind, measures
from judge.analysis.pass_rate import Marks, PassRate
from judge.analysis.score_table import ScoreTable
from judge.errors import InputError
from judge.stats.engine.estimate import NO_RATINGS, Estimate
from judge.stats.engine.resampling import estimate
from judge.stats.engine.scale import Floats
from judge.stats.engine.statistic import Statistic, quotient
from judge.stats.engine.weights import cluster_codes
from judge.stats.systems.multiplicity import holm

SMALL = 20
"""A slice with fewer items is marked as small: its figures are only indicative."""
MOST_SLICES = 200
CROSS = "*"


@dataclass(frozen=True)
class Slice:
    """Figures of the items that share the value of a field.

    Attributes
    ----------
    label : str
        The value, or the values of crossed fields joined by " * ".
    passing : PassRate
        Share of answers that pass.
    dimensions : dict
        Dimension -> share that reaches its pass mark; dimensions without a pass mark are left out.
    means : dict
        Dimension -> mean score, or share of the answers that meet a criterion; categories are left out.
    against_rest : GroupDifference
        Pass rate here minus pass rate of all other items.
    """

    label: str
    passing: PassRate
    dimensions: dict[str, PassRate]
    means: dict[str, Estimate]
    against_rest: GroupDifference

    @property
    def small(self) -> bool:
        """Whether the rate rests on fewer than 20 verdicts."""
        return self.passing.n_pass + self.passing.n_fail < SMALL


@dataclass(frozen=True)
class SliceTable:
    """All slices of one field, and their averages.

    Attributes
    ----------
    field : str
        A field, or several joined by "*".
    slices : tuple of Slice
        In natural order of their labels.
    macro, micro : Estimate
        Macro average of the pass rate (each slice counts the same) and micro average (each item does).
    macro_means, micro_means : dict
        Dimension -> the same averages of the scores.
    kinds : dict
        Dimension -> whether these are mean scores or shares.
    """

    field: str
    slices: tuple[Slice, ...]
    macro: Estimate
    micro: Estimate
    macro_means: dict[str, Estimate]
    micro_means: dict[str, Estimate]
    kinds: dict[str, MeasureKind]


def slice_tables(table: ScoreTable, fields: Sequence[str], clusters: Groups = None) -> list[SliceTable]:
    """Slice by each of `fields`; p-values are adjusted for the tests of all fields together (Holm).

    Parameters
    ----------
    table : ScoreTable
        The run.
    fields : sequence of str
        Names of fields; ``"a*b"`` crosses two.
    clusters : ndarray of str, optional
        Cluster of each item.

    Raises
    ------
    InputError
        No item has the field, or it has too many values to be slices.
    """
    if not fields:
        return []
    whole = _Whole.of(table, clusters)
    return _adjusted([_slice_table(whole, field) for field in fields])


@dataclass(frozen=True)
class _Whole:
    """What is the same for all slices of a table, computed once.

    Attributes
    ----------
    table : ScoreTable
        The run.
    clusters : ndarray or None
        Cluster of each item.
    verdicts : Marks
        Verdicts.
    marks : dict
        Dimension with a pass mark -> whether answers reach it.
    averaged : list of Measure
        What has a mean.
    micro : Estimate
        Pass rate of all items.
    micro_means : dict
        Dimension -> mean of all items.
    """

    table: ScoreTable
    clusters: Groups
    verdicts: Marks
    marks: dict[str, Marks]
    averaged: list[Measure]
    micro: Estimate
    micro_means: dict[str, Estimate]

    @classmethod
    def of(cls, table: ScoreTable, clusters: Groups) -> "_Whole":
        verdicts, averaged = Marks.verdicts(table, clusters), measures(table, clusters)
        marks = {name: found for name in table.values if (found := Marks.on(table, name, clusters))}
        means = {one.name: one.estimate() for one in averaged}
        return cls(table, clusters, verdicts, marks, averaged, verdicts.rate().estimate, means)


class HasFields(Protocol):
    """Items with fields: a `ScoreTable` or `AlignedRatings`."""

    def field(self, name: str) -> Labels:
        """One field of every item as text."""


def members(items: HasFields, field: str) -> list[tuple[str, Bools]]:
    """Label and mask of each slice of a field, or of each combination of crossed fields that occurs.

    Slices are in natural order (9 before 10, and missing values last), field by field.

    Raises
    ------
    InputError
        No item has the field, or it has too many values to be slices.
    """
    columns = [_coded(items, name.strip()) for name in field.split(CROSS)]
    codes = columns[0].codes
    for column in columns[1:]:
        codes = codes * len(column.labels) + column.codes
    found: dict[tuple[str, ...], int] = {}
    for code in np.unique(codes).tolist():
        rest, labels = code, []
        for column in reversed(columns[1:]):
            rest, place = divmod(rest, len(column.labels))
            labels.append(column.labels[place])
        found[columns[0].labels[rest], *reversed(labels)] = code
    if len(found) > MOST_SLICES:
        raise InputError(
            f"{field!r} has {len(found):,} values in {len(codes):,} items, too many for slices (at most "
            f"{MOST_SLICES}). If items with one {field} are not independent: --cluster {field}"
        )
    distinct = sorted(found, key=lambda labels: [natural_rank(label) for label in labels])
    return [(" * ".join(labels), codes == found[labels]) for labels in distinct]


def _coded(items: HasFields, name: str) -> CodedLabels:
    return items.coded(name) if isinstance(items, ScoreTable) else CodedLabels.of(items.field(name).tolist())


def macro_average(
    values: Floats, slices: Sequence[Sequence[Bools]], clusters: Groups = None, *, share: bool = False
) -> Estimate:
    """Macro average: mean over slices of the mean value of each slice, however many items it holds.

    A slice may consist of several classes, which count the same within it (balanced accuracy). Missing values
    are left out, and so are classes and slices without a value. No item is in two classes.

    Parameters
    ----------
    values : ndarray, shape (n_items,)
        Scores, or 1 and 0 for pass and fail; NaN where missing.
    slices : sequence of sequences of ndarray of bool
        Classes of each slice as masks; a plain slice is one class.
    clusters : ndarray of str, optional
        Cluster of each item.
    share : bool
        Whether `values` are 1 and 0. The interval is then Wilson's for the effective sample size, like that
        of the pass rate; otherwise it is Student's t with the jackknife's standard error.

    Examples
    --------
    >>> easy = np.array([True, True, True, False])
    >>> macro_average(np.array([1.0, 1.0, 1.0, 0.0]), [[easy], [~easy]]).value
    0.5
    """
    used = ~np.isnan(values)
    place = np.full(len(values), -1)
    for number, one in enumerate(one for classes in slices for one in classes):
        place[one] = number
    scores, place = values[used], place[used]
    occurs = np.isin(np.arange(sum(map(len, slices))), place)
    ends = np.cumsum([len(classes) for classes in slices])[:-1]
    n_classes = [n for n in map(int, map(np.sum, np.split(occurs, ends))) if n]
    if not n_classes:
        return Estimate.undefined(NO_RATINGS)
    weights = np.array([1 / (len(n_classes) * n) for n in n_classes for _ in range(n)])
    n_flat = len(weights)
    # Items of no class are in a column of their own, which is left out.
    place = np.append(np.where(occurs, np.cumsum(occurs) - 1, n_flat), n_flat)[place]
    codes = cluster_codes(None if clusters is None else clusters[used], len(scores))
    n_clusters = int(codes.max()) + 1
    cells = codes * (n_flat + 1) + place
    sums = np.empty((n_clusters, 2 * n_flat))
    for columns, added in ((slice(n_flat), scores), (slice(n_flat, None), None)):
        of_cells = np.bincount(cells, added, n_clusters * (n_flat + 1))
        sums[:, columns] = of_cells.reshape(n_clusters, n_flat + 1)[:, :n_flat]
    sizes = sums[:, n_flat:].sum(axis=1) if n_clusters < len(scores) else None

    def mean_of_means(totals: Floats) -> Floats:
        means = quotient(totals[:, :n_flat], totals[:, n_flat:])
        return np.asarray(means @ weights)

    n_used = len(scores)
    statistic = Statistic(sums, mean_of_means, "share" if share else "plain", n_used, n_used, sizes=sizes)
    return estimate(statistic, method="wilson" if share else "jackknife")


def _slice_table(whole: _Whole, field: str) -> SliceTable:
    table = whole.table
    found = [(label, mask) for label, mask in members(table, field) if (mask & table.is_judged).any()]
    masks = [mask for _, mask in found]
    return SliceTable(
        field,
        tuple(_slice(whole, label, mask) for label, mask in found),
        macro_average(table.passed, [[mask] for mask in masks], whole.clusters, share=True),
        whole.micro,
        {of.name: _macro_mean(of, masks) for of in whole.averaged},
        whole.micro_means,
        {of.name: of.kind for of in whole.averaged},
    )


def _macro_mean(of: Measure, masks: Sequence[Bools]) -> Estimate:
    slices = [[mask[of.rows]] for mask in masks]
    found = macro_average(of.values, slices, of.clusters, share=of.is_marks)
    return found if of.is_marks else within(found, of.scale.min, of.scale.max)


def _slice(whole: _Whole, label: str, mask: Bools) -> Slice:
    rows = np.flatnonzero(mask)
    # Numbered anew, so that the clusters of the others are not gone through for every figure.
    clusters = None if whole.clusters is None else cluster_codes(whole.clusters[rows], len(rows))
    n_items = len(mask)
    return Slice(
        label,
        whole.verdicts.take(rows, clusters).rate(),
        {name: marks.take(rows, clusters).rate() for name, marks in whole.marks.items()},
        {
            of.name: (of.take(rows, clusters) if of.is_of_all(n_items) else of.among(mask)).estimate()
            for of in whole.averaged
        },
        group_difference(whole.table.passed, mask, ~mask, whole.clusters),
    )


def _adjusted(tables: list[SliceTable]) -> list[SliceTable]:
    """Adjust all p-values together; two slices of one field have mirrored differences, which are one test."""
    tests = [(t, s) for t, table in enumerate(tables) for s in _tested(table)]
    raw = [tables[t].slices[s].against_rest.p for t, s in tests]
    adjusted = dict(zip(tests, holm(raw).tolist() if raw else [], strict=True))
    return [
        replace(
            table,
            slices=tuple(
                _with_adjusted_p(one, adjusted.get((t, s), adjusted.get((t, _first_tested(table)), np.nan)))
                if one.passing.n
                else one
                for s, one in enumerate(table.slices)
            ),
        )
        for t, table in enumerate(tables)
    ]


def _tested(table: SliceTable) -> list[int]:
    """Slices with a test of their own: not those that no verdict concerns, nor the second of two."""
    tested = [s for s, one in enumerate(table.slices) if one.passing.n]
    return tested if len(tested) > 2 else tested[:1]


def _first_tested(table: SliceTable) -> int:
    return next(iter(_tested(table)), 0)


def n_tests(tables: Sequence[SliceTable]) -> int:
    """Number of p-values that were adjusted together."""
    return sum(not np.isnan(table.slices[s].against_rest.p) for table in tables for s in _tested(table))


def _with_adjusted_p(one: Slice, p: float) -> Slice:
    return replace(one, against_rest=replace(one.against_rest, p_adjusted=p))
