"""Degrees of freedom of jackknife standard errors."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from judge.stats import estimate, paired_difference
from judge.stats.engine.degrees_of_freedom import from_kurtosis, from_sizes, of_two_groups
from judge.stats.engine.resampling import Statistic

sizes = st.lists(st.integers(1, 40), min_size=2, max_size=12).map(np.array)


def of_quadratic_form(n):
    """Satterthwaite's 2 E(v)^2 / var(v) of CR2 = sum_c share_c^2 (mean_c - mean)^2 / (1 - share_c)."""
    share = n / n.sum()
    factor = np.diag(share / np.sqrt(1 - share)) @ (np.eye(len(n)) - share)
    covariance = factor @ np.diag(1 / n) @ factor.T
    return np.trace(covariance) ** 2 / np.trace(covariance @ covariance)


@given(sizes)
def test_sizes_give_the_degrees_of_freedom_of_the_quadratic_form(n):
    assert from_sizes(n.astype(float), np.ones(len(n))) == pytest.approx(of_quadratic_form(n))


@given(sizes, st.integers(2, 5))
def test_clusters_of_one_size_may_be_counted(n, times):
    listed = from_sizes(np.repeat(n, times).astype(float), np.ones(len(n) * times))
    assert from_sizes(n.astype(float), np.full(len(n), float(times))) == pytest.approx(listed)


def test_clusters_of_equal_size_have_one_less_than_their_number():
    assert from_sizes(np.full(12, 5.0), np.ones(12)) == pytest.approx(11)


def test_empty_clusters_do_not_count_and_one_alone_has_one():
    assert from_sizes(np.array([3.0, 3, 0, 3]), np.ones(4)) == pytest.approx(2)
    assert from_sizes(np.array([3.0, 0]), np.ones(2)) == 1


def test_kurtosis_of_normal_values_leaves_about_all_degrees_of_freedom():
    values = np.random.default_rng(0).normal(size=100_000)
    assert from_kurtosis(values, np.ones(values.size)) == pytest.approx(values.size - 1, rel=0.03)


@given(st.integers(1, 20), st.integers(60, 400))
def test_few_values_that_differ_carry_the_variance(few, many):
    """Bernoulli: kurtosis 1 / (p q) - 3."""
    p = few / (few + many)
    excess = 1 / (p * (1 - p)) - 4
    expected = max(2 * (few + many) / excess, 2)
    found = from_kurtosis(np.array([0.0, 1.0]), np.array([many, few], float))
    assert found == pytest.approx(min(expected, few + many - 1))


def test_values_without_variation_keep_all_degrees_of_freedom():
    assert from_kurtosis(np.ones(3), np.ones(3)) == 2
    assert from_kurtosis(np.ones(1), np.array([30.0])) == 29
    assert from_kurtosis(np.empty(0), np.empty(0)) == 2


def test_unequal_clusters_widen_the_interval_and_its_test_has_the_same_degrees_of_freedom():
    rng = np.random.default_rng(1)
    even, uneven = np.repeat(np.arange(20), 10), np.concatenate([np.arange(18), np.repeat([18, 19], 91)])
    a, b = rng.normal(size=(2, 200))
    found = {name: paired_difference(a, b, clusters=c) for name, c in (("even", even), ("uneven", uneven))}
    assert found["uneven"].difference.df < 3
    one = found["uneven"]
    at_p = paired_difference(a, b, clusters=uneven, confidence_level=1 - one.test.p_value).difference
    assert min(abs(at_p.low), abs(at_p.high)) == pytest.approx(0, abs=1e-6)
    assert 2 < found["even"].difference.df <= 19


def test_independent_items_keep_the_interval_of_student():
    values = np.random.default_rng(2).exponential(size=30)
    found = estimate(Statistic(np.column_stack([values, np.ones(30)]), lambda x: x[:, 0] / x[:, 1]))
    assert np.isnan(found.df)
    assert found.degrees_of_freedom == 29


@pytest.mark.parametrize("n", [(2, 22), (5, 20), (10, 10), (10, 1000)])
def test_two_groups_have_about_the_degrees_of_freedom_of_welch(n):
    shares = [1 / k for k in n]
    welch = sum(shares) ** 2 / sum(v**2 / (k - 1) for v, k in zip(shares, n, strict=True))
    first = np.arange(sum(n)) < n[0]
    assert of_two_groups(first, ~first, None) == pytest.approx(welch, rel=0.25)


def test_pairs_of_two_groups_count_as_one_cluster_each():
    first = np.arange(20) < 10
    assert of_two_groups(first, ~first, np.arange(20) % 10) == pytest.approx(9)


def test_a_group_of_one_cluster_has_no_degrees_of_freedom():
    first = np.arange(20) < 4
    assert of_two_groups(first, ~first, np.arange(20) // 4) == 0
    assert of_two_groups(first, ~first, np.arange(20) // 2) >= 1
