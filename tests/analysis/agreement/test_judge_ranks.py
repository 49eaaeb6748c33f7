"""Judges of each dimension by their advantage over people, and the tables about it."""

import numpy as np
import pytest

from judge.analysis.agreement.agree import agree
from judge.analysis.agreement.judge_ranks import judge_rankings
from judge.reporting.builders.agreement import build_agreement
from judge.stats import SamplingDesign
from judge.stats.judge_human.advantage import rank_by_advantage

from .conftest import make_aligned, make_ratings


def study(n=120, noises=(1.5, 0.2), n_people=3, **more):
    rng = np.random.default_rng(2)
    quality = rng.normal(3, 1, n)
    people = np.clip(np.round(quality[:, None] + rng.normal(0, 0.7, (n, n_people))), 1, 5)
    judges = {f"j{k}": np.clip(np.round(quality + rng.normal(0, s, n)), 1, 5) for k, s in enumerate(noises)}
    return make_ratings(people, judges, statuses={name: {"ok": n} for name in judges}, **more)


def test_judges_are_ranked_on_each_dimension():
    ratings = study(clusters=np.arange(120) // 2)
    (found,) = judge_rankings(make_aligned(ratings))
    expected = rank_by_advantage(ratings.human_values, ratings.judge_values, clusters=ratings.clusters)
    assert (found.dimension, found.judges) == ("clarity", ("j0", "j1"))
    assert found.ranking == expected
    assert found.ranking.ranks == (2, 1)


def test_scores_between_the_points_are_compared_by_distance():
    ratings = study()
    between = make_ratings(
        ratings.human_values, {"a": ratings.column("j0") * 0.9 + 0.3, "b": ratings.column("j1")}
    )
    expected = rank_by_advantage(between.human_values, between.judge_values, closeness="rmse")
    assert judge_rankings(make_aligned(between))[0].ranking == expected


@pytest.mark.parametrize(
    "ratings",
    [
        study(noises=(0.3,)),
        study(n_people=1),
        study(slots=True),
        study(design=SamplingDesign(np.repeat([0.5, 0.1], 60))),
        study(n=20),
    ],
    ids=["one judge", "one person", "slots", "weighted", "few items"],
)
def test_without_two_judges_and_people_to_hold_out_there_is_no_ranking(ratings):
    assert judge_rankings(make_aligned(ratings)) == ()


def test_the_tables_show_advantage_ties_and_ranks():
    found = agree(make_aligned(study()))
    report = build_agreement(found)
    ranking = found.judge_rankings[0].ranking
    table = report.tables["advantage"]
    assert table.column("judge") == ["j0", "j1"]
    assert table.column("rank") == [2, 1]
    assert table.column("ties") == list(ranking.ties)
    assert table.column("advantage") == list(ranking.advantages)
    (gap,) = report.tables["advantage_differences"].rows
    assert gap == ("j1 minus j0", "clarity", ranking.differences[0, 1])
    assert "advantage" not in build_agreement(agree(make_aligned(study(noises=(0.3,))))).tables
