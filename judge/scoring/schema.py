"""How a run is stored: SQLite tables and rows, the lock, and exports that are written atomically."""

import contextlib
import json
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import attrgetter
from pathlib import Path
from typing import Any, Protocol

from pydantic import BaseModel

from judge.errors import InputError, RunError
from judge.files.sqlite import REFUSED, code_of, explain
from judge.records import MOST_SAMPLES, Completion, Failure, Item, Score, Usage
from judge.rubric import BINARY, CRITERIA, Rubric
from judge.scoring.parsing.decision_answers import DecisionForm
from judge.scoring.random_sample import RandomSample
from judge.scoring.shards import MergeFact, ShardFact

SYNCHRONOUS = "FULL"
"""Every commit is flushed to the disk; tests without a power failure lower it to save time."""

REQUIRED_FACTS = {"judge", "fingerprint", "rubric"}
_FACT_TYPES: dict[str, type | tuple[type, ...]] = {
    "judge": dict,
    "fingerprint": str,
    "rubric": dict,
    "samples": int,
    "seconds": (int, float),
    "image_root": str,
    "decisions": dict,
}
"""Types of the facts that the code computes with; the others are only displayed."""

_FACT_MODELS: dict[str, type[BaseModel]] = {
    "random_sample": RandomSample,
    "shard": ShardFact,
    "decisions": DecisionForm,
    "merged": MergeFact,
}
"""Facts with several parts, or null."""

_REQUEST_AND_REPLY = (
    *("key", "item_id", "sample", "dimension", "attempt", "reply", "finish_reason", "refusal", "reasoning"),
)
COMPLETION_COLUMNS = (
    *_REQUEST_AND_REPLY,
    *("failure_kind", "failure_message"),
    *("prompt_tokens", "completion_tokens", "cached_tokens", "reasoning_tokens"),
    *("cost", "latency", "tries", "model", "dropped", "created", "label_probabilities"),
)
INSERT_COMPLETION = (
    f"INSERT INTO completions ({', '.join(COMPLETION_COLUMNS)}) "
    f"VALUES ({', '.join('?' * len(COMPLETION_COLUMNS))})"
)
SELECT_COMPLETIONS = f"SELECT {', '.join(COMPLETION_COLUMNS)} FROM completions"
COMPLETIONS_OF_KEY = f"{SELECT_COMPLETIONS} WHERE key = ? ORDER BY seq"
ANY_COMPLETION = "SELECT EXISTS (SELECT 1 FROM completions)"
ANY_TRUNCATED = "SELECT EXISTS (SELECT 1 FROM completions WHERE finish_reason = 'length' AND attempt = 0)"

SCORE_COLUMNS = tuple(Score.model_fields)
_of_score = attrgetter(*SCORE_COLUMNS)
INSERT_SCORE = f"INSERT INTO scores VALUES ({', '.join('?' * len(SCORE_COLUMNS))})"
SELECT_SCORES = f"SELECT {', '.join(SCORE_COLUMNS)} FROM scores"

# Items with the same images are adjacent, and among them those with the same question and reference, so that
# their requests share a prefix in the provider's cache. Groups are in the order of their first item.
SELECT_NEIGHBOURS = """
SELECT position FROM (
    SELECT position, json_extract(data, '$.images') images, json_extract(data, '$.question') question,
        json_extract(data, '$.reference') reference
    FROM items WHERE input = (SELECT max(input) FROM items))
ORDER BY min(position) OVER (PARTITION BY images),
    min(position) OVER (PARTITION BY images, question, reference), position
"""
COUNT_MOST_IMAGES = "SELECT coalesce(max(json_array_length(data, '$.images')), 0) FROM items"

# Every item with the completion that counts for each of its requests: the last reply, or the last failure if
# there is no reply. Items without requests, and requests without a completion, have NULLs. Requests with the
# same content share a completion (two criteria may have one text), so the dimension is that of the request.
_OF_REQUEST = {"dimension": "nullif(r.dimension, '')"}
SELECT_JUDGMENTS = f"""
SELECT i.data, {", ".join(_OF_REQUEST.get(name, f"c.{name}") for name in COMPLETION_COLUMNS)}
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
SELECT_BLOCK = "SELECT position, data FROM items WHERE position > ? ORDER BY position LIMIT ?"
# Scores of the only sample of one rater: rows of another one, and criteria of items, have no item. The status
# of a score that is given is NULL, which is read faster than a text.
SELECT_USUAL = """
SELECT CASE WHEN rater = ? AND rater_kind IN ('human', 'judge') AND sample = 0 AND criterion IS NULL
    THEN item_id END, dimension, value, nullif(status, 'ok'), reason
FROM scores ORDER BY rowid
"""
SELECT_FAILURES = """
WITH failed AS (
    SELECT key, failure_kind FROM completions c WHERE failure_kind IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM completions WHERE key = c.key AND (failure_kind IS NULL OR seq > c.seq)))
