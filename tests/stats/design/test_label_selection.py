import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from judge.stats.design.label_selection import (
    calibration_label_ratio,
    neyman_allocation,
    ppi_calls_per_label,
    ppi_effective_labels,
    select_stratified,
)


def test_neyman_allocation_is_proportional_to_size_times_sd():
    # 800 * .3 = 240 against 200 * .5 = 100: 70.6 and 29.4 of 100.
    assert neyman_allocation([800, 200], [0.3, 0.5], 100).tolist() == [71, 29]


@given(st.lists(st.tuples(st.integers(1, 500), st.floats(0, 0.5)), min_size=1, max_size=6), st.data())
def test_allocation_spends_every_label_within_floor_and_stratum(strata, data):
    sizes, sds = zip(*strata, strict=True)
    least = sum(min(10, s) for s in sizes)
    n = data.draw(st.integers(least, sum(sizes)))
    allocation = neyman_allocation(sizes, sds, n)
    assert allocation.sum() == n
    assert (allocation <= sizes).all()
    assert (allocation >= np.minimum(10, sizes)).all()


def test_allocation_has_the_least_variance_of_all_allocations():
    sizes, sds = np.array([300, 500, 200]), np.array([0.1, 0.3, 0.5])
    weights = sizes / 1000

    def variance(n):
        return (weights**2 * sds**2 / n).sum()

    best = variance(neyman_allocation(sizes, sds, 60, floor=1))
    others = [(a, b, 60 - a - b) for a in range(1, 59) for b in range(1, 60 - a)]
    assert best <= min(variance(np.array(n)) for n in others) * 1.001


def test_strata_without_variance_share_labels_by_size():
    assert neyman_allocation([300, 100], [0, 0], 80).tolist() == [60, 20]


def test_fewer_labels_than_the_floors_need_are_refused():
    with pytest.raises(ValueError, match=r"between 20 \(10 per stratum\) and 1000"):
        neyman_allocation([800, 200], [0.3, 0.5], 19)
    with pytest.raises(ValueError, match="two lists of one length"):
        neyman_allocation([800, 200], [0.3], 50)


def test_selection_keeps_probabilities_that_reweight_to_the_pool_without_bias():
    rng = np.random.default_rng(0)
    strata = np.array(["fail"] * 50 + ["pass"] * 450)
    value = np.where(strata == "fail", 0.2, 0.9) + 0.05 * rng.normal(size=500)
    means = []
    for seed in range(300):
        chosen = select_stratified(strata, {"fail": 20, "pass": 20}, rng=seed)
        means.append((value[chosen.index] / chosen.probability).sum() / 500)
    # The standard error of one mean is about .01, of 300 about .0006.
    assert np.mean(means) == pytest.approx(value.mean(), abs=0.003)


def test_selection_is_repeatable_sorted_and_without_repeats():
    first, second = (select_stratified(list("aabbbb"), {"a": 1, "b": 3}, rng=5) for _ in range(2))
    assert first.index.tolist() == second.index.tolist() == sorted(set(first.index.tolist()))


def test_selection_of_more_than_a_stratum_holds_is_refused():
    with pytest.raises(ValueError, match="stratum 'a' has 2 items, fewer than the 3"):
        select_stratified(list("aab"), {"a": 3})


def test_effective_labels_are_the_labels_when_the_judge_is_useless_and_all_items_when_it_is_perfect():
    assert ppi_effective_labels(100, 900, 0) == 100
    assert ppi_effective_labels(100, 900, 1 - 1e-12) == pytest.approx(1000)


@given(st.floats(0.05, 0.99), st.floats(0.1, 50), st.floats(0.001, 1))
def test_calls_per_label_minimise_the_variance_at_a_fixed_budget(rho, label_cost, call_cost):
    def variance(log_ratio):
        ratio = math.exp(log_ratio)
        n = 1 / (label_cost + call_cost + ratio * call_cost)
        return (1 - rho**2 * ratio / (1 + ratio)) / n

    best = ppi_calls_per_label(rho, label_cost, call_cost)
    assume(best > 0.01)
    found = minimize_scalar(variance, bounds=(-8, 12), method="bounded", options={"xatol": 1e-10})
    assert variance(math.log(best)) <= found.fun * (1 + 1e-9)


@given(st.floats(0.5, 0.99), st.floats(1, 50), st.floats(0.001, 0.1))
def test_calls_per_label_satisfy_the_published_condition_at_their_own_lambda(rho, label_cost, call_cost):
    ratio = ppi_calls_per_label(rho, label_cost, call_cost)
    assume(ratio > 0.01)
    weight = rho * ratio / (1 + ratio)  # lambda for unit variances
    residual = 1 - 2 * weight * rho + weight**2
    published = math.sqrt(weight**2 * (label_cost + call_cost) / (residual * call_cost))
    assert ratio == pytest.approx(published, rel=1e-9)


def test_useless_judge_is_not_worth_a_call():
    assert ppi_calls_per_label(0.0, 2.0, 0.01) == 0


def test_calibration_labels_go_where_the_judge_errs_and_the_pool_is():
    # p = .8, TPR .9, TNR .8: (1/.8 - 1) sqrt(.2/.1) = .354 fails per pass.
    assert calibration_label_ratio(0.8, 0.9, 0.8) == pytest.approx(0.25 * math.sqrt(2))


@pytest.mark.parametrize(
    ("sizes", "sds"), [([100, 100], [math.nan, 0.5]), ([100, 100], [-1, 0.5]), ([-5, 100], [0.5, 0.5])]
)
def test_allocation_refuses_missing_and_negative_numbers(sizes, sds):
    with pytest.raises(ValueError, match="sizes and sds must not be negative or missing"):
        neyman_allocation(sizes, sds, 50)


def test_allocation_over_no_strata_is_refused():
    with pytest.raises(ValueError, match="two lists of one length"):
        neyman_allocation([], [], 0)
