"""Choose the backend of a judge: check it without sending anything, and create it when it is needed."""

from collections.abc import Callable
from pathlib import Path

from judge.errors import BackendError, InputError
from judge.records import Item
from judge.scoring.backends import Backend
from judge.scoring.backends.connection import Connection
from judge.scoring.backends.vllm.engine import EngineOptions
from judge.scoring.images import ImageEncoder
from judge.scoring.judge import PROMPT_VERSION, Judge
from judge.scoring.reply_form import bare_labels


def check_backend(judge: Judge, connection: Connection) -> None:
    """Check, before the input is read and without sending anything, that a judge can answer.

    Parameters
    ----------
    judge : Judge
        The judge to check.
    connection : Connection
        How its API is reached; ignored if it has none.

    Raises
    ------
    BackendError
        The API key is missing; the price of the model is unknown and the cost is limited; the scores are
        expected scores, and the backend gives no token probabilities or a score may be several tokens; a key
        would be sent to an address that only a settings file names; or the judge has an earlier version of
        the prompt.
    InputError
        The file of recorded replies does not exist.
    MissingExtraError
        A package is not installed.
    """
    name = judge.model.partition(":")[2]
    if judge.prompt != PROMPT_VERSION:
        raise BackendError(
            f"{judge.model}: this judge has version {judge.prompt} of the prompt; this release sends version "
            f"{PROMPT_VERSION} only. Create the judge again and score into another folder: out (--out)"
        )
    if judge.backend in ("baseline", "replay") and judge.scores == "expected":
        raise BackendError(
            f"{judge.model}: expected scores need a model that returns token probabilities: vllm:MODEL, "
            "hosted_vllm/MODEL, or an API with log-probabilities. Otherwise use scores='text' (--scores text)"
        )
    if judge.backend == "replay" and not Path(name).is_file():
        raise InputError(f"{name}: no such file; the judge replay:FILE needs a file of recorded replies")
    if judge.backend == "vllm":
        from judge.scoring.backends.vllm import backend

        backend.preflight()
    if judge.backend == "api":
        from judge.scoring.backends.api import logprobs, pricing, providers

        endpoint = providers.resolve(judge.model, connection.api_base, connection.transport)
        if connection.unconfirmed is not None:
            providers.check_keyless(endpoint, connection.unconfirmed)
        prices = pricing.find_prices(judge.model, endpoint.provider, endpoint.model)
        pricing.Budget(connection.max_cost, prices)  # raises if the price is unknown
        if judge.scores == "expected" and not endpoint.is_vllm:  # vLLM says which labels are tokens
            for name in judge.rubric.judged:
                logprobs.by_rank(bare_labels(judge.rubric, name))  # raises before anything is paid for


def load_backend(
    judge: Judge,
    *,
    connection: Connection,
    engine: EngineOptions,
    image_root: Path,
    most_images: int = 0,
    on_loading: Callable[[str], None] = lambda _: None,
    on_wait: Callable[[float, str], None] = lambda _seconds, _message: None,
) -> Backend:
    """Create the backend of a judge; only the module of that backend is imported.

    Parameters
    ----------
    judge : Judge
        The judge; its model name selects the backend.
    connection : Connection
        How an API is reached.
    engine : EngineOptions
        How a model in this process is run.
    image_root : Path
        Folder that image paths are relative to.
    most_images : int
        Largest number of images of one item; a model in this process reserves memory for them.
    on_loading : callable
        Called with the progress of loading a model in this process, as text.
    on_wait : callable
        Called with the seconds for which a rate limit pauses all requests, and the provider's message.
    """
    name = judge.model.partition(":")[2]
    if judge.backend == "baseline":
        from judge.scoring.backends.baseline import BaselineBackend

        return BaselineBackend(judge.rubric)
    if judge.backend == "replay":
        from judge.scoring.backends.replay import ReplayBackend

        return ReplayBackend(name)
    encoder = ImageEncoder(image_root, judge.max_pixels)

    def encode(item: Item, index: int) -> str:
        return encoder.encode(item.images[index])

    if judge.backend == "vllm":
        return _local_backend(judge, engine, encode, image_root, most_images, on_loading)
    from judge.scoring.backends.api.backend import ApiBackend

    return ApiBackend(judge.model, connection=connection, encode=encode, on_wait=on_wait)


def _local_backend(
    judge: Judge,
    engine: EngineOptions,
    encode: Callable[[Item, int], str],
    image_root: Path,
    most_images: int,
    on_loading: Callable[[str], None],
) -> Backend:
    """Create the backend of a model in this process, or on the machines of a Ray cluster."""
    if engine.ray is not None:
        from judge.scoring.backends.ray.backend import ray_backend

        return ray_backend(judge, engine, image_root, most_images, on_loading)
    from judge.scoring.backends.vllm.backend import VllmBackend

    name = judge.model.partition(":")[2]
    return VllmBackend(
        str(Path(name).expanduser()) if name.startswith("~") else name,
        decisive=judge.engine,
        options=engine,
        most_images=most_images,
        encode=encode,
        on_start=on_loading,
    )
