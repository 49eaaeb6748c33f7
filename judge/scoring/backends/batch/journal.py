"""What a run submitted to a provider's batch API, in tables of ``run.db``.

A batch is recorded before it is created (``intended``), when its id is known (``submitted``), and when all
its results are stored (``collected``). A request is open while it belongs to a batch that is not collected.
The tables are made with the first batch, so that other runs keep their format.
"""

import json
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from judge.errors import RunError
from judge.files.sqlite import connect_to_read, reading
from judge.scoring.backends.batch.chunks import BatchMember, Chunk
from judge.scoring.schema import closed_on_error, storage_errors, transaction

Stage = Literal["intended", "submitted", "collected"]

TABLES = """
CREATE TABLE IF NOT EXISTS batches (
    number INTEGER PRIMARY KEY, stage TEXT NOT NULL, token TEXT NOT NULL, prepared TEXT NOT NULL,
    batch_id TEXT, provider TEXT NOT NULL, base TEXT NOT NULL, seen_seq INTEGER NOT NULL,
    requests INTEGER NOT NULL, bytes INTEGER NOT NULL, tokens INTEGER NOT NULL, estimate REAL NOT NULL,
    created REAL NOT NULL, ended REAL, said TEXT NOT NULL, answered INTEGER NOT NULL, failed INTEGER NOT NULL,
    cost REAL, parts TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS batch_requests (
    number INTEGER NOT NULL, key TEXT NOT NULL, item_id TEXT NOT NULL, sample INTEGER NOT NULL,
    dimension TEXT, attempt INTEGER NOT NULL, labels TEXT, dropped TEXT, PRIMARY KEY (number, key)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS batch_requests_by_key ON batch_requests (key);
"""
_COLUMNS = (
    *("number", "stage", "token", "prepared", "batch_id", "provider", "base", "requests", "bytes", "tokens"),
    *("estimate", "created", "ended", "said", "answered", "failed", "cost", "parts"),
)
_INSERT = """
INSERT INTO batches (stage, token, prepared, provider, base, seen_seq, requests, bytes, tokens, estimate,
    created, said, answered, failed, parts)
SELECT 'intended', ?, '', ?, ?, coalesce((SELECT max(seq) FROM completions), 0), ?, ?, ?, ?, ?, '', 0, 0, ?
"""
_SELECT = f"SELECT {', '.join(_COLUMNS)} FROM batches"
# A completion that was stored after the batch was recorded is the reply of that batch.
_MEMBERS = """
SELECT key, item_id, sample, dimension, attempt, labels, dropped FROM batch_requests r WHERE number = ?
AND NOT EXISTS (
    SELECT 1 FROM completions c
    WHERE c.key = r.key AND c.seq > (SELECT seen_seq FROM batches WHERE number = r.number))
"""
_IS_OPEN = """
SELECT EXISTS (
    SELECT 1 FROM batch_requests JOIN batches USING (number) WHERE key = ? AND stage <> 'collected')
"""
_TIMES = """
SELECT count(*) FROM batch_requests r JOIN batches b USING (number)
WHERE r.key = ? AND b.seen_seq >= coalesce((SELECT max(seq) FROM completions WHERE key = r.key), 0)
"""
_TOTALS = """
SELECT count(*) FILTER (WHERE c.failure_kind IS NULL),
    count(*) FILTER (WHERE c.failure_kind IS NOT NULL), sum(c.cost)
FROM batch_requests r JOIN completions c ON c.key = r.key
WHERE r.number = :number AND c.seq > (SELECT seen_seq FROM batches WHERE number = :number)
"""
_DELETE_ALL = "DELETE FROM batch_requests WHERE number = :number"
_DELETE_ANSWERED = f"""
{_DELETE_ALL} AND EXISTS (
    SELECT 1 FROM completions c WHERE c.key = batch_requests.key
    AND c.seq > (SELECT seen_seq FROM batches WHERE number = :number))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredBatch:
    """A batch as the run knows it.

    Attributes
    ----------
    number : int
        Number within the run, from 1.
    stage : {'intended', 'submitted', 'collected'}
        ``intended``: whether it was created is not known yet; ``collected``: all its results are stored.
    token : str
        Random text that the batch carries at the provider, if that is possible.
    prepared : str
        What was prepared for its creation, such as the id of the uploaded file; empty if nothing was.
    batch_id : str or None
        Id at the provider.
    provider, base : str
        Where it was submitted.
    requests, bytes, tokens : int
        Its size; tokens are an estimate.
    estimate : float
        Highest cost in USD; 0 if no limit was set.
    created, ended : float or None
        Unix time at which it was recorded, and at which its results were stored.
    said : str
        The provider's last word for its state.
    answered, failed : int
        Replies and failures that were stored; the other requests were not processed.
    cost : float or None
        Cost of the replies in USD; None if it is not known.
    parts : tuple of str
        Names of the parts of its requests that a provider may reject.
    """

    number: int
    stage: Stage
    token: str
    prepared: str
    batch_id: str | None
    provider: str
    base: str
    requests: int
    bytes: int
    tokens: int
    estimate: float
    created: float
    ended: float | None
    said: str
    answered: int
    failed: int
    cost: float | None
    parts: tuple[str, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether results may still come."""
        return self.stage != "collected"


