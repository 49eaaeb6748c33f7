"""Exports of rating platforms: read, or refused with what to do."""

import csv
import io
import json
import random

import pytest

from judge.errors import InputError
from judge.formats.cells import CellReader
from judge.formats.ratings import read_ratings
from judge.formats.wanted import Wanted

CELLS = CellReader((1, 2, 3, 4, 5))


@pytest.fixture
def read(tmp_path):
    def values(content, name="export.json", notes=None, **wanted):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        note = None if notes is None else notes.append
        found = read_ratings(path, wanted=Wanted(**{"cells": CELLS} | wanted), note=note)
        return [(s.item_id, s.rater, s.dimension, s.value) for s in found]

    return values


def table(*rows):
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


# -- Potato


POTATO = {
    "id": "q1",
    "displayed_text": "?",
    "label_annotations": {"clarity": {"scale_4": "4"}, "tone": {"2": "2"}, "note": {"text_box": "fine"}},
    "span_annotations": {},
    "behavioral_data": {"time_string": "Time spent: 3s"},
}


def test_potato_names_the_annotator_by_the_folder(read):
    found = read(json.dumps(POTATO), "annotation_output/ann/annotated_instances.jsonl")
    assert found == [("q1", "ann", "clarity", 4.0), ("q1", "ann", "tone", 2.0)]


def test_potato_names_the_annotator_in_the_line(read):
    line = POTATO | {"user_id": "ben", "instance_id": "7"}
    assert read(json.dumps(line), "all.jsonl")[0] == ("7", "ben", "clarity", 4.0)


def test_a_folder_of_potato_holds_all_annotators(tmp_path):
    for name in ("ben", "ann"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "annotated_instances.jsonl").write_text(json.dumps(POTATO))
    raters = [score.rater for score in read_ratings(tmp_path, wanted=Wanted(("clarity",)))]
    assert raters == ["ann", "ben"]


def test_a_folder_without_annotations_is_refused(tmp_path):
    with pytest.raises(InputError, match="allowed: "):
        list(read_ratings(tmp_path))


@pytest.mark.parametrize(
    ("labels", "value"),
    [
        ({"positive": True, "4": False}, "positive"),
        ({"3": "true", "4": "false"}, 3.0),
        ({"slider": "5"}, 5.0),
        ({"slider": "0"}, 0.0),
        ({"slider": 0}, 0.0),
        ({"slider": False}, None),
        ({"scale_": "2"}, 2.0),
        ({"scale_0": "0"}, 0.0),
        ({"scale_0": 0, "scale_1": 0}, None),
        ({"scale_0": 0, "scale_1": 1}, 1.0),
        ({"1": False}, None),
        ({}, None),
        ("4", 4.0),
    ],
)
def test_potato_schemes_give_the_chosen_label_or_what_was_entered(read, labels, value):
    line = {"id": "q1", "user_id": "ann", "label_annotations": {"x": labels}}
    first = {"id": "q0", "user_id": "ann", "label_annotations": {"x": {"1": "1"}}}
    text = "\n".join(map(json.dumps, (first, line)))
    assert read(text, "a.jsonl", cells=CellReader())[1] == ("q1", "ann", "x", value)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ({"id": "q1", "label_annotations": {"x": {"1": "1"}}}, "no annotator; allowed: a field user_id"),
        (POTATO | {"user_id": "a", "label_annotations": {"clarity": {"1": "1", "2": "2"}}}, "clarity is 'several labels: 1, 2'"),
        (POTATO | {"user_id": "a", "label_annotations": None}, "no object label_annotations; found: id"),
    ],
    ids=["no annotator", "several labels", "no labels"],
)  # fmt: skip
def test_lines_of_potato_that_cannot_be_read_are_named(read, line, message):
    first = POTATO | {"user_id": "a"}
    with pytest.raises(InputError, match=rf"a\.jsonl:2: .*{message}|a\.jsonl:2: {message}"):
        read("\n".join(map(json.dumps, (first, line))), "a.jsonl")


def test_a_scheme_of_potato_with_several_labels_is_no_rating(read):
    notes = []
    line = POTATO | {
        "user_id": "a",
        "label_annotations": {"clarity": {"4": "4"}, "kinds": {"x": "1", "y": "1"}},
    }
    assert [one[2] for one in read(json.dumps(line), "a.jsonl", notes)] == ["clarity"]
    assert notes == ["Scheme 'kinds' has several labels in 1 of the instances, which is no rating."]


PAIRS = [[{"schema": "clarity", "name": "scale_4"}, "4"], [{"schema": "tone", "name": "2"}, "2"]]
STATE = {"user_id": "ann", "instance_id_to_label_to_value": {"q1": PAIRS}}
OF_ANN = [("q1", "ann", "clarity", 4.0), ("q1", "ann", "tone", 2.0)]


@pytest.mark.parametrize(
    "labels", [PAIRS, {"clarity": {"scale_4": "4"}, "tone": {"2": "true"}}], ids=["pairs", "objects"]
)
@pytest.mark.parametrize("user", ["ann", None])
@pytest.mark.parametrize("given", ["annotation_output", "annotation_output/ann/user_state.json"])
def test_the_state_of_an_annotator_of_potato_2_is_read(read, tmp_path, labels, user, given):
    name = "annotation_output/ann/user_state.json"
    state = {"user_id": user, "instance_id_to_label_to_value": {"q1": labels}}
    assert read(state, name) == OF_ANN
    found = read_ratings(tmp_path / given, wanted=Wanted(cells=CELLS))
    assert [(s.item_id, s.rater, s.dimension, s.value) for s in found] == OF_ANN


