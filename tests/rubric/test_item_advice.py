"""Advice about a rubric and the items that are to be judged with it."""

import pytest

from judge.records import Image, Item
from judge.rubric import Rubric
from judge.rubric.item_advice import advice_for_items

SCORE = {"description": "d", "anchors": {1: "bad", 2: "good"}}


def rubric(**changes):
    data = {
        "name": "r",
        "task": "Judge.",
        "scale": {"min": 1, "max": 2},
        "dimensions": {"truth": SCORE},
        "pass": {"overall": 2},
    }
    return Rubric.model_validate({**data, **changes})


def item(number=1, images=(), **metadata):
    return Item(id=f"i{number}", question="q", answer="a", images=images, metadata=metadata)


def advice(made, *items):
    return {problem.key: problem.message for problem in advice_for_items(made, items, "a.jsonl")}


def rule(**when):
    return rubric(rules=[{"when": when, "text": "t"}])


def test_a_condition_that_holds_for_an_item_gives_no_advice():
    assert advice(rule(topic="law"), item(topic="law"), item(topic="art")) == {}


def test_a_rule_that_matches_no_item_shows_the_values_of_the_field():
    items = [item(topic="art"), item(topic="art"), item(topic="sports"), item()]
    message = advice(rule(topic=["law", "medicine"]), *items)["rules.0.when"]
    assert message.startswith(
        "no item of a.jsonl has topic = law or medicine; found: art (2), sports (1), missing in 1."
    )


def test_a_misspelt_value_is_recognised():
    assert "did you mean medicine?" in advice(rule(topic="medcine"), item(topic="medicine"))["rules.0.when"]


def test_a_misspelt_field_is_recognised():
    message = advice(rule(topci="law"), item(topic="law"))["rules.0.when"]
    assert "has the field 'topci'; did you mean topic?" in message


def test_a_field_like_no_other_lists_the_fields():
    message = advice(rule(colour="red"), item(topic="law", n=1))["rules.0.when"]
    assert "fields found: n, topic." in message


def test_the_list_of_fields_is_short():
    fields = {f"f{number}": 1 for number in range(20)}
    assert "and 8 more" in advice(rule(colour="red"), item(**fields))["rules.0.when"]


def test_many_values_are_counted():
    items = [item(n, topic=f"value{n}") for n in range(9)]
    assert "4 other values" in advice(rule(topic="x"), *items)["rules.0.when"]


def test_more_values_than_are_kept_are_matched_all_the_same():
    items = [item(n, topic=f"value{n}") for n in range(2_500)]
    assert advice(rule(topic="value2400"), *items) == {}
    message = advice(rule(topic="x"), *items)["rules.0.when"]
    assert "995 other values" in message
    assert "missing" not in message


def test_values_that_never_meet_are_named_together():
    message = advice(rule(topic="law", lang="de"), item(topic="law", lang="en"), item(topic="art", lang="de"))
    assert "no item of a.jsonl has topic = law and lang = de together" in message["rules.0.when"]


@pytest.mark.parametrize(
    ("changes", "key", "effect"),
    [
        ({"rules": [{"when": {"k": 1}, "text": "t"}]}, "rules.0.when", "The rule enters no prompt"),
        (
            {"dimensions": {"truth": SCORE, "count": {**SCORE, "when": {"k": 1}}}},
            "dimensions.count.when",
            "The dimension is scored for no item",
        ),
        (
            {
                "examples": [
                    {"when": {"k": 1}, "question": "q", "answer": "a", "verdict": {"scores": {"truth": 1}}}
                ]
            },
            "examples.0.when",
            "The example enters no prompt",
        ),
        ({"reasons": [{"when": {"k": 1}, "give": "none"}]}, "reasons.0.when", "The rule decides for no item"),
        (
            {"images": [{"role": "query", "when": {"k": 1}}]},
            "images.0.when",
            "No image of the role query is shown",
        ),
    ],
)
def test_every_condition_of_a_rubric_is_checked(changes, key, effect):
    found = advice(rubric(**changes), item(k=2, images=(Image(path="p.png"),)))
    assert list(found) == [key]
    assert effect in found[key]


