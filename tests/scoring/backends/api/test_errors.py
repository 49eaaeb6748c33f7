"""A table of what providers really say, and what it means."""

import pytest

from judge.errors import BackendError
from judge.scoring.backends.api.errors import (
    Failed,
    Rejected,
    classify,
    one_line,
    problem_of,
    redact,
)
from judge.scoring.backends.api.providers import Endpoint

ENDPOINT = Endpoint(
    name="openai/gpt-5",
    provider="openai",
    model="gpt-5",
    transport="http",
    base="https://api.openai.com/v1",
    key_names=("OPENAI_API_KEY",),
)
SENT = ("temperature", "max_tokens", "seed", "reasoning_effort", "response_format")


def meaning(status, body, headers=None, sent=SENT):
    return classify(problem_of(status, body, headers or {}), ENDPOINT, sent)


def openai(message, **more):
    return {"error": {"message": message, **more}}


AGAIN = [
    ("rate_limit", 429, openai("Rate limit reached for gpt-5 in organization org-1 on requests per min")),
    (
        "rate_limit",
        429,
        openai("You exceeded your current quota, please check your plan and billing details"),
    ),
    ("rate_limit", 429, "Too Many Requests"),
    ("server", 500, openai("The server had an error while processing your request")),
    ("server", 502, "<html><body>Bad Gateway</body></html>"),
    ("server", 503, openai("The model is overloaded")),
    ("server", 529, {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}),
    ("server", 409, openai("conflict")),
    ("timeout", 408, openai("Request timed out")),
]


@pytest.mark.parametrize(("kind", "status", "body"), AGAIN)
def test_what_may_pass_is_tried_again(kind, status, body):
    failed = meaning(status, body)
    assert isinstance(failed, Failed)
    assert (failed.kind, failed.again) == (kind, True)
    assert failed.message.startswith(str(status))


ITEM = [
    (
        "context",
        400,
        openai("This model's maximum context length is 8192 tokens.", code="context_length_exceeded"),
    ),
    ("context", 400, openai("prompt is too long: 210000 tokens > 200000 maximum")),
    ("context", 400, openai("'max_tokens' is too large: 5000. This model's maximum context length is 4096")),
    ("context", 413, openai("The input token count (1200000) exceeds the maximum number of tokens allowed")),
    ("filter", 400, openai("The response was filtered", code="content_filter")),
    ("filter", 400, openai("Invalid prompt: your prompt was flagged as violating our usage policy")),
    ("filter", 403, openai("The input was flagged by moderation")),
    ("image", 400, openai("Invalid image data")),
    ("request", 400, openai("Something is wrong with this one")),
    ("request", 422, {"detail": [{"loc": ["body", "messages"], "msg": "field required"}]}),
]


@pytest.mark.parametrize(("kind", "status", "body"), ITEM)
def test_what_lies_in_the_item_fails_the_item(kind, status, body):
    failed = meaning(status, body)
    assert isinstance(failed, Failed)
    assert (failed.kind, failed.again) == (kind, False)


DOOM = [
    ("key was rejected", 401, openai("Incorrect API key provided: sk-abcdefgh1234", code="invalid_api_key")),
    ("key was rejected", 400, [{"error": {"code": 400, "message": "API key not valid. Please pass one"}}]),
    ("quota is exhausted", 429, openai("You exceeded your current quota", code="insufficient_quota")),
    ("quota is exhausted", 402, openai("Insufficient credits")),
    ("quota is exhausted", 402, openai("Insufficient Balance")),
    ("quota is exhausted", 400, openai("Your credit balance is too low to access the Anthropic API")),
    ("access was refused", 403, openai("Country, region, or territory not supported")),
    ("no such model", 404, openai("The model `gpt-9` does not exist", code="model_not_found")),
    ("no such model", 404, "Not Found"),
    ("no such model", 400, openai("gpt-9 is not a valid model ID, model not found")),
    ("server redirects", 301, ""),
]


@pytest.mark.parametrize(("said", "status", "body"), DOOM)
def test_what_lies_in_the_account_ends_the_run_in_one_line(said, status, body):
    error = meaning(status, body)
    assert isinstance(error, BackendError)
    assert said in str(error)
    assert "openai/gpt-5 at https://api.openai.com/v1" in str(error)
    assert "\n" not in str(error)


