import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.contingency_tables import SquareTable

from judge.stats.judge_human.severity import judge_bias, marginal_homogeneity, severity


def _ratings(seed=0, n=30, k=4, missing=0.3):
    rng = np.random.default_rng(seed)
    table = rng.normal(3, 1, (n, 1)) + rng.normal(0, 0.5, k + 1) + 0.5 * rng.normal(size=(n, k + 1))
    table[rng.random(table.shape) < missing] = np.nan
    return table


@pytest.mark.parametrize("seed", range(4))
def test_effects_are_least_squares_of_item_plus_rater(seed):
    table = _ratings(seed)
    n, r = table.shape
    rows, columns = np.nonzero(~np.isnan(table))
    design = np.zeros((len(rows) + 1, n + r))
    design[np.arange(len(rows)), rows] = 1
    design[np.arange(len(rows)), n + columns] = 1
    design[-1, n:] = 1  # effects add up to 0
    effects = np.linalg.lstsq(design, np.r_[table[rows, columns], 0], rcond=None)[0][n:]
    found = severity(table[:, 1:], table[:, 0])
    assert found.judge.value == pytest.approx(effects[0])
    assert [h.value for h in found.humans] == pytest.approx(effects[1:])
    assert found.bias.value == pytest.approx(effects[0] - effects[1:].mean())


def test_with_complete_ratings_bias_is_the_mean_of_judge_minus_people():
    table = _ratings(missing=0)
    found = severity(table[:, 1:], table[:, 0]).bias
    difference = table[:, 0] - table[:, 1:].mean(axis=1)
    assert found.value == pytest.approx(difference.mean())
    assert found.se == pytest.approx(difference.std(ddof=1) / math.sqrt(len(table)))


@pytest.mark.parametrize("k", [4, 14])
def test_bias_alone_is_that_of_the_severity_of_all(k):
    table = _ratings(k=k)
    assert judge_bias(table[:, 1:], table[:, 0]) == severity(table[:, 1:], table[:, 0]).bias


def test_person_who_rated_only_the_better_answers_does_not_look_lenient():
    quality = np.linspace(1, 5, 40)
    humans = np.column_stack([quality, np.where(quality > 3, quality, np.nan)])
    found = severity(humans, quality + 0.5)
    assert found.bias.value == pytest.approx(0.5)
    assert found.humans[1].value == pytest.approx(found.humans[0].value)


def test_jackknife_equals_leaving_out_each_cluster_by_hand():
    table, clusters = _ratings(n=24), np.arange(24) // 3
    values = [severity(table[clusters != c, 1:], table[clusters != c, 0]).bias.value for c in range(8)]
    se = math.sqrt(7 / 8 * ((np.array(values) - np.mean(values)) ** 2).sum())
    assert severity(table[:, 1:], table[:, 0], clusters=clusters).bias.se == pytest.approx(se)


@given(st.floats(-3, 3), st.integers(0, 50))
@settings(max_examples=15)
def test_points_added_to_every_score_are_added_to_the_bias(points, seed):
    table = _ratings(seed)
    base = severity(table[:, 1:], table[:, 0]).bias.value
    assert severity(table[:, 1:], table[:, 0] + points).bias.value == pytest.approx(base + points)


def test_raters_who_share_no_item_are_disconnected():
    humans = np.array([[1, np.nan], [2, np.nan], [np.nan, 3], [np.nan, 4]])
    found = severity(humans, [1, 2, np.nan, np.nan])
    assert found.bias.reason == "design_disconnected"


def test_without_pairs_or_people_severity_is_undefined():
    assert severity([[np.nan], [2]], [1, np.nan]).bias.reason == "no_complete_pairs"
    assert severity(np.empty((2, 0)), [1, 2]).bias.reason == "too_few_raters"


def _table(judge, human, k=4):
    counts = np.zeros((k, k))
    np.add.at(counts, (np.array(judge) - 1, np.array(human) - 1), 1)
    return counts


