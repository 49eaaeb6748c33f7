"""Tables of what was chosen on people's labels: on which items, and how good it is on others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from judge.analysis.agreement.agree import Agreement
from judge.analysis.agreement.choices import Choice
from judge.reporting.document import Column, Row, Table
from judge.reporting.wording import dimension_name

SELECTED = "selected on this data"
"""Mark of a choice that was made on the labels on which its figure is reported."""
HINT = "choose on one part of the items and report on the others: --select-on FIELD=VALUE, or a file of ids"
MOST_CUTS = 12
_TITLES = {
    "selection": "Judges chosen on people's labels",
    "selected_limits": "Thresholds and limits for ties chosen on people's labels",
}


def selection(found: Agreement) -> Iterator[Table]:
    """What was chosen, with the figure on the items of the choice and on others."""
    for key, kinds in (
        ("selection", ("judge", "panel")),
        ("selected_limits", ("threshold", "limit for ties")),
    ):
        rows = [one for one in found.choices if one.what in kinds]
        if rows:
            yield _table(key, rows, found.selected_on)


def where_selected(part: str) -> str:
    """The items on which judges and thresholds were chosen, in words.

    >>> where_selected("split = dev"), where_selected("ids.txt")
    ('items with split = dev', 'the items of ids.txt')
    """
    return f"items with {part}" if "=" in part else f"the items of {part}"


def _table(key: str, found: Sequence[Choice], part: str) -> Table:
    columns = (
        Column("what", ""),
        Column("dimension", "dimension"),
        Column("judge", "judge", detail=len({one.judge for one in found}) < 2),
        Column("chosen", "chosen"),
        Column("n", "n", "count"),
        Column("chosen_on", "where chosen", "score"),
        Column("reported", "on other items", "score"),
        Column("evidence", "evidence"),
        Column("statistic", "statistic", detail=True),
    )
    rows: tuple[Row, ...] = tuple(
        (
            one.what,
            dimension_name(one.dimension),
            one.judge,
            one.chosen,
            one.n_chosen_on,
            one.chosen_on,
            one.reported,
            one.evidence,
            one.statistic,
        )
        for one in found
    )
    statistics = dict.fromkeys(f"{one.what}: {one.statistic}" for one in found)
    notes = [
        f"Chosen by the highest value ({'; '.join(statistics)}). Where something was chosen, this value is "
        "too high on average, as it is the best of several."
    ]
    if part:
        notes.append(
            f"Judges and thresholds were chosen on {where_selected(part)}; this report is about all others."
        )
    if any(one.evidence == SELECTED for one in found):
        notes.append(f"{SELECTED.capitalize()}: there is no figure on other items; {HINT}.")
    if any(one.evidence == "cross-validated" for one in found):
        notes.append(
            "Cross-validated: items are assessed by what was chosen on other items of the same data."
        )
    return Table(key, _TITLES[key], columns, rows, tuple(notes), detail=len(rows) > MOST_CUTS)
