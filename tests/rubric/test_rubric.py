import itertools
import re
import tracemalloc
from statistics import fmean

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from judge.errors import RubricError
from judge.records import Item
from judge.rubric import Rubric, RubricScale, Rule, load_rubric, parse_rubric, rubric_file, shipped_rubrics

ANCHORS = {1: "bad", 2: "middling", 3: "good"}


def dump(data):
    return yaml.safe_dump(data, sort_keys=False)


def plain(**changes):
    """Data of a small rubric with two dimensions on 1-3."""
    dimension = {"description": "d", "anchors": dict(ANCHORS)}
    return {
        "name": "small",
        "task": "Judge.",
        "scale": {"min": 1, "max": 3},
        "dimensions": {"truth": dimension, "form": dimension},
        "pass": {"overall": 2},
        **changes,
    }


def rubric(**changes):
    return parse_rubric(dump(plain(**changes)), "r.yaml")


def problems(**changes):
    with pytest.raises(RubricError) as caught:
        rubric(**changes)
    return str(caught.value).splitlines()


def item(**metadata):
    return Item(id="i", question="q", answer="a", system="heron", metadata=metadata)


# -- the shipped ones


def test_the_shipped_rubrics_are_found_by_name():
    assert {"guided_inspection", "inspection", "multiple_choice", "open_qa", "summary"} <= {
        *shipped_rubrics()
    }


def test_multiple_choice_has_one_binary_dimension_and_counts_a_missing_verdict_as_a_fail():
    loaded = load_rubric("multiple_choice")
    assert {name: d.type for name, d in loaded.dimensions.items()} == {"correct": "binary"}
    assert (loaded.pass_rule, loaded.no_verdict) == ({"correct": 1}, "fail")


@pytest.mark.parametrize("name", [name for name in shipped_rubrics() if name != "multiple_choice"])
def test_a_shipped_rubric_is_sound_and_says_where_it_comes_from(name):
    loaded = load_rubric(name)
    assert loaded.name == name
    assert loaded.source
    assert loaded.description
    assert loaded.scale == RubricScale(min=1, max=5)
    assert loaded.pass_rule["overall"] == 3
    assert loaded.examples


def test_a_rubric_is_loaded_by_its_path_too():
    assert load_rubric(rubric_file("open_qa")) == load_rubric("open_qa")


CATEGORIES = ["general", "standalone", "pairwise", "unanswerable"]


@pytest.mark.parametrize("short", CATEGORIES)
def test_inspection_has_a_rule_and_a_good_a_mixed_and_a_bad_example_for_each_kind_of_question(short):
    inspection = load_rubric("inspection")
    asked = item(robustness_category=short)
    assert len(inspection.rules_for(asked)) == 1
    overall = {example.verdict.scores["overall"] for example in inspection.examples_for(asked)}
    assert overall >= {1, 3}
    assert overall & {4, 5}


def test_inspection_knows_the_long_names_of_the_kinds_of_questions():
    inspection = load_rubric("inspection")
    long = {rule.when["robustness_category"][1]: rule for rule in inspection.rules[:4]}
    for name, rule in long.items():
        assert inspection.rules_for(item(robustness_category=name)) == [rule]
        assert name in rule.text


def test_inspection_shows_an_item_the_examples_of_its_own_category_only():
    inspection = load_rubric("inspection")
    shown = [len(inspection.examples_for(item(robustness_category=name))) for name in CATEGORIES]
    assert sum(shown) == len(inspection.examples) >= 12
    assert inspection.examples_for(item()) == []


def test_inspection_keeps_the_overall_score_below_4_where_accuracy_or_relevance_is():
    inspection = load_rubric("inspection")
    good = dict.fromkeys(inspection.dimensions, 5.0)
    for name in ("technical_accuracy", "relevance"):
        capped = [inspection.overall_score({**good, name: 3}, judged) for judged in (5, 4, 3.5, 2.5)]
        assert capped == [3, 3, 3.5, 2.5]
    assert inspection.overall_score(good, 5) == 5


def test_inspection_lets_a_judge_leave_out_the_note_on_the_reference():
    inspection = load_rubric("inspection")
    assert [name for name, flag in inspection.flags.items() if flag.optional] == ["reference_issue"]
    noted = ["reference_issue" in example.verdict.flags for example in inspection.examples]
    assert (any(noted), all(noted)) == (True, False)


