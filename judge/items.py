"""Items from any table: column names of other tools are recognised, and errors name row and field."""

import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from judge.errors import InputError
from judge.records import Image, Item
from judge.rows import OnBad, Row, kind_of, read_rows

__all__ = ["ALIASES", "OnBad", "load_items", "placed_items", "read_items"]

ALIASES: Mapping[str, tuple[str, ...]] = {
    "id": ("id", "question_id", "item_id"),
    "question": ("question", "input", "prompt", "query", "instruction"),
    "answer": ("answer", "output", "response", "prediction", "completion", "model_answer", "mslm_answer"),
    "reference": ("reference", "expected", "target", "ground_truth", "gt_answer", "reference_answer"),
    "images": ("images", "image", "image_path"),
    "choices": ("choices", "options"),
    "gold": ("gold", "gold_choice"),
    "system": ("system",),
}
"""Field of an Item -> its names in files. Upper and lower case, spaces and hyphens do not matter."""

_REQUIRED = ("id", "question", "answer")
_FIELD_OF = {name: field for field, names in ALIASES.items() for name in names}
_MAX_DEPTH = 32
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_KNOWN_PLANS = 256
_ROW_FORM = '{"id": …, "question": …, "answer": …}'


def read_items(
    path: str | Path,
    *,
    mapping: Mapping[str, str] | None = None,
    format: str | None = None,
    on_bad: OnBad | None = None,
) -> Iterator[Item]:
    r"""Stream the items of a file; every field that is not an Item's own goes into `metadata`.

    Parameters
    ----------
    path : str or Path
        File of one of the formats of `read_rows`, or ``-`` for standard input.
    mapping : mapping of str to str or None
        Field of an Item -> its name in the file, for names that are not in `ALIASES`.
    format : str or None
        Format of the file; None goes by its name.
    on_bad : callable or None
        Gets the `InputError` of each row that is no item, and reading goes on with the next one.

    Yields
    ------
    Item
        In the order of the file. That an id stands twice is noticed by the store, not here.

    Raises
    ------
    InputError
        The file cannot be read, or a row is no item and there is no `on_bad`.

    Notes
    -----
    Text fields take numbers too, as text. An answer may be empty, but it may not be null. In metadata, NaN
    means missing and becomes null; infinity is an error, since no JSON file could hold it. In a CSV, an
    empty cell is an empty answer or question, and a missing value everywhere else; `images` and `choices`
    are JSON in one cell, or a single path.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> file = pathlib.Path(tempfile.mkdtemp(), "answers.jsonl")
    >>> _ = file.write_text('{"question_id": 7, "prompt": "2 + 2?", "output": 4, "topic": "sums"}\n')
    >>> next(read_items(file))
    Item(id='7', question='2 + 2?', answer='4', ..., metadata={'topic': 'sums'})
    """
    rows = read_rows(path, format=format, on_bad=on_bad)
    return (item for _, item in placed_items(rows, str(path), mapping=mapping, on_bad=on_bad))


def placed_items(
    rows: Iterable[tuple[str, Any]],
    source: str,
    *,
    mapping: Mapping[str, str] | None = None,
    on_bad: OnBad | None = None,
) -> Iterator[tuple[str, Item]]:
    """Items of rows, each with the place where it stands; see `read_items`. An Item stays as it is."""
    chosen = dict(mapping or {})
    for field in chosen:
        if field not in ALIASES:
            raise InputError(f"--map {field}={chosen[field]}: no such field; allowed: {', '.join(ALIASES)}")
    plans: dict[tuple[str, ...], _Plan] = {}
    unseen = set(chosen.values())
    for where, row in rows:
        if isinstance(row, Item):
            unseen.clear()
            yield where, row
            continue
        try:
            if not isinstance(row, dict):
                raise ValueError(f"found {kind_of(row)}; allowed: an Item, or a dict {_ROW_FORM}")
            names = tuple(row)
            if (plan := plans.get(names)) is None:
                if len(plans) >= _KNOWN_PLANS:
                    plans.clear()
                unseen.difference_update(names)
                plan = plans[names] = _planned(names, chosen)
            item = _item(row, plan)
        except (ValueError, RecursionError) as problem:  # two values too deep to be compared
            error = InputError(f"{where}: {problem}")
            if on_bad is None:
                raise error from None
            on_bad(error)
            continue
        yield where, item
    if unseen:
        raise InputError(
            f"{source}: no row has a field {_listed(tuple(sorted(unseen)))}, which --map asks for"
        )


