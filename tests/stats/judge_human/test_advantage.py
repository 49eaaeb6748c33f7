"""Judges ranked by their advantage over people (rho), with paired intervals."""

import math

import numpy as np
import pytest

from judge.stats import alt_test
from judge.stats.judge_human.advantage import rank_by_advantage


def study(noises=(0.1, 0.5), n=200, seed=0):
    rng = np.random.default_rng(seed)
    truth = rng.integers(1, 6, n).astype(float)
    humans = np.where(rng.random((n, 3)) < 0.3, rng.integers(1, 6, (n, 3)), truth[:, None])
    judges = [np.where(rng.random(n) < noise, rng.integers(1, 6, n), truth) for noise in noises]
    return humans, np.column_stack(judges)


def wins(humans, judge):
    """Shares of items won and tied, from the definition: matches with the other two people."""
    won, tied = [], []
    for h in range(3):
        others = np.delete(humans, h, axis=1)
        of_judge, of_person = ((others == one[:, None]).sum(axis=1) for one in (judge, humans[:, h]))
        won.append((of_judge >= of_person).mean())
        tied.append((of_judge == of_person).mean())
    return np.mean(won), np.mean(tied)


def test_advantage_is_that_of_the_test_and_ties_are_counted_beside():
    humans, judges = study()
    found = rank_by_advantage(humans, judges)
    for k in range(2):
        won, tied = wins(humans, judges[:, k])
        assert found.advantages[k].value == pytest.approx(won)
        assert found.ties[k] == pytest.approx(tied)
        assert found.advantages[k].value == alt_test(humans, judges[:, k], epsilon=0.1).advantage.value


def test_difference_has_the_standard_error_of_a_paired_cluster_jackknife():
    humans, judges = study()
    clusters = np.repeat(np.arange(40), 5)
    gap = rank_by_advantage(humans, judges, clusters=clusters).differences[0, 1]

    def difference(kept):
        return wins(humans[kept], judges[kept, 1])[0] - wins(humans[kept], judges[kept, 0])[0]

    without = np.array([difference(clusters != c) for c in range(40)])
    assert gap.value == pytest.approx(difference(clusters >= 0))
    assert gap.se == pytest.approx(math.sqrt(39 / 40 * ((without - without.mean()) ** 2).sum()))


def test_judges_are_ranked_where_all_differences_exclude_zero():
    assert rank_by_advantage(*study((0.5, 0.05))).ranks == (2, 1)
    assert rank_by_advantage(*study((0.5, 0.05, 0.9))).ranks == (2, 1, 3)


def test_a_judge_that_another_one_may_equal_has_no_rank():
    humans, judges = study((0.1, 0.11, 0.9))
    found = rank_by_advantage(humans, judges)
    gap = found.differences[0, 1]
    assert gap.low < 0 < gap.high
    assert found.ranks == (None, None, 3)


def test_a_judge_and_its_twin_have_no_rank():
    humans, judges = study()
    assert rank_by_advantage(humans, judges[:, [0, 0]]).ranks == (None, None)


def test_intervals_of_several_differences_are_simultaneous():
    humans, judges = study((0.1, 0.3, 0.5))
    found = rank_by_advantage(humans, judges)
    assert found.differences[0, 1].confidence_level == pytest.approx(1 - 0.05 / 3)
    assert found.advantages[0].confidence_level == 0.95


def test_only_items_that_all_judges_scored_count():
    humans, judges = study()
    judges[:50, 0] = np.nan
    found = rank_by_advantage(humans, judges)
    assert found.advantages[1].n_items == 150
    assert found.advantages[1].value == pytest.approx(wins(humans[50:], judges[50:, 1])[0])


@pytest.mark.parametrize(("n", "n_people", "reason"), [(29, 3, "too_few_items"), (200, 1, "too_few_raters")])
def test_too_few_items_or_people_give_no_advantage(n, n_people, reason):
    humans, judges = study(n=n)
    found = rank_by_advantage(humans[:, :n_people], judges)
    assert (found.n_people, found.ranks) == (0, (None, None))
    assert found.advantages[0].reason == found.differences[0, 1].reason == reason


def test_a_single_judge_has_an_advantage_and_no_rank():
    humans, judges = study()
    found = rank_by_advantage(humans, judges[:, :1])
    assert (found.ranks, found.differences) == ((None,), {})
    assert found.advantages[0].defined
