"""The dialects of providers: what each says, and what is done about it. One row of the tables, one test."""

import json

import pytest

from judge.errors import BackendError
from judge.scoring.backends.api.dialects import DIALECTS, dialect_of, filtered_by, parts_of
from judge.scoring.backends.api.errors import Failed, Rejected, classify, problem_of
from judge.scoring.backends.api.providers import Endpoint

ENDPOINT = Endpoint(
    name="openai/m", provider="openai", model="m", transport="http", base="http://127.0.0.1:8000/v1"
)
ALL = ("response_format", "system_role", "one reply", "pictures", "temperature")
SCHEMA_500 = "response_format type must be text or json_object, got json_schema"

# What servers say, the status with which they do, and the row that it belongs to.
SAID = [
    (0, 500, SCHEMA_500),
    (0, 400, "'response_format.type' must be 'text' or 'json_object'"),
    (0, 400, "This model does not support structured output"),
    (0, 422, "unknown field json_schema"),
    (0, 503, "json_schema is not supported by this backend"),
    (1, 404, "No endpoints found that can handle the requested parameters."),
    (3, 404, "No endpoints found matching your data policy. Enable prompt training"),
    (3, 404, "No endpoints available matching your guardrail restrictions and data policy."),
    (4, 400, "System role not supported"),
    (4, 500, "Jinja error: System role not supported"),
    (4, 400, "Unsupported value: 'messages[0].role' does not support 'system' with this model."),
    (4, 400, "Developer instruction is not enabled for models/gemma-3-27b-it"),
    (4, 400, "Only user and assistant roles are supported!"),
    (4, 424, "Conversation roles must alternate user/assistant/user/assistant/..."),
    (4, 422, "Input should be 'user' or 'assistant'"),
    (5, 400, "This model only support stream mode, please enable the stream parameter to access the model."),
    (5, 400, "Requests with max_tokens > 4096 must have stream=true"),
    (5, 400, "parameter.enable_thinking must be set to false for non-streaming calls"),
    (5, 400, "Streaming is required for this model"),
    (5, 400, "non-streaming requests are not supported"),
    (6, 404, "No endpoints found that support image input"),
    (6, 500, "image input is not supported - hint: you may need to provide the mmproj"),
    (6, 400, "At most 0 image(s) may be provided in one prompt."),
    (6, 400, "m is not a multimodal model"),
    (7, 500, "the request exceeds the available context size. try increasing the context size"),
    (7, 502, "This model's maximum context length is 8192 tokens"),
    (8, 404, "This is not a chat model and thus not supported in the v1/chat/completions endpoint."),
    (8, 400, "This model is only supported in v1/responses and not in v1/chat/completions."),
]


@pytest.mark.parametrize(("row", "status", "said"), SAID, ids=[f"{row}-{s[:30]}" for row, _, s in SAID])
def test_a_dialect_is_recognised(row, status, said):
    assert dialect_of(status, said, ALL) is DIALECTS[row]


def test_a_router_that_lacks_parameters_without_a_schema_is_asked_about_the_others():
    said = "No endpoints found that can handle the requested parameters."
    assert dialect_of(404, said, ["temperature"]) is DIALECTS[2]


def test_every_dialect_has_an_example_and_one_consequence():
    assert {row for row, _, _ in SAID} | {2} == set(range(len(DIALECTS)))
    for row in DIALECTS:
        assert bool(row.change) + bool(row.kind) + bool(row.advice and not row.kind) == 1


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (500, "The server had an error while processing your request"),
        (503, "The model is overloaded"),
        (404, "The model `m` does not exist"),
        (404, "No endpoints found for some/model:free."),
        (400, "messages: field required"),
        (400, "temperature must be at most 2"),
        (502, "upstream connect error: stream reset"),
        (429, "System role not supported"),
        (401, "System role not supported"),
    ],
)
def test_an_ordinary_error_matches_no_dialect(status, said):
    assert dialect_of(status, said, ALL) is None


