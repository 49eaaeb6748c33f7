"""Ratings with the weights of their items: by inclusion probability, or to a given mix."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace

import numpy as np

from judge.analysis.agreement.drawn_items import PROBABILITY, DrawnItems
from judge.analysis.agreement.load import LoadedRatings
from judge.analysis.agreement.target_mix import TargetMix
from judge.analysis.item_fields import item_field
from judge.analysis.ratings import Ratings
from judge.errors import InputError
from judge.stats.engine.sampling_design import SamplingDesign
from judge.stats.engine.scale import Bools

ITEM_FILE = ". Fields of the items may come from a table of their own: --items FILE"
"""Hint of an error about a field that no item has."""


def with_design(
    ratings: Mapping[str, Ratings], loaded: LoadedRatings
) -> tuple[dict[str, Ratings], tuple[str, ...]]:
    """Add how the items were drawn; ratings of items with an unknown probability are left out."""
    rated = {
        name
        for one in ratings.values()
        for name, is_rated in zip(one.items, one.rated, strict=True)
        if is_rated
    }
    drawn, notes = loaded.drawn.checked([name for name in loaded.items if name in rated])
    if not drawn.probabilities:
        return dict(ratings), notes
    notes += _population_note(drawn, rated, len(loaded.items))
    found = {}
    for name, one in ratings.items():
        unknown = np.array([item not in drawn.probabilities for item in one.items])
        found[name] = _weighted(one, drawn.design(one.items), unknown)
    return found, notes


def _population_note(drawn: DrawnItems, rated: AbstractSet[str], n_items: int) -> tuple[str, ...]:
    """Warn where the sampled fraction, which intervals for exactly these answers use, cannot be right."""
    population = sum(1 / p for item, p in drawn.probabilities.items() if item in rated)
    if drawn.target != "these answers" or n_items / 2 <= population <= 2 * n_items:
        return ()
    return (
        f"The inclusion probabilities are those of a sample of {population:,.0f} answers, and there are "
        f"{n_items:,}: intervals for exactly these answers do not hold. Check the column {PROBABILITY}.",
    )


def with_target(
    ratings: Mapping[str, Ratings], loaded: LoadedRatings, target: TargetMix
) -> tuple[dict[str, Ratings], tuple[str, ...]]:
    """Weight the rated items to a given mix; items outside of it are left out."""
    if loaded.drawn.probabilities:
        raise InputError(
            "--target weights to a given mix, and the ratings have inclusion probabilities: use one of both"
        )
    labels = item_field(tuple(loaded.items.values()), target.field, hint=ITEM_FILE)
    found: dict[str, Ratings] = {}
    notes: tuple[str, ...] = ()
    for name, one in ratings.items():
        of_rows = labels if one.item_rows is None else labels[one.item_rows]
        notes = notes or target.note(of_rows, one.rated)
        outside = ~np.isin(of_rows, list(target.shares))
        found[name] = _weighted(one, target.design(of_rows, one.rated), outside)
    return found, notes


def _weighted(ratings: Ratings, design: SamplingDesign | None, outside: Bools) -> Ratings:
    """Add a design, and leave out people's ratings of the rows outside of it."""
    of_people = outside[:, None] & ~ratings.is_judge
    return replace(
        ratings,
        design=design,
        values=np.where(of_people, np.nan, ratings.values),
        samples=np.where(of_people[..., None], np.nan, ratings.samples),
    )
