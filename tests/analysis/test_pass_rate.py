"""Pass rates and summaries of dimensions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from judge.analysis.pass_rate import dimension_summaries, distribution, pass_rate

MARKS = st.lists(st.sampled_from([1.0, 0.0, np.nan]), min_size=1, max_size=40)


@given(MARKS)
def test_pass_fail_and_missing_add_up_to_all(marks):
    rate = pass_rate(np.array(marks))
    assert rate.n_pass + rate.n_fail + rate.n_missing == rate.n == len(marks)


@given(MARKS, st.randoms())
def test_order_of_the_items_changes_nothing(marks, random):
    rate, other = pass_rate(np.array(marks)), pass_rate(np.array(random.sample(marks, len(marks))))
    assert str(rate.estimate) == str(other.estimate)
    assert (rate.n_pass, rate.n_fail, rate.n_missing) == (other.n_pass, other.n_fail, other.n_missing)


@given(MARKS)
def test_rate_lies_between_its_bounds(marks):
    rate = pass_rate(np.array(marks))
    if rate.estimate.defined:
        assert rate.worst <= rate.estimate.value <= rate.best


def test_interval_is_wilsons():
    rate = pass_rate(np.array([1.0] * 41 + [0.0] * 9 + [np.nan] * 5))
    expected = proportion_confint(41, 50, method="wilson")
    assert (rate.estimate.low, rate.estimate.high) == pytest.approx(expected, abs=1e-9)


def test_missing_verdicts_are_neither_passes_nor_fails():
    rate = pass_rate(np.array([1.0, 0.0, np.nan, np.nan]))
    assert (rate.estimate.value, rate.worst, rate.best) == (0.5, 0.25, 0.75)


def test_without_a_verdict_the_rate_is_undefined_and_the_bounds_are_not():
    rate = pass_rate(np.array([np.nan, np.nan]))
    assert (rate.estimate.reason, rate.worst, rate.best) == ("no_ratings", 0, 1)


def test_items_of_one_image_that_agree_widen_the_interval():
    marks = np.repeat([1.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0], 6)
    images = np.repeat([f"image {i}" for i in range(10)], 6)
    alone, together = pass_rate(marks).estimate, pass_rate(marks, images).estimate
    assert together.high - together.low > 2 * (alone.high - alone.low)
    assert (together.value, together.n_clusters) == (alone.value, 10)


def test_summary_counts_every_status_and_every_score(make_table):
    table = make_table([{"accuracy": 4}, {"accuracy": 4}, {"accuracy": "unparsed"}, {}])
    accuracy = dimension_summaries(table)[0]
    assert {s: n for s, n in accuracy.statuses.items() if n} == {"ok": 2, "unparsed": 1, "unscored": 1}
    assert accuracy.distribution == {1: 0, 2: 0, 3: 0, 4: 2, 5: 0}
    assert (accuracy.mean.value, accuracy.sd) == (4, 0)


def test_interval_of_a_mean_ends_with_the_scale(make_table):
    table = make_table([{"accuracy": value} for value in (5, 5, 4)])
    assert dimension_summaries(table)[0].mean.high == 5


def test_summary_says_whether_the_pass_rule_names_the_dimension(make_table, make_rubric):
    table = make_table([{"overall": 4, "accuracy": 2}], make_rubric({"overall": 3}, how="judged"))
    found = {d.name: (d.pass_mark, d.decides, d.passing.n_pass) for d in dimension_summaries(table)}
    assert found == {"accuracy": (3, False, 0), "clarity": (3, False, 0), "overall": (3, True, 1)}


def test_scores_between_the_labels_have_their_own_place():
    assert distribution(np.array([2.5, 2.5, 3.0]), range(1, 4)) == {1: 0, 2: 0, 2.5: 2, 3: 1}
