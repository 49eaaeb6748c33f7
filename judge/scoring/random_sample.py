"""The random sample of its input that a run scored, as its manifest records it."""

from pydantic import BaseModel, ConfigDict


class RandomSample(BaseModel):
    """The random sample that the items of a run are (`judge.score` with `limit` and ``random=True``).

    Attributes
    ----------
    items : int
        Items of the run.
    of : int
        Items of the input that they were drawn from.
    seed : int or None
        Random seed; None if samples with different seeds were combined.
    """

    model_config = ConfigDict(frozen=True, strict=True)

    items: int
    of: int
    seed: int | None

    def __str__(self) -> str:
        seed = "" if self.seed is None else f" (seed {self.seed})"
        return f"random sample of {self.items:,} of {self.of:,} items{seed}"
