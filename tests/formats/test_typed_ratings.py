"""Ratings of people on rubrics with several types and scales, and on criteria of the items."""

import csv

import pytest

from judge.errors import InputError
from judge.formats.ratings import read_ratings
from judge.formats.wanted import Wanted
from judge.rubric import Rubric

ANCHORS = {n: f"level {n}" for n in range(1, 6)}
RUBRIC = Rubric.model_validate(
    {
        "name": "mixed",
        "task": "Judge.",
        "dimensions": {
            "clarity": {"description": "Is it clear?", "anchors": ANCHORS},
            "depth": {
                "description": "Is it deep?",
                "scale": {"min": 0, "max": 10},
                "anchors": {0: "no", 10: "yes"},
            },
            "named": {"description": "It names the part.", "type": "binary"},
            "fault": {"description": "Kind of fault.", "type": "category", "labels": ["none", "minor", "2"]},
        },
        "criteria": {"field": "criteria"},
        "abstain": True,
        "overall": {"how": "points"},
        "pass": {"overall": 0.5},
    }
)


def written(path, *rows):
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    return path


def read(path, rubric=RUBRIC, **more):
    return list(read_ratings(path, wanted=Wanted(rubric=rubric, **more)))


@pytest.fixture
def table(tmp_path):
    return lambda *rows: written(tmp_path / "ratings.csv", *rows)


def values(scores):
    return {score.dimension: score.value for score in scores}


def test_each_dimension_of_a_wide_table_is_read_on_its_own_scale(table):
    path = table(
        ["item_id", "rater", "clarity", "depth", "named", "fault"], ["q", "ann", 4, 9, "yes", "None"]
    )
    assert values(read(path)) == {"clarity": 4.0, "depth": 9.0, "named": 1.0, "fault": "none"}


def test_a_label_that_looks_like_a_number_is_read_as_a_label(table):
    path = table(["item_id", "rater", "dimension", "value"], ["q", "ann", "fault", 2])
    assert values(read(path)) == {"fault": "2"}


@pytest.mark.parametrize(
    ("dimension", "value", "allowed"),
    [
        ("clarity", 9, "1 to 5"),
        ("depth", 11, "0 to 10"),
        ("named", 0.5, "yes and no, or 1 and 0"),
        ("named", 2, "yes and no, or 1 and 0"),
        ("fault", "major", "none, minor, 2"),
        ("fault", 1, "none, minor, 2"),
    ],
)
def test_a_value_off_the_scale_of_its_dimension_is_refused_with_its_line(table, dimension, value, allowed):
    path = table(
        ["item_id", "rater", "dimension", "value"], ["p", "ann", "depth", 9], ["q", "ann", dimension, value]
    )
    with pytest.raises(InputError, match=allowed) as error:
        read(path)
    assert str(error.value).startswith(f"{path}:3")


def test_raters_in_columns_of_their_own_may_give_labels(table):
    path = table(["item_id", "dimension", "ann", "ben"], ["q", "fault", "minor", "none"])
    assert [(s.rater, s.value) for s in read(path, raters_in=("ann", "ben"))] == [
        ("ann", "minor"),
        ("ben", "none"),
    ]


@pytest.mark.parametrize(
    ("cell", "status"),
    [("cannot tell", "abstained"), ("Cannot_tell", "abstained"), ("not applicable", "not_applicable")],
)
def test_words_for_no_rating_give_its_status(table, cell, status):
    path = table(["item_id", "rater", "dimension", "value"], ["q", "ann", "named", cell])
    (score,) = read(path)
    assert (score.value, score.status) == (None, status)


def test_a_column_criterion_names_the_criteria_of_the_items(table):
    path = table(
        ["item_id", "rater", "criterion", "met"], ["q", "ann", "c1", "yes"], ["q", "ann", "c2", "no"]
    )
    found = list(read_ratings(path, map={"value": "met"}, wanted=Wanted(rubric=RUBRIC)))
    assert [(s.dimension, s.criterion, s.value) for s in found] == [
        ("criteria", "c1", 1.0),
        ("criteria", "c2", 0.0),
    ]


def test_a_column_criterion_may_also_name_dimensions(table):
    path = table(["item_id", "rater", "criterion", "value"], ["q", "ann", "c1", 1], ["q", "ann", "depth", 9])
    assert [(s.dimension, s.criterion) for s in read(path)] == [("criteria", "c1"), ("depth", None)]


def test_rows_of_the_dimension_criteria_name_a_criterion(table):
    path = table(
        ["item_id", "rater", "dimension", "criterion", "value"],
        ["q", "ann", "criteria", "c1", 1],
        ["q", "ann", "clarity", "", 4],
    )
    assert [(s.dimension, s.criterion, s.value) for s in read(path, rubric=None)] == [
        ("criteria", "c1", 1.0),
        ("clarity", None, 4.0),
    ]


def test_a_row_of_the_dimension_criteria_without_a_criterion_is_refused(table):
    path = table(["item_id", "rater", "dimension", "criterion", "value"], ["q", "ann", "criteria", "", 1])
    with pytest.raises(InputError, match=r"ratings\.csv:2: no id of the criterion"):
        read(path)


def test_a_column_criterion_names_the_dimension_where_no_rubric_has_criteria(table):
    path = table(["item_id", "rater", "criterion", "value"], ["q", "ann", "tone", 4])
    assert [(s.dimension, s.criterion) for s in read(path, rubric=None)] == [("tone", None)]
