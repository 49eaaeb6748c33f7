"""Difference of two groups of items."""

import numpy as np
import pytest

from judge.analysis.group_difference import group_difference, rate_difference, within
from judge.stats.engine.estimate import Estimate


def test_shares_cannot_differ_by_more_than_one_but_scores_can():
    first = np.array([True, True, False, False])
    assert group_difference(np.array([1.0, 1, 0, 0]), first, ~first).difference.possible == (-1, 1)
    assert group_difference(np.array([5.0, 5, 1, 1]), first, ~first).difference.possible == (-np.inf, np.inf)


def test_rows_of_neither_group_and_missing_values_do_not_count():
    values = np.array([1.0, 3, 100, 2, np.nan])
    first = np.array([True, True, False, False, False])
    second = np.array([False, False, False, True, True])
    found = group_difference(values, first, second).difference
    assert (found.value, found.n_items) == (0, 3)


@pytest.mark.parametrize("side", [0, 1])
def test_an_empty_group_has_no_difference(side):
    values, full, empty = np.array([1.0, 2.0]), np.array([True, True]), np.array([False, False])
    groups = (full, empty) if side else (empty, full)
    assert group_difference(values, *groups).difference.reason == "no_observations"


def test_p_stands_alone_until_it_is_adjusted():
    values = np.array([1.0, 2, 3, 5, 6, 9])
    first = np.arange(6) < 3
    found = group_difference(values, first, ~first)
    assert 0 < found.p == found.p_adjusted < 1


def test_an_interval_is_limited_to_the_possible_values():
    found = within(Estimate(0.5, -0.2, 1.3), 0, 1)
    assert (found.low, found.high, found.value) == (0, 1, 0.5)


@pytest.mark.parametrize("clusters", [None, np.array(["q1", "q1", "q2", "q3", "q3"])])
def test_a_group_of_one_cluster_has_neither_interval_nor_p_value(clusters):
    alone = np.arange(5) == 2
    found = group_difference(np.array([1.0, 0.0, 1.0, 0.0, 0.0]), alone, ~alone, clusters)
    assert found.difference.value == 0.75
    assert found.difference.reason == "too_few_clusters"
    assert np.isnan([found.difference.low, found.difference.high, found.p]).all()


@pytest.mark.parametrize(
    ("question", "method"),
    [
        ("abcdabcd", "newcombe"),
        ("abcdabce", "square-and-add"),
        ("aacdaacd", "jackknife"),
        (None, "square-and-add"),
    ],
    ids=["paired", "unpaired", "clustered", "independent"],
)
def test_rates_of_one_verdict_per_question_and_group_are_compared_as_pairs(question, method):
    passed = np.array([1.0, 1, 1, 0, 1, 0, 0, 0])
    first = np.arange(8) < 4
    clusters = None if question is None else np.array(list(question))
    assert rate_difference(passed, first, ~first, clusters).difference.method == method


def test_small_groups_of_scores_have_the_degrees_of_freedom_of_their_sizes():
    values, first = np.r_[5.0, 5.0, np.tile([2.0, 3, 5], 6)], np.arange(20) < 2
    found = group_difference(values, first, ~first)
    assert found.difference.df < 2
    assert found.difference.low < 0 < found.difference.high
    assert found.p > 0.05
