"""The cache of the viewer lies in the folder of the test."""

from pathlib import Path

import pytest

from ..human_study.browsing import chromium, open_link

__all__ = ["chromium", "open_link"]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"