class BatchJournal:
    """The batches of one run, open for writing.

    Parameters
    ----------
    folder : Path
        Folder of the run.
    db : sqlite3.Connection
        The connection that also stores its completions: with another one, a query of the run that is not at
        its end would keep the run from writing.
    """

    def __init__(self, folder: Path, db: sqlite3.Connection) -> None:
        self._folder, self._db = folder, db
        self._is_made = _has_tables(db)

    @property
    def folder(self) -> Path:
        """Folder of the run."""
        return self._folder

    def batches(self, *, is_open: bool = False) -> list[StoredBatch]:
        """Return all batches, or those that are open."""
        if not self._is_made:
            return []
        return _stored(self._db, "WHERE stage <> 'collected'" if is_open else "")

    def intend(self, chunk: Chunk, token: str, provider: str, base: str) -> StoredBatch:
        """Record that a chunk is about to be submitted."""
        with storage_errors(self._folder), transaction(self._db):
            if not self._is_made:
                for statement in TABLES.split(";"):
                    self._db.execute(statement)
            self._db.execute("INSERT OR REPLACE INTO meta VALUES ('batches', 'true')")
            size = (len(chunk), chunk.bytes, chunk.tokens, chunk.estimate)
            row = (token, provider, base, *size, time.time(), json.dumps(sorted(chunk.parts)))
            number = self._db.execute(
                _INSERT,
                row,
            ).lastrowid
            self._db.executemany(
                "INSERT INTO batch_requests VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                ((number, *_to_row(member)) for member in chunk.members),
            )
        self._is_made = True
        return self._batch(number)

    def prepared(self, batch: StoredBatch, prepared: str) -> StoredBatch:
        """Record that all is ready for the creation of a batch, which comes next."""
        return self._set(batch, prepared=prepared)

    def submitted(self, batch: StoredBatch, batch_id: str, said: str) -> StoredBatch:
        """Record the id of a batch."""
        return self._set(batch, stage="submitted", batch_id=batch_id, said=said)

    def seen(self, batch: StoredBatch, said: str) -> StoredBatch:
        """Record the state of a batch."""
        return batch if batch.said == said else self._set(batch, said=said)

    def collected(self, batch: StoredBatch, said: str, *, was_processed: bool = True) -> StoredBatch:
        """Record that all results of a batch are stored.

        The requests of a batch that was not processed do not count as sent.
        """
        with storage_errors(self._folder), transaction(self._db):
            answered, failed, cost = self._db.execute(_TOTALS, {"number": batch.number}).fetchone()
            # What remains says how often a request was in a batch that did not answer it.
            self._db.execute(_DELETE_ANSWERED if was_processed else _DELETE_ALL, {"number": batch.number})
            values = {
                "said": said,
                "answered": answered,
                "failed": failed,
                "cost": cost,
                "ended": time.time(),
            }
            self._update(batch.number, {"stage": "collected", **values})
        return self._batch(batch.number)

    def forget(self, batch: StoredBatch) -> None:
        """Delete a batch that was not created."""
        with storage_errors(self._folder), transaction(self._db):
            self._db.execute(_DELETE_ALL, {"number": batch.number})
            self._db.execute("DELETE FROM batches WHERE number = ?", [batch.number])
            self._db.execute("DELETE FROM meta WHERE name = 'batches' AND NOT EXISTS (SELECT 1 FROM batches)")

    def members(self, batch: StoredBatch) -> list[BatchMember]:
        """Return the requests of a batch whose completion is not stored yet."""
        return [_to_member(row) for row in self._db.execute(_MEMBERS, [batch.number])]

    def stored(self, batch: StoredBatch) -> tuple[int, int]:
        """Return how many replies and failures of a batch are stored."""
        answered, failed, _ = self._db.execute(_TOTALS, {"number": batch.number}).fetchone()
        return answered, failed

    def is_open(self, key: str) -> bool:
        """Whether a request is in an open batch."""
        return self._is_made and bool(self._db.execute(_IS_OPEN, [key]).fetchone()[0])

    def times(self, key: str) -> int:
        """Count the batches that a request was in since its last completion."""
        return int(self._db.execute(_TIMES, [key]).fetchone()[0])

    def _set(self, batch: StoredBatch, **values: Any) -> StoredBatch:
        with storage_errors(self._folder):
            self._update(batch.number, values)
        return self._batch(batch.number)

    def _update(self, number: int, values: Mapping[str, Any]) -> None:
        names = ", ".join(f"{name} = ?" for name in values)
        self._db.execute(f"UPDATE batches SET {names} WHERE number = ?", [*values.values(), number])

    def _batch(self, number: int | None) -> StoredBatch:
        (batch,) = _stored(self._db, f"WHERE number = {number}")
        return batch


