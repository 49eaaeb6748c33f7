"""Weighted estimates and their standard errors, against textbook figures and independent formulas."""

import math

import numpy as np
import pytest

import judge.stats as js
from judge.stats import SamplingDesign
from judge.stats.engine.design_variance import contributing, linear, weighted_value
from judge.stats.engine.limits import t_quantile

RNG = np.random.default_rng(4)
STRATA = np.repeat(["a", "b", "c"], [8, 12, 20])
SIZES = {"a": 100, "b": 50, "c": 850}
P = np.array([(s == STRATA).sum() / SIZES[s] for s in STRATA])
SCORES = RNG.normal(0, 1, 40) + 2 * (STRATA == "a") - (STRATA == "b")
HUMAN, JUDGE = RNG.integers(1, 5, 40), RNG.integers(1, 5, 40)
JUDGE = np.where(RNG.random(40) < 0.6, HUMAN, JUDGE)
HUMAN[[0, 8, 20]], JUDGE[[0, 1, 8, 9, 20, 21]] = 4, [1, 3, 2, 4, 3, 1]  # every stratum varies
OTHER = RNG.integers(1, 5, 40)
UNEQUAL = RNG.uniform(0.1, 0.9, 40)


def design(**options):
    return SamplingDesign(P, STRATA, **options)


def with_moments(n, mean, sd):
    """Return n values with exactly this mean and standard deviation."""
    values = np.random.default_rng(0).normal(size=n)
    return mean + sd * (values - values.mean()) / values.std(ddof=1)


def test_agricultural_census_is_that_of_lohr():
    """Lohr, Sampling: Design and Analysis, 2nd ed. 2010, example 3.2: mean 295,561, SE of the total 50,417,248."""
    sizes = {"NC": 1054, "NE": 220, "S": 1382, "W": 422}
    n = {"NC": 103, "NE": 21, "S": 135, "W": 41}
    mean = {"NC": 300504.2, "NE": 97629.8, "S": 211315.0, "W": 662295.5}
    sd = {"NC": 172099.6, "NE": 87449.8, "S": 231489.7, "W": 629433.3}
    acres = np.concatenate([with_moments(n[s], mean[s], sd[s]) for s in sizes])
    strata = np.repeat(list(sizes), list(n.values()))
    p = [n[s] / sizes[s] for s in strata]
    found = js.mean(acres, design=SamplingDesign(p, strata, target="these answers"))
    assert found.value == pytest.approx(295_561, abs=1)
    assert 3078 * found.se == pytest.approx(50_417_248, rel=1e-5)


def moments():
    n = {s: int((s == STRATA).sum()) for s in SIZES}
    share = {s: SIZES[s] / 1000 for s in SIZES}
    mean = {s: SCORES[s == STRATA].mean() for s in SIZES}
    variance = {s: SCORES[s == STRATA].var(ddof=1) for s in SIZES}
    return n, share, mean, variance


def test_the_weighted_mean_is_the_mean_of_strata_by_their_share():
    _, share, mean, _ = moments()
    assert js.mean(SCORES, design=design()).value == pytest.approx(sum(share[s] * mean[s] for s in SIZES))


def test_the_variance_for_these_answers_has_the_finite_population_correction():
    n, share, _, variance = moments()
    expected = sum(share[s] ** 2 * variance[s] / n[s] * (1 - n[s] / SIZES[s]) for s in SIZES)
    assert js.mean(SCORES, design=design(target="these answers")).se == pytest.approx(math.sqrt(expected))


def test_the_variance_for_answers_like_these_adds_that_of_the_answers():
    """Särndal, Swensson & Wretman 1992, ch. 9, with N = 1,000 answers as the first phase."""
    n, share, mean, variance = moments()
    theta = sum(share[s] * mean[s] for s in SIZES)
    second = sum(share[s] ** 2 * variance[s] / n[s] * (1 - n[s] / SIZES[s]) for s in SIZES)
    first = sum(share[s] * (variance[s] + (mean[s] - theta) ** 2) for s in SIZES) / 1000
    assert js.mean(SCORES, design=design()).se == pytest.approx(math.sqrt(second + first), rel=1e-6)


