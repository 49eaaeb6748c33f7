"""RateLimitTracker for haste in virtual time: who is given up, what stays unasked, and when the run ends."""

import asyncio
import random
from itertools import count

import pytest

from judge.scoring.backends.api.dispatch import Dispatcher
from judge.scoring.backends.api.errors import Failed
from judge.scoring.backends.api.pacing import Pace, Retry
from judge.scoring.backends.api.pricing import Budget, Prices
from judge.scoring.backends.api.rate_limits import (
    CONSECUTIVE_REFUSALS,
    MOST_FINAL_WAIT,
    MOST_REFUSALS,
    PAUSE_TOLERANCE,
)

from .virtual_time import request, virtual_loop

DAY = 86_400.0
MAX_WAIT = 900.0


@pytest.fixture
def loop():
    yield from virtual_loop()


def refusal(wait=None):
    return Failed("rate_limit", "429: slow down", again=True, retry_after=wait)


class Provider:
    """Answers after a second; refuses what `refuses` says, at once."""

    def __init__(self, loop, refuses, wait=None):
        self.loop, self.refuses, self.wait = loop, refuses, wait
        self.asked = []

    async def __call__(self, request):
        self.asked.append(request.key)
        if self.refuses(int(request.key), self.loop.time()):
            await asyncio.sleep(0.1)
            raise refusal(self.wait)
        await asyncio.sleep(1.0)
        return {"reply": "5"}


class Ended:
    """How a pass over the requests ended."""

    def __init__(self, loop, attempt, n=None, *, connections=None, budget=None, **retry):
        retry = Retry(jitter=random.Random(1), **retry)
        self.waits = []
        self.dispatcher = Dispatcher(
            map(request, count() if n is None else range(n)),
            attempt,
            pace=Pace(connections, retry=retry),
            retry=retry,
            budget=budget or Budget(None, None),
            on_wait=lambda seconds, said: self.waits.append((loop.time(), seconds, said)),
        )
        self.completions = []
        while True:
            loop.run_until_complete(self.dispatcher.arrivals())
            if not (batch := self.dispatcher.take()):
                break
            self.completions += batch
        self.seconds = loop.time()
        self.stopped, self.error = self.dispatcher.stopped, self.dispatcher.error
        self.failed = {c.key for c in self.completions if c.failure}
        self.replies = len(self.completions) - len(self.failed)


# A request that is refused for itself


@pytest.mark.parametrize("connections", [None, 1, 32, 256])
@pytest.mark.parametrize("wait", [None, 0.5, 5.0])
def test_four_per_cent_that_are_always_refused_fail_and_the_others_get_through(loop, connections, wait):
    provider = Provider(loop, lambda number, _: number % 25 == 0 and number < 950, wait)
    ended = Ended(loop, provider, 1000, connections=connections)
    assert (ended.error, ended.stopped) == (None, None)
    assert ended.replies == 962
    assert ended.failed == {str(number) for number in range(0, 950, 25)}
    assert all(provider.asked.count(key) == MOST_REFUSALS for key in ended.failed)
    alone = 962 / (connections or 256)  # seconds, where nothing is refused
    assert ended.seconds < 2 * alone + 600


def test_request_that_is_always_refused_is_not_given_up_before_others_got_through(loop):
    def is_refused(number, now):
        return number == 0 and now < 1500

    ended = Ended(loop, Provider(loop, is_refused), 1, max_wait=3000.0)
    assert ended.replies == 1
    assert ended.completions[0].tries > MOST_REFUSALS


def test_refusals_of_a_request_that_is_refused_for_itself_do_not_lower_the_pace(loop):
    provider = Provider(loop, lambda number, _: number == 0)
    ended = Ended(loop, provider, 3000, connections=64)
    assert ended.failed == {"0"}
    assert ended.dispatcher._pace.limit >= 62
    assert ended.seconds < 1.1 * 3000 / 64 + 60


def test_pauses_for_requests_that_are_refused_for_themselves_come_to_an_end(loop):
    provider = Provider(loop, lambda number, _: number % 25 == 0 and number < 1900, wait=300.0)
    ended = Ended(loop, provider, 2000, connections=64)
    assert ended.error is None
    assert ended.replies == 2000 - 76
    assert ended.seconds < 76 * 300.0  # one pause each


def test_many_refusals_of_a_provider_that_is_only_slow_fail_nothing(loop):
    answered = []

    async def attempt(_request):
        await asyncio.sleep(0.1)
        now = loop.time()
        if answered and sum(time > now - 60 for time in answered) >= 30:
            raise refusal()
        answered.append(now)
        return {"reply": "5"}

    ended = Ended(loop, attempt, 300, connections=64)
    assert ended.replies == 300


# Everything is refused


@pytest.mark.parametrize("connections", [None, 1, 256])
def test_wait_of_a_day_ends_the_run_at_once_and_leaves_the_rest_unasked(loop, connections):
    provider = Provider(loop, lambda number, _: number >= 10, wait=DAY)
    ended = Ended(loop, provider, 60, connections=connections)
    assert ended.replies == 10
    assert ended.failed == set()
    assert ended.error is None
    assert ended.seconds < 20
    assert ended.stopped.startswith("the provider asks to wait until ")
    assert ended.stopped.endswith("(429: slow down)")


