"""Two runs over the same items."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.contingency_tables import mcnemar as reference_mcnemar

from judge.analysis.compare import compare, pass_change, split
from judge.analysis.matched_items import match_items
from judge.errors import InputError

SCORE = st.sampled_from([1, 2, 3, 4, 5, "refused"])
ROWS = st.lists(
    st.fixed_dictionaries({"accuracy": SCORE, "clarity": SCORE, "kind": st.sampled_from("ab")}),
    min_size=1,
    max_size=15,
)
PASS, FAIL = {"accuracy": 4, "clarity": 4}, {"accuracy": 1, "clarity": 4}


@given(rows=ROWS)
def test_comparing_a_run_with_itself_finds_nothing(make_table, rows):
    table = make_table(rows)
    found = compare(table, table, by=["kind"])
    every = [found.passing, *found.dimensions, *found.slices["kind"]]
    assert all(c.difference.value == 0 for c in every if c.difference.defined)
    assert all(c.n_up == c.n_down == 0 for c in every)
    assert (found.flips, found.only_a, found.only_b) == ((), (), ())
    assert found.same_answers == found.same_questions == len(rows)


@settings(max_examples=30)
@given(rows=ROWS, other=ROWS, random=st.randoms())
def test_order_of_the_items_changes_no_difference(make_table, rows, other, random):
    n = min(len(rows), len(other))
    a, b = make_table(rows[:n]), make_table(other[:n])
    order = random.sample(range(n), n)
    first, second = compare(a, b).passing, compare(a.take(order), b).passing
    assert (str(first.difference), first.n_up, first.n_down) == (
        str(second.difference),
        second.n_up,
        second.n_down,
    )


@settings(max_examples=30)
@given(rows=ROWS, other=ROWS)
def test_swapping_the_runs_turns_the_sign(make_table, rows, other):
    n = min(len(rows), len(other))
    a, b = make_table(rows[:n]), make_table(other[:n])
    there, back = compare(a, b).passing, compare(b, a).passing
    assert there.difference.value == pytest.approx(-back.difference.value, nan_ok=True)
    assert (there.n_up, there.n_down) == (back.n_down, back.n_up)


def test_independent_pairs_are_tested_by_mcnemar():
    a = np.array([1.0] * 20 + [0.0] * 12 + [1.0] * 5)
    b = np.array([1.0] * 20 + [1.0] * 12 + [0.0] * 5)
    change = pass_change("pass", a, b)
    exact = reference_mcnemar([[20, 5], [12, 0]], exact=True).pvalue
    at_the_observed = 2 * 0.5 * np.prod([(17 - i) / (i + 1) for i in range(5)]) / 2**17
    assert change.p == pytest.approx(exact - at_the_observed)
    assert change.difference.method == "newcombe"


def test_clustered_pairs_are_tested_by_the_jackknife(make_table):
    rng = np.random.default_rng(0)
    rows = [
        [{"accuracy": int(v), "clarity": 4, "image": i // 4} for i, v in enumerate(rng.integers(1, 6, 80))]
        for _ in "ab"
    ]
    found = compare(make_table(rows[0]), make_table(rows[1]), cluster="image").passing
    assert (found.difference.method, found.difference.n_clusters) == ("jackknife", 20)


def test_differences_are_the_second_minus_the_first(make_table):
    found = compare(make_table([FAIL, FAIL], name="old"), make_table([PASS, FAIL], name="new"))
    assert found.passing.difference.value == 0.5
    assert found.dimensions[0].difference.value == 1.5


def test_flips_say_which_way(make_table):
    found = compare(make_table([FAIL, PASS, PASS]), make_table([PASS, FAIL, PASS]))
    assert [(flip.key, flip.gained) for flip in found.flips] == [("i0", True), ("i1", False)]


def test_a_verdict_that_is_missing_on_one_side_is_counted_and_no_flip(make_table):
    found = compare(make_table([PASS, PASS]), make_table([{"accuracy": "failed"}, PASS]))
    assert (found.n_missing, found.flips, found.passing.difference.n_items) == (1, (), 1)


def test_items_without_a_partner_are_reported(make_table):
    a = make_table([{**PASS, "id": "x"}, {**PASS, "id": "y"}])
    b = make_table([{**PASS, "id": "y"}, {**PASS, "id": "z"}])
    found = compare(a, b)
    assert (found.only_a, found.only_b, len(found.a)) == (("x",), ("z",), 1)


def test_items_with_other_ids_are_matched_by_pair_id(make_table):
    a = make_table([{**PASS, "id": "1-clean", "pair_id": 1}, {**PASS, "id": "2-clean", "pair_id": 2}])
    b = make_table([{**FAIL, "id": "2-low", "pair_id": 2}, {**PASS, "id": "1-low", "pair_id": 1}])
    found = compare(a, b)
    assert found.matched_by == "pair_id"
    assert [flip.key for flip in found.flips] == ["2"]


def test_ids_win_over_pair_ids_that_name_several_items(make_table):
    rows = [{**PASS, "id": "q-clean", "pair_id": "q"}, {**PASS, "id": "q-low", "pair_id": "q"}]
    left, right, by = match_items(make_table(rows), make_table(rows))
    assert (left.tolist(), right.tolist(), by) == ([0, 1], [0, 1], "id")


def test_a_pair_id_that_names_two_items_of_one_run_is_an_error(make_table):
    a = make_table([{**PASS, "id": "a1", "pair_id": "q"}, {**PASS, "id": "a2", "pair_id": "q"}], name="A")
    b = make_table([{**PASS, "id": "b1", "pair_id": "q"}], name="B")
    with pytest.raises(InputError, match=r"A: pair_id 'q' names 2 items \(a1, a2\)"):
        compare(a, b)


def test_runs_without_a_common_item_are_an_error(make_table):
    a, b = make_table([{**PASS, "id": "a"}], name="A"), make_table([{**PASS, "id": "b"}], name="B")
    with pytest.raises(InputError, match="A and B share no item: ids are like 'a' in one and 'b'"):
        compare(a, b)


def test_systems_whose_answers_have_other_ids_are_pointed_to_the_leaderboard(make_table):
    run = make_table([{**PASS, "id": f"q1-{one}", "system": one} for one in ("a", "b")])
    with pytest.raises(InputError, match="or use judge leaderboard"):
        compare(*split(run, "system"))


def test_runs_without_a_common_dimension_are_an_error(make_table, make_rubric):
    b = make_table([{}], make_rubric(dimensions=("wit",)), name="B")
    with pytest.raises(InputError, match=r"no dimension in common \(accuracy, clarity against wit\)"):
        compare(make_table([PASS], name="A"), b)


def test_slices_of_a_comparison_are_adjusted_together(make_table):
    rows = [{**PASS, "kind": k} for k in "ab" for _ in range(30)]
    worse = [{**(FAIL if i % 3 == 0 else PASS), "kind": row["kind"]} for i, row in enumerate(rows)]
    changes = compare(make_table(rows), make_table(worse), by=["kind"]).slices["kind"]
    assert [c.name for c in changes] == ["a", "b"]
    assert changes[0].p_adjusted == pytest.approx(2 * changes[0].p)


def test_split_names_the_two_groups(make_table):
    table = make_table([{"condition": "degraded"}, {"condition": "clean"}])
    assert [part.name for part in split(table, "condition")] == ["clean", "degraded"]
    assert [part.name for part in split(table, "condition=degraded,clean")] == ["degraded", "clean"]


@pytest.mark.parametrize("between", ["kind", "kind=a,x", "kind=a"])
def test_split_needs_two_groups_that_exist(make_table, between):
    table = make_table([{"kind": k} for k in "abc"])
    with pytest.raises(InputError, match="must name two groups; 'kind' has the values a, b, c"):
        split(table, between)
