"""Calibration of judge scores to human scores, cross-fitted by cluster, with the interval of the gain."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Unpack

import numpy as np
from numpy.typing import ArrayLike

from judge.stats.engine.checks import at_least
from judge.stats.engine.columns import as_marks, check_lengths
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
from judge.stats.engine.scale import Floats, Ints, as_floats
from judge.stats.engine.weights import cluster_codes, seed_of
from judge.stats.judge_human.cross_fitting import Pairs, draw_folds, kinds_tried
from judge.stats.judge_human.score_maps import MapKind, ScoreMap

__all__ = ["Calibration", "CalibrationErrors", "CalibrationPoint", "calibrate"]


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
    human_passed: ArrayLike | None = None,
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
    human_passed : array_like, shape (n_items,), optional
        Verdicts of people, NaN where they have none, such as the majority of several; a mean of scores below
        `pass_mark` may be a pass of most. Default: whether `human` is at least `pass_mark`.
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
    seed, rng = seed_of(sampling.get("rng"))
    sampling["rng"] = rng if seed is None else seed
    clusters, design = sampling.get("clusters"), sampling.get("design")
    pairs = Pairs.of(as_floats(judge), as_floats(human), design, bounds, loss)
    chosen = _choose(pairs, kind, cluster_codes(clusters, len(pairs.x)), n_folds, rng, design)
    if chosen.reason is None:
        mapped = pairs.cross_fitted(chosen.folds, chosen.kinds)
    else:
        mapped = np.full(len(pairs.x), np.nan)
    passing = _Passing.of(pass_mark, human_passed, pairs.y)
    return _assessed(pairs, chosen, mapped, pairs.constants(chosen.folds), passing, seed, sampling)


@dataclass(frozen=True, kw_only=True)
class FittedOn:
    """Items on which a map is chosen and fitted, other than those on which it is assessed.

    Attributes
    ----------
    human, judge : array_like of float, shape (n_fitted,)
        Scores, as in `calibrate`.
    clusters : array_like or None
        Cluster of each item.
    design : SamplingDesign or None
        How the items were drawn.
    """

    human: ArrayLike
    judge: ArrayLike
    clusters: ArrayLike | None = None
    design: SamplingDesign | None = None


def calibrate_held_out(
    fitted_on: FittedOn,
    human: ArrayLike,
    judge: ArrayLike,
    kind: MapKind | Literal["auto"] = "auto",
    *,
    bounds: tuple[float, float] | None = None,
    pass_mark: float | None = None,
    human_passed: ArrayLike | None = None,
    loss: Literal["mae", "rmse"] = "mae",
    n_folds: int = 5,
    **sampling: Unpack[Sampling],
) -> Calibration:
    """Fit a map on some items and say whether it helps on others.

    The kind is chosen by cross-validation within the first items. No cluster may have items in both parts.

    Parameters
    ----------
    fitted_on : FittedOn
        Scores of the items on which the map is chosen and fitted.
    human, judge : array_like of float, shape (n_items,)
        Scores of the other items.
    kind, bounds, pass_mark, human_passed, loss, n_folds, **sampling
        As in `calibrate`.

    Returns
    -------
    Calibration
        Gains, errors and curve are those of the other items; `n_effective` and `n_folds` of the first.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> human = rng.integers(1, 5, 80)
    >>> judge = human + 1 + rng.integers(-1, 2, 80)
    >>> first = FittedOn(human=human[:40], judge=judge[:40])
    >>> calibrate_held_out(first, human[40:], judge[40:], "shift", rng=0).helps
    True
    """
    seed, rng = seed_of(sampling.get("rng"))
    sampling["rng"] = rng if seed is None else seed
    first = Pairs.of(as_floats(fitted_on.judge), as_floats(fitted_on.human), fitted_on.design, bounds, loss)
    codes = cluster_codes(fitted_on.clusters, len(first.x))
    chosen = _choose(first, kind, codes, n_folds, rng, fitted_on.design)
    others = Pairs.of(as_floats(judge), as_floats(human), sampling.get("design"), bounds, loss)
    mapped = np.full(len(others.x), np.nan)
    if chosen.reason is None:
        mapped = chosen.pairs.map(chosen.kind)(others.x)
    constants = np.full(len(others.x), first.constant())
    passing = _Passing.of(pass_mark, human_passed, others.y)
    return _assessed(others, chosen, mapped, constants, passing, seed, sampling)


@dataclass(frozen=True)
class _Passing:
    """Lowest score that passes, and verdicts of people, NaN where there is none."""

    mark: float
    human: Floats

    @classmethod
    def of(cls, mark: float | None, human: ArrayLike | None, scores: Floats) -> _Passing | None:
        if mark is None:
            return None
        if human is None:
            return cls(mark, np.where(np.isnan(scores), np.nan, scores >= mark))
        marks = as_marks(human, "human_passed")
        check_lengths(human=scores, human_passed=marks)
        return cls(mark, np.where(np.isnan(scores), np.nan, marks))


@dataclass(frozen=True)
class _Choice:
    """The kind of map chosen on some pairs; a reason where there are too few of them."""

    pairs: Pairs
    folds: Ints
    kinds: Sequence[MapKind]
    kind: MapKind
    reason: Reason | None


def _choose(
    pairs: Pairs,
    kind: MapKind | Literal["auto"],
    codes: Ints,
    n_folds: int,
    rng: np.random.Generator,
    design: SamplingDesign | None,
) -> _Choice:
    at_least("n_folds", n_folds, 2)
    folds = draw_folds(codes, pairs.used, n_folds, rng, design)
    kinds = kinds_tried(kind, pairs.y[pairs.used], pairs.n_effective)
    if len(np.unique(folds[pairs.used])) >= 2:
        return _Choice(pairs, folds, kinds, pairs.best(folds, kinds), None)
    reason: Reason = TOO_FEW_CLUSTERS if pairs.used.any() else NO_COMPLETE_PAIRS
    return _Choice(pairs, folds, kinds, "identity", reason)


def _assessed(
    items: Pairs,
    chosen: _Choice,
    mapped: Floats,
    constants: Floats,
    passing: _Passing | None,
    seed: int | None,
    sampling: Sampling,
) -> Calibration:
    """Compare mapped scores of items with the scores as they are, and with constants."""
    x, y, loss, reason = items.x, items.y, items.loss, chosen.reason
    gain = estimate(_advantage(x, mapped, y, loss, reason), **sampling)
    closer = mapped if gain.value > 0 else np.where(np.isnan(mapped), np.nan, x)
    over = estimate(_advantage(constants, closer, y, loss, reason), **sampling)
    helps = gain.low > 0
    fitted = chosen.pairs.map(chosen.kind) if helps and over.low > 0 else ScoreMap("identity", {})
    before, after = (_errors(scores, y, passing, reason, sampling) for scores in (x, mapped))
    return Calibration(
        fitted,
        chosen.kind,
        gain,
        helps,
        over,
        chosen.pairs.constant(),
        before,
        after,
        _curve(x, y, sampling),
        len(np.unique(chosen.folds[chosen.pairs.used])),
        seed,
        chosen.pairs.n_effective,
    )


def _error_statistic(scores: Floats, y: Floats, measure: str, reason: Reason | None = None) -> Statistic:
    """Return MAE, RMSE, bias or pass-rate error (of verdicts, 0 and 1) over the items with both values."""
    both = ~np.isnan(scores) & ~np.isnan(y)
    error = np.where(both, scores - y, 0.0)
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
    scores: Floats, y: Floats, passing: _Passing | None, reason: Reason | None, sampling: Sampling
) -> CalibrationErrors:
    statistics = {m: _error_statistic(scores, y, m, reason) for m in ("mae", "rmse", "bias")}
    if passing is not None:
        verdicts = np.where(np.isnan(scores), np.nan, scores >= passing.mark)
        statistics["pass_rate"] = _error_statistic(verdicts, passing.human, "pass_rate", reason)
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
