"""Severity and reliability of the raters themselves."""

from dataclasses import replace

import numpy as np
import pytest

from judge.analysis.agreement.rater_study import rater_studies
from judge.stats import icc
from judge.stats.engine.scale import Scale

from .conftest import make_aligned, make_ratings

RNG = np.random.default_rng(4)
QUALITY = RNG.normal(3, 1, 60)
PEOPLE = np.clip(np.round(QUALITY[:, None] + [0.5, 0, -0.5] + RNG.normal(0, 0.5, (60, 3))), 1, 5)


def study(values=PEOPLE, **more):
    found = rater_studies(make_aligned(make_ratings(values, **more)))
    return found[0] if found else None


def test_severity_is_the_deviation_from_the_mean_of_complete_ratings():
    effects = [estimate.value for estimate in study().severities]
    assert effects == pytest.approx(PEOPLE.mean(axis=0) - PEOPLE.mean())


def test_severities_of_incomplete_ratings_add_up_to_zero():
    values = PEOPLE.copy()
    values[:20, 0] = np.nan
    effects = [estimate.value for estimate in study(values).severities]
    assert sum(effects) == pytest.approx(0)
    assert effects[0] > effects[1] > effects[2]


def test_the_order_of_the_raters_does_not_change_their_severity():
    found, swapped = study(), study(PEOPLE[:, ::-1])
    assert [e.value for e in found.severities] == pytest.approx([e.value for e in swapped.severities][::-1])


def test_shares_add_up_to_one():
    assert sum(study().shares) == pytest.approx(1)


def test_the_reliability_of_complete_ratings_is_the_icc_of_analysis_of_variance():
    found = study()
    assert found.icc.value == pytest.approx(icc(PEOPLE, method="jackknife").value)
    assert found.reliability(1) == pytest.approx(found.icc.value, abs=1e-4)
    assert found.reliability(3) == pytest.approx(
        icc(PEOPLE, form="ICC(2,k)", method="jackknife").value, abs=1e-4
    )


def test_the_reliability_of_a_mean_grows_with_the_number_of_raters():
    reliabilities = [study().reliability(n) for n in (1, 2, 3, 5, 10)]
    assert reliabilities == sorted(reliabilities)


def test_no_item_of_incomplete_ratings_is_dropped():
    values = PEOPLE.copy()
    values[::3, 1] = np.nan
    found = study(values)
    assert found.n_ratings == 160
    assert found.icc.defined
    assert found.icc.n_items == 60


def test_incomplete_ratings_have_an_interval_for_raters_like_these():
    values = PEOPLE.copy()
    values[::3, 1] = np.nan
    assert study(values).icc.method == "analytic"
    assert study(values, clusters=np.arange(60) // 3).icc.method == "jackknife"


def test_many_incomplete_ratings_in_clusters_have_no_interval():
    values = np.tile(PEOPLE, (40, 1))
    values[::3, 1] = np.nan
    found = study(values, clusters=np.arange(2400) // 2).icc
    assert (found.n_ratings, found.method) == (6400, "")
    assert found.value == pytest.approx(study(values).icc.value)


def test_one_rater_slots_and_labels_have_no_study():
    assert study(PEOPLE[:, :1]) is None
    assert study(slots=True) is None
    assert study(PEOPLE - 1, scale=Scale(["a", "b", "c", "d", "e"], "nominal")) is None


def test_raters_who_share_no_items_cannot_be_compared():
    values = np.column_stack([PEOPLE[:, :2], PEOPLE[:, :2]])
    values[:30, :2] = np.nan
    values[30:, 2:] = np.nan
    assert {e.reason for e in study(values).severities} == {"design_disconnected"}


def test_ratings_without_variation_have_undefined_shares():
    found = study(np.full((10, 2), 3.0))
    assert np.isnan(found.shares).all()


def test_criteria_of_items_have_no_study():
    ratings = make_ratings(PEOPLE)
    of_criteria = replace(ratings, criteria=tuple("abc"[i % 3] for i in range(60)))
    assert rater_studies(make_aligned(of_criteria)) == ()
