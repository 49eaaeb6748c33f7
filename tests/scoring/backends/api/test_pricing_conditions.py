"""Prices at their limits: odd token counts, long prompts, and the last cent of a budget."""

import pytest

from judge.records import Item, Request, Usage
from judge.scoring.backends.api.pricing import Budget, Price, Prices, expected_usage

PRICE = Price(prompt=2.0, completion=8.0, cached=0.5, cache_write=3.0, reasoning=10.0)
ENTRY = {"litellm_provider": "openai", "input_cost_per_token": 1.0, "output_cost_per_token": 0.0}


def request(text="x" * 400, labels=(), **params):
    item = Item(id="1", question="?", answer="!")
    message = {"role": "user", "content": text}
    return Request(item, [message], model="m", params=params, schema=None, key="k", labels=labels)


@pytest.mark.parametrize(
    ("usage", "written", "cost"),
    [
        (Usage(prompt_tokens=100, completion_tokens=10), 0, 280),
        (Usage(prompt_tokens=100, cached_tokens=40, completion_tokens=10), 0, 120 + 20 + 80),
        (Usage(prompt_tokens=100, cached_tokens=40, completion_tokens=10), 10, 100 + 20 + 30 + 80),
        (Usage(prompt_tokens=100, completion_tokens=10, reasoning_tokens=4), 0, 200 + 48 + 40),
    ],
)
def test_every_kind_of_token_has_its_price(usage, written, cost):
    assert PRICE.cost(usage, written) == cost


def test_more_cached_or_reasoning_tokens_than_tokens_make_no_negative_part():
    assert PRICE.cost(Usage(prompt_tokens=100, cached_tokens=200)) == 100
    assert PRICE.cost(Usage(completion_tokens=10, reasoning_tokens=20)) == 200


def test_a_long_prompt_has_its_own_price_from_one_token_beyond_the_bound():
    prices = Prices(
        {
            **ENTRY,
            "input_cost_per_token_above_200k_tokens": 2.0,
            "input_cost_per_token_above_1000k_tokens": 5.0,
        }
    )
    assert [prices.at(n).prompt for n in (200_000, 200_001, 1_000_000, 1_000_001)] == [1, 2, 2, 5]


def test_a_reply_is_expected_to_be_300_tokens_or_as_long_as_it_may_be():
    assert expected_usage(request()).prompt_tokens == 100
    assert [expected_usage(request(max_tokens=n)).completion_tokens for n in (50, 300, 2000)] == [
        50,
        300,
        300,
    ]
    assert expected_usage(request(max_completion_tokens=7, max_tokens=50)).completion_tokens == 7
    assert expected_usage(request(labels=("1", "2"))).completion_tokens == 1


def test_the_last_request_that_fits_into_a_budget_is_sent():
    one = request(max_tokens=1)  # 400 characters at 0.4 tokens: 160
    budget = Budget(320.0, Prices(ENTRY))
    assert (budget.reserve(one), budget.reserve(one), budget.reserve(one)) == (160, 160, None)
    budget.release(160.0)
    assert budget.reserve(one) == 160


def test_a_known_cost_frees_the_rest_and_an_unknown_one_counts_in_full():
    one = request(max_tokens=1)
    budget = Budget(320.0, Prices(ENTRY))
    budget.settle(one, budget.reserve(one), 10.0, None)
    assert budget.spent == 10
    budget.settle(one, budget.reserve(one), None, None)
    assert budget.spent == 170
    assert budget.reserve(one) is None  # 170 + 160 > 320


def test_a_lost_attempt_is_paid_beside_the_one_that_follows():
    one = request(max_tokens=1)
    budget = Budget(320.0, Prices(ENTRY))
    reserved = budget.reserve(one)
    budget.lose(reserved)
    assert budget.spent == 160
    assert budget.reserve(one) is None


def test_a_prompt_that_takes_more_tokens_than_reckoned_raises_what_is_reserved():
    one = request(max_tokens=1)
    budget = Budget(10_000.0, Prices(ENTRY))
    budget.settle(one, budget.reserve(one), 400.0, Usage(prompt_tokens=400, completion_tokens=1))
    assert budget.reserve(one) == pytest.approx(440, abs=1)  # a token a character, and a tenth
