"""One run -> Report."""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial

import numpy as np

from judge.analysis.anomalies import Anomaly, find_anomalies
from judge.analysis.failures import FailureProfile, Failures
from judge.analysis.group_difference import Groups
from judge.analysis.headlines import EXPECTED
from judge.analysis.item_fields import IMAGE_FIELDS, NO_LABEL
from judge.analysis.matched_items import WITHIN
from judge.analysis.measures import all_criteria, criteria_by_tag, single_criteria
from judge.analysis.pass_rate import DimensionSummary, PassRate, dimension_summaries, verdict_rate
from judge.analysis.score_table import PAIR_ID, ScoreTable
from judge.analysis.slices import SliceTable, members, n_tests, slice_tables
from judge.reporting.builders.answers import failing_answers, worst_case
from judge.reporting.builders.comparison_sections import comparison_sections
from judge.reporting.builders.rubric_sections import rubric_sections
from judge.reporting.builders.run_data import RunData
from judge.reporting.document import Section
from judge.reporting.findings import run_findings, type_findings
from judge.reporting.methods import UNKNOWN
from judge.reporting.report import Report
from judge.reporting.tables import run_tables, spread_table, type_tables
from judge.reporting.wording import clusters_phrase, counted
from judge.rubric import CRITERIA
from judge.stats.engine.estimate import Estimate
from judge.stats.pass_fail.proportion import proportion

SHORT = ("overview", "corrected")
"""Sections that the terminal shows first; `corrected` is there where people's ratings are given."""
SHORT_AUDIT = ("failures", "anomalies")
"""Sections of an audit that the terminal shows first."""
MOST_VALUES, MOST_FIELDS, LONGEST_LABEL = 12, 6, 80


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
    passing, dimensions = verdict_rate(table, clusters), dimension_summaries(table, clusters)
    found = slice_tables(table, by or default_fields(table), clusters)
    sliced = [one for one in found if one.slices]
    failing = Failures(table, clusters)
    profile, anomalies = failing.profile(), find_anomalies(table)
    sections = [
        _overview(source, passing, dimensions, clusters),
        *_criteria_section(table, clusters),
        *_slice_section(sliced),
        *_failure_sections(failing, profile, [one.field for one in sliced], detail=True),
        *comparison_sections(table, [one.field for one in sliced], cluster),
        _anomaly_section(anomalies),
        *_worst(failing, n_worst),
        *_cost(source),
        *rubric_sections([table.rubric]),
    ]
    return Report(
        "report",
        _title(source, cluster),
        (
            *run_findings.pass_words(table, passing, profile),
            *type_findings.criteria_words(table, clusters),
            *run_findings.failure_words(profile),
            *run_findings.where_words(sliced, n_tests(sliced)),
        ),
        tuple(run_findings.warnings(source, passing, cluster)),
        tuple(sections),
        _named_estimates(table, passing, dimensions, sliced, clusters),
        source.about,
        tuple(run_findings.methods(table, cluster)),
        short=SHORT,
        answers=partial(failing_answers, failing, anomalies, source.path),
    )


def build_audit(
    source: RunData, *, by: Sequence[str] = (), cluster: str | None = None, n_worst: int = 10
) -> Report:
    """Report why answers of a run fail, the lowest-scoring answers, and anomalies; see `build_report`."""
    table = source.table
    clusters = table.clusters(cluster)
    passing, failing = verdict_rate(table, clusters), Failures(table, clusters)
    profile, anomalies = failing.profile(), find_anomalies(table)
    passes, *others = run_findings.pass_words(table, passing, profile)
    return Report(
        "audit",
        f"Audit of {_title(source, cluster)}",
        (passes, *run_findings.failure_words(profile), *others),
        tuple(run_findings.warnings(source, passing, cluster)),
        (
            *_failure_sections(failing, profile, by or default_fields(table), detail=False),
            _anomaly_section(anomalies),
            *_worst(failing, n_worst),
        ),
        {"pass_rate": passing.estimate} | {f"binding.{d.dimension}": d.binding for d in profile.dimensions},
        source.about,
        tuple(run_findings.methods(table, cluster)),
        short=SHORT_AUDIT,
        answers=partial(failing_answers, failing, anomalies, source.path),
    )


def default_fields(table: ScoreTable) -> list[str]:
    """Fields that are sliced by default: those with 2 to 12 short values, at most six.

    Fields that tell apart the answers to one question come first. The path of an image marks answers that
    depend on each other, and is no slice.
    """
    chosen = []
    criteria = table.rubric.criteria
    left_out = (PAIR_ID, EXPECTED, *IMAGE_FIELDS, *([criteria.field] if criteria else []))
    for name in table.fields:
        labels = set() if name in left_out else table.labels(name) - {NO_LABEL}
        short = all(len(label) <= LONGEST_LABEL for label in labels)
        if 2 <= len(labels) <= MOST_VALUES and short and len(labels) < len(table):
            chosen.append(name)
    return sorted(chosen, key=lambda name: name not in WITHIN)[:MOST_FIELDS]


