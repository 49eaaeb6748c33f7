"""Encode what consecutive prompts share only once.

The prompts of a run begin with the same rubric, and those of an item differ in their last lines. A prompt is
encoded from a seam in the text that it shares with an earlier prompt; the tokens before the seam are those of
the earlier one. A seam is used only where the tokens are certain to be those of the whole text:

* at a special token, where every tokenizer splits a text first,
* at the start of a word (as the tokenizer splits a text into words), or of a line if no token of its
  vocabulary goes past the end of a line, if the shared text after it, which is encoded again, gives the same
  tokens as before.

Anything else is encoded as a whole.
"""

import re
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

OVERLAP = 48
"""Tokens of the shared text that are encoded again after the start of a word."""
MARGIN = 12
"""Last tokens of the shared text; they may depend on the text that follows, and are not compared."""
FEWEST_WORDS = 6
"""Fewest words in the part that is compared."""
MOST_KEPT = 8
"""Whole prompts kept: one for each rubric, and one for its criteria, that are in use at the same time."""

_PAST_LINE = re.compile(r"\n[^\n]")


def shared_length(one: str, other: str) -> int:
    """Return the length of the longest common start of two texts.

    Examples
    --------
    >>> shared_length("score clarity", "score relevance")
    6
    """
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


@dataclass(slots=True)
class _Encoded:
    """An encoded prompt: the tokens before `start`, a place in its text, and the encoding of the rest."""

    text: str
    start: int
    before: list[int]
    encoding: Any
    tokens: list[int]
    """Tokens of the encoding."""


class PromptEncoder:
    """Encodes texts as a tokenizer of the library `tokenizers` does, but what they share only once.

    Parameters
    ----------
    tokenizer : tokenizers.Tokenizer
        Must not be used by another thread.
    """

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        added = tokenizer.get_added_tokens_decoder()
        # White space on the left of these, or the character before them, decides whether they are found.
        self._seams = {
            number: token.content
            for number, token in added.items()
            if not (token.lstrip or token.single_word or token.normalized)
        }
        self._has_starts = _has_starts(tokenizer)
        self._splits_lines = self._has_starts and _splits_lines(tokenizer)
        self._longest = max((len(token.content) for token in added.values()), default=0)
        self._whole: OrderedDict[int, _Encoded] = OrderedDict()
        self._last: _Encoded | None = None
        self._number = 0

    def encode(self, text: str) -> list[int]:
        """Return the tokens of a text, without tokens added at its ends."""
        for kept, shared in self._closest(text):
            if resumed := self._resume(kept, shared, text):
                self._last = resumed
                return resumed.before + resumed.tokens
        encoding = self._tokenizer.encode(text, add_special_tokens=False)
        whole = _Encoded(text, 0, [], encoding, encoding.ids)
        self._number += 1
        self._whole[self._number], self._last = whole, None
        if len(self._whole) > MOST_KEPT:
            self._whole.popitem(last=False)
        return whole.tokens

    def _closest(self, text: str) -> Iterator[tuple[_Encoded, int]]:
        """Yield kept prompts with the length of the start that each shares with a text, best first."""
        best, length, place = None, 0, 0
        for number, kept in self._whole.items():
            if (shared := shared_length(kept.text, text)) > length:
                best, length, place = kept, shared, number
        if self._last is not None:
            shared = shared_length(self._last.text, text)
            if shared > max(length, self._last.start):
                yield self._last, shared
        if best is not None:
            self._whole.move_to_end(place)
            yield best, length

    def _resume(self, kept: _Encoded, shared: int, text: str) -> _Encoded | None:
        """Encode a text from the last seam in what it shares with a kept prompt; None if there is no seam."""
        end = _token_before(kept.encoding, shared - kept.start)
        return self._from_word(kept, end, text) or self._from_special(kept, end, shared, text)

    def _from_word(self, kept: _Encoded, end: int, text: str) -> _Encoded | None:
        if not self._has_starts:
            return None
        first, stop = max(0, end - OVERLAP), end - MARGIN
        while first > max(0, end - 4 * OVERLAP) and not self._is_start(kept, first):
            first -= 1
        if first >= stop or not self._is_start(kept, first):
            return None
        words = {kept.encoding.token_to_word(place) for place in range(first, stop)}
        if len(words) < FEWEST_WORDS and not self._splits_lines:
            return None
        resumed = self._encoded(kept, first, text)
        return resumed if resumed.tokens[: stop - first] == kept.tokens[first:stop] else None

    def _is_start(self, kept: _Encoded, place: int) -> bool:
        """Whether a token is the first of a word or line."""
        if place == 0:
            return kept.start > 0  # which is a seam
        encoding = kept.encoding
        start, word = encoding.token_to_chars(place)[0], encoding.token_to_word(place)
        if start != encoding.token_to_chars(place - 1)[1]:
            return False
        if self._splits_lines:
            at = kept.start + start
            return kept.text[at - 1] == "\n" != kept.text[at]
        return bool(word != encoding.token_to_word(place - 1))

    def _from_special(self, kept: _Encoded, end: int, shared: int, text: str) -> _Encoded | None:
        for place in range(end, -1 if kept.start else 0, -1):
            content = self._seams.get(kept.tokens[place])
            if content is None:
                continue
            start = kept.start + kept.encoding.token_to_chars(place)[0]
            # A longer special token may begin at the same place if the text after it is not shared, and a
            # byte outside the vocabulary may have the number of a special token.
            if start + self._longest <= shared and text.startswith(content, start):
                return self._encoded(kept, place, text)
        return None

    def _encoded(self, kept: _Encoded, place: int, text: str) -> _Encoded:
        start = kept.start + kept.encoding.token_to_chars(place)[0]
        encoding = self._tokenizer.encode(text[start:], add_special_tokens=False)
        return _Encoded(text, start, kept.before + kept.tokens[:place], encoding, encoding.ids)


def _token_before(encoding: Any, length: int) -> int:
    """Return the last token that begins in the first `length` characters; -1 if none is found."""
    for character in range(length - 1, max(-1, length - 200), -1):
        place = encoding.char_to_token(character)
        if place is not None:
            return int(place)
    return -1


def _has_starts(tokenizer: Any) -> bool:
    """Whether a word has the same tokens at the beginning of a text: no space is added."""
    alone, in_line = (tokenizer.encode(text, add_special_tokens=False).ids for text in ("x", "x\nx"))
    return bool(alone == in_line[-len(alone) :])


def _splits_lines(tokenizer: Any) -> bool:
    """Whether a tokenizer does not split a text into words, and no token goes past the end of a line.

    Its merges then end at a line end, because none of them has a result in the vocabulary.
    """
    if not getattr(tokenizer.model, "byte_fallback", False):
        return False
    return not any(_PAST_LINE.search(token) for token in tokenizer.get_vocab(with_added_tokens=False))
