"""A real engine on the CPU: tiny models, and a running `vllm serve`. `make engine` runs these tests in a venv of their own."""

import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import pytest

from tests.engine import cpu, tiny_model

HERE = Path(__file__).parent
EXAMPLES = HERE.parents[1] / "examples"
HAS_ENGINE = importlib.util.find_spec("vllm") is not None
collect_ignore_glob = [] if HAS_ENGINE else ["*.py"]

if HAS_ENGINE:
    cpu.prepare()  # before any test module imports vllm

SERVER = [
    *("--served-model-name", "tiny", "--host", "127.0.0.1", "--enable-prompt-tokens-details"),
]
SERVED = {"server": "decided", "image_server": "image"}
"""Fixture -> the model that it serves."""
COMPACT = {"backend": "xgrammar", "disable_any_whitespace": True}
"""Grammars for models with random weights, which would fill every gap with white space."""
WITH_SERVERS = {"test_server", "test_both_ways", "test_traps", "test_decisions"}
PATIENCE = 240  # seconds until a server that is not ready is taken for broken


def words_of(arguments):
    """Arguments of the engine as the command line of `vllm serve` has them."""
    for name, value in arguments.items():
        yield f"--{name.replace('_', '-')}"
        yield from [] if value is True else [str(value)]


def pytest_configure(config):
    """What vllm warns about is not ours; what we are warned about is an error here, too."""
    if HAS_ENGINE:
        for line in ("ignore", "error:::judge"):
            config.addinivalue_line("filterwarnings", line)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Two processes: a file stays in one of them, and so do all files that use the servers, which start once.

    Marking tests with groups does nothing: xdist 3.8 writes them to a place where pytest 9.2 does not look.
    """
    from xdist.scheduler import LoadFileScheduling

    class TogetherWithServers(LoadFileScheduling):
        def _split_scope(self, nodeid):
            file = super()._split_scope(nodeid)
            return "servers" if Path(file).stem in WITH_SERVERS else file

    return TogetherWithServers(config, log)


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """Folder of a tiny model of some kind, made once."""
    folders = {}

    def make(kind):
        if kind not in folders:
            folders[kind] = tiny_model.make(kind, tmp_path_factory.mktemp("models") / kind)
        return folders[kind]

    return make


@pytest.fixture(scope="session")
def text_model(made):
    """Qwen3 with random weights: puts little on any digit and never closes a string."""
    return made("text")


@pytest.fixture(scope="session")
def decided_model(made):
    """Qwen3 that says digits from 1 to 5 and closes its strings: replies are complete, scores differ."""
    return made("decided")


@pytest.fixture(scope="session")
def image_model(made):
    """Qwen3-VL with random weights."""
    return made("image")


@pytest.fixture(scope="session")
def engine_arguments():
    """Arguments with which an engine runs on a CPU with little memory."""
    return dict(cpu.ENGINE)


@pytest.fixture(scope="session")
def engine_words(engine_arguments):
    """The same as words of `judge score`."""
    return [word for name, value in engine_arguments.items() for word in ("--engine-arg", f"{name}={value}")]


@pytest.fixture(scope="session")
def answers(tmp_path_factory):
    """A file with the first six of the examples."""
    path = tmp_path_factory.mktemp("answers") / "answers.jsonl"
    with (EXAMPLES / "answers.jsonl").open() as lines:
        path.write_text("".join(islice(lines, 6)))
    return path


@dataclass
class Server:
    """A `vllm serve` that is starting or running."""

    address: str
    process: subprocess.Popen
    log: Path
    model: str = "tiny"

    @property
    def api_base(self):
        return f"{self.address}/v1"

    def post(self, path, **body):
        """Status and JSON of a reply; the path starts at the root, not at /v1."""
        data, headers = (
            json.dumps({"model": self.model, **body}).encode(),
            {"Content-Type": "application/json"},
        )
        request = urllib.request.Request(self.address + path, data, headers)
        try:
            with urllib.request.urlopen(request, timeout=120) as response:
                return response.status, json.load(response)
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or "null")

    def wait(self):
        """Until it answers."""
        until = time.monotonic() + PATIENCE
        while not self.is_ready():
            if self.process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"vllm serve did not start; its log ends:\n{self.log.read_text()[-4000:]}")
            time.sleep(0.2)

    def is_ready(self):
        try:
            with urllib.request.urlopen(f"{self.address}/health", timeout=30) as response:
                return response.status == 200
        except OSError:
            return False

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


def serve(folder, log, *settings):
    """Start a server; it is not ready yet."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(Path(sys.executable).with_name("vllm")), "serve", folder, "--port", str(port)]
    environment = {**os.environ, "VLLM_LOGGING_LEVEL": "INFO"}
    del environment["VLLM_ENABLE_V1_MULTIPROCESSING"]
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*command, *SERVER, *settings, *words_of(cpu.ENGINE)],
            stdout=out,
            stderr=out,
            env=environment,
            start_new_session=True,
        )
    return Server(f"http://127.0.0.1:{port}", process, log)


@pytest.fixture(scope="session")
def _starting(request, tmp_path_factory, made):
    """Start all servers that are wanted with the first of them: each takes half a minute."""
    wanted = {name for item in request.session.items for name in item.fixturenames} & SERVED.keys()
    compact = ("--structured-outputs-config", json.dumps(COMPACT))
    servers = {
        name: serve(
            made(SERVED[name]),
            tmp_path_factory.mktemp(name) / "log.txt",
            *(compact if SERVED[name] == "image" else ()),
        )
        for name in sorted(wanted)
    }
    yield servers
    for server in servers.values():
        server.stop()


@pytest.fixture(scope="session")
def server(_starting):
    """`vllm serve` with the decided model under the name `tiny` and default grammars, ready."""
    _starting["server"].wait()
    return _starting["server"]


@pytest.fixture(scope="session")
def image_server(_starting):
    """The same with the image model and compact grammars."""
    _starting["image_server"].wait()
    return _starting["image_server"]
