"""The data of a run that reports need."""

import pytest

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


def test_a_folder_without_a_run_is_an_error(tmp_path):
    with pytest.raises(RunError):
        read_run(tmp_path)
