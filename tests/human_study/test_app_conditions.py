"""How the server is set up, and where it listens."""

import socket
from types import SimpleNamespace
from typing import Any

import pytest

from human_study import app
from human_study.app import serve
from human_study.store import Study


def test_the_server_logs_no_request_and_ends_within_five_seconds_of_ctrl_c(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, Any] = {}

    def interrupted(sockets: list[socket.socket]) -> None:
        seen["sockets"] = sockets
        raise KeyboardInterrupt

    monkeypatch.setattr(app.uvicorn, "Config", lambda made, **options: seen.update(options, app=made))
    monkeypatch.setattr(app.uvicorn, "Server", lambda _: SimpleNamespace(run=interrupted))
    with socket.socket() as listening:
        serve(study, listening)  # Ctrl-C is the normal end
        assert seen["sockets"] == [listening]
    assert (seen["access_log"], seen["server_header"], seen["log_level"]) == (False, False, "warning")
    assert (seen["lifespan"], seen["timeout_graceful_shutdown"]) == ("off", 5)