SELECT failure_kind, count(*) FROM failed
WHERE key IN (SELECT key FROM requests WHERE key IN (SELECT key FROM failed))
GROUP BY 1 ORDER BY 1
"""
SELECT_NUMBERS = """
SELECT dimension, value, count(*) FROM scores WHERE sample = ? AND typeof(value) = 'real'
GROUP BY 1, 2 ORDER BY min(rowid), 2
"""
SELECT_LABELS = """
SELECT value, count(*) FROM scores WHERE sample = ? AND dimension = ? AND status = 'ok' GROUP BY 1
"""
SELECT_STATUSES = "SELECT dimension, status, count(*) FROM scores GROUP BY 1, 2 ORDER BY min(rowid)"
COUNT_COMPLETE = """
SELECT count(*) FROM items WHERE id IN (SELECT item_id FROM scores)
    AND id NOT IN (SELECT item_id FROM scores WHERE status NOT IN ('ok', 'abstained', 'not_applicable'))
"""
# Only the run of a shard has this table: it holds the items of the current input.
CREATE_POSITIONS = """
CREATE TABLE IF NOT EXISTS input_positions (position INTEGER PRIMARY KEY, item_id TEXT NOT NULL UNIQUE)
"""
SELECT_KNOWN = "SELECT digest, input FROM items WHERE id = ?"


def to_known(row: Sequence[Any]) -> tuple[str, int]:
    """Read a row of `SELECT_KNOWN`."""
    if not isinstance(row[1], int):
        raise ValueError(f"the input number of an item is {row[1]!r:.80}")
    return row[0], row[1]


def ingest_state(item: Item, found: tuple[str, int] | None, generation: int, place: str) -> str:
    """Classify an item as new, known, changed or repeated; `found` is its stored digest and input number."""
    if found is None:
        return "new"
    digest, seen = found
    if seen < generation:
        return "known" if digest == item.digest else "changed"
    if digest != item.digest:
        raise InputError(
            f"{place}: the id {item.id!r} was used before for an item with other content; ids must be "
            "unique. For several answers to one question: --id-from id,system"
        )
    return "repeated"


def store_item(db: sqlite3.Connection, item: Item, state: str, position: int, generation: int) -> None:
    """Insert or update an item according to its state; a repeated item is already stored."""
    if state == "repeated":
        return
    if state == "known":
        db.execute("UPDATE items SET input = ? WHERE id = ?", [generation, item.id])
        return
    data = item.model_dump_json(exclude_defaults=True)
    if state == "new":
        row = (position, item.id, item.digest, generation, data)
        db.execute("INSERT INTO items VALUES (?, ?, ?, ?, ?)", row)
    else:
        change = "UPDATE items SET digest = ?, input = ?, data = ? WHERE id = ?"
        db.execute(change, [item.digest, generation, data, item.id])
        db.execute("DELETE FROM requests WHERE item_id = ?", [item.id])


def to_row(c: Completion) -> tuple[Any, ...]:
    """Convert a completion into the values of `COMPLETION_COLUMNS`."""
    failure = (c.failure.kind, c.failure.message) if c.failure else (None, None)
    u = c.usage
    usage = (u.prompt_tokens, u.completion_tokens, u.cached_tokens, u.reasoning_tokens) if u else (None,) * 4
    dropped = json.dumps(c.dropped) if c.dropped else None
    labels = None if c.label_probabilities is None else json.dumps(c.label_probabilities)
    delivery = (c.cost, c.latency, c.tries, c.model, dropped, c.created)
    request = (c.key, c.item_id, c.sample, c.dimension, c.attempt)
    reply = (c.reply, c.finish_reason, c.refusal, c.reasoning)
    return storable(*request, *reply, *failure, *usage, *delivery, labels)


def storable(*values: Any) -> tuple[Any, ...]:
    """Replace lone surrogates, which SQLite cannot store, by U+FFFD."""
    return tuple([v if not isinstance(v, str) or v.isascii() else _without_surrogates(v) for v in values])


def _without_surrogates(text: str) -> str:
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def from_row(row: Sequence[Any]) -> Completion:
    """Convert the values of `COMPLETION_COLUMNS` into a completion."""
    kind, message, prompt, completion, cached, reasoning = row[9:15]
    cost, latency, tries, model, dropped, created, labels = row[15:]
    return Completion(
        **dict(zip(_REQUEST_AND_REPLY, row, strict=False)),
        failure=None if kind is None else Failure(kind=kind, message=message),
        usage=None
        if prompt is None
        else Usage(
            prompt_tokens=prompt,
            completion_tokens=completion,
            cached_tokens=cached,
            reasoning_tokens=reasoning,
        ),
        cost=cost,
        latency=latency,
        tries=tries,
        model=model,
        dropped=tuple(json.loads(dropped)) if dropped else (),
        created=created,
        label_probabilities=json.loads(labels) if labels else None,
    )


def to_fact(row: Sequence[Any]) -> tuple[str, Any]:
    """Read the name and the value of a fact of the manifest."""
    name, value = row[0], json.loads(row[1])
    if not isinstance(name, str) or not isinstance(value, _FACT_TYPES.get(name, object)):
        raise ValueError(f"{name!s} is {value!r:.80}")
    if isinstance(value, int) and name == "samples" and not 0 < value <= MOST_SAMPLES:
        raise ValueError(f"the number of samples is {value!r:.80}; allowed are 1 to {MOST_SAMPLES:,}")
    if value is not None and name in _FACT_MODELS:
        _FACT_MODELS[name].model_validate(value)
    return name, value


def to_item(row: Sequence[Any]) -> Item:
    """Read an item from its column ``data``."""
    return Item.model_validate_json(row[0])


def to_numbered_item(row: Sequence[Any]) -> tuple[int, Item]:
    """Read the position and the content of an item."""
    return row[0], Item.model_validate_json(row[1])


def judgment_reader() -> Callable[[Sequence[Any]], tuple[Item, Completion | None]]:
    """Return a reader of rows of `SELECT_JUDGMENTS`: an item (parsed once) and one of its completions."""
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
    """Convert a score into the values of `SCORE_COLUMNS`."""
    return storable(*_of_score(score))


def score_reader(rubric: Rubric) -> Callable[[Sequence[Any]], Score]:
    """Return a reader of rows of `SELECT_SCORES` that rejects numbers off the rubric's scale as damage."""
    checked = value_reader(rubric)

    def to_score(row: Sequence[Any]) -> Score:
        score = Score(**dict(zip(SCORE_COLUMNS, row, strict=True)))
        checked((score.item_id, score.dimension, score.value))
        return score

    return to_score


