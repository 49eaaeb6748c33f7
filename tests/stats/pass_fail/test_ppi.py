import numpy as np
import pytest
from scipy.stats import t

from judge.stats.pass_fail.ppi import ppi_mean
from judge.stats.pass_fail.predictive_values import predictive_values
from judge.stats.pass_fail.proportion import mean


def pool(rng, n=400, n_labels=60, noise=0.5, slope=1.0):
    """Scores around 3, a judge that follows them, a random part labelled."""
    human = rng.normal(3, 1, n)
    judge = 1 + slope * human + rng.normal(0, noise, n)
    return np.where(rng.permutation(n) < n_labels, human, np.nan), judge


def parts(human, judge):
    labelled = ~np.isnan(human)
    return human[labelled], judge[labelled], judge[~labelled]


def test_value_and_interval_follow_the_published_formulas():
    human, judge = pool(np.random.default_rng(0))
    y, f, u = parts(human, judge)
    spread = np.concatenate([f, u]).var(ddof=1)
    lam = np.cov(y, f)[0, 1] / ((1 + y.size / u.size) * spread)
    n = y.size
    published = np.sqrt(lam**2 * u.var(ddof=1) / u.size + (y - lam * f).var(ddof=1) / n)
    found = ppi_mean(human, judge)
    assert found.judge_weight == pytest.approx(lam)
    assert found.estimate.value == pytest.approx(lam * u.mean() + (y - lam * f).mean())
    fixed = ppi_mean(human, judge, judge_weight=lam).estimate
    assert fixed.high - fixed.value == pytest.approx(t.ppf(0.975, n - 1) * published)
    # A tuned weight costs a degree of freedom.
    assert found.estimate.se == pytest.approx(published * np.sqrt((n - 1) / (n - 2)), rel=5e-3)
    assert found.estimate.high - found.estimate.value == pytest.approx(
        t.ppf(0.975, n - 2) * found.estimate.se
    )
    assert found.effective_labels == pytest.approx(y.var(ddof=1) / found.estimate.se**2)


def test_strata_with_one_judge_weight_in_common_pay_for_it_together():
    """Three strata of 20 labels: each loses a third of a degree of freedom."""
    human, judge = pool(np.random.default_rng(15), n_labels=400)
    strata = np.arange(400) % 3
    human[60:] = np.nan
    tuned = ppi_mean(human, judge, strata=strata)
    fixed = ppi_mean(human, judge, strata=strata, judge_weight=tuned.judge_weight)
    assert tuned.estimate.value == fixed.estimate.value
    labels = tuned.estimate.se / fixed.estimate.se
    assert labels == pytest.approx(np.sqrt((20 - 1) / (20 - 1 - 1 / 3)), rel=5e-3)


def test_two_labels_keep_an_interval_with_a_tuned_weight():
    found = ppi_mean([1, 4, None, None], [1, 3, 2, 5]).estimate
    assert found.df == 1
    assert found.low < found.value < found.high


def test_weight_zero_is_humans_only():
    human, judge = pool(np.random.default_rng(1))
    found = ppi_mean(human, judge, judge_weight=0)
    assert found.estimate.value == pytest.approx(found.humans_only.value)
    assert found.estimate.low == pytest.approx(found.humans_only.low)
    assert found.effective_labels == pytest.approx(60)


def test_weight_one_is_plain_ppi():
    human, judge = pool(np.random.default_rng(2))
    y, f, u = parts(human, judge)
    assert ppi_mean(human, judge, judge_weight=1).estimate.value == pytest.approx(u.mean() + (y - f).mean())


def test_tuning_never_does_worse_than_people_alone_by_much():
    human, judge = pool(np.random.default_rng(3), noise=50)
    found = ppi_mean(human, judge)
    assert found.estimate.se < 1.02 * mean(human, method="jackknife").se


