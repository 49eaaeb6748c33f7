"""Results as pandas tables; pandas is imported only when a table is requested."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any

from judge.stats.engine.estimate import Estimate

if TYPE_CHECKING:
    from pandas import DataFrame

__all__ = ["to_frame"]


class Tabular:
    """A result that holds a table and can return it as a DataFrame."""

    __slots__ = ()

    def _rows(self) -> Iterable[Any]:
        raise NotImplementedError

    def to_pandas(self) -> DataFrame:
        """Return the table of this result, one row per rater, system, cut-off or score; see `to_frame`."""
        return to_frame(self._rows())


def to_frame(rows: Iterable[Any]) -> DataFrame:
    """Return results as a DataFrame, one row each.

    Parameters
    ----------
    rows : iterable of Estimate, of another result of `judge.stats`, or of dict
        Results of one kind, such as ``system_means(scores)`` or ``d_study(scores)``.

    Returns
    -------
    pandas.DataFrame
        A column per field. A field that is an estimate becomes three: ``x``, ``x_low`` and ``x_high``.

    Raises
    ------
    ImportError
        If pandas is not installed.

    Examples
    --------
    >>> to_frame([{"rater": "Ann", "kappa": Estimate(0.6, 0.5, 0.7)}]).to_dict("records")
    [{'rater': 'Ann', 'kappa': 0.6, 'kappa_low': 0.5, 'kappa_high': 0.7}]
    """
    from pandas import DataFrame

    return DataFrame([dict(_cells(row)) for row in rows])


def _cells(row: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    pairs = row.items() if isinstance(row, dict) else ((f.name, getattr(row, f.name)) for f in fields(row))
    for field, value in pairs:
        name = f"{prefix}{field}"
        if isinstance(value, Estimate):
            yield from ((name, value.value), (f"{name}_low", value.low), (f"{name}_high", value.high))
        elif is_dataclass(value):
            yield from _cells(value, f"{name}_")
        elif field == "notes":
            yield name, "; ".join(value)
        else:
            yield name, value
