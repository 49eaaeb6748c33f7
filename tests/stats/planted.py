"""Judges with one known oddity each, beside people without any."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SCALE = np.arange(-3, 9.25, 0.25)
N_ITEMS, N_DIMENSIONS, N_HUMANS = 600, 4, 3
CLUSTER = 3


@dataclass(frozen=True)
class Planted:
    """What is wrong with a judge; the defaults are nothing."""

    severity: float = 0.0  # points added to every score
    compression: float = 1.0  # factor on the distance from the middle
    halo: float = 0.0  # share of the error variance that is one impression of the whole item
    noise: float = 0.6  # standard deviation of the judge's own errors; people have 0.6
    verbosity: float = 0.0  # points per doubling of the length, on the first dimension


@dataclass(frozen=True)
class Study:
    """Ratings around 3 in quarter points, so that neither rounding nor the ends plant anything of their own."""

    judge: np.ndarray  # (items, dimensions)
    humans: np.ndarray  # (items, dimensions, people)
    length: np.ndarray  # (items,)
    clusters: np.ndarray  # (items,)


def study(planted: Planted, seed: int = 0) -> Study:
    """Draw a study; quality goes with length (better answers are longer), as it does in real data."""
    rng = np.random.default_rng(seed)
    general = rng.normal(size=(N_ITEMS, 1))
    truth = 0.6 * general + 0.8 * rng.normal(size=(N_ITEMS, N_DIMENSIONS))
    doublings = 0.5 * general[:, 0] + rng.normal(size=N_ITEMS)
    humans = 3 + truth[:, :, None] + 0.6 * rng.normal(size=(N_ITEMS, N_DIMENSIONS, N_HUMANS))
    impression, own = rng.normal(size=(N_ITEMS, 1)), rng.normal(size=truth.shape)
    errors = planted.noise * (np.sqrt(planted.halo) * impression + np.sqrt(1 - planted.halo) * own)
    judge = 3 + planted.severity + planted.compression * (truth + errors)
    judge[:, 0] += planted.verbosity * doublings
    return Study(_quarters(judge), _quarters(humans), 300 * np.exp2(doublings), np.arange(N_ITEMS) // CLUSTER)


def _quarters(ratings: np.ndarray) -> np.ndarray:
    return np.clip(np.round(4 * ratings) / 4, SCALE[0], SCALE[-1])
