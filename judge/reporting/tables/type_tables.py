"""Tables of dimensions by their type: criteria that are met, labels of categories, criteria of the items."""

from collections.abc import Iterator, Sequence

from judge.analysis.measures import CriteriaGroup
from judge.analysis.pass_rate import DimensionSummary
from judge.records import OVERALL
from judge.reporting.document import Column, Row, Table
from judge.reporting.tables.run_tables import score_distribution
from judge.reporting.wording import counted, display_name
from judge.rubric import RubricScale

MOST_CRITERIA = 20
"""Number of criteria in the table of those that are failed most often."""
ABSTAINED_NOTE = "Missing: those that the judge cannot tell included."
POINTS_EARNED = "points earned"
_WIDEST_SCALE = 21


def other_scales(dimensions: Sequence[DimensionSummary], scale: RubricScale) -> Iterator[Table]:
    """Mean and distribution of the scores on every scale that is not that of the rubric."""
    scores = [d for d in dimensions if d.kind == "score" and d.scale != scale]
    for other in dict.fromkeys((d.scale.min, d.scale.max) for d in scores):
        held = [d for d in scores if (d.scale.min, d.scale.max) == other]
        labels = held[0].scale.labels
        table = score_distribution(held, labels if len(labels) <= _WIDEST_SCALE else range(0))
        name = f"{other[0]}-{other[1]}"
        yield Table(
            f"scores:{name}",
            f"Mean and distribution of scores on the scale {name}",
            table.columns,
            table.rows,
            table.notes,
        )


def shares_met(dimensions: Sequence[DimensionSummary], groups: Sequence[CriteriaGroup]) -> Iterator[Table]:
    """Share of the answers that meet each criterion, share of all criteria, and share of the points."""
    rows: list[Row] = [
        (
            POINTS_EARNED if d.name == OVERALL else display_name(d.name),
            d.n,
            d.n_missing,
            d.statuses["abstained"],
            d.statuses["not_applicable"],
            d.mean,
        )
        for d in dimensions
        if d.kind == "share"
    ]
    rows += [
        (
            "penalties of the items" if group.is_penalty else "criteria of the items",
            group.met.n,
            group.met.n_missing,
            group.met.n_abstained,
            0,
            group.met.estimate(),
        )
        for group in groups
    ]
    if rows:
        columns = (Column("what", ""), *_counts(rows), Column("share", "share", "share"))
        has_points = any(row[0] == POINTS_EARNED for row in rows)
        title = f"Criteria met and {POINTS_EARNED}" if has_points else "Criteria met"
        notes = (ABSTAINED_NOTE,) if any(row[3] for row in rows) else ()
        yield Table("met", title, columns, tuple(rows), notes)


def _counts(rows: Sequence[Row]) -> tuple[Column, ...]:
    """Columns of counts; those of which all are 0 are details."""
    titles = {
        "n": "n",
        "missing": "missing",
        "abstained": "cannot tell",
        "not_applicable": "does not apply",
    }
    return tuple(
        Column(key, title, "count", detail=place > 1 and not any(row[place] for row in rows))
        for place, (key, title) in enumerate(titles.items(), start=1)
    )


def labels(dimensions: Sequence[DimensionSummary]) -> Iterator[Table]:
    """How often each label of a category is given."""
    for d in dimensions:
        if d.kind == "label":
            columns = (
                Column("label", display_name(d.name)),
                Column("n", "n", "count"),
                Column("share", "share", "share"),
            )
            rows: tuple[Row, ...] = tuple((label, n, share) for label, (n, share) in d.labels.items())
            median = f" Median: {d.median}." if d.median else ""
            notes = (f"Of {counted(d.n, 'answer')}{_left_out(d)}.{median}",)
            yield Table(f"labels:{d.name}", f"Labels of {display_name(d.name)}", columns, rows, notes)


def _left_out(d: DimensionSummary) -> str:
    """Answers without a label, for a note."""
    abstained = d.statuses["abstained"]
    counts = {
        "missing": d.n_missing - abstained,
        "that the judge cannot tell": abstained,
        "to which it does not apply": d.statuses["not_applicable"],
    }
    listed = ", ".join(f"{count:,} {words}" for words, count in counts.items() if count)
    return f"; left out: {listed}" if listed else ""


def tags(groups: Sequence[CriteriaGroup]) -> Table:
    """Share of the criteria of each tag that are met."""
    columns = (Column("tag", "tag"), *_group_columns(groups))
    rows: tuple[Row, ...] = tuple((_named(group), *_group_cells(group)) for group in groups)
    notes = ("A criterion with several tags counts for each of them.",)
    return Table("criteria_tags", "Criteria met by tag", columns, rows, notes)


def criteria(groups: Sequence[CriteriaGroup]) -> Iterator[Table]:
    """The criteria that answers fail most often; where there are more, all of them as a detail.

    A criterion of a single item is among the details only: it cannot be failed often.
    """
    failed = [group for group in groups if group.n_failed and group.n_items > 1][:MOST_CRITERIA]
    everything = "Criteria, those that answers fail most often first"
    if len(failed) == len(groups) or (not failed and len(groups) <= MOST_CRITERIA):
        yield _criteria("criteria", everything, groups)
        return
    if failed:
        share = f"{len(failed)} of {len(groups):,}"
        yield _criteria("criteria", f"Criteria that answers fail most often ({share})", failed)
    yield _criteria("criteria_all", everything, groups, detail=True)


def _criteria(key: str, title: str, groups: Sequence[CriteriaGroup], *, detail: bool = False) -> Table:
    has_ids = any(group.name != group.text for group in groups)
    columns = (
        *([Column("criterion", "criterion")] if has_ids else []),
        Column("text", "text"),
        Column("points", "points", "number", detail=len({group.points for group in groups}) == 1),
        *_group_columns(groups),
    )
    rows: tuple[Row, ...] = tuple(
        (
            *([group.name if group.name != group.text else None] if has_ids else []),
            group.text,
            group.points,
            *_group_cells(group),
        )
        for group in groups
    )
    notes = ["Answers fail a criterion that they do not meet."]
    if any(group.is_penalty for group in groups):
        notes.append("A criterion with negative points is a penalty: answers fail it where they meet it.")
    return Table(key, title, columns, rows, tuple(notes), detail=detail)


def _named(group: CriteriaGroup) -> str:
    return f"{group.name} (penalties)" if group.is_penalty else group.name


def _group_columns(groups: Sequence[CriteriaGroup]) -> tuple[Column, ...]:
    complete = not any(group.met.n_missing for group in groups)
    return (
        Column("items", "items", "count"),
        Column("n", "n", "count", detail=all(group.met.n == group.n_items for group in groups)),
        Column("missing", "missing", "count", detail=complete),
        Column("abstained", "cannot tell", "count", detail=True),
        Column("met", "share met", "share"),
    )


def _group_cells(group: CriteriaGroup) -> Row:
    met = group.met
    share = met.estimate()
    return group.n_items, met.n, met.n_missing, met.n_abstained, share if met.n > 1 else share.value
