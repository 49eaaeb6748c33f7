"""The progress bar that `score` shows where it is given no callback."""

import io
import sys

import pytest

from judge import score
from judge.errors import BackendError
from judge.items import placed_items
from judge.records import Completion, Failure
from judge.scoring.callbacks import ProgressBar, ScoringCallback
from judge.scoring.checked_items import BadItems
from judge.scoring.judge import Judge
from judge.scoring.prompt import build_requests
from judge.scoring.run import Run
from judge.scoring.run_summary import IngestCounts

from .builders import Scripted, answered_by, item, reply, rubric

JUDGE = Judge(model="openai/x", rubric=rubric())


@pytest.fixture
def run(tmp_path):
    with Run.create(tmp_path / "pilot", JUDGE) as made:
        yield made


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def terminal(monkeypatch):
    made = Terminal()
    monkeypatch.setattr(sys, "stderr", made)
    return made


@pytest.fixture
def bar(run, monkeypatch, terminal):  # noqa: ARG001
    """A bar of four replies, in a terminal."""
    monkeypatch.delitem(sys.modules, "ipykernel", raising=False)
    made = ProgressBar()
    made.on_run_start(run, IngestCounts(new=4), BadItems(), 4)
    yield made
    made.close()


def requests(count):
    return [build_requests(item(str(n), f"Answer {n}."), JUDGE)[0] for n in range(count)]


def test_the_bar_shows_replies_cost_and_failures(bar, terminal):
    one, two = requests(2)
    bar.on_completions([Completion.of(one, reply="x", cost=0.25)])
    bar.on_completions([Completion.of(two, failure=Failure(kind="server", message="x"))])
    bar.close()
    shown = terminal.getvalue()
    assert "pilot" in shown
    assert "2/4" in shown
    assert "$0.2500, 1 failed" in shown


def test_replies_that_were_stored_before_count_as_done(bar, run, terminal):
    run.reused = 3
    bar.on_completions([Completion.of(requests(1)[0], reply="x")])
    bar.close()
    assert "4/4" in terminal.getvalue()


def test_a_reply_that_is_requested_again_does_not_count_twice(bar, terminal):
    (request,) = requests(1)
    bar.on_completions([Completion.of(request, reply="x")])
    bar.on_reask(1)
    bar.on_completions([Completion.of(request.next_attempt(), reply="x")])
    bar.close()
    shown = terminal.getvalue()
    assert "requesting 1 reply again" in shown
    assert "1/4" in shown
    assert "2/4" not in shown


def test_waits_loading_and_the_end_are_said(bar, terminal):
    bar.on_model_loading("loading weights 50%")
    bar.on_wait(30.0, "429: slow\x1b down")
    bar.on_batches("1 batch with 4 requests: 1 in progress")
    bar.on_requests_done()
    bar.close()
    shown = terminal.getvalue()
    assert "loading weights 50%" in shown
    assert "waiting 30 s: 429: slow" in shown
    assert "1 batch with 4 requests: 1 in progress" in shown
    assert "deriving scores" in shown


def test_nothing_is_shown_where_there_is_neither_terminal_nor_notebook(run, monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: False)
    monkeypatch.delitem(sys.modules, "ipykernel", raising=False)
    bar = ProgressBar()
    bar.on_run_start(run, IngestCounts(new=4), BadItems(), 4)
    bar.on_completions([Completion.of(requests(1)[0], reply="x")])
    bar.close()
    assert capsys.readouterr() == ("", "")


def test_a_notebook_without_widgets_gets_a_bar_of_text(run, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "ipykernel", object())
    monkeypatch.setattr("judge.scoring.callbacks.find_spec", lambda _: None)
    bar = ProgressBar()
    bar.on_run_start(run, IngestCounts(new=4), BadItems(), 4)
    bar.on_completions([Completion.of(requests(1)[0], reply="x")])
    bar.close()
    assert "1/4" in capsys.readouterr().err


class Closing(ScoringCallback):
    closed = False

    def close(self):
        self.closed = True


@pytest.mark.parametrize("answer", [lambda _: reply(), BackendError("no key")])
def test_a_callback_is_closed_and_told_the_cost_however_it_ends(tmp_path, monkeypatch, answer):
    def answered(request):
        if isinstance(answer, Exception):
            raise answer
        return answer(request)

    backend, callback = Scripted(answered), Closing()
    backend.spent = 0.5
    answered_by(monkeypatch, backend)
    try:
        score([item()], judge=JUDGE, out=tmp_path / "r", callback=callback).close()
    except BackendError:
        assert isinstance(answer, BackendError)
    assert (callback.closed, callback.charged) == (True, 0.5)


def test_the_bar_says_which_columns_were_read(run, monkeypatch):
    monkeypatch.delitem(sys.modules, "ipykernel", raising=False)
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    bad = BadItems()
    list(placed_items([("row 1", {"prompt": "q", "output": "a"})], "t", summary=bad.summary))
    bar = ProgressBar()
    bar.on_run_start(run, IngestCounts(new=1), bad, 1)
    bar.close()
    assert "question from 'prompt', answer from 'output'" in terminal.getvalue()


def test_a_script_logs_which_columns_were_read_and_that_there_is_no_reference(tmp_path, monkeypatch, caplog):
    monkeypatch.delitem(sys.modules, "ipykernel", raising=False)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: False)
    score([{"prompt": "q", "output": "a"}], out=tmp_path / "r").close()
    assert "question from 'prompt', answer from 'output'" in caplog.text
    assert "no item has a reference answer, and rubric open_qa refers to one" in caplog.text
