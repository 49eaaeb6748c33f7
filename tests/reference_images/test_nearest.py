"""Exact search by cosine."""

import numpy as np
import pytest

from judge.reference_images import nearest as module
from judge.reference_images.nearest import nearest


def brute_force(queries, pool, k, own=None):
    """Positions by cosine in double precision, of equal ones the lower position first."""
    a, b = (v.astype(float) / np.linalg.norm(v.astype(float), axis=1, keepdims=True) for v in (queries, pool))
    cosines = a @ b.T
    if own is not None:
        cosines[own >= 0, own[own >= 0]] = -np.inf
    return np.argsort(-cosines, axis=1, kind="stable")[:, :k]


def vectors(n, d=16, seed=0):
    return np.random.default_rng(seed).normal(size=(n, d)).astype(np.float32)


@pytest.mark.parametrize("k", [1, 3, 20])
def test_neighbors_are_those_of_brute_force(k):
    queries, pool = vectors(60), vectors(300, seed=1)
    positions, cosines = nearest(queries, pool, k)
    assert (positions == brute_force(queries, pool, k)).all()
    assert (np.diff(cosines, axis=1) <= 0).all()


def test_blocks_do_not_change_the_result(monkeypatch):
    queries, pool = vectors(25), vectors(40, seed=1)
    whole = nearest(queries, pool, 2)[0]
    monkeypatch.setattr(module, "_BLOCK", 7)
    assert (nearest(queries, pool, 2)[0] == whole).all()


@pytest.mark.parametrize("n", [5, 50], ids=["small pool", "large pool"])
def test_a_query_is_not_its_own_neighbor(n):
    pool = vectors(n)
    positions, _ = nearest(pool, pool, 3, np.arange(n))
    assert not (positions == np.arange(n)[:, None]).any()
    assert (positions == brute_force(pool, pool, 3, np.arange(n))).all()


def test_vectors_that_single_precision_cannot_order_are_ordered_exactly():
    """Forty pictures whose cosines differ by less than the rounding error of single precision."""
    base = np.ones(64, dtype=np.float32)
    pool = np.tile(base, (40, 1))
    pool[:, 0] += np.random.default_rng(2).permutation(40).astype(np.float32) * np.float32(1e-4)
    query = base[None] + np.float32(0)
    assert (nearest(query, pool, 2)[0] == brute_force(query, pool, 2)).all()


def test_vectors_that_single_precision_cannot_order_leave_out_the_query_itself():
    pool = np.ones((40, 8), dtype=np.float32)
    positions, _ = nearest(pool[:1], pool, 2, np.array([0]))
    assert positions.tolist() == [[1, 2]]


def test_too_small_a_pool_has_no_further_neighbor():
    positions, cosines = nearest(vectors(1), vectors(1, seed=1), 3)
    assert positions.tolist() == [[0, -1, -1]]
    assert np.isnan(cosines[0, 1:]).all()


def test_an_empty_pool_has_no_neighbor():
    positions, _ = nearest(vectors(2), np.empty((0, 16), dtype=np.float32), 1)
    assert positions.tolist() == [[-1], [-1]]


@pytest.mark.parametrize("factor", [1e-30, 1e30])
def test_the_length_of_the_vectors_does_not_matter(factor):
    queries, pool = vectors(5), vectors(60, seed=1)
    expected = nearest(queries, pool, 3)[0]
    found = nearest((queries * factor).astype(np.float32), (pool * factor).astype(np.float32), 3)[0]
    assert (found == expected).all()
