"""Dispatcher of an API judge: keeps the right number of requests in flight and collects the completions.

It is independent of HTTP and models: `attempt` sends a request once, and the exception that it raises decides
what happens next.
"""

import asyncio
import heapq
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import KW_ONLY, dataclass, field
from itertools import count
from math import inf
from typing import Any

from judge.errors import BackendError
from judge.records import Completion, Failure, Request
from judge.scoring.backends.api.errors import Failed, Rejected
from judge.scoring.backends.api.pacing import Pace, Retry
from judge.scoring.backends.api.pricing import Budget
from judge.scoring.backends.api.rate_limits import RateLimitTracker, RequestRefusals, RetryDecision

OnWait = Callable[[float, str], None]
"""Called with the seconds for which no request is started, and the provider's message."""
Attempt = Callable[[Request], Awaitable[dict[str, Any]]]
"""Send a request once: returns the values of a Completion, or raises Failed, Rejected or BackendError."""

GRACE = 30.0
"""Seconds that requests in flight may still take after a fatal error, because they are billed."""
FIRST_CONTACT_TRIES = 4
"""Tries to reach a server that has never answered; most likely its address is wrong."""
MOST_UNREADABLE_REPLIES = 2
"""Complete but unreadable replies to one request before it is given up; they are billed and rarely differ."""
MOST_WAITING = 512
"""Requests that may wait for another try before new requests have to wait for them."""
MOST_FAILED_ITEMS = 20
"""Consecutive items without a reply that end the run, because the rest would most likely fail, too."""

_BEFORE_RESUMING = {"reply": "Check the model and api_base (--api-base), which usually ends in /v1; then"}
_OUTAGE_KINDS = frozenset({"timeout", "connection", "server", "request", "reply"})


@dataclass(slots=True, eq=False)
class _Job:
    request: Request
    reserved: float
    _: KW_ONLY
    first_sent: float = -inf
    sent: float = -inf
    tries: int = 0
    unreadable_replies: int = 0
    spent: float = 0.0
    """Cost in USD of unreadable replies that were requested again."""
    refused: RequestRefusals = field(default_factory=RequestRefusals)
    failing_since: float = inf
    """When the first attempt was sent that failed for a reason other than the rate limit."""


