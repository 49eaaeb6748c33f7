"""Prices and budgets."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from judge.errors import BackendError
from judge.records import Item, Request, Usage
from judge.scoring.backends.api.pricing import (
    BATCHES,
    Budget,
    Prices,
    expected_usage,
    find_prices,
    forecast,
    known_provider,
    provider_of,
)

ENTRY = {"litellm_provider": "openai", "input_cost_per_token": 2e-6, "output_cost_per_token": 8e-6}

HALF = {"input_cost_per_token_batches": 1e-6, "output_cost_per_token_batches": 4e-6}


def request(text="x" * 4000, **params):
    item = Item(id="1", question="?", answer="!")
    return Request(item, [{"role": "user", "content": text}], model="m", params=params, schema=None, key="k")


def test_prices_are_found_under_the_name_of_the_provider_or_without_it():
    assert find_prices("openai/gpt-4.1", "openai", "gpt-4.1").at(0).prompt == 2e-6
    assert find_prices("gpt-4.1", "openai", "gpt-4.1").at(0).prompt == 2e-6
    assert find_prices("deepseek/deepseek-chat", "deepseek", "deepseek-chat") is not None


def test_the_price_of_a_namesake_elsewhere_is_not_taken():
    assert find_prices("groq/gpt-4.1", "groq", "gpt-4.1") is None
    assert find_prices("hosted_vllm/gpt-4.1", "hosted_vllm", "gpt-4.1") is None


def test_an_unknown_model_has_no_price():
    assert find_prices("openai/mock-judge", "openai", "mock-judge") is None


def test_providers_of_bare_names_are_known():
    assert provider_of("gpt-5") == "openai"
    assert provider_of("claude-sonnet-4-5") == "anthropic"
    assert provider_of("nothing-of-that-name") is None
    assert known_provider("bedrock")
    assert not known_provider("Qwen")
    assert not known_provider("")


def test_cached_written_and_reasoning_tokens_have_their_own_price():
    entry = ENTRY | {
        "cache_read_input_token_cost": 2e-7,
        "cache_creation_input_token_cost": 3e-6,
        "output_cost_per_reasoning_token": 9e-6,
    }
    usage = Usage(prompt_tokens=1000, cached_tokens=500, completion_tokens=100, reasoning_tokens=40)
    expected = 300 * 2e-6 + 500 * 2e-7 + 200 * 3e-6 + 60 * 8e-6 + 40 * 9e-6
    assert Prices(entry).cost(usage, cache_write_tokens=200) == pytest.approx(expected)


def test_without_a_price_of_their_own_they_cost_as_others_do():
    usage = Usage(prompt_tokens=1000, cached_tokens=500, completion_tokens=100, reasoning_tokens=40)
    assert Prices(ENTRY).cost(usage, 100) == pytest.approx(1000 * 2e-6 + 100 * 8e-6)


def test_long_prompts_have_the_price_of_long_prompts():
    entry = ENTRY | {
        "input_cost_per_token_above_200k_tokens": 4e-6,
        "input_cost_per_token_above_128k_tokens": 3e-6,
    }
    prices = Prices(entry)
    assert [prices.at(n).prompt for n in (100_000, 128_001, 200_000, 200_001)] == [2e-6, 3e-6, 3e-6, 4e-6]
    assert prices.at(200_001).completion == 8e-6


def test_a_forecast_counts_characters_pictures_and_replies():
    parts = [{"type": "text", "text": "x" * 400}, {"type": "image", "image": 0}]
    seen = forecast([request("x" * 4000), request(parts, max_tokens=50)], Prices(ENTRY))
    assert (seen.requests, seen.prompt_tokens, seen.completion_tokens) == (2, 1000 + 100 + 1500, 300 + 50)
    assert seen.cost == pytest.approx(2600 * 2e-6 + 350 * 8e-6)


def test_prices_of_batches_are_those_of_the_list_and_not_half():
    price = find_prices("openai/gpt-5", "openai", "gpt-5", BATCHES).at(0)
    assert (price.prompt, price.completion, price.cached) == (6.25e-7, 5e-6, 6.25e-8)
    grok = find_prices("xai/grok-4.20-0309-reasoning", "xai", "grok-4.20-0309-reasoning", BATCHES)
    assert (grok.at(0).prompt, grok.at(300_000).completion) == (1e-6, 4e-6)  # 0.8 of the normal price


@pytest.mark.parametrize(
    "name", ["mistral/mistral-small-latest", "azure/eu/gpt-4o-mini", "openai/unheard-of"]
)
def test_a_model_without_both_prices_of_batches_has_none(name):
    provider, _, model = name.partition("/")
    assert find_prices(name, provider, model, BATCHES) is None


def test_a_forecast_has_both_prices():
    seen = forecast([request()], Prices(ENTRY), Prices({**ENTRY, **HALF}, BATCHES))
    assert seen.batch_cost == pytest.approx(seen.cost / 2)
    assert forecast([request()], Prices(ENTRY)).batch_cost is None


def test_what_was_committed_before_is_held_whatever_the_limit():
    budget = Budget(0.001, Prices(ENTRY))
    budget.hold(5.0)
    assert budget.reserved == 5.0
    assert budget.reserve(request("x")) is None
    budget.release(5.0)
    assert budget.reserved == 0.0


def test_a_request_for_labels_is_answered_by_one_token():
    asked = replace(request("x" * 4000, max_tokens=500), labels=("1", "2"))
    assert expected_usage(asked).completion_tokens == 1


def test_a_forecast_without_a_price_has_no_cost():
    assert forecast([request()], None).cost is None


def test_a_budget_without_a_price_is_an_error():
    with pytest.raises(BackendError, match=r"--max-cost\) cannot be applied"):
        Budget(1.0, None)


def test_without_a_limit_everything_may_be_asked():
    budget = Budget(None, None)
    assert all(budget.reserve(request()) == 0.0 for _ in range(1000))


def test_a_try_whose_end_nobody_saw_counts_as_paid():
    budget, tries = Budget(0.1, Prices(ENTRY)), 0
    for _ in range(100):
        if (reserved := budget.reserve(request())) is not None:
            budget.lose(reserved)
            budget.settle(request(), reserved, 0.0, None)
            tries += 1
    assert tries == int(0.1 / (1600 * 2e-6 + 2000 * 8e-6))


def test_reply_whose_cost_nobody_told_counts_as_what_was_set_aside():
    budget, asked = Budget(0.1, Prices(ENTRY)), 0
    while (reserved := budget.reserve(request())) is not None:
        budget.settle(request(), reserved, None, None)
        asked += 1
    assert asked == int(0.1 / (1600 * 2e-6 + 2000 * 8e-6))
    assert 0.05 < budget.spent <= 0.1


def test_what_is_not_asked_gives_its_money_back():
    budget = Budget(0.02, Prices(ENTRY))
    for _ in range(10):
        reserved = budget.reserve(request())
        assert reserved is not None
        budget.release(reserved)
    assert budget.spent == 0.0


sizes = st.lists(st.tuples(st.integers(0, 20_000), st.integers(1, 2000), st.booleans()), max_size=200)


@given(sizes, st.floats(0.01, 1.0))
def test_what_is_spent_never_passes_the_limit(sizes, limit):
    """Replies up to their max_tokens and prompts up to 0.4 tokens a character, in any order of coming back."""
    prices, spent, flying = Prices(ENTRY), 0.0, []
    budget = Budget(limit, prices)
    for characters, longest, comes_back in sizes:
        asked = request("x" * characters, max_tokens=longest)
        reserved = budget.reserve(asked)
        if reserved is not None:
            flying.append(
                (asked, reserved, Usage(prompt_tokens=int(characters * 0.4), completion_tokens=longest))
            )
        if comes_back and flying:
            done, reserved, usage = flying.pop()
            spent += prices.cost(usage)
            budget.settle(done, reserved, prices.cost(usage), usage)
    assert spent + sum(prices.cost(usage) for *_, usage in flying) <= limit + 1e-9