def test_one_stratum_with_equal_probabilities_is_the_unweighted_mean_with_its_t_interval():
    weighted = js.mean(SCORES, design=SamplingDesign(np.full(40, 0.01)))
    plain = js.mean(SCORES)
    assert weighted.value == pytest.approx(plain.value)
    assert weighted.se == pytest.approx(plain.se)


def test_a_complete_census_has_no_error_for_these_answers():
    found = js.mean(SCORES, design=SamplingDesign(np.ones(40), STRATA, target="these answers"))
    assert found.se == 0
    assert (found.low, found.high) == (found.value, found.value)
    assert found.reason is None


def test_a_complete_census_is_a_simple_sample_for_answers_like_these():
    found = js.mean(SCORES, design=SamplingDesign(np.ones(40), STRATA))
    assert found.se == pytest.approx(js.mean(SCORES).se, rel=0.03)


def test_a_poisson_design_has_the_variance_of_hajek():
    p = UNEQUAL
    theta = (SCORES / p).sum() / (1 / p).sum()
    residuals = (SCORES - theta) / p / (1 / p).sum()
    for target, factor in (("these answers", 1 - p), ("answers like these", 1.0)):
        found = js.mean(SCORES, design=SamplingDesign(p, name="poisson", target=target))
        assert found.value == pytest.approx(theta)
        assert found.se == pytest.approx(math.sqrt(40 / 39 * (factor * residuals**2).sum()), rel=0.03)


def jackknife(statistic, weights, strata):
    """Rust & Rao 1996, one item at a time, with weights as rows."""
    theta, total = statistic.evaluate(weights)[0], 0.0
    for h in np.unique(strata):
        members = np.flatnonzero(strata == h)
        n = members.size
        rows = []
        for i in members:
            row = weights.copy()
            row[members] *= n / (n - 1)
            row[i] = 0
            rows.append(statistic.evaluate(row)[0])
        total += (n - 1) / n * np.sum((np.array(rows) - np.mean(rows)) ** 2)
    return theta, total


@pytest.mark.parametrize(
    "builder",
    [
        js.cohen_statistic,
        js.spearman_statistic,
        js.bias_statistic,
        js.agreement_statistic,
        js.concordance_statistic,
    ],
)
def test_the_standard_error_is_the_stratified_jackknife(builder):
    statistic = builder(HUMAN, JUDGE)
    theta, within = jackknife(statistic, 1 / P, STRATA)
    eps = 1e-5
    slopes = [
        statistic.evaluate(np.where(s == STRATA, 1 + eps, 1) / P)[0]
        - statistic.evaluate(np.where(s == STRATA, 1 - eps, 1) / P)[0]
        for s in SIZES
    ]
    between = sum((slope / (2 * eps)) ** 2 / SIZES[s] for s, slope in zip(SIZES, slopes, strict=True))
    found = weighted_value(statistic, design())
    assert found.value == pytest.approx(theta)
    assert found.se == pytest.approx(math.sqrt(within + between), rel=1e-5)


def test_pairs_of_one_cluster_add_their_covariance():
    clusters = np.arange(40) // 4
    apart, together = (
        js.mean(SCORES, design=SamplingDesign(np.full(40, 0.01)), clusters=c) for c in (None, clusters)
    )
    sums = np.bincount(clusters, SCORES - SCORES.mean()) / 40
    pairs = (sums @ sums - ((SCORES - SCORES.mean()) / 40) @ ((SCORES - SCORES.mean()) / 40)) * 10 / 9
    assert together.se == pytest.approx(math.sqrt(apart.se**2 + max(0, pairs)), rel=1e-3)


def test_equal_answers_within_clusters_widen_the_interval():
    scores, clusters = np.repeat(SCORES[:20], 2), np.repeat(np.arange(20), 2)
    apart, together = (
        js.mean(scores, design=SamplingDesign(np.full(40, 0.1)), clusters=c) for c in (None, clusters)
    )
    assert together.se / apart.se == pytest.approx(math.sqrt(2), rel=0.05)
    assert together.n_clusters == 20


