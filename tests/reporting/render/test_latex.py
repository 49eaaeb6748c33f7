"""LaTeX: every table, and nothing from data is a command."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from judge.errors import InputError
from judge.reporting.builders.run_data import RunData
from judge.reporting.builders.single_run import build_report
from judge.reporting.document import Column, Section, Table
from judge.reporting.render.latex import escape, to_latex
from judge.reporting.report import Report
from judge.stats.engine.estimate import Estimate

ESCAPES = re.compile(r"\\text\w+\{\}|\\ensuremath\{\\\w+\}|\\ldots\{\}|\\[{}$&#%_]|\{[\[\]]\}")


def report_of(*tables, about=None):
    return Report("report", "T", (), (), (Section("s", "S", tables=tables),), {}, about or {}, ())


def test_a_table_is_written_with_booktabs():
    columns = (
        Column("slice", "kind"),
        Column("rate", "pass rate", "share"),
        Column("p", "p", "p", detail=True),
    )
    rows = (("a_b", Estimate(0.5, 0.4, 0.6), 0.01), ("c & d", Estimate(0.7, 0.6, 0.8), 0.2))
    table = Table("slices:kind", "By kind, 100 %", columns, rows, ("* few.",), small=(1,))
    assert (
        to_latex(report_of(table)).partition("\n\\paragraph{Methods}")[0]
        == r"""% T
% \usepackage{booktabs}
% \usepackage[T1]{fontenc}
% Wide tables are fitted to a text width of 345 pt (article, one column, 10 pt).

