"""When a spread counts as none."""

import math

import numpy as np
import pytest

from judge.stats.coefficients.alpha import krippendorff_alpha

NARROW = np.array([[0, 1], [2, 2], [5, 4], [3, 3], [1, 0]]) / 1000


def _interval_alpha(table):
    """The definition, pair by pair: 1 minus the ratio of mean squared distances within and over all items."""
    values = table.ravel()
    within = np.mean((table[:, 0] - table[:, 1]) ** 2)
    n = len(values)
    overall = sum((a - b) ** 2 for a in values for b in values) / (n * (n - 1))
    return 1 - within / overall


def test_scores_without_the_outlier_still_have_a_spread():
    table = np.vstack([NARROW, [[100, 100]]])
    values = [_interval_alpha(np.delete(table, i, axis=0)) for i in range(len(table))]
    assert values[-1] < 0.95 < min(values[:-1])  # without the outlier, alpha rests on the narrow scores alone
    se = math.sqrt(5 / 6 * ((np.array(values) - np.mean(values)) ** 2).sum())
    assert krippendorff_alpha(table, level="interval", method="jackknife").se == pytest.approx(se)
