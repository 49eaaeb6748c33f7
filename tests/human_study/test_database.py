"""What happens when the file of a study is busy, damaged, or cannot be written."""

import asyncio
import contextlib
import os
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from human_study import database
from human_study.app import create_app
from human_study.database import BusyError, StudyFileError
from human_study.export import long_rows
from human_study.store import Study
from judge.errors import InputError

from .builders import rate
from .client import Client

GOOD = {"save_id": "save-0001", "base": 0, "reply": {"values": {"accuracy": 4}}, "seconds": 3}


@contextlib.contextmanager
def locked(study: Study) -> Iterator[sqlite3.Connection]:
    """Another process that writes."""
    with contextlib.closing(sqlite3.connect(study.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield other


@pytest.fixture
def token(study: Study) -> dict[str, str]:
    rater = study.rater("R01")
    assert rater is not None
    return {"authorization": f"Bearer {rater.token}"}


def test_whoever_waits_for_another_process_keeps_nobody_from_reading(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "PATIENCE", 600)
    with locked(study) as other:
        saving = threading.Thread(target=rate, args=(study, "R01", 1, {"accuracy": 4}))
        saving.start()
        assert len(study.overview("R02")) == len(study.overview("R01")) == 9
        assert saving.is_alive()
        other.execute("ROLLBACK")
        saving.join()
    assert [row["reply"]["values"] for row in study.history()] == [{"accuracy": 4}]


def test_many_who_wait_leave_the_page_open_for_the_others(
    study: Study, monkeypatch: pytest.MonkeyPatch, token: dict[str, str]
) -> None:
    """More than the server has threads for reading; all of them are served in the end."""
    monkeypatch.setattr(database, "PATIENCE", 600)
    client = Client(create_app(study))
    headers = token | {"host": "testserver", "content-type": "application/json"}

    async def everybody() -> list[int]:
        with locked(study) as other:
            saves = [
                asyncio.create_task(client._call("POST", "/api/rater/begin", headers, [b"{}"]))
                for _ in range(60)
            ]
            read = await client._call("GET", "/api/rater/session", headers, [])
            assert not any(save.done() for save in saves)
            other.execute("ROLLBACK")
            return [read.status_code, *(reply.status_code for reply in await asyncio.gather(*saves))]

    assert set(asyncio.run(everybody())) == {200}


def test_a_file_that_stays_busy_asks_the_browser_to_try_again(
    study: Study, monkeypatch: pytest.MonkeyPatch, token: dict[str, str]
) -> None:
    monkeypatch.setattr(database, "PATIENCE", 0)
    client = Client(create_app(study))
    with locked(study):
        reply = client.put("/api/rater/tasks/1", token, GOOD)
        with pytest.raises(BusyError, match="another process holds it; try again"):
            rate(study, "R01", 1, {"accuracy": 4})
    assert (reply.status_code, reply.headers["retry-after"]) == (503, "5")
    assert "sent again" in reply.json()["error"]
    assert client.put("/api/rater/tasks/1", token, GOOD).status_code == 200


def test_after_a_busy_file_the_lock_is_free_for_others(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "PATIENCE", 0)
    with locked(study), pytest.raises(BusyError):
        study.begin("R01")
    other = threading.Thread(target=study.begin, args=("R01",))
    other.start()
    other.join()
    assert study.raters()[0].began is not None


def test_a_file_that_is_damaged_while_it_is_served_tells_raters_nothing_of_it(
    study: Study, token: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    with contextlib.closing(sqlite3.connect(study.path)) as other:
        other.execute("PRAGMA ignore_check_constraints = ON")
        other.execute("UPDATE tasks SET kind = 'odd' WHERE rater = 'R01' AND n = 1")
        other.commit()
    reply = Client(create_app(study)).get("/api/rater/tasks/1", token)
    assert reply.json() == {"error": "internal error; saved ratings are not affected"}
    assert "kind: found 'odd'" in caplog.text


def test_a_score_off_the_scale_in_a_damaged_file_is_no_rating(study: Study) -> None:
    rate(study, "R01", 1, {"accuracy": 4, "clarity": 4})
    with contextlib.closing(sqlite3.connect(study.path)) as other:
        other.execute("DROP TRIGGER ratings_are_never_changed")
        other.execute("UPDATE ratings SET reply = replace(reply, '4', '9')")
        other.commit()
    with pytest.raises(StudyFileError, match=r"damaged \(accuracy: found 9; allowed: 1, 2, 3, 4, 5\)"):
        list(study.tasks())


def test_a_study_is_read_only_where_nothing_can_be_written(study: Study) -> None:
    rate(study, "R01", 1, {"accuracy": 4, "clarity": 4})
    with Study.open(study.path, read_only=True) as found:
        assert [row["value"] for row in long_rows(found)] == [row["value"] for row in long_rows(study)]
        with pytest.raises(StudyFileError, match="readonly"):
            found.begin("R01")


def test_a_study_that_cannot_be_written_is_not_served(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, _: path != study.path)
    with pytest.raises(InputError, match="is read-only; copy the study to a folder that can be written"):
        Study.open(study.path)


def test_a_study_whose_folder_was_taken_away_says_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        Study.open(tmp_path / "gone" / "study.db", read_only=True)
