"""Distribution of requests to workers that are lost, without Ray."""

from collections import Counter, deque

import pytest

from judge.errors import BackendError
from judge.records import Completion, Item, Request
from judge.scoring.backends.ray import worker_pool
from judge.scoring.backends.ray.worker_pool import WorkerEvent, WorkerPool


def request(n):
    item = Item(id=f"i{n}", question="?", answer=f"{n}")
    return Request(item, [], model="m", params={}, schema=None, key=f"k{n}")


def requests(count):
    return [request(n) for n in range(count)]


class Simulated:
    """Workers that answer two requests at a time, in turn, and are lost where a test says so."""

    def __init__(self, *, poison=(), lost_after=None, never_ready=(), errors=None):
        self.poison = set(poison)
        self.lost_after = dict(lost_after or {})  # worker -> number of requests that it answers first
        self.never_ready = set(never_ready)
        self.errors = dict(errors or {})  # worker -> error of its backend at the first request
        self.events = deque()
        self.queues = {}
        self.answered = Counter()
        self.with_engine = set()
        self.sent = []
        self.started = []
        self.stopped = []
        self.most_held = 0
        self.is_loss = False  # whether the errors are losses of the process

    def start(self, worker):
        self.started.append(worker)
        self.queues[worker] = deque()
        if worker not in self.never_ready:
            self.events.append(WorkerEvent(worker, is_ready=True, text=f"node-{worker}"))

    def send(self, worker, batch):
        self.sent.append((worker, [r.item.id for r in batch]))
        self.queues[worker].extend(batch)
        if worker not in self.with_engine and worker not in self.errors:
            self.with_engine.add(worker)
            self.events.append(WorkerEvent(worker, has_engine=True))
        self.most_held = max(self.most_held, len(self.queues[worker]))

    def next_event(self, seconds):
        if self.events:
            return self.events.popleft()
        if seconds == 0:
            return None
        busy = [worker for worker, queue in self.queues.items() if queue]
        if not busy:
            return None
        worker = min(busy, key=lambda w: self.answered[w])
        return self._step(worker)

    def _step(self, worker):
        queue = self.queues[worker]
        if worker in self.errors:
            return WorkerEvent(worker, error=self.errors[worker], is_lost=self.is_loss)
        batch = [queue.popleft() for _ in range(min(2, len(queue)))]
        is_lost = self.lost_after.get(worker) == 0 or self.poison & {r.item.id for r in batch}
        if is_lost:
            self.lost_after.pop(worker, None)
            return WorkerEvent(worker, is_lost=True, text="killed")
        if worker in self.lost_after:
            self.lost_after[worker] = max(0, self.lost_after[worker] - len(batch))
        self.answered[worker] += len(batch)
        return WorkerEvent(worker, completions=[Completion.of(r, reply="x") for r in batch])

    def stop(self, worker):
        self.stopped.append(worker)
        self.queues.pop(worker, None)
        self.with_engine.discard(worker)
        self.events = deque(event for event in self.events if event.worker != worker)


def completed(workers, count, *, n_workers=2, size=8, notes=None):
    pool = WorkerPool(workers, n_workers, size=size, on_note=(notes if notes is not None else []).append)
    return [c for batch in pool.complete(requests(count)) for c in batch]


def replies(completions):
    return sorted((c.item_id for c in completions if c.reply), key=lambda i: int(i[1:]))


def test_every_request_is_answered_once():
    workers = Simulated()
    assert replies(completed(workers, 100)) == [f"i{n}" for n in range(100)]
    assert sum(len(ids) for _, ids in workers.sent) == 100


def test_no_worker_is_started_for_no_request():
    workers = Simulated()
    assert completed(workers, 0) == []
    assert workers.started == []


def test_others_are_started_with_the_first_reply_of_the_first_worker():
    workers = Simulated()
    pool = WorkerPool(workers, 3, size=4)
    batches = pool.complete(requests(40))
    next(batches)
    assert workers.started == [1]
    next(batches)
    assert workers.started == [1, 2, 3]
    batches.close()


def test_requests_are_pulled_as_workers_need_them():
    pulled = []

    def source():
        for one in requests(1_000):
            pulled.append(one)
            yield one

    batches = WorkerPool(Simulated(), 1, size=8).complete(source())
    next(batches)
    assert len(pulled) <= 3 * 8
    batches.close()


def test_worker_holds_two_batches_at_most():
    workers = Simulated()
    completed(workers, 200, size=8)
    assert workers.most_held == 16


def test_neighbours_go_to_the_same_worker_in_their_order():
    workers = Simulated()
    completed(workers, 64, size=8)
    for _, ids in workers.sent:
        numbers = [int(i[1:]) for i in ids]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def test_requests_of_a_lost_worker_are_sent_again_and_only_they():
    workers, notes = Simulated(lost_after={2: 10}), []
    assert replies(completed(workers, 100, notes=notes)) == [f"i{n}" for n in range(100)]
    sent = Counter(i for _, ids in workers.sent for i in ids)
    again = [i for i, times in sent.items() if times > 1]
    assert 0 < len(again) <= 16
    assert max(sent.values()) == 2
    assert f"worker 2 was lost (killed); {len(again)} requests are sent again" in notes
    assert workers.started.count(2) == 2


