import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t as student
from scipy.stats import ttest_rel

from judge.stats.systems.paired import paired_difference, paired_proportions

cells = st.tuples(*[st.integers(0, 25)] * 4).filter(any)


def from_cells(both, only_a, only_b, neither):
    a = [1] * (both + only_a) + [0] * (only_b + neither)
    return a, [1] * both + [0] * only_a + [1] * only_b + [0] * neither


@pytest.mark.parametrize(("method", "limits"), [("newcombe", (-0.507, -0.026)), ("tango", (-0.517, -0.026))])
def test_paired_proportions_match_the_published_example(method, limits):
    """Airway hyper-responsiveness, 1, 1, 7, 12 of 21 children; Fagerland et al., Statistics in Medicine 2014."""
    found = paired_proportions(*from_cells(1, 1, 7, 12), method=method)
    assert (round(found.low, 3), round(found.high, 3)) == limits


def test_newcombe_matches_his_example():
    """36, 12, 2, 0 of 50 (Newcombe 1998, method 10): .0569 to .3404."""
    found = paired_proportions(*from_cells(36, 12, 2, 0))
    assert (found.low, found.high) == pytest.approx((0.0569, 0.3404), abs=5e-5)


@given(cells)
def test_tango_limits_solve_his_score_equation(counts):
    """At a limit, the difference lies 1.96 restricted standard errors away; q from his quadratic."""
    only_a, only_b = counts[1:3]
    n = sum(counts)
    found = paired_proportions(*from_cells(*counts), method="tango")
    for delta in (found.low, found.high):
        if abs(delta) > 1 - 1e-6:
            continue
        b = -only_a - only_b + (2 * n - only_a + only_b) * delta
        q = (np.sqrt(b**2 + 8 * n * only_b * delta * (1 - delta)) - b) / (4 * n)
        variance = n * (2 * q + delta * (1 - delta))
        assert (only_a - only_b - n * delta) ** 2 == pytest.approx(1.959964**2 * variance, rel=1e-4, abs=1e-6)


@given(cells, st.sampled_from(["newcombe", "tango"]))
def test_interval_of_paired_proportions_holds_the_difference_and_mirrors(counts, method):
    found = paired_proportions(*from_cells(*counts), method=method)
    mirrored = paired_proportions(*from_cells(*counts)[::-1], method=method)
    assert -1 <= found.low <= found.value + 1e-9
    assert found.value - 1e-9 <= found.high <= 1
    assert (mirrored.low, mirrored.high) == pytest.approx((-found.high, -found.low), abs=1e-6)


@pytest.mark.parametrize("method", ["newcombe", "tango"])
def test_interval_of_paired_proportions_covers_the_truth(method):
    rng, hits = np.random.default_rng(0), 0
    for _ in range(400):
        a = rng.random(50) < 0.9
        b = np.where(rng.random(50) < 0.5, a, rng.random(50) < 0.7)
        found = paired_proportions(a, b, method=method)
        hits += found.low <= 0.1 <= found.high
    assert abs(hits / 400 - 0.95) < 3 * np.sqrt(0.95 * 0.05 / 400)


def test_paired_proportions_without_pairs_are_undefined():
    found = paired_proportions([1, None], [None, 0])
    assert found.reason == "no_complete_pairs"
    assert found.n_dropped == 2


def test_unknown_interval_is_refused():
    with pytest.raises(ValueError, match="method must be newcombe or tango; got 'wald'"):
        paired_proportions([1], [0], method="wald")


def test_test_on_independent_items_is_the_paired_t_test():
    rng = np.random.default_rng(1)
    a, b = rng.normal(3, 1, 30), rng.normal(3.3, 1, 30)
    found, expected = paired_difference(a, b, method="jackknife"), ttest_rel(a, b)
    assert found.test.p_value == pytest.approx(expected.pvalue)
    assert found.test.statistic == pytest.approx(expected.statistic)
    interval = expected.confidence_interval()
    assert (found.difference.low, found.difference.high) == pytest.approx((interval.low, interval.high))


def test_copies_within_clusters_do_not_narrow_the_difference():
    rng = np.random.default_rng(2)
    a, b = rng.normal(3, 1, 30), rng.normal(3.3, 1, 30)
    lone = paired_difference(a, b, method="jackknife")
    groups = np.repeat(np.arange(30), 4)
    grouped = paired_difference(np.repeat(a, 4), np.repeat(b, 4), clusters=groups, method="jackknife")
    assert grouped.difference.low == pytest.approx(lone.difference.low)
    assert grouped.test.p_value == pytest.approx(lone.test.p_value)


def test_items_that_change_are_counted_by_direction():
    found = paired_difference([1, 1, 0, 0, 1, None], [0, 1, 1, 0, 0, 1], method="jackknife")
    assert (found.n_higher, found.n_lower, found.n_equal) == (2, 1, 2)
    assert found.difference.n_dropped == 1


def test_constant_difference_has_neither_interval_nor_p_value():
    found = paired_difference([2, 3, 4], [1, 2, 3], rng=0)
    assert found.difference.value == 1
    assert found.difference.reason == found.test.reason == "no_variation"


def test_difference_without_pairs_is_undefined():
    found = paired_difference([1, None], [None, 2])
    assert found.difference.reason == found.test.reason == "no_complete_pairs"


def test_columns_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match="got lengths a 2, b 3"):
        paired_difference([1, 2], [1, 2, 3])


def test_test_counts_only_items_that_can_contribute():
    """Eight pairs among 200 items leave seven degrees of freedom, for the test as for the interval."""
    rng = np.random.default_rng(0)
    a, b = np.full(200, np.nan), rng.normal(size=200)
    a[:8] = rng.normal(1, 1, 8)
    found = paired_difference(a, b, method="jackknife")
    assert found.test.n_items == 8
    # The frame of 200 items widens the standard error a little.
    t_value = ttest_rel(a[:8], b[:8]).statistic * np.sqrt(7 / 8 * 200 / 199)
    assert found.test.statistic == pytest.approx(t_value)
    assert found.test.p_value == pytest.approx(2 * student.sf(abs(t_value), 7))
    at_the_edge = paired_difference(
        a, b, method="jackknife", confidence_level=1 - found.test.p_value
    ).difference
    assert min(abs(at_the_edge.low), abs(at_the_edge.high)) == pytest.approx(0, abs=1e-9)
