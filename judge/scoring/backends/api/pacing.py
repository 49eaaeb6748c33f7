"""Request rate: how many requests in flight and per minute, and when a failed one is retried.

Pure calculations: times are passed in and returned, in seconds of one monotonic clock.
"""

import random
from dataclasses import dataclass, field
from math import inf

FIRST_CONNECTIONS = 8
MOST_CONNECTIONS = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """When a failed request is retried, and when it is given up; all times in seconds."""

    max_tries: int = 8
    max_seconds: float = 900.0
    """Longest time from the first failed try to the start of the last one."""
    first_delay: float = 0.5
    longest_delay: float = 60.0
    max_wait: float = 900.0
    """Longest time to wait for a reply while the rate limit refuses every request; then the run ends."""
    jitter: random.Random = field(default_factory=random.Random, compare=False)

    def after_fault(self, tries: int, elapsed: float, retry_after: float | None) -> float | None:
        """Seconds to wait after `tries` tries, `elapsed` seconds after the first failed; None to give up.

        The wait doubles each time, and is never shorter than the provider asked for.
        """
        wait = max(self._drawn(tries, self.longest_delay), retry_after or 0.0)
        return wait if tries < self.max_tries and elapsed + wait <= self.max_seconds else None

    def after_refusal(self, refusals: int, retry_after: float | None) -> float:
        """Return the wait of one request after this many refusals by the rate limit.

        It only lets other requests go first; `Pace` slows all requests down together.
        """
        return max(self._drawn(refusals, self.longest_delay / 8), retry_after or 0.0)

    def _drawn(self, times: int, longest: float) -> float:
        """Draw a delay between half and all of `delay`, so that requests that failed together spread out."""
        return self.delay(times, longest) * self.jitter.uniform(0.5, 1.0)

    def delay(self, times: int, longest: float) -> float:
        """Return the first delay, doubled each time, up to the longest."""
        return min(longest, self.first_delay * 2.0 ** min(times - 1, 60))


class Pace:
    """How many requests may be in flight, and when the next may start.

    The limit is controlled like the congestion window of TCP. It starts low (or at the limit set by the user)
    and doubles every round trip until the provider first signals a rate limit. From then on, a round trip of
    replies raises it by a twentieth, at least by one, and each refusal lowers it by 0.5, as in DCTCP: a
    single refusal costs little, and a round trip of refusals halves it. After a refusal nothing is sent for
    as long as the provider asks; if refusals continue, or the provider does not say, the pause doubles.

    Parameters
    ----------
    max_connections : int or None
        Largest number of requests in flight; None adapts it, up to 256.
    requests_per_minute : float or None
        Largest number of requests started per minute.
    retry : Retry or None
        Gives the delays after refusals.
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
        """Current limit of requests in flight."""
        return int(self._limit)

    def next_start(self, in_flight: int, now: float) -> float:
        """Return when another request may start: `now`, later, or infinity until a reply arrives."""
        return inf if in_flight >= self.limit else max(self._next_start, now)

    def started(self, now: float) -> None:
        """Record that a request was sent."""
        if self._interval:
            self._next_start = max(self._next_start, now) + self._interval

    def succeeded(self, in_flight: int) -> None:
        """Record a reply; `in_flight` includes its request."""
        self._pauses = 0
        # If the limit is hardly used, a reply does not show that a higher one would work.
        if 2 * in_flight > self._limit:
            step = max(1.0 / self._limit, 0.05) if self._was_refused else 1.0
            self._limit = min(self._limit + step, self._most)

    def refused(self, sent: float, now: float, retry_after: float | None) -> None:
        """Record a refusal (HTTP 429) of a request that was sent at `sent`."""
        self._was_refused = True
        self._limit = max(self._limit - 0.5, 1.0)
        pause = retry_after or 0.0
        if sent > self._last_pause:  # further refusals of the same round trip do not extend the pause
            self._last_pause = now
            self._pauses += 1
            if self._pauses > 1 or retry_after is None:
                pause = max(pause, self._retry.delay(self._pauses, self._retry.longest_delay))
        self._next_start = max(self._next_start, now + pause)
