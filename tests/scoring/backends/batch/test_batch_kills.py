"""A real process that is killed at the worst moments: nothing is paid for twice, and nothing is lost."""

import json
import os
import signal
import subprocess
import sys
from collections import Counter

import pytest

from judge.scoring.run import Run

from .conftest import MODELS, base_of

CHILD = """
import sys
import judge

out, base, model, answers = sys.argv[1:]
connection = judge.Connection(api_base=base, batch=True, poll_seconds=0.01)
judge.score(answers, judge=model, rubric="open_qa", out=out, connection=connection).close()
"""
VERDICT = {
    "dimension_scores": dict.fromkeys(["technical_accuracy", "comprehensiveness", "relevance", "clarity"], 4),
    "overall_score": 4,
}
UPLOADED, CREATING, CREATED, POLLED, DOWNLOADED = (
    ("POST", "/files", "after"),
    ("POST", "/batches", "before"),
    ("POST", "/batches", "after"),
    ("GET", "/batches/batch-1", "after"),
    ("GET", "/content", "after"),
)


class Killed:
    """Scores in processes that are killed at given moments, and at last in one that is not."""

    def __init__(self, server, folder, provider):
        self.server, self.out, self.provider = server, folder / "run", provider
        self.answers = folder / "answers.jsonl"
        rows = [{"id": f"i{n}", "question": f"Case {n}?", "answer": f"Because {n}."} for n in range(12)]
        self.answers.write_text("".join(json.dumps(row) + "\n" for row in rows))
        server.text = lambda _: json.dumps(VERDICT)

    def start(self):
        base = base_of(self.server, self.provider)
        command = [sys.executable, "-c", CHILD, self.out, base, MODELS[self.provider], self.answers]
        return subprocess.Popen(
            [str(word) for word in command], env=dict(os.environ), stderr=subprocess.DEVNULL
        )

    def kill(self, moment, sign=signal.SIGKILL):
        method, ending, when = moment
        victims = []

        def at(verb, path):
            if verb == method and path.endswith(ending) and victims:
                victims.pop().send_signal(sign)
                if when == "before":
                    raise ConnectionAbortedError

        setattr(self.server, when, at)
        process = self.start()
        victims.append(process)
        process.wait(timeout=60)
        self.server.before = self.server.after = lambda _method, _path: None
        assert not victims, "the process ended before it was killed"

    def finish(self):
        assert self.start().wait(timeout=60) == 0
        with Run.open(self.out) as run:
            assert run.summary().statuses["overall"] == {"ok": 12}
            assert set(Counter(c.key for c in run.completions()).values()) == {1}
        assert set(self.server.paid.values()) == {1}


def test_kills_from_the_upload_to_the_download_pay_for_nothing_twice(server, tmp_path):
    killed = Killed(server, tmp_path, "openai")
    for moment in (UPLOADED, CREATING):
        killed.kill(moment)
        assert not server.batches
    killed.kill(CREATED)
    assert len(server.batches) == 1
    server.ends = ["expired"]
    server.batches[0].end = "expired"
    for moment in (POLLED, DOWNLOADED, DOWNLOADED):
        killed.kill(moment)
    killed.finish()
    assert len(server.batches) == 3


@pytest.mark.slow
def test_a_kill_after_the_creation_is_found_by_the_keys_in_the_results(server, tmp_path):
    killed = Killed(server, tmp_path, "anthropic")
    killed.kill(CREATED)
    server.polls = 3
    server.create([(f"of someone else {n}", {}) for n in range(12)], {})
    killed.finish()
    assert len(server.batches) == 2
