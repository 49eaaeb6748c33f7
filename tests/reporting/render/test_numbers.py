"""How numbers, p-values and intervals are written."""

import math

import pytest

from judge.reporting.render.numbers import ABSENT, cell_text, interval_text, number_text, p_text
from judge.stats.engine.estimate import Estimate

UNDEFINED = Estimate(math.nan, math.nan, math.nan, reason="no_ratings")
NO_INTERVAL = Estimate(0.5, math.nan, math.nan, reason="too_few_items")


@pytest.mark.parametrize(
    ("value", "kind", "expected"),
    [
        (0.795, "share", "79.5 %"),
        (0, "share", "0.0 %"),
        (1, "share", "100.0 %"),
        (-0.031, "points", "-3.1"),
        (0.031, "points", "+3.1"),
        (-0.0004, "points", "0.0"),
        (0.0004, "points", "0.0"),
        (0.0006, "points", "+0.1"),
        (0.1, "change", "+0.10"),
        (-0.1, "change", "-0.10"),
        (0.004, "change", "0.00"),
        (-0.004, "change", "0.00"),
        (0.006, "change", "+0.01"),
        (3.146, "score", "3.15"),
        (-0.001, "score", "0.00"),
        (7380, "count", "7,380"),
        (7380.0, "count", "7,380"),
        (12.5229, "number", "12.5"),
        (3.0, "number", "3"),
        (17_680_800, "number", "17,680,800"),
        (1234567.0, "number", "1,230,000"),
        (-0.0, "number", "0"),
        (0.00012345, "number", "0.000123"),
    ],
)
def test_a_number_has_the_digits_and_the_sign_of_its_kind(value, kind, expected):
    assert number_text(value, kind) == expected


@pytest.mark.parametrize(
    ("p", "expected"),
    [
        (0, "<.001"),
        (0.00099, "<.001"),
        (0.001, ".001"),
        (0.0123, ".012"),
        (0.5, ".500"),
        (0.999, ".999"),
        (0.9991, ">.999"),
        (1, ">.999"),
        (math.nan, ABSENT),
    ],
)
def test_a_p_value_has_three_decimals_and_is_never_rounded_to_zero_or_one(p, expected):
    assert p_text(p) == expected
    assert cell_text(p, "p") == expected


@pytest.mark.parametrize(
    ("cell", "expected"), [(None, ABSENT), (math.nan, ABSENT), ("a text", "a text"), ("", "")]
)
def test_missing_cells_are_a_dash_and_texts_stay_as_they_are(cell, expected):
    assert cell_text(cell, "share") == expected
    assert cell_text(cell, "p") == expected


def test_an_undefined_estimate_is_a_dash_with_its_reason():
    assert cell_text(UNDEFINED, "share") == "– (no ratings)"
    assert cell_text(UNDEFINED, "share", compact=True) == ABSENT
    assert cell_text(Estimate(math.nan, math.nan, math.nan), "share") == ABSENT


def test_an_estimate_without_an_interval_says_why_in_its_place():
    assert cell_text(NO_INTERVAL, "share") == "50.0 % [too few items]"
    assert interval_text(NO_INTERVAL, "share") == "[too few items]"
    assert interval_text(Estimate(0.5, math.nan, math.nan), "share") == ""
    assert cell_text(Estimate(0.5, math.nan, math.nan), "share") == "50.0 %"
    assert cell_text(Estimate(0.5, math.nan, math.nan), "share", compact=True) == "50.0 %"


@pytest.mark.parametrize(
    ("estimate", "kind", "expected"),
    [
        (Estimate(0.795, 0.784, 0.805), "share", "79.5 % [78.4, 80.5]"),
        (Estimate(-0.031, -0.052, 0.01), "points", "-3.1 [-5.2, 1.0]"),
        (Estimate(0.1, -0.05, 0.25), "change", "+0.10 [-0.05, 0.25]"),
        (Estimate(3.18, 3.14, 3.22), "score", "3.18 [3.14, 3.22]"),
        (Estimate(0.5, 0.25, 1234.0), "number", "0.5 [0.25, 1,230]"),
    ],
)
def test_limits_have_the_unit_of_the_value_and_no_plus(estimate, kind, expected):
    assert cell_text(estimate, kind) == expected


@pytest.mark.parametrize(
    ("estimate", "kind", "expected"),
    [
        (Estimate(0.795, 0.784, 0.805), "share", "80 [78, 80]"),
        (Estimate(3.18, 3.14, 3.22), "score", "3.18 ±0.04"),
        (Estimate(0.1, 0.05, 0.15), "change", "+0.10 ±0.05"),
        (Estimate(3.18, 3.14, 3.30), "score", "3.18 [3.14, 3.30]"),
        (Estimate(3.18, 3.06, 3.22), "score", "3.18 [3.06, 3.22]"),
        (Estimate(-0.031, -0.052, -0.01), "points", "-3.1 [-5.2, -1.0]"),
    ],
)
def test_compact_cells_round_shares_and_join_only_symmetric_intervals(estimate, kind, expected):
    assert cell_text(estimate, kind, compact=True) == expected