@pytest.mark.parametrize("row", [row for row in DIALECTS if row.needs], ids=lambda row: row.name[:40])
def test_what_was_not_sent_is_not_the_matter(row):
    said = next(said for place, _, said in SAID if DIALECTS[place] is row)
    status = next(status for place, status, _ in SAID if DIALECTS[place] is row)
    others = [part for part in ALL if part != row.needs]
    assert dialect_of(status, said, others) is not row


def meaning(status, body, sent=ALL):
    return classify(problem_of(status, body, {}), ENDPOINT, sent)


@pytest.mark.parametrize(
    ("row", "param"), [(0, "response_format"), (1, "response_format"), (4, "system_role"), (5, "stream")]
)
def test_what_can_be_put_otherwise_is_rejected_in_name(row, param):
    status, said = next((status, said) for place, status, said in SAID if place == row)
    rejected = meaning(status, {"error": {"message": said, "code": status}})
    assert isinstance(rejected, Rejected)
    assert (rejected.param, rejected.is_value) == (param, False)


@pytest.mark.parametrize(("row", "kind"), [(6, "image"), (7, "context")])
def test_what_lies_in_the_item_fails_the_item(row, kind):
    status, said = next((status, said) for place, status, said in SAID if place == row)
    failed = meaning(status, {"error": {"message": said}})
    assert isinstance(failed, Failed)
    assert (failed.kind, failed.again) == (kind, False)


@pytest.mark.parametrize(("row", "advice"), [(3, "privacy settings"), (8, "choose one that does")])
def test_what_the_user_must_change_ends_the_run_with_advice(row, advice):
    status, said = next((status, said) for place, status, said in SAID if place == row)
    error = meaning(status, {"error": {"message": said}})
    assert isinstance(error, BackendError)
    assert advice in str(error)
    assert "openai/m at http://127.0.0.1:8000/v1" in str(error)


# What a router wraps


def wrapped(raw, message="Provider returned error", code=400):
    return {"error": {"message": message, "code": code, "metadata": {"raw": raw, "provider_name": "P"}}}


INNER = {"error": {"message": SCHEMA_500, "type": "server_error", "param": "response_format"}}


@pytest.mark.parametrize("raw", [json.dumps(INNER), INNER, SCHEMA_500, json.dumps(wrapped(INNER))])
@pytest.mark.parametrize("status", [400, 500, 502])
def test_an_error_inside_metadata_raw_is_what_counts(raw, status):
    rejected = meaning(status, wrapped(raw, code=status))
    assert isinstance(rejected, Rejected)
    assert rejected.param == "response_format"
    assert rejected.message == f"Provider returned error: {rejected.message.partition(': ')[2]}"


@pytest.mark.parametrize(
    "raw", [None, "", 5, [], [[]], {}, "{half", "[" * 100_000, {"metadata": {"raw": {}}}]
)
def test_an_odd_raw_is_no_crash(raw):
    assert isinstance(meaning(502, wrapped(raw)), Failed)


def test_a_raw_error_of_haste_stays_one():
    failed = meaning(429, wrapped("m is temporarily rate-limited upstream", code=429))
    assert (failed.kind, failed.again) == ("rate_limit", True)
    assert "rate-limited upstream" in failed.message


# Parts of a request


def test_the_parts_of_a_request_are_named():
    messages = [
        {"role": "system", "content": "Judge."},
        {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:x"}}]},
    ]
    assert parts_of(messages, ["seed"]) == ["seed", "system_role", "pictures", "one reply"]
    assert parts_of([{"role": "user", "content": "x"}], ["stream"]) == ["stream"]


@pytest.mark.parametrize(
    "data", [None, [], {}, {"choices": 5}, {"content_filter_results": {"hate": 5}}, {"choices": [None]}]
)
def test_no_filter_found_anything_in_odd_data(data):
    assert filtered_by(data) == []
