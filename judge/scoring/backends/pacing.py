"""How fast to ask: how many requests at a time, how many a minute, and when a failed one is tried again.

Nothing here looks at a clock or waits: times are given and returned, in seconds of one monotonic clock.
"""

import random
from dataclasses import dataclass, field
from math import inf

FIRST_CONNECTIONS = 8
MOST_CONNECTIONS = 256


@dataclass(frozen=True, slots=True)
class Retry:
    """When a failed request is tried again, and when it is given up."""

    max_tries: int = 8
    max_seconds: float = 900.0
    """From the first try to the start of the last."""
    first_delay: float = 0.5
    longest_delay: float = 60.0
    jitter: random.Random = field(default_factory=random.Random, compare=False)

    def delay(self, tries: int, elapsed: float, retry_after: float | None) -> float | None:
        """Seconds to wait after `tries` tries, `elapsed` seconds after the first; None to give up.

        The wait doubles each time, is drawn from its upper half so that requests that failed together do not
        come back together, and is never shorter than the provider asked for.
        """
        if tries >= self.max_tries:
            return None
        longest = min(self.longest_delay, self.first_delay * 2.0 ** min(tries - 1, 60))
        wait = max(longest * self.jitter.uniform(0.5, 1.0), retry_after or 0.0)
        return None if elapsed + wait > self.max_seconds else wait


class Pace:
    """How many requests may be in flight, and when the next may start.

    Where the number of connections is not fixed it follows TCP: it doubles each round trip until the provider
    says "too many", is halved then, and grows by one a round trip from there on.
    """

    def __init__(self, max_connections: int | None = None, requests_per_minute: float | None = None) -> None:
        self._fixed = max_connections is not None
        self._limit = float(max_connections or FIRST_CONNECTIONS)
        self._threshold = float(MOST_CONNECTIONS)
        self._interval = 60.0 / requests_per_minute if requests_per_minute else 0.0
        self._next_start = -inf
        self._last_cut = -inf

    @property
    def limit(self) -> int:
        """Number of requests that may be in flight."""
        return int(self._limit)

    def next_start(self, in_flight: int, now: float) -> float:
        """Time at which one more request may start: `now`, later, or infinity until one comes back."""
        if in_flight >= self.limit:
            return inf
        return max(self._next_start, now)

    def started(self, now: float) -> None:
        """Take note that a request was sent."""
        if self._interval:
            self._next_start = max(self._next_start, now) + self._interval

    def succeeded(self, in_flight: int) -> None:
        """Take note of a reply; `in_flight` counts the request that it answers."""
        # Where the limit was hardly used, a reply says nothing about a higher one.
        if self._fixed or 2 * in_flight <= self._limit:
            return
        step = 1.0 if self._limit < self._threshold else 1.0 / self._limit
        self._limit = min(self._limit + step, MOST_CONNECTIONS)

    def refused(self, sent: float, now: float, retry_after: float | None) -> None:
        """Take note of a "too many requests" to a request sent at `sent`.

        Requests that were under way when the limit was cut are refused for the old one: they count once.
        """
        if retry_after:
            self._next_start = max(self._next_start, now + retry_after)
        if not self._fixed and sent > self._last_cut:
            self._limit = self._threshold = max(self._limit / 2, 1.0)
            self._last_cut = now
