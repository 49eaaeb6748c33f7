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


class RowReader:
    """Reads the fields of items from the rows of one shape; what depends on their columns is found once."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._single = [
            (f, names[0], _reader(f, names[0])) for f, names in plan.sources.items() if len(names) == 1
        ]
        self._several = [f for f, names in plan.sources.items() if len(names) > 1]
        self._has_references = bool({"reference", "other_references"} & plan.sources.keys())
        self._question = plan.sources.get("question", [""])[0]
        self._has_chats = plain(self._question) in MESSAGES

    def fields(self, row: Row) -> Fields:
        """Read the fields of an Item from a row, and its metadata.

        Raises
        ------
        ValueError
            A column holds something else than its field may.
        """
        values, plan, column = {}, self._plan, ""
        try:
            for name, column, read in self._single:
                values[name] = read(row[column])
        except ValueError as problem:
            raise ValueError(f"field {column!r}: {problem}") from None
        for name in self._several:
            values[name] = value_of(row, plan, name)
        if self._has_references:
            _split_references(values)
        if plan.chats:
            for name in plan.chats:
                _check_chat(row, plan, name, values[name])
        others = metadata(row, plan.metadata)
        if self._question and (self._has_chats or type(row[self._question]) is not str):
            message = _system_message(row, self._question)
            if message:
                others.setdefault("system_message", message)
        return values, others


row_reader = lru_cache(maxsize=1024)(RowReader)
"""Reader of the rows of a plan; one is made for each plan."""


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


def _split_references(values: dict[str, Any]) -> None:
    """Replace the list of alternatives by the first of them, and the others if there are any."""
    references = values.pop("reference", ())
    if len(references) == 1 and "other_references" not in values:
        values["reference"] = references[0]
        return
    if "other_references" in values:
        references = tuple(dict.fromkeys((*references, *values.pop("other_references"))))
    if references:
        values["reference"] = references[0]
    if len(references) > 1:
        values["other_references"] = references[1:]


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
    text = _text_of_chat(found, role)
    if text is None:
        raise ValueError(f"found no message of the {role}")
    return text


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
    value = from_cell(row[column])
    return chat.text_of(value, "system") if chat.is_chat(value) else None
