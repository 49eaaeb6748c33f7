"""The backend in this process, with the real engine on the CPU."""

import base64
import http.server
import io
import json
import math
import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import PIL.Image
import pytest

from judge.errors import BackendError
from judge.records import Image, Item, Request
from judge.scoring.backends.vllm import sampling_params
from judge.scoring.backends.vllm.backend import EngineOptions, VllmBackend
from judge.scoring.backends.vllm.sampling_params import grammar
from tests.engine.conftest import COMPACT

SCORE = {"type": "integer", "enum": [1, 2, 3, 4, 5]}
SCHEMA = {
    "type": "object",
    "properties": {"a": SCORE, "b": SCORE},
    "required": ["a", "b"],
    "additionalProperties": False,
}
RUBRIC = {"role": "system", "content": "You are a careful judge. Score every item from 1 to 5. " * 40}
PLAIN = {"temperature": 0, "reasoning_effort": "none"}


def request(number, content=None, **fields):
    """A request that asks for a verdict of two scores without thought, unless told otherwise."""
    given = {
        "item": Item(id=f"i{number}", question="q", answer="a"),
        "messages": [RUBRIC, {"role": "user", "content": content or f"Item {number}: {number * number}."}],
        "model": "vllm:tiny",
        "params": PLAIN,
        "schema": SCHEMA,
        "key": f"k{number}-{fields.get('sample', 0)}",
    }
    return Request(**{**given, **fields})


def backend_for(model, arguments, **settings):
    given = {"most_images": 0, "encode": None, "on_start": lambda _: None, **settings}
    given["decisive"] = {"structured_outputs_config": COMPACT, **given.get("decisive", {})}
    return VllmBackend(str(model), options=EngineOptions(args=arguments), **given)


@pytest.fixture(scope="module")
def only_one(engine_arguments):
    """Backends made once. Within one process an engine that ends takes the others along: one at a time."""
    made, running = {}, []

    def get(model, **settings):
        key = repr((model, settings))
        backend = made.setdefault(key, backend_for(model, engine_arguments, **settings))
        if running != [backend]:
            for other in running:
                other.close()
            running[:] = [backend]
        return backend

    yield get
    for backend in running:
        backend.close()


@pytest.fixture
def backend(text_model, only_one):
    """With the engine of most tests here."""
    return only_one(text_model)


def asked(backend, requests):
    """All completions, by the key of their request."""
    return {c.key: c for batch in backend.complete(requests) for c in batch}


def gathered(backend, requests, into):
    """The same into a list, which holds them when it ends with an error, too."""
    for batch in backend.complete(requests):
        into += batch


# ---------------------------------------------------------------- feeding


def test_replies_are_those_of_the_same_prompts_in_one_block(backend):
    from vllm import SamplingParams
    from vllm.sampling_params import StructuredOutputsParams

    wanted = [request(number) for number in range(100)]
    replies = asked(backend, iter(wanted))
    form = StructuredOutputsParams(**grammar(SCHEMA, backend._engine.structured_outputs))
    params = SamplingParams(temperature=0, max_tokens=60, structured_outputs=form)
    block = backend._engine.llm.chat(
        [r.messages for r in wanted],
        sampling_params=params,
        use_tqdm=False,
        chat_template_kwargs={"enable_thinking": False},
    )
    assert [replies[r.key].reply for r in wanted] == [out.outputs[0].text for out in block]


def test_every_reply_fills_the_schema(backend):
    for completion in asked(backend, (request(n) for n in range(200, 240))).values():
        assert completion.finish_reason == "stop"
        assert set(json.loads(completion.reply)) == {"a", "b"}


def test_no_more_is_pulled_than_twice_what_is_decoded_at_a_time(backend, engine_arguments):
    pulled = done = most = 0

    def counted():
        nonlocal pulled
        for number in range(2000):
            pulled += 1
            yield request(number, f"Short {number}", schema=None, params={**PLAIN, "max_tokens": 1})

    for batch in backend.complete(counted()):
        most = max(most, pulled - done)
        done += len(batch)
    assert done == 2000
    assert most <= 2 * engine_arguments["max_num_seqs"] + 2  # one more shows whether samples follow


def test_replies_come_before_all_is_asked(backend):
    pulled = []
    numbers = (pulled.append(n) or request(n, f"Early {n}") for n in range(400))
    next(batches := backend.complete(numbers))
    assert len(pulled) < 400
    batches.close()


