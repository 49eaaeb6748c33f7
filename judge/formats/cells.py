"""Conversion of a cell of a table of ratings into a number, a label, no rating, or an unchanged text."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from judge.records import Status
from judge.rows.text_lines import INVISIBLE
from judge.rubric import BINARY, CRITERIA, Rubric

MISSING = frozenset(
    {"", "-", "–", "—", ".", "?", "n/a", "na", "#n/a", "#na", "n.a.", "n. a.", "nan", "<na>", "none", "null",
     "nil", "k.a.", "k. a.", "keine angabe", "skip",
     "skipped", "missing", "unsure", "not sure", "unknown", "don't know", "no answer"}
)  # fmt: skip
"""Words that mark a missing rating, in lower case, unless they are labels of the declared scale."""

STATUS_WORDS: Mapping[str, Status] = {
    **dict.fromkeys(("cannot_tell", "cannot tell", "can't tell"), "abstained"),
    **dict.fromkeys(("not_applicable", "not applicable"), "not_applicable"),
}
"""Words that say why there is no rating -> status of the score."""

_BOOLEANS = {"true": 1.0, "false": 0.0, "yes": 1.0, "no": 0.0}
_DECIMAL_COMMA = re.compile(r"([-+]?\d+),(\d+)")
_THOUSANDS = re.compile(r"[-+]?[1-9]\d{0,2}(,\d{3})+")
_NUMBER = r"[-+]?\d+(?:[.,]\d+)?"
_WAYS: Mapping[str, re.Pattern[str]] = {
    "a date": re.compile(
        r"\d{4}-\d\d?-\d\d?(?:[T ].*)?|\d\d?([./])\d\d?\1(?:\d\d){1,2}"
        r"|\d\d?[-. ]+[^\W\d]{3,9}\.?(?:[-. ]*\d+)?"
    ),
    "a fraction": re.compile(rf"{_NUMBER}\s*(?:/|(?:out\s+)?of)\s*\d+|\d*\s*[½¼¾]", re.I),
    "a percentage": re.compile(rf"{_NUMBER}\s*%"),
    "a number with a thousands separator or a decimal comma": _THOUSANDS,
    "a number with a decimal comma": re.compile(r"[-+]?\d*,\d+"),
    "a number with separators": re.compile(r"[-+]?\d+(?:[.,]\d+){2,}"),
}
"""Ways of writing numbers that are not read, because they have another reading or another scale."""
_MOST_KEPT = 10_000
_KEPT_TYPES = (str, int, float)
_LABELLED_NUMBER = re.compile(r"([-+]?\d+(?:\.\d+)?)\s*[-–—:.)=]\s+([^\W\d]\D*)")


@dataclass(frozen=True)
class CellReader:
    """How a cell becomes a rating.

    Attributes
    ----------
    values : tuple of float or of str
        The declared scale: numbers, or labels; none where it is not declared.
    missing : tuple of str
        Further words that mark a missing rating; numbers may be among them, as in ``99``.
    decimal_comma : bool
        Whether ``3,5`` is three and a half.
    is_exact : bool
        Whether a number must be one of `values`; otherwise it may lie between two of them, as a mean does.
    """

    values: tuple[Any, ...] = ()
    missing: tuple[str, ...] = ()
    decimal_comma: bool = False
    is_exact: bool = False

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """Labels of the declared scale; none for a scale of numbers or an undeclared one."""
        return self.values if self.values and isinstance(self.values[0], str) else ()

    @cached_property
    def ends(self) -> tuple[float, float] | None:
        """Lowest and highest value of the declared scale; None for labels and where no scale is declared."""
        return None if self.labels or not self.values else (float(self.values[0]), float(self.values[-1]))

    @cached_property
    def scale(self) -> str:
        """The declared scale in words; empty where there is none."""
        if self.labels or not self.values:
            return ", ".join(self.labels)
        if self.is_exact:
            return "yes and no, or 1 and 0"
        return f"numbers from {self.values[0]} to {self.values[-1]}"

    def is_rating(self, value: float | str | None) -> bool:
        """Whether what `value` returned is a number or, on a scale of labels, one of them."""
        if self.is_exact:
            return isinstance(value, float) and value in self.values
        return value in self.labels if self.labels else isinstance(value, float)

    def is_on_scale(self, value: float | str | None) -> bool:
        """Whether what `value` returned is a point of the declared scale; any rating where there is none."""
        return value in self.values if self.values else self.is_rating(value)

    def value(self, raw: Any) -> float | str | None:
        """Rating in a raw value: a number, a label of the scale, None for no rating, or an unchanged text.

        A number may be followed by its label, as in ``4: mostly right``. Yes and true are 1, no and false 0
        where the scale is 0 and 1, or is not declared.

        Examples
        --------
        >>> cells = CellReader()
        >>> cells.value("4: mostly right"), cells.value("Yes"), cells.value("4/5"), cells.value("n/a")
        (4.0, 1.0, '4/5', None)
        >>> CellReader(("none", "some")).value("None")
        'none'
        """
        key = (type(raw), raw) if isinstance(raw, _KEPT_TYPES) else None
        if key in self._read:
            return self._read[key]
        value = self._value(raw)
        if key is not None and len(self._read) < _MOST_KEPT:
            self._read[key] = value
        return value

    def _value(self, raw: Any) -> float | str | None:
        if raw is None or (isinstance(raw, float) and not math.isfinite(raw)):
            return None
        text = raw.strip(INVISIBLE) if isinstance(raw, str) else _as_text(raw)
        word = text.casefold()
        if self.labels and (label := self._labels.get(text) or self._labels.get(word)):
            return label
        if word in MISSING or word in STATUS_WORDS or word in self._missing:
            return None
        if self.labels:
            return text
        number = _BOOLEANS[word] if word in _BOOLEANS and self._takes_booleans else self._number(text)
        if number is None:
            return text
        return None if self.missing and f"{number:g}" in self._missing else number

    def status_of(self, raw: Any) -> Status:
        """Status of a cell without a rating: the rater cannot tell, it does not apply, or it is only missing.

        >>> CellReader().status_of("Cannot tell"), CellReader().status_of("")
        ('abstained', 'skipped')
        """
        return STATUS_WORDS.get(str(raw).strip(INVISIBLE).casefold(), "skipped")

    @cached_property
    def _read(self) -> dict[Any, float | str | None]:
        """Cache of converted cells: a table has many cells and few distinct ones."""
        return {}

    @cached_property
    def _takes_booleans(self) -> bool:
        return not self.values or sorted(self.values) == [0, 1]

    @cached_property
    def _missing(self) -> frozenset[str]:
        return frozenset(word.strip().casefold() for word in self.missing)

    @cached_property
    def _labels(self) -> dict[str, str]:
        """Label -> label, also for its lower case where that names one label only."""
        folded = [label.casefold() for label in self.labels]
        alone = {key: label for key, label in zip(folded, self.labels, strict=True) if folded.count(key) == 1}
        return alone | {label: label for label in self.labels}

    def _number(self, text: str) -> float | None:
        if self.decimal_comma and not _THOUSANDS.fullmatch(text):
            text = _DECIMAL_COMMA.sub(r"\1.\2", text)
        labelled = _LABELLED_NUMBER.fullmatch(text)
        return number_or_none(labelled[1] if labelled else text)


def way_of_writing(text: str) -> str | None:
    """How a text that is no number may be one all the same, as a phrase; None for other texts.

    >>> way_of_writing("4/5"), way_of_writing("80 %"), way_of_writing("fine")
    ('a fraction', 'a percentage', None)
    """
    found = (phrase for phrase, pattern in _WAYS.items() if pattern.fullmatch(text))
    return next(found, None) if text[:1] in "0123456789+-½¼¾,." else None


def has_own_scales(rubric: Rubric | None) -> bool:
    """Whether dimensions of a rubric differ in scale or type, so that each is read on its own scale."""
    if rubric is None:
        return False
    has_scales = any(
        d.type != "score" or d.scale_within(rubric.scale) != rubric.scale for d in rubric.dimensions.values()
    )
    return has_scales or rubric.criteria is not None


def cells_on(name: str, rubric: Rubric | None, cells: CellReader) -> CellReader:
    """Reader of the cells of one dimension; `cells` reads those of a rubric with a single scale.

    Criteria of the items are met or not on every scale.
    """
    if name == CRITERIA:
        return replace(cells, values=tuple(BINARY.labels), is_exact=True)
    if rubric is None or not has_own_scales(rubric) or name not in rubric.scored:
        return cells
    dimension = rubric.dimensions.get(name)
    if dimension is not None and dimension.type == "category":
        return replace(cells, values=tuple(dimension.labels))
    is_exact = dimension is not None and dimension.type == "binary"
    return replace(cells, values=tuple(rubric.scale_of(name).labels), is_exact=is_exact)


def number_or_none(value: Any) -> float | None:
    """Finite number, also out of a text or true and false; None for anything else."""
    if not isinstance(value, bool | int | float | str) or (isinstance(value, str) and "_" in value):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _as_text(value: Any) -> str:
    """Text of a JSON value as people write it: 3 for 3.0, true for true."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
