"""The agreement report as a whole."""

from pathlib import Path

import pytest

RATINGS = Path(__file__).parents[3] / "examples" / "ratings.csv"


def test_figures_are_named_by_statistic_and_dimension(agreement):
    figures = agreement["figures"]
    assert figures["kappa_quadratic.clarity"]["value"] == pytest.approx(0.90, abs=0.005)
    gap = figures["kappa_quadratic.clarity"]["value"] - 0.85
    assert figures["difference.kappa_quadratic.clarity"]["value"] == pytest.approx(gap, abs=0.006)
    assert figures["people.alpha.clarity"]["value"] == pytest.approx(0.64, abs=0.005)
    assert {"bias.clarity", "pass_rate.clarity", "pass.tpr.clarity"} <= figures.keys()


def test_the_title_counts_raters_and_items(agreement, report_json):
    assert agreement["title"] == "Agreement of replay:replies with 3 human raters on 24 items (12 questions)"
    alone = report_json("agree", "--humans", RATINGS, "--scale", "1-5")
    assert alone["title"] == "Agreement of 3 human raters on 24 items"
    slots = report_json("agree", "--humans", RATINGS, "--scale", "1-5", "--raters-are", "slots")
    assert slots["title"] == "Agreement of 3 rating slots on 24 items"


def test_raters_alone_have_tables_about_themselves(report_json):
    found = report_json("agree", "--humans", RATINGS, "--scale", "1-5")
    assert list(found["tables"]) == ["people", "rater_variance", "severity"]


def test_disagreements_show_the_item_with_its_scores_and_reason(agreement):
    (cases,) = agreement["cases"].values()
    (judgment,) = cases[0]["judgments"]
    assert cases[0]["note"] == "technical accuracy: judge 4, humans 5, 5, 5"
    assert judgment["outcome"] == "pass"
    assert judgment["scores"]["overall"] == 4.5
    assert list(judgment["reasons"]) == ["technical_accuracy"]


def test_several_judges_are_named_in_figures_and_titles(report_json, example_run, tmp_path):
    from click.testing import CliRunner

    from judge.cli import main

    other = tmp_path / "other"
    answers = RATINGS.parent / "answers.jsonl"
    done = CliRunner().invoke(main, ["score", str(answers), "--out", str(other)])
    assert done.exit_code == 0, done.output
    found = report_json("agree", example_run, other, "--humans", RATINGS, "--dimension", "clarity")
    assert {"kappa_quadratic.clarity@replay:replies", "kappa_quadratic.clarity@baseline"} <= found[
        "figures"
    ].keys()
    assert found["title"].startswith("Agreement of 2 judges with 3 human raters")
    assert any("replay:replies and baseline on clarity" in sentence for sentence in found["verdict"])
    assert any("baseline on clarity" in sentence for sentence in found["verdict"])
