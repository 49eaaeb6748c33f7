"""Limits, refusals, lost connections, budgets, and what the user chooses."""

import json
import sqlite3

import pytest

from judge.errors import BackendError, RunError
from judge.records import Image
from judge.scoring.backends.batch.backend import BatchBackend
from judge.scoring.backends.batch.batch_provider import BatchLimits
from judge.scoring.backends.batch.journal import BatchJournal, batches_of, open_keys
from judge.scoring.backends.batch.openai_batches import OpenAIBatches
from judge.scoring.backends.connection import Connection
from judge.scoring.judge import Judge
from judge.scoring.run import Run

from ...builders import item, rubric

NONE = {"error": {"message": "no"}}


def limit(monkeypatch, requests=50_000, bytes=199_000_000):
    monkeypatch.setattr(OpenAIBatches, "limits", BatchLimits(requests, bytes))


# Limits


def test_a_batch_has_at_most_the_requests_that_the_provider_takes(score, server, monkeypatch):
    limit(monkeypatch, requests=3)
    score(7).close()
    assert [len(keys) for keys in server.sent()] == [3, 3, 1]
    assert score.statuses() == {"ok": 7}


def test_a_server_that_takes_fewer_requests_gets_smaller_batches(score, server):
    server.problem = ("too_many_tasks", None, "The batch input file has more than 3 requests.")
    server.ends = ["failed", "failed"]
    score(9).close()
    assert [len(keys) for keys in server.sent()] == [9, 4, 4, 1, 2, 2]
    assert score.statuses() == {"ok": 9}
    assert set(server.paid.values()) == {1}


def test_a_server_that_takes_no_request_at_all_ends_the_run(score, server):
    server.problem = ("too_many_tasks", None, "The batch input file has more than 0 requests.")
    server.ends = ["failed"] * 9
    with pytest.raises(BackendError, match="too_many_tasks"):
        score(2)
    assert [len(keys) for keys in server.sent()] == [2, 1, 1]


def test_a_batch_has_at_most_the_bytes_that_the_provider_takes(score, server, monkeypatch):
    score(1).close()
    size = max(len(data) for data in server.files.values() if b"method" in data)
    score.folder = score.folder.with_name("another")
    limit(monkeypatch, bytes=3 * size - 1)
    score(5).close()
    assert [len(keys) for keys in server.sent()] == [1, 2, 2, 1]


def test_a_request_larger_than_a_batch_is_a_failure_of_its_item(score, server, monkeypatch):
    limit(monkeypatch, bytes=5_000)
    score(items=[item("small"), item("large", answer="x" * 5_000)]).close()
    assert score.statuses() == {"ok": 1, "failed": 1}
    (failure,) = [c.failure.message for c in score.completions() if c.failure]
    assert "a batch may have 0.0 MB" in failure
    assert len(server.batches) == 1


def test_a_server_that_takes_less_gets_halves(score, server):
    server.refusals = [("POST", "/files", 413, NONE), ("POST", "/batches", 413, NONE)]
    score(6).close()
    assert sorted(len(keys) for keys in server.sent()) == [1, 2, 3]
    assert score.statuses() == {"ok": 6}
    assert set(server.paid.values()) == {1}


def test_a_half_that_is_refused_ends_the_run_with_the_other(score, server):
    server.refusals = [("POST", "/files", 413, NONE), ("POST", "/batches", 400, NONE)]
    with pytest.raises(BackendError, match="does not accept the batch"):
        score(6)


def test_a_single_request_that_is_too_large_for_the_server_is_a_failure(score, server):
    server.refusals = [("POST", "/files", 413, NONE)]
    score(1).close()
    assert score.statuses() == {"failed": 1}


LIMIT = "Enqueued token limit reached for m in organization o. Limit: {:,} enqueued tokens. Please try again."


