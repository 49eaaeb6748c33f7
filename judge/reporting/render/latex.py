"""The tables of a Report as LaTeX (booktabs), for papers."""

import re
from collections.abc import Iterator, Sequence

from judge.reporting.document import ReportContent, Table
from judge.reporting.methods import methods_of
from judge.reporting.references import Reference
from judge.reporting.render.numbers import cell_text
from judge.reporting.render.text import clean

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "`": r"\textasciigrave{}",
    "[": "{[}",  # after a line break or \item, a bare bracket would open an optional argument
    "]": "{]}",
    "–": "--",
    "—": "---",
    "…": r"\ldots{}",
    "±": r"\ensuremath{\pm}",
    "≥": r"\ensuremath{\geq}",
    "≤": r"\ensuremath{\leq}",
    "\N{NO-BREAK SPACE}": "~",
}
_OPTION = "--sections"
"""Notes that name this option are for the terminal."""
_NO_LABEL = re.compile(r"[^A-Za-z0-9]+")


def to_latex(report: ReportContent, sections: Sequence[str] = ()) -> str:
    r"""Every table with numbers as a float with caption and label, then the methods; needs booktabs.

    Columns marked as detail are omitted. Non-Latin scripts need LuaLaTeX or XeLaTeX and a suitable font.

    Parameters
    ----------
    report : ReportContent
        What is written.
    sections : sequence of str
        Names of the sections whose tables are written; none: all.
    """
    chosen = [section for section in report.sections if not sections or section.name in sections]
    tables = [t for section in chosen for t in section.tables if t.rows and _has_numbers(t)]
    head = [f"% {clean(report.title)}", r"% \usepackage{booktabs}", *_about(report)]
    return "\n".join([*head, *(_table(table) for table in tables), *_methods(report)]) + "\n"


def escape(text: str) -> str:
    r"""Escape text for LaTeX.

    >>> escape("100 % of $x_1$ & \\more")
    '100 \\% of \\$x\\_1\\$ \\& \\textbackslash{}more'
    """
    return "".join(_SPECIAL.get(letter, letter) for letter in clean(text))


def _about(report: ReportContent) -> Iterator[str]:
    for name, text in report.facts.items():
        yield f"% {clean(name)}: {clean(text)}"


def _methods(report: ReportContent) -> Iterator[str]:
    """Methods as a paragraph, and the papers that it cites as a bibliography."""
    methods = methods_of(report)
    yield ""
    yield rf"\paragraph{{Methods}} {methods.cited(escape, _cite)}"
    if methods.references:
        yield ""
        yield rf"\begin{{thebibliography}}{{{len(methods.references)}}}"
        for one in methods.references:
            yield rf"\bibitem{{{one.key}}} {escape(str(one))}"
        yield r"\end{thebibliography}"


def _cite(found: tuple[Reference, ...]) -> str:
    return rf"~\cite{{{','.join(one.key for one in found)}}}"


def _has_numbers(table: Table) -> bool:
    return any(column.kind != "text" for column in table.columns)


def _table(table: Table) -> str:
    shown = [i for i, column in enumerate(table.columns) if not column.detail]
    align = "".join("l" if table.columns[i].kind == "text" else "r" for i in shown)
    rows = [" & ".join(_cell(table, r, i) for i in shown) + r" \\" for r in range(len(table.rows))]
    notes = [rf"\par\smallskip\footnotesize {escape(note)}" for note in table.notes if _OPTION not in note]
    lines = [
        "",
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{escape(table.title)}}}",
        rf"\label{{tab:{_NO_LABEL.sub('-', table.key).strip('-')}}}",
        rf"\begin{{tabular}}{{{align}}}",
        r"\toprule",
        " & ".join(escape(table.columns[i].title) for i in shown) + r" \\",
        r"\midrule",
        *rows,
        r"\bottomrule",
        r"\end{tabular}",
        *notes,
        r"\end{table}",
    ]
    return "\n".join(lines)


def _cell(table: Table, row: int, column: int) -> str:
    text = escape(cell_text(table.rows[row][column], table.columns[column].kind))
    return text + (r"\textsuperscript{*}" if column == 0 and row in table.small else "")
