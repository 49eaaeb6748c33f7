"""Judge against judge: agreement with the same people, each further judge minus the first one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from judge.analysis.agreement.align import AlignedRatings
from judge.analysis.agreement.coefficients import (
    AGREEMENT,
    ALPHA,
    KAPPA,
    KAPPA_QUADRATIC,
    concordance_of,
    headline,
)
from judge.analysis.ratings import Ratings
from judge.analysis.slices import members
from judge.stats.coefficients.alpha import alpha_statistic
from judge.stats.coefficients.kappa import cohen_statistic
from judge.stats.coefficients.percent_agreement import agreement_statistic
from judge.stats.engine.estimate import RESCALED_RATINGS
from judge.stats.engine.scale import Floats
from judge.stats.judge_human.exchangeable import Measure
from judge.stats.judge_human.non_inferiority import NonInferiority, margin_test
from judge.stats.judge_human.two_judges import (
    Levels,
    PairedAgreement,
    compare_judges,
    in_place_of_each,
    with_each,
    with_slots,
)
from judge.stats.systems.multiplicity import holm
from judge.stats.systems.significance import Significance, t_test, williams_t

TITLES = {
    KAPPA: "unweighted kappa",
    KAPPA_QUADRATIC: "quadratic kappa",
    ALPHA: "interval alpha",
    AGREEMENT: "same score",
}
_SLOT_MEASURES: Mapping[str, Measure] = {
    KAPPA: "kappa",
    KAPPA_QUADRATIC: "kappa_quadratic",
    AGREEMENT: "agreement",
}


@dataclass(frozen=True, kw_only=True)
class JudgeDifference:
    """Agreement of two judges with the same people on one dimension.

    Attributes
    ----------
    dimension, first, second : str
        Dimension, and names of the judges.
    field, label : str
        The slice; empty for all items.
    n_both : int
        Rated items that both judges scored.
    coefficient : str
        Name of the chance-corrected coefficient.
    corrected, raw : PairedAgreement
        Chance-corrected and raw agreement: of the first, of the second, and second minus first.
    verdict : NonInferiority or None
        Decision at the margin: whether the second judge is better, non-inferior or worse, or neither is
        shown; None without a margin for one of the two statistics.
    decided_by : str
        Name of the statistic that the decision rests on.
    williams : Significance or None
        Williams' test of the Pearson correlations with people's mean; None for labels, clusters and weights.
    p, p_adjusted : float
        p-value of equal chance-corrected agreement, and the same adjusted for all slices (Holm).
    """

    dimension: str
    first: str
    second: str
    n_both: int
    coefficient: str
    corrected: PairedAgreement
    raw: PairedAgreement
    verdict: NonInferiority | None = None
    decided_by: str = ""
    williams: Significance | None = None
    field: str = ""
    label: str = ""
    p: float = np.nan
    p_adjusted: float = np.nan

    @property
    def title(self) -> str:
        """Name of the chance-corrected coefficient in tables."""
        return TITLES[self.coefficient]


def judge_differences(aligned: AlignedRatings, margins: Mapping[str, float]) -> tuple[JudgeDifference, ...]:
    """Compare every further judge with the first, dimension by dimension.

    Parameters
    ----------
    aligned : AlignedRatings
        Ratings of two judges or more.
    margins : mapping
        Coefficient -> largest acceptable loss of agreement; ``""`` means the chance-corrected one.
    """
    return tuple(compare_two(rated, first, second, margins) for rated, first, second in _pairs(aligned))


def judge_differences_by_slice(aligned: AlignedRatings, fields: Sequence[str]) -> tuple[JudgeDifference, ...]:
    """Compare every further judge with the first in every slice of `fields`.

    p-values are adjusted for all slices of all fields together.
    """
    found = [
        replace(compare_two(rated.take(inside), first, second), field=field, label=label)
        for field in fields
        for label, mask in members(aligned, field)
        for rated, first, second in _pairs(aligned)
        if (inside := rated.rows_of(mask)[aligned.ratings[rated.dimension].rated]).any()
    ]
    if not found:
        return ()
    adjusted = holm([one.p for one in found])
    return tuple(replace(one, p_adjusted=float(p)) for one, p in zip(found, adjusted, strict=True))


def _pairs(aligned: AlignedRatings) -> Iterator[tuple[Ratings, str, str]]:
    """Rated items of each dimension, with the first judge and each further one that has scores on it."""
    for one in aligned.ratings.values():
        judges = [judge for judge in aligned.judges if one.has_scores(judge)]
        rated = one.take(one.rated)
        yield from ((rated, judges[0], second) for second in judges[1:])


def compare_two(
    ratings: Ratings, first: str, second: str, margins: Mapping[str, float] | None = None
) -> JudgeDifference:
    """Compare two judges on one dimension; `ratings` holds rated items only.

    A margin of the raw agreement (``agreement``) decides on it; another one on the chance-corrected
    coefficient.
    """
    name = headline(ratings)
    columns = ratings.column(first), ratings.column(second)
    corrected, raw = (paired_agreement(ratings, *columns, one) for one in (name, AGREEMENT))
    decided_by, margin = _margin(margins or {}, name)
    decided = raw if decided_by == AGREEMENT else corrected
    return JudgeDifference(
        dimension=ratings.dimension,
        first=first,
        second=second,
        n_both=int((~np.isnan(np.stack(columns))).all(axis=0).sum()),
        coefficient=name,
        corrected=corrected,
        raw=raw,
        verdict=None if margin is None else margin_test(decided.difference_at, margin),
        decided_by=decided_by,
        williams=_williams(ratings, *columns),
        p=t_test(corrected.difference).p_value,
    )


def paired_agreement(ratings: Ratings, first: Floats, second: Floats, name: str) -> PairedAgreement:
    """Agreement of two columns of scores with people, by the named coefficient."""
    if ratings.rescaled and name == AGREEMENT:
        return PairedAgreement.undefined(RESCALED_RATINGS)
    sampling = ratings.sampling
    return compare_judges(ratings.human_values, first, second, _levels(ratings, name), **sampling)


def _levels(ratings: Ratings, name: str) -> Levels:
    if ratings.slots:
        return with_slots(_SLOT_MEASURES[name])
    if name == ALPHA:
        return in_place_of_each(partial(alpha_statistic, level="interval"))
    if name == KAPPA:
        return with_each(partial(cohen_statistic, scale=ratings.declared))
    return with_each(concordance_of(ratings) if name == KAPPA_QUADRATIC else agreement_statistic)


def _margin(margins: Mapping[str, float], coefficient: str) -> tuple[str, float | None]:
    """Statistic that decides, and its margin; as for judges and people, a named one takes precedence."""
    for name, margin in margins.items():
        if name in (AGREEMENT, coefficient):
            return name, margin
    return coefficient, margins.get("")


def _williams(ratings: Ratings, first: Floats, second: Floats) -> Significance | None:
    if ratings.nominal or not ratings.has_means or ratings.clusters is not None or ratings.design is not None:
        return None
    return williams_t(np.nanmean(ratings.human_values, axis=1), second, first)