def test_nothing_asked_starts_no_engine(text_model, engine_arguments):
    idle = backend_for(text_model, engine_arguments)
    assert list(idle.complete(iter(()))) == []
    assert idle._engine is None


def test_engine_goes_on_after_an_iterator_was_closed_early(backend):
    batches = backend.complete(request(n, f"Closed {n}") for n in range(300))
    next(batches)
    batches.close()
    assert backend._engine.llm.llm_engine.get_num_unfinished_requests() == 0
    assert asked(backend, [request(1)])["k1-0"].reply


def test_error_of_the_callers_iterator_comes_after_the_replies(backend):
    def broken():
        yield from (request(n, f"Broken {n}") for n in range(5))
        raise OSError("disk gone")

    seen = []
    with pytest.raises(OSError, match="disk gone"):
        gathered(backend, broken(), seen)
    assert len(seen) >= 4


def test_ctrl_c_yields_what_is_decoded_and_then_raises(backend):
    seen = []

    def pressing():
        for number in range(500):
            if number == 100:
                os.kill(os.getpid(), signal.SIGINT)
            yield request(number, f"Pressed {number}")

    with pytest.raises(KeyboardInterrupt):
        gathered(backend, pressing(), seen)
    assert 0 < len(seen) < 500
    assert all(c.reply and c.finish_reason == "stop" for c in seen)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert asked(backend, [request(1)])["k1-0"].reply  # with another engine


def test_reply_that_the_engine_broke_off_is_none_and_asked_again_later(backend, monkeypatch):
    asked(backend, [request(1)])
    core = backend._engine.llm.llm_engine
    step, broken = core.step, []

    def breaking_off():
        for output in (outputs := step()):
            if not broken:
                output.outputs[0].finish_reason = "abort"
                broken.append(output.request_id)
        return outputs

    monkeypatch.setattr(core, "step", breaking_off)
    assert len(asked(backend, (request(n) for n in range(10)))) == 9


# ---------------------------------------------------------------- samples


def sampled(number, samples, **params):
    messages = [RUBRIC, {"role": "user", "content": f"Sampled {number}. " + "word " * 200}]
    return [
        request(number, messages=messages, sample=k, params={**PLAIN, "temperature": 1.0, **seed})
        for k in range(samples)
        for seed in [{"seed": params["seed"] + k} if "seed" in params else {}]
    ]


def test_samples_of_an_item_differ_and_only_the_first_pays_for_the_prompt(backend):
    replies = asked(backend, sampled(1, 6))
    assert len(replies) == 6
    assert len({c.reply for c in replies.values()}) > 1
    first, *others = (replies[f"k1-{k}"].usage for k in range(6))
    assert first.cached_tokens < first.prompt_tokens
    assert all(usage.cached_tokens == usage.prompt_tokens for usage in others)


def test_sample_with_a_seed_is_the_same_asked_with_others_or_alone(backend):
    together = asked(backend, sampled(2, 4, seed=7))
    alone = asked(backend, sampled(2, 4, seed=7)[2:3])
    assert alone["k2-2"].reply == together["k2-2"].reply


def test_samples_at_temperature_nought_are_all_the_same(backend):
    messages = request(3).messages
    replies = asked(backend, [request(3, messages=messages, sample=k) for k in range(3)])
    assert len(replies) == 3
    assert len({c.reply for c in replies.values()}) == 1


# ---------------------------------------------------------------- what goes wrong


def test_prompt_that_is_too_long_is_its_items_failure(backend):
    texts = ["short", "word " * 5000, "also short", "word " * 3083]
    replies = asked(backend, (request(n, text) for n, text in enumerate(texts)))
    assert [replies[f"k{n}-0"].failure is None for n in range(4)] == [True, False, True, False]
    failure = replies["k1-0"].failure
    assert failure.kind == "context"
    assert "6,0" in failure.message
    assert "4,096" in failure.message
    assert "--max-model-len" in failure.message


def test_poisoned_request_fails_alone(backend):
    params = {**PLAIN, "allowed_token_ids": [1_000_000]}
    good = [request(n, f"Good {n}") for n in range(40)]
    replies = asked(backend, [*good[:20], request(99, params=params), *good[20:]])
    assert replies["k99-0"].failure.kind == "request"
    assert all(replies[r.key].reply for r in good)


def test_engine_that_takes_no_request_ends_the_run(backend):
    params = {**PLAIN, "allowed_token_ids": [1_000_000]}
    with pytest.raises(BackendError, match="the last 20 items failed; last error: allowed_token_ids"):
        asked(backend, (request(n, params=params) for n in range(100)))


