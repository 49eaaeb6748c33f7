"""Whether runs may be compared."""

import pytest

from judge.analysis.comparable import (
    one_rubric,
    refuse_other_rubrics,
    refuse_other_scales,
    refuse_same_names,
    same_answers,
    same_rubric,
)
from judge.errors import InputError

ROWS = [{"accuracy": 4, "clarity": 4}]


def test_names_must_differ(make_table):
    refuse_same_names([make_table(ROWS, name="a"), make_table(ROWS, name="b")])
    with pytest.raises(InputError, match="two runs are called 'a'"):
        refuse_same_names(
            [make_table(ROWS, name="a"), make_table(ROWS, name="b"), make_table(ROWS, name="a")]
        )


def test_rubrics_must_not_differ_for_a_ranking(make_table, make_rubric):
    a, b = make_table(ROWS, name="a"), make_table(ROWS, make_rubric({"accuracy": 5}), name="b")
    refuse_other_scales([a, b])
    refuse_other_rubrics([a, a])
    with pytest.raises(
        InputError, match=r"a was scored with rubric test .*, b with rubric test .*not ranked"
    ):
        refuse_other_rubrics([a, b])
    assert one_rubric([a, a])
    assert not one_rubric([a, a, b])


def test_scales_must_not_differ(make_table, make_rubric):
    rubric = make_rubric()
    wide = rubric.model_copy(update={"scale": rubric.scale.model_copy(update={"max": 7})})
    a, b = make_table(ROWS, name="a"), make_table(ROWS, wide, name="b")
    with pytest.raises(InputError, match="a was scored on a scale from 1 to 5, b on a scale from 1 to 7"):
        refuse_other_scales([a, b])


def test_asking_dimension_by_dimension_makes_no_other_rubric(make_rubric):
    rubric = make_rubric(flags={"sure": {"description": "x"}})
    assert same_rubric(rubric, rubric.as_numbers())
    assert not same_rubric(rubric, make_rubric({"accuracy": 5}).as_numbers())


def test_the_same_answers_are_the_same_ids_questions_and_texts(make_table):
    a = make_table(ROWS)
    assert same_answers([a, make_table(ROWS), make_table(ROWS)])
    assert not same_answers([a])
    for change in ({"answer": "other"}, {"question": "other"}, {"id": "other"}):
        assert not same_answers([a, make_table([{**ROWS[0], **change}])])