def test_inspection_follows_the_published_scheme():
    inspection = load_rubric("inspection")
    assert inspection.overall.how == "judged"
    assert inspection.max_words == 50
    assert inspection.canonical_name("style_and_clarity") == "clarity"
    assert {name: flag.type for name, flag in inspection.flags.items()} == {
        "is_accurate": "boolean",
        "reference_issue": "text",
    }


@pytest.mark.parametrize("name", [*shipped_rubrics()])
def test_verdicts_of_the_shipped_examples_keep_the_rubrics_own_rules(name):
    loaded = load_rubric(name)
    for example in loaded.examples:
        scores = dict(example.verdict.scores)
        judged = scores.pop("overall", None)
        combined = {"mean": fmean, "min": min}.get(loaded.overall.how)
        assert loaded.overall_score(scores, judged=judged) == (judged or combined(scores.values()))
        assert set(example.verdict.reasons) == set(example.verdict.scores)
        if "is_accurate" in loaded.flags:
            assert example.verdict.flags["is_accurate"] == (scores["technical_accuracy"] >= 3)
        if loaded.max_words:
            assert len(example.answer.split()) <= loaded.max_words
            assert not re.search(r"[/()]", example.answer)


# -- scores


def test_scored_names_end_with_the_overall_score():
    assert rubric().scored == ("truth", "form", "overall")
    assert rubric(overall={"how": "none"}, **{"pass": {"truth": 2}}).scored == ("truth", "form")


OVERALL = [
    pytest.param({"how": "mean"}, 2.0, id="mean"),
    pytest.param({"how": "min"}, 1.0, id="min"),
    pytest.param({"how": "weighted", "weights": {"truth": 3, "form": 1}}, 2.5, id="weighted"),
    pytest.param({"how": "mean", "caps": [{"below": {"form": 2}, "at_most": 1}]}, 1.0, id="capped"),
    pytest.param({"how": "mean", "caps": [{"below": {"form": 1}, "at_most": 1}]}, 2.0, id="cap_not_reached"),
    pytest.param({"how": "mean", "caps": [{"below": {"form": 2}, "at_most": 3}]}, 2.0, id="cap_above"),
    pytest.param({"how": "mean", "caps": [{"below": {"form": 2}, "less_than": 2}]}, 1.0, id="kept_below"),
    pytest.param({"how": "mean", "caps": [{"below": {"form": 2}, "less_than": 2.5}]}, 2.0, id="is_below"),
    pytest.param({"how": "judged"}, 3.0, id="judged"),
    pytest.param(
        {"how": "judged", "caps": [{"below": {"form": 2}, "at_most": 2}]}, 2.0, id="judged_and_capped"
    ),
]


@pytest.mark.parametrize(("overall", "value"), OVERALL)
def test_the_overall_score_comes_about_as_the_rubric_says(overall, value):
    assert rubric(overall=overall).overall_score({"truth": 3.0, "form": 1.0}, judged=3.0) == value


@pytest.mark.parametrize(
    "overall", [{"how": "mean"}, {"how": "min"}, {"how": "weighted", "weights": {"truth": 1, "form": 0}}]
)
def test_there_is_no_overall_score_while_a_dimension_is_missing(overall):
    assert rubric(overall=overall).overall_score({"truth": 3.0}) is None


@pytest.mark.parametrize(
    ("how", "judged"), [("judged", ("truth", "form", "overall")), ("mean", ("truth", "form"))]
)
def test_the_model_scores_the_dimensions_and_an_overall_score_only_if_it_is_judged(how, judged):
    given = rubric(overall={"how": how}, flags={"short": {"description": "Is it short?"}})
    assert given.judged == judged
    assert given.asked == (*judged, "short")


def test_a_judged_overall_score_needs_only_the_dimensions_of_its_caps():
    assert rubric(overall={"how": "judged"}).overall_score({}, judged=3) == 3
    assert rubric(overall={"how": "judged"}).overall_score({"truth": 3, "form": 3}) is None
    capped = rubric(overall={"how": "judged", "caps": [{"below": {"form": 2}, "at_most": 2}]})
    assert capped.overall_score({"truth": 3}, judged=3) is None


