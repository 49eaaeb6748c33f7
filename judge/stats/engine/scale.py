"""The declared scale of a dimension, and plain lists turned into an array on that scale."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, TypeAlias, TypeGuard, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

Level = Literal["nominal", "ordinal", "interval", "ratio"]
Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Bools: TypeAlias = NDArray[np.bool_]
_ROUNDING = 1e-12  # of the largest value: 0.1 + 0.2 is 0.3


@dataclass(frozen=True)
class Scale:
    """The values that a rating may take, in order, and what their distances mean.

    The number of categories is declared, not inferred: an unused category still counts. Numbers are
    compared by value, labels by position.

    Parameters
    ----------
    values : sequence of float or of str
        All allowed values; numbers must ascend, labels are in the order given.
    level : {'nominal', 'ordinal', 'interval', 'ratio'}
        Level of measurement; a 1-5 rating scale is 'ordinal'.

    Raises
    ------
    ValueError
        If `values` is empty, repeats a value, mixes numbers and labels, or numbers do not ascend.

    Examples
    --------
    >>> Scale.integers(1, 5).points
    array([1., 2., 3., 4., 5.])
    >>> Scale(["fail", "pass"], "nominal").encode([["pass", "fail"], [None, "pass"]])
    array([[ 1.,  0.],
           [nan,  1.]])
    """

    values: Sequence[Any]
    level: Level = "ordinal"

    def __post_init__(self) -> None:
        plain = tuple(v.item() if isinstance(v, np.generic) else v for v in self.values)
        object.__setattr__(self, "values", plain)
        self._check()

    @classmethod
    def integers(cls, first: int, last: int, level: Level = "ordinal") -> Scale:
        """Return the scale first, first + 1, ..., last."""
        return cls(range(first, last + 1), level)

    def _check(self) -> None:
        if self.level not in get_args(Level):
            raise ValueError(
                f"level of a scale must be one of {', '.join(get_args(Level))}; got {self.level!r}."
            )
        if not self.values or len(set(self.values)) < len(self.values):
            raise ValueError(f"a scale needs at least one value and no value twice; got {self.values!r}.")
        if self.has_labels:
            if not all(isinstance(v, str) for v in self.values):
                raise ValueError(f"a scale holds either numbers or labels, not both; got {self.values!r}.")
        elif not all(map(math.isfinite, self.values)) or list(self.values) != sorted(self.values):
            raise ValueError(f"numbers of a scale must be finite and ascend; got {self.values!r}.")

    @property
    def has_labels(self) -> bool:
        """Whether the values are labels (compared by position) and not numbers."""
        return any(isinstance(v, str) for v in self.values)

    @cached_property
    def points(self) -> Floats:
        """Where the values lie on the number line: the numbers themselves, or positions of labels."""
        return (
            np.arange(len(self.values), dtype=float)
            if self.has_labels
            else np.array(self.values, dtype=float)
        )

    def encode(self, ratings: ArrayLike) -> Floats:
        """Return `ratings` as an array of points, NaN where missing (None, NaN or pandas.NA).

        An array of floats holds no labels: on a scale of labels its values are their positions.

        Raises
        ------
        ValueError
            If a rating is off the scale; the message names the first one and its position.
        """
        if not self.has_labels or _is_float_array(ratings):
            return self._checked(as_floats(ratings), ratings)
        position: dict[Any, float] = {label: float(i) for i, label in enumerate(self.values)}
        array = as_objects(ratings)
        off_scale = math.inf
        flat = [math.nan if _is_missing(v) else position.get(v, off_scale) for v in array.ravel()]
        return self._checked(np.array(flat, dtype=float).reshape(array.shape), array)

    def _checked(self, values: Floats, ratings: ArrayLike) -> Floats:
        near = nearest(values, self.points)
        off = abs(values - near) > _ROUNDING * abs(self.points).max()  # not where there is no rating
        if off.any():
            where = tuple(int(i) for i in np.argwhere(off)[0])
            raise ValueError(
                f"rating {as_objects(ratings)[where]!s} at position {where} is off the scale "
                f"(such ratings: {int(off.sum())}); allowed are {', '.join(map(str, self.values))}."
            )
        return near


def nearest_position(values: Floats, points: Floats) -> Ints:
    """Return the position of the nearest of ascending points for each value, -1 where it is NaN.

    Between two whole numbers a half goes to the even one, otherwise to the lower point.

    >>> nearest_position(np.array([0.1 + 0.2, np.nan]), np.array([0.1, 0.2, 0.3])).tolist()
    [2, -1]
    >>> nearest_position(np.array([1.5, 2.5]), np.array([1.0, 2.0, 3.0])).tolist()
    [1, 1]
    """
    present = ~np.isnan(values)
    if not present.all():
        result = np.full(values.shape, -1)
        result[present] = nearest_position(values[present], points)
        return result
    whole = np.array_equal(points, np.round(points))
    if whole and len(points) and points[-1] - points[0] == len(points) - 1:  # 1, 2, 3, ...: no search
        steps: Ints = np.clip(np.round(values) - points[0], 0, len(points) - 1).astype(np.int64)
        return steps
    middles = (points[1:] + points[:-1]) / 2
    position: Ints = np.searchsorted(middles, np.round(values) if whole else values)
    return position


def nearest(values: Floats, points: Floats) -> Floats:
    """Return the nearest of ascending points for each value, NaN where it is NaN.

    >>> nearest(np.array([0.1 + 0.2, np.nan]), np.array([0.1, 0.2, 0.3])).tolist()
    [0.3, nan]
    """
    if not len(points):
        return values
    present = ~np.isnan(values)
    if present.all():
        return points[nearest_position(values, points)]
    result = np.full(values.shape, np.nan)
    result[present] = points[nearest_position(values[present], points)]
    return result


def on_distinct(values: Floats) -> tuple[Floats, Floats]:
    """Return the values and the distinct ones, ascending; values that differ by rounding only are one.

    >>> values, points = on_distinct(np.array([0.3, 0.1 + 0.2, 0.7, np.nan]))
    >>> values.tolist(), points.tolist()
    ([0.3, 0.3, 0.7, nan], [0.3, 0.7])
    """
    found: Floats = np.unique(values[~np.isnan(values)])
    apart = np.diff(found, prepend=-np.inf) > _ROUNDING * abs(found).max(initial=0.0)
    return (values, found) if apart.all() else (nearest(values, found[apart]), found[apart])


def as_scale(scale: Scale | Sequence[float] | Sequence[str] | None, level: Level = "ordinal") -> Scale | None:
    """Return a plain sequence of allowed values as a `Scale` of `level`; Scale and None pass through."""
    return scale if scale is None or isinstance(scale, Scale) else Scale(scale, level)


def as_objects(ratings: ArrayLike) -> NDArray[Any]:
    """Return `ratings` as an array of Python objects, ragged input refused; an array of floats stays one."""
    if _is_float_array(ratings):
        return ratings
    try:
        return np.asarray(ratings, dtype=object, order="C")
    except ValueError as error:
        raise ValueError(f"ratings must be a table with rows of one length: {error}") from error


def _is_float_array(ratings: ArrayLike) -> TypeGuard[Floats]:
    return isinstance(ratings, np.ndarray) and ratings.dtype == np.float64


def _is_missing(value: Any) -> bool:
    is_nan = isinstance(value, float) and math.isnan(value)
    return value is None or is_nan or type(value).__name__ == "NAType"  # pandas.NA, without pandas


def is_missing(array: NDArray[Any]) -> NDArray[np.bool_]:
    """Return where an array of objects or floats holds None, NaN or pandas.NA."""
    if array.dtype == np.float64:
        return np.asarray(np.isnan(array))
    flat = [_is_missing(value) for value in array.ravel().tolist()]
    return np.array(flat, dtype=bool).reshape(array.shape)


def as_floats(ratings: ArrayLike) -> Floats:
    """Return `ratings` as floats, None and pandas.NA as NaN.

    Raises
    ------
    ValueError
        If a rating is not a number, or infinite.

    Examples
    --------
    >>> as_floats([4, None, 5])
    array([ 4., nan,  5.])
    """
    try:
        array = _floats(ratings)
    except (ValueError, TypeError, OverflowError) as error:
        raise ValueError(f"ratings must be numbers (labels need scale=[...] in order): {error}") from error
    if np.isinf(array).any():
        raise ValueError("ratings must be finite or missing (None, NaN); got an infinite one.")
    return array


def _floats(ratings: ArrayLike) -> Floats:
    try:
        return np.asarray(ratings, dtype=float, order="C")
    except TypeError:  # NumPy knows None and NaN, but not pandas.NA
        array = as_objects(ratings)
        return np.where(is_missing(array), math.nan, array).astype(float)
