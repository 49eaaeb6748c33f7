"""`judge.read_ratings`: ratings in any layout, as one table."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from judge.analysis.agreement.inputs import read_scale
from judge.analysis.agreement.load import cell_reader
from judge.formats.anchored import AnchoredRating, anchored_notes
from judge.formats.cells import CellReader
from judge.formats.rater_scales import scale_notes
from judge.formats.rating_summary import RatingsSummary, id_notes
from judge.formats.ratings import read_cells
from judge.formats.repeated_ratings import rating_key, second_score
from judge.formats.wanted import Wanted
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
        Columns and rows that were not read, and raters who seem to use another scale.
    cells : CellReader
        How cells were read, with the declared scale.
    anchored : tuple of AnchoredRating
        Ratings by people who saw the verdict of a judge first; in no other attribute.
    """

    scores: tuple[Score, ...]
    notes: tuple[str, ...] = ()
    cells: CellReader = field(default_factory=CellReader)
    anchored: tuple[AnchoredRating, ...] = ()

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
        return [{name: getattr(score, name) for name in self._columns} for score in self.scores]

    def to_pandas(self) -> "pd.DataFrame":
        """One row for each rating."""
        import pandas as pd

        return pd.DataFrame(self.rows(), columns=list(self._columns))

    @property
    def _columns(self) -> tuple[str, ...]:
        has_criteria = any(score.criterion is not None for score in self.scores)
        return (*_COLUMNS, "criterion") if has_criteria else _COLUMNS

    def __len__(self) -> int:
        return len(self.scores)

    def __iter__(self) -> Iterator[Score]:
        return iter(self.scores)

    def __str__(self) -> str:
        return str(RatingsSummary.of(self.scores, self.cells))

    def __repr__(self) -> str:
        return f"<RatingsTable: {str(self).replace(chr(10), '; ')}>"

    def _repr_html_(self) -> str:
        from html import escape

        lines = escape(str(self)).replace("\n", "<br>")
        return f"<p>{lines}</p>{self.to_pandas().head().to_html(index=False)}"


def read_ratings(
    ratings: RowSource,
    *,
    columns: Mapping[str, str] | None = None,
    rubric: str | Path | Rubric | None = None,
    scale: str | None = None,
    dimensions: str | Sequence[str] = (),
    missing_codes: str | Sequence[str] = (),
    id_from: str | Sequence[str] = (),
    raters_in: str | Sequence[str] = (),
    encoding: str | None = None,
    rater_kind: RaterKind = "human",
) -> RatingsTable:
    """Read ratings in any layout: long or wide tables, nested JSON, and exports of rating platforms.

    The platforms are Label Studio, Argilla, Potato, Mechanical Turk, Qualtrics and Google Forms.

    Parameters
    ----------
    ratings : path, DataFrame or list of dict
        The ratings.
    columns : mapping, optional
        Meaning -> column with another name: ``{"rater": "coder", "item_id": "task"}``.
    rubric : str, Path or Rubric, optional
        Names the dimensions, and other names for them.
    scale : str, optional
        Declares the scale: ``"1-5"``, or labels as in ``"fail,pass"``. Ratings in words are read only with
        it.
    dimensions : str or sequence of str
        Only these dimensions.
    missing_codes : str or sequence of str
        Words and numbers that mark a missing rating: ``["99", "don't know"]``.
    id_from : str or sequence of str
        Columns whose values make the id of an item; default: a column of ids, or else the content.
    raters_in : str or sequence of str
        Raters with columns of their own: ``["ann", "ben"]`` for columns ``ann`` and ``ben``, or
        ``ann_clarity``.
    encoding : str, optional
        Encoding of a text file, such as ``"cp1252"``; default: recognised.
    rater_kind : {'human', 'judge'}
        Kind of the raters, in files that do not say it.

    Returns
    -------
    RatingsTable
        Pass it to `judge.agree`, or take it as a DataFrame: ``to_pandas()``.

    Raises
    ------
    InputError
        The source cannot be read, does not say which item, rater or value, or can be read in two ways.

    Examples
    --------
    >>> rows = [
    ...     {"item_id": "q1", "rater": "ann", "clarity": 4},
    ...     {"item_id": "q1", "rater": "ben", "clarity": 5},
    ... ]
    >>> print(read_ratings(rows))
    2 raters (ann, ben), 1 item, 1 dimension (clarity)
    2 ratings, scale 4-5 (found), 0 missing
    """
    named = (dimensions,) if isinstance(dimensions, str) else tuple(dimensions)
    raters = (raters_in,) if isinstance(raters_in, str) else tuple(raters_in)
    chosen = (id_from,) if isinstance(id_from, str) else tuple(id_from)
    declared = load_rubric(rubric) if isinstance(rubric, str | Path) else rubric
    codes = (missing_codes,) if isinstance(missing_codes, str) else tuple(map(str, missing_codes))
    cells = cell_reader(None if scale is None else read_scale(scale), None, codes)
    wanted = Wanted(named, declared, cells, raters, id_from=chosen, encoding=encoding)
    only = named[0] if len(named) == 1 else OVERALL
    notes: list[str] = []
    read = partial(read_cells, ratings, map=columns, kind=rater_kind, wanted=wanted, dimension=only)
    firsts: dict[int, int] = {}
    found: list[Score] = []
    anchored: list[AnchoredRating] = []
    for number, cell in enumerate(read(note=notes.append, on_anchored=anchored.append)):
        score = cell.score
        if (first := firsts.setdefault(rating_key(score, score.item_id, score.dimension), number)) != number:
            raise second_score(score, cell.where, next(islice(read(), first, None)).where)
        found.append(score)
    notes += (*anchored_notes(len(anchored)), *id_notes(found), *scale_notes(found, cells.ends))
    return RatingsTable(tuple(found), tuple(notes), cells, tuple(anchored))
