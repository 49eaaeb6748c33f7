"""Tables of `judge agree`: the answer in one table, rates of agreement by name, bias and pass rates."""

from __future__ import annotations

from judge.analysis.agreement.agree import Agreement
from judge.analysis.agreement.coefficients import WITHIN_ONE
from judge.analysis.agreement.judge_human import JudgeAgreement
from judge.reporting.document import Cell, Column, Row, Table
from judge.reporting.findings.outcomes import Outcome, outcome
from judge.reporting.tables.agreement_tables import Labels, kinds_of
from judge.reporting.tables.run_tables import without
from judge.reporting.wording import corrected_answers
from judge.stats.engine.estimate import Estimate

GLOSSARY = (
    "Agreement rates. Same score: the judge and a person give equal scores, mean over people. Within 1: "
    "their scores differ by 1 point at most. Majority: the judge passes or fails the answer as most "
    "people do; ties are excluded. Each person: the judge and a person give the same verdict, mean over "
    "people; published figures such as '94 % agreement with five people' are usually this rate. No rate "
    "is corrected for chance."
)


_OUTCOMES: dict[Outcome, str] = {
    "better": "above people",
    "non-inferior": "non-inferior",
    "inconclusive": "inconclusive",
    "unclear": "unclear",
    "no ceiling": "no ceiling",
    "worse": "below people",
    "chance": "at chance",
    "": "undefined",
}
_MEANINGS: dict[Outcome, str] = {
    "unclear": "Unclear: the interval of the difference includes 0.",
    "no ceiling": "No ceiling: no two people rated the same items.",
    "chance": "At chance: the interval of the judge's agreement does not lie above 0.",
}


def summary(found: Agreement, labels: Labels) -> Table:
    """The answer in one table: agreement of people and of the judge, the outcome, bias, corrected pass rate.

    All of it is in the other tables with more detail.
    """
    rows: list[Row] = []
    for one in found.judge_agreements:
        main, passing = one.main, one.corrected.estimate if one.corrected is not None else None
        cells = (main.human, main.judge, main.difference, _OUTCOMES[outcome(one)], one.bias, passing)
        rows.append((*labels.cells(one.ratings.dimension, one.judge), *cells))
    places = {"people": -6, "difference": -4, "bias": -2, "corrected": -1}
    left_out = {key for key, place in places.items() if not any(_is_defined(row[place]) for row in rows)}
    titles = dict.fromkeys(one.main.title for one in found.judge_agreements)
    level, change = kinds_of([one.main.unit for one in found.judge_agreements])
    columns = (
        *labels.columns,
        Column("people", "people", level, brief=True),
        Column("judge_level", "judge", level, brief=True),
        Column("difference", "difference", change, brief=True),
        Column("outcome", "verdict"),
        Column("bias", "bias", "change", brief=True),
        Column("corrected", "corrected", "share"),
    )
    parts = [f"Agreement with people ({' or '.join(titles)})", "bias", "corrected pass rate in percent"]
    title = ", ".join(part for part in parts if part.partition(" ")[0] not in left_out)
    return without(Table("summary", title, columns, tuple(rows), _notes(found)), left_out)


def _is_defined(cell: Cell) -> bool:
    return isinstance(cell, Estimate) and cell.defined


def _notes(found: Agreement) -> tuple[str, ...]:
    """What the outcomes in the table mean, and where intervals are."""
    outcomes = {outcome(one) for one in found.judge_agreements}
    meanings = [text for name, text in _MEANINGS.items() if name in outcomes]
    if any(one.corrected is not None for one in found.judge_agreements):
        answers = corrected_answers(is_label_shift=found.aligned.label_shift)
        meanings.append(f"Corrected: pass rate that people would give to {answers}.")
    if found.aligned.is_weighted:
        meanings.append("All figures are weighted.")
    return (*([" ".join(meanings)] if meanings else []), "Intervals: --sections agreement,pass_rates.")


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
    has_verdicts = any(one.pass_fail for one in found.judge_agreements)
    notes = ("Majority, each person: same verdict (pass or fail).",) if has_verdicts else ()
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
    has_corrected = any(one.corrected is not None for one in found.judge_agreements)
    note = (
        "Corrected: pass rate of all answers, if the rated ones are a random sample." if has_corrected else ""
    )
    if found.aligned.is_weighted:
        note = "All figures are weighted; see --sections methods."
    elif found.aligned.label_shift:
        note = "Judge pass and corrected: of the unrated answers (label shift; Rogan-Gladen)."
    return Table(
        "pass_rates",
        "Bias (judge minus human, in points) and pass rates",
        columns,
        tuple(rows),
        (note,) if note else (),
    )


def _pass_rates(one: JudgeAgreement) -> tuple[Cell, Cell, Cell]:
    if one.corrected is None:
        return (
            (one.pass_fail.human_pass_rate, one.pass_fail.judge_pass_rate, None)
            if one.pass_fail
            else (None,) * 3
        )
    return (one.corrected.humans_only, one.corrected.uncorrected, one.corrected.estimate)
