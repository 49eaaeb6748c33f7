"""Lower bound for the time of a judge on a GPU (roofline), from floating-point operations and memory traffic.

A prompt token costs two operations per weight of the layers, and attention to all previous tokens; cached
tokens cost nothing. The head is needed once per reply token. A decoding step writes one token for each of
many sequences. It must read all weights once, and the keys and values of each sequence, but those of a
shared prefix only once. Its time is the maximum of the times for computation and for memory traffic.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

BYTES = 2
"""Bytes per number in bfloat16."""


@dataclass(frozen=True)
class Card:
    """Achievable peak rates of a GPU; the defaults are for an H100 with 80 GB."""

    tflops: float = 790.0
    """10^12 dense bfloat16 operations per second."""
    terabytes: float = 3.0
    """10^12 bytes read per second."""


@dataclass(frozen=True)
class Work:
    """Number of requests of a run, and means over them."""

    requests: int
    prompt: float
    """Tokens."""
    cached: float
    """Cached tokens of the prompt."""
    reply: float
    """Tokens."""
    shared: float
    """Tokens of the prompt prefix that all requests share."""
    at_once: int
    """Sequences that are decoded concurrently."""


@dataclass(frozen=True)
class Size:
    """Properties of a model that determine its cost, from its config.json."""

    layers: float
    """Number of weights of all layers."""
    head: float
    """Number of weights of the head."""
    attention: float
    """Operations per pair of attending tokens."""
    kept: float
    """Bytes of the keys and values of one token."""

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> "Size":
        """Return the size of a dense model with the architecture of Qwen3."""
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
    """Return the minimum time in seconds for prefill of all prompts and decoding of all replies."""
    return _reading(size, work, card) + _writing(size, work, card)


def _reading(size: Size, work: Work, card: Card) -> float:
    new = work.prompt - work.cached
    each = 2 * size.layers * new + size.attention * new * (work.cached + new / 2) + 2 * size.head
    return work.requests * each / (card.tflops * 1e12)


def _writing(size: Size, work: Work, card: Card) -> float:
    """Seconds of decoding; the first token of a reply results from the prefill."""
    rows = max(1, min(work.requests, work.at_once))
    steps = work.requests * max(0.0, work.reply - 1) / rows
    context = work.prompt + work.reply / 2
    operations = rows * (2 * (size.layers + size.head) + size.attention * context)
    own = max(0.0, context - work.shared)
    read = BYTES * (size.layers + size.head) + size.kept * (work.shared + rows * own)
    return steps * max(operations / (card.tflops * 1e12), read / (card.terabytes * 1e12))
