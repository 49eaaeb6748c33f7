"""The mean human score of a pool of which a part is labelled, and how far every answer moves it.

Within stratum h with share W of the pool, m_h = lambda mean(F of the pool) + mean(Y - lambda F of the
labelled), and the mean is sum W m_h. The influence of an answer is its term of this sum; the variance is the
sum of squared influences (of clusters: of their sums). Influences of two means subtract answer by answer: the
difference of two systems on the same answers is a paired one.

Of pass marks the variance is that of the labels with one more pass and one more fail, and the limits are
around the mean of all of these [1]_: with few labels, of which most pass, the plain variance is too small.
Simulated coverage: benchmarks/coverage_corrected.md.

References
----------
.. [1] A. Agresti, B. A. Coull, "Approximate is Better than 'Exact' for Interval Estimation of Binomial
   Proportions", The American Statistician 52, 1998, doi:10.1080/00031305.1998.10480550.
.. [2] A. Agresti, Y. Min, "Simple Improved Confidence Intervals for Comparing Matched Proportions",
   Statistics in Medicine 24, 2005, doi:10.1002/sim.1781.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from judge.stats.engine import limits
from judge.stats.engine.columns import check_lengths
from judge.stats.engine.estimate import (
    ANY_VALUE,
    CORRELATION,
    NO_OBSERVATIONS,
    NO_VARIATION,
    TOO_FEW_CLUSTERS,
    TOO_FEW_ITEMS,
    UNKNOWN_PROBABILITY,
    Estimate,
    Reason,
)
from judge.stats.engine.sampling_design import SamplingDesign, Target, collapse
from judge.stats.engine.scale import Bools, Floats, Ints, as_objects, is_missing
from judge.stats.engine.weights import cluster_codes

__all__: list[str] = []

STRATUM_WEIGHT_FROM = 30  # labels, for a judge weight of the stratum's own


@dataclass(frozen=True)
class Labelled:
    """Human and judge scores of a pool, in strata.

    Attributes
    ----------
    human, judge : ndarray, shape (N,)
        Scores; NaN where not labelled, and where the judge gave none.
    strata : ndarray, shape (N,)
        Code of the stratum, within which labels are random.
    weights : ndarray, shape (N,)
        1 / probability of the labelled answers; equal within strata unless the design is Poisson.
    finite : bool
        Whether the target is exactly these answers.
    marks : bool
        Whether scores are pass marks.
    merged : bool
        Whether strata with fewer than two labels were merged with their neighbour in sorted order.
    unknown : bool
        Whether a label lacks its inclusion probability.
    """

    human: Floats
    judge: Floats
    strata: Ints
    weights: Floats
    finite: bool = False
    marks: bool = False
    merged: bool = False
    unknown: bool = False

    @property
    def in_pool(self) -> Bools:
        """Answers with a score of the judge."""
        return ~np.isnan(self.judge)

    @property
    def labelled(self) -> Bools:
        """Answers with both scores."""
        return self.in_pool & ~np.isnan(self.human)

    @property
    def problem(self) -> Reason | None:
        """Why there is no corrected mean."""
        if self.unknown:
            return UNKNOWN_PROBABILITY
        n_labels = int(self.labelled.sum())
        return None if n_labels >= 2 else TOO_FEW_ITEMS if n_labels else NO_OBSERVATIONS

    @property
    def reach(self) -> float:
        """Largest difference of two human scores: what a label may differ from others that are all alike.

        If all labels are alike it is that of the judge's scores, which are on the same scale.
        """
        if self.marks:
            return 1.0
        human = float(np.ptp(self.human[self.labelled]))
        return human if human > 0 else float(np.ptp(self.judge[self.in_pool]))

    @property
    def variance(self) -> float:
        """Variance of the human scores of the pool, from the labelled ones."""
        y, codes, w = (column[self.labelled] for column in (self.human, self.strata, self.weights))
        shares = np.bincount(self.strata[self.in_pool]) / np.maximum(np.bincount(codes, w), 1e-300)
        w = w * shares[codes]
        return float(np.cov(y, aweights=w)) if np.ptp(w) > 0 else float(y.var(ddof=1))

    def people_alone(self) -> SamplingDesign:
        """Return the design of the labels, for an estimate without the judge."""
        sizes = np.bincount(self.strata[self.in_pool]).astype(float)
        p = np.bincount(self.strata[self.labelled], minlength=sizes.size) / np.maximum(sizes, 1.0)
        target: Target = "these answers" if self.finite else "answers like these"
        return SamplingDesign(np.where(self.labelled, p[self.strata], np.nan), self.strata, target=target)

    @property
    def weighted(self) -> bool:
        """Whether the labelled answers have unequal weights."""
        w, codes = self.weights[self.labelled], self.strata[self.labelled]
        return any(np.ptp(w[codes == h]) > 1e-6 * w.max() for h in np.unique(codes))

    def judge_weights(self, fixed: float | None, clip: bool) -> Floats:
        """Return lambda of each stratum: its own from 30 labels on, else the one that is best for all.

        lambda = cov(Y, F) / ((1 + n/N) var(F)), N unlabelled answers; over strata, numerator and denominator
        are sums weighted by W^2/n.
        """
        n_strata = int(self.strata.max(initial=-1)) + 1
        (tops, bottoms, rest), own = np.zeros((3, n_strata)), np.zeros(n_strata, dtype=bool)
        for h in range(n_strata):
            mine = self.strata == h
            y, f = self.human[mine & self.labelled], self.judge[mine & self.labelled]
            u = self.judge[mine & self.in_pool & ~self.labelled]
            own[h], rest[h] = y.size >= STRATUM_WEIGHT_FROM, u.size
            if y.size >= 2 and u.size:
                factor = (y.size + u.size) ** 2 / y.size
                w = self.weights[mine & self.labelled]
                tops[h] = factor * np.cov(y, f, aweights=w)[0, 1]
                bottoms[h] = factor * (1 + y.size / u.size) * np.concatenate([f, u]).var(ddof=1)
        if fixed is not None:
            return np.where(rest > 0, fixed, 0.0)
        pooled = tops.sum() / bottoms.sum() if bottoms.sum() > 0 else 0.0
        alone = np.divide(tops, bottoms, out=np.zeros(n_strata), where=bottoms > 0)
        found = np.where(own | (n_strata == 1), alone, np.where(bottoms > 0, pooled, 0.0))
        return np.clip(found, 0.0, 1.0) if clip else found


def read_pool(
    human: Floats, judge: Floats, strata: ArrayLike | None, design: SamplingDesign | None
) -> Labelled:
    """Return the pool with labels drawn at random, within strata, or by a design.

    Raises
    ------
    ValueError
        If both strata and a design are given, or a length differs, or an answer of the pool has no stratum.
    """
    labelled, in_pool = ~np.isnan(human) & ~np.isnan(judge), ~np.isnan(judge)
    weights, unknown, finite = np.ones(human.size), False, False
    if design is not None:
        if strata is not None:
            raise ValueError("give either strata or design: a design has strata of its own.")
        if design.target == "given mix":
            raise ValueError(
                "a corrected figure has the mix of its pool; 'given mix' is for rated items alone."
            )
        p = np.asarray(design.probabilities, dtype=float)
        check_lengths(human=human, design=p)
        unknown = bool((labelled & ~design.sampled).any())
        finite = design.target == "these answers"
        strata = design.strata if design.name == "stratified" else None
        weights = np.where(design.sampled, 1 / p, 1.0)
    labels = np.zeros(human.size) if strata is None else as_objects(strata)
    check_lengths(human=human, strata=labels)
    missing = is_missing(labels) & in_pool
    if missing.any():
        raise ValueError(f"strata[{int(np.argmax(missing))}] is missing; every answer of the pool needs one.")
    codes, present = np.zeros(human.size, dtype=np.int64), labels[in_pool].tolist()
    names = sorted(set(present), key=lambda label: (isinstance(label, str), label))
    position = {label: h for h, label in enumerate(names)}
    codes[in_pool] = [position[label] for label in present]
    group = collapse(np.bincount(codes[labelled], minlength=len(names)))
    marks = bool(np.isin(human[~np.isnan(human)], (0.0, 1.0)).all())
    merged = np.unique(group).size < len(names)
    codes = group[codes] if len(names) else codes
    return Labelled(human, judge, codes, weights, finite, marks, merged, unknown)


@dataclass(frozen=True)
class TwoPhaseMean:
    """A mean with the influence of every answer, see the top of the module.

    Attributes
    ----------
    value : float
        The corrected mean.
    shift : float
        How far the centre of the limits lies from the mean, of pass marks.
    influence : ndarray, shape (N,)
        Of every answer of the pool; 0 outside it.
    unseen : float
        Variance added for pass marks, and for strata in which all labels are alike.
    within, df : ndarray, shape (H,)
        Variance within each stratum, and its degrees of freedom.
    total : float
        Variance of independent answers; of a difference, of both means apart.
    labelled : ndarray of bool, shape (N,)
        Which answers are labelled.
    """

    value: float
    shift: float
    influence: Floats
    unseen: float
    within: Floats
    df: Floats
    total: float
    labelled: Bools

    @classmethod
    def of(cls, pool: Labelled, judge_weights: Floats, *, tuned: bool = True) -> TwoPhaseMean:
        """Return the mean of strata by their share of the pool; every stratum must have a label.

        `tuned` judge weights cost a degree of freedom: each its own, or one for the strata that share it. Not
        of pass marks, where the pass and the fail that are added are enough.
        """
        n_strata, total, shift = judge_weights.size, int(pool.in_pool.sum()), 0.0
        own = np.bincount(pool.strata[pool.labelled], minlength=n_strata) >= STRATUM_WEIGHT_FROM
        spent = np.where(own, 1.0, 1 / max(int((~own).sum()), 1)) * (judge_weights != 0)
        spent *= tuned and not pool.marks
        means, shares = np.zeros(n_strata), np.zeros(n_strata)
        within, df, unseen = np.zeros(n_strata), np.ones(n_strata), 0.0
        influence = np.zeros(pool.judge.size)
        for h in range(n_strata):
            share = float((pool.strata == h)[pool.in_pool].sum()) / total
            part = _Stratum.of(pool, h, float(judge_weights[h]), float(spent[h]), share)
            shares[h], means[h] = share, part.mean
            shift += share * part.shift
            influence[part.labelled] = shares[h] * part.of_labelled
            influence[part.unlabelled] = shares[h] * part.of_unlabelled
            within[h] = float((influence[part.labelled] ** 2).sum() + (influence[part.unlabelled] ** 2).sum())
            df[h] = part.df
            within[h] += shares[h] ** 2 * part.unseen
            unseen += shares[h] ** 2 * part.unseen
        value = float(shares @ means)
        if not pool.finite:
            influence += np.where(pool.in_pool, (means[pool.strata] - value) / total, 0.0)
        total_variance = float(influence @ influence) + unseen
        return cls(value, shift, influence, unseen, within, df, total_variance, pool.labelled)

    def __sub__(self, other: TwoPhaseMean) -> TwoPhaseMean:
        """Return the difference of the means of two systems that answered the same items.

        Of the passes and fails that are added to both, half agree and cancel where the labels are of the same
        items: half a pair in each of the four cells [2]_.
        """
        either, both = self.labelled | other.labelled, self.labelled & other.labelled
        apart = 1 - float(both.sum()) / float(either.sum()) / 2
        return TwoPhaseMean(
            self.value - other.value,
            self.shift - other.shift,
            self.influence - other.influence,
            (self.unseen + other.unseen) * apart,
            np.concatenate([self.within, other.within]),
            np.concatenate([self.df, other.df]),
            self.total + other.total,
            either,
        )

    def estimate(self, found: Estimate, clusters: Ints | None) -> Estimate:
        """Return `found` with the value, its standard error and t limits."""
        found = replace(found, value=self.value)
        variance = float((self.influence**2).sum()) + self.unseen
        # Satterthwaite's degrees of freedom: those of the labels, since pools are large.
        df = self.total**2 / float((self.within**2 / self.df).sum()) if self.within.sum() > 0 else 0.0
        method, shift = "t", self.shift
        if clusters is not None:
            n_labelled, n_clusters = np.unique(clusters[self.labelled]).size, np.unique(clusters).size
            if n_labelled < 2:
                return replace(found, reason=TOO_FEW_CLUSTERS)
            sums = np.bincount(clusters, self.influence)
            together = float(sums @ sums) * n_clusters / (n_clusters - 1)
            # Clusters make n labels worth n / effect, and what is added to them counts so much the more.
            effect = max(1.0, together / max(variance - self.unseen, 1e-300))
            variance, shift = together + self.unseen * effect**2, shift * effect
            df, method = n_labelled - 1 if df > 0 else 0.0, "jackknife"
        se = math.sqrt(variance)
        if not df > 0 or se <= 1e-12 * max(1.0, abs(self.value)):
            return replace(found, se=se, reason=NO_VARIATION)
        low, high = limits.symmetric_limits(self.value + shift, se, found.confidence_level, df)
        low, high = min(low, self.value), max(high, self.value)
        return replace(found, low=low, high=high, se=se, method=method, df=df)


@dataclass(frozen=True)
class _Stratum:
    """One stratum: its mean, and the influence of its answers on this mean; see `TwoPhaseMean`."""

    labelled: Ints
    unlabelled: Ints
    mean: float
    shift: float
    of_labelled: Floats
    of_unlabelled: Floats
    unseen: float
    df: float

    @classmethod
    def of(cls, pool: Labelled, h: int, judge_weight: float, spent: float, share: float) -> _Stratum:
        mine = pool.strata == h
        at, rest = np.flatnonzero(mine & pool.labelled), np.flatnonzero(mine & pool.in_pool & ~pool.labelled)
        y, f, u, w = pool.human[at], pool.judge[at], pool.judge[rest], pool.weights[at]
        n, n_rest = y.size, u.size
        w = w / w.sum()
        # With the mean of the pool in place of the unlabelled, the same estimator has this weight.
        slope = judge_weight * (n + n_rest) / n_rest if n_rest and not pool.weighted else judge_weight
        everything = np.concatenate([f, u])
        residual = y - slope * f
        mean = slope * everything.mean() + w @ residual
        df = n - 1 - spent if n - 1 > spent else max(n - 1.0, 1.0)
        # One pass and one fail more: of every stratum its share of them.
        added = share if pool.marks else 0.0
        correct = 1.0 if pool.marks or n == 1 else math.sqrt(n / df)
        apart_by = slope * float(w @ f)
        centre = (n * float(w @ residual) + added * (1 - 2 * apart_by)) / (n + 2 * added)
        of_labelled = correct * w * (residual - centre) * n / (n + 2 * added)
        of_unlabelled = np.zeros(n_rest)
        unseen = added * ((1 - apart_by - centre) ** 2 + (apart_by + centre) ** 2) / (n + 2 * added) ** 2
        shift = centre - float(w @ residual)
        if pool.finite:
            fraction = 1 / pool.weights[at] if pool.weighted else n / (n + n_rest)
            of_labelled = of_labelled * np.sqrt(1 - fraction)
        else:
            apart = not pool.weighted and n_rest > 1
            centres = (f.mean(), u.mean()) if apart else (everything.mean(),) * 2
            of_labelled = of_labelled + correct * slope * (f - centres[0]) / (n + n_rest)
            of_unlabelled = slope * (u - centres[1]) / (n + n_rest)
            of_unlabelled *= math.sqrt(n_rest / (n_rest - 1)) if apart else 1.0
        if not pool.marks and np.ptp(residual) <= 1e-12:
            # Half a label that differs from the others as much as any two of the pool.
            half = 0.5 / (n + 1)
            unseen = pool.reach**2 * half * (1 - half) / (n + 1)
        if pool.finite:
            unseen, shift = unseen * n_rest / (n + n_rest), shift * n_rest / (n + n_rest)
        return cls(at, rest, float(mean), shift, of_labelled, of_unlabelled, float(unseen), df)


def difference_of_means(
    pools: list[Labelled],
    judge_weights: list[Floats],
    clusters: NDArray[Any] | None,
    confidence_level: float,
) -> Estimate:
    """Return the difference of two corrected means, undefined for the reason of either."""
    if pools[0].finite != pools[1].finite:
        raise ValueError("both systems need one target: these answers, or answers like these.")
    found = Estimate(
        math.nan,
        confidence_level=confidence_level,
        n_items=int((pools[0].in_pool | pools[1].in_pool).sum()),
        n_ratings=int(pools[0].labelled.sum() + pools[1].labelled.sum()),
        n_clusters=_n_clusters(pools[0].in_pool | pools[1].in_pool, clusters),
        possible=CORRELATION if all(pool.marks for pool in pools) else ANY_VALUE,
    )
    problem = pools[0].problem or pools[1].problem
    if problem:
        return replace(found, reason=problem)
    first, second = (TwoPhaseMean.of(p, w) for p, w in zip(pools, judge_weights, strict=True))
    codes = None if clusters is None else cluster_codes(clusters, pools[0].judge.size)
    return (first - second).estimate(found, codes)


def _n_clusters(in_pool: NDArray[np.bool_], clusters: NDArray[Any] | None) -> int:
    return int(
        in_pool.sum() if clusters is None else np.unique(cluster_codes(clusters, in_pool.size)[in_pool]).size
    )
