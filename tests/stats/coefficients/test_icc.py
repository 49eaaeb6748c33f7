import itertools
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from judge.stats import icc

HERE = Path(__file__).parents[1]
FORMS = ["ICC(1,1)", "ICC(2,1)", "ICC(3,1)", "ICC(1,k)", "ICC(2,k)", "ICC(3,k)"]
# Shrout & Fleiss (1979), table 2: six targets, four judges; their table 4 gives the six correlations.
SHROUT_FLEISS = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
REFERENCE = dict(
    line.split() for line in (HERE / "reference/reference.txt").read_text().splitlines() if "ICC" in line
)


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("ICC(1,1)", 0.17),
        ("ICC(2,1)", 0.29),
        ("ICC(3,1)", 0.71),
        ("ICC(1,k)", 0.44),
        ("ICC(2,k)", 0.62),
        ("ICC(3,k)", 0.91),
    ],
)
def test_icc_matches_shrout_and_fleiss_1979(form, expected):
    assert icc(SHROUT_FLEISS, form=form).value == pytest.approx(expected, abs=0.0051)


@pytest.mark.parametrize("form", FORMS)
def test_icc_and_its_f_interval_match_r_psych(form):
    ratings = np.genfromtxt(HERE / "reference/ratings.csv", delimiter=",", skip_header=1)
    result = icc(ratings, form=form, method="analytic")
    expected = [float(REFERENCE[f"{form}.{what}"]) for what in ("value", "low", "high")]
    assert (result.value, result.low, result.high) == pytest.approx(expected, abs=1e-9)
    assert (result.n_items, result.n_dropped) == (22, 51)


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1))
def test_mean_of_raters_forms_follow_by_spearman_brown(seed):
    rng = np.random.default_rng(seed)
    ratings = rng.normal(size=(12, 1)) + rng.normal(size=(12, 3))
    for single, mean in zip(FORMS[:3], FORMS[3:], strict=True):
        rho = icc(ratings, form=single).value
        assert icc(ratings, form=mean).value == pytest.approx(3 * rho / (1 + 2 * rho), abs=1e-9)


def test_severity_of_a_rater_is_disagreement_in_form_2_but_not_in_form_3():
    ratings = np.add.outer([1.0, 2, 3, 4, 5], [0.0, 2.0])
    assert icc(ratings, form="ICC(3,1)").value == pytest.approx(1.0)
    # Items have variance 2.5, the two raters 2: 2.5 / (2.5 + 2).
    assert icc(ratings, form="ICC(2,1)").value == pytest.approx(2.5 / 4.5)


def test_a_large_constant_does_not_cost_accuracy():
    ratings = np.array(SHROUT_FLEISS, dtype=float)
    assert icc(ratings + 1e8).value == pytest.approx(icc(ratings).value, abs=1e-7)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("method", ["auto", "jackknife", "analytic"])
def test_perfect_agreement_has_the_f_limits_of_half_a_rating_that_differs(form, method):
    """Ten items of three raters on 1-5: half a rating that differs by a step of 1/4 of the range."""
    ratings = np.repeat(np.tile([1.0, 2, 3, 4, 5], 2)[:, None], 3, axis=1)
    result = icc(ratings, form=form, method=method)
    assert (result.value, result.high, result.reason, result.method) == (1.0, 1.0, None, "analytic")
    noise, items = 0.5 / 4**2 / 30, 3 * np.var([0, 0.25, 0.5, 0.75, 1] * 2, ddof=1)
    f_ratio = (items + noise) / noise
    df = 20 if form[4] == "1" else 18
    if (
        form[4] != "2"
    ):  # form 2 has Satterthwaite's degrees of freedom, here between those of raters and residual
        low = f_ratio / stats.f.ppf(0.975, 9, df)
        expected = 1 - 1 / low if form.endswith("k)") else (low - 1) / (low + 2)
        assert result.low == pytest.approx(expected)
    assert 0.97 < result.low < 1


def test_perfect_agreement_on_fewer_items_leaves_more_doubt():
    pattern = np.array([1.0, 2, 4])
    lows = [icc(*[np.tile(pattern, n)] * 2).low for n in (1, 3, 30)]
    assert lows == sorted(lows)
    assert lows[0] < 0.9 < 0.995 < lows[2]


def test_perfect_agreement_within_clusters_counts_clusters():
    ratings = [np.tile([1.0, 2, 4, 5], 6)] * 2
    lone = icc(*ratings).low
    grouped = icc(*ratings, clusters=np.repeat(np.arange(6), 4)).low
    assert grouped < lone < 1


def test_perfect_agreement_up_to_severity_keeps_its_value_within_the_limits():
    result = icc([[1, 3], [2, 4], [3, 5]], form="ICC(3,1)", method="analytic")
    assert (result.value, result.high) == pytest.approx((1, 1))
    absolute = icc([[1, 3], [2, 4], [3, 5]], form="ICC(2,1)", method="analytic")
    assert absolute.low < absolute.value < absolute.high < 1


def test_an_unknown_form_is_refused_with_the_allowed_ones():
    with pytest.raises(ValueError, match=r"form must be one of ICC\(1,1\), .*; got 'ICC2'"):
        icc(SHROUT_FLEISS, form="ICC2")


def test_labels_without_an_order_are_refused():
    with pytest.raises(ValueError, match="an intraclass correlation needs the order of the labels"):
        icc(["good", "bad"], ["bad", "bad"])


def test_mean_of_raters_without_positive_variance_of_item_means_has_no_reliability():
    """The plain formula divides two negative numbers and gives 4.3."""
    result = icc([[1, 2, 3], [3, 1, 2], [2, 3, 1.1], [1.5, 2.2, 2.4]], form="ICC(2,k)")
    assert (result.defined, result.reason) == (False, "no_item_variance")


def test_a_lower_limit_beyond_spearman_browns_reach_leaves_no_interval():
    """One constant rater: the limit of ICC(2,1) lies below -1, where the formula for means turns positive."""
    constant, other = [2] * 5, [1, 2, 3, 2, 1]
    assert icc(constant, other, form="ICC(2,1)", method="analytic").low < -1
    result = icc(constant, other, form="ICC(2,k)", method="analytic")
    assert (result.value, result.reason) == (0.0, "no_variation")
    assert np.isnan([result.low, result.high]).all()


@pytest.mark.parametrize("form", ["ICC(1,1)", "ICC(2,1)", "ICC(3,1)", "ICC(2,k)"])
def test_limits_of_the_smallest_tables_contain_the_value_or_are_missing(form):
    for values in itertools.product((1.0, 2.0), repeat=6):
        for shape in ((2, 3), (3, 2)):
            found = icc(*np.reshape(values, shape).T, form=form, method="analytic")
            assert np.isnan(found.low) or found.low - 1e-9 <= found.value <= found.high + 1e-9


def test_items_and_raters_with_equal_means_have_no_limits():
    found = icc([1, 2, 1], [1, 1, 2], [2, 1, 1], form="ICC(2,1)")  # all means of items and of raters are 4/3
    assert np.isnan(found.low)
    assert np.isnan(found.high)


@pytest.mark.parametrize("form", ["ICC(1,1)", "ICC(3,1)"])
def test_items_with_one_mean_have_no_interval_of_width_zero(form):
    found = icc([[2, 2, 2, 2], [4, 1, 2, 1], [1, 3, 1, 3]], form=form)
    assert found.value == pytest.approx(-1 / 3)
    assert (found.reason, np.isnan(found.low), np.isnan(found.high)) == ("no_variation", True, True)
