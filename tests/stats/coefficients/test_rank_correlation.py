from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from judge.stats import estimate, kendall_tau_b, kendall_tau_c, kendall_w, spearman
from judge.stats.coefficients.rank_correlation import (
    kendall_tau_b_statistic,
    kendall_w_statistic,
    spearman_statistic,
)

HERE = Path(__file__).parents[1]
score = st.sampled_from([0.5, 1, 2, 3.25, 4, 10])
pairs = st.lists(st.tuples(score, score), min_size=3, max_size=40)


def reference(name):
    lines = (HERE / "reference/reference.txt").read_text().splitlines()
    return float(dict(map(str.split, lines))[name])


@given(pairs)
def test_spearman_and_kendall_match_scipy_with_ties(ratings):
    a, b = np.array(ratings).T
    assume(len(set(a)) > 1 and len(set(b)) > 1)
    jackknife = {"method": "jackknife"}
    assert spearman(a, b, **jackknife).value == pytest.approx(
        scipy_stats.spearmanr(a, b).statistic, abs=1e-12
    )
    for function, variant in ((kendall_tau_b, "b"), (kendall_tau_c, "c")):
        expected = scipy_stats.kendalltau(a, b, variant=variant).statistic
        assert function(a, b, **jackknife).value == pytest.approx(expected, abs=1e-12)


def test_rank_correlations_with_gaps_match_r():
    ratings = np.genfromtxt(HERE / "reference/ratings.csv", delimiter=",", skip_header=1)
    a, b = ratings[:, 0], ratings[:, 1]
    assert spearman(a, b).value == pytest.approx(reference("spearman"), abs=1e-9)
    assert kendall_tau_b(a, b).value == pytest.approx(reference("kendall_tau_b"), abs=1e-9)


def test_kendall_w_with_ties_matches_r_on_complete_items():
    ratings = np.genfromtxt(HERE / "reference/ratings.csv", delimiter=",", skip_header=1)
    assert kendall_w(ratings).value == pytest.approx(reference("kendall_w"), abs=1e-9)


def test_kendall_w_of_untied_ranks_is_linear_in_the_mean_spearman():
    ratings = np.array([np.random.default_rng(seed).permutation(9) for seed in range(4)]).T
    mean_rho = np.mean([spearman(ratings[:, a], ratings[:, b]).value for a, b in combinations(range(4), 2)])
    assert kendall_w(ratings).value == pytest.approx((1 + 3 * mean_rho) / 4, abs=1e-12)


def test_opposite_rankings_have_no_concordance():
    assert kendall_w([1, 2, 3, 4], [4, 3, 2, 1]).value == pytest.approx(0.0)


def test_continuous_scores_can_be_resampled():
    rng = np.random.default_rng(1)
    a = rng.normal(size=150)
    b = a + rng.normal(size=150)
    for statistic in (spearman_statistic(a, b), kendall_tau_b_statistic(a, b)):
        result = estimate(statistic, method="bca", n_resamples=500, rng=2)
        assert result.method == "bca"
        assert result.low < result.value < result.high


def test_tau_c_keeps_the_shorter_scale_of_the_data_over_resamples():
    a, b = [1, 1, 2, 2, 3, 1, 2, 1, 2, 1], [1, 2, 2, 3, 3, 1, 2, 2, 3, 1]
    # Leaving out the only 3 of the first rater must not make the coefficient jump.
    assert kendall_tau_c(a, b).se < 0.2


def test_scores_in_words_are_refused():
    with pytest.raises(ValueError, match="a rank correlation needs the order of the labels"):
        spearman(["good", "bad"], ["bad", "good"])
    with pytest.raises(ValueError, match="Kendall's W needs the order of the labels"):
        kendall_w(["good", "bad"], ["bad", "good"])


def test_kendalls_tau_of_too_many_distinct_scores_is_refused_before_memory_runs_out():
    scores = np.arange(12_000)
    with pytest.raises(ValueError, match="12000 distinct pairs of scores needs too much memory"):
        kendall_tau_b(scores, scores)


def test_kendalls_w_of_many_distinct_scores_needs_no_one_hot_table():
    scores = np.random.default_rng(0).normal(size=(20_000, 2))
    rho = scipy_stats.spearmanr(*scores.T).statistic
    assert kendall_w_statistic(scores).value() == pytest.approx((1 + rho) / 2)
