"""Shapes of replies that can mean one thing only are read; of what cannot, it is said what was seen."""

import json

import pytest

from judge.rubric import load_rubric
from judge.scoring.parsing.parse import read
from judge.scoring.parsing.values import number
from judge.scoring.parsing.verdicts import Names, verdicts_in

from ..builders import completion, item, reply, rubric

OPEN_QA = load_rubric("open_qa")

SPELT_OTHERWISE = {
    "title_case": ("Technical Accuracy", "Comprehensiveness", "Relevance", "Clarity"),
    "capitals": ("TECHNICAL_ACCURACY", "COMPREHENSIVENESS", "RELEVANCE", "CLARITY"),
    "score_after": (
        "technical_accuracy_score",
        "comprehensiveness_score",
        "relevance_score",
        "clarity_score",
    ),
    "rating_after": (
        "technicalAccuracyRating",
        "comprehensivenessRating",
        "relevanceRating",
        "clarityRating",
    ),
    "score_before": (
        "Score: technical accuracy",
        "score_comprehensiveness",
        "Score relevance",
        "score-clarity",
    ),
    "hyphens": ("technical-accuracy", "comprehensiveness", "relevance", "clarity:"),
}


@pytest.mark.parametrize("keys", SPELT_OTHERWISE.values(), ids=SPELT_OTHERWISE.keys())
def test_name_spelt_otherwise_is_read_where_one_dimension_fits(keys):
    text = json.dumps(dict(zip(keys, (4, 3, 5, 4), strict=True)))
    assert [o.value for o in read(completion(text), OPEN_QA, item()).values()] == [4, 3, 5, 4]


def test_name_that_fits_two_dimensions_means_none():
    two = {"clarity": rubric().dimensions["a"], "clarity_score": rubric().dimensions["b"]}
    names = Names(rubric(dimensions=two, **{"pass": {"clarity": 3}}))
    assert [names.name(key) for key in ("clarity", "clarity_score", "Clarity", "Clarity Score")] == [
        "clarity",
        "clarity_score",
        None,
        None,
    ]


def test_one_dimension_under_two_spellings_with_two_scores_is_unparsed():
    outcomes = read(completion('{"a": 4, "A": 5, "b": 2}'), rubric(), item())
    assert (outcomes["a"].status, outcomes["b"].value) == ("unparsed", 2)


def test_flag_spelt_otherwise_is_read():
    flags = {"is_right": {"type": "boolean", "description": "x"}}
    assert read(completion(reply(**{"Is Right": True})), rubric(flags=flags), item())["is_right"].value == 1


AGREEING = {
    "list_of_names": '[{"name": "a", "score": 4}, {"name": "b", "score": 2}]',
    "list_of_dimensions": '{"evaluations": [{"dimension": "A", "value": 4}, {"dimension": "b", "value": "2"}]}',
    "list_as_scores": '{"scores": [{"criterion": "alpha", "score": 4}, {"criterion": "b", "score": 2}]}',
    "entries_line_by_line": '{"name": "a", "score": 4}\n{"name": "b", "score": 2}',
    "list_with_something_else": '[{"name": "a", "score": 4}, {"name": "b", "score": 2}, {"name": "c", "score": 1}]',
    "group_and_key_that_agree": '{"scores": {"a": 4, "b": 2}, "a": {"reason": "x", "score": 4.0}}',
    "score_and_value_that_agree": '{"a": {"score": 4, "value": "4"}, "b": 2}',
    "capitals_inside": '{"a": {"Score": 4}, "b": {"SCORE": 2}}',
    "capital_group": '{"Scores": {"a": 4, "b": 2}}',
    "deep": '{"x": [1, {"y": {"a": 4, "b": 2}}]}',
    "two_verdicts_that_agree": '{"a": 4, "b": 2} so: {"a": {"reason": "x", "score": "4/5"}, "b": {"score": 2.0}}',
}


@pytest.mark.parametrize("text", AGREEING.values(), ids=AGREEING.keys())
def test_shape_with_one_meaning_is_read(text):
    outcomes = read(completion(text), rubric(), item())
    assert {name: o.value for name, o in outcomes.items()} == {"a": 4, "b": 2}


