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
        (
            "item_id,rater,dimension,value\nq9,A,accuracy,3\n",
            r":2: .*no item 'q9' in .*such as 'secret-id-\d+'.*--column item_id=NAME",
        ),
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
    assert import_file(study, write(tmp_path, json.dumps([task]), "export.json")) == {"12": 1}


def test_the_exports_of_one_label_studio_project_hold_the_same_ratings(study: Study, tmp_path: Path) -> None:
    result = [{"from_name": "accuracy", "type": "rating", "value": {"rating": 3}}]
    data = {"item_id": "secret-id-1"}
    task = {"id": 7, "data": data, "annotations": [{"id": 9, "completed_by": 12, "result": result}]}
    row = {"id": 7, **data, "accuracy": [{"rating": 3}], "annotator": 12, "annotation_id": 9, "lead_time": 3}
    assert import_file(study, write(tmp_path, json.dumps([task]), "export.json")) == {"12": 1}
    assert import_file(study, write(tmp_path, json.dumps([row]), "min.json")) == {"12": 0}


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


def test_ratings_without_a_question_are_on_the_only_wanted_one(study: Study, tmp_path: Path) -> None:
    path = write(tmp_path, "item_id,Ann,Ben\nsecret-id-1,4,5\n")
    options = {"raters_in": ("Ann", "Ben")}
    with pytest.raises(InputError, match=r"which question is rated.*--dimension accuracy"):
        import_file(study, path, **options)
    found = read_ratings(path, study.form, dimensions=("accuracy",), **options)
    assert {key[0]: draft.values for key, draft in found.items()} == {
        "Ann": {"accuracy": 4}, "Ben": {"accuracy": 5},
    }  # fmt: skip


LONG = "item_id,rater,dimension,value\n"


@pytest.mark.parametrize("name", ["clarity", "style"])
def test_only_the_wanted_questions_are_imported(study: Study, tmp_path: Path, name: str) -> None:
    path = write(tmp_path, LONG + "secret-id-1,Ann,accuracy,4\nsecret-id-1,Ann,clarity,5\n")
    (draft,) = read_ratings(path, study.form, dimensions=(name,)).values()
    assert draft.values == {"clarity": 5}


def test_a_wanted_question_that_the_study_does_not_ask_is_refused(study: Study, tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match="--dimension speed: not a question of this study; allowed: accuracy"
    ):
        import_file(study, write(tmp_path, LONG), dimensions=("speed",))


def test_each_question_may_have_a_file_of_its_own(study: Study, tmp_path: Path) -> None:
    by_rater = {"raters_in": ("Ann", "Ben")}
    said: list[str] = []
    first = write(tmp_path, "item_id,Ann,Ben\nsecret-id-1,4,5\n", "accuracy.csv")
    second = write(tmp_path, "item_id,Ann,Ben\nsecret-id-1,2,1\n", "clarity.csv")
    import_file(study, first, dimensions=("accuracy",), on_read=lambda _, n: said.extend(n), **by_rater)
    assert list(scores(study)) == []
    assert said[0].startswith("Answers to clarity (2) are missing.")
    import_file(study, second, dimensions=("clarity",), on_read=lambda _, n: said.extend(n), **by_rater)
    assert len(said) == 1
    found = {(row.rater, row.dimension): row.value for row in scores(study)}
    assert (found["Ann", "accuracy"], found["Ann", "clarity"]) == (4.0, 2.0)
    assert (found["Ben", "accuracy"], found["Ben", "clarity"]) == (5.0, 1.0)


def test_a_later_file_replaces_the_answers_to_its_questions(study: Study, tmp_path: Path) -> None:
    header = "item_id,rater,accuracy,clarity,note\n"
    import_file(study, write(tmp_path, header + "secret-id-1,Ann,4,5,first\nsecret-id-2,Ann,4,5,\n"))
    import_file(study, write(tmp_path, header + "secret-id-1,Ann,3,,\nsecret-id-2,Ann,4,4,\n"))
    replies = {task.item.id: task.rating.reply for task in study.tasks() if task.rater == "Ann"}
    assert replies["secret-id-1"].values == {"accuracy": 3}
    assert replies["secret-id-1"].note == ""
    assert replies["secret-id-2"].values == {"accuracy": 4, "clarity": 4}


