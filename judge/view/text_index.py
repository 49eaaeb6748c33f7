"""Full-text index of a run (SQLite FTS5) in the user's cache folder, with its columns beside it.

The index is a cache: it may be deleted at any time, and several viewers may read it while one builds it.
"""

import contextlib
import hashlib
import json
import os
import re
import shutil
import sqlite3
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_VERSION = 1
_SCHEMA = """
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE blobs (name TEXT PRIMARY KEY, data BLOB NOT NULL);
CREATE TABLE common (word TEXT PRIMARY KEY, bits BLOB NOT NULL);
CREATE VIRTUAL TABLE texts USING fts5(
    id, question, answer, reference, fields, content='', columnsize=0,
    tokenize='unicode61 remove_diacritics 2');
CREATE VIRTUAL TABLE reasons USING fts5(
    reason, content='', columnsize=0, tokenize='unicode61 remove_diacritics 2');
"""
# Scripts without spaces between words: each character is a word, and a word is a phrase.
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
_WORDS = re.compile(r'"([^"]*)"?|(\S+)')
_SHORTEST_PREFIX = 4
_MOST_WORDS = 12
_CACHE_KB = 16_384
_COMMON, _MOST_COMMON = 50_000, 200
"""Words that so many items hold are common; no more of them are stored."""


def cache_folder(run: Path) -> Path:
    """Folder of the index of a run: in ``$XDG_CACHE_HOME/judge/view``, by the path of the run."""
    path = str(run.resolve())
    return _cache() / hashlib.sha256(path.encode("utf-8", "surrogateescape")).hexdigest()[:24]


def remove_unused() -> None:
    """Remove the indices of runs that do not exist any more."""
    for folder in _cache().glob("*/"):
        run = TextIndex(folder).facts().get("run")
        if run is not None and not Path(run, "run.db").exists():
            shutil.rmtree(folder, ignore_errors=True)


def _cache() -> Path:
    if sys.platform == "win32":  # pragma: no cover - the tests run elsewhere
        base = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "judge" / "view"


class TextIndex:
    """The index file; one connection writes, and each search opens its own."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "index.db"

    @contextlib.contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Open the file to write in it; an index of another version is replaced."""
        with contextlib.closing(sqlite3.connect(self.path, isolation_level=None)) as db:
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = OFF")  # after a loss of power it is built again
            db.execute(f"PRAGMA cache_size = -{_CACHE_KB}")
            version = db.execute("PRAGMA user_version").fetchone()[0]
            if version != _VERSION:
                for (name,) in db.execute(
                    "SELECT name FROM sqlite_master WHERE type = 'table' AND name IN "
                    "('facts', 'blobs', 'common', 'texts', 'reasons')"
                ).fetchall():
                    db.execute(f"DROP TABLE {name}")
                db.executescript(_SCHEMA)
                db.execute(f"PRAGMA user_version = {_VERSION}")
            yield db

    def remove(self) -> None:
        """Delete the file, so that it does not fill the disk; searches that are under way may fail."""
        for ending in ("", "-wal", "-shm"):
            with contextlib.suppress(OSError):
                self.path.with_name(self.path.name + ending).unlink()

    def facts(self) -> dict[str, Any]:
        """Return what the index says about itself; empty if there is none."""
        with contextlib.suppress(sqlite3.Error, ValueError), self._reading() as db:
            return {name: json.loads(value) for name, value in db.execute("SELECT name, value FROM facts")}
        return {}

    def blobs(self) -> dict[str, bytes]:
        """Return the stored columns; empty if there are none."""
        with contextlib.suppress(sqlite3.Error), self._reading() as db:
            return dict(db.execute("SELECT name, data FROM blobs"))
        return {}

    def find(self, word: str, n: int) -> NDArray[np.bool_]:
        """Return which of the first `n` items hold a word, or a phrase, in their texts or reasons.

        Raises
        ------
        sqlite3.Error
            There is no index, or it cannot be read.
        """
        with self._reading() as db:
            common = db.execute("SELECT bits FROM common WHERE word = ?", [word.casefold()]).fetchone()
            if common is None or 8 * len(common[0]) < n:
                return _held(db, word, n)
            return np.unpackbits(np.frombuffer(common[0], np.uint8), count=n).view(bool)

    @contextlib.contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        address = f"{self.path.resolve().as_uri()}?mode=ro"
        with contextlib.closing(sqlite3.connect(address, uri=True)) as db:
            yield db


