"""Sources -> parts: one array for each dimension, overall scores and verdicts derived as the rubric says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from judge.analysis.agreement.load import LoadedRatings, coded
from judge.analysis.agreement.parts import VERDICT, Part
from judge.analysis.ratings import Ratings, Reduction, no_samples, ratings_matrix
from judge.analysis.score_table import NO_LABEL, as_label
from judge.errors import InputError
from judge.records import OVERALL, Item, Score
from judge.rubric import Rubric
from judge.stats.engine.scale import Floats, Scale

Strings = NDArray[np.str_]
PASS_OR_FAIL = Scale((0, 1), "nominal")


@dataclass(frozen=True)
class AlignedRatings:
    """People and judges on the same items.

    Attributes
    ----------
    items : tuple of Item
        Every item; rows of all parts.
    parts : dict
        Name -> part: the dimensions, then ``passes`` where a pass rule is known.
    people, judges : tuple of str
        Raters of any dimension.
    slots : bool
        Whether people are slots.
    cluster : str or None
        Field whose items are resampled together.
    notes : tuple of str
        What did not fit together.
    remarks : tuple of str
        What was derived, and how.
    reasons : dict
        (judge, dimension, item) -> what the judge said.
    about : dict
        What made the scores.
    rubric : Rubric or None
        Where there is one.
    reduction : str
        What stands for a judge that judged an item repeatedly.
    """

    items: tuple[Item, ...]
    parts: dict[str, Part]
    people: tuple[str, ...]
    judges: tuple[str, ...]
    slots: bool
    cluster: str | None
    notes: tuple[str, ...]
    remarks: tuple[str, ...]
    reasons: dict[tuple[str, str, str], str] = field(repr=False)
    about: dict[str, str] = field(default_factory=dict)
    rubric: Rubric | None = None
    reduction: Reduction = "first"

    def field(self, name: str) -> Strings:
        """One field of every item as text; refuses fields that no item has."""
        return item_field(self.items, name)


def align_ratings(
    sources: LoadedRatings,
    *,
    scale: Scale | None = None,
    bars: Mapping[str, float] | None = None,
    dimensions: Sequence[str] = (),
    cluster: str | None = None,
    slots: bool = False,
    reduction: Reduction = "first",
) -> AlignedRatings:
    """Arrange what people and judges said as one part for each dimension.

    Parameters
    ----------
    sources : LoadedRatings
        From `read_sources`.
    scale : Scale, optional
        Declared scale; default: the rubric's.
    bars : mapping, optional
        Dimension -> least value that passes, ``""`` for all; default: the rubric's pass rule.
    dimensions : sequence of str
        Keep these only.
    cluster : str, optional
        Field of the items whose equal values belong together.
    slots : bool
        Whether raters are places in a list of ratings and not persons.
    reduction : {'first', 'mean', 'median', 'majority'}
        What stands for a judge that judged an item repeatedly.

    Raises
    ------
    InputError
        No scale is declared, a rating is off it, a rater rated an item twice, or a dimension or field that
        is asked for is unknown.
    """
    scale = scale or _rubric_scale(sources)
    if scale.has_labels:
        sources = coded(sources, scale.values)
    groups = None if cluster is None else item_field(tuple(sources.items.values()), cluster)
    wanted, names = _wanted(sources, dimensions)
    by_dimension: dict[str, list[Score]] = {}
    for score in sources.scores:
        by_dimension.setdefault(score.dimension, []).append(score)
    people = _raters(sources.of("human"))
    judges = _raters(sources.of("judge"))
    _refuse_bars_off_the_scale((bars or {}).values(), scale)
    held = _bars(sources.rubric, bars, names)
    n_samples = 1 + max((score.sample for score in sources.scores), default=0)
    frame = _Frame(tuple(sources.items), people, judges, groups, slots, reduction, n_samples)
    parts = {n: frame.part(n, by_dimension[n], scale, held.get(n)) for n in names if n in by_dimension}
    remarks: list[str] = []
    if sources.rubric is not None and OVERALL in parts:
        parts[OVERALL], remarks = _with_overall(parts, sources.rubric)
    parts = {n: _counted(part, by_dimension[n]) for n, part in parts.items() if part.rated.any()}
    if not parts:
        raise InputError("no rating by a person has a value, so there is nothing to compare")
    if rule := _pass_rule(sources.rubric, bars, parts):
        parts[VERDICT] = _verdicts(parts, rule)
    for name in wanted:
        if name not in parts:
            raise InputError(f"people rated no dimension {name!r}; found: {', '.join(parts)}")
    return AlignedRatings(
        tuple(sources.items.values()),
        {name: parts[name] for name in wanted or parts},
        people,
        judges,
        slots,
        cluster,
        (*sources.notes, *_unshared(parts)),
        tuple(remarks),
        {(s.rater, s.dimension, s.item_id): s.reason for s in sources.of("judge") if s.reason},
        sources.about,
        sources.rubric,
        reduction,
    )


def _unshared(parts: Mapping[str, Part]) -> list[str]:
    """Say on which dimensions no two people rated one item, so that their agreement is undefined."""
    alone = [
        name
        for name, part in parts.items()
        if name != VERDICT and len(part.people) > 1 and not ((~np.isnan(part.humans)).sum(axis=1) > 1).any()
    ]
    if not alone:
        return []
    return [f"No item was rated by two people on {', '.join(alone)}: there is no agreement among people."]


def item_field(items: Sequence[Item], name: str) -> Strings:
    """One field of every item as text, ``(none)`` where it is missing; `id` is the id."""
    if name == "id":
        return np.array([item.id for item in items])
    found = [item.field(name) for item in items]
    if all(value is None for value in found):
        known = dict.fromkeys(key for item in items for key in item.metadata)
        raise InputError(
            f"no item has the field {name!r}; found: {', '.join(known) or 'none'}. Fields of the items may "
            "come from a table of their own: --items FILE"
        )
    return np.array([NO_LABEL if value is None else as_label(value) for value in found])


def _rubric_scale(sources: LoadedRatings) -> Scale:
    if sources.rubric is None:
        values = sorted({str(s.value) for s in sources.scores if s.value is not None})
        found = ", ".join(values[:12]) + (" …" if len(values) > 12 else "")
        raise InputError(
            f"the scale is not declared, and is never guessed from the data (found: {found}). Declare it: "
            "--scale 1-5, --scale fail,pass or --rubric NAME"
        )
    declared = sources.rubric.scale
    return Scale.integers(declared.min, declared.max, declared.level)


def _wanted(sources: LoadedRatings, asked: Sequence[str]) -> tuple[list[str], list[str]]:
    """Dimensions that are asked for, by their proper names, and all that people may have rated."""
    rubric = sources.rubric
    if rubric is None:
        return list(asked), list(dict.fromkeys(s.dimension for s in sources.of("human")))
    return [rubric.canonical_name(name) or name for name in asked], list(rubric.scored)


def _raters(scores: Iterable[Score]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(score.rater for score in scores))


@dataclass(frozen=True)
class _Frame:
    """Rows and columns that all parts share."""

    items: tuple[str, ...]
    people: tuple[str, ...]
    judges: tuple[str, ...]
    clusters: Strings | None
    slots: bool
    reduction: Reduction
    n_samples: int

    def part(self, name: str, scores: list[Score], scale: Scale, bar: float | None) -> Part:
        ratings = ratings_matrix(scores, name, items=self.items, reduction=self.reduction, scale=scale)
        _check_values(ratings, scale)
        place = {rater: i for i, rater in enumerate(ratings.raters)}
        samples = no_samples(len(self.items), len(place) + 1, self.n_samples)
        samples[:, :-1, : ratings.n_samples] = ratings.samples
        values = np.column_stack(
            [ratings.values, samples[:, -1, 0]]
        )  # the last column: who rated nothing here
        judges = [place.get(rater, -1) for rater in self.judges]
        return Part(
            name,
            scale,
            self.items,
            self.people,
            self.judges,
            values[:, [place.get(rater, -1) for rater in self.people]],
            values[:, judges],
            self.clusters,
            {},
            bar,
            self.slots,
            samples[:, judges],
        )


def _check_values(ratings: Ratings, scale: Scale) -> None:
    """Refuse values beyond the ends; between the points only means may lie, never labels."""
    values = ratings.values
    off = (values < scale.points[0] - 1e-9) | (values > scale.points[-1] + 1e-9)
    if scale.level == "nominal":
        off |= ~np.isnan(values) & ~np.isin(values, scale.points)
    if off.any():
        row, column = np.argwhere(off)[0]
        raise InputError(
            f"item {ratings.items[row]!r}, rater {ratings.raters[column]!r}: {ratings.dimension} is "
            f"{values[row, column]:g}, off the declared scale ({', '.join(map(str, scale.values))}); "
            f"{int(off.sum())} such ratings. Declare the scale that was used (--scale), name what stands for "
            "a missing rating (--missing-codes), or name the columns that are dimensions (--dimension)"
        )


def _counted(part: Part, scores: list[Score]) -> Part:
    """Count what became of the items that people rated, for each judge."""
    rated = {name for name, kept in zip(part.items, part.rated, strict=True) if kept}
    counts: dict[str, Counter[str]] = {judge: Counter() for judge in part.judges}
    for score in scores:
        if score.rater_kind == "judge" and score.sample == 0 and score.item_id in rated:
            counts[score.rater][score.status] += 1
    for counter in counts.values():
        if unscored := len(rated) - sum(counter.values()):
            counter["unscored"] = unscored
    return replace(part, statuses={judge: dict(counter) for judge, counter in counts.items()})


def _bars(rubric: Rubric | None, given: Mapping[str, float] | None, names: Sequence[str]) -> dict[str, float]:
    """Bar of each dimension: as given, else its own in the pass rule, else that of the overall score."""
    if given:
        for name in given:
            if name and name not in names:
                raise InputError(f"--pass {name}: no such dimension; found: {', '.join(names)}")
        return {n: given.get(n, given.get("", np.nan)) for n in names if n in given or "" in given}
    rule = rubric.pass_rule if rubric else {}
    return {n: rule.get(n, rule.get(OVERALL, np.nan)) for n in names if n in rule or OVERALL in rule}


def _refuse_bars_off_the_scale(bars: Iterable[float], scale: Scale) -> None:
    lowest, highest = float(scale.points[0]), float(scale.points[-1])
    for bar in bars:
        if not lowest <= bar <= highest:
            raise InputError(
                f"--pass {bar:g}: off the scale; allowed is a score from {lowest:g} to {highest:g}"
            )


def _pass_rule(
    rubric: Rubric | None, given: Mapping[str, float] | None, parts: Mapping[str, Part]
) -> dict[str, float]:
    """What an answer has to reach to pass, all dimensions together; empty where it is not known."""
    rule = {name: bar for name, bar in (given or {}).items() if name}
    if not given and rubric is not None:
        rule = dict(rubric.pass_rule)
    return rule if len(rule) > 1 and rule.keys() <= parts.keys() else {}


def _with_overall(parts: Mapping[str, Part], rubric: Rubric) -> tuple[Part, list[str]]:
    """Overall scores of people who rated every dimension, computed as the rubric computes the judge's."""
    part = parts[OVERALL]
    rated = {name: parts[name] for name in rubric.dimensions if name in parts}
    if rubric.overall.how in ("judged", "none") or len(rated) < len(rubric.dimensions):
        return part, []
    humans = part.humans.copy()
    stacked = np.stack([p.humans for p in rated.values()], axis=2)
    derivable = np.isnan(humans) & ~np.isnan(stacked).any(axis=2)
    for row, column in np.argwhere(derivable):
        scores = dict(zip(rated, map(float, stacked[row, column]), strict=True))
        value = rubric.overall_score(scores)
        humans[row, column] = np.nan if value is None else value
    note = ["People's overall scores are computed from their other scores, as the rubric says."]
    return replace(part, humans=humans), note if derivable.any() else []


