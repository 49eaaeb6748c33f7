import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from judge.stats.pass_fail.proportion import mean
from judge.stats.systems.ranking import rank_intervals, ranking_agreement, system_means

grades = arrays(float, st.tuples(st.integers(2, 6), st.just(6)), elements=st.integers(1, 4))


def draw(rng, n=40, gap=0.3, systems=6, noise=1.0):
    quality = np.arange(systems) * gap
    difficulty = rng.normal(0, 1, (n, 1))
    return quality + difficulty + rng.normal(0, noise, (n, systems))


@given(st.data())
def test_agreement_of_means_matches_scipy(data):
    human = data.draw(grades)
    judge = data.draw(arrays(float, human.shape, elements=st.integers(1, 4)))
    h, j = human.mean(axis=0), judge.mean(axis=0)
    found = ranking_agreement(human, judge, method="jackknife")
    if np.ptp(h) == 0 or np.ptp(j) == 0:
        assert found.kendall_tau.reason == found.spearman.reason == found.pearson.reason == "no_variation"
        return
    # scipy compares floats; rounding makes equal means equal.
    h, j = h.round(9), j.round(9)
    assert found.kendall_tau.value == pytest.approx(stats.kendalltau(h, j).statistic)
    assert found.spearman.value == pytest.approx(stats.spearmanr(h, j).statistic)
    assert found.pearson.value == pytest.approx(stats.pearsonr(h, j).statistic, abs=1e-7)


@given(grades)
def test_pairwise_accuracy_of_means_counts_ties(human):
    judge = human[::-1]
    h, j = human.mean(axis=0).round(9), judge.mean(axis=0).round(9)
    pairs = [np.sign(h[s] - h[t]) == np.sign(j[s] - j[t]) for s in range(6) for t in range(s)]
    found = ranking_agreement(human, judge, method="jackknife")
    assert found.pairwise_accuracy.value == pytest.approx(np.mean(pairs))


def test_agreement_does_not_depend_on_the_order_of_systems():
    rng = np.random.default_rng(0)
    human, judge, order = draw(rng), draw(rng), rng.permutation(6)
    first = ranking_agreement(human, judge, method="jackknife")
    second = ranking_agreement(human[:, order], judge[:, order], method="jackknife")
    for name in ("kendall_tau", "spearman", "pearson", "pairwise_accuracy"):
        assert getattr(first, name).value == pytest.approx(getattr(second, name).value)
    # The other limits rest on draws, in which the systems have another order, too.
    assert first.pearson.low == pytest.approx(second.pearson.low)


def test_fewer_than_five_systems_show_means_but_no_agreement():
    rng = np.random.default_rng(1)
    found = ranking_agreement(draw(rng, systems=4), draw(rng, systems=4))
    assert np.isnan(found.kendall_tau.value)
    assert found.kendall_tau.reason == "not_applicable"
    assert found.kendall_tau.notes == ("few_systems",)
    assert all(e.defined for e in found.human_means + found.judge_means)


def test_clusters_of_copies_do_not_narrow_the_agreement():
    rng = np.random.default_rng(2)
    human, judge = draw(rng), draw(rng)
    lone = ranking_agreement(human, judge, method="jackknife").pearson
    groups = np.repeat(np.arange(40), 3)
    grouped = ranking_agreement(
        np.repeat(human, 3, axis=0), np.repeat(judge, 3, axis=0), clusters=groups, method="jackknife"
    ).pearson
    assert (grouped.low, grouped.high) == pytest.approx((lone.low, lone.high))


def test_system_means_are_the_means_of_the_columns():
    scores = np.array([[1, 5, np.nan], [2, 4, np.nan], [3, 4, 2]])
    found = system_means(scores, method="jackknife")
    assert [e.value for e in found] == pytest.approx([2, 13 / 3, 2])
    assert found[0] == mean(scores[:, 0], method="jackknife")
    assert found[2].n_items == 1


def test_system_without_scores_has_an_undefined_mean():
    assert system_means([[1, None], [2, None]], method="jackknife")[1].reason == "no_ratings"


def test_ranks_of_clearly_different_systems_are_certain():
    found = rank_intervals(draw(np.random.default_rng(3), n=200, gap=2), rng=0)
    assert [(e.low, e.value, e.high) for e in found] == [(r, r, r) for r in (6, 5, 4, 3, 2, 1)]


