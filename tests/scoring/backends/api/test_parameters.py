"""Parameters and messages in the form that each provider takes."""

import asyncio
import json
import re

import pytest

from judge.errors import BackendError
from judge.records import Item
from judge.rubric import ItemRubrics, load_rubric, shipped_rubrics
from judge.scoring.backends.api.errors import Failed, Rejected
from judge.scoring.backends.api.parameters import Messages, Parameters
from judge.scoring.backends.api.providers import Endpoint
from judge.scoring.reply_form import reply_schema


def endpoint(model="gpt-4.1", provider="openai", transport="http"):
    return Endpoint(name=f"{provider}/{model}", provider=provider, model=model, transport=transport)


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("gpt-4.1", "max_tokens"),
        ("gpt-5", "max_completion_tokens"),
        ("gpt-5-mini", "max_completion_tokens"),
        ("gpt-5.2", "max_completion_tokens"),
        ("o3", "max_completion_tokens"),
        ("o4-mini", "max_completion_tokens"),
        ("openai/o3", "max_completion_tokens"),
        ("gpt-oss-120b", "max_tokens"),
        ("phi-o3x", "max_tokens"),
    ],
)
def test_reasoning_models_have_another_name_for_the_limit(model, name, ask_for):
    assert Parameters(endpoint(model)).of(ask_for(max_tokens=9)) == {name: 9}


def test_mistral_calls_the_seed_by_another_name(ask_for):
    assert Parameters(endpoint("m", "mistral")).of(ask_for(seed=1)) == {"random_seed": 1}


def test_what_is_not_set_is_not_sent(ask_for):
    assert Parameters(endpoint()).of(ask_for(temperature=None)) == {}


def test_nought_is_set(ask_for):
    assert Parameters(endpoint()).of(ask_for(temperature=0)) == {"temperature": 0}


def test_a_renamed_parameter_that_is_rejected_is_dropped_under_its_own_name(ask_for):
    parameters, request = Parameters(endpoint("gpt-5")), ask_for(max_tokens=9, seed=1)
    parameters.reject(Rejected("max_completion_tokens", "no"), parameters.of(request))
    assert parameters.of(request) == {"seed": 1}
    assert parameters.dropped(request) == ("max_tokens",)
    assert parameters.dropped(ask_for(seed=1)) == ()


def test_a_name_that_is_no_better_is_dropped_and_not_swapped_for_ever(ask_for):
    parameters, request = Parameters(endpoint()), ask_for(max_tokens=9)
    parameters.reject(Rejected("max_tokens", "no", "max_completion_tokens"), parameters.of(request))
    parameters.reject(Rejected("max_completion_tokens", "no", "max_tokens"), parameters.of(request))
    assert parameters.of(request) == {}
    assert parameters.dropped(request) == ("max_tokens",)


def test_rejecting_what_was_not_sent_fails_the_item():
    with pytest.raises(Failed, match="seed"):
        Parameters(endpoint()).reject(Rejected("seed", "no"), {})


@pytest.mark.parametrize(
    ("marked", "model", "provider", "transport"),
    [
        (True, "claude-sonnet-4-5", "anthropic", "litellm"),
        (True, "anthropic.claude-sonnet-4-5-v1:0", "bedrock", "litellm"),
        (True, "anthropic/claude-sonnet-4.5", "openrouter", "http"),
        (False, "gpt-4.1", "openai", "http"),
        (False, "gemini-2.5-pro", "gemini", "litellm"),
        (False, "claude-like", "hosted_vllm", "http"),
    ],
)
def test_the_static_part_is_marked_where_claude_reads_it(marked, model, provider, transport, ask_for):
    messages = asyncio.run(Messages(endpoint(model, provider, transport), None).of(ask_for()))
    assert isinstance(messages[0]["content"], list) is marked


def test_marking_leaves_the_request_as_it_is(ask_for):
    request = ask_for()
    asyncio.run(Messages(endpoint("claude-x", "anthropic", "litellm"), None).of(request))
    assert request.messages[0]["content"] == "Judge the answer."


def test_pictures_without_an_encoder_are_an_error(ask_for):
    request = ask_for(content=[{"type": "image", "image": 0}])
    with pytest.raises(BackendError, match="has no image encoder"):
        asyncio.run(Messages(endpoint(), None).of(request))


VLLM = endpoint("m", "hosted_vllm")


@pytest.mark.parametrize(
    ("params", "sent"),
    [
        ({}, {}),
        (
            {"reasoning_effort": "none"},
            {"chat_template_kwargs": {"enable_thinking": False, "thinking": False}},
        ),
        (
            {"reasoning_effort": "low"},
            {
                "chat_template_kwargs": {
                    "enable_thinking": True,
                    "thinking": True,
                    "reasoning_effort": "low",
                }
            },
        ),
        (
            {"reasoning_effort": "none", "chat_template_kwargs": {"add_date": False}, "seed": 1},
            {
                "chat_template_kwargs": {"enable_thinking": False, "thinking": False, "add_date": False},
                "seed": 1,
            },
        ),
        ({"chat_template_kwargs": {"thinking": True}}, {"chat_template_kwargs": {"thinking": True}}),
    ],
)
def test_vllm_is_told_to_think_in_the_words_of_its_templates(params, sent, ask_for):
    assert Parameters(VLLM).of(ask_for(**params)) == sent


def test_others_are_told_to_think_in_their_own_words(ask_for):
    assert Parameters(endpoint()).of(ask_for(reasoning_effort="low")) == {"reasoning_effort": "low"}


def test_labels_are_asked_for_without_thought_whatever_the_effort(ask_for):
    sent = Parameters(VLLM).of(ask_for(labels="1 2", reasoning_effort="high", max_tokens=500), {"1": 16})
    assert sent["chat_template_kwargs"] == {"enable_thinking": False, "thinking": False}
    assert (sent["max_tokens"], sent["logprob_token_ids"]) == (1, [16])
    assert "reasoning_effort" not in sent


@pytest.mark.parametrize("provider", ["hosted_vllm", "openai"])
def test_a_schema_is_sent_as_response_format_and_never_as_guided_json(provider, ask_for):
    sent = Parameters(endpoint("m", provider)).of(ask_for(schema={"type": "object"}))
    assert sent == {
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "verdict", "strict": True, "schema": {"type": "object"}},
        }
    }


@pytest.mark.parametrize("name", shipped_rubrics())
def test_no_schema_bounds_the_length_or_form_of_its_texts(name, ask_for):
    of_item = ItemRubrics(load_rubric(name)).of(Item(id="1", question="q", answer="a")).rubric
    sent = Parameters(VLLM).of(ask_for(schema=reply_schema(of_item)))
    assert not set(re.findall(r'"(\w+)":', json.dumps(sent))) & {"minLength", "maxLength", "pattern"}
