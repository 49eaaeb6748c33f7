"""Several judges: their consensus as one more judge, and the panel that agrees best with humans.

Agreement of the best panel on the items that it was selected on is optimistic, so it is cross-validated too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from judge.analysis.agreement.align import AlignedRatings
from judge.analysis.agreement.coefficients import KAPPA, KAPPA_QUADRATIC, headline
from judge.analysis.ratings import Ratings
from judge.stats.coefficients.correlation import concordance_statistic
from judge.stats.coefficients.kappa import cohen_statistic
from judge.stats.engine.estimate import Estimate
from judge.stats.engine.resampling import Statistic, estimate
from judge.stats.engine.scale import Bools, Floats, Ints
from judge.stats.engine.weights import cluster_codes
from judge.stats.judge_human.consensus import Consensus, consensus

MOST_JUDGES = 6
"""Up to this many judges every panel is tried."""
N_FOLDS = 5
STATISTICS = {
    KAPPA: "kappa with the majority of the human ratings",
    KAPPA_QUADRATIC: "quadratic kappa with the mean human score",
}


@dataclass(frozen=True, kw_only=True)
class PanelSelection:
    """The judges whose consensus agrees best with humans on one dimension.

    Attributes
    ----------
    dimension : str
        Dimension.
    statistic : str
        Coefficient of agreement with the consensus of the humans.
    best : tuple of str
        Judges whose consensus agrees best on all items.
    in_sample : Estimate
        Agreement of `best` on the items that it was selected on, which is optimistic.
    cross_validated : Estimate
        Agreement of the procedure: each item is scored by the panel that was best on the other folds.
    all_judges : Estimate
        Agreement of all judges together, without selection.
    """

    dimension: str
    statistic: str
    best: tuple[str, ...]
    in_sample: Estimate
    cross_validated: Estimate
    all_judges: Estimate


def with_consensus(aligned: AlignedRatings) -> AlignedRatings:
    """Add the consensus of two or more judges as further judges: mean and median, or majority of labels.

    A dimension on which a consensus is not defined has missing scores for it.
    """
    n = len(aligned.judges)
    if n < 2:
        return aligned
    added = {name: _with_consensus(one, _methods(one, n)) for name, one in aligned.ratings.items()}
    judges = dict.fromkeys(judge for one in added.values() for judge in one.judges)
    ratings = {name: _with_all(one, list(judges)) for name, one in added.items()}
    return replace(aligned, ratings=ratings, judges=tuple(judges))


def _methods(ratings: Ratings, n_judges: int) -> tuple[Consensus, ...]:
    """Mean of two judges or more; median and, on the points of the scale, majority of three or more."""
    numeric: tuple[Consensus, ...] = ("mean", "median") if n_judges > 2 else ("mean",)
    majority: tuple[Consensus, ...] = ("majority",) if n_judges > 2 and ratings.on_scale else ()
    has_mean = ratings.has_means and not ratings.nominal
    return (*(numeric if has_mean else ()), *majority)


def _with_consensus(ratings: Ratings, methods: Sequence[Consensus]) -> Ratings:
    judge_values = ratings.judge_values
    for how in methods:
        ratings = ratings.with_judge(f"panel ({how})", consensus(judge_values, how))
    return ratings


def _with_all(ratings: Ratings, judges: Sequence[str]) -> Ratings:
    """Add the judges that are missing, without a score, and sort the judges as given."""
    for name in judges:
        if name not in ratings.judges:
            ratings = ratings.with_judge(name, np.full(len(ratings.items), np.nan))
    return ratings.with_raters([*ratings.humans, *judges])


def select_panels(aligned: AlignedRatings, judges: Sequence[str], seed: int) -> tuple[PanelSelection, ...]:
    """Select the best panel of `judges` on each dimension with ten complete items or more."""
    comparable = (ratings for ratings in aligned.ratings.values() if not ratings.rescaled)
    found = (_select(ratings, judges, seed) for ratings in comparable)
    return tuple(one for one in found if one is not None)


def _select(ratings: Ratings, judges: Sequence[str], seed: int) -> PanelSelection | None:
    rated = ratings.take(ratings.rated)
    human = rated.consensus()
    scores = {names: _panel_scores(rated, names) for names in _panels(judges)}
    usable = ~np.isnan(human) & ~np.isnan(np.stack(list(scores.values()))).any(axis=0)
    if usable.sum() < 2 * N_FOLDS:
        return None
    kept = rated.take(usable)
    human, scores = human[usable], {names: column[usable] for names, column in scores.items()}
    best = _best(kept, human, scores, np.ones(len(human), dtype=bool))
    held_out = np.full(len(human), np.nan)
    folds = _folds(kept, seed)
    for fold in np.unique(folds):
        selected = _best(kept, human, scores, folds != fold)
        held_out[folds == fold] = scores[selected][folds == fold]

    def agreement(column: Floats) -> Estimate:
        return estimate(_agreement(kept, column, human), clusters=kept.clusters, method="jackknife")

    return PanelSelection(
        dimension=kept.dimension,
        statistic=headline(kept),
        best=best,
        in_sample=agreement(scores[best]),
        cross_validated=agreement(held_out),
        all_judges=agreement(scores[tuple(judges)]),
    )


def _panels(judges: Sequence[str]) -> Iterable[tuple[str, ...]]:
    """Every panel of up to six judges; of more judges, each alone, all, and all but one."""
    n = len(judges)
    sizes = range(1, n + 1) if n <= MOST_JUDGES else (1, n - 1, n)
    return (names for size in sizes for names in combinations(judges, size))


def _panel_scores(ratings: Ratings, names: Sequence[str]) -> Floats:
    scores = np.stack([ratings.column(name) for name in names], axis=1)
    return consensus(scores, "majority_low" if ratings.nominal else "mean")


def _agreement(ratings: Ratings, scores: Floats, human: Floats) -> Statistic:
    if headline(ratings) == KAPPA:
        return cohen_statistic(human, scores)
    return concordance_statistic(human, scores)


def _best(
    ratings: Ratings, human: Floats, scores: dict[tuple[str, ...], Floats], rows: Bools
) -> tuple[str, ...]:
    """Panel with the highest agreement on `rows`; among ties the smallest, then the first."""
    levels = {
        names: np.nan_to_num(_agreement(ratings, column[rows], human[rows]).value(), nan=-2)
        for names, column in scores.items()
    }
    return max(levels, key=lambda names: (round(float(levels[names]), 12), -len(names)))


def _folds(ratings: Ratings, seed: int) -> Ints:
    """Fold of each item; the items of a cluster are in the same fold."""
    codes = cluster_codes(ratings.clusters, len(ratings.items))
    n = int(codes.max()) + 1
    order = np.random.default_rng(seed).permutation(n)
    folds: Ints = (order % min(N_FOLDS, n))[codes]
    return folds
