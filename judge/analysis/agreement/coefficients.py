"""Coefficients of agreement for two humans, and for the judge and a human, with the difference of the two."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal

import numpy as np

from judge.analysis.group_difference import within
from judge.analysis.ratings import Ratings
from judge.stats.coefficients.alpha import alpha_statistic
from judge.stats.coefficients.correlation import concordance_statistic, pearson_statistic
from judge.stats.coefficients.distance import mean_absolute_error_statistic
from judge.stats.coefficients.kappa import cohen_statistic
from judge.stats.coefficients.multi_rater_kappa import ac_statistic
from judge.stats.coefficients.percent_agreement import agreement_statistic
from judge.stats.engine.estimate import RESCALED_RATINGS, Estimate
from judge.stats.engine.scale import Floats
from judge.stats.engine.statistic import Statistic, negated
from judge.stats.judge_human.ceiling import Ceiling, leave_one_out, pairwise_ceiling, swap
from judge.stats.judge_human.exchangeable import Measure as SlotMeasure
from judge.stats.judge_human.exchangeable import exchangeable_ceiling

KAPPA, KAPPA_QUADRATIC, AGREEMENT, MAE = "kappa", "kappa_quadratic", "agreement", "mae"
ALPHA, WITHIN_ONE = "alpha", "within_one"
NEEDS_SCALE = (AGREEMENT, WITHIN_ONE, KAPPA_QUADRATIC)
"""Coefficients that need the points of a common scale, so that they are undefined for rescaled ratings."""
Unit = Literal["share", "coefficient", "points"]


@dataclass(frozen=True)
class CoefficientComparison:
    """One coefficient of agreement, among humans and between judge and humans.

    Attributes
    ----------
    name, title, how : str
        Short name, name in tables, and which ratings are compared with which.
    unit : str
        A share, a coefficient with maximum 1, or points of the scale (where smaller is better).
    human, judge, difference : Estimate
        Agreement among humans, of the judge with humans, and judge minus humans.
    ceiling : Ceiling
        The same with the sign such that larger is better.
    """

    name: str
    title: str
    how: str
    unit: Unit
    human: Estimate
    judge: Estimate
    difference: Estimate
    ceiling: Ceiling


@dataclass(frozen=True)
class _Coefficient:
    title: str
    how: str
    unit: Unit
    of: Callable[..., Ceiling]


_PAIRS = "human-human: pairs of raters; judge-human: the judge and each rater of a pair, mean over pairs"
_OTHERS = "human-human: each rater and the mean of the others; judge-human: the judge and the same means"
_PLACES = "human-human: all raters together; judge-human: the judge in place of one rater, mean over raters"
_SLOTS = "human-human: pairs of ratings of an item; judge-human: the judge and each rating"


def headline(ratings: Ratings) -> str:
    """Name of the chance-corrected coefficient that verdicts rest on by default."""
    if ratings.rescaled:
        return ALPHA
    return KAPPA if ratings.nominal else KAPPA_QUADRATIC


def compare_all(ratings: Ratings, judge: str) -> dict[str, CoefficientComparison]:
    """Every coefficient that fits the level of measurement, for one judge."""
    return {
        name: _compare(name, coefficient, ratings, judge)
        for name, coefficient in _coefficients(ratings).items()
    }


def compare_one(ratings: Ratings, judge: str, name: str) -> CoefficientComparison:
    """One of the coefficients of `compare_all`."""
    return _compare(name, _coefficients(ratings)[name], ratings, judge)


def same_verdict(ratings: Ratings, verdicts: Floats) -> Ceiling | None:
    """Share of equal verdicts (pass or fail) of two people, and of the judge and a person.

    Parameters
    ----------
    ratings : Ratings
        The items that people rated.
    verdicts : ndarray, shape (n_items,)
        Verdicts of the judge: 1 pass, 0 fail, NaN missing.

    Returns
    -------
    Ceiling or None
        Means over pairs; None without a pass mark.
    """
    humans = ratings.passed(people(ratings))
    if humans is None:
        return None
    raw = _coefficients(ratings)[AGREEMENT].of
    return raw(humans, verdicts, **ratings.sampling)


def people(ratings: Ratings) -> Floats:
    """Ratings of people, in one column where each item was rated by one person, not always the same.

    Without a pair of people there is no human level, but the judge can be compared with the person of each
    item; by single persons it could not, because the levels of persons are those of their pairs.
    """
    values = ratings.human_values
    present = ~np.isnan(values)
    if ratings.slots or values.shape[1] < 2 or (present.sum(axis=1) > 1).any():
        return values
    return np.where(present.any(axis=1), np.nansum(values, axis=1), np.nan)[:, None]


def concordance_of(ratings: Ratings) -> Callable[..., Statistic]:
    """Concordance of two raters, of which people's ratings are on the points of the scale."""
    scale = ratings.human_scale
    return partial(concordance_statistic, scale=None if scale is None else scale.points)


