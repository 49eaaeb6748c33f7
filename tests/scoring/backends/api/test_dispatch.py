"""The engine in virtual time: a provider that lives in the test, and a clock that jumps."""

import asyncio
import random
from collections import deque
from itertools import count, pairwise

import pytest

from judge.errors import BackendError
from judge.scoring.backends.api.dispatch import GRACE, MOST_FAILED_ITEMS, MOST_WAITING, Dispatcher
from judge.scoring.backends.api.errors import Failed, Rejected
from judge.scoring.backends.api.pacing import Pace, Retry
from judge.scoring.backends.api.pricing import Budget, Prices

from .virtual_time import request, virtual_loop


@pytest.fixture
def loop():
    yield from virtual_loop()


def dispatch(loop, attempt, n=None, pace=None, **retry):
    """Run to the end: the dispatcher, its completions, and the time it took."""
    source = map(request, count() if n is None else range(n))
    retry.setdefault("jitter", random.Random(1))
    dispatcher = Dispatcher(
        source, attempt, pace=pace or Pace(), retry=Retry(**retry), budget=Budget(None, None)
    )
    completions = []
    while True:
        loop.run_until_complete(dispatcher.arrivals())
        if not (batch := dispatcher.take()):
            break
        completions += batch
    return dispatcher, completions, loop.time()


class Provider:
    """Answers after `latency` seconds; refuses what comes faster than `per_minute`."""

    def __init__(self, loop, latency=1.0, per_minute=None, retry_after=None):
        self.loop, self.latency, self.per_minute, self.retry_after = loop, latency, per_minute, retry_after
        self.starts, self.recent = [], deque()
        self.in_flight = self.peak = 0

    async def __call__(self, _request):
        now = self.loop.time()
        self.starts.append(now)
        while self.recent and self.recent[0] <= now - 60:
            self.recent.popleft()
        if self.per_minute and len(self.recent) >= self.per_minute:
            raise Failed("rate_limit", "slow down", again=True, retry_after=self.retry_after)
        self.recent.append(now)
        self.in_flight += 1
        self.peak = max(self.peak, self.in_flight)
        await asyncio.sleep(self.latency)
        self.in_flight -= 1
        return {"reply": "5"}


def test_fixed_connections_are_kept_full(loop):
    provider = Provider(loop, latency=2.0)
    _, completions, seconds = dispatch(loop, provider, 100, Pace(max_connections=10))
    assert len(completions) == 100
    assert provider.peak == 10
    assert seconds == pytest.approx(20.0)


def test_slow_start_doubles_each_round_trip(loop):
    provider = Provider(loop)
    dispatch(loop, provider, 8 + 16 + 32 + 64)
    assert [provider.starts.count(t) for t in (0.0, 1.0, 2.0, 3.0)] == [8, 16, 32, 64]


def test_requests_per_minute_are_kept(loop):
    provider = Provider(loop, latency=0.1)
    _, completions, seconds = dispatch(loop, provider, 90, Pace(requests_per_minute=30))
    assert len(completions) == 90
    assert seconds == pytest.approx(89 * 2 + 0.1)


@pytest.mark.parametrize("connections", [None, 256], ids=["adaptive", "fixed"])
@pytest.mark.parametrize("retry_after", [None, 1.0, 20.0])
def test_every_item_gets_through_a_limit_that_nobody_told_us(loop, connections, retry_after):
    provider = Provider(loop, per_minute=60, retry_after=retry_after)
    dispatcher, completions, seconds = dispatch(loop, provider, 600, Pace(connections))
    assert dispatcher.error is None
    assert [c.failure for c in completions] == [None] * 600
    assert seconds < 800  # the provider alone needs 540 s
    assert len(provider.starts) < 2.5 * 600


def test_after_retry_after_nobody_asks_before_it_is_over(loop):
    starts = []

    async def attempt(_request):
        starts.append(loop.time())
        await asyncio.sleep(0.5)
        if len(starts) == 3:
            raise Failed("rate_limit", "slow down", again=True, retry_after=10.0)
        return {"reply": "5"}

    dispatch(loop, attempt, 9, Pace(max_connections=1))
    assert [t for t in starts if 1.5 < t < 11.5] == []
    assert len(starts) == 10


