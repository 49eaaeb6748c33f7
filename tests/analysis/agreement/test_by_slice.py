"""Agreement in slices, and the largest disagreements."""

import numpy as np
import pytest
from scipy import stats

from judge.analysis.agreement.by_slice import agreement_by_slice, disagreements
from judge.errors import InputError
from judge.stats.engine.scale import Scale

from .conftest import make_aligned, make_ratings


def study(n=60, fields=None, **more):
    rng = np.random.default_rng(2)
    quality = rng.normal(3, 1, n)
    people = np.clip(np.round(quality[:, None] + rng.normal(0, 0.6, (n, 3))), 1, 5)
    ratings = make_ratings(people, {"j": np.clip(np.round(quality + rng.normal(0, 0.8, n)), 1, 5)}, **more)
    return make_aligned(ratings, metadata=[fields(i) if fields else {"kind": "xy"[i % 2]} for i in range(n)])


def test_crossed_numbers_are_sorted_as_numbers():
    aligned = study(fields=lambda i: {"size": (10, 9)[i % 2], "level": (2, 11)[i // 2 % 2]})
    labels = [one.label for one in agreement_by_slice(aligned, ["size*level"])]
    assert labels == ["9 * 2", "9 * 11", "10 * 2", "10 * 11"]


def test_slices_without_a_rated_item_are_left_out():
    people = [[1, 2], [3, 4], [np.nan, np.nan]]
    aligned = make_aligned(
        make_ratings(people, {"j": [1, 2, 3]}), metadata=[{"k": "a"}, {"k": "a"}, {"k": "b"}]
    )
    assert [one.label for one in agreement_by_slice(aligned, ["k"])] == ["a"]


def test_a_slice_has_the_means_of_people_and_judge_and_their_difference():
    aligned = make_aligned(
        make_ratings([[1, 2], [3, 4], [5, np.nan]], {"j": [2, np.nan, 4]}), metadata=[{"k": "a"}] * 3
    )
    (found,) = agreement_by_slice(aligned, ["k"])
    assert found.n_both == 2
    assert found.human_mean.value == pytest.approx((1.5 + 3.5 + 5) / 3)
    assert found.judge_mean.value == pytest.approx(3)
    assert found.bias.value == pytest.approx((0.5 - 1) / 2)


def test_p_is_students_t_of_the_difference_over_the_error_of_its_interval():
    found = agreement_by_slice(study(), ["kind"])[0]
    difference = found.comparison.difference
    df = difference.n_clusters - 1
    se = (difference.high - difference.value) / stats.t.ppf(0.975, df)  # allows for the added items
    expected = 2 * stats.t.sf(abs(difference.value / se), df)
    assert se > difference.se
    assert found.p == pytest.approx(expected)


def test_p_is_adjusted_over_the_slices_of_all_fields():
    aligned = study(fields=lambda i: {"k": "xy"[i % 2], "m": "xy"[i // 30]})
    found = agreement_by_slice(aligned, ["k", "m"])
    smallest = min(found, key=lambda one: one.p)
    assert (len(found), smallest.p_adjusted) == (4, pytest.approx(min(1.0, 4 * smallest.p)))


def test_no_field_gives_no_slice():
    assert agreement_by_slice(study(), []) == []


@pytest.mark.parametrize(("n", "small"), [(19, True), (20, False)])
def test_a_slice_is_small_below_twenty_items(n, small):
    assert agreement_by_slice(study(n, lambda _: {"k": "a"}), ["k"])[0].small is small


def test_too_many_values_are_refused():
    with pytest.raises(InputError, match=r"201 values in 201 items.*--cluster k"):
        agreement_by_slice(study(201, lambda i: {"k": str(i)}), ["k"])


def test_an_unknown_field_says_where_fields_may_come_from():
    with pytest.raises(InputError, match=r"no item has the field 'z'; found: kind\. .*--items FILE"):
        agreement_by_slice(study(), ["z"])


def test_disagreements_are_sorted_by_the_largest_then_the_sum_then_the_input():
    first = make_ratings([[1, 1]] * 4, {"j": [1, 3, 3, 3]}, dimension="a")
    second = make_ratings([[5, 5]] * 4, {"j": [5, 5, 4, 5]}, dimension="b")
    found = disagreements(make_aligned(first, second), "j", 5)
    assert [(d.item, d.dimension, d.distance) for d in found] == [(2, "a", 2), (1, "a", 2), (3, "a", 2)]


def test_a_disagreement_has_the_sign_of_judge_minus_people_and_the_worst_dimension():
    first = make_ratings([[3, 3]], {"j": [4]}, dimension="a")
    second = make_ratings([[5, 4]], {"j": [1]}, dimension="b")
    (found,) = disagreements(make_aligned(first, second), "j", 5)
    assert (found.dimension, found.distance) == ("b", -3.5)


def test_only_the_asked_number_of_disagreements_is_listed():
    ratings = make_ratings([[1, 1]] * 4, {"j": [2, 3, 4, 5]})
    assert [d.item for d in disagreements(make_aligned(ratings), "j", 2)] == [3, 2]


def test_the_derived_verdict_is_listed_only_where_it_is_all_there_is():
    passes = make_ratings([[1, 1], [0, 0]], {"j": [0, 0]}, dimension="passes", scale=Scale((0, 1), "nominal"))
    score = make_ratings([[3, 3], [3, 3]], {"j": [3, 4]}, dimension="a")
    assert [d.dimension for d in disagreements(make_aligned(score, passes), "j", 5)] == ["a"]
    assert [(d.dimension, d.distance) for d in disagreements(make_aligned(passes), "j", 5)] == [("passes", 1)]


def test_labels_differ_or_not_and_have_no_distance():
    scale = Scale(("a", "b", "c"), "nominal")
    ratings = make_ratings([[0, 0], [2, 2], [1, 1]], {"j": [2, 1, 1]}, scale=scale)
    assert [(d.item, d.distance) for d in disagreements(make_aligned(ratings), "j", 5)] == [(0, 1), (1, 1)]
