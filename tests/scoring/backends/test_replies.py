"""What is kept of a chat completion, in all the shapes in which they come."""

import pytest

from judge.scoring.backends.faults import Failed
from judge.scoring.backends.replies import billed, cache_write_tokens, read_reply, read_usage


def reply(finish="stop", **message):
    return {"choices": [{"message": message, "finish_reason": finish}]}


@pytest.mark.parametrize(
    ("data", "said", "thought"),
    [
        (reply(content="4"), "4", None),
        (reply(content=""), "", None),
        (reply(content=None), "", None),
        (reply(content="4", reasoning_content="Hm."), "4", "Hm."),
        (reply(content="4", reasoning="Hm."), "4", "Hm."),
        (reply(content="<think>\nHm.\n</think>\n\n4"), "4", "Hm."),
        (reply(content="\n<think></think>4"), "4", None),
        (reply(content="<think>never ends", finish="length"), "", "never ends"),
        (reply(content="4 <think>no</think>"), "4 <think>no</think>", None),
        (reply(content="<think>a</think>it says </think>5"), "it says </think>5", "a"),
        (reply(content="</think>5"), "5", None),
        (reply(content="Hm.\n</think>\n\n4"), "4", "Hm."),
        (reply(content="Hm.</think>4 </think>"), "4 </think>", "Hm."),
        (reply(content='{"reason": "it says </think>"}'), '{"reason": "it says </think>"}', None),
        (
            reply(
                content=[{"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}, {"text": "4"}]
            ),
            "4",
            "Hm.",
        ),
        (reply(content=[{"type": "text", "text": "4"}, {"type": "text", "text": "2"}]), "42", None),
    ],
)
def test_thought_and_speech_are_told_apart(data, said, thought):
    values = read_reply(data)
    assert (values["reply"], values["reasoning"]) == (said, thought)


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        "text",
        {},
        {"choices": []},
        {"choices": None},
        {"choices": ["x"]},
        {"choices": [{}]},
        {"choices": [{"message": None}]},
        {"choices": {"0": {}}},
    ],
)
def test_what_is_no_completion_is_tried_again(data):
    with pytest.raises(Failed) as raised:
        read_reply(data)
    assert (raised.value.kind, raised.value.again) == ("reply", True)


def test_a_provider_that_broke_off_is_tried_again():
    data = {"choices": [{"finish_reason": "error", "error": {"code": 502}, "message": {"content": "half"}}]}
    with pytest.raises(Failed) as raised:
        read_reply(data)
    assert (raised.value.kind, raised.value.again) == ("server", True)


def test_a_refusal_is_kept_and_is_no_reply():
    values = read_reply(reply(content=None, refusal="No."))
    assert (values["reply"], values["refusal"]) == (None, "No.")


def test_a_held_back_reply_is_a_failure_and_what_came_before_is_kept():
    values = read_reply(reply(content="As far as", finish="content_filter"))
    assert values["failure"].kind == "filter"
    assert values["reply"] == "As far as"


def test_tokens_are_read_where_each_provider_puts_them():
    openai = {"prompt_tokens": 10, "completion_tokens": 5, "prompt_tokens_details": {"cached_tokens": 8}}
    deepseek = {"prompt_tokens": 10, "completion_tokens": 5, "prompt_cache_hit_tokens": 8}
    assert read_usage(openai) == read_usage(deepseek)
    assert read_usage(openai).cached_tokens == 8


@pytest.mark.parametrize("usage", [None, [], "many", 3])
def test_no_count_is_none_and_not_nought(usage):
    assert read_usage(usage) is None


def test_counts_that_are_no_counts_are_left_out():
    details = {"prompt_tokens_details": None, "completion_tokens_details": {"reasoning_tokens": None}}
    usage = read_usage({"prompt_tokens": None, "completion_tokens": -1, **details})
    assert usage.model_dump() == dict.fromkeys(usage.model_dump(), 0)


def test_what_a_router_charged_is_read():
    assert billed({"cost": 0.25}) == 0.25
    assert billed({"cost": None}) is None
    assert billed(None) is None


def test_tokens_written_to_the_cache_are_read():
    assert cache_write_tokens({"cache_creation_input_tokens": 7}) == 7
    assert cache_write_tokens(None) == 0
