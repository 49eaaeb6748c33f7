"""Ratings of one dimension as an array of items by raters: the input of every agreement statistic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TypedDict, get_args

import numpy as np
from numpy.typing import NDArray

from judge.errors import InputError
from judge.pass_mark import reaches
from judge.rubric import NoVerdict, Rubric
from judge.stats.engine.sampling_design import SamplingDesign
from judge.stats.engine.scale import Bools, Floats, Ints, Scale
from judge.stats.judge_human.consensus import consensus

PASSES = "passes"
"""Name of the derived dimension: 1 if an answer meets the whole pass rule, 0 if it does not."""


class RowSampling(TypedDict):
    """Options of every statistic: clusters of the rows, and how the rows were drawn."""

    clusters: NDArray[np.str_] | None
    design: SamplingDesign | None


@dataclass(frozen=True, kw_only=True)
class Ratings:
    """Ratings of one dimension by humans and judges.

    Attributes
    ----------
    dimension : str
        A dimension, ``overall``, or ``passes`` (whether the answer meets the pass rule).
    scale : Scale
        Declared scale.
    items, raters : tuple of str
        Names of the rows and of the columns.
    is_judge : ndarray of bool, shape (n_raters,)
        Which columns are judges; the others are humans.
    values : ndarray, shape (n_items, n_raters)
        One value per item and rater, repeated judgments combined; NaN where missing.
    samples : ndarray, shape (n_items, n_raters, n_samples)
        All repeated judgments.
    statuses : mapping
        Rater -> status -> number of items; only status ``ok`` comes with a value.
    clusters : ndarray of str or None, shape (n_items,)
        Cluster of each item; None if items are independent.
    pass_mark : float or None
        Lowest value that passes.
    slots : bool
        Whether the human columns are interchangeable places in a list and not persons.
    rescaled : tuple of str
        Raters whose values were rescaled from another scale; only interval statistics are meaningful.
    criteria : tuple of str or None
        Criterion of each row, where the rows are criteria of items; `items` then repeats their items.
    item_rows : ndarray of int or None
        Position of the item of each row among all items, where `criteria` is given.
    applies : ndarray of bool or None, shape (n_items,)
        Whether the dimension concerns each row; None for all.
    design : SamplingDesign or None
        How the rows were drawn for rating; None where they count as a random sample.
    label_shift : bool
        Whether the rated rows have another share of good answers than the others, such as a pilot study.
    """

    dimension: str
    scale: Scale
    items: tuple[str, ...]
    raters: tuple[str, ...]
    is_judge: Bools
    values: Floats
    samples: Floats
    statuses: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    clusters: NDArray[np.str_] | None = None
    pass_mark: float | None = None
    slots: bool = False
    rescaled: tuple[str, ...] = ()
    criteria: tuple[str, ...] | None = None
    item_rows: Ints | None = None
    applies: Bools | None = None
    design: SamplingDesign | None = None
    label_shift: bool = False

    @property
    def sampling(self) -> RowSampling:
        """Options of every statistic of these ratings: clusters, and weights where items were so drawn."""
        return {"clusters": self.clusters, "design": self.design}

    @cached_property
    def humans(self) -> tuple[str, ...]:
        """Names of the human raters."""
        return tuple(name for name, judge in zip(self.raters, self.is_judge, strict=True) if not judge)

    @cached_property
    def judges(self) -> tuple[str, ...]:
        """Names of the judges."""
        return tuple(name for name, judge in zip(self.raters, self.is_judge, strict=True) if judge)

    @cached_property
    def human_values(self) -> Floats:
        """Values of the human raters, shape (n_items, n_humans)."""
        return self.values[:, ~self.is_judge]

    @cached_property
    def judge_values(self) -> Floats:
        """Values of the judges, shape (n_items, n_judges)."""
        return self.values[:, self.is_judge]

    @property
    def n_samples(self) -> int:
        """Largest number of repeated judgments of any rater."""
        return int(self.samples.shape[2])

    @cached_property
    def rated(self) -> Bools:
        """Mask of the items that at least one human rated."""
        return np.asarray(~np.isnan(self.human_values).all(axis=1))

    @property
    def nominal(self) -> bool:
        """Whether the values are unordered labels."""
        return self.scale.level == "nominal"

    @property
    def has_means(self) -> bool:
        """Whether means of the values are meaningful: two labels count as 0 and 1, others have no mean."""
        return len(self.scale.points) == 2 or not (self.nominal or self.scale.has_labels)

    @property
    def on_scale(self) -> bool:
        """Whether every value is a point of the scale; a mean of several scores or a rescaled one is not."""
        return not self.rescaled and _on_scale(self.scale, self.values)

    @property
    def is_share(self) -> bool:
        """Whether the values are shares, such as points earned: numbers between the two ends of the scale."""
        return self.scale.level == "interval" and len(self.scale.points) == 2 and not self.rescaled

    @property
    def declared(self) -> Scale | None:
        """Scale for statistics that require values on it; None if values lie between its points."""
        return self.scale if self.on_scale else None

    @property
    def human_scale(self) -> Scale | None:
        """Like `declared`, for statistics of the human ratings alone."""
        return self.scale if not self.rescaled and _on_scale(self.scale, self.human_values) else None

    def column(self, rater: str) -> Floats:
        """Values of one rater, shape (n_items,).

        Raises
        ------
        InputError
            There is no such rater.
        """
        if rater not in self.raters:
            raise InputError(f"no rater {rater!r} for {self.dimension}; found: {', '.join(self.raters)}")
        return np.asarray(self.values[:, self.raters.index(rater)])

    def has_scores(self, judge: str) -> bool:
        """Whether a judge scored any item that humans rated."""
        return bool((~np.isnan(self.column(judge)[self.rated])).any())

    def passed(self, values: Floats) -> Floats | None:
        """Pass marks of `values`: 1 pass, 0 fail, NaN missing; None without a pass mark."""
        return None if self.pass_mark is None else pass_or_fail(values, self.pass_mark)

    def human_passed(self) -> Floats | None:
        """Majority verdict of the humans on each item: 1 pass, 0 fail, NaN without a majority."""
        marks = self.passed(self.human_values)
        return None if marks is None else consensus(marks, "majority")

    def consensus(self) -> Floats:
        """Consensus of the humans on each item: their mean or, for labels, their majority (NaN if tied)."""
        return consensus(self.human_values, "majority" if self.nominal else "mean")

    def take(self, mask: Bools) -> Ratings:
        """Keep some items."""
        places = np.flatnonzero(mask).tolist()
        return replace(
            self,
            items=tuple(map(self.items.__getitem__, places)),
            values=self.values[mask],
            samples=self.samples[mask],
            clusters=None if self.clusters is None else self.clusters[mask],
            criteria=None if self.criteria is None else tuple(map(self.criteria.__getitem__, places)),
            item_rows=None if self.item_rows is None else self.item_rows[mask],
            applies=None if self.applies is None else self.applies[mask],
            design=None if self.design is None else self.design.take(mask),
        )

    @cached_property
    def n_items(self) -> int:
        """Number of items; less than that of the rows where these are criteria of items."""
        return len(set(self.items))

    def rows_of(self, mask: Bools) -> Bools:
        """Mask of the rows that belong to some of all items."""
        return mask if self.item_rows is None else np.asarray(mask[self.item_rows])

    def without_verdict(self, judge: str) -> Bools:
        """Mask of the rows that concern a judge but have no score of it."""
        missing = np.isnan(self.column(judge))
        return missing if self.applies is None else missing & self.applies

    def name_of(self, value: float) -> str:
        """Value in words: its label on a scale of labels, else the number with three digits."""
        if self.scale.has_labels and np.isin(value, self.scale.points):
            return str(self.scale.values[int(value)])
        return f"{value:.3g}"

    def with_judge(self, name: str, values: Floats) -> Ratings:
        """Add a judge, such as a consensus of the others, with one value per item."""
        samples = np.full((len(values), 1, self.n_samples), np.nan)
        samples[:, 0, 0] = values
        n_rated = int(self.rated.sum())
        n_ok = int((~np.isnan(values[self.rated])).sum())
        statuses = {"ok": n_ok} | ({"no score": n_rated - n_ok} if n_ok < n_rated else {})
        return replace(
            self,
            raters=(*self.raters, name),
            is_judge=np.append(self.is_judge, True),
            values=np.column_stack([self.values, values]),
            samples=np.concatenate([self.samples, samples], axis=1),
            statuses={**self.statuses, name: statuses},
        )

    def with_raters(self, names: Sequence[str]) -> Ratings:
        """Keep the named raters, in this order."""
        order = [self.raters.index(name) for name in names]
        return replace(
            self,
            raters=tuple(names),
            is_judge=self.is_judge[order],
            values=self.values[:, order],
            samples=self.samples[:, order],
        )


def no_verdict_policy(no_verdict: NoVerdict | None, rubric: Rubric) -> NoVerdict:
    """How answers without a verdict are counted: as asked for, or else as the rubric says."""
    if no_verdict not in (None, *get_args(NoVerdict)):
        allowed = ", ".join(get_args(NoVerdict))
        raise InputError(f"no_verdict is {no_verdict!r}; allowed: {allowed}")
    return no_verdict or rubric.no_verdict


def pass_or_fail(values: Floats, pass_mark: float) -> Floats:
    """1 where a value reaches the pass mark, 0 where it does not, NaN where it is missing.

    >>> pass_or_fail(np.array([3.0, 2.5, np.nan]), 3)
    array([ 1.,  0., nan])
    """
    return np.where(np.isnan(values), np.nan, reaches(values, pass_mark))


def _on_scale(scale: Scale, values: Floats) -> bool:
    return bool((np.isnan(values) | np.isin(values, scale.points)).all())
