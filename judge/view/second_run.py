"""A second run beside the first: which verdicts flipped, and which scores are lower or higher."""

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from judge.view.columns import FAIL, PASS, Columns, Facet, spoken
from judge.view.item_filter import sort_order

_CHANGES = ("not in both", "pass to fail", "fail to pass", "both pass", "both fail", "no verdict in one")
_DIRECTIONS = ("", "lower", "same", "higher")


class SecondRun:
    """The columns of two runs, matched by the ids of their items."""

    def __init__(self, first: Columns, second: Columns) -> None:
        self.first = first
        self.second = second

    @cached_property
    def _has_same_rows(self) -> bool:
        """Whether both runs have the same items in the same order."""
        return np.array_equal(self.first.keys, self.second.keys)

    @cached_property
    def rows(self) -> NDArray[np.int64]:
        """Row of each item of the first run in the second; -1 where it has none."""
        if self._has_same_rows:
            return np.arange(self.first.n)
        # Items are read in their order; those that were not read yet have no key.
        a, b = self.first.keys[: self.first.n_read], self.second.keys[: self.second.n_read]
        rows = np.full(self.first.n, -1)
        if len(b):
            order = np.argsort(b, kind="stable")
            found = order[np.searchsorted(b, a, sorter=order).clip(max=len(b) - 1)]
            rows[: len(a)] = np.where(b[found] == a, found, -1)
        return rows

    @cached_property
    def facets(self) -> list[Facet]:
        """List filters by what differs."""
        here, there = self.first.verdicts, self._there(self.second.verdicts)
        codes = np.full(len(here), 5, np.uint8)
        for code, (a, b) in enumerate([(PASS, FAIL), (FAIL, PASS), (PASS, PASS), (FAIL, FAIL)], start=1):
            codes[(here == a) & (there == b)] = code
        codes[self.rows < 0] = 0
        found = [Facet("change", "Verdict, first to second run", codes, _CHANGES)]
        for name in self._shared:
            difference = self._difference(name)
            directions = (difference < 0) + np.uint8(2) * (difference == 0) + np.uint8(3) * (difference > 0)
            title = f"{spoken(name)} in the second run"
            found.append(Facet(f"diff.{name}", title, directions, _DIRECTIONS))
        return found

    @cached_property
    def distance(self) -> NDArray[np.float32]:
        """Largest difference between the scores of an item on any dimension; NaN where unknown."""
        distance = np.full(self.first.n, np.nan, np.float32)
        for name in self._shared:
            distance = np.fmax(distance, np.abs(self._difference(name)))
        return distance

    @cached_property
    def order(self) -> NDArray[np.int32]:
        """Rows of the first run in the order of that difference, the largest first."""
        return sort_order(self.distance, descending=True)

    @property
    def _shared(self) -> list[str]:
        """Dimensions with numbers that both rubrics have."""
        return [
            name
            for name in self.first.values
            if name in self.second.values
            and not (self.first.has_labels(name) or self.second.has_labels(name))
        ]

    def _difference(self, name: str) -> NDArray[np.float32]:
        difference: NDArray[np.float32] = self._there(self.second.values[name]) - self.first.values[name]
        if not self._has_same_rows:
            difference[self.rows < 0] = np.nan
        return difference

    def _there(self, column: NDArray[Any]) -> NDArray[Any]:
        if not len(column):
            return np.zeros(self.first.n, column.dtype)
        return column if self._has_same_rows else column[self.rows]
