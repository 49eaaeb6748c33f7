"""Which items are selected as failing, or as lowest."""

import pytest

from judge.analysis.lowest_scores import selected_ids
from judge.rubric import Rubric


@pytest.fixture
def table(make_typed):
    rows = [
        {"truth": 3.0, "named": 1.0, "fault": "none", "overall": 3.0},
        {"truth": 1.0, "named": 0.0, "fault": "major", "overall": 1.0},
        {"truth": 2.0, "named": 0.0, "fault": "minor", "overall": 2.0},
        {"truth": "refused", "named": "refused", "fault": "refused", "overall": "refused"},
    ]
    return make_typed(rows)


def test_failing_items_are_those_that_fail_the_pass_rule(table):
    assert selected_ids(table, failing=True) == ["i1"]
    assert selected_ids(table, failing=False) == ["i0", "i1", "i2", "i3"]


@pytest.mark.parametrize(
    ("dimension", "expected"), [("truth", ["i1"]), ("named", ["i1", "i2"]), ("fault", [])]
)
def test_an_item_fails_on_a_dimension_below_its_threshold_and_on_a_criterion_that_is_not_met(
    table, dimension, expected
):
    assert selected_ids(table, [dimension], failing=True) == expected


def test_the_lowest_scores_come_first_and_missing_ones_are_left_out(table):
    assert selected_ids(table, failing=False, n_lowest=10) == ["i1", "i2", "i0"]
    assert selected_ids(table, ["truth"], failing=False, n_lowest=1) == ["i1"]
    assert selected_ids(table, ["named"], failing=True, n_lowest=1) == ["i1"]


def test_of_several_dimensions_one_below_its_threshold_is_enough_and_scores_are_added(table):
    assert selected_ids(table, ["truth", "named"], failing=True) == ["i1", "i2"]
    assert selected_ids(table, ["truth", "named"], failing=False, n_lowest=3) == ["i1", "i2", "i0"]


def test_without_an_overall_score_the_sum_decides(make_typed):
    rubric = Rubric.model_validate(
        {
            "name": "two",
            "task": "Judge.",
            "scale": {"min": 1, "max": 3},
            "dimensions": {
                name: {"description": "d", "anchors": {1: "bad", 2: "middling", 3: "good"}} for name in "ab"
            },
            "overall": {"how": "none"},
            "pass": {"a": 2},
        }
    )
    rows = [{"a": 3.0, "b": 1.0}, {"a": 1.0, "b": 2.0}, {"a": 2.0, "b": 3.0}]
    table = make_typed(rows, rubric)
    assert selected_ids(table, failing=False, n_lowest=2) == ["i1", "i0"]
    assert selected_ids(table, ["b"], failing=True) == []