\begin{table}
\centering
\caption{By kind, 100 \%}
\label{tab:slices-kind}
\begin{tabular}{lr}
\toprule
kind & pass rate \\
\midrule
a\_b & 50.0 \% {[}40.0, 60.0{]} \\
c \& d\textsuperscript{*} & 70.0 \% {[}60.0, 80.0{]} \\
\bottomrule
\end{tabular}
\par\smallskip\footnotesize * few.
\end{table}
"""
    )


def tabulars(text):
    """Alignment of each column (l, r or p), and body of every tabular."""
    found = re.findall(r"\\begin\{tabular\}\{((?:[lr]|p\{\d+pt\})+)\}(.*?)\\end\{tabular\}", text, re.DOTALL)
    assert len(found) == text.count(r"\begin{tabular}")
    return [(re.sub(r"\{\d+pt\}", "", columns), body) for columns, body in found]


def rates(n, label="a", n_rows=1):
    """Table of n estimates in each row."""
    columns = (Column("label", ""), *(Column(f"c{i}", "rate", "share") for i in range(n)))
    return Table("t", "T", columns, ((label, *[Estimate(0.5, 0.4, 0.6)] * n),) * n_rows)


@given(st.text(max_size=40))
def test_no_text_is_a_command(text):
    rest = ESCAPES.sub("", escape(text))
    assert not set(rest) & set('\\{}$&#%_^<>|[]"`')


def test_tables_have_as_many_cells_as_columns(make_table):
    rows = [{"accuracy": 1 + i % 5, "clarity": 4, "kind": "a&b" if i % 2 else "c\\d"} for i in range(60)]
    text = to_latex(build_report(RunData(make_table(rows))))
    assert text.count(r"\begin{tabular}") == text.count(r"\end{tabular}") > 5
    for columns, body in tabulars(text):
        for line in body.splitlines():
            if line.endswith(r"\\"):
                assert len(re.findall(r"(?<!\\)&", line)) == len(columns) - 1


def test_a_note_about_an_option_of_the_command_line_is_left_out():
    table = Table(
        "t", "T", (Column("n", "n", "count"),), ((1,),), ("Weighted.", "Intervals: --sections all.")
    )
    text = to_latex(report_of(table))
    assert "Weighted." in text
    assert "Intervals" not in text


def test_sections_are_chosen_by_their_names():
    table = Table("t", "T", (Column("n", "n", "count"),), ((1,),))
    report = report_of(table)
    assert r"\label{tab:t}" in report.to_latex(sections="s")
    assert r"\label{tab:t}" not in report.to_latex(sections=("methods",))
    with pytest.raises(InputError, match="no section 'x'; this report has: s, methods, all"):
        report.to_latex(sections="x")


def test_labels_are_unique(make_table):
    rows = [{"accuracy": 1 + i % 5, "clarity": 4, "kind": "ab"[i % 2]} for i in range(60)]
    labels = re.findall(r"\\label\{(.*?)\}", to_latex(build_report(RunData(make_table(rows)))))
    assert len(labels) == len(set(labels))


@pytest.mark.parametrize("name", ["anomaly:empty", "rubric"])
def test_lists_of_texts_are_no_tables_of_a_paper(name):
    table = Table(
        name, "List", (Column("item", "item"), Column("found", "found")), (("a", "b"),), detail=True
    )
    assert "List" not in to_latex(report_of(table))


def test_facts_stand_as_comments_and_cannot_leave_them():
    text = to_latex(report_of(about={"judge": "a\n\\input{b}", "image root": "/home/somebody"}))
    assert "% judge: a \\input{b}\n" in text
    assert "somebody" not in text


@pytest.mark.parametrize(
    ("n", "size", "n_parts"),
    [
        (3, "", 1),
        (4, r"\small", 1),
        (5, r"\footnotesize", 1),
        (7, r"\footnotesize", 1),
        (14, r"\footnotesize", 2),
    ],
)
def test_a_wide_table_gets_smaller_and_is_then_split(n, size, n_parts):
    text = to_latex(report_of(rates(n)))
    assert re.findall(r"\\label\{.*\}\n(\\\w+)?", text) == [size or r"\begin"]
    found = tabulars(text)
    assert len(found) == n_parts
    assert sum(columns.count("r") for columns, _ in found) == n
    assert all(columns.startswith("l") and "\na & " in body for columns, body in found)


def test_intervals_go_below_their_estimates_where_they_do_not_fit_beside_them():
    ((_, body),) = tabulars(to_latex(report_of(rates(7))))
    first, second = body.split(r"\midrule")[1].strip().splitlines()[:2]
    assert first.startswith(r"a & 50.0 \% & 50.0 \%")
    assert second.startswith(r" & \scriptsize {[}40.0, 60.0{]} &")
    plain = Table(
        "t", "T", (Column("a", ""), *(Column(f"n{i}", "n" * 9, "count") for i in range(9))), ((1,) * 10,)
    )
    text = to_latex(report_of(plain))
    assert len(tabulars(text)) == 2
    assert r"\scriptsize" not in text


def test_a_long_table_goes_on_in_further_floats_with_the_same_number_and_one_label():
    text = to_latex(report_of(replace(rates(1, n_rows=100), notes=("A note.",))))
    assert text.count(r"\begin{table}") == text.count(r"\bottomrule") == 3
    assert text.count(r"\caption{T (continued)}") == text.count(r"\addtocounter{table}{-1}") == 2
    assert text.count(r"\label{tab:t}") == text.count("A note.") == 1


def test_long_headings_and_labels_wrap_in_a_wide_table():
    table = rates(4, label="a label of many words that goes on and on")
    columns = (
        table.columns[0],
        *(replace(c, title="share of all answers that pass") for c in table.columns[1:]),
    )
    text = to_latex(report_of(replace(table, columns=columns)))
    ((alignment, body),) = tabulars(text)
    assert alignment == "prrrr"
    assert r"\shortstack[r]{" in body


def test_a_negative_number_has_a_minus_sign_and_a_name_keeps_its_hyphen():
    columns = (Column("label", ""), Column("d", "d", "change"))
    text = to_latex(report_of(Table("t", "T", columns, (("gpt-5", Estimate(-0.25, -0.5, 0.1)),))))
    assert r"gpt-5 & $-$0.25 {[}$-$0.50, 0.10{]} \\" in text


def test_a_table_without_any_figure_is_left_out():
    assert r"\begin{table}" not in to_latex(report_of(Table("t", "T", rates(1).columns, (("a", None),))))
    empty = Table("t", "T", rates(2).columns, (("a", None, Estimate(0.5)),))
    assert "Without a value in every row: rate." in to_latex(report_of(empty))
