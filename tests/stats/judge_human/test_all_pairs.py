"""Levels of many raters from one stack of rows equal those of one pair after the other."""

from collections.abc import Callable
from functools import partial

import numpy as np
import pytest

from judge.analysis.agreement.human_human import _mean_over_pairs
from judge.stats import Ceiling, Estimate, SamplingDesign
from judge.stats.coefficients.correlation import concordance_statistic, pearson_statistic
from judge.stats.coefficients.distance import mean_absolute_error_statistic
from judge.stats.coefficients.kappa import cohen_statistic
from judge.stats.coefficients.multi_rater_kappa import ac_statistic
from judge.stats.coefficients.percent_agreement import agreement_statistic
from judge.stats.engine.resampling import estimate
from judge.stats.engine.statistic import negated
from judge.stats.judge_human import all_pairs
from judge.stats.judge_human.ceiling import leave_one_out, pairwise_ceiling

POINTS = [1, 2, 3, 4, 5]
PAIRS = {
    "same score": agreement_statistic,
    "within one": partial(agreement_statistic, tolerance=1),
    "concordance": concordance_statistic,
    "kappa": partial(cohen_statistic, scale=POINTS),
    "kappa of three points": partial(cohen_statistic, weights="linear"),
    "AC1": partial(ac_statistic, scale=POINTS),
}
OTHERS = {"Pearson": pearson_statistic, "distance": negated(mean_absolute_error_statistic)}
Call = Callable[..., Ceiling]


def ratings(seed: int, n_items: int, n_raters: int, share: float) -> tuple[np.ndarray, np.ndarray]:
    """Ratings of some of the raters, and of a judge that skips items."""
    rng = np.random.default_rng(seed)
    quality = rng.normal(3, 1, n_items)
    humans = np.clip(np.round(quality[:, None] + rng.normal(0, 0.8, (n_items, n_raters))), 1, 5)
    humans[rng.random(humans.shape) > share] = np.nan
    judge = np.clip(np.round(quality + rng.normal(0, 0.6, n_items)), 1, 5)
    judge[rng.random(n_items) < 0.1] = np.nan
    return humans, judge


@pytest.fixture
def both_ways(monkeypatch: pytest.MonkeyPatch) -> Callable[[Call], tuple[Ceiling, Ceiling]]:
    """Call with all raters in one stack, and with one pair after the other."""

    def call(function: Call) -> tuple[Ceiling, Ceiling]:
        monkeypatch.setattr(all_pairs, "FEW_RATERS", 0)
        stacked = function()
        monkeypatch.setattr(all_pairs, "FEW_RATERS", 1_000)
        return stacked, function()

    return call


def assert_same_estimate(found: Estimate, expected: Estimate) -> None:
    for name in ("value", "low", "high", "se", "df"):
        assert getattr(found, name) == pytest.approx(
            getattr(expected, name), rel=1e-9, abs=1e-9, nan_ok=True
        ), name
    for name in ("n_items", "n_ratings", "n_clusters", "n_dropped", "reason", "notes", "method", "possible"):
        assert getattr(found, name) == getattr(expected, name), name


def assert_same(found: Ceiling, expected: Ceiling) -> None:
    assert found.undefined_humans == expected.undefined_humans
    assert [row.human for row in found.per_human] == [row.human for row in expected.per_human]
    for one, other in zip((found, *found.per_human), (expected, *expected.per_human), strict=True):
        people = (one.human, other.human) if isinstance(one, Ceiling) else (one.agreement, other.agreement)
        assert_same_estimate(*people)
        assert_same_estimate(one.judge, other.judge)
        assert_same_estimate(one.difference, other.difference)
    assert_same_estimate(found.difference_at(0.9), expected.difference_at(0.9))
    assert found.jackknife_of_raters() == pytest.approx(expected.jackknife_of_raters(), abs=1e-9, nan_ok=True)


