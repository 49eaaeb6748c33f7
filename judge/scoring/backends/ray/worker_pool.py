"""Distribute requests to workers that may be lost at any time. Nothing here knows Ray."""

import heapq
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count, islice
from typing import Protocol

from judge.errors import BackendError
from judge.records import Completion, Failure, Request

MOST_LOSSES = 3
"""A request that was at a worker each time it was lost fails after so many losses."""
MOST_LOSSES_IN_A_ROW = 3
"""A worker that is lost more often than this without a reply in between is given up."""
SUSPECTS_AT_ONCE = 32
"""Size of the batches in which requests are sent again after a first loss; after a second one, it is 1."""
POLL_SECONDS = 10.0
START_SECONDS = 900.0
"""How long to wait while no worker can be started."""


@dataclass(frozen=True)
class WorkerEvent:
    """What a worker reports.

    Attributes
    ----------
    worker : int
        Its number, counted from 1.
    is_ready : bool
        Whether its process has just been started.
    has_engine : bool
        Whether its engine has just been started.
    completions : sequence of Completion
        Replies that arrived.
    error : str
        Why its backend ended with an error; empty if it did not.
    is_lost : bool
        Whether its process or its engine is gone.
    text : str
        Its machine, how far it has loaded the model, or why it is lost.
    """

    worker: int
    is_ready: bool = False
    has_engine: bool = False
    completions: Sequence[Completion] = ()
    error: str = ""
    is_lost: bool = False
    text: str = ""


class Workers(Protocol):
    """What the pool needs of a cluster."""

    def start(self, worker: int) -> None:
        """Begin to start a worker; an event reports that it is ready."""
        ...

    def send(self, worker: int, batch: Sequence[Request]) -> None:
        """Send requests to a worker that is ready."""
        ...

    def next_event(self, seconds: float) -> WorkerEvent | None:
        """Wait for an event of any worker; None after `seconds` without one."""
        ...

    def stop(self, worker: int) -> None:
        """End a worker."""
        ...


@dataclass
class _Slot:
    """A worker and the requests that it has."""

    number: int
    is_ready: bool = False
    has_engine: bool = False
    """Whether it has ever started an engine. A loss before that is not due to a request."""
    is_isolated: bool = False
    """Whether it has requests that were at a lost worker, and nothing else until they are done."""
    requests: dict[str, Request] = field(default_factory=dict)
    n_replies: int = 0
    """Replies since it was started."""
    n_losses: int = 0
    """Losses since its last reply."""