def test_ranks_of_equal_systems_span_all_ranks():
    found = rank_intervals(draw(np.random.default_rng(4), gap=0, noise=2, n=30), rng=0)
    assert np.mean([e.high - e.low for e in found]) > 3


def test_equal_means_share_the_better_rank():
    assert [e.value for e in rank_intervals([[1, 2, 1], [3, 4, 3]], rng=0)] == [2, 1, 2]


def test_rank_intervals_cover_the_true_rank():
    rng, hits = np.random.default_rng(5), 0
    for _ in range(60):
        found = rank_intervals(draw(rng, n=30), n_resamples=400, rng=rng)
        hits += sum(e.low <= 6 - s <= e.high for s, e in enumerate(found))
    assert hits / 360 > 0.95 - 3 * np.sqrt(0.95 * 0.05 / 60)


def test_ranks_from_one_item_have_no_interval():
    found = rank_intervals([[1, 2, 3]], rng=0)
    assert [e.value for e in found] == [3, 2, 1]
    assert found[0].reason == "too_few_clusters"


def test_ranking_a_system_without_scores_is_refused():
    with pytest.raises(ValueError, match=r"every system needs a score; columns without any: \[1\]"):
        rank_intervals([[1, None], [2, None]])


def test_list_instead_of_a_table_is_refused():
    with pytest.raises(ValueError, match=r"scores must have shape \(n_items, n_systems\), got \(3,\)"):
        system_means([1, 2, 3])


def test_missing_scores_are_left_out_of_the_means():
    rng = np.random.default_rng(6)
    human, judge = draw(rng), draw(rng)
    human[0, :] = np.nan
    found = ranking_agreement(human, judge, method="jackknife")
    expected = stats.pearsonr(human[1:].mean(axis=0), judge.mean(axis=0)).statistic
    assert found.pearson.value == pytest.approx(expected)


def test_limits_of_the_agreement_leave_open_the_order_of_pairs_that_are_not_told_apart():
    rng = np.random.default_rng(4)
    human, judge = draw(rng, n=200, gap=0.4), draw(rng, n=200, gap=0.4)
    judge[:, [0, 5]] = judge[:, [5, 0]]
    found = ranking_agreement(human, judge, rng=0)
    assert found.opposite_order >= 5
    assert found.same_order + found.opposite_order <= 15
    assert found.pairwise_accuracy.low == pytest.approx(found.same_order / 15)
    assert found.pairwise_accuracy.high == pytest.approx(1 - found.opposite_order / 15)
    assert found.kendall_tau.low == pytest.approx(2 * found.same_order / 15 - 1)
    assert found.kendall_tau.high == pytest.approx(1 - 2 * found.opposite_order / 15)
    assert found.kendall_tau.method == "simultaneous"


def test_agreement_of_the_true_means_lies_within_the_limits():
    rng = np.random.default_rng(5)
    covered = []
    for _ in range(60):
        quality = rng.normal(0, 0.3, 8)
        other = quality + rng.normal(0, 0.1, 8)
        human, judge = (means + rng.normal(0, 1, (50, 8)) for means in (quality, other))
        truth = stats.kendalltau(quality, other).statistic
        found = ranking_agreement(human, judge, rng=0, n_resamples=500).kendall_tau
        covered.append(found.low <= truth + 1e-9 and truth - 1e-9 <= found.high)
    assert np.mean(covered) >= 0.95


def test_one_cluster_gives_no_limits():
    rng = np.random.default_rng(6)
    found = ranking_agreement(draw(rng), draw(rng), clusters=np.zeros(40))
    assert np.isnan(found.kendall_tau.low)
    assert found.kendall_tau.reason == "too_few_clusters"


@pytest.mark.parametrize("n_systems", [0, 1])
def test_the_means_of_one_system_are_no_ranking(n_systems):
    found = ranking_agreement(np.ones((4, n_systems)), np.ones((4, n_systems)))
    assert len(found.human_means) == n_systems
    assert (found.kendall_tau.reason, found.pairwise_accuracy.reason) == ("not_applicable", "not_applicable")
