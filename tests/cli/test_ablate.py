"""`judge score --ablate` on recorded replies, and what `agree` and `compare` say of the parts (made-up data)."""

import json
import random
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image
from sklearn.metrics import cohen_kappa_score

import judge
from judge.cli import main

RUBRIC = """
name: parts
task: Judge.
dimensions:
  accuracy: {description: d, anchors: {1: one, 2: two, 3: three, 4: four, 5: five}}
rules:
  - {when: {object: screw}, text: A screw has a thread., part: knowledge}
pass: {accuracy: 3}
"""
PAGE = Path(judge.__file__).parents[1] / "docs" / "reference_images.md"
N = 60
PARTS = ("reference", "knowledge", "reasons")


def run(*words):
    return CliRunner().invoke(main, [str(word) for word in words])


def lines(name, rows):
    Path(name).write_text("".join(json.dumps(row) + "\n" for row in rows))


def near(true, spread, rng):
    """A score on 1-5 that differs from the true one by at most `spread`."""
    return min(5, max(1, true + rng.randint(-spread, spread)))


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Sixty answers with a reference image for all, knowledge for half, five people and recorded replies.

    Without the reference image the judge is off by up to three points, and otherwise by at most one.
    """
    folder, rng = tmp_path_factory.mktemp("ablation"), random.Random(5)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for name in ("part.png", "normal.png"):
            Image.new("RGB", (2, 2)).save(name)
        images = [{"path": "part.png"}, {"path": "normal.png", "role": "reference"}]
        true = {f"q{i}": rng.randint(1, 5) for i in range(N)}
        answers = [
            {"id": key, "question": f"What of {key}?", "answer": f"Answer {key}.", "images": images}
            | {"object": "screw" if number % 2 else "nut"}
            for number, key in enumerate(true)
        ]
        lines("answers.jsonl", answers)
        replies = []
        for without in ("", *PARTS):
            spread = 3 if without == "reference" else 1
            for key, value in true.items():
                score = near(value, spread, rng)
                entry = {"score": score} if without == "reasons" else {"reason": "made up", "score": score}
                replies.append({"id": key, "without": without, "reply": {"accuracy": entry}})
        lines("replies.jsonl", replies)
        ratings = [
            {"item_id": key, "rater": rater, "dimension": "accuracy", "value": near(value, 1, rng)}
            for key, value in true.items()
            for rater in "abcde"
        ]
        lines("ratings.jsonl", ratings)
        Path("parts.yaml").write_text(RUBRIC)
        words = ("score", "answers.jsonl", "--rubric", "parts.yaml", "--judge", "replay:replies.jsonl")
        yield folder, [*words, "--ablate", ",".join(PARTS)]


@pytest.fixture(scope="module")
def runs(study):
    folder, command = study
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert run(*command).exit_code == 0
    return folder / "runs"


def named(runs, part=""):
    return str(runs / f"answers-replay-replies-parts{f'-without-{part}' if part else ''}")


@pytest.fixture
def here(study, monkeypatch):
    monkeypatch.chdir(study[0])
    return study[1]


def test_the_dry_run_counts_the_requests_of_each_part_once(here):
    done = run(*here, "--out", "elsewhere", "--dry-run")
    counts = [line.partition(", about")[0] for line in done.stderr.splitlines() if "prompt tokens" in line]
    assert counts == [
        "60 items, 60 requests",
        "replay:replies.jsonl without reference: 60 items, 60 requests",
        "replay:replies.jsonl without knowledge: 60 items, 30 requests (30 more are already answered)",
        "replay:replies.jsonl without reasons: 60 items, 60 requests",
    ]


def test_each_part_has_a_run_beside_that_of_the_whole_rubric(runs):
    assert sorted(path.name.removeprefix("answers-replay-replies-") for path in runs.iterdir()) == [
        "parts",
        "parts-without-knowledge",
        "parts-without-reasons",
        "parts-without-reference",
    ]


def contribution(study, runs, part):
    """Quadratic kappa with people of the judge without a part minus that of the whole one."""
    found = judge.agree([named(runs), named(runs, part)], study[0] / "ratings.jsonl", cluster="id")
    (name,) = (name for name in found.estimates if name.startswith("judges.kappa_quadratic.accuracy@"))
    return found.estimates[name]


def kappa_with_people(study, part=""):
    """Mean over people of the quadratic kappa of recorded replies and a person, by scikit-learn."""
    rows = [json.loads(line) for line in (study[0] / "ratings.jsonl").read_text().splitlines()]
    replies = [json.loads(line) for line in (study[0] / "replies.jsonl").read_text().splitlines()]
    scores = {r["id"]: r["reply"]["accuracy"]["score"] for r in replies if r["without"] == part}
    return np.mean(
        [
            cohen_kappa_score(
                [row["value"] for row in rows if row["rater"] == rater],
                [scores[row["item_id"]] for row in rows if row["rater"] == rater],
                weights="quadratic",
            )
            for rater in "abcde"
        ]
    )


def test_agree_says_what_the_reference_contributes_with_its_interval(study, runs):
    found = contribution(study, runs, "reference")
    assert found.value == pytest.approx(kappa_with_people(study, "reference") - kappa_with_people(study))
    assert found.low < found.value < found.high < 0


def test_agree_does_not_claim_a_part_that_contributes_nothing(study, runs):
    found = contribution(study, runs, "knowledge")
    assert found.low < 0 < found.high


@pytest.mark.parametrize("part", ["reference", "knowledge"])
def test_the_page_has_these_figures(study, runs, part):
    found = contribution(study, runs, part)
    assert f"{found.value:.2f} [{found.low:.2f}, {found.high:.2f}]" in PAGE.read_text(encoding="utf-8")


def test_compare_pairs_the_verdicts_with_and_without_a_part(runs):
    found = judge.compare(named(runs), named(runs, "reference"), cluster="id")
    assert found.estimates["difference"].n_items == 60


def test_an_unknown_part_names_those_of_the_rubric(here):
    done = run(*here[:-1], "context")
    assert (done.exit_code, "allowed: reference, reasons, knowledge" in done.stderr) == (1, True)


def test_batches_are_waited_for(here):
    words = [word if not word.startswith("replay:") else "openai/gpt-5" for word in here]
    done = run(*words, "--batch", "--no-wait")
    assert (done.exit_code, "leave out --no-wait" in done.stderr) == (2, True)


def test_a_part_that_is_named_twice_is_refused(here):
    done = run(*here[:-1], "reasons,reasons")
    assert (done.exit_code, "twice" in done.stderr) == (2, True)


def test_the_number_of_copied_replies_is_noted(here, tmp_path):
    done = run(*here, "--out", tmp_path / "runs")
    assert "knowledge does not concern 30 of 60 requests, whose replies were copied" in done.stderr
    assert "reference does not concern" not in done.stderr
    assert "concerns no item" not in done.stderr


def test_a_part_that_concerns_no_item_is_warned_of(here, tmp_path):
    rows = Path("answers.jsonl").read_text().splitlines()
    lines(tmp_path / "answers.jsonl", [json.loads(row) | {"object": "nut"} for row in rows])
    words = ("score", tmp_path / "answers.jsonl", "--image-root", ".", *here[2:-1], "knowledge")
    done = run(*words, "--out", tmp_path / "runs")
    assert "! knowledge concerns no item" in done.stderr


@pytest.mark.parametrize("name", ["baseline", "letters"])
def test_a_judge_that_asks_no_model_has_no_part_to_leave_out(here, name):
    done = run(*here, "--judge", name)
    assert (done.exit_code, f"the judge {name} reads neither" in done.stderr) == (2, True)
