"""How a run lies on disk: tables, rows, the lock, and files that are written whole or not at all."""

import contextlib
import json
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

from judge.errors import InputError, RunError
from judge.files.sqlite import REFUSED, code_of, explain
from judge.records import MOST_SAMPLES, Completion, Failure, Item, Score, Usage
from judge.rubric import Rubric

FORMAT = 2
APPLICATION = 0x4A554447  # "JUDG": `file run.db` tells whose file it is

LOOKED_THROUGH = 32 * 2**20
"""Bytes up to which a run is looked through for damage when it is opened; larger ones take too long."""

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
    sample INTEGER NOT NULL, value, status TEXT NOT NULL, reason TEXT
);
CREATE INDEX scores_by_item ON scores (item_id);
"""
OLD_SCHEMA = SCHEMA.replace(", label_probabilities TEXT", "")
"""The tables of a run of format 1."""

REQUIRED_FACTS = {"judge", "fingerprint", "rubric"}
_FACT_TYPES: dict[str, type | tuple[type, ...]] = {
    "judge": dict,
    "fingerprint": str,
    "rubric": dict,
    "samples": int,
    "seconds": (int, float),
    "image_root": str,
}
"""What a fact is where something else would be taken for it; the others are only shown."""

COMPLETION_COLUMNS = (
    *("key", "item_id", "sample", "dimension", "attempt", "reply", "finish_reason", "refusal", "reasoning"),
    *("failure_kind", "failure_message"),
    *("prompt_tokens", "completion_tokens", "cached_tokens", "reasoning_tokens"),
    *("cost", "latency", "tries", "model", "dropped", "created", "label_probabilities"),
)
INSERT_COMPLETION = (
    f"INSERT INTO completions ({', '.join(COMPLETION_COLUMNS)}) "
    f"VALUES ({', '.join('?' * len(COMPLETION_COLUMNS))})"
)
SELECT_COMPLETIONS = f"SELECT {', '.join(COMPLETION_COLUMNS)} FROM completions"

SCORE_COLUMNS = tuple(Score.model_fields)
INSERT_SCORE = "INSERT INTO scores VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
SELECT_SCORES = f"SELECT {', '.join(SCORE_COLUMNS)} FROM scores"

# What many judgments share comes once: items with the same pictures are neighbours, and among them those with
# the same question and reference, so that prefix caches hit. Groups stand in the order of their first item.
SELECT_NEIGHBOURS = """
SELECT position FROM (
    SELECT position, json_extract(data, '$.images') images, json_extract(data, '$.question') question,
        json_extract(data, '$.reference') reference
    FROM items WHERE input = (SELECT max(input) FROM items))
ORDER BY min(position) OVER (PARTITION BY images),
    min(position) OVER (PARTITION BY images, question, reference), position
"""
COUNT_MOST_IMAGES = "SELECT coalesce(max(json_array_length(data, '$.images')), 0) FROM items"

# Every item with the reply that counts for each of its requests: the last one that says anything, else the
# last failure. Items that were not asked about yet, and requests without a completion, have NULLs there.
SELECT_JUDGMENTS = f"""
SELECT i.data, {", ".join("c." + name for name in COMPLETION_COLUMNS)}
FROM items i LEFT JOIN requests r ON r.item_id = i.id
LEFT JOIN completions c ON c.seq = (
    SELECT seq FROM completions WHERE key = r.key ORDER BY failure_kind IS NULL DESC, seq DESC LIMIT 1)
ORDER BY i.position
"""

TOTALS = (
    *("completions", "prompt_tokens", "completion_tokens", "cached_tokens", "reasoning_tokens"),
    *("cost", "unpriced", "on_scale"),
)
SELECT_TOTALS = """
SELECT count(*), sum(prompt_tokens), sum(completion_tokens), sum(cached_tokens), sum(reasoning_tokens),
    sum(cost), coalesce(sum(cost IS NULL AND (failure_kind IS NULL OR prompt_tokens IS NOT NULL)), 0),
    avg(CASE WHEN label_probabilities IS NOT NULL THEN
        (SELECT total(value) FROM json_each(label_probabilities)) END)
FROM completions
"""
SELECT_FAILURES = """
SELECT failure_kind, count(*) FROM completions c
WHERE failure_kind IS NOT NULL AND key IN (SELECT key FROM requests) AND NOT EXISTS (
    SELECT 1 FROM completions WHERE key = c.key AND (failure_kind IS NULL OR seq > c.seq))
GROUP BY 1 ORDER BY 1
"""
SELECT_STATUSES = "SELECT dimension, status, count(*) FROM scores GROUP BY 1, 2 ORDER BY min(rowid)"
COUNT_COMPLETE = """
SELECT count(*) FROM items WHERE id IN (SELECT item_id FROM scores)
    AND id NOT IN (SELECT item_id FROM scores WHERE status != 'ok')
