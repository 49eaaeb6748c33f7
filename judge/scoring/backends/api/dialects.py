"""Dialects of providers: errors and finish reasons that deviate from OpenAI's, and how they are handled.

Two tables: errors that are recognized by their text, whatever their status (`DIALECTS`), and finish reasons
beyond OpenAI's own (`FILTERED`, `BROKEN_OFF`). Every row has a test.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import KW_ONLY, dataclass
from typing import Any, Literal

from judge.records import FailureKind

SYSTEM_ROLE = "system_role"
"""Name of the system role among the parts of a request."""
PICTURES = "pictures"
"""Name of the images among the parts of a request."""

Change = Literal["response_format", "system_role", "stream"]


@dataclass(frozen=True, slots=True)
class Dialect:
    """An error text of some providers; `change`, `kind` or `advice` says how it is handled."""

    name: str
    said: re.Pattern[str]
    _: KW_ONLY
    statuses: frozenset[int] = frozenset()
    """HTTP statuses that it occurs with; empty means any."""
    needs: str = ""
    """Part of the request that it concerns; without that part, the text means something else."""
    change: Change | None = None
    """Send the request again without this part; for ``stream``, ask for a stream instead of one reply."""
    kind: FailureKind | None = None
    """Let this item fail, with this kind of failure."""
    advice: str = ""
    """What the user can do; if neither `change` nor `kind` is set, the run ends with this advice."""


def _says(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


# Statuses whose meaning does not depend on the text: key, payment, time-out, rate limit.
_OTHER_MATTERS = frozenset({401, 402, 408, 429})

DIALECTS: tuple[Dialect, ...] = (
    Dialect(
        "a JSON schema is rejected with a server error (forks of llama.cpp) or a client error",
        _says(
            r"(response_format|response format|json_schema|json schema|structured output)"
            r".{0,80}(must|should|support|unknown|unrecogni[sz]ed|invalid|not allowed|unavailable)"
            r"|(not support|unsupported|unknown|invalid|unrecogni[sz]ed).{0,60}"
            r"(response_format|response format|json_schema|json schema|structured output)"
        ),
        needs="response_format",
        change="response_format",
    ),
    Dialect(
        "no provider behind a router accepts all parameters (OpenRouter), usually because of the schema",
        _says(r"no endpoints? (found|available).{0,40}requested parameters"),
        statuses=frozenset({404}),
        needs="response_format",
        change="response_format",
    ),
    Dialect(
        "no provider behind a router accepts all parameters, and no schema was sent (OpenRouter)",
        _says(r"no endpoints? (found|available).{0,40}requested parameters"),
        statuses=frozenset({404}),
        advice="Omit parameters (temperature, reasoning effort), or choose another model",
    ),
    Dialect(
        "the account settings exclude all providers (OpenRouter)",
        _says(r"no endpoints? (found|available).{0,60}(data policy|guardrail|privacy)"),
        statuses=frozenset({404}),
        advice="Change the privacy settings of the account at the provider, or choose another model",
    ),
    Dialect(
        "a chat template has no system role (Gemma, Mistral 7B, o1-mini)",
        _says(
            r"system (role|message|prompt|instruction)s?\b.{0,20}\b(not|n't|un)\s?(be )?(support|allow)"
            r"|does not support '?system|developer instruction is not enabled"
            r"|only user and assistant roles are supported|conversation roles must alternate"
            r"|unexpected (message )?role|unknown role:? '?system|should be 'user' or 'assistant'"
        ),
        needs=SYSTEM_ROLE,
        change="system_role",
    ),
    Dialect(
        "a model only streams replies (DashScope, Fireworks)",
        _says(
            r"only supports? (the )?stream|stream(ing)? (mode )?is required|enable the stream parameter"
            r"|must (have|set) [`'\"]?stream[`'\"]? ?(=|to) ?true|for non-streaming calls"
            r"|non-stream(ing)?\b.{0,40}\bnot (be )?(support|allow)"
        ),
        needs="one reply",
        change="stream",
    ),
    Dialect(
        "a model accepts no images (OpenRouter, llama.cpp, vLLM)",
        _says(
            r"support image input|image input is not supported|at most 0 image|not a multimodal model"
            r"|does not support (image|vision|multimodal)"
        ),
        needs=PICTURES,
        kind="image",
        advice="Choose a model that accepts images",
    ),
    Dialect(
        "a prompt that exceeds the context is rejected with a server error (llama.cpp, proxies)",
        _says(r"exceeds the available context|maximum context length|context_length_exceeded"),
        kind="context",
    ),
    Dialect(
        "a model does not support chat completions (OpenAI)",
        _says(r"not a chat model|only supported in v1/(responses|completions)"),
        statuses=frozenset({400, 404}),
        advice="The model does not support chat completions; choose one that does",
    ),
)

FILTERED = frozenset(
    {"content_filter", "safety", "recitation", "blocklist", "prohibited_content", "spii", "sensitive"}
)
"""Finish reasons of replies that a content filter withheld (OpenAI and Azure, Gemini, Z.ai)."""
BROKEN_OFF = frozenset({"error", "network_error", "insufficient_system_resource"})
"""Finish reasons of replies that the provider aborted (OpenRouter, Z.ai, DeepSeek)."""


def dialect_of(status: int, text: str, parts: Collection[str]) -> Dialect | None:
    """Return the dialect of an error, or None if no row of `DIALECTS` applies.

    Parameters
    ----------
    status : int
        HTTP status.
    text : str
        Parameter, code and message of the error.
    parts : collection of str
        Names of the parts of the request, as `parts_of` gives them.
    """
    if status in _OTHER_MATTERS:
        return None
    return next((row for row in DIALECTS if _applies(row, status, text, parts)), None)


def _applies(row: Dialect, status: int, text: str, parts: Collection[str]) -> bool:
    return (
        (not row.statuses or status in row.statuses)
        and (not row.needs or row.needs in parts)
        and row.said.search(text) is not None
    )


def parts_of(messages: Iterable[Mapping[str, Any]], params: Collection[str]) -> list[str]:
    """Return the names of the parts of a request that a provider may reject: parameters and others."""
    return [*params, *_other_parts(messages), *([] if "stream" in params else ["one reply"])]


def _other_parts(messages: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    for message in messages:
        if message["role"] == "system":
            yield SYSTEM_ROLE
        if isinstance(message["content"], list) and any(p["type"] == "image_url" for p in message["content"]):
            yield PICTURES


def filtered_by(data: Any) -> list[str]:
    """Return what Azure's filter found in a prompt or a reply: names such as ``violence``.

    >>> filtered_by({"content_filter_results": {"hate": {"filtered": False}, "violence": {"filtered": True}}})
    ['violence']
    """
    if not isinstance(data, dict):
        return []
    results = [data.get("content_filter_results"), data.get("content_filter_result")]
    for name in ("prompt_filter_results", "prompt_annotations", "choices"):
        entries = data.get(name)
        for entry in entries if isinstance(entries, list) else []:
            if isinstance(entry, dict):
                results.append(entry.get("content_filter_results"))
    return [
        name
        for result in results
        if isinstance(result, dict)
        for name, found in result.items()
        if isinstance(found, dict) and found.get("filtered") is True
    ]
