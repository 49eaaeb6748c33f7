"""The rubrics of a report as sections."""

from judge.reporting.builders.rubric_sections import rubric_sections
from judge.rubric import Rubric


def test_a_rubric_is_shown_once(make_rubric):
    (section,) = rubric_sections([make_rubric(), make_rubric()])
    assert section.key == "rubric"
    rows = dict(section.tables[0].rows)
    assert rows["task"] == "judge"
    assert rows["passes"] == "accuracy >= 3 and clarity >= 3"
    assert rows["overall"] == "none"


def test_different_rubrics_have_different_keys(make_rubric):
    first, second = make_rubric(), make_rubric({"accuracy": 4})
    keys = [section.key for section in rubric_sections([first, second])]
    assert len(set(keys)) == 2
    assert all(key.startswith("test ") and key.endswith("/rubric") for key in keys)


def test_the_rule_of_the_overall_score_is_spelled_out(make_rubric):
    def overall(**given):
        rubric = make_rubric({"overall": 3}, **given)
        (section,) = rubric_sections([rubric])
        return dict(section.tables[0].rows)["overall"]

    assert overall(how="judged") == "scored by the judge itself"
    assert overall(how="mean") == "mean of the dimensions"
    weights = {"weights": {"accuracy": 2, "clarity": 1}}
    assert overall(how="weighted", overall=weights) == "weighted: accuracy 2, clarity 1"


def test_a_rubric_without_a_part_says_which_and_names_the_parts_of_its_rules(make_rubric):
    rule = {"when": {"object": "screw"}, "text": "A screw has a thread.", "part": "knowledge"}
    rubric = Rubric.model_validate({**make_rubric().model_dump(by_alias=True), "rules": [rule]})
    (section,) = rubric_sections([rubric.leaving_out("reference")])
    rows = dict(section.tables[0].rows)
    assert rows["left out"] == "reference"
    assert rows["rule where object is screw (knowledge)"] == "A screw has a thread."
