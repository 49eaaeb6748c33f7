import datetime
import decimal
import enum
import pathlib
import uuid

import numpy as np
import pytest

from judge.errors import InputError
from judge.rows import delimiter_of, is_saved_dataset, name_of, read_rows, rows_of
from judge.rows.memory import plain

pd = pytest.importorskip("pandas")


def rows_in(table):
    return [row for _, row in rows_of(table)]


def test_missing_values_of_a_data_frame_become_none():
    frame = pd.DataFrame(
        {"id": ["a", "b"], "score": [1.5, np.nan], "day": [pd.Timestamp("2024-02-29"), pd.NaT]}
    )
    assert rows_in(frame) == [
        {"id": "a", "score": 1.5, "day": "2024-02-29 00:00:00"},
        {"id": "b", "score": None, "day": None},
    ]


def test_a_named_index_of_a_data_frame_is_a_column():
    frame = pd.DataFrame({"id": ["a"], "score": [1]}).set_index("id")
    assert rows_in(frame) == [{"id": "a", "score": 1}]


def test_two_named_indices_are_two_columns():
    frame = pd.DataFrame({"id": ["a"], "rater": ["r"], "score": [1]}).set_index(["id", "rater"])
    assert rows_in(frame) == [{"id": "a", "rater": "r", "score": 1}]


def test_an_index_without_a_name_is_no_column():
    assert rows_in(pd.DataFrame({"score": [1]}, index=[7])) == [{"score": 1}]


def test_an_index_with_the_name_of_a_column_is_refused():
    frame = pd.DataFrame({"id": ["a"]}, index=pd.Index(["x"], name="id"))
    with pytest.raises(InputError, match="two columns of the DataFrame are named 'id'"):
        rows_in(frame)


def test_a_polars_data_frame_is_read_row_by_row():
    polars = pytest.importorskip("polars")
    assert rows_in(polars.DataFrame({"id": ["a", "b"], "n": [1, None]})) == [
        {"id": "a", "n": 1},
        {"id": "b", "n": None},
    ]


class Split(list):
    """Stands in for a `datasets.Dataset`: it iterates over dicts and has `features`."""

    features = ()


def test_a_dataset_object_is_read_row_by_row():
    assert list(read_rows(Split([{"a": 1}, {"a": 2}]))) == [("row 1", {"a": 1}), ("row 2", {"a": 2})]


def test_a_dataset_with_several_splits_is_refused_with_their_names():
    with pytest.raises(InputError, match=r"splits train, test; pass one of them, such as dataset\['train'\]"):
        rows_in({"train": Split(), "test": Split()})


@pytest.mark.parametrize("table", [{"id": "q1"}, {}, "text", b"x", 7, None])
def test_what_has_no_rows_is_refused(table):
    with pytest.raises(InputError, match="allowed: a file, a DataFrame, or a list"):
        rows_in(table)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (datetime.date(2024, 2, 29), "2024-02-29"),
        (datetime.datetime(2024, 2, 29, 1, 2), "2024-02-29 01:02:00"),
        (datetime.time(1, 2), "01:02:00"),
        (datetime.timedelta(hours=1), "1:00:00"),
        (decimal.Decimal("1.50"), "1.50"),
        (pathlib.PurePosixPath("a/b"), "a/b"),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (enum.Enum("Colour", "RED").RED, "Colour.RED"),
        (b"caf\xc3\xa9", "café"),
        (np.datetime64("2024-02-29"), "2024-02-29"),
        (pd.NA, None),
        (pd.NaT, None),
    ],
)
def test_values_that_json_cannot_hold_become_text_or_none(value, text):
    assert plain({"a": [value]}) == {"a": [text]}


@pytest.mark.parametrize(("value", "found"), [(b"\x89PNG", "4 bytes"), (object(), "type object")])
def test_binary_data_and_objects_are_refused_with_their_row_and_field(value, found):
    with pytest.raises(InputError, match=rf"^row 2: field 'image': found (an object of )?{found}"):
        rows_in([{"image": "a.png"}, {"image": [{"x": value}]}])


def test_a_table_that_gives_its_rows_by_name_is_read_row_by_row():
    class Named:
        columns = ("a",)

        def iter_rows(self, *, named):
            assert named
            return iter([{"a": 1}, {"a": 2}])

    assert rows_in(Named()) == [{"a": 1}, {"a": 2}]


def test_a_table_in_memory_has_no_delimiter_and_no_name():
    assert delimiter_of([{"a": 1}]) is None
    assert (name_of([{"a": 1}]), name_of("a.csv")) == ("the table", "a.csv")


@pytest.mark.parametrize(
    ("name", "is_saved"), [("state.json", True), ("dataset_dict.json", True), ("x", False)]
)
def test_a_saved_dataset_is_a_folder_with_its_state(tmp_path, name, is_saved):
    (tmp_path / name).write_text("{}")
    assert is_saved_dataset(tmp_path) is is_saved
