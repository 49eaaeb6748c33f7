"""The second way: what litellm sends, what its exceptions mean, and that it is quiet."""

import inspect
import json
import os
import subprocess
import sys

import httpx
import pytest

from judge.errors import BackendError
from judge.scoring.backends.api.errors import Failed, Rejected
from judge.scoring.backends.api.providers import Endpoint
from judge.scoring.backends.api.via_litellm import fault_of, import_litellm

# Of litellm and what it brings along; ours are errors in all other files.
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecatedSince20"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

SCHEMA = {
    "type": "object",
    "properties": {"score": {"type": "integer", "enum": [1, 2, 3]}},
    "required": ["score"],
    "additionalProperties": False,
}
ENDPOINT = Endpoint(
    name="anthropic/claude-x",
    provider="anthropic",
    model="claude-x",
    transport="litellm",
    key_names=("ANTHROPIC_API_KEY",),
)


@pytest.fixture(scope="module")
def litellm():
    return import_litellm()


@pytest.fixture
def ask(litellm, backend_for, complete, monkeypatch):  # noqa: ARG001 - litellm is imported under our filters
    """Asks the mock through litellm."""
    for name in ("OPENAI_API_KEY", "HOSTED_VLLM_API_KEY", "ANTHROPIC_API_KEY"):
        monkeypatch.setenv(name, "test-key-1234")

    def ask(*requests, model="openai/mock-judge", **options):
        backend = backend_for(model, **{"transport": "litellm"} | options)
        return complete(backend, requests)

    return ask


@pytest.mark.parametrize("model", ["openai/mock-judge", "hosted_vllm/mock-judge", "openai/gpt-5"])
def test_both_ways_send_the_same_and_read_the_same(model, mock, ask, ask_for):
    parts = [{"type": "text", "text": "Look:"}, {"type": "image", "image": 0}]
    request = ask_for(content=parts, schema=SCHEMA, max_tokens=50, seed=3, reasoning_effort="low", extra=1)
    options = {"model": model, "encode": lambda _item, _index: "data:image/png;base64,AAAA"}
    (ours,) = ask(request, transport="http", **options)
    (theirs,) = ask(request, transport="litellm", **options)
    one, other = mock.seen()
    assert one["body"] == other["body"]
    assert one["headers"]["authorization"] == other["headers"]["authorization"] == "Bearer test-key-1234"
    changing = {"latency", "created"}
    assert ours.model_dump(exclude=changing) == theirs.model_dump(exclude=changing)
    assert json.loads(ours.reply)["score"] in (1, 2, 3)


@pytest.mark.parametrize("model", ["openai/mock-judge", "hosted_vllm/mock-judge"])
def test_labels_are_asked_for_by_rank_through_litellm(model, mock, ask, ask_for):
    (completion,) = ask(ask_for(labels="1 2 3 4 5"), model=model)
    body = mock.seen()[0]["body"]
    assert (body["max_tokens"], body["logprobs"], body["top_logprobs"]) == (1, True, 20)
    assert sum(completion.label_probabilities.values()) == pytest.approx(0.93)


def test_a_provider_that_gives_no_log_probabilities_ends_the_run(ask, ask_for):
    with pytest.raises(
        BackendError, match=r"claude-x at .* does not return log-probabilities .*--scores text"
    ):
        ask(ask_for(labels="1 2 3 4 5"), model="anthropic/claude-x")


def test_both_ways_read_usage_refusal_and_reasoning_alike(mock, ask, ask_for):
    usage = {
        "prompt_tokens": 10,
        "completion_tokens": 5,
        "total_tokens": 15,
        "prompt_tokens_details": {"cached_tokens": 8},
        "completion_tokens_details": {"reasoning_tokens": 3},
    }
    message = {"role": "assistant", "content": "5", "reasoning_content": "Hm.", "refusal": None}
    choice = {"index": 0, "message": message, "finish_reason": "length"}
    body = {
        "id": "1",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [choice],
        "usage": usage,
    }
    mock.script({"body": body}, {"body": body})
    (ours,), (theirs,) = ask(ask_for(), transport="http"), ask(ask_for())
    changing = {"latency", "created"}
    assert ours.model_dump(exclude=changing) == theirs.model_dump(exclude=changing)
    assert (theirs.usage.cached_tokens, theirs.usage.reasoning_tokens, theirs.reasoning) == (8, 3, "Hm.")


