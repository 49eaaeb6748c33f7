"""Which judge model fits which card, and about how long a run takes. All estimated, nothing measured.

Memory, as vLLM deals with it:

- it takes 0.92 of the card (default of ``gpu_memory_utilization`` in 0.26 and 0.32);
- of that go the weights, and the engine itself: context, CUDA graphs, the largest batch on its way through.
  That is put at 2 GiB, and at 3 GiB on cards of 70 GiB and more, where vLLM's defaults are batches of 16,384
  tokens and 1,024 judgments instead of 8,192 and 256: an assumption, on the safe side;
- what is left is KV cache. A judgment is counted with 4,096 tokens, none of them shared. Prompts that begin
  alike share their cache, so more fit in practice.

Time: the larger of computing and reading, at a card's peak (vendor's figures, dense bfloat16). Prompts: two
operations for each parameter and new token. Replies: weights and cache are read once for each step in which
every judgment under way gains a token. A run reaches some 40 to 60 % of that.
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
"""Judgments at once that use a card well; with fewer it mostly reads weights."""
RUBRIC_TOKENS, ITEM_TOKENS, REPLY_TOKENS = 1500, 300, 150
"""What the time is worked out for: all share the rubric, the item is new, the reply explains itself."""
_EFFICIENCY = (0.6, 0.4)
_ALWAYS_THINK = ("openai/gpt-oss",)
_GIB = 2**30
_LARGE = 70 * _GIB

Verdict = Literal["fits", "tight", "too big"]


class Peak(NamedTuple):
    """Peak performance of a card."""

    flops: float
    """Operations a second in dense bfloat16 (float16 where a card has no bfloat16)."""
    bandwidth: float
    """Bytes a second out of its memory."""


@dataclass(frozen=True, kw_only=True)
class Fit:
    """How well a model fits on a card."""

    shape: Shape
    verdict: Verdict
    at_once: int
    """Judgments of 4,096 tokens whose KV cache fits at once."""
    need: int
    """Bytes of memory that a card needs for `AT_ONCE` judgments."""
    tokens: int
    """Tokens of KV cache in total; the upper limit of prompt and reply together."""
    seconds: tuple[float, float] | None
    """Estimated time of 1,000 judgments once the engine runs; None if it cannot be estimated."""

    @property
    def thinks(self) -> bool:
        """Whether the model reasons before it answers, whatever the settings."""
        return self.shape.name.startswith(_ALWAYS_THINK)


def fit(shape: Shape, card: Card) -> Fit:
    """Estimate whether and how a model fits on a card."""
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
    """Estimate all known models on one card, those that need the least memory first."""
    known = [fit(read_shape(name, config), card) for name, config in known_models().items()]
    return sorted(known, key=lambda f: f.need)


def suggested(fitting: Iterable[Fit], *, images: bool) -> Fit | None:
    """The largest model that fits; with `images`, the largest that sees pictures.

    None that thinks in any case: it takes far longer, and its first token is no score.
    """
    good = [f for f in fitting if f.verdict == "fits" and (f.shape.images or not images) and not f.thinks]
    return max(good, key=lambda f: f.shape.parameters, default=None)


def shortlist(fitting: Sequence[Fit], most: int = 6) -> list[Fit]:
    """Select the models to show: the largest that fit, those that are tight, and the next too big one."""
    chosen = {id(f) for f in [f for f in fitting if f.verdict != "too big"][-most:]}
    chosen |= {id(suggested(fitting, images=images)) for images in (False, True)}
    chosen |= {id(f) for f in [f for f in fitting if f.verdict == "too big"][:1]}
    return [f for f in fitting if id(f) in chosen]


def advice(shape: Shape, cards: Sequence[Card]) -> list[str]:
    """List what to do if a model is tight or too big, the easiest first."""
    card = min(cards, key=lambda c: c.memory)
    found = []
    for count in (2, 4, 8):
        if shape.heads % count == 0 and needed(shape, shape.weights, count) <= card.memory:
            here = f"--tensor-parallel {count}" if count <= len(cards) else f"{count} such cards"
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
    """Bytes that each of so many cards must have, for `AT_ONCE` judgments at once."""
    parts = (weights + AT_ONCE * shape.cache(JUDGMENT_TOKENS)) / cards
    small = (parts + engine_memory(0)) / MEMORY_SHARE
    return int(small if small < _LARGE else (parts + engine_memory(_LARGE)) / MEMORY_SHARE)


def engine_memory(card: int) -> int:
    """Bytes of the engine itself on a card of so many bytes."""
    return (3 if card >= _LARGE else 2) * _GIB


def peak_of(card: Card) -> Peak | None:
    """Return the peak performance of a card; None if it is not listed."""
    return peaks().get(card.name.removeprefix("NVIDIA ").removeprefix("Tesla "))


@cache
def peaks() -> dict[str, Peak]:
    """Read the table of cards, by the name that the driver gives, without the maker."""
    text = Path(__file__).with_name("gpu_peaks.yaml").read_text(encoding="utf-8")
    return {
        name: Peak(flops=row["tflops"] * 1e12, bandwidth=row["gb_per_s"] * 1e9)
        for name, row in yaml.safe_load(text).items()
    }


def _longest(shape: Shape, room: int) -> int:
    """Tokens of one sequence that fills the whole KV cache."""
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
