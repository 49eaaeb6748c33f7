"""Ids of gold items, and how many answers checks are made of."""

from random import Random

from human_study.gold_items import instructed_checks, worked_examples
from judge.records import Item
from judge.rubric import Rubric


def test_worked_examples_and_checks_are_numbered_from_1(rubric: Rubric, items: list[Item]) -> None:
    assert [gold.item.id for gold in worked_examples(rubric, items)] == ["example 1"]
    checks = instructed_checks(rubric, items, 3, Random(0))
    assert [gold.item.id for gold in checks] == ["check 1", "check 2", "check 3"]


def test_checks_are_made_of_different_answers_as_long_as_there_are_enough(
    rubric: Rubric, items: list[Item]
) -> None:
    questions = [gold.item.question for gold in instructed_checks(rubric, items, len(items), Random(0))]
    assert sorted(questions) == sorted(item.question for item in items)


def test_the_right_score_of_a_check_may_be_any_of_the_scale(rubric: Rubric, items: list[Item]) -> None:
    checks = instructed_checks(rubric, items, 60, Random(0))
    assert {gold.expected["clarity"] for gold in checks} == {(1,), (2,), (3,), (4,), (5,)}
