"""Google's batch API for Gemini: a file of requests, a long-running operation, and a file of results."""

from collections.abc import Collection, Mapping
from functools import partial
from typing import Any, BinaryIO

from judge.records import Request
from judge.scoring.backends.api.dialects import FILTERED
from judge.scoring.backends.api.errors import Failed, Problem, redact
from judge.scoring.backends.api.providers import Endpoint
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
from judge.scoring.backends.batch.chunks import LINES, Chunk
from judge.scoring.backends.batch.journal import StoredBatch
from judge.scoring.backends.batch.litellm_bodies import gemini_body

_ENDED = frozenset({"succeeded", "partially_succeeded", "failed", "cancelled", "expired"})
_HTTP_STATUS = {1: 499, 3: 400, 4: 504, 5: 404, 7: 403, 8: 429, 9: 400, 11: 400, 13: 500, 14: 503, 16: 401}
"""Code of google.rpc -> HTTP status; codes from 400 are HTTP statuses."""
_CANCELLED, _EXPIRED = 1, 4


class GeminiBatches:
    """Batches of generateContent requests; our token is their display name.

    Parameters
    ----------
    endpoint : Endpoint
        The model.
    bodies : RequestBodies
        Makes the bodies of requests.
    timeout : float
        Longest time in seconds without any data from the server.
    """

    limits = BatchLimits(50_000, 1_000_000_000)
    framing = LINES

    def __init__(self, endpoint: Endpoint, bodies: RequestBodies, timeout: float) -> None:
        self._endpoint, self._bodies = endpoint, bodies
        self._http = BatchHttp(endpoint, {"x-goog-api-key": str(endpoint.key)}, timeout)

    async def line(self, request: Request) -> bytes:
        """Return the request as one line of the input file."""
        body = await self._bodies.of(request, partial(gemini_body, self._endpoint))
        return json_line({"key": request.key, "request": body})

    async def prepare(self, chunk: Chunk, token: str) -> str:
        """Upload the input file, and return its name."""
        kind = "application/jsonl"
        start = {
            "X-Goog-Upload-Protocol": "resumable",
            "X-Goog-Upload-Command": "start",
            "X-Goog-Upload-Header-Content-Length": str(chunk.bytes),
            "X-Goog-Upload-Header-Content-Type": kind,
        }
        about = {"file": {"display_name": token, "mime_type": kind}}
        _, headers = await self._http.submit("POST", "/upload/v1beta/files", about, headers=start)
        address = headers.get("X-Goog-Upload-URL")
        if not address:
            raise Failed("server", "the server gives no address for the upload", again=True)
        finish = {"X-Goog-Upload-Offset": "0", "X-Goog-Upload-Command": "upload, finalize"}
        data, _ = await self._http.submit("POST", address, data=chunk.open(), headers=finish)
        return name_in(data["file"]["name"])

    async def create(self, chunk: Chunk, token: str, prepared: str) -> BatchState:  # noqa: ARG002
        """Create the batch."""
        body = {"batch": {"display_name": token, "input_config": {"file_name": prepared}}}
        path = f"/v1beta/models/{self._endpoint.model}:batchGenerateContent"
        data, _ = await self._http.submit("POST", path, body)
        return _state(data)

    async def find(self, batch: StoredBatch, keys: Collection[str], known: Collection[str]) -> FoundBatch:  # noqa: ARG002
        """Look for a batch by its display name."""
        token = ""
        while True:
            next_page = f"&pageToken={token}" if token else ""
            page = await self._http.ask("GET", f"/v1beta/batches?pageSize=100{next_page}")
            for entry in page.get("operations") or []:
                if fields_in(entry.get("metadata")).get("displayName") == batch.token:
                    return FoundBatch(_state(entry))
            before, token = token, page.get("nextPageToken")
            if not token or token == before:  # or a server that repeats its only page
                return FoundBatch()

    async def state(self, batch_id: str) -> BatchState:
        """Return the state of a batch."""
        return _state(await self._http.ask("GET", f"/v1beta/{batch_id}"))

    async def download(self, state: BatchState, file: BinaryIO) -> None:
        """Write the results into a file."""
        for name in state.files:
            await self._http.save(f"/download/v1beta/{name}:download?alt=media", file)

    def result(self, line: Mapping[str, Any]) -> BatchResult:
        """Read a line of the results."""
        key, error = str(line["key"]), line.get("error") or line.get("status")
        if line.get("response"):
            return BatchResult(key, data=chat_completion(line["response"]))
        error = error if isinstance(error, dict) else {}
        code, message = int(error.get("code") or 13), redact(str(error.get("message") or "no reply"))
        if code in (_CANCELLED, _EXPIRED):
            return BatchResult(key, unasked=message)
        status = code if code >= 400 else _HTTP_STATUS.get(code, 500)
        return BatchResult(key, problem=Problem(status, message, str(error.get("status") or "")))

    async def cancel(self, batch_id: str) -> None:
        """Cancel a batch."""
        await self._http.ask("POST", f"/v1beta/{batch_id}:cancel")

    async def close(self) -> None:
        """Close all connections."""
        await self._http.close()


