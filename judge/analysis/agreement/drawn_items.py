"""How the rated items were drawn: their inclusion probabilities and strata, from the file of ratings."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from judge.errors import InputError
from judge.formats.rating_columns import COLUMNS
from judge.rows import Row
from judge.stats.engine.sampling_design import DesignName, SamplingDesign, Target, UnequalProbabilitiesError

PROBABILITY, STRATUM = "probability", "stratum"
"""Columns of a table of ratings, or of items, that say how items were drawn."""

_LEAST = 1e-9  # weights beyond its reciprocal overflow, and are of no real sample


@dataclass(frozen=True)
class DrawnItems:
    """Inclusion probabilities and strata of rated items.

    Attributes
    ----------
    probabilities : mapping of str to float
        Item -> probability with which it was drawn for rating; items without a known one are absent.
    strata : mapping of str to str
        Item -> stratum within which it was drawn.
    name : {'stratified', 'poisson'}
        Whether a fixed number was drawn within each stratum, or each item by its own probability.
    target : {'answers like these', 'these answers'}
        What the estimates are about.
    """

    probabilities: Mapping[str, float] = field(default_factory=dict)
    strata: Mapping[str, str] = field(default_factory=dict)
    name: DesignName = "stratified"
    target: Target = "answers like these"

    def design(self, items: Sequence[str]) -> SamplingDesign | None:
        """Return the design on the rows of `items`; None where no probability is known.

        Raises
        ------
        InputError
            The probabilities differ within a stratum, or only some of the drawn items have a stratum.
        """
        if not self.probabilities:
            return None
        drawn = np.array([self.probabilities.get(item, np.nan) for item in items])
        strata = np.array([self.strata.get(item) for item in items], dtype=object) if self.strata else None
        try:
            return SamplingDesign(drawn, strata, name=self.name, target=self.target)
        except UnequalProbabilitiesError as error:
            raise InputError(
                f"columns {PROBABILITY} and {STRATUM} of the ratings: {error.problem}; give finer strata, or "
                "--sampling poisson if each item was drawn on its own"
            ) from None
        except ValueError as error:
            raise InputError(f"columns {PROBABILITY} and {STRATUM} of the ratings: {error}") from None

    def checked(self, rated: Sequence[str]) -> tuple[DrawnItems, tuple[str, ...]]:
        """Return the design that is used for the rated items, and notes about it.

        Equal probabilities without strata change no estimate, so that they count as none where the target is
        answers like these.
        """
        known = [self.probabilities[item] for item in rated if item in self.probabilities]
        is_simple = not self.strata and self.target == "answers like these" and len(set(known)) == 1
        if not known or (is_simple and len(known) == len(rated)):
            return replace(self, probabilities={}, strata={}), _without_target(self.target)
        strata = (
            self.strata if all(item in self.strata for item in rated if item in self.probabilities) else {}
        )
        notes = []
        if unknown := len(rated) - len(known):
            notes.append(
                f"{unknown:,} of {len(rated):,} rated items have no inclusion probability and are left out "
                f"of all statistics: fill the column {PROBABILITY}, or remove it for unweighted figures."
            )
        if self.strata and not strata:
            notes.append(
                f"Some drawn items have no {STRATUM}, so that the strata are not used: intervals are wider."
            )
        return replace(self, strata=strata), tuple(notes)


def _without_target(target: Target) -> tuple[str, ...]:
    if target == "answers like these":
        return ()
    return (
        f"No inclusion probabilities are given, so that intervals are about answers like these and not about "
        f"{target}: add the columns {PROBABILITY} and {STRATUM} to the ratings.",
    )


def drawn_items(
    tables: Sequence[Callable[[], Iterator[tuple[str, Row]]]],
    columns: Mapping[str, str],
    id_of: Callable[[Row], str | None],
) -> DrawnItems:
    """Read probabilities and strata from the first table that has a column of probabilities.

    Fields of the items of a run are not looked at: a field `probability` of an answer may be anything, such
    as the confidence of a model.

    Parameters
    ----------
    tables : sequence of callable
        Each gives the rows of a table with their places: that of the ratings, then that of the items.
    columns : mapping
        Meaning -> column, where `probability` or `stratum` have other names.
    id_of : callable
        Row -> id of the known item; None for an unknown one.

    Raises
    ------
    InputError
        A probability is no number above 0 and at most 1, or an item has two.
    """
    for rows in tables:
        _, first = next(rows(), ("", {}))
        probability, stratum = (_column(name, columns, first) for name in (PROBABILITY, STRATUM))
        if probability in first:
            found = _Found()
            for where, row in rows():
                if (item := id_of(row)) is not None:
                    found.add(where, item, row.get(probability), row.get(stratum))
            return DrawnItems(found.probabilities, found.strata)
    return DrawnItems()


def _column(meaning: str, columns: Mapping[str, str], row: Row) -> str:
    named = columns.get(meaning)
    return named or next((name for name in COLUMNS[meaning] if name in row), meaning)


class _Found:
    def __init__(self) -> None:
        self.probabilities: dict[str, float] = {}
        self.strata: dict[str, str] = {}

    def add(self, where: str, item: str, probability: Any, stratum: Any) -> None:
        if probability in (None, ""):
            return
        value = _number(probability)
        if value is None:
            raise InputError(
                f"{where}: {PROBABILITY} is {probability!r}; allowed is a number above 0 ({_LEAST:g} "
                "or more) and at most 1, or an empty cell where it is unknown"
            )
        if abs(self.probabilities.setdefault(item, value) - value) > 1e-9:
            raise InputError(
                f"{where}: item {item!r} has the {PROBABILITY} {value:g}, in an earlier row "
                f"{self.probabilities[item]:g}; an item has one inclusion probability"
            )
        if stratum not in (None, ""):
            self.strata[item] = str(stratum).strip()


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if _LEAST <= number <= 1 else None
