"""Agreement of judges with humans on single criteria of the items, and on the criteria of each tag."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from judge.analysis.agreement.align import AlignedRatings
from judge.analysis.agreement.coefficients import AGREEMENT, KAPPA, CoefficientComparison, compare_one
from judge.analysis.agreement.criteria_matrix import brings_criteria
from judge.analysis.criterion_scores import joined_texts, named_criteria
from judge.analysis.ratings import Ratings
from judge.rubric import CRITERIA, Dimension, ItemRubrics


@dataclass(frozen=True, kw_only=True)
class CriterionAgreement:
    """Agreement of one judge with humans on criteria that are reported together.

    Attributes
    ----------
    name : str
        Id or text of the criterion, or a tag.
    text : str
        Text of the criterion; empty for a tag, and where the items do not bring their criteria.
    judge : str
        Name of the judge.
    n_items, n_both : int
        Items, and criteria of all of them together, that both humans and the judge rated.
    same, kappa : CoefficientComparison
        Share of equal verdicts, and kappa, of humans and of the judge; items are the clusters.
    """

    name: str
    text: str
    judge: str
    n_items: int
    n_both: int
    same: CoefficientComparison
    kappa: CoefficientComparison


def agreement_by_criterion(aligned: AlignedRatings) -> tuple[CriterionAgreement, ...]:
    """Compare every judge with humans on each criterion that several items share, the least equal first.

    Items share a criterion where they share its id or, for criteria without an id, its text.
    """
    found = _compared([(name, one.description, row) for row, name, one in _defined(aligned)], aligned, 2)
    return tuple(sorted(found, key=lambda one: (one.same.judge.value, -one.n_both)))


def agreement_by_tag(aligned: AlignedRatings) -> tuple[CriterionAgreement, ...]:
    """Compare every judge with humans on the criteria of each tag; one with several tags counts for each."""
    tagged = [(tag, "", row) for row, _, one in _defined(aligned) for tag in one.tags]
    return tuple(_compared(tagged, aligned))


def _defined(aligned: AlignedRatings) -> Iterator[tuple[int, str, Dimension]]:
    """Rows of the ratings of criteria that their items define, with the name of each criterion."""
    ratings, rubric = aligned.ratings.get(CRITERIA), aligned.rubric
    if rubric is None or ratings is None or ratings.item_rows is None:
        return
    rubrics = ItemRubrics(rubric)
    of_item: dict[int, dict[str, tuple[str, Dimension]]] = {}
    for row, (place, key) in enumerate(zip(ratings.item_rows.tolist(), ratings.criteria or (), strict=True)):
        if place not in of_item:
            item = aligned.items[place]
            criteria = rubrics.of(item).criteria if brings_criteria(item, rubric) else {}
            of_item[place] = named_criteria(criteria)
        if key in of_item[place]:
            yield row, *of_item[place][key]


def _compared(
    named: Sequence[tuple[str, str, int]], aligned: AlignedRatings, least_items: int = 1
) -> Iterator[CriterionAgreement]:
    """Compare on the rows of each name."""
    rows: dict[str, list[int]] = {}
    texts: dict[str, list[str]] = {}
    for name, text, row in named:
        rows.setdefault(name, []).append(row)
        texts.setdefault(name, []).append(text)
    for name, places in rows.items():
        ratings = aligned.ratings[CRITERIA]
        is_inside = np.zeros(len(ratings.items), dtype=bool)
        is_inside[places] = True
        inside = _within_cluster(ratings.take(is_inside & ratings.rated))
        for judge in aligned.judges:
            both = inside.take(~np.isnan(inside.column(judge)))
            if both.n_items >= least_items:
                yield CriterionAgreement(
                    name=name,
                    text=joined_texts(texts[name]),
                    judge=judge,
                    n_items=both.n_items,
                    n_both=len(both.items),
                    same=compare_one(both, judge, AGREEMENT),
                    kappa=compare_one(both, judge, KAPPA),
                )


def _within_cluster(ratings: Ratings) -> Ratings:
    """Take the items as independent where all of them are in one cluster, which is then fixed."""
    is_single = len(set(ratings.clusters.tolist())) == 1 if ratings.clusters is not None else False
    return replace(ratings, clusters=np.array(ratings.items)) if is_single else ratings
