"""Shares and means over items, with their intervals."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Unpack

import numpy as np
from numpy.typing import ArrayLike

from judge.stats.engine.columns import as_column, as_groups, as_marks, check_lengths, select
from judge.stats.engine.estimate import NO_RATINGS, Estimate
from judge.stats.engine.limits import clopper_pearson_limits
from judge.stats.engine.resampling import Sampling, Statistic, estimate, quotient
from judge.stats.engine.scale import Floats
from judge.stats.engine.statistic import StatisticKind

__all__ = ["mean", "proportion"]


def proportion(marks: ArrayLike, **sampling: Unpack[Sampling]) -> Estimate:
    """Share of passes: a pass rate, a hit rate, an accuracy.

    The interval is Wilson's score interval. With clusters of several items it is computed for the number of
    independent items that the clusters are worth, p(1 - p) / variance, and with Student's t. The variance is
    CR2, and at least the one with a quarter of a cluster of passes and one of fails added; the degrees of
    freedom are Satterthwaite's. Without any spread (all pass, all fail) each cluster counts as one item. A
    single item has the exact interval.

    Parameters
    ----------
    marks : array_like, shape (n_items,)
        1 or True for a pass, 0 or False for a fail; NaN or None marks a missing one, which is left out.
    **sampling
        See `Sampling`: ``clusters``, ``confidence_level``. ``method="analytic"`` gives the exact interval of
        Clopper and Pearson (independent items only), which is wider.

    Returns
    -------
    Estimate
        A share between 0 and 1. Without any mark it is NaN, `no_ratings`.

    Raises
    ------
    ValueError
        If a mark is neither pass, fail nor missing, or `clusters` has another length.

    References
    ----------
    .. [1] E. B. Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", 1927.
    .. [2] J. E. Pustejovsky, E. Tipton, "Small-sample methods for cluster-robust variance estimation and
       hypothesis testing in fixed effects models", Journal of Business & Economic Statistics 36, 2018 (CR2).
    .. [3] C. J. Clopper, E. S. Pearson, "The Use of Confidence or Fiducial Limits Illustrated in the
       Case of the Binomial", 1934.

    Examples
    --------
    >>> print(proportion([True] * 8 + [False] * 2))
    0.800 [0.490, 0.943]
    >>> print(proportion([True] * 8 + [False] * 2, method="analytic"))
    0.800 [0.444, 0.975]
    """
    return _average(as_marks(marks, "marks"), "share", sampling)


def mean(values: ArrayLike, **sampling: Unpack[Sampling]) -> Estimate:
    """Mean score over items.

    Do not use it for pass marks (`proportion`), whose interval stays within 0 and 1.

    Parameters
    ----------
    values : array_like, shape (n_items,)
        One number per item, NaN or None where missing.
    **sampling
        See `Sampling`. The default method is 'jackknife', which is Student's t interval for independent
        items, and the cluster-robust one with ``clusters``.

    Returns
    -------
    Estimate
        In the unit of `values`. NaN, `no_ratings`, without any value.

    Examples
    --------
    >>> print(mean([3, 4, 4, None, 5]))
    4.000 [2.701, 5.299]
    """
    options: Sampling = {"method": "jackknife", **sampling}
    return _average(as_column(values, "values"), "plain", options)


def _average(values: Floats, kind: StatisticKind, sampling: Sampling) -> Estimate:
    groups = as_groups(sampling.get("clusters"))
    check_lengths(values=values, clusters=groups)
    present = ~np.isnan(values)
    if not present.any():
        return Estimate.undefined(NO_RATINGS, confidence_level=sampling.get("confidence_level", 0.95))
    used = values[present]
    centre = float(used.mean()) if kind == "plain" else 0.0
    if sampling.get("design") is None:
        sums = np.column_stack([used - centre, np.ones(used.size)])
        groups = select(groups, present)
    else:  # the frame is the whole sample: items without a value are part of the design
        sums = np.where(present[:, None], np.column_stack([values - centre, present]), 0.0)

    def exact(confidence_level: float) -> tuple[float, float, float]:
        share = float(used.mean())
        return *clopper_pearson_limits(used.sum(), used.size, confidence_level), math.sqrt(
            share * (1 - share) / used.size
        )

    statistic = Statistic(
        sums,
        lambda totals: centre + quotient(totals[:, 0], totals[:, 1]),
        kind,
        n_items=used.size,
        n_ratings=used.size,
        analytic=exact if kind == "share" else None,
    )
    options: Sampling = {**sampling, "clusters": groups}
    result = estimate(statistic, **options)
    return replace(result, method="clopper-pearson") if result.method == "analytic" else result
