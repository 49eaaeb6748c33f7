"""Tables of an agreement report: one judge on one dimension, slices, bias checks, panels, single items."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from judge.analysis.agreement.agree import Agreement
from judge.analysis.agreement.bias import BiasCheck
from judge.analysis.agreement.by_slice import AgreementSlice, Disagreement
from judge.analysis.agreement.judge_human import JudgeAgreement
from judge.analysis.agreement.panel import STATISTICS, PanelSelection
from judge.analysis.ratings import Ratings
from judge.analysis.slices import SMALL
from judge.reporting.document import Column, Row, Table
from judge.reporting.tables.agreement_tables import Labels
from judge.reporting.tables.selection_table import SELECTED
from judge.reporting.wording import dimension_name, field_name
from judge.stats.engine.scale import nearest_position
from judge.stats.pass_fail.proportion import mean

_N = Column("n", "n", "count")
MOST_THRESHOLDS = 12
"""With more of them, as for shares of points, the table of thresholds is a detail."""
SMALL_NOTE = f"* fewer than {SMALL} items rated by humans and judge; interpret with caution."


def details(one: JudgeAgreement) -> Iterator[Table]:
    """All further tables about one judge on one dimension."""
    of, title = (
        f"{one.ratings.dimension}@{one.judge}",
        f"{dimension_name(one.ratings.dimension)}, {one.judge}",
    )
    yield _coefficients(one, f"coefficients:{of}", f"Agreement on {title}")
    is_share = (
        len(one.ratings.scale.points) == 2 and not one.ratings.on_scale
    )  # points earned, between 0 and 1
    if not one.ratings.rescaled and not is_share:
        yield _confusion(one, f"confusion:{of}", f"Confusion matrix: {title}")
    if not one.ratings.nominal and not is_share:
        if one.ratings.has_means:
            yield _calibration(one, f"calibration:{of}", f"Mean human score by judge score: {title}")
        yield _differences(one, f"differences:{of}", f"Judge minus human: {title}")
    if rows := _per_person(one):
        columns = (
            Column("person", "human rater"),
            Column("level", "agreement of the rater", "score"),
            Column("judge_level", "agreement of the judge", "score"),
            Column("difference", "judge minus rater", "change"),
        )
        yield Table(
            f"per_person:{of}",
            f"Judge compared with each human rater: {title} ({one.main.title})",
            columns,
            rows,
        )
    if one.threshold_sweep is not None:
        yield _sweep(one, f"thresholds:{of}", f"Alternative pass thresholds of the judge: {title}")


def _coefficients(one: JudgeAgreement, key: str, title: str) -> Table:
    columns = (
        Column("statistic", ""),
        Column("people", "human-human", "score"),
        Column("judge_level", "judge-human", "score"),
        Column("difference", "difference", "change"),
        Column("how", "what is compared", detail=True),
    )
    rows = tuple((c.title, c.human, c.judge, c.difference, c.how) for c in one.comparisons.values())
    return Table(key, title, columns, rows)


def _confusion(one: JudgeAgreement, key: str, title: str) -> Table:
    labels = [str(value) for value in one.ratings.scale.values]
    columns = (Column("people", "human \\ judge"), *(Column(label, label, "number") for label in labels))
    rows: tuple[Row, ...] = tuple(
        (label, *(round(float(count), 1) for count in row))
        for label, row in zip(labels, one.confusion, strict=True)
    )
    notes = ("Each item has weight 1, divided equally among its human ratings.",)
    return Table(key, title, columns, rows, notes)


def _calibration(one: JudgeAgreement, key: str, title: str) -> Table:
    scores, people = one.ratings.column(one.judge), one.ratings.consensus()
    columns = (Column("score", "judge"), _N, Column("people", "mean human score", "score"))
    rows: list[Row] = []
    for i, point in enumerate(one.ratings.scale.points):
        here = np.where(nearest_position(scores, one.ratings.scale.points) == i, people, np.nan)
        n = int((~np.isnan(here)).sum())
        if n:
            rows.append((f"{point:g}", n, mean(here, **one.ratings.sampling)))
    notes = (
        ()
        if one.ratings.on_scale
        else ("A judge score between two points of the scale is counted at the nearer one.",)
    )
    return Table(key, title, columns, tuple(rows), notes)


def _differences(one: JudgeAgreement, key: str, title: str) -> Table:
    scores, people = one.ratings.column(one.judge), one.ratings.consensus()
    both = ~np.isnan(scores - people)
    distance = np.round((scores - people)[both] * 2) / 2
    values, place, counts = np.unique(distance, return_inverse=True, return_counts=True)
    design = one.ratings.design
    weights = np.bincount(place, None if design is None else design.weights[both], minlength=len(values))
    columns = (Column("difference", "judge minus human"), _N, Column("share", "share of items", "share"))
    rows: tuple[Row, ...] = tuple(
        (f"{value:+g}" if value else "0", int(n), float(weight / weights.sum()))
        for value, n, weight in zip(values, counts, weights, strict=True)
    )
    return Table(key, title, columns, rows, ("Differences are rounded to the nearest half point.",))


def _per_person(one: JudgeAgreement) -> tuple[Row, ...]:
    people = one.ratings.humans
    return tuple(
        (people[row.human], row.agreement, row.judge, row.difference) for row in one.main.ceiling.per_human
    )


def _sweep(one: JudgeAgreement, key: str, title: str) -> Table:
    sweep = one.threshold_sweep
    if sweep is None:
        return Table(key, title, (), ())
    columns = (
        Column("cut", "threshold"),
        Column("judge_rate", "judge pass rate", "share"),
        Column("gap", "minus human pass rate (points)", "points"),
        Column("tpr", "TPR", "share"),
        Column("tnr", "TNR", "share"),
        Column("kappa", "kappa", "score"),
    )
    rows: list[Row] = [
        (f"{cut:g}", t.judge_pass_rate, t.pass_rate_gap, t.tpr, t.tnr, t.kappa)
        for cut, t in zip(sweep.thresholds, sweep.tables, strict=True)
    ]
    t = sweep.cross_validated
    rows.append(("cross-validated choice", t.judge_pass_rate, t.pass_rate_gap, t.tpr, t.tnr, t.kappa))
    notes = (
        f"The largest TPR + TNR - 1 (Youden's J) is at threshold {sweep.chosen:g}, {SELECTED}: its row is "
        "optimistic; the last row, cross-validated, is what to expect.",
    )
    return Table(key, title, columns, tuple(rows), notes, detail=len(rows) > MOST_THRESHOLDS)


def disagreements(found: Agreement, judge: str, worst: Sequence[Disagreement]) -> Table:
    """Items on which a judge differs most from human raters."""
    aligned = found.aligned
    columns = (
        Column("item", "item"),
        Column("dimension", "dimension"),
        Column("judge", "judge", "number"),
        Column("people", "human ratings"),
        Column("difference", "difference", "number", detail=True),
    )
    rows: list[Row] = []
    for one in worst:
        ratings = aligned.ratings[one.dimension]
        name = aligned.items[one.item].id
        rows.append(
            (
                name,
                dimension_name(one.dimension),
                _judge_cell(ratings, float(ratings.column(judge)[one.item])),
                human_ratings_text(ratings, one.item),
                round(one.distance, 2),
            )
        )
    title = "Largest disagreements" + (f": {judge}" if len(found.disagreements) > 1 else "")
    return Table(f"disagreements@{judge}", title, columns, tuple(rows), detail=has_texts(found))


def human_ratings_text(ratings: Ratings, row: int) -> str:
    """Human ratings of one item, in the order of the raters."""
    given = [value for value in ratings.human_values[row] if not np.isnan(value)]
    return ", ".join(ratings.name_of(value) for value in given)


def _judge_cell(ratings: Ratings, value: float) -> float | str:
    return ratings.name_of(value) if ratings.scale.has_labels else value


def has_texts(found: Agreement) -> bool:
    """Whether the items have texts, not only ids."""
    return any(item.question or item.answer for item in found.aligned.items)


def slices(found: Agreement, labels: Labels, field: str) -> Table:
    """Human-human and judge-human agreement in each slice of one field."""
    held = [one for one in found.slices if one.field == field]
    columns = (
        Column("slice", field_name(field)),
        *labels.columns,
        _N,
        Column("people", "human-human", "score"),
        Column("judge_level", "judge-human", "score"),
        Column("difference", "difference", "change"),
        Column("bias", "bias", "change"),
        Column("p", "p", "p", detail=True),
        Column("p_holm", "p (Holm)", "p"),
        Column("people_mean", "human mean", "score", detail=True),
        Column("judge_mean", "judge mean", "score", detail=True),
    )
    single = len({(one.dimension, one.judge) for one in held}) == 1
    if single:
        columns = tuple(replace(c, detail=True) if c.key == "label" else c for c in columns)
    rows: list[Row] = [_slice_row(one, labels) for one in held]
    small = tuple(i for i, one in enumerate(held) if one.small)
    measures = " or ".join(dict.fromkeys(one.comparison.title for one in held))
    notes = [
        f"Agreement: {measures}. Exploratory. Null hypothesis: judge-human equals human-human agreement; "
        f"p-values are Holm-adjusted for {sum(not np.isnan(one.p) for one in found.slices):,} tests."
    ]
    if small:
        notes.append(SMALL_NOTE)
    return Table(f"slices:{field}", f"By {field_name(field)}", columns, tuple(rows), tuple(notes), small)


def _slice_row(one: AgreementSlice, labels: Labels) -> Row:
    c = one.comparison
    return (
        one.label,
        *labels.cells(one.dimension, one.judge),
        one.n_both,
        c.human,
        c.judge,
        c.difference,
        one.bias,
        one.p,
        one.p_adjusted,
        one.human_mean,
        one.judge_mean,
    )


def bias_checks(found: Agreement, labels: Labels) -> Table | None:
    """Checks for known biases of judges, beyond leniency and spread."""
    rows: list[Row] = []
    meanings: dict[str, str] = {}
    for judge, checks in found.bias_checks.items():
        for one in checks:
            meanings[one.name] = one.title
            rows.append(_bias_row(one, judge, labels))
    if not rows:
        return None
    columns = (
        Column("what", ""),
        Column("dimension", "dimension", detail=True),
        Column("judge", "judge", detail=True),
        Column("judge_value", "judge", "score", detail=True),
        Column("people", "humans", "score", detail=True),
        Column("difference", "judge minus human", "change"),
        Column("finding", "significant"),
    )
    notes = tuple(f"{name[0].upper()}{name[1:]}: {title}." for name, title in meanings.items())
    return Table("bias", "Bias checks", columns, tuple(rows), notes)


def _bias_row(one: BiasCheck, judge: str, labels: Labels) -> Row:
    name = labels.name(one.dimension or "all", judge)
    finding = "yes" if one.stands_out else "no"
    return (f"{one.name}, {name}", one.dimension, judge, one.judge, one.human, one.difference, finding)


def panel(choices: Sequence[PanelSelection]) -> Table:
    """The panel of judges that agrees best with human raters, and its cross-validated agreement."""
    columns = (
        Column("dimension", ""),
        Column("best", "best panel"),
        Column("cross_validated", "cross-validated", "score"),
        Column("all_judges", "all judges", "score"),
        Column("in_sample", "in-sample", "score"),
    )
    rows = tuple(
        (dimension_name(c.dimension), " + ".join(c.best), c.cross_validated, c.all_judges, c.in_sample)
        for c in choices
    )
    measures = " or ".join(STATISTICS[name] for name in dict.fromkeys(c.statistic for c in choices))
    notes = (
        f"Agreement: {measures}. Cross-validated: the panel is chosen and evaluated on different items (five "
        "folds). In-sample: chosen and evaluated on the same items, which is optimistic.",
    )
    return Table("panel", "Panels of judges", columns, rows, notes)
