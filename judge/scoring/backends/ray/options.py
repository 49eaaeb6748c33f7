"""How a model is run on a Ray cluster."""

from dataclasses import dataclass


@dataclass(frozen=True)
class RayOptions:
    """How a model is run on the machines of a Ray cluster; pass it to `judge.EngineOptions`.

    Each worker is a Ray actor with an engine of its own. The process that calls `judge.score` builds the
    prompts, stores every reply and derives the scores, as for a model in this process.

    Parameters
    ----------
    workers : int or None
        Number of workers; None starts as many as the cluster has graphics cards for.
    address : str or None
        Address of a running cluster, or ``auto``; None starts Ray on this machine.
    ship_images : bool
        Whether images are sent to the workers, for clusters without a shared file system. Otherwise the
        workers read them from the same paths as this process.

    Examples
    --------
    >>> from judge import EngineOptions, RayOptions
    >>> EngineOptions(ray=RayOptions(workers=8, address="auto")).ray.workers
    8
    """

    workers: int | None = None
    address: str | None = None
    ship_images: bool = False