"""


SELECT_KNOWN = "SELECT digest, input FROM items WHERE id = ?"


def to_known(row: Sequence[Any]) -> tuple[str, int]:
    """Read a row of `SELECT_KNOWN`."""
    if not isinstance(row[1], int):
        raise ValueError(f"an item's input is {row[1]!r:.80}")
    return row[0], row[1]


def fate_of(item: Item, found: tuple[str, int] | None, generation: int, place: str) -> str:
    """Tell new, known, changed and repeated items apart; `found` is the known digest and input."""
    if found is None:
        return "new"
    digest, seen = found
    if seen < generation:
        return "known" if digest == item.digest else "changed"
    if digest != item.digest:
        raise InputError(
            f"{place}: the id {item.id!r} was used before for an item with another content; an id must "
            "name one item. Make ids unique (several answers to one question: --id-from id,system)"
        )
    return "repeated"


def keep_item(db: sqlite3.Connection, item: Item, fate: str, position: int, generation: int) -> None:
    """Write an item of an input: a new one, one that is known or has changed; a repeated one stands there."""
    if fate == "repeated":
        return
    if fate == "known":
        db.execute("UPDATE items SET input = ? WHERE id = ?", [generation, item.id])
        return
    data = item.model_dump_json(exclude_defaults=True)
    if fate == "new":
        row = (position, item.id, item.digest, generation, data)
        db.execute("INSERT INTO items VALUES (?, ?, ?, ?, ?)", row)
    else:
        change = "UPDATE items SET digest = ?, input = ?, data = ? WHERE id = ?"
        db.execute(change, [item.digest, generation, data, item.id])
        db.execute("DELETE FROM requests WHERE item_id = ?", [item.id])


def to_row(c: Completion) -> tuple[Any, ...]:
    """Completion -> the values of `COMPLETION_COLUMNS`."""
    failure = (c.failure.kind, c.failure.message) if c.failure else (None, None)
    u = c.usage
    usage = (u.prompt_tokens, u.completion_tokens, u.cached_tokens, u.reasoning_tokens) if u else (None,) * 4
    dropped = json.dumps(c.dropped) if c.dropped else None
    labels = None if c.label_probabilities is None else json.dumps(c.label_probabilities)
    way = (c.cost, c.latency, c.tries, c.model, dropped, c.created)
    asked = (c.key, c.item_id, c.sample, c.dimension, c.attempt)
    said = (c.reply, c.finish_reason, c.refusal, c.reasoning)
    return storable(*asked, *said, *failure, *usage, *way, labels)


def storable(*values: Any) -> tuple[Any, ...]:
    """Values that SQLite takes: half of a surrogate pair in a judge's words becomes U+FFFD."""
    return tuple(
        value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        if isinstance(value, str) and not value.isascii()
        else value
        for value in values
    )


def from_row(row: Sequence[Any]) -> Completion:
    """The values of `COMPLETION_COLUMNS` -> Completion."""
    values = dict(zip(COMPLETION_COLUMNS, row, strict=True))
    kind, message = values.pop("failure_kind"), values.pop("failure_message")
    tokens = {name: values.pop(name) for name in Usage.model_fields}
    values["dropped"] = tuple(json.loads(values["dropped"] or "[]"))
    values["label_probabilities"] = json.loads(values["label_probabilities"] or "null")
    return Completion(
        **values,
        failure=None if kind is None else Failure(kind=kind, message=message),
        usage=None if tokens["prompt_tokens"] is None else Usage(**tokens),
    )


def to_fact(row: Sequence[Any]) -> tuple[str, Any]:
    """Name and value of a fact of the manifest."""
    name, value = row[0], json.loads(row[1])
    if not isinstance(name, str) or not isinstance(value, _FACT_TYPES.get(name, object)):
        raise ValueError(f"{name!s} is {value!r:.80}")
    if isinstance(value, int) and name == "samples" and not 0 < value <= MOST_SAMPLES:
        raise ValueError(f"samples are {value!r:.80}")
    return name, value


def to_item(row: Sequence[Any]) -> Item:
    """The column ``data`` of the items."""
    return Item.model_validate_json(row[0])


def to_numbered_item(row: Sequence[Any]) -> tuple[int, Item]:
    """Position and ``data`` of an item."""
    return row[0], Item.model_validate_json(row[1])


def judgment_reader() -> Callable[[Sequence[Any]], tuple[Item, Completion | None]]:
    """Reads a row of `SELECT_JUDGMENTS`: an item and one of its completions; each item is read once."""
    last: tuple[Any, Item | None] = (None, None)

    def to_judgment(row: Sequence[Any]) -> tuple[Item, Completion | None]:
        nonlocal last
        data, item = last
        if item is None or data != row[0]:
            item = Item.model_validate_json(row[0])
            last = (row[0], item)
        return item, None if row[1] is None else from_row(row[1:])

    return to_judgment


def from_score(score: Score) -> tuple[Any, ...]:
    """Score -> the values of `SCORE_COLUMNS`."""
    return storable(*(getattr(score, name) for name in SCORE_COLUMNS))


