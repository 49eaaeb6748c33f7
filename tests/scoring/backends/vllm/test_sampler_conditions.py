"""What a running engine is asked for, and how its output is read; the engine is made up."""

import math
from types import SimpleNamespace

import pytest

from judge.records import Item, Request
from judge.scoring.backends.vllm import sampling_params
from judge.scoring.backends.vllm.sampling_params import Sampler

TOKENS = {"1": 11, "2": 12}


class _Tokenizer:
    def encode(self, text, add_special_tokens):
        assert not add_special_tokens
        return [TOKENS[text]]

    def decode(self, tokens, skip_special_tokens):
        assert skip_special_tokens
        return " ".join(f"t{token}" for token in tokens) + " "


@pytest.fixture
def sampler(monkeypatch):
    """A sampler whose parameters come back as a dict; fields change the engine."""

    def made(defaults=None, **engine):
        package = SimpleNamespace(
            SamplingParams=SimpleNamespace(from_optional=lambda **values: values),
            VLLMValidationError=KeyError,
        )
        monkeypatch.setattr(sampling_params, "import_module", lambda _: package)
        llm = SimpleNamespace(
            get_tokenizer=_Tokenizer,
            model_config=SimpleNamespace(get_diff_sampling_param=lambda: defaults or {}),
        )
        return Sampler(SimpleNamespace(**{"llm": llm, "marks": None, "closes_thoughts": False} | engine), "m")

    return made


def request(**fields):
    given = {"item": Item(id="i", question="q", answer="a"), "messages": [], "model": "m", "params": {}}
    return Request(**{**given, "schema": None, "key": "k", **fields})


def test_labels_are_asked_for_as_one_token_at_temperature_0(sampler):
    found = sampler({"temperature": 0.7}).params(request(labels=("1", "2"), params={"temperature": 1.0}))
    assert (found["temperature"], found["max_tokens"], found["logprob_token_ids"]) == (0.0, 1, [11, 12])


def test_probabilities_of_labels_are_those_of_the_first_token_and_at_most_1(sampler):
    first = {11: SimpleNamespace(logprob=math.log(0.25)), 12: SimpleNamespace(logprob=1e-6)}
    later = {11: SimpleNamespace(logprob=-9.0), 12: SimpleNamespace(logprob=-9.0)}
    said = SimpleNamespace(logprobs=[first, later], text="2", token_ids=[12])
    found, thought = sampler().read(request(labels=("1", "2")), said)
    assert found == {"reply": "2", "label_probabilities": {"1": pytest.approx(0.25), "2": 1.0}}
    assert thought == 0


def test_equal_requests_get_copies_of_the_same_parameters(sampler):
    ours, params = sampler(), {"temperature": 1.0}
    one, other = ours.params(request(params=params)), ours.params(request(params=params))
    one["n"] = 3  # the caller changes them
    assert other == ours.params(request(params=params))
    assert "n" not in other


def test_parameters_of_many_different_requests_are_not_all_kept(sampler):
    ours = sampler()
    found = [ours.params(request(params={"max_tokens": n})) for n in range(1, 200)]
    assert [values["max_tokens"] for values in found] == list(range(1, 200))
    assert len(ours._made) <= 64


@pytest.mark.parametrize(
    ("engine", "limits"),
    [
        ({}, {"max_tokens": 1024}),
        ({"marks": object()}, {"max_tokens": 9216}),
        ({"marks": object(), "closes_thoughts": True}, {"max_tokens": 9216, "thinking_token_budget": 8192}),
    ],
)
def test_a_reply_without_a_limit_gets_one_with_room_for_a_thought(sampler, engine, limits):
    found = sampler(**engine).params(request())
    assert {name: value for name, value in found.items() if name != "skip_clone"} == limits


def test_given_parameters_go_before_those_of_the_model(sampler):
    found = sampler({"temperature": 0.7, "top_p": 0.8}).params(
        request(params={"temperature": 0, "max_tokens": 5})
    )
    assert (found["temperature"], found["top_p"], found["max_tokens"]) == (0, 0.8, 5)


@pytest.mark.parametrize(
    ("split", "reply", "n_thought"),
    [
        (([1, 7, 8, 2], [9]), {"reply": "t9", "reasoning": "t7 t8"}, 4),
        (([1, 2], [9]), {"reply": "t9", "reasoning": None}, 2),
        (([], [9]), {"reply": "as it came"}, 0),
    ],
)
def test_a_thought_is_read_apart_from_the_reply(sampler, split, reply, n_thought):
    marks = SimpleNamespace(open=1, close=2, split=lambda _: split)
    said = SimpleNamespace(token_ids=[*split[0], *split[1]], text="as it came")
    found, n = sampler(marks=marks).read(request(), said)
    assert ({name: value or None for name, value in found.items()}, n) == (reply, n_thought)
