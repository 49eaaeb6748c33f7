"""The order of the keys of a rubric that is made from domain knowledge."""

import json
import re
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from judge.cli import main
from judge.rubric import shipped_rubrics


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def judge(*words):
    return CliRunner().invoke(main, ["rubric", *words])


def test_a_rubric_with_knowledge_keeps_the_order_of_its_template():
    Path("knowledge.json").write_text(json.dumps({"MVTec": {"bottle": {"broken": "Ein Sprung – groß."}}}))
    assert judge("new", "mine", "--from-knowledge", "knowledge.json").exit_code == 0
    text = Path("mine.yaml").read_text(encoding="utf-8")
    made, template = yaml.safe_load(text), yaml.safe_load(shipped_rubrics()["inspection"].read_text("utf-8"))
    assert [key for key in made if key in template] == [key for key in template if key in made]
    assert made["rules"][: len(template.get("rules", []))] == template.get("rules", [])
    assert made["rules"][-1]["text"].endswith("Ein Sprung – groß.")
    assert "groß" in text
    assert (made["name"], "knowledge.json" in made["source"]) == ("mine", True)


def test_a_file_that_is_there_is_not_overwritten():
    Path("mine.yaml").write_text("old")
    result = judge("new", "mine")
    assert (result.exit_code, "mine.yaml already exists" in result.stderr) == (1, True)
    assert Path("mine.yaml").read_text() == "old"


def test_the_prompt_of_the_first_item_is_shown_with_its_length():
    Path("a.jsonl").write_text(
        '{"id": "a", "question": "Q?", "answer": "A!"}\n{"id": "b", "question": "R?", "answer": "B!"}\n'
    )
    result = judge("show", "open_qa", "a.jsonl")
    parts = result.stdout.split("=== ")
    assert [part.split(" ===")[0] for part in parts[1:]] == ["item a", "system", "user"]
    assert "Q?" in parts[3]
    assert "R?" not in parts[3]
    system, user = (
        int(found.replace(",", "")) for found in re.findall(r"(?:system|user) ([\d,]+)", result.stderr)
    )
    total = int(re.match(r"([\d,]+) characters", result.stderr)[1].replace(",", ""))
    assert total == system + user
    assert f"about {total // 4:,} tokens" in result.stderr
    assert "requests for this item" not in result.stderr


def test_an_item_that_is_not_there_and_an_item_without_a_file_are_refused():
    Path("a.jsonl").write_text('{"id": "a", "question": "Q?", "answer": "A!"}\n')
    assert "contains no item with the id 'z'" in judge("show", "open_qa", "a.jsonl", "--item", "z").stderr
    result = judge("show", "open_qa", "--item", "a")
    assert (result.exit_code, "--item needs a file of answers" in result.stderr) == (2, True)
    Path("none.jsonl").write_text("")
    assert judge("show", "open_qa", "none.jsonl").exit_code == 1
