import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from judge.cli import main
from judge.errors import RubricError
from judge.items import load_items
from judge.rubric import load_rubric, parse_rubric, shipped_rubrics
from judge.scoring.judge import Judge
from judge.scoring.prompt import build_requests, system_text


@pytest.fixture
def judge(tmp_path, monkeypatch):
    """Run `judge rubric` in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments, code=0):
        result = CliRunner().invoke(main, ["rubric", *arguments])
        assert result.exit_code == code, result.output
        return result

    return run


@pytest.fixture
def answers(tmp_path):
    rows = [
        {"id": n, "question": f"question {n}", "answer": f"answer {n}", "images": ["p.png"]} for n in (1, 2)
    ]
    (tmp_path / "answers.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return "answers.jsonl"


def test_list_names_every_shipped_rubric_with_its_dimensions_and_pass_rule(judge):
    text = judge("list").stdout
    for name in shipped_rubrics():
        assert name in text.splitlines()
    assert "technical_accuracy, comprehensiveness, relevance, clarity on 1-5" in text
    assert "overall: mean; passes when overall is 3 or more and consistency is 3 or more." in text


def test_list_for_machines_is_json(judge):
    assert [entry["name"] for entry in json.loads(judge("list", "--json").stdout)] == [*shipped_rubrics()]


def test_show_prints_the_file_of_a_rubric(judge):
    text = judge("show", "open_qa").stdout
    assert text.startswith("# The default rubric")


def test_show_for_machines_gives_the_whole_rubric(judge):
    shown = json.loads(judge("show", "inspection", "--json").stdout)
    assert shown == load_rubric("inspection").model_dump(mode="json", by_alias=True)


def test_show_prints_the_exact_prompt_of_an_item_and_its_length(judge, answers):
    result = judge("show", "open_qa", "--item", "2", answers)
    (request,) = build_requests(load_items(answers)[1], Judge("none", load_rubric("open_qa")))
    system, user = (message["content"] for message in request.messages)
    assert system == system_text(load_rubric("open_qa"))
    assert f"=== system ===\n{system}\n\n=== user ===\n" in result.stdout
    assert result.stdout.endswith(user[-1]["text"] + "\n")
    assert "question 2" in result.stdout
    assert "[image 1]" in result.stdout
    assert f"system {len(system):,}, user " in result.stderr


def test_show_takes_the_first_item_when_none_is_named(judge, answers):
    assert "question 1" in judge("show", "open_qa", answers).stdout


def test_show_for_machines_gives_the_messages_of_every_request(judge, answers, tmp_path):
    (tmp_path / "n.yaml").write_text(judge("show", "open_qa").stdout + "reply: number\n")
    result = judge("show", "n.yaml", answers, "--json")
    requests = json.loads(result.stdout)["requests"]
    roles = [[message["role"] for message in request["messages"]] for request in requests]
    assert roles == [["system", "user"]] * 4
    assert [request["asks"] for request in requests] == [[name] for name in load_rubric("n.yaml").dimensions]
    assert "in 4 requests" in result.stderr


def test_show_reads_fields_of_other_names(judge, tmp_path):
    (tmp_path / "a.csv").write_text("id,question,mine\n1,q,the answer\n")
    assert "the answer" in judge("show", "open_qa", "a.csv", "--map", "answer=mine").stdout


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        pytest.param(
            ["show", "open_qa", "--item", "9", "answers.jsonl"],
            1,
            "contains no item with the id '9'",
            id="item",
        ),
        pytest.param(["show", "open_qa", "empty.jsonl"], 1, "empty.jsonl: contains no item", id="empty"),
        pytest.param(["show", "nowhere"], 1, "neither shipped nor a file", id="rubric"),
        pytest.param(
            ["show", "open_qa", "--item", "1"], 2, "--item needs a file of answers", id="no_answers"
        ),
        pytest.param(["check", "nowhere.yaml"], 1, "neither shipped nor a file", id="check"),
        pytest.param(["new", "two words"], 1, "name: found 'two words'", id="name"),
        pytest.param(
            ["new", "no/such/folder/r"], 1, "cannot be written: No such file or directory", id="folder"
        ),
    ],
)
@pytest.mark.usefixtures("answers")
def test_what_cannot_be_done_is_one_clear_line(judge, tmp_path, arguments, code, said):
    (tmp_path / "empty.jsonl").write_text("")
    result = judge(*arguments, code=code)
    assert said in result.stderr
    assert "Traceback" not in result.output


def test_check_says_what_a_sound_rubric_scores(judge):
    assert judge("check", "open_qa").stdout.startswith("open_qa: no errors found. technical_accuracy, ")


def test_check_lists_every_problem(judge, tmp_path):
    text = judge("show", "open_qa").stdout.replace("pass: {overall: 3}", "pass: {beauty: 3, clarity: 9}")
    (tmp_path / "r.yaml").write_text(text)
    error = judge("check", "r.yaml", code=1).stderr
    number = text.splitlines().index("pass: {beauty: 3, clarity: 9}") + 1
    assert f"r.yaml:{number}: pass: 'beauty' is not scored" in error
    assert f"r.yaml:{number}: pass.clarity: 9 is off the scale 1-5" in error


@pytest.mark.parametrize("name", ["mine", "mine.yaml"])
def test_new_writes_a_rubric_that_passes_check(judge, name):
    assert (
        judge("new", name).stdout
        == "mine.yaml: written. Edit it, then check it: judge rubric check mine.yaml\n"
    )
    assert load_rubric("mine.yaml").name == "mine"
    judge("check", "mine.yaml")


def test_new_never_overwrites(judge, tmp_path):
    (tmp_path / "mine.yaml").write_text("precious")
    assert "mine.yaml already exists and is not overwritten" in judge("new", "mine", code=1).stderr
    assert (tmp_path / "mine.yaml").read_text() == "precious"


def options_of(text):
    """Blocks of options that are commented out: lines whose # stands before a key, or before its parts."""
    blocks, inside = [], False
    for number, line in enumerate(text.splitlines()):
        begins = re.match(r" *#[^ ]", line) is not None
        inside = begins or (inside and re.match(r" *#  ", line) is not None)
        if begins and (not blocks or blocks[-1][-1] != number - 1):
            blocks.append([])
        if inside:
            blocks[-1].append(number)
    return blocks


