"""Decode rows of the file of a study into records; a row that does not fit means that the file is damaged."""

import json
import sqlite3
from typing import Any, cast, get_args

from human_study.assignment import Kind
from human_study.database import typed
from human_study.form import Reply
from human_study.gold_items import GoldItem
from human_study.pictures import MEDIA_TYPES
from human_study.study_records import STATES, Rater, Rating, Task
from judge.records import Item


def decode_task(row: sqlite3.Row) -> Task:
    """Return one task of a rater, with its item and the latest rating."""
    gold = None if row["expected"] is None else GoldItem.model_validate_json(row["expected"])
    fields = typed(row, rater=str, n=int, sample=int, stratum=str, probability=(float, type(None)))
    return Task(
        **{name: fields[name] for name in ("rater", "n", "sample", "stratum", "probability")},
        kind=_kind(row),
        item=Item.model_validate_json(row["data"]),
        gold=gold,
        rating=Rating() if row["revision"] is None else _rating(row),
    )


def _kind(row: sqlite3.Row) -> Kind:
    if row["kind"] not in get_args(Kind):
        raise ValueError(f"kind: found {row['kind']!r:.80}")
    return cast(Kind, row["kind"])


def _rating(row: sqlite3.Row) -> Rating:
    fields = typed(row, revision=int, seconds=float)
    if row["state"] not in STATES:
        raise ValueError(f"state: found {row['state']!r:.80}")
    reply = Reply.model_validate_json(row["reply"])
    return Rating(fields["revision"], row["state"], reply, fields["seconds"])


def decode_rater(row: sqlite3.Row) -> Rater:
    """Return a rater."""
    moment, text = (float, type(None)), (str, type(None))
    return Rater(**typed(row, name=str, token=str, replaces=text, began=moment, dropped=moment, reason=str))


def decode_picture(row: sqlite3.Row) -> tuple[str, bytes]:
    """Media type and bytes; only image types are allowed."""
    fields = typed(row, media_type=str, content=bytes)
    if fields["media_type"] not in MEDIA_TYPES.values():
        raise ValueError(f"media type: found {fields['media_type']!r:.80}")
    return fields["media_type"], fields["content"]


def decode_revision(row: sqlite3.Row) -> dict[str, Any]:
    """Return one revision of a rating."""
    fields = typed(row, rater=str, item_id=str, state=str, seconds=float, saved=float)
    return {**fields, "reply": json.loads(row["reply"])}
