"""What was read, in two lines."""

import pytest

from judge.formats.cells import CellReader
from judge.formats.rating_summary import RatingsSummary, id_notes, rescaling_notes
from judge.records import Score


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


def test_abstentions_are_not_missing_and_what_does_not_apply_is_not_counted():
    empty = [
        Score(item_id="q9", rater="ann", rater_kind="human", dimension="tone", status=status)
        for status in ("abstained", "abstained", "not_applicable", "skipped")
    ]
    found = RatingsSummary.of([*scores(ann=[4]), *empty], CellReader((1, 2, 3, 4, 5)))
    assert (found.n_ratings, found.n_missing, found.n_abstained) == (1, 1, 2)
    assert str(found).endswith("1 rating, scale 1-5 (declared), 1 missing, 2 cannot tell")


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


def test_ids_in_scientific_notation_are_named():
    def rated(*ids):
        return [Score(item_id=i, rater="ann", rater_kind="human", dimension="x", value=1.0) for i in ids]

    (note,) = id_notes(rated("1.23457E+15", "9,9E+20", "7", "1.23457E+15"))
    assert note.startswith("Items 1.23457E+15, 9,9E+20: such ids are long numbers")
    (note,) = id_notes(rated(*(f"{n}E+15" for n in range(1, 8))))
    assert "5E+15, …: such" in note
    assert list(id_notes(rated("1e5", "q1E+", "972544de6108", "E+3"))) == []


@pytest.mark.parametrize(("rescaled", "ends"), [({}, (1, 5)), ({"ann": (1, 10)}, None)])
def test_nothing_is_noted_where_nothing_is_rescaled(rescaled, ends):
    assert list(rescaling_notes(rescaled, ends)) == []


@pytest.mark.parametrize(
    ("first", "second"),
    [("q1", "q1\u200b"), ("Q1", "q1"), ("7", "007"), ("cafe\u0301", "caf\u00e9"), ("q1", "\u200fq1")],
)
def test_ids_that_look_alike_are_noted(first, second):
    rated = [
        Score(item_id=name, rater="ann", rater_kind="human", dimension="tone", value=1.0)
        for name in (first, second, "q2")
    ]
    (note,) = id_notes(rated)
    assert f"{first!a} and {second!a} differ only in" in note