def test_a_rule_for_reasons_behind_one_that_always_decides_is_named():
    made = rubric(reasons=[{"give": "none"}, {"when": {"k": 1}, "give": "before"}])
    assert list(advice(made, item(k=1))) == ["reasons.1"]


def test_a_rule_for_reasons_of_the_remaining_items_may_decide_for_none():
    made = rubric(reasons=[{"when": {"k": 1}, "give": "before"}, {"give": "none"}])
    assert advice(made, item(k=1)) == {}


def test_a_rule_for_images_of_a_role_that_no_item_has_is_named():
    made = rubric(images=[{"role": "reference", "when": {"k": 1}}])
    assert advice(made, item(k=1)) == {"images.0.role": "no item of a.jsonl has an image of this role"}


def test_criteria_that_cannot_be_read_are_counted_and_the_first_is_shown():
    made = rubric(criteria={}, overall={"how": "points"}, **{"pass": {"overall": 0.5}})
    message = advice(made, item(1, criteria=["One."]), item(2, criteria=3), item(3))["criteria"]
    assert "the criteria of 2 of 3 items of a.jsonl cannot be read. First: item 'i2'" in message


def test_fields_of_criteria_that_are_not_read_are_named():
    made = rubric(criteria={}, overall={"how": "points"}, **{"pass": {"overall": 0.5}})
    entry = {"text": "One.", "axis": "accuracy"}
    found = advice(made, item(1, criteria=[entry, {**entry, "id": "x"}]), item(2, criteria=[entry, "Two."]))
    assert found["criteria"].startswith("criteria have fields that are not read: axis (2); read are text")
    assert "criteria" not in advice(made, item(1, criteria=[{"text": "One.", "points": 2, "tags": "a"}]))


def test_criteria_that_share_an_id_but_not_the_text_are_counted():
    made = rubric(criteria={}, overall={"how": "points"}, **{"pass": {"overall": 0.5}})
    water, oven = {"id": "1", "text": "Names the water."}, {"id": "1", "text": "Names the oven."}
    message = advice(made, item(1, criteria=[water]), item(2, criteria=[oven]), item(3, criteria=[water]))
    assert message["criteria"].startswith("1 of 3 criteria of the items share their id with another text")
    assert "First: item 'i2', criterion '1': Names the oven." in message["criteria"]


def test_criteria_without_ids_share_none():
    made = rubric(criteria={}, overall={"how": "points"}, **{"pass": {"overall": 0.5}})
    assert advice(made, item(1, criteria=["Names the water."]), item(2, criteria=["Names the oven."])) == {}


def test_criteria_that_join_two_checks_are_counted_and_the_first_is_shown():
    made = rubric(criteria={}, overall={"how": "points"}, **{"pass": {"overall": 0.5}})
    message = advice(made, item(1, criteria=["One.", "Names year and place."]))["criteria"]
    assert message.startswith("1 of 2 criteria of the items join two checks")
    assert "item 'i1', criterion 'c2': Names year and place." in message


def test_items_to_which_no_dimension_applies_are_counted():
    made = rubric(dimensions={"count": {**SCORE, "when": {"k": 1}}})
    message = advice(made, item(1, k=1), item(2, k=2), item(3))["dimensions"]
    assert message.startswith("2 of 3 items are not judged at all, since no dimension applies (item 'i2'")


def test_items_without_an_overall_score_are_counted():
    made = rubric(criteria={}, overall={"how": "points"}, **{"pass": {"overall": 0.5}})
    penalty = item(1, criteria=[{"text": "Is rude.", "points": -1}])
    message = advice(made, penalty, item(2, criteria=["Names it."]))["overall"]
    assert message.startswith("1 of 2 items is without an overall score (item 'i1': no criterion earns")


def test_an_example_without_a_condition_is_for_every_item():
    example = {"question": "q", "answer": "a", "verdict": {"scores": {"truth": 1}}}
    assert advice(rubric(examples=[example]), item()) == {}


def test_a_file_without_items_checks_nothing():
    assert "contains no item" in advice(rule(topic="law"))[""]
