import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sklearn import metrics
from statsmodels.stats.proportion import proportion_confint

from judge.stats.coefficients.kappa import cohen_kappa
from judge.stats.coefficients.multi_rater_kappa import gwet_ac1
from judge.stats.engine.scale import Scale
from judge.stats.pass_fail.error_rates import pass_fail, pass_fail_statistics
from judge.stats.pass_fail.proportion import proportion

both_classes = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=4, max_size=40)
marks = st.lists(st.sampled_from([0.0, 1.0, np.nan]), min_size=1, max_size=30)


def from_table(tp, fp, fn, tn):
    return [1] * tp + [0] * fp + [1] * fn + [0] * tn, [1] * (tp + fp) + [0] * (fn + tn)


@given(both_classes)
def test_rates_match_scikit_learn(pairs):
    human, judge = np.array(pairs).T.astype(int)
    assume(0 < human.sum() < human.size and 0 < judge.sum() < judge.size)
    found = {name: statistic.value() for name, statistic in pass_fail_statistics(human, judge).items()}
    expected = {
        "agreement": metrics.accuracy_score(human, judge),
        "tpr": metrics.recall_score(human, judge),
        "tnr": metrics.recall_score(human, judge, pos_label=0),
        "precision": metrics.precision_score(human, judge),
        "npv": metrics.precision_score(human, judge, pos_label=0),
        "balanced_accuracy": metrics.balanced_accuracy_score(human, judge),
        "youden_j": metrics.balanced_accuracy_score(human, judge, adjusted=True),
        "f1": metrics.f1_score(human, judge),
        "negative_agreement": metrics.f1_score(human, judge, pos_label=0),
        "mcc": metrics.matthews_corrcoef(human, judge),
        "kappa": metrics.cohen_kappa_score(human, judge),
        "human_pass_rate": human.mean(),
        "judge_pass_rate": judge.mean(),
        "pass_rate_gap": judge.mean() - human.mean(),
    }
    assert found == pytest.approx({**expected, "ac1": found["ac1"]}, abs=1e-12)


@given(marks, st.data())
def test_every_statistic_equals_its_naive_loop_over_weighted_copies(human, data):
    """The engine's totals for integer weights are those of data with items repeated that often."""
    judge = data.draw(st.lists(st.sampled_from([0.0, 1.0, np.nan]), min_size=len(human), max_size=len(human)))
    weights = data.draw(st.lists(st.integers(0, 3), min_size=len(human), max_size=len(human)))
    repeated = [np.repeat(column, weights) for column in (human, judge)]
    n_pairs = [np.sum(~np.isnan(np.add(*columns))) for columns in ((human, judge), repeated)]
    assume(1 not in n_pairs)  # too few for agreement beyond chance
    naive = pass_fail_statistics(*repeated)
    for name, statistic in pass_fail_statistics(human, judge).items():
        np.testing.assert_allclose(statistic.evaluate(weights)[0], naive[name].value(), atol=1e-12)


def test_the_result_holds_the_same_values_as_the_statistics():
    human, judge = from_table(12, 3, 2, 8)
    table = pass_fail(human, judge, method="jackknife")
    values = {name: found.value for name, found in table.estimates().items()}
    assert values == pytest.approx({n: s.value() for n, s in pass_fail_statistics(human, judge).items()})
    assert (table.true_pass, table.false_pass, table.false_fail, table.true_fail) == (12, 3, 2, 8)


def test_kappa_paradox_of_feinstein_and_cicchetti():
    """Raw agreement .85 twice: kappa .70 with even margins, .32 with 90 % prevalence."""
    even, skewed = (pass_fail(*from_table(*cells), rng=0) for cells in ((40, 9, 6, 45), (80, 10, 5, 5)))
    assert (even.agreement.value, skewed.agreement.value) == (0.85, 0.85)
    assert round(even.kappa.value, 2) == 0.70
    assert round(skewed.kappa.value, 2) == 0.32


def test_ac1_stays_high_where_kappa_collapses():
    table = pass_fail(*from_table(118, 5, 2, 0), rng=0)
    assert round(table.agreement.value, 3) == 0.944
    assert round(table.kappa.value, 2) == -0.02
    assert round(table.ac1.value, 2) == 0.94


def test_judge_that_passes_everything_has_no_mcc_and_no_npv_but_kappa_zero():
    table = pass_fail([1, 1, 0, 1], [1, 1, 1, 1], rng=0)
    assert table.kappa.value == 0
    assert table.tnr.value == 0
    for undefined in (table.mcc, table.npv):
        assert np.isnan(undefined.value)
        assert undefined.reason == "zero_denominator"


def test_balanced_accuracy_needs_passes_and_fails():
    table = pass_fail([1, 1, 1], [1, 0, 1], rng=0)
    for undefined in (table.tnr, table.balanced_accuracy, table.youden_j):
        assert np.isnan(undefined.value)
        assert undefined.reason == "zero_denominator"


def test_f1_without_a_common_pass_is_zero_not_undefined():
    assert pass_fail([1, 0, 0], [0, 1, 0], rng=0).f1.value == 0


def test_f1_without_any_pass_is_undefined():
    assert pass_fail([0, 0, 0], [0, 0, 0], rng=0).f1.reason == "zero_denominator"


def test_ac1_is_one_when_all_pass_twice():
    assert pass_fail([1, 1, 1], [1, 1, 1], rng=0).ac1.value == 1


