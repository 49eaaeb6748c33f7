import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from judge.cli import main
from judge.items import load_items
from judge.rubric import load_rubric, shipped_rubrics
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
    prompts = json.loads(result.stdout)
    assert [[message["role"] for message in messages] for messages in prompts] == [["system", "user"]] * 4
    assert "the first of 4 requests for this item" in result.stderr


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
    assert "r.yaml: pass: 'beauty' is not scored" in error
    assert "r.yaml: pass.clarity: 9 is off the scale 1-5" in error


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


def test_every_hint_in_the_starter_is_sound_when_it_is_uncommented(judge, tmp_path):
    judge("new", "mine")
    kept = []
    inside = False
    for line in (tmp_path / "mine.yaml").read_text().splitlines():
        begins = line.startswith(("# rules:", "# examples:", "# flags:", "# max_words:"))
        inside = begins or (inside and line.startswith("#   "))
        kept.append(line[2:] if inside else line)
    text = "\n".join(kept)
    for hint, used in {
        "# aliases": "aliases",
        "how: mean\n  # how: weighted": "how: weighted",
        "# weights": "weights",
        "# caps": "caps",
        "reasons: {accuracy: …, completeness: …}": "flags: {needs_expert: true}",
        "]      other names": "]  # other names",
        "]      overall is": "]  # overall is",
        "100      a limit": "100  # a limit",
    }.items():
        assert hint in text
        text = text.replace(hint, used)
    (tmp_path / "mine.yaml").write_text(text)
    judge("check", "mine.yaml")
    loaded = load_rubric("mine.yaml")
    assert loaded.rules
    assert loaded.examples
    assert loaded.flags
    assert loaded.overall.caps
    assert loaded.max_words == 100


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
