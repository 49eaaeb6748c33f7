"""Which columns of two tables name the same items."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from judge.errors import InputError
from judge.items import placed_items
from judge.records import Score
from judge.workflows.setup.choices import Choices, TableReading
from judge.workflows.setup.ratings import ratings_in
from judge.workflows.setup.tables import InputTable

_LEAST_SHARE = 0.5
"""Columns match if at least this share of the rated items is among the answers."""
_Changes = Mapping[str, Any]


def id_readings(answers: InputTable, ratings: InputTable, choices: Choices) -> list[TableReading]:
    """Readings in which the ids of answers and of ratings match best; several if they pair different rows.

    Parameters
    ----------
    answers, ratings : InputTable
        First rows of both tables.
    choices : Choices
        What is decided; by it no rated item is among the answers.
    """
    items = [(changes, ids) for changes in _of_answers(answers) if (ids := _items(answers, choices, changes))]
    rated = [
        (changes, scores) for changes in _of_ratings(ratings) if (scores := _rated(ratings, choices, changes))
    ]
    pairs = [
        ({**a, **r}, _paired(ids, scores))
        for a, ids in items
        for r, scores in rated
        if "id_from" not in a and "id_from" not in r
    ]
    for fields in _fields(answers, ratings, choices):
        made = {"id_from": fields}
        ids, scores = _items(answers, choices, made), _rated(ratings, choices, made)
        pairs.append((made, _paired(ids, scores)))
    return list(_best(pairs))


def _of_answers(table: InputTable) -> Iterator[_Changes]:
    yield {}
    yield from ({"mapping": {"id": name}} for name in table.columns if not table.holds_sentences(name))


def _of_ratings(table: InputTable) -> Iterator[_Changes]:
    yield {}
    yield from ({"columns": {"item_id": name}} for name in table.columns if not table.holds_sentences(name))


def _fields(answers: InputTable, ratings: InputTable, choices: Choices) -> Iterator[tuple[str, ...]]:
    """Fields that both tables have, of which ids may be made."""
    of_answers, of_ratings = answers.plan(choices).sources, ratings.fields
    fields = ["id", "question"]
    shared = [name for name in fields if name in of_answers and name in of_ratings]
    shared += [name for name in answers.columns if name in ratings.columns and name not in shared]
    has_system = "system" in of_ratings and (choices.answers_in or "system" in of_answers)
    for name in shared:
        yield from ([(name, "system")] if has_system and name != "system" else [])
        yield (name,)


def _items(table: InputTable, choices: Choices, changes: _Changes) -> dict[str, int]:
    """Id -> place of each item; none where the ids are not those of single items."""
    options = choices.with_changes(changes).item_options(table.name)
    if choices.questions is not None and changes:
        return {}
    try:
        rows = [(f"{table.name}:{place}", row) for place, row in enumerate(table.rows, 1)]
        ids = [item.id for _, item in placed_items(rows, table.name, **options)]
    except InputError:
        return {}
    found = {item_id: place for place, item_id in enumerate(ids)}
    return found if len(found) == len(ids) else {}


def _rated(table: InputTable, choices: Choices, changes: _Changes) -> Sequence[Score]:
    """Ratings; none where the ids do not fit: a column of ratings or of raters gives no ids of items."""
    changed = choices.with_changes(changes)
    named = changes.get("columns", {}).get("item_id")
    if named in (*changed.raters_in, *changed.dimensions) or named in table.rating_columns(choices):
        return ()
    try:
        source = table.name if table.is_nested else list(table.rows)
        found = ratings_in(source, changed, id_from=changes.get("id_from", ()))
    except InputError:
        return ()
    keys = {(s.item_id, s.rater, s.dimension, s.sample, s.criterion) for s in found.scores}
    return found.scores if len(keys) == len(found) else ()


def _paired(ids: Mapping[str, int], scores: Sequence[Score]) -> tuple[int | None, ...]:
    """Place of the item of each rating."""
    return tuple(ids.get(score.item_id) for score in scores)


def _best(pairs: Sequence[tuple[_Changes, tuple[int | None, ...]]]) -> Iterator[TableReading]:
    """Readings with the largest share of ratings that have an item; one for each way to pair them."""
    shares = [1 - paired.count(None) / len(paired) if paired else 0.0 for _, paired in pairs]
    most = max(shares, default=0.0)
    seen: set[tuple[int | None, ...]] = set()
    for (changes, paired), share in zip(pairs, shares, strict=True):
        if share == most >= _LEAST_SHARE and paired not in seen:
            seen.add(paired)
            reading = TableReading("", changes)
            yield TableReading(f"the ids match with {reading.options}", changes)
