"""Backend of a model behind a provider's batch API."""

import asyncio
import time
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Sequence
from dataclasses import replace

from judge.errors import BackendError
from judge.records import Completion, Request
from judge.scoring.backends.api import pricing
from judge.scoring.backends.api.backend import ApiBackend
from judge.scoring.backends.api.dispatch import OnWait
from judge.scoring.backends.api.errors import Failed, brief
from judge.scoring.backends.api.parameters import Encode
from judge.scoring.backends.api.priced_replies import PricedReplies
from judge.scoring.backends.api.providers import resolve
from judge.scoring.backends.api.runner import ThreadRunner, new_runner
from judge.scoring.backends.batch.batch_provider import BatchProvider, BatchState
from judge.scoring.backends.batch.bodies import RequestBodies
from judge.scoring.backends.batch.chunks import scratch_file
from judge.scoring.backends.batch.collection import Collector
from judge.scoring.backends.batch.journal import BatchJournal, StoredBatch
from judge.scoring.backends.batch.select_provider import at_batches, batch_provider
from judge.scoring.backends.batch.submission import Sleep, Submitter, describe, understood
from judge.scoring.backends.connection import Connection

Batches = Iterator[Sequence[Completion]]
Runner = asyncio.Runner | ThreadRunner

MOST_LOOKS = 3
"""How often a batch whose creation was not confirmed is looked for before its requests are sent again."""
MOST_REFUSALS = 5
"""Batches in succession that may be refused for a reason that may pass."""
_GROWTH, _MOST_GROWTH, _MOST_LOOKS_COUNTED = 1.5, 20.0, 50
_TOO_MANY = "too_many_tasks"
_TOKEN_LIMIT = ("token_limit_exceeded", "enqueued token")


