"""The same figures for parts of the items: by a field, or by several crossed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from judge.analysis.group_difference import Bools, GroupDifference, Groups, group_difference, within
from judge.analysis.pass_rate import PassRate, mean_score, pass_rate
from judge.analysis.score_table import ScoreTable, natural_rank
from judge.errors import InputError
from judge.stats.engine.estimate import NO_RATINGS, Estimate
from judge.stats.engine.resampling import estimate
from judge.stats.engine.scale import Floats
from judge.stats.engine.statistic import Statistic, quotient
from judge.stats.systems.multiplicity import holm

SMALL = 20
"""A slice with fewer verdicts is marked: its figures are hints."""
MOST_SLICES = 200
CROSS = "*"


@dataclass(frozen=True)
class Slice:
    """Figures of the items that share a value of a field.

    Attributes
    ----------
    label : str
        The value, or the values of crossed fields joined by " * ".
    passing : PassRate
        Share of answers that pass.
    dimensions : dict
        Dimension -> share at or above its bar; dimensions without a bar are left out.
    means : dict
        Dimension -> mean score.
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
        """Whether fewer than 20 verdicts stand behind the rate."""
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
        Pass rate averaged over slices (each counts the same), and over items (each slice by its size).
    macro_means, micro_means : dict
        Dimension -> the same averages of the mean scores.
    """

    field: str
    slices: tuple[Slice, ...]
    macro: Estimate
    micro: Estimate
    macro_means: dict[str, Estimate]
    micro_means: dict[str, Estimate]


def slice_tables(table: ScoreTable, fields: Sequence[str], clusters: Groups = None) -> list[SliceTable]:
    """Slice by each of `fields`; p-values are adjusted for all tests of all of them (Holm).

    Parameters
    ----------
    table : ScoreTable
        The run.
    fields : sequence of str
        Names of fields; ``"a*b"`` crosses two.
    clusters : ndarray of str, optional
        Group of each item.

    Raises
    ------
    InputError
        No item has the field, or it has too many values to be slices.
    """
    return _adjusted([_slice_table(table, field, clusters) for field in fields])


def members(table: ScoreTable, field: str) -> list[tuple[str, Bools]]:
    """Label and mask of each slice of a field, or of each combination of crossed fields that occurs."""
    columns = [table.field(name.strip()).tolist() for name in field.split(CROSS)]
    values = list(zip(*columns, strict=True))
    distinct = sorted(set(values), key=lambda labels: [natural_rank(label) for label in labels])
    if len(distinct) > MOST_SLICES:
        raise InputError(
            f"{table.name}: {field!r} has {len(distinct):,} values in {len(table):,} items, too many "
            f"for slices (at most {MOST_SLICES}). To keep items of one {field} together: --cluster {field}"
        )
    place = {labels: code for code, labels in enumerate(distinct)}
    codes = np.array([place[labels] for labels in values])
    return [(" * ".join(labels), codes == code) for labels, code in place.items()]


def macro_average(values: Floats, groups: Sequence[Bools], clusters: Groups = None) -> Estimate:
    """Mean of the means of groups: each group counts the same, however many items it holds.

    Groups in which every value is missing are left out. The interval is the jackknife's.

    Examples
    --------
    >>> easy = np.array([True, True, True, False])
    >>> macro_average(np.array([1.0, 1.0, 1.0, 0.0]), [easy, ~easy]).value
    0.5
    """
    used = ~np.isnan(values)
    held = [group[used] for group in groups if (group & used).any()]
    if not held:
        return Estimate.undefined(NO_RATINGS)
    width = len(held)
    sums = np.column_stack([*(group * values[used] for group in held), *held])

    def mean_of_means(totals: Floats) -> Floats:
        return np.asarray(quotient(totals[:, :width], totals[:, width:]).mean(axis=1))

    statistic = Statistic(sums.astype(float), mean_of_means)
    return estimate(statistic, clusters=None if clusters is None else clusters[used], method="jackknife")


def _slice_table(table: ScoreTable, field: str, clusters: Groups) -> SliceTable:
    found = members(table, field)
    masks, scale = [mask for _, mask in found], table.rubric.scale
    return SliceTable(
        field,
        tuple(_slice(table, label, mask, clusters) for label, mask in found),
        within(macro_average(table.passed, masks, clusters), 0, 1),
        pass_rate(table.passed, clusters).estimate,
        {
            name: within(macro_average(values, masks, clusters), scale.min, scale.max)
            for name, values in table.values.items()
        },
        {name: mean_score(values, clusters, scale) for name, values in table.values.items()},
    )


def _slice(table: ScoreTable, label: str, mask: Bools, clusters: Groups) -> Slice:
    groups = None if clusters is None else clusters[mask]
    marks = {name: table.passed_bar(name) for name in table.values}
    return Slice(
        label,
        pass_rate(table.passed[mask], groups),
        {name: pass_rate(m[mask], groups) for name, m in marks.items() if m is not None},
        {name: mean_score(v[mask], groups, table.rubric.scale) for name, v in table.values.items()},
        group_difference(table.passed, mask, ~mask, clusters),
    )


def _adjusted(tables: list[SliceTable]) -> list[SliceTable]:
    """Adjust all p-values together. Two slices of one field mirror each other: that is one test."""
    tests = [(t, s) for t, table in enumerate(tables) for s in range(_n_tests(table))]
    raw = [tables[t].slices[s].against_rest.p for t, s in tests]
    adjusted = dict(zip(tests, holm(raw).tolist() if raw else [], strict=True))
    return [
        replace(
            table,
            slices=tuple(
                _with_adjusted_p(one, adjusted[t, min(s, _n_tests(table) - 1)] if adjusted else np.nan)
                for s, one in enumerate(table.slices)
            ),
        )
        for t, table in enumerate(tables)
    ]


def _n_tests(table: SliceTable) -> int:
    return len(table.slices) if len(table.slices) > 2 else 1


def n_tests(tables: Sequence[SliceTable]) -> int:
    """How many p-values were adjusted together."""
    return sum(_n_tests(table) for table in tables)


def _with_adjusted_p(one: Slice, p: float) -> Slice:
    return replace(one, against_rest=replace(one.against_rest, p_adjusted=p))
