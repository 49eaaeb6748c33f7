"""Decode the body of a response: one JSON object, or a stream of events that is joined to one."""

import json
import re
from collections.abc import Iterator
from typing import Any

from judge.scoring.backends.api.errors import Failed, quoted

MOST_BYTES = 16 << 20
"""Largest size of a response; a longer one is not a verdict, and could exhaust the memory."""

_DIGITS = 18  # of the largest integer that SQLite stores
_EVENTS = ("data:", "event:", "id:", "retry:", ":")
_TEXTS = ("content", "reasoning_content", "reasoning", "refusal")


def decode(content: bytes, decoder: json.JSONDecoder | None = None) -> Any:
    """Decode the body of a reply; invalid characters are replaced.

    Parameters
    ----------
    content : bytes
        The body.
    decoder : json.JSONDecoder or None
        `EVERY_VALUE`, or None for one that keeps the last value of a name that stands twice.

    Raises
    ------
    Failed
        It is neither JSON nor a stream of events, or the stream ends before the reply does.

    Examples
    --------
    >>> decode(b'{"choices": []}')
    {'choices': []}
    """
    decoder = decoder or _JSON
    try:
        return decoder.decode(content.decode())
    except (ValueError, RecursionError):
        encoding = json.detect_encoding(content)
        return _decode_text(content.decode(encoding, errors="replace"), decoder)


def _decode_text(text: str, decoder: json.JSONDecoder) -> Any:
    if text.lstrip("\ufeff \r\n").startswith(_EVENTS):
        return join_stream(text)
    try:
        return decoder.decode(text)
    except RecursionError:
        raise Failed("reply", f"the reply is nested too deeply: {quoted(text)}", again=True) from None
    except ValueError:
        page = "a web page, " if text.lstrip().startswith("<") else ""
        raise Failed("reply", f"the reply is {page}not JSON: {quoted(text)}", again=True) from None


def _number(digits: str) -> int | float:
    """Read long integers as float; Python refuses to convert thousands of digits to int."""
    return int(digits) if len(digits) <= _DIGITS else float(digits)


def _every_value(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        values: dict[str, list[Any]] = {}
        for name, value in pairs:
            values.setdefault(name, []).append(value)
        found |= {name: listed for name, listed in values.items() if len(listed) > 1}
    return found


_JSON = json.JSONDecoder(parse_int=_number)
EVERY_VALUE = json.JSONDecoder(parse_int=_number, object_pairs_hook=_every_value)
"""Decoder for which the value of a name that stands twice in an object is the list of its values."""


def join_stream(text: str) -> dict[str, Any]:
    r"""Join the events of a streamed chat completion to the object that a single reply would be.

    >>> half = 'data: {"choices": [{"delta": {"content": "4"}}]}'
    >>> rest = 'data: {"choices": [{"delta": {"content": "2"}, "finish_reason": "stop"}]}'
    >>> join_stream(f"{half}\n\n{rest}\n\ndata: [DONE]")["choices"][0]["message"]["content"]
    '42'

    Raises
    ------
    Failed
        An event is not JSON, or the stream ends before the reply does.
    """
    message = _Message()
    whole: dict[str, Any] = {}
    choice: dict[str, Any] = {}
    ended = False
    for payload in _payloads(text):
        if payload == "[DONE]":
            ended = True
            break
        event = _event(payload)
        whole |= {name: value for name, value in event.items() if name != "choices" and value is not None}
        for part in _first_choices(event):
            message.add(part.pop("delta", None))
            message.add(part.pop("message", None))
            _add_logprobs(choice, part.pop("logprobs", None))
            choice |= {name: value for name, value in part.items() if value is not None}
    if whole.get("error") and (choice or message.is_begun):
        choice |= {"finish_reason": "error", "error": whole["error"]}
    elif not (ended or choice.get("finish_reason") or whole.get("error")):
        raise Failed("reply", f"the stream ended before the reply did: {quoted(text[-400:])}", again=True)
    if choice or message.is_begun:
        whole["choices"] = [{**choice, "message": message.whole()}]
    return whole


class _Message:
    """A message received in pieces: texts, and tool calls by index, are joined at the end."""

    def __init__(self) -> None:
        self._texts: dict[str, list[Any]] = {}
        self._calls: dict[int, list[Any]] = {}
        self._rest: dict[str, Any] = {}

    @property
    def is_begun(self) -> bool:
        """Whether any piece has arrived."""
        return bool(self._texts or self._calls or self._rest)

    def add(self, delta: Any) -> None:
        for name, value in delta.items() if isinstance(delta, dict) else ():
            if name == "tool_calls":
                for place, call in enumerate(_listed(value)):
                    index = call.get("index") if isinstance(call, dict) else None
                    self._calls.setdefault(index if isinstance(index, int) else place, []).append(
                        call.get("function") if isinstance(call, dict) else None
                    )
            elif name == "function_call":
                self._calls.setdefault(-1, []).append(value)
            elif name in _TEXTS and value is not None:
                self._texts.setdefault(name, []).extend(_listed(value))
            elif value is not None:
                self._rest[name] = value

    def whole(self) -> dict[str, Any]:
        message = self._rest | {name: _joined(pieces) for name, pieces in self._texts.items()}
        if self._calls:
            message["tool_calls"] = [{"function": _call(pieces)} for pieces in self._calls.values()]
        return message


def _call(pieces: list[Any]) -> dict[str, Any]:
    functions = [piece for piece in pieces if isinstance(piece, dict)]
    arguments = [piece["arguments"] for piece in functions if piece.get("arguments") is not None]
    return {
        "name": next((p["name"] for p in functions if p.get("name")), None),
        "arguments": _joined(arguments),
    }


def _joined(pieces: list[Any]) -> Any:
    """Join texts; anything else is returned as it came: parts of a message, or a single object."""
    if all(isinstance(piece, str) for piece in pieces):
        return "".join(pieces)
    return pieces[0] if len(pieces) == 1 else pieces


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _add_logprobs(choice: dict[str, Any], logprobs: Any) -> None:
    tokens = logprobs.get("content") if isinstance(logprobs, dict) else None
    if isinstance(tokens, list):
        choice.setdefault("logprobs", {"content": []})["content"].extend(tokens)


def _first_choices(event: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the pieces of the first choice; only one is requested."""
    choices = event.get("choices")
    for choice in choices if isinstance(choices, list) else []:
        if isinstance(choice, dict) and choice.get("index", 0) in (0, None):
            yield choice


def _payloads(text: str) -> Iterator[str]:
    for line in re.split("\r\n|\n|\r", text):  # JSON strings may contain other line ends of Unicode
        if line.startswith("data:"):
            yield line[len("data:") :].strip()


def _event(payload: str) -> dict[str, Any]:
    try:
        event = _JSON.decode(payload)
    except (ValueError, RecursionError):
        raise Failed("reply", f"an event of the stream is not JSON: {quoted(payload)}", again=True) from None
    return event if isinstance(event, dict) else {}
