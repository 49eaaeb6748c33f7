"""Where a model is asked, and with which key."""

import pytest

from judge.errors import BackendError
from judge.scoring.backends.api.providers import OPENAI_COMPATIBLE, resolve, supports_schema


@pytest.mark.parametrize(
    ("model", "base", "environ", "expected"),
    [
        ("openai/gpt-5", None, {"OPENAI_API_KEY": "k"}, ("http", "https://api.openai.com/v1", "gpt-5", "k")),
        ("gpt-5", None, {"OPENAI_API_KEY": "k"}, ("http", "https://api.openai.com/v1", "gpt-5", "k")),
        (
            "openrouter/meta-llama/llama-4",
            None,
            {"OPENROUTER_API_KEY": "k"},
            ("http", "https://openrouter.ai/api/v1", "meta-llama/llama-4", "k"),
        ),
        ("hosted_vllm/Qwen/Q", "http://h:8000/v1/", {}, ("http", "http://h:8000/v1", "Qwen/Q", None)),
        ("Qwen/Q", "http://h/v1", {"OPENAI_API_KEY": "k"}, ("http", "http://h/v1", "Qwen/Q", None)),
        ("Qwen/Q", "http://h/v1", {"JUDGE_API_KEY": "k"}, ("http", "http://h/v1", "Qwen/Q", "k")),
        ("openai/x", "http://h/v1", {}, ("http", "http://h/v1", "x", None)),
        ("openai/x", "http://h/v1", {"OPENAI_API_KEY": "k"}, ("http", "http://h/v1", "x", "k")),
        ("openai/x", None, {"OPENAI_BASE_URL": "http://h/v1"}, ("http", "http://h/v1", "x", None)),
        ("hosted_vllm/x", None, {"HOSTED_VLLM_API_BASE": "http://h/v1"}, ("http", "http://h/v1", "x", None)),
        (
            "fireworks_ai/qwen3",
            None,
            {"FIREWORKS_AI_API_KEY": "k"},
            ("http", "https://api.fireworks.ai/inference/v1", "accounts/fireworks/models/qwen3", "k"),
        ),
        ("anthropic/claude-x", None, {"ANTHROPIC_API_KEY": "k"}, ("litellm", None, "claude-x", "k")),
        ("claude-sonnet-4-5", None, {"ANTHROPIC_API_KEY": "k"}, ("litellm", None, "claude-sonnet-4-5", "k")),
        ("gemini/gemini-2.5-pro", None, {"GOOGLE_API_KEY": "k"}, ("litellm", None, "gemini-2.5-pro", "k")),
        ("bedrock/anthropic.claude-x", None, {}, ("litellm", None, "anthropic.claude-x", None)),
    ],
)
def test_a_model_leads_to_an_address_and_a_key(model, base, environ, expected):
    found = resolve(model, base, environ=environ)
    assert (found.transport, found.base, found.model, found.key) == expected


@pytest.mark.parametrize(
    ("model", "variable"),
    [(f"{name}/m", provider.keys[0]) for name, provider in OPENAI_COMPATIBLE.items() if provider.needs_key]
    + [
        ("anthropic/claude-x", "ANTHROPIC_API_KEY"),
        ("gemini/g", "GEMINI_API_KEY"),
        ("gpt-5", "OPENAI_API_KEY"),
    ]
    + [("azure/deployment", "AZURE_API_KEY")],
)
def test_a_missing_key_is_named_before_anything_is_sent(model, variable):
    with pytest.raises(BackendError, match=f"{model} needs a key: set the environment variable {variable}"):
        resolve(model)


def test_a_model_whose_key_is_there_can_be_asked(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    assert resolve("openai/gpt-5").key == "k"


def test_a_model_of_nobody_is_an_error_that_says_what_to_write():
    with pytest.raises(BackendError, match="Write PROVIDER/MODEL, such as openai/gpt-5"):
        resolve("my-model", environ={})


def test_a_server_of_ones_own_needs_its_address():
    with pytest.raises(BackendError, match=r"--api-base\), such as http://HOST:PORT/v1"):
        resolve("hosted_vllm/q", environ={})


def test_an_address_without_a_scheme_is_an_error():
    with pytest.raises(BackendError, match="must start with http"):
        resolve("openai/x", "localhost:8000/v1", environ={})


def test_the_other_way_can_be_forced():
    found = resolve("openai/x", "http://h/v1", "litellm", environ={"OPENAI_API_KEY": "k"})
    assert (found.transport, found.name) == ("litellm", "openai/x")


def test_a_bare_name_with_an_address_goes_through_litellm_as_an_openai_model():
    found = resolve("Qwen/Q", "http://h/v1", "litellm", environ={"JUDGE_API_KEY": "k"})
    assert (found.name, found.key) == ("openai/Qwen/Q", "k")


def test_the_key_of_a_provider_never_goes_to_an_unnamed_server():
    environ = {f"{name.upper()}_API_KEY": "k" for name in [*OPENAI_COMPATIBLE, "anthropic", "gemini"]}
    assert resolve("some/model", "http://h/v1", environ=environ).key is None


def test_a_key_with_a_line_end_inside_is_refused_without_being_shown():
    with pytest.raises(BackendError, match="the key in OPENAI_API_KEY contains invalid characters") as raised:
        resolve("openai/x", environ={"OPENAI_API_KEY": "sec\nret"})
    assert "ret" not in str(raised.value).replace("characters", "")


def test_an_endpoint_does_not_show_its_key():
    assert "secret" not in repr(resolve("openai/x", environ={"OPENAI_API_KEY": "secret"}))


@pytest.mark.parametrize(
    ("model", "base", "takes"),
    [
        ("openai/x", None, True),
        ("hosted_vllm/x", None, True),
        ("deepseek/x", None, False),
        ("m", "http://h", True),
    ],
)
def test_a_schema_is_sent_unless_a_refusal_is_known(model, base, takes):
    assert supports_schema(model, base) is takes
