"""Odd replies of a real server cost one item each, and its dialects are understood at the first item."""

import base64
import gzip
import json

import pytest

from judge import Judge, load_rubric
from judge.errors import BackendError
from judge.records import Item
from judge.scoring.backends.api.dispatch import MOST_FAILED_ITEMS
from judge.scoring.backends.api.response_body import MOST_BYTES
from judge.scoring.backends.connection import Connection
from judge.scoring.score import score

SCHEMA = {"type": "object", "properties": {"clarity": {"type": "integer", "enum": [1, 2, 3]}}}
VERDICT = '{"technical_accuracy": 4, "comprehensiveness": 3, "relevance": 5, "clarity": 4}'


def reply(content=VERDICT, finish="stop", usage=None, **message):
    choice = {"message": {"role": "assistant", "content": content, **message}, "finish_reason": finish}
    return {"when": "always", "body": {"model": "m-1", "choices": [choice], "usage": usage}}


def raw(content, **headers):
    return {"when": "always", "headers": headers, "body": {"base64": base64.b64encode(content).decode()}}


def error(when, status, message, **more):
    return {"when": when, "status": status, "body": {"error": {"message": message, "code": status, **more}}}


PAID = {"prompt_tokens": 1000, "completion_tokens": 100}


# The reply is read


@pytest.mark.parametrize(
    "answer",
    [
        reply([VERDICT]),
        reply([None, {"type": "text", "text": VERDICT}]),
        reply(json.loads(VERDICT)),
        reply(None, "tool_calls", tool_calls=[{"function": {"name": "verdict", "arguments": VERDICT}}]),
        reply(None, reasoning_content=VERDICT),
        reply(finish=5),
        reply(usage={"prompt_tokens": 10**20, "completion_tokens": [], "prompt_tokens_details": [1]}),
        {**reply(), "body": {**reply()["body"], "model": {"name": "m"}, "usage": 5}},
        raw(json.dumps(reply()["body"]).replace("assistant", "assist\xff").encode("latin-1")),
    ],
)
def test_an_odd_field_does_not_lose_the_reply(answer, mock, backend_for, ask_for, complete):
    mock.serve(answer)
    (completion,) = complete(backend_for(), [ask_for()])
    assert json.loads(completion.reply) == json.loads(VERDICT)
    assert completion.failure is None
    assert completion.tries == 1


def test_a_stream_that_nobody_asked_for_is_joined(mock, backend_for, ask_for, complete):
    halves = [
        {"delta": {"content": VERDICT[:20]}},
        {"delta": {"content": VERDICT[20:]}, "finish_reason": "stop"},
    ]
    text = "".join(f"data: {json.dumps({'choices': [half]})}\n\n" for half in halves) + "data: [DONE]\n\n"
    mock.serve({"when": "always", "headers": {"Content-Type": "text/event-stream"}, "body": text})
    (completion,) = complete(backend_for(), [ask_for()])
    assert (completion.reply, completion.tries) == (VERDICT, 1)


# The reply fails its item


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (raw(b"<html><h1>Sign in</h1>"), "the reply is a web page, not JSON: '<html><h1>Sign in</h1>'"),
        (raw(b"[" * 200_000), "the reply is nested too deeply"),
        (raw(b'{"choices": [{"message": {"content": "4"'), "the reply is not JSON"),
        (raw(b""), "the reply is not JSON"),
        (raw(b"[1]"), "the reply is not a JSON object: [1]"),
        ({**reply(), "body": {"choices": [None]}}, "the reply has no choice"),
        ({**reply(), "body": {"choices": [{"message": "x"}]}}, "the reply has no message"),
        (raw(b'data: {"choices": [{"delta": {"content": "ha'), "an event of the stream is not JSON"),
    ],
)
def test_a_reply_that_cannot_be_read_is_asked_for_once_more(
    answer, said, mock, backend_for, ask_for, complete
):
    mock.script(*[answer] * 2)
    backend = backend_for()
    odd, other = complete(backend, [ask_for(0)]) + complete(backend, [ask_for(1)])
    assert (odd.failure.kind, odd.tries, other.tries) == ("reply", 2, 1)
    assert odd.failure.message.startswith(said)
    assert other.reply
    assert mock.stats()["requests"] == 3


@pytest.mark.parametrize("headers", [{}, {"Content-Encoding": "gzip"}])
def test_a_reply_without_end_is_not_read_to_its_end(headers, mock, backend_for, ask_for, complete):
    long = b" " * (MOST_BYTES + 1)
    mock.script(raw(gzip.compress(long) if headers else long, **headers))
    (completion,) = complete(backend_for(), [ask_for()])
    assert (completion.failure.kind, completion.tries) == ("reply", 1)
    assert "the reply is longer than 16 MiB" in completion.failure.message


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_a_reply_that_cannot_be_unpacked_is_an_odd_one(encoding, mock, backend_for, ask_for, complete):
    mock.serve(raw(b"\xff\xff not packed", **{"Content-Encoding": encoding}))
    (completion,) = complete(backend_for(), [ask_for()])
    assert (completion.failure.kind, completion.tries) == ("reply", 2)
    assert "cannot be unpacked" in completion.failure.message


