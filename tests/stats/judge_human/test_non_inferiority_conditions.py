"""How many people an interval over people needs."""

import numpy as np
import pytest
from scipy import stats

from judge.stats.coefficients.distance import mean_absolute_error_statistic
from judge.stats.engine.statistic import negated
from judge.stats.judge_human.ceiling import leave_one_out
from judge.stats.judge_human.non_inferiority import non_inferiority, with_random_raters


def _ceiling(k, n=80, noise=(0.5, 0.9)):
    """People differ in noise, so that the judge is nearer to some of them than to others."""
    rng = np.random.default_rng(1)
    truth = rng.normal(3, 1, n)
    humans = truth[:, None] + rng.normal(size=(n, k)) * np.resize(noise, k)
    judge = truth + rng.normal(0, 0.7, n)
    return leave_one_out(humans, judge, negated(mean_absolute_error_statistic))


def test_two_people_have_an_interval_over_people():
    ceiling = _ceiling(2)
    found = with_random_raters(ceiling)
    first, second = (row.difference.value for row in ceiling.per_human)
    people = (first - second) ** 2 / 4  # variance of the mean of two
    assert (found.method, found.n_resamples, found.seed) == ("items+raters", 0, None)
    assert found.se == pytest.approx(np.hypot(ceiling.difference.se, np.sqrt(people)))
    assert np.isfinite([found.low, found.high]).all()


@pytest.mark.parametrize("noise", [(0.1, 2.0), (0.5, 0.5)])
def test_degrees_of_freedom_are_satterthwaites_of_items_and_people(noise):
    ceiling = _ceiling(6, noise=noise)
    found = with_random_raters(ceiling)
    of_items, of_people = ceiling.difference.se**2, found.se**2 - ceiling.difference.se**2
    df = found.se**4 / (of_items**2 / 79 + of_people**2 / 5)
    assert (found.high - found.value) / found.se == pytest.approx(stats.t.ppf(0.975, df))


@pytest.mark.parametrize(("k", "few"), [(4, True), (5, False)])
def test_fewer_than_five_people_are_noted(k, few):
    assert ("few_raters" in with_random_raters(_ceiling(k)).notes) is few


@pytest.mark.parametrize(("margin", "alpha"), [(0, 0.05), (-0.1, 0.05), (0.1, 0), (0.1, -0.5), (0.1, 0.5)])
def test_a_margin_of_zero_and_an_error_rate_outside_of_0_to_a_half_are_refused(margin, alpha):
    with pytest.raises(ValueError, match="margin" if alpha == 0.05 else "alpha"):
        non_inferiority(_ceiling(3), margin=margin, alpha=alpha)
