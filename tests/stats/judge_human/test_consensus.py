import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import mode

from judge.stats.judge_human.consensus import consensus, humans_and_judge

TABLES = st.lists(
    st.lists(st.one_of(st.just(np.nan), st.integers(1, 4).map(float)), min_size=3, max_size=3),
    min_size=1,
    max_size=8,
)


@given(TABLES)
def test_majority_low_is_scipys_mode_and_majority_high_the_mode_from_above(table):
    ratings = np.array(table)
    expected = (
        mode(ratings, axis=1, nan_policy="omit").mode if not np.isnan(ratings).all(axis=1).any() else None
    )
    if expected is not None:
        np.testing.assert_array_equal(consensus(ratings, "majority_low"), expected)
        np.testing.assert_array_equal(
            consensus(ratings, "majority_high"), -mode(-ratings, axis=1, nan_policy="omit").mode
        )


@given(TABLES)
def test_majority_is_defined_exactly_where_low_and_high_agree(table):
    low, high = consensus(table, "majority_low"), consensus(table, "majority_high")
    np.testing.assert_array_equal(consensus(table, "majority"), np.where(low == high, low, np.nan))


@given(TABLES)
def test_mean_and_median_ignore_missing_ratings(table):
    for row, mean, median in zip(table, consensus(table), consensus(table, "median"), strict=True):
        rated = [v for v in row if not np.isnan(v)]
        assert (np.isnan(mean) and np.isnan(median)) if not rated else mean == pytest.approx(np.mean(rated))
        assert not rated or median == np.median(rated)


def test_no_ratings_at_all_have_no_consensus():
    for how in ("mean", "median", "majority", "majority_low", "majority_high"):
        assert np.isnan(consensus([[np.nan, np.nan]], how)).all()


def test_labels_become_positions_on_the_declared_scale_or_of_the_labels_found():
    humans, judge = humans_and_judge([["fail", "pass"], ["fail", None]], ["pass", None], ["fail", "pass"])
    np.testing.assert_array_equal(judge, [1, np.nan])
    np.testing.assert_array_equal(humans, [[0, 1], [0, np.nan]])
    assert humans_and_judge([["c"], ["a"]], ["b", "a"])[1].tolist() == [1, 0]


@pytest.mark.parametrize("shapes", [([1, 2], [1, 2]), ([[1], [2]], [[1], [2]]), ([[1], [2]], [1])])
def test_wrong_shapes_are_refused_with_what_was_expected(shapes):
    with pytest.raises(
        ValueError, match=r"humans must have shape \(n_items, n_humans\) and judge \(n_items,\)"
    ):
        humans_and_judge(*shapes)


def test_unknown_consensus_and_flat_ratings_are_refused():
    with pytest.raises(ValueError, match="consensus must be one of mean, median"):
        consensus([[1, 2]], "average")
    with pytest.raises(ValueError, match=r"got \(2,\)"):
        consensus([1, 2])
