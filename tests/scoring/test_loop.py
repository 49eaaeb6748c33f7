"""The loop: ask for what is missing, store it, derive scores; whatever happens."""

import os
import signal

import pytest

from judge.errors import BackendError
from judge.records import Completion, Failure, Usage
from judge.scoring.judge import Judge
from judge.scoring.loop import derive_scores, score_items
from judge.scoring.run import Run

from .builders import Scripted, item, reply, rubric

JUDGE = Judge(model="replay:x", rubric=rubric())


@pytest.fixture
def run(tmp_path):
    with Run.create(tmp_path / "run", JUDGE) as run:
        yield run


def items(count):
    return [item(str(n), answer=f"Answer {n}.") for n in range(count)]


def overall(run, sample=0):
    return {s.item_id: s.value for s in run.scores() if s.dimension == "overall" and s.sample == sample}


def test_every_item_gets_its_scores(run):
    run.add_items(items(3))
    score_items(run, JUDGE, Scripted(lambda _: reply(4, 2)))
    assert overall(run) == {"0": 3.0, "1": 3.0, "2": 3.0}


def test_second_call_asks_for_nothing(run):
    run.add_items(items(3))
    score_items(run, JUDGE, Scripted(lambda _: reply()))
    again = Scripted(lambda _: reply())
    score_items(run, JUDGE, again)
    assert again.asked == []


def test_only_the_changed_answer_is_asked_again(run):
    run.add_items(items(3))
    score_items(run, JUDGE, Scripted(lambda _: reply()))
    run.add_items([*items(2), item("2", answer="Changed.")])
    again = Scripted(lambda _: reply(5, 5))
    score_items(run, JUDGE, again)
    assert [r.item.id for r in again.asked] == ["2"]
    assert overall(run) == {"0": 3.0, "1": 3.0, "2": 5.0}


def test_judge_that_gives_up_leaves_what_arrived_scored_and_the_rest_skipped(run):
    run.add_items(items(3))
    seen = []

    def give_up(request):
        seen.append(request)
        if len(seen) == 2:
            raise BackendError("quota")
        return reply()

    with pytest.raises(BackendError):
        score_items(run, JUDGE, Scripted(give_up))
    assert overall(run) == {"0": 3.0, "1": None, "2": None}
    assert run.summary().statuses["overall"] == {"ok": 1, "skipped": 2}


def test_ctrl_c_while_a_batch_is_written_loses_nothing(run, monkeypatch):
    run.add_items(items(2))
    append = run.append

    def pressed_while_writing(batch):
        os.kill(os.getpid(), signal.SIGINT)
        append(batch)

    monkeypatch.setattr(run, "append", pressed_while_writing)
    with pytest.raises(KeyboardInterrupt):
        score_items(run, JUDGE, Scripted(lambda _: reply()))
    assert [c.item_id for c in run.completions()] == ["0"]


def test_completion_that_arrives_while_the_backend_closes_is_stored(run):
    run.add_items(items(2))

    def interrupted(request):
        backend.late = [Completion.of(request, reply=reply(), finish_reason="stop")]
        raise KeyboardInterrupt

    backend = Scripted(interrupted)
    with pytest.raises(KeyboardInterrupt):
        score_items(run, JUDGE, backend)
    assert overall(run) == {"0": 3.0, "1": None}


def test_completion_that_arrives_late_is_stored_though_ctrl_c_is_pressed_again(run):
    run.add_items(items(1))

    class Pressed(Scripted):
        def complete(self, requests):
            (request,) = requests
            try:
                yield []
            finally:
                self.late = [Completion.of(request, reply=reply(), finish_reason="stop")]
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        score_items(run, JUDGE, Pressed(None), on_batch=_press)
    assert overall(run) == {"0": 3.0}


def _press(_):
    raise KeyboardInterrupt


def test_truncated_reply_is_asked_once_more_with_more_tokens(run):
    run.add_items(items(1))
    cut = {"reply": reply()[:20], "finish_reason": "length", "usage": Usage(completion_tokens=100)}
    backend = Scripted(lambda r: reply(5, 5) if r.attempt else cut)
    score_items(run, JUDGE, backend)
    assert [dict(r.params) for r in backend.asked] == [{}, {"max_tokens": 400}]
    assert overall(run) == {"0": 5.0}


