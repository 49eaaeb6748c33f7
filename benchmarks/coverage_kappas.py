"""Coverage of 95 % intervals of kappas and alphas of several raters. Prints the table of coverage_kappas.md.

python benchmarks/coverage_kappas.py [SETS [PEOPLE]]

People and a judge, who is as good as they are, observe a normal quality with noise, on a declared scale of
five points. Before: the jackknife of the items. Now: with two items added to the table of each pair of
raters. Both are computed for all data sets at once; the first data set of every cell is compared with
`judge.stats`.
"""

import sys
import warnings
from collections.abc import Iterator
from functools import partial
from itertools import combinations
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit
from scipy.stats import binom, norm

from judge.stats import conger_kappa, fleiss_kappa, krippendorff_alpha, pairwise_ceiling
from judge.stats.coefficients.kappa import cohen_statistic

Array: TypeAlias = NDArray[np.float64]
Limits: TypeAlias = tuple[Array, Array]
SEED, K, CHUNK = 20261128, 5, 200
SIZES = (14, 20, 30, 50, 100)
CUTS = {
    "even": [-1.2, -0.4, 0.4, 1.2],
    "skewed": [-2.2, -1.6, -1.0, -0.2],
    "very skewed": [-2.4, -2.0, -1.6, -1.0],
}
k = np.arange(K)
DISTANCES = {"unweighted": (k[:, None] != k).astype(float), "quadratic": (k[:, None] - k) ** 2.0}
WEIGHTS = {"unweighted": None, "quadratic": "quadratic"}
ADDED = np.stack([np.eye(K) / K, np.full((K, K), 1 / K**2), (np.eye(K, k=1) + np.eye(K, k=-1)) / (2 * K - 2)])
# Agreement, independence, and one point apart for pairs of people, and for pairs with the judge.


def kappa(tables: Array, distances: Array) -> Array:
    """Kappa of cross tables (..., K, K); NaN without variation."""
    chance = ((tables.sum(-1) @ distances) * tables.sum(-2)).sum(-1)
    observed = tables.sum((-2, -1)) * (tables * distances).sum((-2, -1))
    return np.where(chance > 1e-9, 1 - observed / np.where(chance > 1e-9, chance, 1), np.nan)


def means(tables: Array, kind: str, pairs: list[tuple[int, int]], defined: Array) -> dict[str, Array]:
    """Mean kappas of people (human), of the judge and people (judge), and their difference."""
    of_pair, judge = kappa(tables, DISTANCES[kind]), max(map(max, pairs))
    index = {pair: i for i, pair in enumerate(pairs)}
    total, human, model = 0.0, 0.0, 0.0
    for a, b in pairs:
        for person in (a, b) if b < judge else ():
            both = defined[..., index[a, b]] & defined[..., index[person, judge]]
            total = total + both
            human = human + np.where(both, of_pair[..., index[a, b]], 0)
            model = model + np.where(both, of_pair[..., index[person, judge]], 0)
    return {"human": human / total, "judge": model / total, "difference": (model - human) / total}


def of_people(tables: Array, kind: str, pairs: list[tuple[int, int]]) -> dict[str, Array]:
    """Coefficients of all people together."""
    judge = max(map(max, pairs))
    people = tables[..., [b < judge for _, b in pairs], :, :]
    n, distances = people[..., 0, :, :].sum((-2, -1)), DISTANCES[kind]
    observed = (people * distances).sum((-2, -1)).mean(-1)
    rows, columns = people.sum(-1), people.sum(-2)
    pooled = (rows + columns).mean(-2) / 2
    conger = n * observed / ((rows @ distances) * columns).sum(-1).mean(-1)
    fleiss = n * observed / ((pooled @ distances) * pooled).sum(-1)
    ratings = n * judge
    found = {"Conger": 1 - conger, "Fleiss": 1 - fleiss, "alpha": 1 - (ratings - 1) / ratings * fleiss}
    if kind == "quadratic":
        middle = np.cumsum(pooled, axis=-1) - pooled / 2
        apart = (middle[..., :, None] - middle[..., None, :]) ** 2
        seen = (people.mean(-3) * apart).sum((-2, -1))
        expected = (pooled[..., :, None] * pooled[..., None, :] * apart).sum((-2, -1))
        found["ordinal alpha"] = 1 - (ratings - 1) / ratings * n * seen / expected
    return found


