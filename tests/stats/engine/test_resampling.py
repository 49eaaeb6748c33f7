import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t
from statsmodels.stats.proportion import proportion_confint

from judge.stats import kendall_tau_c
from judge.stats.engine import limits
from judge.stats.engine.resampling import Statistic, difference, estimate, quotient, replicate, resample

RNG = np.random.default_rng(11)
NORMAL = RNG.normal(size=120)
SKEWED = RNG.exponential(size=120)


def mean_of(values, kind="plain", **fields):
    values = np.asarray(values, dtype=float)
    sums = np.column_stack([values, np.ones(len(values))])
    return Statistic(sums, lambda totals: quotient(totals[:, 0], totals[:, 1]), kind, **fields)


def test_jackknife_values_equal_leaving_each_cluster_out_by_hand():
    clusters = RNG.integers(0, 15, 120)
    sample = replicate({"mean": mean_of(NORMAL)}, clusters=clusters, method="jackknife").samples["mean"]
    by_hand = [NORMAL[clusters != c].mean() for c in np.unique(clusters)]
    assert np.repeat(sample.jackknife, sample.counts.astype(int)) == pytest.approx(by_hand, abs=1e-12)


@given(st.lists(st.integers(0, 2), min_size=8, max_size=60))
def test_collapsing_identical_items_leaves_the_jackknife_error_unchanged(values):
    sample = replicate({"mean": mean_of(values)}, method="jackknife").samples["mean"]
    assert sample.se == pytest.approx(np.std(values, ddof=1) / math.sqrt(len(values)), abs=1e-12)


def test_jackknife_interval_of_a_mean_is_students():
    result = estimate(mean_of(NORMAL[:20]))
    assert result.method == "jackknife"
    half = 2.093024054408263 * NORMAL[:20].std(ddof=1) / math.sqrt(20)  # t(19) quantile
    assert (result.low, result.high) == pytest.approx((NORMAL[:20].mean() - half, NORMAL[:20].mean() + half))


