"""Difference of the pass rates of two groups that may share clusters."""

import math

import numpy as np
import pytest
from statsmodels.stats.proportion import confint_proportions_2indep

from judge.stats.systems.group_shares import GroupShares


def marks(*groups):
    """Return marks and mask of two groups, each given as (passes, fails)."""
    values = np.concatenate([np.r_[np.ones(k), np.zeros(m)] for k, m in groups])
    return values, np.arange(len(values)) < sum(groups[0])


@pytest.mark.parametrize(
    "groups", [((2, 0), (15, 7)), ((9, 1), (4, 6)), ((0, 5), (0, 9)), ((56, 14), (48, 32))]
)
def test_independent_items_have_the_interval_of_newcombe(groups):
    found = GroupShares.of(*marks(*groups), None).difference()
    (a, b), (c, d) = groups
    limits = confint_proportions_2indep(a, a + b, c, c + d, method="newcomb", compare="diff")
    assert (found.low, found.high) == pytest.approx(limits)
    assert found.value == pytest.approx(a / (a + b) - c / (c + d))
    assert found.n_items == a + b + c + d


@pytest.mark.parametrize("groups", [((9, 1), (4, 6)), ((1, 9), (5, 5)), ((56, 14), (48, 32))])
@pytest.mark.parametrize("clustered", [False, True])
def test_the_p_value_is_where_a_limit_meets_zero(groups, clustered):
    values, first = marks(*groups)
    shares = GroupShares.of(values, first, np.arange(len(values)) % 7 if clustered else None)
    found = shares.difference(1 - shares.p_value())
    assert min(abs(found.low), abs(found.high)) == pytest.approx(0, abs=1e-6)


def test_equal_rates_have_p_one():
    assert GroupShares.of(*marks((3, 1), (6, 2)), None).p_value() == 1


def test_a_difference_that_no_interval_contains_has_the_smallest_p_value():
    assert GroupShares.of(*marks((4000, 1), (1, 4000)), None).p_value() == pytest.approx(1e-12)


def test_five_passes_beside_seventy_percent_may_be_chance():
    found = GroupShares.of(*marks((5, 0), (14, 6)), None)
    assert found.difference().low < 0 < found.difference().high
    assert found.p_value() > 0.1  # of the jackknife .01


def test_what_groups_share_with_a_cluster_cancels():
    rng = np.random.default_rng(0)
    hard = rng.random(40) < 0.5
    values = np.r_[hard, hard[:30]].astype(float)
    values[:4] = 1 - values[:4]
    first, clusters = np.arange(70) < 40, np.r_[np.arange(40), np.arange(30)]
    apart, paired = (GroupShares.of(values, first, c).difference() for c in (np.arange(70), clusters))
    assert paired.high - paired.low < 0.8 * (apart.high - apart.low)
    assert paired.se < apart.se


@pytest.mark.parametrize("clustered", [False, True])
def test_the_interval_of_a_small_group_covers(clustered):
    rng, covered, n = np.random.default_rng(1), [], 48
    first, clusters = np.arange(n) < 4, np.arange(n) // 2 if clustered else None
    for _ in range(200):
        found = GroupShares.of((rng.random(n) < 0.7).astype(float), first, clusters).difference()
        covered.append(found.low <= 0 <= found.high)
    assert np.mean(covered) >= 0.93  # of the jackknife .63 with clusters


def test_few_clusters_are_noted():
    found = GroupShares.of(*marks((3, 1), (1, 3)), None).difference()
    assert found.notes == ("few_clusters",)
    assert math.isfinite(found.se)