def value_reader(rubric: Rubric) -> Callable[[Sequence[Any]], Sequence[Any]]:
    """Return a function that checks the value in a row of item, dimension and value against the rubric."""
    scales = {name: rubric.scale_of(name) for name in rubric.scored}
    labels = {name: d.labels for name, d in rubric.dimensions.items() if d.type == "category"}

    def checked(row: Sequence[Any]) -> Sequence[Any]:
        name, value = row[1], row[2]
        scale = scales.get(name, BINARY if name == CRITERIA else None)
        if isinstance(value, float) and scale and not scale.holds(value):
            raise ValueError(f"{name} is {value:g} on a scale from {scale.min} to {scale.max}")
        if name in labels and value is not None and value not in labels[name]:
            raise ValueError(f"{name} is {value!r:.80}, which is none of its labels")
        return row

    return checked


def connect_to_write(file: Path) -> sqlite3.Connection:
    """Open a run for writing; a commit survives a loss of power. Outside of transactions it autocommits.

    The connection may be used by several threads, never at the same time: in a notebook, the API backend
    pulls requests in the thread of its event loop while the caller waits.
    """
    db = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    with closed_on_error(db):
        db.execute(f"PRAGMA synchronous = {SYNCHRONOUS}")
        db.execute("PRAGMA journal_mode = WAL")
    return db


def take_lock(path: Path) -> sqlite3.Connection:
    """Lock a run for scoring by this process; the operating system releases the lock if the process dies."""
    # A viewer looks at the lock for a moment, which must not refuse the run to the one that scores.
    lock = sqlite3.connect(path / "run.lock", isolation_level=None, timeout=0.2)
    try:
        with closed_on_error(lock):
            lock.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as error:
        if "locked" not in str(error):
            raise
        raise RunError(
            f"{path}: another process is scoring into this run; wait for it, or choose another folder with "
            "out (--out)"
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
    """Run a block as one transaction: commit it, or roll it back on any exception."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        with contextlib.suppress(sqlite3.Error):  # if the disk is full, SQLite has already rolled back
            db.execute("ROLLBACK")
        raise


@contextlib.contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Convert errors of SQLite and of the file system into a `RunError` with one clear line."""
    try:
        yield
    except UnicodeDecodeError as error:  # a damaged file, whose error message cannot be decoded
        raise RunError(explain(path / "run.db", error)) from None
    except sqlite3.DatabaseError as error:
        if code_of(error) not in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, *REFUSED):
            raise RunError(explain(path / "run.db", error)) from None
        raise RunError(
            f"{path}: {error}. What was stored before is safe. Free disk space or grant write permission, "
            "then run the same command again"
        ) from None
    except OSError as error:
        raise RunError(
            f"{path}: {error.strerror or error}. What was stored before is safe. Free disk space, or choose "
            "a writable folder with out (--out)"
        ) from None


def write_atomically(path: Path, parts: Iterable[str]) -> None:
    """Write a text file so that readers see either the old or the complete new content."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with draft.open("w", encoding="utf-8", newline="") as file:
            file.writelines(parts)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