@pytest.mark.parametrize("is_clustered", [False, True])
@pytest.mark.parametrize(
    ("seed", "n_items", "share"), [(0, 60, 0.5), (1, 40, 0.25), (2, 12, 0.3), (3, 80, 1.0)]
)
@pytest.mark.parametrize("name", PAIRS)
def test_stacked_pairs_equal_one_pair_after_the_other(both_ways, name, seed, n_items, share, is_clustered):
    humans, judge = ratings(seed, n_items, 6, share)
    options = {"clusters": np.arange(n_items) // 3} if is_clustered else {}
    assert_same(
        *both_ways(
            lambda: pairwise_ceiling(humans, judge, PAIRS[name], method="jackknife", **options),
        )
    )


@pytest.mark.parametrize("reference", ["mean", "median", "majority"])
@pytest.mark.parametrize("is_clustered", [False, True])
@pytest.mark.parametrize(("seed", "n_items", "share"), [(0, 60, 0.5), (1, 40, 0.25), (2, 9, 0.3)])
@pytest.mark.parametrize("name", OTHERS)
def test_stacked_people_equal_one_person_after_the_other(
    both_ways, name, seed, n_items, share, is_clustered, reference
):
    humans, judge = ratings(seed, n_items, 6, share)
    options = {"clusters": np.arange(n_items) // 3} if is_clustered else {}
    assert_same(
        *both_ways(lambda: leave_one_out(humans, judge, OTHERS[name], reference=reference, **options))
    )


def test_levels_of_single_people_are_computed_where_they_are_asked_for(monkeypatch):
    humans, judge = ratings(0, 60, 14, 0.5)
    found = pairwise_ceiling(humans, judge, agreement_statistic)
    computed = []
    monkeypatch.setattr(
        all_pairs, "mean_level", lambda *given, mean=all_pairs.mean_level: computed.append(1) or mean(*given)
    )
    assert found.human.defined
    assert not computed
    assert len(found.per_human) == 14
    assert computed


@pytest.mark.parametrize("name", PAIRS)
def test_chunks_of_groups_do_not_change_the_levels(both_ways, monkeypatch, name):
    humans, judge = ratings(4, 50, 7, 0.5)
    monkeypatch.setattr(all_pairs, "_CHUNK", 40)
    assert_same(*both_ways(lambda: pairwise_ceiling(humans, judge, PAIRS[name], method="jackknife")))


@pytest.mark.parametrize("name", ["same score", "concordance", "kappa", "AC1"])
def test_raters_who_share_nothing_are_undefined_both_ways(both_ways, name):
    humans, judge = ratings(5, 60, 6, 0.4)
    humans[:, 2] = np.nan
    humans[:30, 3], humans[30:, 4] = np.nan, np.nan
    assert_same(*both_ways(lambda: pairwise_ceiling(humans, judge, PAIRS[name], method="jackknife")))


@pytest.mark.parametrize("level", [pairwise_ceiling, leave_one_out])
@pytest.mark.parametrize(
    "problem", ["no judge", "nothing shared", "one item", "one pair of ratings", "no people"]
)
def test_reasons_are_the_same_both_ways(both_ways, level, problem):
    humans, judge = ratings(6, 30, 5, 1.0)
    if problem == "no judge":
        judge[:] = np.nan
    elif problem == "nothing shared":
        humans = np.where(np.arange(30)[:, None] % 5 == np.arange(5), humans, np.nan)
    elif problem == "one item":
        humans[1:] = np.nan
    elif problem == "one pair of ratings":
        humans[:, 2:], humans[1:, 1] = np.nan, np.nan
    else:
        humans[:] = np.nan
    assert_same(*both_ways(lambda: level(humans, judge, concordance_statistic)))


def test_perfect_agreement_has_the_same_note_and_no_interval_both_ways(both_ways):
    humans, judge = ratings(7, 30, 4, 1.0)
    humans[:] = humans[:, :1]
    stacked, expected = both_ways(lambda: pairwise_ceiling(humans, judge, PAIRS["kappa"], method="jackknife"))
    assert_same(stacked, expected)
    assert stacked.human.value == 1


def test_one_category_throughout_is_noted_both_ways(both_ways):
    humans, judge = np.full((20, 4), 3.0), np.tile([3.0, 4.0], 10)
    stacked, expected = both_ways(lambda: pairwise_ceiling(humans, judge, PAIRS["AC1"]))
    assert_same(stacked, expected)
    assert "single_category_observed" in stacked.human.notes


def test_designs_and_bootstrap_intervals_do_not_stack():
    assert all_pairs.are_many(100, {})
    assert not all_pairs.are_many(100, {"design": SamplingDesign([0.5, 0.5])})
    assert not all_pairs.are_many(100, {"method": "bca"})
    assert not all_pairs.are_many(5, {})


@pytest.mark.parametrize("is_clustered", [False, True])
@pytest.mark.parametrize("name", ["concordance", "kappa"])
@pytest.mark.parametrize(("seed", "n_items", "share"), [(0, 60, 0.5), (1, 40, 0.25), (2, 12, 0.3)])
def test_the_mean_over_pairs_equals_the_average_of_the_statistics(name, seed, n_items, share, is_clustered):
    humans, _ = ratings(seed, n_items, 6, share)
    humans[:, 5] = np.nan
    clusters = {"clusters": np.arange(n_items) // 3} if is_clustered else {}
    if name == "kappa":
        expected = estimate(cohen_statistic(humans, scale=POINTS), method="jackknife", **clusters)
    else:
        expected = estimate(_mean_over_pairs(humans, concordance_statistic), method="jackknife", **clusters)
    assert_same_estimate(
        all_pairs.mean_over_pairs(humans, PAIRS[name], clusters, lists_undefined=name == "kappa"), expected
    )


def test_people_who_share_no_item_have_no_mean_over_pairs():
    humans = np.where(np.eye(4) > 0, 3.0, np.nan)
    assert all_pairs.mean_over_pairs(humans, concordance_statistic, {}) is None
