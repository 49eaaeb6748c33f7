"""Ratings side by side change no coefficient to which all raters are alike."""

from functools import partial

import numpy as np
import pytest

from judge.stats import swap
from judge.stats.coefficients.alpha import alpha_statistic
from judge.stats.coefficients.icc import icc_statistic
from judge.stats.judge_human.packed import is_exchangeable, packed


def test_every_rating_is_found_in_its_new_column():
    table = np.where(np.random.default_rng(0).random((20, 9)) < 0.4, np.arange(9.0), np.nan)
    ratings, place = packed(table)
    item, rater = np.nonzero(~np.isnan(table))
    assert (ratings[item, place[item, rater]] == rater).all()
    assert (~np.isnan(ratings)).sum() == len(item)


def test_alpha_treats_raters_alike_and_an_intraclass_correlation_does_not():
    assert is_exchangeable(alpha_statistic)
    assert is_exchangeable(partial(alpha_statistic, level="ordinal"))
    assert not is_exchangeable(icc_statistic)


@pytest.mark.parametrize("level", ["nominal", "ordinal", "interval"])
def test_swap_of_packed_ratings_equals_that_of_the_whole_table(level):
    rng = np.random.default_rng(1)
    humans = np.where(rng.random((60, 8)) < 0.4, rng.integers(1, 6, (60, 8)), np.nan)
    judge = np.where(rng.random(60) < 0.8, rng.integers(1, 6, 60), np.nan)
    coefficient = partial(alpha_statistic, level=level)
    found = swap(humans, judge, coefficient)
    expected = swap(humans, judge, lambda ratings: coefficient(ratings))
    assert len(found.per_human) == len(expected.per_human) == 8
    for one, other in zip((found, *found.per_human), (expected, *expected.per_human), strict=True):
        for name in ("judge", "difference"):
            of, by = getattr(one, name), getattr(other, name)
            assert (of.value, of.low, of.high) == pytest.approx((by.value, by.low, by.high))
            assert (of.n_items, of.n_ratings, of.n_dropped, of.notes) == (
                by.n_items, by.n_ratings, by.n_dropped, by.notes,
            )  # fmt: skip