def test_no_common_item_is_no_complete_pairs_everywhere():
    table = pass_fail([1, None, 0], [None, 1, None], rng=0)
    assert {found.reason for found in table.estimates().values()} == {"no_complete_pairs"}


def test_rates_rest_on_the_items_that_can_count():
    """TPR of 5 human passes is a share of 5, however many fails stand beside them."""
    human, judge = from_table(5, 0, 0, 95)
    found = pass_fail(human, judge, method="jackknife").tpr
    assert (found.low, found.n_items) == (proportion([1] * 5).low, 5)


def test_ratings_without_a_partner_are_counted_as_dropped():
    assert pass_fail([1, None, 0, 1, 0], [1, 1, 0, None, 1], rng=0).kappa.n_dropped == 2


def test_positive_agreement_is_f1():
    table = pass_fail(*from_table(12, 3, 2, 8), rng=0)
    assert table.positive_agreement is table.f1


def test_intervals_are_those_of_the_seed():
    human, judge = from_table(40, 9, 6, 45)
    assert pass_fail(human, judge, rng=5) == pass_fail(human, judge, rng=5)


def test_perfect_judge_is_only_as_certain_as_its_classes_are_large():
    found = pass_fail([1, 0, 1, 0], [1, 0, 1, 0], rng=0)
    low = proportion_confint(2, 2, method="wilson")[0]
    assert (found.youden_j.value, found.youden_j.high) == (1, 1)
    assert found.youden_j.low == pytest.approx(1 - np.sqrt(2) * (1 - low))
    assert found.balanced_accuracy.low == pytest.approx((1 + found.youden_j.low) / 2)


def test_interval_of_balanced_accuracy_covers_with_few_fails():
    """Ten fails among a hundred passes: the resampled interval covered 74 %."""
    rng, hits, n = np.random.default_rng(0), 0, 150
    human = np.array([1] * 100 + [0] * 10)
    for _ in range(n):
        judge = np.where(rng.random(110) < 0.9, human, 1 - human)
        found = pass_fail(human, judge, n_resamples=100, rng=0).balanced_accuracy
        hits += found.low <= 0.9 <= found.high
    assert hits / n > 0.95 - 3 * np.sqrt(0.95 * 0.05 / n)


def test_with_clusters_the_interval_of_balanced_accuracy_is_not_inside_the_resampled_one():
    human, judge = from_table(40, 9, 6, 45)
    groups = np.arange(100) // 20
    outer = pass_fail(human, judge, clusters=groups).balanced_accuracy
    inner = pass_fail(human, judge, clusters=groups, method="jackknife").balanced_accuracy
    assert outer.low <= inner.low < inner.high <= outer.high
    assert (outer.method, inner.method) == ("square-and-add", "jackknife")


def test_a_single_fail_is_enough_for_an_interval_of_balanced_accuracy():
    found = pass_fail([1, 1, 1, 0], [1, 0, 1, 0], rng=0)
    assert found.tnr.low == pytest.approx(0.025)  # Clopper and Pearson's of one of one
    margin = np.hypot(found.tpr.value - found.tpr.low, 1 - 0.025) / 2
    assert found.balanced_accuracy.low == pytest.approx(found.balanced_accuracy.value - margin)


def test_fails_in_one_cluster_leave_balanced_accuracy_without_interval():
    found = pass_fail([1, 1, 1, 0, 0], [1, 0, 1, 0, 1], clusters=[0, 1, 2, 3, 3], rng=0).balanced_accuracy
    assert np.isnan([found.low, found.high]).all()
    assert found.reason == "too_few_clusters"


def test_a_rate_rests_on_the_items_of_its_class():
    statistics = pass_fail_statistics(*from_table(40, 3, 6, 2))
    n_items = {name: statistic.n_items for name, statistic in statistics.items()}
    assert (n_items["tpr"], n_items["tnr"], n_items["precision"], n_items["npv"]) == (46, 5, 43, 8)
    assert (n_items["youden_j"], n_items["balanced_accuracy"], n_items["kappa"]) == (5, 5, 51)


def test_agreement_beyond_chance_of_one_item_is_undefined():
    found = pass_fail([1], [1])
    assert found.kappa.reason == found.mcc.reason == found.ac1.reason == "too_few_items"
    assert found.agreement.value == 1


def test_marks_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match="got lengths human 2, judge 3"):
        pass_fail([1, 0], [1, 0, 1])


def test_kappa_and_ac1_are_those_of_the_coefficients():
    human, judge = from_table(40, 9, 6, 45)
    table = pass_fail(human, judge, method="jackknife")
    scale = Scale([0, 1], "nominal")
    kappa = cohen_kappa(human, judge, scale=scale, method="jackknife")
    ac1 = gwet_ac1(human, judge, scale=scale, method="jackknife")
    assert (table.kappa.value, table.ac1.value) == pytest.approx((kappa.value, ac1.value))
    assert (table.kappa.low, table.ac1.low) == pytest.approx((kappa.low, ac1.low))


def test_copies_within_clusters_narrow_no_interval():
    human, judge = from_table(40, 9, 6, 45)
    groups = np.repeat(np.arange(100), 3)
    lone = pass_fail(human, judge, method="jackknife").estimates()
    grouped = pass_fail(
        np.repeat(human, 3), np.repeat(judge, 3), clusters=groups, method="jackknife"
    ).estimates()
    for name, found in grouped.items():
        # Student's t instead of z widens the rates a little.
        assert found.high - found.low == pytest.approx(lone[name].high - lone[name].low, rel=0.09), name
