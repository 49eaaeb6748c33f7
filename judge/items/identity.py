"""Ids of items: given by a column, made from the content, or made from the values of chosen columns.

Tables of answers and tables of ratings take them from here, so that both give one item the same id.
"""

import re
from array import array
from collections.abc import Mapping, Sequence
from typing import Any
from zlib import crc32

from judge.items.columns import ColumnFinder
from judge.items.fields import is_empty, listed, shown, text
from judge.items.values import value_of
from judge.records import Image, content_hash
from judge.rows import Row

SEVERAL = ". In Python, several names are a list of texts"
"""Advice where a name with a comma is not found."""

_DIGITS = 12
_LONGEST_PART = 40
_READABLE = re.compile(rf"[^\s/](?:[^\r\n\t/]{{0,{_LONGEST_PART - 2}}}[^\s/])?")
_CONTENT = ("question", "answer", "system", "images", "choices")
_LAST_NUMBER = re.compile(r"\d+$")


def content_id(
    question: str,
    answer: str,
    system: str | None = None,
    images: Sequence[Image] = (),
    choices: Sequence[str] = (),
) -> str:
    r"""Make the id of an item from its content: 12 hexadecimal digits.

    Line ends and spaces around a text do not count, because programs change them when they save a table. The
    reference does not count either, because tables of ratings often lack it; see `Repeats`.

    Examples
    --------
    >>> content_id("2 + 2?", "4")
    '972544de6108'
    >>> content_id("2 + 2?\r\n", "4") == content_id("2 + 2?", "4") != content_id("2 + 2?", "5")
    True
    """
    parts: list[Any] = [_normal(question), _normal(answer), _normal(system or "")]
    parts.append([[image.path or image.url, image.role] for image in images])
    if choices:
        parts.append([_normal(choice) for choice in choices])
    return content_hash(parts)[:_DIGITS]


def id_from_fields(values: Mapping[str, Any]) -> str:
    """Make an id from the values of chosen fields, readable where they are short; the others are hashed.

    Parameters
    ----------
    values : mapping of str to object
        Field -> its value, in the order in which they make the id.

    Raises
    ------
    ValueError
        A value is missing, or is neither text nor number.

    Examples
    --------
    >>> id_from_fields({"topic": "steam", "system": "gpt-5"})
    'steam/gpt-5'
    >>> id_from_fields({"question": "Why does ice float on water, whereas iron sinks?", "system": "gpt-5"})
    '28932aec63c3/gpt-5'
    """
    for name, value in values.items():
        if is_empty(value):
            raise ValueError(f"field {name!r}: found {shown(value)}; every field of --id-from needs a value")
    return "/".join(id_part(name, value) for name, value in values.items())


class RowIds:
    """Gives the rows of one table the ids that the reader of items gives them, but for repeated rows.

    Parameters
    ----------
    mapping : mapping of str to str or None
        Field of an Item -> column, as in `read_items`.
    id_from : sequence of str
        Columns, or fields of an Item, that make the id. Without them, a column of ids gives it, or else the
        content does.

    Examples
    --------
    >>> RowIds().of({"question": "2 + 2?", "answer": "4", "ann": 5, "ben": 4})
    '972544de6108'
    >>> RowIds(id_from=["nr", "system"]).of({"nr": 7, "model": "a", "question": "2 + 2?", "answer": "4"})
    '7/a'
    """

    def __init__(self, mapping: Mapping[str, str] | None = None, id_from: Sequence[str] = ()) -> None:
        self._columns = ColumnFinder(mapping or {}, needed=() if id_from else ("question", "answer"))
        self._with_id = ColumnFinder(mapping or {}, needed=("id",))
        self._id_from = id_from

    @property
    def is_chosen(self) -> bool:
        """Whether columns were chosen that make the id."""
        return bool(self._id_from)

    def of(self, row: Row) -> str:
        """Return the id of a row.

        Raises
        ------
        ValueError
            The row has no id, or a column from which it would be made is missing or holds no text.
        """
        names = tuple(row)
        if not self._id_from and not (plan := self._with_id.plan(names)).problem:
            if (found := value_of(row, plan, "id")) is None:
                raise ValueError("the id is empty; every row needs one")
            return str(found)
        plan = self._columns.plan(names)
        if plan.problem:
            raise ValueError(plan.problem)
        wanted = [name for name in (self._id_from or _CONTENT) if name in plan.sources]
        values = {name: value_of(row, plan, name) for name in wanted}
        return id_from_fields(chosen(self._id_from, row, values)) if self._id_from else content_id(**values)


