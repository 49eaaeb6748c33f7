"""Rate limits (429): what a refusal is due to, when a request is given up, and when the run ends.

Nothing here looks at a clock or waits: times are given, in seconds of one monotonic clock.
"""

from dataclasses import dataclass
from enum import Enum
from math import inf

from judge.scoring.backends.api.waits import clock

MOST_REFUSALS = 20
"""Refusals of one request after which it is given up, if others got through meanwhile."""
FIRM_DOUBT = 10
"""Refusals of such a request after which one refusal alone no longer slows the others down."""
OTHERS = 20
"""So many replies to others between two refusals of a request show that it is not the rate limit."""
FIRST_DOUBT = 3
"""Refusals after which a request is first taken for one that is refused whatever the pace."""
IN_A_ROW = 8
"""Refusals without a reply between them that make a wait beyond the limit everybody's: the first requests
that go out together."""
LAST_WAIT = 120.0
"""Seconds after which the run ends where all that is left is refused while others got through."""
OWN_PAUSE = 60.0
"""Seconds that our own longest pause may pass the limit by: the try after it is still made."""


class Fate(Enum):
    """What becomes of a refused request."""

    AGAIN = "again"
    GIVEN_UP = "given up"
    PUT_OFF = "put off"
    """Left unasked: its wait is longer than the run may wait."""


@dataclass(slots=True)
class RefusalRecord:
    """The refusals of one request."""

    times: int = 0
    replies_before: int = 0
    """Replies to anybody before its first refusal."""


class Refusals:
    """What the refusals of one pass over the requests mean.

    A request that is refused again and again while others get replies is refused for itself (most often for
    its size): it must not slow the others down, and after `MOST_REFUSALS` it is given up. Where everything
    is refused, the run waits for `max_wait` and then ends; what was not asked stays unasked.
    """

    def __init__(self, max_wait: float) -> None:
        self.max_wait = max_wait
        self.put_off = 0
        """Requests that the provider wants to have later than the run may wait."""
        self.put_off_until = -inf
        self.said = ""
        """The words of the last refusal."""
        self._replies = 0
        self._now = -inf  # when the last refusal came
        self._since = inf  # first refusal since the last reply
        self._in_a_row = 0
        self._doubt = FIRST_DOUBT
        self._some_are_refused_for_themselves = False
        self._last_wait_began = inf

    @property
    def are_going_on(self) -> bool:
        """Whether the last that was heard was a refusal."""
        return self._since < inf

    @property
    def about_those_put_off(self) -> str:
        """Why requests were left unasked."""
        return f"the provider asks to wait until {clock(self.put_off_until - self._now)} ({self.said})"

    def why_it_ends(self, now: float, next_start: float) -> str:
        """What to tell the user after `end_the_run`."""
        if self.put_off:
            return self.about_those_put_off
        if next_start > now + OWN_PAUSE:
            return f"the provider asks to wait until {clock(next_start - now)} ({self.said})"
        if self._last_wait_began < inf:
            return f"what is left is refused again and again, while others got replies ({self.said})"
        return f"everything was refused for {_span(now - self._since)} ({self.said})"

    def succeeded(self, record: RefusalRecord) -> None:
        """Take note of a reply to a request with this record."""
        self._replies += 1
        self._in_a_row = 0
        self._since = self._last_wait_began = inf
        if record.times >= self._doubt:  # it got through: so many refusals say nothing about a request
            self._doubt = record.times + 1
            self._some_are_refused_for_themselves = False

    def refused(self, record: RefusalRecord, wait: float | None, said: str, now: float) -> Fate:
        """Take note of a refusal, with the wait that the provider asks for."""
        if record.times == 0:
            record.replies_before = self._replies
        record.times += 1
        self.said = said
        self._now = now
        self._since = min(self._since, now)
        for_itself = self._is_for_itself(record)
        self._in_a_row += not for_itself
        self._some_are_refused_for_themselves |= for_itself and record.times >= FIRM_DOUBT
        if wait is not None and wait > self.max_wait:
            self.put_off += 1
            self.put_off_until = max(self.put_off_until, now + wait)
            return Fate.PUT_OFF
        if record.times >= MOST_REFUSALS and self.others_got_through(record):
            return Fate.GIVEN_UP
        return Fate.AGAIN

    def slow_down(self, record: RefusalRecord, wait: float | None) -> bool:
        """Whether the last refusal, of a request with this record, is a sign that all are too fast.

        One alone is none where some are known to be refused for themselves, and neither is one with a wait
        that is too long to wait: then other requests are sent, to see whether it holds for them.
        """
        if self._is_for_itself(record):
            return False
        if wait is not None and wait > self.max_wait:
            return self._in_a_row >= IN_A_ROW
        return self._in_a_row > (1 if self._some_are_refused_for_themselves else 0)

    def others_got_through(self, record: RefusalRecord) -> bool:
        """Whether others got replies between the first and the last refusal of a request."""
        return record.times > 0 and self._replies - record.replies_before >= OTHERS

    def _is_for_itself(self, record: RefusalRecord) -> bool:
        return record.times >= self._doubt and self.others_got_through(record)

    def end_the_run(self, now: float, next_start: float, *, only_hopeless: bool) -> bool:
        """Whether to end the run, where nothing is in flight.

        Parameters
        ----------
        now, next_start : float
            Now, and when the next request may start.
        only_hopeless : bool
            Whether all that is left was refused while others got through.
        """
        if not only_hopeless:
            self._last_wait_began = inf
        else:
            self._last_wait_began = min(self._last_wait_began, now)
            if next_start > self._last_wait_began + LAST_WAIT:
                return True
        if self.put_off and next_start > now + self.max_wait:
            return True
        end = self._since + self.max_wait
        return now >= end or next_start > end + OWN_PAUSE


def _span(seconds: float) -> str:
    return f"{seconds:.0f} seconds" if seconds < 120 else f"{seconds / 60:.0f} minutes"
