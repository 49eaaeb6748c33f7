"""Checks of a judge's biases: when they apply and what they find."""

import numpy as np
import pytest

from judge.analysis.agreement.bias import BiasCheck, check_bias
from judge.stats.engine.estimate import Estimate
from judge.stats.engine.scale import Scale

from .conftest import make_aligned, make_ratings

LENGTHS = [2 ** (1 + i % 5) for i in range(40)]
ANSWERS = ["word " * n for n in LENGTHS]
QUALITY = np.random.default_rng(1).normal(3, 0.8, 40)


def dimension(name="a", n=40, *, per_doubling=0.0, missing=(), **more):
    noise = np.random.default_rng(ord(name[0])).normal(0, 0.4, (n, 2))
    people = np.clip(np.round(QUALITY[:n, None] + noise), 1, 5)
    scores = QUALITY[:n] + per_doubling * (np.log2(LENGTHS[:n]) - 3)
    scores[list(missing)] = np.nan
    return make_ratings(people, {"j": np.clip(scores, 1, 5)}, dimension=name, **more)


def names(*dimensions, answers=ANSWERS):
    n = len(dimensions[0].items)
    return [(c.name, c.dimension) for c in check_bias(make_aligned(*dimensions, answers=answers[:n]), "j")]


def test_a_judge_that_prefers_long_answers_stands_out_by_points_per_doubling():
    (found,) = check_bias(make_aligned(dimension(per_doubling=0.5), answers=ANSWERS), "j")
    assert found.name == "length"
    assert found.difference.value == pytest.approx(0.5, abs=0.15)
    assert found.stands_out


def test_a_judge_without_length_bias_does_not_stand_out():
    (found,) = check_bias(make_aligned(dimension(), answers=ANSWERS), "j")
    assert not found.stands_out


@pytest.mark.parametrize(
    ("low", "high", "stands_out"), [(0.1, 0.3, True), (-0.3, -0.1, True), (-0.1, 0.1, False), (0, 0.2, False)]
)
def test_a_difference_stands_out_on_either_side_of_zero(low, high, stands_out):
    check = BiasCheck("x", "x", "", "points", None, None, Estimate((low + high) / 2, low, high))
    assert check.stands_out is stands_out


def test_halo_takes_three_dimensions_of_their_own():
    three = [dimension(name) for name in ("a", "b", "c")]
    assert ("halo", "") in names(*three)
    assert ("halo", "") not in names(*three[:2], dimension("overall"), dimension("passes"))


def test_halo_compares_the_mean_correlation_of_judge_and_people():
    rng = np.random.default_rng(3)
    people = [np.clip(np.round(rng.normal(3, 1, (40, 1)) + rng.normal(0, 0.3, (40, 2))), 1, 5) for _ in "abc"]
    same = np.clip(np.round(QUALITY), 1, 5)
    dimensions = [make_ratings(p, {"j": same}, dimension=n) for n, p in zip("abc", people, strict=True)]
    halo = next(c for c in check_bias(make_aligned(*dimensions), "j") if c.name == "halo")
    assert halo.judge.value == pytest.approx(1)
    assert abs(halo.human.value) < 0.3
    assert halo.difference.value == pytest.approx(halo.judge.value - halo.human.value)


@pytest.mark.parametrize(("n", "checked"), [(19, False), (20, True)])
def test_a_dimension_needs_twenty_rated_items(n, checked):
    assert bool(names(dimension(n=n))) is checked


def test_labels_are_not_checked():
    ratings = make_ratings([[0, 1]] * 40, {"j": [1] * 40}, scale=Scale(("x", "y"), "nominal"))
    assert names(ratings) == []


def test_answers_of_two_lengths_say_nothing_about_length():
    assert names(dimension(), answers=["a", "a b"] * 20) == []
    assert names(dimension(), answers=["a", "a b", "a b c", "a b c d"] * 10) == [("length", "a")]


def test_slots_and_single_people_have_no_length_check():
    assert names(dimension(slots=True)) == []
    one = dimension()
    assert names(one.with_raters(["p0", "j"])) == []


def test_missing_scores_are_compared_with_the_others_unless_none_or_all_are_missing():
    worst = np.argsort(QUALITY)[:8]
    aligned = make_aligned(dimension(missing=worst), answers=["same"] * 40)
    (found,) = check_bias(aligned, "j")
    assert (found.name, found.difference.value < -0.5) == ("missing", True)
    assert names(dimension(missing=range(40)), answers=["same"] * 40) == []
    assert names(dimension(), answers=["same"] * 40) == []
