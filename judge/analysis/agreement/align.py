"""Scores of humans and judges on the same items, aligned as one `Ratings` for each dimension."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from judge.analysis.agreement.load import LoadedRatings, with_codes
from judge.analysis.item_fields import Labels, item_field
from judge.analysis.ratings import PASSES, Ratings, Reduction, pass_or_fail, rater_kinds, ratings_matrix
from judge.errors import InputError
from judge.records import OVERALL, Item, Score
from judge.rubric import Rubric
from judge.stats.engine.scale import Floats, Scale

PASS_OR_FAIL = Scale((0, 1), "nominal")
_ITEM_FILE = ". Fields of the items may come from a table of their own: --items FILE"


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
        Field whose equal values make a cluster of items.
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

    def field(self, name: str) -> Labels:
        """One field of every item as text; an `InputError` if no item has it."""
        return item_field(self.items, name, hint=_ITEM_FILE)


def align_ratings(
    loaded: LoadedRatings,
    *,
    scale: Scale | None = None,
    pass_marks: Mapping[str, float] | None = None,
    dimensions: Sequence[str] = (),
    cluster: str | None = None,
    slots: bool = False,
    reduction: Reduction = "first",
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
        Field of the items whose equal values make a cluster.
    slots : bool
        Whether raters are interchangeable places in a list and not persons.
    reduction : {'first', 'mean', 'median', 'majority'}
        How to combine repeated judgments of one item.

    Raises
    ------
    InputError
        No scale is declared, a rating is off it, a rater rated an item twice, or a requested dimension or
        field does not exist.
    """
    scale = scale or _rubric_scale(loaded)
    remarks: list[str] = []
    if scale.has_labels:
        labels = ", ".join(map(str, scale.values))
        loaded, scale = with_codes(loaded, scale)
        if not scale.has_labels:
            remarks.append(f"Labels {labels} are read as scores {', '.join(f'{p:g}' for p in scale.points)}.")
    items = tuple(loaded.items.values())
    clusters = None if cluster is None else item_field(items, cluster, hint=_ITEM_FILE)
    wanted, names = _wanted(loaded, dimensions)
    by_dimension: dict[str, list[Score]] = {}
    for score in loaded.scores:
        by_dimension.setdefault(score.dimension, []).append(score)
    _check_pass_marks((pass_marks or {}).values(), scale)
    marks = {} if loaded.rescaled else _marks_by_dimension(loaded.rubric, pass_marks, names)
    matrix = _Matrix(loaded, scale, clusters, slots, reduction)
    ratings = {n: matrix.of(n, by_dimension[n], marks.get(n)) for n in names if n in by_dimension}
    if loaded.rubric is not None and OVERALL in ratings:
        ratings[OVERALL], derived = _with_overall(ratings, loaded.rubric)
        remarks += derived
    ratings = {n: _with_statuses(one, by_dimension[n]) for n, one in ratings.items() if one.rated.any()}
    if not ratings:
        raise InputError("no rating by a person has a value, so there is nothing to compare")
    rule = {} if loaded.rescaled else _pass_rule(loaded.rubric, pass_marks, ratings)
    if rule:
        ratings[PASSES] = _verdicts(ratings, rule)
    for name in wanted:
        if name not in ratings:
            raise InputError(f"people rated no dimension {name!r}; found: {', '.join(ratings)}")
    first = next(iter(ratings.values()))
    return AlignedRatings(
        items=items,
        ratings={name: ratings[name] for name in wanted or ratings},
        humans=first.humans,
        judges=first.judges,
        slots=slots,
        cluster=cluster,
        notes=(*loaded.notes, *_unshared(ratings), *_rescaled_words(loaded.rescaled, scale)),
        remarks=tuple(remarks),
        reasons={(s.rater, s.dimension, s.item_id): s.reason for s in loaded.of("judge") if s.reason},
        about=loaded.about,
        summary=loaded.summary,
        rubric=loaded.rubric,
        reduction=reduction,
    )


