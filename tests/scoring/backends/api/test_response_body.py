"""The body of a response: JSON, damaged JSON, and streams of events."""

import json
import tracemalloc

import pytest

from judge.scoring.backends.api.errors import Failed
from judge.scoring.backends.api.replies import read_reply
from judge.scoring.backends.api.response_body import decode, join_stream


def stream(*events, end="\n\n", done=True):
    texts = [event if isinstance(event, str) else json.dumps(event) for event in events]
    return end.join([*(f"data: {text}" for text in texts), *(["data: [DONE]"] if done else []), ""])


def piece(finish=None, **delta):
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}


def test_a_broken_character_does_not_lose_the_reply():
    body = b'{"choices": [{"message": {"content": "It is \xff good."}}]}'
    assert decode(body)["choices"][0]["message"]["content"] == "It is \ufffd good."


@pytest.mark.parametrize(
    "body", [b"\xef\xbb\xbf{}", b"\n\n  {}", "{}".encode("utf-16"), "{}".encode("utf-16-le")]
)
def test_marks_and_blanks_before_the_json_are_passed_over(body):
    assert decode(body) == {}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"<html>\n<h1>Sign in</h1>", "the reply is a web page, not JSON: '<html> <h1>Sign in</h1>'"),
        (b'{"choices": [{"mess', "the reply is not JSON"),
        (b"", "the reply is not JSON: ''"),
        (b"[" * 200_000, "the reply is nested too deeply: '[[["),
        (b'{"a":' * 200_000, "the reply is nested too deeply"),
        (b"data: {half", "an event of the stream is not JSON: '{half'"),
        (b"data: " + b"[" * 200_000, "an event of the stream is not JSON: '[[["),
    ],
)
def test_what_cannot_be_read_says_what_arrived(body, said):
    with pytest.raises(Failed) as raised:
        decode(body)
    assert (raised.value.kind, raised.value.again) == ("reply", True)
    assert raised.value.message.startswith(said)
    assert len(raised.value.message) < 600


def test_an_integer_of_any_length_is_read():
    assert decode(b'{"a": %s, "b": %s}' % (b"9" * 18, b"9" * 5000)) == {"a": 10**18 - 1, "b": float("inf")}


def test_an_excerpt_of_much_takes_little_memory():
    body = b"x " * 4_000_000
    tracemalloc.start()
    with pytest.raises(Failed):
        decode(body)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * len(body)


# Streams


@pytest.mark.parametrize("end", ["\n\n", "\r\n\r\n", "\n", "\r\r"])
def test_the_pieces_of_a_stream_are_joined(end):
    usage = {"prompt_tokens": 10, "completion_tokens": 5}
    text = stream(
        {"model": "m-1", **piece(role="assistant", content="")},
        piece(reasoning_content="H"),
        piece(reasoning_content="m."),
        piece(content='{"clarity'),
        piece(content='": 4}\u2028'),
        piece("stop"),
        {"choices": [], "usage": usage},
        end=end,
    )
    values = read_reply(decode(text.encode()))
    assert (values["reply"], values["reasoning"]) == ('{"clarity": 4}\u2028', "Hm.")
    assert (values["finish_reason"], values["model"]) == ("stop", "m-1")
    assert (values["usage"].prompt_tokens, values["usage"].completion_tokens) == (10, 5)


def test_comments_and_names_of_events_are_no_pieces():
    text = ": PROCESSING\n\nevent: message\nid: 1\n" + stream(piece("stop", content="4"))
    assert read_reply(decode(text.encode()))["reply"] == "4"


def test_whole_messages_in_a_stream_are_read():
    whole = {"choices": [{"message": {"content": "4"}, "finish_reason": "stop"}]}
    assert read_reply(join_stream(stream(whole)))["reply"] == "4"


def test_parts_in_a_stream_stay_parts():
    thought = {"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}
    values = read_reply(join_stream(stream(piece(content=[thought]), piece("stop", content="4"))))
    assert (values["reply"], values["reasoning"]) == ("4", "Hm.")


def test_tool_calls_of_a_stream_are_joined_by_their_index():
    def call(index, arguments):
        return {"index": index, "function": {"arguments": arguments}}

    text = stream(
        piece(tool_calls=[call(0, '{"clar'), call(1, "[")]),
        piece(tool_calls=[call(1, "]"), call(0, 'ity": 4}')]),
        piece("tool_calls"),
    )
    assert read_reply(join_stream(text))["reply"] == '{"clarity": 4}\n[]'


def test_log_probabilities_of_a_stream_are_joined():
    def token(text):
        return {"choices": [{"delta": {"content": text}, "logprobs": {"content": [{"token": text}]}}]}

    choice = join_stream(stream(token("4"), token("."), piece("stop")))["choices"][0]
    assert choice["logprobs"] == {"content": [{"token": "4"}, {"token": "."}]}


def test_pieces_of_another_choice_are_left_out():
    other = {"choices": [{"index": 1, "delta": {"content": "5"}}]}
    assert read_reply(join_stream(stream(piece("stop", content="4"), other)))["reply"] == "4"


def test_a_stream_that_ends_before_the_reply_is_no_reply():
    with pytest.raises(Failed, match="the stream ended before the reply did"):
        join_stream(stream(piece(content='{"clarity": 4'), done=False))


def test_a_stream_without_a_reason_for_its_end_is_read():
    bare = {"choices": [{"delta": {"content": "4"}}]}
    assert read_reply(join_stream(stream(bare)))["reply"] == "4"


@pytest.mark.parametrize("pieces", [[], [piece(content="half")]])
def test_an_error_in_a_stream_is_an_error(pieces):
    data = join_stream(stream(*pieces, {"error": {"message": "overloaded", "code": 503}}, done=False))
    if pieces:
        with pytest.raises(Failed, match=r"aborted the reply: .*overloaded"):
            read_reply(data)
    else:
        assert data == {"error": {"message": "overloaded", "code": 503}}


@pytest.mark.parametrize(
    "odd",
    [
        *(None, 5, '"x"', [], {"choices": 5}, {"choices": [5, None]}, {"choices": [{"delta": 5}]}),
        piece(content=5, tool_calls=5, function_call=5),
        piece(tool_calls=[5, None, {"function": 5}, {"index": "x", "function": {"arguments": 5}}]),
        piece(function_call={"arguments": {"a": 1}}, content={"a": 1}, refusal=[1]),
        {"choices": [{"delta": {}, "logprobs": {"content": 5}, "index": None}], "usage": 5},
    ],
)
def test_an_odd_event_is_no_crash(odd):
    read_reply(join_stream(stream(odd, piece("stop", content="4"))))