def all_of(tables: Array, kind: str, pairs: list[tuple[int, int]], defined: Array) -> dict[str, Array]:
    return means(tables, kind, pairs, defined) | of_people(tables, kind, pairs)


def items_as_tables(values: Array, pairs: list[tuple[int, int]]) -> Array:
    """One-hot cross tables (S, n, pairs, K, K)."""
    cells = np.stack([values[..., a] * K + values[..., b] for a, b in pairs], axis=-1)
    return np.eye(K * K)[cells].reshape(*cells.shape, K, K)


def t_limits(value: Array, se: Array, df: Array, is_difference: bool) -> Limits:
    if is_difference:
        margin = stdtrit(df, 0.975) * se
        return np.maximum(value - margin, -2), np.minimum(value + margin, 2)
    margin = stdtrit(df, 0.975) * se / (1 - value**2)
    return np.tanh(np.arctanh(value) - margin), np.tanh(np.arctanh(value) + margin)


def jackknife(without: Array) -> tuple[Array, Array]:
    """Standard errors of values (S, n), and degrees of freedom from their kurtosis."""
    n = np.isfinite(without).sum(1)
    squares = (without - np.nanmean(without, axis=1, keepdims=True)) ** 2
    second, fourth = np.nanmean(squares, axis=1), np.nanmean(squares**2, axis=1)
    excess = np.maximum(fourth / second**2 - 1, 1e-9)
    df = np.minimum(np.maximum(2 * n / excess, 2), n - 1)
    se = np.sqrt((n - 1) * second)
    se[(np.isnan(without).mean(1) > 0.2) | (se < 1e-10)] = np.nan
    return se, df


def intervals(values: Array, kind: str) -> tuple[dict[str, Limits], dict[str, Limits]]:
    """Limits of all coefficients by the jackknife, and with added items."""
    n, people = values.shape[1], values.shape[2] - 1
    pairs = list(combinations(range(people + 1), 2))
    of_item = items_as_tables(values, pairs)
    total = of_item.sum(1)
    defined = np.isfinite(kappa(total, DISTANCES[kind]))
    value = all_of(total, kind, pairs, defined)
    left_out = all_of(total[:, None] - of_item, kind, pairs, defined[:, None])
    sides = np.array([float(b < people) for _, b in pairs])[:, None, None]
    kinds = [ADDED[0], ADDED[1], ADDED[2] * sides, ADDED[2] * (1 - sides)]
    added = total + kinds[0] + kinds[1]
    centre = all_of(added, kind, pairs, defined)
    without = all_of(added[:, None] - of_item, kind, pairs, defined[:, None])
    less = [all_of(added - one, kind, pairs, defined) for one in kinds[:2]]
    more = [all_of(added + one, kind, pairs, defined) for one in kinds[2:]]
    before, now = {}, {}
    for name, point in value.items():
        se, df = jackknife(left_out[name])
        before[name] = t_limits(point, se, df, name == "difference")
        counted = [one[name] for one in less] + [2 * centre[name] - one[name] for one in more]
        se = jackknife(np.column_stack([without[name], *counted]))[0]
        low, high = t_limits(centre[name], se, np.full(len(se), n - 1.0), name == "difference")
        if name == "difference":
            margin = np.maximum(point - low, high - point)
            low, high = np.maximum(point - margin, -2), np.minimum(point + margin, 2)
        now[name] = (np.where(np.isnan(point), np.nan, np.minimum(low, point)), np.maximum(high, point))
    return before, now