def _rescaled_words(rescaled: Mapping[str, tuple[float, float]], scale: Scale) -> Iterator[str]:
    """Say which ratings were rescaled, and which statistics are not given for that reason."""
    if not rescaled:
        return
    low, high = scale.points[0], scale.points[-1]
    who = ", ".join(f"{name} ({ends[0]:g} to {ends[1]:g})" for name, ends in rescaled.items())
    yield (
        f"Ratings of {who} were rescaled linearly to {low:g} to {high:g}. For rescaled ratings only interval "
        "statistics are given (interval alpha, ICC, correlation, differences); same score, kappa and "
        "pass/fail verdicts are undefined."
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


def _rubric_scale(loaded: LoadedRatings) -> Scale:
    if loaded.rubric is None:
        values = sorted({str(s.value) for s in loaded.scores if s.value is not None})
        found = ", ".join(values[:12]) + (" …" if len(values) > 12 else "")
        raise InputError(
            f"the scale is not declared, and is never guessed from the data (found: {found}). Declare it: "
            "--scale 1-5, --scale fail,pass or --rubric NAME"
        )
    declared = loaded.rubric.scale
    return Scale.integers(declared.min, declared.max, declared.level)


def _wanted(loaded: LoadedRatings, dimensions: Sequence[str]) -> tuple[list[str], list[str]]:
    """Canonical names of the requested dimensions, and all dimensions that humans may have rated."""
    rubric = loaded.rubric
    if rubric is None:
        return list(dimensions), list(dict.fromkeys(s.dimension for s in loaded.of("human")))
    return [rubric.canonical_name(name) or name for name in dimensions], list(rubric.scored)


class _Matrix:
    """Arranges scores on the rows and columns that all dimensions share."""

    def __init__(
        self,
        loaded: LoadedRatings,
        scale: Scale,
        clusters: Labels | None,
        slots: bool,
        reduction: Reduction,
    ) -> None:
        kinds = rater_kinds(loaded.scores)
        self.raters = {name: kind for kind in ("human", "judge") for name in kinds if kinds[name] == kind}
        self.items = tuple(loaded.items)
        self.scale, self.clusters, self.slots, self.reduction = scale, clusters, slots, reduction
        self.rescaled = loaded.rescaled

    def of(self, name: str, scores: list[Score], pass_mark: float | None) -> Ratings:
        """Ratings of one dimension."""
        ratings = ratings_matrix(
            scores, name, self.scale, items=self.items, raters=self.raters, reduction=self.reduction
        )
        _check_values(ratings)
        rescaled = tuple(
            name
            for name in self.rescaled
            if name in ratings.raters and not np.isnan(ratings.column(name)).all()
        )
        return replace(
            ratings, clusters=self.clusters, pass_mark=pass_mark, slots=self.slots, rescaled=rescaled
        )


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
            f"{int(off.sum())} such ratings. Declare the scale that was used (--scale), name the codes of "
            "missing ratings (--missing-codes), or name the columns that are dimensions (--dimension)"
        )


def _with_statuses(ratings: Ratings, scores: list[Score]) -> Ratings:
    """Count the judges' statuses on the items that humans rated; items without a score row are unscored."""
    rated = {name for name, kept in zip(ratings.items, ratings.rated, strict=True) if kept}
    statuses: dict[str, dict[str, int]] = {judge: {} for judge in ratings.judges}
    for score in scores:
        if score.rater_kind == "judge" and score.sample == 0 and score.item_id in rated:
            counts = statuses[score.rater]
            counts[score.status] = counts.get(score.status, 0) + 1
    for counts in statuses.values():
        if unscored := len(rated) - sum(counts.values()):
            counts["unscored"] = unscored
    return replace(ratings, statuses=statuses)


