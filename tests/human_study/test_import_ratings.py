import csv
import io
import json
from pathlib import Path

import pytest

from human_study.export import scores
from human_study.export_formats import WRITERS
from human_study.import_ratings import import_file, read_ratings
from human_study.store import Study
from judge.errors import InputError
from judge.records import Item
from judge.rubric import load_rubric

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


RATED = {("secret-id-1", "Ann", "accuracy", 4.0), ("secret-id-1", "Ann", "clarity", 5.0)}
NESTED = {"Ann": {"secret-id-1": {"accuracy": 4, "style": 5}}}
ARGILLA = {
    "id": "secret-id-1",
    "fields": {},
    "responses": {
        name: [{"user_id": "Ann", "value": value}] for name, value in (("accuracy", 4), ("clarity", 5))
    },
    "suggestions": {},
}
POTATO = {
    "id": "secret-id-1",
    "user_id": "Ann",
    "label_annotations": {"accuracy": {"scale_4": "4"}, "clarity": {"5": "5"}},
}


@pytest.mark.parametrize(
    ("name", "text", "options"),
    [
        ("r.csv", "item_id,dimension,Ann,Ben\nsecret-id-1,accuracy,4,\nsecret-id-1,clarity,5,\n", {"raters_in": ("Ann", "Ben")}),
        ("r.csv", "id,Ann_accuracy,Ann_clarity\nsecret-id-1,4,5\n", {"raters_in": ("Ann",)}),
        ("r.csv", "key,who,accuracy,style\nsecret-id-1,Ann,4,5\n", {"columns": {"item_id": "key", "rater": "who"}}),
        ("r.csv", "nr,rater,accuracy,style\nsecret-id-1,Ann,4,5\n", {"id_from": ("nr",)}),
        ("r.json", json.dumps(NESTED), {}),
        ("r.jsonl", json.dumps(POTATO), {}),
        ("r.json", json.dumps([ARGILLA]), {}),
        ("r.csv", "HITId,AssignmentId,WorkerId,Input.id,Answer.accuracy,Answer.clarity\nH,A,Ann,secret-id-1,4,5\n", {}),
    ],
    ids=["by rater", "by both", "other names", "chosen id", "nested", "potato", "argilla", "mturk"],
)  # fmt: skip
def test_every_layout_is_imported(study: Study, tmp_path: Path, name: str, text: str, options: dict) -> None:
    assert import_file(study, write(tmp_path, text, name), **options) == {"Ann": 1}
    found = {(row.item_id, row.rater, row.dimension, row.value) for row in scores(study)}
    assert {row for row in found if row[2] != "overall"} == RATED


def test_a_folder_of_potato_is_imported(study: Study, tmp_path: Path) -> None:
    (tmp_path / "out" / "Ann").mkdir(parents=True)
    line = {name: value for name, value in POTATO.items() if name != "user_id"}
    write(tmp_path / "out" / "Ann", json.dumps(line), "annotated_instances.jsonl")
    assert import_file(study, tmp_path / "out") == {"Ann": 1}


def test_ratings_without_a_question_are_refused(study: Study, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r":2: .*no column says which question is rated; allowed: accuracy"):
        import_file(study, write(tmp_path, "item_id,rater_1,rater_2\nsecret-id-1,4,5\n"))


def test_other_columns_of_a_wide_table_are_fields_of_the_item(study: Study, tmp_path: Path) -> None:
    path = write(tmp_path, "item_id,rater,accuracy,clarity,difficulty\nsecret-id-1,A,4,5,3\n")
    assert import_file(study, path) == {"A": 1}


def test_a_note_of_a_skipped_answer_is_kept(study: Study, tmp_path: Path) -> None:
    path = write(
        tmp_path, "item_id,rater,accuracy,clarity,note,skipped\nsecret-id-1,A,,,look again,no idea\n"
    )
    (draft,) = read_ratings(path, study.form).values()
    assert (draft.note, draft.skip, draft.values) == ("look again", "no idea", {})


def test_a_row_without_ratings_is_no_rating(study: Study, tmp_path: Path) -> None:
    path = write(tmp_path, "item_id,rater,accuracy,clarity,note\nsecret-id-1,A,,,look again\n")
    assert read_ratings(path, study.form) == {}


def test_what_was_read_is_said_in_two_lines(study: Study, tmp_path: Path) -> None:
    said: list[str] = []
    path = write(tmp_path, "item_id,rater,accuracy,clarity\nsecret-id-1,A,4,\nsecret-id-2,B,4,5\n")
    import_file(study, path, on_read=lambda lines, _: said.append(lines))
    assert said == [
        "2 raters (A, B), 2 items, 2 dimensions (accuracy, clarity)\n3 ratings, scale 1-5 (declared), 1 missing"
    ]


def test_a_text_flag_is_imported_as_it_is_written(
    make_study: MakeStudy, items: list[Item], tmp_path: Path
) -> None:
    study = make_study(items, load_rubric("inspection"), raters=1, per_item=1)
    names = [question.name for question in study.form.questions]
    cells = dict.fromkeys(names, "3") | {"is_accurate": "no", "reference_issue": "none"}
    text = f"item_id,rater,{','.join(names)}\n{items[0].id},A,{','.join(cells[name] for name in names)}\n"
    (draft,) = read_ratings(write(tmp_path, text), study.form).values()
    assert (draft.values["is_accurate"], draft.values["reference_issue"]) == (0, "none")


def test_rows_that_were_left_out_are_noted(study: Study, tmp_path: Path) -> None:
    said: list[str] = []
    path = write(
        tmp_path,
        "item_id,rater,accuracy,clarity,status\nsecret-id-1,A,4,5,APPROVED\nsecret-id-1,B,1,1,REJECTED\n",
    )
    assert import_file(study, path, on_read=lambda _, notes: said.extend(notes)) == {"A": 1}
    assert said == ["1 rows with status 'REJECTED' were left out."]
