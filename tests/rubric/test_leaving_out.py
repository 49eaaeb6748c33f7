"""Parts of a rubric that can be left out, to measure what they contribute."""

import pytest

from judge.errors import RubricError
from judge.records import Image, Item
from judge.rubric import ItemRubrics, Rubric, check_rubric, load_rubric

ANCHORS = {1: "bad", 2: "good"}
SCREW = Item(
    id="i",
    question="q",
    answer="a",
    images=(Image(path="a.png"), Image(path="b.png", role="reference")),
    metadata={"object": "screw"},
)


def rubric(**changes):
    return Rubric.model_validate(
        {
            "name": "small",
            "task": "Judge.",
            "scale": {"min": 1, "max": 2},
            "dimensions": {"truth": {"description": "d", "anchors": ANCHORS}},
            "rules": [
                {"when": {"object": "screw"}, "text": "A screw has a thread.", "part": "knowledge"},
                {"when": {"object": "screw"}, "text": "Compare both pictures.", "part": "reference"},
                {"when": {"object": "screw"}, "text": "Be strict."},
            ],
            "pass": {"truth": 2},
            **changes,
        }
    )


def texts(found, item=SCREW):
    return [rule.text for rule in found.rules_for(item)]


def test_parts_are_reference_reasons_and_those_that_rules_name():
    assert rubric().separable == ("reference", "reasons", "knowledge")


def test_without_knowledge_its_rules_enter_no_prompt():
    assert texts(rubric().leaving_out("knowledge")) == ["Compare both pictures.", "Be strict."]


def test_without_the_reference_its_images_and_rules_are_not_shown():
    found = rubric().leaving_out("reference")
    assert (found.images_for(SCREW), texts(found)) == ((0,), ["A screw has a thread.", "Be strict."])


def test_a_reference_that_is_shown_by_a_condition_is_left_out_too():
    shown = rubric(images=[{"role": "reference", "when": {"object": "screw"}}])
    assert shown.images_for(SCREW) == (0, 1)
    assert shown.leaving_out("reference").images_for(SCREW) == (0,)


@pytest.mark.parametrize("reasons", ["after", [{"when": {"object": "screw"}, "give": "before"}]])
def test_without_reasons_none_are_asked_for(reasons):
    found = rubric(reasons=reasons).leaving_out("reasons")
    assert ItemRubrics(found).of(SCREW).rubric.reasons == "none"


def test_the_name_says_what_is_left_out():
    assert rubric().leaving_out("reasons").name == "small-without-reasons"


def test_another_digest_is_that_of_a_rubric_without_a_part():
    assert rubric().digest != rubric().leaving_out("reasons").digest


def test_an_unknown_part_is_an_error_that_lists_the_parts():
    with pytest.raises(
        RubricError, match=r"'knowlege'.*reference, reasons, knowledge.*did you mean knowledge"
    ):
        rubric().leaving_out("knowlege")


def test_a_file_that_leaves_out_an_unknown_part_is_refused():
    text = "name: n\ntask: t\nwithout: [context]\npass: {a: 1}\n"
    text += "scale: {min: 1, max: 2}\ndimensions: {a: {description: d, anchors: {1: x, 2: y}}}\n"
    _, errors = check_rubric(text)
    assert "no part is called 'context'" in str(errors[0])


def test_rubrics_of_before_keep_their_content():
    dumped = load_rubric("inspection").model_dump(by_alias=True)
    assert "without" not in dumped
    assert all(set(rule) == {"when", "text"} for rule in dumped["rules"])
