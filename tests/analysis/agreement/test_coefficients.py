"""Agreement among humans and of a judge, on tables small enough to work out."""

import numpy as np
import pytest

from judge.analysis.agreement.coefficients import compare_all, compare_one, headline, people
from judge.stats.engine.scale import Scale

from .conftest import make_ratings

LABELS = Scale(("a", "b", "c"), "nominal")
NEAR = [[1, 2], [2, 3], [3, 5], [4, 4], [2, 1], [5, 4]]
FAR_JUDGE = {"far": [4, 5, 1, 2, 4, 2]}


def test_mean_distance_is_positive_and_judge_minus_humans():
    found = compare_one(make_ratings(NEAR, FAR_JUDGE), "far", "mae")
    # Two people are 1 apart on average. The judge is measured from the same single other person.
    judge = np.array(FAR_JUDGE["far"])[:, None]
    assert found.human.value == pytest.approx(1)
    assert found.judge.value == pytest.approx(np.abs(judge - np.array(NEAR)).mean())
    assert found.difference.value == pytest.approx(found.judge.value - 1)
    assert found.difference.low <= found.difference.value <= found.difference.high
    assert found.ceiling.difference.value == pytest.approx(-found.difference.value)
    assert found.unit == "points"


def test_mean_distance_of_people_and_judge_cannot_be_negative():
    found = compare_one(make_ratings(NEAR, FAR_JUDGE), "far", "mae")
    assert found.human.possible[0] == found.judge.possible[0] == 0
    assert found.human.possible[1] > found.human.high
    assert found.human.low >= 0


def test_raw_agreement_is_the_share_of_equal_pairs():
    found = compare_one(make_ratings([[1, 1], [2, 3], [4, 4], [5, 5]], {"j": [1, 3, 4, 1]}), "j", "agreement")
    assert found.human.value == 0.75
    assert found.judge.value == pytest.approx(np.mean([[1, 1], [0, 1], [1, 1], [0, 0]]))


def test_agreement_within_one_point_allows_exactly_one_point():
    found = compare_one(make_ratings([[1, 2], [2, 4], [3, 3]], {"j": [2, 2, 1]}), "j", "within_one")
    assert found.human.value == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("scale", "names"),
    [
        (None, {"agreement", "within_one", "kappa_quadratic", "kappa", "ac1", "alpha", "pearson", "mae"}),
        (Scale.integers(1, 3), {"agreement", "kappa_quadratic", "kappa", "ac1", "alpha", "pearson", "mae"}),
        (LABELS, {"agreement", "kappa", "ac1", "alpha"}),
    ],
)
def test_the_level_and_length_of_the_scale_decide_the_coefficients(scale, names):
    table = [[1, 1], [2, 2], [1, 2], [2, 1]]
    assert set(compare_all(make_ratings(table, {"j": [1, 2, 2, 1]}, scale=scale), "j")) == names


def test_scores_between_the_points_have_no_kappa_and_an_interval_alpha():
    found = compare_all(make_ratings(NEAR, {"j": [1.5, 2, 3, 4, 2, 5]}), "j")
    assert not {"kappa", "ac1"} & set(found)
    assert found["alpha"].title == "interval alpha"
    assert compare_all(make_ratings(NEAR, FAR_JUDGE), "far")["alpha"].title == "ordinal alpha"


@pytest.mark.parametrize(
    ("scale", "names"),
    [
        (None, {"agreement", "within_one", "kappa_quadratic", "mae"}),
        (Scale.integers(1, 3), {"agreement", "kappa_quadratic", "mae"}),
        (LABELS, {"agreement", "kappa"}),
    ],
)
def test_slots_have_the_coefficients_that_ignore_order(scale, names):
    table = [[1, 1], [2, 2], [1, 2], [2, 1]]
    ratings = make_ratings(table, {"j": [1, 2, 2, 1]}, scale=scale, slots=True)
    assert set(compare_all(ratings, "j")) == names


def test_mean_distance_of_slots_is_positive_too():
    found = compare_one(make_ratings(NEAR, FAR_JUDGE, slots=True), "far", "mae")
    assert found.human.value == pytest.approx(1)
    assert found.difference.value > 0


def test_verdicts_rest_on_kappa_of_labels_and_quadratic_kappa_of_scores():
    assert headline(make_ratings([[0, 1]], scale=LABELS)) == "kappa"
    assert headline(make_ratings([[1, 2]])) == "kappa_quadratic"


def test_clusters_widen_the_interval():
    table, judge = np.tile(NEAR, (4, 1)), np.tile(FAR_JUDGE["far"], 4)
    alone = compare_one(make_ratings(table, {"j": judge}), "j", "agreement").difference
    clusters = [str(i % 6) for i in range(24)]
    together = compare_one(make_ratings(table, {"j": judge}, clusters=clusters), "j", "agreement").difference
    assert (together.n_clusters, together.value) == (6, pytest.approx(alone.value))
    assert together.se > alone.se


def test_where_each_item_has_one_person_the_judge_is_compared_with_that_person():
    rng = np.random.default_rng(3)
    scores, judged = rng.integers(1, 6, (2, 40)).astype(float)
    people = np.full((40, 4), np.nan)
    people[np.arange(40), np.arange(40) % 4] = scores
    several, one = (make_ratings(values, {"j": judged}) for values in (people, scores[:, None]))
    for name, found in compare_all(several, "j").items():
        direct = compare_all(one, "j")[name]
        assert str(found.judge) == str(direct.judge)
        assert found.human.reason == direct.human.reason == "too_few_raters"


def test_one_item_with_two_people_keeps_persons_apart():
    values = np.array([[1, 2], [np.nan, 3], [4, np.nan]])
    ratings = make_ratings(values, {"j": np.array([1.0, 3.0, 4.0])})
    np.testing.assert_array_equal(people(ratings), values)
