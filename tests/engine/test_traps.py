"""What surprises in vLLM, each pinned down, because our code goes round it. A new version may change what is said here."""

import json
import math
from itertools import pairwise
from types import SimpleNamespace

import pytest
import xgrammar
from vllm import LLM, SamplingParams
from vllm.exceptions import VLLMValidationError
from vllm.sampling_params import StructuredOutputsParams

from judge import Judge, load_items, load_rubric
from judge.scoring.backends.vllm.sampling_params import grammar
from judge.scoring.prompt import Prompter
from judge.scoring.reply_form import reply_schema
from tests.engine.conftest import EXAMPLES

LABELS = "12345"
XGRAMMAR = {"backend": "xgrammar"}
RUBRIC = load_rubric("open_qa")
SCHEMA = reply_schema(RUBRIC)


def requests(count=24):
    prompter = Prompter(Judge(model="vllm:tiny", rubric=RUBRIC))
    return [r for item in load_items(EXAMPLES / "answers.jsonl") for r in prompter.requests(item)][:count]


@pytest.fixture(scope="module")
def engine(decided_model, engine_arguments):
    """An engine as vLLM has it, and what is asked of it most often."""
    llm = LLM(decided_model, structured_outputs_config=XGRAMMAR, dtype="float32", **engine_arguments)

    def ask(messages, **params):
        given = SamplingParams(**{"temperature": 0.0, **params})
        return llm.chat(messages, sampling_params=given, use_tqdm=False)

    tokens = llm.get_tokenizer()
    ids = [tokens.encode(label, add_special_tokens=False)[0] for label in LABELS]
    prompts = [list(request.messages) for request in requests()]
    return SimpleNamespace(llm=llm, ask=ask, ids=ids, prompts=prompts, tokens=tokens)


def first_logprobs(output):
    """Label -> log-probability of it as the first token; those that were given."""
    given = output.outputs[0].logprobs[0]
    return {entry.decoded_token: entry.logprob for entry in given.values()}


# ---- structured output


def takes(engine, schema, text):
    """Whether the grammar of a schema lets a text through."""
    return matches(engine, lambda compiler: compiler.compile_json_schema(json.dumps(schema)), text)


def matches(engine, compiled, text):
    """Whether a grammar, which a function makes with a compiler, lets a text through."""
    compiler = xgrammar.GrammarCompiler(xgrammar.TokenizerInfo.from_huggingface(engine.tokens))
    return xgrammar.GrammarMatcher(compiled(compiler)).accept_string(text)


def object_of(text_schema):
    return {
        "type": "object",
        "properties": {"reason": text_schema},
        "required": ["reason"],
        "additionalProperties": False,
    }


def keys_of(schema):
    if isinstance(schema, dict):
        for key, value in schema.items():
            yield key
            yield from keys_of(value)


ESCAPED, RAW = r'{"reason":"a\nb \"c\""}', '{"reason":"a\tb"}'


def test_text_without_bounds_may_hold_escapes_and_no_raw_control_character(engine):
    schema = object_of({"type": "string"})
    assert (takes(engine, schema, ESCAPED), takes(engine, schema, RAW)) == (True, False)


@pytest.mark.parametrize("bound", [{"maxLength": 400}, {"minLength": 1}, {"pattern": "^.*$"}], ids=str)
def test_text_with_bounds_would_lose_its_escapes(engine, bound):
    schema = object_of({"type": "string", **bound})
    assert (takes(engine, schema, ESCAPED), takes(engine, schema, RAW)) == (False, "pattern" not in bound)


@pytest.mark.parametrize(
    ("blanks", "takes_them"), [("", True), ("\n  ", True), ("\n" + 19 * " ", True), ("\n" + 20 * " ", False)]
)
def test_our_grammar_bounds_white_space_and_does_not_forbid_it(engine, blanks, takes_them):
    config = SimpleNamespace(backend="xgrammar", disable_any_whitespace=False)
    form = grammar(object_of({"type": "string"}), config)["structural_tag"]
    text = f'{{{blanks}"reason":{blanks[:1]}"a"}}'
    assert matches(engine, lambda compiler: compiler.compile_structural_tag(form), text) == takes_them