def chat_completion(response: Mapping[str, Any]) -> dict[str, Any]:
    """Convert a reply of generateContent into a chat completion.

    >>> part = {"content": {"parts": [{"text": "4"}]}, "finishReason": "STOP"}
    >>> chat_completion({"candidates": [part]})["choices"]
    [{'message': {'role': 'assistant', 'content': '4'}, 'finish_reason': 'stop'}]
    """
    candidate: Mapping[str, Any] = next(iter(response.get("candidates") or []), {})
    parts = (candidate.get("content") or {}).get("parts") or []
    thoughts = "".join(str(part.get("text") or "") for part in parts if part.get("thought"))
    said: dict[str, Any] = {
        "role": "assistant",
        "content": "".join(str(part.get("text") or "") for part in parts if not part.get("thought")),
    }
    if thoughts:
        said["reasoning_content"] = thoughts
    usage = response.get("usageMetadata") or {}
    thought = usage.get("thoughtsTokenCount") or 0
    return {
        "model": response.get("modelVersion"),
        "choices": [{"message": said, "finish_reason": _finish(candidate, response)}],
        "usage": {
            "prompt_tokens": usage.get("promptTokenCount") or 0,
            "completion_tokens": (usage.get("candidatesTokenCount") or 0) + thought,
            "completion_tokens_details": {"reasoning_tokens": thought},
            "prompt_tokens_details": {"cached_tokens": usage.get("cachedContentTokenCount") or 0},
        }
        if usage
        else None,
    }


def _finish(candidate: Mapping[str, Any], response: Mapping[str, Any]) -> str:
    reason = str(candidate.get("finishReason") or "stop").lower()
    if (response.get("promptFeedback") or {}).get("blockReason") or reason in FILTERED:
        return "content_filter"
    return {"max_tokens": "length"}.get(reason, "stop")


def _state(data: Mapping[str, Any]) -> BatchState:
    """Read an operation; its words are BATCH_STATE_SUCCEEDED or JOB_STATE_SUCCEEDED, and so on."""
    about = fields_in(data.get("metadata"))
    said = word_in(about.get("state") or data.get("state")).rpartition("STATE_")[2].lower()
    counts = fields_in(about.get("batchStats"))
    output = about.get("output") or data.get("response") or {}
    error = data.get("error") or {}
    name = output.get("responsesFile")
    return BatchState(
        id=name_in(data.get("name") or about["name"]),
        said=said,
        is_ended=said in _ENDED,
        is_cancelled=said == "cancelled",
        total=count_in(counts.get("requestCount")),
        done=count_in(counts.get("successfulRequestCount")),
        failed=count_in(counts.get("failedRequestCount")),
        files=(name_in(name),) if name else (),
        problem=redact(str(error.get("message") or "the provider gives no reason"))
        if said == "failed" and not name
        else None,
    )
