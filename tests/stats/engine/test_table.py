import numpy as np
import pytest

from judge.stats.engine.table import read_table


def test_two_lists_are_two_columns():
    assert read_table(([1, 2, 3], [1, None, 3])).values.shape == (3, 2)


def test_lists_of_unequal_length_are_refused():
    with pytest.raises(ValueError, match=r"one list per rater, all of one length; got shapes \(2,\), \(3,\)"):
        read_table(([1, 2, 3], [1, 2]))


def test_a_single_list_is_refused_because_raters_are_columns():
    with pytest.raises(ValueError, match=r"shape \(n_items, n_raters\), got \(3,\)"):
        read_table(([1, 2, 3],))


def test_labels_without_a_scale_are_nominal_only():
    table = read_table((["pass", "fail"], ["pass", None]))
    assert table.distances(None).tolist() == [[0, 1], [1, 0]]
    with pytest.raises(ValueError, match="weights='linear' needs the order of the labels"):
        table.distances("linear")


def test_unknown_weights_are_refused_with_the_allowed_ones():
    with pytest.raises(ValueError, match="None, 'linear', 'quadratic' or a table; got 'cubic'"):
        read_table(([1, 2], [1, 2])).distances("cubic")


def test_own_weights_need_a_declared_scale():
    with pytest.raises(ValueError, match=r"needs scale=\[...\]"):
        read_table(([1, 2], [1, 2])).distances(np.zeros((2, 2)))


@pytest.mark.parametrize("weights", [np.zeros((3, 3)), np.eye(2), np.array([[0, -1], [1, 0]])])
def test_own_weights_that_are_no_disagreement_are_refused(weights):
    with pytest.raises(ValueError, match="2 x 2 table of disagreement"):
        read_table(([1, 2], [1, 2]), scale=[1, 2]).distances(weights)


def test_counts_are_ratings_per_category_of_the_declared_scale():
    table = read_table(([[1, 1, None], [3, 1, 3]],), scale=[1, 2, 3])
    assert table.counts.tolist() == [[2, 0, 0], [1, 0, 2]]


def test_agreement_weights_of_a_single_category_are_one():
    assert read_table(([1, 1], [1, 1])).agreement_weights("quadratic").tolist() == [[1]]


def test_what_differs_by_rounding_only_is_one_category():
    table = read_table(([0.1 + 0.2, 0.3, 0.7], [0.3, 0.1 + 0.2, 0.1 * 7]))
    assert table.points.tolist() == [0.3, 0.7]
    assert (table.values[:, 0] == table.values[:, 1]).all()


def test_small_scores_of_one_order_stay_apart():
    assert read_table(([1e-12, 2e-12], [3e-12, 4e-12])).points.tolist() == [1e-12, 2e-12, 3e-12, 4e-12]


def test_labels_mixed_with_numbers_are_refused():
    with pytest.raises(ValueError, match=r"ratings mix labels and numbers \(such as 1\)"):
        read_table(([1, "a"], ["a", None]))
