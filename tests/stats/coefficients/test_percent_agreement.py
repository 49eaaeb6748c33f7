from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from judge.stats import percent_agreement, unanimous

sizes = st.tuples(st.integers(1, 12), st.integers(2, 4))
ratings_with_gaps = arrays(float, sizes, elements=st.sampled_from([1, 2, 3, 4, np.nan]))


@given(ratings_with_gaps, st.sampled_from([0, 1, 2]))
def test_agreement_is_the_mean_over_items_of_the_share_of_agreeing_pairs(ratings, tolerance):
    shares = []
    for row in ratings:
        pairs = list(combinations(row[~np.isnan(row)], 2))
        if pairs:
            shares.append(np.mean([abs(a - b) <= tolerance for a, b in pairs]))
    result = percent_agreement(ratings, tolerance=tolerance)
    assert result.value == pytest.approx(np.mean(shares) if shares else np.nan, nan_ok=True)
    assert result.n_items == len(shares)


def test_items_count_equally_whatever_their_number_of_raters():
    # One item with three agreeing raters, one with two that differ: 1/2, not 3/4.
    assert percent_agreement([[1, 1, 1], [1, 2, None]]).value == 0.5


def test_tolerance_survives_floating_point():
    assert percent_agreement([4.2, 0.3], [3.7, 0.8], tolerance=0.5).value == 1.0


def test_unanimous_uses_complete_items_only():
    result = unanimous([[1, 1, 1], [1, 1, 2], [3, 3, None]])
    assert (result.value, result.n_items, result.n_dropped) == (0.5, 2, 2)


def test_unanimous_allows_a_spread_within_the_tolerance():
    assert unanimous([[1, 2, 1], [1, 2, 3]], tolerance=1).value == 0.5


def test_perfect_agreement_gets_a_wilson_interval():
    result = percent_agreement([1, 2, 3, 4], [1, 2, 3, 4])
    assert (result.value, result.high) == (1.0, 1.0)
    assert 0.5 < result.low < 1


def test_labels_agree_or_not_without_an_order_but_have_no_distance():
    assert percent_agreement(["pass", "fail"], ["pass", "pass"]).value == 0.5
    with pytest.raises(ValueError, match="tolerance=1 needs the order of the labels"):
        percent_agreement(["pass", "fail"], ["pass", "pass"], tolerance=1)


def test_labels_on_a_declared_scale_have_a_distance():
    scale = ["poor", "fair", "good"]
    assert percent_agreement(["poor", "good"], ["fair", "poor"], tolerance=1, scale=scale).value == 0.5


def test_a_negative_tolerance_is_refused():
    with pytest.raises(ValueError, match="must not be negative, got -1"):
        percent_agreement([1], [1], tolerance=-1)


def test_a_rating_off_the_scale_is_refused():
    with pytest.raises(ValueError, match="rating 7 at position"):
        percent_agreement([1, 7], [1, 2], scale=[1, 2, 3])
