"""How tables are read, as the options of the commands say it, and the readings of a table."""

import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from judge.errors import InputError
from judge.items import ItemOptions
from judge.rows import encoding_of

_OPTIONS = {
    "mapping": "--map",
    "answers_in": "--answers-in",
    "id_from": "--id-from",
    "columns": "--column",
    "raters_in": "--raters-in",
    "dimensions": "--dimension",
    "missing_codes": "--missing-codes",
    "scale": "--scale",
    "rater_scales": "--rater-scale",
    "rubric": "--rubric",
}


@dataclass(frozen=True)
class Choices:
    """What is decided about the tables; each attribute is an option of the commands.

    Attributes
    ----------
    mapping, answers_in, questions
        How the answers are read, as in `judge.items.read_items`.
    columns, raters_in, dimensions, missing_codes, rater_scales
        How the ratings are read, as in `judge.agree`.
    id_from, encoding
        How both are read.
    scale : str or None
        Scale of the ratings, as in ``"1-10"``.
    rubric : str or None
        Rubric of the judge.
    has_ratings : bool
        Whether columns of numbers beside the answers may be ratings.
    left_out : tuple of str
        Tables that are not used.
    """

    mapping: Mapping[str, str] = field(default_factory=dict)
    answers_in: tuple[str, ...] = ()
    questions: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    raters_in: tuple[str, ...] = ()
    dimensions: tuple[str, ...] = ()
    missing_codes: tuple[str, ...] = ()
    rater_scales: Mapping[str, str] = field(default_factory=dict)
    id_from: tuple[str, ...] = ()
    encoding: str | None = None
    scale: str | None = None
    rubric: str | None = None
    has_ratings: bool = True
    left_out: tuple[str, ...] = ()

    def with_changes(self, changes: Mapping[str, Any]) -> "Choices":
        """Return these choices and those of a reading; mappings and tables that are left out are added."""
        merged = dict(changes)
        for name in ("mapping", "columns", "rater_scales"):
            if name in changes:
                merged[name] = {**getattr(self, name), **changes[name]}
        if "left_out" in changes:
            merged["left_out"] = (*self.left_out, *changes["left_out"])
        if "id_from" in changes:  # the ids are made of columns, and none of them is the id
            merged["columns"] = {name: one for name, one in self.columns.items() if name != "item_id"}
        return replace(self, **merged)

    def item_options(self, answers: str) -> ItemOptions:
        """Options of `judge.items.read_items` for the table of answers."""
        return {
            "mapping": self.mapping,
            "id_from": self.id_from,
            "answers_in": self.answers_in,
            "questions": self.questions,
            "encoding": encoding_of(answers, self.encoding),
        }


@dataclass(frozen=True)
class TableReading:
    """One way to read a table.

    Attributes
    ----------
    text : str
        What the table holds in this reading.
    changes : mapping
        Attribute of `Choices` -> value that selects the reading.
    """

    text: str
    changes: Mapping[str, Any]

    @property
    def options(self) -> str:
        """The options that select the reading, quoted for a shell."""
        return " ".join(_written(name, value) for name, value in self.changes.items())


Choose: TypeAlias = Callable[[str, Sequence[TableReading]], TableReading]
"""Gets a question and the readings of a table, and returns the right one."""


def only_readable(names: Sequence[str], option: str) -> tuple[str, ...]:
    """Return names of columns for an option that lists them; fail for one that the list cannot hold.

    Raises
    ------
    InputError
        A name has a comma, which separates the names of a list.
    """
    for name in names:
        if "," in name:
            raise InputError(
                f"column {name!r} has a comma in its name, and {option} separates names by commas. Rename "
                "the column"
            )
    return tuple(names)


def _written(name: str, value: Any) -> str:
    if name == "has_ratings":
        return "--no-ratings"
    if name == "left_out":
        return f"leave out {' '.join(map(shlex.quote, value))}"
    option = _OPTIONS[name]
    if isinstance(value, Mapping):
        return " ".join(f"{option} {shlex.quote(f'{key}={one}')}" for key, one in value.items())
    return f"{option} {shlex.quote(value if isinstance(value, str) else ','.join(value))}"
