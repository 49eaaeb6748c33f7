"""Shares of binding dimensions with their limits, and the order of patterns that are equally frequent."""

import pytest

from judge.analysis.failures import Failures


def profile(make_table, rows, rubric=None):
    return Failures(make_table(rows, rubric)).profile()


def test_limits_of_a_share_lie_between_zero_and_one(make_table):
    rows = [{"accuracy": 1, "clarity": 4}] * 12 + [{"accuracy": 4, "clarity": 1}] * 2
    accuracy, clarity = (one.binding for one in profile(make_table, rows).dimensions)
    # Student's t with 13 degrees of freedom, 2.1604, times sqrt(6/7 * 1/7 / 13) = .0971: .8571 +- .2097.
    assert (accuracy.low, accuracy.high) == pytest.approx((0.6474, 1), abs=5e-4)
    assert (clarity.low, clarity.high) == pytest.approx((0, 0.3526), abs=5e-4)


def test_equally_frequent_patterns_are_in_the_order_of_their_names(make_table):
    rows = (
        [{"accuracy": 4, "clarity": 1}] * 2
        + [{"accuracy": 1, "clarity": 4}] * 2
        + [{"accuracy": 1, "clarity": 1}]
    )
    found = profile(make_table, rows).patterns
    assert list(found.items()) == [(("accuracy",), 2), (("clarity",), 2), (("accuracy", "clarity"), 1)]


def test_pairs_count_each_side_on_its_own(make_table):
    rows = (
        [{"accuracy": 1, "clarity": 4}] * 3
        + [{"accuracy": 4, "clarity": 1}] * 2
        + [{"accuracy": 1, "clarity": 1}]
    )
    (pair,) = profile(make_table, rows).pairs
    assert (pair.n_both, pair.n_only_first, pair.n_only_second) == (1, 3, 2)
    assert [(d.n_below, d.n_alone) for d in profile(make_table, rows).dimensions] == [(4, 3), (3, 2)]


def test_the_worst_items_have_the_lowest_sums_and_ties_keep_their_order(make_table):
    rows = [
        {"id": name, "accuracy": a, "clarity": c}
        for name, a, c in (("a", 2, 4), ("b", 1, 4), ("c", 2, 3), ("d", 4, 4))
    ]
    failures = Failures(make_table(rows))
    assert [one.item.id for one in failures.worst_items(9)] == ["b", "c", "a"]
    assert [one.item.id for one in failures.worst_items(1)] == ["b"]
    assert failures.worst_items(0) == []


def test_the_worst_items_have_the_lowest_overall_score_first(make_table, make_rubric):
    rubric = make_rubric({"overall": 3}, how="judged")
    rows = [
        {"id": "a", "accuracy": 1, "clarity": 1, "overall": 2},
        {"id": "b", "accuracy": 4, "clarity": 4, "overall": 1},
    ]
    assert [one.item.id for one in Failures(make_table(rows, rubric)).worst_items(2)] == ["b", "a"]
