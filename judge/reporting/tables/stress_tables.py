"""Tables of a stress test: probes, responses of the dimensions, draw, and items that probes cannot change."""

from collections.abc import Iterator, Sequence

from judge.reporting.document import Column, Row, Table
from judge.reporting.wording import display_name
from judge.stress_testing.outcomes import (
    FAILED,
    HELD,
    NOISE,
    NOT_APPLICABLE,
    UNDECIDED,
    DimensionResponse,
    ProbeOutcome,
    deciding_responses,
)
from judge.stress_testing.stress_test import StressResult

MUST = {
    "lower": "fall",
    "same": "stay the same",
    "not_higher": "not rise",
    "top": "be the highest",
    "not_lower": "not fall much",
}
"""Expectation -> what a score must do."""
_SMALLEST = "Smallest visible: mean shift that this number of pairs shows with a power of 80 %."
_SEVERITY = (FAILED, UNDECIDED, HELD, NOISE, NOT_APPLICABLE)


def deciding(outcome: ProbeOutcome) -> DimensionResponse | None:
    """Return the response that decides the verdict: the worst, farthest from what must be."""
    return min(
        deciding_responses(outcome.responses),
        key=lambda r: (_SEVERITY.index(r.verdict), -_wrongness(r)),
        default=None,
    )


def _wrongness(response: DimensionResponse) -> float:
    if response.expected == "top":
        return 1 - response.held.value
    value = response.shift.value
    return {"same": abs(value), "not_lower": -value}.get(response.expected, value)


def probes(found: StressResult) -> Table:
    """One row a probe: what must happen, what happened, and the verdict."""
    columns = (
        Column("probe", "probe"),
        Column("must", "scores must"),
        Column("verdict", "verdict"),
        Column("pairs", "pairs", "count"),
        Column("change", "change", detail=True),
        Column("shift", "mean shift", "change", brief=True),
        Column("held", "as required", "share", brief=True),
    )
    rows = tuple(
        (o.probe.name, MUST[worst.expected], o.verdict, worst.n_pairs, o.probe.change, worst.shift, o.held)
        for o, worst in _deciding(found.outcomes)
    )
    return Table(
        "probes",
        "Probes",
        columns,
        rows,
        (
            "Mean shift: score with the change minus score of the repeated request, on the dimension that "
            "decides the verdict.",
            "As required: share of the pairs that responded as required on every tested dimension.",
        ),
    )


def shifts(found: StressResult) -> Table:
    """One row a probe: the shift on the dimension that decides, and the smallest one that could be seen."""
    columns = (
        Column("probe", "probe"),
        Column("verdict", "verdict"),
        Column("dimension", "dimension"),
        Column("shift", "mean shift", "change"),
        Column("smallest", "smallest visible", "score"),
    )
    rows = tuple(
        (o.probe.name, o.verdict, display_name(worst.dimension), worst.shift, worst.smallest)
        for o, worst in _deciding(found.outcomes)
    )
    return Table("shifts", "Mean shift by probe", columns, rows, (_SMALLEST,))


def _deciding(outcomes: Sequence[ProbeOutcome]) -> list[tuple[ProbeOutcome, DimensionResponse]]:
    """Probes with the response that decides their verdict, failed ones first."""
    return [(outcome, worst) for outcome in _worst_first(outcomes) if (worst := deciding(outcome))]


def _worst_first(outcomes: Sequence[ProbeOutcome]) -> list[ProbeOutcome]:
    return sorted(outcomes, key=lambda outcome: _SEVERITY.index(outcome.verdict))


def responses(outcomes: Sequence[ProbeOutcome]) -> Table:
    """One row for each probe and dimension."""
    columns = (
        Column("probe", "probe"),
        Column("dimension", "dimension"),
        Column("must", "score must"),
        Column("verdict", "verdict"),
        Column("pairs", "pairs", "count"),
        Column("at_end", "cannot move", "count"),
        Column("missing", "no score", "count"),
        Column("shift", "mean shift", "change"),
        Column("held", "as required", "share"),
        Column("p", "p", "p", detail=True),
        Column("p_holm", "p (Holm)", "p"),
        Column("smallest", "smallest visible", "score"),
        Column("at_top", "highest score", "share"),
    )
    rows = tuple(
        (
            outcome.probe.name,
            display_name(r.dimension),
            MUST[r.expected],
            NOISE if outcome.verdict == NOISE and r.n_pairs else r.verdict,
            r.n_pairs,
            r.n_at_end,
            r.n_missing,
            r.shift,
            r.held,
            r.p,
            r.p_adjusted,
            r.smallest,
            r.at_top,
        )
        for outcome in _worst_first(outcomes)
        for r in outcome.responses
    )
    notes = (
        "Cannot move: the item has the lowest (or highest) score already, so that the pair is left out.",
        "p (Holm): not adjusted where scores must fall, because those of all dimensions have to.",
        _SMALLEST,
    )
    return Table("responses", "Responses of the dimensions", columns, rows, notes)


def left_out(outcomes: Sequence[ProbeOutcome]) -> Table:
    """Why items were not changed or not compared."""
    columns = (
        Column("probe", "probe"),
        Column("reason", "reason"),
        Column("items", "items", "count"),
    )
    return Table("left_out", "Items that a probe does not test", columns, tuple(_left_out_rows(outcomes)))


def _left_out_rows(outcomes: Sequence[ProbeOutcome]) -> Iterator[Row]:
    for outcome in outcomes:
        for reason, n in outcome.not_applicable.items():
            yield outcome.probe.name, reason, n
        if outcome.verdict == NOT_APPLICABLE and (outcome.responses or not outcome.not_applicable):
            yield from _without_pair(outcome)


def _without_pair(outcome: ProbeOutcome) -> Iterator[Row]:
    """Why a probe that changed items has no pair."""
    reasons = {
        "a score is missing": max((r.n_missing for r in outcome.responses), default=0),
        "no score can move as required": max((r.n_at_end for r in outcome.responses), default=0),
    }
    found = [(outcome.probe.name, reason, n) for reason, n in reasons.items() if n]
    yield from found or [(outcome.probe.name, f"no item has the change {outcome.probe.compared_with}", 0)]


def drawn(found: StressResult) -> Table:
    """How many items of each score were drawn."""
    columns = (
        Column("score", "score before"),
        Column("drawn", "drawn", "count"),
        Column("of", "of", "count"),
    )
    rows = tuple((name, n, of) for name, (n, of) in found.drawn.strata.items())
    return Table("drawn", "Items by their score", columns, rows)
