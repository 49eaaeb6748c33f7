"""Paraphrases by a second model: which texts, stored as they arrive, and never asked twice."""

import json

import pytest

import judge
from judge.errors import RunError
from judge.records import Item
from judge.rubric import load_rubric
from judge.scoring.backends.connection import Connection
from judge.scoring.judge import Judge
from judge.stress_testing.paraphrases import Paraphraser, paraphrased_texts
from judge.stress_testing.probes import chosen_probes
from judge.stress_testing.stress_test import StressOptions, StressTest

RUBRIC = load_rubric("open_qa")
ITEMS = [
    Item(id="1", question="?", answer="!", reference="Steel."),
    Item(id="2", question="?", answer="!", reference="Steel."),
    Item(id="3", question="?", answer="!", reference="Brass."),
    Item(id="4", question="?", answer="!"),
]
FAILURE = {"status": 400, "headers": {}, "body": {"error": {"message": "no", "code": "no"}}}


@pytest.fixture(autouse=True)
def _key(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "k")


def paraphraser(folder, mock, model="openai/y"):
    return Paraphraser(
        model, folder, Connection(api_base=mock.api_base, max_connections=1), judge.EngineOptions()
    )


def stored(folder):
    return [json.loads(line) for line in (folder / "paraphrases.jsonl").read_text().splitlines()]


# -- which texts


def test_equal_references_are_paraphrased_once():
    assert paraphrased_texts(ITEMS, RUBRIC, chosen_probes("reference")) == ["Steel.", "Brass."]


def test_a_task_with_a_second_wording_needs_no_paraphrase():
    assert paraphrased_texts(ITEMS, RUBRIC, chosen_probes("task_paraphrased")) == []
    plain = RUBRIC.model_copy(update={"stress": RUBRIC.stress.model_copy(update={"task": ""})})
    assert paraphrased_texts(ITEMS, plain, chosen_probes("task_paraphrased")) == [RUBRIC.task]


def test_probes_that_are_not_chosen_need_no_texts():
    assert paraphrased_texts(ITEMS, RUBRIC, chosen_probes("padding")) == []


# -- asking


def test_each_text_is_asked_once_and_stored_with_its_model(tmp_path, mock):
    found = paraphraser(tmp_path / "new", mock).paraphrase(["Steel.", "Brass."])
    assert set(found) == {"Steel.", "Brass."}
    assert mock.stats()["requests"] == 2
    assert {row["text"] for row in stored(tmp_path / "new")} == set(found.values())
    assert {row["model"] for row in stored(tmp_path / "new")} == {"openai/y"}


def test_the_text_is_sent_alone_with_the_instruction(tmp_path, mock):
    paraphraser(tmp_path, mock).paraphrase(["Steel."])
    system, user = mock.seen()[0]["body"]["messages"]
    assert "in other words" in system["content"]
    assert user == {"role": "user", "content": "Steel."}


def test_the_second_call_asks_nothing(tmp_path, mock):
    first = paraphraser(tmp_path, mock).paraphrase(["Steel."])
    assert paraphraser(tmp_path, mock).paraphrase(["Steel."]) == first
    assert mock.stats()["requests"] == 1


def test_another_model_is_asked_again(tmp_path, mock):
    paraphraser(tmp_path, mock).paraphrase(["Steel."])
    paraphraser(tmp_path, mock, "openai/z").paraphrase(["Steel."])
    assert mock.stats()["requests"] == 2


def test_a_failed_request_leaves_its_text_out_and_is_asked_again(tmp_path, mock):
    mock.script(FAILURE)
    assert set(paraphraser(tmp_path, mock).paraphrase(["Steel.", "Brass."])) == {"Brass."}
    assert set(paraphraser(tmp_path, mock).paraphrase(["Steel.", "Brass."])) == {"Steel.", "Brass."}
    assert mock.stats()["requests"] == 3


def test_an_empty_reply_leaves_its_text_out(tmp_path, mock):
    empty = {"choices": [{"message": {"content": " "}, "finish_reason": "stop"}], "model": "y"}
    mock.script({"status": 200, "headers": {}, "body": empty})
    assert paraphraser(tmp_path, mock).paraphrase(["Steel."]) == {}
    assert stored(tmp_path) == []


@pytest.mark.parametrize("line", ["no json", '{"key": "x"}', "3"])
def test_a_damaged_line_is_named(tmp_path, mock, line):
    (tmp_path / "paraphrases.jsonl").write_text('{"key": "k", "text": "t"}\n' + line + "\n")
    with pytest.raises(RunError, match=r"paraphrases\.jsonl:2: is no paraphrase; delete the line"):
        paraphraser(tmp_path, mock).paraphrase(["Steel."])


def test_the_judge_scores_the_paraphrase_of_the_reference(tmp_path, mock):
    options = StressOptions(10, "reference_paraphrased", 0, tmp_path, "openai/y")
    test = StressTest(ITEMS[:1], Judge("openai/x", RUBRIC), options, {}, Connection(api_base=mock.api_base))
    result = test.run(lambda _: judge.ScoringCallback())
    (twin,) = result.twins.changed["reference_paraphrased"]
    assert twin.answer == stored(tmp_path)[0]["text"]
    assert mock.stats()["requests"] == 1 + 4  # the paraphrase; item, reference, paraphrase and repeat


def test_paraphrases_count_towards_the_cost_limit(tmp_path, mock):
    limits = Connection(api_base=mock.api_base, max_cost=1.0)
    options = StressOptions(10, "reference_paraphrased", 0, tmp_path, "openai/gpt-4o-mini")
    test = StressTest(ITEMS[:3], Judge("openai/gpt-4o-mini", RUBRIC), options, {}, limits)
    assert set(test._paraphrases()) == {"Steel.", "Brass."}
    left = test.connection.max_cost
    assert 0 < left < 1
    test._paraphrases()  # stored: costs nothing
    assert test.connection.max_cost == left
