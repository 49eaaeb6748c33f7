"""Scores of the criteria that each item brings along, one row for each criterion of each item."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from judge.analysis.group_difference import Bools
from judge.errors import InputError
from judge.records import Item, Score
from judge.rubric import Dimension, ItemRubrics, Rubric
from judge.stats.engine.scale import Floats

Objects = NDArray[np.object_]
Rows = NDArray[np.int_]


def named_criteria(criteria: Mapping[str, Dimension]) -> dict[str, tuple[str, Dimension]]:
    """Id of each criterion of an item -> its name among all items, and the criterion.

    The name is the id; for criteria without an id, which are numbered within their item (c1, c2, …), it is
    the text, because equal numbers in two items mean nothing.
    """
    return {
        key: (one.description if key == f"c{number}" else key, one)
        for number, (key, one) in enumerate(criteria.items(), start=1)
    }


def joined_texts(texts: Iterable[str]) -> str:
    """Return the text of criteria that share an id; where it differs, the first and the number of others.

    >>> joined_texts(["It names the year.", "It names the year.", "It names the place."])
    'It names the year. (and 1 other text)'
    """
    first, *others = dict.fromkeys(texts)
    return f"{first} (and {len(others):,} other text{'s' * (len(others) > 1)})" if others else first


@dataclass(frozen=True)
class CriterionScores:
    """Criteria of all items, with their scores.

    Attributes
    ----------
    rows : ndarray of int, shape (n_criteria,)
        Row of the item in its table, ascending.
    ids : tuple of str
        Id of the criterion within its item.
    names : tuple of str
        What makes two criteria the same one; see `named_criteria`.
    criteria : tuple of Dimension
        Text, points and tags.
    values : ndarray, shape (n_criteria,)
        1 where the criterion is met, 0 where it is not (for expected scores the probability); NaN where
        missing.
    statuses : ndarray of object
        Status of each score, or 'unscored'.
    reasons : ndarray of object
        Reason for the score or for its absence; None if not given.
    """

    rows: Rows
    ids: tuple[str, ...]
    names: tuple[str, ...]
    criteria: tuple[Dimension, ...]
    values: Floats
    statuses: Objects
    reasons: Objects

    @classmethod
    def unscored(cls, rubric: Rubric, items: Sequence[Item], status: str) -> "CriterionScores":
        """List the criteria of items; each has `status`.

        Raises
        ------
        InputError
            The criteria of an item cannot be read.
        """
        rubrics = ItemRubrics(rubric)
        listed = [
            (row, key, name, criterion)
            for row, item in enumerate(items if rubric.criteria else ())
            for key, (name, criterion) in named_criteria(rubrics.of(item).criteria).items()
        ]
        rows, ids, names, criteria = zip(*listed, strict=True) if listed else ((), (), (), ())
        return cls(
            np.array(rows, dtype=int),
            ids,
            names,
            criteria,
            np.full(len(listed), np.nan),
            np.full(len(listed), status, dtype=object),
            np.full(len(listed), None, dtype=object),
        )

    def __len__(self) -> int:
        return len(self.ids)

    def places(self) -> dict[tuple[int, str], int]:
        """Row of the item and id of the criterion -> position."""
        return {pair: at for at, pair in enumerate(zip(self.rows.tolist(), self.ids, strict=True))}

    def enter(self, at: int | None, score: Score) -> None:
        """Enter the score of the criterion at a position.

        Raises
        ------
        InputError
            The item has no such criterion, or the score is not a number.
        """
        if at is None or isinstance(score.value, str):
            raise InputError(
                f"item {score.item_id!r}, criterion {score.criterion!r}: "
                + (
                    "a score names this criterion, which the item does not have"
                    if at is None
                    else f"found {score.value!r}; allowed are 1 (met) and 0 (not met)"
                )
            )
        self.values[at] = np.nan if score.value is None else score.value
        self.statuses[at] = score.status
        self.reasons[at] = score.reason

    def take(self, index: Rows, n_items: int) -> "CriterionScores":
        """Keep the criteria of some items of a table of `n_items` rows; `index` lists their rows in order."""
        position = np.full(n_items, -1)
        position[index] = np.arange(len(index))
        found = position[self.rows]
        kept = np.flatnonzero(found >= 0)
        order = kept[np.argsort(found[kept], kind="stable")]
        return self.select(order, found[order])

    def select(self, index: Rows | Bools, rows: Rows | None = None) -> "CriterionScores":
        """Keep some of the criteria; `rows` are the rows of their items, where these change."""
        places = (np.flatnonzero(index) if index.dtype == bool else index).tolist()
        return CriterionScores(
            self.rows[index] if rows is None else rows,
            tuple(self.ids[at] for at in places),
            tuple(self.names[at] for at in places),
            tuple(self.criteria[at] for at in places),
            self.values[index],
            self.statuses[index],
            self.reasons[index],
        )

    def of_item(self, row: int) -> "CriterionScores":
        """Criteria of one item; they are adjacent, because `rows` is sorted."""
        first, end = np.searchsorted(self.rows, [row, row + 1])
        return self.select(np.arange(first, end))

    @property
    def is_penalty(self) -> Bools:
        """Which criteria have negative points: an answer should not meet them."""
        return np.array([(criterion.points or 0) < 0 for criterion in self.criteria], dtype=bool)
