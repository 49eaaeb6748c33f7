import math

import pytest

from judge.stats.engine.checks import above, at_least, between


@pytest.mark.parametrize("value", [0, 1, -0.1, math.nan])
def test_open_bounds_exclude_their_ends_and_nan(value):
    with pytest.raises(ValueError, match=r"^x must lie in \(0, 1\), got "):
        between("x", value, 0, 1)


def test_closed_bounds_include_their_ends():
    between("x", 0, 0, 1, closed=True)
    between("x", 1, 0, 1, closed=True)
    with pytest.raises(ValueError, match=r"^x must lie in \[0, 1\], got 1.5"):
        between("x", 1.5, 0, 1, closed=True)


def test_limits_from_below_refuse_nan():
    above("x", 0.1, 0)
    at_least("x", 0, 0)
    with pytest.raises(ValueError, match="x must be above 0, got 0"):
        above("x", 0, 0)
    with pytest.raises(ValueError, match="x must be at least 2, got nan"):
        at_least("x", math.nan, 2)
