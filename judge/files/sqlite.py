"""SQLite files that are only read: on any disk, and whatever has happened to them.

Runs and studies are SQLite files in WAL mode. To read one, SQLite makes two files beside it, which a
read-only disk refuses; and a file that was damaged on its way shows that in many ways, which all become one
line here.
"""

import contextlib
import math
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from judge.errors import JudgeError

_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
REFUSED = (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH)
_NO_ROOM = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)
_UNREADABLE = (ValueError, TypeError, LookupError, OverflowError, RecursionError, AttributeError)
"""What the records raise where a cell holds something else than was written there."""
_MOST_SHOWN = 200


def connect_to_read(file: Path, **options: Any) -> sqlite3.Connection:
    """Open a file for reading; also where its folder is read-only and SQLite may not make its helper files.

    Where nothing can be written and what was written last still stands in the write-ahead log (``FILE-wal``),
    a private copy is read, so that nothing of it is missing.

    Parameters
    ----------
    file : Path
        The file; it stays as it is.
    **options
        Passed on to `sqlite3.connect`.
    """
    address = f"{file.resolve().as_uri()}?mode=ro"
    try:
        return _opened(address, options)
    except sqlite3.OperationalError as error:
        if code_of(error) not in REFUSED:
            raise
    log = file.with_name(f"{file.name}-wal")
    if log.is_file() and log.stat().st_size:
        return _copied(file, log, options)
    return _opened(f"{address}&immutable=1", options)


def code_of(error: sqlite3.Error) -> int | None:
    """SQLite's primary result code of an error; None where Python's own layer raised it."""
    code = getattr(error, "sqlite_errorcode", None)
    return None if code is None else code & 0xFF


def is_busy(error: sqlite3.Error) -> bool:
    """Whether another process (or connection) holds the file."""
    return code_of(error) in _BUSY


@contextlib.contextmanager
def reading(file: Path, kind: type[JudgeError]) -> Iterator[None]:
    """Turn every error that a damaged, busy or forbidden file causes into one line of `kind`."""
    try:
        yield
    except sqlite3.ProgrammingError:
        raise
    except (sqlite3.Error, OSError, *_UNREADABLE) as error:
        raise kind(explain(file, error)) from None


def explain(file: Path, error: Exception) -> str:
    """Say which file cannot be read, why, and what to do."""
    said = _said(error)
    code = code_of(error) if isinstance(error, sqlite3.Error) else None
    if code in _BUSY:
        return f"{file}: {said}: another process holds it; try again when that has ended"
    if code in _NO_ROOM or isinstance(error, OSError):
        return f"{file}: {said}; look at the disk: it may be full, or failing"
    if code in REFUSED:
        return f"{file}: {said}; grant the right to read it, or copy it to a place where you may"
    if code == sqlite3.SQLITE_NOTADB:
        return f"{file}: {said}, or its beginning is damaged; name another file, or go back to a copy of it"
    return (
        f"{file}: damaged ({said}). Go back to a copy of it; what can still be read comes out with: "
        f"sqlite3 {file} .recover"
    )


def _said(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_context=False)[0]
        place = ".".join(map(str, (error.title, *first["loc"])))
        return f"{place}: found {first['input']!r:.80}; {first['msg']}"
    return " ".join(str(error).split())[:_MOST_SHOWN] or type(error).__name__


def close_in_any_thread(close: Callable[[], None]) -> None:
    """Close a database from a finalizer, which the garbage collector may call in any thread.

    In another thread than its own, a connection is left to be closed when its memory is freed.
    """
    with contextlib.suppress(sqlite3.ProgrammingError):
        close()


def plain_row(row: Any) -> Any:
    """Pass on a row of names, counts and sums; bytes and infinity stand there in a damaged file only."""
    for value in row:
        if isinstance(value, bytes) or (isinstance(value, float) and not math.isfinite(value)):
            raise ValueError(f"found {value!r:.80}")
    return row


def check_content(db: sqlite3.Connection, schema: str, most_bytes: int) -> None:
    """Raise a `ValueError` that names a table or column of `schema` that the file lacks, or other damage.

    A damaged file may still give rows, only fewer; so all of it is looked through (about 0.3 s for 100 MB)
    unless it is larger than `most_bytes`.
    """
    with contextlib.closing(sqlite3.connect(":memory:")) as model:
        model.executescript(schema)
        if lacking := sorted(_columns(model) - _columns(db)):
            raise ValueError(f"lacks {', '.join(lacking[:3])}{', …' if len(lacking) > 3 else ''}")
    sizes = [db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_size", "page_count")]
    if math.prod(sizes) <= most_bytes:
        (found,) = db.execute("PRAGMA integrity_check(1)").fetchone()
        if found != "ok":
            raise ValueError(found)


def _columns(db: sqlite3.Connection) -> set[str]:
    tables = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    return {
        f"{table}.{row[0]}"
        for table in tables
        for row in db.execute("SELECT name FROM pragma_table_info(?)", [table])
    }


def _opened(address: str, options: dict[str, Any]) -> sqlite3.Connection:
    db: sqlite3.Connection = sqlite3.connect(address, uri=True, isolation_level=None, **options)
    try:
        db.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except BaseException:
        db.close()
        raise
    return db


def _copied(file: Path, log: Path, options: dict[str, Any]) -> sqlite3.Connection:
    """A private database with the content of a file and of its write-ahead log."""
    with tempfile.TemporaryDirectory(prefix="judge-") as folder:
        copy = Path(folder) / file.name
        shutil.copyfile(file, copy)
        shutil.copyfile(log, copy.with_name(log.name))
        with contextlib.closing(sqlite3.connect(copy)) as source:
            private: sqlite3.Connection = sqlite3.connect("", isolation_level=None, **options)
            source.backup(private)
    return private
