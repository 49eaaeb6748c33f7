"""What all formats share: whole documents, fields with errors that say where, and what came out of them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field, replace
from pathlib import Path
from typing import Any

from judge.errors import InputError
from judge.formats.eval_archive import unpack
from judge.items import storable
from judge.records import Item, Score
from judge.rows import read_document, read_rows

Object = dict[str, Any]
ONLY_MEANS = "holds means of groups (average_…), not single answers; give the file that they were made of"
_MEANS_OF = "object_specie_pair"
"""Column of RobustMAD's tables of means, the only tables that are read here."""


@dataclass(frozen=True)
class Document:
    """A file that was read at once: one JSON value, or the list of a JSON Lines file's rows."""

    path: Path
    content: Any

    def is_list_with(self, *names: str) -> bool:
        """Whether it is a list of objects, the first of which has all these fields."""
        first = self.content[0] if isinstance(self.content, list) and self.content else None
        return isinstance(first, dict) and all(name in first for name in names)

    def has(self, *names: str) -> bool:
        """Whether it is one object with all these fields."""
        return isinstance(self.content, dict) and all(name in self.content for name in names)


@dataclass(frozen=True)
class ImportedFile:
    """What files of another tool held."""

    format: str
    items: list[Item]
    scores: list[Score] = field(default_factory=list)
    problems: dict[str, list[str]] = field(default_factory=dict)
    """What did not fit together -> the ids that it happened to."""
    _: KW_ONLY
    rubric: str | None = None
    """The shipped rubric whose dimensions the scores are on, where there is one."""
    pass_rule: dict[str, float] = field(default_factory=dict)
    """Dimension -> least value that passes, where the tool says it."""
    by: tuple[str, ...] = ()
    """Fields that such files are usually sliced by."""
    cluster: str | None = None
    """Field whose items are not independent."""
    notes: tuple[str, ...] = ()
    """What else was found, in sentences."""

    @property
    def raters(self) -> list[str]:
        """Names of all that gave a score."""
        return list(dict.fromkeys(score.rater for score in self.scores))

    def without_repeats(self) -> "ImportedFile":
        """Keep the first of several items, and of several scores, with one id; the rest are problems."""
        problems = {kind: list(ids) for kind, ids in self.problems.items()}
        kept: dict[str, Item] = {}
        for item in map(_checked, self.items):
            first = kept.setdefault(item.id, item)
            if first is not item:
                same = first.digest == item.digest
                kind = (
                    "stands twice" if same else "id stands again with another content; the first one counts"
                )
                problems.setdefault(kind, []).append(item.id)
        scores: dict[tuple[str, str, str, int], Score] = {}
        for score in self.scores:
            key = (score.item_id, score.rater, score.dimension, score.sample)
            first_score = scores.setdefault(key, score)
            if first_score != score:
                problems.setdefault("second score; the first one counts", []).append(score.item_id)
        return replace(self, items=list(kept.values()), scores=list(scores.values()), problems=problems)


def _checked(item: Item) -> Item:
    try:
        fields = storable(item.metadata)
    except ValueError as problem:
        raise InputError(f"item {item.id!r}: {problem}") from None
    return item if fields == item.metadata else item.model_copy(update={"metadata": fields})


def told_apart(groups: Mapping[str, Sequence[Item]]) -> list[Item]:
    """All items of several sources by name; if ids clash, each source is a system, and its ids name it.

    Examples
    --------
    >>> a, b = (Item(id="1", question="?", answer=answer) for answer in "ab")
    >>> [(item.id, item.system) for item in told_apart({"gpt": [a], "llava": [b]})]
    [('1/gpt', 'gpt'), ('1/llava', 'llava')]
    """
    first: dict[str, tuple[str, Item]] = {}
    clash = any(
        kept[0] != name and kept[1].digest != item.digest
        for name, items in groups.items()
        for item in items
        for kept in [first.setdefault(item.id, (name, item))]
    )
    if not clash:
        return [item for items in groups.values() for item in items]
    return [
        item.model_copy(update={"id": f"{item.id}/{name}", "system": item.system or name})
        for name, items in groups.items()
        for item in items
    ]


