"""The SQLite file of an open study, shared by the threads of the server.

Only one thread at a time uses the connection. A thread that waits for a lock of another process releases the
connection meanwhile, so that such a lock delays one rater and not all of them.
"""

import contextlib
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from human_study import schema
from judge.errors import JudgeError
from judge.files.sqlite import explain, is_busy, reading

T = TypeVar("T")

PATIENCE = 5.0
"""Seconds to wait for a lock of another process; the time limit in the browser is twice as long."""
_PAUSE = 0.02


class StudyFileError(JudgeError):
    """The file of an opened study cannot be read or written."""


class BusyError(StudyFileError):
    """Another process has locked the file for too long; the request may succeed later."""


class Database:
    """Access to the file of one study: `rows` and `read` to read, `writing` to write."""

    def __init__(self, path: Path, db: sqlite3.Connection) -> None:
        self.path = path
        self._db = db
        self._lock = threading.RLock()

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def rows(self, query: str, *values: Any) -> list[sqlite3.Row]:
        """All rows of a query.

        Raises
        ------
        StudyFileError
            The file is damaged.
        BusyError
            Another process has locked it.
        """

        def fetch() -> list[sqlite3.Row]:
            with self._lock:
                return self._db.execute(query, values).fetchall()

        return self._patiently(fetch)

    def read(self, decode: Callable[[sqlite3.Row], T], query: str, *values: Any) -> list[T]:
        """All rows of a query, decoded; a row that cannot be decoded is a `StudyFileError`."""
        found = self.rows(query, *values)
        with reading(self.path, StudyFileError):
            return [decode(row) for row in found]

    @contextlib.contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Open a transaction: one writer at a time, all changes or none, with consistent reads.

        Raises
        ------
        StudyFileError
            The file cannot be written.
        BusyError
            Another process has locked it.
        """
        self._patiently(self._begin)
        try:
            with self._readable():
                yield self._db
                self._db.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):  # after a full disk SQLite has already rolled back
                self._db.execute("ROLLBACK")
            raise
        finally:
            self._lock.release()

    def _begin(self) -> None:
        """Acquire the lock of this process and the write lock of SQLite, or neither."""
        self._lock.acquire()
        try:
            self._db.execute("BEGIN IMMEDIATE")
        except BaseException:
            self._lock.release()
            raise

    def _patiently(self, action: Callable[[], T]) -> T:
        until = time.monotonic() + PATIENCE
        while True:
            try:
                with self._readable():
                    return action()
            except BusyError:
                if time.monotonic() >= until:
                    raise
            time.sleep(_PAUSE)

    @contextlib.contextmanager
    def _readable(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.ProgrammingError:
            raise
        except sqlite3.Error as error:
            kind = BusyError if is_busy(error) else StudyFileError
            raise kind(explain(self.path, error)) from None


def open_study(path: Path, *, read_only: bool) -> Database:
    """Open the study at `path`; with `read_only` also on a read-only disk.

    Raises
    ------
    InputError
        The file does not exist, is not a study, is damaged, or was written by a newer version.
    """
    return Database(path, schema.connect_to_read(path) if read_only else schema.connect(path))


def typed(row: sqlite3.Row, **types: type | tuple[type, ...]) -> dict[str, Any]:
    """Return a row as a dict, after checking the types of the named columns.

    Raises
    ------
    TypeError
        A column has a value of another type, so the file is damaged.
    """
    for name, kind in types.items():
        if not isinstance(row[name], kind):
            raise TypeError(f"{name}: found {row[name]!r:.80}")
    return dict(row)
