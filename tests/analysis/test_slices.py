"""Slices, their averages, and how each differs from the rest."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from judge.analysis.group_difference import group_difference
from judge.analysis.slices import macro_average, members, n_tests, slice_tables
from judge.errors import InputError

SCORE = st.sampled_from([1, 2, 3, 4, 5, "refused"])
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "accuracy": SCORE,
            "clarity": SCORE,
            "kind": st.sampled_from("abc"),
            "level": st.sampled_from([1, 2]),
        }
    ),
    min_size=2,
    max_size=25,
)


@settings(max_examples=40)
@given(rows=ROWS)
def test_merging_the_slices_gives_the_whole(make_table, rows):
    table = make_table(rows)
    for one in slice_tables(table, ["kind", "kind*level"]):
        parts = [s.passing for s in one.slices]
        assert sum(p.n for p in parts) == len(rows)
        assert sum(p.n_pass for p in parts) == (table.passed == 1).sum()
        judged = sum(p.n_pass + p.n_fail for p in parts)
        if judged:
            assert sum(p.n_pass for p in parts) / judged == pytest.approx(one.micro.value)


@settings(max_examples=20)
@given(rows=ROWS, random=st.randoms())
def test_order_of_the_items_changes_no_slice(make_table, rows, random):
    def figures(rows):
        tables = slice_tables(make_table(rows), ["kind", "level"])
        return [
            (s.label, str(s.passing.estimate), str(s.against_rest.difference))
            for t in tables
            for s in t.slices
        ]

    assert figures(rows) == figures(random.sample(rows, len(rows)))


def test_slices_cover_every_item_once(make_table):
    table = make_table([{"a": "x", "b": 1}, {"a": "y", "b": 1}, {"a": "x", "b": 2}, {}])
    found = members(table, "a*b")
    assert [label for label, _ in found] == ["x * 1", "x * 2", "y * 1", "(none) * (none)"]
    assert np.sum([mask for _, mask in found], axis=0).tolist() == [1, 1, 1, 1]


def test_labels_stand_in_natural_order_and_missing_last(make_table):
    table = make_table([{"n": 10}, {"n": 9}, {}])
    assert [label for label, _ in members(table, "n")] == ["9", "10", "(none)"]


def test_a_field_that_names_every_item_is_refused_with_advice(make_table):
    table = make_table([{"image": f"{i}.png"} for i in range(201)])
    with pytest.raises(InputError, match=r"201 values in 201 items.*--cluster image"):
        slice_tables(table, ["image"])


def test_slices_under_twenty_verdicts_are_marked(make_table):
    rows = [{"accuracy": 4, "clarity": 4, "kind": "big"}] * 20
    rows += [{"accuracy": 4, "clarity": 4, "kind": "small"}] * 19
    rows += [{"accuracy": "failed", "kind": "small"}] * 9
    (table,) = slice_tables(make_table(rows), ["kind"])
    assert [(s.label, s.small) for s in table.slices] == [("big", False), ("small", True)]


def test_macro_average_counts_each_slice_the_same(make_table):
    rows = [{"accuracy": 4, "clarity": 4, "kind": "often"}] * 9 + [
        {"accuracy": 1, "clarity": 1, "kind": "rare"}
    ]
    (table,) = slice_tables(make_table(rows), ["kind"])
    assert (table.macro.value, table.micro.value) == (0.5, 0.9)
    assert table.macro_means["accuracy"].value == 2.5


def test_macro_average_leaves_out_groups_without_a_value():
    groups = [[np.array([True, False])], [np.array([False, True])]]
    assert macro_average(np.array([1.0, np.nan]), groups).value == 1


def test_difference_to_the_rest_of_independent_items_has_welchs_error():
    first, second = np.array([1.0, 2, 4, 5, 5]), np.array([1.0, 1, 2, 3, 2, 1])
    values = np.concatenate([first, second])
    inside = np.arange(11) < 5
    found = group_difference(values, inside, ~inside).difference
    assert found.value == pytest.approx(first.mean() - second.mean())
    # The jackknife of a difference of means over n clusters inflates each variance by (n-1)/n * n_g/(n_g-1).
    parts = [np.var(g, ddof=0) / (len(g) - 1) * len(g) / (len(g) - 1) for g in (first, second)]
    assert found.se == pytest.approx(np.sqrt(10 / 11 * sum(parts)), rel=1e-6)


def test_clusters_that_reach_into_both_groups_make_the_comparison_paired():
    rng = np.random.default_rng(1)
    base = rng.normal(size=60)
    clean, degraded = base + rng.normal(0, 0.1, 60), base - 0.2 + rng.normal(0, 0.1, 60)
    values, first = np.concatenate([clean, degraded]), np.arange(120) < 60
    pairs = np.tile([f"pair {i}" for i in range(60)], 2)
    found = group_difference(values, first, ~first, pairs)
    assert found.p == pytest.approx(stats.ttest_rel(clean, degraded).pvalue, rel=1e-6)
    assert group_difference(values, first, ~first).p > 0.05


def test_limits_of_a_difference_of_shares_stay_within_reach():
    passed, first = np.array([1.0, 1, 1, 0, 0, 0, 0, 1]), np.arange(8) < 3
    assert group_difference(passed, first, ~first).difference.high == 1


def test_an_empty_group_has_no_difference():
    values = np.array([1.0, np.nan])
    first = np.array([True, False])
    assert group_difference(values, first, ~first).difference.reason == "no_observations"


def test_two_slices_of_a_field_are_one_test(make_table):
    rng = np.random.default_rng(0)
    rows = [
        {"accuracy": int(a), "clarity": 4, "two": str(i % 2), "three": str(i % 3)}
        for i, a in enumerate(rng.integers(1, 6, 90))
    ]
    tables = slice_tables(make_table(rows), ["two", "three"])
    assert n_tests(tables) == 4
    two = tables[0].slices
    assert two[0].against_rest.p_adjusted == two[1].against_rest.p_adjusted


def test_p_values_are_adjusted_over_all_fields_together(make_table):
    rng = np.random.default_rng(3)
    rows = [
        {"accuracy": int(a), "clarity": 4, "x": str(i % 2), "y": str(i // 60)}
        for i, a in enumerate(rng.integers(1, 6, 120))
    ]
    table = make_table(rows)
    alone = slice_tables(table, ["x"])[0].slices[0].against_rest
    together = slice_tables(table, ["x", "y"])
    raw = sorted(t.slices[0].against_rest.p for t in together)
    assert alone.p_adjusted == alone.p
    assert min(t.slices[0].against_rest.p_adjusted for t in together) == pytest.approx(min(1, 2 * raw[0]))
