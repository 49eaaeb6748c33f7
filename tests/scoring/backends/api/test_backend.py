"""The whole way to a provider and back, against a server that throws every fault."""

import asyncio
import json
import signal
import subprocess
import sys
from collections import Counter
from itertools import count

import pytest

from judge.errors import BackendError
from judge.scoring.backends.api.backend import _finish

SCHEMA = {"type": "object", "properties": {"score": {"type": "integer", "enum": [1, 2, 3]}}}


def reply(content="4", finish="stop", usage=None, **message):
    choice = {"message": {"role": "assistant", "content": content, **message}, "finish_reason": finish}
    return {"body": {"model": "m-1", "choices": [choice], "usage": usage}}


def error(status, message="no", headers=None, **more):
    return {"status": status, "headers": headers, "body": {"error": {"message": message, **more}}}


def test_every_request_gets_one_completion(mock, backend_for, ask_for, complete):
    completions = complete(backend_for(), (ask_for(i) for i in range(300)))
    assert sorted(c.key for c in completions) == sorted(f"key of {i}" for i in range(300))
    assert all(c.reply and not c.failure and c.tries == 1 for c in completions)
    assert mock.stats()["requests"] == 300


def test_the_body_holds_messages_parameters_and_schema(mock, backend_for, ask_for, complete):
    complete(backend_for(), [ask_for(temperature=0.5, seed=7, schema=SCHEMA)])
    assert mock.seen()[0]["body"] == {
        "model": "mock-judge",
        "messages": [
            {"role": "system", "content": "Judge the answer."},
            {"role": "user", "content": "Because of 0."},
        ],
        "temperature": 0.5,
        "seed": 7,
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "verdict", "strict": True, "schema": SCHEMA},
        },
    }


def test_pictures_are_encoded_in_their_places(mock, backend_for, ask_for, complete):
    parts = [{"type": "text", "text": "Look:"}, {"type": "image", "image": 1}, {"type": "image", "image": 0}]
    backend = backend_for(encode=lambda item, index: f"data:{item.id}:{index}")
    complete(backend, [ask_for(content=parts)])
    assert mock.seen()[0]["body"]["messages"][1]["content"] == [
        {"type": "text", "text": "Look:"},
        {"type": "image_url", "image_url": {"url": "data:i0:1"}},
        {"type": "image_url", "image_url": {"url": "data:i0:0"}},
    ]


def test_a_picture_that_cannot_be_read_fails_its_item_alone(backend_for, ask_for, complete):
    def encode(_item, _index):
        raise FileNotFoundError("cat.png is gone")

    parts = [{"type": "image", "image": 0}]
    first, second = complete(
        backend_for(encode=encode, max_connections=1), [ask_for(0, content=parts), ask_for(1)]
    )
    assert (first.failure.kind, first.failure.message) == ("image", "cat.png is gone")
    assert second.reply


def test_a_body_of_many_megabytes_is_sent(mock, backend_for, ask_for, complete):
    (completion,) = complete(backend_for(), [ask_for(content="word " * 1_000_000)])
    assert completion.reply
    assert len(mock.seen()[0]["body"]["messages"][1]["content"]) == 5_000_000


