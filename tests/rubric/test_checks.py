"""Contradictions in a rubric with several types and scales."""

import pytest

from judge.errors import RubricError
from judge.rubric import Rubric, parse_rubric
from judge.scoring.reply_form import example_reply

ANCHORS = {1: "bad", 2: "middling", 3: "good"}
SCORE = {"description": "d", "anchors": ANCHORS}
BINARY = {"description": "d", "type": "binary"}
LABELS = {"description": "d", "type": "category", "labels": ["none", "minor", "major"]}
LONG = {"description": "d", "scale": {"min": 0, "max": 10}, "anchors": {0: "bad", 10: "good"}}


def data(dimensions, **changes):
    made = {
        "name": "r",
        "task": "Judge.",
        "scale": {"min": 1, "max": 3},
        "dimensions": dimensions,
        "overall": {"how": "none"},
        "pass": {"truth": 2},
    }
    return {**made, **changes}


def problems(dimensions, **changes):
    with pytest.raises(RubricError) as caught:
        parse_rubric(str(data(dimensions, **changes)), "r.yaml")
    return str(caught.value)


def test_a_rubric_may_have_three_types_and_two_scales():
    made = Rubric.model_validate(data({"truth": SCORE, "named": BINARY, "fault": LABELS, "style": LONG}))
    assert [made.scale_of(name).max for name in made.scored] == [3, 1, 2, 10]
    assert [made.scale_of(name).level for name in made.scored] == ["ordinal", "nominal", "nominal", "ordinal"]


def test_ordered_labels_are_ordinal():
    made = Rubric.model_validate(data({"truth": SCORE, "fault": {**LABELS, "ordered": True}}))
    assert made.scale_of("fault").level == "ordinal"
    assert made.dimensions["fault"].label_of(2.0) == "major"


@pytest.mark.parametrize(
    ("dimension", "problem"),
    [
        ({**BINARY, "scale": {"min": 0, "max": 3}}, "scale: only a dimension of type score has one"),
        ({**SCORE, "points": 2}, "points: only a dimension of type binary earns points"),
        ({**BINARY, "points": 0}, "points: found 0; allowed is a number other than 0"),
        (
            {**BINARY, "points": 1e300},
            "points: found 1e+300; allowed is a number other than 0, at most 1,000,000,000",
        ),
        ({**LABELS, "labels": ["one"]}, "labels: found 1; a category needs at least two"),
        ({**LABELS, "labels": ["a", "A"]}, "labels: 'a' stands twice"),
        ({**LABELS, "labels": ["a", "a"]}, "a label stands twice"),
        ({**LABELS, "labels": ["a", "cannot_tell"]}, "'cannot_tell' stands twice, or is kept"),
        ({**LABELS, "labels": ["a", " b"]}, "' b' is no label"),
        ({**LABELS, "anchors": {0: "x"}}, "anchors: a category describes its labels instead"),
        ({**SCORE, "labels": ["a", "b"]}, "labels: only a dimension of type category has labels"),
        ({**LONG, "anchors": {}}, "anchors: no anchor for 0"),
        ({**BINARY, "anchors": {2: "x"}}, "has an anchor for 2, but the scale runs 0-1"),
    ],
)
def test_a_dimension_that_contradicts_its_type_is_named(dimension, problem):
    assert problem in problems({"truth": SCORE, "other": dimension})


def test_an_average_over_several_types_or_scales_is_refused():
    found = problems({"truth": SCORE, "style": LONG}, overall={"how": "mean"})
    assert "mean combines dimensions of one type on one scale" in found
    assert "style (score on 0-10)" in found
    assert "truth (score on 1-3), named (binary)" in problems(
        {"truth": SCORE, "named": BINARY}, overall={"how": "min"}
    )


def test_weights_may_leave_out_what_is_on_another_scale():
    made = data({"truth": SCORE, "style": LONG}, overall={"how": "weighted", "weights": {"truth": 1}})
    assert Rubric.model_validate(made).overall_score({"truth": 2.0, "style": 9.0}) == 2.0


def test_the_overall_score_of_dimensions_on_one_other_scale_is_on_that_scale():
    made = Rubric.model_validate(data({"style": LONG}, overall={"how": "mean"}, **{"pass": {"overall": 7}}))
    assert made.scale_of("overall").max == 10


