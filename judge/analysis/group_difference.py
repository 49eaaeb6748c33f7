"""Difference of means between two groups of items that may share clusters, with interval and p-value."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from judge.stats.engine.degrees_of_freedom import of_two_groups
from judge.stats.engine.estimate import NO_OBSERVATIONS, Estimate
from judge.stats.engine.resampling import estimate
from judge.stats.engine.scale import Floats
from judge.stats.engine.statistic import Statistic, quotient
from judge.stats.engine.weights import cluster_codes
from judge.stats.systems.group_shares import GroupShares
from judge.stats.systems.paired import paired_proportions
from judge.stats.systems.significance import mcnemar, t_test

Bools = NDArray[np.bool_]
Groups = NDArray[np.str_] | NDArray[np.int64] | None


@dataclass(frozen=True)
class GroupDifference:
    """Mean (or pass rate) of one group minus that of another.

    Attributes
    ----------
    difference : Estimate
        First minus second, with its interval, see `group_difference`. It has none if all items of a group
        belong to one cluster, `too_few_clusters`: how such clusters vary is then unknown.
    p : float
        Two-sided p-value of no difference, which fits the interval; NaN without an interval.
    p_adjusted : float
        `p` adjusted for all tests of the report (Holm); `p` itself for a single test.
    """

    difference: Estimate
    p: float
    p_adjusted: float


def group_difference(values: Floats, first: Bools, second: Bools, clusters: Groups = None) -> GroupDifference:
    """Compare the means of two groups of rows.

    Clusters with items in both groups (one question answered by two systems, one image clean and degraded)
    make the comparison paired: their shared variation cancels. The interval of pass rates is that of
    `GroupShares`, except where all clusters hold as many items of one group as of the other: there it is the
    jackknife of `judge.stats.systems.paired`.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Scores or pass marks, NaN where missing.
    first, second : ndarray of bool, shape (n,)
        Masks of the groups; a row may be in neither, and is not in both.
    clusters : ndarray of str, optional
        Cluster of each row; default: rows are independent.

    Examples
    --------
    >>> passed = np.array([1.0, 1.0, 1.0, 0.0, 1.0, 0.0, 0.0, 0.0])
    >>> old = np.arange(8) < 4
    >>> print(group_difference(passed, old, ~old).difference)
    0.500 [-0.135, 0.789]
    """
    used = ~np.isnan(values) & (first | second)
    a, b = first[used], second[used]
    if not a.any() or not b.any():
        return GroupDifference(Estimate.undefined(NO_OBSERVATIONS), np.nan, np.nan)
    groups = None if clusters is None else cluster_codes(clusters[used], len(a))
    most_df = of_two_groups(a, b, groups)
    is_paired = groups is not None and np.array_equal(np.bincount(groups[a]), np.bincount(groups[b]))
    if is_paired and most_df > 0:  # the degrees of freedom of a mean over clusters, as in a comparison
        most_df = np.inf
    elif most_df > 0 and np.isin(values[used], (0.0, 1.0)).all():
        shares = GroupShares.of(values[used], a, groups)
        p = shares.p_value()
        return GroupDifference(shares.difference(), p, p)
    centred = values[used] - float(values[used].mean())
    sums = np.column_stack([a * centred, a, b * centred, b])
    result = estimate(Statistic(sums, _mean_difference, most_df=most_df), clusters=groups, method="jackknife")
    p = t_test(result).p_value
    return GroupDifference(result, p, p)


def rate_difference(passed: Floats, first: Bools, second: Bools, clusters: Groups = None) -> GroupDifference:
    """Compare the pass rates of two groups of rows, as `judge.analysis.compare.compare` does.

    Where each cluster holds one verdict of each group, the pairs are independent: McNemar's mid-p test with
    Newcombe's interval. Otherwise `group_difference`, in which a cluster with verdicts of one group alone
    counts, too.

    Parameters
    ----------
    passed : ndarray, shape (n,)
        Pass marks, NaN where missing.
    first, second : ndarray of bool, shape (n,)
        Masks of the groups.
    clusters : ndarray of str, optional
        Cluster of each row; default: rows are independent.

    References
    ----------
    .. [1] M. W. Fagerland, S. Lydersen, P. Laake, "The McNemar test for binary matched-pairs data: mid-p and
       asymptotic are better than exact conditional", BMC Medical Research Methodology 13, 2013,
       doi:10.1186/1471-2288-13-91.

    Examples
    --------
    >>> passed = np.array([1.0, 1.0, 1.0, 0.0, 1.0, 0.0, 0.0, 0.0])
    >>> old, question = np.arange(8) < 4, np.array(list("abcdabcd"))
    >>> rate_difference(passed, old, ~old, question).difference.method
    'newcombe'
    """
    pairs = _independent_pairs(passed, first, second, clusters)
    if pairs is None:
        return group_difference(passed, first, second, clusters)
    p = mcnemar(*pairs).p_value
    return GroupDifference(paired_proportions(*pairs), p, p)


def _independent_pairs(
    passed: Floats, first: Bools, second: Bools, clusters: Groups
) -> tuple[Floats, Floats] | None:
    """Verdicts of both groups in the order of their clusters; None unless each cluster has one of each."""
    if clusters is None:
        return None
    known = ~np.isnan(passed)
    rows = [np.flatnonzero(mask & known) for mask in (first, second)]
    a, b = (of[np.argsort(clusters[of], kind="stable")] for of in rows)
    is_paired = len(a) > 1 and np.array_equal(clusters[a], clusters[b])
    if not is_paired or len(np.unique(clusters[a])) < len(a):
        return None
    return passed[a], passed[b]


def within(estimate: Estimate, low: float, high: float) -> Estimate:
    """Limit an interval to the possible values: a share is at most 1, a mean score within its scale.

    >>> print(within(Estimate(0.9, 0.7, 1.1), 0, 1))
    0.900 [0.700, 1.000]
    """
    return replace(estimate, possible=(low, high))


def _mean_difference(totals: Floats) -> Floats:
    return quotient(totals[:, 0], totals[:, 1]) - quotient(totals[:, 2], totals[:, 3])
