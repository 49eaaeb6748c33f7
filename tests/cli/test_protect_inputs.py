"""No command writes over a file that it reads."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from judge.cli import main

EXAMPLES = Path(__file__).parents[2] / "examples"


def judge(*words):
    return CliRunner().invoke(main, [str(word) for word in words])


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("answers.jsonl", "replies.jsonl", "ratings.csv"):
        Path(name).write_bytes((EXAMPLES / name).read_bytes())
    done = judge("score", "answers.jsonl", "--judge", "replay:replies.jsonl", "--out", "run")
    assert done.exit_code == 3
    Path("link.csv").symlink_to("ratings.csv")
    return tmp_path


def contents(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("report run --html run/run.db", "run/run.db"),
        ("report run --markdown run/scores.jsonl", "run/scores.jsonl"),
        ("agree run --humans ratings.csv --html ratings.csv", "ratings.csv"),
        ("agree run --humans ratings.csv --latex ./ratings.csv", "./ratings.csv"),
        ("agree run --humans link.csv --markdown ratings.csv", "ratings.csv"),
        ("agree run --humans ratings.csv --markdown link.csv", "link.csv"),
        ("agree run --humans ratings.csv --fail-under figure=1 --junit ratings.csv", "ratings.csv"),
        ("choice answers.jsonl --html answers.jsonl", "answers.jsonl"),
        ("calibrate run --humans ratings.csv --save ratings.csv", "ratings.csv"),
        ("export run --out run/scores.jsonl", "run/scores.jsonl"),
        ("plan run --humans ratings.csv --html ratings.csv", "ratings.csv"),
        ("score run/scores.jsonl --out run", "run/scores.jsonl"),
        ("score answers.jsonl --judge replay:run/scores.jsonl --out run", "run/scores.jsonl"),
    ],
)
def test_an_output_that_is_an_input_is_refused_and_stays_as_it_was(folder, line, named):
    before = contents(folder)
    done = judge(*line.split())
    assert done.exit_code == 2
    assert f"Error: {named} is read by this command" in done.stderr
    assert contents(folder) == before


def test_a_table_of_a_report_does_not_replace_the_ratings():
    assert judge("agree", "run", "--humans", "ratings.csv", "--csv", "tables").exit_code == 0
    people = sorted(Path("tables").iterdir())[0]
    people.write_bytes(Path("ratings.csv").read_bytes())
    done = judge("agree", "run", "--humans", people, "--csv", "tables")
    assert (done.exit_code, people.read_bytes()) == (2, Path("ratings.csv").read_bytes())
    assert f"{people} is read by this command" in done.stderr


def test_answers_of_another_tool_are_not_replaced_by_what_is_made_of_them():
    source = Path("samples-lm_eval.jsonl")
    row = {
        "doc_id": 0,
        "doc": {"question": "2 + 2?"},
        "target": "4",
        "arguments": [["2 + 2?"]],
        "resps": [["4"]],
    }
    source.write_text(json.dumps(row | {"filtered_resps": ["4"]}) + "\n")
    before = source.read_bytes()
    done = judge("import", source, "--format", "lm_eval")
    assert source.read_bytes() == before
    assert (done.exit_code, f"{source} is read by this command" in done.stderr) == (2, True)


def test_a_settings_file_is_not_replaced():
    Path("judge.toml").write_text('rubric = "open_qa"\n')
    done = judge("report", "run", "--html", "judge.toml")
    assert "judge.toml is read by this command" in done.stderr


def test_pages_and_tables_beside_the_inputs_are_written():
    line = "agree run --humans ratings.csv --html run/agreement.html --markdown agreement.md --csv ."
    assert judge(*line.split()).exit_code == 0
    words = ["--judge", "replay:replies.jsonl", "--image-root", "run", "--out", "run"]
    assert judge("score", "answers.jsonl", *words).exit_code == 3