def test_no_overall_score_where_the_rubric_wants_none():
    assert (
        rubric(overall={"how": "none"}, **{"pass": {"truth": 2}}).overall_score({"truth": 1, "form": 1})
        is None
    )


@settings(deadline=None)
@given(st.fixed_dictionaries({"truth": st.integers(1, 3), "form": st.integers(1, 3)}))
def test_every_overall_score_lies_on_the_scale_and_between_its_parts(scores):
    for overall in ({"how": "mean"}, {"how": "min"}, {"how": "weighted", "weights": {"truth": 2, "form": 1}}):
        value = rubric(overall=overall).overall_score(scores)
        assert min(scores.values()) <= value <= max(scores.values())


PASS = [
    pytest.param({"truth": 2, "form": 3}, True, id="all_reached"),
    pytest.param({"truth": 1, "form": 3}, False, id="one_missed"),
    pytest.param({"truth": 1}, False, id="one_missed_the_other_unknown"),
    pytest.param({"truth": 2}, None, id="one_reached_the_other_unknown"),
    pytest.param({}, None, id="nothing_known"),
]


@pytest.mark.parametrize(("scores", "passes"), PASS)
def test_an_answer_passes_when_every_dimension_of_the_rule_reaches_its_value(scores, passes):
    assert rubric(**{"pass": {"truth": 2, "form": 3}}).passes(scores) is passes


def test_a_dimension_is_known_by_its_aliases():
    data = plain()
    data["dimensions"]["truth"] = {**data["dimensions"]["truth"], "aliases": ["accuracy"]}
    small = Rubric.model_validate(data)
    assert [small.canonical_name(n) for n in ("truth", "accuracy", "beauty")] == ["truth", "truth", None]


def test_the_digest_changes_with_any_part():
    assert rubric().digest == rubric().digest
    assert rubric().digest != rubric(task="Judge!").digest
    assert rubric().digest != rubric(**{"pass": {"overall": 3}}).digest


def test_labels_run_from_end_to_end_of_the_scale():
    scale = RubricScale(min=0, max=2)
    assert list(scale.labels) == [0, 1, 2]
    assert [scale.holds(value) for value in (-0.1, 0, 1.5, 2, 2.1)] == [False, True, True, True, False]


# -- rules


WHEN = [
    pytest.param({"topic": "law"}, True, id="value"),
    pytest.param({"topic": ["law", "art"]}, True, id="one_of_several"),
    pytest.param({"topic": "Law "}, True, id="case_and_spaces"),
    pytest.param({"topic": "art"}, False, id="other_value"),
    pytest.param({"subject": "law"}, False, id="missing_field"),
    pytest.param({"empty": "None"}, False, id="null_field"),
    pytest.param({"topic": "law", "n": 3}, True, id="both"),
    pytest.param({"topic": "law", "n": 4}, False, id="one_of_both"),
    pytest.param({"n": "3"}, True, id="number_as_text"),
    pytest.param({"x": 3}, True, id="whole_float"),
    pytest.param({"half": 0.5}, True, id="float"),
    pytest.param({"flag": True}, True, id="boolean_as_text"),
    pytest.param({"system": "heron"}, True, id="system"),
    pytest.param({}, True, id="always"),
]


@pytest.mark.parametrize(("when", "matches"), WHEN)
def test_a_rule_holds_for_items_whose_fields_have_its_values(when, matches):
    asked = item(topic="law", n=3, x=3.0, half="0.5", flag="true", empty=None)
    assert Rule(when=when, text="t").matches(asked) is matches


# -- what is wrong with a rubric


def dimensions(**anchors_changes):
    return {"truth": {"description": "d", "anchors": {**ANCHORS, **anchors_changes}}}


EXAMPLE = {"question": "q", "answer": "a", "verdict": {"scores": {"truth": 3, "form": 2}}}


def verdict(**changes):
    return [{**EXAMPLE, "verdict": {**EXAMPLE["verdict"], **changes}}]