def test_a_folder_of_potato_may_mix_its_versions(tmp_path):
    for name, file, content in (
        ("ann", "user_state.json", STATE),
        ("ann", "annotated_instances.jsonl", POTATO),
        ("ben", "annotated_instances.jsonl", POTATO),
    ):
        (tmp_path / name).mkdir(exist_ok=True)
        (tmp_path / name / file).write_text(json.dumps(content))
    (tmp_path / "empty").mkdir()
    found = read_ratings(tmp_path, wanted=Wanted(("clarity",), cells=CELLS))
    assert [s.rater for s in found] == ["ann", "ben"]


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ([], r"instance_id_to_label_to_value: allowed is an object, found \[\]"),
        ({}, "allowed is an object, found None"),
        (STATE | {"instance_id_to_label_to_value": [3]}, r"allowed is an object, found \[3\]"),
        (STATE | {"instance_id_to_label_to_value": {"q1": [3]}}, "instance 'q1': allowed is a list of pairs"),
        (STATE | {"instance_id_to_label_to_value": {"q1": [[{}, 3]]}}, "instance 'q1': allowed is a list"),
    ],
)
def test_a_damaged_state_of_potato_is_named(tmp_path, state, message):
    (tmp_path / "ann").mkdir()
    (tmp_path / "ann" / "user_state.json").write_text(json.dumps(state))
    with pytest.raises(InputError, match=rf"user_state\.json: .*{message}"):
        list(read_ratings(tmp_path))


def test_tables_that_potato_exports_have_a_column_for_each_label(read):
    first = ("user", "instance_id", "displayed_text", "clarity:::scale_1", "clarity:::scale_4", "tone:::2")
    second = ("instance_id", "user_id", "clarity.scale_1", "clarity.scale_4", "tone.2")
    assert read(table(first, ("ann", "q1", "Why?", "", "4", "true")), "a.csv") == OF_ANN
    assert read(table(second, ("q1", "ann", "", "4", "2")), "b.csv") == OF_ANN


def test_lines_that_potato_2_exports_are_read(read):
    line = {"instance_id": "q1", "user_id": "ann", "spans": {}, "links": {}}
    labels = {"clarity": {"scale_4": "4"}, "tone": {"2": "2"}}
    assert read(json.dumps(line | {"labels": labels}), "annotations.jsonl") == OF_ANN


def test_a_table_of_potato_may_name_its_items_by_another_column(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(table(("user", "instance_id", "displayed_text", "x:::1"), ("ann", "7", "q1", "1")))
    found = read_ratings(path, map={"item_id": "displayed_text"}, wanted=Wanted(cells=CELLS))
    assert [(s.item_id, s.value) for s in found] == [("q1", 1.0)]


# -- Argilla

ARGILLA_1 = {
    "id": "r1",
    "external_id": "q1",
    "fields": {"text": "?"},
    "responses": [
        {
            "user_id": "ann",
            "status": "submitted",
            "values": {"clarity": {"value": 4}, "why": {"value": "so"}},
        },
        {"user_id": "ben", "status": "discarded", "values": None},
        {"user_id": "cy", "status": "draft", "values": {"clarity": {"value": 2}}},
    ],
    "suggestions": [{"question_name": "clarity", "value": 5, "agent": "gpt", "score": 0.9}],
}
ARGILLA_2 = {
    "id": "q1",
    "fields": {"text": "?"},
    "responses": {
        "clarity": [{"user_id": "ann", "value": 4}, {"user_id": "cy", "value": 2, "status": "draft"}],
        "why": [{"user_id": "ann", "value": "so"}],
    },
    "suggestions": {"clarity": {"value": 5, "agent": "gpt"}},
    "status": "completed",
    "_server_id": "x",
}


@pytest.mark.parametrize("record", [ARGILLA_1, ARGILLA_2], ids=["version 1", "version 2"])
@pytest.mark.parametrize("name", ["records.json", "records.jsonl"])
def test_argilla_responses_are_people_and_suggestions_a_judge(tmp_path, record, name):
    path = tmp_path / name
    path.write_text(json.dumps([record]) if name.endswith("json") else json.dumps(record))
    scores = list(read_ratings(path, wanted=Wanted(cells=CELLS)))
    found = {(s.item_id, s.rater, s.rater_kind): (s.dimension, s.value) for s in scores}
    assert found["q1", "ann", "human"] == ("clarity", 4.0)
    assert found["q1", "cy", "human"] == ("clarity", None)
    assert found["q1", "gpt", "judge"] == ("clarity", 5.0)
    assert next(s.reason for s in scores if s.rater == "cy") == "the response is draft"


def test_a_discarded_response_of_argilla_is_skipped(read, tmp_path):
    read([ARGILLA_1])
    scores = read_ratings(tmp_path / "export.json")
    assert [s.reason for s in scores if s.rater == "ben"] == ["the response is discarded"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"id": None, "external_id": None}, "the record has no id"),
        ({"responses": [3]}, "responses: allowed is a list of objects"),
        ({"responses": {"clarity": 3}}, "responses to 'clarity': allowed is a list of objects"),
        (
            {"responses": [{"user_id": "ann", "values": [3]}]},
            r"values of a response: allowed is an object, found \[3\]",
        ),
        ({"suggestions": [{"value": 3}]}, "a suggestion has no question_name; found: value"),
    ],
)
def test_records_of_argilla_that_cannot_be_read_are_named(read, change, message):
    with pytest.raises(InputError, match=rf"entry 2: {message}"):
        read([ARGILLA_1, ARGILLA_1 | change])