def test_the_static_part_is_marked_for_the_cache_of_claude(mock, ask, ask_for):
    usage = {"input_tokens": 100, "output_tokens": 5, "cache_read_input_tokens": 900}
    content = [{"type": "text", "text": "4"}]
    reply = {
        "id": "1",
        "type": "message",
        "role": "assistant",
        "model": "claude-sonnet-4-5",
        "content": content,
    }
    mock.script({"body": {**reply, "stop_reason": "end_turn", "usage": usage}})
    address = mock.api_base.removesuffix("/v1")
    (completion,) = ask(ask_for(max_tokens=50), model="anthropic/claude-sonnet-4-5", api_base=address)
    body = mock.seen()[0]["body"]
    assert body["system"] == [
        {"type": "text", "text": "Judge the answer.", "cache_control": {"type": "ephemeral"}}
    ]
    assert (body["max_tokens"], completion.reply) == (50, "4")
    assert completion.usage.cached_tokens == 900
    # 3 and 15 USD per million tokens, 0.3 for those out of the cache
    assert completion.cost == pytest.approx((100 * 3 + 900 * 0.3 + 5 * 15) / 1e6)


def test_what_litellm_knows_to_be_refused_is_left_out_and_recorded(mock, ask, ask_for):
    (completion,) = ask(ask_for(temperature=0, max_tokens=50), model="openai/gpt-5")
    assert completion.dropped == ("temperature",)
    assert "temperature" not in mock.seen()[0]["body"]


@pytest.mark.usefixtures("litellm")
@pytest.mark.parametrize(
    ("fault", "kind"),
    [("429", "rate_limit"), ("500", "server"), ("503", "server"), ("drop", "server"), ("empty", "reply")],
)
def test_a_passing_fault_is_tried_again(fault, kind, mock, ask_for, backend_for, complete, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "test-key-1234")
    mock.set(**{f"every_{fault}": 5 if kind == "reply" else 3})  # an odd reply is asked for again only once
    backend = backend_for(transport="litellm", max_connections=2)
    completions = complete(backend, [ask_for(i) for i in range(6)])
    assert all(c.reply for c in completions)
    assert set(backend.retries) <= {kind, "connection"}
    assert sum(backend.retries.values()) == mock.stats()["faults"][fault]


def test_a_time_out_is_tried_again(mock, ask, ask_for):
    mock.set(every_hang=2)
    ask(ask_for(0))  # litellm imports more at its first call, which takes longer than the time limit
    (completion,) = ask(ask_for(1), timeout=0.5)
    assert completion.reply
    assert completion.tries >= 2


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("openai/mock-401", "the key was rejected .*OPENAI_API_KEY"),
        ("openai/mock-404", "no such model or address"),
        ("openai/mock-quota", "the quota is exhausted"),
    ],
)
def test_what_dooms_every_request_ends_the_run(model, said, ask, ask_for):
    with pytest.raises(BackendError, match=said):
        ask(*[ask_for(i) for i in range(50)], model=model)


def test_a_prompt_over_the_context_is_the_failure_of_its_item(ask, ask_for):
    (completion,) = ask(ask_for(), model="openai/mock-context")
    assert completion.failure.kind == "context"


def test_no_connection_is_left_open(mock, ask, ask_for):
    # Named otherwise than in the tests before, or litellm would take a client that it has kept from them.
    ask(*[ask_for(i) for i in range(10)], model="hosted_vllm/mock-judge", timeout=77.0)
    for _ in range(100):  # the server hears of it when it hears of it
        if (still := mock.stats()["open"]) == 1:
            break
    assert still == 1  # the one that asks


@pytest.mark.usefixtures("litellm")
def test_a_server_of_ones_own_needs_no_key(backend_for, ask_for, complete):
    for model in ("openai/mock-judge", "mock-judge", "hosted_vllm/mock-judge"):
        (completion,) = complete(backend_for(model, transport="litellm"), [ask_for()])
        assert completion.reply


