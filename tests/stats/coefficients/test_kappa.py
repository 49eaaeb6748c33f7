from itertools import combinations, product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import norm, t
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.inter_rater import cohens_kappa

from judge.stats import cohen_kappa, concordance, conger_kappa, fleiss_kappa, scott_pi
from judge.stats.engine.sampling_design import SamplingDesign
from judge.stats.engine.scale import Scale

pairs = st.lists(st.tuples(st.integers(1, 4), st.integers(1, 4)), min_size=3, max_size=40)
# Cohen (1968), table 1: counts of 200 patients, and the disagreement weights of that example.
COHEN_1968 = np.array([[88, 14, 18], [10, 40, 10], [2, 6, 12]])
COHEN_1968_WEIGHTS = [[0, 1, 3], [1, 0, 6], [3, 6, 0]]


def two_raters(cross_table):
    """Spell out a cross table of categories 1, 2, ... as two lists."""
    rows, columns = np.indices(cross_table.shape)
    counts = cross_table.ravel()
    return np.repeat(rows.ravel() + 1, counts), np.repeat(columns.ravel() + 1, counts)


def test_kappa_matches_the_example_of_cohen_1968():
    a, b = two_raters(COHEN_1968)
    assert cohen_kappa(a, b).value == pytest.approx(0.492, abs=5e-4)
    weighted = cohen_kappa(a, b, weights=COHEN_1968_WEIGHTS, scale=[1, 2, 3])
    assert weighted.value == pytest.approx(0.348, abs=5e-4)


@pytest.mark.parametrize("weights", [None, "linear", "quadratic"])
@given(pairs)
def test_kappa_matches_scikit_learn(weights, ratings):
    a, b = np.array(ratings).T
    assume(len(set(a) | set(b)) > 1)
    # Position weights equal value weights on consecutive integers.
    expected = cohen_kappa_score(a, b, weights=weights, labels=[1, 2, 3, 4])
    assert cohen_kappa(a, b, weights=weights, method="jackknife").value == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("weights", [None, "linear", "quadratic"])
@given(pairs)
def test_analytic_standard_error_matches_statsmodels(weights, ratings):
    a, b = np.array(ratings).T
    assume(len(set(a)) > 1 and len(set(b)) > 1)
    cross = np.zeros((4, 4))
    np.add.at(cross, (a - 1, b - 1), 1)
    with np.errstate(all="ignore"):  # its variance rounds to -1e-14 where ours is 0
        theirs = cohens_kappa(cross, wt=weights)
    ours = cohen_kappa(a, b, weights=weights, method="analytic")
    assert ours.se**2 == pytest.approx(max(theirs.var_kappa, 0), abs=1e-12)


def test_analytic_limits_are_those_of_the_jackknife_with_many_items():
    a = np.random.default_rng(3).integers(1, 6, 3_000)
    b = np.clip(a + np.random.default_rng(4).integers(-1, 2, 3_000), 1, 5)
    analytic, jackknife = (cohen_kappa(a, b, weights="linear", method=m) for m in ("analytic", "jackknife"))
    assert (analytic.low, analytic.high) == pytest.approx((jackknife.low, jackknife.high), abs=2e-5)


@pytest.mark.parametrize(
    ("human", "judge"), [([2, 2, 2], [2, 2, 2]), ([2, 2, 3], [2, 2, 3]), ([2, 2, 3, 3], [3, 3, 2, 2])]
)
def test_analytic_interval_is_undefined_without_variation(human, judge):
    result = cohen_kappa(human, judge, method="analytic")
    assert (result.reason, np.isnan(result.low)) == ("no_variation", True)


def test_perfect_agreement_has_an_interval_and_more_items_make_it_shorter():
    few, many = (cohen_kappa([1, 2, 3] * n, [1, 2, 3] * n, rng=0) for n in (4, 40))
    assert (few.value, few.high, many.high) == (1, 1, 1)
    assert 0 < few.low < many.low < 1


