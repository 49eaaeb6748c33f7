"""Coverage of 95 % intervals of shares, differences, verdict statistics, kappas. Writes coverage_shares.md.

    python benchmarks/coverage_shares.py [SETS] >> benchmarks/coverage_shares.md

Every data set has its own true value, drawn from the band of its row, so that a row says how often intervals
cover on average over the band. All data sets of a row are computed together, by the formulas of `judge.stats`
written down once more for many data sets; the first ones are compared with `judge.stats` itself.
"""

import sys
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
from scipy.special import ndtr, ndtri, stdtrit
from scipy.stats import binom, norm

from judge.stats import cohen_kappa, paired_difference, pass_fail, proportion

SEED = 20_261_128
SETS = int(sys.argv[1]) if len(sys.argv) > 1 else 4_000
CHECKED, DRAWS = 3, 500
Array = np.ndarray
Random = np.random.Generator
Band = tuple[float, float]
Limits = tuple[Array, Array]  # NaN: no interval
Row = tuple[Array, Limits, Limits]  # true values, limits before, limits now


def sizes(kind: str, n: int) -> Array:
    """Return the sizes of n clusters."""
    middle = norm.ppf((np.arange(n) + 0.5) / n)
    return {
        "5 each": np.full(n, 5.0),
        "1-20": np.maximum(1, np.round(np.exp(1.2 + middle))),
        "1-150": np.maximum(1, np.round(np.exp(1.0 + 1.6 * middle))),
        "9 of 10 single, 1 of 20": np.where(np.arange(n) % 10 == 0, 20.0, 1.0),
    }[kind]


def wilson(share: Array, n: Array, t: Array) -> Limits:
    """Return Wilson's limits."""
    shrink = t**2 / n
    centre = (share + shrink / 2) / (1 + shrink)
    margin = t * np.sqrt(np.maximum(share * (1 - share), 0) / n + shrink / (4 * n)) / (1 + shrink)
    return np.maximum(centre - margin, 0), np.minimum(centre + margin, 1)


def size_df(n: Array) -> float:
    """Return the degrees of freedom of CR2 under independence, from the matrix of its quadratic form."""
    share = n / n.sum()
    centred = np.eye(n.size) - share
    matrix = (share / np.sqrt(1 - share))[:, None] * centred
    matrix = matrix @ np.diag(1 / n) @ matrix.T
    return float(np.trace(matrix) ** 2 / np.sum(matrix**2))


def kurtosis_df(values: Array, counts: Array) -> Array:
    """Return the degrees of freedom from the fourth moment; values (R, u), NaN where undefined."""
    counts = np.where(np.isfinite(values), counts, 0.0)
    values = np.nan_to_num(values)
    n = counts.sum(axis=1)
    mean = (counts * values).sum(axis=1) / n
    squares = (values - mean[:, None]) ** 2
    second, fourth = (counts * squares).sum(axis=1) / n, (counts * squares**2).sum(axis=1) / n
    with np.errstate(all="ignore"):
        df = np.clip(2 * n / (fourth / second**2 - 1), 2, np.maximum(n - 1, 2))
    return np.where(second > 1e-24, df, n - 1)


def clustered(n: Array, sums: Array) -> tuple[Array, Array, Array]:
    """Return means, jackknife values (R, C) and standard errors of items in clusters."""
    total = n.sum()
    mean = sums.sum(axis=1) / total
    without = (sums.sum(axis=1, keepdims=True) - sums) / (total - n)
    return mean, without, np.sqrt((n.size - 1) * without.var(axis=1))


def shares(kind: str, n_clusters: int, correlation: float, band: Band, rng: Random) -> Row:
    """Shares of items in clusters whose own shares have a Beta distribution."""
    n = sizes(kind, n_clusters)
    total, truth = n.sum(), rng.uniform(*band, size=SETS)
    own = np.repeat(truth[:, None], n.size, axis=1)
    if correlation:
        both = 1 / correlation - 1
        own = rng.beta(truth[:, None] * both, (1 - truth[:, None]) * both, own.shape)
    passes = rng.binomial(n.astype(int), own)
    p, without, se = clustered(n, passes)
    t = stdtrit(n.size - 1, 0.975)
    with np.errstate(all="ignore"):
        effective = p * (1 - p) / (se**2 * (n.size - 1) / n.size)
        before = wilson(p, np.where((se > 0) & (p * (1 - p) > 0), effective, n.size), t)
    unseen = 0.25 * np.clip((n @ n) / total / n.mean() / 2, 1, 2)  # of a cluster
    share, typical = n / total, unseen * (n @ n) / total
    variance = np.sum((share * (passes / n - p[:, None])) ** 2 / (1 - share), axis=1)
    shrunk = (p * total + typical) / (total + 2 * typical)
    spread = np.sum((n * (passes / n - shrunk[:, None])) ** 2 / (1 - share), axis=1)
    spread += typical**2 * (shrunk**2 + (1 - shrunk) ** 2)
    with np.errstate(all="ignore"):
        capped = np.minimum(
            p * (1 - p) / variance, total * (total + 2 * typical) * shrunk * (1 - shrunk) / spread
        )
    items = np.where(p * (1 - p) > 0, capped, total**2 / (n @ n))
    now = wilson(p, items, stdtrit(np.minimum(kurtosis_df(without, np.ones(n.size)), size_df(n)), 0.975))
    groups = np.repeat(np.arange(n.size), n.astype(int))
    for r in range(CHECKED):
        marks = np.concatenate([np.arange(size) < k for size, k in zip(n, passes[r], strict=True)])
        check(proportion(marks, clusters=groups), now, r)
    return truth, before, now


