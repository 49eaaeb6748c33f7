"""A device or a pipe where a file is expected has no end, or never a beginning: it is refused in one line."""

import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from judge.cli import main

EXAMPLES = Path(__file__).parents[2] / "examples"
ANSWERS, REPLIES, PEOPLE = (str(EXAMPLES / n) for n in ("answers.jsonl", "replies.jsonl", "ratings.csv"))

COMMANDS = [
    ("jsonl", ["score", "FILE", "--out", "other"]),
    ("json", ["score", "FILE", "--out", "other"]),
    ("csv", ["score", "FILE", "--out", "other"]),
    ("parquet", ["score", "FILE", "--out", "other"]),
    ("yaml", ["score", ANSWERS, "--rubric", "FILE"]),
    ("yaml", ["rubric", "check", "FILE"]),
    ("jsonl", ["rubric", "show", "open_qa", "FILE"]),
    ("json", ["rubric", "new", "mine", "--from-knowledge", "FILE"]),
    ("json", ["import", "FILE"]),
    ("json.gz", ["import", "FILE"]),
    ("eval", ["import", "FILE"]),
    ("csv", ["agree", "run", "--humans", "FILE"]),
    ("json", ["agree", "run", "--humans", "FILE"]),
    ("jsonl", ["agree", "run", "--humans", PEOPLE, "--items", "FILE"]),
    ("json", ["calibrate", "run", "--apply", "FILE"]),
    ("jsonl", ["choice", "FILE"]),
    ("jsonl", ["study", "new", "FILE"]),
    ("txt", ["study", "new", ANSWERS, "--ids", "FILE"]),
    ("csv", ["study", "new", ANSWERS, "--ids", "FILE"]),
    ("jsonl", ["study", "new", ANSWERS, "--training", "FILE"]),
    ("txt", ["study", "new", ANSWERS, "--introduction", "FILE"]),
    ("csv", ["study", "import", "study.db", "FILE"]),
]


def judge(*words):
    return CliRunner().invoke(main, [str(word) for word in words])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("devices")
    judge("score", ANSWERS, "--judge", f"replay:{REPLIES}", "--out", folder / "run")
    judge("study", "new", ANSWERS, "--out", folder / "study.db")
    return folder


def special(kind, path):
    path.unlink(missing_ok=True)
    if kind == "pipe":
        os.mkfifo(path)
    elif os.path.exists("/dev/zero"):
        path.symlink_to("/dev/zero")
    else:
        pytest.skip("there is no /dev/zero here")
    return path


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes have no names here")
@pytest.mark.parametrize("kind", ["pipe", "device"])
@pytest.mark.parametrize(("ending", "words"), COMMANDS, ids=lambda value: " ".join(value)[-40:])
def test_a_device_or_a_pipe_is_refused_in_one_line_that_names_it(folder, monkeypatch, kind, ending, words):
    monkeypatch.chdir(folder)
    name = special(kind, Path(f"odd.{ending}")).name
    done = judge(*[name if word == "FILE" else word for word in words])
    assert done.exit_code == 1
    assert done.stderr.startswith(f"Error: {name}: cannot be read")
    assert "it is a device or a pipe, which may have no end" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes have no names here")
def test_a_settings_file_that_is_a_pipe_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    os.mkfifo("judge.toml")
    assert "judge.toml: cannot be read: it is a device or a pipe" in judge("score", ANSWERS).stderr


def test_a_settings_file_without_end_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("judge.toml").write_text("#" * (2**20 + 1))
    assert "judge.toml: cannot be read: it has more than 1,048,576 bytes" in judge("score", ANSWERS).stderr


def test_blank_lines_without_end_are_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("judge.rows.text_lines.MOST_BLANK", 100)
    done = CliRunner().invoke(main, ["score", "-"], input="\n" * 200)
    assert "standard input: found more than 100 blank lines in a row" in done.stderr
