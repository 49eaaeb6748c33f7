"""The form of a rubric in which a decision model is asked."""

import pytest

from judge.rubric import Rubric, load_rubric

ANCHORS = {1: "bad", 2: "middling", 3: "good"}


def rubric(**changes):
    data = {
        "name": "r",
        "task": "Judge.",
        "scale": {"min": 1, "max": 3},
        "dimensions": {"truth": {"description": "d", "anchors": ANCHORS}},
        "flags": {"harmful": {"description": "h"}, "note": {"type": "text", "description": "n"}},
        "examples": [
            {
                "question": "q",
                "answer": "a",
                "verdict": {
                    "scores": {"truth": 3},
                    "reasons": {"truth": "It is."},
                    "flags": {"harmful": False, "note": "none"},
                },
            }
        ],
        "pass": {"overall": 2},
    }
    return Rubric.model_validate({**data, **changes})


def test_a_decision_model_is_asked_for_no_reasons_and_no_texts():
    found = rubric().as_questions()
    assert found.reasons == "none"
    assert list(found.flags) == ["harmful"]
    assert found.examples[0].verdict.model_dump() == {
        "scores": {"truth": 3},
        "reasons": {},
        "flags": {"harmful": False},
    }


def test_all_dimensions_are_asked_together_whatever_the_reply_of_the_rubric():
    number = rubric(reply="number", flags={}, examples=[])
    assert number.as_questions().reply == "json"


@pytest.mark.parametrize("name", ["open_qa", "inspection", "summary"])
def test_the_form_is_valid_and_stays_when_it_is_taken_again(name):
    found = load_rubric(name).as_questions()
    stored = found.model_dump(by_alias=True)
    assert Rubric.model_validate(stored).model_dump(by_alias=True) == stored
    assert found.as_questions() == found


@pytest.mark.parametrize(("given", "asked"), [(None, 64), (3, 3), (100, 64)])
def test_criteria_of_an_item_are_split_where_some_servers_take_no_more(given, asked):
    without = {"dimensions": {}, "flags": {}, "examples": [], "pass": {"overall": 0.5}}
    by = rubric(criteria={"per_request": given}, overall={"how": "points"}, **without)
    assert by.as_questions().criteria.per_request == asked