def test_a_reply_that_breaks_off_comes_from_a_server_that_is_there(mock, backend_for, ask_for, complete):
    mock.script(*[raw(b'{"choices": ', **{"Content-Length": "500"})] * 8)
    (completion,) = complete(backend_for(timeout=5.0), [ask_for()])
    assert (completion.failure.kind, completion.tries) == ("server", 8)
    assert "the reply was interrupted" in completion.failure.message


def test_a_server_that_gave_probabilities_fails_one_item_without_them(mock, backend_for, ask_for, complete):
    deep = json.loads("[" * 900 + "]" * 900)
    top = [{"token": "token_id:49", "logprob": -0.5, "bytes": None}]
    odd = [{"token": deep, "logprob": -0.5, "top_logprobs": top}, {"token": "1", "top_logprobs": [5]}]
    backend = backend_for("hosted_vllm/mock-judge", max_connections=1)
    (good,) = complete(backend, [ask_for(0, labels="1 2")])
    assert good.label_probabilities
    for number, first in enumerate(odd):
        choice = {"message": {"content": "1"}, "finish_reason": "length", "logprobs": {"content": [first]}}
        mock.script(
            {"body": {"tokens": [49]}},
            {"body": {"tokens": [50]}},
            {"body": json.dumps({"choices": [choice]})},
        )
        (completion,) = complete(backend, [ask_for(number, labels="1 2")])
        assert completion.failure.kind == "reply"
        assert completion.failure.message.startswith("the log-probabilities cannot be read")


