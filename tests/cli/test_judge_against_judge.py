"""`judge agree` with several judges: who is compared, the panel, and what stays as it is without one."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from judge.cli import main
from judge.records import Item, Score
from judge.rubric import load_rubric
from judge.scoring.run import Run


def judge(*words):
    return CliRunner().invoke(main, [str(word) for word in words])


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Runs of a careful and a hasty judge on 80 answers, and three people's ratings."""
    folder = tmp_path_factory.mktemp("judges")
    rng = np.random.default_rng(4)
    quality = rng.normal(3, 1, 80)
    rubric = load_rubric("open_qa")
    items = [Item(id=f"q{i}", question="?", answer="a", metadata={"kind": "xy"[i % 2]}) for i in range(80)]
    for name, noise in (("careful", 0.3), ("hasty", 1.5)):
        given = np.clip(np.round(quality + rng.normal(0, noise, 80)), 1, 5)
        scores = [
            Score(item_id=item.id, rater=name, rater_kind="judge", dimension=dimension, value=float(value))
            for item, value in zip(items, given, strict=True)
            for dimension in rubric.scored
        ]
        Run.imported(folder / name, rubric, items, scores, model=name).close()
    people = np.clip(np.round(quality[:, None] + rng.normal(0, 0.5, (80, 3))), 1, 5).astype(int)
    lines = [f"q{i},p{k},{people[i, k]}" for i in range(80) for k in range(3)]
    (folder / "ratings.csv").write_text("\n".join(["item_id,rater,clarity", *lines]))
    return folder


def agree(study, *words, runs=("careful", "hasty")):
    done = judge("agree", *(study / run for run in runs), "--humans", study / "ratings.csv", *words)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_the_comparison_of_judges_comes_before_single_coefficients(study):
    text = agree(study, "--margin", 0.05, "--sections", "agreement,judges")
    assert text.index("Judges compared with careful") < text.index("Chance-corrected agreement")
    assert "worse" in text[text.index("Judges compared with careful") :].splitlines()[3]
    assert max(map(len, text.splitlines())) <= 80


def test_the_order_of_the_runs_decides_which_judge_is_the_first(study):
    assert "careful compared with hasty" in " ".join(agree(study, runs=("hasty", "careful")).split())


def test_slices_are_compared_where_they_are_asked_for(study):
    assert "Judges compared with careful by kind" in agree(study, "--by", "kind", "--sections", "judges")


def test_one_judge_is_compared_with_no_other(study):
    report = json.loads(agree(study, "--json", runs=("careful",)))
    assert "judges" not in report["tables"]


def test_williams_test_is_in_the_json_and_not_in_the_terminal(study):
    (row,) = json.loads(agree(study, "--json"))["tables"]["judges"]["rows"]
    assert 0 <= row["williams_p"] < 0.05
    assert "Williams" not in agree(study)


def test_a_panel_is_shown_only_where_it_is_asked_for(study):
    without = agree(study, "--sections", "all")
    assert "panel" not in without.lower()
    assert "panel (mean)" in agree(study, "--panel", "mean")
    text = agree(study, "--panel", "mean", "--sections", "panel")
    assert "What each judge adds to the panel" in text


def test_a_panel_of_one_judge_is_an_error(study):
    done = judge("agree", study / "careful", "--humans", study / "ratings.csv", "--panel", "mean")
    assert done.exit_code == 1
    assert "--panel mean: needs two judges or more; found: 1" in done.stderr


def test_a_gate_may_name_the_difference_of_two_judges(study):
    words = ("--fail-under", "judges.kappa_quadratic.clarity@hasty=0")
    done = judge("agree", study / "careful", study / "hasty", "--humans", study / "ratings.csv", *words)
    assert done.exit_code not in (0, 2), done.output
