"""Tables of an agreement report about verdicts: passes and fails, abstentions, and what is missing."""

from __future__ import annotations

from collections.abc import Iterator

from judge.analysis.agreement.agree import Agreement
from judge.reporting.document import Column, Row, Table
from judge.reporting.tables.agreement_tables import Labels
from judge.reporting.wording import dimension_name, listed


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
        "Pairs of the judge and a person on one item or criterion. A person who skipped it counts as "
        "abstaining; an empty cell of a table is a missing rating and makes no pair. Coefficients of "
        "agreement are computed on the pairs that both rated.",
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


def passing(found: Agreement, labels: Labels) -> Table | None:
    """Pass and fail verdicts of judge and human raters."""
    columns = (
        *labels.columns,
        Column("bar", "threshold", "number", detail=True),
        Column("n", "n", "count"),
        Column("people_rate", "human pass rate", "share"),
        Column("judge_rate", "judge pass rate", "share"),
        Column("tpr", "TPR", "share"),
        Column("tnr", "TNR", "share"),
        Column("agreement", "same verdict", "share", detail=True),
        Column("kappa", "kappa", "score"),
        Column("ac1", "AC1", "score"),
        Column("positive", "positive agreement", "score", detail=True),
        Column("negative", "negative agreement", "score", detail=True),
        Column("precision", "precision", "share", detail=True),
        Column("npv", "NPV", "share", detail=True),
        Column("balanced", "balanced accuracy", "score", detail=True),
        Column("mcc", "MCC", "score", detail=True),
        Column("counts", "both pass / only judge / only humans / both fail", detail=True),
    )
    rows: list[Row] = []
    for one in found.judge_agreements:
        m = one.pass_fail
        if m is None:
            continue
        cells = (m.true_pass, m.false_pass, m.false_fail, m.true_fail)
        rows.append(
            (
                *labels.cells(one.ratings.dimension, one.judge), one.ratings.pass_mark, sum(cells),
                m.human_pass_rate, m.judge_pass_rate, m.tpr, m.tnr, m.agreement, m.kappa, m.ac1, m.f1,
                m.negative_agreement, m.precision, m.npv, m.balanced_accuracy, m.mcc,
                " / ".join(map(str, cells)),
            )
        )  # fmt: skip
    if not rows:
        return None
    notes = [
        "Reference: majority of the human verdicts; ties are excluded. TPR (TNR): share of the human passes "
        "(fails) that the judge passes (fails)."
    ]
    n_missing = max(one.n_no_verdict for one in found.judge_agreements)
    counted = {"fail": "count as fails", "drop": "are left out"}.get(found.criteria.no_verdict)
    if counted and n_missing:
        notes.append(
            f"Answers without a verdict of the judge (up to {n_missing:,}) {counted} "
            f"(--no-verdict {found.criteria.no_verdict})."
        )
    notes += _paradoxes(found)
    return Table("passing", "Pass/fail verdicts", columns, tuple(rows), tuple(notes))


def _paradoxes(found: Agreement) -> Iterator[str]:
    """Where kappa is low by construction."""
    for kind, text in (
        ("skewed", "more than 80 % of answers pass, or more than 80 % fail"),
        ("apart", "the pass rates of judge and people differ by more than 10 percentage points"),
    ):
        named = dict.fromkeys(
            dimension_name(one.ratings.dimension) for one in found.judge_agreements if one.paradox == kind
        )
        if named:
            yield (
                f"On {listed(tuple(named))} {text}: kappa is low by construction; read it together with AC1, "
                "positive agreement and negative agreement."
            )
