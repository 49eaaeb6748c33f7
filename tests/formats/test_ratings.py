"""Ratings out of every layout that people keep them in."""

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from judge.errors import InputError
from judge.formats.cells import CellReader
from judge.formats.ratings import read_ratings
from judge.formats.wanted import Wanted
from judge.records import Score

from .. import public_data

DATA = Path(__file__).parent.parent / "data"


@pytest.fixture
def write(tmp_path):
    def save(name, content):
        path = tmp_path / name
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return path

    return save


def short(scores):
    return [(s.item_id, s.rater, s.dimension, s.value) for s in scores]


EXPECTED = [("q1", "ann", "accuracy", 4.0), ("q1", "ann", "clarity", 5.0), ("q2", "bob", "accuracy", 1.0)]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        (
            "long.csv",
            "item_id,rater,dimension,value\nq1,ann,accuracy,4\nq1,ann,clarity,5\nq2,bob,accuracy,1\n",
        ),
        (
            "long.tsv",
            "id\tannotator\tcriterion\trating\nq1\tann\taccuracy\t4\nq1\tann\tclarity\t5\nq2\tbob\taccuracy\t1\n",
        ),
        (
            "long.csv",
            "Item ID;Rater;Dimension;Score\nq1;ann;accuracy;4,0\nq1;ann;clarity;5\nq2;bob;accuracy;1\n",
        ),
        (
            "long.jsonl",
            "\n".join(
                json.dumps(dict(zip(("item_id", "rater_id", "dimension", "score"), r, strict=True)))
                for r in EXPECTED
            ),
        ),
        ("nested.json", {"ann": {"q1": {"accuracy": 4, "clarity": 5}}, "bob": {"q2": {"accuracy": 1}}}),
    ],
    ids=["csv", "other_names", "german_csv", "jsonl", "nested"],
)
def test_every_layout_gives_the_same_scores(write, name, content):
    assert short(read_ratings(write(name, content))) == EXPECTED


def test_wide_table_has_one_column_a_dimension(write):
    path = write(
        "wide.csv", "item_id,rater,question,accuracy,clarity,seconds,system\nq1,ann,Why?,4,5,12.5,gpt\n"
    )
    assert short(read_ratings(path)) == EXPECTED[:2]


def test_wide_table_can_have_one_column_a_rater(write):
    path = write("wide.csv", "item_id,dimension,human_1,human_2\nq1,accuracy,4,\n")
    scores = list(read_ratings(path))
    assert short(scores) == [("q1", "human_1", "accuracy", 4.0), ("q1", "human_2", "accuracy", None)]


def test_wanted_dimensions_decide_which_columns_count(write):
    path = write("wide.csv", "item_id,rater,accuracy,words\nq1,ann,4,120\n")
    assert short(read_ratings(path, wanted=Wanted(("accuracy", "clarity")))) == EXPECTED[:1]


def test_only_rater_is_named_by_kind_where_no_column_says_who(write):
    assert short(read_ratings(write("w.csv", "item_id,accuracy\nq1,4\n"))) == [
        ("q1", "human", "accuracy", 4.0)
    ]


def test_a_rater_without_labels_beside_one_with_labels_is_no_error(write):
    assert [s.rater for s in read_ratings(write("nested.json", {"ann": {"q1": 4}, "bob": {}}))] == ["ann"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"ann": {"q1": 4}, "comment": "x"}, "found an object with 0 lists; allowed: a list of objects"),
        ({"ann": {}}, "found an object with 0 lists; allowed: a list of objects"),
        ({}, "found an object with 0 lists; allowed: a list of objects"),
        ([{"ann": {"q1": 4}}], "no column says which item is rated; found: ann"),
        (3, "found a number; allowed: a list of objects"),
    ],
    ids=["a-value-that-is-no-rater", "no-labels", "empty", "a-list", "a-number"],
)
def test_json_is_nested_labels_only_if_every_value_is_a_rater_with_labels(write, content, message):
    with pytest.raises(InputError, match=message):
        list(read_ratings(write("nested.json", content)))


def test_nested_labels_without_dimension_get_the_given_one(write):
    path = write("nested.json", {"ann": {"q1": 4}})
    assert short(read_ratings(path, dimension="accuracy")) == EXPECTED[:1]


