"""The tables of `judge agree` about one judge on one dimension, and about single items."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from judge.analysis.agreement.agree import Agreement
from judge.analysis.agreement.judge_human import JudgeAgreement, nearest_index
from judge.analysis.ratings import Ratings
from judge.reporting.document import Column, Row, Table
from judge.reporting.tables.agreement_tables import part_name
from judge.stats.pass_fail.proportion import mean

_N = Column("n", "n", "count")


def details(one: JudgeAgreement) -> Iterator[Table]:
    """Everything else about one judge on one dimension."""
    of, title = f"{one.ratings.dimension}@{one.judge}", f"{part_name(one.ratings.dimension)}, {one.judge}"
    yield _coefficients(one, f"coefficients:{of}", f"Agreement on {title}")
    yield _confusion(one, f"confusion:{of}", f"Scores on {title}")
    if not one.ratings.nominal:
        yield _calibration(one, f"calibration:{of}", f"People's mean by the judge's score: {title}")
        yield _differences(one, f"differences:{of}", f"Differences: {title}")
    if rows := _per_person(one):
        columns = (
            Column("person", "person"),
            Column("level", "person", "score"),
            Column("judge_level", "judge, same reference", "score"),
            Column("difference", "judge minus person", "change"),
        )
        yield Table(f"per_person:{of}", f"Person by person: {title} ({one.main.title})", columns, rows)
    if one.threshold_sweep is not None:
        yield _sweep(one, f"thresholds:{of}", f"Other cut-offs of the judge: {title}")


def _coefficients(one: JudgeAgreement, key: str, title: str) -> Table:
    columns = (
        Column("statistic", ""),
        Column("people", "people", "score"),
        Column("judge_level", "judge", "score"),
        Column("difference", "judge minus people", "change"),
        Column("how", "what is compared", detail=True),
    )
    rows = tuple((c.title, c.human, c.judge, c.difference, c.how) for c in one.comparisons.values())
    return Table(key, title, columns, rows)


def _confusion(one: JudgeAgreement, key: str, title: str) -> Table:
    labels = [str(value) for value in one.ratings.scale.values]
    columns = (Column("people", "people \\ judge"), *(Column(label, label, "number") for label in labels))
    rows: tuple[Row, ...] = tuple(
        (label, *(round(float(count), 1) for count in row))
        for label, row in zip(labels, one.confusion, strict=True)
    )
    notes = ("Each item counts once, shared out over the people who rated it.",)
    return Table(key, title, columns, rows, notes)


def _calibration(one: JudgeAgreement, key: str, title: str) -> Table:
    scores, people = one.ratings.column(one.judge), one.ratings.consensus()
    columns = (Column("score", "judge"), _N, Column("people", "people's mean", "score"))
    rows: list[Row] = []
    for i, point in enumerate(one.ratings.scale.points):
        here = np.where(nearest_index(one.ratings.scale.points, scores) == i, people, np.nan)
        n = int((~np.isnan(here)).sum())
        if n:
            rows.append((f"{point:g}", n, mean(here, clusters=one.ratings.clusters)))
    notes = () if one.ratings.on_scale else ("Scores between two points stand with the nearer one.",)
    return Table(key, title, columns, tuple(rows), notes)


def _differences(one: JudgeAgreement, key: str, title: str) -> Table:
    scores, people = one.ratings.column(one.judge), one.ratings.consensus()
    distance = np.round((scores - people)[~np.isnan(scores - people)] * 2) / 2
    values, counts = np.unique(distance, return_counts=True)
    columns = (Column("difference", "judge minus people"), _N, Column("share", "of items", "share"))
    rows: tuple[Row, ...] = tuple(
        (f"{value:+g}" if value else "0", int(n), float(n / len(distance)))
        for value, n in zip(values, counts, strict=True)
    )
    return Table(key, title, columns, rows, ("Rounded to halves.",))


def _per_person(one: JudgeAgreement) -> tuple[Row, ...]:
    people = one.ratings.humans
    return tuple(
        (people[row.human], row.level, row.judge, row.difference) for row in one.main.ceiling.per_human
    )


def _sweep(one: JudgeAgreement, key: str, title: str) -> Table:
    sweep = one.threshold_sweep
    if sweep is None:
        return Table(key, title, (), ())
    columns = (
        Column("cut", "judge passes from"),
        Column("judge_rate", "judge passes", "share"),
        Column("gap", "minus people", "points"),
        Column("tpr", "passes found", "share"),
        Column("tnr", "fails found", "share"),
        Column("kappa", "kappa", "score"),
    )
    rows: list[Row] = [
        (f"{cut:g}", t.judge_pass_rate, t.pass_rate_gap, t.tpr, t.tnr, t.kappa)
        for cut, t in zip(sweep.thresholds, sweep.tables, strict=True)
    ]
    t = sweep.cross_fitted
    rows.append(("chosen on other items", t.judge_pass_rate, t.pass_rate_gap, t.tpr, t.tnr, t.kappa))
    notes = (
        f"Chosen by the largest TPR + TNR - 1: {sweep.chosen:g}. The rows of single cut-offs are optimistic "
        "for a cut-off chosen on them; the last row is what to expect.",
    )
    return Table(key, title, columns, tuple(rows), notes)


def disagreements(found: Agreement, judge: str) -> Table:
    """Items on which a judge is farthest from people."""
    aligned = found.aligned
    columns = (
        Column("item", "item"),
        Column("dimension", "dimension"),
        Column("judge", "judge", "number"),
        Column("people", "people"),
    )
    rows: list[Row] = []
    for one in found.disagreements[judge]:
        part = aligned.ratings[one.dimension]
        name = aligned.items[one.item].id
        rows.append(
            (name, part_name(one.dimension), float(part.column(judge)[one.item]), people_said(part, one.item))
        )
    title = "Largest disagreements" + (f": {judge}" if len(found.disagreements) > 1 else "")
    return Table(f"disagreements@{judge}", title, columns, tuple(rows), detail=has_texts(found))


def people_said(part: Ratings, row: int) -> str:
    """Ratings of one item, person by person."""
    return ", ".join(f"{value:g}" for value in part.human_values[row] if not np.isnan(value))


def has_texts(found: Agreement) -> bool:
    """Whether items are known by more than their ids."""
    return any(item.question or item.answer for item in found.aligned.items)
