import math

import numpy as np
import pytest
from scipy import stats

from judge.stats.engine.sampling_design import SamplingDesign
from judge.stats.judge_human.residuals import drift, non_answers, self_preference


def _ratings(seed=0, n=200, k=2):
    rng = np.random.default_rng(seed)
    quality = rng.normal(3, 1, n)
    judge = quality + 0.5 * rng.normal(size=n)
    return quality[:, None] + 0.5 * rng.normal(size=(n, k)), judge, rng


def test_self_preference_is_the_contrast_of_mean_residuals():
    humans, judge, rng = _ratings()
    own = rng.random(200) < 0.3
    found = self_preference(humans, judge, own)
    residual = judge - humans.mean(axis=1)
    test = stats.ttest_ind(residual[own], residual[~own], equal_var=False)
    assert found.judge.value == pytest.approx(residual[own].mean() - residual[~own].mean())
    assert found.judge.se == pytest.approx(found.judge.value / test.statistic, rel=0.01)
    assert found.other_judges.reason == found.difference.reason == "not_applicable"


def test_better_answers_of_the_own_family_are_no_self_preference():
    humans, judge, rng = _ratings(n=600)
    own = humans.mean(axis=1) + rng.normal(size=600) > 3.5
    assert judge[own].mean() - judge[~own].mean() > 0.5
    found = self_preference(humans, judge, own).judge
    assert abs(found.value) < 0.3


def test_what_all_judges_overrate_is_no_self_preference():
    humans, judge, rng = _ratings(n=600)
    own = rng.random(600) < 0.4
    others = humans.mean(axis=1)[:, None] + 0.5 * rng.normal(size=(600, 2)) + 0.6 * own[:, None]
    shared = self_preference(humans, judge + 0.6 * own, own, other_judges=others)
    assert shared.judge.low > 0.3
    assert shared.difference.low < 0 < shared.difference.high
    special = self_preference(humans, judge + 1.2 * own, own, other_judges=others)
    assert special.difference.low < 0.6 < special.difference.high


def test_self_preference_needs_answers_of_both_kinds():
    humans, judge, _ = _ratings(n=20)
    assert self_preference(humans, judge, [True] * 20).judge.reason == "no_observations"
    with pytest.raises(ValueError, match="own_family must hold one mark per item"):
        self_preference(humans, judge, [True])


def test_slope_of_drift_is_least_squares():
    humans, judge, _ = _ratings()
    when = np.arange(200.0) * 86_400  # seconds since the first day
    found = drift(humans, judge + 0.01 * np.arange(200), when).slope
    residual = judge + 0.01 * np.arange(200) - humans.mean(axis=1)
    expected = stats.linregress(when, residual)
    assert found.value == pytest.approx(expected.slope)
    assert found.se == pytest.approx(expected.stderr, rel=0.15)
    assert found.low > 0


def test_steady_judge_does_not_drift():
    humans, judge, _ = _ratings()
    found = drift(humans, judge, np.arange(200))
    assert found.slope.low < 0 < found.slope.high
    assert found.cusum_p > 0.05


def test_cusum_finds_a_short_jump_that_the_slope_misses_and_when():
    humans, judge, _ = _ratings(seed=1, n=300)
    jump = (np.arange(300) >= 100) & (np.arange(300) < 200)
    found = drift(humans, judge + 1.0 * jump, np.arange(300))
    assert found.slope.low < 0 < found.slope.high
    assert found.cusum_p < 0.01
    assert min(abs(found.change_at - 100), abs(found.change_at - 200)) < 15


def test_order_within_one_time_does_not_matter():
    humans, judge, rng = _ratings()
    when = np.repeat(np.arange(10), 20)
    order = np.lexsort((rng.random(200), when))
    a, b = drift(humans, judge, when), drift(humans[order], judge[order], when[order])
    assert (a.cusum, a.change_at) == pytest.approx((b.cusum, b.change_at))


def test_false_alarm_rate_of_cusum_is_nominal_or_less():
    alarms = [drift(*_ratings(seed)[:2], np.arange(200)).cusum_p < 0.05 for seed in range(200)]
    assert np.mean(alarms) < 0.05 + 3 * math.sqrt(0.05 * 0.95 / 200)


def test_drift_without_time_or_variation_is_undefined():
    humans, judge, _ = _ratings(n=20)
    same = drift(humans, judge, np.ones(20))
    assert same.slope.reason == "no_variation"
    assert math.isnan(same.cusum)
    assert drift(humans[:, :1], humans[:, 0], np.arange(20)).slope.value == 0
    assert drift(humans, [np.nan] * 20, np.arange(20)).slope.reason == "no_complete_pairs"
    with pytest.raises(ValueError, match="time must hold one number per item"):
        drift(humans, judge, [1])


def test_non_answers_are_counted_by_group_and_against_the_human_score():
    humans, judge, _ = _ratings()
    system = np.where(np.arange(200) % 2, "a", "b")
    judge[(system == "a") & (humans.mean(axis=1) < 2.5)] = np.nan
    found = non_answers(humans, judge, groups=system)
    rates = dict(found.by_group)
    assert [group for group, _ in found.by_group] == ["b", "a"]
    assert rates["b"].value == 0
    assert rates["a"].value == np.isnan(judge[system == "a"]).mean()
    assert found.rate.method == "wilson"
    assert found.human_gap.high < 0


def test_judge_that_always_or_never_answers_has_a_rate_but_no_gap():
    humans, judge, _ = _ratings(n=20)
    always, never = non_answers(humans, judge), non_answers(humans, [None] * 20)
    assert (always.rate.value, never.rate.value) == (0, 1)
    assert always.human_gap.reason == never.human_gap.reason == "no_observations"
    assert always.by_group == ()
    with pytest.raises(ValueError, match="groups must hold one label per item"):
        non_answers(humans, judge, groups=["a"])


@pytest.mark.parametrize("clusters", [None, np.arange(24) // 2])
def test_one_cluster_without_judgments_has_a_gap_but_no_interval(clusters):
    humans, judge = np.tile([1.0, 2, 3, 5], 6)[:, None], np.ones(24)
    judge[:1] = np.nan
    gap = non_answers(humans, judge, clusters=clusters).human_gap
    assert gap.value == pytest.approx(1 - humans[1:].mean())
    assert (gap.reason, np.isnan(gap.low)) == ("too_few_clusters", True)


def test_the_gap_of_two_items_that_happen_to_agree_may_be_chance():
    humans, judge = np.tile([1.0, 2, 3, 5], 6)[:, None], np.ones(24)
    judge[[0, 4]] = np.nan
    gap = non_answers(humans, judge).human_gap
    assert gap.value < -1.5
    assert gap.low < 0 < gap.high


def test_the_gap_of_missing_judgments_covers_its_true_value():
    rng, covered = np.random.default_rng(3), []
    for _ in range(300):
        judge = np.ones(24)
        judge[rng.permutation(24)[:2]] = np.nan
        gap = non_answers(rng.integers(1, 6, (24, 1)), judge).human_gap
        covered.append(gap.low <= 0 <= gap.high)
    assert np.mean(covered) >= 0.92  # .80 with the degrees of freedom of all items


def test_one_missing_judgment_has_no_interval_in_a_sample_with_a_design_either():
    humans, judge = np.tile([1.0, 2, 3, 5], 6)[:, None], np.ones(24)
    judge[:1] = np.nan
    gap = non_answers(humans, judge, design=SamplingDesign(np.full(24, 0.5))).human_gap
    assert (gap.reason, np.isnan(gap.low)) == ("too_few_clusters", True)
