"""Read a chat completion (JSON) into the values of a Completion. Pure; used by both clients.

Any field may have any type. A reply that cannot be read is a failure of its item only (`Failed`).
"""

import json
import reprlib
from collections.abc import Mapping
from typing import Any

from judge.records import Failure
from judge.scoring.backends.api.dialects import BROKEN_OFF, FILTERED, filtered_by
from judge.scoring.backends.api.errors import Failed, brief
from judge.scoring.backends.api.usage import read_usage
from judge.scoring.backends.thinking import split_thought

_TEXT_NAMES = ("text", "output_text", "value")
_PARTS = frozenset({"text", "output_text", "thinking", "reasoning", "refusal"})
"""Types of the parts of a message; a list of anything else is the verdict itself."""

_NO_TEXT = frozenset({"role", "name", "provider_specific_fields", "annotations"})
"""Fields of a message that never contain text of the model."""


def read_reply(data: Any) -> dict[str, Any]:
    """Read one chat completion.

    Returns
    -------
    dict
        Values of a `Completion`: reply, finish_reason, refusal, reasoning, failure, usage, model.

    Raises
    ------
    Failed
        It is not a chat completion, or has no choice.

    Examples
    --------
    >>> message = {"content": "<think>Hm.</think> 4"}
    >>> values = read_reply({"choices": [{"message": message, "finish_reason": "stop"}]})
    >>> values["reply"], values["reasoning"]
    ('4', 'Hm.')
    """
    try:
        return _read(data)
    except RecursionError:
        raise Failed("reply", f"the reply is nested too deeply: {_shown(data)}", again=True) from None


def read_usage_and_model(data: Any) -> dict[str, Any]:
    """Read usage and model, which an unreadable reply has, too."""
    if not isinstance(data, dict):
        return {"usage": None, "model": None}
    model = data.get("model")
    return {"usage": read_usage(data.get("usage")), "model": model if isinstance(model, str) else None}


def _read(data: Any) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise Failed("reply", f"the reply is not a JSON object: {_shown(data)}", again=True)
    choice = _first_choice(data)
    finish = _optional_text(choice.get("finish_reason"))
    if _is_one_of(BROKEN_OFF, finish):
        cause = choice.get("error") or finish
        raise Failed("server", f"the provider aborted the reply: {_shown(cause)}", again=True)
    message = choice.get("message")
    is_filtered = _is_one_of(FILTERED, finish)
    if not isinstance(message, dict):
        if not is_filtered and not filtered_by(data):
            raise Failed("reply", f"the reply has no message: {_shown(data)}", again=True)
        message, is_filtered = {}, True
    content, thought, where = _answer_and_reasoning(message)
    refusal = _refusal(message)
    is_filtered = is_filtered or (not content and bool(filtered_by(data)))
    values = {
        "reply": None if (refusal or is_filtered) and not content else content,
        "finish_reason": finish,
        "refusal": refusal,
        "reasoning": thought,
        "failure": _filter_failure(data) if is_filtered else None,
        **read_usage_and_model(data),
    }
    if not (content or refusal or is_filtered or finish == "length"):
        values |= _only_reasoning(thought, where) if thought else _no_text(message)
    return values


def _first_choice(data: Mapping[str, Any]) -> Mapping[str, Any]:
    choices = data.get("choices")
    if isinstance(choices, list) and choices and isinstance(choices[0], dict):
        return choices[0]
    if not choices and filtered_by(data):
        return {"finish_reason": "content_filter"}
    raise Failed("reply", f"the reply has no choice: {_shown(data)}", again=True)


def _filter_failure(data: Mapping[str, Any]) -> Failure:
    found = ", ".join(filtered_by(data))
    return Failure(
        kind="filter",
        message=brief(f"the provider's content filter withheld the reply{f' ({found})' if found else ''}"),
    )


