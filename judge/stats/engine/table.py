"""Ratings as a table of items and raters, the input of every coefficient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from judge.stats.engine.estimate import (
    NO_COMPLETE_PAIRS,
    NO_PAIRABLE_ITEMS,
    NO_RATINGS,
    TOO_FEW_ITEMS,
    TOO_FEW_RATERS,
    Reason,
)
from judge.stats.engine.scale import (
    Bools,
    Floats,
    Ints,
    Scale,
    as_floats,
    as_objects,
    as_scale,
    is_missing,
    nearest_position,
    on_distinct,
)

Weights: TypeAlias = Literal["linear", "quadratic"] | ArrayLike | None
ScaleLike: TypeAlias = Scale | Sequence[float] | Sequence[str] | None


@dataclass(frozen=True)
class RatingTable:
    """Ratings of one dimension.

    Attributes
    ----------
    values : ndarray, shape (n_items, n_raters)
        Numbers, or positions of labels; NaN where missing.
    points : ndarray, shape (K,)
        Values of the declared scale or, without one, the distinct values found.
    ordered : bool
        False for labels without a declared order: distances between them mean nothing.
    declared : bool
        Whether `points` are those of a declared scale.
    """

    values: Floats
    points: Floats
    ordered: bool = True
    declared: bool = False

    @cached_property
    def present(self) -> Bools:
        """Where there is a rating."""
        return ~np.isnan(self.values)

    @cached_property
    def per_item(self) -> Ints:
        """Number of ratings of each item."""
        result: Ints = np.sum(self.present, axis=1, dtype=np.int64)
        return result

    @property
    def n_ratings(self) -> int:
        """Number of ratings."""
        return int(self.per_item.sum())

    @cached_property
    def codes(self) -> Ints:
        """Category 0..K-1 of each rating, -1 where missing."""
        return nearest_position(self.values, self.points)

    @cached_property
    def counts(self) -> Floats:
        """Ratings of each item in each category, shape (n_items, K)."""
        n_items, n_categories = len(self.values), len(self.points)
        rows = np.arange(n_items)[:, None] * n_categories + self.codes
        flat = np.bincount(rows[self.present], minlength=n_items * n_categories)
        return flat.reshape(n_items, n_categories).astype(float)

    @cached_property
    def complete(self) -> Bools:
        """Which items every rater has rated."""
        every: Bools = np.asarray(self.present.all(axis=1))
        return every

    def pair(self, first: int, second: int) -> RatingTable:
        """Return the table of two of the raters."""
        return replace(self, values=self.values[:, [first, second]])

    def distances(self, weights: Weights) -> Floats:
        """Return disagreement between categories (K, K): 0 or 1, absolute or squared difference, or given.

        Raises
        ------
        ValueError
            If weights are asked for labels whose order is not declared, or a table of weights does not
            fit the declared scale.
        """
        difference: Floats = self.points[:, None] - self.points[None, :]
        if weights is None:
            result: Floats = (difference != 0).astype(float)
            return result
        if not isinstance(weights, str):
            return self._own_distances(np.asarray(weights, dtype=float))
        if weights not in ("linear", "quadratic"):
            raise ValueError(f"weights must be None, 'linear', 'quadratic' or a table; got {weights!r}.")
        self.require_order(f"weights={weights!r}")
        return np.abs(difference) if weights == "linear" else np.square(difference)

    def _own_distances(self, weights: Floats) -> Floats:
        if not self.declared:
            raise ValueError("a table of weights needs scale=[...]: its rows and columns are the values.")
        size = len(self.points)
        if weights.shape != (size, size) or not (weights >= 0).all() or weights.diagonal().any():
            raise ValueError(
                f"weights must be a {size} x {size} table of disagreement, 0 on the diagonal and nowhere "
                f"negative; got shape {weights.shape}."
            )
        return weights

    def agreement_weights(self, weights: Weights) -> Floats:
        """Return agreement between categories (K, K): 1 on the diagonal, 0 at the largest distance."""
        distances = self.distances(weights)
        largest = float(distances.max(initial=0.0))
        return np.subtract(1, distances / largest) if largest > 0 else np.ones_like(distances)

    def require_order(self, what: str) -> None:
        """Raise ValueError if `what` needs an order that labels without a scale do not have."""
        if not self.ordered:
            raise ValueError(
                f"{what} needs the order of the labels: pass scale=[...] from lowest to highest."
            )

    def problem(self, needed: int = 2, complete: bool = False) -> Reason | None:
        """Return why no statistic of agreement can be computed, or None.

        `needed` is the least number of usable items: rated twice or, with `complete`, by every rater.
        """
        usable = int((self.complete if complete else self.per_item >= 2).sum())
        if not self.present.any():
            return NO_RATINGS
        if self.values.shape[1] < 2:
            return TOO_FEW_RATERS
        if usable == 0:
            return NO_COMPLETE_PAIRS if complete else NO_PAIRABLE_ITEMS
        return TOO_FEW_ITEMS if usable < needed else None


def read_table(ratings: tuple[ArrayLike, ...], scale: ScaleLike = None) -> RatingTable:
    """Return the table of one array (n_items, n_raters), or of one list per rater.

    Raises
    ------
    ValueError
        If lists differ in length, a single array is not two-dimensional, or a rating is off the scale.

    Examples
    --------
    >>> read_table(([1, 2, None], [1, 3, 3])).per_item
    array([2, 2, 1])
    """
    raw = _columns(ratings)
    declared = as_scale(scale)
    if declared is not None:
        return RatingTable(declared.encode(raw), declared.points, declared=True)
    if raw.dtype == np.float64:
        return RatingTable(*on_distinct(as_floats(raw)))
    found = raw[~is_missing(raw)]
    if not any(isinstance(v, str) for v in found):
        return RatingTable(*on_distinct(as_floats(raw)))
    numbers = [v for v in found if not isinstance(v, str)]
    if numbers:
        raise ValueError(
            f"ratings mix labels and numbers (such as {numbers[0]!r}); convert one to the other."
        )
    labels = Scale(sorted(set(found.tolist())), "nominal")
    return RatingTable(labels.encode(raw), labels.points, ordered=False)


def _columns(ratings: tuple[ArrayLike, ...]) -> NDArray[Any]:
    if len(ratings) == 1:
        table = as_objects(ratings[0])
        if table.ndim != 2:
            raise ValueError(
                f"ratings must have shape (n_items, n_raters), got {table.shape}; "
                "several raters may also be given as one list each."
            )
        return table
    columns = [as_objects(column) for column in ratings]
    shapes = {column.shape for column in columns}
    if len(shapes) != 1 or columns[0].ndim != 1:
        raise ValueError(
            f"give one list per rater, all of one length; got shapes {', '.join(map(str, sorted(shapes)))}."
        )
    return np.stack(columns, axis=1)
