"""Table of an agreement report on human disagreement as signal."""

from __future__ import annotations

from judge.analysis.agreement.agree import Agreement
from judge.reporting.document import Column, Row, Table
from judge.reporting.tables.agreement_tables import Labels
from judge.reporting.wording import listed

_SOURCES = {
    "probabilities": "probabilities of the scale's points",
    "repeats": "repeated judgments",
    "single score": "a single score",
}


def prediction(found: Agreement, labels: Labels) -> Table | None:
    """How well the judge's distribution predicts a single person, beside that of the other people."""
    if not found.prediction_scores:
        return None
    sources = dict.fromkeys(_SOURCES[one.source] for one in found.prediction_scores)
    columns = (
        *labels.columns,
        Column("n", "items", "count"),
        Column("judge_score", "judge", "score"),
        Column("people", "other people", "score"),
        Column("difference", "judge minus other people", "change"),
        Column("one_person", "one other person", "score"),
        Column("source", "distribution of the judge", detail=len(sources) == 1),
    )
    rows: tuple[Row, ...] = tuple(
        (
            *labels.cells(one.dimension, one.judge),
            one.scores.judge.n_items,
            one.scores.judge,
            one.scores.people,
            one.scores.difference,
            one.scores.one_person,
            _SOURCES[one.source],
        )
        for one in found.prediction_scores
    )
    notes = (
        "Ranked probability score against each single person, in points; 0 is perfect, and lower is better. "
        "Other people: the fair score of their distribution on the same items with three or more people, "
        "which a judge reaches that knows how people differ. One other person: the distance of two people, "
        "which is the yardstick for a judge that gives a single score.",
        f"Distribution of the judge: {listed(tuple(sources))}.",
    )
    title = "Human disagreement: how well a single person is predicted"
    return Table("prediction", title, columns, rows, notes)