def load_items(path: str | Path, *, mapping: Mapping[str, str] | None = None) -> list[Item]:
    """Read all items of a file into a list; see `read_items`."""
    return list(read_items(path, mapping=mapping))


class _Plan(NamedTuple):
    """Which columns hold the fields of an Item; determined once for all rows with the same columns."""

    sources: dict[str, list[str]]
    metadata: list[str]


def _planned(names: tuple[str, ...], mapping: Mapping[str, str]) -> _Plan:
    sources: dict[str, list[str]] = {field: [name] for field, name in mapping.items() if name in names}
    for field, name in mapping.items():
        if name not in names and field in _REQUIRED:
            raise ValueError(
                f"no field {name!r}, which --map {field}={name} asks for; found: {_listed(names)}"
            )
    taken = set(mapping.values())
    for name in names:
        known = _FIELD_OF.get(re.sub(r"[\s-]+", "_", name.strip().lower()))
        if known and known not in mapping and name not in taken:
            sources.setdefault(known, []).append(name)
            taken.add(name)
    for field in _REQUIRED:
        if field not in sources:
            raise ValueError(
                f"no field {field!r}; found: {_listed(names)}; allowed names: {', '.join(ALIASES[field])}. "
                f"For another name: --map {field}=NAME"
            )
    return _Plan(sources, [name for name in names if name not in taken])


def _listed(names: tuple[str, ...]) -> str:
    shown = ", ".join(repr(name)[:42] for name in names[:12]) or "no fields"
    return shown + (f" and {len(names) - 12} more" if len(names) > 12 else "")


def _item(row: Row, plan: _Plan) -> Item:
    values: dict[str, Any] = {}
    for field, names in plan.sources.items():
        name = names[0] if len(names) == 1 else _agreed(row, field, names)
        try:
            values[field] = _READERS[field](row[name])
        except ValueError as problem:
            raise ValueError(f"field {name!r}: {problem}") from None
    if values.get("gold") is not None:
        values["gold"] = _letter(values["gold"], values.get("choices", ()))
    return Item(metadata=_metadata(row, plan.metadata), **values)


def _agreed(row: Row, field: str, names: list[str]) -> str:
    """Tell which of several names for one field to read: any one, as long as they say the same."""
    if any(row[name] != row[names[0]] for name in names[1:]):
        found = " and ".join(f"{name!r} ({_shown(row[name])})" for name in names)
        raise ValueError(
            f"{found} are all names for {field!r}, and their values differ. Say which one is meant: "
            f"--map {field}={names[0]}"
        )
    return names[0]


def _shown(value: Any) -> str:
    """Shorten a value for an error message, without control characters."""
    try:
        text = json.dumps(value, ensure_ascii=False, default=str)
    except (RecursionError, ValueError):
        text = type(value).__name__
    return ascii(text[:60])[1:-1] + ("…" if len(text) > 60 else "")


# -- one reader for each field: the value as it stands in the file -> the value of the Item


def _text(value: Any) -> str:
    if type(value) is str:
        return value
    if type(value) is int or (type(value) is float and math.isfinite(value)):
        return str(value)
    hint = '. Without an answer there is nothing to judge; an empty one is "" and will be judged'
    raise ValueError(f"found {_shown(value)}; allowed: text or a number{hint if _is_missing(value) else ''}")


def _identifier(value: Any) -> str:
    if isinstance(value, str) and not value.strip():
        raise ValueError(f"found {_shown(value)}; every item needs an id")
    return _text(value)


def _optional_text(value: Any) -> str | None:
    return None if _is_missing(value) or value == "" else _text(value)


def _is_missing(value: Any) -> bool:
    """Null, or the NaN that data frames write for it."""
    return value is None or (type(value) is float and math.isnan(value))