def test_scale_of_the_judge_does_not_matter_without_clipping():
    human, judge = pool(np.random.default_rng(4))
    plain, stretched = (ppi_mean(human, j, clip=False).estimate for j in (judge, 10 - 20 * judge))
    assert (plain.value, plain.low) == pytest.approx((stretched.value, stretched.low))


@pytest.mark.parametrize(("slope", "note"), [(0.2, "compressed_judge"), (-1.0, "inverted_judge")])
def test_weight_outside_zero_to_one_is_clipped_unless_asked_and_then_noted(slope, note):
    human, judge = pool(np.random.default_rng(5), noise=0.05, slope=slope)
    clipped, free = ppi_mean(human, judge), ppi_mean(human, judge, clip=False)
    assert clipped.judge_weight in (0, 1)
    assert note in free.estimate.notes
    assert free.estimate.se < clipped.estimate.se


def test_constant_judge_leaves_people_alone():
    human, _ = pool(np.random.default_rng(6))
    found = ppi_mean(human, np.full(400, 4.0))
    assert found.judge_weight == 0
    assert found.estimate.low == pytest.approx(found.humans_only.low)


def test_pool_without_unlabelled_answers_is_the_mean_of_the_labels():
    found = ppi_mean([1, 2, 4, 5], [1, 3, 4, 5], judge_weight=1)
    assert found.estimate.value == 3
    assert found.judge_weight == 0


def test_interval_covers_the_truth():
    rng, hits = np.random.default_rng(7), 0
    for _ in range(1000):
        found = ppi_mean(*pool(rng)).estimate
        hits += found.low <= 3 <= found.high
    assert abs(hits / 1000 - 0.95) < 3 * np.sqrt(0.95 * 0.05 / 1000)


def test_mean_width_on_verdicts_is_that_of_the_design_study():
    """Rate .7, TPR .9, TNR .8, 100 labels of 1,000 answers: .135, and 2 % more for pass marks are skewed."""
    rng, widths = np.random.default_rng(8), []
    for _ in range(200):
        human = (rng.random(1000) < 0.7).astype(float)
        judge = np.where(human == 1, rng.random(1000) < 0.9, rng.random(1000) >= 0.8)
        human[100:] = np.nan
        found = ppi_mean(human, judge).estimate
        widths.append(found.high - found.low)
    assert np.mean(widths) == pytest.approx(1.02 * 0.135, abs=0.003)


def test_strata_by_verdict_with_own_weights_are_predictive_values():
    """Within one verdict the judge is constant, so that strata of verdicts leave p PPV + (1 - p) FOR."""
    rng = np.random.default_rng(9)
    human = (rng.random(300) < 0.7).astype(float)
    judge = np.where(human == 1, rng.random(300) < 0.9, rng.random(300) >= 0.8).astype(float)
    human[80:] = np.nan
    stratified = ppi_mean(human, judge, strata=judge).estimate
    by_verdict = predictive_values(human, judge, rng=0).estimate
    assert stratified.value == pytest.approx(by_verdict.value)
    assert stratified.se == pytest.approx(by_verdict.se, rel=0.05)


def test_strata_labelled_unevenly_are_weighted_by_the_pool():
    human = [5, 5, 5, 5, None, 1, 1] + [None] * 13
    strata = ["easy"] * 5 + ["hard"] * 15
    assert ppi_mean(human, np.arange(20), strata=strata, judge_weight=0).estimate.value == pytest.approx(2)


def test_stratum_with_one_label_is_merged_with_its_neighbour():
    human = [5, 4, None, 1, None, 2, 1, None]
    found = ppi_mean(human, [5, 4, 4, 1, 2, 2, 1, 3], strata=[1, 1, 1, 2, 2, 3, 3, 3]).estimate
    two = ppi_mean(human, [5, 4, 4, 1, 2, 2, 1, 3], strata=[1, 1, 1, 2, 2, 2, 2, 2]).estimate
    assert found.value == two.value
    assert "merged_strata" in found.notes
    assert "merged_strata" not in two.notes


