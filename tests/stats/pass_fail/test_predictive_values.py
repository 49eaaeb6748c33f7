import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from judge.stats.pass_fail.predictive_values import predictive_values, predictive_values_difference
from judge.stats.pass_fail.proportion import proportion

mark = st.sampled_from([0.0, 1.0, np.nan])


def simulated(rng, rate, tpr, tnr, n_labels, n_pool):
    """Marks of a pool with a random part labelled."""
    human = (rng.random(n_pool) < rate).astype(float)
    judge = np.where(human == 1, rng.random(n_pool) < tpr, rng.random(n_pool) >= tnr).astype(float)
    shown = rng.permutation(n_pool) < n_labels
    return np.where(shown, human, np.nan), judge


def from_counts(tp, fp, fn, tn, passes, fails):
    """Labelled cells, then unlabelled passes and fails of the judge."""
    human = [1] * tp + [0] * fp + [1] * fn + [0] * tn + [None] * (passes + fails)
    return human, [1] * (tp + fp) + [0] * (fn + tn) + [1] * passes + [0] * fails


def test_rate_mixes_ppv_and_for_by_the_judges_pass_rate():
    # 60 of 100 pass; PPV 18/20, FOR 3/10: .6 * .9 + .4 * .3 = .66.
    found = predictive_values(*from_counts(18, 2, 3, 7, 40, 30), rng=0).estimate
    assert found.value == pytest.approx(0.66)
    assert (found.n_items, found.n_ratings) == (100, 30)


def test_with_every_answer_labelled_the_rate_is_the_humans_own():
    found = predictive_values(*from_counts(30, 5, 4, 11, 0, 0), rng=0)
    assert found.estimate.value == pytest.approx(found.humans_only.value)


def test_labelling_more_of_the_rarer_verdict_leaves_the_rate_unbiased():
    """All judge-fails labelled, a tenth of the passes: the mean over 200 pools is the true rate."""
    rng, values = np.random.default_rng(0), []
    for _ in range(200):
        human, judge = simulated(rng, 0.8, 0.9, 0.7, 500, 500)
        kept = (judge == 0) | (rng.random(500) < 0.1)
        values.append(predictive_values(np.where(kept, human, np.nan), judge, method="delta").estimate.value)
    assert abs(np.mean(values) - 0.8) < 3 * np.std(values) / np.sqrt(200)


def test_mean_widths_are_those_of_the_design_study():
    """Rate .7, TPR .9, TNR .8, 100 labels, 1,000 answers: .134 against .176 with people alone."""
    rng, widths = np.random.default_rng(1), []
    for _ in range(200):
        found = predictive_values(*simulated(rng, 0.7, 0.9, 0.8, 100, 1000), n_draws=2000, rng=rng)
        widths.append([e.high - e.low for e in (found.estimate, found.humans_only)])
    np.testing.assert_allclose(np.mean(widths, axis=0), [0.134, 0.176], atol=0.002)


@pytest.mark.parametrize("method", ["draws", "delta"])
@pytest.mark.parametrize(("rate", "n_labels"), [(0.7, 30), (0.9, 100)])
def test_interval_covers_the_truth_at_its_nominal_rate(method, rate, n_labels):
    """500 runs; the design's bands widened by 3 binomial standard errors."""
    rng, hits = np.random.default_rng(2), 0
    for _ in range(500):
        marks = simulated(rng, rate, 0.9, 0.8, n_labels, 500)
        found = predictive_values(*marks, method=method, n_draws=1000, rng=rng).estimate
        hits += found.low <= rate <= found.high
    low, high = {"draws": (0.940, 0.967), "delta": (0.95, 0.99)}[method]
    slack = 3 * np.sqrt(0.95 * 0.05 / 500)
    assert low - slack < hits / 500 < high + slack


def clustered(rng):
    """40 clusters of 10 with rates, TPR and TNR of their own; 100 labels."""
    groups = np.repeat(np.arange(40), 10)
    rate, tpr, tnr = (rng.beta(4 * p, 4 * (1 - p), 40)[groups] for p in (0.7, 0.9, 0.8))
    human = (rng.random(400) < rate).astype(float)
    judge = np.where(human == 1, rng.random(400) < tpr, rng.random(400) >= tnr)
    return np.where(rng.permutation(400) < 100, human, np.nan), judge, groups


