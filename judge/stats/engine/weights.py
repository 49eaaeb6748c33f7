"""The frame of resampling: clusters, the weights of each resample, and the totals they give.

Three things keep 10,000 resamples of 10,000 items fast: items are first summed within their cluster,
clusters with identical sums are collapsed into one unit (so that a resample is one multinomial draw over
units), and totals are matrix products in chunks that stay in memory.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from judge.stats.engine.scale import Floats, Ints, is_missing

RNG: TypeAlias = int | np.random.Generator | None
SumTable: TypeAlias = Floats | Ints  # (U, s) sums, or (U,) codes that stand for a one-hot table

_MOST_GAPS = 16  # cluster numbers up to 16 times that of the items are counted, which is faster than sorting
_CHUNK = 2**22  # elements of one array: 32 MB of float64
_CACHED = 2**15  # elements of a block: 256 kB
_WORTH_COLLAPSING = 4  # a multinomial draw costs about four times as much per unit as an index per cluster


def seed_of(rng: RNG) -> tuple[int | None, np.random.Generator]:
    """Return the generator and the seed that repeats it; a generator in use has no such seed.

    >>> seed_of(7)[0]
    7
    """
    if isinstance(rng, np.random.Generator):
        return None, rng
    seed = int(np.random.SeedSequence().generate_state(1)[0]) if rng is None else int(rng)
    return seed, np.random.default_rng(seed)


def cluster_codes(clusters: ArrayLike | None, n_items: int) -> Ints:
    """Return a code 0..C-1 for the cluster of each item; without clusters every item is its own.

    Raises
    ------
    ValueError
        If `clusters` has another length, or a missing value.
    """
    if clusters is None:
        return np.arange(n_items)
    labels = np.asarray(clusters)
    if labels.shape != (n_items,):
        raise ValueError(
            f"clusters must hold one group per item, shape ({n_items},); got shape {labels.shape}."
        )
    if labels.dtype == object or labels.dtype.kind == "f":
        missing = is_missing(labels)
        if missing.any():
            raise ValueError(f"clusters[{int(np.argmax(missing))}] is missing; every item needs a group.")
        labels = np.array([str(label) for label in labels.tolist()])
    is_number = labels.dtype.kind == "i" and n_items > 0
    if is_number and labels.min() >= 0 and labels.max() < _MOST_GAPS * n_items:
        occurs = np.zeros(int(labels.max()) + 1, dtype=bool)
        occurs[labels] = True
        return labels.astype(np.int64) if occurs.all() else np.asarray((np.cumsum(occurs) - 1)[labels])
    return np.unique(labels, return_inverse=True)[1].astype(np.int64)


@dataclass(frozen=True)
class Frame:
    """Units of resampling (groups of identical clusters) and what each adds to the totals.

    Attributes
    ----------
    tables : list of ndarray
        One per statistic: sums (U, s) or codes (U,); the same object for statistics that share their sums.
    counts : ndarray, shape (U,)
        Number of clusters in each unit.
    n_clusters : int
        Number of clusters, the sum of `counts`.
    sizes : list of ndarray or None
        One per statistic, shape (U,): items in a cluster of each unit that add to the sums. None without
        clusters.
    """

    tables: list[SumTable]
    counts: Floats
    n_clusters: int
    sizes: list[Floats] | None = None

    @classmethod
    def build(
        cls,
        sums: Sequence[SumTable],
        clusters: ArrayLike | None,
        n_items: int,
        known_sizes: Sequence[Floats | None] = (),
    ) -> Frame:
        """Sum each statistic within clusters and collapse clusters that are alike.

        `known_sizes` are those of tables whose rows are clusters already.
        """
        codes = cluster_codes(clusters, n_items)
        n_clusters = int(codes.max(initial=-1)) + 1
        distinct = {id(table): table for table in sums}  # statistics of one builder share their sums
        sizes = {id(t): size for t, size in zip(sums, known_sizes, strict=False) if size is not None}
        if n_clusters < n_items:
            sizes = {key: _sizes(table, codes, n_clusters) for key, table in distinct.items()}
            distinct = {key: _within_clusters(table, codes, n_clusters) for key, table in distinct.items()}
        first, alike = _distinct_rows(list(distinct.values()))
        counts = np.ones(n_clusters)
        if _WORTH_COLLAPSING * len(first) <= n_clusters:
            distinct, counts = {key: table[first] for key, table in distinct.items()}, alike.astype(float)
            sizes = {key: size[first] for key, size in sizes.items()}
        of_each = [sizes[id(table)] for table in sums] if sizes else None
        return cls([distinct[id(table)] for table in sums], counts, n_clusters, of_each)

    def jackknife(self, index: int, units: Ints | None = None) -> Iterator[list[Floats]]:
        """Yield totals with one cluster left out, of each unit (or of some), of the statistic at `index`."""
        table = self.tables[index]
        total = totals_of(self.counts[None, :], table)
        left_out = table if units is None else table[units]
        step = max(1, _CHUNK // max(1, total.shape[1]))
        for start in range(0, len(left_out), step):
            part = left_out[start : start + step]
            if table.ndim == 1:
                rows = np.repeat(total, len(part), axis=0)
                rows[np.arange(len(part)), part] -= 1
                yield [rows]
            else:
                yield [total - part]

    def bootstrap(
        self, n_resamples: int, rng: np.random.Generator, indices: Sequence[int]
    ) -> Iterator[list[Floats]]:
        """Yield totals of resamples, chunk by chunk, one array per statistic in `indices`."""
        keys = [id(self.tables[i]) for i in indices]
        distinct = {id(self.tables[i]): self.tables[i] for i in indices}
        widest = max(self.n_clusters, *(width_of(table) for table in distinct.values()))
        step = max(1, _CHUNK // widest)
        for start in range(0, n_resamples, step):
            weights = self._weights(min(step, n_resamples - start), rng)
            totals = {key: totals_of(weights, table) for key, table in distinct.items()}
            yield [totals[key] for key in keys]

    def _weights(self, rows: int, rng: np.random.Generator) -> Floats:
        """Return how often each unit is drawn, shape (rows, U)."""
        n = self.n_clusters
        if len(self.counts) < n:
            return rng.multinomial(n, self.counts / n, size=rows).astype(float)
        drawn = rng.integers(n, size=(rows, n))
        drawn += n * np.arange(rows)[:, None]
        return np.bincount(drawn.ravel(), minlength=rows * n).reshape(rows, n).astype(float)


def width_of(table: SumTable) -> int:
    """Return the number of totals of a table: its columns, or the number of codes."""
    return table.shape[1] if table.ndim == 2 else int(table.max(initial=-1)) + 1


def totals_of(weights: Floats, table: SumTable) -> Floats:
    """Return weights (R, U) times the table; codes are counted without building their one-hot table."""
    if table.ndim == 2:
        return weights @ table
    width = width_of(table)
    if len(table) * width <= _CHUNK:
        return weights @ np.eye(width)[table]
    order = np.argsort(table, kind="stable")
    present, starts = np.unique(table[order], return_index=True)
    ordered = weights[:, order]
    if len(present) == width == len(table):
        return ordered
    totals = np.zeros((len(weights), width))
    totals[:, present] = np.add.reduceat(ordered, starts, axis=1)
    return totals


def _within_clusters(table: SumTable, codes: Ints, n_clusters: int) -> Floats:
    """Return the sums of each cluster, shape (C, s)."""
    if table.ndim == 1:
        width = width_of(table)
        counts = np.bincount(codes * width + table, minlength=n_clusters * width)
        return counts.reshape(n_clusters, width).astype(float)
    columns = [np.bincount(codes, weights=column, minlength=n_clusters) for column in table.T]
    sums = np.empty((n_clusters, len(columns)))
    for rows in _blocks(n_clusters, len(columns)):
        for place, column in enumerate(columns):
            sums[rows, place] = column[rows]
    return sums


def _sizes(table: SumTable, codes: Ints, n_clusters: int) -> Floats:
    """Return the items of each cluster that add to the sums; every item has a code, so that all count."""
    if table.ndim == 2:
        adds = np.zeros(len(table), dtype=bool)
        for column in table.T:  # faster than `any` of short rows
            adds |= column != 0
        codes = codes if adds.all() else codes[adds]
    return np.bincount(codes, minlength=n_clusters).astype(float)


def _distinct_rows(tables: Sequence[SumTable]) -> tuple[Ints, Ints]:
    """Return the first of each group of rows that are alike in all tables, and the sizes of the groups.

    Where the groups are too many to be worth collapsing, every row is a group.
    """
    n_rows = len(tables[0])
    found = _alike_by_hash(tables)
    if found is None:
        return np.arange(n_rows), np.ones(n_rows, dtype=np.int64)
    first, group, counts = found
    if not all(_are_alike(table, first, group) for table in tables):  # two different rows have one hash
        return _by_bytes(np.hstack([_as_key(table) for table in tables]))
    order, _ = _by_bytes(np.hstack([_as_key(table[first]) for table in tables]))
    return first[order], counts[order]


def _as_key(table: SumTable) -> Floats:
    # + 0.0 turns -0.0 into 0.0: rows are compared byte by byte, which is much faster than by column.
    return np.asarray(table.reshape(len(table), math.prod(table.shape[1:])) + 0.0)


def rows_alike(table: SumTable) -> tuple[Ints | None, Ints | None]:
    """Return rows with all values that occur, and which of them each row is like; None if too many differ."""
    found = _alike_by_hash([table])
    if found is None:
        return None, None
    first, place, _ = found
    return (first, place) if _are_alike(table, first, place) else (None, None)


def _are_alike(table: SumTable, first: Ints, group: Ints) -> bool:
    """Return whether each row is equal to the first one of its group."""
    firsts, width = table[first], math.prod(table.shape[1:])
    return all(np.array_equal(firsts[group[rows]], table[rows]) for rows in _blocks(len(table), width))


def _blocks(n_rows: int, width: int) -> Iterator[slice]:
    """Yield blocks of rows that fit into the cache of the processor."""
    step = max(1, _CACHED // max(1, width))
    return (slice(start, start + step) for start in range(0, n_rows, step))


def _alike_by_hash(tables: Sequence[SumTable]) -> tuple[Ints, Ints, Ints] | None:
    """Return the first row of each hash, which of them each row is like, and how many are like it."""
    found = _hashes(tables)
    if found is None:
        return None
    # What `np.unique` returns, but that sorts places, which takes twice the time where few rows differ.
    hashes, distinct = found
    group = np.searchsorted(distinct, hashes)
    first = np.empty(len(distinct), dtype=np.int64)
    first[group[::-1]] = np.arange(len(group))[::-1]
    return first, group, np.bincount(group, minlength=len(distinct))


def _hashes(tables: Sequence[SumTable]) -> tuple[NDArray[np.uint64], NDArray[np.uint64]] | None:
    """Return a hash of each row, and those that occur in order.

    None where more rows differ than are worth collapsing. Rows that differ in the first tables differ in all,
    so that few tables often suffice to give up.
    """
    n_rows = len(tables[0])
    factors = np.random.default_rng(0)
    hashes = np.zeros(n_rows, dtype=np.uint64)
    for n_read, table in enumerate(tables, 1):
        width = math.prod(table.shape[1:])
        odd = factors.integers(1, 2**63, size=width, dtype=np.uint64) | np.uint64(1)
        for rows in _blocks(n_rows, width):
            words = np.ascontiguousarray(_as_key(table[rows])).view(np.uint64)
            # Small integers as floats differ in their upper bits alone.
            hashes[rows] += (words ^ (words >> np.uint64(32))) @ odd
        is_checked = n_read & (n_read - 1) == 0 or n_read == len(tables)
        if is_checked:
            ordered = np.sort(hashes)
            ordered = ordered[np.append(True, ordered[1:] != ordered[:-1])[:n_rows]]
            if _WORTH_COLLAPSING * len(ordered) > n_rows:
                return None
    return hashes, ordered


def _by_bytes(keys: Floats) -> tuple[Ints, Ints]:
    packed: NDArray[np.void] = keys.view(np.dtype((np.void, keys.itemsize * keys.shape[1]))).ravel()
    _, first, counts = np.unique(packed, return_index=True, return_counts=True)
    return first, counts
