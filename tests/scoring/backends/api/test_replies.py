"""What is kept of a chat completion, in all the shapes in which they come."""

import contextlib
import json
import sqlite3

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from judge.errors import BackendError
from judge.records import Completion, Failure
from judge.scoring import run_format, schema
from judge.scoring.backends.api.dialects import BROKEN_OFF, FILTERED
from judge.scoring.backends.api.errors import Failed, Rejected, classify, problem_of
from judge.scoring.backends.api.providers import Endpoint
from judge.scoring.backends.api.replies import read_reply, read_usage_and_model
from judge.scoring.backends.api.response_body import decode


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


def test_a_refusal_is_found_where_litellm_puts_it():
    values = read_reply(reply(content=None, provider_specific_fields={"refusal": "No."}))
    assert (values["reply"], values["refusal"]) == (None, "No.")


VERDICT = {"clarity": 4}
CALL = {"id": "c", "type": "function", "function": {"name": "verdict", "arguments": '{"clarity": 4}'}}


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ({"content": VERDICT}, '{"clarity": 4}'),
        ({"content": [{"name": "clarity", "score": 4}]}, '[{"name": "clarity", "score": 4}]'),
        ({"content": 4}, "4"),
        ({"content": ['{"clarity": 4}']}, '{"clarity": 4}'),
        ({"content": [None, {"type": "text", "text": "4"}]}, "4"),
        ({"content": [{"type": "text", "text": {"value": "4", "annotations": []}}]}, "4"),
        ({"content": [{"type": "output_text", "text": "4"}]}, "4"),
        ({"content": []}, ""),
        ({"content": None, "tool_calls": [CALL]}, '{"clarity": 4}'),
        ({"content": None, "tool_calls": [{"function": {"arguments": VERDICT}}]}, '{"clarity": 4}'),
        ({"content": None, "function_call": CALL["function"]}, '{"clarity": 4}'),
        ({"content": "InterruptCount.", "tool_calls": [CALL]}, 'InterruptCount.\n{"clarity": 4}'),
        ({"content": "4", "tool_calls": [{"function": {"arguments": "{}"}}]}, "4"),
        ({"content": None, "reasoning_content": '{"clarity": 4}'}, '{"clarity": 4}'),
        ({"content": None, "reasoning_content": VERDICT}, '{"clarity": 4}'),
    ],
)
def test_a_verdict_is_found_wherever_it_stands(message, said):
    values = read_reply(reply(**message))
    assert (values["reply"], values["reasoning"], values["failure"]) == (said, None, None)


@pytest.mark.parametrize(
    ("message", "place"),
    [
        ({"content": None, "reasoning_content": "It deserves a 4."}, "reasoning_content"),
        ({"content": "", "reasoning": "It deserves a 4."}, "reasoning"),
        ({"content": "<think>It deserves a 4."}, "<think>"),
        ({"content": [{"type": "thinking", "thinking": "It deserves a 4."}]}, "thinking parts"),
        ({"content": None, "reasoning_content": '{"clarity": 4} {"clarity": 5}'}, "reasoning_content"),
    ],
)
def test_a_reply_of_thought_alone_says_where_the_text_is(message, place):
    values = read_reply(reply(**message))
    assert values["failure"].kind == "reply"
    assert "the reply contains only reasoning" in values["failure"].message
    assert place in values["failure"].message
    assert values["reasoning"]


@pytest.mark.parametrize(
    "message",
    [
        {"content": None, "tool_calls": 5},
        {"content": [{"type": "text", "text": 5}]},
        {"content": None, "audio": {"transcript": "four"}},
    ],
)
def test_a_reply_without_text_says_what_it_holds(message):
    failure = read_reply(reply(role="assistant", **message))["failure"]
    assert failure.kind == "reply"
    assert failure.message.startswith("the reply has no text; it contains: {'")


@pytest.mark.parametrize("content", ["", None, []])
def test_an_empty_reply_is_a_reply(content):
    message = {"role": "assistant", "content": content, "tool_calls": [], "annotations": []}
    assert read_reply(reply(**message))["failure"] is None


def test_a_thought_that_was_cut_is_no_failure_of_its_own():
    values = read_reply(reply("length", content=None, reasoning_content="Hm."))
    assert (values["reply"], values["reasoning"], values["failure"]) == ("", "Hm.", None)


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (
            {
                "choices": [],
                "prompt_filter_results": [{"content_filter_results": {"violence": {"filtered": True}}}],
            },
            "violence",
        ),
        (
            {
                "choices": [
                    {
                        "finish_reason": "content_filter",
                        "content_filter_results": {"hate": {"filtered": True}, "self_harm": {}},
                    }
                ]
            },
            "hate",
        ),
        ({"choices": [{"finish_reason": "content_filter", "message": None}]}, "withheld the reply"),
    ],
)
def test_a_filter_that_answers_without_a_message_is_a_filter(data, found):
    values = read_reply({**data, "usage": {"prompt_tokens": 9, "total_tokens": 9}})
    assert (values["reply"], values["failure"].kind) == (None, "filter")
    assert found in values["failure"].message
    assert values["usage"].prompt_tokens == 9


@pytest.mark.parametrize("finish", [*sorted(FILTERED), "SAFETY", "content_filter: RECITATION"])
def test_a_reason_of_a_filter_is_a_filter(finish):
    assert read_reply(reply(finish, content=""))["failure"].kind == "filter"


