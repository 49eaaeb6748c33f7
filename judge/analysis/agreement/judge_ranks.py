"""Several judges ranked by their advantage over people, as the alternative annotator test measures it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from judge.analysis.agreement.align import AlignedRatings
from judge.analysis.ratings import Ratings
from judge.stats.judge_human.advantage import AdvantageRanking, rank_by_advantage


@dataclass(frozen=True, kw_only=True)
class JudgeRanking:
    """Judges of one dimension ranked by their advantage over people.

    Attributes
    ----------
    dimension : str
        Dimension.
    judges : tuple of str
        Names, in the order of `ranking`.
    ranking : AdvantageRanking
        Advantages, ties, ranks and differences.
    """

    dimension: str
    judges: tuple[str, ...]
    ranking: AdvantageRanking


def judge_rankings(aligned: AlignedRatings) -> tuple[JudgeRanking, ...]:
    """Rank the judges of each dimension that has two judges or more, and people who can be held out.

    There is no weighted form.
    """
    found = (_ranking(ratings) for ratings in aligned.ratings.values())
    return tuple(one for one in found if one is not None and one.ranking.n_people)


def _ranking(ratings: Ratings) -> JudgeRanking | None:
    judges = tuple(judge for judge in ratings.judges if ratings.has_scores(judge))
    people = ratings.human_values
    if len(judges) < 2 or ratings.slots or people.shape[1] < 2 or ratings.design is not None:
        return None
    ranking = rank_by_advantage(
        people,
        np.column_stack([ratings.column(judge) for judge in judges]),
        closeness="accuracy" if ratings.on_scale else "rmse",
        clusters=ratings.clusters,
        scale=ratings.declared,
    )
    return JudgeRanking(dimension=ratings.dimension, judges=judges, ranking=ranking)
