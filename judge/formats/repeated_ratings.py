"""Second ratings by one rater of one item on one dimension, and rows of one content that may be two items."""

from collections.abc import Mapping, Sequence
from typing import Any

from judge.errors import InputError
from judge.formats.columns import Layout
from judge.formats.rating_cell import name_in
from judge.items.identity import RowIds
from judge.records import Score


class RepeatedRatingError(InputError):
    """One rater has two scores for an item and a dimension."""


def rating_key(score: Score, item_id: str, dimension: str) -> int:
    """Key that only one score of a rater on an item and a dimension may have.

    `item_id` and `dimension` are the names of the item and the dimension that count.
    """
    return hash((item_id, score.rater, dimension, score.criterion, score.sample))


def second_score(score: Score, where: str, first: str) -> RepeatedRatingError:
    """Error about a second score, at `where`; the first one is at `first`."""
    item = score.item_id + (f", criterion {score.criterion}" if score.criterion else "")
    return RepeatedRatingError(
        f"{where}: second score for item {item!r}, rater {score.rater!r}, dimension {score.dimension!r}, "
        f"sample {score.sample}; the first one is at {first}. Keep one of the two. If they are ratings of "
        "different items, name the columns that tell these apart: --id-from NAMES; if another column names "
        "the rater: --column rater=NAME; if the rater rated the item repeatedly, number the ratings in a "
        "column 'sample'"
    )


def same_content(rows: Sequence[tuple[str, Mapping[str, Any]]], layout: Layout, ids: RowIds) -> str | None:
    """Note on rows of one content that differ in another field, and so may be about different items.

    A field of the raters, whose value is the same in all rows of a rater, is no field of the items.
    """
    first: dict[str, tuple[str, Mapping[str, Any]]] = {}
    columns = _fields_of_items([row for _, row in rows], layout)
    for where, row in rows:
        earlier, other = first.setdefault(_id_of(ids, row), (where, row))
        if found := [c for c in columns if name_in(row.get(c)) != name_in(other.get(c))]:
            names = ", ".join(map(repr, found))
            return (
                f"{earlier} and {where} have the same content and count as one item, although they differ in "
                f"{names}. If they are different items, make ids of the columns that tell them apart, for "
                f"judge score as well: --id-from question,answer,{','.join(found)}."
            )
    return None


def _fields_of_items(rows: Sequence[Mapping[str, Any]], layout: Layout) -> list[str]:
    rater = layout.names.get("rater")
    if rater is None:
        return list(layout.silent)
    raters = [name_in(row.get(rater)) for row in rows]
    if len(set(raters)) == len(raters):
        return list(layout.silent)
    return [
        column
        for column in layout.silent
        if len({(name, name_in(row.get(column))) for name, row in zip(raters, rows, strict=True)})
        > len(set(raters))
    ]


def _id_of(ids: RowIds, row: Mapping[str, Any]) -> str:
    try:
        return ids.of(dict(row))
    except ValueError:
        return ""