@pytest.mark.parametrize("finish", sorted(BROKEN_OFF))
def test_a_reason_of_a_break_is_tried_again(finish):
    with pytest.raises(Failed) as raised:
        read_reply(reply(finish, content="half"))
    assert (raised.value.kind, raised.value.again) == ("server", True)


def test_what_stands_around_odd_words_is_kept():
    head = read_usage_and_model(
        {"choices": 5, "model": "m-1", "usage": {"prompt_tokens": 9, "completion_tokens": 1}}
    )
    assert (head["model"], head["usage"].prompt_tokens) == ("m-1", 9)
    assert read_usage_and_model([1]) == read_usage_and_model({"model": 5}) == {"usage": None, "model": None}


# Any type in any field


def nested(depth):
    inner = []
    for _ in range(depth):
        inner = [inner]
    return inner


@pytest.mark.parametrize("place", ["choices", "message", "content", "arguments", "refusal", "finish_reason"])
@pytest.mark.parametrize("depth", [3, 300, 5000])
def test_nesting_fails_its_item_at_most(place, depth):
    deep = nested(depth)
    data = {
        "choices": {"choices": deep},
        "message": reply() | {"choices": [{"message": deep}]},
        "content": reply(content=deep),
        "arguments": reply(content=None, tool_calls=[{"function": {"arguments": deep}}]),
        "refusal": reply(content=None, refusal=deep),
        "finish_reason": reply(deep, content="4"),
    }[place]
    with contextlib.suppress(Failed):
        read_reply(data)


def test_nesting_that_cannot_be_written_out_says_so():
    with pytest.raises(Failed, match=r"the reply is nested too deeply: \{'choices'"):
        read_reply(reply(content=nested(5000)))


def test_an_error_of_any_depth_has_a_meaning():
    assert problem_of(500, {"error": nested(5000)}, {}).message == "the error cannot be displayed"


def test_a_number_of_any_length_fails_its_item_at_most():
    assert read_reply(reply(content={"clarity": 10**5000}))["failure"].kind == "reply"
    assert problem_of(500, {"error": [10**5000]}, {}).message == "the error cannot be displayed"


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=5)
ANY = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def fields(names, **known):
    """An object with some of these fields, each of its own kind or of any."""
    return st.fixed_dictionaries({}, optional={n: ANY | known[n] if n in known else ANY for n in names})


PART = fields(["type", "text", "thinking", "refusal"], type=st.sampled_from(["text", "thinking", "refusal"]))
FUNCTION = fields(["name", "arguments"], arguments=st.sampled_from(['{"clarity": 4}', "{"]))
MESSAGE = fields(
    ["content", "reasoning_content", "reasoning", "refusal", "tool_calls", "function_call"],
    content=st.lists(PART | ANY, max_size=3) | st.sampled_from(["4", "<think>Hm.", ""]),
    tool_calls=st.lists(fields(["function"], function=FUNCTION) | ANY, max_size=3),
    function_call=FUNCTION,
)
FILTER = fields(["violence"], violence=st.just({"filtered": True}))
CHOICE = fields(
    ["message", "finish_reason", "error", "logprobs", "content_filter_results"],
    message=MESSAGE,
    finish_reason=st.sampled_from(["stop", "length", "content_filter", "error"]),
    content_filter_results=FILTER,
)
USAGE = fields(["prompt_tokens", "completion_tokens", "total_tokens", "completion_tokens_details", "cost"])
COMPLETION = fields(
    ["choices", "usage", "model", "prompt_filter_results", "error"],
    choices=st.lists(CHOICE | ANY, max_size=2),
    usage=USAGE,
    prompt_filter_results=st.lists(ANY | fields(["content_filter_results"], content_filter_results=FILTER)),
)


@settings(max_examples=200)
@given(COMPLETION | ANY)
def test_any_reply_is_read_or_fails_and_can_be_stored(data):
    head = read_usage_and_model(data)
    try:
        values = read_reply(data)
    except Failed as failed:
        values = head | {"failure": Failure(kind=failed.kind, message=failed.message)}
    completion = Completion(key="k", item_id="i", **values)
    db = sqlite3.connect(":memory:")
    with contextlib.closing(db):
        run_format.create_tables(db)
        db.execute(schema.INSERT_COMPLETION, schema.to_row(completion))


@settings(max_examples=150)
@given(COMPLETION | ANY, st.integers(400, 599), st.sampled_from([(), ("response_format", "system_role")]))
def test_any_error_has_a_meaning(data, status, sent):
    endpoint = Endpoint(name="openai/m", provider="openai", model="m", transport="http")
    meaning = classify(problem_of(status, data, {}), endpoint, sent)
    assert isinstance(meaning, Failed | Rejected | BackendError)


@settings(max_examples=150)
@given(st.lists(COMPLETION | ANY, max_size=4), st.booleans())
def test_any_stream_is_read_or_fails(events, done):
    lines = [f"data: {json.dumps(event)}\n\n" for event in events] + ["data: [DONE]\n\n"] * done
    text = "".join(lines).replace('"message"', '"delta"')
    with contextlib.suppress(Failed):
        read_reply(decode(text.encode()))


@settings(max_examples=150)
@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_read_or_fail(content):
    with contextlib.suppress(Failed):
        read_reply(decode(content))
