"""Agreement of judges with humans in slices of the items, and the items on which they differ most."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from judge.analysis.agreement.align import AlignedRatings
from judge.analysis.agreement.coefficients import CoefficientComparison, compare_one, headline
from judge.analysis.ratings import PASSES, Ratings
from judge.analysis.slices import SMALL, members
from judge.stats.engine.estimate import NOT_APPLICABLE, Estimate
from judge.stats.engine.scale import Floats
from judge.stats.pass_fail.proportion import mean
from judge.stats.systems.multiplicity import holm
from judge.stats.systems.significance import t_test


@dataclass(frozen=True, kw_only=True)
class AgreementSlice:
    """Agreement of one judge with humans on one dimension in one slice.

    Attributes
    ----------
    field, label, dimension, judge : str
        The slice, the dimension and the judge.
    n_both : int
        Items that both humans and the judge rated.
    comparison : CoefficientComparison
        Agreement of humans and of the judge.
    human_mean, judge_mean, bias : Estimate
        Mean of all human ratings, mean of the judge's, and the mean difference judge minus humans on items
        with both.
    p, p_adjusted : float
        p-value of the null hypothesis that judge and humans agree equally well, and the same adjusted for all
        slices (Holm).
    """

    field: str
    label: str
    dimension: str
    judge: str
    n_both: int
    comparison: CoefficientComparison
    human_mean: Estimate
    judge_mean: Estimate
    bias: Estimate
    p: float
    p_adjusted: float = np.nan

    @property
    def small(self) -> bool:
        """Whether it has fewer than 20 items."""
        return self.n_both < SMALL


@dataclass(frozen=True)
class Disagreement:
    """An item on which a judge and the humans differ.

    Attributes
    ----------
    item : int
        Row in `AlignedRatings.items`.
    dimension : str
        Dimension with the largest difference.
    distance : float
        Judge minus the consensus of the humans; for labels the share of the humans who gave another one.
    """

    item: int
    dimension: str
    distance: float


def agreement_by_slice(aligned: AlignedRatings, fields: Sequence[str]) -> list[AgreementSlice]:
    """Compare every judge with humans on every dimension in every slice of `fields`.

    ``"a*b"`` crosses two fields. p-values are adjusted for all slices of all fields together.

    Raises
    ------
    InputError
        No item has the field, or it has too many values to be slices.
    """
    found = [one for field in fields for one in _of_field(aligned, field)]
    if not found:
        return []
    adjusted = holm([one.p for one in found])
    return [replace(one, p_adjusted=float(p)) for one, p in zip(found, adjusted, strict=True)]


def _of_field(aligned: AlignedRatings, field: str) -> Iterator[AgreementSlice]:
    slices = members(aligned, field)
    for ratings in aligned.ratings.values():
        rated = ratings.take(ratings.rated)
        for judge in aligned.judges:
            for label, mask in slices:
                inside = ratings.rows_of(mask)[ratings.rated]
                if inside.any():
                    yield _slice(field, label, rated.take(inside), judge)


def _slice(field: str, label: str, ratings: Ratings, judge: str) -> AgreementSlice:
    scores = ratings.column(judge)
    comparison = compare_one(ratings, judge, headline(ratings))
    human_means = np.nanmean(ratings.human_values, axis=1)

    def average(values: Floats) -> Estimate:
        if not ratings.has_means:
            return Estimate.undefined(NOT_APPLICABLE)
        return mean(values, **ratings.sampling)

    return AgreementSlice(
        field=field,
        label=label,
        dimension=ratings.dimension,
        judge=judge,
        n_both=int((~np.isnan(scores)).sum()),
        comparison=comparison,
        human_mean=average(human_means),
        judge_mean=average(scores),
        bias=average(scores - human_means),
        p=t_test(comparison.difference).p_value,
    )


def disagreements(aligned: AlignedRatings, judge: str, n_worst: int) -> list[Disagreement]:
    """Items on which a judge is farthest from the humans, each on the dimension with the largest difference.

    Differences on scales of different widths are compared as shares of the scale. Ties in the largest one
    are ordered by the sum of the differences, then as in the input.
    """
    of_items = {name: one for name, one in aligned.ratings.items() if one.criteria is None}
    distances = {name: _distances(ratings, judge) for name, ratings in of_items.items()}
    names = [name for name in distances if name != PASSES] or list(distances)
    if not names:
        return []
    widths = _widths([of_items[name] for name in names])
    table = np.stack([np.nan_to_num(distances[name] / widths[name]) for name in names], axis=1)
    worst, size, total = np.abs(table).argmax(axis=1), np.abs(table).max(axis=1), np.abs(table).sum(axis=1)
    order = np.lexsort((np.arange(len(size)), -total, -size))[:n_worst]
    return [
        Disagreement(int(row), names[worst[row]], float(distances[names[worst[row]]][row]))
        for row in order
        if size[row] > 0
    ]


def _widths(ratings: Sequence[Ratings]) -> dict[str, float]:
    """Unit in which differences are compared: a point or, where scales differ, the width of each scale."""
    widths = {one.dimension: float(np.ptp(one.scale.points)) for one in ratings}
    is_one_scale = len(set(widths.values())) == 1 and len({one.nominal for one in ratings}) == 1
    labels = {one.dimension for one in ratings if one.nominal}
    return {name: 1.0 if is_one_scale or name in labels else width for name, width in widths.items()}


def _distances(ratings: Ratings, judge: str) -> Floats:
    """Judge minus consensus; for labels, which have no distance, the share of the humans with another one."""
    scores = ratings.column(judge)
    if not ratings.nominal:
        return scores - ratings.consensus()
    differs = np.where(np.isnan(ratings.human_values), np.nan, ratings.human_values != scores[:, None])
    share = np.full(len(scores), np.nan)
    is_known = ratings.rated & ~np.isnan(scores)
    share[is_known] = np.nanmean(differs[is_known], axis=1)
    return share
