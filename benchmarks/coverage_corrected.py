"""Coverage and width of the intervals of corrected pass rates, by simulation with a known truth.

    python benchmarks/coverage_corrected.py [--runs 2000] [--seed 1] [--out benchmarks/coverage_corrected.md]

Independent answers: verdicts of a person with pass rate theta, and of a judge with fixed TPR and TNR; a
random sample is labelled. Few labels: the same, and scores from 1 to 5 that are the rounded sum of a quality
(standard deviation 1) and the noise of person or judge (standard deviation .7). Clusters: each cluster has
its own pass rate, TPR and TNR, drawn from beta distributions with an intraclass correlation of .3 (pass rate) and
.2 (TPR, TNR).
"""

from __future__ import annotations

import argparse
import platform
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import scipy
from scipy.stats import norm

from judge.stats.engine.estimate import ANY_VALUE, SHARE, Estimate
from judge.stats.pass_fail.ppi import ppi_difference, ppi_mean
from judge.stats.pass_fail.predictive_values import predictive_values, predictive_values_difference
from judge.stats.pass_fail.rogan_gladen import rogan_gladen
from judge.stats.pass_fail.two_phase import TwoPhaseMean, read_pool

Floats = np.ndarray


@dataclass(frozen=True)
class Setting:
    """A pass rate, a judge, a number of labels, and a pool of clusters (size 1: independent answers)."""

    rate: float
    tpr: float
    tnr: float
    labels: int
    clusters: int
    size: int = 1
    whole_clusters: bool = False

    def __str__(self) -> str:
        pool = f"{self.clusters * self.size:,}"
        if self.size > 1:
            pool = f"{self.clusters} x {self.size}" + (", whole clusters" if self.whole_clusters else "")
        return f"{self.rate} | {self.tpr} | {self.tnr} | {self.labels} | {pool}"


INDEPENDENT = [
    Setting(rate, tpr, tnr, labels, pool)
    for rate, tpr, tnr, labels, pool in [
        (0.7, 0.9, 0.8, 30, 1000),
        (0.7, 0.9, 0.8, 50, 1000),
        (0.7, 0.9, 0.8, 100, 1000),
        (0.7, 0.9, 0.8, 200, 2000),
        (0.7, 0.9, 0.8, 50, 100),
        (0.5, 0.8, 0.8, 50, 500),
        (0.5, 0.95, 0.95, 100, 1000),
        (0.3, 0.7, 0.9, 100, 500),
        (0.9, 0.9, 0.8, 50, 1000),
        (0.9, 0.95, 0.6, 100, 1000),
        (0.95, 0.9, 0.6, 200, 2000),
    ]
]
CLUSTERED = [
    Setting(rate, tpr, tnr, labels, clusters, size, whole)
    for rate, tpr, tnr, labels, clusters, size, whole in [
        (0.7, 0.9, 0.8, 30, 200, 5, False),
        (0.7, 0.9, 0.8, 100, 200, 5, False),
        (0.7, 0.9, 0.8, 100, 200, 5, True),
        (0.7, 0.9, 0.8, 200, 40, 25, False),
        (0.7, 0.9, 0.8, 100, 20, 20, False),
        (0.9, 0.9, 0.8, 100, 200, 5, False),
        (0.9, 0.9, 0.8, 200, 200, 5, True),
        (0.9, 0.95, 0.6, 100, 40, 25, False),
    ]
]


FEW = [
    Setting(rate, tpr, tnr, labels, 1000)
    for labels in (15, 20, 30, 50)
    for rate, tpr, tnr in [
        (0.5, 0.8, 0.8),
        (0.7, 0.9, 0.8),
        (0.9, 0.95, 0.6),
        (0.9, 0.97, 0.9),
        (0.95, 0.9, 0.6),
    ]
]


def beta(rng: np.random.Generator, mean: float, correlation: float, n: int) -> Floats:
    """Draw one probability per cluster with the given mean and intraclass correlation."""
    concentration = 1 / correlation - 1
    return rng.beta(mean * concentration, (1 - mean) * concentration, n)


def draw(setting: Setting, rng: np.random.Generator) -> tuple[Floats, Floats, Floats | None]:
    """Return human verdicts on the whole pool, verdicts of the judge, and clusters."""
    n, groups = setting.clusters * setting.size, np.repeat(np.arange(setting.clusters), setting.size)
    rate, tpr, tnr = np.full(n, setting.rate), np.full(n, setting.tpr), np.full(n, setting.tnr)
    if setting.size > 1:
        rate = beta(rng, setting.rate, 0.3, setting.clusters)[groups]
        tpr = beta(rng, setting.tpr, 0.2, setting.clusters)[groups]
        tnr = beta(rng, setting.tnr, 0.2, setting.clusters)[groups]
    human = (rng.random(n) < rate).astype(float)
    judge = np.where(human == 1, rng.random(n) < tpr, rng.random(n) >= tnr).astype(float)
    return human, judge, groups if setting.size > 1 else None


