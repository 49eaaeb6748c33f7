import numpy as np
import pytest
from scipy import stats

from judge.stats import mix_test


@pytest.mark.parametrize(("passes", "fails"), [(5, 5), (9, 1), (30, 3), (10, 0), (0, 10)])
def test_two_groups_are_tested_as_by_fisher(passes, fails):
    groups = [1] * 90 + [0] * 10
    rated = np.r_[np.arange(90) < passes, np.arange(10) < fails]
    expected = stats.fisher_exact([[passes, fails], [90 - passes, 10 - fails]]).pvalue
    assert mix_test(groups, rated).p_value == pytest.approx(expected)


def test_more_groups_are_tested_by_chi_squared_with_finite_population_correction():
    groups = np.repeat(["a", "b", "c"], [60, 30, 10])
    rated = np.r_[np.arange(60) < 10, np.arange(30) < 10, np.arange(10) < 5]
    # The same as Pearson's test of the table of rated and other items, but for N - 1 in place of N.
    pearson = stats.chi2_contingency([[10, 10, 5], [50, 20, 5]], correction=False)
    found = mix_test(groups, rated)
    assert found.statistic == pytest.approx(pearson.statistic * 99 / 100)
    assert found.p_value == pytest.approx(stats.chi2.sf(found.statistic, 2))


def test_items_without_a_group_are_left_out():
    assert mix_test([1, 0, None, 1], [True, False, True, False]).n_items == 1


@pytest.mark.parametrize(
    ("groups", "rated", "reason"),
    [
        ([1, 0], [False, False], "no_observations"),
        ([1, 0], [True, True], "no_variation"),
        ([1, 1], [True, False], "no_variation"),
    ],
)
def test_a_mix_that_cannot_differ_has_no_p_value(groups, rated, reason):
    found = mix_test(groups, rated)
    assert np.isnan(found.p_value)
    assert found.reason == reason


@pytest.mark.parametrize("sizes", [(150, 50), (100, 60, 40)])
def test_random_samples_are_called_different_no_more_often_than_allowed(sizes):
    rng, groups = np.random.default_rng(3), np.repeat(np.arange(len(sizes)), sizes)
    p = [mix_test(groups, rng.permutation(200) < 60).p_value for _ in range(1000)]
    assert np.mean(np.array(p) <= 0.05) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 1000)