def test_length_that_the_tokenizer_does_not_tell_is_left_out(backend, monkeypatch):
    asked(backend, [request(1)])
    monkeypatch.setattr(
        backend._engine.llm, "get_tokenizer", SimpleNamespace
    )  # Mistral's is none of transformers
    replies = asked(backend, (request(n, text) for n, text in enumerate(["short", "word " * 5000])))
    assert replies["k0-0"].reply
    assert replies["k1-0"].failure.kind == "context"


@pytest.mark.parametrize(
    "refusal",
    ["System role not supported", "Conversation roles must alternate user/assistant/user/assistant/..."],
)
def test_template_that_takes_no_system_message_ends_the_run_at_once(backend, monkeypatch, refusal):
    asked(backend, [request(1)])
    monkeypatch.setattr(backend._engine.llm, "chat_template", f"{{{{ raise_exception('{refusal}') }}}}")
    seen = []
    with pytest.raises(BackendError, match=rf"cannot be used \({refusal}.*chat_template=FILE"):
        gathered(backend, (request(n) for n in range(100)), seen)
    assert [c.failure.kind for c in seen] == ["request"]


def test_unknown_parameter_is_named_with_those_that_are_known(backend):
    with pytest.raises(BackendError, match=r"parameter 'temprature' is not known.*allowed are.*temperature"):
        asked(backend, [request(1, params={"temprature": 0})])


def test_value_that_vllm_does_not_take_ends_the_run(backend):
    with pytest.raises(BackendError, match=r"temperature must be in \[0, 2\]"):
        asked(backend, [request(1, params={"temperature": 9})])


def test_reply_that_is_cut_says_so(backend):
    cut = asked(backend, [request(1, params={**PLAIN, "max_tokens": 3})])["k1-0"]
    assert cut.finish_reason == "length"


def test_reply_without_a_limit_of_the_user_ends_after_about_a_thousand_tokens(backend):
    text = {"type": "object", "properties": {"reason": {"type": "string"}}, "required": ["reason"]}
    endless = asked(backend, [request(1, schema=text)])["k1-0"]  # it never closes a string
    assert endless.usage.completion_tokens == sampling_params.MOST_TOKENS
    assert endless.finish_reason == "length"


def test_white_space_that_a_model_would_never_end_is_ended_for_it(text_model, only_one):
    judge = only_one(text_model, decisive={"structured_outputs_config": {"backend": "xgrammar"}})
    blanks = {str(token): 50.0 for text, token in _vocabulary(judge).items() if text in ("Ċ", "ĠĠ")}
    reply = asked(judge, [request(1, params={**PLAIN, "logit_bias": blanks})])["k1-0"].reply
    assert set(json.loads(reply)) == {"a", "b"}
    assert max(map(len, re.findall(r"\s+", reply))) == sampling_params.MOST_BLANKS


def test_bare_number_is_a_label_of_the_scale(backend):
    replies = asked(backend, (request(n, schema=SCORE, dimension="a") for n in range(10)))
    assert {c.reply for c in replies.values()} <= {"1", "2", "3", "4", "5"}


def test_text_model_refuses_items_with_pictures(text_model, engine_arguments):
    blind = backend_for(text_model, engine_arguments, most_images=1)
    with pytest.raises(BackendError, match="does not accept images"):
        asked(blind, [request(1)])


# ---------------------------------------------------------------- expected scores


def labelled(number, labels="12345", **fields):
    given = {"schema": None, "params": {}, "dimension": "a", **fields}
    return request(number, labels=tuple(labels), **given)


def test_labels_get_their_probability_over_the_whole_vocabulary(backend):
    completion = asked(backend, [labelled(1)])["k1-0"]
    assert set(completion.label_probabilities) == set("12345")
    assert 0 < math.fsum(completion.label_probabilities.values()) < 0.1  # a random model prefers none
    assert completion.usage.completion_tokens == 1


def test_label_of_several_tokens_is_refused(backend):
    with pytest.raises(BackendError, match="the label '10' of the scale is 2 tokens"):
        asked(backend, [labelled(1, labels=["9", "10"])])


def test_model_that_always_thinks_gets_no_expected_scores(text_model, engine_arguments, always_thinking):
    thinker = backend_for(text_model, engine_arguments, decisive={"chat_template": always_thinking})
    with pytest.raises(BackendError, match=r"always reasons first.*--scores text"):
        asked(thinker, [labelled(1)])


