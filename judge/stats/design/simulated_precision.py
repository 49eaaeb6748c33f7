"""Half-width and power of a study of n items, by simulation from a pilot or a latent trait."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike

from judge.stats.engine.checks import at_least, between
from judge.stats.engine.estimate import Estimate
from judge.stats.engine.scale import Floats, Ints, as_floats
from judge.stats.engine.weights import cluster_codes

__all__ = [
    "Precision",
    "latent_draws",
    "pilot_draws",
    "precision",
]

Draw = Callable[[int, np.random.Generator], tuple[Floats, Ints]]


@dataclass(frozen=True, slots=True)
class Precision:
    """Half-width and power of one study size, by simulation.

    ``half_width`` is the median over draws, ``power`` the share of all draws whose lower limit exceeds the
    target (NaN without one), ``n_undefined`` the draws without an interval.
    """

    n_items: int
    half_width: float
    power: float
    n_draws: int
    n_undefined: int


def precision(
    statistic: Callable[[Floats, Ints], Estimate],
    draw: Draw,
    sizes: Sequence[int],
    *,
    exceeds: float = math.nan,
    n_draws: int = 200,
    rng: np.random.Generator | int | None = None,
) -> list[Precision]:
    """Half-width and power of any statistic at several study sizes, by simulation.

    Parameters
    ----------
    statistic : callable (ratings, clusters) -> Estimate
        The statistic with its interval; its level is that of the reported half-width.
    draw : callable (n_items, rng) -> (ratings, clusters)
        One study of the given size: `pilot_draws` or `latent_draws`.
    sizes : sequence of int
        Numbers of items to try.
    exceeds : float
        Power is the probability that the lower limit lies above it: minus the margin for non-inferiority.
    n_draws : int
        Simulated studies per size.
    rng : numpy.random.Generator, int or None
        Source of randomness.

    Returns
    -------
    list of Precision
        One per size, in the order given.

    Examples
    --------
    >>> from judge.stats.engine.estimate import Estimate
    >>> def spread(ratings, clusters):
    ...     se = ratings[:, 0].std(ddof=1) / len(ratings) ** 0.5
    ...     mean = ratings[:, 0].mean()
    ...     return Estimate(mean, mean - 1.96 * se, mean + 1.96 * se)
    >>> draw = latent_draws([0.2, 0.2, 0.2, 0.2, 0.2], reliability=0.6, n_raters=1)
    >>> [round(p.half_width, 1) for p in precision(spread, draw, [50, 200], rng=0)]
    [0.4, 0.2]
    """
    generator = np.random.default_rng(rng)
    return [_precision_at(statistic, draw, n, exceeds, n_draws, generator) for n in sizes]


def _precision_at(
    statistic: Callable[[Floats, Ints], Estimate],
    draw: Draw,
    n_items: int,
    exceeds: float,
    n_draws: int,
    rng: np.random.Generator,
) -> Precision:
    estimates = [statistic(*draw(n_items, rng)) for _ in range(n_draws)]
    low = np.array([e.low for e in estimates], float)
    high = np.array([e.high for e in estimates], float)
    defined = np.isfinite(low) & np.isfinite(high)
    half_width = float(np.median((high - low)[defined]) / 2) if defined.any() else math.nan
    power = (
        math.nan if math.isnan(exceeds) else float((low > exceeds).mean())
    )  # an undefined draw shows nothing
    return Precision(n_items, half_width, power, n_draws, int((~defined).sum()))


def pilot_draws(pilot: ArrayLike, clusters: ArrayLike | None = None) -> Draw:
    """Studies resampled from a pilot: clusters drawn with replacement up to the wanted number of items.

    Parameters
    ----------
    pilot : array_like of float, shape (n_items, n_raters)
        Pilot ratings, NaN where missing.
    clusters : array_like, shape (n_items,), optional
        Cluster of each item; a drawn cluster comes whole and counts as a new one each time.

    Returns
    -------
    callable (n_items, rng) -> (ratings, clusters)
        For `precision`. The last cluster may be cut to reach the number of items exactly.

    Examples
    --------
    >>> draw = pilot_draws([[1, 2], [3, 3], [5, 4]])
    >>> ratings, clusters = draw(100, np.random.default_rng(0))
    >>> ratings.shape, len(set(clusters.tolist()))
    ((100, 2), 100)
    """
    ratings = as_floats(pilot)
    if ratings.ndim != 2 or not len(ratings):
        raise ValueError(f"pilot must have shape (n_items, n_raters) with items, got {ratings.shape}.")
    ids = cluster_codes(clusters, len(ratings))
    members = [np.flatnonzero(ids == c) for c in range(int(ids.max()) + 1)]
    sizes = np.array([len(m) for m in members])

    def draw(n_items: int, rng: np.random.Generator) -> tuple[Floats, Ints]:
        at_least("n_items", n_items, 1)
        picked = rng.integers(len(members), size=n_items)  # enough even if all clusters are single items
        rows = np.concatenate([members[c] for c in picked])[:n_items]
        return ratings[rows], np.repeat(np.arange(n_items), sizes[picked])[:n_items]

    return draw


def latent_draws(shares: ArrayLike, *, reliability: float, n_raters: int, cluster_size: int = 1) -> Draw:
    """Studies drawn from a latent trait, for planning without a pilot.

    A rating is the category of sqrt(rho) theta_i + sqrt(1 - rho) e_ir, both standard normal, cut so that the
    categories 1..K have the given expected shares. rho is the correlation of two raters on the latent scale
    (higher than their ordinal agreement).

    Parameters
    ----------
    shares : array_like of float, shape (n_categories,)
        Expected share of each category, lowest first; they must add up to 1.
    reliability : float in [0, 1]
        Latent correlation of two raters of one item.
    n_raters : int
        Raters per item; all raters are exchangeable.
    cluster_size : int
        Items per cluster that share half of the trait's variance; 1 for independent items.

    Returns
    -------
    callable (n_items, rng) -> (ratings, clusters)
        For `precision`.

    Examples
    --------
    >>> draw = latent_draws([0.1, 0.2, 0.4, 0.2, 0.1], reliability=0.7, n_raters=3)
    >>> ratings, clusters = draw(200, np.random.default_rng(0))
    >>> ratings.shape, np.unique(ratings).tolist()
    ((200, 3), [1.0, 2.0, 3.0, 4.0, 5.0])
    """
    p = np.asarray(shares, float)
    if p.ndim != 1 or len(p) < 2 or p.min() < 0 or abs(p.sum() - 1) > 1e-6:
        raise ValueError(f"shares must be at least two shares >= 0 that add up to 1, got {p.tolist()}.")
    between("reliability", reliability, 0, 1, closed=True)
    at_least("n_raters", n_raters, 1)
    at_least("cluster_size", cluster_size, 1)
    inner = np.clip(p.cumsum()[:-1], 1e-12, 1 - 1e-12)
    cuts = np.array([NormalDist().inv_cdf(float(q)) for q in inner])

    def draw(n_items: int, rng: np.random.Generator) -> tuple[Floats, Ints]:
        at_least("n_items", n_items, 1)
        clusters: Ints = np.arange(n_items, dtype=np.int64) // cluster_size
        common = rng.standard_normal(clusters[-1] + 1)[clusters]
        own = rng.standard_normal(n_items)
        trait = own if cluster_size == 1 else math.sqrt(0.5) * (common + own)
        noise = rng.standard_normal((n_items, n_raters))
        latent: Floats = math.sqrt(reliability) * trait[:, None] + math.sqrt(1 - reliability) * noise
        return 1.0 + np.searchsorted(cuts, latent).astype(float), clusters

    return draw
