"""Tables of figures for all answers: by the judge, by people, and corrected by people's ratings."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

from judge.analysis.agreement.corrected import (
    MOST_GROUPS,
    SYSTEM,
    CorrectedDifference,
    CorrectedFigure,
    Corrections,
)
from judge.analysis.agreement.label_pool import Quantity
from judge.analysis.agreement.labelled_runs import RUN
from judge.analysis.ratings import PASSES
from judge.reporting.document import CellKind, Column, Row, Section, Table
from judge.reporting.tables.agreement_tables import Labels
from judge.reporting.wording import corrected_answers, field_name
from judge.stats.engine.estimate import Estimate
from judge.stats.engine.sampling_design import SamplingDesign

KEYS: dict[Quantity, str] = {"pass_rate": "corrected", "mean": "corrected_means"}
TITLES: dict[Quantity, str] = {"pass_rate": "Pass rate", "mean": "Mean score"}
_KINDS: dict[Quantity, tuple[CellKind, CellKind]] = {
    "pass_rate": ("share", "points"),
    "mean": ("score", "change"),
}
_PLURALS = {SYSTEM: "systems", RUN: "runs"}
_HOW: dict[Quantity, str] = {
    "pass_rate": "by the predictive values of the judge's verdicts",
    "mean": "by prediction-powered inference (PPI++), of values 0 and 1 by predictive values",
}
_EFFECTIVE = (
    "Effective labels: number of human-rated answers that would give the same standard error without the "
    "judge."
)


LABEL_SHIFT = (
    "Corrected pass rates: Rogan-Gladen estimator, with the interval of Lang and Reiczigel, from the judge's "
    "TPR and TNR on the human-rated answers, for the unrated answers. It assumes label shift: the "
    "rated answers may have another share of good ones, but the judge makes the same errors on good and on "
    "bad ones. Agreement, bias and kappa are those of the rated answers. Means and differences have no such "
    "form and are not given."
)


def corrected_section(
    found: Corrections,
    labels: Labels,
    design: SamplingDesign | None,
    field: str | None = None,
    *,
    is_ranked: bool = False,
) -> Section:
    """All tables of corrected figures; empty where there are none.

    `design` is that of the rated answers. With `field`, those of its groups alone; if ranked, the highest
    corrected figure comes first.
    """
    tables = [] if field else [t for quantity in KEYS if (t := overall(found, labels, quantity))]
    for name in found.fields:
        for quantity in KEYS:
            tables += by_group(found, labels, quantity, name, is_ranked=is_ranked)
    if tables:
        tables[0] = replace(tables[0], notes=(*tables[0].notes, *_assumptions(found, design)))
    return Section("corrected", "Figures for all answers, corrected by human ratings", tables=tuple(tables))


def _assumptions(found: Corrections, design: SamplingDesign | None) -> tuple[str, ...]:
    return (LABEL_SHIFT,) if found.label_shift else (*drawing(design, found), _EFFECTIVE)


def drawing(design: SamplingDesign | None, found: Corrections) -> Iterator[str]:
    """How the rated answers were drawn, and which answers corrected figures are therefore about."""
    if design is None:
        yield (
            "Corrected figures are estimates for answers like these. They assume that the human-rated "
            "answers were drawn at random: from all answers or, for pass rates, within the judge's passes "
            "and within its fails. They do not hold for answers from elsewhere or selected by hand."
        )
        return
    how = "with the inclusion probabilities given in the ratings and no known strata"
    if design.name == "poisson":
        how = "independently, each with the inclusion probability given in the ratings (Poisson sampling)"
    elif design.strata is not None:
        how = "at random within strata, with the inclusion probabilities given in the ratings"
    yield f"The human-rated answers were drawn {how}."
    if design.strata is not None and design.name == "stratified" and not _uses_strata(found):
        yield (
            "The strata of the other answers are not known. Therefore standard errors of corrected figures "
            "do not use the strata, and may be too large."
        )
    if design.target == "these answers":
        yield "Corrected figures are about exactly these answers, with finite-population correction."
    else:
        yield "Corrected figures are estimates for answers like these (two-phase variance)."


def _uses_strata(found: Corrections) -> bool:
    """Whether corrected figures are stratified: within the judge's verdicts they need no design."""
    designs = [one.pool.design for one in found.figures]
    return all(design is None or design.strata is not None for design in designs)


