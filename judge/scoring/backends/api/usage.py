"""Read the token counts of a reply in the forms of different providers. Pure."""

from typing import Any

from judge.records import Usage

_MOST = 10**12
"""Upper limit of token counts and costs; larger numbers and infinity are ignored as invalid."""


def read_usage(usage: Any) -> Usage | None:
    """Read the token counts of a reply; None if the provider gave none (or not as numbers).

    OpenAI includes reasoning tokens in the completion tokens, and xAI does not; the total shows which. In the
    result they are always included.

    >>> openai = {"prompt_tokens": 10, "completion_tokens": 7, "total_tokens": 17}
    >>> xai = {"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 17}
    >>> thought = {"completion_tokens_details": {"reasoning_tokens": 5}}
    >>> read_usage(openai | thought) == read_usage(xai | thought)
    True
    """
    if not isinstance(usage, dict):
        return None
    prompt, total = _count(usage.get("prompt_tokens")), _count(usage.get("total_tokens"))
    completion = _count(usage.get("completion_tokens"))
    if completion is None and prompt is not None and total is not None:
        completion = max(total - prompt, 0)
    if prompt is None or completion is None:
        return None
    asked, said = _details(usage, "prompt_tokens_details"), _details(usage, "completion_tokens_details")
    thought = _count(said.get("reasoning_tokens")) or 0
    if thought > completion or (thought and total == prompt + completion + thought):
        completion += thought
    cached = _count(asked.get("cached_tokens", usage.get("prompt_cache_hit_tokens"))) or 0
    return Usage(
        prompt_tokens=prompt,
        completion_tokens=completion,
        cached_tokens=cached,
        reasoning_tokens=thought,
    )


def as_chat_usage(usage: Any) -> Any:
    """Return the token counts of a decision under the names of chat completions, for `read_usage`.

    >>> counted = as_chat_usage({"input_tokens": 9, "cached_tokens": 4, "output_tokens": 2})
    >>> read_usage(counted).cached_tokens
    4
    """
    if not isinstance(usage, dict):
        return None
    asked = _details(usage, "input_tokens_details")
    cached = asked.get("cached_tokens", usage.get("cached_tokens", usage.get("cached_input_tokens")))
    return {
        "prompt_tokens": usage.get("input_tokens"),
        "completion_tokens": usage.get("output_tokens", 0),
        "total_tokens": usage.get("total_tokens"),
        "prompt_tokens_details": {"cached_tokens": cached},
        "cache_creation_input_tokens": asked.get("cache_write_tokens"),
        "cost": usage.get("cost"),
    }


def cache_write_tokens(usage: Any) -> int:
    """Return the prompt tokens written to the provider's cache, for which some providers charge more."""
    return _count(usage.get("cache_creation_input_tokens")) or 0 if isinstance(usage, dict) else 0


def billed(usage: Any) -> float | None:
    """Return the cost in USD that the provider states (OpenRouter does)."""
    cost = usage.get("cost") if isinstance(usage, dict) else None
    if isinstance(cost, bool) or not isinstance(cost, int | float):
        return None
    return float(cost) if 0 <= cost <= _MOST else None


def _details(usage: dict[str, Any], name: str) -> dict[str, Any]:
    details = usage.get(name)
    return details if isinstance(details, dict) else {}


def _count(value: Any) -> int | None:
    is_count = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST
    return value if is_count else None
