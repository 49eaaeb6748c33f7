"""Which backend serves a judge: checked for free first, made when it is needed."""

from collections.abc import Callable
from pathlib import Path

from judge.errors import BackendError, InputError
from judge.records import Item
from judge.scoring.backends import Backend
from judge.scoring.backends.connection import Connection
from judge.scoring.backends.vllm.engine import EngineOptions
from judge.scoring.images import ImageEncoder
from judge.scoring.judge import PROMPT_VERSION, Judge


def check_backend(judge: Judge, connection: Connection) -> None:
    """Find out for free, before the input is read, whether a judge can answer at all.

    Raises
    ------
    JudgeError
        It cannot: no key in the environment, no such file, a package that is missing, no price for a limit
        of the cost, no probabilities where expected scores are wanted, or a key that would be sent to an
        address which only a settings file names.
    """
    name = judge.model.partition(":")[2]
    if judge.prompt != PROMPT_VERSION:
        raise BackendError(
            f"{judge.model}: this judge has version {judge.prompt} of the prompt, and only version "
            f"{PROMPT_VERSION} can be asked; make it anew, and score into another folder"
        )
    if judge.backend in ("baseline", "replay") and judge.scores == "expected":
        raise BackendError(
            f"{judge.model}: expected scores need a model that gives the probabilities of its tokens: "
            "vllm:MODEL, hosted_vllm/MODEL, or an API with log-probabilities. Or take --scores text"
        )
    if judge.backend == "replay" and not Path(name).is_file():
        raise InputError(f"{name}: no such file; --judge replay:FILE needs one with recorded replies")
    if judge.backend == "vllm":
        from judge.scoring.backends.vllm import backend

        backend.preflight()
    if judge.backend == "api":
        from judge.scoring.backends.api import pricing, providers

        endpoint = providers.resolve(judge.model, connection.api_base, connection.transport)
        if connection.unconfirmed is not None:
            providers.check_keyless(endpoint, connection.unconfirmed)
        prices = pricing.find_prices(judge.model, endpoint.provider, endpoint.model)
        pricing.Budget(connection.max_cost, prices)  # complains where no price is known


def load_backend(
    judge: Judge,
    connection: Connection,
    engine: EngineOptions,
    root: Path,
    most_images: int = 0,
    on_start: Callable[[str], None] = lambda _: None,
    on_wait: Callable[[float, str], None] = lambda _seconds, _said: None,
) -> Backend:
    """Make the backend that serves a judge; only its file is imported.

    Parameters
    ----------
    judge : Judge
    connection, engine : Connection, EngineOptions
        How an API is reached; how a model in this process is run.
    root : Path
        Folder that image paths start from.
    most_images : int
        Pictures that one item has at most: a model in this process keeps memory for so many.
    on_start : callable
        Called with what a model says while it is loaded.
    on_wait : callable
        Called with the seconds for which nothing is asked after a refusal, and the provider's words.
    """
    name = judge.model.partition(":")[2]
    if judge.backend == "baseline":
        from judge.scoring.backends.baseline import BaselineBackend

        return BaselineBackend(judge.rubric)
    if judge.backend == "replay":
        from judge.scoring.backends.replay import ReplayBackend

        return ReplayBackend(name)
    encoder = ImageEncoder(root, judge.max_pixels)

    def encode(item: Item, index: int) -> str:
        return encoder.encode(item.images[index])

    if judge.backend == "vllm":
        from judge.scoring.backends.vllm.backend import VllmBackend

        return VllmBackend(
            str(Path(name).expanduser()) if name.startswith("~") else name,
            decisive=judge.engine,
            options=engine,
            most_images=most_images,
            encode=encode,
            on_start=on_start,
        )
    from judge.scoring.backends.api.backend import ApiBackend

    return ApiBackend(judge.model, connection=connection, encode=encode, on_wait=on_wait)
