"""One dimension of the items, as people and judges rated it: the array that statistics see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from judge.stats.engine.scale import Bools, Floats, Scale
from judge.stats.judge_human.consensus import consensus

VERDICT = "passes"
"""Name of the part that holds whether an answer passes, all dimensions together."""


@dataclass(frozen=True)
class Part:
    """Ratings of one dimension.

    Attributes
    ----------
    name : str
        A dimension, ``overall``, or ``passes``: 1 where a rater's scores meet the pass rule, 0 where not.
    scale : Scale
        As declared.
    items : tuple of str
        The rows: every item, rated by people or not.
    people, judges : tuple of str
        The columns; people are slots where `slots`.
    humans, scores : ndarray, shape (n_items, n_people), (n_items, n_judges)
        NaN where missing.
    clusters : ndarray of str or None
        Group of each item.
    statuses : dict
        Judge -> status -> number of items that people rated.
    bar : float or None
        Least value that passes.
    slots : bool
        Whether columns of `humans` are places in a list and not persons.
    samples : ndarray, shape (n_items, n_judges, n_samples)
        Every repeat of the judges.
    """

    name: str
    scale: Scale
    items: tuple[str, ...]
    people: tuple[str, ...]
    judges: tuple[str, ...]
    humans: Floats
    scores: Floats
    clusters: NDArray[np.str_] | None
    statuses: Mapping[str, Mapping[str, int]]
    bar: float | None
    slots: bool
    samples: Floats

    @cached_property
    def rated(self) -> Bools:
        """Items that at least one person rated."""
        return np.asarray(~np.isnan(self.humans).all(axis=1))

    @property
    def nominal(self) -> bool:
        """Whether values are mere labels, without order."""
        return self.scale.level == "nominal"

    @property
    def on_scale(self) -> bool:
        """Whether every value is a point of the scale (a mean of scores often is none)."""
        return bool(_on(self.scale, self.humans) and _on(self.scale, self.scores))

    @property
    def declared(self) -> Scale | None:
        """Scale for statistics that check values against it; None where values lie between its points."""
        return self.scale if self.on_scale else None

    @property
    def people_scale(self) -> Scale | None:
        """The same where only people's ratings count."""
        return self.scale if _on(self.scale, self.humans) else None

    def column(self, judge: str) -> Floats:
        """Scores of one judge."""
        return np.asarray(self.scores[:, self.judges.index(judge)])

    @property
    def measurable(self) -> bool:
        """Whether means and differences of values say anything: not for three or more mere labels."""
        return not self.nominal or len(self.scale.points) == 2

    def has_scores(self, judge: str) -> bool:
        """Whether a judge scored any item that people rated."""
        return bool((~np.isnan(self.column(judge)[self.rated])).any())

    def passed(self, values: Floats) -> Floats | None:
        """Marks of values against the bar: 1 at or above, 0 below, NaN missing; None without a bar."""
        if self.bar is None:
            return None
        return np.where(np.isnan(values), np.nan, values >= self.bar - 1e-9)

    def people_passed(self) -> Floats | None:
        """What most people say about each item: 1 pass, 0 fail, NaN without a majority."""
        marks = self.passed(self.humans)
        return None if marks is None else consensus(marks, "majority")

    def consensus(self) -> Floats:
        """What people say together: their mean or, for labels, their majority (NaN without one)."""
        return consensus(self.humans, "majority" if self.nominal else "mean")

    def take(self, mask: Bools) -> Part:
        """Keep some items."""
        return replace(
            self,
            items=tuple(np.array(self.items, dtype=object)[mask]),
            humans=self.humans[mask],
            scores=self.scores[mask],
            samples=self.samples[mask],
            clusters=None if self.clusters is None else self.clusters[mask],
        )

    def with_judge(self, name: str, values: Floats) -> Part:
        """Add a judge, such as a consensus of the others."""
        return replace(
            self,
            judges=(*self.judges, name),
            scores=np.column_stack([self.scores, values]),
            samples=np.concatenate([self.samples, _as_samples(values, self.samples)], axis=1),
            statuses={**self.statuses, name: _statuses(values[self.rated])},
        )


def _on(scale: Scale, values: Floats) -> bool:
    return bool((np.isnan(values) | np.isin(values, scale.points)).all())


def _as_samples(values: Floats, like: Floats) -> Floats:
    """Repeats of a rater who has one."""
    column = np.full((len(values), 1, like.shape[2]), np.nan)
    column[:, 0, 0] = values
    return column


def _statuses(values: Floats) -> dict[str, int]:
    n_ok = int((~np.isnan(values)).sum())
    return {"ok": n_ok} | ({"no score": len(values) - n_ok} if n_ok < len(values) else {})
