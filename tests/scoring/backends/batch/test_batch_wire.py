"""What is sent to each provider, and how its replies are read."""

import asyncio
import json

import pytest

from judge.errors import BackendError
from judge.records import Image
from judge.scoring.backends.api.errors import Failed, Rejected
from judge.scoring.backends.api.providers import resolve
from judge.scoring.backends.batch import anthropic_batches, gemini_batches
from judge.scoring.backends.batch.batch_http import BatchHttp
from judge.scoring.backends.batch.bodies import RequestBodies
from judge.scoring.backends.batch.chunks import LINES, BatchMember, Chunk, Framing
from judge.scoring.backends.batch.journal import StoredBatch
from judge.scoring.backends.batch.select_provider import at_batches, batch_provider

from ...builders import item
from .conftest import MODELS, base_of

PICTURE = "data:image/png;base64,aGVsbG8="
WITH_PICTURE = [item("1", images=(Image(url=PICTURE),))]


@pytest.fixture(autouse=True)
def _unchanged_pictures(monkeypatch):
    monkeypatch.setattr("judge.scoring.images.ImageEncoder.encode", lambda _self, image: image.url)


def body_for(score, server, provider, **options):
    score(provider=provider, items=WITH_PICTURE, **options).close()
    ((_, body),) = server.batches[0].requests
    return body


def head(server, ending):
    return next(headers for _, path, headers, _ in server.seen if path.partition("?")[0].endswith(ending))


def test_openai_gets_a_file_a_window_and_our_token(score, server):
    score(2).close()
    (about,) = map(json.loads, server.asked("POST", "/v1/batches"))
    line = json.loads(server.files["file-1"].splitlines()[0])
    assert (line["method"], line["url"], about["endpoint"]) == ("POST", *["/v1/chat/completions"] * 2)
    assert about["completion_window"] == "24h"
    assert len(about["metadata"]["judge_batch"]) == 32
    assert head(server, "/v1/batches")["authorization"] == "Bearer sk-test-12345678"


def test_azure_gets_its_paths_its_version_and_its_header(score, server, monkeypatch):
    monkeypatch.setenv("AZURE_API_VERSION", "2030-01-01")
    score(1, "azure").close()
    paths = [path for _, path, _, _ in server.seen]
    assert paths[:3] == [
        "/openai/files?api-version=2030-01-01",
        "/openai/batches?api-version=2030-01-01",
        "/openai/batches/batch-1?api-version=2030-01-01",
    ]
    assert head(server, "/openai/files")["api-key"] == "sk-test-12345678"
    assert json.loads(server.files["file-1"])["url"] == "/chat/completions"


def test_azure_without_a_key_is_refused(score, monkeypatch):
    monkeypatch.delenv("AZURE_API_KEY")
    monkeypatch.setenv("AZURE_AD_TOKEN", "t")
    with pytest.raises(BackendError, match="AZURE_API_KEY"):
        score(1, "azure")


def test_mistral_names_the_model_in_the_job_and_its_seed_by_its_own_name(score, server):
    body = body_for(score, server, "mistral", judge={"params": {"seed": 7}})
    (about,) = map(json.loads, server.asked("POST", "/batch/jobs"))
    assert "model" not in body
    assert (about["model"], body["random_seed"]) == ("mistral-small-latest", 7)


def test_mistral_lists_its_jobs_page_by_page(score, server, monkeypatch):
    monkeypatch.setattr("judge.scoring.backends.batch.mistral_batches._PAGE", 1)
    server.lost = 1
    create = server.create

    def and_others(requests, about):
        try:
            return create(requests, about)
        finally:
            create([("foreign", {})], {**about, "metadata": {}, "input_files": ["another"]})

    server.create = and_others
    score(1, "mistral").close()
    assert score.statuses() == {"ok": 1}


