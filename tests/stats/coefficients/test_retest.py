import math
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from judge.stats.coefficients.alpha import alpha_statistic
from judge.stats.coefficients.correlation import pearson_statistic
from judge.stats.coefficients.percent_agreement import agreement_statistic
from judge.stats.coefficients.retest import (
    agreement_by_samples,
    retest,
    samples_for_reliability,
    spearman_brown,
    worthwhile_samples,
)


def test_spearman_brown_of_two_halves():
    # The textbook case: a half-test reliability of .6 makes .75 for the whole test.
    assert spearman_brown(0.6, 2) == pytest.approx(0.75)


@given(st.floats(0.01, 0.99), st.integers(1, 50), st.integers(1, 50))
def test_averaging_averages_is_averaging_all(rho, m, n):
    assert spearman_brown(spearman_brown(rho, m), n) == pytest.approx(spearman_brown(rho, m * n))


@given(st.floats(0.05, 0.99), st.floats(0.05, 0.99))
def test_samples_reach_the_target_and_one_less_does_not(rho, target):
    m = samples_for_reliability(rho, target)
    assert spearman_brown(rho, m) >= target - 1e-9
    assert m == 1 or spearman_brown(rho, m - 1) < target + 1e-9


def test_spearman_brown_at_its_limits():
    assert spearman_brown(0.3, math.inf) == 1
    assert spearman_brown(0.0, math.inf) == 0
    assert math.isnan(spearman_brown(-0.3, math.inf))
    assert math.isnan(spearman_brown(-0.9, 3))  # 1 - 1.8 is negative
    assert spearman_brown(1, 5) == 1
    assert worthwhile_samples(1) == 1
    with pytest.raises(ValueError, match=r"reliability must lie in \[-1, 1\], got 1.2"):
        spearman_brown(1.2, 2)
    with pytest.raises(ValueError, match="reliability must lie in"):
        samples_for_reliability(0, 0.9)


def test_worthwhile_samples_are_within_a_hundredth_of_certainty():
    m = worthwhile_samples(0.8)
    assert spearman_brown(0.8, m) >= 0.99 > spearman_brown(0.8, m - 1)


def test_retest_by_hand():
    # Pairs of the three samples: item 0 has 1 of 3 equal, item 1 all, item 2 none (two within one).
    found = retest([[4, 4, 5], [2, 2, 2], [1, 2, 3]], pass_mark=2)
    assert found.exact.value == pytest.approx((1 / 3 + 1 + 0) / 3)
    assert found.within_one.value == pytest.approx((1 + 1 + 2 / 3) / 3)
    # Passes at 2: item 2 is fail, pass, pass: 2 of 3 pairs flip.
    assert found.flip_rate.value == pytest.approx((2 / 3) / 3)
    # Sums of squares 2/3, 0, 2 with 6 degrees of freedom.
    assert found.sd_within.value == pytest.approx(math.sqrt((2 / 3 + 2) / 6))
    assert not found.deterministic
    assert found.curve[0] == (1, pytest.approx(found.reliability.value))
    assert [m for m, _ in found.curve] == list(range(1, 11))


def test_sd_within_is_the_noise_that_was_put_in():
    rng = np.random.default_rng(0)
    samples = rng.normal(size=(2000, 1)) + 0.5 * rng.normal(size=(2000, 4))
    samples[rng.random(samples.shape) < 0.2] = np.nan
    found = retest(samples, method="jackknife")
    assert found.sd_within.low < 0.5 < found.sd_within.high
    assert found.reliability.value == pytest.approx(0.8, abs=0.03)


def test_repeats_at_temperature_zero_are_called_deterministic():
    found = retest([[4, 4], [2, 2], [3, 3]], pass_mark=3)
    assert found.deterministic
    assert found.exact.value == 1
    assert found.flip_rate.value == 0
    assert found.reliability.value == pytest.approx(1)
    assert found.curve[-1][1] == 1


def test_single_sample_has_no_retest():
    found = retest([[4], [2], [3]])
    assert found.exact.reason == found.sd_within.reason == found.reliability.reason == "too_few_raters"
    assert found.flip_rate is None
    assert math.isnan(found.curve[3][1])
    assert not found.deterministic


def test_samples_off_the_scale_or_flat_are_refused():
    with pytest.raises(ValueError, match="off the scale"):
        retest([[4, 6], [1, 2]], scale=[1, 2, 3, 4, 5])
    with pytest.raises(ValueError, match=r"samples must have shape \(n_items, n_samples\), got \(2,\)"):
        retest([4, 6])


def test_agreement_by_samples_uses_every_sample_equally_and_the_forecast_is_close():
    rng = np.random.default_rng(0)
    truth = rng.normal(size=3000)
    samples = truth[:, None] + rng.normal(size=(3000, 4))
    human = truth + 0.5 * rng.normal(size=3000)
    rows = agreement_by_samples(human, samples, pearson_statistic)
    singles = [np.corrcoef(samples[:, s], human)[0, 1] for s in range(4)]
    pairs = [np.corrcoef(samples[:, [s, (s + 1) % 4]].mean(axis=1), human)[0, 1] for s in range(4)]
    assert rows[0].agreement.value == pytest.approx(np.mean(singles))
    assert rows[1].agreement.value == pytest.approx(np.mean(pairs))
    assert rows[3].agreement.value == pytest.approx(np.corrcoef(samples.mean(axis=1), human)[0, 1])
    for row in rows:
        assert row.expected == pytest.approx(row.agreement.value, abs=0.02)


def test_majority_of_labels_can_be_compared_too():
    rows = agreement_by_samples(
        [1, 3], [[1, 1, 2], [3, 3, 3]], partial(agreement_statistic, scale=[1, 2, 3]), reduce="majority"
    )
    assert [row.agreement.value for row in rows] == [pytest.approx(5 / 6), 1, 1]


def test_deterministic_judge_is_not_forecast_to_improve():
    rng = np.random.default_rng(0)
    one = rng.normal(size=50)
    rows = agreement_by_samples(one + rng.normal(size=50), np.column_stack([one, one]), pearson_statistic)
    assert rows[1].expected == pytest.approx(rows[0].expected)
    noise = agreement_by_samples(one, rng.normal(size=(50, 2)) * [1, -1], pearson_statistic)
    assert noise[0].expected == noise[0].agreement.value
    with pytest.raises(ValueError, match=r"got \(3,\) and \(3,\)"):
        agreement_by_samples([1, 2, 3], [1, 2, 3], pearson_statistic)


def test_labels_and_plain_scales_are_welcome():
    labels = retest([["poor", "fair"], ["good", "good"], ["fair", "fair"]], scale=["poor", "fair", "good"])
    numbers = retest([[0, 1], [2, 2], [1, 1]], scale=[0, 1, 2])
    assert labels == numbers
    assert labels.alpha.value == alpha_statistic([[0, 1], [2, 2], [1, 1]], level="ordinal").value()
