"""Errors of one attempt, and how they are handled.

::

    Failed         no reply: the request is retried, or its item fails
    Rejected       the provider rejects a parameter (the request is sent again without it) or its value
    BackendError   no request can succeed (key, model, quota): the run ends
"""

import contextlib
import json
import os
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import Any

from judge.errors import BackendError
from judge.records import FailureKind
from judge.scoring.backends.api.dialects import Dialect, dialect_of
from judge.scoring.backends.api.providers import Endpoint
from judge.scoring.backends.api.retry_after import requested_wait

MESSAGE_LENGTH = 400

_CONTEXT = re.compile(
    r"context_length|context.{0,12}(length|window|size)|maximum context|too many (input )?tokens"
    r"|prompt is too long|input.{0,30}too long|reduce the length"
    r"|exceed.{0,40}(max|limit|number of).{0,20}tokens",
    re.IGNORECASE,
)
_FILTER = re.compile(
    r"content[_ ](filter|policy|management)|content was flagged|moderation|flagged|safety system|usage polic",
    re.IGNORECASE,
)
_QUOTA = re.compile(
    r"insufficient[_ ](quota|balance|credit|funds)|billing_(hard_limit|not_active)|credit balance"
    r"|out of credits",
    re.IGNORECASE,
)
_KEY = re.compile(
    r"(api|access)[ _-]?key.{0,30}(not valid|invalid|incorrect)"
    r"|(incorrect|invalid)[ _](api[ _]?key|x-api-key)",
    re.IGNORECASE,
)
_MODEL = re.compile(
    r"model_not_found|model.{0,80}(not found|not exist|not a valid|not available)"
    r"|(unknown|invalid|no such) model",
    re.IGNORECASE,
)
_NOT_TAKEN = re.compile(
    r"support|unknown|unrecogni[sz]ed|unexpected|extra|permitted|not allowed|unavailable|not available"
    r"|deprecated|only the default|cannot be used|can't be used|incompatible|not compatible"
    r"|not implemented|not enabled",
    re.IGNORECASE,
)
_OUT_OF_RANGE = re.compile(
    r"too (large|high|big|long|small|low)|at (most|least)\b|out of range|\bbetween -?\d|(less|greater) than",
    re.IGNORECASE,
)
_SCHEMA = re.compile(
    r"response_format|response format|json_schema|json schema|schema|structured output|guided|grammar",
    re.IGNORECASE,
)
_SECRET_NAME = re.compile(r"(KEY|TOKEN|SECRET|PASSWORD)$")
_SECRET = re.compile(r"\b(sk|gsk|xai)[-_][A-Za-z0-9_*-]{6,}|(?<=://)[^/@\s]+@")


@dataclass(eq=False)
class Failed(Exception):
    """An attempt without a usable reply."""

    kind: FailureKind
    message: str
    _: KW_ONLY
    again: bool = False
    """Whether a retry may succeed."""
    retry_after: float | None = None
    """Seconds that the provider asks to wait."""
    answered: bool = True
    """False if the provider may have processed (and billed) the request without a reply reaching us."""
    arrived: dict[str, Any] = field(default_factory=dict)
    """Values of a `Completion` (usage, cost, model) that came with an unreadable reply."""


@dataclass(eq=False)
class Rejected(Exception):
    """The provider rejects a parameter, or its value."""

    param: str
    message: str
    instead: str | None = None
    """Name of the parameter that the provider accepts instead."""
    is_value: bool = False
    """Whether only the value is rejected."""


@dataclass(frozen=True, slots=True)
class Problem:
    """An error response of a provider."""

    status: int
    message: str
    code: str = ""
    param: str = ""
    retry_after: float | None = None

    @property
    def text(self) -> str:
        """Code and message, for pattern matching."""
        return f"{self.code} {self.message}"


def classify(problem: Problem, endpoint: Endpoint, sent: Collection[str]) -> Exception:
    """Classify an error response.

    Parameters
    ----------
    problem : Problem
        The error response.
    endpoint : Endpoint
        The endpoint that sent it.
    sent : collection of str
        Names of the parts of the request: its parameters, and those that `dialects.parts_of` adds.

    Returns
    -------
    Failed, Rejected or BackendError
    """
    about_logprobs = "logprobs" in sent and "logprob" in f"{problem.param} {problem.message}"
    if about_logprobs and problem.status in (400, 403, 404, 422):  # OpenAI gives 403 for reasoning models
        return Rejected("logprobs", redact(problem.message))
    if dialect := dialect_of(problem.status, f"{problem.param} {problem.text}", sent):
        return _in_dialect(dialect, problem, endpoint)
    if doom := _doom(problem, endpoint):
        return BackendError(redact(doom))
    said = f"{problem.status}: {redact(problem.message)}"
    if problem.status == 429:
        return Failed("rate_limit", said, again=True, retry_after=problem.retry_after)
    if problem.status == 408:
        return Failed("timeout", said, again=True, retry_after=problem.retry_after)
    if problem.status >= 500 or problem.status in (409, 425):
        return Failed("server", said, again=True, retry_after=problem.retry_after)
    if _CONTEXT.search(problem.text):
        return Failed("context", said)
    if _FILTER.search(problem.text):
        return Failed("filter", said)
    if rejected := _rejected(problem, sent):
        return rejected
    return Failed("image" if "image" in problem.message.lower() else "request", said)


def _in_dialect(dialect: Dialect, problem: Problem, endpoint: Endpoint) -> Exception:
    said = redact(problem.message)
    if dialect.change:
        return Rejected(dialect.change, said)
    advised = f"{said.rstrip('. ')}. {dialect.advice}" if dialect.advice else said
    if dialect.kind:
        return Failed(dialect.kind, f"{problem.status}: {advised}")
    return BackendError(redact(f"{endpoint.where}: {advised}"))


