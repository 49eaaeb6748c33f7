"""Human ceiling where raters are slots: nothing may depend on the order of an item's ratings."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from judge.stats.exchangeable import exchangeable_ceiling
from judge.stats.resampling import Statistic

MEASURES = ["agreement", "kappa", "kappa_quadratic", "negated_mae"]


def drawn(seed, n=40, k=4, missing=0.2):
    rng = np.random.default_rng(seed)
    truth = rng.integers(1, 6, n)
    humans = np.clip(truth[:, None] + rng.integers(-1, 2, (n, k)), 1, 5).astype(float)
    humans[rng.random(humans.shape) < missing] = np.nan
    judge = np.clip(truth + rng.integers(-1, 2, n), 1, 5).astype(float)
    judge[rng.random(n) < missing / 2] = np.nan
    return judge, humans


def naive(judge, humans, measure):
    """People's and the judge's level, item by item and pair by pair."""
    pairs, crosses = [], []
    for j, row in zip(judge, humans, strict=True):
        x = row[~np.isnan(row)]
        if not np.isnan(j) and len(x) >= 2:
            pairs.append([(a, b) for i, a in enumerate(x) for k, b in enumerate(x) if i != k])
            crosses.append([(j, b) for b in x])

    def mean_of(function, groups):
        return np.mean([np.mean([function(a, b) for a, b in group]) for group in groups])

    if measure == "agreement":
        return mean_of(lambda a, b: a == b, pairs), mean_of(lambda a, b: a == b, crosses)
    if measure == "negated_mae":
        return mean_of(lambda a, b: -abs(a - b), pairs), mean_of(lambda a, b: -abs(a - b), crosses)
    distance = (lambda a, b: (a - b) ** 2) if measure == "kappa_quadratic" else (lambda a, b: float(a != b))
    points = np.arange(1, 6)
    margins = np.array([mean_of(lambda a, b, p=p: b == p, pairs) for p in points])
    own = np.array([mean_of(lambda a, b, p=p: a == p, crosses) for p in points])
    table = np.array([[distance(a, b) for b in points] for a in points])
    people = 1 - mean_of(distance, pairs) / (margins @ table @ margins)
    return people, 1 - mean_of(distance, crosses) / (own @ table @ margins)


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("seed", range(3))
def test_levels_are_those_of_the_pairs_counted_one_by_one(measure, seed):
    judge, humans = drawn(seed)
    found = exchangeable_ceiling(judge, humans, measure)
    people, model = naive(judge, humans, measure)
    assert found.human.value == pytest.approx(people, abs=1e-12)
    assert found.judge.value == pytest.approx(model, abs=1e-12)
    assert found.difference.value == pytest.approx(model - people, abs=1e-12)


@given(seed=st.integers(0, 1000), measure=st.sampled_from(MEASURES))
def test_reordering_the_ratings_of_each_item_changes_nothing(seed, measure):
    judge, humans = drawn(seed)
    shuffled = np.random.default_rng(seed).permuted(humans, axis=1)
    a, b = (exchangeable_ceiling(judge, table, measure) for table in (humans, shuffled))
    assert a.human.value == pytest.approx(b.human.value, abs=1e-12)
    assert a.difference.low == pytest.approx(b.difference.low, abs=1e-9)


def test_a_tolerance_counts_near_misses():
    found = exchangeable_ceiling([3.0, 3.0], [[3.0, 4.0], [1.0, 2.0]], "agreement", tolerance=1)
    assert (found.human.value, found.judge.value) == (1.0, 0.75)


def test_people_who_agree_by_chance_only_are_no_yardstick():
    rng = np.random.default_rng(0)
    humans = rng.integers(1, 6, (60, 3)).astype(float)
    found = exchangeable_ceiling(humans.mean(axis=1).round(), humans, "kappa_quadratic")
    assert "people_not_above_chance" in found.difference.notes


def test_without_an_item_of_judge_and_two_ratings_there_is_a_reason():
    found = exchangeable_ceiling([1.0, np.nan], [[2.0, np.nan], [1.0, 2.0]], "agreement")
    assert found.human.reason == found.difference.reason == "no_pairable_items"


def test_an_unknown_measure_is_refused():
    with pytest.raises(ValueError, match="measure must be one of"):
        exchangeable_ceiling([1.0], [[1.0, 2.0]], "alpha")


def test_statistics_can_be_resampled():
    judge, humans = drawn(1)
    found = exchangeable_ceiling(judge, humans, "kappa", clusters=np.arange(40) // 2)
    assert found.replicates is not None
    assert all(isinstance(s, Statistic) for s in found.replicates.statistics.values())
    assert found.human.n_clusters == 20
