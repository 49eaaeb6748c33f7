"""Ratings without the gaps of a table of many raters, where it does not matter who gave which rating."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from judge.stats.coefficients.alpha import alpha_statistic
from judge.stats.coefficients.multi_rater_kappa import (
    ac_statistic,
    brennan_prediger_statistic,
    fleiss_statistic,
)
from judge.stats.coefficients.percent_agreement import agreement_statistic
from judge.stats.engine.scale import Floats, Ints

__all__: list[str] = []

_EXCHANGEABLE: tuple[Callable[..., Any], ...] = (
    agreement_statistic,
    alpha_statistic,
    ac_statistic,
    brennan_prediger_statistic,
    fleiss_statistic,
)


def is_exchangeable(coefficient: Callable[..., Any]) -> bool:
    """Return whether a coefficient, or a `functools.partial` of it, ignores which rater gave which rating."""
    return getattr(coefficient, "func", coefficient) in _EXCHANGEABLE


def packed(table: Floats) -> tuple[Floats, Ints]:
    """Return the ratings of each item side by side, at least two columns, and the new column of each rating.

    >>> packed(np.array([[np.nan, 1.0, np.nan, 2.0], [3.0, np.nan, np.nan, np.nan]]))[0].tolist()
    [[1.0, 2.0], [3.0, nan]]
    """
    present = ~np.isnan(table)
    place = np.cumsum(present, axis=1) - 1
    width = max(int(present.sum(axis=1).max(initial=0)), 2)
    result = np.full((len(table), width), np.nan)
    item, rater = np.nonzero(present)
    result[item, place[item, rater]] = table[item, rater]
    return result, place
