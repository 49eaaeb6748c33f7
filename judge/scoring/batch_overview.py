"""The provider batches of a run: their state, size and cost; and how to cancel them."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from judge.errors import BackendError
from judge.scoring.backends.api.errors import Failed
from judge.scoring.backends.api.providers import resolve
from judge.scoring.backends.batch.batch_provider import BatchState
from judge.scoring.backends.batch.bodies import RequestBodies
from judge.scoring.backends.batch.journal import StoredBatch, batches_of
from judge.scoring.backends.batch.select_provider import at_batches, batch_provider
from judge.scoring.backends.batch.submission import understood
from judge.scoring.run import Run

_TIMEOUT = 60.0
_HEAD = ("batch", "state", "requests", "answered", "failed", "cost", "recorded (UTC)", "id at the provider")
_UNCONFIRMED = (
    "the reply to its creation did not arrive; the same judge score command with --batch looks for it at the "
    "provider, and then it can be cancelled"
)
_TO_THE_LEFT = frozenset({1, 6, 7})


@dataclass(frozen=True)
class BatchOverview:
    """The batches of one run.

    Attributes
    ----------
    path : Path
        Folder of the run.
    batches : sequence of StoredBatch
        As the run knows them.
    states : mapping of int to BatchState
        What the provider says about those that are open, by number.
    problem : str or None
        Why the provider could not be asked.
    """

    path: Path
    batches: Sequence[StoredBatch]
    states: Mapping[int, BatchState] = field(default_factory=dict)
    problem: str | None = None

    def __str__(self) -> str:
        if not self.batches:
            return f"{self.path}: no batches; requests are sent in batches with: judge score … --batch"
        rows = [_HEAD, *(self._row(batch) for batch in self.batches)]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = [
            "  ".join(
                f"{cell:<{width}}" if place in _TO_THE_LEFT else f"{cell:>{width}}"
                for place, (cell, width) in enumerate(zip(row, widths, strict=True))
            ).rstrip()
            for row in rows
        ]
        return "\n".join([*lines, *self._notes()])

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON data."""
        listed = [
            {**asdict(batch), "state": self._state(batch), "provider_counts": self._counts(batch)}
            for batch in self.batches
        ]
        return {"run": str(self.path), "batches": listed, "problem": self.problem}

    def _state(self, batch: StoredBatch) -> str:
        if batch.number in self.states:
            return self.states[batch.number].said
        return "not confirmed" if batch.stage == "intended" else batch.said

    def _counts(self, batch: StoredBatch) -> dict[str, int] | None:
        state = self.states.get(batch.number)
        return None if state is None else {"total": state.total, "done": state.done, "failed": state.failed}

    def _row(self, batch: StoredBatch) -> tuple[str, ...]:
        state = self.states.get(batch.number)
        done, failed = (state.done, state.failed) if state else (batch.answered, batch.failed)
        recorded = datetime.fromtimestamp(batch.created, UTC).strftime("%Y-%m-%d %H:%M")
        cells = (f"{batch.requests:,}", f"{done:,}", f"{failed:,}", _cost(batch), recorded)
        return str(batch.number), self._state(batch).replace("_", " "), *cells, batch.batch_id or "-"

    def _notes(self) -> list[str]:
        costs = [batch.cost for batch in self.batches if batch.cost is not None]
        waiting = sum(batch.is_open for batch in self.batches)
        total = f"; cost of the collected batches: ${sum(costs):.4f}" if costs else ""
        notes = [f"{waiting:,} of {len(self.batches):,} open{total}"]
        if waiting:
            notes.append("to collect their results: the same judge score command with --batch")
        if any(batch.stage == "intended" for batch in self.batches):
            notes.append(f"not confirmed: {_UNCONFIRMED}")
        if self.problem:
            notes.append(f"the states are the last ones known: {self.problem}")
        return notes


def look_at_batches(path: str | Path, *, api_base: str | None = None, cancel: bool = False) -> BatchOverview:
    """Look at the batches of a run, at the provider too, or cancel them.

    Parameters
    ----------
    path : str or Path
        Folder of the run.
    api_base : str or None
        Address of the API, if it is not that of the provider.
    cancel : bool
        Whether to cancel the batches that are open. What they have answered is collected by the next call of
        `judge.score` with the batch API.

    Returns
    -------
    BatchOverview
        The batches, oldest first.

    Raises
    ------
    RunError
        There is no run at `path`.
    BackendError
        A batch cannot be cancelled, or its creation is not confirmed yet.
    """
    path = Path(path)
    with Run.open(path) as run:
        model = run.judge.model
    batches = batches_of(path)
    waiting = [batch for batch in batches if batch.stage == "submitted"]
    states: dict[int, BatchState] = {}
    problem = None
    try:
        states = asyncio.run(_states(model, waiting, api_base, cancel=cancel)) if waiting else {}
    except (BackendError, Failed) as error:
        problem = error.message if isinstance(error, Failed) else str(error)
    if cancel and (problem or any(batch.stage == "intended" for batch in batches)):
        raise BackendError(f"{path}: not all batches are cancelled: {problem or _UNCONFIRMED}")
    return BatchOverview(path, batches, states, problem)


async def _states(
    model: str, batches: Sequence[StoredBatch], api_base: str | None, *, cancel: bool
) -> dict[int, BatchState]:
    endpoint = at_batches(resolve(model, api_base))
    for batch in batches:
        if batch.base != endpoint.base:  # a key is sent only where the user says
            raise BackendError(f"they are at {batch.base}; add api_base (--api-base {batch.base})")
    provider = batch_provider(endpoint, RequestBodies(endpoint, None), _TIMEOUT)
    found = {}
    try:
        for batch in batches:
            state = await understood(provider.state(str(batch.batch_id)))
            if cancel and not state.is_ended:
                await provider.cancel(state.id)
                state = await understood(provider.state(state.id))
            found[batch.number] = state
    finally:
        await provider.close()
    return found


def _cost(batch: StoredBatch) -> str:
    if batch.cost is not None:
        return f"${batch.cost:.4f}"
    if batch.is_open:
        return f"<= ${batch.estimate:.2f}" if batch.estimate else "not yet"
    return "unknown" if batch.answered else "-"
