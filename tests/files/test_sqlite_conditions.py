"""Rows of a damaged file, and records in it that no longer validate."""

import math
import sqlite3

import pytest
from pydantic import BaseModel

from judge.errors import RunError
from judge.files.sqlite import connect_to_read, plain_row, reading


class Record(BaseModel):
    name: str
    n: int


def test_a_record_that_does_not_validate_is_named_with_its_field_and_what_was_found(tmp_path):
    with (
        pytest.raises(RunError, match=r"x\.db: .*Record\.n: found 'many'; ") as error,
        reading(tmp_path / "x.db", RunError),
    ):
        Record.model_validate({"name": "a", "n": "many"})
    assert "\n" not in str(error.value)
    assert "errors.pydantic.dev" not in str(error.value)


@pytest.mark.parametrize("row", [(1, "a", None, 2.5), ()])
def test_names_and_numbers_are_passed_on(row):
    assert plain_row(row) is row


@pytest.mark.parametrize("value", [b"bytes", math.inf, -math.inf, math.nan])
def test_bytes_and_infinity_are_damage(value):
    with pytest.raises(ValueError, match="found "):
        plain_row((1, value))


def test_a_file_that_is_held_is_not_tried_in_other_ways(tmp_path, monkeypatch):
    opened = []

    def busy(address, **_):
        opened.append(str(address))
        error = sqlite3.OperationalError("database is locked")
        error.sqlite_errorcode = sqlite3.SQLITE_BUSY
        raise error

    monkeypatch.setattr(sqlite3, "connect", busy)
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        connect_to_read(tmp_path / "x.db")
    assert len(opened) == 1
