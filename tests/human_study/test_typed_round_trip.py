"""Ratings of every type, exported by one study and imported into another."""

from pathlib import Path

import pytest

from human_study.export import long_rows
from human_study.export_formats import Layout
from human_study.workflows import create_study, export_study, import_into_study
from judge.rubric import parse_rubric

from .builders import TYPED, rate, typed_items, typed_values


@pytest.mark.parametrize("layout", ["long", "wide"])
@pytest.mark.parametrize("name", ["r.csv", "r.jsonl"])
def test_exported_ratings_of_every_type_are_imported_as_they_were(
    tmp_path: Path, name: str, layout: Layout
) -> None:
    made = {"rubric": parse_rubric(TYPED), "raters": 2, "per_item": 2}
    unknown = {"fault": "cannot_tell", "criteria_year": "cannot_tell", "truth": "cannot_tell"}
    with (
        create_study(typed_items(), tmp_path / "a.db", repeats=0.2, checks=0.1, **made) as given,
        create_study(typed_items(), tmp_path / "b.db", repeats=0, checks=0, **made) as taken,
    ):
        for number, task in enumerate(list(given.tasks())):
            values = typed_values(task.item, **({} if number % 3 else unknown))
            skip = "no picture" if number == 5 else ""
            rate(given, task.rater, task.n, {} if skip else values, skip=skip, note="" if number % 4 else "n")
        export_study(given, tmp_path / name, layout=layout)
        import_into_study(taken, tmp_path / name)
        kept = ("item_id", "rater", "sample", "dimension", "criterion", "value", "status", "reason")
        rows = [{tuple(row[key] for key in kept) for row in long_rows(study)} for study in (given, taken)]
    assert rows[0] == rows[1]
