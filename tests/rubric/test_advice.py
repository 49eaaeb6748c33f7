"""Advice about a valid rubric: ambiguous texts, and pass rules that decide nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from judge.rubric import Rubric, load_rubric, shipped_rubrics
from judge.rubric.advice import PLACEHOLDER, advice_on, joins_two_checks

ANCHORS = {1: "bad", 2: "middling", 3: "good"}
SCORE = {"description": "d", "anchors": ANCHORS}


def rubric(dimensions=None, **changes):
    data = {
        "name": "r",
        "task": "Judge.",
        "scale": {"min": 1, "max": 3},
        "dimensions": dimensions or {"truth": SCORE},
        "pass": {"overall": 2},
    }
    return Rubric.model_validate({**data, **changes})


def advice(dimensions=None, **changes):
    return {problem.key: problem.message for problem in advice_on(rubric(dimensions, **changes))}


def anchored(*texts, **changes):
    return advice({"truth": {"description": "d", "anchors": dict(enumerate(texts, start=1))}}, **changes)


def binary(description, **changes):
    return {"description": description, "type": "binary", **changes}


def test_a_plain_rubric_gets_no_advice():
    assert advice() == {}


@pytest.mark.parametrize(
    ("text", "joins"),
    [
        ("It names the year and the place.", True),
        ("It names the year as well as the place.", True),
        ("Sie nennt Jahr und Ort.", True),
        ("Sie nennt das Jahr sowie den Ort.", True),
        ("It names the year.", False),
        ("It gives a year between 1900 and 1910.", False),
        ("Das Jahr liegt zwischen 1900 und 1910.", False),
        ("It names the year and/or the place.", False),
        ("It says that Paul and Laura married.", False),
        ("It stands on sand.", False),
    ],
)
def test_a_criterion_that_joins_two_checks_is_recognised(text, joins):
    assert joins_two_checks(text) is joins


def test_a_binary_dimension_that_joins_two_checks_is_named():
    dimensions = {"truth": SCORE, "named": binary("Names year and place.")}
    found = advice(dimensions, overall={"how": "weighted", "weights": {"truth": 1}})
    assert list(found) == ["dimensions.named.description"]
    assert "make it two criteria" in found["dimensions.named.description"]


@pytest.mark.parametrize(
    ("text", "joins"),
    [
        ("It is correct and it names the source.", True),
        ("It touches the question and dwells on something else.", True),
        ("Clear, well ordered, and without slips.", True),
        ("Sie stimmt und nennt die Quelle.", True),
        ("Object and verdict are right.", False),
        ("Every detail agrees with picture and reference.", False),
        ("It lists names and places of the event.", False),
        ("It holds all that matters and nothing else.", False),
    ],
)
def test_an_anchor_that_joins_two_clauses_is_named(text, joins):
    assert list(anchored("bad", "middling", text)) == (["dimensions.truth.anchors.3"] if joins else [])


@pytest.mark.parametrize(
    ("text", "mentions"),
    [
        ("It is concise.", True),
        ("Far over 50 words.", True),
        ("Too long.", True),
        ("Eine ausführliche Antwort ist kurz.", True),
        ("Being short is no fault.", False),
        ("The length does not matter.", False),
        ("Wrong as long as it stands.", False),
        ("It belongs to the subject.", False),
    ],
)
def test_a_description_that_mentions_length_is_named(text, mentions):
    found = advice({"truth": {**SCORE, "description": text}})
    assert ("mentions length" in found.get("dimensions.truth.description", "")) is mentions


def test_a_limit_in_words_that_the_systems_were_given_may_be_judged():
    assert anchored("Over 50 words.", "Wordy.", "Concise.", max_words=50) == {}


def test_a_long_scale_needs_anchors_at_both_ends():
    scale = {"min": 0, "max": 10}
    dimension = {"description": "d", "scale": scale, "anchors": {0: "bad", 5: "middling"}}
    found = advice({"truth": dimension})
    assert "no anchor for 10" in found["dimensions.truth.anchors"]
    assert advice({"truth": {**dimension, "anchors": {0: "bad", 10: "good"}}}) == {}


def test_an_empty_anchor_is_named():
    assert "empty" in anchored("bad", "…", "good")["dimensions.truth.anchors.2"]


def test_two_anchors_with_one_text_are_named():
    found = anchored("Bad.", "A slip", "a slip.")
    assert found == {"dimensions.truth.anchors.3": "has the same text as 2; say what distinguishes them"}


def test_two_labels_with_one_text_are_named():
    label = {"description": "d", "type": "category", "labels": {"minor": "A slip.", "major": "A slip."}}
    dimensions = {"truth": SCORE, "fault": label}
    found = advice(dimensions, overall={"how": "weighted", "weights": {"truth": 1}})
    assert list(found) == ["dimensions.fault.labels.major"]


def test_labels_without_descriptions_are_not_the_same_text():
    label = {"description": "d", "type": "category", "labels": ["minor", "major"]}
    dimensions = {"truth": SCORE, "fault": label}
    assert advice(dimensions, overall={"how": "weighted", "weights": {"truth": 1}}) == {}


def labelled(*labels):
    dimension = {"type": "category", "description": "Kind.", "labels": list(labels)}
    found = advice({"kind": dimension, "truth": SCORE}, overall={"how": "none"}, **{"pass": {"truth": 2}})
    return [*found.values()]


def test_a_label_that_yaml_reads_as_a_truth_value_is_named():
    (message,) = labelled(True, False)
    assert message.startswith("the judge is shown the label True; YAML reads yes, no")
    assert labelled("yes", "no") == []


def test_labels_that_are_other_numbers_than_their_positions_are_named():
    (message,) = labelled(0, 1, 2)
    assert message.startswith("the label 0 is a number")
    assert labelled(1, 2, 3) == labelled("level 0", "level 1") == []


def test_a_criterion_without_points_does_not_count_among_points():
    parts = {"named": binary("It names it."), "dated": binary("It dates it.", points=2)}
    found = advice(parts, overall={"how": "points"}, **{"pass": {"overall": 0.5}})
    assert [*found] == ["dimensions.named"]
    assert "has no points" in found["dimensions.named"]


def test_points_without_an_overall_score_that_adds_them_up_are_named():
    parts = {"named": binary("It names it."), "dated": binary("It dates it.", points=2)}
    assert [*advice(parts, overall={"how": "mean"}, **{"pass": {"overall": 0.5}})] == [
        "dimensions.dated.points"
    ]


@pytest.mark.parametrize(("how", "n"), [("mean", 1), ("none", 0)])
def test_criteria_that_do_not_count_in_an_overall_score_are_named(how, n):
    found = advice(criteria={}, overall={"how": how}, **{"pass": {"truth": 2}})
    assert [*found] == ["criteria"] * n


def test_an_anchor_within_another_overlaps():
    found = anchored("bad", "Every statement is true", "Every statement is true or nearly so")
    assert "overlaps with 2" in found["dimensions.truth.anchors.3"]


@pytest.mark.parametrize(
    ("one", "other", "shared"),
    [
        ("3-5 errors", "2-3 errors", "3 errors"),
        ("at least 3 errors", "2 to 4 errors", "3 errors"),
        ("more than 2 errors", "3 errors", "3 errors"),
        ("up to 3 errors", "3 errors or so", "3 errors"),
        ("3 or more errors", "5 errors", "5 errors"),
        ("2 bis 3 Fehler", "mindestens 3 Fehler", "3 Fehler"),
        ("3-5 errors", "1-2 errors", None),
        ("more than 3 errors", "at most 3 errors", None),
        ("fewer than 3 errors", "3 errors", None),
        ("3-5 errors", "3-5 slips", None),
        ("3 errors in 4 lines", "3 errors", None),
        ("1 error", "2 errors", None),
    ],
)
def test_anchors_whose_quantities_overlap_are_named(one, other, shared):
    found = anchored(f"{one}, all grave", f"{other}, all small", "none")
    message = found.get("dimensions.truth.anchors.2", "")
    assert (f"{shared} fits both" in message) if shared else message == ""


# -- the pass rule


def test_a_pass_rule_that_the_lowest_scores_reach_is_named():
    found = advice(**{"pass": {"overall": 1}})
    assert found == {"pass": "every answer passes, even with the lowest scores (overall 1); raise a mark"}


def test_a_mark_that_every_answer_reaches_is_named():
    found = advice(**{"pass": {"overall": 2, "truth": 1}})
    assert list(found) == ["pass.truth"]


def test_a_pass_rule_that_cannot_be_met_is_named():
    dimensions = {"named": binary("d", points=2), "wrong": binary("d", points=-1)}
    found = advice(dimensions, overall={"how": "points"}, **{"pass": {"overall": 1, "wrong": 1}})
    assert found == {
        "pass": "no answer can pass: the best possible scores are overall 0.5 and wrong 1; lower the marks"
    }


def test_the_best_answer_incurs_no_penalty():
    dimensions = {"named": binary("d", points=2), "wrong": binary("d", points=-1)}
    assert advice(dimensions, overall={"how": "points"}, **{"pass": {"overall": 1}}) == {}


def test_a_mark_on_a_penalty_is_named():
    dimensions = {"named": binary("d", points=2), "wrong": binary("d", points=-1)}
    found = advice(dimensions, overall={"how": "points"}, **{"pass": {"overall": 0.5, "wrong": 1}})
    assert "only if it incurs this penalty" in found["pass.wrong"]


def test_points_without_a_positive_one_can_never_pass():
    dimensions = {"wrong": binary("d", points=-1)}
    found = advice(dimensions, overall={"how": "points"}, **{"pass": {"overall": 0.5}})
    assert "nothing that earns positive points" in found["pass"]


def test_a_cap_counts_for_the_lowest_scores():
    """Without the cap, the lowest overall score is 1."""
    overall = {"how": "judged", "caps": [{"below": {"truth": 2}, "at_most": 1}]}
    assert advice(overall=overall) == {}


@pytest.mark.parametrize(("mark", "n"), [(0.0, 1), (0.5, 0)])
def test_points_of_the_items_own_criteria_run_from_0_to_1(mark, n):
    made = Rubric.model_validate(
        {"name": "r", "task": "t", "criteria": {}, "overall": {"how": "points"}, "pass": {"overall": mark}}
    )
    assert len(advice_on(made)) == n


@given(least=st.integers(1, 3), how=st.sampled_from(["mean", "min", "judged"]))
def test_only_the_lowest_mark_is_reached_by_every_answer(least, how):
    found = advice(overall={"how": how}, **{"pass": {"overall": least}})
    assert bool(found) is (least == 1)


@pytest.mark.parametrize("name", shipped_rubrics())
def test_advice_about_a_shipped_rubric_concerns_its_anchors_alone(name):
    assert all(".anchors." in problem.key for problem in advice_on(load_rubric(name)))


def test_a_text_of_the_template_that_was_left_is_named():
    assert "replace it" in advice(task=f"Judge. {PLACEHOLDER}")["task"]
