"""A worker in this process: a backend that is fed continuously through queues."""

import threading

import pytest

from judge import EngineOptions
from judge.errors import BackendError
from judge.records import Completion, Image, Item, Request
from judge.scoring.backends.ray.worker import VllmOnWorker, Worker
from judge.scoring.backends.vllm import backend as vllm_backend
from judge.scoring.backends.vllm.startup_errors import EngineFailedError

WAIT = 30.0


def requests(*numbers):
    return [
        Request(Item(id=f"i{n}", question="?", answer=""), [], model="m", params={}, schema=None, key=f"k{n}")
        for n in numbers
    ]


class Engine:
    """Answers requests in pairs while others are in flight, like an engine that decodes several at once."""

    def __init__(self, on_start, error=None, after=0):
        self.on_start, self.error, self.after = on_start, error, after

    def complete(self, source):
        held = []
        first = next(source)
        self.on_start("starting the engine")
        if self.error and not self.after:
            raise self.error
        held.append(first)
        for n, request in enumerate(source):
            held += [request] if request is not None else []
            if request is None or len(held) == 2:
                yield [Completion.of(one, reply="x") for one in held]
                held = []
            if self.error and n >= self.after:
                raise self.error


def collected(worker, count):
    """Replies until there are so many completions or an error."""
    found = []
    while sum(len(one.completions) for one in found) < count and not any(one.error for one in found):
        found.append(worker.replies(WAIT))
    return found


def keys(found):
    return sorted(c.key for one in found for c in one.completions)


def test_all_requests_of_several_batches_are_answered():
    worker = Worker(Engine)
    worker.ask(requests(1, 2, 3))
    assert keys(collected(worker, 3)) == ["k1", "k2", "k3"]
    worker.ask(requests(4))
    worker.ask(requests(5, 6))
    assert keys(collected(worker, 3)) == ["k4", "k5", "k6"]


def test_start_of_the_engine_is_reported_once():
    worker = Worker(Engine)
    worker.ask(requests(1, 2, 3))
    found = collected(worker, 3)
    worker.ask(requests(4, 5))
    found += collected(worker, 2)
    assert sum(one.has_engine for one in found) == 1
    assert [one.text for one in found if one.text] == ["starting the engine"]


def test_nothing_is_reported_while_nothing_happens():
    found = Worker(Engine).replies(0)
    assert (found.completions, found.error, found.text, found.has_engine) == ([], "", "", False)


def test_engine_that_does_not_start_is_an_error_and_no_loss():
    worker = Worker(lambda on_start: Engine(on_start, BackendError("no such folder")))
    worker.ask(requests(1))
    end = collected(worker, 1)[-1]
    assert (end.error, end.is_lost, end.has_engine) == ("no such folder", False, False)


def test_engine_that_fails_later_is_a_loss():
    worker = Worker(lambda on_start: Engine(on_start, EngineFailedError("the engine failed"), after=2))
    worker.ask(requests(*range(8)))
    found = collected(worker, 8)
    assert (found[-1].error, found[-1].is_lost) == ("the engine failed", True)
    assert keys(found)  # what arrived before is kept


def test_any_other_error_is_named_with_its_type():
    worker = Worker(lambda on_start: Engine(on_start, ValueError("odd")))
    worker.ask(requests(1))
    assert collected(worker, 1)[-1].error == "ValueError: odd"


def test_backend_that_ends_by_itself_is_an_error():
    worker = Worker(lambda _: type("Ended", (), {"complete": lambda _self, _source: iter([])})())
    assert collected(worker, 1)[-1].error == "RuntimeError: the backend ended"


def test_worker_names_its_machine():
    assert Worker(Engine).machine()


def test_worker_waits_without_using_the_processor_while_it_has_no_request():
    pulls = []

    class Counting(Engine):
        def complete(self, source):
            for request in source:
                pulls.append(request)
                if request is not None:
                    yield [Completion.of(request, reply="x")]

    worker = Worker(Counting)
    worker.ask(requests(1, 2))
    assert keys(collected(worker, 2)) == ["k1", "k2"]
    worker.replies(0.05)
    assert len(pulls) <= 4
    assert threading.active_count() >= 2


@pytest.mark.parametrize("ships", [True, False])
def test_backend_of_a_worker_is_that_of_a_model_in_this_process(tmp_path, monkeypatch, ships):
    given = {}
    monkeypatch.setattr(vllm_backend, "VllmBackend", lambda model, **more: given.update(more, model=model))
    options = EngineOptions(max_model_len=99)
    VllmOnWorker("a/model", {"dtype": "half"}, 1_000, options, 2, tmp_path, ships)(print)
    assert (given["model"], given["decisive"]) == ("a/model", {"dtype": "half"})
    assert (given["options"], given["most_images"], given["on_start"]) == (options, 2, print)
    address = "https://example.org/a.png"
    item = Item(id="i", question="?", answer="", images=(Image(url=address),))
    assert given["encode"](item, 0) == address
