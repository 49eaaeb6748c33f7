"""The standard error of a drift."""

import math

import numpy as np
import pytest

from judge.stats.judge_human.residuals import drift


def test_the_error_of_a_slope_leaves_out_each_judgment():
    rng = np.random.default_rng(5)
    n = 12
    humans = rng.normal(3, 1, (n, 2))
    when = np.r_[np.arange(n - 1), 40.0]  # the last judgment has weight
    judge = humans.mean(axis=1) + 0.1 * when + rng.normal(0, 0.5, n)
    residual = judge - humans.mean(axis=1)
    left_out = np.array([np.polyfit(np.delete(when, i), np.delete(residual, i), 1)[0] for i in range(n)])
    found = drift(humans, judge, when).slope
    assert found.value == pytest.approx(np.polyfit(when, residual, 1)[0])
    assert found.se == pytest.approx(math.sqrt((n - 1) / n * ((left_out - left_out.mean()) ** 2).sum()))
