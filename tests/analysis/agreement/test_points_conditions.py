"""Limits of a distance in points, and the numbers of points and of people at which an analysis begins."""

import math

import numpy as np
import pytest

from judge.analysis.agreement.bias import check_bias
from judge.analysis.agreement.coefficients import compare_all, compare_one
from judge.stats.engine.scale import Scale

from .conftest import make_aligned, make_ratings

NEAR = [[1, 2], [2, 3], [3, 5], [4, 4], [2, 1], [5, 4]]
FAR_JUDGE = {"far": [4, 5, 1, 2, 4, 2]}


@pytest.mark.parametrize("whose", ["human", "judge", "difference"])
def test_the_limits_of_a_distance_are_those_of_its_negative_exchanged(whose):
    found = compare_one(make_ratings(NEAR, FAR_JUDGE), "far", "mae")
    distance, negative = getattr(found, whose), getattr(found.ceiling, whose)
    assert distance.low == -negative.high
    assert distance.high == -negative.low
    assert distance.possible == ((-4, 4) if whose == "difference" else (0, 4))  # points of a scale of 1 to 5
    assert distance.low < distance.value < distance.high


def test_people_who_always_agree_are_plus_zero_points_apart():
    found = compare_one(make_ratings([[1, 1], [3, 3], [4, 4]], {"j": [2, 3, 4]}), "j", "mae")
    assert math.copysign(1, found.human.value) == 1
    assert found.human.value == 0


@pytest.mark.parametrize("slots", [False, True])
@pytest.mark.parametrize(("points", "within"), [(3, False), (4, True)])
def test_agreement_within_a_point_begins_at_four_points(points, within, slots):
    ratings = make_ratings(
        [[1, 1], [2, 2], [1, 2], [2, 1]], {"j": [1, 2, 2, 1]}, scale=Scale.integers(1, points), slots=slots
    )
    assert ("within_one" in compare_all(ratings, "j")) is within


@pytest.mark.parametrize("slots", [False, True])
def test_agreement_within_a_point_counts_a_distance_of_one_and_not_of_two(slots):
    table = [[1, 2], [2, 4], [3, 3], [5, 2]]
    found = compare_one(make_ratings(table, {"j": [2, 2, 1, 5]}, slots=slots), "j", "within_one")
    assert found.human.value == pytest.approx(2 / 4)
    assert found.judge.value == pytest.approx((2 + 1 + 0 + 1) / 8)


@pytest.mark.parametrize(
    ("people", "checked"), [(1, set()), (2, {"length", "halo"}), (3, {"length", "halo"})]
)
def test_length_and_halo_are_checked_from_two_people_on(people, checked):
    rng = np.random.default_rng(4)
    quality = rng.normal(3, 1, 40)

    def dimension(name):
        humans = np.clip(np.round(quality[:, None] + rng.normal(0, 0.5, (40, people))), 1, 5)
        return make_ratings(humans, {"j": np.clip(quality, 1, 5)}, dimension=name)

    answers = ["word " * (1 + i % 5) for i in range(40)]
    found = check_bias(make_aligned(*map(dimension, "abc"), answers=answers), "j")
    assert {check.name for check in found} - {"order"} == checked