def test_anthropic_gets_its_messages_schema_and_effort(score, server):
    body = body_for(score, server, "anthropic", judge={"params": {"reasoning_effort": "low", "seed": 7}})
    user = body["messages"][0]["content"]
    source = {"type": "base64", "media_type": "image/png", "data": "aGVsbG8="}
    assert {"type": "image", "source": source} in user
    assert body["output_config"]["format"]["type"] == "json_schema"
    assert body["thinking"]["type"] == "enabled"
    assert body["system"][0]["cache_control"] == {"type": "ephemeral"}
    assert body["max_tokens"] > 0
    assert {"json_mode", "output_format", "stream", "seed"}.isdisjoint(body)
    assert score.completions()[0].dropped == ("seed",)
    assert head(server, "/batches")["x-api-key"] == "sk-test-12345678"


def test_anthropic_without_structured_output_gets_no_schema(score, server):
    assert "output_config" not in body_for(score, server, "anthropic", judge={"structured": False})


def test_a_token_for_anthropic_is_a_bearer(score, server, monkeypatch):
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    monkeypatch.setenv("ANTHROPIC_AUTH_TOKEN", "t-12345678")
    score(1, "anthropic").close()
    assert head(server, "/batches")["authorization"] == "Bearer t-12345678"


def test_gemini_gets_its_contents_schema_and_budget(score, server):
    body = body_for(score, server, "gemini", judge={"params": {"reasoning_effort": "low"}})
    assert {"inline_data": {"data": "aGVsbG8=", "mime_type": "image/png"}} in body["contents"][0]["parts"]
    settings = body["generationConfig"]
    assert settings["response_mime_type"] == "application/json"
    assert settings["thinkingConfig"]["thinkingBudget"] > 0
    assert head(server, ":batchGenerateContent")["x-goog-api-key"] == "sk-test-12345678"
    assert "x-goog-api-key" not in head(server, "/uploaded")


def test_gemini_without_an_address_for_the_upload_is_an_error(score, server):
    server.refusals = [("POST", "/upload/v1beta/files", 200, {})] * 5
    with pytest.raises(BackendError, match="no address for the upload"):
        score(1, "gemini")


def test_usage_counts_what_is_cached_and_what_is_thought(score):
    score(1, "anthropic").close()
    usage = score.completions()[0].usage
    assert (usage.prompt_tokens, usage.cached_tokens, usage.completion_tokens) == (100, 30, 20)
    score.folder = score.folder.with_name("another")
    score(1, "gemini").close()
    usage = score.completions()[0].usage
    assert (usage.prompt_tokens, usage.completion_tokens, usage.reasoning_tokens) == (100, 20, 5)


@pytest.mark.parametrize(
    ("message", "reply", "finish"),
    [
        ({"content": [{"type": "thinking", "thinking": "Hm."}, {"type": "text", "text": "4"}]}, "4", "stop"),
        ({"content": [{"type": "tool_use", "input": {"a": 1}}], "stop_reason": "tool_use"}, {"a": 1}, "stop"),
        ({"content": [{"type": "text", "text": "{"}], "stop_reason": "max_tokens"}, "{", "length"),
        ({"content": [], "stop_reason": "refusal"}, "", "content_filter"),
    ],
)
def test_a_message_of_anthropic_is_read(message, reply, finish):
    (choice,) = anthropic_batches.chat_completion(message)["choices"]
    assert (choice["message"]["content"], choice["finish_reason"]) == (reply, finish)
    thought = choice["message"].get("reasoning_content")
    assert thought == ("Hm." if reply == "4" else None)


@pytest.mark.parametrize(
    ("response", "reply", "finish"),
    [
        (
            {"candidates": [{"content": {"parts": [{"text": "Hm.", "thought": True}, {"text": "4"}]}}]},
            "4",
            "stop",
        ),
        ({"candidates": [{"finishReason": "MAX_TOKENS"}]}, "", "length"),
        ({"candidates": [{"finishReason": "SAFETY"}]}, "", "content_filter"),
        ({"promptFeedback": {"blockReason": "OTHER"}}, "", "content_filter"),
    ],
)
def test_a_reply_of_gemini_is_read(response, reply, finish):
    (choice,) = gemini_batches.chat_completion(response)["choices"]
    assert (choice["message"]["content"], choice["finish_reason"]) == (reply, finish)
    assert choice["message"].get("reasoning_content") == ("Hm." if reply else None)


