"""The cache of the viewer lies in the folder of the test."""

from pathlib import Path

import pytest

from judge.scoring import schema

from ..human_study.browsing import chromium, open_link

__all__ = ["chromium", "open_link"]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture(autouse=True)
def _no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs of a test need not survive a loss of power."""
    connect = schema.connect_to_write

    def quick(file: Path) -> object:
        db = connect(file)
        db.execute("PRAGMA synchronous = OFF")
        return db

    monkeypatch.setattr(schema, "connect_to_write", quick)
