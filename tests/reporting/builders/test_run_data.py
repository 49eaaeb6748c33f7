"""The data of a run that reports need."""

import pytest

import judge
from judge.errors import RunError
from judge.records import Item, Score
from judge.reporting.builders.run_data import read_run
from judge.scoring.run import Run


def test_a_run_is_read_with_its_provenance(tmp_path, make_rubric):
    scores = [Score(item_id="1", rater="m", rater_kind="judge", dimension=d, value=4.0) for d in ("accuracy", "clarity")]  # fmt: skip
    Run.imported(
        tmp_path / "r", make_rubric(), [Item(id="1", question="?", answer="!")], scores, model="m"
    ).close()
    found = read_run(tmp_path / "r")
    assert found.table.passed.tolist() == [1.0]
    assert found.about["run"] == "r"
    assert found.about["judge"] == "m"
    assert found.about["pass rule"] == "accuracy >= 3 and clarity >= 3"
    assert found.about["rubric"].startswith("test version 1 (")
    assert "scores" not in found.about


def test_a_report_of_a_pilot_says_of_how_many_items_it_is_a_random_sample(tmp_path):
    answers = [{"id": str(n), "question": "?", "answer": "!", "reference": "!"} for n in range(12)]
    with judge.score(answers, out=tmp_path / "r", limit=5, random=True) as run:
        reports = judge.report(run), judge.audit(run)
    for report in reports:
        assert report.about["selection"] == "random sample of 5 of 12 items (seed 0)"
        assert [text for text in report.warnings if "pilot" in text and "5 of 12 items" in text]
    with judge.score(answers, out=tmp_path / "r") as run:
        whole = judge.report(run)
    assert "selection" not in whole.about
    assert not [text for text in whole.warnings if "pilot" in text]


def test_a_folder_without_a_run_is_an_error(tmp_path):
    with pytest.raises(RunError):
        read_run(tmp_path)


def test_shard_and_merged_run_are_named(tmp_path):
    answers = [{"id": f"q{n}", "question": f"{n} + 1?", "answer": "4", "reference": "4"} for n in range(8)]
    parts = [judge.score(answers, shard=f"{n}/2", out=tmp_path / str(n)).path for n in (1, 2)]
    whole = judge.report(judge.merge(parts, out=tmp_path / "all")).about
    assert judge.report(parts[0]).about["shard"] == "1 of 2 of an input with 8 items"
    assert (whole["merged from"], whole.get("shard")) == ("2 runs", None)
