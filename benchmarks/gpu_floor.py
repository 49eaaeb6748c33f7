"""The least time in which a card could do a judge's work: floating-point operations and bytes, nothing else.

A prompt token costs two operations a weight of the layers, and attention over all tokens before it; what came
out of the cache costs nothing. The head is needed once a reply token. A step that writes one token for each
of many sequences must read all weights once, and the keys and values of every sequence; those of a prefix
that all share need be read only once. It takes as long as the longer of computing and reading.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

BYTES = 2
"""Of one number in bfloat16."""


@dataclass(frozen=True)
class Card:
    """What a card does at best, as good kernels see it; the defaults are for an H100 with 80 GB."""

    tflops: float = 790.0
    """10^12 dense bfloat16 operations a second."""
    terabytes: float = 3.0
    """10^12 bytes read a second."""


@dataclass(frozen=True)
class Work:
    """Means over the requests of a run."""

    requests: int
    prompt: float
    """Tokens."""
    cached: float
    """Tokens of the prompt that came out of the cache."""
    reply: float
    """Tokens."""
    shared: float
    """Tokens at the beginning of the prompt that all requests share."""
    at_once: int
    """Sequences that are written at a time."""


@dataclass(frozen=True)
class Size:
    """What a model's config.json means for its cost."""

    layers: float
    """Weights of all layers."""
    head: float
    """Weights of the head."""
    attention: float
    """Operations for one token to attend to one other."""
    kept: float
    """Bytes of keys and values of one token."""

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> "Size":
        """The size of a dense model in the manner of Qwen3."""
        width, deep = config["hidden_size"], config["num_hidden_layers"]
        queries = config["num_attention_heads"] * config["head_dim"]
        keys = config["num_key_value_heads"] * config["head_dim"]
        one = 2 * width * queries + 2 * width * keys + 3 * width * config["intermediate_size"]
        return cls(
            layers=deep * one,
            head=width * config["vocab_size"],
            attention=4 * deep * queries,
            kept=2 * deep * keys * BYTES,
        )


def floor_seconds(size: Size, work: Work, card: Card) -> float:
    """Least seconds for reading all prompts and writing all replies."""
    return _reading(size, work, card) + _writing(size, work, card)


def _reading(size: Size, work: Work, card: Card) -> float:
    new = work.prompt - work.cached
    each = 2 * size.layers * new + size.attention * new * (work.cached + new / 2) + 2 * size.head
    return work.requests * each / (card.tflops * 1e12)


def _writing(size: Size, work: Work, card: Card) -> float:
    """The first token of a reply comes out of reading the prompt."""
    rows = max(1, min(work.requests, work.at_once))
    steps = work.requests * max(0.0, work.reply - 1) / rows
    context = work.prompt + work.reply / 2
    operations = rows * (2 * (size.layers + size.head) + size.attention * context)
    own = max(0.0, context - work.shared)
    read = BYTES * (size.layers + size.head) + size.kept * (work.shared + rows * own)
    return steps * max(operations / (card.tflops * 1e12), read / (card.terabytes * 1e12))
