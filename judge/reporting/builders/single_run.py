"""Runs -> Report: what was found, in plain words first, then as tables."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from judge.analysis.anomalies import find_anomalies
from judge.analysis.comparable import same_answers
from judge.analysis.compare import RunComparison, compare, split
from judge.analysis.failures import FailureProfile, Failures, JudgedItem
from judge.analysis.headlines import EXPECTED
from judge.analysis.item_fields import NO_LABEL
from judge.analysis.leaderboard import by_system, leaderboard
from judge.analysis.pass_rate import DimensionSummary, PassRate, dimension_summaries, pass_rate
from judge.analysis.score_table import PAIR_ID, ScoreTable
from judge.analysis.slices import SliceTable, members, n_tests, slice_tables
from judge.errors import InputError
from judge.reporting.builders.provenance import rubric_sections
from judge.reporting.builders.run_data import RunData, read
from judge.reporting.builders.side_by_side import side_by_side
from judge.reporting.document import Case, Report, Section
from judge.reporting.findings import run_findings
from judge.reporting.tables import comparison_tables, run_tables
from judge.reporting.tables.run_tables import counted, field_name, spoken
from judge.stats.engine.estimate import Estimate
from judge.stats.pass_fail.proportion import proportion

MOST_VALUES, MOST_FIELDS, LONGEST_LABEL = 12, 6, 40


def build_report(
    source: RunData, *, by: Sequence[str] = (), cluster: str | None = None, n_worst: int = 3
) -> Report:
    """How many answers of a run pass, on which dimension the rest fail, and where.

    Parameters
    ----------
    source : RunData
        The run.
    by : sequence of str
        Fields to slice by, ``"a*b"`` crosses two. Default: up to six fields with 2 to 12 values.
    cluster : str, optional
        Field whose items are resampled together; see `ScoreTable.clusters`.
    n_worst : int
        How many of the worst answers are shown in full.

    Raises
    ------
    InputError
        No item has a field that is asked for.
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
        *side_by_side(table, [one.field for one in sliced], cluster),
        _oddity_section(table),
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
        _figures(table, passing, dimensions, sliced),
        source.about,
        tuple(run_findings.methods(table, cluster)),
    )


def build_audit(
    source: RunData, *, by: Sequence[str] = (), cluster: str | None = None, n_worst: int = 10
) -> Report:
    """Why the answers of a run fail, which are the worst, and what is odd; see `build_report`."""
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
            _oddity_section(table),
            *_worst(failing, n_worst),
        ),
        {"pass_rate": passing.estimate} | {f"binding.{d.dimension}": d.binding for d in profile.dimensions},
        source.about,
        tuple(run_findings.methods(table, cluster)),
    )


def build_comparison(
    a: RunData, b: RunData, *, by: Sequence[str] = (), cluster: str | None = None, n_flips: int = 5
) -> Report:
    """How run b differs from run a on the items that both hold.

    Parameters
    ----------
    a, b : RunData
        The runs; differences are b minus a.
    by : sequence of str
        Fields to slice by. Default as in `build_report`.
    cluster : str, optional
        Field whose items are resampled together.
    n_flips : int
        How many of the items whose verdict flipped are shown in full.

    Raises
    ------
    InputError
        The runs have no items or no dimension in common, or a key is ambiguous.
    """
    of = compare(a.table, b.table, by=by or default_fields(a.table), cluster=cluster)
    sections = [
        Section(
            "overview",
            "Overview",
            tables=(comparison_tables.pass_change(of), comparison_tables.mean_changes(of)),
        ),
        *_changed_slices(of),
        Section(
            "flips",
            "Verdicts that flipped",
            tables=(comparison_tables.flips(of),) if of.flips else (),
            cases=tuple(
                comparison_tables.case_of_flip(flip, of.a.name, of.b.name) for flip in of.flips[:n_flips]
            ),
        ),
        *_unmatched(of),
    ]
    return Report(
        "compare",
        f"{of.b.name} against {of.a.name}: {counted(len(of.a), 'pair')} of answers",
        tuple(run_findings.comparison_words(of)),
        tuple(run_findings.comparison_warnings(of, (a.table.rater, b.table.rater))),
        tuple(sections),
        {"pass_rate.a": of.passing.a, "pass_rate.b": of.passing.b, "difference": of.passing.difference}
        | {f"difference.{change.name}": change.difference for change in of.dimensions},
        about([a, b]),
        tuple(run_findings.comparison_methods(of, cluster)),
    )


def read_pair(runs: Sequence[str], between: str | None = None) -> tuple[RunData, RunData]:
    """Two runs, or two groups of items of one: ``condition``, or ``condition=clean,degraded``.

    Raises
    ------
    InputError
        There are not two runs, and not one run with a field to split it by.
    """
    if len(runs) != (1 if between else 2):
        given = f"{', '.join(runs)}{f' and --between {between}' if between else ''}"
        raise InputError(
            f"found {given}; name two runs, or one run and --between FIELD (a field with two values, such as "
            "condition)"
        )
    first, *rest = (read(run) for run in runs)
    if between is None:
        return first, _renamed(rest[0], first)
    a, b = split(first.table, between)
    return RunData(a, about=first.about), RunData(b, about=first.about)


