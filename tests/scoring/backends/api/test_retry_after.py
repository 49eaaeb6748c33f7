"""Every form in which a provider says how long to wait."""

import re
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from judge.scoring.backends.api.errors import problem_of
from judge.scoring.backends.api.retry_after import LONGEST_WAIT, clock, requested_wait

DAY = 86_400.0
GEMINI = [
    {
        "error": {
            "code": 429,
            "message": "You exceeded your quota.",
            "status": "RESOURCE_EXHAUSTED",
            "details": [
                {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": []},
                {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "6s"},
            ],
        }
    }
]


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "86400"}, DAY),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after": "30s"}, 30.0),
        ({"retry-after": "Fri, 02 Jan 1970 00:00:02 GMT"}, DAY),
        ({"retry-after-ms": "86400000"}, DAY),
        ({"retry-after-ms": "850", "retry-after": "1"}, 0.85),
        ({"retry-after": "Thu, 01 Jan 1970 00:00:01 GMT"}, None),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "9" * 15}, LONGEST_WAIT),
        ({"retry-after": "9" * 400}, None),
        ({}, None),
    ],
    ids=lambda case: str(case)[:60],
)
def test_retry_after_is_read_in_every_form(headers, seconds):
    assert requested_wait(headers, now=2.0) == seconds


@pytest.mark.parametrize(
    ("words", "seconds"),
    [
        ("quota. Please retry in 6s.", 6.0),
        ("Please retry in 41.5s.", 41.5),
        ("Requests have exceeded the token rate limit. Please retry after 6 seconds.", 6.0),
        ("Rate limit reached for gpt-4o. Please try again in 850ms.", 0.85),
        ("Please try again in 6m0s. Visit our site.", 360.0),
        ("requests per day used up; try again in 24h0m0s", DAY),
        ("Try again after 2 minutes", 120.0),
        ("wait 1 minute, 30 seconds", 90.0),
        ("Please wait at least 2 hours", 7200.0),
        ("Retry in 2 days.", 2 * DAY),
        ("Try again in 1 month.", None),
        ("Please retry in 6", None),
        ("slow down", None),
        ('Error: {"error": {"details": [{"retryDelay": "6s"}]}}', 6.0),
    ],
)
def test_wait_is_read_out_of_the_words(words, seconds):
    assert requested_wait({}, words) == seconds
    assert requested_wait({}, {"message": words}) == seconds


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"x-ratelimit-reset-tokens": "6s"}, 6.0),
        ({"x-ratelimit-reset-tokens": "1m30s"}, 90.0),
        ({"x-ratelimit-reset-tokens": "250ms"}, 0.25),
        ({"x-ratelimit-reset-requests": "12"}, 12.0),
        ({"x-ratelimit-reset": "1700000060"}, 60.0),
        ({"x-ratelimit-reset": "1700000060000"}, 60.0),
        ({"x-ratelimit-reset": "2023-11-14T22:14:20Z"}, 60.0),
        ({"x-ratelimit-reset": "1699999999"}, 0.0),
        ({"x-ratelimit-reset-tokens": "soon"}, None),
    ],
    ids=lambda case: str(case)[:60],
)
def test_reset_of_a_limit_is_read_in_every_form(headers, seconds):
    assert requested_wait(headers, now=1.7e9) == seconds


def test_limit_that_is_used_up_is_waited_for_and_another_is_not():
    headers = {
        "x-ratelimit-remaining-requests": "9999",
        "x-ratelimit-reset-requests": "8m38s",
        "x-ratelimit-remaining-tokens": "0",
        "x-ratelimit-reset-tokens": "6s",
    }
    assert requested_wait(headers) == 6.0


def test_where_something_is_left_of_every_limit_the_first_reset_is_waited_for():
    headers = {
        "x-ratelimit-remaining-requests": "9999",
        "x-ratelimit-reset-requests": "8m38s",
        "x-ratelimit-remaining-tokens": "120",
        "x-ratelimit-reset-tokens": "6s",
    }
    assert requested_wait(headers) == 6.0


def test_retry_info_of_google_is_read():
    assert problem_of(429, GEMINI, {}).retry_after == 6.0
    assert problem_of(429, GEMINI[0], {}).retry_after == 6.0


def test_retry_after_outranks_the_words():
    assert requested_wait({"retry-after": "2"}, "try again in 6s") == 2.0


@pytest.mark.parametrize(
    "error", [None, 5, [], {}, {"message": 5}, {"details": [None, {"retryDelay": 6}]}, {"details": "6s"}]
)
def test_error_of_an_odd_form_tells_no_wait(error):
    assert requested_wait({}, error) is None


@given(st.text(max_size=200), st.text(max_size=200))
def test_any_text_is_read_or_passed_over(header, words):
    names = ("retry-after", "retry-after-ms", "x-ratelimit-reset", "x-ratelimit-remaining")
    for name in names:
        seconds = requested_wait({name: header}, words, now=0.0)
        assert seconds is None or 0 <= seconds <= LONGEST_WAIT


def test_clock_names_the_day_where_it_is_another():
    noon = datetime(2026, 11, 28, 12).timestamp()
    assert clock(90.2, noon) == "12:01:31"
    assert clock(86_400.5, noon) == "2026-11-29 12:01"
    assert re.fullmatch(r"[\d :-]+", clock(LONGEST_WAIT))
