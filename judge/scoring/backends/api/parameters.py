"""Parameters and messages of a request in the form that its provider accepts."""

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from judge.errors import BackendError, JudgeError
from judge.records import Item, Message, Request
from judge.scoring.backends.api import logprobs
from judge.scoring.backends.api.dialects import SYSTEM_ROLE
from judge.scoring.backends.api.errors import Failed, Rejected, redact
from judge.scoring.backends.api.providers import OPENAI_COMPATIBLE, Endpoint
from judge.scoring.backends.thinking import template_kwargs

Encode = Callable[[Item, int], str]
"""Return the data URL or URL of the nth image of an item. Called from several threads."""

# For OpenAI's reasoning models the limit includes reasoning tokens and only has the other name.
_REASONING = re.compile(r"(^|/)(o[1-9]|gpt-[5-9])([-.]|$)")
# Without the second option some providers count no tokens.
_STREAM: Mapping[str, Any] = {"stream": True, "stream_options": {"include_usage": True}}
_CLAUDE = re.compile(r"claude", re.IGNORECASE)


class Parameters:
    """Parameters that one endpoint accepts; learns from those that it rejects."""

    def __init__(self, endpoint: Endpoint) -> None:
        known = OPENAI_COMPATIBLE.get(endpoint.provider) if endpoint.transport == "http" else None
        self._renamed = dict(known.renamed) if known else {}
        self._dropped: dict[str, None] = {}
        self._endpoint = endpoint
        self._streams = False
        self._most_shown = logprobs.MOST_SHOWN
        if _REASONING.search(endpoint.model):
            self._renamed["max_tokens"] = "max_completion_tokens"

    def of(self, request: Request, ids: Mapping[str, int] | None = None) -> dict[str, Any]:
        """Return the parameters to send; `ids` are the token ids of the labels, if they are known."""
        wanted = self._wanted(request, ids)
        if self._streams:
            wanted |= _STREAM
        return {self._renamed.get(name, name): v for name, v in wanted.items() if name not in self._dropped}

    def dropped(self, request: Request) -> tuple[str, ...]:
        """Return the parameters of `request` that are left out because the provider rejects them."""
        if not self._dropped:
            return ()
        return tuple(name for name in self._wanted(request, {}) if name in self._dropped)

    def reject(self, rejected: Rejected, sent: Mapping[str, Any], attempt: int = 0) -> None:
        """Remember a parameter that the provider rejects.

        Raises
        ------
        Failed
            The parameter was not sent, or it is the higher token limit for a truncated reply.
        BackendError
            The user chose the rejected value, or the parameter is required for expected scores.
        """
        if rejected.param == "stream" and "stream" not in sent:  # the provider only streams replies
            self._streams = True
            return
        if rejected.param not in sent:
            raise Failed("request", f"the provider rejects {rejected.param}: {rejected.message}")
        most = logprobs.lower_most(rejected.message)
        if most is not None and most < sent.get("top_logprobs", 0):
            self._most_shown = most
            return
        name = next((old for old, new in self._renamed.items() if new == rejected.param), rejected.param)
        if rejected.instead is not None and name not in self._renamed:
            self._renamed[name] = rejected.instead
        elif rejected.is_value and name == "max_tokens" and attempt:
            raise Failed(
                "context", f"the reply was truncated and a higher limit rejected: {rejected.message}"
            )
        elif rejected.is_value:
            raise BackendError(f"the provider rejects this value of {name}: {rejected.message}")
        elif "logprobs" in sent and name in logprobs.NEEDED:
            raise BackendError(
                f"{self._endpoint.where} does not return log-probabilities ({rejected.message}); "
                f"{logprobs.USE_TEXT}"
            )
        else:
            self._dropped[name] = None

    def _wanted(self, request: Request, ids: Mapping[str, int] | None) -> dict[str, Any]:
        params = {name: value for name, value in request.params.items() if value is not None}
        if request.schema is not None:
            schema = {"name": "verdict", "strict": True, "schema": request.schema}
            params["response_format"] = {"type": "json_schema", "json_schema": schema}
        if self._endpoint.is_vllm:
            switch = template_kwargs({**params, "reasoning_effort": "none"} if request.labels else params)
            params.pop("reasoning_effort", None)
            params |= {"chat_template_kwargs": switch} if switch else {}
        if request.labels:
            most = self._most_shown
            params |= logprobs.by_rank(request.labels, most) if ids is None else logprobs.by_id(ids)
        return params


class Messages:
    """Converts messages to chat completions: encodes images, and marks the prefix that may be cached."""

    def __init__(self, endpoint: Endpoint, encode: Encode | None) -> None:
        self._encode = encode
        self._has_system_role = True
        # Other providers cache automatically, and some of them reject the mark.
        self._mark_cache = bool(_CLAUDE.search(endpoint.model)) and (
            endpoint.transport == "litellm" or endpoint.provider == "openrouter"
        )

    def leave_out_system_role(self) -> None:
        """From now on, send the system text as the beginning of the user message."""
        self._has_system_role = False

    @property
    def dropped(self) -> tuple[str, ...]:
        """Return the roles that the provider rejects; no text is left out."""
        return () if self._has_system_role else (SYSTEM_ROLE,)

    async def of(self, request: Request) -> list[Message]:
        """Return the messages to send."""
        messages = list(request.messages) if self._has_system_role else _without_system(request.messages)
        for place, message in enumerate(messages):
            if not isinstance(message["content"], str):
                messages[place] = {**message, "content": await self._parts(request.item, message["content"])}
        if self._mark_cache and messages[0]["role"] == "system" and isinstance(messages[0]["content"], str):
            part = {"type": "text", "text": messages[0]["content"], "cache_control": {"type": "ephemeral"}}
            messages[0] = {**messages[0], "content": [part]}
        return messages

    async def _parts(self, item: Item, parts: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        return [
            {"type": "image_url", "image_url": {"url": await self._image_url(item, part["image"])}}
            if part["type"] == "image"
            else dict(part)
            for part in parts
        ]

    async def _image_url(self, item: Item, index: int) -> str:
        if self._encode is None:
            raise BackendError(f"item {item.id!r} has images, but the backend has no image encoder")
        try:  # in a thread, because scaling an image would block all connections
            return await asyncio.to_thread(self._encode, item, index)
        except (JudgeError, OSError) as error:
            raise Failed("image", redact(str(error))) from error


def _without_system(messages: Sequence[Message]) -> list[Message]:
    r"""Return the messages with the system text as the beginning of the first user message.

    >>> system = {"role": "system", "content": "Judge."}
    >>> _without_system([system, {"role": "user", "content": "An answer."}])
    [{'role': 'user', 'content': 'Judge.\n\nAn answer.'}]
    """
    texts = [message["content"] for message in messages if message["role"] == "system"]
    others = [message for message in messages if message["role"] != "system"]
    if not (texts and others):
        return list(messages)
    first, before = others[0], "\n\n".join(texts)
    content = first["content"]
    if isinstance(content, str):
        return [{**first, "content": f"{before}\n\n{content}"}, *others[1:]]
    return [{**first, "content": [{"type": "text", "text": before}, *content]}, *others[1:]]