def test_what_arrived_with_an_odd_reply_is_kept_and_paid(mock, backend_for, ask_for, complete, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    odd = {"when": "always", "body": {"model": "m-1", "choices": [None], "usage": PAID}}
    mock.script(odd, odd, odd, reply(usage=PAID))
    backend = backend_for("openai/gpt-4.1", max_connections=1)
    failed, read = complete(backend, [ask_for(0)]) + complete(backend, [ask_for(1)])
    once = (1000 * 2 + 100 * 8) / 1e6  # 2 and 8 USD per million tokens
    assert (failed.failure.kind, failed.model, failed.usage.prompt_tokens) == ("reply", "m-1", 1000)
    assert failed.cost == pytest.approx(2 * once)
    assert read.reply == VERDICT
    assert read.cost == pytest.approx(2 * once)
    assert backend.spent == pytest.approx(4 * once)


def test_a_server_of_odd_replies_alone_ends_the_run(mock, backend_for, ask_for, complete):
    mock.serve(raw(b"<html>"))
    with pytest.raises(
        BackendError,
        match=r"last error: the reply is a web page, not JSON: '<html>'. Check the model and api_base \(--api-base\)",
    ):
        complete(backend_for(), (ask_for(i) for i in range(1000)))
    assert mock.stats()["requests"] < 8 * MOST_FAILED_ITEMS


def test_an_odd_reply_is_one_failed_item_of_a_run(mock, tmp_path):
    mock.script({**reply(), "body": {"choices": [{"message": {"content": [{}, 5]}, "finish_reason": []}]}})
    items = [Item(id=f"i{n}", question="Why?", answer=f"{n}") for n in range(5)]
    judge = Judge(model="openai/mock-judge", rubric=load_rubric("open_qa"))
    with score(
        items, judge=judge, out=tmp_path / "run", connection=Connection(api_base=mock.api_base)
    ) as run:
        statuses = [row.status for row in run.scores() if row.dimension == "clarity"]
    assert len(statuses) == 5
    assert statuses.count("ok") >= 4


# Dialects


def test_a_schema_that_is_refused_as_a_fault_of_the_server_is_left_out(mock, backend_for, ask_for, complete):
    said = "response_format type must be text or json_object, got json_schema"
    mock.serve(error("while response_format is sent", 500, said, type="server_error"))
    completions = complete(backend_for(max_connections=1), [ask_for(i, schema=SCHEMA) for i in range(3)])
    assert all(c.reply and c.dropped == ("response_format",) for c in completions)
    assert mock.stats()["requests"] == 4


def test_a_schema_that_is_refused_in_an_error_dressed_as_a_reply_is_left_out(
    mock, backend_for, ask_for, complete
):
    mock.serve(error("while response_format is sent", 200, "response_format must be text"))
    (completion,) = complete(backend_for(), [ask_for(schema=SCHEMA)])
    assert (completion.dropped, completion.tries) == (("response_format",), 1)


def test_a_schema_that_no_provider_of_a_router_takes_is_left_out(mock, backend_for, ask_for, complete):
    said = "No endpoints found that can handle the requested parameters."
    mock.serve(error("while response_format is sent", 404, said))
    (completion,) = complete(backend_for(), [ask_for(schema=SCHEMA)])
    assert completion.reply
    assert completion.dropped == ("response_format",)


def test_a_schema_that_is_refused_inside_metadata_raw_is_left_out(mock, backend_for, ask_for, complete):
    inner = json.dumps({"error": {"message": "json_schema is not supported"}})
    mock.serve(
        error("while response_format is sent", 502, "Provider returned error", metadata={"raw": inner})
    )
    (completion,) = complete(backend_for(), [ask_for(schema=SCHEMA)])
    assert completion.dropped == ("response_format",)


def test_the_system_text_goes_before_the_users_where_the_role_is_refused(
    mock, backend_for, ask_for, complete
):
    body = {"object": "error", "message": "System role not supported", "type": "BadRequestError", "code": 400}
    mock.serve({"when": "while a system message is sent", "status": 400, "body": body})
    completions = complete(backend_for(max_connections=1), [ask_for(i) for i in range(3)])
    assert all(c.reply and c.dropped == ("system_role",) and c.tries == 1 for c in completions)
    assert mock.stats()["requests"] == 4
    assert mock.seen()[-1]["body"]["messages"] == [
        {"role": "user", "content": "Judge the answer.\n\nBecause of 2."}
    ]


def test_the_system_text_goes_before_pictures_as_well(mock, backend_for, ask_for, complete):
    mock.serve(error("while a system message is sent", 400, "System role not supported"))
    parts = [{"type": "image", "image": 0}, {"type": "text", "text": "Look."}]
    complete(backend_for(encode=lambda _item, _index: "data:x"), [ask_for(content=parts)])
    (message,) = mock.seen()[-1]["body"]["messages"]
    assert [part["type"] for part in message["content"]] == ["text", "image_url", "text"]
    assert message["content"][0]["text"] == "Judge the answer."


def test_a_model_that_only_streams_is_asked_for_a_stream(mock, backend_for, ask_for, complete):
    said = "This model only support stream mode, please enable the stream parameter to access the model."
    event = {"choices": [{"delta": {"content": VERDICT}, "finish_reason": "stop"}], "usage": PAID}
    stream = {"when": "always", "body": f"data: {json.dumps(event)}\n\ndata: [DONE]\n\n"}
    mock.serve(error("while no stream is asked for", 400, said), stream)
    completions = complete(backend_for(max_connections=1), [ask_for(i) for i in range(3)])
    assert all((c.reply, c.usage.prompt_tokens, c.dropped) == (VERDICT, 1000, ()) for c in completions)
    assert mock.stats()["requests"] == 4
    assert mock.seen()[-1]["body"]["stream"] is True
    assert mock.seen()[-1]["body"]["stream_options"] == {"include_usage": True}


def test_a_server_that_knows_no_options_of_streams_is_asked_without(mock, backend_for, ask_for, complete):
    mock.script(
        error("", 400, "stream=true is required: streaming is required"),
        error("", 400, "Unrecognized request argument supplied: stream_options"),
        {"body": 'data: {"choices": [{"delta": {"content": "4"}, "finish_reason": "stop"}]}\n\n'},
    )
    (completion,) = complete(backend_for(), [ask_for()])
    assert (completion.reply, completion.tries, completion.dropped) == ("4", 1, ())


def test_a_filter_that_answers_without_choices_is_a_filter(mock, backend_for, ask_for, complete):
    results = [{"prompt_index": 0, "content_filter_results": {"violence": {"filtered": True}}}]
    mock.script({"body": {"choices": [], "prompt_filter_results": results, "usage": PAID}})
    (completion,) = complete(backend_for(), [ask_for()])
    assert (completion.failure.kind, completion.tries) == ("filter", 1)
    assert "violence" in completion.failure.message


def test_settings_that_leave_no_provider_end_the_run_with_that_advice(mock, backend_for, ask_for, complete):
    mock.serve(error("always", 404, "No endpoints found matching your data policy."))
    with pytest.raises(BackendError, match="Change the privacy settings of the account"):
        complete(backend_for(), (ask_for(i) for i in range(50)))
    assert mock.stats()["requests"] <= 8


# Keys


def test_a_key_that_comes_back_is_not_stored(mock, backend_for, ask_for, complete, monkeypatch):
    key = "very-secret-key-123"
    monkeypatch.setenv("OPENAI_API_KEY", f" {key}\n")
    whole = reply(f"You sent {key}.", key, reasoning_content=f"The key is {key}.")
    whole["body"]["model"] = key
    mock.script(
        whole,
        reply(None, refusal=f"Not with {key}."),
        raw(f"<html>{'x' * 385} {key}".encode()),  # the excerpt ends within the key
        raw(f"<html>{key}".encode()),
        reply([{"type": key}]),
        {
            "body": {
                "choices": [
                    {"finish_reason": "content_filter", "content_filter_results": {key: {"filtered": True}}}
                ]
            }
        },
    )
    completions = complete(backend_for(max_connections=1), [ask_for(i) for i in range(5)])
    stored = "".join(c.model_dump_json() for c in completions)
    assert "very-sec" not in stored
    assert stored.count("[key]") >= 6
    assert "You sent [key]." in stored


def test_words_that_merely_look_like_keys_stay_in_replies(mock, backend_for, ask_for, complete):
    mock.script(reply("The sk-learning-rate at https://me@host is sound."))
    (completion,) = complete(backend_for(), [ask_for()])
    assert completion.reply == "The sk-learning-rate at https://me@host is sound."
