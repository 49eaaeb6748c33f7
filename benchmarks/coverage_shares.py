"""Coverage of 95 % intervals of shares, differences and kappas. Writes coverage_shares.md.

    python benchmarks/coverage_shares.py [SETS] >> benchmarks/coverage_shares.md

Every data set has its own true value, drawn from the band of its row, so that a row says how often intervals
cover on average over the band. "printed" is the share of data sets with an interval; coverage is among these.
"""

import sys
from collections.abc import Callable, Iterator
from functools import cache, partial

import numpy as np
from scipy.stats import binom, norm

from judge.stats import Estimate, cohen_kappa, paired_difference, pass_fail, proportion

SEED = 20_261_128
SETS = int(sys.argv[1]) if len(sys.argv) > 1 else 4_000
RESAMPLES = 1_000
Random = np.random.Generator
Band = tuple[float, float]
Drawn = tuple[float, float, float]  # low, high, truth


def sizes(kind: str, n: int) -> np.ndarray:
    """Return the sizes of n clusters."""
    middle = norm.ppf((np.arange(n) + 0.5) / n)
    return {
        "5 each": np.full(n, 5),
        "1-20": np.maximum(1, np.round(np.exp(1.2 + middle))).astype(int),
        "1-150": np.maximum(1, np.round(np.exp(1.0 + 1.6 * middle))).astype(int),
        "9 of 10 single, 1 of 20": np.where(np.arange(n) % 10 == 0, 20, 1),
    }[kind]


def shares(kind: str, n: int, correlation: float, band: Band, rng: np.random.Generator) -> Drawn:
    """Return the interval of a share of items in clusters whose own shares have a Beta distribution."""
    groups = np.repeat(np.arange(n), sizes(kind, n))
    truth = rng.uniform(*band)
    own = np.full(n, truth)
    if correlation:
        both = 1 / correlation - 1
        own = rng.beta(truth * both, (1 - truth) * both, n)
    found = proportion(rng.random(groups.size) < own[groups], clusters=groups)
    return found.low, found.high, truth


def few_items(n: int, band: Band, rng: Random) -> Drawn:
    """Return the interval of a share of n independent items."""
    truth = rng.uniform(*band)
    found = proportion(rng.random(n) < truth)
    return found.low, found.high, truth


def differences(kind: str, n: int, correlation: float, marks: bool, rng: Random) -> Drawn:
    """Return the interval of a paired difference of pass marks (20 % gained, 8 % lost) or of scores."""
    groups = np.repeat(np.arange(n), sizes(kind, n))
    change = np.sqrt(correlation) * rng.normal(size=n)[groups]
    change = change + np.sqrt(1 - correlation) * rng.normal(size=groups.size)
    if marks:
        gained, lost = change > norm.ppf(0.8), change < norm.ppf(0.08)
        before = np.where(gained, 0.0, np.where(lost, 1.0, (rng.random(groups.size) < 0.6).astype(float)))
        change, truth = gained.astype(float) - lost, 0.12
    else:
        before, truth = np.zeros(groups.size), 0.0
    found = paired_difference(
        before + change, before, clusters=groups, n_resamples=RESAMPLES, rng=0
    ).difference
    return found.low, found.high, truth


@cache
def of_table(counts: tuple[int, ...]) -> dict[str, Estimate]:
    """Return the statistics of TP, FP, FN, TN; few tables occur, so each is computed once."""
    human, judge = np.repeat([1, 0, 1, 0], counts), np.repeat([1, 1, 0, 0], counts)
    return pass_fail(human, judge, n_resamples=RESAMPLES, rng=0).estimates()


def verdicts(name: str, n: int, rate: Band, kappa: Band, rng: np.random.Generator) -> Drawn:
    """Return the interval of a verdict statistic; both raters pass the same share on average."""
    p, k = rng.uniform(*rate), rng.uniform(*kappa)
    both = p * p + k * p * (1 - p)
    cells = np.array([both, p - both, p - both, 1 - 2 * p + both])
    found = of_table(tuple(rng.multinomial(n, cells)))[name]
    return found.low, found.high, _TRUTH[name](cells)


