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
    def rows(self) -> NDArray[np.int64]:
        """Row of each item of the first run in the second; -1 where it has none."""
        a, b = self.first.keys, self.second.keys
        if len(a) == len(b) and np.array_equal(a, b):
            return np.arange(len(a))
        order = np.argsort(b, kind="stable")
        places = np.searchsorted(b, a, sorter=order).clip(max=max(0, len(b) - 1))
        found = order[places] if len(b) else np.full(len(a), -1)
        matches = b[found] == a if len(b) else np.zeros(len(a), bool)
        return np.where(matches, found, -1)

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
            directions = np.where(np.isnan(difference), 0, np.sign(np.nan_to_num(difference)) + 2)
            title = f"{spoken(name)} in the second run"
            found.append(Facet(f"diff.{name}", title, directions.astype(np.uint8), _DIRECTIONS))
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
        there: NDArray[np.float32] = self._there(self.second.values[name])
        return np.where(self.rows < 0, np.float32(np.nan), there - self.first.values[name])

    def _there(self, column: NDArray[Any]) -> NDArray[Any]:
        if not len(column):
            return np.zeros(self.first.n, column.dtype)
        return column[self.rows]
