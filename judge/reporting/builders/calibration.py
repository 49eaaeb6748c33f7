"""Calibration -> Report."""

from __future__ import annotations

from collections.abc import Iterator

from judge.analysis.agreement.calibrate import Calibrated
from judge.reporting.document import Column, Row, Section, Table
from judge.reporting.findings.design_words import design_words
from judge.reporting.render.numbers import number_text
from judge.reporting.report import Report
from judge.reporting.tables.selection_table import SELECTED, where_selected
from judge.reporting.wording import counted, dimension_name, with_interval
from judge.stats.judge_human.calibration import Calibration
from judge.stats.judge_human.cross_fitting import LARGE_FROM

KINDS = {
    "identity": "identity",
    "shift": "shift",
    "linear": "shift and scale",
    "cut_points": "cut-points",
    "proportional_odds": "proportional odds",
    "isotonic": "isotonic",
}


def build_calibration(found: Calibrated, saved: str | None = None) -> Report:
    """Build the report of `judge calibrate`."""
    people = counted(found.n_people, "human rater")
    return Report(
        "calibrate",
        f"Calibration of {found.judge} to {people}",
        tuple(_words(found, saved)),
        (*found.notes, *_warnings(found)),
        (Section("calibration", "Calibration", tables=(_gain(found), _errors(found), *_curves(found))),),
        {f"gain.{name}": c.gain for name, c in found.dimensions.items()}
        | {f"over_constant.{name}": c.over_constant for name, c in found.dimensions.items()},
        {
            f"judge {found.judge}": found.about,
            "run": found.run,
            "fingerprint": str(found.belongs_to["fingerprint"])[:12],
        },
        (
            *((design_words(found.designs),) if found.designs else ()),
            *_fitting(found),
            "A monotone map reduces bias and error but cannot raise a rank correlation. A pass rate of "
            "mapped scores must still be corrected with human verdicts: judge agree.",
        ),
    )


def _fitting(found: Calibrated) -> Iterator[str]:
    """On which items maps are chosen, fitted and assessed."""
    if found.selected_on:
        yield (
            f"Maps are chosen (by cross-validation) and fitted on {where_selected(found.selected_on)}; "
            "gains, errors and curves are those of all other items. The reference is the mean human score."
        )
        where = "of the first items"
    else:
        strata = ", drawn within strata" if found.designs else ""
        yield (
            "Cross-fitted: the map of each item is selected and fitted on other items (five folds, clusters "
            f"kept together{strata}). The reference is the mean human score. A saved map is fitted on all "
            f"items: it is {SELECTED}, and agreement of mapped scores must be measured on other items."
        )
        where = "on the other folds"
    yield f"The constant is the median of the human scores (their mean for --loss rmse) {where}."


def _words(found: Calibrated, saved: str | None) -> Iterator[str]:
    for name, c in found.dimensions.items():
        gain = with_interval(c.gain, "score")
        if c.adds_nothing:
            over = with_interval(c.over_constant, "change")
            constant = number_text(c.constant, "score")
            items = counted(found.n_items[name], "item")
            yield (
                f"On {dimension_name(name)} the judge is not shown to add information in these {items}: "
                f"it is not significantly closer to the human scores than the constant {constant} "
                f"({over} points per item). No map is fitted."
            )
        elif c.helps:
            yield (
                f"On {dimension_name(name)} calibration ({KINDS[c.fitted_kind]}) reduces the mean distance "
                f"from the human scores by {gain} points per item."
            )
        elif c.gain.defined:
            yield (
                f"On {dimension_name(name)} calibration does not reduce the error significantly (reduction "
                f"{gain} points per item); the scores stay unchanged."
            )
        else:
            yield (
                f"On {dimension_name(name)} no map can be fitted ({(c.gain.reason or '').replace('_', ' ')})."
            )
    if saved:
        yield f"Saved in {saved}. The map is valid for this judge, rubric and scale only."


def _warnings(found: Calibrated) -> Iterator[str]:
    if small := [name for name in found.dimensions if found.dimensions[name].n_effective < LARGE_FROM]:
        named = ", ".join(map(dimension_name, small))
        fewer = "Fewer than 100 items" if not found.designs else "An effective sample of fewer than 100 items"
        yield f"{fewer} on {named}: only shift and scale are tried for these."


def _gain(found: Calibrated) -> Table:
    columns = (
        Column("dimension", ""),
        Column("n", "n", "count"),
        Column("n_fitted", "n fitted", "count", detail=not found.selected_on),
        Column("kind", "map"),
        Column("gain", "gain", "change"),
        Column("over_constant", "gain over one constant", "change"),
        Column("helps", "saved map"),
        Column("evidence", "evidence", detail=True),
    )
    rows: tuple[Row, ...] = tuple(
        (
            dimension_name(n),
            found.n_items[n],
            found.n_fitted[n],
            KINDS[c.fitted_kind],
            c.gain,
            c.over_constant,
            _saved_map(c),
            "other items" if found.selected_on else "cross-validated",
        )
        for n, c in found.dimensions.items()
    )
    kind = f"Gain on other items than {found.selected_on}" if found.selected_on else "Cross-validated gain"
    return Table("gain", f"{kind}: reduction of the distance from the human scores", columns, rows)


def _saved_map(c: Calibration) -> str:
    return "none (no better than a constant)" if c.adds_nothing else KINDS[c.map.kind]


def _errors(found: Calibrated) -> Table:
    """Errors by dimension; those of the pass rate only where there is a pass mark."""
    has_marks = any(c.before.pass_rate is not None for c in found.dimensions.values())
    columns = (
        Column("dimension", ""),
        Column("mae_before", "MAE before", "score"),
        Column("mae_after", "MAE after", "score"),
        Column("rmse_before", "RMSE before", "score"),
        Column("rmse_after", "RMSE after", "score"),
        Column("bias_before", "bias before", "change"),
        Column("bias_after", "bias after", "change"),
        Column("pass_before", "pass rate error before (points)", "points"),
        Column("pass_after", "pass rate error after (points)", "points"),
    )
    n_columns = len(columns) if has_marks else len(columns) - 2
    rows: tuple[Row, ...] = tuple(
        (
            dimension_name(n),
            c.before.mae,
            c.after.mae,
            c.before.rmse,
            c.after.rmse,
            c.before.bias,
            c.after.bias,
            c.before.pass_rate,
            c.after.pass_rate,
        )[:n_columns]
        for n, c in found.dimensions.items()
    )
    return Table("errors", "Error before and after calibration", columns[:n_columns], rows)


def _curves(found: Calibrated) -> Iterator[Table]:
    for name, c in found.dimensions.items():
        columns = (
            Column("score", "judge"),
            Column("n", "n", "count"),
            Column("people", "mean human score", "score"),
            Column("mapped", "calibrated score", "score"),
        )
        rows: tuple[Row, ...] = tuple(
            (f"{p.score:g}", p.human.n_items, p.human, float(c.map([p.score])[0])) for p in c.curve
        )
        yield Table(
            f"curve:{name}",
            f"Mean human score by judge score: {dimension_name(name)}",
            columns,
            rows,
            detail=len(found.dimensions) > 1,
        )
