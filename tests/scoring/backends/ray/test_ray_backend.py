"""The backend and its actors, with a module in place of Ray that runs the actors in this process."""

import importlib.util
import os
import socket
import sys
import threading
from types import ModuleType, SimpleNamespace

import PIL.Image
import pytest

from judge import EngineOptions, Image, Item, Judge, RayOptions, load_rubric, score
from judge.errors import BackendError, MissingExtraError
from judge.records import Completion, Request
from judge.scoring import score as score_module
from judge.scoring.backends.connection import Connection
from judge.scoring.backends.factory import load_backend
from judge.scoring.backends.ray import backend as ray_module
from judge.scoring.backends.ray import cluster
from judge.scoring.backends.ray.backend import RayBackend, ray_backend
from judge.scoring.backends.ray.worker import Replies, Worker


class RayError(Exception):
    pass


class RayActorError(RayError):
    pass


class Ref:
    """A call of an actor whose result is not there yet."""

    def __init__(self, actor, name, arguments):
        self.actor, self.name, self.arguments = actor, name, arguments


class FakeRay(ModuleType):
    """As much of Ray as `cluster` uses. A call of an actor is made when its result is waited for."""

    def __init__(self, gpus=0):
        super().__init__("ray")
        self.exceptions = SimpleNamespace(RayError=RayError, RayActorError=RayActorError)
        self.resources = {"CPU": 2.0, **({"GPU": float(gpus)} if gpus else {})}
        self.given, self.options, self.actors, self.killed = None, [], [], []
        self.is_up = self.is_shut = False
        self.printed = []
        self.printing = SimpleNamespace(
            print_to_stdstream=lambda data, ignore_prefix: self.printed.append((data, ignore_prefix))
        )
        self.fails = None  # called with an actor and a method before each call

    def is_initialized(self):
        return self.is_up

    def init(self, **given):
        self.given = given

    def shutdown(self):
        self.is_shut = True

    def cluster_resources(self):
        return self.resources

    def remote(self, made):
        def options(**given):
            self.options.append(given)
            return SimpleNamespace(remote=lambda *arguments: self._actor(made(*arguments)))

        return SimpleNamespace(options=options)

    def _actor(self, actor):
        self.actors.append(actor)
        names = ("machine", "ask", "replies")
        return SimpleNamespace(
            actor=actor, **{name: SimpleNamespace(remote=self._caller(actor, name)) for name in names}
        )

    def _caller(self, actor, name):
        def call(*arguments):
            if name == "ask":
                return actor.ask(*arguments)
            return Ref(actor, name, arguments)

        return call

    def wait(self, refs, num_returns, timeout):
        assert num_returns == 1
        if timeout == 0:
            return [], refs
        refs.sort(key=lambda ref: ref.name)  # an actor that starts goes first
        return refs[:1], refs[1:]

    def get(self, ref):
        if self.fails:
            self.fails(ref)
        return getattr(ref.actor, ref.name)(*ref.arguments, *([0.01] if ref.name == "replies" else []))

    def kill(self, handle):
        self.killed.append(handle.actor)


