"""Coverage and width of the intervals of corrected pass rates, by simulation with a known truth.

    python benchmarks/coverage_corrected.py [--runs 2000] [--seed 1] [--out benchmarks/coverage_corrected.md]

Independent answers: verdicts of a person with pass rate theta, and of a judge with fixed TPR and TNR; a
random sample is labelled. Clusters: each cluster has its own pass rate, TPR and TNR, drawn from beta
distributions with an intraclass correlation of .3 (pass rate) and .2 (TPR, TNR).

Few labels (`--few`): verdicts as above, and scores from 1 to 5 that are the rounded sum of a quality
(standard deviation 1) and the noise of person or judge (standard deviation .7); all data sets at once, by the
formula of `ppi_mean`, against which the first data set is checked.
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
from scipy.special import stdtrit
from scipy.stats import norm

from judge.stats.engine.estimate import Estimate
from judge.stats.pass_fail.ppi import ppi_mean
from judge.stats.pass_fail.predictive_values import predictive_values, predictive_values_difference
from judge.stats.pass_fail.rogan_gladen import rogan_gladen

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


@dataclass(frozen=True)
class Interval:
    """Limits of many data sets."""

    low: Floats
    high: Floats

    def cell(self, truth: float) -> str:
        """Return coverage / mean width."""
        inside = (self.low <= truth + 1e-12) & (truth - 1e-12 <= self.high)
        return f"{inside.mean():.3f} / {(self.high - self.low).mean():.3f}"


def ppi_of_many(human: Floats, judge: Floats, marks: bool, now: bool) -> Interval:
    """Return the intervals of `ppi_mean`, now or before, of data sets (sets, pool) whose first are labelled.

    `human` has one column per label. Before: n - 1 degrees of freedom, fewer for the kurtosis of pass marks.
    """
    n, total = human.shape[1], judge.shape[1]
    rest = total - n
    y, f, u = human, judge[:, :n], judge[:, n:]
    deviation = y - y.mean(axis=1, keepdims=True)
    covariance = (deviation * (f - f.mean(axis=1, keepdims=True))).sum(axis=1) / (n - 1)
    spread = judge.var(axis=1, ddof=1)
    weight = np.clip(covariance / np.where(spread > 0, (1 + n / rest) * spread, 1.0), 0, 1)
    slope = weight[:, None] * total / rest
    residual = y - slope * f
    mean = residual.mean(axis=1)
    value = slope[:, 0] * judge.mean(axis=1) + mean
    spent = (weight > 0) * 1.0 if now and not marks else np.zeros(len(y))
    df, centre, size, unseen = n - 1 - spent, mean, float(n), np.zeros(len(y))
    correct = np.sqrt(n / df)
    if now and marks:
        apart = slope[:, 0] * f.mean(axis=1)
        size, correct = n + 2.0, np.ones(len(y))
        centre = (n * mean + 1 - 2 * apart) / size
        unseen = ((1 - apart - centre) ** 2 + (apart + centre) ** 2) / size**2
    elif marks:
        around = residual - mean[:, None]
        second, fourth = (around**2).mean(axis=1), (around**4).mean(axis=1)
        alike = np.ptp(residual, axis=1) <= 1e-12  # rounding gave these a kurtosis of 1
        kurtosis = np.where(alike, 1.0, fourth / np.where(alike, 1.0, second) ** 2)
        df = np.clip(2 * n / np.maximum(kurtosis - 1, 1e-9), 2, n - 1)
        share = 0.5 / (n + 1)
        unseen = np.where(alike, share * (1 - share) / (n + 1), 0.0)
    labelled = (residual - centre[:, None]) / size + slope * (f - f.mean(axis=1, keepdims=True)) / total
    unlabelled = slope * (u - u.mean(axis=1, keepdims=True)) / total * np.sqrt(rest / (rest - 1))
    variance = correct**2 * (labelled**2).sum(axis=1) + (unlabelled**2).sum(axis=1) + unseen
    half, middle = stdtrit(df, 0.975) * np.sqrt(variance), value + centre - mean
    low, high = np.minimum(middle - half, value), np.maximum(middle + half, value)
    if marks:
        low, high = np.maximum(low, np.minimum(value, 0)), np.minimum(high, np.maximum(value, 1))
    return Interval(low, high)


def few_labels(runs: int, rng: np.random.Generator) -> list[str]:
    """Return a table of PPI++ before and now, from few labels of a pool of 400."""
    pool, sizes = 400, (15, 20, 30, 50)
    lines = header("data", [f"{n} labels: before; now" for n in sizes])
    for rate, tpr, tnr in [
        (0.5, 0.8, 0.8),
        (0.7, 0.9, 0.8),
        (0.9, 0.95, 0.6),
        (0.9, 0.97, 0.9),
        (0.95, 0.9, 0.8),
    ]:
        human = (rng.random((runs, pool)) < rate).astype(float)
        judge = np.where(human == 1, rng.random(human.shape) < tpr, rng.random(human.shape) >= tnr) * 1.0
        name = f"pass marks, rate {rate}, TPR {tpr}, TNR {tnr}"
        lines.append(few_row(name, human, judge, rate, sizes))
    for name, middle in (("symmetric", 3.0), ("skewed", 4.2)):
        quality = middle + rng.standard_normal((runs, pool))
        human, judge = (
            np.clip(np.round(quality + 0.7 * rng.standard_normal(quality.shape)), 1, 5) for _ in range(2)
        )
        cuts = (np.arange(1.5, 5) - middle) / np.hypot(1.0, 0.7)
        lines.append(few_row(f"scores, {name}", human, judge, 1 + float(norm.sf(cuts).sum()), sizes))
    return lines


def few_row(name: str, human: Floats, judge: Floats, truth: float, sizes: Iterable[int]) -> str:
    """Return a line of the table, after a check of the formula against `ppi_mean`."""
    marks, cells = name.startswith("pass marks"), []
    for n in sizes:
        now = ppi_of_many(human[:, :n], judge, marks, True)
        labels = np.where(np.arange(judge.shape[1]) < n, human[0], np.nan)
        found = ppi_mean(labels, judge[0]).estimate
        if not np.allclose([found.low, found.high], [now.low[0], now.high[0]]):
            raise ValueError(f"the table is not that of ppi_mean: {found} and {now.low[0]}, {now.high[0]}")
        before = ppi_of_many(human[:, :n], judge, marks, False)
        cells.append(f"{before.cell(truth)}; {now.cell(truth)}")
    print(f"| {name} | " + " | ".join(cells) + " |", flush=True)
    return f"| {name} | " + " | ".join(cells) + " |"


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

* Before, PPI++ of pass marks had Student's t with fewer degrees of freedom where the variance rested on a
  few errors, and half a label that differs where all were alike. With all labels alike the degrees of
  freedom were those of all labels, by a rounding error: coverage fell to .77 to .89. Earlier still such data
  sets had no interval (12 to 37 % of those with 20 labels).
* Now one pass and one fail are added to the labels (to strata their share), and the limits are around the
  mean of all of these (Agresti & Coull 1998). The interval exists for all pass marks. Two passes and two
  fails covered .94 to 1.00 at 20 labels with a mean width of .27 instead of .25 (40 cells of 1,500 data
  sets).
* In clusters what is added counts as often as the design effect: labels are worth fewer independent ones.
* Differences of two systems on the same answers count half of what is added to each (Agresti & Min 2005):
  coverage .99, .98, .98 for 20, 20 and 50 labels at rates of .9, .7, .9 (400 data sets each), widths .21,
  .23, .12; with all of it the coverage was 1.00, 1.00, .98 and the widths .27, .27, .14. Before: .98, .96
  and .96.
* Labels in three strata: coverage .99, .99, .95, .96 for 20, 20, 50, 200 labels (400 data sets each).
* Scores: the tuned judge weight costs a degree of freedom. 15 labels in each of four strata cover .95, see
  coverage_design.md.
* Coverage above .97 is that of discrete data: with 20 labels and a good judge there are few errors to count.
"""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--few", action="store_true", help="only the tables of few labels")
    parser.add_argument("--machine", default=platform.machine(), help="name of the machine in the report")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    rng, runs, started = np.random.default_rng(options.seed), options.runs, time.perf_counter()
    few = few_labels(2 * runs, np.random.default_rng(options.seed))
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

Few labels of a pool of 400, PPI++ before and now ({2 * runs:,} data sets):

{chr(10).join(few)}
{WHY}"""
    if options.out:
        options.out.write_text(report, encoding="utf-8")
    else:
        sys.stdout.write(report)


if __name__ == "__main__":
    main()
