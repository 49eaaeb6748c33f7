"""Which models replied to the requests of a run, and when."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

SELECT_SERVED = """
SELECT model, min(created), max(created) FROM completions WHERE failure_kind IS NULL
GROUP BY 1 ORDER BY count(*) DESC, 1
"""
_YEAR_10000 = 253_402_300_800
"""Unix time after which there are no dates."""


@dataclass(frozen=True)
class Served:
    """Models as they were served, and dates of the replies.

    Attributes
    ----------
    models : tuple of str
        Names of the models in the replies, most frequent first; a provider may give a dated version.
    first, last : float or None
        Unix time of the first and of the last reply; None where it is not known.

    Examples
    --------
    >>> Served(("gpt-5-2026-01-10",), 1_770_000_000.0, 1_770_100_000.0).dates
    '2026-02-02 to 2026-02-03'
    """

    models: tuple[str, ...] = ()
    first: float | None = None
    last: float | None = None

    @classmethod
    def of(cls, rows: Iterable[tuple[str | None, float | None, float | None]]) -> Served:
        """Read the rows of `SELECT_SERVED`.

        Raises
        ------
        ValueError
            A time is no date.
        """
        found = list(rows)
        times = [time for _, first, last in found for time in (first, last) if time is not None]
        if not all(0 <= time < _YEAR_10000 for time in times):
            raise ValueError("the time of a reply is no date")
        models = tuple(model for model, _, _ in found if model)
        return cls(models, min(times, default=None), max(times, default=None))

    @property
    def dates(self) -> str:
        """Dates of the first and the last reply (UTC); empty where they are not known."""
        if self.first is None or self.last is None:
            return ""
        first, last = (
            datetime.fromtimestamp(time, UTC).date().isoformat() for time in (self.first, self.last)
        )
        return first if first == last else f"{first} to {last}"
