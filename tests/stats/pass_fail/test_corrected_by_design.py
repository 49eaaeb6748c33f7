"""Corrected rates and means whose labels were drawn by a design: values by hand, and coverage by simulation."""

import math

import numpy as np
import pytest
from scipy import stats

import judge.stats as js
from judge.stats import SamplingDesign
from judge.stats.pass_fail.two_phase import TwoPhaseMean, read_pool

# A pool of 1,000 answers in two topics; 40 of 200 and 80 of 800 are labelled.
RNG = np.random.default_rng(7)
TOPIC = np.repeat(["hard", "easy"], [200, 800])
HUMAN = (RNG.random(1000) < np.where(TOPIC == "hard", 0.4, 0.9)).astype(float)
JUDGE = np.where(HUMAN == 1, RNG.random(1000) < 0.9, RNG.random(1000) >= 0.7).astype(float)
LABELLED = np.zeros(1000, bool)
LABELLED[RNG.choice(200, 40, replace=False)] = LABELLED[200 + RNG.choice(800, 80, replace=False)] = True
P = np.where(LABELLED, np.where(TOPIC == "hard", 0.2, 0.1), np.nan)
LABELS = np.where(LABELLED, HUMAN, np.nan)
SCORES = np.clip(np.round(3 + HUMAN + RNG.normal(0, 0.7, 1000)), 1, 5)
JUDGE_SCORES = np.clip(np.round(SCORES + RNG.normal(0.3, 0.6, 1000)), 1, 5)
SCORED = np.where(LABELLED, SCORES, np.nan)


def design(**options):
    return SamplingDesign(P, TOPIC, **options)


def test_labels_that_oversample_a_topic_are_weighted_within_each_verdict():
    found = js.predictive_values(LABELS, JUDGE, design=design(), rng=0)
    expected = 0.0
    for verdict in (0, 1):
        mine = LABELLED & (verdict == JUDGE)
        assert min((mine & (t == TOPIC)).sum() for t in ("hard", "easy")) < 30  # one rate for both topics
        expected += (verdict == JUDGE).mean() * np.average(HUMAN[mine], weights=1 / P[mine])
    assert found.estimate.value == pytest.approx(expected)
    assert found.estimate.method == "beta-draws"


def test_people_alone_are_weighted_too():
    found = js.predictive_values(LABELS, JUDGE, design=design(), rng=0)
    hard, easy = (HUMAN[LABELLED & (t == TOPIC)].mean() for t in ("hard", "easy"))
    assert found.humans_only.value == pytest.approx(0.2 * hard + 0.8 * easy)
    assert found.uncorrected.value == pytest.approx(JUDGE.mean())


def test_labels_within_verdicts_need_no_design():
    p = np.where(JUDGE == 1, 50 / (JUDGE == 1).sum(), 50 / (JUDGE == 0).sum())
    chosen = np.concatenate([np.flatnonzero(v == JUDGE)[:50] for v in (0, 1)])
    labels = np.full(1000, np.nan)
    labels[chosen] = HUMAN[chosen]
    by_design = SamplingDesign(np.where(np.isnan(labels), np.nan, p), JUDGE)
    plain, designed = (
        js.predictive_values(labels, JUDGE, design=d, rng=0).estimate for d in (None, by_design)
    )
    assert designed.value == pytest.approx(plain.value)
    assert (designed.low, designed.high) == pytest.approx((plain.low, plain.high), abs=3e-3)


def test_these_answers_leave_less_doubt():
    like, these = (
        js.predictive_values(LABELS, JUDGE, design=design(target=t), rng=0).estimate
        for t in ("answers like these", "these answers")
    )
    assert like.value == these.value
    assert these.se < like.se
    assert these.high - these.low < like.high - like.low


def test_the_judge_alone_is_known_without_error_for_these_answers():
    finite = design(target="these answers")
    for found in (
        js.predictive_values(LABELS, JUDGE, design=finite),
        js.ppi_mean(SCORED, JUDGE_SCORES, design=finite),
    ):
        alone = found.uncorrected
        assert (alone.low, alone.high, alone.se) == (alone.value, alone.value, 0)
    nothing = js.ppi_mean(
        [None, None], [None, None], design=SamplingDesign([0.5, 0.5], target="these answers")
    )
    assert nothing.uncorrected.reason == "no_ratings"