def test_a_fault_is_tried_again_later_and_later(loop):
    starts = []

    async def attempt(_request):
        starts.append(loop.time())
        raise Failed("server", "500", again=True)

    _, completions, _ = dispatch(loop, attempt, 1, max_tries=5, first_delay=1.0)
    waits = [b - a for a, b in pairwise(starts)]
    assert len(waits) == 4
    assert all(2**i / 2 <= wait <= 2**i for i, wait in enumerate(waits))
    assert (completions[0].failure.kind, completions[0].tries) == ("server", 5)


def test_retries_end_with_the_time_for_them(loop):
    async def attempt(_request):
        await asyncio.sleep(60)
        raise Failed("timeout", "slow", again=True, answered=False)

    _, completions, seconds = dispatch(loop, attempt, 1, max_tries=100, max_seconds=300)
    assert completions[0].failure.kind == "timeout"
    assert 4 <= completions[0].tries <= 5
    assert seconds <= 300 + 60


def test_tries_whose_end_nobody_saw_use_up_the_budget(loop):
    entry = {"litellm_provider": "x", "input_cost_per_token": 0.0, "output_cost_per_token": 1.0}

    async def attempt(_request):
        raise Failed("timeout", "slow", again=True, answered=False)

    budget = Budget(20_000.0, Prices(entry))  # 2,000 tokens are set aside for a reply
    dispatcher = Dispatcher(
        map(request, count()), attempt, pace=Pace(1), retry=Retry(max_tries=1), budget=budget
    )
    while not dispatcher.stopped:
        loop.run_until_complete(dispatcher.arrivals())
    assert len(dispatcher.take()) == 10


def test_time_spent_on_refusals_is_not_taken_from_the_time_for_faults(loop):
    tries = count()

    async def attempt(_request):
        if (n := next(tries)) < 10:
            raise Failed("rate_limit", "slow down", again=True, retry_after=100.0)
        if n == 10:
            raise Failed("server", "500", again=True)
        return {"reply": "5"}

    _, completions, seconds = dispatch(loop, attempt, 1, max_wait=2000.0)
    assert seconds > 1000
    assert completions[0].reply == "5"


def test_what_waits_for_another_try_holds_up_nobody(loop):
    async def attempt(request):
        await asyncio.sleep(1.0)
        if request.key == "0":
            raise Failed("server", "500", again=True)
        return {"reply": "5"}

    _, completions, _ = dispatch(loop, attempt, 99, Pace(max_connections=1), max_tries=4, first_delay=10.0)
    assert completions[-1].key != "0"
    assert [c.key for c in completions if c.failure] == ["0"]


def test_an_outage_does_not_draw_in_the_whole_input(loop):
    pulled = count()

    async def attempt(_request):
        await asyncio.sleep(0.01)
        raise Failed("server", "503", again=True)

    source = (request(next(pulled)) for _ in count())
    dispatcher = Dispatcher(
        source, attempt, pace=Pace(max_connections=10), retry=Retry(), budget=Budget(None, None)
    )
    loop.run_until_complete(dispatcher.arrivals())
    assert next(pulled) <= MOST_WAITING + 2 * 10
    loop.run_until_complete(dispatcher.close())


def test_stubborn_items_that_are_left_at_the_end_do_not_end_the_run(loop):
    async def attempt(request):
        await asyncio.sleep(0.1)
        if int(request.key) % 4 == 0:
            raise Failed("server", "500: always", again=True)
        return {"reply": "5"}

    dispatcher, completions, _ = dispatch(
        loop, attempt, 40 * MOST_FAILED_ITEMS, Pace(max_connections=4 * MOST_FAILED_ITEMS)
    )
    assert dispatcher.error is None
    assert sum(c.failure is not None for c in completions) == 10 * MOST_FAILED_ITEMS


def test_a_row_of_failures_ends_the_run_and_a_reply_breaks_the_row(loop):
    async def attempt(request):
        if int(request.key) % MOST_FAILED_ITEMS == MOST_FAILED_ITEMS - 1 and int(request.key) < 100:
            return {"reply": "5"}
        raise Failed("request", "400: bad")

    dispatcher, completions, _ = dispatch(loop, attempt, None, Pace(max_connections=1))
    assert isinstance(dispatcher.error, BackendError)
    assert len(completions) == 100 + MOST_FAILED_ITEMS


