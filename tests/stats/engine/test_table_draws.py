"""Intervals from draws of a table of counts."""

import math

import numpy as np
import pytest
from scipy.stats import beta, norm, t

from judge.stats import Statistic, pass_fail, resample
from judge.stats.engine.resampling import quotient
from judge.stats.engine.table_draws import drawn_intervals, widened_limits


def share(counts):
    marks = np.repeat(np.eye(2), counts, axis=0)
    return {"share": Statistic(marks, lambda x: quotient(x[:, 0], x.sum(axis=1)))}


def drawn(counts, **sampling):
    statistics = share(counts)
    found = resample(statistics, **sampling)
    functions = {"share": statistics["share"].function}
    return drawn_intervals(found, statistics, functions, np.array(counts) + 0.5, {"rng": 0, **sampling})[
        "share"
    ]


@pytest.mark.parametrize("counts", [(30, 10), (99, 1), (40, 0)])
def test_quantiles_of_two_cells_are_those_of_a_beta_distribution(counts):
    found, n = drawn(counts, n_resamples=100_000), sum(counts)
    low, high = beta.ppf([0.025, 0.975], counts[0] + 0.5, counts[1] + 0.5)
    wider = t.ppf(0.975, n - 1) / norm.ppf(0.975)
    value = counts[0] / n
    expected = value - wider * (value - min(low, value)), value + wider * (max(high, value) - value)
    assert (found.low, found.high) == pytest.approx(expected, abs=0.003)
    assert (found.method, found.n_resamples, found.seed, found.reason) == (
        "dirichlet-draws",
        100_000,
        0,
        None,
    )


def test_copies_in_clusters_widen_the_interval_to_that_of_one_copy():
    alone = drawn((30, 10))
    copies = drawn((120, 40), clusters=np.repeat(np.arange(40), 4))
    assert copies.high - copies.low == pytest.approx(alone.high - alone.low, rel=0.03)


def test_clusters_count_as_one_item_each_where_all_agree():
    alone, clustered = drawn((160, 0)), drawn((160, 0), clusters=np.repeat(np.arange(40), 4))
    wider = t.ppf(0.975, 39) / t.ppf(0.975, 159)
    assert 1 - clustered.low == pytest.approx(4 * wider * (1 - alone.low), rel=1e-6)


def test_clusters_never_shorten_an_interval():
    opposite = np.tile([0, 1], 40)  # each cluster has one hit: no spread between clusters at all
    statistic = {"": Statistic(np.eye(2)[opposite], lambda x: x[:, 0] / x.sum(axis=1))}
    sampling = {"clusters": np.repeat(np.arange(40), 2), "rng": 0}
    found = drawn_intervals(
        resample(statistic, **sampling), statistic, {"": statistic[""].function}, np.full(2, 40.5), sampling
    )[""]
    assert found.high - found.low > 1.9 * norm.ppf(0.975) * 0.5 / math.sqrt(80)


def test_a_cluster_for_every_item_changes_nothing():
    assert drawn((30, 10), clusters=np.arange(40)) == drawn((30, 10))


def test_one_cluster_is_left_without_an_interval():
    found = drawn((3, 2), clusters=["same"] * 5)
    assert (found.reason, math.isnan(found.low)) == ("too_few_clusters", True)


def test_limits_never_exclude_the_value_and_undefined_draws_do_not_count():
    draws = np.array([math.nan, 0.4, 0.5, 0.6])
    low, high = widened_limits(draws, 0.7, 1.0, 0.5)
    assert (low, high) == (pytest.approx(0.45), 0.7)
    assert widened_limits(draws, 0.5, 2.0, 0.5) == pytest.approx((0.4, 0.6))


def test_verdict_statistics_of_perfect_agreement_have_intervals():
    found = pass_fail([1] * 20 + [0] * 10, [1] * 20 + [0] * 10, rng=0)
    for name in ("f1", "negative_agreement", "mcc", "kappa", "ac1"):
        one = getattr(found, name)
        assert (one.value, one.high, one.reason) == (1, 1, None), name
        assert 0.5 < one.low < 1, name


def test_interval_of_kappa_and_mcc_with_rare_fails_covers():
    """Pass rate .96, kappa .2, 100 items; resampled intervals covered .61."""
    rng, hits, n = np.random.default_rng(2), {"kappa": 0, "mcc": 0}, 200
    both = 0.96**2 + 0.2 * 0.96 * 0.04
    for _ in range(n):
        counts = rng.multinomial(100, [both, 0.96 - both, 0.96 - both, both - 0.92])
        found = pass_fail(
            np.repeat([1, 0, 1, 0], counts), np.repeat([1, 1, 0, 0], counts), n_resamples=300, rng=0
        ).estimates()
        for name in hits:
            hits[name] += math.isnan(found[name].low) or found[name].low <= 0.2 <= found[name].high
    assert min(hits.values()) / n > 0.95 - 3 * math.sqrt(0.95 * 0.05 / n)