def write_fact(db: sqlite3.Connection, name: str, value: Any) -> None:
    """Store what the index says about itself."""
    db.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", [name, json.dumps(value)])


def write_blobs(db: sqlite3.Connection, blobs: Mapping[str, bytes]) -> None:
    """Replace the stored columns."""
    db.execute("DELETE FROM blobs")
    db.executemany("INSERT INTO blobs VALUES (?, ?)", blobs.items())


def write_texts(db: sqlite3.Connection, block: Iterable[tuple[int, str, Mapping[str, Any]]]) -> None:
    """Index the texts of items that are not in the index."""
    rows = ((position, *map(searchable, _texts(item_id, data))) for position, item_id, data in block)
    db.executemany(
        "INSERT INTO texts (rowid, id, question, answer, reference, fields) VALUES (?, ?, ?, ?, ?, ?)", rows
    )


def write_reasons(db: sqlite3.Connection, block: Iterable[tuple[int, str]]) -> None:
    """Index the reasons for the scores of items whose reasons are not in the index."""
    rows = ((position, searchable(reason)) for position, reason in block)
    db.executemany("INSERT INTO reasons (rowid, reason) VALUES (?, ?)", rows)


def clear(db: sqlite3.Connection, table: str) -> None:
    """Remove all texts, or all reasons."""
    db.execute(f"INSERT INTO {table} ({table}) VALUES ('delete-all')")


def write_common(db: sqlite3.Connection, n: int) -> None:
    """Store which of the `n` items hold the most common words, which would take too long for a page."""
    counts: dict[str, int] = {}
    for table in ("texts", "reasons"):
        db.execute(f"CREATE VIRTUAL TABLE temp.words USING fts5vocab(main, {table}, row)")
        for word, count in db.execute("SELECT term, doc FROM temp.words WHERE doc >= ?", [_COMMON]):
            counts[word] = counts.get(word, 0) + count
        db.execute("DROP TABLE temp.words")
    for word in sorted(counts, key=lambda word: -counts[word])[:_MOST_COMMON]:
        bits = np.packbits(_held(db, word, n)).tobytes()
        db.execute("INSERT OR REPLACE INTO common VALUES (?, ?)", [word, bits])


def forget_common(db: sqlite3.Connection) -> None:
    """Remove what `write_common` has stored, before the index changes."""
    db.execute("DELETE FROM common")


def words_of(search: str) -> list[str]:
    """Split a search into words and phrases, of which an item must hold all (the first 12 of them).

    >>> words_of('dent "lower left"')
    ['dent', '"lower left"']
    """
    parts = [f'"{phrase}"' if phrase else word for phrase, word in _WORDS.findall(search)]
    return [part for part in parts if re.search(r"\w", part)][:_MOST_WORDS]


def searchable(text: str) -> str:
    """Separate the characters of scripts that have no spaces between words."""
    return text if text.isascii() else _UNSPACED.sub(r" \g<0> ", text)


def _match(word: str) -> str:
    """Return a word as a query of FTS5; a word of four characters or more also finds longer words."""
    is_phrase = word.startswith('"')
    plain = searchable(word.strip('"')).replace('"', "")
    return f'"{plain}"' + ("" if is_phrase or len(plain) < _SHORTEST_PREFIX else "*")


def _texts(item_id: str, data: Mapping[str, Any]) -> tuple[str, ...]:
    question = "\n".join([data["question"], *data.get("choices", ())])
    reference = "\n".join([data.get("reference") or "", *data.get("other_references", ())])
    fields = "\n".join(_scalars([data.get("system"), data.get("metadata")]))
    return item_id, question, data["answer"], reference, fields


def _scalars(value: Any) -> Iterator[str]:
    """Yield every text and number of nested data."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from _scalars(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _scalars(inner)
    elif value is not None:
        yield str(value)


def _held(db: sqlite3.Connection, word: str, n: int) -> NDArray[np.bool_]:
    """Which of the first `n` items hold a word."""
    mask = np.zeros(n, bool)
    for table in ("texts", "reasons"):
        # One text is read much faster than a million rows.
        query = f"SELECT group_concat(rowid) FROM {table} WHERE {table} MATCH ?"
        (joined,) = db.execute(query, [_match(word)]).fetchone()
        positions = _numbers(joined)
        mask[positions[positions <= n] - 1] = True
    return mask


def _numbers(joined: str | None) -> NDArray[np.int64]:
    return np.fromstring(joined or "", dtype=np.int64, sep=",")
