"""Tables, single judgments and `judge show` of runs with criteria, labels and statuses of every type."""

import csv
import json

import pytest
from click.testing import CliRunner

import judge
from judge.cli import main
from judge.records import Score
from judge.rubric import Rubric
from judge.scoring.export import export_scores
from judge.scoring.item_result import ItemResult

ANCHORS = {1: "bad", 2: "middling", 3: "good"}
RUBRIC = {
    "name": "mixed",
    "task": "Judge.",
    "scale": {"min": 1, "max": 3},
    "dimensions": {
        "truth": {"description": "Is it true?", "anchors": ANCHORS},
        "count": {"description": "Is it counted?", "anchors": ANCHORS, "when": {"kind": "counting"}},
        "style": {"description": "Style.", "scale": {"min": 0, "max": 10}, "anchors": {0: "bad", 10: "good"}},
        "named": {"description": "It names the part.", "type": "binary"},
        "fault": {"description": "Kind.", "type": "category", "ordered": True, "labels": ["none", "minor"]},
    },
    "criteria": {"field": "checklist"},
    "reasons": "none",
    "abstain": True,
    "overall": {"how": "weighted", "weights": {"truth": 1, "count": 3}},
    "pass": {"overall": 2},
}
ITEMS = [
    {
        "id": "a",
        "question": "q",
        "answer": "A.",
        "kind": "counting",
        "checklist": {"year": "Y.", "place": "P."},
    },
    {"id": "b", "question": "q", "answer": "B.", "kind": "colour", "checklist": {"year": "Y."}},
]
REPLIES = {
    ("a", None): {
        "truth": {"score": 3},
        "count": {"score": 1},
        "style": {"score": 7},
        "named": {"met": False},
        "fault": {"label": "minor"},
    },
    ("a", "criteria/1"): {"year": {"met": True}, "place": {"met": "cannot_tell"}},
    ("b", None): {
        "truth": {"score": "cannot_tell"},
        "style": {"score": 9},
        "named": {"met": True},
        "fault": {"label": "none"},
    },
    ("b", "criteria/1"): {"year": {"met": False}},
}


@pytest.fixture
def path(tmp_path):
    """The folder of a run of two items."""
    rows = [{"id": item, "dimension": name, "reply": reply} for (item, name), reply in REPLIES.items()]
    file = tmp_path / "replies.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    rubric = Rubric.model_validate(RUBRIC)
    judge.score(ITEMS, judge=f"replay:{file}", rubric=rubric, out=tmp_path / "run").close()
    return tmp_path / "run"


@pytest.fixture
def run(path):
    with judge.Run.open(path) as opened:
        yield opened


def table(path, out, **how):
    export_scores(path, str(out), **how)
    with open(out, newline="") as stream:
        return list(csv.DictReader(stream))


# -- one item


def test_scores_of_an_item_do_not_mix_criteria_with_dimensions(run):
    assert "criteria" not in run["a"].scores
    assert {key: (row.value, row.status) for key, row in run["a"].criteria.items()} == {
        "year": (1.0, "ok"),
        "place": (None, "abstained"),
    }
    assert run["b"].statuses["count"] == "not_applicable"


def test_an_item_whose_overall_score_is_abstained_has_no_verdict(run):
    assert run["b"].statuses["overall"] == "abstained"
    assert (run["a"].passes(), run["b"].passes()) == (False, None)


@pytest.mark.parametrize(
    ("dimension", "value", "is_below"),
    [
        ("truth", 1.0, True),
        ("truth", 2.0, False),
        ("named", 0.0, True),
        ("named", 1.0, False),
        ("style", 1.0, False),
        ("fault", "none", False),
    ],
    ids=str,
)
def test_only_a_score_on_the_scale_of_the_pass_mark_is_held_against_it(dimension, value, is_below):
    row = Score(item_id="a", rater="m", rater_kind="judge", dimension=dimension, value=value)
    item = judge.Item(id="a", question="q", answer="A.")
    assert ItemResult(item, (row,), Rubric.model_validate(RUBRIC)).is_below(dimension) is is_below


