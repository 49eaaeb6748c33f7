"""Mistral's batch API: OpenAI's files, and jobs of its own."""

from collections.abc import Collection, Mapping
from typing import Any

from judge.records import Request
from judge.scoring.backends.api.errors import redact
from judge.scoring.backends.batch.batch_provider import BatchLimits, BatchState, FoundBatch
from judge.scoring.backends.batch.bodies import json_line
from judge.scoring.backends.batch.chunks import Chunk
from judge.scoring.backends.batch.journal import StoredBatch
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

    async def find(self, batch: StoredBatch, keys: Collection[str], known: Collection[str]) -> FoundBatch:  # noqa: ARG002
        """Look for a job by our token in its metadata, or by its input file."""
        page = 0
        while True:
            listed = await self._http.ask("GET", f"{self.batch_path}?page={page}&page_size={_PAGE}")
            entries = listed.get("data") or []
            for entry in entries:
                token = (entry.get("metadata") or {}).get(TOKEN)
                if token == batch.token or batch.prepared in self._inputs(entry):
                    return FoundBatch(self._state(entry))
            page += 1
            if len(entries) < _PAGE:
                return FoundBatch()

    def _inputs(self, entry: Mapping[str, Any]) -> Collection[str]:
        return entry.get("input_files") or []

    def _state(self, data: Mapping[str, Any]) -> BatchState:
        said, reasons = str(data.get("status") or "unknown"), data.get("errors") or []
        files = tuple(str(name) for name in (data.get("output_file"), data.get("error_file")) if name)
        problem = None
        if said == "FAILED" and not files:
            texts = [redact(str(reason.get("message"))) for reason in reasons[:3]]
            problem = "; ".join(texts) or "the provider gives no reason"
        return BatchState(
            id=str(data["id"]),
            said=said.lower(),
            is_ended=said in _ENDED,
            is_cancelled=said == "CANCELLED",
            total=data.get("total_requests") or 0,
            done=data.get("succeeded_requests") or 0,
            failed=data.get("failed_requests") or 0,
            files=files,
            problem=problem,
        )
