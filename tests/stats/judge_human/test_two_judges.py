"""Two judges and the same people: the paired difference of their agreement."""

import math
from functools import partial

import numpy as np
import pytest

from judge.stats import SamplingDesign
from judge.stats.coefficients.alpha import alpha_statistic, krippendorff_alpha
from judge.stats.coefficients.correlation import concordance_statistic
from judge.stats.coefficients.kappa import cohen_kappa
from judge.stats.coefficients.percent_agreement import agreement_statistic
from judge.stats.judge_human.ceiling import pairwise_ceiling
from judge.stats.judge_human.exchangeable import exchangeable_ceiling
from judge.stats.judge_human.non_inferiority import margin_test
from judge.stats.judge_human.two_judges import compare_judges, in_place_of_each, with_each, with_slots


def study(n=60, seed=0):
    rng = np.random.default_rng(seed)
    truth = rng.integers(1, 6, n).astype(float)
    humans = np.clip(truth[:, None] + rng.integers(-1, 2, (n, 3)), 1, 5)
    return humans, np.clip(truth + rng.integers(-1, 2, n), 1, 5), truth


def level(humans, judge):
    """Mean over people of quadratic kappa, from the definition."""
    return np.mean([cohen_kappa(person, judge, weights="quadratic").value for person in humans.T])


def test_difference_is_that_of_the_means_over_people():
    humans, a, b = study()
    found = compare_judges(humans, a, b, with_each(concordance_statistic))
    assert found.first.value == pytest.approx(level(humans, a))
    assert found.second.value == pytest.approx(level(humans, b))
    assert found.difference.value == pytest.approx(level(humans, b) - level(humans, a))
    assert found.n_people == 3


def test_standard_error_is_the_jackknife_over_clusters():
    humans, a, b = study()
    clusters = np.repeat(np.arange(20), 3)
    found = compare_judges(humans, a, b, with_each(concordance_statistic), clusters=clusters)
    without = []
    for cluster in range(20):
        kept = clusters != cluster
        without.append(level(humans[kept], b[kept]) - level(humans[kept], a[kept]))
    se = math.sqrt(19 / 20 * np.sum((np.array(without) - np.mean(without)) ** 2))
    assert found.difference.se == pytest.approx(se)
    assert found.difference.n_clusters == 20


def test_levels_of_people_who_rated_everything_are_those_beside_the_human_ceiling():
    humans, a, b = study()
    found = compare_judges(humans, a, b, with_each(agreement_statistic))
    assert found.first.value == pytest.approx(pairwise_ceiling(humans, a, agreement_statistic).judge.value)
    slots = compare_judges(humans, a, b, with_slots("kappa_quadratic"))
    assert slots.second.value == pytest.approx(exchangeable_ceiling(humans, b, "kappa_quadratic").judge.value)


def test_only_items_that_both_judges_scored_count():
    humans, a, b = study()
    a[:10], b[50:] = np.nan, np.nan
    found = compare_judges(humans, a, b, with_each(agreement_statistic))
    inside = slice(10, 50)
    assert found.first.n_items == found.second.n_items == 40
    assert found.first.value == pytest.approx((humans[inside] == a[inside, None]).mean())


def test_alpha_is_that_of_all_raters_with_the_judge_in_the_place_of_one():
    humans, a, b = study()
    found = compare_judges(humans, a, b, in_place_of_each(partial(alpha_statistic, level="interval")))

    def mean(judge):
        replaced = [np.column_stack([np.delete(humans, h, axis=1), judge]) for h in range(3)]
        return np.mean(
            [krippendorff_alpha(one, level="interval", method="jackknife").value for one in replaced]
        )

    assert found.difference.value == pytest.approx(mean(b) - mean(a))


def test_a_person_without_a_defined_agreement_is_left_out_for_both_judges():
    humans, a, b = study()
    humans[:, 2] = np.nan
    found = compare_judges(humans, a, b, with_each(concordance_statistic))
    assert found.n_people == 2
    assert found.difference.value == pytest.approx(level(humans[:, :2], b) - level(humans[:, :2], a))


def test_judges_without_a_common_item_have_no_difference():
    humans, a, b = study()
    a[:30], b[30:] = np.nan, np.nan
    for levels in (with_each(agreement_statistic), with_slots("agreement"), with_slots("kappa")):
        found = compare_judges(humans, a, b, levels)
        assert (found.difference.defined, found.difference.reason) == (False, "no_complete_pairs")
        assert margin_test(found.difference_at, 0.1).verdict is None


def test_a_statistic_without_variation_gives_its_reason():
    humans = np.ones((20, 2))
    found = compare_judges(humans, humans[:, 0], humans[:, 1], with_each(concordance_statistic))
    assert found.difference.reason == "no_variation"


def test_one_item_gives_no_kappa_with_slots():
    found = compare_judges(np.array([[1.0, 2]]), np.array([1.0]), np.array([2.0]), with_slots("kappa"))
    assert found.difference.reason == "too_few_items"


def test_items_are_weighted_by_their_inclusion_probabilities():
    humans, a, b = study()
    times = np.random.default_rng(1).integers(1, 4, 60)
    weighted = compare_judges(
        humans, a, b, with_each(concordance_statistic), design=SamplingDesign(1 / times)
    )
    repeated = (np.repeat(one, times, axis=0) for one in (humans, a, b))
    assert weighted.difference.value == pytest.approx(
        compare_judges(*repeated, with_each(concordance_statistic)).difference.value
    )
    assert weighted.difference.se > 0


@pytest.mark.parametrize(
    ("margin", "swapped", "verdict"),
    [
        (0.05, False, "better"),
        (0.01, True, "worse"),
        (0.3, True, "non-inferior"),
        (0.08, True, "inconclusive"),
    ],
)
def test_the_decision_compares_the_interval_with_the_margin(margin, swapped, verdict):
    humans, a, b = study()
    pair = (b, a) if swapped else (a, b)
    found = compare_judges(humans, *pair, with_each(concordance_statistic))
    decided = margin_test(found.difference_at, margin)
    assert decided.verdict == verdict
    narrow, wide = found.difference_at(0.9), found.difference_at(0.95)
    assert (decided.difference, decided.wide) == (narrow, wide)
    assert (decided.p_value < 0.05) == (narrow.low > -margin)


def test_a_judge_compared_with_itself_has_a_difference_of_zero_without_an_interval():
    humans, a, _ = study()
    found = compare_judges(humans, a, a, with_each(agreement_statistic))
    assert (found.difference.value, found.difference.reason) == (0, "no_variation")
    assert margin_test(found.difference_at, 0.1).verdict == "inconclusive"
