"""Which items and rubrics the judge `letters` takes, and what a reading becomes."""

from types import SimpleNamespace

import pytest

from judge.errors import RubricError
from judge.records import Completion, Item
from judge.rubric import load_rubric, parse_rubric
from judge.scoring.parsing.choice_answers import (
    check_choice_rubric,
    choice_outcome,
    no_choice_question,
    reply_form,
)
from judge.scoring.parsing.chosen_letter import Reading
from judge.scoring.parsing.parse import score_rows

ONE = """
name: one
task: Judge.
dimensions: {correct: {type: binary, description: Right.}}
overall: {how: none}
pass: {correct: 1}
"""


@pytest.mark.parametrize(
    ("choices", "gold", "problem"),
    [
        (("x", "y"), "B", None),
        ((), "A", "no choices"),
        (("x", "y"), None, "no right answer"),
        (("x", "y"), "C", "the right answer is no offered letter"),
        (tuple(map(str, range(27))), "A", "more than 26 choices"),
    ],
)
def test_an_item_is_a_question_if_it_has_choices_and_an_offered_right_letter(choices, gold, problem):
    item = Item(id="1", question="?", answer="A", choices=choices, gold=gold)
    assert no_choice_question(item) == problem


@pytest.mark.parametrize(
    ("reading", "value", "status"),
    [
        (Reading("A", "letter"), 1.0, "ok"),
        (Reading("B", "letter"), 0.0, "ok"),
        (Reading(reason="refused"), None, "refused"),
        (Reading(reason="several"), None, "unparsed"),
    ],
)
def test_a_reading_is_right_wrong_or_has_a_status(reading, value, status):
    assert choice_outcome(reading, "A")[:2] == (value, status)


def test_a_rubric_with_the_one_dimension_is_taken():
    check_choice_rubric(parse_rubric(ONE, "one.yaml"))
    check_choice_rubric(load_rubric("multiple_choice"))


@pytest.mark.parametrize(
    "change",
    [
        ("dimensions: {correct:", "dimensions: {form: {type: binary, description: Form.}, correct:"),
        ("type: binary", 'anchors: {1: a, 2: b, 3: c, 4: d, 5: e}'),
        ("overall: {how: none}", "overall: {how: none}\nflags: {odd: {type: boolean, description: Odd.}}"),
        ("overall: {how: none}", "overall: {how: none}\ncriteria: {field: criteria}"),
        ("correct", "right"),
    ],
)  # fmt: skip
def test_a_rubric_that_asks_for_something_else_is_refused(change):
    with pytest.raises(RubricError, match="multiple_choice"):
        check_choice_rubric(parse_rubric(ONE.replace(*change), "one.yaml"))


# --- parsing of completions


OPTIONS = {"choices": ("lid", "cap"), "gold": "B"}


def scored(reply, form="letters", **fields):
    item = Item(id="1", question="?", answer="not read", **fields)
    completion = Completion(key="k", item_id="1", reply=reply, model="letters", created=0.0)
    (score,) = score_rows(item, [completion], load_rubric("multiple_choice"), "letters", form=form)
    return score.value, score.status


@pytest.mark.parametrize(
    ("reply", "found"),
    [("B", (1.0, "ok")), ("A.", (0.0, "ok")), ("", (None, "unparsed")), (None, (None, "unparsed"))],
)
def test_the_reply_is_read_and_not_the_answer(reply, found):
    assert scored(reply, **OPTIONS) == found


def test_an_item_without_options_is_no_question():
    assert scored("B") == (None, "not_applicable")


def test_a_judgment_in_text_is_read_only_where_no_letters_are():
    judgment = '{"correct": {"reason": "Right.", "met": true}}'
    assert scored(judgment, form=None, **OPTIONS) == (1.0, "ok")
    assert scored(judgment, **OPTIONS) == (None, "unparsed")


@pytest.mark.parametrize(("model", "form"), [("letters", "letters"), ("openai/gpt-5", None)])
def test_the_stored_judge_says_how_replies_are_read(model, form):
    assert reply_form(SimpleNamespace(path="run", fact=lambda _: {"model": model})) == form
