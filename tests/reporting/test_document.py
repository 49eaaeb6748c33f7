"""The Report and its tables: how they show themselves and what they are as data."""

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

from judge.reporting.document import Column, ReportContent, Section, Table, as_data, table_data
from judge.reporting.report import Report
from judge.stats.engine.estimate import Estimate

COLUMNS = (
    Column("slice", "kind"),
    Column("rate", "pass rate", "share"),
    Column("n", "n", "count", detail=True),
)
TABLE = Table(
    "slices:kind",
    "By kind",
    COLUMNS,
    (("few", Estimate(0.5, 0.4, 0.6), 3), ("many <b>", Estimate.undefined("no_ratings"), 300)),
    ("A note.",),
    small=(0,),
)


def report(*tables, **more):
    sections = tuple(Section(table.key, table.title, tables=(table,)) for table in tables)
    given = {
        "verdict": ("50.0 % pass.",),
        "warnings": ("Only 3.",),
        "estimates": {"pass_rate": Estimate(0.5, 0.4, 0.6)},
        "about": {"judge": "robot"},
        "methods": ("Wilson.",),
    }
    return Report("report", "Title", **{**given, "sections": sections, **more})


def test_data_of_a_table_marks_small_rows_only():
    first, second = table_data(TABLE)["rows"]
    assert first["small"] is True
    assert "small" not in second
    assert second["rate"]["value"] is None
    assert (first["slice"], first["n"]) == ("few", 3)


def test_rows_that_do_not_fit_the_columns_are_an_error():
    with pytest.raises(ValueError, match="zip"):
        table_data(Table("t", "T", COLUMNS, (("a", 1),)))


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_numbers_that_json_does_not_know_are_null(value):
    assert as_data({"a": [value, 1.5]}) == {"a": [None, 1.5]}


def test_a_table_is_found_by_its_key_or_by_its_kind():
    tables = report(TABLE).tables
    assert tables["slices:kind"] is tables["slices"]
    with pytest.raises(KeyError, match="no table 'slice'; the report has: slices:kind"):
        tables["slice"]


def test_a_kind_with_several_tables_is_ambiguous():
    other = Table("slices:topic", "By topic", COLUMNS, ())
    with pytest.raises(KeyError, match="slices:kind, slices:topic"):
        report(TABLE, other).tables["slices"]


def test_a_table_as_pandas_has_the_interval_beside_the_value():
    frame = TABLE.to_pandas()
    assert list(frame.columns) == ["slice", "rate", "rate_low", "rate_high", "rate_reason", "n"]
    assert frame["rate"][0] == 0.5
    assert frame["rate_low"][0] == 0.4
    assert frame["rate_high"][0] == 0.6
    assert frame["rate_reason"].fillna("").tolist() == ["", "no_ratings"]
    assert frame["n"].tolist() == [3, 300]


def test_a_column_of_estimates_may_hold_empty_cells():
    frame = Table("t", "T", COLUMNS[1:2], ((Estimate(0.5, 0.4, 0.6),), (None,))).to_pandas()
    assert list(frame.columns) == ["rate", "rate_low", "rate_high"]
    assert math.isnan(frame["rate_low"][1])


def test_pass_rate_is_an_attribute_where_there_is_one():
    assert report().pass_rate.value == 0.5
    with pytest.raises(AttributeError, match="its estimates: kappa"):
        report(estimates={"kappa": Estimate(0.1)}).pass_rate  # noqa: B018 # the access is what raises


def test_a_report_prints_its_findings_and_tables():
    shown = str(report(TABLE))
    assert all(text in shown for text in ("Title", "50.0 % pass.", "Only 3.", "By kind", "few *", "A note."))
    assert repr(report(TABLE)) == "<Report report: Title>"
    assert "few *" in str(report(TABLE).tables[TABLE.key])


def test_files_hold_what_the_methods_return(tmp_path):
    found = report(replace(TABLE, key="rates"))
    for name in ("html", "markdown", "latex", "json"):
        write = getattr(found, f"to_{name}")
        text = write(tmp_path / name)
        assert (tmp_path / name).read_text(encoding="utf-8") == text == write()
    assert json.loads(found.to_json())["figures"]["pass_rate"]["value"] == 0.5
    assert [path.name for path in found.to_csv(tmp_path / "tables")] == ["rates.csv"]


def test_charts_are_drawn_by_the_report_where_it_brings_a_drawer():
    assert report(TABLE, draw=lambda of: {"mine": of.title}).charts == {"mine": "Title"}
    assert report(Table("slices:k", "By k", (COLUMNS[0], Column("pass_rate", "pass rate", "share")), (("a", Estimate(0.5, 0.4, 0.6)),))).charts.keys() == {"slices:k"}  # fmt: skip


def test_image_folders_are_no_public_facts():
    about = {"judge": "m", "image root": "/a", "image root of B": "/b"}
    content = ReportContent("report", "T", (), (), (), {}, about, ())
    assert content.facts == {"judge": "m"}
    assert content.image_roots == [Path("/a"), Path("/b")]
