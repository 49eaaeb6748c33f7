"""A rating with its place in a file: conversion of raw cells, and check against the declared scale."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from pydantic import TypeAdapter

from judge.counting import counted
from judge.errors import InputError
from judge.formats.cells import CellReader, way_of_writing
from judge.formats.wanted import Wanted
from judge.records import Score

NO_RATING = "no rating"
"""Reason of a score whose cell is empty."""
_ROUNDING = 1e-9
_MOST_KEPT = 100_000
_score_of = TypeAdapter(Score).validator.validate_python
"""`Score.model_validate`, without a call in between for each rating."""


class RatingCell(NamedTuple):
    """One rating of a file.

    Attributes
    ----------
    score : Score
        The rating; without a value, its status and reason say why.
    where : str
        Place in the file, for errors.
    raw : object
        The cell as the file has it.
    rater_is_named : bool
        Whether the file says who rated.
    is_skipped : bool
        Whether the file says that the rater skipped the item, and not only a cell is empty.
    column : str
        Column of the cell in a table.
    note : str
        What the rater wrote beside the rating.
    """

    score: Score
    where: str
    raw: Any = None
    rater_is_named: bool = True
    is_skipped: bool = False
    column: str = ""
    note: str = ""


@dataclass
class _Range:
    low: float
    high: float
    n_off: int = 0

    def __str__(self) -> str:
        return f"{self.low:g}" if self.low == self.high else f"{self.low:g} to {self.high:g}"


@dataclass
class CellConverter:
    """Turns raw cells into ratings, and collects those that are off the declared scale.

    Attributes
    ----------
    wanted : Wanted
        Which ratings are read, and how.
    """

    wanted: Wanted
    _ranges: dict[tuple[str, tuple[float, float]], _Range] = field(default_factory=dict)
    _readers: dict[str, CellReader] = field(default_factory=dict)
    _numbers: dict[tuple[str, str, str], float] = field(default_factory=dict)
    """Value of each cell of one text, rater and dimension that is on the scale."""
    _checked: dict[str, bool] = field(default_factory=dict)
    _first_off: str = ""
    _first_ends: tuple[float, float] = (0.0, 0.0)
    _raters: dict[str, None] = field(default_factory=dict)
    _ways: dict[str, tuple[str, int]] = field(default_factory=dict)

    def cell(
        self,
        where: str,
        who: Mapping[str, Any],
        raw: Any,
        *,
        status: str = "ok",
        reason: Any = None,
        skipped: str | None = None,
        rater_is_named: bool = True,
        column: str = "",
    ) -> RatingCell:
        """Convert one cell; `who` holds the fields of a Score that identify it, `skipped` why there is none.

        Raises
        ------
        InputError
            The cell is no rating although its dimension is declared.
        """
        is_plain = status == "ok" and reason is None and skipped is None and raw.__class__ is str
        key = who["rater"], who["dimension"], raw
        if is_plain and (known := self._numbers.get(key)) is not None:
            return RatingCell(_score_of({**who, "value": known}), where, raw, rater_is_named, False, column)
        cells = self.cells_of(who["dimension"])
        value = cells.value(raw)
        text = str(reason) if holds(reason) else None
        note = "" if text is None or status == "skipped" else text
        if skipped is not None:
            status, text = "skipped", skipped or text
        is_skipped = status == "skipped"
        if status == "ok" and value is None:
            status, text = cells.status_of(raw), text or (f"found {raw!r:.40}" if holds(raw) else NO_RATING)
        is_checked = status == "ok" and self._is_checked(who["dimension"])
        if is_checked and not cells.is_rating(value):
            raise InputError(f"{where}: {who['dimension']} is {raw!r:.60}{_allowed(value, cells)}")
        if is_checked and cells.ends is not None and isinstance(value, float):
            value, is_off = self._on_declared_scale(where, who, value, cells.ends)
            if is_plain and not is_off and len(self._numbers) < _MOST_KEPT:
                self._numbers[key] = value
        if status == "ok" and isinstance(value, str) and not cells.labels:
            self._count_way(where, value)
        score = _score_of(
            {**who, "value": value if status == "ok" else None, "status": status, "reason": text}
        )
        return RatingCell(score, where, raw, rater_is_named, is_skipped, column, note)

    def cells_of(self, dimension: str) -> CellReader:
        """How a cell of one dimension becomes a rating."""
        found = self._readers.get(dimension)
        if found is None:
            found = self._readers[dimension] = self.wanted.cells_of(dimension)
        return found

    def _count_way(self, where: str, text: str) -> None:
        """Count a text that may be a number."""
        if way := way_of_writing(text):
            first, n = self._ways.get(way, (f"{text!r:.40} at {where}", 0))
            self._ways[way] = first, n + 1

    def notes(self) -> Iterator[str]:
        """Name the ratings that were read as texts, although they may be numbers."""
        for way, (first, n) in self._ways.items():
            yield (
                f"Ratings written as {way} were read as texts, not as numbers: {n:,}, the first one {first}."
            )

    def _is_checked(self, dimension: str) -> bool:
        """Whether ratings on a dimension must lie on the declared scale."""
        found = self._checked.get(dimension)
        if found is None:
            found = self._checked[dimension] = self.wanted.checks(dimension)
        return found

    def _on_declared_scale(
        self, where: str, who: Mapping[str, Any], value: float, ends: tuple[float, float]
    ) -> tuple[float, bool]:
        """Rescale the rating of a rater with a scale of its own; remember one that is off the scale.

        Return whether it is off.
        """
        rater = who["rater"]
        if self.wanted.rater_scales:
            self._raters[rater] = None
        if (own := self.wanted.rater_scales.get(rater)) is not None:
            return _rescaled(where, who, value, own, ends), False
        found = self._ranges.get((rater, ends))
        if found is None:
            found = self._ranges[rater, ends] = _Range(value, value)
        if value < found.low:
            found.low = value
        elif value > found.high:
            found.high = value
        is_off = not ends[0] - _ROUNDING <= value <= ends[1] + _ROUNDING
        if is_off:
            found.n_off += 1
            if not self._first_off:
                place = f"{where}: item {who['item_id']!r}, rater {rater!r}: {who['dimension']} is {value:g}"
                self._first_off, self._first_ends = place, ends
        return value, is_off

    def check(self) -> None:
        """Refuse ratings off the declared scale, once all are read.

        Raises
        ------
        InputError
            A rating is off the scale, or `rater_scales` names a rater who is not in the file.
        """
        ends = self.wanted.cells.ends
        if self.wanted.rater_scales and ends is None:
            raise InputError("--rater-scale needs a declared scale of numbers: --scale 1-5, or a rubric")
        if unknown := [name for name in self.wanted.rater_scales if name not in self._raters]:
            raise InputError(
                f"--rater-scale {unknown[0]}: no rating by this rater; found: {', '.join(self._raters)}"
            )
        low, high = self._first_ends
        off = {rater: r for (rater, scale), r in self._ranges.items() if r.n_off and scale == (low, high)}
        if not off:
            return
        who = [f"{name} gives {r}" for name, r in off.items()]
        n_off = sum(found.n_off for found in off.values())
        shown = f"{', '.join(who[:5])}{', …' if len(who) > 5 else ''}"
        raise InputError(
            f"{self._first_off}, off the declared scale ({low:g} to {high:g}); "
            f"{counted(n_off, 'such rating')}: {shown}. Rescale a rater who used another scale: "
            f"--rater-scale {next(iter(off))}=LOW-HIGH; declare the scale that all used: --scale; name codes "
            "of missing ratings: --missing-codes; or name the columns that are dimensions: --dimension"
        )


def _allowed(value: float | str | None, cells: CellReader) -> str:
    """What is allowed instead of a text, and what to do."""
    way = way_of_writing(value) if isinstance(value, str) and not cells.labels else None
    if way is None:
        return (
            f"; allowed are {cells.scale}. Name the codes of missing ratings with --missing-codes, or the "
            "dimensions that are to be read with --dimension"
        )
    comma = " with a decimal point, or separate the cells by semicolons" if "comma" in way else ""
    return f"; allowed are {cells.scale}. This is written as {way}: write numbers of the scale{comma}"


def _rescaled(
    where: str, who: Mapping[str, Any], value: float, own: tuple[float, float], ends: tuple[float, float]
) -> float:
    """Map a value linearly from the rater's scale onto the declared one."""
    if not own[0] <= value <= own[1]:
        raise InputError(
            f"{where}: {who['dimension']} by {who['rater']} is {value:g}, off the scale {own[0]:g} to "
            f"{own[1]:g} of this rater (--rater-scale)"
        )
    low, high = ends
    return low + (value - own[0]) / (own[1] - own[0]) * (high - low)


def holds(raw: Any) -> bool:
    """Whether a cell holds anything: an empty one is null, blank or the NaN of data frames."""
    return raw is not None and raw == raw and (not isinstance(raw, str) or raw.strip() != "")


def name_in(raw: Any) -> str:
    """Text of a cell that names something, without spaces around it; empty where it holds nothing."""
    return str(raw).strip() if holds(raw) else ""