def test_map_names_columns_that_nobody_could_guess(write):
    path = write("long.csv", "key,who,aspect,points\nq1,ann,accuracy,4\n")
    assert (
        short(read_ratings(path, map={"item_id": "key", "rater": "who", "value": "points"})) == EXPECTED[:1]
    )


@pytest.mark.parametrize("empty", ["", "n/a", "NA", "nan", "-", "None"])
def test_empty_rating_is_skipped_with_a_reason_and_never_a_number(write, empty):
    score = next(read_ratings(write("l.csv", f"item_id,rater,dimension,value\nq1,ann,accuracy,{empty}\n")))
    assert (score.value, score.status) == (None, "skipped")
    assert score.reason


def test_null_score_of_a_judge_is_skipped(write):
    row = {
        "item_id": "p1",
        "rater_id": "gpt",
        "rater_type": "judge",
        "dimension": "preference",
        "score": None,
    }
    score = next(read_ratings(write("l.jsonl", json.dumps(row))))
    assert (score.rater_kind, score.status, score.reason) == ("judge", "skipped", "no rating")


def test_kind_column_decides_and_argument_is_for_files_without_it(write):
    with_column = write(
        "a.csv", "item_id,rater,rater_kind,dimension,value\nq1,ann,human,x,1\nq1,gpt,judge,x,2\n"
    )
    without = write("b.csv", "item_id,rater,dimension,value\nq1,gpt,x,2\n")
    assert [s.rater_kind for s in read_ratings(with_column)] == ["human", "judge"]
    assert [s.rater_kind for s in read_ratings(without, kind="judge")] == ["judge"]


def test_scores_written_by_us_are_read_back_as_they_were(write):
    scores = [
        Score(
            item_id="q1",
            rater="ann",
            rater_kind="human",
            dimension="overall",
            sample=1,
            value=3.0,
            reason="fine",
        ),
        Score(
            item_id="q2", rater="m", rater_kind="judge", dimension="overall", status="refused", reason="no"
        ),
        Score(item_id="q3", rater="m", rater_kind="judge", dimension="overall", status="unparsed"),
    ]
    path = write("scores.jsonl", "\n".join(score.model_dump_json() for score in scores))
    assert list(read_ratings(path)) == scores


def test_orders_of_a_pair_are_samples(write):
    path = write(
        "l.csv", "item_id,rater,dimension,value,order\nq1,gpt,pref,1,AB\nq1,gpt,pref,2,BA\nq2,gpt,pref,1,BA\n"
    )
    assert [s.sample for s in read_ratings(path, map={"sample": "order"})] == [0, 1, 1]


TASK = {
    "id": 7,
    "data": {"id": "q1", "question": "?"},
    "annotations": [
        {
            "completed_by": {"email": "ann@study.invalid"},
            "result": [
                {"from_name": "accuracy", "type": "rating", "value": {"rating": 4}},
                {"from_name": "clarity", "type": "choices", "value": {"choices": ["5: very clear"]}},
                {"from_name": "is_accurate", "type": "choices", "value": {"choices": ["Yes"]}},
                {"from_name": "note", "type": "textarea", "value": {"text": ["ok"]}},
            ],
        },
        {"completed_by": 3, "was_cancelled": True, "result": []},
    ],
    "predictions": [
        {
            "model_version": "v2",
            "result": [{"from_name": "accuracy", "type": "number", "value": {"number": 2}}],
        }
    ],
}


def test_label_studio_controls_are_dimensions_and_predictions_are_a_judge(write):
    scores = list(read_ratings(write("export.json", [TASK])))
    assert short(scores) == [
        ("q1", "ann", "accuracy", 4.0),
        ("q1", "ann", "clarity", 5.0),
        ("q1", "ann", "is_accurate", 1.0),
        ("q1", "3", "overall", None),
        ("q1", "v2", "accuracy", 2.0),
    ]
    assert [s.rater_kind for s in scores] == ["human"] * 4 + ["judge"]
    assert scores[3].status == "skipped"


def test_label_studio_task_without_an_id_in_its_data_goes_by_its_own(write):
    task = {"id": 7, "data": {"text": "x"}, "annotations": TASK["annotations"][:1]}
    assert next(read_ratings(write("export.json", [task]))).item_id == "7"


