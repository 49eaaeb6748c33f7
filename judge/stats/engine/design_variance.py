"""Standard errors of weighted statistics: a jackknife within the strata of a sampling design.

Let b_i be how much the statistic moves per relative change of the weight of item i (from the jackknife, hence
for every function of sums), n_h and N_h the items of stratum h in the sample and in the population, f_i the
sampled fraction, and g_h the sum of b_i over the stratum. The variance is, for the target

* these answers: sum_h n_h/(n_h - 1) sum_i (1 - f_i) (b_i - mean_h b)^2
* answers like these: sum_h n_h/(n_h - 1) sum_i (b_i - mean_h b)^2 + sum_h g_h^2/N_h

For a mean the second is the two-phase variance of Särndal, Swensson & Wretman (1992, ch. 9), sum W^2 s^2/n
(1 - f) plus [sum W s^2 + sum W (m - theta)^2]/N. Answers of one cluster are alike: each pair adds 2 b_i b_k.

If all items of a stratum move the statistic alike, this does not show that the stratum has no variation. It
then gets the variance of half an item that differs from the others as much as any two items of the sample do.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from judge.stats.engine.sampling_design import SamplingDesign
from judge.stats.engine.scale import Bools, Floats, Ints
from judge.stats.engine.statistic import Statistic
from judge.stats.engine.weights import cluster_codes, width_of

_CHUNK = 2**22  # elements of one array: 32 MB of float64
_STEP = 1e-4  # relative change of the weight of a stratum, for a derivative
_ROUNDING = 1e-9


@dataclass(frozen=True)
class WeightedValue:
    """A weighted statistic and how every item of the sample moves it.

    Attributes
    ----------
    value : float
        The Hájek estimate.
    moves : ndarray, shape (n_sampled,)
        Change per relative change of the weight of each item; empty where there is no standard error.
    of_strata : ndarray, shape (n_strata,)
        The same for all items of a stratum together.
    used : ndarray of bool, shape (n_sampled,)
        Which items of the sample the statistic uses.
    design : SamplingDesign
        The design of the sample.
    clusters : ndarray or None
        Cluster of each item of the sample.
    """

    value: float
    moves: Floats
    of_strata: Floats
    used: Bools
    design: SamplingDesign
    clusters: Ints | None = None

    @cached_property
    def se(self) -> float:
        """Standard error, 0 if no item moves the value, NaN where the design gives none."""
        within, between = self._variance
        se = math.sqrt(within.sum() + between) if within.size else math.nan
        return 0.0 if se <= _ROUNDING * max(1.0, abs(self.value)) else se

    def df(self, *, skewed: bool = True) -> float:
        """Satterthwaite's degrees of freedom; populations are large, so that only the samples count.

        The variance of a stratum has n - 1, and if items may be `skewed` at most 2 n/(kurtosis - 1): few if
        it rests on few items, such as three errors among a hundred labels.
        """
        within, between = self._variance
        if not self.se > 0:
            return math.nan
        strata, _ = self.design.variance_strata
        n_in = np.bincount(strata).astype(float)
        of_stratum = n_in - 1
        if skewed:
            deviations = self.moves - (np.bincount(strata, self.moves) / n_in)[strata]
            second, fourth = (np.bincount(strata, deviations**power) / n_in for power in (2, 4))
            kurtosis = np.divide(fourth, second**2, out=n_in.copy(), where=second > 0)
            of_stratum = np.clip(2 * n_in / np.maximum(kurtosis - 1, _ROUNDING), 2, np.maximum(n_in - 1, 2))
        df = float((within.sum() + between) ** 2 / (within**2 / of_stratum).sum())
        return df if self.clusters is None else min(df, np.unique(self.clusters).size - 1.0)

    @property
    def cluster_factor(self) -> float:
        """By how much the clusters increase the standard error; 1 without clusters."""
        if self.clusters is None or not self.se > 0:
            return 1.0
        return self.se / replace(self, clusters=None).se

    @cached_property
    def _variance(self) -> tuple[Floats, float]:
        """Return the variance within each stratum, and that of the answers as a sample."""
        if not self.moves.size:
            return np.empty(0), math.nan
        strata, sizes = self.design.variance_strata
        weights = self.design.weights[self.design.sampled]
        n_in = np.bincount(strata).astype(float)
        squares = (self.moves - (np.bincount(strata, self.moves) / n_in)[strata]) ** 2
        pseudo = np.zeros(1)
        if sizes.size > 1:
            pseudo = _unseen_variation(self.moves / weights, weights, strata, self.used)
        if self.design.target == "these answers":
            fraction = self.design.sampled_fraction
            squares, pseudo = squares * (1 - fraction), pseudo * (1 - np.bincount(strata, fraction) / n_in)
            return n_in / (n_in - 1) * np.bincount(strata, squares) + pseudo, 0.0
        between, moves = float((self.of_strata**2 / sizes).sum()), self.moves
        if self.design.target == "given mix":  # the shares of the strata are not estimated
            between, moves = 0.0, moves - (np.bincount(strata, moves) / n_in)[strata]
        if self.clusters is not None:
            between += _between_clusters(moves, self.clusters)
        return n_in / (n_in - 1) * np.bincount(strata, squares) + pseudo, between


def linear(coefficients: Sequence[float], values: Sequence[WeightedValue]) -> WeightedValue:
    """Return a sum of weighted values times coefficients, paired: all are of one sample."""
    defined = all(value.moves.size for value in values)
    factors, nothing = np.asarray(coefficients), np.empty(0)
    return replace(
        values[0],
        value=float(factors @ [v.value for v in values]),
        moves=factors @ np.stack([v.moves for v in values]) if defined else nothing,
        of_strata=factors @ np.stack([v.of_strata for v in values]) if defined else nothing,
        used=np.any([v.used for v in values], axis=0),
    )


def contributing(statistic: Statistic) -> Bools:
    """Return which items a statistic uses: the value is the same whatever the weight of the others."""
    table = statistic.sums
    if table.ndim == 2:
        return np.asarray(table.any(axis=1))
    # A code has no row of zeros to say so; one more item of each code is tried on arbitrary totals.
    width, present = width_of(table), np.unique(table)
    totals = np.random.default_rng(0).uniform(1, 2, width)
    before = float(statistic.function(totals[None, :])[0])
    step, changes = max(1, _CHUNK // max(1, width)), np.zeros(width, dtype=bool)
    for start in range(0, present.size, step):
        codes = present[start : start + step]
        more = np.repeat(totals[None, :], codes.size, axis=0)
        more[np.arange(codes.size), codes] += 1
        changes[codes] = ~(abs(statistic.function(more) - before) <= 1e-10 * max(1.0, abs(before)))
    of_item: Bools = changes[table]
    return of_item


def weighted_value(
    statistic: Statistic, design: SamplingDesign, clusters: ArrayLike | None = None
) -> WeightedValue:
    """Return the Hájek estimate of a statistic and its standard error for the target of the design.

    >>> agree = Statistic(np.array([[1.0, 1], [1, 1], [1, 1], [0, 1]]), lambda t: t[:, 0] / t[:, 1], "share")
    >>> design = SamplingDesign([2 / 90, 2 / 90, 0.2, 0.2], ["pass", "pass", "fail", "fail"])
    >>> found = weighted_value(agree, design)
    >>> round(found.value, 3), round(found.se, 3)
    (0.95, 0.243)
    """
    value = float(statistic.evaluate(design.weights)[0])
    used, nothing = contributing(statistic)[design.sampled], np.empty(0)
    codes = None if clusters is None else cluster_codes(clusters, len(design))[design.sampled]
    strata, sizes = design.variance_strata
    n_in = np.bincount(strata, minlength=sizes.size).astype(float)
    if math.isnan(value) or not n_in.size or n_in.min() < 2:
        return WeightedValue(value, nothing, nothing, used, design, codes)
    moves, of_strata = _moves(statistic, design, strata, n_in, value)
    if not np.isfinite(moves).all():
        moves = of_strata = nothing
    return WeightedValue(value, moves, of_strata, used, design, codes)


def undefined_value(design: SamplingDesign) -> WeightedValue:
    """Return the value of a statistic that is undefined under the design."""
    return WeightedValue(math.nan, np.empty(0), np.empty(0), np.zeros(design.n_sampled, dtype=bool), design)


def _moves(
    statistic: Statistic, design: SamplingDesign, strata: Ints, n_in: Floats, value: float
) -> tuple[Floats, Floats]:
    """Return the derivatives by the logarithm of the weight: of each item, and of each stratum."""
    table, weights = statistic.sums[design.sampled], design.weights[design.sampled]
    of_strata = np.array([_totals(table, weights * (strata == h), statistic) for h in range(n_in.size)])
    total = of_strata.sum(axis=0)
    if n_in.size > 1:
        steps = statistic.function(np.vstack([total + _STEP * of_strata, total - _STEP * of_strata]))
        derivatives = (steps[: n_in.size] - steps[n_in.size :]) / (2 * _STEP)
    else:  # weights are relative
        derivatives = np.zeros(1)
    left_out = np.empty(len(weights))
    step = max(1, _CHUNK // max(1, total.size))
    for start in range(0, len(weights), step):
        part = slice(start, start + step)
        h, n = strata[part], n_in[strata[part], None]
        rows = total + of_strata[h] / (n - 1)
        lost = weights[part] * n[:, 0] / (n[:, 0] - 1)
        if table.ndim == 1:
            rows[np.arange(len(h)), table[part]] -= lost
        else:
            rows -= lost[:, None] * table[part]
        left_out[part] = statistic.function(rows)
    left_out[abs(left_out - value) <= 1e-12 * max(1.0, abs(value))] = value  # rounding is no variation
    means = np.bincount(strata, left_out) / n_in
    moves = (derivatives / n_in)[strata] - (1 - 1 / n_in)[strata] * (left_out - means[strata])
    return moves, derivatives


def _totals(table: Floats | Ints, weights: Floats, statistic: Statistic) -> Floats:
    if table.ndim == 2:
        totals: Floats = weights @ table
        return totals
    return np.bincount(table, weights, minlength=width_of(statistic.sums)).astype(float)


def _unseen_variation(per_weight: Floats, weights: Floats, strata: Ints, used: Bools) -> Floats:
    """Return the variance of strata of which all used items move the statistic alike, 0 for the others."""
    found = np.zeros(int(strata.max()) + 1)
    if not used.any():  # the same value at any weights, such as a kappa with a constant rater
        return found
    reach = float(np.ptp(per_weight[used]))
    for h in range(found.size):
        mine = used & (strata == h)
        if mine.any() and np.ptp(per_weight[mine]) <= _ROUNDING * reach:
            n = int(mine.sum())
            share = 0.5 / (n + 1)
            found[h] = n * (weights[mine].mean() * reach) ** 2 * share * (1 - share)
    return found


def _between_clusters(moves: Floats, clusters: Ints) -> float:
    together, n_clusters = np.bincount(clusters, moves), np.unique(clusters).size
    pairs = float(together @ together - moves @ moves)
    return max(0.0, pairs * n_clusters / max(1, n_clusters - 1))
