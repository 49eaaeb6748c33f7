"""SQLite files as bad disks, broken copies and curious hands leave them: seeded, and bounded in size."""

import contextlib
import sqlite3
from collections.abc import Callable
from pathlib import Path
from random import Random

_PAGE = 4096
_ODD = (
    *(None, "", b"\xff\xfe", -1, 2**62, 1e308, float("inf"), 3.5, "5", '"x"', "x", "null", "{", "[]", "{}"),
    *("[" * 3000, '{"a":' * 500, "9" * 400, "\x00", "\ud7ff\U0010ffff", '{"values": {"accuracy": 99}}'),
)


def _flipped(path: Path, rng: Random) -> None:
    data = bytearray(path.read_bytes())
    for _ in range(rng.choice([1, 3, 20, 200])):
        data[rng.randrange(len(data))] = rng.randrange(256)
    path.write_bytes(data)


def _cut(path: Path, rng: Random) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: rng.randrange(len(data))])


def _overwritten(path: Path, rng: Random) -> None:
    data = bytearray(path.read_bytes())
    at, length = rng.randrange(len(data)), rng.choice([16, 512, _PAGE])
    length = min(length, len(data) - at)
    data[at : at + length] = rng.choice([bytes(length), rng.randbytes(length)])
    path.write_bytes(data)


def _pages_swapped(path: Path, rng: Random) -> None:
    data = path.read_bytes()
    pages = [data[at : at + _PAGE] for at in range(0, len(data), _PAGE)]
    first, second = rng.randrange(len(pages)), rng.randrange(len(pages))
    pages[first], pages[second] = pages[second], pages[first]
    path.write_bytes(b"".join(pages))


def _cell_changed(path: Path, rng: Random) -> None:
    with contextlib.closing(sqlite3.connect(path)) as db:
        _disarm(db)
        table = rng.choice(_names(db, "table"))
        columns = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
        rows = db.execute(f"SELECT * FROM {table}").fetchall()
        if not rows:
            return
        found = rng.choice(rows)
        column, value = rng.choice(columns), rng.choice(_ODD)
        same_row = " AND ".join(f"{name} IS ?" for name in columns)
        with contextlib.suppress(sqlite3.IntegrityError), db:
            db.execute(f"UPDATE {table} SET {column} = ? WHERE {same_row}", [value, *found])


def _object_dropped(path: Path, rng: Random) -> None:
    with contextlib.closing(sqlite3.connect(path)) as db:
        _disarm(db)
        kind = rng.choice(["table", "table", "view"])
        if names := _names(db, kind):
            db.execute(f"DROP {kind} {rng.choice(names)}")


def _column_renamed(path: Path, rng: Random) -> None:
    with contextlib.closing(sqlite3.connect(path)) as db:
        _disarm(db)
        table = rng.choice(_names(db, "table"))
        column = rng.choice([row[1] for row in db.execute(f"PRAGMA table_info({table})")])
        with contextlib.suppress(sqlite3.OperationalError):
            db.execute(f"ALTER TABLE {table} RENAME COLUMN {column} TO other")


def _of_another_kind(path: Path, rng: Random) -> None:
    other = rng.choice(["empty", "text", "folder", "other database"])
    path.unlink()
    if other == "folder":
        path.mkdir()
    elif other == "other database":
        with contextlib.closing(sqlite3.connect(path)) as db:
            db.execute("CREATE TABLE t (a)")
    else:
        path.write_bytes(b"" if other == "empty" else b"no database\n" * rng.randrange(1, 900))


DAMAGES: dict[str, Callable[[Path, Random], None]] = {
    "flipped": _flipped,
    "cut": _cut,
    "overwritten": _overwritten,
    "pages swapped": _pages_swapped,
    "cell changed": _cell_changed,
    "object dropped": _object_dropped,
    "column renamed": _column_renamed,
    "of another kind": _of_another_kind,
}


def _names(db: sqlite3.Connection, kind: str) -> list[str]:
    query = "SELECT name FROM sqlite_master WHERE type = ? AND name NOT LIKE 'sqlite_%' ORDER BY name"
    return [row[0] for row in db.execute(query, [kind])]


def _disarm(db: sqlite3.Connection) -> None:
    """Switch off what guards the content against us."""
    db.execute("PRAGMA ignore_check_constraints = ON")
    for trigger in _names(db, "trigger"):
        db.execute(f"DROP TRIGGER {trigger}")
