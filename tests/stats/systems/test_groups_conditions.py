"""When soft pairwise accuracy has no interval."""

import math

import pytest

from judge.stats.systems.groups import soft_pairwise_accuracy


def test_items_that_are_all_alike_give_a_value_without_an_interval():
    found = soft_pairwise_accuracy([[2, 1], [2, 1]], [[1, 2], [1, 2]], n_permutations=20_000, rng=0)
    # Of the four sign patterns one ties with the data: p is 1/8 by people and 7/8 by the judge.
    assert found.value == pytest.approx(0.25, abs=0.02)
    assert (found.se, found.reason) == (0, "no_variation")
    assert math.isnan(found.low)


def test_complete_agreement_has_no_interval():
    human = [[3, 1, 2], [4, 2, 1], [5, 4, 2]]
    found = soft_pairwise_accuracy(human, human, n_permutations=100, rng=0)
    assert (found.value, found.reason) == (1, "no_variation")


def test_one_item_is_too_few_and_two_are_enough():
    human, judge = [[3, 1, 2], [1, 2, 5]], [[3, 2, 2], [1, 4, 2]]
    assert soft_pairwise_accuracy(human[:1], judge[:1], rng=0).reason == "too_few_clusters"
    assert soft_pairwise_accuracy(human, judge, rng=0).reason is None
