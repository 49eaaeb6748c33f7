"""A judge over HTTP against a real `vllm serve`."""

import contextlib
import math
import signal
import subprocess
import sys
from collections import Counter

import pytest

from judge import Judge, load_rubric
from judge.errors import BackendError, RunError
from judge.scoring.run import Run
from tests.engine.ways import TEXT, Between, ask, item

LABELS = ("1", "2", "3", "4", "5")


ITEMS = [item(number) for number in range(6)]


@pytest.fixture
def between(server):
    made = Between(server)
    yield made
    made.close()


def judge(params=TEXT, **more):
    return Judge(model="hosted_vllm/tiny", rubric=load_rubric("open_qa"), params=params, **more)


# Scores out of replies


def test_replies_in_the_schema_are_scores(server, tmp_path):
    completions, scores = ask(server.api_base, ITEMS, tmp_path / "run", judge())
    assert {c.finish_reason for c in completions.values()} == {"stop"}
    assert {s.status for s in scores.values()} == {"ok"}
    assert len({s.value for s in scores.values()}) > 2


def test_bare_numbers_are_held_to_the_labels_of_the_scale(between, tmp_path):
    numbers = Judge(model="hosted_vllm/tiny", rubric=load_rubric("open_qa").as_numbers(), params=TEXT)
    completions, scores = ask(between.api_base, ITEMS, tmp_path / "run", numbers)
    assert {c.reply for c in completions.values()} <= {*LABELS}
    assert {s.status for s in scores.values()} == {"ok"}
    assert all("response_format" in body for body, _ in between.chats())


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


# Whatever breaks


def test_a_model_that_is_not_served_ends_the_run_with_those_that_are(server, tmp_path):
    other = Judge(model="hosted_vllm/other", rubric=load_rubric("open_qa"))
    with pytest.raises(
        BackendError, match=r"no such model. The server has tiny: use judge='hosted_vllm/tiny'"
    ):
        ask(server.api_base, ITEMS, tmp_path / "run", other)


def test_an_address_without_v1_ends_the_run(server, tmp_path):
    with pytest.raises(BackendError, match=r"--api-base\), which usually ends in /v1"):
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