@pytest.mark.parametrize("n_workers", [1, 2, 3])
@pytest.mark.parametrize("poison", [0, 5, 39, 99])
def test_request_that_ends_three_workers_fails_and_no_other_one(poison, n_workers):
    workers = Simulated(poison={f"i{poison}"})
    found = completed(workers, 100, n_workers=n_workers, size=40)
    assert [c.item_id for c in found if c.failure] == [f"i{poison}"]
    assert replies(found) == [f"i{n}" for n in range(100) if n != poison]
    assert len(workers.started) == n_workers + 3
    assert (
        "3 workers were lost while they had this request"
        in next(c for c in found if c.failure).failure.message
    )


def test_two_requests_that_end_workers_fail_each():
    workers = Simulated(poison={"i7", "i60"})
    found = completed(workers, 100, size=40)
    assert sorted(c.item_id for c in found if c.failure) == ["i60", "i7"]
    assert len(replies(found)) == 98


def test_single_request_that_ends_workers_is_a_failure_and_no_error():
    (only,) = completed(Simulated(poison={"i0"}), 1)
    assert only.failure.kind == "server"


def test_request_that_was_lost_twice_is_alone_at_its_worker():
    workers = Simulated(poison={"i3"})
    completed(workers, 40, size=40, n_workers=1)
    with_it = [ids for _, ids in workers.sent if "i3" in ids]
    assert [len(ids) for ids in with_it] == [40, worker_pool.SUSPECTS_AT_ONCE, 1]


def test_error_of_the_first_worker_ends_the_run():
    with pytest.raises(BackendError, match="no such folder"):
        completed(Simulated(errors={1: "no such folder"}), 10)


def test_worker_that_does_not_start_while_others_work_is_given_up():
    workers, notes = Simulated(errors={2: "no such folder"}), []
    assert len(replies(completed(workers, 60, notes=notes))) == 60
    assert workers.started.count(2) == 4
    assert "worker 2 is given up; 1 workers are left" in notes


def test_requests_are_not_blamed_for_a_machine_on_which_no_engine_starts():
    workers = Simulated(errors={2: "killed"})
    workers.is_loss = True
    assert len(replies(completed(workers, 60))) == 60


def test_error_of_a_worker_that_has_answered_ends_the_run():
    workers = Simulated()
    batches = WorkerPool(workers, 1, size=4).complete(requests(40))
    next(batches)
    workers.errors[1] = "refuses the requests"
    with pytest.raises(BackendError, match="refuses the requests"):
        list(batches)


def test_workers_that_are_always_lost_end_the_run():
    workers = Simulated(errors={1: "out of memory"})
    workers.is_loss = True
    pool = WorkerPool(workers, 2, size=64)
    with pytest.raises(BackendError, match=r"no worker is left: .* the last one because: out of memory"):
        list(pool.complete(requests(500)))
    assert workers.started == [1] * 4


def test_cluster_without_room_ends_the_run_after_a_limit(monkeypatch):
    monkeypatch.setattr(worker_pool, "START_SECONDS", 3 * worker_pool.POLL_SECONDS)
    with pytest.raises(BackendError, match="no worker could be started within 0 minutes"):
        completed(Simulated(never_ready={1}), 10)


def test_run_goes_on_with_the_workers_that_start():
    workers = Simulated(never_ready={2, 3})
    assert len(replies(completed(workers, 60, n_workers=3))) == 60


def test_lull_is_no_error_while_a_worker_is_ready():
    class Slow(Simulated):
        pauses = 200

        def next_event(self, seconds):
            if self.pauses and not self.events and seconds:
                self.pauses -= 1
                return None
            return super().next_event(seconds)

    assert len(replies(completed(Slow(), 20))) == 20


def test_loading_of_a_model_is_noted():
    workers, notes = Simulated(), []
    pool = WorkerPool(workers, 1, size=4, on_note=notes.append)
    batches = pool.complete(requests(8))
    workers.events.append(WorkerEvent(1, text="loading vLLM"))
    workers.start, start = (
        (lambda n: (start(n), workers.events.append(WorkerEvent(n, text="loading vLLM")))),
        workers.start,
    )
    workers.events.clear()
    list(batches)
    assert notes[:2] == ["worker 1 is on node-1 (1 of 1 workers)", "worker 1: loading vLLM"]


def test_replies_are_counted_by_worker():
    pool = WorkerPool(Simulated(), 2, size=8)
    list(pool.complete(requests(60)))
    assert sum(pool.n_replies.values()) == 60
    assert set(pool.n_replies) == {1, 2}


def test_workers_stay_for_the_next_requests():
    workers = Simulated()
    pool = WorkerPool(workers, 2, size=8)
    for _ in range(2):
        assert len([c for batch in pool.complete(requests(30)) for c in batch]) == 30
    assert workers.started == [1, 2]


def test_stopped_pool_returns_what_has_arrived_and_starts_again():
    workers = Simulated()
    pool = WorkerPool(workers, 2, size=8)
    batches = pool.complete(requests(60))
    for _ in range(3):
        next(batches)
    batches.close()
    late = Completion.of(next(iter(pool._slots[1].requests.values())), reply="late")
    workers.events += [
        WorkerEvent(1, completions=[late]),
        WorkerEvent(2, is_lost=True, text="killed"),
        WorkerEvent(1, completions=[Completion(key="unknown", item_id="i", reply="x")]),
    ]
    assert pool.stop() == [late]
    assert sorted(workers.stopped) == [1, 2]
    assert len(replies(c for batch in pool.complete(requests(30)) for c in batch)) == 30
