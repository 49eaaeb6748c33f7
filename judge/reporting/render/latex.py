"""The tables of a Report as LaTeX (booktabs), for papers.

A table that is wider than the text is set in a smaller size, with headings and labels of several lines, then
with its intervals below the estimates; the columns of one that is still too wide are split into blocks, which
repeat the labels.
"""

import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from judge.reporting.document import CellKind, ReportContent, Table
from judge.reporting.methods import methods_of
from judge.reporting.references import Reference
from judge.reporting.render.numbers import cell_text
from judge.reporting.render.page_table import range_text, value_text
from judge.reporting.render.shown_table import has_values, shown_table
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
TEXT_WIDTH = 345.0
"""Width of the text in points: one column of the class article, 10 pt, on A4 or letter paper."""
MOST_LINES = 44
"""Rows of one float, over all of its blocks; a longer table goes on in further floats."""
_NEGATIVE = re.compile(r"(?<![\w.])-(?=[\d.])")
_LONG_LABEL = 26
_SIZES = (
    ("", 5.0, 6.0, False, False),
    (r"\small", 4.6, 4.0, True, False),
    (r"\footnotesize", 4.25, 3.0, True, False),
    (r"\footnotesize", 4.25, 3.0, True, True),
)
"""Size, width of a digit and gap in points, and whether headings and labels wrap and intervals are below."""
_INTERVAL_SIZE = 0.88
"""Width of the intervals below estimates relative to the estimates."""
_NARROW, _NARROW_WIDTH = frozenset(" .,:;[]()|'ijlt"), 0.6
_OPTION = "--sections"
"""Notes that name this option are for the terminal."""
_NO_LABEL = re.compile(r"[^A-Za-z0-9]+")


