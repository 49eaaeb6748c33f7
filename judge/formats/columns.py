"""Where everything stands in a table of ratings: which column names the item, which are dimensions.

What could be meant in two ways is refused by name, so that no dimension is lost without a word.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from judge.errors import InputError
from judge.formats.cells import CellReader
from judge.rubric import Rubric

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "item_id": ("item_id", "item", "id", "question_id", "instance", "instance_id"),
    "rater": (
        *("rater", "rater_id", "annotator", "annotator_id", "user", "worker", "worker_id", "workerid"),
        *("coder", "participant", "participant_id", "judge"),
    ),
    "dimension": ("dimension", "criterion", "aspect", "metric"),
    "value": ("value", "score", "rating", "label", "grade"),
    "kind": ("rater_kind", "rater_type"),
    "sample": ("sample",),
    "status": ("status",),
    "reason": ("reason", "comment", "note", "explanation"),
}
"""What a column of a ratings table means -> its names; `map` names any other."""

_NO_DIMENSION = {
    *(name for meaning, names in COLUMNS.items() if meaning not in ("dimension", "value") for name in names),
    "question", "answer", "reference", "system", "model", "images", "image", "choices", "gold", "text",
    "skipped", "created_at", "updated_at", "lead_time", "annotation_id", "seconds", "time", "timestamp",
    "saved", "n", "position", "pair_id", "condition", "order", "weight", "probability", "stratum",
    "checks_missed", "checks_seen",
    # crowd platforms: Prolific, Mechanical Turk, Label Studio, survey tools
    "time_taken", "duration", "duration_(in_seconds)", "age", "started_at", "completed_at", "session_id",
    "study_id", "submission_id", "project_id", "task_id", "response_id", "worktimeinseconds", "hitid",
    "hittypeid", "assignmentid", "maxassignments", "reward", "lifetimeapprovalrate", "last30daysapprovalrate",
    "last7daysapprovalrate", "total_approvals", "trust", "_trust", "progress",
    "finished",
    # pandas
    "", "index", "level_0", "__index_level_0__",
}  # fmt: skip
_SUBMISSIONS = {"APPROVED", "AWAITING REVIEW", "SUBMITTED", "REJECTED", "RETURNED", "TIMED-OUT", "ACCEPTED"}
_RATER_COLUMN = re.compile(r"(?:human|rater|annotator|coder|reviewer|expert|judge)[ _-]?\d+", re.I)
_ALMOST_A_NUMBER = re.compile(
    r"[-+]?\d+(?:[.,]\d+)*\s*(?:[½¼¾%]|/\s*\d+|(?:out\s+)?of\s+\d+|or\s+\d+|[-–]\s*\d+|stars?|points?|pts?)?",
    re.I,
)
_PLAIN_VALUE = "value"


@dataclass(frozen=True)
class Wanted:
    """What is looked for in a file of ratings.

    Attributes
    ----------
    dimensions : tuple of str
        Only these; none: all.
    rubric : Rubric or None
        Names the dimensions, and other names for them.
    cells : CellReader
        How a cell becomes a rating.
    """

    dimensions: tuple[str, ...] = ()
    rubric: Rubric | None = None
    cells: CellReader = field(default_factory=CellReader)

    def proper(self, name: str) -> str:
        """Name of the rubric's dimension that `name` means, else `name`."""
        return (self.rubric.canonical_name(name) if self.rubric else None) or name

    def declares(self, name: str) -> bool:
        """Whether `name` is a dimension that is asked for or, where none is, one of the rubric's."""
        if self.dimensions:
            return self.proper(name) in map(self.proper, self.dimensions)
        return self.rubric is not None and self.proper(name) in self.rubric.scored

    def keeps(self, name: str) -> bool:
        """Whether ratings on `name` are read at all."""
        return not self.dimensions or self.declares(name)

    def checks(self, name: str) -> bool:
        """Whether ratings on `name` must lie on the declared scale."""
        return self.cells.scale != "" and (self.declares(name) if self.rubric else self.keeps(name))


@dataclass(frozen=True)
class Layout:
    """Where everything stands in a table."""

    names: dict[str, str]
    """Meaning -> column."""
    wide: tuple[str, ...] = ()
    """Columns of which each is a dimension, or each is a rater; none in a long table."""
    wide_is_raters: bool = False
    others: tuple[str, ...] = ()
    """Columns that hold no rating as far as is known."""

    passed_over: tuple[str, ...] = ()
    """Those of them that hold ratings all the same, so that a user must be told."""

    @property
    def columns(self) -> frozenset[str]:
        """Every column that is known."""
        return frozenset((*self.names.values(), *self.wide, *self.others))


def layout_of(
    rows: Sequence[tuple[str, Mapping[str, Any]]], mapping: Mapping[str, str], wanted: Wanted
) -> Layout:
    """Tell the layout of a table from its first rows.

    Raises
    ------
    InputError
        No column says which item is rated, none holds ratings, or columns can be meant in two ways.
    """
    return _Finder(rows, mapping, wanted).layout()


def is_no_dimension(column: str) -> bool:
    """Whether a column is known to hold something else than ratings."""
    plain = _plain(column)
    return (
        plain in _NO_DIMENSION or plain.startswith(("unnamed:", "input.", "answer.")) or plain.endswith("_id")
    )


