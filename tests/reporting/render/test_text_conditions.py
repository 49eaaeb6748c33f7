"""Cases in a terminal: whose answer, which scores, and how far they are indented."""

import io

import pytest

from judge.reporting.document import Case, Column, Judgment, ReportContent, Section, Table
from judge.reporting.render.text import print_report, table_text
from judge.stats.engine.estimate import Estimate


def printed(*judgments, reference=None, note="worst", width=80):
    case = Case("q1", "Why?", reference, (), {}, note, judgments)
    file = io.StringIO()
    print_report(
        ReportContent("report", "Title", (), (), (Section("worst", "Worst", cases=(case,)),), {}, {}, ()),
        file,
        width,
    )
    return file.getvalue().splitlines()


def judgment(label="", answer="because", outcome="fail", **more):
    return Judgment(label, answer, outcome, {"clarity": 2.0, "big_wit": None}, **{"reasons": {}, **more})


def test_lines_of_a_case_are_indented_by_two_below_its_id():
    lines = printed(judgment(), reference="truth")
    start = lines.index("q1")
    assert lines[start + 1] == "  worst"
    labels = [line.split()[0] for line in lines[start + 2 : start + 6]]
    assert labels == ["question", "reference", "answer", "scores"]
    assert all(line[:2] == "  " and line[2] != " " for line in lines[start + 2 : start + 6])


@pytest.mark.parametrize(("reference", "is_shown"), [("truth", True), (None, False)])
def test_a_reference_is_a_line_where_there_is_one(reference, is_shown):
    assert any("reference" in line for line in printed(judgment(), reference=reference)) is is_shown


def test_scores_follow_the_outcome_and_missing_ones_are_a_dash():
    assert any(line.endswith("fail: clarity 2, big wit –") for line in printed(judgment()))
    assert any(
        line.split() == ["scores", "clarity", "2,", "big", "wit", "–"]
        for line in printed(judgment(outcome=""))
    )


def test_an_empty_answer_is_said_to_be_empty():
    assert any(line.split() == ["answer", "(empty)"] for line in printed(judgment(answer="")))


def test_equal_answers_of_several_judges_are_shown_not_at_all_and_different_ones_each_with_its_run():
    same = printed(judgment("A"), judgment("B"))
    assert not any("because" in line for line in same)
    assert [line.split()[0] for line in same if "fail:" in line] == ["A", "B"]
    other = printed(judgment("A"), judgment("B", answer="since"))
    assert any("A: because" in line for line in other)
    assert any("B: since" in line for line in other)


def test_the_answer_of_a_single_run_is_shown():
    assert any(line.split() == ["answer", "because"] for line in printed(judgment()))


def test_reasons_follow_by_dimension():
    lines = printed(judgment(reasons={"big_wit": "not funny"}))
    assert any(line.strip() == "big wit: not funny" for line in lines)


def rates(n):
    columns = (Column("a", ""), *(Column(f"r{k}", f"r{k}", "share") for k in range(n)))
    return Table("t", "T", columns, (("x", *[Estimate(0.795, 0.784, 0.805)] * n),))


@pytest.mark.parametrize(("n", "cell"), [(2, "79.5 % [78.4, 80.5]"), (3, "80 [78, 80]")])
def test_a_table_of_more_than_two_estimates_has_the_short_form(n, cell):
    text = " ".join(table_text(rates(n)).split())
    assert text.count(cell) == n


def test_texts_from_data_are_neither_markup_nor_emoji_nor_highlighted():
    table = Table("t", ":smile: [bold]T[/bold]", (Column("a", "a"),), (("[red]x[/red] :cat: 123",),))
    text = table_text(table)
    assert ":smile: [bold]T[/bold]" in text
    assert "[red]x[/red] :cat: 123" in text
    assert "\x1b" not in text