def _verdicts(parts: Mapping[str, Part], rule: Mapping[str, float]) -> Part:
    """Whether each rater's scores of an item meet the pass rule."""
    first = next(parts[name] for name in rule)
    humans = _meets([(parts[n].humans, bar) for n, bar in rule.items()])
    scores = _meets([(parts[n].scores, bar) for n, bar in rule.items()])
    samples = _meets([(parts[n].samples, bar) for n, bar in rule.items()])
    rated = ~np.isnan(humans).all(axis=1)
    statuses = {}
    for column, judge in enumerate(first.judges):
        n_ok = int((~np.isnan(scores[rated, column])).sum())
        statuses[judge] = {"ok": n_ok} | ({"open": int(rated.sum()) - n_ok} if n_ok < rated.sum() else {})
    return Part(
        VERDICT, PASS_OR_FAIL, first.items, first.people, first.judges, humans, scores, first.clusters,
        statuses, 1.0, first.slots, samples,
    )  # fmt: skip


def _meets(columns: Sequence[tuple[Floats, float]]) -> Floats:
    """1 where all bars are reached, 0 where one is not, NaN where a missing score leaves it open."""
    below = np.any([values < bar - 1e-9 for values, bar in columns], axis=0)
    missing = np.any([np.isnan(values) for values, _ in columns], axis=0)
    return np.where(below, 0.0, np.where(missing, np.nan, 1.0))