def test_all_answers_labelled_leave_no_doubt_about_these_answers():
    census = SamplingDesign(np.ones(1000), TOPIC, target="these answers")
    for found in (
        js.predictive_values(HUMAN, JUDGE, design=census, rng=0),
        js.ppi_mean(SCORES, JUDGE_SCORES, design=census),
    ):
        assert found.estimate.se == pytest.approx(0)


def test_effective_labels_are_those_of_a_random_sample_with_the_same_standard_error():
    found = js.predictive_values(LABELS, JUDGE, design=design(), rng=0)
    p, se = found.estimate.value, found.estimate.se
    assert found.effective_labels == pytest.approx(p * (1 - p) / se**2)
    assert found.effective_labels > 120


def test_effective_labels_of_these_answers_allow_for_the_finite_pool():
    """A random sample of n of N has variance s^2 (1/n - 1/N)."""
    found = js.predictive_values(LABELS, JUDGE, design=design(target="these answers"), rng=0)
    p, se = found.estimate.value, found.estimate.se
    assert p * (1 - p) * (1 / found.effective_labels - 1 / 1000) == pytest.approx(se**2)


def test_effective_labels_of_a_stratified_mean_use_the_variance_of_the_pool():
    found = js.ppi_mean(SCORED, JUDGE_SCORES, design=design())
    w = 1 / P[LABELLED]
    variance = np.cov(SCORES[LABELLED], aweights=w)
    assert found.effective_labels == pytest.approx(variance / found.estimate.se**2)


def test_effective_labels_of_ppi_are_those_of_the_closed_form():
    """At its best weight: n / (1 - rho^2 N/(n + N))."""
    rng = np.random.default_rng(3)
    human = rng.normal(size=100_000)
    judge = human + rng.normal(size=100_000)
    labels = np.where(np.arange(100_000) < 20_000, human, np.nan)
    found = js.ppi_mean(labels, judge)
    assert found.effective_labels == pytest.approx(
        js.ppi_effective_labels(20_000, 80_000, math.sqrt(0.5)), rel=0.02
    )


def test_a_stratified_ppi_mean_is_that_of_the_regression_estimator():
    """Within a stratum: slope * mean of the pool + mean of Y - slope F of the labelled, weighted by size."""
    found = js.ppi_mean(SCORED, JUDGE_SCORES, design=design(), judge_weight=0.5)
    expected = 0.0
    for topic, share in (("hard", 0.2), ("easy", 0.8)):
        mine = topic == TOPIC
        at, rest = mine & LABELLED, mine & ~LABELLED
        expected += share * (0.5 * JUDGE_SCORES[rest].mean() + (SCORES - 0.5 * JUDGE_SCORES)[at].mean())
    assert found.estimate.value == pytest.approx(expected)
    assert found.judge_weight == pytest.approx(0.5)


def test_strata_and_a_stratified_design_are_the_same_for_answers_like_these():
    by_strata, by_design = (
        js.ppi_mean(SCORED, JUDGE_SCORES, **options) for options in ({"strata": TOPIC}, {"design": design()})
    )
    for name in ("estimate", "humans_only", "uncorrected"):
        a, b = getattr(by_strata, name), getattr(by_design, name)
        assert (a.value, a.low, a.high) == pytest.approx((b.value, b.low, b.high)), name


def test_the_variance_for_these_answers_is_that_of_the_regression_estimator():
    """Cochran 1977, ch. 7: sum W^2 (1 - f) s_e^2/n."""
    found = js.ppi_mean(SCORED, JUDGE_SCORES, design=design(target="these answers"), judge_weight=0.5)
    variance = 0.0
    for topic, share, n, size in (("hard", 0.2, 40, 200), ("easy", 0.8, 80, 800)):
        at = (topic == TOPIC) & LABELLED
        slope = 0.5 * size / (size - n)
        variance += share**2 * (1 - n / size) * (SCORES - slope * JUDGE_SCORES)[at].var(ddof=1) / n
    assert found.estimate.se == pytest.approx(math.sqrt(variance))


