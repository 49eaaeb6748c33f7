"""The way to a decision model and back: every error has a status, and what dooms the run ends it."""

import json

import pytest

from judge.errors import BackendError
from judge.records import Image
from tests.support.decision_server import Answer, decided

from .conftest import request_for, rubric

PNG = "data:image/png;base64,QUJD"


def problem(status, message="no", headers=None, **more):
    return Answer({"error": {"message": message, **more}}, status, headers or {})


def test_the_stored_reply_is_the_json_that_was_answered(server, backend_of, complete):
    (found,) = complete(backend_of(), [request_for()])
    assert json.loads(found.reply) == decided(server.bodies()[0])
    assert (found.model, found.usage.prompt_tokens, found.usage.cached_tokens) == ("m-1", 100, 40)


def test_every_request_gets_one_completion_over_few_connections(server, backend_of, complete):
    found = complete(backend_of(max_connections=4), (request_for(number=n) for n in range(40)))
    assert len({c.key for c in found}) == 40
    assert len(server.seen) == 40


@pytest.mark.parametrize(
    ("model", "variable", "header", "value"),
    [
        ("decisions:openai/m", "OPENAI_API_KEY", "Authorization", "Bearer my-secret-key"),
        ("decisions:azure/m", "AZURE_API_KEY", "api-key", "my-secret-key"),
        ("decisions:gemini/m", "GEMINI_API_KEY", "x-goog-api-key", "my-secret-key"),
        ("systemone:own", "JUDGE_API_KEY", "Authorization", "Bearer my-secret-key"),
    ],
)
def test_the_key_goes_into_the_header_of_its_provider(
    model, variable, header, value, server, backend_of, complete, monkeypatch
):
    monkeypatch.setenv(variable, "my-secret-key")
    complete(backend_of(model), [request_for(model)])
    assert server.seen[0].headers[header] == value
    assert sum("my-secret-key" in sent for sent in server.seen[0].headers.values()) == 1


def test_without_a_key_none_is_sent(server, backend_of, complete):
    complete(backend_of(), [request_for()])
    assert "Authorization" not in server.seen[0].headers


def test_typesafe_is_told_of_images_in_a_header(server, backend_of, complete):
    model = "systemone:typesafe/m"
    requests = [request_for(model, images=(Image(url=PNG),)), request_for(model, number=1)]
    backend = backend_of(model, max_connections=1, encode=lambda item, index: item.images[index].url)
    complete(backend, requests)
    assert [seen.headers.get("typesafe-danger-zone-images") for seen in server.seen] == ["true", None]


# Envelopes


def test_cloudflares_envelope_is_taken_off(server, backend_of, complete):
    model = "systemone:cloudflare/clef"
    server.answer = lambda seen: Answer({"result": decided(seen.body), "success": True, "errors": []})
    (found,) = complete(backend_of(model), [request_for(model)])
    assert json.loads(found.reply) == decided(server.bodies()[0])
    assert server.seen[0].path == "/v1/@cf/cloudflare/clef"


def test_the_response_within_a_response_of_databricks_is_taken_out(server, backend_of, complete):
    model = "systemone:databricks/jev"
    server.answer = lambda seen: Answer({"response": decided(seen.body)})
    (found,) = complete(backend_of(model), [request_for(model)])
    assert json.loads(found.reply)["answers"] == decided(server.bodies()[0])["answers"]


def test_an_input_that_is_declined_as_a_whole_is_a_reply(server, backend_of, complete):
    server.script = [Answer({"prompt_feedback": {"block_reason": "SAFETY"}})]
    (found,) = complete(backend_of("decisions:gemini/m"), [request_for("decisions:gemini/m")])
    assert "SAFETY" in found.reply


def test_an_input_that_is_declined_may_have_answers_that_are_null(server, backend_of, complete):
    server.script = [Answer({"answers": None, "prompt_feedback": {"block_reason": "SAFETY"}})]
    (found,) = complete(backend_of("decisions:gemini/m"), [request_for("decisions:gemini/m")])
    assert "SAFETY" in found.reply


@pytest.mark.parametrize("beside", [{"error": {"message": "degraded"}}, {"success": False}], ids=str)
def test_answers_beside_an_error_are_not_paid_for_again(beside, server, backend_of, complete):
    server.answer = lambda seen: Answer({**decided(seen.body), **beside})
    (found,) = complete(backend_of("decisions:m"), [request_for("decisions:m")])
    assert (found.failure, len(server.seen)) == (None, 1)


def test_an_error_beside_an_empty_list_of_answers_is_an_error(server, backend_of, complete):
    server.script = [Answer({"answers": [], "error": {"message": "overloaded"}})]
    (found,) = complete(backend_of("decisions:m"), [request_for("decisions:m")])
    assert (found.failure, found.tries) == (None, 2)


