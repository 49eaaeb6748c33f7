"""The ranked probability score against direct computation, and what makes it proper and fair."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from judge.stats import ranked_probability_score

POINTS = np.arange(1, 6)


def by_cumulative_distributions(shares, rating):
    """The definition: squared differences of the cumulative distributions of forecast and rating."""
    return float(((np.cumsum(shares) - (rating <= POINTS)) ** 2)[:-1].sum())


def fair(members, rating):
    """Ferro (2014), equation for the continuous ranked probability score, pair by pair."""
    m = len(members)
    spread = sum(abs(a - b) for a in members for b in members) / (2 * m * (m - 1))
    return float(np.mean([abs(a - rating) for a in members]) - spread)


def ratings(rng, n=40, k=4, missing=0.2):
    values = rng.integers(1, 6, (n, k)).astype(float)
    values[rng.random((n, k)) < missing] = np.nan
    return values


def with_three(humans):
    return [row[~np.isnan(row)] for row in humans if (~np.isnan(row)).sum() >= 3]


@pytest.mark.parametrize("seed", range(3))
def test_probabilities_are_scored_by_the_cumulative_distributions(seed):
    rng = np.random.default_rng(seed)
    humans, shares = ratings(rng, missing=0), rng.dirichlet(np.ones(5), 40)
    found = ranked_probability_score(humans, shares, points=POINTS)
    direct = [[by_cumulative_distributions(p, y) for y in row] for p, row in zip(shares, humans, strict=True)]
    assert found.judge.value == pytest.approx(np.mean(direct), abs=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_repeated_scores_are_scored_by_the_fair_score(seed):
    rng = np.random.default_rng(seed)
    humans, samples = ratings(rng), rng.integers(1, 6, (40, 3)).astype(float)
    kept = (~np.isnan(humans)).sum(axis=1) >= 3
    direct = [
        np.mean([fair(x, y) for y in row[~np.isnan(row)]])
        for x, row in zip(samples[kept], humans[kept], strict=True)
    ]
    assert ranked_probability_score(humans, samples).judge.value == pytest.approx(np.mean(direct), abs=1e-12)


def test_people_are_scored_by_the_fair_score_of_all_others():
    humans = ratings(np.random.default_rng(5))
    direct = [
        np.mean([fair(np.delete(row, h), row[h]) for h in range(len(row))]) for row in with_three(humans)
    ]
    found = ranked_probability_score(humans, np.ones(40))
    assert found.people.value == pytest.approx(np.mean(direct), abs=1e-12)
    assert found.people.n_items == len(direct)


def test_a_single_score_is_scored_by_its_distance_from_each_person():
    humans = ratings(np.random.default_rng(6))
    judge = np.random.default_rng(7).integers(1, 6, 40).astype(float)
    kept = (~np.isnan(humans)).sum(axis=1) >= 3
    direct = np.nanmean(abs(humans - judge[:, None]), axis=1)[kept].mean()
    assert ranked_probability_score(humans, judge).judge.value == pytest.approx(direct)


def test_one_person_as_a_prediction_scores_the_mean_distance_of_two_people():
    found = ranked_probability_score([[1, 2, 4], [3, 3, 3]], [1, 1])
    assert found.one_person.value == pytest.approx((2 + 0) / 2)


def test_a_perfect_forecast_of_people_who_agree_scores_0():
    humans = np.repeat([[2.0], [5.0]], 3, axis=1)
    for judge in ([2, 5], [[2, 2], [5, 5]]):
        found = ranked_probability_score(humans, judge)
        assert (found.judge.value, found.people.value, found.difference.value) == (0, 0, 0)
    exact = ranked_probability_score(humans, [[0, 1, 0, 0, 0], [0, 0, 0, 0, 1]], points=POINTS)
    assert exact.judge.value == pytest.approx(0)


@given(st.lists(st.floats(0.01, 1), min_size=5, max_size=5), st.integers(0, 4))
def test_the_distribution_of_people_has_the_best_expected_score(weights, other):
    truth = np.array(weights) / sum(weights)
    wrong = (truth + np.eye(5)[other]) / 2
    expected = [
        sum(p * by_cumulative_distributions(forecast, y) for p, y in zip(truth, POINTS, strict=True))
        for forecast in (truth, wrong)
    ]
    assert expected[0] <= expected[1] + 1e-12


def test_people_and_repeats_are_unbiased_for_their_distribution_whatever_their_number():
    rng = np.random.default_rng(11)
    truth = np.array([0.1, 0.2, 0.4, 0.2, 0.1])
    expected = sum(p * by_cumulative_distributions(truth, y) for p, y in zip(truth, POINTS, strict=True))
    for k in (3, 6):
        humans = rng.choice(POINTS, (20_000, k), p=truth).astype(float)
        found = ranked_probability_score(humans, rng.choice(POINTS, (20_000, 2), p=truth).astype(float))
        for estimate in (found.people, found.judge):
            assert abs(estimate.value - expected) < 4 * estimate.se
        assert found.difference.low < 0 < found.difference.high


def test_a_judge_with_the_distribution_of_people_equals_them_and_a_certain_one_is_worse():
    rng = np.random.default_rng(12)
    truth = np.array([0.2, 0.2, 0.2, 0.2, 0.2])
    humans = rng.choice(POINTS, (3_000, 3), p=truth).astype(float)
    exact = ranked_probability_score(humans, np.tile(truth, (3_000, 1)), points=POINTS)
    assert exact.difference.low < 0 < exact.difference.high
    assert ranked_probability_score(humans, np.full(3_000, 3.0)).difference.low > 0


def test_probabilities_need_not_add_up_to_1_and_missing_ones_count_as_0():
    humans = [[1, 2, 3], [2, 2, 4]]
    whole = ranked_probability_score(humans, [[0.5, 0.5, 0], [0, 1, 0]], points=[1, 2, 3])
    part = ranked_probability_score(humans, [[0.2, 0.2, np.nan], [0, 0.3, 0]], points=[1, 2, 3])
    assert part.judge.value == pytest.approx(whole.judge.value)


def test_items_without_three_people_or_without_the_judge_are_left_out():
    humans = [[1, 2, 3], [1, 2, np.nan], [4, 4, 5]]
    assert ranked_probability_score(humans, [2, 2, np.nan]).judge.n_items == 1
    assert ranked_probability_score(humans, [[2, 2], [2, 2], [3, np.nan]]).people.n_items == 1
    shares = [[1, 0], [1, 0], [np.nan, np.nan]]
    assert ranked_probability_score(humans, shares, points=[1, 5]).people.n_items == 1


def test_without_three_people_all_are_undefined():
    found = ranked_probability_score([[1, 2], [3, 3]], [1, 2])
    for estimate in (found.judge, found.people, found.one_person, found.difference):
        assert estimate.reason == "no_ratings"


@pytest.mark.parametrize(
    ("humans", "judge", "points", "message"),
    [
        ([1, 2], [1, 2], None, "n_items, n_humans"),
        ([[1, 2, 3]], [1, 2], None, "one row per item"),
        ([[1, 2, 3]], [[1, 0]], [1, 2, 3], "one probability for each of the 3 points"),
        ([[1, 2, 3]], [[1, -1]], [1, 2], "below 0"),
    ],
)
def test_unusable_input_is_refused(humans, judge, points, message):
    with pytest.raises(ValueError, match=message):
        ranked_probability_score(humans, judge, points=points)
