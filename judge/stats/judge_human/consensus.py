"""Consensus of several people, and joint checks of human and judge ratings."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from judge.stats.engine.scale import Floats, as_floats, as_objects
from judge.stats.engine.table import ScaleLike, read_table

__all__ = ["Consensus", "consensus"]

Consensus = Literal["mean", "median", "majority", "majority_low", "majority_high"]


def humans_and_judge(humans: ArrayLike, judge: ArrayLike, scale: ScaleLike = None) -> tuple[Floats, Floats]:
    """Return people as (n_items, n_humans) and the judge as (n_items,), checked; labels as positions."""
    column, table = as_objects(judge), as_objects(humans)
    if column.ndim != 1 or table.ndim != 2 or len(column) != len(table):
        raise ValueError(
            f"humans must have shape (n_items, n_humans) and judge (n_items,) with the same items, got "
            f"{table.shape} and {column.shape}."
        )
    values = read_table((np.column_stack([column, table]),), scale).values
    return values[:, 1:], values[:, 0]


def consensus(ratings: ArrayLike, how: Consensus = "mean") -> Floats:
    """Consensus of several raters for each item: their mean, median or majority.

    Parameters
    ----------
    ratings : array_like of float, shape (n_items, n_raters)
        NaN where missing; missing ratings are left out.
    how : {'mean', 'median', 'majority', 'majority_low', 'majority_high'}
        'majority' is the most frequent value, NaN where two are equally frequent; 'majority_low' and
        'majority_high' take the lowest or highest of those instead.

    Returns
    -------
    array of float, shape (n_items,)
        NaN for items without ratings.

    Examples
    --------
    >>> consensus([[1, 2, 2], [1, 2, np.nan]], "majority").tolist()
    [2.0, nan]
    >>> consensus([[1, 2, 2], [1, 2, np.nan]], "majority_high").tolist()
    [2.0, 2.0]
    """
    table = as_floats(ratings)
    if table.ndim != 2:
        raise ValueError(f"ratings must have shape (n_items, n_raters), got {table.shape}.")
    if how not in get_args(Consensus):
        raise ValueError(f"consensus must be one of {', '.join(get_args(Consensus))}; got {how!r}.")
    if how == "mean":
        return _mean(table)
    return _median(table) if how == "median" else _majority(table, how)


def _mean(table: Floats) -> Floats:
    n = (~np.isnan(table)).sum(axis=1)
    return np.where(n > 0, np.nansum(table, axis=1) / np.maximum(n, 1), np.nan)


def _median(table: Floats) -> Floats:
    result = np.full(len(table), np.nan)
    rated = ~np.isnan(table).all(axis=1)
    result[rated] = np.nanmedian(table[rated], axis=1)
    return result


def _majority(table: Floats, how: Consensus) -> Floats:
    values = np.unique(table[~np.isnan(table)])
    if not len(values):
        return np.full(len(table), np.nan)
    counts = np.stack([(table == value).sum(axis=1) for value in values], axis=1)
    top = counts == counts.max(axis=1, keepdims=True)
    last = how == "majority_high"
    choice = values[len(values) - 1 - top[:, ::-1].argmax(axis=1)] if last else values[top.argmax(axis=1)]
    decided = counts.max(axis=1) > 0
    if how == "majority":
        decided &= top.sum(axis=1) == 1
    return np.where(decided, choice, np.nan)
