from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from statsmodels.stats.inter_rater import fleiss_kappa as statsmodels_fleiss

from judge.stats import brennan_prediger, fleiss_kappa, gwet_ac1, gwet_ac2

NAN = np.nan
# Fleiss (1971), table 1: 30 patients, 6 psychiatrists, 5 diagnoses; kappa .430.
FLEISS_1971 = [
    *["444444", "222555", "233335", "555555", "222444", "113333", "333355", "113334", "114444", "555555"],
    *["144444", "124444", "222333", "144444", "224445", "333335", "111455", "111112", "224444", "133555"],
    *["555555", "244444", "224555", "114444", "144445", "222224", "111155", "224444", "133333", "555555"],
]
# Gwet's example of four raters with missing ratings (Handbook, 4th ed.; also Krippendorff's of 2011).
GWET_FOUR_RATERS = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, NAN, NAN, NAN],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NAN, 3],
        [NAN, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NAN],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NAN],
    ]
).T
tables = arrays(
    float, st.tuples(st.integers(3, 12), st.integers(2, 4)), elements=st.sampled_from([1, 2, 3, NAN])
)


def weights_between(kind, values):
    """Agreement of each pair of values, written out."""
    furthest = max(values) - min(values)
    power = {"linear": 1, "quadratic": 2}.get(kind)
    return {
        (k, other): float(k == other) if power is None else 1 - (abs(k - other) / furthest) ** power
        for k, other in product(values, values)
    }


def by_definition(ratings, coefficient, kind):
    """Loop over items and pairs of ratings: observed agreement, shares of categories, chance."""
    values = [1, 2, 3]
    w = weights_between(kind, values)
    observed, shares = [], []
    for row in ratings:
        given_ratings = row[~np.isnan(row)]
        if len(given_ratings):
            shares.append([np.mean(given_ratings == k) for k in values])
        if len(given_ratings) > 1:
            observed.append(np.mean([w[a, b] for a, b in permutations(given_ratings, 2)]))
    pi = dict(zip(values, np.mean(shares, axis=0), strict=True))
    q, total = len(values), sum(w.values())
    chance = {
        "fleiss": sum(w[k, other] * pi[k] * pi[other] for k, other in w),
        "gwet": total / (q * (q - 1)) * sum(p * (1 - p) for p in pi.values()),
        "brennan_prediger": total / q**2,
    }[coefficient]
    return (np.mean(observed) - chance) / (1 - chance)


@pytest.mark.parametrize("kind", [None, "linear", "quadratic"])
@settings(max_examples=30)
@given(tables)
def test_coefficients_follow_their_definitions_with_missing_ratings(kind, ratings):
    assume((np.isfinite(ratings).sum(axis=1) >= 2).sum() >= 2)
    assume(len(np.unique(ratings[np.isfinite(ratings)])) > 1)
    scale = [1, 2, 3]
    results = {
        "fleiss": fleiss_kappa(ratings, weights=kind, scale=scale, method="jackknife"),
        "gwet": gwet_ac2(ratings, weights=kind, scale=scale, method="jackknife"),
        "brennan_prediger": brennan_prediger(ratings, weights=kind, scale=scale, method="jackknife"),
    }
    for name, result in results.items():
        assert result.value == pytest.approx(by_definition(ratings, name, kind), abs=1e-12), name


def test_fleiss_kappa_matches_fleiss_1971():
    ratings = [[int(diagnosis) for diagnosis in patient] for patient in FLEISS_1971]
    assert fleiss_kappa(ratings).value == pytest.approx(0.430, abs=5e-4)


@given(arrays(int, st.tuples(st.integers(2, 15), st.integers(2, 5)), elements=st.integers(0, 3)))
def test_fleiss_kappa_matches_statsmodels(ratings):
    assume(len(np.unique(ratings)) > 1)
    counts = np.stack([(ratings == k).sum(axis=1) for k in range(4)], axis=1)
    assert fleiss_kappa(ratings, method="jackknife").value == pytest.approx(
        statsmodels_fleiss(counts), abs=1e-12
    )


def test_gwets_example_gives_his_values_errors_and_limits():
    scale = [1, 2, 3, 4, 5]
    ac1 = gwet_ac1(GWET_FOUR_RATERS, scale=scale, method="analytic")
    assert (ac1.value, ac1.se, ac1.low, ac1.high) == pytest.approx((0.77544, 0.14295, 0.461, 1), abs=5e-4)
    fleiss = fleiss_kappa(GWET_FOUR_RATERS, method="analytic")
    assert (fleiss.value, fleiss.se, fleiss.low, fleiss.high) == pytest.approx(
        (0.76117, 0.15302, 0.424, 1), abs=5e-4
    )
    uniform = brennan_prediger(GWET_FOUR_RATERS, scale=scale, method="analytic")
    assert (uniform.value, uniform.se, uniform.low, uniform.high) == pytest.approx(
        (0.77273, 0.14472, 0.454, 1), abs=5e-4
    )


@pytest.mark.parametrize("function", [gwet_ac1, gwet_ac2, brennan_prediger])
def test_the_number_of_categories_must_be_declared(function):
    with pytest.raises(ValueError, match="depends on the number of categories"):
        function([1, 2], [1, 2], scale=None)


def test_an_unused_category_changes_ac1_but_not_fleiss():
    a, b = [1, 1, 2, 2, 1, 1], [1, 1, 2, 1, 1, 1]
    assert gwet_ac1(a, b, scale=[1, 2, 3]).value > gwet_ac1(a, b, scale=[1, 2]).value
    assert fleiss_kappa(a, b, scale=[1, 2, 3]).value == pytest.approx(fleiss_kappa(a, b).value)


def test_single_ratings_count_towards_the_margins_only():
    paired = [[1, 1], [2, 2], [1, 2]]
    with_single = fleiss_kappa([*paired, [2, None]])
    assert (with_single.n_items, with_single.n_ratings, with_single.n_dropped) == (3, 7, 0)
    assert with_single.value != fleiss_kappa(paired).value


def test_ac1_survives_the_skew_that_sinks_kappa():
    a, b = [1] * 106 + [0, 1] * 3, [1] * 106 + [1, 0] * 3
    assert fleiss_kappa(a, b, rng=0).value < 0
    assert gwet_ac1(a, b, scale=[0, 1], rng=0).value == pytest.approx(0.94, abs=0.01)


def test_analytic_interval_of_identical_ratings_is_undefined_for_fleiss():
    assert fleiss_kappa([[2, 2], [2, 2]], method="analytic").reason == "no_variation"


def test_labels_take_part_by_position():
    a, b = ["poor", "good", "fair"], ["poor", "good", "good"]
    result = gwet_ac2(a, b, scale=["poor", "fair", "good"], weights="linear")
    assert result.value == pytest.approx(
        gwet_ac2([0, 2, 1], [0, 2, 2], scale=[0, 1, 2], weights="linear").value
    )
