"""Calibration of judge scores to human scores, cross-fitted by cluster, with the interval of the gain."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Unpack

import numpy as np
from numpy.typing import ArrayLike

from judge.stats.engine.checks import at_least
from judge.stats.engine.estimate import (
    ANY_VALUE,
    CORRELATION,
    NO_COMPLETE_PAIRS,
    NOT_NEGATIVE,
    TOO_FEW_CLUSTERS,
    Estimate,
    Reason,
)
from judge.stats.engine.frames import Tabular
from judge.stats.engine.resampling import Sampling, Statistic, difference, estimate, quotient, resample
from judge.stats.engine.sampling_design import SamplingDesign
from judge.stats.engine.scale import Bools, Floats, Ints, as_floats
from judge.stats.engine.weights import cluster_codes, seed_of
from judge.stats.judge_human.score_maps import MapKind, ScoreMap, fit_map

__all__ = ["Calibration", "CalibrationErrors", "CalibrationPoint", "calibrate"]

SMALL: tuple[MapKind, ...] = ("identity", "shift", "linear")
LARGE: tuple[MapKind, ...] = (*SMALL, "cut_points", "proportional_odds", "isotonic")
MOST_CATEGORIES = 10
LARGE_FROM = 100  # pairs, in effective number; below it richer maps fit noise


@dataclass(frozen=True, slots=True)
class CalibrationErrors:
    """Distance of scores from human scores.

    ``pass_rate`` is the pass rate of the scores minus that of people, None without a pass mark.
    """

    mae: Estimate
    rmse: Estimate
    bias: Estimate
    pass_rate: Estimate | None


@dataclass(frozen=True, slots=True)
class CalibrationPoint:
    """Mean human score of the items that the judge gave `score`."""

    score: float
    human: Estimate


@dataclass(frozen=True, slots=True)
class Calibration(Tabular):
    """A map and what it gains.

    Attributes
    ----------
    map : ScoreMap
        Fitted on all pairs; the identity if there is no gain, or none over a constant.
    fitted_kind : str
        The kind that was tried (or chosen), whether or not it is used.
    gain : Estimate
        Loss before minus loss after, out of fold and paired; above 0 the map helps.
    helps : bool
        Whether the interval of the gain lies above 0.
    over_constant : Estimate
        Loss of the best constant minus loss of the judge (mapped where that is closer), out of fold and
        paired, in the same folds; above 0 the judge has information about single items.
    constant : float
        The best constant, of all pairs: the median of the human scores for 'mae', their mean for 'rmse'.
    before, after : CalibrationErrors
        Of the judge's scores as they are, and of the mapped scores out of fold.
    curve : tuple of CalibrationPoint
        Mean human score for each judge score (for up to 25 distinct ones).
    n_folds : int
        Folds of clusters, fewer than asked for if there are fewer clusters.
    seed : int or None
        Repeats the folds.
    n_effective : float
        Number of pairs; with weights Kish's effective number.
    """

    map: ScoreMap
    fitted_kind: MapKind
    gain: Estimate
    helps: bool
    over_constant: Estimate
    constant: float
    before: CalibrationErrors
    after: CalibrationErrors
    curve: tuple[CalibrationPoint, ...]
    n_folds: int
    seed: int | None
    n_effective: float

    def _rows(self) -> Iterable[Any]:
        return self.curve

    @property
    def adds_nothing(self) -> bool:
        """Whether the scores are not shown to be closer to people than one constant for every item."""
        return self.over_constant.defined and not self.over_constant.low > 0


def calibrate(
    human: ArrayLike,
    judge: ArrayLike,
    kind: MapKind | Literal["auto"] = "auto",
    *,
    bounds: tuple[float, float] | None = None,
    pass_mark: float | None = None,
    loss: Literal["mae", "rmse"] = "mae",
    n_folds: int = 5,
    **sampling: Unpack[Sampling],
) -> Calibration:
    """Fit a map from judge to human scores and say whether it helps.

    Clusters are assigned to folds; each item's mapped score comes from a map fitted on the other folds. With
    'auto' the kind is chosen within those other folds as well, so that the choice does not bias the result.
    Kinds beyond 'linear' are tried from 100 pairs on, proportional odds for at most ten distinct human
    scores. With a sampling design, maps, losses and constants weight every pair by 1 / probability, the folds
    are drawn within strata, and the number of pairs is Kish's effective one [1]_.

    A gain whose interval includes 0 is no gain, and the result is the identity. The same holds if the map is
    no closer to people than the best constant: it would hide that the judge has no information about items.

    Do not use it to raise a rank correlation: a non-decreasing map cannot. A pass rate of mapped scores still
    needs a correction for the map's own error, see `ppi_mean`.

    Parameters
    ----------
    human, judge : array_like of float, shape (n_items,)
        Scores of a person or a consensus, and the judge's; NaN where missing.
    kind : str
        A kind of `fit_map`, or 'auto'.
    bounds : (float, float), optional
        Ends of the human scale; default the lowest and highest human score seen.
    pass_mark : float, optional
        A score of at least this passes; adds the error of the pass rate.
    loss : {'mae', 'rmse'}
        What the gain is measured in and 'auto' minimises.
    n_folds : int
        Number of folds, at least 2.
    **sampling
        See `Sampling`; `rng` also assigns items to folds.

    Returns
    -------
    Calibration
        With fewer than two clusters of complete pairs all estimates are undefined, the map the identity.

    References
    ----------
    .. [1] L. Kish, "Survey Sampling", 1965.

    Examples
    --------
    A judge that is too lenient by one point.

    >>> rng = np.random.default_rng(0)
    >>> human = rng.integers(1, 5, 80)
    >>> judge = human + 1 + rng.integers(-1, 2, 80)
    >>> result = calibrate(human, judge, "shift", rng=0)
    >>> result.helps, round(result.map.parameters["shift"][0], 2)
    (True, -1.07)
    """
    at_least("n_folds", n_folds, 2)
    x, y = as_floats(judge), as_floats(human)
    if x.shape != y.shape or x.ndim != 1:
        raise ValueError(f"judge and human must be two lists of one length, got {x.shape} and {y.shape}.")
    seed, rng = seed_of(sampling.get("rng"))
    sampling["rng"] = rng if seed is None else seed
    design = sampling.get("design")
    pairs = _Pairs.of(x, y, design, bounds, loss)
    codes = cluster_codes(sampling.get("clusters"), len(x))
    folds = _folds(codes, pairs.used, n_folds, rng, design)
    kinds = _kinds(kind, y[pairs.used], pairs.n_effective)
    usable = len(np.unique(folds[pairs.used])) >= 2
    mapped = pairs.cross_fitted(folds, kinds) if usable else np.full(len(x), np.nan)
    chosen = pairs.best(folds, kinds) if usable else "identity"
    reason: Reason | None = None if usable else TOO_FEW_CLUSTERS if pairs.used.any() else NO_COMPLETE_PAIRS
    gain = estimate(_advantage(x, mapped, y, loss, reason), **sampling)
    closer = mapped if gain.value > 0 else np.where(np.isnan(mapped), np.nan, x)
    over = estimate(_advantage(pairs.constants(folds), closer, y, loss, reason), **sampling)
    helps = gain.low > 0
    used = helps and over.low > 0
    fitted = fit_map(y, x, chosen, bounds=bounds, weights=pairs.weights) if used else ScoreMap("identity", {})
    before, after = (_errors(scores, y, pass_mark, reason, sampling) for scores in (x, mapped))
    return Calibration(
        fitted,
        chosen,
        gain,
        helps,
        over,
        pairs.constant(),
        before,
        after,
        _curve(x, y, sampling),
        len(np.unique(folds[pairs.used])),
        seed,
        pairs.n_effective,
    )


def _kinds(kind: MapKind | Literal["auto"], human: Floats, n_effective: float) -> Sequence[MapKind]:
    if kind != "auto":
        return (kind,)
    if n_effective < LARGE_FROM:
        return SMALL
    # Means of several people are no categories: one threshold for each of their values would fit noise.
    ordinal = len(np.unique(human)) <= MOST_CATEGORIES
    return tuple(k for k in LARGE if ordinal or k != "proportional_odds")


def _folds(
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
class _Pairs:
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
    ) -> _Pairs:
        weights = np.ones(len(x)) if design is None else design.weights
        if len(weights) != len(x):
            raise ValueError(
                f"design must describe every item: {len(x)} items, {len(weights)} probabilities."
            )
        return cls(x, y, weights, bounds, loss)

    @property
    def used(self) -> Bools:
        used: Bools = ~np.isnan(self.x) & ~np.isnan(self.y) & (self.weights > 0)
        return used

    @property
    def n_effective(self) -> float:
        weights = self.weights[self.used]
        return float(weights.sum() ** 2 / (weights @ weights)) if weights.size else 0.0

    def take(self, mask: Bools) -> _Pairs:
        return replace(self, x=self.x[mask], y=self.y[mask], weights=self.weights[mask])

    def cross_fitted(self, folds: Ints, kinds: Sequence[MapKind]) -> Floats:
        """Return each item's score under the map of the other folds; kinds are chosen within those folds."""
        mapped = np.full(len(self.x), np.nan)
        for fold in np.unique(folds):
            out = folds == fold
            rest = self.take(~out)
            kind = rest.best(folds[~out], kinds)
            if rest.used.any():
                fitted = fit_map(rest.y, rest.x, kind, bounds=self.bounds, weights=rest.weights)
                mapped[out] = fitted(self.x[out])
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


