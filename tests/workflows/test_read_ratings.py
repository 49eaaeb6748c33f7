"""Ratings as one table, with what was and was not read."""

import pytest

from judge.errors import InputError
from judge.workflows.read_ratings import read_ratings

LONG = [
    {"item_id": "b", "rater": "x", "clarity": 4, "wit": 2},
    {"item_id": "a", "rater": "y", "clarity": 5, "wit": ""},
]


def test_names_are_in_order_of_appearance():
    table = read_ratings(LONG)
    assert (table.items, table.raters, table.dimensions) == (("b", "a"), ("x", "y"), ("clarity", "wit"))
    assert len(table) == 4
    assert [score.value for score in table] == [4.0, 2.0, 5.0, None]


def test_rows_hold_every_field_and_are_a_dataframe():
    table = read_ratings(LONG)
    first = table.rows()[0]
    assert first == {
        "item_id": "b", "rater": "x", "rater_kind": "human", "dimension": "clarity", "sample": 0, "value": 4.0,
        "status": "ok", "reason": None,
    }  # fmt: skip
    assert list(table.to_pandas().columns) == list(first)
    assert len(table.to_pandas()) == 4


@pytest.mark.parametrize(
    ("dimensions", "expected"),
    [("clarity", ("clarity",)), (["wit", "clarity"], ("clarity", "wit")), ((), ("clarity", "wit"))],
)
def test_wanted_dimensions_are_read_alone(dimensions, expected):
    assert tuple(sorted(read_ratings(LONG, dimensions=dimensions).dimensions)) == expected


def test_a_column_with_values_has_the_name_of_the_one_wanted_dimension():
    rows = [{"item_id": "a", "rater": "x", "value": 4}]
    assert read_ratings(rows).dimensions == ("overall",)
    assert read_ratings(rows, dimensions="clarity").dimensions == ("clarity",)


def test_columns_that_hold_ratings_and_were_not_read_are_noted():
    rows = [{"item_id": "a", "rater": "x", "value": 4, "difficulty": 3}]
    assert any("difficulty" in note for note in read_ratings(rows).notes)
    assert read_ratings(LONG).notes == ()


def test_a_second_score_is_refused_with_both_lines(tmp_path):
    path = tmp_path / "r.csv"
    path.write_text("item_id,rater,value\na,x,4\nb,x,4\na,x,5\n")
    with pytest.raises(
        InputError, match=r"r\.csv:4: .*second score for item 'a'.*first one is at .*r\.csv:2"
    ):
        read_ratings(path)


def test_ratings_of_several_samples_are_read():
    rows = [{"item_id": "a", "rater": "x", "value": 4, "sample": n} for n in range(2)]
    assert [score.sample for score in read_ratings(rows)] == [0, 1]


def test_ids_in_scientific_notation_are_noted():
    assert "1E+15" in read_ratings([{"item_id": "1E+15", "rater": "x", "value": 4}]).notes[0]


def test_one_missing_code_is_a_word_and_no_list_of_letters():
    rows = [{"item_id": "a", "rater": "x", "value": 9}, {"item_id": "b", "rater": "x", "value": 99}]
    assert [score.value for score in read_ratings(rows, missing_codes="99")] == [9.0, None]


def test_names_are_not_split_at_commas():
    rows = [{"item_id": "a", "ann,ben": 4}]
    assert read_ratings(rows, raters_in="ann,ben").raters == ("ann,ben",)
    with pytest.raises(InputError, match=r"no column for the raters 'ann,ben'.*a list: \['ann', 'ben'\]"):
        read_ratings([{"item_id": "a", "ann": 4, "ben": 3}], raters_in="ann,ben")


@pytest.mark.parametrize(
    ("cell", "way"),
    [
        ("4/5", "a fraction"),
        ("80%", "a percentage"),
        ("1,234", "a number with a thousands separator or a decimal comma"),
        ("3,5", "a number with a decimal comma"),
        ("2024-05-01", "a date"),
    ],
)
def test_texts_that_may_be_numbers_are_noted(tmp_path, cell, way):
    path = tmp_path / "r.csv"
    path.write_text(f'item_id,rater,clarity\na,x,4\nb,x,"{cell}"\nc,x,"{cell}"\n')
    (note,) = read_ratings(path).notes
    assert note.startswith(f"Ratings written as {way} were read as texts, not as numbers: 2, the first one")
    assert "r.csv:3" in note


def test_ratings_in_words_are_read_with_their_scale():
    rows = [{"item_id": "a", "rater": "x", "clarity": "agree"}]
    assert [s.value for s in read_ratings(rows, scale="disagree,agree")] == ["agree"]
    with pytest.raises(InputError, match="--scale"):
        read_ratings(rows)
