"""Build items from the rows of a table."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from judge.items.columns import ColumnFinder, Plan
from judge.items.fields import is_empty, letter, text
from judge.items.identity import Repeats, Unique, chosen, content_id, id_from_fields, id_part
from judge.items.join import QuestionSet
from judge.items.summary import InputSummary
from judge.items.values import row_reader
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
        self._repeats, self._unique = (
            Repeats(("question" if self._systems else "question,answer") + ",reference"),
            Unique(),
        )
        self._has_ids: bool | None = None

    def items(self, row: Row, plan: Plan, where: str) -> Iterable[Item]:
        """Return the item of a row or, with one column for each system, one item for each answer.

        Raises
        ------
        ValueError
            The row is no item.
        """
        values, others = row_reader(plan).fields(row)
        if self._questions is not None:
            values, others = self._questions.joined(values, others)
        if values.get("gold") is not None:
            column = plan.sources["gold"][0] if "gold" in plan.sources else "gold"
            values["gold"] = letter(values["gold"], values.get("choices", ()), column)
        if "other_references" in values:
            self._summary.add_references(row, plan)
        given = values.get("id") if self._has_ids and not self._id_from else None
        if given is None:
            given = self._given_id(row, values, others, where)
        if self._systems:
            return self._one_for_each_system(row, values, others, given)
        values["id"] = self._content_id(values) if given is None else given
        return (Item(**values, metadata=others),)

    def _one_for_each_system(
        self, row: Row, values: dict[str, Any], others: dict[str, Any], given: str | None
    ) -> list[Item]:
        # The answers to one question are not independent.
        others.setdefault("pair_id", _question_id(values) if given is None else given)
        items, empty = [], [system for system in self._systems if is_empty(row.get(system))]
        for system in self._systems:
            if system in empty:
                continue
            try:
                answer = text(row[system])
            except ValueError as problem:
                raise ValueError(f"field {system!r}: {problem}") from None
            own = values | {"answer": answer, "system": system}
            own["id"] = self._content_id(own) if given is None else f"{given}/{id_part('system', system)}"
            items.append(Item(**own, metadata=others))
        self._summary.empty_answers.update(empty)
        return items

    def _given_id(self, row: Row, values: dict[str, Any], others: dict[str, Any], where: str) -> str | None:
        """Return the id that columns give; None where the content makes it."""
        if self._id_from:
            item_id = id_from_fields(chosen(self._id_from, row, values, others))
            self._unique.check(item_id, where)
            return item_id
        found = values.get("id")
        has_id = found is not None
        if self._has_ids is None:
            self._has_ids = has_id
        if has_id != self._has_ids:
            now, before = ("an id", "none") if has_id else ("no id", "one")
            raise ValueError(f"found {now}, and the rows before have {before}; give every row an id, or none")
        return found

    def _content_id(self, values: Mapping[str, Any]) -> str:
        """Return the id that the content makes, which is the same in a table of one row an answer."""
        made = content_id(
            values["question"],
            values["answer"],
            values.get("system"),
            values.get("images", ()),
            values.get("choices", ()),
        )
        item_id = self._repeats.numbered(made, values)
        self._summary.repeated += item_id != made
        return item_id


def _question_id(values: Mapping[str, Any]) -> str:
    """Return what ties the answers to one question together: a hash of its text, images and reference."""
    return content_id(
        values["question"],
        values.get("reference") or "",
        images=values.get("images", ()),
        choices=values.get("choices", ()),
    )
