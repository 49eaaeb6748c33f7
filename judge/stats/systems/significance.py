"""Paired significance tests: McNemar, permutation, Williams' t."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from judge.stats.engine.checks import at_least
from judge.stats.engine.columns import as_column, as_marks, check_lengths
from judge.stats.engine.estimate import (
    NO_COMPLETE_PAIRS,
    NO_VARIATION,
    TOO_FEW_ITEMS,
    ZERO_DENOMINATOR,
    Estimate,
    Reason,
)
from judge.stats.engine.limits import t_cdf, t_quantile
from judge.stats.engine.scale import Floats
from judge.stats.engine.weights import RNG, cluster_codes, seed_of

__all__ = ["Significance", "mcnemar", "paired_permutation", "williams_t"]


@dataclass(frozen=True, slots=True)
class Significance:
    """A p-value with what it rests on.

    Attributes
    ----------
    p_value : float
        Two-sided; NaN where the test is undefined.
    statistic : float
        The test statistic, NaN if the test has none.
    method : str
        Which test.
    n_items : int
        Items or clusters that the test used.
    reason : str or None
        Why the p-value is undefined.
    n_resamples, seed : int, int or None
        Permutations drawn, and the seed that repeats them.
    """

    p_value: float
    statistic: float = math.nan
    method: str = ""
    n_items: int = 0
    reason: Reason | None = None
    n_resamples: int = 0
    seed: int | None = None


def mcnemar(a: ArrayLike, b: ArrayLike, *, method: Literal["mid-p", "exact"] = "mid-p") -> Significance:
    """McNemar's test of whether a and b pass equally often on the same independent items.

    Only items on which they differ count: n of them, k with a pass of a. Exact: two-sided binomial p of
    k in n at 1/2. Mid-p subtracts half of the probability of k from each tail, and holds the level without
    being as cautious as the exact test. For clusters of items use `paired_difference`.

    Parameters
    ----------
    a, b : array_like, shape (n_items,)
        Pass marks, or right/wrong against a reference; NaN or None where missing.
    method : {'mid-p', 'exact'}
        How to treat the probability of the observed outcome.

    Returns
    -------
    Significance
        The statistic is the number of items that a passes and b fails. NaN, `zero_denominator`, if a and
        b never differ; `no_complete_pairs` without any pair.

    Raises
    ------
    ValueError
        If lengths differ, a mark is neither pass, fail nor missing, or the method is unknown.

    References
    ----------
    .. [1] M. W. Fagerland, S. Lydersen, P. Laake, "The McNemar test for binary matched-pairs data", 2013,
       doi:10.1186/1471-2288-13-91.

    Examples
    --------
    >>> before, after = [1] * 2 + [0] * 19, [1, 0] + [1] * 7 + [0] * 12
    >>> round(mcnemar(before, after).p_value, 4), round(mcnemar(before, after, method="exact").p_value, 4)
    (0.0391, 0.0703)
    """
    if method not in ("mid-p", "exact"):
        raise ValueError(f"method must be mid-p or exact; got {method!r}.")
    x, y = complete_pairs(as_marks(a, "a"), as_marks(b, "b"))
    name = f"McNemar {method}"
    only_a, only_b = int(np.sum(x > y)), int(np.sum(y > x))
    n = only_a + only_b
    if n == 0:
        reason: Reason = ZERO_DENOMINATOR if x.size else NO_COMPLETE_PAIRS
        return Significance(math.nan, math.nan, name, x.size, reason)
    return Significance(_binomial_p(only_a, n, method == "mid-p"), only_a, name, x.size)


def _binomial_p(k: int, n: int, mid: bool) -> float:
    from scipy.special import bdtr

    fewer = min(k, n - k)
    tail = float(bdtr(fewer, n, 0.5))
    at_k = tail - float(bdtr(fewer - 1, n, 0.5)) if fewer else tail
    if 2 * k == n:  # both tails hold the one outcome k, so that only half of it can be taken off
        return 1 - at_k / 2 if mid else 1.0
    return 2 * tail - at_k if mid else 2 * tail


def paired_permutation(
    a: ArrayLike,
    b: ArrayLike,
    *,
    clusters: ArrayLike | None = None,
    n_permutations: int = 10_000,
    rng: RNG = None,
) -> Significance:
    """Permutation test of a difference of means on the same items: swap a and b within clusters.

    If nothing distinguishes a from b, swapping them on any cluster changes nothing but chance. The p-value
    is the share of swaps with a difference at least as far from 0, the observed one included.

    Do not use it for items that are not exchangeable between the two, such as scores on different scales.

    Parameters
    ----------
    a, b : array_like of float, shape (n_items,)
        Scores or pass marks; NaN or None where missing. Items with both count.
    clusters : array_like, shape (n_items,), optional
        Group of each item; items of a group are swapped together.
    n_permutations : int
        Random swaps drawn; the smallest possible p-value is 1 / (n_permutations + 1).
    rng : int, numpy.random.Generator or None
        Seed or generator.

    Returns
    -------
    Significance
        The statistic is the mean difference a - b. NaN, `no_complete_pairs`, without any pair.

    References
    ----------
    .. [1] R. A. Fisher, "The Design of Experiments", 1935.

    Examples
    --------
    >>> paired_permutation([4, 5, 3, 4, 5], [3, 5, 2, 2, 4], n_permutations=999, rng=0).p_value < 0.2
    True
    """
    scores_a, scores_b = as_column(a, "a"), as_column(b, "b")
    check_lengths(a=scores_a, b=scores_b)
    at_least("n_permutations", n_permutations, 1)
    changes = scores_a - scores_b
    both = ~np.isnan(changes)
    codes = cluster_codes(clusters, changes.size)[both]
    if not codes.size:
        return Significance(math.nan, method="permutation", reason=NO_COMPLETE_PAIRS)
    sums: Floats = np.bincount(codes, weights=changes[both]).astype(float)
    seed, generator = seed_of(rng)
    observed = abs(sums.sum())
    # Summation order must not decide whether a swap ties with the observed difference.
    limit = observed - 1e-9 * abs(sums).sum()
    swaps = flipped_sums(sums[:, None], n_permutations, generator)
    n_as_far = sum(int(np.sum(abs(totals) >= limit)) for totals in swaps)
    return Significance(
        (n_as_far + 1) / (n_permutations + 1),
        float(changes[both].mean()),
        "permutation",
        np.unique(codes).size,
        n_resamples=n_permutations,
        seed=seed,
    )


def flipped_sums(sums: Floats, n_permutations: int, rng: np.random.Generator) -> Iterator[Floats]:
    """Yield totals (rows, s) of the rows of `sums` (n, s), each with a random sign; chunk by chunk."""
    step = max(1, 2**22 // max(1, *sums.shape))
    for start in range(0, n_permutations, step):
        rows = min(step, n_permutations - start)
        signs = 2.0 * rng.integers(0, 2, size=(rows, len(sums)), dtype=np.int8) - 1.0
        yield signs @ sums


def williams_t(human: ArrayLike, judge_a: ArrayLike, judge_b: ArrayLike) -> Significance:
    """Williams' t: whether judge a correlates (Pearson) with people more than judge b on the same items.

    t = (r_ha - r_hb) sqrt((n - 1)(1 + r_ab) / (2 K (n - 1)/(n - 3) + m^2 (1 - r_ab)^3)), K the determinant of
    the three correlations, m the mean of r_ha and r_hb, n - 3 degrees of freedom. Items must be
    independent; for clusters use a paired difference of correlations.

    Parameters
    ----------
    human, judge_a, judge_b : array_like of float, shape (n_items,)
        Scores of the same items; NaN or None where missing. Items with all three count.

    Returns
    -------
    Significance
        A positive statistic favours judge a. NaN, `too_few_items`, with fewer than 4 items;
        `no_variation` if one of the three is constant or a and b are perfectly correlated.

    Raises
    ------
    ValueError
        If lengths differ.

    References
    ----------
    .. [1] J. H. Steiger, "Tests for comparing elements of a correlation matrix", Psychological Bulletin
       87, 1980, doi:10.1037/0033-2909.87.2.245.

    Examples
    --------
    >>> people, a, b = [1, 2, 3, 4, 5, 3], [1, 2, 3, 5, 5, 3], [2, 1, 4, 2, 5, 3]
    >>> round(williams_t(people, a, b).p_value, 2)
    0.1
    """
    names = {"human": human, "judge_a": judge_a, "judge_b": judge_b}
    columns = {name: as_column(values, name) for name, values in names.items()}
    check_lengths(**columns)
    scores = np.stack(list(columns.values()))
    scores = scores[:, ~np.isnan(scores).any(axis=0)]
    n = scores.shape[1]
    undefined = Significance(math.nan, method="Williams t", n_items=n)
    if n < 4:
        return replace(undefined, reason=TOO_FEW_ITEMS)
    if np.any(np.ptp(scores, axis=1) == 0):
        return replace(undefined, reason=NO_VARIATION)
    r = np.atleast_2d(np.corrcoef(scores))
    r_a, r_b, r_ab = float(r[0, 1]), float(r[0, 2]), float(r[1, 2])
    determinant = max(1 - r_a**2 - r_b**2 - r_ab**2 + 2 * r_a * r_b * r_ab, 0.0)
    spread = 2 * determinant * (n - 1) / (n - 3) + ((r_a + r_b) / 2) ** 2 * (1 - r_ab) ** 3
    if spread <= 1e-12:
        return replace(undefined, reason=NO_VARIATION)
    t = float((r_a - r_b) * math.sqrt((n - 1) * (1 + r_ab) / spread))
    return replace(undefined, p_value=2 * t_cdf(-abs(t), n - 3), statistic=t)


def t_test(found: Estimate) -> Significance:
    """Return the test of value / se, with the degrees of freedom of the interval.

    Where items were added, limits lie around another value than that of the data: there the limit toward 0
    decides, so that p is below .05 only if 0 is outside of the interval.
    """
    df, n_items = found.degrees_of_freedom, min(found.n_clusters, found.n_items)
    undefined = Significance(math.nan, method="t", n_items=n_items, reason=found.reason)
    if not found.defined or not found.se > 0:
        return replace(undefined, reason=found.reason or NO_VARIATION)
    lowest, highest = found.possible
    toward_zero = found.low if found.value > 0 else found.high
    is_cut = not lowest < toward_zero < highest
    margin = found.se * t_quantile((1 + found.confidence_level) / 2, df)
    reach = max(abs(found.value - toward_zero), margin / 2)  # no more than half of it is an effect of adding
    moved = not is_cut and abs(reach - margin) > 1e-6 * margin
    t = found.value / (found.se * reach / margin if moved else found.se)
    return replace(undefined, p_value=2 * t_cdf(-abs(t), df), statistic=t, reason=None)


def complete_pairs(a: Floats, b: Floats) -> tuple[Floats, Floats]:
    """Return the values of items that have both."""
    check_lengths(a=a, b=b)
    both = ~np.isnan(a) & ~np.isnan(b)
    return a[both], b[both]
