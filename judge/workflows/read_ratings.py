"""`judge.read_ratings`: ratings in any layout, as one table."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from judge.formats.cells import CellReader
from judge.formats.columns import Wanted
from judge.formats.ratings import read_ratings as _read_ratings
from judge.records import OVERALL, RaterKind, Score
from judge.rows import RowSource
from judge.rubric import Rubric, load_rubric

if TYPE_CHECKING:
    import pandas as pd

_COLUMNS = ("item_id", "rater", "rater_kind", "dimension", "sample", "value", "status", "reason")


@dataclass(frozen=True, repr=False)
class RatingsTable:
    """Ratings in long form, one Score for each rater, item and dimension.

    Attributes
    ----------
    scores : tuple of Score
        In the order of the source; a missing rating has a status and no value.
    notes : tuple of str
        Columns that hold ratings and were not read.
    """

    scores: tuple[Score, ...]
    notes: tuple[str, ...] = ()

    @property
    def raters(self) -> tuple[str, ...]:
        """Names of the raters, in order of appearance."""
        return tuple(dict.fromkeys(score.rater for score in self.scores))

    @property
    def dimensions(self) -> tuple[str, ...]:
        """Names of the dimensions, in order of appearance."""
        return tuple(dict.fromkeys(score.dimension for score in self.scores))

    @property
    def items(self) -> tuple[str, ...]:
        """Ids of the items, in order of appearance."""
        return tuple(dict.fromkeys(score.item_id for score in self.scores))

    def rows(self) -> list[dict[str, Any]]:
        """One dict for each rating."""
        return [{name: getattr(score, name) for name in _COLUMNS} for score in self.scores]

    def to_pandas(self) -> "pd.DataFrame":
        """One row for each rating."""
        import pandas as pd

        return pd.DataFrame(self.rows(), columns=list(_COLUMNS))

    def __len__(self) -> int:
        return len(self.scores)

    def __iter__(self) -> Iterator[Score]:
        return iter(self.scores)

    def __str__(self) -> str:
        return (
            f"{len(self):,} ratings of {len(self.items):,} items by {len(self.raters):,} raters on "
            f"{', '.join(self.dimensions) or 'no dimension'}"
        )

    def __repr__(self) -> str:
        return f"<RatingsTable: {self}>"

    def _repr_html_(self) -> str:
        from html import escape

        return f"<p>{escape(str(self))}</p>{self.to_pandas().head().to_html(index=False)}"


def read_ratings(
    ratings: RowSource,
    *,
    columns: Mapping[str, str] | None = None,
    rubric: str | Path | Rubric | None = None,
    dimensions: str | Sequence[str] = (),
    missing_codes: Sequence[str] = (),
    rater_kind: RaterKind = "human",
) -> RatingsTable:
    """Read ratings in any layout: long, wide by dimension, wide by rater, Label Studio, nested JSON.

    Parameters
    ----------
    ratings : path, DataFrame or list of dict
        The ratings.
    columns : mapping, optional
        Meaning -> column with another name: ``{"rater": "coder", "item_id": "task"}``.
    rubric : str, Path or Rubric, optional
        Names the dimensions, and other names for them.
    dimensions : str or sequence of str
        Only these dimensions.
    missing_codes : sequence of str
        Words and numbers that mark a missing rating: ``["99", "don't know"]``.
    rater_kind : {'human', 'judge'}
        Who rated, where no column says it.

    Returns
    -------
    RatingsTable
        Pass it to `judge.agree`, or take it as a DataFrame: ``to_pandas()``.

    Raises
    ------
    InputError
        The source cannot be read, or does not say which item, rater or value.

    Examples
    --------
    >>> rows = [
    ...     {"item_id": "q1", "rater": "ann", "clarity": 4},
    ...     {"item_id": "q1", "rater": "ben", "clarity": 5},
    ... ]
    >>> print(read_ratings(rows))
    2 ratings of 1 items by 2 raters on clarity
    """
    named = (dimensions,) if isinstance(dimensions, str) else tuple(dimensions)
    declared = load_rubric(rubric) if isinstance(rubric, str | Path) else rubric
    wanted = Wanted(named, declared, CellReader(missing=tuple(map(str, missing_codes))))
    only = named[0] if len(named) == 1 else OVERALL
    notes: list[str] = []
    read = _read_ratings(
        ratings, map=columns, kind=rater_kind, wanted=wanted, dimension=only, note=notes.append
    )
    return RatingsTable(tuple(read), tuple(notes))
