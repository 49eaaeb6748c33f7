"""Rate limits (429): what a refusal is due to, when a request is given up, and when the run ends.

Nothing here looks at a clock or waits: times are given, in seconds of one monotonic clock.
"""

from dataclasses import dataclass
from enum import Enum
from math import inf

from judge.scoring.backends.api.retry_after import clock

MOST_REFUSALS = 20
"""Refusals of one request after which it is given up, if others got through meanwhile."""
REFUSALS_TO_CONFIRM = 10
"""Refusals of such a request after which one refusal alone no longer slows the others down."""
REPLIES_TO_OTHERS = 20
"""So many replies to others between two refusals of a request show that it is not the rate limit."""
REFUSALS_TO_SUSPECT = 3
"""Refusals after which a request is first taken for one that is refused whatever the pace."""
CONSECUTIVE_REFUSALS = 8
"""Refusals without a reply between them that make a wait beyond the limit everybody's: the first requests
that go out together."""
MOST_FINAL_WAIT = 120.0
"""Seconds after which the run ends where all that is left is refused while others got through."""
PAUSE_TOLERANCE = 60.0
"""Seconds that our own longest pause may pass the limit by: the try after it is still made."""


class RetryDecision(Enum):
    """What becomes of a refused request."""

    RETRY = "again"
    GIVE_UP = "given up"
    POSTPONE = "put off"
    """Left unasked: its wait is longer than the run may wait."""


@dataclass(slots=True)
class RequestRefusals:
    """The refusals of one request."""

    times: int = 0
    replies_before: int = 0
    """Replies to anybody before its first refusal."""


class RateLimitTracker:
    """What the refusals of one pass over the requests mean.

    A request that is refused again and again while others get replies is refused for itself (most often for
    its size): it must not slow the others down, and after `MOST_REFUSALS` it is given up. Where everything
    is refused, the run waits for `max_wait` and then ends; what was not asked stays unasked.
    """

    def __init__(self, max_wait: float) -> None:
        self.max_wait = max_wait
        self.postponed = 0
        """Requests that the provider wants to have later than the run may wait."""
        self.postponed_until = -inf
        self.message = ""
        """The words of the last refusal."""
        self._replies = 0
        self._now = -inf  # when the last refusal came
        self._refusing_since = inf  # first refusal since the last reply
        self._consecutive = 0
        self._suspicion = REFUSALS_TO_SUSPECT
        self._has_rejected_requests = False
        self._final_wait_since = inf

    @property
    def is_refusing(self) -> bool:
        """Whether the last that was heard was a refusal."""
        return self._refusing_since < inf

    @property
    def reason_for_postponing(self) -> str:
        """Why requests were left unasked."""
        return f"the provider asks to wait until {clock(self.postponed_until - self._now)} ({self.message})"

    def reason_for_ending(self, now: float, next_start: float) -> str:
        """What to tell the user after `should_end_run`."""
        if self.postponed:
            return self.reason_for_postponing
        if next_start > now + PAUSE_TOLERANCE:
            return f"the provider asks to wait until {clock(next_start - now)} ({self.message})"
        if self._final_wait_since < inf:
            return f"what is left is refused again and again, while others got replies ({self.message})"
        return f"everything was refused for {_span(now - self._refusing_since)} ({self.message})"

    def succeeded(self, record: RequestRefusals) -> None:
        """Take note of a reply to a request with this record."""
        self._replies += 1
        self._consecutive = 0
        self._refusing_since = self._final_wait_since = inf
        if record.times >= self._suspicion:  # it got through: so many refusals say nothing about a request
            self._suspicion = record.times + 1
            self._has_rejected_requests = False

    def refused(self, record: RequestRefusals, wait: float | None, message: str, now: float) -> RetryDecision:
        """Take note of a refusal, with the wait that the provider asks for."""
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
        """Whether the last refusal, of a request with this record, is a sign that all are too fast.

        One alone is none where some are known to be refused for themselves, and neither is one with a wait
        that is too long to wait: then other requests are sent, to see whether it holds for them.
        """
        if self._is_about_request(record):
            return False
        if wait is not None and wait > self.max_wait:
            return self._consecutive >= CONSECUTIVE_REFUSALS
        return self._consecutive > (1 if self._has_rejected_requests else 0)

    def others_got_through(self, record: RequestRefusals) -> bool:
        """Whether others got replies between the first and the last refusal of a request."""
        return record.times > 0 and self._replies - record.replies_before >= REPLIES_TO_OTHERS

    def _is_about_request(self, record: RequestRefusals) -> bool:
        return record.times >= self._suspicion and self.others_got_through(record)

    def should_end_run(self, now: float, next_start: float, *, only_refused: bool) -> bool:
        """Whether to end the run, where nothing is in flight.

        Parameters
        ----------
        now, next_start : float
            Now, and when the next request may start.
        only_refused : bool
            Whether all that is left was refused while others got through.
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
