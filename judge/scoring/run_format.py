"""The format of a run's database; earlier formats are read as they are, and upgraded when written."""

import sqlite3
from pathlib import Path

from judge.errors import RunError
from judge.files.sqlite import check_content

FORMAT = 3
APPLICATION_ID = 0x4A554447  # "JUDG", which the command `file run.db` shows

MOST_CHECKED_BYTES = 32 * 2**20
"""Runs of at most this many bytes are checked for damage when they are opened; larger ones take too long."""

SCHEMA = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE items (
    position INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, digest TEXT NOT NULL,
    input INTEGER NOT NULL, data TEXT NOT NULL
);
CREATE TABLE requests (
    item_id TEXT NOT NULL, sample INTEGER NOT NULL, dimension TEXT NOT NULL, key TEXT NOT NULL,
    PRIMARY KEY (item_id, sample, dimension)
) WITHOUT ROWID;
CREATE TABLE completions (
    seq INTEGER PRIMARY KEY, key TEXT NOT NULL, item_id TEXT NOT NULL, sample INTEGER NOT NULL,
    dimension TEXT, attempt INTEGER NOT NULL, reply TEXT, finish_reason TEXT, refusal TEXT, reasoning TEXT,
    failure_kind TEXT, failure_message TEXT, prompt_tokens INTEGER, completion_tokens INTEGER,
    cached_tokens INTEGER, reasoning_tokens INTEGER, cost REAL, latency REAL, tries INTEGER NOT NULL,
    model TEXT, dropped TEXT, created REAL, label_probabilities TEXT
);
CREATE INDEX completions_by_key ON completions (key);
CREATE INDEX completions_by_item ON completions (item_id);
CREATE TABLE scores (
    item_id TEXT NOT NULL, rater TEXT NOT NULL, rater_kind TEXT NOT NULL, dimension TEXT NOT NULL,
    sample INTEGER NOT NULL, value, status TEXT NOT NULL, reason TEXT, criterion TEXT
);
CREATE INDEX scores_by_item ON scores (item_id);
"""
_ADDED = {2: ("completions", "label_probabilities TEXT"), 3: ("scores", "criterion TEXT")}
"""Format -> the table and the column that it added."""


def create_tables(db: sqlite3.Connection) -> None:
    """Create the tables of an empty run."""
    for statement in SCHEMA.split(";"):
        db.execute(statement)
    db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    db.execute(f"PRAGMA user_version = {FORMAT}")


def check_format(db: sqlite3.Connection, file: Path) -> None:
    """Raise `RunError` if a file is not a run, or has a format that this version cannot read."""
    found = _format_of(db)
    if not found:
        raise RunError(f"{file}: not a run of this tool; choose another folder with out (--out)")
    if not 1 <= found <= FORMAT:
        raise RunError(
            f"{file}: has format {found}; this version reads formats up to {FORMAT}. "
            "Update it: pip install -U judge-toolkit"
        )


def check_tables(db: sqlite3.Connection) -> None:
    """Raise a `ValueError` that names what a run lacks of the tables of its format, or other damage."""
    tables = SCHEMA
    for _, column in _lacking(db):
        tables = tables.replace(f", {column}", "")
    check_content(db, tables, MOST_CHECKED_BYTES)


def emulate_current_format(db: sqlite3.Connection) -> None:
    """Make a run of an earlier format readable as the current format, without changing its file."""
    for table, column in _lacking(db):
        name = column.split()[0]
        db.execute(f"CREATE TEMP VIEW {table} AS SELECT rowid AS rowid, *, NULL AS {name} FROM main.{table}")


def upgrade(db: sqlite3.Connection) -> None:
    """Convert a run of an earlier format to the current one; call it within a transaction."""
    for table, column in _lacking(db):
        db.execute(f"ALTER TABLE {table} ADD COLUMN {column}")
    db.execute(f"PRAGMA user_version = {FORMAT}")


def _lacking(db: sqlite3.Connection) -> list[tuple[str, str]]:
    """Tables and columns that later formats than that of a run have added."""
    found = _format_of(db)
    return [added for number, added in _ADDED.items() if found and number > found]


def _format_of(db: sqlite3.Connection) -> int:
    """Format of a run; 0 where the file is not a run."""
    if db.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
        return 0
    return int(db.execute("PRAGMA user_version").fetchone()[0])
