"""Mistral's batch API: OpenAI's files, and jobs of its own."""

from collections.abc import AsyncIterator, Collection, Mapping
from typing import Any

from judge.records import Request
from judge.scoring.backends.api.errors import redact
from judge.scoring.backends.batch.batch_provider import BatchLimits, BatchState, count_in, name_in, word_in
from judge.scoring.backends.batch.bodies import json_line
from judge.scoring.backends.batch.chunks import Chunk
from judge.scoring.backends.batch.openai_batches import TOKEN, OpenAIBatches

_ENDED = frozenset({"SUCCESS", "FAILED", "TIMEOUT_EXCEEDED", "CANCELLED"})
_PAGE = 100


class MistralBatches(OpenAIBatches):
    """Batch jobs of chat completions at Mistral; the model is named once for all requests."""

    limits = BatchLimits(100_000, 500_000_000)
    batch_path = "/batch/jobs"

    async def line(self, request: Request) -> bytes:
        """Return the request as one line of the input file."""
        return json_line({"custom_id": request.key, "body": await self._body(request)})

    async def create(self, chunk: Chunk, token: str, prepared: str) -> BatchState:  # noqa: ARG002
        """Create the job; its metadata hold our token."""
        body = {
            "input_files": [prepared],
            "endpoint": self.request_url,
            "model": self._endpoint.model,
            "metadata": {TOKEN: token},
            "timeout_hours": 24,
        }
        data, _ = await self._http.submit("POST", self.batch_path, body)
        return self._state(data)

    async def _listed(self, since: float) -> AsyncIterator[Mapping[str, Any]]:  # noqa: ARG002
        page, last = 0, None
        while True:
            listed = await self._http.ask("GET", f"{self.batch_path}?page={page}&page_size={_PAGE}")
            entries = listed.get("data") or []
            for entry in entries:
                yield entry
            if len(entries) < _PAGE or entries[-1]["id"] == last:  # or a server that repeats its only page
                return
            page, last = page + 1, entries[-1]["id"]

    def _inputs(self, entry: Mapping[str, Any]) -> Collection[str]:
        return entry.get("input_files") or []

    def _state(self, data: Mapping[str, Any]) -> BatchState:
        said, reasons = word_in(data.get("status")), data.get("errors") or []
        files = tuple(name_in(name) for name in (data.get("output_file"), data.get("error_file")) if name)
        problem = None
        if said == "FAILED" and not files:
            texts = [redact(str(reason.get("message"))) for reason in reasons[:3]]
            problem = "; ".join(texts) or "the provider gives no reason"
        return BatchState(
            id=name_in(data["id"]),
            said=said.lower(),
            is_ended=said in _ENDED,
            is_cancelled=said == "CANCELLED",
            total=count_in(data.get("total_requests")),
            done=count_in(data.get("succeeded_requests")),
            failed=count_in(data.get("failed_requests")),
            files=files,
            problem=problem,
        )
