import math
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from judge.stats.coefficients.alpha import alpha_statistic, krippendorff_alpha
from judge.stats.coefficients.correlation import pearson_statistic
from judge.stats.coefficients.distance import mean_absolute_error_statistic
from judge.stats.coefficients.kappa import cohen_statistic
from judge.stats.coefficients.percent_agreement import agreement_statistic
from judge.stats.engine.statistic import negated
from judge.stats.judge_human.ceiling import leave_one_out, pairwise_ceiling, swap

SCALE = [1, 2, 3, 4, 5]
kappa = partial(cohen_statistic, weights="quadratic", scale=SCALE)
alpha = partial(alpha_statistic, level="ordinal", scale=SCALE)
minus_mae = negated(mean_absolute_error_statistic)


def _ratings(seed=0, n=40, k=3, missing=0.15):
    rng = np.random.default_rng(seed)
    truth = rng.normal(3, 1, n)
    ratings = np.clip(np.round(truth[:, None] + 0.6 * rng.normal(size=(n, k + 1))), 1, 5)
    ratings[rng.random(ratings.shape) < missing] = np.nan
    return ratings[:, 1:], ratings[:, 0]


def _slow_leave_one_out(judge, humans, agreement):
    """Levels by loops and numpy only."""
    people, model = [], []
    for h in range(humans.shape[1]):
        others = np.delete(humans, h, axis=1)
        rows = [
            i
            for i in range(len(judge))
            if not math.isnan(judge[i]) and not math.isnan(humans[i, h]) and not np.isnan(others[i]).all()
        ]
        reference = np.array([np.nanmean(others[i]) for i in rows])
        people.append(agreement(humans[rows, h], reference))
        model.append(agreement(judge[rows], reference))
    return np.mean(people), np.mean(model)


@pytest.mark.parametrize("seed", range(5))
def test_leave_one_out_uses_the_same_items_and_reference_for_judge_and_person(seed):
    humans, judge = _ratings(seed)
    for builder, slow in (
        (pearson_statistic, lambda x, y: np.corrcoef(x, y)[0, 1]),
        (minus_mae, lambda x, y: -np.abs(x - y).mean()),
    ):
        found = leave_one_out(humans, judge, builder)
        human, model = _slow_leave_one_out(judge, humans, slow)
        assert found.human.value == pytest.approx(human, rel=1e-10)
        assert found.judge.value == pytest.approx(model, rel=1e-10)
        assert found.difference.value == pytest.approx(model - human, abs=1e-10)


@pytest.mark.parametrize("seed", range(3))
def test_jackknife_of_the_difference_equals_leaving_out_each_cluster_by_hand(seed):
    humans, judge = _ratings(seed)
    clusters = np.arange(40) // 3
    found = leave_one_out(humans, judge, pearson_statistic, clusters=clusters)
    correlation = lambda x, y: np.corrcoef(x, y)[0, 1]  # noqa: E731 - passed twice below
    values = []
    for c in np.unique(clusters):
        human, model = _slow_leave_one_out(judge[clusters != c], humans[clusters != c], correlation)
        values.append(model - human)
    n = len(values)
    se = math.sqrt((n - 1) / n * ((np.array(values) - np.mean(values)) ** 2).sum())
    assert found.difference.se == pytest.approx(se, rel=1e-9)


def test_bootstrap_of_the_difference_is_paired():
    humans, judge = _ratings(n=80)
    found = leave_one_out(humans, judge, pearson_statistic, method="bca", rng=0, n_resamples=2000)
    apart = math.hypot(found.human.se, found.judge.se)
    assert found.difference.se < apart
    assert found.difference.low < found.difference.value < found.difference.high


@given(st.integers(0, 10_000), st.integers(0, 2))
@settings(max_examples=25)
def test_judge_that_copies_a_person_has_exactly_that_persons_level(seed, copied):
    humans, _ = _ratings(seed, missing=0)
    for method, builder in (
        (leave_one_out, pearson_statistic),
        (pairwise_ceiling, agreement_statistic),
        (swap, alpha),
    ):
        found = method(humans, humans[:, copied], builder)
        row = found.per_human[copied]
        if method is leave_one_out or method is swap:
            assert row.difference.value == pytest.approx(0, abs=1e-12)
        else:
            # In pairs the copy also meets its original in the other people's rows, and agrees fully there.
            assert row.difference.value == pytest.approx(0, abs=1e-12)
            assert found.difference.value >= 0