# Every exception of litellm: again (tried again), item (fails its item), or run (ends the run).
MEANINGS = {
    "AuthenticationError": "run",
    "NotFoundError": "run",
    "PermissionDeniedError": "run",
    "PaymentRequiredError": "run",
    "LiteLLMUnknownProvider": "run",
    "BudgetExceededError": "run",
    "ModelNotMappedError": "run",
    "BadRequestError": "item",
    "InvalidRequestError": "item",
    "UnprocessableEntityError": "item",
    "UnsupportedParamsError": "item",
    "RejectedRequestError": "item",
    "ContextWindowExceededError": "item",
    "ContentPolicyViolationError": "item",
    "ImageFetchError": "item",
    "VectorStoreSearchError": "item",
    "GuardrailRaisedException": "item",
    "GuardrailInterventionNormalStringError": "item",
    "BlockedPiiEntityError": "item",
    "ModifyResponseException": "item",
    "SensitiveDataRouteException": "item",
    "OpenAIError": "item",
    "Timeout": "again",
    "RateLimitError": "again",
    "ServiceUnavailableError": "again",
    "BadGatewayError": "again",
    "InternalServerError": "again",
    "APIError": "again",
    "APIConnectionError": "again",
    "APIResponseValidationError": "again",
    "JSONSchemaValidationError": "again",
    "MidStreamFallbackError": "again",
    "MockException": "again",
}


def exceptions_of(litellm):
    module = litellm.exceptions
    return {
        name: kind
        for name, kind in vars(module).items()
        if inspect.isclass(kind) and issubclass(kind, Exception) and kind.__module__ == module.__name__
    }


def instance(kind):
    """An exception of a class, whatever its constructor wants."""
    request = httpx.Request("POST", "http://h")
    status = {"PermissionDeniedError": 403, "UnprocessableEntityError": 422}.get(kind.__name__, 503)
    known = {
        "status_code": status,
        "response": httpx.Response(status, request=request),
        "request": request,
        "original_exception": ValueError("boom"),
        "current_cost": 1.0,
        "max_budget": 1.0,
        "request_data": {},
        "failures": [{"vector_store_id": "v", "error": "boom"}],
    }
    wanted = inspect.signature(kind.__init__).parameters.values()
    return kind(
        **{
            p.name: known.get(p.name, "boom")
            for p in wanted
            if p.name != "self" and p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
        }
    )


def test_every_exception_of_litellm_has_a_meaning(litellm):
    found = {}
    for name, kind in exceptions_of(litellm).items():
        meaning = fault_of(instance(kind), ENDPOINT, ())
        if isinstance(meaning, BackendError):
            found[name] = "run"
        else:
            assert isinstance(meaning, Failed)
            found[name] = "again" if meaning.again else "item"
    known = {name: meaning for name, meaning in MEANINGS.items() if name in found}
    assert found == known


def test_an_exception_of_nobody_fails_the_item_and_names_itself():
    failed = fault_of(KeyError("usage"), ENDPOINT, ())
    assert isinstance(failed, Failed)
    assert (failed.kind, failed.message, failed.again) == ("request", "KeyError: 'usage'", False)


def test_retry_after_is_found_where_litellm_keeps_it(litellm):
    error = litellm.RateLimitError("slow down", "anthropic", "claude-x")
    error.litellm_response_headers = httpx.Headers({"Retry-After": "7"})
    assert fault_of(error, ENDPOINT, ()).retry_after == 7.0


def test_an_unsupported_parameter_is_named(litellm):
    said = (
        "openai does not support parameters: ['logprobs'], for model=o3. To drop these, set drop_params=True"
    )
    error = litellm.UnsupportedParamsError(said, "openai", "o3")
    rejected = fault_of(error, ENDPOINT, ("drop_params", "logprobs"))
    assert isinstance(rejected, Rejected)
    assert (rejected.param, "drop" in rejected.message) == ("logprobs", False)


ODD = {"role": "assistant", "content": {"clarity": 4}}


@pytest.mark.parametrize(
    ("model", "body", "said"),
    [
        ("openai", {"choices": [{"index": 0, "message": ODD, "finish_reason": "stop"}]}, "'clarity': 4"),
        ("hosted_vllm", {"choices": [{"index": 0, "message": ODD, "finish_reason": "stop"}]}, "'clarity': 4"),
        ("openai", {"choices": ["x"]}, "['x']"),
        ("hosted_vllm", "<html>Sign in</html>", "<html>Sign in</html>"),
        ("openai", "<html>Sign in</html>", "line 1 column 1"),
        ("openai", "[" * 200_000, "maximum recursion depth"),
        ("openai", [], "[]"),
    ],
)
def test_an_odd_reply_is_asked_for_once_more_and_fails_its_item(model, body, said, mock, ask, ask_for):
    mock.script({"body": body}, {"body": body})
    (completion,) = ask(ask_for(), model=f"{model}/mock-judge")
    assert (completion.failure.kind, completion.tries) == ("reply", 2)
    assert completion.failure.message.startswith("litellm cannot read the reply: ")
    assert said in completion.failure.message
    assert "Traceback" not in completion.failure.message


