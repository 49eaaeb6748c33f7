"""What a paired difference counts."""

import math

from judge.stats.systems.paired import paired_proportions


def test_marks_without_a_partner_are_dropped_and_counted():
    a, b = [1, 0, 1, None, 1], [1, 1, None, None, 0]
    found = paired_proportions(a, b)
    assert (found.n_items, found.n_ratings, found.n_clusters, found.n_dropped) == (3, 6, 3, 1)
    assert math.isclose(found.value, 0, abs_tol=1e-15)


def test_no_complete_pair_is_undefined_and_all_marks_are_dropped():
    found = paired_proportions([1, None], [None, 0])
    assert (found.reason, found.n_dropped) == ("no_complete_pairs", 2)
