"""Two judges and the same people: agreement of each judge with them, and the paired difference."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias, Unpack

import numpy as np

from judge.stats.engine.estimate import NO_COMPLETE_PAIRS, Estimate, Reason
from judge.stats.engine.resampling import Replicates, Sampling
from judge.stats.engine.scale import Floats
from judge.stats.engine.statistic import Statistic
from judge.stats.judge_human.ceiling import Agreement, Coefficient
from judge.stats.judge_human.exchangeable import Measure, slot_statistic
from judge.stats.judge_human.shared_basis import SharedBasis, split_options

__all__: list[str] = []

Levels: TypeAlias = Callable[[Floats, Floats], Sequence[Statistic]]
"""People's ratings, a judge's scores -> agreement of the judge with each person."""


@dataclass(frozen=True, slots=True)
class PairedAgreement:
    """Agreement of two judges with the same people on the items that both judges scored.

    Attributes
    ----------
    first, second : Estimate
        Agreement of each judge with people, mean over people.
    difference : Estimate
        Second minus first, paired over the same items and people.
    n_people : int
        People with a defined agreement with both judges; the means are over them.
    """

    first: Estimate
    second: Estimate
    difference: Estimate
    n_people: int = 0
    replicates: Replicates | None = field(default=None, repr=False, compare=False)

    def difference_at(self, confidence_level: float) -> Estimate:
        """Return the difference with its interval at another level."""
        if self.replicates is None:
            return self.difference
        return self.replicates.estimate("difference", confidence_level)

    @classmethod
    def undefined(cls, reason: Reason) -> PairedAgreement:
        """Return a comparison without a value."""
        none = Estimate.undefined(reason)
        return cls(none, none, none)


def compare_judges(
    humans: Floats, first: Floats, second: Floats, levels: Levels, **sampling: Unpack[Sampling]
) -> PairedAgreement:
    """Compare two judges by their agreement with the same people on the same items.

    Parameters
    ----------
    humans : ndarray, shape (n_items, n_humans)
        People's ratings, NaN where missing.
    first, second : ndarray, shape (n_items,)
        Scores of the judges, NaN where missing. Only items with both are used.
    levels : callable
        `with_each`, `in_place_of_each` or `with_slots` of a statistic where larger is better.
    **sampling
        See `Sampling`; the default method is the jackknife.

    Examples
    --------
    >>> from judge.stats.coefficients.percent_agreement import agreement_statistic
    >>> humans = np.array([[1.0, 1], [2, 2], [3, 3], [4, 5]])
    >>> a, b = np.array([1.0, 2, 1, 1]), np.array([1.0, 2, 3, 5])
    >>> found = compare_judges(humans, a, b, with_each(agreement_statistic))
    >>> found.first.value, found.second.value, found.difference.value
    (0.5, 0.875, 0.375)
    """
    both = ~np.isnan(first) & ~np.isnan(second)
    people = np.where(both[:, None], humans, np.nan)
    columns = (np.where(both, judge, np.nan) for judge in (first, second))
    pairs = list(zip(*(levels(people, column) for column in columns), strict=True))
    defined = [pair for pair in pairs if not any(math.isnan(level.value()) for level in pair)]
    if not defined:
        reasons = (one.reason or one.undefined for pair in pairs for one in pair if math.isnan(one.value()))
        return PairedAgreement.undefined(
            next(reasons, NO_COMPLETE_PAIRS) if both.any() else NO_COMPLETE_PAIRS
        )
    options, confidence_level = split_options(sampling)
    used = ~np.isnan(people).all(axis=1)
    n_ratings = int(2 * used.sum() + (~np.isnan(people)).sum())
    basis = SharedBasis.of(dict(enumerate([pair] for pair in defined)), options)
    replicates = basis.levels(defined, int(used.sum()), n_ratings)
    first_level, second_level, gap = (
        replicates.estimate(name, confidence_level) for name in ("human", "judge", "difference")
    )
    return PairedAgreement(first_level, second_level, gap, len(defined), replicates)


def with_each(agreement: Agreement) -> Levels:
    """Return the agreement of a judge with each person."""
    return lambda humans, judge: [agreement(person, judge) for person in humans.T]


def in_place_of_each(coefficient: Coefficient) -> Levels:
    """Return the agreement of all raters with the judge in the place of each person."""

    def levels(humans: Floats, judge: Floats) -> list[Statistic]:
        found = []
        for h, person in enumerate(humans.T):
            replaced = humans.copy()
            replaced[:, h] = np.where(np.isnan(person), np.nan, judge)
            found.append(coefficient(replaced))
        return found

    return levels


def with_slots(measure: Measure) -> Levels:
    """Return the agreement of a judge with a random rating of the item; columns are slots, not persons."""
    return lambda humans, judge: [slot_statistic(humans, judge, measure)]