@pytest.mark.parametrize("kind", ["filter", "context", "image"])
def test_failures_that_lie_in_the_items_never_end_the_run(loop, kind):
    async def attempt(_request):
        raise Failed(kind, "no")

    dispatcher, completions, _ = dispatch(loop, attempt, 100)
    assert dispatcher.error is None
    assert len(completions) == 100


def test_after_a_fatal_error_the_rest_gets_a_while_and_no_longer(loop):
    async def attempt(request):
        if request.key == "0":
            raise BackendError("bad key")
        await asyncio.sleep(float(request.key) * 10)
        return {"reply": "5"}

    dispatcher, completions, seconds = dispatch(loop, attempt, 8)
    assert str(dispatcher.error) == "bad key"
    assert [c.key for c in completions] == ["1", "2", "3"] or [c.key for c in completions] == ["1", "2"]
    assert seconds == pytest.approx(GRACE)


def test_a_passing_fault_on_a_doomed_run_is_no_failure_of_its_item(loop):
    async def attempt(request):
        if request.key == "0":
            raise BackendError("bad key")
        await asyncio.sleep(1.0)
        raise Failed("server", "500", again=True)

    dispatcher, completions, _ = dispatch(loop, attempt, 8)
    assert completions == []
    assert str(dispatcher.error) == "bad key"


def test_what_was_pulled_before_the_callers_requests_broke_is_still_tried_again(loop):
    def source():
        yield request(0)
        raise OSError("gone")

    tries = count()

    async def attempt(_request):
        if next(tries) < 2:
            raise Failed("server", "500", again=True)
        return {"reply": "5"}

    dispatcher = Dispatcher(source(), attempt, pace=Pace(), retry=Retry(), budget=Budget(None, None))
    loop.run_until_complete(dispatcher.arrivals())
    assert [c.tries for c in dispatcher.take()] == [3]
    assert isinstance(dispatcher.error, OSError)


def test_a_server_that_never_answered_is_given_up_soon_and_no_item_is_blamed(loop):
    async def attempt(_request):
        raise Failed("connection", "refused", again=True)

    dispatcher, completions, seconds = dispatch(loop, attempt)
    assert str(dispatcher.error).startswith("the judge cannot be reached: refused. Check ")
    assert completions == []
    assert seconds < 5


def test_nothing_new_is_started_while_closing(loop):
    asked = []

    async def attempt(request):
        asked.append(request.key)
        await asyncio.sleep(0)
        return {"reply": "5"}

    dispatcher = Dispatcher(
        map(request, count()), attempt, pace=Pace(max_connections=2), retry=Retry(), budget=Budget(None, None)
    )

    async def start_and_close():
        dispatcher._fill()
        await asyncio.sleep(0)
        await dispatcher.close()

    loop.run_until_complete(start_and_close())
    assert asked == ["0", "1"]
    assert [c.key for c in dispatcher.take()] == ["0", "1"]


def test_a_rejection_is_no_try(loop):
    seen = count()

    async def attempt(_request):
        if next(seen) < 3:
            raise Rejected("seed", "unknown")
        return {"reply": "5"}

    _, completions, _ = dispatch(loop, attempt, 1, max_tries=1)
    assert (completions[0].reply, completions[0].tries) == ("5", 1)


def test_a_fault_of_ours_is_not_swallowed(loop):
    async def attempt(_request):
        raise ZeroDivisionError("a bug")

    dispatcher, _, _ = dispatch(loop, attempt, 5)
    assert isinstance(dispatcher.error, ZeroDivisionError)


def test_repeated_attempts_are_counted_by_kind(loop):
    tries = count()

    async def attempt(_request):
        if next(tries) < 2:
            raise Failed("server", "500", again=True)
        return {"reply": "5"}

    dispatcher, completions, _ = dispatch(loop, attempt, 3)
    assert [c.reply for c in completions] == ["5"] * 3
    assert dispatcher.retries == {"server": 2}
