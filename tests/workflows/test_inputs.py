"""Inputs that the public functions share."""

from pathlib import Path

import pytest

from judge.records import Item, Score
from judge.rubric import load_rubric
from judge.scoring.run import Run
from judge.workflows.inputs import agreement_inputs, by_name, names, path, paths
from judge.workflows.read_ratings import RatingsTable, read_ratings

ROWS = [{"item_id": "a", "rater": r, "clarity": v} for r, v in (("x", 4), ("y", 5))]


def test_runs_are_objects_or_paths_one_or_several(tmp_path):
    rubric = load_rubric("open_qa")
    score = Score(item_id="a", rater="m", rater_kind="judge", dimension="clarity", value=4.0)
    with Run.imported(
        tmp_path / "run", rubric, [Item(id="a", question="?", answer="!")], [score], model="m"
    ) as run:
        assert path(run) == path(tmp_path / "run") == str(tmp_path / "run")
        assert paths(run) == (str(tmp_path / "run"),)
        assert paths([run, "other", Path("third")]) == (str(tmp_path / "run"), "other", "third")
    assert paths([]) == ()
    assert paths("one") == paths(Path("one")) == ("one",)


def test_one_field_or_number_may_stand_alone():
    assert names("a") == ("a",)
    assert names(["a", "b"]) == ("a", "b")
    assert by_name(0) == {"": 0.0}
    assert by_name({"a": 1}) == {"a": 1}
    assert by_name(None) == {}


def test_options_have_the_names_of_the_analysis():
    found = agreement_inputs(
        "run", ROWS, {"pass_mark": 3, "dimensions": "clarity", "seed": 7, "scale": "1-5"}
    )
    assert (found.runs, found.pass_marks, found.dimensions, found.seed, found.scale) == (
        ("run",),
        {"": 3.0},
        ("clarity",),
        7,
        "1-5",
    )
    assert agreement_inputs((), ROWS, {}).runs == ()


def test_rows_of_an_iterator_can_be_read_twice():
    found = agreement_inputs((), iter(ROWS), {})
    assert list(found.humans) == list(found.humans) == ROWS
    assert agreement_inputs((), ROWS, {}).humans is ROWS
    assert agreement_inputs((), None, {}).humans is None
    assert agreement_inputs((), "r.csv", {}).humans == "r.csv"


def test_a_table_of_ratings_is_passed_on_as_rows():
    table = read_ratings(ROWS)
    assert isinstance(table, RatingsTable)
    assert [(row["rater"], row["value"]) for row in agreement_inputs((), table, {}).humans] == [
        ("x", 4.0),
        ("y", 5.0),
    ]


def test_an_unknown_option_is_refused_with_the_known_ones():
    with pytest.raises(TypeError, match="unknown option colour, hue; allowed: items, columns"):
        agreement_inputs((), ROWS, {"hue": 1, "colour": 2, "seed": 3})
