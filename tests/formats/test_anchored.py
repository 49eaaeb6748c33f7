"""Anchored ratings: rows that no reader of ratings gives as independent ones."""

import json
import math

import pandas as pd
import pytest

from judge.errors import InputError
from judge.formats.anchored import AnchoredOnlyError, AnchoredRating
from judge.formats.ratings import read_cells
from judge.workflows.read_ratings import read_ratings

WHO = {"item_id": "q1", "rater": "ann"}
LONG = WHO | {
    "dimension": "clarity",
    "value": "contest",
    "kind": "anchored",
    "judge_value": 4,
    "own_value": 2,
}
WIDE = WHO | {"clarity": "contest", "clarity:judge": 4, "clarity:own": 2, "kind": "anchored"}
BLIND = {"item_id": "q1", "rater": "ben", "dimension": "clarity", "value": 3}
BLIND_WIDE = {"item_id": "q1", "rater": "ben", "clarity": 3}


def anchored(rows, **mapping):
    """Anchored and independent ratings of a table."""
    found, notes = [], []
    cells = list(read_cells(rows, map=mapping, note=notes.append, on_anchored=found.append))
    return found, [cell.score for cell in cells], notes


def only(row, **mapping):
    found, _, _ = anchored([BLIND, row], **mapping)
    return found[0]


@pytest.mark.parametrize(("blind", "row"), [(BLIND, LONG), (BLIND_WIDE, WIDE)])
def test_an_anchored_row_is_no_rating_and_is_passed_on(blind, row):
    found, scores, notes = anchored([row, blind])
    assert [(s.rater, s.dimension, s.value) for s in scores] == [("ben", "clarity", 3.0)]
    assert [(a.rater, a.dimension, a.approval, a.shown, a.own) for a in found] == [
        ("ann", "clarity", "contest", 4.0, 2.0)
    ]
    assert notes == []


@pytest.mark.parametrize("form", ["csv", "jsonl", "json", "parquet", "frame", "rows"])
def test_every_kind_of_table_is_read_without_its_anchored_rows(tmp_path, form):
    frame = pd.DataFrame([BLIND, LONG | {"rater": "ann"}])
    frame["value"] = frame["value"].astype(str)
    path = tmp_path / f"r.{form}"
    if form == "csv":
        frame.to_csv(path, index=False)
    elif form == "parquet":
        frame.to_parquet(path)
    elif form.startswith("json"):
        frame.to_json(path, orient="records", lines=form == "jsonl")
    source = {"frame": frame, "rows": [BLIND, LONG]}.get(form, path)
    found, scores, _ = anchored(source)
    assert [(s.rater, s.value) for s in scores] == [("ben", 3.0)]
    assert [a.rater for a in found] == ["ann"]


@pytest.mark.parametrize("kind", [None, "", "blind", math.nan])
def test_a_mixed_wide_table_gives_the_same_as_its_independent_rows(kind):
    empty = dict.fromkeys(["clarity:judge", "clarity:own", "clarity:comment", "passes", "passes:judge"])
    mixed = [WIDE | {"passes": "approve", "passes:judge": 1}, BLIND_WIDE | empty | {"kind": kind}]
    _, scores, notes = anchored(mixed)
    assert (scores, notes) == (anchored([BLIND_WIDE])[1], [])


def test_a_mixed_long_table_gives_the_same_as_its_independent_rows():
    empty = dict.fromkeys(["judge_name", "judge_value", "own_value", "comment", "kind"])
    assert anchored([LONG, BLIND | empty])[1] == anchored([BLIND])[1]


def test_a_column_kind_that_says_something_else_is_left_alone():
    rows = [BLIND_WIDE | {"kind": 2}, BLIND_WIDE | {"rater": "cy", "kind": 5}]
    assert {s.dimension for s in anchored(rows)[1]} == {"clarity", "kind"}


def test_the_column_kind_is_found_in_any_case():
    row = {("Kind" if name == "kind" else name): value for name, value in LONG.items()}
    assert len(anchored([row | {"Kind": " Anchored "}, BLIND])[0]) == 1