WRONG = [
    pytest.param({"name": "two words"}, "r.yaml: name: found 'two words'; allowed is letters, digits, _ and -", id="name"),
    pytest.param({"task": None}, "r.yaml: task: found None; allowed is a text", id="null"),
    pytest.param({"colour": 1}, "r.yaml: colour: unknown key; allowed: name, version", id="unknown_key"),
    pytest.param({"scale": {"min": 3, "max": 3}}, "scale runs from 3 to 3; max must be above min", id="scale"),
    pytest.param({"dimensions": {}}, "r.yaml: dimensions: found none", id="no_dimension"),
    pytest.param({"scale": {"max": 2}}, "dimensions.truth.anchors: has an anchor for 3, but the scale runs 1-2", id="extra_anchor"),
    pytest.param({"scale": {"max": 4}}, "dimensions.form.anchors: no anchor for 4", id="missing_anchor"),
    pytest.param({"pass": {}}, "r.yaml: pass: found {}", id="empty_pass_rule"),
    pytest.param({"pass": {"beauty": 2}}, "pass: 'beauty' is not scored; allowed: truth, form, overall", id="pass_name"),
    pytest.param({"pass": {"truth": 4}}, "pass.truth: 4 is off the scale 1-3", id="pass_value"),
    pytest.param({"overall": {"how": "none"}}, "pass: 'overall' is not scored; allowed: truth, form", id="pass_without_overall"),
    pytest.param({"overall": {"how": "sum"}}, "overall.how: found 'sum'; allowed is 'judged', 'mean'", id="overall"),
    pytest.param({"overall": {"how": "weighted", "weights": {"truth": 1}}}, "overall.weights: needs one weight for each of truth, form", id="weight_missing"),
    pytest.param({"overall": {"how": "weighted", "weights": {"truth": 2, "form": -1}}}, "weights must be 0 or more", id="negative_weight"),
    pytest.param({"overall": {"how": "weighted", "weights": {"truth": 0, "form": 0}}}, "and not all 0", id="zero_weights"),
    pytest.param({"overall": {"how": "weighted"}}, "overall.weights: needs one weight for each", id="no_weights"),
    pytest.param({"overall": {"weights": {"beauty": 1}}}, "overall.weights: 'beauty' is not scored", id="weight_name"),
    pytest.param({"overall": {"caps": [{"below": {"beauty": 2}, "at_most": 1}]}}, "overall.caps: 'beauty' is not scored", id="cap_name"),
    pytest.param({"overall": {"caps": [{"below": {"truth": 9}, "at_most": 1}]}}, "overall.caps.below: 9 is off the scale", id="cap_below"),
    pytest.param({"overall": {"caps": [{"below": {"truth": 2}, "at_most": 0}]}}, "overall.caps.at_most: 0 is off the scale", id="cap_at_most"),
    pytest.param({"overall": {"caps": [{"below": {"truth": 2}, "less_than": 9}]}}, "overall.caps.less_than: 9 is off the scale", id="cap_less_than"),
    pytest.param({"overall": {"caps": [{"below": {"truth": 2}, "less_than": 1}]}}, "overall.caps.0.less_than: no score of the scale is below 1", id="cap_below_all"),
    pytest.param({"overall": {"caps": [{"below": {"truth": 2}}]}}, "overall.caps.0: found neither of at_most and less_than", id="cap_without_limit"),
    pytest.param({"overall": {"caps": [{"below": {"truth": 2}, "at_most": 2, "less_than": 2}]}}, "overall.caps.0: found both of at_most and less_than", id="cap_with_two_limits"),
    pytest.param({"flags": {"f": {"description": "d", "optional": True}}}, "flags.f.optional: only a flag of type text can be left out", id="optional_boolean"),
    pytest.param({"overall": {"caps": [{"below": {}, "at_most": 1}]}}, "overall.caps.0.below: found {}", id="empty_cap"),
    pytest.param({"reply": "number", "flags": {"f": {"description": "d"}}}, "flags: a reply of one number cannot contain flags", id="number_and_flags"),
    pytest.param({"flags": {"truth": {"description": "d"}}}, "the name 'truth' is used twice", id="flag_named_like_a_dimension"),
    pytest.param({"flags": {"overall": {"description": "d"}}}, "the name 'overall' is used twice, or reserved", id="flag_named_overall"),
    pytest.param({"flags": {"reason": {"description": "d"}}}, "'reason' has a fixed meaning in replies", id="flag_named_reason"),
    pytest.param({"examples": verdict(scores={"truth": 3})}, "examples.0.verdict.scores: has ['truth']; must have exactly ['form', 'truth']", id="example_scores"),
    pytest.param({"examples": verdict(scores={"truth": 3, "form": 4})}, "examples.0.verdict.scores.form: 4 is off the scale 1-3", id="example_off_scale"),
    pytest.param({"examples": verdict(), "overall": {"how": "judged"}}, "must have exactly ['form', 'overall', 'truth']", id="example_without_overall"),
    pytest.param({"examples": verdict(reasons={"beauty": "r"})}, "examples.0.verdict.reasons: 'beauty' gets no score", id="example_reasons"),
    pytest.param({"examples": verdict(flags={"f": True})}, "examples.0.verdict.flags: has ['f']; must have exactly []", id="example_flags"),
    pytest.param({"overall": {"how": "weighted", "weights": {"truth": float("inf"), "form": 1}}}, "weights must be finite", id="infinite_weight"),
    pytest.param({"pass": {"truth": float("nan")}}, "pass.truth: nan is off the scale", id="pass_nan"),
    pytest.param({"flags": {" ": {"description": "d"}}}, "' ' is not a valid name", id="blank_name"),
    pytest.param({"max_words": 0}, "max_words: found 0", id="max_words"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "said"), WRONG)
