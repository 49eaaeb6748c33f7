"""A Report as Markdown for pull requests and job summaries on GitHub and GitLab.

The findings and the first section are open, the rest is folded. Texts from data cannot add markup, mention
users or link.
"""

import html
import re
from collections.abc import Iterator

from judge.reporting.document import Case, ReportContent, Section, Table
from judge.reporting.methods import methods_of
from judge.reporting.render.numbers import cell_text, score_text
from judge.reporting.render.shown_table import shown_table
from judge.reporting.render.text import clean
from judge.reporting.wording import display_name

LIMIT = 60_000
"""Characters; GitHub refuses a comment of more than 65,536."""
LONGEST_TEXT = 400
_MARKS = re.compile(r"([\\`*_\[\]|~$])")
_LEADS = re.compile(r"^(\d+)([.)])(?=\s|$)|^([-+#])(?=[\s#]|$)")
_NAMES = re.compile(r"([@#])(?=\w)")
_LINKS = re.compile(r"(?i):(?=//)|www(?=\.)")


def to_markdown(report: ReportContent, limit: int = LIMIT) -> str:
    """Render a report as Markdown; parts that exceed `limit` characters are omitted and listed."""
    blocks = [f"## {escape(report.title)}", *_verdict(report)]
    size, left_out = sum(map(len, blocks)), []
    for title, block in [*_sections(report), ("Judge and methods", _made_by(report))]:
        if size + len(block) > limit:
            left_out.append(escape(title))
            continue
        blocks.append(block)
        size += len(block) + 2
    if left_out:
        blocks.append(f"Omitted for length: {', '.join(left_out)}.")
    return "\n\n".join(blocks) + "\n"


def escape(text: str, most: int | None = None) -> str:
    r"""Escape text from data for Markdown, in one line.

    >>> escape("a|b <script> *x* @team #1 https://e.org")
    'a\\|b &lt;script&gt; \\*x\\* @<!-- -->team #<!-- -->1 https:<!-- -->//e.org'
    """
    marked = _MARKS.sub(r"\\\1", html.escape(clean(text, most), quote=False))
    unnamed = _NAMES.sub(r"\1<!-- -->", marked)
    unlinked = _LINKS.sub(lambda found: f"{found.group()}<!-- -->", unnamed)
    return _LEADS.sub(lambda f: f"{f[1]}\\{f[2]}" if f[1] else f"\\{f[3]}", unlinked)


def _verdict(report: ReportContent) -> Iterator[str]:
    first, *rest = report.verdict or ("",)
    yield f"**{escape(first)}**"
    if rest:
        yield "\n".join(f"- {escape(sentence)}" for sentence in rest)
    if report.warnings:
        yield "\n>\n".join(f"> {escape(sentence)}" for sentence in ("Note:", *report.warnings))


def _sections(report: ReportContent) -> Iterator[tuple[str, str]]:
    is_first = True
    for section in report.sections:
        tables = [table for table in section.tables if table.rows and not table.detail]
        parts = [*map(escape, section.lead), *map(_table, tables), *map(_case, section.cases)]
        if tables or section.cases:
            body = "\n\n".join(parts)
            yield section.title, body if is_first else _folded(section, body)
            is_first = False


def _folded(section: Section, body: str) -> str:
    title = html.escape(clean(section.title))
    return f"<details><summary>{title}</summary>\n\n{body}\n\n</details>"


def _table(whole: Table) -> str:
    table = shown_table(whole)
    shown = [i for i, column in enumerate(table.columns) if not column.detail]
    head = [escape(table.columns[i].title) or " " for i in shown]
    rule = ["---" if table.columns[i].kind == "text" else "--:" for i in shown]
    rows = [[_cell(table, r, i) for i in shown] for r in range(len(table.rows))]
    lines = [f"**{escape(table.title)}**", ""]
    lines += [f"| {' | '.join(cells)} |" for cells in (head, rule, *rows)]
    return "\n".join([*lines, *("\n" + escape(note) for note in table.notes)])


def _cell(table: Table, row: int, column: int) -> str:
    kind = table.columns[column].kind
    text = cell_text(table.rows[row][column], kind)
    written = escape(text) if kind == "text" else html.escape(text)
    return written + (" \\*" if column == 0 and row in table.small else "")


def _case(case: Case) -> str:
    lines = [
        f"**{escape(case.id)}** ({escape(case.note)})",
        f"- question: {escape(case.question, LONGEST_TEXT)}",
    ]
    if case.reference is not None:
        lines.append(f"- reference: {escape(case.reference, LONGEST_TEXT)}")
    for judgment in case.judgments:
        label = f"{escape(judgment.label)}: " if judgment.label else ""
        scores = ", ".join(
            f"{escape(display_name(name))} {escape(score_text(score))}"
            for name, score in judgment.scores.items()
        )
        lines.append(f"- answer: {label}{escape(judgment.answer, LONGEST_TEXT) or '(empty)'}")
        lines.append(f"- {label}{': '.join(filter(None, (judgment.outcome, scores)))}")
    return "\n".join(lines)


def _made_by(report: ReportContent) -> str:
    made = "\n".join(f"- {escape(name)}: {escape(text)}" for name, text in report.facts.items())
    methods = methods_of(report)
    paragraph = methods.cited(escape, lambda found: f" \\[{methods.numbers(found)}\\]")
    papers = "\n".join(f"{n}. {escape(str(one))}" for n, one in enumerate(methods.references, 1))
    head = "<details><summary>Judge and methods</summary>"
    return "\n\n".join(filter(None, (head, made, paragraph, papers, "</details>")))
