"""Selection of answers for human labels, and the allocation of a budget to labels and judge calls."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from judge.stats.engine.checks import above, at_least, between
from judge.stats.engine.scale import Floats, Ints

__all__ = [
    "Selection",
    "calibration_label_ratio",
    "neyman_allocation",
    "ppi_calls_per_label",
    "ppi_effective_labels",
    "select_stratified",
]


def neyman_allocation(sizes: ArrayLike, sds: ArrayLike, n_labels: int, *, floor: int = 10) -> Ints:
    """How many labels each stratum gets: proportional to size times standard deviation.

    n_s is proportional to w_s sd_s, for a share q_s with sd sqrt(q_s (1 - q_s)). No stratum gets fewer than
    `floor` (or all of it, if it is smaller) nor more than it has.

    Parameters
    ----------
    sizes : array_like of int, shape (n_strata,)
        Items of the pool in each stratum.
    sds : array_like of float, shape (n_strata,)
        Standard deviation of the human value within each stratum, from a pilot of about 10 each.
    n_labels : int
        Total number of labels.
    floor : int
        Smallest number of labels per stratum, so that its variance can be estimated.

    Returns
    -------
    array of int, shape (n_strata,)
        Labels per stratum; they add up to `n_labels`.

    Raises
    ------
    ValueError
        If there are more labels than items or fewer than the floors need, or a size or standard deviation
        is negative or missing.

    Examples
    --------
    >>> neyman_allocation([800, 200], [0.3, 0.5], 100).tolist()
    [71, 29]
    """
    pool, spread = np.asarray(sizes, np.int64), np.asarray(sds, float)
    if pool.shape != spread.shape or pool.ndim != 1 or not pool.size:
        raise ValueError(
            f"sizes and sds must be two lists of one length, got {pool.shape} and {spread.shape}."
        )
    if not ((pool >= 0).all() and (spread >= 0).all() and np.isfinite(spread).all()):
        raise ValueError(f"sizes and sds must not be negative or missing, got {pool} and {spread}.")
    least = np.minimum(floor, pool)
    if not least.sum() <= n_labels <= pool.sum():
        raise ValueError(
            f"n_labels must lie between {least.sum()} ({floor} per stratum) and {pool.sum()} (the pool), "
            f"got {n_labels}."
        )
    demand = pool * (spread if (pool * spread).max() > 0 else 1.0)
    # A stratum without variance gets its labels last, not never.
    demand = np.maximum(demand / demand.max(), 1e-12)
    low, high = 0.0, float(n_labels + pool.max()) / demand.min()
    for _ in range(200):  # the clipped allocation grows with the common factor: bisect it
        factor = (low + high) / 2
        low, high = (
            (factor, high) if np.clip(factor * demand, least, pool).sum() < n_labels else (low, factor)
        )
    return _round_to_total(np.clip(high * demand, least, pool), least, pool, n_labels)


def _round_to_total(exact: Floats, least: Ints, most: Ints, total: int) -> Ints:
    """Largest remainders, within the bounds."""
    counts = np.clip(np.floor(exact + 1e-9).astype(np.int64), least, most)
    while counts.sum() < total:
        room = counts < most
        counts[np.argmax(np.where(room, exact - counts, -np.inf))] += 1
    return counts


@dataclass(frozen=True, slots=True)
class Selection:
    """Items chosen for labelling, with the probability that each had of being chosen.

    Keep the probabilities and strata with the labels: without them the labels cannot be used without bias. As
    a `SamplingDesign` they weight every statistic.
    """

    index: Ints
    probability: Floats


def select_stratified(
    strata: ArrayLike, labels_per_stratum: dict[object, int], *, rng: np.random.Generator | int | None = None
) -> Selection:
    """Draw items to label at random within strata, keeping their probabilities.

    Parameters
    ----------
    strata : array_like, shape (n_items,)
        Stratum of each item of the pool: the judge's verdict or score bin.
    labels_per_stratum : dict
        Stratum -> number of labels, from `neyman_allocation`.
    rng : numpy.random.Generator, int or None
        Source of randomness.

    Returns
    -------
    Selection
        Positions in the pool in rising order, with their probability n_s / N_s.

    Examples
    --------
    >>> chosen = select_stratified(["pass"] * 8 + ["fail"] * 2, {"pass": 2, "fail": 2}, rng=0)
    >>> chosen.probability.tolist()
    [0.25, 0.25, 1.0, 1.0]
    """
    generator = np.random.default_rng(rng)
    of_item = np.asarray(strata)
    picked: list[tuple[int, float]] = []
    for stratum, n in labels_per_stratum.items():
        members = np.flatnonzero(of_item == stratum)
        if n > len(members):
            raise ValueError(
                f"stratum {stratum!r} has {len(members)} items, fewer than the {n} labels requested."
            )
        picked += [(int(i), n / len(members)) for i in generator.choice(members, n, replace=False)]
    picked.sort()
    return Selection(np.array([i for i, _ in picked], np.int64), np.array([p for _, p in picked], float))


def ppi_effective_labels(n_labels: int, n_unlabeled: int, correlation: float) -> float:
    """How many plain human labels n labels plus judge scores are worth (PPI++ at its best weight).

    n / (1 - rho^2 N/(n + N)), rho the correlation of judge and human score.

    Parameters
    ----------
    n_labels, n_unlabeled : int
        Items with both scores, and items with the judge's only.
    correlation : float in (-1, 1)
        Correlation of judge and human score.

    Returns
    -------
    float
        Effective sample size, at least `n_labels`.

    Examples
    --------
    >>> round(ppi_effective_labels(100, 900, 0.7))
    179
    """
    at_least("n_labels", n_labels, 1)
    at_least("n_unlabeled", n_unlabeled, 0)
    between("correlation", correlation, -1, 1)
    return n_labels / (1 - correlation**2 * n_unlabeled / (n_labels + n_unlabeled))


def ppi_calls_per_label(correlation: float, label_cost: float, call_cost: float) -> float:
    """Judge-only items per human label that make prediction-powered inference cheapest.

    Minimises the variance of PPI++ at its best weight lambda for a fixed budget, when every labelled item
    costs c_Y + c_F and every other c_F: N/n = max(0, sqrt(rho^2 c_Y / ((1 - rho^2) c_F)) - 1). It is the
    general optimum N/n = sqrt(lambda^2 var(F) (c_Y + c_F) / (var(Y - lambda F) c_F)) at that lambda.

    Parameters
    ----------
    correlation : float in (-1, 1)
        Correlation of judge and human score.
    label_cost, call_cost : float
        Cost of one human label and of one judge call, in one unit, above 0.

    Returns
    -------
    float
        N/n; 0 when the judge is not worth its calls.

    References
    ----------
    .. [1] A. N. Angelopoulos et al., "PPI++: Efficient Prediction-Powered Inference", arXiv 2311.01453.

    Examples
    --------
    >>> round(ppi_calls_per_label(0.7, label_cost=2.0, call_cost=0.01), 1)
    12.9
    """
    between("correlation", correlation, -1, 1)
    above("label_cost", label_cost, 0)
    above("call_cost", call_cost, 0)
    odds = correlation**2 / (1 - correlation**2)
    return max(0.0, math.sqrt(odds * label_cost / call_cost) - 1)


def calibration_label_ratio(pass_rate: float, tpr: float, tnr: float) -> float:
    """Labelled true fails per labelled true pass that make a Rogan-Gladen correction most precise.

    m0/m1 near (1/p - 1) sqrt((1 - TNR)/(1 - TPR)), for a judge with both rates near 1.

    Parameters
    ----------
    pass_rate : float in (0, 1)
        Expected pass rate of the pool.
    tpr, tnr : float in [0, 1)
        Expected true positive and true negative rate of the judge.

    Returns
    -------
    float
        Ratio of labels of the two kinds.

    References
    ----------
    .. [1] C. Lee et al., arXiv 2511.21140, 2025.

    Examples
    --------
    >>> round(calibration_label_ratio(0.8, tpr=0.9, tnr=0.8), 2)
    0.35
    """
    between("pass_rate", pass_rate, 0, 1)
    between("tpr", tpr, -1e-300, 1)
    between("tnr", tnr, -1e-300, 1)
    return (1 / pass_rate - 1) * math.sqrt((1 - tnr) / (1 - tpr))
