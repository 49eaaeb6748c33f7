import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_curve

from judge.stats import SamplingDesign
from judge.stats.pass_fail.error_rates import pass_fail
from judge.stats.pass_fail.threshold import threshold_sweep

JACKKNIFE = {"method": "jackknife", "rng": 0}


def planted(n=300, seed=1):
    """Scores 1-5 of a lenient judge: people pass from a latent 0 on."""
    rng = np.random.default_rng(seed)
    latent = rng.normal(0.3, 1, n)
    scores = np.clip(np.round(3.6 + latent + rng.normal(0, 0.7, n)), 1, 5)
    return (latent > 0).astype(float), scores


def test_every_score_is_a_cut_off_and_passes_from_there_on():
    human, scores = planted()
    sweep = threshold_sweep(human, scores, **JACKKNIFE)
    assert sweep.thresholds == (1, 2, 3, 4, 5)
    for threshold, table in zip(sweep.thresholds, sweep.tables, strict=True):
        assert table.judge_pass_rate.value == np.mean(scores >= threshold)


def test_largest_youden_j_matches_scikit_learn():
    human, scores = planted()
    false_pass, true_pass, cut_offs = roc_curve(human, scores, drop_intermediate=False)
    assert threshold_sweep(human, scores, **JACKKNIFE).chosen == cut_offs[np.argmax(true_pass - false_pass)]


def test_equal_pass_rates_are_as_close_as_any_cut_off_gets():
    human, scores = planted()
    sweep = threshold_sweep(human, scores, rule="equal_pass_rates", **JACKKNIFE)
    gaps = [abs(table.pass_rate_gap.value) for table in sweep.tables]
    assert gaps[sweep.thresholds.index(sweep.chosen)] == min(gaps)


@pytest.mark.parametrize("target", [0.5, 0.8, 0.95])
def test_tnr_rule_takes_the_lowest_cut_off_that_reaches_the_target(target):
    human, scores = planted()
    sweep = threshold_sweep(human, scores, rule="tnr", target=target, **JACKKNIFE)
    reaching = [
        t for t, table in zip(sweep.thresholds, sweep.tables, strict=True) if table.tnr.value >= target
    ]
    assert sweep.chosen == min(reaching)


def test_target_that_no_cut_off_reaches_leaves_no_verdict():
    sweep = threshold_sweep([1, 0, 1, 0], [3, 3, 3, 3], rule="tnr", target=0.9, **JACKKNIFE)
    assert np.isnan(sweep.chosen)
    assert sweep.cross_validated.agreement.reason == "no_complete_pairs"


def test_cross_fitting_scores_each_fold_with_the_cut_off_of_the_others():
    human, scores = planted()
    folds = np.repeat(np.arange(3), 100)
    sweep = threshold_sweep(human, scores, n_folds=3, clusters=folds, **JACKKNIFE)
    # With three clusters each is a fold; find which cut-off it was assessed with by hand.
    verdicts = np.empty(300)
    for fold in range(3):
        rest = folds != fold
        values = [
            pass_fail(human[rest], scores[rest] >= t, **JACKKNIFE).youden_j.value for t in sweep.thresholds
        ]
        verdicts[~rest] = scores[~rest] >= sweep.thresholds[int(np.argmax(values))]
    by_hand = pass_fail(human, verdicts, **JACKKNIFE)
    assert sweep.cross_validated.agreement.value == by_hand.agreement.value


def test_choosing_on_pure_noise_looks_good_only_in_sample():
    rng = np.random.default_rng(4)
    in_sample, cross_validated = [], []
    for seed in range(12):
        human, scores = rng.integers(0, 2, 40), rng.integers(0, 8, 40)
        sweep = threshold_sweep(human, scores, method="jackknife", rng=seed)
        in_sample.append(sweep.tables[sweep.thresholds.index(sweep.chosen)].youden_j.value)
        cross_validated.append(sweep.cross_validated.youden_j.value)
    assert np.mean(in_sample) > 0.1
    assert np.mean(cross_validated) < 0.05


@given(st.lists(st.tuples(st.sampled_from([0, 1, None]), st.sampled_from([1, 2, 3, None])), max_size=12))
@settings(max_examples=30)
def test_any_marks_and_scores_give_a_sweep(pairs):
    human, scores = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    sweep = threshold_sweep(human, scores, **JACKKNIFE)
    assert len(sweep.tables) == len(sweep.thresholds)


def test_unknown_rule_is_refused():
    with pytest.raises(ValueError, match="rule must be one of youden_j, equal_pass_rates, tnr; got 'best'"):
        threshold_sweep([1, 0], [1, 2], rule="best")


def test_target_outside_zero_to_one_is_refused():
    with pytest.raises(ValueError, match="target must lie in"):
        threshold_sweep([1, 0], [1, 2], rule="tnr", target=90)


def test_a_single_fold_is_refused():
    with pytest.raises(ValueError, match="n_folds must be at least 2, got 1"):
        threshold_sweep([1, 0], [1, 2], n_folds=1)


def test_continuous_scores_show_fifty_cut_offs_and_the_chosen_one():
    rng = np.random.default_rng(5)
    human = rng.integers(0, 2, 300)
    sweep = threshold_sweep(human, human + rng.normal(0, 1, 300), **JACKKNIFE)
    assert len(sweep.thresholds) in (50, 51)
    assert sweep.chosen in sweep.thresholds


@pytest.mark.parametrize("rule", ["youden_j", "equal_pass_rates", "tnr"])
def test_weights_choose_like_repeated_items(rule):
    rng = np.random.default_rng(6)
    human, scores = rng.integers(0, 2, 60), rng.integers(1, 8, 60).astype(float)
    scores += 2 * human
    weights = rng.integers(1, 6, 60)
    weighted = threshold_sweep(
        human, scores, rule=rule, design=SamplingDesign(1 / weights), rng=0, n_resamples=100
    )
    repeated = threshold_sweep(
        np.repeat(human, weights), np.repeat(scores, weights), rule=rule, rng=0, n_resamples=100
    )
    assert weighted.chosen == repeated.chosen
