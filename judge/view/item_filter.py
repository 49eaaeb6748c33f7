"""The state of a page as it stands in its address (filters, search, sort), and the items it selects."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
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
    """

    search: str = ""
    chosen: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    sort: str = ""
    page: int = 1
    beside: str = ""

    @classmethod
    def of_query(cls, pairs: Iterable[tuple[str, str]]) -> "ItemFilter":
        """Read the state from the parameters of an address; what is unknown selects nothing."""
        own: dict[str, str] = {}
        chosen: dict[str, tuple[str, ...]] = {}
        for name, value in pairs:
            if name in _OWN:
                own[name] = value
            elif name.startswith("f.") and value not in chosen.get(name[2:], ()):
                chosen[name[2:]] = (*chosen.get(name[2:], ()), value)
        page = own.get("page", "")
        return cls(
            own.get("q", "").strip()[:_LONGEST_SEARCH],
            chosen,
            own.get("sort", ""),
            max(1, int(page)) if page.isascii() and page.isdecimal() and len(page) < 10 else 1,
            own.get("with", ""),
        )

    def query(self, **more: str) -> str:
        """Return the state as the query of an address, with `?` before it."""
        pairs = [("with", self.beside), ("q", self.search)]
        pairs += [(f"f.{name}", value) for name, values in self.chosen.items() for value in values]
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

    def on_page(self, page: int) -> "ItemFilter":
        """Show another page."""
        return replace(self, page=page)

    @property
    def is_empty(self) -> bool:
        """Whether all items are shown."""
        return not (self.search or self.chosen)


@dataclass(frozen=True)
class FilteredItems:
    """The items that a filter selects.

    Attributes
    ----------
    rows : ndarray of int
        Their rows (position - 1), in the order in which they are shown.
    counts : mapping of str to tuple of int
        Facet -> number of items with each of its values, if its own choice did not count.
    """

    rows: Rows
    counts: Mapping[str, tuple[int, ...]]

    def __len__(self) -> int:
        return len(self.rows)

    def page(self, number: int) -> list[int]:
        """Positions of the items of a page."""
        return [int(row) + 1 for row in self.rows[(number - 1) * PAGE_SIZE : number * PAGE_SIZE]]

    @property
    def n_pages(self) -> int:
        """Number of pages, at least 1."""
        return max(1, -(-len(self.rows) // PAGE_SIZE))

    def place_of(self, position: int) -> int | None:
        """Place of an item in the selection, from 0; None if it is not in it."""
        found = np.flatnonzero(self.rows == position - 1)
        return int(found[0]) if len(found) else None

    def position_at(self, place: int) -> int | None:
        """Position of the item at a place; None outside."""
        return int(self.rows[place]) + 1 if 0 <= place < len(self.rows) else None


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
    shown = np.flatnonzero(every) if order is None else order[every[order]]
    if not counts:
        return FilteredItems(shown, {})
    count_shown = _counter(every)
    counted = {
        facet.name: (_counter(_all_of(found, masks, facet.name)) if facet.name in masks else count_shown)(
            facet
        )
        for facet in facets
    }
    return FilteredItems(shown, counted)


def _mask(facet: Facet, values: Sequence[str]) -> Found:
    wanted = np.array([value in values and bool(value) for value in facet.values])
    return wanted[facet.codes]


def _all_of(found: Found, masks: Mapping[str, Found], without: str) -> Found:
    every = found.copy()
    for name, mask in masks.items():
        if name != without:
            every &= mask
    return every


def _counter(mask: Found) -> Callable[[Facet], tuple[int, ...]]:
    """Return a function that counts the values of a facet among some items.

    Of many items, the others are counted, and the rest is what is wanted.
    """
    is_most = 2 * np.count_nonzero(mask) > len(mask)
    rows = np.flatnonzero(~mask if is_most else mask)

    def count(facet: Facet) -> tuple[int, ...]:
        counted = np.bincount(facet.codes[rows], minlength=len(facet.values))
        return tuple((facet.totals - counted if is_most else counted).tolist())

    return count


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