def test_the_limit_of_enqueued_tokens_is_learned_from_a_refusal(score, server):
    score(1).close()
    tokens = max(len(data) for data in server.files.values() if b"method" in data) // 4
    score.folder = score.folder.with_name("another")
    server.ends, server.polls = ["failed"], 2
    server.problem = ("token_limit_exceeded", None, LIMIT.format(round(3.5 * tokens)))
    score(7).close()
    assert [len(keys) for keys in server.sent()][1:] == [7, 3, 3, 1]
    assert score.statuses() == {"ok": 7}


def test_a_limit_of_tokens_that_is_not_stated_is_approached_from_above(score, server):
    server.ends = ["failed", "failed"]
    server.problem = ("token_limit_exceeded", None, "Too many.")
    score(8).close()
    sizes = [len(keys) for keys in server.sent()]
    assert (sizes[0], sizes[1]) == (8, 4)
    assert sum(sizes[2:]) >= 8
    assert score.statuses() == {"ok": 8}


def test_a_batch_waits_until_the_tokens_of_another_are_free(score, server, monkeypatch):
    limit(monkeypatch, requests=4)
    server.ends, server.polls = ["completed", "failed"], 3
    server.problem = ("token_limit_exceeded", None, "Enqueued token limit reached.")
    score(8).close()
    assert score.statuses() == {"ok": 8}
    assert set(server.paid.values()) == {1}


def test_a_limit_below_one_request_ends_the_run(score, server):
    server.ends = ["failed"]
    server.problem = ("token_limit_exceeded", None, "Too many.")
    with pytest.raises(BackendError, match="does not accept a batch of one request"):
        score(1)


# Refusals


def test_a_creation_that_is_refused_for_good_ends_the_run_and_records_no_batch(score, server):
    server.refusals = [("POST", "/batches", 400, {"error": {"message": "Billing hard limit", "code": "x"}})]
    with pytest.raises(BackendError, match="does not accept the batch"):
        score(2)
    assert not score.folder.exists()


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_creation_that_is_refused_for_now_is_looked_for_and_repeated(status, score, server):
    server.refusals = [("POST", "/batches", status, NONE)]
    score(2).close()
    assert len(server.batches) == 1
    assert score.statuses() == {"ok": 2}
    assert len(server.asked("GET", "/batches")) == 3


def test_refusals_without_end_stop_the_run_with_the_reason(score, server):
    server.refusals = [("POST", "/batches", 429, {"error": {"message": "Too many batches"}})] * 9
    score(2).close()
    assert "accepts no batch now (429: Too many batches)" in score.watch.stopped
    assert not server.batches
    assert score.statuses() == {"skipped": 2}


def test_a_provider_that_takes_no_more_batches_gets_the_next_when_one_has_ended(score, server, monkeypatch):
    limit(monkeypatch, requests=2)
    server.polls = 8

    def refuse(method, path):
        if method == "POST" and path.endswith("/batches") and len(server.batches) == 1:
            server.refusals = [] if server.batches[0].is_ended else [("POST", "/batches", 429, NONE)]

    server.before = refuse
    score(6).close()
    assert score.statuses() == {"ok": 6}
    assert len(server.asked("POST", "/batches")) == 3 + 1
    assert score.watch.stopped is None


def test_an_exhausted_quota_ends_the_run(score, server):
    server.refusals = [("POST", "/batches", 429, {"error": {"message": "no", "code": "insufficient_quota"}})]
    with pytest.raises(BackendError, match="quota is exhausted"):
        score(2)


def test_an_upload_is_repeated(score, server):
    server.refusals = [("POST", "/files", 500, NONE), ("POST", "/files", 429, NONE)]
    score(2).close()
    assert len(server.asked("POST", "/files")) == 3
    assert score.statuses() == {"ok": 2}


def test_an_upload_that_always_fails_ends_the_run(score, server):
    server.refusals = [("POST", "/files", 500, NONE)] * 5
    with pytest.raises(BackendError, match="cannot be uploaded"):
        score(2)


def test_polls_and_downloads_that_fail_are_repeated(score, server):
    server.refusals = [("GET", "/batches/batch-1", 500, NONE), ("GET", "/content", 429, NONE)]
    score(2).close()
    assert score.statuses() == {"ok": 2}
    assert any("cannot be reached" in text for text in score.watch.texts)


