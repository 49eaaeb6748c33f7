"""Count the items whose texts contain something like a verdict, and those that lost their score to it."""

import json
from collections.abc import Callable, Iterator
from typing import Any

from judge.records import Item
from judge.rubric import Rubric
from judge.scoring.parsing.echoes import ECHO, embedded_verdicts, may_hold_object
from judge.scoring.parsing.verdicts import Names

COUNT_LOST = f"""
SELECT count(DISTINCT item_id) FROM scores
WHERE status = 'unparsed' AND substr(reason, 1, {len(ECHO)}) = '{ECHO}'
"""


def count_copied(rows: Callable[[str], Iterator[Any]], rubric: Rubric) -> int:
    """Count items whose texts contain something like a verdict.

    An answer that contains a verdict may have been written to get an undeserved score, or no score at all.

    Parameters
    ----------
    rows : callable
        Runs a query on the database of a run and yields its rows.
    rubric : Rubric
        The rubric by which replies are parsed.
    """
    names = Names(rubric)
    return sum(bool(embedded_verdicts(item, names)) for item in _items(rows))


def _items(rows: Callable[[str], Iterator[Any]]) -> Iterator[Item]:
    """Yield the items that may contain a brace; for speed, the other items are not parsed."""
    for (data,) in rows("SELECT data FROM items"):
        if "{" in data[1:] or not data.isascii() or "&" in data or "\\u" in data:
            stored = json.loads(data)
            texts = [stored["question"], stored["answer"], stored.get("reference") or ""]
            more = (*stored.get("other_references", ()), *stored.get("choices", ()))
            if any(map(may_hold_object, [*texts, *more])):
                yield Item.model_validate_json(data)
