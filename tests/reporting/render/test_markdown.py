"""Markdown for a pull request: read as GitHub's dialect reads it."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from judge.reporting.builders.comparison import build_comparison
from judge.reporting.builders.run_data import RunData
from judge.reporting.builders.single_run import build_report
from judge.reporting.render.markdown import LIMIT, escape, to_markdown

PASS, FAIL = {"accuracy": 4, "clarity": 4}, {"accuracy": 1, "clarity": 4}
NASTY = "<script>alert(1)</script> | *a* _b_ [c](http://e.org) `d` ![e](f) @team #7 ~~g~~ $h$ <!-- i"
GITHUB = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


@pytest.fixture(scope="module")
def report(make_table):
    rows = [{**(FAIL if i % 3 else PASS), "kind": "ab"[i % 2]} for i in range(60)]
    return build_report(RunData(make_table(rows), about={"judge": "robot", "image root": "/home/somebody"}))


def tags(text):
    return set(re.findall(r"<(\w+)", GITHUB.render(text)))


def test_verdict_comes_first_and_in_bold(report):
    lines = to_markdown(report).splitlines()
    assert lines[0] == "## run: 60 answers judged by robot"
    assert lines[2] == f"**{escape(report.verdict[0])}**"


def test_tables_are_tables(report):
    html = GITHUB.render(to_markdown(report))
    shown = [table for table in report.tables.values() if table.rows and not table.detail]
    assert html.count("<table>") == len(shown)
    assert all(f"<td>{row[0]}" in html for table in shown for row in table.rows if table.key != "anomalies")


def test_the_first_section_stands_open_and_the_rest_is_folded(report):
    text = to_markdown(report)
    assert text.index("Pass rates") < text.index("<details>") < text.index("By kind")
    assert text.count("<details>") == text.count("</details>")


@pytest.mark.parametrize(
    "text", [NASTY, "- x", "1. x", "# x", "+ x", "> x", "    x", "a\nb", "www.e.org", "![x](y)"]
)
def test_text_from_data_marks_nothing_up(text):
    assert tags(f"{escape(text)}") <= {"p", "!"}
    assert tags(f"- {escape(text)}") <= {"ul", "li"}


@given(st.text(alphabet="<>&|*_`[]()!#@~$\\-+=1. ab\n", max_size=30))
def test_any_text_marks_nothing_up(text):
    assert tags(f"x {escape(text)}") <= {"p"}


@given(st.text(alphabet="<>&|*_`\\ab", min_size=1, max_size=12))
def test_any_text_stays_in_its_cell(text):
    html = GITHUB.render(f"| a | b |\n| --- | --- |\n| x{escape(text)}x | y |\n")
    assert html.count("<td>") == 2


def test_people_and_issues_are_not_called():
    assert escape("@team") == "@<!-- -->team"
    assert escape("see #12") == "see #<!-- -->12"


def test_addresses_are_no_links():
    assert "://" not in escape("https://e.org")
    assert "www." not in escape("www.e.org")


def test_nothing_from_data_acts_in_a_whole_report(make_table):
    row = {**FAIL, "id": NASTY, "question": NASTY, "answer": NASTY, "reference": NASTY, "kind": NASTY[:30]}
    a = make_table([row, *[{**PASS, "kind": "b"}] * 30], name=NASTY)
    b = make_table([{**row, **PASS}, *[{**PASS, "kind": "b"}] * 30], name=f"{NASTY}2")
    for report in (build_report(RunData(a)), build_comparison(RunData(a), RunData(b))):
        text = to_markdown(report)
        allowed = {
            "h2",
            "p",
            "strong",
            "ul",
            "ol",
            "li",
            "blockquote",
            "table",
            "thead",
            "tbody",
            "tr",
            "th",
            "td",
            "details",
            "summary",
        }
        assert tags(text) - {"script"} <= allowed
        assert "<script" not in GITHUB.render(text)
        assert "@team" not in text


def test_paths_of_this_machine_stay_here(report):
    assert "somebody" not in to_markdown(report)


def test_what_does_not_fit_is_left_out_and_named(report):
    full, short = to_markdown(report), to_markdown(report, 1500)
    assert len(full) < LIMIT
    assert len(short) < 1700
    assert "Omitted for length: " in short
    assert short.startswith(full[:400])


def test_same_report_gives_the_same_text(report):
    assert to_markdown(report) == to_markdown(report)