@pytest.mark.parametrize(
    ("model", "environ", "base"),
    [
        ("openai/m", {}, "https://api.openai.com/v1"),
        ("anthropic/m", {"ANTHROPIC_BASE_URL": "https://a/v1"}, "https://a"),
        ("azure/m", {"AZURE_API_BASE": "https://me.openai.azure.com/"}, "https://me.openai.azure.com"),
        (
            "azure/m",
            {"AZURE_API_BASE": "https://me.openai.azure.com/openai/v1"},
            "https://me.openai.azure.com",
        ),
        ("gemini/m", {}, "https://generativelanguage.googleapis.com"),
    ],
)
def test_the_address_of_a_batch_api_is_the_root_of_its_paths(model, environ, base, monkeypatch):
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert at_batches(resolve(model)).base == base


def test_azure_without_an_address_is_refused(score, monkeypatch):
    monkeypatch.setattr("judge.scoring.backends.api.providers.LITELLM_KEYS", {"azure": (("AZURE_API_KEY",),)})
    with pytest.raises(BackendError, match="set AZURE_API_BASE"):
        score(1, "azure", api_base=None)


# Parts of the clients that no whole run reaches


def stored(**values):
    given = dict.fromkeys(StoredBatch.__slots__, "") | {"number": 1, "requests": 2, "created": 0.0} | values
    return StoredBatch(**given)


def with_provider(server, provider, use):
    async def called():
        endpoint = at_batches(resolve(MODELS[provider], base_of(server, provider)))
        client = batch_provider(endpoint, RequestBodies(endpoint, None), 5.0)
        try:
            return await use(client)
        finally:
            await client.close()

    return asyncio.run(called())


def test_batches_of_earlier_weeks_are_not_listed(server):
    for n in range(8):
        server.create([(f"k{n}", {})], {"input_file_id": "another", "metadata": None})
        server.batches[-1].created -= 86_400 * (30 - n)
    ours = stored(token="t", prepared="f", created=server.batches[-1].created + 86_400 * 3.5)
    assert with_provider(server, "openai", lambda p: p.find(ours, set(), set())).state is None
    assert len(server.asked("GET", "/batches")) == 3  # of four; each has two batches


def test_a_batch_of_someone_else_is_not_adopted(server):
    ours = server.create([("k1", {}), ("k2", {})], {})
    theirs = server.create([("x", {}), ("y", {})], {})
    other = server.create([("z", {})], {})
    find = {"keys": {"k1", "k2"}, "known": set()}

    def found(prepared, **more):
        return with_provider(
            server, "anthropic", lambda p: p.find(stored(prepared=prepared), **{**find, **more})
        )

    assert found("none").state.id == ours.id
    assert found(theirs.id).state is None
    assert found("none", keys={"x", "y"}).state.id == theirs.id
    assert found("none", known={ours.id}).state is None
    theirs.is_ended, server.polls = False, 9
    assert found(other.id).is_undecided is False
    assert found(ours.id).is_undecided


def test_a_list_without_dates_and_results_without_keys_are_no_reason_to_stop(server):
    server.create([("k1", {}), ("k2", {})], {})
    server.message_batch = lambda batch: {
        "id": batch.id, "processing_status": "ended", "request_counts": {"succeeded": 2}, "created_at": None
    }  # fmt: skip
    server.message_line = lambda *_: ["no key"]
    server.batches[0].results = [("k1", "ok")]
    ask = with_provider(server, "anthropic", lambda p: p.find(stored(prepared="none"), {"k1"}, set()))
    assert ask.state is None
    server.refusals = [("GET", "/results", 404, {})]
    with pytest.raises(BackendError):
        with_provider(server, "anthropic", lambda p: p.find(stored(prepared="none"), {"k1"}, set()))


@pytest.mark.parametrize("provider", sorted(MODELS))
def test_a_batch_is_cancelled(provider, server):
    about = {"input_file_id": "f", "input_files": ["f"], "model": "m", "display_name": "d"}
    batch = server.create([("k", {})], about)
    name = f"batches/{batch.id}" if provider == "gemini" else batch.id
    with_provider(server, provider, lambda p: p.cancel(name))
    assert batch.is_cancelled
    assert with_provider(server, provider, lambda p: p.state(name)).is_cancelled


