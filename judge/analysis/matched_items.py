"""Items of two runs that belong together: by id, or by pair_id, within each system and condition."""

from collections import Counter
from collections.abc import Sequence
from itertools import repeat

import numpy as np

from judge.analysis.item_columns import SYSTEM
from judge.analysis.item_fields import ITEM_ID
from judge.analysis.score_table import PAIR_ID, ScoreTable
from judge.errors import InputError
from judge.stats.engine.scale import Ints

_AND = " and "
PAIR_ID_OF_SYSTEM = "pair_id and system"
"""What matches the answers of several systems to one question under two conditions."""
WITHIN = (SYSTEM, "condition", "shots")
"""Fields that tell apart the answers to one question; those with a common value are not what is compared."""


def match_items(a: ScoreTable, b: ScoreTable) -> tuple[Ints, Ints, str]:
    """Rows of a and of b that belong together, and the field that matched them.

    Raises
    ------
    InputError
        No item matches, or a key that matches names several items of one run.
    """
    shared = [name for name in WITHIN if _values(a, name) & _values(b, name)]
    names = dict.fromkeys((ITEM_ID, PAIR_ID, PAIR_ID_OF_SYSTEM, _AND.join([PAIR_ID, *shared])))
    found = {name: _rows_of(keys_of(a, name), keys_of(b, name)) for name in names}
    n_matches = {name: len(np.unique(rows[rows >= 0])) for name, rows in found.items()}
    is_unique = {
        name: n_matches[name] == np.count_nonzero(rows >= 0) and not _occurs_twice(keys_of(b, name))
        for name, rows in found.items()
    }
    by = max(
        names, key=lambda name: (n_matches[name], is_unique[name])
    )  # in a tie the first, which is the id
    if n_matches[by] == 0:
        raise InputError(
            f"{a.name} and {b.name} share no item: ids are like {a.columns.ids[0]!r} in one and "
            f"{b.columns.ids[0]!r} in the other. Give pairs one id or {PAIR_ID}, or use judge leaderboard"
        )
    left = np.flatnonzero(found[by] >= 0)
    if not is_unique[by]:
        keys = keys_of(a, by), keys_of(b, by)
        common = set(keys[0]) & set(keys[1]) - {None}
        for table, column in zip((a, b), keys, strict=True):
            _check_unique(table, column, common, by)
    return left, found[by][left], by


def _rows_of(keys: Sequence[str | None], among: Sequence[str | None]) -> Ints:
    """Row of each key in another column, -1 where it has none, or is None."""
    place: dict[str | None, int] = {key: row for row, key in enumerate(among)}
    place[None] = -1
    return np.fromiter(map(place.get, keys, repeat(-1)), dtype=np.int64, count=len(keys))


def _occurs_twice(keys: Sequence[str | None]) -> bool:
    """Whether any key names two items."""
    given = [key for key in keys if key is not None]
    return len(set(given)) < len(given)


def keys_of(table: ScoreTable, name: str) -> list[str | None]:
    """What an answer is matched by, a field or several joined by "and"; None where one is missing."""
    fields = name.split(_AND)
    if len(fields) == 1:
        return table.texts(name)
    values = zip(*(table.texts(one) for one in fields), strict=True)
    return [None if None in found else "/".join(map(str, found)) for found in values]


def _values(table: ScoreTable, name: str) -> set[str]:
    column = table.columns.fields.get(name)
    return set() if column is None else column.distinct_labels()


def _check_unique(table: ScoreTable, keys: list[str | None], common: set[str | None], by: str) -> None:
    for key, count in Counter(key for key in keys if key in common).items():
        if count > 1:
            ids = [one for one, k in zip(table.columns.ids, keys, strict=True) if k == key]
            some = ", ".join(ids[:3]) + (", …" if count > 3 else "")
            raise InputError(
                f"{table.name}: {by} {key!r} names {count} items ({some}); "
                "it must name one item of each run, so that items can be paired"
            )
