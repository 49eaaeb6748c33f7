"""Estimate which model fits on which GPU, and how long a run takes. Nothing is measured.

Memory, as vLLM uses it:

- it takes 0.92 of the GPU memory (default of ``gpu_memory_utilization`` in 0.26 and 0.32);
- the weights and the engine itself (CUDA context, CUDA graphs, activations of the largest batch) are
  subtracted. The engine is assumed to take 2 GiB, and 3 GiB on GPUs of 70 GiB and more, where vLLM's defaults
  are batches of 16,384 tokens and 1,024 sequences instead of 8,192 and 256; this is a safe assumption;
- the rest is KV cache. A judgment is assumed to need 4,096 tokens, none of them shared. Prompts with the same
  beginning share their cache, so more fit in practice.

Time is the larger of compute time and memory time at the peak performance of the GPU (vendor's figures, dense
bfloat16). Prompts: two operations per parameter and new token. Replies: weights and cache are read once for
each step, in which every concurrent judgment gains a token. A run reaches 40 to 60 % of the peak.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple

import yaml

from judge.hardware.gpus import Card
from judge.hardware.model_sizes import Shape, known_models, read_shape

MEMORY_SHARE = 0.92
JUDGMENT_TOKENS = 4096
AT_ONCE = 16
"""Concurrent judgments that use a GPU well; with fewer, it mostly reads weights."""
RUBRIC_TOKENS, ITEM_TOKENS, REPLY_TOKENS = 1500, 300, 150
"""Assumed tokens of a judgment: a shared rubric, a new item, and a reply with reasons."""
_EFFICIENCY = (0.6, 0.4)
_ALWAYS_THINK = ("openai/gpt-oss",)
_GIB = 2**30
_LARGE = 70 * _GIB

Verdict = Literal["fits", "tight", "too big"]


class Peak(NamedTuple):
    """Peak performance of a GPU."""

    flops: float
    """Operations per second in dense bfloat16 (float16 if the GPU has no bfloat16)."""
    bandwidth: float
    """Memory bandwidth in bytes per second."""


@dataclass(frozen=True, kw_only=True)
class Fit:
    """How well a model fits on a GPU."""

    shape: Shape
    verdict: Verdict
    at_once: int
    """Number of judgments of 4,096 tokens whose KV cache fits at the same time."""
    need: int
    """GPU memory in bytes that `AT_ONCE` concurrent judgments need."""
    tokens: int
    """Size of the KV cache in tokens, which is the largest length of prompt and reply together."""
    seconds: tuple[float, float] | None
    """Estimated range of the time for 1,000 judgments, without starting the engine; None if unknown."""

    @property
    def thinks(self) -> bool:
        """Whether the model always reasons before it answers, whatever the settings."""
        return self.shape.name.startswith(_ALWAYS_THINK)


def fit(shape: Shape, card: Card) -> Fit:
    """Estimate whether and how well a model fits on a GPU."""
    room = int(card.memory * MEMORY_SHARE) - shape.weights - engine_memory(card.memory)
    one = shape.cache(JUDGMENT_TOKENS)
    at_once = max(0, room // one)
    verdict: Verdict = "fits" if at_once >= AT_ONCE else "tight" if at_once >= 2 else "too big"
    peak = None if verdict == "too big" or shape.name.startswith(_ALWAYS_THINK) else peak_of(card)
    return Fit(
        shape=shape,
        verdict=verdict,
        at_once=at_once,
        need=needed(shape, shape.weights),
        tokens=_longest(shape, room),
        seconds=_seconds(shape, peak, room, card) if peak else None,
    )


def fit_known(card: Card) -> list[Fit]:
    """Estimate all known models on one GPU, in order of the memory that they need."""
    known = [fit(read_shape(name, config), card) for name, config in known_models().items()]
    return sorted(known, key=lambda f: f.need)


def suggested(fitting: Iterable[Fit], *, images: bool) -> Fit | None:
    """Return the largest model that fits; with `images`, the largest one that accepts images.

    Models that always reason are excluded: they take much longer, and their first token is not a score.
    """
    good = [f for f in fitting if f.verdict == "fits" and (f.shape.images or not images) and not f.thinks]
    return max(good, key=lambda f: f.shape.parameters, default=None)


def shortlist(fitting: Sequence[Fit], most: int = 6) -> list[Fit]:
    """Select models for display: the largest that fit, those that are tight, and the next larger one."""
    chosen = {id(f) for f in [f for f in fitting if f.verdict != "too big"][-most:]}
    chosen |= {id(suggested(fitting, images=images)) for images in (False, True)}
    chosen |= {id(f) for f in [f for f in fitting if f.verdict == "too big"][:1]}
    return [f for f in fitting if id(f) in chosen]


def advice(shape: Shape, cards: Sequence[Card]) -> list[str]:
    """List what helps if a model is tight or too big, the easiest first."""
    card = min(cards, key=lambda c: c.memory)
    found = []
    for count in (2, 4, 8):
        if shape.heads % count == 0 and needed(shape, shape.weights, count) <= card.memory:
            here = f"--tensor-parallel {count}" if count <= len(cards) else f"{count} such GPUs"
            found.append(f"{here} would be enough")
            break
    if not shape.quantized:
        for name, part in (("--quantization fp8", 0.5), ("a 4-bit version (AWQ, GPTQ)", 0.3)):
            if needed(shape, int(shape.weights * part)) <= card.memory:
                found.append(f"{name} would be enough")
                break
    smaller = suggested(
        (f for f in fit_known(card) if f.shape.parameters < shape.parameters), images=shape.images
    )
    if smaller:
        found.append(f"{smaller.shape.name} fits")
    return found


def needed(shape: Shape, weights: int, cards: int = 1) -> int:
    """Return the memory in bytes that each of several GPUs needs for `AT_ONCE` concurrent judgments."""
    parts = (weights + AT_ONCE * shape.cache(JUDGMENT_TOKENS)) / cards
    small = (parts + engine_memory(0)) / MEMORY_SHARE
    return int(small if small < _LARGE else (parts + engine_memory(_LARGE)) / MEMORY_SHARE)


def engine_memory(card: int) -> int:
    """Return the memory of the engine itself in bytes, for a GPU with `card` bytes."""
    return (3 if card >= _LARGE else 2) * _GIB


def peak_of(card: Card) -> Peak | None:
    """Return the peak performance of a GPU; None if it is not listed."""
    return peaks().get(card.name.removeprefix("NVIDIA ").removeprefix("Tesla "))


@cache
def peaks() -> dict[str, Peak]:
    """Read the table of GPUs: name as given by the driver, without the vendor -> peak performance."""
    text = Path(__file__).with_name("gpu_peaks.yaml").read_text(encoding="utf-8")
    return {
        name: Peak(flops=row["tflops"] * 1e12, bandwidth=row["gb_per_s"] * 1e9)
        for name, row in yaml.safe_load(text).items()
    }


def _longest(shape: Shape, room: int) -> int:
    """Return the length in tokens of a sequence that fills the whole KV cache."""
    left = room - shape.fixed_cache - shape.window_cache * shape.window
    return max(0, left // shape.token_cache) if shape.token_cache else (shape.context or 0)


def _seconds(shape: Shape, peak: Peak, room: int, card: Card, count: int = 1000) -> tuple[float, float]:
    own = shape.cache(RUBRIC_TOKENS + ITEM_TOKENS + REPLY_TOKENS) - shape.cache(RUBRIC_TOKENS)
    batch = max(1, min(count, room // max(1, own), 1024 if card.memory >= _LARGE else 256))
    prompts = count * 2 * shape.active * ITEM_TOKENS / peak.flops
    computing = batch * 2 * (shape.active + shape.head) / peak.flops
    per_parameter = shape.weights / shape.parameters
    read = min(shape.weights, batch * (shape.active + shape.head) * per_parameter)
    reading = (read + batch * own + shape.cache(RUBRIC_TOKENS)) / peak.bandwidth
    floor = prompts + count / batch * REPLY_TOKENS * max(computing, reading)
    return floor / _EFFICIENCY[0], floor / _EFFICIENCY[1]
