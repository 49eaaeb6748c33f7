"""A judge over HTTP against a real `vllm serve`, and that it asks for the same as a judge in process."""

import contextlib
import json
import math
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from judge import Judge, load_rubric, score
from judge.errors import BackendError, RunError
from judge.records import Item
from judge.scoring.backends.engine import EngineOptions
from judge.scoring.backends.vllm import VllmBackend
from judge.scoring.prompt import Prompter
from judge.scoring.serving import Connection
from judge.scoring.store import Run

TEXT = {"temperature": 0, "max_tokens": 300, "reasoning_effort": "none"}
LABELS = ("1", "2", "3", "4", "5")


def item(number, words=1):
    answer = f"Because of {number}. " + "It follows from what was said before. " * words
    return Item(id=f"i{number}", question=f"Case {number}: why?", answer=answer, reference=f"See {number}.")


ITEMS = [item(number) for number in range(6)]


class Between:
    """Stands between a judge and the server: keeps what passes, and goes away after so many replies."""

    def __init__(self, server):
        self.target = server.address
        self.passed = []
        self.goes_after = self.stays_away = math.inf
        between = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if between.is_away():
                    self.close_connection = True
                    return
                status, reply = between.forward(self.path, body)
                self.send_response(status)
                self.send_header("Content-Length", str(len(reply)))
                self.end_headers()
                self.wfile.write(reply)

            def log_message(self, *_):
                pass

        class Listener(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                """Whoever asked is gone: a judge that was killed."""

        self._listener = Listener(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._listener.serve_forever)
        self._thread.start()
        self._lock = threading.Lock()
        self.api_base = f"http://127.0.0.1:{self._listener.server_port}/v1"

    def forward(self, path, body):
        """Status and reply; the server also tells the tokens that it made of the prompt."""
        more = {"return_token_ids": True} if path.endswith("/completions") else {}
        data, headers = json.dumps({**body, **more}).encode(), {"Content-Type": "application/json"}
        try:
            with urllib.request.urlopen(
                urllib.request.Request(self.target + path, data, headers), timeout=120
            ) as response:
                status, reply = response.status, response.read()
        except urllib.error.HTTPError as error:
            status, reply = error.code, error.read()
        with self._lock:
            self.passed.append((path, body, json.loads(reply)))
        return status, reply

    def is_away(self):
        """Whether a request is left without a reply."""
        with self._lock:
            away = len(self.chats()) >= self.goes_after and self.stays_away > 0
            self.stays_away -= away
        return away

    def chats(self):
        return [(body, reply) for path, body, reply in self.passed if path.endswith("/completions")]

    def close(self):
        self._listener.shutdown()
        self._thread.join()
        self._listener.server_close()


@pytest.fixture
def between(server):
    made = Between(server)
    yield made
    made.close()


def judge(params=TEXT, **more):
    return Judge(model="hosted_vllm/tiny", rubric=load_rubric("open_qa"), params=params, **more)


def ask(api_base, items, out, judge, connections=None):
    """Completions by key, and scores by item and dimension."""
    connection = Connection(api_base=api_base, max_connections=connections)
    with score(items, judge=judge, out=out, connection=connection) as run:
        return {c.key: c for c in run.completions()}, {(s.item_id, s.dimension): s for s in run.scores()}


# Scores out of replies


def test_replies_in_the_schema_are_scores(server, tmp_path):
    completions, scores = ask(server.api_base, ITEMS, tmp_path / "run", judge())
    assert {c.finish_reason for c in completions.values()} == {"stop"}
    assert {s.status for s in scores.values()} == {"ok"}
    assert len({s.value for s in scores.values()}) > 2


def test_tokens_out_of_the_cache_are_counted(server, tmp_path):
    ask(server.api_base, ITEMS, tmp_path / "first", judge())
    completions, _ = ask(server.api_base, ITEMS, tmp_path / "second", judge())
    assert all(c.usage.cached_tokens > 0.5 * c.usage.prompt_tokens for c in completions.values())


def test_an_answer_over_the_context_fails_its_item_alone(server, tmp_path):
    items = [item(0), item(1, words=2000), item(2)]
    _, scores = ask(server.api_base, items, tmp_path / "run", judge())
    assert [scores[name, "clarity"].status for name in ("i0", "i1", "i2")] == ["ok", "failed", "ok"]
    assert scores["i1", "clarity"].reason.startswith("context: 400: ")


# Expected scores


@pytest.fixture
def expected(between, tmp_path):
    """Completions of expected scores in the order in which they passed by, and what passed by."""
    for name in ("to fill the cache", "run"):  # or the server would compute the same in other portions
        between.passed.clear()
        completions, _ = ask(
            between.api_base, ITEMS, tmp_path / name, judge({}, scores="expected"), connections=1
        )
    return list(completions.values()), between


def test_probabilities_are_those_that_the_server_shows_by_rank(expected, server):
    completions, between = expected
    for completion, (body, _) in zip(completions, between.chats(), strict=True):
        asked = {name: body[name] for name in ("messages", "max_tokens", "logprobs", "chat_template_kwargs")}
        _, reply = server.post("/v1/chat/completions", **asked, top_logprobs=20)
        shown = reply["choices"][0]["logprobs"]["content"][0]["top_logprobs"]
        by_rank = {e["token"]: math.exp(e["logprob"]) for e in shown if e["token"] in LABELS}
        assert completion.label_probabilities == pytest.approx(by_rank, abs=1e-6)


def test_a_token_is_all_that_an_expected_score_takes(expected):
    completions, between = expected
    assert {c.usage.completion_tokens for c in completions} == {1}
    assert {c.reply for c in completions} <= {*LABELS}
    assert Counter(path for path, *_ in between.passed)["/tokenize"] == len(LABELS)


def test_labels_of_several_tokens_are_refused_before_anything_is_asked(between, tmp_path):
    rubric = tmp_path / "rubric.yaml"
    rubric.write_text(TEN)
    with pytest.raises(BackendError, match=r"the label '10' of the scale is 2 tokens .*--scores text"):
        ask(
            between.api_base,
            ITEMS,
            tmp_path / "run",
            Judge(model="hosted_vllm/tiny", rubric=load_rubric(rubric), scores="expected"),
        )
    assert between.chats() == []


TEN = f"""
name: ten
version: 1
task: Judge the answer.
scale: {{min: 1, max: 10}}
dimensions:
  clarity:
    description: How clear the answer is.
    anchors: {{{", ".join(f"{score}: As clear as {score}." for score in range(1, 11))}}}
pass: {{overall: 6}}
"""


# The same request over HTTP and in process

UNDECISIVE = {"skip_clone", "output_kind", "extra_args"}
"""What the two ways set for themselves and what decides no token."""


def plain(params):
    """Sampling parameters as data."""
    found = {
        name: getattr(params, name)
        for name in params.__struct_fields__
        if not name.startswith("_") and name not in UNDECISIVE
    }
    if grammar := found["structured_outputs"]:
        wanted = grammar.json
        found["structured_outputs"] = json.loads(wanted) if isinstance(wanted, str) else wanted
    return found


class InProcess:
    """What a judge in process gave to its engine for some requests, by their messages, and its completions."""

    def __init__(self, folder, requests, arguments):
        backend = VllmBackend(
            folder,
            decisive={},
            options=EngineOptions(args=arguments),
            most_images=0,
            encode=None,
            on_start=lambda _: None,
        )
        for _ in backend.complete(requests[:1]):  # starts the engine
            pass
        self.defaults = backend._engine.llm.model_config.get_diff_sampling_param()
        self.params, self.prompts, self._names = {}, {}, {}
        self._listen(backend._engine.llm)
        self.completions = {c.key: c for batch in backend.complete(requests) for c in batch}
        backend.close()

    def _listen(self, llm):
        add, step = llm.enqueue_chat, llm.llm_engine.step

        def enqueue_chat(messages, sampling_params, **more):
            name = json.dumps(messages[0])
            self.params[name] = plain(sampling_params)
            numbers = add(messages, sampling_params=sampling_params, **more)
            self._names[numbers[0].partition("-")[0]] = name
            return numbers

        def stepped():
            outputs = step()
            for output in outputs:
                self.prompts[self._names[output.request_id]] = output.prompt_token_ids
            return outputs

        llm.enqueue_chat, llm.llm_engine.step = enqueue_chat, stepped


@pytest.fixture(scope="module")
def judges():
    """One judge for each form of request."""
    return {"text": judge(), "expected": judge({}, scores="expected")}


@pytest.fixture(scope="module")
def in_process(judges, decided_model, engine_arguments):
    """The requests of both judges in one engine."""
    requests = [
        request for judge in judges.values() for item in ITEMS for request in Prompter(judge).requests(item)
    ]
    return InProcess(decided_model, requests, engine_arguments)


@pytest.fixture(scope="module")
def over_http(judges, server, tmp_path_factory):
    """The same over HTTP: what passed by, and the completions."""
    between, completions = Between(server), {}
    for name, judge in judges.items():
        completions |= ask(between.api_base, ITEMS, tmp_path_factory.mktemp(name) / "run", judge)[0]
    between.close()
    return between.chats(), completions


def test_both_ways_make_the_same_tokens_of_the_same_item(over_http, in_process):
    theirs = {json.dumps(body["messages"]): reply["prompt_token_ids"] for body, reply in over_http[0]}
    assert theirs == in_process.prompts
    assert len(theirs) == len(ITEMS) * (1 + 4)


def test_both_ways_sample_by_the_same_parameters(over_http, in_process):
    from vllm.entrypoints.openai.chat_completion.protocol import ChatCompletionRequest

    for body, _ in over_http[0]:
        request = ChatCompletionRequest(**body)
        theirs = request.to_sampling_params(body["max_tokens"], in_process.defaults)
        assert plain(theirs) == in_process.params[json.dumps(body["messages"])]


def test_both_ways_come_to_the_same_replies(over_http, in_process):
    assert over_http[1].keys() == in_process.completions.keys()
    for key, theirs in over_http[1].items():
        ours = in_process.completions[key]
        assert (theirs.reply, theirs.finish_reason) == (ours.reply, ours.finish_reason)
        assert theirs.label_probabilities == pytest.approx(ours.label_probabilities, abs=0.02)


# Whatever breaks


def test_a_model_that_is_not_served_ends_the_run_with_those_that_are(server, tmp_path):
    other = Judge(model="hosted_vllm/other", rubric=load_rubric("open_qa"))
    with pytest.raises(
        BackendError, match=r"no such model. The server has tiny: use --judge hosted_vllm/tiny"
    ):
        ask(server.api_base, ITEMS, tmp_path / "run", other)


def test_an_address_without_v1_ends_the_run(server, tmp_path):
    with pytest.raises(BackendError, match=r"--api-base \(most end in /v1\)"):
        ask(server.address, ITEMS, tmp_path / "run", judge())


MANY = [item(number) for number in range(24)]
GOES_AFTER = 10
AT_ONCE = 4


def test_a_server_that_comes_back_soon_is_asked_for_the_rest(between, tmp_path):
    between.goes_after, between.stays_away = GOES_AFTER, 6
    completions, scores = ask(between.api_base, MANY, tmp_path / "run", judge(), connections=AT_ONCE)
    assert len(completions) == len(MANY)
    assert max(c.tries for c in completions.values()) > 1
    assert {s.status for s in scores.values()} == {"ok"}


def start(items, out, api_base):
    """`judge score` in a process of its own."""
    words = ["--judge", "hosted_vllm/tiny", "--api-base", api_base, "--out", out]
    words += ["--max-connections", AT_ONCE]
    words += ["--temperature", "0", "--max-tokens", "300", "--reasoning-effort", "none"]
    command = [str(word) for word in (sys.executable, "-m", "judge", "score", items, *words)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def stored(out):
    """How often each request was answered."""
    with contextlib.suppress(RunError), Run.open(out) as run:  # not there yet, or not ready
        return Counter(c.key for c in run.completions() if not c.failure)
    return Counter()


def wait_for(out, process, count):
    """Until so many replies are stored."""
    while len(stored(out)) < count and process.poll() is None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=0.05)


@pytest.mark.parametrize("way", ["killed", "interrupted while the server is gone"])
def test_a_run_that_ends_early_loses_nothing_and_its_second_call_completes_it(way, between, server, tmp_path):
    items, out = tmp_path / "items.jsonl", tmp_path / "run"
    items.write_text("".join(i.model_dump_json(include={"id", "question", "answer"}) + "\n" for i in MANY))
    between.goes_after = GOES_AFTER
    process = start(items, out, between.api_base)
    wait_for(out, process, GOES_AFTER - AT_ONCE)
    process.send_signal(signal.SIGKILL if way == "killed" else signal.SIGINT)
    process.communicate(timeout=60)
    before = stored(out)
    assert process.returncode == (-signal.SIGKILL if way == "killed" else 130)
    assert GOES_AFTER - AT_ONCE <= len(before) < len(MANY)

    with contextlib.closing(Between(server)) as again:
        process = start(items, out, again.api_base)
        _, errors = process.communicate(timeout=120)
    after = stored(out)
    assert process.returncode == 0, errors
    assert len(after) == len(MANY)
    assert set(after.values()) == {1}
    assert before.keys() <= after.keys()
    assert len(again.chats()) == len(MANY) - len(before)
