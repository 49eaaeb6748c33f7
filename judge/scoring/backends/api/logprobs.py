"""The probabilities of a scale's labels, out of the log-probabilities of OpenAI's chat completions. Pure.

There are two ways. A `vllm serve` gives the probability of any token by its id: exact, whatever the scale.
All others show the most likely tokens by their text: a label that is not among them is left out, and nothing
is ever scaled up to make the labels sum to one.
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from judge.errors import BackendError
from judge.scoring.backends.api.errors import Failed

MOST_SHOWN = 20
"""Tokens that OpenAI, and most others, show at most."""
NEEDED = frozenset({"max_tokens", "logprobs", "top_logprobs", "logprob_token_ids"})
"""Parameters without which no probabilities come back: never left out."""

_MOST = re.compile(
    r"(?:<=?|≤|at most|maximum(?: of| is| value)?|less than or equal to|max allowed:?|up to|between \d+ and)"
    r"\s*(\d+)\b",
    re.IGNORECASE,
)


def by_id(ids: Mapping[str, int]) -> dict[str, Any]:
    """Ask `vllm serve` for the probabilities of some tokens; their ids stand for them in its reply, too.

    They are those from before any temperature, which decides the token said alone: the likeliest.
    """
    return {
        "temperature": 0,
        "max_tokens": 1,
        "logprobs": True,
        "logprob_token_ids": list(ids.values()),
        "return_tokens_as_token_ids": True,
    }


def by_rank(labels: Sequence[str], most: int = MOST_SHOWN) -> dict[str, Any]:
    """Ask for the most likely tokens.

    Raises
    ------
    BackendError
        If a label may be several tokens, of which only the first would be seen.
    """
    if long := [label for label in labels if not re.fullmatch("[0-9]", label)]:
        raise BackendError(
            f"--scores expected: the label {long[0]!r} of the scale may be several tokens for this provider; "
            "allowed are 0 to 9. Use a scale within them, --judge hosted_vllm/MODEL (vLLM 0.26 or newer), or "
            "--scores text"
        )
    return {"max_tokens": 1, "logprobs": True, "top_logprobs": most}


def only_tokens(found: Mapping[str, Sequence[int]], model: str) -> dict[str, int]:
    """The id of each label.

    Raises
    ------
    BackendError
        If a label is no single token of its own: the probability of its first one would not be its own.
    """
    ids = {label: only_token(label, tokens, model) for label, tokens in found.items()}
    if len(set(ids.values())) < len(ids):
        raise BackendError(
            f"--scores expected: two labels of the scale are the same token for {model}. Use another scale, "
            "or --scores text"
        )
    return ids


def only_token(label: str, tokens: Sequence[int], model: str) -> int:
    """The id of one label; see `only_tokens`."""
    if len(tokens) == 1:
        return tokens[0]
    raise BackendError(
        f"--scores expected: the label {label!r} of the scale is {len(tokens)} tokens for {model}; allowed "
        "is one. Use a scale whose labels are single tokens (most often 0 to 9), or --scores text"
    )


def lower_most(message: str) -> int | None:
    """How many tokens a provider shows at most, where its complaint says so.

    >>> lower_most("Expected a value <= 5, but got 20 instead.")
    5
    >>> lower_most("top_logprobs is not supported") is None
    True
    """
    found = _MOST.search(message)
    return int(found[1]) if found and 0 < int(found[1]) < MOST_SHOWN else None


def read_labels(data: Any, labels: Sequence[str], ids: Mapping[str, int] | None) -> dict[str, Any]:
    """Read the probabilities of a reply's first token.

    Parameters
    ----------
    data : Any
        A chat completion as JSON.
    labels : sequence of str
        What is looked for.
    ids : mapping of str to int, optional
        The token of each label, where the reply names tokens by ids.

    Returns
    -------
    dict
        Values of a `Completion`: label_probabilities, and as reply the token that was said.

    Raises
    ------
    Failed
        If the reply has none.
    BackendError
        If the server gives none by id.

    Examples
    --------
    >>> shown = [{"token": "4", "logprob": -0.5}, {"token": " 4", "logprob": -3.0}]
    >>> first = {"token": "4", "logprob": -0.5, "top_logprobs": shown}
    >>> values = read_labels({"choices": [{"logprobs": {"content": [first]}}]}, ["4", "5"], None)
    >>> values["reply"], {label: round(p, 3) for label, p in values["label_probabilities"].items()}
    ('4', {'4': 0.656})
    """
    first = _first_token(data)
    shown = list(_shown(first))
    if not shown:
        raise _without(ids)
    found = _of_ids(shown, ids) if ids is not None else _of_texts(shown, labels)
    return {"label_probabilities": found, "reply": _said(first)}


def _first_token(data: Any) -> Mapping[str, Any]:
    logprobs = data["choices"][0].get("logprobs")
    content = logprobs.get("content") if isinstance(logprobs, dict) else None
    if not isinstance(content, list) or not content or not isinstance(content[0], dict):
        raise Failed("reply", "the reply has no log-probabilities; use --scores text")
    return content[0]


def _shown(first: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """Likely tokens, each once. The one said is not added: what is found must not depend on chance."""
    top = first.get("top_logprobs")
    told = [entry for entry in top if isinstance(entry, dict)] if isinstance(top, list) else []
    yield from dict.fromkeys(
        (str(entry["token"]), float(entry["logprob"]))
        for entry in told
        if "token" in entry and isinstance(entry.get("logprob"), int | float)
    )


def _without(ids: Mapping[str, int] | None) -> Exception:
    if ids is None:
        return Failed("reply", "the reply shows no likely tokens beside the one said; use --scores text")
    return BackendError(TOO_OLD)


TOO_OLD = (
    "--scores expected: the server gives no probabilities of the tokens asked for; that takes vLLM 0.26 or "
    "newer without a proxy that leaves parameters out. Use such a server, or --scores text"
)


def _of_ids(shown: Sequence[tuple[str, float]], ids: Mapping[str, int]) -> dict[str, float]:
    by_name = dict(shown)
    try:
        return {label: _probability(by_name[f"token_id:{number}"]) for label, number in ids.items()}
    except KeyError:
        raise BackendError(TOO_OLD) from None


def _of_texts(shown: Sequence[tuple[str, float]], labels: Sequence[str]) -> dict[str, float]:
    """Several tokens may say one label (``4`` and a blank with ``4``): it has the probability of all."""
    found: dict[str, float] = {}
    for token, logprob in shown:
        if (label := token.strip()) in labels:
            found[label] = found.get(label, 0.0) + _probability(logprob)
    return found


def _probability(logprob: float) -> float:
    """Return 0 for -9999, which means minus infinity in JSON; at most 1, whatever the rounding."""
    return math.exp(min(logprob, 0.0))


def _said(first: Mapping[str, Any]) -> str:
    """The text of a token: by its bytes, as its name may be its id."""
    spelled = first.get("bytes")
    if isinstance(spelled, list):
        try:
            return bytes(spelled).decode(errors="replace")
        except (TypeError, ValueError):
            pass
    return str(first.get("token", ""))
