import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from judge.stats.judge_human.pairwise import pairwise_accuracy, tie_calibration

scores = st.sampled_from([1.0, 2.0, 3.0, 4.5, np.nan])
tables = arrays.array_shapes(min_dims=2, max_dims=2, min_side=2, max_side=5).flatmap(
    lambda shape: st.tuples(
        arrays.arrays(float, shape, elements=scores), arrays.arrays(float, shape, elements=scores)
    )
)
groupings = st.sampled_from(["item", "system", "none"])


def naive_accuracy(human, judge, grouping, epsilon=0.0, rows=None):
    """Loop over all pairs of cells of a group, as the definition reads."""
    rows = range(len(human)) if rows is None else rows
    cells = [(i, s) for i in rows for s in range(human.shape[1]) if np.isfinite(human[i, s] + judge[i, s])]
    groups = {}
    for first, second in itertools.combinations(cells, 2):
        label = {"item": (first[0], second[0]), "system": (first[1], second[1]), "none": (0, 0)}[grouping]
        if label[0] == label[1]:
            h, j = human[first] - human[second], judge[first] - judge[second]
            right = h == 0 if abs(j) <= epsilon else h * j > 0
            groups.setdefault(label[0], []).append(right)
    return np.mean([np.mean(group) for group in groups.values()]) if groups else np.nan


def draw(rng, n=60, systems=5, noise=0.6):
    truth = rng.normal(3, 1, (n, systems)) + np.linspace(0, 1, systems)
    return np.clip(np.round(truth), 1, 5), truth + rng.normal(0, noise, truth.shape)


@given(tables, groupings, st.sampled_from([0.0, 1.0]))
def test_pairwise_accuracy_equals_a_loop_over_pairs(pair, grouping, epsilon):
    found = pairwise_accuracy(*pair, grouping=grouping, epsilon=epsilon)
    np.testing.assert_allclose(found.value, naive_accuracy(*pair, grouping, epsilon), atol=1e-12)


@pytest.mark.parametrize("grouping", ["system", "none"])
def test_jackknife_over_clusters_equals_leaving_each_out(grouping):
    rng = np.random.default_rng(0)
    human, judge = draw(rng, n=12, systems=3)
    groups = np.repeat([0, 1, 2, 3], 3)
    left_out = [
        naive_accuracy(human, judge, grouping, rows=np.flatnonzero(groups != c).tolist()) for c in range(4)
    ]
    expected = np.sqrt(3 / 4 * np.sum((left_out - np.mean(left_out)) ** 2))
    assert pairwise_accuracy(human, judge, grouping=grouping, clusters=groups).se == pytest.approx(expected)


@given(tables, groupings)
def test_judge_equal_to_people_orders_every_pair_right(pair, grouping):
    found = pairwise_accuracy(pair[0], pair[0], grouping=grouping)
    assert found.value == 1 or found.reason == "no_pairable_items"


def test_predicting_only_ties_is_right_exactly_for_tied_pairs():
    human = [[1, 1, 2], [3, 3, 3]]
    assert pairwise_accuracy(human, np.ones((2, 3))).value == pytest.approx((1 / 3 + 1) / 2)


@pytest.mark.parametrize("grouping", ["item", "system", "none"])
def test_interval_covers_the_accuracy_of_all_items(grouping):
    rng, hits = np.random.default_rng(1), 0
    truth = pairwise_accuracy(*draw(rng, n=4000 if grouping == "item" else 700), grouping=grouping).value
    for _ in range(150):
        found = pairwise_accuracy(*draw(rng, n=40), grouping=grouping)
        hits += found.low <= truth <= found.high
    assert abs(hits / 150 - 0.95) < 3 * np.sqrt(0.95 * 0.05 / 150) + 0.01


@given(tables, groupings)
def test_tie_calibration_finds_the_best_limit_of_all(pair, grouping):
    human, judge = pair
    found = tie_calibration(human, judge, grouping=grouping, method="jackknife", rng=0)
    gaps = {0.0} | {abs(a - b) for a, b in itertools.product(judge[np.isfinite(judge)], repeat=2)}
    accuracy = {gap: naive_accuracy(human, judge, grouping, gap) for gap in gaps}
    if np.isnan(accuracy[0.0]):
        assert np.isnan(found.epsilon)
        return
    best = max(accuracy.values())
    assert found.in_sample == pytest.approx(best)
    assert accuracy[found.epsilon] == pytest.approx(best)
    assert found.epsilon == min(gap for gap, value in accuracy.items() if value >= best - 1e-9)