def test_a_line_with_an_error_and_no_response_may_be_sent_again(server):
    line = {"custom_id": "k", "response": None, "error": {"code": "timeout", "message": "Too slow."}}

    async def read(provider):
        return provider.result(line)

    assert with_provider(server, "openai", read).problem.status == 500


def test_a_failed_batch_may_give_no_reason(server, score):
    server.ends = ["failed"]
    batch = server.openai_batch
    server.openai_batch = lambda b: {**batch(b), "errors": None}
    with pytest.raises(BackendError, match="gives no reason"):
        score(1)


def test_an_error_that_is_no_json_is_quoted(server, score):
    server.refusals = [("POST", "/batches", 400, b"<html>Bad gateway</html>")]
    with pytest.raises(BackendError, match="Bad gateway"):
        score(1)


def test_a_poll_that_is_refused_for_a_reason_about_the_request_ends_the_run(server, score):
    server.refusals = [("GET", "/batches/batch-1", 400, {"error": {"message": "odd"}})]
    with pytest.raises(BackendError, match="odd"):
        score(1)


def test_a_long_answer_is_read_as_a_whole(server):
    server.batches += [server.create([(f"k{n}", {})], {"input_file_id": "x" * 400_000}) for n in range(2)]
    found = with_provider(server, "openai", lambda p: p.find(stored(prepared="f", token="t"), {"k"}, set()))
    assert found.state is None


def test_the_first_line_of_a_long_file_is_enough(server):
    server.files["long"] = b"x" * 70_000 + b"\nsecond"
    endpoint = resolve("openai/m", f"{server.address}/v1")

    async def first(path):
        http = BatchHttp(endpoint, {}, 5.0)
        try:
            return await http.first_line(path)
        finally:
            await http.close()

    assert asyncio.run(first("/files/long/content")) == b"x" * 70_000
    server.files["one"] = b"only"
    assert asyncio.run(first("/files/one/content")) == b"only"
    with pytest.raises(BackendError):
        asyncio.run(first("/files/none/content"))


def test_a_file_that_stops_in_the_middle_leaves_nothing(server, tmp_path):
    server.files["short"] = b"a\nb\n"
    endpoint = resolve("openai/m", f"{server.address}/v1")

    class Full:
        def __init__(self, file):
            self.file = file
            self.tell, self.seek, self.truncate = file.tell, file.seek, file.truncate

        def write(self, data):
            self.file.write(data[:1])
            raise OSError(28, "No space left on device")

    async def save(file):
        http = BatchHttp(endpoint, {}, 5.0)
        try:
            await http.save("/files/short/content", Full(file))
        finally:
            await http.close()

    with (tmp_path / "results").open("w+b") as file:
        file.write(b"before\n")
        with pytest.raises(Failed, match="No space left"):
            asyncio.run(save(file))
        file.seek(0)
        assert file.read() == b"before\n"


def test_a_chunk_is_read_as_a_whole_again_and_again_and_in_halves(tmp_path):
    chunk = Chunk(tmp_path, Framing(b"[", b",", b"]"))
    for n in range(3):
        chunk.add(BatchMember(f"k{n}", f"i{n}"), str(n).encode() * (n + 1), 10, 0.5)
    for _ in range(2):
        with chunk.open() as file:
            assert file.read() == b"[0,11,222]"
    assert (chunk.bytes, chunk.tokens, chunk.estimate) == (10, 30, 1.5)
    first, second = chunk.halves()
    with first.open() as one, second.open() as other:
        assert (one.read(), other.read()) == (b"[0,11]", b"[222]")
    assert [m.key for m in first.members] == ["k0", "k1"]
    for made in (chunk, first, second):
        made.close()
    assert LINES.after == b"\n"


def test_a_parameter_is_left_out_at_once_where_the_translation_rejects_it(ask_for):
    def translate(_messages, params):
        if "seed" in params:
            raise Rejected("seed", "not supported")
        return dict(params)

    bodies = RequestBodies(resolve("openai/m", "http://h/v1"), None)
    request = ask_for(seed=1, temperature=0)
    assert asyncio.run(bodies.of(request, translate)) == {"temperature": 0}
    assert bodies.dropped(request) == ("seed",)