def used(text, block):
    lines = text.splitlines()
    for number in block:
        lines[number] = lines[number].replace("#", "", 1)
    return "\n".join(lines) + "\n"


def template(judge, *arguments):
    judge("new", "mine", *arguments)
    text = Path("mine.yaml").read_text(encoding="utf-8")
    Path("mine.yaml").unlink()
    return text


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--scale", "0-10"),
        ("--scale", "1-7", "--dimensions", "truth,on,two words"),
        ("--dimensions", "true,1", "--scale", "-3-3"),
    ],
    ids=["plain", "long_scale", "dimensions", "names_that_yaml_reads_otherwise"],
)
def test_every_option_in_a_template_is_valid_when_it_is_used(judge, arguments):
    text = template(judge, *arguments)
    blocks = options_of(text)
    keys = {text.splitlines()[block[0]].strip(" #").split(":")[0] for block in blocks}
    assert keys == {
        *("cites_source", "main_fault", "gives_warning", "criteria", "rules", "flags", "examples", "abstain"),
        *("images", "caps", "max_words", "stress"),
    }
    plain = parse_rubric(text)
    for block in blocks:
        changed = used(text, block)
        assert parse_rubric(changed) != plain, changed


def test_the_options_of_a_template_are_of_every_type(judge):
    text = template(judge)
    found = {}
    for block in options_of(text):
        found |= parse_rubric(used(text, block)).dimensions
    assert {dimension.type for dimension in found.values()} == {"score", "binary", "category"}
    assert found["gives_warning"].when == {"topic": ["medicine", "law"]}
    assert found["cites_source"].points == 2


def test_the_worked_example_of_a_template_shows_its_flag(judge):
    text = template(judge)
    for key in ("flags", "examples"):
        block = next(b for b in options_of(text) if text.splitlines()[b[0]].startswith(f"#{key}"))
        text = used(text, block)
    with pytest.raises(RubricError, match=r"must have exactly \['needs_expert'\]"):
        parse_rubric(text)
    shown = text.replace("# With the flag above, also: flags:", "flags:")
    assert parse_rubric(shown).examples[0].verdict.flags == {"needs_expert": False}