def test_reason_in_a_list_of_entries_is_kept():
    text = '[{"name": "a", "score": 4, "reason": "x"}, {"name": "b", "score": 2, "explanation": "y"}]'
    assert [o.reason for o in read(completion(text), rubric(), item()).values()] == ["x", "y"]


def test_of_verdicts_that_agree_the_one_with_reasons_is_taken():
    outcomes = read(completion(f'{{"a": 4, "b": 2}} {reply(4, 2)}'), rubric(), item())
    assert outcomes["a"].reason == "ra"


CONTRADICTIONS = {
    "group_and_key": '{"scores": {"a": 1, "b": 2}, "a": 5}',
    "key_and_group": '{"a": 5, "scores": {"a": 1, "b": 2}}',
    "two_groups": '{"scores": {"a": 1, "b": 2}, "dimension_scores": {"a": 5}}',
    "score_and_value": '{"a": {"score": 1, "value": 5}, "b": 2}',
    "score_and_no_value": '{"a": {"score": null, "value": 5}, "b": 2}',
    "score_twice": '{"a": {"score": 1, "reason": "x", "score": 5}, "b": 2}',
    "score_and_capital_score": '{"a": {"score": 1, "Score": 5}, "b": 2}',
    "truth_and_one": '{"a": true, "scores": {"a": 1, "b": 2}}',
    "entries": '[{"name": "a", "score": 1}, {"name": "a", "score": 5}, {"name": "b", "score": 2}]',
    "number_and_text": '{"a": "good", "scores": {"a": 1, "b": 2}}',
}


@pytest.mark.parametrize("text", CONTRADICTIONS.values(), ids=CONTRADICTIONS.keys())
def test_of_two_different_scores_for_one_dimension_none_wins(text):
    outcomes = read(completion(text), rubric(), item())
    assert (outcomes["a"].reason, outcomes["b"].value) == ("given twice with different values", 2)


@pytest.mark.parametrize(
    "text",
    [
        '{"first": {"a": 1, "b": 2}, "second": {"a": 5, "b": 2}}',
        '{"a": 4, "b": 2} {"a": 3}',
        '[{"name": "a", "score": 4}] {"a": 5, "b": 2}',
    ],
)
def test_verdicts_that_differ_contradict_each_other(text):
    assert "contradict" in read(completion(text), rubric(), item())["a"].reason


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ('{"score": 4}', ": found the keys 'score'"),
        ('{"u": 1, "v": 2, "w": 3, "x": 4, "y": 5, "z": 6}', ": found the keys 'u', 'v', 'w', 'x', 'y', …"),
        ('[{"name": "style", "score": 4}]', ": found the keys 'name', 'score'"),
        ('{"name": "a"}', ": found the keys 'name'"),
        ("{}", "in the reply"),
    ],
)
def test_where_no_dimension_is_named_the_reason_says_what_was_seen(text, seen):
    assert read(completion(text), rubric(), item())["a"].reason.endswith(seen)


def test_reply_that_is_all_thought_is_not_called_empty():
    reason = read(completion("", reasoning="Perhaps a 4, or"), rubric(), item())["a"].reason
    assert reason == "the reply contains only reasoning and no answer"


def test_nested_thousands_deep_is_searched_to_the_bottom():
    value: object = {"a": 4, "b": 2}
    for _ in range(5000):
        value = {"x": [value]}
    assert verdicts_in([value], Names(rubric()))[0].scores == {"a": 4.0, "b": 2.0}


@pytest.mark.parametrize(
    ("value", "meant"), [(4, 4), ("4 out of 5", 4), ("4/10", None), (True, None), (1e12, None)]
)
def test_number_is_read_on_its_scale(value, meant):
    assert number(value, rubric().scale) == meant


