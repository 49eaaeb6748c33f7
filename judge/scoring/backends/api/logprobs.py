"""Probabilities of the labels of a scale, from the log-probabilities of chat completions. Pure.

`vllm serve` returns the probability of any token by its id, which is exact for every scale. Other providers
list the most likely tokens by their text: a label that is not listed is left out, and the probabilities of
the labels are not rescaled to sum to one.
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from judge.errors import BackendError
from judge.scoring.backends.api.errors import Failed
from judge.scoring.reply_form import NO_VERDICT

USE_TEXT = "use scores='text' (--scores text)"
MOST_SHOWN = 20
"""Largest number of tokens that OpenAI and most other providers list."""
NEEDED = frozenset({"max_tokens", "logprobs", "top_logprobs", "logprob_token_ids"})
"""Parameters that are required for probabilities and therefore never left out."""

_MOST = re.compile(
    r"(?:<=?|≤|at most|maximum(?: of| is| value)?|less than or equal to|max allowed:?|up to|between \d+ and)"
    r"\s*(\d+)\b",
    re.IGNORECASE,
)


def by_id(ids: Mapping[str, int]) -> dict[str, Any]:
    """Return parameters that request the probabilities of tokens from `vllm serve` by their ids.

    The probabilities are independent of the temperature, which only selects the generated token.
    """
    return {
        "temperature": 0,
        "max_tokens": 1,
        "logprobs": True,
        "logprob_token_ids": list(ids.values()),
        "return_tokens_as_token_ids": True,
    }


def by_rank(labels: Sequence[str], most: int = MOST_SHOWN) -> dict[str, Any]:
    """Return parameters that request the most likely tokens.

    Raises
    ------
    BackendError
        A label may consist of several tokens, of which only the first would be listed.
    """
    if long := [label for label in labels if not re.fullmatch(f"[0-9{NO_VERDICT}]", label)]:
        raise BackendError(
            f"expected scores: the label {long[0]!r} of the scale may be several tokens for this provider; "
            "allowed are 0 to 9. Use a scale within 0 to 9, or the judge hosted_vllm/MODEL (vLLM 0.26 or "
            f"newer), or {USE_TEXT}"
        )
    return {"max_tokens": 1, "logprobs": True, "top_logprobs": most}


def only_tokens(found: Mapping[str, Sequence[int]], model: str) -> dict[str, int]:
    """Return the token id of each label.

    Raises
    ------
    BackendError
        A label is not a single token, or two labels are the same token.
    """
    ids = {label: only_token(label, tokens, model) for label, tokens in found.items()}
    if len(set(ids.values())) < len(ids):
        raise BackendError(
            f"expected scores: two labels of the scale are the same token for {model}. Use another scale, or "
            f"{USE_TEXT}"
        )
    return ids


def only_token(label: str, tokens: Sequence[int], model: str) -> int:
    """Return the token id of one label; see `only_tokens`."""
    if len(tokens) == 1:
        return tokens[0]
    raise BackendError(
        f"expected scores: the label {label!r} of the scale is {len(tokens)} tokens for {model}; allowed is "
        f"one. Use a scale whose labels are single tokens (usually 0 to 9), or {USE_TEXT}"
    )


def lower_most(message: str) -> int | None:
    """Return the largest number of tokens that a provider lists, if its error message says so.

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
        Labels of the scale.
    ids : mapping of str to int, optional
        Token id of each label, if the reply names tokens by ids.

    Returns
    -------
    dict
        Values of a `Completion`: label_probabilities, and the generated token as reply.

    Raises
    ------
    Failed
        The reply has no log-probabilities.
    BackendError
        The server does not return them by token id.

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
    return {"label_probabilities": found, "reply": _token_text(first)}


def _first_token(data: Any) -> Mapping[str, Any]:
    logprobs = data["choices"][0].get("logprobs")
    content = logprobs.get("content") if isinstance(logprobs, dict) else None
    if not isinstance(content, list) or not content or not isinstance(content[0], dict):
        raise Failed("reply", f"the reply has no log-probabilities; {USE_TEXT}")
    return content[0]


def _shown(first: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """Yield the listed tokens, each once, without the generated token, which depends on chance."""
    top = first.get("top_logprobs")
    entries = [entry for entry in top if isinstance(entry, dict)] if isinstance(top, list) else []
    yield from dict.fromkeys(
        (str(entry["token"]), float(entry["logprob"]))
        for entry in entries
        if "token" in entry and isinstance(entry.get("logprob"), int | float)
    )


def _without(ids: Mapping[str, int] | None) -> Exception:
    if ids is None:
        return Failed("reply", f"the reply lists no tokens besides the generated one; {USE_TEXT}")
    return BackendError(TOO_OLD)


TOO_OLD = (
    "The server returns no probabilities of the requested tokens, which expected scores need. Use vLLM 0.26 "
    f"or newer, without a proxy that drops parameters, or {USE_TEXT}"
)


def _of_ids(shown: Sequence[tuple[str, float]], ids: Mapping[str, int]) -> dict[str, float]:
    by_name = dict(shown)
    try:
        return {label: _probability(by_name[f"token_id:{number}"]) for label, number in ids.items()}
    except KeyError:
        raise BackendError(TOO_OLD) from None


def _of_texts(shown: Sequence[tuple[str, float]], labels: Sequence[str]) -> dict[str, float]:
    """Add up the probabilities of all tokens that are the same label (``4``, and a space with ``4``)."""
    found: dict[str, float] = {}
    for token, logprob in shown:
        if (label := token.strip()) in labels:
            found[label] = found.get(label, 0.0) + _probability(logprob)
    return found


def _probability(logprob: float) -> float:
    """Return 0 for -9999, which means minus infinity in JSON; at most 1, whatever the rounding."""
    return math.exp(min(logprob, 0.0))


def _token_text(first: Mapping[str, Any]) -> str:
    """Return the text of a token from its bytes, because its name may be its id."""
    spelled = first.get("bytes")
    if isinstance(spelled, list):
        try:
            return bytes(spelled).decode(errors="replace")
        except (TypeError, ValueError):
            pass
    return str(first.get("token", ""))
