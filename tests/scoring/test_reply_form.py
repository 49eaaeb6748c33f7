"""Which replies a rubric asks for: the schema and the text of bare numbers, and whose reasons are asked."""

import pytest

from judge.rubric import Dimension, Rubric
from judge.scoring.reply_form import NO_VERDICT, reasons_of, reply_schema, reply_text

from .builders import rubric


def numbers(**changes):
    return Rubric.model_validate(rubric().model_dump(by_alias=True) | {"reply": "number"} | changes)


def test_the_schema_of_a_bare_number_lists_the_numbers_of_the_scale():
    assert reply_schema(numbers(), "a") == {"type": "integer", "enum": [1, 2, 3, 4, 5]}


def test_a_bare_number_of_a_criterion_is_one_or_zero():
    assert "Reply with 1 or 0" in reply_text(numbers(), is_criteria=True)


def test_the_range_of_numbers_is_named_only_where_all_dimensions_share_it():
    assert "from 1 to 5" in reply_text(numbers())
    met = Dimension.model_validate({"description": "d", "type": "binary"})
    assert "from 1 to 5" not in reply_text(numbers().model_copy(update={"dimensions": {"a": met}}))


def test_reasons_that_are_chosen_by_item_need_the_rubric_of_an_item():
    by_item = rubric().model_copy(update={"reasons": ()})
    with pytest.raises(TypeError, match="ItemRubrics"):
        reasons_of(by_item)


def test_the_schema_of_a_bare_number_allows_no_verdict_where_the_rubric_does():
    found = reply_schema(numbers(abstain=True), "a")
    assert found["type"] == ["integer", "string"]
    assert found["enum"] == [1, 2, 3, 4, 5, NO_VERDICT]
