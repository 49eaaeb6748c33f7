"""Replies to rubrics with several types and scales, with criteria of the item, and of judges that cannot tell."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from judge.records import STATUSES, Completion, Item
from judge.rubric import Rubric
from judge.scoring.parsing.parse import is_readable, read, score_rows

ANCHORS = {1: "bad", 2: "middling", 3: "good"}
SCORE = {"description": "d", "anchors": ANCHORS}
DIMENSIONS = {
    "truth": SCORE,
    "style": {"description": "d", "scale": {"min": 0, "max": 10}, "anchors": {0: "bad", 10: "good"}},
    "named": {"description": "d", "type": "binary"},
    "fault": {"description": "d", "type": "category", "labels": ["none", "minor", "major"]},
}


def rubric(**changes):
    data = {
        "name": "r",
        "task": "Judge.",
        "scale": {"min": 1, "max": 3},
        "dimensions": DIMENSIONS,
        "overall": {"how": "weighted", "weights": {"truth": 1}},
        "pass": {"overall": 2},
    }
    return Rubric.model_validate({**data, **changes})


def by_criteria(**changes):
    data = {"dimensions": {}, "criteria": {}, "overall": {"how": "points"}, "pass": {"overall": 0.5}}
    return rubric(**{**data, **changes})


def item(**metadata):
    return Item(id="i", question="q", answer="a", metadata=metadata)


CRITERIA = [{"id": "year", "text": "It names the year."}, {"id": "fault", "text": "It errs.", "points": -1}]


def completion(reply, dimension=None, **values):
    text = reply if isinstance(reply, str) else json.dumps(reply)
    return Completion(key="k", item_id="i", reply=text, finish_reason="stop", dimension=dimension, **values)


def outcomes(reply, by=None, of=None, dimension=None, **values):
    return read(completion(reply, dimension, **values), by or rubric(), of or item())


GOOD = {
    "truth": {"reason": "x", "score": 3},
    "style": {"reason": "x", "score": 9},
    "named": {"reason": "x", "met": True},
    "fault": {"reason": "x", "label": "minor"},
}


def test_each_dimension_is_read_by_its_type_and_scale():
    found = outcomes(GOOD)
    assert {name: outcome.value for name, outcome in found.items()} == {
        "truth": 3.0,
        "style": 9.0,
        "named": 1.0,
        "fault": "minor",
    }
    assert found["named"].reason == "x"


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("named", {"met": "yes"}, 1.0),
        ("named", {"score": 0}, 0.0),
        ("named", False, 0.0),
        ("named", {"met": "not met"}, 0.0),
        ("fault", {"label": "MAJOR "}, "major"),
        ("fault", "none", "none"),
        ("fault", {"label": "major."}, "major"),
        ("fault", {"label": "minor", "score": "minor"}, "minor"),
        ("named", {"met": 1.0}, 1.0),
        ("named", {"met": "Not_met"}, 0.0),
        ("truth", {"score": 3, "label": "good"}, 3.0),
        ("style", {"score": "7/10"}, 7.0),
        ("style", {"score": 0}, 0.0),
    ],
)
def test_a_value_may_be_written_in_several_ways(name, value, expected):
    assert outcomes({**GOOD, name: value})[name].value == expected


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("named", {"met": 2}, "found 2; allowed are true and false"),
        ("named", {"met": "partly"}, "found 'partly'; allowed are true and false"),
        ("named", {"met": "-1"}, "found '-1'; allowed are true and false"),
        ("named", {"met": 0.5}, "found 0.5; allowed are true and false"),
        ("named", {"met": "false, but almost"}, "allowed are true and false"),
        ("named", {"met": "N/A"}, "found 'N/A'; allowed are true and false"),
        ("named", {"met": None}, "found None; allowed are true and false"),
        ("fault", {"label": ["minor"]}, "allowed: none, minor, major"),
        ("fault", {"label": "minor, major"}, "allowed: none, minor, major"),
        ("truth", {"score": 3, "label": 2}, "given twice with different values"),
        ("style", {"score": 0.8}, "0.8 is not a whole number"),
        ("fault", {"label": "grave"}, "found 'grave'; allowed: none, minor, major"),
        ("fault", {"label": 1}, "found 1; allowed: none, minor, major"),
        ("style", {"score": 11}, "off the scale 0 to 10"),
        ("style", {"score": "3/5"}, "allowed are 0 to 10"),
        ("truth", {"score": 9}, "off the scale 1 to 3"),
        ("truth", {"score": "cannot_tell"}, "allowed are 1 to 3"),
        ("fault", {"label": "cannot_tell"}, "allowed: none, minor, major"),
    ],
)
def test_a_value_of_another_type_is_unparsed_and_no_other_dimension_suffers(name, value, problem):
    found = outcomes({**GOOD, name: value})
    assert found[name].status == "unparsed"
    assert problem in found[name].reason
    assert all(found[other].status == "ok" for other in GOOD if other != name)


LABELS = {"type": "category", "description": "d", "labels": ["minor", "minor defect", "A", "A-", "1", "-1"]}


@pytest.mark.parametrize(
    ("said", "label"),
    [
        ("minor defect", "minor defect"),
        ("Minor_Defect", "minor defect"),
        ("minor", "minor"),
        ("min", None),
        ("minor defects", None),
        ("a-", "A-"),
        ("A", "A"),
        ("A+", None),
        (1, "1"),
        (-1, "-1"),
        (1.0, "1"),
        (1.5, None),
        ("−1", None),
        (True, None),
        ("", None),
    ],
)
def test_a_label_that_begins_another_one_is_not_taken_for_it(said, label):
    by = rubric(dimensions={"truth": SCORE, "kind": LABELS})
    assert outcomes({"truth": {"score": 3}, "kind": {"label": said}}, by)["kind"].value == label


def test_a_label_that_two_labels_may_mean_is_unparsed():
    by = rubric(dimensions={"truth": SCORE, "kind": {**LABELS, "labels": ["a-b", "a b", "c"]}})
    assert outcomes({"truth": {"score": 3}, "kind": {"label": "a b"}}, by)["kind"].value == "a b"
    assert outcomes({"truth": {"score": 3}, "kind": {"label": "a_b"}}, by)["kind"].status == "unparsed"


def test_two_values_of_one_criterion_contradict_each_other():
    found = outcomes({**GOOD, "named": {"met": True, "score": False}})
    assert found["named"].reason == "given twice with different values"
    assert outcomes({**GOOD, "named": {"met": True, "score": "yes"}})["named"].value == 1.0


@pytest.mark.parametrize("said", ["cannot_tell", "Cannot tell", "CANNOT-TELL"])
@pytest.mark.parametrize("name", [*DIMENSIONS])
def test_a_judge_that_may_abstain_says_so(name, said):
    found = outcomes({**GOOD, name: {"reason": "no image", "score": said}}, rubric(abstain=True))
    assert found[name] == (None, "abstained", "no image")


def test_a_reply_that_abstains_is_readable():
    reply = completion({**GOOD, "truth": {"score": "cannot_tell"}})
    assert is_readable(reply, rubric(abstain=True), item())
    assert not is_readable(reply, rubric(), item())


def test_an_abstention_beside_a_score_is_a_contradiction():
    text = json.dumps(GOOD) + json.dumps({**GOOD, "truth": {"score": "cannot_tell"}})
    assert outcomes(text, rubric(abstain=True))["truth"].status == "unparsed"


def rows(replies, by=None, of=None):
    return {
        (row.dimension, row.criterion): row for row in score_rows(of or item(), replies, by or rubric(), "m")
    }


def test_the_overall_score_of_a_judge_that_abstains_is_an_abstention():
    found = rows([completion({**GOOD, "truth": {"score": "cannot_tell"}})], rubric(abstain=True))
    assert found["overall", None].status == "abstained"
    elsewhere = rows([completion({**GOOD, "style": {"score": "cannot_tell"}})], rubric(abstain=True))
    assert elsewhere["overall", None].value == 3.0  # it is not computed of style


def test_what_may_still_be_answered_comes_before_an_abstention():
    weights = {"how": "mean"}
    dimensions = {"a": SCORE, "b": SCORE}
    by = rubric(dimensions=dimensions, overall=weights, abstain=True)
    found = rows([completion({"a": {"score": "cannot_tell"}, "b": {"score": 7}})], by)
    assert found["overall", None].status == "unparsed"


def test_a_dimension_that_does_not_apply_is_a_row_with_its_reason():
    dimensions = {"truth": SCORE, "count": {**SCORE, "when": {"kind": "counting"}}}
    by = rubric(dimensions=dimensions, overall={"how": "mean"})
    found = rows([completion({"truth": {"score": 2}})], by, item(kind="colour"))
    assert found["count", None].status == "not_applicable"
    assert "kind is colour" in found["count", None].reason
    assert found["overall", None].value == 2.0


def test_criteria_are_rows_of_one_dimension():
    reply = completion({"year": {"met": True}, "fault": {"met": True}}, "criteria/1")
    found = rows([reply], by_criteria(), item(criteria=CRITERIA))
    assert found["criteria", "year"].value == 1.0
    assert found["criteria", "fault"].value == 1.0
    assert found["overall", None].value == 0.0


def of_criteria(reply, *ids):
    of = item(criteria=[{"id": key, "text": f"Text {key}."} for key in ids])
    found = outcomes(reply, by_criteria(), of, "criteria/1")
    return {name.partition("/")[2]: outcome.value for name, outcome in found.items()}


@pytest.mark.parametrize(
    "reply",
    [
        {"2": {"met": False}, "1": {"met": True}},
        {"1": True, "2": "no", "3": True},
        {"criterion 1": {"met": True}, "criterion_2": {"met": False}},
        {"criteria": [{"id": 1, "met": True}, {"id": 2, "met": False}]},
        [{"criterion_id": "1", "met": True}, {"criterion_id": "2", "met": False}],
        "{'criteria': [{'id': '1', 'met': True}, {'id': '2', 'met': False}]}",
        '{"1": {"met": true}}\n{"2": {"met": false}}',
        '{"1": {"met": true}, "2": {"met": false}}\nCriteria 1 - 3: one is met. Score: 1 of 2.',
    ],
)
def test_criteria_may_be_answered_in_several_forms(reply):
    assert of_criteria(reply, "1", "2") == {"1": 1.0, "2": 0.0}


def test_a_criterion_that_the_reply_leaves_out_has_no_verdict():
    assert of_criteria({"b": {"met": True}, "c": {"met": True}}, "a", "b") == {"a": None, "b": 1.0}


@pytest.mark.parametrize(
    "reply",
    [
        '{"a": {"met": true}, "a": {"met": false}, "b": {"met": true}}',
        [{"id": "a", "met": True}, {"id": "b", "met": True}, {"id": "a", "met": False}],
    ],
)
def test_a_criterion_with_two_verdicts_has_none(reply):
    assert of_criteria(reply, "a", "b") == {"a": None, "b": 1.0}


@pytest.mark.parametrize(
    "reply",
    [
        '{"<id of the criterion>": {"reason": "<text in quotes>", "met": true}}',
        '{"a": {"reason": "<text in quotes>", "met": true}, "b": {"reason": "…", "met": true}}',
        '{\n  "<id of the criterion>": {"reason": <text in quotes>, "met": <true or false>}\n}',
        '{"a": {"reason": "x", "met": true}, "b": {"reason": "x", "me',
        "a: met\nb: not met",
        {"Text a.": {"met": True}, "Text b.": {"met": True}},
    ],
)
def test_a_reply_without_verdicts_on_the_ids_gives_none(reply):
    assert of_criteria(reply, "a", "b") == {"a": None, "b": None}


def test_numbers_in_an_id_are_not_run_together():
    assert of_criteria({"1.1": {"met": True}, "2": {"met": True}}, "11", "2") == {"11": None, "2": 1.0}


@pytest.mark.parametrize("key", ["scores", "score", "reason", "overall", "name", "id", "met", "final"])
def test_an_id_that_is_a_word_of_the_form_is_an_id(key):
    assert of_criteria({key: {"met": True}, "b": {"met": False}}, key, "b") == {key: 1.0, "b": 0.0}


@pytest.mark.parametrize("said", ["b should be true.", "Actually, b is not false.", "b: no -> yes"])
def test_a_criterion_that_the_text_after_the_verdict_corrects_has_none(said):
    text = json.dumps({"a": {"met": True}, "b": {"met": False}})
    assert of_criteria(f"{text}\nCorrection: {said}", "a", "b") == {"a": None, "b": None}


def test_a_label_that_the_text_after_the_verdict_corrects_is_none():
    text = json.dumps(GOOD)
    assert outcomes(f"{text}\nThe fault is major.")["fault"].status == "unparsed"
    assert outcomes(f"{text}\nThe fault is minor.")["fault"].value == "minor"


def test_criteria_in_several_requests_are_put_together():
    by, of = by_criteria(criteria={"per_request": 1}), item(criteria=CRITERIA)
    first = completion({"year": {"met": True}}, "criteria/1")
    assert rows([first], by, of)["criteria", "fault"].status == "skipped"
    assert rows([first], by, of)["overall", None].status == "skipped"
    both = [first, completion({"fault": {"met": False}}, "criteria/2")]
    assert rows(both, by, of)["overall", None].value == 1.0


def test_penalties_alone_give_no_overall_score():
    found = rows(
        [completion({"c1": {"met": True}}, "criteria/1")],
        by_criteria(),
        item(criteria=[{"text": "t", "points": -2}]),
    )
    assert found["overall", None].status == "not_applicable"
    assert found["overall", None].reason == "no criterion earns positive points"


def test_a_reply_to_a_request_that_is_no_longer_made_is_passed_over():
    found = rows([completion({"c9": {"met": True}}, "criteria/7")], by_criteria(), item(criteria=CRITERIA))
    assert {row.status for row in found.values()} == {"skipped"}


@pytest.mark.parametrize(
    ("dimension", "reply", "expected"),
    [
        ("style", "7", 7.0),
        ("style", "1", None),
        ("named", "1", 1.0),
        ("named", "yes", 1.0),
        ("named", "0", 0.0),
        ("named", "not met.", 0.0),
        ("fault", "2", "minor"),
        ("fault", "2: minor", "minor"),
        ("fault", "**Major**", "major"),
    ],
)
def test_a_bare_number_is_read_by_the_type_of_its_dimension(dimension, reply, expected):
    cut = expected is None
    reply = Completion(
        key="k", item_id="i", reply=reply, dimension=dimension, finish_reason="length" if cut else "stop"
    )
    found = read(reply, rubric(reply="number"), item())[dimension]
    assert (found.status, found.value) == (("truncated", None) if cut else ("ok", expected))


@pytest.mark.parametrize("reply", ["4", "0", "2.5"])
def test_a_bare_number_beyond_the_labels_is_unparsed(reply):
    found = outcomes(reply, rubric(reply="number"), dimension="fault")["fault"]
    assert found.status == "unparsed"
    assert "allowed are 1 to 3" in found.reason


@pytest.mark.parametrize(
    ("dimension", "reply"),
    [
        ("fault", "3: minor"),
        ("fault", "minor, major"),
        ("named", "no idea"),
        ("named", "-1"),
        ("named", ".1"),
    ],
)
def test_a_bare_reply_that_means_nothing_for_certain_is_unparsed(dimension, reply):
    assert outcomes(reply, rubric(reply="number"), dimension=dimension)[dimension].status == "unparsed"


def test_a_bare_x_is_an_abstention_where_that_is_allowed():
    assert (
        outcomes("X", rubric(reply="number", abstain=True), dimension="style")["style"].status == "abstained"
    )
    assert outcomes("X", rubric(reply="number"), dimension="style")["style"].status == "unparsed"


def expected(dimension, probabilities, **changes):
    by = rubric(reply="number", **changes)
    return outcomes("1", by, dimension=dimension, label_probabilities=probabilities)[dimension]


def test_expected_scores_of_a_criterion_are_the_probability_that_it_is_met():
    assert expected("named", {"1": 0.6, "0": 0.2}).value == pytest.approx(0.75)


def test_a_category_is_its_most_probable_label():
    found = expected("fault", {"1": 0.2, "2": 0.1, "3": 0.6})
    assert found.value == "major"
    assert "major: 0.6000" in found.reason


def test_expected_scores_abstain_where_cannot_tell_is_more_probable_than_all_scores():
    assert expected("style", {"9": 0.3, "X": 0.6}, abstain=True).status == "abstained"
    found = expected("style", {"9": 0.5, "X": 0.3}, abstain=True)
    assert found.value == 9.0
    assert "cannot_tell: 0.3000" in found.reason


@given(
    values=st.lists(st.sampled_from(["yes", "no", "cannot_tell", "?", None]), min_size=1, max_size=6),
    kind=st.sampled_from(["counting", "other"]),
)
def test_every_item_has_one_row_for_each_dimension_and_criterion_whatever_the_reply(values, kind):
    by = rubric(
        dimensions={"truth": SCORE, "count": {**SCORE, "when": {"kind": "counting"}}},
        criteria={},
        overall={"how": "points"},
        abstain=True,
        **{"pass": {"overall": 0.5}},
    )
    of = item(kind=kind, criteria=[f"Text {i}" for i in range(len(values))])
    said = {f"c{i}": {"met": v} for i, v in enumerate(values, 1) if v is not None}
    found = score_rows(of, [completion({"truth": {"score": 3}}), completion(said, "criteria/1")], by, "m")
    assert [(row.dimension, row.criterion) for row in found] == [
        *(("truth", None), ("count", None), ("overall", None)),
        *(("criteria", f"c{i}") for i in range(1, len(values) + 1)),
    ]
    assert all(row.status in STATUSES for row in found)


VALUES = {
    "truth": {1: [1, "1", "1/3"], 2: [2, 2.0], 3: [3, "3"]},
    "style": {0: [0, "0/10"], 7: [7, "7"], 10: [10, 10.0, "10/10"]},
    "named": {
        1.0: [True, "yes", "met", 1],
        0.0: [False, "No", "not met", 0],
        None: ["N/A", "partly", None, 2],
    },
    "fault": {"minor": ["minor", "Minor."], "major": ["major"], None: ["grave", "minor or major", 1, None]},
}


@st.composite
def replies(draw):
    """A reply, the values that it states, and the values of which nothing but themselves may be read."""
    stated, parts = {}, {}
    for name in draw(st.permutations([*VALUES])):
        value = draw(st.sampled_from([*VALUES[name]]))
        written = draw(st.sampled_from(VALUES[name][value]))
        key = draw(st.sampled_from(["score", "value", {"named": "met", "fault": "label"}.get(name, "score")]))
        stated[name] = value
        parts[name] = draw(st.sampled_from([written, {key: written}, {"reason": "It is so.", key: written}]))
    form = draw(st.sampled_from(["object", "wrapped", "list", "one by one"]))
    if form == "list":
        parts = [{"name": n, **(p if isinstance(p, dict) else {"score": p})} for n, p in parts.items()]
    text = json.dumps({"verdict": parts} if form == "wrapped" else parts)
    if form == "one by one":
        text = "\n".join(json.dumps({name: part}) for name, part in parts.items())
    if draw(st.booleans()):
        text = text[: draw(st.integers(0, len(text)))]  # truncated, though the provider does not say so
    before = draw(st.sampled_from(["", "Here it is:\n", "```json\n", "<think>fault: major</think>"]))
    return before + text + draw(
        st.sampled_from(["", "\n```", "\nThat is all.", "\nnamed is met: see 2."])
    ), stated


@given(replies())
def test_no_reply_gives_another_value_than_the_one_that_it_states(reply):
    text, stated = reply
    for name, found in outcomes(text).items():
        assert found.value in (None, stated[name])


SPECIAL = (
    "1;1.1;11;-1;c1;C1;c 1;c_1;criterion 1;score;scores;overall;reason;final;new c1;id;name;met;criteria"
)
IDS = st.one_of(
    st.text(min_size=1, max_size=6).filter(lambda key: key.isprintable() and key == key.strip()),
    st.sampled_from([*SPECIAL.split(";"), "c1_reason", "rating", "value", "dimensions", "+", "ß", "SS"]),
).filter(lambda key: key != "cannot_tell")


@given(verdicts=st.dictionaries(IDS, st.booleans(), min_size=1, max_size=5), form=st.sampled_from("abcd"))
def test_every_criterion_gets_the_verdict_under_its_id_whatever_the_ids_are(verdicts, form):
    said = {
        "a": {key: {"reason": "It is so.", "met": met} for key, met in verdicts.items()},
        "b": [{"id": key, "reason": "It is so.", "met": met} for key, met in verdicts.items()],
        "c": {"criteria": {key: {"reason": "It is so.", "met": met} for key, met in verdicts.items()}},
        "d": verdicts,
    }[form]
    found = of_criteria(said, *verdicts)
    if form == "a":
        assert found == verdicts
    assert all(found[key] in (None, met) for key, met in verdicts.items())


def test_a_key_of_another_type_beside_the_overall_score_is_no_second_score():
    reply = {**GOOD, "overall": {"score": 2, "label": "fair"}}
    assert outcomes(reply, rubric(overall={"how": "judged"}))["overall"].value == 2.0


def test_words_for_criteria_mean_nothing_where_scores_are_asked_for():
    reply = """{"truth": {"reason": "The "id" field is missing.", "score": 3}}"""
    by = rubric(dimensions={"truth": SCORE})
    assert outcomes(reply, by)["truth"].value == 3.0
    assert outcomes({"criterion truth": {"score": 3}}, by)["truth"].status == "unparsed"
    assert outcomes([{"id": "truth", "score": 3}], by)["truth"].status == "unparsed"
