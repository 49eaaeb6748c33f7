"""Wide tables: one column for each rater, or for each rater and dimension."""

import pytest

from judge.errors import InputError
from judge.formats.cells import CellReader
from judge.formats.ratings import read_ratings
from judge.formats.wanted import Wanted
from judge.formats.wide import named_raters, raters_by_dimension
from judge.rubric import load_rubric

CELLS = CellReader((1, 2, 3, 4, 5))


@pytest.fixture
def read(tmp_path):
    def values(text, notes=None, **wanted):
        path = tmp_path / "r.csv"
        path.write_text(text, encoding="utf-8")
        note = None if notes is None else notes.append
        found = read_ratings(path, wanted=Wanted(**{"cells": CELLS} | wanted), note=note)
        return [(s.item_id, s.rater, s.dimension, s.value) for s in found]

    return values


def test_named_columns_are_raters(read):
    found = read("id,ann,ben,words\nq1,4,,120\n", raters_in=("ann", "ben"))
    assert found == [("q1", "ann", "overall", 4.0), ("q1", "ben", "overall", None)]


def test_columns_of_named_raters_are_on_the_dimension_of_the_row(read):
    found = read("id,aspect,ann,ben\nq1,clarity,4,5\n", raters_in=("ben", "ann"))
    assert found == [("q1", "ben", "clarity", 5.0), ("q1", "ann", "clarity", 4.0)]


@pytest.mark.parametrize(
    "header", ["ann_clarity,ben_tone", "clarity.ann,tone.ben", "ann: clarity,tone - ben"]
)
def test_columns_of_named_raters_may_name_the_dimension(read, header):
    found = read(f"id,{header}\nq1,4,5\n", raters_in=("ann", "ben"))
    assert found == [("q1", "ann", "clarity", 4.0), ("q1", "ben", "tone", 5.0)]


def test_a_column_of_a_named_rater_without_ratings_is_no_dimension(read):
    found = read("id,ann_clarity,ann_comment,ben_clarity\nq1,4,fine,2\n", raters_in=("ann", "ben"))
    assert [dimension for _, _, dimension, _ in found] == ["clarity", "clarity"]


def test_the_longest_name_of_a_rater_counts():
    assert [c.rater for c in named_raters(["ann_b_clarity", "ann_tone"], ["ann", "ann_b"])] == [
        "ann_b",
        "ann",
    ]


@pytest.mark.parametrize(
    ("header", "raters_in", "message"),
    [
        ("id,ann,ben", ("ann", "cy"), r"no column for the raters 'cy' of --raters-in; found: id, ann, ben"),
        ("id,rater,ann", ("ann",), r"column 'rater' says who rated, and --raters-in names columns of raters"),
        (
            "id,dimension,ann_clarity",
            ("ann",),
            r"column 'dimension' names a dimension, and so do the columns",
        ),
        ("id,ann_note,ann_id", ("ann",), r"the columns 'ann_note', 'ann_id' hold no ratings"),
    ],
)
def test_columns_that_do_not_fit_the_named_raters_are_refused(read, header, raters_in, message):
    with pytest.raises(InputError, match=rf"r\.csv:2: {message}"):
        read(f"{header}\nq1,4,3{',2' * (header.count(',') - 2)}\n", raters_in=raters_in)


@pytest.mark.parametrize(
    "names", [("rater_1", "rater_2"), ("Annotator 1", "Annotator 2"), ("expert1", "expert2")]
)
def test_numbered_raters_are_recognised(read, names):
    found = read(f"id,{','.join(names)}\nq1,4,5\n")
    assert [rater for _, rater, _, _ in found] == list(names)


@pytest.mark.parametrize("header", ["rater_1_clarity,rater_2_clarity", "clarity_rater_1,clarity_rater_2"])
def test_numbered_raters_by_dimension_are_recognised(read, header):
    found = read(f"id,{header},rater_1_comment\nq1,4,5,fine\n")
    assert found == [("q1", "rater_1", "clarity", 4.0), ("q1", "rater_2", "clarity", 5.0)]


def test_raters_by_dimensions_of_the_rubric_are_recognised(read):
    header = "id,ann_clarity,ben_clarity,ann_technical_accuracy,ben_technical_accuracy"
    found = read(f"{header}\nq1,1,2,3,4\n", rubric=load_rubric("open_qa"))
    assert found[2:] == [("q1", "ann", "technical_accuracy", 3.0), ("q1", "ben", "technical_accuracy", 4.0)]


@pytest.mark.parametrize("columns", [["ann_clarity", "ben_tone"], ["ann_clarity", "ann_tone"], []])
def test_incomplete_tables_of_raters_by_dimension_are_not_recognised(columns):
    assert raters_by_dimension(columns, {"clarity", "tone"}.__contains__) == ()


def test_names_of_the_rubrics_dimensions_are_dimensions(read):
    found = read("id,clarity,relevance\nq1,4,5\n", rubric=load_rubric("open_qa"))
    assert [(rater, dimension) for _, rater, dimension, _ in found] == [
        ("human", "clarity"),
        ("human", "relevance"),
    ]


