"""Nested JSON: which names are people is never guessed."""

import json

import pytest

from judge.errors import InputError
from judge.formats.cells import CellReader
from judge.formats.ratings import read_ratings
from judge.formats.wanted import Wanted

CELLS = CellReader((1, 2, 3, 4, 5))


@pytest.fixture
def read(tmp_path):
    def values(content, notes=None, **wanted):
        path = tmp_path / "r.json"
        path.write_text(json.dumps(content), encoding="utf-8")
        note = None if notes is None else notes.append
        found = read_ratings(path, wanted=Wanted(cells=CELLS, **wanted), note=note)
        return [(s.item_id, s.rater, s.dimension, s.value) for s in found]

    return values


BY_ITEM = {f"q{n}": {"ann": 4, "ben": 5} for n in range(1, 4)}
TABLE = {"clarity": {"q1": 4, "q2": 3}, "tone": {"q1": 2, "q2": 1}}


@pytest.mark.parametrize(
    ("content", "names"),
    [
        (BY_ITEM, "--raters-in q1,q2,q3 or --raters-in ann,ben"),
        (TABLE, "--raters-in clarity,tone or --raters-in q1,q2; or the dimensions: --dimension clarity,tone"),
        (
            {"q1": {"ann": {"tone": 3}}, "q2": {"ben": {"tone": 4}}},
            "--raters-in q1,q2 or --raters-in ann,ben",
        ),
        ({f"item {n}x": {"ann": 3, "ben": 4} for n in range(7)}, "item 4x,… or --raters-in ann,ben"),
        ({"a": {"x": 3}, "b": {"x": 3}, "c": {"y": 3}}, "--raters-in a,b,c or --raters-in x,y"),
    ],
    ids=["items outside", "full table", "numbered items with dimensions", "many", "more outside"],
)
def test_objects_that_may_be_items_or_people_are_refused_with_both_readings(read, content, names):
    with pytest.raises(InputError) as error:
        read(content)
    assert names in str(error.value)


def test_labels_with_dimensions_are_not_taken_for_a_table_of_dimensions(read):
    with pytest.raises(InputError) as error:
        read({"q1": {"ann": {"tone": 3}}, "q2": {"ben": {"tone": 4}}})
    assert "--dimension" not in str(error.value)


def test_named_raters_decide_which_objects_are_people(read):
    assert read(BY_ITEM, raters_in=("ann", "ben"))[:2] == [
        ("q1", "ann", "overall", 4.0),
        ("q1", "ben", "overall", 5.0),
    ]
    assert read(TABLE, raters_in=("clarity", "tone"))[0] == ("q1", "clarity", "overall", 4.0)


def test_dimensions_that_are_named_decide_that_no_object_is_a_person(read):
    assert read(TABLE, dimensions=("clarity", "tone"))[:2] == [
        ("q1", "human", "clarity", 4.0),
        ("q2", "human", "clarity", 3.0),
    ]


@pytest.mark.parametrize(
    ("content", "rater"),
    [
        ({"rater_1": {"a": 3, "b": 4}, "rater_2": {"a": 4, "b": 5}}, "rater_1"),
        ({"a": {"rater 1": 3}}, "rater 1"),
    ],
    ids=["outside", "inside"],
)
def test_numbered_raters_need_no_option(read, content, rater):
    assert read(content)[0] == ("a", rater, "overall", 3.0)


def test_raters_who_are_not_named_are_noted(read):
    notes = []
    assert {rater for _, rater, _, _ in read(BY_ITEM, notes, raters_in=("ann",))} == {"ann"}
    assert notes == ["Ratings of 'ben' were not read: --raters-in does not name them."]


@pytest.mark.parametrize(
    ("raters", "missing"), [(("ann", "cy"), "'cy'"), (("ann", "q1"), "'ann', 'q1'")], ids=["none", "mixed"]
)
def test_raters_who_are_not_in_the_file_are_refused(read, raters, missing):
    with pytest.raises(
        InputError, match=rf"labels of the raters {missing} of --raters-in; found: 'q1', 'q2'"
    ):
        read(BY_ITEM, raters_in=raters)


@pytest.mark.parametrize(
    "content",
    [
        {"item_id": {"0": "q1", "1": "q2"}, "rater": {"0": "ann", "1": "ann"}, "clarity": {"0": 3, "1": 4}},
        {"clarity": {"0": 3, "1": 4}, "tone": {"0": 3, "1": 4}},
        {"Rater": {"x": "ann"}, "clarity": {"x": 3}},
    ],
    ids=["long", "numbered rows", "named rows"],
)
def test_columns_of_a_data_frame_are_refused_by_name(read, content):
    with pytest.raises(InputError, match=r"DataFrame\.to_json\(\).*orient='records'"):
        read(content)


def test_people_who_rated_different_items_are_outside(read):
    assert read({"ann": {"q1": 4, "q2": 3}, "ben": {"q3": 2}})[-1] == ("q3", "ben", "overall", 2.0)


def test_only_the_wanted_dimensions_of_labels_are_read(read):
    content = {"ann": {"q1": {"tone": 4, "clarity": 3}, "q2": {"tone": 1}}}
    assert read(content, dimensions=("clarity",)) == [("q1", "ann", "clarity", 3.0)]


def test_a_label_that_is_a_list_is_refused_with_its_place(read):
    with pytest.raises(InputError, match=r"r\.json: ann: q1: found a list; a label is a number or a text"):
        read({"ann": {"q1": [4, 5]}})