def test_clustered_interval_covers_where_the_independent_one_does_not():
    rng, hits = np.random.default_rng(3), np.zeros(2)
    for _ in range(300):
        human, judge, groups = clustered(rng)
        for i, clusters in enumerate((groups, None)):
            found = predictive_values(human, judge, clusters=clusters, n_draws=500, rng=rng).estimate
            hits[i] += found.low <= 0.7 <= found.high
    slack = 3 * np.sqrt(0.95 * 0.05 / 300)
    assert hits[0] / 300 > 0.95 - slack
    assert hits[1] / 300 < 0.95 - slack


def test_single_answers_as_clusters_give_about_the_independent_interval():
    human, judge = simulated(np.random.default_rng(4), 0.7, 0.9, 0.8, 100, 1000)
    lone = predictive_values(human, judge, method="delta").estimate
    grouped = predictive_values(human, judge, clusters=np.arange(1000)).estimate
    assert grouped.method == "jackknife"
    assert (grouped.low, grouped.high) == pytest.approx((lone.low, lone.high), abs=0.015)


def test_verdict_without_labels_has_an_interval_but_no_value():
    found = predictive_values(*from_counts(8, 2, 0, 0, 20, 10), rng=0).estimate
    assert np.isnan(found.value)
    assert found.reason == "no_observations"
    assert 0 < found.low < found.high < 1
    assert found.notes == ("verdict_without_labels",)


def test_verdict_that_the_judge_never_gave_needs_no_labels():
    found = predictive_values(*from_counts(8, 2, 0, 0, 20, 0), rng=0).estimate
    assert found.value == 0.8
    assert not found.notes


def test_no_labels_at_all_give_neither_value_nor_interval():
    found = predictive_values([None, None], [1, 0])
    assert found.estimate.reason == "no_observations"
    assert np.isnan(found.estimate.low)
    assert found.uncorrected.value == 0.5


def test_no_verdicts_at_all_are_no_ratings():
    assert predictive_values([1, 0], [None, None]).estimate.reason == "no_ratings"


def test_label_without_a_verdict_is_counted_as_dropped():
    found = predictive_values([1, 0, 1, None], [1, 0, None, 1], rng=0)
    assert found.estimate.n_dropped == 1
    assert found.humans_only.n_items == 3


def test_labels_from_one_cluster_only_carry_no_interval():
    found = predictive_values([1, 0, None, None], [1, 0, 1, 0], clusters=["a", "a", "b", "c"]).estimate
    assert found.value == 0.5
    assert np.isnan(found.low)
    assert found.reason == "too_few_clusters"


def test_humans_only_is_the_plain_proportion_of_the_labels():
    human, judge = from_counts(18, 2, 3, 7, 40, 30)
    assert predictive_values(human, judge, rng=0).humans_only == proportion(human)


def test_draws_are_those_of_the_seed():
    marks = from_counts(18, 2, 3, 7, 40, 30)
    assert predictive_values(*marks, rng=3) == predictive_values(*marks, rng=3)
    assert predictive_values(*marks, rng=3).estimate.seed == 3


@given(st.lists(st.tuples(mark, mark), max_size=25), st.sampled_from(["draws", "delta", "jackknife"]))
@example([(0.0, 0.0), (np.nan, 1.0)], "delta")  # undefined, but with limits that have to be cut
def test_any_marks_give_an_interval_inside_zero_to_one_or_a_reason(pairs, method):
    human, judge = [h for h, _ in pairs], [j for _, j in pairs]
    found = predictive_values(human, judge, method=method, n_draws=50, rng=0).estimate
    assert (found.reason is not None) == np.isnan(found.value) or np.isnan(found.low)
    assert np.isnan(found.low) or 0 <= found.low <= found.high <= 1


@given(st.lists(st.tuples(mark, mark), min_size=1, max_size=25), st.randoms())
def test_order_of_answers_does_not_matter(pairs, random):
    shuffled = random.sample(pairs, len(pairs))
    first, second = (
        predictive_values(*zip(*rows, strict=True), method="delta") for rows in (pairs, shuffled)
    )
    np.testing.assert_allclose(first.estimate.value, second.estimate.value)


def test_unknown_method_is_refused():
    with pytest.raises(ValueError, match="method must be one of auto, draws, delta, jackknife; got 'exact'"):
        predictive_values([1], [1], method="exact")


def test_difference_is_that_of_the_two_rates():
    rng = np.random.default_rng(5)
    a, b = simulated(rng, 0.8, 0.9, 0.8, 60, 300), simulated(rng, 0.6, 0.9, 0.8, 60, 300)
    rates = [predictive_values(*marks, rng=0).estimate.value for marks in (a, b)]
    assert predictive_values_difference(*a, *b).value == pytest.approx(rates[0] - rates[1])


