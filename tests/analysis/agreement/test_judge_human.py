"""One judge beside humans: margins, verdicts, bias, contingency table and corrected pass rate."""

import numpy as np
import pytest

from judge.analysis.agreement.judge_human import (
    Criteria,
    annotator_tests,
    check_margins,
    confusion,
    judge_agreement,
)
from judge.errors import InputError
from judge.stats.engine.scale import Scale, nearest_position

from .conftest import make_ratings

LABELS = Scale(("a", "b", "c"), "nominal")
TWO = Scale(("fail", "pass"), "nominal")


def study(n_people=3, n=60, shift=0.0, noise=0.5, **more):
    rng = np.random.default_rng(4)
    quality = rng.normal(3, 1, n)

    def rate(offset):
        return np.clip(np.round(quality + offset + rng.normal(0, noise, n)), 1, 5)

    people = np.column_stack([rate(0) for _ in range(n_people)])
    return make_ratings(people, {"j": rate(shift)}, **more)


def test_only_items_that_people_rated_count_as_rated():
    ratings = make_ratings([[1, 2], [np.nan, np.nan], [3, np.nan], [4, 4]], {"j": [1, 2, 3, np.nan]})
    found = judge_agreement(ratings, "j", Criteria())
    assert (len(found.ratings.items), found.n_both) == (3, 2)
    assert found.judge_mean.value == pytest.approx(2)
    assert found.human_mean.value == pytest.approx((1.5 + 3) / 2)


@pytest.mark.parametrize(
    ("margins", "rests_on", "margin"),
    [
        ({"": 0.1}, "kappa_quadratic", 0.1),
        ({"": 0.1, "agreement": 0.2}, "agreement", 0.2),
        ({"mae": 0.5}, "mae", 0.5),
    ],
)
def test_a_margin_for_a_named_coefficient_takes_precedence(margins, rests_on, margin):
    found = judge_agreement(study(), "j", Criteria(margins))
    assert (found.measured_by, found.verdict.margin) == (rests_on, margin)
    assert found.main.name == rests_on


def test_without_a_margin_there_is_no_verdict_but_the_coefficients_are_there():
    found = judge_agreement(study(), "j", Criteria())
    assert found.verdict is None
    assert found.measured_by == "kappa_quadratic"
    assert found.raw.name == "agreement"


@pytest.mark.parametrize(
    ("margins", "largest"), [({"": 1.01}, "1"), ({"": 0.0}, "1"), ({"": -0.1}, "1"), ({"mae": 4.5}, "4")]
)
def test_an_impossible_margin_is_refused_with_the_largest_possible_one(margins, largest):
    with pytest.raises(InputError, match=f"on clarity a number above 0 and not above {largest} is allowed"):
        judge_agreement(study(), "j", Criteria(margins))


@pytest.mark.parametrize("margins", [{"": 1.0}, {"mae": 4.0}])
def test_the_largest_possible_margin_is_allowed(margins):
    assert judge_agreement(study(), "j", Criteria(margins)).verdict is not None


def test_margins_are_checked_against_all_coefficients():
    found = judge_agreement(study(), "j", Criteria())
    check_margins({"": 0.1, "mae": 1}, found.comparisons)
    with pytest.raises(InputError, match="--margin charm: no such statistic here; found: agreement"):
        check_margins({"charm": 0.1}, found.comparisons)


@pytest.mark.parametrize(("n_people", "there"), [(4, False), (5, True)])
def test_random_raters_take_five_people(n_people, there):
    found = judge_agreement(study(n_people, noise=0.8), "j", Criteria())
    assert (found.random_raters is not None) is there


def test_one_person_is_no_ceiling():
    found = judge_agreement(study(1), "j", Criteria({"": 0.1}))
    assert (found.verdict, found.random_raters, found.omega) == (None, None, ())
    assert found.main.judge.defined


def test_bias_is_judge_minus_people():
    assert judge_agreement(study(shift=1.0, noise=0.2), "j", Criteria()).bias.value == pytest.approx(
        0.9, abs=0.2
    )
    assert judge_agreement(study(1, shift=-1.0, noise=0.2), "j", Criteria()).bias.value < -0.6


def test_bias_of_slots_is_the_difference_of_item_means():
    ratings = make_ratings([[1, 2], [3, 4], [2, np.nan]], {"j": [3, 3, 4]}, slots=True)
    assert judge_agreement(ratings, "j", Criteria()).bias.value == pytest.approx((1.5 - 0.5 + 2) / 3)


def test_bias_without_a_common_item_is_undefined():
    ratings = make_ratings([[1, 2], [3, 4]], {"j": [np.nan, np.nan]}, slots=True)
    assert judge_agreement(ratings, "j", Criteria()).bias.reason == "no_complete_pairs"


@pytest.mark.parametrize(("scale", "reason"), [(LABELS, "not_applicable"), (TWO, None)])
def test_labels_have_means_only_where_there_are_two(scale, reason):
    ratings = make_ratings([[0, 1], [1, 1], [0, 0], [1, 0]], {"j": [1, 1, 0, 0]}, scale=scale)
    found = judge_agreement(ratings, "j", Criteria())
    assert found.judge_mean.reason == reason
    assert found.scale_use is None
    if reason:
        assert found.bias.reason == reason