class BatchBackend:
    """Backend of a model behind a provider's batch API.

    Requests are submitted in batches, which are recorded in the run before they are created, so that another
    process can wait for them. Their replies are the same as those of single requests.

    Parameters
    ----------
    model : str
        Model name with its provider: ``openai/gpt-5``, ``anthropic/…``, …
    journal : BatchJournal
        The batches of the run.
    connection : Connection
        Address, time limits and maximum cost.
    encode : callable or None
        (item, index) -> data URL or URL of an image; required if items have images.
    on_wait : callable
        Called with the seconds for which a rate limit pauses the requests that are sent one by one.
    on_batches : callable
        Called with the state of the batches, as text.
    sleep : callable
        Waits between two looks at the batches.

    Raises
    ------
    BackendError
        The key, the address or (with ``max_cost``) the price of the model is missing; or the run has batches
        at another address.
    """

    def __init__(
        self,
        model: str,
        journal: BatchJournal,
        *,
        connection: Connection,
        encode: Encode | None = None,
        on_wait: OnWait = lambda _seconds, _message: None,
        on_batches: Callable[[str], None] = lambda _: None,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._model, self._journal, self._connection = model, journal, connection
        self._encode, self._on_wait, self._on_batches, self._sleep = encode, on_wait, on_batches, sleep
        self.endpoint = at_batches(resolve(model, connection.api_base, connection.transport))
        self._base = str(self.endpoint.base)
        for batch in journal.batches(is_open=True):
            if batch.base != self._base:
                raise BackendError(
                    f"the run has batches at {batch.base}, and the address is {self._base} now; "
                    f"set api_base (--api-base) to {batch.base}"
                )
        self._prices = pricing.find_prices(
            model, self.endpoint.provider, self.endpoint.model, pricing.BATCHES
        )
        self._budget = pricing.Budget(connection.max_cost, self._prices)
        self._bodies = RequestBodies(self.endpoint, encode)
        self._live: ApiBackend | None = None
        self._has_run = False
        self.stopped: str | None = None
        """Why requests were left out without an error."""

    @property
    def spent(self) -> float:
        """Cost in USD; batches that are not collected count with their highest cost."""
        return self._budget.spent + self._budget.reserved + (self._live.spent if self._live else 0.0)

    def complete(self, requests: Iterable[Request]) -> Generator[Sequence[Completion]]:
        """Submit all requests, wait for their batches, and yield the completions.

        `requests` is iterated again for the requests that are sent again. Ctrl-C leaves the batches running.
        """
        if self._has_run and self._connection.live_rest:
            yield from self._sent_live(requests)
            return
        self._has_run = True
        with new_runner() as runner:
            provider = runner.run(self._connect())
            work = _Work(self, runner, provider)
            try:
                yield from work.passes(requests)
            finally:
                self._on_batches("")
                work.close()
                runner.run(provider.close())
        self.stopped = self.stopped or work.stopped
        if work.error is not None:
            raise work.error
        if work.again and self._connection.live_rest and self.stopped is None:
            yield from self._sent_live(request for request in requests if request.key in work.again)

    def drain(self) -> Sequence[Completion]:
        """Return the completions that arrived while the iterator was being closed."""
        return self._live.drain() if self._live else ()

    def close(self) -> None:
        """Do nothing; connections are closed at the end of each `complete`."""

    async def _connect(self) -> BatchProvider:
        return batch_provider(self.endpoint, self._bodies, self._connection.timeout)

    def _sent_live(self, requests: Iterable[Request]) -> Batches:
        limit = self._connection.max_cost
        left = None if limit is None else max(limit - self.spent, 0.0)
        if self._live is None:
            connection = replace(self._connection, max_cost=left)
            self._live = ApiBackend(
                self._model, connection=connection, encode=self._encode, on_wait=self._on_wait
            )
        yield from self._live.complete(requests)
        self.stopped = self.stopped or self._live.stopped


class _Work:
    """One call of `complete`: passes over the requests, until each has a completion or cannot get one."""

    def __init__(self, backend: BatchBackend, runner: Runner, provider: BatchProvider) -> None:
        self._backend, self._runner, self._provider = backend, runner, provider
        self._connection, self._journal = backend._connection, backend._journal
        self._budget, self._sleep = backend._budget, backend._sleep
        where = (backend.endpoint.provider or "the server", backend._base)
        first_wait = min(self._connection.poll_seconds, 1.0)
        self._submitter = Submitter(
            provider, backend._bodies, self._journal, self._budget, where, self._sleep, first_wait
        )
        self._collector = Collector(
            provider,
            backend._bodies,
            self._journal,
            PricedReplies(backend.endpoint, backend._prices),
            backend.endpoint,
            gives_up=not self._connection.live_rest,
        )
        self._first_wait = first_wait
        self._states: dict[int, BatchState] = {}
        self._looks: dict[int, int] = {}
        self._undecided: set[int] = set()
        self._refusals = 0
        self._failing_since: float | None = None
        self._is_lost = False
        self._is_full = False  # whether the provider takes no more batches until one has ended
        self.again: set[str] = set()
        """Keys of requests that a batch ended without answering."""
        self.stopped: str | None = None
        self.error: BackendError | None = None

    def passes(self, requests: Iterable[Request]) -> Batches:
        """Submit all requests, then those to send again, and so on."""
        for batch in self._journal.batches(is_open=True):
            self._budget.hold(batch.estimate)
        wanted: Collection[str] | None = None
        while True:
            yield from self._pass(requests, wanted)
            if not self.again or self._is_ending or self._connection.live_rest or self._connection.no_wait:
                return
            wanted, self.again = self.again, set()

    def close(self) -> None:
        """Delete temporary files."""
        self._submitter.close()

    @property
    def _is_ending(self) -> bool:
        return self.error is not None or self.stopped is not None

    def _pass(self, requests: Iterable[Request], wanted: Collection[str] | None) -> Batches:
        self._submitter.begin(request for request in requests if self._belongs_here(request.key, wanted))
        looks = 0
        yield from self._looked_at()  # batches of an earlier call may have ended
        while True:
            while self._may_submit():
                yield from self._submitted()
                looks = 0
            waiting = self._journal.batches(is_open=True)
            if not waiting or self._is_left(waiting):
                self._end_without_budget(waiting)
                return
            self._backend._on_batches(describe(self._states, waiting))
            self._runner.run(self._pause(self._connection.poll_seconds * min(_GROWTH**looks, _MOST_GROWTH)))
            looks = min(looks + 1, _MOST_LOOKS_COUNTED)
            yield from self._looked_at()

    def _belongs_here(self, key: str, wanted: Collection[str] | None) -> bool:
        """Whether a request is to be submitted: it is not in an open batch, nor left to single requests."""
        is_left = self._connection.live_rest and key in self.again
        return (wanted is None or key in wanted) and not is_left and not self._journal.is_open(key)

    async def _pause(self, seconds: float) -> None:
        await self._sleep(seconds)

    def _may_submit(self) -> bool:
        if self._is_ending or (self._submitter.is_done and not self._submitter.has_chunks):
            return False
        waiting = self._journal.batches(is_open=True)
        is_unconfirmed = any(b.stage == "intended" and b.number not in self._undecided for b in waiting)
        is_full = self._is_full and bool(waiting)
        return not is_unconfirmed and not is_full and self._submitter.fits(_tokens(waiting))

    def _submitted(self) -> Batches:
        try:
            enqueued = _tokens(self._journal.batches(is_open=True))
            failures = self._runner.run(self._submitter.submit(enqueued))
        except BackendError as error:
            self.error = error
            return
        if failures:
            yield failures

    def _is_left(self, waiting: Sequence[StoredBatch]) -> bool:
        """Whether to leave the batches running: the user does not wait, or the provider is out of reach."""
        if self._is_lost:
            return True
        is_settled = all(b.stage == "submitted" or b.number in self._undecided for b in waiting)
        if not self._connection.no_wait or not is_settled or self._is_ending:
            return False
        if not self._submitter.is_done or self._submitter.has_chunks:
            return False
        self.stopped = f"{describe(self._states, waiting)} (no_wait, --no-wait)"
        return True

    def _end_without_budget(self, waiting: Sequence[StoredBatch]) -> None:
        if self._submitter.is_over_budget and not waiting and not self._is_ending:
            self.stopped = f"max_cost (--max-cost) of {self._budget.limit:g} USD would be exceeded"

    def _looked_at(self) -> Batches:
        for batch in self._journal.batches(is_open=True):
            try:
                yield from self._looked_up(batch) if batch.stage == "intended" else self._polled(batch)
            except Failed as failed:
                self._unreachable(failed)
            except BackendError as error:
                self.error, self._is_lost = self.error or error, True
                return
            else:
                self._failing_since = None
        if self._submitter.is_over_budget:  # what was collected may have cost less than was reserved
            self._submitter.is_done = self._submitter.is_over_budget = False

    def _unreachable(self, failed: Failed) -> None:
        now = time.monotonic()
        self._failing_since = self._failing_since if self._failing_since is not None else now
        said = "no usable answer" if failed.kind == "reply" else "the provider cannot be reached"
        self._backend._on_batches(f"{said}: {failed.message}")
        if now - self._failing_since >= self._connection.max_wait:
            self.stopped = f"{said} ({failed.message}); the batches go on"
            self._is_lost = True

    def _looked_up(self, batch: StoredBatch) -> Batches:
        """Find out whether a batch was created whose creation was not confirmed."""
        if batch.prepared:
            keys = {member.key for member in self._journal.members(batch)}
            known = {b.batch_id for b in self._journal.batches() if b.batch_id}
            found = self._runner.run(understood(self._provider.find(batch, keys, known)))
            if found.state is not None:
                self._refusals = 0
                self._undecided.discard(batch.number)
                yield from self._polled(self._journal.submitted(batch, found.state.id, found.state.said))
                return
            if found.is_undecided:
                self._undecided.add(batch.number)
                return
            self._undecided.discard(batch.number)
            self._looks[batch.number] = self._looks.get(batch.number, 0) + 1
            if self._looks[batch.number] < MOST_LOOKS:
                return
            self._is_full = len(self._journal.batches(is_open=True)) > 1
            self._refusals += not self._is_full
            self.again |= keys
        self._journal.forget(batch)
        self._budget.release(batch.estimate)
        if self._refusals >= MOST_REFUSALS:
            self.stopped = f"the provider accepts no batch now ({self._submitter.refusal})"

    def _polled(self, batch: StoredBatch) -> Batches:
        state = self._runner.run(understood(self._provider.state(str(batch.batch_id))))
        if state.id != batch.batch_id:
            message = f"asked for batch {batch.batch_id}, the server gives the state of {brief(state.id)}"
            raise Failed("reply", message, again=True)
        self._refusals = 0
        self._states[batch.number] = state
        batch = self._journal.seen(batch, state.said)
        if not state.is_ended:
            return
        if state.problem is not None:
            self._not_processed(batch, state)
            return
        with scratch_file(self._journal.folder) as file:
            self._runner.run(self._collector.download(state, file, self._sleep, self._first_wait))
            file.seek(0)
            yield from self._collector.completions(batch, state, file, self.again)
        self._settle(batch, state.said, was_processed=not state.is_cancelled)
        self.error = self.error or self._collector.error
        if state.is_cancelled and not self._connection.live_rest:
            self.stopped = "a batch was cancelled"

    def _not_processed(self, batch: StoredBatch, state: BatchState) -> None:
        """Handle a batch that the provider did not begin: nothing was paid."""
        problem = state.problem or ""
        keys = {member.key for member in self._journal.members(batch)}
        self._settle(batch, state.said, was_processed=False)
        if any(text in problem.lower() for text in _TOKEN_LIMIT):
            enqueued = _tokens(self._journal.batches(is_open=True))
            self._submitter.too_many_tokens(batch, enqueued, problem)
            self.again |= keys
        elif _TOO_MANY in problem and batch.requests > 1:
            self._submitter.too_many_requests(batch)
            self.again |= keys
        else:
            self.error = self.error or BackendError(
                f"batch {batch.batch_id} at {batch.provider} was not processed: {problem}"
            )

    def _settle(self, batch: StoredBatch, said: str, *, was_processed: bool) -> None:
        ended = self._journal.collected(batch, said, was_processed=was_processed)
        self._is_full = False
        self._states.pop(batch.number, None)
        self._budget.release(batch.estimate)
        unpriced = ended.answered and ended.cost is None
        self._budget.lose(batch.estimate if unpriced else ended.cost or 0.0)


def _tokens(batches: Sequence[StoredBatch]) -> int:
    return sum(batch.tokens for batch in batches)
