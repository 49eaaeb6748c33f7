"""Shared by all tests: no API key of a real provider reaches a test, and a mock provider on 127.0.0.1."""

import gc
import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

import human_study.schema
import judge.scoring.schema

# No deadline: how long an example takes depends on how busy the machine is. The same examples in every run, so that
# a failure comes from the change under test; `make slow` tries more, --hypothesis-profile=explore tries new ones.
settings.register_profile("house", deadline=None, derandomize=True, max_examples=40)
settings.register_profile("thorough", deadline=None, derandomize=True, max_examples=200)
settings.register_profile("explore", deadline=None, max_examples=200)
settings.load_profile("house")
# A script's background jobs ignore SIGINT, and the processes under test would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

_MOCK = Path(__file__).parent / "support" / "mock_openai.py"


def pytest_collection_finish() -> None:
    """Leave the million objects of the collected tests out of every search for garbage."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove API keys, endpoints and proxies, so that no test can spend money or leave this machine."""
    for name in list(os.environ):
        if re.search(r"(_API_KEY|_API_BASE|_BASE_URL|_AUTH_TOKEN|_PROXY)$", name, re.IGNORECASE):
            monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def _no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of a test need not survive a loss of power. Programs that a test starts and kills do wait."""
    monkeypatch.setattr(judge.scoring.schema, "SYNCHRONOUS", "OFF")
    monkeypatch.setattr(human_study.schema, "SYNCHRONOUS", "OFF")
    monkeypatch.setattr(os, "fsync", lambda _: None)


@dataclass
class Mock:
    """Client of the mock provider, for tests."""

    address: str

    @property
    def api_base(self) -> str:
        return f"{self.address}/v1"

    def set(self, **options: Any) -> None:
        """Reset the server and set options: latency_ms, retry_after, every_429, ... (all others are off)."""
        self._ask("/reset", options)

    def script(self, *responses: dict[str, Any]) -> None:
        """Answer the next requests with these responses, in order."""
        self._ask("/script", list(responses))

    def serve(self, *answers: dict[str, Any]) -> None:
        """Answer every request with the first of these answers whose ``when`` matches it."""
        self._ask("/serve", list(answers))

    def stats(self) -> dict[str, Any]:
        return self._ask("/stats")

    def seen(self) -> list[dict[str, Any]]:
        """Return headers and bodies of all requests so far."""
        return self._ask("/seen")

    def _ask(self, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(self.address + path, data=data, timeout=60) as response:
            return json.load(response)


@pytest.fixture(scope="session")
def _mock_server() -> Iterator[Mock]:
    command = [sys.executable, str(_MOCK), "--port", "0", "--keep", "--retry-after", "0.01"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    line = process.stdout.readline()
    yield Mock(line.split()[2].removesuffix("/v1"))
    process.send_signal(signal.SIGTERM)
    process.wait(timeout=60)
    process.stdout.close()


@pytest.fixture
def mock(_mock_server: Mock) -> Mock:
    """A provider on 127.0.0.1 that answers immediately and without faults unless options say otherwise."""
    _mock_server.set()
    return _mock_server
