"""Anthropic's batch API: the requests in one body, the results in a stream of lines."""

import os
from collections.abc import AsyncIterator, Collection, Mapping
from functools import partial
from typing import Any, BinaryIO

from judge.records import Request
from judge.scoring.backends.api.errors import Problem, problem_of
from judge.scoring.backends.api.providers import Endpoint
from judge.scoring.backends.api.response_body import decode
from judge.scoring.backends.batch.batch_http import BatchHttp
from judge.scoring.backends.batch.batch_provider import (
    BatchLimits,
    BatchResult,
    BatchState,
    FoundBatch,
    count_in,
    fields_in,
    name_in,
    word_in,
)
from judge.scoring.backends.batch.bodies import RequestBodies, json_line
from judge.scoring.backends.batch.chunks import Chunk, Framing
from judge.scoring.backends.batch.journal import StoredBatch
from judge.scoring.backends.batch.litellm_bodies import anthropic_body

_PATH = "/v1/messages/batches"
_NONE = "none"
_FINISH = {"max_tokens": "length", "refusal": "content_filter", "tool_use": "tool_calls"}
_STATUSES = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "timeout_error": 504,
    "overloaded_error": 529,
}
"""Status that an error has outside of a batch; any other one is a server error."""


class AnthropicBatches:
    """Message batches at Anthropic.

    A batch has no metadata. Before a batch is created, the id of the newest one is recorded, so that the
    batches created since can be listed; one with our number of requests is ours if its results have our keys.

    Parameters
    ----------
    endpoint : Endpoint
        The model.
    bodies : RequestBodies
        Makes the bodies of requests.
    timeout : float
        Longest time in seconds without any data from the server.
    """

    limits = BatchLimits(100_000, 250_000_000)
    framing = Framing(b'{"requests":[', b",", b"]}")

    def __init__(self, endpoint: Endpoint, bodies: RequestBodies, timeout: float) -> None:
        self._endpoint, self._bodies = endpoint, bodies
        is_token = not os.environ.get("ANTHROPIC_API_KEY") and os.environ.get("ANTHROPIC_AUTH_TOKEN")
        key = {"Authorization": f"Bearer {endpoint.key}"} if is_token else {"x-api-key": str(endpoint.key)}
        self._http = BatchHttp(endpoint, {**key, "anthropic-version": "2023-06-01"}, timeout)

    async def line(self, request: Request) -> bytes:
        """Return the request as one element of the list of requests."""
        params = await self._bodies.of(request, partial(anthropic_body, self._endpoint))
        return json_line({"custom_id": request.key, "params": params})

    async def prepare(self, chunk: Chunk, token: str) -> str:  # noqa: ARG002
        """Return the id of the newest batch."""
        newest = (await self._http.ask("GET", f"{_PATH}?limit=1")).get("data") or []
        return name_in(newest[0]["id"]) if newest else _NONE

    async def create(self, chunk: Chunk, token: str, prepared: str) -> BatchState:  # noqa: ARG002
        """Create the batch."""
        data, _ = await self._http.submit(
            "POST", _PATH, data=chunk.open(), headers={"Content-Type": "application/json"}
        )
        return _state(data)

    async def find(self, batch: StoredBatch, keys: Collection[str], known: Collection[str]) -> FoundBatch:
        """Look for a batch among those created since it was recorded, by its size and its keys."""
        is_undecided = False
        async for entry in self._listed():
            state = _state(entry)
            if state.id == batch.prepared:
                break
            if state.total != batch.requests or state.id in known:
                continue
            state = await self.state(state.id)  # the list may be older
            if not state.is_ended:
                is_undecided = True
            elif await self._first_key(state) in keys:
                return FoundBatch(state)
        return FoundBatch(is_undecided=is_undecided)

    async def _listed(self) -> AsyncIterator[Mapping[str, Any]]:
        """Yield all batches at the provider, newest first."""
        last = ""
        while True:
            after = f"&after_id={last}" if last else ""
            page = await self._http.ask("GET", f"{_PATH}?limit=100{after}")
            listed = page.get("data") or []
            for entry in listed:
                yield entry
            if not listed or not page.get("has_more") or listed[-1]["id"] == last:
                return
            last = listed[-1]["id"]

    async def _first_key(self, state: BatchState) -> str | None:
        line = decode(await self._http.first_line(f"{_PATH}/{state.id}/results"))
        return line.get("custom_id") if isinstance(line, dict) else None

    async def state(self, batch_id: str) -> BatchState:
        """Return the state of a batch; how many requests are done is only known at its end."""
        return _state(await self._http.ask("GET", f"{_PATH}/{batch_id}"))

    async def download(self, state: BatchState, file: BinaryIO) -> None:
        """Write the results into a file."""
        await self._http.save(f"{_PATH}/{state.id}/results", file)

    def result(self, line: Mapping[str, Any]) -> BatchResult:
        """Read a line of the results."""
        key, result = str(line["custom_id"]), line["result"]
        if result["type"] == "succeeded":
            return BatchResult(key, data=chat_completion(result["message"]))
        if result["type"] == "errored":
            return BatchResult(key, problem=_problem(result.get("error")))
        return BatchResult(key, unasked=f"the batch was {result['type']} before this request was processed")

    async def cancel(self, batch_id: str) -> None:
        """Cancel a batch."""
        await self._http.ask("POST", f"{_PATH}/{batch_id}/cancel")

    async def close(self) -> None:
        """Close all connections."""
        await self._http.close()