def _images(value: Any) -> tuple[Image, ...]:
    value = _from_cell(value)
    if _is_missing(value) or value == "":
        return ()
    return tuple(_image(entry) for entry in (value if isinstance(value, list) else [value]))


def _image(value: Any) -> Image:
    if isinstance(value, str) and value:
        is_address = value.startswith(("http://", "https://", "data:"))
        return Image(url=value) if is_address else Image(path=value)
    if isinstance(value, dict):
        try:
            return Image.model_validate({key: inner for key, inner in value.items() if inner is not None})
        except ValidationError as error:
            detail = error.errors(include_url=False)[0]
            place = ".".join(str(part) for part in detail["loc"])
            raise ValueError(f"found {_shown(value)}: {place} {detail['msg']}; {_IMAGE_FORM}") from None
    raise ValueError(f"found {_shown(value)}; {_IMAGE_FORM}")


_IMAGE_FORM = 'an image is a path, or {"path": … or "url": …, "role": "query" or "reference"}'


def _choices(value: Any) -> tuple[str, ...]:
    value = _from_cell(value)
    if _is_missing(value) or value == "":
        return ()
    if isinstance(value, dict):
        keys = tuple(value)
        by_letter = {key.strip().upper(): inner for key, inner in value.items()}
        value = [by_letter[letter] for letter in _LETTERS[: len(value)] if letter in by_letter]
        if len(value) < len(keys):
            raise ValueError(f"found the keys {_listed(keys)}; allowed: A, B, C, … without a gap")
    if not isinstance(value, list) or not 2 <= len(value) <= len(_LETTERS):
        raise ValueError(f'found {_shown(value)}; allowed: a list of 2 to 26 options, or {{"A": …, "B": …}}')
    return tuple(_text(option) for option in value)


def _letter(gold: str, choices: tuple[str, ...]) -> str:
    """Letter of the right choice, given as a letter or as the text of exactly one of the choices."""
    letter = gold.strip(" ().:").upper()
    allowed = _LETTERS[: len(choices)] if choices else _LETTERS
    if len(letter) == 1 and letter in allowed:
        return letter
    if choices.count(gold) == 1:
        return _LETTERS[choices.index(gold)]
    raise ValueError(
        f"gold: found {_shown(gold)}; allowed: a letter from A to {allowed[-1]}, or the text of one choice "
        "(a number would leave open whether counting starts at 0 or 1)"
    )


def _from_cell(value: Any) -> Any:
    """Parse a CSV cell with JSON: a cell can only hold text."""
    if isinstance(value, str) and value[:1] in ("[", "{"):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


def _metadata(row: Row, names: list[str]) -> dict[str, Any]:
    """Keep all other fields; an object named `metadata` (as in our own exports) is unpacked."""
    metadata = storable({name: row[name] for name in names})
    inner = metadata.get("metadata")
    if not isinstance(inner, dict):
        return metadata
    del metadata["metadata"]
    for name, value in inner.items():
        if metadata.setdefault(name, value) != value:
            raise ValueError(f"{name!r} stands beside 'metadata' and in it, with other values; keep one")
    return metadata


def storable(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Fields as a JSON file can hold them: NaN is missing, infinity and deep nesting are a ValueError."""
    return {name: _storable(value, name) for name, value in fields.items()}


def _storable(value: Any, name: str, depth: int = 1) -> Any:
    kind = type(value)
    if kind is float and not math.isfinite(value):
        if math.isnan(value):
            return None
        raise ValueError(f"field {name!r}: found {value}; allowed: a finite number, text, or null")
    if kind is not dict and kind is not list:
        return value
    if depth == _MAX_DEPTH:
        raise ValueError(f"field {name!r}: found more than {_MAX_DEPTH} levels of lists and objects")
    if kind is list:
        return [_storable(inner, name, depth + 1) for inner in value]
    return {key: _storable(inner, name, depth + 1) for key, inner in value.items()}


_READERS: Mapping[str, Callable[[Any], Any]] = {
    "id": _identifier,
    "question": _text,
    "answer": _text,
    "reference": _optional_text,
    "images": _images,
    "choices": _choices,
    "gold": _optional_text,
    "system": _optional_text,
}
