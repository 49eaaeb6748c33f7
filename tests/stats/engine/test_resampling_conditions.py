"""How many clusters a standard error needs."""

import math

import numpy as np
import pytest

from judge.stats.engine.resampling import ResampledValues


def _sample(jackknife, counts):
    return ResampledValues(0.0, np.array(jackknife), np.array(counts, float), np.empty(0))


def test_two_values_have_a_standard_error_and_one_has_none():
    assert _sample([1.0, 3.0], [1, 1]).se == pytest.approx(math.sqrt(1 / 2 * 2))
    assert math.isnan(_sample([1.0], [1]).se)


def test_undefined_values_do_not_count():
    assert _sample([1.0, math.nan, 3.0], [1, 1, 1]).se == pytest.approx(1.0)
    assert math.isnan(_sample([1.0, math.nan], [1, 5]).se)


def test_a_value_of_two_identical_clusters_counts_twice():
    assert _sample([2.0], [2]).se == 0.0
