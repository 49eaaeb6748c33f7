import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from judge.stats import icc, icc_reml, variance_components
from judge.stats.coefficients import reml
from judge.stats.coefficients.icc_limits import MeanSquares

HERE = Path(__file__).parents[1]
NAN = math.nan
SHROUT_FLEISS = np.array(
    [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], dtype=float
)


def simulated(seed, n_items=40, n_raters=4, missing=0.25):
    rng = np.random.default_rng(seed)
    ratings = 5 + rng.normal(size=(n_items, 1)) + 0.6 * rng.normal(size=n_raters)
    ratings = ratings + 0.8 * rng.normal(size=(n_items, n_raters))
    ratings[rng.random(ratings.shape) < missing] = NAN
    return ratings


def dense_criterion(ratings, item, rater, error):
    """-2 x restricted log likelihood with the covariance matrix of all ratings written down."""
    items, raters = np.nonzero(np.isfinite(ratings))
    y, one = ratings[items, raters], np.ones(len(items))
    covariance = (
        item * np.equal.outer(items, items) + rater * np.equal.outer(raters, raters) + error * np.eye(len(y))
    )
    inverse = np.linalg.inv(covariance)
    residual = y - (one @ inverse @ y) / (one @ inverse @ one)
    log_determinants = np.linalg.slogdet(covariance)[1] + math.log(one @ inverse @ one)
    return log_determinants + residual @ inverse @ residual


def test_components_match_r_lme4_on_ratings_with_gaps():
    lines = (HERE / "reference/reference.txt").read_text().splitlines()
    expected = {name: float(value) for name, value in map(str.split, lines) if name.startswith("reml")}
    ratings = np.genfromtxt(HERE / "reference/ratings.csv", delimiter=",", skip_header=1)
    components = variance_components(ratings)
    assert (components.item, components.rater, components.error) == pytest.approx(
        (expected["reml.item"], expected["reml.rater"], expected["reml.Residual"]), rel=1e-5
    )


@pytest.mark.parametrize("form", ["ICC(2,1)", "ICC(3,1)", "ICC(2,k)", "ICC(3,k)"])
def test_complete_ratings_give_the_analysis_of_variance_form(form):
    assert icc_reml(SHROUT_FLEISS, form=form, n_resamples=100).value == pytest.approx(
        icc(SHROUT_FLEISS, form=form).value, abs=1e-6
    )


@settings(max_examples=4)
@given(st.integers(0, 2**32 - 1), st.tuples(*[st.floats(0.05, 3)] * 3))
def test_likelihood_equals_the_dense_formula(seed, variances):
    ratings = simulated(seed, n_items=9, n_raters=3)
    criterion = reml._Criterion(*reml._total_sums(ratings))
    assert criterion(np.log(variances)) == pytest.approx(dense_criterion(ratings, *variances), rel=1e-9)


def test_the_totals_are_those_of_all_items():
    ratings = simulated(3, n_items=30, n_raters=4)
    ratings[np.random.default_rng(0).random(ratings.shape) < 0.4] = np.nan
    assert reml._total_sums(ratings)[0] == pytest.approx(reml._item_sums(ratings).sum(axis=0), abs=1e-9)


@settings(max_examples=4)
@given(st.integers(0, 2**32 - 1))
def test_no_neighbouring_components_are_more_likely(seed):
    ratings = simulated(seed)
    best = variance_components(ratings)
    found = (best.item, best.rater, best.error)
    reached = dense_criterion(ratings, *found)
    for part in range(3):
        for factor in (0.98, 1.02):
            moved = [value * factor if i == part else value for i, value in enumerate(found)]
            assert dense_criterion(ratings, *moved) >= reached - 1e-7


def test_units_scale_the_components_and_leave_the_correlation():
    ratings = simulated(1)
    small, large = variance_components(ratings), variance_components(1000 * ratings - 3e5)
    assert large.item == pytest.approx(1e6 * small.item, rel=1e-5)
    assert large.icc("ICC(2,1)", 4) == pytest.approx(small.icc("ICC(2,1)", 4), abs=1e-6)


def test_a_component_that_would_be_negative_is_zero():
    a = np.array([1.0, 2, 3, 4, 5, 1, 5])
    components = variance_components(a, 6 - a)
    assert components.item == 0.0
    assert icc_reml(a, 6 - a).value == 0.0


