import math

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from statsmodels.formula.api import ols

from judge.stats.coefficients.gstudy import d_study, g_study
from judge.stats.coefficients.icc import icc
from judge.stats.coefficients.retest import spearman_brown

SD = {"item": 1.0, "judge": 0.5, "item_judge": 0.6, "sample": 0.8}


def _scores(seed=0, n=400, k=3, m=4):
    rng = np.random.default_rng(seed)
    item, judge = rng.normal(size=(n, 1, 1)), rng.normal(size=(1, k, 1))
    own, noise = rng.normal(size=(n, k, 1)), rng.normal(size=(n, k, m))
    return 3 + SD["item"] * item + SD["judge"] * judge + SD["item_judge"] * own + SD["sample"] * noise


def test_components_are_those_of_a_textbook_analysis_of_variance():
    scores = _scores(n=12, k=3, m=2)
    n, k, m = scores.shape
    i, j, s = np.indices(scores.shape).reshape(3, -1)
    frame = pd.DataFrame({"y": scores.ravel(), "i": i, "j": j, "s": s})
    table = sm.stats.anova_lm(ols("y ~ C(i) * C(j)", frame).fit())
    ms = table["sum_sq"] / table["df"]
    found = g_study(scores)
    assert found.sample.value == pytest.approx(ms["Residual"])
    assert found.item_judge.value == pytest.approx((ms["C(i):C(j)"] - ms["Residual"]) / m)
    assert found.judge.value == pytest.approx((ms["C(j)"] - ms["C(i):C(j)"]) / (n * m))
    assert found.item.value == pytest.approx((ms["C(i)"] - ms["C(i):C(j)"]) / (k * m))


def test_components_recover_what_was_put_in():
    found = g_study(_scores(n=3000))
    for name in ("item", "item_judge", "sample"):
        assert getattr(found, name).low < SD[name] ** 2 < getattr(found, name).high


def test_one_judge_is_test_retest_reliability():
    scores = _scores(k=1)
    found = g_study(scores)
    assert found.judge.reason == found.item_judge.reason == "not_applicable"
    rho = icc(scores[:, 0], form="ICC(1,1)").value
    rows = d_study(scores, [1], [1, 2, 5])
    for row in rows:
        assert row.relative.value == pytest.approx(spearman_brown(rho, row.n_samples))
        assert row.absolute.reason == "not_applicable"


def test_one_sample_is_the_two_way_icc():
    scores = _scores(m=1)
    rows = d_study(scores, [1, 3], [1])
    assert rows[0].relative.value == pytest.approx(icc(scores[:, :, 0], form="ICC(3,1)").value)
    assert rows[0].absolute.value == pytest.approx(icc(scores[:, :, 0], form="ICC(2,1)").value)
    assert rows[1].relative.value == pytest.approx(icc(scores[:, :, 0], form="ICC(3,k)").value)
    assert g_study(scores).item_judge.reason is None or g_study(scores).item_judge.reason == "not_applicable"


def test_more_samples_stop_paying_at_what_judges_see_differently():
    scores = _scores(n=2000)
    rows = d_study(scores, [2], [1, 10, 1000, math.inf])
    relative = [row.relative.value for row in rows]
    assert relative == sorted(relative)
    parts = g_study(scores)
    limit = parts.item.value / (parts.item.value + parts.item_judge.value / 2)
    assert relative[-1] == pytest.approx(limit)
    assert relative[2] == pytest.approx(limit, abs=1e-3)
    assert all(row.absolute.value < row.relative.value for row in rows)


def test_jackknife_equals_leaving_out_each_item_by_hand():
    scores = _scores(n=15)
    values = np.array([g_study(np.delete(scores, i, axis=0)).item.value for i in range(15)])
    se = math.sqrt(14 / 15 * ((values - values.mean()) ** 2).sum())
    assert g_study(scores).item.se == pytest.approx(se)


def test_items_with_a_missing_score_are_left_out_and_counted():
    scores = _scores(n=50)
    scores[:5, 0, 0] = np.nan
    found = g_study(scores)
    assert found.item.value == pytest.approx(g_study(scores[5:]).item.value)
    assert (found.item.n_items, found.item.n_dropped) == (45, 5 * 11)


def test_negative_component_is_kept_and_noted_but_counts_as_none_in_the_d_study():
    rng = np.random.default_rng(1)
    scores = rng.normal(size=(40, 3, 5))
    found = g_study(scores)
    negative = [e for e in (found.item, found.judge, found.item_judge) if e.value < 0]
    assert negative
    assert all("negative_component" in e.notes for e in negative)
    assert all(row.relative.value >= 0 for row in d_study(scores, [1, 3], [1, 5]))


def test_constant_scores_and_too_few_items_are_undefined():
    assert d_study(np.full((5, 2, 2), 3.0), [1], [1])[0].relative.reason == "no_variation"
    assert g_study(np.ones((1, 2, 2))).item.reason == "too_few_items"
    assert g_study(np.ones((5, 1, 1))).item.reason == "too_few_raters"
    assert g_study(np.empty((0, 2, 2))).item.reason == "too_few_items"


def test_impossible_shapes_and_designs_are_refused():
    with pytest.raises(
        ValueError, match=r"scores must have shape \(n_items, n_judges, n_samples\), got \(3, 2\)"
    ):
        g_study(np.ones((3, 2)))
    with pytest.raises(ValueError, match="n_judges must be at least 1"):
        d_study(_scores(n=5), [0], [1])
    with pytest.raises(ValueError, match="n_samples must be at least 1"):
        d_study(_scores(n=5), [1], [0])
