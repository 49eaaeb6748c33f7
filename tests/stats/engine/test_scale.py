import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from judge.stats import krippendorff_alpha
from judge.stats.engine.scale import Scale, as_floats, as_objects, as_scale, nearest_position


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([], "at least one value"),
        ([1, 2, 2], "no value twice"),
        ([2, 1], "must be finite and ascend"),
        ([1, math.nan], "must be finite and ascend"),
        ([1, "two"], "either numbers or labels"),
    ],
)
def test_a_scale_that_makes_no_sense_is_refused(values, message):
    with pytest.raises(ValueError, match=message):
        Scale(values)


def test_an_unknown_kind_is_refused_with_the_allowed_ones():
    with pytest.raises(ValueError, match="nominal, ordinal, interval, ratio; got 'likert'"):
        Scale([1, 2], "likert")


def test_a_value_off_the_scale_is_an_error_that_says_where():
    with pytest.raises(
        ValueError, match=r"rating 6\.?0? at position \(1, 0\) is off the scale .* 1, 2, 3, 4, 5"
    ):
        Scale.integers(1, 5).encode([[1, 2], [6, None]])


def test_an_unknown_label_is_an_error_that_says_where():
    with pytest.raises(ValueError, match=r"rating maybe at position \(1,\) .* fail, pass"):
        Scale(["fail", "pass"]).encode(["pass", "maybe", None])


def test_labels_are_compared_by_position_and_numbers_by_value():
    assert Scale(["low", "mid", "high"]).points.tolist() == [0, 1, 2]
    assert Scale([0, 1, 5]).points.tolist() == [0, 1, 5]


def test_none_and_nan_are_missing_for_labels_too():
    assert np.isnan(Scale(["a", "b"]).encode(["a", None, math.nan])).tolist() == [False, True, True]


def test_numpy_numbers_make_the_same_scale_as_plain_ones():
    assert Scale(np.arange(1, 6)) == Scale.integers(1, 5)
    assert len({Scale(np.arange(1, 6)), Scale([1, 2, 3, 4, 5])}) == 1


def test_a_plain_sequence_becomes_an_ordinal_scale_and_none_stays_none():
    assert as_scale([1, 2]) == Scale([1, 2], "ordinal")
    assert as_scale(None) is None


def test_words_without_a_scale_are_refused_with_the_way_out():
    with pytest.raises(ValueError, match=r"labels need scale=\[...\]"):
        as_floats(["good", "bad"])


def test_an_infinite_rating_is_refused():
    with pytest.raises(ValueError, match="infinite"):
        as_floats([1.0, math.inf])


def test_rows_of_unequal_length_are_refused():
    with pytest.raises(ValueError, match="rows of one length"):
        as_objects([np.array([[1, 2]]), np.array([[1, 2, 3]])])


def test_a_rating_that_rounding_moved_is_on_the_scale():
    assert Scale([0.1, 0.2, 0.3]).encode([0.1 + 0.2, None]).tolist()[0] == 0.3
    with pytest.raises(ValueError, match=r"rating 0\.31 at position"):
        Scale([0.1, 0.2, 0.3]).encode([0.31])


def test_pandas_na_is_missing_like_none_and_nan():
    pd = pytest.importorskip("pandas")
    values = as_floats(pd.Series([1, 2, pd.NA], dtype="Int64"))
    assert values[:2].tolist() == [1.0, 2.0]
    assert math.isnan(values[2])
    assert math.isnan(Scale(["a", "b"]).encode(pd.Series(["a", pd.NA], dtype="string"))[1])


def test_alpha_takes_a_series_with_pandas_na():
    pd = pytest.importorskip("pandas")
    ratings = pd.Series([1, 2, pd.NA], dtype="Int64"), pd.Series([1, 2, 3])
    assert krippendorff_alpha(*ratings, level="ordinal").value == 1.0


def test_an_array_of_floats_holds_positions_on_a_scale_of_labels():
    scale = Scale(["fail", "pass"], "nominal")
    assert scale.encode(np.array([1.0, 0.0])).tolist() == [1.0, 0.0]
    with pytest.raises(ValueError, match="off the scale"):
        scale.encode(np.array([2.0]))


@given(
    st.lists(st.floats(0, 6, allow_subnormal=False), max_size=20),
    st.sampled_from([[1.0, 2, 3, 4, 5], [0.0, 2, 5], [0.0, 0.25, 1.0], [3.0]]),
)
def test_nearest_position_is_the_point_at_the_smallest_distance(values, points):
    for value, position in zip(values, nearest_position(np.array(values), np.array(points)), strict=True):
        whole = np.array_equal(points, np.round(points))
        distances = np.abs(np.array(points) - (np.round(value) if whole else value))
        assert distances[position] == pytest.approx(distances.min(), abs=1e-12)


def test_halves_between_whole_points_go_to_the_even_one_and_missing_values_nowhere():
    assert nearest_position(np.array([1.5, 2.5, 3.5, np.nan]), np.arange(1.0, 6)).tolist() == [1, 1, 3, -1]


def test_position_on_consecutive_numbers_equals_that_found_by_search():
    values = np.array([-9.0, 0.4, 0.5, 1.5, 2.0, 2.5, 3.49, 4.5, 99.0, np.nan])
    points = np.arange(4.0)
    searched = np.searchsorted((points[1:] + points[:-1]) / 2, np.round(values))
    assert nearest_position(values, points).tolist() == [*searched[:-1], -1]
