"""Scores -> Ratings."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from judge.analysis.ratings import pass_or_fail
from judge.analysis.ratings_matrix import ratings_matrix
from judge.analysis.reduction import reduce_samples
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


def ratings(*rows, **more):
    """Ratings by Ann, Ben and a robot."""
    scores = [
        score(f"i{n}", rater, value, kind="judge" if rater == "robot" else "human")
        for n, row in enumerate(rows)
        for rater, value in zip(("Ann", "Ben", "robot"), row, strict=True)
        if value is not None
    ]
    kinds = {"Ann": "human", "Ben": "human", "robot": "judge"}
    names = [f"i{n}" for n in range(len(rows))]
    found = ratings_matrix(scores, "clarity", more.pop("scale", SCALE), items=names, raters=kinds)
    return replace(found, **more)


def test_named_raters_fix_the_columns_whether_they_rated_or_not():
    found = ratings_matrix([score("a", "Ben", 2)], "clarity", SCALE, raters={"Ann": "human", "Ben": "human"})
    assert np.array_equal(found.values, [[np.nan, 2]], equal_nan=True)
    assert ratings_matrix([score("a", "Ben", 2)], "clarity", SCALE, raters={"Ann": "human"}).raters == (
        "Ann",
    )


def test_only_the_first_judgment_of_an_item_counts_in_the_statuses():
    rows = [
        score("a", "robot", 3, kind="judge"),
        score("a", "robot", kind="judge", sample=1, status="failed"),
    ]
    assert ratings_matrix(rows, "clarity", SCALE).statuses == {"robot": {"ok": 1}}


def test_an_item_is_rated_if_any_human_rated_it():
    assert ratings((1, None, 2), (None, None, 3), (1, 2, None)).rated.tolist() == [True, False, True]


def test_a_judge_has_scores_if_any_is_on_a_rated_item():
    assert ratings((1, None, 2)).has_scores("robot")
    assert not ratings((1, None, None), (None, None, 3)).has_scores("robot")


@pytest.mark.parametrize(
    ("mark", "passed"), [(3, [1, 0, np.nan, np.nan]), (3.5, [1, 0, np.nan, np.nan]), (1, [1, 1, 1, np.nan])]
)
def test_the_verdict_of_humans_is_their_majority_and_a_tie_is_none(mark, passed):
    found = ratings((5, 4, 1), (1, 2, 5), (2, 4, 5), (None, None, 5), pass_mark=mark)
    assert np.array_equal(found.human_passed(), passed, equal_nan=True)


def test_without_a_pass_mark_there_is_no_verdict():
    assert ratings((1, 2, 3)).human_passed() is None
    assert ratings((1, 2, 3)).passed(np.array([3.0])) is None


def test_consensus_of_scores_is_their_mean_and_of_labels_their_majority():
    assert ratings((1, 2, 3)).consensus().tolist() == [1.5]
    labels = ratings((0, 1, 1), (1, 1, 0), scale=Scale(("a", "b"), "nominal"))
    assert np.array_equal(labels.consensus(), [np.nan, 1], equal_nan=True)


@pytest.mark.parametrize(
    ("scale", "nominal", "has_means"),
    [
        (SCALE, False, True),
        (Scale((0, 1), "nominal"), True, True),
        (Scale((0, 1, 2), "nominal"), True, False),
    ],
)
def test_labels_have_means_where_there_are_two(scale, nominal, has_means):
    found = ratings((1, 1, 1), scale=scale)
    assert (found.nominal, found.has_means) == (nominal, has_means)


def test_the_scale_is_declared_to_statistics_where_all_values_are_on_it():
    assert ratings((1, 2, 3)).declared == SCALE
    between = ratings((1, 2, 2.5))
    assert (between.on_scale, between.declared, between.human_scale) == (False, None, SCALE)
    assert ratings((1, 2.5, 3)).human_scale is None


def test_some_items_keep_their_clusters_and_samples():
    found = ratings((1, 2, 3), (4, 5, 1), clusters=np.array(["x", "y"])).take(np.array([False, True]))
    assert (found.items, found.values.tolist(), found.clusters.tolist()) == (("i1",), [[4, 5, 1]], ["y"])
    assert found.samples.shape == (1, 3, 1)
    assert ratings((1, 2, 3)).take(np.array([True])).clusters is None


def test_an_added_judge_has_one_sample_and_counts_on_rated_items():
    found = ratings((1, 2, 3), (None, None, 4)).with_judge("mean", np.array([np.nan, 2.0]))
    assert (found.judges, found.humans) == (("robot", "mean"), ("Ann", "Ben"))
    assert found.statuses["mean"] == {"ok": 0, "no score": 1}
    assert np.array_equal(found.samples[:, -1], [[np.nan], [2]], equal_nan=True)


def test_raters_can_be_chosen_and_ordered():
    found = ratings((1, 2, 3)).with_raters(["robot", "Ben"])
    assert (found.raters, found.is_judge.tolist(), found.values.tolist()) == (
        ("robot", "Ben"),
        [True, False],
        [[3, 2]],
    )


@pytest.mark.parametrize(("value", "mark", "expected"), [(3, 3, 1), (2.9999999999999996, 3, 1), (2.9, 3, 0)])
def test_a_score_passes_at_its_pass_mark(value, mark, expected):
    assert pass_or_fail(np.array([value]), mark).tolist() == [expected]


@pytest.mark.parametrize("sample", [-1, 10_000, 2**62])
def test_a_sample_with_an_impossible_number_is_no_score(sample):
    with pytest.raises(ValueError, match="sample"):
        score("a", "Ann", 4, sample=sample)


def test_samples_that_would_fill_the_memory_are_refused():
    rows = [score(str(n), "Ann", 4, sample=9_999 if n == 0 else 0) for n in range(6_000)]
    with pytest.raises(InputError, match="6,000 items x 1 rater x 10,000 samples are too many to compare"):
        ratings_matrix(rows, "clarity", SCALE)
