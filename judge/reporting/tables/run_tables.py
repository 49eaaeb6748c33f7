"""What one run holds, as tables: one function a table."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from judge.analysis.anomalies import Anomaly
from judge.analysis.failures import FailureProfile
from judge.analysis.pass_rate import DimensionSummary, PassRate
from judge.analysis.score_table import OUTCOMES, ScoreTable
from judge.analysis.slices import SMALL, SliceTable
from judge.reporting.document import Column, Row, Table

SMALL_NOTE = f"* fewer than {SMALL} verdicts: a hint, no finding."
ALL_ITEMS, MEAN_OF_SLICES = "all items", "slice mean"
AVERAGES_NOTE = f"{ALL_ITEMS}: micro average; {MEAN_OF_SLICES}: macro average."
_N = Column("n", "n", "count")
_MISSING = Column("missing", "no verdict", "count")


def spoken(name: str) -> str:
    """Name of a dimension or field as people write it.

    >>> spoken("technical_accuracy")
    'technical accuracy'
    """
    return name.replace("_", " ")


def pass_rates(passing: PassRate, dimensions: Sequence[DimensionSummary]) -> Table:
    """The verdict, and how many answers reach the bar of each dimension."""
    complete = not any(rate.n_missing for rate in (passing, *(d.passing for d in dimensions)) if rate)
    columns = (
        Column("what", ""),
        Column("bar", "bar", "number"),
        _N,
        Column("missing", "missing", "count"),
        Column("pass_rate", "at or above the bar", "share"),
        Column("worst", "missing as fails", "share", detail=complete),
        Column("best", "as passes", "share", detail=complete),
    )
    rows = [_rate_row("answer passes", None, passing)]
    rows += [_rate_row(spoken(d.name), d.pass_mark, d.passing) for d in dimensions if d.passing is not None]
    notes = []
    if any(d.pass_mark is not None and not d.decides for d in dimensions):
        names = ", ".join(spoken(d.name) for d in dimensions if d.pass_mark is not None and not d.decides)
        notes.append(f"The pass rule names no bar for {names}: held against the bar of the overall score.")
    return Table("pass_rates", "Pass rates", columns, tuple(rows), tuple(notes))


def _rate_row(name: str, bar: float | None, rate: PassRate) -> Row:
    return (name, bar, rate.n_pass + rate.n_fail, rate.n_missing, rate.estimate, rate.worst, rate.best)


def scores(dimensions: Sequence[DimensionSummary], labels: range) -> Table:
    """Mean and distribution of each dimension; a score between two labels counts with the lower one."""
    columns = (
        Column("dimension", ""),
        Column("n", "n", "count", detail=True),
        Column("mean", "mean", "score"),
        Column("sd", "SD", "score", detail=True),
        *(Column(str(label), str(label), "share") for label in labels),
    )
    rows: list[Row] = []
    between = False
    for d in dimensions:
        counts = dict.fromkeys(labels, 0)
        for score, count in d.distribution.items():
            counts[int(np.floor(score))] += count
            between |= count > 0 and not float(score).is_integer()
        n = sum(counts.values())
        rows.append((spoken(d.name), n, d.mean, d.sd, *(c / n if n else None for c in counts.values())))
    notes = ("Scores between two whole numbers count with the lower one.",) if between else ()
    return Table("scores", "Mean and distribution of the scores", columns, tuple(rows), notes)


def missing(table: ScoreTable, passing: PassRate, dimensions: Sequence[DimensionSummary]) -> Table:
    """Status of every verdict and score."""
    held = {name: int((table.outcomes == name).sum()) for name in OUTCOMES if name != "ok"}
    held["ok"] = passing.n_pass + passing.n_fail
    used = [s for s in OUTCOMES if s == "ok" or any(d.statuses[s] for d in dimensions) or held[s]]
    columns = (Column("what", ""), *(Column(status, status, "count") for status in used))
    verdicts: Row = ("verdict", *(held[status] for status in used))
    rows: list[Row] = [(spoken(d.name), *(d.statuses[status] for status in used)) for d in dimensions]
    if len({row[1:] for row in rows}) == 1:
        rows = [("every dimension", *rows[0][1:])]
    return Table("missing", "What has no score", columns, (verdicts, *rows))


def slices(of: SliceTable, n_tests: int) -> Table:
    """Pass rate of each slice, and how it differs from all other items."""
    columns = (
        Column("slice", field_name(of.field)),
        _N,
        _MISSING,
        Column("pass_rate", "pass rate", "share"),
        Column("difference", "points above the rest", "points"),
        Column("p", "p", "p", detail=True),
        Column("p_holm", "p (Holm)", "p"),
    )
    rows: list[Row] = [
        (
            s.label,
            s.passing.n_pass + s.passing.n_fail,
            s.passing.n_missing,
            s.passing.estimate,
            s.against_rest.difference,
            s.against_rest.p,
            s.against_rest.p_adjusted,
        )
        for s in of.slices
    ]
    small = tuple(i for i, s in enumerate(of.slices) if s.small)
    n = sum(s.passing.n for s in of.slices)
    n_missing = sum(s.passing.n_missing for s in of.slices)
    rows += [
        (ALL_ITEMS, n - n_missing, n_missing, of.micro, None, None, None),
        (MEAN_OF_SLICES, n - n_missing, n_missing, of.macro, None, None, None),
    ]
    notes = [f"p adjusted for {n_tests} tests (Holm). {AVERAGES_NOTE}"] if len(of.slices) > 1 else []
    return marked(
        Table(f"slices:{of.field}", f"By {field_name(of.field)}", columns, tuple(rows), tuple(notes), small)
    )


def slice_means(of: SliceTable) -> Table:
    """Mean score of each slice on each dimension."""
    columns = (
        Column("slice", field_name(of.field)),
        *(Column(d, spoken(d), "score") for d in of.micro_means),
    )
    rows: list[Row] = [(s.label, *s.means.values()) for s in of.slices]
    small = tuple(i for i, s in enumerate(of.slices) if s.small)
    rows += [
        (ALL_ITEMS, *of.micro_means.values()),
        (MEAN_OF_SLICES, *of.macro_means.values()),
    ]
    title = f"Mean scores by {field_name(of.field)}"
    return marked(Table(f"means:{of.field}", title, columns, tuple(rows), small=small))


def slice_dimensions(of: SliceTable) -> Table:
    """Share of each slice at or above the bar of each dimension."""
    names = list(of.slices[0].dimensions)
    columns = (Column("slice", field_name(of.field)), *(Column(d, spoken(d), "share") for d in names))
    rows: tuple[Row, ...] = tuple(
        (s.label, *(rate.estimate for rate in s.dimensions.values())) for s in of.slices
    )
    small = tuple(i for i, s in enumerate(of.slices) if s.small)
    title = f"At or above the bar by {field_name(of.field)}"
    return marked(Table(f"bars:{of.field}", title, columns, rows, small=small, detail=True))


def failures(profile: FailureProfile) -> Table:
    """How often each dimension is the binding one."""
    columns = (
        Column("dimension", ""),
        Column("binding", "binding in", "share"),
        Column("below", "below its bar", "count"),
        Column("alone", "alone below", "count"),
        Column("rescued", "top score would rescue", "count"),
    )
    known = any(d.n_rescued is not None for d in profile.dimensions)
    width = 5 if known else 4
    rows = tuple(
        (spoken(d.dimension), d.binding, d.n_below, d.n_alone, d.n_rescued)[:width]
        for d in profile.dimensions
    )
    notes = [
        f"Of {counted(profile.n_fail, 'failing answer')}. Binding: farthest below its bar; "
        f"{profile.n_tied:,} ties "
        "count in equal parts."
    ]
    if profile.n_unexplained:
        notes.append(
            f"{profile.n_unexplained:,} fail with every dimension at or above its bar: the judge's own "
            "overall score fails them, and no dimension says why."
        )
    if not known:
        notes.append(
            "The overall score is the judge's own, so which dimension would rescue an answer is unknown."
        )
    return Table("failures", "Why answers fail", columns[:width], rows, tuple(notes))


def failures_by(field: str, profiles: Sequence[tuple[str, FailureProfile]], *, detail: bool) -> Table:
    """Failure profile of each slice: which dimension is binding there."""
    names = [d.dimension for d in profiles[0][1].dimensions]
    columns = (
        Column("slice", field_name(field)),
        Column("fail", "fail", "count"),
        *(Column(name, spoken(name), "share") for name in names),
    )
    rows: tuple[Row, ...] = tuple(
        (label, p.n_fail, *(d.binding for d in p.dimensions)) for label, p in profiles
    )
    small = tuple(i for i, (_, p) in enumerate(profiles) if p.n_fail < SMALL)
    title = f"Binding dimension (% of failing answers) by {field_name(field)}"
    one = Table(f"failures:{field}", title, columns, rows, small=small, detail=detail)
    return marked(one, f"* fewer than {SMALL} failing answers: a hint, no finding.")


def patterns(profile: FailureProfile) -> Table:
    """Which dimensions lie below their bars in the same answers: the exact sets."""
    columns = (
        Column("dimensions", "below their bars together"),
        Column("n", "answers", "count"),
        Column("share", "of failing answers", "share"),
    )
    rows = tuple(
        (", ".join(map(spoken, names)) or "(none)", count, count / profile.n_fail)
        for names, count in profile.patterns.items()
    )
    return Table("patterns", "What fails together", columns, rows)


def pairs(profile: FailureProfile, *, detail: bool) -> Table:
    """Which two dimensions lie below their bars in the same answers."""
    columns = (
        Column("first", "first"),
        Column("second", "second"),
        Column("both", "both", "count"),
        Column("only_first", "only first", "count"),
        Column("only_second", "only second", "count"),
    )
    rows = tuple(
        (spoken(p.first), spoken(p.second), p.n_both, p.n_only_first, p.n_only_second) for p in profile.pairs
    )
    return Table("pairs", "Pairs of dimensions below their bars", columns, rows, detail=detail)


def oddity_counts(found: Iterable[Anomaly]) -> Table:
    """What should be looked at, with its number and its pass rate."""
    columns = (
        Column("what", ""),
        _N,
        Column("checked", "of", "count"),
        Column("pass_rate", "of these pass", "share"),
        Column("example", "for example"),
    )
    rows = tuple(
        (o.title, o.n, o.n_checked, o.passing.estimate if o.n else None, next(iter(o.items), None))
        for o in found
    )
    return Table("oddities", "Look at these", columns, rows)


def oddity_items(found: Iterable[Anomaly]) -> list[Table]:
    """Every item of every oddity."""
    columns = (Column("item", "item"), Column("found", "what was found"))
    return [
        Table(f"oddity:{o.name}", o.title, columns, tuple(o.items.items()), detail=True)
        for o in found
        if o.items
    ]


def cost(summary: dict[str, Any]) -> Table:
    """Replies, tokens, money and time."""
    columns = (
        Column("what", ""),
        Column("total", "total", "number"),
        Column("per_item", "per item", "number"),
    )
    n = summary["items"]
    rows: list[Row] = [
        (title, summary[key], _digits(summary[key] / n))
        for key, title in (
            ("completions", "replies"),
            ("prompt_tokens", "prompt tokens"),
            ("cached_tokens", "  of them cached"),
            ("completion_tokens", "completion tokens"),
            ("reasoning_tokens", "  of them reasoning"),
        )
        if summary[key]
    ]
    for key, title in (("cost", "cost in USD"), ("seconds", "seconds of scoring")):
        if summary[key]:
            rows.append((title, _digits(summary[key]), _digits(summary[key] / n)))
    unpriced = summary["unpriced"]
    notes = (f"No price is known for {unpriced:,} replies; they are not in the cost.",) if unpriced else ()
    return Table("cost", "Cost", columns, tuple(rows), notes)


def _digits(value: float) -> float:
    return float(f"{value:.4g}") if value < 1000 else float(round(value))


def counted(n: int, what: str) -> str:
    """Number of things.

    >>> counted(1, "answer"), counted(7380, "answer")
    ('1 answer', '7,380 answers')
    """
    return f"{n:,} {what}{'' if n == 1 else 's'}"


def field_name(field: str) -> str:
    """Name of a field, or of crossed ones, for people."""
    return spoken(field).replace("*", " and ")


def marked(table: Table, note: str = SMALL_NOTE) -> Table:
    """Say what the mark on small rows means, where there are any."""
    return replace(table, notes=(*table.notes, note)) if table.small else table
