"""Tables of a report about one run: one function for each table."""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import replace

import numpy as np

from judge.analysis.anomalies import Anomaly
from judge.analysis.failures import FailureProfile
from judge.analysis.measures import MeasureKind
from judge.analysis.pass_rate import DimensionSummary, PassRate
from judge.analysis.score_table import ScoreTable
from judge.analysis.slices import SMALL, SliceTable
from judge.analysis.status_column import OUTCOMES
from judge.reporting.document import Column, Row, Seconds, Table
from judge.reporting.wording import counted, display_name, field_name
from judge.rubric import NoVerdict
from judge.scoring.run_summary import RunSummary

SMALL_NOTE = f"* fewer than {SMALL} verdicts; interpret with caution."
ALL_ITEMS, MEAN_OF_SLICES = "all items", "slice mean"
AVERAGES_NOTE = f"{ALL_ITEMS.capitalize()}: micro average; {MEAN_OF_SLICES}: macro average."
_N = Column("n", "n", "count")
_MISSING = Column("missing", "no verdict", "count")


def pass_rates(
    passing: PassRate, dimensions: Sequence[DimensionSummary], no_verdict: NoVerdict = "bounds"
) -> Table:
    """Pass rate of the answers, and share at or above the threshold of each dimension."""
    rates = [rate for rate in (passing, *(d.passing for d in dimensions)) if rate]
    complete = not any(rate.n_no_verdict for rate in rates)
    apply_to_all = not any(rate.n_not_applicable for rate in rates)
    columns = (
        Column("what", ""),
        Column("pass_rate", "pass rate", "share"),
        Column("bar", "threshold", "number"),
        _N,
        Column("missing", "missing", "count"),
        Column("worst", "if missing fail", "share", detail=complete),
        Column("best", "if missing pass", "share", detail=complete),
        Column("not_applicable", "does not apply", "count", detail=True),
    )
    left_out = {"worst", "best"} if no_verdict != "bounds" else set()
    left_out |= {"not_applicable"} if apply_to_all else set()
    rows = [_rate_row("answer passes", None, passing)]
    rows += [
        _rate_row(display_name(d.name), d.pass_mark, d.passing) for d in dimensions if d.passing is not None
    ]
    notes = []
    if any(d.pass_mark is not None and not d.decides for d in dimensions):
        names = ", ".join(
            display_name(d.name) for d in dimensions if d.pass_mark is not None and not d.decides
        )
        notes.append(
            f"The pass rule has no threshold for {names}; the threshold of the overall score is used."
        )
    if no_verdict == "fail":
        notes.append("Missing scores and verdicts count as fails.")
    return without(Table("pass_rates", "Pass rates", columns, tuple(rows), tuple(notes)), left_out)


def _rate_row(name: str, bar: float | None, rate: PassRate) -> Row:
    n = rate.n_pass + rate.n_fail
    return name, rate.estimate, bar, n, rate.n_no_verdict, rate.worst, rate.best, rate.n_not_applicable


def score_distribution(dimensions: Sequence[DimensionSummary], labels: range) -> Table:
    """Mean and distribution of each dimension; a score between two labels is counted at the lower label.

    Without `labels` the table has no distribution.
    """
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
        for score, count in d.distribution.items() if labels else ():
            counts[int(np.floor(score))] += count
            between |= count > 0 and not float(score).is_integer()
        n = sum(d.distribution.values())
        rows.append((display_name(d.name), n, d.mean, d.sd, *(c / n if n else None for c in counts.values())))
    notes = ("A score between two whole numbers is counted at the lower one.",) if between else ()
    return Table("scores", "Mean and distribution of scores", columns, tuple(rows), notes)


def statuses(table: ScoreTable, dimensions: Sequence[DimensionSummary]) -> Table:
    """Status of every verdict and score."""
    held = table.outcomes.counts()
    of_criteria = {name: int((table.criteria.statuses == name).sum()) for name in OUTCOMES}
    counts = [held, of_criteria, *(d.statuses for d in dimensions)]
    used = [s for s in OUTCOMES if s == "ok" or any(count[s] for count in counts)]
    columns = (Column("what", ""), *(Column(status, display_name(status), "count") for status in used))
    verdicts: Row = ("verdict", *(held[status] for status in used))
    rows: list[Row] = [(display_name(d.name), *(d.statuses[status] for status in used)) for d in dimensions]
    if len({row[1:] for row in rows}) == 1:
        rows = [("every dimension", *rows[0][1:])]
    if len(table.criteria):
        rows.append(("criteria of the items", *(of_criteria[status] for status in used)))
    return Table("missing", "Status of verdicts and scores", columns, (verdicts, *rows))


