"""Bias against one person, as the mean of the differences."""

import numpy as np
import pytest
from scipy import stats

from judge.analysis.agreement.agree import agree

from .conftest import make_aligned, make_ratings


def bias(humans, judge, **more):
    (one,) = agree(make_aligned(make_ratings(humans, {"j": judge}, **more))).judge_agreements
    return one.bias


def test_the_bias_against_one_person_is_the_mean_difference_with_students_interval():
    rng = np.random.default_rng(0)
    person, judge = rng.integers(1, 6, (2, 30)).astype(float)
    person[3] = judge[4] = np.nan
    difference = (judge - person)[~np.isnan(judge - person)]
    half = stats.t.ppf(0.975, 27) * difference.std(ddof=1) / np.sqrt(28)
    found = bias(person[:, None], judge)
    assert found.value == pytest.approx(difference.mean())
    assert (found.low, found.high) == pytest.approx((found.value - half, found.value + half), abs=1e-9)


def test_the_bias_against_several_people_is_adjusted_for_who_rated_which_item():
    # Ann is one point more lenient than Ben, and rated the second half alone: the judge agrees with Ben exactly.
    ben = np.array([1.0, 2, 3, 4, 2, 3, 1, 4] * 2)
    ann = ben + 1
    humans = np.column_stack([np.where(np.arange(16) < 8, ben, np.nan), ann])
    assert bias(humans, ben).value == pytest.approx(-0.5, abs=1e-6)
    slots = bias(humans, ben, slots=True)
    assert slots.value == pytest.approx(-0.75)
