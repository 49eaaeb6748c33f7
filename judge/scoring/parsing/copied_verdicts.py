"""How many items of a run hold something like a verdict, and how many lost their score to it."""

import json
import sqlite3
from collections.abc import Iterator

from judge.records import Item
from judge.rubric import Rubric
from judge.scoring.parsing.echoes import ECHO, embedded_verdicts, may_hold_object
from judge.scoring.parsing.verdicts import Names

_COUNT_LOST = f"""
SELECT count(DISTINCT item_id) FROM scores
WHERE status = 'unparsed' AND substr(reason, 1, {len(ECHO)}) = '{ECHO}'
"""


def count_copied(db: sqlite3.Connection, rubric: Rubric) -> dict[str, int]:
    """Count items whose texts hold something like a verdict, and items whose only verdict was a copied one.

    An answer that holds a verdict may have been written to get a score that it does not deserve, or none.
    """
    names = Names(rubric)
    return {
        "with_verdict_in_text": sum(bool(embedded_verdicts(item, names)) for item in _items(db)),
        "lost_to_copied_verdict": db.execute(_COUNT_LOST).fetchone()[0],
    }


def _items(db: sqlite3.Connection) -> Iterator[Item]:
    """Items in which there is a brace; all others, which are nearly all, are passed over."""
    for (data,) in db.execute("SELECT data FROM items"):
        if "{" in data[1:] or not data.isascii() or "&" in data or "\\u" in data:
            stored = json.loads(data)
            texts = [stored["question"], stored["answer"], stored.get("reference") or ""]
            if any(map(may_hold_object, [*texts, *stored.get("choices", ())])):
                yield Item.model_validate_json(data)
