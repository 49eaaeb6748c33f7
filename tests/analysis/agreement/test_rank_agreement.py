"""Agreement on the order of the items."""

import numpy as np
import pytest
from scipy.stats import kendalltau, spearmanr
from sklearn.metrics import roc_auc_score

from judge.analysis.agreement import rank_agreement
from judge.analysis.agreement.rank_agreement import rank_agreements
from judge.stats.engine.scale import Scale

from .conftest import make_aligned, make_ratings

RNG = np.random.default_rng(5)
QUALITY = RNG.normal(3, 1, 80)
PEOPLE = np.clip(np.round(QUALITY[:, None] + RNG.normal(0, 0.6, (80, 3))), 1, 5)
JUDGE = np.clip(np.round(QUALITY + 1 + RNG.normal(0, 0.6, 80)), 1, 5)


def ranks(people=PEOPLE, judge=JUDGE, **more):
    found = rank_agreements(make_aligned(make_ratings(people, {"j": judge}, **more)))
    return found[0] if found else None


def test_rank_correlations_are_those_of_scipy_with_the_mean_of_people():
    mean = PEOPLE.mean(axis=1)
    assert ranks().spearman.value == pytest.approx(spearmanr(mean, JUDGE).statistic)
    assert ranks().tau_b.value == pytest.approx(kendalltau(mean, JUDGE).statistic)


def test_auc_is_that_of_the_judge_for_the_verdict_of_the_majority():
    majority = (PEOPLE >= 3).mean(axis=1) > 0.5
    assert ranks(pass_mark=3.0).auc.value == pytest.approx(roc_auc_score(majority, JUDGE))


def test_without_a_pass_mark_there_is_no_auc():
    assert ranks().auc.reason == "not_applicable"


def test_the_correlation_is_at_most_what_the_reliability_of_people_allows():
    limits = ranks().attenuation
    assert limits.correlation.value == pytest.approx(np.corrcoef(PEOPLE.mean(axis=1), JUDGE)[0, 1])
    assert limits.disattenuated.value == pytest.approx(
        limits.correlation.value / limits.max_correlation.value
    )


def test_a_lenient_judge_has_the_ranks_of_an_unbiased_one():
    shifted = ranks(judge=PEOPLE.mean(axis=1) + 1, scale=Scale.integers(1, 6))
    assert shifted.spearman.value == pytest.approx(1)


def test_a_single_person_has_neither_concordance_nor_a_limit():
    found = ranks(PEOPLE[:, :1])
    assert found.w.reason == "not_applicable"
    assert found.attenuation is None
    assert found.spearman.defined


def test_concordance_of_people_is_the_same_for_every_judge():
    both = make_ratings(PEOPLE, {"j": JUDGE, "k": JUDGE[::-1]})
    one, other = rank_agreements(make_aligned(both))
    assert one.w is other.w


def test_with_many_items_concordance_has_no_interval_but_the_same_value(monkeypatch):
    expected = ranks().w
    monkeypatch.setattr(rank_agreement, "_MOST_LEFT_OUT", 79)
    assert ranks().w.value == pytest.approx(expected.value)
    assert np.isnan(ranks().w.low)


def test_with_many_distinct_means_there_is_no_tau(monkeypatch):
    monkeypatch.setattr(rank_agreement, "_MOST_VALUES", 3)
    assert ranks().tau_b.reason == "not_applicable"


def test_unordered_labels_have_no_order():
    assert ranks(PEOPLE - 1, JUDGE - 1, scale=Scale(["a", "b", "c", "d", "e"], "nominal")) is None
