"""Which answers of two runs are a pair."""

import pytest

from judge.analysis.compare import compare
from judge.analysis.score_table import ScoreTable
from judge.records import Item, Score
from judge.rubric import load_rubric


def several_systems(verdicts, condition):
    items = [
        Item(
            id=f"q{n}{condition}/{system}", question=f"{n}?", answer="a", system=system, metadata={"pair_id": f"q{n}"}
        )
        for system in "xy"
        for n in range(3)
    ]  # fmt: skip
    scores = [
        Score(item_id=item.id, rater="m", rater_kind="judge", dimension="correct", value=float(value))
        for item, value in zip(items, verdicts, strict=True)
    ]
    return ScoreTable.build(condition, load_rubric("multiple_choice"), items, scores)


def test_answers_of_several_systems_are_paired_within_each_system():
    found = compare(several_systems([1, 1, 0, 1, 0, 0], "clean"), several_systems([1, 0, 0, 0, 0, 0], "low"))
    assert found.matched_by == "pair_id and system"
    assert found.passing.difference.value == pytest.approx(1 / 6 - 3 / 6)
    assert [flip.key for flip in found.flips] == ["q1/x", "q0/y"]


def two_conditions(system, verdicts, conditions=("clean", "degraded")):
    items = [
        Item(
            id=f"q{n}/{condition}/{system}",
            question=f"{n}?",
            answer="a",
            system=system,
            metadata={"pair_id": f"q{n}", "condition": condition},
        )
        for condition in conditions
        for n in range(3)
    ]
    scores = [
        Score(item_id=item.id, rater="m", rater_kind="judge", dimension="correct", value=float(value))
        for item, value in zip(items, verdicts, strict=True)
    ]
    return ScoreTable.build(system, load_rubric("multiple_choice"), items, scores)


def test_two_systems_are_paired_within_each_condition():
    found = compare(two_conditions("x", [1, 1, 0, 1, 0, 0]), two_conditions("y", [1, 0, 0, 0, 0, 0]))
    assert found.matched_by == "pair_id and condition"
    assert [flip.key for flip in found.flips] == ["q1/clean", "q0/degraded"]


@pytest.mark.parametrize("is_first", [True, False])
def test_answers_under_a_condition_that_only_one_system_has_are_left_out(is_first):
    tables = [two_conditions("x", [1, 1, 0, 1, 0, 0]), two_conditions("y", [1, 0, 0], ["clean"])]
    found = compare(*(tables if is_first else tables[::-1]))
    assert found.matched_by == "pair_id and condition"
    assert len(found.a) == 3
    assert len(found.only_a if is_first else found.only_b) == 3


def test_conditions_that_differ_in_each_pair_do_not_separate_it():
    counterbalanced = [("clean", "degraded"), ("degraded", "clean")]
    tables = [two_conditions(name, [1] * 3, [c[0]]) for name, c in zip("xy", counterbalanced, strict=True)]
    assert compare(*tables).matched_by == "pair_id"
