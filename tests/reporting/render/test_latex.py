"""LaTeX: every table, and nothing from data is a command."""

import re

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


@given(st.text(max_size=40))
def test_no_text_is_a_command(text):
    rest = ESCAPES.sub("", escape(text))
    assert not set(rest) & set('\\{}$&#%_^<>|[]"`')


def test_tables_have_as_many_cells_as_columns(make_table):
    rows = [{"accuracy": 1 + i % 5, "clarity": 4, "kind": "a&b" if i % 2 else "c\\d"} for i in range(60)]
    text = to_latex(build_report(RunData(make_table(rows))))
    assert text.count(r"\begin{tabular}") == text.count(r"\end{tabular}") > 5
    for columns, body in re.findall(r"\\begin\{tabular\}\{(\w+)\}(.*?)\\end\{tabular\}", text, re.DOTALL):
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
