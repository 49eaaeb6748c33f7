"""A Report in a notebook: the findings, then the tables that are not marked as detail."""

from collections.abc import Iterator
from html import escape

from judge.reporting.document import Report, Table
from judge.reporting.render.numbers import cell_text
from judge.reporting.render.text import clean


def report_html(report: Report) -> str:
    """Render a report as a fragment of HTML; every text in it may come from data and is escaped."""
    return "".join(_parts(report))


def _parts(report: Report) -> Iterator[str]:
    yield f"<h3>{escape(clean(report.title))}</h3>"
    for name, sentences in (("Findings", report.verdict), ("Warnings", report.warnings)):
        if sentences:
            items = "".join(f"<li>{escape(clean(sentence))}</li>" for sentence in sentences)
            yield f"<p><b>{name}</b></p><ul>{items}</ul>"
    yield from (table_html(table) for table in report.tables.values() if not table.detail)


def table_html(table: Table) -> str:
    """Render one table without the columns marked as detail."""
    shown = [i for i, column in enumerate(table.columns) if not column.detail]
    head = "".join(f"<th>{escape(clean(table.columns[i].title))}</th>" for i in shown)
    rows = "".join(
        "<tr>"
        + "".join(f"<td>{escape(clean(cell_text(row[i], table.columns[i].kind)))}</td>" for i in shown)
        + "</tr>"
        for row in table.rows
    )
    notes = "".join(f"<p><small>{escape(clean(note))}</small></p>" for note in table.notes)
    title = f"<caption>{escape(clean(table.title))}</caption>"
    return f"<table>{title}<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>{notes}"
