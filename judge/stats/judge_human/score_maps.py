"""Maps from judge scores to human scores, simplest first, and how each is fitted.

A map is plain data (a kind and its numbers), so that it can be saved beside the judge it belongs to.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from judge.stats.engine.scale import Floats, as_floats

__all__ = ["MapKind", "ScoreMap", "fit_map"]

MapKind = Literal["identity", "shift", "linear", "cut_points", "proportional_odds", "isotonic"]
# A slope beyond this many logits per standard deviation is separation; the penalty keeps it finite.
_RIDGE = 1e-6
_ROUNDING = 1e-12  # of sums of weights, relative to them


@dataclass(frozen=True)
class ScoreMap:
    """A fitted map from judge scores to the human scale.

    Attributes
    ----------
    kind : str
        'identity', 'shift' (x + b), 'linear' (a + b x), 'cut_points' and 'isotonic' (points joined by
        straight lines, constant outside), or 'proportional_odds' (expected score).
    parameters : mapping of str to tuple of float
        The fitted numbers.
    bounds : (float, float)
        Ends of the human scale; mapped scores are kept inside.

    Examples
    --------
    >>> lower = ScoreMap("shift", {"shift": (-0.5,)}, (1.0, 5.0))
    >>> lower([1, 3, None]).tolist()
    [1.0, 2.5, nan]
    """

    kind: MapKind
    parameters: Mapping[str, tuple[float, ...]]
    bounds: tuple[float, float] = (-math.inf, math.inf)

    def __call__(self, scores: ArrayLike) -> Floats:
        """Return mapped scores, NaN where missing."""
        values = as_floats(scores)
        mapped = np.full(values.shape, np.nan)
        rated = ~np.isnan(values)
        mapped[rated] = np.clip(_APPLY[self.kind](values[rated], self.parameters), *self.bounds)
        return mapped

    def to_dict(self) -> dict[str, Any]:
        """Return the map for JSON; infinite bounds become None."""
        bounds = [b if math.isfinite(b) else None for b in self.bounds]
        numbers = {name: list(values) for name, values in self.parameters.items()}
        return {"kind": self.kind, "parameters": numbers, "bounds": bounds}

    @classmethod
    def from_dict(cls, saved: Mapping[str, Any]) -> ScoreMap:
        """Return the map that `to_dict` described.

        Raises
        ------
        ValueError
            If the kind is unknown.

        Examples
        --------
        >>> ScoreMap.from_dict({"kind": "shift", "parameters": {"shift": [1.0]}, "bounds": [None, 5]})([4, 5])
        array([5., 5.])
        """
        if saved["kind"] not in _APPLY:
            raise ValueError(f"kind of a map must be one of {', '.join(_APPLY)}; got {saved['kind']!r}.")
        low, high = saved["bounds"]
        bounds = (-math.inf if low is None else float(low), math.inf if high is None else float(high))
        numbers = {name: tuple(map(float, values)) for name, values in saved["parameters"].items()}
        return cls(saved["kind"], numbers, bounds)


def fit_map(
    human: ArrayLike,
    judge: ArrayLike,
    kind: MapKind,
    *,
    bounds: tuple[float, float] | None = None,
    weights: ArrayLike | None = None,
) -> ScoreMap:
    """Fit one map from judge to human scores; use `calibrate` to learn whether it helps.

    Parameters
    ----------
    human, judge : array_like of float, shape (n_items,)
        Scores of the same items; pairs with a missing score are left out.
    kind : str
        'shift': mean difference. 'linear': least squares. 'cut_points': the judge's quantiles to the
        people's. 'proportional_odds': P(y <= c) = logistic(tau_c - b x) by maximum likelihood, mapped to the
        expected score. 'isotonic': best non-decreasing map by least squares.
    bounds : (float, float), optional
        Ends of the human scale; default the lowest and highest human score seen.
    weights : array_like of float, shape (n_items,), optional
        Weight of each item, such as 1 / inclusion probability; pairs of weight 0 are left out. Default: all
        count the same.

    Returns
    -------
    ScoreMap
        A judge or people without variation give the simplest map that still fits: a shift.

    Raises
    ------
    ValueError
        If the lengths differ, the kind is unknown, or there is no complete pair.

    Examples
    --------
    >>> fit_map([2, 3, 4, 5], [1, 2, 3, 4], "linear").parameters
    {'intercept': (1.0,), 'slope': (1.0,)}
    """
    x, y = as_floats(judge), as_floats(human)
    if x.shape != y.shape or x.ndim != 1:
        raise ValueError(f"judge and human must be two lists of one length, got {x.shape} and {y.shape}.")
    w = np.ones(x.shape) if weights is None else as_floats(weights)
    if w.shape != x.shape or not (w >= 0).all():
        raise ValueError(f"weights must be {x.size} numbers of at least 0, one for each item.")
    if kind not in get_args(MapKind):
        raise ValueError(f"kind of a map must be one of {', '.join(get_args(MapKind))}; got {kind!r}.")
    both = ~np.isnan(x) & ~np.isnan(y) & (w > 0)
    x, y, w = x[both], y[both], w[both]
    if not len(x):
        raise ValueError("no item has both a judge and a human score; a map needs at least one.")
    ends = (float(y.min()), float(y.max())) if bounds is None else bounds
    if kind in ("linear", "cut_points", "proportional_odds") and (np.ptp(x) == 0 or np.ptp(y) == 0):
        kind = "shift"
    return replace(_FIT[kind](x, y, w), bounds=(-math.inf, math.inf) if kind == "identity" else ends)


def _fit_identity(x: Floats, y: Floats, w: Floats) -> ScoreMap:  # noqa: ARG001 - one signature for all fits
    return ScoreMap("identity", {})


def _fit_shift(x: Floats, y: Floats, w: Floats) -> ScoreMap:
    return ScoreMap("shift", {"shift": (_mean(y - x, w),)})


def _fit_linear(x: Floats, y: Floats, w: Floats) -> ScoreMap:
    mean_x, mean_y = _mean(x, w), _mean(y, w)
    slope = float((w * (x - mean_x) * (y - mean_y)).sum() / (w * (x - mean_x) ** 2).sum())
    return ScoreMap("linear", {"intercept": (mean_y - slope * mean_x,), "slope": (slope,)})


def _fit_cut_points(x: Floats, y: Floats, w: Floats) -> ScoreMap:
    scores, position = np.unique(x, return_inverse=True)
    of_score = np.bincount(position, w)
    order = np.argsort(y, kind="stable")
    up_to = w[order].cumsum()
    # The human score up to which as many people's ratings lie as there are judge scores below, and half here.
    middle = (of_score.cumsum() - of_score / 2) * (1 - _ROUNDING)
    return _points("cut_points", scores, y[order][np.searchsorted(up_to, middle)])


def _fit_isotonic(x: Floats, y: Floats, w: Floats) -> ScoreMap:
    from scipy.optimize import isotonic_regression

    scores, position = np.unique(x, return_inverse=True)
    of_score = np.bincount(position, w)
    means = np.bincount(position, w * y) / of_score
    return _points("isotonic", scores, isotonic_regression(means, weights=of_score).x)


def _mean(values: Floats, weights: Floats) -> float:
    return float((weights * values).sum() / weights.sum())


def _points(kind: MapKind, x: Floats, y: Floats) -> ScoreMap:
    return ScoreMap(kind, {"judge": tuple(x.tolist()), "human": tuple(y.tolist())})


def _fit_proportional_odds(x: Floats, y: Floats, w: Floats) -> ScoreMap:
    """Maximise the likelihood; thresholds, the first plus cumulated exponentials, stay in order."""
    from scipy.optimize import minimize

    scores, column = np.unique(x, return_inverse=True)
    values, row = np.unique(y, return_inverse=True)
    table = np.zeros((len(scores), len(values)))
    np.add.at(table, (column, row), w)
    centre = _mean(x, w)
    spread = math.sqrt(_mean((x - centre) ** 2, w))
    z = (scores - centre) / spread
    below = np.clip(table.sum(0).cumsum()[:-1] / table.sum(), 1e-6, 1 - 1e-6)
    tau = np.log(below / (1 - below))
    start = np.r_[tau[0], np.log(np.maximum(np.diff(tau), 1e-3)), 1.0]

    fit = minimize(_odds_loss, start, args=(table, z), jac=True, method="BFGS").x
    slope = float(fit[-1]) / spread
    cuts = _thresholds(fit[:-1]) + slope * centre
    return ScoreMap(
        "proportional_odds",
        {"thresholds": tuple(cuts.tolist()), "slope": (slope,), "values": tuple(values.tolist())},
    )


def _odds_loss(parameters: Floats, table: Floats, x: Floats) -> tuple[float, Floats]:
    """Return minus the log-likelihood of counts (scores x categories), and its gradient."""
    cuts, slope = _thresholds(parameters[:-1]), parameters[-1]
    shares = np.maximum(_category_shares(cuts, slope, x), 1e-300)
    below = 1 / (1 + np.exp(-np.clip(cuts[None, :] - slope * x[:, None], -500, 500)))
    density = below * (1 - below)
    ratio = table / shares
    by_cut = -(density * (ratio[:, :-1] - ratio[:, 1:])).sum(axis=0)
    by_slope = (x[:, None] * density * (ratio[:, :-1] - ratio[:, 1:])).sum()
    # A threshold moves with every step below it: sum over the thresholds from each step on.
    onwards = by_cut[::-1].cumsum()[::-1]
    by_step = onwards * np.r_[1.0, np.exp(np.clip(parameters[1:-1], -30, 30))]
    penalty = _RIDGE * table.sum()
    loss = float(-(table * np.log(shares)).sum() + penalty * slope**2)
    return loss, np.r_[by_step, by_slope + 2 * penalty * slope]


def _thresholds(parameters: Floats) -> Floats:
    steps = np.exp(np.clip(parameters[1:], -30, 30))
    return np.concatenate([parameters[:1], parameters[0] + steps.cumsum()])


def _category_shares(thresholds: Floats, slope: float, x: Floats) -> Floats:
    """Return P(category | x), shape (len(x), n_categories)."""
    logits = np.clip(thresholds[None, :] - slope * x[:, None], -500, 500)
    below = 1 / (1 + np.exp(-logits))
    edges = np.column_stack([np.zeros(len(x)), below, np.ones(len(x))])
    return np.diff(edges, axis=1)


Parameters = Mapping[str, tuple[float, ...]]


def _apply_points(x: Floats, p: Parameters) -> Floats:
    return np.interp(x, p["judge"], p["human"])


def _apply_proportional_odds(x: Floats, p: Parameters) -> Floats:
    shares = _category_shares(np.array(p["thresholds"]), p["slope"][0], x)
    return np.asarray(shares @ np.array(p["values"]))


_APPLY: dict[MapKind, Callable[[Floats, Parameters], Floats]] = {
    "identity": lambda x, _: x,
    "shift": lambda x, p: x + p["shift"][0],
    "linear": lambda x, p: p["intercept"][0] + p["slope"][0] * x,
    "cut_points": _apply_points,
    "proportional_odds": _apply_proportional_odds,
    "isotonic": _apply_points,
}
_FIT: dict[MapKind, Callable[[Floats, Floats, Floats], ScoreMap]] = {
    "identity": _fit_identity,
    "shift": _fit_shift,
    "linear": _fit_linear,
    "cut_points": _fit_cut_points,
    "proportional_odds": _fit_proportional_odds,
    "isotonic": _fit_isotonic,
}
