"""Sentences of agreement reports: which condition says what, with which figure."""

from pathlib import Path

import pytest

from judge import agree

ROOT = Path(__file__).parents[3]
RATINGS = ROOT / "examples" / "ratings.csv"


def joined(texts):
    return " ".join(texts)


@pytest.fixture(scope="module")
def of_one(report_json, example_run):
    """Verdict on a single dimension at a margin of 0.1."""

    def of(dimension):
        words = ("--humans", RATINGS, "--dimension", dimension, "--margin", 0.1)
        return report_json("agree", example_run, *words)["verdict"]

    return of


def test_the_verdict_on_one_dimension_names_the_difference_and_the_margin(of_one):
    found = of_one("technical_accuracy")[0]
    assert found.startswith("On technical accuracy the judge is non-inferior")
    assert "difference in quadratic kappa +0.02 [90 %: -0.01, 0.06]" in found
    assert "margin 0.1 (given on the command line)" in found


def test_a_judge_that_is_better_is_shown_with_its_two_sided_interval(of_one):
    assert "better than they agree with each other" in of_one("relevance")[0]
    assert "[95 %: 0.00, 0.08]" in of_one("relevance")[0]


def test_dimensions_with_one_verdict_are_one_sentence_with_the_margin_and_what_to_do(agreement):
    better, non_inferior = agreement["verdict"][:2]
    assert better.startswith("On comprehensiveness and relevance")
    assert "better than they agree with each other" in better
    assert "margin 0.1 (given on the command line). It can replace one of these raters" in better
    assert non_inferior.startswith("On technical accuracy")
    assert "is non-inferior" in non_inferior
    assert "margin 0.1. It can replace one of these raters" in non_inferior


def test_bias_is_named_only_where_its_interval_excludes_zero(agreement, of_one):
    found = [text for text in agreement["verdict"] if "lenient" in text or "severe" in text]
    assert found[0].startswith("The judge is more lenient on relevance (+0.17).")
    assert len(found) == 1
    assert "On relevance the judge is more lenient than people by 0.17 points [0.01, 0.34]." in of_one(
        "relevance"
    )


def test_pass_rates_within_their_corrected_intervals_need_no_correction(agreement):
    text = joined(agreement["verdict"])
    assert "pass rates are not shown to need a correction" in text
    assert "Use the corrected pass rates" not in text


@pytest.mark.parametrize("is_lenient", [True, False])
def test_a_pass_rate_outside_its_corrected_interval_needs_the_correction(is_lenient):
    """People fail a third of the answers that the judge passes, also where the mean scores are equal."""
    rows = []
    for i in range(90):
        people = 2 if i % 3 == 0 else 4 if is_lenient else 5
        for rater, kind, value in (("ann", "human", people), ("ben", "human", people), ("m", "judge", 4)):
            row = {"item_id": i, "rater": rater, "rater_kind": kind, "value": value}
            rows += [row | {"dimension": name} for name in ("clarity", "relevance")]
    found = agree((), rows, scale="1-5", pass_mark=3)
    text = joined(found.verdict)
    assert "Use the corrected pass rates on clarity and relevance" in text
    assert ("more lenient on clarity (+0.67)" in text) == is_lenient


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


def test_few_items_and_missing_scores_are_warnings(agreement):
    found = joined(agreement["warnings"])
    assert "Only 24 rated items" in found
    assert "8.3 % of the judge's scores on rated items are missing" in found


def test_without_a_margin_there_is_no_verdict_but_the_two_agreements(report_json, example_run):
    found = joined(
        report_json("agree", example_run, "--humans", RATINGS, "--dimension", "clarity")["verdict"]
    )
    assert "quadratic kappa between judge and human rater is 0.9" in found


def test_methods_say_what_is_fixed_and_what_is_random(agreement):
    found = joined(agreement["methods"])
    assert "human raters (fixed)" in found
    assert "population of" in found
    assert "Non-inferiority margin 0.1 of the chance-corrected statistic (given on the command line)" in found
    assert "Kappa is not labelled" in found
    assert "Scores on overall lie between the points of the scale" in found
    assert "Each person: the judge and a person give the same verdict" in found
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
    assert "the judge is more lenient than people by 0.90 points" in joined(found["verdict"])


def test_a_severe_judge_is_called_severe(report_json, lenient_run, tmp_path):
    head, *rows = (lenient_run / "ratings.csv").read_text().splitlines()
    generous = tmp_path / "generous.csv"
    generous.write_text("\n".join([head, *(f"{row[:-1]}{min(5, int(row[-1]) + 2)}" for row in rows)]) + "\n")
    found = report_json("agree", lenient_run / "run", "--humans", generous, "--dimension", "clarity")
    assert "the judge is more severe than people by" in joined(found["verdict"])


def test_a_judge_that_scored_other_answers_than_people_rated_was_given():

    rows = [
        {
            "item_id": f"{system}{i}",
            "rater_id": rater,
            "rater_type": kind,
            "dimension": "d",
            "score": i % 5 + 1,
        }
        for i in range(6)
        for system, rater, kind in (("a", "Ann", "human"), ("a", "Bo", "human"), ("b", "model", "judge"))
    ]
    found = agree([], rows, scale="1-5").to_dict()
    assert found["verdict"][-1].startswith("No answer has both a score of model and a rating by people")
