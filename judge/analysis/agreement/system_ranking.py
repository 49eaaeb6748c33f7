"""Whether judge and people rank systems alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from judge.analysis.agreement.align import AlignedRatings
from judge.analysis.item_columns import question_key
from judge.analysis.ratings import Ratings
from judge.analysis.score_table import PAIR_ID
from judge.records import Item
from judge.stats.engine.estimate import Estimate
from judge.stats.engine.scale import Floats, Ints
from judge.stats.judge_human.pairwise import TieCalibration, tie_calibration
from judge.stats.systems.groups import soft_pairwise_accuracy
from judge.stats.systems.ranking import RankingAgreement, ranking_agreement

FEWEST_SYSTEMS = 5
"""With fewer systems a rank correlation has hardly any values, so that only the means are shown."""
_MOST_PAIRS = 2_000_000
"""Pairs of answers whose ties are calibrated in every report: about two seconds."""


@dataclass(frozen=True, kw_only=True)
class SystemRanking:
    """Systems ranked by one judge and by people on one dimension.

    Attributes
    ----------
    judge, dimension : str
        Which scores.
    systems : tuple of str
        Names of the systems, in the order of the means.
    n_questions : int
        Questions with an answer that both rated.
    means : RankingAgreement
        Mean score of each system by people and by the judge, and the agreement of the two rankings; the
        latter is undefined with fewer than five systems.
    soft_accuracy : Estimate or None
        Soft pairwise accuracy; None with fewer than five systems.
    ties : TieCalibration or None
        Pairs of answers to one question, with the best limit for ties; None where no two are answered by
        different systems.
    """

    judge: str
    dimension: str
    systems: tuple[str, ...]
    n_questions: int
    means: RankingAgreement
    soft_accuracy: Estimate | None
    ties: TieCalibration | None

    @property
    def has_ranking(self) -> bool:
        """Whether there are enough systems for the agreement of two rankings."""
        return len(self.systems) >= FEWEST_SYSTEMS


def system_rankings(aligned: AlignedRatings, seed: int) -> tuple[SystemRanking, ...]:
    """Compare the rankings of systems by each judge and by people, where items name two or more systems."""
    places = _Places.of(aligned.items)
    if places is None or aligned.is_weighted:
        return ()
    return tuple(
        _ranking(ratings, judge, places, seed)
        for ratings in aligned.ratings.values()
        if ratings.has_means and ratings.criteria is None
        for judge in aligned.judges
        if ratings.has_scores(judge)
    )


@dataclass(frozen=True)
class _Places:
    """Row (question) and column (system) of each item; -1 for an item without a system."""

    systems: tuple[str, ...]
    rows: Ints
    columns: Ints
    n_rows: int

    @classmethod
    def of(cls, items: tuple[Item, ...]) -> _Places | None:
        systems = tuple(sorted({item.system for item in items if item.system}))
        if len(systems) < 2:
            return None
        column_of = {name: i for i, name in enumerate(systems)}
        keys, rows = np.unique([question_of(item) for item in items], return_inverse=True)
        columns = np.array([column_of[item.system] if item.system else -1 for item in items])
        return cls(systems, rows, columns, len(keys))

    def table(self, values: Floats) -> Floats:
        """Arrange values by question and system; several answers of one system to a question are averaged."""
        known = ~np.isnan(values) & (self.columns >= 0)
        shape = (self.n_rows, len(self.systems))
        cells = self.rows[known] * shape[1] + self.columns[known]
        counts = np.bincount(cells, minlength=shape[0] * shape[1])
        sums = np.bincount(cells, weights=values[known], minlength=shape[0] * shape[1])
        return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan).reshape(shape)

    def clusters(self, of_items: NDArray[np.str_]) -> Ints:
        """Cluster of each row; clusters that share a question count as one."""
        from scipy.sparse import coo_array
        from scipy.sparse.csgraph import connected_components

        names, codes = np.unique(of_items, return_inverse=True)
        links = coo_array((np.ones(len(codes)), (self.rows, codes + self.n_rows)))
        links.resize(2 * [self.n_rows + len(names)])
        return np.asarray(connected_components(links, directed=False)[1][: self.n_rows])


def question_of(item: Item) -> str:
    """Key of the question of an item: equal for answers with one `pair_id`, else with one question."""
    pair = item.field(PAIR_ID)
    if pair is not None:
        return f"pair {pair}"
    return question_key(item) if item.question else f"item {item.id}"


def _ranking(ratings: Ratings, judge: str, places: _Places, seed: int) -> SystemRanking:
    scores, people = ratings.column(judge), np.full(len(ratings.items), np.nan)
    people[ratings.rated] = np.nanmean(ratings.human_values[ratings.rated], axis=1)
    both = ~np.isnan(scores) & ~np.isnan(people)
    human, judged = (places.table(np.where(both, values, np.nan)) for values in (people, scores))
    answered = ~np.isnan(human).all(axis=1)
    clusters = None if ratings.clusters is None else places.clusters(ratings.clusters)[answered]
    human, judged = human[answered], judged[answered]
    seen = np.asarray(~np.isnan(human).all(axis=0))
    human, judged = human[:, seen], judged[:, seen]
    systems = tuple(name for name, is_seen in zip(places.systems, seen, strict=True) if is_seen)
    is_ranking = len(systems) >= FEWEST_SYSTEMS
    return SystemRanking(
        judge=judge,
        dimension=ratings.dimension,
        systems=systems,
        n_questions=len(human),
        means=ranking_agreement(human, judged, clusters=clusters, method="jackknife", rng=seed),
        soft_accuracy=soft_pairwise_accuracy(human, judged, rng=seed, clusters=clusters)
        if is_ranking
        else None,
        ties=_ties(human, judged, clusters, seed),
    )


def _ties(human: Floats, judged: Floats, clusters: Ints | None, seed: int) -> TieCalibration | None:
    per_question = (~np.isnan(human)).sum(axis=1)
    n_pairs = int((per_question * (per_question - 1) // 2).sum())
    if not 0 < n_pairs <= _MOST_PAIRS:
        return None
    return tie_calibration(human, judged, clusters=clusters, method="jackknife", rng=seed)