_TRUTH: dict[str, Callable[[np.ndarray], float]] = {
    "kappa": lambda c: 1 - 2 * c[1] / (2 * (c[0] + c[1]) * (c[1] + c[3])),
    "mcc": lambda c: (c[0] * c[3] - c[1] ** 2) / ((c[0] + c[1]) * (c[1] + c[3])),
    "ac1": lambda c: 1 - 2 * c[1] / (1 - 2 * (c[0] + c[1]) * (c[1] + c[3])),
    "f1": lambda c: c[0] / (c[0] + c[1]),
    "negative_agreement": lambda c: c[3] / (c[3] + c[1]),
    "pass_rate_gap": lambda c: c[1] - c[2],
}
CUTS = {
    "even": [-1.2, -0.4, 0.4, 1.2],
    "skewed": [-2.2, -1.6, -1.0, -0.2],
    "very skewed": [-2.4, -2.0, -1.6, -1.0],
}


def joint(cuts: list[float], noise: float) -> np.ndarray:
    """Return the probabilities of the 25 cells of two raters who observe a normal quality with noise."""
    grid = norm.ppf((np.arange(4_000) + 0.5) / 4_000)
    edges = np.array([-np.inf, *cuts, np.inf])
    of_rater = np.diff(norm.cdf((edges[:, None] - grid) / noise), axis=0)
    return of_rater @ of_rater.T / grid.size


def five_points(n: int, weights: str | None, cells: np.ndarray, rng: np.random.Generator) -> Drawn:
    """Return the interval of a kappa on a scale of five points."""
    k = np.arange(5)
    distances = (k[:, None] != k).astype(float) if weights is None else (k[:, None] - k) ** 2.0
    margin = cells.sum(axis=0)
    truth = 1 - float((cells * distances).sum() / (margin @ distances @ margin))
    drawn = rng.choice(25, size=n, p=cells.ravel() / cells.sum())
    found = cohen_kappa(*np.divmod(drawn, 5), weights=weights, n_resamples=RESAMPLES, rng=0)
    return found.low, found.high, truth


def rows() -> Iterator[tuple[str, str, Callable[[Random], Drawn]]]:
    """Yield table, row and how to draw one of its intervals."""
    for kind in ("5 each", "1-20", "1-150", "9 of 10 single, 1 of 20"):
        for n in (20, 50):
            for correlation in (0.0, 0.4):
                for band in ((0.5, 0.9), (0.9, 0.97)):
                    name = f"{n} clusters, {kind} | correlation {correlation:g} | {band[0]}-{band[1]}"
                    yield "share", name, partial(shares, kind, n, correlation, band)
    for n in (1, 2, 5, 10, 20):
        yield "share", f"{n} independent items | | 0.5-0.99", partial(few_items, n, (0.5, 0.99))
    for kind in ("5 each", "1-20", "1-150"):
        for n in (20, 50):
            for marks in (True, False):
                name = f"{n} clusters, {kind} | correlation 0.3 | {'pass marks' if marks else 'scores'}"
                yield "difference", name, partial(differences, kind, n, 0.3, marks)
    for rate in ((0.75, 0.85), (0.94, 0.98)):
        for kappa in ((0.1, 0.3), (0.7, 0.9)):
            for n in (50, 200):
                for name in _TRUTH:
                    text = f"{name}, {n} items | kappa {kappa[0]}-{kappa[1]} | pass rate {rate[0]}-{rate[1]}"
                    yield "verdicts", text, partial(verdicts, name, n, rate, kappa)
    for margins, cuts in CUTS.items():
        for noise in (0.3, 0.8):
            for weights in ("quadratic", None) if margins != "even" else ("quadratic",):
                for n in (20, 30, 50):
                    name = f"{weights or 'unweighted'}, {n} items | {margins} | noise {noise}"
                    yield "kappa", name, partial(five_points, n, weights, joint(cuts, noise))


def main() -> None:
    """Print the rows of the table."""
    chosen = sys.argv[2:]
    for table, name, draw in rows():
        if chosen and table not in chosen:
            continue
        rng = np.random.default_rng(SEED)
        low, high, truth = np.array([draw(rng) for _ in range(SETS)]).T
        printed = np.isfinite(low)
        inside = (low <= truth + 1e-12) & (truth <= high + 1e-12)
        covered = inside[printed].mean()
        below = binom.cdf(inside[printed].sum(), printed.sum(), 0.92) < 0.01  # significantly below .92
        width = np.mean((high - low)[printed])
        mark = " *" if below else ""
        print(f"| {table} | {name} | {covered:.3f}{mark} | {printed.mean():.3f} | {width:.3f} |", flush=True)


if __name__ == "__main__":
    main()