def test_new_takes_dimensions_and_a_scale(judge):
    judge("new", "mine", "--dimensions", "truth,style", "--scale", "0-10")
    made = load_rubric("mine.yaml")
    assert list(made.dimensions) == ["truth", "style"]
    assert (made.scale.min, made.scale.max) == (0, 10)
    assert list(made.dimensions["style"].anchors) == [0, 10]
    assert made.overall.weights == {"truth": 1, "style": 1}
    assert made.pass_rule == {"overall": 5}


def test_check_names_the_texts_of_a_template_that_are_still_to_be_written(judge):
    judge("new", "mine", "--dimensions", "truth", "--scale", "0-10")
    text = judge("check", "mine.yaml").stdout
    assert text.count("still holds the text of the template") == 3
    assert "mine.yaml:27: dimensions.truth.description: still holds" in text


def test_a_template_without_arguments_gives_no_warning(judge):
    judge("new", "mine")
    assert "warning" not in judge("check", "mine.yaml").stdout


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("--scale", "5"), "'5': allowed are two whole numbers MIN-MAX, as in 0-10"),
        (("--scale", "5-1"), "max must be above min"),
        (("--scale", "0-9999"), "at most 1,001 scores"),
        (("--dimensions", "a,b,a"), "names a dimension twice"),
        (("--dimensions", "a,,b"), "allowed are names"),
        (("--scale", "0-1", "--from-knowledge", "k.json"), "has the dimensions and the scale"),
    ],
)
def test_new_refuses_what_makes_no_template(judge, arguments, problem):
    Path("k.json").write_text("{}")
    assert problem in judge("new", "mine", *arguments, code=2).stderr
    assert not Path("mine.yaml").exists()


def test_new_refuses_a_name_with_a_fixed_meaning(judge):
    error = judge("new", "mine", "--dimensions", "truth,score", code=1).stderr
    assert "'score' has a fixed meaning in replies" in error


