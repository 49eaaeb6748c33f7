"""Tables that can be read in two ways are refused, and no rating is passed over silently."""

import json

import pytest

from judge.errors import InputError
from judge.formats.cells import CellReader
from judge.formats.ratings import read_ratings
from judge.formats.wanted import Wanted
from judge.formats.wide import crossed
from judge.items.identity import content_id
from judge.rubric import load_rubric

CELLS = CellReader((1, 2, 3, 4, 5))


@pytest.fixture
def read(tmp_path):
    def values(text, notes=None, *, name="r.csv", map=None, **wanted):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        note = None if notes is None else notes.append
        found = read_ratings(path, wanted=Wanted(**{"cells": CELLS} | wanted), note=note, map=map)
        return [(s.item_id, s.rater, s.dimension, s.value) for s in found]

    return values


def late(header, early, later):
    """A table whose rows change after those from which the layout is found."""
    return header + "\n" + "".join(f"q{n},{early if n < 1000 else later}\n" for n in range(1002))


@pytest.mark.parametrize(
    ("header", "advice"),
    [
        ("item_id,rater_1,rater_2,ann", "--raters-in rater_1,rater_2"),
        ("item_id,rater_1_tone,rater_2_tone,ann", "--dimension tone"),
    ],
)
@pytest.mark.parametrize("text", ["out", "", "a longer text"])
def test_ratings_of_a_rater_that_start_far_down_are_refused_with_their_line(read, header, advice, text):
    with pytest.raises(InputError, match=rf"r\.csv:1002: column 'ann' holds '5'.*{advice}$"):
        read(late(header, f"3,4,{text}", "3,4,5"))


def test_labels_that_start_far_down_are_refused(read):
    table = late("item_id,rater_1,rater_2,ann", "bad,bad,not yet rated", "bad,bad,acceptable")
    with pytest.raises(InputError, match="column 'ann' holds 'acceptable'"):
        read(table, cells=CellReader(("bad", "acceptable")))


def test_a_text_far_down_is_no_rating(read):
    assert len(read(late("item_id,rater_1,rater_2,ann", "3,4,text", "3,4,another text"))) == 2004


def test_a_late_rating_beside_named_raters_is_noted(read):
    notes = []
    found = read(late("item_id,ann,ben,cy", "3,4,out", "3,4,5"), notes, raters_in=("ann", "ben"))
    assert len(found) == 2004
    assert len(notes) == 1
    assert notes[0].startswith("Column 'cy' holds a rating at ")
    assert "r.csv:1002, and was not read" in notes[0]


def test_a_late_column_beside_named_dimensions_is_a_field(read):
    rows = [{"item_id": f"q{n}", "rater": "ann", "tone": 3} for n in range(1000)]
    rows.append({"item_id": "last", "rater": "ann", "tone": 3, "length": 120})
    table = "\n".join(map(json.dumps, rows))
    assert len(read(table, name="r.jsonl", dimensions=("tone",))) == 1001


def test_a_late_column_of_a_named_dimension_is_refused(read):
    rows = [{"item_id": f"q{n}", "rater": "ann", "tone": 3} for n in range(1000)]
    rows.append({"item_id": "last", "rater": "ann", "clarity": 3})
    table = "\n".join(map(json.dumps, rows))
    with pytest.raises(InputError, match="column 'clarity' holds 3"):
        read(table, name="r.jsonl", dimensions=("tone", "clarity"))


@pytest.mark.parametrize("n_early", [1, 1000])
@pytest.mark.parametrize("score", [4, "good"])
def test_ratings_in_a_second_column_of_ratings_are_refused(read, n_early, score):
    rows = [{"item_id": f"q{n}", "rater": "ann", "value": 3} for n in range(n_early)]
    rows.append({"item_id": "last", "rater": "ann", "score": score})
    message = rf"r\.jsonl:{n_early + 1}: column 'value' is empty, and column 'score' holds .*value=score or"
    with pytest.raises(InputError, match=message):
        read("\n".join(map(json.dumps, rows)), name="r.jsonl", cells=CellReader())