def test_auto_is_wilson_for_shares_and_the_jackknife_for_the_rest():
    assert estimate(mean_of(NORMAL > 0, "share")).method == "wilson"
    for kind in ("plain", "coefficient"):
        assert estimate(mean_of(NORMAL / 9, kind)).method == "jackknife"
    assert estimate(mean_of(NORMAL), clusters=np.arange(120) // 3).method == "jackknife"


def test_bootstrap_draws_have_the_standard_error_of_the_mean():
    sample = replicate({"mean": mean_of(NORMAL)}, method="percentile", rng=1).samples["mean"]
    # 10,000 draws know their standard deviation to 1 in sqrt(20,000).
    assert sample.draws.std() == pytest.approx(NORMAL.std() / math.sqrt(120), rel=5 / math.sqrt(20_000))
    assert sample.draws.mean() == pytest.approx(NORMAL.mean(), abs=5 * sample.draws.std() / 100)


def test_clusters_widen_the_interval_of_items_that_go_together():
    values = np.repeat(NORMAL[:60], 2)
    alone = estimate(mean_of(values), rng=2)
    together = estimate(mean_of(values), clusters=np.repeat(np.arange(60), 2), rng=2)
    assert together.n_clusters == 60
    assert together.se == pytest.approx(NORMAL[:60].std(ddof=1) / math.sqrt(60))
    assert together.high - together.low > 1.2 * (alone.high - alone.low)


def test_two_levels_come_from_the_same_resamples():
    replicates = replicate({"mean": mean_of(SKEWED)}, method="bca", rng=3)
    wide, narrow = replicates.estimate("mean", 0.95), replicates.estimate("mean", 0.90)
    assert wide.low < narrow.low < narrow.high < wide.high
    assert (wide.confidence_level, narrow.confidence_level) == (0.95, 0.90)


def test_statistics_that_share_weights_are_paired():
    a, b = mean_of(NORMAL), mean_of(NORMAL + 1)
    draws = replicate({"a": a, "b": b}, method="percentile", rng=4).samples
    assert draws["b"].draws - draws["a"].draws == pytest.approx(np.ones(10_000))
    assert resample({"b - a": difference(b, a)}, rng=4)["b - a"].reason == "no_variation"


def test_the_seed_in_the_estimate_repeats_it():
    first = estimate(mean_of(SKEWED), method="bca")
    assert first.n_resamples == 10_000
    assert estimate(mean_of(SKEWED), method="bca", rng=first.seed) == first
    assert estimate(mean_of(SKEWED), method="bca", rng=np.random.default_rng(first.seed)).low == first.low


def test_wilson_of_independent_zeros_and_ones_is_the_textbook_interval():
    result = estimate(mean_of([1] * 17 + [0] * 13, "share"))
    assert result.method == "wilson"
    assert (result.low, result.high) == pytest.approx(proportion_confint(17, 30, method="wilson"))


def test_wilson_of_clusters_uses_the_effective_number_of_items():
    values, clusters = np.repeat(NORMAL[:40] > 0.3, 5), np.repeat(np.arange(40), 5)
    clustered, one_each = (
        estimate(mean_of(values, "share"), clusters=clusters),
        estimate(mean_of(values[::5], "share")),
    )
    # Five copies of an item are worth one; only Student's quantile for few clusters widens the interval.
    assert clustered.low == pytest.approx(one_each.low, abs=0.01)
    assert clustered.low < one_each.low < one_each.high < clustered.high


@pytest.mark.parametrize("hits", [0, 1])
def test_a_share_that_never_varies_still_gets_an_interval(hits):
    result = estimate(mean_of([hits] * 20, "share"))
    assert result.high - result.low == pytest.approx(0.161, abs=0.001)  # 3.84 / (20 + 3.84)
    assert result.reason is None


def test_anything_else_that_never_varies_has_a_value_but_no_interval():
    result = estimate(mean_of([0.7] * 60, "coefficient"), rng=5)
    assert result.value == pytest.approx(0.7)
    assert math.isnan(result.low)
    assert (result.reason, result.method) == ("no_variation", "")


def test_fewer_than_ten_clusters_are_noted_and_one_is_too_few():
    assert estimate(mean_of(NORMAL[:9])).notes == ("few_clusters",)
    assert estimate(mean_of(NORMAL[:10])).notes == ()
    alone = estimate(mean_of(NORMAL[:10]), clusters=["same"] * 10)
    assert math.isnan(alone.low)
    assert alone.reason == "too_few_clusters"


def undefined_below(limit):
    """A mean that is undefined where it is below `limit`: some resamples fail."""

    def function(totals):
        mean = totals[:, 0] / totals[:, 1]
        return np.where(mean < limit, np.nan, mean)

    return Statistic(np.column_stack([NORMAL, np.ones(120)]), function)


@pytest.mark.parametrize(
    ("share", "noted", "defined"), [(0.02, False, True), (0.1, True, True), (0.3, True, False)]
)
def test_resamples_without_a_value_are_reported_and_too_many_void_the_interval(share, noted, defined):
    draws = replicate({"": mean_of(NORMAL)}, method="percentile", rng=6).samples[""].draws
    result = estimate(undefined_below(np.quantile(draws, share)), method="percentile", rng=6)
    assert bool(result.notes) == noted
    assert math.isfinite(result.low) == defined
    assert (result.reason == "no_variation") == (not defined)
    if noted:
        assert result.notes == (f"undefined_resamples: {share:.1%}",)


def test_an_undefined_statistic_reports_its_reason_beside_others():
    nothing = Statistic(
        np.zeros((120, 1)), lambda t: quotient(t[:, 0], t[:, 0]), undefined="zero_denominator"
    )
    both = resample({"mean": mean_of(NORMAL), "nothing": nothing}, rng=7)
    assert both["mean"].defined
    assert (both["nothing"].reason, both["nothing"].method) == ("zero_denominator", "")


def test_a_reason_known_beforehand_overrides_a_value():
    assert estimate(mean_of(NORMAL, reason="not_applicable")).reason == "not_applicable"


def test_a_lower_limit_is_cut_at_the_smallest_possible_value():
    assert estimate(mean_of([0.0, 0.0, 0.0, 1.0], minimum=0.0)).low == 0.0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "basic"}, "method must be one of auto, jackknife, adjusted, bca"),
        ({"method": "wilson"}, "'wilson' is for shares"),
        ({"method": "adjusted"}, "'adjusted' is for kappas of declared categories"),
        ({"method": "analytic"}, "'analytic' is not available for this statistic"),
        ({"method": "analytic", "clusters": np.arange(120) // 2}, "'analytic' is for independent items"),
        ({"n_resamples": 10}, "n_resamples must be at least 100, got 10"),
        ({"confidence_level": 95}, r"confidence_level must lie in \(0, 1\), got 95"),
    ],
)
def test_options_that_make_no_sense_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        estimate(mean_of(NORMAL), **options)