class Repeats:
    """Numbers rows of equal content: the second one with the id ``x`` becomes ``x-2``.

    Rows that differ only in what is correct are refused: their numbers would depend on the order of the rows.

    Parameters
    ----------
    fields : str
        Fields that tell such rows apart, for the error.
    """

    def __init__(self, fields: str) -> None:
        self._fields = fields
        self._correct: dict[int, int] = {}
        self._shared: dict[int, int] = {}
        self._counts: dict[int, int] = {}

    def numbered(self, item_id: str, values: Mapping[str, Any]) -> str:
        """Return the id of an item with these fields, with a number if it was given before.

        Raises
        ------
        ValueError
            It was given to an item with another reference or another correct choice.
        """
        number, correct = int(item_id, 16), _correct(values)
        if number not in self._correct:
            self._correct[number] = self._shared.setdefault(correct, correct)  # no second number for each row
            return item_id
        if self._correct[number] != correct:
            raise ValueError(
                "an earlier row has the same question and answer, but another reference or correct choice, "
                "and the id that is made from the content is that of both. Give every row an id, or name the "
                f"fields that make it: --id-from {self._fields}"
            )
        self._counts[number] = count = self._counts.get(number, 1) + 1
        return f"{item_id}-{count}"


class Unique:
    """Refuses a second row with the id of an earlier one; it keeps two numbers for each row."""

    def __init__(self) -> None:
        self._seen: set[int] = set()
        self._hashes, self._rows = array("q"), array("q")

    def check(self, item_id: str, where: str) -> None:
        """Raise a ValueError that names the earlier row; `where` ends in the number of the row."""
        found = _LAST_NUMBER.search(where)
        key, row = hash(item_id), int(found[0]) if found else 0
        if key in self._seen:
            first = _LAST_NUMBER.sub(str(self._rows[self._hashes.index(key)]), where)
            raise ValueError(
                f"the id {item_id!r} is also that of {first}; name more fields with --id-from, so that no "
                "two are equal"
            )
        self._seen.add(key)
        self._hashes.append(key)
        self._rows.append(row)


class MissingFieldError(ValueError):
    """A field of which an id is to be made is missing, as in all rows with the same columns."""


def chosen(names: Sequence[str], row: Row, *others: Mapping[str, Any]) -> dict[str, Any]:
    """Values of the columns of a row that `names` lists, or else of fields in `others`.

    Raises
    ------
    MissingFieldError
        There is no such column or field.
    """
    found: dict[str, Any] = {}
    for name in names:
        places = [place for place in (row, *others) if name in place]
        if not places:
            raise MissingFieldError(
                f"no field {name!r}, which --id-from asks for; found: {listed(tuple(row))}"
                f"{SEVERAL if ',' in name else ''}"
            )
        found[name] = places[0][name]
    return found


def _normal(value: str) -> str:
    if "\r" in value:
        value = value.replace("\r\n", "\n").replace("\r", "\n")
    return value.strip()


def _correct(values: Mapping[str, Any]) -> int:
    """Checksum of 16 bits of what is correct by a table: references and choice; 0 where it does not say."""
    reference, gold = values.get("reference"), values.get("gold")
    if reference is None and gold is None:
        return 0
    correct = "\0".join((_normal(reference or ""), gold or "", *values.get("other_references", ())))
    return crc32(correct.encode("utf-8", "surrogatepass")) & 0xFFFF


def id_part(name: str, value: Any) -> str:
    """Return the part of an id that the value of a field makes; it has no slash.

    Raises
    ------
    ValueError
        It is neither text, number, list nor dict.
    """
    if isinstance(value, list | dict):
        return content_hash(value)[:_DIGITS]
    try:
        found = _normal(text(value))
    except ValueError as problem:
        raise ValueError(f"field {name!r}: {problem}") from None
    return found if _READABLE.fullmatch(found) else content_hash(found)[:_DIGITS]
