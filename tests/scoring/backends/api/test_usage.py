"""Token counts in the forms of all providers."""

import pytest

from judge.scoring.backends.api.usage import billed, cache_write_tokens, read_usage


def counts(prompt=10, completion=5, total=None, thought=None, **more):
    details = {"completion_tokens_details": {"reasoning_tokens": thought}}
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": total,
        **details,
        **more,
    }


def test_tokens_are_read_where_each_provider_puts_them():
    openai = counts(prompt_tokens_details={"cached_tokens": 8})
    deepseek = counts(prompt_cache_hit_tokens=8)
    assert read_usage(openai) == read_usage(deepseek)
    assert read_usage(openai).cached_tokens == 8


@pytest.mark.parametrize(
    ("usage", "completion", "thought"),
    [
        (counts(completion=100, total=110, thought=60), 100, 60),  # OpenAI: a part of the completion
        (counts(completion=40, total=110, thought=60), 100, 60),  # xAI: beside it, as the total tells
        (counts(completion=40, thought=60), 100, 60),  # more than the whole can be no part of it
        (counts(completion=100, thought=60), 100, 60),  # no total: a part, as with most
        (counts(completion=100, total=999, thought=60), 100, 60),  # the total fits neither
        (counts(completion=40, total=50, thought=0), 40, 0),
        (counts(completion=None, total=50), 40, 0),  # the rest of the total
    ],
)
def test_the_thought_is_always_a_part_of_the_completion(usage, completion, thought):
    read = read_usage(usage)
    assert (read.completion_tokens, read.reasoning_tokens) == (completion, thought)


def test_the_bill_of_xai_counts_the_thought():
    usage = read_usage(counts(10120, 1499, 14428, 2809, prompt_tokens_details={"cached_tokens": 128}))
    assert usage.model_dump() == {
        "prompt_tokens": 10120,
        "completion_tokens": 4308,
        "cached_tokens": 128,
        "reasoning_tokens": 2809,
    }


@pytest.mark.parametrize("usage", [None, [], "many", 3, {}])
def test_no_count_is_none_and_not_nought(usage):
    assert read_usage(usage) is None


@pytest.mark.parametrize("odd", [None, -1, "many", "12", 1.5, True, 10**20, [], {}])
def test_a_reply_without_whole_counts_has_no_usage(odd):
    assert read_usage(counts(prompt=odd)) is None
    assert read_usage(counts(completion=odd)) is None


@pytest.mark.parametrize("odd", [None, -1, "many", 10**20, [], {}])
def test_details_that_are_no_counts_are_left_out(odd):
    usage = counts(thought=odd, prompt_tokens_details={"cached_tokens": odd})
    assert read_usage(usage).model_dump() == {
        "prompt_tokens": 10,
        "completion_tokens": 5,
        "cached_tokens": 0,
        "reasoning_tokens": 0,
    }
    assert read_usage(counts(prompt_tokens_details=odd, completion_tokens_details=odd)).cached_tokens == 0


def test_what_a_router_charged_is_read():
    assert billed({"cost": 0.25}) == 0.25
    assert billed({"cost": 0}) == 0.0


@pytest.mark.parametrize("odd", [None, -1, "0.25", True, float("nan"), float("inf"), 10**400, []])
def test_what_is_no_price_is_none(odd):
    assert billed({"cost": odd}) is None
    assert billed(odd) is None


def test_tokens_written_to_the_cache_are_read():
    assert cache_write_tokens({"cache_creation_input_tokens": 7}) == 7
    assert cache_write_tokens({"cache_creation_input_tokens": "7"}) == 0
    assert cache_write_tokens(None) == 0
