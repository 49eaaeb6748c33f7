"""Degrees of freedom of a jackknife standard error.

The usual number, clusters less one, holds where all clusters move the statistic about alike. It is too large
where a few large clusters, or a few rare items, carry most of the standard error.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from judge.stats.engine.scale import Bools, Floats
from judge.stats.engine.weights import cluster_codes

__all__: list[str] = []

_LEAST = 2.0  # fewer cannot be told from a sample


def from_sizes(sizes: Floats, counts: Floats) -> float:
    """Return Satterthwaite's degrees of freedom of a clustered mean with the variance estimator CR2.

    Items are taken as independent (the working model), so that the sizes of the clusters decide alone.

    Parameters
    ----------
    sizes : ndarray, shape (u,)
        Items in a cluster.
    counts : ndarray, shape (u,)
        Number of clusters of that size.

    References
    ----------
    .. [1] R. M. Bell, D. F. McCaffrey, "Bias reduction in standard errors for linear regression with
       multi-stage samples", Survey Methodology 28, 2002.
    .. [2] J. E. Pustejovsky, E. Tipton, "Small-sample methods for cluster-robust variance estimation and
       hypothesis testing in fixed effects models", Journal of Business & Economic Statistics 36, 2018.

    Examples
    --------
    >>> round(from_sizes(np.array([4.0]), np.array([10.0])), 6)
    9.0
    >>> round(from_sizes(np.array([1.0, 20.0]), np.array([9.0, 1.0])), 1)
    1.9
    """
    sizes, counts = sizes[sizes > 0], counts[sizes > 0]
    if counts.sum() < 2:
        return 1.0
    total = float(counts @ sizes)
    share = sizes / total
    factor = share**2 / (1 - share)
    # The estimator is a quadratic form of independent cluster means. The trace of its matrix and that of the
    # square follow from its elements -sqrt(factor_c factor_d) / total, and factor / size on the diagonal.
    own = factor / sizes
    pair = -1 / total
    trace = float(counts @ (own + factor * pair))
    squares = (float(counts @ factor) * pair) ** 2 + float(counts @ (own**2 + 2 * own * factor * pair))
    return trace**2 / squares


def of_two_groups(first: Bools, second: Bools, clusters: ArrayLike | None) -> float:
    """Return Satterthwaite's degrees of freedom of a difference of two means, from the sizes of the groups.

    Items are taken as independent with one variance (the working model): few if one group is small.

    Parameters
    ----------
    first, second : ndarray of bool, shape (n_items,)
        Items of each group.
    clusters : array_like, shape (n_items,), optional
        Cluster of each item; default: every item is its own.

    Returns
    -------
    float
        0 if a group consists of one cluster, whose variance is then unknown.

    Examples
    --------
    >>> few = np.arange(24) < 2
    >>> round(of_two_groups(few, ~few, None), 1), of_two_groups(few, ~few, np.arange(24) // 2)
    (1.4, 0.0)
    """
    codes = cluster_codes(clusters, first.size)
    sizes = [np.bincount(codes[of], minlength=codes.max(initial=0) + 1) for of in (first, second)]
    if any(np.count_nonzero(of) < 2 for of in sizes):
        return 0.0
    # The variance that a cluster adds to the difference.
    variances = sum((of / of.sum() ** 2 for of in sizes), np.zeros(sizes[0].size))
    return max(float(variances.sum() ** 2 / (variances @ variances)) - 1, 1.0)


def from_kurtosis(values: Floats, counts: Floats) -> float:
    """Return the degrees of freedom of a jackknife variance, from the fourth moment of its values.

    Satterthwaite's 2 n / (kurtosis - 1): n for normal values, few where few clusters carry the variance, such
    as three errors among a hundred items. At least 2 and at most n - 1.

    Parameters
    ----------
    values : ndarray, shape (u,)
        Jackknife values.
    counts : ndarray, shape (u,)
        Number of clusters with that value.

    Examples
    --------
    >>> from_kurtosis(np.array([0.0, 1.0]), np.array([50.0, 50.0]))
    99.0
    >>> round(from_kurtosis(np.array([0.0, 1.0]), np.array([97.0, 3.0])), 1)
    6.6
    """
    n = float(counts.sum())
    if n < 2:
        return _LEAST
    squares = (values - np.average(values, weights=counts)) ** 2
    second, fourth = float(counts @ squares) / n, float(counts @ squares**2) / n
    excess = fourth / second**2 - 1 if second > 0 else 0.0
    most = max(n - 1, _LEAST)
    return most if excess * most <= 2 * n else max(2 * n / excess, _LEAST)