def to_latex(report: ReportContent, sections: Sequence[str] = ()) -> str:
    r"""Every table with numbers as a float with caption and label, then the methods.

    The head of the file names the packages that it needs: booktabs, and fontenc with T1.

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
    head = [
        f"% {clean(report.title)}",
        r"% \usepackage{booktabs}",
        r"% \usepackage[T1]{fontenc}",
        "% Wide tables are fitted to a text width of 345 pt (article, one column, 10 pt).",
        *_about(report),
    ]
    pairs = ((table, shown_table(table)) for table in tables)
    floats = (made for table, shown in pairs if has_values(table, shown) for made in _floats(shown))
    return "\n".join([*head, *floats, *_methods(report)]) + "\n"


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


@dataclass(frozen=True)
class _TabularLayout:
    """Size and columns of a table; `blocks` are the columns of each part, from top to bottom."""

    size: str
    points: float
    gap: float
    wraps: bool
    stacks: bool
    blocks: tuple[tuple[int, ...], ...]


def _layout(table: Table) -> _TabularLayout:
    """The largest size in which the table fits the text; in the smallest its columns are split."""
    shown = tuple(i for i, column in enumerate(table.columns) if not column.detail)
    for size, points, gap, wraps, stacks in _SIZES:
        layout = _TabularLayout(size, points, gap, wraps, stacks, (shown,))
        if sum(_width(table, i, layout) for i in shown) <= TEXT_WIDTH:
            return layout
    return replace(layout, blocks=tuple(_blocks(table, shown, layout)))


def _blocks(table: Table, shown: Sequence[int], layout: _TabularLayout) -> Iterator[tuple[int, ...]]:
    """Split columns so that each part fits; the columns of labels are in every part."""
    n_labels = next((n for n, i in enumerate(shown) if table.columns[i].kind != "text"), len(shown))
    labels, rest = tuple(shown[:n_labels]), shown[n_labels:]
    room = TEXT_WIDTH - sum(_width(table, i, layout) for i in labels)
    block: list[int] = []
    for i in rest:
        if block and sum(_width(table, k, layout) for k in (*block, i)) > room:
            yield (*labels, *block)
            block = []
        block.append(i)
    yield (*labels, *block)


def _width(table: Table, column: int, layout: _TabularLayout) -> float:
    """Estimated width of a column in points."""
    heading = max(map(_digits, _heading(table, column, layout)))
    cells = _longest(table, column, layout)
    if _is_paragraph(table, column, layout):
        cells = min(cells, _LONG_LABEL)
    return max(heading, cells) * layout.points + 2 * layout.gap


def _digits(text: str) -> float:
    """Width of a text relative to that of a digit."""
    return sum(_NARROW_WIDTH if letter in _NARROW else 1.0 for letter in clean(text))


def _longest(table: Table, column: int, layout: _TabularLayout) -> float:
    """Width of the widest cell of a column, relative to that of a digit."""
    kind, cells = table.columns[column].kind, [row[column] for row in table.rows]
    if not layout.stacks:
        return max(_digits(cell_text(cell, kind)) for cell in cells)
    return max(
        max(_digits(value_text(cell, kind)), _INTERVAL_SIZE * _digits(range_text(cell, kind)))
        for cell in cells
    )


def _is_paragraph(table: Table, column: int, layout: _TabularLayout) -> bool:
    """Whether the texts of a column go on in a second line."""
    return layout.wraps and (
        table.columns[column].kind == "text" and _longest(table, column, layout) > _LONG_LABEL
    )


def _heading(table: Table, column: int, layout: _TabularLayout) -> list[str]:
    """Lines of a heading, which is not wider than the cells below it where it can be split."""
    title = clean(table.columns[column].title)
    if not layout.wraps:
        return [title]
    room = int(min(_longest(table, column, layout), _LONG_LABEL))
    return textwrap.wrap(title, max(room, *map(len, title.split()), 1), break_long_words=False) or [""]


def _floats(table: Table) -> Iterator[str]:
    """The table as one float, or as several where it has too many rows for a page."""
    layout = _layout(table)
    most = max(MOST_LINES // (len(layout.blocks) * (1 + layout.stacks)), 8)
    for start in range(0, len(table.rows), most):
        rows = range(start, min(start + most, len(table.rows)))
        title = escape(table.title)
        label = rf"\label{{tab:{_NO_LABEL.sub('-', table.key).strip('-')}}}"
        caption = [rf"\caption{{{title}}}", label]
        if start:
            caption = [r"\addtocounter{table}{-1}", rf"\caption{{{title} (continued)}}"]
        ends = rows.stop == len(table.rows)
        said = [note for note in table.notes if _OPTION not in note] if ends else []
        notes = [rf"\par\smallskip\footnotesize {escape(note)}" for note in said]
        size = [layout.size, rf"\setlength{{\tabcolsep}}{{{layout.gap:g}pt}}"] if layout.size else []
        blocks = "\n\\par\\medskip\n".join(_tabular(table, rows, block, layout) for block in layout.blocks)
        lines = ["", r"\begin{table}", r"\centering", *caption, *size, blocks, *notes, r"\end{table}"]
        yield "\n".join(lines)


def _tabular(table: Table, rows: Sequence[int], block: Sequence[int], layout: _TabularLayout) -> str:
    return "\n".join(
        [
            rf"\begin{{tabular}}{{{''.join(_alignment(table, i, layout) for i in block)}}}",
            r"\toprule",
            " & ".join(_title(table, i, layout) for i in block) + r" \\",
            r"\midrule",
            *(line for r in rows for line in _lines(table, r, block, layout)),
            r"\bottomrule",
            r"\end{tabular}",
        ]
    )


def _alignment(table: Table, column: int, layout: _TabularLayout) -> str:
    if _is_paragraph(table, column, layout):
        return f"p{{{_LONG_LABEL * layout.points:.0f}pt}}"
    return "l" if table.columns[column].kind == "text" else "r"


def _title(table: Table, column: int, layout: _TabularLayout) -> str:
    lines = [escape(line) for line in _heading(table, column, layout)]
    if len(lines) == 1:
        return lines[0]
    side = "l" if table.columns[column].kind == "text" else "r"
    return rf"\shortstack[{side}]{{{(chr(92) * 2).join(lines)}}}"


def _lines(table: Table, row: int, block: Sequence[int], layout: _TabularLayout) -> Iterator[str]:
    """One row of the table: a line, or one with the estimates and one with their intervals."""
    cells = [(table.rows[row][i], table.columns[i].kind) for i in block]
    written = [
        _written((value_text if layout.stacks else cell_text)(cell, kind), kind) for cell, kind in cells
    ]
    if block[0] == 0 and row in table.small:
        written[0] += r"\textsuperscript{*}"
    yield " & ".join(written) + r" \\"
    below = [_written(range_text(cell, kind), kind) for cell, kind in cells] if layout.stacks else []
    if any(below):
        yield " & ".join(rf"\scriptsize {text}" if text else "" for text in below) + r" \\"


def _written(text: str, kind: CellKind) -> str:
    """A cell; negative numbers have a minus sign, not a hyphen."""
    return escape(text) if kind == "text" else _NEGATIVE.sub("$-$", escape(text))
