"""The workers of a pool as Ray actors. This is the only module that imports Ray."""

import importlib
import importlib.util
import os
import socket
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from judge.errors import BackendError, MissingExtraError
from judge.records import Completion, Request
from judge.scoring.backends.ray.options import RayOptions
from judge.scoring.backends.ray.worker import MakeBackend, Worker
from judge.scoring.backends.ray.worker_pool import WorkerEvent

_THREADS = 3
"""Calls of one actor at a time: it takes requests while it waits for replies."""
_STORE_BYTES = 512 * 2**20
"""Memory for objects in transit on this machine; Ray would take 30 % of it."""

_CONNECT_SECONDS = 10.0

Prepare = Callable[[Request], Request | Completion]
"""Makes what is sent of a request, or its failure."""


class RayWorkers:
    """Actors, one for each worker.

    Parameters
    ----------
    make_backend : callable
        Makes the backend of a worker, in its process.
    options : RayOptions
        Where the cluster is.
    n_cards : int
        Graphics cards of one worker.
    prepare : callable
        Called with each request before it is sent.

    Raises
    ------
    MissingExtraError
        Ray is not installed.
    BackendError
        The cluster cannot be reached, or has no graphics card and the number of workers is not given.
    """

    def __init__(
        self, make_backend: MakeBackend, options: RayOptions, *, n_cards: int, prepare: Prepare
    ) -> None:
        if importlib.util.find_spec("ray") is None:
            raise MissingExtraError("ray", "ray", "a model on a Ray cluster (--workers ray)")
        self._ray, self._is_ours = _started(options.address)
        self._make_backend = make_backend
        self._prepare = prepare
        self._actors: dict[int, Any] = {}
        self._waiting: dict[Any, tuple[int, bool]] = {}
        self._failed: deque[WorkerEvent] = deque()
        n_found = int(self._ray.cluster_resources().get("GPU", 0))
        self._n_cards = n_cards if n_found else 0
        if not n_found and options.workers is None:
            raise BackendError(
                "the Ray cluster has no graphics cards; to run the model on processors, give the number of "
                "workers (--workers ray:2)"
            )
        if n_found and n_found < n_cards:
            raise BackendError(
                f"a worker needs {n_cards} graphics cards, and the Ray cluster has {n_found}; choose a "
                "smaller model, or set tensor_parallel (--tensor-parallel)"
            )
        self.n_workers = options.workers or n_found // n_cards
        """Number of workers that are asked for."""

    def start(self, worker: int) -> None:
        """Begin to start an actor."""
        actor = self._ray.remote(Worker).options(
            num_cpus=1, num_gpus=self._n_cards, max_concurrency=_THREADS, max_restarts=0
        )
        self._actors[worker] = actor.remote(self._make_backend)
        self._waiting[self._actors[worker].machine.remote()] = worker, True

    def send(self, worker: int, batch: Sequence[Request]) -> None:
        """Send requests; those that cannot be prepared fail."""
        prepared = [self._prepare(request) for request in batch]
        if failed := [one for one in prepared if isinstance(one, Completion)]:
            self._failed.append(WorkerEvent(worker, completions=failed))
        self._actors[worker].ask.remote([one for one in prepared if isinstance(one, Request)])

    def next_event(self, seconds: float) -> WorkerEvent | None:
        """Wait for an actor; see `Workers`."""
        if self._failed:
            return self._failed.popleft()
        ready, _ = self._ray.wait(list(self._waiting), num_returns=1, timeout=seconds)
        if not ready:
            return None
        worker, starts = self._waiting.pop(ready[0])
        try:
            found = self._ray.get(ready[0])
        except self._ray.exceptions.RayActorError as error:
            return WorkerEvent(worker, is_lost=True, text=_reason(error))
        except self._ray.exceptions.RayError as error:
            return WorkerEvent(worker, error=f"worker {worker}: {_reason(error)}")
        self._waiting[self._actors[worker].replies.remote()] = worker, False
        if starts:
            return WorkerEvent(worker, is_ready=True, text=found)
        return WorkerEvent(
            worker,
            has_engine=found.has_engine,
            completions=found.completions,
            error=found.error,
            is_lost=found.is_lost,
            text=found.text,
        )

    def stop(self, worker: int) -> None:
        """Kill an actor."""
        self._waiting = {ref: at for ref, at in self._waiting.items() if at[0] != worker}
        self._failed = deque(event for event in self._failed if event.worker != worker)
        self._ray.kill(self._actors.pop(worker))

    def close(self) -> None:
        """Leave the cluster, and end it if it was started here."""
        if self._is_ours:
            self._ray.shutdown()


def _started(address: str | None) -> tuple[Any, bool]:
    """Import Ray, and connect to a cluster or start one on this machine, unless this process has one.

    Also returns whether this process had none.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    # On this machine, a token keeps the other users of it from running code as this one. Another cluster has
    # its own setting, which the environment of this process must repeat.
    if address is None:
        os.environ.setdefault("RAY_AUTH_MODE", "token")
    ray = importlib.import_module("ray")
    if ray.is_initialized():
        return ray, False
    if address:
        _check_reachable(address)
    own = {"address": "local", "include_dashboard": False, "object_store_memory": _STORE_BYTES}
    try:
        ray.init(**({"address": address} if address else own), log_to_driver=False, logging_level="error")
    except (ConnectionError, RuntimeError, ValueError, OSError) as error:
        raise _unreachable(address, error) from None
    _print_to_stderr()
    return ray, True


def _print_to_stderr() -> None:
    """Let Ray print errors of its machines to standard error, because standard output is for data."""
    printing: Any = importlib.import_module("ray._private.worker")
    show = printing.print_to_stdstream
    printing.print_to_stdstream = lambda data, **more: show({**data, "is_err": True}, **more)


def _check_reachable(address: str) -> None:
    """Check that something listens at HOST:PORT; Ray would end this process after a minute."""
    host, _, port = address.rpartition("://")[2].rpartition(":")
    if not port.isdecimal():  # such as auto
        return
    try:
        socket.create_connection((host, int(port)), timeout=_CONNECT_SECONDS).close()
    except (OSError, OverflowError) as error:
        raise _unreachable(address, error) from None


def _unreachable(address: str | None, error: Exception) -> BackendError:
    return BackendError(
        f"the Ray cluster {address or 'on this machine'} cannot be reached ({_reason(error)}); see "
        "`ray status`, and name its address with --ray-address"
    )


def _reason(error: Exception) -> str:
    """First line of an error."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0][:300] if lines else type(error).__name__
