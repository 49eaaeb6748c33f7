from random import Random

from hypothesis import given
from hypothesis import strategies as st

from human_study.sampling import allocate, draw

strata = st.lists(st.sampled_from("abcd"), min_size=1, max_size=80)


@given(strata, st.integers(1, 100), st.integers(0, 2**32))
def test_as_many_items_are_drawn_as_wanted_or_there_are(kinds: list[str], n: int, seed: int) -> None:
    assert len(draw(kinds, n, Random(seed))) == min(n, len(kinds))


@given(strata, st.integers(1, 100), st.integers(0, 2**32))
def test_weights_of_the_drawn_add_up_to_all_items_of_each_drawn_stratum(
    kinds: list[str], n: int, seed: int
) -> None:
    drawn = draw(kinds, n, Random(seed))
    for kind in {kinds[i] for i in drawn}:
        weight = sum(1 / p for i, p in drawn.items() if kinds[i] == kind)
        assert abs(weight - kinds.count(kind)) < 1e-9


@given(st.dictionaries(st.text(min_size=1), st.integers(1, 50), min_size=1, max_size=8), st.integers(0, 300))
def test_no_stratum_gives_less_than_an_even_share_unless_it_is_used_up(sizes: dict[str, int], n: int) -> None:
    shares = allocate(sizes, n)
    assert sum(shares.values()) == min(n, sum(sizes.values()))
    even = min(n, sum(sizes.values())) // len(sizes)
    assert all(share >= min(sizes[name], even) for name, share in shares.items())


def test_rare_failures_are_all_seen() -> None:
    kinds = ["passed"] * 95 + ["failed"] * 5
    drawn = draw(kinds, 20, Random(0))
    assert sum(kinds[i] == "failed" for i in drawn) == 5


def test_each_item_is_drawn_as_often_as_its_probability_says() -> None:
    kinds = ["a"] * 6 + ["b"] * 2
    rng = Random(1)
    hits = sum(0 in draw(kinds, 4, rng) for _ in range(3000))
    # Binomial with p = 1/3: standard deviation 26; five of them.
    assert abs(hits - 1000) < 130
