"""Tables of ratings as people really keep them: every dimension is read, or refused by name."""

import json

import pytest

from judge.errors import InputError
from judge.formats.cells import CellReader
from judge.formats.ratings import read_ratings
from judge.formats.wanted import Wanted
from judge.rubric import load_rubric

LIKERT = Wanted(cells=CellReader((1, 2, 3, 4, 5)))


@pytest.fixture
def read(tmp_path):
    def scores(text, name="r.csv", wanted=LIKERT, **options):
        path = tmp_path / name
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return list(read_ratings(path, wanted=wanted, **options))

    return scores


def dimensions(scores):
    return list(dict.fromkeys(score.dimension for score in scores))


def values(scores):
    return [(s.item_id, s.rater, s.dimension, s.value) for s in scores]


@pytest.mark.parametrize("name", ["aspect", "criterion", "metric", "score", "rating", "grade", "label"])
def test_a_dimension_with_the_name_of_another_meaning_is_read_beside_others(read, name):
    found = read(f"item_id,rater,{name},fluency\na,x,1,2\na,y,2,2\nb,x,4,5\n")
    assert dimensions(found) == [name, "fluency"]
    assert len(found) == 6


def test_a_column_called_aspect_names_dimensions_where_there_is_a_column_with_values(read):
    found = read("item_id,rater,aspect,score\na,x,clarity,2\na,x,tone,3\n")
    assert values(found) == [("a", "x", "clarity", 2.0), ("a", "x", "tone", 3.0)]


def test_names_of_dimensions_may_be_numbers(read):
    found = read("item_id,rater,criterion,score\na,x,1,2\na,x,2,3\n")
    assert values(found) == [("a", "x", "1", 2.0), ("a", "x", "2", 3.0)]


def test_a_long_table_may_have_other_numbers_and_says_that_they_are_no_ratings(read):
    notes = []
    found = read("item_id,rater,value,difficulty,words\na,x,2,3,120\n", note=notes.append)
    assert dimensions(found) == ["overall"]
    assert "'difficulty' hold values of the scale" in notes[0]
    assert "words" not in notes[0]


def test_a_dimension_whose_first_cell_is_text_stays_a_dimension(read):
    found = read("item_id,rater,clarity,fluency\na,x,4,unsure\na,y,5,2\n")
    assert values(found)[1] == ("a", "x", "fluency", None)
    assert (found[1].status, found[1].reason) == ("skipped", "found 'unsure'")
    assert values(found)[3] == ("a", "y", "fluency", 2.0)


@pytest.mark.parametrize("cell", ["4/5", "excellent", "3 out of 10"])
def test_a_cell_that_is_no_number_is_an_error_with_line_and_column(read, cell):
    with pytest.raises(
        InputError, match=rf"r\.csv:2: column 'clarity': clarity is '{cell}'; allowed are numbers"
    ):
        read(f"item_id,rater,clarity,relevance\na,ann,{cell},4\nb,ann,3,2\n")


def test_a_column_of_nothing_but_fractions_is_refused_and_not_passed_over(read):
    with pytest.raises(InputError, match="clarity is '4/5'"):
        read("item_id,rater,clarity,relevance\na,ann,4/5,4\nb,ann,3/5,2\n")


def test_a_column_that_the_first_line_lacks_is_read(read):
    rows = [
        {"item_id": "a", "rater": "x", "clarity": 4},
        {"item_id": "b", "rater": "x", "clarity": 3, "tone": 2},
    ]
    found = read("\n".join(map(json.dumps, rows)), "r.jsonl")
    assert values(found)[1:] == [
        ("a", "x", "tone", None),
        ("b", "x", "clarity", 3.0),
        ("b", "x", "tone", 2.0),
    ]


@pytest.mark.parametrize("late", [{"tone": 2}, {"topic": 5}])
def test_a_rating_in_an_unexpected_column_far_down_is_refused_by_name(read, late):
    rows = [{"item_id": str(n), "rater": "x", "clarity": 4, "topic": "t"} for n in range(1001)]
    rows.append(rows[0] | {"item_id": "last"} | late)
    with pytest.raises(
        InputError, match=rf"r\.jsonl:1002: column '{next(iter(late))}' holds .* --dimension clarity"
    ):
        read("\n".join(map(json.dumps, rows)), "r.jsonl")