def test_rubrics_may_take_turns():
    other = rubric(dimensions={"x": rubric().dimensions["a"]}, **{"pass": {"x": 3}})
    for _ in range(2):
        assert read(completion('{"a": 4, "b": 2}'), rubric(), item())["b"].value == 2
        assert read(completion('{"x": 4}'), other, item())["x"].value == 4


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 4, "b": 2, "revised": {"a": 3, "b": 2}}',
        '{"scores": {"a": 4, "b": 2}, "final_scores": {"a": 3, "b": 2}}',
        '{"a": 4, "b": 2, "a_revised": 3}',
        '{"a": 4, "b": 2, "Final Alpha": 3}',
        '{"a": {"score": 4, "finalScore": 3}, "b": 2}',
        '{"a": {"score": 4, "rating": 3}, "b": 2}',
        '{"a": true, "a": 1, "b": 2}',
        '{"a": {"score": 4, "max_score": 10}, "b": 2}',
        '{"a": {"score": 4, "out_of": "10"}, "b": 2}',
        '{"a": {"dimension": "b", "score": 4}, "b": 2}',
    ],
)
def test_score_that_the_verdict_itself_corrects_or_denies_is_no_score(text):
    outcome = read(completion(text), rubric(), item())["a"]
    assert (outcome.value, outcome.status) == (None, "unparsed")


@pytest.mark.parametrize(
    "text",
    [
        '{"a": {"initial_score": 5, "final_score": 4}, "b": {"rating": 2}}',
        '{"a": {"score": 4, "max_score": 5}, "b": 2, "b_weight": 0.5}',
        '{"a": 4, "b": 2, "final": {"a": 4}}',
        '{"draft": {"a": 5, "b": 5}, "a": 4, "b": 2}',
        '{"properties": {"a": {"type": "integer"}, "b": {"type": "integer"}}} {"a": 4, "b": 2}',
        '{"a": {"dimension": "alpha", "score": 4}, "b": 2}',
        '{"a": 4}\n{"b": 2}',
        '[{"a": 4}, {"b": 2}]',
        '{"a": 4} {"a": 4.0, "b": 2}',
        '[{"Name": "a", "Score": 4}, {"Name": "b", "Score": 2}]',
    ],
)
def test_verdict_with_one_meaning_is_read_whatever_stands_beside_its_scores(text):
    assert {n: o.value for n, o in read(completion(text), rubric(), item()).items()} == {"a": 4, "b": 2}


@pytest.mark.parametrize(
    "text",
    [
        '{"a": {"Reason": "why", "score": 4}, "b": 2}',
        '{"a": {"justification": "why", "score": 4}, "b": 2}',
        '{"a": 4, "a_reason": "why", "b": 2}',
        '{"scores": {"a": 4, "b": 2}, "reasons": {"a": "why"}}',
    ],
)
def test_reason_is_read_wherever_it_stands(text):
    assert read(completion(text), rubric(), item())["a"].reason == "why"


def test_flag_called_as_a_word_for_a_reason_is_no_reason():
    flags = {"feedback": {"type": "text", "description": "What to do better."}}
    outcomes = read(completion('{"a": 4, "b": 2, "feedback": "Go on."}'), rubric(flags=flags), item())
    assert (outcomes["a"].reason, outcomes["feedback"].value) == (None, "Go on.")


@pytest.mark.parametrize(
    ("text", "status"), [("1", "truncated"), ("Score: 1", "truncated"), ("10", "ok"), ("7", "ok")]
)
def test_number_that_was_cut_counts_only_where_no_other_score_begins_with_it(text, status):
    anchors = dict.fromkeys(range(11), "x")
    ten = rubric(
        reply="number",
        scale={"min": 0, "max": 10},
        dimensions={"a": {"description": "first", "anchors": anchors}},
    )
    cut = completion(text, dimension="a", finish_reason="length")
    assert read(cut, ten, item())["a"].status == status


@pytest.mark.parametrize("text", ["\ufeff4", "4\u200b", '{"score": 4}', '"score": "4"', "**4/5**"])
def test_bare_number_counts_in_any_wrapping(text):
    asked = completion(text, dimension="a")
    assert read(asked, rubric(reply="number"), item())["a"].value == 4


def test_sentence_that_begins_like_a_refusal_and_holds_a_number_is_none():
    asked = completion("I can't find an error: 5", dimension="a")
    assert read(asked, rubric(reply="number"), item())["a"].status == "unparsed"


def test_a_placeholder_beside_the_score_is_no_reason_but_the_form():
    found = read(completion('{"a": 4, "a_reason": "…", "b": 2, "b_reason": "…"}'), rubric(), item())
    assert {outcome.status for outcome in found.values()} == {"unparsed"}