def test_a_stratum_tunes_its_own_weight_from_30_labels_on():
    pool = read_pool(SCORED, JUDGE_SCORES, TOPIC, None)
    own = [js.ppi_mean(SCORED[t == TOPIC], JUDGE_SCORES[t == TOPIC]).judge_weight for t in ("easy", "hard")]
    assert pool.judge_weights(None, True) == pytest.approx(own)
    few = SCORED.copy()
    few[np.flatnonzero(LABELLED & (TOPIC == "hard"))[29:]] = np.nan
    of_easy, of_hard = read_pool(few, JUDGE_SCORES, TOPIC, None).judge_weights(None, True)
    alone = js.ppi_mean(few[TOPIC == "hard"], JUDGE_SCORES[TOPIC == "hard"]).judge_weight
    assert of_easy == pytest.approx(own[0])
    assert min(own[0], alone) < of_hard < max(own[0], alone)


def test_poisson_labels_are_weighted_by_their_own_probability():
    p = RNG.uniform(0.05, 0.5, 1000)
    labels = np.where(RNG.random(1000) < p, SCORES, np.nan)
    by_design = SamplingDesign(np.where(np.isnan(labels), np.nan, p), name="poisson")
    found = js.ppi_mean(labels, JUDGE_SCORES, design=by_design, judge_weight=0.7)
    at = ~np.isnan(labels)
    expected = 0.7 * JUDGE_SCORES.mean() + np.average((SCORES - 0.7 * JUDGE_SCORES)[at], weights=1 / p[at])
    assert found.estimate.value == pytest.approx(expected)


def test_a_difference_of_systems_is_paired_by_item():
    other = np.where(RNG.random(1000) < 0.8, SCORES, np.clip(SCORES + 1, 1, 5))
    other_judge = np.where(other == SCORES, JUDGE_SCORES, np.clip(JUDGE_SCORES + 1, 1, 5))
    paired = js.ppi_difference(SCORED, JUDGE_SCORES, np.where(LABELLED, other, np.nan), other_judge)
    a, b = js.ppi_mean(SCORED, JUDGE_SCORES), js.ppi_mean(np.where(LABELLED, other, np.nan), other_judge)
    assert paired.value == pytest.approx(a.estimate.value - b.estimate.value)
    assert paired.se < 0.5 * math.hypot(a.estimate.se, b.estimate.se)


def test_conditions_on_different_items_are_independent():
    first = np.arange(1000) % 2 == 0

    def of(mine):
        return np.where(mine, SCORED, np.nan), np.where(mine, JUDGE_SCORES, np.nan)

    found = js.ppi_difference(*of(first), *of(~first))
    a, b = (js.ppi_mean(*of(mine)).estimate for mine in (first, ~first))
    assert found.value == pytest.approx(a.value - b.value)
    assert found.se == pytest.approx(math.hypot(a.se, b.se))


def test_a_system_compared_with_itself_has_no_difference():
    found = js.ppi_difference(SCORED, JUDGE_SCORES, SCORED, JUDGE_SCORES)
    assert (found.value, found.se, found.reason) == (0, 0, "no_variation")


