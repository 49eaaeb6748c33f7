"""The yardsticks: how far two people agree with each other, and how far the judge agrees with a person."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal

from judge.analysis.agreement.parts import Part
from judge.stats.coefficients.alpha import alpha_statistic
from judge.stats.coefficients.correlation import concordance_statistic, pearson_statistic
from judge.stats.coefficients.distance import mean_absolute_error_statistic
from judge.stats.coefficients.kappa import cohen_statistic
from judge.stats.coefficients.multi_rater_kappa import ac_statistic
from judge.stats.coefficients.percent_agreement import agreement_statistic
from judge.stats.engine.estimate import Estimate
from judge.stats.engine.resampling import Sampling
from judge.stats.engine.statistic import negated
from judge.stats.judge_human.ceiling import Ceiling, leave_one_out, pairwise_ceiling, swap
from judge.stats.judge_human.exchangeable import Measure as SlotMeasure
from judge.stats.judge_human.exchangeable import exchangeable_ceiling

KAPPA, KAPPA_QUADRATIC, AGREEMENT, MAE = "kappa", "kappa_quadratic", "agreement", "mae"
Unit = Literal["share", "coefficient", "points"]


@dataclass(frozen=True)
class CoefficientComparison:
    """One statistic of agreement for people and judge.

    Attributes
    ----------
    name, title, how : str
        For machines, for people, and what is compared with what.
    unit : str
        A share, a coefficient with maximum 1, or points on the scale (where smaller is better).
    people, judge, difference : Estimate
        Level of people, of the judge, and judge minus people.
    ceiling : Ceiling
        Oriented so that larger is better.
    """

    name: str
    title: str
    how: str
    unit: Unit
    people: Estimate
    judge: Estimate
    difference: Estimate
    ceiling: Ceiling


@dataclass(frozen=True)
class _Measure:
    title: str
    how: str
    unit: Unit
    of: Callable[..., Ceiling]


_PAIRS = "two people; the judge and a person"
_OTHERS = "a person and the mean of the others; the judge and the same mean"
_PLACES = "people; with the judge in a person's place"
_SLOTS = "two ratings of an item; the judge and a rating"


def headline(part: Part) -> str:
    """Name of the chance-corrected statistic that verdicts rest on."""
    return KAPPA if part.nominal else KAPPA_QUADRATIC


def compare_all(part: Part, judge: str) -> dict[str, CoefficientComparison]:
    """Every statistic that fits the scale of `part`, on the items that people rated."""
    return {name: _compare(name, measure, part, judge) for name, measure in _measures(part).items()}


def compare_one(part: Part, judge: str, name: str) -> CoefficientComparison:
    """One of them."""
    return _compare(name, _measures(part)[name], part, judge)


def _compare(name: str, measure: _Measure, part: Part, judge: str) -> CoefficientComparison:
    sampling: Sampling = {"clusters": part.clusters, "method": "jackknife"}
    ceiling = measure.of(part.humans, part.column(judge), **sampling)
    levels = (ceiling.human, ceiling.judge, ceiling.difference)
    if measure.unit == "points":
        levels = (_mirrored(levels[0]), _mirrored(levels[1]), _mirrored(levels[2]))
    return CoefficientComparison(name, measure.title, measure.how, measure.unit, *levels, ceiling)


def _mirrored(loss: Estimate) -> Estimate:
    possible = (-loss.possible[1], -loss.possible[0])
    return replace(loss, value=0.0 - loss.value, low=-loss.high, high=-loss.low, possible=possible)


def _measures(part: Part) -> dict[str, _Measure]:
    return _slot_measures(part) if part.slots else _person_measures(part)


def _person_measures(part: Part) -> dict[str, _Measure]:
    scale: dict[str, Any] = {"scale": part.declared} if part.on_scale else {}

    def pairs(builder: Callable[..., Any]) -> Callable[..., Ceiling]:
        return partial(pairwise_ceiling, agreement=builder)

    found = {AGREEMENT: _Measure("same score", _PAIRS, "share", pairs(agreement_statistic))}
    if not part.nominal:
        within = partial(agreement_statistic, tolerance=1)
        if len(part.scale.points) > 3:
            found["within_one"] = _Measure("within 1 point", _PAIRS, "share", pairs(within))
        # Quadratic kappa equals Lin's concordance with 1/n moments, which needs no table of scores.
        found[KAPPA_QUADRATIC] = _Measure(
            "quadratic kappa", _PAIRS, "coefficient", pairs(concordance_statistic)
        )
    if part.on_scale:
        kappa, ac1 = partial(cohen_statistic, **scale), partial(ac_statistic, **scale)
        found[KAPPA] = _Measure("kappa, no weights", _PAIRS, "coefficient", pairs(kappa))
        found["ac1"] = _Measure("Gwet's AC1", _PAIRS, "coefficient", pairs(ac1))
    kind = part.scale.level if part.on_scale else "interval"
    alpha = partial(alpha_statistic, level=kind, **scale)
    found["alpha"] = _Measure(f"{kind} alpha", _PLACES, "coefficient", partial(swap, coefficient=alpha))
    if not part.nominal:
        pearson, mae = pearson_statistic, negated(mean_absolute_error_statistic)
        found["pearson"] = _Measure(
            "correlation", _OTHERS, "coefficient", partial(leave_one_out, agreement=pearson)
        )
        found[MAE] = _Measure("mean distance", _OTHERS, "points", partial(leave_one_out, agreement=mae))
    return found


def _slot_measures(part: Part) -> dict[str, _Measure]:
    def slots(measure: SlotMeasure, tolerance: float = 0.0) -> Callable[..., Ceiling]:
        return partial(exchangeable_ceiling, measure=measure, tolerance=tolerance)

    found = {AGREEMENT: _Measure("same score", _SLOTS, "share", slots("agreement"))}
    if part.nominal:
        return found | {KAPPA: _Measure("kappa, pooled margins", _SLOTS, "coefficient", slots("kappa"))}
    if len(part.scale.points) > 3:
        found["within_one"] = _Measure("within 1 point", _SLOTS, "share", slots("agreement", 1))
    return found | {
        KAPPA_QUADRATIC: _Measure("quadratic kappa", _SLOTS, "coefficient", slots("kappa_quadratic")),
        MAE: _Measure("mean distance", _SLOTS, "points", slots("negated_mae")),
    }
