"""The tables of `judge agree` about slices, oddities and panels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from judge.analysis.agreement.agree import Agreement
from judge.analysis.agreement.bias import BiasCheck
from judge.analysis.agreement.by_slice import AgreementSlice
from judge.analysis.agreement.panel import STATISTICS, PanelSelection
from judge.analysis.slices import SMALL
from judge.reporting.document import Column, Row, Table
from judge.reporting.tables.agreement_tables import Labels, part_name
from judge.reporting.tables.run_tables import field_name

SMALL_NOTE = f"* fewer than {SMALL} items with people and judge: a hint, no finding."
_N = Column("n", "n", "count")


def slices(found: Agreement, labels: Labels, field: str) -> Table:
    """The judge beside people in each slice of one field."""
    held = [one for one in found.slices if one.field == field]
    columns = (
        Column("slice", field_name(field)),
        *labels.columns,
        _N,
        Column("people", "people", "score"),
        Column("judge_level", "judge", "score"),
        Column("difference", "judge minus people", "change"),
        Column("bias", "bias", "change"),
        Column("p", "p", "p", detail=True),
        Column("p_holm", "p (Holm)", "p"),
        Column("people_mean", "people's mean", "score", detail=True),
        Column("judge_mean", "judge's mean", "score", detail=True),
    )
    single = len({(one.dimension, one.judge) for one in held}) == 1
    if single:
        columns = tuple(replace(c, detail=True) if c.key == "label" else c for c in columns)
    rows: list[Row] = [_slice_row(one, labels) for one in held]
    small = tuple(i for i, one in enumerate(held) if one.small)
    measures = " or ".join(dict.fromkeys(one.comparison.title for one in held))
    notes = [
        f"Agreement: {measures}. Exploratory: p that judge and people agree equally, adjusted for "
        f"{sum(not np.isnan(one.p) for one in found.slices):,} tests (Holm)."
    ]
    if small:
        notes.append(SMALL_NOTE)
    return Table(f"slices:{field}", f"By {field_name(field)}", columns, tuple(rows), tuple(notes), small)


def _slice_row(one: AgreementSlice, labels: Labels) -> Row:
    c = one.comparison
    return (
        one.label,
        *labels.cells(one.dimension, one.judge),
        one.n_both,
        c.human,
        c.judge,
        c.difference,
        one.bias,
        one.p,
        one.p_adjusted,
        one.human_mean,
        one.judge_mean,
    )


def oddities(found: Agreement, labels: Labels) -> Table | None:
    """What is odd about the judge, beyond bias and spread."""
    rows: list[Row] = []
    meanings: dict[str, str] = {}
    for judge, checks in found.bias_checks.items():
        for one in checks:
            meanings[one.name] = one.title
            rows.append(_oddity_row(one, judge, labels))
    if not rows:
        return None
    columns = (
        Column("what", ""),
        Column("dimension", "dimension", detail=True),
        Column("judge", "judge", detail=True),
        Column("judge_value", "judge", "score", detail=True),
        Column("people", "people", "score", detail=True),
        Column("difference", "judge minus people", "change"),
        Column("finding", "finding"),
    )
    notes = tuple(f"{name[0].upper()}{name[1:]}: {title}." for name, title in meanings.items())
    return Table("oddities", "What is odd about the judge", columns, tuple(rows), notes)


def _oddity_row(one: BiasCheck, judge: str, labels: Labels) -> Row:
    name = labels.name(one.dimension or "all", judge)
    finding = "yes" if one.stands_out else "no"
    return (f"{one.name}, {name}", one.dimension, judge, one.judge, one.human, one.difference, finding)


def panel(choices: Sequence[PanelSelection]) -> Table:
    """Which judges agree best with people, and what choosing them is worth."""
    columns = (
        Column("dimension", ""),
        Column("best", "best panel"),
        Column("honest", "of choosing like this", "score"),
        Column("everyone", "all judges", "score"),
        Column("flattered", "on the data it was chosen on", "score"),
    )
    rows = tuple(
        (part_name(c.dimension), " + ".join(c.best), c.cross_validated, c.all_judges, c.in_sample)
        for c in choices
    )
    measures = " or ".join(STATISTICS[name] for name in dict.fromkeys(c.statistic for c in choices))
    notes = (
        f"Agreement: {measures}. The best panel is chosen and judged on different items (five folds); the "
        "last column is too good, because chosen and judged on the same ones.",
    )
    return Table("panel", "Which judges to ask", columns, rows, notes)