def test_both_readings_are_named_where_columns_may_be_raters_or_dimensions(read):
    with pytest.raises(InputError, match=r"--raters-in ann,ben or --dimension ann,ben"):
        read("id,ann,ben\nq1,4,5\n")


def test_both_readings_are_named_beside_columns_for_rater_and_dimension(read):
    with pytest.raises(InputError, match=r"--raters-in a,b, --column value=a, or --dimension a,b"):
        read("id,rater,dimension,a,b\nq1,ann,clarity,4,5\n")


def test_yes_and_no_on_a_scale_of_numbers_are_noted(read):
    notes = []
    found = read("id,rater,clarity,is_right\nq1,ann,4,yes\nq2,ann,3,No\n", notes)
    assert [dimension for _, _, dimension, _ in found] == ["clarity", "clarity"]
    assert notes == [
        "Columns 'is_right' hold yes and no, which are off the scale (numbers from 1 to 5), and were not read."
    ]


def test_a_flag_of_the_rubric_is_not_noted(read):
    notes = []
    read("id,rater,clarity,is_accurate\nq1,ann,4,yes\n", notes, rubric=load_rubric("inspection"))
    assert notes == []


def test_two_columns_of_ids_for_different_items_are_refused(read):
    rows = "1,q1,ann,4\n2,q1,ben,5\n3,q2,ann,4\n"
    with pytest.raises(
        InputError, match=r"'id' and 'question_id' may both name the item.*item_id=question_id"
    ):
        read(f"id,question_id,rater,value\n{rows}")


def test_two_columns_of_ids_for_the_same_items_are_noted(read):
    notes = []
    found = read("id,question_id,rater,value\n1,q1,ann,4\n2,q2,ann,5\n", notes)
    assert [item for item, *_ in found] == ["1", "2"]
    assert "Items are named by column 'id'" in notes[0]
    assert "--column item_id=question_id" in notes[0]


@pytest.mark.parametrize("header", ["item_id,id", "id,instance"])
def test_columns_of_ids_are_not_noted_where_one_is_clear(read, header):
    notes = []
    same = "x,x" if header == "id,instance" else "x,1"
    assert read(f"{header},rater,value\n{same},ann,4\n", notes)[0][0] == "x"
    assert notes == []


def test_rows_of_rejected_submissions_are_counted_and_not_read(read):
    notes = []
    rows = "a,x,3,APPROVED\nb,x,1,REJECTED\nc,x,1,Rejected\nd,x,4,RETURNED\n"
    found = read(f"item_id,rater,value,status\n{rows}", notes)
    assert [item for item, *_ in found] == ["a", "d"]
    assert notes == [
        "2 rows with status 'REJECTED' were left out.",
        "1 row with status 'RETURNED' was read.",
    ]


@pytest.mark.parametrize(
    ("cell", "reason"), [("too long", "too long"), ("yes", "no rating"), ("true", "no rating")]
)
def test_an_item_that_a_rater_skipped_has_no_value(tmp_path, cell, reason):
    path = tmp_path / "r.csv"
    path.write_text(f"item_id,rater,clarity,skipped\na,ann,,{cell}\nb,ann,4,\nc,ann,4,0\n")
    scores = list(read_ratings(path))
    assert [s.status for s in scores] == ["skipped", "ok", "ok"]
    assert reason == "no rating" or scores[0].reason == reason


def test_items_without_ids_are_named_by_their_content(read):
    notes = []
    found = read("question,answer,ann,ben\n2 + 2?,4,5,4\n", notes, raters_in=("ann", "ben"))
    assert found == [("972544de6108", "ann", "overall", 5.0), ("972544de6108", "ben", "overall", 4.0)]
    assert "made from the content" in notes[0]


def test_items_are_named_by_chosen_columns(read):
    found = read("nr,model,rater,value\n7,a,ann,5\n", id_from=("nr", "model"))
    assert found == [("7/a", "ann", "overall", 5.0)]
    with pytest.raises(InputError, match=r"r\.csv:2: no field 'page', which --id-from asks for"):
        read("nr,rater,value\n7,ann,5\n", id_from=("page",))


def test_the_column_score_of_a_table_holds_the_ratings_beside_other_numbers_of_a_rubric(read):
    found = read("id,rater,score,pages\nq1,ann,4,2\n", rubric=load_rubric("open_qa"))
    assert found == [("q1", "ann", "overall", 4.0)]


def test_the_column_score_is_a_dimension_beside_those_of_a_rubric(read):
    found = read("id,rater,score,clarity\nq1,ann,4,2\n", rubric=load_rubric("open_qa"))
    assert {dimension for _, _, dimension, _ in found} == {"score", "clarity"}


def test_dimensions_of_the_rubric_beside_a_column_for_the_dimension_are_no_raters(read):
    with pytest.raises(InputError, match=r"--raters-in clarity,relevance, --column value=clarity"):
        read("id,dimension,clarity,relevance\nq1,tone,4,5\n", rubric=load_rubric("open_qa"))
