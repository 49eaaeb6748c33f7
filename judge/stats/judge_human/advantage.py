"""Ranking of judges by their advantage (rho) in the alternative annotator test, with paired intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike

from judge.stats.engine.estimate import TOO_FEW_ITEMS, TOO_FEW_RATERS, Estimate, Reason
from judge.stats.engine.resampling import replicate
from judge.stats.engine.scale import Floats
from judge.stats.engine.statistic import Statistic, difference, quotient
from judge.stats.engine.table import ScaleLike
from judge.stats.judge_human.contests import Closeness, Contest, hold_contests

__all__: list[str] = []


@dataclass(frozen=True, slots=True)
class AdvantageRanking:
    """Judges ranked by their advantage over people.

    Attributes
    ----------
    advantages : tuple of Estimate
        Rho of each judge: share of items on which it is at least as close to the other people as the person
        held out, mean over people.
    ties : tuple of float
        Share of items on which judge and person are equally close, mean over people; they count for both.
    ranks : tuple of int or None
        Rank of each judge; None where the interval of a difference to another judge contains 0.
    differences : dict
        (i, j) -> rho of judge j minus that of judge i, paired over items; intervals are simultaneous
        (Bonferroni).
    n_people : int
        People who were held out.
    """

    advantages: tuple[Estimate, ...]
    ties: tuple[float, ...]
    ranks: tuple[int | None, ...]
    differences: dict[tuple[int, int], Estimate]
    n_people: int


def rank_by_advantage(
    humans: Floats,
    judges: Floats,
    *,
    closeness: Closeness = "accuracy",
    min_items: int = 30,
    clusters: ArrayLike | None = None,
    scale: ScaleLike = None,
    confidence_level: float = 0.95,
) -> AdvantageRanking:
    """Rank judges by rho on the items that all of them scored.

    Parameters
    ----------
    humans, judges : ndarray, shape (n_items, n_humans), (n_items, n_judges)
        Ratings, NaN where missing.
    closeness, min_items, clusters, scale
        As in `alt_test`.
    confidence_level : float in (0, 1)
        Level of each advantage, and of all differences together.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> truth = rng.integers(1, 6, 200).astype(float)
    >>> humans = np.where(rng.random((200, 3)) < 0.2, 3, truth[:, None])
    >>> judges = np.column_stack([np.where(rng.random(200) < 0.5, 1, truth), truth])
    >>> found = rank_by_advantage(humans, judges)
    >>> found.ranks, [round(one.value, 2) for one in found.advantages]
    ((2, 1), [0.66, 0.99])
    """
    common = ~np.isnan(judges).any(axis=1)
    columns = [np.where(common, judge, np.nan) for judge in judges.T]
    contests = [hold_contests(humans, column, closeness, clusters, scale) for column in columns]
    tested = [h for h, one in enumerate(contests[0]) if one.usable.sum() >= max(min_items, 2)]
    if not tested:
        reason: Reason = TOO_FEW_RATERS if humans.shape[1] < 2 else TOO_FEW_ITEMS
        n, none = len(columns), Estimate.undefined(reason)
        unknown = dict.fromkeys(combinations(range(n), 2), none)
        return AdvantageRanking((none,) * n, (math.nan,) * n, (None,) * n, unknown, 0)
    held = [[one[h] for h in tested] for one in contests]
    statistics = {str(i): advantage_statistic(one) for i, one in enumerate(held)}
    pairs = list(combinations(range(len(held)), 2))
    gaps = {f"{i} {j}": difference(statistics[str(j)], statistics[str(i)]) for i, j in pairs}
    alone = replicate(statistics, clusters=clusters, method="wilson")
    between = replicate(gaps, clusters=clusters, method="jackknife") if gaps else alone
    simultaneous = 1 - (1 - confidence_level) / max(1, len(pairs))
    found = {(i, j): between.estimate(f"{i} {j}", simultaneous) for i, j in pairs}
    return AdvantageRanking(
        tuple(alone.estimate(name, confidence_level) for name in statistics),
        tuple(_tied(one) for one in held),
        _ranks(len(held), found),
        found,
        len(tested),
    )


def advantage_statistic(contests: Sequence[Contest]) -> Statistic:
    """Return the mean over people of the judge's share of wins; ties count as wins."""
    used = np.column_stack([c.usable for c in contests])
    wins = np.zeros(used.shape)
    for column, contest in enumerate(contests):
        wins[contest.usable, column] = contest.judge_wins
    k = len(contests)

    def mean_share(totals: Floats) -> Floats:
        return np.asarray(quotient(totals[:, :k], totals[:, k:]).mean(axis=1))

    return Statistic(
        np.hstack([wins, used]),
        mean_share,
        "share",
        n_items=int(used.any(axis=1).sum()),
        n_ratings=int(used.sum()),
    )


def _tied(contests: Sequence[Contest]) -> float:
    return float(np.mean([(one.judge_wins * one.human_wins).mean() for one in contests]))


def _ranks(n: int, differences: dict[tuple[int, int], Estimate]) -> tuple[int | None, ...]:
    """Ranks of judges that differ from every other one; the others have none."""
    above = np.zeros((n, n), dtype=bool)  # above[i, j]: j has a larger advantage than i
    for (i, j), gap in differences.items():
        above[i, j], above[j, i] = gap.low > 0, gap.high < 0
    decided = above | above.T
    return tuple(int(above[i].sum()) + 1 if n > 1 and decided[i].sum() == n - 1 else None for i in range(n))
