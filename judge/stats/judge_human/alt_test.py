"""The alternative annotator test: whether the judge can replace a human annotator.

Each person is held out in turn; the judge and that person are compared with the other people, item by item.
The judge wins against a person if its advantage, with a handicap epsilon for the person's cost, is
significant. It says whether a judge is good enough for its price, not that it equals a person (see
`non_inferiority` for that).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from judge.stats.engine.checks import at_least, between
from judge.stats.engine.estimate import (
    FEW_CLUSTERS,
    NO_PAIRABLE_ITEMS,
    TOO_FEW_CLUSTERS,
    TOO_FEW_ITEMS,
    TOO_FEW_RATERS,
    Estimate,
    Reason,
)
from judge.stats.engine.frames import Tabular
from judge.stats.engine.limits import t_cdf
from judge.stats.engine.resampling import estimate
from judge.stats.engine.scale import Floats, Ints
from judge.stats.engine.table import ScaleLike
from judge.stats.judge_human.advantage import advantage_statistic
from judge.stats.judge_human.contests import TIE, Closeness, Contest, hold_contests
from judge.stats.systems.multiplicity import benjamini_yekutieli

__all__ = ["AltTest", "AltTestPart", "AltTestRater", "alt_test", "alt_tests", "omega_curve"]

SMALL_SAMPLE = 30


@dataclass(frozen=True, slots=True)
class AltTestRater:
    """The judge against one person.

    Attributes
    ----------
    rater : int
        Column of the person in `humans`.
    n_items, n_clusters : int
        Items with this person, the judge and at least one other person; and their clusters.
    judge_wins, human_wins : float
        Share of items on which the judge (the person) is at least as close to the others; ties count for
        both.
    p_value, p_adjusted : float
        Of "the person's advantage is at least epsilon", raw and Benjamini-Yekutieli; NaN where not tested.
    judge_preferred : bool
        Whether that is rejected.
    reason : str or None
        Why the person was not tested.
    notes : tuple of str
        ``degenerate`` (no variation: decided by the mean alone), ``wilcoxon`` (fewer than 30 items) ...
    """

    rater: int
    n_items: int
    n_clusters: int
    judge_wins: float
    human_wins: float
    p_value: float
    p_adjusted: float
    judge_preferred: bool
    reason: Reason | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AltTest(Tabular):
    """Result of the alternative annotator test.

    Attributes
    ----------
    winning_rate : float
        Omega, the share of tested people against whom the judge is preferred; NaN if none was tested.
    passes : bool or None
        Whether omega is at least 0.5; None without a tested person.
    advantage : Estimate
        Rho, the mean of `judge_wins`: the number by which to compare judges. Its interval is over items, for
        these people.
    raters : tuple of AltTestRater
        One per person, tested or not.
    epsilon, q : float
        The handicap and the false discovery rate, both set in advance.
    notes : tuple of str
        ``two_raters`` when only two people were tested.
    """

    winning_rate: float
    passes: bool | None
    advantage: Estimate
    raters: tuple[AltTestRater, ...]
    epsilon: float
    q: float
    notes: tuple[str, ...] = ()

    def _rows(self) -> Iterable[Any]:
        return self.raters


@dataclass(frozen=True, slots=True)
class AltTestPart:
    """One dimension or domain of a joint test: ratings, clusters and scale as for `alt_test`."""

    humans: ArrayLike
    judge: ArrayLike
    clusters: ArrayLike | None = None
    scale: ScaleLike = None


def alt_test(
    humans: ArrayLike,
    judge: ArrayLike,
    *,
    epsilon: float,
    closeness: Closeness = "accuracy",
    q: float = 0.05,
    min_items: int = 30,
    clusters: ArrayLike | None = None,
    scale: ScaleLike = None,
    confidence_level: float = 0.95,
) -> AltTest:
    r"""Alternative annotator test of Calderon, Reichart and Dror (2025).

    For person h on the items with h, the judge f and at least one other person, S is the closeness to those
    others, W_f = [S_f >= S_h], W_h = [S_h >= S_f] and d = W_h - W_f. The null hypothesis mean(d) >= epsilon
    is tested with p = T((mean(d) - epsilon)/se), one-sided, and rejected by the Benjamini-Yekutieli rule
    over all people. Omega is the share of rejections.

    With clusters the standard error is the cluster jackknife's with C - 1 degrees of freedom (the paper
    assumes independent items, for which this is its paired t test). Below 30 items and without clusters the
    signed-rank test of d - epsilon takes the t test's place.

    Parameters
    ----------
    humans : array_like of float, shape (n_items, n_humans)
        People's ratings, NaN where missing; at least three people are advised.
    judge : array_like of float, shape (n_items,)
        The judge's ratings, NaN where missing.
    epsilon : float in [0, 1)
        Handicap, fixed before looking: 0.2 for experts, 0.15 skilled, 0.1 crowd, less when people agree
        little. A pass at 0.2 does not mean "as good as a person".
    closeness : {'accuracy', 'rmse'}
        Closeness to the others: share of exact matches, or minus the root mean squared difference.
    q : float in (0, 1)
        False discovery rate.
    min_items : int
        People with fewer items are listed and not tested.
    clusters : array_like, shape (n_items,), optional
        Group of each item, for the tests and for the interval of `advantage`.
    scale : Scale or sequence, optional
        The declared scale; labels need it, and a rating off it is an error.
    confidence_level : float in (0, 1)
        Level of the interval of `advantage`.

    Returns
    -------
    AltTest
        `winning_rate` and `advantage` are NaN if fewer than two people or too few items can be compared.

    Raises
    ------
    ValueError
        If the shapes do not match or an option is out of its range.

    References
    ----------
    .. [1] N. Calderon, R. Reichart and R. Dror, "The Alternative Annotator Test for LLM-as-a-Judge: How to
       Statistically Justify Replacing Human Annotators with LLMs", ACL 2025,
       doi:10.18653/v1/2025.acl-long.782.
    .. [2] Y. Benjamini and D. Yekutieli, 2001, doi:10.1214/aos/1013699998.

    Examples
    --------
    Three people who agree on nine of ten answers, and a judge that always sides with the majority.

    >>> rng = np.random.default_rng(0)
    >>> truth = rng.integers(1, 6, 200)
    >>> slip = rng.random((200, 3)) < 0.1
    >>> humans = np.where(slip, 6 - truth[:, None], truth[:, None])
    >>> result = alt_test(humans, truth, epsilon=0.1)
    >>> result.winning_rate, result.passes, round(result.advantage.value, 2)
    (1.0, True, 0.99)
    """
    part = AltTestPart(humans, judge, clusters, scale)
    options = {"epsilon": epsilon, "q": q, "confidence_level": confidence_level}
    return alt_tests({"": part}, closeness=closeness, min_items=min_items, **options)[""]


def alt_tests(
    parts: Mapping[str, AltTestPart],
    *,
    epsilon: float,
    closeness: Closeness = "accuracy",
    q: float = 0.05,
    min_items: int = 30,
    confidence_level: float = 0.95,
) -> dict[str, AltTest]:
    """Alternative annotator tests of several dimensions or domains, with one correction over all of them.

    Parameters
    ----------
    parts : mapping of str to AltTestPart
        Ratings and clusters of each dimension.
    epsilon, closeness, q, min_items, confidence_level
        As in `alt_test`.

    Returns
    -------
    dict of str to AltTest
        In the order of `parts`.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> clear, vague = (rng.integers(1, 4, (60, 3)) for _ in range(2))
    >>> parts = {"clarity": AltTestPart(clear, clear[:, 0]), "tone": AltTestPart(vague, vague[:, 0])}
    >>> {name: result.winning_rate for name, result in alt_tests(parts, epsilon=0.2).items()}
    {'clarity': 1.0, 'tone': 1.0}
    """
    between("epsilon", epsilon, -TIE, 1)
    between("q", q, 0, 1)
    at_least("min_items", min_items, 2)
    contests = {
        name: hold_contests(part.humans, part.judge, closeness, part.clusters, part.scale)
        for name, part in parts.items()
    }
    tests = [_test(c, epsilon, min_items) for group in contests.values() for c in group]
    adjusted = iter(benjamini_yekutieli([t.p_value for t in tests]))
    raw = iter(tests)
    results = {}
    for name, group in contests.items():
        raters = tuple(_rater(c, next(raw), float(next(adjusted)), q) for c in group)
        advantage = _advantage(group, raters, parts[name].clusters, confidence_level)
        results[name] = _summary(raters, advantage, epsilon, q)
    return results


def omega_curve(
    humans: ArrayLike,
    judge: ArrayLike,
    *,
    epsilons: Sequence[float] = (0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3),
    closeness: Closeness = "accuracy",
    q: float = 0.05,
    min_items: int = 30,
    clusters: ArrayLike | None = None,
    scale: ScaleLike = None,
) -> list[tuple[float, float]]:
    """Winning rate omega of `alt_test` as a function of epsilon.

    Parameters
    ----------
    humans, judge, closeness, q, min_items, clusters, scale
        As in `alt_test`.
    epsilons : sequence of float
        Handicaps to show.

    Returns
    -------
    list of (epsilon, omega)
        Omega is NaN where no rater can be tested.

    Examples
    --------
    >>> ratings = np.random.default_rng(1).integers(1, 6, (100, 4))
    >>> omega_curve(ratings[:, 1:], ratings[:, 0], epsilons=[0.0, 0.3])
    [(0.0, 0.0), (0.3, 1.0)]
    """
    contests = hold_contests(humans, judge, closeness, clusters, scale)
    curve = []
    for epsilon in epsilons:
        p_values = [_test(c, epsilon, min_items).p_value for c in contests]
        adjusted = benjamini_yekutieli(p_values)
        tested = adjusted[~np.isnan(adjusted)]
        curve.append((float(epsilon), float((tested <= q).mean()) if len(tested) else math.nan))
    return curve


class _Test(NamedTuple):
    p_value: float
    reason: Reason | None = None
    notes: tuple[str, ...] = ()


def _test(contest: Contest, epsilon: float, min_items: int) -> _Test:
    d = contest.human_wins - contest.judge_wins
    if len(d) < max(min_items, 2):
        return _Test(math.nan, NO_PAIRABLE_ITEMS if len(d) == 0 else TOO_FEW_ITEMS)
    mean = float(d.mean())
    if np.ptp(d) == 0:
        return _Test(0.0 if mean < epsilon - TIE else 1.0, notes=("degenerate",))
    if len(d) < SMALL_SAMPLE and not contest.clustered:
        return _Test(_signed_rank_p(d - epsilon), notes=("wilcoxon",))
    return _t_test(d, contest.clusters, epsilon)


def _t_test(d: Floats, clusters: Ints, epsilon: float) -> _Test:
    """Use the cluster jackknife's standard error; for clusters of one item this is the paired t test."""
    sums, sizes = np.bincount(clusters, d), np.bincount(clusters)
    n_clusters = len(sizes)
    if n_clusters < 2:
        return _Test(math.nan, TOO_FEW_CLUSTERS)
    without = (d.sum() - sums) / (len(d) - sizes)
    se = math.sqrt((n_clusters - 1) / n_clusters * ((without - without.mean()) ** 2).sum())
    if se <= TIE:
        return _Test(0.0 if d.mean() < epsilon - TIE else 1.0, notes=("degenerate",))
    notes = (FEW_CLUSTERS,) if n_clusters < 10 else ()
    return _Test(t_cdf((d.mean() - epsilon) / se, n_clusters - 1), notes=notes)


