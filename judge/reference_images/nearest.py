"""The most similar vectors of a pool by cosine: exact search in blocks of queries."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Matrix: TypeAlias = NDArray[np.float32]
_BLOCK = 512
_MOST_COSINES = 2**24
"""Cosines that are in memory at once (64 MB); the rows of a block are so many that they fit."""
_MORE = 8
"""Candidates beyond those that are wanted; their order is decided in double precision."""
_TOLERANCE = 1e-5
"""Bound of the rounding error of a cosine in single precision."""


def nearest(
    queries: Matrix, pool: Matrix, k: int, own: NDArray[np.intp] | None = None
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Find the `k` vectors of a pool that have the largest cosine with each query.

    The search is exact: cosines in single precision choose the candidates, cosines in double precision order
    them, and a query whose candidates are not clearly ahead is compared with the whole pool.

    Parameters
    ----------
    queries, pool : array of float, shape (n, d) and (m, d)
        Vectors other than zero.
    k : int
        Number of neighbors.
    own : array of int, shape (n,), optional
        Position of each query within the pool, where it must not be its own neighbor; -1 where it is not in
        it.

    Returns
    -------
    positions : array of int, shape (n, k)
        Positions in the pool, the nearest first; of equal cosines the lower position first; -1 where the pool
        has too few vectors.
    cosines : array of float, shape (n, k)
        Their cosines; NaN where there is no neighbor.

    Examples
    --------
    >>> pool = np.array([[1, 0], [0, 1], [1, 1]], dtype=np.float32)
    >>> positions, cosines = nearest(np.array([[3, 0]], dtype=np.float32), pool, 2)
    >>> positions.tolist(), cosines.round(3).tolist()
    ([[0, 2]], [[1.0, 0.707]])
    """
    positions = np.full((len(queries), k), -1, dtype=np.intp)
    cosines = np.full((len(queries), k), np.nan)
    own = np.full(len(queries), -1) if own is None else own
    units, pool_units = _units(queries), _units(pool)
    n_candidates = min(len(pool), k + 1 + _MORE)
    n_rows = max(1, min(_BLOCK, _MOST_COSINES // max(1, len(pool))))
    for start in range(0, len(queries) if len(pool) else 0, n_rows):
        block = slice(start, start + n_rows)
        rough = units[block] @ pool_units.T
        inside = np.flatnonzero(own[block] >= 0)
        rough[inside, own[block][inside]] = -np.inf
        chosen = np.argpartition(-rough, n_candidates - 1, axis=1)[:, :n_candidates]
        chosen.sort(axis=1)  # so that of equal cosines the lower position comes first
        exact = _cosines(queries[block], pool[chosen])
        exact[chosen == own[block][:, None]] = -np.inf
        order = np.argsort(-exact, axis=1, kind="stable")[:, :k]
        last = np.where(np.isinf(exact), np.inf, exact).min(axis=1)
        for row, query in enumerate(range(start, start + len(rough))):
            at = chosen[row, order[row]]
            values = exact[row, order[row]]
            if n_candidates < len(pool) and values[-1] - last[row] < _TOLERANCE:
                at, values = _in_whole_pool(queries[query], pool, k, own[query])
            known = np.isfinite(values)
            positions[query, : known.sum()] = at[known]
            cosines[query, : known.sum()] = values[known]
    return positions, cosines


def _in_whole_pool(
    query: Matrix, pool: Matrix, k: int, own: np.intp
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    values = _cosines(query[None], pool[None])[0]
    if own >= 0:
        values[own] = -np.inf
    at = np.argsort(-values, kind="stable")[:k]
    return at, values[at]


def _units(vectors: Matrix) -> Matrix:
    scaled = vectors / np.abs(vectors).max(
        axis=1, keepdims=True
    )  # squares of 1e30 are infinite, of 1e-30 zero
    found: Matrix = scaled / np.linalg.norm(scaled, axis=1, keepdims=True)
    return found


def _cosines(queries: Matrix, others: NDArray[np.float32]) -> NDArray[np.float64]:
    """Cosine in double precision of each query and each of its own others, shapes (n, d) and (n, c, d)."""
    a, b = queries.astype(np.float64), others.astype(np.float64)
    products = np.einsum("nd,ncd->nc", a, b)
    found: NDArray[np.float64] = products / (np.linalg.norm(a, axis=1)[:, None] * np.linalg.norm(b, axis=2))
    return found