def test_swap_of_identical_raters_changes_nothing():
    one = np.tile([1.0, 2, 3, 4, 5, 3], 5)
    found = swap(np.column_stack([one] * 3), one, alpha)
    assert found.human.value == found.judge.value == 1
    assert found.difference.value == 0
    assert -0.1 < found.difference.low < 0 < found.difference.high < 0.1
    alone = swap(np.column_stack([one] * 3), one, alpha, method="jackknife")
    assert alone.difference.reason == "no_variation"


def test_swap_is_alpha_with_the_judge_in_each_persons_place():
    humans, judge = _ratings(missing=0)
    found = swap(humans, judge, alpha)
    people = krippendorff_alpha(humans, level="ordinal", scale=SCALE).value
    replaced = []
    for h in range(3):
        table = humans.copy()
        table[:, h] = judge
        replaced.append(krippendorff_alpha(table, level="ordinal", scale=SCALE).value)
    assert found.human.value == pytest.approx(people)
    assert found.judge.value == pytest.approx(np.mean(replaced))
    assert found.difference.value == pytest.approx(np.mean(replaced) - people)


def test_swapped_judge_rates_only_where_the_person_did():
    humans, judge = _ratings(seed=2, missing=0.3)
    found = swap(humans, judge, alpha)
    h = 1
    table = humans.copy()
    table[np.isnan(judge) & ~np.isnan(humans[:, h])] = np.nan
    people = krippendorff_alpha(table, level="ordinal", scale=SCALE).value
    table[:, h] = np.where(np.isnan(table[:, h]), np.nan, judge)
    assert found.per_human[h].agreement.value == pytest.approx(people)
    assert found.per_human[h].judge.value == pytest.approx(
        krippendorff_alpha(table, level="ordinal", scale=SCALE).value
    )


def test_pairwise_levels_are_means_over_pairs():
    humans, judge = _ratings(missing=0)
    found = pairwise_ceiling(humans, judge, agreement_statistic)
    pairs = [(humans[:, a] == humans[:, b]).mean() for a, b in ((0, 1), (0, 2), (1, 2))]
    assert found.human.value == pytest.approx(np.mean(pairs))
    assert found.judge.value == pytest.approx(np.mean([(judge == humans[:, h]).mean() for h in range(3)]))
    assert found.human.method == "wilson"


def test_pairwise_works_for_labels():
    humans = [["a", "b"], ["b", "b"], ["c", "c"], ["a", "a"]]
    found = pairwise_ceiling(humans, ["a", "b", "c", "c"], cohen_statistic)
    # People: 3 of 4 agree, chance 5/16: (.75 - .3125)/(1 - .3125).
    assert found.human.value == pytest.approx((0.75 - 0.3125) / (1 - 0.3125))


def test_majority_reference_serves_kappa_on_the_declared_scale():
    humans, judge = _ratings(missing=0)
    found = leave_one_out(humans, judge, kappa, reference="majority_low", scale=SCALE)
    assert found.human.defined
    assert found.judge.n_items == 40


def test_order_of_people_and_items_changes_nothing():
    humans, judge = _ratings(n=30)
    base = leave_one_out(humans, judge, pearson_statistic)
    rows, columns = np.random.default_rng(1).permutation(30), [2, 0, 1]
    moved = leave_one_out(humans[np.ix_(rows, columns)], judge[rows], pearson_statistic)
    for name in ("human", "judge", "difference"):
        a, b = getattr(base, name), getattr(moved, name)
        assert (a.value, a.low, a.high) == pytest.approx((b.value, b.low, b.high))


def test_difference_at_another_level_comes_from_the_same_resamples():
    found = leave_one_out(*_ratings(), pearson_statistic, method="bca", rng=3, n_resamples=500)
    narrow = found.difference_at(0.8)
    assert found.difference.low < narrow.low < narrow.high < found.difference.high
    assert narrow.seed == found.difference.seed == 3


