import numpy as np
import pytest

from judge.stats.pass_fail.rogan_gladen import rogan_gladen

HUMAN = [1] * 50 + [0] * 50
JUDGE = [1] * 45 + [0] * 5 + [1] * 10 + [0] * 40


def pool(passes, n=1000):
    return [1] * passes + [0] * (n - passes)


def calibrated(rng, n, share_of_passes):
    human = (rng.random(n) < share_of_passes).astype(float)
    return human, np.where(human == 1, rng.random(n) < 0.9, rng.random(n) >= 0.8).astype(float)


def test_rate_inverts_the_judges_error_rates():
    # p = .7 * .9 + .3 * .2 = .69 exactly.
    assert rogan_gladen(HUMAN, JUDGE, pool(690)).estimate.value == pytest.approx(0.7)


def test_interval_matches_a_calculation_by_hand():
    """z = 1.96: n' = 1003.84, p' = .68927; TPR' = 46/52, TNR' = 41/52, theta' = .70977, shift .00355, se .05701."""
    found = rogan_gladen(HUMAN, JUDGE, pool(690)).estimate
    assert (found.low, found.high) == pytest.approx((0.60159, 0.82506), abs=1e-5)
    assert found.method == "lang-reiczigel"


def test_judge_without_information_is_undefined():
    found = rogan_gladen([1, 1, 0, 0], [1, 0, 1, 0], [1, 0]).estimate
    assert np.isnan(found.value)
    assert found.reason == "judge_not_informative"


def test_inverted_judge_is_undefined():
    assert rogan_gladen([1, 1, 0, 0], [0, 0, 1, 1], [1, 0]).estimate.reason == "judge_not_informative"


@pytest.mark.parametrize(
    ("human", "judge", "answers"), [([1, 1], [1, 0], [1]), ([0, 0], [1, 0], [1]), ([1, 0], [1, 0], [])]
)
def test_without_passes_fails_or_pool_nothing_was_observed(human, judge, answers):
    assert rogan_gladen(human, judge, answers).estimate.reason == "no_observations"


def test_value_outside_the_unit_interval_is_kept_and_noted():
    found = rogan_gladen(HUMAN, JUDGE, pool(20)).estimate
    assert found.value == pytest.approx((0.02 + 0.8 - 1) / 0.7)
    assert found.notes == ("calibration_and_test_disagree",)
    assert 0 <= found.low < found.high <= 1


def test_people_never_saw_the_pool():
    assert rogan_gladen(HUMAN, JUDGE, pool(690)).humans_only.reason == "not_applicable"


def test_interval_covers_under_label_shift():
    """Half of the calibration set passes, 80 % of the pool does; band of the design, .94 to .98."""
    rng, hits = np.random.default_rng(1), 0
    for _ in range(600):
        judge_pool = calibrated(rng, 500, 0.8)[1]
        found = rogan_gladen(*calibrated(rng, 100, 0.5), judge_pool).estimate
        hits += found.low <= 0.8 <= found.high
    slack = 3 * np.sqrt(0.95 * 0.05 / 600)
    assert 0.94 - slack < hits / 600 < 0.98 + slack


def test_mean_width_is_that_of_the_design_study():
    """Rate .7, TPR .9, TNR .8, 100 labels of 1,000 answers: .224 (.227 in 2,000 runs of ours)."""
    rng, widths = np.random.default_rng(2), []
    for _ in range(200):
        human, judge = calibrated(rng, 1000, 0.7)
        found = rogan_gladen(human[:100], judge[:100], judge).estimate
        widths.append(found.high - found.low)
    assert np.mean(widths) == pytest.approx(0.226, abs=0.006)


def test_copies_of_answers_do_not_narrow_a_clustered_interval():
    groups, pool_groups = np.repeat(np.arange(100), 4), np.repeat(np.arange(1000), 4)
    copies = [np.repeat(marks, 4) for marks in (HUMAN, JUDGE, pool(690))]
    lone = rogan_gladen(HUMAN, JUDGE, pool(690)).estimate
    grouped = rogan_gladen(*copies, clusters=groups, pool_clusters=pool_groups).estimate
    naive = rogan_gladen(*copies).estimate
    assert grouped.high - grouped.low == pytest.approx(lone.high - lone.low, rel=0.1)
    assert naive.high - naive.low < 0.6 * (lone.high - lone.low)


def test_calibration_from_a_single_cluster_carries_no_interval():
    found = rogan_gladen(HUMAN, JUDGE, pool(690), clusters=["a"] * 100).estimate
    assert found.value == pytest.approx(0.7)
    assert found.reason == "too_few_clusters"


def test_missing_marks_leave_the_calibration():
    found = rogan_gladen([*HUMAN, 1, None], [*JUDGE, None, 1], [*pool(690), None]).estimate
    assert found.value == pytest.approx(0.7)
    assert (found.n_items, found.n_ratings, found.n_dropped) == (1000, 100, 1)


def test_judge_that_only_chance_makes_informative_has_a_value_but_no_interval():
    """One pass found of one, 10 fails of 100: TPR + TNR is 1.1, but 0.77 with one pass and fail added to each."""
    human, judge = [1] + [0] * 100, [1] + [0] * 10 + [1] * 90
    found = rogan_gladen(human, judge, pool(950)).estimate
    assert found.value == pytest.approx(0.5)
    assert np.isnan(found.low)
    assert found.reason == "judge_not_informative"
