import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests

from judge.stats.judge_human.alt_test import AltTestPart, alt_test, alt_tests, omega_curve


def _ratings(seed=0, n=120, k=4, missing=0.15):
    rng = np.random.default_rng(seed)
    truth = rng.integers(1, 6, n)
    ratings = np.clip(truth[:, None] + rng.integers(-1, 2, (n, k + 1)), 1, 5).astype(float)
    ratings[rng.random(ratings.shape) < missing] = np.nan
    return ratings[:, 1:], ratings[:, 0]


def _slow(judge, humans, epsilon, closeness):
    """The test written down item by item."""
    p_values, rhos = [], []
    for h in range(humans.shape[1]):
        wins_judge, wins_human = [], []
        for i in range(len(judge)):
            others = [v for g, v in enumerate(humans[i]) if g != h and not math.isnan(v)]
            if not others or math.isnan(judge[i]) or math.isnan(humans[i, h]):
                continue
            if closeness == "accuracy":
                close = [sum(a == o for o in others) / len(others) for a in (judge[i], humans[i, h])]
            else:
                close = [
                    -math.sqrt(sum((a - o) ** 2 for o in others) / len(others))
                    for a in (judge[i], humans[i, h])
                ]
            wins_judge.append(close[0] >= close[1] - 1e-12)
            wins_human.append(close[1] >= close[0] - 1e-12)
        d = np.subtract(wins_human, wins_judge, dtype=float)
        if len(d) >= 30:
            p_values.append(stats.ttest_1samp(d, epsilon, alternative="less").pvalue)
        else:
            p_values.append(stats.wilcoxon(d - epsilon, alternative="less", method="approx").pvalue)
        rhos.append(np.mean(wins_judge))
    rejected = multipletests(p_values, 0.05, method="fdr_by")[0]
    return p_values, rejected.mean(), np.mean(rhos)


@pytest.mark.parametrize("closeness", ["accuracy", "rmse"])
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("n", [25, 120])
def test_equals_the_test_written_down_item_by_item(closeness, seed, n):
    humans, judge = _ratings(seed, n, missing=0.1 if n > 30 else 0.02)
    found = alt_test(humans, judge, epsilon=0.1, closeness=closeness, min_items=5)
    p_values, omega, rho = _slow(judge, humans, 0.1, closeness)
    np.testing.assert_allclose([r.p_value for r in found.raters], p_values, rtol=1e-9)
    assert found.winning_rate == omega
    assert found.advantage.value == pytest.approx(rho, rel=1e-12)


def test_clusters_of_one_item_give_the_papers_paired_t_test():
    humans, judge = _ratings()
    plain = alt_test(humans, judge, epsilon=0.1)
    single = alt_test(humans, judge, epsilon=0.1, clusters=np.arange(len(judge)))
    assert [r.p_value for r in plain.raters] == pytest.approx([r.p_value for r in single.raters])


def test_clusters_that_repeat_every_item_do_not_make_the_evidence_stronger():
    humans, judge = _ratings(n=60, missing=0)
    once = alt_test(humans, judge, epsilon=0.1)
    twice = alt_test(
        np.tile(humans, (2, 1)), np.tile(judge, 2), epsilon=0.1, clusters=np.tile(np.arange(60), 2)
    )
    assert [r.p_value for r in twice.raters] == pytest.approx([r.p_value for r in once.raters])
    naive = alt_test(np.tile(humans, (2, 1)), np.tile(judge, 2), epsilon=0.1)
    assert all(
        a.p_value < b.p_value for a, b in zip(naive.raters, once.raters, strict=True) if b.p_value < 0.4
    )


def test_judge_that_copies_a_person_ties_with_that_person_and_is_decided_by_epsilon_alone():
    humans, _ = _ratings(missing=0)
    for epsilon, preferred in ((0.0, False), (0.1, True)):
        copied = alt_test(humans, humans[:, 0], epsilon=epsilon).raters[0]
        assert copied.judge_wins == copied.human_wins == 1
        assert copied.judge_preferred is preferred
        assert copied.notes == ("degenerate",)


def test_consensus_of_all_people_wins_against_everyone():
    rng = np.random.default_rng(0)
    truth = rng.normal(3, 1, 200)
    humans = truth[:, None] + rng.normal(size=(200, 4))
    found = alt_test(humans, truth, epsilon=0.1, closeness="rmse")
    assert found.winning_rate == 1
    assert found.passes is True


def test_random_judge_loses_against_everyone():
    rng = np.random.default_rng(0)
    truth = rng.integers(1, 6, 200)
    humans = np.where(rng.random((200, 3)) < 0.1, 3, truth[:, None])
    found = alt_test(humans, rng.integers(1, 6, 200), epsilon=0.2)
    assert found.winning_rate == 0
    assert found.passes is False


