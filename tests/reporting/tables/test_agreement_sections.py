"""Sections of `judge agree` about systems, raters and ranks."""

from pathlib import Path

import pytest

RATINGS = Path(__file__).parents[3] / "examples" / "ratings.csv"
DIMENSIONS = ["technical accuracy", "comprehensiveness", "relevance", "clarity", "overall"]


@pytest.fixture(scope="module")
def tables(report_json, example_run):
    return report_json("agree", example_run, "--humans", RATINGS)["tables"]


def test_two_systems_have_no_ranking_and_the_table_says_so(tables):
    (row, *_) = tables["ranking"]["rows"]
    assert (row["systems"], row["questions"], row["tau"], row["soft"]) == (2, 12, None, None)
    assert row["answers"]["value"] <= 1
    assert "fewer than 5 systems" in tables["ranking"]["notes"][-1]
    assert [row["system"] for row in tables["system_means"]["rows"][:2]] == ["heron", "otter"]


def test_each_dimension_has_shares_that_add_up_to_one_and_a_decision_study(tables):
    rows = tables["rater_variance"]["rows"]
    assert [row["dimension"] for row in rows] == DIMENSIONS
    for row in rows:
        assert row["item"] + row["rater"] + row["rest"] == pytest.approx(1)
        assert row["mean_of_2"] < row["mean_of_10"]


def test_each_rater_has_a_severity_on_each_dimension(tables):
    people = [(row["person"], row["dimension"]) for row in tables["severity"]["rows"]]
    assert people == [(f"rater_{i}", name) for name in DIMENSIONS for i in (1, 2, 3)]


def test_ranks_are_given_with_the_highest_possible_correlation(tables):
    for row in tables["ranks"]["rows"]:
        assert row["pearson"]["value"] < row["highest"]["value"] <= 1


def test_raters_without_a_judge_are_studied_too(report_json):
    found = report_json("agree", "--humans", RATINGS, "--scale", "1-5")["tables"]
    assert {"rater_variance", "severity"} <= found.keys()
    assert "ranks" not in found
