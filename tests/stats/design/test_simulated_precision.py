import math

import numpy as np
import pytest

from judge.stats.coefficients.alpha import krippendorff_alpha
from judge.stats.coefficients.distance import mean_absolute_error_statistic
from judge.stats.design.simulated_precision import latent_draws, pilot_draws, precision
from judge.stats.engine.estimate import Estimate
from judge.stats.engine.statistic import negated
from judge.stats.judge_human.ceiling import leave_one_out

SHARES = [0.1, 0.2, 0.4, 0.2, 0.1]


def _alpha(ratings, clusters):
    return krippendorff_alpha(
        ratings, level="ordinal", scale=[1, 2, 3, 4, 5], clusters=clusters, method="jackknife"
    )


@pytest.mark.parametrize(("n", "guide"), [(20, 0.15), (50, 0.09), (100, 0.06)])
def test_half_widths_of_alpha_match_the_measured_guide(n, guide):
    # Ordinal alpha of three raters around .82; latent correlation .88 gives it. The guide has two digits.
    draw = latent_draws(SHARES, reliability=0.88, n_raters=3)
    found = precision(_alpha, draw, [n], n_draws=60, rng=0)[0]
    assert found.half_width == pytest.approx(guide, abs=0.025)


def test_latent_draws_have_the_wanted_shares_and_correlation():
    ratings, _ = latent_draws(SHARES, reliability=0.7, n_raters=2)(20_000, np.random.default_rng(0))
    shares = [(ratings == k).mean() for k in range(1, 6)]
    np.testing.assert_allclose(shares, SHARES, atol=0.012)  # 4 standard errors of correlated pairs
    # Five categories lose a little of the latent correlation .7.
    assert 0.6 < np.corrcoef(ratings.T)[0, 1] < 0.7


def test_latent_clusters_make_items_alike():
    ratings, clusters = latent_draws(SHARES, reliability=0.9, n_raters=1, cluster_size=4)(
        8_000, np.random.default_rng(0)
    )
    means = [ratings[clusters == c].mean() for c in range(500)]
    assert np.var(means) > 1.8 * ratings.var() / 4


def test_pilot_draws_keep_clusters_whole_and_tell_repeats_apart():
    pilot = np.arange(12.0).reshape(6, 2)
    ratings, clusters = pilot_draws(pilot, ["a", "a", "b", "b", "c", "c"])(10, np.random.default_rng(3))
    assert len(ratings) == 10
    for c in np.unique(clusters):
        rows = ratings[clusters == c][:, 0].tolist()
        assert rows in ([0, 2], [4, 6], [8, 10])
    assert len(np.unique(clusters)) == 5


def test_pilot_draws_keep_missing_ratings_missing():
    ratings, _ = pilot_draws([[1, np.nan], [np.nan, 2]])(50, np.random.default_rng(0))
    assert np.isnan(ratings).sum() == 50


def test_power_of_non_inferiority_rises_with_items_and_is_the_share_of_lower_limits_above_minus_the_margin():
    rng = np.random.default_rng(0)
    truth = rng.normal(3, 1, 80)
    pilot = truth[:, None] + 0.7 * rng.normal(size=(80, 4))  # judge in column 0 is one of them

    def difference(ratings, clusters):
        agreement = negated(mean_absolute_error_statistic)
        return leave_one_out(
            ratings[:, 1:], ratings[:, 0], agreement, clusters=clusters, confidence_level=0.9
        ).difference

    small, large = precision(difference, pilot_draws(pilot), [20, 150], exceeds=-0.15, n_draws=60, rng=1)
    assert small.power < large.power
    assert large.power > 0.7
    assert large.half_width < small.half_width


def test_draws_without_an_interval_are_counted_and_show_nothing():
    found = precision(
        lambda *_: Estimate.undefined("no_variation"),
        pilot_draws([[1.0, 1.0]]),
        [5],
        exceeds=0,
        n_draws=7,
        rng=0,
    )
    assert found[0].n_undefined == 7
    assert math.isnan(found[0].half_width)
    assert found[0].power == 0


def test_power_is_nan_without_a_target():
    draw = pilot_draws([[1.0, 2.0], [2.0, 2.0]])
    assert math.isnan(precision(lambda *_: Estimate(0.5, 0.4, 0.6), draw, [5], n_draws=2, rng=0)[0].power)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: pilot_draws([1, 2]), r"pilot must have shape \(n_items, n_raters\) with items, got \(2,\)"),
        (lambda: pilot_draws([[1, 2]], [1, 2]), "clusters must hold one group per item"),
        (lambda: latent_draws([0.5, 0.6], reliability=0.5, n_raters=2), "add up to 1"),
        (lambda: latent_draws(SHARES, reliability=1.5, n_raters=2), "reliability must lie in"),
        (lambda: latent_draws(SHARES, reliability=0.5, n_raters=0), "n_raters must be at least 1"),
        (lambda: latent_draws(SHARES, reliability=0.5, n_raters=2, cluster_size=0), "cluster_size must be"),
        (lambda: pilot_draws([[1, 2], [2, 2]], [math.nan, 1.0]), r"clusters\[0\] is missing"),
        (lambda: pilot_draws([[1, 2]])(0, np.random.default_rng(0)), "n_items must be at least 1"),
    ],
)
def test_impossible_design_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