def test_a_provider_out_of_reach_stops_the_run_and_another_call_collects(score, server):
    server.refusals = [("GET", "/batches/batch-1", 503, NONE)] * 2
    score(2, max_wait=0.0).close()
    assert "cannot be reached" in score.watch.stopped
    assert score.statuses() == {"skipped": 2}
    server.refusals = []
    score(2).close()
    assert score.statuses() == {"ok": 2}
    assert len(server.batches) == 1


def test_a_download_that_always_fails_stops_the_run(score, server):
    server.refusals = [("GET", "/content", 500, NONE)] * 5
    score(2, max_wait=0.0).close()
    assert "cannot be reached" in score.watch.stopped


def test_a_batch_that_the_provider_does_not_know_ends_the_run_and_is_kept(score, server):
    server.refusals = [("GET", "/batches/batch-1", 404, NONE)]
    with pytest.raises(BackendError, match="no such model or address"):
        score(2)
    (batch,) = batches_of(score.folder)
    assert batch.is_open


def test_results_that_are_gone_are_not_paid_for_again(score, server):
    score.on_sleep = lambda _: None
    save = server.result_files
    server.result_files = lambda batch: save(batch) and [None, None]
    with pytest.raises(BackendError, match="cannot be downloaded any more"):
        score(2)
    assert len(server.batches) == 1


def test_a_rejected_key_among_the_results_ends_the_run_and_what_arrived_is_kept(score, server):
    server.outcome = lambda key, *_: 401 if key < "8" else "ok"
    with pytest.raises(BackendError, match="key was rejected"):
        score(8)
    assert set(score.statuses()) <= {"ok", "skipped"}
    assert len(score.completions()) == len(server.paid)


def test_results_are_stored_a_few_at_a_time(score, monkeypatch):
    monkeypatch.setattr("judge.scoring.backends.batch.collection._AT_ONCE", 2)
    sizes = []
    append = Run.append
    monkeypatch.setattr(Run, "append", lambda run, batch: sizes.append(len(batch)) or append(run, batch))
    score(5).close()
    assert sizes == [2, 2, 1]


def test_an_answer_without_an_id_is_looked_for_like_a_lost_one(score, server):
    shown = server.openai_batch
    server.openai_batch = lambda batch: (
        {} if not batch.polls and not server.asked("GET", "/batches") else shown(batch)
    )
    score(2).close()
    assert len(server.batches) == 1
    assert score.statuses() == {"ok": 2}


def test_lines_that_cannot_be_read_are_passed_over(score, server, caplog):
    save = server.result_files

    def with_noise(batch):
        names = save(batch)
        server.files[names[0]] = b"{oops\n[]\n{}\n\n" + server.files[names[0]]
        return names

    server.result_files = with_noise
    score(2).close()
    assert score.statuses() == {"ok": 2}
    assert caplog.text.count("cannot be read") == 3


def test_an_unreadable_reply_is_a_failure_because_it_is_paid_for(score, server):
    server.completion = lambda _: {
        "model": "m",
        "choices": [],
        "usage": {"prompt_tokens": 9, "completion_tokens": 1},
    }
    score(1).close()
    (completion,) = score.completions()
    assert (completion.failure.kind, completion.usage.prompt_tokens) == ("reply", 9)
    assert len(server.batches) == 1


# Parameters


def test_a_parameter_that_the_provider_rejects_is_left_out_of_the_next_batch(score, server):
    line = server.line

    def rejecting(batch, key, _outcome):
        if "temperature" not in server.body_of(batch, key):
            return line(batch, key, "ok")
        error = {"error": {"message": "Unsupported parameter: temperature", "param": "temperature"}}
        return {"custom_id": key, "response": {"status_code": 400, "body": error}, "error": None}

    server.line = rejecting
    score(3, judge={"params": {"temperature": 0}}).close()
    assert [len(keys) for keys in server.sent()] == [3, 3]
    assert score.statuses() == {"ok": 3}
    assert {c.dropped for c in score.completions()} == {("temperature",)}