ANN = {"user_id": "ann", "values": {"clarity": {"value": 3}}}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"responses": [ANN, ANN]}, "rater 'ann' answers 'clarity' twice"),
        ({"responses": {"clarity": [{"user_id": "ann", "value": 3}] * 2}}, "rater 'ann' answers 'clarity' twice"),
        ({"responses": [ANN | {"user_id": None}]}, "a response has no user_id"),
        ({"suggestions": ARGILLA_1["suggestions"] * 2}, "rater 'gpt' answers 'clarity' twice"),
    ],
    ids=["version 1", "version 2", "no user", "suggestion"],
)  # fmt: skip
def test_no_response_of_argilla_replaces_another(read, change, message):
    with pytest.raises(InputError, match=rf"entry 2: {message}"):
        read([ARGILLA_1, ARGILLA_1 | change])


def answer(user, status, value):
    return {"user_id": user, "status": status, "values": {"clarity": {"value": value}}}


@pytest.mark.parametrize("status", ["draft", "discarded"])
@pytest.mark.parametrize("order", [1, -1])
def test_a_draft_of_argilla_beside_a_submitted_response_is_no_second_rating(read, status, order):
    notes = []
    responses = [answer("ann", status, 2), answer("ann", "submitted", 4)][::order]
    record = ARGILLA_1 | {"responses": responses, "suggestions": []}
    assert read([record], notes=notes) == [("q1", "ann", "clarity", 4.0)]
    assert notes[0].startswith("1 drafts or discarded responses were left out")


def test_a_draft_and_a_discarded_response_of_argilla_are_one_missing_rating(read):
    responses = [answer("ann", "draft", 2), answer("ann", "discarded", 4)]
    record = ARGILLA_1 | {"id": "q2", "external_id": "q2", "responses": responses, "suggestions": []}
    found = [one for one in read([ARGILLA_1, record]) if one[0] == "q2"]
    assert found == [("q2", "ann", "clarity", None)]


def test_a_draft_of_argilla_2_beside_a_submitted_response_is_no_second_rating(read):
    both = [
        {"user_id": "ann", "value": 4, "status": "submitted"},
        {"user_id": "ann", "value": 2, "status": "draft"},
    ]
    assert read([ARGILLA_2 | {"responses": {"clarity": both}, "suggestions": {}}]) == [
        ("q1", "ann", "clarity", 4.0)
    ]


FLAT_2 = {
    "id": "q1",
    "status": "completed",
    "text": "?",
    "clarity.responses": [4, 2],
    "clarity.responses.users": ["ann", "cy"],
    "clarity.responses.status": ["submitted", "draft"],
    "clarity.suggestion": 5,
    "clarity.suggestion.agent": "gpt",
    "clarity.suggestion.score": None,
    "tone.suggestion": None,
    "tone.suggestion.agent": None,
}
FLAT_1 = {
    "text": "?",
    "clarity": [
        {"user_id": "ann", "value": 4, "status": "submitted"},
        {"user_id": "cy", "value": 2, "status": "draft"},
    ],
    "clarity-suggestion": 5,
    "clarity-suggestion-metadata": {"type": "model", "score": None, "agent": "gpt"},
    "external_id": "q1",
    "metadata": {"topic": "x"},
}
OF_DATA_SET = [("q1", "ann", "clarity", 4.0), ("q1", "cy", "clarity", None), ("q1", "gpt", "clarity", 5.0)]


@pytest.mark.parametrize("row", [FLAT_1, FLAT_2], ids=["version 1", "version 2"])
@pytest.mark.parametrize("name", ["data.json", "data.csv"])
@pytest.mark.parametrize("write", [json.dumps, str], ids=["json", "python"])
def test_data_sets_of_argilla_are_read_as_its_records(read, row, name, write):
    cells = [write(cell) if isinstance(cell, list | dict) else cell for cell in row.values()]
    assert read([row] if name.endswith("json") else table(row, cells), name) == OF_DATA_SET


def test_a_data_set_of_argilla_without_statuses_holds_submitted_responses(read):
    row = {name: cell for name, cell in FLAT_2.items() if not name.endswith("status")}
    assert read([row])[1] == ("q1", "cy", "clarity", 2.0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"clarity.responses": [4]}, "clarity.responses.status: the lists differ in length"),
        ({"clarity.responses": "[4 2]"}, r"column 'clarity\.responses': found '\[4 2\]'; allowed is a list"),
        ({"clarity.responses.users": [None, "cy"]}, "a response has no user_id"),
    ],
)
def test_a_data_set_of_argilla_that_cannot_be_read_is_named(read, change, message):
    with pytest.raises(InputError, match=rf"entry 2: {message}|entry 2: .*{message}"):
        read([FLAT_2, FLAT_2 | {"id": "q2"} | change])


