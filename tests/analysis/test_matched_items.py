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
