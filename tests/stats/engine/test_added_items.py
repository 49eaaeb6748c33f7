"""Items added to few items: cells, rows of totals, sizes, sides, and the interval of a mean of kappas."""

import math

import numpy as np
import pytest
from scipy.stats import t

from judge.stats import SamplingDesign, cohen_kappa
from judge.stats.coefficients.alpha import alpha_statistic
from judge.stats.coefficients.correlation import concordance_statistic
from judge.stats.coefficients.kappa import cohen_statistic
from judge.stats.engine.added_items import MOST_ITEMS, cells_of_added_items, in_share
from judge.stats.engine.resampling import average, difference, estimate, replicate
from judge.stats.judge_human.ceiling import pairwise_ceiling, swap

POINTS = [1, 2, 3, 4, 5]


def ratings(seed: int, n_items: int, n_raters: int) -> np.ndarray:
    """Ratings on 1 to 5, most of them 5."""
    rng = np.random.default_rng(seed)
    quality = rng.normal(1.8, 1, n_items)
    return np.clip(np.round(4 + quality[:, None] + rng.normal(0, 0.7, (n_items, n_raters))), 1, 5)


def kappa(table: np.ndarray) -> float:
    """Quadratic kappa of a table of counts, from its definition."""
    k = np.arange(len(table))
    distances, share = (k[:, None] - k) ** 2, table / table.sum()
    return 1 - (distances * share).sum() / (share.sum(1) @ distances @ share.sum(0))


def mean_kappa(tables: list[np.ndarray]) -> float:
    return float(np.mean([kappa(table) for table in tables]))


def test_limits_are_those_of_a_jackknife_of_tables_with_two_items_added():
    """An independent computation: tables of every pair, an item left out, t limits on artanh(kappa)."""
    values = ratings(0, 20, 3).astype(int) - 1
    pairs = [(0, 1), (0, 2), (1, 2)]
    agree, spread = np.eye(5) / 5, np.full((5, 5), 1 / 25)
    beside = (np.eye(5, k=1) + np.eye(5, k=-1)) / 8

    def tables(without: int = -1) -> list[np.ndarray]:
        found = []
        for a, b in pairs:
            table = agree + spread
            np.add.at(table, tuple(np.delete(values, without, axis=0)[:, [a, b]].T), 1)
            if without < 0:
                table[values[-1, a], values[-1, b]] += 1  # numpy leaves out the last item
            found.append(table)
        return found

    centre = mean_kappa(tables())
    left_out = [mean_kappa(tables(i)) for i in range(20)]
    left_out += [mean_kappa([table - kind for table in tables()]) for kind in (agree, spread)]
    left_out += [2 * centre - mean_kappa([table + beside for table in tables()]), centre]
    deviations = np.array(left_out) - np.mean(left_out)
    se = math.sqrt(23 / 24 * deviations @ deviations)
    margin = t.ppf(0.975, 19) * se / (1 - centre**2)
    found = cohen_kappa(values + 1, weights="quadratic", scale=POINTS)
    expected = np.tanh([math.atanh(centre) - margin, math.atanh(centre) + margin])
    assert (found.low, found.high) == pytest.approx(expected, abs=1e-12)
    assert found.se == pytest.approx(se)
    assert found.df == 19


@pytest.mark.parametrize("kind", range(4))
def test_each_kind_is_one_item(kind):
    assert cells_of_added_items(5)[kind].sum() == pytest.approx(0 if kind == 3 else 1)


def test_concordance_of_scores_on_a_scale_has_the_interval_of_quadratic_kappa():
    human, judge = ratings(1, 30, 2).T
    of_scores = estimate(concordance_statistic(human, judge, scale=np.array(POINTS, dtype=float)))
    of_cells = estimate(cohen_statistic(human, judge, weights="quadratic", scale=POINTS))
    assert (of_scores.low, of_scores.high) == pytest.approx((of_cells.low, of_cells.high))
    assert of_scores.method == "adjusted"


def test_without_a_scale_concordance_has_the_plain_jackknife():
    assert estimate(concordance_statistic(*ratings(1, 30, 2).T)).method == "jackknife"


def test_perfect_agreement_of_several_raters_has_a_lower_limit_below_one():
    few, many = (cohen_kappa(np.tile([[1] * 3, [2] * 3], (n, 1))) for n in (5, 50))
    assert (few.value, few.high, few.reason) == (1, 1, None)
    assert few.low < many.low < 1


def test_limits_contain_the_estimate():
    """Fewer disagreements than the added items have move the limits below it."""
    table = np.full((60, 3), 5)
    table[0] = [1, 1, 2]
    found = cohen_kappa(table, weights="quadratic", scale=POINTS)
    assert found.low <= found.value <= found.high <= 1


