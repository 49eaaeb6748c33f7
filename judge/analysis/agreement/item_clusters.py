"""Which items are dependent: by a field, or by default those with one `pair_id` or one question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from judge.analysis.item_columns import question_key
from judge.analysis.item_fields import ITEM_ID, Labels, item_field
from judge.analysis.score_table import PAIR_ID, QUESTION
from judge.records import Item


@dataclass(frozen=True)
class ItemClusters:
    """Clusters of items; items without clusters are independent.

    Attributes
    ----------
    field : str or None
        Field whose equal values make a cluster.
    labels : ndarray of str or None, shape (n_items,)
        Cluster of each item.
    """

    field: str | None = None
    labels: Labels | None = None


def item_clusters(items: Sequence[Item], field: str | None, *, hint: str = "") -> ItemClusters:
    """Cluster items by the rule of the reports about runs, see `ScoreTable.clusters`.

    Parameters
    ----------
    items : sequence of Item
        The items.
    field : str, optional
        Field of the items; ``"question"`` for the answers to one question, ``"id"`` for independent items.
        Default: `pair_id` if any item has one, else the question; none where all or no items share it.
    hint : str
        End of the error message.

    Raises
    ------
    InputError
        No item has the field.
    """
    name = _default_field(items) if field is None else field
    if name == ITEM_ID:
        return ItemClusters()
    has_texts = any(item.question for item in items)
    is_question = name == QUESTION and (has_texts or field is None)
    labels = _questions(items) if is_question else _groups(items, name, hint)
    n_clusters = len(np.unique(labels))
    if field is None and n_clusters in (1, len(items)):
        return ItemClusters()
    return ItemClusters(name, labels)


def _default_field(items: Sequence[Item]) -> str:
    return PAIR_ID if any(item.field(PAIR_ID) is not None for item in items) else QUESTION


def _questions(items: Sequence[Item]) -> Labels:
    """Question of each item; an item without a text is a cluster of its own."""
    return np.array([question_key(item) if item.question else f"item {item.id}" for item in items])


def _groups(items: Sequence[Item], name: str, hint: str) -> Labels:
    """Value of the field of each item; an item without a value is a cluster of its own."""
    labels = item_field(items, name, hint=hint)
    alone = [item.field(name) is None for item in items]
    if not any(alone):
        return labels
    return np.where(alone, [f"item {item.id}" for item in items], np.char.add("group ", labels))