def test_statistics_of_different_items_cannot_share_weights():
    with pytest.raises(ValueError, match="same items"):
        resample({"a": mean_of(NORMAL), "b": mean_of(NORMAL[:50])})


def test_items_that_cannot_contribute_do_not_narrow_the_interval():
    def share_of(n_unusable):
        hits = np.concatenate([[1.0] * 5 + [0.0] * 4, np.zeros(n_unusable)])
        used = np.concatenate([np.ones(9), np.zeros(n_unusable)])
        return Statistic(
            np.column_stack([hits, used]), lambda t: quotient(t[:, 0], t[:, 1]), "share", n_items=9
        )

    alone, among_many = estimate(share_of(0)), estimate(share_of(200))
    assert (among_many.low, among_many.high) == pytest.approx((alone.low, alone.high))
    assert among_many.notes == ("few_clusters",)
    assert estimate(replace(share_of(200), kind="plain")).method == "jackknife"


def test_perfect_agreement_on_few_of_many_items_is_not_certain():
    sums = np.zeros((300, 2))
    sums[:5] = 1.0
    perfect = Statistic(sums, lambda t: quotient(t[:, 0], t[:, 1]), "share", n_items=5)
    assert estimate(perfect).low == pytest.approx(proportion_confint(5, 5, method="wilson")[0])


def test_limits_of_a_coefficient_stay_below_its_maximum():
    """Here tau-c is 1 on the data but not on all resamples; plain t limits would reach 12."""
    result = kendall_tau_c([1, math.nan, 3, 2], [2, 2, math.nan, 3])
    assert (result.value, result.high) == (1.0, 1.0)
    assert result.low < 0


def test_a_share_that_is_not_zero_or_one_per_item_uses_students_t():
    """Its spread is estimated: with four items the normal quantile is far too small."""
    shares = np.array([0.2, 0.4, 0.4, 0.9])
    sums = np.column_stack([shares, np.ones(4)])
    result = estimate(Statistic(sums, lambda rows: quotient(rows[:, 0], rows[:, 1]), "share"))
    p = shares.mean()
    n_effective = p * (1 - p) / (shares.var(ddof=0) / 4)
    assert (result.low, result.high) == pytest.approx(limits.wilson_limits(p, n_effective, t.ppf(0.975, 3)))


def test_zeros_and_ones_of_independent_items_keep_the_normal_quantile():
    marks = np.array([1.0, 1, 1, 0])
    result = estimate(
        Statistic(np.column_stack([marks, np.ones(4)]), lambda rows: rows[:, 0] / rows[:, 1], "share")
    )
    assert (result.low, result.high) == pytest.approx(proportion_confint(3, 4, method="wilson"))


@pytest.mark.parametrize(("hit", "expected"), [(0, (0, 0.975)), (1, (0.025, 1))])
def test_a_share_of_one_item_has_the_exact_interval(hit, expected):
    alone = estimate(mean_of([hit], "share"))
    sums = np.zeros((20, 2))
    sums[3] = hit, 1
    among_others = Statistic(sums, lambda x: quotient(x[:, 0], x[:, 1]), "share", n_items=1)
    for found in (alone, estimate(among_others)):
        assert (found.low, found.high) == pytest.approx(expected)
        assert (found.method, found.reason) == ("clopper-pearson", None)


def test_one_cluster_of_several_items_leaves_a_share_without_an_interval():
    assert estimate(mean_of([1, 0, 1], "share"), clusters=["same"] * 3).reason == "too_few_clusters"


def effective_items(values, clusters):
    """Written down from the documentation: CR2, and a quarter of a cluster of passes and of fails added."""
    n, total = np.bincount(clusters).astype(float), len(values)
    means = np.bincount(clusters, values) / n
    share = n / total
    p, typical = values.mean(), 0.25 * (n @ n) / total
    by_variance = p * (1 - p) / np.sum((share * (means - p)) ** 2 / (1 - share))
    shrunk = (values.sum() + typical) / (total + 2 * typical)
    spread = np.sum((n * (means - shrunk)) ** 2 / (1 - share)) + typical**2 * (shrunk**2 + (1 - shrunk) ** 2)
    return min(by_variance, total / (spread / (total + 2 * typical) / (shrunk * (1 - shrunk))))


