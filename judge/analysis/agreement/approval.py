"""Approval of a judge's verdict by people who saw it first: anchored ratings, pooled with no others."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from judge.analysis.agreement.drawn_items import PROBABILITY, DrawnItems
from judge.analysis.agreement.item_clusters import item_clusters
from judge.analysis.agreement.matching import known_ids
from judge.analysis.agreement.weighting import ITEM_FILE
from judge.analysis.ratings import PASSES
from judge.errors import InputError
from judge.formats.anchored import AnchoredRating
from judge.formats.rating_cell import holds
from judge.records import Item
from judge.stats.engine.estimate import Estimate
from judge.stats.engine.resampling import estimate
from judge.stats.engine.sampling_design import DesignName, SamplingDesign, Target
from judge.stats.engine.scale import Floats
from judge.stats.engine.statistic import Statistic, quotient

_ROUNDING = 1e-9
_WEIGHTED = "Answers are weighted by 1 / inclusion probability; target:"
EVERY_SCORE = "every score"
"""Name of the row about answers of which a person approved all scores."""


@dataclass(frozen=True, kw_only=True)
class Approval:
    """How often people approve one kind of score of a judge that they were shown.

    Attributes
    ----------
    judge, dimension : str
        Which scores; ``passes`` is the verdict, ``every score`` all scores of an answer at once.
    rate : Estimate
        Share of approvals: people are pooled within an item, and items count equally or by their weights.
    upward, downward : Estimate or None
        Share of ratings that give a higher or a lower score instead; None where there is no order.
    n_people, n_ratings : int
        Number of people, and of their replies.
    n_undirected : int
        Number of contested scores without an own score, or without an order of the scores.
    n_abstained, n_skipped : int
        Number of replies "cannot tell", and of answers that were skipped; they are in no share.
    """

    judge: str
    dimension: str
    rate: Estimate
    upward: Estimate | None
    downward: Estimate | None
    n_people: int
    n_ratings: int
    n_undirected: int = 0
    n_abstained: int = 0
    n_skipped: int = 0


@dataclass(frozen=True)
class Approvals:
    """Approval of every kind of score, and notes about ratings that were left out."""

    rows: tuple[Approval, ...] = ()
    notes: tuple[str, ...] = ()


def approvals(
    anchored: Sequence[AnchoredRating],
    items: Mapping[str, Item],
    *,
    dimensions: Sequence[str] = (),
    cluster: str | None = None,
    sampling: DesignName = "stratified",
    population: Target = "answers like these",
    confidence_level: float = 0.95,
) -> Approvals:
    """Compute the approval rate of each dimension, with its interval over items.

    The rate is the mean over items of the share of people who approve, weighted by 1 / probability where
    items were drawn with known probabilities (Hájek). The interval is Wilson's for the effective number of
    items or clusters. It says nothing about the agreement of independent ratings: a shown score moves
    ratings towards itself [1]_.

    Parameters
    ----------
    anchored : sequence of AnchoredRating
        Replies of people.
    items : mapping of str to Item
        The known items; empty if none are known.
    dimensions : sequence of str
        Only these; none: all.
    cluster : str or None
        Field of the items whose equal values make a cluster; default: see `item_clusters`.
    sampling : {'stratified', 'poisson'}
        How the items were drawn.
    population : {'answers like these', 'these answers'}
        What weighted rates are about.
    confidence_level : float
        Level of the intervals.

    Raises
    ------
    InputError
        A person rated a score twice, an item has two probabilities, or no item is known.

    References
    ----------
    .. [1] A. Tversky, D. Kahneman, "Judgment under Uncertainty: Heuristics and Biases", Science 185, 1974.
    """
    kept, notes = _known(anchored, items, dimensions)
    if not kept:
        return Approvals()
    names = list(dict.fromkeys(item_id for item_id, _ in kept))
    clusters = np.array(names)
    if items:
        found = item_clusters([items[name] for name in names], cluster, hint=ITEM_FILE)
        clusters = clusters if found.labels is None else found.labels
    drawn, of_design = _drawn(kept, sampling, population).checked(names)
    design = drawn.design(names)
    frame = _Frame(names, clusters, design, confidence_level)
    groups: dict[tuple[str, str], list[tuple[str, AnchoredRating]]] = defaultdict(list)
    for item_id, rating in kept:
        groups[rating.judge, rating.dimension].append((item_id, rating))
    last = {PASSES: 1}
    order = sorted(groups, key=lambda key: (key[0], last.get(key[1], 0)))
    rows = [_approval(frame, *key, groups[key]) for key in order]
    for judge in dict.fromkeys(key[0] for key in order):
        if sum(key[0] == judge for key in order) > 1:
            rows.append(_every_score(frame, judge, [one for one in kept if one[1].judge == judge]))
    weighted = () if design is None else (f"{_WEIGHTED} {design.target}.",)
    return Approvals(tuple(rows), (*weighted, *notes, *of_design))


@dataclass(frozen=True)
class _Frame:
    """The items that people were shown, and how their shares are estimated."""

    names: list[str]
    clusters: np.ndarray
    design: SamplingDesign | None
    confidence_level: float

    def share(self, marks: Iterable[tuple[str, bool]]) -> Estimate:
        """Mean over items of the share of their marks that hold."""
        place = {name: row for row, name in enumerate(self.names)}
        totals = np.zeros((len(self.names), 2))
        for name, is_marked in marks:
            totals[place[name]] += is_marked, 1
        n_ratings = int(totals[:, 1].sum())
        if self.design is not None:
            totals[np.isnan(np.asarray(self.design.probabilities, dtype=float))] = 0
        present = totals[:, 1] > 0
        shares: Floats = np.divide(totals[:, 0], totals[:, 1], out=np.zeros(len(totals)), where=present)
        frame = present if self.design is None else np.ones_like(present)
        statistic = Statistic(
            np.column_stack([shares, present])[frame],
            lambda sums: quotient(sums[:, 0], sums[:, 1]),
            "share",
            n_items=int(present.sum()),
            n_ratings=n_ratings,
        )
        return estimate(
            statistic,
            clusters=self.clusters[frame],
            design=self.design,
            confidence_level=self.confidence_level,
        )


def _known(
    anchored: Sequence[AnchoredRating], items: Mapping[str, Item], dimensions: Sequence[str]
) -> tuple[list[tuple[str, AnchoredRating]], tuple[str, ...]]:
    """Ratings of known items with the id of the item, without planned repeats; notes about the others."""
    of = known_ids(items) if items else lambda name: name
    seen: dict[tuple[str, str, str, str], str] = {}
    kept: list[tuple[str, AnchoredRating]] = []
    unknown: dict[str, None] = {}
    for rating in anchored:
        if rating.sample or (dimensions and rating.dimension not in dimensions):
            continue
        item_id = of(rating.item_id)
        if item_id is None:
            unknown[rating.item_id] = None
            continue
        key = (rating.judge, item_id, rating.rater, rating.question)
        if (first := seen.setdefault(key, rating.where)) != rating.where:
            raise InputError(
                f"{rating.where}: second anchored rating of {rating.question} of item {item_id!r} by "
                f"{rating.rater}; the first is at {first}. Keep one of them, or number repeats in a column "
                "'sample'"
            )
        kept.append((item_id, rating))
    if unknown and not kept:
        raise InputError(
            f"{anchored[0].where}: no anchored rating is of an item of the run; found: "
            f"{', '.join(list(unknown)[:3])}; the run has: {', '.join(list(items)[:3])}"
        )
    notes = [f"Items of anchored ratings that are not in the run: {len(unknown):,}."] if unknown else []
    return kept, tuple(notes)


def _drawn(
    kept: Sequence[tuple[str, AnchoredRating]], sampling: DesignName, population: Target
) -> DrawnItems:
    probabilities: dict[str, float] = {}
    strata: dict[str, str] = {}
    for item_id, rating in kept:
        if not holds(rating.probability):
            continue
        try:
            probability = float(rating.probability)
        except (TypeError, ValueError):
            probability = -1.0
        known = probabilities.setdefault(item_id, probability)
        if not 0 < probability <= 1 or abs(known - probability) > _ROUNDING:
            raise InputError(
                f"{rating.where}: {PROBABILITY} of item {item_id!r} is {rating.probability!r:.40}; allowed "
                "is one number above 0 and at most 1 for each item, or an empty cell where it is unknown"
            )
        if holds(rating.stratum):
            strata[item_id] = str(rating.stratum).strip()
    return DrawnItems(probabilities, strata, sampling, population)


def _approval(
    frame: _Frame, judge: str, dimension: str, ratings: Sequence[tuple[str, AnchoredRating]]
) -> Approval:
    replied = [(item_id, one) for item_id, one in ratings if one.approval is not None]
    directions = [(item_id, _direction(one)) for item_id, one in replied]
    is_ordered = not any(isinstance(value, str) for _, one in ratings for value in (one.shown, one.own))
    contested = sum(one.approval == "contest" for _, one in replied)
    return Approval(
        judge=judge,
        dimension=dimension,
        rate=frame.share((item_id, one.approval == "approve") for item_id, one in replied),
        upward=frame.share((item_id, one > 0) for item_id, one in directions) if is_ordered else None,
        downward=frame.share((item_id, one < 0) for item_id, one in directions) if is_ordered else None,
        n_people=len({one.rater for _, one in replied}),
        n_ratings=len(replied),
        n_undirected=contested - sum(one != 0 for _, one in directions),
        n_abstained=sum(one.status == "abstained" for _, one in ratings),
        n_skipped=sum(one.status == "skipped" for _, one in ratings),
    )


def _direction(rating: AnchoredRating) -> int:
    """1 if the person gave a higher score instead, -1 a lower one, 0 none."""
    shown, own = rating.shown, rating.own
    if rating.approval != "contest" or not (isinstance(shown, float) and isinstance(own, float)):
        return 0
    return int(np.sign(own - shown))


def _every_score(frame: _Frame, judge: str, ratings: Sequence[tuple[str, AnchoredRating]]) -> Approval:
    """Approval of all scores of an answer at once, by people who replied to each."""
    answers: dict[tuple[str, str], list[AnchoredRating]] = defaultdict(list)
    for item_id, one in ratings:
        answers[item_id, one.rater].append(one)
    complete = {key: replies for key, replies in answers.items() if all(one.approval for one in replies)}
    marks = [(key[0], all(one.approval == "approve" for one in replies)) for key, replies in complete.items()]
    return Approval(
        judge=judge,
        dimension=EVERY_SCORE,
        rate=frame.share(marks),
        upward=None,
        downward=None,
        n_people=len({rater for _, rater in complete}),
        n_ratings=len(marks),
    )
