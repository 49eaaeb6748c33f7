"""Items on disk: what was written by earlier versions keeps its digest and its form."""

import pytest

from judge.records import Item
from judge.rubric import load_rubric
from judge.scoring.judge import Judge
from judge.scoring.prompt import build_requests

BEFORE = Item(id="q1", question="Why?", answer="Because.", reference="So.", metadata={"topic": "x"})


def test_an_item_with_one_reference_keeps_its_digest():
    assert BEFORE.digest == "fcbbeef2dd978320bc9940c5fcd74cf2f5fac442206e5f59287ab496fd929446"


def test_an_item_with_one_reference_keeps_its_request_key():
    judge = Judge(model="openai/gpt-5", rubric=load_rubric("open_qa"))
    assert build_requests(BEFORE, judge)[0].key == (
        "5f6cbc2f18206890aa02158410bd94080fc4ae86037f5f833578698d0d27a3a6"
    )


def test_alternatives_are_written_only_where_there_are_any():
    assert "other_references" not in BEFORE.model_dump()
    several = BEFORE.model_copy(update={"other_references": ("Thus.",)})
    assert several.model_dump()["other_references"] == ("Thus.",)
    assert Item.model_validate_json(several.model_dump_json(exclude_defaults=True)) == several


def test_alternatives_make_another_item():
    assert Item(**{**BEFORE.model_dump(), "other_references": ("Thus.",)}).digest != BEFORE.digest


@pytest.mark.parametrize(
    ("fields", "references"),
    [
        ({}, ()),
        ({"reference": "r"}, ("r",)),
        ({"reference": "r", "other_references": ("s", "t")}, ("r", "s", "t")),
    ],
    ids=["none", "one", "several"],
)
def test_all_references_of_an_item(fields, references):
    assert Item(id="1", question="q", answer="a", **fields).references == references
