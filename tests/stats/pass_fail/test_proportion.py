import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t
from statsmodels.stats.proportion import proportion_confint

from judge.stats.engine.degrees_of_freedom import from_kurtosis, from_sizes
from judge.stats.pass_fail.proportion import mean, proportion

counts = st.integers(2, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


def marks(passes, n):
    return [1] * passes + [0] * (n - passes)


@given(counts, st.sampled_from([0.8, 0.9, 0.95, 0.99]))
def test_wilson_interval_matches_statsmodels(count, level):
    found = proportion(marks(*count), confidence_level=level)
    expected = proportion_confint(*count, alpha=1 - level, method="wilson")
    np.testing.assert_allclose((found.low, found.high), expected, atol=1e-9)


@given(counts, st.sampled_from([0.8, 0.9, 0.95, 0.99]))
def test_exact_interval_matches_statsmodels(count, level):
    found = proportion(marks(*count), confidence_level=level, method="analytic")
    expected = proportion_confint(*count, alpha=1 - level, method="beta")
    np.testing.assert_allclose((found.low, found.high), expected, atol=1e-9)
    assert found.method == "clopper-pearson"


def test_clusters_that_agree_within_count_as_one_item_each():
    groups = np.repeat(np.arange(40), 5)
    found = proportion(np.repeat(marks(28, 40), 5), clusters=groups)
    lone = proportion(marks(28, 40))
    assert found.n_clusters == 40
    # n_eff is 40 again; Student's t replaces z, so that the interval is a little wider.
    assert found.low == pytest.approx(lone.low, abs=0.01)
    assert found.low < lone.low < lone.high < found.high


def test_without_any_fail_a_cluster_counts_as_one_item():
    found = proportion([1] * 60, clusters=np.repeat(np.arange(12), 5))
    assert found.value == found.high == 1
    quantile = t.ppf(0.975, 11)
    assert found.low == pytest.approx(12 / (12 + quantile**2))


def test_missing_marks_are_left_out():
    assert proportion([1, None, 0, np.nan, True, False]).n_items == 4


def test_missing_marks_leave_with_their_clusters():
    assert proportion([1, None, 0, 1], clusters=["a", "b", "c", "c"]).n_clusters == 2


@pytest.mark.parametrize("empty", [[], [None, np.nan]])
@pytest.mark.parametrize("statistic", [proportion, mean])
def test_nothing_observed_is_undefined_not_zero(statistic, empty):
    found = statistic(empty)
    assert np.isnan(found.value)
    assert found.reason == "no_ratings"


def test_scores_given_as_marks_are_refused_with_the_way_out():
    with pytest.raises(
        ValueError, match=r"marks must hold pass marks .* got 4 at position 1. Apply the pass"
    ):
        proportion([1, 4, 0])


def test_clusters_of_another_length_are_refused():
    with pytest.raises(ValueError, match="got lengths values 2, clusters 3"):
        proportion([1, 0], clusters=[1, 2, 3])


@given(st.lists(st.floats(-100, 100), min_size=2, max_size=30))
def test_mean_of_independent_scores_has_students_interval(values):
    found = mean(values, method="jackknife")
    assert found.value == pytest.approx(np.mean(values), abs=1e-9)
    margin = t.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) / np.sqrt(len(values))
    if margin > 1e-6:
        assert found.high - found.value == pytest.approx(margin, rel=1e-6)


def test_mean_of_equal_scores_has_no_interval():
    found = mean([3, 3, 3], method="jackknife")
    assert found.value == 3
    assert np.isnan(found.low)
    assert found.reason == "no_variation"


def test_clustered_share_covers_the_truth_at_its_nominal_rate():
    """30 clusters of 5, correlation .3: 600 runs, tolerance 3 binomial standard errors."""
    rng = np.random.default_rng(3)
    groups = np.repeat(np.arange(30), 5)
    hits = 0
    for _ in range(600):
        rates = rng.beta(0.7 * (1 / 0.3 - 1), 0.3 * (1 / 0.3 - 1), 30)[groups]
        found = proportion(rng.random(150) < rates, clusters=groups)
        hits += found.low <= 0.7 <= found.high
    assert abs(hits / 600 - 0.95) < 3 * np.sqrt(0.95 * 0.05 / 600)


def test_table_instead_of_one_value_per_item_is_refused():
    with pytest.raises(ValueError, match=r"values must hold one value per item, got shape \(1, 2\)"):
        mean([[1, 2]])


def test_very_unequal_clusters_count_half_a_cluster_of_passes_and_one_of_fails():
    """Forty-five single items and five clusters of 20, which mostly pass: without them the limits are close."""
    sizes = np.where(np.arange(50) % 10 == 0, 20, 1)
    passes = np.where(np.arange(50) % 10 == 0, 19, np.arange(50) % 5 > 0)
    groups = np.repeat(np.arange(50), sizes)
    found = proportion(
        np.concatenate([np.arange(n) < k for n, k in zip(sizes, passes, strict=True)]), clusters=groups
    )
    total, share = sizes.sum(), passes.sum() / sizes.sum()
    unseen = 0.5 * (sizes @ sizes) / total
    shrunk = (passes.sum() + unseen) / (total + 2 * unseen)
    spread = np.sum((passes - sizes * shrunk) ** 2 / (1 - sizes / total))
    spread += unseen**2 * (shrunk**2 + (1 - shrunk) ** 2)
    items = total * (total + 2 * unseen) * shrunk * (1 - shrunk) / spread
    without = (passes.sum() - passes) / (total - sizes)
    df = min(from_kurtosis(without, np.ones(50)), from_sizes(sizes.astype(float), np.ones(50)))
    quantile = t.ppf(0.975, df)
    centre = (share + quantile**2 / (2 * items)) / (1 + quantile**2 / items)
    assert (found.low + found.high) / 2 == pytest.approx(centre, abs=1e-9)
