"""The first rows of a table, and what its columns may hold."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any

from judge.errors import InputError
from judge.formats.cells import CellReader
from judge.formats.rating_columns import is_no_dimension
from judge.items.columns import ColumnFinder, Plan, plain
from judge.items.fields import is_empty
from judge.rows import Row, encoding_of, read_rows
from judge.workflows.setup.choices import Choices

_FIRST_ROWS = 1000
_MOST_POINTS = 11
_HIGHEST_POINT = 100
"""Columns with more different numbers, or higher ones, hold years or counts rather than ratings."""
_WORDS_OF_A_TEXT = 3
_TEXTS = ("text",)
"""Names of columns that hold no ratings, and may hold questions or answers."""
_CELLS = CellReader()


@dataclass(frozen=True)
class InputTable:
    """The first rows of a table.

    Attributes
    ----------
    name : str
        File, or sheet of a workbook.
    rows : tuple of dict
        The first rows; none where the file is no table, such as a nested JSON document.
    problem : str
        Why it is no table.
    """

    name: str
    rows: tuple[Row, ...]
    problem: str = ""

    @classmethod
    def read(cls, name: str, encoding: str | None) -> "InputTable":
        """Read the first rows of a table; a file that is none may still hold ratings."""
        try:
            rows = [
                row for _, row in islice(read_rows(name, encoding=encoding_of(name, encoding)), _FIRST_ROWS)
            ]
        except InputError as error:
            return cls(name, (), str(error))
        return cls(name, tuple(rows), "" if rows else f"{name}: holds no rows")

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns, in order of appearance."""
        return tuple(dict.fromkeys(name for row in self.rows for name in row))

    def values(self, column: str) -> list[Any]:
        """Cells of a column that are not empty."""
        return [row[column] for row in self.rows if not is_empty(row.get(column))]

    @cached_property
    def fields(self) -> dict[str, list[str]]:
        """Field of an item -> the columns that hold it by their names alone."""
        return ColumnFinder({}, needed=()).plan(self.columns).sources

    def plan(self, choices: Choices) -> Plan:
        """Which columns hold which fields of an item."""
        needed = ("question",) if choices.answers_in else ("question", "answer")
        return ColumnFinder(choices.mapping, answers_in=choices.answers_in, needed=needed).plan(self.columns)

    def missing(self, choices: Choices) -> tuple[str, ...]:
        """Fields of an item that no column holds."""
        found = self.plan(choices).sources
        has_answer = set(choices.answers_in) <= set(self.columns) if choices.answers_in else "answer" in found
        return (*(() if "question" in found else ("question",)), *(() if has_answer else ("answer",)))

    def texts(self, choices: Choices) -> tuple[str, ...]:
        """Columns without a known meaning that may hold questions or answers: sentences, or else texts."""
        free = [
            name
            for name in self._free(choices)
            if self._is_text(name) and (plain(name) in _TEXTS or not is_no_dimension(name))
        ]
        sentences = [name for name in free if self.holds_sentences(name)]
        return tuple(sentences or free)

    def rating_columns(self, choices: Choices) -> tuple[str, ...]:
        """Columns without another known meaning in which every cell is a rating or marks a missing one."""
        free = (name for name in self._free(choices) if not is_no_dimension(name))
        return tuple(name for name in free if self._holds_ratings(name))

    def _free(self, choices: Choices) -> Iterator[str]:
        plan = self.plan(choices)
        used = {name for columns in plan.sources.values() for name in columns}
        used |= {*choices.mapping.values(), *choices.answers_in, *choices.columns.values()}
        return (name for name in self.columns if name not in used)

    def _is_text(self, name: str) -> bool:
        values = self.values(name)
        texts = [v for v in values if isinstance(v, str) and not isinstance(_CELLS.value(v), float)]
        return 2 * len(texts) > len(values)

    def holds_sentences(self, name: str) -> bool:
        """Whether the cells of a column have several words, as no id has."""
        values = self.values(name)
        return bool(values) and sum(len(str(v).split()) for v in values) >= _WORDS_OF_A_TEXT * len(values)

    def _holds_ratings(self, name: str) -> bool:
        found = {_CELLS.value(value) for value in self.values(name)} - {None}
        numbers = [value for value in found if isinstance(value, float)]
        return (
            0 < len(numbers) == len(found) <= _MOST_POINTS
            and min(numbers) >= 0
            and max(numbers) <= _HIGHEST_POINT
        )


def quoted(names: Sequence[str]) -> str:
    """``'a', 'b'``."""
    return ", ".join(map(repr, names))
