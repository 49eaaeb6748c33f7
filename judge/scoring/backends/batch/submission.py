"""Fill batches with requests, and submit each of them once."""

import asyncio
import re
import secrets
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from math import inf
from typing import Any, NamedTuple, TypeVar

from judge.errors import BackendError
from judge.records import Completion, Failure, Request
from judge.scoring.backends.api.errors import Failed, brief
from judge.scoring.backends.api.pricing import Budget, expected_usage
from judge.scoring.backends.batch.batch_provider import BatchProvider, BatchState, Refused
from judge.scoring.backends.batch.bodies import RequestBodies
from judge.scoring.backends.batch.chunks import BatchMember, Chunk
from judge.scoring.backends.batch.journal import BatchJournal, StoredBatch

Sleep = Callable[[float], Awaitable[None]]

T = TypeVar("T")

MOST_TRIES = 5
"""Tries to upload the requests of a batch, or to download its results."""
_AT_ONCE = 16
"""Requests whose images are encoded at the same time."""
_TOO_LARGE = 413
_LIMIT = re.compile(r"limit:? ([\d,]+)", re.IGNORECASE)


class _RequestLine(NamedTuple):
    request: Request
    line: bytes
    tokens: int
    dropped: tuple[str, ...]
    parts: list[str]


class Submitter:
    """Submits requests in batches as large as the provider takes.

    Parameters
    ----------
    provider : BatchProvider
        The batch API.
    bodies : RequestBodies
        What `provider` makes the requests with.
    journal : BatchJournal
        Where each batch is recorded before it is created.
    budget : Budget
        Reserves the highest cost of each request.
    where : tuple of str
        Name and address of the provider, for the journal.
    sleep : callable
        Waits before an upload is repeated.
    first_wait : float
        Seconds before the first repetition; the wait doubles each time.
    """

    def __init__(
        self,
        provider: BatchProvider,
        bodies: RequestBodies,
        journal: BatchJournal,
        budget: Budget,
        where: tuple[str, str],
        sleep: Sleep,
        first_wait: float,
    ) -> None:
        self._provider, self._bodies = provider, bodies
        self._journal, self._budget, self._where = journal, budget, where
        self._sleep, self._first_wait = sleep, first_wait
        self._limits = provider.limits
        self._source: Iterator[Request] = iter(())
        self._lines: deque[_RequestLine] = deque()
        self._chunks: deque[Chunk] = deque()
        self._most_tokens = inf
        self.is_done = False
        """Whether all requests are submitted, or the budget is used up."""
        self.is_over_budget = False
        self.refusal = ""
        """What the provider said when it did not confirm a batch."""

    def begin(self, source: Iterator[Request]) -> None:
        """Submit the requests of `source` from now on."""
        self._source, self.is_done, self.is_over_budget = source, False, False

    def fits(self, enqueued: int) -> bool:
        """Whether another batch may be submitted while so many tokens are enqueued."""
        first = self._lines[0].tokens if self._lines else 1
        return not enqueued or enqueued + first <= self._most_tokens

    def too_many_tokens(self, batch: StoredBatch, enqueued: int, message: str) -> None:
        """Learn how many tokens may be enqueued from the refusal of a batch.

        Raises
        ------
        BackendError
            Not even one request is accepted.
        """
        if batch.requests == 1 and not enqueued:
            raise BackendError(f"the provider does not accept a batch of one request: {message}")
        total = enqueued + batch.tokens
        stated = _LIMIT.search(message)
        limit = 0.9 * int(stated[1].replace(",", "")) if stated else inf
        self._most_tokens = min(self._most_tokens, limit if total > limit else 0.6 * total)

    def too_many_requests(self, batch: StoredBatch) -> None:
        """Learn from the refusal of a batch that the server takes fewer requests."""
        self._limits = replace(self._limits, requests=batch.requests // 2)

    async def submit(self, enqueued: int) -> list[Completion]:
        """Submit one batch; return the failures of requests that cannot be sent.

        Raises
        ------
        BackendError
            The provider does not accept the batch.
        """
        failures: list[Completion] = []
        if not self._chunks and (chunk := await self._filled(enqueued, failures)):
            self._chunks.append(chunk)
        if self._chunks:
            chunk = self._chunks.popleft()
            try:
                failures += await self._send(chunk)
            finally:
                chunk.close()
        return failures

    async def _filled(self, enqueued: int, failures: list[Completion]) -> Chunk | None:
        chunk = Chunk(self._journal.folder, self._provider.framing)
        try:
            while (line := await self._next(failures)) and self._has_room(chunk, line, enqueued):
                estimate = self._budget.reserve(line.request)
                if estimate is None:
                    self.is_done = self.is_over_budget = True
                    break
                self._lines.popleft()
                chunk.add(BatchMember.of(line.request, line.dropped), line.line, line.tokens, estimate)
                chunk.parts.update(line.parts)
        except BaseException:
            chunk.close()
            raise
        if not chunk.members:
            chunk.close()
            return None
        return chunk

    def _has_room(self, chunk: Chunk, line: _RequestLine, enqueued: int) -> bool:
        if not chunk.members:
            return self.fits(enqueued)
        size = chunk.bytes + len(line.line) + len(self._provider.framing.between)
        tokens = enqueued + chunk.tokens + line.tokens
        return (
            len(chunk) < self._limits.requests and size <= self._limits.bytes and tokens <= self._most_tokens
        )

    async def _next(self, failures: list[Completion]) -> _RequestLine | None:
        """Return the next request as a line, without taking it."""
        while not self._lines:
            requests = list(islice(self._source, _AT_ONCE))
            if not requests:
                self.is_done = True
                return None
            made = await asyncio.gather(*map(self._provider.line, requests), return_exceptions=True)
            for request, line in zip(requests, made, strict=True):
                if isinstance(line, Failed):
                    failures.append(_failed(request, Failure(kind=line.kind, message=line.message)))
                elif isinstance(line, BaseException):
                    raise line
                elif len(line) > self._limits.bytes:
                    failures.append(_failed(request, self._oversized(len(line))))
                else:
                    parts = self._bodies.parts(request)
                    dropped = self._bodies.dropped(request)
                    self._lines.append(_RequestLine(request, line, _tokens(request, line), dropped, parts))
        return self._lines[0]

    def _oversized(self, size: int) -> Failure:
        most = self._limits.bytes
        message = f"the request has {size / 1e6:,.1f} MB; a batch may have {most / 1e6:,.1f} MB"
        return Failure(kind="request", message=message)

    async def _send(self, chunk: Chunk) -> list[Completion]:
        batch = self._journal.intend(chunk, secrets.token_hex(16), *self._where)
        try:
            upload = partial(self._provider.prepare, chunk, batch.token)
            prepared = await repeated(upload, self._sleep, self._first_wait)
            batch = self._journal.prepared(batch, prepared)
            state = await understood(self._provider.create(chunk, batch.token, batch.prepared))
        except Refused as refused:
            self._withdraw(batch)
            if refused.status == _TOO_LARGE:
                return self._split(chunk)
            raise BackendError(f"{self._where[0]} does not accept the batch: {refused.error}") from None
        except Failed as failed:
            if not batch.prepared:
                self._withdraw(batch)
                raise BackendError(f"the requests cannot be uploaded: {failed.message}") from None
            self.refusal = failed.message  # the batch is looked for before its requests are sent again
        else:
            self._journal.submitted(batch, state.id, state.said)
        return []

    def _withdraw(self, batch: StoredBatch) -> None:
        self._journal.forget(batch)
        self._budget.release(batch.estimate)

    def _split(self, chunk: Chunk) -> list[Completion]:
        """Split a chunk that the server finds too large; a single request fails."""
        self._limits = replace(self._limits, bytes=max(chunk.bytes // 2, 1))
        if len(chunk) == 1:
            (member,) = chunk.members
            failure = self._oversized(chunk.bytes)
            return [completion_of(member, failure=failure)]
        halves = chunk.halves()
        for half in halves:
            self._budget.hold(half.estimate)
        self._chunks.extend(halves)
        self.is_done = False
        return []

    @property
    def has_chunks(self) -> bool:
        """Whether there are batches that are filled and not submitted."""
        return bool(self._chunks)

    def close(self) -> None:
        """Delete the files of batches that were not submitted."""
        for chunk in self._chunks:
            chunk.close()


async def repeated(attempt: Callable[[], Awaitable[T]], sleep: Sleep, first_wait: float) -> T:
    """Do what may be repeated, up to `MOST_TRIES` times while it fails for a reason that may pass."""
    for times in range(MOST_TRIES - 1):
        try:
            return await understood(attempt())
        except Failed as failed:
            await sleep(max(first_wait * 2**times, failed.retry_after or 0.0))
    return await understood(attempt())


async def understood(answer: Awaitable[T]) -> T:
    """Wait for an answer; one that lacks what the provider documents is a failure that may pass."""
    try:
        return await answer
    except (LookupError, TypeError, AttributeError, ValueError) as error:
        message = f"the provider's answer cannot be read: {type(error).__name__}: {brief(str(error))}"
        raise Failed("reply", message, again=True) from None


def completion_of(member: BatchMember, **values: Any) -> Completion:
    """Build the completion of a request of a batch."""
    return Completion(
        key=member.key,
        item_id=member.item_id,
        sample=member.sample,
        dimension=member.dimension,
        attempt=member.attempt,
        **values,
    )


def _failed(request: Request, failure: Failure) -> Completion:
    return completion_of(BatchMember.of(request), failure=failure)


def _tokens(request: Request, line: bytes) -> int:
    """Estimate the prompt tokens of a request; the text of an image counts by its size as an image."""
    return expected_usage(request).prompt_tokens if b";base64," in line else len(line) // 4


def describe(states: Mapping[int, BatchState], batches: Sequence[StoredBatch]) -> str:
    """Say in a few words where the open batches are."""
    words: dict[str, int] = {}
    done = 0
    for batch in batches:
        state = states.get(batch.number)
        said = state.said if state else "not confirmed" if batch.stage == "intended" else batch.said
        words[said] = words.get(said, 0) + 1
        done += state.done + state.failed if state else 0
    listed = ", ".join(f"{n} {said.replace('_', ' ')}" for said, n in words.items())
    total = sum(batch.requests for batch in batches)
    requests = f"{total:,} {'request' if total == 1 else 'requests'}"
    count = f"{done:,} of {requests} done" if done else requests
    return f"{len(batches)} {'batch' if len(batches) == 1 else 'batches'} with {count}: {listed}"