def _only_reasoning(thought: str, where: str) -> dict[str, Any]:
    """Handle a reply of reasoning only; a server may have taken the whole verdict for reasoning."""
    try:
        if isinstance(json.loads(thought), dict):
            return {"reply": thought, "reasoning": None}
    except (ValueError, RecursionError):
        pass
    message = f"the reply contains only reasoning ({len(thought):,} characters, in {where}) and no answer"
    return {"failure": Failure(kind="reply", message=message)}


def _no_text(message: Mapping[str, Any]) -> dict[str, Any]:
    """Handle a message without text: report its other content, if there is any."""
    rest = {name: value for name, value in message.items() if value and name not in _NO_TEXT}
    if not rest:
        return {}
    return {"failure": Failure(kind="reply", message=f"the reply has no text; it contains: {_shown(rest)}")}


def _answer_and_reasoning(message: Mapping[str, Any]) -> tuple[str, str | None, str]:
    """Return the answer, the reasoning before it, and the place of the reasoning."""
    where = next((name for name in ("reasoning_content", "reasoning") if message.get(name)), "")
    thought = (_text(message[where]) or _json(message[where])) if where else ""
    content = message.get("content")
    if isinstance(content, list) and all(map(_is_part, content)):  # some of them reasoning (Mistral)
        if not thought:
            thought, where = "".join(_text(_of(part, "thinking")) for part in content), "its thinking parts"
        content = "".join(map(_text, content))
    elif content is not None and not isinstance(content, str):
        content = _json(content)  # the verdict itself, as JSON instead of text
    content = content or ""
    if not thought:
        thought, content = split_thought(content)
        where = "a <think> block that is not closed"
    arguments = _arguments(message)
    return "\n".join(filter(None, [content, arguments])), thought.strip() or None, where


def _is_part(part: Any) -> bool:
    """Whether a list element is a part of a message; otherwise the list is a verdict."""
    if not isinstance(part, dict):
        return part is None or isinstance(part, str)
    kind = part.get("type")
    return kind in _PARTS if isinstance(kind, str) else "text" in part or "thinking" in part


def _arguments(message: Mapping[str, Any]) -> str:
    """Return the arguments of a call of a tool that was not offered: they may contain the verdict."""
    calls = message.get("tool_calls")
    functions = [_of(call, "function") for call in calls] if isinstance(calls, list) else []
    given = [_of(function, "arguments") for function in [*functions, message.get("function_call")]]
    texts = [text if isinstance(text, str) else _json(text) for text in given if text]
    return "\n".join(text for text in texts if text.strip() not in ("", "{}"))


def _refusal(message: Mapping[str, Any]) -> str | None:
    content = message.get("content")
    parts = content if isinstance(content, list) else []
    kept = _of(message.get("provider_specific_fields"), "refusal")  # where litellm puts it
    said = (message.get("refusal"), kept, *(_of(part, "refusal") for part in parts))
    return next((_optional_text(refusal) for refusal in said if refusal), None)


def _is_one_of(reasons: frozenset[str], finish: str | None) -> bool:
    """Compare finish reasons; some providers use capitals or add details (``content_filter: RECITATION``)."""
    return finish is not None and finish.lower().partition(":")[0] in reasons


def _of(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None


def _text(value: Any) -> str:
    """Return the text of a string, of a part, or of a list of parts."""
    if isinstance(value, list):
        return "".join(map(_text, value))
    if isinstance(value, dict):
        return next((_text(value[name]) for name in _TEXT_NAMES if value.get(name)), "")
    return value if isinstance(value, str) else ""


def _optional_text(value: Any) -> str | None:
    """Return a value as text; None stays None."""
    return value if value is None or isinstance(value, str) else _json(value)


def _json(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False)
    except ValueError:  # an integer of thousands of digits
        return ""


def _shown(data: Any) -> str:
    """Return the beginning of unexpected data, for a message."""
    try:
        return brief(_REPR.repr(data))
    except ValueError:
        return "an integer of thousands of digits"


_REPR = reprlib.Repr()
_REPR.maxlevel, _REPR.maxdict, _REPR.maxlist, _REPR.maxstring, _REPR.maxother = 5, 20, 20, 300, 300
