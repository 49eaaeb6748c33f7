"""How far people agree among themselves, without any judge."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from judge.analysis.agreement.parts import Part
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
from judge.stats.engine.estimate import Estimate
from judge.stats.engine.resampling import Statistic, average, estimate
from judge.stats.engine.scale import Floats
from judge.stats.pass_fail.proportion import mean

_ONE_WAY: dict[str, Form] = {"icc1": "ICC(1,1)", "icc1k": "ICC(1,k)"}
_TWO_WAY: dict[str, Form] = {
    "icc2": "ICC(2,1)",
    "icc2k": "ICC(2,k)",
    "icc3": "ICC(3,1)",
    "icc3k": "ICC(3,k)",
}
TITLES = {
    "agreement": "same score",
    "unanimous": "all the same",
    "alpha": "alpha",
    "kappa": "kappa",
    "kappa_quadratic": "quadratic kappa",
    "fleiss": "Fleiss kappa",
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
    """Agreement of people on one dimension.

    Attributes
    ----------
    n_items, n_people, n_ratings : int
        Rated items, people who rated any, and their ratings.
    estimates : dict
        Name -> estimate; statistics that need persons are absent where raters are slots.
    mean : Estimate
        Mean over items of the mean rating.
    checked : bool or None
        Whether the package `krippendorff` gives the same alpha; None where it cannot be asked.
    """

    n_items: int
    n_people: int
    n_ratings: int
    estimates: dict[str, Estimate]
    mean: Estimate
    checked: bool | None


def human_agreement(part: Part) -> HumanAgreement:
    """Every coefficient of agreement that fits the scale, on all items that people rated."""
    rated = part.take(part.rated)
    humans = rated.humans
    statistics = _statistics(rated)
    found = {
        name: estimate(s, clusters=rated.clusters, method="wilson" if s.kind == "share" else "jackknife")
        for name, s in statistics.items()
    }
    kind = part.scale.level if part.people_scale is not None else "interval"
    return HumanAgreement(
        len(humans),
        int((~np.isnan(humans).all(axis=0)).sum()),
        int((~np.isnan(humans)).sum()),
        found,
        mean(np.nanmean(humans, axis=1), clusters=rated.clusters),
        check_alpha(humans, level=kind, scale=part.people_scale),
    )


def _statistics(part: Part) -> dict[str, Statistic]:
    humans, scale = part.humans, part.people_scale
    kind = part.scale.level if scale is not None else "interval"
    found = {
        "agreement": agreement_statistic(humans, scale=scale),
        "unanimous": unanimous_statistic(humans, scale=scale),
        "alpha": alpha_statistic(humans, level=kind, scale=scale),
    }
    if scale is not None:
        found["fleiss"] = fleiss_statistic(humans, scale=scale)
        found["ac1"] = ac_statistic(humans, scale=scale)
        found["brennan_prediger"] = brennan_prediger_statistic(humans, scale=scale)
    if scale is not None and not part.nominal:
        found["ac2"] = ac_statistic(humans, scale=scale, weights="quadratic")
    if not part.nominal:
        found |= {name: icc_statistic(humans, form=form) for name, form in _ONE_WAY.items()}
    if part.slots:
        return found
    if part.nominal:
        found["kappa"] = cohen_statistic(humans, scale=scale)
        return found
    found["kappa_quadratic"] = _mean_over_pairs(humans)
    return found | {name: icc_statistic(humans, form=form) for name, form in _TWO_WAY.items()}


def _mean_over_pairs(humans: Floats) -> Statistic:
    """Quadratic kappa, Light's mean over pairs of people; as concordance, which needs no table of scores."""
    pairs = [concordance_statistic(*pair) for pair in combinations(humans.T, 2)]
    defined = [pair for pair in pairs if not np.isnan(pair.value())]
    if not defined:
        return cohen_statistic(humans, weights="quadratic")
    mean_kappa = average(*defined)
    per_item = (~np.isnan(humans)).sum(axis=1)
    used = per_item >= 2
    return replace(
        mean_kappa,
        n_items=int(used.sum()),
        n_ratings=int(per_item[used].sum()),
        n_dropped=int(per_item[~used].sum()),
    )
