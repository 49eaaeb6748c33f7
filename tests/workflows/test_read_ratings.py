"""Ratings as one table, with what was and was not read."""

import pytest

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
