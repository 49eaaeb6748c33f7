"""Weighted error rates: values by hand, draws against known distributions, and coverage by simulation."""

import numpy as np
import pytest
from scipy import stats

import judge.stats as js
from judge.stats import SamplingDesign
from judge.stats.pass_fail.verdict_draws import VerdictGroups, VerdictSample, verdict_groups

# 1,000 answers, of which the judge passes 900; 20 labels of each verdict.
HUMAN = np.array([1] * 18 + [0] * 2 + [1] * 5 + [0] * 15)
JUDGE = np.repeat([1, 0], 20)
P = np.repeat([20 / 900, 20 / 100], 20)


def table(target="answers like these", **options):
    return js.pass_fail(HUMAN, JUDGE, design=SamplingDesign(P, JUDGE, target=target), rng=0, **options)


def test_weighted_rates_are_those_of_the_table_of_all_answers():
    """Estimated for all answers: TP 810, FP 90, FN 25, TN 75."""
    found = table()
    assert found.agreement.value == pytest.approx(885 / 1000)
    assert found.tpr.value == pytest.approx(810 / 835)
    assert found.tnr.value == pytest.approx(75 / 165)
    assert found.pass_rate_gap.value == pytest.approx(65 / 1000)
    assert found.human_pass_rate.value == pytest.approx(835 / 1000)
    expected = (900 * 835 + 100 * 165) / 1e6
    assert found.kappa.value == pytest.approx((0.885 - expected) / (1 - expected))


def test_the_counts_are_those_of_the_labels():
    found = table()
    assert (found.true_pass, found.false_pass, found.false_fail, found.true_fail) == (18, 2, 5, 15)


def test_every_estimate_names_the_target_and_has_an_interval_around_its_value():
    for name, found in table().estimates().items():
        assert "target: answers like these" in found.notes, name
        assert found.low <= found.value <= found.high, name
        assert found.method == "beta-draws"


def test_precision_has_the_interval_of_jeffreys():
    """Within the judge's passes the sample is simple: Beta(18.5, 2.5)."""
    found = table(n_resamples=100_000).precision
    assert (found.low, found.high) == pytest.approx(stats.beta.ppf([0.025, 0.975], 18.5, 2.5), abs=2e-3)


def test_these_answers_are_known_better_than_answers_like_these():
    like, these = table(), table("these answers")
    for name in ("agreement", "judge_pass_rate", "human_pass_rate", "tpr"):
        a, b = like.estimates()[name], these.estimates()[name]
        assert b.high - b.low < a.high - a.low, name
    assert these.judge_pass_rate.low == pytest.approx(0.9)
    assert these.judge_pass_rate.high == pytest.approx(0.9)


def test_complete_labels_leave_no_doubt_about_these_answers():
    found = js.pass_fail(
        HUMAN, JUDGE, design=SamplingDesign(np.ones(40), JUDGE, target="these answers"), rng=0
    )
    assert (found.agreement.low, found.agreement.high) == pytest.approx((33 / 40, 33 / 40))


def test_a_verdict_without_an_error_among_the_labels_still_has_doubt():
    found = js.pass_fail(JUDGE, JUDGE, design=SamplingDesign(P, JUDGE), rng=0)
    assert found.agreement.value == 1
    assert 0.8 < found.agreement.low < 0.95


def test_strata_other_than_verdicts_leave_the_share_of_passes_open():
    strata = np.arange(40) % 2
    found = js.pass_fail(
        HUMAN, JUDGE, design=SamplingDesign(np.full(40, 0.04), strata, target="these answers"), rng=0
    )
    assert found.judge_pass_rate.value == pytest.approx(0.5)
    assert found.judge_pass_rate.high - found.judge_pass_rate.low == pytest.approx(0.3, abs=0.03)


def test_a_label_that_is_missing_is_part_of_the_design():
    human = HUMAN.astype(float)
    human[:4] = np.nan
    found = js.pass_fail(human, JUDGE, design=SamplingDesign(P, JUDGE), rng=0)
    assert found.precision.value == pytest.approx(14 / 16)
    assert found.judge_pass_rate.value == pytest.approx(720 / 820)  # of answers that get a label


