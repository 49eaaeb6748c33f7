"""SQLite files are read on any disk, and every way in which they can be broken is one line."""

import contextlib
import os
import shutil
import sqlite3
import threading

import pytest

from judge.errors import RunError
from judge.files.sqlite import check_content, close_in_any_thread, connect_to_read, explain, reading

SCHEMA = "CREATE TABLE t (a, b TEXT); CREATE INDEX t_by_a ON t (a);"


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "x.db"
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.executescript(f"PRAGMA journal_mode = WAL; {SCHEMA} INSERT INTO t VALUES (1, 'first')")
    return path


@pytest.fixture
def read_only_disk(monkeypatch):
    """SQLite as it behaves where it can make no file: a WAL file opens only as immutable, or elsewhere."""
    connect = sqlite3.connect

    def refusing(address, **options):
        if "mode=ro" in str(address) and "immutable" not in address:
            error = sqlite3.OperationalError("unable to open database file")
            error.sqlite_errorcode = sqlite3.SQLITE_CANTOPEN
            raise error
        return connect(address, **options)

    monkeypatch.setattr(sqlite3, "connect", refusing)


def rows_of(path):
    with contextlib.closing(connect_to_read(path)) as db:
        return [tuple(row) for row in db.execute("SELECT * FROM t")]


@pytest.mark.usefixtures("read_only_disk")
def test_a_file_is_read_where_nothing_can_be_written(file):
    assert rows_of(file) == [(1, "first")]
    assert os.listdir(file.parent) == ["x.db"]


@pytest.mark.usefixtures("read_only_disk")
def test_what_still_stands_in_the_write_ahead_log_is_read_there_too(file, tmp_path):
    """A server that was killed leaves a log; opened as immutable, the file would lack its last rows."""
    left = tmp_path / "left"
    left.mkdir()
    with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as db:
        db.execute("INSERT INTO t VALUES (2, 'second')")
        for name in ("x.db", "x.db-wal"):
            shutil.copy(tmp_path / name, left / name)
    before = {path.name: path.read_bytes() for path in left.iterdir()}
    assert rows_of(left / "x.db") == [(1, "first"), (2, "second")]
    assert {path.name: path.read_bytes() for path in left.iterdir()} == before


@pytest.mark.usefixtures("read_only_disk")
def test_a_file_that_is_no_database_is_not_tried_in_other_ways(tmp_path):
    (tmp_path / "x.db").write_bytes(b"no database" * 100)
    with (
        pytest.raises(RunError, match=r"x\.db: file is not a database"),
        reading(tmp_path / "x.db", RunError),
    ):
        connect_to_read(tmp_path / "x.db")


def test_a_missing_column_is_named(file):
    with contextlib.closing(connect_to_read(file)) as db:
        check_content(db, SCHEMA, 10**9)
        with pytest.raises(ValueError, match=r"lacks t\.c, u\.d$"):
            check_content(db, "CREATE TABLE t (a, b, c); CREATE TABLE u (d)", 10**9)


def test_damage_that_would_only_hide_rows_is_found_unless_the_file_is_too_large(file):
    with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as db:
        db.execute("PRAGMA writable_schema = ON")
        db.execute("UPDATE sqlite_master SET sql = 'CREATE INDEX t_by_a ON t (b)' WHERE name = 't_by_a'")
    with contextlib.closing(connect_to_read(file)) as db:
        with pytest.raises(ValueError, match="row 1 missing from index t_by_a"):
            check_content(db, SCHEMA, 10**9)
        check_content(db, SCHEMA, 10)


WAYS = [
    (sqlite3.SQLITE_BUSY, "another process holds it; try again when that has ended"),
    (sqlite3.SQLITE_LOCKED, "another process holds it"),
    (sqlite3.SQLITE_CANTOPEN, "grant the right to read it"),
    (sqlite3.SQLITE_READONLY, "grant the right to read it"),
    (sqlite3.SQLITE_FULL, "look at the disk"),
    (sqlite3.SQLITE_IOERR | (33 << 8), "look at the disk"),
    (sqlite3.SQLITE_CORRUPT, r"damaged \(said\)\. Go back to a copy of it; .* sqlite3 x\.db \.recover"),
    (sqlite3.SQLITE_NOTADB, "or its beginning is damaged; name another file"),
]


@pytest.mark.parametrize(("code", "advice"), WAYS)
def test_every_error_says_what_to_do(tmp_path, code, advice):
    error = sqlite3.OperationalError("said")
    error.sqlite_errorcode = code
    with pytest.raises(RunError, match=advice):
        raise RunError(explain(tmp_path.relative_to(tmp_path) / "x.db", error))


def test_a_closed_connection_is_an_error_of_the_program_and_not_of_the_file(file):
    db = connect_to_read(file)
    db.close()
    with pytest.raises(sqlite3.ProgrammingError), reading(file, RunError):
        db.execute("SELECT 1")


def test_a_finalizer_in_another_thread_raises_nothing():
    db = sqlite3.connect(":memory:", check_same_thread=True)
    raised = []

    def finalizer():
        try:
            close_in_any_thread(db.close)
        except sqlite3.Error as error:
            raised.append(error)

    thread = threading.Thread(target=finalizer)
    thread.start()
    thread.join()
    assert raised == []
    close_in_any_thread(db.close)
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        db.execute("SELECT 1")