def hide(human: Floats, setting: Setting, rng: np.random.Generator) -> Floats:
    """Keep the labels of a random sample of the pool: of single answers, or of whole clusters."""
    if setting.whole_clusters:
        chosen = rng.choice(setting.clusters, setting.labels // setting.size, replace=False)
        kept = np.isin(np.repeat(np.arange(setting.clusters), setting.size), chosen)
    else:
        kept = np.zeros(human.size, bool)
        kept[rng.choice(human.size, setting.labels, replace=False)] = True
    return np.where(kept, human, np.nan)


def estimates(setting: Setting, rng: np.random.Generator) -> Iterator[tuple[str, float, Estimate]]:
    """Yield the name, the truth and the interval of every method on one simulated data set."""
    human, judge, groups = draw(setting, rng)
    labels = hide(human, setting, rng)
    theta, shown = setting.rate, ~np.isnan(labels)
    of_labels = None if groups is None else groups[shown]
    rate = predictive_values(labels, judge, clusters=groups, n_draws=4_000, rng=rng)
    yield "predictive values", theta, rate.estimate
    if groups is None:
        yield "delta", theta, predictive_values(labels, judge, method="delta").estimate
    yield "PPI++", theta, ppi_mean(labels, judge, clusters=groups).estimate
    rogan = rogan_gladen(human[shown], judge[shown], judge, clusters=of_labels, pool_clusters=groups)
    yield "Rogan-Gladen", theta, rogan.estimate
    yield "humans only", theta, rate.humans_only
    # A second system on the same items, with 3 of 4 verdicts in common, so that the two are correlated.
    other, other_judge, _ = draw(setting, rng)
    kept = rng.random(human.size) < 0.75
    human_b, judge_b = np.where(kept, human, other), np.where(kept, judge, other_judge)
    labels_b = np.where(shown, human_b, np.nan)
    yield "difference", 0.0, predictive_values_difference(labels, judge, labels_b, judge_b, clusters=groups)


def few_labels(setting: Setting, rng: np.random.Generator) -> Iterator[tuple[str, float, Estimate]]:
    """Yield PPI++ of pass marks: at random, within three strata, and the difference of two systems."""
    human, judge, _ = draw(setting, rng)
    shown = ~np.isnan(hide(human, setting, rng))
    labels = np.where(shown, human, np.nan)
    yield "pass marks", setting.rate, ppi(labels, judge)
    strata = np.arange(human.size) % 3
    order = rng.permutation(human.size)
    drawn = np.concatenate([order[strata[order] == s][: setting.labels // 3] for s in range(3)])
    within = np.where(np.isin(np.arange(human.size), drawn), human, np.nan)
    yield "in 3 strata", setting.rate, ppi(within, judge, strata)
    other, other_judge, _ = draw(setting, rng)
    kept = rng.random(human.size) < 0.75
    human_b, judge_b = np.where(kept, human, other), np.where(kept, judge, other_judge)
    yield "difference", 0.0, ppi_difference(labels, judge, np.where(shown, human_b, np.nan), judge_b)


def ppi(human: Floats, judge: Floats, strata: Floats | None = None) -> Estimate:
    """Return the estimate of `ppi_mean` without those beside it, which take most of its time."""
    pool = read_pool(human, judge, strata, None)
    blank = Estimate(np.nan, possible=SHARE if pool.marks else ANY_VALUE)
    return TwoPhaseMean.of(pool, pool.judge_weights(None, True)).estimate(blank, None)


def few_scores(labels: int, rng: np.random.Generator) -> Iterator[tuple[str, float, Estimate]]:
    """Yield PPI++ of scores from 1 to 5, whose distribution is symmetric around 3, or skewed."""
    quality = rng.standard_normal((2, 1000))
    for name, middle, level in (("symmetric", 3.0, quality[0]), ("skewed", 4.2, quality[1])):
        human, judge = (
            np.clip(np.round(middle + level + 0.7 * rng.standard_normal(1000)), 1, 5) for _ in range(2)
        )
        human[labels:] = np.nan
        yield f"scores, {name}", 3.0 if middle == 3 else SKEWED_MEAN, ppi(human, judge)


def skewed_mean() -> float:
    """Return the mean of the rounded normal scores around 4.2, in closed form."""
    cuts = (np.arange(1.5, 5) - 4.2) / np.hypot(1.0, 0.7)
    return 1.0 + float(norm.sf(cuts).sum())


SKEWED_MEAN = skewed_mean()


def simulate(
    cases: Callable[[np.random.Generator], Iterator[tuple[str, float, Estimate]]],
    runs: int,
    rng: np.random.Generator,
) -> dict[str, tuple[float, float, float]]:
    """Return the coverage, the mean width and the share without an interval of each method."""
    found: dict[str, list[tuple[bool, float]]] = {}
    for _ in range(runs):
        for name, truth, estimate in cases(rng):
            hit = estimate.low - 1e-12 <= truth <= estimate.high + 1e-12
            found.setdefault(name, []).append((hit, estimate.high - estimate.low))
    return {name: _summary(np.array(rows, dtype=float)) for name, rows in found.items()}


def _summary(rows: Floats) -> tuple[float, float, float]:
    defined = rows[~np.isnan(rows[:, 1])]
    return float(defined[:, 0].mean()), float(defined[:, 1].mean()), 1 - len(defined) / len(rows)


def table(
    settings: list[Setting],
    cases: Callable[[Setting, np.random.Generator], Iterator[tuple[str, float, Estimate]]],
    runs: int,
    rng: np.random.Generator,
) -> list[str]:
    """Return a Markdown table with the coverage and mean width of each method."""
    lines: list[str] = []
    for setting in settings:
        found = simulate(lambda rng, s=setting: cases(s, rng), runs, rng)
        if not lines:
            lines = header("rate | TPR | TNR | labels | pool", found)
        lines.append(row(str(setting), found))
        print(lines[-1], flush=True)
    return lines


def score_table(runs: int, rng: np.random.Generator) -> list[str]:
    """Return a Markdown table for scores from 1 to 5."""
    lines: list[str] = []
    for labels in (20, 30, 50):
        found = simulate(lambda rng, n=labels: few_scores(n, rng), runs, rng)
        lines = lines or header("labels", found)
        lines.append(row(str(labels), found))
        print(lines[-1], flush=True)
    return lines


def header(first: str, found: Iterable[str]) -> list[str]:
    """Return the two first lines of a Markdown table."""
    titles = [*first.split(" | "), *found]
    return ["| " + " | ".join(titles) + " |", "|" + "---|" * len(titles)]


def row(name: str, found: dict[str, tuple[float, float, float]]) -> str:
    """Return a line of a Markdown table."""
    cells = [
        f"{coverage:.3f} / {width:.3f}" + (f" ({missing:.1%} none)" if missing > 0 else "")
        for coverage, width, missing in found.values()
    ]
    return f"| {name} | " + " | ".join(cells) + " |"


WHY = """
## Few labels: what changed, and why
"""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--few", action="store_true", help="only the tables of few labels")
    parser.add_argument("--machine", default=platform.machine(), help="name of the machine in the report")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    rng, runs, started = np.random.default_rng(options.seed), options.runs, time.perf_counter()
    few, scores = table(FEW, few_labels, runs, rng), score_table(runs, rng)
    if options.few:
        return
    independent, clustered = (table(s, estimates, runs, rng) for s in (INDEPENDENT, CLUSTERED))
    seconds = time.perf_counter() - started
    margin = 1.96 * np.sqrt(0.95 * 0.05 / runs)
    command = f"python benchmarks/coverage_corrected.py --runs {runs} --seed {options.seed}"
    versions = f"Python {platform.python_version()}, numpy {np.__version__}, scipy {scipy.__version__}"
    report = f"""# Coverage of corrected pass rates

`{command}`
on one core of {options.machine}, {date.today()}, {seconds:.0f} s. {versions}.

Confidence level .95. Each cell is coverage / mean width over {runs:,} data sets; the Monte Carlo
error of a coverage of .95 is about {margin:.3f}. "none" is the share of data sets without an interval. The
difference is between two systems on the same items, with a true value of 0.

Independent answers, a random sample labelled:

{chr(10).join(independent)}

Clusters (intraclass correlation .3 of the pass rate, .2 of TPR and TNR); all methods account for them:

{chr(10).join(clustered)}

Few labels, PPI++ of pass marks: at random, in equal numbers within three strata, and the difference:

{chr(10).join(few)}

Few labels, PPI++ of scores from 1 to 5, labelled at random:

{chr(10).join(scores)}
{WHY}"""
    if options.out:
        options.out.write_text(report, encoding="utf-8")
    else:
        sys.stdout.write(report)


if __name__ == "__main__":
    main()