def test_clusters_do_not_matter_for_exactly_these_answers():
    clusters = np.repeat(np.arange(20), 2)
    apart, together = (
        js.mean(SCORES, design=design(target="these answers"), clusters=c) for c in (None, clusters)
    )
    assert apart.se == together.se


def test_a_stratum_in_which_all_agree_is_not_free_of_error():
    human = np.array([1] * 20 + [1, 0] * 10)
    p = np.repeat([0.01, 0.5], 20)
    found = js.percent_agreement(human, np.ones(40), design=SamplingDesign(p, np.repeat(["a", "b"], 20)))
    share = 0.5 / 21  # half an error among the 20 items seen
    assert found.se**2 > (2000 / 2040) ** 2 * share * (1 - share) / 20
    assert found.low < 0.95


def test_items_that_a_statistic_does_not_use_are_no_evidence_of_variation():
    """All items of stratum a lack a rating: the statistic is about stratum b."""
    human = np.where(STRATA == "a", np.nan, HUMAN)
    only_b_and_c = weighted_value(js.bias_statistic(human, JUDGE), design())
    rest = STRATA != "a"
    alone = weighted_value(js.bias_statistic(HUMAN[rest], JUDGE[rest]), SamplingDesign(P[rest], STRATA[rest]))
    assert only_b_and_c.value == pytest.approx(alone.value)
    assert only_b_and_c.se == pytest.approx(alone.se, rel=1e-6)


def test_a_rated_item_without_a_probability_makes_the_statistic_undefined():
    p = P.copy()
    p[3] = np.nan
    found = js.cohen_kappa(HUMAN, JUDGE, design=SamplingDesign(p, STRATA))
    assert math.isnan(found.value)
    assert found.reason == "unknown_probability"


def test_an_unrated_item_without_a_probability_does_not():
    p, human = P.copy(), HUMAN.astype(float)
    p[3] = human[3] = np.nan
    for coefficient in (js.cohen_kappa, js.bias, js.spearman):
        assert coefficient(human, JUDGE, design=SamplingDesign(p, STRATA)).defined


def test_codes_that_contribute_nothing_are_recognised():
    human = HUMAN.astype(float)
    human[::5] = np.nan
    for statistic in (
        js.cohen_statistic(human, JUDGE),
        js.bias_statistic(human, JUDGE),
        js.kendall_tau_b_statistic(human, JUDGE),
    ):
        assert contributing(statistic).tolist() == (~np.isnan(human)).tolist()


def test_a_statistic_without_a_weighted_form_says_so():
    found = js.icc_reml(HUMAN, JUDGE, design=design())
    assert math.isnan(found.value)
    assert found.reason == "no_weighted_form"


@pytest.mark.parametrize(
    "call",
    [
        lambda d: js.rank_intervals(np.column_stack([HUMAN, JUDGE]), design=d),
        lambda d: js.tie_calibration(
            np.column_stack([HUMAN, JUDGE]), np.column_stack([HUMAN, JUDGE]), design=d
        ),
        lambda d: js.pairwise_accuracy(
            np.column_stack([HUMAN, JUDGE]), np.column_stack([HUMAN, JUDGE]), grouping="none", design=d
        ),
    ],
)
def test_an_analysis_without_a_weighted_form_is_refused_by_name(call):
    with pytest.raises(
        ValueError, match=r"^(rank_intervals|tie_calibration|pairwise_accuracy.*) has no weighted"
    ):
        call(design())


@pytest.mark.parametrize("method", ["bca", "percentile", "analytic"])
def test_a_method_that_does_not_know_designs_is_refused(method):
    with pytest.raises(ValueError, match=f"method '{method}' does not know sampling designs"):
        js.cohen_kappa(HUMAN, JUDGE, design=design(), method=method)


def test_a_design_of_other_items_is_refused():
    with pytest.raises(ValueError, match="40 items, 3 probabilities"):
        js.cohen_kappa(HUMAN, JUDGE, design=SamplingDesign([0.5] * 3))