def _compare(name: str, coefficient: _Coefficient, ratings: Ratings, judge: str) -> CoefficientComparison:
    if ratings.rescaled and name in NEEDS_SCALE:
        none = Estimate.undefined(RESCALED_RATINGS)
        parts = (coefficient.title, coefficient.how, coefficient.unit, none, none, none)
        return CoefficientComparison(name, *parts, Ceiling(none, none, none))
    ceiling = coefficient.of(people(ratings), ratings.column(judge), **ratings.sampling)
    estimates = (ceiling.human, ceiling.judge, ceiling.difference)
    if coefficient.unit == "points":
        reach = float(np.ptp(ratings.scale.points))
        human, judged = (within(_negated(one), 0, reach) for one in estimates[:2])
        estimates = (human, judged, within(_negated(estimates[2]), -reach, reach))
    return CoefficientComparison(
        name, coefficient.title, coefficient.how, coefficient.unit, *estimates, ceiling
    )


def _negated(loss: Estimate) -> Estimate:
    """Turn a negated distance (larger is better) back into the distance."""
    possible = (-loss.possible[1], -loss.possible[0])
    return replace(loss, value=0.0 - loss.value, low=-loss.high, high=-loss.low, possible=possible)


def _coefficients(ratings: Ratings) -> dict[str, _Coefficient]:
    return _slot_coefficients(ratings) if ratings.slots else _person_coefficients(ratings)


def _person_coefficients(ratings: Ratings) -> dict[str, _Coefficient]:
    scale: dict[str, Any] = {"scale": ratings.declared} if ratings.on_scale else {}

    def pairs(builder: Callable[..., Any]) -> Callable[..., Ceiling]:
        return partial(pairwise_ceiling, agreement=builder)

    found = {AGREEMENT: _Coefficient("same score", _PAIRS, "share", pairs(agreement_statistic))}
    if not ratings.nominal:
        near = partial(agreement_statistic, tolerance=1)
        if len(ratings.scale.points) > 3:
            found[WITHIN_ONE] = _Coefficient("within 1 point", _PAIRS, "share", pairs(near))
        # Quadratic kappa equals Lin's concordance with 1/n moments, which needs no table of scores.
        found[KAPPA_QUADRATIC] = _Coefficient(
            "quadratic kappa", _PAIRS, "coefficient", pairs(concordance_of(ratings))
        )
    if ratings.on_scale:
        kappa, ac1 = partial(cohen_statistic, **scale), partial(ac_statistic, **scale)
        found[KAPPA] = _Coefficient("unweighted kappa", _PAIRS, "coefficient", pairs(kappa))
        found["ac1"] = _Coefficient("Gwet's AC1", _PAIRS, "coefficient", pairs(ac1))
    level = ratings.scale.level if ratings.on_scale else "interval"
    alpha = partial(alpha_statistic, level=level, **scale)
    found[ALPHA] = _Coefficient(f"{level} alpha", _PLACES, "coefficient", partial(swap, coefficient=alpha))
    if not ratings.nominal:
        pearson, mae = pearson_statistic, negated(mean_absolute_error_statistic)
        found["pearson"] = _Coefficient(
            "Pearson correlation", _OTHERS, "coefficient", partial(leave_one_out, agreement=pearson)
        )
        found[MAE] = _Coefficient(
            "mean absolute difference", _OTHERS, "points", partial(leave_one_out, agreement=mae)
        )
    return found


def _slot_coefficients(ratings: Ratings) -> dict[str, _Coefficient]:
    def slots(measure: SlotMeasure, tolerance: float = 0.0) -> Callable[..., Ceiling]:
        return partial(exchangeable_ceiling, measure=measure, tolerance=tolerance)

    found = {AGREEMENT: _Coefficient("same score", _SLOTS, "share", slots("agreement"))}
    if ratings.nominal:
        return found | {
            KAPPA: _Coefficient("unweighted kappa, pooled margins", _SLOTS, "coefficient", slots("kappa"))
        }
    if len(ratings.scale.points) > 3:
        found[WITHIN_ONE] = _Coefficient("within 1 point", _SLOTS, "share", slots("agreement", 1))
    return found | {
        KAPPA_QUADRATIC: _Coefficient("quadratic kappa", _SLOTS, "coefficient", slots("kappa_quadratic")),
        MAE: _Coefficient("mean absolute difference", _SLOTS, "points", slots("negated_mae")),
    }
