"""The open database of a run, and reading its rows with errors that name the file."""

import contextlib
import json
import sqlite3
from array import array
from collections.abc import Callable, Iterable, Iterator
from operator import ge
from pathlib import Path
from typing import Any, Self, TypeVar

from judge.errors import RunError
from judge.files.sqlite import plain_row, reading
from judge.records import Item
from judge.scoring.schema import (
    ANY_TRUNCATED,
    COUNT_MOST_IMAGES,
    CREATE_POSITIONS,
    SELECT_BLOCK,
    SELECT_NEIGHBOURS,
    SELECT_USUAL,
    to_numbered_item,
)

T = TypeVar("T")
_BATCH = 20_000  # scores that are read at once
_BLOCK = 64  # items that are read at once; their texts may be long


class RunDatabase:
    """The database of a run folder: a context manager that closes it and frees its lock."""

    def __init__(self, path: Path, db: sqlite3.Connection, lock: sqlite3.Connection | None = None) -> None:
        self.path = path
        self._file = path / "run.db"
        self._db = db
        self._lock = lock

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the files and release the lock for scoring."""
        self._db.close()
        if self._lock:
            self._lock.close()

    @property
    def connection(self) -> sqlite3.Connection:
        """The connection, for a module that keeps tables of its own in the run."""
        return self._db

    def items_to_ask(self) -> Iterator[Item]:
        """Yield the items of the last `add_items`, with those that share a prompt prefix adjacent."""
        query = "SELECT position, data FROM items WHERE position IN (SELECT value FROM json_each(?))"
        with self._reading():
            positions = array("q", (position for (position,) in self._rows(SELECT_NEIGHBOURS)))
        for start in range(0, len(positions), _BLOCK):
            block = positions[start : start + _BLOCK].tolist()
            with self._reading():
                found = dict(self._read(query, [json.dumps(block)], to_numbered_item))
                items = [found[position] for position in block]
            yield from items

    @property
    def most_images(self) -> int:
        """Largest number of images of one item."""
        return int(self._one(COUNT_MOST_IMAGES))

    @property
    def has_truncated_replies(self) -> bool:
        """Whether the first reply to any request was truncated."""
        return bool(self._one(ANY_TRUNCATED))

    def has_answer(self, key: str, *, retry_errors: bool = False) -> bool:
        """Whether a request has a completion; with `retry_errors`, failures do not count."""
        return bool(self.answered([key], retry_errors=retry_errors))

    def answered(self, keys: Iterable[str], *, retry_errors: bool = False) -> set[str]:
        """Return the keys that have a completion; with `retry_errors`, failures do not count."""
        counts = "AND failure_kind IS NULL" if retry_errors else ""
        query = f"SELECT key FROM completions WHERE key IN (SELECT value FROM json_each(?)) {counts}"
        return {key for (key,) in self._rows(query, [json.dumps(list(keys))])}

    def all_keys(self) -> Iterator[list[str]]:
        """Yield the keys of all requests, each once, many at a time."""
        for rows in self._batches("SELECT DISTINCT key FROM requests", []):
            yield [key for (key,) in rows]

    def ids_with_status(self, status: str | None = None) -> list[str]:
        """Return the ids, in order, of all items, or of those that have a score with this status."""
        has = "" if status is None else "WHERE id IN (SELECT item_id FROM scores WHERE status = ?)"
        rows = self._rows(f"SELECT id FROM items {has} ORDER BY position", [status] if status else [])
        return [item_id for (item_id,) in rows]

    def usual_scores(self) -> tuple[str, Iterator[list[tuple[Any, ...]]]]:
        """Return the first rater, and the rows of `schema.SELECT_USUAL` in batches; they are not checked."""
        rater = next(self._rows("SELECT rater FROM scores LIMIT 1"), ("",))[0]
        return rater, self._batches(SELECT_USUAL, [rater])

    def with_positions(self, items: Iterable[Item], position: Callable[[], int]) -> Iterator[Item]:
        """Yield items, and store the position of each in the whole input, of which the run is a shard.

        Parameters
        ----------
        items : iterable of Item
            Passed on, in order. It is read within the transaction of `Run.add_items`.
        position : callable
            Returns the position of the item that was read last.
        """
        self._db.execute(CREATE_POSITIONS)
        self._db.execute("DELETE FROM input_positions")
        for item in items:  # an item that is repeated exactly keeps its first position
            self._db.execute("INSERT OR IGNORE INTO input_positions VALUES (?, ?)", [position(), item.id])
            yield item

    def _item_blocks(self) -> Iterator[list[Item]]:
        """Yield all items in the order of the input, many at once."""
        last = 0
        # One query per block: a cursor left open over a whole run would keep the WAL from shrinking.
        while rows := list(self._read(SELECT_BLOCK, [last, _BLOCK], tuple)):
            with self._reading():
                positions, contents = zip(*rows, strict=True)
                if any(map(ge, (last, *positions), positions)):
                    raise ValueError("its items are out of order")
                block = list(map(Item.model_validate_json, contents))
            last = positions[-1]
            yield block

    def _batches(self, query: str, values: Any) -> Iterator[list[tuple[Any, ...]]]:
        """Yield the rows of a query as they are, many at once."""
        with self._reading():
            rows = self._db.execute(query, values)
            while batch := rows.fetchmany(_BATCH):
                yield batch

    def _one(self, query: str, *values: Any) -> Any:
        return next(self._rows(query, values))[0]

    def _rows(self, query: str, values: Any = ()) -> Iterator[Any]:
        return self._read(query, values, plain_row)

    def _read(self, query: str, values: Any, decode: Callable[[Any], T]) -> Iterator[T]:
        """Yield the decoded rows of a query; raise `RunError` if they cannot be read."""
        with self._reading():
            yield from map(decode, self._db.execute(query, values))

    def _reading(self) -> contextlib.AbstractContextManager[None]:
        return reading(self._file, RunError)
