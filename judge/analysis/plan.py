"""Sample size planning: items and raters for an interval of a given width.

Sizes come from closed forms, from simulated ratings, or from a pilot study that is resampled.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from judge.analysis.pilot_study import Pilot
from judge.counting import counted
from judge.errors import InputError
from judge.stats.coefficients.alpha import alpha_statistic
from judge.stats.coefficients.correlation import concordance_statistic
from judge.stats.coefficients.kappa import cohen_statistic
from judge.stats.coefficients.percent_agreement import agreement_statistic
from judge.stats.design.sample_size import (
    design_effect,
    items_for_icc,
    items_for_kappa,
    items_for_pearson,
    items_for_proportion,
)
from judge.stats.design.simulated_precision import latent_draws, precision
from judge.stats.engine.estimate import Estimate
from judge.stats.engine.resampling import estimate
from judge.stats.engine.scale import Floats, Level
from judge.stats.judge_human.ceiling import pairwise_ceiling

Target = Literal[
    "pass_rate", "kappa", "correlation", "icc", "alpha", "agreement", "kappa_quadratic", "difference"
]
CLOSED = ("pass_rate", "kappa", "correlation", "icc")
EXPECTED: Mapping[str, float] = {"pass_rate": 0.8, "kappa": 0.6, "correlation": 0.7, "icc": 0.7}
RELIABILITY = 0.7
SIZES = (20, 50, 100, 200, 400)
RATERS = (2, 3, 5)
N_DRAWS = 100
LEAST_HALF_WIDTH, MOST_MINUTES, MOST_SHARES = 0.0001, 10_000, 101
MOST_RATERS, MOST_COMPARED = 100, 10
"""People per item: at all, and where each is compared with every other in all simulated studies."""


@dataclass(frozen=True)
class PlanningTarget:
    """Target of a study: the statistic and the width of its interval, with assumptions about the data.

    Attributes
    ----------
    statistic : str
        One of `Target`; ``difference`` is the judge's agreement minus that among humans, in quadratic kappa.
    half_width : float
        Half-width of the 95 % interval.
    expect : float or None
        Expected value of a closed-form statistic; for other statistics the latent correlation of two raters.
    n_raters : int or None
        Raters per item; None to compare several numbers.
    shares : sequence of float
        Expected share of each score, lowest first.
    cluster_size : int
        Items per cluster.
    cluster_icc : float
        Intraclass correlation within clusters.
    margin : float or None
        Non-inferiority margin, for the power of the test.
    minutes : float
        Minutes per rating.
    budget : int or None
        Number of affordable ratings.
    seed : int
        Random seed of the simulation.
    """

    statistic: Target
    half_width: float = 0.1
    expect: float | None = None
    n_raters: int | None = None
    shares: Sequence[float] = (0.2, 0.2, 0.2, 0.2, 0.2)
    cluster_size: int = 1
    cluster_icc: float = 0.5
    margin: float | None = None
    minutes: float = 2.0
    budget: int | None = None
    seed: int = 0


@dataclass(frozen=True)
class StudySize:
    """Size of one study, and its precision.

    Attributes
    ----------
    n_raters, n_items : int
        Raters per item, and items.
    half_width : float
        Expected half-width of the 95 % interval.
    power : float
        Power of the non-inferiority test if the judge agrees as well as a human; NaN without a margin.
    per_item : float
        Mean number of ratings that a rater gives to an item: its criteria, else 1.
    """

    n_raters: int
    n_items: int
    half_width: float
    power: float = math.nan
    per_item: float = 1.0

    @property
    def n_ratings(self) -> int:
        """Number of ratings."""
        return round(self.n_raters * self.n_items * self.per_item)


@dataclass(frozen=True)
class SampleSizePlan:
    """Sizes of studies that reach a target.

    Attributes
    ----------
    target : PlanningTarget
        The target.
    needed : tuple of StudySize
        For each number of raters the smallest study that reaches the half-width.
    sizes : tuple of StudySize
        Precision of studies of several sizes; empty for closed forms.
    affordable : tuple of StudySize
        The study that the budget affords, for each number of raters; empty without a budget.
    how : str
        Method, as a phrase.
    level : str
        Level of measurement that the statistic is for.
    """

    target: PlanningTarget
    needed: tuple[StudySize, ...]
    sizes: tuple[StudySize, ...]
    affordable: tuple[StudySize, ...]
    how: str
    level: Level = "ordinal"


def plan(target: PlanningTarget, pilot: Pilot | None = None) -> SampleSizePlan:
    """Plan a study.

    Parameters
    ----------
    target : PlanningTarget
        The target.
    pilot : Pilot, optional
        Ratings to resample.

    Raises
    ------
    InputError
        A value is out of its range, or does not fit the statistic.

    Examples
    --------
    >>> [size.n_items for size in plan(PlanningTarget("pass_rate", half_width=0.05)).needed]
    [245]
    """
    _check(target, pilot)
    if target.statistic in CLOSED:
        return _closed(target)
    raters = _raters(target, pilot)
    rows = {k: _simulated(target, k, pilot) for k in raters}
    needed = tuple(_reaching(sizes, target.half_width) for sizes in rows.values())
    return SampleSizePlan(
        target,
        needed,
        tuple(size for sizes in rows.values() for size in sizes),
        tuple(_bought(sizes, target.budget) for sizes in rows.values() if target.budget),
        _how(target, pilot),
        pilot.level if pilot else "ordinal",
    )


def _check(target: PlanningTarget, pilot: Pilot | None) -> None:
    if target.statistic not in get_args(Target):
        raise InputError(f"statistic {target.statistic!r}; allowed: {', '.join(get_args(Target))}")
    if not LEAST_HALF_WIDTH <= target.half_width < 1:
        raise InputError(
            f"--half-width {target.half_width:g}: allowed is a number from {LEAST_HALF_WIDTH:g} to below 1"
        )
    if target.expect is not None and not 0 <= target.expect < 1:
        raise InputError(f"--expect {target.expect:g}: allowed is a number from 0 to below 1")
    _check_study(target)
    if target.margin is not None and target.statistic != "difference":
        raise InputError(
            "--margin concerns the power of the non-inferiority test, and so needs --statistic difference"
        )
    if pilot is not None and target.statistic in CLOSED:
        raise InputError(
            f"--humans: the size for {target.statistic} follows from a closed form, not from a pilot; pass "
            "the value that the pilot found: --expect"
        )
    if pilot is not None and pilot.level == "nominal" and target.statistic == "kappa_quadratic":
        raise InputError(
            "--statistic kappa_quadratic: the ratings of the pilot are labels without an order; allowed are "
            "alpha, agreement and difference (of unweighted kappa)"
        )
    if target.n_raters is not None:
        _check_raters(target.n_raters, target.statistic)


def _check_raters(n_raters: int, statistic: Target) -> None:
    if n_raters < 2 and statistic != "pass_rate":
        raise InputError("agreement among people needs at least 2 raters per item")
    most = MOST_COMPARED if statistic in ("difference", "kappa_quadratic") else MOST_RATERS
    if n_raters > most:
        raise InputError(f"--per-item {n_raters}: allowed for {statistic} are at most {most} people per item")


def _check_study(target: PlanningTarget) -> None:
    shares = np.asarray(target.shares, dtype=float)
    if not 2 <= len(shares) <= MOST_SHARES or not (shares >= 0).all() or not abs(shares.sum() - 1) <= 1e-6:
        given = ",".join(f"{share:g}" for share in shares)
        raise InputError(
            f"--shares {given:.80}: allowed are 2 to {MOST_SHARES} shares, none below 0, that add up to 1, "
            "as in 0.1,0.2,0.7"
        )
    if target.margin is not None and not 0 < target.margin <= 1:
        raise InputError(f"--margin {target.margin:g}: allowed is a number above 0, at most 1")
    if not 0 < target.minutes <= MOST_MINUTES:
        raise InputError(
            f"--minutes {target.minutes:g}: allowed is a number above 0, at most {MOST_MINUTES:,}"
        )
    if not 0 <= target.cluster_icc <= 1:
        raise InputError(f"--cluster-icc {target.cluster_icc:g}: allowed is a number from 0 to 1")


def _closed(target: PlanningTarget) -> SampleSizePlan:
    expect = EXPECTED[target.statistic] if target.expect is None else target.expect
    effect = design_effect(target.cluster_size, target.cluster_icc)
    needed, affordable = [], []
    raters = (target.n_raters,) if target.n_raters else RATERS if target.statistic == "icc" else (1,)
    if target.statistic == "kappa":
        raters = (2,)
    for k in raters:
        items = partial(_items, target.statistic, expect, k)
        try:
            n = items(target.half_width)
        except ValueError as error:
            raise InputError(f"{target.statistic} of {expect:g}: {error}") from None
        needed.append(StudySize(k, math.ceil(n * effect), target.half_width))
        if target.budget:
            affordable.append(_width_for(items, target.budget // k, effect, k))
    how = f"closed-form sample size for an expected {target.statistic.replace('_', ' ')} of {expect:g}"
    if effect > 1:
        how += f", times {effect:.2f}, the design effect of the clusters"
    return SampleSizePlan(target, tuple(needed), (), tuple(affordable), how)


def _items(statistic: str, expect: float, n_raters: int, half_width: float) -> int:
    if statistic == "pass_rate":
        return items_for_proportion(expect, half_width)
    if statistic == "kappa":
        return items_for_kappa(expect, half_width)
    if statistic == "correlation":
        return items_for_pearson(expect, half_width)
    return items_for_icc(expect, half_width, n_raters)


def _width_for(items: Callable[[float], int], n_items: int, effect: float, n_raters: int) -> StudySize:
    """Half-width for a number of items: the closed form inverted by bisection."""
    low, high = 1e-4, 0.9
    for _ in range(40):
        middle = math.sqrt(low * high)
        low, high = (low, middle) if _needs(items, middle) * effect <= n_items else (middle, high)
    return StudySize(n_raters, n_items, high)


def _needs(items: Callable[[float], int], half_width: float) -> float:
    try:
        return items(half_width)
    except ValueError:  # wider than the statistic can vary
        return 2.0


def _raters(target: PlanningTarget, pilot: Pilot | None) -> tuple[int, ...]:
    if pilot is not None:
        return (pilot.ratings.shape[1] - (target.statistic == "difference"),)
    return (target.n_raters,) if target.n_raters else RATERS


def _simulated(target: PlanningTarget, n_raters: int, pilot: Pilot | None) -> list[StudySize]:
    judged = target.statistic == "difference"
    reliability = RELIABILITY if target.expect is None else target.expect
    draw = (
        pilot.draws()
        if pilot is not None
        else latent_draws(
            target.shares,
            reliability=reliability,
            n_raters=n_raters + judged,
            cluster_size=target.cluster_size,
        )
    )
    exceeds = math.nan if target.margin is None else -target.margin
    # The limit of a one-sided test at the 5 % level is that of the 90 % interval.
    statistic = partial(_statistic, target.statistic, measured=pilot.level if pilot else "ordinal")
    found = precision(statistic, draw, SIZES, n_draws=N_DRAWS, rng=target.seed)
    powers = [math.nan] * len(SIZES)
    if target.margin is not None:
        tested = partial(statistic, level=0.9)
        powers = [
            one.power
            for one in precision(tested, draw, SIZES, exceeds=exceeds, n_draws=N_DRAWS, rng=target.seed)
        ]
    return [
        StudySize(n_raters, one.n_items, one.half_width, power, pilot.per_item if pilot else 1.0)
        for one, power in zip(found, powers, strict=True)
    ]


def _statistic(
    name: str,
    ratings: Floats,
    clusters: NDArray[Any] | None,
    level: float = 0.95,
    measured: Level = "ordinal",
) -> Estimate:
    if name == "difference":
        kappa = cohen_statistic if measured == "nominal" else concordance_statistic
        return pairwise_ceiling(
            ratings[:, 1:], ratings[:, 0], kappa, clusters=clusters, confidence_level=level
        ).difference
    if name == "kappa_quadratic":
        return pairwise_ceiling(ratings, ratings[:, 0], concordance_statistic, clusters=clusters).human
    if name == "agreement":
        return estimate(agreement_statistic(ratings), clusters=clusters, confidence_level=level)
    return estimate(
        alpha_statistic(ratings, level=measured),
        clusters=clusters,
        confidence_level=level,
        method="jackknife",
    )


def _reaching(sizes: Sequence[StudySize], half_width: float) -> StudySize:
    """Study that reaches a half-width, which is inversely proportional to the root of the number of items."""
    known = [size for size in sizes if not math.isnan(size.half_width)]
    if not known:
        raise InputError(
            "no simulated study had a defined interval; give other --shares, smaller groups or a larger pilot"
        )
    near = min(known, key=lambda size: abs(math.log(size.half_width / half_width)))
    n = math.ceil(near.n_items * (near.half_width / half_width) ** 2)
    return StudySize(near.n_raters, n, half_width, per_item=near.per_item)


def _bought(sizes: Sequence[StudySize], budget: int | None) -> StudySize:
    k = sizes[0].n_raters
    n = int((budget or 0) / (k * sizes[0].per_item))
    if n < 2:
        raise InputError(f"--budget {budget}: buys fewer than 2 items with {counted(k, 'rating')} each")
    known = [size for size in sizes if not math.isnan(size.half_width)]
    near = min(known, key=lambda size: abs(math.log(size.n_items / n)))
    return StudySize(k, n, near.half_width * math.sqrt(near.n_items / n), per_item=near.per_item)


def _how(target: PlanningTarget, pilot: Pilot | None) -> str:
    if pilot is not None:
        groups = pilot.clusters if pilot.items is None else None
        clusters = "" if groups is None else f" in {counted(len(np.unique(groups)), 'cluster')}"
        how = f"{N_DRAWS} studies resampled from a pilot of {pilot.n_items:,} items{clusters} at each size"
        return how if pilot.items is None else how + _criteria_words(target, pilot)
    reliability = RELIABILITY if target.expect is None else target.expect
    shares = ", ".join(f"{100 * share:.0f} %" for share in np.asarray(target.shares))
    return (
        f"{N_DRAWS} simulated studies of each size; ratings are a latent quality with error, cut into scores "
        f"with shares {shares}; two raters correlate {reliability:g} before the cut"
    )


def _criteria_words(target: PlanningTarget, pilot: Pilot) -> str:
    """How many criteria an item has, and what it costs that they are judged together."""
    words = f"; an item has {pilot.per_item:.1f} criteria, which are drawn together"
    errors = [
        _statistic(target.statistic, pilot.ratings, groups, measured=pilot.level).se
        for groups in (pilot.clusters, None)
    ]
    if not all(se > 0 for se in errors):
        return words
    effect = (errors[0] / errors[1]) ** 2
    return f"{words} (design effect {effect:.2f}, relative to as many independent criteria)"