@pytest.mark.parametrize(
    "table", ["value,label\nq1,ann,3,cats\nq2,ann,,dogs\n", "value,label\nq1,ann,3,4\nq2,ann,,\n"]
)
def test_a_field_called_label_beside_an_empty_rating_is_no_rating(read, table):
    assert [value for *_, value in read(f"item_id,rater,{table}")] == [3.0, None]


def test_the_column_of_ratings_that_is_named_decides(read):
    table = "item_id,rater,value,score\nq1,ann,3,\nq2,ann,,4\n"
    assert [value for *_, value in read(table, map={"value": "value"})] == [3.0, None]


def test_judges_with_numbers_are_no_people(read):
    with pytest.raises(InputError) as error:
        read("item_id,judge 1,judge 2\nq1,4,5\n")
    assert "--raters-in 'judge 1,judge 2'" in str(error.value)
    assert "rater_kind (judge)" in str(error.value)


def test_columns_that_combine_raters_and_dimensions_are_named_by_their_parts(read):
    header = "item_id,ann_clarity,ben_clarity,ann_tone,ben_tone"
    with pytest.raises(InputError) as error:
        read(f"{header}\nq1,1,2,3,4\n")
    assert "--raters-in ann,ben or --raters-in clarity,tone" in str(error.value)
    found = read(f"{header}\nq1,1,2,3,4\n", raters_in=("ann", "ben"))
    assert found[-1] == ("q1", "ben", "tone", 4.0)


def test_columns_that_combine_nothing_are_no_grid():
    assert crossed(["a_b", "c_d"]) is None
    assert crossed(["ann", "ben"]) is None
    assert crossed(["a_x_c", "b_y_c", "a_x_e", "b_y_e"]) == (("a_x", "b_y"), ("c", "e"))


@pytest.mark.parametrize("dimensions", [(), ("clarity",)])
def test_a_column_beside_those_of_raters_and_dimensions_is_noted(read, dimensions):
    notes = []
    table = "item_id,rater_1_clarity,rater_2_clarity,clarity\nq1,4,5,3\n"
    assert len(read(table, notes, dimensions=dimensions)) == 2
    (note,) = notes
    assert "Columns 'clarity' hold values of the scale and were read as fields" in note
    assert "--dimension" not in note
    assert "as 'rater_1_clarity' does" in note


def test_a_column_beside_those_of_raters_is_noted_with_a_rubric_too(read):
    notes = []
    read("item_id,aspect,rater_1,rater_2,ann\nq1,clarity,4,5,3\n", notes, rubric=load_rubric("open_qa"))
    assert "Columns 'ann' hold values of the scale" in notes[0]
    assert "--raters-in rater_1,rater_2,ann" in notes[0]


@pytest.mark.parametrize("samples", ["0,A", "A,1"])
def test_numbers_and_names_of_samples_are_not_mixed(read, samples):
    first, second = samples.split(",")
    with pytest.raises(
        InputError, match=r"r\.csv:3: found the sample .*numbers in all rows, or names in all"
    ):
        read(f"item_id,rater,sample,value\nq1,ann,{first},3\nq1,ann,{second},4\n")


CONTENT = content_id("q?", "1")


def test_columns_of_the_content_may_have_other_names(read):
    table = "frage,antwort,ann,ben\nq?,1,4,5\n"
    found = read(table, map={"question": "frage", "answer": "antwort"}, raters_in=("ann", "ben"))
    assert found == [(CONTENT, "ann", "overall", 4.0), (CONTENT, "ben", "overall", 5.0)]


@pytest.mark.parametrize(
    ("header", "columns"),
    [("frage,antwort", {"question": "frage", "answer": "antwort"}), ("prompt,response", {})],
)
def test_an_answer_that_is_a_number_is_no_rating(read, header, columns):
    found = read(f"{header},rater,clarity\nq?,1,ann,4\n", map=columns)
    assert found == [(CONTENT, "ann", "clarity", 4.0)]


def test_a_dimension_with_the_name_of_a_field_is_read_where_it_is_named(read):
    found = read("question,answer,system,rater\nq?,1,4,ann\n", dimensions=("system",))
    assert found == [(content_id("q?", "1", "4"), "ann", "system", 4.0)]


def test_a_column_of_the_content_that_is_not_there_is_named(read):
    with pytest.raises(InputError, match="no column 'frage' for --column question; found: question, rater"):
        read("question,rater,value\nq?,ann,4\n", map={"question": "frage"})


