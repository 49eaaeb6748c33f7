"""A judge in process, killed and interrupted: what was decoded is on disk, and nothing is asked twice."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import psutil
import pytest

from judge import Judge, load_rubric, score
from judge.errors import RunError
from judge.scoring.backends.vllm.engine import EngineOptions
from judge.scoring.run import Run

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


def wait_for_the_middle(told):
    """Until a sixth of the replies is stored."""
    stored = 0
    while stored < COUNT // 6:
        with contextlib.suppress(subprocess.TimeoutExpired):
            told.process.wait(timeout=0.05)
            raise AssertionError(f"it ended by itself: {told.process.communicate()}")
        with contextlib.suppress(RunError):  # it is just being made
            stored = len(asked(told.out))


def outcomes(run):
    return {(s.item_id, s.dimension): (s.status, s.value) for s in run.scores()}


@pytest.fixture(scope="module")
def in_process(items, decided_model, engine_arguments):
    """Score into a folder in this process: a new run, or the rest of one. Returns its outcomes."""
    judge = Judge(
        model=f"vllm:{decided_model}",
        rubric=load_rubric("open_qa"),
        params={"temperature": 0.0, "max_tokens": 400, "reasoning_effort": "none"},
        engine={"dtype": "float32"},
    )

    def finish(out):
        with score(items, judge=judge, out=out, engine=EngineOptions(args=engine_arguments)) as run:
            return outcomes(run)

    return finish


@pytest.fixture(scope="module")
def undisturbed(in_process, tmp_path_factory):
    return in_process(tmp_path_factory.mktemp("undisturbed"))


@pytest.fixture(scope="module")
def both(items, decided_model, engine_arguments, tmp_path_factory):
    """Two runs that start at the same time: one is killed in the middle, the other is interrupted."""
    killed, interrupted = (SimpleNamespace(out=tmp_path_factory.mktemp("kill") / "run") for _ in range(2))
    try:
        for told in (killed, interrupted):
            told.process = start(items, told.out, decided_model, engine_arguments)
        with ThreadPoolExecutor() as threads:
            list(threads.map(lambda act, told: act(told), (kill, interrupt), (killed, interrupted)))
        yield killed, interrupted
    finally:
        for told in (killed, interrupted):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(told.process.pid, signal.SIGKILL)
            told.process.communicate()


def kill(told):
    wait_for_the_middle(told)
    told.helpers = psutil.Process(told.process.pid).children(recursive=True)
    told.process.kill()
    told.process.wait()
    told.asked = asked(told.out)


def interrupt(told):
    wait_for_the_middle(told)
    os.killpg(told.process.pid, signal.SIGINT)  # a terminal sends it to all
    _, told.words = told.process.communicate(timeout=60)
    told.asked = asked(told.out)
    with Run.open(told.out) as run:
        told.statuses = run.summary().statuses["overall"]


def test_killed_run_keeps_what_was_decoded(both):
    assert COUNT // 6 <= len(both[0].asked) < COUNT


def test_engine_of_a_killed_run_ends_too(both):
    assert both[0].helpers
    _, alive = psutil.wait_procs(both[0].helpers, timeout=20)
    assert [process for process in alive if process.status() != psutil.STATUS_ZOMBIE] == []


def test_ctrl_c_is_exit_status_130_and_says_how_to_go_on(both):
    told = both[1]
    assert told.process.returncode == 130, told.words
    assert "the same command resumes the run" in told.words
    assert "Traceback" not in told.words


def test_interrupted_run_keeps_what_was_decoded_and_scores_it(both):
    told = both[1]
    assert COUNT // 6 <= len(told.asked) < COUNT
    assert told.statuses == {"ok": len(told.asked), "skipped": COUNT - len(told.asked)}


@pytest.mark.parametrize("number", [0, 1], ids=["killed", "interrupted"])
def test_resumed_run_asks_nothing_twice_and_comes_to_the_scores_of_an_undisturbed_one(
    both, in_process, undisturbed, number
):
    told = both[number]
    assert in_process(told.out) == undisturbed
    after = asked(told.out)
    assert told.asked.keys() < after.keys()
    assert len(after) == COUNT
    assert set(after.values()) == {1}


def test_undisturbed_run_has_all_scores_and_they_differ(undisturbed):
    assert {status for status, _ in undisturbed.values()} == {"ok"}
    assert len({value for _, value in undisturbed.values()}) > 5
