"""Comparison of scores with a pass mark, and exact weights for overall scores."""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from math import lcm
from typing import TYPE_CHECKING, Any, overload

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_ROUNDING = 1e-9


@overload
def reaches(value: float, pass_mark: float) -> bool: ...


@overload
def reaches(value: NDArray[np.float64], pass_mark: float) -> NDArray[np.bool_]: ...


def reaches(value: Any, pass_mark: float) -> Any:
    """Whether a score, or each score of an array, is at or above a pass mark; False for NaN.

    All comparisons with a pass mark use this function. A mean of scores may deviate from its exact value by a
    floating-point rounding error, so a score up to 1e-9 below the pass mark reaches it.

    >>> reaches(2.9999999999999996, 3), reaches(2.99, 3)
    (True, False)
    """
    return value >= pass_mark - _ROUNDING


@cache
def integer_weights(weights: tuple[float, ...]) -> tuple[int, ...]:
    """Convert decimal weights into integers of the same ratio, so that weighted means are exact.

    >>> integer_weights((0.1, 0.25, 1.0))
    (2, 5, 20)
    """
    exact = [Fraction(str(weight)) for weight in weights]
    unit = lcm(*(weight.denominator for weight in exact))
    return tuple(int(weight * unit) for weight in exact)
