"""Tables that `judge agree` shows first: rates of agreement by name, bias and corrected pass rates."""

from __future__ import annotations

from judge.analysis.agreement.agree import Agreement
from judge.analysis.agreement.coefficients import WITHIN_ONE
from judge.analysis.agreement.judge_human import JudgeAgreement
from judge.reporting.document import Cell, Column, Row, Table
from judge.reporting.tables.agreement_tables import Labels

GLOSSARY = (
    "Agreement rates. Same score: the judge and a person give equal scores, mean over people. Within 1: "
    "their scores differ by 1 point at most. Majority: the judge passes or fails the answer as most "
    "people do; ties are excluded. Each person: the judge and a person give the same verdict, mean over "
    "people; published figures such as '94 % agreement with five people' are usually this rate. No rate "
    "is corrected for chance."
)


def rates(found: Agreement, labels: Labels) -> Table | None:
    """Rates of agreement between judge and people, each under its name."""
    rows: list[Row] = [
        (
            *labels.cells(one.ratings.dimension, one.judge),
            one.raw.judge,
            one.comparisons[WITHIN_ONE].judge if WITHIN_ONE in one.comparisons else None,
            one.pass_fail.agreement if one.pass_fail else None,
            one.same_verdict.judge if one.same_verdict else None,
            one.same_verdict.human if one.same_verdict else None,
        )
        for one in found.judge_agreements
    ]
    if not rows:
        return None
    columns = (
        *labels.columns,
        Column("same_score", "same score", "share"),
        Column("within_one", "within 1", "share"),
        Column("majority", "majority", "share"),
        Column("person", "each person", "share"),
        Column("people", "two people", "share", detail=True),
    )
    notes = ("Majority, each person: same verdict (pass or fail).",)
    return Table("rates", "Agreement rates in percent, not corrected for chance", columns, tuple(rows), notes)


def pass_rates(found: Agreement, labels: Labels) -> Table | None:
    """Bias, and the pass rate of people, of the judge, and corrected for the judge's errors."""
    rows = [
        (*labels.cells(one.ratings.dimension, one.judge), one.bias, *_pass_rates(one))
        for one in found.judge_agreements
    ]
    if not rows:
        return None
    columns = (
        *labels.columns,
        Column("bias", "bias", "change"),
        Column("people_rate", "human pass", "share"),
        Column("judge_rate", "judge pass", "share"),
        Column("corrected", "corrected", "share"),
    )
    note = "Corrected: pass rate of all answers, if the rated ones are a random sample."
    if found.aligned.is_weighted:
        note = "All figures are weighted; see --sections methods."
    elif found.aligned.label_shift:
        note = "Judge pass and corrected: of the answers that nobody rated (label shift; Rogan-Gladen)."
    return Table(
        "pass_rates", "Bias (judge minus human, in points) and pass rates", columns, tuple(rows), (note,)
    )


def _pass_rates(one: JudgeAgreement) -> tuple[Cell, Cell, Cell]:
    if one.corrected is None:
        return (
            (one.pass_fail.human_pass_rate, one.pass_fail.judge_pass_rate, None)
            if one.pass_fail
            else (None,) * 3
        )
    return (one.corrected.humans_only, one.corrected.uncorrected, one.corrected.estimate)
