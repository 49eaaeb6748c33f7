"""The line that `judge score` moves in a terminal."""

import re
from contextlib import closing

import pytest

from judge.cli import progress_line as module
from judge.cli.progress_line import ProgressLine
from judge.records import Completion, Failure, Usage
from judge.scoring.checked_items import BadItems
from judge.scoring.judge import Judge
from judge.scoring.prompt import build_requests
from judge.scoring.run import Run
from judge.scoring.run_summary import IngestCounts

from ..scoring.builders import item, rubric

JUDGE = Judge(model="openai/gpt-5", rubric=rubric())
LOCAL = Judge(model="vllm:Qwen/Qwen3-4B", rubric=rubric())


@pytest.fixture(autouse=True)
def _wide(monkeypatch):
    monkeypatch.setenv("COLUMNS", "160")


@pytest.fixture
def clock(monkeypatch):
    """Seconds that a test lets pass."""

    class Clock:
        now = 1000.0

        def monotonic(self):
            return self.now

    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    return clock


@pytest.fixture
def run(tmp_path):
    with Run.create(tmp_path / "run", JUDGE) as run:
        yield run


@pytest.fixture
def watch(run):
    with closing(ProgressLine(moving=True)) as watch:
        watch.on_run_start(run, IngestCounts(new=4), BadItems(), 4)
        yield watch


@pytest.fixture
def local(tmp_path, clock, monkeypatch):
    """A watch over a judge in this process, on a card that is busy to 93 %."""
    asked = []
    monkeypatch.setattr(module.gpus, "utilization", lambda: asked.append(clock.now) or 0.93)
    with Run.create(tmp_path / "local", LOCAL) as run, closing(ProgressLine(moving=True)) as watch:
        watch.on_run_start(run, IngestCounts(new=4), BadItems(), 2000)
        watch.asked_for_share = asked
        yield watch


def replies(count, prompt=900, reply=100, cached=0):
    usage = Usage(prompt_tokens=prompt, completion_tokens=reply, cached_tokens=cached)
    return [Completion.of(request, reply="x", usage=usage) for request in requests(count)]


def requests(count):
    return [r for n in range(count) for r in build_requests(item(str(n), f"Answer {n}."), JUDGE)]


def done(watch):
    return watch._progress.tasks[0].completed


def detail(watch):
    return watch.detail()


def test_resumed_run_starts_where_it_was(run, watch):
    stored, *rest = requests(4)
    run.append([Completion.of(stored, reply="x")])
    asked = run.missing([stored, *rest])
    watch.on_completions([Completion.of(next(asked), reply="x")])
    assert done(watch) == 2
    watch.on_completions([Completion.of(request, reply="x") for request in asked])
    assert done(watch) == 4


def test_resumed_run_with_nothing_to_ask_ends_where_it_was(run, watch):
    run.append(replies(4))
    assert list(run.missing(requests(4))) == []
    watch.on_requests_done()
    assert done(watch) == 4


def test_what_was_stored_before_does_not_count_for_the_time_left(run, watch):
    stored, new, *_ = requests(4)
    run.append([Completion.of(stored, reply="x")])
    asked = list(run.missing([stored, new]))
    watch.on_completions([Completion.of(asked[0], reply="x")])
    assert sum(sample.completed for sample in watch._progress.tasks[0]._progress) == 1


def test_cost_and_failures_by_kind_stand_in_the_line(watch):
    paid, failed, *_ = requests(4)
    failure = Failure(kind="server", message="500")
    watch.on_completions(
        [Completion.of(paid, reply="x", cost=0.25, usage=Usage()), Completion.of(failed, failure=failure)]
    )
    assert "cost $0.2500  failed: server 1" in detail(watch)


@pytest.mark.parametrize(
    ("seconds", "text"), [(None, "time left: ?"), (75.4, "1 min 15 s left"), (8400, "2 h 20 min left")]
)
def test_time_left_is_labelled(seconds, text):
    assert module._time_left(seconds) == text
    assert len(text) <= len(module._LONGEST_LEFT)


