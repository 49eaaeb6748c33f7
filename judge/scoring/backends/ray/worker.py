"""A worker: a process on any machine of the cluster, with a backend that is fed continuously."""

import queue
import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from judge.errors import JudgeError
from judge.records import Completion, Item, Request
from judge.scoring.backends.ray.worker_pool import POLL_SECONDS
from judge.scoring.backends.vllm.engine import EngineOptions
from judge.scoring.images import ImageEncoder


class StreamBackend(Protocol):
    """A backend whose requests may be None, which means that there is none at present."""

    def complete(self, requests: Iterator[Request | None]) -> Iterator[Sequence[Completion]]:
        """Send all requests and yield completions as they arrive."""
        ...


MakeBackend = Callable[[Callable[[str], None]], StreamBackend]
"""Makes the backend of a worker; it gets a function that reports how far it is loaded."""


@dataclass(frozen=True)
class VllmOnWorker:
    """Makes the backend of a worker: vLLM in its process. It is sent to the workers.

    Attributes
    ----------
    model : str
        A folder, or a name on the Hugging Face Hub.
    decisive : mapping
        Engine settings that can change a reply.
    max_pixels : int
        Images with more pixels are scaled down.
    options : EngineOptions
        How the engine is run.
    most_images : int
        Largest number of images of one item.
    image_root : Path
        Folder that image paths are relative to, on every machine.
    ships_images : bool
        Whether the images are sent with the requests, as data URLs.
    """

    model: str
    decisive: Mapping[str, Any]
    max_pixels: int
    options: EngineOptions
    most_images: int
    image_root: Path
    ships_images: bool

    def __call__(self, on_start: Callable[[str], None]) -> StreamBackend:
        """Make the backend."""
        from judge.scoring.backends.vllm.backend import VllmBackend

        encoder = ImageEncoder(self.image_root, self.max_pixels)

        def encode(item: Item, index: int) -> str:
            image = item.images[index]
            return (image.url or "") if self.ships_images else encoder.encode(image)

        return VllmBackend(
            self.model,
            decisive=self.decisive,
            options=self.options,
            most_images=self.most_images,
            encode=encode,
            on_start=on_start,
        )


@dataclass(frozen=True)
class Replies:
    """What has arrived at a worker since it was asked last.

    Attributes
    ----------
    completions : sequence of Completion
        Completions.
    error : str
        Why the backend ended; empty while it runs.
    is_lost : bool
        Whether its engine has failed, so that another one may go on.
    text : str
        How far the model is loaded.
    has_engine : bool
        Whether the engine has started since then.
    """

    completions: Sequence[Completion] = ()
    error: str = ""
    is_lost: bool = False
    text: str = ""
    has_engine: bool = False


class Worker:
    """Runs a backend in a thread; requests come and replies go through queues."""

    def __init__(self, make_backend: MakeBackend) -> None:
        self._make_backend = make_backend
        self._asked: queue.SimpleQueue[Sequence[Request]] = queue.SimpleQueue()
        self._arrived: queue.SimpleQueue[Replies] = queue.SimpleQueue()
        self._in_flight = 0
        threading.Thread(target=self._run, name="backend", daemon=True).start()

    def machine(self) -> str:
        """Return the name of its machine."""
        return socket.gethostname()

    def ask(self, batch: Sequence[Request]) -> None:
        """Take requests."""
        self._asked.put(batch)

    def replies(self, seconds: float = POLL_SECONDS) -> Replies:
        """Wait for replies, at most so many seconds, and return all that have arrived."""
        found: list[Replies] = []
        try:
            found.append(self._arrived.get(timeout=seconds))
            while True:
                found.append(self._arrived.get_nowait())
        except queue.Empty:
            pass
        ends = [one for one in found if one.error]
        return Replies(
            completions=[completion for one in found for completion in one.completions],
            error=ends[0].error if ends else "",
            is_lost=any(one.is_lost for one in ends),
            has_engine=any(one.has_engine for one in found),
            text=next((one.text for one in reversed(found) if one.text), ""),
        )

    def _run(self) -> None:
        try:
            backend = self._make_backend(lambda text: self._arrived.put(Replies(text=text)))
            for completions in backend.complete(self._requests()):
                self._in_flight -= len(completions)
                self._arrived.put(Replies(completions))
            raise RuntimeError("the backend ended")
        except BaseException as error:  # noqa: BLE001 - nothing else reports the end of a thread
            from judge.scoring.backends.vllm.startup_errors import EngineFailedError, error_text

            text = str(error) if isinstance(error, JudgeError) else error_text(error)
            self._arrived.put(Replies(error=text, is_lost=isinstance(error, EngineFailedError)))

    def _requests(self) -> Iterator[Request | None]:
        """Yield requests as they come, and None while there are none and others are in flight."""
        has_engine = False
        while True:
            try:
                batch = self._asked.get(block=not self._in_flight)
            except queue.Empty:
                yield None
                continue
            self._in_flight += len(batch)
            for request in batch:
                yield request
                if not has_engine:  # the backend starts its engine with the first request
                    has_engine = True
                    self._arrived.put(Replies(has_engine=True))