def test_stratified_interval_covers_the_truth():
    rng, hits = np.random.default_rng(10), 0
    for _ in range(500):
        human, judge = pool(rng)
        found = ppi_mean(human, judge, strata=np.digitize(judge, [3.3, 4.7])).estimate
        hits += found.low <= 3 <= found.high
    assert abs(hits / 500 - 0.95) < 3 * np.sqrt(0.95 * 0.05 / 500)


def test_single_answers_as_clusters_give_the_same_value_and_about_the_same_interval():
    human, judge = pool(np.random.default_rng(11))
    lone, grouped = (ppi_mean(human, judge, clusters=c).estimate for c in (None, np.arange(400)))
    assert grouped.value == pytest.approx(lone.value)
    assert grouped.se == pytest.approx(lone.se, rel=0.02)


def test_clustered_interval_covers_where_the_independent_one_does_not():
    rng, hits, groups = np.random.default_rng(12), np.zeros(2), np.repeat(np.arange(40), 10)
    for _ in range(300):
        human, judge = pool(rng, n_labels=400)
        shift = rng.normal(0, 1, 40)[groups]
        human = np.where(rng.permutation(400) < 100, human + shift, np.nan)
        for i, clusters in enumerate((groups, None)):
            found = ppi_mean(human, judge + shift, clusters=clusters).estimate
            hits[i] += found.low <= 3 <= found.high
    slack = 3 * np.sqrt(0.95 * 0.05 / 300)
    assert hits[0] / 300 > 0.95 - slack
    assert hits[1] / 300 < 0.95 - 2 * slack


def test_labels_from_one_cluster_only_carry_no_interval():
    found = ppi_mean([1, 2, None, None], [1, 2, 2, 1], clusters=["a", "a", "b", "b"]).estimate
    assert found.reason == "too_few_clusters"
    assert np.isfinite(found.value)


@pytest.mark.parametrize(
    ("human", "reason"), [([None] * 3, "no_observations"), ([4, None, None], "too_few_items")]
)
def test_fewer_than_two_labels_are_undefined(human, reason):
    found = ppi_mean(human, [4, 3, 2])
    assert np.isnan(found.estimate.value)
    assert found.estimate.reason == reason


def test_labels_without_any_variation_have_no_interval():
    found = ppi_mean([3, 3, None], [4, 4, 4]).estimate
    assert found.value == 3
    assert found.reason == "no_variation"


def test_few_labels_are_noted():
    rng = np.random.default_rng(13)
    assert "few_labels" in ppi_mean(*pool(rng, n_labels=29)).estimate.notes
    assert "few_labels" not in ppi_mean(*pool(rng, n_labels=30)).estimate.notes


def test_infinite_weight_is_refused():
    with pytest.raises(ValueError, match="judge_weight must be finite"):
        ppi_mean([1, 2], [1, 2], judge_weight=np.inf)


def test_clustered_interval_counts_the_clusters_that_were_labelled():
    human, judge = pool(np.random.default_rng(14), n_labels=400)
    groups = np.repeat(np.arange(40), 10)
    found = ppi_mean(np.where(groups < 3, human, np.nan), judge, clusters=groups).estimate
    assert found.n_clusters == 40
    assert found.high - found.value == pytest.approx(t.ppf(0.975, 2) * found.se)


def test_equal_labels_do_not_show_that_all_answers_are_alike():
    """Half a label of 20 that differs by up to the range of the judge's scores, 1 to 5."""
    judge = np.tile([1.0, 3, 4, 5], 50)
    human = np.where(np.arange(200) < 20, 4.0, np.nan)
    found = ppi_mean(human, judge).estimate
    half = 0.5 / 21
    assert found.value == pytest.approx(4)
    assert found.se == pytest.approx(np.sqrt(16 * half * (1 - half) / 21))
    assert 3.6 < found.low < 4 < found.high < 4.4
    assert ppi_mean(human, np.full(200, 4.0)).estimate.reason == "no_variation"