def slices(of: SliceTable, n_tests: int) -> Table:
    """Pass rate of each slice, and its difference from all other items."""
    columns = (
        Column("slice", field_name(of.field)),
        _N,
        _MISSING,
        Column("pass_rate", "pass rate", "share"),
        Column("difference", "difference from the rest (points)", "points"),
        Column("p", "p", "p", detail=True),
        Column("p_holm", "p (Holm)", "p"),
    )
    rows: list[Row] = [
        (
            s.label,
            s.passing.n_pass + s.passing.n_fail,
            s.passing.n_no_verdict,
            s.passing.estimate,
            s.against_rest.difference,
            s.against_rest.p,
            s.against_rest.p_adjusted,
        )
        for s in of.slices
    ]
    small = tuple(i for i, s in enumerate(of.slices) if s.small)
    n = sum(s.passing.n - s.passing.n_missing for s in of.slices)
    n_missing = sum(s.passing.n_no_verdict for s in of.slices)
    rows += [
        (ALL_ITEMS, n, n_missing, of.micro, None, None, None),
        (MEAN_OF_SLICES, n, n_missing, of.macro, None, None, None),
    ]
    notes = (
        [
            f"The rest: all other items. p-values are Holm-adjusted for {counted(n_tests, 'test')}. "
            f"{AVERAGES_NOTE}"
        ]
        if len(of.slices) > 1
        else []
    )
    return marked(
        Table(f"slices:{of.field}", f"By {field_name(of.field)}", columns, tuple(rows), tuple(notes), small)
    )


def slice_means(of: SliceTable) -> Table:
    """Mean score of each slice on each dimension."""
    columns = (Column("slice", field_name(of.field)), *averages(of.kinds))
    rows: list[Row] = [(s.label, *s.means.values()) for s in of.slices]
    small = tuple(i for i, s in enumerate(of.slices) if s.small)
    rows += [
        (ALL_ITEMS, *of.micro_means.values()),
        (MEAN_OF_SLICES, *of.macro_means.values()),
    ]
    title = f"{averages_title(of.kinds)} by {field_name(of.field)}"
    return marked(Table(f"means:{of.field}", title, columns, tuple(rows), small=small))


def slice_dimensions(of: SliceTable) -> Table:
    """Share of each slice at or above the threshold of each dimension."""
    names = list(of.slices[0].dimensions)
    columns = (Column("slice", field_name(of.field)), *(Column(d, display_name(d), "share") for d in names))
    rows: tuple[Row, ...] = tuple(
        (s.label, *(rate.estimate for rate in s.dimensions.values())) for s in of.slices
    )
    small = tuple(i for i, s in enumerate(of.slices) if s.small)
    title = f"Share at or above the threshold by {field_name(of.field)}"
    return marked(Table(f"bars:{of.field}", title, columns, rows, small=small, detail=True))


def failures(profile: FailureProfile) -> Table:
    """How often each dimension is the binding dimension of a failing answer."""
    columns = (
        Column("dimension", ""),
        Column("binding", "binding", "share"),
        Column("below", "below threshold", "count"),
        Column("alone", "only one below", "count"),
        Column("rescued", "would pass with top score", "count"),
    )
    known = any(d.n_rescued is not None for d in profile.dimensions)
    width = 5 if known else 4
    rows = tuple(
        (display_name(d.dimension), d.binding, d.n_below, d.n_alone, d.n_rescued)[:width]
        for d in profile.dimensions
    )
    notes = [
        f"Of {counted(profile.n_fail, 'failing answer')}. Binding: the dimension farthest below its "
        f"threshold; {counted(profile.n_tied, 'tie')} split equally."
    ]
    if profile.n_unexplained:
        notes.append(
            f"{profile.n_unexplained:,} fail although every dimension reaches its threshold: the judge's "
            "own overall score is too low, which no dimension explains."
        )
    if not known:
        notes.append(
            "The judge gives the overall score itself, so it is unknown which dimension would have to "
            "improve."
        )
    return Table("failures", "Failing answers by dimension", columns[:width], rows, tuple(notes))


def failures_by(field: str, profiles: Sequence[tuple[str, FailureProfile]], *, detail: bool) -> Table:
    """Binding dimensions of the failing answers in each slice."""
    names = [d.dimension for d in profiles[0][1].dimensions]
    columns = (
        Column("slice", field_name(field)),
        Column("fail", "failing", "count"),
        *(Column(name, display_name(name), "share") for name in names),
    )
    rows: tuple[Row, ...] = tuple(
        (label, p.n_fail, *(d.binding for d in p.dimensions)) for label, p in profiles
    )
    small = tuple(i for i, (_, p) in enumerate(profiles) if p.n_fail < SMALL)
    title = f"Binding dimension (% of failing answers) by {field_name(field)}"
    one = Table(f"failures:{field}", title, columns, rows, small=small, detail=detail)
    return marked(one, f"* fewer than {SMALL} failing answers; interpret with caution.")