def test_only_the_dimensions_that_are_asked_for_are_looked_at(read):
    text = "participant_id,item_id,clarity,time_spent,mood\np1,a,4,120,so so\np2,a,5,80,4/5\n"
    found = read(text, wanted=Wanted(("clarity",), cells=LIKERT.cells))
    assert values(found) == [("a", "p1", "clarity", 4.0), ("a", "p2", "clarity", 5.0)]


def test_rows_on_dimensions_that_are_not_asked_for_are_passed_over(read):
    text = "item_id,rater,dimension,value\na,x,clarity,4\na,x,mood,so so\n"
    assert dimensions(read(text, wanted=Wanted(("clarity",), cells=LIKERT.cells))) == ["clarity"]


@pytest.mark.parametrize(
    "column",
    ["time_taken", "age", "Age", "", "index", "Unnamed: 0", "WorkTimeInSeconds", "submission_id", "Answer.q1", "lead_time"],
)  # fmt: skip
def test_columns_of_crowd_platforms_and_indices_are_no_dimensions(read, column):
    assert dimensions(read(f"{column},item_id,rater,clarity\n1,a,x,4\n2,b,x,3\n")) == ["clarity"]


def test_spaces_around_ids_raters_and_dimensions_are_no_part_of_them(read):
    found = read("item_id,rater,dimension,value\n q1 , bob, clarity ,4\n")
    assert values(found) == [("q1", "bob", "clarity", 4.0)]


@pytest.mark.parametrize(
    "text",
    ["item_id,rater,clarity,,\na,x,4,,\n,,,,\nb,x,3,,\n", "item_id,rater,clarity\na,x,4\n,,\n , ,\n,,,,\nb,x,3,,\n", "sep=,\nitem_id,rater,clarity\na,x,4\nb,x,3\n", '"sep=;"\r\nitem_id;rater;clarity\r\na;x;4\r\nb;x;3,0\r\n'],
    ids=["empty_columns", "empty_rows", "sep_comma", "sep_semicolon"],
)  # fmt: skip
def test_what_spreadsheets_add_is_no_rating(read, text):
    assert values(read(text)) == [("a", "x", "clarity", 4.0), ("b", "x", "clarity", 3.0)]


def test_a_decimal_comma_counts_only_where_cells_are_not_separated_by_commas(read):
    assert read("item_id;rater;clarity\na;x;3,5\n")[0].value == 3.5
    with pytest.raises(InputError, match="clarity is '3,5'"):
        read('item_id,rater,clarity\na,x,"3,5"\nb,x,4\n')


def test_the_status_of_a_submission_to_a_crowd_platform_is_not_that_of_a_rating(read):
    assert [s.status for s in read("item_id,rater,value,status\na,x,3,APPROVED\nb,x,,RETURNED\n")] == [
        "ok",
        "skipped",
    ]


@pytest.mark.parametrize("status", ["okk", "skiped"])
def test_a_status_that_is_none_is_refused(read, status):
    with pytest.raises(InputError, match=rf"column 'status': found '{status}'; allowed: ok, unparsed"):
        read(f"item_id,rater,value,status\na,x,3,{status}\n")


@pytest.mark.parametrize("sample", ["-1", "1e9"])
def test_a_sample_beyond_all_reason_is_refused(read, sample):
    with pytest.raises(InputError, match=r"found the sample .*; allowed: 0 to 9,999"):
        read(f"item_id,rater,value,sample\na,x,3,{sample}\n")


def test_columns_beside_one_that_names_the_dimension_are_raters_where_they_are_named(read):
    table = "item,dimension,ann,ben,mean,length\na,clarity,1,2,1.5,120\n"
    found = read(table, wanted=Wanted(cells=LIKERT.cells, raters_in=("ann", "ben")))
    assert values(found) == [("a", "ann", "clarity", 1), ("a", "ben", "clarity", 2)]


@pytest.mark.parametrize("others", ["mean,length\na,clarity,1,2,1.5,120", "cem\na,clarity,1,2,3"])
def test_numbers_beside_a_column_that_names_the_dimension_may_be_no_raters(read, others):
    with pytest.raises(InputError, match=r"a number of another kind.*--raters-in ann,ben"):
        read(f"item,dimension,ann,ben,{others}\n")


