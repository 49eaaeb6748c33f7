"""Which format an export takes, and what its rows and columns hold."""

import csv
import io
import json

import pytest

from judge.errors import InputError
from judge.records import Score
from judge.scoring.export import export_scores
from judge.scoring.run import Run

from .builders import item, rubric


@pytest.fixture
def run(tmp_path):
    items = [
        item("x", system="s", metadata={"kind": "a", "tags": ["ä", 1], "size": 2**70}),
        item("y", metadata={"page": 3}),
    ]

    def score(item_id, dimension, value, sample=0, **more):
        fields = {"item_id": item_id, "rater": "r", "rater_kind": "judge", "dimension": dimension}
        return Score(**fields, value=value, sample=sample, **more)

    scores = [
        score("x", "a", 5.0), score("x", "b", 2.0), score("x", "overall", 3.5),
        score("x", "a", 5.0, 1), score("x", "b", 3.0, 1), score("x", "overall", 2.0, 1),
        score("y", "a", 1.0), score("y", "b", None, status="refused"), score("y", "overall", None, status="refused"),
    ]  # fmt: skip
    Run.imported(tmp_path / "run", rubric(), items, scores, model="r").close()
    return tmp_path / "run"


def rows(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_long_rows_have_system_and_all_metadata_and_nothing_where_an_item_has_none(run, capsys):
    export_scores(run, "-")
    found = rows(capsys.readouterr().out)
    assert len(found) == 9
    x = next(row for row in found if row["item_id"] == "x")
    y = next(row for row in found if row["item_id"] == "y" and row["dimension"] == "b")
    assert (x["system"], x["meta_kind"], x["meta_tags"], x["meta_page"]) == ("s", "a", '["ä", 1]', "")
    assert (y["value"], y["status"], y["system"], y["meta_page"]) == ("", "refused", "", "3")


def test_wide_rows_are_items_and_samples_with_values_statuses_and_the_verdict(run, capsys):
    export_scores(run, "-", wide=True)
    found = rows(capsys.readouterr().out)
    assert [(row["item_id"], row["sample"]) for row in found] == [("x", "0"), ("x", "1"), ("y", "0")]
    assert [row["a"] for row in found] == ["5.0", "5.0", "1.0"]
    assert [row["b"] for row in found] == ["2.0", "3.0", ""]
    assert [row["passes"] for row in found] == ["True", "False", ""]
    assert [row["b_status"] for row in found] == ["ok", "ok", "refused"]


def test_json_lines_keep_numbers_and_letters(run, capsys):
    export_scores(run, "-", "jsonl")
    lines = capsys.readouterr().out.splitlines()
    first = json.loads(lines[0])
    assert (first["value"], first["meta_size"]) == (5.0, 2**70)
    assert "ä" in lines[0]


@pytest.mark.parametrize(
    ("out", "form", "error"),
    [
        ("-", "parquet", "Parquet cannot be written to standard output"),
        ("scores.csv", "jsonl", "is a csv file, but --output-format is jsonl"),
        ("scores.txt", None, "the format is unknown; use the ending .csv, .jsonl, .parquet"),
    ],
)
def test_a_format_that_is_unclear_is_an_error(run, out, form, error):
    with pytest.raises(InputError, match=error):
        export_scores(run, out, form)


@pytest.mark.parametrize(
    ("name", "form", "start"),
    [("a.CSV", None, "item_id,"), ("a.csv", "csv", "item_id,"), ("a.txt", "jsonl", "{")],
)
def test_a_format_is_that_of_the_name_or_the_given_one(run, tmp_path, name, form, start):
    export_scores(run, str(tmp_path / name), form)
    assert (tmp_path / name).read_text().startswith(start)


def test_parquet_turns_a_column_into_text_only_where_numbers_do_not_fit(run, tmp_path):
    import pyarrow.parquet as pq

    export_scores(run, str(tmp_path / "a.parquet"))
    table = pq.read_table(tmp_path / "a.parquet").to_pydict()
    assert table["meta_size"][0] == str(2**70)
    assert table["value"][0] == 5.0
    assert 3 in table["meta_page"]


@pytest.mark.parametrize(
    ("number", "kept"), [(2**63 - 1, True), (2**63, False), (-(2**63), True), (-(2**63) - 1, False)]
)
def test_parquet_holds_whole_numbers_of_64_bits(tmp_path, number, kept):
    import pyarrow.parquet as pq

    scores = [Score(item_id="x", rater="r", rater_kind="judge", dimension="a", value=1.0)]
    Run.imported(tmp_path / "run", rubric(), [item("x", metadata={"n": number})], scores, model="r").close()
    export_scores(tmp_path / "run", str(tmp_path / "a.parquet"))
    assert pq.read_table(tmp_path / "a.parquet").to_pydict()["meta_n"] == [number if kept else str(number)]


@pytest.fixture
def run_with_criteria(tmp_path):
    judged = {"item_id": "x", "rater": "r", "rater_kind": "judge"}
    scores = [
        Score(**judged, dimension="a", value=5.0),
        Score(**judged, dimension="criteria", criterion="c1", value=1.0),
        Score(**judged, dimension="criteria", criterion="c2", value=0.0),
    ]
    with_criteria = rubric(criteria={"field": "criteria"})
    Run.imported(tmp_path / "criteria", with_criteria, [item("x")], scores, model="r").close()
    return tmp_path / "criteria"


def test_the_ids_of_criteria_are_a_column_only_of_a_rubric_with_criteria(run, run_with_criteria, capsys):
    export_scores(run, "-")
    assert "criterion" not in rows(capsys.readouterr().out)[0]
    export_scores(run_with_criteria, "-")
    found = rows(capsys.readouterr().out)
    assert [row["criterion"] for row in found if row["dimension"] == "criteria"] == ["c1", "c2"]
    assert {row["criterion"] for row in found if row["dimension"] != "criteria"} == {""}


def test_criteria_are_one_json_object_in_a_row_per_item(run_with_criteria, capsys):
    export_scores(run_with_criteria, "-", "jsonl", wide=True)
    (row,) = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert row["a"] == 5.0
    assert json.loads(row["criteria"]) == {"c1": 1.0, "c2": 0.0}
    assert json.loads(row["criteria_status"]) == {"c1": "ok", "c2": "ok"}
