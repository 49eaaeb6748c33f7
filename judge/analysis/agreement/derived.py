"""Ratings that follow from others: overall scores of people, and verdicts by the whole pass rule."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from judge.analysis.agreement.criteria_matrix import brings_criteria
from judge.analysis.ratings import PASSES, Ratings, pass_or_fail
from judge.formats.cells import has_own_scales
from judge.records import OVERALL, Item
from judge.rubric import CRITERIA, ItemRubrics, Rubric
from judge.stats.engine.scale import Bools, Floats, Scale

PASS_OR_FAIL = Scale((0, 1), "nominal")


def pass_rule(
    rubric: Rubric | None, given: Mapping[str, float] | None, ratings: Mapping[str, Ratings]
) -> dict[str, float]:
    """Pass marks that an answer must reach together; empty unless there are several on rated dimensions."""
    rule = {name: mark for name, mark in (given or {}).items() if name}
    if not given and rubric is not None:
        rule = dict(rubric.pass_rule)
    return rule if len(rule) > 1 and rule.keys() <= ratings.keys() else {}


def with_overall(
    ratings: Mapping[str, Ratings], rubric: Rubric, items: Sequence[Item]
) -> tuple[Ratings, list[str]]:
    """Fill in the overall scores of people, by the rule for the judge's scores.

    A person gets one on the items whose dimensions, and criteria, the person rated completely; so does a
    judge in a file of ratings that has criteria only.
    """
    overall = ratings[OVERALL]
    needed = _needed(rubric)
    has_criteria = rubric.criteria is not None and rubric.overall.how == "points"
    # A dimension without ratings is not needed on the items that it does not concern.
    unrated = {name for name in needed if name not in ratings}
    is_unrated = any(rubric.dimensions[name].when is None for name in unrated)
    if rubric.overall.how in ("judged", "none") or is_unrated or (has_criteria and CRITERIA not in ratings):
        return overall, []
    parts = [ratings[name] for name in needed if name not in unrated]
    met = _CriteriaOfPeople(ratings[CRITERIA]) if has_criteria else None
    rubrics = ItemRubrics(rubric if has_criteria else rubric.model_copy(update={"criteria": None}))
    values = overall.values.copy()
    has_none = np.isnan(values).all(axis=0) if has_criteria else np.zeros(values.shape[1], dtype=bool)
    is_missing = np.isnan(values) & (~overall.is_judge | has_none)
    is_missing &= _has_any([*parts, *([ratings[CRITERIA]] if has_criteria else [])], values.shape)
    n_derived, known, known_of = 0, dict[tuple[object, ...], float | None](), None
    for row in np.flatnonzero(is_missing.any(axis=1)).tolist():
        item = items[row]
        if has_criteria and not brings_criteria(item, rubric):
            continue
        of_item = rubrics.of(item)
        if unrated & of_item.rubric.dimensions.keys():
            continue
        places = [
            (one.dimension, one.values[row].tolist())
            for one in parts
            if one.dimension in of_item.rubric.dimensions
        ]
        for column in np.flatnonzero(is_missing[row]).tolist():
            scores = {name: given[column] for name, given in places}
            criteria = met.of(row, column) if met else {}
            if any(map(math.isnan, (*scores.values(), *criteria.values()))) or not (scores or criteria):
                continue
            if of_item is not known_of:
                known, known_of = {}, of_item
            key = *scores.values(), *criteria.items()  # a rubric has many items, and few distinct ratings
            if key not in known:
                known[key] = of_item.overall_score(scores, criteria)
            if (value := known[key]) is not None:
                values[row, column] = value
                n_derived += 1
    note = ["People's overall scores are computed from their other scores, as the rubric says."]
    rescaled = tuple(dict.fromkeys(name for one in (overall, *parts) for name in one.rescaled))
    return replace(overall, values=values, rescaled=rescaled), note if n_derived else []


def _has_any(ratings: Sequence[Ratings], shape: tuple[int, ...]) -> Bools:
    """Whether a rater rated an item, or a criterion of it, at all; shape (n_items, n_raters)."""
    found = np.zeros(shape, dtype=bool)
    for one in ratings:
        rows = np.arange(len(one.items)) if one.item_rows is None else one.item_rows
        np.logical_or.at(found, rows, ~np.isnan(one.values))
    return found


def parts_of_overall(rubric: Rubric) -> tuple[str, ...]:
    """Dimensions, and `criteria`, that the overall score is computed from; none if it is judged."""
    if rubric.overall.how in ("judged", "none"):
        return ()
    has_criteria = rubric.criteria is not None and rubric.overall.how == "points"
    return (*_needed(rubric), *([CRITERIA] if has_criteria else []))


def _needed(rubric: Rubric) -> tuple[str, ...]:
    """Dimensions that a person must rate so that the overall score can be computed."""
    if not has_own_scales(rubric):
        return tuple(rubric.dimensions)
    used = {*rubric.combined, *(name for cap in rubric.overall.caps for name in cap.below)}
    return tuple(name for name in rubric.dimensions if name in used)


class _CriteriaOfPeople:
    """Which criteria of an item each person found met; NaN where a rating is missing."""

    def __init__(self, ratings: Ratings) -> None:
        self._values = ratings.values
        self._rows: dict[int, dict[str, int]] = {}
        places = [] if ratings.item_rows is None else ratings.item_rows.tolist()
        for row, (place, criterion) in enumerate(zip(places, ratings.criteria or (), strict=True)):
            self._rows.setdefault(place, {})[criterion] = row

    def of(self, item: int, rater: int) -> dict[str, float]:
        return {one: float(self._values[row, rater]) for one, row in self._rows.get(item, {}).items()}


def verdicts(ratings: Mapping[str, Ratings], rule: Mapping[str, float]) -> Ratings:
    """Whether the scores of each rater meet the whole pass rule."""
    first = next(ratings[name] for name in rule)
    n_samples = max(ratings[name].n_samples for name in rule)
    found = replace(
        first,
        dimension=PASSES,
        scale=PASS_OR_FAIL,
        pass_mark=1.0,
        values=_meets([(ratings[name].values, mark) for name, mark in rule.items()]),
        samples=_meets([(_padded(ratings[name].samples, n_samples), mark) for name, mark in rule.items()]),
        applies=_all_apply([ratings[name] for name in rule]),
    )
    rated = found.rated if found.applies is None else found.rated & found.applies
    n_rated = int(rated.sum())
    statuses = {}
    for judge in found.judges:
        n_ok = int((~np.isnan(found.column(judge)[rated])).sum())
        statuses[judge] = {"ok": n_ok} | ({"open": n_rated - n_ok} if n_ok < n_rated else {})
    return replace(found, statuses=statuses)


def _all_apply(ratings: Sequence[Ratings]) -> Bools | None:
    """Mask of the rows that all dimensions concern; None for all rows."""
    masks = [one.applies for one in ratings if one.applies is not None]
    return np.logical_and.reduce(masks) if masks else None


def _padded(samples: Floats, n_samples: int) -> Floats:
    missing = np.full((*samples.shape[:2], n_samples - samples.shape[2]), np.nan)
    return np.concatenate([samples, missing], axis=2)


def _meets(columns: Sequence[tuple[Floats, float]]) -> Floats:
    """1 if all pass marks are reached, 0 if any is not, NaN if that depends on a missing score."""
    marks = np.stack([pass_or_fail(values, mark) for values, mark in columns])
    below = (marks == 0).any(axis=0)
    return np.where(below, 0.0, np.where(np.isnan(marks).any(axis=0), np.nan, 1.0))
