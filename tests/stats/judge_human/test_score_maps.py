import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.isotonic import IsotonicRegression
from statsmodels.miscmodels.ordinal_model import OrderedModel

from judge.stats.judge_human.score_maps import ScoreMap, fit_map

KINDS = ["identity", "shift", "linear", "cut_points", "proportional_odds", "isotonic"]
PAIRS = st.lists(
    st.tuples(st.integers(1, 5).map(float), st.integers(1, 5).map(float)), min_size=1, max_size=40
)


def _pairs(seed=0, n=300):
    rng = np.random.default_rng(seed)
    trait = rng.normal(size=n)
    human = np.clip(np.round(3 + trait + 0.5 * rng.normal(size=n)), 1, 5)
    return np.clip(np.round(3.5 + 0.6 * trait + 0.5 * rng.normal(size=n)), 1, 5), human


def test_isotonic_map_pools_judge_scores_whose_human_means_fall():
    fitted = fit_map([1, 3, 2, 2, 4], [1, 2, 3, 3, 4], "isotonic").parameters
    assert fitted["judge"] == (1, 2, 3, 4)
    assert fitted["human"] == pytest.approx((1, 7 / 3, 7 / 3, 4))  # of one 3 and two 2


@given(PAIRS)
def test_isotonic_map_never_falls(pairs):
    judge, human = np.array(pairs).T
    assert (np.diff(fit_map(human, judge, "isotonic")(np.linspace(0, 6, 25))) >= 0).all()


@given(PAIRS)
def test_isotonic_map_matches_scikit_learn_at_and_between_scores(pairs):
    judge, human = np.array(pairs).T
    grid = np.linspace(0, 6, 25)
    expected = IsotonicRegression(out_of_bounds="clip").fit(judge, human).predict(grid)
    np.testing.assert_allclose(fit_map(human, judge, "isotonic")(grid), expected, atol=1e-9)


def test_proportional_odds_match_statsmodels():
    judge, human = _pairs()
    fitted = fit_map(human, judge, "proportional_odds")
    model = OrderedModel(human, judge[:, None], distr="logit").fit(method="bfgs", disp=False, maxiter=500)
    assert fitted.parameters["slope"][0] == pytest.approx(model.params[0], abs=2e-3)
    cuts = model.model.transform_threshold_params(model.params)[1:-1]
    np.testing.assert_allclose(fitted.parameters["thresholds"], cuts, atol=5e-3)
    expected = model.predict(np.array([[2.0], [4.0]])) @ np.arange(1, 6)
    np.testing.assert_allclose(fitted([2, 4]), expected, atol=1e-3)


def test_separated_scores_still_give_a_finite_map():
    fitted = fit_map([1, 1, 2, 2, 3, 3], [1, 1, 2, 2, 3, 3], "proportional_odds")
    assert math.isfinite(fitted.parameters["slope"][0])
    np.testing.assert_allclose(fitted([1, 2, 3]), [1, 2, 3], atol=0.01)


def test_linear_is_least_squares_and_shift_the_mean_difference():
    judge, human = _pairs()
    slope, intercept = np.polyfit(judge, human, 1)
    fitted = fit_map(human, judge, "linear").parameters
    assert (fitted["slope"][0], fitted["intercept"][0]) == pytest.approx((slope, intercept))
    assert fit_map(human, judge, "shift").parameters["shift"][0] == pytest.approx((human - judge).mean())


def test_cut_points_give_the_judge_the_distribution_of_people():
    # 10 scores of 2, 3, 4 each against people's 1, 3, 5: each judge category meets its quantile.
    judge, human = np.repeat([2.0, 3, 4], 10), np.repeat([1.0, 3, 5], 10)
    assert fit_map(human, judge, "cut_points")([2, 3, 4]).tolist() == [1, 3, 5]


@given(PAIRS, st.sampled_from(["shift", "cut_points", "isotonic", "proportional_odds"]))
def test_monotone_maps_never_swap_two_scores_and_stay_on_the_scale(pairs, kind):
    judge, human = np.array(pairs).T
    mapped = fit_map(human, judge, kind, bounds=(1, 5))(np.linspace(0, 6, 13))
    if kind != "proportional_odds":  # its slope may be negative when the judge is inverted
        assert (np.diff(mapped) >= -1e-12).all()
    assert ((mapped >= 1) & (mapped <= 5)).all()


@pytest.mark.parametrize("kind", KINDS)
def test_saved_map_gives_the_same_scores(kind):
    judge, human = _pairs()
    fitted = fit_map(human, judge, kind)
    again = ScoreMap.from_dict(json.loads(json.dumps(fitted.to_dict())))
    np.testing.assert_array_equal(again([1, 2.5, None, 5]), fitted([1, 2.5, None, 5]))
    assert again.kind == fitted.kind


@pytest.mark.parametrize("kind", ["linear", "cut_points", "proportional_odds"])
def test_without_variation_only_a_shift_is_left(kind):
    assert fit_map([1, 2, 3], [3, 3, 3], kind).kind == "shift"
    assert fit_map([4, 4, 4], [1, 2, 3], kind).kind == "shift"


def test_missing_pairs_are_left_out():
    assert fit_map([2, 5, None], [1, None, 3], "shift").parameters["shift"] == (1.0,)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1, 2], [1], "shift"), "two lists of one length"),
        (([1], [1], "spline"), "kind of a map must be one of identity, shift"),
        (([1, None], [None, 1], "shift"), "no item has both"),
    ],
)
def test_impossible_fit_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        fit_map(*arguments)


def test_unknown_saved_kind_is_refused():
    with pytest.raises(ValueError, match="got 'spline'"):
        ScoreMap.from_dict({"kind": "spline", "parameters": {}, "bounds": [None, None]})