def test_difference_of_a_system_to_itself_is_zero_without_doubt():
    marks = simulated(np.random.default_rng(6), 0.8, 0.9, 0.8, 60, 300)
    found = predictive_values_difference(*marks, *marks)
    assert (found.value, found.se) == (0, 0)


def test_difference_uses_that_both_systems_find_the_same_items_hard():
    rng = np.random.default_rng(7)
    human, judge = simulated(rng, 0.7, 0.9, 0.8, 300, 300)
    other, other_judge = simulated(rng, 0.7, 0.9, 0.8, 300, 300)
    shared = rng.random(300) < 0.9
    mixed = np.where(shared, human, other), np.where(shared, judge, other_judge)
    paired = predictive_values_difference(human, judge, *mixed)
    unpaired = predictive_values_difference(human, judge, other, other_judge)
    assert paired.se < unpaired.se / 2


def test_difference_interval_covers_the_truth():
    rng, hits = np.random.default_rng(8), 0
    for _ in range(300):
        a, b = simulated(rng, 0.8, 0.9, 0.8, 100, 400), simulated(rng, 0.6, 0.85, 0.8, 100, 400)
        found = predictive_values_difference(*a, *b)
        hits += found.low <= 0.2 <= found.high
    assert abs(hits / 300 - 0.95) < 3 * np.sqrt(0.95 * 0.05 / 300)


def test_difference_with_an_unlabelled_verdict_is_undefined():
    found = predictive_values_difference([1, None], [1, 0], [1, 0], [1, 0])
    assert np.isnan(found.value)
    assert found.reason == "no_observations"


def test_difference_of_systems_on_different_items_is_refused():
    with pytest.raises(ValueError, match="system_a 2, system_b 3"):
        predictive_values_difference([1, 0], [1, 0], [1, 0, 1], [1, 0, 1])


def test_difference_with_labels_from_one_cluster_carries_no_interval():
    marks = [1, 0, None], [1, 0, 1]
    found = predictive_values_difference(*marks, *marks, clusters=["a", "a", "b"])
    assert found.value == 0
    assert found.reason == "too_few_clusters"


def test_closed_form_matches_a_calculation_by_hand():
    """PPV' = 19/22, FOR' = 4/12, p = .6: rate .6515, se^2 = .000675 + .001927 + .002963."""
    found = predictive_values(*from_counts(18, 2, 3, 7, 40, 30), method="delta").estimate
    assert found.se == pytest.approx(0.074599, abs=1e-6)
    assert (found.low, found.high) == pytest.approx((0.505304, 0.797726), abs=2e-6)


def test_number_of_draws_must_be_positive():
    with pytest.raises(ValueError, match="n_draws must be at least 1, got 0"):
        predictive_values([1, 0], [1, 0], n_draws=0)


def test_level_in_percent_is_refused():
    with pytest.raises(ValueError, match=r"confidence_level must lie .*got 95"):
        predictive_values_difference([1, 0], [1, 0], [1, 0], [1, 0], confidence_level=95)


@pytest.mark.parametrize("method", ["draws", "delta"])
def test_methods_for_independent_answers_are_refused_with_clusters(method):
    with pytest.raises(ValueError, match=f"method '{method}' is for independent answers"):
        predictive_values([1, 0, None], [1, 0, 1], clusters=["a", "a", "b"], method=method)


@pytest.mark.parametrize("options", [{"method": "draws"}, {"method": "delta"}, {"clusters": range(40)}])
def test_interval_holds_a_rate_of_one(options):
    """Labels without any fail: every draw stays below 1, the rate does not."""
    human = [1] * 20 + [None] * 20
    found = predictive_values(human, [1] * 40, rng=0, **options).estimate
    assert found.value == found.high == 1.0
    assert 0.4 < found.low < 1


def test_interval_of_a_difference_holds_a_difference_of_one():
    """No labelled verdict is wrong: with half a pass and half a fail added the difference is below 1."""
    human, judge = np.r_[np.ones(6), np.full(3, np.nan)], np.r_[np.ones(6), np.ones(3)]
    found = predictive_values_difference(human, judge, 1 - human, 1 - judge)
    assert found.value == found.high == 1.0
    assert found.low < 1
    assert found.df == 5  # of the labels, as in the limits
