"""A Report as text for the terminal: findings first, then tables that fit the width."""

import io
import itertools
import math
import re
import textwrap
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TextIO

from rich import box
from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table as RichTable
from rich.text import Text

from judge.reporting.document import (
    METHODS,
    Case,
    Cell,
    CellKind,
    Column,
    Judgment,
    ReportContent,
    Section,
    Table,
)
from judge.reporting.methods import methods_of
from judge.reporting.render.numbers import cell_text, score_text, unbroken
from judge.stats.engine.estimate import Estimate

NARROWEST, WIDEST = 60, 120
MOST_LINES = 30
"""Lines of a report that is shown without choosing sections."""
_ROOM = ((30, 30), (14, 9), (12, 9), (11, 9), (10, 7), (9, 7), (7, 5), (5, 3), (3, 2))
"""Most lines of findings and of warnings; the first that leave room for the main table are used."""
_MOST_BESIDE_CUT = 9
"""Most lines of findings above a table that is cut: its rows come first."""
_FEWEST_ROWS = 3
LONGEST_TEXT = 600
_LABEL_WIDTH = 24
_GAP = 2
_LONG_WORD = 12
_BREAKS = re.compile(r"\s+|(?<=\w-)(?=\w)")  # where a header may go on in the next line
_WHITESPACE = re.compile(r"\s+")
# An escape sequence must go as a whole: without its first character the rest would stand there as text.
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_JOINERS = "\u200c\u200d"  # words of several languages, and many emoji, need them


def clean(text: str, limit: int | None = None) -> str:
    r"""One safe line: no control characters, escape sequences or invisible marks; cut at `limit`.

    >>> clean("a\x1b[31mb\x07\n c"), clean("abcdef", 4)
    ('ab c', 'abc…')
    """
    spaced = _WHITESPACE.sub(" ", _ESCAPES.sub("", text))
    line = "".join(c for c in spaced if c in _JOINERS or unicodedata.category(c)[0] != "C").strip()
    return line if limit is None or len(line) <= limit else line[: limit - 1].rstrip() + "…"


def print_report(
    report: ReportContent,
    file: TextIO | None = None,
    width: int | None = None,
    sections: Sequence[str] | None = None,
    n_reserved: int = 0,
) -> None:
    """Write a report as text to `file` (default: standard output).

    Without `sections`, a report that names its most important ones (`ReportContent.short`) takes at most 30
    lines: findings, warnings and the first tables, as far as they fit.

    Parameters
    ----------
    report : ReportContent
        What to show. Tables and columns marked as detail are omitted; HTML, CSV and JSON contain them.
    file : text file, optional
        Destination.
    width : int, optional
        Characters per line; default: the width of the terminal (80 without one), between 60 and 120.
    sections : sequence of str, optional
        Names of the sections to show; default: those that the report shows first.
    n_reserved : int
        Lines of the 30 that the caller needs for other texts.
    """
    console = Console(file=file, highlight=False, markup=False, emoji=False, width=width)
    if width is None:
        console.width = max(NARROWEST, min(console.width, WIDEST))
    if sections is None and report.short:
        lines = _brief(report, console, MOST_LINES - n_reserved)
    else:
        lines = _lines(_parts(report, console.width, sections or report.section_names), console)
    for line in lines:
        console.file.write(f"{line}\n")


def report_text(report: ReportContent, sections: Sequence[str] | None = None) -> str:
    """Return what `print_report` writes."""
    file = io.StringIO()
    print_report(report, file, sections=sections)
    return file.getvalue().rstrip("\n")


def table_text(table: Table, width: int = WIDEST) -> str:
    """Return one table as the terminal shows it."""
    console = Console(file=io.StringIO(), highlight=False, markup=False, emoji=False, width=width)
    return "\n".join(_lines(_table(table, width), console))


def _lines(parts: Iterable[RenderableType], console: Console) -> list[str]:
    """Lines of what is shown, without blanks at their ends."""
    with console.capture() as captured:
        for part in parts:
            console.print(part)
    return [line.rstrip() for line in captured.get().splitlines()]


def _brief(report: ReportContent, console: Console, most: int) -> list[str]:
    """Findings, the main table, warnings, and further tables of the short sections, in `most` lines."""
    lines: list[str] = []
    for most_found, most_warned in _ROOM:
        found = _sentences(report.verdict, "• ", "", most_found, console)
        warned = _sentences(report.warnings, "! ", "yellow", most_warned, console)
        lines, is_whole = _around_tables(report, console, most, found, warned)
        if len(lines) <= most and (is_whole or most_found <= _MOST_BESIDE_CUT):
            break
    return lines


