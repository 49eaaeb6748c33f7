"""The result of every statistic: a value with its interval, sizes and, where undefined, the reason."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from html import escape
from typing import Any, Final, Literal, Self, TypeAlias

Range: TypeAlias = tuple[float, float]
"""Smallest and largest possible value."""
ANY_VALUE: Final[Range] = (-math.inf, math.inf)
NOT_NEGATIVE: Final[Range] = (0.0, math.inf)
NOT_POSITIVE: Final[Range] = (-math.inf, 0.0)
SHARE: Final[Range] = (0.0, 1.0)
CORRELATION: Final[Range] = (-1.0, 1.0)
"""Also of the difference of two shares."""

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
    "interval_too_wide",
    "rescaled_ratings",
    "unknown_probability",
    "no_weighted_form",
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
INTERVAL_TOO_WIDE: Final = "interval_too_wide"
RESCALED_RATINGS: Final = "rescaled_ratings"
UNKNOWN_PROBABILITY: Final = "unknown_probability"
NO_WEIGHTED_FORM: Final = "no_weighted_form"

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
    confidence_level : float
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
    possible : tuple of float
        Smallest and largest possible value of the statistic. Limits beyond it are cut there, or at `value`
        where an estimate that is corrected for noise lies beyond it itself.
    df : float
        Degrees of freedom of `se`, where they are not the clusters less one; else NaN.

    Examples
    --------
    >>> kappa = Estimate(0.61, 0.48, 0.72, method="jackknife", n_items=30)
    >>> print(kappa)
    0.610 [0.480, 0.720]
    >>> print(Estimate.undefined("no_variation", n_items=30))
    undefined (no_variation)
    >>> print(Estimate(0.9, 0.7, 1.1, possible=(0.0, 1.0)))
    0.900 [0.700, 1.000]
    >>> float(kappa), f"{kappa:.2f}"
    (0.61, '0.61')
    """

    value: float
    low: float = math.nan
    high: float = math.nan
    confidence_level: float = 0.95
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
    possible: Range = ANY_VALUE
    df: float = math.nan

    def __post_init__(self) -> None:
        lowest, highest = self.possible
        if self.defined:
            lowest, highest = min(lowest, self.value), max(highest, self.value)
        object.__setattr__(self, "low", _cut(self.low, lowest, highest))
        object.__setattr__(self, "high", _cut(self.high, lowest, highest))

    @classmethod
    def undefined(cls, reason: Reason, **sizes: Any) -> Self:
        """Return the estimate that is NaN for `reason`; `sizes` are other fields."""
        return cls(math.nan, reason=reason, **sizes)

    @property
    def defined(self) -> bool:
        """Whether there is a value (there may still be no interval)."""
        return not math.isnan(self.value)

    @property
    def degrees_of_freedom(self) -> float:
        """Of Student's t with this `se`: `df`, else contributing clusters (no more than items) less one."""
        return min(self.n_clusters, self.n_items) - 1 if math.isnan(self.df) else self.df

    def with_notes(self, *notes: str) -> Self:
        """Return a copy with `notes` added, each once."""
        return replace(self, notes=tuple(dict.fromkeys((*self.notes, *notes))))

    def to_dict(self) -> dict[str, Any]:
        """Return the fields for JSON, without `possible` and `df`; NaN and infinities become None.

        >>> Estimate(0.5).to_dict()["low"] is None
        True
        """
        names = (one.name for one in fields(self))
        return {name: _json_value(getattr(self, name)) for name in names if name not in _NOT_WRITTEN}

    def __float__(self) -> float:
        return float(self.value)

    def __format__(self, spec: str) -> str:
        """Format the value alone, as a float; without `spec` the value and its interval."""
        return format(self.value, spec) if spec else str(self)

    def __str__(self) -> str:
        if not self.defined:
            return f"undefined ({self.reason})"
        if math.isnan(self.low):
            return f"{self.value:z.3f} [no interval: {self.reason}]" if self.reason else f"{self.value:z.3f}"
        return f"{self.value:z.3f} [{self.low:z.3f}, {self.high:z.3f}]"

    def _repr_html_(self) -> str:
        """Return what Jupyter shows: value, interval, method and sizes."""
        level = f"{100 * self.confidence_level:g} %"
        interval = f"{level} [{self.low:z.3f}, {self.high:z.3f}]" if not math.isnan(self.low) else ""
        rows = {
            "value": f"{self.value:z.3f}" if self.defined else "undefined",
            "interval": interval,
            "method": self.method,
            "items": f"{self.n_items:,}",
            "clusters": f"{self.n_clusters:,}" if self.n_clusters != self.n_items else "",
            "reason": self.reason or "",
            "notes": "; ".join(self.notes),
        }
        cells = (f"<tr><th>{name}</th><td>{escape(text)}</td></tr>" for name, text in rows.items() if text)
        return f"<table>{''.join(cells)}</table>"


_NOT_WRITTEN = ("possible", "df")


def _cut(limit: float, lowest: float, highest: float) -> float:
    return limit if math.isnan(limit) else min(max(limit, lowest), highest)


def _json_value(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return list(value) if isinstance(value, tuple) else value