def test_odd_metadata_of_a_suggestion_of_argilla_is_named(read):
    with pytest.raises(InputError, match=r"'clarity-suggestion-metadata': found \[3\]; allowed is an object"):
        read([FLAT_1 | {"clarity-suggestion-metadata": [3]}])


@pytest.mark.parametrize(
    ("record", "column", "item_id"),
    [
        (ARGILLA_1 | {"metadata": {"nr": 7}}, "nr", "7"),
        (ARGILLA_1 | {"fields": {"doc": "d"}}, "doc", "d"),
        (ARGILLA_1, "id", "r1"),
        (FLAT_2 | {"nr": "7"}, "nr", "7"),
    ],
)
def test_the_item_of_a_record_of_argilla_may_be_named(tmp_path, record, column, item_id):
    path = tmp_path / "records.json"
    path.write_text(json.dumps([record]))
    found = read_ratings(path, map={"item_id": column}, wanted=Wanted(cells=CELLS))
    assert {s.item_id for s in found} == {item_id}


def test_a_record_of_argilla_without_the_named_field_is_refused(tmp_path):
    path = tmp_path / "records.json"
    path.write_text(json.dumps([ARGILLA_1 | {"metadata": {"nr": 7}}]))
    with pytest.raises(
        InputError, match=r"no 'doc' in the record for --column item_id; found: id, .*nr, text"
    ):
        list(read_ratings(path, map={"item_id": "doc"}))


def test_argilla_values_may_be_written_without_an_object(read):
    record = ARGILLA_1 | {
        "responses": [{"user_id": "ann", "values": {"clarity": 3}}],
        "suggestions": {"clarity": 2},
    }
    assert read([record]) == [("q1", "ann", "clarity", 3.0), ("q1", "suggestion", "clarity", 2.0)]


# -- Label Studio: JSON-MIN and CSV


LABEL_STUDIO = {
    "id": 12,
    "question": "?",
    "clarity": [{"rating": 4}],
    "tone": "3",
    "helps": [{"number": 2}],
    "kinds": [{"choices": ["a", "b"]}],
    "annotator": 3,
    "annotation_id": 90,
    "created_at": "2026-01-01",
    "updated_at": "2026-01-01",
    "lead_time": 4.5,
    "agreement": 1.0,
}
READ = [("12", "3", "clarity", 4.0), ("12", "3", "tone", 3.0), ("12", "3", "helps", 2.0)]


def test_label_studio_json_min_has_one_column_for_each_control(read):
    assert read([LABEL_STUDIO]) == READ


def test_label_studio_csv_holds_json_in_cells(read):
    cells = [value if not isinstance(value, list) else json.dumps(value) for value in LABEL_STUDIO.values()]
    assert read(table(LABEL_STUDIO, cells), "export.csv") == READ


def test_label_studio_min_rows_are_named_by_the_id_of_the_item(read):
    assert read([LABEL_STUDIO | {"question_id": "q1"}])[0][0] == "q1"


ANNOTATOR = {"id": 3, "email": "ann@example.org", "first_name": "Ann", "last_name": ""}


@pytest.mark.parametrize(
    "by", [ANNOTATOR, json.dumps(ANNOTATOR), str(ANNOTATOR)], ids=["object", "json", "python"]
)
def test_an_annotator_of_label_studio_may_be_an_object(read, by):
    assert read([LABEL_STUDIO | {"annotator": by}])[0] == ("12", "ann@example.org", "clarity", 4.0)


def test_a_second_annotation_of_label_studio_min_is_a_repeated_rating(tmp_path):
    path = tmp_path / "export.json"
    path.write_text(
        json.dumps([LABEL_STUDIO, LABEL_STUDIO | {"annotation_id": 91, "clarity": [{"rating": 2}]}])
    )
    found = read_ratings(path, wanted=Wanted(("clarity",), cells=CELLS))
    assert [(s.sample, s.value) for s in found] == [(0, 4.0), (1, 2.0)]


def test_columns_of_label_studio_min_may_be_named(tmp_path):
    path = tmp_path / "export.json"
    path.write_text(json.dumps([LABEL_STUDIO | {"doc": "d7", "coder": "cy", "question_id": "q1"}]))
    for mapping, who in (
        ({"item_id": "doc", "rater": "coder"}, ("d7", "cy")),
        ({"item_id": "id"}, ("12", "3")),
    ):
        first = next(read_ratings(path, map=mapping, wanted=Wanted(("clarity",), cells=CELLS)))
        assert (first.item_id, first.rater) == who


def test_a_cell_of_label_studio_that_is_no_json_stays_a_text(read):
    with pytest.raises(InputError, match=r"clarity is '\[\{broken\}\]'"):
        read([LABEL_STUDIO, LABEL_STUDIO | {"clarity": "[{broken}]"}])


@pytest.mark.parametrize("by", [None, "", {"first_name": "Ann"}])
def test_an_annotation_of_label_studio_without_an_annotator_is_refused(read, by):
    second = TASK["annotations"][0] | {"completed_by": by}
    with pytest.raises(InputError, match=r"annotations.*entry 2: no annotator; completed_by is "):
        read([TASK | {"annotations": [*TASK["annotations"], second]}])


