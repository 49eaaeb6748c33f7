from random import Random

import pytest

from human_study.gold_items import GoldItem, from_items, instructed_checks, worked_examples
from judge.errors import InputError
from judge.records import Item
from judge.rubric import Rubric, load_rubric


def test_worked_examples_of_the_rubric_become_training(rubric: Rubric, items: list[Item]) -> None:
    [gold] = worked_examples(rubric, items)
    assert gold.expected == {"accuracy": (4,), "clarity": (5,)}
    assert gold.reasons == {"accuracy": "Blue light scatters most."}


def test_an_example_that_goes_with_no_item_is_left_out(items: list[Item]) -> None:
    inspection = load_rubric("inspection")
    conditional = sum(bool(example.when) for example in inspection.examples)
    assert len(worked_examples(inspection, items)) == len(inspection.examples) - conditional


def test_a_check_says_what_to_choose_after_the_start_of_a_real_answer(
    rubric: Rubric, items: list[Item]
) -> None:
    for gold in instructed_checks(rubric, items, 5, Random(0)):
        [score] = {scores[0] for scores in gold.expected.values()}
        assert gold.item.answer.startswith("Answer ")
        assert f"choose {score} on every scale" in gold.item.answer
        assert "It goes on" not in gold.item.answer


def test_more_checks_than_items_are_made_too(rubric: Rubric, items: list[Item]) -> None:
    checks = instructed_checks(rubric, items[:2], 5, Random(0))
    assert len({gold.item.id for gold in checks}) == 5


def test_any_of_the_right_scores_passes_and_others_are_named(items: list[Item]) -> None:
    gold = GoldItem(item=items[0], expected={"accuracy": (1, 2), "clarity": (5,)})
    assert gold.missed({"accuracy": 2, "clarity": 5}) == []
    assert gold.missed({"accuracy": 3}) == ["accuracy", "clarity"]


def with_expected(expected: object) -> list[Item]:
    return [Item(id="c1", question="?", answer="!", metadata={"expected_scores": expected, "topic": "x"})]


def test_own_checks_carry_their_right_scores(rubric: Rubric) -> None:
    [gold] = from_items(with_expected({"accuracy": [1, 2], "clarity": 4}), rubric, "checks.jsonl")
    assert gold.expected == {"accuracy": (1, 2), "clarity": (4,)}
    assert gold.item.metadata == {"topic": "x"}


@pytest.mark.parametrize(
    ("expected", "problem"),
    [
        (None, "no mapping 'expected_scores'"),
        ({"speed": 3}, "names 'speed'; allowed: accuracy, clarity"),
        ({"accuracy": 9}, "found 9; allowed: whole numbers 1 to 5"),
        ({"accuracy": [1, True]}, "found True"),
        ({"accuracy": "3"}, "found '3'"),
        ({}, "expected"),
    ],
    ids=["none", "unknown", "off scale", "bool", "text", "empty"],
)
def test_wrong_expectations_are_named(rubric: Rubric, expected: object, problem: str) -> None:
    with pytest.raises(InputError, match=rf"checks\.jsonl: item 'c1'.*{problem}"):
        from_items(with_expected(expected), rubric, "checks.jsonl")