def _around_tables(
    report: ReportContent, console: Console, most: int, found: list[str], warned: list[str]
) -> tuple[list[str], bool]:
    """All lines, and whether the main table is whole."""
    width = console.width
    head = [*_lines([_wrapped(report.title, width, style="bold")], console), ""]
    room = most - len(head) - len(found) - len(warned) - len(_more(report.section_names, console)) - 1
    shown: list[list[str]] = []
    is_whole = True
    hidden = [name for name in report.section_names if name not in report.short]
    for section in (s for s in report.sections if s.name in report.short):
        for table in (t for t in section.tables if t.rows and not t.detail):
            lines = _whole(table, console, room)
            if not lines:
                hidden.append(section.name)
                if shown:
                    continue
                lines, is_whole = _cut(table, section.name, console, room), False
            shown.append(lines)
            room -= len(lines)
    main, others = (shown[0], shown[1:]) if shown else ([], [])
    gap = [""] if main and warned else []
    names = [name for name in report.section_names if name in hidden]
    after = [*warned, *itertools.chain(*others), *_more(names, console)]
    return [*head, *found, *main, *gap, *after], is_whole


def _whole(table: Table, console: Console, most: int) -> list[str]:
    """Lines of a table that fits in `most` lines; none if it does not."""
    if len(table.rows) > most:  # drawing thousands of rows takes seconds
        return []
    lines = ["", *_lines(_table(table, console.width), console)]
    return lines if len(lines) <= most else []


def _sentences(sentences: Sequence[str], lead: str, style: str, most: int, console: Console) -> list[str]:
    """Lines of the first sentences that fit, and how many are left out."""
    each = [_lines([_wrapped(sentence, console.width, lead, style)], console) for sentence in sentences]
    kept: list[str] = []
    for place, lines in enumerate(each):
        if place and len(kept) + len(lines) + (place + 1 < len(each)) > most:
            return [*kept, f"{lead}{len(each) - place} more (--sections all)"]
        kept += lines
    return kept


def _cut(table: Table, name: str, console: Console, most: int) -> list[str]:
    """Lines of a table that is too long: without notes, then columns below, then the last rows."""
    width, note = console.width, f"More columns: --sections {name}"
    tries: list[tuple[Table, int | None]] = []
    if len(table.rows) <= most:
        tries = [(replace(table, notes=()), None), (replace(table, notes=(note,)), 1)]
    for n in range(min(len(table.rows) - 1, max(most, _FEWEST_ROWS)), _FEWEST_ROWS - 1, -1):
        rest = f"{len(table.rows) - n:,} more: --sections {name}"
        tries.append((replace(table, rows=table.rows[:n], notes=(rest,)), 1))
    lines: list[str] = []
    for part, n_blocks in tries:
        lines = ["", *_lines(_table(part, width, n_blocks), console)]
        if len(lines) <= most:
            break
    return lines


def _more(names: Sequence[str], console: Console) -> list[str]:
    """Names of the other sections, as far as they fit in one line."""
    if not names:
        return []
    sentence = f"More: --sections all, or some of {', '.join(names)}."
    lines = textwrap.wrap(sentence, console.width, max_lines=1, placeholder=" …")
    return ["", *_lines([Text("\n".join(lines), style="dim")], console)]


def _parts(report: ReportContent, width: int, names: Sequence[str]) -> Iterator[RenderableType]:
    yield _wrapped(report.title, width, style="bold")
    yield ""
    for sentence in report.verdict:
        yield _wrapped(sentence, width, "• ")
    for sentence in report.warnings:
        yield _wrapped(sentence, width, "! ", "yellow")
    for section in report.sections:
        if section.name in names:
            yield from _section(section, width)
    if METHODS in names:
        yield from _methods(report, width)


def _methods(report: ReportContent, width: int) -> Iterator[RenderableType]:
    yield ""
    yield Text("Methods", style="bold")
    methods = methods_of(report)
    yield _wrapped(methods.plain(), width, "  ", "dim")
    for number, reference in enumerate(methods.references, 1):
        yield _wrapped(f"{number}. {reference}", width, "  ", "dim")


def _wrapped(sentence: str, width: int, lead: str = "", style: str = "") -> Text:
    """Lines of a sentence; a number stays with its unit, and an interval in one piece."""
    kept = unbroken(clean(sentence))
    lines = textwrap.wrap(
        kept, width, initial_indent=lead, subsequent_indent=" " * len(lead), break_on_hyphens=False
    )
    return Text(
        "\n".join(lines).replace("\N{NO-BREAK SPACE}", " "), style=style, no_wrap=True, overflow="ignore"
    )


def _section(section: Section, width: int) -> Iterator[RenderableType]:
    for table in section.tables:
        if not table.detail and table.rows:
            yield ""
            yield from _table(table, width)
    if section.cases:
        yield ""
        yield _wrapped(section.title, width, style="bold")
        for case in section.cases:
            yield from _case(case, width)