def test_the_interval_changes_little_where_the_plain_jackknife_takes_over():
    values = ratings(2, MOST_ITEMS, 4)
    added, plain = (cohen_kappa(values, method=method, scale=POINTS) for method in ("auto", "jackknife"))
    assert added.method == "adjusted"
    assert (added.low, added.high) == pytest.approx((plain.low, plain.high), abs=0.01)


def test_pairs_that_share_few_items_have_a_small_share_of_the_added_items():
    """Thirty pairs of five items each would otherwise have more added than rated."""
    values = np.full((150, 60), np.nan)
    for pair in range(30):
        values[pair * 5 : pair * 5 + 5, 2 * pair : 2 * pair + 2] = [[1, 1], [2, 2], [1, 1], [2, 2], [1, 2]]
    found = cohen_kappa(values, scale=[1, 2])
    assert found.low == pytest.approx(cohen_kappa(values, scale=[1, 2], method="jackknife").low, abs=0.05)


def test_a_statistic_without_added_items_is_as_it_was_in_any_share():
    plain = concordance_statistic([1, 2, 3], [1, 2, 2])
    assert in_share(plain, 30) is plain


def test_a_mean_with_one_part_without_added_items_has_none():
    parts = cohen_statistic([1, 2, 3], [1, 2, 2]), concordance_statistic([1, 2, 3], [1, 2, 2])
    assert average(*parts).added is None


def test_a_difference_counts_an_item_on_each_side():
    """Two judges who agree with a person equally, on all items, differ by 0; the interval has a width."""
    human = np.array([1, 2, 3, 4] * 5)
    statistics = {name: cohen_statistic(human, human, scale=POINTS[:4]) for name in "ab"}
    found = estimate(difference(statistics["a"], statistics["b"]))
    assert (found.value, found.low) == (0, pytest.approx(-found.high))
    assert found.high > 0


def test_clusters_keep_their_degrees_of_freedom():
    values, clusters = ratings(3, 30, 3), np.arange(30) // 3
    found = cohen_kappa(values, clusters=clusters, scale=POINTS)
    assert found.df == pytest.approx(9)
    assert found.n_clusters == 10


def test_a_sampling_design_has_no_added_items():
    found = cohen_kappa(ratings(4, 30, 3), scale=POINTS, design=SamplingDesign([0.5] * 30))
    assert found.method == "jackknife"


def test_levels_of_a_ceiling_are_means_of_adjusted_kappas():
    values = ratings(5, 25, 4)
    found = pairwise_ceiling(values[:, :3], values[:, 3], lambda a, b: cohen_statistic(a, b, scale=POINTS))
    expected = cohen_kappa(values[:, :3], scale=POINTS)
    assert found.human.method == "adjusted"
    assert (found.human.low, found.human.high) == pytest.approx((expected.low, expected.high))


def test_a_judge_as_good_as_people_who_all_agree_has_an_interval_of_the_difference():
    values = np.tile(np.array(POINTS)[:, None], (4, 4))
    found = pairwise_ceiling(values[:, :3], values[:, 3], lambda a, b: cohen_statistic(a, b, scale=POINTS))
    assert found.difference.value == 0
    assert -1 < found.difference.low < 0 < found.difference.high < 1


def test_coverage_of_the_mean_kappa_of_three_people_on_very_skewed_margins():
    """Fourteen items, most of them 5: a jackknife of the items alone covered .77."""
    rng, hits, n = np.random.default_rng(6), 0, 200
    cuts, truth = np.array([-2.4, -2.0, -1.6, -1.0]), 0.4478
    for _ in range(n):
        quality = rng.normal(size=(14, 1)) + 0.8 * rng.normal(size=(14, 3))
        values = 1 + (quality[:, :, None] > cuts).sum(axis=2)
        found = replicate({"": cohen_statistic(values, weights="quadratic", scale=POINTS)}).estimate("")
        hits += np.isnan(found.low) or found.low <= truth <= found.high
    assert hits / n > 0.95 - 3 * np.sqrt(0.95 * 0.05 / n)


def test_levels_of_which_one_has_too_many_categories_have_no_added_items():
    """A judge whose scores are means takes the place of a person, so that alpha has 20 values."""
    values = ratings(7, 40, 3)
    judge = values.mean(axis=1) + np.arange(40) / 100
    found = swap(values, judge, lambda x: alpha_statistic(x, level="interval"))
    assert found.human.method == found.judge.method == "jackknife"
