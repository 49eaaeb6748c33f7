#!/usr/bin/env python3
"""Exact search for the nearest normal images: right neighbors, seconds, and where it stops to suffice.

    python benchmarks/nearest_images.py                # vectors of several sizes, and the whole command once
    python benchmarks/nearest_images.py --pool 500000  # one size of the pool

Vectors are made up: mixtures of 50 groups, so that near neighbors are close to each other, as those of
pictures of one object are. The whole command gets 5,000 small made-up normal images of ten objects, with
embeddings in a file.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from judge.reference_images.nearest import nearest

DIMENSIONS = 512
QUERIES = 1_000
CHECKED = 100
"""Queries whose neighbors are compared with brute force in double precision."""
K = 5


def vectors(n: int, seed: int) -> NDArray[np.float32]:
    """Vectors in 50 groups."""
    rng = np.random.default_rng(seed)
    groups = np.random.default_rng(0).normal(size=(50, DIMENSIONS)).astype(np.float32)
    found = groups[rng.integers(0, 50, n)]
    found += np.float32(0.3) * rng.standard_normal(size=found.shape, dtype=np.float32)
    return found


def brute_force(queries: NDArray[np.float32], pool: NDArray[np.float32]) -> NDArray[np.intp]:
    """Positions by cosine in double precision."""
    others = pool.astype(float)
    others /= np.linalg.norm(others, axis=1, keepdims=True)
    return np.array([np.argsort(-(others @ query), kind="stable")[:K] for query in queries.astype(float)])


def search(n_pool: int) -> None:
    """Print the agreement with brute force and the time of 1,000 queries."""
    queries, pool = vectors(QUERIES, 1), vectors(n_pool, 2)
    before, start = time.process_time(), time.monotonic()
    found, _ = nearest(queries, pool, K)
    cpu, wall = time.process_time() - before, time.monotonic() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # with the making of the vectors
    right = (found[:CHECKED] == brute_force(queries[:CHECKED], pool)).mean()
    print(
        f"pool {n_pool:>9,}: {right:.4%} of {CHECKED * K:,} neighbors as by brute force; "
        f"{QUERIES:,} queries: {cpu:.2f} s CPU, {wall:.2f} s; peak {peak:,.0f} MB",
        flush=True,
    )


def whole_command(n_normals: int, n_items: int) -> None:
    """Time `judge attach-normals` with embeddings from a file."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rng = np.random.default_rng(3)
        names = [f"{n % 10}/{n}.png" for n in range(n_normals)] + [f"q/{n}.png" for n in range(n_items)]
        for file in names:
            path = folder / (file if file.startswith("q/") else f"normals/{file}")
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(rng.integers(0, 255, (16, 16, 3), dtype=np.uint8)).save(path)
        np.savez(folder / "e.npz", ids=np.array(names), embeddings=vectors(len(names), 4))
        with (folder / "a.jsonl").open("w") as out:
            for n in range(n_items):
                row = {"id": f"q{n}", "question": "Good?", "answer": "Yes.", "object": str(n % 10)}
                out.write(json.dumps({**row, "images": [f"q/{n}.png"]}) + "\n")
        words = ["attach-normals", "a.jsonl", "--normals", "normals", "--embedder", "file:e.npz"]
        start = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "judge", *words], cwd=folder, capture_output=True, text=True, check=True
        )
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        print(f"{done.stderr.splitlines()[0]}, {n_normals:,} normal images of ten objects: ", end="")
        print(f"{used.ru_utime + used.ru_stime:.1f} s CPU, {time.monotonic() - start:.1f} s")


if __name__ == "__main__":
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=form)
    parser.add_argument("--pool", type=int, help="size of the pool; default: several")
    size = parser.parse_args().pool
    for n_pool in [size] if size else [5_000, 20_000, 100_000]:
        search(n_pool)
    if not size:
        whole_command(5_000, 1_000)
