"""Tables of an agreement report about the criteria of the items: each tag, and each criterion."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from judge.analysis.agreement.agree import Agreement
from judge.analysis.agreement.by_criterion import CriterionAgreement
from judge.reporting.document import Column, Row, Table
from judge.reporting.tables.type_tables import MOST_CRITERIA

_NOTE = "Mean over pairs of raters, and over pairs of the judge and a rater, on the same criteria of items."


_INTERVALS = "Intervals resample items, or clusters; one cluster that holds all items of a row is fixed."


def by_criterion(found: Agreement) -> Iterator[Table]:
    """Agreement on each tag, and on the criteria with the lowest agreement; all criteria as a detail."""
    several = len(found.judges) > 1
    if found.tags:
        notes = (_NOTE, _INTERVALS, "A criterion with several tags counts for each of them.")
        yield _table("criteria_tags", "Agreement on criteria by tag", found.tags, several, notes)
    ranked = found.single_criteria
    everything = "Agreement on criteria that items share, lowest judge-human agreement first"
    if len(ranked) <= MOST_CRITERIA:
        shown = [_table("criteria", everything, ranked, several, (_NOTE, _INTERVALS))]
    else:
        title = f"Criteria with the lowest judge-human agreement ({MOST_CRITERIA} of {len(ranked):,})"
        shown = [
            _table("criteria", title, ranked[:MOST_CRITERIA], several, (_NOTE, _INTERVALS)),
            replace(_table("criteria_all", everything, ranked, several, (_NOTE, _INTERVALS)), detail=True),
        ]
    yield from (table for table in shown if table.rows)


def _table(
    key: str, title: str, ranked: Sequence[CriterionAgreement], several: bool, notes: tuple[str, ...]
) -> Table:
    is_tag = key == "criteria_tags"
    has_ids = any(one.text != one.name for one in ranked)
    columns = (
        *([Column("tag", "tag")] if is_tag else []),
        *([Column("criterion", "criterion")] if has_ids and not is_tag else []),
        *([] if is_tag else [Column("text", "text")]),
        Column("judge", "judge", detail=not several),
        Column("items", "items", "count"),
        Column("n", "n", "count", detail=not is_tag),
        Column("people_same", "human-human, same verdict", "share", detail=True),
        Column("judge_same", "same verdict", "share"),
        Column("people_kappa", "human-human kappa", "score", detail=not is_tag),
        Column("judge_kappa", "judge-human kappa", "score"),
    )
    rows: list[Row] = [
        (
            *([one.name] if is_tag else []),
            *([one.name if one.name != one.text else None] if has_ids and not is_tag else []),
            *([] if is_tag else [one.text]),
            one.judge,
            one.n_items,
            one.n_both,
            one.same.human,
            one.same.judge,
            one.kappa.human,
            one.kappa.judge,
        )
        for one in ranked
    ]
    return Table(key, title, columns, tuple(rows), notes)
