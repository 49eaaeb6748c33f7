"""Scores -> Ratings."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from judge.analysis.ratings import ratings_matrix, reduce_samples
from judge.errors import InputError
from judge.records import Score
from judge.stats.engine.scale import Scale

SCALE = Scale.integers(1, 5)


def score(item, rater, value=None, *, kind="human", sample=0, status="ok", dimension="clarity"):
    return Score(
        item_id=item,
        rater=rater,
        rater_kind=kind,
        dimension=dimension,
        sample=sample,
        value=value,
        status=status,
    )


def test_people_and_judges_are_columns_of_one_matrix():
    found = ratings_matrix([score("a", "Ann", 4), score("a", "robot", 2, kind="judge")], "clarity", SCALE)
    assert (found.raters, found.is_judge.tolist()) == (("Ann", "robot"), [False, True])
    assert found.values.tolist() == [[4, 2]]


def test_a_missing_score_is_nan_and_its_status_is_counted():
    found = ratings_matrix([score("a", "Ann", 4), score("b", "Ann", status="refused")], "clarity", SCALE)
    assert np.isnan(found.values[1, 0])
    assert found.statuses == {"Ann": {"ok": 1, "refused": 1}}


def test_other_dimensions_are_passed_over():
    found = ratings_matrix([score("a", "Ann", 4), score("b", "Ann", 1, dimension="wit")], "clarity", SCALE)
    assert found.items == ("a",)


def test_unknown_dimension_is_an_error_that_lists_the_known_ones():
    with pytest.raises(InputError, match=r"no scores for dimension 'fluency' \(found: clarity\)"):
        ratings_matrix([score("a", "Ann", 4)], "fluency", SCALE)


@pytest.mark.parametrize("second", [score("a", "Ann", 5), score("a", "Ann", status="failed")])
def test_second_score_of_one_rater_for_one_item_is_an_error(second):
    with pytest.raises(
        InputError, match="second score for item 'a', rater 'Ann', dimension 'clarity', sample 0"
    ):
        ratings_matrix([score("a", "Ann", 4), second], "clarity", SCALE)


def test_one_name_cannot_be_a_person_and_a_judge():
    with pytest.raises(InputError, match="'Ann' is a person in one row and a judge in another"):
        ratings_matrix([score("a", "Ann", 4), score("b", "Ann", 4, kind="judge")], "clarity", SCALE)


def test_a_text_cannot_be_a_rating():
    with pytest.raises(InputError, match="only numbers can be compared"):
        ratings_matrix([score("a", "Ann", "good")], "clarity", SCALE)


def test_wanted_items_fix_rows_and_their_order():
    found = ratings_matrix([score("a", "Ann", 1), score("b", "Ann", 2)], "clarity", SCALE, items=["c", "b"])
    assert np.array_equal(found.values, [[np.nan], [2.0]], equal_nan=True)
    assert found.statuses == {"Ann": {"ok": 1}}


def test_repeats_are_a_third_axis_and_never_raters():
    rows = [score("a", "robot", v, kind="judge", sample=s) for s, v in enumerate([2, 5, 5])]
    found = ratings_matrix(rows, "clarity", SCALE)
    assert (found.samples.shape, found.values.tolist(), found.n_samples) == ((1, 1, 3), [[2]], 3)
    assert ratings_matrix(rows, "clarity", SCALE, reduction="mean").values.tolist() == [[4]]
    assert ratings_matrix(rows, "clarity", SCALE, reduction="median").values.tolist() == [[5]]


def test_majority_without_a_winner_is_missing():
    assert np.isnan(reduce_samples(np.array([[1.0, 2.0]]), "majority")).all()


@pytest.mark.parametrize("reduction", ["first", "mean", "median", "majority"])
def test_all_repeats_missing_is_missing(reduction):
    assert np.isnan(reduce_samples(np.full((1, 3), np.nan), reduction)).all()


def test_humans_and_judges_are_named_and_valued_apart():
    found = ratings_matrix([score("a", "robot", 2, kind="judge"), score("a", "Ann", 4)], "clarity", SCALE)
    assert (found.humans, found.judges) == (("Ann",), ("robot",))
    assert (found.human_values.tolist(), found.judge_values.tolist()) == ([[4]], [[2]])


def test_column_of_an_unknown_rater_lists_the_known_ones():
    with pytest.raises(InputError, match="no rater 'Bob' for clarity; found: Ann"):
        ratings_matrix([score("a", "Ann", 4)], "clarity", SCALE).column("Bob")


def test_clusters_follow_the_rows():
    found = ratings_matrix(
        [score("a", "Ann", 1), score("b", "Ann", 2)],
        "clarity",
        SCALE,
        clusters={"a": 7, "b": 8},
        items=["b", "a"],
    )
    assert found.clusters is not None
    assert found.clusters.tolist() == ["8", "7"]


@given(st.permutations([(i, r) for i in range(4) for r in range(3)]))
def test_order_of_the_scores_changes_no_rating(order):
    found = ratings_matrix([score(f"i{i}", f"r{r}", 10 * i + r) for i, r in order], "clarity", SCALE)
    cells = {
        (i, r): v
        for i, row in zip(found.items, found.values, strict=True)
        for r, v in zip(found.raters, row, strict=True)
    }
    assert cells == {(f"i{i}", f"r{r}"): 10 * i + r for i in range(4) for r in range(3)}
