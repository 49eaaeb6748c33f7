"""Which answers say that there is an anomaly: options, true/false, and the references of open questions."""

import math

import pytest

from judge.analysis.multiple_choice.anomaly_questions import reference_anomalous, says_anomalous, yes_means
from judge.records import Item


def item(question="Is there a defect?", choices=(), reference=None, **fields):
    return Item(id="1", question=question, answer="?", choices=choices, reference=reference, metadata=fields)


@pytest.mark.parametrize(
    ("question", "meaning"),
    [
        ("Is there any defect in the object?", 1),
        ("The part is damaged. True or false?", 1),
        ("The first image is a normal reference. Does the second have a defect?", 1),
        ("The first image shows a defect. Is the second normal?", 0),
        ("Is the part free of defects?", 0),
        ("The part has no visible damage.", 0),
        ("Is it undamaged?", 0),
        ("Is the object a gear?", None),
    ],
)
def test_the_question_says_whether_yes_means_an_anomaly(question, meaning):
    found = yes_means(question)
    assert math.isnan(found) if meaning is None else found == meaning


@pytest.mark.parametrize(
    ("question", "choices", "expected"),
    [
        ("Is the part normal?", ("Yes", "No"), (0, 1)),
        ("Is the part normal?", ("No.", "Yes."), (1, 0)),
        ("Which?", ("Yes", "No"), (1, 0)),
        ("The part has a crack.", ("True", "False"), (1, 0)),
        ("The part is intact.", ("True", "False"), (0, 1)),
        ("Is there a defect?", ("Yes, at the top", "No, there is none"), (1, 0)),
        ("Is the part normal?", ("Abnormal", "Normal"), (1, 0)),
    ],
)
def test_both_options_of_an_anomaly_question_have_a_meaning(question, choices, expected):
    assert tuple(says_anomalous(item(question, choices), letter) for letter in "AB") == expected


@pytest.mark.parametrize(
    ("question", "choices"),
    [("The object is a gear.", ("True", "False")), ("Defect?", ("…", "No")), ("Defect?", ("No", "Maybe"))],
)
def test_options_of_other_questions_say_nothing(question, choices):
    assert math.isnan(says_anomalous(item(question, choices), "A"))


@pytest.mark.parametrize(
    ("reference", "expected"),
    [("Yes, a crack.", 1), ("No.", 0), ("No defect.", 0), ("Normal - nothing is wrong", 0), ("Defective", 1)],
)
def test_the_beginning_of_a_reference_says_whether_there_is_an_anomaly(reference, expected):
    assert reference_anomalous(item(reference=reference)) == expected


def test_a_reference_to_a_question_whether_all_is_well_is_inverse():
    assert reference_anomalous(item("Is it normal?", reference="Yes.")) == 0


@pytest.mark.parametrize(
    "one",
    [
        item(reference="A gear."),
        item(reference=None),
        item(reference="Yes", question_type="Object Analysis"),
        item("Is it a gear?", reference="Yes"),
        item(reference="Yes", choices=("Yes", "No")),
    ],
)
def test_other_references_say_nothing(one):
    assert math.isnan(reference_anomalous(one))