def test_domain_knowledge_becomes_rules_of_which_only_an_items_own_enter_its_prompt(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    known = {
        "VisA": {
            "candle": {"chunk of wax missing": "A piece of wax is gone."},
            "fryum": {"burnt": "Dark spots."},
        }
    }
    Path("knowledge.json").write_text(json.dumps(known))
    row = {"id": "1", "question": "q", "answer": "a", "dataset": "VisA", "object": "candle"}
    Path("answers.jsonl").write_text(json.dumps(row) + "\n")
    done = CliRunner().invoke(main, ["rubric", "new", "visa", "--from-knowledge", "knowledge.json"])
    assert done.exit_code == 0, done.output
    shown = CliRunner().invoke(main, ["rubric", "show", "visa.yaml", "answers.jsonl"]).stdout
    assert "A piece of wax is gone." in shown
    assert "Dark spots." not in shown


def test_knowledge_by_part_enters_the_prompts_of_the_questions_that_it_concerns(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    known = {"VisA": {"candle": {"melt": {"location": "At the rim.", "cause": "Too much heat."}}}}
    Path("knowledge.json").write_text(json.dumps(known))
    row = {"id": "1", "question": "q", "answer": "a", "dataset": "VisA", "object": "candle"}
    Path("answers.jsonl").write_text(json.dumps({**row, "question_type": "Defect Localization"}) + "\n")
    CliRunner().invoke(main, ["rubric", "new", "visa", "--from-knowledge", "knowledge.json"])
    assert not re.search(r"[&*]id\d", Path("visa.yaml").read_text())  # no anchors, which are hard to edit
    facts = json.loads(
        CliRunner().invoke(main, ["rubric", "show", "visa.yaml", "answers.jsonl", "--json"]).stdout
    )
    assert facts["rules"][-1] == "The defect 'melt' of the object 'candle', location: At the rim."
    assert not any("heat" in rule or "Washer" in rule for rule in facts["rules"])
    assert facts["reasons"] == "after"


# ---- rubrics of several types

MIXED = """\
name: mixed
description: All types.
task: Judge the answer.
scale: {min: 1, max: 3}
dimensions:
  accuracy:
    description: Whether the statements are true.
    anchors: {1: False., 2: Partly true., 3: True.}
  style:
    description: How it reads.
    scale: {min: 0, max: 10}
    anchors: {0: Unreadable., 10: Reads well.}
  count:
    type: binary
    description: The count is right.
    points: 2
    when: {kind: [counting, sums]}
  fault:
    type: category
    description: Kind of fault.
    labels: [none, minor, major]
criteria: {per_request: 2}
rules:
  - when: {kind: counting}
    text: Count twice.
  - when: {kind: cuonting}
    text: Count once.
reasons:
  - when: {kind: counting}
    give: before
  - give: none
images:
  - {role: reference, when: {kind: comparison}}
abstain: true
overall: {how: points}
pass: {overall: 0.5}
"""
ITEMS = [
    {
        "id": "1",
        "kind": "counting",
        "images": ["p.png", {"path": "r.png", "role": "reference"}],
        "criteria": ["Names it.", {"id": "p", "text": "Is polite.", "points": 2, "tags": ["tone"]}, "Third."],
    },
    {"id": "2", "kind": "comparison", "criteria": ["One."]},
    {"id": "3", "kind": "other", "criteria": 5},
]


@pytest.fixture
def mixed(judge):
    """A rubric with all types, and three items; the criteria of the last one cannot be read."""
    rows = ({"question": "q", "answer": "a", **item} for item in ITEMS)
    Path("items.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    Path("mixed.yaml").write_text(MIXED)
    return judge


@pytest.mark.parametrize(
    "line",
    [
        "dimensions: 4 of 4 apply",
        "  accuracy on 1-3",
        "  style on 0-10",
        "  count as met or not",
        "  fault as a category (none, minor, major)",
        "criteria: 3",
        "  c1 (1 point): Names it.",
        "  p (2 points; tone): Is polite.",
        "overall: points",
        "reasons: before",
        "images: 1 of 2 shown",
        "  reference r.png: not shown",
        "rules: 1 of 2",
        "  Count twice.",
        "examples: 0 of 0",
        "requests: 3",
        "=== request 1 of 3: accuracy, style, count, fault ===",
        "=== request 2 of 3: c1, p ===",
        "=== request 3 of 3: c3 ===",
        "=== system (as in the request before) ===",
    ],
)
def test_show_says_what_one_item_gets(mixed, line):
    assert line in mixed("show", "mixed.yaml", "items.jsonl", "--item", "1").stdout.splitlines()


def test_show_says_why_a_dimension_does_not_apply(mixed):
    lines = mixed("show", "mixed.yaml", "items.jsonl", "--item", "2").stdout.splitlines()
    assert "dimensions: 3 of 4 apply" in lines
    why = "  count does not apply: kind is comparison; it applies where kind is counting, sums"
    assert why in lines
    assert "reasons: none" in lines


def test_show_for_machines_says_what_one_item_gets(mixed):
    facts = json.loads(mixed("show", "mixed.yaml", "items.jsonl", "--item", "2", "--json").stdout)
    assert list(facts["dimensions"]) == ["accuracy", "style", "fault"]
    assert list(facts["not_applicable"]) == ["count"]
    assert facts["criteria"] == {"c1": {"text": "One.", "points": 1.0, "tags": []}}
    assert facts["dimensions"]["fault"] == {
        "type": "category",
        "level": "nominal",
        "labels": ["none", "minor", "major"],
    }
    assert [request["asks"] for request in facts["requests"]] == [["accuracy", "style", "fault"], ["c1"]]


def test_show_of_criteria_that_cannot_be_read_names_item_and_field(mixed):
    error = mixed("show", "mixed.yaml", "items.jsonl", "--item", "3", code=1).stderr
    assert "items.jsonl: item '3': field 'criteria': found 5" in error


def test_show_asks_for_each_number_in_a_request_of_its_own(mixed):
    Path("mixed.yaml").write_text(MIXED + "reply: number\n")
    facts = json.loads(mixed("show", "mixed.yaml", "items.jsonl", "--item", "2", "--json").stdout)
    assert [request["asks"] for request in facts["requests"]] == [["accuracy"], ["style"], ["fault"], ["c1"]]


def test_a_request_for_many_criteria_names_the_first_five(mixed):
    row = {"id": "4", "question": "q", "answer": "a", "criteria": [f"Text {n}." for n in range(7)]}
    Path("many.jsonl").write_text(json.dumps(row) + "\n")
    Path("mixed.yaml").write_text(MIXED.replace("{per_request: 2}", "{}"))
    text = mixed("show", "mixed.yaml", "many.jsonl").stdout
    assert "=== request 2 of 2: c1, c2, c3, c4, c5 and 2 more ===" in text


def test_an_item_to_which_nothing_applies_gets_no_request(judge):
    text = MIXED.replace("criteria: {per_request: 2}\n", "")
    one = "dimensions:\n" + text[text.index("  count:") : text.index("  fault:")]
    Path("one.yaml").write_text(text[: text.index("dimensions:")] + one + text[text.index("rules:") :])
    Path("a.jsonl").write_text('{"id": "1", "question": "q", "answer": "a"}\n')
    lines = judge("show", "one.yaml", "a.jsonl").stdout.splitlines()
    assert "dimensions: 0 of 1 apply" in lines
    assert "overall: does not apply" in lines
    assert lines[-1] == "requests: 0"


def test_show_of_a_rubric_without_dimensions_lists_the_criteria(mixed):
    text = MIXED[: MIXED.index("dimensions:")] + MIXED[MIXED.index("criteria:") :]
    Path("mixed.yaml").write_text(text)
    lines = mixed("show", "mixed.yaml", "items.jsonl", "--item", "2").stdout.splitlines()
    assert lines[:3] == ["=== item 2 ===", "criteria: 1", "  c1 (1 point): One."]


def test_check_says_what_a_rubric_of_several_types_scores(mixed):
    first = mixed("check", "mixed.yaml").stdout.splitlines()[0]
    assert first == (
        "mixed.yaml: no errors found. accuracy on 1-3; style on 0-10; "
        "count (where kind is counting or sums) as met or not; fault as a category (none, minor, major); "
        "criteria of each item (field criteria); the judge may abstain; overall: points; "
        "passes when overall is 0.5 or more."
    )


def test_check_against_answers_warns_with_file_and_line(mixed):
    text = mixed("check", "mixed.yaml", "items.jsonl").stdout
    number = MIXED.splitlines().index("  - when: {kind: cuonting}") + 1
    assert "2 warnings:" in text
    assert f"mixed.yaml:{number}: rules.1.when: no item of items.jsonl has kind = cuonting" in text
    assert "did you mean counting? The rule enters no prompt" in text
    assert "criteria: the criteria of 1 of 3 items of items.jsonl cannot be read" in text


def test_one_warning_is_not_several(mixed):
    text = MIXED.replace("{kind: cuonting}", "{kind: counting}")
    Path("mixed.yaml").write_text(text)
    assert "\n1 warning:\n" in mixed("check", "mixed.yaml", "items.jsonl").stdout


@pytest.mark.usefixtures("mixed")
def test_check_reads_answers_from_a_pipe():
    done = CliRunner().invoke(
        main, ["rubric", "check", "mixed.yaml", "-"], input=Path("items.jsonl").read_text()
    )
    assert "no item of standard input has kind = cuonting" in done.stdout


def test_check_reads_fields_of_other_names(mixed):
    Path("a.csv").write_text('id,question,mine,kind,criteria\n1,q,a,counting,"[""One.""]"\n')
    text = mixed("check", "mixed.yaml", "a.csv", "--map", "answer=mine").stdout
    assert "no item of a.csv has kind = cuonting; found: counting (1)" in text


def test_check_for_machines_gives_warnings(mixed):
    found = json.loads(mixed("check", "mixed.yaml", "items.jsonl", "--json").stdout)
    assert found["errors"] == []
    assert [warning["key"] for warning in found["warnings"]] == ["criteria", "rules.1.when"]
    assert found["rubric"]["types"]["count"] == {
        "type": "binary",
        "level": "nominal",
        "scale": [0, 1],
        "points": 2.0,
        "when": {"kind": ["counting", "sums"]},
    }


def test_check_for_machines_gives_errors_and_fails(mixed):
    Path("mixed.yaml").write_text(MIXED.replace("abstain:", "abstian:").replace("0.5", "2"))
    found = json.loads(mixed("check", "mixed.yaml", "items.jsonl", "--json", code=1).stdout)
    assert [(error["key"], error["line"]) for error in found["errors"]] == [
        ("abstian", MIXED.splitlines().index("abstain: true") + 1),
        ("pass.overall", len(MIXED.splitlines())),
    ]
    assert found["rubric"] is None


def test_list_for_machines_gives_type_and_scale_of_every_dimension(judge):
    (first, *_) = json.loads(judge("list", "--json").stdout)
    assert first["types"]["grounding"] == {"type": "score", "level": "ordinal", "scale": [1, 5]}
