"""Counts of comparisons and leaderboards add up over all statuses, and what does not apply changes nothing."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from judge.analysis.compare import compare
from judge.analysis.leaderboard import by_system, leaderboard
from judge.records import STATUSES

POLICIES = st.sampled_from(["fail", "drop", "bounds"])
OVERALL = st.sampled_from([1.0, 2.0, 3.0, *(status for status in STATUSES if status != "ok")])
PAIRS = st.lists(st.tuples(OVERALL, OVERALL), min_size=2, max_size=15)
SYSTEMS = st.lists(st.tuples(OVERALL, st.sampled_from("xy")), min_size=4, max_size=15)
NOTHING = dict.fromkeys(("truth", "count", "style", "named", "fault", "overall"), "not_applicable")


def tables(make_typed, pairs, policy, beside=()):
    """Two runs over the same items."""
    return [
        make_typed(
            [{"overall": pair[side], "truth": pair[side], "id": f"n{i}"} for i, pair in enumerate(pairs)]
            + list(beside),
            name="ab"[side],
            no_verdict=policy,
        )
        for side in (0, 1)
    ]


def kinds(pairs):
    """Pairs of values by what is known of them."""
    concerned = [pair for pair in pairs if "not_applicable" not in pair]
    complete = [pair for pair in concerned if not any(isinstance(value, str) for value in pair)]
    return concerned, complete


@given(PAIRS, POLICIES)
def test_pairs_of_a_comparison_add_up_over_all_statuses(make_typed, pairs, policy):
    concerned, complete = kinds(pairs)
    assume(complete)
    found = compare(*tables(make_typed, pairs, policy))
    assert found.n_missing == len(concerned) - len(complete)
    assert found.passing.difference.n_items == len(concerned if policy == "fail" else complete)


@given(PAIRS)
def test_the_bounds_of_a_comparison_are_those_of_the_worst_and_the_best_verdicts(make_typed, pairs):
    concerned, complete = kinds(pairs)
    assume(complete)
    found = compare(*tables(make_typed, pairs, "bounds"))

    def rate(side, missing):
        marks = [missing if isinstance(pair[side], str) else pair[side] >= 2 for pair in concerned]
        return sum(marks) / len(marks)

    assert found.least == pytest.approx(rate(1, 0) - rate(0, 1))
    assert found.most == pytest.approx(rate(1, 1) - rate(0, 0))


@settings(max_examples=25, deadline=None)
@given(PAIRS, POLICIES)
def test_a_pair_that_nothing_concerns_changes_no_figure_of_a_comparison(make_typed, pairs, policy):
    assume(kinds(pairs)[1])
    before = compare(*tables(make_typed, pairs, policy))
    after = compare(*tables(make_typed, pairs, policy, [{**NOTHING, "id": "beside"}]))
    for name in ("passing", "n_missing", "least", "most", "dimensions", "met", "labels"):
        assert repr(getattr(after, name)) == repr(getattr(before, name))


def board(make_typed, rows, policy, beside=()):
    listed = [{"overall": value, "system": system, "id": f"n{i}"} for i, (value, system) in enumerate(rows)]
    systems = by_system(make_typed([*listed, *beside], no_verdict=policy), "system")
    assume(len(systems) == 2)
    assume(not any(np.isnan(one.passed).all() for one in systems))
    return leaderboard(systems, n_resamples=20)


@given(SYSTEMS, POLICIES)
def test_answers_of_a_system_add_up_over_all_statuses(make_typed, rows, policy):
    for one in board(make_typed, rows, policy).standings:
        own = [value for value, system in rows if system == one.name]
        missing = [value for value in own if isinstance(value, str) and value != "not_applicable"]
        n_pass = sum(not isinstance(value, str) and value >= 2 for value in own)
        rate = one.passing
        assert (rate.n_pass, rate.n_no_verdict) == (n_pass, len(missing))
        assert rate.n == len(own) - own.count("not_applicable")
        counted = rate.n if policy == "fail" else rate.n - len(missing)
        assert rate.estimate.value == pytest.approx(n_pass / counted)


@given(SYSTEMS, POLICIES)
def test_an_answer_that_nothing_concerns_changes_no_standing(make_typed, rows, policy):
    before = board(make_typed, rows, policy)
    after = board(make_typed, rows, policy, [{**NOTHING, "id": "beside", "system": "x"}])

    def plain(found):
        return [replace(one, passing=replace(one.passing, n_not_applicable=0)) for one in found.standings]

    assert repr((plain(after), after.contrasts)) == repr((plain(before), before.contrasts))
