"""Sections that compare groups of answers within one run (systems, conditions), or two runs."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from judge.analysis.compare import compare, split
from judge.analysis.leaderboard import by_system, leaderboard
from judge.analysis.score_table import PAIR_ID, ScoreTable
from judge.errors import InputError
from judge.reporting.document import Section, Table
from judge.reporting.findings import run_findings
from judge.reporting.tables import comparison_tables
from judge.reporting.wording import field_name

SYSTEM = "system"
MOST_SYSTEMS = 30


def comparison_sections(table: ScoreTable, fields: Sequence[str], cluster: str | None) -> Iterator[Section]:
    """Rank the systems of a run, and compare the pairs for every field that splits them in two.

    All tables are details, because the slices show the same rates.
    """
    if SYSTEM in table.fields and 2 <= len(np.unique(table.coded(SYSTEM).codes)) <= MOST_SYSTEMS:
        yield from _ranking(table, cluster)
    for field in fields:
        if field != SYSTEM and _splits_pairs(table, field):
            yield _paired(table, field, [name for name in fields if name != field], cluster)


def two_runs(tables: Sequence[ScoreTable], fields: Sequence[str], cluster: str | None) -> Iterator[Section]:
    """Compare the second of two runs with the first."""
    if len(tables) == 2:
        a, b = tables
        try:
            yield _comparison(f"{b.name} compared with {a.name}", a, b, fields, cluster)
        except InputError:  # no common items, or ambiguous keys: the leaderboard warns about both
            return


def _ranking(table: ScoreTable, cluster: str | None) -> Iterator[Section]:
    systems = [system for system in by_system(table, SYSTEM) if not np.isnan(system.passed).all()]
    if len(systems) > 1:
        board = leaderboard(systems, cluster=cluster)
        shown = (comparison_tables.standings(board), comparison_tables.contrasts(board))
        lead = (*run_findings.leaderboard_words(board), *run_findings.leaderboard_warnings(board))
        yield Section("leaderboard", "Leaderboard of systems", lead, _as_details("systems", shown))


def _splits_pairs(table: ScoreTable, field: str) -> bool:
    """Whether a field has two values, and every pair of items (same pair_id) has one of each."""
    if PAIR_ID not in table.fields or field == PAIR_ID or "*" in field:
        return False
    codes = table.coded(field).codes
    values = np.unique(codes)
    if len(values) != 2:
        return False
    keys = table.coded(PAIR_ID).codes
    one, other = (np.sort(keys[codes == value]) for value in values)
    return np.array_equal(one, other) and bool((np.diff(one) > 0).all())


def _paired(table: ScoreTable, field: str, fields: Sequence[str], cluster: str | None) -> Section:
    a, b = split(table, field)
    return _comparison(
        f"{field_name(field).capitalize()}: {b.name} compared with {a.name}", a, b, fields, cluster
    )


def _comparison(
    title: str, a: ScoreTable, b: ScoreTable, fields: Sequence[str], cluster: str | None
) -> Section:
    of = compare(a, b, by=fields, cluster=cluster)
    shown = (
        *comparison_tables.changes(of),
        *(comparison_tables.slice_changes(of, field) for field in of.slices),
    )
    key = f"{a.name} and {b.name}"
    return Section(f"pairs {key}", title, tuple(run_findings.comparison_words(of)), _as_details(key, shown))


def _as_details(prefix: str, shown: Sequence[Table]) -> tuple[Table, ...]:
    return tuple(replace(table, key=f"{prefix}/{table.key}", detail=True) for table in shown)
