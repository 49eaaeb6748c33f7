import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from judge.stats.coefficients.correlation import pearson_statistic
from judge.stats.coefficients.distance import mean_absolute_error_statistic
from judge.stats.coefficients.percent_agreement import agreement_statistic
from judge.stats.engine.statistic import negated
from judge.stats.judge_human.ceiling import leave_one_out, pairwise_ceiling
from judge.stats.judge_human.non_inferiority import non_inferiority, with_random_raters

minus_mae = negated(mean_absolute_error_statistic)


def _ceiling(judge_noise, seed=0, n=150, k=3, noise=0.7, **options):
    rng = np.random.default_rng(seed)
    truth = rng.normal(3, 1, n)
    humans = truth[:, None] + noise * rng.normal(size=(n, k))
    return leave_one_out(humans, truth + judge_noise * rng.normal(size=n), minus_mae, **options)


@pytest.mark.parametrize(
    ("judge_noise", "margin", "verdict"),
    [(0.1, 0.05, "better"), (0.7, 0.3, "non-inferior"), (0.7, 0.01, "inconclusive"), (2.0, 0.1, "worse")],
)
def test_verdict_follows_from_interval_and_margin(judge_noise, margin, verdict):
    assert non_inferiority(_ceiling(judge_noise), margin).verdict == verdict


@given(st.floats(0.05, 2), st.floats(0.01, 1), st.integers(0, 100))
@settings(max_examples=30)
def test_verdict_is_what_the_limits_say(judge_noise, margin, seed):
    found = non_inferiority(_ceiling(judge_noise, seed, n=40), margin)
    assert (found.difference.confidence_level, found.wide.confidence_level) == (pytest.approx(0.9), 0.95)
    if found.wide.low > 0:
        expected = "better"
    elif found.difference.low > -margin:
        expected = "non-inferior"
    else:
        expected = "worse" if found.difference.high < -margin else "inconclusive"
    assert found.verdict == expected
    assert found.equivalent == (found.difference.low > -margin and found.difference.high < margin)
    assert (found.p_value < 0.05) == (found.difference.low > -margin)


def test_for_one_pair_of_people_and_independent_items_it_is_the_paired_t_test_of_losses():
    rng = np.random.default_rng(1)
    humans = rng.normal(3, 1, (60, 2))
    judge = rng.normal(3, 1, 60)
    found = non_inferiority(leave_one_out(humans, judge, minus_mae), 0.2)
    # Mean over both people of |x_h - x_g| - |j - x_g|, item by item.
    gain = np.abs(humans[:, 0] - humans[:, 1]) - (np.abs(judge[:, None] - humans)).mean(axis=1)
    test = stats.ttest_1samp(gain, -0.2, alternative="greater")
    low, high = stats.ttest_1samp(gain, 0).confidence_interval(0.9)
    assert found.p_value == pytest.approx(test.pvalue, rel=1e-9)
    assert (found.difference.low, found.difference.high) == pytest.approx((low, high))


def test_random_raters_add_their_variance_to_that_of_items():
    ceiling = _ceiling(0.7, k=4)
    deltas = [row.difference.value for row in ceiling.per_human]
    found = with_random_raters(ceiling)
    assert found.se == pytest.approx(math.sqrt(ceiling.difference.se**2 + np.var(deltas, ddof=1) / 4))
    assert found.method == "items+raters"
    assert found.notes == ("few_raters",)


def test_degrees_of_freedom_are_those_of_raters_where_only_they_vary():
    rng = np.random.default_rng(0)
    truth = rng.normal(3, 1, 400)
    severe = truth[:, None] + np.array([0, 0, 0, 0, 3.0]) + 0.2 * rng.normal(size=(400, 5))
    raters = with_random_raters(leave_one_out(severe, truth, minus_mae))
    half = stats.t.ppf(0.975, 4) * raters.se
    assert (raters.low, raters.high) == pytest.approx((raters.value - half, raters.value + half), rel=1e-3)


def test_claim_about_people_like_these_is_never_easier_than_about_these():
    ceiling = _ceiling(0.6, k=5)
    these = non_inferiority(ceiling, 0.1)
    like_these = non_inferiority(ceiling, 0.1, raters="random")
    assert like_these.difference.se > these.difference.se
    assert like_these.difference.low < these.difference.low


def test_copy_of_the_only_opinion_has_no_variation_and_stays_inconclusive():
    one = np.tile([1.0, 2, 3, 4], 5)
    found = non_inferiority(pairwise_ceiling(np.column_stack([one, one]), one, agreement_statistic), 0.05)
    assert (found.verdict, found.reason) == ("inconclusive", "no_variation")
    assert found.equivalent is None
    assert (
        with_random_raters(pairwise_ceiling(np.column_stack([one, one]), one, agreement_statistic)).reason
        == "no_variation"
    )


def test_one_person_gives_no_verdict():
    found = non_inferiority(leave_one_out([[1], [2], [2]], [1, 2, 3], pearson_statistic), 0.05)
    assert (found.verdict, found.reason) == (None, "too_few_raters")
    assert not with_random_raters(leave_one_out([[1], [2], [2]], [1, 2, 3], pearson_statistic)).defined


def test_one_defined_person_or_one_cluster_cannot_speak_for_others():
    ceiling = _ceiling(0.7)
    alone = with_random_raters(replace(ceiling, levels_of_humans=lambda: ceiling.per_human[:1]))
    assert (alone.value, alone.reason) == (ceiling.difference.value, "too_few_raters")
    assert math.isnan(alone.low)
    one_cluster = with_random_raters(_ceiling(0.7, n=20, clusters=["a"] * 20))
    assert one_cluster.reason == "too_few_clusters"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"margin": 0}, "margin must be above 0, got 0"),
        ({"margin": math.nan}, "margin must be above 0, got nan"),
        ({"margin": 0.1, "alpha": 0.5}, "alpha must lie in"),
        ({"margin": 0.1, "raters": "all"}, "raters must be 'fixed' or 'random', got 'all'"),
    ],
)
def test_option_out_of_range_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        non_inferiority(_ceiling(0.5, n=10), **options)


@pytest.mark.parametrize("raters", ["fixed", "random"])
def test_p_value_and_interval_count_the_same_items(raters):
    """Ten rated items among 200: at a margin equal to minus the lower limit p is alpha."""
    rng = np.random.default_rng(4)
    judge, humans = np.full(200, math.nan), rng.normal(size=(200, 3))
    judge[:10] = humans[:10].mean(axis=1) + rng.normal(size=10)
    ceiling = pairwise_ceiling(humans, judge, minus_mae)
    limit = non_inferiority(ceiling, 5.0, raters=raters).difference.low
    assert non_inferiority(ceiling, -limit, raters=raters).p_value == pytest.approx(0.05)