@given(st.permutations(range(4)))
@settings(max_examples=10)
def test_order_of_people_and_relabelled_categories_change_nothing(order):
    humans, judge = _ratings()
    base = alt_test(humans, judge, epsilon=0.1)
    recode = np.array([np.nan, 30, 10, 50, 20, 40])

    def relabel(x):
        return np.where(np.isnan(x), np.nan, recode[np.nan_to_num(x).astype(int)])

    moved = alt_test(relabel(humans[:, order]), relabel(judge), epsilon=0.1)
    assert moved.winning_rate == base.winning_rate
    assert moved.advantage.value == pytest.approx(base.advantage.value)


def test_labels_are_compared_as_they_are():
    humans = [["a", "b", "a"]] * 40
    assert alt_test(humans, ["a"] * 40, epsilon=0.1).advantage.value == 1


def test_omega_never_falls_as_epsilon_rises_and_equals_the_test():
    humans, judge = _ratings()
    curve = omega_curve(humans, judge)
    omegas = [omega for _, omega in curve]
    assert omegas == sorted(omegas)
    for epsilon, omega in curve:
        assert alt_test(humans, judge, epsilon=epsilon).winning_rate == omega


def test_several_dimensions_share_one_correction():
    parts = {str(s): AltTestPart(*_ratings(s)) for s in range(3)}
    joint = alt_tests(parts, epsilon=0.1)
    raw = [r.p_value for result in joint.values() for r in result.raters]
    adjusted = [r.p_adjusted for result in joint.values() for r in result.raters]
    np.testing.assert_allclose(adjusted, multipletests(raw, method="fdr_by")[1])


def test_person_with_too_few_items_is_listed_and_not_tested():
    humans, judge = _ratings(missing=0)
    humans[20:, 0] = np.nan
    found = alt_test(humans, judge, epsilon=0.1)
    first = found.raters[0]
    assert (first.n_items, first.reason, first.judge_preferred) == (20, "too_few_items", False)
    assert math.isnan(first.p_value)
    tested = [r for r in found.raters if r.reason is None]
    assert found.winning_rate == np.mean([r.judge_preferred for r in tested])
    assert found.advantage.value == pytest.approx(np.mean([r.judge_wins for r in tested]))


def test_two_people_run_with_a_note():
    humans, judge = _ratings(k=2)
    assert alt_test(humans, judge, epsilon=0.1).notes == ("two_raters",)


@pytest.mark.parametrize(
    ("humans", "reason"),
    [
        (np.ones((40, 1)), "no_pairable_items"),
        (np.full((40, 3), np.nan), "no_pairable_items"),
        (np.ones((40, 0)), None),
    ],
)
def test_without_comparable_people_there_is_no_verdict(humans, reason):
    found = alt_test(humans, np.ones(40), epsilon=0.1)
    assert math.isnan(found.winning_rate)
    assert found.passes is None
    assert not found.advantage.defined
    assert found.advantage.reason in ("too_few_raters", "too_few_items")
    assert {r.reason for r in found.raters} == ({reason} if reason else set())


def test_all_items_in_one_cluster_cannot_be_tested():
    humans, judge = _ratings()
    found = alt_test(humans, judge, epsilon=0.1, clusters=["one"] * len(judge))
    assert {r.reason for r in found.raters} == {"too_few_clusters"}
    assert math.isnan(found.winning_rate)


def test_clusters_without_variation_between_them_are_decided_by_the_mean():
    # In each pair of items the judge beats the second person once and is beaten once: every mean is 0.
    humans = np.tile([[1.0, 2.0, 1.0], [1.0, 1.0, 1.0]], (20, 1))
    judge = np.tile([1.0, 2.0], 20)
    clusters = np.repeat(np.arange(20), 2)
    for epsilon, p_value in ((0.0, 1.0), (0.1, 0.0)):
        second = alt_test(humans, judge, epsilon=epsilon, clusters=clusters).raters[1]
        assert (second.judge_wins, second.human_wins) == (0.5, 0.5)
        assert (second.p_value, second.notes) == (p_value, ("degenerate",))


def test_few_clusters_are_noted():
    humans, judge = _ratings()
    found = alt_test(humans, judge, epsilon=0.1, clusters=np.arange(len(judge)) % 6)
    assert {r.notes for r in found.raters} == {("few_clusters",)}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"epsilon": -0.1}, "epsilon must lie in"),
        ({"epsilon": 1}, "epsilon must lie in"),
        ({"epsilon": 0.1, "q": 0}, "q must lie in"),
        ({"epsilon": 0.1, "min_items": 1}, "min_items must be at least 2"),
        ({"epsilon": 0.1, "closeness": "mae"}, "closeness must be 'accuracy' or 'rmse', got 'mae'"),
        ({"epsilon": 0.1, "clusters": [1]}, "clusters must hold one group per item"),
        ({"epsilon": 0.1, "scale": [1, 2, 3]}, "off the scale"),
    ],
)
def test_option_out_of_range_is_refused(options, message):
    humans, judge = _ratings()
    with pytest.raises(ValueError, match=message):
        alt_test(humans, judge, **options)
