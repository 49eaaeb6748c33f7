"""What a page folds, cuts, narrows and numbers."""

import re

import pytest

from judge.reporting.document import Column, ReportContent, Section, Table
from judge.reporting.render.html import page, sentence
from judge.reporting.render.page_answers import LONGEST_TEXT, block
from judge.reporting.render.page_table import MOST_COLUMNS, PageTable, origin
from judge.stats.engine.estimate import Estimate

A = Estimate(0.5, 0.4, 0.6, method="wilson")


def report(*sections):
    return ReportContent("report", "Title", ("V",), (), sections, {}, {}, ())


def table(key="t", *, n_columns=2, n_detail=0, rows=1, **more):
    columns = [Column(f"c{i}", f"c{i}", "count", detail=i >= n_columns - n_detail) for i in range(n_columns)]
    return Table(
        key, f"Table {key}", tuple(columns), tuple(tuple(range(n_columns)) for _ in range(rows)), **more
    )


# --- text


@pytest.mark.parametrize(("n", "is_cut"), [(9, False), (10, False), (11, True)])
def test_a_text_up_to_its_limit_is_whole_and_a_longer_one_says_how_long_it_is(n, is_cut):
    found = block("x" * n, 10)
    assert found == ("x" * 10 + f" … ({n} characters)" if is_cut else "x" * n)


def test_lines_keep_their_indent_and_tabs_are_four_columns_apart():
    assert block("a\n\tb\n  c \n\nd") == "a\n    b\n  c\n\nd"
    assert len(block("x" * (LONGEST_TEXT + 1))) > LONGEST_TEXT


def test_numbers_and_units_stay_together():
    assert sentence("p < .001 and 79.5 % of 3 items").replace("\N{NO-BREAK SPACE}", "_").count("_") >= 1
    assert sentence("a b") == "a b"


# --- tables


@pytest.mark.parametrize(("n", "n_detail", "left"), [(0, 2, 0), (1, 2, 2), (1, 0, 0)])
def test_detail_columns_go_where_there_are_too_many_columns(n, n_detail, left):
    found = PageTable.of(table(n_columns=MOST_COLUMNS + n, n_detail=n_detail)).table
    assert len(found.columns) == MOST_COLUMNS + n - left
    assert {len(row) for row in found.rows} == {len(found.columns)}
    assert len(found.notes) == (1 if left else 0)
    if left:
        assert f"c{MOST_COLUMNS - 1}, c{MOST_COLUMNS}" in found.notes[0]


def test_methods_of_intervals_name_columns_level_resamples_and_seed():
    columns = (Column("a", "first", "share"), Column("b", "second", "share"), Column("n", "n", "count"))
    boot = Estimate(0.5, 0.4, 0.6, method="bca", confidence_level=0.9, n_resamples=10_000, seed=7)
    found = origin(Table("t", "T", columns, ((A, boot, 3), (A, A, None))))
    assert "95 % Wilson (first, second)" in found
    assert re.search(r"90 % .*, 10,000 resamples, seed 7 \(second\)", found)
    assert origin(Table("t", "T", columns[2:], ((3,),))) == ""
    no_seed = Estimate(0.5, 0.4, 0.6, method="wilson", seed=7)
    assert "seed" not in origin(Table("t", "T", columns[:1], ((no_seed,),)))


# --- sections


def anchors(*keys):
    text = page(report(*(Section(key, key, tables=(table(key),)) for key in keys)), {})
    return re.findall(r'<section[^>]* id="([^"]*)"', text) or re.findall(r'id="([^"]*)"', text)


def test_anchors_are_ascii_and_unique():
    found = anchors("by kind", "by-kind", "By Kind", "日本", "content")
    wanted = ["by-kind", "by-kind-2", "by-kind-3", "section", "content-2"]
    assert [name for name in found if name in wanted] == wanted


@pytest.mark.parametrize(
    ("lead", "n_tables", "is_shown"), [((), 0, False), (("Lead.",), 0, True), ((), 1, True)]
)
def test_an_empty_section_is_left_out(lead, n_tables, is_shown):
    tables = tuple(table(f"t{k}") for k in range(n_tables)) or (table("none", rows=0),)
    assert (
        "Heading of it" in page(report(Section("s", "Heading of it", lead=lead, tables=tables)), {})
    ) is is_shown


def test_detail_tables_are_folded_and_others_are_open():
    text = page(report(Section("s", "S", tables=(table("open"), table("folded", detail=True)))), {})
    before, after = text.split("Table open")[0], text.split("Table folded")[0]
    assert before.count("<details") == before.count("</details")
    assert after.count("<details") == after.count("</details") + 1
