"""One run -> Report."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from judge.analysis.anomalies import find_anomalies
from judge.analysis.failures import FailureProfile, Failures, JudgedItem
from judge.analysis.headlines import EXPECTED
from judge.analysis.item_fields import NO_LABEL
from judge.analysis.pass_rate import DimensionSummary, PassRate, dimension_summaries, pass_rate
from judge.analysis.score_table import PAIR_ID, ScoreTable
from judge.analysis.slices import SliceTable, members, n_tests, slice_tables
from judge.reporting.builders.comparison_sections import comparison_sections
from judge.reporting.builders.rubric_sections import rubric_sections
from judge.reporting.builders.run_data import RunData
from judge.reporting.document import Case, Section
from judge.reporting.findings import run_findings
from judge.reporting.report import Report
from judge.reporting.tables import comparison_tables, run_tables
from judge.reporting.wording import counted, display_name
from judge.stats.engine.estimate import Estimate
from judge.stats.pass_fail.proportion import proportion

MOST_VALUES, MOST_FIELDS, LONGEST_LABEL = 12, 6, 40


def build_report(
    source: RunData, *, by: Sequence[str] = (), cluster: str | None = None, n_worst: int = 3
) -> Report:
    """Report pass rates, scores, slices, failures and anomalies of one run.

    Parameters
    ----------
    source : RunData
        The run.
    by : sequence of str
        Fields to slice by, ``"a*b"`` crosses two. Default: up to six fields with 2 to 12 values.
    cluster : str, optional
        Field whose items are resampled together; see `ScoreTable.clusters`.
    n_worst : int
        Number of lowest-scoring answers to show in full.

    Raises
    ------
    InputError
        No item has one of the fields in `by`.
    """
    table = source.table
    clusters = table.clusters(cluster)
    passing, dimensions = pass_rate(table.passed, clusters), dimension_summaries(table, clusters)
    sliced = slice_tables(table, by or default_fields(table), clusters)
    failing = Failures(table, clusters)
    profile = failing.profile()
    sections = [
        _overview(table, passing, dimensions),
        *_slice_section(sliced),
        *_failure_sections(failing, profile, [one.field for one in sliced], detail=True),
        *comparison_sections(table, [one.field for one in sliced], cluster),
        _anomaly_section(table),
        *_worst(failing, n_worst),
        *_cost(source),
        *rubric_sections([table.rubric]),
    ]
    return Report(
        "report",
        _title(source),
        (
            *run_findings.pass_words(table, passing),
            *run_findings.failure_words(profile),
            *run_findings.where_words(sliced, n_tests(sliced)),
        ),
        tuple(run_findings.warnings(source, passing, cluster)),
        tuple(sections),
        _named_estimates(table, passing, dimensions, sliced),
        source.about,
        tuple(run_findings.methods(table, cluster)),
    )


def build_audit(
    source: RunData, *, by: Sequence[str] = (), cluster: str | None = None, n_worst: int = 10
) -> Report:
    """Report why answers of a run fail, the lowest-scoring answers, and anomalies; see `build_report`."""
    table = source.table
    clusters = table.clusters(cluster)
    passing, failing = pass_rate(table.passed, clusters), Failures(table, clusters)
    profile = failing.profile()
    return Report(
        "audit",
        f"Audit of {_title(source)}",
        (*run_findings.pass_words(table, passing), *run_findings.failure_words(profile)),
        tuple(run_findings.warnings(source, passing, cluster)),
        (
            *_failure_sections(failing, profile, by or default_fields(table), detail=False),
            _anomaly_section(table),
            *_worst(failing, n_worst),
        ),
        {"pass_rate": passing.estimate} | {f"binding.{d.dimension}": d.binding for d in profile.dimensions},
        source.about,
        tuple(run_findings.methods(table, cluster)),
    )


def default_fields(table: ScoreTable) -> list[str]:
    """Fields that are sliced by default: those with 2 to 12 short values, at most six."""
    chosen = []
    for name in table.fields:
        labels = set(table.field(name).tolist()) - {NO_LABEL}
        short = all(len(label) <= LONGEST_LABEL for label in labels)
        if (
            name not in (PAIR_ID, EXPECTED)
            and 2 <= len(labels) <= MOST_VALUES
            and short
            and len(labels) < len(table)
        ):
            chosen.append(name)
    return chosen[:MOST_FIELDS]


def about(sources: Sequence[RunData]) -> dict[str, str]:
    """Provenance of several runs: shared facts once, differing facts for each run."""
    names = dict.fromkeys(name for source in sources for name in source.about)
    shown = {}
    for name in names:
        values = {source.table.name: source.about.get(name, "unknown") for source in sources}
        if len(set(values.values())) == 1:
            shown[name] = next(iter(values.values()))
        elif name != "run":
            shown |= {f"{name} of {run}": value for run, value in values.items()}
    return shown


def _title(source: RunData) -> str:
    table = source.table
    return f"{table.name}: {counted(len(table), 'answer')} judged by {table.rater or 'no judge yet'}"


def _overview(table: ScoreTable, passing: PassRate, dimensions: Sequence[DimensionSummary]) -> Section:
    held = [
        run_tables.pass_rates(passing, dimensions),
        run_tables.score_distribution(dimensions, table.rubric.scale.labels),
    ]
    if passing.n_missing or any(d.statuses["ok"] < len(table) for d in dimensions):
        held.append(run_tables.statuses(table, passing, dimensions))
    return Section("overview", "Overview", tables=tuple(held))


def _slice_section(sliced: Sequence[SliceTable]) -> Iterator[Section]:
    if sliced:
        count = n_tests(sliced)
        held = [
            made
            for one in sliced
            for made in (
                run_tables.slices(one, count),
                run_tables.slice_means(one),
                run_tables.slice_dimensions(one),
            )
        ]
        yield Section("slices", "Slices", tables=tuple(held))


def _failure_sections(
    failing: Failures, profile: FailureProfile, fields: Iterable[str], *, detail: bool
) -> Iterator[Section]:
    if not profile.n_fail:
        return
    by_field = [
        run_tables.failures_by(
            field,
            [(label, failing.profile(rows)) for label, rows in members(failing.table, field)],
            detail=detail,
        )
        for field in fields
    ]
    shown = (
        run_tables.failures(profile),
        run_tables.patterns(profile),
        run_tables.pairs(profile, detail=detail),
    )
    yield Section("failures", "Failures", tables=(*shown, *by_field))


def _anomaly_section(table: ScoreTable) -> Section:
    found = find_anomalies(table)
    return Section(
        "anomalies",
        "Anomalies",
        tables=(run_tables.anomaly_counts(found), *run_tables.anomaly_items(found)),
    )


def _cost(source: RunData) -> Iterator[Section]:
    if source.summary and source.summary.completions:
        yield Section("cost", "Cost", tables=(run_tables.cost(source.summary),))


def _worst(failing: Failures, n: int) -> Iterator[Section]:
    worst = failing.worst_items(n)
    if worst:
        yield Section("worst", "Lowest-scoring answers", cases=tuple(map(_worst_case, worst)))


def _worst_case(judged: JudgedItem) -> Case:
    named = ", ".join(map(display_name, judged.binding))
    return comparison_tables.case_of(
        judged, f"binding: {named}" if named else "no dimension below its threshold"
    )


def _named_estimates(
    table: ScoreTable,
    passing: PassRate,
    dimensions: Sequence[DimensionSummary],
    sliced: Sequence[SliceTable],
) -> dict[str, Estimate]:
    """Estimates by name, for gates."""
    rates = {f"pass_rate.{d.name}": d.passing.estimate for d in dimensions if d.passing is not None}
    by_slice = {f"pass_rate:{one.field}={s.label}": s.passing.estimate for one in sliced for s in one.slices}
    return {
        "pass_rate": passing.estimate,
        "scored": proportion(~np.isnan(table.passed)),
        **rates,
        **{f"mean.{d.name}": d.mean for d in dimensions},
        **by_slice,
    }
