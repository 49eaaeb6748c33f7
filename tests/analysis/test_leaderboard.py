"""Ranks, their uncertainty, and letters."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from judge.analysis.compare import compare
from judge.analysis.leaderboard import by_system, compact_letters, leaderboard
from judge.errors import InputError
from judge.rubric import RubricScale
from judge.stats.systems.ranking import competition_ranks, rank_intervals

PASS, FAIL = {"accuracy": 4, "clarity": 4}, {"accuracy": 1, "clarity": 4}
PAIRS = [(i, j) for i, j in itertools.combinations(range(5), 2)]


def rows(n_pass, n, **more):
    return [{**(PASS if i < n_pass else FAIL), **more} for i in range(n)]


def test_best_system_stands_first_with_its_rank_interval(make_table):
    board = leaderboard([make_table(rows(20, 60), name="low"), make_table(rows(55, 60), name="high")])
    assert [(s.name, s.rank, s.rank_low, s.rank_high) for s in board.standings] == [
        ("high", 1, 1, 1),
        ("low", 2, 2, 2),
    ]
    assert [s.letters for s in board.standings] == ["a", "b"]


def test_equal_systems_share_rank_and_letter(make_table):
    tables = [make_table(rows(30, 60), name=name) for name in "xy"]
    standings = leaderboard(tables).standings
    assert [(s.rank, s.letters, s.first) for s in standings] == [(1, "a", 1.0), (1, "a", 1.0)]


def test_ranks_of_systems_that_pass_equally_often_are_uncertain(make_table):
    half = [PASS] * 20 + [FAIL] * 20
    tables = [make_table(half[k:] + half[:k], name=f"s{k}") for k in (0, 10, 20, 30)]
    assert all((s.rank_low, s.rank_high) == (1, 4) for s in leaderboard(tables).standings)


def test_rank_intervals_are_those_of_the_statistic(make_table):
    tables = [make_table(rows(n, 40), name=f"s{n}") for n in (12, 16, 16, 21)]
    tables[2] = replace(tables[2], name="tie")
    board = leaderboard(tables)
    expected = rank_intervals(np.column_stack([table.passed for table in tables]), rng=board.seed)
    found = {s.name: (s.rank, s.rank_low, s.rank_high) for s in board.standings}
    assert [found[t.name] for t in tables] == [(e.value, e.low, e.high) for e in expected]
    assert found["s16"] == found["tie"]


def test_leaderboard_is_the_same_every_time(make_table):
    tables = [make_table(rows(n, 30), name=f"s{n}") for n in (10, 12, 14)]
    assert str(leaderboard(tables)) == str(leaderboard(tables))


def test_answers_to_the_same_items_are_compared_in_pairs(make_table):
    # On 40 items both agree; on 10 the second alone passes: paired, that is far beyond chance.
    tables = [make_table(rows(20, 50), name="a"), make_table(rows(30, 50), name="b")]
    board = leaderboard(tables)
    assert board.matched_by == "id"
    assert board.contrasts["b", "a"].p < 0.002


@pytest.mark.parametrize("cluster", [None, "image"])
def test_two_runs_have_one_difference_in_a_leaderboard_and_a_comparison(make_table, cluster):
    rng = np.random.default_rng(4)
    first, second = (
        make_table(
            [{**(PASS if p else FAIL), "image": i // 4} for i, p in enumerate(rng.random(60) < share)], name=n
        )
        for n, share in (("a", 0.4), ("b", 0.7))
    )
    found = leaderboard([first, second], cluster=cluster).contrasts["b", "a"]
    change = compare(first, second, cluster=cluster).passing
    assert found.difference.method == ("newcombe" if cluster is None else "jackknife")
    for name in ("value", "low", "high", "n_items"):
        if not (cluster and name == "n_items"):  # answers, or pairs of answers
            assert getattr(found.difference, name) == pytest.approx(getattr(change.difference, name))
    assert found.p == pytest.approx(change.p)


def test_a_verdict_without_its_pair_counts_in_a_leaderboard(make_table):
    tables = [make_table(rows(20, 50), name="a"), make_table(rows(30, 51), name="b")]
    found = leaderboard(tables).contrasts["b", "a"].difference
    assert found.method == "square-and-add"
    assert found.value == pytest.approx(30 / 51 - 20 / 50)
    assert compare(*tables).passing.difference.value == pytest.approx(30 / 50 - 20 / 50)


def test_a_difference_within_chance_does_not_part_two_letters(make_table):
    tables = [make_table(rows(20, 50), name="a"), make_table(rows(23, 50), name="b")]
    board = leaderboard(tables)
    assert 0.05 < board.contrasts["b", "a"].p < 0.2
    assert [s.letters for s in board.standings] == ["a", "a"]


def test_systems_within_one_run_are_matched_by_pair_id(make_table):
    both = [{**PASS, "id": f"{s}{i}", "system": s, "pair_id": i} for s in "xy" for i in range(5)]
    board = leaderboard(by_system(make_table(both), "system"))
    assert (board.matched_by, board.n_common, {s.name for s in board.standings}) == ("pair_id", 5, {"x", "y"})


def test_a_system_that_was_tried_under_one_condition_alone_is_matched_on_that_condition(make_table):
    both = [
        {
            "id": f"q{n}/{c}/{s}",
            "question": f"{n}?",
            "accuracy": 1 + n,
            "system": s,
            "pair_id": f"q{n}",
            "condition": c,
        }
        for s, conditions in (("x", ("clean", "degraded")), ("y", ("clean",)))
        for c in conditions
        for n in range(5)
    ]
    board = leaderboard(by_system(make_table(both), "system"))
    assert (board.matched_by, board.n_common, board.n_answered) == ("pair_id and condition", 5, (5, 10))


def test_systems_within_one_run_are_matched_by_question_where_nothing_else_is(make_table):
    both = [{**PASS, "id": f"{s}{i}", "system": s, "question": f"q{i}"} for s in "xy" for i in range(5)]
    assert leaderboard(by_system(make_table(both), "system")).matched_by == "question"


def test_answers_to_one_question_alone_cannot_be_compared(make_table):
    both = [
        {**(PASS if s == "x" else FAIL), "id": f"{s}{i}", "system": s, "question": "the same"}
        for s in "xy"
        for i in range(5)
    ]
    board = leaderboard(by_system(make_table(both), "system"))
    assert (board.matched_by, board.n_common, board.n_groups) == ("question", 1, 1)
    assert [(s.rank_low, s.rank_high, np.isnan(s.first), s.letters) for s in board.standings] == [
        (1, 2, True, "a"),
        (1, 2, True, "a"),
    ]


def test_a_question_that_a_system_answered_twice_is_resampled_as_one(make_table):
    both = [
        {**PASS, "id": f"{s}{i}{k}", "system": s, "question": f"q{i}"}
        for s in "xy"
        for i in range(5)
        for k in range(2)
    ]
    board = leaderboard(by_system(make_table(both), "system"))
    assert (board.matched_by, board.n_common, board.n_answered, board.n_groups) == ("question", 5, (5, 5), 5)


def test_another_reference_makes_another_question(make_table):
    both = [
        {**PASS, "id": f"{s}{i}", "system": s, "question": "How far?", "reference": f"{i} m"}
        for s in "xy"
        for i in range(5)
    ]
    assert leaderboard(by_system(make_table(both), "system")).n_groups == 5


def test_runs_of_different_rubrics_are_not_ranked(make_table, make_rubric):
    other = make_table(rows(5, 9), make_rubric({"accuracy": 5}), name="strict")
    with pytest.raises(InputError, match="what passes one may fail the other, so they are not ranked"):
        leaderboard([make_table(rows(5, 9), name="mild"), other])


def test_runs_on_different_scales_are_not_ranked(make_table, make_rubric):
    wide = make_table(rows(5, 9), make_rubric().model_copy(update={"scale": RubricScale(max=7)}), name="wide")
    with pytest.raises(
        InputError, match=r"narrow was scored on a scale from 1 to 5, wide on a scale from 1 to 7"
    ):
        leaderboard([make_table(rows(5, 9), name="narrow"), wide])


def test_p_values_are_adjusted_over_all_pairs(make_table):
    tables = [make_table(rows(n, 40), name=f"s{n}") for n in (20, 23, 26)]
    contrasts = list(leaderboard(tables).contrasts.values())
    smallest = min(contrasts, key=lambda c: c.p)
    assert smallest.p_adjusted == pytest.approx(3 * smallest.p)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda t: [t([PASS], name="a")], "needs two systems or more, found a"),
        (lambda t: [t([PASS], name="a"), t([PASS], name="a")], "two runs are called 'a'"),
        (lambda t: [t([PASS], name="a"), t([{}], name="b")], "b: no answer has a verdict"),
    ],
)
def test_what_cannot_be_ranked_is_an_error(make_table, make, message):
    with pytest.raises(InputError, match=message):
        leaderboard(make(make_table))


def test_ranks_of_equal_rates_are_the_better_one():
    assert competition_ranks(np.array([[0.2, 0.9, 0.9, 0.1]])).tolist() == [[3, 1, 1, 4]]


@settings(max_examples=200)
@given(st.sets(st.sampled_from(PAIRS)))
def test_two_share_a_letter_exactly_when_they_do_not_differ(different):
    letters = compact_letters(range(5), different)
    for i, j in PAIRS:
        assert bool(set(letters[i]) & set(letters[j])) == ((i, j) not in different)
    groups = [{i for i in letters if letter in letters[i]} for letter in sorted({*"".join(letters.values())})]
    assert set().union(*groups) == set(range(5))
    assert not any(one < other for one in groups for other in groups)