def test_tool_calls_and_refusals_are_read_as_they_are_over_http(mock, ask, ask_for):
    def body(**message):
        choice = {"index": 0, "message": {"role": "assistant", "content": None, **message}}
        return {
            "body": {"id": "1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}
        }

    call = {"id": "c", "type": "function", "function": {"name": "verdict", "arguments": '{"clarity": 4}'}}
    mock.script(body(tool_calls=[call]), body(refusal="No."))
    (verdict,), (refused,) = ask(ask_for(0)), ask(ask_for(1))
    assert (verdict.reply, refused.refusal) == ('{"clarity": 4}', "No.")


def test_a_model_that_only_streams_is_asked_for_a_stream(mock, ask, ask_for):
    said = "This model only support stream mode, please enable the stream parameter to access the model."
    usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
    start = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    events = [
        {**start, "choices": [{"index": 0, "delta": {"role": "assistant", "content": "4"}}]},
        {**start, "choices": [{"index": 0, "delta": {"content": "2"}, "finish_reason": "stop"}]},
        {**start, "choices": [], "usage": usage},
    ]
    text = "".join(f"data: {json.dumps(event)}\n\n" for event in events) + "data: [DONE]\n\n"
    mock.serve(
        {"when": "while no stream is asked for", "status": 400, "body": {"error": {"message": said}}},
        {"when": "always", "headers": {"Content-Type": "text/event-stream"}, "body": text},
    )
    (completion,) = ask(ask_for())
    assert (completion.reply, completion.finish_reason, completion.tries) == ("42", "stop", 1)
    assert (completion.usage.prompt_tokens, completion.usage.completion_tokens) == (10, 5)


def test_the_system_text_goes_before_the_users_where_the_role_is_refused(mock, ask, ask_for):
    body = {"error": {"message": "System role not supported", "code": 400}}
    mock.serve({"when": "while a system message is sent", "status": 400, "body": body})
    (completion,) = ask(ask_for())
    assert (completion.dropped, completion.tries) == (("system_role",), 1)
    assert mock.seen()[-1]["body"]["messages"][0]["content"].startswith("Judge the answer.\n\nBecause")


def test_a_schema_that_is_refused_as_a_fault_of_the_server_is_left_out(mock, ask, ask_for):
    said = "response_format type must be text or json_object, got json_schema"
    body = {"error": {"message": said, "code": 500, "type": "server_error"}}
    mock.serve({"when": "while response_format is sent", "status": 500, "body": body})
    (completion,) = ask(ask_for(schema=SCHEMA))
    assert (completion.dropped, completion.tries) == (("response_format",), 1)


QUIET = """
import sys
places = set()
def watch(event, args):
    if event == "socket.getaddrinfo":
        places.add(str(args[0]))
    if event == "socket.connect" and isinstance(args[1], tuple):
        places.add(args[1][0])
sys.addaudithook(watch)
from judge.records import Item, Request
from judge.scoring.backends.api.backend import ApiBackend, Connection
for model, n in (("openai/mock-judge", 3), ("openai/mock-404", 1)):
    backend = ApiBackend(model, connection=Connection(api_base=sys.argv[1], transport="litellm"))
    item = Item(id="1", question="?", answer="!")
    try:
        for batch in backend.complete(
            Request(item, [{"role": "user", "content": "x"}], model="m", params={"seed": 1}, schema=None, key=str(i))
            for i in range(n)
        ):
            pass
    except Exception as error:
        pass
print(sorted(places))
"""


def test_litellm_prints_nothing_and_connects_to_the_provider_alone(mock, tmp_path):
    (tmp_path / ".env").write_text("OPENAI_API_KEY=from-a-file\n")
    environ = {**os.environ, "OPENAI_API_KEY": "test-key-1234"}
    done = subprocess.run(
        [sys.executable, "-c", QUIET, mock.api_base],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env=environ,
    )
    assert done.stdout == "['127.0.0.1']\n"
    assert done.stderr == ""
    assert [p.name for p in tmp_path.iterdir()] == [".env"]
    assert {seen["headers"]["authorization"] for seen in mock.seen()} == {"Bearer test-key-1234"}