@pytest.fixture
def adapter(tmp_path):
    """A LoRA adapter with random weights for the tiny model."""
    import torch
    from safetensors.torch import save_file

    torch.manual_seed(0)
    weights = {
        f"base_model.model.model.layers.{layer}.self_attn.{name}.lora_{side}.weight": torch.randn(shape)
        for layer in range(2)
        for name, out in (("q_proj", 64), ("v_proj", 32))
        for side, shape in (("A", (4, 64)), ("B", (out, 4)))
    }
    save_file(weights, tmp_path / "adapter_model.safetensors")
    settings = {"peft_type": "LORA", "r": 4, "lora_alpha": 64, "target_modules": ["q_proj", "v_proj"]}
    (tmp_path / "adapter_config.json").write_text(json.dumps({**settings, "task_type": "CAUSAL_LM"}))
    return str(tmp_path)


def test_adapter_changes_what_the_model_says(backend, text_model, only_one, adapter):
    plain = asked(backend, [labelled(1)])["k1-0"].label_probabilities
    adapted = asked(only_one(text_model, decisive={"lora": adapter}), [labelled(1)])["k1-0"]
    assert adapted.label_probabilities["1"] != pytest.approx(plain["1"], rel=0.01)


# ---------------------------------------------------------------- thought


@pytest.fixture(scope="module")
def always_thinking(text_model, tmp_path_factory):
    """A chat template that opens a thought whatever it is told."""
    template = (Path(text_model) / "chat_template.jinja").read_text()
    path = tmp_path_factory.mktemp("template") / "thinks.jinja"
    path.write_text(template + "{{- '<think>\n' -}}")
    return str(path)


@pytest.fixture
def thinker(text_model, only_one, always_thinking):
    return only_one(text_model, decisive={"chat_template": always_thinking})


def test_thought_that_never_ends_is_no_verdict(thinker):
    completion = asked(thinker, [request(1, params={"temperature": 0, "max_tokens": 20})])["k1-0"]
    assert (completion.reply, completion.finish_reason) == ("", "length")
    assert completion.usage.reasoning_tokens == 20


def test_grammar_begins_after_the_thought(thinker):
    end = thinker._engine.marks.close if thinker._engine else _token(thinker, "</think>")
    params = {"temperature": 0, "max_tokens": 60, "logit_bias": {str(end): 100.0}}
    completion = asked(thinker, [request(1, params=params)])["k1-0"]
    assert set(json.loads(completion.reply)) == {"a", "b"}
    assert completion.usage.reasoning_tokens == 1


def test_thought_is_closed_at_its_own_budget_and_the_reply_follows(thinker, monkeypatch):
    monkeypatch.setattr(sampling_params, "MOST_THOUGHT", 30)
    completion = asked(thinker, [request(1, params={"temperature": 0})])["k1-0"]
    assert set(json.loads(completion.reply)) == {"a", "b"}
    assert 30 <= completion.usage.reasoning_tokens <= 32


def _vocabulary(backend):
    asked(backend, [request(1, params={"max_tokens": 1})])
    return backend._engine.llm.get_tokenizer().get_vocab()


def _token(backend, text):
    return _vocabulary(backend)[text]


# ---------------------------------------------------------------- pictures


def picture(item, number):
    """A data URL; the fourth picture of an item cannot be loaded."""
    if number == 3:
        raise OSError("no such picture")
    out = io.BytesIO()
    PIL.Image.new("RGB", (112, 84), (40 * number, 90, int(item.id[1:]) % 256)).save(out, "PNG")
    return "data:image/png;base64," + base64.b64encode(out.getvalue()).decode()


def seen(number, pictures):
    item = Item(id=f"i{number}", question="q", answer="a", images=[Image(path="p.png")] * 4)
    parts = [{"type": "image", "image": n} for n in pictures]
    return request(number, [{"type": "text", "text": f"Item {number}"}, *parts], item=item)


@pytest.fixture
def watcher(image_model, only_one):
    return only_one(image_model, most_images=2, encode=picture)


def test_items_with_one_and_two_pictures_are_judged(watcher):
    replies = asked(watcher, [seen(1, [0]), seen(2, [0, 1]), seen(3, [])])
    assert all(set(json.loads(c.reply)) == {"a", "b"} for c in replies.values())
    tokens = [replies[f"k{n}-0"].usage.prompt_tokens for n in (3, 1, 2)]
    assert tokens == sorted(tokens)
    assert tokens[2] - tokens[1] == tokens[1] - tokens[0]


