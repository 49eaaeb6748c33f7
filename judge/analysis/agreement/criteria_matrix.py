"""Ratings of the criteria of items: one row for each criterion of an item, clustered by item."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from judge.analysis.item_fields import Labels
from judge.analysis.ratings import Ratings
from judge.analysis.ratings_matrix import ratings_matrix
from judge.analysis.reduction import Reduction
from judge.records import Item, RaterKind, Score
from judge.rubric import CRITERIA, ItemRubrics, Rubric
from judge.stats.engine.scale import Scale


def criteria_of_items(
    items: Iterable[Item], rubric: Rubric | None, scores: Iterable[Score] = ()
) -> dict[str, tuple[str, ...]]:
    """Ids of the criteria of each item: those that it brings along, else those that were rated.

    Raises
    ------
    InputError
        The criteria of an item cannot be read.
    """
    found: dict[str, dict[str, None]] = {}
    rated: dict[str, dict[str, None]] = {}
    for score in scores:
        if score.dimension == CRITERIA and score.criterion is not None:
            rated.setdefault(score.item_id, {})[score.criterion] = None
    rubrics = None if rubric is None or rubric.criteria is None else ItemRubrics(rubric)
    for item in items:
        if rubrics is not None and brings_criteria(item, rubric):
            found[item.id] = dict.fromkeys(rubrics.of(item).criteria)
        else:
            found[item.id] = rated.get(item.id, {})
    return {name: tuple(criteria) for name, criteria in found.items()}


def brings_criteria(item: Item, rubric: Rubric | None) -> bool:
    """Whether an item has the field that holds its criteria."""
    return (
        rubric is not None and rubric.criteria is not None and item.field(rubric.criteria.field) is not None
    )


def unit_of(score: Score) -> Score:
    """Score of a criterion as that of a row of its own."""
    return score.model_copy(update={"item_id": unit_name(score.item_id, score.criterion)})


def criteria_matrix(
    scores: Iterable[Score],
    scale: Scale,
    criteria: Mapping[str, Sequence[str]],
    *,
    raters: Mapping[str, RaterKind],
    reduction: Reduction,
    clusters: Labels | None,
) -> Ratings:
    """Arrange the scores of criteria as (item, criterion) x raters.

    Parameters
    ----------
    scores : iterable of Score
        Scores whose items are rows, from `unit_of`.
    scale : Scale
        Scale of a criterion.
    criteria : mapping
        Item -> its criteria; all items, in order.
    raters : mapping
        Columns: rater -> ``human`` or ``judge``.
    reduction : str
        How to combine repeated judgments.
    clusters : ndarray of str or None, shape (n_items,)
        Cluster of each item; None where each item is one.
    """
    rows = [(place, item, one) for place, (item, ids) in enumerate(criteria.items()) for one in ids]
    names = [unit_name(item, one) for _, item, one in rows]
    ratings = ratings_matrix(scores, CRITERIA, scale, items=names, raters=raters, reduction=reduction)
    places = np.array([place for place, _, _ in rows], dtype=np.int64)
    items = tuple(item for _, item, _ in rows)
    return replace(
        ratings,
        items=items,
        criteria=tuple(one for _, _, one in rows),
        item_rows=places,
        clusters=np.array(items) if clusters is None else clusters[places],
    )


def unit_name(item_id: str, criterion: str | None) -> str:
    """Name of the row of one criterion of an item."""
    return f"{item_id}, criterion {criterion}"
