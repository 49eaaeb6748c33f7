"""Tables of figures for all answers: by the judge, by people, and corrected by people's ratings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from judge.analysis.agreement.corrected import (
    MOST_GROUPS,
    SYSTEM,
    CorrectedDifference,
    CorrectedFigure,
    Corrections,
)
from judge.analysis.agreement.label_pool import Quantity
from judge.analysis.ratings import PASSES
from judge.reporting.document import CellKind, Column, Row, Section, Table
from judge.reporting.tables.agreement_tables import Labels
from judge.reporting.wording import field_name
from judge.stats.engine.estimate import Estimate

KEYS: dict[Quantity, str] = {"pass_rate": "corrected", "mean": "corrected_means"}
TITLES: dict[Quantity, str] = {"pass_rate": "Pass rate", "mean": "Mean score"}
_KINDS: dict[Quantity, tuple[CellKind, CellKind]] = {
    "pass_rate": ("share", "points"),
    "mean": ("score", "change"),
}
_HOW: dict[Quantity, str] = {
    "pass_rate": "by the predictive values of the judge's verdicts",
    "mean": "by prediction-powered inference (PPI++), of values 0 and 1 by predictive values",
}
_ASSUMPTION = (
    "It assumes that the human-rated answers were drawn at random, overall, within the judge's passes and "
    "fails, or with the probabilities given in the ratings. It is not valid for answers from elsewhere or "
    "selected by hand."
)
_EFFECTIVE = (
    "Effective labels: number of human-rated answers that would give the same standard error without the "
    "judge."
)


def corrected_section(found: Corrections, labels: Labels) -> Section:
    """All tables of corrected figures; empty where there are none."""
    tables = [table for quantity in KEYS if (table := overall(found, labels, quantity))]
    for field in found.fields:
        for quantity in KEYS:
            tables += by_group(found, labels, quantity, field)
    return Section("corrected", "Figures for all answers, corrected by human ratings", tables=tuple(tables))


def overall(found: Corrections, labels: Labels, quantity: Quantity) -> Table | None:
    """Figures of all answers by dimension and judge."""
    rows = tuple((*labels.cells(one.dimension, one.judge), *_cells(one)) for one in found.of(quantity))
    if not rows:
        return None
    notes = (f"Corrected {_HOW[quantity]}: estimate for all answers. {_ASSUMPTION}", _EFFECTIVE)
    title = f"{TITLES[quantity]} of all answers, corrected by human ratings"
    return Table(KEYS[quantity], title, (*labels.columns, *_columns(quantity)), rows, notes)


def by_group(found: Corrections, labels: Labels, quantity: Quantity, field: str) -> Iterator[Table]:
    """Figures of the groups of one field, and the differences between them."""
    groups = found.of(quantity, field)
    if not groups:
        return
    columns = (Column("group", field_name(field)), *labels.columns, *_columns(quantity))
    rows = tuple((one.group, *labels.cells(one.dimension, one.judge), *_cells(one)) for one in groups)
    notes = ["Each group is corrected by its own human ratings."]
    n_groups = len({one.group for one in groups})
    differences = found.differences_of(quantity, field)
    if n_groups > MOST_GROUPS and not differences:
        notes.append(f"Differences are listed for up to {MOST_GROUPS} groups.")
    title = f"{TITLES[quantity]} by {field_name(field)}, corrected by human ratings"
    yield Table(f"{KEYS[quantity]}:{field}", title, columns, rows, tuple(notes))
    if differences:
        yield _differences(differences, labels, quantity, field)


def named_corrections(found: Corrections, several_judges: bool) -> dict[str, Estimate]:
    """Corrected figures by name, for gates: ``corrected.pass_rate``, ``corrected.mean.clarity``.

    ``corrected.pass_rate`` is the rate by the pass rule, ``corrected.pass_rate.clarity`` that of a dimension.
    Names of groups end in ``:system=small``; with several judges, names end in ``@judge``.
    """
    return {
        f"corrected.{one.quantity}"
        + (f".{one.dimension}" if one.dimension != PASSES else "")
        + (f":{one.field}={one.group}" if one.field else "")
        + (f"@{one.judge}" if several_judges else ""): one.mean.estimate
        for one in found.figures
    }


def _columns(quantity: Quantity) -> tuple[Column, ...]:
    kind = _KINDS[quantity][0]
    return (
        Column("pool", "answers", "count"),
        Column("labelled", "human-rated", "count"),
        Column("judge_rate" if quantity == "pass_rate" else "judge_mean", "judge alone", kind),
        Column("people_rate" if quantity == "pass_rate" else "people_mean", "humans alone", kind),
        Column("corrected", "corrected", kind),
        Column("effective", "effective labels", "count"),
    )


def _cells(one: CorrectedFigure) -> Row:
    figure = one.mean
    return (
        one.n_answers,
        one.n_labels,
        figure.uncorrected,
        figure.humans_only,
        figure.estimate,
        figure.effective_labels,
    )


def _differences(
    differences: Sequence[CorrectedDifference], labels: Labels, quantity: Quantity, field: str
) -> Table:
    kind = _KINDS[quantity][1]
    columns = (
        Column("first", "first"),
        Column("second", "second"),
        *labels.columns,
        Column("by_judge", "judge alone", kind),
        Column("difference", "corrected", kind),
        Column("p", "p", "p", detail=True),
        Column("p_holm", "p (Holm)", "p"),
    )
    rows: tuple[Row, ...] = tuple(
        (
            one.first,
            one.second,
            *labels.cells(one.dimension, one.judge),
            one.by_judge.difference,
            one.difference,
            one.p,
            one.p_adjusted,
        )
        for one in differences
    )
    unit = " (percentage points)" if quantity == "pass_rate" else ""
    of = "systems" if field == SYSTEM else f"groups by {field_name(field)}"
    title = f"{TITLES[quantity]}: differences between {of}, first minus second{unit}"
    notes = (
        "Corrected: each group by its own human ratings; answers to one question, or of one cluster, are "
        "paired. p-values of the corrected differences, adjusted over all pairs of a judge and dimension "
        "(Holm).",
    )
    return Table(f"{KEYS[quantity]}_differences:{field}", title, columns, rows, notes)
