"""The report of repeated judgments."""

import pytest

from judge.records import Item, Score
from judge.scoring.run import Run


@pytest.fixture(scope="module")
def retest(report_json, lenient_run):
    return report_json("agree", lenient_run / "run", "--retest", "--dimension", "clarity")


def test_the_finding_holds_exact_agreement_and_reliability(retest):
    (found,) = retest["verdict"]
    row = retest["tables"]["retest"]["rows"][0]
    assert f"have the same score in {100 * row['exact']['value']:.1f} %" in found
    assert f"reliability is {row['reliability']['value']:.2f} for one sample" in found
    assert (row["n"], row["samples"]) == (150, 3)
    assert retest["title"].endswith("3 samples of each judgment")


def test_reliability_rises_with_the_number_of_samples(retest):
    (row,) = retest["tables"]["curve"]["rows"]
    one, three = row["1"], row["3"]
    assert three == pytest.approx(3 * one / (1 + 2 * one))


def test_figures_are_named_by_dimension(retest):
    assert {"exact.clarity", "alpha.clarity", "reliability.clarity"} <= retest["figures"].keys()


def test_ratings_add_the_agreement_with_the_mean_human_score(report_json, lenient_run):
    words = ("--retest", "--dimension", "clarity", "--humans", lenient_run / "ratings.csv")
    found = report_json("agree", lenient_run / "run", *words)["tables"]
    assert "with_people" in found
    assert 0 < found["with_people"]["rows"][0]["1"]["value"] < 1


def test_a_deterministic_judge_is_called_deterministic(report_json, tmp_path, make_rubric):
    rubric = make_rubric()
    items = [Item(id=f"q{i}", question="?", answer="a") for i in range(20)]
    scores = [
        Score(item_id=item.id, rater="m", rater_kind="judge", dimension=d, value=float(1 + i % 5), sample=s)
        for i, item in enumerate(items)
        for d in rubric.scored
        for s in range(2)
    ]
    Run.imported(tmp_path / "run", rubric, items, scores, model="m").close()
    (found,) = report_json("agree", tmp_path / "run", "--retest")["verdict"]
    assert found.startswith("All samples of every item are equal on accuracy, clarity")
