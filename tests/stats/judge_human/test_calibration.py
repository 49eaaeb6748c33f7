import numpy as np
import pytest

from judge.stats.engine.sampling_design import SamplingDesign
from judge.stats.judge_human.calibration import FittedOn, calibrate, calibrate_held_out
from judge.stats.judge_human.cross_fitting import draw_folds, kinds_tried
from judge.stats.judge_human.score_maps import fit_map


def _lenient(seed=0, n=150):
    rng = np.random.default_rng(seed)
    human = rng.integers(1, 6, n).astype(float)
    return human + 1 + rng.integers(-1, 2, n), human


def test_lenient_judge_is_shifted_and_the_gain_is_out_of_fold():
    judge, human = _lenient()
    found = calibrate(human, judge, "shift", rng=0)
    assert found.helps
    assert found.map.kind == "shift"
    assert found.gain.value == pytest.approx(found.before.mae.value - found.after.mae.value)
    assert found.gain.low > 0
    assert abs(found.after.bias.value) < 0.05 < found.before.bias.value


@pytest.mark.parametrize("seed", range(2))
def test_perfect_judge_has_nothing_to_gain_and_keeps_its_scores(seed):
    human = np.random.default_rng(seed).integers(1, 6, 120)
    found = calibrate(human, human, rng=0)
    assert not found.helps
    assert found.map.kind == "identity"
    assert found.map([1, 5]).tolist() == [1, 5]


def test_judge_that_is_right_on_average_gains_nothing_from_a_shift():
    rng = np.random.default_rng(3)
    human = rng.integers(1, 6, 200)
    found = calibrate(human, human + rng.integers(-1, 2, 200), "shift", bounds=(0, 6), rng=0)
    assert not found.helps
    assert found.fitted_kind == "shift"
    assert found.map.kind == "identity"


def test_judge_that_knows_nothing_is_no_closer_than_a_constant_and_ships_no_map():
    rng = np.random.default_rng(1)
    human = rng.choice([4.0, 5.0], 200, p=[0.9, 0.1])
    found = calibrate(human, rng.integers(1, 6, 200), rng=0)
    assert found.helps  # any map that squeezes the scores together is closer than the scores themselves
    assert found.adds_nothing
    assert found.constant == 4
    assert found.map.kind == "identity"


@pytest.mark.parametrize("loss", ["mae", "rmse"])
def test_constant_is_the_best_one_of_the_other_folds(loss):
    # Two clusters, two folds: each half is held against the centre of the other half.
    human = np.array([1.0, 1.0, 4.0, 2.0, 2.0, 5.0])
    found = calibrate(human, human, "identity", loss=loss, n_folds=2, clusters=[0, 0, 0, 1, 1, 1], rng=0)
    off = [human[:3] - (2 if loss == "mae" else 3), human[3:] - (1 if loss == "mae" else 2)]
    expected = np.abs(np.r_[*off]).mean() if loss == "mae" else np.sqrt((np.r_[*off] ** 2).mean())
    assert found.over_constant.value == pytest.approx(expected)


def test_perfect_judge_adds_much_to_a_constant():
    human = np.random.default_rng(0).integers(1, 6, 120)
    found = calibrate(human, human, rng=0)
    assert not found.adds_nothing
    assert found.over_constant.low > 0.5


def test_mapped_score_never_saw_its_own_cluster():
    # With two clusters and two folds each half is mapped by the other half's shift.
    human = np.r_[np.zeros(10), np.zeros(10)]
    judge = np.r_[np.full(10, 1.0), np.full(10, 3.0)]
    judge[:10:2] += 0.5
    found = calibrate(human, judge, "shift", clusters=np.repeat([0, 1], 10), bounds=(-9, 9), rng=0)
    assert found.n_folds == 2
    # First half: mean 1.25, shifted by -3; second half by -1.25. Bias (-1.75 + 1.75) / 2 = 0.
    assert found.after.bias.value == pytest.approx(0)
    assert found.after.mae.value == pytest.approx((1.75 + 1.75) / 2)


