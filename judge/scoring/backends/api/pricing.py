"""Prices from litellm's list, which is read without importing litellm, and the budget of a run."""

import importlib.util
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from judge.errors import BackendError
from judge.records import Request, Usage

TOKENS_PER_IMAGE = 1_500
"""Prompt tokens of an image of a megapixel or more, by the providers' formulas; for estimates only."""
TOKENS_PER_REPLY = 300
"""Tokens of a verdict with a sentence for each dimension; for estimates only."""

_PRICE_FILE = "model_prices_and_context_window_backup.json"
_LONG_PROMPT = re.compile(r"input_cost_per_token_above_(\d+)k_tokens")
BATCHES = "_batches"
"""End of the names of the prices of batches in the price list."""


@cache
def _price_list() -> Mapping[str, Mapping[str, Any]]:
    spec = importlib.util.find_spec("litellm")
    if spec is None or spec.origin is None:
        return {}
    path = Path(spec.origin).parent / _PRICE_FILE
    if not path.is_file():
        return {}
    models: dict[str, dict[str, Any]] = json.loads(path.read_bytes())
    return models


@cache
def _providers() -> frozenset[str]:
    # "vertex_ai-anthropic_models" is a group of models of the provider vertex_ai
    return frozenset(
        str(entry.get("litellm_provider", "")).partition("-")[0] for entry in _price_list().values()
    )


def known_provider(name: str) -> bool:
    """Whether the price list has models of this provider."""
    return bool(name) and name in _providers()


def provider_of(model: str) -> str | None:
    """Return the provider of a model name without one (``gpt-5``); None if it is not in the price list."""
    entry = _price_list().get(model)
    return None if entry is None else str(entry["litellm_provider"]).partition("-")[0]


@dataclass(frozen=True, slots=True)
class Price:
    """USD per token."""

    prompt: float
    completion: float
    cached: float
    cache_write: float
    reasoning: float

    def cost(self, usage: Usage, cache_write_tokens: int = 0) -> float:
        """Cost of one reply in USD.

        >>> price = Price(prompt=2e-6, completion=8e-6, cached=5e-7, cache_write=2e-6, reasoning=8e-6)
        >>> round(price.cost(Usage(prompt_tokens=1000, cached_tokens=800, completion_tokens=100)), 6)
        0.0016
        """
        fresh = max(usage.prompt_tokens - usage.cached_tokens - cache_write_tokens, 0)
        said = max(usage.completion_tokens - usage.reasoning_tokens, 0)
        return (
            fresh * self.prompt
            + usage.cached_tokens * self.cached
            + cache_write_tokens * self.cache_write
            + said * self.completion
            + usage.reasoning_tokens * self.reasoning
        )


class Prices:
    """Prices of one model, which may depend on the length of the prompt.

    Parameters
    ----------
    entry : mapping
        Its entry in the price list.
    service : str
        End of the names of the prices: empty, or ``_batches``.
    """

    def __init__(self, entry: Mapping[str, Any], service: str = "") -> None:
        bounds = {int(match[1]) for name in entry if (match := _LONG_PROMPT.fullmatch(name))}
        self._tiers = [
            (k * 1000, _price(entry, f"_above_{k}k_tokens{service}", service))
            for k in sorted(bounds, reverse=True)
        ]
        self._base = _price(entry, service, service)

    def at(self, prompt_tokens: int) -> Price:
        """Return the price for a prompt of this length."""
        return next((price for bound, price in self._tiers if prompt_tokens > bound), self._base)

    def cost(self, usage: Usage, cache_write_tokens: int = 0) -> float:
        """Cost of one reply in USD."""
        return self.at(usage.prompt_tokens).cost(usage, cache_write_tokens)


def find_prices(name: str, provider: str, model: str, service: str = "") -> Prices | None:
    """Return the prices of a model; None if they are unknown (the user's own server, a new model).

    With the service `BATCHES`, these are the prices of the provider's batch API; many models have none in
    the list, and they are never computed from the other prices.

    >>> find_prices("hosted_vllm/Qwen/Qwen3-8B", "hosted_vllm", "Qwen/Qwen3-8B") is None
    True
    """
    for key in (name, f"{provider}/{model}", model):
        entry = _price_list().get(key)
        if entry is None or f"input_cost_per_token{service}" not in entry:
            continue
        if service and f"output_cost_per_token{service}" not in entry:
            continue
        if key == name or not provider or str(entry["litellm_provider"]).startswith(provider):
            return Prices(entry, service)
    return None


