"""OpenAI's batch API, and that of every compatible server: a file of requests, and files of results."""

from collections.abc import AsyncIterator, Collection, Iterator, Mapping
from typing import Any, BinaryIO

import aiohttp

from judge.errors import BackendError
from judge.records import Request
from judge.scoring.backends.api.errors import Problem, problem_of, redact
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

TOKEN = "judge_batch"
"""Name of our token in the metadata of a batch."""

_ENDED = frozenset({"completed", "failed", "expired", "cancelled"})
_UNASKED = frozenset({"batch_expired", "batch_cancelled"})
_MOST_PROBLEMS = 3
_WEEK = 7 * 86_400
"""Longer than any clock is wrong with which a server's certificate is still valid."""


class OpenAIBatches:
    """Batches of chat completions at OpenAI or a compatible server.

    Parameters
    ----------
    endpoint : Endpoint
        The server and the model.
    bodies : RequestBodies
        Makes the bodies of requests.
    timeout : float
        Longest time in seconds without any data from the server.
    """

    limits = BatchLimits(50_000, 199_000_000)
    framing = LINES
    file_path, batch_path = "/files", "/batches"
    request_url = "/v1/chat/completions"

    def __init__(self, endpoint: Endpoint, bodies: RequestBodies, timeout: float) -> None:
        self._endpoint, self._bodies = endpoint, bodies
        self._http = BatchHttp(endpoint, self.headers(endpoint), timeout)

    def headers(self, endpoint: Endpoint) -> dict[str, str]:
        """Return the headers that hold the key."""
        return {"Authorization": f"Bearer {endpoint.key}"} if endpoint.key else {}

    async def line(self, request: Request) -> bytes:
        """Return the request as one line of the input file."""
        body = {"model": self._endpoint.model, **await self._body(request)}
        return json_line({"custom_id": request.key, "method": "POST", "url": self.request_url, "body": body})

    async def _body(self, request: Request) -> dict[str, Any]:
        return await self._bodies.of(request, lambda messages, params: {"messages": messages, **params})

    async def prepare(self, chunk: Chunk, token: str) -> str:
        """Upload the input file, and return its id."""
        form = aiohttp.FormData()
        form.add_field("purpose", "batch")
        name = f"judge-{token}.jsonl"
        form.add_field("file", chunk.open(), filename=name, content_type="application/jsonl")
        data, _ = await self._http.submit("POST", self._at(self.file_path), data=form)
        return name_in(data["id"])

    async def create(self, chunk: Chunk, token: str, prepared: str) -> BatchState:  # noqa: ARG002
        """Create the batch; its metadata hold our token."""
        body = {
            "input_file_id": prepared,
            "endpoint": self.request_url,
            "completion_window": "24h",
            "metadata": {TOKEN: token},
        }
        data, _ = await self._http.submit("POST", self._at(self.batch_path), body)
        return self._state(data)

    async def find(self, batch: StoredBatch, keys: Collection[str], known: Collection[str]) -> FoundBatch:  # noqa: ARG002
        """Look for a batch by our token in its metadata, or by its input file."""
        async for entry in self._listed(batch.created - _WEEK):
            token = fields_in(entry.get("metadata")).get(TOKEN)
            if token == batch.token or batch.prepared in self._inputs(entry):
                return FoundBatch(self._state(entry))
        return FoundBatch()

    async def _listed(self, since: float) -> AsyncIterator[Mapping[str, Any]]:
        """Yield the batches at the provider, newest first, with at least those that were created since."""
        last = ""
        while True:
            after = f"&after={last}" if last else ""
            page = await self._http.ask("GET", self._at(self.batch_path, f"limit=100{after}"))
            listed = page.get("data") or []
            for entry in listed:
                yield entry
            if not listed or not page.get("has_more") or listed[-1]["id"] == last:
                return  # the same end as before is that of a server which repeats its only page
            created, last = listed[-1].get("created_at"), listed[-1]["id"]
            if isinstance(created, int | float) and created < since:
                return

    def _inputs(self, entry: Mapping[str, Any]) -> Collection[str]:
        return [entry.get("input_file_id") or ""]

    async def state(self, batch_id: str) -> BatchState:
        """Return the state of a batch."""
        return self._state(await self._http.ask("GET", self._at(f"{self.batch_path}/{batch_id}")))

    async def download(self, state: BatchState, file: BinaryIO) -> None:
        """Write the output file and the error file into one file; one of them may be gone."""
        errors = []
        for name in state.files:
            try:
                await self._http.save(self._at(f"{self.file_path}/{name}/content"), file)
            except BackendError as error:
                errors.append(error)
        if errors and len(errors) == len(state.files):
            raise errors[0]

    def result(self, line: Mapping[str, Any]) -> BatchResult:
        """Read a line of the output file or of the error file."""
        key, response, error = str(line["custom_id"]), line.get("response"), line.get("error") or {}
        if not response:
            code, message = str(error.get("code") or ""), redact(str(error.get("message") or "no reply"))
            if code in _UNASKED:
                return BatchResult(key, unasked=message)
            return BatchResult(key, problem=Problem(500, message, code))
        status, body = int(response.get("status_code") or 0), response.get("body")
        if status == 200 and not error:
            return BatchResult(key, data=body)
        return BatchResult(key, problem=problem_of(status, body if body else dict(error), {}))

    async def cancel(self, batch_id: str) -> None:
        """Cancel a batch."""
        await self._http.ask("POST", self._at(f"{self.batch_path}/{batch_id}/cancel"))

    async def close(self) -> None:
        """Close all connections."""
        await self._http.close()

    def _at(self, path: str, query: str = "") -> str:
        return f"{path}?{query}" if query else path

    def _state(self, data: Mapping[str, Any]) -> BatchState:
        said = word_in(data.get("status"))
        counts = fields_in(data.get("request_counts"))
        named = (data.get("output_file_id"), data.get("error_file_id"))
        files = tuple(name_in(name) for name in named if name)  # an absent file may be an empty text
        return BatchState(
            id=name_in(data["id"]),
            said=said,
            is_ended=said in _ENDED,
            is_cancelled=said == "cancelled",
            total=count_in(counts.get("total")),
            done=count_in(counts.get("completed")),
            failed=count_in(counts.get("failed")),
            files=files,
            problem="; ".join(_problems(data)) if said == "failed" and not files else None,
        )


def _problems(data: Mapping[str, Any]) -> Iterator[str]:
    """Yield why a batch failed, such as ``duplicate_custom_id, line 3: …``."""
    found = (data.get("errors") or {}).get("data") or []
    for entry in found[:_MOST_PROBLEMS]:
        place = f", line {entry['line']}" if entry.get("line") else ""
        yield redact(f"{entry.get('code') or 'error'}{place}: {entry.get('message') or 'no reason given'}")
    if not found:
        yield "the provider gives no reason"