def test_the_key_goes_to_the_provider_as_a_bearer(mock, backend_for, ask_for, complete, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", " sk-secret-12345678\n")
    complete(backend_for(), [ask_for()])
    assert mock.seen()[0]["headers"]["authorization"] == "Bearer sk-secret-12345678"


def test_without_a_key_none_is_sent_to_a_server_of_ones_own(mock, backend_for, ask_for, complete):
    complete(backend_for("hosted_vllm/mock-judge"), [ask_for()])
    assert "authorization" not in mock.seen()[0]["headers"]


# Faults


def until_error(batches):
    """What arrived, and the error that ended it."""
    kept = []
    try:
        for batch in batches:
            kept += batch
    except Exception as ended_by:  # noqa: BLE001 - the tests look at it
        return kept, ended_by
    return kept, None


@pytest.mark.parametrize(
    ("fault", "kind", "every"),
    [
        ("429", "rate_limit", 3),
        ("429_bare", "rate_limit", 3),
        ("500", "server", 3),
        ("502", "server", 3),
        ("503", "server", 3),
        ("529", "server", 3),
        ("drop", "connection", 3),
        ("broken", "reply", 20),  # an odd reply is asked for again only once
        ("empty", "reply", 20),
    ],
)
def test_a_passing_fault_is_tried_again(fault, kind, every, mock, backend_for, ask_for, complete):
    mock.set(**{f"every_{fault}": every})
    backend = backend_for()
    completions = complete(backend, [ask_for(i) for i in range(40)])
    assert all(c.reply for c in completions)
    assert Counter(c.item_id for c in completions) == Counter(f"i{i}" for i in range(40))
    assert backend.retries == {kind: mock.stats()["faults"][fault]}
    assert sum(c.tries - 1 for c in completions) == backend.retries[kind]


def test_a_time_out_is_tried_again(mock, backend_for, ask_for, complete):
    mock.set(every_hang=3)
    backend = backend_for(timeout=0.5)
    completions = complete(backend, [ask_for(i) for i in range(6)])
    assert all(c.reply for c in completions)
    assert set(backend.retries) == {"timeout"}
    assert backend.retries["timeout"] >= mock.stats()["faults"]["hang"]  # more on a busy machine


@pytest.mark.parametrize(
    ("fault", "kind", "said"),
    [
        ("500", "server", "500: The server had an error"),
        ("hang", "timeout", "no reply within"),
        ("drop", "connection", "Server disconnected"),
        ("broken", "reply", "the reply is not JSON"),
        ("empty", "reply", "the reply has no choice"),
    ],
)
def test_a_lasting_fault_is_the_failure_of_its_item(fault, kind, said, mock, backend_for, ask_for, complete):
    mock.set(**{f"every_{fault}": 2}, by="hash")
    timeout = 0.3 if fault == "hang" else 30.0
    completions = complete(backend_for(timeout=timeout), [ask_for(i) for i in range(20)])
    failed = [c for c in completions if c.failure]
    assert len(completions) == 20
    assert 0 < len(failed) < 20
    for completion in failed:
        assert completion.failure.kind == kind
        assert said in completion.failure.message
        assert completion.tries == {"rate_limit": 20, "reply": 2}.get(kind, 8)
        assert completion.reply is None


def test_replies_that_are_no_verdict_come_back_as_they_are(mock, backend_for, ask_for, complete):
    mock.script(
        reply("prose"),
        reply("half a ver", finish="length"),
        reply(None, refusal="I cannot do that."),
        reply("", finish="content_filter"),
    )
    prose, cut, refused, filtered = complete(backend_for(max_connections=1), [ask_for(i) for i in range(4)])
    assert prose.reply == "prose"
    assert (cut.reply, cut.finish_reason, cut.failure) == ("half a ver", "length", None)
    assert (refused.reply, refused.refusal) == (None, "I cannot do that.")
    assert filtered.failure.kind == "filter"


def test_a_prompt_over_the_context_is_the_failure_of_its_item(backend_for, ask_for, complete):
    (completion,) = complete(backend_for("openai/mock-context"), [ask_for()])
    assert completion.failure.kind == "context"
    assert completion.tries == 1


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("openai/mock-401", "the key was rejected .*OPENAI_API_KEY"),
        ("openai/mock-404", "no such model or address .*--api-base"),
        ("openai/mock-quota", "the quota is exhausted .*run the same command again"),
    ],
)
def test_what_dooms_every_request_ends_the_run(model, said, mock, backend_for, ask_for, complete):
    with pytest.raises(BackendError, match=said):
        complete(backend_for(model), (ask_for(i) for i in count()))
    assert mock.stats()["requests"] <= 8


def test_what_arrived_before_the_end_is_kept(mock, backend_for, ask_for):
    mock.script(reply("1"), reply("2"), error(401))
    kept, ended_by = until_error(backend_for(max_connections=1).complete(ask_for(i) for i in count()))
    assert isinstance(ended_by, BackendError)
    assert [c.reply for c in kept] == ["1", "2"]


def test_what_is_in_flight_when_the_run_is_doomed_may_still_come_back(mock, backend_for, ask_for):
    mock.set(latency_ms=50)
    mock.script(error(401), reply("paid for"), reply("paid for"))
    kept, ended_by = until_error(backend_for(max_connections=3).complete(ask_for(i) for i in range(9)))
    assert isinstance(ended_by, BackendError)
    assert [c.reply for c in kept] == ["paid for"] * 2


def test_a_server_that_is_not_there_ends_the_run(backend_for, ask_for, complete):
    with pytest.raises(BackendError, match=r"cannot be reached: http://127\.0\.0\.1:9/v1"):
        complete(backend_for(api_base="http://127.0.0.1:9/v1"), (ask_for(i) for i in count()))


