"""Laws of the pace: never too many, never too fast, never stuck."""

import random
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from judge.scoring.backends.api.pacing import FIRST_CONNECTIONS, MOST_CONNECTIONS, Pace, Retry

times = st.floats(0, 1e4)
waits = st.none() | st.floats(0, 100)


@given(st.integers(1, 7), times, waits, st.randoms(use_true_random=False))
def test_a_wait_after_a_fault_is_never_shorter_than_asked_for(tries, elapsed, retry_after, jitter):
    wait = Retry(jitter=jitter).after_fault(tries, elapsed, retry_after)
    if wait is not None:
        assert wait >= (retry_after or 0.25)
        assert elapsed + wait <= 900


@given(st.integers(1, 10_000), st.randoms(use_true_random=False))
def test_waits_are_bounded_however_often_it_failed(tries, jitter):
    wait = Retry(max_tries=10**6, max_seconds=inf, jitter=jitter).after_fault(tries, 0.0, None)
    assert wait is not None
    assert 0.25 <= wait <= 60


def test_the_last_try_is_the_last():
    retry = Retry(max_tries=3)
    assert retry.after_fault(2, 0.0, None) is not None
    assert retry.after_fault(3, 0.0, None) is None


def test_no_try_starts_after_the_time_for_tries():
    retry = Retry(max_seconds=10, jitter=random.Random(0))
    assert retry.after_fault(1, 9.4, None) is not None
    assert retry.after_fault(1, 9.9, None) is None
    assert retry.after_fault(1, 0.0, 11.0) is None


@given(st.integers(1, 10_000), waits, st.randoms(use_true_random=False))
def test_wait_after_a_refusal_is_bounded_and_never_shorter_than_asked_for(refusals, retry_after, jitter):
    wait = Retry(jitter=jitter).after_refusal(refusals, retry_after)
    assert (retry_after or 0.25) <= wait <= max(retry_after or 0.0, 7.5)


def test_connections_start_low_unless_they_are_given():
    assert Pace().limit == FIRST_CONNECTIONS
    assert Pace(max_connections=100).limit == 100


def test_a_round_trip_of_refusals_halves_the_limit():
    pace = Pace(max_connections=64)
    for _ in range(64):
        pace.refused(sent=1.0, now=2.0, retry_after=None)
    assert pace.limit == 32


def test_a_round_trip_of_replies_doubles_the_limit_before_the_first_refusal():
    pace = Pace()
    for _ in range(FIRST_CONNECTIONS):
        pace.succeeded(in_flight=FIRST_CONNECTIONS)
    assert pace.limit == 2 * FIRST_CONNECTIONS


@pytest.mark.parametrize(("limit", "after"), [(4, 5), (100, 104)])
def test_a_round_trip_of_replies_adds_a_twentieth_but_at_least_one_after_it(limit, after):
    pace = Pace(max_connections=256)
    for _ in range(2 * (256 - limit)):
        pace.refused(sent=1.0, now=2.0, retry_after=None)
    for _ in range(limit + 1):  # one more, for the rounding of sums
        pace.succeeded(in_flight=limit)
    assert pace.limit in (after, after + 1)


def test_one_refusal_in_fifty_does_not_keep_the_limit_down():
    pace, now = Pace(max_connections=256), 0.0
    for turn in range(10_000):
        now += 0.01
        if turn % 50 == 0:
            pace.refused(sent=now - 0.005, now=now, retry_after=0.01)
        else:
            pace.succeeded(in_flight=pace.limit)
    assert pace.limit > 250


def test_replies_while_few_are_in_flight_do_not_raise_the_limit():
    pace = Pace()
    for _ in range(100):
        pace.succeeded(in_flight=2)
    assert pace.limit == FIRST_CONNECTIONS


def test_pauses_double_while_refusals_go_on_and_end_with_a_reply():
    pace, now, pauses = Pace(), 0.0, []
    for _ in range(10):
        now = pace.next_start(0, now) + 1
        pace.refused(sent=now - 0.5, now=now, retry_after=None)
        pauses.append(pace.next_start(0, now) - now)
    assert pauses == pytest.approx([0.5, 1, 2, 4, 8, 16, 32, 60, 60, 60])
    pace.succeeded(in_flight=1)
    now += 1000
    pace.refused(sent=now - 0.5, now=now, retry_after=None)
    assert pace.next_start(0, now) - now == pytest.approx(0.5)


def test_refusals_of_one_round_trip_make_one_pause():
    pace = Pace()
    for _ in range(50):
        pace.refused(sent=1.0, now=2.0, retry_after=None)
    assert pace.next_start(0, 2.0) == 2.5


def test_a_pause_that_the_provider_asks_for_is_kept_exactly():
    pace = Pace()
    pace.refused(sent=0.0, now=1.0, retry_after=0.02)
    assert pace.next_start(0, 1.0) == 1.02


def test_nobody_starts_before_retry_after_is_over():
    pace = Pace()
    pace.refused(sent=0.0, now=1.0, retry_after=30.0)
    assert pace.next_start(0, 1.0) == 31.0


events = st.lists(st.tuples(st.sampled_from(["reply", "refusal"]), st.floats(0, 5), waits), max_size=80)


@given(events, st.none() | st.integers(1, 300))
def test_the_limit_stays_within_its_bounds_and_a_start_is_always_ahead(events, most):
    pace, now = Pace(most), 0.0
    for kind, later, retry_after in events:
        sent, now = now, now + later
        if kind == "reply":
            pace.succeeded(in_flight=pace.limit)
        else:
            pace.refused(sent, now, retry_after)
        assert 1 <= pace.limit <= (most or MOST_CONNECTIONS)
        assert now <= pace.next_start(0, now) <= now + 100 + 80
        assert pace.next_start(pace.limit, now) == inf


@given(st.floats(1, 10_000), st.lists(st.floats(0, 3), min_size=2, max_size=200))
def test_no_minute_holds_more_starts_than_allowed(per_minute, idle):
    pace, now, starts = Pace(requests_per_minute=per_minute), 0.0, []
    for gap in idle:
        now = pace.next_start(0, now + gap)
        pace.started(now)
        starts.append(now)
    for first in starts:
        in_minute = [t for t in starts if first <= t < first + 60 - 1e-6]
        assert len(in_minute) <= max(per_minute, 1) + 1