def _signed_rank_p(x: Floats) -> float:
    from scipy.stats import wilcoxon

    return float(wilcoxon(np.where(np.abs(x) > TIE, x, 0.0), alternative="less", method="approx").pvalue)


def _rater(contest: Contest, test: _Test, adjusted: float, q: float) -> AltTestRater:
    empty = len(contest.judge_wins) == 0
    return AltTestRater(
        contest.rater,
        len(contest.judge_wins),
        len(np.unique(contest.clusters)),
        math.nan if empty else float(contest.judge_wins.mean()),
        math.nan if empty else float(contest.human_wins.mean()),
        test.p_value,
        adjusted,
        adjusted <= q,
        test.reason,
        test.notes,
    )


def _advantage(
    contests: Sequence[Contest],
    raters: Sequence[AltTestRater],
    clusters: ArrayLike | None,
    confidence_level: float,
) -> Estimate:
    """Return the mean over tested people of the judge's share of wins; the interval is over items."""
    tested = [c for c, r in zip(contests, raters, strict=True) if r.reason is None]
    if not tested:
        return Estimate.undefined(TOO_FEW_RATERS if len(contests) < 2 else TOO_FEW_ITEMS)
    statistic = advantage_statistic(tested)
    return estimate(statistic, clusters=clusters, confidence_level=confidence_level)


def _summary(raters: tuple[AltTestRater, ...], advantage: Estimate, epsilon: float, q: float) -> AltTest:
    tested = [r for r in raters if r.reason is None]
    omega = float(np.mean([r.judge_preferred for r in tested])) if tested else math.nan
    notes = ("two_raters",) if len(tested) == 2 else ()
    return AltTest(omega, omega >= 0.5 if tested else None, advantage, raters, epsilon, q, notes)