def test_the_summary_counts_the_wanted_questions_only(study: Study, tmp_path: Path) -> None:
    said: list[str] = []
    path = write(tmp_path, "item_id,rater,accuracy,clarity\nsecret-id-1,A,4,\n")
    import_file(study, path, dimensions=("accuracy",), on_read=lambda lines, _: said.append(lines))
    assert said == ["1 rater (A), 1 item, 1 dimension (accuracy)\n1 rating, scale 1-5 (declared), 0 missing"]


def test_codes_of_missing_ratings_are_no_ratings(study: Study, tmp_path: Path) -> None:
    path = write(tmp_path, "item_id,rater,accuracy,clarity\nsecret-id-1,Ann,99,pass\nsecret-id-2,Ann,4,5\n")
    (draft,) = read_ratings(path, study.form, missing_codes=("99.0", "pass")).values()
    assert draft.values == {"accuracy": 4, "clarity": 5}


def test_a_score_of_the_scale_is_no_code_of_a_missing_rating(study: Study, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"--missing-codes 5: is a value of the scale \(1, 2, 3, 4, 5\)"):
        import_file(study, write(tmp_path, LONG), missing_codes=("9", "5"))


@pytest.mark.parametrize(
    ("options", "values"),
    [
        ({"scale": "0-4"}, (5, 1)),
        ({"scale": "0-8", "rater_scales": {"Ben": "0-4"}}, (3, 1)),
        ({"rater_scales": {"Ben": "0-1"}}, (4, 1)),
    ],
)
def test_ratings_on_another_scale_are_rescaled(
    study: Study, tmp_path: Path, options: dict, values: tuple[int, int]
) -> None:
    path = write(tmp_path, LONG + "secret-id-1,Ann,accuracy,4\nsecret-id-1,Ben,accuracy,0\n")
    found = read_ratings(path, study.form, **options)
    assert tuple(draft.values["accuracy"] for draft in found.values()) == values


def test_the_scale_of_the_rater_of_a_file_that_names_none_may_be_declared(
    study: Study, tmp_path: Path
) -> None:
    path = write(tmp_path, "item_id,accuracy,clarity\nsecret-id-1,0,4\n")
    (draft,) = read_ratings(path, study.form, "Ann", rater_scales={"Ann": "0-4"}).values()
    assert draft.values == {"accuracy": 1, "clarity": 5}


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (
            {"scale": "1-10"},
            r":2: .*accuracy is 4 on the scale 1 to 10 of Ann, which is 2.33 on that of the study",
        ),
        ({"scale": "0-3"}, ":2: .*accuracy is 4, off the scale 0 to 3 of Ann"),
        ({"scale": "good,bad"}, "--scale good,bad: allowed is LOW-HIGH"),
        ({"scale": "5-1"}, "--scale 5-1: allowed is LOW-HIGH"),
        ({"rater_scales": {"Cy": "0-4"}}, "--rater-scale Cy: no rating by this rater; found: Ann"),
        ({"rater_scales": {"Ann": "x"}}, "--rater-scale Ann=x: allowed is LOW-HIGH"),
    ],
)
def test_a_rating_that_is_no_score_of_the_study_is_refused(
    study: Study, tmp_path: Path, options: dict, problem: str
) -> None:
    with pytest.raises(InputError, match=problem):
        import_file(study, write(tmp_path, LONG + "secret-id-1,Ann,accuracy,4\n"), **options)


def test_options_of_tables_are_refused_beside_tasks_of_label_studio(study: Study, tmp_path: Path) -> None:
    path = write(tmp_path, json.dumps([{"id": 1, "data": {}, "annotations": []}]), "tasks.json")
    with pytest.raises(InputError, match="Label Studio, for which --missing-codes has no meaning"):
        import_file(study, path, missing_codes=("9",))


def test_only_the_wanted_controls_of_label_studio_are_imported(study: Study, tmp_path: Path) -> None:
    results = [
        {"from_name": name, "type": "rating", "value": {"rating": 3}} for name in ("accuracy", "clarity")
    ]
    task = {"id": "secret-id-1", "data": {}, "annotations": [{"completed_by": "Ann", "result": results}]}
    path = write(tmp_path, json.dumps([task]), "tasks.json")
    (draft,) = read_ratings(path, study.form, dimensions=("clarity",)).values()
    assert draft.values == {"clarity": 3}


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
    assert said == ["1 row with status 'REJECTED' was left out."]
