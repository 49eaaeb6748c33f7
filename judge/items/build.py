"""Build items from the rows of a table."""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from judge.items.columns import ColumnFinder, Plan
from judge.items.fields import is_empty, letter, text
from judge.items.identity import Repeats, Unique, chosen, content_id, id_from_fields
from judge.items.join import QuestionSet
from judge.items.summary import InputSummary
from judge.items.values import fields_of
from judge.records import Item
from judge.rows import Row


class ItemBuilder:
    """Builds the items of one table.

    Parameters
    ----------
    columns : ColumnFinder
        Finds the columns of the fields.
    id_from : sequence of str
        Fields that make the id.
    questions : QuestionSet or None
        Questions to which the rows hold the answers.
    summary : InputSummary
        Is filled with what was read.
    """

    def __init__(
        self,
        columns: ColumnFinder,
        id_from: Sequence[str],
        questions: QuestionSet | None,
        summary: InputSummary,
    ) -> None:
        self._columns, self._questions, self._summary = columns, questions, summary
        self._systems = columns.answers_in
        self._id_from = [name for name in id_from if not (self._systems and name == "system")]
        self._repeats, self._unique = Repeats(), Unique()
        self._has_ids: bool | None = None

    def items(self, row: Row, plan: Plan, where: str) -> Iterable[Item]:
        """Return the item of a row or, with one column for each system, one item for each answer.

        Raises
        ------
        ValueError
            The row is no item.
        """
        values, others = fields_of(row, plan)
        if self._questions is not None:
            values, others = self._questions.joined(values, others)
        if values.get("gold") is not None:
            values["gold"] = letter(values["gold"], values.get("choices", ()))
        values["id"] = self._id(row, values, others, where)
        if self._systems:
            return self._one_for_each_system(row, values, others)
        return (Item(**values, metadata=others),)

    def _one_for_each_system(
        self, row: Row, values: dict[str, Any], others: dict[str, Any]
    ) -> Iterator[Item]:
        row_id = values["id"]
        others.setdefault("pair_id", row_id)  # the answers to one question are not independent
        for system in self._systems:
            if is_empty(row.get(system)):
                self._summary.empty_answers[system] += 1
                continue
            try:
                answer = text(row[system])
            except ValueError as problem:
                raise ValueError(f"field {system!r}: {problem}") from None
            own = {"id": f"{row_id}/{system}", "answer": answer, "system": system}
            yield Item(**values | own, metadata=others)

    def _id(self, row: Row, values: dict[str, Any], others: dict[str, Any], where: str) -> str:
        if self._id_from:
            item_id = id_from_fields(chosen(self._id_from, row, values, others))
            self._unique.check(item_id, where)
            return item_id
        has_id = "id" in values
        if self._has_ids is None:
            self._has_ids = has_id
        if has_id != self._has_ids:
            found, before = ("an id", "none") if has_id else ("no id", "one")
            raise ValueError(
                f"found {found}, and the rows before have {before}; give every row an id, or none"
            )
        if has_id:
            return str(values["id"])
        parts = {name: values[name] for name in ("system", "images") if name in values}
        answer = self._answers(row) if self._systems else values.get("answer", "")
        made = content_id(values["question"], answer, **parts)
        item_id = self._repeats.numbered(made)
        self._summary.repeated += item_id != made
        return item_id

    def _answers(self, row: Row) -> str:
        """Return the answers of all systems as one text: rows of one question differ in them."""
        cells = ((system, row.get(system)) for system in sorted(self._systems))
        return json.dumps([(system, str(cell)) for system, cell in cells if not is_empty(cell)])