@given(tables, groupings)
def test_tie_calibration_is_never_below_no_ties_in_sample(pair, grouping):
    found = tie_calibration(*pair, grouping=grouping, method="jackknife", rng=0)
    assert np.isnan(found.epsilon) or found.in_sample >= found.uncalibrated.value - 1e-12


@pytest.mark.parametrize("grouping", ["item", "system", "none"])
def test_cross_fitted_accuracy_uses_the_limit_of_the_other_half(grouping):
    human, judge = draw(np.random.default_rng(2))
    groups = np.repeat([0, 1], 30)
    found = tie_calibration(human, judge, grouping=grouping, clusters=groups, rng=0)
    halves = [groups == 0, groups == 1]
    epsilons = [tie_calibration(human[h], judge[h], grouping=grouping, rng=0).epsilon for h in halves]
    assert sorted(found.half_epsilons) == sorted(epsilons)
    by_hand = [
        naive_accuracy(human[h], judge[h], grouping, e) for h, e in zip(halves, epsilons[::-1], strict=True)
    ]
    assert found.cross_validated.value == pytest.approx(np.mean(by_hand))


def test_tie_calibration_helps_a_fine_grained_judge_on_other_items():
    human, judge = draw(np.random.default_rng(3), n=300, noise=0.2)
    found = tie_calibration(np.round(human / 2), judge, rng=0)
    assert found.cross_validated.low > found.uncalibrated.value
    assert found.in_sample >= found.cross_validated.value - 0.01


def test_tie_calibration_on_noise_gains_nothing_on_other_items():
    rng, gains = np.random.default_rng(4), []
    for seed in range(10):
        human, judge = rng.normal(size=(20, 3)), rng.normal(size=(20, 3))
        found = tie_calibration(human, judge, method="jackknife", rng=seed)
        gains.append((found.in_sample - found.uncalibrated.value, found.cross_validated.value - 0.5))
    assert np.mean(gains, axis=0)[0] >= 0
    assert abs(np.mean(gains, axis=0)[1]) < 3 * 0.5 / np.sqrt(10 * 60)


def test_equal_steps_are_one_limit_whatever_the_rounding():
    human = [[1, 1], [2, 2], [3, 3], [1, 3]]
    judge = [[0.3, 0.2], [0.2, 0.1], [0.7, 0.6], [0.1, 0.9]]
    assert tie_calibration(human, judge, method="jackknife", rng=0).epsilon == pytest.approx(0.1)


@pytest.mark.parametrize("grouping", ["item", "system", "none"])
def test_nothing_to_pair_is_undefined(grouping):
    human = [[1, None], [None, None]]
    assert pairwise_accuracy(human, human, grouping=grouping).reason == "no_pairable_items"
    assert np.isnan(tie_calibration(human, human, grouping=grouping).epsilon)


def test_one_cluster_has_an_accuracy_but_no_interval():
    found = pairwise_accuracy([[1, 2]], [[1, 2]], grouping="none")
    assert found.value == 1
    assert found.reason == "too_few_clusters"


def test_unknown_grouping_is_refused():
    with pytest.raises(ValueError, match="grouping must be one of item, system, none; got 'source'"):
        pairwise_accuracy([[1, 2]], [[1, 2]], grouping="source")


def test_negative_epsilon_is_refused():
    with pytest.raises(ValueError, match="epsilon must be at least 0, got -1"):
        pairwise_accuracy([[1, 2]], [[1, 2]], epsilon=-1)


def test_tables_of_different_shapes_are_refused():
    with pytest.raises(ValueError, match=r"one shape \(n_items, n_systems\), got \(1, 2\), \(2, 1\)"):
        pairwise_accuracy([[1, 2]], [[1], [2]])


def test_too_many_pairs_for_tie_calibration_are_refused_with_a_way_out():
    with pytest.raises(ValueError, match=r"24,496,500 pairs, at most 20,000,000 .* grouping='item'"):
        tie_calibration(np.zeros((7000, 1)), np.zeros((7000, 1)), grouping="none")