def compare(values: Array, kind: str, now: dict[str, Limits]) -> None:
    """Stop where `judge.stats` has other limits for the first data set."""
    scale, ratings = list(range(K)), values[0].astype(float)
    builder = partial(cohen_statistic, weights=WEIGHTS[kind], scale=scale)
    ceiling = pairwise_ceiling(ratings[:, :-1], ratings[:, -1], builder)
    options = {"weights": WEIGHTS[kind], "scale": scale}
    level = "nominal" if kind == "unweighted" else "interval"
    found = {
        "human": ceiling.human,
        "judge": ceiling.judge,
        "difference": ceiling.difference,
        "Conger": conger_kappa(ratings[:, :-1], **options),
        "Fleiss": fleiss_kappa(ratings[:, :-1], **options),
        "alpha": krippendorff_alpha(ratings[:, :-1], level=level, scale=scale),
    }
    if kind == "quadratic":
        found["ordinal alpha"] = krippendorff_alpha(ratings[:, :-1], level="ordinal", scale=scale)
    for name, one in found.items():
        if not np.allclose((one.low, one.high), [limit[0] for limit in now[name]], equal_nan=True):
            raise SystemExit(f"{name}: {one} and {[limit[0] for limit in now[name]]}")


def cell(limits: list[Limits], truth: float) -> str:
    """Coverage among the printed (* significantly below .92), mean width, and share printed."""
    low, high = (np.concatenate(side) for side in zip(*limits, strict=True))
    printed = np.isfinite(low) & np.isfinite(high)
    inside = ((low <= truth + 1e-12) & (truth <= high + 1e-12))[printed]
    mark = "*" if binom.cdf(inside.sum(), inside.size, 0.92) < 0.01 else ""
    share = "" if printed.all() else f" ({printed.mean():.2f})"
    return f"{inside.mean():.3f}{mark} {np.mean((high - low)[printed]):.2f}{share}"


def draw(sets: int, n: int, raters: int, of_rater: Array, rng: np.random.Generator) -> Array:
    quality = rng.integers(0, of_rater.shape[1], (sets, n))
    below = rng.random((sets, n, raters))[..., None] > of_rater.cumsum(0).T[quality][..., None, :]
    return np.minimum(below.sum(-1), K - 1)


def rows(sets: int, people: int) -> Iterator[tuple[str, str, str]]:
    """Yield coefficient and setting, and the cells of all numbers of items."""
    grid = norm.ppf((np.arange(4_000) + 0.5) / 4_000)
    for margins in CUTS:
        for noise in (0.3, 0.8):
            edges = np.array([-np.inf, *CUTS[margins], np.inf])
            of_rater = np.diff(norm.cdf((edges[:, None] - grid) / noise), axis=0)
            table = of_rater @ of_rater.T / grid.size
            pairs = list(combinations(range(people + 1), 2))
            tables = np.broadcast_to(table * 1e9, (len(pairs), K, K))
            for kind in DISTANCES:
                truth = all_of(tables, kind, pairs, np.ones(len(pairs), dtype=bool))
                found: dict[str, list[str]] = {name: [] for name in truth}
                for n in SIZES:
                    rng = np.random.default_rng(SEED)
                    parts: list[tuple[dict[str, Limits], dict[str, Limits]]] = []
                    for start in range(0, sets, CHUNK):
                        values = draw(min(CHUNK, sets - start), n, people + 1, of_rater, rng)
                        parts.append(intervals(values, kind))
                        if not start:
                            compare(values, kind, parts[0][1])
                    for name, expected in truth.items():
                        before, now = ([part[i][name] for part in parts] for i in (0, 1))
                        found[name].append(f"{cell(before, expected)}; {cell(now, expected)}")
                for name, cells in found.items():
                    yield f"{name}, {kind}", f"{margins}, {noise}", " | ".join(cells)


def main() -> None:
    """Print the rows of the table."""
    arguments = [*map(int, sys.argv[1:]), *(4_000, 3)[len(sys.argv) - 1 :]]
    sets, people = arguments[:2]
    with warnings.catch_warnings(action="ignore"), np.errstate(all="ignore"):
        for name, setting, cells in rows(sets, people):
            print(f"| {name} | {setting} | {cells} |", flush=True)


if __name__ == "__main__":
    main()
