"""Requests in batches, with every provider: each is paid for once, and each ends with its status."""

import json
import sqlite3

import pytest

from judge.scoring.backends.batch.journal import batches_of
from judge.scoring.run import Run

from .conftest import MODELS

PROVIDERS = sorted(MODELS)
WITH_FILES = [name for name in PROVIDERS if name != "anthropic"]


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_request_gets_its_reply_whatever_the_order(provider, score, server):
    score(5, provider).close()
    assert score.statuses() == {"ok": 5}
    assert len(server.batches) == 1
    assert set(server.paid.values()) == {1}
    assert score.watch.replies == {f"i{k}": 1 for k in range(5)}


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_second_call_sends_nothing(provider, score, server):
    score(3, provider).close()
    score(3, provider).close()
    assert len(server.batches) == 1


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_lost_reply_to_a_creation_does_not_pay_twice(provider, score, server):
    server.lost = 1
    score(4, provider).close()
    assert len(server.batches) == 1
    assert set(server.paid.values()) == {1}
    assert score.statuses() == {"ok": 4}


def test_a_lost_creation_is_waited_for_where_only_its_results_show_whose_it_is(score, server):
    server.lost, server.polls = 1, 4
    score(4, "anthropic").close()
    assert len(server.batches) == 1
    assert score.statuses() == {"ok": 4}


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_creation_that_never_arrived_is_repeated(provider, score, server):
    server.never = 1
    score(4, provider).close()
    assert len(server.batches) == 1
    assert set(server.paid.values()) == {1}
    assert score.statuses() == {"ok": 4}


@pytest.mark.parametrize("provider", PROVIDERS)
def test_what_an_expired_batch_did_not_reach_is_sent_again(provider, score, server):
    server.ends = ["expired"]
    score(6, provider).close()
    assert [len(keys) for keys in server.sent()] == [6, 3]
    assert set(server.paid.values()) == {1}
    assert score.statuses() == {"ok": 6}


@pytest.mark.parametrize("provider", PROVIDERS)
def test_errors_that_pass_are_sent_again_and_others_are_failures(provider, score, server):
    fates = {}

    def outcome(key, _body, times):
        fate = fates.setdefault(key, [429, 500, 400, "ok"][len(fates) % 4])
        return fate if fate in (400, "ok") or times < 2 else "ok"

    server.outcome = outcome
    score(8, provider).close()
    assert [len(keys) for keys in server.sent()] == [8, 4]
    assert score.statuses() == {"ok": 6, "failed": 2}
    assert {c.failure.kind for c in score.completions() if c.failure} == {"request"}


@pytest.mark.parametrize("provider", PROVIDERS)
def test_an_error_that_does_not_pass_is_a_failure_after_three_batches(provider, score, server):
    server.outcome = lambda *_: 500
    score(2, provider).close()
    assert [len(keys) for keys in server.sent()] == [2, 2, 2]
    assert score.statuses() == {"failed": 2}
    assert all(c.failure.kind == "server" and c.tries == 3 for c in score.completions())
    assert "3 batches" in score.completions()[0].failure.message


@pytest.mark.parametrize("provider", PROVIDERS)
def test_results_that_are_there_twice_count_once(provider, score, server):
    server.double = True
    score(4, provider).close()
    assert len(score.completions()) == 4


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_request_without_a_result_is_sent_again(provider, score, server):
    server.outcome = lambda key, _, times: "nothing" if times == 1 and key < "8" else "ok"
    score(8, provider).close()
    assert score.statuses() == {"ok": 8}


@pytest.mark.parametrize("provider", WITH_FILES)
def test_a_batch_that_is_not_processed_ends_the_run_and_costs_nothing(provider, score, server):
    server.ends = ["failed"]
    with pytest.raises(Exception, match=r"not processed: .*This line is not JSON"):
        score(4, provider)
    assert score.statuses() == {"skipped": 4}
    score(4, provider).close()  # nothing was asked, so that everything is sent again
    assert score.statuses() == {"ok": 4}


@pytest.mark.parametrize("provider", PROVIDERS)
def test_what_a_cancelled_batch_answered_is_kept_and_the_rest_is_not_sent_again_by_itself(
    provider, score, server
):
    server.polls = 2
    score.on_sleep = lambda _: setattr(server.batches[0], "is_cancelled", True)
    score(6, provider).close()
    assert len(server.batches) == 1
    assert score.watch.stopped == "a batch was cancelled"
    assert score.statuses() == {"ok": 3, "skipped": 3}
    score.on_sleep = lambda _: None
    score(6, provider).close()
    assert score.statuses() == {"ok": 6}
    assert set(server.paid.values()) == {1}


@pytest.mark.parametrize("provider", PROVIDERS)
def test_the_list_of_batches_is_read_to_its_end(provider, score, server):
    """Its pages have two batches; the one that is looked for is the first of five."""
    create = server.create

    def lose_the_first(requests, about):
        if server.batches:
            return create(requests, about)
        server.lost = 1
        try:
            return create(requests, about)
        finally:
            for _ in range(4):
                create(
                    [("foreign", {})],
                    {"input_file_id": "", "input_files": [], "model": "", "display_name": ""},
                )

    server.create = lose_the_first
    score(3, provider).close()
    assert [key for keys in server.sent() for key in keys].count("foreign") == 4
    assert len(server.batches) == 5
    assert score.statuses() == {"ok": 3}


def test_a_run_says_what_it_submitted(score):
    score(4).close()
    (batch,) = batches_of(score.folder)
    assert (batch.stage, batch.batch_id, batch.requests, batch.answered, batch.said) == (
        "collected",
        "batch-1",
        4,
        4,
        "completed",
    )
    assert batch.cost == pytest.approx(4 * (100 * 7.5e-8 + 20 * 3e-7))


def test_a_run_keeps_of_its_batches_only_the_requests_that_they_did_not_answer(score, server):
    server.ends = ["expired"]
    score(6).close()
    with sqlite3.connect(score.folder / "run.db") as db:
        rows = db.execute("SELECT number, count(*) FROM batch_requests GROUP BY 1").fetchall()
    db.close()
    assert rows == [(1, 3)]


def test_the_key_of_a_request_is_the_same_as_for_single_requests(score, server):
    score(3).close()
    (sent,) = server.sent()
    with Run.open(score.folder) as run:
        assert sorted(sent) == sorted(c.key for c in run.completions())
    score(3, batch=False).close()
    assert not server.asked("POST", "/chat/completions")


def test_the_body_is_that_of_a_single_request(score, server):
    score(1, judge={"params": {"temperature": 0.5, "seed": 7}}).close()
    (_, in_batch), *_ = server.batches[0].requests
    score.folder = score.folder.with_name("live")
    score(1, batch=False, judge={"params": {"temperature": 0.5, "seed": 7}}).close()
    assert in_batch == json.loads(server.asked("POST", "/chat/completions")[0])


def test_prices_of_batches_are_read_and_never_guessed(score):
    run = score(2, "mistral")
    with run:
        assert (run.summary().cost, run.summary().unpriced) == (None, 2)
