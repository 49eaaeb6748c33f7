"""Read verdicts (dimension -> score and reason) from JSON objects. Pure.

Replies, texts of items and worked examples of rubrics are all read here, so that a copied verdict can be
recognized in whatever form it is written.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

from judge.records import OVERALL
from judge.rubric import CRITERIA, Rubric
from judge.scoring.parsing.repaired_json import CONTRADICTION
from judge.scoring.parsing.values import ValueReader
from judge.scoring.reply_form import VALUE_KEYS

_GROUPS = frozenset({"dimension_scores", "dimensions", "scores"})
_REASONS = (
    *("explanation", "reason", "reasoning", "rationale"),
    *("justification", "comment", "feedback", "analysis"),
)
_SCORES = ("score", "value", "rating")
_LABELS = ("name", "dimension", "criterion", "aspect", "metric")
_IDS = ("id", "criterion_id")
"""Keys under which a criterion is named in a list, where criteria are all that is asked for."""
_STRUCTURE = frozenset({*_GROUPS, *_REASONS, *_SCORES, *_LABELS})
_ENDS = frozenset({"max", "max_score", "maximum", "maximum_score", "out_of", "scale_max"})
"""Keys beside a score that give the end of its scale."""
_CORRECTING = frozenset(
    {"final", "revised", "corrected", "correction", "updated", "adjusted", "new", "actual"}
)
"""Words in a key that mark a score, or a whole verdict, as a replacement of another one."""

_AFFIX = re.compile(r"^(?:score|rating)|(?:score|rating)$")
_AFFIX_OF_CRITERIA = re.compile(r"^(?:score|rating|criterion)|(?:score|rating)$")
_PLACEHOLDER = re.compile(r"\W*(?:…|\.\.\.)\W*|\s*<[^<>]*>\s*")


class Names:
    """Meaning of the keys of an object for a rubric."""

    def __init__(self, rubric: Rubric) -> None:
        aliases = {alias: name for name, d in rubric.dimensions.items() for alias in d.aliases}
        own = dict.fromkeys((*rubric.dimensions, *rubric.flags, OVERALL))
        self.dimensions = rubric.dimensions
        self.flags = rubric.flags
        self.decisive = frozenset(rubric.dimensions or rubric.flags)
        """Names of which a verdict has at least one; flags count only where nothing else is asked for."""
        self._readers = {name: ValueReader.of(rubric, name) for name in own}
        types = {dimension.type for dimension in rubric.dimensions.values()}
        self.value_keys = (*_SCORES, *(VALUE_KEYS[kind] for kind in sorted(types - {"score"})))
        self._value_keys = {n: {*_SCORES, VALUE_KEYS[d.type]} for n, d in rubric.dimensions.items()}
        self.ids = _IDS if types == {"binary"} else ()
        self._affix = _AFFIX_OF_CRITERIA if self.ids else _AFFIX
        self._exact = {**aliases, "overall_score": OVERALL, **{name: name for name in own}}
        self._spelt: dict[str, set[str]] = {}
        for key, name in self._exact.items():
            for spelling in _spellings(key, self._affix):
                self._spelt.setdefault(spelling, set()).add(name)

    def name(self, key: str) -> str | None:
        """Return the dimension or flag that a key means; None if there is none, or if it is ambiguous.

        Case, spaces, underscores and the word "score" before or after a name do not matter, nor does the word
        "criterion" before that of a criterion.
        """
        if exact := self._exact.get(key):
            return exact
        if key in _STRUCTURE:
            return None
        for spelling in dict.fromkeys((key, _uncorrected(key))):
            fitting = set().union(
                *(self._spelt.get(plain, set()) for plain in _spellings(spelling, self._affix))
            )
            if fitting:
                return fitting.pop() if len(fitting) == 1 else None
        return None

    def reader(self, name: str) -> ValueReader:
        """Return what reads the values of a dimension."""
        return self._readers[name]

    def code(self, name: str, value: Any) -> float | None:
        """Number by which two values of a dimension are compared; None where a value has none."""
        return self._readers[name].code(value)

    def end_of(self, name: str) -> int:
        """Highest score of a dimension."""
        return self._readers[name].scale.max

    def is_value(self, key: str) -> bool:
        """Whether a key holds the value of a dimension of any type."""
        return _uncorrected(key) in self.value_keys

    def is_value_of(self, name: str, key: str, value: Any) -> bool:
        """Whether a key holds the value of this dimension, or that of another type with a value for it."""
        is_own = _uncorrected(key) in self._value_keys.get(name, _SCORES)
        return is_own or (self.is_value(key) and self.code(name, value) is not None)

    def reason_of(self, key: str) -> str | None:
        """Return the dimension whose reason a key names, as in ``clarity_reason``."""
        words = _words(key)
        if len(words) > 1 and words[-1] in _REASONS:
            return self.name("_".join(words[:-1]))
        return None

    def is_known(self, key: str) -> bool:
        """Whether a key has any meaning in a reply."""
        known = _uncorrected(key) in _STRUCTURE or self.is_value(key) or _reasons_group(key)
        known = known or (bool(self.ids) and key.casefold() in (*self.ids, CRITERIA))
        return known or self.name(key) is not None or self.reason_of(key) is not None


@lru_cache(maxsize=1024)  # a judge repeats the same few keys in every reply
def _words(key: str) -> tuple[str, ...]:
    """Return the words of a key in lower case: ``finalScore`` and ``Final score`` have two."""
    return tuple(re.findall(r"[^\W_]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", key).casefold()))


@lru_cache(maxsize=1024)
def _uncorrected(key: str) -> str:
    """Return a key in lower case, without words that mark a correction.

    >>> _uncorrected("Revised clarity"), _uncorrected("finalScores")
    ('clarity', 'scores')
    """
    words = _words(key)
    kept = [word for word in words if word not in _CORRECTING]
    return "_".join(kept) if len(kept) < len(words) else key.casefold()


def _is_correction(key: str) -> bool:
    return not _CORRECTING.isdisjoint(_words(key))


def _reasons_group(key: str) -> bool:
    """Whether a key holds the reasons of all dimensions: a word for a reason, or its plural."""
    plain = key.casefold()
    return plain in _REASONS or plain.removesuffix("s") in _REASONS


@lru_cache(maxsize=1024)
def _spellings(key: str, affix: re.Pattern[str]) -> tuple[str, ...]:
    """Return the letters of a key, with and without an affix such as "score"; 1.1 is not 11."""
    parted = re.sub(r"(?<=\d)[\W_]+(?=\d)", "\0", key)
    plain = re.sub(r"[^\w\0]|_", "", parted).casefold()
    return tuple(dict.fromkeys(filter(None, (plain, affix.sub("", plain)))))


@dataclass(frozen=True)
class ReplyVerdict:
    """The verdict in one object."""

    names: Names
    values: dict[str, Any] = field(default_factory=dict)
    """Dimension or flag -> its value; `CONTRADICTION` if there are two different ones."""
    reasons: dict[str, str] = field(default_factory=dict)
    """Dimension -> the reason beside its score, if there is one that is not a placeholder."""
    shared: str | None = None
    """A common reason for all scores."""
    has_placeholder: bool = False
    """Whether a placeholder of the form is in place of a reason."""

    @cached_property
    def scores(self) -> dict[str, float]:
        """Name -> its number (a score, 1 or 0, the position of a label), where it has one."""
        numbers = {name: self.names.code(name, value) for name, value in self.values.items()}
        return {name: value for name, value in numbers.items() if value is not None}

    def reason(self, name: str) -> str | None:
        """Return the reason of a score: its own, or the common one."""
        return self.reasons.get(name) or self.shared

    @property
    def is_form(self) -> bool:
        """Whether this is the form from the prompt: it has placeholders and no reason."""
        return self.has_placeholder and not self.shared and not any(map(str.strip, self.reasons.values()))


def merged(verdicts: Sequence[ReplyVerdict]) -> ReplyVerdict | None:
    """Merge several verdicts of one reply; return None if two of them contradict each other.

    A judge may write one object per dimension, or repeat a verdict. Values are compared as numbers, whatever
    their notation. Verdicts without values, such as the properties of a JSON schema, are ignored if there are
    others.
    """
    said: dict[str, Any] = {}
    verdicts = [v for v in verdicts if any(value is not None for value in v.values.values())] or verdicts
    for verdict in verdicts:
        own = {**verdict.values, **verdict.scores}
        if any(name in said and said[name] != value for name, value in own.items()):
            return None
        said |= own
    if len(verdicts) == 1:
        return verdicts[0]
    by_reasons = sorted(verdicts, key=lambda verdict: len(verdict.reasons))
    return ReplyVerdict(
        verdicts[0].names,
        {name: value for verdict in by_reasons for name, value in verdict.values.items()},
        {name: reason for verdict in by_reasons for name, reason in verdict.reasons.items()},
        next((verdict.shared for verdict in reversed(by_reasons) if verdict.shared), None),
    )


def verdicts_in(objects: Sequence[Any], names: Names, *, at_every_depth: bool = False) -> list[ReplyVerdict]:
    """List the verdicts in some objects, at any depth, in order.

    An object is a verdict if one of its keys is a dimension. Objects nested in a verdict are not verdicts,
    unless their key marks a correction (``{"clarity": 4, "revised": {"clarity": 3}}``) or `at_every_depth` is
    set. A list of objects that each name one dimension (``{"name": …, "score": …}``) is one verdict.
    """
    found: list[ReplyVerdict] = []
    waiting: list[Any] = [list(objects)]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            pairs, others = _entries(value, names)
            if pairs:
                found.append(_verdict(pairs, names, None))
            waiting += reversed(others)
        elif isinstance(value, dict):
            if (pairs := list(_named(value, names))) and any(name in names.decisive for name, _ in pairs):
                found.append(
                    _verdict(pairs, names, _shared_reason(value, names), _reasons_beside(value, names))
                )
                inner = [k for k in value if at_every_depth or (_is_correction(k) and names.name(k) is None)]
            else:
                inner = list(value)
            waiting += [value[key] for key in reversed(inner)]
    return found


def _entries(values: Iterable[Any], names: Names) -> tuple[list[tuple[str, Any]], list[Any]]:
    """Split a list into objects with the score of one dimension each, and everything else."""
    pairs: list[tuple[str, Any]] = []
    others: list[Any] = []
    for value in values:
        is_score = isinstance(value, dict) and any(names.is_value(key) for key in value)
        label = _label_of(value, names) if is_score else None
        if label is not None and (name := names.name(label)) is not None:
            pairs.append((name, value))
        else:
            others.append(value)
    return pairs, others


def _named(found: Mapping[str, Any], names: Names) -> Iterator[tuple[str, Any]]:
    """Yield the values of dimensions and flags in an object, or in a group of scores in it."""
    for key, value in found.items():
        is_group = _uncorrected(key) in _GROUPS and names.name(key) is None
        if is_group and isinstance(value, dict):
            yield from ((name, v) for k, v in value.items() if (name := names.name(k)) is not None)
        elif is_group and isinstance(value, list):
            yield from _entries(value, names)[0]
        elif (name := names.name(key)) is not None:
            yield name, value


def _reasons_beside(found: Mapping[str, Any], names: Names) -> Iterator[tuple[str, str]]:
    """Yield the reasons beside the scores: ``clarity_reason``, or a group of reasons."""
    for key, value in found.items():
        if isinstance(value, str) and (name := names.reason_of(key)) is not None:
            yield name, value
        elif isinstance(value, dict) and _reasons_group(key) and names.name(key) is None:
            texts = ((names.name(k), text) for k, text in value.items() if isinstance(text, str))
            yield from ((name, text) for name, text in texts if name is not None)


def _shared_reason(found: Mapping[str, Any], names: Names) -> str | None:
    return _text_of({key: value for key, value in found.items() if names.name(key) is None}, _REASONS)


def _verdict(
    pairs: Iterable[tuple[str, Any]],
    names: Names,
    shared: str | None,
    beside: Iterable[tuple[str, str]] = (),
) -> ReplyVerdict:
    values: dict[str, Any] = {}
    reasons: dict[str, str] = {}
    has_placeholder = False
    for name, text in beside:
        if _PLACEHOLDER.fullmatch(text):
            has_placeholder = True
        else:
            reasons[name] = text
    for name, value in pairs:
        if isinstance(value, dict) and name not in names.flags:
            label = names.name(_label_of(value, names) or "")
            reason, value = _text_of(value, _REASONS), _score_of(value, names, name)
            if label not in (None, name):
                value = CONTRADICTION
            if reason is not None and _PLACEHOLDER.fullmatch(reason):
                has_placeholder = True
            elif reason is not None:
                reasons.setdefault(name, reason)
        if name in values and not _agree(values[name], value, names, name):
            value = CONTRADICTION
        values[name] = value
    if shared is not None and _PLACEHOLDER.fullmatch(shared):
        has_placeholder, shared = True, None
    return ReplyVerdict(names, values, reasons, shared, has_placeholder)


def _score_of(value: Mapping[str, Any], names: Names, name: str) -> Any:
    """Return the score in the object of one dimension; two different ones are a contradiction.

    A score on another scale is returned as the text ``"4 out of 10"``.
    """
    stated = [found for key, found in value.items() if names.is_value_of(name, key, found)]
    if len(stated) > 1 and not all(_agree(stated[0], other, names, name) for other in stated):
        return CONTRADICTION
    ends = [value[key] for key in value if key.casefold() in _ENDS]
    if stated and any(names.code(name, end) not in (None, names.end_of(name)) for end in ends):
        return f"{stated[0]} out of {ends[0]}"
    return stated[0] if stated else None


def _agree(a: Any, b: Any, names: Names, name: str) -> bool:
    x, y = names.code(name, a), names.code(name, b)
    return x == y if x is not None and y is not None else type(a) is type(b) and bool(a == b)


def _label_of(value: Mapping[str, Any], names: Names) -> str | None:
    """Name or id of what an entry of a list judges; an id may be written as a number."""
    label = _text_of(value, (*_LABELS, *names.ids))
    number = next((value[key] for key in names.ids if type(value.get(key)) is int), None)
    return label if label is not None or number is None else str(number)


def _text_of(value: Mapping[str, Any], keys: Sequence[str]) -> str | None:
    plain = {key.casefold(): text for key, text in value.items()}
    for key in keys:
        if isinstance(text := plain.get(key), str):
            return text
    return None
