"""Coverage of the 95 % intervals of agreement coefficients, by simulation. Writes coverage_intervals.md.

    python benchmarks/coverage_intervals.py > benchmarks/coverage_intervals.md

Simulated ratings on 1-5: three raters observe a latent quality with noise, and 15 % of ratings are missing.
With clusters, three items share 40 % of the variance of their quality. The true value is the coefficient of
600,000 items.
"""

import datetime
import platform
from dataclasses import dataclass
from importlib.metadata import version

import numpy as np

from judge.stats import Statistic, alpha_statistic, cohen_statistic, estimate

SEED = 20_260_101
RUNS, RESAMPLES, PER_CLUSTER = 1_000, 2_000, 3
CUTS = {"even": [-1.2, -0.4, 0.4, 1.2], "skewed": [-2.2, -1.6, -1.0, -0.2]}


def simulate(
    n_clusters: int, per_cluster: int, noise: float, cuts: list[float], rng: np.random.Generator
) -> np.ndarray:
    """Return ratings (n_clusters * per_cluster, 3)."""
    n_items = n_clusters * per_cluster
    shared = np.repeat(rng.normal(size=n_clusters), per_cluster)
    share = 0.4 if per_cluster > 1 else 0.0
    quality = np.sqrt(share) * shared + np.sqrt(1 - share) * rng.normal(size=n_items)
    seen = quality[:, None] + noise * rng.normal(size=(n_items, 3))
    ratings = 1.0 + np.searchsorted(cuts, seen)
    ratings[rng.random(ratings.shape) < 0.15] = np.nan
    return ratings


STATISTICS = {
    "ordinal alpha": lambda x: alpha_statistic(x, level="ordinal"),
    "quadratic kappa": lambda x: cohen_statistic(x[:, 0], x[:, 1], weights="quadratic"),
}


@dataclass(frozen=True)
class Setting:
    """One row of the table."""

    name: str
    margins: str
    n: int
    per_cluster: int
    noise: float = 0.6

    def sample(self, n_clusters: int, rng: np.random.Generator) -> Statistic:
        """Return the statistic of simulated ratings."""
        return STATISTICS[self.name](
            simulate(n_clusters, self.per_cluster, self.noise, CUTS[self.margins], rng)
        )

    def row(self, truth: float, rng: np.random.Generator) -> str:
        """Simulate the data sets and return the row of the table."""
        clusters = np.arange(self.n * self.per_cluster) // self.per_cluster
        inside, widths, usable = [], [], []
        for _ in range(RUNS):
            statistic = self.sample(self.n, rng)
            result = estimate(statistic, clusters=clusters, n_resamples=RESAMPLES, rng=rng)
            usable.append(result.n_items)
            if np.isfinite(result.low):
                inside.append(result.low <= truth <= result.high)
                widths.append(result.high - result.low)
        frame = f"{self.n} clusters of {self.per_cluster}" if self.per_cluster > 1 else f"{self.n} items"
        return (
            f"| {self.name} | {self.margins} | {truth:.3f} | {frame} | {np.median(usable):.0f} "
            f"| {np.mean(inside):.3f} | {1 - len(inside) / RUNS:.3f} | {np.median(widths):.3f} |"
        )


def main() -> None:
    """Print the table."""
    rng = np.random.default_rng(SEED)
    error = np.sqrt(0.95 * 0.05 / RUNS)
    print("# Coverage of 95 % intervals (method 'auto')\n")
    print(__doc__.split("\n\n")[2].replace("\n", " ").strip() + "\n")
    print(f"{RUNS:,} data sets per row, {RESAMPLES:,} resamples, seed {SEED}; Monte Carlo error {error:.3f}.")
    print(f"Python {platform.python_version()}, numpy {version('numpy')}, {datetime.date.today()}.\n")
    columns = ["coefficient", "margins", "truth", "frame", "usable items", "coverage", "no interval", "width"]
    print("| " + " | ".join(columns) + " |\n" + "|---" * len(columns) + "|")
    for name in STATISTICS:
        for margins in CUTS:
            truth = Setting(name, margins, 0, 1).sample(600_000, rng).value()
            for n in (20, 50, 200):
                for per_cluster in (1, PER_CLUSTER):
                    print(Setting(name, margins, n, per_cluster).row(truth, rng), flush=True)


if __name__ == "__main__":
    main()