def test_points_of_binary_dimensions_make_an_overall_score():
    made = Rubric.model_validate(
        data(
            {"a": {**BINARY, "points": 3}, "b": {**BINARY, "points": 1}, "c": {**BINARY, "points": -2}},
            overall={"how": "points"},
            **{"pass": {"overall": 0.5}},
        )
    )
    assert made.overall_score({"a": 1.0, "b": 1.0, "c": 1.0}) == 0.5
    assert made.scale_of("overall").max == 1


@pytest.mark.parametrize(
    ("dimensions", "changes", "problem"),
    [
        ({}, {}, "dimensions: found none"),
        ({"truth": SCORE}, {"overall": {"how": "points"}}, "points needs criteria"),
        ({}, {"criteria": {}, "overall": {"how": "mean"}}, "mean needs dimensions"),
        ({}, {"criteria": {}, "overall": {"how": "judged"}}, "judged needs dimensions"),
        ({"truth": SCORE, "fault": LABELS}, {"pass": {"fault": 1}}, "'fault' is a category"),
        ({"truth": {**SCORE, "when": {"kind": "x"}}}, {}, "'truth' applies to some items only"),
        ({"truth": SCORE, "criteria": SCORE}, {"criteria": {}}, "'criteria' has a fixed meaning"),
        ({"truth": SCORE, "criteria/a": SCORE}, {}, "'criteria/a' has a fixed meaning"),
        (
            {"truth": SCORE},
            {"overall": {"how": "weighted", "weights": {"truth": 1, "overall": 1}}},
            "no dimension",
        ),
        ({"truth": SCORE}, {"images": [{"role": "reference", "when": {}}]}, "images.0.when"),
    ],
)
def test_what_does_not_fit_together_is_named(dimensions, changes, problem):
    assert problem in problems(dimensions, **changes)


def test_an_example_gives_labels_and_criteria_as_they_are_defined():
    example = {
        "question": "q",
        "answer": "a",
        "verdict": {"scores": {"truth": 3, "named": True, "fault": "minor"}},
    }
    dimensions = {"truth": SCORE, "named": BINARY, "fault": LABELS}
    made = Rubric.model_validate(data(dimensions, examples=[example]))
    assert made.examples[0].verdict.scores == {"truth": 3, "named": 1, "fault": "minor"}
    example["verdict"]["scores"]["fault"] = "grave"
    assert "found 'grave'; allowed: none, minor, major" in problems(dimensions, examples=[example])


def test_new_fields_leave_the_digest_of_a_plain_rubric_as_it_was():
    plain = Rubric.model_validate(data({"truth": SCORE}))
    assert plain.model_dump(by_alias=True).keys() == {
        *("name", "version", "description", "source", "task", "scale", "dimensions", "guidelines", "rules"),
        *("examples", "flags", "reasons", "overall", "pass", "reply", "max_words"),
    }
    assert plain.model_dump()["dimensions"]["truth"].keys() == {"description", "anchors", "aliases"}
    typed = Rubric.model_validate(data({"truth": SCORE, "named": BINARY}))
    assert typed.model_dump()["dimensions"]["named"]["type"] == "binary"
    assert Rubric.model_validate(typed.model_dump(by_alias=True, mode="json")) == typed


def test_labels_that_are_numbers_may_stand_in_an_example():
    graded = {"description": "d", "type": "category", "labels": ["1", "2"]}
    example = {"question": "q", "answer": "a", "verdict": {"scores": {"truth": 3, "grade": "2"}}}
    made = Rubric.model_validate(data({"truth": SCORE, "grade": graded}, examples=[example]))
    assert '"label": "2"' in example_reply(made.examples[0], made)


def test_an_item_to_which_the_pass_rule_does_not_apply_has_no_verdict():
    made = Rubric.model_validate(
        data({"truth": SCORE}, overall={"how": "mean"}, **{"pass": {"truth": 2, "overall": 2}})
    )
    assert made.passes({"truth": 1.0}) is False
    assert made.passes({"truth": 1.0}, {"overall"}) is None
