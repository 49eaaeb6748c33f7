"""How long a provider asks to wait: in headers, in the body of an error, or in its message. Pure.

All functions return seconds, or None if there is no wait or it cannot be parsed; `pacing` then chooses one.
"""

import math
import re
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

LONGEST_WAIT = 366 * 86_400.0
"""Upper limit of a wait, so that its end can be displayed as a date."""

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_PART = (
    r"(\d{1,15}(?:\.\d{1,15})?)\s*(milliseconds?|ms|seconds?|secs?|minutes?|mins?|hours?|hrs?|days?|[smhd])"
)
_DURATION = re.compile(rf"(?:{_PART}[\s,]*)+", re.IGNORECASE)
_PARTS = re.compile(_PART, re.IGNORECASE)
_WAIT_IN_TEXT = re.compile(
    rf"\b(?:retry|try again|wait)(?:\s+(?:after|in|for|at least))?\s+((?:{_PART}[\s,]*)+)(?![a-z])",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"\d{1,15}(?:\.\d{1,15})?")
_RESET = "x-ratelimit-reset"
_EPOCH = 10**9
"""A larger number is a point in time: seconds (or milliseconds) since 1970."""
_MOST_CHARACTERS = 4000


def requested_wait(headers: Mapping[str, str], error: Any = None, now: float | None = None) -> float | None:
    """Return the seconds that a provider asks to wait; None if it does not say.

    Parameters
    ----------
    headers : mapping of str to str
        Headers of the response, with names in lower case (or a case-insensitive mapping).
    error : dict, str or None
        The error in the body, as JSON or as text.
    now : float, optional
        Current Unix time, for waits that are given as a date.

    Returns
    -------
    float or None
        From the first of these that is present: ``retry-after-ms``, ``retry-after`` (seconds or a date),
        Google's RetryInfo, the message ("try again in 1m30s"), and ``x-ratelimit-reset*`` of a limit that is
        used up.

    Examples
    --------
    >>> requested_wait({"retry-after": "1.5"})
    1.5
    >>> requested_wait({"retry-after": "Thu, 01 Jan 1970 00:01:00 GMT"}, now=0.0)
    60.0
    >>> requested_wait({}, "Rate limit reached. Please try again in 1m30s.")
    90.0
    >>> requested_wait({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "250ms"})
    0.25
    """
    now = time.time() if now is None else now
    for seconds in _stated(headers, error, now):
        if seconds is not None and 0 <= seconds < float("inf"):
            return min(seconds, LONGEST_WAIT)
    return None


def _stated(headers: Mapping[str, str], error: Any, now: float) -> Iterator[float | None]:
    milliseconds = _number(headers.get("retry-after-ms", ""))
    yield None if milliseconds is None else milliseconds / 1000
    yield _retry_after_header(headers.get("retry-after", ""), now)
    details, text = _details_and_text(error)
    yield _retry_info(details)
    yield _wait_in_text(text)
    yield _reset_headers(headers, now)


def duration(text: str) -> float | None:
    """Parse a duration such as ``6s``, ``1m30s``, ``250ms`` or ``2 minutes``.

    >>> duration("1m30s"), duration("soon")
    (90.0, None)
    """
    text = text.strip()
    if not _DURATION.fullmatch(text):
        return None
    return sum(float(number) * _seconds(unit) for number, unit in _PARTS.findall(text))


def _seconds(unit: str) -> float:
    unit = unit.lower()
    return _UNITS["ms"] if unit in ("ms", "millisecond", "milliseconds") else _UNITS[unit[0]]


def _number(text: str) -> float | None:
    text = text.strip()
    return float(text) if _NUMBER.fullmatch(text) else None


def _retry_after_header(text: str, now: float) -> float | None:
    """Parse a Retry-After header: seconds, a duration, or a date."""
    if (seconds := _number(text)) is not None:
        return seconds
    if (seconds := duration(text)) is not None:
        return seconds
    try:
        return parsedate_to_datetime(text).timestamp() - now
    except (ValueError, OverflowError):
        return None


def _details_and_text(error: Any) -> tuple[Any, str]:
    """Return the details of an error (in Google's form) and its message."""
    if not isinstance(error, Mapping):
        return None, str(error)[:_MOST_CHARACTERS] if isinstance(error, str) else ""
    text = error.get("message") or error.get("detail")
    return error.get("details"), text[:_MOST_CHARACTERS] if isinstance(text, str) else ""


def _retry_info(details: Any) -> float | None:
    for detail in details if isinstance(details, list) else ():
        if isinstance(detail, Mapping) and isinstance(delay := detail.get("retryDelay"), str):
            return duration(delay)
    return None


def _wait_in_text(text: str) -> float | None:
    """Find a wait in a sentence, or in JSON that the text contains (as in errors of litellm)."""
    if found := re.search(r'"retryDelay"\s*:\s*"([^"]{1,40})"', text):
        return duration(found[1])
    found = _WAIT_IN_TEXT.search(text)
    return duration(found[1].rstrip(" ,\n\t")) if found else None


def _reset_headers(headers: Mapping[str, str], now: float) -> float | None:
    """Return when all used-up limits are reset; if none is known to be used up, when the first is reset."""
    used_up: list[float] = []
    others: list[float] = []
    for name in headers:
        kind = name.lower()
        if not kind.startswith(_RESET) or (seconds := _seconds_until(headers[name], now)) is None:
            continue
        left = _number(headers.get(kind.replace("-reset", "-remaining", 1), ""))
        (others if left else used_up).append(seconds)
    return max(used_up) if used_up else min(others, default=None)


def _seconds_until(text: str, now: float) -> float | None:
    if (number := _number(text)) is not None:
        if number < _EPOCH:
            return number
        return max((number / 1000 if number > 1000 * _EPOCH else number) - now, 0.0)
    if (seconds := duration(text)) is not None:
        return seconds
    try:
        due = datetime.fromisoformat(text.strip())
        return max((due if due.tzinfo else due.replace(tzinfo=UTC)).timestamp() - now, 0.0)
    except (ValueError, OverflowError):
        return None


def clock(seconds: float, now: float | None = None) -> str:
    """Format the time in `seconds` from now: the time of day, or date and minute if it is another day."""
    now = time.time() if now is None else now
    then = datetime.fromtimestamp(math.ceil(now + seconds))
    if then.date() == datetime.fromtimestamp(now).date():
        return then.strftime("%H:%M:%S")
    return datetime.fromtimestamp(math.ceil((now + seconds) / 60) * 60).strftime("%Y-%m-%d %H:%M")
