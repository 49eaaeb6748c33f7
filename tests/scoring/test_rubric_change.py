"""`judge parse --rubric`: which changes of a rubric the stored replies allow."""

import json

import pytest

import judge
from judge.errors import RubricError
from judge.rubric import Rubric
from judge.scoring.rubric_change import check_replies_fit

from .test_typed_tables import RUBRIC

ASKED = Rubric.model_validate(RUBRIC)


def changed(**changes):
    """The rubric with other keys; ``truth_when`` is the key `when` of the dimension `truth`."""
    new = json.loads(json.dumps(RUBRIC))
    for key, value in changes.items():
        name, _, part = key.partition("_")
        if name in new["dimensions"]:
            new["dimensions"][name][part] = value
        else:
            new[key.rstrip("_")] = value
    return Rubric.model_validate(new)


@pytest.mark.parametrize(
    "changes",
    [
        {"pass_": {"overall": 3}},
        {"overall": {"how": "none"}, "pass_": {"truth": 2}},
        {"named_points": 5, "overall": {"how": "points"}, "pass_": {"overall": 0.5}},
        {"named_tags": ["safety"]},
        {"truth_aliases": ["verity"]},
        {"fault_labels": {"none": "No fault at all.", "minor": "One that does not matter."}},
        {"fault_ordered": False},
        {"criteria": None},
    ],
    ids=lambda changes: ",".join(changes),
)
def test_what_is_computed_after_the_reply_may_change(changes):
    check_replies_fit(changed(**changes), ASKED, "new.yaml")


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"named_type": "category", "named_labels": ["yes", "no"]}, r"dimensions\.named\.type: found category"),
        ({"fault_labels": ["none", "minor", "major"]}, r"dimensions\.fault\.labels: found none, minor, major"),
        ({"fault_labels": ["minor", "none"]}, r"dimensions\.fault\.labels: found minor, none"),
        ({"style_scale": {"min": 0, "max": 20}}, r"dimensions\.style\.scale: found 0-20; .* asked for 0-10"),
        ({"truth_when": {"kind": "colour"}}, r"dimensions\.truth\.when: found \{'kind': 'colour'\}"),
        ({"count_when": {}}, r"dimensions\.count\.when: found none"),
        ({"criteria": {"field": "others"}}, r"criteria: found field 'others', all per request"),
        ({"criteria": {"field": "checklist", "per_request": 2}}, r"criteria: found field 'checklist', 2 per request"),
        ({"abstain": False}, r"abstain: found false; the judge was asked with true"),
        ({"reply": "number"}, r"reply: found number; the judge was asked for json"),
    ],
    ids=["type", "labels", "order", "scale", "when", "no when", "field", "per request", "abstain", "reply"],
)  # fmt: skip
def test_what_the_judge_was_asked_may_not_change(changes, problem):
    with pytest.raises(RubricError, match=f"new.yaml: {problem}"):
        check_replies_fit(changed(**changes), ASKED, "new.yaml")


def test_every_difference_is_named_and_then_what_may_change():
    with pytest.raises(RubricError) as raised:
        check_replies_fit(changed(abstain=False, truth_when={"kind": "colour"}), ASKED, "new.yaml")
    lines = str(raised.value).splitlines()
    assert len(lines) == 3
    assert "points, tags, aliases" in lines[-1]


def test_criteria_that_the_judge_was_not_asked_for_may_not_be_added():
    asked = changed(criteria=None)
    with pytest.raises(
        RubricError, match=r"criteria: found field 'checklist', all per request; .* with none"
    ):
        check_replies_fit(ASKED, asked, "new.yaml")


def test_points_of_the_items_are_summed_again_without_a_request(tmp_path):
    replies, new = tmp_path / "replies.jsonl", tmp_path / "new.yaml"
    reply = {"year": {"met": True}, "place": {"met": False}}
    replies.write_text(json.dumps({"id": "a", "dimension": "criteria/1", "reply": reply}) + "\n")
    text = "name: c\ntask: Judge.\ncriteria: {field: checklist}\nreasons: none\noverall: {how: points}\n"
    new.write_text(text + "pass: {overall: 0.9}\n")
    answers = [{"id": "a", "question": "q", "answer": "A.", "checklist": {"year": "Y.", "place": "P."}}]
    by = judge.rubric.parse_rubric(text + "pass: {overall: 0.5}\n")
    run = judge.score(answers, judge=f"replay:{replies}", rubric=by, out=tmp_path / "run")
    with run:
        assert run["a"].passes()
    with judge.rederive(run.path, str(new)) as again:
        assert (again["a"].scores["overall"], again["a"].passes()) == (0.5, False)
