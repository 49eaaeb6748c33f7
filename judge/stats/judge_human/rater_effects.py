"""Effects of many raters, and without each cluster of items, from the few raters who rated its items.

The equations of all effects are a matrix A of raters by raters. Without a cluster A changes only in the rows
and columns of those who rated one of its items, so that the new effects follow from the inverse of A and a
small system (Woodbury's identity).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from judge.stats.engine.scale import Floats, Ints
from judge.stats.engine.weights import cluster_codes

__all__: list[str] = []

REGULAR = 1e-9
"""Smallest eigenvalue of the equations of raters who are connected by shared items."""
_SURE = 1e-6  # a determinant below it does not show that raters are still connected


@dataclass(frozen=True)
class RaterEffects:
    """Effects of raters, and without each cluster; NaN where raters fall into groups that share no item.

    Attributes
    ----------
    effects : ndarray, shape (n_raters,)
        On all items. They add up to 0.
    without : ndarray, shape (n_clusters, n_raters)
        Without each cluster.
    sizes : ndarray, shape (n_clusters,)
        Items of each cluster with two or more ratings.
    """

    effects: Floats
    without: Floats
    sizes: Floats


def rater_effects(table: Floats, clusters: ArrayLike | None) -> RaterEffects:
    """Return the least squares effects of raters in rating = item + rater.

    Parameters
    ----------
    table : ndarray, shape (n_items, n_raters)
        Ratings, NaN where missing.
    clusters : array_like, shape (n_items,), optional
        Group of each item.

    References
    ----------
    .. [1] M. A. Woodbury, "Inverting modified matrices", Statistical Research Group, Memorandum 42, Princeton
       University, 1950.

    Examples
    --------
    >>> found = rater_effects(np.array([[1.0, 2.0], [2.0, 4.0], [3.0, 3.0]]), None)
    >>> found.effects.round(2).tolist(), found.without[1].round(2).tolist()
    ([-0.5, 0.5], [-0.25, 0.25])
    """
    n_items, n_raters = table.shape
    codes = cluster_codes(clusters, n_items)
    n_clusters = int(codes.max(initial=-1)) + 1
    rated = (~np.isnan(table)).astype(float)
    m = rated.sum(axis=1)
    sizes = np.bincount(codes[m >= 2], minlength=n_clusters).astype(float)
    centred = np.where(rated > 0, table - (np.nansum(table, axis=1) / np.maximum(m, 1))[:, None], 0.0)
    # The constant vector is in the null space; adding it makes the matrix regular if raters are connected.
    together = rated.T @ (rated / np.maximum(m, 1)[:, None])
    a = np.asarray(np.diag(rated.sum(axis=0)) - together + 1.0 / n_raters, dtype=float)
    b = centred.sum(axis=0)
    effects = _solved(a, b)
    if np.isnan(effects).any():
        return RaterEffects(effects, np.full((n_clusters, n_raters), np.nan), sizes)
    blocks = _blocks(table, centred, codes, n_clusters)
    return RaterEffects(effects, _without_each(a, b, effects, blocks, n_clusters), sizes)


def _solved(a: Floats, b: Floats) -> Floats:
    if np.linalg.eigvalsh(a)[0] <= REGULAR:
        return np.full(len(b), np.nan)
    return np.asarray(np.linalg.solve(a, b), dtype=float)


@dataclass(frozen=True)
class _Block:
    """What clusters with the same number of raters add to the equations.

    Attributes
    ----------
    clusters : ndarray, shape (n,)
        The clusters.
    raters : ndarray, shape (n, r)
        Those who rated one of the items of each.
    matrices, sides : ndarray, shapes (n, r, r) and (n, r)
        Their part of the matrix and of the right side.
    """

    clusters: Ints
    raters: Ints
    matrices: Floats
    sides: Floats


def _blocks(table: Floats, centred: Floats, codes: Ints, n_clusters: int) -> Iterator[_Block]:
    n_raters = table.shape[1]
    item, rater = np.nonzero(~np.isnan(table))  # by item, so that ratings of an item are neighbours
    cluster = codes[item]
    met, of_rating = np.unique(cluster * n_raters + rater, return_inverse=True)
    n_met = np.bincount(met // n_raters, minlength=n_clusters)
    starts, corners = np.cumsum(n_met) - n_met, np.cumsum(n_met**2) - n_met**2
    place, width, corner = of_rating - starts[cluster], n_met[cluster], corners[cluster]
    m = np.bincount(item, minlength=len(table))
    n_cells = int((n_met**2).sum())
    cells = np.bincount(corner + place * (width + 1), minlength=n_cells).astype(float)
    for step in range(int(m.max())):
        i = np.flatnonzero(item[step:] == item[: len(item) - step])
        j, share = i + step, 1 / m[item[i]]
        cells = cells - np.bincount(corner[i] + place[i] * width[i] + place[j], share, minlength=n_cells)
        if step:
            cells = cells - np.bincount(corner[i] + place[j] * width[i] + place[i], share, minlength=n_cells)
    side = np.bincount(of_rating, centred[item, rater], minlength=len(met)).astype(float)
    for size in np.unique(n_met[n_met > 0]).tolist():
        clusters = np.flatnonzero(n_met == size)
        mine = starts[clusters][:, None] + np.arange(size)
        square = corners[clusters][:, None] + np.arange(size**2)
        yield _Block(clusters, met[mine] % n_raters, cells[square].reshape(-1, size, size), side[mine])


def _without_each(a: Floats, b: Floats, effects: Floats, blocks: Iterable[_Block], n_clusters: int) -> Floats:
    inverse, moves = np.linalg.inv(a), np.zeros((n_clusters, len(b)))
    unsure = []
    for block in blocks:
        raters = block.raters
        own = inverse[raters[:, :, None], raters[:, None, :]]
        system = np.eye(raters.shape[1]) - own @ block.matrices
        is_sure = np.abs(np.linalg.det(system)) > _SURE
        system[~is_sure] = np.eye(raters.shape[1])
        right = effects[raters][:, :, None] - own @ block.sides[:, :, None]
        without = np.linalg.solve(system, right)
        moves[block.clusters[:, None], raters] = (block.matrices @ without)[:, :, 0] - block.sides
        unsure += [(block, i) for i in np.flatnonzero(~is_sure)]
    found: Floats = effects + moves @ inverse
    for block, i in unsure:
        raters, less, right = block.raters[i], a.copy(), b.copy()
        less[np.ix_(raters, raters)] -= block.matrices[i]
        right[raters] -= block.sides[i]
        found[block.clusters[i]] = _solved(less, right)
    return found
