"""Rate limits (HTTP 429): whether a refusal concerns all requests or only one, and when to give up. Pure.

Times are passed in, in seconds of one monotonic clock.
"""

from dataclasses import dataclass
from enum import Enum
from math import inf

from judge.scoring.backends.api.retry_after import clock

MOST_REFUSALS = 20
"""Refusals of one request after which it is given up, if other requests succeeded meanwhile."""
REFUSALS_TO_SUSPECT = 3
"""Refusals of one request, while others succeed, after which they are attributed to the request itself."""
REFUSALS_TO_CONFIRM = 10
"""Refusals attributed to one request after which a single refusal no longer slows other requests down."""
REPLIES_TO_OTHERS = 20
"""Replies to other requests, between two refusals of one, that rule out the rate limit as the cause."""
CONSECUTIVE_REFUSALS = 8
"""Refusals without a reply in between (the size of the first round trip) after which a wait that is longer
than the limit is taken to apply to all requests."""
MOST_FINAL_WAIT = 120.0
"""Seconds after which the run ends if the only requests left are refused while others succeeded."""
PAUSE_TOLERANCE = 60.0
"""Seconds by which a pause may exceed the waiting limit, so that the try after it is still made."""


class RetryDecision(Enum):
    """What to do with a refused request."""

    RETRY = "again"
    GIVE_UP = "given up"
    POSTPONE = "put off"
    """Left for another run, because its wait is longer than this run may wait."""


@dataclass(slots=True)
class RequestRefusals:
    """The refusals of one request."""

    times: int = 0
    replies_before: int = 0
    """Number of replies to all requests before its first refusal."""


class RateLimitTracker:
    """What the refusals of one pass over the requests mean.

    A request that is refused repeatedly while others succeed is refused for a property of its own (usually
    its size): it must not slow the others down, and after `MOST_REFUSALS` it is given up. If all requests are
    refused, the run waits for `max_wait` seconds and then ends; another run sends the remaining requests.
    """

    def __init__(self, max_wait: float) -> None:
        self.max_wait = max_wait
        self.postponed = 0
        """Number of requests whose wait is longer than the run may wait."""
        self.postponed_until = -inf
        self.message = ""
        """Message of the last refusal."""
        self._replies = 0
        self._now = -inf  # time of the last refusal
        self._refusing_since = inf  # time of the first refusal since the last reply
        self._consecutive = 0
        self._suspicion = REFUSALS_TO_SUSPECT
        self._has_rejected_requests = False
        self._final_wait_since = inf

    @property
    def is_refusing(self) -> bool:
        """Whether the latest response was a refusal."""
        return self._refusing_since < inf

    @property
    def reason_for_postponing(self) -> str:
        """Why requests are left for another run."""
        return f"the provider asks to wait until {clock(self.postponed_until - self._now)} ({self.message})"

    def reason_for_ending(self, now: float, next_start: float) -> str:
        """Explain to the user why the run ends, after `should_end_run`."""
        if self.postponed:
            return self.reason_for_postponing
        if next_start > now + PAUSE_TOLERANCE:
            return f"the provider asks to wait until {clock(next_start - now)} ({self.message})"
        if self._final_wait_since < inf:
            return f"the remaining requests are refused repeatedly, while others got replies ({self.message})"
        return f"all requests were refused for {_span(now - self._refusing_since)} ({self.message})"

    def succeeded(self, record: RequestRefusals) -> None:
        """Record a reply to a request."""
        self._replies += 1
        self._consecutive = 0
        self._refusing_since = self._final_wait_since = inf
        if record.times >= self._suspicion:  # it succeeded, so this many refusals do not prove anything
            self._suspicion = record.times + 1
            self._has_rejected_requests = False

    def refused(self, record: RequestRefusals, wait: float | None, message: str, now: float) -> RetryDecision:
        """Record a refusal and the wait that the provider asks for, and decide what to do."""
        if record.times == 0:
            record.replies_before = self._replies
        record.times += 1
        self.message = message
        self._now = now
        self._refusing_since = min(self._refusing_since, now)
        is_about_request = self._is_about_request(record)
        self._consecutive += not is_about_request
        self._has_rejected_requests |= is_about_request and record.times >= REFUSALS_TO_CONFIRM
        if wait is not None and wait > self.max_wait:
            self.postponed += 1
            self.postponed_until = max(self.postponed_until, now + wait)
            return RetryDecision.POSTPONE
        if record.times >= MOST_REFUSALS and self.others_got_through(record):
            return RetryDecision.GIVE_UP
        return RetryDecision.RETRY

    def slow_down(self, record: RequestRefusals, wait: float | None) -> bool:
        """Whether the last refusal, of a request with this record, means that all requests are too fast.

        A single refusal does not if some requests are known to be refused for a property of their own, nor if
        its wait exceeds the limit: other requests are sent to find out whether the wait applies to them, too.
        """
        if self._is_about_request(record):
            return False
        if wait is not None and wait > self.max_wait:
            return self._consecutive >= CONSECUTIVE_REFUSALS
        return self._consecutive > (1 if self._has_rejected_requests else 0)

    def others_got_through(self, record: RequestRefusals) -> bool:
        """Whether enough other requests got replies between the first and last refusal of a request."""
        return record.times > 0 and self._replies - record.replies_before >= REPLIES_TO_OTHERS

    def _is_about_request(self, record: RequestRefusals) -> bool:
        return record.times >= self._suspicion and self.others_got_through(record)

    def should_end_run(self, now: float, next_start: float, *, only_refused: bool) -> bool:
        """Whether to end the run; called when no request is in flight.

        Parameters
        ----------
        now, next_start : float
            Current time, and when the next request may start.
        only_refused : bool
            Whether all remaining requests were refused while others succeeded.
        """
        if not only_refused:
            self._final_wait_since = inf
        else:
            self._final_wait_since = min(self._final_wait_since, now)
            if next_start > self._final_wait_since + MOST_FINAL_WAIT:
                return True
        if self.postponed and next_start > now + self.max_wait:
            return True
        end = self._refusing_since + self.max_wait
        return now >= end or next_start > end + PAUSE_TOLERANCE


def _span(seconds: float) -> str:
    return f"{seconds:.0f} seconds" if seconds < 120 else f"{seconds / 60:.0f} minutes"
