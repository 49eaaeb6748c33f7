"""The interval of pairwise accuracy."""

import numpy as np
import pytest
from scipy import stats

from judge.stats.judge_human.pairwise import pairwise_accuracy, tie_calibration


def _scores(n=8, systems=4):
    rng = np.random.default_rng(3)
    human = rng.integers(1, 6, (n, systems)).astype(float)
    return human, human + rng.normal(0, 1.5, human.shape)


@pytest.mark.parametrize("level", [0.8, 0.95])
@pytest.mark.parametrize("grouping", ["none", "system"])
def test_the_interval_is_wilsons_with_students_quantile_and_the_effective_number(grouping, level):
    human, judge = _scores()
    found = pairwise_accuracy(human, judge, grouping=grouping, confidence_level=level)
    p, n = found.value, found.value * (1 - found.value) / found.se**2
    t = stats.t.ppf((1 + level) / 2, found.n_clusters - 1)
    centre, half = p + t**2 / (2 * n), t * np.sqrt(p * (1 - p) / n + t**2 / (4 * n**2))
    assert found.low == pytest.approx((centre - half) / (1 + t**2 / n))
    assert found.high == pytest.approx((centre + half) / (1 + t**2 / n))


def test_the_standard_error_leaves_out_each_item():
    human, judge = _scores()

    def accuracy(rows):
        return np.mean(
            [
                (h[a] - h[b]) * (j[a] - j[b]) > 0 if j[a] != j[b] else h[a] == h[b]
                for h, j in zip(human[rows], judge[rows], strict=True)
                for a in range(4)
                for b in range(a)
            ]
        )

    left_out = np.array([accuracy(np.arange(8) != i) for i in range(8)])
    found = pairwise_accuracy(human, judge, grouping="item")
    assert found.value == pytest.approx(accuracy(np.arange(8)))
    assert found.se == pytest.approx(np.sqrt(7 / 8 * ((left_out - left_out.mean()) ** 2).sum()))


@pytest.mark.parametrize("grouping", ["none", "system"])
def test_cross_validated_accuracy_counts_the_ratings_and_items_of_both_halves(grouping):
    human, judge = _scores(n=9)
    human[0, 0] = np.nan
    found = tie_calibration(human, judge, grouping=grouping, rng=0).cross_validated
    assert (found.n_items, found.n_ratings) == (9, 2 * 35)


@pytest.mark.parametrize(("gap", "right"), [(0.0, 0), (4e-10, 0), (6e-10, 1), (4e-9, 1)])
def test_scores_of_the_judge_are_tied_up_to_the_ninth_decimal(gap, right):
    found = pairwise_accuracy([[1, 2], [1, 2], [1, 2]], [[1, 1 + gap]] * 3)
    assert found.value == right
