"""A statistic as a function of sums over items: what the resampling engine works on (see `resampling`)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from judge.stats.engine.estimate import ANY_VALUE, NO_VARIATION, Range, Reason
from judge.stats.engine.scale import Floats, Ints
from judge.stats.engine.weights import SumTable, totals_of

StatisticKind = Literal["coefficient", "plain", "share"]
Function: TypeAlias = Callable[[Floats], Floats]
Analytic: TypeAlias = Callable[[float], tuple[float, float, float]]
WithAdded: TypeAlias = Callable[[Floats, Floats], Floats]
"""Totals (R, s), and how many items of each kind are added (4,) -> values (R,); see `added_items`."""


@dataclass(frozen=True)
class Statistic:
    """A statistic as a function of sums over items; see the top of `judge.stats.engine.resampling`.

    Attributes
    ----------
    sums : ndarray, shape (n_items, s) or (n_items,)
        What each item adds to the totals; integers in one dimension are codes (one-hot).
    function : callable
        Totals (R, s) -> values (R,), NaN where undefined.
    kind : {'coefficient', 'plain', 'share'}
        Scale of the interval.
    n_items, n_ratings, n_dropped : int
        Sizes for the estimate: items and ratings used, ratings left unused. `n_items` None: all items.
    reason : str or None
        Known beforehand: the statistic is undefined on these data for this reason.
    undefined : str
        Reason to report if `function` gives NaN for the data.
    notes : tuple of str
        Notes for the estimate.
    minimum, maximum : float
        Smallest and largest possible value, where `kind` does not say it; see `possible`.
    analytic : callable or None
        Level -> (low, high, se): closed-form interval for independent items.
    weighted : bool
        Whether `function` means the same for totals of weighted items. False: with a sampling design the
        statistic is undefined (`no_weighted_form`).
    added : callable or None
        The function with items added to the totals, see `judge.stats.engine.added_items`.
    most_df : float
        Largest possible degrees of freedom of the standard error, where groups of items limit them; see
        `degrees_of_freedom.of_two_groups`. With 0 there is no interval.
    sizes : ndarray or None, shape (n_clusters,)
        Items of each cluster, where `sums` has a row for each cluster instead of each item.
    """

    sums: Floats | Ints
    function: Function
    kind: StatisticKind = "plain"
    n_items: int | None = None
    n_ratings: int = 0
    n_dropped: int = 0
    reason: Reason | None = None
    undefined: Reason = NO_VARIATION
    notes: tuple[str, ...] = ()
    minimum: float = -math.inf
    maximum: float = math.inf
    analytic: Analytic | None = None
    weighted: bool = True
    added: WithAdded | None = None
    most_df: float = math.inf
    sizes: Floats | None = None

    @property
    def possible(self) -> Range:
        """Smallest and largest possible value: 0 and 1 for a share, at most 1 for a coefficient."""
        lowest = max(self.minimum, 0.0) if self.kind == "share" else self.minimum
        return lowest, self.maximum if self.kind == "plain" else min(self.maximum, 1.0)

    @property
    def n_usable(self) -> int:
        """Number of items that the statistic rests on."""
        return len(self.sums) if self.n_items is None else self.n_items

    def evaluate(self, weights: ArrayLike) -> Floats:
        """Return the values for rows of item weights, shape (R, n_items); all ones is the data."""
        return self.function(totals_of(np.atleast_2d(np.asarray(weights, dtype=float)), self.sums))

    def value(self) -> float:
        """Return the point estimate, NaN where undefined."""
        return self._value

    @cached_property
    def _value(self) -> float:
        if self.reason is not None:
            return math.nan
        return float(self.evaluate(np.ones(len(self.sums)))[0])

    @property
    def is_defined(self) -> bool:
        """Whether there is a point estimate."""
        return not math.isnan(self.value())


def undefined_statistic(n_items: int, reason: Reason) -> Statistic:
    """Return a statistic that is undefined for `reason`, so that it can stand in a table of others."""
    return Statistic(
        np.zeros((n_items, 1)), lambda totals: np.full(len(totals), np.nan), n_items=0, reason=reason
    )


def combine(
    function: Callable[..., Floats],
    *statistics: Statistic,
    kind: StatisticKind = "plain",
    possible: Range = ANY_VALUE,
) -> Statistic:
    """Return a statistic of statistics of the same items: ``function(values_1, values_2, ...)``.

    Sizes are those of the first; a reason or note of any part is one of the whole. `possible` is the smallest
    and the largest value that `function` can give.

    Examples
    --------
    >>> total = Statistic(np.array([[1.0], [2.0], [4.0]]), lambda totals: totals[:, 0])
    >>> squares = Statistic(np.array([[1.0], [4.0], [16.0]]), lambda totals: totals[:, 0])
    >>> round(combine(lambda x, xx: xx - x**2 / 3, total, squares).value(), 3)
    4.667
    """
    sums, split = _joined([s.sums for s in statistics])

    def combined(totals: Floats) -> Floats:
        return function(*(s.function(part) for s, part in zip(statistics, split(totals), strict=True)))

    def added(totals: Floats, masses: Floats) -> Floats:
        parts = zip(statistics, split(totals), strict=True)
        return function(*(s.added(part, masses) for s, part in parts if s.added is not None))

    first = statistics[0]
    return Statistic(
        sums,
        combined,
        kind,
        first.n_items,
        first.n_ratings,
        first.n_dropped,
        reason=next((s.reason for s in statistics if s.reason), None),
        undefined=next((s.undefined for s in statistics if math.isnan(s.value())), NO_VARIATION),
        notes=tuple(dict.fromkeys(note for s in statistics for note in s.notes)),
        minimum=possible[0],
        maximum=possible[1],
        weighted=all(s.weighted for s in statistics),
        added=None if any(s.added is None for s in statistics) else added,
        most_df=min(s.most_df for s in statistics),
    )


def _joined(tables: Sequence[SumTable]) -> tuple[SumTable, Callable[[Floats], list[Floats]]]:
    """Return one table for several, and the function that takes its totals apart again."""
    if all(table.ndim == 1 for table in tables):
        # Codes of combinations that occur are no more than the items; one-hot tables side by side can be.
        present, codes = np.unique(np.stack(tables, axis=1), axis=0, return_inverse=True)
        return codes.ravel(), lambda totals: [totals_of(totals, part) for part in present.T]
    wide = [np.eye(int(t.max(initial=-1)) + 1)[t] if t.ndim == 1 else t for t in tables]
    ends = np.cumsum([table.shape[1] for table in wide])[:-1]
    return np.hstack(wide), lambda totals: np.split(totals, ends, axis=1)


def difference(a: Statistic, b: Statistic) -> Statistic:
    """Return the statistic a - b, paired: both are computed from the same resampled items.

    It rests on no more items than the one with fewer.

    Examples
    --------
    >>> first = Statistic(np.array([1.0, 0.0, 1.0])[:, None], lambda totals: totals[:, 0] / 3)
    >>> second = Statistic(np.array([0.0, 0.0, 1.0])[:, None], lambda totals: totals[:, 0] / 3)
    >>> round(difference(first, second).value(), 3)
    0.333
    """
    (lowest_a, highest_a), (lowest_b, highest_b) = a.possible, b.possible
    possible = (lowest_a - highest_b, highest_a - lowest_b)
    found = combine(np.subtract, a, second_side(b), possible=possible)
    return replace(found, n_items=min(a.n_usable, b.n_usable))


def second_side(statistic: Statistic) -> Statistic:
    """Return the statistic as the second side of a difference."""
    added = statistic.added
    if added is None:
        return statistic
    return replace(statistic, added=lambda totals, masses: added(totals, masses[[0, 1, 3, 2]]))


def average(*statistics: Statistic) -> Statistic:
    """Return the mean of statistics of one kind, of the same items.

    Examples
    --------
    >>> shares = [Statistic(np.array([[x], [1.0]]), lambda totals: totals[:, 0], "share") for x in (0.0, 1.0)]
    >>> average(*shares).value(), average(*shares).possible
    (1.5, (0.0, 1.0))
    """
    lowest, highest = zip(*(s.possible for s in statistics), strict=True)
    return combine(
        lambda *values: np.mean(values, axis=0),
        *statistics,
        kind=statistics[0].kind,
        possible=(float(np.mean(lowest)), float(np.mean(highest))),
    )


def negated(loss: Callable[..., Statistic]) -> Callable[..., Statistic]:
    """Turn the builder of a loss (MAE, RMSE) into one of an agreement, where larger is better.

    Parameters
    ----------
    loss : callable (human, judge) -> Statistic
        A builder such as `mean_absolute_error_statistic`.

    Returns
    -------
    callable (human, judge) -> Statistic
        The builder of minus the loss.

    Examples
    --------
    >>> from judge.stats.coefficients.distance import mean_absolute_error_statistic
    >>> negated(mean_absolute_error_statistic)([1, 2, 5], [2, 2, 3]).value()
    -1.0
    """

    def builder(*ratings: ArrayLike) -> Statistic:
        of_loss = loss(*ratings)
        lowest, highest = of_loss.possible
        return combine(np.negative, of_loss, possible=(-highest, -lowest))

    return builder


def bilinear(left: Floats, matrix: Floats, right: Floats) -> Floats:
    """Return left[r]' matrix right[r] for each row r, shape (R,).

    >>> bilinear(np.array([[1.0, 2.0]]), np.eye(2), np.array([[3.0, 4.0]]))
    array([11.])
    """
    products: Floats = (left @ matrix) * right
    result: Floats = np.sum(products, axis=-1)
    return result


def quotient(numerator: ArrayLike, denominator: ArrayLike, tiny: float = 1e-12) -> Floats:
    """Divide, giving NaN where the denominator is within `tiny` of 0 (rounding leaves no exact zeros).

    >>> quotient([1.0, 1.0], [2.0, 0.0])
    array([0.5, nan])
    """
    above, below = np.asarray(numerator, float), np.asarray(denominator, float)
    divides = np.abs(below) > tiny
    if divides.all():
        return np.asarray(above / below)
    return np.asarray(above / np.where(divides, below, np.nan))
