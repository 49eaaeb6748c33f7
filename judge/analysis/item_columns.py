"""Items as columns: ids, fields and questions of all rows, and what reports check about every answer."""

import hashlib
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice, repeat
from json.encoder import encode_basestring
from typing import Any

import numpy as np
from numpy.typing import NDArray

from judge.analysis.item_fields import NO_LABEL, CodedLabels, Labels, as_label
from judge.analysis.text_patterns import REFUSAL
from judge.records import Item
from judge.rubric import Rubric
from judge.scoring.parsing.echoes import embedded_verdicts, may_hold_object
from judge.scoring.parsing.verdicts import Names
from judge.stats.engine.scale import Bools, Ints

SYSTEM = "system"
_BLOCK = 64
_KEYS = {str, type(None)}
_MOST_CHARACTERS = 50_000_000
"""Text of the values of one field that is kept in memory; longer ones are read again when they are needed."""


@dataclass(frozen=True)
class FieldColumn:
    """One field of all items.

    Attributes
    ----------
    codes : ndarray of int, shape (n_items,)
        Position of the value of each item among `values`; -1 where it has none.
    values : list or None
        The different values, in order of appearance; None if they are too long to be kept.
    value_labels : list of str
        Label of each value; the same list as `values` where all are texts. Two values can have one label.
    """

    codes: NDArray[np.int32]
    values: list[Any] | None
    value_labels: list[str]

    @property
    def given(self) -> Bools:
        """Which items have a value."""
        return np.asarray(self.codes >= 0)

    def labels(self) -> Labels:
        """Value of each item as a label, ``(none)`` where it is missing."""
        return np.array([*self.value_labels, NO_LABEL])[self.codes]

    def coded(self) -> CodedLabels:
        """Labels as numbers, each different label once; those that do not occur are among them."""
        of_value = CodedLabels.of([*self.value_labels, NO_LABEL])
        return CodedLabels(of_value.labels, of_value.codes[self.codes])

    def distinct_labels(self) -> set[str]:
        """Labels that occur, without that of a missing value."""
        used = np.unique(self.codes[self.codes >= 0]).tolist()
        return {self.value_labels[code] for code in used}

    def texts(self) -> list[str | None]:
        """Value of each item as text; None where it is missing."""
        texts = [*map(str, self.values or ()), None]
        return [texts[code] for code in self.codes.tolist()]

    def groups(self, ids: NDArray[np.object_]) -> Ints:
        """Number of the label of each item, in their order; an item without a value is a group of its own."""
        place = {label: number for number, label in enumerate(sorted(set(self.value_labels)))}
        alone = np.flatnonzero(self.codes < 0)
        numbers = np.array([*map(place.__getitem__, self.value_labels), -1])[self.codes]
        numbers[alone] = len(place) + np.argsort(np.argsort(ids[alone]))
        return numbers

    def take(self, index: Ints) -> "FieldColumn":
        """Keep some items, in this order."""
        return FieldColumn(self.codes[index], self.values, self.value_labels)


@dataclass(frozen=True)
class ItemColumns:
    """Columns of the items of a table.

    Attributes
    ----------
    ids : ndarray of object, shape (n_items,)
        Ids.
    fields : dict of str to FieldColumn
        Fields of which any item had a value when the table was read.
    has_system : ndarray of bool, shape (n_items,)
        Whether the item names its system outside of its metadata.
    questions : ndarray of bytes, shape (n_items,)
        Key of the question; see `question_key`.
    texts : ndarray of int, shape (n_items, 2)
        Hashes of the text of the question and of the answer, to be compared within this process.
    n_words : ndarray of int, shape (n_items,)
        Words of the answer.
    refuses : ndarray of bool, shape (n_items,)
        Whether the answer begins like a refusal.
    holds_verdict : ndarray of bool, shape (n_items,)
        Whether a text of the item looks like a verdict.
    """

    ids: NDArray[np.object_]
    fields: dict[str, FieldColumn]
    has_system: Bools
    questions: NDArray[np.bytes_]
    texts: Ints
    n_words: Ints
    refuses: Bools
    holds_verdict: Bools

    @classmethod
    def of(cls, items: Iterable[Item], rubric: Rubric) -> "ItemColumns":
        """Arrange items as columns; they are read once, one after another."""
        names, read, rest = Names(rubric), _ItemReader(), iter(items)
        while block := list(islice(rest, _BLOCK)):
            read.add(block)
            read.holds_verdict.extend(_hold_verdicts(block, names))
        ids = np.empty(len(read.ids), dtype=object)
        ids[:] = read.ids
        return cls(
            ids,
            {name: codes.column(len(ids)) for name, codes in read.fields.items()},
            np.frombuffer(read.has_system, dtype=bool),
            np.frombuffer(read.questions, dtype="S20"),
            np.frombuffer(read.texts, dtype=np.int64).reshape(-1, 2),
            np.frombuffer(read.n_words, dtype=np.int64),
            np.frombuffer(read.refuses, dtype=bool),
            np.frombuffer(read.holds_verdict, dtype=bool),
        )

    def take(self, index: Ints) -> "ItemColumns":
        """Keep some items, in this order."""
        return ItemColumns(
            self.ids[index],
            {name: column.take(index) for name, column in self.fields.items()},
            self.has_system[index],
            self.questions[index],
            self.texts[index],
            self.n_words[index],
            self.refuses[index],
            self.holds_verdict[index],
        )

    def known_fields(self, items: Sequence[Item]) -> list[str]:
        """Fields of which any item has a value: ``system``, then metadata in order of appearance."""
        first = {
            name: int(np.argmax(column.given)) for name, column in self.fields.items() if column.given.any()
        }
        order = {row: list(items[row].metadata) for row in set(first.values())}
        names = [name for name in first if name != SYSTEM and name in order[first[name]]]
        names.sort(key=lambda name: (first[name], order[first[name]].index(name)))
        return [*([SYSTEM] if self.has_system.any() else []), *names]


