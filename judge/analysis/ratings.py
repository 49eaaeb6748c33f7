"""Scores -> Ratings: the array of items x raters of one dimension, which is all that statistics see."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from judge.errors import InputError
from judge.records import RaterKind, Score
from judge.stats.engine.scale import Floats, Scale

Reduction = Literal["first", "mean", "median", "majority"]
Bools = NDArray[np.bool_]
_MOST_CELLS = 50_000_000
"""Scores of one dimension that are arranged at once, missing ones too: 400 MB."""


@dataclass(frozen=True)
class Ratings:
    """One dimension of all items by all raters, people and judges alike.

    Attributes
    ----------
    dimension : str
        What was rated.
    items, raters : tuple of str
        Names of the rows and columns.
    is_judge : ndarray of bool, shape (n_raters,)
        Which columns are judges.
    values : ndarray, shape (n_items, n_raters)
        One value per item and rater, repeats reduced; NaN where missing.
    samples : ndarray, shape (n_items, n_raters, n_samples)
        Every repeat.
    statuses : mapping
        How many scores had which status; only 'ok' has a value.
    clusters : ndarray or None, shape (n_items,)
        Group of each item; None where every item is its own.
    scale : Scale or None
        Declared scale.
    """

    dimension: str
    items: tuple[str, ...]
    raters: tuple[str, ...]
    is_judge: Bools
    values: Floats
    samples: Floats
    statuses: Mapping[str, int]
    clusters: NDArray[Any] | None = None
    scale: Scale | None = None

    @property
    def n_samples(self) -> int:
        """Largest number of repeats of any rater."""
        return int(self.samples.shape[2])

    def of(self, kind: RaterKind) -> "Ratings":
        """Keep the raters of one kind."""
        chosen = self.is_judge == (kind == "judge")
        return replace(
            self,
            raters=tuple(r for r, keep in zip(self.raters, chosen, strict=True) if keep),
            is_judge=self.is_judge[chosen],
            values=self.values[:, chosen],
            samples=self.samples[:, chosen],
        )

    def column(self, rater: str) -> Floats:
        """Values of one rater, shape (n_items,)."""
        if rater not in self.raters:
            raise InputError(f"no rater {rater!r} for {self.dimension}; found: {', '.join(self.raters)}")
        return self.values[:, self.raters.index(rater)]


def ratings_matrix(
    scores: Iterable[Score],
    dimension: str,
    *,
    items: Sequence[str] | None = None,
    reduction: Reduction = "first",
    clusters: Mapping[str, Hashable] | None = None,
    scale: Scale | None = None,
) -> Ratings:
    """Arrange the scores of one dimension as items x raters.

    Parameters
    ----------
    scores : iterable of Score
        Any raters, any dimensions; those of other dimensions are passed over.
    dimension : str
        Name of a dimension, or ``overall``.
    items : sequence of str, optional
        The rows wanted, in order; scores of other items are left out. Default: every item that has a score
        row, in order of appearance.
    reduction : {'first', 'mean', 'median', 'majority'}
        What stands for a rater who rated an item several times: sample 0 (what one call gives), or an average
        of what is there (what a panel of calls gives). A majority without a winner is missing.
    clusters : mapping, optional
        Item -> group of items that belong together (image, source, conversation).
    scale : Scale, optional
        Declared scale, passed on.

    Raises
    ------
    InputError
        Nobody scored `dimension`, a rater scored an item twice, or one name stands for a person and a judge.

    Examples
    --------
    >>> def score(item, rater, value):
    ...     return Score(item_id=item, rater=rater, rater_kind="human", dimension="clarity", value=value)
    >>> ratings_matrix([score("a", "Ann", 4), score("a", "Ben", 5), score("b", "Ben", 2)], "clarity").values
    array([[ 4.,  5.],
           [nan,  2.]])
    """
    rows, found = _rows_of(scores, dimension)
    if not rows:
        raise InputError(
            f"no scores for dimension {dimension!r} (found: {', '.join(found) or 'none at all'})"
        )
    kinds = _kinds(rows)
    names = tuple(dict.fromkeys(score.item_id for score in rows)) if items is None else tuple(items)
    samples, statuses = _cube(rows, names, tuple(kinds))
    return Ratings(
        dimension,
        names,
        tuple(kinds),
        np.array([kind == "judge" for kind in kinds.values()]),
        reduce_samples(samples, reduction),
        samples,
        statuses,
        None if clusters is None else np.array([str(clusters[name]) for name in names]),
        scale,
    )


def reduce_samples(samples: Floats, reduction: Reduction) -> Floats:
    """One value for the repeats on the last axis, NaN where there is none.

    >>> reduce_samples(np.array([[3.0, 4.0, 4.0], [1.0, 2.0, np.nan]]), "majority")
    array([ 4., nan])
    """
    if reduction == "first":
        return samples[..., 0]
    if reduction == "majority":
        return np.apply_along_axis(_majority, -1, samples)
    reduced = np.full(samples.shape[:-1], np.nan)
    some = ~np.isnan(samples).all(axis=-1)
    average = np.nanmean if reduction == "mean" else np.nanmedian
    reduced[some] = average(samples[some], axis=-1)
    return reduced


def _majority(values: Floats) -> float:
    labels, counts = np.unique(values[~np.isnan(values)], return_counts=True)
    winners = labels[counts == counts.max(initial=0)]
    return float(winners[0]) if len(winners) == 1 else np.nan


def _rows_of(scores: Iterable[Score], dimension: str) -> tuple[list[Score], list[str]]:
    """Scores of `dimension`, and the names of all dimensions that occur."""
    rows: list[Score] = []
    found: dict[str, None] = {}
    for score in scores:
        found[score.dimension] = None
        if score.dimension == dimension:
            rows.append(score)
    return rows, list(found)


def _kinds(rows: Iterable[Score]) -> dict[str, RaterKind]:
    kinds: dict[str, RaterKind] = {}
    for score in rows:
        if kinds.setdefault(score.rater, score.rater_kind) != score.rater_kind:
            raise InputError(
                f"rater {score.rater!r} is a person in one row and a judge in another; rename one of the two"
            )
    return kinds


def _cube(
    rows: list[Score], items: tuple[str, ...], raters: tuple[str, ...]
) -> tuple[Floats, dict[str, int]]:
    place = {name: i for i, name in enumerate(items)}
    column = {name: i for i, name in enumerate(raters)}
    cube = no_samples(len(items), len(raters), max(score.sample for score in rows) + 1)
    statuses: dict[str, int] = {}
    seen: set[tuple[str, str, int]] = set()
    for score in rows:
        check_first(score, seen)
        if score.item_id in place:
            statuses[score.status] = statuses.get(score.status, 0) + 1
            cube[place[score.item_id], column[score.rater], score.sample] = number_of(score)
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
    """Refuse the second score of one rater for one item, dimension and sample; note the first."""
    key = (score.item_id, score.rater, score.sample)
    if key in seen:
        raise InputError(
            f"second score for item {score.item_id!r}, rater {score.rater!r}, dimension {score.dimension!r}, "
            f"sample {score.sample}; keep one of the two"
        )
    seen.add(key)


def number_of(score: Score) -> float:
    """Value of a score as a number, NaN where there is none."""
    if isinstance(score.value, str):
        raise InputError(
            f"item {score.item_id!r}, rater {score.rater!r}: {score.dimension} is {score.value!r}; "
            "only numbers can be compared"
        )
    return np.nan if score.value is None else float(score.value)
