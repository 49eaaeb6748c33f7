"""Comparison of the judge with each person, item by item, by closeness to the other people."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from judge.stats.engine.scale import Floats, Ints
from judge.stats.engine.table import ScaleLike
from judge.stats.engine.weights import cluster_codes
from judge.stats.judge_human.consensus import humans_and_judge

__all__: list[str] = []

Closeness = Literal["accuracy", "rmse"]
TIE = 1e-12


class Contest(NamedTuple):
    """Judge against one person: who is at least as close to the others, where both can be compared."""

    rater: int
    usable: NDArray[np.bool_]
    judge_wins: Floats
    human_wins: Floats
    clusters: Ints
    clustered: bool


def hold_contests(
    human_ratings: ArrayLike,
    judge_ratings: ArrayLike,
    closeness: Closeness,
    clusters: ArrayLike | None,
    scale: ScaleLike = None,
) -> list[Contest]:
    """Compare the judge with each person, held out in turn; one contest per column of `human_ratings`."""
    humans, judge = humans_and_judge(human_ratings, judge_ratings, scale)
    if closeness not in ("accuracy", "rmse"):
        raise ValueError(f"closeness must be 'accuracy' or 'rmse', got {closeness!r}.")
    ids = cluster_codes(clusters, len(judge))
    return [_contest(h, humans, judge, closeness, ids, clusters is not None) for h in range(humans.shape[1])]


def _contest(
    h: int, humans: Floats, judge: Floats, closeness: Closeness, ids: Ints, clustered: bool
) -> Contest:
    usable = ~np.isnan(judge) & ~np.isnan(humans[:, h])
    others = np.delete(humans[usable], h, axis=1)
    compared = ~np.isnan(others).all(axis=1)
    usable[usable] = compared
    others = others[compared]
    of_judge = _closeness(judge[usable], others, closeness)
    of_human = _closeness(humans[usable, h], others, closeness)
    return Contest(
        h,
        usable,
        (of_judge >= of_human - TIE).astype(float),
        (of_human >= of_judge - TIE).astype(float),
        np.unique(ids[usable], return_inverse=True)[1],
        clustered,
    )


def _closeness(ratings: Floats, others: Floats, closeness: Closeness) -> Floats:
    distance = np.abs(ratings[:, None] - others)
    n = (~np.isnan(distance)).sum(axis=1)
    if closeness == "accuracy":
        return np.asarray((distance <= TIE).sum(axis=1) / n)
    return np.asarray(-np.sqrt(np.nansum(distance**2, axis=1) / n))