def test_a_wrong_rubric_says_which_key_what_was_found_and_what_is_allowed(changes, said):
    lines = [re.sub(r"^r\.yaml:\d+: ", "r.yaml: ", line) for line in problems(**changes)]
    assert any(said in line and line.startswith("r.yaml: ") for line in lines)


def test_a_missing_key_is_named():
    data = plain()
    del data["task"]
    with pytest.raises(RubricError, match=r"^r\.yaml: task: missing; it is required$"):
        parse_rubric(dump(data), "r.yaml")


def test_all_contradictions_are_listed_at_once():
    found = problems(scale={"max": 4}, **{"pass": {"beauty": 2, "truth": 9}})
    assert len(found) == 4


ALIASES = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{new}: &{new} [{','.join([f'*{old}'] * 10)}]\n" for old, new in itertools.pairwise("abcdefgh")
)
"""Ten to the power of eight values in 400 characters."""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param(ALIASES, "more than 200,000 values", id="aliases_that_multiply"),
        pytest.param(
            "scale: {min: 1, max: 1000000000}\n", "allowed are at most 1,001 scores", id="long_scale"
        ),
        pytest.param("scale: {min: -2000, max: 1}\n", "allowed are at most 1,001 scores", id="deep_scale"),
    ],
)
def test_what_would_fill_the_memory_is_refused_before_it_is_built(text, said):
    tracemalloc.start()
    try:
        with pytest.raises(RubricError, match=said):
            parse_rubric(text)
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


def test_a_file_with_many_errors_names_the_first_ones_and_counts_the_rest():
    with pytest.raises(RubricError) as caught:
        parse_rubric("\n".join(f"key{i}: 1" for i in range(500)))
    assert str(caught.value).count("\n") == 20
    assert str(caught.value).endswith("… and 485 more")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("name: [", "not valid YAML: ", id="open_list"),
        pytest.param("- a\n", "found list; a rubric is a mapping", id="list"),
        pytest.param("", "found an empty file; a rubric is a mapping", id="empty"),
        pytest.param("name: a\nname: b\n", "the key 'name' stands twice at line 2, column 1", id="key_twice"),
        pytest.param("scale: {min: 1, min: 2}\n", "the key 'min' stands twice", id="inner_key_twice"),
        pytest.param("version: 2024-13-45\n", "not valid YAML: month must be in 1..12", id="impossible_date"),
        pytest.param("task: !!python/object:os.system {}\n", "os.system' is not allowed", id="tag_of_python"),
        pytest.param("task: !!binary aGk=\n", "the tag 'tag:yaml.org,2002:binary' is not allowed", id="tag"),
        pytest.param("a: &a [*a]\n", "an alias stands inside what it stands for", id="alias_of_itself"),
        pytest.param("k: " + "1:" * 9_000 + "1\n", "a number of 18,001 characters", id="long_number"),
        pytest.param('task: "\\ud800"\n', "half a character", id="half_a_character"),
        pytest.param("a: \x01\n", "special characters are not allowed", id="control_character"),
        pytest.param("#" * 2_000_001, "the file has more than 2,000,000 characters", id="long_file"),
        pytest.param("? [a]\n: b\n", "not valid YAML: ", id="list_as_a_key"),
        pytest.param("[" * 600, "not valid YAML: ", id="deep_nesting"),
    ],
)
def test_text_that_is_no_rubric_is_refused(text, said):
    with pytest.raises(RubricError) as caught:
        parse_rubric(text, "r.yaml")
    assert re.match(r"r\.yaml(:\d+)?: ", str(caught.value))
    assert said in str(caught.value)


