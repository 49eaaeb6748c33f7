"""The value of one dimension in a reply -> an outcome: a score, a label, cannot tell, or why there is none.

Pure. A value that is not allowed is no value, with what was found and what is allowed.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

from judge.records import OVERALL, Status
from judge.rubric import CANNOT_TELL, Dimension, Flag, Rubric, RubricScale
from judge.scoring.parsing.repaired_json import CONTRADICTION
from judge.scoring.reply_form import NO_VERDICT


class Outcome(NamedTuple):
    """Result of one reply for one dimension, criterion or flag."""

    value: float | str | None
    status: Status
    reason: str | None


LEAST_MASS = 0.5
"""Smallest total probability of the labels of the scale that gives an expected score."""
_ABSTAINS = float("inf")
"""Number by which two replies that cannot tell are compared; it is never a score."""
_FRACTION = re.compile(r"\s*(-?\d+(?:\.\d+)?)\s*(?:(?:/|out of)\s*(\d{1,9}))?\s*")
_BARE = re.compile(
    r"[\s*_`'\"{\ufeff\u200b]*(?:score|rating|answer)?[\s*_`'\":=]*"
    r"(-?\d+(?:\.\d+)?(?:\s*/\s*\d+)?)[\s*_`'\".}\u200b]*",
    re.I,
)
_LAYOUT = " \t\r\n*_`'\"{}\ufeff\u200b"
"""Characters around a bare reply that say nothing."""
_NUMBERED = re.compile(r"(\d+)\s*(?::|[.)–-]\s)\s*(.+)", re.S)
_MET = dict.fromkeys(("true", "yes", "met", "1"), 1.0) | dict.fromkeys(
    ("false", "no", "not met", "unmet", "0"), 0.0
)


def number(value: Any, scale: RubricScale) -> float | None:
    """Read a number; ``"4"`` is 4, and on a scale up to 5 so are ``"4/5"`` and ``"4 out of 5"``."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value) if abs(value) < 1e9 else None
    match = _FRACTION.fullmatch(value) if isinstance(value, str) else None
    if not match or (match[2] and int(match[2]) != scale.max):
        return None
    return float(match[1])


