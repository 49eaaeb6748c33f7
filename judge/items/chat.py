"""Read the question and the answer of a chat with one turn."""

from collections.abc import Mapping
from typing import Any

from judge.items.fields import shown

_ROLES = {
    **dict.fromkeys(("user", "human"), "user"),
    **dict.fromkeys(("assistant", "gpt", "ai", "model", "bot", "chatgpt"), "assistant"),
    **dict.fromkeys(("system", "developer"), "system"),
}
"""Role of a message, as OpenAI, ShareGPT and others name it -> its meaning."""
_ONE_TURN = (
    "an item is one question with one answer. Write one row for each answer that is to be judged, with the "
    "conversation before it as the question"
)


def is_chat(value: Any) -> bool:
    """Whether a value is a list of messages, or one message."""
    first = value[0] if isinstance(value, list) and value else value
    return isinstance(first, dict) and ("role" in first or "from" in first)


def answered(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a row of MT-bench, whose answer stands in ``choices[].turns``, with a field `answer`.

    Raises
    ------
    ValueError
        There are several answers, or several turns.
    """
    choices = row.get("choices")
    if not (
        isinstance(choices, list) and choices and all(isinstance(c, dict) and "turns" in c for c in choices)
    ):
        return row
    if len(choices) > 1:
        raise ValueError(f"field 'choices': found {len(choices)} answers; {_ONE_TURN}")
    try:
        answer = only_turn(choices[0]["turns"])
    except ValueError as problem:
        raise ValueError(f"field 'choices': {problem}") from None
    return {name: value for name, value in row.items() if name != "choices"} | {"answer": answer}


def text_of(value: Any, role: str) -> str | None:
    """Text of the only message with a role; None where there is no such message.

    Raises
    ------
    ValueError
        There are several such messages, or one is of an unknown form.

    Examples
    --------
    >>> chat = [{"role": "user", "content": "2 + 2?"}, {"role": "assistant", "content": "4"}]
    >>> text_of(chat, "user"), text_of(chat, "assistant"), text_of(chat, "system")
    ('2 + 2?', '4', None)
    """
    messages = [_message(entry) for entry in (value if isinstance(value, list) else [value])]
    found = [content for known, content in messages if known == role]
    if len(found) > 1:
        raise ValueError(f"found {len(found)} messages of the {role}; {_ONE_TURN}")
    if found and role == "assistant" and messages[-1][0] != role:
        raise ValueError(f"found a message of the {messages[-1][0]} after that of the assistant; {_ONE_TURN}")
    return found[0] if found else None


def only_turn(value: Any) -> Any:
    """Return the question of a list of turns, as in MT-bench; another value stays as it is.

    Raises
    ------
    ValueError
        There are several turns, or none.
    """
    if not isinstance(value, list):
        return value
    if len(value) != 1:
        raise ValueError(f"found {len(value)} turns; {_ONE_TURN}")
    return value[0]


def _message(entry: Any) -> tuple[str, str]:
    if not isinstance(entry, dict):
        raise ValueError(f'found {shown(entry)}; a message is {{"role": "user", "content": …}}')
    role = _ROLES.get(str(entry.get("role", entry.get("from"))).lower())
    if role is None:
        found = shown(entry.get("role", entry.get("from")))
        raise ValueError(f"found a message of {found}; allowed roles: system, user, assistant. {_ONE_TURN}")
    return role, _content(entry.get("content", entry.get("value")))


def _content(content: Any) -> str:
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else [content]
    if not all(isinstance(part, Mapping) and isinstance(part.get("text"), str) for part in parts):
        raise ValueError(
            f"found the content {shown(content)}; allowed: a text, or a list of text parts. Pictures belong "
            "in a column 'images'"
        )
    return "\n".join(part["text"] for part in parts)