def test_failures_of_a_criterion_for_all_items_are_those_that_do_not_meet_it(run):
    assert [result.item.id for result in run.failures("named")] == ["a"]


# -- tables


def test_the_long_table_has_a_row_for_each_criterion_and_status(path, tmp_path):
    rows = {(r["item_id"], r["dimension"], r["criterion"]): r for r in table(path, tmp_path / "long.csv")}
    assert rows["a", "criteria", "year"]["value"] == "1.0"
    assert rows["a", "criteria", "place"]["status"] == "abstained"
    assert rows["b", "count", ""]["status"] == "not_applicable"
    assert rows["a", "fault", ""]["value"] == "minor"
    assert len(rows) == 2 * 6 + 3


def test_the_wide_table_has_all_criteria_of_an_item_in_one_cell(path, tmp_path):
    first, second = table(path, tmp_path / "wide.csv", wide=True)
    assert json.loads(first["criteria"]) == {"year": 1.0, "place": None}
    assert json.loads(first["criteria_status"]) == {"year": "ok", "place": "abstained"}
    assert (second["count"], second["count_status"], second["fault"]) == ("", "not_applicable", "none")


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_other_formats_hold_the_same_columns(path, tmp_path, form, wide):
    pandas = pytest.importorskip("pandas")
    if form == "parquet":
        pytest.importorskip("pyarrow")
    columns = list(table(path, tmp_path / "t.csv", wide=wide)[0])
    out = tmp_path / f"t.{form}"
    export_scores(path, str(out), wide=wide)
    found = pandas.read_parquet(out) if form == "parquet" else pandas.read_json(out, lines=True)
    assert list(found.columns) == columns


@pytest.mark.parametrize("wide", [False, True])
def test_a_run_without_criteria_has_no_column_for_them(tmp_path, wide):
    answers = [{"id": "a", "question": "q", "answer": "A.", "reference": "A."}]
    judge.score(answers, judge="baseline", out=tmp_path / "run").close()
    columns = table(tmp_path / "run", tmp_path / "t.csv", wide=wide)[0]
    assert not {"criterion", "criteria", "criteria_status"} & set(columns)


def test_a_dataframe_has_labels_as_categories_and_criteria_as_a_dict(run):
    frame = run.to_pandas().set_index("id")
    assert frame["fault"].cat.ordered
    assert list(frame["fault"].cat.categories) == ["none", "minor"]
    assert frame["criteria"]["a"] == {"year": 1.0, "place": None}
    assert frame["criteria_status"]["b"] == {"year": "ok"}
    assert frame["count_status"]["b"] == "not_applicable"
    assert frame["count"].isna().tolist() == [False, True]


# -- judge show


def test_show_names_criteria_labels_and_yes_and_no(path):
    lines = CliRunner().invoke(main, ["show", str(path)]).output.splitlines()
    shown = [line.split()[:2] for line in lines if line.startswith("  ")]
    for pair in (
        ["criteria/year", "yes"],
        ["criteria/place", "abstained"],
        ["named", "no"],
        ["fault", "minor"],
        ["count", "not_applicable"],
        ["style", "7"],
    ):
        assert pair in shown


@pytest.mark.parametrize(
    ("status", "ids"), [("abstained", ["a", "b"]), ("not_applicable", ["b"]), ("unparsed", [])]
)
def test_show_finds_items_by_the_new_statuses(path, status, ids):
    lines = CliRunner().invoke(main, ["show", str(path), "--status", status]).output.splitlines()
    assert [line.split()[1] for line in lines if line.startswith("===")] == ids


def test_an_expected_score_of_a_criterion_is_shown_as_a_number():
    from judge.cli.show import _shown

    row = Score(item_id="a", rater="m", rater_kind="judge", dimension="named", value=0.7)
    assert _shown(row, Rubric.model_validate(RUBRIC)) == "0.7"
