"""A real server in a process of its own, which can be killed; and raters that send over HTTP."""

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn

from human_study import app
from human_study.progress import QuestionRatings
from human_study.store import Study
from judge.stats.engine.estimate import Estimate

SERVE = [sys.executable, "-c", "from judge.cli import main; main()", "study", "serve"]
TRIES = 400
WAIT = 0.025


class Server:
    """`judge study serve` on a fixed port; `kill` is SIGKILL, as a power cut would be."""

    def __init__(self, study: Path) -> None:
        self.study = study
        self.port = 0
        self.process: subprocess.Popen[str] | None = None
        self.links: dict[str, str] = {}

    def start(self) -> None:
        """Start it and read the links; the port stays the one of the first start."""
        command = [*SERVE, str(self.study), "--port", str(self.port)]
        environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment
        )
        first = self._line()
        self.links = dict([first, *(self._line() for _ in range(self._n_raters()))])
        self.port = int(re.search(r":(\d+)/", first[1])[1])  # type: ignore[index]

    def kill(self) -> None:
        """End it at once, whatever it is doing."""
        if self.process:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
            if self.process.stdout:
                self.process.stdout.close()
        self.process = None

    def interrupt(self) -> int | None:
        """Press Ctrl-C, and wait for the end; say how it ended."""
        if self.process is None:
            return None
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(timeout=60)

    def token(self, rater: str) -> str:
        return self.links[rater].split("#")[1]

    def __enter__(self) -> "Server":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def _line(self) -> tuple[str, str]:
        if self.process is None or self.process.stdout is None:
            raise RuntimeError("not started")
        who, link = self.process.stdout.readline().split()
        return who, link

    def _n_raters(self) -> int:
        with Study.open(self.study) as study:
            return sum(rater.dropped is None for rater in study.raters())


class Serving:
    """The application in a thread of this process."""

    def __init__(self, study: Path) -> None:
        self.study = study
        self.opened = Study.open(study)
        self.socket = app.listen("127.0.0.1", 0)
        config = uvicorn.Config(app.create_app(self.opened, _no_agreement), log_level="error", lifespan="off")
        self.uvicorn = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.uvicorn.run, args=([self.socket],))
        self.links = app.links(self.opened, app.address(*self.socket.getsockname()))

    def __enter__(self) -> "Serving":
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.uvicorn.should_exit = self.uvicorn.force_exit = True
        self.thread.join()
        self.socket.close()
        self.opened.close()


def _no_agreement(_: QuestionRatings) -> Estimate:
    return Estimate.undefined("no_ratings")


@dataclass
class HttpRater:
    """One rater who rates through the API, and sends again whatever was not acknowledged."""

    port: int
    token: str
    latencies: list[float] = field(default_factory=list)
    acknowledged: dict[int, dict[str, int]] = field(default_factory=dict)
    retries: int = 0
    connection: http.client.HTTPConnection | None = None

    def call(self, method: str, path: str, body: object = None) -> Any:
        """Send one request until it is answered, as the page's queue does."""
        for _ in range(TRIES):
            try:
                return self._once(method, path, body)
            except (OSError, http.client.HTTPException):
                self.close()
                self.retries += 1
                time.sleep(WAIT)
        raise RuntimeError(f"no answer to {method} {path}")

    def close(self) -> None:
        """Hang up."""
        if self.connection:
            self.connection.close()
        self.connection = None

    def rate(self, n: int, values: dict[str, int]) -> None:
        """Rate one answer; what is acknowledged is noted."""
        body = {"save_id": f"save-{n:08d}", "base": 0, "reply": {"values": values}, "seconds": 5}
        self.call("PUT", f"/api/rater/tasks/{n}", body)
        self.acknowledged[n] = values

    def _once(self, method: str, path: str, body: object) -> Any:
        if self.connection is None:
            self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        began = time.perf_counter()
        self.connection.request(method, path, None if body is None else json.dumps(body), headers)
        reply = self.connection.getresponse()
        content = reply.read()
        self.latencies.append(time.perf_counter() - began)
        if reply.status != 200:
            raise RuntimeError(f"{method} {path}: {reply.status} {content[:200]!r}")
        return json.loads(content)


def rate_at_once(server: Server, names: list[str], n_ratings: int, kills: int) -> list[HttpRater]:
    """Let all raters rate at the same time, and kill and restart the server when shares of it are done."""
    raters = [HttpRater(server.port, server.token(name)) for name in names]
    threads = [threading.Thread(target=_rate_list, args=(rater, n_ratings)) for rater in raters]
    for thread in threads:
        thread.start()
    for kill in range(1, kills + 1):
        wanted = len(names) * n_ratings * kill // (kills + 1)
        while sum(len(rater.acknowledged) for rater in raters) < wanted:
            time.sleep(WAIT / 10)
        server.kill()
        server.start()
    for thread in threads:
        thread.join()
    return raters


def _rate_list(rater: HttpRater, n_ratings: int) -> None:
    for n in range(1, n_ratings + 1):
        rater.call("GET", f"/api/rater/tasks/{n}")
        rater.rate(n, {"accuracy": n % 5 + 1, "clarity": (n + 2) % 5 + 1})
    rater.close()