def test_a_value_that_the_provider_rejects_ends_the_run(score, server):
    error = {"error": {"message": "temperature must be between 0 and 1", "param": "temperature"}}
    server.line = lambda _batch, key, _outcome: {
        "custom_id": key, "response": {"status_code": 400, "body": error}, "error": None
    }  # fmt: skip
    with pytest.raises(BackendError, match="rejects this value of temperature"):
        score(2, judge={"params": {"temperature": 9}})


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ("system role is not supported", None),
        ("This model only supports stream mode", "only streams replies"),
    ],
)
def test_the_system_role_may_be_left_out_and_a_stream_cannot_be_asked_for(said, error, score, server):
    line = server.line

    def rejecting(batch, key, _outcome):
        if error is None and server.body_of(batch, key)["messages"][0]["role"] == "user":
            return line(batch, key, "ok")
        body = {"error": {"message": said}}
        return {"custom_id": key, "response": {"status_code": 400, "body": body}, "error": None}

    server.line = rejecting
    if error:
        with pytest.raises(BackendError, match=error):
            score(2)
    else:
        score(2).close()
        assert score.statuses() == {"ok": 2}
        assert {c.dropped for c in score.completions()} == {("system_role",)}


def test_images_are_in_the_batch(score, server):
    url = "https://example.org/cat.png"
    score(items=[item("1", images=(Image(url=url),))]).close()
    (_, body), *_ = server.batches[0].requests
    assert {"type": "image_url", "image_url": {"url": url}} in body["messages"][1]["content"]


def test_an_image_that_is_gone_is_a_failure_of_its_item(score, tmp_path, monkeypatch):
    import PIL.Image

    PIL.Image.new("RGB", (8, 8)).save(tmp_path / "cat.png")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(
        "judge.scoring.images.ImageEncoder.encode",
        lambda *_: (_ for _ in ()).throw(OSError("cat.png is gone")),
    )
    score(items=[item("1", images=(Image(path="cat.png"),)), item("2", answer="Another.")]).close()
    assert score.statuses() == {"ok": 1, "failed": 1}


def test_an_image_without_an_encoder_ends_the_run(score, monkeypatch):
    monkeypatch.setattr(
        "judge.scoring.backends.batch.bodies.Messages", lambda endpoint, _: Unencoded(endpoint)
    )
    with pytest.raises(BackendError, match="no image encoder"):
        score(items=[item("1", images=(Image(url="https://example.org/cat.png"),))])


class Unencoded:
    def __init__(self, endpoint):
        from judge.scoring.backends.api.parameters import Messages

        self.of = Messages(endpoint, None).of


def test_expected_scores_are_read_from_the_log_probabilities(score, server):
    top = [{"token": "4", "logprob": -0.1, "bytes": [52]}, {"token": "5", "logprob": -2.4, "bytes": [53]}]
    token = {"token": "4", "logprob": -0.1, "top_logprobs": top}
    complete = server.completion

    def with_logprobs(body):
        found = complete(body)
        found["choices"][0] |= {
            "message": {"role": "assistant", "content": "4"},
            "logprobs": {"content": [token]},
        }
        return found

    server.completion = with_logprobs
    score(2, judge={"scores": "expected"}).close()
    assert all(c.label_probabilities["4"] == pytest.approx(0.9048, abs=1e-4) for c in score.completions())


def test_replies_without_log_probabilities_are_failures_of_expected_scores(score):
    score(1, judge={"scores": "expected"}).close()
    assert {c.failure.kind for c in score.completions()} == {"reply"}


# The user's choices


def test_without_waiting_the_batch_is_submitted_and_another_call_collects(score, server):
    server.polls = 1
    score(3, no_wait=True).close()
    assert score.sleeps == []
    assert "1 batch with 3 requests" in score.watch.stopped
    assert score.statuses() == {"skipped": 3}
    assert len(open_keys(score.folder)) == 3
    score(3).close()
    assert len(server.batches) == 1
    assert score.statuses() == {"ok": 3}
    assert open_keys(score.folder) == set()


