"""Coverage of the intervals of `judge_human.ceiling`, and error rates of the verdicts based on them.

Usage: python benchmarks/coverage_ceiling.py --sets 1000 --seed 0 > benchmarks/coverage_ceiling.md

Data: a rating on 1-5 is the rounded sum of a trait of the item, the severity of the rater, and noise. With
clusters, four items share half the variance of the trait and of the noise of each rater. The true
difference to the ceiling is the mean over large studies, with the same raters in all (fixed) or new ones in
each (random).
"""

from __future__ import annotations

import argparse
import math
import platform
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from functools import partial

import numpy as np
import scipy
from scipy.special import stdtrit

from judge.stats.coefficients.correlation import pearson_statistic
from judge.stats.coefficients.distance import mean_absolute_error_statistic
from judge.stats.coefficients.kappa import cohen_statistic
from judge.stats.coefficients.percent_agreement import agreement_statistic
from judge.stats.engine.statistic import negated
from judge.stats.judge_human.alt_test import alt_test
from judge.stats.judge_human.ceiling import Ceiling, leave_one_out, pairwise_ceiling
from judge.stats.judge_human.non_inferiority import non_inferiority, with_random_raters

SIZES = (20, 50, 200)
LEVELS: dict[str, Callable[..., Ceiling]] = {
    "Pearson": partial(leave_one_out, agreement=pearson_statistic),
    "quadratic kappa": partial(
        leave_one_out, agreement=partial(cohen_statistic, weights="quadratic"), reference="median"
    ),
    "-MAE": partial(leave_one_out, agreement=negated(mean_absolute_error_statistic)),
    "exact agreement, pairs": partial(pairwise_ceiling, agreement=agreement_statistic),
}


