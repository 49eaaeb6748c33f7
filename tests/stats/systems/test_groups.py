import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import permutation_test

from judge.stats.systems.groups import significance_groups, soft_pairwise_accuracy
from judge.stats.systems.multiplicity import holm
from judge.stats.systems.significance import paired_permutation


def draw(rng, n=40, quality=(0, 0, 1, 1, 3), noise=0.8):
    return np.array(quality) + rng.normal(0, 1, (n, 1)) + rng.normal(0, noise, (n, len(quality)))


def one_sided_p(scores, first, second):
    """Full enumeration of swaps, ties counted half."""
    changes = scores[:, first] - scores[:, second]
    totals = (np.array(list(itertools.product([-1, 1], repeat=len(changes)))) @ changes).round(9)
    observed = changes.sum().round(9)
    return (np.mean(totals >= observed) + np.mean(totals > observed)) / 2


@pytest.mark.parametrize("decimals", [9, 0])
def test_soft_pairwise_accuracy_matches_full_enumeration(decimals):
    """Whole numbers bring swaps that tie with what was observed."""
    rng = np.random.default_rng(0)
    human, judge = (draw(rng, n=9, quality=q).round(decimals) for q in ((0, 0.3, 0.6), (0, 0.3, 0.2)))
    gaps = [abs(one_sided_p(human, s, t) - one_sided_p(judge, s, t)) for s, t in ((0, 1), (0, 2), (1, 2))]
    found = soft_pairwise_accuracy(human, judge, n_permutations=40_000, rng=1)
    assert found.value == pytest.approx(1 - np.mean(gaps), abs=0.01)


def test_judge_equal_to_people_is_as_confident_as_they_are():
    human = draw(np.random.default_rng(1))
    assert soft_pairwise_accuracy(human, human, rng=0).value == 1


def test_soft_pairwise_accuracy_is_unchanged_by_the_judges_scale():
    rng = np.random.default_rng(2)
    human, judge = draw(rng), draw(rng)
    first, second = (soft_pairwise_accuracy(human, j, rng=0) for j in (judge, 7 + 100 * judge))
    assert first.value == second.value
    assert first.low == pytest.approx(second.low)


@given(arrays(float, (6, 4), elements=st.integers(1, 3)), st.permutations(range(4)))
def test_soft_pairwise_accuracy_does_not_depend_on_the_order_of_systems(human, order):
    judge = human[::-1]
    first = soft_pairwise_accuracy(human, judge, n_permutations=50, rng=0)
    second = soft_pairwise_accuracy(human[:, order], judge[:, order], n_permutations=50, rng=0)
    assert first.value == pytest.approx(second.value)


def test_judge_that_sees_only_ties_is_wholly_unsure():
    """p is 1/2 for every pair; people are sure of all six, in one direction or the other."""
    human = np.arange(4.0) + np.zeros((40, 1))
    assert soft_pairwise_accuracy(human, np.ones((40, 4)), rng=0).value == pytest.approx(0.5, abs=0.01)


def test_reversed_judge_is_worse_than_a_noisy_one():
    rng = np.random.default_rng(3)
    human = draw(rng)
    reverse, noisy = (soft_pairwise_accuracy(human, j, rng=0) for j in (-human, rng.normal(size=human.shape)))
    assert reverse.value < noisy.value
    assert reverse.high < 0.5


def test_interval_of_soft_pairwise_accuracy_has_the_spread_of_repeated_studies():
    """The jackknife standard error against the standard deviation over 150 studies of 60 items."""
    rng, values, errors = np.random.default_rng(4), [], []
    for seed in range(150):
        human, judge = draw(rng, n=60), draw(rng, n=60, quality=(0, 0.3, 0.3, 1, 3))
        found = soft_pairwise_accuracy(human, judge, n_permutations=200, rng=seed)
        values.append(found.value)
        errors.append(found.se)
    assert np.mean(errors) == pytest.approx(np.std(values), rel=0.25)