def test_anchored_ratings_are_counted_where_nothing_reports_them():
    assert (
        read_ratings([BLIND, LONG]).notes[0].startswith("1 anchored rating (people saw the judge's verdict")
    )
    table = read_ratings([BLIND, LONG, LONG | {"item_id": "q2"}])
    assert "2 anchored ratings" in table.notes[0]
    assert table.raters == ("ben",)


def test_a_file_of_anchored_ratings_only_is_no_file_of_ratings():
    with pytest.raises(AnchoredOnlyError, match=r"every rating is anchored \(1; people saw"):
        read_ratings([LONG])


def test_a_criterion_a_note_and_the_design_are_kept():
    more = {
        "dimension": "criteria",
        "criterion": "year",
        "judge_name": "robot",
        "comment": "no",
        "reason": "n",
    }
    found = only(LONG | more | {"sample": 1, "probability": 0.5, "stratum": "a"})
    assert (found.question, found.judge, found.comment, found.note) == ("criteria/year", "robot", "no", "n")
    assert (found.sample, found.probability, found.stratum) == (1, 0.5, "a")


def test_columns_of_other_names_are_found_by_the_mapping():
    row = {name: value for name, value in LONG.items() if name != "item_id"} | {"task": "q9"}
    blind = {"task": "q1", "rater": "ben", "dimension": "clarity", "value": 3}
    found, _, _ = anchored([blind, row], item_id="task")
    assert found[0].item_id == "q9"


@pytest.mark.parametrize(
    ("changed", "approval", "status"),
    [
        ({"value": ""}, None, "skipped"),
        ({"value": None, "status": "skipped"}, None, "skipped"),
        ({"value": "", "status": "abstained"}, None, "abstained"),
        ({"value": "cannot_tell"}, None, "abstained"),
        ({"value": "Approve", "status": "ok"}, "approve", "ok"),
        ({"value": "", "skipped": "unclear"}, None, "skipped"),
    ],
)
def test_a_rating_without_an_approval_has_a_status(changed, approval, status):
    found = only(LONG | changed)
    assert (found.approval, found.status) == (approval, status)


def test_a_question_that_was_not_asked_is_no_rating_of_a_wide_row():
    assert [a.dimension for a in anchored([BLIND_WIDE, WIDE | {"style": None, "style:judge": None}])[0]] == [
        "clarity"
    ]


def test_labels_stay_texts():
    found = only(LONG | {"judge_value": "minor", "own_value": "major"})
    assert (found.shown, found.own) == ("minor", "major")


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        (
            LONG | {"value": 4},
            "clarity is 4 with the status 'ok'; allowed in anchored ratings: approve, contest",
        ),
        (LONG | {"status": "failed", "value": None}, "with the status 'failed'"),
        (LONG | {"status": "abstained"}, "'contest' with the status 'abstained'"),
        (LONG | {"item_id": ""}, "needs the id of the item"),
        (LONG | {"rater": None}, "needs the rater"),
        (LONG | {"dimension": ""}, "needs the columns 'dimension' and 'value'"),
        (WHO | {"clarity": "approve", "kind": "anchored"}, "'NAME:judge' beside 'NAME'"),
        (LONG | {"sample": "x"}, "found the sample 'x'"),
    ],
)
def test_an_anchored_row_that_cannot_be_read_is_refused(row, problem):
    with pytest.raises(InputError, match=problem):
        anchored([BLIND, row])


def test_annotations_of_label_studio_that_are_marked_as_anchored_are_refused(tmp_path):
    result = {"from_name": "clarity", "type": "rating", "value": {"rating": 4}}
    task = {
        "data": {"id": "q1", "kind": "anchored"},
        "annotations": [{"completed_by": 1, "result": [result]}],
    }
    path = tmp_path / "tasks.json"
    path.write_text(json.dumps([task]))
    with pytest.raises(InputError, match="annotations are marked as anchored"):
        read_ratings(path)
    flat = {
        "id": 1,
        "annotator": 1,
        "annotation_id": 1,
        "lead_time": 2,
        "clarity": "Good",
        "kind": "anchored",
    }
    with pytest.raises(InputError, match="an anchored rating needs"):
        read_ratings([flat])


def test_the_question_of_a_rating_is_its_dimension():
    assert AnchoredRating(where="r:1", item_id="q", rater="a", dimension="clarity").question == "clarity"
