"""Charts of an agreement report: forest, confusion matrix, Bland-Altman, calibration, winning rate."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from judge.analysis.agreement.agree import Agreement
from judge.analysis.agreement.judge_human import JudgeAgreement
from judge.reporting.document import Column, Figure, ReportContent, Row, Table
from judge.reporting.figures.plot_area import PlotArea
from judge.reporting.figures.svg import LINE, MUTED, SERIES, SMALL_TEXT, Drawing, text_width
from judge.reporting.figures.table_figures import as_estimate, drawn_together, interval_chart
from judge.reporting.render.text import clean
from judge.reporting.wording import dimension_name
from judge.stats.engine.scale import Floats

MOST_ROWS, MOST_CURVES, MOST_DETAILED = 40, 6, 24
_JITTER = 0.28
_AXIS_ROOM, _LEGEND_LINE = 40.0, 15.0


def drawer(found: Agreement) -> Callable[[ReportContent], Mapping[str, Figure]]:
    """Return a function that draws the charts of the report about `found`, by the key of their table."""

    def draw(report: ReportContent) -> dict[str, Figure]:
        drawn = dict(_forests(report)) | _judges(report)
        if (table := report.tables.get("omega")) and len(table.rows) <= MOST_CURVES:
            drawn[table.key] = _omega(table, found)
        judges = found.disagreements.keys()
        detailed = [t for t in found.judge_agreements if t.judge in judges][:MOST_DETAILED]
        for one in detailed:
            of = f"{one.ratings.dimension}@{one.judge}"
            for name, figure in (
                ("confusion", _confusion),
                ("differences", partial(_bland_altman, beside=detailed)),
                ("calibration", _calibration),
            ):
                if table := report.tables.get(f"{name}:{of}"):
                    drawn[table.key] = figure(table, one)
        return drawn

    return draw


def _forests(report: ReportContent) -> Iterator[tuple[str, Figure]]:
    """Human-human and judge-human agreement as two series, one row for each dimension or slice."""
    for key, table in report.tables.items():
        keys = [column.key for column in table.columns]
        if {"people", "judge_level", "difference"} <= set(keys) and key.partition(":")[0] in (
            "agreement",
            "raw",
            "slices",
        ):
            chart = interval_chart(
                _labelled(table), "row", ["people", "judge_level"], group="group", text="difference"
            )
            if chart is not None and len(table.rows) <= MOST_ROWS:
                yield key, replace(chart.draw(), table=table)


def _judges(report: ReportContent) -> dict[str, Figure]:
    """Difference in agreement with people between each judge and the first one."""
    charts = {
        key: interval_chart(
            _labelled(table),
            "row",
            ["difference"],
            group="group",
            reference=0.0,
            reference_name="the first judge",
        )
        for key, table in report.tables.items()
        if key.partition(":")[0] == "judges" and len(table.rows) <= MOST_ROWS
    }
    drawn = drawn_together({key: chart for key, chart in charts.items() if chart is not None})
    return {key: replace(figure, table=report.tables[key]) for key, figure in drawn.items()}


def _labelled(table: Table) -> Table:
    """The table with a column that names its rows, and one with the headings of rows that belong together."""
    places = [i for i, c in enumerate(table.columns) if c.key in ("slice", "label") and not c.detail]
    parts = [[str(row[i]) for i in places] for row in table.rows]
    if [table.columns[i].key for i in places] == ["label"]:
        parts = [_judge_apart(table, row) for row in table.rows]
    outer = _outer(parts)
    names = tuple(
        (", ".join(part for i, part in enumerate(given) if i != outer), "" if outer is None else given[outer])
        for given in parts
    )
    rows = tuple((*row, *name) for row, name in zip(table.rows, names, strict=True))
    return replace(table, columns=(*table.columns, Column("row", "row"), Column("group", "group")), rows=rows)


def _judge_apart(table: Table, row: Row) -> list[str]:
    """Dimension and judge of a row that names both, else its label."""
    cells = {column.key: str(cell) for column, cell in zip(table.columns, row, strict=True)}
    judge = cells.get("judge", "")
    dimension = cells["label"].removesuffix(f": {judge}")
    return [cells["label"]] if dimension == cells["label"] else [dimension, judge]


def _outer(parts: Sequence[Sequence[str]]) -> int | None:
    """Which of two parts of the labels is the heading: the one that changes less often; None without any."""
    if not all(len(given) == 2 for given in parts):
        return None
    n_headings = [sum(a[i] != b[i] for a, b in itertools.pairwise(parts)) + 1 for i in (0, 1)]
    fewest = min(n_headings)
    return None if fewest == len(parts) else n_headings.index(fewest)


def _omega(table: Table, found: Agreement) -> Figure:
    height = 230.0
    curves = {
        ", ".join(
            [dimension_name(t.ratings.dimension)] + ([t.judge] if len(found.judges) > 1 else [])
        ): t.omega
        for t in found.judge_agreements
        if not all(np.isnan(rate) for _, rate in t.omega)  # not testable
    }
    drawing = Drawing(height + _LEGEND_LINE * len(curves))
    epsilons = [epsilon for curve in curves.values() for epsilon, _ in curve]
    area = PlotArea(
        drawing,
        (min(epsilons), max(epsilons)),
        (-0.04, 1.1),
        bottom=_AXIS_ROOM + _LEGEND_LINE * len(curves),
    )
    area.draw_axes("epsilon", "winning rate")
    area.horizontal(0.5, MUTED, width=0.8, dashes="3 3")
    for i, (name, curve) in enumerate(curves.items()):
        # Curves often coincide: each is drawn a little higher than the one before, with another marker.
        points = [(epsilon, rate + 0.012 * i) for epsilon, rate in curve if not np.isnan(rate)]
        area.line(points, SERIES[i], width=1.2)
        for x, y in points:
            drawing.mark(area.x(x), area.y(y), 2.4, SERIES[i], shape=i)
        y = height + _LEGEND_LINE * (i + 0.5)
        drawing.mark(area.left, y, 2.4, SERIES[i], shape=i)
        drawing.text(area.left + 8, y, clean(name, 40), size=SMALL_TEXT)
    words = "; ".join(
        f"{clean(name, 40)} " + ", ".join(f"{e:g}: {rate:.2f}" for e, rate in curve)
        for name, curve in curves.items()
    )
    caption = (
        "Dashed: winning rate .5, from which the test passes. Coinciding curves are drawn slightly apart."
    )
    return Figure(table.title, f"{table.title}: {words}.", drawing.svg, table, caption)


def _confusion(table: Table, one: JudgeAgreement) -> Figure:
    labels = [str(value) for value in one.ratings.scale.values]
    counts = one.confusion
    totals = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, totals, out=np.zeros_like(counts), where=totals > 0)
    n = len(labels)
    height = 60.0 + min(44.0, 260.0 / n) * n
    drawing = Drawing(height)
    room = 28.0 + max(text_width(label, SMALL_TEXT) for label in labels)
    area = PlotArea(drawing, (-0.5, n - 0.5), (-0.5, n - 0.5), left=room)
    for row in range(n):
        for column in range(n):
            x, y = area.x(column - 0.5), area.y(row + 0.5)
            size = (area.x(column + 0.5) - x, area.y(row - 0.5) - y)
            drawing.box(x, y, *size, SERIES[0], opacity=0.06 + 0.6 * shares[row, column], edge=1.5)
            if n <= 12:
                text = _count(counts[row, column])
                drawing.text(area.x(column), area.y(row), text, anchor="middle", size=SMALL_TEXT)
    ticks = list(enumerate(labels))
    area.draw_axes("judge", "human", x_ticks=ticks, y_ticks=ticks)
    words = "; ".join(
        f"human {label}: "
        + ", ".join(f"judge {labels[k]} {_count(counts[i, k])}" for k in range(n) if counts[i, k])
        for i, label in enumerate(labels)
        if counts[i].any()
    )
    caption = "Items by human and judge score. Shade: share of the row."
    return Figure(table.title, f"{table.title}: {words}.", drawing.svg, table, caption)


def _count(items: float) -> str:
    """Number of items, which may be fractional."""
    return f"{items:.0f}" if abs(items - round(items)) < 0.05 else f"{items:.1f}"


def _ticks(points: Iterable[float]) -> list[tuple[float, str]]:
    """The points of the scale as ticks; of a long scale every second, fifth, ... one."""
    shown = list(points)
    step = next(step for step in (1, 2, 5, 10, 20, 50, 100) if len(shown) <= 11 * step or step == 100)
    return [(float(point), f"{point:g}") for point in shown[::step]]


def _differences(one: JudgeAgreement) -> tuple[Floats, Floats]:
    """Mean and difference of judge and consensus, for the items that both rated."""
    judge, people = one.ratings.column(one.judge), one.ratings.consensus()
    both = ~np.isnan(judge) & ~np.isnan(people)
    return (judge + people)[both] / 2, (judge - people)[both]


def _limits(distance: Floats) -> tuple[float, float, float]:
    """Mean difference and limits of agreement."""
    mean, spread = float(distance.mean()), float(distance.std(ddof=1)) if len(distance) > 1 else 0.0
    return mean, mean - 1.96 * spread, mean + 1.96 * spread


def _farthest(one: JudgeAgreement, drawn: Sequence[JudgeAgreement]) -> float:
    """Largest difference or limit of agreement of all plots with this scale, so that they share an axis."""
    points = one.ratings.scale.points
    numeric = [other for other in drawn if not other.ratings.nominal]
    same = [other for other in numeric if np.array_equal(other.ratings.scale.points, points)]
    distances = [distance for other in same if len(distance := _differences(other)[1])]
    ends = [abs(end) for d in distances for end in (float(d.min()), float(d.max()), *_limits(d))]
    return max(float(np.diff(points).min()), *ends)


def _bland_altman(table: Table, one: JudgeAgreement, beside: Sequence[JudgeAgreement]) -> Figure:
    middle, distance = _differences(one)
    mean, *limits = _limits(distance)
    points = one.ratings.scale.points
    step = float(np.diff(points).min())
    jitter = np.random.default_rng(0).uniform(-_JITTER * step, _JITTER * step, (2, len(middle)))
    height = 250.0
    drawing = Drawing(height)
    x, y = middle + jitter[0], distance + jitter[1] * 0.5
    edge = _farthest(one, beside) + 0.25 * step
    area = PlotArea(drawing, (float(points[0]) - step / 2, float(points[-1]) + step / 2), (-edge, edge))
    # Limits of agreement may lie beyond the largest possible difference, which is the last tick.
    y_ticks = [tick for tick in area.ticks("y") if abs(tick[0]) <= points[-1] - points[0]]
    axes = ("mean of judge and human score", "judge minus human")
    area.draw_axes(*axes, x_ticks=_ticks(points), y_ticks=y_ticks)
    area.horizontal(0, LINE)
    area.horizontal(mean, SERIES[1], width=1.1)
    for limit in limits:
        area.horizontal(limit, SERIES[1], width=1.1, dashes="4 3")
    drawing.cloud(((area.x(a), area.y(b)) for a, b in zip(x, y, strict=True)), SERIES[0])
    alt = (
        f"{table.title}: mean difference {mean:.2f}, limits of agreement {limits[0]:.2f} "
        f"and {limits[1]:.2f}, {len(middle):,} items."
    )
    caption = "Line: mean difference. Dashed: limits of agreement (1.96 SD). Dots are jittered."
    return Figure(table.title, alt, drawing.svg, table, caption)


def _calibration(table: Table, one: JudgeAgreement) -> Figure:
    height = 250.0
    points = one.ratings.scale.points
    rows = [(float(str(row[0])), as_estimate(row[2])) for row in table.rows]
    drawing = Drawing(height)
    low, high = float(points[0]), float(points[-1])
    area = PlotArea(drawing, (low - 0.3, high + 0.3), (low - 0.3, high + 0.3))
    area.draw_axes("judge score", "mean human score", x_ticks=_ticks(points), y_ticks=_ticks(points))
    area.line([(low, low), (high, high)], MUTED, width=0.9, dashes="3 3")
    for score, people in rows:
        if not np.isnan(people.low):
            low_end, high_end = (min(max(end, low - 0.3), high + 0.3) for end in (people.low, people.high))
            area.line([(score, low_end), (score, high_end)], SERIES[0], width=1.4)
        drawing.mark(area.x(score), area.y(people.value), 2.4, SERIES[0])
    words = ", ".join(f"judge {score:g}: human {people.value:.2f}" for score, people in rows)
    return Figure(
        table.title,
        f"{table.title}: {words}.",
        drawing.svg,
        table,
        "Dashed: perfect calibration. Lines: 95 % intervals.",
    )