@pytest.mark.parametrize(
    ("kind", "value", "rating", "reason"),
    [
        ("pairwise", {"selected": "left"}, "left", None),
        ("taxonomy", {"taxonomy": [["a", "b"]]}, None, "found ['a', 'b'], not one value"),
        ("odd", {"other": 3}, None, "found {'other': 3}, not one value"),
    ],
)
def test_no_value_of_a_control_of_label_studio_is_lost(tmp_path, kind, value, rating, reason):
    path = tmp_path / "export.json"
    result = {"from_name": "x", "type": kind, "value": value}
    path.write_text(json.dumps([TASK | {"annotations": [{"completed_by": 3, "result": [result]}]}]))
    (score,) = read_ratings(path)
    assert (score.value, score.reason) == (rating, reason)


def test_a_skip_before_an_annotation_of_label_studio_is_no_rating(tmp_path):
    path = tmp_path / "export.json"
    annotation = TASK["annotations"][0]
    skipped = {"completed_by": {"email": "ann"}, "was_cancelled": True}
    path.write_text(json.dumps([TASK | {"annotations": [skipped, annotation]}]))
    assert [(s.dimension, s.sample, s.value) for s in read_ratings(path)] == [("x", 0, 4.0)]


@pytest.mark.parametrize(("column", "item_id"), [("nr", "7"), ("id", "q1")])
def test_the_item_of_a_task_of_label_studio_may_be_named(tmp_path, column, item_id):
    path = tmp_path / "export.json"
    path.write_text(json.dumps([TASK | {"data": {"id": "q1", "nr": 7}}]))
    assert [s.item_id for s in read_ratings(path, map={"item_id": column})] == [item_id]


def test_a_task_of_label_studio_without_the_named_field_is_refused(tmp_path):
    path = tmp_path / "export.json"
    path.write_text(json.dumps([TASK]))
    with pytest.raises(InputError, match=r"entry 1: no 'nr' in the data of the task.*found: id"):
        list(read_ratings(path, map={"item_id": "nr"}))


@pytest.mark.parametrize("id", [None, ""])
def test_a_task_of_label_studio_without_any_id_is_refused(read, id):
    with pytest.raises(InputError, match=r"entry 2: the task has no id; allowed: "):
        read([TASK, TASK | {"id": id, "data": {"text": "?"}}])


@pytest.mark.parametrize("missing", ["annotator", "id"])
def test_a_row_of_label_studio_without_annotator_or_id_is_refused(read, missing):
    with pytest.raises(InputError, match=r"entry 2"):
        read([LABEL_STUDIO, LABEL_STUDIO | {missing: None}])


# -- Mechanical Turk and Prolific

MTURK = (
    "HITId",
    "AssignmentId",
    "WorkerId",
    "AssignmentStatus",
    "WorkTimeInSeconds",
    "Input.id",
    "Input.length",
)


def assignment(worker, status="Approved", item="q1"):
    return (f"H{item}", "A", worker, status, "33", item, "120")


def test_mturk_answers_are_dimensions_and_rejected_assignments_are_left_out(read):
    notes = []
    rows = table(
        (*MTURK, "Answer.clarity", "Answer.comment", "Approve", "Reject"),
        (*assignment("W1"), "4", "fine", "", ""),
        (*assignment("W2", "Rejected"), "1", "", "", ""),
        (*assignment("W3", "Submitted"), "5", "", "", ""),
    )
    assert read(rows, "batch.csv", notes) == [("q1", "W1", "clarity", 4.0), ("q1", "W3", "clarity", 5.0)]
    assert notes == ["1 row with status 'REJECTED' was left out."]


def test_mturk_assignments_with_a_reason_to_reject_them_are_rejected(read):
    notes = []
    rows = table(
        (*MTURK, "Answer.clarity", "Approve", "Reject"),
        (*assignment("W1", "Submitted"), "4", "x", ""),
        (*assignment("W2", "Submitted"), "1", "", "too fast"),
        (*assignment("W3", "Approved"), "5", "", "no longer"),
    )
    assert [who for _, who, _, _ in read(rows, "batch.csv", notes)] == ["W1", "W3"]
    assert "REJECTED" in notes[0]


@pytest.mark.parametrize(("column", "item_id"), [("Input.page", "7"), ("Input.id", "q1"), ("HITId", "Hq1")])
def test_the_item_of_mturk_may_be_another_column(tmp_path, column, item_id):
    path, notes = tmp_path / "batch.csv", []
    path.write_text(table((*MTURK, "Input.page", "Answer.clarity"), (*assignment("W1"), "7", "4")))
    found = read_ratings(path, map={"item_id": column}, wanted=Wanted(cells=CELLS), note=notes.append)
    assert [(s.item_id, s.rater, s.value) for s in found] == [(item_id, "W1", 4.0)]
    assert notes == []


def test_mturk_radio_buttons_have_one_column_each(read):
    rows = table(
        (*MTURK, "Answer.clarity.1", "Answer.clarity.4", "Answer.tone.1", "Answer.tone.2"),
        (*assignment("W1"), "false", "true", "", "true"),
        (*assignment("W2"), "false", "false", "true", "false"),
    )
    assert read(rows, "batch.csv") == [
        ("q1", "W1", "clarity", 4.0), ("q1", "W1", "tone", 2.0),
        ("q1", "W2", "clarity", None), ("q1", "W2", "tone", 1.0),
    ]  # fmt: skip