def test_the_difference_of_rates_uses_the_design_of_each_system():
    other = RNG.permutation(JUDGE)
    options = {"design_a": design(), "design_b": design()}
    found = js.predictive_values_difference(LABELS, JUDGE, LABELS, other, **options)
    a, b = (js.predictive_values(LABELS, j, design=design(), rng=0).estimate for j in (JUDGE, other))
    assert found.value == pytest.approx(a.value - b.value)
    assert found.low < found.value < found.high
    assert "target: answers like these" in found.notes


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: js.predictive_values_difference(LABELS, JUDGE, LABELS, JUDGE, design_a=design()),
            "both systems",
        ),
        (
            lambda: js.ppi_difference(
                SCORED,
                JUDGE_SCORES,
                SCORED,
                JUDGE_SCORES,
                design_a=design(),
                design_b=design(target="these answers"),
            ),
            "both systems need one target",
        ),
        (lambda: js.ppi_mean(SCORED, JUDGE_SCORES, strata=TOPIC, design=design()), "either strata or design"),
        (
            lambda: js.predictive_values(LABELS, JUDGE, design=design(), method="delta"),
            "'delta' does not know",
        ),
        (
            lambda: js.ppi_mean(
                SCORED, JUDGE_SCORES, design=SamplingDesign(P, np.where(LABELLED, TOPIC, None))
            ),
            r"strata\[\d+\] is missing; every answer of the pool needs one",
        ),
        (
            lambda: js.ppi_mean(
                LABELS, JUDGE, design=SamplingDesign.to_mix(TOPIC, {"easy": 0.5, "hard": 0.5})
            ),
            "a corrected figure has the mix of its pool",
        ),
        (
            lambda: js.rogan_gladen(LABELS, JUDGE, JUDGE, design=design(), clusters=np.arange(1000)),
            "either a design or clusters",
        ),
    ],
)
def test_options_that_contradict_each_other_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_label_without_a_probability_leaves_the_corrected_figure_undefined():
    p = P.copy()
    p[np.flatnonzero(LABELLED)[0]] = np.nan
    unknown = SamplingDesign(p, TOPIC)
    found = [
        js.predictive_values(LABELS, JUDGE, design=unknown).estimate,
        js.ppi_mean(SCORED, JUDGE_SCORES, design=unknown).estimate,
        js.rogan_gladen(LABELS, JUDGE, JUDGE, design=unknown).estimate,
        js.ppi_difference(SCORED, JUDGE_SCORES, SCORED, JUDGE_SCORES, design_a=unknown, design_b=design()),
        js.predictive_values_difference(LABELS, JUDGE, LABELS, JUDGE, design_a=unknown, design_b=design()),
    ]
    assert {(e.reason, math.isnan(e.value)) for e in found} == {("unknown_probability", True)}


def test_a_verdict_without_a_label_has_no_corrected_rate():
    labels = np.where(JUDGE == 0, np.nan, LABELS)
    none = SamplingDesign(np.where(np.isnan(labels), np.nan, P), TOPIC)
    assert js.predictive_values(labels, JUDGE, design=none).estimate.reason == "no_observations"
    found = js.predictive_values_difference(labels, JUDGE, labels, JUDGE, design_a=none, design_b=none)
    assert found.reason == "no_observations"


def test_clusters_widen_the_corrected_rate():
    clusters = np.tile(np.arange(500), 2)
    labels, judge, p = np.tile(LABELS[::2], 2), np.tile(JUDGE[::2], 2), np.tile(P[::2], 2)
    twice = SamplingDesign(p, np.tile(TOPIC[::2], 2))
    apart, together = (
        js.predictive_values(labels, judge, design=twice, clusters=c, rng=0).estimate
        for c in (None, clusters)
    )
    # The pass and the fail that are added count as often as the design effect, so that it is a little more.
    assert together.se / apart.se == pytest.approx(math.sqrt(2), rel=0.06)
    assert (together.high - together.low) / (apart.high - apart.low) == pytest.approx(math.sqrt(2), rel=0.06)


def test_labels_from_one_cluster_only_carry_no_interval():
    found = js.predictive_values(
        LABELS, JUDGE, design=design(), clusters=np.where(LABELLED, 0, np.arange(1000))
    )
    assert found.estimate.reason == "too_few_clusters"
    assert math.isfinite(found.estimate.value)


def test_pass_marks_without_a_fail_among_the_labels_have_an_interval():
    human = np.where(np.arange(200) < 20, 1.0, np.nan)
    found = js.ppi_mean(human, np.ones(200)).estimate
    p = 21 / 22  # one pass and one fail more
    assert found.se == pytest.approx(math.sqrt(p * (1 - p) / 22))
    assert (found.value, found.high) == pytest.approx((1, 1))
    assert found.low == pytest.approx(p - stats.t.ppf(0.975, 19) * found.se)


