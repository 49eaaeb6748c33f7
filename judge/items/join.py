"""Join a table of questions by id to a table of answers."""

from collections.abc import Mapping
from typing import Any

from judge.errors import InputError
from judge.items.columns import ColumnFinder, Plan
from judge.items.fields import is_missing, shown
from judge.items.values import Fields, row_reader
from judge.rows import RowSource, encoding_of, name_of, read_rows


class QuestionSet:
    """The questions of a table by id; they are kept in memory.

    Parameters
    ----------
    source : path, DataFrame or list of dict
        Table with an id and a question in each row.
    mapping : mapping of str to str
        Field -> column; fields whose column the table lacks are those of the answers.
    encoding : str or None
        Encoding of the table if it is a text file; None recognises it.

    Raises
    ------
    InputError
        A row has no id or no question, or two rows have one id.
    """

    def __init__(self, source: RowSource, mapping: Mapping[str, str], encoding: str | None = None) -> None:
        self.name = name_of(source)
        self.columns: set[str] = set()
        """Columns of the table."""
        self.plans: list[Plan] = []
        """What its columns hold, one plan for the rows of one shape."""
        self._questions: dict[str, Fields] = {}
        self._answered: set[str] = set()
        finder = ColumnFinder(
            mapping,
            needed=("id", "question"),
            elsewhere=set(mapping.values()),
            on_plan=self.plans.append,
        )
        for where, row in read_rows(source, encoding=encoding_of(source, encoding)):
            try:
                self._take(row, finder)
            except ValueError as problem:
                raise InputError(f"{where}: {problem}") from None

    def _take(self, row: Any, finder: ColumnFinder) -> None:
        if not isinstance(row, dict):
            raise ValueError(f'found {shown(row)}; allowed: a dict {{"id": …, "question": …}}')
        plan = finder.plan(tuple(row))
        if plan.problem:
            raise ValueError(plan.problem)
        self.columns.update(row)
        values, others = row_reader(plan).fields(row)
        if (item_id := values["id"]) is None:
            raise ValueError("the id is empty; every question needs one")
        if item_id in self._questions:
            raise ValueError(f"an earlier question has the id {item_id!r}, too; keep one of them")
        self._questions[item_id] = values, others

    def joined(self, values: dict[str, Any], others: dict[str, Any]) -> Fields:
        """Return the fields and the metadata of an answer together with those of its question.

        Raises
        ------
        ValueError
            There is no question with the id of the answer, or the two tables contradict each other.
        """
        item_id = self._known(values["id"])
        if (question := self._questions.get(item_id)) is None:
            raise ValueError(f"no question with the id {item_id!r} in {self.name}")
        self._answered.add(item_id)
        return self._merged(question[0], values | {"id": item_id}), self._merged(question[1], others)

    def _known(self, item_id: str | None) -> str:
        """Return the id of the question, without the ``.0`` or the spaces that spreadsheets add."""
        if item_id is None:
            raise ValueError("the id is empty; every answer needs that of its question")
        candidates = (item_id, item_id.strip(), item_id.strip().removesuffix(".0"))
        return next((name for name in candidates if name in self._questions), item_id)

    def unanswered(self) -> list[str]:
        """Ids of the questions that no answer was joined to, in the order of the table."""
        return [item_id for item_id in self._questions if item_id not in self._answered]

    def _merged(self, question: Mapping[str, Any], answer: Mapping[str, Any]) -> dict[str, Any]:
        merged = dict(question)
        for name, value in answer.items():
            first = merged.get(name)
            if not (is_missing(value) or value in ("", ()) or is_missing(first) or first in ("", (), value)):
                raise ValueError(
                    f"field {name!r}: found {shown(value)}, and {shown(first)} for its question in "
                    f"{self.name}; correct one of the two files, or rename the column in one of them"
                )
            if name not in merged or is_missing(first) or first in ("", ()):
                merged[name] = value
        return merged