def test_mturk_crowd_elements_answer_in_json(read):
    answers = [{"clarity": {"1": False, "4": True}, "tone": {"label": "3"}, "helps": "2"}]
    rows = table(
        (*MTURK, "Answer.taskAnswers"), (*assignment("W1"), json.dumps(answers)), (*assignment("W2"), "")
    )
    assert read(rows, "batch.csv")[:3] == [
        ("q1", "W1", "clarity", 4.0), ("q1", "W1", "tone", 3.0), ("q1", "W1", "helps", 2.0),
    ]  # fmt: skip


def test_the_lowest_rating_in_a_field_within_a_field_of_mturk_is_a_rating(read):
    rows = table(
        (*MTURK, "Answer.resp.clarity", "Answer.resp.tone"),
        (*assignment("W1"), "1", "1"),
        (*assignment("W2"), "1", "5"),
    )
    assert read(rows, "batch.csv") == [
        ("q1", "W1", "resp.clarity", 1.0), ("q1", "W1", "resp.tone", 1.0),
        ("q1", "W2", "resp.clarity", 1.0), ("q1", "W2", "resp.tone", 5.0),
    ]  # fmt: skip


def test_the_lowest_rating_in_a_json_field_of_mturk_is_a_rating(read):
    answers = json.dumps([{"resp": {"clarity": 1, "tone": 4}}])
    rows = table((*MTURK, "Answer.taskAnswers"), (*assignment("W1"), answers))
    assert read(rows, "batch.csv") == [("q1", "W1", "resp.clarity", 1.0), ("q1", "W1", "resp.tone", 4.0)]


def test_answers_of_mturk_that_may_be_ratings_or_buttons_are_refused(read):
    rows = table((*MTURK, "Answer.x.1", "Answer.x.2"), (*assignment("W1"), "1", "0"))
    with pytest.raises(InputError, match=r"b\.csv:2: the answers x\.… are only 1, 0 or empty"):
        read(rows, "b.csv")


def test_mturk_items_without_an_id_go_by_the_hit(read):
    notes = []
    header = ("HITId", "AssignmentId", "WorkerId", "Answer.clarity")
    assert read(table(header, ("H1", "A", "W", "4"), ("H2", "A", "W", "4")), "b.csv", notes)[0][0] == "H1"
    assert [note for note in notes if "items are named by HITId" in note and "item_id=Input.NAME" in note]


@pytest.mark.parametrize(
    ("header", "cells", "message"),
    [
        ((), (), "without columns Answer"),
        (("Answer.taskAnswers",), ("{",), "column 'Answer.taskAnswers': not valid JSON"),
        (("Answer.taskAnswers",), ("[3]",), "column 'Answer.taskAnswers': allowed is one object"),
        (("Answer.x.1", "Answer.x.2"), ("true", "true"), r"x: several options are chosen \(1, 2\)"),
    ],
)
def test_batches_of_mturk_that_cannot_be_read_are_named(read, header, cells, message):
    with pytest.raises(InputError, match=rf"b\.csv:2: .*{message}"):
        read(table((*MTURK, *header), (*assignment("W"), *cells)), "b.csv")


def test_prolifics_list_of_participants_is_refused_with_what_to_do(read):
    header = ("Submission id", "Participant id", "Status", "Started at", "Time taken", "Age")
    with pytest.raises(InputError, match=r"Prolific's export of participants.*PROLIFIC_PID"):
        read(table(header, ("s", "p", "APPROVED", "2026", "120", "30")), "prolific_export.csv")


def test_a_survey_with_prolific_pid_names_the_rater(read):
    rows = table(("PROLIFIC_PID", "SESSION_ID", "item_id", "clarity"), ("5f", "s", "q1", "4"))
    assert read(rows, "survey.csv") == [("q1", "5f", "clarity", 4.0)]


# -- Qualtrics and Google Forms


def qualtrics(header, *rows):
    import_ids = [json.dumps({"ImportId": name}) for name in header]
    return table(header, [f"Text of {name}" for name in header], import_ids, *rows)


def test_the_further_header_lines_of_qualtrics_are_no_ratings(read):
    notes = []
    text = qualtrics(
        ("StartDate", "Status", "Progress", "Finished", "ResponseId", "item_id", "clarity"),
        ("2026", "IP Address", "100", "True", "R_1", "q1", "4"),
        ("2026", "Survey Preview", "100", "True", "R_2", "q1", "1"),
    )
    assert read(text, "q.csv", notes) == [("q1", "R_1", "clarity", 4.0)]
    assert notes == ["1 row left out, with Status 'Survey Preview' or 'Survey Test'."]


def test_the_rater_of_qualtrics_is_the_participant_where_the_survey_knows_it(read):
    text = qualtrics(("ResponseId", "PROLIFIC_PID", "item_id", "clarity"), ("R_1", "5f", "q1", "4"))
    assert read(text, "q.csv") == [("q1", "5f", "clarity", 4.0)]


def test_qualtrics_without_a_column_for_the_item_is_refused_with_what_to_do(read):
    text = qualtrics(("Status", "ResponseId", "Q1_1", "Q1_2"), ("IP Address", "R_1", "4", "5"))
    with pytest.raises(
        InputError, match=r"export of Qualtrics.*found: ResponseId, Q1_1, Q1_2.*embedded data item_id"
    ):
        read(text, "q.csv")