def score_reader(rubric: Rubric) -> Callable[[Sequence[Any]], Score]:
    """Reads a row of `SELECT_SCORES`; a number off the rubric's scale is a damaged one."""
    checked = value_reader(rubric)

    def to_score(row: Sequence[Any]) -> Score:
        score = Score(**dict(zip(SCORE_COLUMNS, row, strict=True)))
        checked((score.item_id, score.dimension, score.value))
        return score

    return to_score


def value_reader(rubric: Rubric) -> Callable[[Sequence[Any]], Sequence[Any]]:
    """Reads a row of item, dimension and value; the same holds for the value."""
    scored, scale = frozenset(rubric.scored), rubric.scale

    def checked(row: Sequence[Any]) -> Sequence[Any]:
        _, name, value = row
        if isinstance(value, float) and name in scored and not scale.holds(value):
            raise ValueError(f"{name} is {value:g} on a scale from {scale.min} to {scale.max}")
        return row

    return checked


def connect_to_write(file: Path) -> sqlite3.Connection:
    """Autocommit outside of explicit transactions; a commit survives a power cut.

    In a notebook the API backend asks for the next request out of the thread of its own event loop, while
    the caller waits for it: never two at a time.
    """
    db = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    with closed_on_error(db):
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
    return db


def make(db: sqlite3.Connection) -> None:
    """Make the tables of an empty run."""
    for statement in SCHEMA.split(";"):
        db.execute(statement)
    db.execute(f"PRAGMA application_id = {APPLICATION}")
    db.execute(f"PRAGMA user_version = {FORMAT}")


def is_old(db: sqlite3.Connection) -> bool:
    """Whether this is a run of format 1, which lacks the column for the probabilities of labels."""
    return _is_ours(db) and db.execute("PRAGMA user_version").fetchone() == (1,)


def show_as_new(db: sqlite3.Connection) -> None:
    """Let a run of format 1 be read like one of today, without a change to its file."""
    if is_old(db):
        db.execute(
            "CREATE TEMP VIEW completions AS SELECT *, NULL AS label_probabilities FROM main.completions"
        )


def bring_up_to_date(db: sqlite3.Connection) -> None:
    """Give a run of format 1 the column that it lacks."""
    with transaction(db):
        if is_old(db):
            db.execute("ALTER TABLE completions ADD COLUMN label_probabilities TEXT")
            db.execute(f"PRAGMA user_version = {FORMAT}")


def _is_ours(db: sqlite3.Connection) -> bool:
    return bool(db.execute("PRAGMA application_id").fetchone()[0] == APPLICATION)


def check_format(db: sqlite3.Connection, file: Path) -> None:
    """Raise a `RunError` where a file is not a run, or one of another version."""
    (found,) = db.execute("PRAGMA user_version").fetchone()
    if not _is_ours(db):
        raise RunError(f"{file}: not a run of this tool; choose another folder with --out")
    if not 1 <= found <= FORMAT:
        raise RunError(
            f"{file}: format {found}; this version reads up to format {FORMAT}. "
            "Update it: pip install -U judge-toolkit"
        )


def take_lock(path: Path) -> sqlite3.Connection:
    """Let one process at a time score into a run. The operating system frees the lock, even after a kill."""
    lock = sqlite3.connect(path / "run.lock", isolation_level=None, timeout=0)
    try:
        with closed_on_error(lock):
            lock.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as error:
        if "locked" not in str(error):
            raise
        raise RunError(
            f"{path}: another process is scoring into this run; wait for it, or choose another folder: --out"
        ) from None
    return lock


class _Closable(Protocol):
    def close(self) -> None: ...


@contextlib.contextmanager
def closed_on_error(held: _Closable) -> Iterator[None]:
    """Close a resource (and release its lock) if setting it up fails."""
    try:
        yield
    except BaseException:
        held.close()
        raise


@contextlib.contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """All or nothing."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        with contextlib.suppress(sqlite3.Error):  # a full disk has rolled back by itself
            db.execute("ROLLBACK")
        raise


@contextlib.contextmanager
def clear_errors(path: Path) -> Iterator[None]:
    """Say in one line what the disk refused."""
    try:
        yield
    except UnicodeDecodeError as error:  # damage at which SQLite's own message is no text
        raise RunError(explain(path / "run.db", error)) from None
    except sqlite3.DatabaseError as error:
        if code_of(error) not in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, *REFUSED):
            raise RunError(explain(path / "run.db", error)) from None
        raise RunError(
            f"{path}: {error}. What was stored before is safe; make room or grant rights, then run it again"
        ) from None
    except OSError as error:
        raise RunError(
            f"{path}: {error.strerror or error}. What was stored before is safe; make room, or choose a "
            "place that can be written: --out"
        ) from None


def write_atomically(path: Path, parts: Iterable[str]) -> None:
    """Write a text file so that a reader sees the old one or the new one, never a part of it."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with draft.open("w", encoding="utf-8", newline="") as file:
            file.writelines(parts)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
