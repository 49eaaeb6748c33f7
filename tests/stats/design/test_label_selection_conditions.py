"""Strata at the limits of what is allowed."""

import pytest

from judge.stats.design.label_selection import neyman_allocation


def test_an_empty_stratum_gets_no_labels():
    assert neyman_allocation([10, 0], [0.5, 0.5], 4, floor=2).tolist() == [4, 0]


def test_a_stratum_of_equal_items_gets_its_floor():
    assert neyman_allocation([10, 10], [0.5, 0.0], 8, floor=2).tolist() == [6, 2]


@pytest.mark.parametrize("n_labels", [2, 12])
def test_as_many_labels_as_the_floors_or_the_pool_are_allowed(n_labels):
    assert neyman_allocation([6, 6], [1.0, 1.0], n_labels, floor=1).sum() == n_labels


@pytest.mark.parametrize("n_labels", [1, 13])
def test_fewer_labels_than_the_floors_or_more_than_the_pool_are_refused(n_labels):
    with pytest.raises(ValueError, match=f"between 2 .* and 12 .* got {n_labels}"):
        neyman_allocation([6, 6], [1.0, 1.0], n_labels, floor=1)


@pytest.mark.parametrize(
    ("sizes", "sds"), [([5, -1], [1, 1]), ([5, 5], [1, -1]), ([5, 5], [1, float("nan")])]
)
def test_negative_and_missing_sizes_and_deviations_are_refused(sizes, sds):
    with pytest.raises(ValueError, match="must not be negative or missing"):
        neyman_allocation(sizes, sds, 4)