REJECTED = [
    ("temperature", openai("Unsupported value: 'temperature' does not support 0", param="temperature")),
    ("seed", {"detail": "seed: Extra inputs are not permitted"}),
    ("reasoning_effort", openai("Unrecognized request argument supplied: reasoning_effort")),
    ("max_tokens", openai("max_tokens is deprecated")),
    ("response_format", openai("This response_format type is unavailable now")),
    ("response_format", openai("Invalid schema for response_format 'verdict'", param="response_format")),
    ("response_format", openai("json_schema: additionalProperties must be false", param="response_format.x")),
    ("response_format", openai("Grammar error: Unimplemented keys: ['minimum']")),
    ("response_format", openai("guided_json is not enabled on this server")),
]


@pytest.mark.parametrize(("param", "body"), REJECTED)
def test_a_parameter_that_is_not_taken_is_named(param, body):
    rejected = meaning(400, body)
    assert isinstance(rejected, Rejected)
    assert rejected.param == param


def test_another_name_for_the_same_limit_is_understood():
    said = "Unsupported parameter: 'max_tokens' is not supported. Use 'max_completion_tokens' instead."
    assert meaning(400, openai(said, param="max_tokens")).instead == "max_completion_tokens"


def test_a_parameter_that_was_not_sent_is_not_the_culprit():
    failed = meaning(400, openai("temperature is not supported", param="temperature"), sent=("seed",))
    assert isinstance(failed, Failed)


def test_a_limit_that_one_item_alone_may_pass_is_its_own_failure():
    failed = meaning(400, openai("the prompt and max_tokens are too long together"), sent=("max_tokens",))
    assert isinstance(failed, Failed)


def test_a_choice_between_parameters_leaves_the_one_out_that_is_not_taken():
    rejected = meaning(400, openai("seed is not supported: choose between it and top_p"), sent=("seed",))
    assert (rejected.param, rejected.is_value) == ("seed", False)


def test_a_name_inside_another_word_is_not_the_parameter():
    failed = meaning(400, openai("unknown field my_seed_value"), sent=("seed",))
    assert isinstance(failed, Failed)


@pytest.mark.parametrize(
    ("param", "said"),
    [
        ("temperature", "must be at most 2"),
        ("max_tokens", "max_tokens=9612 cannot be greater than max_model_len=4096."),
        (
            "max_tokens",
            "max_tokens is too large: 20000. This model supports at most 16384 completion tokens.",
        ),
    ],
)
def test_a_value_that_is_not_taken_is_told_from_its_parameter(param, said):
    rejected = meaning(400, openai(said, param=param, code="decimal_above_max_value"))
    assert (rejected.param, rejected.is_value) == (param, True)


@pytest.mark.parametrize(
    ("status", "said", "param"),
    [
        (403, "You are not allowed to request logprobs from this model", None),
        (400, "Requested sample logprobs of 21, which is greater than max allowed: 20", "logprobs"),
        (422, "Extra inputs are not permitted", "top_logprobs"),
    ],
)
def test_log_probabilities_that_are_not_given_are_no_matter_of_keys_or_models(status, said, param):
    rejected = meaning(status, openai(said, param=param), sent=("max_tokens", "logprobs", "top_logprobs"))
    assert (rejected.param, rejected.message) == ("logprobs", said)


def test_a_refusal_carries_how_long_to_wait():
    assert meaning(429, openai("slow"), {"retry-after": "7"}).retry_after == 7.0


@pytest.mark.parametrize("body", [None, [], {}, "", 3, {"error": None}, {"error": "no"}, [1], {"error": []}])
def test_an_error_in_any_shape_is_an_error(body):
    assert isinstance(meaning(500, body), Failed)


def test_long_texts_are_cut():
    assert len(one_line("x" * 10_000)) < 500
    assert one_line("a\n b\r\n\tc") == "a b c"


def test_keys_of_the_environment_are_blotted_out(monkeypatch):
    monkeypatch.setenv("SOME_API_KEY", "abcd-efgh-ijkl")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG")
    text = "abcd-efgh-ijkl wJalrXUtnFEMI/K7MDENG gsk_1234567890 https://me:pass@host/v1"
    assert redact(text) == "[key] [key] [key] https://[key]host/v1"


def test_plain_words_stay():
    assert redact("task-specific risk-averse skeleton") == "task-specific risk-averse skeleton"
