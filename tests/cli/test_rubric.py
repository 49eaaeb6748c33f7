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
        *("images", "caps", "max_words"),
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