def test_columns_that_may_be_raters_or_dimensions_are_refused_with_both_readings(read):
    with pytest.raises(InputError) as error:
        read("item,topic,ann,ben,cem\na,t,1,2,3\n")
    assert "--raters-in ann,ben,cem" in str(error.value)
    assert "--dimension ann,ben,cem" in str(error.value)


def test_dimensions_that_one_person_rated_are_read_where_they_are_named(read):
    wide = "item,clarity,relevance\na,1,2\n"
    assert dimensions(read(wide, wanted=Wanted(("clarity", "relevance"), cells=LIKERT.cells))) == [
        "clarity",
        "relevance",
    ]
    assert dimensions(read(wide, wanted=Wanted(rubric=load_rubric("open_qa"), cells=LIKERT.cells))) == [
        "clarity",
        "relevance",
    ]


def test_records_by_id_are_refused_by_name(read):
    records = {
        "r1": {"id": "r1", "feedback": "f", "score": 5},
        "r2": {"id": "r2", "feedback": "g", "score": 3},
    }
    with pytest.raises(InputError, match=r"one record for each id \(with id, score\), not \{annotator"):
        read(json.dumps(records), "r.json")


def test_a_label_that_stands_twice_in_nested_labels_is_refused(read):
    with pytest.raises(InputError, match="'q1' stands twice"):
        read('{"ann": {"q1": 4, "q1": 5}}', "r.json")


def test_an_annotator_without_labels_is_no_problem(read):
    assert len(read('{"ann": {"q1": 4}, "ben": {}}', "r.json")) == 1


def test_a_dimension_without_any_rating_is_read_as_missing(read):
    found = read("item_id,rater,accuracy,clarity\na,x,4,\nb,x,3,n/a\n")
    assert [s.status for s in found if s.dimension == "clarity"] == ["skipped", "skipped"]


def test_one_object_a_line_in_a_json_file_is_read(read):
    rows = [{"item_id": name, "rater": "x", "clarity": 3} for name in "ab"]
    assert len(read("\n".join(map(json.dumps, rows)), "r.json")) == 2


@pytest.mark.parametrize("cell", ["\u200b", "\ufeff", "\xa0", "#", "x"])
@pytest.mark.parametrize("wanted", [LIKERT, Wanted()], ids=["scale", "no scale"])
def test_one_odd_first_cell_does_not_take_its_dimension_away(read, cell, wanted):
    rows = "".join(f"q{n},ann,{n % 5 + 1},{n % 5 + 1}\n" for n in range(1, 9))
    lost, said = 0, ""
    try:
        found = read(f"item,rater,fit,clarity\nq0,ann,{cell},4\n{rows}", wanted=wanted)
        lost = 8 - len([s for s in found if s.dimension == "fit" and isinstance(s.value, float)])
    except InputError as error:
        said = str(error)
    assert lost == 0
    assert not said or "fit" in said


def test_a_column_of_names_of_samples_that_all_differ_is_refused(read, monkeypatch):
    monkeypatch.setattr("judge.formats.rating_rows.MOST_SAMPLES", 3)
    rows = "".join(f"q{n},ann,4,run-{n}\n" for n in range(4))
    with pytest.raises(InputError, match=r"r\.csv:5: found the sample 'run-3'; allowed: 0 to 2"):
        read(f"item,rater,value,sample\n{rows}")


def test_a_further_column_far_down_in_a_long_table_is_a_field(read):
    rows = [{"item_id": str(n), "rater": "x", "value": 4} for n in range(1001)]
    rows.append(rows[0] | {"item_id": "last", "expected": 3.7})
    assert len(read("\n".join(map(json.dumps, rows)), "r.jsonl")) == 1002


def test_a_column_that_makes_the_ids_is_no_dimension(read):
    wanted = Wanted(cells=LIKERT.cells, id_from=("nr", "version"))
    found = read("nr,version,rater,tone\n1,1,x,2\n1,2,x,3\n2,1,x,5\n", wanted=wanted)
    assert dimensions(found) == ["tone"]
    assert [s.item_id for s in found] == ["1/1", "1/2", "2/1"]