def patterns(profile: FailureProfile) -> Table:
    """Sets of dimensions that are below their thresholds in the same answer."""
    columns = (
        Column("dimensions", "below threshold"),
        Column("n", "answers", "count"),
        Column("share", "share of failing answers", "share"),
    )
    rows = tuple(
        (", ".join(map(display_name, names)) or "(none)", count, count / profile.n_fail)
        for names, count in profile.patterns.items()
    )
    return Table("patterns", "Combinations of dimensions below threshold", columns, rows)


def pairs(profile: FailureProfile, *, detail: bool) -> Table:
    """Pairs of dimensions that are below their thresholds in the same answer."""
    columns = (
        Column("first", "first"),
        Column("second", "second"),
        Column("both", "both", "count"),
        Column("only_first", "only first", "count"),
        Column("only_second", "only second", "count"),
    )
    rows = tuple(
        (display_name(p.first), display_name(p.second), p.n_both, p.n_only_first, p.n_only_second)
        for p in profile.pairs
    )
    return Table("pairs", "Pairs of dimensions below threshold", columns, rows, detail=detail)


def anomaly_counts(found: Iterable[Anomaly]) -> Table:
    """Anomalies with their counts and pass rates."""
    columns = (
        Column("what", ""),
        _N,
        Column("checked", "checked", "count"),
        Column("pass_rate", "pass rate", "share"),
        Column("example", "example"),
    )
    rows = tuple(
        (a.title, a.n, a.n_checked, a.passing.estimate if a.n else None, next(iter(a.items), None))
        for a in found
    )
    return Table("anomalies", "Anomalies", columns, rows)


def anomaly_items(found: Iterable[Anomaly]) -> list[Table]:
    """Every item of every anomaly."""
    columns = (Column("item", "item"), Column("found", "finding"))
    return [
        Table(f"anomaly:{a.name}", a.title, columns, tuple(a.items.items()), detail=True)
        for a in found
        if a.items
    ]


def cost(summary: RunSummary) -> Table:
    """Replies, tokens, cost and time."""
    columns = (
        Column("what", ""),
        Column("total", "total", "number"),
        Column("per_item", "per item", "number"),
    )
    n = summary.items
    rows: list[Row] = [
        (title, getattr(summary, key), _per_item(getattr(summary, key) / n))
        for key, title in (
            ("completions", "replies"),
            ("prompt_tokens", "prompt tokens"),
            ("cached_tokens", "  of which cached"),
            ("completion_tokens", "completion tokens"),
            ("reasoning_tokens", "  of which reasoning"),
        )
        if getattr(summary, key)
    ]
    if summary.cost:
        rows.append(("cost in USD", _digits(summary.cost), _digits(summary.cost / n)))
    if summary.seconds:
        rows.append(
            ("scoring time", Seconds(_digits(summary.seconds)), Seconds(_digits(summary.seconds / n)))
        )
    unpriced = summary.unpriced
    notes = (
        (f"The price of {counted(unpriced, 'reply', 'replies')} is unknown and not included in the cost.",)
        if unpriced
        else ()
    )
    return Table("cost", "Cost", columns, tuple(rows), notes)


def _per_item(value: float) -> float:
    """A count per item, such as 1.2 replies."""
    return round(value, 1) if value >= 1 else _digits(value)


def _digits(value: float) -> float:
    return float(f"{value:.4g}") if value < 1000 else float(round(value))


def averages(kinds: Mapping[str, MeasureKind]) -> tuple[Column, ...]:
    """Columns of mean scores, and of shares of answers that meet a criterion."""
    return tuple(Column(name, display_name(name), kind) for name, kind in kinds.items())


def averages_title(kinds: Mapping[str, MeasureKind]) -> str:
    """Title of a table of averages."""
    has_scores, has_shares = ("score" in kinds.values()), ("share" in kinds.values())
    if has_scores and has_shares:
        return "Mean scores and shares met"
    return "Shares met" if has_shares else "Mean scores"


def without(table: Table, left_out: Set[str]) -> Table:
    """Leave out columns by their keys."""
    kept = [place for place, column in enumerate(table.columns) if column.key not in left_out]
    rows = tuple(tuple(row[place] for place in kept) for row in table.rows)
    return replace(table, columns=tuple(table.columns[place] for place in kept), rows=rows)


def marked(table: Table, note: str = SMALL_NOTE) -> Table:
    """Explain the mark of small rows in a note, where the table has any."""
    return replace(table, notes=(*table.notes, note)) if table.small else table
