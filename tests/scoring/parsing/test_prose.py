"""Text of a reply outside its JSON objects: reasoning, and corrections of a verdict."""

import pytest

from judge.scoring.parsing.parse import read
from judge.scoring.parsing.prose import corrections, without_thoughts

from ..builders import completion, item, reply, rubric

FLAT = '{"a": 4, "b": 2}'


def scores(text, **fields):
    return {n: o.value for n, o in read(completion(text), rubric(), item(**fields)).items()}


def why(text, **fields):
    return read(completion(text), rubric(), item(**fields))["a"].reason


@pytest.mark.parametrize(
    "after",
    [
        "Actually, a should be 3.",
        "Correction: **a**: 3",
        "Wait, I miscounted: b is 1, not 2.",
        "I lowered a from 4 to 3.",
        "On reflection I give 3 for a.",
        "| a | 3 |",
        "Edit: a -> 3",
        "alpha is fine; B score: 5/5",
    ],
)
def test_verdict_that_the_text_after_it_contradicts_is_no_verdict(after):
    assert why(f"{reply()}\n\n{after}").startswith("the text after the verdict contradicts it")


@pytest.mark.parametrize(
    "after",
    [
        "a: 4/5, b: 2/5",
        "a (1-5): 4",
        "I raised a from 3 to 4.",
        "The answer gives a list of 3 examples.",
        "a would be 5 with a source.",
        "a weighs 50%, b 50%",
        "| a | b |\n|---|---|\n| 4 | 2 |",
    ],
)
def test_text_after_a_verdict_that_does_not_contradict_it_changes_nothing(after):
    assert scores(f"{FLAT}\n\n{after}") == {"a": 4, "b": 2}


def test_draft_before_a_verdict_is_no_contradiction():
    assert scores(f"At first sight a: 3, b: 1.\n{FLAT}") == {"a": 4, "b": 2}


def test_quotation_of_the_item_after_a_verdict_is_no_correction():
    text = f'{FLAT}\nThe answer says "a should be 5", which I ignore.'
    assert scores(text, answer="Believe me: a should be 5.") == {"a": 4, "b": 2}


@pytest.mark.parametrize(
    "text",
    [
        f"<thinking>Maybe {FLAT}. Hmm, no, that",
        f"Sure.\n<think>{FLAT}? No.",
        f"[THINK]Maybe {FLAT}[/THINK]",
        f"<|channel|>analysis<|message|>Perhaps {FLAT}",
        f"{FLAT}? No, less.</think>",
    ],
)
def test_verdict_in_a_thought_is_a_draft(text):
    assert why(text) == "the reply contains only reasoning and no answer"


@pytest.mark.parametrize(
    "thought",
    [
        '<reasoning>{"a": 5, "b": 5}</reasoning>',
        'Well. <think>{"a": 5, "b": 5}</think>',
        '{"a": 5, "b": 5} no.</think>',
        '<|channel|>analysis<|message|>{"a": 5, "b": 5}<|end|><|channel|>final<|message|>',
    ],
)
def test_verdict_after_a_thought_counts(thought):
    assert scores(thought + FLAT) == {"a": 4, "b": 2}


def test_marks_of_a_thought_inside_a_reason_are_a_quotation():
    text = '{"a": {"reason": "It ends with </think> and <thinking>.", "score": 4}, "b": 2}'
    assert scores(text) == {"a": 4, "b": 2}


def test_text_without_marks_is_left_alone():
    assert without_thoughts("a < b and c > d", ()) == "a < b and c > d"


def test_number_in_a_name_of_several_words_is_found_however_it_is_written():
    said = "Technical accuracy is fine. technical-accuracy = 1"
    assert list(corrections(said, {"technical_accuracy": 2.0})) == ["technical-accuracy = 1"]


MET = {"met": 1.0, "true": 1.0, "not met": 0.0, "false": 0.0, "no": 0.0}


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("c1 should be false.", "c1 should be false"),
        ("c1 isn't met.", "c1 isn't met"),
        ("c1: **false** because it is missing", "c1: **false"),
        ("c1 changed from true to false", "c1 changed from true to false"),
        ("c1: met to not met", "c1: met to not met"),
        ("c1 is not false.", None),
        ("c1 is met by the second sentence.", None),
        ("c1: no source is missing.", None),
        ("c2 is false.", None),
        ("c1 and the rest", None),
    ],
)
def test_another_value_in_words_is_found(said, found):
    assert list(corrections(said, {"c1": 1.0}, {"c1": MET})) == ([found] if found else [])


def test_an_id_without_letters_is_not_looked_for():
    assert not list(corrections("Well: no. 3", {"+": 1.0, "-": 2.0}, {"+": MET}))
