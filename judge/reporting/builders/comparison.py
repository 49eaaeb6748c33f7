"""Two runs compared, or several systems ranked -> Report."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from judge.analysis.comparable import same_answers
from judge.analysis.compare import RunComparison, compare, split
from judge.analysis.leaderboard import by_system, leaderboard
from judge.errors import InputError
from judge.reporting.builders.run_data import RunData, read_run
from judge.reporting.builders.single_run import about, default_fields, dependence
from judge.reporting.document import Section
from judge.reporting.findings import run_findings
from judge.reporting.report import Report
from judge.reporting.tables import comparison_tables
from judge.reporting.wording import counted, display_name, field_name
from judge.rubric import NoVerdict

SHORT = ("overview", "leaderboard", "corrected")
"""Sections of a comparison or a leaderboard that are shown first."""


def build_comparison(
    a: RunData, b: RunData, *, by: Sequence[str] = (), cluster: str | None = None, n_flips: int = 5
) -> Report:
    """Compare run b with run a on the items that both hold.

    Parameters
    ----------
    a, b : RunData
        The runs; differences are b minus a.
    by : sequence of str
        Fields to slice by. Default as in `build_report`.
    cluster : str, optional
        Field whose items are resampled together.
    n_flips : int
        Number of items with different verdicts to show in full.

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
            tables=comparison_tables.changes(of),
        ),
        *_changed_slices(of),
        Section(
            "flips",
            "Items with different verdicts",
            tables=(comparison_tables.flips(of),) if of.flips else (),
            cases=tuple(
                comparison_tables.case_of_flip(flip, of.a.name, of.b.name) for flip in of.flips[:n_flips]
            ),
        ),
        *_unmatched(of),
    ]
    return Report(
        "compare",
        f"{of.b.name} compared with {of.a.name}: {counted(len(of.a), 'pair')} of answers"
        f"{dependence(of.a, cluster)}",
        tuple(run_findings.comparison_words(of)),
        tuple(run_findings.comparison_warnings(of, (a.table.rater, b.table.rater))),
        tuple(sections),
        {"pass_rate.a": of.passing.a, "pass_rate.b": of.passing.b, "difference": of.passing.difference}
        | {f"difference.{c.name}": c.difference for c in (*of.dimensions, *of.met, *of.labels)},
        about([a, b]),
        tuple(run_findings.comparison_methods(of, cluster)),
        short=SHORT,
    )


def read_pair(
    runs: Sequence[str], between: str | None = None, no_verdict: NoVerdict | None = None
) -> tuple[RunData, RunData]:
    """Two runs, or two groups of items of one: ``condition``, or ``condition=clean,degraded``.

    Raises
    ------
    InputError
        There are not two runs, and not one run with a field to split it by.
    """
    if len(runs) != (1 if between else 2):
        given = f"{', '.join(runs)}{f' and --between {between}' if between else ''}"
        raise InputError(
            f"found {given}; give two runs, or one run and --between FIELD (a field with two values, such as "
            "condition)"
        )
    first, *rest = (read_run(run, no_verdict) for run in runs)
    if between is None:
        return first, _renamed(rest[0], first)
    a, b = split(first.table, between)
    return RunData(a, about=first.about), RunData(b, about=first.about)


def _renamed(source: RunData, other: RunData) -> RunData:
    """Rename the second of two runs that have the same name."""
    name = source.table.name
    return (
        replace(source, table=replace(source.table, name=f"{name} (2)"))
        if name == other.table.name
        else source
    )


def build_leaderboard(
    sources: Sequence[RunData],
    *,
    system: str | None = None,
    cluster: str | None = None,
    bounds: bool = True,
) -> Report:
    """Rank several runs, or the systems within one.

    Parameters
    ----------
    sources : sequence of RunData
        Several runs; or one, with `system`.
    system : str, optional
        Field of the items that names the system.
    cluster : str, optional
        Field whose items are resampled together.
    bounds : bool
        Whether the ranking has the pass rates that missing verdicts leave open, where they are wanted.

    Raises
    ------
    InputError
        There are fewer than two systems.
    """
    if system and len(sources) > 1:
        raise InputError(f"--system {system} ranks the systems within one run; found {len(sources)} runs")
    ranked = by_system(sources[0].table, system) if system else [source.table for source in sources]
    board = leaderboard(ranked, cluster=cluster)
    among = "among answers with a verdict"
    if board.no_verdict == "fail":
        among = "an answer without a verdict counts as a fail"
    return Report(
        "leaderboard",
        f"Leaderboard of {len(ranked)} {'systems by ' + field_name(system) if system else 'runs'}",
        tuple(run_findings.leaderboard_words(board)),
        tuple(run_findings.leaderboard_warnings(board, same_answers=same_answers(ranked))),
        (
            Section(
                "leaderboard",
                "Leaderboard",
                tables=(
                    comparison_tables.standings(board, bounds=bounds and board.no_verdict == "bounds"),
                    comparison_tables.system_means(board),
                    comparison_tables.contrasts(board),
                ),
            ),
        ),
        {f"pass_rate.{s.name}": s.passing.estimate for s in board.standings},
        about(sources),
        (
            f"Pass rates: 95 % Wilson score interval, {among}.",
            "Best and worst rank: simultaneous 95 % confidence sets from all pairwise differences "
            f"(multivariate t, {board.n_resamples:,} draws, seed {board.seed}); share of first ranks: as "
            "many bootstrap resamples. "
            f"Answers matched by {display_name(board.matched_by)} are resampled together.",
            "Differences: McNemar's mid-p test and Newcombe's interval where both systems have one verdict on"
            " each of the same questions, as in judge compare; the paired jackknife where each cluster has "
            "as many verdicts on both; otherwise Newcombe's interval for independent samples, with "
            "the correlation of both rates, in which questions with a verdict on one system alone count, too "
            "(judge compare leaves them out). p-values are Holm-adjusted over all pairs.",
        ),
        short=SHORT,
    )


def _changed_slices(of: RunComparison) -> Iterator[Section]:
    if of.slices:
        held = (comparison_tables.slice_changes(of, field) for field in of.slices)
        yield Section("slices", "Slices", tables=tuple(held))


def _unmatched(of: RunComparison) -> Iterator[Section]:
    if of.only_a or of.only_b:
        yield Section("unmatched", "Items in one run only", tables=(comparison_tables.unmatched(of),))
