"""Tables of an agreement report about verdicts and ratings that are missing: abstentions, bounds."""

from __future__ import annotations

from judge.analysis.agreement.agree import Agreement
from judge.reporting.document import Column, Row, Table
from judge.reporting.tables.agreement_tables import Labels


def abstentions(found: Agreement, labels: Labels) -> Table | None:
    """Who could not tell: judge and people, pair by pair."""
    rows: list[Row] = [
        (*labels.cells(name, judge), a.n, a.both_rated, a.only_judge, a.only_person, a.both, a.no_score)
        for name in found.aligned.ratings
        for judge in found.aligned.judges
        if (a := found.aligned.abstentions.get((judge, name))) is not None
    ]
    if not rows:
        return None
    columns = (
        *labels.columns,
        Column("pairs", "pairs", "count"),
        Column("both_rated", "both rated", "count"),
        Column("only_judge", "only judge abstained", "count"),
        Column("only_person", "only person abstained", "count"),
        Column("both", "both abstained", "count"),
        Column("no_score", "no score of the judge", "count"),
    )
    notes = (
        "Pairs of the judge and a person on one item or criterion; a person who skipped it abstained, an "
        "empty cell is no abstention. Coefficients of agreement are computed on the pairs of which both "
        "rated.",
    )
    return Table("abstentions", "Abstentions of judge and human raters", columns, tuple(rows), notes)


def no_verdict(found: Agreement, labels: Labels) -> Table | None:
    """Pass/fail agreement if all verdicts that the judge does not give were fails, and if all were passes."""
    rows: list[Row] = []
    for one in found.judge_agreements:
        if one.bounds is None or one.pass_fail is None:
            continue
        tables = (one.pass_fail, *one.bounds)
        values = [getattr(t, name).value for name in ("agreement", "tpr", "tnr") for t in tables]
        rows.append((*labels.cells(one.ratings.dimension, one.judge), one.n_no_verdict, *values))
    if not rows:
        return None
    titles = {"agreement": "same verdict", "tpr": "TPR", "tnr": "TNR"}
    cases = {"given": "given verdicts", "fail": "all fail", "pass": "all pass"}
    columns = (
        *labels.columns,
        Column("missing", "no verdict", "count"),
        *(
            Column(f"{name}_{case}", f"{title}, {words}", "share", detail=name != "agreement")
            for name, title in titles.items()
            for case, words in cases.items()
        ),
    )
    notes = (
        "Answers with a human verdict to which the judge gives none: the figures without them, and if all of "
        "them failed or all passed (--no-verdict bounds).",
    )
    return Table("no_verdict", "Missing verdicts of the judge", columns, tuple(rows), notes)
