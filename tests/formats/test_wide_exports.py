"""Wide tables that this project writes are read again, with criteria and statuses."""

import json

import pytest

import judge
from judge.errors import InputError
from judge.formats.ratings import read_ratings
from judge.formats.wanted import Wanted
from judge.rubric import parse_rubric
from judge.scoring.export import export_scores

RUBRIC = """
name: checked
task: You judge answers.
scale: {min: 1, max: 3}
dimensions:
  truth: {description: Is it true., anchors: {1: bad, 2: middling, 3: good}, when: {kind: fact}}
  named: {description: It names the part., type: binary}
criteria: {field: checklist}
abstain: true
overall: {how: weighted, weights: {truth: 1}}
pass: {overall: 2}
"""
CRITERIA = [{"id": "year", "text": "It names the year."}, {"id": "error", "text": "It errs.", "points": -1}]
ANSWERS = [
    {"id": "q1", "question": "When?", "answer": "In 1912.", "kind": "fact", "checklist": CRITERIA},
    {"id": "q2", "question": "Where?", "answer": "There.", "kind": "place", "checklist": CRITERIA[:1]},
]
STUDY = {
    **{"item_id": "q1", "rater": "ann", "sample": 0, "truth": 3, "criteria": json.dumps({"year": 1})},
    **{"note": "", "skipped": "", "seconds": 3, "topic": "x"},
}


def seen(score):
    names = ("item_id", "rater", "rater_kind", "sample", "dimension", "criterion", "value", "status")
    return tuple(getattr(score, name) for name in names)


@pytest.mark.parametrize("name", ["w.csv", "w.jsonl", "w.parquet"])
def test_the_wide_table_of_a_run_is_read_as_the_scores_of_its_judge(tmp_path, name):
    rubric = parse_rubric(RUBRIC)
    run = judge.score(ANSWERS, judge="baseline", rubric=rubric, out=tmp_path / "run")
    export_scores(run.path, str(tmp_path / name), wide=True)
    found = read_ratings(tmp_path / name, wanted=Wanted(rubric=rubric))
    assert sorted(map(seen, found), key=str) == sorted(map(seen, run.scores()), key=str)


def test_a_verdict_on_passing_is_no_rating():
    row = {"item_id": "q1", "rater": "gpt", "sample": 0, "clarity": 1, "passes": True, "clarity_status": "ok"}
    assert [(s.dimension, s.value) for s in read_ratings([row])] == [("clarity", 1.0)]


def test_what_a_judge_cannot_tell_keeps_its_status():
    row = {"item_id": "q1", "rater": "gpt", "sample": 0, "clarity": None, "passes": None}
    (score,) = read_ratings([row | {"clarity_status": "abstained"}])
    assert (score.status, score.rater_kind) == ("abstained", "judge")


def test_columns_beside_the_questions_of_a_study_are_no_ratings():
    found = read_ratings([STUDY])
    assert [(s.dimension, s.criterion, s.value) for s in found] == [
        ("truth", None, 3.0), ("criteria", "year", 1.0),
    ]  # fmt: skip


def test_an_empty_cell_of_criteria_holds_none():
    assert [s.dimension for s in read_ratings([STUDY | {"criteria": None}])] == ["truth"]


@pytest.mark.parametrize("cell", ["yes", "{broken", "[1]", 3])
def test_a_cell_of_criteria_that_is_no_object_is_refused(cell):
    with pytest.raises(InputError, match=r"row 2: column 'criteria': found .*allowed is one JSON object"):
        list(read_ratings([STUDY, STUDY | {"item_id": "q2", "criteria": cell}]))