@pytest.fixture
def ray(monkeypatch):
    fake = FakeRay()
    monkeypatch.setitem(sys.modules, "ray", fake)
    monkeypatch.setitem(sys.modules, "ray._private.worker", fake.printing)
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: SimpleNamespace() if name == "ray" else found(name)
    )
    for name in ("RAY_AUTH_MODE", "RAY_USAGE_STATS_ENABLED"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv(name, "")  # so that what is set is removed again
        monkeypatch.delenv(name)
    return fake


class Echo:
    """Answers each request at once; it keeps what it was asked."""

    asked: list

    def __init__(self, asked=None, error=None):
        self.asked = [] if asked is None else asked
        self.error = error

    def complete(self, source):
        for request in source:
            if request is not None:
                self.asked.append(request)
                if self.error:
                    raise self.error
                yield [Completion.of(request, reply="x")]


def requests(count, **fields):
    return [
        Request(
            Item(id=f"i{n}", question="?", answer="", **fields),
            [],
            model="m",
            params={},
            schema=None,
            key=f"k{n}",
        )
        for n in range(count)
    ]


def replies(backend, wanted):
    return [c for batch in backend.complete(wanted) for c in batch]


def test_all_requests_are_answered_by_actors_of_the_wanted_number(ray, monkeypatch):
    monkeypatch.setattr(ray_module, "BATCH", 2)
    notes = []
    backend = RayBackend(lambda _: Echo(), RayOptions(workers=3), on_note=notes.append)
    assert sorted(c.key for c in replies(backend, requests(40))) == sorted(f"k{n}" for n in range(40))
    assert len(ray.actors) == 3
    assert notes[0] == "connecting to the Ray cluster"
    assert notes[-1].startswith("replies by worker: 1: ")
    backend.close()
    assert len(ray.killed) == 3
    assert ray.is_shut


def test_no_cluster_is_needed_for_no_request(ray):
    backend = RayBackend(lambda _: Echo(), RayOptions(workers=1))
    assert replies(backend, []) == []
    backend.close()
    assert ray.given is None


@pytest.mark.usefixtures("ray")
def test_replies_by_worker_are_noted_now_and_then(monkeypatch):
    monkeypatch.setattr(ray_module, "NOTE_SECONDS", -1.0)
    notes = []
    backend = RayBackend(lambda _: Echo(), RayOptions(workers=1), on_note=notes.append)
    n_batches = len(list(backend.complete(requests(4))))
    assert sum(note.startswith("replies by worker") for note in notes) == n_batches + 1


def test_cluster_on_this_machine_has_a_token_and_reports_no_usage(ray):
    replies(RayBackend(lambda _: Echo(), RayOptions(workers=1)), requests(1))
    assert (os.environ["RAY_AUTH_MODE"], os.environ["RAY_USAGE_STATS_ENABLED"]) == ("token", "0")
    assert ray.given["address"] == "local"
    assert ray.given["include_dashboard"] is False
    assert ray.given["object_store_memory"] < 1 << 30


def test_cluster_with_an_address_keeps_the_setting_of_the_environment(ray):
    replies(RayBackend(lambda _: Echo(), RayOptions(workers=1, address="auto")), requests(1))
    assert "RAY_AUTH_MODE" not in os.environ
    assert ray.given["address"] == "auto"
    assert "object_store_memory" not in ray.given


def test_cluster_of_this_process_is_used_and_stays(ray):
    ray.is_up = True
    backend = RayBackend(lambda _: Echo(), RayOptions(workers=1))
    replies(backend, requests(1))
    backend.close()
    assert ray.given is None
    assert not ray.is_shut


def test_what_ray_prints_about_its_machines_goes_to_standard_error(ray):
    replies(RayBackend(lambda _: Echo(), RayOptions(workers=1)), requests(1))
    ray.printing.print_to_stdstream({"lines": ["died"], "is_err": False}, ignore_prefix=False)
    assert ray.printed == [({"lines": ["died"], "is_err": True}, False)]


@pytest.mark.parametrize(("gpus", "n_cards", "workers"), [(8, 1, 8), (8, 2, 4), (7, 2, 3)])
def test_there_are_as_many_workers_as_there_are_cards_for(ray, gpus, n_cards, workers):
    ray.resources["GPU"] = float(gpus)
    made = cluster.RayWorkers(lambda _: Echo(), RayOptions(), n_cards=n_cards, prepare=lambda r: r)
    assert made.n_workers == workers
    made.start(1)
    assert ray.options[0]["num_gpus"] == n_cards
    assert ray.options[0]["max_restarts"] == 0


@pytest.mark.usefixtures("ray")
def test_workers_on_processors_need_a_number():
    with pytest.raises(BackendError, match=r"has no graphics cards; .* give the number of workers"):
        replies(RayBackend(lambda _: Echo(), RayOptions()), requests(1))


def test_worker_that_needs_more_cards_than_there_are_is_an_error(ray):
    ray.resources["GPU"] = 1.0
    with pytest.raises(BackendError, match="a worker needs 4 graphics cards, and the Ray cluster has 1"):
        replies(RayBackend(lambda _: Echo(), RayOptions(), n_cards=4), requests(1))


def test_missing_package_is_named_with_its_extra(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(MissingExtraError, match=r"judge-toolkit\[ray\]"):
        replies(RayBackend(lambda _: Echo(), RayOptions(workers=1)), requests(1))


@pytest.mark.parametrize("address", ["127.0.0.1:1", "ray://127.0.0.1:1", "127.0.0.1:99999999"])
def test_address_at_which_nothing_listens_is_an_error(ray, address):
    with pytest.raises(BackendError, match=f"the Ray cluster {address} cannot be reached"):
        replies(RayBackend(lambda _: Echo(), RayOptions(workers=1, address=address)), requests(1))
    assert ray.given is None


def test_address_at_which_something_listens_is_given_to_ray(ray):
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = f"127.0.0.1:{listening.getsockname()[1]}"
        replies(RayBackend(lambda _: Echo(), RayOptions(workers=1, address=address)), requests(1))
    assert ray.given["address"] == address


def test_cluster_that_ray_cannot_reach_is_an_error_in_one_line(ray, monkeypatch):
    def init(**_):
        raise ConnectionError("no address\nwas found")

    monkeypatch.setattr(ray, "init", init)
    with pytest.raises(BackendError, match=r"the Ray cluster auto cannot be reached \(no address\)"):
        replies(RayBackend(lambda _: Echo(), RayOptions(workers=1, address="auto")), requests(1))


@pytest.mark.usefixtures("ray")
def test_error_of_a_backend_ends_the_run():
    with pytest.raises(BackendError, match="no such folder"):
        replies(
            RayBackend(lambda _: Echo(error=BackendError("no such folder")), RayOptions(workers=1)),
            requests(3),
        )


def test_actor_that_died_is_started_again(ray):
    died = []

    def fails(ref):
        if ref.name == "replies" and not died:
            died.append(ref.actor)
            raise RayActorError("")

    ray.fails = fails
    assert len(replies(RayBackend(lambda _: Echo(), RayOptions(workers=1)), requests(5))) == 5
    assert ray.killed == died
    assert len(ray.actors) == 2


def test_any_other_error_of_ray_is_named(ray):
    def fails(_ref):
        raise RayError("the worker has no package named judge\nmore")

    ray.fails = fails
    with pytest.raises(BackendError, match=r"worker 1: the worker has no package named judge$"):
        replies(RayBackend(lambda _: Echo(), RayOptions(workers=1)), requests(1))


class Holding(Echo):
    """Answers the first request only."""

    def complete(self, source):
        yield [Completion.of(next(source), reply="x")]
        next(source)
        threading.Event().wait()


def test_replies_that_arrive_while_the_iterator_closes_are_drained(ray, monkeypatch):
    backend = RayBackend(lambda _: Holding(), RayOptions(workers=1))
    batches = backend.complete(requests(3))
    assert [c.key for c in next(batches)] == ["k0"]
    arriving = [Replies([Completion(key="k2", item_id="i2", reply="late")])]
    monkeypatch.setattr(ray, "wait", lambda refs, **_: (refs[:1] if arriving else [], refs[1:]))
    monkeypatch.setattr(Worker, "replies", lambda *_: arriving.pop())
    batches.close()
    assert [c.reply for c in backend.drain()] == ["late"]
    assert backend.drain() == ()
    assert ray.killed == ray.actors


def picture(folder, name="a.png"):
    PIL.Image.new("RGB", (4, 4), "red").save(folder / name)
    return Image(path=name)


@pytest.mark.usefixtures("ray")
def test_images_are_sent_along_as_data(tmp_path):
    asked = []
    encoder = ray_module.ImageEncoder(tmp_path, 1_000_000)
    backend = RayBackend(lambda _: Echo(asked), RayOptions(workers=1, ship_images=True), encoder=encoder)
    wanted = [*requests(1, images=(picture(tmp_path),)), *requests(2)[1:]]
    assert len(replies(backend, wanted)) == 2
    assert asked[0].item.images[0].url.startswith("data:image/png;base64,")
    assert (asked[0].key, asked[0].item.id) == ("k0", "i0")
    assert asked[1] is wanted[1]


@pytest.mark.usefixtures("ray")
def test_image_that_cannot_be_sent_is_the_failure_of_its_item(tmp_path):
    encoder = ray_module.ImageEncoder(tmp_path, 1_000_000)
    backend = RayBackend(lambda _: Echo(), RayOptions(workers=1, ship_images=True), encoder=encoder)
    wanted = [*requests(1, images=(Image(path="missing.png"),)), *requests(3)[1:]]
    found = {c.key: c.failure for c in replies(backend, wanted)}
    assert found["k0"].kind == "image"
    assert found["k1"] is found["k2"] is None


@pytest.mark.usefixtures("ray")
def test_judge_with_workers_gets_this_backend(tmp_path, monkeypatch):
    (tmp_path / "model").mkdir()
    monkeypatch.chdir(tmp_path)
    judge = Judge("vllm:./model", load_rubric("open_qa"), engine={"lora": "model", "dtype": "half"})
    engine = EngineOptions(ray=RayOptions(workers=2), tensor_parallel=2)
    backend = load_backend(judge, connection=Connection(), engine=engine, image_root=tmp_path, most_images=3)
    made = backend._make_backend
    assert made.model == made.decisive["lora"] == str(tmp_path / "model")
    assert made.decisive["dtype"] == "half"
    assert (made.options.ray, made.options.tensor_parallel, made.most_images) == (None, 2, 3)
    assert made.options.args == {"distributed_executor_backend": "mp"}


def test_worker_with_one_card_keeps_the_executor_of_vllm(tmp_path):
    judge = Judge("vllm:Qwen/Qwen3-4B", load_rubric("open_qa"))
    engine = EngineOptions(ray=RayOptions(ship_images=True), tensor_parallel=1)
    backend = ray_backend(judge, engine, tmp_path, 0, print)
    assert backend._make_backend.model == "Qwen/Qwen3-4B"
    assert backend._make_backend.options.args == {}
    assert backend._make_backend.ships_images


@pytest.mark.usefixtures("ray")
def test_run_on_workers_is_stored_like_any_other(tmp_path, monkeypatch):
    backend = RayBackend(lambda _: Echo(), RayOptions(workers=1))
    monkeypatch.setattr(score_module, "check_backend", lambda *_: None)
    monkeypatch.setattr(score_module, "load_backend", lambda *_, **__: backend)
    with score([{"question": "?", "answer": "x"}], judge="vllm:x", out=tmp_path / "r") as run:
        assert run.summary().completions == 1
