"""Laws that hold for every coefficient: what the engine computes, what must not matter, what is undefined."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from judge import stats

NAN = math.nan
FIVE = [1, 2, 3, 4, 5]


def pairs_of(function, **options):
    """Call a function of two raters with the first two columns of a table."""
    return lambda ratings: function(ratings[:, 0], ratings[:, 1], **options)


def table_of(function, **options):
    return lambda ratings: function(ratings, **options)


STATISTICS = {
    "percent_agreement": table_of(stats.agreement_statistic),
    "percent_agreement_within_1": table_of(stats.agreement_statistic, tolerance=1),
    "unanimous": table_of(stats.unanimous_statistic, tolerance=1),
    "cohen_kappa": pairs_of(stats.cohen_statistic),
    "cohen_kappa_linear": pairs_of(stats.cohen_statistic, weights="linear"),
    "cohen_kappa_quadratic": pairs_of(stats.cohen_statistic, weights="quadratic"),
    "light_kappa": table_of(stats.cohen_statistic),
    "scott_pi": pairs_of(stats.scott_statistic),
    "conger_kappa": table_of(stats.conger_statistic),
    "fleiss_kappa": table_of(stats.fleiss_statistic),
    "gwet_ac1": table_of(stats.ac_statistic, scale=FIVE),
    "gwet_ac2": table_of(stats.ac_statistic, scale=FIVE, weights="quadratic"),
    "brennan_prediger": table_of(stats.brennan_prediger_statistic, scale=FIVE, weights="linear"),
    "alpha_nominal": table_of(stats.alpha_statistic, level="nominal"),
    "alpha_ordinal": table_of(stats.alpha_statistic, level="ordinal"),
    "alpha_interval": table_of(stats.alpha_statistic, level="interval"),
    "alpha_ratio": table_of(stats.alpha_statistic, level="ratio"),
    "icc_1_1": table_of(stats.icc_statistic, form="ICC(1,1)"),
    "icc_2_1": table_of(stats.icc_statistic, form="ICC(2,1)"),
    "icc_3_1": table_of(stats.icc_statistic, form="ICC(3,1)"),
    "icc_1_k": table_of(stats.icc_statistic, form="ICC(1,k)"),
    "icc_2_k": table_of(stats.icc_statistic, form="ICC(2,k)"),
    "icc_3_k": table_of(stats.icc_statistic, form="ICC(3,k)"),
    "concordance": pairs_of(stats.concordance_statistic),
    "pearson": pairs_of(stats.pearson_statistic),
    "spearman": pairs_of(stats.spearman_statistic),
    "kendall_tau_b": pairs_of(stats.kendall_tau_b_statistic),
    "kendall_tau_c": pairs_of(stats.kendall_tau_c_statistic),
    "kendall_w": table_of(stats.kendall_w_statistic),
    "mean_absolute_error": pairs_of(stats.mean_absolute_error_statistic),
    "root_mean_square_error": pairs_of(stats.root_mean_square_error_statistic),
    "bias": pairs_of(stats.bias_statistic),
}
EVERY = pytest.mark.parametrize("name", STATISTICS)

ERRORS = ["mean_absolute_error", "root_mean_square_error", "bias"]
ICCS = [name for name in STATISTICS if name.startswith("icc")]
RATERS_HAVE_ROLES = ["bias"]  # judge minus human has a sign
NOMINAL = [
    "percent_agreement",
    "cohen_kappa",
    "light_kappa",
    "scott_pi",
    "conger_kappa",
    "fleiss_kappa",
    "gwet_ac1",
    "alpha_nominal",
]
RANKS = ["spearman", "kendall_tau_b", "kendall_tau_c", "kendall_w"]
AFFINE = ["cohen_kappa_linear", "cohen_kappa_quadratic", "alpha_interval", *ICCS, "concordance", "pearson"]


def table(seed, n_items=30, n_raters=4, missing=0.2):
    """Correlated ratings on 1-5, some missing, at least six items complete."""
    rng = np.random.default_rng(seed)
    latent = rng.normal(size=(n_items, 1)) + 0.8 * rng.normal(size=(n_items, n_raters))
    ratings = np.clip(np.round(3 + 1.2 * latent), 1, 5)
    ratings[rng.random(ratings.shape) < missing] = NAN
    ratings[:6] = [[1, 2, 1, 1], [2, 2, 3, 2], [3, 3, 3, 4], [4, 5, 4, 4], [5, 4, 5, 5], [1, 1, 2, 2]]
    return ratings


NEED_ONE_ITEM = ["percent_agreement", "percent_agreement_within_1", "unanimous", *ERRORS]
NEED_TWO_ITEMS = [name for name in STATISTICS if name not in NEED_ONE_ITEM]
ALWAYS_DEFINED = [*NEED_ONE_ITEM, "gwet_ac1", "gwet_ac2", "brennan_prediger"]
OF_COMPLETE_ITEMS = ["unanimous", "conger_kappa", "kendall_w", *ICCS]
OF_PAIRS = [
    *["cohen_kappa", "cohen_kappa_linear", "cohen_kappa_quadratic", "scott_pi", "concordance", "pearson"],
    *["spearman", "kendall_tau_b", "kendall_tau_c", *ERRORS],
]
OF_TABLES = [name for name in STATISTICS if name not in OF_PAIRS]

seeds = st.integers(0, 2**32 - 1)


@EVERY
def test_vectorised_equals_the_statistic_of_the_repeated_items(name):
    build, ratings = STATISTICS[name], table(1)
    # Rows 0-5 are always drawn, so that tau-c keeps its number of distinct values.
    weights = np.random.default_rng(2).multinomial(24, np.full(30, 1 / 30), size=40)
    weights[:, :6] += 1
    one_by_one = [build(np.repeat(ratings, row, axis=0)).value() for row in weights]
    assert np.isfinite(one_by_one).all()
    assert build(ratings).evaluate(weights) == pytest.approx(one_by_one, rel=0, abs=1e-12)


@EVERY
@pytest.mark.parametrize("per_cluster", [1, 3])
def test_jackknife_leaves_out_whole_clusters(name, per_cluster):
    build, ratings = STATISTICS[name], table(3)
    clusters = np.arange(30) // per_cluster
    statistic = build(ratings)
    sample = stats.replicate({"": statistic}, clusters=clusters, method="jackknife").samples[""]
    weights = [(clusters != c).astype(float) for c in np.unique(clusters)]
    by_hand = statistic.evaluate(weights)
    assert np.sort(np.repeat(sample.jackknife, sample.counts.astype(int))) == pytest.approx(
        np.sort(by_hand), abs=1e-12
    )


@EVERY
@settings(max_examples=10)
@given(seed=seeds)
def test_order_of_items_does_not_matter(name, seed):
    ratings = table(seed)
    shuffled = np.random.default_rng(seed).permutation(ratings)
    assert STATISTICS[name](shuffled).value() == pytest.approx(STATISTICS[name](ratings).value(), abs=1e-12)


@pytest.mark.parametrize("name", [name for name in STATISTICS if name not in RATERS_HAVE_ROLES])
@settings(max_examples=10)
@given(seed=seeds)
def test_order_of_raters_does_not_matter(name, seed):
    ratings = table(seed)
    # Reversing the first two columns is a reordering for tables and for pairs alike.
    swapped = ratings[:, [1, 0, 3, 2]]
    assert STATISTICS[name](swapped).value() == pytest.approx(STATISTICS[name](ratings).value(), abs=1e-12)


@pytest.mark.parametrize("name", NOMINAL)
@settings(max_examples=10)
@given(seed=seeds, order=st.permutations(FIVE))
def test_relabelling_nominal_codes_does_not_matter(name, seed, order):
    ratings = table(seed)
    relabelled = np.where(np.isnan(ratings), NAN, np.array([0, *order])[np.nan_to_num(ratings).astype(int)])
    assert STATISTICS[name](relabelled).value() == pytest.approx(STATISTICS[name](ratings).value(), abs=1e-12)


@pytest.mark.parametrize("name", AFFINE)
@settings(max_examples=10)
@given(seed=seeds, factor=st.floats(1e-3, 1e3), shift=st.floats(-1e3, 1e3))
def test_units_and_origin_of_interval_scores_do_not_matter(name, seed, factor, shift):
    ratings = table(seed)
    # Scores of 1e3 +/- 1e-3 keep ten digits of their differences.
    assert STATISTICS[name](factor * ratings + shift).value() == pytest.approx(
        STATISTICS[name](ratings).value(), abs=1e-8
    )


@pytest.mark.parametrize("name", [*RANKS, "alpha_ordinal"])
@settings(max_examples=10)
@given(seed=seeds)
def test_any_increasing_map_leaves_ranks_alone(name, seed):
    ratings = table(seed)
    assert STATISTICS[name](np.exp(ratings)).value() == pytest.approx(
        STATISTICS[name](ratings).value(), abs=1e-12
    )


@EVERY
def test_perfect_agreement_is_the_best_value(name):
    ratings = np.repeat(np.array(FIVE * 3, dtype=float)[:, None], 4, axis=1)
    best = 0.0 if name in ERRORS else 1.0
    assert STATISTICS[name](ratings).value() == pytest.approx(best, abs=1e-12)


@EVERY
def test_every_rating_is_either_used_or_dropped(name):
    ratings = table(4)
    statistic = STATISTICS[name](ratings)
    seen = ratings[:, :2] if name in OF_PAIRS else ratings
    assert statistic.n_ratings + statistic.n_dropped == np.isfinite(seen).sum()
    assert 0 < statistic.n_items < 30


def reason_of(name, ratings):
    estimate = stats.estimate(STATISTICS[name](np.array(ratings, dtype=float)))
    assert math.isnan(estimate.value) == (not estimate.defined)
    return estimate.reason if math.isnan(estimate.value) else "defined"


@EVERY
def test_without_ratings_the_reason_is_no_ratings(name):
    assert reason_of(name, np.full((3, 4), NAN)) == "no_ratings"


@EVERY
def test_without_an_item_rated_twice_the_reason_names_what_is_missing(name):
    ratings = np.full((4, 4), NAN)
    ratings[[0, 1, 2, 3], [0, 1, 2, 3]] = [1, 2, 3, 4]
    expected = (
        "no_complete_pairs" if name in [*OF_COMPLETE_ITEMS, *OF_PAIRS, "light_kappa"] else "no_pairable_items"
    )
    assert reason_of(name, ratings) == expected


@pytest.mark.parametrize("name", NEED_TWO_ITEMS)
def test_one_usable_item_is_too_few(name):
    assert reason_of(name, [[1, 2, 1, 2], [NAN, 1, NAN, NAN]]) == "too_few_items"


@pytest.mark.parametrize("name", NEED_ONE_ITEM)
def test_agreement_and_error_of_one_item_are_defined(name):
    assert reason_of(name, [[1, 2, 1, 2]]) == "defined"


@pytest.mark.parametrize("name", OF_TABLES)
def test_one_rater_is_too_few(name):
    assert reason_of(name, [[1], [2], [3]]) == "too_few_raters"


@EVERY
@pytest.mark.parametrize("value", [3.0, 0.1 + 0.2])
def test_identical_ratings_are_undefined_where_chance_explains_them(name, value):
    # The mean of 0.3, seven times, is not 0.3 in floating point: a spread of 1e-17 is no spread.
    knows_the_scale = name in ("gwet_ac1", "gwet_ac2", "brennan_prediger")
    expected = "no_item_variance" if name in ("icc_1_k", "icc_2_k", "icc_3_k") else "no_variation"
    if name in ALWAYS_DEFINED:
        expected = "defined"
    assert reason_of(name, np.full((7, 4), 3.0 if knows_the_scale else value)) == expected


@pytest.mark.parametrize("name", ["cohen_kappa", "cohen_kappa_quadratic", "concordance"])
def test_one_constant_rater_is_no_better_than_chance(name):
    ratings = np.column_stack([np.full(6, 3.0), [1, 2, 3, 4, 5, 3]])
    assert STATISTICS[name](ratings).value() == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("name", ["pearson", "spearman", "kendall_tau_b", "kendall_tau_c"])
def test_a_constant_rater_has_no_correlation(name):
    assert reason_of(name, np.column_stack([np.full(6, 0.3), [1, 2, 3, 4, 5, 3]])) == "no_variation"


@pytest.mark.parametrize("name", ["alpha_ordinal", "cohen_kappa", "fleiss_kappa", "icc_2_1", "pearson"])
def test_negative_values_are_kept(name):
    a = np.array([1, 2, 3, 4, 5, 1, 5], dtype=float)
    assert STATISTICS[name](np.column_stack([a, 6 - a])).value() < -0.1


@pytest.mark.parametrize("name", ["icc_1_k", "icc_2_k", "icc_3_k"])
def test_items_that_do_not_differ_have_no_mean_reliability(name):
    ratings = [[1, 2, 3], [2, 3, 1], [3, 1, 2]]
    assert reason_of(name, ratings) == "no_item_variance"


@pytest.mark.parametrize("name", ["gwet_ac1", "gwet_ac2", "brennan_prediger"])
def test_a_scale_of_one_category_is_no_scale(name):
    build = {
        "gwet_ac1": stats.ac_statistic,
        "gwet_ac2": stats.ac_statistic,
        "brennan_prediger": stats.brennan_prediger_statistic,
    }
    assert build[name]([1, 1], [1, 1], scale=[1]).reason == "single_category_scale"


@pytest.mark.parametrize("name", ["gwet_ac1", "gwet_ac2", "brennan_prediger"])
def test_one_observed_category_of_five_is_perfect_but_noted(name):
    statistic = STATISTICS[name](np.full((8, 4), 2.0))
    assert statistic.value() == pytest.approx(1.0)
    assert statistic.notes == ("single_category_observed",)


@EVERY
def test_plain_lists_with_none_are_welcome(name):
    ratings = table(5)
    lists = [[None if math.isnan(v) else v for v in column] for column in ratings.T]
    as_lists = np.array(lists, dtype=object).T
    assert STATISTICS[name](as_lists).value() == STATISTICS[name](ratings).value()


@pytest.mark.parametrize("name", OF_TABLES)
def test_an_item_nobody_rated_changes_nothing_but_the_frame(name):
    ratings = table(6)
    padded = np.vstack([ratings, np.full((5, 4), NAN)])
    with_gap, without = STATISTICS[name](padded), STATISTICS[name](ratings)
    assert with_gap.value() == pytest.approx(without.value(), abs=1e-12)
    assert stats.estimate(with_gap).n_clusters == 35