def test_only_the_truncated_sample_is_asked_for_once_more(run):
    run.add_items(items(1))
    cut = {"reply": "", "finish_reason": "length"}
    backend = Scripted(lambda r: cut if r.sample == 1 and not r.attempt else reply())
    score_items(run, JUDGE, backend, samples=3)
    assert [r.sample for r in backend.asked if r.attempt] == [1]


def test_end_of_asking_is_told_before_the_scores_are_derived(run):
    run.add_items(items(1))
    told = []

    def ask_run():
        told.append((run.summary().completions, list(run.scores())))

    score_items(run, JUDGE, Scripted(lambda _: reply()), on_requests_done=ask_run)
    assert told == [(1, [])]


def attempts(folder, params, text):
    """How often one item is asked whose reply is cut after `text`, and the statuses of its first score."""
    judge = Judge(model="replay:x", rubric=rubric(), params=params)
    backend = Scripted(lambda _: {"reply": text, "finish_reason": "length"})
    with Run.create(folder, judge) as run:
        run.add_items(items(1))
        score_items(run, judge, backend)
        return [r.attempt for r in backend.asked], run.summary().statuses["a"]


LOOP = '{"a": {"reason": "Good. ' + "It says what it says. " * 20


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
def test_token_limit_that_was_set_is_never_exceeded_by_a_second_try(name, tmp_path):
    assert attempts(tmp_path / "r", {name: 50}, "") == ([0], {"truncated": 1})


def test_cut_reply_that_repeats_itself_at_temperature_0_is_not_asked_again(tmp_path):
    assert attempts(tmp_path / "r", {"temperature": 0}, LOOP) == ([0], {"truncated": 1})


@pytest.mark.parametrize(
    ("params", "text"), [({"temperature": 0}, LOOP[:40]), ({"temperature": 0.7}, LOOP), ({}, LOOP)]
)
def test_cut_reply_that_may_end_is_asked_once_more(params, text, tmp_path):
    assert attempts(tmp_path / "r", params, text)[0] == [0, 1]


def test_reply_that_reached_its_limit_and_is_complete_is_not_asked_again(tmp_path):
    assert attempts(tmp_path / "r", {}, reply()) == ([0], {"ok": 1})


@pytest.mark.parametrize(
    ("thought", "asked"), [("It says what it says. " * 20, [0]), ("Let me see.", [0, 1])]
)
def test_a_thought_that_was_cut_is_asked_again_unless_it_repeats_itself(thought, asked, tmp_path):
    judge = Judge(model="replay:x", rubric=rubric(), params={"temperature": 0})
    backend = Scripted(lambda _: {"reply": None, "reasoning": thought, "finish_reason": "length"})
    with Run.create(tmp_path / "r", judge) as run:
        run.add_items(items(1))
        score_items(run, judge, backend)
    assert [request.attempt for request in backend.asked] == asked


def expected_run(folder, count, mass):
    """The number of requests of a run of expected scores whose replies have some mass on the scale."""
    judge = Judge(model="openai/x", rubric=rubric(), scores="expected")
    probabilities = {str(label): mass / 5 for label in range(1, 6)}
    backend = Scripted(lambda _: {"reply": "The", "label_probabilities": probabilities})
    with Run.create(folder, judge) as run:
        run.add_items(items(count))
        try:
            score_items(run, judge, backend)
        except BackendError as error:
            return len(backend.asked), str(error)
        return len(backend.asked), None


def test_expected_scores_with_hardly_any_probability_on_the_scale_stop_after_20_items(tmp_path):
    asked, error = expected_run(tmp_path / "r", 100, 0.02)
    assert asked == 2 * 19 + 1
    assert "for the first 20 items only 2.0% of the probability" in error
    assert "(--scores text)" in error


def test_expected_scores_that_stopped_early_keep_what_arrived(tmp_path):
    asked, _ = expected_run(tmp_path / "r", 100, 0.02)
    with Run.open(tmp_path / "r") as run:
        assert len(list(run.completions())) == asked


@pytest.mark.parametrize(("count", "mass"), [(15, 0.02), (30, 0.6)])
def test_expected_scores_go_on_where_items_are_few_or_the_probability_is_on_the_scale(count, mass, tmp_path):
    assert expected_run(tmp_path / "r", count, mass) == (2 * count, None)


