"""Sample size plan -> Report."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from judge.analysis.plan import SampleSizePlan, StudySize
from judge.reporting.document import Column, Row, Section, Table
from judge.reporting.render.numbers import number_text
from judge.reporting.report import Report
from judge.reporting.wording import counted

NAMES = {
    "pass_rate": "the pass rate",
    "kappa": "Cohen's kappa of two pass/fail raters",
    "correlation": "Pearson's correlation",
    "icc": "the single-rater ICC",
    "alpha": "Krippendorff's {level} alpha of human raters",
    "agreement": "the exact agreement",
    "kappa_quadratic": "quadratic kappa of human raters",
    "difference": "the difference between judge-human and human-human {weights} kappa",
}


def build_plan(found: SampleSizePlan) -> Report:
    """Build the report of `judge plan`."""
    q = found.target
    tables = [_table("needed", "Required sample size", found.needed, q.minutes)]
    if found.affordable:
        tables.append(_table("affordable", f"Precision of {q.budget:,} ratings", found.affordable, q.minutes))
    if found.sizes:
        tables.append(_table("sizes", "Precision and power of other sample sizes", found.sizes, q.minutes))
    weights = "unweighted" if found.level == "nominal" else "quadratic"
    name = NAMES[q.statistic].format(level=found.level, weights=weights)
    return Report(
        "plan",
        f"Sample size to estimate {name} within ±{q.half_width:g}",
        (*(_sentence(size, q.minutes) for size in found.needed), *_power_words(found)),
        tuple(_warnings(found)),
        (Section("plan", "Plan", tables=tuple(tables)),),
        {},
        {"seed": str(q.seed)},
        (f"{found.how[0].upper()}{found.how[1:]}.", "Half-width: half the width of the 95 % interval."),
    )


def _sentence(size: StudySize, minutes: float) -> str:
    raters = "one rating each" if size.n_raters == 1 else f"{size.n_raters} raters each"
    return (
        f"{counted(size.n_items, 'item')} with {raters}: {counted(size.n_ratings, 'rating')}, "
        f"{_hours(size, minutes)} hours at {minutes:g} minutes per rating."
    )


def _hours(size: StudySize, minutes: float) -> str:
    return number_text(float(f"{size.n_ratings * minutes / 60:.3g}"), "number")


def _power_words(found: SampleSizePlan) -> list[str]:
    margin = found.target.margin
    if margin is None:
        return []
    sentences = []
    for k in dict.fromkeys(size.n_raters for size in found.sizes):
        enough = [size.n_items for size in found.sizes if size.n_raters == k and size.power >= 0.8]
        if enough:
            sentences.append(
                f"With {counted(k, 'rater')}, the non-inferiority test at margin {margin:g} has power .8 "
                f"from {enough[0]} items on, for a judge that agrees as well as a human rater."
            )
        else:
            sentences.append(
                f"With {counted(k, 'rater')}, no study of up to {found.sizes[-1].n_items} items has power .8."
            )
    return sentences


def _warnings(found: SampleSizePlan) -> list[str]:
    few = [size for size in found.needed if size.n_items < 50]
    sentences = ["Use at least 50 items; intervals are unreliable with fewer."] if few else []
    if found.target.statistic == "difference" and any(size.n_raters < 3 for size in found.needed):
        sentences.append("A human ceiling and the alternative annotator test need at least 3 raters.")
    return sentences


def _table(key: str, title: str, sizes: Sequence[StudySize], minutes: float) -> Table:
    powered = any(not np.isnan(size.power) for size in sizes)
    columns = (
        Column("raters", "raters"),
        Column("items", "items", "count"),
        Column("ratings", "ratings", "count"),
        Column("hours", "hours", "number"),
        Column("half_width", "half-width", "score"),
        Column("power", "power", "score", detail=not powered),
    )
    rows: tuple[Row, ...] = tuple(
        (
            str(s.n_raters),
            s.n_items,
            s.n_ratings,
            float(f"{s.n_ratings * minutes / 60:.3g}"),
            s.half_width,
            None if np.isnan(s.power) else s.power,
        )
        for s in sizes
    )
    return Table(key, title, columns, rows)