def test_one_item_has_no_standard_error():
    found = js.mean([3.0], design=SamplingDesign([0.5]))
    assert (found.value, found.reason) == (3.0, "too_few_clusters")


def test_a_paired_difference_is_linear_in_its_parts():
    a, b = js.bias_statistic(HUMAN, JUDGE), js.bias_statistic(HUMAN, OTHER)
    parts = [weighted_value(s, design()) for s in (a, b)]
    whole = weighted_value(js.difference(a, b), design())
    assert linear([1, -1], parts).value == pytest.approx(whole.value)
    assert linear([1, -1], parts).se == pytest.approx(whole.se, rel=1e-6)


def test_the_ceiling_and_the_judge_are_weighted_alike():
    humans = np.column_stack([HUMAN, np.where(UNEQUAL < 0.5, HUMAN, 1)])
    found = js.pairwise_ceiling(humans, JUDGE, js.agreement_statistic, design=design())
    expected = js.percent_agreement(humans[:, 0], humans[:, 1], design=design())
    assert found.human.value == pytest.approx(expected.value)
    assert found.human.low == pytest.approx(expected.low)
    assert found.difference.se > 0


def test_a_variance_that_rests_on_few_items_has_few_degrees_of_freedom():
    """Three errors among a hundred: kurtosis 1/(p q) - 3 + 3, hence about 2 n p = 6 degrees of freedom."""
    errors = np.repeat([1.0, 0.0], [3, 97])
    found = js.mean(errors, design=SamplingDesign(np.full(100, 1e-6)))
    kurtosis = (1 - 3 * 0.03 * 0.97) / (0.03 * 0.97)
    df = 200 / (kurtosis - 1)
    assert found.degrees_of_freedom == pytest.approx(df)
    assert found.high - found.value == pytest.approx(t_quantile(0.975, df) * found.se)


def test_strata_that_are_certain_leave_the_others():
    p = np.where(STRATA == "a", 1.0, P)
    found = js.mean(SCORES, design=SamplingDesign(p, STRATA, target="these answers"))
    n, total = {"b": 12, "c": 20}, 8 + 50 + 850
    expected = sum(
        (SIZES[s] / total) ** 2 * SCORES[s == STRATA].var(ddof=1) / n[s] * (1 - n[s] / SIZES[s]) for s in n
    )
    assert found.se == pytest.approx(math.sqrt(expected))


def test_a_given_mix_has_the_variance_within_strata():
    """sum W^2 s^2/n: the shares are known, and the population has no end."""
    shares = {"a": 0.1, "b": 0.6, "c": 0.3}
    found = js.mean(SCORES, design=SamplingDesign.to_mix(STRATA, shares))
    n, _, mean, variance = moments()
    assert found.value == pytest.approx(sum(shares[s] * mean[s] for s in shares))
    assert found.se == pytest.approx(math.sqrt(sum(shares[s] ** 2 * variance[s] / n[s] for s in shares)))


def test_a_given_mix_allows_for_clusters():
    mix = SamplingDesign.to_mix(np.tile(STRATA, 2), {"a": 0.1, "b": 0.6, "c": 0.3})
    apart, together = (
        js.mean(np.tile(SCORES, 2), design=mix, clusters=c) for c in (None, np.tile(np.arange(40), 2))
    )
    assert together.se / apart.se == pytest.approx(math.sqrt(2), rel=0.05)


def test_a_statistic_that_hangs_on_one_item_has_no_standard_error():
    """Without its only pass the true positive rate is undefined."""
    human = np.zeros(40)
    human[0] = 1
    statistic = js.pass_fail_statistics(human, np.ones(40))["tpr"]
    found = js.estimate(statistic, design=design(), method="jackknife")
    assert (found.value, found.reason) == (1.0, "no_variation")
    assert math.isnan(found.se)


def test_kappa_with_a_constant_rater_is_zero_at_any_weights():
    found = js.cohen_kappa(HUMAN, np.ones(40), design=design())
    assert (found.value, found.se, found.reason) == (0, 0, "no_variation")