class _FieldReader:
    """Codes of one field while items are read; items without it at the end have none yet."""

    def __init__(self) -> None:
        self.codes = array("i")
        self.place: dict[Any, int] = {None: -1}
        self.values: list[Any] | None = []
        self._n_characters = 0

    def enter(self, row: int, values: Sequence[Any]) -> None:
        """Enter the values of the items from a row on; None is no value."""
        self.codes.extend([-1] * (row - len(self.codes)))
        # Only texts are keys of their own: 1, 1.0 and True are equal, and a list is not hashable.
        keys = values if set(map(type, values)) <= _KEYS else list(map(_key, values))
        for key, value in dict(zip(keys, values, strict=True)).items():
            if key not in self.place and self.values is not None:
                self._add_value(key, value, self.values)
        self.codes.extend(map(self.place.get, keys, repeat(0)))

    def _add_value(self, key: Any, value: Any, values: list[Any]) -> None:
        """Give a value that occurs for the first time a code; all have 0 if values are not kept."""
        self._n_characters += len(key if type(key) is str else key[1])
        if self._n_characters > _MOST_CHARACTERS:
            self.values, self.codes = None, array("i", [min(code, 0) for code in self.codes])
            self.place = {None: -1}
        else:
            self.place[key] = len(values)
            values.append(value)

    def column(self, n_items: int) -> FieldColumn:
        """The column, with no value for the items that are left."""
        codes = np.full(n_items, -1, dtype=np.int32)
        codes[: len(self.codes)] = self.codes
        values = self.values or []
        labels = values if {*map(type, values)} <= {str} else [*map(as_label, values)]
        return FieldColumn(codes, self.values, labels)


@dataclass
class _ItemReader:
    """Columns while items are read."""

    ids: list[str] = field(default_factory=list)
    fields: dict[str, _FieldReader] = field(default_factory=dict)
    has_system: bytearray = field(default_factory=bytearray)
    questions: bytearray = field(default_factory=bytearray)
    texts: "array[int]" = field(default_factory=lambda: array("q"))
    n_words: "array[int]" = field(default_factory=lambda: array("q"))
    refuses: bytearray = field(default_factory=bytearray)
    holds_verdict: bytearray = field(default_factory=bytearray)

    def add(self, items: Sequence[Item]) -> None:
        self._enter(items)
        answers = [item.answer for item in items]
        hashes = zip([hash(item.question) for item in items], map(hash, answers), strict=True)
        self.has_system.extend([item.system is not None for item in items])
        self.ids.extend([item.id for item in items])
        self.questions += "".join(map(question_key, items)).encode()
        self.texts.extend(chain.from_iterable(hashes))
        self.n_words.extend(map(len, map(str.split, answers)))
        self.refuses.extend(map(bool, map(REFUSAL.match, answers)))

    def _enter(self, items: Sequence[Item]) -> None:
        given = [item.metadata for item in items]
        kinds = dict.fromkeys(map(tuple, given))
        if len(kinds) == 1:  # nearly always
            columns = dict(zip(next(iter(kinds)), zip(*map(dict.values, given), strict=True), strict=True))
        else:
            names = dict.fromkeys(chain.from_iterable(kinds))
            columns = {name: tuple([one.get(name) for one in given]) for name in names}
        # A field of this name comes first.
        columns[SYSTEM] = tuple([item.metadata.get(SYSTEM, item.system) for item in items])
        for name, values in columns.items():
            if any(value is not None for value in values):
                self.fields.setdefault(name, _FieldReader()).enter(len(self.ids), values)


def _key(value: Any) -> Any:
    return value if value is None or type(value) is str else (type(value), repr(value))


def _hold_verdicts(items: Sequence[Item], names: Names) -> list[bool]:
    """Whether a text of each item looks like a verdict."""
    texts = [text for i in items for text in (i.answer, i.question, *i.references, *i.choices)]
    if not may_hold_object("\n".join(texts)):
        return [False] * len(items)  # nearly always; one look is faster than one at each item
    return [bool(embedded_verdicts(item, names)) for item in items]


def question_key(item: Item) -> str:
    """Key of a question: equal for answers to the same text, with the same images and reference.

    >>> a, b = (Item(id=i, question="How far?", answer=answer) for i, answer in (("a", "1 m"), ("b", "2 m")))
    >>> question_key(a) == question_key(b)
    True
    """
    # The content hash of [question, images, reference]; its JSON is put together here, which is faster.
    images = ",".join(
        [_text(i.sha256) if i.sha256 else f"[{_text(i.path)},{_text(i.url)}]" for i in item.images]
    )
    content = f"[{_text(item.question)},[{images}],{_text(item.reference)}]"
    return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()[:20]


def _text(text: str | None) -> str:
    return "null" if text is None else encode_basestring(text)
