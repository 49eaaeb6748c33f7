"""Criteria in a field of an item: which forms are read, and which are refused instead of guessed."""

import pytest

from judge import Item
from judge.errors import InputError
from judge.rubric import CriteriaField, ItemRubrics, Rubric
from judge.rubric.item_criteria import criteria_of, refuse_misspelt_fields, unread_fields


def item(found):
    return Item(id="i", question="q", answer="a", metadata={"criteria": found})


def read(found):
    return {key: (c.description, c.points) for key, c in criteria_of(item(found), CriteriaField()).items()}


def problem(found):
    with pytest.raises(InputError) as caught:
        read(found)
    return str(caught.value)


def refused(found):
    by = Rubric.model_validate(
        {"name": "r", "task": "t", "criteria": {}, "overall": {"how": "points"}, "pass": {"overall": 1}}
    )
    assert ItemRubrics(by).of(item(found)).criteria  # a run that holds such an item stays readable
    with pytest.raises(InputError) as caught:
        ItemRubrics(by).checked(item(found))
    return str(caught.value)


def test_an_id_of_zero_is_an_id():
    assert [*read([{"id": 0, "text": "a"}, {"id": 1, "text": "b"}])] == ["0", "1"]


def test_fields_that_parquet_fills_with_nulls_are_absent():
    assert read([{"id": None, "text": "a", "criterion": None, "points": None, "tags": None}]) == {
        "c1": ("a", 1.0)
    }


def test_one_criterion_by_itself_is_not_a_mapping_of_ids_to_texts():
    assert read({"id": "year", "text": "It names the year."}) == {"year": ("It names the year.", 1.0)}


def test_a_mapping_may_hold_points_beside_the_text():
    assert read({"year": {"text": "It names the year.", "points": 2}}) == {
        "year": ("It names the year.", 2.0)
    }


def test_an_id_that_stands_twice_in_a_json_cell_is_refused():
    assert "the key 'c1' stands twice" in problem('{"c1": "a", "c1": "b"}')


def test_a_json_cell_that_is_nested_too_deeply_is_refused():
    assert "not valid JSON" in problem("[" * 100_000)


@pytest.mark.parametrize("name", ["pionts", "Points", "point", "weight", "Weights"])
def test_a_misspelt_name_of_points_is_refused_because_a_penalty_would_become_a_reward(name):
    assert f"unknown field '{name}'; did you mean points?" in refused([{"text": "a", name: -5}])


def test_a_known_name_in_another_case_is_refused():
    assert "criterion 2: unknown field 'Tags'; did you mean tags?" in refused(
        ["b", {"text": "a", "Tags": ["x"]}]
    )


def test_other_fields_of_a_criterion_are_not_read():
    listed = [{"text": "a", "points": 2, "weight": 5, "axis": "accuracy"}, "b"]
    assert read(listed) == {"c1": ("a", 2.0), "c2": ("b", 1.0)}
    refuse_misspelt_fields(item(listed), CriteriaField())
    assert unread_fields(item(listed), CriteriaField()) == {"weight", "axis"}


@pytest.mark.parametrize("found", [True, ["x"], {"a": 1}])
def test_an_id_is_a_text_or_a_number(found):
    assert "the id is" in problem([{"id": found, "text": "a"}])


def test_a_text_is_in_words():
    assert "the text is 3" in problem([{"text": 3}])


def test_points_whose_sum_would_be_infinite_are_refused():
    assert "at most 1,000,000,000" in problem([{"text": "a", "points": 1e308}])


@pytest.mark.parametrize("text", ['It says "no" {or} not.', "Two\nlines", "{", "`c2`: met", "- c2"])
def test_a_text_is_kept_as_it_is_written(text):
    assert read([text]) == {"c1": (text, 1.0)}


def test_a_cell_may_hold_a_list_as_python_writes_it():
    assert read("""['It is "short".', {'text': "It's short.", 'points': -1, 'id': None}] """) == {
        "c1": ('It is "short".', 1.0),
        "c2": ("It's short.", -1.0),
    }


@pytest.mark.parametrize(
    "cell", ["['It is short.' 'It is true.']", "[{'text': 'a'}\n {'text': 'b'}]", "[1 2]"]
)
def test_a_cell_that_holds_the_text_of_an_array_is_refused(cell):
    assert "not valid JSON" in problem(cell)


def test_a_field_without_a_value_is_missing():
    assert "field 'criteria': is missing; allowed" in problem(None)


def test_a_missing_field_names_the_field_that_was_probably_meant():
    misspelt = Item(id="i", question="q", answer="a", metadata={"criterias": ["It is true."], "topic": "x"})
    with pytest.raises(InputError, match="field 'criteria': is missing; did you mean criterias"):
        criteria_of(misspelt, CriteriaField())
