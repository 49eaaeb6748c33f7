"""Fields of items as text labels: what slices, clusters and systems are made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from judge.errors import InputError
from judge.items import ALIASES
from judge.records import Item

Labels = NDArray[np.str_]
NO_LABEL = "(none)"
ITEM_ID = "id"
IMAGE_FIELDS = ALIASES["images"]
"""Names of fields that hold the path of an image."""


@dataclass(frozen=True)
class CodedLabels:
    """One field of every item: a label for each number, all different, and a number for each item.

    >>> found = CodedLabels.of(["b", "a", "b"])
    >>> found.labels, found.codes.tolist()
    (['b', 'a'], [0, 1, 0])
    """

    labels: list[str]
    codes: NDArray[np.int64]

    @classmethod
    def of(cls, labels: Iterable[str]) -> CodedLabels:
        """Number labels in order of appearance."""
        given = list(labels)
        distinct = list(dict.fromkeys(given))
        if len(distinct) == len(given):
            return cls(distinct, np.arange(len(given)))
        place = {label: code for code, label in enumerate(distinct)}
        return cls(distinct, np.array([*map(place.__getitem__, given)], dtype=np.int64))


def item_field(items: Sequence[Item], name: str, *, where: str = "", hint: str = "") -> Labels:
    """One field of every item as text, ``(none)`` where it is missing; ``id`` is the id of the item.

    `where` opens the error message, and `hint` ends it.

    Raises
    ------
    InputError
        No item has this field.
    """
    if name == ITEM_ID:
        return np.array([item.id for item in items])
    values = [item.field(name) for item in items]
    if all(value is None for value in values):
        found = ", ".join(known_fields(items)) or "none"
        if name in IMAGE_FIELDS and any(item.images for item in items):
            hint = (
                f". The column {name} holds images; repeat their path in another one, such as picture{hint}"
            )
        raise InputError(f"{where}no item has the field {name!r}; found: {found}{hint}")
    return np.array([NO_LABEL if value is None else as_label(value) for value in values])


def known_fields(items: Sequence[Item]) -> list[str]:
    """Names of the fields of which any item has a value: ``system``, then metadata."""
    fields = (field for item in items for field in item.metadata.items())
    names = {name: None for name, value in fields if value is not None}
    system = ["system"] if any(item.system is not None for item in items) else []
    return [*system, *(name for name in names if name != "system")]


def as_label(value: Any) -> str:
    """Value of a field as text: 3.0 and 3 are the same label, True and the text "true" too.

    >>> as_label(3.0), as_label(True), as_label(["a", "b"])
    ('3', 'true', 'a, b')
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return ", ".join(map(as_label, value)) if isinstance(value, list | tuple) else str(value)


def natural_rank(label: str) -> tuple[bool, bool, float, str]:
    """Sort key of labels: numbers by value, then text, then ``(none)``.

    >>> sorted(["10", "(none)", "9", "easy"], key=natural_rank)
    ['9', '10', 'easy', '(none)']
    """
    number = label.removeprefix("-").replace(".", "", 1).isdecimal()
    return label == NO_LABEL, not number, float(label) if number else 0.0, label
