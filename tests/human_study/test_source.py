"""Items of a study: from a file, a run or tasks of Label Studio; strata and lists of ids."""

import io
import json
import sys

import pytest

from human_study.plan import Listed
from human_study.source import StudySource, listed_items, text_in
from judge.errors import InputError
from judge.records import Item, Score
from judge.rubric import load_rubric
from judge.scoring.run import Run


def made_run(path, values, **fields):
    """A run of open_qa: item -> score on every dimension, or None without a score."""
    rubric = load_rubric("open_qa")
    items = [Item(id=name, question="?", answer="!", metadata=fields) for name in values]
    scores = [
        Score(item_id=name, rater="m", rater_kind="judge", dimension=d, value=given, sample=sample)
        for name, value in values.items()
        if value is not None
        for d in rubric.scored
        for sample, given in enumerate([value, 1.0])
    ]
    Run.imported(path, rubric, items, scores, model="m").close()
    return path


def test_a_file_of_answers_has_the_default_rubric_and_no_scores(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps({"id": "a", "frage": "?", "answer": "!"}) + "\n")
    found = StudySource.read(str(path), None, mapping={"question": "frage"})
    assert [item.id for item in found.items] == ["a"]
    assert (found.rubric.name, found.image_root, found.values) == ("open_qa", tmp_path, None)
    assert StudySource.read(str(path), "summary", mapping={"question": "frage"}).rubric.name == "summary"


def test_a_run_has_the_scores_of_its_first_samples(tmp_path):
    found = StudySource.read(str(made_run(tmp_path / "run", {"a": 4.0, "b": None})), None)
    assert found.values["a"]["clarity"] == 4.0
    assert found.values["b"] == {}
    assert found.rubric.name == "open_qa"


def test_strata_of_a_run_are_scores_or_verdicts_of_its_judge(tmp_path):
    found = StudySource.read(str(made_run(tmp_path / "run", {"a": 4.0, "b": 1.0, "c": None})), None)
    assert found.strata("passed") == {"a": "passed", "b": "failed", "c": "no verdict"}
    assert found.strata("score") == {"a": "overall 4", "b": "overall 1", "c": "no score"}


def test_strata_of_a_field_are_its_values_and_missing_ones(tmp_path):
    items = [
        Item(id=name, question="?", answer="!", metadata=fields)
        for name, fields in (("a", {"kind": 1}), ("b", {"kind": "x"}), ("c", {}), ("d", {"kind": None}))
    ]
    found = StudySource(items, load_rubric("open_qa"), tmp_path)
    assert found.strata("kind") == {"a": "1", "b": "x", "c": "missing", "d": "missing"}
    with pytest.raises(InputError, match="no item has this field; found: kind"):
        found.strata("colour")
    with pytest.raises(InputError, match="needs the scores of a judge"):
        found.strata("score")


def test_ids_are_lines_of_a_text_or_rows_of_a_table(tmp_path):
    for name in ("ids.txt", "ids"):
        (tmp_path / name).write_text("a\n\n b \n")
        assert list(listed_items(tmp_path / name)) == [Listed("a"), Listed("b")]
    (tmp_path / "ids.csv").write_text("item_id,id,probability,stratum\na,x,0.5, pass\n,b,1,\nc,x,,\n")
    assert list(listed_items(tmp_path / "ids.csv")) == [
        Listed("a", 0.5, "pass"),
        Listed("b", 1.0),
        Listed("c"),
    ]


@pytest.mark.parametrize("cell", ["0", "1.01", "-0.5", "x", "nan"])
def test_a_probability_is_above_zero_and_at_most_one(tmp_path, cell):
    (tmp_path / "ids.csv").write_text(f"item_id,probability\na,{cell}\n")
    with pytest.raises(InputError, match=r"ids\.csv:2: a row needs an id"):
        list(listed_items(tmp_path / "ids.csv"))


def test_a_row_without_an_id_is_refused(tmp_path):
    (tmp_path / "ids.jsonl").write_text('{"name": "a"}\n')
    with pytest.raises(InputError, match=r"ids\.jsonl:1: a row needs an id"):
        list(listed_items(tmp_path / "ids.jsonl"))


def test_a_text_is_read_from_a_file_or_from_standard_input(tmp_path, monkeypatch):
    (tmp_path / "t.txt").write_text("hello")
    assert text_in(tmp_path / "t.txt") == "hello"
    monkeypatch.setattr(sys, "stdin", io.StringIO("piped"))
    assert text_in("-") == "piped"
    with pytest.raises(InputError, match="none: cannot be read: No such file"):
        text_in(tmp_path / "none")
    (tmp_path / "bytes").write_bytes(b"\xff")
    with pytest.raises(InputError, match="bytes: cannot be read"):
        text_in(tmp_path / "bytes")