def test_sizes_count_items_with_the_judge_and_two_people():
    humans = np.array([[1, 2], [2, np.nan], [3, 3], [4, 5], [np.nan, np.nan]])
    found = leave_one_out(humans, [1, 2, np.nan, 4, 5], minus_mae)
    assert found.difference.n_items == 2  # items 0 and 3
    assert found.difference.n_ratings == 6
    assert found.difference.n_clusters == 5  # the frame keeps clusters that contribute nothing


def test_one_person_is_no_ceiling_but_the_judge_is_compared_with_that_person():
    found = leave_one_out([[1], [2], [4], [5]], [1, 2, 3, 5], agreement_statistic)
    assert found.human.reason == found.difference.reason == "too_few_raters"
    assert found.judge.value == 0.75
    assert found.per_human == ()
    assert pairwise_ceiling([[1], [2]], [1, 2], agreement_statistic).judge.value == 1
    assert swap([[1], [2]], [1, 2], alpha).difference.reason == "too_few_raters"


def test_no_person_at_all_leaves_everything_undefined():
    found = leave_one_out(np.empty((2, 0)), [1, 2], agreement_statistic)
    assert found.human.reason == found.judge.reason == found.difference.reason == "too_few_raters"
    assert math.isnan(found.difference_at(0.9).value)
    assert found.difference_at(0.9).confidence_level == 0.9


def test_people_who_share_no_item_have_no_ceiling():
    humans = np.array([[1, np.nan], [2, np.nan], [np.nan, 3], [np.nan, 4]])
    found = leave_one_out(humans, [1, 2, 3, 4], pearson_statistic)
    assert found.difference.reason == "no_pairable_items"
    assert found.undefined_humans == (0, 1)


def test_empty_ratings_have_no_ceiling():
    assert leave_one_out(np.ones((3, 2)), [np.nan] * 3, pearson_statistic).difference.reason == "no_ratings"
    assert leave_one_out(np.empty((0, 3)), [], pearson_statistic).difference.reason == "no_ratings"


def test_person_without_variation_is_left_out_and_listed():
    humans, judge = _ratings(missing=0)
    humans = np.column_stack([humans, np.full(40, 3.0)])
    found = leave_one_out(humans, judge, pearson_statistic)
    assert found.undefined_humans == (3,)
    assert found.human.value == pytest.approx(np.mean([row.agreement.value for row in found.per_human]))


def test_analytic_interval_is_refused():
    with pytest.raises(ValueError, match="'analytic' is not available for a ceiling"):
        leave_one_out(*_ratings(), pearson_statistic, method="analytic")


def test_people_who_agree_only_by_chance_are_no_yardstick_and_it_is_said():
    rng = np.random.default_rng(0)
    humans, judge = rng.normal(size=(60, 3)), rng.normal(size=60)
    found = leave_one_out(humans, judge, pearson_statistic)
    for estimate in (found.human, found.judge, found.difference, found.difference_at(0.9)):
        assert "people_not_above_chance" in estimate.notes
    # A negative mean error is no such thing, and people who agree need no note.
    assert leave_one_out(humans, judge, minus_mae).human.notes == ()
    assert leave_one_out(*_ratings(n=80), pearson_statistic).human.notes == ()


@pytest.mark.parametrize(("missing", "n_built"), [(0, 3 + 3), (1, 3 + 3 * 2)])
def test_judge_and_a_person_are_compared_once_for_each_set_of_shared_items(missing, n_built):
    built = []

    def agreement(human, judge):
        built.append(1)
        return pearson_statistic(human, judge)

    humans = np.random.default_rng(0).normal(size=(20, 3))
    for person in range(3 * missing):
        humans[person, person] = np.nan
    pairwise_ceiling(humans, humans.sum(axis=1) if not missing else np.arange(20.0), agreement)
    assert len(built) == n_built


def test_unequal_clusters_widen_the_interval_of_every_level():
    humans, judge = _ratings()
    n = len(judge)
    even = np.arange(n) // 2
    uneven = np.minimum(np.arange(n), n // 2 - 1)  # as many clusters, half of the items in the last
    for name in ("human", "judge", "difference"):
        of_even, of_uneven = (
            getattr(leave_one_out(humans, judge, pearson_statistic, clusters=c), name) for c in (even, uneven)
        )
        assert of_uneven.df < 4 < of_even.df, name
