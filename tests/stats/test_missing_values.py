"""None, NaN and pandas.NA mean the same missing rating in every function of two or more raters."""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest

import judge.stats as js

RNG = np.random.default_rng(0)
TABLE = RNG.integers(1, 6, (40, 4)).astype(float)
TABLE[RNG.random(TABLE.shape) < 0.15] = np.nan
FIXED = {"method": "jackknife"}


class People(NamedTuple):
    human: Any
    judge: Any
    humans: Any


def on_pairs(name, **options):
    return lambda d: getattr(js, name)(d.human, d.judge, **options)


def on_people(name, *more, **options):
    return lambda d: getattr(js, name)(d.humans, d.judge, *more, **options)


def on_table(name, **options):
    return lambda d: getattr(js, name)(d.humans, **options)


PAIRS = ["cohen_kappa", "scott_pi", "pearson", "concordance", "spearman", "kendall_tau_b", "kendall_tau_c"]
PAIRS += ["mean_absolute_error", "root_mean_square_error", "bias", "percent_agreement", "paired_difference"]
CALLS = {
    **{name: on_pairs(name, **FIXED) for name in PAIRS},
    "marginal_homogeneity": on_pairs("marginal_homogeneity"),
    "calibrate": on_pairs("calibrate", kind="shift", rng=0),
    "fit_map": on_pairs("fit_map", kind="linear"),
    "paired_permutation": on_pairs("paired_permutation", rng=0),
    **{name: on_people(name) for name in ("severity", "attenuation", "exchangeable_ceiling", "non_answers")},
    "scale_use": on_people("scale_use", scale=[1, 2, 3, 4, 5]),
    "alt_test": on_people("alt_test", epsilon=0.1, min_items=5),
    "leave_one_out": on_people("leave_one_out", js.pearson_statistic),
    "pairwise_ceiling": on_people("pairwise_ceiling", js.cohen_statistic),
    "verbosity": on_people("verbosity", np.arange(1, 41)),
    "drift": on_people("drift", np.arange(40)),
    "krippendorff_alpha": on_table("krippendorff_alpha", level="ordinal", **FIXED),
    "fleiss_kappa": on_table("fleiss_kappa", **FIXED),
    "icc": on_table("icc", **FIXED),
    "icc_reml": on_table("icc_reml"),
    "kendall_w": on_table("kendall_w", **FIXED),
    "system_means": on_table("system_means"),
}


def as_lists(values):
    return [None if np.isnan(v) else int(v) for v in values]


@pytest.mark.parametrize("name", CALLS)
def test_nan_none_and_pandas_na_are_the_same_missing_rating(name):
    call, (judge, human), humans = CALLS[name], TABLE[:, :2].T, TABLE[:, 1:]
    expected = repr(call(People(human, judge, humans)))
    frame = pd.DataFrame(TABLE).astype("Int64")
    assert repr(call(People(frame[1], frame[0], frame[[1, 2, 3]]))) == expected
    lists = People(as_lists(human), as_lists(judge), [as_lists(row) for row in humans])
    assert repr(call(lists)) == expected