def test_without_a_useful_judge_pass_marks_get_the_interval_of_agresti_and_coull():
    human = np.where(np.arange(300) < 20, np.arange(300) % 4 > 0, np.nan)
    found = js.ppi_mean(human, np.ones(300)).estimate
    p = 16 / 22
    half = stats.t.ppf(0.975, 19) * math.sqrt(p * (1 - p) / 22)
    assert (found.value, found.low, found.high) == pytest.approx((0.75, p - half, p + half))


def test_copies_of_pass_marks_within_clusters_hardly_change_the_interval():
    human = np.where(np.arange(300) < 30, np.arange(300) % 10 > 0, np.nan)
    once = js.ppi_mean(human, np.ones(300), clusters=np.arange(300)).estimate
    copied = js.ppi_mean(np.repeat(human, 3), np.ones(900), clusters=np.repeat(np.arange(300), 3)).estimate
    assert (copied.low, copied.high) == pytest.approx((once.low, once.high), abs=0.007)


def test_difference_of_pass_marks_has_half_a_pair_in_each_cell_more():
    """Two systems on the same 20 answers, without a useful judge: Agresti and Min's variance."""
    a, b = np.full(300, np.nan), np.full(300, np.nan)
    a[:20], b[:20] = np.arange(20) < 15, np.arange(20) % 5 > 0
    found = js.ppi_difference(a, np.ones(300), b, np.ones(300))
    change = np.r_[a[:20] - b[:20], 0, 0]
    weights = np.r_[np.ones(20), 1, 1]
    centre = np.average(change, weights=weights)
    spread = np.sum((a[:20] - b[:20] - centre) ** 2)
    of_a, of_b = ((n + 1) / 22 for n in (15, 16))
    added = sum(p**2 + (1 - p) ** 2 for p in (of_a, of_b)) / 2
    assert found.se == pytest.approx(math.sqrt(spread + added) / 22)
    assert (found.low + found.high) / 2 == pytest.approx(of_a - of_b)


def test_difference_of_pass_marks_of_other_answers_adds_all_of_the_variance():
    a, b = np.full(300, np.nan), np.full(300, np.nan)
    a[:20], b[20:40] = np.arange(20) < 15, np.arange(20) < 12
    found = js.ppi_difference(a, np.ones(300), b, np.ones(300))
    one, two = (js.ppi_mean(human, np.ones(300)).estimate for human in (a, b))
    assert found.se == pytest.approx(math.hypot(one.se, two.se))


def test_a_stratum_whose_labels_are_all_alike_is_not_free_of_error():
    """Ten labels of 5 beside labels from 1 to 5: half an eleventh may differ by 4."""
    human = np.r_[np.full(10, 5.0), np.full(90, np.nan), np.tile([1.0, 3.0, 5.0], 4), np.full(88, np.nan)]
    strata = np.repeat(["high", "low"], [100, 100])
    with_doubt = js.ppi_mean(human, np.zeros(200), strata=strata).estimate
    share = 0.5 / 11
    unseen = 0.25 * 16 * share * (1 - share) / 11
    low = np.tile([1.0, 3.0, 5.0], 4)
    between = 0.25 * (5 - low.mean()) ** 2 / 200
    expected = 0.25 * low.var(ddof=1) / 12 + between + unseen
    assert with_doubt.se == pytest.approx(math.sqrt(expected))


def test_rogan_gladen_weights_a_calibration_set_drawn_within_verdicts():
    """The calibration set holds 50 of 900 passes and 50 of 100 fails: TP 810, FN 40, hence TPR 810/850."""
    human = [1] * 45 + [0] * 5 + [1] * 20 + [0] * 30
    judge = [1] * 50 + [0] * 50
    p = [50 / 900] * 50 + [0.5] * 50
    pool = [1] * 800 + [0] * 200
    found = js.rogan_gladen(human, judge, pool, design=SamplingDesign(p, judge), rng=0).estimate
    tpr, tnr = 810 / 850, 60 / 150
    assert found.value == pytest.approx((0.8 + tnr - 1) / (tpr + tnr - 1))
    assert found.low < found.value < found.high
    assert found.seed == 0