def test_limits_are_quantiles_of_draws_of_the_table_with_two_items_added():
    human, judge = [1] * 40 + [0] * 3, [1] * 38 + [0] * 4 + [1]
    tables = np.random.default_rng(1).dirichlet([2 + 0.75, 1 + 0.25, 2 + 0.25, 38 + 0.75], 200_000)
    agree = tables[:, 0] + tables[:, 3]
    row, column = tables[:, :2].sum(axis=1), tables[:, ::2].sum(axis=1)
    chance = row * column + (1 - row) * (1 - column)
    low, high = np.quantile((agree - chance) / (1 - chance), [0.025, 0.975])
    found = cohen_kappa(human, judge, n_resamples=200_000, rng=2)
    wider = t.ppf(0.975, 42) / norm.ppf(0.975)
    expected = found.value - wider * (found.value - low), found.value + wider * (high - found.value)
    assert (found.low, found.high) == pytest.approx(expected, abs=0.01)
    assert (found.method, found.n_resamples, found.seed) == ("dirichlet-draws", 200_000, 2)


def test_interval_of_a_kappa_with_rare_fails_covers():
    """Pass rate .96, kappa .2, 100 items: a bootstrap interval covered .61."""
    rng, hits, n = np.random.default_rng(5), 0, 200
    both = 0.96**2 + 0.2 * 0.96 * 0.04
    cells = [both, 0.96 - both, 0.96 - both, both - 0.92]
    for _ in range(n):
        table = rng.multinomial(100, cells).reshape(2, 2)
        found = cohen_kappa(table=table, n_resamples=300, rng=0)
        hits += np.isnan(found.low) or found.low <= 0.2 <= found.high
    assert hits / n > 0.95 - 3 * np.sqrt(0.95 * 0.05 / n)


@pytest.mark.parametrize(
    "options", [{"method": "jackknife"}, {"design": SamplingDesign([0.5] * 40)}, {"scale": range(11)}]
)
def test_other_kappas_keep_the_interval_of_the_jackknife(options):
    human = np.arange(40) % 4
    judge = np.where(np.arange(40) % 5, human, 3 - human)
    assert cohen_kappa(human, judge, **options).method == "jackknife"


@pytest.mark.parametrize(("n_items", "method"), [(500, "adjusted"), (501, "jackknife")])
def test_mean_of_pairs_of_raters_has_two_items_added_up_to_500_items(n_items, method):
    ratings = np.random.default_rng(0).integers(0, 3, (n_items, 3))
    assert cohen_kappa(ratings).method == method


@given(pairs)
def test_quadratic_kappa_is_lins_concordance(ratings):
    a, b = np.array(ratings).T
    assume(len(set(a) | set(b)) > 1)
    quadratic = cohen_kappa(a, b, weights="quadratic", method="jackknife").value
    assert quadratic == pytest.approx(concordance(a, b, method="jackknife").value, abs=1e-12)


def test_distances_are_those_of_the_values_not_of_positions():
    a, b = [0, 1, 10, 10, 0, 1], [0, 10, 10, 10, 1, 1]
    by_value = cohen_kappa(a, b, weights="quadratic").value
    by_position = cohen_kappa_score(a, b, weights="quadratic")
    assert by_value == pytest.approx(concordance(a, b).value)
    assert abs(by_value - by_position) > 0.01


def test_labels_are_compared_by_their_position_on_the_scale():
    words = ["poor", "fair", "good"]
    a, b = [0, 1, 2, 2, 0, 1], [0, 2, 2, 1, 1, 1]
    in_words = cohen_kappa([words[i] for i in a], [words[i] for i in b], weights="linear", scale=words)
    assert in_words.value == pytest.approx(cohen_kappa(a, b, weights="linear").value)


def test_an_unused_category_of_the_scale_changes_nothing():
    a, b = [1, 2, 4, 4, 1], [1, 4, 4, 2, 1]
    declared = cohen_kappa(a, b, weights="quadratic", scale=Scale.integers(1, 5))
    assert declared.value == pytest.approx(cohen_kappa(a, b, weights="quadratic").value)


def test_light_kappa_is_the_mean_over_pairs_each_with_its_own_items():
    rng = np.random.default_rng(1)
    ratings = rng.integers(1, 4, (40, 3)).astype(float)
    ratings[rng.random(ratings.shape) < 0.3] = np.nan
    expected = [cohen_kappa(ratings[:, a], ratings[:, b]).value for a, b in combinations(range(3), 2)]
    assert cohen_kappa(ratings).value == pytest.approx(np.mean(expected), abs=1e-12)


