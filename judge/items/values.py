"""Read the values of the fields of an Item from a row."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from judge.items import chat
from judge.items.columns import LISTS_IN_CELLS, MESSAGES, Plan, plain
from judge.items.fields import READERS, from_cell, is_missing, list_from_cell, metadata, shown
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
    references = values.pop("reference", ())
    if "other_references" in values:
        references = tuple(dict.fromkeys((*references, *values.pop("other_references"))))
    if references:
        values["reference"] = references[0]
    if len(references) > 1:
        values["other_references"] = references[1:]
    for name in plan.chats:
        _check_chat(row, plan, name, values[name])
    others = metadata(row, plan.metadata)
    if "question" in plan.sources and (system_message := _system_message(row, plan.sources["question"][0])):
        others.setdefault("system_message", system_message)
    return values, others


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
        return _reader(name, column)(row[column])
    except ValueError as problem:
        raise ValueError(f"field {column!r}: {problem}") from None


@lru_cache(maxsize=4096)
def _reader(name: str, column: str) -> Callable[[Any], Any]:
    """Reader of a field that also knows what a column of this name may hold: a chat, turns, a list."""
    read, known = READERS[name], plain(column)
    if name == "question" and known == "turns":
        return lambda value: read(chat.only_turn(from_cell(value)))
    if name in ("question", "answer"):
        role = "user" if name == "question" else "assistant"
        if known in MESSAGES:
            return lambda value: read(_text_in_chat(value, role))
        return lambda value: value if type(value) is str else read(_text_of_chat(value, role))
    return (lambda value: read(list_from_cell(value))) if known in LISTS_IN_CELLS else read


def _text_of_chat(value: Any, role: str) -> Any:
    return chat.text_of(value, role) if chat.is_chat(value) else value


def _text_in_chat(value: Any, role: str) -> Any:
    """Text of the only message with a role, in a column of chats, where a mere text is a question."""
    found = list_from_cell(value)
    if role == "assistant" and not chat.is_chat(found):
        raise ValueError(
            f'found {shown(found)}; allowed: a list of messages {{"role": "assistant", "content": …}}. A '
            "text is the question only; give the answer a column of its own"
        )
    return _text_of_chat(found, role)


def _check_chat(row: Row, plan: Plan, name: str, value: Any) -> None:
    """Refuse a chat with one message of a role that contradicts the column of its own for this field."""
    for column in plan.chats[name]:
        messages = from_cell(row[column])
        if not chat.is_chat(messages):
            continue
        try:
            found = chat.text_of(messages, "user" if name == "question" else "assistant")
        except ValueError:  # several turns: what is judged is one of them
            continue
        if found is not None and found.strip() != value.strip():
            own = plan.sources[name][0]
            raise ValueError(
                f"{own!r} ({shown(value)}) and {column!r} ({shown(found)}) both hold the {name}, and they "
                f"differ. Say which one is meant: --map {name}={own}, or --map {name}={column}"
            )


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


def _system_message(row: Row, column: str) -> str | None:
    """Text of the system's message of a chat that the question was read from."""
    value = row[column]
    if type(value) is str:
        if plain(column) not in MESSAGES:
            return None
        value = from_cell(value)
    return chat.text_of(value, "system") if chat.is_chat(value) else None
