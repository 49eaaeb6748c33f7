"""Whether a verdict in a reply is copied from the item under judgment or from a worked example. Pure.

A verdict echoes another one if its scores are among the scores of the other, and either all its reasons are
those of the other, or it has no reason and the other stands in the item. A verdict with a reason of its own
is the judge's, whatever its scores. `docs/reading_replies.md` says what this cannot recognise.
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
"""How the reason begins of a score that was lost because its verdict is copied."""

_DEEPEST_TEXT = 3
"""Texts in objects in texts are searched to this depth."""
_MOST_CLOSED = 3
"""Braces that are added to a text of an item where they are missing at its end."""
_OTHER_BRACES = re.compile("[｛﹛\U000e007b]")
_TAG_CHARACTERS = {0xE0000 + code: chr(code) for code in range(0x20, 0x7F)}
_WRITTEN_OUT = re.compile(r"\[U\+([0-9A-F]{4,6})\]")
_BLANK = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")
_ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})|\\([\"\\/])")


@dataclass(frozen=True)
class Held:
    """Verdicts that stand in the texts of an item."""

    verdicts: tuple[ReplyVerdict, ...] = ()
    unknown: bool = False
    """Whether a text is so long and so broken that what it holds cannot be told."""

    def __bool__(self) -> bool:
        return self.unknown or any(verdict.scores for verdict in self.verdicts)


def held_by(item: Item, names: Names) -> Held:
    """Read the texts of an item as a judge's reply is read, only that every brace is a place to look."""
    texts = [text for text in _texts(item) if may_hold_object(text)]
    if not texts:
        return Held()
    found = list(_objects_in(texts, names))
    verdicts = [
        verdict for objects in found for verdict in verdicts_in(objects.values, names, at_every_depth=True)
    ]
    if len(verdicts) > 1 and (whole := merged(verdicts)):
        verdicts.append(whole)  # a verdict in parts, which a judge may put together
    return Held(tuple(verdicts), any(objects.too_broken for objects in found))


def _objects_in(texts: Iterable[str], names: Names, depth: int = 0) -> Iterator[Objects]:
    """Objects in some texts, and in the texts that stand in those objects."""
    for reading in (reading for text in texts for reading in _readings(text)):
        objects = find_objects(reading, names.is_known, at_every_brace=True)
        yield objects
        if depth < _DEEPEST_TEXT:
            inner = [text for text in texts_in(objects.values) if may_hold_object(text)]
            yield from _objects_in(inner, names, depth + 1)


def shown_in(rubric: Rubric, names: Names) -> tuple[ReplyVerdict, ...]:
    """Verdicts of the worked examples of a rubric, and those that stand in their texts."""
    found: list[ReplyVerdict] = []
    for example in rubric.examples:
        said = example.verdict
        scores = {name: float(score) for name, score in said.scores.items()}
        found.append(ReplyVerdict(rubric.scale, dict(scores), dict(said.reasons)))
        found += held_by(_as_item(example), names).verdicts
    return tuple(found)


def echo_of(verdict: ReplyVerdict, held: Held, shown: Sequence[ReplyVerdict], rubric: Rubric) -> Echo | None:
    """Say where a verdict is copied from; None where it is the judge's own."""
    if not verdict.scores:
        return None
    has_reason = any(map(str.strip, verdict.reasons.values()))
    if _is_among(verdict, held.verdicts) or (held.unknown and not has_reason):
        return "same_as_in_item"
    if rubric.reasons != "none" and has_reason and _is_among(verdict, shown):
        return "same_as_in_example"
    return None


def stands_in(item: Item, source: str) -> bool:
    """Whether a piece of a reply stands in a text of the item, but for what may change while it is copied."""
    wanted = squeezed(source)
    return any(wanted in squeezed(text) for text in _texts(item) if may_hold_object(text))


def is_quoted(item: Item, statement: str) -> bool:
    """Whether a statement of a reply stands in a text of the item."""
    wanted = squeezed(statement).casefold()
    return any(wanted in squeezed(text).casefold() for text in _texts(item))


def _is_among(verdict: ReplyVerdict, others: Iterable[ReplyVerdict]) -> bool:
    """Whether another verdict holds all scores of this one, and the same reasons where this one has any."""
    return any(
        all(_may_be(other, name, score) for name, score in verdict.scores.items())
        and all(
            squeezed(other.reason(name) or "") == squeezed(reason)
            for name, reason in verdict.reasons.items()
            if reason.strip()
        )
        for other in others
    )


def _may_be(other: ReplyVerdict, name: str, score: float) -> bool:
    """Whether a score is that of another verdict, or may be one of the two that it gives."""
    return other.scores.get(name) == score or other.values.get(name) is CONTRADICTION


def squeezed(text: str) -> str:
    r"""Leave out of a reason what may change while it is copied: white space, invisible characters, escapes.

    >>> squeezed("So\u202e it [U+003C]is.") == squeezed("So it <is.")
    True
    """
    text = _WRITTEN_OUT.sub(_character, text)
    return _BLANK.sub("", _plain(_unescaped(text)))


def may_hold_object(text: str) -> bool:
    """Whether there is a brace, or what can be one once it is read: another form of it, or an escape."""
    escaped = "&" in text or "\\u" in text
    return "{" in text or escaped or (not text.isascii() and bool(_OTHER_BRACES.search(text)))


def _texts(item: Item) -> Iterator[str]:
    yield from (item.answer, item.question, *item.references, *item.choices)


def _as_item(example: Example) -> Item:
    return Item(id="example", question=example.question, answer=example.answer, reference=example.reference)


def _readings(text: str) -> Iterator[str]:
    """The text as it stands, as a person sees it, and with its escapes read."""
    plain = _plain(html.unescape(text))
    unescaped = _unescaped(plain)
    open_braces = min(unescaped.count("{") - unescaped.count("}"), _MOST_CLOSED)
    closed = unescaped + "}" * open_braces  # a judge may end an object that the text leaves open
    return iter(dict.fromkeys((text, plain, unescaped, closed)))


def _plain(text: str) -> str:
    """Characters of one look as one character; invisible ones are decoded (tags) or left out."""
    if text.isascii():
        return text
    text = unicodedata.normalize("NFKC", text.translate(_TAG_CHARACTERS))
    return "".join(c for c in text if unicodedata.category(c) != "Cf" and not "\ufe00" <= c <= "\ufe0f")


def _unescaped(text: str) -> str:
    r"""Read the escapes of JSON that change what is quoted: ``\"``, ``\/``, ``\\`` and ``\u007b``."""
    return _ESCAPED.sub(lambda match: match[2] or chr(int(match[1], 16)), text) if "\\" in text else text


def _character(match: re.Match[str]) -> str:
    code = int(match[1], 16)
    return chr(code) if code <= 0x10FFFF else match[0]