def test_light_kappa_leaves_out_undefined_pairs_and_lists_them():
    ratings = [[1, 1, 3, 3], [2, 2, 3, 3], [1, 2, 3, 3], [2, 2, 3, 3]]
    result = cohen_kappa(ratings)
    assert result.notes[0] == "undefined_pairs: 2-3"
    assert result.value == pytest.approx(cohen_kappa([1, 2, 1, 2], [1, 2, 2, 2]).value / 5)


def test_light_kappa_without_a_defined_pair_is_undefined():
    assert cohen_kappa(np.full((5, 3), 2.0)).reason == "no_variation"


@given(pairs)
def test_scott_pi_pools_the_margins(ratings):
    a, b = np.array(ratings).T
    assume(len(set(a) | set(b)) > 1)
    pooled = np.concatenate([a, b])
    chance = sum(np.mean(pooled == k) ** 2 for k in range(1, 5))
    expected = (np.mean(a == b) - chance) / (1 - chance)
    assert scott_pi(a, b).value == pytest.approx(expected, abs=1e-12)
    assert fleiss_kappa(a, b, method="jackknife").value == pytest.approx(expected, abs=1e-12)


def test_scott_pi_of_three_raters_is_refused_with_the_way_out():
    with pytest.raises(ValueError, match="for two raters, got 3; use fleiss_kappa"):
        scott_pi([[1, 1, 2], [2, 2, 2]])


def test_conger_kappa_of_two_raters_is_cohens():
    a, b = two_raters(COHEN_1968)
    assert conger_kappa(a, b).value == pytest.approx(cohen_kappa(a, b).value, abs=1e-12)


def test_conger_kappa_averages_observed_and_chance_agreement_over_pairs():
    ratings = np.random.default_rng(2).integers(1, 4, (25, 4))
    observed = np.mean([np.mean(ratings[:, g] == ratings[:, h]) for g, h in combinations(range(4), 2)])
    chance = np.mean(
        [
            sum(np.mean(ratings[:, g] == k) * np.mean(ratings[:, h] == k) for k in (1, 2, 3))
            for g, h in product(range(4), repeat=2)
            if g != h
        ]
    )
    assert conger_kappa(ratings).value == pytest.approx((observed - chance) / (1 - chance), abs=1e-12)


def test_conger_kappa_drops_incomplete_items():
    ratings = [[1, 1, 2], [2, 2, 2], [3, 3, 1], [1, 1, 1], [2, 3, 3]]
    with_gap = conger_kappa([*ratings, [1, None, 1]])
    assert with_gap.value == pytest.approx(conger_kappa(ratings).value)
    assert (with_gap.n_items, with_gap.n_dropped) == (5, 2)


def test_the_kappa_paradox_is_reproduced():
    # Raw agreement .85 in both, kappa .70 with even and .32 with skewed margins.
    even, skewed = np.array([[40, 9], [6, 45]]), np.array([[80, 10], [5, 5]])
    assert cohen_kappa(*two_raters(even)).value == pytest.approx(0.70, abs=0.005)
    assert cohen_kappa(*two_raters(skewed)).value == pytest.approx(0.32, abs=0.005)


def test_kappa_of_continuous_scores_needs_no_scale():
    rng = np.random.default_rng(3)
    a = rng.normal(size=80)
    b = a + rng.normal(size=80)
    assert cohen_kappa(a, b, weights="quadratic", rng=4).value == pytest.approx(
        concordance(a, b, rng=4).value
    )


@pytest.mark.parametrize(
    ("weights", "name"), [(None, "none"), ("linear", "Equal-Spacing"), ("quadratic", "Fleiss-Cohen")]
)
def test_kappa_with_gaps_and_its_standard_error_match_r_vcd(weights, name):
    reference = Path(__file__).parents[1] / "reference"
    figures = dict(map(str.split, (reference / "reference.txt").read_text().splitlines()))
    ratings = np.genfromtxt(reference / "ratings.csv", delimiter=",", skip_header=1)
    result = cohen_kappa(ratings[:, 0], ratings[:, 1], weights=weights, method="analytic")
    expected = (float(figures[f"cohen.{name}.value"]), float(figures[f"cohen.{name}.se"]))
    assert (result.value, result.se) == pytest.approx(expected, abs=1e-9)