def _doom(problem: Problem, endpoint: Endpoint) -> str | None:
    """Return a message for the user if no request can succeed."""
    status, said, where = problem.status, problem.message, endpoint.where
    key = " or ".join(endpoint.key_names) or "the provider's key"
    if status == 402 or (status in (400, 403, 429) and _QUOTA.search(problem.text)):
        return (
            f"{where}: the quota is exhausted ({said}). Top up the account, then run the same command again"
        )
    if status == 401 or (status in (400, 403) and _KEY.search(problem.text)):
        return f"{where}: the key was rejected ({said}). Check the environment variable {key}"
    if status == 403 and not _FILTER.search(problem.text):
        return f"{where}: access was refused ({said}). Check the permissions of the key in {key}"
    if status == 404 or (status == 400 and _MODEL.search(problem.text)):
        hint = " and api_base (--api-base), which usually ends in /v1" if endpoint.base else ""
        return f"{where}: there is no such model or address ({said}). Check the model's name{hint}"
    if 300 <= status < 400:
        return f"{where}: the server redirects ({said}). Check api_base (--api-base)"
    return None


def _rejected(problem: Problem, sent: Collection[str]) -> Rejected | None:
    named = re.split(r"[.\[]", problem.param)[0]
    if named not in sent:
        named = ""
    if "response_format" in sent and (named == "response_format" or _SCHEMA.search(problem.message)):
        return Rejected("response_format", redact(problem.message))
    unheard_of = _NOT_TAKEN.search(problem.text)
    if unheard_of:
        named = named or _first_named(problem.message, sent)
    if not named:
        return None
    if unheard_of and not _OUT_OF_RANGE.search(problem.message):  # "supports at most …" concerns the value
        return Rejected(named, redact(problem.message), _instead(named, problem.message))
    return Rejected(named, redact(problem.message), is_value=True)


def _instead(named: str, message: str) -> str | None:
    """Return the other name of the same limit if the message suggests it."""
    other = {"max_tokens": "max_completion_tokens", "max_completion_tokens": "max_tokens"}.get(named)
    return other if other is not None and other in message else None


def _first_named(message: str, names: Collection[str]) -> str:
    places = {
        match.start(): name
        for name in names
        if (match := re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", message))
    }
    return places[min(places)] if places else ""


def problem_of(status: int, body: Any, headers: Mapping[str, str]) -> Problem:
    """Parse an error response: OpenAI's ``{"error": {…}}``, one of its many variants, or plain text."""
    try:
        return _problem(status, body, headers)
    except (RecursionError, ValueError):  # very deep nesting, or an integer of thousands of digits
        return Problem(status, "the error cannot be displayed", retry_after=requested_wait(headers, None))


def _problem(status: int, body: Any, headers: Mapping[str, str]) -> Problem:
    error = body.get("error", body) if isinstance(body, dict) else body
    if isinstance(body, list) and body and isinstance(body[0], dict):  # Gemini's OpenAI endpoint
        error = body[0].get("error", body[0])
    if not isinstance(error, dict):
        return Problem(status, brief(str(error)), retry_after=requested_wait(headers, error))
    message = error.get("message") or error.get("detail") or error.get("msg") or error
    inner = _inner(status, error)
    wait = requested_wait(headers, error)
    return Problem(
        status=status,
        message=brief(f"{message}: {inner.message}" if inner else str(message)),
        code=f"{error.get('code') or ''} {error.get('type') or ''} {inner.code if inner else ''}".rstrip(),
        param=str(error.get("param") or (inner.param if inner else "")),
        retry_after=inner.retry_after if wait is None and inner else wait,
    )


def _inner(status: int, error: Mapping[str, Any]) -> Problem | None:
    """Return the error of the provider behind a router, which usually passes it on as text."""
    metadata = error.get("metadata")
    raw = metadata.get("raw") if isinstance(metadata, dict) else None
    if not raw:
        return None
    if isinstance(raw, str):
        with contextlib.suppress(ValueError, RecursionError):
            raw = json.loads(raw)
    return _problem(status, raw, {})


def one_line(text: str) -> str:
    """Return the text of an error in one line of limited length."""
    flat = " ".join(text[: 8 * MESSAGE_LENGTH].split())
    return flat if len(flat) <= MESSAGE_LENGTH else flat[:MESSAGE_LENGTH] + "…"


def brief(text: str) -> str:
    """Return the text of an error in one line and without keys, which are removed before it is truncated."""
    return one_line(redact(text[: 8 * MESSAGE_LENGTH]))


def quoted(text: str) -> str:
    r"""Return the beginning of a text in quotation marks.

    >>> quoted("<html>\n sk-abcdef0123456789")
    "'<html> [key]'"
    """
    return one_line(repr(brief(text)))


def redact(text: str) -> str:
    """Replace every key by ``[key]``: those in the environment, and texts that look like one.

    >>> redact("Incorrect API key provided: sk-abcdef0123456789.")
    'Incorrect API key provided: [key].'
    """
    return _SECRET.sub("[key]", without_keys(text, known_keys()))


def known_keys(environ: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """Return the keys, tokens and passwords in the environment, longest first."""
    found = {value.strip() for name, value in environ.items() if _SECRET_NAME.search(name)}
    return tuple(sorted((key for key in found if len(key) >= 8), key=len, reverse=True))


def without_keys(text: str, keys: Iterable[str]) -> str:
    """Replace these keys only: in a reply, a text that merely looks like a key may be genuine.

    >>> without_keys("sk-learning needs abcdefgh", ["abcdefgh"])
    'sk-learning needs [key]'
    """
    for key in keys:
        text = text.replace(key, "[key]")
    return text