@pytest.mark.parametrize("name", ["open_qa", "inspection", "summary"])
def test_no_schema_of_ours_bounds_a_text(name):
    assert not {"minLength", "maxLength", "pattern"} & set(keys_of(reply_schema(load_rubric(name))))


def test_replies_under_our_schema_are_whole_json(engine):
    form = StructuredOutputsParams(json=SCHEMA)
    outputs = engine.ask(engine.prompts, max_tokens=400, structured_outputs=form)
    assert {o.outputs[0].finish_reason for o in outputs} == {"stop"}
    replies = [json.loads(o.outputs[0].text, strict=False) for o in outputs]
    assert {tuple(reply) for reply in replies} == {tuple(RUBRIC.dimensions)}


def test_cut_reply_says_length_and_is_no_json(engine):
    form = StructuredOutputsParams(json=SCHEMA)
    [output] = engine.ask(engine.prompts[:1], max_tokens=20, structured_outputs=form)
    assert output.outputs[0].finish_reason == "length"
    with pytest.raises(ValueError, match="char"):
        json.loads(output.outputs[0].text, strict=False)


def test_nothing_said_about_length_ends_after_sixteen_tokens(engine):
    [output] = engine.ask(engine.prompts[:1], structured_outputs=StructuredOutputsParams(json=SCHEMA))
    assert len(output.outputs[0].token_ids) == 16
    assert output.outputs[0].finish_reason == "length"


# ---- probabilities of the labels


def test_named_tokens_have_the_probabilities_of_the_whole_vocabulary(engine):
    """Where the twenty most likely hold all labels, both ways tell the same."""
    named = engine.ask(engine.prompts, max_tokens=1, logprob_token_ids=engine.ids)
    likely = engine.ask(engine.prompts, max_tokens=1, logprobs=20)
    both = [(first_logprobs(a), first_logprobs(b)) for a, b in zip(named, likely, strict=True)]
    seen = [(a[label], b[label]) for a, b in both for label in LABELS if label in b]
    assert len(seen) > 60
    assert all(math.isclose(a, b, abs_tol=1e-4) for a, b in seen)
    assert all(set(LABELS) <= set(a) for a, _ in both)


def test_choice_renormalises_and_so_hides_the_mass_off_the_scale(engine):
    named = engine.ask(engine.prompts, max_tokens=1, logprob_token_ids=engine.ids)
    form = StructuredOutputsParams(choice=list(LABELS))
    forced = engine.ask(engine.prompts, max_tokens=1, logprobs=5, structured_outputs=form)
    masses = []
    for a, b in zip(map(first_logprobs, named), map(first_logprobs, forced), strict=True):
        masses.append(sum(math.exp(a[label]) for label in LABELS))
        assert all(math.isclose(b[x], a[x] - math.log(masses[-1]), abs_tol=1e-3) for x in LABELS)
    assert min(masses) < 0.8


def test_allowed_tokens_do_not_bring_their_probabilities(engine):
    """The five most likely are those before anything is forbidden."""
    ids = [engine.tokens.encode(label, add_special_tokens=False)[0] for label in "6789"]
    outputs = engine.ask(engine.prompts, max_tokens=1, logprobs=5, allowed_token_ids=ids)
    assert {output.outputs[0].text for output in outputs} <= set("6789")
    assert not any(set("6789") <= set(first_logprobs(output)) for output in outputs)


def test_more_than_twenty_probabilities_are_refused(engine):
    with pytest.raises(VLLMValidationError, match="20"):
        engine.ask(engine.prompts[:1], max_tokens=1, logprobs=21)


# ---- order of the prompt