@dataclass(frozen=True)
class ValueReader:
    """Reads the values of one dimension.

    Attributes
    ----------
    scale : RubricScale
        Its numbers: scores, 0 and 1, or the positions of labels.
    dimension : Dimension or None
        None for the overall score, and for flags.
    abstains : bool
        Whether "cannot tell" is an outcome.
    is_whole : bool
        Whether only whole numbers are scores.
    """

    scale: RubricScale
    dimension: Dimension | None = None
    abstains: bool = False
    is_whole: bool = True

    @classmethod
    def of(cls, rubric: Rubric, name: str) -> "ValueReader":
        """Make the reader of a dimension, or of the overall score that the judge gives."""
        dimension = rubric.dimensions.get(name)
        scale = rubric.scale_of(name) if dimension or name == OVERALL else rubric.scale
        is_answer = dimension is not None or name == OVERALL
        return cls(scale, dimension, rubric.abstain and is_answer, is_whole=name != OVERALL)

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels of a category; none for others."""
        return tuple(self.dimension.labels) if self.dimension else ()

    def code(self, value: Any) -> float | None:
        """Number by which two values are the same one however they are written; None where there is none."""
        if self.abstains and _cannot_tell(value):
            return _ABSTAINS
        kind = self.dimension.type if self.dimension else "score"
        if kind != "score":
            return _named(_as_text(value), _MET if kind == "binary" else self._places)
        return number(value, self.scale)

    def outcome(self, value: Any) -> Outcome:
        """Read a value of a JSON reply."""
        if value is CONTRADICTION:
            return unparsed("given twice with different values")
        code = self.code(value)
        if code == _ABSTAINS:
            return Outcome(None, "abstained", None)
        if self.dimension and self.dimension.type != "score":
            return (
                self._found(code) if code is not None else unparsed(f"found {shown(value)}; {self._allowed}")
            )
        scale = self.scale
        if code is None:
            return unparsed(f"found {shown(value)}; allowed are {scale.min} to {scale.max}")
        if not scale.holds(code):
            return unparsed(f"{shown(value)} is off the scale {scale.min} to {scale.max}")
        if self.is_whole and code != int(code):
            return unparsed(f"{shown(value)} is not a whole number; allowed are whole numbers")
        return Outcome(code, "ok", None)

    def bare(self, text: str) -> Outcome | None:
        """Read a reply of one number; None where it is none."""
        word = text.lstrip(_LAYOUT).rstrip(f"{_LAYOUT}.")
        if self.abstains and (word.upper() == NO_VERDICT or _cannot_tell(text)):
            return Outcome(None, "abstained", None)
        if self.dimension and self.dimension.type == "binary" and word.casefold() in _MET:
            return self.outcome(word)
        if not (match := _BARE.fullmatch(text)):
            return self._bare_label(word)
        if not self.labels:
            return replace(self, is_whole=True).outcome(match[1])
        place = None if "/" in match[1] else float(match[1])  # a label is no share of all labels
        if place is None or place != int(place) or not 1 <= place <= len(self.labels):
            return unparsed(f"found {shown(match[1])}; allowed are 1 to {len(self.labels)}")
        return self._found(place - 1)

    def _bare_label(self, text: str) -> Outcome | None:
        """Read a label in place of its number, or beside it as in the prompt: ``2: minor``."""
        numbered = _NUMBERED.fullmatch(text)
        place = _named(numbered[2] if numbered else text, self._places)
        if place is None or (numbered and place != int(numbered[1]) - 1):
            return None
        return self._found(place)

    def may_go_on(self, text: str) -> bool:
        """Whether a truncated number may be the beginning of another one, as 1 is of 10."""
        match = _BARE.fullmatch(text)
        digits = match[1] if match else ""
        return bool(digits) and any(
            label != digits and label.startswith(digits) for label in map(str, self._bare_numbers)
        )

    def expected(self, probabilities: Mapping[str, float], reply: str | None) -> Outcome:
        """Return the expectation over the labels (G-Eval, Liu et al. 2023); its reason is the distribution.

        It is the expectation given that the reply is a label of the scale. The reason also states the
        probability off the scale and the labels without a known probability. A category has no expectation:
        its outcome is the most probable label.
        """
        numbers = self._bare_numbers
        known = {n: probabilities[str(n)] for n in numbers if str(n) in probabilities}
        cannot_tell = probabilities.get(NO_VERDICT, 0.0) if self.abstains else 0.0
        mass = sum(known.values()) + cannot_tell
        if mass < LEAST_MASS:
            return unparsed(
                f"only {mass:.1%} of the probability is on the scale; the reply would be {shown(reply)}"
            )
        said = ", ".join(f"{self._bare_name(n)}: {p:.4f}" for n, p in known.items())
        if self.abstains:
            said += f", {CANNOT_TELL}: {cannot_tell:.4f}"
        if hidden := [self._bare_name(n) for n in numbers if n not in known]:
            said += f"; not listed: {', '.join(hidden)}"
        reason = f"{said}; off the scale: {max(0.0, 1.0 - mass):.4f}"
        if cannot_tell > sum(known.values()):
            return Outcome(None, "abstained", reason)
        if self.labels:
            return self._found(max(known, key=lambda n: known[n]) - 1)._replace(reason=reason)
        value = sum(n * p for n, p in known.items()) / sum(known.values())
        return Outcome(min(max(value, min(known)), max(known)), "ok", reason)

    @property
    def bare_form(self) -> str:
        """What a reply of one number may be, in words."""
        numbers = self._bare_numbers
        return f"one number from {numbers[0]} to {numbers[-1]}"

    @cached_property
    def _places(self) -> Mapping[str, float]:
        return {label.casefold(): float(place) for place, label in enumerate(self.labels)}

    @property
    def stated(self) -> Mapping[str, float]:
        """Words for the values of a criterion or a category -> their numbers; none for a score."""
        if self.dimension and self.dimension.type == "binary":
            return _MET
        return self._places

    @property
    def _bare_numbers(self) -> range:
        return range(1, len(self.labels) + 1) if self.labels else self.scale.labels

    def _bare_name(self, n: int) -> str:
        return self.labels[n - 1] if self.labels else str(n)

    def _found(self, code: float) -> Outcome:
        return Outcome(self.labels[int(code)] if self.labels else code, "ok", None)

    @property
    def _allowed(self) -> str:
        return f"allowed: {', '.join(self.labels)}" if self.labels else "allowed are true and false"


def read_flag(value: Any, flag: Flag) -> Outcome:
    """Read the value of a flag: a text, or true and false."""
    if flag.type == "text":
        said = "" if value is None else value
        if isinstance(said, str):
            return Outcome(said, "ok", None)
        return unparsed(f"found {shown(value)}; allowed is text")
    known = {"true": 1.0, "yes": 1.0, "false": 0.0, "no": 0.0}
    meant = known.get(str(value).strip().lower()) if isinstance(value, bool | str) else None
    if meant is None:
        return unparsed(f"found {shown(value)}; allowed are true and false")
    return Outcome(meant, "ok", None)


def unparsed(reason: str) -> Outcome:
    """Make the outcome of a value that cannot be read."""
    return Outcome(None, "unparsed", reason)


def shown(value: Any) -> str:
    """Shorten a value for a reason."""
    return repr(value) if len(repr(value)) <= 80 else repr(value)[:77] + "…"


def _as_text(value: Any) -> str | None:
    """A text, a whole number or a boolean as it is written; a criterion or a label may be any of them."""
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else None
    return str(value) if isinstance(value, str | int) else None


def _named(text: str | None, names: Mapping[str, float]) -> float | None:
    """Value of a name, whatever its case; other marks between words count only if no other name is meant."""
    folded = (text or "").strip().casefold()
    if folded in names:
        return names[folded]
    plain = _spelt(folded)
    fitting = {value for name, value in names.items() if _spelt(name) == plain}
    return fitting.pop() if plain and len(fitting) == 1 else None


def _spelt(name: str) -> str:
    """Return a name with one space between its words in place of ``_`` and ``-``, and without a full stop.

    A sign before or after a word stays: -1 is not 1, and the grade A- is not A.
    """
    return re.sub(r"(?<=[^\W_])[\s_-]+(?=[^\W_])", " ", name).rstrip(" .")


def _cannot_tell(value: Any) -> bool:
    return (
        isinstance(value, str) and re.sub(r"[\W_]+", "_", value.strip().casefold()).strip("_") == CANNOT_TELL
    )
