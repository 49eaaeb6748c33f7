"""Embeddings that were computed before, by the hash of the file and the model, in the user's cache folder."""

import os
import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import closing
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_TABLE = """
create table if not exists embeddings (
    model text, sha256 text, vector blob, primary key (model, sha256)
) without rowid"""
_TYPE = "<f4"


def cache_folder() -> Path:
    """Return the folder of this toolkit among the caches of the user, which may not exist."""
    home = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA") or Path.home() / ".cache"
    return Path(home) / "judge"


class EmbeddingCache:
    """Vectors by model and hash, in one SQLite file; each batch is written completely or not at all.

    A cache that cannot be used is reported once, and computing goes on without it.

    Parameters
    ----------
    folder : Path or None
        Folder of the file; None means the user's cache.
    on_note : callable
        Gets a line if the cache cannot be used.
    """

    def __init__(self, folder: Path | None, on_note: Callable[[str], None]) -> None:
        self._file = (folder or cache_folder()) / "embeddings.db"
        self._on_note = on_note
        self._is_usable = True

    def read(self, model: str, digests: Collection[str]) -> Iterator[tuple[str, NDArray[np.float32]]]:
        """Yield the known vectors of a model for files with these hashes."""
        if not (self._is_usable and self._file.is_file()):
            return
        try:
            with closing(self._connected()) as db:
                for digest in digests:
                    row = db.execute(
                        "select vector from embeddings where model = ? and sha256 = ?", [model, digest]
                    ).fetchone()
                    if row:
                        yield digest, np.frombuffer(row[0], dtype=_TYPE)
        except (sqlite3.Error, OSError) as error:
            self._give_up(error)

    def write(self, model: str, vectors: Mapping[str, NDArray[np.float32]]) -> None:
        """Add vectors of a model."""
        if not self._is_usable:
            return
        rows = [(model, digest, vector.astype(_TYPE).tobytes()) for digest, vector in vectors.items()]
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with closing(self._connected()) as db, db:
                db.execute(_TABLE)
                db.executemany("insert or replace into embeddings values (?, ?, ?)", rows)
        except (sqlite3.Error, OSError) as error:
            self._give_up(error)

    def _connected(self) -> sqlite3.Connection:
        return sqlite3.connect(self._file, timeout=30)

    def _give_up(self, error: Exception) -> None:
        self._is_usable = False
        self._on_note(f"embeddings are not cached: {self._file}: {error}")