def test_reply_that_stays_truncated_is_not_asked_a_third_time(run):
    run.add_items(items(1))
    cut = {"reply": "", "finish_reason": "length"}
    score_items(run, JUDGE, Scripted(lambda _: cut))
    again = Scripted(lambda _: cut)
    score_items(run, JUDGE, again)
    assert again.asked == []


def test_unreadable_reply_is_asked_again_only_when_wished(run):
    run.add_items(items(1))
    score_items(run, JUDGE, Scripted(lambda _: "four"))
    assert run.summary().statuses["a"] == {"unparsed": 1}
    backend = Scripted(lambda _: reply())
    score_items(run, JUDGE, backend, reask=True)
    assert overall(run) == {"0": 3.0}
    assert backend.asked[0].messages[-2] == {"role": "assistant", "content": "four"}


def test_both_replies_are_kept_after_asking_again(run):
    run.add_items(items(1))
    score_items(run, JUDGE, Scripted(lambda r: reply() if r.attempt else "four"), reask=True)
    assert [(c.attempt, c.reply) for c in run.completions()] == [(0, "four"), (1, reply())]


def test_failure_is_asked_again_only_when_wished(run):
    run.add_items(items(1))
    failed = {"failure": Failure(kind="server", message="500")}
    score_items(run, JUDGE, Scripted(lambda _: failed))
    untouched = Scripted(lambda _: reply())
    score_items(run, JUDGE, untouched)
    assert untouched.asked == []
    score_items(run, JUDGE, Scripted(lambda _: reply()), retry_errors=True)
    assert overall(run) == {"0": 3.0}


def test_every_sample_has_its_own_request_and_scores(run):
    run.add_items(items(2))
    backend = Scripted(lambda r: reply(r.sample + 1, r.sample + 1))
    score_items(run, JUDGE, backend, samples=3)
    assert len({r.key for r in backend.asked}) == 6
    assert [overall(run, sample)["0"] for sample in range(3)] == [1.0, 2.0, 3.0]


def test_more_samples_later_ask_for_the_new_ones_alone(run):
    run.add_items(items(1))
    score_items(run, JUDGE, Scripted(lambda _: reply()))
    backend = Scripted(lambda _: reply())
    score_items(run, JUDGE, backend, samples=2)
    assert [r.sample for r in backend.asked] == [1]


def test_number_rubric_asks_each_dimension_alone(tmp_path):
    judge = Judge(model="replay:x", rubric=rubric(reply="number"))
    backend = Scripted(lambda r: {"a": "4", "b": "2"}[r.dimension])
    with Run.create(tmp_path / "r", judge) as run:
        run.add_items(items(1))
        score_items(run, judge, backend)
        assert overall(run) == {"0": 3.0}
    assert all(r.schema is None for r in backend.asked)


def test_scores_are_derived_again_by_another_rubric_without_a_call(run):
    run.add_items(items(1))
    score_items(run, JUDGE, Scripted(lambda _: reply(4, 2)))
    derive_scores(run, rubric(overall={"how": "min"}))
    assert overall(run) == {"0": 2.0}


def test_time_adds_up_over_calls(run):
    run.add_items(items(1))
    score_items(run, JUDGE, Scripted(lambda _: reply()))
    first = run.fact("seconds")
    score_items(run, JUDGE, Scripted(lambda _: reply()))
    assert run.fact("seconds") > first > 0


def test_batches_are_reported_once_they_are_stored(run):
    run.add_items(items(2))
    stored = []
    score_items(
        run,
        JUDGE,
        Scripted(lambda _: reply()),
        on_batch=lambda _: stored.append(run.summary().completions),
    )
    assert stored == [1, 2]


@pytest.mark.parametrize(
    ("said", "status"), [({"label_probabilities": {"4": 0.1}}, "unparsed"), ({"refusal": "No."}, "refused")]
)
def test_probabilities_are_asked_for_once_whatever_comes(tmp_path, said, status):
    judge = Judge(model="openai/x", rubric=rubric(), scores="expected")
    backend = Scripted(lambda _: {"reply": "Hm", "finish_reason": "length", **said})
    with Run.create(tmp_path / "expected", judge) as run:
        run.add_items(items(2))
        score_items(run, judge, backend, reask=True)
        assert len(backend.asked) == 4
        assert {s.status for s in run.scores()} == {status}
