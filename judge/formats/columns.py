"""Layout of a table of ratings: which columns name the item and the rater, and which hold ratings.

A table that can be read in two ways is refused; the error names both readings and the option that decides.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from judge.errors import InputError
from judge.formats.column_advice import as_list, if_ratings, listed, raters_or_dimensions
from judge.formats.rating_columns import COLUMNS, CONTENT, content_of, is_no_dimension
from judge.formats.wanted import Wanted
from judge.formats.wide import (
    RatingColumn,
    named_beside,
    named_raters,
    numbered_raters,
    numbered_raters_by_dimension,
    raters_by_dimension,
)
from judge.items.columns import ColumnFinder, plain
from judge.items.identity import RowIds
from judge.rubric import CRITERIA

_SUBMISSIONS = {"APPROVED", "AWAITING REVIEW", "SUBMITTED", "REJECTED", "RETURNED", "TIMED-OUT", "ACCEPTED"}
_ALMOST_A_NUMBER = re.compile(
    r"[-+]?\d+(?:[.,]\d+)*\s*(?:[½¼¾%]|/\s*\d+|(?:out\s+)?of\s+\d+|or\s+\d+|[-–]\s*\d+|stars?|points?|pts?)?",
    re.I,
)
_PLAIN_VALUE = "value"
_YES_NO = {"yes", "no", "true", "false"}


@dataclass(frozen=True)
class Layout:
    """Meaning of each column of a table.

    Attributes
    ----------
    names : dict
        Meaning -> column.
    ratings : tuple of RatingColumn
        Columns that hold ratings.
    others : tuple of str
        Columns that are not read as ratings.
    silent : tuple of str
        Those of them that hold no rating in the first rows, and may hold one further down.
    submission : str or None
        Column with the status of a submission to a crowd platform.
    notes : tuple of str
        What a user should know about columns that were not read, one sentence each.
    """

    names: dict[str, str]
    ratings: tuple[RatingColumn, ...]
    others: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()
    submission: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def columns(self) -> frozenset[str]:
        """Every column that is known."""
        submission = (self.submission,) if self.submission else ()
        rated = (one.column for one in self.ratings)
        return frozenset((*self.names.values(), *rated, *self.others, *submission))


def layout_of(
    rows: Sequence[tuple[str, Mapping[str, Any]]], mapping: Mapping[str, str], wanted: Wanted
) -> Layout:
    """Find the layout of a table from its first rows.

    Raises
    ------
    InputError
        No column says which item is rated, none holds ratings, or the table can be read in two ways.
    """
    return _Finder(rows, mapping, wanted).layout()


class _Finder:
    """Finds the layout of one table."""

    def __init__(
        self, rows: Sequence[tuple[str, Mapping[str, Any]]], mapping: Mapping[str, str], wanted: Wanted
    ) -> None:
        self.where = rows[0][0]
        self.rows = [row for _, row in rows]
        self.columns = tuple(dict.fromkeys(name for row in self.rows for name in row))
        self.mapping = mapping
        self.wanted = wanted
        self.submission: str | None = None
        self.notes: list[str] = []
        self.names = self._named()
        self.content = frozenset(wanted.id_from)
        if not wanted.id_from and "item_id" not in self.names:
            self.content = self._content_columns()

    def layout(self) -> Layout:
        if self.wanted.raters_in:
            return self._made(self._columns_of_named_raters())
        if "rater" not in self.names and "value" not in self.names and (wide := self._columns_of_raters()):
            return self._made(wide)
        self._free_dimension_column()
        if "value" in self.names and not self._value_is_one_of_several():
            return self._made((RatingColumn(self.names["value"]),))
        if "value" in self.names:
            del self.names["value"]
        return self._made(self._wide_columns())

    def _made(self, ratings: tuple[RatingColumn, ...]) -> Layout:
        taken = {*self.names.values(), *(one.column for one in ratings), self.submission}
        others = tuple(name for name in self.columns if name not in taken)
        notes = (*self.notes, *self._passed_over(ratings, others))
        fields = [c for c in others if c not in self.content and not is_no_dimension(c)]
        silent = tuple(c for c in fields if not self._has_rating(c))
        return Layout(self.names, ratings, others, silent, self.submission, notes)

    def _passed_over(self, ratings: Sequence[RatingColumn], others: Sequence[str]) -> Iterator[str]:
        """Name the columns that hold ratings, or yes and no, and are not read."""
        is_by_rater = any(one.rater for one in ratings)
        is_clear = self.wanted.dimensions or self.wanted.rubric or "dimension" in self.names
        is_clear = self.wanted.raters_in if is_by_rater else is_clear
        free = set() if is_clear else set(others)
        left = [c for c in self._rating_columns(on_scale=True) if c in free]
        if left:
            yield (
                f"Columns {listed(left)} hold values of the scale and were read as fields of the items, not "
                f"as ratings; {if_ratings(left, ratings)}"
            )
        flags = self.wanted.rubric.flags if self.wanted.rubric else ()
        is_wide = not self.wanted.dimensions and any(one.dimension for one in ratings)
        yes_no = [c for c in others if is_wide and c not in flags and self._holds_yes_and_no(c)]
        if yes_no:
            yield (
                f"Columns {listed(yes_no)} hold yes and no, which are off the scale "
                f"({self.wanted.cells.scale}), and were not read."
            )

    def _holds_yes_and_no(self, column: str) -> bool:
        if is_no_dimension(column) or not self.wanted.cells.scale:
            return False
        found = {self.wanted.cells.value(row.get(column)) for row in self.rows} - {None}
        return bool(found) and all(isinstance(v, str) and v.casefold() in _YES_NO for v in found)

    def _named(self) -> dict[str, str]:
        for meaning, column in content_of(self.mapping).items():
            self._check_column(meaning, column)
        names: dict[str, str] = {}
        by_name = {plain(name): name for name in reversed(self.columns)}
        for meaning, aliases in self._meanings():
            wanted = self.mapping.get(meaning)
            if wanted is not None:
                self._check_column(meaning, wanted)
            taken = (*self.mapping.values(), *names.values(), *self.wanted.raters_in)
            free = [by_name[alias] for alias in aliases if alias in by_name and by_name[alias] not in taken]
            found = wanted or next(iter(free), None)
            if found is not None and found not in names.values():
                names[meaning] = found
                if meaning == "item_id" and wanted is None:
                    self._check_ids(free)
        if "status" in names and "status" not in self.mapping and self._is_of_a_platform(names["status"]):
            self.submission = names.pop("status")
        if self.wanted.id_from:
            names.pop("item_id", None)
        elif "item_id" not in names and self._has_content():
            self.notes.append(
                "No column holds ids of items: they are made from the content, as in judge score."
            )
        elif "item_id" not in names:
            raise self._error(
                f"no column says which item is rated; found: {', '.join(self.columns)}; "
                f"allowed names: {', '.join(COLUMNS['item_id'])}. For another name: --column item_id=NAME; "
                "for an id out of several columns: --id-from NAMES; if questions and answers identify the "
                "items: --column question=NAME --column answer=NAME"
            )
        return names

    def _meanings(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Meanings of columns with their names; a column `criterion` may name dimensions or criteria."""
        rubric = self.wanted.rubric
        has_criteria = rubric is not None and rubric.criteria is not None
        if has_criteria:
            yield "criterion", COLUMNS["criterion"]
        yield from ((meaning, names) for meaning, names in COLUMNS.items() if meaning != "criterion")
        named = (row.get(name) for row in self.rows for name in COLUMNS["dimension"])
        if not has_criteria and ("criterion" in self.mapping or CRITERIA in named):
            yield "criterion", COLUMNS["criterion"]

    def _check_column(self, meaning: str, column: str) -> None:
        if column not in self.columns:
            raise self._error(
                f"no column {column!r} for --column {meaning}; found: {', '.join(self.columns)}"
            )

    def _content_columns(self) -> frozenset[str]:
        """Columns of the content from which ids are made; those of declared dimensions are ratings."""
        plan = ColumnFinder(content_of(self.mapping)).plan(tuple(self.rows[0]))
        found = (name for field in CONTENT for name in plan.sources.get(field, ()))
        return frozenset(name for name in found if not self.wanted.declares(name))

    def _has_content(self) -> bool:
        """Whether the rows have a question and an answer, from which an id can be made."""
        try:
            return bool(RowIds(content_of(self.mapping)).of(dict(self.rows[0])))
        except ValueError:
            return False

    def _is_of_a_platform(self, column: str) -> bool:
        """Whether a status is that of a crowd platform's submission, and not of a rating."""
        found = {str(row[column]).strip().upper() for row in self.rows if row.get(column) not in (None, "")}
        return bool(found) and found <= _SUBMISSIONS

    def _check_ids(self, columns: Sequence[str]) -> None:
        """Note other columns that may name the item; refuse them where they distinguish other items."""
        first = columns[0]
        if plain(first) == "item_id":
            return
        for other in columns[1:]:
            pairs = {(_text(row.get(first)), _text(row.get(other))) for row in self.rows}
            by_first, by_other = {a for a, _ in pairs}, {b for _, b in pairs}
            if by_other == {""} or all(a == b for a, b in pairs):
                continue
            if len(by_first) == len(by_other) == len(pairs):
                self.notes.append(
                    f"Items are named by column {first!r}; column {other!r} names them, too. To match by it: "
                    f"--column item_id={other}."
                )
                continue
            raise self._error(
                f"columns {first!r} and {other!r} may both name the item and distinguish different items "
                f"({len(by_first)} and {len(by_other)} different values). Say which one does: "
                f"--column item_id={other} or --column item_id={first}"
            )

    def _columns_of_named_raters(self) -> tuple[RatingColumn, ...]:
        """Columns of the raters that `raters_in` names."""
        raters = self.wanted.raters_in
        if "rater" in self.names:
            raise self._error(
                f"column {self.names['rater']!r} says who rated, and --raters-in names columns of raters; "
                "leave out --raters-in, or rename the column"
            )
        self.names.pop("value", None)
        found = named_raters(self._free(), raters)
        with_column = {one.rater for one in found}
        if missing := [name for name in raters if name.strip() not in with_column]:
            raise self._error(
                f"no column for the raters {listed(missing)} of --raters-in; found: "
                f"{', '.join(self.columns)}{as_list(missing)}"
            )
        if not any(one.dimension for one in found):
            return found
        self._check_no_dimension_column(found)
        kept = tuple(c for c in found if self._is_rating_of(c))
        if not kept:
            raise self._error(f"the columns {listed(c.column for c in found)} hold no ratings")
        return kept

    def _columns_of_raters(self) -> tuple[RatingColumn, ...]:
        """Columns that belong to raters by their names alone."""
        free = [name for name in self._free() if not self.wanted.declares(name)]
        if numbered := numbered_raters(free):
            return self._named_beside(free, numbered) or numbered
        by_number = tuple(c for c in numbered_raters_by_dimension(free) if self._is_rating_of(c))
        ratings = self._rating_columns(free)
        found = by_number or raters_by_dimension(ratings, self.wanted.declares)
        if found:
            self._check_no_dimension_column(found)
        return found

    def _named_beside(
        self, free: Sequence[str], numbered: Sequence[RatingColumn]
    ) -> tuple[RatingColumn, ...]:
        """Columns of ratings beside columns that name their raters, and hold no rating themselves."""
        pairs = tuple(c for c in named_beside(free, COLUMNS["value"]) if self._has_rating(c.column))
        names = {pair.named_in for pair in pairs}
        if not pairs or any(self._has_rating(c.column) for c in numbered):
            return ()
        if not self.wanted.cells.values or names != {c.column for c in numbered}:
            raise self._error(
                f"columns {listed(c.column for c in numbered)} hold texts, and "
                f"{listed(c.column for c in pairs)} hold ratings: the texts may be labels, or the names of "
                "the raters. Declare the scale (--scale), or write one row for each rating, with columns "
                "item_id, rater and value"
            )
        if any(pair.dimension for pair in pairs):
            self._check_no_dimension_column(pairs)
        self.notes.append(
            f"Columns {listed(c.named_in or '' for c in pairs)} name the raters of the ratings in "
            f"{listed(c.column for c in pairs)}."
        )
        return pairs

    def _is_rating_of(self, one: RatingColumn) -> bool:
        """Whether a column of a rater holds ratings on a dimension."""
        name = one.dimension or ""
        return self.wanted.declares(name) or (
            not is_no_dimension(name) and self.wanted.keeps(name) and self._holds_ratings(one.column)
        )

    def _check_no_dimension_column(self, found: Sequence[RatingColumn]) -> None:
        if column := self.names.get("dimension"):
            raise self._error(
                f"column {column!r} names a dimension, and so do the columns "
                f"{listed(c.column for c in found)}; keep one of the two"
            )

    def _free(self) -> list[str]:
        return [name for name in self.columns if name not in self.names.values() and name not in self.content]

    def _free_dimension_column(self) -> None:
        """Take a column called aspect or metric for a dimension, where it holds ratings and no names."""
        column = self.names.get("dimension")
        if column is None or "dimension" in self.mapping:
            return
        if self.wanted.declares(column) or (
            self._holds_ratings(column, on_scale=True) and not self._items_repeat()
        ):
            del self.names["dimension"]

    def _items_repeat(self) -> bool:
        """Whether a rater stands with an item in several rows, as in a table of one row a dimension."""
        keys = [self.names[m] for m in ("item_id", "rater", "sample") if m in self.names]
        pairs = [tuple(str(row.get(key)).strip() for key in keys) for row in self.rows]
        return len(set(pairs)) < len(pairs)

    def _value_is_one_of_several(self) -> bool:
        """Whether the column called score, rating or grade is a dimension beside others."""
        column = self.names["value"]
        if "value" in self.mapping or "dimension" in self.names:
            return False
        if any(self.wanted.declares(name) for name in (column, *self._free())):
            return True
        if self.wanted.dimensions or self.wanted.rubric:
            return False
        return plain(column) != _PLAIN_VALUE and bool(self._rating_columns(on_scale=True))

    def _wide_columns(self) -> tuple[RatingColumn, ...]:
        """One column for each dimension or, beside a column that names dimensions, for each rater."""
        declared = [name for name in self._free() if self.wanted.declares(name)]
        if self.wanted.dimensions and declared:
            return tuple(RatingColumn(name, dimension=name) for name in declared)
        found = list(dict.fromkeys((*declared, *self._rating_columns())))
        if "dimension" in self.names and found:
            raise self._error(
                f"column {self.names['dimension']!r} names a dimension, and columns {listed(found)} hold "
                "ratings: each may be a rater, the only column of ratings, a dimension of its own, or a "
                "number of another kind, as a mean or a length. Name those that are ratings: --raters-in "
                f"{','.join(found)}, --column value={found[0]}, or --dimension {','.join(found)}"
            )
        if "rater" not in self.names and not declared and len(found) > 1:
            raise self._error(raters_or_dimensions(found))
        if self.wanted.dimensions or not found:
            any_of = f"one of {', '.join(self.wanted.dimensions)}"
            needed = any_of if self.wanted.dimensions else "a column with ratings"
            raise self._error(
                f"no ratings; found: {', '.join(self.columns)}; needed: {needed}, or a column 'value'. If "
                "the ratings are words, declare them from the worst to the best: --scale WORST,…,BEST"
            )
        return tuple(RatingColumn(name, dimension=name) for name in found)

    def _rating_columns(self, names: Sequence[str] = (), *, on_scale: bool = False) -> tuple[str, ...]:
        free = [name for name in names or self._free() if not is_no_dimension(name)]
        return tuple(name for name in free if self._holds_ratings(name, on_scale=on_scale))

    def _holds_ratings(self, column: str, *, on_scale: bool = False) -> bool:
        """Whether a column holds a rating in any row, only texts that resemble ratings, or nothing at all."""
        if self._has_rating(column, on_scale=on_scale):
            return True
        cells = self.wanted.cells
        found = [cells.value(row.get(column)) for row in self.rows]
        if not on_scale and set(found) == {None}:
            return True
        texts = [value for value in found if isinstance(value, str)]
        return not cells.labels and bool(texts) and all(map(_ALMOST_A_NUMBER.fullmatch, texts))

    def _has_rating(self, column: str, *, on_scale: bool = False) -> bool:
        """Whether a column holds a rating in any row."""
        for one in self.wanted.readers:
            holds = one.is_on_scale if on_scale else one.is_rating
            if any(holds(one.value(row.get(column))) for row in self.rows):
                return True
        return False

    def _error(self, problem: str) -> InputError:
        return InputError(f"{self.where}: {problem}")


def _text(cell: Any) -> str:
    return "" if cell is None else str(cell).strip()
