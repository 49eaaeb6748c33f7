import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from judge.stats.engine import limits


def test_wilson_limits_match_statsmodels():
    z = limits.normal_quantile(0.975)
    for hits, n in [(0, 10), (3, 10), (10, 10), (411, 500)]:
        assert limits.wilson_limits(hits / n, n, z) == pytest.approx(
            proportion_confint(hits, n, method="wilson"), abs=1e-12
        )


def test_bca_limits_match_scipy_on_a_skewed_mean():
    data = np.random.default_rng(1).exponential(size=60)
    theirs = stats.bootstrap((data,), np.mean, n_resamples=20_000, method="BCa", rng=np.random.default_rng(2))
    jackknife = (data.sum() - data) / (len(data) - 1)
    ours = limits.bca_limits(
        data.mean(), theirs.bootstrap_distribution, jackknife, np.ones(len(data)), confidence_level=0.95
    )
    assert ours == pytest.approx((theirs.confidence_interval.low, theirs.confidence_interval.high), abs=1e-9)


def test_bca_counts_half_of_the_ties():
    draws = np.repeat([0.4, 0.5, 0.6], [25, 50, 25])
    low, high = limits.bca_limits(0.5, draws, np.array([0.45, 0.55]), np.ones(2), confidence_level=0.5)
    # A symmetric draw with half of the ties has no bias: the limits are the plain quantiles.
    assert (low, high) == pytest.approx(limits.percentile_limits(draws, 0.5))


def test_bca_stays_inside_the_draws_when_all_lie_on_one_side():
    draws = np.linspace(0.6, 0.9, 500)
    low, high = limits.bca_limits(0.5, draws, np.array([0.5, 0.5]), np.ones(2), confidence_level=0.95)
    assert draws.min() <= low <= high <= draws.max()


def test_fisher_limits_are_symmetric_on_the_scale_of_artanh():
    low, high = limits.fisher_limits(0.6, 0.1, 0.95, 12)
    margin = stats.t.ppf(0.975, 12) * 0.1 / (1 - 0.6**2)
    assert (np.arctanh(low), np.arctanh(high)) == pytest.approx(
        (np.arctanh(0.6) - margin, np.arctanh(0.6) + margin)
    )


def test_coefficient_limits_stay_below_one_and_contain_the_value():
    low, high = limits.coefficient_limits(0.95, 0.04, 0.95, df=9)
    assert low < 0.95 < high < 1


def test_coefficient_limits_do_not_overflow_next_to_one():
    low, high = limits.coefficient_limits(1 - 1e-12, 0.3, 0.95, df=3)
    assert np.isfinite([low, high]).all()
    assert high <= 1


def test_jackknife_se_of_a_mean_is_the_textbook_standard_error():
    data = np.random.default_rng(3).normal(size=25)
    jackknife = (data.sum() - data) / 24
    assert limits.jackknife_se(jackknife, np.ones(25)) == pytest.approx(data.std(ddof=1) / 5, rel=1e-12)


def test_symmetric_limits_use_students_t_where_degrees_of_freedom_are_given():
    assert limits.symmetric_limits(0, 1, 0.95, df=4)[1] == pytest.approx(stats.t.ppf(0.975, 4))
    assert limits.symmetric_limits(0, 1, 0.95)[1] == pytest.approx(stats.norm.ppf(0.975))
