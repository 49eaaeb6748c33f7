"""Effects of many raters equal those of few, with and without each cluster."""

import numpy as np
import pytest

from judge.stats import severity
from judge.stats.judge_human import all_pairs
from judge.stats.judge_human.rater_effects import rater_effects


def ratings(seed: int, n_items: int, n_raters: int, share: float) -> np.ndarray:
    rng = np.random.default_rng(seed)
    table = (
        rng.normal(3, 1, (n_items, 1)) + rng.normal(0, 0.5, n_raters) + rng.normal(0, 1, (n_items, n_raters))
    )
    return np.where(rng.random(table.shape) < share, np.round(table), np.nan)


@pytest.mark.parametrize("is_clustered", [False, True])
@pytest.mark.parametrize(("n_items", "share"), [(60, 0.4), (30, 1.0), (25, 0.3), (12, 0.3), (30, 0.05)])
@pytest.mark.parametrize("seed", range(4))
def test_severity_of_many_raters_equals_that_of_few(monkeypatch, seed, n_items, share, is_clustered):
    table = ratings(seed, n_items, 7, share)
    clusters = np.arange(n_items) // 4 if is_clustered else None
    found = {}
    for most in (0, 1_000):
        monkeypatch.setattr(all_pairs, "FEW_RATERS", most)
        found[most] = severity(table[:, 1:], table[:, 0], clusters=clusters)
    for one, other in zip(
        (found[0].bias, found[0].judge, *found[0].humans),
        (found[1_000].bias, found[1_000].judge, *found[1_000].humans),
        strict=True,
    ):
        for name in ("value", "low", "high", "se", "df"):
            assert getattr(one, name) == pytest.approx(getattr(other, name), rel=1e-9, abs=1e-9, nan_ok=True)
        for name in ("n_items", "n_ratings", "n_clusters", "n_dropped", "reason", "notes", "method"):
            assert getattr(one, name) == getattr(other, name)


def test_effects_without_a_cluster_are_those_of_the_other_items():
    table, clusters = ratings(0, 40, 6, 0.5), np.arange(40) % 9
    without = rater_effects(table, clusters).without
    for cluster in range(9):
        rest = rater_effects(table[clusters != cluster], None).effects
        assert without[cluster] == pytest.approx(rest, abs=1e-9)


def test_an_item_that_alone_connects_raters_leaves_no_effects_without_it():
    table = np.array(
        [[1.0, 2, np.nan, np.nan], [np.nan, np.nan, 3, 1], [2, np.nan, 4, np.nan], [3, 1, np.nan, np.nan]]
    )
    found = rater_effects(table, None)
    assert np.isfinite(found.effects).all()
    assert np.isnan(found.without[2]).all()
    assert np.isfinite(found.without[0]).all()


def test_unconnected_raters_have_no_effects():
    found = rater_effects(np.array([[1.0, 2, np.nan, np.nan], [np.nan, np.nan, 3, 1]]), None)
    assert np.isnan(found.effects).all()
    assert np.isnan(found.without).all()
