"""Table of an agreement report on the approval of the judge's scores by people who saw them first."""

from __future__ import annotations

from judge.analysis.agreement.approval import EVERY_SCORE, Approvals
from judge.reporting.document import Column, Row, Table
from judge.reporting.wording import dimension_name

ANCHORED = (
    "People saw the judge's verdict first; this rate is anchored and says nothing about agreement of "
    "independent ratings."
)
_NAMES = {"passes": "verdict (pass or fail)", EVERY_SCORE: EVERY_SCORE}


def approval_table(found: Approvals) -> Table | None:
    """Share of approvals of each kind of score; None where no ratings are anchored."""
    if not found.rows:
        return None
    several = len({one.judge for one in found.rows}) > 1
    columns = (
        *([Column("judge", "judge")] if several else []),
        Column("dimension", "dimension"),
        Column("people", "people", "count"),
        Column("items", "answers", "count"),
        Column("ratings", "replies", "count", detail=True),
        Column("approved", "approved", "share"),
        Column("upward", "contested upward", "share"),
        Column("downward", "contested downward", "share"),
        Column("undirected", "contested without an own score", "count", detail=True),
        Column("abstained", "cannot tell", "count", detail=True),
        Column("skipped", "skipped", "count", detail=True),
    )
    rows: tuple[Row, ...] = tuple(
        (
            *([one.judge] if several else []),
            _NAMES.get(one.dimension) or dimension_name(one.dimension),
            one.n_people,
            one.rate.n_items,
            one.n_ratings,
            one.rate,
            one.upward,
            one.downward,
            one.n_undirected,
            one.n_abstained,
            one.n_skipped,
        )
        for one in found.rows
    )
    return Table(
        "approval", "Approval of the judge's scores (anchored)", columns, rows, (ANCHORED, *found.notes)
    )
