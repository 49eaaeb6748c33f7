"""Levels of many raters at once: a builder is called on the rows of all pairs, not pair by pair on all items.

A row is an item and a group: two people who rated it, or one person and the consensus of the others. The sums
of a group are those of its rows. A cluster changes the statistics of the groups that it has rows in, and of
no others, so that the jackknife of a mean over groups costs as much as there are rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from judge.stats.engine.estimate import UNDEFINED_PAIRS, Estimate
from judge.stats.engine.intervals import Method, ResampledValues
from judge.stats.engine.resampling import Replicates, ResampleOptions, Sampling
from judge.stats.engine.scale import Bools, Floats, Ints
from judge.stats.engine.statistic import Statistic
from judge.stats.engine.weights import cluster_codes, width_of
from judge.stats.judge_human.consensus import Consensus, consensus
from judge.stats.judge_human.shared_basis import level_statistics, method_for

__all__: list[str] = []

FEW_RATERS = 12
"""Up to so many raters one pair after the other is as fast: rows of many items that are alike are counted."""
_CHUNK = 2**22  # elements of one array: 32 MB of float64
Agreement: TypeAlias = Callable[[Floats, Floats], Statistic]


def are_many(n_raters: int, options: ResampleOptions) -> bool:
    """Return whether there are many raters, and an interval by the jackknife without a sampling design."""
    by_jackknife = options.get("method", "jackknife") in ("auto", "jackknife")
    return n_raters > FEW_RATERS and by_jackknife and options.get("design") is None


@dataclass(frozen=True)
class GroupRows:
    """Ratings to compare, sorted by group and cluster.

    Attributes
    ----------
    columns : ndarray, shape (n_rows, n_columns)
        Ratings, none missing.
    item : ndarray, shape (n_rows,)
        Item of each row.
    labels : ndarray, shape (n_groups,)
        What each group is about, ascending. Every group has a row.
    starts, ends : ndarray, shape (n_records,)
        First row of each record, the rows of one group and cluster, and the row after the last.
    group, cluster : ndarray, shape (n_records,)
        Group and cluster of each record.
    items_of_cluster : ndarray, shape (n_clusters,)
        Number of items in each cluster.
    """

    columns: Floats
    item: Ints
    labels: Ints
    starts: Ints
    ends: Ints
    group: Ints
    cluster: Ints
    items_of_cluster: Ints

    @classmethod
    def of(
        cls, item: Ints, label: Ints, columns: Floats, n_items: int, clusters: ArrayLike | None
    ) -> GroupRows:
        """Sort rows that are given in any order."""
        codes = cluster_codes(clusters, n_items)
        order = np.lexsort((codes[item], label))
        item, cluster = item[order], codes[item[order]]
        labels, group = np.unique(label[order], return_inverse=True)
        is_first = np.ones(len(order), dtype=bool)
        is_first[1:] = (group[1:] != group[:-1]) | (cluster[1:] != cluster[:-1])
        starts = np.flatnonzero(is_first)
        ends = np.append(starts[1:], len(order))
        sizes = np.bincount(codes, minlength=int(codes.max(initial=-1)) + 1)
        return cls(columns[order], item, labels, starts, ends, group[starts], cluster[starts], sizes)

    @property
    def n_clusters(self) -> int:
        """Number of clusters, also of those without a row."""
        return len(self.items_of_cluster)

    @property
    def sizes(self) -> Ints:
        """Number of rows of each group."""
        return np.bincount(self.group, self.ends - self.starts).astype(np.int64)

    def of_group(self, group: int) -> Floats:
        """Return the columns of one group, shape (n_columns, rows)."""
        first, last = np.searchsorted(self.group, [group, group + 1])
        return self.columns[self.starts[first] : self.ends[last - 1]].T

    def items_with(self, chosen: Bools) -> Floats:
        """Return the items of each cluster that have a row in the chosen groups."""
        lengths = self.ends - self.starts
        met = np.repeat(chosen[self.group], lengths)
        first = np.unique(self.item[met], return_index=True)[1]
        cluster = np.repeat(self.cluster, lengths)[met][first]
        return np.bincount(cluster, minlength=self.n_clusters).astype(float)

    def sums_over_clusters(self, of_record: Floats, chosen: Bools) -> Floats:
        """Return the sums over records of the chosen groups in each cluster."""
        kept = chosen[self.group]
        return np.bincount(self.cluster[kept], of_record[kept], minlength=self.n_clusters).astype(float)


@dataclass(frozen=True)
class GroupLevel:
    """A statistic of every group, and how much it moves without each cluster.

    Attributes
    ----------
    values : ndarray, shape (n_groups,)
        NaN where undefined.
    changes : ndarray, shape (n_records,)
        Value without the rows of the record, minus the value.
    minimum : float
        Smallest possible value.
    is_coded : bool
        Whether every item counts towards the size of its cluster, as for tables of codes.
    """

    values: Floats
    changes: Floats
    minimum: float
    is_coded: bool

    @classmethod
    def of(cls, agreement: Agreement, rows: GroupRows, left: int, right: int) -> GroupLevel:
        """Compare two of the columns in every group."""
        if not len(rows.labels):
            return cls(np.empty(0), np.empty(0), -np.inf, is_coded=False)
        a, b = rows.columns[:, left], rows.columns[:, right]
        statistic = agreement(a, b)
        values, without = _evaluate(statistic, rows)
        first_record = np.searchsorted(rows.group, np.arange(len(rows.labels)))
        last_record = np.append(first_record[1:], len(rows.group)) - 1
        first = rows.starts[first_record]
        single = rows.ends[last_record] - first == 1
        if single.any():  # statistics of agreement beyond chance need two items
            row = int(first[np.argmax(single)])
            alone = agreement(a[row : row + 1], b[row : row + 1]).reason is not None
            values = np.where(single & alone, np.nan, values)
        changes = without - values[rows.group]
        return cls(values, changes, statistic.minimum, statistic.sums.ndim == 1)


def _evaluate(statistic: Statistic, rows: GroupRows) -> tuple[Floats, Floats]:
    """Return the value of each group, and the value without each record, chunk by chunk of groups."""
    n_groups, width = len(rows.labels), width_of(statistic.sums)
    values, without = np.full(n_groups, np.nan), np.full(len(rows.group), np.nan)
    if statistic.reason is not None:
        return values, without
    group_starts = np.append(np.searchsorted(rows.group, np.arange(n_groups)), len(rows.group))
    row_ends = np.append(rows.starts, rows.ends[-1])[group_starts]
    first = 0
    while first < n_groups:
        most = row_ends[first] + max(1, _CHUNK // max(1, width))
        last = max(first + 1, int(np.searchsorted(row_ends, most, side="right")) - 1)
        records = slice(group_starts[first], group_starts[last])
        part = statistic.sums[row_ends[first] : row_ends[last]]
        table = np.eye(width)[part] if part.ndim == 1 else part
        starts = rows.starts[records] - row_ends[first]
        of_record = table if len(starts) == len(table) else np.add.reduceat(table, starts, axis=0)
        totals = np.add.reduceat(of_record, group_starts[first:last] - group_starts[first], axis=0)
        values[first:last] = statistic.function(totals)
        without[records] = statistic.function(totals[rows.group[records] - first] - of_record)
        first = last
    return values, without


@dataclass(frozen=True)
class _Side:
    """Levels of the people that the groups are about, and of the judge against the same references."""

    people: Ints
    human: GroupLevel
    judge: GroupLevel

    @property
    def defined(self) -> Bools:
        both: Bools = ~(np.isnan(self.human.values) | np.isnan(self.judge.values))
        return both


@dataclass(frozen=True)
class StackedContrasts:
    """Levels of people and judge in all groups; the counterpart of `SharedBasis` for many raters."""

    rows: GroupRows
    sides: Sequence[_Side]
    agreement: Agreement
    columns: tuple[int, int]

    @property
    def people(self) -> list[int]:
        """People with a defined level."""
        found: set[int] = set()
        for side in self.sides:
            found.update(side.people[side.defined].tolist())
        return sorted(found)

    def levels(self, person: int | None, n_items: int, n_ratings: int) -> Replicates:
        """Return the human level, the judge's, and their difference: of one person, or of all (None)."""
        chosen = [s.defined & (True if person is None else s.people == person) for s in self.sides]
        human = self._mean([s.human for s in self.sides], chosen)
        judge = self._mean([s.judge for s in self.sides], chosen)
        gap = replace(human, value=judge.value - human.value, jackknife=judge.jackknife - human.jackknife)
        lowest = min(min(s.human.minimum, s.judge.minimum) for s in self.sides)
        one = self._first(self.people[0] if person is None else person)
        statistics = level_statistics(replace(one, minimum=lowest), n_items, n_ratings)
        methods: dict[str, Method] = {n: method_for(s.kind, "jackknife") for n, s in statistics.items()}
        samples = {"human": human, "judge": judge, "difference": gap}
        return Replicates(statistics, samples, methods, self.rows.n_clusters)

    def _first(self, person: int) -> Statistic:
        """Return the first statistic of a person, whose kind and notes are those of the mean."""
        mine = [np.flatnonzero(side.defined & (side.people == person)) for side in self.sides]
        ratings = self.rows.of_group(int(np.concatenate(mine).min()))
        return self.agreement(ratings[self.columns[0]], ratings[self.columns[1]])

    def _mean(self, levels: Sequence[GroupLevel], chosen: Sequence[Bools]) -> ResampledValues:
        return mean_level(self.rows, levels, chosen)


