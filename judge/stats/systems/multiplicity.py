"""Adjustment of p-values for multiple tests.

Holm for tables that confirm (all pairs, all dimensions), Benjamini-Hochberg for exploring,
Benjamini-Yekutieli where the tests depend on each other in unknown ways.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from judge.stats.engine.scale import Floats

__all__ = ["benjamini_hochberg", "benjamini_yekutieli", "holm"]


def holm(p_values: ArrayLike) -> Floats:
    """Adjust p-values so that the chance of any false rejection stays below the level (step-down).

    With the p-values in ascending order, adjusted p_(i) = max over j <= i of (m - j + 1) p_(j), at most 1.

    Parameters
    ----------
    p_values : array_like of float
        One p-value per test, in any order. NaN (no test was possible) stays NaN and is not counted.

    Returns
    -------
    ndarray of float
        Adjusted p-values in the order given; reject where they are at most the level.

    Raises
    ------
    ValueError
        If a p-value lies outside [0, 1] or the input is not one-dimensional.

    References
    ----------
    .. [1] S. Holm, "A Simple Sequentially Rejective Multiple Test Procedure",
       Scandinavian Journal of Statistics 6, 1979.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03]).round(3).tolist()
    [0.03, 0.06, 0.06]
    """
    return _adjust(p_values, _holm_sorted)


def benjamini_hochberg(p_values: ArrayLike) -> Floats:
    """Adjust p-values so that the expected share of false rejections stays below the level (step-up).

    With the p-values in ascending order, adjusted p_(i) = min over j >= i of m p_(j) / j, at most 1.
    Valid for independent tests and for positive dependence.

    Parameters
    ----------
    p_values : array_like of float
        One p-value per test, in any order. NaN stays NaN and is not counted.

    Returns
    -------
    ndarray of float
        Adjusted p-values in the order given.

    Raises
    ------
    ValueError
        If a p-value lies outside [0, 1] or the input is not one-dimensional.

    References
    ----------
    .. [1] Y. Benjamini, Y. Hochberg, "Controlling the False Discovery Rate",
       Journal of the Royal Statistical Society B 57, 1995.

    Examples
    --------
    >>> benjamini_hochberg([0.01, 0.04, 0.03]).round(3).tolist()
    [0.03, 0.04, 0.04]
    """
    return _adjust(p_values, _step_up_sorted)


def benjamini_yekutieli(p_values: ArrayLike) -> Floats:
    """Adjust p-values so that the false discovery rate holds under any dependence of the tests.

    The Benjamini-Hochberg value times 1 + 1/2 + ... + 1/m, at most 1.

    Parameters
    ----------
    p_values : array_like of float
        One p-value per test, in any order. NaN stays NaN and is not counted.

    Returns
    -------
    ndarray of float
        Adjusted p-values in the order given.

    Raises
    ------
    ValueError
        If a p-value lies outside [0, 1] or the input is not one-dimensional.

    References
    ----------
    .. [1] Y. Benjamini, D. Yekutieli, "The Control of the False Discovery Rate in Multiple Testing
       under Dependency", Annals of Statistics 29, 2001, doi:10.1214/aos/1013699998.

    Examples
    --------
    >>> benjamini_yekutieli([0.01, 0.04, 0.03]).round(3).tolist()
    [0.055, 0.073, 0.073]
    """
    return _adjust(p_values, lambda p: _step_up_sorted(p) * np.sum(1.0 / np.arange(1, p.size + 1)))


def _holm_sorted(p: Floats) -> Floats:
    return np.maximum.accumulate(p * np.arange(p.size, 0, -1))


def _step_up_sorted(p: Floats) -> Floats:
    scaled = p * p.size / np.arange(1, p.size + 1)
    return np.minimum.accumulate(scaled[::-1])[::-1]


def _adjust(p_values: ArrayLike, adjust_sorted: Callable[[Floats], Floats]) -> Floats:
    p = np.asarray(p_values, dtype=float)
    if p.ndim != 1:
        raise ValueError(f"p_values must be one-dimensional, got shape {p.shape}.")
    tested = np.flatnonzero(~np.isnan(p))
    if np.any((p[tested] < 0) | (p[tested] > 1)):
        raise ValueError(f"p_values must lie in [0, 1]; got {p[tested].min()} to {p[tested].max()}.")
    order = tested[np.argsort(p[tested], kind="stable")]
    adjusted = np.full(p.shape, np.nan)
    adjusted[order] = np.minimum(adjust_sorted(p[order]), 1.0)
    return adjusted