def about(sources: Sequence[RunData]) -> dict[str, str]:
    """Provenance of several runs: shared facts once, differing facts for each run."""
    names = dict.fromkeys(name for source in sources for name in source.about)
    shown = {}
    for name in names:
        values = {source.table.name: source.about.get(name, UNKNOWN) for source in sources}
        if len(set(values.values())) == 1:
            shown[name] = next(iter(values.values()))
        elif name != "run":
            shown |= {f"{name} of {run}": value for run, value in values.items()}
    return shown


def _title(source: RunData, cluster: str | None) -> str:
    table = source.table
    answers = f"{counted(len(table), 'answer')}{dependence(table, cluster)}"
    return f"{table.name}: {answers} judged by {table.rater or 'no judge yet'}"


def dependence(table: ScoreTable, cluster: str | None) -> str:
    """Number of clusters of the judged answers, in parentheses; nothing where answers are independent."""
    clusters, field = table.clusters(cluster), table.cluster_field(cluster)
    if clusters is None or field is None:
        return ""
    return f" ({clusters_phrase(len(np.unique(clusters[table.is_judged])), field)})"


def _overview(
    source: RunData, passing: PassRate, dimensions: Sequence[DimensionSummary], clusters: Groups
) -> Section:
    table = source.table
    scale = table.rubric.scale
    scores = [d for d in dimensions if d.kind == "score" and d.scale == scale]
    held = [run_tables.pass_rates(passing, dimensions, table.no_verdict)]
    if scores:
        held.append(run_tables.score_distribution(scores, scale.labels))
    held += type_tables.other_scales(dimensions, scale)
    if source.spreads:
        held.append(spread_table.expected_scores(dimensions, source.spreads))
    held += type_tables.shares_met(dimensions, all_criteria(table, clusters))
    held += type_tables.labels(dimensions)
    complete = all(d.statuses["ok"] == len(table) for d in dimensions) and all(
        table.criteria.statuses == "ok"
    )
    if not complete or np.isnan(table.verdicts).any():
        held.append(run_tables.statuses(table, dimensions))
    return Section("overview", "Overview", tables=tuple(held))


def _criteria_section(table: ScoreTable, clusters: Groups) -> Iterator[Section]:
    """Criteria of the items, by tag and one by one."""
    if len(table.criteria):
        by_tag = criteria_by_tag(table, clusters)
        held = [
            *([type_tables.tags(by_tag)] if by_tag else []),
            *type_tables.criteria(single_criteria(table, clusters)),
        ]
        yield Section("criteria", "Criteria of the items", tables=tuple(held))


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
    if not profile.n_fail or not failing.dimensions:
        return
    by_field = [
        run_tables.failures_by(
            field,
            [
                (label, failing.profile(rows))
                for label, rows in members(failing.table, field)
                if (rows & failing.table.is_judged).any()
            ],
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


def _anomaly_section(found: Sequence[Anomaly]) -> Section:
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
        cases = tuple(worst_case(one, failing) for one in worst)
        yield Section("worst", "Lowest-scoring answers", cases=cases)


def _criteria_estimates(table: ScoreTable, clusters: Groups) -> dict[str, Estimate]:
    """Shares of the criteria of the items that are met, in all and by tag; penalties are left out."""
    groups = [*all_criteria(table, clusters), *criteria_by_tag(table, clusters)]
    return {
        f"met.{CRITERIA}{group.name and '.'}{group.name}": group.met.estimate()
        for group in groups
        if not group.is_penalty
    }


def _named_estimates(
    table: ScoreTable,
    passing: PassRate,
    dimensions: Sequence[DimensionSummary],
    sliced: Sequence[SliceTable],
    clusters: Groups,
) -> dict[str, Estimate]:
    """Estimates by name, for gates."""
    rates = {f"pass_rate.{d.name}": d.passing.estimate for d in dimensions if d.passing is not None}
    by_slice = {f"pass_rate:{one.field}={s.label}": s.passing.estimate for one in sliced for s in one.slices}
    return {
        "pass_rate": passing.estimate,
        "scored": proportion(~np.isnan(table.verdicts[table.applies])),
        **rates,
        **{f"mean.{d.name}": d.mean for d in dimensions if d.mean is not None and d.kind == "score"},
        **{f"met.{d.name}": d.mean for d in dimensions if d.mean is not None and d.kind == "share"},
        **{f"label.{d.name}.{label}": e for d in dimensions for label, (_, e) in d.labels.items()},
        **_criteria_estimates(table, clusters),
        **by_slice,
    }