def _error_statistic(
    scores: Floats, y: Floats, measure: str, reason: Reason | None = None, pass_mark: float = math.nan
) -> Statistic:
    """Return MAE, RMSE, bias or pass-rate error over the items with both values."""
    both = ~np.isnan(scores) & ~np.isnan(y)
    error = np.where(both, scores - y, 0.0)
    if measure == "pass_rate":
        error = np.where(both, (scores >= pass_mark).astype(float) - (y >= pass_mark), 0.0)
    if measure == "mae":
        error = np.abs(error)
    if measure == "rmse":
        error = error**2

    def mean(totals: Floats) -> Floats:
        ratio = quotient(totals[:, 0], totals[:, 1])
        return np.sqrt(np.maximum(ratio, 0)) if measure == "rmse" else ratio

    n = int(both.sum())
    sums = np.column_stack([error, both.astype(float)])
    lowest, highest = {"mae": NOT_NEGATIVE, "rmse": NOT_NEGATIVE, "pass_rate": CORRELATION}.get(
        measure, ANY_VALUE
    )
    return Statistic(
        sums,
        mean,
        n_items=n,
        n_ratings=2 * n,
        reason=reason,
        undefined=NO_COMPLETE_PAIRS,
        minimum=lowest,
        maximum=highest,
    )


