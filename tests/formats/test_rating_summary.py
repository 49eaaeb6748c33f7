"""What was read, in two lines."""

import pytest

from judge.formats.cells import CellReader
from judge.formats.rating_summary import RatingsSummary, scale_notes
from judge.records import Score

from .. import public_data


def scores(**values):
    return [
        Score(item_id=f"q{n}", rater=rater, rater_kind="human", dimension="clarity", value=float(value))
        for rater, given in values.items()
        for n, value in enumerate(given)
    ]


def test_sizes_scale_and_missing_ratings_are_said_in_two_lines():
    missing = Score(item_id="q9", rater="ann", rater_kind="human", dimension="tone", status="skipped")
    found = RatingsSummary.of([*scores(ann=[4, 5], ben=[3]), missing], CellReader((1, 2, 3, 4, 5)))
    assert str(found).splitlines() == [
        "2 raters (ann, ben), 3 items, 2 dimensions (clarity, tone)",
        "3 ratings, scale 1-5 (declared), 1 missing",
    ]


def test_judges_are_counted_apart():
    judge = Score(item_id="q0", rater="gpt", rater_kind="judge", dimension="clarity", value=1.0)
    assert "1 rater (ann), 1 judge (gpt), 1 item," in str(
        RatingsSummary.of([*scores(ann=[4]), judge], CellReader())
    )
    assert str(RatingsSummary.of([judge], CellReader())).startswith("1 judge (gpt), 1 item")


def test_more_than_five_names_are_cut():
    many = scores(**{f"r{n}": [1] for n in range(6)})
    assert "6 raters (r0, r1, r2, r3, r4, …)" in str(RatingsSummary.of(many, CellReader()))


@pytest.mark.parametrize(
    ("values", "cells", "scale"),
    [
        ([2.0, 4.0], CellReader(), "2-4 (found)"),
        (["good", "bad"], CellReader(), "good, bad (found)"),
        ([1.0, "good"], CellReader(), "1-1, good (found)"),
        (list("abcdef"), CellReader(), "a, b, c, d, e, … (found)"),
        ([], CellReader(), "unknown"),
        (["good"], CellReader(("bad", "good")), "bad, good (declared)"),
    ],
)
def test_the_scale_is_declared_or_found(values, cells, scale):
    rated = [
        Score(item_id=str(n), rater="ann", rater_kind="human", dimension="x", value=value)
        for n, value in enumerate(values)
    ]
    assert f"scale {scale}, 0 missing" in str(RatingsSummary.of(rated, cells))


def test_a_rater_far_above_all_others_is_named():
    found = list(scale_notes(scores(ann=[1, 3, 5] * 10, ben=[2, 4, 5] * 10, dan=[2, 6, 10] * 10)))
    assert len(found) == 1
    assert found[0].startswith("dan gives 2 to 10, all others 1 to 5.")


@pytest.mark.parametrize(
    "values",
    [
        {"ann": [1, 3, 4] * 10, "dan": [2, 4, 5] * 10},
        {"ann": [1, 3, 5] * 10, "dan": [5] * 28 + [9, 9]},
        {"ann": [1, 3, 5] * 6, "dan": [2, 6, 10] * 10},
        {"ann": [10, 50, 85] * 10, "dan": [20, 90, 100] * 10},
        {"dan": [2, 6, 10] * 10},
    ],
    ids=["one point", "few ratings above", "few ratings", "sliders", "alone"],
)
def test_a_rater_who_gives_high_scores_is_not_named(values):
    assert list(scale_notes(scores(**values))) == []


@pytest.mark.parametrize(
    "data_set",
    ["anaesthetists", "baseball_1987", "hanna", "llm_rubric", "llmbar", "pandalm", "realsumm", "recipes"],
)
def test_no_rater_of_public_data_is_named(data_set):
    from judge.formats.ratings import read_ratings

    assert list(scale_notes(read_ratings(public_data.ratings_file(data_set)))) == []
