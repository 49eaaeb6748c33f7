"""Errors in a rubric file: all at once, each with its line and the nearest allowed name."""

import copy

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from judge.errors import RubricError
from judge.records import Record
from judge.rubric import Rubric, check_rubric, parse_rubric, shipped_rubrics
from judge.rubric.problems import allowed_keys

MANY = """\
nmae: r
task: Judge.
scale: {min: 1, max: 3}
dimesions:
  truth:
    descrption: d
    anchors: {1: a, 2: b}
  form:
    description: d
    anchors: {1: a, 2: b, 3: c}
reasons:
  - when: {a: b}
    give: bfore
guidelines: [1, two]
rules: ["x", {when: {a: 1}, txt: b}]
overal: {how: weighted, weights: {trut: 1}}
pass: {trtuh: 4}
"""


def lines(text, name="r.yaml"):
    rubric, problems = check_rubric(text)
    assert rubric is None
    return [problem.at(name) for problem in problems]


def plain(**changes):
    dimension = {"description": "d", "anchors": {1: "bad", 2: "good"}}
    data = {"name": "r", "task": "t", "scale": {"min": 1, "max": 2}, "dimensions": {"truth": dimension}}
    return yaml.safe_dump({**data, "pass": {"overall": 2}, **changes}, sort_keys=False)


@pytest.mark.parametrize(
    "line",
    [
        "r.yaml:1: nmae: unknown key; did you mean name?",
        "r.yaml:4: dimesions: unknown key; did you mean dimensions?",
        "r.yaml:6: dimesions.truth.descrption: unknown key; did you mean description?",
        "r.yaml:7: dimesions.truth.anchors: no anchor for 3; every score of the scale needs one",
        "r.yaml:13: reasons.0.give: found 'bfore'; allowed is 'before', 'after' or 'none'; "
        "did you mean before?",
        "r.yaml:14: guidelines.0: found 1; allowed is a text; put it in quotes",
        "r.yaml:15: rules.1.txt: unknown key; did you mean text?",
        "r.yaml:16: overal: unknown key; did you mean overall?",
        "r.yaml:17: pass: 'trtuh' is not scored; allowed: truth, form, overall; did you mean truth?",
        "r.yaml:17: pass.trtuh: 4 is off the scale 1-3",
    ],
)
def test_every_error_has_its_line_and_the_nearest_allowed_name(line):
    assert line in lines(MANY)


def test_a_misspelt_required_key_is_not_missing_as_well():
    assert not any("missing" in line for line in lines(MANY))


def test_no_error_is_listed_twice():
    assert len(lines(MANY)) == len(set(lines(MANY))) == 13


def test_a_key_like_no_other_lists_the_allowed_ones():
    (line,) = lines(plain(scale={"min": 1, "max": 2, "colour": 3}))[:1]
    assert line.endswith("scale.colour: unknown key; allowed: min, max, level")


def test_a_missing_key_has_the_line_of_the_mapping_it_belongs_to():
    assert "r.yaml:7: dimensions.truth.description: missing; it is required" in lines(
        plain(dimensions={"truth": {"anchors": {1: "bad", 2: "good"}}})
    )


def test_an_invalid_scale_postpones_the_search_for_contradictions():
    found = lines(plain(scale={"min": 9, "max": 1}))
    assert len(found) == 2
    assert "max must be above min" in found[0]
    assert "only when the errors above are corrected" in found[1]


def test_a_file_that_cannot_be_repaired_lists_the_errors_of_single_values(monkeypatch):
    monkeypatch.setattr("judge.rubric.problems._MOST_PASSES", 1)
    found = lines(MANY)
    assert "r.yaml:1: nmae: unknown key; did you mean name?" in found
    assert "only when the errors above are corrected" in found[-1]


def test_keys_that_are_no_texts_are_errors():
    assert any("r.yaml" in line for line in lines(plain() + "1: x\n"))
    found = lines(plain(dimensions={1: {"description": "d", "anchors": {1: "bad", 2: "good"}}}))
    assert any("dimensions.1: found 1; allowed is a text; put it in quotes" in line for line in found)


def test_a_dimension_that_is_no_mapping_is_one_error():
    found = lines(plain(dimensions={"truth": "good"}, **{"pass": {"truth": 1}}))
    assert [line for line in found if "'truth' is not scored" in line] == []


