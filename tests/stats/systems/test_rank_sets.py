import itertools

import numpy as np
import pytest
from scipy import stats

from judge.stats.systems.rank_sets import rank_limits


def limits(table, clusters=None, *, level=0.95, n_draws=4_000):
    return rank_limits(np.asarray(table, float), clusters, level, n_draws, np.random.default_rng(0)).tolist()


def test_two_systems_are_told_apart_exactly_where_the_paired_t_test_rejects():
    rng, rejected = np.random.default_rng(1), []
    for gap in np.linspace(0.2, 1.2, 11):
        scores = rng.normal(size=(15, 1)) + rng.normal(size=(15, 2)) + np.array([0, gap])
        p_value = stats.ttest_rel(scores[:, 0], scores[:, 1]).pvalue
        if abs(p_value - 0.05) > 0.01:  # the critical value is a quantile of draws
            rejected.append(p_value < 0.05)
            first = scores[:, 0].mean() > scores[:, 1].mean()
            apart = [[1, 2], [1, 2]] if first else [[2, 1], [2, 1]]
            assert limits(scores, n_draws=40_000) == (apart if rejected[-1] else [[1, 1], [2, 2]])
    assert set(rejected) == {True, False}


def test_five_equal_systems_get_all_ranks_in_95_of_100_data_sets():
    rng, right = np.random.default_rng(2), 0
    for _ in range(400):
        right += limits(rng.normal(size=(25, 5)), n_draws=500) == [[1] * 5, [5] * 5]
    assert abs(right / 400 - 0.95) < 3.3 * np.sqrt(0.95 * 0.05 / 400)


def test_critical_value_is_that_of_tukey_for_independent_systems():
    # Means 0, 0, x: the third is apart from both where x exceeds the studentised range of three means.
    rng = np.random.default_rng(3)
    noise = rng.normal(size=(400, 3))
    noise = (noise - noise.mean(axis=0)) / noise.std(axis=0, ddof=1)
    noise = np.linalg.solve(np.linalg.cholesky(np.cov(noise.T)), noise.T).T  # uncorrelated, variance 1
    reach = stats.studentized_range.ppf(0.95, 3, 399) / np.sqrt(400)
    for factor, expected in ((0.97, [1, 1, 1]), (1.03, [2, 2, 1])):
        assert limits(noise + np.array([0, 0, factor * reach]), n_draws=100_000)[0] == expected


def test_copies_within_clusters_do_not_narrow_the_sets():
    scores = np.random.default_rng(4).normal(size=(30, 4)) + np.array([0, 0.3, 0.6, 0.9])
    copied = limits(np.repeat(scores, 3, axis=0), np.repeat(np.arange(30), 3))
    assert copied == limits(scores)
    assert limits(np.repeat(scores, 3, axis=0)) != copied


def test_constant_lead_over_many_items_decides_the_order():
    assert limits([[1, 0]] * 30) == [[1, 2], [1, 2]]


def test_constant_lead_over_two_items_decides_nothing():
    assert limits([[1, 0]] * 2) == [[1, 1], [2, 2]]


def test_systems_that_are_always_equal_share_all_ranks():
    assert limits([[1, 1]] * 30) == [[1, 1], [2, 2]]


def test_a_system_with_one_item_keeps_every_rank():
    table = np.full((30, 3), np.nan)
    table[:, :2] = [[5, 1]] * 30
    table[0, 2] = 3
    assert limits(table) == [[1, 2, 1], [2, 3, 3]]


def test_one_cluster_leaves_every_rank_possible():
    assert limits([[1, 2, 3], [2, 3, 5]], [0, 0]) == [[1, 1, 1], [3, 3, 3]]


@pytest.mark.parametrize("level", [0.8, 0.95])
def test_sets_hold_the_ranks_on_the_data(level):
    rng = np.random.default_rng(5)
    for n, n_systems in itertools.product((5, 40), (2, 6)):
        scores = rng.normal(size=(n, n_systems)) + np.linspace(0, 1, n_systems)
        ranks = stats.rankdata(-scores.mean(axis=0))
        low, high = limits(scores, level=level)
        assert np.all((low <= ranks) & (ranks <= high))
