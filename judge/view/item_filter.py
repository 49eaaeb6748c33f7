"""The state of a page as it stands in its address (filters, search, sort), and the items it selects."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

import numpy as np
from numpy.typing import NDArray

from judge.view.columns import Facet

Rows = NDArray[np.signedinteger[Any]]
Found = NDArray[np.bool_]
PAGE_SIZE = 50
_OWN = ("q", "sort", "page", "with", "id", "open")
_LONGEST_SEARCH = 500
_BLOCK = 65_536
_COMPARED = 16
"""So many codes are compared with one value in the time in which one of them is looked up and counted."""


@dataclass(frozen=True)
class ItemFilter:
    """Which items are shown, and in which order.

    Attributes
    ----------
    search : str
        Words that the texts of an item hold.
    chosen : mapping of str to tuple of str
        Name of a facet -> its values of which an item has one.
    sort : str
        Column to sort by, with ``-`` before it for descending order; empty for the order of the input.
    page : int
        Number of the page, from 1.
    beside : str
        Name of the run that is shown beside this one; empty for none.
    columns : tuple of str
        Names of the columns that are shown; empty for the scores.
    """

    search: str = ""
    chosen: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    sort: str = ""
    page: int = 1
    beside: str = ""
    columns: tuple[str, ...] = ()

    @classmethod
    def of_query(cls, pairs: Iterable[tuple[str, str]]) -> "ItemFilter":
        """Read the state from the parameters of an address; what is unknown selects nothing."""
        own: dict[str, str] = {}
        chosen: dict[str, tuple[str, ...]] = {}
        columns: dict[str, None] = {}
        for name, value in pairs:
            if name in _OWN:
                own[name] = value
            elif name == "col":
                columns[value] = None
            elif name.startswith("f.") and value not in chosen.get(name[2:], ()):
                chosen[name[2:]] = (*chosen.get(name[2:], ()), value)
        page = own.get("page", "")
        return cls(
            own.get("q", "").strip()[:_LONGEST_SEARCH],
            chosen,
            own.get("sort", ""),
            max(1, int(page)) if page.isascii() and page.isdecimal() and len(page) < 10 else 1,
            own.get("with", ""),
            tuple(columns),
        )

    def query(self, **more: str) -> str:
        """Return the state as the query of an address, with `?` before it."""
        pairs = [("with", self.beside), ("q", self.search)]
        pairs += [(f"f.{name}", value) for name, values in self.chosen.items() for value in values]
        pairs += [("col", name) for name in self.columns]
        pairs += [("sort", self.sort), ("page", str(self.page) if self.page > 1 else "")]
        pairs = [(name, value) for name, value in [*pairs, *more.items()] if value]
        return f"?{urlencode(pairs, errors='surrogatepass')}" if pairs else ""

    def toggled(self, name: str, value: str) -> "ItemFilter":
        """Choose a value of a facet, or no longer; the first page is shown."""
        values = self.chosen.get(name, ())
        changed = tuple(v for v in values if v != value) if value in values else (*values, value)
        rest = {n: v for n, v in self.chosen.items() if n != name}
        return replace(self, chosen={**rest, name: changed} if changed else rest, page=1)

    def sorted_by(self, sort: str) -> "ItemFilter":
        """Sort by another column."""
        return replace(self, sort=sort, page=1)

    def with_columns(self, columns: tuple[str, ...]) -> "ItemFilter":
        """Show other columns."""
        return replace(self, columns=columns)

    def on_page(self, page: int) -> "ItemFilter":
        """Show another page."""
        return replace(self, page=page)

    def without_filters(self) -> "ItemFilter":
        """Show all items, in the same order and with the same columns."""
        return replace(self, search="", chosen={}, page=1)

    @property
    def is_empty(self) -> bool:
        """Whether all items are shown."""
        return not (self.search or self.chosen)


@dataclass(frozen=True)
class FilteredItems:
    """The items that a filter selects.

    Attributes
    ----------
    selected : ndarray of bool, shape (n_items,)
        Which items are selected, by row (position - 1).
    order : ndarray of int or None
        All rows in the order in which they are shown; None for the order of the input.
    counts : mapping of str to tuple of int
        Facet -> number of items with each of its values, if its own choice did not count.
    """

    selected: Found
    order: NDArray[np.int32] | None
    counts: Mapping[str, tuple[int, ...]]

    @cached_property
    def _size(self) -> int:
        return int(np.count_nonzero(self.selected))

    def __len__(self) -> int:
        return self._size

    def page(self, number: int) -> list[int]:
        """Positions of the items of a page."""
        return self._positions((number - 1) * PAGE_SIZE, number * PAGE_SIZE)

    @property
    def n_pages(self) -> int:
        """Number of pages, at least 1."""
        return max(1, -(-len(self) // PAGE_SIZE))

    def place_of(self, position: int) -> int | None:
        """Place of an item in the selection, from 0; None if it is not in it."""
        row = position - 1
        if not self.selected[row]:
            return None
        if self.order is None:
            return int(np.count_nonzero(self.selected[:row]))
        before = self.order[: int(np.argmax(self.order == row))]
        return int(np.count_nonzero(self.selected[before]))

    def position_at(self, place: int) -> int | None:
        """Position of the item at a place; None outside."""
        return next(iter(self._positions(place, place + 1)), None) if place >= 0 else None

    def _positions(self, first: int, last: int) -> list[int]:
        """Positions of the items at these places; no more blocks of rows are looked at than needed."""
        found: list[int] = []
        before = 0
        for start in range(0, len(self.selected), _BLOCK):
            rows = self._block(start, start + _BLOCK)
            found += (rows[max(0, first - before) : max(0, last - before)] + 1).tolist()
            before += len(rows)
            if before >= last:
                break
        return found

    def _block(self, start: int, stop: int) -> Rows:
        """Rows that are selected among those at these places of the order."""
        if self.order is None:
            return np.flatnonzero(self.selected[start:stop]) + start
        rows = self.order[start:stop]
        return rows[self.selected[rows]]


def select(
    facets: Sequence[Facet],
    wanted: ItemFilter,
    found: Found,
    order: NDArray[np.int32] | None,
    *,
    counts: bool = True,
) -> FilteredItems:
    """Select items.

    Parameters
    ----------
    facets : sequence of Facet
        Facets of the run.
    wanted : ItemFilter
        The filter.
    found : ndarray of bool, shape (n_items,)
        Items that were read and that hold the words of the search.
    order : ndarray of int or None
        All rows in the order of the sort; None for the order of the input.
    counts : bool
        Whether the values of the facets are counted.
    """
    masks = {f.name: _mask(f, wanted.chosen[f.name]) for f in facets if f.name in wanted.chosen}
    if wanted.chosen.keys() - masks.keys():  # a facet that this run does not have
        found = np.zeros_like(found)
    every = _all_of(found, masks, "")
    if not counts:
        return FilteredItems(every, order, {})
    selected = _Counter(every)
    counted = {}
    for facet in facets:
        counter = _Counter(_all_of(found, masks, facet.name)) if facet.name in masks else selected
        counted[facet.name] = counter.count(facet)
    return FilteredItems(every, order, counted)


def _mask(facet: Facet, values: Sequence[str]) -> Found:
    """Which items have one of these values. To compare all codes is faster than to look each of them up."""
    mask = np.zeros(len(facet.codes), bool)
    for code, value in enumerate(facet.values):
        if value and value in values:
            mask |= facet.codes == code
    return mask


def _all_of(found: Found, masks: Mapping[str, Found], without: str) -> Found:
    every = found.copy()
    for name, mask in masks.items():
        if name != without:
            every &= mask
    return every


class _Counter:
    """Counts the values of facets among some items."""

    def __init__(self, mask: Found) -> None:
        self.mask = mask
        self.n = int(np.count_nonzero(mask))

    @cached_property
    def rows(self) -> Rows:
        return np.flatnonzero(self.mask)

    def count(self, facet: Facet) -> tuple[int, ...]:
        if self.n == len(self.mask):
            return tuple(facet.totals.tolist())
        present = np.flatnonzero(facet.totals).tolist()
        if self.n * _COMPARED < len(self.mask) * len(present):
            return tuple(np.bincount(facet.codes[self.rows], minlength=len(facet.values)).tolist())
        counted = [0] * len(facet.values)
        for code in present:
            counted[code] = int(np.count_nonzero((facet.codes == code) & self.mask))
        return tuple(counted)


def sort_order(column: NDArray[Any], *, descending: bool) -> NDArray[np.int32]:
    """Return the rows in the order of a column, missing values last; equal values keep their order.

    >>> sort_order(np.array([2.0, np.nan, -1.0, 2.0]), descending=True).tolist()
    [0, 3, 2, 1]
    """
    values = column.astype(np.float32)
    bits = values.view(np.uint32)
    # The bits of a number as an unsigned integer of the same order. With the row all keys differ, and sorting
    # them is several times as fast as a stable sort of the numbers.
    keys = np.where(bits >> 31, ~bits, bits | np.uint32(1 << 31))
    keys = np.where(np.isnan(values), np.uint32(2**32 - 1), ~keys if descending else keys)
    both = (keys.astype(np.uint64) << np.uint64(32)) | np.arange(len(values), dtype=np.uint64)
    both.sort()
    return (both & np.uint64(2**32 - 1)).astype(np.int32)