def cached(engine, prompts):
    """Prompt tokens, and those of them that came out of the cache, with an empty cache to begin with.

    One after the other: what is asked in one step cannot share what no step has worked out.
    """
    engine.llm.reset_prefix_cache()
    outputs = [engine.ask([prompt], max_tokens=1)[0] for prompt in prompts]
    return sum(len(o.prompt_token_ids) for o in outputs), sum(o.num_cached_tokens for o in outputs)


def item_first(prompt):
    system, user = prompt
    return [{"role": "user", "content": f"{user['content']}\n\n{system['content']}"}]


def test_prompts_of_ours_share_the_rubric(engine):
    total, hits = cached(engine, engine.prompts)
    assert hits > 0.5 * total


def test_item_before_the_rubric_would_share_next_to_nothing(engine):
    total, hits = cached(engine, [item_first(prompt) for prompt in engine.prompts])
    assert hits < 0.05 * total


def test_what_items_share_stands_before_what_they_do_not(engine):
    texts = [engine.tokens.apply_chat_template(p, tokenize=False) for p in engine.prompts]
    shared = [
        next(n for n, (x, y) in enumerate(zip(a, b, strict=False)) if x != y) for a, b in pairwise(texts)
    ]
    assert min(shared) > len(engine.prompts[0][0]["content"])


# ---- the same over HTTP


def chat(server, number=0, **body):
    messages = [dict(m) for m in requests()[number].messages]
    return server.post("/v1/chat/completions", messages=messages, temperature=0, **body)


def said(response):
    status, body = response
    assert status == 200, body
    return body["choices"][0]["message"]["content"]


def top(response):
    status, body = response
    assert status == 200, body
    found = body["choices"][0]["logprobs"]["content"][0]["top_logprobs"]
    return {entry["token"]: entry["logprob"] for entry in found}


def label_ids(server):
    replies = [server.post("/tokenize", prompt=label, add_special_tokens=False)[1] for label in LABELS]
    assert all(reply["count"] == 1 for reply in replies)
    return [reply["tokens"][0] for reply in replies]


def test_old_name_of_the_schema_is_passed_over_in_silence_over_http(server):
    with pytest.raises(ValueError, match="char"):
        json.loads(said(chat(server, max_tokens=60, guided_json=SCHEMA)))


def test_response_format_is_kept_over_http(server):
    form = {"type": "json_schema", "json_schema": {"name": "reply", "schema": SCHEMA, "strict": True}}
    reply = json.loads(said(chat(server, max_tokens=400, response_format=form)), strict=False)
    assert set(reply) == set(RUBRIC.dimensions)


def test_named_tokens_have_their_probabilities_over_http_and_choice_renormalises(server):
    ids, form, masses = label_ids(server), {"choice": list(LABELS)}, []
    for number in range(0, 24, 4):
        named = top(chat(server, number, max_tokens=1, logprobs=True, logprob_token_ids=ids))
        body = {"logprobs": True, "top_logprobs": 5, "structured_outputs": form}
        forced = top(chat(server, number, max_tokens=1, **body))
        masses.append(sum(math.exp(named[label]) for label in LABELS))
        assert all(math.isclose(forced[x], named[x] - math.log(masses[-1]), abs_tol=0.05) for x in LABELS)
    assert min(masses) < 0.9


def test_impossible_token_reads_minus_9999_over_http(server):
    form = {"choice": ["1", "2"]}
    forced = top(chat(server, max_tokens=1, logprobs=True, top_logprobs=8, structured_outputs=form))
    assert min(forced.values()) == -9999.0


def test_more_than_twenty_probabilities_are_status_400_over_http(server):
    assert chat(server, max_tokens=1, logprobs=True, top_logprobs=21)[0] == 400


def test_cached_tokens_are_told_over_http_where_the_server_was_asked_to(server):
    chat(server, max_tokens=1)
    _, body = chat(server, max_tokens=1)
    assert body["usage"]["prompt_tokens_details"]["cached_tokens"] >= 128