def test_wait_of_a_day_is_tried_with_a_few_others_before_it_holds_for_all(loop):
    provider = Provider(loop, lambda *_: True, wait=DAY)
    Ended(loop, provider, connections=1)
    assert len(provider.asked) == CONSECUTIVE_REFUSALS


@pytest.mark.parametrize("connections", [None, 1, 64])
def test_one_wait_of_a_day_leaves_its_request_alone_unasked(loop, connections):
    provider = Provider(loop, lambda number, _: number == 5, wait=DAY)
    ended = Ended(loop, provider, 200, connections=connections)
    assert ended.replies == 199
    assert ended.failed == set()
    assert provider.asked.count("5") == 1
    assert ended.stopped.startswith("the provider asks to wait until ")


def test_four_per_cent_with_a_wait_of_a_day_hold_up_nobody(loop):
    provider = Provider(loop, lambda number, _: number % 25 == 0, wait=DAY)
    ended = Ended(loop, provider, 15_000, connections=64)  # 600 of them: more than may wait
    assert ended.replies == 14_400
    assert ended.seconds < 2 * 15_000 / 64


def test_refusals_of_everything_end_the_run_after_the_longest_wait(loop):
    provider = Provider(loop, lambda _, now: now > 10)
    ended = Ended(loop, provider, None, max_wait=MAX_WAIT)
    assert ended.failed == set()
    assert ended.error is None
    assert 10 + MAX_WAIT <= ended.seconds <= 10 + MAX_WAIT + 2 * PAUSE_TOLERANCE
    assert ended.stopped == "all requests were refused for 15 minutes (429: slow down)"
    assert len(provider.asked) - ended.replies < 1500


def test_run_goes_on_where_the_provider_answers_again_within_the_longest_wait(loop):
    provider = Provider(loop, lambda _, now: 10 < now < MAX_WAIT - 100)
    ended = Ended(loop, provider, 600, connections=16, max_wait=MAX_WAIT)
    assert (ended.replies, ended.stopped) == (600, None)


def test_longest_wait_of_nothing_ends_the_run_with_the_first_refusals(loop):
    provider = Provider(loop, lambda number, _: number >= 10)
    ended = Ended(loop, provider, 60, max_wait=0.0)
    assert ended.seconds < 5
    assert ended.replies == 10


def test_second_long_wait_that_would_pass_the_limit_is_not_begun(loop):
    ended = Ended(loop, Provider(loop, lambda *_: True, wait=800.0), 60, max_wait=MAX_WAIT)
    assert 800 <= ended.seconds < 810
    assert ended.stopped.startswith("the provider asks to wait until ")


def test_slow_pace_of_our_own_is_no_refusal(loop):
    refused = []

    def is_refused(number, _now):
        first = number == 3 and not refused
        refused.extend([number] * first)
        return first

    provider = Provider(loop, is_refused)
    retry = Retry(jitter=random.Random(1), max_wait=400.0)
    pace = Pace(1, requests_per_minute=0.2, retry=retry)  # a request every five minutes
    dispatcher = Dispatcher(
        map(request, range(6)), provider, pace=pace, retry=retry, budget=Budget(None, None)
    )
    replies = 0
    while arrived := (loop.run_until_complete(dispatcher.arrivals()), len(dispatcher.take()))[1]:
        replies += arrived
    assert (replies, dispatcher.stopped) == (6, None)


# The end of a run


@pytest.mark.parametrize("wait", [None, 1.0, 50.0, 100.0, 400.0])
def test_run_ends_within_two_minutes_where_only_hopeless_requests_are_left(loop, wait):
    others = []

    async def attempt(request):
        if int(request.key) < 5:
            await asyncio.sleep(0.1)
            raise refusal(wait)
        await asyncio.sleep(1.0)
        others.append(loop.time())
        return {"reply": "5"}

    ended = Ended(loop, attempt, 600, connections=8)
    assert ended.replies == 595
    assert ended.seconds - others[-1] <= MOST_FINAL_WAIT + 1
    if ended.failed:
        assert all(c.tries == MOST_REFUSALS for c in ended.completions if c.failure)
    left = 5 - len(ended.failed)
    assert bool(left) == bool(ended.stopped)


def test_last_wait_begins_anew_with_every_reply(loop):
    def is_refused(number, now):
        return number < 3 and now < 200 + 60 * number

    ended = Ended(loop, Provider(loop, is_refused, wait=40.0), 600, connections=8)
    assert ended.replies == 600


# Money and the progress line


def test_requests_that_stay_unasked_free_the_money_that_was_set_aside(loop):
    entry = {"litellm_provider": "x", "input_cost_per_token": 0.0, "output_cost_per_token": 1.0}
    budget = Budget(20_000.0, Prices(entry))
    provider = Provider(loop, lambda *_: True, wait=DAY)
    Ended(loop, provider, 60, budget=budget)
    assert budget._reserved == 0.0
    assert budget.spent == 0.0


def test_wait_is_told_with_the_words_of_the_provider(loop):
    provider = Provider(loop, lambda number, now: number == 3 and now < 5, wait=30.0)
    ended = Ended(loop, provider, 10, connections=1)
    now, seconds, said = ended.waits[0]
    assert (round(now + seconds), said) == (33, "429: slow down")