def chat_completion(message: Mapping[str, Any]) -> dict[str, Any]:
    """Convert a message of Anthropic's API into a chat completion.

    >>> message = {"content": [{"type": "text", "text": "4"}], "stop_reason": "end_turn", "usage": {}}
    >>> chat_completion(message)["choices"]
    [{'message': {'role': 'assistant', 'content': '4'}, 'finish_reason': 'stop'}]
    """
    blocks = message.get("content") or []
    texts = [str(block.get("text") or "") for block in blocks if block.get("type") == "text"]
    thoughts = [str(block.get("thinking") or "") for block in blocks if block.get("type") == "thinking"]
    objects = [block.get("input") for block in blocks if block.get("type") == "tool_use"]
    said: dict[str, Any] = {"role": "assistant", "content": "".join(texts)}
    if objects:  # models without structured output give the verdict as the input of a tool
        said["content"] = objects[0]
    if thoughts:
        said["reasoning_content"] = "".join(thoughts)
    finish = "stop" if objects else _FINISH.get(str(message.get("stop_reason")), "stop")
    usage = message.get("usage") or {}
    read, written = (usage.get(f"cache_{name}_input_tokens") or 0 for name in ("read", "creation"))
    return {
        "model": message.get("model"),
        "choices": [{"message": said, "finish_reason": finish}],
        "usage": {
            "prompt_tokens": (usage.get("input_tokens") or 0) + read + written,
            "completion_tokens": usage.get("output_tokens") or 0,
            "prompt_tokens_details": {"cached_tokens": read},
            "cache_creation_input_tokens": written,
        }
        if usage
        else None,
    }


def _problem(error: Any) -> Problem:
    inner = error.get("error", error) if isinstance(error, dict) else {}
    kind = str(inner.get("type") or "") if isinstance(inner, dict) else ""
    return problem_of(_STATUSES.get(kind, 500), error, {})


def _state(data: Mapping[str, Any]) -> BatchState:
    said, counts = word_in(data.get("processing_status")), fields_in(data.get("request_counts"))
    return BatchState(
        id=name_in(data["id"]),
        said=said,
        is_ended=said == "ended",
        is_cancelled=said == "ended" and bool(data.get("cancel_initiated_at")),
        total=sum(map(count_in, counts.values())),
        done=count_in(counts.get("succeeded")),
        failed=count_in(counts.get("errored")),
    )