class WorkerPool:
    """Keeps two batches of requests at each worker, and sends those of a lost worker again.

    One worker is started first, so that an engine that cannot start ends the run; the others follow with its
    first reply. After a loss the requests that the worker had are suspects: they are sent again in small
    batches, and after a second loss one by one, so that a request that ends workers is found.

    Parameters
    ----------
    workers : Workers
        The cluster.
    n_workers : int
        Number of workers.
    size : int
        Number of requests of a batch.
    on_note : callable
        Called with what should be reported, as text.
    """

    def __init__(
        self,
        workers: Workers,
        n_workers: int,
        *,
        size: int,
        on_note: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._workers = workers
        self._numbers = list(range(1, n_workers + 1))
        self._size = size
        self._on_note = on_note
        self._slots: dict[int, _Slot] = {}
        self._is_proven = False
        self._suspects: list[tuple[int, int, Request]] = []
        self._losses: Counter[str] = Counter()
        self._order = count()
        self._waited = 0.0
        self.n_replies: Counter[int] = Counter()
        """Number of replies of each worker."""

    def complete(self, requests: Iterable[Request]) -> Generator[Sequence[Completion]]:
        """Send all requests and yield their completions as they arrive.

        Raises
        ------
        BackendError
            The first worker cannot start, or no worker is left.
        """
        source = iter(requests)
        ahead = list(islice(source, self._size))
        while ahead or self._suspects or any(slot.requests for slot in self._slots.values()):
            self._start_workers()
            ahead = self._feed(ahead, source)
            event = self._workers.next_event(POLL_SECONDS)
            if event is not None:
                yield from self._handle(event)
            elif not any(slot.is_ready for slot in self._slots.values()):
                self._wait_for_start()

    def stop(self) -> list[Completion]:
        """End all workers; return the replies that have arrived since the last event."""
        arrived: list[Completion] = []
        while self._slots and (event := self._workers.next_event(0)) is not None:
            arrived += self._taken(self._slots[event.worker], event.completions)
            if event.is_lost or event.error:
                self._workers.stop(event.worker)
                del self._slots[event.worker]
        for number in self._slots:
            self._workers.stop(number)
        self._slots.clear()
        self._suspects.clear()
        self._is_proven = False
        return arrived

    def _start_workers(self) -> None:
        for number in self._numbers if self._is_proven else self._numbers[:1]:
            if number not in self._slots:
                self._slots[number] = _Slot(number)
                self._workers.start(number)

    def _feed(self, ahead: list[Request], source: Iterator[Request]) -> list[Request]:
        """Send requests to the workers that have room; return the next batch."""
        for slot in self._slots.values():
            while slot.is_ready:
                batch = self._suspects_for(slot)
                if not batch and self._has_room(slot):
                    batch, ahead = ahead, list(islice(source, self._size)) if ahead else []
                if not batch:
                    break
                slot.requests |= {request.key: request for request in batch}
                self._workers.send(slot.number, batch)
        return ahead

    def _suspects_for(self, slot: _Slot) -> list[Request]:
        """Take suspects for a worker that has no requests: those with the fewest losses first."""
        if slot.requests:
            return []
        slot.is_isolated = bool(self._suspects)
        if not self._suspects:
            return []
        n_losses = self._suspects[0][0]
        most = {0: self._size, 1: SUSPECTS_AT_ONCE}.get(n_losses, 1)
        batch: list[Request] = []
        while len(batch) < most and self._suspects and self._suspects[0][0] == n_losses:
            batch.append(heapq.heappop(self._suspects)[2])
        return batch

    def _has_room(self, slot: _Slot) -> bool:
        if slot.is_isolated or len(slot.requests) > self._size:
            return False
        if not self._suspects:
            return True
        # Suspects wait for a worker without requests: one that starts or has suspects, or the first one.
        others = any(other.is_isolated or not other.is_ready for other in self._slots.values())
        return others or slot is not next(iter(self._slots.values()))

    def _handle(self, event: WorkerEvent) -> Iterator[Sequence[Completion]]:
        slot = self._slots[event.worker]
        if event.is_ready:
            slot.is_ready, self._waited = True, 0.0
            started = sum(other.is_ready for other in self._slots.values())
            self._on_note(
                f"worker {slot.number} is on {event.text} ({started} of {len(self._numbers)} workers)"
            )
        elif event.text and not event.is_lost:
            self._on_note(f"worker {slot.number}: {event.text}")
        slot.has_engine |= event.has_engine
        if arrived := self._taken(slot, event.completions):
            slot.n_losses, self._is_proven = 0, True
            yield arrived
        is_fatal = slot.n_replies or not self._is_proven  # otherwise, only this worker does not start
        if event.error and is_fatal and not event.is_lost:
            raise BackendError(event.error)
        if event.is_lost or event.error:
            yield from self._on_loss(slot, event.error or event.text)

    def _taken(self, slot: _Slot, completions: Sequence[Completion]) -> list[Completion]:
        """Completions of requests that the worker has; they are done."""
        done = [completion for completion in completions if slot.requests.pop(completion.key, None)]
        slot.n_replies += len(done)
        self.n_replies[slot.number] += len(done)
        return done

    def _on_loss(self, slot: _Slot, reason: str) -> Iterator[Sequence[Completion]]:
        """Put the requests of a lost worker back, and start it again."""
        failed = []
        for request in slot.requests.values():
            self._losses[request.key] += slot.has_engine
            if (n := self._losses[request.key]) >= MOST_LOSSES:
                failed.append(_failure(request))
            else:
                heapq.heappush(self._suspects, (n, next(self._order), request))
        again = len(slot.requests) - len(failed)
        if failed:
            yield failed
        n_losses = slot.n_losses + 1
        self._workers.stop(slot.number)
        self._on_note(f"worker {slot.number} was lost ({reason}); {again:,} requests are sent again")
        if n_losses > MOST_LOSSES_IN_A_ROW:
            self._give_up(slot, reason)
            return
        self._slots[slot.number] = _Slot(slot.number, has_engine=slot.has_engine, n_losses=n_losses)
        self._workers.start(slot.number)

    def _give_up(self, slot: _Slot, reason: str) -> None:
        del self._slots[slot.number]
        self._numbers.remove(slot.number)
        if not self._slots:
            raise BackendError(
                f"no worker is left: each was lost {MOST_LOSSES_IN_A_ROW + 1} times without a reply, the "
                f"last one because: {reason}. What arrived is stored; the same command resumes the run"
            )
        self._on_note(f"worker {slot.number} is given up; {len(self._slots)} workers are left")

    def _wait_for_start(self) -> None:
        self._waited += POLL_SECONDS
        if self._waited >= START_SECONDS:
            minutes = START_SECONDS / 60
            raise BackendError(
                f"no worker could be started within {minutes:.0f} minutes: the cluster has no room "
                "for one. See `ray status`; a worker needs one graphics card, or as many as tensor_parallel "
                "(--tensor-parallel)"
            )


def _failure(request: Request) -> Completion:
    message = f"{MOST_LOSSES} workers were lost while they had this request, the last one with no other"
    return Completion.of(request, failure=Failure(kind="server", message=message))
