"""What is odd about a judge, always beside people's own value: a property that people share is no fault."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from judge.analysis.agreement.align import AlignedRatings
from judge.analysis.agreement.parts import VERDICT, Part
from judge.records import OVERALL
from judge.stats.engine.estimate import Estimate
from judge.stats.judge_human.halo import halo
from judge.stats.judge_human.residuals import non_answers
from judge.stats.judge_human.verbosity import verbosity

LEAST_ITEMS = 20

Unit = Literal["correlation", "points", "number", "share"]


@dataclass(frozen=True)
class BiasCheck:
    """One property of the judge, of people, and the difference.

    Attributes
    ----------
    name, title : str
        For machines and for people.
    dimension : str
        Which; empty where all count together.
    unit : str
        How it is written.
    judge, people : Estimate or None
        None where there is only a difference.
    difference : Estimate
        Judge minus people.
    """

    name: str
    title: str
    dimension: str
    unit: Unit
    judge: Estimate | None
    people: Estimate | None
    difference: Estimate

    @property
    def stands_out(self) -> bool:
        """Whether the interval of the difference excludes 0."""
        return self.difference.low > 0 or self.difference.high < 0


@dataclass(frozen=True)
class Diagnosis:
    """Everything that was looked at."""

    oddities: tuple[BiasCheck, ...]


def check_bias(joined: AlignedRatings, judge: str) -> Diagnosis:
    """Length, halo and missing scores of one judge, where there are at least 20 rated items."""
    return Diagnosis(tuple(_oddities(joined, judge)))


def _oddities(joined: AlignedRatings, judge: str) -> Iterator[BiasCheck]:
    numeric = {n: p for n, p in joined.parts.items() if not p.nominal and p.rated.sum() >= LEAST_ITEMS}
    if not joined.slots and len(joined.people) > 1:
        lengths = np.array([len(item.answer.split()) for item in joined.items], dtype=float)
        if len(np.unique(lengths)) > 2:
            for part in numeric.values():
                yield from _length(part, judge, lengths)
        aspects = [part for name, part in numeric.items() if name not in (OVERALL, VERDICT)]
        if len(aspects) > 2:
            yield _halo(aspects, judge)
    for part in numeric.values():
        yield from _missing(part, judge)


def _length(
    pool: Part, judge: str, lengths: np.ndarray[tuple[int], np.dtype[np.float64]]
) -> Iterator[BiasCheck]:
    part = pool.take(pool.rated)
    found = verbosity(part.humans, part.column(judge), lengths[pool.rated], clusters=part.clusters)
    if found.per_doubling.defined:
        title = "points that the judge adds, and people do not, when an answer is twice as long"
        yield BiasCheck("length", title, part.name, "points", None, None, found.per_doubling)


def _halo(aspects: list[Part], judge: str) -> BiasCheck:
    rated = np.any([part.rated for part in aspects], axis=0)
    parts = [part.take(rated) for part in aspects]
    scores = np.stack([part.column(judge) for part in parts], axis=1)
    humans = np.stack([part.humans for part in parts], axis=1)
    found = halo(humans, scores, clusters=parts[0].clusters).correlation
    title = "mean correlation between dimensions"
    return BiasCheck("halo", title, "", "correlation", found.judge, found.human, found.difference)


def _missing(pool: Part, judge: str) -> Iterator[BiasCheck]:
    part = pool.take(pool.rated)
    scores = part.column(judge)
    if 0 < np.isnan(scores).sum() < len(scores):
        gap = non_answers(part.humans, scores, clusters=part.clusters).human_gap
        title = "people's mean score where the judge gave none, minus their mean elsewhere"
        yield BiasCheck("missing", title, part.name, "points", None, None, gap)