def test_picture_that_cannot_be_loaded_is_its_items_failure(watcher):
    replies = asked(watcher, [seen(1, [0]), seen(2, [3]), seen(3, [1])])
    assert replies["k2-0"].failure.kind == "image"
    assert replies["k1-0"].reply
    assert replies["k3-0"].reply


def test_data_that_are_no_picture_are_their_items_failure(watcher, monkeypatch):
    monkeypatch.setattr(watcher, "_encode", lambda *_: "data:image/png;base64,AAAA")
    assert asked(watcher, [seen(1, [0])])["k1-0"].failure.kind == "image"


class Nowhere(http.server.BaseHTTPRequestHandler):
    """Has no page."""

    def do_GET(self):
        self.send_error(404)


def test_address_without_a_picture_is_its_items_failure(watcher, monkeypatch):
    with http.server.HTTPServer(("127.0.0.1", 0), Nowhere) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setattr(watcher, "_encode", lambda *_: f"http://127.0.0.1:{server.server_port}/a.png")
        failure = asked(watcher, [seen(1, [0])])["k1-0"].failure
        server.shutdown()
    assert failure.kind == "image"


def test_picture_that_many_items_share_and_none_can_load_ends_no_run(watcher, monkeypatch):
    monkeypatch.setattr(watcher, "_encode", lambda *_: "data:image/png;base64,AAAA")
    replies = asked(watcher, [*(seen(n, [0]) for n in range(30)), request(99)])
    assert [replies[f"k{n}-0"].failure.kind for n in range(30)] == ["image"] * 30
    assert replies["k99-0"].reply


def test_more_pictures_than_announced_is_the_items_failure(watcher):
    assert asked(watcher, [seen(1, [0, 1, 2])])["k1-0"].failure.kind == "request"


# ---------------------------------------------------------------- an engine in a process of its own

APART = """
import sys
sys.path.insert(0, {root!r})
import psutil
from tests.engine.test_backend import backend_for, gathered, request

def killing():
    for number in range(5000):
        if number == 150:
            core, = (c for c in psutil.Process().children(recursive=True) if "EngineCore" in c.name())
            core.kill()
        yield request(number, f"Number {{number}}")

if __name__ == "__main__":
    backend, seen = backend_for({model!r}, {arguments!r}), []
    try:
        gathered(backend, killing(), seen)
    except Exception as error:
        print(len(seen), type(error).__name__, error)
"""


def test_killed_engine_process_ends_the_run_with_what_it_said_before(text_model, engine_arguments, tmp_path):
    root, script = str(Path(__file__).parents[2]), tmp_path / "apart.py"
    script.write_text(APART.format(root=root, model=str(text_model), arguments=engine_arguments))
    environment = {**os.environ, "VLLM_ENABLE_V1_MULTIPROCESSING": "1"}
    command = [sys.executable, str(script)]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240, cwd=root)
    seen, kind, said = run.stdout.strip().split(" ", 2)
    assert int(seen) > 0
    assert kind == "EngineFailedError"
    assert "the engine failed (its process ended without a message)" in said
    assert run.stderr == ""


# ---------------------------------------------------------------- starting


def test_folder_that_is_not_there_is_said_to_be_missing(engine_arguments):
    with pytest.raises(BackendError, match=r"^vllm:/no/where does not start: there is no such folder$"):
        asked(backend_for("/no/where", engine_arguments), [request(1)])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"max_num_seq": 3}, "There is no argument max_num_seq in vLLM"),
        ({"max_model_len": 100_000}, r"lower max_model_len \(--max-model-len\)"),
        ({"kv_cache_memory_bytes": 1 << 20, "max_model_len": 40_960}, r"\(--max-model-len\) to \d+"),
    ],
)
def test_argument_that_cannot_be_is_named_with_what_to_do(text_model, engine_arguments, arguments, said):
    with pytest.raises(BackendError, match=said):
        asked(backend_for(text_model, {**engine_arguments, **arguments}), [request(1)])


def test_starting_writes_nothing_to_the_terminal(text_model, only_one, capfd):
    steps = []
    asked(only_one(text_model, on_start=steps.append), [request(1)])
    assert capfd.readouterr() == ("", "")
    assert steps[0] == "loading vLLM"
    assert "starting the engine" in steps
    assert any(step.startswith("loading weights") for step in steps)
