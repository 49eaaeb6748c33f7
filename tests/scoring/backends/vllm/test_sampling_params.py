import json
from types import SimpleNamespace

import pytest

from judge.errors import BackendError
from judge.records import Item, Request
from judge.scoring.backends.vllm.sampling_params import (
    MOST_BLANKS,
    MOST_SAMPLES,
    as_messages,
    grammar,
    groups,
    image_indices,
    sampling_values,
)


def request(number=0, sample=0, messages=None, **fields):
    given = {
        "item": Item(id=f"i{number}", question="q", answer="a"),
        "messages": messages or [],
        "model": "m",
    }
    return Request(
        **{**given, "params": {}, "schema": None, "key": f"{number}-{sample}", "sample": sample, **fields}
    )


def keys(requests):
    return [[r.key for r in group] for group in groups(iter(requests))]


def grammars(backend, forbids_white_space=False):
    return SimpleNamespace(backend=backend, disable_any_whitespace=forbids_white_space)


@pytest.mark.parametrize("backend", ["xgrammar", "auto"])
def test_white_space_in_a_reply_is_bounded_and_not_forbidden(backend):
    form = json.loads(grammar({"type": "object"}, grammars(backend))["structural_tag"])["format"]
    assert (form["json_schema"], form["max_whitespace_cnt"]) == ({"type": "object"}, MOST_BLANKS)


@pytest.mark.parametrize(
    "config", [grammars("guidance"), grammars("xgrammar", forbids_white_space=True)], ids=str
)
def test_grammar_settings_of_the_user_are_obeyed(config):
    assert grammar({"type": "object"}, config) == {"json": {"type": "object"}}


def test_samples_of_an_item_are_asked_together():
    one, other = [{"role": "user", "content": "1"}], [{"role": "user", "content": "1"}]
    wanted = [request(n, k, messages) for n, messages in enumerate((one, other)) for k in range(3)]
    assert keys(wanted) == [["0-0", "0-1", "0-2"], ["1-0", "1-1", "1-2"]]


def test_group_ends_where_no_request_is_there_at_present():
    messages = [{"role": "user", "content": "1"}]
    first, second, third = (request(0, k, messages) for k in range(3))
    assert keys([first, None, None, second, third]) == [["0-0"], [], ["0-1", "0-2"]]


def test_samples_that_are_there_already_part_the_others():
    messages = [{"role": "user", "content": "1"}]
    assert keys([request(0, k, messages) for k in (0, 2, 3, 5)]) == [["0-0"], ["0-2", "0-3"], ["0-5"]]


def test_seed_that_counts_up_is_one_request():
    messages = [{"role": "user", "content": "1"}]
    counted = [request(0, k, messages, params={"temperature": 1, "seed": 7 + k}) for k in range(3)]
    assert len(keys(counted)) == 1


@pytest.mark.parametrize(
    "change",
    [{"params": {"seed": 7}}, {"params": {"temperature": 2}}, {"schema": {}}, {"labels": ("1",)}],
)
def test_sample_with_other_settings_is_asked_alone(change):
    messages = [{"role": "user", "content": "1"}]
    first = request(0, 0, messages, params={"seed": 7} if "seed" in str(change) else {})
    assert len(keys([first, request(0, 1, messages, **change)])) == 2


def test_very_many_samples_are_several_requests():
    messages = [{"role": "user", "content": "1"}]
    sizes = [len(group) for group in keys([request(0, k, messages) for k in range(MOST_SAMPLES + 1)])]
    assert sizes == [MOST_SAMPLES, 1]


def test_openai_name_of_the_limit_is_understood():
    assert sampling_values({"max_completion_tokens": 5, "temperature": None}) == {"max_tokens": 5}


@pytest.mark.parametrize("name", ["temprature", "n", "logprobs", "guided_json"])
def test_unknown_parameter_is_refused_by_name(name):
    with pytest.raises(BackendError, match=f"parameter '{name}'.*allowed are.*temperature"):
        sampling_values({name: 1})


def test_pictures_stand_where_the_prompt_has_them():
    parts = [{"type": "text", "text": "t"}, {"type": "image", "image": 1}, {"type": "image", "image": 0}]
    messages = [{"role": "system", "content": "s"}, {"role": "user", "content": parts}]
    asked = request(0, messages=messages)
    assert image_indices(asked) == [1, 0]
    system, user = as_messages(asked, {0: "data:a", 1: "data:b"})
    assert system is messages[0]
    assert [part.get("image_url", {}).get("url") for part in user["content"]] == [None, "data:b", "data:a"]
