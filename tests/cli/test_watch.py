"""The line that `judge score` moves in a terminal."""

from contextlib import closing

import pytest

from judge.cli.watch import TerminalWatch
from judge.records import Completion, Failure, Usage
from judge.scoring.job import BadItems
from judge.scoring.judge import Judge
from judge.scoring.prompt import build_requests
from judge.scoring.store import Added, Run

from ..scoring.builders import item, rubric

JUDGE = Judge(model="openai/gpt-5", rubric=rubric())


@pytest.fixture
def run(tmp_path):
    with Run.create(tmp_path / "run", JUDGE) as run:
        yield run


@pytest.fixture
def watch(run):
    with closing(TerminalWatch(moving=True)) as watch:
        watch.began(run, Added(new=4), BadItems(), 4)
        yield watch


def requests(count):
    return [r for n in range(count) for r in build_requests(item(str(n), f"Answer {n}."), JUDGE)]


def done(watch):
    return watch._progress.tasks[0].completed


def detail(watch):
    return watch._progress.tasks[0].fields["detail"]


def test_resumed_run_starts_where_it_was(run, watch):
    stored, *rest = requests(4)
    run.append([Completion.of(stored, reply="x")])
    asked = run.missing([stored, *rest])
    watch.arrived([Completion.of(next(asked), reply="x")])
    assert done(watch) == 2
    watch.arrived([Completion.of(request, reply="x") for request in asked])
    assert done(watch) == 4


def test_what_was_stored_before_does_not_count_for_the_time_left(run, watch):
    stored, new, *_ = requests(4)
    run.append([Completion.of(stored, reply="x")])
    asked = list(run.missing([stored, new]))
    watch.arrived([Completion.of(asked[0], reply="x")])
    assert sum(sample.completed for sample in watch._progress.tasks[0]._progress) == 1


def test_cost_and_failures_by_kind_stand_in_the_line(watch):
    paid, failed, *_ = requests(4)
    failure = Failure(kind="server", message="500")
    watch.arrived(
        [Completion.of(paid, reply="x", cost=0.25, usage=Usage()), Completion.of(failed, failure=failure)]
    )
    assert "$0.2500  server 1" in detail(watch)


def test_reply_that_is_asked_for_again_counts_apart(watch):
    (request, *_) = requests(4)
    watch.arrived([Completion.of(request, reply="x")])
    watch.arrived([Completion.of(request.again(), reply="x")])
    assert done(watch) == 1
    assert "asked again 1" in detail(watch)


def test_pause_after_the_last_reply_is_explained(watch):
    watch.asked()
    assert detail(watch).endswith("working out the scores")


def test_numbers_keep_their_place_in_a_narrow_terminal(run, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "40")
    with closing(TerminalWatch(moving=True)) as watch:
        watch.began(run, Added(new=3000), BadItems(), 3000)
        watch.arrived([Completion.of(request, reply="x") for request in requests(4)])
    assert "4/3000" in capsys.readouterr().err