@pytest.mark.parametrize("seed", range(5))
def test_margins_match_statsmodels(seed):
    rng = np.random.default_rng(seed)
    human = rng.integers(1, 5, 150)
    judge = np.clip(human + rng.integers(-1, 3, 150), 1, 4)
    found = marginal_homogeneity(human, judge, scale=[1, 2, 3, 4])
    table = SquareTable(_table(judge, human), shift_zeros=False)
    maxwell, bhapkar = table.homogeneity(), table.homogeneity(method="bhapkar")
    assert (found.stuart_maxwell, found.stuart_maxwell_p) == pytest.approx(
        (maxwell.statistic, maxwell.pvalue)
    )
    assert (found.bhapkar, found.bhapkar_p) == pytest.approx((bhapkar.statistic, bhapkar.pvalue))
    assert found.df == maxwell.df == 3
    assert found.shares == pytest.approx(
        tuple((_table(judge, human).sum(1) - _table(judge, human).sum(0)) / 150)
    )


def test_two_categories_are_mcnemars_test():
    judge, human = np.repeat([1, 1, 2, 2], [20, 12, 5, 30]), np.repeat([1, 2, 1, 2], [20, 12, 5, 30])
    found = marginal_homogeneity(human, judge)
    assert found.stuart_maxwell == pytest.approx((12 - 5) ** 2 / (12 + 5))


def test_category_with_equal_margins_is_not_dropped():
    # 1 -> 2 and 2 -> 3 as often: the margin of 2 is equal, yet its cells belong to the covariance.
    judge, human = (
        np.repeat([2, 3, 1, 2, 3], [9, 9, 20, 20, 20]),
        np.repeat([1, 2, 1, 2, 3], [9, 9, 20, 20, 20]),
    )
    found = marginal_homogeneity(human, judge)
    table = SquareTable(_table(judge, human, 3), shift_zeros=False).homogeneity()
    assert (found.stuart_maxwell, found.df) == (pytest.approx(table.statistic), 2)


def test_unused_and_unmixed_categories_cost_no_degree_of_freedom():
    rng = np.random.default_rng(0)
    human = rng.integers(1, 4, 60)
    judge = np.clip(human + rng.integers(-1, 2, 60), 1, 3)
    narrow, wide = (marginal_homogeneity(human, judge, scale=s) for s in ([1, 2, 3], [1, 2, 3, 4, 5]))
    assert wide.df == narrow.df == 2
    assert wide.stuart_maxwell == pytest.approx(narrow.stuart_maxwell)


def test_repeated_items_in_clusters_do_not_add_evidence():
    rng = np.random.default_rng(1)
    human = rng.integers(1, 4, 50)
    judge = np.clip(human + rng.integers(-1, 3, 50), 1, 3)
    once = marginal_homogeneity(human, judge)
    thrice = marginal_homogeneity(np.tile(human, 3), np.tile(judge, 3), clusters=np.tile(np.arange(50), 3))
    assert thrice.stuart_maxwell == pytest.approx(once.stuart_maxwell)
    assert (thrice.n_items, thrice.n_clusters) == (150, 50)


@pytest.mark.parametrize(
    ("judge", "human", "clusters", "reason"),
    [
        ([1, 2, 3], [1, 2, 3], None, "no_variation"),
        ([1, np.nan], [np.nan, 2], None, "no_complete_pairs"),
        ([1, 2], [2, 1], ["a", "a"], "too_few_clusters"),
    ],
)
def test_undefined_margin_test_says_why(judge, human, clusters, reason):
    found = marginal_homogeneity(human, judge, clusters=clusters)
    assert found.reason == reason
    assert math.isnan(found.bhapkar_p)


def test_every_item_moved_the_same_way_is_as_strong_as_evidence_gets():
    found = marginal_homogeneity([1] * 12, [2] * 12)
    assert found.stuart_maxwell == pytest.approx(12)
    assert found.bhapkar == math.inf
    assert found.bhapkar_p == 0


def test_effects_of_all_raters_come_from_one_solution(monkeypatch):
    solved = []
    solve = np.linalg.solve
    monkeypatch.setattr(np.linalg, "solve", lambda a, b: solved.append(len(a)) or solve(a, b))
    ratings = np.random.default_rng(0).normal(size=(30, 5))
    severity(ratings[:, 1:], ratings[:, 0])
    assert [n for n in solved if n > 1] == [30]
