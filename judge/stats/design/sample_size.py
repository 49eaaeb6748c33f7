"""Sample size in closed form; for other statistics see `precision`."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np

from judge.stats.engine.checks import above, at_least, between
from judge.stats.engine.scale import Floats

__all__ = [
    "design_effect",
    "items_for_icc",
    "items_for_kappa",
    "items_for_noninferiority",
    "items_for_pearson",
    "items_for_proportion",
    "noninferiority_power",
]


def items_for_proportion(proportion: float, half_width: float, *, confidence_level: float = 0.95) -> int:
    """Items for which the Wilson interval of a share has the wanted half-width.

    The half-width is z sqrt(n p (1 - p) + z^2/4) / (n + z^2); the answer is the root in n, rounded up.
    Multiply by `design_effect` when items come in clusters.

    Parameters
    ----------
    proportion : float in [0, 1]
        Expected share; 0.5 is the most expensive.
    half_width : float in (0, 0.5)
        Wanted half-width of the interval.
    confidence_level : float in (0, 1)
        Coverage of the interval.

    Returns
    -------
    int
        Number of independent items, at least 1.

    References
    ----------
    .. [1] E. B. Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", 1927.

    Examples
    --------
    >>> items_for_proportion(0.8, 0.1), items_for_proportion(0.8, 0.05)
    (60, 245)
    """
    between("proportion", proportion, 0, 1, closed=True)
    between("half_width", half_width, 0, 0.5)
    z2 = _z(confidence_level) ** 2
    a = half_width**2
    b = z2 * (2 * a - proportion * (1 - proportion))
    c = z2**2 * (a - 0.25)
    return max(1, _ceil((-b + math.sqrt(b * b - 4 * a * c)) / (2 * a)))


def items_for_pearson(correlation: float, half_width: float, *, confidence_level: float = 0.95) -> int:
    """Items for which the Fisher z interval of a correlation has the wanted half-width.

    The half-width is (tanh(zeta + d) - tanh(zeta - d))/2 with zeta = artanh(r) and d = z/sqrt(n - 3).

    Parameters
    ----------
    correlation : float in (-1, 1)
        Expected correlation.
    half_width : float in (0, 1)
        Wanted half-width of the interval.
    confidence_level : float in (0, 1)
        Coverage of the interval.

    Returns
    -------
    int
        Number of independent items, at least 4.

    Examples
    --------
    >>> items_for_pearson(0.7, 0.1), items_for_pearson(0.7, 0.05)
    (105, 404)
    """
    between("correlation", correlation, -1, 1)
    between("half_width", half_width, 0, 1)
    # tanh(a + d) - tanh(a - d) = 2 sinh(2d) / (cosh(2a) + cosh(2d)): a quadratic in t = exp(2d).
    cosh2a = math.cosh(2 * math.atanh(correlation))
    h = half_width
    t = (h * cosh2a + math.sqrt((h * cosh2a) ** 2 + 1 - h * h)) / (1 - h)
    return max(4, _ceil(3 + (2 * _z(confidence_level) / math.log(t)) ** 2))


def items_for_icc(icc: float, half_width: float, n_raters: int, *, confidence_level: float = 0.95) -> int:
    """Items for which the interval of a single-rater ICC has the wanted half-width (Bonett 2002).

    n = 8 z^2 (1 - r)^2 (1 + (k - 1) r)^2 / (k (k - 1) w^2) + 1 with full width w = 2 * `half_width`; for two
    raters and r >= 0.7 Bonett's correction 5 r is added.

    Parameters
    ----------
    icc : float in [0, 1)
        Expected ICC(1,1), ICC(2,1) or ICC(3,1).
    half_width : float in (0, 1)
        Wanted half-width of the interval.
    n_raters : int
        Ratings per item, at least 2.
    confidence_level : float in (0, 1)
        Coverage of the interval.

    Returns
    -------
    int
        Number of independent items.

    References
    ----------
    .. [1] D. G. Bonett, "Sample size requirements for estimating intraclass correlations with desired
       precision", Statistics in Medicine 21, 2002, doi:10.1002/sim.1108.

    Examples
    --------
    >>> items_for_icc(0.7, 0.1, 3)
    68
    """
    between("icc", icc, 0, 1, closed=True)
    between("half_width", half_width, 0, 1)
    at_least("n_raters", n_raters, 2)
    k = n_raters
    spread = (1 - icc) ** 2 * (1 + (k - 1) * icc) ** 2
    n = 8 * _z(confidence_level) ** 2 * spread / (k * (k - 1) * (2 * half_width) ** 2) + 1
    small_sample = 5 * icc if k == 2 and icc >= 0.7 else 0.0
    return _ceil(_ceil(n) + small_sample)


def items_for_kappa(
    kappa: float,
    half_width: float,
    pass_rates: tuple[float, float] = (0.5, 0.5),
    *,
    confidence_level: float = 0.95,
) -> int:
    """Items for which the interval of Cohen's kappa of two pass/fail raters has the wanted half-width.

    n = z^2 V / h^2 with V the large-sample variance of kappa at the table that the expected kappa and the two
    pass rates imply. For more categories or raters use `precision`.

    Parameters
    ----------
    kappa : float in [-1, 1]
        Expected kappa.
    half_width : float in (0, 1)
        Wanted half-width of the interval.
    pass_rates : (float, float), each in (0, 1)
        Expected share of passes of the two raters. Skewed rates need far more items.
    confidence_level : float in (0, 1)
        Coverage of the interval.

    Returns
    -------
    int
        Number of independent items.

    Raises
    ------
    ValueError
        If no table has these pass rates and this kappa.

    References
    ----------
    .. [1] J. L. Fleiss, J. Cohen and B. S. Everitt, "Large sample standard errors of kappa and weighted
       kappa", 1969, doi:10.1037/h0028106.

    Examples
    --------
    >>> items_for_kappa(0.6, 0.1, (0.8, 0.8)), items_for_kappa(0.6, 0.1, (0.5, 0.5))
    (392, 246)
    """
    between("half_width", half_width, 0, 1)
    table = _pass_fail_table(kappa, pass_rates)
    return max(2, _ceil(_z(confidence_level) ** 2 * _kappa_variance(table, kappa) / half_width**2))


def _pass_fail_table(kappa: float, pass_rates: tuple[float, float]) -> Floats:
    first, second = pass_rates
    between("pass_rates", first, 0, 1)
    between("pass_rates", second, 0, 1)
    chance = first * second + (1 - first) * (1 - second)
    both = (kappa * (1 - chance) + chance + first + second - 1) / 2
    table = np.array([[both, first - both], [second - both, 1 - first - second + both]])
    if table.min() < -1e-9:
        raise ValueError(
            f"kappa {kappa:g} is impossible at pass rates {first:g} and {second:g}: a cell of the table would"
            f" be {table.min():.3f}; move kappa towards 0 or the pass rates towards each other."
        )
    return table.clip(0)


def _kappa_variance(table: Floats, kappa: float) -> float:
    rows, columns = table.sum(1), table.sum(0)
    chance = float(rows @ columns)
    margins = columns[:, None] + rows[None, :]  # p_.i + p_j. for cell (i, j)
    diagonal = np.diag(table) * (1 - np.diag(margins) * (1 - kappa)) ** 2
    off = (table * margins**2).sum() - (np.diag(table) * np.diag(margins) ** 2).sum()
    correction = (kappa - chance * (1 - kappa)) ** 2
    return float((diagonal.sum() + (1 - kappa) ** 2 * off - correction) / (1 - chance) ** 2)


def design_effect(cluster_size: float, icc: float) -> float:
    """Factor by which clustering raises the number of items: 1 + (m - 1) rho.

    Parameters
    ----------
    cluster_size : float
        Mean number of items per cluster (questions per image, say), at least 1.
    icc : float in [-1, 1]
        Correlation of the measured quantity within a cluster.

    Returns
    -------
    float
        Multiply the number of independent items by it.

    Examples
    --------
    >>> design_effect(5, 0.2)
    1.8
    """
    at_least("cluster_size", cluster_size, 1)
    between("icc", icc, -1, 1, closed=True)
    return 1 + (cluster_size - 1) * icc


def noninferiority_power(
    margin: float, sd: float, n_items: int, *, difference: float = 0.0, confidence_level: float = 0.95
) -> float:
    """Power of the one-sided non-inferiority test of judge against human agreement.

    Phi((difference + margin) sqrt(n)/sd - z), z the one-sided `confidence_level` quantile.

    Parameters
    ----------
    margin : float
        Margin set in advance, in units of the agreement statistic, above 0.
    sd : float
        Standard deviation of the difference per item: from a pilot, its standard error times sqrt(n).
    n_items : int
        Number of independent items.
    difference : float
        True judge level minus human level.
    confidence_level : float in (0.5, 1)
        One-sided confidence level of the test.

    Returns
    -------
    float
        Probability of the verdict `non-inferior` or `better`.

    Examples
    --------
    >>> round(noninferiority_power(0.05, 0.4, 400), 2)
    0.8
    """
    above("margin", margin, 0)
    above("sd", sd, 0)
    at_least("n_items", n_items, 1)
    shift = (difference + margin) * math.sqrt(n_items) / sd
    return NormalDist().cdf(shift - NormalDist().inv_cdf(confidence_level))


def items_for_noninferiority(
    margin: float, sd: float, *, power: float = 0.8, difference: float = 0.0, confidence_level: float = 0.95
) -> int:
    """Items for which the non-inferiority test has the wanted power; the inverse of `noninferiority_power`.

    Parameters
    ----------
    margin, sd, difference, confidence_level
        As in `noninferiority_power`.
    power : float in (0, 1)
        Wanted power.

    Returns
    -------
    int
        Number of independent items.

    Raises
    ------
    ValueError
        If the true difference lies at or below minus the margin: no number of items is enough.

    Examples
    --------
    >>> items_for_noninferiority(0.05, 0.4)
    396
    """
    above("margin", margin, 0)
    above("sd", sd, 0)
    between("power", power, 0, 1)
    if difference + margin <= 0:
        raise ValueError(
            f"difference {difference:g} is not above minus the margin {margin:g}: the judge is inferior, and "
            "no number of items shows otherwise."
        )
    z = NormalDist().inv_cdf(confidence_level) + NormalDist().inv_cdf(power)
    return _ceil((sd * z / (difference + margin)) ** 2) if z > 0 else 1


def _z(confidence_level: float) -> float:
    between("confidence_level", confidence_level, 0, 1)
    return NormalDist().inv_cdf((1 + confidence_level) / 2)


def _ceil(x: float) -> int:
    return math.ceil(x - 1e-9)
