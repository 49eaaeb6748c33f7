"""The difference between two groups of items, with an interval and a p-value that know of shared clusters."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from judge.stats.engine.estimate import NO_OBSERVATIONS, Estimate
from judge.stats.engine.resampling import estimate
from judge.stats.engine.scale import Floats
from judge.stats.engine.statistic import Statistic, quotient
from judge.stats.systems.significance import t_test

Bools = NDArray[np.bool_]
Groups = NDArray[np.str_] | None


@dataclass(frozen=True)
class GroupDifference:
    """Mean (or pass rate) of one group minus that of another.

    Attributes
    ----------
    difference : Estimate
        First minus second, interval by the jackknife over clusters.
    p : float
        Two-sided p-value of no difference, by the same jackknife; NaN where nothing varies.
    p_adjusted : float
        `p` after Holm's correction for all tests of the report; `p` itself where it stands alone.
    """

    difference: Estimate
    p: float
    p_adjusted: float


def group_difference(values: Floats, first: Bools, second: Bools, clusters: Groups = None) -> GroupDifference:
    """Compare the means of two groups of rows.

    Clusters that reach into both groups (the same question asked of two systems, the same image clean and
    degraded) make the comparison paired: what they share cancels.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Scores or pass marks, NaN where missing.
    first, second : ndarray of bool, shape (n,)
        The groups; rows may be in neither.
    clusters : ndarray of str, optional
        Group of each row; default: rows are independent.

    Examples
    --------
    >>> passed = np.array([1.0, 1.0, 1.0, 0.0, 1.0, 0.0, 0.0, 0.0])
    >>> old = np.arange(8) < 4
    >>> print(group_difference(passed, old, ~old).difference)
    0.500 [-0.403, 1.000]
    """
    used = ~np.isnan(values) & (first | second)
    a, b = first[used], second[used]
    if not a.any() or not b.any():
        return GroupDifference(Estimate.undefined(NO_OBSERVATIONS), np.nan, np.nan)
    centre = float(values[used].mean())
    centred = values[used] - centre
    statistic = Statistic(np.column_stack([a * centred, a, b * centred, b]), _mean_difference)
    result = estimate(statistic, clusters=None if clusters is None else clusters[used], method="jackknife")
    p = t_test(result).p_value
    reach = 1.0 if np.isin(values[used], (0.0, 1.0)).all() else np.inf
    return GroupDifference(within(result, -reach, reach), p, p)


def within(estimate: Estimate, low: float, high: float) -> Estimate:
    """Cut an interval where the number itself cannot go: a share beyond 1, a mean score off its scale.

    >>> print(within(Estimate(0.9, 0.7, 1.1), 0, 1))
    0.900 [0.700, 1.000]
    """
    return replace(estimate, possible=(low, high))


def _mean_difference(totals: Floats) -> Floats:
    return quotient(totals[:, 0], totals[:, 1]) - quotient(totals[:, 2], totals[:, 3])