def load(path: str | Path) -> Document:
    """Read one file: JSON or JSON Lines, plain or gzipped, or an Inspect .eval archive.

    Raises
    ------
    InputError
        It cannot be read or is not JSON; the message says where.
    """
    file = Path(path)
    if file.suffix == ".eval":
        return Document(file, unpack(file))
    name = file.name.removesuffix(".gz")
    if name.endswith(".csv") and _MEANS_OF in _columns(file):
        return Document(file, [row for _, row in read_rows(file)])
    if name.endswith((".csv", ".tsv", ".parquet")):
        raise InputError(f"{file}: {_what_a_table_is(file)}")
    if name.endswith((".jsonl", ".ndjson")):
        return Document(file, [row for _, row in read_rows(file, format="jsonl")])
    return Document(file, read_document(file))


def _columns(file: Path) -> list[str]:
    return list(next(read_rows(file), ("", {}))[1])


def _what_a_table_is(file: Path) -> str:
    if any(name.startswith("average_") for name in _columns(file)):
        return ONLY_MEANS
    return (
        "is a table, no file of another tool. Answers: judge score FILE; ratings: judge agree --humans FILE"
    )


def objects(value: Any, where: str) -> Iterator[tuple[str, Object]]:
    """Yield the objects of a list, each with its place.

    Raises
    ------
    InputError
        It is no list, or an entry of it is no object.
    """
    if not isinstance(value, list):
        raise InputError(f"{where}: found {kind_of(value)}; it must be a list of objects")
    for number, entry in enumerate(value, 1):
        if not isinstance(entry, dict):
            raise InputError(f"{where}, entry {number}: found {kind_of(entry)}; it must be an object")
        yield f"{where}, entry {number}", entry


def text_of(row: Object, name: str, where: str) -> str:
    """Text or number of a field that must be there, as text."""
    value = row.get(name)
    if isinstance(value, str) or (isinstance(value, int | float) and not isinstance(value, bool)):
        return str(value)
    found = f"found {kind_of(value)}" if name in row else f"missing (found: {', '.join(row) or 'no fields'})"
    raise InputError(f"{where}: field {name!r}: {found}; it must be a text")


def id_of(row: Object, name: str, where: str) -> str:
    """Text or number of a field that names something, as text; it may not be empty."""
    if not (text := text_of(row, name, where)):
        raise InputError(f"{where}: field {name!r} is empty; it must name something")
    return text


def present(row: Object, names: Iterable[str]) -> Object:
    """Fields of `row` that are there and not null."""
    return {name: row[name] for name in names if row.get(name) is not None}


def kind_of(value: Any) -> str:
    """What a JSON value is, in words."""
    names = {dict: "an object", list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")


def options_of(value: Any, where: str) -> tuple[str, ...]:
    """Texts of the options A, B, C, … out of ``{"A": text}``, or a list that may repeat the letters.

    Examples
    --------
    >>> options_of({"B": "No", "A": "Yes"}, "file"), options_of(["A. Yes", "B. No"], "file")
    (('Yes', 'No'), ('Yes', 'No'))
    """
    if value is None or value == "":
        return ()
    if isinstance(value, dict):
        letters = sorted(value)
        if letters != [chr(ord("A") + n) for n in range(len(letters))]:
            raise InputError(f"{where}: options are named {', '.join(map(str, value))}; allowed: A, B, C, …")
        return tuple(str(value[letter]) for letter in letters)
    if isinstance(value, str):
        value = [line for line in value.splitlines() if line.strip()]
    if not isinstance(value, list):
        raise InputError(f"{where}: options: found {kind_of(value)}; allowed: an object, a list or a text")
    texts = [str(entry).strip() for entry in value]
    lettered = all(len(t) > 2 and t[0] == chr(ord("A") + n) and t[1] in ".):" for n, t in enumerate(texts))
    return tuple(t[2:].strip() if lettered else t for t in texts)


def gold_letter(answer: Any, options: tuple[str, ...]) -> str | None:
    """Letter of the right option, given as letter, as "B. text", or as the option's text; None if neither."""
    if not isinstance(answer, str) or not options:
        return None
    letters = [chr(ord("A") + n) for n in range(len(options))]
    said = answer.strip()
    if said.upper() in letters:
        return said.upper()
    if len(said) > 1 and said[0] in letters and said[1] in ".):":
        return said[0]
    same = [
        letter for letter, text in zip(letters, options, strict=True) if text.casefold() == said.casefold()
    ]
    return same[0] if len(same) == 1 else None