def test_both_values_of_a_name_that_stands_twice_are_kept(server, backend_of, complete):
    """Which of them is meant is unknown, so that none may count."""
    server.script = [Answer(b'{"answers": {"truth": {"type": "score"}, "truth": {"type": "noul"}, "a": 1}}')]
    (found,) = complete(backend_of("systemone:m"), [request_for("systemone:m")])
    assert json.loads(found.reply) == {
        "answers": {"truth": [{"type": "score"}, {"type": "noul"}], "a": 1},
    }


# Failures of one item


FAILURES = {
    "context (OpenAI)": (problem(400, "too long", code="context_length_exceeded"), "context"),
    "context (vLLM)": (problem(400, "This model's maximum context length is 8192 tokens."), "context"),
    "context (413)": (Answer({"detail": "payload too large"}, 413), "context"),
    "filter": (problem(400, "flagged by content policy", code="content_filter"), "filter"),
    "bad request": (problem(400, "the input is odd"), "request"),
    "validation of the state": (
        Answer({"detail": [{"loc": ["body", "state"], "msg": "too short", "type": "string_too_short"}]}, 422),
        "request",
    ),
    "an empty list of details": (Answer({"detail": []}, 422), "request"),
    "a place that is no list": (Answer({"detail": [{"loc": "state", "msg": "too short"}]}, 422), "request"),
    "an error in the envelope": (
        Answer({"result": None, "success": False, "errors": [{"code": 5006, "message": "odd"}]}, 400),
        "request",
    ),
    "errors that are none": (Answer({"errors": ["odd"]}, 400), "request"),
}


@pytest.mark.parametrize("name", FAILURES)
def test_an_error_that_concerns_the_item_is_its_failure(name, server, backend_of, complete):
    server.script, kind = [FAILURES[name][0]], FAILURES[name][1]
    backend = backend_of(max_connections=1)
    first, second = complete(backend, [request_for(), request_for(number=1)])
    assert (first.failure.kind, second.failure) == (kind, None)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (problem(500), "server"),
        (problem(503), "server"),
        (problem(429, headers={"Retry-After": "0"}), "rate_limit"),
        (problem(429, headers={"retry-after-ms": "1"}), "rate_limit"),
        (problem(429, "You exceeded your current quota.", {"Retry-After": "0"}), "rate_limit"),
        (Answer({"error": {"message": "busy"}}), "server"),
        (Answer({"success": False, "errors": [{"message": "busy"}]}), "server"),
        (Answer(b'{"answers": ['), "reply"),
        (Answer({"choices": []}), "reply"),
        (Answer([]), "reply"),
        (Answer(b"<html>", 502), "server"),
        (None, "connection"),
    ],
    ids=str,
)
def test_what_passes_is_asked_again(answer, kind, server, backend_of, complete):
    server.script = [answer]
    backend = backend_of()
    (found,) = complete(backend, [request_for()])
    assert found.reply
    assert (found.tries, dict(backend.retries)) == (2, {kind: 1})


def test_replies_without_answers_are_not_asked_for_again_and_again(server, backend_of, complete):
    server.script = [Answer({"choices": []})] * 2
    (found,) = complete(backend_of(), [request_for()])
    assert found.failure.kind == "reply"
    assert "no answers" in found.failure.message


def test_images_that_a_model_does_not_take_are_the_failure_of_the_item(server, backend_of, complete):
    server.script = [problem(400, "Decisions supports text input only; images are not supported")]
    backend = backend_of(encode=lambda item, index: item.images[index].url)
    (found,) = complete(backend, [request_for(images=(Image(url=PNG),))])
    assert found.failure.kind == "image"


# What ends the run

DOOMS = {
    "key": (problem(401, "Incorrect API key provided."), "the key was rejected"),
    "permission": (problem(403, "Access denied."), "access was refused"),
    "quota": (problem(429, "Quota.", type="insufficient_quota"), "the quota is exhausted"),
    "quota (System One)": (
        Answer({"detail": "You exceeded your current quota."}, 429),
        "the quota is exhausted",
    ),
    "a bad question (OpenAI)": (
        problem(400, "Invalid 'questions[0].levels': too long.", param="questions[0].levels"),
        "a question was refused .* change the rubric",
    ),
    "a bad question (System One)": (
        Answer({"detail": [{"loc": ["body", "questions", "a"], "msg": "too long", "type": "t"}]}, 422),
        "a question was refused .*body.questions.a: too long",
    ),
    "a bad question (vLLM)": (
        problem(400, "question 'truth': at most 26 options for this model", type="BadRequestError"),
        "a question was refused",
    ),
    "a parameter": (
        problem(400, "Unknown parameter: 'prompt_cache_key'.", param="prompt_cache_key", code="unknown"),
        "the parameter prompt_cache_key was refused",
    ),
    "a model that does not decide": (
        problem(501, "The model does not support the structured decision API"),
        "this model answers no decisions",
    ),
}


