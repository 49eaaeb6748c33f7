"""The part of raters in the variance of a difference to the ceiling."""

import numpy as np
import pytest

from judge.stats import SamplingDesign
from judge.stats.coefficients.distance import mean_absolute_error_statistic
from judge.stats.coefficients.icc import icc_statistic
from judge.stats.engine.statistic import negated
from judge.stats.judge_human.ceiling import leave_one_out, pairwise_ceiling, swap
from judge.stats.judge_human.exchangeable import exchangeable_ceiling
from judge.stats.judge_human.non_inferiority import with_random_raters

minus_mae = negated(mean_absolute_error_statistic)


def study(n_raters, n=60, severity=0.6, noise=0.5):
    rng = np.random.default_rng(n_raters)
    truth = rng.normal(3, 1, (n, 1))
    humans = truth + severity * rng.normal(size=n_raters) + noise * rng.normal(size=(n, n_raters))
    return humans, truth[:, 0] + 0.3 + 0.4 * rng.normal(size=n)


def gain(humans, judge):
    """Per item the judge's advantage in absolute error against the mean of the other people."""
    others = (humans.sum(axis=1, keepdims=True) - humans) / (humans.shape[1] - 1)
    return (np.abs(humans - others) - np.abs(judge[:, None] - others)).mean(axis=1)


def by_hand(humans, judge):
    """Jackknife over raters of the mean gain, less the item variance of its terms."""
    n, k = humans.shape
    without = np.stack([gain(np.delete(humans, h, axis=1), judge) for h in range(k)])
    apart = without - without.mean(axis=0)
    return (k - 1) / k * np.sum(apart.mean(axis=1) ** 2 - apart.var(axis=1, ddof=1) / n)


@pytest.mark.parametrize("k", [3, 5, 12])
def test_jackknife_over_raters_is_that_of_the_formula(k):
    humans, judge = study(k)
    variance, n_raters = leave_one_out(humans, judge, minus_mae).jackknife_of_raters()
    assert (variance, n_raters) == (pytest.approx(by_hand(humans, judge)), k)


def test_severity_that_all_references_share_enters_the_standard_error():
    humans, judge = study(6, n=400)
    ceiling = leave_one_out(humans, judge, minus_mae)
    deltas = [row.difference.value for row in ceiling.per_human]
    found = with_random_raters(ceiling)
    assert by_hand(humans, judge) > 2 * np.var(deltas, ddof=1) / 6
    assert found.se == pytest.approx(np.sqrt(ceiling.difference.se**2 + by_hand(humans, judge)))


def test_raters_who_differ_in_noise_only_keep_the_variance_of_their_differences():
    humans, judge = study(5, n=30, severity=0, noise=np.array([0.3, 0.4, 0.5, 0.6, 0.7]))
    ceiling = leave_one_out(humans, judge, minus_mae)
    deltas = [row.difference.value for row in ceiling.per_human]
    assert with_random_raters(ceiling).se ** 2 - ceiling.difference.se**2 == pytest.approx(
        np.var(deltas, ddof=1) / 5
    )


def test_of_twenty_raters_twelve_are_left_out_and_the_variance_is_that_of_twenty():
    humans, judge = study(20)
    chosen = np.linspace(0, 19, 12).round().astype(int)
    variance, n_raters = leave_one_out(humans, judge, minus_mae).jackknife_of_raters()
    assert (variance, n_raters) == (pytest.approx(by_hand(humans[:, chosen], judge) * 12 / 20), 12)


def test_variance_of_raters_is_never_negative():
    humans, judge = study(4, n=20, severity=0, noise=1.0)
    assert by_hand(humans, judge) < 0
    assert leave_one_out(humans, judge, minus_mae).jackknife_of_raters() == (0.0, 4)


def test_copies_of_items_within_clusters_do_not_change_the_variance():
    humans, judge = study(4)
    once = leave_one_out(humans, judge, minus_mae).jackknife_of_raters()
    copied = leave_one_out(
        np.repeat(humans, 2, axis=0), np.repeat(judge, 2), minus_mae, clusters=np.repeat(np.arange(60), 2)
    ).jackknife_of_raters()
    assert copied == pytest.approx(once)


@pytest.mark.parametrize("build", [pairwise_ceiling, leave_one_out])
def test_two_raters_have_no_jackknife_over_raters(build):
    humans, judge = study(2)
    assert build(humans, judge, minus_mae).jackknife_of_raters() == (0.0, 0)


def test_raters_who_share_items_with_one_other_only_have_no_jackknife_over_raters():
    humans, judge = study(3)
    humans[:30, 2] = humans[30:, 0] = np.nan  # without the second, nobody shares an item
    assert pairwise_ceiling(humans, judge, minus_mae).jackknife_of_raters() == (0.0, 0)


def test_every_kind_of_ceiling_has_a_jackknife_over_raters():
    humans, judge = np.round(study(5)[0]), np.round(study(5)[1])
    assert pairwise_ceiling(humans, judge, minus_mae).jackknife_of_raters()[1] == 5
    assert swap(humans, judge, icc_statistic).jackknife_of_raters()[1] == 5


def test_interchangeable_raters_have_no_jackknife_over_raters():
    humans, judge = study(4)
    ceiling = exchangeable_ceiling(np.round(humans), np.round(judge), "agreement")
    assert ceiling.jackknife_of_raters() == (0.0, 0)


def test_a_sampling_design_has_no_jackknife_over_raters():
    humans, judge = study(4)
    ceiling = leave_one_out(humans, judge, minus_mae, design=SamplingDesign(np.full(60, 0.5)))
    assert ceiling.jackknife_of_raters() == (0.0, 0)