def mean_level(rows: GroupRows, levels: Sequence[GroupLevel], chosen: Sequence[Bools]) -> ResampledValues:
    """Return the mean over the chosen groups of each level, and without each cluster."""
    n = sum(int(c.sum()) for c in chosen)
    value = sum(float(level.values[c].sum()) for level, c in zip(levels, chosen, strict=True)) / n
    moved = sum(rows.sums_over_clusters(level.changes, c) for level, c in zip(levels, chosen, strict=True))
    sizes = None
    if rows.items_of_cluster.max() > 1:
        of_record = (rows.ends - rows.starts).astype(float)
        shared = sum(rows.sums_over_clusters(of_record, c) for c in chosen)
        sizes = rows.items_of_cluster.astype(float) if levels[0].is_coded else np.divide(shared, n)
    counts = np.ones(rows.n_clusters)
    return ResampledValues(value, value + np.divide(moved, n), counts, np.empty(0), sizes=sizes)


def stacked_pairs(
    humans: Floats, judge: Floats, agreement: Agreement, clusters: ArrayLike | None
) -> StackedContrasts:
    """Compare every two people, and the judge with each of them, on the items with all three."""
    rows = pair_rows(humans, judge, clusters)
    of_pair, with_first, with_second = (
        GroupLevel.of(agreement, rows, *columns) for columns in ((0, 1), (0, 2), (1, 2))
    )
    first, second = np.divmod(rows.labels, humans.shape[1])
    sides = [_Side(first, of_pair, with_second), _Side(second, of_pair, with_first)]
    return StackedContrasts(rows, sides, agreement, (0, 1))


