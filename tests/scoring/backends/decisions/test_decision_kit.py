"""Against a server of other authors, which is not part of this repository.

The environment variable JUDGE_DECISIONS_MOCK names its script; without it these tests are skipped.
"""

import json
import os
import subprocess
import sys
import urllib.request
from collections import Counter
from pathlib import Path

import PIL.Image
import pytest

import judge
from judge.errors import BackendError
from judge.rubric import load_rubric
from judge.scoring.backends.connection import Connection

EXAMPLES = Path(__file__).parents[4] / "examples" / "answers.jsonl"
ROUTES = {"decisions": "decisions:openai/gpt-6-luna", "systemone": "systemone:typesafe/jev-latest"}
INSPECTION = load_rubric("inspection")


class Kit:
    def __init__(self, address):
        self.api_base = f"{address}/v1"
        self._address = address

    def _ask(self, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(self._address + path, data=data, timeout=30) as response:
            return json.load(response)

    def set(self, **options):
        off = dict.fromkeys((*(f"every_{f}" for f in FAULTS), "max_questions", "max_tokens"), 0)
        self._ask("/reset", {**off, "decisions": "openai", "systemone": "typesafe", "by": "count", **options})

    def stats(self):
        return self._ask("/stats")


FAULTS = (
    *("429", "500", "503", "drop", "malformed", "context", "refusal", "missing", "wrongtype", "unnormalised"),
    *("noconfidence", "hang"),
)


@pytest.fixture(scope="module")
def _server():
    script = os.environ.get("JUDGE_DECISIONS_MOCK")
    if not script:
        pytest.skip("JUDGE_DECISIONS_MOCK is not set")
    command = [sys.executable, script, "--port", "0", "--retry-after", "0.01"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    yield Kit(process.stdout.readline().split()[2].removesuffix("/v1"))
    process.terminate()
    process.wait(timeout=30)
    process.stdout.close()


@pytest.fixture
def kit(_server):
    _server.set()
    return _server


@pytest.fixture
def score(kit, tmp_path):
    def make(model, by="open_qa", out="run", **options):
        connection = Connection(api_base=kit.api_base, **options)
        return judge.score(str(EXAMPLES), judge=model, rubric=by, out=tmp_path / out, connection=connection)

    return make


def values(run):
    return [(s.item_id, s.dimension, s.value, s.status, s.reason) for s in run.scores()]


@pytest.mark.parametrize("by", ["open_qa", INSPECTION], ids=["open_qa", "inspection"])
def test_both_routes_give_the_24_examples_the_same_scores(by, score, kit):
    first, second = (values(score(model, by, out=route)) for route, model in ROUTES.items())
    assert first == second
    assert {status for *_, status, _ in first} == {"ok"}
    assert kit.stats()["invalid"] == 0


def statuses(run, name=None):
    return Counter(s.status for s in run.scores() if s.dimension != "overall" and name in (None, s.dimension))


# Faults of a third of the items, by their hash, so that a second try fails again.
IN_THE_REPLY = {
    "refusal": {"decisions": {"refused"}, "systemone": {"unparsed"}},
    "missing": {"decisions": {"unparsed"}, "systemone": {"unparsed"}},
    "wrongtype": {"decisions": {"unparsed"}, "systemone": {"unparsed"}},
    "unnormalised": {"decisions": {"unparsed"}, "systemone": {"unparsed"}},
    "noconfidence": {"decisions": set(), "systemone": set()},
    "context": {"decisions": {"failed"}, "systemone": {"failed"}},
}


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("fault", IN_THE_REPLY)
def test_a_fault_within_a_reply_is_a_status_of_what_it_concerns(fault, route, score, kit):
    kit.set(by="hash", **{f"every_{fault}": 3})
    with score(ROUTES[route]) as run:
        found, n_items = statuses(run), kit.stats()["faults"][fault]
        assert set(found) - {"ok"} == IN_THE_REPLY[fault][route]
        of_one_question = fault in ("refusal", "missing", "wrongtype")
        lost = 0 if fault == "noconfidence" else n_items * (1 if of_one_question else 4)
    assert sum(found.values()) - found["ok"] == lost
    assert n_items > 3


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("fault", ["429", "500", "503", "drop"])
def test_a_fault_that_passes_loses_nothing(fault, route, score, kit):
    kit.set(**{f"every_{fault}": 5})
    with score(ROUTES[route]) as run:
        assert set(statuses(run)) == {"ok"}
    assert kit.stats()["faults"][fault] >= 4


@pytest.mark.parametrize("route", ROUTES)
def test_a_reply_that_breaks_off_is_asked_for_once_more_because_it_was_billed(route, score, kit):
    kit.set(by="hash", every_malformed=3)
    with score(ROUTES[route]) as run:
        found, broken = statuses(run), kit.stats()["faults"]["malformed"] / 2
    assert found == {"ok": 4 * (24 - broken), "failed": 4 * broken}


@pytest.mark.parametrize("route", ROUTES)
def test_a_server_that_does_not_answer_is_asked_again(route, score, kit):
    kit.set(every_hang=20)
    with score(ROUTES[route], timeout=0.5) as run:
        assert set(statuses(run)) == {"ok"}
    assert kit.stats()["faults"]["hang"] == 1


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("mock-401", "the key was rejected"),
        ("mock-403", "access was refused"),
        ("mock-404", "no such model or route"),
        ("mock-quota", "the quota is exhausted"),
    ],
)
def test_what_no_request_can_pass_ends_the_run(model, said, route, score, kit):
    with pytest.raises(BackendError, match=said):
        score(f"{route}:{model}", max_connections=1)
    assert kit.stats()["requests"] == 1