def few_items(n: int, band: Band, rng: Random) -> Row:
    """Shares of independent items; one item had no interval."""
    truth = rng.uniform(*band, size=SETS)
    passes = rng.binomial(n, truth)
    found = [proportion(np.arange(n) < k) for k in range(n + 1)]
    now = tuple(np.array([getattr(one, name) for one in found])[passes] for name in ("low", "high"))
    before = tuple(np.full(SETS, np.nan) if n == 1 else limit for limit in now)
    return truth, before, now


def differences(kind: str, n_clusters: int, marks: bool, rng: Random) -> Row:
    """Paired differences of pass marks (20 % gained, 8 % lost) or of normal scores; correlation .3."""
    n = sizes(kind, n_clusters)
    groups = np.repeat(np.arange(n.size), n.astype(int))
    change = np.sqrt(0.3) * rng.normal(size=(SETS, n.size))[:, groups]
    change += np.sqrt(0.7) * rng.normal(size=change.shape)
    if marks:
        change = (change > norm.ppf(0.8)).astype(float) - (change < norm.ppf(0.08))
    starts = np.concatenate([[0], np.cumsum(n.astype(int))[:-1]])
    mean, without, se = clustered(n, np.add.reduceat(change, starts, axis=1))
    margin = stdtrit(n.size - 1, 0.975) * se
    df = np.minimum(kurtosis_df(without, np.ones(n.size)), size_df(n))
    wider = stdtrit(df, 0.975) * se
    now = (mean - wider, mean + wider)
    for r in range(CHECKED):
        a = np.maximum(change[r], 0) if marks else change[r]
        check(paired_difference(a, a - change[r], clusters=groups, method="jackknife").difference, now, r)
    return np.full(SETS, 0.12 if marks else 0.0), (mean - margin, mean + margin), now


def check(found: object, limits: Limits, r: int) -> None:
    """Stop where `judge.stats` has other limits."""
    ours = (found.low, found.high)
    theirs = (limits[0][r], limits[1][r])
    if not np.allclose(ours, theirs, atol=1e-9, equal_nan=True):
        raise SystemExit(f"{ours} and {theirs}")


def bootstrap(f: Callable[[Array], Array], tables: Array, jackknife: Array, rng: Random) -> Limits:
    """Return BCa limits, NaN where more than a fifth of the resamples are undefined."""
    n = int(tables[0].sum())
    drawn = f(rng.multinomial(n, (tables / n)[:, None, :], size=(len(tables), DRAWS)).astype(float))
    value, defined = f(tables)[:, None], np.isfinite(drawn)
    drawn = np.sort(np.where(defined, drawn, np.inf), axis=1)
    number = np.maximum(defined.sum(axis=1), 1)
    ties = np.abs(drawn - value) <= 1e-12
    below = ((drawn < value - 1e-12).sum(axis=1) + 0.5 * ties.sum(axis=1)) / number
    z0 = ndtri(np.clip(below, 0.5 / DRAWS, 1 - 0.5 / DRAWS))
    mean = np.nansum(jackknife * tables, axis=1, keepdims=True) / n
    d = np.nan_to_num(np.where(tables > 0, mean - jackknife, 0))
    with np.errstate(all="ignore"):
        skew = (tables * d**3).sum(axis=1) / (6 * (tables * d**2).sum(axis=1) ** 1.5)
    found = []
    for p in (0.025, 0.975):
        z = z0 + ndtri(p)
        place = ndtr(z0 + z / np.maximum(1 - np.nan_to_num(skew) * z, 1e-9)) * (number - 1)
        found.append(drawn[np.arange(len(tables)), place.round().astype(int)])
    none = (number < 0.8 * DRAWS) | ~np.isfinite(value[:, 0]) | ((tables * d**2).sum(axis=1) < 1e-20)
    return np.where(none, np.nan, found[0]), np.where(none, np.nan, found[1])


