"""Agreement among humans, beside independent implementations where there is one."""

import numpy as np
import pytest
from statsmodels.stats.inter_rater import aggregate_raters, fleiss_kappa

from judge.analysis.agreement.human_human import TITLES, human_agreement
from judge.stats import cohen_kappa
from judge.stats.engine import added_items
from judge.stats.engine.scale import Scale
from judge.stats.judge_human import all_pairs

from .conftest import make_ratings

SCORES = np.array([[1, 2, 1], [3, 3, 3], [5, 4, 5], [2, 2, 4], [4, 4, 3], [1, 1, 2], [5, 5, 5]])
LABELS = Scale(("a", "b"), "nominal")


def test_counts_are_of_rated_items_people_who_rated_and_their_ratings():
    table = [[1, np.nan, np.nan], [2, 3, np.nan], [np.nan, np.nan, np.nan]]
    found = human_agreement(make_ratings(table))
    assert (found.n_items, found.n_people, found.n_ratings) == (2, 2, 3)
    assert found.mean.value == pytest.approx((1 + 2.5) / 2)


def test_raw_and_unanimous_agreement_are_shares_of_items():
    found = human_agreement(make_ratings(SCORES)).estimates
    pairs = [sum([a == b, a == c, b == c]) for a, b, c in SCORES]
    assert found["agreement"].value == pytest.approx(np.mean(pairs) / 3)
    assert found["unanimous"].value == pytest.approx(2 / 7)


def test_fleiss_kappa_is_that_of_statsmodels():
    found = human_agreement(make_ratings(SCORES)).estimates
    assert found["fleiss"].value == pytest.approx(fleiss_kappa(aggregate_raters(SCORES)[0]))


def test_quadratic_kappa_is_the_mean_over_pairs_of_people():
    found = human_agreement(make_ratings(SCORES)).estimates["kappa_quadratic"]
    pairs = [
        cohen_kappa(SCORES[:, i], SCORES[:, j], weights="quadratic").value
        for i, j in ((0, 1), (0, 2), (1, 2))
    ]
    assert found.value == pytest.approx(np.mean(pairs))
    assert (found.n_items, found.n_ratings, found.n_dropped) == (7, 21, 0)


def test_quadratic_kappa_counts_the_ratings_without_a_partner_as_dropped():
    table = np.vstack([SCORES.astype(float), [4, np.nan, np.nan]])
    found = human_agreement(make_ratings(table)).estimates["kappa_quadratic"]
    assert (found.n_items, found.n_ratings, found.n_dropped) == (7, 21, 1)


def test_quadratic_kappa_of_constant_ratings_is_undefined():
    assert not human_agreement(make_ratings([[3, 3]] * 5)).estimates["kappa_quadratic"].defined


def test_scores_have_every_coefficient():
    found = human_agreement(make_ratings(SCORES)).estimates
    assert set(found) == set(TITLES) - {"kappa"}


def test_labels_have_no_weighted_coefficient():
    found = human_agreement(make_ratings([[0, 1], [1, 1], [0, 0]], scale=LABELS)).estimates
    assert set(found) == {"agreement", "unanimous", "alpha", "fleiss", "ac1", "brennan_prediger", "kappa"}


def test_slots_have_no_coefficient_that_needs_persons():
    found = human_agreement(make_ratings(SCORES, slots=True)).estimates
    assert set(found) == set(TITLES) - {"kappa", "kappa_quadratic", "icc2", "icc2k", "icc3", "icc3k"}


def test_scores_between_the_points_have_no_coefficient_of_categories():
    found = human_agreement(make_ratings(SCORES + 0.25 * (SCORES < 3)))
    assert not {"fleiss", "ac1", "ac2", "brennan_prediger"} & set(found.estimates)
    assert {"alpha", "icc2", "kappa_quadratic"} <= set(found.estimates)


def test_alpha_is_checked_by_the_independent_package():
    pytest.importorskip("krippendorff")
    assert human_agreement(make_ratings(SCORES)).checked is True


@pytest.mark.parametrize("what", ["shared", "nothing shared"])
@pytest.mark.parametrize("is_nominal", [False, True])
def test_many_people_have_the_same_agreement_as_few(monkeypatch, is_nominal, what):
    rng = np.random.default_rng(0)
    values = rng.integers(0, 2, (40, 5)).astype(float)
    values[rng.random(values.shape) < 0.3] = np.nan
    if what == "nothing shared":
        values[np.arange(40)[:, None] % 5 != np.arange(5)] = np.nan
    ratings = make_ratings(values, scale=LABELS if is_nominal else Scale((0, 1, 2)))
    monkeypatch.setattr(added_items, "MOST_ITEMS", 0)
    expected = human_agreement(ratings).estimates
    monkeypatch.setattr(all_pairs, "FEW_RATERS", 2)
    found = human_agreement(ratings).estimates
    assert list(found) == list(expected)
    for name, one in found.items():
        assert one.value == pytest.approx(expected[name].value, nan_ok=True)
        assert one.low == pytest.approx(expected[name].low, nan_ok=True)
        assert (one.reason, one.notes) == (expected[name].reason, expected[name].notes)