def test_a_provider_that_answers_nobody_any_more_ends_the_run(mock, backend_for, ask_for):
    mock.set(every_500=1)
    kept, ended_by = until_error(backend_for().complete(ask_for(i) for i in count()))
    assert isinstance(ended_by, BackendError)
    assert "the last 20 items got no reply; last error: 500" in str(ended_by)
    assert 20 <= len(kept) < 60


def test_an_error_in_the_callers_requests_comes_after_the_replies(backend_for, ask_for):
    def requests():
        yield ask_for(0)
        yield ask_for(1)
        raise OSError("items.jsonl: read error")

    kept, ended_by = until_error(backend_for().complete(requests()))
    assert isinstance(ended_by, OSError)
    assert "read error" in str(ended_by)
    assert len(kept) == 2


def test_an_error_dressed_as_a_reply_is_an_error(mock, backend_for, ask_for, complete):
    mock.script({"body": {"error": {"message": "overloaded", "code": 503}}})
    backend = backend_for()
    (completion,) = complete(backend, [ask_for()])
    assert completion.reply
    assert backend.retries == {"server": 1}


def test_a_page_in_place_of_json_is_said_in_one_line(mock, backend_for, ask_for, complete):
    mock.script(*[{"status": 502, "body": "<html>\n<h1>Bad gateway</h1>\n" + "x" * 9999}] * 8)
    backend = backend_for()
    (first,) = complete(backend, [ask_for()])
    assert first.failure.message.startswith("502: <html> <h1>Bad gateway</h1> xxx")
    assert len(first.failure.message) < 500


# Parameters that a provider does not take


def test_a_rejected_parameter_is_left_out_and_recorded(mock, backend_for, ask_for, complete):
    said = "Unsupported value: 'temperature' does not support 0 with this model."
    mock.script(error(400, said, param="temperature", code="unsupported_value"))
    requests = [ask_for(i, temperature=0, seed=1) for i in range(3)]
    completions = complete(backend_for(max_connections=1), requests)
    assert [c.dropped for c in completions] == [("temperature",)] * 3
    assert [c.tries for c in completions] == [1, 1, 1]
    assert ["temperature" in seen["body"] for seen in mock.seen()] == [True, False, False, False]
    assert all(seen["body"]["seed"] == 1 for seen in mock.seen())


def test_a_rejected_schema_falls_back_to_the_instructions(mock, backend_for, ask_for, complete):
    mock.script(error(400, "This response_format type is unavailable now"))
    (completion,) = complete(backend_for(), [ask_for(schema=SCHEMA)])
    assert completion.dropped == ("response_format",)
    assert "response_format" not in mock.seen()[1]["body"]


def test_a_limit_under_another_name_is_renamed_not_dropped(mock, backend_for, ask_for, complete):
    said = "Unsupported parameter: 'max_tokens' is not supported. Use 'max_completion_tokens' instead."
    mock.script(error(400, said, param="max_tokens", code="unsupported_parameter"))
    (completion,) = complete(backend_for(), [ask_for(max_tokens=50)])
    assert completion.dropped == ()
    assert mock.seen()[1]["body"]["max_completion_tokens"] == 50


def test_many_rejections_at_once_cost_each_request_one_more_try(mock, backend_for, ask_for, complete):
    rejection = error(400, "seed is not supported", param="seed", code="unsupported_parameter")
    mock.script(*[rejection] * 8)
    completions = complete(backend_for(), [ask_for(i, seed=1) for i in range(20)])
    assert all(c.dropped == ("seed",) and c.reply for c in completions)
    assert mock.stats()["requests"] == 28


def test_a_value_that_the_provider_refuses_ends_the_run(mock, backend_for, ask_for, complete):
    mock.script(error(400, "must be at most 2", param="temperature", code="invalid_value"))
    with pytest.raises(BackendError, match="rejects this value of temperature: must be at most 2"):
        complete(backend_for(), [ask_for(temperature=9)])


def test_a_limit_that_is_refused_to_a_cut_reply_fails_its_item_alone(mock, backend_for, ask_for, complete):
    said = "max_tokens=9612 cannot be greater than max_model_len=4096."
    mock.script(error(400, said, param="max_tokens"))
    cut = ask_for(0).next_attempt(max_tokens=9612)
    first, second = complete(backend_for(max_connections=1), [cut, ask_for(1).next_attempt(max_tokens=50)])
    assert (first.failure.kind, said in first.failure.message) == ("context", True)
    assert second.reply


