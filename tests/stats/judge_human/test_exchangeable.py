import math
from itertools import combinations

import numpy as np
import pytest

from judge.stats.coefficients.distance import mean_absolute_error_statistic
from judge.stats.coefficients.multi_rater_kappa import fleiss_statistic
from judge.stats.coefficients.percent_agreement import percent_agreement
from judge.stats.judge_human.ceiling import pairwise_ceiling
from judge.stats.judge_human.exchangeable import exchangeable_ceiling

NAN = math.nan
MEASURES = ["agreement", "kappa", "kappa_quadratic", "negated_mae"]


def ratings(seed=0, n=40, slots=4, missing=0.3):
    rng = np.random.default_rng(seed)
    latent = rng.normal(size=(n, 1)) + 0.8 * rng.normal(size=(n, slots + 1))
    table = np.clip(np.round(3 + 1.2 * latent), 1, 5)
    table[rng.random(table.shape) < missing] = NAN
    return table[:, 0], table[:, 1:]


def by_hand(judge, humans, loss):
    """Mean loss of a random pair of ratings, of judge and random rating, and both by chance; by loops."""
    items = [
        (j, row[~np.isnan(row)])
        for j, row in zip(judge, humans, strict=True)
        if not np.isnan(j) and (~np.isnan(row)).sum() >= 2
    ]
    people = np.mean([np.mean([loss(a, b) for a, b in combinations(x, 2)]) for _, x in items])
    model = np.mean([np.mean([loss(j, a) for a in x]) for j, x in items])
    chance_people = np.mean(
        [[np.mean([[loss(a, b) for a in x] for b in y]) for _, x in items] for _, y in items]
    )
    chance_model = np.mean([[np.mean([loss(j, a) for a in x]) for j, _ in items] for _, x in items])
    return people, model, chance_people, chance_model


def levels(found):
    return found.human.value, found.judge.value


def test_agreement_is_that_of_pairs_drawn_within_an_item():
    judge, humans = ratings()
    people, model, _, _ = by_hand(judge, humans, lambda a, b: float(abs(a - b) <= 1))
    assert levels(exchangeable_ceiling(humans, judge, tolerance=1)) == pytest.approx((people, model))


def test_distance_is_that_of_pairs_drawn_within_an_item():
    judge, humans = ratings(1)
    people, model, _, _ = by_hand(judge, humans, lambda a, b: abs(a - b))
    assert levels(exchangeable_ceiling(humans, judge, "negated_mae")) == pytest.approx((-people, -model))


@pytest.mark.parametrize(
    ("measure", "loss"),
    [("kappa", lambda a, b: float(a != b)), ("kappa_quadratic", lambda a, b: (a - b) ** 2)],
)
def test_kappa_takes_chance_from_pooled_margins(measure, loss):
    judge, humans = ratings(2, n=25)
    people, model, chance_people, chance_model = by_hand(judge, humans, loss)
    expected = 1 - people / chance_people, 1 - model / chance_model
    assert levels(exchangeable_ceiling(humans, judge, measure)) == pytest.approx(expected)


@pytest.mark.parametrize(("measure", "weights"), [("kappa", None), ("kappa_quadratic", "quadratic")])
def test_kappa_of_people_is_that_of_fleiss(measure, weights):
    judge, humans = ratings(3, missing=0.0)
    expected = fleiss_statistic(humans, weights=weights).value()
    assert exchangeable_ceiling(humans, judge, measure).human.value == pytest.approx(expected)


@pytest.mark.parametrize("measure", MEASURES)
def test_order_of_the_ratings_of_an_item_does_not_matter(measure):
    judge, humans = ratings(4)
    shuffled = np.random.default_rng(0).permuted(humans, axis=1)
    first, second = (exchangeable_ceiling(table, judge, measure) for table in (humans, shuffled))
    for name in ("human", "judge", "difference"):
        one, other = getattr(first, name), getattr(second, name)
        assert (one.value, one.low, one.high) == pytest.approx((other.value, other.low, other.high))


@pytest.mark.parametrize("measure", MEASURES)
def test_a_judge_drawn_from_people_is_at_their_level(measure):
    """One more slot is no better and no worse than the others."""
    _, humans = ratings(5, n=3000, slots=5, missing=0.0)
    found = exchangeable_ceiling(humans[:, 1:], humans[:, 0], measure, confidence_level=0.999)
    assert found.difference.low < 0 < found.difference.high


def test_with_complete_slots_the_mean_distance_is_that_of_pairs_of_people():
    judge, humans = ratings(6, missing=0.0)
    slots = exchangeable_ceiling(humans, judge, "negated_mae")
    people = pairwise_ceiling(humans, judge, mean_absolute_error_statistic)
    assert levels(slots) == pytest.approx((-people.human.value, -people.judge.value))


def test_perfect_agreement_has_wilsons_interval():
    humans = np.tile([[1.0], [2.0], [3.0]], (4, 3))
    found, expected = exchangeable_ceiling(humans, humans[:, 0]), percent_agreement(humans)
    assert (found.human.low, found.human.high) == pytest.approx((expected.low, expected.high))
    assert found.human.method == "wilson"


@pytest.mark.parametrize(
    ("judge", "humans", "reason"),
    [
        ([1, None], [[1, None], [2, 2]], "no_pairable_items"),
        ([1, 2], [[1, 2], [1, None]], "too_few_items"),
        ([2, 2, 2], [[2, 2], [2, 2], [2, 2]], "no_variation"),
    ],
)
def test_what_is_undefined_has_a_reason(judge, humans, reason):
    found = exchangeable_ceiling(humans, judge, "kappa")
    assert (found.human.defined, found.human.reason, found.difference.reason) == (False, reason, reason)


def test_an_unknown_measure_is_refused():
    with pytest.raises(ValueError, match="measure must be one of agreement, kappa"):
        exchangeable_ceiling([[1, 2]], [1], "pearson")


def test_people_who_agree_by_chance_only_are_no_yardstick():
    humans = np.random.default_rng(0).integers(1, 6, (60, 3)).astype(float)
    found = exchangeable_ceiling(humans, humans.mean(axis=1).round(), "kappa_quadratic")
    assert "people_not_above_chance" in found.difference.notes


def test_clusters_are_those_of_the_interval():
    judge, humans = ratings(7)
    found = exchangeable_ceiling(humans, judge, "kappa", clusters=np.arange(40) // 2)
    assert found.human.n_clusters == found.difference.n_clusters == 20