def overall(found: Corrections, labels: Labels, quantity: Quantity) -> Table | None:
    """Figures of all answers by dimension and judge."""
    rows = tuple((*labels.cells(one.dimension, one.judge), *_cells(one)) for one in found.of(quantity))
    if not rows:
        return None
    answers = corrected_answers(is_label_shift=found.label_shift)
    title = f"{TITLES[quantity]} of {answers}, corrected by human ratings"
    return Table(
        KEYS[quantity],
        title,
        (*labels.columns, *_columns(quantity)),
        rows,
        (f"Corrected {_how(found, quantity)}.",),
    )


def by_group(
    found: Corrections, labels: Labels, quantity: Quantity, field: str, *, is_ranked: bool = False
) -> Iterator[Table]:
    """Figures of the groups of one field, by corrected figure if ranked, and the differences between them."""
    groups = found.of(quantity, field)
    if not groups:
        return
    if is_ranked:
        dimensions = list(dict.fromkeys(one.dimension for one in groups))
        groups = tuple(sorted(groups, key=lambda one: (dimensions.index(one.dimension), _descending(one))))
    columns = (Column("group", field_name(field)), *labels.columns, *_columns(quantity))
    rows = tuple((one.group, *labels.cells(one.dimension, one.judge), *_cells(one)) for one in groups)
    notes = [f"Corrected {_how(found, quantity)}, each group by its own human ratings."]
    differences = found.differences_of(quantity, field)
    if len({one.group for one in groups}) > 1 and not differences and not found.label_shift:
        notes.append(f"Differences are listed for up to {MOST_GROUPS} groups.")
    title = f"{TITLES[quantity]} by {field_name(field)}, corrected by human ratings"
    yield Table(f"{KEYS[quantity]}:{field}", title, columns, rows, tuple(notes))
    if differences:
        yield _differences(differences, labels, quantity, field)


def _how(found: Corrections, quantity: Quantity) -> str:
    return "by the Rogan-Gladen estimator" if found.label_shift else _HOW[quantity]


def _descending(one: CorrectedFigure) -> float:
    """Sort key from the highest corrected figure to the lowest; undefined ones come last."""
    value = one.mean.estimate.value
    return math.inf if math.isnan(value) else -value


def named_corrections(found: Corrections, several_judges: bool) -> dict[str, Estimate]:
    """Corrected figures by name, for gates: ``corrected.pass_rate``, ``corrected.mean.clarity``.

    ``corrected.pass_rate`` is the rate by the pass rule, ``corrected.pass_rate.clarity`` that of a dimension.
    Those of groups are ``corrected.pass_rate:system=small`` and ``corrected.pass_rate:system=small.clarity``.
    With several judges, names end in ``@judge``.
    """
    return {name: one.mean.estimate for name, one in _named_figures(found, several_judges)}


def other_estimators(found: Corrections, several_judges: bool) -> dict[str, dict[str, Estimate]]:
    """Figure, by its name in `named_corrections` -> the estimators of it that the design did not choose.

    There is one corrected figure for each quantity, chosen by the design and not by the result; the others
    are for checks of sensitivity, and in JSON only.
    """
    return {name: one.other_estimators() for name, one in _named_figures(found, several_judges)}


def _named_figures(found: Corrections, several_judges: bool) -> Iterator[tuple[str, CorrectedFigure]]:
    for one in found.figures:
        name = f"corrected.{one.quantity}" + (f":{one.field}={one.group}" if one.field else "")
        judge = f"@{one.judge}" if several_judges else ""
        if one.dimension != PASSES:
            yield f"{name}.{one.dimension}{judge}", one
        if one.quantity == "pass_rate" and one.dimension == found.ruling:
            yield name + judge, one


def named_differences(found: Corrections) -> dict[str, Estimate]:
    """Corrected differences of two groups by name: ``corrected.difference.mean.clarity``.

    ``corrected.difference`` is that of the pass rates by the pass rule.
    """
    named = {}
    for one in found.differences:
        named[f"corrected.difference.{one.quantity}.{one.dimension}"] = one.difference
        if one.quantity == "pass_rate" and one.dimension == found.ruling:
            named["corrected.difference"] = one.difference
    return named


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
            one.by_judge,
            one.difference,
            one.p,
            one.p_adjusted,
        )
        for one in differences
    )
    unit = " (percentage points)" if quantity == "pass_rate" else ""
    of = _PLURALS.get(field, f"groups by {field_name(field)}")
    title = f"{TITLES[quantity]}: differences between {of}, first minus second{unit}"
    notes = (
        "Corrected: each group by its own human ratings; answers to one question, or of one cluster, are "
        "paired. p-values of the corrected differences, adjusted over all pairs of a judge and dimension "
        "(Holm).",
    )
    return Table(f"{KEYS[quantity]}_differences:{field}", title, columns, rows, notes)
