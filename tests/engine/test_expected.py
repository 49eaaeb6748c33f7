"""Expected scores against a hand computation: the full softmax of the same weights in another implementation."""

import re

import pytest

from judge import Judge, load_items, load_rubric, score
from judge.scoring.backends.vllm import prompts_ahead
from judge.scoring.backends.vllm.engine import EngineOptions
from judge.scoring.prompt import Prompter

LABELS = (1, 2, 3, 4, 5)


def softmax_by_hand(folder, prompts):
    """Probability of each label as the next token, a row a prompt: all tokens counted, in float32."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    ids = [tokenizer.encode(str(label), add_special_tokens=False)[0] for label in LABELS]
    rows = []
    with torch.inference_mode():
        for prompt in prompts:
            text = tokenizer.apply_chat_template(
                prompt, add_generation_prompt=True, enable_thinking=False, tokenize=False
            )
            given = tokenizer(text, add_special_tokens=False, return_tensors="pt").input_ids
            rows.append(model(given).logits[0, -1].softmax(-1)[ids].tolist())
    return rows


class Scored:
    """A run in process, and what it should have come to."""

    def __init__(self, folder, answers, arguments, out):
        judge = Judge(
            model=f"vllm:{folder}",
            rubric=load_rubric("open_qa"),
            scores="expected",
            engine={"dtype": "float32"},
        )
        with score(answers, judge=judge, out=out, engine=EngineOptions(args=arguments)) as run:
            self.completions = {c.key: c for c in run.completions()}
            self.scores = {(s.item_id, s.dimension): s for s in run.scores()}
        requests = [r for item in load_items(answers) for r in Prompter(judge).requests(item)]
        rows = softmax_by_hand(folder, [r.messages for r in requests])
        self.by_hand = dict(zip([r.key for r in requests], rows, strict=True))
        self.place = {r.key: (r.item.id, r.dimension) for r in requests}


@pytest.fixture(scope="module")
def scored(made, answers, engine_arguments, tmp_path_factory):
    """Runs with either model, made once each."""
    known = {}

    def by(kind):
        if kind not in known:
            out = tmp_path_factory.mktemp("expected") / kind
            known[kind] = Scored(made(kind), answers, engine_arguments, out)
        return known[kind]

    return by


@pytest.mark.parametrize("kind", ["text", "decided"])
def test_label_probabilities_are_those_of_the_full_softmax(scored, kind):
    found = scored(kind)
    assert set(found.completions) == set(found.by_hand)
    for key, by_hand in found.by_hand.items():
        given = found.completions[key].label_probabilities
        assert given == pytest.approx(dict(zip(map(str, LABELS), by_hand, strict=True)), abs=1e-3)


def test_hand_computation_tells_items_and_dimensions_apart(scored):
    """Or agreement with it would say little."""
    values = [round(sum(row), 3) for row in scored("decided").by_hand.values()]
    assert len(set(values)) > len(values) / 2


def test_score_is_the_expectation_over_the_labels(scored):
    found = scored("decided")
    on_scale = {key: row for key, row in found.by_hand.items() if sum(row) > 0.51}
    assert len(on_scale) > len(found.by_hand) / 4
    for key, row in on_scale.items():
        given = found.scores[found.place[key]]
        value = sum(label * p for label, p in zip(LABELS, row, strict=True)) / sum(row)
        assert (given.status, given.value) == ("ok", pytest.approx(value, abs=1e-3))


def test_mass_off_the_scale_is_told(scored):
    found = scored("decided")
    for key, row in found.by_hand.items():
        if (given := found.scores[found.place[key]]).status == "ok":
            told = re.search(r"off the scale: ([\d.]+)", given.reason)
            assert float(told[1]) == pytest.approx(1 - sum(row), abs=1e-3)


def test_reply_that_wants_to_say_something_else_is_no_score(scored):
    found = scored("text")
    assert max(sum(row) for row in found.by_hand.values()) < 0.1
    assert {found.scores[place].status for place in found.place.values()} == {"unparsed"}


def test_dimensions_of_an_item_share_its_prompt(scored):
    completions = scored("decided").completions.values()
    prompt, cached = (
        sum(getattr(c.usage, n) for c in completions) for n in ("prompt_tokens", "cached_tokens")
    )
    assert cached > 0.5 * prompt


def test_scores_are_the_same_bytes_with_prompts_encoded_here_or_by_the_engine(
    decided_model, answers, engine_arguments, tmp_path, monkeypatch
):
    from vllm import LLM

    added, enqueue = [], LLM.enqueue
    monkeypatch.setattr(
        LLM,
        "enqueue",
        lambda self, prompts, **more: (added.extend(prompts), enqueue(self, prompts, **more))[1],
    )
    judge = Judge(model=f"vllm:{decided_model}", rubric=load_rubric("open_qa"), scores="expected")
    found = []
    for compared in (prompts_ahead.COMPARED, 10**9):
        monkeypatch.setattr(prompts_ahead, "COMPARED", compared)
        out = tmp_path / str(compared)
        score(answers, judge=judge, out=out, engine=EngineOptions(args=engine_arguments)).close()
        found.append((len(added), (out / "scores.jsonl").read_bytes()))
    assert [count for count, _ in found] == [24 - 8, 24 - 8]
    assert found[0][1] == found[1][1]
