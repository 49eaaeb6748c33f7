"""What every statistic returns: a number with its interval, its sizes and, where undefined, the reason."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from typing import Any, Final, Literal, Self

Reason = Literal[
    "no_ratings",
    "too_few_raters",
    "too_few_items",
    "too_few_clusters",
    "no_pairable_items",
    "no_complete_pairs",
    "no_variation",
    "no_item_variance",
    "zero_denominator",
    "single_category_scale",
    "no_observations",
    "judge_not_informative",
    "design_disconnected",
    "not_applicable",
]

NO_RATINGS: Final = "no_ratings"
TOO_FEW_RATERS: Final = "too_few_raters"
TOO_FEW_ITEMS: Final = "too_few_items"
TOO_FEW_CLUSTERS: Final = "too_few_clusters"
NO_PAIRABLE_ITEMS: Final = "no_pairable_items"
NO_COMPLETE_PAIRS: Final = "no_complete_pairs"
NO_VARIATION: Final = "no_variation"
NO_ITEM_VARIANCE: Final = "no_item_variance"
ZERO_DENOMINATOR: Final = "zero_denominator"
SINGLE_CATEGORY_SCALE: Final = "single_category_scale"
NO_OBSERVATIONS: Final = "no_observations"
JUDGE_NOT_INFORMATIVE: Final = "judge_not_informative"
DESIGN_DISCONNECTED: Final = "design_disconnected"
NOT_APPLICABLE: Final = "not_applicable"

# Notes are codes too, some followed by ": " and a figure.
FEW_CLUSTERS: Final = "few_clusters"
UNDEFINED_RESAMPLES: Final = "undefined_resamples"
SINGLE_CATEGORY_OBSERVED: Final = "single_category_observed"
UNDEFINED_PAIRS: Final = "undefined_pairs"


@dataclass(frozen=True, slots=True)
class Estimate:
    """A statistic with its interval.

    Attributes
    ----------
    value, low, high : float
        Point estimate and interval limits; NaN where undefined.
    level : float
        Confidence level of the interval.
    method : str
        How the interval was made: ``jackknife``, ``bca``, ``percentile``, ``wilson``, ``analytic`` ...
        Empty when there is none.
    se : float
        Standard error; NaN where the method gives none.
    n_items, n_ratings, n_clusters : int
        Items, ratings and clusters that the number rests on.
    n_dropped : int
        Ratings that were present but could not be used, e.g. the only rating of an item.
    reason : str or None
        Why `value` is undefined; beside a finite `value`, why the interval is.
    notes : tuple of str
        What a reader has to know, as codes: ``few_clusters``, ``undefined_resamples: 7.1 %`` ...
    n_resamples, seed : int, int or None
        Bootstrap resamples behind the interval (0: none were needed) and the seed that repeats them.

    Examples
    --------
    >>> kappa = Estimate(0.61, 0.48, 0.72, method="jackknife", n_items=30)
    >>> print(kappa)
    0.610 [0.480, 0.720]
    >>> print(Estimate.undefined("no_variation", n_items=30))
    undefined (no_variation)
    """

    value: float
    low: float = math.nan
    high: float = math.nan
    level: float = 0.95
    method: str = ""
    se: float = math.nan
    n_items: int = 0
    n_ratings: int = 0
    n_clusters: int = 0
    n_dropped: int = 0
    reason: Reason | None = None
    notes: tuple[str, ...] = ()
    n_resamples: int = 0
    seed: int | None = None

    @classmethod
    def undefined(cls, reason: Reason, **sizes: Any) -> Self:
        """Return the estimate that is NaN for `reason`; `sizes` are other fields."""
        return cls(math.nan, reason=reason, **sizes)

    @property
    def defined(self) -> bool:
        """Whether there is a value (there may still be no interval)."""
        return not math.isnan(self.value)

    @property
    def degrees_of_freedom(self) -> int:
        """Of Student's t with this `se`: clusters that can contribute (no more than the items), less one."""
        return min(self.n_clusters, self.n_items) - 1

    def with_notes(self, *notes: str) -> Self:
        """Return a copy with `notes` added, each once."""
        return replace(self, notes=tuple(dict.fromkeys((*self.notes, *notes))))

    def to_dict(self) -> dict[str, Any]:
        """Return the fields for JSON: NaN and infinities become None, tuples become lists.

        >>> Estimate(0.5).to_dict()["low"] is None
        True
        """
        return {name: _json_value(value) for name, value in asdict(self).items()}

    def __str__(self) -> str:
        if not self.defined:
            return f"undefined ({self.reason})"
        if math.isnan(self.low):
            return f"{self.value:z.3f} [no interval: {self.reason}]" if self.reason else f"{self.value:z.3f}"
        return f"{self.value:z.3f} [{self.low:z.3f}, {self.high:z.3f}]"


def _json_value(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return list(value) if isinstance(value, tuple) else value
