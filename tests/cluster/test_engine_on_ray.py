"""A tiny engine in two workers on a Ray cluster gives the scores of one process. `make ray`."""

import os
import re

import pytest

pytest.importorskip("ray")
pytest.importorskip("vllm")

from tests.engine import cpu, tiny_model

os.environ |= {"RAY_AUTH_MODE": "disabled", "RAY_USAGE_STATS_ENABLED": "0"}
cpu.prepare()

import PIL.Image  # noqa: E402
import ray  # noqa: E402

from judge import EngineOptions, Image, Item, Judge, RayOptions, ScoringCallback, load_rubric, score  # noqa: E402
from judge.scoring.backends.ray import backend as ray_module  # noqa: E402
from judge.scoring.backends.ray.worker_pool import WorkerPool  # noqa: E402

PARAMS = {"temperature": 0, "max_tokens": 300, "reasoning_effort": "none"}


@pytest.fixture(autouse=True)
def small_batches(monkeypatch):
    monkeypatch.setattr(ray_module, "BATCH", 4)
    yield
    ray.shutdown()


def outcomes(run):
    return [(s.item_id, s.dimension, s.status, s.value, s.reason) for s in run.scores()]


class Notes(ScoringCallback):
    def __init__(self):
        self.texts = []

    def on_model_loading(self, text):
        self.texts.append(text)


@pytest.fixture
def fair(monkeypatch):
    """The first worker waits until the second one has answered, which may start much later."""
    has_room = WorkerPool._has_room
    monkeypatch.setattr(
        WorkerPool,
        "_has_room",
        lambda self, slot: (
            has_room(self, slot) and not (slot.number == 1 and self._is_proven and not self.n_replies[2])
        ),
    )


@pytest.mark.usefixtures("fair")
def test_two_workers_give_the_scores_of_one_process(tmp_path):
    model = tiny_model.make("decided", tmp_path / "model")
    judge = Judge(f"vllm:{model}", load_rubric("open_qa"), params=PARAMS, engine={"dtype": "float32"})
    items = [Item(id=f"i{n}", question=f"Case {n}: why?", answer=f"Because of {n}.") for n in range(40)]
    notes = Notes()
    on_ray = EngineOptions(args=cpu.ENGINE, ray=RayOptions(workers=2))
    with (
        score(items, judge=judge, out=tmp_path / "one", engine=EngineOptions(args=cpu.ENGINE)) as one,
        score(items, judge=judge, out=tmp_path / "two", engine=on_ray, callback=notes) as two,
    ):
        assert one.summary().complete == 40
        assert len({value for *_, value, _ in outcomes(one)}) > 2
        assert outcomes(two) == outcomes(one)
        first, second = re.fullmatch(r"replies by worker: 1: (\d+), 2: (\d+)", notes.texts[-1]).groups()
        assert min(int(first), int(second)) > 0
        assert {c.key for c in two.completions()} == {c.key for c in one.completions()}
        assert (tmp_path / "two" / "scores.jsonl").read_bytes() == (
            tmp_path / "one" / "scores.jsonl"
        ).read_bytes()


def test_images_that_are_sent_along_give_the_replies_of_images_that_are_read(tmp_path):
    model = tiny_model.make("image", tmp_path / "model")
    items = []
    for n, colour in enumerate(("red", "blue", "green")):
        PIL.Image.new("RGB", (120, 90), colour).save(tmp_path / f"{n}.png")
        items.append(Item(id=f"i{n}", question="Which colour?", answer="x", images=(Image(path=f"{n}.png"),)))
    judge = Judge(f"vllm:{model}", load_rubric("open_qa"), params={**PARAMS, "max_tokens": 12})
    found = []
    for ships in (False, True):
        engine = EngineOptions(args=cpu.ENGINE, ray=RayOptions(workers=1, ship_images=ships))
        options = {"image_root": tmp_path, "engine": engine, "out": tmp_path / str(ships)}
        with score(items, judge=judge, **options) as run:
            found.append({c.key: (c.reply, c.failure, c.usage.prompt_tokens) for c in run.completions()})
    assert found[0] == found[1]
    assert len(found[0]) == 3
