"""The shipped rubric whose images, knowledge and reasons depend on the type of the question."""

import pytest

from judge.records import Image, Item
from judge.rubric import ItemRubrics, load_rubric

RUBRIC = load_rubric("guided_inspection")


def item(question_type, **more):
    images = (Image(path="normal.png", role="reference"), Image(path="part.png"))
    metadata = {"question_type": question_type, "object": "washer", "reference_how": "nearest", **more}
    return Item(id="i", question="q", answer="a", images=images, metadata=metadata)


def texts(question_type, part, **more):
    found = RUBRIC.rules_for(item(question_type, **more))
    return [rule.text for rule in found if rule.part == part]


@pytest.mark.parametrize(
    ("question_type", "shown"),
    [("detection", (0, 1)), ("Defect Localization", (0, 1)), ("cause", (1,)), ("Defect Analysis", (1,))],
)
def test_the_reference_is_shown_for_what_can_be_seen(question_type, shown):
    assert RUBRIC.images_for(item(question_type)) == shown


@pytest.mark.parametrize(
    ("question_type", "knowledge"),
    [
        ("location", ["location"]),
        ("appearance", ["appearance"]),
        ("cause", ["cause"]),
        ("effect", ["effect"]),
        ("Defect Analysis", ["cause", "effect"]),
    ],
)
def test_knowledge_of_an_object_is_that_of_the_question(question_type, knowledge):
    found = texts(question_type, "knowledge")
    assert [text.partition(":")[0] for text in found] == [f"Washer, {part}" for part in knowledge]


def test_knowledge_of_another_object_is_left_out():
    assert all(text.startswith("Pin plate") for text in texts("location", "knowledge", object="pin plate"))


@pytest.mark.parametrize(
    ("question_type", "reasons"), [("location", "after"), ("effect", "before"), (None, "before")]
)
def test_conclusions_are_explained_before_the_score(question_type, reasons):
    assert ItemRubrics(RUBRIC).of(item(question_type)).rubric.reasons == reasons


def test_a_rule_about_the_reference_needs_one():
    assert len(texts("location", "reference")) == 1
    assert texts("location", "reference", reference_how=None) == []


def test_the_parts_can_be_left_out():
    assert RUBRIC.separable == ("reference", "reasons", "knowledge")