def _advantage(before: Floats, after: Floats, y: Floats, loss: str, reason: Reason | None) -> Statistic:
    """Return the loss of `before` minus that of `after`, on the items that have both."""
    original = np.where(np.isnan(after), np.nan, before)
    return difference(_error_statistic(original, y, loss, reason), _error_statistic(after, y, loss, reason))


def _errors(
    scores: Floats, y: Floats, pass_mark: float | None, reason: Reason | None, sampling: Sampling
) -> CalibrationErrors:
    statistics = {m: _error_statistic(scores, y, m, reason) for m in ("mae", "rmse", "bias")}
    if pass_mark is not None:
        statistics["pass_rate"] = _error_statistic(scores, y, "pass_rate", reason, pass_mark)
    found = resample(statistics, **sampling)
    return CalibrationErrors(found["mae"], found["rmse"], found["bias"], found.get("pass_rate"))


def _curve(x: Floats, y: Floats, sampling: Sampling) -> tuple[CalibrationPoint, ...]:
    scores = np.unique(x[~np.isnan(x) & ~np.isnan(y)])
    if len(scores) > 25:
        return ()
    means = {
        float(s): _error_statistic(np.where(x == s, y, np.nan), np.zeros(len(y)), "bias") for s in scores
    }
    points = []
    for score, mean in means.items():
        n_humans = mean.n_items or 0  # the zeros that make the error a mean are no ratings
        points.append(CalibrationPoint(score, estimate(replace(mean, n_ratings=n_humans), **sampling)))
    return tuple(points)
