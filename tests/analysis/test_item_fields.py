"""Fields of items as labels."""

import pytest

from judge.analysis.item_fields import as_label, item_field, known_fields, natural_rank
from judge.errors import InputError
from judge.records import Item


def items(*fields, systems=None):
    systems = systems or [None] * len(fields)
    return [
        Item(id=f"i{n}", question="?", answer="", metadata=one, system=system)
        for n, (one, system) in enumerate(zip(fields, systems, strict=True))
    ]


def test_a_missing_value_is_a_label_of_its_own():
    assert item_field(items({"x": 1}, {}), "x").tolist() == ["1", "(none)"]


def test_the_id_is_a_field():
    assert item_field(items({}, {}), "id").tolist() == ["i0", "i1"]


def test_an_unknown_field_is_an_error_that_names_place_fields_and_hint():
    with pytest.raises(InputError, match=r"run: no item has the field 'z'; found: system, x\. Try this"):
        item_field(items({"x": 1}, {}, systems=["s", None]), "z", where="run: ", hint=". Try this")


@pytest.mark.parametrize("name", ["image", "images", "image_path"])
def test_images_are_no_field_and_the_error_says_what_to_do(name):
    item = Item(id="1", question="?", answer="", images=({"path": "a.png"},))
    with pytest.raises(InputError, match=f"The column {name} holds images; repeat their path"):
        item_field([item], name)
    with pytest.raises(InputError, match=r"found: none$"):
        item_field([item], "colour")


def test_items_without_fields_say_none():
    with pytest.raises(InputError, match="found: none"):
        item_field(items({}), "z")


def test_a_field_without_a_value_is_not_known():
    assert known_fields(items({"x": None, "y": 0})) == ["y"]


@pytest.mark.parametrize(
    ("value", "label"),
    [(3.0, "3"), (3.5, "3.5"), (3, "3"), (True, "true"), ("3", "3"), ([1.0, "a"], "1, a"), (("b",), "b")],
)
def test_values_that_a_csv_cannot_distinguish_are_one_label(value, label):
    assert as_label(value) == label


def test_labels_sort_as_numbers_then_text_then_missing():
    labels = ["(none)", "b", "10", "-2", "9.5", "1.2.3", "9"]
    assert sorted(labels, key=natural_rank) == ["-2", "9", "9.5", "10", "1.2.3", "b", "(none)"]
