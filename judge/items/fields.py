"""Convert values of columns into fields of an Item: texts, images, choices, metadata."""

import ast
import json
import math
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ValidationError

from judge.records import Image
from judge.rows import Row

_MAX_DEPTH = 32
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def listed(names: tuple[str, ...]) -> str:
    """Quote the first twelve names for an error message, and count the others."""
    shown = ", ".join(repr(name)[:42] for name in names[:12]) or "no fields"
    return shown + (f" and {len(names) - 12} more" if len(names) > 12 else "")


def shown(value: Any) -> str:
    """Shorten a value for an error message, without control characters."""
    try:
        text = json.dumps(value, ensure_ascii=False, default=str)
    except (RecursionError, ValueError):
        text = type(value).__name__
    return ascii(text[:60])[1:-1] + ("…" if len(text) > 60 else "")


def is_missing(value: Any) -> bool:
    """Whether a value is null, or the NaN that data frames write for it."""
    return value is None or (type(value) is float and math.isnan(value))


def is_empty(value: Any) -> bool:
    """Whether a cell holds nothing: it is missing, or a text without any visible character."""
    return is_missing(value) or (isinstance(value, str) and not value.strip())


def text(value: Any) -> str:
    """Read text; a number becomes text.

    Raises
    ------
    ValueError
        It is neither.
    """
    if type(value) is str:
        return value
    if type(value) is int or (type(value) is float and math.isfinite(value)):
        return str(value)
    raise ValueError(f"found {shown(value)}; allowed: text or a number")


def from_cell(value: Any) -> Any:
    """Parse a CSV cell with JSON, or with a list or dict as Python writes it: a cell can only hold text."""
    if isinstance(value, str) and value[:1] in ("[", "{"):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return _python_literal(value)
    return value


def _python_literal(value: str) -> Any:
    try:
        found = ast.literal_eval(value)
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        return value
    # The text of a NumPy array, ['a' 'b'], also parses, but as the one text 'ab'.
    is_exact = isinstance(found, list | dict) and repr(found) == value
    return (
        found if is_exact and (isinstance(found, list) or all(type(key) is str for key in found)) else value
    )


def list_from_cell(value: Any) -> Any:
    """Parse a cell of a column of lists; a text that starts as a list of texts does and is none is refused.

    Raises
    ------
    ValueError
        The cell looks like a list, and is neither JSON nor a list as Python writes it.
    """
    found = from_cell(value)
    if isinstance(found, str) and found.startswith(("['", '["', "[{", "{'", '{"')):
        raise ValueError(f"found {shown(found)}, which is no valid list; write the list as JSON")
    return found


def texts_in_cell(value: str) -> str | list[str]:
    """Parse a cell that holds a list of texts; any other text, such as a list of numbers, stays a text."""
    if not value.startswith(("['", '["')):
        return value
    found = from_cell(value)
    return found if isinstance(found, list) and all(isinstance(entry, str) for entry in found) else value


def letter(gold: str, choices: tuple[str, ...], column: str) -> str:
    """Letter of the right choice, given as a letter or as the text of exactly one of the choices.

    Raises
    ------
    ValueError
        It is neither.
    """
    found = gold.strip(" ().:").upper()
    allowed = _LETTERS[: len(choices)] if choices else _LETTERS
    if len(found) == 1 and found in allowed:
        return found
    if choices.count(gold) == 1:
        return _LETTERS[choices.index(gold)]
    if not choices:
        raise ValueError(
            f"field {column!r}: found {shown(gold)}, and the row has no choices; allowed: a letter from A to "
            f"Z. If it is the reference answer: --map reference={column}"
        )
    raise ValueError(
        f"field {column!r}: found {shown(gold)}; allowed: a letter from A to {allowed[-1]}, or the text of "
        "one choice (a number would leave open whether counting starts at 0 or 1)"
    )


def metadata(row: Row, names: Mapping[str, str]) -> dict[str, Any]:
    """Values of the metadata fields, whose columns `names` gives; an object named `metadata` is unpacked.

    Raises
    ------
    ValueError
        A value cannot be written as JSON, or contradicts the unpacked object.
    """
    found = {}
    for name, column in names.items():
        value = row[column]
        kind = type(value)
        found[name] = value if kind is str or kind is int else _storable(value, name)
    inner = found.get("metadata")
    if not isinstance(inner, dict):
        return found
    del found["metadata"]
    for name, value in inner.items():
        if found.setdefault(name, value) != value:
            raise ValueError(f"{name!r} stands beside 'metadata' and in it, with other values; keep one")
    return found


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


def _answer(value: Any) -> str:
    if is_missing(value):
        raise ValueError(
            f"found {shown(value)}; allowed: text or a number. A missing answer cannot be judged; an empty "
            'one is "" and will be judged'
        )
    return text(value)


def _identifier(value: Any) -> str | None:
    if type(value) is str and value.strip():
        return value
    if is_missing(value):
        return None
    if isinstance(value, str):
        raise ValueError(f"found {shown(value)}; every item needs an id")
    return text(value)


def _optional_text(value: Any) -> str | None:
    return None if is_missing(value) or value == "" else text(value)


def _images(value: Any) -> tuple[Image, ...]:
    value = list_from_cell(value)
    if is_missing(value) or value == "":
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
            raise ValueError(f"found {shown(value)}: {place} {detail['msg']}; {_IMAGE_FORM}") from None
    raise ValueError(f"found {shown(value)}; {_IMAGE_FORM}")


_IMAGE_FORM = 'an image is a path, or {"path": … or "url": …, "role": "query" or "reference"}'


def _choices(value: Any) -> tuple[str, ...]:
    value = from_cell(value)
    if is_missing(value) or value in ("", []):
        return ()
    if isinstance(value, dict):
        keys = tuple(value)
        by_letter = {key.strip().upper(): inner for key, inner in value.items()}
        value = [by_letter[letter] for letter in _LETTERS[: len(value)] if letter in by_letter]
        if len(value) < len(keys):
            raise ValueError(f"found the keys {listed(keys)}; allowed: A, B, C, … without a gap")
    if not isinstance(value, list) or not 2 <= len(value) <= len(_LETTERS):
        raise ValueError(f'found {shown(value)}; allowed: a list of 2 to 26 options, or {{"A": …, "B": …}}')
    return tuple(text(option) for option in value)


def _references(value: Any) -> tuple[str, ...]:
    """Read one reference answer or a list of alternatives; empty ones are missing."""
    if type(value) is str:
        if value[:1] != "[":
            return (value,) if value else ()
        value = texts_in_cell(value)
    values = value if isinstance(value, list) else [value]
    found = (_optional_text(entry) for entry in values)
    return tuple(dict.fromkeys(entry for entry in found if entry is not None))


READERS: Mapping[str, Callable[[Any], Any]] = {
    "id": _identifier,
    "question": text,
    "answer": _answer,
    "reference": _references,
    "other_references": lambda value: _references(list_from_cell(value)),
    "images": _images,
    "choices": _choices,
    "gold": _optional_text,
    "system": _optional_text,
}
"""Field of an Item -> what reads its value; `reference` is read as a tuple of alternatives."""