PAIRS = "item_id,rater_1,rater_1_score,rater_2,rater_2_score"


def test_columns_may_name_the_raters_of_other_columns(read):
    notes = []
    found = read(f"{PAIRS}\nq1,ann,4,ben,5\nq2,ben,3,,\n", notes)
    assert found == [
        ("q1", "ann", "overall", 4.0),
        ("q1", "ben", "overall", 5.0),
        ("q2", "ben", "overall", 3.0),
    ]
    assert notes == [
        "Columns 'rater_1', 'rater_2' name the raters of the ratings in 'rater_1_score', 'rater_2_score'."
    ]


def test_columns_beside_the_names_of_raters_may_name_dimensions(read):
    found = read("item_id,rater_1,rater_1_tone,rater_1_score\nq1,ann,4,5\n")
    assert found == [("q1", "ann", "tone", 4.0), ("q1", "ann", "overall", 5.0)]
    with pytest.raises(InputError, match="column 'dimension' names a dimension, and so do"):
        read("item_id,dimension,rater_1,rater_1_tone\nq1,x,ann,4\n")


def test_a_rating_without_the_name_of_its_rater_is_refused(read):
    with pytest.raises(InputError, match=r"r\.csv:3: column 'rater_2' is empty, and 'rater_2_score' holds"):
        read(f"{PAIRS}\nq1,ann,4,ben,5\nq2,ben,3,,4\n")


@pytest.mark.parametrize(
    ("table", "options"),
    [
        (f"{PAIRS}\nq1,ann,4,ben,5\n", {"cells": CellReader()}),
        ("item_id,rater_1,rater_1_score,rater_2\nq1,ann,4,ben\n", {}),
    ],
    ids=["no scale", "no rating of one"],
)
def test_texts_beside_ratings_may_be_labels_or_names(read, table, options):
    with pytest.raises(InputError, match="may be labels, or the names of the raters"):
        read(table, **options)


def test_ratings_beside_further_columns_of_a_rater_are_ratings(read):
    notes = []
    found = read("item_id,rater_1,rater_1_effort,rater_2\nq1,4,2,3\n", notes)
    assert [rater for _, rater, _, _ in found] == ["rater_1", "rater_2"]
    assert "Columns 'rater_1_effort' hold values of the scale" in notes[0]


def test_rows_of_one_content_that_differ_in_a_field_are_noted(read):
    notes = []
    read("topic,question,answer,rater,tone\na,q?,1,ann,4\nb,q?,1,ben,5\n", notes)
    assert len(notes) == 2
    assert "r.csv:2 and " in notes[1]
    assert "differ in 'topic'" in notes[1]
    assert "--id-from question,answer,topic" in notes[1]


@pytest.mark.parametrize(
    "table",
    [
        "topic,question,answer,rater,tone\na,q?,1,ann,4\na,q?,1,ben,5\n",
        "team,question,answer,rater,tone\na,q?,1,ann,4\nb,q?,1,ben,5\na,z?,1,ann,4\n",
        "topic,item_id,question,answer,rater,tone\na,1,q?,1,ann,4\nb,1,q?,1,ben,5\n",
        "question,answer,rater,tone\nq?,1,ann,4\n,,,\n",
    ],
    ids=["same", "of the rater", "ids", "empty row"],
)
def test_rows_of_one_content_that_differ_in_the_rater_are_not_noted(read, table):
    notes = []
    read(table, notes)
    assert not any("same content" in note for note in notes)


def test_a_row_without_content_is_refused_with_its_place():
    rows = [{"topic": "a", "question": "q?", "answer": "1", "rater": "ann", "tone": 4}]
    rows.append({"topic": "b", "rater": "ann", "tone": 4})
    with pytest.raises(InputError, match="row 2: "):
        list(read_ratings(rows, wanted=Wanted(cells=CELLS)))


def test_rows_of_one_content_beside_columns_of_raters_are_noted(read):
    notes = []
    table = "topic,question,answer,ann\na,q?,1,4\nb,q?,1,5\n"
    read(table, notes, raters_in=("ann",))
    assert any("differ in 'topic'" in note for note in notes)
