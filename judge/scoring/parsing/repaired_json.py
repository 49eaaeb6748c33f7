"""Repair JSON with wrong punctuation. Pure.

Only punctuation is repaired: other kinds of quotes, unescaped quotes inside a text, missing or trailing
commas, comments, keys without quotes, and the literals of Python. Words and numbers are read as whole tokens:
``4 out of 10``, ``3 or 4``, ``2 -> 4``, ``4½`` or ``1 000`` in place of a value is an error and not a value.
Closing brackets are never added, because a truncated text may end in the middle of a number.
"""

import json
import re
from collections.abc import Iterable
from typing import Any, NamedTuple

CONTRADICTION = type("Contradiction", (), {"__repr__": lambda _: "two different values"})()
"""Value of a key that an object contains twice with different values."""
LONGEST = 100_000
"""Largest length in characters of an object that is repaired."""
_DEEPEST = 24

_CLOSING = {'"': '"', "'": "'", "“": "”", "‘": "’"}
QUOTES = "\"'“”‘’"

# White space and comments. Comments are limited in length and nothing backtracks, for speed on broken text.
GAP = r"(?:\s++|//[^\n]{0,300}+(?=\n)|#[^\n]{0,300}+(?=\n)|/\*(?:[^*]|\*(?!/)){0,300}+\*/){0,40}+"
_BARE_KEY = r"[^\W\d][\w .-]{0,60}+"
KEY = rf"(?:[\"'“‘](?P<key>[^{QUOTES}\n]{{1,120}})[\"'”’]|(?P<bare>{_BARE_KEY}))\s*+:"
_QUOTED_KEY = r"(?:\"[^\"\n]{1,120}\"|'[^'\n]{1,120}'|“[^”\n]{1,120}”|‘[^’\n]{1,120}’)\s*+:"

_GAP = re.compile(GAP)
_BARE = re.compile(_BARE_KEY)
_NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,30})(?:\.\d{1,30})?(?:[eE][+-]?\d{1,3})?(?![^\s,}\]/#])")
_LITERAL = re.compile(r"(true|false|null|True|False|None)\b")
_LITERALS = {"true": True, "false": False, "null": None, "True": True, "False": False, "None": None}
_END_OF_TEXT = re.compile(rf"{GAP}(?:[}}\]]|,{GAP}(?:[}}\]]|{_QUOTED_KEY}|{_BARE_KEY}\s*+:)|{_QUOTED_KEY})")
_END_OF_ENTRY = re.compile(rf"{GAP}[,\]]")
_END_OF_KEY = re.compile(r"\s*+:")
_NEXT_KEY = re.compile(_QUOTED_KEY)
_ENDS = {quote: re.compile(rf"\\.|({re.escape(closing)})", re.S) for quote, closing in _CLOSING.items()}
_VALID_TEXT = re.compile(r'"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*+"')
_TO_ESCAPE = re.compile(r"\\(?:u[0-9a-fA-F]{4}|[\"\\/bfnrt])|\\(.)|(\")", re.S)


class NotRepairable(ValueError):
    """The text is not a JSON object, even with its punctuation repaired; `position` is that of the error."""

    def __init__(self, position: int) -> None:
        super().__init__(f"not JSON at {position}")
        self.position = position


class Repaired(NamedTuple):
    """A repaired object, and details of the repair."""

    value: dict[str, Any]
    end: int
    keys: list[str]
    texts: list[str]
    """Texts that were not valid JSON strings."""
    comments: list[str]
    """Comments that contain a number, which may correct a score."""


def repair(text: str, start: int) -> Repaired:
    """Read the object that begins with the brace at `start`.

    Raises
    ------
    NotRepairable
        Something other than punctuation is wrong, or the object is never closed.

    Examples
    --------
    >>> repair("{'a': 4, b: 2,}", 0).value
    {'a': 4, 'b': 2}
    >>> repair("{'a': 4 out of 10}", 0)
    Traceback (most recent call last):
    judge.scoring.parsing.repaired_json.NotRepairable: not JSON at 8
    """
    reader = _RepairReader(text[start : start + LONGEST])
    try:
        value, end = reader.object(0, 0)
    except NotRepairable as error:
        raise NotRepairable(start + error.position) from None
    return Repaired(value, start + end, reader.keys, reader.texts, reader.comments)