def test_without_waiting_a_lost_creation_is_still_confirmed(score, server):
    server.lost, server.polls = 1, 5
    score(3, no_wait=True).close()
    (batch,) = batches_of(score.folder)
    assert batch.stage == "submitted"


def test_without_waiting_what_an_ended_batch_leaves_is_submitted_by_the_next_call(score, server):
    server.ends = ["expired"]
    score(4, no_wait=True).close()
    score(4, no_wait=True).close()
    score(4, no_wait=True).close()
    score(4).close()
    assert score.statuses() == {"ok": 4}
    assert set(server.paid.values()) == {1}


def test_without_waiting_a_limit_of_tokens_is_waited_for(score, server):
    server.ends = ["failed"]
    server.problem = ("token_limit_exceeded", None, "Too many.")
    score(8, no_wait=True).close()
    score(8, no_wait=True).close()
    assert [len(keys) for keys in server.sent()] == [8, 4, 4]
    assert "1 batch with 4 requests" in score.watch.stopped


def test_the_rest_is_sent_one_by_one_if_wanted(score, server):
    server.ends = ["expired"]
    score(6, live_rest=True).close()
    assert len(server.batches) == 1
    assert len(server.asked("POST", "/chat/completions")) == 3
    assert score.statuses() == {"ok": 6}


def test_the_rest_of_a_cancelled_batch_is_sent_one_by_one_if_wanted(score, server):
    score(6, no_wait=True).close()
    server.batches[0].is_cancelled = True
    score(6, live_rest=True, max_cost=1.0).close()
    assert len(server.asked("POST", "/chat/completions")) == 3
    assert score.statuses() == {"ok": 6}


def test_replies_that_cannot_be_parsed_are_asked_for_again_in_another_batch_or_one_by_one(score, server):
    server.text = lambda _: "no verdict"
    score(2, reask=True).close()
    assert [len(keys) for keys in server.sent()] == [2, 2]
    score.folder, server.ends = score.folder.with_name("another"), ["expired"]
    score(2, reask=True, live_rest=True).close()
    assert [len(keys) for keys in server.sent()] == [2, 2, 2]
    assert len(server.asked("POST", "/chat/completions")) == 1 + 2


def test_a_run_with_open_batches_refuses_single_requests(score, server):
    score(2, no_wait=True).close()
    with pytest.raises(RunError, match="2 requests are in batches that are not collected"):
        score(2, batch=False)
    assert not server.asked("POST", "/chat/completions")


def test_open_batches_belong_to_their_judge(score):
    score(2, no_wait=True).close()
    with pytest.raises(RunError, match="belongs to another judge"):
        score(2, judge={"params": {"temperature": 1}})


def test_open_batches_belong_to_their_address(score):
    score(2, no_wait=True).close()
    with pytest.raises(BackendError, match="set api_base"):
        score(2, api_base="http://127.0.0.1:9/v1")


def test_ctrl_c_leaves_the_batches_running(score, server):
    server.polls = 9

    def press(_):
        raise KeyboardInterrupt

    score.on_sleep = press
    with pytest.raises(KeyboardInterrupt):
        score(3)
    assert len(open_keys(score.folder)) == 3
    assert not server.batches[0].is_cancelled
    score.on_sleep = lambda _: None
    score(3).close()
    assert (score.statuses(), len(server.batches)) == ({"ok": 3}, 1)


def test_failed_requests_are_submitted_again_if_wanted(score, server):
    server.outcome = lambda *_: 400
    score(2).close()
    server.outcome = lambda *_: "ok"
    score(2).close()
    assert score.statuses() == {"failed": 2}
    score(2, retry_errors=True).close()
    assert score.statuses() == {"ok": 2}
    assert len(server.batches) == 2


# Cost


def test_the_maximum_cost_holds_before_submission(score, server):
    score(20, max_cost=0.01).close()
    n = len(server.batches[0].requests)
    assert 0 < n < 20
    assert score.watch.charged <= 0.01


