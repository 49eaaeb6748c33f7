"""Counts of one have a noun in the singular, in all texts about the examples and about one or two answers."""

import csv
import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from judge.cli import main

EXAMPLES = Path(__file__).parents[2] / "examples"
NOUNS = (
    "answers|cells|clusters|criteria|dimensions|groups|images|items|judges|lines|minutes|names|pairs|"
    "people|points|questions|raters|ratings|replies|requests|rows|runs|samples|scores|systems|tables|tests|texts|"
    "verdicts|warnings"
)
PLURAL_OF_ONE = re.compile(rf"(?<![\d.,:/-])\b1 (?:[a-z-]+ )?(?:{NOUNS})\b")
ALL = ("--sections", "all")


def texts(*words):
    done = CliRunner().invoke(main, [str(word) for word in words])
    assert done.exit_code in (0, 3), done.output
    return done.output


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("singular")


@pytest.fixture(scope="module")
def runs(folder):
    """Two runs of the examples, and a run of two answers with two ratings of one of them."""
    replies = f"replay:{EXAMPLES / 'replies.jsonl'}"
    told = [
        texts("score", EXAMPLES / "answers.jsonl", "--judge", replies, "--out", folder / "a"),
        texts("score", EXAMPLES / "answers.jsonl", "--out", folder / "b"),
    ]
    row = {"question": "Why?", "reference": "It is so."}
    rows = [{**row, "id": "x", "answer": "It is so."}, {**row, "id": "y", "answer": "No"}]
    (folder / "two.jsonl").write_text("\n".join(map(json.dumps, rows)))
    told.append(texts("score", folder / "two.jsonl", "--out", folder / "c"))
    for name, raters in (("one.csv", ["ann"]), ("both.csv", ["ann", "ben"])):
        with (folder / name).open("w", newline="") as file:
            csv.writer(file).writerows([["item_id", "rater", "overall"], *(["x", who, 5] for who in raters)])
    return "\n".join(told)


COMMANDS = [
    ("report", "a", "--humans", EXAMPLES / "ratings.csv", *ALL),
    ("agree", "a", "--humans", EXAMPLES / "ratings.csv", "--margin", 0.1, *ALL),
    ("audit", "a", *ALL),
    ("compare", "a", "b", *ALL),
    ("leaderboard", "a", "--system", "system", *ALL),
    ("report", "c", *ALL),
    ("report", "c", "--humans", "one.csv", *ALL),
    ("agree", "c", "--humans", "one.csv", *ALL),
    ("agree", "c", "--humans", "both.csv", *ALL),
    ("compare", "c", "c", *ALL),
    ("plan", "--statistic", "alpha", "--half-width", 0.3, "--per-item", 2, *ALL),
    ("study", "new", "c", "--raters", 2, "--per-item", 2, "--out", "study.db"),
    ("report", "c", "--csv", "tables"),
    ("init", "two.jsonl", "one.csv"),
]


def test_scoring_counts_one_in_the_singular(runs):
    assert PLURAL_OF_ONE.findall(runs) == []


@pytest.mark.usefixtures("runs")
@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: " ".join(map(str, words[:4])))
def test_a_command_counts_one_in_the_singular(words, folder, monkeypatch):
    monkeypatch.chdir(folder)
    assert PLURAL_OF_ONE.findall(texts(*words)) == []


def test_a_plural_of_one_is_found():
    assert PLURAL_OF_ONE.findall("by 1 human raters, of 1 items") == ["1 human raters", "1 items"]
    assert PLURAL_OF_ONE.findall("1 item, 21 items, 0.1 points, 1 of 3 items, 1 to 1 answer") == []