def without_contradictions(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Build a dict in which a key with two different values has the value `CONTRADICTION`."""
    found: dict[str, Any] = {}
    for key, value in pairs:
        differs = key in found and (
            found[key] != value or isinstance(value, bool) != isinstance(found[key], bool)
        )
        found[key] = CONTRADICTION if differs else value
    return found


class _RepairReader:
    """Recursive-descent parser; every method returns the value that it read and the position after it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.keys: list[str] = []
        self.texts: list[str] = []
        self.comments: list[str] = []

    def object(self, start: int, depth: int) -> tuple[dict[str, Any], int]:
        if depth > _DEEPEST:
            raise NotRepairable(start)
        pairs: list[tuple[str, Any]] = []
        position = self._after_gap(start + 1)
        while not self._stands("}", position):
            key, position = self._key(position)
            value, position = self._value(self._after_gap(position), depth, _END_OF_TEXT)
            pairs.append((key, value))
            position = self._after_separator(position, "}")
        return without_contradictions(pairs), position + 1

    def _list(self, start: int, depth: int) -> tuple[list[Any], int]:
        if depth > _DEEPEST:
            raise NotRepairable(start)
        values: list[Any] = []
        position = self._after_gap(start + 1)
        while not self._stands("]", position):
            value, position = self._value(position, depth, _END_OF_ENTRY)
            values.append(value)
            position = self._after_separator(position, "]")
        return values, position + 1

    def _after_separator(self, position: int, closing: str) -> int:
        """Skip the comma after a value; before another quoted key it may be missing."""
        position = self._after_gap(position)
        if self._stands(",", position):
            return self._after_gap(position + 1)
        if self._stands(closing, position) or (closing == "}" and _NEXT_KEY.match(self.text, position)):
            return position
        raise NotRepairable(position)

    def _key(self, start: int) -> tuple[str, int]:
        if self.text[start : start + 1] in _CLOSING:
            key, position = self._string(start, _END_OF_KEY)
        elif match := _BARE.match(self.text, start):
            key, position = match[0].rstrip(), match.end()
        else:
            raise NotRepairable(start)
        match = _END_OF_KEY.match(self.text, position)
        if not match:
            raise NotRepairable(position)
        self.keys.append(key)
        return key, match.end()

    def _value(self, start: int, depth: int, end_of_text: re.Pattern[str]) -> tuple[Any, int]:
        first = self.text[start : start + 1]
        if first == "{":
            return self.object(start, depth + 1)
        if first == "[":
            return self._list(start, depth + 1)
        if first in _CLOSING:
            return self._string(start, end_of_text)
        if match := _NUMBER.match(self.text, start):
            return self._number(match)
        if match := _LITERAL.match(self.text, start):
            return _LITERALS[match[0]], match.end()
        raise NotRepairable(start)

    def _number(self, match: re.Match[str]) -> tuple[int | float, int]:
        """Read a number in its canonical form: ``4`` and ``4.0``, not ``4e0``."""
        value = json.loads(match[0])
        if json.dumps(value) != match[0]:
            raise NotRepairable(match.start())
        return value, match.end()

    def _string(self, start: int, end: re.Pattern[str]) -> tuple[str, int]:
        """Read a text; it ends at the first quote of its kind that is followed by valid punctuation."""
        for match in _ENDS[self.text[start]].finditer(self.text, start + 1):
            if match[1] and end.match(self.text, match.end()):
                found = _decoded(self.text[start + 1 : match.start()])
                if not _VALID_TEXT.fullmatch(self.text, start, match.end()):
                    self.texts.append(found)
                return found, match.end()
        raise NotRepairable(len(self.text))

    def _after_gap(self, position: int) -> int:
        match = _GAP.match(self.text, position)
        if match and any(map(str.isdecimal, match[0])):
            self.comments.append(match[0])
        return match.end() if match else position

    def _stands(self, character: str, position: int) -> bool:
        if position >= len(self.text):
            raise NotRepairable(position)
        return self.text[position] == character


def _decoded(body: str) -> str:
    """Decode the escape sequences of a text; a backslash that escapes nothing is kept."""
    if "\\" not in body:
        return body
    return str(json.loads(f'"{_TO_ESCAPE.sub(_escaped, body)}"', strict=False))


def _escaped(match: re.Match[str]) -> str:
    if match[2]:
        return '\\"'
    if match[1]:
        return match[1] if match[1] in QUOTES else f"\\\\{match[1]}"
    return match[0]