def test_rows_of_a_grid_of_google_forms_are_items(read):
    text = table(
        ("Timestamp", "Email Address", "Clarity [q1]", "Clarity [q2]", "Tone [q1]", "Comments"),
        ("2026/01/01", "ann@x.org", "4", "", "3", "fine"),
        ("2026/01/01", "ben@x.org", "5", "2", "3", ""),
    )
    assert read(text, "form.csv")[:4] == [
        ("q1", "ann@x.org", "Clarity", 4.0), ("q2", "ann@x.org", "Clarity", None),
        ("q1", "ann@x.org", "Tone", 3.0), ("q1", "ben@x.org", "Clarity", 5.0),
    ]  # fmt: skip


def test_a_grid_of_one_response_is_read(read):
    assert read(table(("Clarity [q1]", "Clarity [q2]"), ("4", "5")), "form.csv") == [
        ("q1", "response 1", "Clarity", 4.0), ("q2", "response 1", "Clarity", 5.0),
    ]  # fmt: skip


FORM = ("Timestamp", "Clarity [q1]", "Clarity [q2]")


def form(column, *people):
    rows = [(f"2026/01/0{n}", who, "4", "3") for n, who in enumerate(people, 1)]
    return table((FORM[0], column, *FORM[1:]), *rows)


@pytest.mark.parametrize("column", ["Name", "Your name", "E-Mail-Adresse"])
def test_responses_of_one_person_in_a_form_are_not_two_raters(read, column):
    found = read(form(column, "Ann", "Ben"), "form.csv")
    assert [rater for _, rater, _, _ in found] == ["Ann", "Ann", "Ben", "Ben"]


def test_a_name_that_is_taken_for_the_rater_is_noted(read):
    notes = []
    read(form("Name", "Ann", "Ben"), "form.csv", notes)
    assert notes == ["Raters are named by column 'Name'; for another one: --column rater=NAME."]


def test_the_column_of_the_rater_in_a_form_may_be_named(tmp_path):
    path = tmp_path / "form.csv"
    path.write_text(form("Your code", "7", "8"))
    found = read_ratings(path, map={"rater": "Your code"}, wanted=Wanted(cells=CELLS))
    assert [s.rater for s in found] == ["7", "7", "8", "8"]


def test_responses_without_a_person_are_raters_of_their_own_and_that_is_noted(read):
    notes = []
    found = read(form("Your code", "7", "8"), "form.csv", notes)
    assert [rater for _, rater, _, _ in found] == ["response 1"] * 2 + ["response 2"] * 2
    assert "counted as two" in notes[0]
    assert "'Your code'" in notes[0]


def test_a_response_that_leaves_out_who_answered_is_refused(read):
    with pytest.raises(InputError, match=r"form\.csv:3: column 'Name' is empty"):
        read(form("Name", "Ann", ""), "form.csv")


def test_a_column_of_raters_that_a_form_does_not_have_is_refused(tmp_path):
    path = tmp_path / "form.csv"
    path.write_text(form("Name", "Ann"))
    with pytest.raises(InputError, match="no column 'Who' for --column rater; found: Timestamp, Name"):
        list(read_ratings(path, map={"rater": "Who"}))


def test_columns_outside_a_grid_are_noted(read):
    notes = []
    read(table((*FORM, "Name", "Overall"), ("2026", "4", "3", "Ann", "5")), "form.csv", notes)
    assert notes[-1] == "Columns 'Overall' are outside the grid and were not read."


def test_a_mapped_item_makes_a_form_a_plain_table(tmp_path):
    path = tmp_path / "form.csv"
    path.write_text(
        table(("Timestamp", "nr", "Name", "clarity [a]", "tone [b]"), ("1", "7", "ann", "4", "3"))
    )
    found = read_ratings(path, map={"item_id": "nr", "rater": "Name"}, wanted=Wanted(cells=CELLS))
    assert {(s.item_id, s.rater, s.dimension) for s in found} == {
        ("7", "ann", "clarity [a]"), ("7", "ann", "tone [b]"),
    }  # fmt: skip


def test_a_scale_in_brackets_is_no_item(read):
    text = table(("Timestamp", "Name", *SCALES), ("2026", "ann", "4", "5"))
    with pytest.raises(InputError, match="no column names the item"):
        read(text, "form.csv")


def test_a_response_without_any_answer_is_ignored(read):
    assert len(read(table(FORM, ("1", "4", "3"), ("2", "", "")), "form.csv")) == 2


LINEAR = ("Timestamp", "Email Address", "Accuracy of q1", "Accuracy of q2")


def test_a_form_with_a_column_for_each_item_is_refused_with_what_to_do(read):
    with pytest.raises(
        InputError,
        match=r"form\.csv:2: these are responses to a form.*found: Accuracy of q1, .*DIMENSION \[ITEM\]",
    ):
        read(table(LINEAR, ("2026", "ann", "4", "3")), "form.csv")


@pytest.mark.parametrize(("options", "mapping"), [({"id_from": ("nr",)}, {}), ({}, {"item_id": "nr"})])
def test_a_form_with_a_column_that_names_the_item_is_read(tmp_path, options, mapping):
    path = tmp_path / "form.csv"
    path.write_text(table(("Timestamp", "nr", "rater", "clarity"), ("2026", "d7", "ann", "4")))
    found = read_ratings(path, map=mapping, wanted=Wanted(cells=CELLS, **options))
    assert [(s.rater, s.dimension, s.value) for s in found] == [("ann", "clarity", 4.0)]


# -- SurveyMonkey

