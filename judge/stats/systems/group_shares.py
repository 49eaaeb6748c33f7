"""Difference of the pass rates of two groups of items that may share clusters."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from judge.stats.engine.estimate import CORRELATION, FEW_CLUSTERS, Estimate
from judge.stats.engine.limits import Limits
from judge.stats.engine.resampling import Replicates, Statistic, quotient, replicate
from judge.stats.engine.scale import Bools, Floats, Ints

__all__: list[str] = []

_SMALLEST_LOG_P = math.log(1e-12)


@dataclass(frozen=True)
class GroupShares:
    """Pass rates of two groups of items, and how their estimates are correlated.

    Limits of the difference combine the Wilson limits of both rates (Newcombe's square-and-add), with the
    correlation from the jackknife where groups share clusters. The standard error of a difference alone
    does not see the uncertainty of a small group in which all pass: its interval covered .44 for 2 of 24
    items. This one covers .95 (pass rate .7, 4,000 sets).

    References
    ----------
    .. [1] R. G. Newcombe, "Interval estimation for the difference between independent proportions",
       Statistics in Medicine 17, 1998.
    """

    replicates: Replicates
    correlation: float
    n_items: int

    @classmethod
    def of(cls, marks: Floats, first: Bools, clusters: Ints | None) -> GroupShares:
        """Evaluate the rates of the `first` items and of all others."""
        shares = {"first": _share(marks, first), "second": _share(marks, ~first)}
        replicates = replicate(shares, clusters=clusters, method="wilson")
        a, b = (replicates.samples[name] for name in shares)
        correlation = 0.0
        if clusters is not None and a.se > 0 and b.se > 0:
            counts, n = a.counts, float(a.counts.sum())
            moves = [one.jackknife - np.average(one.jackknife, weights=counts) for one in (a, b)]
            correlation = (n - 1) / n * float(counts @ (moves[0] * moves[1])) / (a.se * b.se)
        return cls(replicates, correlation, len(marks))

    @property
    def value(self) -> float:
        """First rate minus second."""
        return self.replicates.samples["first"].value - self.replicates.samples["second"].value

    def difference(self, confidence_level: float = 0.95) -> Estimate:
        """Return the difference with its interval."""
        a, b = (self.replicates.samples[name] for name in ("first", "second"))
        low, high = self._limits(confidence_level)
        n_clusters = self.replicates.n_clusters
        return Estimate(
            self.value,
            low,
            high,
            confidence_level,
            "square-and-add",
            math.sqrt(max(a.se**2 + b.se**2 - 2 * self.correlation * a.se * b.se, 0.0)),
            self.n_items,
            n_clusters=n_clusters,
            notes=(FEW_CLUSTERS,) if n_clusters < 10 else (),
            possible=CORRELATION,
        )

    def p_value(self) -> float:
        """Return the smallest p at which the interval with level 1 - p excludes 0."""
        from scipy.optimize import brentq

        if abs(self.value) <= 1e-12:
            return 1.0

        def beyond_zero(log_p: float) -> float:
            low, high = self._limits(-math.expm1(log_p))
            return low if self.value > 0 else -high

        if beyond_zero(_SMALLEST_LOG_P) >= 0:
            return math.exp(_SMALLEST_LOG_P)
        return math.exp(float(brentq(beyond_zero, _SMALLEST_LOG_P, -1e-9, xtol=1e-9)))

    def _limits(self, confidence_level: float) -> Limits:
        a, b = (self.replicates.estimate(name, confidence_level) for name in ("first", "second"))
        below = _added(a.value - a.low, b.high - b.value, self.correlation)
        above = _added(a.high - a.value, b.value - b.low, self.correlation)
        return self.value - below, self.value + above


def _share(marks: Floats, of: Bools) -> Statistic:
    sums = np.column_stack([marks * of, of]).astype(float)
    return Statistic(
        sums, lambda totals: quotient(totals[:, 0], totals[:, 1]), "share", n_items=int(of.sum())
    )


def _added(first: float, second: float, correlation: float) -> float:
    return math.sqrt(max(first**2 - 2 * correlation * first * second + second**2, 0.0))
