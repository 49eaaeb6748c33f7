"""Slices, their averages, and how each differs from the rest."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from judge.analysis.group_difference import group_difference
from judge.analysis.slices import macro_average, members, n_tests, slice_tables
from judge.errors import InputError
from judge.stats.engine.resampling import Statistic, estimate

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
    passed, first = np.array([1.0, 1, 1, 0, 0, 0, 0, 0]), np.arange(8) < 3
    found = group_difference(passed, first, ~first).difference
    assert (found.value, found.high) == (1, 1)


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


def test_a_slice_without_a_p_value_is_no_test(make_table):
    rows = [
        {"accuracy": 1 + i % 5, "clarity": 4, "three": ("a", "b")[i % 2] if i else "c"} for i in range(40)
    ]
    (table,) = tables = slice_tables(make_table(rows), ["three"])
    assert [bool(np.isnan(one.against_rest.p)) for one in table.slices] == [False, False, True]
    assert n_tests(tables) == 2


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


def test_macro_average_of_a_pass_rate_has_wilsons_interval_within_zero_and_one(make_table):
    rows = [{"accuracy": 4, "clarity": 4, "kind": "ab"[i % 2]} for i in range(20)]
    (table,) = slice_tables(make_table(rows), ["kind"])
    assert (table.macro.value, table.macro.high, table.macro.method) == (1, 1, "wilson")
    assert (table.macro.low, table.macro.n_items) == (pytest.approx(table.micro.low), 20)


def test_macro_average_of_equal_slices_is_the_micro_average(make_table):
    rows = [{"accuracy": 4 if i % 3 else 1, "clarity": 4, "kind": "ab"[i % 2]} for i in range(24)]
    (table,) = slice_tables(make_table(rows), ["kind"])
    assert table.macro.value == pytest.approx(table.micro.value)
    assert table.macro.low < table.macro.value < table.macro.high


def test_macro_average_of_scores_stays_on_the_scale(make_table):
    rows = [{"accuracy": v, "clarity": 3, "kind": k} for k, v in (("a", 5), ("a", 5), ("b", 5), ("b", 4))]
    (table,) = slice_tables(make_table(rows), ["kind"])
    found = table.macro_means["accuracy"]
    assert (found.value, found.high, found.method) == (4.75, 5, "jackknife")


def test_macro_average_counts_the_classes_of_a_slice_the_same():
    values = np.array([1.0, 1, 1, 0, 0])
    first = [np.array([True, True, True, False, False]), np.array([False, False, False, True, False])]
    second = [np.array([False, False, False, False, True])]
    assert macro_average(values, [first, second]).value == pytest.approx((0.5 + 0) / 2)


def test_macro_average_of_clusters_rests_on_the_clusters(make_table):
    rows = [
        {"accuracy": 4 if i // 4 % 2 else 1, "clarity": 4, "kind": "ab"[i % 2], "image": i // 4}
        for i in range(48)
    ]
    table = make_table(rows)
    (alone,), (together,) = (slice_tables(table, ["kind"], c) for c in (None, table.clusters("image")))
    assert together.macro.n_clusters == 12
    assert together.macro.high - together.macro.low > alone.macro.high - alone.macro.low


@pytest.mark.parametrize("share", [True, False])
def test_macro_average_is_the_statistic_of_sums_of_items(share):
    place, clusters = np.arange(60) % 4, np.arange(60) // 5
    values = np.where(np.arange(60) % 7 == 0, np.nan, np.arange(60) // 3 % 2)
    classes = [place == 0, place == 1, place == 5]  # some items are in no class, and one class has no items
    used = ~np.isnan(values)
    columns = [np.where(used & of, column, 0) for column in (values, np.ones(60)) for of in classes[:2]]
    by_item = Statistic(
        np.column_stack(columns)[used],
        lambda totals: (totals[:, :2] / totals[:, 2:]).mean(axis=1),
        "share" if share else "plain",
    )
    method = "wilson" if share else "jackknife"
    found = macro_average(values, [[one] for one in classes], clusters, share=share)
    expected = estimate(by_item, clusters=clusters[used], method=method)
    for name in ("value", "low", "high", "se"):
        assert getattr(found, name) == pytest.approx(getattr(expected, name), rel=1e-12)
    assert (found.n_items, found.n_clusters) == (expected.n_items, expected.n_clusters) == (51, 12)


def test_a_dimension_without_a_pass_mark_is_in_no_slice(make_table, make_rubric):
    (table,) = slice_tables(
        make_table([{"accuracy": 4, "clarity": 2, "kind": "a"}], make_rubric({"accuracy": 3})), ["kind"]
    )
    assert set(table.slices[0].dimensions) == {"accuracy"}
    assert set(table.slices[0].means) == {"accuracy", "clarity"}


def test_crossed_numbers_are_sorted_as_numbers(make_table):
    table = make_table([{"a": a, "b": b} for a in (10, 9) for b in (100, 20)])
    assert [label for label, _ in members(table, "a * b")] == ["9 * 20", "9 * 100", "10 * 20", "10 * 100"]


def test_two_hundred_slices_are_allowed(make_table):
    assert len(members(make_table([{"image": f"{i}.png"} for i in range(200)]), "image")) == 200


def test_a_slice_differs_from_all_other_items(make_table):
    rows = [{"accuracy": 4, "clarity": 4, "kind": "a"}] * 3 + [{"accuracy": 1, "clarity": 4, "kind": "b"}] * 3
    (table,) = slice_tables(make_table(rows), ["kind"])
    assert [s.against_rest.difference.value for s in table.slices] == [1, -1]


@pytest.mark.parametrize("score", [4.0, 1 / 3])
def test_macro_average_over_clusters_is_exact_for_scores_that_are_no_whole_numbers(score):
    values, easy = np.array([score, 2.0, 1.0, 5.0]), np.array([True, True, False, False])
    found = macro_average(values, [[easy], [~easy]], np.array([0, 1, 0, 1]))
    assert found.value == pytest.approx(((score + 2) / 2 + 3) / 2, rel=1e-15)
