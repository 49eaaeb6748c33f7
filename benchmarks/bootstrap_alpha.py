"""Time the cluster bootstrap of ordinal alpha: 10,000 resamples of 10,000 items x 5 raters, 20 % missing.

    OMP_NUM_THREADS=1 python benchmarks/bootstrap_alpha.py

For comparison: one call of `krippendorff.alpha` per resample, extrapolated from a few resamples.
"""

import datetime
import os
import platform
import time
from importlib.metadata import version

import krippendorff
import numpy as np

from judge.stats import krippendorff_alpha

N_ITEMS, N_RATERS, N_CLUSTERS, N_RESAMPLES, LOOP = 10_000, 5, 2_000, 10_000, 30


def simulate(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return ratings on 1-5 and the cluster of each item."""
    seen = rng.normal(size=(N_ITEMS, 1)) + 0.7 * rng.normal(size=(N_ITEMS, N_RATERS))
    ratings = 1.0 + np.searchsorted([-1.2, -0.4, 0.4, 1.2], seen)
    ratings[rng.random(ratings.shape) < 0.2] = np.nan
    return ratings, rng.integers(0, N_CLUSTERS, N_ITEMS)


def loop(ratings: np.ndarray, clusters: np.ndarray, rng: np.random.Generator) -> float:
    """Return seconds per resample of the loop over krippendorff.alpha."""
    members = [np.flatnonzero(clusters == c) for c in np.unique(clusters)]
    start = time.process_time()
    for _ in range(LOOP):
        drawn = np.concatenate([members[c] for c in rng.integers(len(members), size=len(members))])
        krippendorff.alpha(ratings[drawn].T, level_of_measurement="ordinal")
    return (time.process_time() - start) / LOOP


def main() -> None:
    """Print one table row per setting."""
    rng = np.random.default_rng(1)
    ratings, clusters = simulate(rng)
    krippendorff_alpha(ratings[:200], level="ordinal", rng=1)  # warm-up: imports and caches
    per_resample = loop(ratings, clusters, rng)
    print(f"{datetime.date.today()}, {platform.system()} {platform.machine()}, one core of {os.cpu_count()}")
    packages = ("numpy", "scipy", "krippendorff")
    print(f"Python {platform.python_version()}, " + ", ".join(f"{name} {version(name)}" for name in packages))
    print(f"{N_ITEMS:,} items x {N_RATERS} raters, 20 % missing, {N_RESAMPLES:,} resamples; CPU seconds\n")
    print("| frame | ours | krippendorff.alpha in a loop (extrapolated) | ratio |")
    print("|---|---|---|---|")
    for name, groups in (("items", None), (f"{N_CLUSTERS:,} clusters", clusters)):
        start = time.process_time()
        result = krippendorff_alpha(
            ratings, level="ordinal", clusters=groups, method="bca", n_resamples=N_RESAMPLES, rng=2
        )
        seconds = time.process_time() - start
        peer = per_resample * N_RESAMPLES
        print(f"| {name}: {result} | {seconds:.2f} | {peer:,.0f} | {peer / seconds:,.0f} |")


if __name__ == "__main__":
    main()