def test_auto_finds_a_curved_map_where_there_are_enough_pairs_and_only_simple_ones_where_not():
    rng = np.random.default_rng(0)
    judge = rng.integers(1, 6, 600).astype(float)
    human = np.array([1, 1, 1, 4, 5])[judge.astype(int) - 1] + rng.integers(-1, 2, 600) * (
        rng.random(600) < 0.2
    )
    large = calibrate(human, judge, loss="rmse", rng=0, method="jackknife")
    assert large.fitted_kind in ("isotonic", "cut_points")
    assert large.helps
    small = calibrate(human[:60], judge[:60], loss="rmse", rng=0)
    assert small.fitted_kind in ("identity", "shift", "linear")


def test_final_map_is_fitted_on_all_pairs():
    judge, human = _lenient()
    judge[3] = np.nan
    found = calibrate(human, judge, "linear", rng=0)
    assert found.map == fit_map(human, judge, "linear")


def test_the_pass_rate_of_people_is_that_of_their_verdicts_where_they_are_given():
    """Scores 4, 4 and 2 have the mean 3.33, but two of three people pass the answer."""
    human, judge = np.tile([10 / 3, 2.0, 5.0, np.nan], 10), np.tile([4.0, 3.0, 5.0, 4.0], 10)
    by_majority = calibrate(human, judge, pass_mark=4, human_passed=np.tile([1, 0, np.nan, 1], 10), rng=0)
    assert by_majority.before.pass_rate.value == 0
    assert by_majority.before.pass_rate.n_items == 20
    by_mean = calibrate(human, judge, pass_mark=4, rng=0)
    assert by_mean.before.pass_rate.value == pytest.approx(1 / 3)
    with pytest.raises(ValueError, match="human_passed"):
        calibrate(human, judge, pass_mark=4, human_passed=[1, 0], rng=0)


def test_pass_rate_error_is_reported_at_the_pass_mark():
    judge, human = _lenient()
    found = calibrate(human, judge, "shift", pass_mark=4, rng=0)
    assert found.before.pass_rate.value == pytest.approx(np.mean(judge >= 4) - np.mean(human >= 4))
    assert calibrate(human, judge, "shift", rng=0).before.pass_rate is None


def test_curve_is_the_mean_human_score_of_each_judge_score():
    found = calibrate([1, 2, 2, 2, 5, 4], [1, 1, 2, 2, 2, 3], "shift", rng=0)
    assert [(p.score, p.human.value, p.human.n_items) for p in found.curve] == [
        (1, 1.5, 2),
        (2, 3, 3),
        (3, 4, 1),
    ]
    continuous = np.random.default_rng(0).normal(size=60)
    assert calibrate(continuous, continuous, "shift", rng=0).curve == ()


def test_same_seed_deals_the_same_folds():
    judge, human = _lenient()
    first, second = (calibrate(human, judge, rng=7) for _ in range(2))
    assert first.gain == second.gain
    assert first.seed == 7
    assert calibrate(human, judge, "shift", rng=np.random.default_rng(7)).seed is None


@pytest.mark.parametrize(
    ("judge", "human", "reason"),
    [
        ([1, 2], [np.nan, np.nan], "no_complete_pairs"),
        ([1, np.nan], [1, 2], "too_few_clusters"),
        ([], [], "no_complete_pairs"),
    ],
)
def test_too_few_pairs_leave_everything_undefined_and_the_scores_alone(judge, human, reason):
    found = calibrate(human, judge, rng=0)
    assert found.gain.reason == reason
    assert found.map.kind == "identity"
    assert not found.helps


def test_impossible_input_is_refused():
    with pytest.raises(ValueError, match="two lists of one length"):
        calibrate([1], [1, 2])
    with pytest.raises(ValueError, match="n_folds must be at least 2"):
        calibrate([1, 2], [1, 2], n_folds=1)
    with pytest.raises(ValueError, match="kind of a map must be one of"):
        calibrate([1, 2], [1, 2], "cubic")


