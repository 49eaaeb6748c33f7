"""Chosen against correct letters: shares, excess and the test of a position bias."""

import math

import numpy as np
import pytest

from judge.analysis.multiple_choice.choice import read_answers
from judge.analysis.multiple_choice.positions import positions
from judge.records import Item

FOUR = ("lid", "cap", "body", "neck")


def answers(pairs, choices=FOUR, **more):
    items = [
        Item(id=str(n), question="?", answer=answer, choices=choices, gold=gold)
        for n, (answer, gold) in enumerate(pairs)
    ]
    return read_answers(items, **more)


def values(estimates):
    return {letter: estimate.value for letter, estimate in estimates.items()}


def test_shares_of_chosen_and_of_correct_letters_are_side_by_side():
    found = positions(answers([("A", "A"), ("A", "B"), ("B", "C"), ("A", "A")], FOUR[:3]))
    assert values(found.chosen) == {"A": 0.75, "B": 0.25, "C": 0}
    assert values(found.gold) == {"A": 0.5, "B": 0.25, "C": 0.25}
    assert values(found.excess) == {"A": 0.25, "B": 0, "C": -0.25}
    assert found.n == 4


@pytest.mark.parametrize("policy", ["wrong", "drop"])
def test_replies_without_a_letter_are_left_out_under_both_policies(policy):
    found = positions(answers([("A", "A"), ("", "B"), ("A or B", "B"), ("B", "A")], unreadable=policy))
    assert found.n == 2
    assert values(found.gold)["A"] == 1
    assert values(found.chosen) == {"A": 0.5, "B": 0.5, "C": 0, "D": 0}


def test_letters_go_as_far_as_the_longest_question_with_a_readable_reply():
    items = [
        Item(id="1", question="?", answer="A", choices=FOUR[:2], gold="A"),
        Item(id="2", question="?", answer="C", choices=FOUR[:3], gold="C"),
        Item(id="3", question="?", answer="", choices=FOUR, gold="D"),
    ]
    assert list(positions(read_answers(items)).chosen) == ["A", "B", "C"]


def test_no_readable_reply_leaves_no_letters():
    found = positions(answers([("", "A"), ("no idea", "B")]))
    assert (found.chosen, found.excess, found.n) == ({}, {}, 0)
    assert math.isnan(found.p)


def test_shares_have_wilsons_interval_and_excesses_that_of_a_paired_difference():
    # 3 of 4 with Wilson: .3006 to .9544. The differences 0, 1, 0, 0 have mean .25 and standard error .25; Student's
    # t with 3 degrees of freedom is 3.1824.
    found = positions(answers([("A", "A"), ("A", "B"), ("A", "A"), ("B", "B")]))
    chosen, excess = found.chosen["A"], found.excess["A"]
    assert (chosen.low, chosen.high) == pytest.approx((0.3006, 0.9544), abs=5e-5)
    assert excess.value == 0.25
    assert (excess.low, excess.high) == pytest.approx((0.25 - 0.7956, 0.25 + 0.7956), abs=5e-5)


def test_two_letters_are_tested_as_mcnemar_does():
    # Chosen A where B is correct 9 times, B where A is correct once: chi2 = (9 - 1)^2 / (9 + 1) = 6.4.
    pairs = [("A", "B")] * 9 + [("B", "A")] + [("A", "A")] * 10 + [("B", "B")] * 10
    found = positions(answers(pairs, FOUR[:2]))
    assert found.p == pytest.approx(math.erfc(math.sqrt(6.4 / 2)), rel=1e-9)


def test_questions_of_one_picture_are_not_counted_as_independent():
    pairs = [("A", "B")] * 16 + [("B", "A")] * 4 + [("A", "A")] * 10
    of = answers(pairs, FOUR[:2])
    clusters = np.arange(30) // 4
    alone, together = positions(of), positions(of, clusters)
    assert together.p > 3 * alone.p
    width = {x: e.high - e.low for x, e in alone.excess.items()}
    assert all(e.high - e.low > 1.3 * width[x] for x, e in together.excess.items())


def test_clusters_follow_the_readable_replies():
    pairs = [("A", "B"), ("", "A"), ("B", "B"), ("A", "A"), ("", "B"), ("B", "A")] * 4
    clusters = np.arange(24) // 6
    kept = [n for n, (answer, _) in enumerate(pairs) if answer]
    some, all_ = answers([pairs[n] for n in kept]), answers(pairs)
    one, other = positions(some, clusters[kept]), positions(all_, clusters)
    assert {x: (e.low, e.high) for x, e in one.chosen.items()} == {
        x: (e.low, e.high) for x, e in other.chosen.items()
    }