def test_rogan_gladen_outside_zero_to_one_keeps_its_value_with_a_note():
    human, judge = [1] * 18 + [0] * 2 + [1] * 2 + [0] * 18, [1] * 20 + [0] * 20
    found = js.rogan_gladen(
        human, judge, [1] * 100, design=SamplingDesign(np.full(40, 0.1), judge), rng=0
    ).estimate
    assert found.value > 1
    assert "calibration_and_test_disagree" in found.notes


def test_influences_of_a_mean_add_up_to_nothing():
    pool = read_pool(SCORED, JUDGE_SCORES, TOPIC, None)
    found = TwoPhaseMean.of(pool, pool.judge_weights(None, True))
    assert found.influence.sum() == pytest.approx(0, abs=1e-12)


def test_a_pool_with_few_labels_in_many_strata_covers_the_truth():
    """15 labels a stratum: .81 when each stratum tuned a weight of its own."""
    rng, hits, runs = np.random.default_rng(5), 0, 400
    for _ in range(runs):
        quality = rng.normal(size=600)
        judge = quality + rng.normal(0, 0.7, 600)
        strata = np.digitize(judge, [-1, 0, 1])
        human = np.full(600, np.nan)
        for s in range(4):
            chosen = rng.choice(np.flatnonzero(strata == s), 15, replace=False)
            human[chosen] = quality[chosen]
        found = js.ppi_mean(human, judge, strata=strata).estimate
        hits += found.low <= 0 <= found.high
    assert abs(hits / runs - 0.95) < 3 * np.sqrt(0.95 * 0.05 / runs)


@pytest.mark.parametrize("target", ["answers like these", "these answers"])
def test_corrected_rates_and_their_difference_cover_under_draws_within_topics(target):
    rng, hits, runs = np.random.default_rng(8), np.zeros(3), 300
    for _ in range(runs):
        topic = rng.integers(0, 3, 1000)
        rate = np.array([0.9, 0.7, 0.5])[topic]
        human = (rng.random(1000) < rate).astype(float)
        judge = np.where(human == 1, rng.random(1000) < 0.9, rng.random(1000) >= 0.7).astype(float)
        other = np.where(rng.random(1000) < 0.7, human, rng.random(1000) < rate).astype(float)
        other_judge = np.where(other == 1, rng.random(1000) < 0.8, rng.random(1000) >= 0.9).astype(float)
        p = np.full(1000, np.nan)
        for t, n in enumerate((20, 40, 60)):
            members = np.flatnonzero(topic == t)
            p[rng.choice(members, n, replace=False)] = n / members.size
        by_topic = SamplingDesign(p, topic, target=target)
        a, b = (np.where(np.isnan(p), np.nan, h) for h in (human, other))
        truth = (0.7, 0.7) if target == "answers like these" else (human.mean(), other.mean())
        rates = js.predictive_values(a, judge, design=by_topic, n_draws=500, rng=rng).estimate
        means = js.ppi_mean(a, judge, design=by_topic).estimate
        gap = js.predictive_values_difference(a, judge, b, other_judge, design_a=by_topic, design_b=by_topic)
        hits += [
            e.low <= t <= e.high
            for e, t in ((rates, truth[0]), (means, truth[0]), (gap, truth[0] - truth[1]))
        ]
    assert (abs(hits / runs - 0.95) < 3.5 * np.sqrt(0.95 * 0.05 / runs)).all(), hits / runs


@pytest.mark.parametrize("sign", [-1, 1])
def test_effective_labels_of_clusters_are_the_labels_where_all_answers_have_one(sign):
    """The judge is worth nothing there; clusters whose answers differ (or agree) must not look like labels."""
    rng = np.random.default_rng(5)
    half = rng.normal(size=60)
    human = np.r_[half, sign * half] + 0.3 * rng.normal(size=120)
    judge, clusters = human + rng.normal(size=120), np.arange(120) % 60
    found = js.ppi_mean(human, judge, clusters=clusters)
    assert found.effective_labels == pytest.approx(120, rel=0.02)
    marks = js.predictive_values(human > 0, judge > 0, clusters=clusters)
    ratio = marks.humans_only.se / marks.estimate.se
    assert marks.effective_labels == pytest.approx(120 * ratio**2)
