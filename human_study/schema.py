"""The SQLite tables of a study, and opening of its file."""

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

from judge.errors import InputError
from judge.files import sqlite
from judge.files.sqlite import check_content, code_of, reading

APPLICATION = 0x4A53_5459
FORMAT = 1
ANCHORED_FORMAT = 2
"""Format of a study that shows the verdict of the judge, which earlier versions would not show."""
SYNCHRONOUS = "FULL"
"""Every commit is flushed to the disk; tests without a power failure lower it to save time."""

_OPENING = 5.0
"""Seconds to wait for a lock of another process when a study is opened."""

_LOOKED_THROUGH = 256 * 2**20
"""Largest file, in bytes, whose content is checked for damage when it is opened."""

TABLES = """
CREATE TABLE study (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE items (
    key INTEGER PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('study', 'check', 'training')),
    id TEXT NOT NULL,
    data TEXT NOT NULL,
    stratum TEXT NOT NULL DEFAULT '',
    probability REAL DEFAULT 1,
    expected TEXT,
    UNIQUE (kind, id)
);

CREATE TABLE pictures (sha256 TEXT PRIMARY KEY, media_type TEXT, width INTEGER, height INTEGER, content BLOB);

CREATE TABLE item_pictures (
    item INTEGER REFERENCES items, n INTEGER, role TEXT, sha256 TEXT REFERENCES pictures,
    PRIMARY KEY (item, n)
) WITHOUT ROWID;

CREATE TABLE raters (
    name TEXT PRIMARY KEY,
    token TEXT NOT NULL UNIQUE,
    replaces TEXT REFERENCES raters,
    began REAL,
    dropped REAL,
    reason TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID;

CREATE TABLE tasks (
    rater TEXT REFERENCES raters, n INTEGER, item INTEGER NOT NULL REFERENCES items,
    kind TEXT NOT NULL CHECK (kind IN ('training', 'main', 'repeat', 'check', 'discussion')),
    sample INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (rater, n), UNIQUE (rater, item, kind, sample)
) WITHOUT ROWID;

CREATE TABLE ratings (
    rater TEXT NOT NULL, n INTEGER NOT NULL, revision INTEGER NOT NULL,
    save_id TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'done', 'skipped')),
    reply TEXT NOT NULL,
    seconds REAL NOT NULL,
    saved REAL NOT NULL,
    PRIMARY KEY (rater, n, revision),
    UNIQUE (rater, n, save_id),
    FOREIGN KEY (rater, n) REFERENCES tasks
) WITHOUT ROWID;

CREATE TRIGGER ratings_are_never_changed BEFORE UPDATE ON ratings
BEGIN SELECT raise(ABORT, 'ratings are only ever added'); END;

CREATE TRIGGER ratings_are_never_deleted BEFORE DELETE ON ratings
BEGIN SELECT raise(ABORT, 'ratings are only ever added'); END;

CREATE VIEW latest AS
SELECT * FROM ratings AS r
WHERE revision = (SELECT max(revision) FROM ratings WHERE rater = r.rater AND n = r.n);

CREATE TABLE events (at REAL NOT NULL, what TEXT NOT NULL, about TEXT NOT NULL, reason TEXT NOT NULL);
"""


def create(path: Path, *, anchored: bool = False) -> sqlite3.Connection:
    """Create an empty study at `path`, readable by its owner only, because it contains the secret links.

    Raises
    ------
    InputError
        The file already exists, or cannot be written.
    """
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        raise InputError(
            f"{path}: already exists; a study is never overwritten, so choose another --out"
        ) from None
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror}") from None
    db = _connect(path)
    _prepare(db)
    db.execute("PRAGMA journal_mode = WAL")
    version = ANCHORED_FORMAT if anchored else FORMAT
    marks = f"PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {version};"
    db.executescript(f"BEGIN; {marks} {TABLES} COMMIT;")
    return db


def connect(path: Path) -> sqlite3.Connection:
    """Open the study at `path`.

    Raises
    ------
    InputError
        The file does not exist, is not a study, is damaged, cannot be written, or was written by a newer
        version.
    """
    with _opening(path):
        _check_file(path)
    if not (os.access(path, os.W_OK) and os.access(path.absolute().parent, os.W_OK)):
        raise InputError(
            f"{path}: the file or its folder is read-only; copy the study to a folder that can be written"
        )
    with _opening(path):
        return _checked(path, _connect(path))


def connect_to_read(path: Path) -> sqlite3.Connection:
    """Open the study at `path` for reading, also on a read-only disk; the errors are those of `connect`."""
    with _opening(path):
        _check_file(path)
        db = sqlite.connect_to_read(path, timeout=_OPENING, check_same_thread=False)
        db.row_factory = sqlite3.Row
        return _checked(path, db)


@contextlib.contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """Run a transaction; the write lock is acquired at the start, so that reads stay consistent."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")


def _connect(path: Path) -> sqlite3.Connection:
    # Calls come from the worker threads of the server; `Database` admits one at a time.
    db = sqlite3.connect(path, isolation_level=None, timeout=_OPENING, check_same_thread=False)
    db.row_factory = sqlite3.Row
    return db


def _checked(path: Path, db: sqlite3.Connection) -> sqlite3.Connection:
    try:
        found = [db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")]
        _check_format(path, *found)
        check_content(db, TABLES, _LOOKED_THROUGH)
        if db.execute("SELECT 1 FROM study").fetchone() is None:
            raise InputError(
                f"{path}: the study was not written completely, as after a kill of judge study new; delete "
                "the file and create the study again"
            )
        _prepare(db)
    except BaseException:
        db.close()
        raise
    return db


@contextlib.contextmanager
def _opening(path: Path) -> Iterator[None]:
    with reading(path, InputError):
        try:
            yield
        except sqlite3.DatabaseError as error:
            if code_of(error) == sqlite3.SQLITE_NOTADB:
                _refuse(path, "not a study, or its header is damaged")
            raise


def _refuse(path: Path, why: str) -> NoReturn:
    raise InputError(f"{path}: {why}; create a study: judge study new answers.jsonl --out {path}") from None


def _check_file(path: Path) -> None:
    if not path.is_file():
        _refuse(path, "no such file")


def _prepare(db: sqlite3.Connection) -> None:
    db.execute("PRAGMA foreign_keys = ON")
    db.execute(f"PRAGMA synchronous = {SYNCHRONOUS}")
    db.execute("PRAGMA busy_timeout = 0")  # waiting is done outside of SQLite: see `Database`


def _check_format(path: Path, application: int, version: int) -> None:
    if application != APPLICATION:
        _refuse(path, "not a study")
    if version not in (FORMAT, ANCHORED_FORMAT):
        raise InputError(
            f"{path}: study of format {version}; this version reads formats {FORMAT} and {ANCHORED_FORMAT}. "
            "Update it: pip install -U judge-toolkit"
        )
