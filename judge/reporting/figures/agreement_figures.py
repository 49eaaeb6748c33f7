"""The drawings of `judge agree`: forest, confusion, Bland-Altman, calibration, annotator test."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from judge.analysis.agreement.agree import Agreement
from judge.analysis.agreement.judge_human import JudgeAgreement
from judge.reporting.document import Column, Report, Table
from judge.reporting.figures.svg import INK, LINE, MUTED, PAPER, SERIES, WIDTH, canvas
from judge.reporting.figures.table_figures import Figure, draw_intervals
from judge.reporting.render.text import clean
from judge.reporting.tables.agreement_tables import part_name

MOST_ROWS, MOST_CURVES, MOST_DETAILED = 40, 6, 24
_JITTER = 0.28


def drawer(found: Agreement) -> Callable[[Report], Mapping[str, Figure]]:
    """Return what draws the report of `found`: report -> figure by the key of its table."""

    def draw(report: Report) -> dict[str, Figure]:
        drawn = dict(_forests(report))
        if (table := report.tables.get("omega")) and len(table.rows) <= MOST_CURVES:
            drawn[table.key] = _omega(table, found)
        judges = found.disagreements.keys()
        for one in [t for t in found.judge_agreements if t.judge in judges][:MOST_DETAILED]:
            of = f"{one.ratings.dimension}@{one.judge}"
            for name, figure in (
                ("confusion", _confusion),
                ("differences", _bland_altman),
                ("calibration", _calibration),
            ):
                if table := report.tables.get(f"{name}:{of}"):
                    drawn[table.key] = figure(table, one)
        return drawn

    return draw


def _forests(report: Report) -> Iterator[tuple[str, Figure]]:
    """People and judge as two series, one row for each dimension or slice."""
    for key, table in report.tables.items():
        keys = [column.key for column in table.columns]
        if {"people", "judge_level", "difference"} <= set(keys) and key.partition(":")[0] in (
            "agreement",
            "raw",
            "slices",
        ):
            figure = draw_intervals(_labelled(table), "row", ["people", "judge_level"], text="difference")
            if figure is not None and len(table.rows) <= MOST_ROWS:
                yield key, Figure(figure.title, figure.alt, figure.svg, table, figure.caption)


def _labelled(table: Table) -> Table:
    """The table with one column that names its rows."""
    texts = [i for i, c in enumerate(table.columns) if c.key in ("slice", "label") and not c.detail]
    rows = tuple((*row, ", ".join(str(row[i]) for i in texts)) for row in table.rows)
    return replace(table, columns=(*table.columns, Column("row", "row")), rows=rows)


def _plot_area(axes: Any, height: float, *, left: float = 46.0, bottom: float = 40.0) -> None:
    axes.set_position(
        (left / WIDTH, bottom / height, (WIDTH - left - 10) / WIDTH, (height - bottom - 10) / height)
    )
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _omega(table: Table, found: Agreement) -> Figure:
    height = 230.0
    curves = {
        ", ".join(
            [part_name(t.ratings.dimension)] + ([t.judge] if len(found.aligned.judges) > 1 else [])
        ): t.omega
        for t in found.judge_agreements
        if t.omega
    }
    with canvas(height, table.key) as (axes, drawing):
        _plot_area(axes, height)
        axes.axhline(0.5, color=MUTED, linewidth=0.8, dashes=(3, 3))
        for i, (name, curve) in enumerate(curves.items()):
            # Curves often coincide: each a little higher than the last, with a mark of its own.
            axes.plot(
                [e for e, _ in curve],
                [rate + 0.012 * i for _, rate in curve],
                color=SERIES[i],
                marker="osD^vX"[i],
                markersize=4,
                linewidth=1.2,
                label=clean(name, 40),
            )
        axes.set_ylim(-0.04, 1.1)
        axes.set_xlabel("epsilon")
        axes.set_ylabel("winning rate")
        if len(curves) > 1:
            axes.legend(fontsize=9, frameon=False, labelcolor=INK)
    words = "; ".join(
        f"{clean(name, 40)} " + ", ".join(f"{e:g}: {rate:.2f}" for e, rate in curve)
        for name, curve in curves.items()
    )
    caption = "Dashed: half of the people, where the test passes. Coinciding curves are drawn a little apart."
    return Figure(table.title, f"{table.title}: {words}.", drawing.text, table, caption)


def _confusion(table: Table, one: JudgeAgreement) -> Figure:
    labels = [str(value) for value in one.ratings.scale.values]
    counts = one.confusion
    totals = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, totals, out=np.zeros_like(counts), where=totals > 0)
    n = len(labels)
    height = 60.0 + min(44.0, 260.0 / n) * n
    with canvas(height, table.key) as (axes, drawing):
        _plot_area(axes, height, left=64.0)
        for row in range(n):
            for column in range(n):
                axes.fill(
                    [column - 0.5, column + 0.5, column + 0.5, column - 0.5],
                    [row - 0.5, row - 0.5, row + 0.5, row + 0.5],
                    facecolor=SERIES[0],
                    alpha=0.06 + 0.6 * shares[row, column],
                    edgecolor=PAPER,
                    linewidth=1.5,
                )
                if n <= 12:
                    text = _count(counts[row, column])
                    axes.text(column, row, text, ha="center", va="center", color=INK, fontsize=10)
        axes.set_xlim(-0.5, n - 0.5)
        axes.set_ylim(-0.5, n - 0.5)
        axes.set_xticks(range(n), labels)
        axes.set_yticks(range(n), labels)
        axes.set_xlabel("judge")
        axes.set_ylabel("people")
    words = "; ".join(
        f"people {label}: "
        + ", ".join(f"judge {labels[k]} {_count(counts[i, k])}" for k in range(n) if counts[i, k])
        for i, label in enumerate(labels)
        if counts[i].any()
    )
    caption = "Items by people's and the judge's score; shade: share of the row."
    return Figure(table.title, f"{table.title}: {words}.", drawing.text, table, caption)


def _count(items: float) -> str:
    """Items, of which the share of one person may count."""
    return f"{items:.0f}" if abs(items - round(items)) < 0.05 else f"{items:.1f}"


def _bland_altman(table: Table, one: JudgeAgreement) -> Figure:
    judge, people = one.ratings.column(one.judge), one.ratings.consensus()
    both = ~np.isnan(judge) & ~np.isnan(people)
    middle, distance = (judge + people)[both] / 2, (judge - people)[both]
    spread = float(distance.std(ddof=1)) if len(distance) > 1 else 0.0
    mean = float(distance.mean())
    step = float(np.diff(one.ratings.scale.points).min())
    jitter = np.random.default_rng(0).uniform(-_JITTER * step, _JITTER * step, (2, len(middle)))
    height = 250.0
    with canvas(height, table.key) as (axes, drawing):
        _plot_area(axes, height, left=60.0)
        axes.axhline(0, color=LINE, linewidth=1)
        for y, dashes in ((mean, (1, 0)), (mean - 1.96 * spread, (4, 3)), (mean + 1.96 * spread, (4, 3))):
            axes.axhline(y, color=SERIES[1], linewidth=1.1, dashes=dashes)
        axes.plot(
            middle + jitter[0], distance + jitter[1] * 0.5, "o", color=SERIES[0], markersize=4, alpha=0.5,
            markeredgewidth=0,
        )  # fmt: skip
        axes.set_xlabel("mean of judge and people")
        axes.set_ylabel("judge minus people")
    alt = (
        f"{table.title}: mean difference {mean:.2f}, 95 % of differences between {mean - 1.96 * spread:.2f} "
        f"and {mean + 1.96 * spread:.2f}, {len(middle):,} items."
    )
    caption = "Line: mean difference; dashed: limits of agreement (1.96 SD). Dots are moved a little apart."
    return Figure(table.title, alt, drawing.text, table, caption)


def _calibration(table: Table, one: JudgeAgreement) -> Figure:
    height = 250.0
    points = one.ratings.scale.points
    rows = [(float(str(row[0])), row[2]) for row in table.rows]
    with canvas(height, table.key) as (axes, drawing):
        _plot_area(axes, height)
        ends = [float(points[0]), float(points[-1])]
        axes.plot(ends, ends, color=MUTED, linewidth=0.9, dashes=(3, 3))
        for score, people in rows:
            low, high, value = (getattr(people, name) for name in ("low", "high", "value"))
            axes.plot([score, score], [low, high], color=SERIES[0], linewidth=1.4)
            axes.plot([score], [value], "o", color=SERIES[0], markersize=5)
        axes.set_ylim(ends[0] - 0.3, ends[1] + 0.3)
        axes.set_xlabel("judge's score")
        axes.set_ylabel("people's mean")
    words = ", ".join(f"judge {score:g}: people {people.value:.2f}" for score, people in rows)  # type: ignore[union-attr] # the third cell is an estimate
    return Figure(
        table.title,
        f"{table.title}: {words}.",
        drawing.text,
        table,
        "Dashed: judge and people alike. Lines: 95 % intervals.",
    )
