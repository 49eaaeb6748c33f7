"""Which items and rubrics the judge `letters` takes, and what a reading becomes."""

import pytest

from judge.errors import RubricError
from judge.records import Item
from judge.rubric import load_rubric, parse_rubric
from judge.scoring.parsing.choice_answers import check_choice_rubric, choice_outcome, no_choice_question
from judge.scoring.parsing.chosen_letter import Reading

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