def stacked_people(
    humans: Floats, judge: Floats, agreement: Agreement, reference: Consensus, clusters: ArrayLike | None
) -> StackedContrasts:
    """Compare every person, and the judge, with the consensus of the other people."""
    rows = person_rows(humans, judge, reference, clusters)
    human, model = (GroupLevel.of(agreement, rows, 0, column) for column in (1, 2))
    return StackedContrasts(rows, [_Side(rows.labels, human, model)], agreement, (0, 1))


def person_rows(humans: Floats, judge: Floats, reference: Consensus, clusters: ArrayLike | None) -> GroupRows:
    """Return the consensus of the other people, the person and the judge, for every person."""
    parts = []
    for h, own in enumerate(humans.T):
        mine = np.flatnonzero(~(np.isnan(own) | np.isnan(judge)))
        others = consensus(np.delete(humans[mine], h, axis=1), reference)
        rated = ~np.isnan(others)
        mine = mine[rated]
        parts.append((mine, np.full(len(mine), h), np.stack([others[rated], own[mine], judge[mine]], axis=1)))
    item, person, columns = (np.concatenate(part) for part in zip(*parts, strict=True))
    return GroupRows.of(item, person, columns, len(humans), clusters)


def pair_rows(humans: Floats, judge: Floats, clusters: ArrayLike | None) -> GroupRows:
    """Return first person, second person and judge for every pair of people; pair h, g has h k + g."""
    present = ~np.isnan(humans) & ~np.isnan(judge)[:, None]
    item, person = np.nonzero(present)  # by item, so that those who share an item are neighbours
    most = int(present.sum(axis=1).max(initial=0))
    starts = [np.flatnonzero(item[step:] == item[:-step]) for step in range(1, most)]
    first = np.concatenate([np.empty(0, dtype=np.int64), *starts])
    steps = np.repeat(np.arange(1, len(starts) + 1), [len(found) for found in starts])
    second = first + steps
    of, h, g = item[first], person[first], person[second]
    columns = np.stack([humans[of, h], humans[of, g], judge[of]], axis=1)
    return GroupRows.of(of, h * humans.shape[1] + g, columns, len(humans), clusters)


def mean_over_pairs(
    humans: Floats, agreement: Agreement, sampling: Sampling, *, lists_undefined: bool = False
) -> Estimate | None:
    """Return the mean of a coefficient over all pairs of people by the jackknife (Light's mean for kappa).

    None if no pair has a value. The pairs without one can be listed in the notes.
    """
    k, rows = humans.shape[1], pair_rows(humans, np.zeros(len(humans)), sampling.get("clusters"))
    level = GroupLevel.of(agreement, rows, 0, 1)
    defined = ~np.isnan(level.values)
    if not defined.any():
        return None
    value = mean_level(rows, [level], [defined])
    if value.sizes is not None and not level.is_coded:
        value = replace(value, sizes=rows.items_with(defined))
    rated = (~np.isnan(humans)).sum(axis=1)
    missing = set(combinations(range(k), 2)) - {divmod(int(of), k) for of in rows.labels[defined]}
    listed = ", ".join(f"{h}-{g}" for h, g in sorted(missing)) if lists_undefined else ""
    statistic = Statistic(
        np.empty((len(humans), 0)),
        lambda totals: np.full(len(totals), value.value),
        "coefficient",
        n_items=int((rated >= 2).sum()),
        n_ratings=int(rated[rated >= 2].sum()),
        n_dropped=int(rated[rated < 2].sum()),
        notes=(f"{UNDEFINED_PAIRS}: {listed}",) if listed else (),
        minimum=level.minimum,
    )
    replicates = Replicates({"": statistic}, {"": value}, {"": "jackknife"}, rows.n_clusters)
    return replicates.estimate("", sampling.get("confidence_level", 0.95))