@pytest.mark.parametrize("rate", [0.5, 0.8, 0.97])
def test_wilson_of_unequal_clusters_counts_the_independent_items_that_they_are_worth(rate):
    rng = np.random.default_rng(8)
    clusters = np.repeat(np.arange(30), rng.integers(1, 30, 30))
    values = (rng.random(clusters.size) < rng.beta(3 * rate, 3 * (1 - rate), 30)[clusters]).astype(float)
    found = estimate(mean_of(values, "share"), clusters=clusters)
    sample = replicate({"": mean_of(values, "share")}, clusters=clusters).samples[""]
    quantile = t.ppf(0.975, sample.df(30))
    expected = limits.wilson_limits(found.value, effective_items(values, clusters), quantile)
    assert (found.low, found.high) == pytest.approx(expected)
    assert sample.df(30) < 25


def test_where_all_agree_a_share_rests_on_kish_number_of_clusters():
    clusters = np.repeat(np.arange(10), [1] * 9 + [21])
    found = estimate(mean_of(np.ones(30), "share"), clusters=clusters)
    sizes = replicate({"": mean_of(np.ones(30), "share")}, clusters=clusters).samples[""]
    quantile = t.ppf(0.975, sizes.df(10))
    assert found.low == pytest.approx(limits.wilson_limits(1, 30**2 / (9 + 21**2), quantile)[0])


def test_shares_of_clusters_of_unequal_size_cover():
    """30 clusters of 1 to 60 items, correlation .4, share .8; with C - 1 degrees of freedom .87."""
    rng, hits, n = np.random.default_rng(4), 0, 300
    clusters = np.repeat(np.arange(30), np.round(np.exp(np.linspace(0, 4.1, 30))).astype(int))
    for _ in range(n):
        own = rng.beta(0.8 * 1.5, 0.2 * 1.5, 30)[clusters]
        found = estimate(mean_of(rng.random(clusters.size) < own, "share"), clusters=clusters)
        hits += found.low <= 0.8 <= found.high
    assert hits / n > 0.95 - 3 * math.sqrt(0.95 * 0.05 / n)


def test_codes_count_every_item_of_a_cluster():
    codes = np.array([0, 1, 1, 2, 0, 1, 2, 2, 1, 0])
    ones = Statistic(codes, lambda totals: totals[:, 1] / totals.sum(axis=1), "coefficient")
    sample = replicate({"": ones}, clusters=np.repeat(np.arange(4), [1, 2, 3, 4])).samples[""]
    assert sample.sizes.tolist() == [1, 2, 3, 4]


def test_a_coefficient_without_a_minimum_keeps_the_scale_of_its_distance_to_one():
    found = estimate(mean_of(SKEWED / 9, "coefficient"))
    sample = replicate({"": mean_of(SKEWED / 9, "coefficient")}).samples[""]
    expected = limits.coefficient_limits(found.value, found.se, 0.95, sample.df(120))
    assert (found.low, found.high) == pytest.approx(expected)
    bounded = estimate(mean_of(SKEWED / 9, "coefficient", minimum=-1.0))
    expected = limits.fisher_limits(found.value, found.se, 0.95, sample.df(120))
    assert (bounded.low, bounded.high) == pytest.approx(expected)


def test_every_confidence_level_is_checked_where_it_is_used():
    replicates = replicate({"mean": mean_of(NORMAL)}, method="jackknife")
    with pytest.raises(ValueError, match=r"confidence_level must lie in \(0, 1\), got 95"):
        replicates.estimate("mean", 95)


@pytest.mark.parametrize("is_code", [True, False])
def test_jackknife_values_of_units_that_are_alike_are_those_of_each_unit(is_code):
    rng = np.random.default_rng(0)
    codes = np.append(rng.integers(0, 4, 60), np.arange(30, 60)) if is_code else None
    shared = np.zeros((60, 3))
    shared[::7] = rng.normal(size=(9, 3))
    sums = codes if codes is not None else shared
    seen = []

    def ratio(totals):
        seen.append(len(totals))
        return totals[:, 1] / (totals[:, 2] + 40)

    statistics = {"": Statistic(sums, ratio), "other": Statistic(rng.normal(size=(len(sums), 1)), np.ravel)}
    found = replicate(statistics, method="jackknife").samples[""].jackknife
    table = np.eye(sums.max() + 1)[sums] if is_code else sums
    left_out = table.sum(axis=0) - table
    assert found == pytest.approx(left_out[:, 1] / (left_out[:, 2] + 40))
    assert max(seen) < len(sums)