def _renamed(source: RunData, other: RunData) -> RunData:
    """Tell two folders with one name apart."""
    name = source.table.name
    return (
        replace(source, table=replace(source.table, name=f"{name} (2)"))
        if name == other.table.name
        else source
    )


def build_leaderboard(
    sources: Sequence[RunData], *, by: str | None = None, cluster: str | None = None
) -> Report:
    """Rank several runs, or the systems within one.

    Parameters
    ----------
    sources : sequence of RunData
        Several runs; or one, with `by`.
    by : str, optional
        Field of the items that says which system answered.
    cluster : str, optional
        Field whose items are resampled together.

    Raises
    ------
    InputError
        There are fewer than two systems.
    """
    if by and len(sources) > 1:
        raise InputError(f"--by {by} ranks the systems within one run; found {len(sources)} runs")
    ranked = by_system(sources[0].table, by) if by else [source.table for source in sources]
    board = leaderboard(ranked, cluster=cluster)
    return Report(
        "leaderboard",
        f"Leaderboard of {len(ranked)} {'runs' if by is None else 'systems by ' + field_name(by)}",
        tuple(run_findings.leaderboard_words(board)),
        tuple(run_findings.leaderboard_warnings(board, same_answers=same_answers(ranked))),
        (
            Section(
                "leaderboard",
                "Leaderboard",
                tables=(
                    comparison_tables.standings(board),
                    comparison_tables.system_means(board),
                    comparison_tables.contrasts(board),
                ),
            ),
        ),
        {f"pass_rate.{s.name}": s.passing.estimate for s in board.standings},
        about(sources),
        (
            "Pass rates: Wilson's score interval, 95 %, among answers with a verdict.",
            f"Ranks: 95 % percentile interval of {board.n_resamples:,} bootstrap resamples (seed "
            f"{board.seed}); "
            f"answers matched by {spoken(board.matched_by)} are resampled together.",
            "Differences: jackknife over the same groups, Student's t; p adjusted by Holm over all pairs.",
        ),
    )


def default_fields(table: ScoreTable) -> list[str]:
    """Fields that make slices of their own accord: 2 to 12 short values, six fields at most."""
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
    """What made the scores: once what all runs share, by run what differs."""
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
    return f"{table.name}: {counted(len(table), 'answer')} judged by {table.rater or 'nobody yet'}"


def _overview(table: ScoreTable, passing: PassRate, dimensions: Sequence[DimensionSummary]) -> Section:
    held = [
        run_tables.pass_rates(passing, dimensions),
        run_tables.scores(dimensions, table.rubric.scale.labels),
    ]
    if passing.n_missing or any(d.statuses["ok"] < len(table) for d in dimensions):
        held.append(run_tables.missing(table, passing, dimensions))
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


def _oddity_section(table: ScoreTable) -> Section:
    found = find_anomalies(table)
    return Section(
        "oddities",
        "Look at these",
        tables=(run_tables.oddity_counts(found), *run_tables.oddity_items(found)),
    )


def _cost(source: RunData) -> Iterator[Section]:
    if source.summary.get("completions"):
        yield Section("cost", "Cost", tables=(run_tables.cost(source.summary),))


def _worst(failing: Failures, n: int) -> Iterator[Section]:
    worst = failing.worst_items(n)
    if worst:
        yield Section("worst", "Worst answers", cases=tuple(map(_worst_case, worst)))


def _worst_case(judged: JudgedItem) -> Case:
    named = ", ".join(map(spoken, judged.binding))
    return comparison_tables.case_of(judged, f"binding: {named}" if named else "no dimension below its bar")


def _changed_slices(of: RunComparison) -> Iterator[Section]:
    if of.slices:
        held = (comparison_tables.slice_changes(of, field) for field in of.slices)
        yield Section("slices", "Slices", tables=tuple(held))


def _unmatched(of: RunComparison) -> Iterator[Section]:
    if of.only_a or of.only_b:
        yield Section("unmatched", "Items without a partner", tables=(comparison_tables.unmatched(of),))


def _figures(
    table: ScoreTable,
    passing: PassRate,
    dimensions: Sequence[DimensionSummary],
    sliced: Sequence[SliceTable],
) -> dict[str, Estimate]:
    """Every estimate that a gate may want, by name."""
    rates = {f"pass_rate.{d.name}": d.passing.estimate for d in dimensions if d.passing is not None}
    by_slice = {f"pass_rate:{one.field}={s.label}": s.passing.estimate for one in sliced for s in one.slices}
    return {
        "pass_rate": passing.estimate,
        "scored": proportion(~np.isnan(table.passed)),
        **rates,
        **{f"mean.{d.name}": d.mean for d in dimensions},
        **by_slice,
    }
