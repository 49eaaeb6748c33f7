"""Ratings of one dimension as an array of items by raters: the input of every agreement statistic."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal, TypedDict

import numpy as np
from numpy.typing import NDArray

from judge.analysis.reduction import Reduction, reduce_samples
from judge.errors import InputError
from judge.pass_mark import reaches
from judge.records import RaterKind, Score
from judge.stats.engine.sampling_design import SamplingDesign
from judge.stats.engine.scale import Bools, Floats, Ints, Scale
from judge.stats.judge_human.consensus import consensus

NoVerdict = Literal["fail", "drop", "bounds"]
"""Answers without a verdict: they count as fails; they are left out; or they are left out, and the pass rates
that would result if all of them failed and if all of them passed are given, too."""
_MOST_CELLS = 50_000_000
"""Scores of one dimension that are arranged at once, missing ones too: 400 MB."""

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


def pass_or_fail(values: Floats, pass_mark: float) -> Floats:
    """1 where a value reaches the pass mark, 0 where it does not, NaN where it is missing.

    >>> pass_or_fail(np.array([3.0, 2.5, np.nan]), 3)
    array([ 1.,  0., nan])
    """
    return np.where(np.isnan(values), np.nan, reaches(values, pass_mark))


def ratings_matrix(
    scores: Iterable[Score],
    dimension: str,
    scale: Scale,
    *,
    items: Sequence[str] | None = None,
    raters: Mapping[str, RaterKind] | None = None,
    reduction: Reduction = "first",
    clusters: Mapping[str, Hashable] | None = None,
) -> Ratings:
    """Arrange the scores of one dimension as items x raters.

    Parameters
    ----------
    scores : iterable of Score
        Scores of any raters and dimensions; those of other dimensions are ignored.
    dimension : str
        Name of a dimension, or ``overall``.
    scale : Scale
        Declared scale; values are not checked against it.
    items : sequence of str, optional
        Rows, in order; scores of other items are left out. Default: every item that has a score row, in order
        of appearance.
    raters : mapping, optional
        Columns: rater -> ``human`` or ``judge``. Default: every rater that has a score row, in order of
        appearance.
    reduction : {'first', 'mean', 'median', 'majority'}
        How to combine repeated judgments of one item: the first, or the mean, median or majority of those
        that are not missing. A tied majority is missing.
    clusters : mapping, optional
        Item -> cluster of items that are not independent (image, source, conversation).

    Raises
    ------
    InputError
        No rater scored `dimension`, a rater scored an item twice, or a human and a judge share a name.

    Examples
    --------
    >>> def score(item, rater, value):
    ...     return Score(item_id=item, rater=rater, rater_kind="human", dimension="clarity", value=value)
    >>> scores = [score("a", "Ann", 4), score("a", "Ben", 5), score("b", "Ben", 2)]
    >>> ratings_matrix(scores, "clarity", Scale.integers(1, 5)).values
    array([[ 4.,  5.],
           [nan,  2.]])
    """
    rows, found = _rows_of(scores, dimension)
    if not rows:
        raise InputError(
            f"no scores for dimension {dimension!r} (found: {', '.join(found) or 'none at all'})"
        )
    kinds = rater_kinds(rows) if raters is None else raters
    names = tuple(dict.fromkeys(score.item_id for score in rows)) if items is None else tuple(items)
    samples, statuses = _cube(rows, names, tuple(kinds))
    return Ratings(
        dimension=dimension,
        scale=scale,
        items=names,
        raters=tuple(kinds),
        is_judge=np.array([kind == "judge" for kind in kinds.values()]),
        values=reduce_samples(samples, reduction),
        samples=samples,
        statuses=statuses,
        clusters=None if clusters is None else np.array([str(clusters[name]) for name in names]),
    )


def rater_kinds(scores: Iterable[Score]) -> dict[str, RaterKind]:
    """Rater -> ``human`` or ``judge``, in order of appearance.

    Raises
    ------
    InputError
        One name is that of a human and of a judge.
    """
    kinds: dict[str, RaterKind] = {}
    for score in scores:
        if kinds.setdefault(score.rater, score.rater_kind) != score.rater_kind:
            raise InputError(
                f"rater {score.rater!r} is a person in one row and a judge in another; rename one of the two"
            )
    return kinds


def _rows_of(scores: Iterable[Score], dimension: str) -> tuple[list[Score], list[str]]:
    """Scores of `dimension`, and the names of all dimensions that occur."""
    rows: list[Score] = []
    found: dict[str, None] = {}
    for score in scores:
        found[score.dimension] = None
        if score.dimension == dimension:
            rows.append(score)
    return rows, list(found)


def _cube(
    rows: list[Score], items: tuple[str, ...], raters: tuple[str, ...]
) -> tuple[Floats, dict[str, dict[str, int]]]:
    """Values by item, rater and sample; and rater -> status -> number of items."""
    row_of = {name: i for i, name in enumerate(items)}
    column_of = {name: i for i, name in enumerate(raters)}
    cube = no_samples(len(items), len(raters), max(score.sample for score in rows) + 1)
    statuses: dict[str, dict[str, int]] = {}
    seen: set[tuple[str, str, int]] = set()
    for score in rows:
        check_first(score, seen)
        if score.item_id in row_of and score.rater in column_of:
            cube[row_of[score.item_id], column_of[score.rater], score.sample] = number_of(score)
            if score.sample == 0:
                counts = statuses.setdefault(score.rater, {})
                counts[score.status] = counts.get(score.status, 0) + 1
    return cube, statuses


def no_samples(n_items: int, n_raters: int, n_samples: int) -> Floats:
    """Cube of items x raters x samples in which all is missing.

    Raises
    ------
    InputError
        It would fill the memory, as where one score alone has a sample of a high number.
    """
    if n_items * n_raters * n_samples > _MOST_CELLS:
        raise InputError(
            f"{n_items:,} items x {n_raters:,} raters x {n_samples:,} samples are too many to compare; "
            f"allowed are {_MOST_CELLS:,} scores of one dimension. Number the samples of each item 0, 1, 2, …"
        )
    return np.full((n_items, n_raters, n_samples), np.nan)


def check_first(score: Score, seen: set[tuple[str, str, int]]) -> None:
    """Refuse a second score of one rater for the same item and sample; `seen` holds the earlier ones."""
    key = (score.item_id, score.rater, score.sample)
    if key in seen:
        raise InputError(
            f"second score for item {score.item_id!r}, rater {score.rater!r}, dimension {score.dimension!r}, "
            f"sample {score.sample}; keep one of the two"
        )
    seen.add(key)


def number_of(score: Score) -> float:
    """Value of a score as a number; NaN if it is missing."""
    if isinstance(score.value, str):
        raise InputError(
            f"item {score.item_id!r}, rater {score.rater!r}: {score.dimension} is {score.value!r}; "
            "only numbers can be compared"
        )
    return np.nan if score.value is None else float(score.value)


def _on_scale(scale: Scale, values: Floats) -> bool:
    return bool((np.isnan(values) | np.isin(values, scale.points)).all())
