"""Tables of an agreement report with several judges: judge against judge, and what each adds to a panel."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from judge.analysis.agreement.agree import Agreement
from judge.analysis.agreement.judge_pairs import JudgeDifference
from judge.analysis.slices import SMALL
from judge.reporting.document import Cell, Column, Row, Table
from judge.reporting.tables.selection_table import HINT, SELECTED
from judge.reporting.wording import dimension_name, display_name, field_name

_N = Column("n", "n", "count")
_LABELS = (
    Column("label", ""),
    Column("dimension", "dimension", detail=True),
    Column("judge", "judge", detail=True),
    Column("first_judge", "first judge's name", detail=True),
)


def judges(found: Agreement) -> Table | None:
    """Agreement of each further judge with people, minus that of the first judge."""
    pairs = found.judge_differences
    if not pairs:
        return None
    decided = any(one.verdict is not None for one in pairs)
    columns = (
        *_LABELS,
        _N,
        Column("difference", "difference", "change"),
        Column("same_score", "same score", "points"),
        Column("decision", "decision", detail=not decided),
        Column("first_level", "first judge", "score", detail=True),
        Column("level", "this judge", "score", detail=True),
        Column("margin", "margin", "number", detail=True),
        Column("decided_by", "decision rests on", detail=True),
        Column("p", "p of the decision", "p", detail=True),
        Column("first_same", "same score, first judge", "share", detail=True),
        Column("same", "same score, this judge", "share", detail=True),
        Column("williams_p", "Williams' t, p", "p", detail=True),
    )
    rows = tuple(_row(one, pairs) for one in pairs)
    return Table("judges", f"Judges compared with {pairs[0].first}", columns, rows, tuple(_notes(found)))


def _row(one: JudgeDifference, pairs: Sequence[JudgeDifference]) -> Row:
    verdict = one.verdict
    words: str | None = None
    decision: tuple[Cell, ...] = (None, None, None)
    if verdict is not None:
        words = verdict.verdict or f"none ({display_name(verdict.reason or '')})"
        decision = (verdict.margin, one.decided_by, verdict.p_value)
    return (
        *_cells(one, pairs),
        one.n_both,
        one.corrected.difference,
        one.raw.difference,
        words,
        one.corrected.first,
        one.corrected.second,
        *decision,
        one.raw.first,
        one.raw.second,
        one.williams.p_value if one.williams else None,
    )


def _cells(one: JudgeDifference, pairs: Sequence[JudgeDifference]) -> tuple[str, str, str, str]:
    """Dimension and judge of a row; the only further judge, or the only dimension, is not named."""
    several = len({pair.second for pair in pairs}) > 1
    named = [dimension_name(one.dimension)] if len({p.dimension for p in pairs}) > 1 or not several else []
    label = ": ".join([*named, *([one.second] if several else [])])
    return (label, one.dimension, one.second, one.first)


def _notes(found: Agreement) -> Iterator[str]:
    pairs = found.judge_differences
    titles = " or ".join(dict.fromkeys(one.title for one in pairs))
    seconds = list(dict.fromkeys(one.second for one in pairs))
    this = f"This judge: {seconds[0]}. " if len(seconds) == 1 else ""
    yield (
        f"{this}Difference: {titles} of this judge and a person minus that of the first judge and a person, "
        "mean over people, paired over the items that both judges scored. Same score: the same difference of "
        "raw agreement, in percentage points."
    )
    margins = dict.fromkeys(one.verdict.margin for one in pairs if one.verdict is not None)
    if margins:
        yield (
            f"Decision at the margin {' or '.join(f'{m:g}' for m in margins)} ({found.criteria.set_by}): "
            "non-inferior where the 90 % interval lies above minus the margin, worse where it lies below; "
            "better where the 95 % interval lies above 0."
        )
    if not found.selected_on:
        yield f"A judge that is chosen by these figures is {SELECTED}: {HINT}."


def by_slice(found: Agreement) -> Iterator[Table]:
    """The same in the slices of each field."""
    for field in dict.fromkeys(one.field for one in found.judge_slices):
        pairs = [one for one in found.judge_slices if one.field == field]
        columns = (
            Column("slice", field_name(field)),
            *_LABELS,
            _N,
            Column("difference", "difference", "change"),
            Column("same_score", "same score", "points"),
            Column("p_holm", "p (Holm)", "p"),
            Column("first_level", "first judge", "score", detail=True),
            Column("level", "this judge", "score", detail=True),
        )
        rows = tuple(
            (
                one.label,
                *_cells(one, found.judge_differences),
                one.n_both,
                one.corrected.difference,
                one.raw.difference,
                one.p_adjusted,
                one.corrected.first,
                one.corrected.second,
            )
            for one in pairs
        )
        small = tuple(place for place, one in enumerate(pairs) if one.n_both < SMALL)
        title = f"Judges compared with {pairs[0].first} by {field_name(field)}"
        notes = (
            "Columns as above. Exploratory: p-values of equal agreement, Holm-adjusted over all slices.",
        )
        yield Table(f"judges:{field}", title, columns, rows, notes, small)


def gains(found: Agreement) -> Table | None:
    """Gain in agreement with people when each judge joins the panel of the others."""
    if not found.panel_gains:
        return None
    columns = (
        Column("judge", ""),
        Column("dimension", "dimension"),
        Column("without", "panel without the judge", "score"),
        Column("panel", "panel with the judge", "score"),
        Column("gain", "gain", "change"),
    )
    rows: tuple[Row, ...] = tuple(
        (
            one.judge,
            dimension_name(one.dimension),
            one.agreement.first,
            one.agreement.second,
            one.agreement.difference,
        )
        for one in found.panel_gains
    )
    notes = (
        "Chance-corrected agreement with people, mean over people, on the items that the judge scored; "
        "paired over items. A tie in a majority goes to the lower score here.",
    )
    return Table("panel_gains", "What each judge adds to the panel", columns, rows, notes)


def advantages(found: Agreement) -> Iterator[Table]:
    """Judges by their advantage over people, and the paired differences that the ranks rest on."""
    if not found.judge_rankings:
        return
    columns = (
        Column("judge", ""),
        Column("dimension", "dimension"),
        Column("advantage", "advantage (rho)", "share"),
        Column("ties", "of which ties", "share"),
        Column("rank", "rank", "count"),
    )
    rows: tuple[Row, ...] = tuple(
        (judge, dimension_name(one.dimension), rho, ties, rank)
        for one in found.judge_rankings
        for judge, rho, ties, rank in zip(
            one.judges, one.ranking.advantages, one.ranking.ties, one.ranking.ranks, strict=True
        )
    )
    notes = (
        "Rho: share of items on which the judge is at least as close to the other people as the person held "
        "out, mean over people, on the items that all judges scored. A tie counts for both. A judge has a "
        "rank where the intervals of its paired differences to all other judges exclude 0. A judge that is "
        f"chosen by its rank is {SELECTED}.",
    )
    yield Table("advantage", "Advantage of each judge over people", columns, rows, notes)
    pairs: tuple[Row, ...] = tuple(
        (f"{one.judges[j]} minus {one.judges[i]}", dimension_name(one.dimension), gap)
        for one in found.judge_rankings
        for (i, j), gap in one.ranking.differences.items()
    )
    gap_columns = (
        Column("judges", ""),
        Column("dimension", "dimension"),
        Column("difference", "difference in rho", "points"),
    )
    title = "Paired differences in advantage, with simultaneous intervals"
    yield Table("advantage_differences", title, gap_columns, pairs, detail=True)
