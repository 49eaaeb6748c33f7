"""A real process against a real server: killed, interrupted, and met with every fault at once."""

import json
import os
import random
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from judge.records import STATUSES
from judge.scoring.run import Run

FAULTS = {
    "retry_after": 0.01,
    **{"every_429": 19, "every_500": 23, "every_drop": 41, "every_malformed": 47},
    **{"every_refusal": 59, "every_truncated": 43, "every_fenced": 11, "every_range": 71},
}


def write_items(folder, count):
    rows = [
        {"id": f"i{n}", "question": f"Case {n}: why?", "answer": f"Because of {n}."} for n in range(count)
    ]
    path = Path(folder) / "items.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def start(items, out, mock, *options):
    command = [sys.executable, "-m", "judge", "score", items, "--judge", "openai/mock-judge", "--out", out]
    command += ["--api-base", mock.api_base, "--max-connections", "16", "--json", *options]
    return subprocess.Popen(
        [str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def asked(mock):
    """Numbers of the items that the server was asked about, in order."""
    return [int(re.search(r"Case (\d+):", json.dumps(seen["body"]))[1]) for seen in mock.seen()]


def stored(out):
    if not (Path(out) / "run.db").exists():
        return set()
    with Run.open(out) as run:
        return {int(c.item_id[1:]) for c in run.completions()}


def wait_for_requests(mock, process, count):
    while mock.stats()["requests"] < count and process.poll() is None:
        pass


def killed_again_and_again(tmp_path, mock, items, kills, seed=0):
    rng = random.Random(seed)
    path, out, known = write_items(tmp_path, items), tmp_path / "run", set()
    for _ in range(kills):
        mock.set(latency_ms=5)
        process = start(path, out, mock)
        wait_for_requests(mock, process, rng.randint(1, max(2, 2 * items // kills)))
        process.kill()
        process.communicate()
        assert not known & set(asked(mock)), "an item was asked about whose completion was on disk"
        assert known <= stored(out), "a completion that was on disk is gone"
        known = stored(out)
    mock.set()
    process = start(path, out, mock)
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    assert sorted(asked(mock)) == sorted(set(range(items)) - known)
    assert json.loads(output)["complete"] == items
    with Run.open(out) as run:
        assert sorted(int(c.item_id[1:]) for c in run.completions()) == list(range(items))


def test_kills_at_random_moments_lose_nothing_and_nothing_stored_is_asked_twice(tmp_path, mock):
    killed_again_and_again(tmp_path, mock, items=120, kills=3)


@pytest.mark.slow
def test_thirty_kills_at_random_moments_lose_nothing(tmp_path, mock):
    killed_again_and_again(tmp_path, mock, items=1500, kills=30)


def test_ctrl_c_keeps_what_arrived_scores_it_and_says_how_to_go_on(tmp_path, mock):
    path, out = write_items(tmp_path, 2000), tmp_path / "run"  # six seconds: Ctrl-C is pressed well within
    mock.set(latency_ms=50)
    process = start(path, out, mock)
    wait_for_requests(mock, process, 40)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "the same command resumes the run" in errors
    assert "Traceback" not in errors
    with Run.open(out) as run:
        statuses = run.summary().statuses["overall"]
    assert statuses["ok"] == len(stored(out)) > 0
    assert statuses["ok"] + statuses["skipped"] == 2000


def every_fault(tmp_path, mock, count, by):
    path, out = write_items(tmp_path, count), tmp_path / "run"
    mock.set(by=by, **FAULTS)
    process = start(path, out, mock, "--timeout", "2")
    output, errors = process.communicate(timeout=900)
    assert process.returncode == 3, errors
    summary, faults = json.loads(output), mock.stats()["faults"]
    for by_status in summary["statuses"].values():
        assert set(by_status) <= set(STATUSES)
        assert sum(by_status.values()) == count
    assert summary["passed"] + summary["failed"] + summary["undecided"] == count
    return summary["statuses"]["overall"], faults


def test_passing_faults_are_retried_and_the_rest_get_their_status(tmp_path, mock):
    statuses, faults = every_fault(tmp_path, mock, 400, "count")
    assert statuses["refused"] == faults["refusal"]
    assert statuses["unparsed"] == faults["malformed"] + faults["range"]
    assert "failed" not in statuses


@pytest.mark.slow
def test_five_thousand_items_with_every_fault_add_up(tmp_path, mock):
    statuses, _ = every_fault(tmp_path, mock, 5000, "count")
    assert sum(statuses.values()) == 5000


def test_key_reaches_neither_disk_nor_output(tmp_path, mock):
    path, out = write_items(tmp_path, 3), tmp_path / "run"
    environment = {**os.environ, "OPENAI_API_KEY": "sk-very-secret-key"}
    command = [sys.executable, "-m", "judge", "score", path, "--api-base", mock.api_base, "--out", out]
    for model, status in (("openai/mock-401", 1), ("openai/mock-judge", 0)):
        done = subprocess.run([*command, "--judge", model], env=environment, capture_output=True, text=True)
        assert done.returncode == status
        assert "sk-very" not in done.stdout + done.stderr
    assert not any(b"sk-very" in file.read_bytes() for file in out.iterdir())
