"""Whether a verdict in a reply is copied from the item under judgment or from a worked example. Pure.

A verdict is a copy of another one if the other contains all its scores, and either all its reasons are those
of the other, or it has no reason and the other is in the item. A verdict with its own reason is the judge's,
whatever its scores. `docs/reading_replies.md` says what this cannot recognize.
"""

import html
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from judge.records import Item
from judge.rubric import Example, Rubric
from judge.scoring.parsing.json_objects import Objects, find_objects, texts_in
from judge.scoring.parsing.repaired_json import CONTRADICTION
from judge.scoring.parsing.verdicts import Names, ReplyVerdict, merged, verdicts_in

Echo = Literal["same_as_in_item", "same_as_in_example"]
ECHO = "same_as_in_"
"""Beginning of the reason of a score that is missing because its verdict was copied."""

_DEEPEST_TEXT = 3
"""Depth of nesting (texts in objects in texts) that is searched."""
_MOST_CLOSED = 3
"""Largest number of closing braces that are added to the end of a text of an item."""
_OTHER_BRACES = re.compile("[｛﹛\U000e007b]")
_TAG_CHARACTERS = {0xE0000 + code: chr(code) for code in range(0x20, 0x7F)}
_WRITTEN_OUT = re.compile(r"\[U\+([0-9A-F]{4,6})\]")
_BLANK = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")
_ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})|\\([\"\\/])")


@dataclass(frozen=True)
class EmbeddedVerdicts:
    """Verdicts in the texts of an item."""

    verdicts: tuple[ReplyVerdict, ...] = ()
    unknown: bool = False
    """Whether a text is too long and too broken to be searched completely."""

    def __bool__(self) -> bool:
        return self.unknown or any(verdict.scores for verdict in self.verdicts)


_NO_VERDICTS = EmbeddedVerdicts()


def embedded_verdicts(item: Item, names: Names) -> EmbeddedVerdicts:
    """Find verdicts in the texts of an item as in a reply, but starting at every brace."""
    if not may_hold_object("".join((item.answer, item.question, *item.references, *item.choices))):
        return _NO_VERDICTS  # nearly all items; one look is faster than one at each text
    texts = [text for text in _texts(item) if may_hold_object(text)]
    found = list(_objects_in(texts, names))
    verdicts = [
        verdict for objects in found for verdict in verdicts_in(objects.values, names, at_every_depth=True)
    ]
    if len(verdicts) > 1 and (whole := merged(verdicts)):
        verdicts.append(whole)  # a verdict in parts, which a judge may combine
    return EmbeddedVerdicts(tuple(verdicts), any(objects.too_broken for objects in found))


def _objects_in(texts: Iterable[str], names: Names, depth: int = 0) -> Iterator[Objects]:
    """Yield the objects in some texts, and in the texts within those objects."""
    for reading in (reading for text in texts for reading in _readings(text)):
        objects = find_objects(reading, names.is_known, at_every_brace=True)
        yield objects
        if depth < _DEEPEST_TEXT:
            inner = [text for text in texts_in(objects.values) if may_hold_object(text)]
            yield from _objects_in(inner, names, depth + 1)


def example_verdicts(rubric: Rubric, names: Names) -> tuple[ReplyVerdict, ...]:
    """Return the verdicts of the worked examples of a rubric, and those in their texts."""
    found: list[ReplyVerdict] = []
    for example in rubric.examples:
        said = example.verdict
        values = {
            name: str(v) if rubric.dimensions[name].labels else v
            for name, v in said.scores.items()
            if name in rubric.dimensions
        }
        found.append(ReplyVerdict(names, {**said.scores, **values}, dict(said.reasons)))
        found += embedded_verdicts(_as_item(example), names).verdicts
    return tuple(found)


def echo_of(
    verdict: ReplyVerdict, held: EmbeddedVerdicts, shown: Sequence[ReplyVerdict], rubric: Rubric
) -> Echo | None:
    """Return where a verdict is copied from; None if it is the judge's own."""
    if not verdict.scores:
        return None
    has_reason = any(map(str.strip, verdict.reasons.values()))
    if _is_among(verdict, held.verdicts) or (held.unknown and not has_reason):
        return "same_as_in_item"
    if rubric.reasons != "none" and has_reason and _is_among(verdict, shown):
        return "same_as_in_example"
    return None


def is_in_item(item: Item, source: str) -> bool:
    """Whether a text of the item contains a part of a reply, ignoring changes that copying may cause."""
    wanted = normalized(source)
    return any(wanted in normalized(text) for text in _texts(item) if may_hold_object(text))


def is_quoted(item: Item, statement: str) -> bool:
    """Whether a text of the item contains a statement of a reply."""
    wanted = normalized(statement).casefold()
    return any(wanted in normalized(text).casefold() for text in _texts(item))


def _is_among(verdict: ReplyVerdict, others: Iterable[ReplyVerdict]) -> bool:
    """Whether another verdict contains all scores of this one, and all its reasons."""
    return any(
        all(_may_be(other, name, score) for name, score in verdict.scores.items())
        and all(
            normalized(other.reason(name) or "") == normalized(reason)
            for name, reason in verdict.reasons.items()
            if reason.strip()
        )
        for other in others
    )


def _may_be(other: ReplyVerdict, name: str, score: float) -> bool:
    """Whether another verdict has this score, or two contradictory ones of which it may be one."""
    return other.scores.get(name) == score or other.values.get(name) is CONTRADICTION


def normalized(text: str) -> str:
    r"""Remove from a text what may change when it is copied: white space, invisible characters, escapes.

    >>> normalized("So\u202e it [U+003C]is.") == normalized("So it <is.")
    True
    """
    text = _WRITTEN_OUT.sub(_character, text)
    return _BLANK.sub("", _plain(_unescaped(text)))


def may_hold_object(text: str) -> bool:
    """Whether a text contains a brace, a look-alike of one, or an escape sequence that may be one."""
    escaped = "&" in text or "\\u" in text
    return "{" in text or escaped or (not text.isascii() and bool(_OTHER_BRACES.search(text)))


def _texts(item: Item) -> Iterator[str]:
    yield from (item.answer, item.question, *item.references, *item.choices)


def _as_item(example: Example) -> Item:
    return Item(id="example", question=example.question, answer=example.answer, reference=example.reference)


def _readings(text: str) -> Iterator[str]:
    """Yield variants of a text: as it is, as it is displayed, and with escape sequences decoded."""
    plain = _plain(html.unescape(text))
    unescaped = _unescaped(plain)
    open_braces = min(unescaped.count("{") - unescaped.count("}"), _MOST_CLOSED)
    closed = unescaped + "}" * open_braces  # a judge may complete an unfinished object
    return iter(dict.fromkeys((text, plain, unescaped, closed)))


def _plain(text: str) -> str:
    """Normalize look-alike characters; invisible ones are decoded (tag characters) or removed."""
    if text.isascii():
        return text
    text = unicodedata.normalize("NFKC", text.translate(_TAG_CHARACTERS))
    return "".join(c for c in text if unicodedata.category(c) != "Cf" and not "\ufe00" <= c <= "\ufe0f")


def _unescaped(text: str) -> str:
    r"""Decode the JSON escape sequences that quoting adds: ``\"``, ``\/``, ``\\`` and ``\u007b``."""
    return _ESCAPED.sub(lambda match: match[2] or chr(int(match[1], 16)), text) if "\\" in text else text


def _character(match: re.Match[str]) -> str:
    code = int(match[1], 16)
    return chr(code) if code <= 0x10FFFF else match[0]
