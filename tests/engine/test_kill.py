"""A judge in process, killed and interrupted: what was decoded is on disk, and nothing is asked twice."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from types import SimpleNamespace

import psutil
import pytest

from judge import Judge, load_rubric, score
from judge.scoring.backends.engine import EngineOptions
from judge.scoring.store import Run

COUNT = 60
SLOW = {"max_num_seqs": 4}  # so that there is a middle in which to kill it


@pytest.fixture(scope="module")
def items(tmp_path_factory):
    path = tmp_path_factory.mktemp("kill") / "items.jsonl"
    rows = [
        {"id": f"i{n}", "question": f"Case {n}: why?", "answer": f"Because of {n}."} for n in range(COUNT)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def start(items, out, model, arguments):
    """`judge score` in a process group of its own, with the engine in a process of its own, as it is by default."""
    command = [sys.executable, "-m", "judge", "score", items, "--judge", f"vllm:{model}", "--out", out]
    command += [
        "--temperature",
        "0",
        "--max-tokens",
        "400",
        "--reasoning-effort",
        "none",
        "--dtype",
        "float32",
        "--json",
    ]
    for name, value in {**arguments, **SLOW}.items():
        command += ["--engine-arg", f"{name}={value}"]
    environment = {**os.environ, "VLLM_ENABLE_V1_MULTIPROCESSING": "1"}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "start_new_session": True}
    return subprocess.Popen([str(word) for word in command], env=environment, **pipes)


def asked(out):
    """How often each request was answered."""
    if not (out / "run.db").exists():
        return Counter()
    with Run.open(out) as run:
        return Counter(c.key for c in run.completions())


def wait_for(out, process, count):
    """Until so many replies are stored."""
    while len(asked(out)) < count and process.poll() is None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=0.05)


def outcomes(run):
    return {(s.item_id, s.dimension): (s.status, s.value) for s in run.scores()}


@pytest.fixture(scope="module")
def story(items, decided_model, engine_arguments, tmp_path_factory):
    """One run: killed in its first third, interrupted in its second, then left alone."""
    out, told = tmp_path_factory.mktemp("kill") / "run", SimpleNamespace()
    process = start(items, out, decided_model, engine_arguments)
    wait_for(out, process, COUNT // 6)
    helpers = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    told.killed = process.communicate()
    _, alive = psutil.wait_procs(helpers, timeout=20)
    told.helpers, told.left = len(helpers), [p for p in alive if p.status() != psutil.STATUS_ZOMBIE]
    told.after_kill = asked(out)

    process = start(items, out, decided_model, engine_arguments)
    wait_for(out, process, len(told.after_kill) + COUNT // 6)
    os.killpg(process.pid, signal.SIGINT)  # a terminal sends it to all
    _, told.words = process.communicate(timeout=60)
    told.status, told.after_interrupt = process.returncode, asked(out)
    with Run.open(out) as run:
        told.statuses = run.summary()["statuses"]["overall"]

    process = start(items, out, decided_model, engine_arguments)
    told.summary, told.errors = process.communicate(timeout=120)
    told.end, told.after_all = process.returncode, asked(out)
    with Run.open(out) as run:
        told.outcomes = outcomes(run)
    return told


def test_killed_run_keeps_what_was_decoded(story):
    assert COUNT // 6 <= len(story.after_kill) < COUNT, story.killed


def test_engine_of_a_killed_run_ends_by_itself(story):
    assert story.helpers > 0
    assert story.left == []


def test_ctrl_c_is_exit_status_130_and_says_how_to_go_on(story):
    assert story.status == 130, story.words
    assert "the same command goes on" in story.words
    assert "Traceback" not in story.words


def test_interrupted_run_keeps_what_was_decoded_and_scores_it(story):
    assert len(story.after_kill) < len(story.after_interrupt) < COUNT
    assert story.after_kill.keys() <= story.after_interrupt.keys()
    assert story.statuses["ok"] == len(story.after_interrupt)
    assert story.statuses["skipped"] == COUNT - len(story.after_interrupt)


def test_resumed_run_completes_and_asks_nothing_twice(story):
    assert story.end == 0, story.errors
    assert json.loads(story.summary)["complete"] == COUNT
    assert len(story.after_all) == COUNT
    assert set(story.after_all.values()) == {1}


def test_disturbed_run_comes_to_the_scores_of_an_undisturbed_one(
    story, items, decided_model, engine_arguments, tmp_path
):
    judge = Judge(
        model=f"vllm:{decided_model}",
        rubric=load_rubric("open_qa"),
        params={"temperature": 0, "max_tokens": 400, "reasoning_effort": "none"},
        engine={"dtype": "float32"},
    )
    with score(items, judge=judge, out=tmp_path / "run", engine=EngineOptions(args=engine_arguments)) as run:
        undisturbed = outcomes(run)
    assert story.outcomes == undisturbed
    assert len({value for _, value in undisturbed.values()}) > 5
