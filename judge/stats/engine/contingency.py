"""Tables of counts, as textbooks print them, turned into the ratings that they summarise."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from judge.stats.engine.scale import Floats, Ints, Scale, as_scale
from judge.stats.engine.table import ScaleLike

__all__: list[str] = []

Ratings = tuple[ArrayLike, ...]


def ratings_or_table(
    ratings: Ratings, table: ArrayLike | None, scale: ScaleLike, clusters: ArrayLike | None
) -> tuple[Ratings, ScaleLike]:
    """Return the ratings as given, or those that a square table of counts summarises, and their scale.

    Row r and column c of `table` hold the number of items that the first rater gave value r of the scale and
    the second value c.

    >>> ratings_or_table((), [[1, 1], [0, 2]], None, None)[0][0].tolist()
    [[0.0, 0.0], [0.0, 1.0], [1.0, 1.0], [1.0, 1.0]]
    """
    if table is None:
        return ratings, scale
    _refuse_both("table", ratings)
    if clusters is not None:
        raise ValueError("table= does not say which item is in which cluster; give the ratings themselves.")
    counts = _whole_counts("table", table)
    if counts.shape[0] != counts.shape[1]:
        raise ValueError(f"table must be square, a row and a column per category; got shape {counts.shape}.")
    declared = _scale_of("table", scale, len(counts))
    rows, columns = (np.repeat(index.ravel(), counts.ravel()) for index in np.indices(counts.shape))
    return (np.column_stack([declared.points[rows], declared.points[columns]]),), declared


def ratings_or_counts(
    ratings: Ratings, counts: ArrayLike | None, scale: ScaleLike
) -> tuple[Ratings, ScaleLike]:
    """Return the ratings as given, or those behind counts of shape (n_items, K), and their scale.

    Entry (i, k) of `counts` is the number of raters who put item i into category k.

    >>> ratings_or_counts((), [[2, 0], [1, 2]], None)[0][0].tolist()
    [[0.0, 0.0, nan], [0.0, 1.0, 1.0]]
    """
    if counts is None:
        return ratings, scale
    _refuse_both("counts", ratings)
    whole = _whole_counts("counts", counts)
    declared = _scale_of("counts", scale, whole.shape[1])
    found: Floats = np.full((len(whole), int(whole.sum(axis=1).max())), np.nan)
    for row, item in zip(found, whole, strict=True):
        row[: item.sum()] = np.repeat(declared.points, item)
    return (found,), declared


def _scale_of(name: str, scale: ScaleLike, n_categories: int) -> Scale:
    declared = as_scale(scale) or Scale(range(n_categories))
    if len(declared.values) != n_categories:
        raise ValueError(
            f"{name} has {n_categories} categories and scale {len(declared.values)}; they must be the same."
        )
    return declared


def _whole_counts(name: str, values: ArrayLike) -> Ints:
    array = np.asarray(values)
    if array.ndim != 2 or not array.size:
        raise ValueError(f"{name} must be two-dimensional and not empty; got shape {array.shape}.")
    if array.dtype.kind not in "iuf" or not (array >= 0).all() or (array != np.round(array)).any():
        raise ValueError(f"{name} must hold counts: whole numbers, none negative or missing.")
    return array.astype(np.int64)


def _refuse_both(name: str, ratings: Ratings) -> None:
    if ratings:
        raise ValueError(f"give either ratings or {name}=, not both.")
