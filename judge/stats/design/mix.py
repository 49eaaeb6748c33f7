"""Whether rated items can be a random sample of all items."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from judge.stats.engine.columns import check_lengths
from judge.stats.engine.estimate import NO_OBSERVATIONS, NO_VARIATION
from judge.stats.engine.scale import Ints, as_objects, is_missing
from judge.stats.systems.significance import Significance

__all__ = ["mix_test"]


def mix_test(groups: ArrayLike, rated: ArrayLike) -> Significance:
    """Test whether the mix of groups among the rated items is that of a simple random sample of all items.

    With two groups the test is exact (hypergeometric); with more it is the chi-squared test with
    finite-population correction. A small p-value says that unweighted estimates are biased wherever they
    differ between the groups, for instance between the judge's passes and fails.

    Do not use it as evidence that items were drawn at random: other differences are not tested.

    Parameters
    ----------
    groups : array_like, shape (n_items,)
        Group of each item, such as the judge's verdict; None or NaN where there is none.
    rated : array_like of bool, shape (n_items,)
        Which items have been rated.

    Returns
    -------
    Significance
        The statistic is chi-squared. NaN, `no_observations`, if no item is rated, and `no_variation` if all
        are or there is only one group.

    Raises
    ------
    ValueError
        If lengths differ.

    References
    ----------
    .. [1] R. A. Fisher, "The logic of inductive inference", Journal of the Royal Statistical Society 98,
       1935.

    Examples
    --------
    Of 90 passes and 10 fails, 5 each were rated.

    >>> verdicts = ["pass"] * 90 + ["fail"] * 10
    >>> rated = [True] * 5 + [False] * 85 + [True] * 5 + [False] * 5
    >>> round(mix_test(verdicts, rated).p_value, 4)
    0.0007
    """
    labels, chosen = as_objects(groups), np.asarray(rated, dtype=bool)
    check_lengths(groups=labels, rated=chosen)
    known = ~is_missing(labels)
    _, codes = np.unique(labels[known].astype(str), return_inverse=True)
    chosen = chosen[known]
    sizes = np.bincount(codes)
    counts = np.bincount(codes[chosen], minlength=sizes.size)
    n, total = int(counts.sum()), int(sizes.sum())
    method = "hypergeometric" if sizes.size == 2 else "chi-squared"
    if n == 0 or n == total or sizes.size < 2:
        return Significance(math.nan, method=method, n_items=n, reason=NO_VARIATION if n else NO_OBSERVATIONS)
    expected = n * sizes / total
    statistic = float((((counts - expected) ** 2) / expected).sum() * (total - 1) / (total - n))
    p = _hypergeometric_p(counts, sizes) if sizes.size == 2 else _chi_squared_p(statistic, sizes.size - 1)
    return Significance(p, statistic, method, n)


def _hypergeometric_p(counts: Ints, sizes: Ints) -> float:
    """Return the probability of all samples that are no more probable than this one."""
    from scipy.special import gammaln

    n = int(counts.sum())
    first = np.arange(max(0, n - int(sizes[1])), min(n, int(sizes[0])) + 1)

    def ways(k: Ints, of: int) -> np.ndarray:
        return np.asarray(gammaln(of + 1) - gammaln(k + 1) - gammaln(of - k + 1))

    log_p = ways(first, int(sizes[0])) + ways(n - first, int(sizes[1])) - ways(np.array(n), int(sizes.sum()))
    p = np.exp(log_p)
    return float(min(1.0, p[p <= p[first == counts[0]] * (1 + 1e-7)].sum()))


def _chi_squared_p(statistic: float, df: int) -> float:
    from scipy.special import chdtrc

    return float(chdtrc(df, statistic))
