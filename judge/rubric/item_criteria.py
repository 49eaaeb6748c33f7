"""The criteria that an item brings along: a list in one of its fields -> dimensions of type binary."""

import ast
import json
import math
from contextlib import suppress
from typing import Any

from judge.errors import InputError
from judge.records import Item
from judge.rubric.checks import CANNOT_TELL, MOST_POINTS
from judge.rubric.near_names import did_you_mean, near_name
from judge.rubric.parts import CriteriaField, Dimension

_MOST_CRITERIA = 1_000
_TEXT_NAMES = ("text", "criterion", "description", "requirement", "question")
READ = (*_TEXT_NAMES, "id", "points", "tags")
"""Fields of a criterion that have a meaning."""
_WEIGHTS = ("weight", "weights")
"""Names under which other tools keep points; a weight that is ignored would change every overall score."""


def criteria_of(item: Item, source: CriteriaField) -> dict[str, Dimension]:
    """Return the criteria of an item: id -> dimension of type binary.

    Raises
    ------
    InputError
        The field is missing, or an entry is not a criterion; the message names item, field and entry.

    Examples
    --------
    >>> item = Item(id="1", question="q", answer="a", metadata={"criteria": ["It names the year."]})
    >>> criteria_of(item, CriteriaField())["c1"].description
    'It names the year.'
    """
    where = f"item {item.id!r}: field {source.field!r}"
    found = _listed(item, source, where)
    if len(found) > _MOST_CRITERIA:
        raise InputError(f"{where}: found {len(found):,} criteria; allowed are at most {_MOST_CRITERIA:,}")
    criteria: dict[str, Dimension] = {}
    for number, entry in enumerate(found, start=1):
        key, criterion = _criterion(entry, number, f"{where}: criterion {number}")
        if key in criteria:
            raise InputError(f"{where}: two criteria have the id {key!r}; each needs one of its own")
        criteria[key] = criterion
    return criteria


def refuse_misspelt_fields(item: Item, source: CriteriaField) -> None:
    """Refuse a field that is probably meant for one that is read: its value would be lost without a word.

    For input only: a run that holds such an item was judged without the value, and stays readable.

    Raises
    ------
    InputError
        The message names item, field and entry, and the name that was probably meant.
    """
    where = f"item {item.id!r}: field {source.field!r}"
    for number, entry in enumerate(_listed(item, source, where), start=1):
        for name in entry if isinstance(entry, dict) else ():
            plain = str(name).strip().casefold()
            meant = "points" if plain in _WEIGHTS else near_name(plain, ("points",))
            meant = plain if plain in READ else meant
            if name not in READ and meant and entry.get(meant) is None and entry[name] is not None:
                raise InputError(
                    f"{where}: criterion {number}: unknown field {name!r}; did you mean {meant}?"
                )


def unread_fields(item: Item, source: CriteriaField) -> set[str]:
    """Return the fields of the item's criteria that have no meaning for a rubric."""
    found = _listed(item, source, f"item {item.id!r}")
    return {str(name) for entry in found if isinstance(entry, dict) for name in entry} - set(READ)


def _listed(item: Item, source: CriteriaField, where: str) -> list[Any]:
    """Entries of the field; a cell of a table holds them as JSON, and a mapping has the ids as keys."""
    found = item.metadata.get(source.field)
    if isinstance(found, str) and found.lstrip()[:1] in ("[", "{"):
        found = _of_cell(found, where)
    if isinstance(found, dict):
        is_entry = set(found) <= set(READ) and any(name in found for name in _TEXT_NAMES)
        found = [found] if is_entry else [_with_id(key, entry) for key, entry in found.items()]
    if not isinstance(found, list) or not found:
        hint = did_you_mean(source.field, item.metadata.keys() - {source.field})
        problem = f"is missing{hint}" if found is None else f"found {found!r:.60}"
        raise InputError(
            f'{where}: {problem}; allowed: a list of criteria [{{"id": …, "text": …, "points": …}}]'
        )
    return found


def _of_cell(text: str, where: str) -> Any:
    """Read JSON, or a list as Python writes it into a table: ``['It names the year.']``."""
    try:
        return json.loads(text, object_pairs_hook=_unique)
    except json.JSONDecodeError as error:
        problem = str(error)
        with suppress(ValueError, SyntaxError, RecursionError, MemoryError):
            found = ast.literal_eval(text.strip())
            if (
                repr(found) == text.strip()
            ):  # not so a NumPy array, ['a' 'b'], which would be the one text 'ab'
                return found
    except (ValueError, RecursionError) as error:
        problem = str(error)
    raise InputError(
        f"{where}: not valid JSON: {problem}. Write the cell as JSON, such as json.dumps makes it"
    )


def _with_id(key: str, entry: Any) -> dict[str, Any]:
    return {**entry, "id": key} if isinstance(entry, dict) else {"id": key, "text": entry}


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {twice!r} stands twice in one object")
    return found


def _criterion(entry: Any, number: int, where: str) -> tuple[str, Dimension]:
    if isinstance(entry, str):
        entry = {"text": entry}
    if not isinstance(entry, dict):
        raise InputError(f"{where}: found {entry!r:.60}; allowed: a text, or an object with a text")
    given = {name: value for name, value in entry.items() if value is not None}  # Parquet fills in nulls
    texts = [given[name] for name in _TEXT_NAMES if given.get(name)]
    if len(texts) != 1:
        raise InputError(f"{where}: found {len(texts)} texts; allowed: one, under the name 'text'")
    if not isinstance(texts[0], str) or not texts[0].strip():
        raise InputError(f"{where}: the text is {texts[0]!r:.60}; allowed: a text in words")
    points = given.get("points", 1)
    is_number = isinstance(points, int | float) and not isinstance(points, bool)
    if not is_number or not math.isfinite(points) or not 0 < abs(points) <= MOST_POINTS:
        raise InputError(
            f"{where}: points are {points!r:.40}; allowed: a number other than 0, at most {MOST_POINTS:,}"
        )
    tags = given.get("tags") or ()
    tags = (tags,) if isinstance(tags, str) else tags
    if not isinstance(tags, list | tuple) or not all(isinstance(tag, str) for tag in tags):
        raise InputError(f"{where}: tags are {tags!r:.60}; allowed: a list of texts")
    key = _id(given.get("id", ""), number, where)
    return key, Dimension(description=texts[0].strip(), type="binary", points=float(points), tags=tuple(tags))


def _id(found: Any, number: int, where: str) -> str:
    if isinstance(found, bool) or not isinstance(found, str | int | float):
        raise InputError(f"{where}: the id is {found!r:.40}; allowed: a text or a number")
    key = str(found).strip() or f"c{number}"
    if not key.isprintable() or key == CANNOT_TELL:
        raise InputError(f"{where}: the id is {key!r:.40}; it needs visible characters")
    return key
