"""What the organiser sets while a study runs: names of the raters, and the completion code."""

import json
import sqlite3
from typing import TypeVar

from human_study.database import Database

T = TypeVar("T", str, dict[str, str])


class OrganiserSettings:
    """Settings in the file of a study; neither raters nor exports see the names."""

    def __init__(self, db: Database) -> None:
        self._db = db

    @property
    def real_names(self) -> dict[str, str]:
        """Pseudonym of a rater -> name that the organiser gave."""
        return self._read("real_names", {})

    def set_real_name(self, rater: str, name: str) -> None:
        """Give a rater a name; an empty one removes it."""
        with self._db.writing() as db:
            names = {**self.real_names, rater: name.strip()}
            _write(db, "real_names", {one: given for one, given in names.items() if given})

    @property
    def completion_code(self) -> str:
        """Code that raters see after their last answer; empty if there is none."""
        return self._read("completion_code", "")

    def set_completion_code(self, code: str) -> None:
        """Set the code that raters see after their last answer; an empty one removes it."""
        with self._db.writing() as db:
            _write(db, "completion_code", code.strip())

    def _read(self, name: str, default: T) -> T:
        def decode(row: sqlite3.Row) -> T:
            value = json.loads(row[0])
            if not isinstance(value, type(default)):
                raise TypeError(f"{name}: found {value!r:.80}")
            return value

        return next(iter(self._db.read(decode, "SELECT value FROM study WHERE name = ?", name)), default)


def _write(db: sqlite3.Connection, name: str, value: object) -> None:
    db.execute("INSERT OR REPLACE INTO study VALUES (?, ?)", [name, json.dumps(value)])