def test_ratings_without_error_are_perfectly_reliable():
    ratings = np.add.outer([1.0, 2, 3, 4, 5], [0.0, 2.0])
    assert icc_reml(ratings, form="ICC(3,1)").value == 1.0
    assert icc_reml(ratings, form="ICC(2,1)").value == pytest.approx(icc(ratings).value, abs=1e-4)


def test_no_item_is_dropped_and_the_interval_is_analytic():
    ratings = simulated(2, n_items=12)
    result = icc_reml(ratings)
    assert result.n_items == int(np.isfinite(ratings).any(axis=1).sum())
    assert result.n_dropped == 0
    assert result.method == "analytic"
    assert result.low < result.value < result.high < 1
    assert icc_reml(ratings, method="analytic") == result


@pytest.mark.parametrize("form", ["ICC(2,1)", "ICC(3,1)", "ICC(2,k)", "ICC(3,k)"])
def test_complete_ratings_have_the_limits_of_mcgraw_and_wong(form):
    found, expected = (f(SHROUT_FLEISS, form=form, method="analytic") for f in (icc_reml, icc))
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-5)


def test_effective_sizes_are_harmonic_means_and_residual_degrees_of_freedom_those_of_all_ratings():
    ratings = np.array([[1, 2, NAN], [2, 2, 3], [4, 5, 5], [NAN, 3, NAN], [1, NAN, 2], [NAN, NAN, NAN]])
    components = variance_components(ratings)
    k, n = 5 / (1 / 2 + 1 / 3 + 1 / 3 + 1 + 1 / 2), 3 / (1 / 4 + 1 / 4 + 1 / 3)
    error = components.error
    squares = MeanSquares(error + k * components.item, error + n * components.rater, error, n, k, (4, 2, 4))
    found = icc_reml(ratings, form="ICC(3,1)")
    assert (found.low, found.high) == pytest.approx(
        (max(squares.limits("ICC(3,1)", 0.95)[0], 0), squares.limits("ICC(3,1)", 0.95)[1]), abs=1e-6
    )


def test_perfect_agreement_with_missing_ratings_has_limits():
    ratings = np.repeat(np.tile([1.0, 2, 3, 5], 3)[:, None], 3, axis=1)
    ratings[0, 0] = ratings[5, 2] = NAN
    found = icc_reml(ratings)
    assert (found.value, found.high, found.reason) == (1.0, 1.0, None)
    assert 0.9 < found.low < 1


def test_clusters_of_items_have_the_jackknife():
    ratings = simulated(2, n_items=12)
    found = icc_reml(ratings, clusters=np.repeat(np.arange(6), 2))
    assert (found.method, found.n_clusters) == ("jackknife", 6)


def test_resampled_values_are_those_of_the_repeated_items():
    ratings = simulated(3, n_items=15)
    weights = np.random.default_rng(4).multinomial(15, np.full(15, 1 / 15), size=5)
    one_by_one = [reml.icc_reml_statistic(np.repeat(ratings, row, axis=0)).value() for row in weights]
    # Two searches for the same maximum end as close as the likelihood is flat.
    assert reml.icc_reml_statistic(ratings).evaluate(weights) == pytest.approx(one_by_one, abs=1e-5)


@pytest.mark.parametrize(
    ("ratings", "reason"),
    [
        (np.full((4, 3), NAN), "no_ratings"),
        ([[1], [2]], "too_few_raters"),
        ([[1, NAN], [NAN, 2]], "no_pairable_items"),
        ([[1, 2], [NAN, 2]], "too_few_items"),
        (np.full((5, 3), 0.3), "no_variation"),
    ],
)
def test_undefined_correlations_name_their_reason(ratings, reason):
    result = icc_reml(ratings)
    assert math.isnan(result.value)
    assert result.reason == reason


def test_components_of_unusable_ratings_are_undefined():
    assert math.isnan(variance_components([[1, NAN], [NAN, 2]]).item)


def test_an_unknown_form_is_refused():
    with pytest.raises(ValueError, match=r"got 'ICC\(1,1\)'"):
        icc_reml(SHROUT_FLEISS, form="ICC(1,1)")


def test_items_of_one_cluster_have_no_interval():
    found = icc_reml([[4, 1], [4, 1], [3, 4]], clusters=[0, 0, 0])
    assert (found.value, found.reason) == (0.0, "too_few_clusters")
