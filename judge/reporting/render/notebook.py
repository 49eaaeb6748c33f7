"""A Report, or one of its tables, as a fragment of HTML for a notebook cell.

Everything that comes from data is escaped. The fragment has no style of its own, so that it looks like the
DataFrames around it.
"""

from collections.abc import Iterator
from html import escape

from judge.reporting.document import ReportContent, Table
from judge.reporting.methods import methods_of
from judge.reporting.render.numbers import cell_text
from judge.reporting.render.text import clean


def report_html(report: ReportContent) -> str:
    """Return the findings, the warnings and the main tables of a report."""
    return "\n".join(_report(report))


def table_html(table: Table) -> str:
    """Return one table with its title and notes."""
    shown = [i for i, column in enumerate(table.columns) if not column.detail]
    head = "".join(f"<th>{_text(table.columns[i].title)}</th>" for i in shown)
    rows = "\n".join(
        f"<tr>{''.join(_cell(table, row, i) for i in shown)}</tr>" for row in range(len(table.rows))
    )
    notes = "".join(f"<p><small>{_text(note)}</small></p>" for note in table.notes)
    return (
        f"<p><b>{_text(table.title)}</b></p>\n<table>\n<thead><tr>{head}</tr></thead>\n"
        f"<tbody>\n{rows}\n</tbody>\n</table>{notes}"
    )


def _report(report: ReportContent) -> Iterator[str]:
    yield f"<h3>{_text(report.title)}</h3>"
    yield f"<ul>{''.join(f'<li>{_text(sentence)}</li>' for sentence in report.verdict)}</ul>"
    if report.warnings:
        items = "".join(f"<li>{_text(sentence)}</li>" for sentence in report.warnings)
        yield f"<p><b>Warnings</b></p><ul>{items}</ul>"
    for section in report.sections:
        if not report.short or section.name in report.short:
            yield from (table_html(table) for table in section.tables if table.rows and not table.detail)
    methods = methods_of(report)
    papers = "".join(f"<li>{_text(str(one))}</li>" for one in methods.references)
    yield f"<details><summary>Methods</summary><p>{_text(methods.plain())}</p><ol>{papers}</ol></details>"


def _cell(table: Table, row: int, column: int) -> str:
    mark = " *" if column == 0 and row in table.small else ""
    return f"<td>{_text(cell_text(table.rows[row][column], table.columns[column].kind))}{mark}</td>"


def _text(text: str) -> str:
    return escape(clean(text))
