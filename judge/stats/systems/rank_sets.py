"""Simultaneous confidence sets for the ranks of systems."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from judge.stats.engine import limits
from judge.stats.engine.scale import Bools, Floats
from judge.stats.engine.statistic import quotient
from judge.stats.engine.weights import cluster_codes

__all__: list[str] = []


def rank_limits(
    table: Floats,
    clusters: ArrayLike | None,
    confidence_level: float,
    n_draws: int,
    generator: np.random.Generator,
) -> Floats:
    """Return the best and the worst rank of each system, shape (2, n_systems), right for all together.

    A system ranks below each system whose mean is significantly higher, and above each whose mean is
    significantly lower [1]_. A difference is significant where it exceeds c standard errors; c is the
    quantile of the largest absolute difference of a multivariate t distribution with the estimated
    covariance of the means [2]_. Degrees of freedom are the clusters of the system with the fewest, less one.
    Differences that do not vary get the variance of half an item that differs by the range of the scores.

    Parameters
    ----------
    table : ndarray, shape (n_items, n_systems)
        Scores, NaN where missing; a system must have a score.
    clusters : array_like, shape (n_items,), optional
        Group of each item.
    confidence_level : float
        Probability that all sets together contain the ranks.
    n_draws : int
        Number of draws of the multivariate t distribution.
    generator : numpy.random.Generator
        Source of the draws.

    References
    ----------
    .. [1] M. Mogstad, J. P. Romano, A. M. Shaikh, D. Wilhelm, "Inference for Ranks with Applications to
       Mobility across Neighbourhoods and Academic Achievement across Countries", Review of Economic Studies
       91, 2024, doi:10.1093/restud/rdad006.
    .. [2] T. Hothorn, F. Bretz, P. Westfall, "Simultaneous Inference in General Parametric Models",
       Biometrical Journal 50, 2008, doi:10.1002/bimj.200810425.

    Examples
    --------
    >>> scores = np.array([[5.0, 2, 3], [4, 1, 2], [5, 3, 2], [4, 2, 2]])
    >>> rank_limits(scores, None, 0.95, 1_000, np.random.default_rng(0)).tolist()
    [[1.0, 2.0, 2.0], [1.0, 3.0, 3.0]]
    """
    better = significant_leads(table, clusters, confidence_level, n_draws, generator)
    return np.array([1.0 + better.sum(axis=0), len(better) - better.sum(axis=1)])


def significant_leads(
    table: Floats,
    clusters: ArrayLike | None,
    confidence_level: float,
    n_draws: int,
    generator: np.random.Generator,
) -> Bools:
    """Return whether the system in the row has a significantly higher mean than that in the column.

    With probability `confidence_level` none of all the leads is in the wrong direction; see `rank_limits`.
    """
    n_systems = table.shape[1]
    present = ~np.isnan(table)
    means = np.nansum(table, axis=0) / present.sum(axis=0)
    codes = cluster_codes(clusters, len(table))
    residuals = np.where(present, table - means, 0.0) / present.sum(axis=0)
    n_groups = int(codes.max(initial=-1)) + 1
    influence: Floats = np.stack([np.bincount(codes, column, n_groups) for column in residuals.T], axis=1)
    sizes: Floats = np.array([np.unique(codes[column]).size for column in present.T], dtype=float)
    influence *= np.sqrt(sizes / np.maximum(sizes - 1, 1))
    covariance = influence.T @ influence
    se = _standard_errors(covariance, sizes, float(np.nanmax(table) - np.nanmin(table)))
    comparable = np.isfinite(se)
    if not comparable.any():
        return comparable
    df = int(sizes[sizes > 1].min()) - 1
    draws = _multivariate_t(covariance, df, n_draws, generator)
    largest = np.zeros(n_draws)
    for system in range(n_systems):
        # inf where two systems cannot be compared: their difference counts as 0
        np.maximum(largest, (abs(draws - draws[:, [system]]) / se[system]).max(axis=1), out=largest)
    lead = (means[:, None] - means[None, :]) / se  # of the system in the row over that in the column
    # Where all differences are constant the draws are 0; no single test may be below that of one pair.
    one_pair = limits.t_quantile((1 + confidence_level) / 2, df)
    significant: Bools = lead > max(float(np.quantile(largest, confidence_level)), one_pair)
    return significant


def _standard_errors(covariance: Floats, sizes: Floats, reach: float) -> Floats:
    """Return those of all differences; infinite for a system with itself, or with a single cluster."""
    variances = np.diag(covariance)
    squared = np.maximum(variances[:, None] + variances[None, :] - 2 * covariance, 0.0)
    n = np.minimum(sizes[:, None], sizes[None, :])
    share = 0.5 / (n + 1)
    squared = np.where(squared > 1e-12 * reach**2, squared, reach**2 * share * (1 - share) / (n + 1))
    squared = np.where((n < 2) | np.eye(len(n), dtype=bool) | (squared <= 0), math.inf, squared)
    errors: Floats = np.sqrt(squared)
    return errors


def _multivariate_t(covariance: Floats, df: int, n_draws: int, generator: np.random.Generator) -> Floats:
    values, vectors = np.linalg.eigh(covariance)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    normal = generator.standard_normal((n_draws, len(values))) @ root.T
    scale = np.sqrt(generator.chisquare(df, n_draws) / df)
    draws: Floats = quotient(normal, scale[:, None])
    return draws