def _table(table: Table, width: int, n_blocks: int | None = None) -> Iterator[RenderableType]:
    yield _wrapped(table.title, width, style="bold")
    texts = _texts(table)
    for columns in _blocks(table, texts, width)[:n_blocks]:
        yield _grid(table, texts, columns)
    for note in table.notes:
        yield _wrapped(note, width, "  ", "dim")


def _texts(table: Table) -> list[list[str]]:
    """Every cell as text; tables of many estimates get the short form."""
    short = any(sum(isinstance(cell, Estimate) for cell in row) > 2 for row in table.rows[:1])
    rows = []
    for r, row in enumerate(table.rows):
        cells = [
            clean(
                _brief_cell(cell, column.kind)
                if column.brief
                else cell_text(cell, column.kind, compact=short)
            )
            for cell, column in zip(row, table.columns, strict=True)
        ]
        rows.append([cells[0] + (" *" if r in table.small else ""), *cells[1:]])
    return rows


def _brief_cell(cell: Cell, kind: CellKind) -> str:
    """An estimate without its interval."""
    return cell_text(cell.value if isinstance(cell, Estimate) else cell, kind)


def _blocks(table: Table, texts: list[list[str]], width: int) -> list[list[int]]:
    """Blocks of columns that fit the width; each repeats the first column, the label."""
    shown = [i for i, column in enumerate(table.columns) if not column.detail]
    widths = {i: _least_width(table.columns[i], [row[i] for row in texts]) for i in shown}
    blocks: list[list[int]] = [[]]
    used = widths[0]
    for i in shown[1:]:
        if blocks[-1] and used + _GAP + widths[i] > width:
            blocks.append([])
            used = widths[0]
        blocks[-1].append(i)
        used += _GAP + widths[i]
    return [[0, *block] for block in blocks]


def _grid(table: Table, texts: list[list[str]], shown: Sequence[int]) -> RichTable:
    """One block of columns."""
    grid = RichTable(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, _GAP - 1, 0, 0))
    for i in shown:
        column = table.columns[i]
        least = _least_width(column, [row[i] for row in texts])
        grid.add_column(
            "\n".join(textwrap.wrap(_hyphenated(column.title), least)),
            justify="left" if column.kind == "text" else "right",
            min_width=least,
            no_wrap=column.kind != "text",
            overflow="fold",
            vertical="top",
        )
    for r, row in enumerate(texts):
        grid.add_row(*(Text(row[i], style="dim" if r in table.small else "") for i in shown))
    return grid


def _least_width(column: Column, cells: Sequence[str]) -> int:
    """Least width of a column: numbers are never wrapped, long text wraps at words."""
    words = _BREAKS.split(_hyphenated(column.title))
    if column.kind != "text":
        return max(map(cell_len, [*words, *cells]))
    longest = max(map(cell_len, [*words, *(word for cell in cells for word in cell.split())]))
    return (
        max(longest, min(_LABEL_WIDTH, max(map(cell_len, cells)))) if longest < _LABEL_WIDTH else _LABEL_WIDTH
    )


def _hyphenated(title: str) -> str:
    """Break long words of a header.

    >>> _hyphenated("comprehensiveness")
    'comprehen- siveness'
    """
    words = []
    for word in clean(title).split():
        half = math.ceil(len(word) / 2)
        words.append(f"{word[:half]}- {word[half:]}" if len(word) > _LONG_WORD and word.isalpha() else word)
    return " ".join(words)


def _case(case: Case, width: int) -> Iterator[RenderableType]:
    yield ""
    yield _wrapped(case.id, width)
    yield _wrapped(case.note, width, "  ", "dim")
    lines = RichTable.grid(padding=(0, 2))
    lines.add_column(no_wrap=True, style="dim")
    lines.add_column(overflow="fold")
    _line(lines, "question", case.question)
    if case.reference is not None:
        _line(lines, "reference", case.reference)
    for judgment in case.judgments:
        _judgment(lines, judgment, same_answer=len({j.answer for j in case.judgments}) == 1)
    yield Padding(lines, (0, 0, 0, 2))


def _judgment(lines: RichTable, judgment: Judgment, same_answer: bool) -> None:
    label = clean(judgment.label, _LABEL_WIDTH)
    if not (judgment.label and same_answer):
        _line(lines, "answer", f"{label}: {judgment.answer}" if label else judgment.answer or "(empty)")
    scores = ", ".join(
        f"{name.replace('_', ' ')} {score_text(score)}" for name, score in judgment.scores.items()
    )
    _line(lines, label or "scores", ": ".join(filter(None, (judgment.outcome, scores))))
    for name, reason in judgment.reasons.items():
        _line(lines, "", ": ".join(filter(None, (name.replace("_", " "), reason))))


def _line(lines: RichTable, label: str, text: str) -> None:
    lines.add_row(Text(label), Text(clean(text, LONGEST_TEXT)))