class Dispatcher:
    """One pass over a stream of requests, within one event loop."""

    def __init__(
        self,
        source: Iterator[Request],
        attempt: Attempt,
        *,
        pace: Pace,
        retry: Retry,
        budget: Budget,
        on_wait: OnWait = lambda _seconds, _message: None,
    ) -> None:
        self.arrived: list[Completion] = []
        self.error: Exception | None = None
        self.stopped: str | None = None
        self.interrupted = False
        self.retries: Counter[str] = Counter()
        """Failed attempts that were retried, by kind of failure."""
        self._source: Iterator[Request] | None = source
        self._next: Request | None = None
        self._attempt = attempt
        self._pace = pace
        self._retry = retry
        self._budget = budget
        self._on_wait = on_wait
        self._rate_limit = RateLimitTracker(retry.max_wait)
        self._in_flight: set[asyncio.Task[None]] = set()
        self._waiting: list[tuple[float, int, _Job]] = []
        self._order = count()
        self._wake = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._paused_until = -inf  # pause after a refusal
        self._is_ending = False  # after a fatal error: no request is started
        self._answered = False  # whether the provider has ever responded
        self._last_reply = -inf
        self._was_new = False
        self._failed_items = 0  # consecutive items without a reply

    async def arrivals(self) -> None:
        """Wait until a completion has arrived, or all requests are done."""
        self._fill()
        while not self.arrived and not self.interrupted and not self._done():
            self._wake.clear()
            await self._wake.wait()

    def interrupt(self) -> None:
        """End `arrivals` now, because the user pressed Ctrl-C."""
        self.interrupted = True
        self._wake.set()

    def take(self) -> Sequence[Completion]:
        """Return the completions that have arrived, and forget them."""
        batch, self.arrived = self.arrived, []
        return batch

    async def close(self) -> None:
        """Process the replies that have already reached our sockets, and cancel the other requests."""
        self._drop_waiting()
        for _ in range(5):  # the socket, the parser, the request's task: each takes a turn of the loop
            await asyncio.sleep(0)
        self._cancel()
        await asyncio.gather(*self._in_flight, return_exceptions=True)

    def _done(self) -> bool:
        return not self._in_flight and not self._waiting and self._source is None and self._next is None

    def _fill(self, due: float = -inf) -> None:
        """Start what may start now, and see to it that we look again when more may.

        A timer may fire a moment early, so what is `due` counts as now.
        """
        now, next_start = max(asyncio.get_running_loop().time(), due), inf
        while self._more():
            next_start = self._pace.next_start(len(self._in_flight), now)
            if next_start > now:
                break
            job = self._next_job(now)
            if job is None:
                next_start = self._waiting[0][0] if self._waiting else inf
                break
            self._start(job, now)
        if not self._done():
            self._wait_for(next_start, now)
        elif self._rate_limit.postponed and not self._is_ending:
            self.stopped = self.stopped or self._rate_limit.reason_for_postponing

    def _wait_for(self, next_start: float, now: float) -> None:
        """Schedule the next start, or end the run if it is not worth waiting for."""
        if not self._in_flight:
            jobs = [job for _, _, job in self._waiting]
            is_all = self._source is None and self._next is None
            only_refused = is_all and all(self._rate_limit.others_got_through(job.refused) for job in jobs)
            if self._rate_limit.should_end_run(now, next_start, only_refused=only_refused):
                self.stopped = self._rate_limit.reason_for_ending(now, next_start)
                self._drop_waiting()
                return
        if now < next_start <= self._paused_until or (
            self._rate_limit.is_refusing and now < next_start < inf
        ):
            self._on_wait(next_start - now, self._rate_limit.message)
        self._wake_at(next_start)

    def _more(self) -> bool:
        """Whether requests are left. One is pulled in advance, so that the end is noticed at once."""
        if self._next is None and self._source is not None:
            self._next = self._pull(self._source)
        return not self._done()

    def _next_job(self, now: float) -> _Job | None:
        """Alternate between retries and new requests, so that repeated failures do not block new ones."""
        due = bool(self._waiting) and self._waiting[0][0] <= now
        # The number of waiting retries is bounded; otherwise an outage would pull the whole input.
        if not (due and self._was_new) and len(self._waiting) < MOST_WAITING and (job := self._new_job()):
            self._was_new = True
            return job
        self._was_new = False
        return heapq.heappop(self._waiting)[2] if due else None

    def _new_job(self) -> _Job | None:
        if self._next is None:
            return None
        reserved = self._budget.reserve(self._next)
        if reserved is None:
            # Requests in flight may cost less than was reserved; without any, the budget is used up.
            if not self._in_flight and not self._waiting:
                self.stopped = f"max_cost (--max-cost) of {self._budget.limit:g} USD would be exceeded"
                self._drop_waiting()
            return None
        job, self._next = _Job(self._next, reserved), None
        return job

    def _pull(self, source: Iterator[Request]) -> Request | None:
        try:
            return next(source)
        except StopIteration:
            self._source = None
        except Exception as error:  # noqa: BLE001 - re-raised to the caller once pending replies are delivered
            self._source, self.error = None, error
        return None

    def _start(self, job: _Job, now: float) -> None:
        job.sent = now
        job.first_sent = now if job.first_sent == -inf else job.first_sent
        self._pace.started(now)
        task = asyncio.get_running_loop().create_task(self._try(job))
        self._in_flight.add(task)
        task.add_done_callback(self._on_finished)

    def _on_finished(self, task: "asyncio.Task[None]") -> None:
        self._in_flight.discard(task)
        if not task.cancelled() and (error := task.exception()):
            self._end_with(error if isinstance(error, Exception) else BackendError(repr(error)))
        self._fill()
        self._wake.set()

    async def _try(self, job: _Job) -> None:
        job.tries += 1
        try:
            values = await self._attempt(job.request)
        except Rejected:  # `attempt` has remembered what to leave out, and this try was not billed
            job.tries -= 1
            self._retry_at(job, 0.0)
        except Failed as failed:
            self._failed(job, failed)
        except asyncio.CancelledError:
            self._budget.lose(job.reserved)
            self._budget.release(job.reserved)
            raise
        else:
            self._answered = True
            self._failed_items = 0
            self._last_reply = asyncio.get_running_loop().time()
            self._pace.succeeded(len(self._in_flight))
            self._rate_limit.succeeded(job.refused)
            self._deliver(job, values)

    def _failed(self, job: _Job, failed: Failed) -> None:
        now = asyncio.get_running_loop().time()
        self._answered = self._answered or failed.kind != "connection"
        if not failed.answered or (failed.kind == "reply" and failed.arrived.get("cost") is None):
            self._budget.lose(job.reserved)
        if failed.again and self._is_ending:  # the next run sends it again, so no failure is stored
            self._budget.release(job.reserved)
        elif failed.again and failed.kind == "rate_limit":
            self._refused(job, failed, now)
        elif failed.again and (wait := self._wait(job, failed, now)) is not None:
            self.retries[failed.kind] += 1
            job.spent += failed.arrived.get("cost") or 0.0
            self._retry_at(job, now + wait)
        else:
            self._give_up(job, failed)

    def _refused(self, job: _Job, failed: Failed, now: float) -> None:
        """Handle a rate limit (HTTP 429): this request waits, and usually all others do, too."""
        wait, tracker = failed.retry_after, self._rate_limit
        decision = tracker.refused(job.refused, wait, failed.message, now)
        if tracker.slow_down(job.refused, wait):
            self._pace.refused(job.sent, now, wait)
            self._paused_until = self._pace.next_start(0, now)
        if decision is RetryDecision.GIVE_UP:
            self._give_up(job, failed)
        elif decision is RetryDecision.POSTPONE:
            self._budget.release(job.reserved)
        else:
            self.retries["rate_limit"] += 1
            self._retry_at(job, now + self._retry.after_refusal(job.refused.times, wait))

    def _wait(self, job: _Job, failed: Failed, now: float) -> float | None:
        if not self._answered and job.tries >= FIRST_CONTACT_TRIES:
            return None
        job.unreadable_replies += failed.kind == "reply"
        if job.unreadable_replies >= MOST_UNREADABLE_REPLIES:
            return None
        job.failing_since = min(job.failing_since, job.sent)
        tries = job.tries - job.refused.times
        return self._retry.after_fault(tries, now - job.failing_since, failed.retry_after)

    def _give_up(self, job: _Job, failed: Failed) -> None:
        if failed.kind == "connection" and not self._answered:  # not a failure of the item
            hint = "Check that the server runs, its address in api_base (--api-base), and the network"
            self._end_with(BackendError(f"the judge cannot be reached: {failed.message}. {hint}"))
            return
        failure = Failure(kind=failed.kind, message=failed.message)
        self._deliver(job, {**failed.arrived, "failure": failure})
        # Items that were first tried while others still got replies do not indicate an outage: at the end of
        # a run only the repeatedly failing ones are left.
        self._failed_items += failed.kind in _OUTAGE_KINDS and job.first_sent >= self._last_reply
        if self._failed_items >= MOST_FAILED_ITEMS:
            when = _BEFORE_RESUMING.get(failed.kind, "When the provider answers again,")
            self._end_with(
                BackendError(
                    f"the last {MOST_FAILED_ITEMS} items got no reply; last error: {failed.message}. {when} "
                    "score again with retry_errors (--retry-errors)"
                )
            )

    def _deliver(self, job: _Job, values: dict[str, Any]) -> None:
        now = asyncio.get_running_loop().time()
        if job.spent and values.get("cost") is None and not values.get("failure"):
            self._budget.lose(job.spent)  # as the cost stays unknown, the reserved amount counts, below
        elif job.spent:
            values["cost"] = (values.get("cost") or 0.0) + job.spent
        completion = Completion.of(job.request, tries=job.tries, latency=round(now - job.sent, 4), **values)
        # A failure costs nothing; for a reply of unknown cost, the reserved amount counts.
        cost = 0.0 if completion.failure and completion.cost is None else completion.cost
        self._budget.settle(job.request, job.reserved, cost, completion.usage)
        self.arrived.append(completion)

    def _retry_at(self, job: _Job, due: float) -> None:
        if self._is_ending:
            self._budget.release(job.reserved)
        else:
            heapq.heappush(self._waiting, (due, next(self._order), job))

    def _end_with(self, error: Exception) -> None:
        if not self._is_ending:
            self._is_ending, self.error = True, error
            asyncio.get_running_loop().call_later(GRACE, self._cancel)
        self._drop_waiting()

    def _drop_waiting(self) -> None:
        """Start no more requests, and release the budget of those that wait."""
        self._source = self._next = None
        for _, _, job in self._waiting:
            self._budget.release(job.reserved)
        self._waiting.clear()

    def _cancel(self) -> None:
        for task in self._in_flight:
            task.cancel()

    def _wake_at(self, at: float) -> None:
        """Schedule a wake-up, unless an earlier one is set; at infinity the next reply wakes us up."""
        if at == inf or (self._timer is not None and self._timer.when() <= at):
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_at(at, self._on_time, at)

    def _on_time(self, due: float) -> None:
        self._timer = None
        self._fill(due)
        self._wake.set()