def test_reply_that_is_asked_for_again_counts_apart(watch):
    (request, *_) = requests(4)
    watch.on_completions([Completion.of(request, reply="x")])
    watch.on_reask(3)
    assert "asking again 0/3" in detail(watch)
    watch.on_completions([Completion.of(request.next_attempt(), reply="x")])
    assert done(watch) == 1
    assert "asking again 1/3" in detail(watch)
    watch.on_requests_done()
    assert "asked again 1/3" in detail(watch)


def test_pause_after_the_last_reply_is_explained(watch):
    watch.on_requests_done()
    assert detail(watch).startswith("computing the scores")


def test_tokens_are_counted_by_the_second(clock, local):
    clock.now += 2
    local.on_completions(replies(4))
    assert "2.0/s  2,000 tok/s" in detail(local)


def test_tokens_out_of_the_cache_are_not_counted_by_the_second(clock, local):
    clock.now += 2
    local.on_completions(replies(4, cached=800))
    assert "2.0/s  400 tok/s" in detail(local)


def test_rates_fall_while_nothing_arrives(clock, local):
    clock.now += 1
    local.on_completions(replies(4))
    clock.now += 3
    assert detail(local).startswith("1.0/s  1,000 tok/s")


def test_line_is_drawn_anew_without_a_reply(clock, local):
    clock.now += 1
    local.on_completions(replies(4))
    *_, words = local._progress.columns
    assert words(local._progress.tasks[0]).plain.startswith("4.0/s")
    clock.now += 3
    assert words(local._progress.tasks[0]).plain.startswith("1.0/s")


def test_line_says_for_what_and_until_when_nothing_is_asked(clock, watch):
    watch.on_wait(30.0, "429: slow\x1b down")
    assert re.match(r"waits until \d\d:\d\d:\d\d: 429: slow", detail(watch))
    assert "\x1b" not in detail(watch)
    clock.now += 30
    assert "waits" not in detail(watch)


def test_long_wait_is_told_once_where_no_line_moves(run, capsys):
    watch = ProgressLine(moving=False)
    watch.on_run_start(run, IngestCounts(new=4), BadItems(), 4)
    for seconds in (5.0, 90.0, 90.0):
        watch.on_wait(seconds, "429: slow down")
    assert re.fullmatch(r"note: waits until [\d: -]+: 429: slow down\n", capsys.readouterr().err)


def test_line_says_where_the_batches_are_until_they_have_ended(watch):
    watch.on_batches("1 batch with 4 requests: 1 in progress")
    assert "1 batch with 4 requests: 1 in progress" in detail(watch)
    watch.on_batches("")
    assert "batch" not in detail(watch)


def test_each_change_of_the_batches_is_told_where_no_line_moves(run, capsys):
    watch = ProgressLine(moving=False)
    watch.on_run_start(run, IngestCounts(new=4), BadItems(), 4)
    for text in ("1 batch: 1 validating", "1 batch: 1 in progress", "1 batch: 1 in progress", ""):
        watch.on_batches(text)
    assert capsys.readouterr().err == "note: 1 batch: 1 validating\nnote: 1 batch: 1 in progress\n"


def test_cache_hits_are_a_part_of_the_prompt(local):
    local.on_completions(replies(3, cached=900))
    local.on_completions(replies(1, cached=0))
    assert "cache 75%" in detail(local)


def test_cache_hits_without_a_prompt_show_no_share(local):
    local.on_completions(replies(4, prompt=0, cached=9))
    assert "cache" not in detail(local)


def test_judge_that_counts_no_tokens_shows_none(clock, watch):
    clock.now += 1
    watch.on_completions([Completion.of(request, reply="x") for request in requests(2)])
    assert "tok/s" not in detail(watch)
    assert "cache" not in detail(watch)


def test_share_of_the_card_stands_at_the_end(local):
    local.on_completions(replies(1))
    assert detail(local).endswith("GPU 93%")


def test_share_of_the_card_is_asked_for_once_a_second(clock, local):
    for _ in range(20):
        clock.now += 0.1
        local.on_completions(replies(1))
    assert len(local.asked_for_share) <= 3


