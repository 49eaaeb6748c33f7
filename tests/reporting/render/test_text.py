"""The report in a terminal."""

import io
import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from judge.reporting.builders.comparison import build_comparison
from judge.reporting.builders.run_data import RunData
from judge.reporting.builders.single_run import build_audit, build_report
from judge.reporting.document import Column, Seconds, Section, Table
from judge.reporting.render.text import MOST_LINES, clean, print_report
from judge.reporting.report import Report
from judge.stats.engine.estimate import Estimate

NASTY = "\x1b[31mred\x1b[0m \x1b]0;title\x07 [bold]x[/bold] <script>alert(1)</script> \u202eevil \U000e0041\x00 日本語の長い名前"


def printed(report, width=80):
    file = io.StringIO()
    print_report(report, file, width)
    return file.getvalue()


def report_of(*tables, **more):
    empty = {"verdict": (), "warnings": (), "estimates": {}, "about": {}, "methods": ()}
    sections = tuple(Section(table.key, table.title, tables=(table,)) for table in tables)
    return Report("report", "Title", **{**empty, "sections": sections, **more})


@given(st.text())
def test_clean_text_is_one_line_without_control_characters(text):
    line = clean(text)
    assert all(c in "\u200c\u200d" or unicodedata.category(c)[0] != "C" for c in line)
    assert len(line.splitlines()) <= 1


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("a\x1b[31mb\x1b[0m", "ab"),
        ("\x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("a\u202eb\u2066c", "abc"),
        ("one\r\n\ttwo", "one two"),
        ("\U000e0041\U000e0042x", "x"),
        ("👩‍🔬", "👩‍🔬"),
        ("\x00\x07", ""),
    ],
    ids=["colour", "hyperlink", "bidi", "lines", "tags", "emoji joiner", "nothing left"],
)
def test_clean_takes_out_what_is_not_text(text, cleaned):
    assert clean(text) == cleaned


def test_long_text_is_cut_with_an_ellipsis():
    assert clean("x" * 50, 10) == "x" * 9 + "…"


@pytest.mark.parametrize("width", [60, 80, 120])
def test_no_line_is_wider_than_the_terminal(make_table, width):
    rows = [
        {
            "accuracy": 1 + i % 5,
            "clarity": 4,
            "kind": "k" * 30 if i % 2 else NASTY[:35],
            "question": NASTY * 3,
            "answer": NASTY,
        }
        for i in range(12)
    ]
    table = make_table(rows)
    reports = (
        build_report(RunData(table)),
        build_audit(RunData(table)),
        build_comparison(RunData(table), RunData(table)),
    )
    for report in reports:
        assert max(map(cell_len, printed(report, width).splitlines())) <= width


def test_nothing_from_data_acts_on_the_terminal(make_table):
    row = {
        "accuracy": 1,
        "clarity": 4,
        "question": NASTY,
        "answer": NASTY,
        "reference": NASTY,
        "reasons": {"accuracy": NASTY},
    }
    text = printed(build_report(RunData(make_table([{**row, "id": NASTY}], name=NASTY))))
    assert not set(text) & set("\x1b\x07\x00\u202e\U000e0041")
    assert "[bold]x[/bold]" in text


@pytest.mark.parametrize(
    "together",
    [
        "64.3 % [62.5, 66.0]",
        "+0.06 [95 %: 0.01, 0.11]",
        "0.31 points [-0.05, 1,204.00]",
        "2.5 percentage points [-inf, 3.1]",
        "20 min",
        "0.03 s",
        "p < .001",
    ],
)
def test_a_number_its_unit_and_its_interval_are_never_torn_apart(together):
    verdict = tuple("x" * n + f" {together} of failing answers" for n in range(40, 80))
    assert printed(report_of(verdict=verdict)).count(together) == 40


def test_columns_that_do_not_fit_follow_below_with_the_label_repeated():
    columns = (Column("a", "label"), *(Column(f"c{i}", f"column{i}", "count") for i in range(20)))
    text = printed(report_of(Table("t", "Table", columns, (("row one", *range(20)),))))
    assert text.count("row one") > 1
    assert all(f"column{i}" in text for i in range(20))


def test_long_names_of_runs_break_at_their_hyphens():
    columns = (Column("a", ""), Column("b", "answers-of-everybody-to-everything", "count"))
    text = printed(report_of(Table("t", "T", columns, (("x", 1),))))
    assert "everybody-\n" in text
    assert "answers-of-everybody" not in text


def test_small_rows_are_marked():
    table = Table(
        "t", "T", (Column("a", "a"), Column("n", "n", "count")), (("few", 3), ("many", 300)), small=(0,)
    )
    lines = printed(report_of(table)).splitlines()
    assert any(line.startswith("few *") for line in lines)
    assert any(line.startswith("many  ") for line in lines)


def test_details_stay_out_of_the_terminal():
    columns = (Column("a", "a"), Column("b", "hidden", "count", detail=True))
    text = printed(
        report_of(
            Table("t", "Shown", columns, (("x", 7),)), Table("u", "Unseen", columns, (("y", 8),), detail=True)
        )
    )
    assert "Shown" in text
    assert "hidden" not in text
    assert "Unseen" not in text