def _plain(name: str) -> str:
    return re.sub(r"[\s-]+", "_", name.strip().lower())


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
        self.names = self._named()

    def layout(self) -> Layout:
        if "rater" not in self.names and (raters := self._rater_columns()):
            return self._made(raters, wide_is_raters=True)
        self._free_dimension_column()
        if "value" in self.names and not self._value_is_one_of_several():
            return self._made(())
        if "value" in self.names:
            del self.names["value"]
        return self._made(self._dimension_columns())

    def _made(self, wide: tuple[str, ...], *, wide_is_raters: bool = False) -> Layout:
        taken = {*self.names.values(), *wide}
        others = tuple(name for name in self.columns if name not in taken)
        is_clear = self.wanted.dimensions or self.wanted.rubric or "dimension" in self.names
        passed_over = () if is_clear else self._rating_columns(on_scale=True)
        left = tuple(name for name in passed_over if name in others)
        return Layout(self.names, wide, wide_is_raters, others, left)

    def _named(self) -> dict[str, str]:
        names: dict[str, str] = {}
        plain = {_plain(name): name for name in reversed(self.columns)}
        for meaning, aliases in COLUMNS.items():
            wanted = self.mapping.get(meaning)
            if wanted is not None and wanted not in self.columns:
                raise self._error(
                    f"no column {wanted!r} for --column {meaning}; found: {', '.join(self.columns)}"
                )
            free = (plain[alias] for alias in aliases if alias in plain)
            found = wanted or next((name for name in free if name not in self.mapping.values()), None)
            if found is not None and found not in names.values():
                names[meaning] = found
        if "status" in names and "status" not in self.mapping and self._is_of_a_platform(names["status"]):
            del names["status"]
        if "item_id" not in names:
            raise self._error(
                f"no column says which item is rated; found: {', '.join(self.columns)}; "
                f"allowed names: {', '.join(COLUMNS['item_id'])}. For another name: --column item_id=NAME"
            )
        return names

    def _is_of_a_platform(self, column: str) -> bool:
        """Whether a status is that of a crowd platform's submission, and not of a rating."""
        found = {str(row[column]).strip().upper() for row in self.rows if row.get(column) not in (None, "")}
        return bool(found) and found <= _SUBMISSIONS

    def _rater_columns(self) -> tuple[str, ...]:
        if "value" in self.names:
            return ()
        return tuple(name for name in self._free() if _RATER_COLUMN.fullmatch(name))

    def _free(self) -> list[str]:
        return [name for name in self.columns if name not in self.names.values()]

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
        return _plain(column) != _PLAIN_VALUE and bool(self._rating_columns(on_scale=True))

    def _dimension_columns(self) -> tuple[str, ...]:
        declared = tuple(name for name in self._free() if self.wanted.declares(name))
        if self.wanted.dimensions and declared:
            return declared
        found = tuple(dict.fromkeys((*declared, *self._rating_columns())))
        if self.wanted.dimensions or not found:
            needed = (
                f"one of {', '.join(self.wanted.dimensions)}"
                if self.wanted.dimensions
                else "a column with ratings"
            )
            raise self._error(
                f"no ratings; found: {', '.join(self.columns)}; needed: {needed}, or a column 'value'"
            )
        self._check_names_of_dimensions(found)
        if "rater" not in self.names and not declared and len(found) > 1:
            raise self._error(
                f"no column says who rated, and {_listed(found)} hold ratings. One column for each rater is "
                "not read: write one row a rating (item_id, rater, dimension, value), or name the columns "
                f"rater_1, rater_2, … For dimensions that one person rated: --dimension {','.join(found)}"
            )
        return found

    def _check_names_of_dimensions(self, found: tuple[str, ...]) -> None:
        """Refuse names of dimensions beside columns of ratings: whose or which they are is not said."""
        column = self.names.get("dimension")
        if column is None:
            return
        raise self._error(
            f"column {column!r} names a dimension, and no column is known to hold the ratings on it; found: "
            f"{_listed(found)}. One column for each rater is not read: write one row a rating (item_id, "
            "rater, dimension, value), or name the columns rater_1, rater_2, … One column with all "
            "ratings: --column value=NAME"
        )

    def _rating_columns(self, *, on_scale: bool = False) -> tuple[str, ...]:
        free = [name for name in self._free() if not is_no_dimension(name)]
        return tuple(name for name in free if self._holds_ratings(name, on_scale=on_scale))

    def _holds_ratings(self, column: str, *, on_scale: bool = False) -> bool:
        """Whether a column holds a rating in any of the rows, what was meant for one, or nothing at all."""
        cells = self.wanted.cells
        holds = cells.is_on_scale if on_scale else cells.is_rating
        found = [cells.value(row.get(column)) for row in self.rows]
        if any(map(holds, found)) or (not on_scale and set(found) == {None}):
            return True
        texts = [value for value in found if isinstance(value, str)]
        return not cells.labels and bool(texts) and all(map(_ALMOST_A_NUMBER.fullmatch, texts))

    def _error(self, problem: str) -> InputError:
        return InputError(f"{self.where}: {problem}")


def _listed(names: Iterable[str]) -> str:
    return ", ".join(map(repr, names))
