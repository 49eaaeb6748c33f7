"""A report as a fragment of HTML for a notebook cell."""

from judge.reporting.document import Column, Section, Table
from judge.reporting.report import Report
from judge.stats.engine.estimate import Estimate

TABLE = Table(
    "slices:kind",
    "By <kind>",
    (Column("slice", "kind"), Column("rate", "pass rate", "share"), Column("p", "p-value", "p", detail=True)),
    (("<script>a", Estimate(0.5, 0.4, 0.6), 0.01),),
    ("A note.",),
    small=(0,),
)
DETAIL = Table("more", "More", (Column("x", "x"),), (("y",),), detail=True)
REPORT = Report(
    "report",
    "Title",
    ("50.0 % pass.",),
    ("Only 3 & no more.",),
    (Section("s", "S", tables=(TABLE, DETAIL)),),
    {},
    {},
    (),
)


def test_texts_from_data_are_escaped():
    html = REPORT.tables[TABLE.key]._repr_html_()
    assert "&lt;script&gt;a *" in html
    assert "<script" not in html
    assert "By &lt;kind&gt;" in html


def test_a_table_shows_its_main_columns_and_its_notes():
    html = REPORT.tables[TABLE.key]._repr_html_()
    assert "50.0 % [40.0, 60.0]" in html
    assert "p-value" not in html
    assert "A note." in html


def test_a_report_shows_findings_warnings_and_main_tables():
    html = REPORT._repr_html_()
    assert all(text in html for text in ("Title", "50.0 % pass.", "Only 3 &amp; no more.", "pass rate"))
    assert "More" not in html


def test_a_report_without_warnings_has_no_heading_for_them():
    plain = Report("report", "Title", ("Fine.",), (), (), {}, {}, ())
    assert "Warnings" not in plain._repr_html_()