def test_a_text_in_place_of_a_mapping_names_the_keys_of_it():
    assert "r.yaml:15: rules.0: found 'x'; allowed is a mapping with the keys when, text, part" in lines(MANY)
    (line, *_) = lines(plain(dimensions=["truth"]))
    assert "dimensions: found ['truth']; allowed is a mapping, as in {accuracy: {" in line


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"scale": "0-10"},
            "scale: found '0-10'; allowed is a mapping with the keys min, max, level, as in {min",
        ),
        (
            {"overall": "mean"},
            "overall: found 'mean'; allowed is a mapping with the keys how, weights, caps, as in",
        ),
        (
            {"criteria": True},
            "criteria: found True; allowed is a mapping with the keys field, per_request, as in",
        ),
        ({"pass": 3}, "pass: found 3; allowed is a mapping, as in {overall: 3}"),
        (
            {"pass": {"truth": "good"}},
            "pass.truth: found 'good'; allowed is a number, the least score that passes",
        ),
        ({"abstain": "maybe"}, "abstain: found 'maybe'; allowed is true or false"),
        ({"max_words": "many"}, "max_words: found 'many'; allowed is a whole number"),
        ({"guidelines": "Be fair."}, "guidelines: found 'Be fair.'; allowed is a list"),
        ({"pass": {}}, "pass: found {}; allowed is at least one entry"),
        ({"task": None}, "task: found None; allowed is a text"),
        (
            {"rules": [{"when": "topic", "text": "t"}]},
            "rules.0.when: found 'topic'; allowed is a mapping, as in {topic",
        ),
        ({"max_words": 0}, "max_words: found 0; allowed is greater than or equal to 1"),
    ],
)
def test_what_is_allowed_is_said_in_words(changes, message):
    assert any(message in line for line in lines(plain(**changes)))


@pytest.mark.parametrize(
    ("text", "line", "hint"),
    [
        ("name: r\ndimensions:\n\ttruth: 1\n", 3, "indent with spaces and not with tabs"),
        (
            "name: r\ndimensions:\n  a: 1\n  b:\n    c: 1\n   d: 2\n",
            6,
            "indent the keys of one mapping alike",
        ),
        ("name: r\ntask: Judge: is it true\n", 2, "put a text that contains ': '"),
        ("name: r\na: {b: Is it true?, c: 1}\n", 2, "put a text that contains , : ?"),
        ("name: r\ntask: 'Judge\n", 3, "close every bracket and quotation mark"),
    ],
)
def test_an_error_of_yaml_has_its_line_and_a_hint_at_the_cause(text, line, hint):
    (found,) = lines(text)
    assert found.startswith(f"r.yaml:{line}: not valid YAML: ")
    assert hint in found


def test_alternatives_of_one_value_are_one_error():
    (line, *rest) = lines(plain(version=[1]))
    assert "version: found [1]; allowed is a whole number; or a text" in line
    assert rest == []


def test_a_name_with_a_fixed_meaning_has_the_line_of_the_name():
    anchors = {1: "bad", 2: "good"}
    text = plain(dimensions={n: {"description": "d", "anchors": anchors} for n in ("truth", "score")})
    number = text.splitlines().index("  score:") + 1
    assert any(line.startswith(f"r.yaml:{number}: dimensions and flags: 'score'") for line in lines(text))


def test_text_that_is_no_yaml_has_the_line_of_the_mark():
    (line,) = lines("name: a\nname: b\n")
    assert line.startswith("r.yaml:2: not valid YAML: the key 'name' stands twice")


def test_every_mapping_with_fixed_keys_knows_them():
    """A record that is added to the rubric must be added to the table of places, or typos go unexplained."""
    places = {
        *("scale", "dimensions.x", "dimensions.x.scale", "criteria", "rules.0", "examples.0", "flags.f"),
        *("examples.0.verdict", "reasons.0", "images.0", "overall", "overall.caps.0", "stress"),
    }
    assert all(allowed_keys(tuple(place.split("."))) for place in places)
    parts = {r for r in _records(Record) if r.__module__ == "judge.rubric.parts"}
    assert len(parts) == len(places) - 1  # a scale stands in two places


def _records(base):
    return {base, *(found for sub in base.__subclasses__() for found in _records(sub))}


SHIPPED = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in shipped_rubrics().values()]
JUNK = st.one_of(
    st.none(), st.integers(-2, 12), st.text(max_size=3), st.just([]), st.just({}), st.just([{"a": 1}])
)


@given(data=st.data())
def test_whatever_is_broken_gives_errors_and_never_an_exception(data):
    broken = copy.deepcopy(data.draw(st.sampled_from(SHIPPED)))
    for _ in range(data.draw(st.integers(1, 3))):
        at = broken
        while True:
            keys = [*at] if isinstance(at, dict) else [*range(len(at))]
            if not keys:
                break
            key = data.draw(st.sampled_from(keys))
            if isinstance(at[key], dict | list) and data.draw(st.booleans()):
                at = at[key]
                continue
            if isinstance(at, dict) and data.draw(st.booleans()):
                at[f"{key}x"] = at.pop(key)
            else:
                at[key] = copy.deepcopy(data.draw(JUNK))
            break
    rubric, problems = check_rubric(yaml.safe_dump(broken, allow_unicode=True))
    assert (rubric is None) == bool(problems)
    if rubric is not None:
        assert Rubric.model_validate(broken) == rubric


def test_a_stress_aspect_of_an_unknown_dimension_names_those_that_there_are():
    text = (
        "name: r\ntask: t\ndimensions: {clarity: {description: d, anchors: {1: a, 5: b}}}\n"
        "pass: {overall: 3}\nstress: {aspects: {style: clarity}}\n"
    )
    with pytest.raises(
        RubricError, match=r"stress.aspects: found style; allowed are the dimensions: clarity"
    ):
        parse_rubric(text)
