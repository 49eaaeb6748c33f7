import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.inter_rater import cohens_kappa
from statsmodels.stats.proportion import proportion_confint

from judge.stats.design.sample_size import (
    design_effect,
    items_for_icc,
    items_for_kappa,
    items_for_noninferiority,
    items_for_pearson,
    items_for_proportion,
    noninferiority_power,
)


@pytest.mark.parametrize(("half_width", "n"), [(0.1, 60), (0.05, 245)])
def test_items_for_a_share_of_080_match_the_published_search(half_width, n):
    assert items_for_proportion(0.8, half_width) == n


@given(st.floats(0.02, 0.98), st.floats(0.02, 0.3), st.sampled_from([0.8, 0.9, 0.95, 0.99]))
def test_wilson_interval_has_the_half_width_at_n_and_not_at_one_item_less(p, half_width, level):
    n = items_for_proportion(p, half_width, confidence_level=level)

    def half(size):
        low, high = proportion_confint(p * size, size, alpha=1 - level, method="wilson")
        return (high - low) / 2

    assert half(n) <= half_width + 1e-9
    assert n == 1 or half(n - 1) > half_width - 1e-9


@pytest.mark.parametrize(("half_width", "n"), [(0.1, 105), (0.05, 404)])
def test_items_for_a_correlation_of_070_match_the_fisher_z_search(half_width, n):
    assert items_for_pearson(0.7, half_width) == n


@given(st.floats(-0.95, 0.95), st.floats(0.03, 0.4))
def test_fisher_interval_has_the_half_width_at_n_and_not_at_one_item_less(r, half_width):
    n = items_for_pearson(r, half_width)

    def half(size):
        d = 1.959963984540054 / math.sqrt(size - 3)
        return (math.tanh(math.atanh(r) + d) - math.tanh(math.atanh(r) - d)) / 2

    assert half(n) <= half_width + 1e-9
    assert n == 4 or half(n - 1) > half_width - 1e-9


def test_items_for_icc_match_bonetts_own_example():
    # Two raters, ICC .8, full width .2: 51, and 55 with his correction of 5 ICC for two raters.
    assert items_for_icc(0.8, 0.1, 2) == 55
    # Three raters, ICC .7: 8 * 3.8415 * .09 * 2.4^2 / (6 * .04) + 1 = 67.4.
    assert items_for_icc(0.7, 0.1, 3) == 68


def test_items_for_kappa_at_pass_rates_080_match_the_guide():
    assert items_for_kappa(0.6, 0.1, (0.8, 0.8)) == 392


@pytest.mark.parametrize(
    ("kappa", "rates"), [(0.6, (0.8, 0.8)), (0.4, (0.5, 0.6)), (0.0, (0.3, 0.9)), (1.0, (0.5, 0.5))]
)
def test_kappa_variance_is_that_of_an_independent_implementation(kappa, rates):
    first, second = rates
    chance = first * second + (1 - first) * (1 - second)
    both = (kappa * (1 - chance) + chance + first + second - 1) / 2
    table = 1e6 * np.array([[both, first - both], [second - both, 1 - first - second + both]])
    expected = (1.959963984540054 * cohens_kappa(table).std_kappa * 1e3 / 0.1) ** 2
    assert items_for_kappa(kappa, 0.1, rates) == max(2, math.ceil(expected - 1e-6))


def test_kappa_that_the_pass_rates_do_not_allow_is_refused_with_the_cell():
    with pytest.raises(
        ValueError, match=r"impossible at pass rates 0\.9 and 0\.3: a cell of the table would be -0\."
    ):
        items_for_kappa(0.8, 0.1, (0.9, 0.3))


def test_design_effect_is_one_for_single_items_and_grows_with_cluster_size():
    assert design_effect(1, 0.5) == 1
    assert design_effect(5, 0.2) == pytest.approx(1.8)


@given(st.floats(0.01, 0.3), st.floats(0.1, 2), st.floats(0.5, 0.99))
def test_items_for_noninferiority_reach_the_power_and_one_less_does_not(margin, sd, power):
    n = items_for_noninferiority(margin, sd, power=power)
    assert noninferiority_power(margin, sd, n) >= power - 1e-9
    assert n == 1 or noninferiority_power(margin, sd, n - 1) < power + 1e-9


def test_power_at_minus_the_margin_is_the_error_rate():
    assert noninferiority_power(0.05, 0.4, 300, difference=-0.05) == pytest.approx(0.05)


def test_judge_below_the_margin_is_never_shown_non_inferior():
    with pytest.raises(ValueError, match="no number of items"):
        items_for_noninferiority(0.05, 0.4, difference=-0.05)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: items_for_proportion(1.2, 0.1), r"proportion must lie in \[0, 1\], got 1.2"),
        (lambda: items_for_proportion(0.5, 0.5), r"half_width must lie in \(0, 0.5\), got 0.5"),
        (lambda: items_for_pearson(1, 0.1), "correlation must lie in"),
        (lambda: items_for_icc(0.5, 0.1, 1), "n_raters must be at least 2, got 1"),
        (lambda: items_for_icc(math.nan, 0.1, 2), "icc must lie in"),
        (lambda: items_for_kappa(0.5, 0.1, (0, 0.5)), "pass_rates must lie in"),
        (lambda: items_for_proportion(0.5, 0.1, confidence_level=95), "confidence_level must lie in"),
        (lambda: design_effect(0, 0.5), "cluster_size must be at least 1"),
        (lambda: noninferiority_power(0, 1, 10), "margin must be above 0, got 0"),
    ],
)
def test_number_out_of_bounds_is_refused_with_its_name_and_bounds(call, message):
    with pytest.raises(ValueError, match=message):
        call()