@dataclass(frozen=True)
class Design:
    """Design of the simulated studies of one row."""

    n_people: int = 3
    cluster_size: int = 1
    random_people: bool = False
    judge_noise: float = 0.6

    def people(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Return severities and noise levels; fixed raters are the same in every study."""
        source = rng if self.random_people else np.random.default_rng(self.n_people)
        return source.normal(0, 0.4, self.n_people), np.exp(source.normal(math.log(0.7), 0.3, self.n_people))

    def study(self, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return judge, humans and clusters."""
        clusters = np.arange(n) // self.cluster_size
        severity, noise = self.people(rng)
        trait = self._normal(clusters, 1, rng)
        humans = 3 + trait + severity + noise * self._normal(clusters, self.n_people, rng)
        judge = 3.2 + 0.9 * trait[:, 0] + self.judge_noise * self._normal(clusters, 1, rng)[:, 0]
        return np.clip(np.round(judge), 1, 5), np.clip(np.round(humans), 1, 5), clusters

    def _normal(self, clusters: np.ndarray, columns: int, rng: np.random.Generator) -> np.ndarray:
        own = rng.standard_normal((len(clusters), columns))
        if self.cluster_size == 1:
            return own
        return math.sqrt(0.5) * (own + rng.standard_normal((clusters[-1] + 1, columns))[clusters])

    def truth(self, level: Callable[..., Ceiling], rng: np.random.Generator) -> float:
        """Return the expected difference; clusters do not change it."""
        alone = replace(self, cluster_size=1)
        studies, n = (400, 3_000) if self.random_people else (20, 20_000)
        values = []
        for _ in range(studies):
            judge, humans, _ = alone.study(n, rng)
            values.append(level(humans, judge, clusters=np.arange(n) % 2).difference.value)
        return float(np.mean(values))


def designs() -> Iterator[Design]:
    """Yield the rows of the coverage table."""
    for cluster_size in (1, 4):
        for random in (False, True):
            yield Design(cluster_size=cluster_size, random_people=random)
    for n_people in (6, 12):
        yield Design(n_people=n_people, random_people=True)


def coverage(
    level: Callable[..., Ceiling], design: Design, n: int, target: float, sets: int, rng: np.random.Generator
) -> str:
    """Return the coverage of the interval over items and, for random raters, with their variance added."""
    items_only, with_people = [], []
    for _ in range(sets):
        judge, humans, clusters = design.study(n, rng)
        found = level(humans, judge, clusters=clusters)
        wide = with_random_raters(found)
        items_only.append(found.difference.low <= target <= found.difference.high)
        with_people.append(wide.low <= target <= wide.high)
    if not design.random_people:
        return f"{np.mean(items_only):.3f}"
    return f"{np.mean(items_only):.3f} / {np.mean(with_people):.3f}"


def coverage_table(sets: int, seed: int) -> None:
    """Print coverage for every statistic and design."""
    print("\n## Coverage of the 95 % interval of judge minus ceiling\n")
    print("Random raters: interval over items only / with the variance between raters added.\n")
    print("| statistic | raters | clusters | n = 20 | n = 50 | n = 200 |\n|---|---|---|---|---|---|")
    for name, level in LEVELS.items():
        for design in designs():
            rng = np.random.default_rng([seed, design.n_people, design.cluster_size, design.random_people])
            target = design.truth(level, rng)
            cells = " | ".join(coverage(level, design, n, target, sets, rng) for n in SIZES)
            people = f"{design.n_people} {'random' if design.random_people else 'fixed'}"
            clusters = "none" if design.cluster_size == 1 else f"of {design.cluster_size}"
            print(f"| {name} | {people} | {clusters} | {cells} |", flush=True)


def alt_test_table(sets: int, seed: int) -> None:
    """Print how often a judge that is exchangeable with the human raters is preferred at epsilon 0."""
    print("\n## Alternative annotator test: a judge that is exchangeable with the human raters, epsilon 0\n")
    print(
        "Every rejection is a type I error. Nominal .05 per rater; the last two columns are corrected "
        "(Benjamini-Yekutieli).\n"
    )
    print("| raters | clusters | n | uncorrected p <= .05 | preferred to any rater | passed |")
    print("|---|---|---|---|---|---|")
    for k in (3, 6):
        for size in (1, 4):
            for n in (30, 50, 200):
                rng = np.random.default_rng([seed, k, size, n])
                results = [alt_test_of_equals(k, size, n, rng) for _ in range(sets)]
                raw = np.mean([r.p_value <= 0.05 for result in results for r in result.raters])
                beaten = np.mean([any(r.judge_preferred for r in result.raters) for result in results])
                passed = np.mean([bool(result.passes) for result in results])
                clusters = "none" if size == 1 else f"of {size}"
                print(f"| {k} | {clusters} | {n} | {raw:.3f} | {beaten:.3f} | {passed:.3f} |", flush=True)


def alt_test_of_equals(k: int, cluster_size: int, n: int, rng: np.random.Generator):  # noqa: ANN201
    """Test k + 1 exchangeable raters, of whom the first serves as the judge."""
    clusters = np.arange(n) // cluster_size
    design = Design(n_people=k + 1, cluster_size=cluster_size)
    ratings = 3 + design._normal(clusters, 1, rng) + 0.7 * design._normal(clusters, k + 1, rng)
    ratings = np.clip(np.round(ratings), 1, 5)
    groups = None if cluster_size == 1 else clusters
    return alt_test(ratings[:, 1:], ratings[:, 0], epsilon=0, closeness="rmse", clusters=groups)


def verdict_table(sets: int, seed: int) -> None:
    """Print the verdicts on a judge whose true difference is exactly minus the margin."""
    print("\n## Non-inferiority: a judge whose true difference is minus the margin (-MAE, 3 fixed raters)\n")
    print("'non-inferior' and 'better' are type I errors; nominal rate 5 %. The same holds for 'worse'.\n")
    print("| n | margin | non-inferior or better | worse |\n|---|---|---|---|")
    level, design = LEVELS["-MAE"], Design(judge_noise=2.0)
    margin = -design.truth(level, np.random.default_rng(seed))
    for n in SIZES:
        rng = np.random.default_rng([seed, n])
        verdicts = []
        for _ in range(sets):
            judge, humans, _ = design.study(n, rng)
            verdicts.append(non_inferiority(level(humans, judge), margin).verdict)
        passed = np.mean([v in ("non-inferior", "better") for v in verdicts])
        print(
            f"| {n} | {margin:.3f} | {passed:.3f} | {np.mean([v == 'worse' for v in verdicts]):.3f} |",
            flush=True,
        )


Gain = Callable[[np.ndarray, np.ndarray], np.ndarray]


def gain_in_error(humans: np.ndarray, judge: np.ndarray) -> np.ndarray:
    """Return per item (sets, n, people) the judge's advantage in absolute error against the other people."""
    others = (humans.sum(axis=2, keepdims=True) - humans) / (humans.shape[2] - 1)
    return np.abs(humans - others) - np.abs(judge[..., None] - others)


def gain_in_agreement(humans: np.ndarray, judge: np.ndarray) -> np.ndarray:
    """Return per item (sets, n, people) the judge's advantage in exact agreement with the other people."""
    k = humans.shape[2]
    of_people = ((humans[..., None] == humans[..., None, :]).sum(axis=3) - 1) / (k - 1)
    with_judge = judge[..., None] == humans
    return (with_judge.sum(axis=2, keepdims=True) - with_judge) / (k - 1) - of_people


GAINS: dict[str, tuple[Gain, str]] = {
    "-MAE": (gain_in_error, "-MAE"),
    "exact agreement, pairs": (gain_in_agreement, "exact agreement, pairs"),
}


def half_widths(gain: Gain, humans: np.ndarray, judge: np.ndarray) -> dict[str, np.ndarray]:
    """Return half widths of many studies before and now: `with_random_raters` for means over items."""
    n, k = humans.shape[1:]
    each = gain(humans, judge)
    of_items = each.mean(axis=2).var(axis=1, ddof=1) / n
    of_differences = each.mean(axis=1).var(axis=1, ddof=1) / k
    without = np.stack([gain(np.delete(humans, h, axis=2), judge).mean(axis=2) for h in range(k)])
    apart = without - without.mean(axis=0)
    noise = apart.var(axis=2, ddof=1) / n
    jackknife = (k - 1) / k * (apart.mean(axis=2) ** 2 - noise).sum(axis=0)
    of_raters = np.maximum(of_differences, jackknife)
    df = (of_items + of_raters) ** 2 / (of_items**2 / (n - 1) + of_raters**2 / (k - 1))
    before_df = np.where(of_differences > of_items, k - 1, n - 1)
    return {
        "before": stdtrit(before_df, 0.975) * np.sqrt(of_items + of_differences),
        "now": stdtrit(df, 0.975) * np.sqrt(of_items + of_raters),
    }


def random_raters_table(sets: int, seed: int) -> None:
    """Print coverage / mean width for random raters before and now, of many studies at once."""
    print("\n## Random raters, before and now\n")
    print(
        f"{sets:,} studies a cell, independent items; coverage / mean width of the 95 % interval for people "
        "like these: before; now.\n"
    )
    print("| statistic | raters | severities | n = 20 | n = 50 | n = 200 |\n|---|---|---|---|---|---|")
    for name, (gain, level) in GAINS.items():
        for k, spread in ((3, 0.4), (5, 0.4), (5, 0.8)):
            rng = np.random.default_rng([seed, k])
            large = [studies(k, spread, 1000, 50, rng) for _ in range(40)]
            target = float(np.mean([gain(*of).mean() for of in large]))
            cells = []
            for n in SIZES:
                inside, widths = {"before": [], "now": []}, {"before": [], "now": []}
                step = max(50, 200_000 // (n * k))
                for start in range(0, sets, step):
                    humans, judge = studies(k, spread, n, min(step, sets - start), rng)
                    value = gain(humans, judge).mean(axis=(1, 2))
                    found = half_widths(gain, humans, judge)
                    if not start:
                        _check(LEVELS[level](humans[0], judge[0]), found["now"][0])
                    for method, half in found.items():
                        inside[method].append(abs(value - target) <= half)
                        widths[method].append(2 * half)
                figures = (
                    f"{np.concatenate(inside[m]).mean():.3f} / {np.concatenate(widths[m]).mean():.2f}"
                    for m in ("before", "now")
                )
                cells.append("; ".join(figures))
            print(f"| {name} | {k} | {spread} | {' | '.join(cells)} |", flush=True)


def studies(
    k: int, spread: float, n: int, sets: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return humans (sets, n, k) and judge (sets, n) as in `Design.study`, new raters in each set."""
    severity = rng.normal(0, spread, (sets, 1, k))
    noise = np.exp(rng.normal(math.log(0.7), 0.3, (sets, 1, k)))
    trait = rng.standard_normal((sets, n, 1))
    humans = 3 + trait + severity + noise * rng.standard_normal((sets, n, k))
    judge = 3.2 + 0.9 * trait[..., 0] + 0.6 * rng.standard_normal((sets, n))
    return np.clip(np.round(humans), 1, 5), np.clip(np.round(judge), 1, 5)


def _check(found: Ceiling, half: float) -> None:
    wide = with_random_raters(found)
    if not math.isclose((wide.high - wide.low) / 2, half, rel_tol=1e-6):
        raise ValueError(
            f"the table is not that of with_random_raters: {wide.high - wide.low} and {2 * half}"
        )


def main() -> None:
    """Print the results as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--random", action="store_true", help="only the table of random raters")
    args = parser.parse_args()
    if args.random:
        random_raters_table(args.sets, args.seed)
        return
    start = time.perf_counter()
    print("# Intervals of the difference to the human ceiling, by simulation\n")
    print(
        f"`python benchmarks/coverage_ceiling.py --sets {args.sets} --seed {args.seed}`, {date.today()}; ",
        end="",
    )
    versions = f"Python {sys.version.split()[0]}, NumPy {np.__version__}, SciPy {scipy.__version__}"
    print(f"{platform.system()} {platform.machine()}, one core; {versions}.")
    print(
        f"{args.sets} studies per cell: the standard error of .95 is {math.sqrt(0.0475 / args.sets):.3f}.\n"
    )
    alt_test_table(args.sets, args.seed)
    verdict_table(args.sets, args.seed)
    coverage_table(args.sets, args.seed)
    random_raters_table(4 * args.sets, args.seed)
    print(f"\n{(time.perf_counter() - start) / 60:.0f} minutes.")


if __name__ == "__main__":
    main()
