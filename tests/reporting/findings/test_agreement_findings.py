"""Sentences of agreement reports: which condition says what, with which figure."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
RATINGS = ROOT / "examples" / "ratings.csv"


def joined(texts):
    return " ".join(texts)


def test_the_verdict_names_the_dimension_the_difference_and_the_margin(agreement):
    found = agreement["verdict"][0]
    assert found.startswith("On technical accuracy the judge is non-inferior")
    assert "difference in quadratic kappa +0.02 [90 %: -0.01, 0.06]" in found
    assert "margin 0.1 (given on the command line)" in found


def test_a_judge_that_is_better_is_shown_with_its_two_sided_interval(agreement):
    found = next(text for text in agreement["verdict"] if text.startswith("On relevance"))
    assert "better than they agree with each other" in found
    assert "[95 %: 0.01, 0.07]" in found


def test_bias_is_named_only_where_its_interval_excludes_zero(agreement):
    found = [text for text in agreement["verdict"] if "lenient" in text or "severe" in text]
    assert found == ["On relevance the judge is more lenient than human raters by 0.17 points [0.04, 0.31]."]


def test_the_annotator_test_is_summed_up(agreement):
    found = next(text for text in agreement["verdict"] if "annotator test" in text)
    assert "at epsilon 0.2: technical accuracy" in found
    assert "not testable" in found  # the test needs 30 items


def test_the_annotator_test_is_summed_up_with_its_winning_rate(report_json, lenient_run):
    words = ("--humans", lenient_run / "ratings.csv", "--dimension", "clarity", "--epsilon", 0.2)
    found = report_json("agree", lenient_run / "run", *words)
    assert "at epsilon 0.2: clarity fails (omega 0.00)." in joined(found["verdict"])
    assert len(found["tables"]["alt_test"]["rows"]) == 3
    assert found["tables"]["alt_test"]["rows"][0]["preferred"] == "no"


def test_few_items_missing_scores_and_skewed_verdicts_are_warnings(agreement):
    found = joined(agreement["warnings"])
    assert "Only 24 rated items" in found
    assert "8.3 % of the judge's scores on rated items are missing" in found
    assert "on clarity: kappa is low by construction" in found
    assert "Scores on overall lie between the points of the scale" in found


def test_without_a_margin_there_is_no_verdict_but_the_two_agreements(report_json, example_run):
    found = joined(report_json("agree", example_run, "--humans", RATINGS)["verdict"])
    assert "no non-inferiority margin is set" in found
    assert "quadratic kappa between judge and human rater is 0.94, between two human raters 0.92" in found


def test_methods_say_what_is_fixed_and_what_is_random(agreement):
    found = joined(agreement["methods"])
    assert "human raters (fixed)" in found
    assert "population of" in found
    assert "Non-inferiority margin 0.1 of the chance-corrected statistic (given on the command line)" in found
    assert "Kappa is not labelled" in found
    assert "seed 0" in found


@pytest.mark.parametrize(("raters", "text"), [(1, "Only one human rater"), (2, "Only two human raters")])
def test_few_raters_are_a_warning(report_json, example_run, tmp_path, raters, text):
    head, *rows = RATINGS.read_text().splitlines()
    kept = [row for row in rows if row.split(",")[1] in ("rater_1", "rater_2")[:raters]]
    few = tmp_path / "few.csv"
    few.write_text("\n".join([head, *kept]) + "\n")
    found = report_json("agree", example_run, "--humans", few)
    assert text in joined(found["warnings"])
    if raters == 1:
        assert "there is no human ceiling to compare with" in joined(found["verdict"])


def test_human_raters_alone_are_described_by_alpha(report_json):
    found = report_json("agree", "--humans", RATINGS, "--scale", "1-5")
    assert found["verdict"][0].startswith("Human raters agree on technical accuracy with alpha 0.8")
    assert found["verdict"][-1].startswith("No judge was given")


def test_a_lenient_judge_is_called_lenient(report_json, lenient_run):
    run, ratings = lenient_run / "run", lenient_run / "ratings.csv"
    found = report_json("agree", run, "--humans", ratings, "--dimension", "clarity")
    assert "the judge is more lenient than human raters by 0.90 points" in joined(found["verdict"])


def test_a_severe_judge_is_called_severe(report_json, lenient_run, tmp_path):
    head, *rows = (lenient_run / "ratings.csv").read_text().splitlines()
    generous = tmp_path / "generous.csv"
    generous.write_text("\n".join([head, *(f"{row[:-1]}{min(5, int(row[-1]) + 2)}" for row in rows)]) + "\n")
    found = report_json("agree", lenient_run / "run", "--humans", generous, "--dimension", "clarity")
    assert "the judge is more severe than human raters by" in joined(found["verdict"])
