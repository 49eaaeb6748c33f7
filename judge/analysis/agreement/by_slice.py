"""The judge beside people in parts of the items, and the items on which they differ most."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from judge.analysis.agreement.align import AlignedRatings
from judge.analysis.agreement.coefficients import CoefficientComparison, compare_one, headline
from judge.analysis.agreement.parts import Part
from judge.analysis.score_table import natural_rank
from judge.errors import InputError
from judge.stats.engine.estimate import Estimate
from judge.stats.engine.scale import Bools, Floats
from judge.stats.pass_fail.proportion import mean
from judge.stats.systems.multiplicity import holm
from judge.stats.systems.significance import t_test

SMALL = 20
MOST_SLICES = 200
CROSS = "*"


@dataclass(frozen=True)
class AgreementSlice:
    """One judge on one dimension in one slice.

    Attributes
    ----------
    field, label, dimension, judge : str
        Which.
    n_both : int
        Items with people's ratings and the judge's.
    comparison : CoefficientComparison
        People and judge side by side.
    people_mean, judge_mean, bias : Estimate
        Means of people (all their ratings) and judge, and judge minus people's mean on the items with both.
    p, p_adjusted : float
        Of "the judge agrees with people as much as they do", raw and adjusted for every slice shown (Holm).
    """

    field: str
    label: str
    dimension: str
    judge: str
    n_both: int
    comparison: CoefficientComparison
    people_mean: Estimate
    judge_mean: Estimate
    bias: Estimate
    p: float
    p_adjusted: float = np.nan

    @property
    def small(self) -> bool:
        """Whether fewer than 20 items stand behind it."""
        return self.n_both < SMALL


@dataclass(frozen=True)
class Disagreement:
    """An item on which judge and people differ.

    Attributes
    ----------
    item : int
        Row in `Joined.items`.
    dimension : str
        Where they differ most.
    distance : float
        Judge minus what people say together.
    """

    item: int
    dimension: str
    distance: float


def agreement_by_slice(joined: AlignedRatings, fields: Sequence[str]) -> list[AgreementSlice]:
    """Every judge and dimension in every slice of `fields`; ``"a*b"`` crosses two."""
    found = [one for name in fields for one in _of_field(joined, name)]
    if not found:
        return []
    adjusted = holm([one.p for one in found])
    return [replace(one, p_adjusted=float(p)) for one, p in zip(found, adjusted, strict=True)]


def _of_field(joined: AlignedRatings, name: str) -> Iterator[AgreementSlice]:
    groups = _members(joined, name)
    for part in joined.parts.values():
        rated = part.take(part.rated)
        for judge in joined.judges:
            for label, mask in groups:
                inside = mask[part.rated]
                if inside.any():
                    yield _slice(name, label, rated.take(inside), judge)


def _members(joined: AlignedRatings, name: str) -> list[tuple[str, Bools]]:
    columns = [joined.field(field.strip()).tolist() for field in name.split(CROSS)]
    labels = np.array([" * ".join(row) for row in zip(*columns, strict=True)])
    distinct = sorted(set(labels.tolist()), key=natural_rank)
    if len(distinct) > MOST_SLICES:
        raise InputError(
            f"{name!r} has {len(distinct):,} values, too many for slices (at most {MOST_SLICES}). To keep "
            f"items of one {name} together: --cluster {name}"
        )
    return [(label, labels == label) for label in distinct]


def _slice(field: str, label: str, part: Part, judge: str) -> AgreementSlice:
    scores, together = part.column(judge), part.consensus()
    comparison = compare_one(part, judge, headline(part))
    both = ~np.isnan(scores) & ~np.isnan(together)
    people = np.nanmean(part.humans, axis=1)

    def average(values: Floats) -> Estimate:
        return mean(values, clusters=part.clusters)

    return AgreementSlice(
        field,
        label,
        part.name,
        judge,
        int(both.sum()),
        comparison,
        average(people),
        average(scores),
        average(scores - people),
        t_test(comparison.difference).p_value,
    )


def disagreements(joined: AlignedRatings, judge: str, most: int) -> list[Disagreement]:
    """The items on which a judge is farthest from people, each on the dimension where it is."""
    columns = {name: _distances(part, judge) for name, part in joined.parts.items()}
    names = [name for name in columns if name != "passes"] or list(columns)
    if not names:
        return []
    table = np.stack([np.nan_to_num(columns[name]) for name in names], axis=1)
    worst = np.abs(table).argmax(axis=1)
    size = np.abs(table).max(axis=1)
    total = np.abs(table).sum(axis=1)
    order = np.lexsort((np.arange(len(size)), -total, -size))[:most]
    return [
        Disagreement(int(row), names[worst[row]], float(table[row, worst[row]]))
        for row in order
        if size[row] > 0
    ]


def _distances(part: Part, judge: str) -> Floats:
    distance = part.column(judge) - part.consensus()
    return np.where(np.isnan(distance), np.nan, np.sign(distance) if part.nominal else distance)
