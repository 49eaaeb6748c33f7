"""Published figures of HANNA (Chhun et al., COLING 2022), through the same path as a report."""

import numpy as np
import pytest

from judge.analysis.measures import mean_score
from judge.analysis.ratings_matrix import ratings_matrix
from judge.records import Score
from judge.stats.engine.scale import Scale

from ..public_data import published_figures, ratings

EXPECTED = {
    (figure["statistic"], figure["group"], figure["dimension"]): figure
    for figure in published_figures()
    if figure["statistic"] in ("mean", "ci95_half_width") and figure["rater"] == "human"
}


@pytest.fixture(scope="module")
def matrices():
    rows = ratings("hanna")
    scores = [
        Score(
            item_id=row["item_id"],
            rater=row["rater_id"],
            rater_kind=row["rater_type"],
            dimension=row["dimension"],
            value=float(row["score"]),
        )
        for row in rows
        if row["rater_type"] == "human"
    ]
    dimensions = {dimension for _, _, dimension in EXPECTED}
    system = {row["item_id"]: row["system"] for row in rows}
    return {d: ratings_matrix(scores, d, Scale.integers(1, 5)) for d in dimensions}, system


def test_there_are_eleven_systems_on_six_dimensions():
    assert len(EXPECTED) == 2 * 11 * 6


@pytest.mark.parametrize(("system", "dimension"), sorted({key[1:] for key in EXPECTED}))
def test_mean_and_half_width_of_each_system_are_the_published_ones(matrices, system, dimension):
    ratings, system_of = matrices[0][dimension], matrices[1]
    rows = np.array([system_of[item] == system for item in ratings.items])
    found = mean_score(ratings.values[rows].ravel())
    mean, half = (EXPECTED[metric, system, dimension] for metric in ("mean", "ci95_half_width"))
    assert found.value == pytest.approx(mean["value"], abs=1e-6)
    assert (found.high - found.low) / 2 == pytest.approx(half["value"], abs=1e-6)
    assert round(found.value, 2) == pytest.approx(mean["published"], abs=0.0051)


def test_ratings_of_one_story_are_not_independent_so_clusters_widen_the_interval(matrices):
    ratings, system_of = matrices[0]["coherence"], matrices[1]
    rows = np.array([system_of[item] == "Human" for item in ratings.items])
    values = ratings.values[rows]
    stories = np.repeat([item for item, keep in zip(ratings.items, rows, strict=True) if keep], 3)
    alone, together = mean_score(values.ravel()), mean_score(values.ravel(), stories)
    assert together.n_clusters == 96
    assert together.value == pytest.approx(alone.value)
    assert together.se > alone.se
