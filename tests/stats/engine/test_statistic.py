import math

import numpy as np
import pytest

from judge.stats.engine.statistic import (
    Statistic,
    bilinear,
    combine,
    difference,
    quotient,
    undefined_statistic,
)


def mean_of(values, **fields):
    values = np.asarray(values, dtype=float)
    sums = np.column_stack([values, np.ones(len(values))])
    return Statistic(sums, lambda totals: quotient(totals[:, 0], totals[:, 1]), **fields)


def test_a_difference_is_taken_row_by_row_of_the_weights():
    a, b = mean_of([1, 2, 3]), mean_of([3, 2, 2])
    weights = np.array([[1, 1, 1], [2, 0, 1], [0, 3, 0]])
    assert difference(a, b).evaluate(weights) == pytest.approx(a.evaluate(weights) - b.evaluate(weights))


def test_codes_stand_for_their_one_hot_table():
    codes = np.array([0, 2, 2, 1])
    counted = Statistic(codes, lambda totals: totals[:, 2])
    assert counted.value() == 2
    assert counted.evaluate([[0, 5, 1, 0]]).tolist() == [6]
    assert difference(counted, mean_of([0, 0, 0, 4])).value() == 1


def test_combined_statistics_keep_reasons_and_notes():
    a, b = mean_of([1, 2], notes=("x",)), mean_of([1, 2], reason="no_ratings", notes=("x", "y"))
    both = combine(np.add, a, b)
    assert both.reason == "no_ratings"
    assert both.notes == ("x", "y")
    assert math.isnan(both.value())


def test_a_difference_with_an_undefined_part_takes_over_its_reason():
    undefined = Statistic(np.zeros((2, 1)), lambda t: t[:, 0] * np.nan, undefined="zero_denominator")
    assert difference(mean_of([1, 2]), undefined).undefined == "zero_denominator"


def test_an_undefined_statistic_is_nan_whatever_the_weights():
    statistic = undefined_statistic(3, "no_ratings")
    assert math.isnan(statistic.value())
    assert np.isnan(statistic.evaluate(np.ones((4, 3)))).all()


def test_rounding_errors_in_a_denominator_count_as_zero():
    assert np.isnan(quotient(1.0, 0.1 + 0.2 - 0.3))


def test_bilinear_forms_go_over_leading_axes():
    left = np.arange(12.0).reshape(2, 3, 2)
    expected = [[row @ np.ones((2, 2)) @ row for row in block] for block in left]
    assert bilinear(left, np.ones((2, 2)), left).tolist() == expected


def test_a_difference_rests_on_no_more_items_than_the_lesser_part():
    many, few = mean_of(np.arange(50.0), n_items=50), mean_of(np.arange(50.0), n_items=4)
    assert difference(many, few).n_items == difference(few, many).n_items == 4
    assert difference(mean_of(np.arange(50.0)), few).n_items == 4


def test_codes_of_many_values_combine_without_one_hot_tables():
    """Side by side the tables of 3,000 codes each would hold 18 million numbers."""
    a, b = np.random.default_rng(0).permuted(np.tile(np.arange(3000), (2, 1)), axis=1)
    first, second = (Statistic(codes, lambda t, at=codes[7]: t[:, at]) for codes in (a, b))
    both = combine(lambda x, y: 10 * x + y, first, second)
    assert both.sums.shape == (3000,)
    weights = np.random.default_rng(1).integers(0, 4, (3, 3000))
    assert both.evaluate(weights) == pytest.approx(10 * first.evaluate(weights) + second.evaluate(weights))
