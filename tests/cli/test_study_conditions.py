"""`judge study serve`: links on standard output, notes beside it."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from human_study import app
from human_study.progress import QuestionRatings
from human_study.store import Study
from judge.cli import main


@pytest.fixture
def served(tmp_path, monkeypatch):
    """A study of four answers by two people, and what the server is started with."""
    monkeypatch.chdir(tmp_path)
    rows = [{"id": f"q{n}", "question": "?", "answer": f"answer {n}"} for n in range(4)]
    Path("answers.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    made = CliRunner().invoke(main, ["study", "new", "answers.jsonl", "--raters", "2", "--per-item", "2"])
    assert made.exit_code == 0, made.output
    calls = []
    monkeypatch.setattr(app, "serve", lambda *given: calls.append(given[-1]))
    return calls


def test_each_rater_has_a_link_and_notes_go_to_standard_error(served):
    result = CliRunner().invoke(main, ["study", "serve", "study.db", "--port", "0"])
    assert result.exit_code == 0, result.output
    links = [line.split() for line in result.stdout.splitlines()]
    assert all(link.startswith("http://127.0.0.1:") for *_, link in links)
    assert len(links) >= 2
    assert "Serving until Ctrl-C" in result.stderr
    assert "Serving" not in result.stdout
    (alpha,) = served
    ratings = QuestionRatings([[4, 4], [2, 2], [5, 5]], ["a", "b", "c"], "ordinal")
    assert alpha(ratings).value == 1


@pytest.mark.usefixtures("served")
def test_the_name_of_a_rater_stands_beside_the_link():
    with Study.open("study.db") as study:
        study.settings.set_real_name("R02", "Ann\x1b[31m")
    lines = CliRunner().invoke(main, ["study", "serve", "study.db", "--port", "0"]).stdout.splitlines()
    assert [line.split()[0] for line in lines if "Ann" in line] == ["R02"]
    assert not any("\x1b" in line for line in lines)


def test_links_have_the_address_of_a_proxy(served):
    result = CliRunner().invoke(
        main, ["study", "serve", "study.db", "--port", "0", "--url", "https://rate.example/"]
    )
    assert all(line.split()[-1].startswith("https://rate.example/") for line in result.stdout.splitlines())
    assert "example//" not in result.stdout
    assert len(served) == 1


def test_a_server_that_others_can_reach_is_noted_beside_the_links(served, monkeypatch):
    monkeypatch.setattr(app, "exposure", lambda *_: "everyone in this network can reach it")
    result = CliRunner().invoke(main, ["study", "serve", "study.db", "--port", "0"])
    assert "Note: everyone in this network can reach it." in result.stderr
    assert "Note" not in result.stdout
    assert len(served) == 1


@pytest.mark.usefixtures("served")
def test_a_study_has_the_defaults_that_its_help_names():
    text = " ".join(CliRunner().invoke(main, ["study", "new", "--help"]).stdout.split())
    for option, default in (
        ("--raters", "5"),
        ("--per-item", "3"),
        ("--repeats", "0.05"),
        ("--checks", "0.03"),
    ):
        shown = text.split(f"{option} ")[1].split("[default: ")[1]
        assert shown.startswith(f"{default}]") or shown.startswith(f"{default};"), option
    assert CliRunner().invoke(main, ["study", "new", "answers.jsonl", "--out", "two.db"]).exit_code == 0
    with Study.open("two.db") as study:
        assert (study.design.raters, study.design.per_item) == (5, 3)
        assert (study.design.repeats, study.design.checks) == (0.05, 0.03)


def test_unequal_probabilities_of_strata_are_noted_on_standard_error(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = [{"id": f"q{n}", "question": "?", "answer": f"a{n}", "kind": "ab"[n < 4]} for n in range(20)]
    Path("answers.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    words = [
        "study",
        "new",
        "answers.jsonl",
        "--raters",
        "2",
        "--per-item",
        "2",
        "--select",
        "8",
        "--stratify",
        "kind",
    ]
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 0, result.output
    assert "a: 4 drawn, each with probability 0.25" in result.stdout
    assert "b: 4 drawn, each with probability 1" in result.stdout
    assert "judge agree weights by them" in result.stderr
    assert "weights" not in result.stdout


@pytest.mark.usefixtures("served")
def test_a_study_has_at_most_500_raters():
    result = CliRunner().invoke(main, ["study", "new", ".", "--raters", "501"])
    assert (result.exit_code, "501 is not in the range 1<=x<=500" in result.stderr) == (2, True)