def test_a_limit_of_the_users_own_that_is_refused_ends_the_run(mock, backend_for, ask_for, complete):
    mock.script(error(400, "cannot be greater than max_model_len=4096", param="max_tokens"))
    with pytest.raises(BackendError, match="rejects this value of max_tokens"):
        complete(backend_for(), [ask_for(max_tokens=5000)])


# Money


def test_cost_and_tokens_are_counted_with_cached_ones_cheaper(
    mock, backend_for, ask_for, complete, monkeypatch
):
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    usage = {
        "prompt_tokens": 1000,
        "completion_tokens": 100,
        "prompt_tokens_details": {"cached_tokens": 800},
        "completion_tokens_details": {"reasoning_tokens": 60},
    }
    mock.script(reply("5", usage=usage))
    backend = backend_for("openai/gpt-4.1")
    (completion,) = complete(backend, [ask_for()])
    # gpt-4.1: 2, 0.5 (cached) and 8 USD per million tokens
    assert completion.cost == pytest.approx((200 * 2 + 800 * 0.5 + 100 * 8) / 1e6)
    assert completion.usage.model_dump() == {
        "prompt_tokens": 1000,
        "completion_tokens": 100,
        "cached_tokens": 800,
        "reasoning_tokens": 60,
    }
    assert backend.spent == completion.cost


def test_an_unknown_price_is_no_cost(backend_for, ask_for, complete):
    backend = backend_for()
    (completion,) = complete(backend, [ask_for()])
    assert completion.cost is None


def test_a_limit_on_cost_needs_a_price(backend_for):
    with pytest.raises(BackendError, match="no price is known"):
        backend_for(max_cost=1.0)


def test_max_cost_stops_before_it_is_passed(mock, backend_for, ask_for, complete):
    usage = {"prompt_tokens": 1000, "completion_tokens": 1000}  # 0.01 USD a reply
    mock.set(latency_ms=1)
    mock.script(*[reply("5", usage=usage)] * 500)
    backend = backend_for("openai/gpt-4.1", max_cost=1.0)
    completions = complete(backend, (ask_for(i, content="word " * 800) for i in count()))
    spent = sum(c.cost for c in completions)
    assert 0.9 < spent <= 1.0
    assert backend.stopped == "max_cost (--max-cost) of 1 USD would be exceeded"


# Ends


def test_requests_are_pulled_as_they_are_needed(mock, backend_for, ask_for):
    mock.set(latency_ms=5)
    pulled = count()
    batches = backend_for(max_connections=4).complete(ask_for(next(pulled)) for _ in count())
    arrived = len(next(batches))
    assert next(pulled) <= arrived + 4 + 1
    batches.close()


def test_mock_counts_no_reply_to_a_request_from_before_its_reset(mock, backend_for, ask_for, complete):
    mock.set(latency_ms=50)
    batches = backend_for(max_connections=4).complete(ask_for(i) for i in count())
    next(batches)
    batches.close()  # others are under way
    mock.set(latency_ms=100)
    complete(backend_for(), [ask_for()])
    assert mock.stats()["replies"] == 1


def test_closing_early_loses_nothing_that_has_arrived(mock, backend_for, ask_for):
    backend = backend_for(max_connections=50)
    batches = backend.complete(ask_for(i) for i in count())
    kept = list(next(batches))
    sent = 0
    while sent != (sent := mock.stats()["replies"]):  # the other 49 arrive at the sockets meanwhile
        pass
    batches.close()
    kept += backend.drain()
    assert len({c.key for c in kept}) == len(kept) >= sent > 1
    assert backend.drain() == ()


