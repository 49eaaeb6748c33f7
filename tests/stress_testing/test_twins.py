"""Twins: ids and fields, items that a probe cannot change, and requests that would stay the same."""

import pytest

from judge.errors import InputError
from judge.records import Image, Item
from judge.rubric import load_rubric
from judge.rubric.parts import Dimension
from judge.stress_testing.pictures import StagedPictures
from judge.stress_testing.probe import ProbeContext
from judge.stress_testing.probe import tested_dimensions as aspects_of
from judge.stress_testing.probes import PROBES, chosen_probes
from judge.stress_testing.twins import make_twins

RUBRIC = load_rubric("open_qa")
ITEMS = [
    Item(
        id="q1",
        question="When?",
        answer="It opens at 20 bar.",
        reference="At 20 bar.",
        metadata={"topic": "valves"},
    ),
    Item(id="q2", question="Who?", answer="The works team.", reference="The team."),
]


def twins(names, items=ITEMS, rubric=RUBRIC):
    context = ProbeContext(rubric, items, StagedPictures("unused", "."))
    return make_twins(items, chosen_probes(names), context)


def test_a_twin_has_an_id_of_its_own_and_names_probe_and_original():
    twin = twins("padding").changed["padding"][0]
    assert twin.id == "q1~padding"
    assert twin.metadata == {"topic": "valves", "stress_probe": "padding", "stress_item": "q1"}


def test_originals_are_not_changed_and_come_first():
    found = twins("padding")
    assert found.originals == tuple(ITEMS)
    assert [item.id for item in found.items] == ["q1", "q2", "q1~padding", "q2~padding"]


def test_items_that_a_probe_cannot_change_are_counted_by_reason():
    found = twins("wrong_number")
    assert [item.id for item in found.changed["wrong_number"]] == ["q1~wrong_number"]
    assert found.not_applicable["wrong_number"] == {"the answer holds no number": 1}


def test_a_probe_of_aspects_that_no_dimension_measures_changes_nothing():
    only_clarity = RUBRIC.model_copy(update={"dimensions": {"clarity": RUBRIC.dimensions["clarity"]}})
    found = twins(["other_answer", "padding", "dimension_order"], rubric=only_clarity)
    assert "other_answer" not in found.changed
    (why,) = found.not_applicable["other_answer"]
    assert "no dimension measures accuracy, coverage, relevance" in why
    assert found.not_applicable["dimension_order"] == {"the rubric has fewer than two dimensions": 2}


def test_a_picture_that_the_judge_is_not_shown_is_not_changed():
    items = [
        Item(
            id=name,
            question=f"{name}?",
            answer="!",
            images=(Image(path=name, role="reference", sha256=name),),
        )
        for name in ("a", "b")
    ]
    assert len(twins("other_reference_picture", items).changed["other_reference_picture"]) == 2
    unseen = RUBRIC.model_copy(update={"without": ("reference",)})
    found = twins("other_reference_picture", items, unseen)
    assert found.changed["other_reference_picture"] == ()
    assert found.not_applicable["other_reference_picture"] == {"the judge is not shown what changes": 2}


def test_a_task_in_the_same_words_is_no_change():
    same = RUBRIC.model_copy(update={"stress": RUBRIC.stress.model_copy(update={"task": RUBRIC.task})})
    found = twins("task_paraphrased", rubric=same)
    assert "task_paraphrased" not in found.rubrics
    assert found.not_applicable["task_paraphrased"] == {"the judge is not shown what changes": 2}


def test_twins_of_an_earlier_test_are_refused():
    with pytest.raises(InputError, match="'q1~padding': looks like a twin"):
        twins("padding", [ITEMS[0].model_copy(update={"id": "q1~padding"})])


KIND = {"description": "kind", "type": "category", "labels": ["a", "b"]}
UNORDERED = RUBRIC.model_copy(
    update={"name": "kinds", "dimensions": {"kind": Dimension.model_validate(KIND)}}
)


def test_a_rubric_without_scores_from_low_to_high_cannot_be_tested():
    assert aspects_of(UNORDERED) == {}
    with pytest.raises(InputError, match="rubric kinds: none of its dimensions has scores from low to high"):
        twins("padding", rubric=UNORDERED)


def test_an_overall_score_of_the_judge_measures_quality():
    assert aspects_of(load_rubric("inspection"))["overall"] == "quality"


def test_a_dimension_that_the_rubric_does_not_name_measures_quality():
    plain = RUBRIC.model_copy(update={"stress": RUBRIC.stress.model_copy(update={"aspects": {}})})
    assert set(aspects_of(plain).values()) == {"quality"}


def test_no_probe_of_the_answer_leaves_a_request_unchanged():
    found = twins("all")
    by_id = {item.id: item for item in found.originals}
    assert all(
        twin.answer != by_id[twin.metadata["stress_item"]].answer for twin in found.items[len(ITEMS) :]
    )
    assert set(found.changed) | set(found.rubrics) <= set(PROBES)
