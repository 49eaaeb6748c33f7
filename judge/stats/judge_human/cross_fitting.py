"""Maps of scores fitted on some folds and applied to the others, with the kind chosen by cross-validation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from judge.stats.engine.sampling_design import SamplingDesign
from judge.stats.engine.scale import Bools, Floats, Ints
from judge.stats.judge_human.score_maps import MapKind, ScoreMap, fit_map

__all__: list[str] = []

SMALL: tuple[MapKind, ...] = ("identity", "shift", "linear")
LARGE: tuple[MapKind, ...] = (*SMALL, "cut_points", "proportional_odds", "isotonic")
MOST_CATEGORIES = 10
LARGE_FROM = 100  # pairs, in effective number; below it richer maps fit noise


def kinds_tried(kind: MapKind | Literal["auto"], human: Floats, n_effective: float) -> Sequence[MapKind]:
    """Return the kinds of maps that are tried for so many pairs."""
    if kind != "auto":
        return (kind,)
    if n_effective < LARGE_FROM:
        return SMALL
    # Means of several people are no categories: one threshold for each of their values would fit noise.
    ordinal = len(np.unique(human)) <= MOST_CATEGORIES
    return tuple(k for k in LARGE if ordinal or k != "proportional_odds")


def draw_folds(
    codes: Ints, used: Bools, n_folds: int, rng: np.random.Generator, design: SamplingDesign | None
) -> Ints:
    """Assign the clusters that have complete pairs to folds of nearly equal number, stratum by stratum."""
    present, first = np.unique(codes[used], return_index=True)
    order = rng.permutation(len(present))
    if design is not None and design.n_sampled:
        strata = np.zeros(len(codes), np.int64)
        strata[design.sampled] = design.variance_strata[0]
        order = order[np.argsort(strata[used][first][order], kind="stable")]
    fold_of = np.zeros(int(codes.max(initial=-1)) + 1, np.int64)
    fold_of[present[order]] = np.arange(len(present)) % n_folds
    return fold_of[codes]


@dataclass(frozen=True)
class Pairs:
    """Scores of the judge (x) and of people (y) with their weights, and how maps of them are compared."""

    x: Floats
    y: Floats
    weights: Floats
    bounds: tuple[float, float] | None
    loss: str

    @classmethod
    def of(
        cls,
        x: Floats,
        y: Floats,
        design: SamplingDesign | None,
        bounds: tuple[float, float] | None,
        loss: str,
    ) -> Pairs:
        """Check the two columns of scores and the design, which gives the weights."""
        if x.shape != y.shape or x.ndim != 1:
            raise ValueError(f"judge and human must be two lists of one length, got {x.shape} and {y.shape}.")
        weights = np.ones(len(x)) if design is None else design.weights
        if len(weights) != len(x):
            raise ValueError(
                f"design must describe every item: {len(x)} items, {len(weights)} probabilities."
            )
        return cls(x, y, weights, bounds, loss)

    @property
    def used(self) -> Bools:
        """Which items have both scores and a weight."""
        used: Bools = ~np.isnan(self.x) & ~np.isnan(self.y) & (self.weights > 0)
        return used

    @property
    def n_effective(self) -> float:
        """Kish's effective number of pairs."""
        weights = self.weights[self.used]
        return float(weights.sum() ** 2 / (weights @ weights)) if weights.size else 0.0

    def take(self, mask: Bools) -> Pairs:
        """Keep some items."""
        return replace(self, x=self.x[mask], y=self.y[mask], weights=self.weights[mask])

    def map(self, kind: MapKind) -> ScoreMap:
        """Fit a map on all pairs."""
        return fit_map(self.y, self.x, kind, bounds=self.bounds, weights=self.weights)

    def cross_fitted(self, folds: Ints, kinds: Sequence[MapKind]) -> Floats:
        """Return each item's score under the map of the other folds; kinds are chosen within those folds.

        There are two folds or more, and each has a complete pair.
        """
        mapped = np.full(len(self.x), np.nan)
        for fold in np.unique(folds):
            out = folds == fold
            rest = self.take(~out)
            mapped[out] = rest.map(rest.best(folds[~out], kinds))(self.x[out])
        return mapped

    def best(self, folds: Ints, kinds: Sequence[MapKind]) -> MapKind:
        """Return the kind with the smallest out-of-fold loss; of equals the simplest, which comes first."""
        if len(kinds) == 1 or len(np.unique(folds)) < 2:
            return kinds[0]
        losses = [self._loss(self.cross_fitted(folds, (kind,))) for kind in kinds]
        return kinds[int(np.argmin(np.round(losses, 12)))]

    def _loss(self, mapped: Floats) -> float:
        distance = np.abs(mapped - self.y) ** (1 if self.loss == "mae" else 2)
        known = ~np.isnan(distance)
        return float((self.weights[known] * distance[known]).sum() / self.weights[known].sum())

    def constant(self) -> float:
        """Return the constant with the smallest loss; NaN without a pair."""
        human, weights = self.y[self.used], self.weights[self.used]
        if not human.size:
            return math.nan
        if self.loss != "mae":
            return float((weights * human).sum() / weights.sum())
        return _weighted_median(human, weights)

    def constants(self, folds: Ints) -> Floats:
        """Return for each item the best constant of the other folds."""
        found = np.full(len(self.y), np.nan)
        for fold in np.unique(folds):
            found[folds == fold] = self.take(folds != fold).constant()
        return found


def _weighted_median(values: Floats, weights: Floats) -> float:
    """Return the value with half of the weight on either side; between two values their mean.

    >>> _weighted_median(np.array([1.0, 2, 5]), np.array([1.0, 1, 2]))
    3.5
    """
    order = np.argsort(values)
    up_to = weights[order].cumsum()
    half = up_to[-1] / 2
    places = np.searchsorted(up_to, [half * (1 - 1e-12), half * (1 + 1e-12)])
    return float(values[order][places].mean())
