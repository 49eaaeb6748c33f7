import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from judge.stats import concordance, pearson

HERE = Path(__file__).parents[1]
numbers = st.floats(-1e3, 1e3)
pairs = st.lists(st.tuples(numbers, numbers), min_size=4, max_size=30)


def differ(values):
    return np.ptp(values) > 1e-3


@given(pairs)
def test_pearson_matches_scipy(ratings):
    a, b = np.array(ratings).T
    assume(differ(a) and differ(b) and min(np.std(a), np.std(b)) > 1e-2)
    expected = scipy_stats.pearsonr(a, b).statistic
    assert pearson(a, b, method="jackknife").value == pytest.approx(expected, abs=1e-9)


@given(pairs)
def test_concordance_follows_lins_definition(ratings):
    a, b = np.array(ratings).T
    assume(differ(np.concatenate([a, b])))
    expected = 2 * np.cov(a, b, ddof=0)[0, 1] / (a.var() + b.var() + (a.mean() - b.mean()) ** 2)
    assert concordance(a, b, method="jackknife").value == pytest.approx(expected, abs=1e-9)


def test_pearson_with_gaps_and_fishers_interval_match_r():
    lines = (HERE / "reference/reference.txt").read_text().splitlines()
    expected = [float(line.split()[1]) for line in lines if line.startswith("pearson")]
    ratings = np.genfromtxt(HERE / "reference/ratings.csv", delimiter=",", skip_header=1)
    result = pearson(ratings[:, 0], ratings[:, 1], method="analytic")
    assert (result.value, result.low, result.high) == pytest.approx(expected, abs=1e-9)


def test_concordance_interval_is_lins_on_the_scale_of_fishers_z():
    # Written out from Lin (1989) with the correction of 2000, for moments 1/n.
    a = np.array([1.0, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    b = np.array([2.0, 1, 4, 4, 6, 5, 9, 8, 10, 12])
    r = np.corrcoef(a, b)[0, 1]
    c = concordance(a, b).value
    u = (a.mean() - b.mean()) / math.sqrt(a.std() * b.std())
    variance = (
        (1 - r**2) * c**2 / ((1 - c**2) * r**2)
        + 2 * c**3 * (1 - c) * u**2 / (r * (1 - c**2) ** 2)
        - c**4 * u**4 / (2 * r**2 * (1 - c**2) ** 2)
    ) / (10 - 2)
    half = 1.959963984540054 * math.sqrt(variance)
    result = concordance(a, b, method="analytic")
    assert (result.low, result.high) == pytest.approx(
        (math.tanh(math.atanh(c) - half), math.tanh(math.atanh(c) + half)), abs=1e-12
    )


@pytest.mark.parametrize("function", [pearson, concordance])
def test_a_perfect_correlation_has_no_analytic_interval(function):
    result = function([1, 2, 3, 4], [1, 2, 3, 4], method="analytic")
    assert result.value == pytest.approx(1.0)
    assert (result.reason, math.isnan(result.low)) == ("no_variation", True)


def test_a_shift_lowers_concordance_but_not_pearson():
    a, b = [1, 2, 3, 4, 5], [2, 3, 4, 5, 6]
    assert pearson(a, b).value == pytest.approx(1.0)
    assert concordance(a, b).value == pytest.approx(0.8)


def test_scores_of_very_different_size_lose_no_digits():
    a, b = [1, 2, 3, 4, 4], [2e6, 1e6, 4e6, 3e6, 5e6]
    assert pearson(a, b).value == pytest.approx(np.corrcoef(a, b)[0, 1], abs=1e-14)


def test_a_large_constant_does_not_cost_accuracy():
    rng = np.random.default_rng(1)
    a = rng.normal(size=30)
    b = a + rng.normal(size=30)
    assert pearson(a + 1e7, b + 1e7).value == pytest.approx(pearson(a, b).value, abs=1e-8)


def test_items_with_one_score_are_dropped_and_counted():
    result = pearson([1, 2, 3, None, 5], [2, 1, 4, 4, None])
    assert (result.n_items, result.n_ratings, result.n_dropped) == (3, 6, 2)


def test_scores_in_words_are_refused():
    with pytest.raises(ValueError, match="a correlation needs the order of the labels"):
        pearson(["good", "bad"], ["bad", "good"])
