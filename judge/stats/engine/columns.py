"""Checks of columns with one value per item: pass marks, scores, clusters."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from judge.stats.engine.scale import Floats, as_floats

__all__: list[str] = []


def as_column(values: ArrayLike, name: str) -> Floats:
    """Return one float per item, None as NaN; refuse tables."""
    column = _numbers(values, f"{name} must hold numbers, or None where missing")
    if column.ndim != 1:
        raise ValueError(f"{name} must hold one value per item, got shape {column.shape}.")
    return column


def _numbers(values: ArrayLike, demand: str) -> Floats:
    try:
        return as_floats(values)
    except ValueError as error:
        raise ValueError(f"{demand}; {error.__cause__ or error}") from error


def as_marks(values: ArrayLike, name: str) -> Floats:
    """Return 1 (pass), 0 (fail) or NaN (missing) per item; refuse every other value."""
    allowed = f"{name} must hold pass marks (True/False, 1/0, None where missing)"
    marks = as_column(_numbers(values, allowed), name)
    off = ~(np.isnan(marks) | (marks == 0) | (marks == 1))
    if off.any():
        first = int(np.flatnonzero(off)[0])
        raise ValueError(
            f"{allowed}; got {marks[first]:g} at position {first}. Apply the pass threshold first."
        )
    return marks


def check_lengths(**columns: NDArray[Any] | None) -> None:
    """Refuse columns that describe different numbers of items; None is left out."""
    lengths = {name: len(column) for name, column in columns.items() if column is not None}
    if len(set(lengths.values())) > 1:
        found = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise ValueError(f"all columns need one value per item, in the same order; got lengths {found}.")


def as_groups(clusters: ArrayLike | None) -> NDArray[Any] | None:
    """Return cluster labels as an array, None unchanged."""
    return None if clusters is None else np.asarray(clusters)


def select(clusters: NDArray[Any] | None, chosen: NDArray[Any]) -> NDArray[Any] | None:
    """Return the cluster labels of the chosen items, None unchanged."""
    return None if clusters is None else clusters[chosen]


def as_table(scores: ArrayLike, name: str) -> Floats:
    """Return scores with one row per item and one column per system, None as NaN."""
    table = _numbers(scores, f"{name} must hold numbers, or None where missing")
    if table.ndim != 2:
        raise ValueError(f"{name} must have shape (n_items, n_systems), got {table.shape}.")
    return table


def as_tables(human: ArrayLike, judge: ArrayLike) -> tuple[Floats, Floats]:
    """Return the scores of people and of the judge as tables of one shape."""
    h, j = as_table(human, "human"), as_table(judge, "judge")
    if h.shape != j.shape:
        raise ValueError(
            f"human and judge must have one shape (n_items, n_systems), got {h.shape}, {j.shape}."
        )
    return h, j