MONKEY = ("Respondent ID", "Collector ID", "Start Date", "IP Address")


def monkey(columns, second, *rows):
    own = [(f"11{n}", "5", "2026", "1.2.3.4") for n in range(len(rows))]
    answers = [(*start, *row) for start, row in zip(own, rows, strict=True)]
    return table((*MONKEY, *columns), ("", "", "", "", *second), *answers)


def test_grids_of_surveymonkey_without_names_of_columns_are_refused_with_what_to_do(read):
    text = monkey(("How clear?", "", ""), ("q1", "q2", "q3"), ("4", "3", "5"))
    with pytest.raises(InputError, match=r"export of SurveyMonkey with two header lines.*DIMENSION \[ITEM\]"):
        read(text, "m.csv")


def test_surveymonkey_with_a_column_for_the_item_is_read(read):
    text = monkey(("item_id", "clarity"), ("Custom Data", "Response"), ("q1", "4"), ("q2", "3"))
    ratings = [("q1", "110", "clarity", 4.0), ("q2", "111", "clarity", 3.0)]
    assert read(text, "m.csv") == ratings
    rows = text.splitlines()
    assert read("\n".join([rows[0], *rows[2:]]), "without.csv") == ratings


def test_surveymonkey_without_an_item_is_refused_with_what_to_do(read):
    text = monkey(("How clear?",), ("Response",), ("4",))
    with pytest.raises(InputError, match=r"export of SurveyMonkey.*found: Respondent ID, How clear\?"):
        read(text, "m.csv")


def test_a_grid_in_a_survey_of_another_tool_is_read(read):
    text = qualtrics(
        ("Status", "ResponseId", "clarity [q1]", "clarity [q2]"), ("IP Address", "R_1", "4", "5")
    )
    assert read(text, "q.csv") == [("q1", "R_1", "clarity", 4.0), ("q2", "R_1", "clarity", 5.0)]


SCALES = ("clarity [1-5]", "tone [1-5]")


def test_scales_in_brackets_are_no_items_beside_a_mapped_id(tmp_path):
    path = tmp_path / "ratings.csv"
    path.write_text(table(("nr", "rater", *SCALES), ("7", "ann", "4", "5")))
    found = read_ratings(path, map={"item_id": "nr"}, wanted=Wanted(cells=CELLS))
    assert [(s.item_id, s.dimension, s.value) for s in found] == [
        ("7", SCALES[0], 4.0),
        ("7", SCALES[1], 5.0),
    ]


@pytest.mark.parametrize("when", [(), ("Timestamp",)])
def test_scales_in_brackets_are_no_items_beside_a_question_and_an_answer(read, when):
    row = ("1?", "x", "ann", "4", "5", *["2026"] * len(when))
    found = read(table(("question", "answer", "rater", *SCALES, *when), row), "gf.csv")
    assert [one[2:] for one in found] == [(SCALES[0], 4.0), (SCALES[1], 5.0)]
    assert "1-5" not in {one[0] for one in found}


# -- damaged exports

ODD = [None, 3, "x", [], {}, [3], {"a": 1}, True, 1e308, "", [[]], {"value": {"a": [1]}}]
TASK = {
    "id": 1,
    "data": {"id": "q1"},
    "annotations": [
        {
            "completed_by": {"email": "ann"},
            "result": [{"from_name": "x", "type": "rating", "value": {"rating": 4}}],
        }
    ],
}


def damaged(value, rng):
    """Copy of a JSON value in which some values are replaced, and some fields left out."""
    if rng.random() < 0.12:
        return rng.choice(ODD)
    if isinstance(value, dict):
        return {name: damaged(inner, rng) for name, inner in value.items() if rng.random() > 0.05}
    return [damaged(inner, rng) for inner in value] if isinstance(value, list) else value


@pytest.mark.parametrize(
    "record",
    [POTATO | {"user_id": "a"}, ARGILLA_1, ARGILLA_2, FLAT_1, FLAT_2, LABEL_STUDIO, TASK],
    ids=["potato", "argilla 1", "argilla 2", "data set 1", "data set 2", "label studio min", "label studio"],
)
def test_a_damaged_export_is_read_or_refused(read, record):
    rng = random.Random(7)
    outcomes = set()
    for _ in range(150):
        try:
            read([damaged(record, rng), record])
        except InputError:
            outcomes.add("refused")
        else:
            outcomes.add("read")
    assert outcomes == {"read", "refused"}


def test_a_damaged_state_of_potato_is_read_or_refused(read):
    rng = random.Random(7)
    outcomes = set()
    for _ in range(150):
        try:
            read(damaged(STATE, rng), "ann/user_state.json")
        except InputError:
            outcomes.add("refused")
        else:
            outcomes.add("read")
    assert outcomes == {"read", "refused"}


def test_a_row_in_memory_that_is_no_object_is_refused():
    with pytest.raises(InputError, match="row 2: found a number; each row must be a dict"):
        list(read_ratings([{"item_id": "a", "rater": "x", "value": 3}, 3]))


def test_a_file_that_does_not_exist_is_named(tmp_path):
    with pytest.raises(InputError, match=r"none\.csv"):
        list(read_ratings(tmp_path / "none.csv"))


def test_standard_input_that_cannot_be_read_is_named(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"{broken\n")))
    with pytest.raises(InputError, match="not valid JSON"):
        list(read_ratings("-"))
