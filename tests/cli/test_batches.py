"""`judge batches`, and the options of `judge score` that send requests in batches."""

import importlib.util
import json
import os
import re
import shlex
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from judge.cli import load_command, main
from judge.scoring.run import Run

_SPEC = importlib.util.spec_from_file_location(
    "batch_server_for_cli", Path(__file__).parents[1] / "support" / "batch_server.py"
)
batch_server = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(batch_server)
PAGE = Path(__file__).parents[2] / "docs" / "batches.md"
NAMES = ["technical_accuracy", "comprehensiveness", "relevance", "clarity"]
VERDICT = json.dumps({"dimension_scores": dict.fromkeys(NAMES, 4), "overall_score": 4})


@pytest.fixture
def server(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-12345678")
    made = batch_server.BatchServer()
    made.text = lambda _: VERDICT
    rows = [{"id": f"i{n}", "question": f"Case {n}?", "answer": f"Because {n}."} for n in range(4)]
    Path("answers.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    yield made
    made.close()


def call(server, text):
    words = [word.replace("BASE", f"{server.address}/v1") for word in shlex.split(text)]
    return CliRunner().invoke(main, words)


SUBMIT = "score answers.jsonl --judge openai/gpt-4o-mini --api-base BASE --out run --batch --no-wait"
LOOK = "batches run --api-base BASE"


def test_a_run_without_batches_says_how_to_make_some(server):
    call(server, "score answers.jsonl --out run")
    done = call(server, "batches run")
    assert (done.exit_code, "--batch" in done.stdout) == (0, True)


def test_submitting_says_what_is_submitted_and_how_to_go_on(server):
    done = call(server, SUBMIT)
    assert done.exit_code == 3
    assert "1 batch with 4 requests" in done.stderr
    assert "the same command resumes the run" in done.stderr


def test_batches_show_state_counts_and_cost(server):
    server.polls = 3
    call(server, SUBMIT)
    table = call(server, LOOK).stdout
    assert "in progress" in table
    assert "not yet" in table
    assert "1 of 1 open" in table
    call(server, LOOK)
    call(server, LOOK)  # the third look ends it
    assert call(server, SUBMIT.replace(" --no-wait", "")).exit_code == 0
    table = call(server, LOOK).stdout
    assert "completed" in table
    assert "0 of 1 open; cost of the collected batches: $0.0001" in table


def test_batches_are_json_data_too(server):
    server.polls = 9
    call(server, SUBMIT)
    found = json.loads(call(server, f"{LOOK} --json").stdout)
    (batch,) = found["batches"]
    assert (batch["state"], batch["requests"], batch["stage"]) == ("in_progress", 4, "submitted")
    assert batch["provider_counts"] == {"total": 4, "done": 0, "failed": 0}


def test_a_key_is_not_sent_to_an_address_that_only_the_run_names(server):
    call(server, SUBMIT)
    n = len(server.seen)
    table = call(server, "batches run").stdout
    assert "add api_base (--api-base http://127.0.0.1" in table
    assert len(server.seen) == n


def test_a_provider_out_of_reach_leaves_the_last_known_state(server):
    call(server, SUBMIT)
    server.refusals = [("GET", "/batches/batch-1", 500, {})]
    table = call(server, LOOK).stdout
    assert "the states are the last ones known" in table


def test_batches_are_cancelled_and_what_they_answered_is_collected(server):
    server.polls = 9
    call(server, f"{SUBMIT} --max-cost 1")
    done = call(server, f"{LOOK} --cancel")
    assert "cancelled" in done.stdout
    assert "<= $" in done.stdout
    done = call(server, SUBMIT.replace("--no-wait", "--live-rest --json"))
    assert json.loads(done.stdout)["complete"] == 4
    assert len(server.asked("POST", "/chat/completions")) == 2
    assert "cancelled" in call(server, f"{LOOK} --cancel").stdout  # nothing is open any more


def test_a_cancellation_that_fails_is_an_error(server):
    call(server, SUBMIT)
    server.polls = 9
    server.refusals = [("POST", "/cancel", 500, {})]
    done = call(server, f"{LOOK} --cancel")
    assert done.exit_code == 1
    assert "not all batches are cancelled" in done.stderr


def test_an_unconfirmed_batch_and_one_of_unknown_cost_are_shown_as_such(server):
    complete = server.completion
    server.completion = lambda body: {**complete(body), "usage": None}
    call(server, SUBMIT)
    call(server, SUBMIT)  # its first look collects
    assert "unknown" in call(server, LOOK).stdout
    with sqlite3.connect("run/run.db") as db:
        db.execute("UPDATE batches SET stage = 'intended', batch_id = NULL, cost = NULL")
    db.close()
    assert "not confirmed" in call(server, LOOK).stdout
    with sqlite3.connect("run/run.db") as db:
        db.execute("UPDATE batches SET stage = 'collected', answered = 0")
    db.close()
    assert "unknown" not in call(server, LOOK).stdout


def test_an_unconfirmed_batch_is_not_said_to_be_cancelled(server):
    call(server, SUBMIT)
    with sqlite3.connect("run/run.db") as db:
        db.execute("UPDATE batches SET stage = 'intended', batch_id = NULL")
    db.close()
    assert "not confirmed: the reply to its creation did not arrive" in call(server, LOOK).stdout
    found = call(server, f"{LOOK} --cancel")
    assert found.exit_code == 1
    assert "not all batches are cancelled" in found.stderr


def test_a_dry_run_shows_both_prices_and_leaves_out_what_is_in_a_batch(server):
    dry = "score answers.jsonl --judge openai/gpt-4o-mini --out run --dry-run --json"
    before = json.loads(call(server, dry).stdout)
    assert before["batch_cost"] == pytest.approx(before["cost"] / 2)
    assert "(with --batch: about $0.0" in call(server, dry.replace(" --json", "")).stderr
    call(server, f"{SUBMIT} --limit 3")
    after = json.loads(call(server, dry).stdout)
    assert (after["requests"], after["answered"]) == (1, 3)


def test_a_dry_run_does_not_guess_a_price_of_batches(server, monkeypatch):
    monkeypatch.setenv("MISTRAL_API_KEY", "k")
    done = call(server, "score answers.jsonl --judge mistral/mistral-small-latest --out other --dry-run")
    assert "(with --batch: price unknown)" in done.stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--judge openai/gpt-4o-mini --no-wait", "--no-wait belongs to --batch"),
        ("--judge openai/gpt-4o-mini --live-rest", "--live-rest belongs to --batch"),
        ("--judge openai/gpt-4o-mini --batch --no-wait --live-rest", "--no-wait and --live-rest"),
        ("--judge baseline --batch", "--batch applies to a judge behind an API"),
    ],
)
def test_options_about_batches_that_have_no_effect_are_refused(options, said, server):
    done = call(server, f"score answers.jsonl {options}")
    assert (done.exit_code, said in done.stderr) == (2, True)


DOCUMENTED = re.findall(r"^judge .*$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize("line", DOCUMENTED)
def test_a_documented_command_has_its_options(line):
    name, *words = shlex.split(line, comments=True)[1:]
    known = {option for param in load_command(name).params for option in param.opts}
    assert {word for word in words if word.startswith("-")} <= known


def test_ctrl_c_says_that_the_batches_go_on(server):
    server.polls = 1000
    command = [sys.executable, "-m", "judge", "score", "answers.jsonl", "--judge", "openai/gpt-4o-mini"]
    command += ["--api-base", f"{server.address}/v1", "--out", "run", "--batch"]
    process = subprocess.Popen(command, env=dict(os.environ), stderr=subprocess.PIPE, text=True)
    server.after = lambda method, path: (
        process.send_signal(signal.SIGINT) if path.endswith("/batches") and method == "POST" else None
    )
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert "1 batch with 4 requests goes on at the provider (judge batches run)" in errors
    assert "Traceback" not in errors
    assert not server.batches[0].is_cancelled
    with Run.open("run") as run:
        assert run.fact("batches") is True
