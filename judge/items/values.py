"""Values of a row by field of an Item: the columns of a field are found, read and compared."""

from collections.abc import Sequence
from typing import Any

from judge.items import chat
from judge.items.columns import LISTS_IN_CELLS, MESSAGES, Plan, plain
from judge.items.fields import READERS, from_cell, is_missing, metadata, shown
from judge.rows import Row

Fields = tuple[dict[str, Any], dict[str, Any]]
"""Fields of an Item, and its metadata."""


def fields_of(row: Row, plan: Plan) -> Fields:
    """Read the fields of an Item from a row, and its metadata.

    Raises
    ------
    ValueError
        A column holds something else than its field may.
    """
    values = {name: value_of(row, plan, name) for name in plan.sources}
    if references := (*values.pop("reference", ()), *values.pop("other_references", ())):
        values["reference"], *others = dict.fromkeys(references)
        values["other_references"] = tuple(others)
    others_of_row = metadata(row, plan.metadata)
    if system_message := _system_message(row, plan):
        others_of_row.setdefault("system_message", system_message)
    return values, others_of_row


def value_of(row: Row, plan: Plan, name: str) -> Any:
    """Value of a field of an Item as a reader makes it from a row.

    Raises
    ------
    ValueError
        The value is no such value, or two columns contradict each other.
    """
    columns = plan.sources[name]
    column = columns[0] if len(columns) == 1 else _agreed(row, name, columns)
    try:
        return READERS[name](_unwrapped(name, plain(column), row[column]))
    except ValueError as problem:
        raise ValueError(f"field {column!r}: {problem}") from None


def _unwrapped(name: str, column: str, value: Any) -> Any:
    """Text of a chat or of a list of turns, and the list in a CSV cell; other values stay as they are."""
    if column in MESSAGES or column in LISTS_IN_CELLS:
        value = from_cell(value)
    if name == "question" and column == "turns":
        return chat.only_turn(from_cell(value))
    if name in ("question", "answer") and chat.is_chat(value):
        return chat.text_of(value, "user" if name == "question" else "assistant")
    return value


def _agreed(row: Row, name: str, columns: Sequence[str]) -> str:
    """Tell which of several columns of one field to read: any one, as long as they hold the same.

    An empty cell contradicts nothing, except in an answer, because an empty answer is an answer.
    """
    full = [c for c in columns if not (is_missing(row[c]) or (row[c] == "" and name != "answer"))] or columns
    if any(row[column] != row[full[0]] for column in full[1:]):
        found = " and ".join(f"{column!r} ({shown(row[column])})" for column in full)
        raise ValueError(
            f"{found} are all names for {name!r}, and their values differ. Say which one is meant: "
            f"--map {name}={full[0]}"
        )
    return full[0]


def _system_message(row: Row, plan: Plan) -> str | None:
    """Text of the system's message of a chat that the question was read from."""
    column = plan.sources["question"][0] if "question" in plan.sources else ""
    value = row.get(column)
    if plain(column) in MESSAGES:
        value = from_cell(value)
    return chat.text_of(value, "system") if chat.is_chat(value) else None
