"""Biases of a judge: answer length, halo, which answers it leaves unscored, their order, its own family."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from judge.analysis.agreement.align import AlignedRatings
from judge.analysis.ratings import PASSES, Ratings
from judge.records import OVERALL, Item
from judge.stats.engine.estimate import Estimate
from judge.stats.engine.scale import Bools, Floats
from judge.stats.judge_human.halo import dimension_correlation
from judge.stats.judge_human.residuals import drift, non_answers, self_preference
from judge.stats.judge_human.verbosity import length_effect

LEAST_ITEMS = 20
_FAMILY = re.compile(
    r"(?<![a-z])(claude|command|deepseek|falcon|gemini|gemma|glm|gpt|grok|internvl|internlm|kimi|llama|llava"
    r"|minicpm|mistral|mixtral|molmo|olmo|phi|pixtral|qwen)"
)
"""Model families that the names of judges and systems contain."""

Unit = Literal["correlation", "points", "number", "share"]


@dataclass(frozen=True)
class BiasCheck:
    """One property of the judge and of the humans, and the difference.

    Attributes
    ----------
    name, title : str
        Short name and description.
    dimension : str
        Dimension; empty if it concerns all dimensions together.
    unit : str
        Unit of the numbers.
    judge, human : Estimate or None
        The property of each; None if only the difference is defined.
    difference : Estimate
        Judge minus humans.
    """

    name: str
    title: str
    dimension: str
    unit: Unit
    judge: Estimate | None
    human: Estimate | None
    difference: Estimate

    @property
    def stands_out(self) -> bool:
        """Whether the interval of the difference excludes 0."""
        return self.difference.low > 0 or self.difference.high < 0


def check_bias(aligned: AlignedRatings, judge: str) -> tuple[BiasCheck, ...]:
    """Check length, halo, missing scores, order and own family; dimensions need 20 rated items."""
    return tuple(_checks(aligned, judge))


def _checks(aligned: AlignedRatings, judge: str) -> Iterator[BiasCheck]:
    numeric = {
        name: ratings
        for name, ratings in aligned.ratings.items()
        if not ratings.nominal and ratings.has_means and ratings.rated.sum() >= LEAST_ITEMS
    }
    if not aligned.slots and len(aligned.humans) > 1:
        lengths = np.array([len(item.answer.split()) for item in aligned.items], dtype=float)
        if len(np.unique(lengths)) > 2:
            for ratings in numeric.values():
                yield from _length(ratings, judge, lengths)
        aspects = [ratings for name, ratings in numeric.items() if name not in (OVERALL, PASSES)]
        if len(aspects) > 2:
            yield _halo(aspects, judge)
    own = own_family(judge, aligned.items)
    for ratings in numeric.values():
        yield from _missing(ratings, judge)
        yield from _order(ratings, judge)
        if own is not None:
            yield from _self_preference(ratings, judge, own)


def _length(ratings: Ratings, judge: str, lengths: Floats) -> Iterator[BiasCheck]:
    rated = ratings.take(ratings.rated)
    effect = length_effect(rated.human_values, rated.column(judge), lengths[ratings.rated], **rated.sampling)
    if effect.defined:
        title = "change of the judge's score, relative to the human scores, when an answer is twice as long"
        yield BiasCheck("length", title, rated.dimension, "points", None, None, effect)


def _halo(aspects: list[Ratings], judge: str) -> BiasCheck:
    any_rated = np.any([ratings.rated for ratings in aspects], axis=0)
    rated = [ratings.take(any_rated) for ratings in aspects]
    scores = np.stack([ratings.column(judge) for ratings in rated], axis=1)
    humans = np.stack([ratings.human_values for ratings in rated], axis=1)
    found = dimension_correlation(humans, scores, **rated[0].sampling)
    title = "mean correlation between dimensions"
    return BiasCheck("halo", title, "", "correlation", found.judge, found.human, found.difference)


def _missing(ratings: Ratings, judge: str) -> Iterator[BiasCheck]:
    rated = ratings.take(ratings.rated)
    scores = rated.column(judge)
    if 0 < np.isnan(scores).sum() < len(scores):
        gap = non_answers(rated.human_values, scores, **rated.sampling).human_gap
        title = "mean human score of the items that the judge left without a score, minus that of the others"
        yield BiasCheck("missing", title, rated.dimension, "points", None, None, gap)


def _order(ratings: Ratings, judge: str) -> Iterator[BiasCheck]:
    rated = ratings.take(ratings.rated)
    if not rated.has_means:
        return
    place = np.linspace(0, 1, len(rated.items))
    slope = drift(rated.human_values, rated.column(judge), place, **rated.sampling).slope
    if slope.defined:
        title = "change of the judge's score, relative to the human scores, from the first to the last answer"
        yield BiasCheck("order", title, rated.dimension, "points", None, None, slope)


def own_family(judge: str, items: Sequence[Item]) -> Bools | None:
    """Mask of the answers by systems of the judge's own model family.

    None where an item names no system, or where all systems, or none, are of that family.

    >>> items = [Item(id=name, question="?", answer="", system=name) for name in ("gpt-4o", "claude-opus-4")]
    >>> own_family("openai/gpt-5", items).tolist(), own_family("baseline", items)
    ([True, False], None)
    """
    families = _families(judge)
    systems = [item.system for item in items]
    own = np.array([bool(system) and bool(families & _families(system)) for system in systems], dtype=bool)
    return own if all(systems) and own.any() and not own.all() else None


def _families(name: str | None) -> set[str]:
    return set(_FAMILY.findall((name or "").lower()))


def _self_preference(ratings: Ratings, judge: str, own: Bools) -> Iterator[BiasCheck]:
    rated = ratings.take(ratings.rated)
    mine = ratings.rows_of(own)[ratings.rated]
    found = self_preference(rated.human_values, rated.column(judge), mine, **rated.sampling).judge
    if found.defined:
        title = "judge minus human on answers of the judge's own model family, minus that on all others"
        yield BiasCheck("self-preference", title, rated.dimension, "points", None, None, found)
