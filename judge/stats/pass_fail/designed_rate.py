"""Corrected pass rates when the labelled answers were drawn by a sampling design.

Within each verdict of the judge and stratum of the design, the share of human passes is that of the labelled
answers, and the number of answers that of the whole pool. Strata with fewer than 30 labels of a verdict are
put together, their labels weighted by 1 / probability.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from judge.stats.engine import limits
from judge.stats.engine.estimate import NO_OBSERVATIONS, TOO_FEW_CLUSTERS, UNKNOWN_PROBABILITY, Estimate
from judge.stats.engine.sampling_design import SamplingDesign
from judge.stats.engine.scale import Floats, Ints
from judge.stats.engine.weights import RNG, seed_of
from judge.stats.pass_fail.two_phase import Labelled, TwoPhaseMean, difference_of_means, read_pool
from judge.stats.pass_fail.verdict_draws import VerdictGroups, verdict_groups

__all__: list[str] = []


@dataclass(frozen=True)
class DesignedRate:
    """The pool in groups of stratum and verdict.

    Attributes
    ----------
    pool : Labelled
        Verdicts, with the groups as strata.
    verdict : ndarray, shape (G,)
        Verdict of the judge in each group.
    design : SamplingDesign
        How labels were drawn.
    """

    pool: Labelled
    verdict: Ints
    design: SamplingDesign

    @classmethod
    def of(cls, human: Floats, judge: Floats, design: SamplingDesign) -> DesignedRate:
        """Group a pool by the strata of the design and the verdicts of the judge."""
        pool = read_pool(human, judge, None, design)
        codes, verdicts = verdict_groups(np.where(pool.in_pool, judge, np.nan), pool.strata, pool.labelled)
        # The verdict is constant within a group, hence the judge can add nothing there.
        return cls(replace(pool, strata=np.maximum(codes, 0)), verdicts, design)

    @property
    def groups(self) -> VerdictGroups:
        """Sizes and labels of the groups, for draws."""
        at, codes = self.pool.labelled, self.pool.strata
        size = np.bincount(codes[self.pool.in_pool], minlength=self.verdict.size).astype(float)
        return VerdictGroups.of(self.verdict, size, codes[at], self.pool.weights[at], self.pool.human[at])

    def mean(self) -> TwoPhaseMean:
        """Return the corrected rate with its influences; every group must have a label."""
        return TwoPhaseMean.of(self.pool, np.zeros(self.verdict.size))

    def estimate(self, found: Estimate, clusters: Ints | None, n_draws: int, rng: RNG) -> Estimate:
        """Return `found` with the corrected rate and quantiles of its draws, widened by clusters."""
        found = replace(found, notes=(*found.notes, *self.design.notes))
        if self.pool.unknown:
            return replace(found, value=math.nan, reason=UNKNOWN_PROBABILITY)
        groups = self.groups
        if not groups.size.size or not (groups.labels > 0).all():
            return replace(found, value=math.nan, reason=NO_OBSERVATIONS)
        of_pool = self.mean()
        apart, together = (of_pool.estimate(found, c) for c in (None, clusters))
        if together.reason == TOO_FEW_CLUSTERS:
            return together
        widening = max(1.0, together.se / apart.se) if apart.se > 0 else 1.0
        seed, generator = seed_of(rng)
        low, high = limits.percentile_limits(self._draw(groups, n_draws, generator), found.confidence_level)
        value = of_pool.value
        return replace(
            found,
            value=value,
            low=value - widening * max(0.0, value - low),
            high=value + widening * max(0.0, high - value),
            se=together.se,
            method="beta-draws",
            reason=None,
            n_resamples=n_draws,
            seed=seed,
        )

    def _draw(self, groups: VerdictGroups, n_draws: int, rng: np.random.Generator) -> Floats:
        rates = groups.pass_rates(n_draws, rng, finite=self.pool.finite)
        size = np.broadcast_to(groups.size, rates.shape)
        if not self.pool.finite:
            size = rng.gamma(groups.size + 0.5, size=rates.shape)
        shares: Floats = (size * rates).sum(axis=1) / size.sum(axis=1)
        return shares


def designed_difference(
    a: DesignedRate, b: DesignedRate, clusters: NDArray[Any] | None, confidence_level: float
) -> Estimate:
    """Return the difference of two corrected rates, undefined if a group of either has no label."""
    unlabelled = any(not (rate.groups.labels > 0).all() for rate in (a, b))
    weights = [np.zeros(rate.verdict.size) for rate in (a, b)]
    if unlabelled and not (a.pool.problem or b.pool.problem):
        return Estimate.undefined(NO_OBSERVATIONS, confidence_level=confidence_level)
    found = difference_of_means([a.pool, b.pool], weights, clusters, confidence_level)
    return found.with_notes(*a.design.notes, *b.design.notes)
