"""Rows of a table -> Items."""

from collections.abc import Iterator, Sequence
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
    """Makes the items of the rows of one table.

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

    def items(self, row: Row, plan: Plan, where: str) -> Iterator[Item]:
        """Yield the item of a row or, with one column for each system, one item for each answer.

        Raises
        ------
        ValueError
            The row is no item.
        """
        self._summary.add_plan(plan)
        values, others = fields_of(row, plan)
        if self._questions is not None:
            values, others = self._questions.joined(values, others)
        if values.get("gold") is not None:
            values["gold"] = letter(values["gold"], values.get("choices", ()))
        item_id = self._id(row, plan, values, where)
        if not self._systems:
            yield self._counted(Item(**values | {"id": item_id, "metadata": others}))
            return
        others.setdefault("pair_id", item_id)
        for system in self._systems:
            if is_empty(row.get(system)):
                self._summary.empty_answers[system] += 1
                continue
            try:
                own = {"id": f"{item_id}/{system}", "answer": text(row[system]), "system": system}
            except ValueError as problem:
                raise ValueError(f"field {system!r}: {problem}") from None
            yield self._counted(Item(**values | own | {"metadata": others}))

    def _counted(self, item: Item) -> Item:
        self._summary.add(item)
        return item

    def _id(self, row: Row, plan: Plan, values: dict[str, Any], where: str) -> str:
        if self._id_from:
            item_id = id_from_fields(chosen(row, plan, self._id_from))
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
        made = content_id(values["question"], values.get("answer", ""), **parts)
        item_id = self._repeats.numbered(made)
        self._summary.repeated += item_id != made
        return item_id
