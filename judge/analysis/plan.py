"""How many items and people for a wanted interval: closed forms, simulation, or a pilot resampled."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal, get_args

import numpy as np

from judge.errors import InputError
from judge.stats.coefficients.alpha import alpha_statistic
from judge.stats.coefficients.correlation import concordance_statistic
from judge.stats.coefficients.percent_agreement import agreement_statistic
from judge.stats.design.sample_size import (
    design_effect,
    items_for_icc,
    items_for_kappa,
    items_for_pearson,
    items_for_proportion,
)
from judge.stats.design.simulated_precision import latent_draws, pilot_draws, precision
from judge.stats.engine.estimate import Estimate
from judge.stats.engine.resampling import estimate
from judge.stats.engine.scale import Floats, Ints
from judge.stats.judge_human.ceiling import pairwise_ceiling

Wanted = Literal[
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
class PlanningQuestion:
    """What is to be planned.

    Attributes
    ----------
    statistic : str
        One of `Wanted`; ``difference`` is the judge's agreement minus people's, in quadratic kappa.
    half_width : float
        Wanted half-width of the 95 % interval.
    expect : float or None
        Expected value of a closed-form statistic, or the latent correlation of two raters for the others.
    n_raters : int or None
        People per item; None compares several numbers.
    shares : sequence of float
        Expected share of each score, lowest first.
    cluster_size : int
        Items that belong together.
    cluster_icc : float
        How alike they are.
    margin : float or None
        Of the non-inferiority test, for its power.
    minutes : float
        Per rating.
    budget : int or None
        Ratings that can be paid for.
    seed : int
        Of simulations.
    """

    statistic: Wanted
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
class Size:
    """One study.

    Attributes
    ----------
    n_raters, n_items : int
        People per item, and items.
    half_width : float
        Expected half-width of the 95 % interval.
    power : float
        Of the non-inferiority test if the judge is as good as a person; NaN without a margin.
    """

    n_raters: int
    n_items: int
    half_width: float
    power: float = math.nan

    @property
    def n_ratings(self) -> int:
        """Ratings to pay for."""
        return self.n_raters * self.n_items


@dataclass(frozen=True)
class Plan:
    """An answer.

    Attributes
    ----------
    question : PlanningQuestion
        As asked.
    needed : tuple of Size
        One for each number of people: the smallest study that reaches the wanted half-width.
    sizes : tuple of Size
        What studies of several sizes reach; empty for closed forms.
    affordable : tuple of Size
        What the budget buys; empty without one.
    how : str
        Where the figures come from, in words.
    """

    question: PlanningQuestion
    needed: tuple[Size, ...]
    sizes: tuple[Size, ...]
    affordable: tuple[Size, ...]
    how: str


def plan(question: PlanningQuestion, pilot: Floats | None = None, clusters: Ints | None = None) -> Plan:
    """Plan a study.

    Parameters
    ----------
    question : PlanningQuestion
        What is wanted.
    pilot : ndarray, shape (n_items, n_raters), optional
        Ratings to resample; the first column is the judge's for ``difference``.
    clusters : ndarray, optional
        Group of each item of the pilot.

    Raises
    ------
    InputError
        An option is out of its range, or does not fit the statistic.

    Examples
    --------
    >>> [size.n_items for size in plan(PlanningQuestion("pass_rate", half_width=0.05)).needed]
    [245]
    """
    _check(question, pilot)
    if question.statistic in CLOSED:
        return _closed(question)
    raters = _raters(question, pilot)
    rows = {k: _simulated(question, k, pilot, clusters) for k in raters}
    needed = tuple(_reaching(sizes, question.half_width) for sizes in rows.values())
    return Plan(
        question,
        needed,
        tuple(size for sizes in rows.values() for size in sizes),
        tuple(_bought(sizes, question.budget) for sizes in rows.values() if question.budget),
        _how(question, pilot),
    )


def _check(question: PlanningQuestion, pilot: Floats | None) -> None:
    if question.statistic not in get_args(Wanted):
        raise InputError(f"statistic {question.statistic!r}; allowed: {', '.join(get_args(Wanted))}")
    if not LEAST_HALF_WIDTH <= question.half_width < 1:
        raise InputError(
            f"--half-width {question.half_width:g}: allowed is a number from {LEAST_HALF_WIDTH:g} to below 1"
        )
    if question.expect is not None and not 0 <= question.expect < 1:
        raise InputError(f"--expect {question.expect:g}: allowed is a number from 0 to below 1")
    _check_study(question)
    if question.margin is not None and question.statistic != "difference":
        raise InputError("--margin asks for the power of a test of the difference: --statistic difference")
    if pilot is not None and question.statistic in CLOSED:
        raise InputError(
            f"--pilot: {question.statistic} has a closed form; give what the pilot found: --expect"
        )
    if question.n_raters is not None:
        _check_raters(question.n_raters, question.statistic)


def _check_raters(n_raters: int, statistic: Wanted) -> None:
    if n_raters < 2 and statistic != "pass_rate":
        raise InputError("agreement among people needs at least 2 raters per item")
    most = MOST_COMPARED if statistic in ("difference", "kappa_quadratic") else MOST_RATERS
    if n_raters > most:
        raise InputError(f"--per-item {n_raters}: allowed for {statistic} are at most {most} people per item")


def _check_study(question: PlanningQuestion) -> None:
    shares = np.asarray(question.shares, dtype=float)
    if not 2 <= len(shares) <= MOST_SHARES or not (shares >= 0).all() or not abs(shares.sum() - 1) <= 1e-6:
        given = ",".join(f"{share:g}" for share in shares)
        raise InputError(
            f"--shares {given:.80}: allowed are 2 to {MOST_SHARES} shares, none below 0, that add up to 1, "
            "as in 0.1,0.2,0.7"
        )
    if question.margin is not None and not 0 < question.margin <= 1:
        raise InputError(f"--margin {question.margin:g}: allowed is a number above 0, at most 1")
    if not 0 < question.minutes <= MOST_MINUTES:
        raise InputError(
            f"--minutes {question.minutes:g}: allowed is a number above 0, at most {MOST_MINUTES:,}"
        )
    if not 0 <= question.cluster_icc <= 1:
        raise InputError(f"--cluster-icc {question.cluster_icc:g}: allowed is a number from 0 to 1")


def _closed(question: PlanningQuestion) -> Plan:
    expect = EXPECTED[question.statistic] if question.expect is None else question.expect
    effect = design_effect(question.cluster_size, question.cluster_icc)
    needed, affordable = [], []
    raters = (question.n_raters,) if question.n_raters else RATERS if question.statistic == "icc" else (1,)
    if question.statistic == "kappa":
        raters = (2,)
    for k in raters:
        items = partial(_items, question.statistic, expect, k)
        try:
            n = items(question.half_width)
        except ValueError as error:
            raise InputError(f"{question.statistic} of {expect:g}: {error}") from None
        needed.append(Size(k, math.ceil(n * effect), question.half_width))
        if question.budget:
            affordable.append(_width_for(items, question.budget // k, effect, k))
    how = f"a closed form, at an expected {question.statistic.replace('_', ' ')} of {expect:g}"
    if effect > 1:
        how += f"; {effect:.2f} times the items, because items of a group are alike"
    return Plan(question, tuple(needed), (), tuple(affordable), how)


def _items(statistic: str, expect: float, n_raters: int, half_width: float) -> int:
    if statistic == "pass_rate":
        return items_for_proportion(expect, half_width)
    if statistic == "kappa":
        return items_for_kappa(expect, half_width)
    if statistic == "correlation":
        return items_for_pearson(expect, half_width)
    return items_for_icc(expect, half_width, n_raters)


def _width_for(items: Callable[[float], int], n_items: int, effect: float, n_raters: int) -> Size:
    """Half-width that so many items give: the closed form inverted."""
    low, high = 1e-4, 0.9
    for _ in range(40):
        middle = math.sqrt(low * high)
        low, high = (low, middle) if _needs(items, middle) * effect <= n_items else (middle, high)
    return Size(n_raters, n_items, high)


def _needs(items: Callable[[float], int], half_width: float) -> float:
    try:
        return items(half_width)
    except ValueError:  # wider than the statistic can vary
        return 2.0


def _raters(question: PlanningQuestion, pilot: Floats | None) -> tuple[int, ...]:
    if pilot is not None:
        return (pilot.shape[1] - (question.statistic == "difference"),)
    return (question.n_raters,) if question.n_raters else RATERS


def _simulated(
    question: PlanningQuestion, n_raters: int, pilot: Floats | None, clusters: Ints | None
) -> list[Size]:
    judged = question.statistic == "difference"
    reliability = RELIABILITY if question.expect is None else question.expect
    draw = (
        pilot_draws(pilot, clusters)
        if pilot is not None
        else latent_draws(
            question.shares,
            reliability=reliability,
            n_raters=n_raters + judged,
            cluster_size=question.cluster_size,
        )
    )
    exceeds = math.nan if question.margin is None else -question.margin
    # The test is one-sided at 5 %: its limit is that of the 90 % interval.
    found = precision(
        partial(_statistic, question.statistic), draw, SIZES, n_draws=N_DRAWS, rng=question.seed
    )
    powers = [math.nan] * len(SIZES)
    if question.margin is not None:
        tested = partial(_statistic, question.statistic, level=0.9)
        powers = [
            one.power
            for one in precision(tested, draw, SIZES, exceeds=exceeds, n_draws=N_DRAWS, rng=question.seed)
        ]
    return [
        Size(n_raters, one.n_items, one.half_width, power) for one, power in zip(found, powers, strict=True)
    ]


def _statistic(name: str, ratings: Floats, clusters: Ints, level: float = 0.95) -> Estimate:
    if name == "difference":
        return pairwise_ceiling(
            ratings[:, 1:], ratings[:, 0], concordance_statistic, clusters=clusters, confidence_level=level
        ).difference
    if name == "kappa_quadratic":
        return pairwise_ceiling(ratings, ratings[:, 0], concordance_statistic, clusters=clusters).human
    if name == "agreement":
        return estimate(agreement_statistic(ratings), clusters=clusters, confidence_level=level)
    return estimate(
        alpha_statistic(ratings, level="ordinal"),
        clusters=clusters,
        confidence_level=level,
        method="jackknife",
    )


def _reaching(sizes: Sequence[Size], half_width: float) -> Size:
    """Items for the half-width: half-widths fall with the root of the number of items."""
    known = [size for size in sizes if not math.isnan(size.half_width)]
    if not known:
        raise InputError(
            "no simulated study had a defined interval; give other shares, smaller groups or a larger pilot"
        )
    near = min(known, key=lambda size: abs(math.log(size.half_width / half_width)))
    n = math.ceil(near.n_items * (near.half_width / half_width) ** 2)
    return Size(near.n_raters, n, half_width)


def _bought(sizes: Sequence[Size], budget: int | None) -> Size:
    k = sizes[0].n_raters
    n = (budget or 0) // k
    if n < 2:
        raise InputError(f"--budget {budget}: buys fewer than 2 items with {k} ratings each")
    known = [size for size in sizes if not math.isnan(size.half_width)]
    near = min(known, key=lambda size: abs(math.log(size.n_items / n)))
    return Size(k, n, near.half_width * math.sqrt(near.n_items / n))


def _how(question: PlanningQuestion, pilot: Floats | None) -> str:
    if pilot is not None:
        return f"{N_DRAWS} studies resampled from a pilot of {len(pilot):,} items at each size"
    reliability = RELIABILITY if question.expect is None else question.expect
    shares = ", ".join(f"{100 * share:.0f} %" for share in np.asarray(question.shares))
    return (
        f"{N_DRAWS} simulated studies at each size; ratings of a latent quality cut so that scores have "
        f"shares {shares}, two raters correlating {reliability:g} on it"
    )
