"""What all tests share: no key of a real provider, and a server that plays one."""

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

# A law holds or not; how long an example takes on a busy machine is no fact about the code.
# The same examples each time: a change is judged by what it changes. New ones: --hypothesis-profile=explore.
settings.register_profile("house", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None)
settings.load_profile("house")
# Jobs that a script starts in the background ignore Ctrl-C, and so would whatever is tested.
signal.signal(signal.SIGINT, signal.default_int_handler)

_MOCK = Path(__file__).parent / "support" / "mock_openai.py"


@pytest.fixture(autouse=True)
def _no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test cannot spend money by accident, nor go through somebody's proxy."""
    for name in list(os.environ):
        if re.search(r"(_API_KEY|_API_BASE|_BASE_URL|_AUTH_TOKEN|_PROXY)$", name, re.IGNORECASE):
            monkeypatch.delenv(name)


@dataclass
class Mock:
    """The mock provider, as a test sees it."""

    address: str

    @property
    def api_base(self) -> str:
        return f"{self.address}/v1"

    def set(self, **options: Any) -> None:
        """Forget everything, and set options: latency_ms, retry_after, every_429, … (the others are off)."""
        self._ask("/reset", options)

    def script(self, *responses: dict[str, Any]) -> None:
        """Answer the next requests with these, in order."""
        self._ask("/script", list(responses))

    def serve(self, *answers: dict[str, Any]) -> None:
        """Answer every request with the first of these whose ``when`` it is."""
        self._ask("/serve", list(answers))

    def stats(self) -> dict[str, Any]:
        return self._ask("/stats")

    def seen(self) -> list[dict[str, Any]]:
        """Headers and bodies of all requests."""
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
    """A provider on 127.0.0.1 that answers at once and without faults, until told otherwise."""
    _mock_server.set()
    return _mock_server
