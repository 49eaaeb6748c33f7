"""Table -> Figure: which tables of a report have a chart, and which chart.

The first part of the key of a table decides: ``slices:condition`` is drawn as ``slices``. `Report.draw` draws
charts that need more data than their table.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias, TypeGuard

from judge.reporting.document import Cell, CellKind, Figure, ReportContent, Table
from judge.reporting.figures.charts import Mark, bars, intervals, series_words
from judge.reporting.figures.svg import SERIES
from judge.reporting.render.numbers import number_text
from judge.reporting.tables.run_tables import ALL_ITEMS, MEAN_OF_SLICES
from judge.stats.engine.estimate import Estimate

MOST_ROWS = 40
"""A table with more rows is not drawn."""
_ONE = "Dot: estimate. Line: 95 % interval."
_SMALL = "Asterisk and open marker: few observations."


@dataclass(frozen=True)
class IntervalChart:
    """An interval chart before it is drawn, so that the charts of one row can have the same axis.

    Attributes
    ----------
    title : str
        Heading.
    table : Table
        The data.
    marks : tuple of Mark
        The rows.
    kind : str
        How numbers are written; see `Column.kind`.
    names : tuple of str
        Names of the series where there are two.
    reference : float or None
        Where the dashed line goes.
    reference_name : str
        Name of the reference.
    caption : str
        Legend.
    """

    title: str
    table: Table
    marks: tuple[Mark, ...]
    kind: CellKind
    names: tuple[str, ...]
    reference: float | None
    reference_name: str
    caption: str

    def draw(self, beside: Sequence[Mark] = ()) -> Figure:
        """Draw the chart; its axis also covers the marks of the charts `beside` it."""
        svg = intervals(self.marks, self.kind, reference=self.reference, names=self.names, beside=beside)
        alt = _alt(self.title, self.marks, self.kind, self.names, self.reference, self.reference_name)
        return Figure(self.title, alt, svg, self.table, self.caption)

    def shares_axis_with(self, other: Chart) -> TypeGuard[IntervalChart]:
        """Whether another chart of the section shows the same kind of figures."""
        return isinstance(other, IntervalChart) and (other.kind, len(other.names)) == (
            self.kind,
            len(self.names),
        )


Chart: TypeAlias = Figure | IntervalChart


def charts_of(report: ReportContent) -> Mapping[str, Figure]:
    """Draw the charts of a report with its own function, or one chart for every table that has one."""
    return (report.draw or figures_of)(report)


def figures_of(report: ReportContent) -> dict[str, Figure]:
    """Draw every table that has a chart; charts by the key of their table."""
    found: dict[str, Figure] = {}
    for section in report.sections:
        charts = {table.key: chart_of(table) for table in section.tables}
        found |= drawn_together({key: chart for key, chart in charts.items() if chart is not None})
    return found


def drawn_together(charts: Mapping[str, Chart]) -> dict[str, Figure]:
    """Draw the charts of one section; interval charts of one measure have the same axis."""
    return {
        key: chart
        if isinstance(chart, Figure)
        else chart.draw(
            [mark for other in charts.values() if chart.shares_axis_with(other) for mark in other.marks]
        )
        for key, chart in charts.items()
    }


def figure_of(table: Table) -> Figure | None:
    """Draw a table; None for a table that is not drawn.

    Examples
    --------
    >>> from judge.reporting.document import Column
    >>> columns = (Column("slice", "kind"), Column("pass_rate", "pass rate", "share"))
    >>> figure = figure_of(Table("slices:kind", "By kind", columns, (("a", Estimate(0.5, 0.4, 0.6)),)))
    >>> figure.alt
    'Pass rate by kind: a 50.0 %.'
    """
    chart = chart_of(table)
    return chart.draw() if isinstance(chart, IntervalChart) else chart


def chart_of(table: Table) -> Chart | None:
    """Choose the chart of a table; None for a table that is not drawn."""
    choose = _DRAWN.get(table.key.rpartition("/")[2].partition(":")[0])
    if choose is None or not 1 <= len(table.rows) <= MOST_ROWS:
        return None
    return choose(table)


def interval_chart(
    table: Table,
    label: str,
    columns: Sequence[str],
    *,
    group: str | None = None,
    text: str | None = None,
    reference: float | None = None,
    reference_name: str = "",
    rows: Sequence[int] | None = None,
    title: str | None = None,
) -> IntervalChart | None:
    """Chart of one or two columns of estimates with their intervals.

    Parameters
    ----------
    table : Table
        The data.
    label : str
        Key of the column that names the rows.
    columns : sequence of str
        Keys of one or two columns of estimates, of one kind.
    group : str, optional
        Key of the column with the headings above rows that belong together.
    text : str, optional
        Key of the column that is printed at the right; default: the first of `columns`.
    reference : float, optional
        Where the dashed line goes.
    reference_name : str
        Name of the reference, for the caption.
    rows : sequence of int, optional
        Which rows; default all.
    title : str, optional
        Heading; default the table's.

    Returns
    -------
    IntervalChart or None
        None where no row has a value.
    """
    by_key = {column.key: column for column in table.columns}
    kind, text = by_key[columns[0]].kind, text or columns[0]
    cells = {key: table.column(key) for key in (label, *columns, text)}
    groups = table.column(group) if group else [""] * len(table.rows)
    chosen = [
        i
        for i in (range(len(table.rows)) if rows is None else rows)
        if any(as_estimate(cells[key][i]).defined for key in columns)
    ]
    if not chosen:
        return None
    marks = tuple(
        Mark(
            str(cells[label][i]),
            tuple(as_estimate(cells[key][i]) for key in columns),
            _figure(cells[text][i], by_key[text].kind),
            i in table.small,
            str(groups[i]),
        )
        for i in chosen
    )
    names = tuple(by_key[key].title for key in columns) if len(columns) > 1 else ()
    caption = _caption(table, names, reference_name, by_key[text].title if text not in columns else "")
    return IntervalChart(title or table.title, table, marks, kind, names, reference, reference_name, caption)


def draw_shares(
    table: Table,
    label: str,
    columns: Sequence[str],
    *,
    ordered: bool,
    caption: str = "",
    title: str | None = None,
) -> Figure | None:
    """Draw columns of shares of one whole as a bar a row; `ordered` where they are steps of a scale."""
    titles = [column.title for column in table.columns if column.key in columns]
    parts = list(zip(*(table.column(key) for key in columns), strict=True))
    names = [str(cell) for cell in table.column(label)]
    rows = [
        (name, [_share(cell) for cell in cells], i in table.small)
        for i, (name, cells) in enumerate(zip(names, parts, strict=True))
        if sum(_share(cell) for cell in cells) > 0
    ]
    if not rows:
        return None
    words = "; ".join(
        f"{name} "
        + ", ".join(f"{t} {number_text(s, 'share')}" for t, s in zip(titles, shares, strict=True) if s)
        for name, shares, _ in rows[:12]
    )
    return Figure(
        title or table.title,
        f"{title or table.title}: {words}.",
        bars(rows, titles, ordered=ordered),
        table,
        caption,
    )


def as_estimate(cell: Cell) -> Estimate:
    """A cell as an estimate; a bare number has no interval."""
    if isinstance(cell, Estimate):
        return cell
    return Estimate(cell) if isinstance(cell, int | float) else Estimate(math.nan)


def _share(cell: Cell) -> float:
    value = as_estimate(cell).value
    return 0.0 if math.isnan(value) else value


def _figure(cell: Cell, kind: CellKind) -> str:
    value = as_estimate(cell).value
    return "–" if math.isnan(value) else number_text(value, kind)


def _alt(
    title: str,
    marks: Sequence[Mark],
    kind: CellKind,
    names: Sequence[str],
    reference: float | None,
    what: str,
) -> str:
    head = f"{title}, {' against '.join(names)}" if names else title
    tail = "" if reference is None else f" {what.capitalize()}: {number_text(reference, kind)}."
    return f"{head}: {', '.join(series_words(marks, kind))}.{tail}"


def _caption(table: Table, names: Sequence[str], reference_name: str, text: str) -> str:
    parts = ["Marks: estimates. Lines: 95 % intervals." if names else _ONE]
    parts += [f"Dashed: {reference_name}."] if reference_name else []
    parts += [f"At the right: {text}."] if text else []
    parts += [_SMALL] if table.small else []
    return " ".join(parts)


def _rates(table: Table) -> Chart | None:
    return interval_chart(table, "what", ["pass_rate"])


def _by_slice(table: Table) -> Chart | None:
    """Rates of the slices; for two runs, side by side."""
    keys = [column.key for column in table.columns]
    if "a" in keys:
        return _both(table)
    rate = "figure" if "figure" in keys else "pass_rate"
    labels, cells = table.column("slice"), table.column(rate)
    averages = {
        str(name): as_estimate(cell).value
        for name, cell in zip(labels, cells, strict=True)
        if name in (ALL_ITEMS, MEAN_OF_SLICES)
    }
    what, whole = next(((n, v) for n, v in averages.items() if not math.isnan(v)), ("", None))
    rows = [i for i, name in enumerate(labels) if name not in averages]
    run, colon, by = table.title.rpartition(": ")
    measure = "Accuracy" if rate == "figure" else "Pass rate"
    title = f"{run}{colon}{measure} b{by[1:]}" if by.startswith("By ") else table.title
    return interval_chart(
        table, "slice", [rate], reference=whole, reference_name=what, rows=rows, title=title
    )


def _both(table: Table) -> Chart | None:
    return interval_chart(table, "what", ["a", "b"], text="difference")


def _gap(table: Table) -> Chart | None:
    return interval_chart(table, "slice", ["choice", "open"], text="difference")


def _means(table: Table) -> Chart | None:
    """Means are drawn where two runs stand side by side."""
    return _both(table) if any(column.key == "a" for column in table.columns) else None


def _met(table: Table) -> Chart | None:
    return _shares(table, "what")


def _labels(table: Table) -> Chart | None:
    return _shares(table, "label")


def _shares(table: Table, label: str) -> Chart | None:
    """Shares of one run, or of two side by side."""
    two_runs = any(column.key == "a" for column in table.columns)
    return _both(table) if two_runs else interval_chart(table, label, ["share"])


def _tags(table: Table) -> Chart | None:
    return interval_chart(table, "tag", ["met"])


def _distribution(table: Table) -> Chart | None:
    scores = [column.key for column in table.columns if column.key.lstrip("-").isdigit()]
    figure = draw_shares(
        table, "dimension", scores, ordered=True, caption="Share of answers with each score."
    )
    return figure


def _binding(table: Table) -> Chart | None:
    return interval_chart(table, "dimension", ["binding"], title="Binding dimension of the failing answers")


def _binding_by(table: Table) -> Chart | None:
    if table.key.rpartition("/")[2] == "failures":
        return _binding(table)
    names = [column.key for column in table.columns if column.kind == "share"]
    if len(names) > len(SERIES):  # more categories than distinguishable colours
        return None
    caption = "The dimension farthest below its threshold. A gap: no dimension explains the failure."
    return draw_shares(
        table,
        "slice",
        names,
        ordered=False,
        caption=f"{caption} {_SMALL if table.small else ''}".strip(),
        title=table.title.replace(" (% of failing answers)", ""),
    )


def _members(table: Table) -> Chart | None:
    return interval_chart(table, "run", ["pass_rate"], title="Pass rate by judge")


def _ranking(table: Table) -> Chart | None:
    return interval_chart(table, "system", ["pass_rate"], title="Pass rate by system")


def _shifts(table: Table) -> Chart | None:
    """Mean shifts of a stress test, by what was found."""
    return interval_chart(
        table, "probe", ["shift"], group="verdict", reference=0.0, reference_name="no change"
    )


_DRAWN: dict[str, Callable[[Table], Chart | None]] = {
    "pass_rates": _rates,
    "slices": _by_slice,
    "scores": _distribution,
    "met": _met,
    "labels": _labels,
    "criteria_tags": _tags,
    "failures": _binding_by,
    "leaderboard": _ranking,
    "panel": _members,
    "pass_rate": _both,
    "means": _means,
    "gap": _gap,
    "shifts": _shifts,
}
