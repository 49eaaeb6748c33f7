"""Models and dates of the replies of a run."""

import contextlib
import sqlite3

import pytest

import judge
from judge.analysis.provenance import provenance
from judge.scoring.run import Run
from judge.scoring.served import Served

DAY = 86_400.0


def test_models_keep_their_order_and_dates_span_all_of_them():
    found = Served.of([("b-2026", 10 * DAY, 11 * DAY), ("a-2025", 2 * DAY, 3 * DAY), (None, None, None)])
    assert found.models == ("b-2026", "a-2025")
    assert found.dates == "1970-01-03 to 1970-01-12"


def test_a_single_day_is_given_once():
    assert Served.of([("a", DAY, DAY + 5)]).dates == "1970-01-02"


def test_without_times_there_are_no_dates():
    assert Served.of([]).dates == ""
    assert Served((), None, 5.0).dates == ""


def test_provenance_names_judge_model_rubric_and_dates(tmp_path):
    answers = [{"id": "a", "question": "2 + 2?", "answer": "4", "reference": "4"}]
    judge.score(answers, judge="baseline", out=tmp_path / "run")
    with Run.open(tmp_path / "run") as run:
        text = provenance(run)
    assert "served as baseline" in text
    assert "rubric open_qa version 1 (" in text
    assert "judged 20" in text


def test_provenance_without_replies_names_no_model_and_no_date(tmp_path):
    answers = [{"id": "a", "question": "2 + 2?", "answer": "4", "reference": "4"}]
    judge.score(answers, judge="baseline", out=tmp_path / "run")
    with contextlib.closing(sqlite3.connect(tmp_path / "run" / "run.db")) as db, db:
        db.execute("DELETE FROM completions")
    with Run.open(tmp_path / "run") as run:
        text = provenance(run)
    assert "served as" not in text
    assert "judged 20" not in text


@pytest.mark.parametrize("time", [1e18, -1.0, float("nan")])
def test_a_time_that_is_no_date_is_a_damaged_run(time):
    with pytest.raises(ValueError, match="no date"):
        Served.of([("a", time, time)])
