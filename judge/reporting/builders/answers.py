"""Answers that a reader of the page can look up: the failing ones of a run, the largest disagreements."""

import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import islice

from judge.analysis.anomalies import Anomaly
from judge.analysis.failures import Failures, JudgedItem, judged_item, shown_scores
from judge.analysis.score_table import ScoreTable
from judge.reporting.document import Case, Column, ListedAnswers, ReportContent, Row, Table
from judge.reporting.render.page_table import MOST_DETAIL_ROWS
from judge.reporting.tables.comparison_tables import case_of
from judge.reporting.wording import display_name

MOST_ANSWERS = 2_000
"""Rows of the table of answers on a page."""
MOST_IN_FULL = 200
"""Rows of which the answer may be on the page in full."""
_MOST_SCORES = 5
"""With more dimensions, their scores are shown with the answer in full only."""


def failing_answers(failing: Failures, anomalies: Iterable[Anomaly], run: str) -> list[ListedAnswers]:
    """The failing answers of a run, worst first, and the first answers of every anomaly."""
    worst = failing.worst_items(MOST_IN_FULL)
    n_all = int(failing.failing.sum())
    table = _failing_table(failing, list(failing.table.values))
    cases = {one.item.id: worst_case(one, failing) for one in worst}
    return [
        ListedAnswers(
            "worst",
            "Failing answers",
            table,
            cases | _of_anomalies(failing.table, anomalies, cases),
            n_all,
            "failing answers",
            shlex.join(["judge", "show", run or "RUN", "--fail", "--worst", str(n_all)]),
            shlex.join(["judge", "show", run or "RUN", "--item", "ID"]),
            shlex.join(["judge", "view", run or "RUN"]),
        )
    ]


def worst_case(judged: JudgedItem, failing: Failures) -> Case:
    """A failing answer in full, with its binding dimensions."""
    named = ", ".join(map(display_name, judged.binding))
    without = "no dimension below its threshold" if failing.dimensions else "fails"
    return case_of(judged, f"binding: {named}" if named else without)


def _failing_table(failing: Failures, names: Sequence[str]) -> Table:
    dimensions, ids = failing.dimensions, failing.table.columns.ids
    columns = (
        Column("item", "answer"),
        *(Column(name, display_name(name), "number", detail=len(names) > _MOST_SCORES) for name in names),
        *((Column("binding", "binding"),) if dimensions else ()),
    )
    rows: list[Row] = []
    for row in failing.worst_rows[:MOST_ANSWERS]:
        binding, scores = failing.binding_in(row), shown_scores(failing.table, row)
        named = ", ".join(map(display_name, binding))
        shown = "all dimensions" if 2 < len(binding) == len(dimensions) else named
        rows.append((str(ids[row]), *map(scores.get, names), *((shown,) if dimensions else ())))
    return Table("failing_answers", "Failing answers", columns, tuple(rows))


def _of_anomalies(table: ScoreTable, found: Iterable[Anomaly], known: Mapping[str, Case]) -> dict[str, Case]:
    """The answers that the tables of anomalies name, where they are not `known`."""
    named = dict.fromkeys(name for one in found for name in islice(one.items, MOST_DETAIL_ROWS))
    rows = {name: row for row, name in enumerate(table.columns.ids.tolist()) if name in named}
    return {name: case_of(judged_item(table, rows[name])) for name in named if name not in known}


def answers_of_runs(reports: Mapping[str, ReportContent]) -> list[ListedAnswers]:
    """The answers of the reports on single runs, by the name of the run."""
    return [
        replace(one, section=f"{run}/{one.section}", title=f"{run}: {one.title}")
        for run, report in reports.items()
        for one in (report.answers() if report.answers else ())
    ]