@pytest.mark.parametrize("place", ["program", "notebook"])
def test_ctrl_c_yields_what_has_arrived_and_then_interrupts(place, mock, tmp_path):
    mock.set(latency_ms=20)
    script = tmp_path / "ask.py"
    script.write_text(INTERRUPTED)
    process = subprocess.Popen(
        [sys.executable, str(script), mock.api_base, place], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    process.stdout.readline()  # the first batch is there
    process.send_signal(signal.SIGINT)
    last = json.loads(process.communicate(timeout=60)[0].splitlines()[-1])
    assert last["interrupted"]
    assert last["kept"] == last["unique"]
    replies = mock.stats()["replies"]
    # 8 were in flight at most, and as many in a batch that the program was interrupted in taking in
    assert replies - 16 <= last["kept"] <= replies


INTERRUPTED = """
import asyncio, itertools, json, signal, sys
from judge.records import Item, Request
from judge.scoring.backends.api.backend import ApiBackend
from judge.scoring.backends.connection import Connection

def request(i):
    item = Item(id=str(i), question="?", answer="!")
    return Request(item, [{"role": "user", "content": str(i)}], model="m", params={}, schema=None, key=str(i))

def main():
    backend = ApiBackend("openai/mock-judge", connection=Connection(api_base=sys.argv[1], max_connections=8))
    kept, interrupted = [], False
    batches = backend.complete(map(request, itertools.count()))
    try:
        for batch in batches:
            kept += [c.key for c in batch]
            print(len(kept), flush=True)
    except KeyboardInterrupt:
        interrupted = True
    batches.close()
    kept += [c.key for c in backend.drain()]
    print(json.dumps({"interrupted": interrupted, "kept": len(kept), "unique": len(set(kept))}))

async def cell():
    main()

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
if sys.argv[2] == "program":
    main()
else:
    asyncio.new_event_loop().run_until_complete(cell())
"""


def test_it_works_where_an_event_loop_runs_already_as_in_a_notebook(backend_for, ask_for, complete):
    async def cell():
        return complete(backend_for(), [ask_for(i) for i in range(20)])

    assert len(asyncio.run(cell())) == 20


def test_a_backend_can_be_asked_again(backend_for, ask_for, complete):
    backend = backend_for()
    assert len(complete(backend, [ask_for(0)])) == 1
    assert len(complete(backend, [ask_for(1), ask_for(2)])) == 2


# Pace


def test_no_more_connections_than_allowed(mock, backend_for, ask_for, complete):
    mock.set(latency_ms=2)
    complete(backend_for(max_connections=5), [ask_for(i) for i in range(60)])
    stats = mock.stats()
    assert stats["peak_in_flight"] == 5
    assert stats["connections"] < 10  # kept open and used again, not one a request


def test_connections_grow_while_the_provider_bears_it(mock, backend_for, ask_for, complete):
    mock.set(latency_ms=3)
    complete(backend_for(), [ask_for(i) for i in range(300)])
    assert 32 <= mock.stats()["peak_in_flight"] <= 256


def test_refusals_for_haste_lower_the_connections(mock, backend_for, ask_for, complete):
    mock.set(every_429=2, retry_after=0.001)
    backend = backend_for(max_connections=64)
    completions = complete(backend, [ask_for(i) for i in range(150)])
    assert all(c.reply for c in completions)
    # Every second request is refused, often the same ones: those are taken to be refused for themselves.
    assert backend._pace.limit < 50


# Secrets


def test_a_key_never_shows(mock, backend_for, ask_for, complete, monkeypatch, capfd, caplog):
    monkeypatch.setenv("OPENAI_API_KEY", "very-secret-key-123")
    mock.script(*[error(500, "you sent very-secret-key-123, sk-proj-abcdefgh12345")] * 8)
    backend = backend_for()
    (first,) = complete(backend, [ask_for()])
    shown = repr(backend.endpoint) + first.model_dump_json() + caplog.text + "".join(capfd.readouterr())
    assert first.failure.message == "500: you sent [key], [key]"
    assert "secret" not in shown
    mock.script(error(401, "very-secret-key-123 is wrong"))
    with pytest.raises(BackendError) as raised:
        complete(backend, [ask_for(2)])
    assert "secret" not in str(raised.value)


def test_litellm_is_not_imported_for_an_openai_endpoint(mock):
    program = (
        "import sys; from judge.scoring.backends.api.backend import ApiBackend, Connection; from judge.records import *;"
        f"b = ApiBackend('openai/mock-judge', connection=Connection(api_base={mock.api_base!r}));"
        "i = Item(id='1', question='?', answer='!');"
        "r = Request(i, [{'role': 'user', 'content': 'x'}], model='m', params={}, schema=None, key='k');"
        "print(len([c for batch in b.complete([r]) for c in batch]), 'litellm' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1", "False"]


def test_closing_runs_to_its_end_though_ctrl_c_left_an_order_to_stop():
    closed = []

    async def close():
        await asyncio.sleep(0)
        closed.append(True)

    with asyncio.Runner() as runner:
        runner.get_loop().stop()
        _finish(runner, close)
    assert closed
