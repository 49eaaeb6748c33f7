"""Statuses of the scores of one dimension, one byte for each item."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from judge.records import STATUSES
from judge.stats.engine.scale import Bools, Ints

NOT_APPLICABLE = "not_applicable"
"""Status of what does not concern an item; it is in no denominator."""
UNSCORED = "unscored"
"""Status of an item without a score row, which was not scored yet."""
OUTCOMES: tuple[str, ...] = (*STATUSES, UNSCORED)
CODES = {status: code for code, status in enumerate(OUTCOMES)}
"""Status -> its number in a column."""


@dataclass(frozen=True, eq=False)
class StatusColumn:
    """Status of every item.

    Attributes
    ----------
    codes : ndarray of int8, shape (n_items,)
        Position of each status in `OUTCOMES`.

    Examples
    --------
    >>> column = StatusColumn.unscored(3)
    >>> column[1] = "refused"
    >>> column[1], column.equal("refused").tolist(), column.counts()["unscored"]
    ('refused', [False, True, False], 2)
    """

    codes: NDArray[np.int8]

    @classmethod
    def unscored(cls, n_items: int) -> "StatusColumn":
        """Column of items without a score."""
        return cls(np.full(n_items, CODES[UNSCORED], dtype=np.int8))

    def __getitem__(self, row: int) -> str:
        return OUTCOMES[int(self.codes[row])]

    def __setitem__(self, row: int, status: str) -> None:
        self.codes[row] = CODES[status]

    def equal(self, status: str) -> Bools:
        """Which items have a status."""
        return np.asarray(self.codes == CODES[status])

    def counts(self) -> dict[str, int]:
        """Number of items with each status, those that do not occur included."""
        counted = np.bincount(self.codes, minlength=len(OUTCOMES))
        return dict(zip(OUTCOMES, counted.tolist(), strict=True))

    def tolist(self) -> list[str]:
        """Status of every item as text."""
        return [OUTCOMES[code] for code in self.codes.tolist()]

    def take(self, index: Ints) -> "StatusColumn":
        """Keep some items, in this order."""
        return StatusColumn(self.codes[index])