def test_a_label_without_a_probability_leaves_all_rates_undefined():
    found = js.pass_fail(HUMAN, JUDGE, design=SamplingDesign([None, *P[1:]], JUDGE), rng=0)
    assert {e.reason for e in found.estimates().values()} == {"unknown_probability"}


def test_the_jackknife_can_be_asked_for():
    found = table(method="jackknife").human_pass_rate
    assert found.method == "jackknife"
    assert found.se == pytest.approx(table().human_pass_rate.se)


def test_clusters_widen_the_interval():
    human, judge, clusters = np.tile(HUMAN, 2), np.tile(JUDGE, 2), np.tile(np.arange(40), 2)
    design = SamplingDesign(np.tile(P, 2), judge)
    apart, together = (
        js.pass_fail(human, judge, design=design, rng=0, clusters=c).agreement for c in (None, clusters)
    )
    assert (together.high - together.low) / (apart.high - apart.low) == pytest.approx(np.sqrt(2), rel=0.1)


def test_strata_with_few_labels_share_one_rate():
    """Fifty strata with two labels each, all passes: a flat prior in each would pull the rate down to 5/6."""
    human, strata = np.ones(100), np.repeat(np.arange(50), 2)
    found = js.pass_fail(human, human, design=SamplingDesign(np.full(100, 0.02), strata), rng=0)
    assert found.precision.low > 0.95


def test_strata_with_30_labels_have_a_rate_of_their_own():
    judge, strata = np.ones(90), np.repeat(["a", "b", "c"], [30, 35, 25])
    codes, verdicts = verdict_groups(judge, np.unique(strata, return_inverse=True)[1], judge == 1)
    assert [set(codes[strata == s]) for s in "abc"] == [{0}, {1}, {1}]
    assert verdicts.tolist() == [1, 1]


def test_draws_of_these_answers_contain_the_labels_themselves():
    groups = VerdictGroups(np.array([1]), np.array([12.0]), np.array([10.0]), np.array([10.0]))
    rates = groups.pass_rates(2000, np.random.default_rng(0), finite=True)
    assert set(np.round(rates.ravel() * 12).astype(int)) <= {10, 11, 12}


def test_unequal_weights_count_as_fewer_labels():
    cells = np.zeros((40, 4))
    cells[:30, 0], cells[30:, 1] = 1, 1
    p = np.tile([0.05, 0.5], 20)
    sample = VerdictSample.of(cells, SamplingDesign(p, name="poisson"))
    weights = 1 / p
    assert sample.groups.labels.max() == pytest.approx(weights.sum() ** 2 / (weights @ weights))


@pytest.mark.parametrize("target", ["answers like these", "these answers"])
def test_intervals_cover_under_draws_within_verdicts(target):
    """Truth: pass rate .9, TPR .95, TNR .6; all figures of 4,000 data sets are in benchmarks/coverage_design.md."""
    rng, hits, runs = np.random.default_rng(11), np.zeros(6), 300
    names = ("agreement", "tpr", "tnr", "pass_rate_gap", "human_pass_rate", "kappa")
    for _ in range(runs):
        human = rng.random(2000) < 0.9
        judge = np.where(human, rng.random(2000) < 0.95, rng.random(2000) >= 0.6)
        chosen = np.concatenate([rng.choice(np.flatnonzero(judge == v), 100, replace=False) for v in (1, 0)])
        p = np.where(judge[chosen], 100 / judge.sum(), 100 / (~judge).sum())
        design = SamplingDesign(p, judge[chosen].astype(int), target=target)
        found = js.pass_fail(
            human[chosen], judge[chosen], design=design, rng=rng, n_resamples=500
        ).estimates()
        truth = {"agreement": 0.915, "tpr": 0.95, "tnr": 0.6, "pass_rate_gap": -0.005, "human_pass_rate": 0.9}
        chance = 0.9 * 0.895 + 0.1 * 0.105
        truth["kappa"] = (0.915 - chance) / (1 - chance)
        if target == "these answers":
            everything = js.pass_fail_statistics(human, judge)
            truth = {name: everything[name].value() for name in names}
        hits += [found[n].low <= truth[n] <= found[n].high for n in names]
    assert (hits / runs >= 0.95 - 3 * np.sqrt(0.95 * 0.05 / runs)).all(), hits / runs


