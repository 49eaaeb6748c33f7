"""Counts and totals of a run."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ConfigDict


@dataclass(frozen=True, kw_only=True)
class IngestCounts:
    """Counts of the items of one input.

    Attributes
    ----------
    new, known : int
        Items that the run did not have, and those that it has with the same content.
    changed : int
        Items whose content differs from that of the same id in the run; they are scored again.
    repeated : int
        Identical repetitions of a row; they count once.
    elsewhere : int
        Items of earlier inputs that this one does not contain; they stay in the run.
    """

    new: int = 0
    known: int = 0
    changed: int = 0
    repeated: int = 0
    elsewhere: int = 0


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


@dataclass(frozen=True, kw_only=True)
class RunSummary:
    """Counts of items, verdicts, statuses and failures; tokens, cost and time.

    Attributes
    ----------
    items, complete : int
        Items, and those of them that have every score.
    passed, failed, undecided : int
        Items by the pass rule; `undecided` where a missing score leaves the verdict open.
    statuses : dict of str to dict of str to int
        Dimension -> status -> number of scores.
    failures : dict of str to int
        Requests without a reply, by the kind of their last failure.
    completions : int
        Completions stored, failures included.
    prompt_tokens, completion_tokens, cached_tokens, reasoning_tokens : int or None
        As the provider counted them; None if it counted none.
    cost : float or None
        Known cost in USD.
    unpriced : int
        Completions of a provider whose cost is not known.
    on_scale : float or None
        Mean total probability of the labels of the scale; None if no expected scores were requested.
    with_verdict_in_text : int
        Items whose text contains something like a verdict.
    lost_to_copied_verdict : int
        Items without a score because the reply only copies a verdict from the prompt.
    seconds : float
        Time spent scoring.
    """

    items: int = 0
    complete: int = 0
    passed: int = 0
    failed: int = 0
    undecided: int = 0
    statuses: dict[str, dict[str, int]] = field(default_factory=dict)
    failures: dict[str, int] = field(default_factory=dict)
    completions: int = 0
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cached_tokens: int | None = None
    reasoning_tokens: int | None = None
    cost: float | None = None
    unpriced: int = 0
    on_scale: float | None = None
    with_verdict_in_text: int = 0
    lost_to_copied_verdict: int = 0
    seconds: float = 0.0

    @property
    def pass_rate(self) -> float | None:
        """Share of the items with a verdict that pass; None if there are none."""
        decided = self.passed + self.failed
        return self.passed / decided if decided else None


def counts_by_dimension(rows: Iterable[tuple[Any, ...]]) -> dict[str, dict[Any, int]]:
    """Nest rows of dimension, value and count."""
    counts: dict[str, dict[Any, int]] = {}
    for dimension, value, count in rows:
        counts.setdefault(dimension, {})[value] = count
    return counts
