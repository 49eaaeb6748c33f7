"""A panel of judges, where one is asked for: its consensus, what each member adds, and the best selection.

The consensus is analysed apart from the members, so that its scores between the points of the scale change
nothing in theirs. Agreement of the best panel on the items that it was selected on is optimistic, so it is
cross-validated too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Literal

import numpy as np

from judge.analysis.agreement.align import AlignedRatings
from judge.analysis.agreement.coefficients import KAPPA, KAPPA_QUADRATIC, headline
from judge.analysis.agreement.judge_pairs import paired_agreement
from judge.analysis.ratings import Ratings
from judge.errors import InputError
from judge.stats.coefficients.correlation import concordance_statistic
from judge.stats.coefficients.kappa import cohen_statistic
from judge.stats.engine.estimate import Estimate
from judge.stats.engine.resampling import Statistic, estimate
from judge.stats.engine.scale import Bools, Floats, Ints
from judge.stats.engine.weights import cluster_codes
from judge.stats.judge_human.consensus import consensus
from judge.stats.judge_human.two_judges import PairedAgreement

PanelMethod = Literal["mean", "median", "majority"]

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


@dataclass(frozen=True, kw_only=True)
class PanelGain:
    """What one judge adds to a panel of all judges on one dimension.

    Attributes
    ----------
    dimension, judge : str
        Dimension and judge.
    agreement : PairedAgreement
        Agreement with people of the panel without this judge, of the panel with it, and the gain.
    """

    dimension: str
    judge: str
    agreement: PairedAgreement


def panel_name(how: PanelMethod) -> str:
    """Name of the panel in tables."""
    return f"panel ({how})"


def panel_alone(aligned: AlignedRatings, how: PanelMethod) -> AlignedRatings:
    """Ratings of people and the consensus of all judges, on the dimensions on which it is defined.

    Parameters
    ----------
    aligned : AlignedRatings
        Ratings of two judges or more.
    how : {'mean', 'median', 'majority'}
        Consensus of the judges. Labels have a majority only; without one an item has no score.

    Raises
    ------
    InputError
        There are fewer than two judges, or no dimension has such a consensus.
    """
    if len(aligned.judges) < 2:
        raise InputError(f"--panel {how}: needs two judges or more; found: {len(aligned.judges)}")
    name = panel_name(how)
    ratings = {
        dimension: one.with_judge(name, consensus(one.judge_values, how)).with_raters([*one.humans, name])
        for dimension, one in aligned.ratings.items()
        if _has_consensus(one, how)
    }
    if not ratings:
        allowed = "mean or median" if how == "majority" else "majority"
        raise InputError(
            f"--panel {how}: no dimension here has a {how} of the judges' scores; allowed: {allowed}"
        )
    return replace(aligned, ratings=ratings, judges=(name,), abstentions={})


def _has_consensus(ratings: Ratings, how: PanelMethod) -> bool:
    """Whether scores can be combined so: labels have no mean, and scores between the points no majority."""
    return ratings.on_scale if how == "majority" else ratings.has_means and not ratings.nominal


def panel_gains(aligned: AlignedRatings, how: PanelMethod) -> tuple[PanelGain, ...]:
    """Gain in agreement with people when each judge joins the panel of all others."""
    found = []
    for ratings in aligned.ratings.values():
        judges = [judge for judge in aligned.judges if ratings.has_scores(judge)]
        if len(judges) < 2 or not _has_consensus(ratings, how):
            continue
        rated = ratings.take(ratings.rated)
        everyone = _panel_scores(rated, judges, how)
        name = headline(rated)
        for judge in judges:
            others = _panel_scores(rated, [one for one in judges if one != judge], how)
            without, with_it = (
                np.where(np.isnan(rated.column(judge)), np.nan, one) for one in (others, everyone)
            )
            agreement = paired_agreement(rated, without, with_it, name)
            found.append(PanelGain(dimension=rated.dimension, judge=judge, agreement=agreement))
    return tuple(found)


def select_panels(aligned: AlignedRatings, how: PanelMethod, seed: int) -> tuple[PanelSelection, ...]:
    """Select the best panel of judges on each dimension with ten complete items or more."""
    comparable = (r for r in aligned.ratings.values() if not r.rescaled and _has_consensus(r, how))
    found = (_select(ratings, how, seed) for ratings in comparable)
    return tuple(one for one in found if one is not None)


def _select(ratings: Ratings, how: PanelMethod, seed: int) -> PanelSelection | None:
    rated, judges = ratings.take(ratings.rated), ratings.judges
    human = rated.consensus()
    scores = {names: _panel_scores(rated, names, how) for names in _panels(judges)}
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
        all_judges=agreement(scores[judges]),
    )


def _panels(judges: Sequence[str]) -> Iterable[tuple[str, ...]]:
    """Every panel of up to six judges; of more judges, each alone, all, and all but one."""
    n = len(judges)
    sizes = range(1, n + 1) if n <= MOST_JUDGES else (1, n - 1, n)
    return (names for size in sizes for names in combinations(judges, size))


def _panel_scores(ratings: Ratings, names: Sequence[str], how: PanelMethod) -> Floats:
    """Consensus of some judges; a tie goes to the lower score, else panels of two would have few."""
    scores = np.stack([ratings.column(name) for name in names], axis=1)
    return consensus(scores, "majority_low" if how == "majority" else how)


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