def test_soft_pairwise_accuracy_uses_items_that_both_rated():
    rng = np.random.default_rng(5)
    human, judge = draw(rng), draw(rng)
    human[:10], judge[30:] = np.nan, np.nan
    shared = soft_pairwise_accuracy(human[10:30], judge[10:30], n_permutations=4000, rng=0)
    found = soft_pairwise_accuracy(human, judge, n_permutations=4000, rng=0)
    assert found.value == pytest.approx(shared.value, abs=0.02)
    assert found.n_items == 20


def test_systems_without_shared_items_have_no_soft_accuracy():
    scores = [[1, None], [None, 2]]
    assert soft_pairwise_accuracy(scores, scores).reason == "no_pairable_items"


def test_one_item_has_no_interval():
    assert soft_pairwise_accuracy([[1, 2]], [[1, 2]], rng=0).reason == "too_few_clusters"


def test_groups_separate_what_was_planted():
    """Systems 0 and 1 equal, 2 and 3 equal, 4 best; 200 items."""
    found = significance_groups(draw(np.random.default_rng(6), n=200), rng=0)
    assert [set(group) for group in found.groups] == [{4}, {2, 3}, {0, 1}]


def test_pair_p_values_are_those_of_the_permutation_test():
    scores = draw(np.random.default_rng(7), n=25, quality=(0, 0.4))
    found = significance_groups(scores, rng=0).comparisons[0]
    lone = paired_permutation(scores[:, 0], scores[:, 1], rng=0)
    assert found.p_value == lone.p_value
    assert found.difference == pytest.approx(lone.statistic)
    reference = permutation_test(
        (scores[:, 0], scores[:, 1]),
        lambda x, y, axis: np.mean(x - y, axis=axis),
        permutation_type="samples",
        n_resamples=20_000,
        rng=0,
    )
    assert found.p_value == pytest.approx(reference.pvalue, abs=0.015)


def test_p_values_of_all_pairs_are_adjusted_together():
    found = significance_groups(draw(np.random.default_rng(8)), rng=0).comparisons
    assert len(found) == 10
    np.testing.assert_allclose([c.p_adjusted for c in found], holm([c.p_value for c in found]))


def test_equal_systems_are_rarely_told_apart():
    rng, wrong = np.random.default_rng(9), 0
    for seed in range(100):
        scores = draw(rng, n=30, quality=(0, 0, 0, 0))
        wrong += len(significance_groups(scores, n_permutations=500, rng=seed).groups) > 1
    assert wrong / 100 < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 100)


def test_a_system_between_two_others_is_in_both_groups():
    """Steps of +-1, 24 up and 16 down each, arranged so that the outer systems differ by 0 or 2 only."""
    first = np.repeat([-1, 1, 1], [16, 8, 16])
    second = np.repeat([1, 1, -1], [16, 8, 16])
    scores = np.stack([np.zeros(40), first, first + second], axis=1)
    assert significance_groups(scores, rng=0).groups == ((2, 1), (1, 0))


def test_systems_without_shared_items_are_not_told_apart():
    scores = np.full((40, 2), np.nan)
    scores[:20, 0], scores[20:, 1] = 5, 1
    found = significance_groups(scores, rng=0)
    assert found.groups == ((0, 1),)
    assert np.isnan(found.comparisons[0].p_adjusted)


def test_copies_within_clusters_do_not_separate_systems():
    scores = np.repeat(np.array([[3.0, 2.0], [4.0, 3.0], [5.0, 4.5]]), 20, axis=0)
    groups = np.repeat([0, 1, 2], 20)
    assert significance_groups(scores, clusters=groups, rng=0).groups == ((0, 1),)


def test_too_few_permutations_for_any_significance_are_refused():
    with pytest.raises(ValueError, match=r"n_permutations must be at least 200, .* 10 pairs .* got 100"):
        significance_groups(np.zeros((5, 5)), n_permutations=100)
