from collections import Counter
from itertools import combinations
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from human_study.assignment import Slot, arrange, assign


@st.composite
def designs(draw: st.DrawFn) -> tuple[list[str], int, int, int]:
    raters = draw(st.integers(3, 12))
    per_item = draw(st.integers(2, raters))
    n_items = draw(st.integers(20, 500))
    n_groups = draw(st.integers(1, 5))
    return [f"g{i % n_groups}" for i in range(n_items)], raters, per_item, draw(st.integers(0, 2**32))


def loads(blocks: list[tuple[int, ...]], raters: int) -> list[int]:
    counts = Counter(rater for block in blocks for rater in block)
    return [counts[rater] for rater in range(raters)]


def n_components(blocks: list[tuple[int, ...]], raters: int) -> int:
    component = list(range(raters))
    for block in blocks:
        joined = {component[rater] for rater in block}
        component = [min(joined) if c in joined else c for c in component]
    return len(set(component))


@given(designs())
def test_loads_differ_by_at_most_one_and_all_raters_are_connected(
    design: tuple[list[str], int, int, int],
) -> None:
    groups, raters, per_item, seed = design
    blocks = assign(groups, raters, per_item, Random(seed))
    assert max(loads(blocks, raters)) - min(loads(blocks, raters)) <= 1
    assert n_components(blocks, raters) == 1


@given(designs())
def test_every_item_gets_its_number_of_different_raters(design: tuple[list[str], int, int, int]) -> None:
    groups, raters, per_item, seed = design
    blocks = assign(groups, raters, per_item, Random(seed))
    assert {len(set(block)) for block in blocks} == {per_item}


@given(designs())
def test_every_rater_gets_an_equal_part_of_each_group(design: tuple[list[str], int, int, int]) -> None:
    groups, raters, per_item, seed = design
    blocks = assign(groups, raters, per_item, Random(seed))
    for group in set(groups):
        part = loads([b for b, g in zip(blocks, groups, strict=True) if g == group], raters)
        # The load before and after a group is even to within one, so a group is even to within two.
        assert max(part) - min(part) <= 2


@pytest.mark.parametrize("raters", range(3, 13))
@pytest.mark.parametrize("n_items", [20, 21, 97, 500])
def test_all_sizes_of_the_design_are_balanced_and_connected(raters: int, n_items: int) -> None:
    for per_item in {2, 3, raters}:
        blocks = assign(["one"] * n_items, raters, per_item, Random(n_items))
        assert max(loads(blocks, raters)) - min(loads(blocks, raters)) <= 1
        assert n_components(blocks, raters) == 1


@pytest.mark.parametrize("raters", range(3, 13))
def test_raters_are_connected_in_the_smallest_studies_too(raters: int) -> None:
    """Without looking at connections, about one in forty of these falls into two groups."""
    for n_items in range(raters + 1, 16):
        for seed in range(30):
            assert n_components(assign(["one"] * n_items, raters, 2, Random(seed)), raters) == 1


@pytest.mark.parametrize(
    ("raters", "per_item", "n_items"), [(5, 3, 200), (5, 2, 40), (12, 3, 100), (8, 2, 60)]
)
def test_every_pair_of_raters_shares_items_where_there_are_enough(
    raters: int, per_item: int, n_items: int
) -> None:
    blocks = assign(["one"] * n_items, raters, per_item, Random(0))
    shared = Counter(pair for block in blocks for pair in combinations(block, 2))
    assert min(shared[pair] for pair in combinations(range(raters), 2)) >= 1


def test_five_raters_three_an_item_share_equally_many_items() -> None:
    blocks = assign(["one"] * 200, 5, 3, Random(0))
    shared = Counter(pair for block in blocks for pair in combinations(block, 2))
    assert max(shared.values()) - min(shared.values()) <= 2


def test_the_same_seed_deals_the_same() -> None:
    assert assign(["a"] * 50, 5, 3, Random(7)) == assign(["a"] * 50, 5, 3, Random(7))


@pytest.mark.parametrize("per_item", [0, 4])
def test_more_raters_an_item_than_raters_is_an_error(per_item: int) -> None:
    with pytest.raises(ValueError, match="between 1 and the number of raters"):
        assign(["a"], 3, per_item, Random(0))


@given(st.integers(1, 200), st.integers(0, 10), st.integers(0, 40), st.integers(0, 2**32))
def test_no_item_comes_twice_but_for_planned_repeats(n: int, checks: int, repeats: int, seed: int) -> None:
    slots = arrange(range(n), checks, repeats, Random(seed))
    main = [slot.item for slot in slots if slot.kind == "main"]
    again = [slot.item for slot in slots if slot.kind == "repeat"]
    assert sorted(main) == list(range(n))
    assert len(set(again)) == len(again) <= repeats
    assert sorted(slot.item for slot in slots if slot.kind == "check") == list(range(checks))


@given(st.integers(3, 200), st.integers(1, 40), st.integers(0, 2**32))
def test_a_repeat_comes_at_least_a_third_of_the_list_later(n: int, repeats: int, seed: int) -> None:
    slots = arrange(range(n), 2, repeats, Random(seed))
    place = {(slot.kind, slot.item): i for i, slot in enumerate(slots)}
    for slot in slots:
        if slot.kind == "repeat":
            assert place["repeat", slot.item] - place["main", slot.item] >= max(1, n // 3)


def test_checks_are_spread_over_the_whole_list() -> None:
    slots = arrange(range(100), 4, 0, Random(3))
    places = [i for i, slot in enumerate(slots) if slot.kind == "check"]
    assert [place // 26 for place in places] == [0, 1, 2, 3]


def test_each_rater_has_another_order() -> None:
    rng = Random(0)
    assert arrange(range(30), 0, 0, rng) != arrange(range(30), 0, 0, rng)


def test_a_list_of_one_item_has_no_repeat() -> None:
    assert arrange([5], 0, 3, Random(0)) == [Slot("main", 5)]