def test_contingency_table_divides_an_item_among_its_raters():
    ratings = make_ratings([[1, 2], [3, np.nan]], {"j": [2, 3]}, scale=Scale.integers(1, 3))
    table = confusion(ratings, ratings.column("j"))
    assert table.tolist() == [[0, 0.5, 0], [0, 0.5, 0], [0, 0, 1]]


def test_a_missing_score_is_in_no_cell():
    ratings = make_ratings([[1, 2]], {"j": [np.nan]}, scale=Scale.integers(1, 3))
    assert confusion(ratings, ratings.column("j")).sum() == 0


@pytest.mark.parametrize(
    ("points", "value", "index"),
    [
        ([1, 2, 3], 1.5, 1),
        ([1, 2, 3], 2.5, 1),
        ([1, 2, 3], 2.51, 2),
        ([1, 3, 5], 2.2, 0),
        ([1, 3, 5], 2.6, 1),
        ([0, 0.5, 1], 0.3, 1),
        ([0, 0.5, 1], 0.2, 0),
        ([1, 2, 3], 3, 2),
        ([1, 2, 3], np.nan, -1),
    ],
)
def test_a_score_between_two_points_counts_with_the_nearer_and_a_half_with_the_even_one(points, value, index):
    assert nearest_position(np.array([value]), np.array(points, float)).tolist() == [index]


def test_verdicts_are_compared_with_the_majority_of_people():
    people = [[4, 4, 1], [1, 1, 5], [3, 3, 3], [2, 4, np.nan]]
    found = judge_agreement(make_ratings(people, {"j": [3, 3, 2, 5]}, pass_mark=3), "j", Criteria()).pass_fail
    # The last item is a tie of people and left out.
    assert (found.true_pass, found.false_pass, found.false_fail, found.true_fail) == (1, 1, 1, 0)


def test_without_a_pass_mark_there_are_no_verdicts():
    found = judge_agreement(study(), "j", Criteria())
    assert (found.pass_fail, found.threshold_sweep, found.corrected, found.paradox) == (
        None,
        None,
        None,
        None,
    )


def test_the_corrected_pass_rate_is_about_scored_items_only():
    people = [[5, 5]] * 20 + [[1, 1]] * 20 + [[np.nan, np.nan]] * 20
    judge = [5] * 18 + [1] * 20 + [5] * 2 + [np.nan] * 2 + [5] * 18
    found = judge_agreement(make_ratings(people, {"j": judge}, pass_mark=3), "j", Criteria())
    assert (found.n_pool, found.n_labelled) == (58, 40)
    assert found.corrected.uncorrected.value == pytest.approx(38 / 58)


def test_a_judge_with_one_score_has_no_other_thresholds():
    people = [[5, 5], [1, 1]] * 10
    constant = judge_agreement(make_ratings(people, {"j": [3] * 20}, pass_mark=3), "j", Criteria())
    varied = judge_agreement(make_ratings(people, {"j": [5, 2] * 10}, pass_mark=3), "j", Criteria())
    assert constant.threshold_sweep is None
    assert varied.threshold_sweep is not None
    derived = make_ratings(people, {"j": [5, 2] * 10}, pass_mark=3, dimension="passes")
    assert judge_agreement(derived, "j", Criteria()).threshold_sweep is None


def rates(human, judge):
    people = [[5, 5]] * human + [[1, 1]] * (100 - human)
    scores = [5] * judge + [1] * (100 - judge)
    return judge_agreement(make_ratings(people, {"j": scores}, pass_mark=3), "j", Criteria()).paradox


def test_kappa_is_hard_to_read_where_pass_rates_are_extreme_or_apart():
    assert rates(85, 70) == "skewed"
    assert rates(15, 30) == "skewed"
    assert rates(50, 65) == "apart"
    assert rates(50, 55) is None
    assert rates(78, 75) is None


def test_annotator_tests_leave_out_slots_and_single_people():
    tests = [
        judge_agreement(study(dimension="three"), "j", Criteria()),
        judge_agreement(study(1, dimension="one"), "j", Criteria()),
        judge_agreement(study(slots=True, dimension="slots"), "j", Criteria()),
    ]
    assert set(annotator_tests(tests, 0.1)) == {"three"}
    assert annotator_tests(tests[1:], 0.1) == {}


def test_annotator_tests_of_scores_between_the_points_are_there_too():
    base = study(dimension="between")
    ratings = make_ratings(base.human_values, {"j": base.column("j") * 0.9 + 0.3}, dimension="between")
    exact = judge_agreement(study(dimension="exact"), "j", Criteria())
    assert set(annotator_tests([judge_agreement(ratings, "j", Criteria()), exact], 0.1)) == {
        "between",
        "exact",
    }
    assert set(annotator_tests([judge_agreement(ratings, "j", Criteria())], 0.1)) == {"between"}


def test_the_curve_of_the_annotator_test_falls_with_epsilon_never():
    curve = judge_agreement(study(), "j", Criteria()).omega
    assert [epsilon for epsilon, _ in curve] == [0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3]
    assert [rate for _, rate in curve] == sorted(rate for _, rate in curve)
