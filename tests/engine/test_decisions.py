"""A decision model at the routes of a real `vllm serve`."""

import math

import pytest

from judge import Judge, load_rubric
from judge.doctor import examine_server
from judge.errors import BackendError
from judge.scoring.backends.decisions.routes import stored_form
from judge.scoring.parsing.decision_answers import DecisionForm, distributions
from judge.scoring.prompt import build_requests
from tests.engine.ways import ask, item

ITEMS = [item(number) for number in range(4)]
DECIDES = Judge(model="systemone:hosted_vllm/tiny", rubric=load_rubric("open_qa"))


@pytest.fixture(scope="module")
def decided(server, tmp_path_factory):
    """Completions and scores of the items."""
    return ask(server.api_base, ITEMS, tmp_path_factory.mktemp("decided") / "run", DECIDES)


def asked_by_hand(server, request, question):
    """Probability of each level as the first token of a chat reply to the prompt that the route makes."""
    state = "\n\n".join(message["content"] for message in request.messages[:2])
    levels = [f"{i}: score {value}: {text}" for i, (value, text) in enumerate(question.options)]
    lines = [f"Question: {question.instructions}", *levels, "Answer with the number of one level only."]
    _, reply = server.post(
        "/v1/chat/completions",
        messages=[{"role": "user", "content": f"{state}\n\n" + "\n".join(lines)}],
        max_tokens=1,
        temperature=0,
        logprobs=True,
        top_logprobs=20,
        chat_template_kwargs={"enable_thinking": False},
    )
    shown = reply["choices"][0]["logprobs"]["content"][0]["top_logprobs"]
    found = {entry["token"]: math.exp(entry["logprob"]) for entry in shown}
    return {value: found[str(i)] for i, (value, _) in enumerate(question.options) if str(i) in found}


def test_probabilities_are_those_of_the_tokens_that_are_asked_for_by_hand(decided, server):
    form = DecisionForm.model_validate(stored_form(DECIDES))
    for one in ITEMS:
        (request,) = build_requests(one, DECIDES)
        found = distributions(decided[0][request.key], form, DECIDES.rubric)
        for question in request.questions:
            by_hand = asked_by_hand(server, request, question)
            assert len(by_hand) > 2
            assert {label: found[question.name][label] for label in by_hand} == pytest.approx(
                by_hand, abs=1e-4
            )


def test_scores_are_the_expectation_given_a_level(decided):
    completions, scores = decided
    assert {s.status for s in scores.values()} == {"ok"}
    assert len({s.value for s in scores.values()}) > 2
    assert all(c.usage.completion_tokens == 4 for c in completions.values())


def test_the_server_says_which_routes_it_has(server):
    found = {finding.what: finding.found for finding in examine_server(server.api_base)}
    assert found["systemone route"] == "offered: --judge systemone:hosted_vllm/tiny"


def test_a_model_that_does_not_decide_ends_the_run(image_server, tmp_path):
    with pytest.raises(BackendError, match=r"Models that decide: .*Qwen3ForCausalLM"):
        ask(image_server.api_base, ITEMS, tmp_path / "run", DECIDES)