def of_tables(f: Callable[[Array], Array], tables: Array, added: Array, rng: Random) -> tuple[Limits, Limits]:
    """Return limits before (jackknife t on log(1 - x), from 50 items BCa) and now (draws of the table)."""
    n, value = int(tables[0].sum()), f(tables)
    cells = np.eye(tables.shape[1])
    without = np.stack(
        [np.where(tables[:, c] > 0, f(np.maximum(tables - cells[c], 0)), np.nan) for c in range(len(cells))],
        axis=1,
    )
    with np.errstate(all="ignore"):
        mean = np.nansum(without * tables, axis=1) / n
        se = np.sqrt((n - 1) / n * np.nansum(tables * (without - mean[:, None]) ** 2, axis=1))
        factor = np.exp(np.minimum(stdtrit(n - 1, 0.975) * se / (1 - value), 700))
        fine = np.isfinite(value) & (se > 1e-10)
        before = tuple(np.where(fine, 1 - (1 - value) * x, np.nan) for x in (factor, 1 / factor))
    if n >= 50:
        before = bootstrap(f, tables, without, rng)
    before = np.maximum(before[0], -1), np.minimum(before[1], 1)
    drawn = f(rng.standard_gamma(np.repeat((tables + added)[:, None, :], DRAWS, axis=1)))
    quantiles = np.nanquantile(drawn, [0.025, 0.975], axis=1)
    widening = stdtrit(n - 1, 0.975) / ndtri(0.975)
    low = value - widening * np.maximum(value - quantiles[0], 0)
    high = value + widening * np.maximum(quantiles[1] - value, 0)
    return before, (np.maximum(low, -1), np.minimum(high, 1))


VERDICTS: dict[str, Callable[[Array], Array]] = {  # of the four cells TP, FP, FN, TN
    "kappa": lambda x: (
        1
        - (x[..., 1] + x[..., 2])
        * x.sum(-1)
        / (
            (x[..., 0] + x[..., 2]) * (x[..., 2] + x[..., 3])
            + (x[..., 0] + x[..., 1]) * (x[..., 1] + x[..., 3])
        )
    ),
    "mcc": lambda x: (
        (x[..., 0] * x[..., 3] - x[..., 1] * x[..., 2])
        / np.sqrt(
            (x[..., 0] + x[..., 1])
            * (x[..., 0] + x[..., 2])
            * (x[..., 3] + x[..., 1])
            * (x[..., 3] + x[..., 2])
        )
    ),
    "f1": lambda x: 2 * x[..., 0] / (2 * x[..., 0] + x[..., 1] + x[..., 2]),
    "negative_agreement": lambda x: 2 * x[..., 3] / (2 * x[..., 3] + x[..., 1] + x[..., 2]),
    "pass_rate_gap": lambda x: (x[..., 1] - x[..., 2]) / x.sum(-1),
}