@pytest.mark.parametrize(("route", "status"), [("decisions", "refused"), ("systemone", "unparsed")])
def test_a_model_that_refuses_every_question(route, status, score):
    with score(f"{route}:mock-refuse") as run:
        assert set(statuses(run)) == {status}


DIALECTS = {
    "decisions:hosted_vllm/mock-m": {"decisions": "vllm"},
    "decisions:fireworks_ai/accounts/fireworks/models/rune": {"decisions": "fireworks"},
    "decisions:perplexity/pplx-decider-latest": {},
    "decisions:openrouter/typesafe/jev-latest": {},
    "systemone:hosted_vllm/mock-m": {"systemone": "vllm"},
    "systemone:ollama/mock-m": {"systemone": "ollama"},
    "systemone:llama_cpp/mock-m": {},
    "systemone:sglang/mock-m": {},
}


@pytest.mark.parametrize("model", DIALECTS)
def test_every_dialect_is_valid_for_the_server_and_gives_the_same_scores(model, score, kit):
    first = [row[:4] for row in values(score(ROUTES["decisions"], out="first"))]
    kit.set(**DIALECTS[model])
    second = [row[:4] for row in values(score(model, out="second"))]
    assert [row[:2] + row[3:] for row in first] == [row[:2] + row[3:] for row in second]
    assert [row[2] for row in first] == pytest.approx([row[2] for row in second])
    assert kit.stats()["invalid"] == 0


def test_more_questions_than_the_server_takes_end_the_run(score, kit):
    kit.set(max_questions=2)
    for model in ROUTES.values():
        with pytest.raises(BackendError, match="a question was refused"):
            score(model, max_connections=1)
    assert kit.stats()["requests"] == 2


SEEING = {
    "decisions:openai/gpt-6-luna": {},
    "decisions:openrouter/typesafe/jev-latest": {},
    "systemone:typesafe/jev-latest": {},
    "systemone:hosted_vllm/mock-m": {"systemone": "vllm"},
    "systemone:ollama/mock-m": {"systemone": "ollama"},
    "systemone:cloudflare/clef": {"systemone": "cloudflare"},
}


@pytest.mark.parametrize("model", SEEING)
def test_images_are_valid_for_the_server_in_every_way(model, kit, tmp_path):
    for name, colour in (("a.png", "red"), ("b.jpg", "blue")):
        PIL.Image.new("RGB", (40, 40), colour).save(tmp_path / name)
    kit.set(**SEEING[model])
    # Cloudflare's models are below another address.
    base = kit.api_base.replace("/v1", "/ai/run") if "cloudflare" in model else kit.api_base
    found = judge.score(
        [{"id": "i", "question": "What?", "answer": "A part.", "images": ["a.png", "b.jpg"]}],
        judge=model,
        out=tmp_path / "run",
        image_root=tmp_path,
        connection=Connection(api_base=base),
    )
    assert set(statuses(found)) == {"ok"}
    assert kit.stats()["invalid"] == 0
