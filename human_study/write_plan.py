"""Write a planned study into its empty file."""

import itertools
import json
import secrets
import sqlite3
import time
from pathlib import Path

from human_study import pictures
from human_study.assignment import Kind, Slot
from human_study.gold_items import GoldItem
from human_study.plan import StudyPlan
from judge.counting import counted
from judge.records import Item

_TOKEN_BYTES = 24


def write_plan(db: sqlite3.Connection, plan: StudyPlan, image_root: Path) -> None:
    """Write `plan` with its images."""
    facts = {
        "name": plan.name,
        "introduction": plan.introduction,
        "rubric": plan.rubric.model_dump(by_alias=True, mode="json"),
        "design": plan.design.model_dump(),
        "created": time.time(),
        "admin_token": secrets.token_urlsafe(_TOKEN_BYTES),
    }
    db.executemany("INSERT INTO study VALUES (?, ?)", [(k, json.dumps(v)) for k, v in facts.items()])
    keys: dict[Kind, list[int]] = {
        "main": [
            _add_item(db, "study", c.item, c.stratum, c.probability, None, image_root) for c in plan.chosen
        ],
        "check": [_add_gold_item(db, "check", gold, image_root) for gold in plan.checks],
        "training": [_add_gold_item(db, "training", gold, image_root) for gold in plan.training],
    }
    keys["repeat"] = keys["main"]
    if plan.n_unscored:
        about = counted(plan.n_unscored, "item")
        event = [facts["created"], "left out", about, "the judge gave no score to show"]
        db.execute("INSERT INTO events VALUES (?, ?, ?, ?)", event)
    training = [Slot("training", i) for i in range(len(plan.training))]
    for number, slots in enumerate(plan.slots, start=1):
        name = pseudonym(number)
        add_rater(db, name)
        rows = [
            (name, n, keys[slot.kind][slot.item], slot.kind, slot.sample)
            for n, slot in enumerate(itertools.chain(training, slots), start=1)
        ]
        db.executemany("INSERT INTO tasks VALUES (?, ?, ?, ?, ?)", rows)


def _add_gold_item(db: sqlite3.Connection, kind: str, gold: GoldItem, root: Path) -> int:
    return _add_item(db, kind, gold.item, "", 1.0, gold.model_dump_json(), root)


def _add_item(
    db: sqlite3.Connection,
    kind: str,
    item: Item,
    stratum: str,
    probability: float | None,
    expected: str | None,
    root: Path,
) -> int:
    insert = "INSERT INTO items (kind, id, data, stratum, probability, expected) VALUES (?, ?, ?, ?, ?, ?)"
    values = (kind, item.id, item.model_dump_json(exclude_defaults=True), stratum, probability, expected)
    key = db.execute(insert, values).lastrowid
    for n, image in enumerate(item.images):
        found = pictures.load(item, image, root)
        row = (found.sha256, found.media_type, found.width, found.height, found.content)
        db.execute("INSERT OR IGNORE INTO pictures VALUES (?, ?, ?, ?, ?)", row)
        db.execute("INSERT INTO item_pictures VALUES (?, ?, ?, ?)", (key, n, image.role, found.sha256))
    return int(key or 0)


def add_rater(db: sqlite3.Connection, name: str, replaces: str | None = None) -> None:
    """Add a rater with a new secret token."""
    values = (name, secrets.token_urlsafe(_TOKEN_BYTES), replaces)
    db.execute("INSERT INTO raters (name, token, replaces) VALUES (?, ?, ?)", values)


def pseudonym(number: int) -> str:
    """Pseudonym of the n-th rater: R01, R02 and so on."""
    return f"R{number:02d}"