def _price(entry: Mapping[str, Any], tier: str, service: str) -> Price:
    def of(name: str, default: float) -> float:
        value = entry.get(name + tier, entry.get(name + service))
        return default if value is None else float(value)

    prompt, completion = of("input_cost_per_token", 0.0), of("output_cost_per_token", 0.0)
    return Price(
        prompt=prompt,
        completion=completion,
        cached=of("cache_read_input_token_cost", prompt),
        cache_write=of("cache_creation_input_token_cost", prompt),
        reasoning=float(entry.get("output_cost_per_reasoning_token" + service) or completion),
    )


@dataclass(frozen=True, slots=True)
class Forecast:
    """Estimated tokens and cost of requests, with four characters per token."""

    requests: int
    prompt_tokens: int
    completion_tokens: int
    cost: float | None
    """In USD; None if the price is unknown."""
    batch_cost: float | None = None
    """Cost through the provider's batch API."""


def forecast(
    requests: Iterable[Request], prices: Prices | None, batch_prices: Prices | None = None
) -> Forecast:
    """Estimate tokens and cost of `requests` without sending them."""
    count = prompt = completion = 0
    cost = batch_cost = 0.0
    for request in requests:
        usage = expected_usage(request)
        count += 1
        prompt += usage.prompt_tokens
        completion += usage.completion_tokens
        cost += prices.cost(usage) if prices else 0.0
        batch_cost += batch_prices.cost(usage) if batch_prices else 0.0
    return Forecast(count, prompt, completion, cost if prices else None, batch_cost if batch_prices else None)


def expected_usage(request: Request) -> Usage:
    """Estimate the tokens of a request and its reply."""
    characters, images = _size(request)
    limit = _reply_limit(request)
    return Usage(
        prompt_tokens=characters // 4 + images * TOKENS_PER_IMAGE,
        completion_tokens=min(TOKENS_PER_REPLY, limit) if limit else TOKENS_PER_REPLY,
    )


def _size(request: Request) -> tuple[int, int]:
    characters = images = 0
    for message in request.messages:
        content = message["content"]
        for part in [{"type": "text", "text": content}] if isinstance(content, str) else content:
            characters += len(part.get("text", ""))
            images += part["type"] == "image"
    return characters, images


def _reply_limit(request: Request) -> int | None:
    if request.labels or request.questions:
        return len(request.questions) or 1
    limit = request.params.get("max_completion_tokens", request.params.get("max_tokens"))
    return limit if isinstance(limit, int) else None


class Budget:
    """Limit of the cost. Requests in flight count with their highest possible cost."""

    def __init__(self, limit: float | None, prices: Prices | None) -> None:
        if limit is not None and prices is None:
            raise BackendError(
                "max_cost (--max-cost) cannot be applied, because no price is known for this model. Omit it, "
                "or score fewer items with limit (--limit)"
            )
        self._limit = limit
        self._prices = prices
        self.spent = 0.0
        """Cost in USD; an unknown cost counts with the amount reserved for it."""
        self._reserved = 0.0
        self._tokens_per_character = 0.4  # more than for English text; raised when replies show more
        self._longest_reply = 2_000

    @property
    def limit(self) -> float | None:
        """In USD; None means no limit."""
        return self._limit

    def reserve(self, request: Request) -> float | None:
        """Reserve the highest cost of `request`; None if that could exceed the limit."""
        if self._limit is None or self._prices is None:
            return 0.0
        characters, images = _size(request)
        worst = self._prices.cost(
            Usage(
                prompt_tokens=int(characters * self._tokens_per_character) + images * TOKENS_PER_IMAGE * 2,
                completion_tokens=_reply_limit(request) or self._longest_reply,
            )
        )
        if self.spent + self._reserved + worst > self._limit:
            return None
        self.hold(worst)
        return worst

    def hold(self, amount: float) -> None:
        """Reserve an amount in any case, because it was committed before."""
        self._reserved += amount

    @property
    def reserved(self) -> float:
        """Sum of the amounts reserved now."""
        return self._reserved

    def settle(self, request: Request, reserved: float, cost: float | None, usage: Usage | None) -> None:
        """Replace the reserved amount by the cost; an unknown cost counts with the reserved amount."""
        self._reserved -= reserved
        self.spent += reserved if cost is None else cost
        if usage is not None:
            characters, _ = _size(request)
            ratio = 1.1 * usage.prompt_tokens / max(characters, 1)
            self._tokens_per_character = max(self._tokens_per_character, ratio)
            self._longest_reply = max(self._longest_reply, 2 * usage.completion_tokens)

    def release(self, reserved: float) -> None:
        """Release the amount reserved for a request that is not sent."""
        self._reserved -= reserved

    def lose(self, reserved: float) -> None:
        """Count an attempt with an unknown outcome (a time-out) as spent, because it may be billed."""
        self.spent += reserved
