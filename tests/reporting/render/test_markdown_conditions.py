"""What Markdown marks, folds and leaves out."""

import pytest

from judge.reporting.document import Case, Column, Judgment, ReportContent, Section, Table
from judge.reporting.render.markdown import to_markdown

COLUMNS = (Column("a", "name"), Column("n", "n", "count"), Column("m", "m", "count"))


def report(*sections):
    return ReportContent("report", "Title", ("Found.",), (), sections, {}, {}, ())


def section(key, rows=(("x", 1, 2),), **more):
    return Section(key, f"Section {key}", tables=(Table(key, f"Table {key}", COLUMNS, rows, **more),))


def test_only_the_first_cell_of_a_small_row_is_marked():
    rows = (("few", 3, 4), ("many", 30, 40))
    lines = to_markdown(report(section("t", rows, small=(0,)))).splitlines()
    assert "| few \\* | 3 | 4 |" in lines
    assert "| many | 30 | 40 |" in lines


def test_parts_up_to_the_limit_stay_and_the_first_that_exceeds_it_goes():
    found = report(section("a"), section("b"), section("c"))
    whole = to_markdown(found)
    assert to_markdown(found, len(whole)) == whole

    def kept(limit):
        return [key for key in "abc" if f"**Table {key}**" in to_markdown(found, limit)]

    least = next(n for n in range(len(whole)) if kept(n) == ["a"])
    before, block = whole.split("**Table a**")[0], whole.split("\n\n<details>")[0]
    assert kept(least - 1) == []
    assert least <= len(block)
    assert least >= len(block) - len(before)
    assert "Omitted for length: Section a" in to_markdown(found, least - 1)


def test_a_block_that_just_fits_is_kept():
    # Title and verdict hold 8 and 10 characters; the separators of two blocks are counted as each is added.
    found = report(section("a"))
    first = to_markdown(found).split("\n\n", 2)[2].rpartition("\n\n<details>")[0]
    limit = len("## Title") + len("**Found.**") + len(first)
    assert "**Table a**" in to_markdown(found, limit)
    assert "**Table a**" not in to_markdown(found, limit - 1)


@pytest.mark.parametrize(("reference", "is_shown"), [("the truth", True), ("", True), (None, False)])
def test_a_case_has_a_line_for_its_reference_where_it_has_one(reference, is_shown):
    judgment = Judgment("", "an answer", "fail", {"clarity": 2.0, "wit": None}, {})
    case = Case("q1", "Why?", reference, (), {}, "worst", (judgment,))
    text = to_markdown(report(Section("cases", "Cases", cases=(case,))))
    assert ("- reference:" in text) is is_shown
    assert "- fail: clarity 2, wit –" in text
    assert "- answer: an answer" in text


def test_an_empty_answer_and_the_run_of_an_answer_are_named():
    judgments = (Judgment("A", "", "fail", {}, {}), Judgment("B", "b", "", {"clarity": 4.5}, {}))
    text = to_markdown(
        report(Section("cases", "Cases", cases=(Case("q1", "?", None, (), {}, "lost", judgments),)))
    )
    assert "- answer: A: (empty)" in text
    assert "- A: fail\n" in text
    assert "- B: clarity 4.5" in text