def test_what_a_batch_did_not_cost_is_used_for_another(score, server):
    score(20, max_cost=0.01).close()
    assert len(server.batches) > 1
    assert set(server.paid.values()) == {1}


def test_a_maximum_cost_below_one_request_submits_nothing(score, server):
    score(2, max_cost=1e-7).close()
    assert not server.batches
    assert "would be exceeded" in score.watch.stopped


def test_submitted_batches_count_with_their_highest_cost(score, server):
    score(2, no_wait=True, max_cost=1.0).close()
    (batch,) = batches_of(score.folder)
    assert batch.estimate > 0
    assert score.watch.charged == pytest.approx(batch.estimate)
    server.polls = 2
    score(3, max_cost=batch.estimate, no_wait=True).close()
    assert len(server.batches) == 1


def test_a_maximum_cost_needs_a_price_of_batches(score):
    with pytest.raises(BackendError, match="no price is known"):
        score(2, "mistral", max_cost=1.0)


def test_replies_without_usage_count_with_their_estimate(score, server):
    complete = server.completion
    server.completion = lambda body: {**complete(body), "usage": None}
    score(2, max_cost=1.0).close()
    (batch,) = batches_of(score.folder)
    assert (batch.cost, score.watch.charged) == (None, pytest.approx(batch.estimate))


# Which models


@pytest.mark.parametrize(
    ("model", "options", "said"),
    [
        ("groq/llama-3.3-70b-versatile", {"api_base": None}, "batch .* is supported for openai, azure"),
        ("cohere/command-r", {"api_base": None}, "batch .* is supported"),
    ],
)
def test_a_provider_without_a_known_batch_api_is_refused(model, options, said, score, monkeypatch):
    monkeypatch.setenv("GROQ_API_KEY", "k")
    monkeypatch.setenv("COHERE_API_KEY", "k")
    with pytest.raises(BackendError, match=said):
        score(1, model=model, **options)


def test_a_compatible_server_is_named_by_its_address(score, server):
    score(2, model="my-model", api_base=f"{server.address}/v1").close()
    assert server.batches[0].requests[0][1]["model"] == "my-model"
    assert score.statuses() == {"ok": 2}


def test_expected_scores_are_refused_where_batches_give_no_probabilities(score):
    with pytest.raises(BackendError, match="expected scores need token probabilities"):
        score(1, "anthropic", judge={"scores": "expected"})


def test_an_intent_that_was_never_prepared_is_forgotten(score, server):
    score(2, no_wait=True).close()
    with sqlite3.connect(score.folder / "run.db") as db:
        db.execute("UPDATE batches SET stage = 'intended', prepared = '', batch_id = NULL")
    db.close()
    server.batches.clear()
    score(2).close()
    assert score.statuses() == {"ok": 2}
    assert [batch.number for batch in batches_of(score.folder)] == [1]


def test_a_batch_backend_can_be_used_without_a_callback(tmp_path, server):
    judge = Judge(model="openai/gpt-4o-mini", rubric=rubric())
    connection = Connection(api_base=f"{server.address}/v1", batch=True)
    with Run.create(tmp_path / "run", judge) as run:
        backend = BatchBackend(judge.model, BatchJournal(run.path, run.connection), connection=connection)
        assert list(backend.complete([])) == []
        assert (backend.spent, backend.drain(), backend.stopped) == (0.0, (), None)
        backend.close()


def test_the_first_wait_is_short_and_the_waits_grow_to_a_limit(score, server):
    server.polls = 12
    score(1, poll_seconds=10.0).close()
    assert score.sleeps[:3] == [10.0, 15.0, 22.5]
    assert max(score.sleeps) == 200.0


def test_the_state_of_all_batches_is_reported(score, server, monkeypatch):
    limit(monkeypatch, requests=2)
    server.polls = 3
    score(4).close()
    assert score.watch.texts[0] == "2 batches with 4 requests: 2 in progress"
    assert score.watch.texts[-1] == ""
    assert json.dumps(score.watch.texts)
