"""Rows of a table of ratings -> ratings, once the layout of the table is known."""

from collections.abc import Iterator, Mapping
from typing import Any

from judge.counting import counted
from judge.errors import InputError
from judge.formats.cells import number_or_none
from judge.formats.columns import Layout
from judge.formats.document import Object
from judge.formats.rating_cell import CellConverter, RatingCell, holds, name_in
from judge.formats.rating_columns import COLUMNS, content_of, is_no_dimension
from judge.formats.wide import RatingColumn
from judge.items.columns import plain
from judge.items.identity import RowIds
from judge.records import MOST_SAMPLES, STATUSES, RaterKind
from judge.rubric import CRITERIA

_MOST_KEPT = 10_000
_DETAILS = {"kind", "sample", "status", "reason", "skipped", "dimension", "criterion"}
_REJECTED = {"REJECTED"}
_INCOMPLETE = {"RETURNED", "TIMED-OUT"}


class TableReader:
    """Reads the rows of one table.

    Parameters
    ----------
    layout : Layout
        Meaning of the columns.
    mapping : mapping of str to str
        Meaning -> column, as the user gave it.
    cells : CellConverter
        How a cell becomes a rating.
    kind : {'human', 'judge'}
        Kind of the raters, where no column says it.
    dimension : str
        Name of the only dimension of a table that names none.
    """

    def __init__(
        self,
        layout: Layout,
        mapping: Mapping[str, str],
        cells: CellConverter,
        kind: RaterKind,
        dimension: str,
    ) -> None:
        self._layout = layout
        self._cells = cells
        self._wanted = cells.wanted
        self._kind = kind
        self._dimension = dimension
        self._samples: dict[str, int] = {}
        self._sample_kinds: set[bool] = set()
        self._columns = layout.columns
        self._submissions: dict[str, int] = {}
        self._ids = RowIds(content_of(mapping), self._wanted.id_from)
        is_value_chosen = "value" in mapping or "value" not in layout.names
        self._value = None if is_value_chosen else layout.names["value"]
        self._is_open = self._reads_all()
        self._texts = layout.silent if self._is_open or self._wanted.raters_in else ()
        self._late: dict[str, str] = {}
        self._no_ratings: set[str] = set()
        self._same_details = None if _DETAILS & layout.names.keys() else self._details({}, "")

    def _reads_all(self) -> bool:
        """Whether no option names the columns, so that a rating in a further one would be lost."""
        if any(one.rater for one in self._layout.ratings):
            by_dimension = self._layout.ratings[0].dimension and self._wanted.dimensions
            return not by_dimension and not self._wanted.raters_in
        is_wide = any(one.dimension for one in self._layout.ratings)
        return is_wide and not self._wanted.dimensions and self._wanted.rubric is None

    def cells(self, row: Object, where: str) -> Iterator[RatingCell]:
        """Yield the ratings in one row."""
        names = self._layout.names
        found = {meaning: row.get(column) for meaning, column in names.items()}
        item_id, rater = name_in(found.get("item_id")), name_in(found.get("rater"))
        if not item_id or ("rater" in names and not rater):
            if not any(map(holds, row.values())):
                return
            item_id = item_id or self._made_id(row, where)
        if not item_id or ("rater" in names and not rater):
            empty = "item_id" if not item_id else "rater"
            raise InputError(f"{where}: column {names[empty]!r} is empty; every rating needs it")
        if self._layout.submission is not None and self._is_rejected(row, self._layout.submission):
            return
        if self._value is None:
            self._check_other_columns(row, where)
        elif not holds(row.get(self._value)):
            self._check_other_values(row, where)
        details = self._same_details or self._details(found, where)
        kind, sample, status, reason, skipped, named, criterion = details
        who: dict[str, Any] = {"item_id": item_id, "rater_kind": kind, "sample": sample}
        for column in self._layout.ratings:
            dimension = column.dimension or named
            if self._wanted.keeps(dimension):
                name = column.rater
                if column.named_in is not None and not (name := self._name_beside(row, column, where)):
                    continue
                who["rater"], who["dimension"] = name or rater or kind, dimension
                who["criterion"] = criterion if dimension == CRITERIA else None
                yield self._cells.cell(
                    f"{where}: column {column.column!r}",
                    who,
                    row.get(column.column),
                    status=status,
                    reason=reason,
                    skipped=skipped,
                    rater_is_named=bool(name or rater),
                    column=column.column,
                )

    def _details(self, found: Mapping[str, Any], where: str) -> tuple[Any, ...]:
        """Kind, sample, status, reason, why skipped, dimension and criterion in a row."""
        return (
            _kind(found.get("kind"), self._kind, where),
            self._sample(found.get("sample"), where),
            _status(found.get("status"), self._layout.names, where),
            found.get("reason"),
            _skipped(found.get("skipped")),
            *self._named(found, where),
        )

    def _name_beside(self, row: Object, column: RatingColumn, where: str) -> str:
        """Rater in the column that names the one of a rating; empty where there is neither."""
        name = name_in(row.get(column.named_in or ""))
        if not name and holds(row.get(column.column)):
            raise InputError(
                f"{where}: column {column.named_in!r} is empty, and {column.column!r} holds a rating; every "
                "rating needs its rater"
            )
        return name

    def _made_id(self, row: Object, where: str) -> str:
        """Id of an item that is made from other columns; empty where a column holds the ids."""
        if "item_id" in self._layout.names:
            return ""
        try:
            return self._ids.of(row)
        except ValueError as problem:
            raise InputError(f"{where}: {problem}") from None

    def notes(self) -> Iterator[str]:
        """Notes about ratings that were left out, and rows that a platform does not count as completed."""
        for name, where in self._late.items():
            yield (
                f"Column {name!r} holds a rating at {where}, and was not read: --raters-in does not name it."
            )
        column = self._layout.submission
        for status, n in self._submissions.items():
            what = "left out" if status in _REJECTED else "read"
            yield f"{counted(n, 'row')} with {column} {status!r} {'was' if n == 1 else 'were'} {what}."

    def _is_rejected(self, row: Object, column: str) -> bool:
        """Whether a row is of a rejected submission to a crowd platform; odd states are counted."""
        status = name_in(row.get(column)).upper()
        if status in _REJECTED or status in _INCOMPLETE:
            self._submissions[status] = self._submissions.get(status, 0) + 1
        return status in _REJECTED

    def _named(self, found: Mapping[str, Any], where: str) -> tuple[str, str | None]:
        """Dimension that a row names, and the criterion where it is about one of the item's criteria."""
        criterion = name_in(found.get("criterion"))
        if criterion and not name_in(found.get("dimension")):
            is_dimension = "dimension" not in self._layout.names and self._wanted.names_dimension(criterion)
            return (criterion, None) if is_dimension else (CRITERIA, criterion)
        dimension = self._named_dimension(found.get("dimension"), where)
        if dimension == CRITERIA and not criterion:
            raise InputError(
                f"{where}: no id of the criterion; a rating on {CRITERIA} needs it in a column 'criterion'. "
                "For another name: --column criterion=NAME"
            )
        return dimension, criterion

    def _named_dimension(self, raw: Any, where: str) -> str:
        """Dimension that a row names; the only one in a table without such a column."""
        name, column = name_in(raw), self._layout.names.get("dimension")
        if column is not None and not name and not self._wanted.dimensions:
            raise InputError(
                f"{where}: column {column!r} is empty; every rating needs its dimension. Name the one that "
                "all such ratings are on with --dimension"
            )
        return name or self._dimension

    def _check_other_columns(self, row: Object, where: str) -> None:
        """Refuse a rating in a column without ratings in the first rows, so that it is not lost."""
        for column in self._texts:
            raw = row.get(column)
            if raw is None or (raw.__class__ is str and raw in self._no_ratings):
                continue
            if self._is_rating(raw):
                if self._is_open:
                    raise self._late_rating(where, column, raw)
                self._late.setdefault(column, where)
            elif isinstance(raw, str) and len(self._no_ratings) < _MOST_KEPT:
                self._no_ratings.add(raw)
        if "value" in self._layout.names or row.keys() <= self._columns:
            return
        for column, raw in row.items():
            if column not in self._columns and self._may_hold_ratings(column) and self._is_rating(raw):
                raise self._late_rating(where, column, raw)

    def _is_rating(self, raw: Any) -> bool:
        return self._wanted.cells.is_rating(self._wanted.cells.value(raw))

    def _late_rating(self, where: str, column: str, raw: Any) -> InputError:
        return InputError(
            f"{where}: column {column!r} holds {raw!r:.40}, and none of the first rows has a rating in it. "
            f"{self._advice()}"
        )

    def _may_hold_ratings(self, column: str) -> bool:
        """Whether a column that the first rows lack may hold ratings that are wanted."""
        return self._wanted.declares(column) or (self._is_open and not is_no_dimension(column))

    def _advice(self) -> str:
        """How to name the columns that are to be read."""
        ratings = self._layout.ratings
        if ratings[0].rater and not ratings[0].dimension:
            return f"Name the raters that are to be read: --raters-in {','.join(c.column for c in ratings)}"
        wide = dict.fromkeys(one.dimension for one in ratings if one.dimension)
        return f"Name the dimensions that are to be read: --dimension {','.join(wide or [self._dimension])}"

    def _check_other_values(self, row: Object, where: str) -> None:
        """Refuse a row whose rating may be in another column with a name of ratings."""
        for column in row:
            if column == self._value or plain(column) not in COLUMNS["value"] or not holds(row[column]):
                continue
            is_rating = any(one.is_rating(one.value(row[column])) for one in self._wanted.readers)
            if is_rating or self._value not in row:
                raise InputError(
                    f"{where}: column {self._value!r} is empty, and column {column!r} holds "
                    f"{row[column]!r:.40}. Say which column holds the ratings: --column value={column} or "
                    f"--column value={self._value}; or use one column for all"
                )

    def _sample(self, raw: Any, where: str) -> int:
        """Number of the sample; other values (an order "AB", "BA") are numbered in order of appearance."""
        if not holds(raw):
            return 0
        number = number_or_none(raw)
        is_name = number is None or not number.is_integer()
        if number is None or is_name:
            number = self._samples.setdefault(str(raw), len(self._samples))
        self._sample_kinds.add(is_name)
        if len(self._sample_kinds) > 1:
            raise InputError(
                f"{where}: found the sample {raw!r:.40}; other rows have "
                f"{'numbers' if is_name else 'names'}. Allowed are whole numbers in all rows, or names in all"
            )
        if not 0 <= number < MOST_SAMPLES:
            raise InputError(
                f"{where}: found the sample {raw!r:.40}; allowed: 0 to {MOST_SAMPLES - 1:,}, or names, which "
                "are numbered in order of appearance"
            )
        return int(number)


def _skipped(raw: Any) -> str | None:
    """Why an item was skipped; empty if the reason is not given, None if the item was not skipped."""
    text = name_in(raw)
    if text.casefold() in ("", "0", "false", "no"):
        return None
    return "" if text.casefold() in ("1", "true", "yes") else text


def _status(raw: Any, names: Mapping[str, str], where: str) -> str:
    status = name_in(raw).lower() or "ok"
    if status not in STATUSES:
        raise InputError(
            f"{where}: column {names['status']!r}: found {raw!r:.40}; allowed: {', '.join(STATUSES)}. "
            "A status of another kind belongs in a column of another name"
        )
    return status


def _kind(raw: Any, default: RaterKind, where: str) -> RaterKind:
    found = name_in(raw).lower()
    if not found:
        return default
    if found == "human" or found == "judge":
        return "human" if found == "human" else "judge"
    raise InputError(f"{where}: found the kind of rater {raw!r:.40}; allowed: human, judge")
