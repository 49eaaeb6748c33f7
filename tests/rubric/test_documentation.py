"""docs/rubrics.md: its example is valid, and it names every key."""

import json
import re
from pathlib import Path

import pytest

import judge
from judge.items import ALIASES
from judge.records import Item
from judge.rubric import (
    ItemRubrics,
    Overall,
    Rubric,
    parse_rubric,
)
from judge.rubric.advice import advice_on
from judge.rubric.item_advice import advice_for_items
from judge.rubric.parts import Cap, CriteriaField, Dimension, Example, ImageRule, ReasonsRule, Rule, Verdict

PAGE = (Path(judge.__file__).parents[1] / "docs" / "rubrics.md").read_text(encoding="utf-8")


def block(language):
    return re.search(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)[1]


@pytest.fixture(scope="module")
def rubric():
    return parse_rubric(block("yaml"))


@pytest.fixture(scope="module")
def item():
    row = json.loads(block("json"))
    own = {name: row.pop(name) for name in list(row) if name in ALIASES}
    return Item(**own, metadata=row)


def test_the_example_uses_every_key_of_a_rubric():
    used = set(re.findall(r"^(\w+):", block("yaml"), re.MULTILINE))
    assert used == {field.alias or name for name, field in Rubric.model_fields.items()}


def test_the_example_has_every_type_and_two_scales(rubric):
    assert {dimension.type for dimension in rubric.dimensions.values()} == {"score", "binary", "category"}
    assert {rubric.scale_of(name).max for name in ("accuracy", "tone")} == {5, 10}


def test_the_example_gets_advice_about_images_alone(rubric, item):
    assert advice_on(rubric) == []
    keys = [advice.key for advice in advice_for_items(rubric, [item], "a.jsonl")]
    assert keys == ["images.0.when", "images.0.role"]  # the item has none


def test_the_item_of_the_page_gets_all_dimensions_and_its_criteria(rubric, item):
    own = ItemRubrics(rubric).of(item)
    assert own.not_applicable == {}
    assert own.rubric.reasons == "before"
    assert {key: criterion.points for key, criterion in own.criteria.items()} == {"c1": 1, "alcohol": 2}


@pytest.mark.parametrize(
    "record", [Rubric, Dimension, Rule, ReasonsRule, ImageRule, CriteriaField, Example, Verdict, Cap, Overall]
)
def test_the_page_names_every_key(record):
    names = {field.alias or name for name, field in record.model_fields.items()}
    assert {name for name in names if not re.search(rf"\b{name}\b", PAGE.replace(block("yaml"), ""))} == set()