def verdicts(name: str, n: int, rate: Band, kappa: Band, rng: Random) -> Row:
    """Statistics of the verdicts of two raters who pass the same share on average."""
    p, k = rng.uniform(*rate, size=SETS), rng.uniform(*kappa, size=SETS)
    both = p * p + k * p * (1 - p)
    cells = np.stack([both, p - both, p - both, 1 - 2 * p + both], axis=1)
    drawn = rng.multinomial(n, cells).astype(float)
    tables, of_set = np.unique(drawn, axis=0, return_inverse=True)
    with np.errstate(all="ignore"):
        before, now = of_tables(VERDICTS[name], tables, np.full(4, 0.5), rng)
        truth = VERDICTS[name](cells)
    table = tables[len(tables) // 2].astype(int)
    human, judge = np.repeat([1, 0, 1, 0], table), np.repeat([1, 1, 0, 0], table)
    roughly(pass_fail(human, judge, rng=0).estimates()[name], now, len(tables) // 2)
    of_set = of_set.ravel()
    return truth, (before[0][of_set], before[1][of_set]), (now[0][of_set], now[1][of_set])


def roughly(found: object, limits: Limits, r: int) -> None:
    """Stop where `judge.stats` has limits that differ by more than the draws explain."""
    width = max(limits[1][r] - limits[0][r], 1e-3)
    if not abs(found.low - limits[0][r]) + abs(found.high - limits[1][r]) < 0.6 * width:
        raise SystemExit(f"{found} and {limits[0][r]}, {limits[1][r]}")


CUTS = {
    "even": [-1.2, -0.4, 0.4, 1.2],
    "skewed": [-2.2, -1.6, -1.0, -0.2],
    "very skewed": [-2.4, -2.0, -1.6, -1.0],
}


def kappas(n: int, weights: str | None, margins: str, noise: float, rng: Random) -> Row:
    """Kappas of two raters who observe a normal quality with noise, on a declared scale of five points."""
    grid = norm.ppf((np.arange(4_000) + 0.5) / 4_000)
    edges = np.array([-np.inf, *CUTS[margins], np.inf])
    of_rater = np.diff(norm.cdf((edges[:, None] - grid) / noise), axis=0)
    k = np.arange(5)
    distances = (k[:, None] != k).astype(float) if weights is None else (k[:, None] - k) ** 2.0

    def kappa(x: Array) -> Array:
        square = x.reshape(*x.shape[:-1], 5, 5)
        chance = ((square.sum(-1) @ distances) * square.sum(-2)).sum(-1)
        return np.where(chance > 1e-12, 1 - x.sum(-1) * (x @ distances.ravel()) / chance, np.nan)

    cells = (of_rater @ of_rater.T / grid.size).ravel()
    tables = rng.multinomial(n, cells / cells.sum(), size=SETS).astype(float)
    added = (np.eye(5) / 5 + 1 / 25).ravel()
    before, now = [], []
    with np.errstate(all="ignore"):
        for start in range(0, SETS, 500):
            first, second = of_tables(kappa, tables[start : start + 500], added, rng)
            before.append(first)
            now.append(second)
        truth = np.full(SETS, kappa(cells[None])[0])
    rows, columns = (np.repeat(index.ravel(), tables[0].astype(int)) for index in np.indices((5, 5)))
    now = np.concatenate(now, axis=1)
    roughly(cohen_kappa(rows, columns, weights=weights, scale=list(range(5)), rng=0), (now[0], now[1]), 0)
    before = np.concatenate(before, axis=1)
    return truth, (before[0], before[1]), (now[0], now[1])


def rows() -> Iterator[tuple[str, Callable[[Random], Row]]]:
    """Yield the rows of the table and how to simulate them."""
    for kind in ("5 each", "1-20", "1-150", "9 of 10 single, 1 of 20"):
        for n in (10, 20, 50, 200):
            for correlation in (0.0, 0.3, 0.6):
                for band in ((0.5, 0.7), (0.7, 0.9), (0.9, 0.97)):
                    text = f"correlation {correlation:g}, truth {band[0]}-{band[1]}"
                    name = f"share, {n} clusters: {kind} | {text}"
                    yield name, partial(shares, kind, n, correlation, band)
    for n in (1, 2, 5, 10, 20):
        yield f"share, {n} independent items | truth 0.5-0.99", partial(few_items, n, (0.5, 0.99))
    for kind in ("5 each", "1-20", "1-150"):
        for n in (20, 50, 200):
            for marks in (True, False):
                name = f"paired difference, {n} clusters: {kind} | {'pass marks' if marks else 'scores'}"
                yield name, partial(differences, kind, n, marks)
    for rate in ((0.75, 0.85), (0.94, 0.98)):
        for kappa in ((0.1, 0.3), (0.7, 0.9)):
            for n in (50, 200):
                for name in VERDICTS:
                    text = f"{name}, {n} items | kappa {kappa[0]}-{kappa[1]}, pass rate {rate[0]}-{rate[1]}"
                    yield text, partial(verdicts, name, n, rate, kappa)
    for margins in CUTS:
        for noise in (0.3, 0.8):
            for weights in ("quadratic", None) if noise == 0.8 else ("quadratic",):
                for n in (14, 20, 30, 50) if weights else (20, 50):
                    name = f"{weights or 'unweighted'} kappa, {n} items | margins {margins}, noise {noise}"
                    yield name, partial(kappas, n, weights, margins, noise)


def figures(truth: Array, limits: Limits) -> str:
    """Return coverage among the printed (* significantly below .92), share printed and mean width."""
    printed = np.isfinite(limits[0])
    if not printed.any():
        return "- | 0 | -"
    inside = ((limits[0] <= truth + 1e-12) & (truth <= limits[1] + 1e-12))[printed]
    mark = " *" if binom.cdf(inside.sum(), inside.size, 0.92) < 0.01 else ""
    width = np.mean((limits[1] - limits[0])[printed])
    return f"{inside.mean():.3f}{mark} | {printed.mean():.2f} | {width:.2f}"


def main() -> None:
    """Print the rows of the table."""
    for name, simulate in rows():
        if len(sys.argv) > 2 and sys.argv[2] not in name:
            continue
        truth, before, now = simulate(np.random.default_rng(SEED))
        print(f"| {name} | {figures(truth, before)} | {figures(truth, now)} |", flush=True)


if __name__ == "__main__":
    main()
