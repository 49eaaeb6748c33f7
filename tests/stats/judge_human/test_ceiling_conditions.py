"""How many people a ceiling needs."""

import numpy as np
import pytest

from judge.stats.coefficients.icc import icc_statistic
from judge.stats.coefficients.percent_agreement import agreement_statistic
from judge.stats.engine.resampling import estimate
from judge.stats.judge_human.ceiling import leave_one_out, pairwise_ceiling, swap

HUMANS = np.array([[1, 2], [3, 3], [5, 4], [2, 2], [4, 5], [3, 2.0]])
JUDGE = np.array([1, 3, 5, 2, 5, 3.0])


def test_swap_compares_two_people_with_the_judge_in_the_place_of_each():
    found = swap(HUMANS, JUDGE, icc_statistic)
    people = estimate(icc_statistic(HUMANS)).value
    with_judge = [estimate(icc_statistic(np.column_stack([HUMANS[:, h], JUDGE]))).value for h in (1, 0)]
    assert found.human.value == pytest.approx(people)
    assert found.judge.value == pytest.approx(np.mean(with_judge))
    assert found.difference.value == pytest.approx(np.mean(with_judge) - people)
    assert len(found.per_human) == 2


@pytest.mark.parametrize(
    "ceiling",
    [
        lambda humans: swap(humans, JUDGE, icc_statistic),
        lambda humans: pairwise_ceiling(humans, JUDGE, agreement_statistic),
        lambda humans: leave_one_out(humans, JUDGE, agreement_statistic),
    ],
)
def test_two_people_are_enough_and_one_is_too_few(ceiling):
    assert ceiling(HUMANS).difference.defined
    alone = ceiling(HUMANS[:, :1])
    assert (alone.difference.reason, alone.human.reason) == ("too_few_raters", "too_few_raters")
