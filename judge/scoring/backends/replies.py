"""A chat completion as JSON -> what a Completion keeps of it. Pure; both ways read here."""

from collections.abc import Mapping
from typing import Any

from judge.records import Failure, Usage
from judge.scoring.backends.faults import Failed, one_line, redact
from judge.scoring.backends.thinking import parted


def read_reply(data: Any) -> dict[str, Any]:
    """Read one chat completion.

    Returns
    -------
    dict
        Values of a `Completion`: reply, finish_reason, refusal, reasoning, failure, usage, model.

    Raises
    ------
    Failed
        If it is none, or has no choice.

    Examples
    --------
    >>> message = {"content": "<think>Hm.</think> 4"}
    >>> values = read_reply({"choices": [{"message": message, "finish_reason": "stop"}]})
    >>> values["reply"], values["reasoning"]
    ('4', 'Hm.')
    """
    if not isinstance(data, dict):
        raise Failed("reply", f"the reply is no JSON object: {_shown(data)}", again=True)
    choices = data.get("choices")
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        raise Failed("reply", f"the reply has no choice: {_shown(data)}", again=True)
    message, finish = choices[0].get("message"), choices[0].get("finish_reason")
    if finish == "error":  # a router whose own provider failed half-way
        raise Failed("server", f"the provider broke off: {_shown(choices[0].get('error'))}", again=True)
    if not isinstance(message, dict):
        raise Failed("reply", f"the reply has no message: {_shown(data)}", again=True)
    content, thought = _content(message)
    refusal = message.get("refusal") or None
    filtered = finish in ("content_filter", "safety")
    return {
        "reply": None if (refusal or filtered) and not content else content,
        "finish_reason": finish,
        "refusal": refusal,
        "reasoning": thought,
        "failure": Failure(kind="filter", message="the provider's filter held the reply back")
        if filtered
        else None,
        "usage": read_usage(data.get("usage")),
        "model": data.get("model"),
    }


def read_usage(usage: Any) -> Usage | None:
    """Token counts of a reply, None where the provider counted none."""
    if not isinstance(usage, dict):
        return None
    prompt, completion = (
        usage.get("prompt_tokens_details") or {},
        usage.get("completion_tokens_details") or {},
    )
    return Usage(
        prompt_tokens=_count(usage.get("prompt_tokens")),
        completion_tokens=_count(usage.get("completion_tokens")),
        cached_tokens=_count(prompt.get("cached_tokens", usage.get("prompt_cache_hit_tokens"))),
        reasoning_tokens=_count(completion.get("reasoning_tokens")),
    )


def cache_write_tokens(usage: Any) -> int:
    """Prompt tokens that were written to the provider's cache, which some charge more for."""
    return _count(usage.get("cache_creation_input_tokens")) if isinstance(usage, dict) else 0


def billed(usage: Any) -> float | None:
    """What the provider says that it charged (OpenRouter does), in USD."""
    cost = usage.get("cost") if isinstance(usage, dict) else None
    return float(cost) if isinstance(cost, int | float) and not isinstance(cost, bool) else None


def _content(message: Mapping[str, Any]) -> tuple[str, str | None]:
    """What was said, and what was thought before."""
    content = message.get("content")
    thought = message.get("reasoning_content") or message.get("reasoning") or ""
    if isinstance(content, list):  # parts, some of them thoughts (Mistral)
        thought = thought or "".join(_text(part.get("thinking")) for part in content)
        content = "".join(_text(part.get("text")) for part in content)
    content, thought = _text(content), _text(thought)
    if not thought:
        thought, content = parted(content)
    return content, thought.strip() or None


def _text(value: Any) -> str:
    if isinstance(value, list):
        return "".join(_text(part.get("text")) for part in value if isinstance(part, dict))
    return value if isinstance(value, str) else ""


def _count(value: Any) -> int:
    return value if isinstance(value, int) and value >= 0 else 0


def _shown(data: Any) -> str:
    return redact(one_line(repr(data)))
