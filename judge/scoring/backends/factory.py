"""Choose the backend of a judge: check it without sending anything, and create it when it is needed."""

from pathlib import Path

from judge.errors import BackendError, InputError, RunError
from judge.records import Item
from judge.rubric import Rubric
from judge.scoring.backends import Backend
from judge.scoring.backends.api.parameters import Encode
from judge.scoring.backends.connection import Connection
from judge.scoring.backends.vllm.engine import EngineOptions
from judge.scoring.callbacks import ScoringCallback
from judge.scoring.images import ImageEncoder
from judge.scoring.judge import PROMPT_VERSION, Judge
from judge.scoring.parsing.choice_answers import check_choice_rubric
from judge.scoring.reply_form import bare_labels
from judge.scoring.run import Run


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
    RubricError
        The judge is `letters`, and the rubric asks for more than the right option.
    MissingExtraError
        A package is not installed.
    """
    name = judge.model.partition(":")[2]
    if judge.prompt != PROMPT_VERSION:
        raise BackendError(
            f"{judge.model}: this judge has version {judge.prompt} of the prompt; this release sends version "
            f"{PROMPT_VERSION} only. Create the judge again and score into another folder: out (--out)"
        )
    if judge.backend == "letters":
        check_choice_rubric(judge.rubric)
    if judge.backend in ("baseline", "letters", "replay") and judge.scores == "expected":
        raise BackendError(
            f"{judge.model}: expected scores need a model that returns token probabilities: vllm:MODEL, "
            "hosted_vllm/MODEL, or an API with log-probabilities. Otherwise use scores='text' (--scores text)"
        )
    if judge.backend == "replay" and not Path(name).is_file():
        raise InputError(f"{name}: no such file; the judge replay:FILE needs a file of recorded replies")
    if judge.backend == "vllm":
        from judge.scoring.backends.vllm import backend

        backend.preflight()
    if judge.backend == "decisions":
        _check_decisions(judge, connection)
    if judge.backend == "api":
        from judge.scoring.backends.api import logprobs, pricing, providers

        endpoint = providers.resolve(judge.model, connection.api_base, connection.transport)
        if connection.unconfirmed is not None:
            providers.check_keyless(endpoint, connection.unconfirmed)
        if connection.batch:
            from judge.scoring.backends.batch.select_provider import check_batches

            check_batches(endpoint, connection.api_base, expected_scores=judge.scores == "expected")
        service = pricing.BATCHES if connection.batch else ""
        prices = pricing.find_prices(judge.model, endpoint.provider, endpoint.model, service)
        pricing.Budget(connection.max_cost, prices)  # raises if the price is unknown
        if judge.scores == "expected" and not endpoint.is_vllm:  # vLLM says which labels are tokens
            for name in judge.rubric.judged:
                logprobs.by_rank(bare_labels(judge.rubric, name))  # raises before anything is paid for


def _check_decisions(judge: Judge, connection: Connection) -> None:
    from judge.scoring.backends.api import pricing, providers
    from judge.scoring.backends.decisions import routes

    routes.check_questions(judge)
    target, endpoint = routes.resolve_decisions(judge.model, connection)
    if connection.unconfirmed is not None:
        providers.check_keyless(endpoint, connection.unconfirmed)
    pricing.Budget(connection.max_cost, routes.decision_prices(target))  # raises if it is unknown


def most_images_shown(run: Run, rubric: Rubric) -> int:
    """Largest number of images of one item that the judge is shown."""
    if not rubric.images and not rubric.without:
        return run.most_images
    return max((len(rubric.images_for(item)) for item in run.items_to_ask()), default=0)


def load_backend(
    judge: Judge,
    *,
    connection: Connection,
    engine: EngineOptions,
    image_root: Path,
    most_images: int = 0,
    run: Run | None = None,
    callback: ScoringCallback | None = None,
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
    run : Run or None
        The run, open for writing; batches are recorded in it.
    callback : ScoringCallback or None
        Informed about the loading of a model, waits and batches.

    Raises
    ------
    RunError
        The run has open batches, and the connection does not use the batch API.
    """
    callback = callback or ScoringCallback()
    encoder = ImageEncoder(image_root, judge.max_pixels)

    def encode(item: Item, index: int) -> str:
        return encoder.encode(item.images[index])

    match judge.backend:
        case "baseline":
            from judge.scoring.backends.baseline import BaselineBackend

            return BaselineBackend(judge.rubric)
        case "letters":
            from judge.scoring.backends.letters import LettersBackend

            return LettersBackend()
        case "replay":
            from judge.scoring.backends.replay import ReplayBackend

            return ReplayBackend(judge.model.partition(":")[2], judge.rubric.without)
        case "vllm":
            return _local_model(judge, engine, image_root, most_images, encode, callback)
        case "decisions":
            from judge.scoring.backends.decisions import decision_backend, routes

            routes.check_images(judge.model, most_images)
            return decision_backend.DecisionBackend(
                judge.model, connection=connection, encode=encode, on_wait=callback.on_wait
            )
        case _:
            return _provider(judge, connection, run, encode, callback)


def _local_model(
    judge: Judge,
    engine: EngineOptions,
    image_root: Path,
    most_images: int,
    encode: Encode,
    callback: ScoringCallback,
) -> Backend:
    """A model in this process, or one in each worker of a cluster."""
    if engine.ray is not None:
        from judge.scoring.backends.ray.backend import ray_backend

        return ray_backend(judge, engine, image_root, most_images, callback.on_model_loading)
    from judge.scoring.backends.vllm.backend import VllmBackend

    name = judge.model.partition(":")[2]
    return VllmBackend(
        str(Path(name).expanduser()) if name.startswith("~") else name,
        decisive=judge.engine,
        options=engine,
        most_images=most_images,
        encode=encode,
        on_start=callback.on_model_loading,
    )


def _provider(
    judge: Judge, connection: Connection, run: Run | None, encode: Encode, callback: ScoringCallback
) -> Backend:
    """An API, request by request or in batches."""
    from judge.scoring.backends.api.backend import ApiBackend
    from judge.scoring.backends.batch.journal import BatchJournal

    journal = BatchJournal(run.path, run.connection) if run else None
    if journal is not None and connection.batch:
        from judge.scoring.backends.batch.backend import BatchBackend

        return BatchBackend(
            judge.model,
            journal,
            connection=connection,
            encode=encode,
            on_wait=callback.on_wait,
            on_batches=callback.on_batches,
        )
    if journal is not None and (waiting := journal.batches(is_open=True)):
        raise RunError(
            f"{journal.folder}: {sum(batch.requests for batch in waiting):,} requests are in batches that "
            "are not collected. Collect them with batch (--batch); to send the rest one by one, cancel them "
            f"(judge batches {journal.folder} --cancel) and score with batch and live_rest (--live-rest)"
        )
    return ApiBackend(judge.model, connection=connection, encode=encode, on_wait=callback.on_wait)
