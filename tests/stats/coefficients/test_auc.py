import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from judge.stats import SamplingDesign
from judge.stats.coefficients.auc import auc, auc_difference

scored = st.lists(st.tuples(st.booleans(), st.integers(0, 6)), min_size=2, max_size=40)


def draw(rng, n=80, noise=1.0):
    human = rng.integers(0, 2, n)
    return human, human + rng.normal(0, noise, n)


@given(scored)
def test_area_matches_scikit_learn(pairs):
    human, scores = np.array(pairs, dtype=float).T
    assume(0 < human.sum() < human.size)
    assert auc(human, scores).value == pytest.approx(roc_auc_score(human, scores))


def test_standard_error_is_that_of_delong():
    """Placements by their definition, a loop over pairs."""
    human, scores = draw(np.random.default_rng(0))
    scores = scores.round(1)
    wins = np.array(
        [[(p > f) + (p == f) / 2 for f in scores[human == 0]] for p in scores[human == 1]], dtype=float
    )
    m, n = wins.shape
    variance = wins.mean(axis=1).var(ddof=1) / m + wins.mean(axis=0).var(ddof=1) / n
    assert auc(human, scores).se == pytest.approx(np.sqrt(variance))


def test_copies_within_clusters_do_not_narrow_the_interval():
    human, scores = draw(np.random.default_rng(1))
    lone = auc(human, scores)
    grouped = auc(np.repeat(human, 3), np.repeat(scores, 3), clusters=np.repeat(np.arange(80), 3))
    assert grouped.value == pytest.approx(lone.value)
    assert grouped.se == pytest.approx(lone.se, rel=0.02)


def test_area_is_unchanged_by_a_monotone_map_of_the_scores():
    human, scores = [1, 0, 1, 0, 1, None], [0.9, 0.2, 0.6, 0.6, 0.1, 0.5]
    assert auc(human, scores) == auc(human, np.exp(scores))


@given(scored)
def test_reversed_scores_have_the_complementary_area(pairs):
    human, scores = np.array(pairs, dtype=float).T
    assume(0 < human.sum() < human.size)
    assert auc(human, -scores).value == pytest.approx(1 - auc(human, scores).value)


@pytest.mark.parametrize("n", [30, 150])
def test_interval_covers_the_true_area(n):
    rng, hits = np.random.default_rng(2), 0
    truth = 0.7602499389  # Phi(1 / sqrt 2)
    for _ in range(500):
        found = auc(*draw(rng, n))
        hits += found.low <= truth <= found.high
    assert abs(hits / 500 - 0.95) < 3 * np.sqrt(0.95 * 0.05 / 500) + 0.01


def test_clustered_interval_covers_where_the_independent_one_does_not():
    rng, hits, groups = np.random.default_rng(3), np.zeros(2), np.repeat(np.arange(40), 10)
    for _ in range(300):
        human = rng.integers(0, 2, 40)[groups]
        scores = human + rng.normal(0, 1, 40)[groups]
        for i, clusters in enumerate((groups, None)):
            found = auc(human, scores, clusters=clusters)
            hits[i] += found.low <= 0.7602499389 <= found.high
    assert hits[0] / 300 > 0.95 - 3 * np.sqrt(0.95 * 0.05 / 300)
    assert hits[1] / 300 < 0.6


def test_area_without_a_fail_is_undefined():
    assert auc([1, 1], [0.3, 0.4]).reason == "zero_denominator"


def test_area_without_a_pair_is_undefined():
    assert auc([1, None], [None, 0.4]).reason == "no_complete_pairs"


def test_perfect_separation_has_no_invented_interval():
    found = auc([1, 1, 0, 0], [4, 3, 2, 1])
    assert found.value == 1
    assert np.isnan(found.low)
    assert found.reason == "no_variation"


def test_single_fail_has_an_area_but_no_interval():
    found = auc([1, 1, 0], [4, 1, 2])
    assert found.value == 0.5
    assert found.reason == "too_few_items"


def test_one_cluster_has_an_area_but_no_interval():
    assert auc([1, 1, 0, 0], [4, 1, 2, 3], clusters=["a"] * 4).reason == "too_few_clusters"


def test_difference_of_nearly_equal_judges_is_paired():
    rng = np.random.default_rng(4)
    human, scores = draw(rng)
    other = scores + rng.normal(0, 0.05, 80)
    found = auc_difference(human, scores, other)
    assert found.value == pytest.approx(auc(human, scores).value - auc(human, other).value)
    assert found.se < auc(human, scores).se / 4


def test_difference_uses_items_that_both_judges_scored():
    found = auc_difference([1, 0, 1, 0], [2, 1, 4, 3], [4, 1, 2, None])
    assert (found.n_items, found.n_dropped) == (3, 2)


def test_large_continuous_scores_need_little_time_and_memory():
    human, scores = draw(np.random.default_rng(5), n=100_000)
    assert auc(human, scores).high - auc(human, scores).low < 0.01


def test_interval_covers_the_true_area_with_few_passes():
    """Three passes among 100 fails; degrees of freedom of all items gave 82 %."""
    rng, hits, n = np.random.default_rng(6), 0, 500
    human = np.array([1] * 3 + [0] * 100)
    for _ in range(n):
        found = auc(human, human + rng.normal(size=103))
        hits += not found.low > 0.7602499389 and not found.high < 0.7602499389
    assert hits / n > 0.95 - 3 * np.sqrt(0.95 * 0.05 / n)


def test_weights_count_like_repeated_items():
    rng = np.random.default_rng(8)
    human, scores = rng.integers(0, 2, 50).astype(float), rng.integers(1, 6, 50) + 0.0
    other, weights = rng.integers(1, 6, 50) + 0.0, rng.integers(1, 4, 50)
    human[::7], scores[3] = np.nan, np.nan
    design = SamplingDesign(1 / weights)
    repeated = [np.repeat(column, weights) for column in (human, scores, other)]
    assert auc(human, scores, design=design).value == pytest.approx(auc(*repeated[:2]).value)
    weighted = auc_difference(human, scores, other, design=design)
    assert weighted.value == pytest.approx(auc_difference(*repeated).value)
    assert weighted.low < weighted.value < weighted.high
    assert weighted.n_items == auc_difference(human, scores, other).n_items


def test_equal_weights_have_about_the_standard_error_of_delong():
    rng = np.random.default_rng(9)
    human = rng.integers(0, 2, 200)
    scores = np.round(human + rng.normal(0, 1.5, 200), 1)
    plain, weighted = (auc(human, scores, design=d) for d in (None, SamplingDesign(np.full(200, 1e-6))))
    assert weighted.value == pytest.approx(plain.value)
    assert weighted.se == pytest.approx(plain.se, rel=0.02)


def test_a_highest_score_without_a_pass_keeps_its_place():
    design = SamplingDesign(np.full(6, 0.1))
    assert auc([1, 1, 0, 1, 0, 0], [2, 3, 1, 2, 1, 9], design=design).value == pytest.approx(6 / 9)