def test_a_given_mix_of_verdicts_leaves_only_the_doubt_about_their_rates():
    found = js.pass_fail(HUMAN, JUDGE, design=SamplingDesign.to_mix(JUDGE, {1: 0.7, 0: 0.3}), rng=0)
    assert found.judge_pass_rate.value == pytest.approx(0.7)
    assert (found.judge_pass_rate.low, found.judge_pass_rate.high) == pytest.approx((0.7, 0.7))
    assert found.agreement.value == pytest.approx(0.7 * 18 / 20 + 0.3 * 15 / 20)


DESIGNS = {
    "nothing known": SamplingDesign([None] * 5),
    "one known": SamplingDesign([0.5, None, None, None, None], ["a"] * 5),
    "one each": SamplingDesign([0.5] * 5, list("abcde")),
    "Poisson": SamplingDesign([0.5, 0.4, 0.3, 0.2, 0.1], name="poisson"),
    "census": SamplingDesign([1] * 5, target="these answers"),
    "incomplete": SamplingDesign([0.5] * 5, list("aabbb"), {"a": 40, "b": 9}),
}
MARKS = [
    ([1, 0, 1, 0, 1], [1, 1, 0, 0, 1]),
    ([1] * 5, [1] * 5),
    ([None] * 5, [1] * 5),
    ([1, None, None, None, None], [1, None, 0, 1, 1]),
    ([0, 0, 0, 1, 1], [0] * 5),
]


@pytest.mark.parametrize("marks", range(len(MARKS)))
@pytest.mark.parametrize("name", DESIGNS)
def test_any_few_marks_give_a_value_or_a_reason(name, marks):
    (human, judge), of = MARKS[marks], DESIGNS[name]
    both = {"design_a": of, "design_b": of}
    found = [
        *js.pass_fail(human, judge, design=of, rng=0, n_resamples=100).estimates().values(),
        *js.pass_fail(human, judge, design=of, clusters=list("xxyyz"), rng=0, n_resamples=100)
        .estimates()
        .values(),
        js.cohen_kappa(human, judge, design=of),
        js.auc(human, judge, design=of),
        js.predictive_values(human, judge, design=of, rng=0, n_draws=50).estimate,
        js.predictive_values(human, judge, design=of, clusters=list("xxyyz"), rng=0, n_draws=50).estimate,
        js.ppi_mean(human, judge, design=of).estimate,
        js.rogan_gladen(human, judge, [1, 0, 1], design=of, rng=0, n_draws=50).estimate,
        js.predictive_values_difference(human, judge, human, judge, **both),
        js.ppi_difference(human, judge, human, judge[::-1], **both),
    ]
    for estimate in found:
        assert estimate.reason or estimate.low <= estimate.value <= estimate.high


@pytest.mark.parametrize("target", ["answers like these", "these answers"])
@pytest.mark.parametrize("verdict", [0, 1])
def test_a_sample_with_one_verdict_of_the_judge_does_not_show_that_it_never_gives_the_other(target, verdict):
    design = SamplingDesign(np.full(60, 0.1), ["all"] * 60, target=target)
    found = js.pass_fail(np.repeat([1, 0], [40, 20]), np.full(60, verdict), design=design, rng=0)
    rate = found.judge_pass_rate
    share = (rate.high, 1 - rate.low)[verdict]
    assert rate.value == verdict
    assert 0.03 < share < 0.06  # an exact interval of 60 equal verdicts ends at .06, Jeffreys' at .04
    of_people = found.tpr if verdict else found.tnr
    assert of_people.value == 1
    assert of_people.low < 0.99


def test_weighted_rates_of_one_cluster_have_no_interval():
    found = table(clusters=["one"] * 40)
    assert {found.agreement.reason, found.tpr.reason, found.human_pass_rate.reason} == {"too_few_clusters"}
    assert np.isnan(found.agreement.low)
    assert found.agreement.value == pytest.approx(885 / 1000)