def test_label_studio_rating_of_several_choices_is_no_one_value(write):
    result = {"from_name": "x", "type": "choices", "value": {"choices": ["1", "2"]}}
    score = next(
        read_ratings(write("e.json", [TASK | {"annotations": [{"completed_by": 1, "result": [result]}]}]))
    )
    assert (score.status, score.value) == ("skipped", None)


def test_graders_of_other_tools_are_raters():
    scores = list(read_ratings(DATA / "formats" / "promptfoo.json"))
    assert {s.rater for s in scores} == {"llm-rubric", "contains", "promptfoo"}


@pytest.mark.parametrize(
    ("folder", "rows", "missing"),
    [
        ("hanna", 38016, 0),
        ("hanna/explanations", None, 0),
        ("llmbar", None, None),
        ("pandalm", 4995, 25),
        ("recipes", None, None),
    ],
)
def test_public_ratings_are_read_row_for_row(folder, rows, missing):
    raw = public_data.ratings(folder)
    scores = list(read_ratings(public_data.ratings_file(folder)))
    assert [(s.item_id, s.rater, s.rater_kind, s.dimension, s.value) for s in scores] == [
        (r["item_id"], r["rater_id"], r["rater_type"], r["dimension"], r["score"]) for r in raw
    ]
    assert rows in (None, len(scores))
    assert missing in (None, Counter(s.status for s in scores)["skipped"])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "holds no ratings"),
        ("a,b\n1,2\n", "no column says which item is rated; found: a, b; allowed names: item_id, item, id"),
        ("item_id,question\nq1,Why?\n", "no ratings; found: item_id, question"),
        ("item_id,rater,dimension,value\nq1,,x,1\n", "column 'rater' is empty"),
        (
            "item_id,rater,rater_kind,value\nq1,a,robot,1\n",
            "found the kind of rater 'robot'; allowed: human, judge",
        ),
    ],
)
def test_ratings_that_cannot_be_read_say_what_is_needed(write, content, message):
    with pytest.raises(InputError, match=message):
        list(read_ratings(write("r.csv", content)))


def test_unknown_meaning_in_map_lists_the_known_ones(write):
    with pytest.raises(InputError, match="no such column of ratings; allowed: item_id, rater"):
        list(read_ratings(write("r.csv", "a\n1\n"), map={"points": "a"}))


def test_mapped_column_that_is_not_there_lists_the_found_ones(write):
    with pytest.raises(InputError, match="no column 'points' for --column value; found: item_id, score"):
        list(read_ratings(write("r.csv", "item_id,score\nq,1\n"), map={"value": "points"}))


@pytest.mark.parametrize(
    ("raw", "value"),
    [("4", 4.0), ("3,5", "3,5"), ("4 - good", 4.0), ("2024-01-02", "2024-01-02"), ("4/5", "4/5"), (True, 1.0), ("No", 0.0), (" good ", "good"), (float("inf"), None)],
)  # fmt: skip
def test_raw_values_are_numbers_labels_or_nothing(raw, value):
    assert CellReader().value(raw) == value


@given(st.one_of(st.text(max_size=12), st.floats(), st.integers(), st.none(), st.booleans()))
def test_every_raw_value_makes_a_legal_score(raw):
    value = CellReader().value(raw)
    Score(
        item_id="q",
        rater="r",
        rater_kind="human",
        dimension="d",
        value=value,
        status="skipped" if value is None else "ok",
    )


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("r.csv", "item_id,rater,dimension,value\nq1,ann,clarity,4\nq1,ben,,5\n"),
        ("r.csv", "item_id,dimension,rater_1,rater_2\nq1,clarity,4,5\nq2,,3,2\n"),
        ("r.jsonl", '{"id": 1, "rater": "a", "dimension": "clarity", "value": 4}\n{"id": 1, "rater": "b", "value": 4}\n'),
    ],
)  # fmt: skip
def test_rating_without_its_dimension_is_no_overall_rating(write, name, content):
    with pytest.raises(InputError, match=r":[23]: column 'dimension' is empty"):
        list(read_ratings(write(name, content)))


def test_rating_without_its_dimension_is_on_the_only_one_that_is_asked_for(write):
    file = write("r.csv", "item_id,rater,dimension,value\nq1,ann,clarity,4\nq1,ben,,5\n")
    found = read_ratings(file, wanted=Wanted(("clarity",)), dimension="clarity")
    assert [score.dimension for score in found] == ["clarity", "clarity"]