def test_an_undefined_number_says_why():
    table = Table(
        "t", "T", (Column("a", ""), Column("e", "rate", "share")), (("x", Estimate.undefined("no_ratings")),)
    )
    assert "– (no ratings)" in printed(report_of(table))


# --- the short form


def long_table(key, n_rows, n_columns=1):
    columns = (Column("a", "label"), *(Column(f"c{i}", f"column{i}", "count") for i in range(n_columns)))
    rows = tuple((f"row{i}", *range(n_columns)) for i in range(n_rows))
    return Table(key, f"Table {key}", columns, rows, ("A note.",))


def short_report(*tables, **more):
    return report_of(*tables, **{"short": tuple(table.key for table in tables), **more})


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("n_reserved", [0, 8])
def test_a_short_report_has_at_most_thirty_lines_whatever_it_finds(width, n_reserved):
    many = tuple(f"Sentence {i} " + "x " * 50 for i in range(9))
    report = short_report(long_table("t", 300, 30), long_table("u", 5), verdict=many, warnings=many)
    file = io.StringIO()
    print_report(report, file, width, n_reserved=n_reserved)
    lines = file.getvalue().splitlines()
    assert len(lines) <= 30 - n_reserved
    assert "• Sentence 0" in file.getvalue()
    assert "! Sentence 0" in file.getvalue()
    assert "row2" in file.getvalue()
    assert "Table u" not in file.getvalue()
    assert lines[-1].startswith("More: --sections all, or some of t, u, methods")


def test_a_first_sentence_is_whole_however_long_it_is():
    report = short_report(long_table("t", 40), verdict=("word " * 600, "Another."))
    text = printed(report)
    assert text.count("word") == 600
    assert "• 1 more (--sections all)" in text
    assert "row2" in text


def test_what_is_left_out_of_a_short_report_is_counted():
    sentences = tuple(f"Sentence {i}." for i in range(12))
    text = printed(short_report(long_table("t", 40), verdict=sentences))
    assert "• 4 more (--sections all)" in text
    assert "Sentence 7" in text
    shown = text.count("row")
    assert f"{40 - shown} more: --sections t" in text


def test_a_table_loses_its_notes_first_and_then_the_columns_below():
    assert "A note." in printed(short_report(long_table("t", 20)))
    without_notes = printed(short_report(long_table("t", 21)))
    assert "A note." not in without_notes
    assert "more:" not in without_notes
    narrow = printed(short_report(long_table("t", 12, 20)))
    assert "More columns: --sections t" in narrow
    assert narrow.count("row11") == 1


@pytest.mark.parametrize(("n_rows", "n_found"), [(5, 13), (8, 11), (9, 10), (12, 8)])
def test_findings_take_the_lines_that_the_whole_main_table_leaves(n_rows, n_found):
    found = tuple(f"Sentence {i}." for i in range(16))
    text = printed(short_report(long_table("t", n_rows), verdict=found))
    assert MOST_LINES - 2 <= len(text.splitlines()) <= MOST_LINES
    assert f"row{n_rows - 1}" in text
    assert text.count("Sentence") == n_found
    assert f"• {16 - n_found} more (--sections all)" in text


def test_further_tables_are_shown_where_they_fit():
    text = printed(short_report(long_table("t", 3), long_table("u", 30), long_table("v", 3)))
    assert "Table t" in text
    assert "Table u" not in text
    assert "Table v" in text
    assert text.splitlines()[-1] == "More: --sections all, or some of u, methods."


def test_a_short_report_without_tables_and_warnings_is_its_findings():
    text = printed(report_of(verdict=("Found.",), short=("t", "methods")))
    assert text.splitlines() == ["Title", "", "• Found."]


def test_chosen_sections_are_printed_whole_with_all_findings():
    report = short_report(long_table("t", 100), verdict=tuple(f"Sentence {i}." for i in range(20)))
    text = report.to_text("t")
    assert "row99" in text
    assert "Sentence 19" in text
    assert "More:" not in text


def test_durations_have_the_units_that_people_use():
    table = Table("t", "T", (Column("a", ""), Column("b", "time", "number")), (("x", Seconds(8400)),))
    assert "2 h 20 min" in printed(report_of(table))
    assert json.loads(report_of(table).to_json())["tables"]["t"]["rows"] == [{"a": "x", "b": 8400}]


def test_a_brief_column_shows_estimates_without_intervals():
    columns = (Column("a", ""), Column("b", "brief", "score", brief=True), Column("c", "whole", "score"))
    estimate = Estimate(0.9, 0.8, 0.95)
    table = Table("t", "T", columns, (("x", estimate, estimate), ("y", Estimate(float("nan")), None)))
    lines = printed(report_of(table)).splitlines()
    assert any(line.split() == ["x", "0.90", "0.90", "[0.80,", "0.95]"] for line in lines)
    assert any(line.split() == ["y", "–", "–"] for line in lines)
