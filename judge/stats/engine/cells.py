"""Occupied cells of the cross table of two raters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from judge.stats.engine.scale import Floats, Ints


@dataclass(frozen=True)
class Cells:
    """Occupied cells of the cross table of two lists of numbers.

    Attributes
    ----------
    of_item : ndarray, shape (n_items,)
        Cell of each item counted from 1; 0 where a rating is missing.
    row, column : ndarray, shape (D,)
        Row and column of each cell, without gaps; cells are sorted by row.
    row_points, column_points : ndarray
        Values that belong to rows and columns, ascending.
    """

    of_item: Ints
    row: Ints
    column: Ints
    row_points: Floats
    column_points: Floats

    @classmethod
    def build(cls, a: Floats, b: Floats) -> Cells:
        """Return the cells of two float arrays of one length, NaN where missing."""
        both = ~(np.isnan(a) | np.isnan(b))
        row_points, row = np.unique(a[both], return_inverse=True)
        column_points, column = np.unique(b[both], return_inverse=True)
        width = max(1, len(column_points))
        occupied, cell = np.unique(row * width + column, return_inverse=True)
        of_item = np.zeros(len(a), dtype=np.int64)
        of_item[both] = cell + 1
        return cls(of_item, occupied // width, occupied % width, row_points, column_points)

    @property
    def n_pairs(self) -> int:
        """Number of items with both ratings."""
        return int((self.of_item > 0).sum())

    def row_sums(self, counts: Floats) -> Floats:
        """Return row margins (R, rows) of counts of cells (R, D)."""
        return np.add.reduceat(counts, np.unique(self.row, return_index=True)[1], axis=1)

    def column_sums(self, counts: Floats) -> Floats:
        """Return column margins (R, columns) of counts of cells (R, D)."""
        order = np.argsort(self.column, kind="stable")
        starts = np.unique(self.column[order], return_index=True)[1]
        return np.add.reduceat(counts[:, order], starts, axis=1)