@pytest.mark.parametrize("name", DOOMS)
def test_what_all_items_share_ends_the_run(name, server, backend_of, complete):
    answer, said = DOOMS[name]
    server.answer = lambda _: answer
    requests = [request_for(params={"prompt_cache_key": "k"}, number=n) for n in range(3)]
    with pytest.raises(BackendError, match=said):
        complete(backend_of(max_connections=1), requests)
    assert len(server.seen) == 1


def test_a_bad_criterion_is_a_matter_of_its_item(server, backend_of, complete):
    server.script = [problem(400, "too long", param="questions[0].instructions")]
    without = {"dimensions": {}, "flags": {}, "pass": {"overall": 0.5}}
    by = rubric(criteria={}, overall={"how": "points"}, **without)
    asked = request_for(by=by, metadata={"criteria": ["It names the year."]})
    (found,) = complete(backend_of(), [asked])
    assert found.failure.kind == "request"


def test_a_model_that_does_not_decide_is_told_which_do(server, backend_of, complete):
    server.answer = lambda _: problem(501, "no")
    with pytest.raises(BackendError, match=r"Models that decide: .*Qwen3ForCausalLM"):
        complete(backend_of("systemone:hosted_vllm/m"), [request_for("systemone:hosted_vllm/m")])


@pytest.mark.parametrize(
    ("listed", "said"),
    [
        (Answer({"data": [{"id": "clef"}, {"id": "luna"}, {}, "x"]}), "The server has clef, luna"),
        (Answer({"data": [{"id": "m"}]}), r"\(gone\)\. To see"),
        (Answer({"models": []}), r"\(gone\)\. To see"),
        (Answer([]), r"\(gone\)\. To see"),
        (problem(404), r"\(gone\)\. To see"),
        (Answer(b"no JSON"), r"\(gone\)\. To see"),
    ],
    ids=str,
)
def test_a_missing_route_names_the_models_of_the_server(listed, said, server, backend_of, complete):
    server.script = [problem(404, "gone"), listed]
    with pytest.raises(BackendError, match=f"no such model or route at .*/v1/decisions .*{said}"):
        complete(backend_of(), [request_for()])


# Cost


@pytest.fixture
def _priced(monkeypatch):
    entry = {"input_cost_per_token": 7.0, "output_cost_per_token": 9.0}
    entry |= {"input_cost_per_token_decisions": 1e-3, "output_cost_per_token_decisions": 0.0}
    listed = {"m": {**entry, "litellm_provider": "openai", "mode": "chat"}}
    monkeypatch.setattr("judge.scoring.backends.api.pricing._price_list", lambda: listed)


@pytest.mark.usefixtures("_priced")
def test_a_decision_costs_its_input(backend_of, complete):
    (found,) = complete(backend_of("decisions:openai/m"), [request_for("decisions:openai/m")])
    assert found.cost == pytest.approx(0.1)


@pytest.mark.usefixtures("_priced")
def test_the_budget_holds(server, backend_of, complete):
    backend = backend_of("decisions:openai/m", max_cost=1.5, max_connections=1)
    found = complete(backend, (request_for("decisions:openai/m", number=n) for n in range(100)))
    assert 0 < len(found) < 100
    assert backend.spent <= 1.5
    assert "max_cost" in backend.stopped
    assert len(server.seen) == len(found)


def test_a_cost_that_the_provider_states_counts(server, backend_of, complete):
    model = "decisions:openrouter/a/b"
    server.answer = lambda seen: Answer({**decided(seen.body), "usage": {"input_tokens": 9, "cost": 0.5}})
    (found,) = complete(backend_of(model), [request_for(model)])
    assert found.cost == 0.5


@pytest.mark.parametrize("usage", [None, "many", {"output_tokens": 2}])
def test_a_reply_without_counts_has_no_cost(usage, server, backend_of, complete):
    server.answer = lambda seen: Answer({**decided(seen.body), "usage": usage, "model": 3})
    (found,) = complete(backend_of(), [request_for()])
    assert (found.usage, found.cost, found.model) == (None, None, None)


def test_a_key_that_the_provider_repeats_is_not_stored(server, backend_of, complete, monkeypatch):
    monkeypatch.setenv("JUDGE_API_KEY", "my-secret-key")
    server.answer = lambda seen: Answer({**decided(seen.body), "echo": "my-secret-key"})
    (found,) = complete(backend_of(), [request_for()])
    assert "my-secret-key" not in found.reply