def _marks_by_dimension(
    rubric: Rubric | None, given: Mapping[str, float] | None, names: Sequence[str]
) -> dict[str, float]:
    """Pass mark of each dimension: as given, else that in the pass rule, else that of the overall score."""
    if given:
        for name in given:
            if name and name not in names:
                raise InputError(f"--pass {name}: no such dimension; found: {', '.join(names)}")
        return {n: given.get(n, given.get("", np.nan)) for n in names if n in given or "" in given}
    rule = rubric.pass_rule if rubric else {}
    return {n: rule.get(n, rule.get(OVERALL, np.nan)) for n in names if n in rule or OVERALL in rule}


def _check_pass_marks(marks: Iterable[float], scale: Scale) -> None:
    lowest, highest = float(scale.points[0]), float(scale.points[-1])
    for mark in marks:
        if not lowest <= mark <= highest:
            raise InputError(
                f"--pass {mark:g}: off the scale; allowed is a score from {lowest:g} to {highest:g}"
            )


def _pass_rule(
    rubric: Rubric | None, given: Mapping[str, float] | None, ratings: Mapping[str, Ratings]
) -> dict[str, float]:
    """Pass marks that an answer must reach together; empty unless there are several on rated dimensions."""
    rule = {name: mark for name, mark in (given or {}).items() if name}
    if not given and rubric is not None:
        rule = dict(rubric.pass_rule)
    return rule if len(rule) > 1 and rule.keys() <= ratings.keys() else {}


def _with_overall(ratings: Mapping[str, Ratings], rubric: Rubric) -> tuple[Ratings, list[str]]:
    """Fill in the overall scores of people who rated every dimension, by the rule for the judge's scores."""
    overall = ratings[OVERALL]
    rated = {name: ratings[name] for name in rubric.dimensions if name in ratings}
    if rubric.overall.how in ("judged", "none") or len(rated) < len(rubric.dimensions):
        return overall, []
    values = overall.values.copy()
    stacked = np.stack([one.values for one in rated.values()], axis=2)
    derivable = np.isnan(values) & ~np.isnan(stacked).any(axis=2) & ~overall.is_judge
    for row, column in np.argwhere(derivable):
        scores = dict(zip(rated, map(float, stacked[row, column]), strict=True))
        value = rubric.overall_score(scores)
        values[row, column] = np.nan if value is None else value
    note = ["People's overall scores are computed from their other scores, as the rubric says."]
    rescaled = tuple(dict.fromkeys(name for one in (overall, *rated.values()) for name in one.rescaled))
    return replace(overall, values=values, rescaled=rescaled), note if derivable.any() else []


def _verdicts(ratings: Mapping[str, Ratings], rule: Mapping[str, float]) -> Ratings:
    """Whether the scores of each rater meet the whole pass rule."""
    first = next(ratings[name] for name in rule)
    n_samples = max(ratings[name].n_samples for name in rule)
    verdicts = replace(
        first,
        dimension=PASSES,
        scale=PASS_OR_FAIL,
        pass_mark=1.0,
        values=_meets([(ratings[name].values, mark) for name, mark in rule.items()]),
        samples=_meets([(_padded(ratings[name].samples, n_samples), mark) for name, mark in rule.items()]),
    )
    n_rated = int(verdicts.rated.sum())
    statuses = {}
    for judge in verdicts.judges:
        n_ok = int((~np.isnan(verdicts.column(judge)[verdicts.rated])).sum())
        statuses[judge] = {"ok": n_ok} | ({"open": n_rated - n_ok} if n_ok < n_rated else {})
    return replace(verdicts, statuses=statuses)


def _padded(samples: Floats, n_samples: int) -> Floats:
    missing = np.full((*samples.shape[:2], n_samples - samples.shape[2]), np.nan)
    return np.concatenate([samples, missing], axis=2)


def _meets(columns: Sequence[tuple[Floats, float]]) -> Floats:
    """1 if all pass marks are reached, 0 if any is not, NaN if that depends on a missing score."""
    marks = np.stack([pass_or_fail(values, mark) for values, mark in columns])
    below = (marks == 0).any(axis=0)
    return np.where(below, 0.0, np.where(np.isnan(marks).any(axis=0), np.nan, 1.0))