def test_a_rubric_may_share_parts_by_merge_keys():
    text = dump(plain(dimensions={"truth": plain()["dimensions"]["truth"]}))
    text = text.replace(
        "  truth:\n", "  form: &base\n    <<: {description: x}\n    anchors: {1: a, 2: b, 3: c}\n  truth:\n"
    )
    assert parse_rubric(text).dimensions["form"].description == "x"


def test_a_rubric_that_does_not_exist_names_the_shipped_ones():
    with pytest.raises(
        RubricError,
        match=r"neither shipped nor a file\. Shipped: guided_inspection, inspection, multiple_choice, open_qa, summary",
    ):
        load_rubric("nowhere")
    with pytest.raises(RubricError, match="did you mean open_qa"):
        load_rubric("opne_qa")


@pytest.mark.parametrize("data", [None, b"name: caf\xe9"], ids=["folder", "latin1"])
def test_a_rubric_that_cannot_be_read_is_an_error(tmp_path, data):
    path = tmp_path / "r.yaml"
    if data is None:
        path.mkdir()
    else:
        path.write_bytes(data)
    with pytest.raises(RubricError, match=r"r\.yaml: cannot be read: "):
        load_rubric(path)


def test_a_byte_order_mark_does_not_matter(tmp_path):
    path = tmp_path / "r.yaml"
    path.write_text("\ufeff" + dump(plain()), encoding="utf-8")
    assert load_rubric(path) == rubric()


# ---- asked as numbers


def test_rubric_asked_as_numbers_has_neither_flags_nor_their_examples():
    asked = load_rubric("inspection").as_numbers()
    assert (asked.reply, asked.flags) == ("number", {})
    assert {bool(example.verdict.flags) for example in asked.examples} == {False}
    assert asked.asked == asked.scored


def test_rubric_that_asks_for_numbers_stays_as_it_is():
    asked = load_rubric("inspection").as_numbers()
    assert asked.as_numbers() is asked


@pytest.mark.parametrize("name", shipped_rubrics())
def test_rubric_asked_as_numbers_is_a_sound_rubric(name):
    asked = load_rubric(name).as_numbers()
    stored = asked.model_dump(by_alias=True)
    assert Rubric.model_validate(stored).model_dump(by_alias=True) == stored


# -- names of one field, and answers without a verdict


@pytest.mark.parametrize("named", ["object", "category", "specie_name"])
@pytest.mark.parametrize("given", ["object", "category", "specie_name"])
def test_object_category_and_specie_name_are_one_field(named, given):
    ruled = rubric(rules=[{"when": {named: ["gear", "lid"]}, "text": "r"}])
    assert [len(ruled.rules_for(item(**{given: value}))) for value in ("gear", "pill")] == [1, 0]


def test_a_field_that_an_item_has_itself_goes_before_its_other_names():
    ruled = rubric(rules=[{"when": {"object": "gear"}, "text": "r"}])
    assert ruled.rules_for(item(object="lid", category="gear")) == []


@pytest.mark.parametrize(("policy", "verdict"), [("fail", False), ("drop", None), ("bounds", None)])
def test_a_missing_verdict_fails_where_the_rubric_says_so(policy, verdict):
    declared = rubric(no_verdict=policy)
    assert declared.counted_verdict({}) is verdict
    assert declared.counted_verdict({"overall": 3.0}) is True
    assert declared.counted_verdict({}, ["overall"]) is None
    assert declared.passes({}) is None


def test_a_rubric_without_the_field_has_the_digest_that_it_had():
    assert rubric().digest == rubric(no_verdict="bounds").digest
    assert "no_verdict" not in rubric().model_dump()
