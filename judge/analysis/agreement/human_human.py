"""Agreement among humans, without any judge: inter-rater reliability of the human ratings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations

import numpy as np

from judge.analysis.agreement.coefficients import concordance_of
from judge.analysis.group_difference import within
from judge.analysis.ratings import Ratings
from judge.stats.coefficients.alpha import alpha_statistic, check_alpha
from judge.stats.coefficients.correlation import concordance_statistic
from judge.stats.coefficients.icc import Form, icc_statistic
from judge.stats.coefficients.kappa import cohen_statistic
from judge.stats.coefficients.multi_rater_kappa import (
    ac_statistic,
    brennan_prediger_statistic,
    fleiss_statistic,
)
from judge.stats.coefficients.percent_agreement import agreement_statistic, unanimous_statistic
from judge.stats.engine.added_items import in_share
from judge.stats.engine.estimate import NOT_APPLICABLE, RESCALED_RATINGS, Estimate
from judge.stats.engine.resampling import Sampling, Statistic, average, estimate
from judge.stats.engine.scale import Floats
from judge.stats.judge_human.all_pairs import are_many, mean_over_pairs
from judge.stats.pass_fail.proportion import mean

_ONE_WAY: dict[str, Form] = {"icc1": "ICC(1,1)", "icc1k": "ICC(1,k)"}
_TWO_WAY: dict[str, Form] = {
    "icc2": "ICC(2,1)",
    "icc2k": "ICC(2,k)",
    "icc3": "ICC(3,1)",
    "icc3k": "ICC(3,k)",
}
_NEEDS_SCALE = ("agreement", "unanimous", "kappa_quadratic")
"""Coefficients that need the points of a common scale, so that they are undefined for rescaled ratings."""
TITLES = {
    "agreement": "same score",
    "unanimous": "unanimous",
    "alpha": "alpha",
    "kappa": "unweighted kappa",
    "kappa_quadratic": "quadratic kappa",
    "fleiss": "Fleiss' kappa",
    "ac1": "AC1",
    "ac2": "AC2",
    "brennan_prediger": "Brennan-Prediger",
    "icc1": "ICC(1,1)",
    "icc1k": "ICC(1,k)",
    "icc2": "ICC(2,1)",
    "icc2k": "ICC(2,k)",
    "icc3": "ICC(3,1)",
    "icc3k": "ICC(3,k)",
}


@dataclass(frozen=True)
class HumanAgreement:
    """Agreement among humans on one dimension.

    Attributes
    ----------
    n_items, n_people, n_ratings : int
        Rated items, humans who rated any of them, and their ratings.
    n_criteria : int
        Rated criteria of all items together; 0 for a dimension.
    estimates : dict
        Coefficient -> estimate; those that need the same persons on every item are absent for slots.
    mean : Estimate
        Mean over items of the mean human rating.
    checked : bool or None
        Whether the package `krippendorff` gives the same alpha; None if it is not installed.
    """

    n_items: int
    n_people: int
    n_ratings: int
    estimates: dict[str, Estimate]
    mean: Estimate
    checked: bool | None
    n_criteria: int = 0


def human_agreement(ratings: Ratings) -> HumanAgreement:
    """Every coefficient of agreement that fits the level of measurement, on all items that humans rated."""
    rated = ratings.take(ratings.rated)
    humans = rated.human_values
    statistics = _statistics(rated)
    found = {
        name: s if isinstance(s, Estimate) else estimate(s, **rated.sampling)
        for name, s in statistics.items()
    }
    if ratings.rescaled:
        found |= {name: Estimate.undefined(RESCALED_RATINGS) for name in _NEEDS_SCALE if name in found}
    level = ratings.scale.level if ratings.human_scale is not None else "interval"
    return HumanAgreement(
        rated.n_items,
        int((~np.isnan(humans).all(axis=0)).sum()),
        int((~np.isnan(humans)).sum()),
        found,
        _mean(rated),
        check_alpha(humans, level=level, scale=ratings.human_scale),
        0 if rated.criteria is None else len(humans),
    )


def _mean(ratings: Ratings) -> Estimate:
    """Mean of the human ratings; unordered labels have none."""
    if not ratings.has_means:
        return Estimate.undefined(NOT_APPLICABLE)
    points = ratings.scale.points
    of_items = np.nanmean(ratings.human_values, axis=1)
    return within(mean(of_items, **ratings.sampling), float(points[0]), float(points[-1]))


def _statistics(ratings: Ratings) -> dict[str, Statistic | Estimate]:
    humans, scale = ratings.human_values, ratings.human_scale
    level = ratings.scale.level if scale is not None else "interval"
    found: dict[str, Statistic | Estimate] = {
        "agreement": agreement_statistic(humans, scale=scale),
        "unanimous": unanimous_statistic(humans, scale=scale),
        "alpha": alpha_statistic(humans, level=level, scale=scale),
    }
    if scale is not None:
        found["fleiss"] = fleiss_statistic(humans, scale=scale)
        found["ac1"] = ac_statistic(humans, scale=scale)
        found["brennan_prediger"] = brennan_prediger_statistic(humans, scale=scale)
    if scale is not None and not ratings.nominal:
        found["ac2"] = ac_statistic(humans, scale=scale, weights="quadratic")
    if not ratings.nominal:
        found |= {name: icc_statistic(humans, form=form) for name, form in _ONE_WAY.items()}
    if ratings.slots:
        return found
    if ratings.nominal:
        kappa = partial(cohen_statistic, scale=scale)
        found["kappa"] = _kappa_of_many(ratings, kappa, lists_undefined=True) or kappa(humans)
        return found
    quadratic = _kappa_of_many(ratings, concordance_statistic, lists_undefined=False)
    found["kappa_quadratic"] = quadratic or _mean_over_pairs(humans, concordance_of(ratings))
    return found | {name: icc_statistic(humans, form=form) for name, form in _TWO_WAY.items()}


def _kappa_of_many(
    ratings: Ratings, kappa: Callable[..., Statistic], *, lists_undefined: bool
) -> Statistic | Estimate | None:
    """Mean of kappa over pairs of many humans, all pairs at once; None for few humans."""
    humans = ratings.human_values
    sampling: Sampling = {"clusters": ratings.clusters, "design": ratings.design}
    if not are_many(humans.shape[1], sampling):
        return None
    found = mean_over_pairs(humans, kappa, sampling, lists_undefined=lists_undefined)
    return found or kappa(humans[:, 0], humans[:, 1])


def _mean_over_pairs(humans: Floats, concordance: Callable[..., Statistic]) -> Statistic:
    """Mean of quadratic kappa over pairs of humans (Light), computed as concordance, which needs no table."""
    pairs = [concordance(*pair) for pair in combinations(humans.T, 2)]
    defined = [pair for pair in pairs if not np.isnan(pair.value())]
    if not defined:
        return cohen_statistic(humans, weights="quadratic")
    per_item = (~np.isnan(humans)).sum(axis=1)
    used = per_item >= 2
    n_items = int(used.sum())
    return replace(
        average(*(in_share(pair, n_items) for pair in defined)),
        n_items=n_items,
        n_ratings=int(per_item[used].sum()),
        n_dropped=int(per_item[~used].sum()),
    )