def test_auto_does_not_take_means_of_people_for_categories():
    rng = np.random.default_rng(0)
    human = rng.integers(1, 6, 150).astype(float)
    assert "proportional_odds" in kinds_tried("auto", human, 150)
    assert "proportional_odds" not in kinds_tried("auto", human + rng.integers(0, 5, 150) / 5, 150)
    assert kinds_tried("auto", human, 99) == ("identity", "shift", "linear")


# --- weighted by inclusion probabilities

KINDS = ["shift", "linear", "cut_points", "proportional_odds", "isotonic"]


@pytest.fixture(scope="module")
def repeated():
    judge, human = _lenient(n=160)
    return judge, human, np.random.default_rng(5).integers(1, 5, len(judge))


@pytest.mark.parametrize("kind", KINDS)
def test_a_weighted_map_is_that_of_repeated_items(repeated, kind):
    judge, human, times = repeated
    weighted = fit_map(human, judge, kind, weights=times / 7)
    plain = fit_map(np.repeat(human, times), np.repeat(judge, times), kind)
    assert weighted([1, 2.5, 4, 5]) == pytest.approx(plain([1, 2.5, 4, 5]), abs=1e-4)


@pytest.mark.parametrize("loss", ["mae", "rmse"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_weighted_calibration_is_that_of_repeated_items_in_the_same_folds(repeated, kind, loss):
    judge, human, times = repeated
    weighted = calibrate(human, judge, kind, loss=loss, rng=0, pass_mark=4, design=SamplingDesign(1 / times))
    copies = np.repeat(np.arange(len(judge)), times)
    plain = calibrate(
        human[copies], judge[copies], kind, loss=loss, rng=0, pass_mark=4, clusters=copies, method="jackknife"
    )
    for of in ("gain.value", "over_constant.value", "constant", "before.bias.value", "after.pass_rate.value"):
        first, second = weighted, plain
        for name in of.split("."):
            first, second = getattr(first, name), getattr(second, name)
        assert first == pytest.approx(second, abs=1e-4), of
    means = [[point.human.value for point in one.curve] for one in (weighted, plain)]
    assert means[0] == pytest.approx(means[1])
    assert weighted.n_effective == pytest.approx(times.sum() ** 2 / (times**2).sum())
    assert weighted.gain.method == "jackknife"


def test_two_strata_of_which_one_was_oversampled_give_the_bias_of_all_answers():
    # 1,000 answers: on the 900 passes the judge is right, on the 100 fails it is two points too high.
    judge = np.r_[np.full(50, 4.0), np.full(50, 3.0)] + np.tile([0.0, 1.0], 50)
    human = judge - np.r_[np.zeros(50), np.full(50, 2.0)]
    strata = np.repeat(["pass", "fail"], 50)
    found = calibrate(
        human, judge, "shift", rng=0, design=SamplingDesign(np.repeat([50 / 900, 0.5], 50), strata)
    )
    assert found.before.bias.value == pytest.approx(0.2)
    assert calibrate(human, judge, "shift", rng=0).before.bias.value == pytest.approx(1)


def test_each_fold_has_items_of_each_stratum():
    judge, human = _lenient(n=40)
    strata = np.repeat([0, 1], [35, 5])
    found = calibrate(
        human, judge, "shift", rng=0, design=SamplingDesign(np.where(strata == 0, 0.1, 0.9), strata)
    )
    folds = draw_folds(
        np.arange(40), np.ones(40, bool), 5, np.random.default_rng(0), SamplingDesign(np.ones(40), strata)
    )
    assert np.bincount(folds[35:]).tolist() == [1] * 5
    assert found.n_folds == 5


def test_an_item_without_a_known_probability_makes_the_gain_undefined():
    judge, human = _lenient(n=40)
    found = calibrate(human, judge, "shift", rng=0, design=SamplingDesign(np.r_[np.nan, np.full(39, 0.5)]))
    assert found.gain.reason == "unknown_probability"
    assert found.map.kind == "identity"


def test_a_design_without_a_drawn_item_leaves_everything_undefined():
    found = calibrate([1, 2], [2, 3], "shift", rng=0, design=SamplingDesign([np.nan, np.nan]))
    assert found.gain.reason == "no_complete_pairs"
    assert np.isnan(found.constant)
    assert found.n_effective == 0


def test_a_design_of_other_items_is_refused():
    with pytest.raises(ValueError, match="design must describe every item: 2 items, 3 probabilities"):
        calibrate([1, 2], [2, 3], "shift", design=SamplingDesign([0.5, 0.5, 0.5]))


@pytest.mark.parametrize("weights", [[1.0], [1.0, -1.0], [1.0, np.nan]])
def test_weights_that_are_no_weights_of_the_items_are_refused(weights):
    with pytest.raises(ValueError, match="weights must be 2 numbers of at least 0"):
        fit_map([1, 2], [2, 3], "shift", weights=weights)


# --- fitted on some items, assessed on others


def test_a_held_out_gain_is_that_of_the_map_of_the_first_items_on_the_others():
    judge, human = _lenient()
    first = FittedOn(human=human[:90], judge=judge[:90])
    found = calibrate_held_out(first, human[90:], judge[90:], "linear", rng=0, bounds=(0, 9))
    mapped = fit_map(human[:90], judge[:90], "linear", bounds=(0, 9))(judge[90:])
    expected = np.abs(judge[90:] - human[90:]).mean() - np.abs(mapped - human[90:]).mean()
    assert found.gain.value == pytest.approx(expected)
    assert found.gain.n_items == 60
    assert found.constant == np.median(human[:90])
    assert found.map == fit_map(human[:90], judge[:90], "linear", bounds=(0, 9))
    assert found.n_effective == 90
    assert sum(point.human.n_items for point in found.curve) == 60


def test_a_held_out_map_is_chosen_without_the_other_items():
    judge, human = _lenient()
    first = FittedOn(human=human[:60], judge=judge[:60], clusters=np.arange(60) // 2)
    one, other = (
        calibrate_held_out(first, people, judge[60:], rng=0) for people in (human[60:], human[60:][::-1])
    )
    assert one.fitted_kind == other.fitted_kind
    assert one.gain != other.gain


def test_weights_of_both_parts_are_used():
    judge, human = _lenient(n=80)
    times = np.random.default_rng(1).integers(1, 4, 80)
    designs = [SamplingDesign(1 / times[part]) for part in (slice(40), slice(40, 80))]
    first = FittedOn(human=human[:40], judge=judge[:40], design=designs[0])
    found = calibrate_held_out(
        first, human[40:], judge[40:], "shift", bounds=(-9, 9), rng=0, design=designs[1]
    )
    shift = np.average(human[:40] - judge[:40], weights=times[:40])
    after = np.average(judge[40:] + shift - human[40:], weights=times[40:])
    assert found.after.bias.value == pytest.approx(after)


def test_too_few_items_to_fit_a_map_leave_the_gain_undefined():
    found = calibrate_held_out(FittedOn(human=[1.0], judge=[2.0]), [1, 2, 3], [2, 3, 4], "shift", rng=0)
    assert found.gain.reason == "too_few_clusters"
    assert found.map.kind == "identity"


def test_the_kind_of_map_is_chosen_by_weighted_losses():
    # On 30 of 230 answers the judge is right, on 200 it is one point too high; of these 20 were rated.
    judge = np.tile([2.0, 3, 4, 5, 3], 10)
    human = judge - np.repeat([0, 1], [30, 20])
    weights = np.repeat([1, 0.1], [30, 20])
    kinds = [
        calibrate(human, judge, rng=0, bounds=(-9, 9), design=design).fitted_kind
        for design in (None, SamplingDesign(weights, weights))
    ]
    assert kinds == ["identity", "shift"]
