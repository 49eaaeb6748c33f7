"""Backend of a model on the machines of a Ray cluster."""

import time
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path

from judge.errors import InputError
from judge.records import Completion, Failure, Image, Request
from judge.scoring.backends.ray.cluster import RayWorkers
from judge.scoring.backends.ray.options import RayOptions
from judge.scoring.backends.ray.worker import MakeBackend, VllmOnWorker
from judge.scoring.backends.ray.worker_pool import WorkerPool
from judge.scoring.backends.vllm.engine import EngineOptions, cards_for
from judge.scoring.images import ImageEncoder
from judge.scoring.judge import Judge

BATCH = 256
BATCH_WITH_IMAGES = 32
"""Requests of a batch whose images are sent along."""
NOTE_SECONDS = 60.0


class RayBackend:
    """Backend that sends requests to workers on a Ray cluster.

    The cluster is connected with the first request, so a complete run does not need it.

    Parameters
    ----------
    make_backend : callable
        Makes the backend of a worker, in its process.
    options : RayOptions
        The cluster, and the number of workers.
    n_cards : int
        Graphics cards of one worker.
    encoder : ImageEncoder or None
        Encodes the images that are sent along; None if the workers read them.
    on_note : callable
        Called with what happens to the workers, as text.
    """

    stopped: str | None = None
    spent = 0.0

    def __init__(
        self,
        make_backend: MakeBackend,
        options: RayOptions,
        *,
        n_cards: int = 1,
        encoder: ImageEncoder | None = None,
        on_note: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._make_backend = make_backend
        self._options = options
        self._n_cards = n_cards
        self._encoder = encoder
        self._on_note = on_note
        self._pool: WorkerPool | None = None
        self._workers: RayWorkers | None = None
        self._left: Sequence[Completion] = ()

    def complete(self, requests: Iterable[Request]) -> Generator[Sequence[Completion]]:
        """Send all requests to the workers and yield their completions as they arrive."""
        source = iter(requests)
        first = next(source, None)
        if first is None:
            return
        pool = self._pool = self._pool or self._connected()
        is_complete, noted = False, time.monotonic()
        try:
            for batch in pool.complete(chain([first], source)):
                yield batch
                if time.monotonic() - noted > NOTE_SECONDS:
                    noted = time.monotonic()
                    self._note_replies(pool)
            is_complete = True
            self._note_replies(pool)
        finally:
            if not is_complete:
                self._left = pool.stop()

    def drain(self) -> Sequence[Completion]:
        """Return the completions that arrived while the iterator was being closed."""
        left, self._left = self._left, ()
        return left

    def close(self) -> None:
        """End the workers and free their graphics cards."""
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.stop()
        workers, self._workers = self._workers, None
        if workers is not None:
            workers.close()

    def _connected(self) -> WorkerPool:
        self._on_note("connecting to the Ray cluster")
        workers = self._workers = RayWorkers(
            self._make_backend, self._options, n_cards=self._n_cards, prepare=self._prepared
        )
        size = BATCH_WITH_IMAGES if self._encoder else BATCH
        return WorkerPool(workers, workers.n_workers, size=size, on_note=self._on_note)

    def _prepared(self, request: Request) -> Request | Completion:
        """Put the images into a request, if they are sent along; return its failure if one cannot be read."""
        if self._encoder is None or not request.item.images:
            return request
        return shipped(request, self._encoder)

    def _note_replies(self, pool: WorkerPool) -> None:
        counts = ", ".join(f"{number}: {n:,}" for number, n in sorted(pool.n_replies.items()))
        self._on_note(f"replies by worker: {counts}")


def shipped(request: Request, encoder: ImageEncoder) -> Request | Completion:
    """Replace the images of a request by data URLs; return its failure if one cannot be read."""
    try:
        images = tuple(Image(url=encoder.encode(image), role=image.role) for image in request.item.images)
    except (InputError, OSError) as error:
        return Completion.of(request, failure=Failure(kind="image", message=str(error)), created=time.time())
    return replace(request, item=request.item.model_copy(update={"images": images}))


def ray_backend(
    judge: Judge, engine: EngineOptions, image_root: Path, most_images: int, on_note: Callable[[str], None]
) -> RayBackend:
    """Make the backend of a judge ``vllm:MODEL`` whose model runs on a Ray cluster."""
    options = engine.ray or RayOptions()
    name = _on_any_machine(judge.model.partition(":")[2])
    n_cards = engine.tensor_parallel or cards_for(name, judge.engine.get("quantization"))
    # In an actor, vLLM would start further actors for the cards of one engine.
    args = {"distributed_executor_backend": "mp", **engine.args} if n_cards > 1 else engine.args
    on_worker = replace(engine, ray=None, tensor_parallel=n_cards, args=args)
    decisive = {
        key: _on_any_machine(value) if key == "lora" and value else value
        for key, value in judge.engine.items()
    }
    make = VllmOnWorker(
        model=name,
        decisive=decisive,
        max_pixels=judge.max_pixels,
        options=on_worker,
        most_images=most_images,
        image_root=image_root,
        ships_images=options.ship_images,
    )
    encoder = ImageEncoder(image_root, judge.max_pixels) if options.ship_images else None
    return RayBackend(make, options, n_cards=n_cards, encoder=encoder, on_note=on_note)


def _on_any_machine(model: str) -> str:
    """Return the absolute path of a folder, because a worker has another working directory."""
    folder = Path(model).expanduser()
    return str(folder.resolve()) if folder.is_dir() else model