def batches_of(folder: Path) -> list[StoredBatch]:
    """Return the batches of a run, without writing to it.

    Raises
    ------
    RunError
        The run is damaged.
    """
    return list(_read(folder, lambda db: _stored(db)))


def open_keys(folder: Path) -> set[str]:
    """Return the keys of all requests in open batches."""
    query = "SELECT key FROM batch_requests JOIN batches USING (number) WHERE stage <> 'collected'"
    return {key for (key,) in _read(folder, lambda db: db.execute(query).fetchall())}


def _read(folder: Path, query: Any) -> Iterator[Any]:
    file = folder / "run.db"
    with reading(file, RunError):
        db = connect_to_read(file)
        with closing(db), closed_on_error(db):
            yield from query(db) if _has_tables(db) else ()


def _has_tables(db: sqlite3.Connection) -> bool:
    return bool(db.execute("SELECT count(*) FROM sqlite_master WHERE name = 'batches'").fetchone()[0])


def _stored(db: sqlite3.Connection, where: str = "") -> list[StoredBatch]:
    rows = db.execute(f"{_SELECT} {where} ORDER BY number")
    found = (dict(zip(_COLUMNS, row, strict=True)) for row in rows)
    return [StoredBatch(**{**values, "parts": tuple(json.loads(values["parts"]))}) for values in found]


def _to_row(member: BatchMember) -> tuple[Any, ...]:
    lists = (json.dumps(listed) if listed else None for listed in (member.labels, member.dropped))
    return member.key, member.item_id, member.sample, member.dimension, member.attempt, *lists


def _to_member(row: Sequence[Any]) -> BatchMember:
    key, item_id, sample, dimension, attempt, labels, dropped = row
    return BatchMember(
        key,
        item_id,
        sample=sample,
        dimension=dimension,
        attempt=attempt,
        labels=tuple(json.loads(labels or "[]")),
        dropped=tuple(json.loads(dropped or "[]")),
    )