def test_card_of_a_judge_elsewhere_is_not_looked_at(watch, monkeypatch):
    monkeypatch.setattr(module.gpus, "utilization", lambda: pytest.fail("asked"))
    watch.on_completions(replies(1))
    assert "GPU" not in detail(watch)


def test_card_that_does_not_tell_is_left_out(clock, local, monkeypatch):
    monkeypatch.setattr(module.gpus, "utilization", lambda: None)
    clock.now += 2
    local.on_completions(replies(1))
    assert "GPU" not in detail(local)


def test_start_of_the_engine_shows_in_the_line(local):
    local.on_model_loading("loading weights 50%")
    assert detail(local) == "loading weights 50%"


def test_minutes_of_the_start_are_no_part_of_the_rate(clock, local):
    local.on_model_loading("loading weights 50%")
    clock.now += 300
    local.on_completions(replies(1))
    clock.now += 1
    local.on_completions(replies(4))
    assert detail(local).startswith("4.0/s  4,000 tok/s")


def test_rate_waits_for_a_second_batch_after_a_start(clock, local):
    local.on_model_loading("loading weights 50%")
    clock.now += 300
    local.on_completions(replies(1))
    assert "/s" not in detail(local)


def test_without_a_terminal_the_start_is_said_once(run, capsys):
    watch = ProgressLine(moving=False)
    watch.on_run_start(run, IngestCounts(new=4), BadItems(), 4)
    watch.on_model_loading("loading vLLM")
    watch.on_model_loading("loading weights 50%")
    assert capsys.readouterr().err == "note: loading vLLM; a large model takes minutes to start\n"


@pytest.mark.parametrize("moving", [True, False])
def test_what_happens_to_workers_after_the_first_reply_is_noted(run, capsys, moving):
    watch = ProgressLine(moving=moving)
    watch.on_run_start(run, IngestCounts(new=4), BadItems(), 4)
    watch.on_completions(replies(1))
    watch.on_model_loading("worker 2 was lost")
    watch.close()
    assert "note: worker 2 was lost\n" in capsys.readouterr().err


@pytest.mark.parametrize("columns", [40, 60, 80, 120])
def test_line_is_never_wider_than_the_terminal(tmp_path, monkeypatch, capsys, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setattr(module.gpus, "utilization", lambda: 1.0)
    failure = Failure(kind="rate_limit", message="429")
    with Run.create(tmp_path / "local", LOCAL) as run, closing(ProgressLine(moving=True)) as watch:
        watch.on_run_start(run, IngestCounts(new=4), BadItems(), 1_000_000)
        watch.on_model_loading("downloading model-00001-of-00002.safetensors " * 3)
        watch.on_completions(
            [*replies(4, cached=100), *(Completion.of(r, failure=failure) for r in requests(3))]
        )
        watch.on_completions(replies(4, cached=100))
        shown = detail(watch)
    assert max(map(len, capsys.readouterr().err.splitlines())) <= columns
    assert shown.split("  ")[0].endswith("/s") or "…" in shown


def test_what_matters_less_gives_way_in_a_narrow_terminal(tmp_path, clock, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setattr(module.gpus, "utilization", lambda: 0.93)
    with Run.create(tmp_path / "local", LOCAL) as run, closing(ProgressLine(moving=True)) as watch:
        watch.on_run_start(run, IngestCounts(new=4), BadItems(), 2000)
        clock.now += 1
        watch.on_completions(replies(4, cached=450))
        assert detail(watch) == "4.0/s  2,200 tok/s  GPU 93%"


def test_cost_is_known_while_it_runs(watch):
    (request, *_) = requests(1)
    watch.on_completions([Completion.of(request, reply="x", cost=0.25)])
    assert watch.cost == 0.25


def test_numbers_keep_their_place_in_a_narrow_terminal(run, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "40")
    with closing(ProgressLine(moving=True)) as watch:
        watch.on_run_start(run, IngestCounts(new=3000), BadItems(), 3000)
        watch.on_completions([Completion.of(request, reply="x") for request in requests(4)])
    assert "4/3000" in capsys.readouterr().err
