import csv
import io
import json
from pathlib import Path

import pytest

from human_study.export import scores
from human_study.export_formats import WRITERS
from human_study.import_ratings import import_file
from human_study.store import Study
from judge.errors import InputError

from .builders import MakeStudy, rate, rate_all


def write(tmp_path: Path, text: str, name: str = "ratings.csv") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def rated(make_study: MakeStudy) -> Study:
    """All that a file can hold: scores, a repeat, a note with a formula in it, a skipped answer."""
    study = make_study(raters=2, per_item=2, repeats=0.1)
    rate_all(study, "R01", lambda item: len(item) % 5 + 1)
    rate(study, "R01", 3, {"accuracy": 1, "clarity": 2}, note="=odd, 'quoted'\nand long")
    rate(study, "R01", 4, {}, skip="no idea")
    return study


@pytest.mark.parametrize("layout", ["long", "wide"])
@pytest.mark.parametrize("name", ["ratings.csv", "ratings.jsonl"])
def test_what_is_exported_and_imported_is_the_same(
    rated: Study, make_study: MakeStudy, tmp_path: Path, layout: str, name: str
) -> None:
    stream = io.StringIO()
    WRITERS[layout](rated, stream, name.endswith("jsonl"), False)
    other = make_study(raters=2, per_item=2, repeats=0.1)
    import_file(other, write(tmp_path, stream.getvalue(), name))
    assert list(scores(other)) == list(scores(rated))


def test_importing_twice_adds_nothing(rated: Study, tmp_path: Path) -> None:
    stream = io.StringIO()
    WRITERS["wide"](rated, stream, False, False)
    assert import_file(rated, write(tmp_path, stream.getvalue())) == {"R01": 0}


def test_a_sheet_that_names_no_rater_takes_the_one_given(study: Study, tmp_path: Path) -> None:
    path = write(tmp_path, "id,accuracy,style\nsecret-id-1,4,5\nsecret-id-2,,\n")
    assert import_file(study, path, rater="Ann") == {"Ann": 1}
    assert {(row.dimension, row.value) for row in scores(study)} == {
        ("accuracy", 4.0), ("clarity", 5.0), ("overall", 4.5),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "item_id,rater,dimension,value\nsecret-id-1,A,accuracy,6\n",
            r":2: .*accuracy: found 6; allowed: 1, 2",
        ),
        ("item_id,rater,dimension,value\nsecret-id-1,A,speed,3\n", ":2: .*'speed' is not a question"),
        ("item_id,rater,dimension,value\nq9,A,accuracy,3\n", ":2: .*no item 'q9' in"),
        ("item_id,dimension,value\nsecret-id-1,accuracy,3\n", ":2: .*no rater"),
        ("rater,dimension,value\nA,accuracy,3\n", ":2: no column says which item is rated"),
        (
            "item_id,rater,speed\nsecret-id-1,A,3\n",
            "no column for any question; found: speed; allowed: accuracy, clarity",
        ),
        ("item_id,rater,dimension,value,sample\nsecret-id-1,A,accuracy,3,-1\n", "found the sample '-1'"),
        (
            "item_id,rater,dimension,value,status\nsecret-id-1,A,accuracy,,failed\n",
            "status 'failed'; allowed",
        ),
        ("item_id,rater,rater_kind,dimension,value\nsecret-id-1,A,judge,accuracy,3\n", "a score of a judge"),
        (
            "item_id,rater,dimension,value\nsecret-id-1,A,accuracy,3\nsecret-id-1,A,accuracy,4\n",
            ":3: .*second value for accuracy of item 'secret-id-1' by A",
        ),
    ],
    ids=[
        "off scale",
        "dimension",
        "item",
        "rater",
        "no item",
        "columns",
        "sample",
        "status",
        "judge",
        "twice",
    ],
)
def test_what_is_wrong_in_a_file_is_named_and_nothing_is_taken_in(
    study: Study, tmp_path: Path, text: str, problem: str
) -> None:
    with pytest.raises(InputError, match=problem):
        import_file(study, write(tmp_path, text))
    assert list(study.history()) == []


def test_the_same_value_twice_is_no_contradiction(study: Study, tmp_path: Path) -> None:
    row = "secret-id-1,A,accuracy,3\n"
    assert import_file(study, write(tmp_path, "item_id,rater,dimension,value\n" + row + row)) == {"A": 1}


def test_a_note_that_is_too_long_is_named(study: Study, tmp_path: Path) -> None:
    stream = io.StringIO()
    csv.writer(stream).writerows(
        [["item_id", "rater", "accuracy", "note"], ["secret-id-1", "A", 3, "x" * 5000]]
    )
    with pytest.raises(InputError, match=r"(?s):2: .*note.*at most 4000"):
        import_file(study, write(tmp_path, stream.getvalue()))


def test_label_studio_annotations_are_told_apart_from_tables(study: Study, tmp_path: Path) -> None:
    task = {
        "id": 7,
        "data": {"id": "secret-id-1"},
        "annotations": [
            {
                "completed_by": 12,
                "result": [{"from_name": "accuracy", "type": "rating", "value": {"rating": 3}}],
            }
        ],
    }
    assert import_file(study, write(tmp_path, json.dumps([task]), "export.json")) == {"user-12": 1}
