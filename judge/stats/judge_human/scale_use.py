"""Use of the scale by the judge: spread, middle, ends, cut-points, and slope on people's consensus."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Unpack

import numpy as np
from numpy.typing import ArrayLike

from judge.stats.engine.estimate import (
    NO_COMPLETE_PAIRS,
    NO_ITEM_VARIANCE,
    NOT_NEGATIVE,
    TOO_FEW_RATERS,
    Estimate,
)
from judge.stats.engine.frames import Tabular
from judge.stats.engine.resampling import Sampling
from judge.stats.engine.scale import Floats, Scale, as_scale, nearest
from judge.stats.engine.statistic import Statistic, StatisticKind, combine, quotient
from judge.stats.judge_human.all_pairs import are_many
from judge.stats.judge_human.consensus import consensus, humans_and_judge
from judge.stats.judge_human.contrast import (
    Contrast,
    PooledMoments,
    contrast_of_means,
    contrasts,
    evaluate,
    positive,
)
from judge.stats.judge_human.means_of_many import MeansOfMany

__all__ = ["ScaleUse", "scale_use"]


@dataclass(frozen=True, slots=True)
class ScaleUse(Tabular):
    """Use of the scale by the judge and by single people on the same items.

    Attributes
    ----------
    sd : Contrast
        Standard deviation of scores.
    sd_ratio : Estimate
        Judge's over people's; below 1 the judge spreads its scores less. Noise widens it, see `slope`.
    slope : Estimate
        Slope of the judge on what people mean in common, free of people's noise; people have 1, a judge
        that compresses the scale less than 1. Undefined with one person, and as `no_item_variance` if people
        have nothing in common (their covariance is not above 0).
    middle, ends : Contrast
        Share of scores in the middle of the scale, and at its two ends.
    entropy : Contrast
        Entropy of the scores in bits.
    at_least : tuple of (value, Contrast)
        Share of scores at or above each value but the lowest: where the judge's cut-points lie.
    """

    sd: Contrast
    sd_ratio: Estimate
    slope: Estimate
    middle: Contrast
    ends: Contrast
    entropy: Contrast
    at_least: tuple[tuple[float, Contrast], ...]

    def _rows(self) -> Iterable[Any]:
        return ({"score": score, "share_at_least": shares} for score, shares in self.at_least)


def scale_use(
    humans: ArrayLike,
    judge: ArrayLike,
    *,
    scale: Scale | Sequence[float] | Sequence[str],
    **sampling: Unpack[Sampling],
) -> ScaleUse:
    """Central tendency, compression and cut-points of the judge beside those of people.

    Judge and person h are compared on the items with both, and averaged over h. The slope is
    mean_h cov(judge, c_h) / mean_h cov(x_h, c_h), c_h the mean of the other people: independent errors of
    people drop out of both covariances, so that neither noise of people nor of the judge moves it.

    Do not compare a judge with the mean of several people: means are less spread out than single ratings.

    Parameters
    ----------
    humans : array_like, shape (n_items, n_humans)
        People's ratings, NaN where missing.
    judge : array_like, shape (n_items,)
        The judge's ratings, NaN where missing.
    scale : Scale or sequence
        The declared scale; its middle and ends are meant, not those of the scores seen. A number between two
        points, such as a mean or an expected score, counts with the nearer one in shares and entropy.
    **sampling
        See `Sampling`; the default method is the jackknife.

    Returns
    -------
    ScaleUse

    Examples
    --------
    A judge that pulls every score half-way to 3.

    >>> humans = np.random.default_rng(0).integers(1, 6, 300)[:, None].repeat(2, axis=1)
    >>> use = scale_use(humans, 3 + (humans[:, 0] - 3) / 2, scale=[1, 2, 3, 4, 5])
    >>> round(use.sd_ratio.value, 2), round(use.slope.value, 2), use.ends.judge.value
    (0.5, 0.5, 0.0)
    """
    declared = as_scale(scale)
    on_points = declared if declared is not None and declared.has_labels else None
    of_humans, of_judge = humans_and_judge(humans, judge, on_points)
    if not of_humans.shape[1]:
        raise ValueError("use of the scale is compared with people's; humans has no column.")
    points = Scale.integers(0, 0).points if declared is None else declared.points
    if are_many(of_humans.shape[1], sampling):
        return _of_many(of_humans, of_judge, points, sampling)
    pairs = [_shared(column, of_judge) for column in of_humans.T]
    shown = [(nearest(human, points), nearest(judged, points)) for human, judged in pairs]
    parts = {"sd": _both(pairs, _sd)} | {n: _both(shown, of) for n, of in _properties(points).items()}
    found = contrasts({name: contrast_of_means(*part) for name, part in parts.items()}, sampling)
    ratio = combine(_ratio_of_means(len(pairs)), *parts["sd"][0], *parts["sd"][1], possible=NOT_NEGATIVE)
    singles = evaluate({"ratio": ratio, "slope": _slope(of_humans, of_judge, range(len(pairs)))}, sampling)
    slope = singles["slope"] if len(pairs) >= 2 else Estimate.undefined(TOO_FEW_RATERS)
    cuts = tuple((float(c), found[f"at least {c}"]) for c in points[1:])
    return ScaleUse(
        found["sd"], singles["ratio"], slope, found["middle"], found["ends"], found["entropy"], cuts
    )


def _of_many(humans: Floats, judge: Floats, points: Floats, sampling: Sampling) -> ScaleUse:
    """Return the same for many people, from the items of each alone."""
    means = MeansOfMany(humans, judge, sampling)
    shown = MeansOfMany(nearest(humans, points), nearest(judge, points), sampling)
    found = {name: shown.contrast(of) for name, of in _properties(points).items()}
    return ScaleUse(
        means.contrast(_sd),
        means.ratio(_sd),
        means.slope() or evaluate({"": _slope(humans, judge, range(1))}, sampling)[""],
        found["middle"],
        found["ends"],
        found["entropy"],
        tuple((float(c), found[f"at least {c}"]) for c in points[1:]),
    )


def _properties(points: Floats) -> dict[str, Callable[[Floats], Statistic]]:
    """Return the properties of scores that lie on the points of the scale."""
    middle = np.abs(points - (points[0] + points[-1]) / 2)
    return {
        "middle": _share_in(points[middle <= middle.min() + 1e-9]),
        "ends": _share_in(points[[0, -1]]),
        "entropy": lambda x: _entropy(x, points),
    } | {f"at least {c}": _share_in(points[points >= c]) for c in points[1:]}


def _shared(human: Floats, judge: Floats) -> tuple[Floats, Floats]:
    missing = np.isnan(judge) | np.isnan(human)
    return np.where(missing, np.nan, human), np.where(missing, np.nan, judge)


def _both(
    pairs: Sequence[tuple[Floats, Floats]], builder: Callable[[Floats], Statistic]
) -> tuple[list[Statistic], list[Statistic]]:
    return [builder(judge) for _, judge in pairs], [builder(human) for human, _ in pairs]


def _of_column(
    x: Floats, columns: Sequence[Floats], function: Callable[[Floats], Floats], kind: StatisticKind = "plain"
) -> Statistic:
    rated = ~np.isnan(x)
    n = int(rated.sum())
    sums = np.column_stack([rated, *(np.where(rated, column, 0.0) for column in columns)]).astype(float)
    return Statistic(sums, function, kind, n_items=n, n_ratings=n, undefined=NO_COMPLETE_PAIRS)


def _sd(x: Floats) -> Statistic:
    centred = x - (np.nanmean(x) if (~np.isnan(x)).any() else 0.0)

    def sd(totals: Floats) -> Floats:
        n, total, squares = totals.T
        return np.sqrt(np.maximum(quotient(squares - quotient(total**2, n), n - 1), 0.0))

    return replace(_of_column(x, [centred, centred**2], sd), minimum=0.0)


def _share_in(values: Floats) -> Callable[[Floats], Statistic]:
    def builder(x: Floats) -> Statistic:
        inside = np.isin(x, values).astype(float)
        return _of_column(x, [inside], lambda totals: quotient(totals[:, 1], totals[:, 0]), "share")

    return builder


def _entropy(x: Floats, points: Floats) -> Statistic:
    def entropy(totals: Floats) -> Floats:
        shares = quotient(totals[:, 1:], totals[:, :1])
        logs = np.log2(np.where(shares > 0, shares, 1.0))
        return np.asarray(-(shares * logs).sum(axis=1))

    of_column = _of_column(x, [(x == point).astype(float) for point in points], entropy)
    return replace(of_column, minimum=0.0, maximum=math.log2(len(points)))


def _ratio_of_means(k: int) -> Callable[..., Floats]:
    return lambda *sds: quotient(np.mean(sds[:k], axis=0), np.mean(sds[k:], axis=0))


def _slope(humans: Floats, judge: Floats, people: Iterable[int]) -> Statistic:
    groups = [[judge, humans[:, h], consensus(np.delete(humans, h, axis=1))] for h in people]
    return replace(
        PooledMoments(groups).statistic(lambda cov: quotient(cov[:, 0, 2], positive(cov[:, 1, 2]))),
        undefined=NO_ITEM_VARIANCE,
    )
