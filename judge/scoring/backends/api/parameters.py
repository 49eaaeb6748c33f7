"""A request's parameters and messages in the form that its provider takes."""

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
"""Data URL or address of an item's n-th picture. Called from several threads."""

# OpenAI's reasoning models count thought into the limit and know it under this name alone.
_REASONING = re.compile(r"(^|/)(o[1-9]|gpt-[5-9])([-.]|$)")
# Without the second some count no tokens.
_STREAM: Mapping[str, Any] = {"stream": True, "stream_options": {"include_usage": True}}
_CLAUDE = re.compile(r"claude", re.IGNORECASE)


class Parameters:
    """Which parameters one endpoint takes; learns from what it rejects."""

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
        """Parameters as they are sent; `ids` are the tokens of the request's labels, where they are known."""
        wanted = self._wanted(request, ids)
        if self._streams:
            wanted |= _STREAM
        return {self._renamed.get(name, name): v for name, v in wanted.items() if name not in self._dropped}

    def dropped(self, request: Request) -> tuple[str, ...]:
        """What `request` wanted and the provider does not take."""
        if not self._dropped:
            return ()
        return tuple(name for name in self._wanted(request, {}) if name in self._dropped)

    def reject(self, rejected: Rejected, sent: Mapping[str, Any], attempt: int = 0) -> None:
        """Remember what the provider does not take.

        Raises
        ------
        Failed
            If it was not even sent, or is the higher limit with which a cut reply is asked for once more.
        BackendError
            If it is a value that the user wants, or there are no probabilities without it.
        """
        if rejected.param == "stream" and "stream" not in sent:  # it is one reply that is not given
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
            raise Failed("context", f"the reply was cut, and a longer one is refused: {rejected.message}")
        elif rejected.is_value:
            raise BackendError(f"the provider does not take this value of {name}: {rejected.message}")
        elif "logprobs" in sent and name in logprobs.NEEDED:
            raise BackendError(
                f"{self._endpoint.where} does not give log-probabilities ({rejected.message}); "
                "use --scores text"
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
    """Puts messages into the form of chat completions: pictures encoded, the static part marked."""

    def __init__(self, endpoint: Endpoint, encode: Encode | None) -> None:
        self._encode = encode
        self._has_system_role = True
        # Others cache by themselves, and some of them refuse the mark.
        self._mark_cache = bool(_CLAUDE.search(endpoint.model)) and (
            endpoint.transport == "litellm" or endpoint.provider == "openrouter"
        )

    def leave_out_system_role(self) -> None:
        """Put the system text before the user's from now on: the model's template knows no such role."""
        self._has_system_role = False

    @property
    def dropped(self) -> tuple[str, ...]:
        """What the provider does not take of messages; the texts are all there."""
        return () if self._has_system_role else (SYSTEM_ROLE,)

    async def of(self, request: Request) -> list[Message]:
        """Messages as they are sent."""
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
            {"type": "image_url", "image_url": {"url": await self._picture(item, part["image"])}}
            if part["type"] == "image"
            else dict(part)
            for part in parts
        ]

    async def _picture(self, item: Item, index: int) -> str:
        if self._encode is None:
            raise BackendError(f"item {item.id!r} has pictures, and this backend was made without an encoder")
        try:  # scaling a picture takes long enough to keep hundreds of connections waiting
            return await asyncio.to_thread(self._encode, item, index)
        except (JudgeError, OSError) as error:
            raise Failed("image", redact(str(error))) from error


def _without_system(messages: Sequence[Message]) -> list[Message]:
    r"""The same texts in the same order, the system's as the beginning of what the user says.

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
