"""Calibration -> Report."""

from __future__ import annotations

from collections.abc import Iterator

from judge.analysis.agreement.calibrate import Calibrated
from judge.reporting.document import Column, Report, Row, Section, Table
from judge.reporting.render.numbers import number_text
from judge.reporting.wording import counted, dimension_name, with_interval
from judge.stats.judge_human.calibration import Calibration

KINDS = {
    "identity": "as it is",
    "shift": "shift",
    "linear": "shift and scale",
    "cut_points": "cut-points",
    "proportional_odds": "proportional odds",
    "isotonic": "isotonic",
}


def build_calibration(found: Calibrated, saved: str | None = None) -> Report:
    """What `judge calibrate` found, and where it was saved."""
    people = counted(found.n_people, "person").replace("persons", "people")
    return Report(
        "calibrate",
        f"{found.judge}: a map to the scores of {people}",
        tuple(_words(found, saved)),
        tuple(_warnings(found)),
        (Section("calibration", "Calibration", tables=(_gain(found), _errors(found), *_curves(found))),),
        {f"gain.{name}": c.gain for name, c in found.dimensions.items()}
        | {f"over_constant.{name}": c.over_constant for name, c in found.dimensions.items()},
        {"run": found.run, "fingerprint": str(found.belongs_to["fingerprint"])[:12]},
        (
            "Cross-fitted: each item is mapped by a map that was fitted, and whose kind was chosen, on other "
            "items (five folds, groups kept together). People: the mean of their scores.",
            "The constant is the median of people's scores (their mean for --loss rmse) on the other folds.",
            "A map moves errors and bias; it cannot raise a rank correlation. A pass rate of mapped scores "
            "still needs people's verdicts: judge agree corrects it.",
        ),
    )


def _words(found: Calibrated, saved: str | None) -> Iterator[str]:
    for name, c in found.dimensions.items():
        gain = with_interval(c.gain, "score")
        if c.adds_nothing:
            over = with_interval(c.over_constant, "change")
            constant = number_text(c.constant, "score")
            items = counted(found.n_items[name], "item")
            yield (
                f"On {dimension_name(name)} the judge adds nothing that these {items} "
                f"show: it is no closer to people than {constant} for every item, beyond chance "
                f"({over} points an item). There is no map."
            )
        elif c.helps:
            yield (
                f"On {dimension_name(name)} a map ({KINDS[c.fitted_kind]}) brings the judge closer to people by "
                f"{gain} points an item."
            )
        elif c.gain.defined:
            yield f"On {dimension_name(name)} there is no gain ({gain} points an item): scores stay as they are."
        else:
            yield f"On {dimension_name(name)} nothing can be fitted ({(c.gain.reason or '').replace('_', ' ')})."
    if saved:
        yield f"Saved in {saved}. It holds for this judge, rubric and scale only."


def _warnings(found: Calibrated) -> Iterator[str]:
    few = [dimension_name(name) for name, n in found.n_items.items() if n < 100]
    if few:
        yield f"Fewer than 100 items on {', '.join(few)}: at most shift and scale is tried there."


def _gain(found: Calibrated) -> Table:
    columns = (
        Column("dimension", ""),
        Column("n", "n", "count"),
        Column("kind", "map"),
        Column("gain", "gain", "change"),
        Column("over_constant", "gain over one constant", "change"),
        Column("helps", "ships"),
    )
    rows: tuple[Row, ...] = tuple(
        (dimension_name(n), found.n_items[n], KINDS[c.fitted_kind], c.gain, c.over_constant, _shipped(c))
        for n, c in found.dimensions.items()
    )
    return Table("gain", "Gain in mean distance, on items it was not fitted on", columns, rows)


def _shipped(c: Calibration) -> str:
    return "nothing: no better than a constant" if c.adds_nothing else KINDS[c.map.kind]


def _errors(found: Calibrated) -> Table:
    columns = (
        Column("dimension", ""),
        Column("mae_before", "distance before", "score"),
        Column("mae_after", "after", "score"),
        Column("bias_before", "bias before", "change"),
        Column("bias_after", "after", "change"),
        Column("pass_before", "pass rate off by, before", "points"),
        Column("pass_after", "after", "points"),
    )
    rows: tuple[Row, ...] = tuple(
        (
            dimension_name(n),
            c.before.mae,
            c.after.mae,
            c.before.bias,
            c.after.bias,
            c.before.pass_rate,
            c.after.pass_rate,
        )
        for n, c in found.dimensions.items()
    )
    return Table("errors", "Distance from people", columns, rows)


def _curves(found: Calibrated) -> Iterator[Table]:
    for name, c in found.dimensions.items():
        columns = (
            Column("score", "judge"),
            Column("n", "n", "count"),
            Column("people", "people's mean", "score"),
            Column("mapped", "map", "score"),
        )
        rows: tuple[Row, ...] = tuple(
            (f"{p.score:g}", p.human.n_items, p.human, float(c.map([p.score])[0])) for p in c.curve
        )
        yield Table(
            f"curve:{name}",
            f"People's mean by the judge's score: {dimension_name(name)}",
            columns,
            rows,
            detail=len(found.dimensions) > 1,
        )
