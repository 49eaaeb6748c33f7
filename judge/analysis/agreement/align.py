"""Scores of humans and judges on the same items, aligned as one `Ratings` for each dimension."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from judge.analysis.agreement.abstentions import Abstentions, abstentions, without_inapplicable
from judge.analysis.agreement.criteria_matrix import criteria_matrix, criteria_of_items, unit_name, unit_of
from judge.analysis.agreement.derived import pass_rule, verdicts, with_overall
from judge.analysis.agreement.item_clusters import item_clusters
from judge.analysis.agreement.label_probabilities import LabelProbabilities
from judge.analysis.agreement.load import LoadedRatings
from judge.analysis.agreement.scales import DimensionScales, check_declared, dimension_scales
from judge.analysis.agreement.target_mix import TargetMix
from judge.analysis.agreement.weighting import ITEM_FILE, with_design, with_target
from judge.analysis.item_fields import Labels, item_field
from judge.analysis.ratings import PASSES, Ratings
from judge.analysis.ratings_matrix import no_samples, rater_kinds, ratings_matrix
from judge.analysis.reduction import Reduction
from judge.counting import counted
from judge.errors import InputError
from judge.records import OVERALL, Item, Score
from judge.rubric import CRITERIA, Rubric
from judge.stats.engine.sampling_design import SamplingDesign
from judge.stats.engine.scale import Scale


@dataclass(frozen=True, kw_only=True)
class AlignedRatings:
    """Ratings by humans and judges on the same items.

    Attributes
    ----------
    items : tuple of Item
        Every item; the rows of all `ratings`.
    ratings : dict
        Dimension -> ratings; ``passes`` comes last if a pass rule is known.
    humans, judges : tuple of str
        Raters of any dimension.
    slots : bool
        Whether the humans are interchangeable places in a list and not persons.
    cluster : str or None
        Field whose equal values make a cluster of items; None where items are independent.
    notes : tuple of str
        What did not fit together.
    remarks : tuple of str
        What was derived, and how.
    reasons : dict
        (judge, dimension, item) -> reason that the judge gave.
    about : dict
        Origin of the scores.
    summary : str
        Sizes and scale of the file of ratings, in two lines.
    rubric : Rubric or None
        Rubric of the runs, or the given one.
    reduction : str
        How repeated judgments of one item were combined.
    abstentions : mapping
        (judge, dimension) -> who abstained, where anybody did.
    label_probabilities : mapping
        Judge -> its probabilities of the points of the scale, where its run has expected scores.
    """

    items: tuple[Item, ...]
    ratings: dict[str, Ratings]
    humans: tuple[str, ...]
    judges: tuple[str, ...]
    slots: bool
    cluster: str | None
    notes: tuple[str, ...]
    remarks: tuple[str, ...]
    reasons: dict[tuple[str, str, str], str] = field(repr=False)
    about: dict[str, str] = field(default_factory=dict)
    summary: str = ""
    rubric: Rubric | None = None
    reduction: Reduction = "first"
    abstentions: Mapping[tuple[str, str], Abstentions] = field(default_factory=dict)
    label_probabilities: Mapping[str, LabelProbabilities] = field(default_factory=dict)

    @property
    def design(self) -> SamplingDesign | None:
        """How the rated items were drawn; None where they count as a random sample."""
        return next((one.design for one in self.ratings.values() if one.design is not None), None)

    @property
    def is_weighted(self) -> bool:
        """Whether items are weighted by their inclusion probabilities."""
        return self.design is not None

    @property
    def label_shift(self) -> bool:
        """Whether the rated items have another share of good answers than the others."""
        return any(one.label_shift for one in self.ratings.values())

    def field(self, name: str) -> Labels:
        """One field of every item as text; an `InputError` if no item has it."""
        return item_field(self.items, name, hint=ITEM_FILE)


def align_ratings(
    loaded: LoadedRatings,
    *,
    scale: Scale | None = None,
    pass_marks: Mapping[str, float] | None = None,
    dimensions: Sequence[str] = (),
    cluster: str | None = None,
    slots: bool = False,
    reduction: Reduction = "first",
    target: TargetMix | None = None,
) -> AlignedRatings:
    """Arrange the scores of humans and judges as one `Ratings` for each dimension.

    Parameters
    ----------
    loaded : LoadedRatings
        From `load_ratings`.
    scale : Scale, optional
        Declared scale; default: the rubric's.
    pass_marks : mapping, optional
        Dimension -> lowest value that passes, ``""`` for all; default: the rubric's pass rule.
    dimensions : sequence of str
        Keep these only.
    cluster : str, optional
        Field of the items whose equal values make a cluster; default: see `item_clusters`.
    slots : bool
        Whether raters are interchangeable places in a list and not persons.
    reduction : {'first', 'mean', 'median', 'majority'}
        How to combine repeated judgments of one item.
    target : TargetMix, optional
        Mix of a field of the items to which the rated ones are weighted.

    Raises
    ------
    InputError
        No scale is declared, a rating is off it, a rater rated an item twice, or a requested dimension or
        field does not exist.
    """
    check_declared(scale, loaded.rubric)
    loaded, scales, remarks = dimension_scales(loaded, scale)
    loaded, notes = without_inapplicable(loaded)
    items = tuple(loaded.items.values())
    clusters = item_clusters(items, cluster, hint=ITEM_FILE)
    wanted, names = _wanted(loaded, dimensions)
    by_dimension = _by_dimension(loaded.scores)
    marks = {} if loaded.rescaled else _marks_by_dimension(scales, pass_marks, names)
    matrix = _Matrix(loaded, scales, clusters.labels, slots, reduction)
    if CRITERIA in by_dimension and OVERALL in names:  # the points earned follow from the criteria
        by_dimension.setdefault(OVERALL, [])
    ratings = {n: matrix.of(n, by_dimension[n], marks.get(n)) for n in names if n in by_dimension}
    if loaded.rubric is not None and OVERALL in ratings:
        ratings[OVERALL], derived = with_overall(ratings, loaded.rubric, items)
        remarks += derived
    ratings = {n: _with_statuses(one, by_dimension[n]) for n, one in ratings.items() if one.rated.any()}
    if not ratings:
        raise InputError("no rating by a person has a value, so there is nothing to compare")
    rule = {} if loaded.rescaled else pass_rule(loaded.rubric, pass_marks, ratings)
    if rule:
        ratings[PASSES] = verdicts(ratings, rule)
    for name in wanted:
        if name not in ratings:
            raise InputError(f"people rated no dimension {name!r}; found: {', '.join(ratings)}")
    first = next(iter(ratings.values()))
    ratings, drawn = with_design(ratings, loaded) if target is None else with_target(ratings, loaded, target)
    kept = {name: ratings[name] for name in wanted or ratings}
    abstained = abstentions(ratings, by_dimension, loaded.rubric)
    return AlignedRatings(
        items=items,
        ratings=kept,
        humans=first.humans,
        judges=first.judges,
        slots=slots,
        cluster=clusters.field,
        notes=(
            *(*loaded.notes, *notes, *_missing_criteria(ratings.get(CRITERIA))),
            *_unshared(ratings),
            *drawn,
        ),
        remarks=tuple(remarks),
        reasons={(s.rater, s.dimension, s.item_id): s.reason for s in loaded.of("judge") if s.reason},
        about=loaded.about,
        summary=loaded.summary,
        rubric=loaded.rubric,
        reduction=reduction,
        abstentions={key: one for key, one in abstained.items() if key[1] in kept},
        label_probabilities=loaded.label_probabilities,
    )


def _by_dimension(scores: Iterable[Score]) -> dict[str, list[Score]]:
    """Group scores; those of criteria are of units, an item and a criterion each."""
    found: dict[str, list[Score]] = {}
    for score in scores:
        is_of_criterion = score.dimension == CRITERIA
        found.setdefault(score.dimension, []).append(unit_of(score) if is_of_criterion else score)
    return found


def _missing_criteria(ratings: Ratings | None) -> Iterator[str]:
    """Count the criteria that a person left out of an item that the person rated otherwise."""
    if ratings is None or ratings.item_rows is None:
        return
    has_rating = ~np.isnan(ratings.human_values)
    n_items = int(ratings.item_rows.max()) + 1
    rated = np.zeros((n_items, has_rating.shape[1]), dtype=bool)
    np.logical_or.at(rated, ratings.item_rows, has_rating)
    expected = rated[ratings.item_rows]
    missing = (expected & ~has_rating).sum(axis=0)
    if missing.any():
        who = [f"{name} {n:,}" for name, n in zip(ratings.humans, missing.tolist(), strict=True) if n]
        yield (
            f"{int(missing.sum()):,} of {int(expected.sum()):,} ratings of criteria are missing, on items of "
            f"which the person rated other criteria ({', '.join(who[:5])}{', …' if len(who) > 5 else ''})."
        )


def _unshared(ratings: Mapping[str, Ratings]) -> list[str]:
    """Name the dimensions on which no two people rated the same item: their agreement is undefined."""
    alone = [
        name
        for name, one in ratings.items()
        if name != PASSES
        and len(one.humans) > 1
        and not ((~np.isnan(one.human_values)).sum(axis=1) > 1).any()
    ]
    if not alone:
        return []
    return [f"No item was rated by two people on {', '.join(alone)}: there is no agreement among people."]


def _wanted(loaded: LoadedRatings, dimensions: Sequence[str]) -> tuple[list[str], list[str]]:
    """Canonical names of the requested dimensions, and all dimensions that humans may have rated."""
    rubric = loaded.rubric
    if rubric is None:
        return list(dimensions), list(dict.fromkeys(s.dimension for s in loaded.of("human")))
    criteria = [CRITERIA] if rubric.criteria else []
    return [rubric.canonical_name(name) or name for name in dimensions], [*rubric.scored, *criteria]


class _Matrix:
    """Arranges scores on the rows and columns that all dimensions share."""

    def __init__(
        self,
        loaded: LoadedRatings,
        scales: DimensionScales,
        clusters: Labels | None,
        slots: bool,
        reduction: Reduction,
    ) -> None:
        kinds = rater_kinds(loaded.scores)
        self.raters = {name: kind for kind in ("human", "judge") for name in kinds if kinds[name] == kind}
        self.loaded = loaded
        self.scales, self.clusters, self.slots, self.reduction = scales, clusters, slots, reduction
        self.rescaled = loaded.rescaled

    def of(self, name: str, scores: list[Score], pass_mark: float | None) -> Ratings:
        """Ratings of one dimension."""
        ratings = self._arranged(name, scores)
        _check_values(ratings)
        rescaled = tuple(
            name
            for name in self.rescaled
            if name in ratings.raters and not np.isnan(ratings.column(name)).all()
        )
        return replace(ratings, pass_mark=pass_mark, slots=self.slots, rescaled=rescaled)

    def _empty(self, name: str, scale: Scale, items: tuple[str, ...]) -> Ratings:
        is_judge = np.array([kind == "judge" for kind in self.raters.values()])
        samples = no_samples(len(items), len(self.raters), 1)
        values = samples[..., 0]
        return Ratings(
            dimension=name,
            scale=scale,
            items=items,
            raters=tuple(self.raters),
            is_judge=is_judge,
            values=values,
            samples=samples,
            clusters=self.clusters,
        )

    def _arranged(self, name: str, scores: list[Score]) -> Ratings:
        scale = self.scales.of(name)
        if name == CRITERIA:
            criteria = criteria_of_items(self.loaded.items.values(), self.loaded.rubric, self.loaded.scores)
            return criteria_matrix(
                scores, scale, criteria, raters=self.raters, reduction=self.reduction, clusters=self.clusters
            )
        items = tuple(self.loaded.items)
        if not scores:
            return self._empty(name, scale, items)
        ratings = ratings_matrix(
            scores, name, scale, items=items, raters=self.raters, reduction=self.reduction
        )
        not_of = self.loaded.not_applicable.get(name)
        applies = None if not not_of else np.array([item not in not_of for item in ratings.items])
        return replace(ratings, clusters=self.clusters, applies=applies)


def _check_values(ratings: Ratings) -> None:
    """Refuse values beyond the ends of the scale; a mean may lie between its points, a label may not."""
    values, scale = ratings.values, ratings.scale
    off = (values < scale.points[0] - 1e-9) | (values > scale.points[-1] + 1e-9)
    if ratings.nominal:
        off |= ~np.isnan(values) & ~np.isin(values, scale.points)
    if off.any():
        row, column = np.argwhere(off)[0]
        raise InputError(
            f"item {ratings.items[row]!r}, rater {ratings.raters[column]!r}: {ratings.dimension} is "
            f"{values[row, column]:g}, off the declared scale ({', '.join(map(str, scale.values))}); "
            f"{counted(int(off.sum()), 'such rating')}. Declare the scale that was used (--scale), name the "
            "codes of missing ratings (--missing-codes), or name the columns that are dimensions "
            "(--dimension)"
        )


def _with_statuses(ratings: Ratings, scores: list[Score]) -> Ratings:
    """Count the judges' statuses on the items that humans rated; items without a score row are unscored."""
    names = ratings.items if ratings.criteria is None else map(unit_name, ratings.items, ratings.criteria)
    rated = {name for name, kept in zip(names, ratings.rated, strict=True) if kept}
    statuses: dict[str, dict[str, int]] = {judge: {} for judge in ratings.judges}
    for score in scores:
        if score.rater_kind == "judge" and score.sample == 0 and score.item_id in rated:
            counts = statuses[score.rater]
            counts[score.status] = counts.get(score.status, 0) + 1
    for judge, counts in statuses.items():
        derived = 0 if counts else int((~np.isnan(ratings.column(judge)[ratings.rated])).sum())
        if derived:
            counts["ok"] = derived
        if unscored := len(rated) - sum(counts.values()):
            counts["unscored"] = unscored
    return replace(ratings, statuses=statuses)


def _marks_by_dimension(
    scales: DimensionScales, given: Mapping[str, float] | None, names: Sequence[str]
) -> dict[str, float]:
    """Pass mark of each dimension: as given, else that in the pass rule, else that of the overall score."""
    rule = scales.rubric.pass_rule if scales.rubric else {}
    if not given:
        shared = {n: rule[OVERALL] for n in names if OVERALL in rule and scales.shares_pass_mark(n)}
        return shared | {n: mark for n, mark in rule.items() if n in names}
    for name in given:
        if name and name not in names:
            raise InputError(f"--pass {name}: no such dimension; found: {', '.join(names)}")
    shared = {n: given[""] for n in names if "" in given and scales.is_score(n)}
    marks = shared | {n: mark for n, mark in given.items() if n}
    for name, mark in marks.items():
        _check_pass_mark(name if name in given else "", mark, scales.of(name))
    return marks


def _check_pass_mark(name: str, mark: float, scale: Scale) -> None:
    lowest, highest = float(scale.points[0]), float(scale.points[-1])
    if not lowest <= mark <= highest:
        raise InputError(
            f"--pass {name}{'=' if name else ''}{mark:g}: off the scale; allowed is a score from "
            f"{lowest:g} to {highest:g}"
        )
