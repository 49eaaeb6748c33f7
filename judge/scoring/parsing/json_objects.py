"""Find the JSON objects in a text. Pure, and linear in the length of the text.

The content of an object that cannot be read is not searched, because it may be a quotation. Only in texts
that are not a judge's (answers that may contain something like a verdict) the search starts at every brace.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from judge.scoring.parsing.repaired_json import (
    GAP,
    KEY,
    QUOTES,
    NotRepairable,
    Repaired,
    repair,
    without_contradictions,
)

IsKnown = Callable[[str], bool]
"""Whether a key is expected in a reply."""


def _integer(digits: str) -> int | float:
    """Convert long integers to float, because Python refuses to convert more than 4,300 digits to int."""
    return int(digits) if len(digits) < 400 else float(digits)


_DECODER = json.JSONDecoder(object_pairs_hook=without_contradictions, parse_int=_integer, strict=False)
_START = re.compile(r"\{(?=\s*+(?:([\"}])|['“‘/#]|[^\W\d]))")
_GAP = re.compile(GAP)
_KEY = re.compile(KEY)
_QUOTED = re.compile(rf"(?=[{QUOTES}]([^{QUOTES}\n]{{1,120}})[{QUOTES}])")
_BRACE_OR_TEXT = re.compile(r'"(?:[^"\\]|\\.)*+"|[{}]', re.S)
_BRACE = re.compile(r"[{}]")


@dataclass
class Objects:
    """Objects found in one text."""

    values: list[dict[str, Any]] = field(default_factory=list)
    """The outermost objects."""
    spans: list[tuple[int, int]] = field(default_factory=list)
    """Start and end of each of them."""
    broken: list[str] = field(default_factory=list)
    """Parts of the text that begin like an object and cannot be read."""
    too_broken: bool = False
    """Whether the search was stopped, because almost all of a long text is broken."""


def find_objects(text: str, is_known: IsKnown, *, at_every_brace: bool = False) -> Objects:
    """Find the outermost JSON objects of a text; those with wrong punctuation are repaired.

    Parameters
    ----------
    text : str
        The text to search.
    is_known : callable
        Whether a key is expected. A repaired object counts only if all its keys are, if no comment in it
        contains a number, and if no repaired text in it contains an expected key in quotes (an unescaped
        quotation may have been read as keys).
    at_every_brace : bool
        Whether to search inside unreadable objects, too, and to accept every repaired object.
    """
    search = _Search(text, is_known, at_every_brace)
    search.run()
    return search.found


class _Search:
    """One pass over a text."""

    def __init__(self, text: str, is_known: IsKnown, at_every_brace: bool) -> None:
        self.text = text
        self.is_known = is_known
        self.at_every_brace = at_every_brace
        self.found = Objects()
        self.budget = 200_000 + 4 * len(text)
        """Number of characters that may still be read without success."""

    def run(self) -> None:
        position = 0
        while self.budget > 0 and (match := _START.search(self.text, position)):
            start = match.start()
            position = (match[1] and self._decode(start)) or self._repair_or_skip(start)
        self.found.too_broken = self.budget <= 0

    def _decode(self, start: int) -> int:
        """Read the object at `start` if it is valid JSON; return its end, or 0."""
        try:
            value, end = _DECODER.raw_decode(self.text, start)
        except (ValueError, RecursionError) as error:
            read = error.pos if isinstance(error, json.JSONDecodeError) else len(self.text)
            self.budget -= read - start + start // 500  # creating the error counts the lines before it
            return 0
        self._add(value, start, end)
        return end

    def _add(self, value: dict[str, Any], start: int, end: int) -> None:
        self.found.values.append(value)
        self.found.spans.append((start, end))

    def _repair_or_skip(self, start: int) -> int:
        """Repair the object at `start`, or record it as broken; return where to continue."""
        gap = _GAP.match(self.text, start + 1)
        after = gap.end() if gap else start + 1
        self.budget -= after - start
        key = _KEY.match(self.text, after)
        if not key:
            return start + 1
        try:
            repaired = repair(self.text, start)
        except NotRepairable as error:
            self.budget -= 8 * (error.position - start)
            if self.at_every_brace or (key["bare"] and not self.is_known(key["bare"].strip())):
                return start + 1
            end = self._end_of_broken(start)
            self.found.broken.append(self.text[start:end])
            return end
        if self.at_every_brace or _is_certain(repaired, self.is_known):
            self._add(repaired.value, start, repaired.end)
        else:
            self.found.broken.append(self.text[start : repaired.end])
        return repaired.end

    def _end_of_broken(self, start: int) -> int:
        """Return the end of an unreadable object: the farther one of those with and without regard to quotes.

        An object that is never closed extends to the end of the text.
        """
        ends = [_closing(self.text, start, pieces) for pieces in (_BRACE_OR_TEXT, _BRACE)]
        self.budget -= sum((end or len(self.text)) - start for end in ends)
        return max(ends) or len(self.text)


def texts_in(values: Iterable[Any]) -> Iterator[str]:
    """Yield all texts that are values in some objects, at any depth."""
    waiting = list(values)
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict | list):
            waiting += value.values() if isinstance(value, dict) else value


def keys_in(text: str) -> list[str]:
    """Return every text between two consecutive quotes, each of which may be a key."""
    return [key.strip() for key in _QUOTED.findall(text)]


def _is_certain(repaired: Repaired, is_known: IsKnown) -> bool:
    """Whether a repaired object contains only expected content.

    A text in it may include a key by mistake, and a comment with a number may correct a score.
    """
    quoted = (key for text in repaired.texts for key in keys_in(text))
    return all(map(is_known, repaired.keys)) and not repaired.comments and not any(map(is_known, quoted))


def _closing(text: str, start: int, pieces: re.Pattern[str]) -> int:
    """Return the position after the brace that closes the one at `start`; 0 if there is none."""
    depth = 0
    for match in pieces.finditer(text, start):
        depth += {"{": 1, "}": -1}.get(match[0], 0)
        if depth == 0:
            return match.end()
    return 0
