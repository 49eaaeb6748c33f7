"""How fast to ask: how many requests at a time, how many a minute, and when a failed one is tried again.

Nothing here looks at a clock or waits: times are given and returned, in seconds of one monotonic clock.
"""

import random
from dataclasses import dataclass, field
from math import inf

FIRST_CONNECTIONS = 8
MOST_CONNECTIONS = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """When a failed request is tried again, and when it is given up."""

    max_tries: int = 8
    max_seconds: float = 900.0
    """From the first try that failed to the start of the last one."""
    first_delay: float = 0.5
    longest_delay: float = 60.0
    max_wait: float = 900.0
    """How long to wait for a reply while the rate limit refuses every request; then the run ends."""
    jitter: random.Random = field(default_factory=random.Random, compare=False)

    def after_fault(self, tries: int, elapsed: float, retry_after: float | None) -> float | None:
        """Seconds to wait after `tries` tries, `elapsed` seconds after the first failed; None to give up.

        The wait doubles each time, and is never shorter than the provider asked for.
        """
        wait = max(self._drawn(tries, self.longest_delay), retry_after or 0.0)
        return wait if tries < self.max_tries and elapsed + wait <= self.max_seconds else None

    def after_refusal(self, refusals: int, retry_after: float | None) -> float:
        """Seconds to wait after so many rate-limit refusals of one request.

        Only long enough to let others go first: all requests together are held back by `Pace`.
        """
        return max(self._drawn(refusals, self.longest_delay / 8), retry_after or 0.0)

    def _drawn(self, times: int, longest: float) -> float:
        """A delay from its upper half, so that what failed together does not come back together."""
        return self.delay(times, longest) * self.jitter.uniform(0.5, 1.0)

    def delay(self, times: int, longest: float) -> float:
        """First delay, doubled each time, up to the longest."""
        return min(longest, self.first_delay * 2.0 ** min(times - 1, 60))


class Pace:
    """How many requests may be in flight, and when the next may start.

    The number follows TCP: from few (or from all that the user allows) it doubles each round trip until the
    provider first signals a rate limit. From there on a round trip of replies adds a twentieth, at least one,
    and each refusal takes away a half, as in DCTCP: a stray one costs little, and a whole round trip of them
    halves the number. After a refusal nothing is sent for as long as the provider says; while refusals go
    on, or if it says nothing, for a time that doubles.
    """

    def __init__(
        self,
        max_connections: int | None = None,
        requests_per_minute: float | None = None,
        retry: Retry | None = None,
    ) -> None:
        self._most = max_connections or MOST_CONNECTIONS
        self._limit = float(max_connections or FIRST_CONNECTIONS)
        self._was_refused = False
        self._interval = 60.0 / requests_per_minute if requests_per_minute else 0.0
        self._retry = retry or Retry()
        self._next_start = -inf
        self._last_pause = -inf
        self._pauses = 0  # since the last reply

    @property
    def limit(self) -> int:
        """Number of requests that may be in flight."""
        return int(self._limit)

    def next_start(self, in_flight: int, now: float) -> float:
        """Time at which one more request may start: `now`, later, or infinity until one comes back."""
        return inf if in_flight >= self.limit else max(self._next_start, now)

    def started(self, now: float) -> None:
        """Take note that a request was sent."""
        if self._interval:
            self._next_start = max(self._next_start, now) + self._interval

    def succeeded(self, in_flight: int) -> None:
        """Take note of a reply; `in_flight` counts the request that it answers."""
        self._pauses = 0
        # Where the limit was hardly used, a reply says nothing about a higher one.
        if 2 * in_flight > self._limit:
            step = max(1.0 / self._limit, 0.05) if self._was_refused else 1.0
            self._limit = min(self._limit + step, self._most)

    def refused(self, sent: float, now: float, retry_after: float | None) -> None:
        """Take note of a "too many requests" to a request sent at `sent`."""
        self._was_refused = True
        self._limit = max(self._limit - 0.5, 1.0)
        pause = retry_after or 0.0
        if sent > self._last_pause:  # others of the same round trip do not make the pause longer
            self._last_pause = now
            self._pauses += 1
            if self._pauses > 1 or retry_after is None:
                pause = max(pause, self._retry.delay(self._pauses, self._retry.longest_delay))
        self._next_start = max(self._next_start, now + pause)
